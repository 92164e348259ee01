/* The table of the IFMA level: vector kernels where there are lanes to fill, the ADX ones
 * elsewhere. */
#include "bn254/x86/adx.h"
#include "bn254/x86/fr_rows_ifma.h"
#include "bn254/x86/msm_ifma.h"
#include "bn254/x86/mul_ifma.h"
#include "bn254/x86/ntt_ifma.h"
#include "bn254/x86/pairing_ifma.h"
#include "bn254/x86/x86_kernels.h"

const struct bn254_kernels kernels_ifma = {
    .level = BN254_IFMA,
    .msm_g1 = &g1_msm_kernel_ifma,
    .msm_g2 = &g2_msm_kernel_ifma,
    .ntt_table_size = ntt_table_size_ifma,
    .ntt_init = ntt_init_ifma,
    .ntt_run = ntt_run_ifma,
    .fr_mul_sub = fr_mul_sub_ifma,
    .fr_to_bits = fr_to_bits_n_ifma,
    .fr_from_bits = fr_from_bits_n_ifma,
    .fr_rows = &fr_rows_kernel_ifma,
    .g1_find_invalid = g1_find_invalid_adx,
    .g2_find_invalid = g2_find_invalid_adx,
    .g1_mul = g1_mul_adx,
    .g1_mul_var = g1_mul_var_adx,
    .g1_mul_sum = g1_mul_sum_adx,
    .g1_mul_n = g1_mul_n_ifma,
    .g1_mul_n_var = g1_mul_n_var_ifma,
    .g2_mul = g2_mul_adx,
    .g2_mul_var = g2_mul_var_adx,
    .g2_prepare = g2_prepare_adx,
    .miller = pairing_miller_ifma,
    .final_exp = pairing_final_exp_adx,
    .gt_pow = pairing_gt_pow_var_adx,
};
