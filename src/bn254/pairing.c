#include "bn254/pairing.h"

#include "bn254/kernels.h"

void g2_prepare(struct g2_prepared *out, const g2_affine *q)
{
    bn254_kernels()->g2_prepare(out, q);
}

void pairing_miller(fp12 *out, const g1_affine p[], const struct g2_prepared *const q[], size_t n)
{
    bn254_kernels()->miller(out, p, q, n);
}

void pairing_final_exp(fp12 *out, const fp12 *a)
{
    bn254_kernels()->final_exp(out, a);
}

void pairing(fp12 *out, const g1_affine *p, const g2_affine *q)
{
    struct g2_prepared prepared;
    const struct g2_prepared *list = &prepared;

    g2_prepare(&prepared, q);
    pairing_miller(out, p, &list, 1);
    pairing_final_exp(out, out);
}

bool pairing_check(const g1_affine p[], const struct g2_prepared *const q[], size_t n)
{
    fp12 f;

    pairing_miller(&f, p, q, n);
    pairing_final_exp(&f, &f);
    return fp12_is_one(&f);
}

void pairing_gt_pow_var(fp12 *out, const fp12 *a, const fr_bits *k)
{
    bn254_kernels()->gt_pow(out, a, k);
}
