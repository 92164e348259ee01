/* curve.h - what g1.c and g2.c share, and their level-dependent functions; internal. */
#ifndef BN254_CURVE_H
#define BN254_CURVE_H

#include "bn254/g1.h"
#include "bn254/g2.h"

/* Bits of the first byte of a compressed point. */
enum { POINT_FLAG_LARGE = 0x80, POINT_FLAG_INFINITY = 0x40 };

void g1_mul_c(g1 *out, const g1_affine *a, const fr_bits *k);
void g1_mul_var_c(g1 *out, const g1_affine *a, const fr_bits *k);
void g1_mul_sum_c(g1 *out, const g1_affine a[], const fr_bits k[], size_t n);
void g1_mul_n_var_c(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
void g1_mul_n_c(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
void g2_mul_c(g2 *out, const g2_affine *a, const fr_bits *k);
void g2_mul_var_c(g2 *out, const g2_affine *a, const fr_bits *k);

#endif
