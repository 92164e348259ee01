/* mul_ifma.h - multiples of eight points of G1 side by side; internal. */
#ifndef BN254_X86_MUL_IFMA_H
#define BN254_X86_MUL_IFMA_H

#include "bn254/g1.h"

void g1_mul_n_var_ifma(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
void g1_mul_n_ifma(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);

#endif
