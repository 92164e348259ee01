// bytes.mjs - a cursor over hostile bytes, and integers of both byte orders.

export class Malformed extends Error {}

export class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(n, what) {
    if (this.bytes.length - this.at < n) throw new Malformed(`${what}: cut short at byte ${this.at}`);
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
  u8(what) { return this.take(1, what)[0]; }
  u32(what) { return Number(le(this.take(4, what))); }
  u64(what) { return le(this.take(8, what)); }
  end(what) {
    if (this.at !== this.bytes.length) throw new Malformed(`${what}: ${this.bytes.length - this.at} bytes too many`);
  }
}

export function be(bytes) {
  let v = 0n;
  for (const b of bytes) v = (v << 8n) | BigInt(b);
  return v;
}

export function le(bytes) {
  return be(Uint8Array.from(bytes).reverse());
}

export function beBytes(v, n) {
  const out = new Uint8Array(n);
  for (let i = n - 1; i >= 0; i--, v >>= 8n) out[i] = Number(v & 255n);
  return out;
}

export function leBytes(v, n) {
  return beBytes(BigInt(v), n).reverse();
}

export function hex(bytes) {
  return Buffer.from(bytes).toString('hex');
}

export function concat(...parts) {
  return Uint8Array.from(Buffer.concat(parts.map((p) => Buffer.from(p))));
}
