/* point_dft.h - from the powers of tau in a group to its Lagrange basis: a[j] becomes
 * 1/n sum_i w^(-ij) a[i], w the root of unity of the domain n = 2^log_n. */
#ifndef GROTH16_POINT_DFT_H
#define GROTH16_POINT_DFT_H

#include "groth16/work.h"

int point_dft_g1(g1_affine a[], unsigned log_n, struct work *work, struct err *err);
int point_dft_g2(g2_affine a[], unsigned log_n, struct work *work, struct err *err);

#endif
