/* adx_names.h - the second names under which adx.c compiles the portable sources.
 *
 * Included before every header, so that declarations, calls and definitions all change. */
#ifndef BN254_X86_ADX_NAMES_H
#define BN254_X86_ADX_NAMES_H

#define fp2_zero             fp2_zero_adx
#define fp2_one              fp2_one_adx
#define fp2_add              fp2_add_adx
#define fp2_sub              fp2_sub_adx
#define fp2_neg              fp2_neg_adx
#define fp2_dbl              fp2_dbl_adx
#define fp2_half             fp2_half_adx
#define fp2_conj             fp2_conj_adx
#define fp2_mul              fp2_mul_adx
#define fp2_mul_fp           fp2_mul_fp_adx
#define fp2_mul_xi           fp2_mul_xi_adx
#define fp2_sqr              fp2_sqr_adx
#define fp2_inv              fp2_inv_adx
#define fp2_inv_batch        fp2_inv_batch_adx
#define fp2_sqrt_var         fp2_sqrt_var_adx
#define fp2_is_zero          fp2_is_zero_adx
#define fp2_eq               fp2_eq_adx
#define fp2_is_canonical     fp2_is_canonical_adx
#define fp2_select           fp2_select_adx
#define fp2_is_large         fp2_is_large_adx
#define fp6_zero             fp6_zero_adx
#define fp6_one              fp6_one_adx
#define fp6_add              fp6_add_adx
#define fp6_sub              fp6_sub_adx
#define fp6_neg              fp6_neg_adx
#define fp6_mul              fp6_mul_adx
#define fp6_sqr              fp6_sqr_adx
#define fp6_mul_v            fp6_mul_v_adx
#define fp6_inv              fp6_inv_adx
#define fp6_is_zero          fp6_is_zero_adx
#define fp6_eq               fp6_eq_adx
#define fp12_one             fp12_one_adx
#define fp12_mul             fp12_mul_adx
#define fp12_sqr             fp12_sqr_adx
#define fp12_conj            fp12_conj_adx
#define fp12_inv             fp12_inv_adx
#define fp12_frobenius       fp12_frobenius_adx
#define fp12_pow_var         fp12_pow_var_adx
#define fp12_eq              fp12_eq_adx
#define fp12_is_one          fp12_is_one_adx
#define g1_msm_kernel_c      g1_msm_kernel_adx
#define g1_find_invalid_c    g1_find_invalid_adx
#define g2_msm_kernel_c      g2_msm_kernel_adx
#define g2_find_invalid_c    g2_find_invalid_adx
#define g2_prepare_c         g2_prepare_adx
#define pairing_miller_c     pairing_miller_adx
#define pairing_final_exp_c  pairing_final_exp_adx
#define pairing_gt_pow_var_c pairing_gt_pow_var_adx
#define ntt_table_size_c     ntt_table_size_adx
#define ntt_init_c           ntt_init_adx
#define ntt_run_c            ntt_run_adx
#define fr_mul_sub_c         fr_mul_sub_adx
#define fr_to_bits_n_c       fr_to_bits_n_adx
#define fr_from_bits_n_c     fr_from_bits_n_adx

#endif
