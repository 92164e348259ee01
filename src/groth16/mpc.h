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

#define MPC_HASH_BYTES     64
#define MPC_NAME_MAX       255
#define MPC_BEACON_MAX     255
#define MPC_BEACON_LOG_MIN 10u /* snarkjs takes 10 to 63 */
#define MPC_BEACON_LOG_MAX 63u

struct mpc_contribution {
    g1_affine delta_after, s, sx;
    g2_affine spx;
    uint8_t transcript[MPC_HASH_BYTES];
    bool is_beacon;
    uint8_t name_bytes, beacon_bytes, beacon_log; /* 2^beacon_log iterations of SHA-256 */
    char name[MPC_NAME_MAX + 1];
    uint8_t beacon[MPC_BEACON_MAX];
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

/* A contribution made from the seed of 32 random bytes (or the beacon's) and appended:
 * *x_bits is the secret, delta_before the delta it multiplies.  Sets name and kind
 * from c.  The caller wipes *x and the seed. */
int mpc_append(struct mpc *m, const struct mpc_contribution *kind, const uint8_t seed[32],
               const g1_affine *delta_before, fr *x, struct err *err);

/* seed = SHA-256 iterated 2^log times over the beacon. */
void mpc_beacon_seed(uint8_t seed[32], const uint8_t *beacon, size_t n, unsigned log);

/* Name for a sentence: what is not printable ASCII as \xNN; "unnamed" without one. */
#define MPC_NAME_TEXT_BYTES (4 * MPC_NAME_MAX + 1)
const char *mpc_name_text(char out[MPC_NAME_TEXT_BYTES], const struct mpc_contribution *c);

/* VCP_ELIMIT when the beacons ask for more hashes than GROTH16_BEACON_HASHES_MAX or one of
 * them for more than 2^GROTH16_BEACON_LOG_MAX; name is the file's. */
int mpc_check_beacon_work(const struct mpc *m, const char *name, struct err *err);

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
