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
# Keys with which anyone could forge, or that are no keys: refused before anything is checked.
cat >spoil.mjs <<'F'
import { readFileSync, writeFileSync } from 'node:fs';
const p = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const at = { alpha: 48, beta: 112, gamma: 240, delta1: 368, delta2: 496 };
const [from, to, ...spoils] = process.argv.slice(2);
const b = readFileSync(from);
const be = (o) => BigInt('0x' + b.subarray(o, o + 32).toString('hex'));
const put = (o, v) => b.write(v.toString(16).padStart(64, '0'), o, 'hex');
const generator = [
  11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  10857046999023057135944570762232829481370756359578518086990519993285655852781n,
  4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  8495653923123431417604973247489272438418190587263600148770280649306958101930n];
for (const spoil of spoils) {
  const [what, name, other] = spoil.split(':');
  const o = at[name];
  if (what === 'is' && other !== 'generator') b.copy(b, o, at[other], at[other] + 128);
  if (what === 'is' && other === 'generator') generator.forEach((v, i) => put(o + 32 * i, v));
  if (what === 'negate') for (const y of [o + 64, o + 96]) put(y, (p - be(y)) % p);
  if (what === 'infinity') b.fill(0, o, o + 128);
  if (what === 'noncanonical') put(o + 32, be(o + 32) + p);
  if (what === 'bump') put(o + 32, (be(o + 32) + 1n) % p);
}
writeFileSync(to, b);
F
spoiled() {
    want=$1
    shift
    node spoil.mjs vectors/increment.avk spoiled.avk "$@"
    got=$(node verify.mjs vectors/good.receipt vectors/good.terms vectors/double.avk spoiled.avk 2>&1 | head -n 1)
    case $got in
    *"$want"*) ;;
    *) echo "key with $*: '$got', wanted '$want'"; exit 1 ;;
    esac
}
spoiled 'no trusted key' negate:beta # what spoil.mjs writes is a key, only another one
spoiled 'anyone could forge' is:delta1:gamma
spoiled 'anyone could forge' is:delta2:gamma
spoiled 'anyone could forge' is:delta2:delta1
spoiled 'anyone could forge' is:delta1:gamma negate:delta1
spoiled 'anyone could forge' is:delta2:gamma negate:delta2
spoiled 'anyone could forge' is:delta2:delta1 negate:delta2
spoiled 'anyone could forge' is:gamma:generator
spoiled 'anyone could forge' is:delta1:generator
spoiled 'anyone could forge' is:delta2:generator negate:delta2
spoiled 'delta1 is infinity' infinity:delta1
spoiled 'a coordinate is not below p' noncanonical:gamma
spoiled 'delta2 is not on the twist' bump:delta2
echo "the foreign verifier agrees"
