#include "bn254/fp6.h"

#include "bn254/constants.h"

const fp6 fp6_zero = {{{{0}}, {{0}}}, {{{0}}, {{0}}}, {{{0}}, {{0}}}};
const fp6 fp6_one = {{{FP_R}, {{0}}}, {{{0}}, {{0}}}, {{{0}}, {{0}}}};

void fp6_add(fp6 *out, const fp6 *a, const fp6 *b)
{
    fp2_add(&out->c0, &a->c0, &b->c0);
    fp2_add(&out->c1, &a->c1, &b->c1);
    fp2_add(&out->c2, &a->c2, &b->c2);
}

void fp6_sub(fp6 *out, const fp6 *a, const fp6 *b)
{
    fp2_sub(&out->c0, &a->c0, &b->c0);
    fp2_sub(&out->c1, &a->c1, &b->c1);
    fp2_sub(&out->c2, &a->c2, &b->c2);
}

void fp6_neg(fp6 *out, const fp6 *a)
{
    fp2_neg(&out->c0, &a->c0);
    fp2_neg(&out->c1, &a->c1);
    fp2_neg(&out->c2, &a->c2);
}

/* (a_i + a_j)(b_i + b_j) - v_i - v_j = a_i b_j + a_j b_i */
static void cross(fp2 *out, const fp2 *ai, const fp2 *aj, const fp2 *bi, const fp2 *bj,
                  const fp2 *vi, const fp2 *vj)
{
    fp2 s, t;

    fp2_add(&s, ai, aj);
    fp2_add(&t, bi, bj);
    fp2_mul(&s, &s, &t);
    fp2_sub(&s, &s, vi);
    fp2_sub(out, &s, vj);
}

/* Devegili, O hEigeartaigh, Scott, Dahab 2006, section 4: six products.
 * c0 = v0 + xi (a1 b2 + a2 b1), c1 = a0 b1 + a1 b0 + xi v2, c2 = a0 b2 + a2 b0 + v1 */
void fp6_mul(fp6 *out, const fp6 *a, const fp6 *b)
{
    fp2 v0, v1, v2, c12, c01, c02;

    fp2_mul(&v0, &a->c0, &b->c0);
    fp2_mul(&v1, &a->c1, &b->c1);
    fp2_mul(&v2, &a->c2, &b->c2);
    cross(&c12, &a->c1, &a->c2, &b->c1, &b->c2, &v1, &v2);
    cross(&c01, &a->c0, &a->c1, &b->c0, &b->c1, &v0, &v1);
    cross(&c02, &a->c0, &a->c2, &b->c0, &b->c2, &v0, &v2);
    fp2_mul_xi(&c12, &c12);
    fp2_add(&out->c0, &v0, &c12);
    fp2_mul_xi(&v2, &v2);
    fp2_add(&out->c1, &c01, &v2);
    fp2_add(&out->c2, &c02, &v1);
}

/* Chung and Hasan 2007, SQR2: s0 = a0^2, s1 = 2 a0 a1, s2 = (a0 - a1 + a2)^2,
 * s3 = 2 a1 a2, s4 = a2^2. */
void fp6_sqr(fp6 *out, const fp6 *a)
{
    fp2 s0, s1, s2, s3, s4;

    fp2_sqr(&s0, &a->c0);
    fp2_mul(&s1, &a->c0, &a->c1);
    fp2_dbl(&s1, &s1);
    fp2_sub(&s2, &a->c0, &a->c1);
    fp2_add(&s2, &s2, &a->c2);
    fp2_sqr(&s2, &s2);
    fp2_mul(&s3, &a->c1, &a->c2);
    fp2_dbl(&s3, &s3);
    fp2_sqr(&s4, &a->c2);
    /* c2 = s1 + s2 + s3 - s0 - s4, c0 = s0 + xi s3, c1 = s1 + xi s4 */
    fp2_add(&s2, &s2, &s1);
    fp2_add(&s2, &s2, &s3);
    fp2_sub(&s2, &s2, &s0);
    fp2_sub(&out->c2, &s2, &s4);
    fp2_mul_xi(&s3, &s3);
    fp2_add(&out->c0, &s0, &s3);
    fp2_mul_xi(&s4, &s4);
    fp2_add(&out->c1, &s1, &s4);
}

void fp6_mul_v(fp6 *out, const fp6 *a)
{
    fp2 t;

    fp2_mul_xi(&t, &a->c2);
    out->c2 = a->c1;
    out->c1 = a->c0;
    out->c0 = t;
}

/* t0 = a0^2 - xi a1 a2, t1 = xi a2^2 - a0 a1, t2 = a1^2 - a0 a2;
 * norm = a0 t0 + xi (a2 t1 + a1 t2); 1/a = (t0 + t1 v + t2 v^2) / norm */
void fp6_inv(fp6 *out, const fp6 *a)
{
    fp2 t0, t1, t2, n, u;

    fp2_sqr(&t0, &a->c0);
    fp2_mul(&u, &a->c1, &a->c2);
    fp2_mul_xi(&u, &u);
    fp2_sub(&t0, &t0, &u);
    fp2_sqr(&t1, &a->c2);
    fp2_mul_xi(&t1, &t1);
    fp2_mul(&u, &a->c0, &a->c1);
    fp2_sub(&t1, &t1, &u);
    fp2_sqr(&t2, &a->c1);
    fp2_mul(&u, &a->c0, &a->c2);
    fp2_sub(&t2, &t2, &u);
    fp2_mul(&n, &a->c2, &t1);
    fp2_mul(&u, &a->c1, &t2);
    fp2_add(&n, &n, &u);
    fp2_mul_xi(&n, &n);
    fp2_mul(&u, &a->c0, &t0);
    fp2_add(&n, &n, &u);
    fp2_inv(&n, &n);
    fp2_mul(&out->c0, &t0, &n);
    fp2_mul(&out->c1, &t1, &n);
    fp2_mul(&out->c2, &t2, &n);
}

bool fp6_is_zero(const fp6 *a)
{
    return (int)fp2_is_zero(&a->c0) & (int)fp2_is_zero(&a->c1) & (int)fp2_is_zero(&a->c2);
}

bool fp6_eq(const fp6 *a, const fp6 *b)
{
    return (int)fp2_eq(&a->c0, &b->c0) & (int)fp2_eq(&a->c1, &b->c1) & (int)fp2_eq(&a->c2, &b->c2);
}
