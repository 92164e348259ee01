/* tower52.h - Fp, Fp2, Fp6 and Fp12 of eight lanes at once, over mont52.h; included by the
 * files of the IFMA level.
 *
 * Values are counted in p.  Tight means below 1.66, what a fold leaves; every element of
 * Fp6 and Fp12 is.  Sums that are not folded say how large they may be, for two limits:
 * a factor has 52-bit limbs, so it is carried and not negative, and the columns that a
 * reduction takes must stay between -279 and 518 p^2 (the folding one) or 0 and 40 p^2.
 * Products are summed as columns before they are reduced: three reductions for a product
 * in Fp6 coefficient by coefficient, where one in Fp2 alone would take two. */
#ifndef BN254_X86_TOWER52_H
#define BN254_X86_TOWER52_H

#include "bn254/constants.h"
#include "bn254/fp12.h"
#include "bn254/mont.h"
#include "bn254/x86/mont52.h"

#define V52_CALL static __attribute__((noinline, unused))

static const struct m52 mp = {FP_52, FP_52_NINV, FP_52_KM, FP_52_2M, FP_52_4M};

/* ---- Fp ---- */

/* Sixteen multiples of p, for values from -3.3 to 7.2. */
static const struct {
    uint64_t row[5][16];
    int64_t bias;
} fold_wide = FP_52_FOLD_WIDE;

enum { FOLD_WIDE_SHIFT = 253 - 208 };

/* Adds the multiple of p that makes a tight value of one whose top limb is top or so. */
V52_INLINE void fp52_add_multiple(v52 *a, __m512i top)
{
    __m512i i = _mm512_srai_epi64(_mm512_add_epi64(top, _mm512_set1_epi64(fold_wide.bias)),
                                  FOLD_WIDE_SHIFT);

#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        a->l[j] = _mm512_add_epi64(
            a->l[j], _mm512_permutex2var_epi64(_mm512_loadu_si512(fold_wide.row[j]), i,
                                               _mm512_loadu_si512(fold_wide.row[j] + 8)));
}

/* Limbs below 2^55 in size. */
V52_INLINE void fp52_fold(v52 *a)
{
    fp52_add_multiple(a, a->l[4]);
    v52_carry(a);
}

/* Columns from -279 to 518 p^2 to two tight values. */
V52_INLINE void fp52_reduce2(v52 *o, v52_wide *p, v52 *o2, v52_wide *q)
{
    v52_wide *w[2] = {p, q};
    v52 *out[2] = {o, o2};

    v52_clear_low2(p, q, &mp);
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        __m512i *c = w[i]->c + 5;
        __m512i top = _mm512_add_epi64(c[3], _mm512_srai_epi64(c[2], 52));
        v52 t = {{c[0], c[1], c[2], c[3], c[4]}};

        fp52_add_multiple(&t, _mm512_add_epi64(c[4], _mm512_srai_epi64(top, 52)));
        v52_carry(&t);
        *out[i] = t;
    }
}

V52_INLINE void fp52_set1(v52 *o, const uint64_t c[5])
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = v52_set1(c[i]);
}

/* a where lanes has a bit, else as it was. */
V52_INLINE void fp52_blend(v52 *o, const v52 *a, __mmask8 lanes)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = _mm512_mask_mov_epi64(o->l[i], lanes, a->l[i]);
}

/* Lanes where a normalised a is 0 or p. */
V52_INLINE __mmask8 fp52_zero_lanes(const v52 *a)
{
    __m512i zero = a->l[0], modulus = _mm512_xor_si512(a->l[0], v52_set1(mp.m[0]));

#pragma GCC unroll 4
    for (int i = 1; i < 5; i++) {
        zero = _mm512_or_si512(zero, a->l[i]);
        modulus = _mm512_or_si512(modulus, _mm512_xor_si512(a->l[i], v52_set1(mp.m[i])));
    }
    return _mm512_testn_epi64_mask(zero, zero) | _mm512_testn_epi64_mask(modulus, modulus);
}

/* Eight elements of memory, times a constant c 2^264: into R = 2^260, below 1.2. */
V52_INLINE void fp52_load2(v52 *o, v52 *o2, const char *const row[8], size_t offset, size_t offset2,
                           const uint64_t c[5], const uint64_t c2[5])
{
    __m512i w[4];
    v52 a, b, k, k2;

    v52_gather(w, row, offset);
    v52_from_words(&a, w);
    v52_gather(w, row, offset2);
    v52_from_words(&b, w);
    fp52_set1(&k, c);
    fp52_set1(&k2, c2);
    v52_mul2(o, &a, &k, o2, &b, &k2, &mp);
}

/* The fp of a value below 5.2 in one lane, R = 2^256 already. */
static inline void fp52_lane(fp *out, const v52 *a, unsigned lane)
{
    uint64_t l[5][8];
    fp t;

    for (int i = 0; i < 5; i++)
        _mm512_storeu_si512(l[i], a->l[i]);
    out->l[0] = l[0][lane] | l[1][lane] << 52;
    out->l[1] = l[1][lane] >> 12 | l[2][lane] << 40;
    out->l[2] = l[2][lane] >> 24 | l[3][lane] << 28;
    out->l[3] = l[3][lane] >> 36 | l[4][lane] << 16;
    while (mont_sub4(t.l, out->l, fp_modulus) == 0)
        *out = t;
}

/* ---- Fp2 ---- */

typedef struct {
    v52 c0, c1;
} vfp2;

typedef struct {
    v52_wide c0, c1;
} vfp2_wide;

/* Sums and differences; sub adds k[] = 2 p or so to stay above zero. */
V52_INLINE void vfp2_add(vfp2 *o, const vfp2 *a, const vfp2 *b)
{
    v52_add_raw(&o->c0, &a->c0, &b->c0);
    v52_add_raw(&o->c1, &a->c1, &b->c1);
    v52_carry(&o->c0);
    v52_carry(&o->c1);
}

V52_INLINE void vfp2_sub(vfp2 *o, const vfp2 *a, const vfp2 *b, const uint64_t k[5])
{
    v52_sub_raw(&o->c0, &a->c0, &b->c0);
    v52_sub_raw(&o->c1, &a->c1, &b->c1);
    v52_add_const(&o->c0, k);
    v52_add_const(&o->c1, k);
    v52_carry(&o->c0);
    v52_carry(&o->c1);
}

V52_INLINE void vfp2_times(vfp2 *o, const vfp2 *a, unsigned shift)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        o->c0.l[i] = _mm512_slli_epi64(a->c0.l[i], shift);
        o->c1.l[i] = _mm512_slli_epi64(a->c1.l[i], shift);
    }
    v52_carry(&o->c0);
    v52_carry(&o->c1);
}

V52_INLINE void vfp2_triple(vfp2 *o, const vfp2 *a)
{
    vfp2 t = *a;

    v52_add_raw(&o->c0, &t.c0, &t.c0);
    v52_add_raw(&o->c1, &t.c1, &t.c1);
    vfp2_add(o, o, &t);
}

/* Tight results from -3.3 to 7.2. */
V52_INLINE void vfp2_fold(vfp2 *o)
{
    fp52_fold(&o->c0);
    fp52_fold(&o->c1);
}

V52_INLINE void vfp2_blend(vfp2 *o, const vfp2 *a, __mmask8 lanes)
{
    fp52_blend(&o->c0, &a->c0, lanes);
    fp52_blend(&o->c1, &a->c1, lanes);
}

/* Karatsuba: c0 = a0 b0 - a1 b1, c1 = (a0 + a1)(b0 + b1) - a0 b0 - a1 b1. */
V52_INLINE void vfp2_columns(v52_wide *c0, v52_wide *c1, const vfp2 *a, const vfp2 *b)
{
    v52_wide v0, v1;
    v52 sa, sb;

    v52_prod2(&v0, &a->c0, &b->c0, &v1, &a->c1, &b->c1);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        c0->c[i] = _mm512_sub_epi64(v0.c[i], v1.c[i]);
        c1->c[i] = _mm512_sub_epi64(_mm512_setzero_si512(), _mm512_add_epi64(v0.c[i], v1.c[i]));
    }
    v52_add_raw(&sa, &a->c0, &a->c1);
    v52_add_raw(&sb, &b->c0, &b->c1);
    v52_carry(&sa);
    v52_carry(&sb);
    v52_add_prod(c1, &sa, &sb);
}

/* o = a b for |a| |b| up to 21 p^2 coefficient by coefficient: below 1.64.  p 2^258, which
 * adds p / 4 to the result, keeps the real part above zero. */
V52_CALL void vfp2_mul(vfp2 *o, const vfp2 *a, const vfp2 *b)
{
    static const uint64_t quarter_r[6] = FP_52_QUARTER_R;
    v52_wide c0, c1;

    vfp2_columns(&c0, &c1, a, b);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++)
        c0.c[i + 4] = _mm512_add_epi64(c0.c[i + 4], v52_set1(quarter_r[i]));
    v52_reduce2(&o->c0, &c0, &o->c1, &c1, &mp);
}

V52_CALL void vfp2_mul_wide(vfp2_wide *o, const vfp2 *a, const vfp2 *b)
{
    v52_wide c0, c1;

    vfp2_columns(&c0, &c1, a, b);
    o->c0 = c0;
    o->c1 = c1;
}

/* (a0 + a1)(a0 - a1 + k), 2 a0 a1 for a multiple k of p not below a1. */
V52_INLINE void vfp2_sqr_columns(v52_wide *c0, v52_wide *c1, const vfp2 *a, const uint64_t k[5])
{
    v52 s, d, t;

    v52_add_raw(&s, &a->c0, &a->c1);
    v52_carry(&s);
    v52_sub_raw(&d, &a->c0, &a->c1);
    v52_add_const(&d, k);
    v52_carry(&d);
    v52_add_raw(&t, &a->c0, &a->c0);
    v52_carry(&t);
    v52_prod2(c0, &s, &d, c1, &t, &a->c1);
}

/* a below 3.7: o below 1.8; a tight: o below 1.28. */
V52_CALL void vfp2_sqr(vfp2 *o, const vfp2 *a)
{
    v52_wide c0, c1;

    vfp2_sqr_columns(&c0, &c1, a, mp.m4);
    v52_reduce2(&o->c0, &c0, &o->c1, &c1, &mp);
}

V52_CALL void vfp2_sqr_wide(vfp2_wide *o, const vfp2 *a, const uint64_t k[5])
{
    v52_wide c0, c1;

    vfp2_sqr_columns(&c0, &c1, a, k);
    o->c0 = c0;
    o->c1 = c1;
}

/* a below 8, k tight: o below 1.3. */
V52_CALL void vfp2_mul_fp(vfp2 *o, const vfp2 *a, const v52 *k)
{
    v52_mul2(&o->c0, &a->c0, k, &o->c1, &a->c1, k, &mp);
}

V52_INLINE void vfp2_conj_tight(vfp2 *o, const vfp2 *a)
{
    o->c0 = a->c0;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->c1.l[i] = _mm512_sub_epi64(_mm512_setzero_si512(), a->c1.l[i]);
    fp52_fold(&o->c1);
}

/* ---- columns of Fp2 ---- */

V52_INLINE void wide_add(vfp2_wide *o, const vfp2_wide *a, const vfp2_wide *b)
{
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        o->c0.c[i] = _mm512_add_epi64(a->c0.c[i], b->c0.c[i]);
        o->c1.c[i] = _mm512_add_epi64(a->c1.c[i], b->c1.c[i]);
    }
}

V52_INLINE void wide_sub(vfp2_wide *o, const vfp2_wide *a, const vfp2_wide *b)
{
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        o->c0.c[i] = _mm512_sub_epi64(a->c0.c[i], b->c0.c[i]);
        o->c1.c[i] = _mm512_sub_epi64(a->c1.c[i], b->c1.c[i]);
    }
}

V52_INLINE __m512i times_9(__m512i a)
{
    return _mm512_add_epi64(_mm512_slli_epi64(a, 3), a);
}

/* o = a + xi b, xi = 9 + u. */
V52_INLINE void wide_add_xi(vfp2_wide *o, const vfp2_wide *a, const vfp2_wide *b)
{
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        __m512i b0 = b->c0.c[i], b1 = b->c1.c[i];

        o->c0.c[i] = _mm512_add_epi64(a->c0.c[i], _mm512_sub_epi64(times_9(b0), b1));
        o->c1.c[i] = _mm512_add_epi64(a->c1.c[i], _mm512_add_epi64(times_9(b1), b0));
    }
}

V52_CALL void wide_reduce(vfp2 *o, const vfp2_wide *a)
{
    v52_wide c0 = a->c0, c1 = a->c1;

    fp52_reduce2(&o->c0, &c0, &o->c1, &c1);
}

/* ---- Fp6 and Fp12 ---- */

typedef struct {
    vfp2 c0, c1, c2;
} vfp6;

typedef struct {
    vfp2_wide c0, c1, c2;
} vfp6_wide;

typedef struct {
    vfp6 c0, c1;
} vfp12;

/* (ai + aj)(bi + bj) */
V52_INLINE void mul_sums(vfp2_wide *o, const vfp2 *ai, const vfp2 *aj, const vfp2 *bi,
                         const vfp2 *bj)
{
    vfp2 s, t;

    vfp2_add(&s, ai, aj);
    vfp2_add(&t, bi, bj);
    vfp2_mul_wide(o, &s, &t);
}

/* Six products, as fp6_mul. */
V52_CALL void vfp6_mul_wide(vfp6_wide *o, const vfp6 *a, const vfp6 *b)
{
    vfp2_wide v0, v1, v2, t;

    vfp2_mul_wide(&v0, &a->c0, &b->c0);
    vfp2_mul_wide(&v1, &a->c1, &b->c1);
    vfp2_mul_wide(&v2, &a->c2, &b->c2);
    mul_sums(&t, &a->c1, &a->c2, &b->c1, &b->c2);
    wide_sub(&t, &t, &v1);
    wide_sub(&t, &t, &v2);
    wide_add_xi(&o->c0, &v0, &t);
    mul_sums(&t, &a->c0, &a->c1, &b->c0, &b->c1);
    wide_sub(&t, &t, &v0);
    wide_sub(&t, &t, &v1);
    wide_add_xi(&o->c1, &t, &v2);
    mul_sums(&t, &a->c0, &a->c2, &b->c0, &b->c2);
    wide_sub(&t, &t, &v0);
    wide_sub(&t, &t, &v2);
    wide_add(&o->c2, &t, &v1);
}

/* Times b0 + b1 v: five products, as fp6_mul_01. */
V52_CALL void vfp6_mul_01_wide(vfp6_wide *o, const vfp6 *a, const vfp2 *b0, const vfp2 *b1)
{
    vfp2_wide v0, v1, t;
    vfp2 s;

    vfp2_mul_wide(&v0, &a->c0, b0);
    vfp2_mul_wide(&v1, &a->c1, b1);
    vfp2_add(&s, &a->c1, &a->c2);
    vfp2_mul_wide(&t, &s, b1);
    wide_sub(&t, &t, &v1);
    wide_add_xi(&o->c0, &v0, &t);
    mul_sums(&t, &a->c0, &a->c1, b0, b1);
    wide_sub(&t, &t, &v0);
    wide_sub(&o->c1, &t, &v1);
    vfp2_add(&s, &a->c0, &a->c2);
    vfp2_mul_wide(&t, &s, b0);
    wide_sub(&t, &t, &v0);
    wide_add(&o->c2, &t, &v1);
}

V52_INLINE void vfp6_add_tight(vfp6 *o, const vfp6 *a, const vfp6 *b)
{
    vfp2_add(&o->c0, &a->c0, &b->c0);
    vfp2_add(&o->c1, &a->c1, &b->c1);
    vfp2_add(&o->c2, &a->c2, &b->c2);
    vfp2_fold(&o->c0);
    vfp2_fold(&o->c1);
    vfp2_fold(&o->c2);
}

/* o = a + v b */
V52_INLINE void wide6_add_v(vfp6_wide *o, const vfp6_wide *a, const vfp6_wide *b)
{
    wide_add_xi(&o->c0, &a->c0, &b->c2);
    wide_add(&o->c1, &a->c1, &b->c0);
    wide_add(&o->c2, &a->c2, &b->c1);
}

V52_INLINE void wide6_sub(vfp6_wide *o, const vfp6_wide *a, const vfp6_wide *b)
{
    wide_sub(&o->c0, &a->c0, &b->c0);
    wide_sub(&o->c1, &a->c1, &b->c1);
    wide_sub(&o->c2, &a->c2, &b->c2);
}

V52_INLINE void wide6_reduce(vfp6 *o, const vfp6_wide *a)
{
    wide_reduce(&o->c0, &a->c0);
    wide_reduce(&o->c1, &a->c1);
    wide_reduce(&o->c2, &a->c2);
}

/* Karatsuba over Fp6, as fp12_mul. */
V52_CALL void vfp12_mul(vfp12 *o, const vfp12 *a, const vfp12 *b)
{
    vfp6_wide v0, v1, t, u;
    vfp6 sa, sb;

    vfp6_add_tight(&sa, &a->c0, &a->c1);
    vfp6_add_tight(&sb, &b->c0, &b->c1);
    vfp6_mul_wide(&v0, &a->c0, &b->c0);
    vfp6_mul_wide(&v1, &a->c1, &b->c1);
    vfp6_mul_wide(&t, &sa, &sb);
    wide6_add_v(&u, &v0, &v1);
    wide6_reduce(&o->c0, &u);
    wide6_sub(&t, &t, &v0);
    wide6_sub(&t, &t, &v1);
    wide6_reduce(&o->c1, &t);
}

#endif
