/* ptau_chain.h - the record of phase 1: who multiplied their secrets into the powers of tau.
 *
 * Section 7 of a .ptau as snarkjs writes it.  A contributor draws tau, alpha and beta,
 * multiplies the powers by them, and leaves: [tau]1, [tau]2, [alpha]1, [beta]1, [beta]2 as
 * they are afterwards; a public key for each secret x: s, s x in G1 and sp x in G2, where sp
 * is hashed from the challenge, s and s x; the state of the hash of challenge and all new
 * points (compressed), in which the public key is still to be hashed to give the response;
 * and the next challenge, the hash of the response and all new points (plain).  The first
 * challenge is the hash of the hash of nothing and of the powers of 1. */
#ifndef GROTH16_PTAU_CHAIN_H
#define GROTH16_PTAU_CHAIN_H

#include "bn254/fr.h"
#include "bn254/g1.h"
#include "bn254/g2.h"
#include "groth16/blake2b.h"
#include "groth16/mpc_label.h"

enum ptau_secret { PTAU_TAU, PTAU_ALPHA, PTAU_BETA, PTAU_SECRETS };

struct ptau_public_key {
    g1_affine s[PTAU_SECRETS], sx[PTAU_SECRETS];
    g2_affine spx[PTAU_SECRETS];
};

struct ptau_contribution {
    g1_affine tau1;
    g2_affine tau2;
    g1_affine alpha1, beta1;
    g2_affine beta2;
    struct ptau_public_key key;
    uint8_t state[BLAKE2B_STATE_BYTES], next_challenge[BLAKE2B_DIGEST_BYTES];
    struct mpc_label label;
};

struct ptau_chain {
    uint32_t n;
    struct ptau_contribution *list; /* malloc'd */
};

/* Reads section 7 of f, every point checked. */
int ptau_chain_read(struct ptau_chain *c, const struct binfile *f, struct err *err);
void ptau_chain_release(struct ptau_chain *c);
/* Writes it as section 7 of w. */
void ptau_chain_put(struct binfile_writer *w, const struct ptau_chain *c);
/* One more entry, zeroed, at the end. */
int ptau_chain_grow(struct ptau_contribution **out, struct ptau_chain *c, struct err *err);

/* Of a ceremony of 2^power. */
void ptau_first_challenge(uint8_t out[BLAKE2B_DIGEST_BYTES], unsigned power);
/* The challenge that the next contributor answers. */
void ptau_next_challenge(uint8_t out[BLAKE2B_DIGEST_BYTES], const struct ptau_chain *c,
                         unsigned power);

/* The secrets that a seed (mpc_label.h) gives, and their public key for this challenge.  The
 * caller wipes the secrets. */
void ptau_draw(fr secret[PTAU_SECRETS], struct ptau_public_key *key,
               const uint8_t challenge[BLAKE2B_DIGEST_BYTES], const uint8_t seed[32]);

/* The hash of one contribution, what snarkjs prints as response hash. */
void ptau_response(uint8_t out[BLAKE2B_DIGEST_BYTES], const struct ptau_contribution *c);

/* Every public key is sound, every contribution follows from the one before, beacons give
 * the keys they claim.  At least one; VCP_EVERIFY names the one that fails.  That the last
 * one's points are the file's, and hash to its next challenge, is for the caller. */
int ptau_chain_check(const struct ptau_chain *c, unsigned power, const char *name, struct err *err);

#endif
