#include "bn254/fp.h"

#include "bn254/constants.h"
#include "bn254/invert.h"
#include "bn254/mont.h"

#define FELEM   fp
#define F(name) fp_##name
#define MODULUS FP_MODULUS
#define NINV    FP_NINV
#define R1      FP_R
#define R2      FP_R2
#define R3      FP_R3
#include "bn254/field.inc.h"

/* p = 3 mod 4. */
bool fp_sqrt(fp *out, const fp *a)
{
    static const uint64_t e[4] = FP_SQRT_EXP;
    fp root, check;

    fp_pow(&root, a, e, 4);
    fp_sqr(&check, &root);
    if (!fp_eq(&check, a))
        return false;
    *out = root;
    return true;
}

bool fp_is_large(const fp *a)
{
    static const uint64_t half[4] = FP_HALF_MODULUS;
    uint64_t v[4];

    to_plain(v, a);
    return mont_less(half, v);
}
