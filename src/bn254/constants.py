#!/usr/bin/env python3
"""Prints constants.h: every number of BN254 that the C code needs, derived from x."""

from math import gcd

x = 4965661367192848881
p = 36 * x**4 + 36 * x**3 + 24 * x**2 + 6 * x + 1
r = 36 * x**4 + 36 * x**3 + 18 * x**2 + 6 * x + 1
M64, M52 = 2**64 - 1, 2**52 - 1


def limbs(v, bits=64, n=4):
    return [(v >> (bits * i)) & (2**bits - 1) for i in range(n)]


def text(v, bits=64, n=4):
    return "{" + ", ".join("0x%xu" % l for l in limbs(v, bits, n)) + "}"


def mont(v, m=p):
    return text(v * 2**256 % m)


# Fp2 as pairs, enough for powers of xi.
def mul2(a, b):
    return ((a[0] * b[0] - a[1] * b[1]) % p, (a[0] * b[1] + a[1] * b[0]) % p)


def pow2(a, e):
    out = (1, 0)
    while e:
        if e & 1:
            out = mul2(out, a)
        a, e = mul2(a, a), e >> 1
    return out


def inv2(a):
    n = pow(a[0] * a[0] + a[1] * a[1], -1, p)
    return (a[0] * n % p, -a[1] * n % p)


def mont2(a):
    return "{{%s}, {%s}}" % (mont(a[0]), mont(a[1]))


def define(name, value, note=""):
    print("#define %s %s%s" % (name, value, "  /* %s */" % note if note else ""))


# v52_fold: index i stands for values from (i - low) 2^bits on; the multiple that makes
# the smallest of them, less a little for uncarried limbs, non-negative; as signed limbs.
# plus is what the table adds besides, for an argument that lacks it.
def fold(name, m, bits, low, plus=0, n=8):
    rows = []
    for i in range(n):
        least = (i - low) * 2**bits - 2**212
        t = -(least // m)
        v = t * m + plus
        sign = -1 if v < 0 else 1
        rows.append([sign * l for l in limbs(abs(v), 52, 5)])
    cols = ["{" + ", ".join("0x%xu" % (row[j] % 2**64) for row in rows) + "}" for j in range(5)]
    define(name, "{{%s}, %d}" % (", ".join(cols), (low << (bits - 208)) + (plus >> 208)))


def naf(v):
    out = []
    while v:
        d = 2 - v % 4 if v & 1 else 0
        out.append(d)
        v = (v - d) // 2
    return out


print("/* constants.h - the numbers of BN254; printed by constants.py, do not edit. */")
print("#ifndef BN254_CONSTANTS_H\n#define BN254_CONSTANTS_H\n")
print("/* clang-format off */")
print("/* x, the parameter of the curve; Fp and Fr; M: the modulus, R = 2^256. */")
define("BN254_X", "0x%xu" % x)
for name, m in (("FP", p), ("FR", r)):
    define(name + "_MODULUS", text(m))
    define(name + "_NINV", "0x%xu" % (-pow(m, -1, 2**64) & M64), "-1/M mod 2^64")
    define(name + "_R", text(2**256 % m))
    define(name + "_R2", text(2**512 % m))
    define(name + "_R3", text(2**768 % m))
    define(name + "_HALF_MODULUS", text((m - 1) // 2), "(M-1)/2")
    k = -pow(m, -1, 2**52) & M52
    print("/* Radix 2^52, R = 2^260: M; -1/M mod 2^52; (kM + 1) / 2^52 for kM = -1 mod 2^52. */")
    define(name + "_52", text(m, 52, 5))
    define(name + "_52_NINV", "0x%xu" % k)
    define(name + "_52_KM", text((k * m + 1) >> 52, 52, 5))
    define(name + "_52_R", text(2**260 % m, 52, 5))
    define(name + "_52_TO_64", text(2**256 % m, 52, 5), "times this: R 2^260 to R 2^256")
    define(name + "_52_FROM_64", text(2**264 % m, 52, 5), "times this: R 2^256 to R 2^260")
    define(name + "_52_2M", text(2 * m, 52, 5))
    define(name + "_52_4M", text(4 * m, 52, 5))
    define(name + "_52_QUARTER_R", text(m << 50, 52, 6), "M 2^258 in limbs 4 to 9")
define("FP_SQRT_EXP", text((p + 1) // 4), "(p+1)/4")
define("FP2_SQRT_EXP", text((p - 3) // 4), "(p-3)/4")
define("FR_ROOT_28", mont(pow(5, (r - 1) >> 28, r), r), "5^((r-1)/2^28)")
print("/* Tables of v52_fold: 2^253 and 2^254 are 0.66 M and 1.32 M. */")
fold("FP_52_FOLD_X", p, 253, 6, 2 * p)
fold("FP_52_FOLD_Y", p, 253, 5)
fold("FP_52_FOLD_WIDE", p, 253, 5, n=16)
for i in (5, 7, 32):
    define("FP_52_%dM" % i, text(i * p, 52, 5))
print("/* Quotient of v52_barrett: 2^266 / M; 2^260 - M; and multiples of r. */")
define("FR_52_RECIPROCAL", "0x%xu" % (2**266 // r))
define("FR_52_R516", text(2**516 % r, 52, 5))
define("FR_52_MINUS", text(2**260 - r, 52, 5))
for i in (2, 4, 7, 8, 13, 16):
    define("FR_52_%dM" % i, text(i * r, 52, 5)) if i not in (2, 4) else None
print("/* xi = 9 + u; twist coefficient 3/xi; powers of xi for Frobenius and psi. */")
xi = (9, 1)
b2 = mul2((3, 0), inv2(xi))
define("G1_B", mont(3))
define("G2_B", mont2(b2))
define("G2_B3", mont2(mul2((3, 0), b2)), "3 b")
for i in range(1, 6):
    define("FROB1_%d" % i, mont2(pow2(xi, i * (p - 1) // 6)), "xi^(%d(p-1)/6)" % i)
for i in range(1, 6):
    v = pow2(xi, i * (p * p - 1) // 6)
    assert v[1] == 0
    define("FROB2_%d" % i, "{%s}" % mont(v[0]), "xi^(%d(p^2-1)/6)" % i)
for i in range(1, 6):
    define("FROB3_%d" % i, mont2(pow2(xi, i * (p**3 - 1) // 6)), "xi^(%d(p^3-1)/6)" % i)
print("/* s with s^6 = 82/3: (x, y) -> (s^2 x, s^3 y) takes G2's curve to y^2 = x^3 + 9 - u. */")


# A root of order n = 2 or 3 of a, any; brute force over the n-torsion that Adleman, Manders
# and Miller's exponent leaves.
def root(a, n):
    q, e = p - 1, 0
    while q % n == 0:
        q, e = q // n, e + 1
    g = next(c for c in range(2, 99) if pow(c, (p - 1) // n, p) != 1)
    z, v = pow(g, q, p), pow(a, pow(n, -1, q), p)
    for _ in range(n**e):
        if pow(v, n, p) == a:
            return v
        v = v * z % p
    raise ValueError


def resultant(c):
    """Of c[0] + c[1] X + c[2] X^2 + c[3] X^3 and X^2 - t X + p, psi's polynomial."""
    t = 6 * x * x + 1
    a = c[1] + c[2] * t + c[3] * (t * t - p)
    b = c[0] - c[2] * p - c[3] * t * p
    return b * b + a * b * t + a * a * p


# The two relations that only points of order r of the twist satisfy: g2.c, pairing_c.c.
for relation in ([x + 1, x, x, -2 * x], [6 * x + 2, 1, -1, 1]):
    rest, remainder = divmod(resultant(relation), r)
    assert remainder == 0 and rest % r != 0 and gcd(rest, 2 * p - r) == 1
s = root(root(82 * pow(3, -1, p) % p, 3), 2)
assert 3 * pow(s, 6, p) % p == 82
define("TWIST_S2", "{%s}" % mont(s * s), "s^2")
define("TWIST_S3", "{%s}" % mont(s * s * s), "s^3")
print("/* Radix 2^52: those, from R 2^256 to R 2^260; and psi's factors xi^((p-1)/3), xi^((p-1)/2). */")
define("FP_52_TWIST_S2", text(2**264 * s * s % p, 52, 5))
define("FP_52_TWIST_S3", text(2**264 * s * s * s % p, 52, 5))
for name, e in (("X", 3), ("Y", 2)):
    v = pow2(xi, (p - 1) // e)
    define("FP_52_PSI_" + name, "{%s, %s}" % tuple(text(2**260 * c % p, 52, 5) for c in v))
print("/* Generators. */")
define("G1_GENERATOR", "{{%s}, {%s}}" % (mont(1), mont(2)))
gx = (10857046999023057135944570762232829481370756359578518086990519993285655852781,
      11559732032986387107991004021392285783925812861821192530917403151452391805634)
gy = (8495653923123431417604973247489272438418190587263600148770280649306958101930,
      4082367875863433681332203403145435568316851327593401208105741076214120093531)
lhs = mul2(gy, gy)
rhs = mul2(gx, mul2(gx, gx))
assert lhs == ((rhs[0] + b2[0]) % p, (rhs[1] + b2[1]) % p)
define("G2_GENERATOR", "{%s, %s}" % (mont2(gx), mont2(gy)))
print("/* Signed binary digits of 6x + 2, least significant first. */")
digits = naf(6 * x + 2)
define("ATE_LOOP_DIGITS", "{" + ", ".join(map(str, digits)) + "}")
define("ATE_LOOP_LEN", len(digits))
define("BN254_6X2", text(6 * x * x), "6 x^2, the eigenvalue of psi on G2")
print("/* clang-format on */\n\n#endif")
