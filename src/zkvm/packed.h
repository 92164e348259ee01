/* packed.h - stage-1 values of rows as they are kept between trace and proof.
 *
 * A run has thousands of values a millisecond, most of them limbs and bits: each takes 1, 2, 4 or
 * 8 bytes, as its wire's pin allows, without padding. */
#ifndef ZKVM_PACKED_H
#define ZKVM_PACKED_H

#include "zkvm/chip.h"

/* Bytes of a row of this chip. */
size_t packed_row_bytes(const struct chip *c);
/* n_stage1 values into packed_row_bytes; VCP_ESTATE, with wire and value, for one that its pin
 * forbids, which no honest trace makes. */
int packed_put(uint8_t *out, const struct chip *c, const uint64_t values[], struct err *err);
/* n rows back into n * n_stage1 values. */
void packed_get(uint64_t values[], const struct chip *c, const uint8_t *rows, size_t n);

#endif
