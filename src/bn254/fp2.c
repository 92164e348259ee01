#include "bn254/fp2.h"

#include "bn254/constants.h"

const fp2 fp2_zero = {{{0}}, {{0}}};
const fp2 fp2_one = {{FP_R}, {{0}}};

void fp2_add(fp2 *out, const fp2 *a, const fp2 *b)
{
    fp_add(&out->c0, &a->c0, &b->c0);
    fp_add(&out->c1, &a->c1, &b->c1);
}

void fp2_sub(fp2 *out, const fp2 *a, const fp2 *b)
{
    fp_sub(&out->c0, &a->c0, &b->c0);
    fp_sub(&out->c1, &a->c1, &b->c1);
}

void fp2_neg(fp2 *out, const fp2 *a)
{
    fp_neg(&out->c0, &a->c0);
    fp_neg(&out->c1, &a->c1);
}

void fp2_dbl(fp2 *out, const fp2 *a)
{
    fp_dbl(&out->c0, &a->c0);
    fp_dbl(&out->c1, &a->c1);
}

void fp2_half(fp2 *out, const fp2 *a)
{
    fp_half(&out->c0, &a->c0);
    fp_half(&out->c1, &a->c1);
}

void fp2_conj(fp2 *out, const fp2 *a)
{
    out->c0 = a->c0;
    fp_neg(&out->c1, &a->c1);
}

/* Karatsuba: c1 = (a0 + a1)(b0 + b1) - a0 b0 - a1 b1, c0 = a0 b0 - a1 b1. */
void fp2_mul(fp2 *out, const fp2 *a, const fp2 *b)
{
    fp v0, v1, sa, sb;

    fp_add(&sa, &a->c0, &a->c1);
    fp_add(&sb, &b->c0, &b->c1);
    fp_mul(&v0, &a->c0, &b->c0);
    fp_mul(&v1, &a->c1, &b->c1);
    fp_mul(&sa, &sa, &sb);
    fp_sub(&sa, &sa, &v0);
    fp_sub(&out->c1, &sa, &v1);
    fp_sub(&out->c0, &v0, &v1);
}

void fp2_mul_fp(fp2 *out, const fp2 *a, const fp *b)
{
    fp t = *b;

    fp_mul(&out->c0, &a->c0, &t);
    fp_mul(&out->c1, &a->c1, &t);
}

/* (9 + u)(c0 + c1 u) = 9 c0 - c1 + (9 c1 + c0) u */
void fp2_mul_xi(fp2 *out, const fp2 *a)
{
    fp2 t;

    fp2_dbl(&t, a);
    fp2_dbl(&t, &t);
    fp2_dbl(&t, &t);
    fp2_add(&t, &t, a);
    fp_sub(&t.c0, &t.c0, &a->c1);
    fp_add(&out->c1, &t.c1, &a->c0);
    out->c0 = t.c0;
}

/* (a0 + a1)(a0 - a1) + 2 a0 a1 u */
void fp2_sqr(fp2 *out, const fp2 *a)
{
    fp s, d, m;

    fp_add(&s, &a->c0, &a->c1);
    fp_sub(&d, &a->c0, &a->c1);
    fp_mul(&m, &a->c0, &a->c1);
    fp_mul(&out->c0, &s, &d);
    fp_dbl(&out->c1, &m);
}

/* conj(a) / (a0^2 + a1^2) */
void fp2_inv(fp2 *out, const fp2 *a)
{
    fp n, t;

    fp_sqr(&n, &a->c0);
    fp_sqr(&t, &a->c1);
    fp_add(&n, &n, &t);
    fp_inv(&n, &n);
    fp_mul(&out->c0, &a->c0, &n);
    fp_neg(&n, &n);
    fp_mul(&out->c1, &a->c1, &n);
}

void fp2_inv_batch(fp2 a[], size_t n, fp2 scratch[])
{
    fp2 acc = fp2_one, t;

    for (size_t i = 0; i < n; i++) {
        scratch[i] = acc;
        if (!fp2_is_zero(&a[i]))
            fp2_mul(&acc, &acc, &a[i]);
    }
    fp2_inv(&acc, &acc);
    for (size_t i = n; i-- > 0;) {
        if (fp2_is_zero(&a[i]))
            continue;
        fp2_mul(&t, &acc, &scratch[i]);
        fp2_mul(&acc, &acc, &a[i]);
        a[i] = t;
    }
}

/* With n = sqrt(a0^2 + a1^2) in Fp: x0^2 = (a0 +- n) / 2 for one of the signs and
 * x1 = a1 / (2 x0); a1 = 0 leaves a root in Fp or u times one. */
static bool sqrt_of_fp(fp2 *out, const fp *a)
{
    fp neg;

    fp_neg(&neg, a);
    if (fp_sqrt(&out->c0, a)) {
        out->c1 = fp_zero;
        return true;
    }
    out->c0 = fp_zero;
    return fp_sqrt(&out->c1, &neg);
}

bool fp2_sqrt_var(fp2 *out, const fp2 *a)
{
    fp n, t;
    fp2 x, check;

    if (fp_is_zero(&a->c1))
        return sqrt_of_fp(out, &a->c0);
    fp_sqr(&n, &a->c0);
    fp_sqr(&t, &a->c1);
    fp_add(&n, &n, &t);
    if (!fp_sqrt(&n, &n))
        return false;
    fp_add(&t, &a->c0, &n);
    fp_half(&t, &t);
    if (!fp_sqrt(&x.c0, &t)) {
        fp_sub(&t, &a->c0, &n);
        fp_half(&t, &t);
        if (!fp_sqrt(&x.c0, &t))
            return false;
    }
    fp_dbl(&t, &x.c0);
    fp_inv(&t, &t);
    fp_mul(&x.c1, &a->c1, &t);
    fp2_sqr(&check, &x);
    if (!fp2_eq(&check, a))
        return false;
    *out = x;
    return true;
}

bool fp2_is_zero(const fp2 *a)
{
    return (int)fp_is_zero(&a->c0) & (int)fp_is_zero(&a->c1);
}

bool fp2_eq(const fp2 *a, const fp2 *b)
{
    return (int)fp_eq(&a->c0, &b->c0) & (int)fp_eq(&a->c1, &b->c1);
}

bool fp2_is_canonical(const fp2 *a)
{
    return (int)fp_is_canonical(&a->c0) & (int)fp_is_canonical(&a->c1);
}

void fp2_select(fp2 *out, const fp2 *a, uint64_t take)
{
    fp_select(&out->c0, &a->c0, take);
    fp_select(&out->c1, &a->c1, take);
}

bool fp2_is_large(const fp2 *a)
{
    return fp_is_zero(&a->c1) ? fp_is_large(&a->c0) : fp_is_large(&a->c1);
}
