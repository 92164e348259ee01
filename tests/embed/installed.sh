#!/bin/bash
# installed.sh CMAKE BUILD CC PREFIX - installs libvcp into PREFIX, builds embed.c against it
# with what pkg-config says, shared and static, and runs both on the fixtures of snarkjs.
set -eu
cmake=$1 build=$2 cc=$3 prefix=$4
here=$(dirname "$0")
flags="-std=c11 -pedantic -Wall -Wextra -Werror"

rm -rf "$prefix"
"$cmake" --install "$build" --component libvcp --prefix "$prefix" >/dev/null
# Moved after it was installed: the .pc file must not know where that was.
rm -rf "$prefix.moved"
mv "$prefix" "$prefix.moved"
prefix=$prefix.moved
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name libvcp.pc)")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir libvcp)

# shellcheck disable=SC2046,SC2086 # flags are words
"$cc" $flags $(pkg-config --cflags libvcp) "$here/embed.c" -o "$prefix/embed" \
    $(pkg-config --libs libvcp)
LD_LIBRARY_PATH=$libdir "$prefix/embed" "$here/../groth16/fixtures"
if "$prefix/embed" "$here/../groth16/fixtures" 2>/dev/null; then
    echo "embed runs without its library: it was not linked with the shared one"
    exit 1
fi

mkdir "$prefix/static"
cp "$libdir/libvcp.a" "$prefix/static"
# shellcheck disable=SC2046,SC2086
"$cc" $flags $(pkg-config --cflags libvcp) "$here/embed.c" -o "$prefix/embed_static" \
    -L"$prefix/static" $(pkg-config --libs --static libvcp | sed "s|-L$libdir||")
"$prefix/embed_static" "$here/../groth16/fixtures"

installed=$(cd "$prefix/include" && find . -type f | sort)
ours=$(cd "$here/../../include" && find . -type f -name '*.h' | sort)
[ "$installed" = "$ours" ] || { echo "headers installed: $installed; ours: $ours"; exit 1; }
