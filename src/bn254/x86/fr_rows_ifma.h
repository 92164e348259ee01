/* fr_rows_ifma.h - the AVX-512 IFMA kernel of fr_rows.h; internal. */
#ifndef BN254_X86_FR_ROWS_IFMA_H
#define BN254_X86_FR_ROWS_IFMA_H

#include "bn254/fr_rows.h"

extern const struct fr_rows_kernel fr_rows_kernel_ifma;

#endif
