/* adx.h - kernels of adx.c that the IFMA table shares; internal. */
#ifndef BN254_X86_ADX_H
#define BN254_X86_ADX_H

#include "bn254/kernels.h"

size_t ntt_table_size_adx(unsigned log_n);
void ntt_init_adx(struct ntt *t, struct threads *threads);
void ntt_run_adx(const struct ntt *t, enum ntt_map map, fr a[], struct threads *threads);
void fr_mul_sub_adx(fr out[], const fr a[], const fr b[], const fr c[], size_t n);
void fr_to_bits_n_adx(fr_bits out[], const fr a[], size_t n);
void fr_from_bits_n_adx(fr out[], const fr_bits a[], size_t n);
size_t g1_find_invalid_adx(const void *points, size_t n);
size_t g2_find_invalid_adx(const void *points, size_t n);
void g1_mul_adx(g1 *out, const g1_affine *a, const fr_bits *k);
void g1_mul_var_adx(g1 *out, const g1_affine *a, const fr_bits *k);
void g1_mul_sum_adx(g1 *out, const g1_affine a[], const fr_bits k[], size_t n);
void g1_mul_n_var_adx(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
void g1_mul_n_adx(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
void g2_mul_adx(g2 *out, const g2_affine *a, const fr_bits *k);
void g2_mul_var_adx(g2 *out, const g2_affine *a, const fr_bits *k);
void g1_window_value_adx(void *out, const struct msm_kernel *k, const struct msm_sums *s, size_t w);
void g2_window_value_adx(void *out, const struct msm_kernel *k, const struct msm_sums *s, size_t w);
void g2_prepare_adx(struct g2_prepared *out, const g2_affine *q);
size_t pairing_miller_adx(fp12 *out, const struct pairing_pair pairs[], size_t n);
void pairing_final_exp_adx(fp12 *out, const fp12 *a);
void pairing_gt_pow_var_adx(fp12 *out, const fp12 *a, const fr_bits *k);

#endif
