/* lose.c - replicas that will not come, and nodes that are gone. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "coord/op.h"

/* In the node's record: one failure more, in safe mode from the policy's count on. */
static int blame(struct op *op, struct cnode *n)
{
    struct store_node row = n->row;

    row.reputation.failed++;
    row.error_count++;
    int64_t updated = row.updated_at_ms;
    op_judge_node(op, &row);
    if (row.status == STORE_NODE_OFFLINE)
        row.updated_at_ms = updated; /* how long it has been offline */
    return op_put_node(op, n, &row);
}

static bool exhausted(const struct op *op, const struct ctask *t)
{
    return t->attempts >= (uint64_t)op->c->config.attempts_max * t->min_nodes;
}

static int store_attempts(struct op *op, const struct ctask *t)
{
    struct store_task row = {.task_id = t->id,
                             .status = t->status,
                             .attempts = t->attempts,
                             .updated_at_ms = op->now_ms};

    return store_task_update(op->tx, &row, op->err);
}

/* One attempt less; the task is placed again, or given up. */
static int leave(struct op *op, struct catt *m, const char *why, enum op_backoff backoff)
{
    struct ctask *t = m->task;
    char reason[160], text[101];
    int rc;

    snprintf(text, sizeof text, "%s", why); /* may be of what is freed here */
    op->touched = true;
    t->attempts++;
    rc = op_detach(op, m, STORE_LOST, why, backoff);
    if (rc == VCP_OK)
        rc = store_attempts(op, t);
    if (rc < 0)
        return rc;
    if (!exhausted(op, t))
        return op_place(op, t, "replica_lost");
    snprintf(reason, sizeof reason, "given up after %u failed attempts, the last one: %s",
             t->attempts, text);
    return op_settle(op, t, reason);
}

int op_lose(struct op *op, struct catt *m, const char *why, bool by_node)
{
    int rc = by_node ? blame(op, m->node) : VCP_OK;

    if (rc < 0)
        return rc;
    if (op_is_audit_proof(m))
        return op_audit_unproven(op, m, why);
    return leave(op, m, why, OP_BACKOFF);
}

int op_expel(struct op *op, struct catt *m, const char *why)
{
    return leave(op, m, why, OP_NEVER_AGAIN);
}

/* Work that was not begun moves on without anybody's fault. */
static int move_on(struct op *op, struct catt *m, const char *why)
{
    struct ctask *t = m->task;
    int rc;

    if (op_is_audit_proof(m))
        return op_audit_unproven(op, m, why);
    rc = op_detach(op, m, STORE_LOST, why, OP_NO_BACKOFF);

    return rc < 0 ? rc : op_place(op, t, "node_gone");
}

/* What can still be lost; what was delivered stays until the task ends. */
static struct catt *first_open(const struct cnode *n)
{
    for (struct catt *m = n->first; m; m = m->node_next)
        if (m->execution != STORE_DONE)
            return m;
    return NULL;
}

/* What a leaving node has not begun, or does not know it was given. */
static struct catt *first_unknown(const struct cnode *n, const char *const *held, size_t n_held)
{
    for (struct catt *m = n->first; m; m = m->node_next)
        if (m->execution == STORE_ASSIGNED ||
            (m->execution == STORE_IN_PROGRESS && !op_is_held(m, held, n_held)))
            return m;
    return NULL;
}

int op_node_leaves(struct op *op, struct cnode *n, const char *const *held, size_t n_held)
{
    char id[NODE_ID_BYTES];
    struct catt *m;
    int rc = VCP_OK;

    op->touched = true;
    node_set_absent(op->x, n, true);
    strcpy(id, n->id);
    while (rc == VCP_OK && (n = index_node(op->x, id)) != NULL &&
           (m = first_unknown(n, held, n_held)) != NULL)
        rc = m->execution == STORE_IN_PROGRESS ? op_lose(op, m, "node stopping", false)
                                               : move_on(op, m, "node stopping");
    return rc;
}

int op_node_gone(struct op *op, struct cnode *n, const char *why)
{
    char id[NODE_ID_BYTES];
    struct catt *m;
    int rc = VCP_OK;

    if (n->state == NODE_DELETED && n->n_active == 0) {
        op->touched = true;
        index_drop_node(op->x, n);
        return VCP_OK;
    }
    strcpy(id, n->id);
    /* Ending a task may free assignments and, with its last one, the deleted node. */
    while (rc == VCP_OK && (n = index_node(op->x, id)) != NULL && (m = first_open(n)) != NULL)
        rc = m->execution == STORE_IN_PROGRESS ? op_lose(op, m, why, true) : move_on(op, m, why);
    return rc;
}
