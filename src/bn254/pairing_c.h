/* pairing_c.h - the portable pairing behind pairing.h; internal. */
#ifndef BN254_PAIRING_C_H
#define BN254_PAIRING_C_H

#include "bn254/pairing.h"

void g2_prepare_c(struct g2_prepared *out, const g2_affine *q);
size_t pairing_miller_c(fp12 *out, const struct pairing_pair pairs[], size_t n);
void pairing_final_exp_c(fp12 *out, const fp12 *a);
void pairing_gt_pow_var_c(fp12 *out, const fp12 *a, const fr_bits *k);

#endif
