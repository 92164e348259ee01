#!/bin/sh
# foreign.sh TOOL_DIR MAKE_VECTORS WORKDIR - the JavaScript verifier against receipts of ours.
#
# It must accept the good receipt, refuse the three spoiled ones for the reason they were spoiled,
# and refuse the good one with any of some forty bytes changed.
set -eu
tool=$1
make_vectors=$2
work=$3
mkdir -p "$work"
"$make_vectors" "$work/vectors" >/dev/null
cp "$tool"/*.mjs "$tool"/package.json "$work"
cd "$work"
[ -d node_modules/@noble ] || npm install --silent
check() { node verify.mjs "$1" "vectors/$2.terms" vectors/*.avk 2>&1 | head -n 1; }
expect() {
    got=$(check "vectors/$1.receipt" "$1")
    [ "$got" = "$2" ] || { echo "$1: '$got', wanted '$2'"; exit 1; }
}
expect good valid
expect other-result 'NOT VALID: the proofs do not balance with the statement'
expect stolen 'NOT VALID: the proofs do not balance with the statement'
expect other-c 'NOT VALID: proof 3 of 4 does not hold'
cat >flip.mjs <<'F'
import { readFileSync, writeFileSync } from 'node:fs';
const b = readFileSync('vectors/good.receipt');
const at = Number(process.argv[2]) % b.length;
b[at] ^= 1 << at % 8;
writeFileSync('flipped', b);
F
i=0
while [ $i -lt 1200 ]; do
    node flip.mjs $i
    got=$(check flipped good)
    [ "$got" != valid ] || { echo "accepted with byte $i changed"; exit 1; }
    i=$((i + 31))
done
echo "the foreign verifier agrees"
