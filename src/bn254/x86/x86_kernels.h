/* x86_kernels.h - the tables of this folder; internal. */
#ifndef BN254_X86_KERNELS_H
#define BN254_X86_KERNELS_H

#include "bn254/kernels.h"

extern const struct bn254_kernels kernels_adx, kernels_ifma;

/* The table of a level, NULL when the machine lacks it or it is the plain one. */
const struct bn254_kernels *x86_kernels(enum bn254_level level);

#endif
