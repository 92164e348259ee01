#!/bin/sh
# commands.sh AMBIENT FIXTURES WORKDIR - `ambient prove`, `verify` and `keys` as typed:
# results, exit codes, and what a refusal says.
set -u
ambient=$1
fixtures=$2
work=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
export AMBIENT_CACHE=$work/cache
failed=0

# expect CODE WORD COMMAND... - the exit code, and WORD somewhere in what was printed.
expect() {
    code=$1 word=$2
    shift 2
    "$@" >out.txt 2>&1
    got=$?
    if [ $got -ne "$code" ] || { [ -n "$word" ] && ! grep -q -- "$word" out.txt; }; then
        echo "FAILED ($got, wanted $code saying '$word'): $*"
        cat out.txt
        failed=1
    fi
}
f() { echo "$fixtures/tiny$1"; }

expect 0 'key checked' "$ambient" prove --zkey "$(f _2.zkey)" --witness "$(f .wtns)" -o p1.json -p q1.json
expect 0 'key known' "$ambient" prove --zkey "$(f _2.zkey)" --circuit "$(f .wasm)" \
    --input "$(f _input.json)" -o p2.json -p q2.json --save-witness w2.wtns
cmp w2.wtns "$(f .wtns)" || failed=1
cmp q1.json "$(f _public.json)" || failed=1
cp "$(f _2.zkey)" copy.zkey
expect 0 '"key": "known by content"' "$ambient" prove copy.zkey "$(f .wtns)" p3.json q3.json --json
expect 0 'valid' "$ambient" verify --vkey "$(f _vkey.json)" --public q1.json --proof p1.json
expect 0 'valid' "$ambient" verify "$(f _vkey.json)" q2.json p2.json
expect 0 '"valid": true' "$ambient" verify "$(f _vkey.json)" "$(f _public.json)" "$(f _proof.json)" --json
sed 's/5/6/' q1.json >wrong.json
expect 1 'NOT VALID' "$ambient" verify "$(f _vkey.json)" wrong.json p1.json
expect 1 '"valid": false' "$ambient" verify "$(f _vkey.json)" wrong.json p1.json --json
sed 's/groth16/plonk/' p1.json >plonk.json
expect 2 'plonk.json: protocol' "$ambient" verify "$(f _vkey.json)" q1.json plonk.json
expect 2 'missing.json' "$ambient" verify missing.json q1.json p1.json
expect 2 'give either' "$ambient" prove --zkey "$(f _2.zkey)"
expect 2 'which key' "$ambient" prove --witness "$(f .wtns)"
expect 2 'anyone can forge' "$ambient" prove "$(f _0.zkey)" "$(f .wtns)" p.json q.json
head -c 2000 "$(f _2.zkey)" >cut.zkey
expect 2 'cut.zkey' "$ambient" prove cut.zkey "$(f .wtns)" p.json q.json
expect 4 'ceiling' "$ambient" prove --memory 1K "$(f _2.zkey)" "$(f .wtns)" p.json q.json
echo '{"a":1,"b":2}' >few.json
expect 2 '2 of 3' "$ambient" prove --zkey "$(f _2.zkey)" --circuit "$(f .wasm)" --input few.json
# A witness with its last wire changed satisfies nothing.
head -c -1 "$(f .wtns)" >bad.wtns
printf '\001' >>bad.wtns
expect 1 'does not satisfy' "$ambient" prove "$(f _2.zkey)" bad.wtns p.json q.json

expect 0 'circuit hash' "$ambient" keys setup "$(f .r1cs)" --ptau "$(f .ptau)" -o k0.zkey
cmp k0.zkey "$(f _0.zkey)" || failed=1
expect 0 'contribution hash' "$ambient" keys contribute k0.zkey -o k1.zkey --name a --entropy b
expect 0 'contribution hash' "$ambient" keys beacon k1.zkey -o k2.zkey --beacon 0011aaFF --name end
expect 0 'the key is valid' "$ambient" keys verify k2.zkey --r1cs "$(f .r1cs)" --ptau "$(f .ptau)"
expect 0 '"valid": true' "$ambient" keys verify k2.zkey --init k0.zkey --json
expect 2 'hexadecimal' "$ambient" keys beacon k1.zkey -o k3.zkey --beacon 001
expect 0 '' "$ambient" keys export k2.zkey -o vk.json
expect 0 'proved' "$ambient" prove k2.zkey "$(f .wtns)" p.json q.json
expect 0 'valid' "$ambient" verify vk.json q.json p.json
expect 1 'NOT VALID' "$ambient" verify "$(f _vkey.json)" q.json p.json
expect 0 'local key' "$ambient" keys setup "$(f .r1cs)" --local -o local.zkey
expect 0 'local setup' "$ambient" prove local.zkey "$(f .wtns)" p.json q.json
expect 2 'no contributions' "$ambient" keys contribute local.zkey -o x.zkey
expect 0 'first challenge' "$ambient" keys powers new 3 -o w0.ptau
expect 2 'want 1 to 28' "$ambient" keys powers new 29 -o x.ptau
expect 2 'want 1 to 28' "$ambient" keys powers new 3x -o x.ptau
expect 1 'everybody knows' "$ambient" keys powers verify w0.ptau
expect 0 'contribution hash' "$ambient" keys powers contribute w0.ptau -o w1.ptau -n one -e dice
expect 0 '"contribution_hash"' "$ambient" keys powers beacon w1.ptau -o w2.ptau -b 00ff --json
expect 0 'not prepared' "$ambient" keys powers verify w2.ptau
expect 2 'keys powers prepare' "$ambient" keys setup "$(f .r1cs)" --ptau w2.ptau -o x.zkey
expect 0 'up to 2^3 rows' "$ambient" keys powers prepare w2.ptau -o w.ptau
expect 0 '(beacon) unnamed' "$ambient" keys powers verify w.ptau
expect 0 '"prepared": true' "$ambient" keys powers verify w.ptau --json
expect 0 'circuit hash' "$ambient" keys setup "$(f .r1cs)" --ptau w.ptau -o w0.zkey
expect 0 'contribution hash' "$ambient" keys contribute w0.zkey -o w1.zkey
expect 0 'the key is valid' "$ambient" keys verify w1.zkey --r1cs "$(f .r1cs)" --ptau w.ptau
expect 1 'circuit hash is not' "$ambient" keys verify w1.zkey --r1cs "$(f .r1cs)" --ptau "$(f .ptau)"
# A key that is cut short while it is mapped: the input comes late, from a pipe.
cp "$(f _2.zkey)" shrinks.zkey
mkfifo late.json
"$ambient" prove --zkey shrinks.zkey --circuit "$(f .wasm)" --input late.json -o p.json -p q.json \
    >out.txt 2>&1 &
exec 3>late.json
: >shrinks.zkey
cat "$(f _input.json)" >&3
exec 3>&-
wait $!
got=$?
if [ $got -ne 2 ] || ! grep -q 'shrinks.zkey: cannot be read any more' out.txt; then
    echo "FAILED ($got, wanted 2): a key cut short while it is mapped"
    cat out.txt
    failed=1
fi
ls ./*.initial* ./*.tmp* 2>/dev/null && failed=1
exit $failed
