// receipt.mjs - receipts and verifying keys: their canonical bytes (docs/proof-of-execution.md).

import { sha3_256 } from '@noble/hashes/sha3';
import { Cursor, hex, le, Malformed } from './bytes.mjs';
import { g1Compressed, g1Plain, g2Base, g2Compressed, g2Plain, r } from './curve.mjs';

const ascii = (b) => Buffer.from(b).toString('latin1');
const EMPTY = hex(sha3_256(new Uint8Array(0)));

function stream(c, what) {
  const s = { bytes: c.u64(what), sha3: hex(c.take(32, what)) };
  if ((s.bytes === 0n) !== (s.sha3 === EMPTY)) throw new Malformed(`${what}: its length contradicts its digest`);
  return s;
}

// Arguments of a command, environment, standard input, output and error.
const STREAMS = ['arguments', 'environment', 'input', 'output', 'error'];
const CARRIED_BYTES_MAX = 4096n;

// Short streams travel with the receipt, and must be what the statement says.
function readCarried(c, statement) {
  for (const name of STREAMS) {
    const s = statement.streams[name];
    if (s.bytes <= CARRIED_BYTES_MAX && hex(sha3_256(c.take(Number(s.bytes), name))) !== s.sha3)
      throw new Malformed(`${name}: not of the statement's digest`);
  }
}

function values(c, what) {
  const n = c.u32(what);
  if (n > 16) throw new Malformed(`${what}: ${n} values`);
  return Array.from({ length: n }, () => c.u64(what));
}

const STATUS = ['ok', 'exit', 'trap', 'out of gas'];

function readStatement(c) {
  const version = c.u32('statement');
  if (version !== 2) throw new Malformed(`statement: version ${version}`);
  const s = { version, form: c.u32('lowering version') };
  s.routines = hex(c.take(32, 'routines'));
  s.module = hex(c.take(32, 'module'));
  s.context = hex(c.take(32, 'context'));
  const n = c.u32('entry');
  if (n > 255) throw new Malformed(`entry: ${n} bytes`);
  s.entry = ascii(c.take(n, 'entry'));
  s.args = values(c, 'arguments');
  s.results = values(c, 'results');
  const status = c.u8('status');
  if (!STATUS[status]) throw new Malformed(`status ${status}`);
  s.status = STATUS[status];
  s.trap = c.u8('trap');
  s.exitCode = c.u32('exit code') | 0;
  s.gasUsed = c.u64('gas');
  s.gasMax = c.u64('gas limit');
  s.memoryBytesMax = c.u64('memory limit');
  s.callDepthMax = c.u32('depth limit');
  s.stackSlotsMax = c.u32('stack limit');
  s.outputBytesMax = c.u64('output limit');
  s.streams = Object.fromEntries(STREAMS.map((name) => [name, stream(c, name)]));
  s.seed = c.u64('seed');
  if ((s.status === 'trap') !== (s.trap !== 0)) throw new Malformed('statement: a trap without its kind');
  if (s.status !== 'exit' && s.exitCode !== 0) throw new Malformed('statement: an exit code without an exit');
  if (s.status !== 'ok' && s.results.length) throw new Malformed('statement: results of a run that did not return');
  if (s.gasUsed > s.gasMax) throw new Malformed('statement: more gas than the limit');
  return s;
}

function readProof(c, j) {
  const proof = {
    key: c.u8(`proof ${j}`),
    d: g1Compressed(c.take(32, `proof ${j}`), `D of proof ${j}`),
    a: g1Compressed(c.take(32, `proof ${j}`), `A of proof ${j}`),
    b: g2Compressed(c.take(64, `proof ${j}`), `B of proof ${j}`),
    c: g1Compressed(c.take(32, `proof ${j}`), `C of proof ${j}`),
    s: le(c.take(32, `proof ${j}`)),
  };
  if (proof.s >= r) throw new Malformed(`S of proof ${j} is not below r`);
  return proof;
}

export function readReceipt(bytes) {
  const c = new Cursor(bytes);
  if (ascii(c.take(8, 'receipt')) !== 'AVCPRC02') throw new Malformed('not a receipt');
  let from = c.at;
  const statement = readStatement(c);
  const statementBytes = bytes.subarray(from, c.at);
  from = c.at;
  const lists = { clockEnd: c.u64('lists'), pcEnd: c.u32('lists'), gasRows: c.u64('lists'), charge: c.u64('lists'),
    worldWords: Array.from({ length: 6 }, () => c.u32('lists')), outputTime: c.u64('lists'), errorTime: c.u64('lists') };
  if (lists.clockEnd > 1n << 44n) throw new Malformed('lists: the clock is over 2^44');
  const listsBytes = bytes.subarray(from, c.at);
  readCarried(c, statement);
  const nKeys = c.u32('keys');
  if (nKeys < 1 || nKeys > 32) throw new Malformed(`${nKeys} keys`);
  const keys = Array.from({ length: nKeys }, () => hex(c.take(32, 'keys')));
  if (new Set(keys).size !== nKeys) throw new Malformed('a key is listed twice');
  const n = c.u32('proofs');
  if (n < 1 || n > 65536) throw new Malformed(`${n} proofs`);
  const proofs = Array.from({ length: n }, (_, j) => readProof(c, j));
  c.end('receipt');
  let seen = 0;
  for (const { key } of proofs) {
    if (key > seen || key >= nKeys) throw new Malformed('keys are not in order of first use');
    if (key === seen) seen++;
  }
  if (seen !== nKeys) throw new Malformed('a key is not used');
  return { statement, statementBytes, statementDigest: hex(sha3_256(statementBytes)), lists, listsBytes, keys, proofs };
}

export function readKey(bytes) {
  const c = new Cursor(bytes);
  if (ascii(c.take(8, 'key')) !== 'AVCPVK01') throw new Malformed('not a verifying key');
  const flags = c.u32('key');
  if ((flags & 1) === 0) throw new Malformed('a key without a committed stage');
  const nPublic = c.u32('key');
  if (nPublic > 1000) throw new Malformed(`a key of ${nPublic} public inputs`);
  c.take(32, 'circuit digest');
  const key = { digest: hex(sha3_256(bytes)), isTest: (flags & 2) !== 0, alpha: g1Plain(c.take(64, 'alpha'), 'alpha') };
  for (const name of ['beta', 'gamma', 'delta1', 'delta2']) key[name] = g2Plain(c.take(128, name), name);
  key.ic = Array.from({ length: nPublic + 1 }, (_, i) => g1Plain(c.take(64, 'IC'), `IC ${i}`));
  c.end('key');
  const same = (p, q) => p.equals(q) || p.equals(q.negate());
  const bases = [g2Base, key.gamma, key.delta1, key.delta2];
  if (bases.some((p, i) => bases.slice(0, i).some((q) => same(p, q))))
    throw new Malformed('gamma, delta1, delta2 and the generator are not different up to sign: anyone could forge');
  return key;
}
