/* The portable table; the plain functions of the other files are its kernels. */
#include "bn254/curve.h"
#include "bn254/fr_rows_c.h"
#include "bn254/kernels.h"
#include "bn254/msm_c.h"
#include "bn254/ntt_c.h"
#include "bn254/pairing_c.h"

const struct bn254_kernels kernels_c = {
    .level = BN254_C,
    .msm_g1 = &g1_msm_kernel_c,
    .msm_g2 = &g2_msm_kernel_c,
    .ntt_table_size = ntt_table_size_c,
    .ntt_init = ntt_init_c,
    .ntt_run = ntt_run_c,
    .fr_mul_sub = fr_mul_sub_c,
    .fr_to_bits = fr_to_bits_n_c,
    .fr_from_bits = fr_from_bits_n_c,
    .fr_rows = &fr_rows_kernel_c,
    .g1_find_invalid = g1_find_invalid_c,
    .g2_find_invalid = g2_find_invalid_c,
    .g1_mul = g1_mul_c,
    .g1_mul_var = g1_mul_var_c,
    .g1_mul_sum = g1_mul_sum_c,
    .g1_mul_n = g1_mul_n_c,
    .g1_mul_n_var = g1_mul_n_var_c,
    .g2_mul = g2_mul_c,
    .g2_mul_var = g2_mul_var_c,
    .g2_prepare = g2_prepare_c,
    .miller = pairing_miller_c,
    .final_exp = pairing_final_exp_c,
    .gt_pow = pairing_gt_pow_var_c,
};
