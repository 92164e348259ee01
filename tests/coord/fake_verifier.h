/* fake_verifier.h - receipts of a world without cryptography: the coordinator's side of proofs.
 *
 * A receipt is the text "proof TASK LEASE NODE OUTCOME", which whoever likes can write; the
 * verifier finds out by comparison what the real one finds out by pairings.  What is tested
 * with it is what the coordinator does with the answer. */
#ifndef TESTS_COORD_FAKE_VERIFIER_H
#define TESTS_COORD_FAKE_VERIFIER_H

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "coord/coord.h"

#define FAKE_KEYSET        "5e75e75e75e75e75e75e75e75e75e75e75e75e75e75e75e75e75e75e75e75e75"
#define FAKE_RECEIPT_BYTES 400

static inline void fake_receipt(char out[FAKE_RECEIPT_BYTES], const char *task_id,
                                const char *lease_id, const char *node_id, const struct outcome *o)
{
    uint8_t digest[32];
    char hex[65];

    outcome_digest(digest, o);
    hex_encode(hex, digest, sizeof digest);
    snprintf(out, FAKE_RECEIPT_BYTES, "proof %s %s %s %s", task_id, lease_id, node_id, hex);
}

static inline int fake_check(void *arg, const struct coord_claim *c, struct coord_proof *out,
                             struct err *err)
{
    char want[FAKE_RECEIPT_BYTES];

    (void)arg;
    if (c->receipt.n >= 6 && memcmp(c->receipt.data, "EAGAIN", 6) == 0)
        return err_set(err, VCP_ENOMEM, "no memory to verify");
    fake_receipt(want, c->task_id, c->lease_id, c->node_id, c->outcome);
    if (c->module.n == 0 || c->receipt.n != strlen(want) ||
        memcmp(c->receipt.data, want, c->receipt.n) != 0)
        return err_set(err, VCP_EVERIFY, "the receipt is of another run");
    sha3_256(out->statement, c->receipt.data, c->receipt.n);
    out->n_proofs = 3;
    out->verify_us = 7000;
    return VCP_OK;
}

#endif
