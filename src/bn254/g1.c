#include "bn254/g1.h"

#include <string.h>

#include "bn254/constants.h"
#include "bn254/wnaf.h"

const g1 g1_infinity = {{FP_R}, {FP_R}, {{0}}};
const g1_affine g1_generator = G1_GENERATOR;

static const fp curve_b = {G1_B};

/* 3 b = 9 */
static void mul_b3(fp *out, const fp *a)
{
    fp t;

    fp_dbl(&t, a);
    fp_dbl(&t, &t);
    fp_dbl(&t, &t);
    fp_add(out, &t, a);
}

static void coordinate_to_be(uint8_t out[32], const fp *a)
{
    fp_to_be(out, a);
}

static bool coordinate_from_be(fp *out, const uint8_t b[32])
{
    return fp_from_be(out, b);
}

#define FELEM      fp
#define F(name)    fp_##name
#define POINT      g1
#define AFFINE     g1_affine
#define G(name)    g1_##name
#define MUL_B3     mul_b3
#define FIELD_SQRT fp_sqrt
#include "bn254/curve.inc.h"
