#!/usr/bin/env node
// verify.mjs RECEIPT TERMS KEY.avk... [--json] [--allow-test-keys]
//
// Checks a receipt of execution with none of the C implementation's code: its own decoder,
// transcript, balance and pairings (over @noble/curves).  See README.md for what it trusts.
// Exit code 0: holds; 1: does not; 2: a file is malformed or missing.

import { readFileSync } from 'node:fs';
import { check, readTerms } from './check.mjs';
import { readKey, readReceipt } from './receipt.mjs';

function tell(receipt, reason, asJson, ms) {
  const s = receipt.statement;
  if (asJson) {
    const plain = (k, v) => (typeof v === 'bigint' ? v.toString() : v);
    console.log(JSON.stringify({ valid: reason === null, reason: reason ?? '', statement_digest: receipt.statementDigest,
      statement: s, proofs: receipt.proofs.length, verify_ms: ms }, plain, 2));
    return;
  }
  console.log(reason === null ? 'valid' : `NOT VALID: ${reason}`);
  console.log(`  module ${s.module}\n  ${s.entry}(${s.args.join(', ')}) = ${s.status} ${s.results.join(', ')}`);
  console.log(`  gas ${s.gasUsed} of ${s.gasMax}; context ${s.context}`);
  console.log(`  statement ${receipt.statementDigest}; ${receipt.proofs.length} proofs, ${ms.toFixed(0)} ms`);
}

function main(args) {
  const flags = new Set(args.filter((a) => a.startsWith('--')));
  const [receiptPath, termsPath, ...keyPaths] = args.filter((a) => !a.startsWith('--'));
  if (keyPaths.length === 0) {
    console.error('usage: verify.mjs RECEIPT TERMS KEY.avk... [--json] [--allow-test-keys]');
    return 2;
  }
  const receipt = readReceipt(Uint8Array.from(readFileSync(receiptPath)));
  const terms = readTerms(readFileSync(termsPath, 'utf8'));
  const keys = new Map(keyPaths.map((path) => {
    const key = readKey(Uint8Array.from(readFileSync(path)));
    return [key.digest, key];
  }));
  const start = performance.now();
  const reason = check(receipt, keys, terms, { allowTestKeys: flags.has('--allow-test-keys') });
  tell(receipt, reason, flags.has('--json'), performance.now() - start);
  return reason === null ? 0 : 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (e) {
  console.error(`verify-receipt: ${e.message}`);
  process.exitCode = 2;
}
