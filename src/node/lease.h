/* lease.h - one lease: from the server's message to a request for the engine, and from
 * what the engine said to the result that is signed and sent. */
#ifndef NODE_LEASE_H
#define NODE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "mesh/outcome.h"
#include "mesh/sign.h"
#include "mesh/task_spec.h"
#include "node/cage.h"
#include "wasm/run.h"

#define LEASE_ID_BYTES 65

struct lease {
    char lease_id[LEASE_ID_BYTES], task_id[LEASE_ID_BYTES];
    char module_sha3[SHA3_256_HEX_BYTES];
    uint64_t module_bytes;
    int64_t lease_ms; /* how long it lasts without renewal */
    bool prove;       /* the result counts only with its receipt */
    struct task_inputs inputs;
    struct task_limits limits;
};

/* Strings live in the arena.  VCP_EINVAL names the field. */
int lease_parse(struct lease *out, struct arena *a, json_t *j, struct err *err);

/* Everything but module and input bytes, which the caller adds.  Borrows from the lease. */
void lease_request(struct run_request *out, const struct lease *l);

/* Why a node could not produce an outcome; the first word of the API's "reason". */
enum lease_failure {
    LEASE_FAIL_TIMEOUT,
    LEASE_FAIL_SHUTDOWN,
    LEASE_FAIL_CANNOT_RUN,
    LEASE_FAIL_WORKER_LOST,
    LEASE_FAIL_CANNOT_PROVE,
};
const char *lease_failure_name(enum lease_failure f);

/* The outcome of a finished run; output and error output are those of r, not copied.
 * false: what happened is no outcome, and *failure and reason say what. */
bool lease_outcome(struct outcome *out, const struct cage_result *r, enum lease_failure *failure,
                   char *reason, size_t size);

struct lease_result {
    const struct outcome *outcome;
    const struct buf *output, *error_output;
    const struct buf *receipt; /* NULL or empty: none */
    int64_t execution_time_ms, prove_ms;
};

/* The body of POST /tasks/{id}/result; what is above 64 KiB is left out, to be uploaded.
 * The caller decrefs; NULL when out of memory. */
json_t *lease_completed(const struct lease *l, const char *node_id, const struct sign_key *key,
                        const struct lease_result *r);
json_t *lease_failed(const struct lease *l, const char *node_id, enum lease_failure failure,
                     const char *reason);

/* TEST MODE of a node: changes the output, as a cheat would. */
void lease_falsify(struct cage_result *r);

#endif
