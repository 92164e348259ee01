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

void g1_mul_n_c(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n)
{
    enum { AT_ONCE = 32 };
    fp scratch[AT_ONCE];
    g1 t[AT_ONCE];

    for (size_t i = 0; i < n; i += AT_ONCE) {
        size_t m = n - i < AT_ONCE ? n - i : AT_ONCE;

        for (size_t j = 0; j < m; j++)
            g1_mul_var_c(&t[j], &a[i + j], &k[i + j]);
        g1_to_affine_n(out + i, t, m, scratch);
    }
}
