#include "bn254/fp12.h"

#include "bn254/constants.h"

const fp12 fp12_one = {{{{FP_R}, {{0}}}, {{{0}}, {{0}}}, {{{0}}, {{0}}}},
                       {{{{0}}, {{0}}}, {{{0}}, {{0}}}, {{{0}}, {{0}}}}};

/* Karatsuba over Fp6 with w^2 = v. */
void fp12_mul(fp12 *out, const fp12 *a, const fp12 *b)
{
    fp6 v0, v1, s, t;

    fp6_mul(&v0, &a->c0, &b->c0);
    fp6_mul(&v1, &a->c1, &b->c1);
    fp6_add(&s, &a->c0, &a->c1);
    fp6_add(&t, &b->c0, &b->c1);
    fp6_mul(&s, &s, &t);
    fp6_sub(&s, &s, &v0);
    fp6_sub(&out->c1, &s, &v1);
    fp6_mul_v(&v1, &v1);
    fp6_add(&out->c0, &v0, &v1);
}

/* (c0 + c1)(c0 + v c1) = c0^2 + v c1^2 + (1 + v) c0 c1 */
void fp12_sqr(fp12 *out, const fp12 *a)
{
    fp6 s, t, m;

    fp6_mul(&m, &a->c0, &a->c1);
    fp6_add(&s, &a->c0, &a->c1);
    fp6_mul_v(&t, &a->c1);
    fp6_add(&t, &t, &a->c0);
    fp6_mul(&s, &s, &t);
    fp6_sub(&s, &s, &m);
    fp6_mul_v(&t, &m);
    fp6_sub(&out->c0, &s, &t);
    fp6_add(&out->c1, &m, &m);
}

void fp12_conj(fp12 *out, const fp12 *a)
{
    out->c0 = a->c0;
    fp6_neg(&out->c1, &a->c1);
}

/* (c0 - c1 w) / (c0^2 - v c1^2) */
void fp12_inv(fp12 *out, const fp12 *a)
{
    fp6 n, t;

    fp6_sqr(&n, &a->c0);
    fp6_sqr(&t, &a->c1);
    fp6_mul_v(&t, &t);
    fp6_sub(&n, &n, &t);
    fp6_inv(&n, &n);
    fp6_mul(&out->c0, &a->c0, &n);
    fp6_mul(&t, &a->c1, &n);
    fp6_neg(&out->c1, &t);
}

/* The coefficient of w^i is conjugated `power` times and multiplied by
 * xi^(i (p^power - 1) / 6); the even powers of w live in c0, the odd ones in c1. */
void fp12_frobenius(fp12 *out, const fp12 *a, unsigned power)
{
    static const fp2 one[5] = {FROB1_1, FROB1_2, FROB1_3, FROB1_4, FROB1_5};
    static const fp two[5] = {FROB2_1, FROB2_2, FROB2_3, FROB2_4, FROB2_5};
    static const fp2 three[5] = {FROB3_1, FROB3_2, FROB3_3, FROB3_4, FROB3_5};
    const fp2 *in[6] = {&a->c0.c0, &a->c1.c0, &a->c0.c1, &a->c1.c1, &a->c0.c2, &a->c1.c2};
    fp2 *to[6] = {&out->c0.c0, &out->c1.c0, &out->c0.c1, &out->c1.c1, &out->c0.c2, &out->c1.c2};

    for (int i = 0; i < 6; i++) {
        fp2 t = *in[i];

        if (power & 1)
            fp2_conj(&t, &t);
        if (i > 0 && power == 2)
            fp2_mul_fp(&t, &t, &two[i - 1]);
        else if (i > 0)
            fp2_mul(&t, &t, power == 1 ? &one[i - 1] : &three[i - 1]);
        *to[i] = t;
    }
}

void fp12_pow_var(fp12 *out, const fp12 *a, const uint64_t e[], size_t n_limbs)
{
    fp12 base = *a, acc = fp12_one;

    for (size_t i = 64 * n_limbs; i-- > 0;) {
        fp12_sqr(&acc, &acc);
        if (e[i / 64] >> (i % 64) & 1)
            fp12_mul(&acc, &acc, &base);
    }
    *out = acc;
}

bool fp12_eq(const fp12 *a, const fp12 *b)
{
    return (int)fp6_eq(&a->c0, &b->c0) & (int)fp6_eq(&a->c1, &b->c1);
}

bool fp12_is_one(const fp12 *a)
{
    return fp12_eq(a, &fp12_one);
}
