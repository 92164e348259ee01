#!/bin/sh
# commands.sh AMBIENT WAT2WASM WORKDIR - keys, proof and check as a person types them.
set -eu
ambient=$1
wat2wasm=$2
work=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work"
export AMBIENT_KEYS=$work/keys
fail() { echo "$*"; exit 1; }
refused() { # status, words, command...
    want=$1 words=$2
    shift 2
    set +e
    "$@" >log.txt 2>&1
    got=$?
    set -e
    [ $got = "$want" ] || { cat log.txt; fail "exit $got, wanted $want: $*"; }
    grep -q "$words" log.txt || { cat log.txt; fail "does not say '$words': $*"; }
}

cat >m.wat <<'W'
(module (func (export "f") (param i32 i32) (result i32)
  (i32.add (i32.mul (local.get 0) (i32.const 3)) (local.get 1))))
W
"$wat2wasm" m.wat -o m.wasm
sed 's/const 3/const 4/' m.wat >other.wat
"$wat2wasm" other.wat -o other.wasm

refused 2 'keys profiles setup' "$ambient" prove m.wasm --entry f 5 1
"$ambient" keys profiles setup range --test-seed x --quiet >/dev/null
"$ambient" keys profiles setup --fit m.wasm --entry f --name small --test-seed x 5 1 >/dev/null
[ "$("$ambient" keys profiles list | grep -c 'TEST KEY')" = 2 ] || fail "two test keys were made"
"$ambient" prove m.wasm --entry f 5 1 -o r --context "$(printf '%064d' 7)" --quiet
"$ambient" verify r --module m.wasm --allow-test-keys | grep -q 'ended    ok: 16' || fail "16"
"$ambient" verify r --module m.wasm --allow-test-keys --json | grep -q '"valid": *true' || fail json
refused 1 'test key' "$ambient" verify r --module m.wasm
refused 1 'another module' "$ambient" verify r --module other.wasm --allow-test-keys
refused 1 'another context' "$ambient" verify r --module m.wasm --allow-test-keys \
    --context "$(printf '%064d' 8)"
"$ambient" verify r --module m.wasm --allow-test-keys --context "$(printf '%064d' 7)" --quiet
refused 2 'pinned digest' "$ambient" verify r --module m.wasm --pin "$(printf '%064d' 1)"
head -c 300 r >cut
refused 2 'cut' "$ambient" verify cut --module m.wasm
refused 2 'exports no function' "$ambient" prove m.wasm --entry g 1
echo "the commands agree"
