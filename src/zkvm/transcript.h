/* transcript.h - the challenges of a receipt: one root over everything that was said before.
 *
 *     root  = SHA3-512("poe-challenge-v1" || fields, each with its length as u64le)
 *     chi_k = 64 bytes of SHAKE256(root || "chi" || u32le k), reduced modulo r
 *
 * Fields, in order: versions and packing parameters; the statement; the lists; N; and for
 * each proof in order the digest of its verifying key and its commitment D, uncompressed
 * canonical bytes.  One root for a receipt, never one for each proof. */
#ifndef ZKVM_TRANSCRIPT_H
#define ZKVM_TRANSCRIPT_H

#include "base/err.h"
#include "zkvm/bus.h"
#include "zkvm/statement.h"

struct transcript {
    void *ctx; /* the hash's state, owned */
};

int transcript_init(struct transcript *t, const struct statement *s,
                    const struct statement_lists *lists, uint32_t n_proofs, struct err *err);
/* One proof; d: the 64 bytes of its commitment, x then y, big-endian. */
void transcript_proof(struct transcript *t, const uint8_t vkey_digest[32], const uint8_t d[64]);
/* The challenges; releases the state. */
int transcript_final(struct transcript *t, fr challenges[BUS_CHALLENGES], struct err *err);
void transcript_release(struct transcript *t);

#endif
