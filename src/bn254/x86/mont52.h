/* mont52.h - Montgomery arithmetic of eight lanes at once with AVX-512 IFMA; included by
 * the files compiled for that level only.
 *
 * A v52 is eight numbers in radix 2^52, limb i of all lanes in l[i].  Normalised means
 * limbs in [0, 2^52); vpmadd52 reads the low 52 bits only, so factors must be.  Values are
 * kept below small multiples of the modulus M; the comment at each function says which.
 * M is about 2^253.6, so 2^260 = 84.6 M.
 *
 * Multiplication, R = 2^260: all 50 half products go to ten columns; four reduction steps
 * add q km 2^52 - q with km 2^52 - 1 = k M = -1 mod 2^52, so that q is the column itself;
 * a last step with M brings the result below ab / (84.6 M) + k M / 2^52 + M, that is below
 * (ab / 84.6 + 1.13) M for a, b counted in M.  Columns are signed: sums and differences of
 * products can be reduced together. */
#ifndef BN254_X86_MONT52_H
#define BN254_X86_MONT52_H

#include <immintrin.h>
#include <stdint.h>

#define V52_INLINE static inline __attribute__((always_inline))

typedef struct {
    __m512i l[5];
} v52;

typedef struct {
    __m512i c[10];
} v52_wide;

/* The numbers of one modulus. */
struct m52 {
    uint64_t m[5], ninv, km[5];
    uint64_t m2[5]; /* 2 M, limbs not carried further than needed: normalised */
    uint64_t m4[5];
};

V52_INLINE __m512i v52_set1(uint64_t v)
{
    return _mm512_set1_epi64((long long)v);
}

V52_INLINE __m512i v52_lo(__m512i c, __m512i a, __m512i b)
{
    return _mm512_madd52lo_epu64(c, a, b);
}

V52_INLINE __m512i v52_hi(__m512i c, __m512i a, __m512i b)
{
    return _mm512_madd52hi_epu64(c, a, b);
}

#define V52_MASK 0xfffffffffffffull

/* Signed limbs below 2^62 in size, value in [0, 2^260): normalised. */
V52_INLINE void v52_carry(v52 *a)
{
    const __m512i mask = v52_set1(V52_MASK);

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        a->l[i + 1] = _mm512_add_epi64(a->l[i + 1], _mm512_srai_epi64(a->l[i], 52));
        a->l[i] = _mm512_and_si512(a->l[i], mask);
    }
}

/* Two sets of columns in step, so that the chains of one fill the gaps of the other. */
V52_INLINE void v52_prod2(v52_wide *p, const v52 *a, const v52 *b, v52_wide *q, const v52 *c,
                          const v52 *d)
{
    v52_wide s, t;

#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
        s.c[i] = t.c[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
        for (int j = 0; j < 5; j++) {
            s.c[i + j] = v52_lo(s.c[i + j], a->l[i], b->l[j]);
            t.c[i + j] = v52_lo(t.c[i + j], c->l[i], d->l[j]);
        }
#pragma GCC unroll 5
        for (int j = 0; j < 5; j++) {
            s.c[i + j + 1] = v52_hi(s.c[i + j + 1], a->l[i], b->l[j]);
            t.c[i + j + 1] = v52_hi(t.c[i + j + 1], c->l[i], d->l[j]);
        }
    }
    *p = s;
    *q = t;
}

V52_INLINE void v52_add_prod(v52_wide *p, const v52 *a, const v52 *b)
{
    v52_wide s = *p;

#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
        for (int j = 0; j < 5; j++)
            s.c[i + j] = v52_lo(s.c[i + j], a->l[i], b->l[j]);
#pragma GCC unroll 5
        for (int j = 0; j < 5; j++)
            s.c[i + j + 1] = v52_hi(s.c[i + j + 1], a->l[i], b->l[j]);
    }
    *p = s;
}

V52_INLINE void v52_prod(v52_wide *p, const v52 *a, const v52 *b)
{
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
        p->c[i] = _mm512_setzero_si512();
    v52_add_prod(p, a, b);
}

/* Cross products once, doubled, and the squares: 30 instead of 50. */
V52_INLINE void v52_square2(v52_wide *p, const v52 *a, v52_wide *q, const v52 *c)
{
    v52_wide s, t;

#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
        s.c[i] = t.c[i] = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
#pragma GCC unroll 4
        for (int j = i + 1; j < 5; j++) {
            s.c[i + j] = v52_lo(s.c[i + j], a->l[i], a->l[j]);
            t.c[i + j] = v52_lo(t.c[i + j], c->l[i], c->l[j]);
            s.c[i + j + 1] = v52_hi(s.c[i + j + 1], a->l[i], a->l[j]);
            t.c[i + j + 1] = v52_hi(t.c[i + j + 1], c->l[i], c->l[j]);
        }
    }
#pragma GCC unroll 10
    for (int i = 1; i < 9; i++) {
        s.c[i] = _mm512_add_epi64(s.c[i], s.c[i]);
        t.c[i] = _mm512_add_epi64(t.c[i], t.c[i]);
    }
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        s.c[2 * i] = v52_lo(s.c[2 * i], a->l[i], a->l[i]);
        t.c[2 * i] = v52_lo(t.c[2 * i], c->l[i], c->l[i]);
        s.c[2 * i + 1] = v52_hi(s.c[2 * i + 1], a->l[i], a->l[i]);
        t.c[2 * i + 1] = v52_hi(t.c[2 * i + 1], c->l[i], c->l[i]);
    }
    *p = s;
    *q = t;
}

/* Columns 5 to 9 become the columns / 2^260 mod M, limbs not carried. */
V52_INLINE void v52_clear_low2(v52_wide *p, v52_wide *q, const struct m52 *k)
{
    const __m512i mask = v52_set1(V52_MASK), zero = _mm512_setzero_si512();
    __m512i *s = p->c, *t = q->c, x, y;

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        x = _mm512_and_si512(s[i], mask);
        y = _mm512_and_si512(t[i], mask);
        s[i + 1] = _mm512_add_epi64(s[i + 1], _mm512_srai_epi64(s[i], 52));
        t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srai_epi64(t[i], 52));
#pragma GCC unroll 5
        for (int j = 0; j < 5; j++) {
            s[i + 1 + j] = v52_lo(s[i + 1 + j], x, v52_set1(k->km[j]));
            t[i + 1 + j] = v52_lo(t[i + 1 + j], y, v52_set1(k->km[j]));
        }
#pragma GCC unroll 5
        for (int j = 0; j < 5; j++) {
            s[i + 2 + j] = v52_hi(s[i + 2 + j], x, v52_set1(k->km[j]));
            t[i + 2 + j] = v52_hi(t[i + 2 + j], y, v52_set1(k->km[j]));
        }
    }
    x = v52_lo(zero, s[4], v52_set1(k->ninv));
    y = v52_lo(zero, t[4], v52_set1(k->ninv));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
        s[4 + j] = v52_lo(s[4 + j], x, v52_set1(k->m[j]));
        t[4 + j] = v52_lo(t[4 + j], y, v52_set1(k->m[j]));
    }
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
        s[5 + j] = v52_hi(s[5 + j], x, v52_set1(k->m[j]));
        t[5 + j] = v52_hi(t[5 + j], y, v52_set1(k->m[j]));
    }
    s[5] = _mm512_add_epi64(s[5], _mm512_srai_epi64(s[4], 52));
    t[5] = _mm512_add_epi64(t[5], _mm512_srai_epi64(t[4], 52));
}

/* out = columns / 2^260 mod M, normalised.  The value of the columns must be >= 0. */
V52_INLINE void v52_reduce2(v52 *out, v52_wide *p, v52 *out2, v52_wide *q, const struct m52 *k)
{
    const __m512i mask = v52_set1(V52_MASK);
    __m512i *s = p->c, *t = q->c;

    v52_clear_low2(p, q, k);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        s[6 + i] = _mm512_add_epi64(s[6 + i], _mm512_srai_epi64(s[5 + i], 52));
        t[6 + i] = _mm512_add_epi64(t[6 + i], _mm512_srai_epi64(t[5 + i], 52));
        out->l[i] = _mm512_and_si512(s[5 + i], mask);
        out2->l[i] = _mm512_and_si512(t[5 + i], mask);
    }
    out->l[4] = s[9];
    out2->l[4] = t[9];
}

/* o = a b / 2^260, o2 = c d / 2^260. */
V52_INLINE void v52_mul2(v52 *o, const v52 *a, const v52 *b, v52 *o2, const v52 *c, const v52 *d,
                         const struct m52 *k)
{
    v52_wide p, q;

    v52_prod2(&p, a, b, &q, c, d);
    v52_reduce2(o, &p, o2, &q, k);
}

V52_INLINE void v52_sqr2(v52 *o, const v52 *a, v52 *o2, const v52 *c, const struct m52 *k)
{
    v52_wide p, q;

    v52_square2(&p, a, &q, c);
    v52_reduce2(o, &p, o2, &q, k);
}

/* ---- between rows of four 64-bit words and radix 2^52 ---- */

/* w[j] = word j of eight rows, row i in lane i. */
V52_INLINE void v52_gather(__m512i w[4], const char *const row[8], size_t offset)
{
#define V52_ROWS(i, j)                                                                             \
    _mm512_inserti64x4(                                                                            \
        _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(row[i] + offset))),            \
        _mm256_loadu_si256((const __m256i *)(row[j] + offset)), 1)
    __m512i z0 = V52_ROWS(0, 2), z1 = V52_ROWS(1, 3), z2 = V52_ROWS(4, 6), z3 = V52_ROWS(5, 7);
    __m512i a = _mm512_unpacklo_epi64(z0, z1), b = _mm512_unpacklo_epi64(z2, z3);
    __m512i c = _mm512_unpackhi_epi64(z0, z1), d = _mm512_unpackhi_epi64(z2, z3);

    w[0] = _mm512_shuffle_i64x2(a, b, 0x88);
    w[1] = _mm512_shuffle_i64x2(c, d, 0x88);
    w[2] = _mm512_shuffle_i64x2(a, b, 0xdd);
    w[3] = _mm512_shuffle_i64x2(c, d, 0xdd);
#undef V52_ROWS
}

V52_INLINE void v52_scatter(char *const row[8], size_t offset, const __m512i w[4])
{
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    __m512i p = _mm512_unpacklo_epi64(w[0], w[1]), q = _mm512_unpacklo_epi64(w[2], w[3]);
    __m512i r = _mm512_unpackhi_epi64(w[0], w[1]), s = _mm512_unpackhi_epi64(w[2], w[3]);
    __m512i z[4] = {_mm512_permutex2var_epi64(p, first, q), _mm512_permutex2var_epi64(r, first, s),
                    _mm512_permutex2var_epi64(p, second, q),
                    _mm512_permutex2var_epi64(r, second, s)};

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) { /* z[0]: rows 0 and 2, z[1]: 1 and 3, then 4 and 6, 5 and 7 */
        int lo = (i & 1) + (i & 2) * 2;

        _mm256_storeu_si256((__m256i *)(row[lo] + offset), _mm512_castsi512_si256(z[i]));
        _mm256_storeu_si256((__m256i *)(row[lo + 2] + offset), _mm512_extracti64x4_epi64(z[i], 1));
    }
}

V52_INLINE void v52_from_words(v52 *o, const __m512i w[4])
{
    const __m512i mask = v52_set1(V52_MASK);
#define V52_JOIN(lo, n, hi, m)                                                                     \
    _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(lo, n), _mm512_slli_epi64(hi, m)), mask)
    o->l[0] = _mm512_and_si512(w[0], mask);
    o->l[1] = V52_JOIN(w[0], 52, w[1], 12);
    o->l[2] = V52_JOIN(w[1], 40, w[2], 24);
    o->l[3] = V52_JOIN(w[2], 28, w[3], 36);
    o->l[4] = _mm512_srli_epi64(w[3], 16);
#undef V52_JOIN
}

/* Normalised and below 2^256. */
V52_INLINE void v52_to_words(__m512i w[4], const v52 *a)
{
#define V52_JOIN(lo, n, hi, m) _mm512_or_si512(_mm512_srli_epi64(lo, n), _mm512_slli_epi64(hi, m))
    w[0] = V52_JOIN(a->l[0], 0, a->l[1], 52);
    w[1] = V52_JOIN(a->l[1], 12, a->l[2], 40);
    w[2] = V52_JOIN(a->l[2], 24, a->l[3], 28);
    w[3] = V52_JOIN(a->l[3], 36, a->l[4], 16);
#undef V52_JOIN
}

/* ---- sums ---- */

V52_INLINE void v52_add_raw(v52 *o, const v52 *a, const v52 *b)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = _mm512_add_epi64(a->l[i], b->l[i]);
}

V52_INLINE void v52_sub_raw(v52 *o, const v52 *a, const v52 *b)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = _mm512_sub_epi64(a->l[i], b->l[i]);
}

V52_INLINE void v52_add_const(v52 *o, const uint64_t c[5])
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = _mm512_add_epi64(o->l[i], v52_set1(c[i]));
}

/* A multiple of M chosen by the top limb brings a small signed value into [0, 1.67 M) or
 * so: unit 2^shift of the top limb, table of eight multiples, one row of limbs each. */
struct m52_fold {
    uint64_t row[5][8];
    int64_t bias; /* added to the top limb, in its units */
};

V52_INLINE void v52_fold(v52 *a, const struct m52_fold *f, int shift)
{
    __m512i i = _mm512_srai_epi64(_mm512_add_epi64(a->l[4], _mm512_set1_epi64(f->bias)),
                                  (unsigned)shift);

#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        a->l[j] = _mm512_add_epi64(a->l[j],
                                   _mm512_permutexvar_epi64(i, _mm512_loadu_si512(f->row[j])));
    v52_carry(a);
}

#endif
