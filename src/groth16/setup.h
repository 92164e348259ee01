/* setup.h - making and checking snarkjs keys.
 *
 * groth16_setup_ptau gives, byte for byte, the key of `snarkjs groth16 setup` for the
 * same .r1cs and .ptau: delta is still 1, so it must be contributed to before use.
 * groth16_contribute multiplies delta by a secret nobody keeps; groth16_beacon by a
 * public one, last.  groth16_check_key verifies the whole of it, as `snarkjs zkey
 * verify` does.
 *
 * groth16_setup_local draws all trapdoors itself, from the operating system, and wipes
 * them: quick, but whoever ran it could have kept them, so the key is stamped
 * (zkey_is_local_test) and verifiers may refuse it. */
#ifndef GROTH16_SETUP_H
#define GROTH16_SETUP_H

#include "groth16/cs.h"
#include "groth16/mpc.h"
#include "groth16/ptau.h"
#include "groth16/work.h"
#include "groth16/zkey.h"

/* circuit_hash (may be NULL) receives what snarkjs prints as "Circuit hash". */
int groth16_setup_ptau(const char *out_path, const struct r1cs *r, const struct ptau *p,
                       uint8_t circuit_hash[MPC_HASH_BYTES], struct work *work, struct err *err);

int groth16_setup_local(const char *out_path, const struct cs *c, struct work *work,
                        struct err *err);

/* hash (may be NULL) receives the contribution hash.  entropy is stirred into the
 * operating system's randomness and may be NULL. */
int groth16_contribute(const char *out_path, const struct zkey *k, const char *name,
                       const char *entropy, uint8_t hash[MPC_HASH_BYTES], struct work *work,
                       struct err *err);
/* beacon: 1 to 255 bytes; 2^log iterations, log 10 to GROTH16_BEACON_LOG_MAX. */
int groth16_beacon(const char *out_path, const struct zkey *k, const char *name,
                   const uint8_t *beacon, size_t beacon_bytes, unsigned log,
                   uint8_t hash[MPC_HASH_BYTES], struct work *work, struct err *err);

/* k is a key for r over p whose contributions all check.  scratch_path is where the
 * initial key is put meanwhile; it is removed. */
int groth16_check_key(const struct zkey *k, const struct r1cs *r, const struct ptau *p,
                      const char *scratch_path, struct work *work, struct err *err);
/* The same against an initial key one trusts, without phase 1. */
int groth16_check_key_from_init(const struct zkey *k, const struct zkey *init, struct work *work,
                                struct err *err);

#endif
