/* adx_fields.h - the field functions that change with the level, inlined; the others of
 * fp.h and fr.h (inversion, conversions) stay the plain ones.  After this header the
 * usual names mean these. */
#ifndef BN254_X86_ADX_FIELDS_H
#define BN254_X86_ADX_FIELDS_H

#include "bn254/constants.h"
#include "bn254/fp.h"
#include "bn254/fr.h"
#include "bn254/mont.h"
#include "bn254/x86/adx_mont.h"

static const uint64_t adx_p[4] = FP_MODULUS, adx_r[4] = FR_MODULUS;

/* Not inlined: a call is cheaper than fifty copies in a tower function. */
static __attribute__((noinline)) void adx_fp_mul_call(fp *out, const fp *a, const fp *b)
{
    adx_mont_mul(out->l, a->l, b->l, adx_p, FP_NINV);
}

static inline void adx_fp_mul(fp *out, const fp *a, const fp *b)
{
    adx_fp_mul_call(out, a, b);
}

static inline void adx_fp_sqr(fp *out, const fp *a)
{
    adx_fp_mul_call(out, a, a);
}

static inline void adx_fp_add(fp *out, const fp *a, const fp *b)
{
    adx_add(out->l, a->l, b->l, adx_p);
}

static inline void adx_fp_dbl(fp *out, const fp *a)
{
    adx_add(out->l, a->l, a->l, adx_p);
}

static inline void adx_fp_sub(fp *out, const fp *a, const fp *b)
{
    adx_sub(out->l, a->l, b->l, adx_p);
}

static inline void adx_fp_neg(fp *out, const fp *a)
{
    adx_sub(out->l, fp_zero.l, a->l, adx_p);
}

static inline void adx_fr_mul(fr *out, const fr *a, const fr *b)
{
    adx_mont_mul(out->l, a->l, b->l, adx_r, FR_NINV);
}

static inline void adx_fr_sqr(fr *out, const fr *a)
{
    adx_fr_mul(out, a, a);
}

static inline void adx_fr_add(fr *out, const fr *a, const fr *b)
{
    adx_add(out->l, a->l, b->l, adx_r);
}

static inline void adx_fr_sub(fr *out, const fr *a, const fr *b)
{
    adx_sub(out->l, a->l, b->l, adx_r);
}

static inline void adx_fr_neg(fr *out, const fr *a)
{
    adx_sub(out->l, fr_zero.l, a->l, adx_r);
}

static inline void adx_fr_half(fr *out, const fr *a)
{
    mont_half(out->l, a->l, adx_r);
}

static inline void adx_fr_to_bits(fr_bits *out, const fr *a)
{
    static const uint64_t one[4] = {1, 0, 0, 0};

    adx_mont_mul(out->l, a->l, one, adx_r, FR_NINV);
}

static inline bool adx_fr_from_bits(fr *out, const fr_bits *a)
{
    static const uint64_t r2[4] = FR_R2;

    adx_mont_mul(out->l, r2, a->l, adx_r, FR_NINV);
    return true;
}

#define fp_add       adx_fp_add
#define fp_dbl       adx_fp_dbl
#define fp_mul       adx_fp_mul
#define fp_neg       adx_fp_neg
#define fp_sqr       adx_fp_sqr
#define fp_sub       adx_fp_sub
#define fr_add       adx_fr_add
#define fr_from_bits adx_fr_from_bits
#define fr_half      adx_fr_half
#define fr_mul       adx_fr_mul
#define fr_neg       adx_fr_neg
#define fr_sqr       adx_fr_sqr
#define fr_sub       adx_fr_sub
#define fr_to_bits   adx_fr_to_bits

#endif
