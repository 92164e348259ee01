/* ptau_make.h - making powers of tau: phase 1 of a setup, file by file, as snarkjs does.
 *
 * ptau_new, ptau_beacon and ptau_prepare give snarkjs's bytes.  A file that starts here and is
 * contributed to by one honest party, who forgets the secrets, is as good as any: see
 * docs/groth16.md. */
#ifndef GROTH16_PTAU_MAKE_H
#define GROTH16_PTAU_MAKE_H

#include "groth16/ptau.h"
#include "groth16/ptau_chain.h"

/* The powers of 1: nothing secret yet.  challenge receives the first challenge. */
int ptau_new(const char *out_path, unsigned power, uint8_t challenge[BLAKE2B_DIGEST_BYTES],
             struct work *work, struct err *err);

/* p times fresh secrets, which are wiped.  Every point of p is checked before a secret meets
 * it.  The Lagrange bases are left out: prepare again.  response receives the hash that
 * the contributor publishes; entropy as in setup.h. */
int ptau_contribute(const char *out_path, const struct ptau *p, const char *name,
                    const char *entropy, uint8_t response[BLAKE2B_DIGEST_BYTES], struct work *work,
                    struct err *err);
/* p times the secrets of a beacon, which are public: last. */
int ptau_beacon(const char *out_path, const struct ptau *p, const char *name, const uint8_t *beacon,
                size_t beacon_bytes, unsigned log, uint8_t response[BLAKE2B_DIGEST_BYTES],
                struct work *work, struct err *err);

/* p with its Lagrange bases: ready for phase 2. */
int ptau_prepare(const char *out_path, const struct ptau *p, struct work *work, struct err *err);

/* The challenge that follows contribution c, whose points are p's. */
void ptau_challenge_of(uint8_t out[BLAKE2B_DIGEST_BYTES], const struct ptau *p,
                       const struct ptau_contribution *c);

#endif
