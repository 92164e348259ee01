/* op.h - inside coord/: one operation = one transaction = one turn at the mutex.
 *
 *     rc = op_begin(c, &op, err);
 *     if (rc == VCP_OK)
 *         rc = op_end(&op, do_it(&op, ...));
 *
 * Steps change the store through op->tx and the index with it.  When a step or the
 * commit fails after the index was touched, the transaction is rolled back and the
 * index is built anew from the store, so the two never part.  Hooks are collected
 * and called by op_end after the mutex is free. */
#ifndef COORD_OP_H
#define COORD_OP_H

#include <pthread.h>
#include <stdatomic.h>

#include "coord/coord.h"
#include "coord/index.h"

struct coord {
    struct store *store;
    struct coord_config config;
    struct coord_clock clock;
    struct coord_hooks hooks;
    enum task_strategy strategy; /* never TASK_STRATEGY_DEFAULT */
    pthread_mutex_t lock;
    struct index index;
    bool stale; /* the index must be rebuilt before anything else */
    int64_t placements, placement_visits, leases_expired, disputes, results;
    int64_t receipts_refused, audits;
    atomic_llong receipts; /* counted outside the lock */
};

enum op_event_kind { OP_WORK_READY, OP_LEASE_OVER, OP_TASK_CHANGED, OP_TASK_ENDED };

struct op_event {
    enum op_event_kind kind;
    char id[NODE_ID_BYTES]; /* of the node or the task */
};

struct op {
    struct coord *c;
    struct index *x; /* = &c->index */
    struct store_tx *tx;
    struct err *err;
    int64_t now_ms;
    bool touched; /* the index differs from what is committed */
    int reply;    /* commit, but return this: the refusal itself is on record */
    struct op_event *events;
    size_t n_events, cap_events;
    struct arena arena; /* for rows read */
};

int op_begin(struct coord *c, struct op *op, struct err *err);
int op_end(struct op *op, int rc);
int op_no_memory(struct op *op);
/* The index anew from the store; c->stale stays set when that fails. */
int op_rebuild(struct coord *c, struct err *err);

/* ---- steps, each both in the store and in the index ---- */

/* VCP_ENOTFOUND unless it is there and user_id (if not NULL) owns it. */
int op_node(struct op *op, struct cnode **out, const char *user_id, const char *node_id);
int op_put_node(struct op *op, struct cnode *n, const struct store_node *row);
/* Row changes that follow from what the node did: health and safe mode included. */
void op_judge_node(const struct op *op, struct store_node *row);

/* Stores the task's status if it changed, from how many nodes it has. */
int op_task_status(struct op *op, struct ctask *t);
int op_attach(struct op *op, struct ctask *t, struct cnode *n);
enum op_backoff {
    OP_NO_BACKOFF,
    OP_BACKOFF,     /* the node does not get the task again for a while */
    OP_NEVER_AGAIN, /* or not at all */
};
/* The assignment leaves as `execution`.  May free the node, when it is deleted and this was its
 * last. */
int op_detach(struct op *op, struct catt *m, enum store_execution execution, const char *note,
              enum op_backoff backoff);
int op_put_att(struct op *op, struct catt *m);
int op_put_att_note(struct op *op, struct catt *m, const char *note);
int op_task_ended(struct op *op, const char *task_id);
/* For the hooks: a lease of this node ended without a result. */
int op_lease_over(struct op *op, const char *node_id);
int op_work_ready(struct op *op, const char *node_id);
/* actor NULL: the server. */
int op_audit(struct op *op, const char *actor, const char *action, const char *subject);

/* place.c: keeps a record of what was decided; takes the reference. */
int op_keep_decision(struct op *op, const char *task_id, json_t *decision);
/* place.c: finds nodes for the task, as many as it wants. trigger is for the record. */
int op_place(struct op *op, struct ctask *t, const char *trigger);
/* place.c: finds tasks for the node, as many as it takes. */
int op_fill(struct op *op, struct cnode *n);
/* place.c: is there a node that could take the task instead; idle: one without work. */
bool op_has_candidate(struct op *op, struct ctask *t, bool idle);

/* lease.c: is the assignment's lease one of these. */
bool op_is_held(const struct catt *m, const char *const *held, size_t n_held);
/* lease.c: *over when the lease is; expires_at_ms may be NULL. */
int op_renew(struct op *op, struct cnode *n, const char *lease_id, bool *over,
             int64_t *expires_at_ms);

/* settle.c: all replicas delivered, or no more will come: decide and pay. */
int op_settle(struct op *op, struct ctask *t, const char *reason);
/* settle.c: ends the task without a result; everything goes back to its creator. */
int op_end_task(struct op *op, struct ctask *t, enum store_task_status status, const char *reason);

/* settle.c: adds to the record of the node what became of its result. */
int op_judge_result(struct op *op, const struct store_result *r, bool accepted);
/* settle.c: the signed statement of a result, for evidence; NULL when out of memory. */
json_t *op_signed_statement(const struct store_result *r);

/* audit.c: draws whether the result just kept is audited: pays for it, or asks for more. */
int op_draw_audit(struct op *op, struct catt *m);
/* audit.c: one more run, by a node of another owner, decides about the result there is. */
int op_ask_rerun(struct op *op, struct ctask *t);
/* audit.c: the receipt asked for will not come: another run decides. */
int op_audit_unproven(struct op *op, struct catt *m, const char *why);
/* audit.c: the audited result was false; the task begins anew. */
int op_audit_clear(struct op *op, struct ctask *t);
/* True while the assignment is there for the receipt of a result that is kept already. */
static inline bool op_is_audit_proof(const struct catt *m)
{
    return m->task->audit == STORE_AUDIT_PROOF;
}

/* lose.c: the node's result was false: it is out of this task for good, which goes on. */
int op_expel(struct op *op, struct catt *m, const char *why);
/* lose.c: a replica will not come.  by_node: it counts in the node's record. */
int op_lose(struct op *op, struct catt *m, const char *why, bool by_node);
/* lose.c: the node stops; see coord_node_leave. */
int op_node_leaves(struct op *op, struct cnode *n, const char *const *held, size_t n_held);
/* lose.c: the node is gone (offline, rejected, deleted: its row says so already). */
int op_node_gone(struct op *op, struct cnode *n, const char *why);

/* submit.c: how a stored task becomes one of the index. */
int op_load_task(struct coord *c, const struct store_task *row, struct ctask **out,
                 struct err *err);

#endif
