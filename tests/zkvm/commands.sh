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
  (i32.add (i32.mul (local.get 0) (i32.const 3)) (local.get 1)))
  (func (export "g") (param f64) (result f64) (f64.add (local.get 0) (f64.const 0.1))))
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
refused 2 'exports no function' "$ambient" prove m.wasm --entry h 1
"$ambient" run m.wasm --mock-prove --entry g 0.2 | grep -q 'ok: f64:0.30000000000000004' ||
    fail 'a float'

# A WASI command: standard input to standard output, 8 KiB at a time; its exit code is how often.
cat >copy.wat <<'W'
(module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $n i32)
    (loop $more
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 8192))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (if (i32.load (i32.const 4)) (then
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $more))))
    (call $exit (local.get $n))))
W
"$wat2wasm" copy.wat -o copy.wasm
yes 'a line of text' | head -c 10001 >long
printf 'short' >short
"$ambient" run copy.wasm --mock-prove --json <long >mock.json
grep -q '"holds": *true' mock.json || fail "mock"
"$ambient" keys profiles setup bits --test-seed x --quiet >/dev/null
"$ambient" keys profiles setup --fit copy.wasm --name copying --size 17 --test-seed x --quiet \
    <long >/dev/null
"$ambient" prove copy.wasm -o r.short --output out <short --quiet
cmp out short
"$ambient" verify r.short --module copy.wasm --allow-test-keys | grep -q 'exit: code 1' || fail "exit"
"$ambient" verify r.short --module copy.wasm --allow-test-keys --input short --quiet
refused 1 'the input is 10001 bytes' "$ambient" verify r.short --module copy.wasm \
    --allow-test-keys --input long
"$ambient" prove copy.wasm -o r.long --stdin long --quiet
refused 2 'does not carry the input' "$ambient" verify r.long --module copy.wasm --allow-test-keys
"$ambient" verify r.long --module copy.wasm --allow-test-keys --input long --output long --quiet
sed 's/text/TEXT/' long >other
refused 1 'not what the statement' "$ambient" verify r.long --module copy.wasm --allow-test-keys \
    --input long --output other
[ "$(wc -c <r.long)" -lt 4000 ] || fail "the receipt holds the streams"
echo "the commands agree"
