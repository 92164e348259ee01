/* groth16.h - Groth16 over BN254, compatible with circom and snarkjs.
 *
 * Verifying needs no allocation, no file and no network: a key lives in storage the
 * caller brings, and everything else is on the stack (64 KiB suffice).  Proving takes a
 * mapped key, any number of threads and a memory ceiling.  All functions may be called
 * from several threads at once, also on the same key.
 *
 * Bytes: scalars are 32 bytes big-endian, below r.  A proof is 256 bytes: A, B, C with
 * big-endian coordinates, x.c1 before x.c0 for B: the order of Ethereum's precompiles.
 * Exactly one encoding of each value is accepted.
 *
 * Every function returns VCP_OK or a negative vcp_code and fills err (may be NULL). */
#ifndef VCP_GROTH16_H
#define VCP_GROTH16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcp/err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VCP_SCALAR_BYTES        32
#define VCP_GROTH16_PROOF_BYTES 256

/* ---- verifying ---- */

struct vcp_groth16_vkey;

/* Storage a verifying key needs (aligned to 64), from its canonical bytes; 0 when these
 * are no key. */
size_t vcp_groth16_vkey_size(const void *bytes, size_t n);

/* Reads and checks a key into storage; *out points into it.  bytes are not kept. */
int vcp_groth16_vkey_read(const struct vcp_groth16_vkey **out, void *storage, size_t storage_bytes,
                          const void *bytes, size_t n, struct err *err);

/* Canonical bytes of a snarkjs verification_key.json, or of the key inside a .zkey
 * file; *out is malloc'd, the caller frees it. */
int vcp_groth16_vkey_from_json(void **out, size_t *n_out, const char *json, size_t n,
                               struct err *err);
int vcp_groth16_vkey_from_zkey(void **out, size_t *n_out, const char *path, struct err *err);

size_t vcp_groth16_vkey_inputs(const struct vcp_groth16_vkey *key);
/* From a setup without a ceremony: whoever ran it may be able to forge. */
bool vcp_groth16_vkey_is_test(const struct vcp_groth16_vkey *key);

/* VCP_OK: the proof holds.  VCP_EVERIFY: it does not.  VCP_EFORMAT, VCP_EINVAL: proof or
 * inputs are malformed.  inputs: n_inputs scalars. */
int vcp_groth16_verify(const struct vcp_groth16_vkey *key, const uint8_t *inputs, size_t n_inputs,
                       const uint8_t proof[VCP_GROTH16_PROOF_BYTES], struct err *err);

/* n_proofs proofs under one key at once; inputs: n_proofs * n_inputs scalars, proofs: one
 * after the other.  *bad (may be NULL) is the first false one.  Allocates. */
int vcp_groth16_verify_batch(const struct vcp_groth16_vkey *key, const uint8_t *inputs,
                             size_t n_inputs, const uint8_t *proofs, size_t n_proofs,
                             unsigned n_threads, size_t *bad, struct err *err);

/* The three files of snarkjs, as text.  Allocates. */
int vcp_groth16_verify_json(const char *vkey, size_t vkey_bytes, const char *inputs,
                            size_t inputs_bytes, const char *proof, size_t proof_bytes,
                            struct err *err);

/* ---- proving ---- */

struct vcp_groth16_prover;

/* Maps a .zkey.  check_points: verify every point of it, which costs about as much as a
 * proof and is only to be left out for a file known to be good. */
int vcp_groth16_prover_open(struct vcp_groth16_prover **out, const char *zkey_path,
                            bool check_points, struct err *err);
void vcp_groth16_prover_free(struct vcp_groth16_prover *p);

struct vcp_groth16_options {
    unsigned n_threads;      /* 0: one for each CPU */
    size_t memory_max_bytes; /* of scratch, besides the mapped key and the witness; 0: no ceiling */
    /* Called now and then with a fraction in thousandths; false cancels.  May be NULL. */
    bool (*progress)(void *arg, const char *stage, unsigned permille);
    void *progress_arg;
};

size_t vcp_groth16_prover_inputs(const struct vcp_groth16_prover *p);
/* Scratch that a proof needs at least with n_threads. */
size_t vcp_groth16_prover_memory_min(const struct vcp_groth16_prover *p, unsigned n_threads);

/* Proves the witness in a .wtns file's bytes and verifies the result, so that a witness
 * that does not satisfy the circuit is VCP_EVERIFY and no proof.  inputs_out (may be
 * NULL): the public inputs.  options may be NULL. */
int vcp_groth16_prove(const struct vcp_groth16_prover *p, const void *wtns, size_t wtns_bytes,
                      const struct vcp_groth16_options *options,
                      uint8_t proof_out[VCP_GROTH16_PROOF_BYTES], uint8_t *inputs_out,
                      struct err *err);

#ifdef __cplusplus
}
#endif

#endif
