/* proof.h - a proof and its bytes.
 *
 * Plain Groth16: A, B, C in 256 bytes, each point in plain form (field_io.h).  With a
 * committed first stage D comes first: 320 bytes.  Reading checks canonical
 * coordinates, the curve, and the subgroup for B; infinity is for the verifier. */
#ifndef GROTH16_PROOF_H
#define GROTH16_PROOF_H

#include <stdint.h>

#include "base/err.h"
#include "bn254/g1.h"
#include "bn254/g2.h"

struct groth16_proof {
    g1_affine a;
    g2_affine b;
    g1_affine c;
};

#define PROOF_BYTES           256
#define PROOF_COMMITTED_BYTES 320

void proof_to_bytes(uint8_t out[PROOF_BYTES], const struct groth16_proof *p);
/* *out is untouched on failure; the sentence names the point. */
int proof_from_bytes(struct groth16_proof *out, const uint8_t b[PROOF_BYTES], struct err *err);

#endif
