#include "bn254/invert.h"

#include "bn254/mont.h"

enum { STEPS = 31, ROUNDS = 17 }; /* 17 * 31 = 527 >= 2 * 254 - 1 */

typedef __int128 i128;

/* What STEPS inner steps do to (a, b): a' = (f0 a + g0 b) / 2^31, b' = (f1 a + g1 b) / 2^31. */
struct factors {
    int64_t f0, g0, f1, g1;
};

/* The 33 top bits (at the common bit length of a and b) over the 31 low bits. */
static void approximate(uint64_t *xa, uint64_t *xb, const uint64_t a[4], const uint64_t b[4])
{
    uint64_t a_hi = a[3], a_lo = a[2], b_hi = b[3], b_lo = b[2], short_mask;
    unsigned s;

    /* Slide down to the highest limb where either is non-zero, by masks. */
    for (int i = 2; i >= 1; i--) {
        short_mask = (uint64_t)0 - (uint64_t)((a_hi | b_hi) == 0);
        a_hi ^= short_mask & (a_hi ^ a_lo);
        b_hi ^= short_mask & (b_hi ^ b_lo);
        a_lo ^= short_mask & (a_lo ^ a[i - 1]);
        b_lo ^= short_mask & (b_lo ^ b[i - 1]);
    }
    /* Both below 2^64: the numbers themselves, not an approximation. */
    short_mask = (uint64_t)0 - (uint64_t)((a_hi | b_hi) == 0);
    s = (unsigned)__builtin_clzll(a_hi | b_hi | 1) & ~(unsigned)short_mask;
    a_hi = (a_hi << s) | (a_lo >> 1 >> (63 - s));
    b_hi = (b_hi << s) | (b_lo >> 1 >> (63 - s));
    *xa = (a_hi & ~0x7fffffffull) | (a[0] & 0x7fffffff);
    *xb = (b_hi & ~0x7fffffffull) | (b[0] & 0x7fffffff);
    *xa ^= short_mask & (*xa ^ a[0]);
    *xb ^= short_mask & (*xb ^ b[0]);
}

static struct factors inner_steps(uint64_t xa, uint64_t xb)
{
    struct factors r = {1, 0, 0, 1};

    for (int i = 0; i < STEPS; i++) {
        uint64_t odd = (uint64_t)0 - (xa & 1);
        uint64_t swap = odd & ((uint64_t)0 - (uint64_t)(xa < xb)), t;
        int64_t sodd = (int64_t)odd, sswap = (int64_t)swap, u;

        t = swap & (xa ^ xb), xa ^= t, xb ^= t;
        u = sswap & (r.f0 ^ r.f1), r.f0 ^= u, r.f1 ^= u;
        u = sswap & (r.g0 ^ r.g1), r.g0 ^= u, r.g1 ^= u;
        xa -= odd & xb;
        r.f0 -= sodd & r.f1;
        r.g0 -= sodd & r.g1;
        xa >>= 1;
        r.f1 *= 2;
        r.g1 *= 2;
    }
    return r;
}

/* out = (a f + b g) / 2^31 as a signed five-limb number whose top limb is returned;
 * the division is exact. */
static int64_t combine_exact(uint64_t out[4], const uint64_t a[4], const uint64_t b[4], int64_t f,
                             int64_t g)
{
    i128 carry = 0;
    uint64_t t[5];

    for (int i = 0; i < 4; i++) {
        /* a[i] f: unsigned by signed, at most 2^95 in size */
        carry += (i128)a[i] * f + (i128)b[i] * g;
        t[i] = (uint64_t)carry;
        carry >>= 64;
    }
    t[4] = (uint64_t)carry;
    for (int i = 0; i < 4; i++)
        out[i] = t[i] >> STEPS | t[i + 1] << (64 - STEPS);
    return (int64_t)t[4] >> STEPS;
}

static void negate_if(uint64_t a[4], uint64_t negative)
{
    uint64_t mask = (uint64_t)0 - negative, carry = negative;

    for (int i = 0; i < 4; i++)
        carry = mont_adc(&a[i], a[i] ^ mask, 0, carry);
}

/* out = (u f + v g) / 2^31 mod m: a multiple of m clears the low bits first.  |f| + |g|
 * <= 2^31, u, v < m, so the sum lies in (-m, m] after the division by 2^31 plus m. */
static void combine_mod(uint64_t out[4], const uint64_t u[4], const uint64_t v[4], int64_t f,
                        int64_t g, const uint64_t m[4], uint64_t ninv)
{
    uint64_t low = u[0] * (uint64_t)f + v[0] * (uint64_t)g;
    uint64_t q = (low * ninv) & 0x7fffffff, t[5], top;
    i128 carry = 0;

    for (int i = 0; i < 4; i++) {
        carry += (i128)u[i] * f + (i128)v[i] * g + (i128)m[i] * (int64_t)q;
        t[i] = (uint64_t)carry;
        carry >>= 64;
    }
    t[4] = (uint64_t)carry;
    for (int i = 0; i < 4; i++)
        out[i] = t[i] >> STEPS | t[i + 1] << (64 - STEPS);
    /* In (-m, 2m): add m when negative, then subtract when not below. */
    top = (uint64_t)0 - (t[4] >> 63);
    uint64_t back[4] = {m[0] & top, m[1] & top, m[2] & top, m[3] & top};
    mont_add4(out, out, back);
    mont_reduce_once(out, out, m);
}

/* Invariant: a = y u, b = y v (mod m), b odd; ends with a = 0, b = gcd = 1, v = 1/y. */
void invert_mod(uint64_t out[4], const uint64_t y[4], const uint64_t m[4], uint64_t ninv)
{
    uint64_t a[4], b[4], u[4] = {1, 0, 0, 0}, v[4] = {0, 0, 0, 0}, t[4];

    for (int i = 0; i < 4; i++)
        a[i] = y[i], b[i] = m[i];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t xa, xb, neg;
        struct factors r;

        approximate(&xa, &xb, a, b);
        r = inner_steps(xa, xb);
        neg = (uint64_t)combine_exact(t, a, b, r.f0, r.g0) >> 63;
        negate_if(t, neg);
        r.f0 = (r.f0 ^ -(int64_t)neg) + (int64_t)neg;
        r.g0 = (r.g0 ^ -(int64_t)neg) + (int64_t)neg;
        neg = (uint64_t)combine_exact(b, a, b, r.f1, r.g1) >> 63;
        negate_if(b, neg);
        r.f1 = (r.f1 ^ -(int64_t)neg) + (int64_t)neg;
        r.g1 = (r.g1 ^ -(int64_t)neg) + (int64_t)neg;
        for (int i = 0; i < 4; i++)
            a[i] = t[i];
        combine_mod(t, u, v, r.f0, r.g0, m, ninv);
        combine_mod(v, u, v, r.f1, r.g1, m, ninv);
        for (int i = 0; i < 4; i++)
            u[i] = t[i];
    }
    /* For y = 0 the loop ends with a = 0, b = m, v = 0. */
    for (int i = 0; i < 4; i++)
        out[i] = v[i];
}
