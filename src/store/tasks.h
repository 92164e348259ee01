/* tasks.h - tasks, who works on them, what came of it and how that was decided. */
#ifndef STORE_TASKS_H
#define STORE_TASKS_H

#include "base/hash.h"
#include "mesh/sign.h"
#include "store/store.h"

enum store_task_status {
    STORE_TASK_PENDING,
    STORE_TASK_RUNNING,
    STORE_TASK_COMPLETED,
    STORE_TASK_FAILED,
    STORE_TASK_CANCELLED,
};
const char *store_task_status_name(enum store_task_status s); /* "pending" ... */
/* False when there is no such name. */
bool store_task_status_parse(enum store_task_status *out, const char *name);
static inline bool store_task_ended(enum store_task_status s)
{
    return s >= STORE_TASK_COMPLETED;
}

/* What backs a result that was drawn for an audit. */
enum store_task_audit {
    STORE_AUDIT_NONE,  /* not drawn, or not yet */
    STORE_AUDIT_PROOF, /* the receipt of the node that delivered it */
    STORE_AUDIT_RERUN, /* runs on nodes of other owners */
};
const char *store_task_audit_name(enum store_task_audit a); /* NULL, "proof", "rerun" */

struct store_task {
    int64_t seq; /* order of submission, set by the insert */
    const char *task_id, *creator_id, *task_type;
    enum store_task_status status;
    const char *reason;      /* why it failed or was cancelled, else NULL */
    const char *spec;        /* task_spec_to_json, as text */
    const char *module_sha3; /* hex or NULL */
    uint8_t inputs_sha3[SHA3_256_BYTES];
    uint32_t min_nodes; /* runs wanted: an audit raises it */
    uint32_t shares;    /* equal parts of the budget; 0 in an insert: min_nodes */
    enum store_task_audit audit;
    int64_t budget, paid;
    uint32_t attempts;           /* replicas lost to failures of nodes */
    const char *idempotency_key; /* the client's, unique for one creator, or NULL */
    const char *result;          /* the accepted outcome as JSON, or NULL */
    int64_t created_at_ms, updated_at_ms, completed_at_ms;
    int64_t hidden_at_ms; /* deleted by its creator: out of lists, kept for the record */
};

int store_task_insert(struct store_tx *tx, struct store_task *t, struct err *err);
int store_task_get(struct store_tx *tx, struct arena *a, struct store_task *out,
                   const char *task_id, struct err *err);
int store_task_by_key(struct store_tx *tx, struct arena *a, struct store_task *out,
                      const char *creator_id, const char *idempotency_key, struct err *err);
/* An ended task; hiding twice is fine. */
int store_task_hide(struct store_tx *tx, const char *task_id, int64_t at_ms, struct err *err);
/* Writes status, reason, paid, attempts, result, updated_at_ms and completed_at_ms.
 * VCP_ESTATE when the stored task has already ended: an end is final. */
int store_task_update(struct store_tx *tx, const struct store_task *t, struct err *err);
/* Of a task that has not ended. */
int store_task_set_audit(struct store_tx *tx, const char *task_id, enum store_task_audit audit,
                         uint32_t min_nodes, struct err *err);
/* Newest first, hidden ones left out.  creator_id NULL: all; status -1: all; before_seq 0: first
 * page. */
int store_task_list(struct store_tx *tx, struct arena *a, struct store_task **out, size_t *n,
                    const char *creator_id, int status, int64_t before_seq, size_t limit,
                    struct err *err);
/* Every task that has not ended, in order of submission. */
int store_task_each_live(struct store_tx *tx, int (*each)(void *arg, const struct store_task *t),
                         void *arg, struct err *err);
/* Tasks by status, indexed by enum store_task_status.  Constant time. */
int store_task_counts(struct store_tx *tx, int64_t out[5], struct err *err);

enum store_execution {
    STORE_ASSIGNED,    /* chosen, not yet taken */
    STORE_IN_PROGRESS, /* leased */
    STORE_DONE,        /* delivered an outcome; name "completed" */
    STORE_LOST,        /* name "failed" */
};
const char *store_execution_name(enum store_execution e);

/* One row for each (task, node) that ever met; active while disconnected_at_ms is 0. */
struct store_assignment {
    const char *task_id, *node_id;
    enum store_execution execution;
    const char *lease_id; /* of the last lease, or NULL */
    uint32_t attempts;    /* leases taken */
    int64_t assigned_at_ms, started_at_ms, finished_at_ms, disconnected_at_ms;
    /* While active: when the lease ends, or by when it must be taken. */
    int64_t deadline_ms;
    int64_t backoff_until_ms; /* not given this task again before */
    const char *note;         /* why it was lost, or NULL */
};

int store_assignment_put(struct store_tx *tx, const struct store_assignment *m, struct err *err);
int store_assignment_get(struct store_tx *tx, struct arena *a, struct store_assignment *out,
                         const char *task_id, const char *node_id, struct err *err);
int store_assignment_list(struct store_tx *tx, struct arena *a, struct store_assignment **out,
                          size_t *n, const char *task_id, struct err *err);
/* Active ones, in order of assignment. */
int store_assignment_of_node(struct store_tx *tx, struct arena *a, struct store_assignment **out,
                             size_t *n, const char *node_id, struct err *err);
/* Every assignment of a task that has not ended, active or backing off. */
int store_assignment_each_live(struct store_tx *tx,
                               int (*each)(void *arg, const struct store_assignment *m), void *arg,
                               struct err *err);
/* Ends the active assignments of a task that ended. */
int store_assignment_disconnect_all(struct store_tx *tx, const char *task_id, int64_t at_ms,
                                    struct err *err);

enum store_verdict {
    STORE_VERDICT_PENDING,  /* waits for the other replicas */
    STORE_VERDICT_ACCEPTED, /* paid */
    STORE_VERDICT_REJECTED, /* disagreed with the majority, or without the proof it needs */
    STORE_VERDICT_VOID,     /* the task ended without a verdict on it */
};
const char *store_verdict_name(enum store_verdict v);

/* The receipt that came with a result and was found good. */
struct store_receipt {
    const char *sha3; /* hex; NULL: none */
    int64_t bytes;
    uint8_t statement[SHA3_256_BYTES]; /* digest of what it proves: its identity */
    uint32_t n_proofs;
    int64_t prove_ms;  /* the node's word */
    int64_t verify_us; /* what checking it took here */
};

struct store_result {
    const char *task_id, *node_id, *lease_id, *owner_id;
    const char *outcome; /* outcome_to_json, as text */
    uint8_t digest[SHA3_256_BYTES];
    uint8_t signature[SIGN_BYTES];
    uint8_t public_key[SIGN_PUBLIC_BYTES]; /* the node's, when it signed */
    int64_t execution_time_ms;             /* the node's word */
    int64_t submitted_at_ms;
    enum store_verdict verdict;
    int64_t paid;
    struct store_receipt receipt;
};

/* One for each (task, node): VCP_EEXIST for a second. */
int store_result_insert(struct store_tx *tx, const struct store_result *r, struct err *err);
/* The undecided result of the node, delivered again under another lease with its receipt:
 * lease, signature, key and receipt are replaced. */
int store_result_prove(struct store_tx *tx, const struct store_result *r, struct err *err);
int store_result_get(struct store_tx *tx, struct arena *a, struct store_result *out,
                     const char *task_id, const char *node_id, struct err *err);
int store_result_list(struct store_tx *tx, struct arena *a, struct store_result **out, size_t *n,
                      const char *task_id, struct err *err);
int store_result_judge(struct store_tx *tx, const char *task_id, const char *node_id,
                       enum store_verdict verdict, int64_t paid, struct err *err);

struct store_dispute {
    const char *task_id, *node_id;
    /* "outcome_mismatch", "no_majority", "bad_signature", "bad_receipt", "missing_receipt" */
    const char *kind;
    const char *evidence; /* JSON */
    int64_t at_ms;
};

/* One for each (task, node, kind); the first stays. */
int store_dispute_add(struct store_tx *tx, const struct store_dispute *d, struct err *err);
/* task_id or node_id may be NULL; newest first. */
int store_dispute_list(struct store_tx *tx, struct arena *a, struct store_dispute **out, size_t *n,
                       const char *task_id, const char *node_id, size_t limit, struct err *err);

/* How a placement was decided; the newest STORE_DECISIONS_MAX of a task are kept. */
struct store_decision {
    int64_t at_ms;
    const char *detail; /* JSON */
};

int store_decision_add(struct store_tx *tx, const char *task_id, const struct store_decision *d,
                       struct err *err);
/* Oldest first. */
int store_decision_list(struct store_tx *tx, struct arena *a, struct store_decision **out,
                        size_t *n, const char *task_id, struct err *err);

#endif
