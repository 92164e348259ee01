// Prints vectors.txt: what other people's code says about BN254, in the input and output
// format of Ethereum's precompiles ecAdd (EIP-196), ecMul (EIP-196) and ecPairing (EIP-197).
//
//   npm install @noble/curves ffjavascript && node generate.mjs > vectors.txt
//
// Group operations come from @noble/curves, pairings from both (they must agree), compressed
// points and roots of unity from ffjavascript.  Everything follows from one fixed seed.
import { bn254 } from '@noble/curves/bn254.js';
import { createHash } from 'node:crypto';
import { buildBn128 } from 'ffjavascript';

const P1 = bn254.G1.ProjectivePoint ?? bn254.G1.Point;
const P2 = bn254.G2.ProjectivePoint ?? bn254.G2.Point;
const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const p = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

let counter = 0;
const random = () => {
    const h = createHash('sha512').update('ambient bn254 ' + counter++).digest('hex');
    return BigInt('0x' + h) % r;
};
const h32 = (v) => v.toString(16).padStart(64, '0');
const g1 = (q) => {
    if (q.equals(P1.ZERO)) return h32(0n) + h32(0n);
    const a = q.toAffine();
    return h32(a.x) + h32(a.y);
};
// Ethereum order: imaginary part first.
const g2 = (q) => {
    if (q.equals(P2.ZERO)) return h32(0n).repeat(4);
    const a = q.toAffine();
    return h32(a.x.c1) + h32(a.x.c0) + h32(a.y.c1) + h32(a.y.c0);
};
const mul = (q, k) => (k % r === 0n ? (q instanceof P1 ? P1 : P2).ZERO : q.multiply(k % r));
const out = (...f) => console.log(f.join(' '));

const curve = await buildBn128(true);
const { G1, G2, Fr } = curve;
const toF1 = (q) => (q.equals(P1.ZERO) ? G1.zero : G1.fromObject([q.toAffine().x, q.toAffine().y]));
const toF2 = (q) => {
    if (q.equals(P2.ZERO)) return G2.zero;
    const a = q.toAffine();
    return G2.fromObject([[a.x.c0, a.x.c1], [a.y.c0, a.y.c1]]);
};

// add
for (let i = 0; i < 12; i++) {
    const a = mul(P1.BASE, random()), b = mul(P1.BASE, random());
    out('add', g1(a) + g1(b), g1(a.add(b)));
}
for (const [a, b] of [[P1.ZERO, P1.ZERO], [P1.BASE, P1.ZERO], [P1.ZERO, P1.BASE], [P1.BASE, P1.BASE],
    [P1.BASE, P1.BASE.negate()]])
    out('add', g1(a) + g1(b), g1(a.add(b)));
// mul; scalars are any 256-bit number
for (const k of [0n, 1n, 2n, 9n, r - 1n, r, r + 1n, p, 2n ** 256n - 1n, 2n ** 128n, 2n ** 254n])
    for (const q of [P1.BASE, mul(P1.BASE, random())]) out('mul', g1(q) + h32(k), g1(mul(q, k)));
for (let i = 0; i < 12; i++) {
    const q = mul(P1.BASE, random()), k = random();
    out('mul', g1(q) + h32(k), g1(mul(q, k)));
}
// mul2: the same on the twist, not an Ethereum precompile
for (const k of [0n, 1n, 2n, r - 1n, ...Array.from({ length: 8 }, random)]) {
    const q = mul(P2.BASE, random());
    out('mul2', g2(q) + h32(k), g2(mul(q, k)));
}
// pairing products
const product = async (pairs, label) => {
    const noble = bn254.fields.Fp12.eql(
        pairs.filter(([a, b]) => !a.equals(P1.ZERO) && !b.equals(P2.ZERO))
            .map(([a, b]) => bn254.pairing(a, b))
            .reduce((x, y) => bn254.fields.Fp12.mul(x, y), bn254.fields.Fp12.ONE), bn254.fields.Fp12.ONE);
    let f = curve.Gt.one;
    for (const [a, b] of pairs)
        if (!a.equals(P1.ZERO) && !b.equals(P2.ZERO))
            f = curve.Gt.mul(f, curve.pairing(toF1(a), toF2(b)));
    const ff = curve.Gt.eq(f, curve.Gt.one);
    if (noble !== ff) throw new Error('the two libraries disagree: ' + label);
    out('pairing', pairs.map(([a, b]) => g1(a) + g2(b)).join('') || '-', noble ? 1 : 0);
};
await product([], 'empty');
await product([[P1.ZERO, P2.BASE]], 'zero left');
await product([[P1.BASE, P2.ZERO]], 'zero right');
await product([[P1.BASE, P2.BASE]], 'one pair');
for (let i = 0; i < 6; i++) {
    const a = random(), b = random(), c = random();
    const [A, B] = [mul(P1.BASE, a), mul(P2.BASE, b)];
    const AB = mul(P1.BASE, (a * b) % r), C = mul(P1.BASE, c);
    await product([[A, B], [AB.negate(), P2.BASE]], 'true 2');
    await product([[A, B], [AB, P2.BASE]], 'false 2');
    await product([[A, B], [C, P2.BASE], [AB.add(C).negate(), P2.BASE]], 'true 3');
    await product([[A, B], [C, P2.BASE], [AB.negate(), P2.BASE], [C.negate(), P2.BASE]], 'true 4');
}
// compressed points
const hex = (u8) => Buffer.from(u8).toString('hex');
for (let i = 0; i < 8; i++) {
    const a = i ? mul(P1.BASE, random()) : P1.ZERO, b = i ? mul(P2.BASE, random()) : P2.ZERO;
    const c1 = new Uint8Array(32), c2 = new Uint8Array(64);
    G1.toRprCompressed(c1, 0, toF1(a));
    G2.toRprCompressed(c2, 0, toF2(b));
    out('compress', g1(a), hex(c1));
    out('compress2', g2(b), hex(c2));
}
// roots of unity: log2 of the order, value
for (const i of [0, 1, 2, 10, 20, 27, 28]) out('root', i.toString(16).padStart(2, '0'), h32(Fr.toObject(Fr.w[i])));
// what the precompiles say where no ordinary input leads
for (const k of [0n, 1n, r, 2n ** 256n - 1n]) out('mul', g1(P1.ZERO) + h32(k), g1(P1.ZERO));
for (const k of [2n * r, 2n * r + 5n, 5n * r, 2n ** 255n]) {
    const q = mul(P1.BASE, random());
    out('mul', g1(q) + h32(k), g1(mul(q, k)));
}
const doubled = mul(P1.BASE, random());
out('add', g1(doubled) + g1(doubled), g1(doubled.double()));
out('add', g1(doubled) + g1(doubled.negate()), g1(P1.ZERO));
const [X, Y] = [mul(P1.BASE, random()), mul(P2.BASE, random())];
await product([[P1.ZERO, P2.ZERO]], 'zero both');
await product([[X, Y], [X.negate(), Y]], 'cancels left');
await product([[X, Y], [X, Y.negate()]], 'cancels right');
await product([[X, Y], [X.negate(), Y.negate()]], 'does not cancel');
await product([[X, Y], [P1.ZERO, Y], [X, P2.ZERO], [X.negate(), Y]], 'cancels among zeros');
await product([[X, Y], [P1.ZERO, P2.ZERO]], 'one beside zeros');
// no points: the second field is 0
const refused = (f) => {
    try { f(); } catch { return; }
    throw new Error('accepted');
};
const bad = (x, y) => {
    refused(() => P1.fromAffine({ x, y }).assertValidity());
    out('bad', h32(x) + h32(y), 0);
};
for (const v of [p, p + 1n, 2n ** 256n - 1n]) out('bad', h32(v) + h32(2n), 0), out('bad', h32(1n) + h32(v), 0);
out('bad', h32(1n + p) + h32(2n), 0), out('bad', h32(1n) + h32(2n + p), 0);
out('bad', h32(p) + h32(p), 0);
for (const [x, y] of [[1n, 1n], [1n, 3n], [0n, 1n], [1n, 0n], [2n, 1n]]) bad(x, y);
const base = P2.BASE.toAffine(), parts = [base.x.c1, base.x.c0, base.y.c1, base.y.c0];
for (let i = 0; i < 4; i++)
    for (const f of [(v) => v + p, () => p, () => 2n ** 256n - 1n, (v) => v ^ 1n])
        out('bad2', parts.map((v, j) => h32(i === j ? f(v) : v)).join(''), 0);
out('bad2', [base.x.c0, base.x.c1, base.y.c0, base.y.c1].map(h32).join(''), 0); // real part first
// on the twist, outside the subgroup: r times it is not zero
const F2 = bn254.fields.Fp2, b2 = F2.sub(F2.sqr(base.y), F2.mul(F2.sqr(base.x), base.x));
for (let i = 1n, found = 0; found < 4; i++) {
    const x = F2.create({ c0: i, c1: 0n });
    let y;
    try { y = F2.sqrt(F2.add(F2.mul(F2.sqr(x), x), b2)); } catch { continue; }
    const q = P2.fromAffine({ x, y });
    let acc = P2.ZERO;
    for (const bit of r.toString(2)) {
        acc = acc.double();
        if (bit === '1') acc = acc.add(q);
    }
    if (acc.equals(P2.ZERO)) throw new Error('in the subgroup');
    out('bad2', g2(q), 0);
    found++;
}
await curve.terminate();
