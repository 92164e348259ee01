/* Single multiplications of points, at the level in force. */
#include "bn254/kernels.h"

void g1_mul(g1 *out, const g1_affine *a, const fr_bits *k)
{
    bn254_kernels()->g1_mul(out, a, k);
}

void g1_mul_var(g1 *out, const g1_affine *a, const fr_bits *k)
{
    bn254_kernels()->g1_mul_var(out, a, k);
}

void g1_mul_sum_var(g1 *out, const g1_affine a[], const fr_bits k[], size_t n)
{
    bn254_kernels()->g1_mul_sum(out, a, k, n);
}

void g1_mul_n_var(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n)
{
    bn254_kernels()->g1_mul_n_var(out, a, k, n);
}

void g1_mul_n(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n)
{
    bn254_kernels()->g1_mul_n(out, a, k, n);
}

void g2_mul(g2 *out, const g2_affine *a, const fr_bits *k)
{
    bn254_kernels()->g2_mul(out, a, k);
}

void g2_mul_var(g2 *out, const g2_affine *a, const fr_bits *k)
{
    bn254_kernels()->g2_mul_var(out, a, k);
}
