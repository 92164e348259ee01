/* The portable sources once more, over the fields of adx_fields.h and under the names of
 * adx_names.h: one translation unit, so that the small functions are inlined.  Includes
 * stand apart because their order matters. */
#include "bn254/x86/adx_names.h"

#include "bn254/x86/adx_fields.h"

#include "bn254/fp2.c"

#include "bn254/fp6.c"

#include "bn254/fp12.c"

#include "bn254/g1.c"

#include "bn254/g2.c"

#include "bn254/pairing_c.c"

#include "bn254/ntt_c.c"

#include "bn254/msm_c.c"

#include "bn254/fr_rows_c.h"
#include "bn254/x86/x86_kernels.h"

const struct bn254_kernels kernels_adx = {
    .level = BN254_ADX,
    .msm_g1 = &g1_msm_kernel_adx,
    .msm_g2 = &g2_msm_kernel_adx,
    .ntt_table_size = ntt_table_size_adx,
    .ntt_init = ntt_init_adx,
    .ntt_run = ntt_run_adx,
    .fr_mul_sub = fr_mul_sub_adx,
    .fr_to_bits = fr_to_bits_n_adx,
    .fr_from_bits = fr_from_bits_n_adx,
    .fr_rows = &fr_rows_kernel_c,
    .g1_find_invalid = g1_find_invalid_adx,
    .g2_find_invalid = g2_find_invalid_adx,
    .g1_mul = g1_mul_adx,
    .g1_mul_var = g1_mul_var_adx,
    .g1_mul_sum = g1_mul_sum_adx,
    .g1_mul_n = g1_mul_n_adx,
    .g1_mul_n_var = g1_mul_n_var_adx,
    .g2_mul = g2_mul_adx,
    .g2_mul_var = g2_mul_var_adx,
    .g2_prepare = g2_prepare_adx,
    .miller = pairing_miller_adx,
    .final_exp = pairing_final_exp_adx,
    .gt_pow = pairing_gt_pow_var_adx,
};
