/* verify_checks.h - what verification of one proof and of a batch share; internal. */
#ifndef GROTH16_VERIFY_CHECKS_H
#define GROTH16_VERIFY_CHECKS_H

#include "groth16/verify.h"

/* d is the stage-1 commitment or NULL: as the key wants it. */
int verify_check_kind(const struct vkey *vk, const g1_affine *d, struct err *err);
int verify_check_inputs(const struct vkey *vk, const fr_bits in[], size_t n, struct err *err);
/* On their curves and not infinity; whether B is in its subgroup the Miller loop tells. */
int verify_check_points(const struct groth16_proof *p, const g1_affine *d, struct err *err);

#endif
