#include "bn254/g1.h"

#include <string.h>

#include "bn254/constants.h"
#include "bn254/curve.h"
#include "bn254/wnaf.h"

const g1 g1_infinity = {{FP_R}, {FP_R}, {{0}}};
const g1_affine g1_generator = G1_GENERATOR;

static const fp g1_b = {G1_B};

/* 3 b = 9 */
static void g1_mul_b3(fp *out, const fp *a)
{
    fp t;

    fp_dbl(&t, a);
    fp_dbl(&t, &t);
    fp_dbl(&t, &t);
    fp_add(out, &t, a);
}

static void g1_coordinate_to_be(uint8_t out[32], const fp *a)
{
    fp_to_be(out, a);
}

static bool g1_coordinate_from_be(fp *out, const uint8_t b[32])
{
    return fp_from_be(out, b);
}

#define FELEM              fp
#define F(name)            fp_##name
#define POINT              g1
#define AFFINE             g1_affine
#define G(name)            g1_##name
#define MUL_B3             g1_mul_b3
#define FIELD_SQRT         fp_sqrt
#define CURVE_B            g1_b
#define COORDINATE_TO_BE   g1_coordinate_to_be
#define COORDINATE_FROM_BE g1_coordinate_from_be
#include "bn254/curve.inc.h"
#undef FELEM
#undef F
#undef POINT
#undef AFFINE
#undef G
#undef MUL_B3
#undef FIELD_SQRT
#undef CURVE_B
#undef COORDINATE_TO_BE
#undef COORDINATE_FROM_BE

enum { STRAUS_POINTS = 8 }; /* whose doublings are shared; tables of eight on the stack */

/* Straus over signed digits. */
static void straus(g1 *out, const g1_affine a[], const fr_bits k[], size_t n)
{
    int8_t digit[STRAUS_POINTS][257];
    int len[STRAUS_POINTS], longest = 0;
    g1 odd[STRAUS_POINTS][8], twice, t; /* a, 3 a, ..., 15 a */

    for (size_t i = 0; i < n; i++) {
        len[i] = scalar_wnaf(digit[i], k[i].l);
        longest = len[i] > longest ? len[i] : longest;
        g1_from_affine(&odd[i][0], &a[i]);
        g1_dbl(&twice, &odd[i][0]);
        for (int j = 1; j < 8; j++)
            g1_add(&odd[i][j], &odd[i][j - 1], &twice);
    }
    *out = g1_infinity;
    for (int j = longest; j-- > 0;) {
        g1_dbl(out, out);
        for (size_t i = 0; i < n; i++) {
            int d = j < len[i] ? digit[i][j] : 0;

            if (d == 0)
                continue;
            t = odd[i][(d > 0 ? d : -d) / 2];
            if (d < 0)
                g1_neg(&t, &t);
            g1_add(out, out, &t);
        }
    }
}

void g1_mul_sum_c(g1 *out, const g1_affine a[], const fr_bits k[], size_t n)
{
    g1 sum = g1_infinity, part;

    for (size_t i = 0; i < n; i += STRAUS_POINTS) {
        straus(&part, a + i, k + i, n - i < STRAUS_POINTS ? n - i : STRAUS_POINTS);
        g1_add(&sum, &sum, &part);
    }
    *out = sum;
}

/* Pieces of many multiples, one by one, that share their inversion. */
static void mul_each(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n,
                     void (*mul)(g1 *out, const g1_affine *a, const fr_bits *k))
{
    enum { AT_ONCE = 32 };
    fp scratch[AT_ONCE];
    g1 t[AT_ONCE];

    for (size_t i = 0; i < n; i += AT_ONCE) {
        size_t m = n - i < AT_ONCE ? n - i : AT_ONCE;

        for (size_t j = 0; j < m; j++)
            mul(&t[j], &a[i + j], &k[i + j]);
        g1_to_affine_n(out + i, t, m, scratch);
    }
}

void g1_mul_n_c(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n)
{
    mul_each(out, a, k, n, g1_mul_c);
}

void g1_mul_n_var_c(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n)
{
    mul_each(out, a, k, n, g1_mul_var_c);
}
