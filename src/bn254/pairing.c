#include "bn254/pairing.h"

#include "bn254/kernels.h"

void g2_prepare(struct g2_prepared *out, const g2_affine *q)
{
    bn254_kernels()->g2_prepare(out, q);
}

size_t pairing_miller(fp12 *out, const struct pairing_pair pairs[], size_t n)
{
    return bn254_kernels()->miller(out, pairs, n);
}

void pairing_final_exp(fp12 *out, const fp12 *a)
{
    bn254_kernels()->final_exp(out, a);
}

void pairing(fp12 *out, const g1_affine *p, const g2_affine *q)
{
    struct pairing_pair pair = {*p, q, NULL};

    (void)pairing_miller(out, &pair, 1);
    pairing_final_exp(out, out);
}

bool pairing_check(const struct pairing_pair pairs[], size_t n)
{
    fp12 f;

    if (pairing_miller(&f, pairs, n) < n)
        return false;
    pairing_final_exp(&f, &f);
    return fp12_is_one(&f);
}

void pairing_gt_pow_var(fp12 *out, const fp12 *a, const fr_bits *k)
{
    bn254_kernels()->gt_pow(out, a, k);
}
