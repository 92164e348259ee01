/* receipt.h - the receipt of a run: its statement and the proofs, in canonical bytes.
 *
 *     "AVCPRC02"
 *     statement, lists                                        (statement.h)
 *     bytes of each stream of at most RECEIPT_CARRIED_BYTES_MAX, in the order of enum stream
 *     k u32      k times: digest[32] of a verifying key
 *     N u32      N times: key u8, D[32], A[32], B[64], C[32] compressed, S[32]
 *
 * Integers are little-endian; S, the proof's share of the balanced sum, is below r.
 * Key digests stand in the order of their first use, all different, all used.  There is one
 * encoding of every receipt and nothing may follow it: a short stream is always carried, and
 * must have its digest, a longer one never.  Only digests of keys are in it: the
 * keys, and with them every size and shape, are the verifier's own.
 *
 * Proofs can be re-randomised by anyone, so the bytes of a receipt identify nothing; the
 * digest of its statement does. */
#ifndef ZKVM_RECEIPT_H
#define ZKVM_RECEIPT_H

#include "base/buf.h"
#include "base/err.h"
#include "groth16/proof.h"
#include "zkvm/streams.h"

#define RECEIPT_MAGIC             "AVCPRC02"
#define RECEIPT_PROOF_BYTES       193
#define RECEIPT_CARRIED_BYTES_MAX 4096u

struct receipt_proof {
    uint32_t key; /* index into keys */
    g1_affine d;
    struct groth16_proof proof;
    fr_bits s;
};

struct receipt {
    struct statement statement;
    struct statement_lists lists;
    struct buf carried[STREAMS]; /* empty where the stream is longer */
    uint32_t n_keys, n_proofs;
    uint8_t (*keys)[32];          /* digests */
    struct receipt_proof *proofs; /* both malloc'd */
};

/* Room for n_keys and n_proofs, zeroed; VCP_ELIMIT over ZKVM_KEYS_MAX, ZKVM_PROOFS_MAX. */
int receipt_init(struct receipt *r, uint32_t n_keys, uint32_t n_proofs, struct err *err);
void receipt_release(struct receipt *r);

/* Copies the streams that are short enough. */
int receipt_carry(struct receipt *r, const struct streams *s, struct err *err);
/* All streams: given's (which may be NULL) where it has them, else what is carried.
 * VCP_EINVAL names one that is in neither.  Nothing is copied; digests are not looked at. */
int receipt_streams(struct streams *out, const struct receipt *r, const struct streams *given,
                    struct err *err);

/* Appends; a failure is in out->failed. */
void receipt_encode(struct buf *out, const struct receipt *r);

/* Exactly n bytes.  Lengths are checked against the bytes present before anything is
 * allocated; points must be canonical, on their curves, finite, and B in the subgroup. */
int receipt_decode(struct receipt *out, const void *p, size_t n, struct err *err);

#endif
