#!/bin/sh
# compat.sh AMBIENT WORKDIR [CIRCUIT...] - circomlib circuits both ways with snarkjs.
#
# For each circuit: circom compiles it; our witness, initial key and verification key must
# be snarkjs's byte for byte; a ceremony goes ours, snarkjs, ours, and each side verifies
# the key; each side's proof is verified by both, and refused with a changed input.
# The packages are installed into WORKDIR, as is the phase-1 file; both are reused.
set -eu
ambient=$1
work=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
circuits=${*:-comparators binary mux poseidon mimc babyjub pedersen merkle eddsa smt sha256}
power=15 # of sha256: its domain is the whole file, which snarkjs reads past
mkdir -p "$work"
cd "$work"
export AMBIENT_CACHE=$work/cache
if [ ! -d node_modules/circomlibjs ]; then
    [ -f package.json ] || npm init -y >/dev/null
    npm install --silent snarkjs@0.7.6 circomlib@2.0.5 circomlibjs@0.1.7 circom2@0.2.23
fi
PATH=$work/node_modules/.bin:$PATH
say() { printf '%s\n' "$*"; }
quiet() { "$@" >log.txt 2>&1 || { cat log.txt; say "FAILED: $*"; exit 1; }; }
refused() { if "$@" >log.txt 2>&1; then say "ACCEPTED but should not be: $*"; exit 1; fi; }

cp "$here/inputs.mjs" .
node inputs.mjs
if [ ! -f pot$power.ptau ]; then
    say "phase 1, power $power (once)"
    quiet snarkjs powersoftau new bn128 $power pot_0.ptau
    quiet snarkjs powersoftau contribute pot_0.ptau pot_1.ptau --name=one -e=some
    quiet snarkjs powersoftau prepare phase2 pot_1.ptau pot_2.ptau
    mv pot_2.ptau pot$power.ptau
fi
ptau=pot$power.ptau

for c in $circuits; do
    cp "$here/circuits/${c}_main.circom" . # not $c.circom: circomlib's include would find it
    quiet circom2 "${c}_main.circom" --r1cs --wasm -l node_modules/circomlib/circuits
    mv "${c}_main.r1cs" "$c.r1cs"
    quiet snarkjs groth16 setup "$c.r1cs" $ptau "$c.theirs_0.zkey"
    quiet "$ambient" keys setup "$c.r1cs" --ptau $ptau -o "$c.ours_0.zkey"
    cmp "$c.theirs_0.zkey" "$c.ours_0.zkey"
    quiet "$ambient" keys contribute "$c.ours_0.zkey" -o "$c.1.zkey" --name ours -e dice
    quiet snarkjs zkey contribute "$c.1.zkey" "$c.2.zkey" --name=theirs -e=coins
    quiet "$ambient" keys beacon "$c.2.zkey" -o "$c.zkey" --beacon 0102030405060708 --name end
    quiet snarkjs zkey verify "$c.r1cs" $ptau "$c.zkey"
    grep -q 'ZKey Ok' log.txt
    quiet "$ambient" keys verify "$c.zkey" --r1cs "$c.r1cs" --ptau $ptau

    quiet snarkjs zkey export verificationkey "$c.zkey" "$c.vkey.json"
    quiet "$ambient" keys export "$c.zkey" -o "$c.vkey_ours.json"
    cmp "$c.vkey.json" "$c.vkey_ours.json"

    quiet snarkjs wtns calculate "${c}_main_js/${c}_main.wasm" "$c.json" "$c.wtns"
    quiet "$ambient" prove --zkey "$c.zkey" --circuit "${c}_main_js/${c}_main.wasm" --input "$c.json" \
        --save-witness "$c.ours.wtns" -o "$c.proof.json" -p "$c.public.json"
    cmp "$c.wtns" "$c.ours.wtns"
    quiet snarkjs groth16 prove "$c.zkey" "$c.wtns" "$c.proof_theirs.json" "$c.public_theirs.json"
    cmp "$c.public.json" "$c.public_theirs.json"

    for p in "$c.proof.json" "$c.proof_theirs.json"; do
        quiet snarkjs groth16 verify "$c.vkey.json" "$c.public.json" "$p"
        quiet "$ambient" verify "$c.vkey.json" "$c.public.json" "$p"
    done
    node -e 'const fs=require("fs"); const p=JSON.parse(fs.readFileSync(process.argv[1]));
        p[0]=(BigInt(p[0])+1n).toString(); fs.writeFileSync("wrong.json",JSON.stringify(p))' \
        "$c.public.json"
    refused "$ambient" verify "$c.vkey.json" wrong.json "$c.proof_theirs.json"
    refused snarkjs groth16 verify "$c.vkey.json" wrong.json "$c.proof.json"
    say "ok $c ($("$ambient" prove "$c.zkey" "$c.wtns" p.json q.json --json |
        node -e 'const j=JSON.parse(require("fs").readFileSync(0));
        console.log(`${j.wires} wires, domain ${j.domain}, proved in ${j.prove_ms.toFixed(1)} ms`)'))"
done
