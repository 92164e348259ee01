/* coord.h - the decisions: who runs a task, whether the result counts, who is paid.
 *
 * One coordinator stands over one store.  Every call that changes something is one
 * store transaction, done whole or not at all, and safe to repeat after a lost
 * reply.  An index of the live nodes and tasks is kept in memory so that a
 * placement looks at a bounded number of nodes; it is rebuilt from the store when
 * the coordinator opens and whenever a commit fails.  The store alone is the truth.
 *
 * Calls may come from any number of threads; one mutex orders those that change
 * something.  Reading goes to the store (store_begin_read) and waits for nobody.
 *
 * Who may: user_id is the authenticated caller.  A node or task that is not his is
 * VCP_ENOTFOUND, as if it did not exist.  Where user_id may be NULL, NULL means that
 * the caller has already been checked (the node's own signature, an administrator).
 *
 * docs/coordinator.md tells the whole story: states, leases, rules of payment. */
#ifndef COORD_COORD_H
#define COORD_COORD_H

#include "base/json.h"
#include "base/rng.h"
#include "mesh/outcome.h"
#include "mesh/safety.h"
#include "mesh/sign.h"
#include "mesh/task_spec.h"
#include "mesh/telemetry.h"
#include "store/nodes.h"
#include "store/store.h"
#include "store/tasks.h"

struct coord;

struct coord_clock {
    int64_t (*now_ms)(void *arg); /* wall time, milliseconds since 1970 */
    void *arg;
};

/* What a node claims to have proven: the receipt, and all it must be bound to. */
struct coord_claim {
    const char *task_id, *lease_id, *node_id;
    const struct task_spec *spec;
    const struct outcome *outcome;
    struct coord_content {
        const uint8_t *data; /* stored content by its digest; NULL when empty */
        size_t n;
    } module, input, output, error_output, receipt;
};

struct coord_proof {
    uint8_t statement[SHA3_256_BYTES]; /* digest of what the receipt proves */
    uint32_t n_proofs;
    int64_t verify_us;
};

/* Checks receipts.  VCP_OK: it proves the claim.  VCP_EVERIFY: it does not, and the sentence
 * says why.  Anything else says nothing about it.  Called by any number of threads, outside
 * the coordinator's mutex and transactions: it may take its time. */
struct coord_verifier {
    int (*check)(void *arg, const struct coord_claim *c, struct coord_proof *out, struct err *err);
    void *arg;
    const char *keyset; /* id of the keys it verifies with; NULL: there are none, and no proofs */
};

struct coord_config {
    enum task_strategy strategy;  /* of tasks that name none; TASK_STRATEGY_DEFAULT: weighted */
    uint32_t node_tasks_max;      /* active assignments of one node */
    int64_t heartbeat_timeout_ms; /* silence after which a node is offline */
    int64_t removal_timeout_ms;   /* offline time after which it is deleted */
    int64_t ack_timeout_ms;       /* by when an assignment must be leased, else it may move */
    int64_t lease_grace_ms;       /* lease = max_execution_time + grace */
    int64_t backoff_ms;           /* after failing a task, doubled each time up to 16 times */
    int64_t queue_timeout_ms;     /* a task without enough nodes for so long fails */
    uint32_t attempts_max;        /* lost replicas a task survives, for each replica wanted */
    bool replicas_share_owner;    /* allow replicas on nodes of one owner */
    struct safety_policy safety;
    struct coord_verifier verifier; /* zero: tasks that need proofs are refused */
    /* Of the draws of audits, 64 random bits; NULL: the operating system's. */
    uint64_t (*random)(void *arg);
    void *random_arg;
};

/* The defaults: weighted, 50, 5 min, 5 min, 60 s, 10 s, 15 s, 24 h, 5, false. */
void coord_config_default(struct coord_config *c);
/* Then the environment: MAX_CONCURRENT_TASKS_PER_NODE, else its alias
 * MAX_ACTIVE_TASK_ATTACHMENTS_PER_NODE (a first one that is set but not a positive
 * integer gives 50, not the alias), NODE_HEARTBEAT_TIMEOUT_MINUTES,
 * NODE_REMOVAL_TIMEOUT_MINUTES.  Values that are no positive integer leave the default. */
void coord_config_from_env(struct coord_config *c);

/* Called after the commit, outside every lock, in the thread that made the change. */
struct coord_hooks {
    void *arg;
    /* A new assignment waits for this node: answer its long poll. */
    void (*work_ready)(void *arg, const char *node_id);
    /* The task's status changed; ended says that it was for the last time. */
    void (*task_changed)(void *arg, const char *task_id, bool ended);
    /* A lease of this node ended before its result came: it may stop working on it. */
    void (*lease_over)(void *arg, const char *node_id);
};

/* clock and hooks may be NULL: the system's clock, no calls. */
int coord_open(struct coord **out, struct store *s, const struct coord_config *config,
               const struct coord_clock *clock, const struct coord_hooks *hooks, struct err *err);
void coord_free(struct coord *c); /* the store stays open */

/* The cluster's strategy, kept in the store. */
enum task_strategy coord_strategy(struct coord *c);
int coord_set_strategy(struct coord *c, enum task_strategy s, struct err *err);

/* ---- nodes ---- */

struct coord_node_reg {
    const char *node_id, *region, *node_type;
    double bandwidth_mbps, memory_gb;
    uint32_t cpu_cores;
    bool gpu_available;
    uint32_t slots;              /* tasks it runs at once; 0: not said */
    uint16_t observability_port; /* 0: none */
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    const char *keyset; /* hex id of the keys it can prove with; NULL: it does not prove */
};

/* Checks the bounds (node_id 1..64 of letters, digits, dot, - and _; region 1..32; node_type of
 * the list; 10..100000 Mbps; 1..256 cores; 1..2048 GB; slots <= 1024): VCP_EINVAL.
 * The owner may register again: the node is revived, keeps its record and gets the
 * new capabilities and key.  Another's id, or a public key another node has, is VCP_EEXIST. */
int coord_node_register(struct coord *c, const char *user_id, const struct coord_node_reg *r,
                        struct err *err);
bool coord_node_type_is_valid(const char *name);

struct coord_heartbeat {
    enum store_node_status status;
    bool has_health;
    double health_score; /* 0..100 */
    bool safe_mode;
    char safe_reason[96]; /* "" unless safe_mode */
    uint32_t active_tasks;
};

/* telemetry may be NULL: a sign of life alone keeps the last sample.  An offline node
 * comes back online; a rejected one is VCP_ESTATE.  Free capacity is filled with waiting
 * tasks.  leases[0..n_leases) are renewed as by coord_lease_renew; over[i] (over may be
 * NULL when n_leases is 0) says that the i-th is over: stop working on it.  out may be NULL. */
int coord_node_heartbeat(struct coord *c, const char *user_id, const char *node_id,
                         const struct telemetry *t, const char *const *leases, size_t n_leases,
                         bool *over, struct coord_heartbeat *out, struct err *err);
/* The node is about to stop: it gets nothing more before it asks for work again, what it has not
 * begun moves on at once, and so does a lease that is not among held (its answer was lost on the
 * way).  Nothing of this counts against it. */
int coord_node_leave(struct coord *c, const char *user_id, const char *node_id,
                     const char *const *held, size_t n_held, struct err *err);
/* Its work is placed elsewhere. */
int coord_node_delete(struct coord *c, const char *user_id, const char *node_id, struct err *err);
int coord_node_reject(struct coord *c, const char *user_id, const char *node_id, struct err *err);

/* ---- tasks ---- */

struct coord_submitted {
    char task_id[RNG_UUID_BYTES];
    enum store_task_status status;
    bool existing; /* the idempotency key was used before with the same spec */
};

/* The spec is complete (task_spec_parse) and its blobs are stored and readable to the
 * user (VCP_ENOTFOUND).  Escrows the budget (VCP_EFUNDS), places what can be placed.
 * The same key with another spec is VCP_EEXIST.  Policy proof without a verifier is
 * VCP_EUNSUPPORTED.
 * idempotency_key may be NULL, else 1..128 bytes. */
int coord_task_submit(struct coord *c, const char *user_id, const struct task_spec *spec,
                      const char *idempotency_key, struct coord_submitted *out, struct err *err);
/* Refunds all of the budget.  Cancelling a cancelled task is fine, any other ended one
 * VCP_ESTATE. */
int coord_task_cancel(struct coord *c, const char *user_id, const char *task_id, struct err *err);
/* Cancels it if it has not ended, then hides it from lists. */
int coord_task_delete(struct coord *c, const char *user_id, const char *task_id, struct err *err);
/* What was decided for this task and why: status, assignments, placement decisions with
 * candidates, scores and exclusions, results, disputes, payments.  user_id NULL: any task.
 * The caller decrefs *out. */
int coord_explain(struct coord *c, const char *user_id, const char *task_id, json_t **out,
                  struct err *err);

/* ---- work, as the nodes see it ---- */

struct coord_lease {
    char task_id[RNG_UUID_BYTES], lease_id[RNG_UUID_BYTES];
    uint32_t attempt; /* 1 for the first lease of this task by this node */
    int64_t expires_at_ms;
    const char *spec; /* task_spec JSON, in the caller's arena */
    bool prove;       /* the result counts only with its receipt */
};

/* Takes the node's oldest waiting assignment; before that, fills free capacity from the
 * queue.  VCP_EBUSY: no work now, work_ready will tell.  held lists the lease ids the node
 * works on or has delivered without an answer yet: a live lease of its that is not among them was
 * lost on the way (or with a crash of the node) and is handed out again, same id, its expiry
 * renewed.  held NULL: do not look for such.  Counts as a sign of life. */
int coord_lease_take(struct coord *c, const char *user_id, const char *node_id,
                     const char *const *held, size_t n_held, struct arena *a,
                     struct coord_lease *out, struct err *err);
/* A new expiry, in *expires_at_ms, never beyond twice the first duration.  VCP_ESTATE
 * when the lease is over (expired, cancelled, task ended): stop working on it. */
int coord_lease_renew(struct coord *c, const char *user_id, const char *node_id,
                      const char *lease_id, int64_t *expires_at_ms, struct err *err);

struct coord_result {
    const char *node_id, *task_id, *lease_id;
    struct outcome outcome;
    uint8_t signature[SIGN_BYTES]; /* of sign_result over the coordinator's own digests */
    bool output_seen, error_seen;  /* the node sent these bytes themselves with its result */
    int64_t execution_time_ms;     /* the node's word, kept and counted, never trusted */
    /* The receipt, NULL when none came: its digest is part of what is signed, and it is stored
     * under it already (store_blob_put_output). */
    const uint8_t *receipt;
    size_t receipt_bytes;
    const char *receipt_sha3; /* hex */
    int64_t prove_ms;         /* the node's word */
};

struct coord_verdict {
    enum store_verdict verdict;
    enum store_task_status task_status;
    int64_t paid; /* to the node's owner, by this result */
};

/* Output and error output of an outcome must be stored before, and unless they were seen, by the
 * node's owner (store_blob_put_output; else VCP_EINVAL).
 * VCP_ESTATE: the lease is over or the task has ended.  VCP_EAUTH: the signature does not
 * verify over this task's module, inputs and outcome; that is a failure of the node.
 * Delivering the same outcome again is VCP_OK with the verdict so far, another one VCP_ESTATE.
 *
 * Where the lease wants a receipt, it is verified first, before the mutex is taken; one that does
 * not prove this very result, or none, is VCP_OK with STORE_VERDICT_REJECTED: a failure of the
 * node with a dispute on record, and the task goes to another. */
int coord_result_submit(struct coord *c, const char *user_id, const struct coord_result *r,
                        struct coord_verdict *out, struct err *err);

enum coord_failure {
    COORD_FAIL_TIMEOUT,     /* the task ran out of time: the node's record is not touched */
    COORD_FAIL_SHUTDOWN,    /* the node is leaving: nor here */
    COORD_FAIL_CANNOT_RUN,  /* module refused, resources missing */
    COORD_FAIL_WORKER_LOST, /* crashed or killed */
    /* It ran, but no proof of that run can be made: nor here.  When a second node of another
     * owner says so, or there is none, the task fails. */
    COORD_FAIL_CANNOT_PROVE,
};
/* "timeout", "shutdown", "cannot_run", "worker_lost", "cannot_prove"; false when there is no such
 * name. */
bool coord_failure_parse(enum coord_failure *out, const char *name);
const char *coord_failure_name(enum coord_failure f);

/* The node gives the lease back; note (may be NULL) is kept.  Giving back one that is
 * over is VCP_ESTATE. */
int coord_lease_fail(struct coord *c, const char *user_id, const char *node_id,
                     const char *lease_id, enum coord_failure why, const char *note,
                     struct err *err);

/* ---- money ---- */

/* Issues credits to a user; key makes it happen once. */
int coord_grant(struct coord *c, const char *user_id, int64_t amount, const char *key,
                struct err *err);

/* ---- time and numbers ---- */

/* Does everything that is due: silent nodes, expired leases, assignments nobody took,
 * tasks that waited too long, nodes to forget.  A bounded piece at a time, so that others
 * get in between.  *next_ms (may be NULL) is when to call again at the latest. */
int coord_sweep(struct coord *c, int64_t *next_ms, struct err *err);

struct coord_stats {
    int64_t total_nodes, online_nodes, healthy_nodes; /* healthy: online and health >= 70 */
    int64_t safe_mode_nodes, full_nodes;
    double avg_health_score;       /* of nodes that have one; 0 if none */
    double total_compute_capacity; /* sum of cores x GB */
    int64_t total_tasks, pending_tasks, running_tasks, completed_tasks, failed_tasks,
        cancelled_tasks;
    int64_t waiting_tasks; /* live tasks that want more nodes */
    int64_t active_assignments, live_leases;
    int64_t placements, placement_visits;       /* since this coordinator opened */
    int64_t leases_expired, disputes, results;  /* likewise */
    int64_t receipts, receipts_refused, audits; /* verified; found wrong; results drawn */
    int64_t proving_nodes;                      /* online ones with this server's keys */
};

int coord_stats(struct coord *c, struct coord_stats *out, struct err *err);

/* For tests: compares the index with the store; VCP_EVERIFY names the first difference. */
int coord_check(struct coord *c, struct err *err);

#endif
