/* The vector fields of the two groups: sixteen elements of Fp as two sets of eight lanes
 * worked on in step, and eight elements of Fp2 as their two coefficients. */
#include "bn254/x86/msm_ifma.h"

#include <stdbool.h>
#include <string.h>

#include "bn254/constants.h"
#include "bn254/g1.h"
#include "bn254/g2.h"
#include "bn254/x86/adx.h"
#include "bn254/x86/adx_mont.h"
#include "bn254/x86/mont52.h"

static const struct m52 mp = {FP_52, FP_52_NINV, FP_52_KM, FP_52_2M, FP_52_4M};
static const struct m52_fold fold_x = FP_52_FOLD_X, fold_y = FP_52_FOLD_Y;

enum { FOLD_SHIFT = 253 - 208 };

/* Words below 2^256 = 5.3 p to below p. */
static void words_canonical(fp *a)
{
    fp t;

    while (!fp_is_canonical(a)) {
        uint64_t borrow = 0;

        for (int i = 0; i < 4; i++) {
            unsigned __int128 d = (unsigned __int128)a->l[i] - fp_modulus[i] - borrow;

            t.l[i] = (uint64_t)d;
            borrow = (uint64_t)(d >> 64) & 1;
        }
        *a = t;
    }
}

V52_INLINE void load8(v52 *o, const char *const row[8], size_t offset)
{
    __m512i w[4];

    v52_gather(w, row, offset);
    v52_from_words(o, w);
}

V52_INLINE void store8(char *const row[8], size_t offset, const v52 *a)
{
    __m512i w[4];

    v52_to_words(w, a);
    v52_scatter(row, offset, w);
}

V52_INLINE uint32_t zero8(const v52 *a)
{
    __m512i t = _mm512_or_si512(_mm512_or_si512(a->l[0], a->l[1]),
                                _mm512_or_si512(a->l[2], _mm512_or_si512(a->l[3], a->l[4])));

    return _mm512_cmpeq_epi64_mask(t, _mm512_setzero_si512());
}

/* Perhaps p, 2 p or 3 p, by the lowest limb: exact for all that matters after a second look. */
V52_INLINE uint32_t maybe_multiple8(const v52 *a)
{
    return (uint32_t)(_mm512_cmpeq_epi64_mask(a->l[0], v52_set1(mp.m[0])) |
                      _mm512_cmpeq_epi64_mask(a->l[0], v52_set1(mp.m2[0])) |
                      _mm512_cmpeq_epi64_mask(a->l[0], v52_set1((mp.m[0] + mp.m2[0]) & V52_MASK)));
}

V52_INLINE void blend8(v52 *o, const v52 *a, __mmask8 lanes)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = _mm512_mask_mov_epi64(o->l[i], lanes, a->l[i]);
}

V52_INLINE void negate8(v52 *a, __mmask8 lanes)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        a->l[i] = _mm512_mask_sub_epi64(a->l[i], lanes, _mm512_setzero_si512(), a->l[i]);
}

V52_INLINE void sub8(v52 *o, const v52 *a, const v52 *b, const uint64_t plus[5])
{
    v52_sub_raw(o, a, b);
    v52_add_const(o, plus);
    v52_carry(o);
}

V52_INLINE void sub_times_4_8(v52 *o, const v52 *a, const v52 *b)
{
    v52_sub_raw(o, a, b);
    v52_add_const(o, mp.m2);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = _mm512_slli_epi64(o->l[i], 2);
    v52_carry(o);
}

/* s - a - b from d = b - a + 2 p, which is s - 2 a - d + 2 p; the table adds the 2 p. */
V52_INLINE void fold_x8(v52 *o, const v52 *s, const v52 *a, const v52 *d)
{
    v52_sub_raw(o, s, a);
    v52_sub_raw(o, o, a);
    v52_sub_raw(o, o, d);
    v52_fold(o, &fold_x, FOLD_SHIFT);
}

V52_INLINE void fold_y8(v52 *o, const v52 *m, const v52 *a)
{
    v52_sub_raw(o, m, a);
    v52_fold(o, &fold_y, FOLD_SHIFT);
}

static void set_lane8(v52 *o, unsigned lane, const fp *a)
{
    static const unsigned at[5] = {0, 52, 104, 156, 208};
    uint64_t limb[8];

    for (int i = 0; i < 5; i++) {
        unsigned word = at[i] / 64, shift = at[i] % 64;
        uint64_t v = a->l[word] >> shift;

        if (shift > 12 && word < 3)
            v |= a->l[word + 1] << (64 - shift);
        memcpy(limb, &o->l[i], sizeof limb);
        limb[lane] = v & V52_MASK;
        memcpy(&o->l[i], limb, sizeof limb);
    }
}

/* Pointers to n-byte rows from indices, eight at a time. */
V52_INLINE void rows8(void *out, const char *base, __m512i index, size_t row_bytes)
{
    __m512i at = _mm512_slli_epi64(index, (unsigned)__builtin_ctzll(row_bytes));

    _mm512_storeu_si512(out, _mm512_add_epi64(at, v52_set1((uint64_t)(uintptr_t)base)));
}

/* ---- Fp, 2 x 8 lanes ---- */

typedef struct {
    v52 v[2];
} vfp;

V52_INLINE void vfp_load(vfp *o, const char *const row[16], size_t offset)
{
    load8(&o->v[0], row, offset);
    load8(&o->v[1], row + 8, offset);
}

V52_INLINE void vfp_store(char *const row[16], size_t offset, const vfp *a)
{
    store8(row, offset, &a->v[0]);
    store8(row + 8, offset, &a->v[1]);
}

static __attribute__((noinline)) void vfp_mul(vfp *o, const vfp *a, const vfp *b)
{
    v52_mul2(&o->v[0], &a->v[0], &b->v[0], &o->v[1], &a->v[1], &b->v[1], &mp);
}

static __attribute__((noinline)) void vfp_sqr(vfp *o, const vfp *a)
{
    v52_sqr2(&o->v[0], &a->v[0], &o->v[1], &a->v[1], &mp);
}

V52_INLINE void vfp_sub(vfp *o, const vfp *a, const vfp *b)
{
    sub8(&o->v[0], &a->v[0], &b->v[0], mp.m2);
    sub8(&o->v[1], &a->v[1], &b->v[1], mp.m2);
}

V52_INLINE void vfp_sub4(vfp *o, const vfp *a, const vfp *b)
{
    sub8(&o->v[0], &a->v[0], &b->v[0], mp.m4);
    sub8(&o->v[1], &a->v[1], &b->v[1], mp.m4);
}

V52_INLINE void vfp_sub_times_4(vfp *o, const vfp *a, const vfp *b)
{
    sub_times_4_8(&o->v[0], &a->v[0], &b->v[0]);
    sub_times_4_8(&o->v[1], &a->v[1], &b->v[1]);
}

V52_INLINE void vfp_fold_x(vfp *o, const vfp *s, const vfp *a, const vfp *d)
{
    fold_x8(&o->v[0], &s->v[0], &a->v[0], &d->v[0]);
    fold_x8(&o->v[1], &s->v[1], &a->v[1], &d->v[1]);
}

V52_INLINE void vfp_fold_y(vfp *o, const vfp *m, const vfp *a)
{
    fold_y8(&o->v[0], &m->v[0], &a->v[0]);
    fold_y8(&o->v[1], &m->v[1], &a->v[1]);
}

V52_INLINE void vfp_zero(vfp *o)
{
    for (int i = 0; i < 5; i++)
        o->v[0].l[i] = o->v[1].l[i] = _mm512_setzero_si512();
}

V52_INLINE void vfp_two_p(vfp *o)
{
    for (int i = 0; i < 5; i++)
        o->v[0].l[i] = o->v[1].l[i] = v52_set1(mp.m2[i]);
}

V52_INLINE uint32_t vfp_zero_lanes(const vfp *a)
{
    return zero8(&a->v[0]) | zero8(&a->v[1]) << 8;
}

V52_INLINE uint32_t vfp_maybe_multiple_lanes(const vfp *a)
{
    return maybe_multiple8(&a->v[0]) | maybe_multiple8(&a->v[1]) << 8;
}

V52_INLINE void vfp_blend(vfp *o, const vfp *a, uint32_t lanes)
{
    blend8(&o->v[0], &a->v[0], (__mmask8)lanes);
    blend8(&o->v[1], &a->v[1], (__mmask8)(lanes >> 8));
}

V52_INLINE void vfp_negate_lanes(vfp *a, uint32_t lanes)
{
    negate8(&a->v[0], (__mmask8)lanes);
    negate8(&a->v[1], (__mmask8)(lanes >> 8));
}

static void vfp_set_lane(vfp *o, unsigned lane, const fp *a)
{
    set_lane8(&o->v[lane / 8], lane % 8, a);
}

static void vfp_canonical(fp *a)
{
    words_canonical(a);
}

/* The number 1: any start does, the same factor leaves again in vfp_invert. */
V52_INLINE void vfp_start(vfp *o)
{
    vfp_zero(o);
    o->v[0].l[0] = o->v[1].l[0] = v52_set1(1);
}

/* One row of words for each lane of the products, to be inverted one by one. */
static void lanes_to_words(fp out[8], const v52 *a)
{
    char *row[8];

    for (int i = 0; i < 8; i++)
        row[i] = (char *)&out[i];
    store8(row, 0, a);
    for (int i = 0; i < 8; i++)
        words_canonical(&out[i]);
}

static void words_to_lanes(v52 *o, const fp in[8])
{
    const char *row[8];

    for (int i = 0; i < 8; i++)
        row[i] = (const char *)&in[i];
    load8(o, row, 0);
}

static inline void mul_words(fp *out, const fp *a, const fp *b)
{
    adx_mont_mul(out->l, a->l, b->l, fp_modulus, FP_NINV);
}

/* 2^518 / a for each lane.  As an fp, the number a stands for a / 2^256; the inverse of
 * that has the limbs 2^512 / a, and 64 times it those of 2^518 / a. */
static void vfp_invert(vfp *a)
{
    fp t[16], prefix[16], acc = fp_one, factor, next;

    lanes_to_words(t, &a->v[0]);
    lanes_to_words(t + 8, &a->v[1]);
    for (int i = 0; i < 16; i++) {
        prefix[i] = acc;
        mul_words(&acc, &acc, &t[i]);
    }
    fp_from_u64(&factor, 64);
    fp_inv(&acc, &acc);
    mul_words(&acc, &acc, &factor);
    for (int i = 16; i-- > 0;) {
        mul_words(&next, &acc, &t[i]);
        mul_words(&t[i], &acc, &prefix[i]);
        acc = next;
    }
    words_to_lanes(&a->v[0], t);
    words_to_lanes(&a->v[1], t + 8);
}

#define VFE     vfp
#define V(name) vfp_##name
#define FELEM   fp
#define F(name) fp_##name
#define AFFINE  g1_affine
#define G(name) g1_##name
#define LANES   16
#include "bn254/x86/msm_ifma.inc.h"
#undef VFE
#undef V
#undef FELEM
#undef F
#undef AFFINE
#undef G
#undef LANES

/* ---- Fp2, 8 lanes ---- */

typedef struct {
    v52 c0, c1;
} vfp2;

V52_INLINE void vfp2_load(vfp2 *o, const char *const row[8], size_t offset)
{
    load8(&o->c0, row, offset);
    load8(&o->c1, row, offset + sizeof(fp));
}

V52_INLINE void vfp2_store(char *const row[8], size_t offset, const vfp2 *a)
{
    store8(row, offset, &a->c0);
    store8(row, offset + sizeof(fp), &a->c1);
}

/* Karatsuba on the columns, two reductions.  p 2^258 keeps a0 b0 - a1 b1 from going below
 * zero as long as a1 b1 < 21 p^2; it adds p / 4 to the result. */
static __attribute__((noinline)) void vfp2_mul(vfp2 *o, const vfp2 *a, const vfp2 *b)
{
    static const uint64_t quarter_r[6] = FP_52_QUARTER_R;
    v52_wide v0, v1, m;
    v52 sa, sb;

    v52_add_raw(&sa, &a->c0, &a->c1);
    v52_add_raw(&sb, &b->c0, &b->c1);
    v52_carry(&sa);
    v52_carry(&sb);
    v52_prod2(&v0, &a->c0, &b->c0, &v1, &a->c1, &b->c1);
    v52_prod(&m, &sa, &sb);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        m.c[i] = _mm512_sub_epi64(m.c[i], _mm512_add_epi64(v0.c[i], v1.c[i]));
        v0.c[i] = _mm512_sub_epi64(v0.c[i], v1.c[i]);
        if (i >= 4)
            v0.c[i] = _mm512_add_epi64(v0.c[i], v52_set1(quarter_r[i - 4]));
    }
    v52_reduce2(&o->c0, &v0, &o->c1, &m, &mp);
}

/* (a0 + a1)(a0 - a1), 2 a0 a1 */
static __attribute__((noinline)) void vfp2_sqr(vfp2 *o, const vfp2 *a)
{
    v52 s, d, t;

    v52_add_raw(&s, &a->c0, &a->c1);
    v52_carry(&s);
    sub8(&d, &a->c0, &a->c1, mp.m2);
    v52_add_raw(&t, &a->c0, &a->c0);
    v52_carry(&t);
    v52_mul2(&o->c0, &s, &d, &o->c1, &t, &a->c1, &mp);
}

V52_INLINE void vfp2_sub(vfp2 *o, const vfp2 *a, const vfp2 *b)
{
    sub8(&o->c0, &a->c0, &b->c0, mp.m2);
    sub8(&o->c1, &a->c1, &b->c1, mp.m2);
}

V52_INLINE void vfp2_sub4(vfp2 *o, const vfp2 *a, const vfp2 *b)
{
    sub8(&o->c0, &a->c0, &b->c0, mp.m4);
    sub8(&o->c1, &a->c1, &b->c1, mp.m4);
}

V52_INLINE void vfp2_sub_times_4(vfp2 *o, const vfp2 *a, const vfp2 *b)
{
    sub_times_4_8(&o->c0, &a->c0, &b->c0);
    sub_times_4_8(&o->c1, &a->c1, &b->c1);
}

V52_INLINE void vfp2_fold_x(vfp2 *o, const vfp2 *s, const vfp2 *a, const vfp2 *d)
{
    fold_x8(&o->c0, &s->c0, &a->c0, &d->c0);
    fold_x8(&o->c1, &s->c1, &a->c1, &d->c1);
}

V52_INLINE void vfp2_fold_y(vfp2 *o, const vfp2 *m, const vfp2 *a)
{
    fold_y8(&o->c0, &m->c0, &a->c0);
    fold_y8(&o->c1, &m->c1, &a->c1);
}

V52_INLINE void vfp2_zero(vfp2 *o)
{
    for (int i = 0; i < 5; i++)
        o->c0.l[i] = o->c1.l[i] = _mm512_setzero_si512();
}

V52_INLINE void vfp2_two_p(vfp2 *o)
{
    for (int i = 0; i < 5; i++)
        o->c0.l[i] = o->c1.l[i] = v52_set1(mp.m2[i]);
}

V52_INLINE uint32_t vfp2_zero_lanes(const vfp2 *a)
{
    return zero8(&a->c0) & zero8(&a->c1);
}

V52_INLINE uint32_t vfp2_maybe_multiple_lanes(const vfp2 *a)
{
    return maybe_multiple8(&a->c0) & maybe_multiple8(&a->c1);
}

V52_INLINE void vfp2_blend(vfp2 *o, const vfp2 *a, uint32_t lanes)
{
    blend8(&o->c0, &a->c0, (__mmask8)lanes);
    blend8(&o->c1, &a->c1, (__mmask8)lanes);
}

V52_INLINE void vfp2_negate_lanes(vfp2 *a, uint32_t lanes)
{
    negate8(&a->c0, (__mmask8)lanes);
    negate8(&a->c1, (__mmask8)lanes);
}

static void vfp2_set_lane(vfp2 *o, unsigned lane, const fp2 *a)
{
    set_lane8(&o->c0, lane, &a->c0);
    set_lane8(&o->c1, lane, &a->c1);
}

static void vfp2_canonical(fp2 *a)
{
    words_canonical(&a->c0);
    words_canonical(&a->c1);
}

V52_INLINE void vfp2_start(vfp2 *o)
{
    vfp2_zero(o);
    o->c0.l[0] = v52_set1(1);
}

static void vfp2_invert(vfp2 *a)
{
    fp c0[8], c1[8], factor;
    fp2 t[8], prefix[8], acc = fp2_one, next;

    lanes_to_words(c0, &a->c0);
    lanes_to_words(c1, &a->c1);
    for (int i = 0; i < 8; i++) {
        t[i].c0 = c0[i];
        t[i].c1 = c1[i];
        prefix[i] = acc;
        fp2_mul(&acc, &acc, &t[i]);
    }
    fp_from_u64(&factor, 64);
    fp2_inv(&acc, &acc);
    fp2_mul_fp(&acc, &acc, &factor);
    for (int i = 8; i-- > 0;) {
        fp2_mul(&next, &acc, &t[i]);
        fp2_mul(&t[i], &acc, &prefix[i]);
        c0[i] = t[i].c0;
        c1[i] = t[i].c1;
        acc = next;
    }
    words_to_lanes(&a->c0, c0);
    words_to_lanes(&a->c1, c1);
}

#define VFE     vfp2
#define V(name) vfp2_##name
#define FELEM   fp2
#define F(name) fp2_##name
#define AFFINE  g2_affine
#define G(name) g2_##name
#define LANES   8
#include "bn254/x86/msm_ifma.inc.h"
