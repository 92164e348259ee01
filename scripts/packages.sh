# packages.sh - sourced by demo and test: installs what is missing, and says what.
#
# need_packages PACKAGE...   Debian packages, by apt-get (through sudo when not root)

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

need_packages() {
    local missing=() p sudo=
    for p in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null
}

# What the build needs, and what the examples add: Debian's clang for wasm32.
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libjansson-dev libsqlite3-dev
    libsodium-dev libssl-dev libcurl4-openssl-dev libmicrohttpd-dev libseccomp-dev libcmocka-dev"
WASM_PACKAGES="clang lld llvm wasi-libc libclang-rt-14-dev-wasm32"
TEST_PACKAGES="wabt jq curl sqlite3 procps"
