/* overread.c - see overread.h.  Formulas in the order of build_curve_jacobian_a0.js,
 * buildAddAffine; `raw` numbers are any 256 bits. */
#include "groth16/overread.h"

#include <stdbool.h>
#include <string.h>

typedef unsigned __int128 u128;

/* a += b or a -= b, returning the bit that leaves. */
static uint64_t add_limbs(uint64_t a[4], const uint64_t b[4])
{
    u128 c = 0;
    for (int i = 0; i < 4; i++) {
        c += (u128)a[i] + b[i];
        a[i] = (uint64_t)c;
        c >>= 64;
    }
    return (uint64_t)c;
}

static uint64_t sub_limbs(uint64_t a[4], const uint64_t b[4])
{
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        u128 d = (u128)a[i] - b[i] - borrow;
        a[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return borrow;
}

/* One subtraction of p, when the number left 256 bits or is not below p. */
static void correct(fp *a, uint64_t carry)
{
    if (carry || !fp_is_canonical(a))
        sub_limbs(a->l, fp_modulus);
}

static void raw_add(fp *out, const fp *a, const fp *b)
{
    fp r = *a;
    correct(&r, add_limbs(r.l, b->l));
    *out = r;
}

static void raw_sub(fp *out, const fp *a, const fp *b)
{
    fp r = *a;
    if (sub_limbs(r.l, b->l))
        add_limbs(r.l, fp_modulus);
    *out = r;
}

/* -1/p mod 2^64 by Newton's iteration: each step doubles the good bits, from 3. */
static uint64_t minus_p_inverse(void)
{
    uint64_t p = fp_modulus[0], x = p;
    for (int i = 0; i < 5; i++)
        x *= 2 - p * x;
    return 0 - x;
}

/* Montgomery product a b / 2^256 with one correction. */
static void raw_mul(fp *out, const fp *a, const fp *b)
{
    uint64_t t[9] = {0}, m0 = minus_p_inverse();

    for (int i = 0; i < 4; i++) {
        u128 c = 0;
        for (int j = 0; j < 4; j++) {
            c += (u128)a->l[i] * b->l[j] + t[i + j];
            t[i + j] = (uint64_t)c;
            c >>= 64;
        }
        t[i + 4] = (uint64_t)c;
    }
    for (int i = 0; i < 4; i++) {
        uint64_t m = t[i] * m0;
        u128 c = 0;
        for (int j = 0; j < 4; j++) {
            c += (u128)m * fp_modulus[j] + t[i + j];
            t[i + j] = (uint64_t)c;
            c >>= 64;
        }
        for (int j = i + 4; j < 9; j++) {
            c += t[j];
            t[j] = (uint64_t)c;
            c >>= 64;
        }
    }
    memcpy(out->l, t + 4, sizeof out->l);
    correct(out, t[8]);
}

static void reduce(fp *a)
{
    while (!fp_is_canonical(a))
        sub_limbs(a->l, fp_modulus);
}

void overread_subtract(g1 *out, const g1_affine *bytes, const g1_affine *p)
{
    const fp *x1 = &bytes->x, *y1 = &bytes->y, *x2 = &p->x;
    fp y2, h, hh, i, j, r, r2, v, v2, dy, y1_j2, x3, y3;

    fp_neg(&y2, &p->y);
    raw_sub(&h, x2, x1);
    raw_sub(&dy, &y2, y1);
    raw_mul(&hh, &h, &h);
    raw_add(&i, &hh, &hh);
    raw_add(&i, &i, &i); /* 4 H^2 */
    raw_mul(&j, &h, &i);
    raw_add(&r, &dy, &dy);
    raw_mul(&v, x1, &i);
    raw_mul(&r2, &r, &r);
    raw_add(&v2, &v, &v);
    raw_sub(&x3, &r2, &j);
    raw_sub(&x3, &x3, &v2);
    raw_mul(&y1_j2, y1, &j);
    raw_add(&y1_j2, &y1_j2, &y1_j2);
    raw_sub(&y3, &v, &x3);
    raw_mul(&y3, &y3, &r);
    raw_sub(&y3, &y3, &y1_j2);
    raw_add(&out->z, &h, &h);
    out->x = x3;
    out->y = y3;
    reduce(&out->x); /* what follows there is right modulo p again */
    reduce(&out->y);
    reduce(&out->z);
}
