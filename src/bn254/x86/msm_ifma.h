/* msm_ifma.h - the AVX-512 IFMA additions of msm_kernel.h; internal. */
#ifndef BN254_X86_MSM_IFMA_H
#define BN254_X86_MSM_IFMA_H

#include "bn254/msm_kernel.h"

extern const struct msm_kernel g1_msm_kernel_ifma, g2_msm_kernel_ifma;

#endif
