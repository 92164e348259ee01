#include "bn254/g2.h"

#include <string.h>

#include "bn254/constants.h"
#include "bn254/curve.h"
#include "bn254/wnaf.h"

const g2 g2_infinity = {{{FP_R}, {{0}}}, {{FP_R}, {{0}}}, {{{0}}, {{0}}}};
const g2_affine g2_generator = G2_GENERATOR;

static const fp2 g2_b = G2_B;

static void g2_mul_b3(fp2 *out, const fp2 *a)
{
    static const fp2 b3 = G2_B3;

    fp2_mul(out, a, &b3);
}

static void g2_coordinate_to_be(uint8_t out[64], const fp2 *a)
{
    fp_to_be(out, &a->c1);
    fp_to_be(out + 32, &a->c0);
}

static bool g2_coordinate_from_be(fp2 *out, const uint8_t b[64])
{
    return fp_from_be(&out->c1, b) && fp_from_be(&out->c0, b + 32);
}

#define FELEM              fp2
#define F(name)            fp2_##name
#define POINT              g2
#define AFFINE             g2_affine
#define G(name)            g2_##name
#define MUL_B3             g2_mul_b3
#define FIELD_SQRT         fp2_sqrt_var
#define CURVE_B            g2_b
#define COORDINATE_TO_BE   g2_coordinate_to_be
#define COORDINATE_FROM_BE g2_coordinate_from_be
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

/* (x, y) -> (conj(x) xi^((p-1)/3), conj(y) xi^((p-1)/2)) */
void g2_affine_psi(g2_affine *out, const g2_affine *a)
{
    static const fp2 cx = FROB1_2, cy = FROB1_3;
    fp2 t;

    fp2_conj(&t, &a->x);
    fp2_mul(&out->x, &t, &cx);
    fp2_conj(&t, &a->y);
    fp2_mul(&out->y, &t, &cy);
}

/* [x+1] Q + psi([x] Q) + psi^2([x] Q) = psi^3([2x] Q), x the parameter of the curve (Dai,
 * Lin, Zhao, Zhou 2022, eprint 2022/348, section 5.1).  psi satisfies psi^2 - t psi + p = 0
 * on the whole twist; the resultant of that and the relation is divisible by r once and
 * otherwise prime to the cofactor 2p - r, so only the subgroup of order r satisfies it. */
bool g2_affine_in_subgroup(const g2_affine *a)
{
    static const fr_bits k = {{BN254_X, 0, 0, 0}};
    g2_affine xq, t;
    g2 lhs, rhs;

    g2_mul_var(&rhs, a, &k);
    g2_to_affine(&xq, &rhs);
    g2_add_affine(&lhs, &rhs, a);
    g2_affine_psi(&t, &xq);
    g2_add_affine(&lhs, &lhs, &t);
    g2_affine_psi(&t, &t);
    g2_add_affine(&lhs, &lhs, &t);
    g2_affine_psi(&t, &t);
    g2_from_affine(&rhs, &t);
    g2_dbl(&rhs, &rhs);
    return g2_eq(&lhs, &rhs);
}

bool g2_affine_is_valid(const g2_affine *a)
{
    return g2_affine_is_on_curve(a) && g2_affine_in_subgroup(a);
}
