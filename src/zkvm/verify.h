/* verify.h - checking receipts, one or many at once.
 *
 * A receipt holds when, with the challenges of its transcript (transcript.h):
 *   1. every proof is under a key of the verifier's own ring, none of them a test key
 *      unless the policy says so;
 *   2. the verifier's own terms for this statement and the S of all proofs add to zero;
 *   3. every proof verifies with public inputs (challenges, S).
 * All N proofs are checked by N + 4k Miller loops for k keys.  Checking some of the proofs
 * proves nothing, so there is no function for it.
 *
 * Public inputs of every instance: input 1 + i is challenge i of bus.h, the last is S. */
#ifndef ZKVM_VERIFY_H
#define ZKVM_VERIFY_H

#include "base/threads.h"
#include "zkvm/keys.h"
#include "zkvm/receipt.h"
#include "zkvm/terms.h"

#define RECEIPT_PUBLIC_INPUTS (BUS_CHALLENGES + 1)

struct receipt_policy {
    const struct keyring *keys; /* the only keys that count */
    bool allow_test_keys;
    /* When not NULL: the receipt's context must be these 32 bytes. */
    const uint8_t *context;
};

struct receipt_report { /* what a check came to know; zero where it did not come so far */
    uint8_t statement_digest[32];
    uint64_t n_terms;
    uint32_t bad_proof; /* index of the proof that failed, UINT32_MAX for none */
    int64_t terms_ns, pairing_ns;
};

/* VCP_OK: it holds.  VCP_EVERIFY: it does not, and err says which step; VCP_EINVAL: a key
 * of the ring cannot be of such a receipt.  report and threads may be NULL. */
int receipt_verify(const struct receipt *r, const struct terms_source *terms,
                   const struct receipt_policy *policy, struct threads *threads,
                   struct receipt_report *report, struct err *err);

/* n receipts with one product of pairings; *bad (may be NULL) is the first that fails. */
struct receipt_claim {
    const struct receipt *receipt;
    const struct terms_source *terms;
};
int receipt_verify_batch(const struct receipt_claim claims[], size_t n,
                         const struct receipt_policy *policy, struct threads *threads, size_t *bad,
                         struct err *err);

/* The challenges of a receipt; the digests of r->keys are hashed, so they must be the keys'. */
int receipt_challenges(fr out[BUS_CHALLENGES], const struct receipt *r, struct err *err);

#endif
