/* mpc.h - the ceremony record inside a .zkey: circuit hash and contributions to delta.
 *
 * Source: section 10 as snarkjs writes it and `snarkjs zkey verify` checks it.  A
 * contributor draws x, multiplies delta by x and L and H by 1/x, and leaves: delta
 * afterwards, s, sx = x s in G1, spx = x sp in G2 where sp is hashed from the
 * transcript, the transcript itself, a name, and for a beacon the hash and iteration
 * count its randomness came from.  The transcript is BLAKE2b-512 over the circuit hash
 * and all earlier contributions, then s and sx.  All points here are in plain form
 * when hashed. */
#ifndef GROTH16_MPC_H
#define GROTH16_MPC_H

#include <stdbool.h>
#include <stdint.h>

#include "bn254/g1.h"
#include "bn254/g2.h"
#include "groth16/binfile.h"
#include "groth16/mpc_label.h"

#define MPC_HASH_BYTES 64

struct mpc_contribution {
    g1_affine delta_after, s, sx;
    g2_affine spx;
    uint8_t transcript[MPC_HASH_BYTES];
    struct mpc_label label;
};

struct mpc {
    uint8_t circuit_hash[MPC_HASH_BYTES];
    uint32_t n;
    struct mpc_contribution *list; /* malloc'd */
};

/* Reads section 10 of f, every point checked. */
int mpc_read(struct mpc *m, const struct binfile *f, struct err *err);
void mpc_release(struct mpc *m);
/* Writes it as section 10 of w. */
void mpc_put(struct binfile_writer *w, const struct mpc *m);

/* A contribution made from the seed (mpc_label.h) and appended: *x is the secret,
 * delta_before the delta it multiplies.  The caller wipes *x and the seed. */
int mpc_append(struct mpc *m, const struct mpc_label *label, const uint8_t seed[32],
               const g1_affine *delta_before, fr *x, struct err *err);

/* The hash of one contribution, what snarkjs prints as "Contribution Hash". */
void mpc_contribution_hash(uint8_t out[MPC_HASH_BYTES], const struct mpc_contribution *c);

/* Every link: transcripts, proofs of knowledge, deltas, beacons recomputed; the last
 * delta must be delta1.  VCP_EVERIFY names the contribution that fails. */
int mpc_check_chain(const struct mpc *m, const g1_affine *delta1, const char *name,
                    struct err *err);

/* e(s, spx) = e(sx, sp), none infinite: sx / s = spx / sp. */
bool mpc_same_ratio(const g1_affine *s, const g1_affine *sx, const g2_affine *sp,
                    const g2_affine *spx);

#endif
