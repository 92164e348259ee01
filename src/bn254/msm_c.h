/* msm_c.h - the portable additions of msm_kernel.h; internal. */
#ifndef BN254_MSM_C_H
#define BN254_MSM_C_H

#include "bn254/msm_kernel.h"

extern const struct msm_kernel g1_msm_kernel_c, g2_msm_kernel_c;
void g1_window_value_c(void *out, const struct msm_kernel *k, const struct msm_sums *s, size_t w);
void g2_window_value_c(void *out, const struct msm_kernel *k, const struct msm_sums *s, size_t w);
size_t g1_find_invalid_c(const void *points, size_t n);
size_t g2_find_invalid_c(const void *points, size_t n);

#endif
