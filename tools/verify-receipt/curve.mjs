// curve.mjs - points of BN254 in the two encodings of keys and receipts, strictly read.
//
// Plain: x then y, big-endian; in G2 the u-coefficient first.  Compressed: x, with the top bit
// of the first byte for the larger y, the next for infinity (refused here).

import { bn254 } from '@noble/curves/bn254';
import { be, beBytes, concat, Malformed } from './bytes.mjs';

export const { Fp, Fp2, Fp12, Fr } = bn254.fields;
export const r = Fr.ORDER;
const p = Fp.ORDER;
const G1 = bn254.G1.ProjectivePoint;
const G2 = bn254.G2.ProjectivePoint;
export const g2Base = G2.BASE;
const B1 = 3n;
const B2 = Fp2.mul(Fp2.create({ c0: 3n, c1: 0n }), Fp2.inv(Fp2.create({ c0: 9n, c1: 1n })));

function coordinate(bytes, what) {
  const v = be(bytes);
  if (v >= p) throw new Malformed(`${what}: a coordinate is not below p`);
  return v;
}

function g1(x, y, what) {
  if (x === 0n && y === 0n) throw new Malformed(`${what} is infinity`);
  if (Fp.sqr(y) !== Fp.add(Fp.mul(Fp.sqr(x), x), B1)) throw new Malformed(`${what} is not on the curve`);
  return G1.fromAffine({ x, y });
}

// On the twist, and of order r.
function g2(x, y, what) {
  if (Fp2.is0(x) && Fp2.is0(y)) throw new Malformed(`${what} is infinity`);
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), B2))) throw new Malformed(`${what} is not on the twist`);
  const q = G2.fromAffine({ x, y });
  if (!q.multiplyUnsafe(r - 1n).equals(q.negate())) throw new Malformed(`${what} is not in the subgroup of order r`);
  return q;
}

export function g1Plain(b, what) {
  return g1(coordinate(b.subarray(0, 32), what), coordinate(b.subarray(32, 64), what), what);
}

export function g2Plain(b, what) {
  const c = [0, 32, 64, 96].map((o) => coordinate(b.subarray(o, o + 32), what));
  return g2(Fp2.create({ c0: c[1], c1: c[0] }), Fp2.create({ c0: c[3], c1: c[2] }), what);
}

function flags(b, what) {
  const plain = Uint8Array.from(b);
  if (plain[0] & 0x40) throw new Malformed(`${what} is infinity`);
  plain[0] &= 0x3f;
  return { plain, large: (b[0] & 0x80) !== 0 };
}

const isLarge = (v) => v > (p - 1n) / 2n;
const isLarge2 = (v) => (v.c1 !== 0n ? isLarge(v.c1) : isLarge(v.c0));

function root(F, square, what) {
  try {
    return F.sqrt(square);
  } catch {
    throw new Malformed(`${what} is not on its curve`);
  }
}

export function g1Compressed(b, what) {
  const { plain, large } = flags(b, what);
  const x = coordinate(plain, what);
  const y = root(Fp, Fp.add(Fp.mul(Fp.sqr(x), x), B1), what);
  return g1(x, isLarge(y) === large ? y : Fp.neg(y), what);
}

export function g2Compressed(b, what) {
  const { plain, large } = flags(b, what);
  const c1 = coordinate(plain.subarray(0, 32), what);
  const x = Fp2.create({ c0: coordinate(plain.subarray(32, 64), what), c1 });
  const y = root(Fp2, Fp2.add(Fp2.mul(Fp2.sqr(x), x), B2), what);
  return g2(x, isLarge2(y) === large ? y : Fp2.neg(y), what);
}

export function g1Bytes(q) {
  const { x, y } = q.toAffine();
  return concat(beBytes(x, 32), beBytes(y, 32));
}

// Whether the product of e(p, q) over the pairs is 1.
export function pairingIsOne(pairs) {
  return Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE);
}

export const scalar = (q, k) => (k === 0n ? G1.ZERO : q.multiplyUnsafe(k));
export const zero1 = G1.ZERO;
