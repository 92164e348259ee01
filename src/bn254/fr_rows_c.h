/* fr_rows_c.h - the portable kernel of fr_rows.h, for the tables of kernels; internal. */
#ifndef BN254_FR_ROWS_C_H
#define BN254_FR_ROWS_C_H

#include "bn254/fr_rows.h"

extern const struct fr_rows_kernel fr_rows_kernel_c;

#endif
