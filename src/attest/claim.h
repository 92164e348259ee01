/* claim.h - what a node says a task came to, and whether a receipt proves just that.
 *
 * A receipt proves a statement (zkvm/statement.h): some module, run somehow, ended somehow.
 * A result is worth something when that statement is the task's: its module, entry, arguments,
 * input, seed and limits; the outcome that the node signed; and the context, which is the
 * digest of task, lease and node, so that a receipt serves one lease of one node and no other.
 *
 * The statement wanted is made here from the task alone, by the code that the prover makes his
 * with, and compared whole: what a later version adds to statements is compared too. */
#ifndef ATTEST_CLAIM_H
#define ATTEST_CLAIM_H

#include "base/err.h"
#include "mesh/outcome.h"
#include "mesh/task_spec.h"
#include "zkvm/execution.h"
#include "zkvm/verify.h"

/* SHA3-256 over "ambient-proof-context-v1" and the three ids, each with its length before it. */
void claim_context(uint8_t out[32], const char *task_id, const char *lease_id, const char *node_id);

/* The limits of a task in the engine's terms: the same on every node. */
void claim_limits(struct run_limits *out, const struct task_limits *l);

/* A run's job as the prover takes it; module, input and context are left to the caller.  Strings
 * are those of the task. */
void claim_request(struct execution_request *out, const struct task_inputs *in,
                   const struct task_limits *l);

/* Whether a task can be proven at all, as far as its entry and arguments tell: VCP_EUNSUPPORTED
 * or VCP_EINVAL say why not.  (What its code does shows when it runs.) */
int claim_provable(const struct task_inputs *in, const struct task_limits *l, const uint8_t *module,
                   size_t module_bytes, struct err *err);

/* Contents are known to have the digests of task and outcome; NULL where there are none. */
struct claim {
    const char *task_id, *lease_id, *node_id;
    const struct task_inputs *inputs;
    const struct task_limits *limits;
    const struct outcome *outcome;
    struct stream_bytes module, input, output, error_output;
};

/* VCP_EVERIFY: the statement says something else; the sentence says what differs first. */
int claim_check(const struct claim *c, const struct statement *s, struct err *err);

/* The whole check of a receipt: encoding, statement, proofs under the keys of the ring.  VCP_OK: it
 * holds.  VCP_EVERIFY: it does not, whatever the cause in it.  Anything else (VCP_ENOMEM,
 * VCP_EIO) says nothing about the receipt.  report may be NULL. */
struct claim_report {
    uint8_t statement_digest[32];
    uint32_t n_proofs;
    int64_t verify_ns;
};
int claim_verify(const struct claim *c, const void *receipt, size_t receipt_bytes,
                 const struct keyring *keys, struct claim_report *report, struct err *err);

#endif
