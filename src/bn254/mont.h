/* mont.h - Montgomery arithmetic on four 64-bit limbs, inlined into fp.c, fr.c and the
 * kernels; the modulus m is a constant where it is used and folds into the code.
 *
 * Both moduli are below 2^254, so a sum of two elements never overflows the limbs and
 * the carry chain of the multiplication needs no fifth word (Acar's CIOS without the
 * last carry).  Everything is constant time; inputs are below m and so are outputs. */
#ifndef BN254_MONT_H
#define BN254_MONT_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 mont_u128;

/* out = a + b + carry, returns the carry. */
static inline uint64_t mont_adc(uint64_t *out, uint64_t a, uint64_t b, uint64_t carry)
{
    mont_u128 t = (mont_u128)a + b + carry;

    *out = (uint64_t)t;
    return (uint64_t)(t >> 64);
}

/* out = a - b - borrow, returns the borrow. */
static inline uint64_t mont_sbb(uint64_t *out, uint64_t a, uint64_t b, uint64_t borrow)
{
    mont_u128 t = (mont_u128)a - b - borrow;

    *out = (uint64_t)t;
    return (uint64_t)(t >> 64) & 1;
}

static inline uint64_t mont_sub4(uint64_t out[4], const uint64_t a[4], const uint64_t b[4])
{
    uint64_t borrow = mont_sbb(&out[0], a[0], b[0], 0);

    borrow = mont_sbb(&out[1], a[1], b[1], borrow);
    borrow = mont_sbb(&out[2], a[2], b[2], borrow);
    return mont_sbb(&out[3], a[3], b[3], borrow);
}

static inline uint64_t mont_add4(uint64_t out[4], const uint64_t a[4], const uint64_t b[4])
{
    uint64_t carry = mont_adc(&out[0], a[0], b[0], 0);

    carry = mont_adc(&out[1], a[1], b[1], carry);
    carry = mont_adc(&out[2], a[2], b[2], carry);
    return mont_adc(&out[3], a[3], b[3], carry);
}

/* out = take ? a : out, take in {0, 1}. */
static inline void mont_select(uint64_t out[4], const uint64_t a[4], uint64_t take)
{
    uint64_t mask = (uint64_t)0 - take;

    for (int i = 0; i < 4; i++)
        out[i] ^= mask & (out[i] ^ a[i]);
}

static inline bool mont_less(const uint64_t a[4], const uint64_t b[4])
{
    uint64_t t[4];

    return mont_sub4(t, a, b) != 0;
}

/* t < 2m to below m. */
static inline void mont_reduce_once(uint64_t out[4], const uint64_t t[4], const uint64_t m[4])
{
    uint64_t s[4], borrow = mont_sub4(s, t, m);

    for (int i = 0; i < 4; i++)
        out[i] = t[i];
    mont_select(out, s, 1 - borrow);
}

static inline void mont_add(uint64_t out[4], const uint64_t a[4], const uint64_t b[4],
                            const uint64_t m[4])
{
    uint64_t t[4];

    mont_add4(t, a, b);
    mont_reduce_once(out, t, m);
}

static inline void mont_sub(uint64_t out[4], const uint64_t a[4], const uint64_t b[4],
                            const uint64_t m[4])
{
    uint64_t t[4], mask = (uint64_t)0 - mont_sub4(t, a, b);
    uint64_t back[4] = {m[0] & mask, m[1] & mask, m[2] & mask, m[3] & mask};

    mont_add4(out, t, back);
}

static inline void mont_half(uint64_t out[4], const uint64_t a[4], const uint64_t m[4])
{
    uint64_t mask = (uint64_t)0 - (a[0] & 1), t[4];
    uint64_t odd[4] = {m[0] & mask, m[1] & mask, m[2] & mask, m[3] & mask};

    mont_add4(t, a, odd);
    out[0] = t[0] >> 1 | t[1] << 63;
    out[1] = t[1] >> 1 | t[2] << 63;
    out[2] = t[2] >> 1 | t[3] << 63;
    out[3] = t[3] >> 1;
}

/* out = a b / 2^256 mod m.  Row i adds b[i] a and the multiple of m that clears the
 * lowest limb, both carries folded into the top limb. */
static inline __attribute__((always_inline)) void mont_mul(uint64_t out[4], const uint64_t a[4],
                                                           const uint64_t b[4], const uint64_t m[4],
                                                           uint64_t ninv)
{
    uint64_t t[4] = {0, 0, 0, 0};

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        mont_u128 v = (mont_u128)a[0] * b[i] + t[0];
        uint64_t hi = (uint64_t)(v >> 64), lo = (uint64_t)v, q = lo * ninv;
        mont_u128 w = (mont_u128)q * m[0] + lo;
        uint64_t red = (uint64_t)(w >> 64);

#pragma GCC unroll 3
        for (int j = 1; j < 4; j++) {
            v = (mont_u128)a[j] * b[i] + t[j] + hi;
            hi = (uint64_t)(v >> 64);
            w = (mont_u128)q * m[j] + (uint64_t)v + red;
            t[j - 1] = (uint64_t)w;
            red = (uint64_t)(w >> 64);
        }
        t[3] = hi + red;
    }
    mont_reduce_once(out, t, m);
}

#endif
