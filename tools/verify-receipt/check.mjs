// check.mjs - the check itself: challenges, the balance of the bus, the pairings.

import { sha3_512, shake256 } from '@noble/hashes/sha3';
import { concat, le, leBytes, Malformed } from './bytes.mjs';
import { Fr, g1Bytes, pairingIsOne, r, scalar, zero1 } from './curve.mjs';

// Tuple kinds of format 2: their challenges, how a key is made, classes of their values.
const CLASSES = { pc: 0, fp: 1, acc: 2, value: 3, weight: 4, time: 5, gas: 6 };
const CODE_POSITIONS = [0, 26, 38, 55, 72, 90, 158];
const CODE_WIDTHS = [26, 12, 17, 17, 18, 68, 17];
const KINDS = {
  STATE: { chi: 0, positions: [0], classes: ['pc', 'fp', 'acc'] },
  MEM: { chi: 1, positions: [0, 210], classes: ['value'] },
  CODE: { chi: 2, positions: CODE_POSITIONS, classes: [] },
  LIST: { chi: 3, positions: CODE_POSITIONS, classes: ['weight'] },
  SORT: { chi: 4, positions: [0], classes: ['time'] },
  RANGE16: { chi: 5, positions: [0], classes: [] },
  RANGE8: { chi: 6, positions: [0], classes: [] },
  AND8: { chi: 7, product: 3, classes: [] },
  POW32: { chi: 10, product: 2, classes: [] },
  POW64: { chi: 12, product: 2, classes: [] },
  POP8: { chi: 14, product: 2, classes: [] },
  OUTPUT: { chi: 16, positions: [0], classes: ['value'] },
  GAS: { keyless: true, classes: ['gas'] },
};
const CHI_COUNT = 18;
const CHALLENGES = CHI_COUNT + Object.keys(CLASSES).length;

function parameters(form) {
  const u32 = [2, form, Object.keys(KINDS).length, CHALLENGES, 8, 210, 36];
  CODE_POSITIONS.forEach((p, i) => u32.push(p, CODE_WIDTHS[i]));
  return concat(...u32.map((v) => leBytes(v, 4)));
}

export function challenges(receipt) {
  const h = sha3_512.create().update(new TextEncoder().encode('poe-challenge-v1'));
  const field = (b) => h.update(leBytes(b.length, 8)).update(b);
  field(parameters(receipt.statement.form));
  field(receipt.statementBytes);
  field(receipt.listsBytes);
  field(leBytes(receipt.proofs.length, 4));
  for (const p of receipt.proofs) {
    field(Buffer.from(receipt.keys[p.key], 'hex'));
    field(g1Bytes(p.d));
  }
  const root = h.digest();
  return Array.from({ length: CHALLENGES }, (_, k) => {
    const seed = concat(root, new TextEncoder().encode('chi'), leBytes(k, 4));
    return le(shake256(seed, { dkLen: 64 })) % r;
  });
}

// "KIND count comps values": one of the verifier's own tuples.
function readTerm(line, n) {
  const [name, count, comps, values, ...rest] = line.split(' ');
  const kind = KINDS[name];
  const list = (s) => (s === '-' ? [] : s.split(',').map((t) => {
    if (!/^(0|[1-9][0-9]{0,76})$/.test(t) || BigInt(t) >= r) throw new Malformed(`term ${n}: ${t}`);
    return BigInt(t);
  }));
  if (!kind || rest.length || values === undefined) throw new Malformed(`term ${n} is malformed`);
  const t = { kind, count: list(count)[0], comps: list(comps), values: list(values) };
  const want = kind.keyless ? 0 : (kind.product ?? kind.positions.length);
  if (t.comps.length !== want || t.values.length !== kind.classes.length)
    throw new Malformed(`term ${n}: not the components of ${name}`);
  return t;
}

export function readTerms(text) {
  return text.split('\n').filter((l) => l !== '').map((line, i) => readTerm(line, i + 1));
}

function denominator({ kind, comps }, chi) {
  if (kind.keyless) return 1n;
  if (kind.product) return comps.reduce((d, c, i) => Fr.mul(d, Fr.sub(chi[kind.chi + i], c)), 1n);
  const key = comps.reduce((k, c, i) => Fr.add(k, Fr.mul(c, Fr.pow(2n, BigInt(kind.positions[i])))), 0n);
  return Fr.sub(chi[kind.chi], key);
}

function share(term, chi) {
  const d = denominator(term, chi);
  if (d === 0n) throw new Malformed('a challenge meets the key of a term');
  let v = term.kind.keyless ? 0n : 1n;
  term.kind.classes.forEach((name, i) => {
    v = Fr.add(v, Fr.mul(chi[CHI_COUNT + CLASSES[name]], term.values[i]));
  });
  return Fr.mul(Fr.mul(term.count, v), Fr.inv(d));
}

function proofHolds(proof, key, inputs) {
  const pub = inputs.reduce((sum, z, i) => sum.add(scalar(key.ic[i + 1], z)), zero1.add(key.ic[0]));
  const pairs = [
    { g1: proof.a.negate(), g2: proof.b },
    { g1: key.alpha, g2: key.beta },
    { g1: pub, g2: key.gamma },
    { g1: proof.c, g2: key.delta2 },
    { g1: proof.d, g2: key.delta1 },
  ];
  return pairingIsOne(pairs);
}

// Null when the receipt holds, else a sentence.  keys: by digest; terms: of readTerms.
export function check(receipt, keys, terms, { allowTestKeys = false } = {}) {
  for (const digest of receipt.keys) {
    const key = keys.get(digest);
    if (!key) return `no trusted key has the digest ${digest}`;
    if (key.isTest && !allowTestKeys) return `${digest} is a test key`;
    if (key.ic.length !== CHALLENGES + 2) return `${digest} is no key of a receipt`;
  }
  const chi = challenges(receipt);
  let sum = terms.reduce((s, t) => Fr.add(s, share(t, chi)), 0n);
  for (const p of receipt.proofs) sum = Fr.add(sum, p.s);
  if (sum !== 0n) return 'the proofs do not balance with the statement';
  const bad = receipt.proofs.findIndex((p) => !proofHolds(p, keys.get(receipt.keys[p.key]), [...chi, p.s]));
  return bad < 0 ? null : `proof ${bad} of ${receipt.proofs.length} does not hold`;
}
