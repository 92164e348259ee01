/* verify.h - checking proofs, one at a time or many at once.
 *
 * Public inputs are canonical scalars (fr_bits below r), vk->n_public of them.  Points
 * are checked here again (curve; B's subgroup; none at infinity), whatever their
 * source.  Nothing allocates but groth16_verify_batch, which says so.  Variable time:
 * proofs and inputs are public.  VCP_OK means the proof holds; VCP_EVERIFY that it does
 * not, VCP_EINVAL that the inputs cannot be this key's. */
#ifndef GROTH16_VERIFY_H
#define GROTH16_VERIFY_H

#include "base/threads.h"
#include "bn254/fr.h"
#include "groth16/proof.h"
#include "groth16/vkey.h"

int groth16_verify(const struct vkey *vk, const fr_bits public_inputs[], size_t n_public,
                   const struct groth16_proof *proof, struct err *err);
/* For committed keys: d is the stage-1 commitment. */
int groth16_verify_committed(const struct vkey *vk, const fr_bits public_inputs[], size_t n_public,
                             const g1_affine *d, const struct groth16_proof *proof,
                             struct err *err);

/* IC_0 + sum z_i IC_i, built up from inputs as they come: the same for all proofs that
 * share their public inputs. */
struct verify_sum {
    const struct vkey *vk;
    size_t n; /* inputs taken so far */
    g1 point;
};
void verify_sum_init(struct verify_sum *s, const struct vkey *vk);
/* n more inputs, canonical; never more than vk->n_public in all. */
void verify_sum_add(struct verify_sum *s, const fr_bits inputs[], size_t n);
/* The rest of the verification; d is NULL for plain keys. */
int groth16_verify_sum(const struct verify_sum *s, const g1_affine *d,
                       const struct groth16_proof *proof, struct err *err);

/* One claim of a batch. */
struct groth16_claim {
    const struct vkey *vk;
    const fr_bits *public_inputs; /* vk->n_public of them */
    const g1_affine *d;           /* for committed keys, else NULL */
    const struct groth16_proof *proof;
};

/* All n claims at once: each equation raised to a fresh random 128-bit power, one
 * final exponentiation for all; n + 3 or 4 Miller loops a key.  A false claim passes
 * with probability below 2^-127.  When the product is not 1, claims are checked one by
 * one and *bad (may be NULL) is the index of the first false one.  Allocates O(n) for
 * the Miller loops; threads may be NULL. */
int groth16_verify_batch(const struct groth16_claim claims[], size_t n, struct threads *threads,
                         size_t *bad, struct err *err);

#endif
