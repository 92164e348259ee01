// inputs.mjs - writes NAME.json for every circuit, with circomlibjs where curve points are needed.
import { writeFileSync } from "fs";
import { buildEddsa, newMemEmptyTrie } from "circomlibjs";

const put = (name, v) =>
    writeFileSync(`${name}.json`, JSON.stringify(v, (_, x) => typeof x === "bigint" ? x.toString() : x));
const bits = (n, v) => Array.from({ length: n }, (_, i) => Number((BigInt(v) >> BigInt(i)) & 1n));

put("poseidon", { inputs: ["1", "0x2"] });
put("sha256", { in: bits(64, 0x0123456789abcdefn) });
put("comparators", { a: 41, b: "42" });
put("binary", { a: "18446744073709551615", b: "12345678901234567890" });
put("babyjub", { in: "1234567890123456789012345678901234567890" });
put("pedersen", { in: bits(64, 0xfeedfacecafebeefn) });
put("mimc", { ins: ["-1", 5], k: 0 });
put("mux", { c: Array.from({ length: 16 }, (_, i) => i * i), s: [1, 0, 1, 1] });
put("merkle", {
    leaf: 7, side: bits(20, 0xa5a5an),
    sibling: Array.from({ length: 20 }, (_, i) => `${1000003n ** BigInt(i + 1)}`),
});

const eddsa = await buildEddsa();
const F = eddsa.babyJub.F;
const msg = F.e(1234n);
const prv = Buffer.from("0001020304050607080900010203040506070809000102030405060708090001", "hex");
const pub = eddsa.prv2pub(prv), sig = eddsa.signPoseidon(prv, msg);
put("eddsa", {
    enabled: 1, Ax: F.toObject(pub[0]), Ay: F.toObject(pub[1]), S: sig.S,
    R8x: F.toObject(sig.R8[0]), R8y: F.toObject(sig.R8[1]), M: F.toObject(msg),
});

const tree = await newMemEmptyTrie();
for (const [k, v] of [[8, 88], [9, 99], [32, 3232]]) await tree.insert(tree.F.e(k), tree.F.e(v));
const found = await tree.find(tree.F.e(32));
const siblings = found.siblings.map((s) => tree.F.toObject(s));
while (siblings.length < 10) siblings.push(0n);
put("smt", {
    enabled: 1, fnc: 0, root: tree.F.toObject(tree.root), siblings, oldKey: 0, oldValue: 0, isOld0: 0,
    key: 32, value: 3232,
});
process.exit(0);
