/* sweep.c - everything that happens because time passes. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "coord/op.h"

/* Not taken in time.  It moves when somebody else would take it: the node has not
 * asked for work since, or another one stands idle.  Else it waits on where it is.
 * A node that did not ask gets nothing more before it does: one that shows a fine
 * health and never works would otherwise draw every task to itself in turn. */
static int not_taken(struct op *op, struct catt *m)
{
    struct ctask *t = m->task;
    bool asked = m->node->last_ask_ms >= m->assigned_ms;

    op->touched = true;
    if (!asked)
        node_set_absent(op->x, m->node, true);
    if (op_is_audit_proof(m))
        return op_audit_unproven(op, m, "not taken in time");
    if (op_has_candidate(op, t, asked)) {
        int rc = op_detach(op, m, STORE_LOST, "not taken in time", OP_BACKOFF);

        return rc < 0 ? rc : op_place(op, t, "not_taken");
    }
    att_set(op->x, m, STORE_ASSIGNED, op->now_ms + op->c->config.ack_timeout_ms);
    return op_put_att(op, m);
}

static int sweep_deadlines(struct op *op, unsigned *left)
{
    struct tree_link *e;
    int rc = VCP_OK;

    while (rc == VCP_OK && *left && (e = tree_first(&op->x->deadlines)) != NULL) {
        struct catt *m = tree_entry(e, struct catt, deadline);

        if (m->deadline_ms > op->now_ms)
            break;
        --*left;
        if (m->execution == STORE_IN_PROGRESS) {
            op->c->leases_expired++;
            rc = op_lose(op, m, "lease expired", true);
        } else {
            rc = not_taken(op, m);
        }
    }
    return rc;
}

static int go_offline(struct op *op, struct cnode *n)
{
    struct store_node row = n->row;
    struct store_heartbeat h = {.at_ms = op->now_ms,
                                .active_tasks = n->n_active,
                                .event = "offline",
                                .telemetry = row.telemetry};

    row.status = STORE_NODE_OFFLINE;
    row.updated_at_ms = op->now_ms;
    int rc = op_put_node(op, n, &row);
    if (rc == VCP_OK)
        rc = store_heartbeat_add(op->tx, n->id, &h, op->err);
    return rc < 0 ? rc : op_node_gone(op, n, "node went offline");
}

static int forget(struct op *op, struct cnode *n)
{
    struct store_node row = n->row;

    row.deleted_at_ms = op->now_ms;
    int rc = op_put_node(op, n, &row);
    return rc < 0 ? rc : op_node_gone(op, n, "node removed after its silence");
}

static int sweep_silence(struct op *op, unsigned *left)
{
    struct tree_link *e;
    int rc = VCP_OK;

    while (rc == VCP_OK && *left && (e = tree_first(&op->x->silence)) != NULL) {
        struct cnode *n = tree_entry(e, struct cnode, silence);

        if (n->silence_ms > op->now_ms)
            break;
        --*left;
        rc = n->state == NODE_OFFLINE ? forget(op, n) : go_offline(op, n);
    }
    return rc;
}

static int sweep_patience(struct op *op, unsigned *left)
{
    struct tree_link *e;
    int rc = VCP_OK;

    while (rc == VCP_OK && *left && (e = tree_first(&op->x->patience)) != NULL) {
        struct ctask *t = tree_entry(e, struct ctask, patience);
        char reason[128];

        if (t->patience_ms > op->now_ms)
            break;
        --*left;
        snprintf(reason, sizeof reason, "no %u eligible node%s%s within %lld s", t->min_nodes,
                 t->min_nodes > 1 ? "s" : "",
                 t->policy == TASK_POLICY_PROOF ? " that can prove" : "",
                 (long long)(op->c->config.queue_timeout_ms / 1000));
        rc = op_settle(op, t, reason);
    }
    return rc;
}

static int64_t earliest(const struct op *op)
{
    const struct index *x = op->x;
    const struct tree_link *d = tree_first(&x->deadlines), *s = tree_first(&x->silence),
                           *p = tree_first(&x->patience);
    int64_t next = op->now_ms + 60000;

    if (d && tree_entry(d, const struct catt, deadline)->deadline_ms < next)
        next = tree_entry(d, const struct catt, deadline)->deadline_ms;
    if (s && tree_entry(s, const struct cnode, silence)->silence_ms < next)
        next = tree_entry(s, const struct cnode, silence)->silence_ms;
    if (p && tree_entry(p, const struct ctask, patience)->patience_ms < next)
        next = tree_entry(p, const struct ctask, patience)->patience_ms;
    return next;
}

int coord_sweep(struct coord *c, int64_t *next_ms, struct err *err)
{
    unsigned left;
    int rc;

    do {
        struct op op;

        left = COORD_SWEEP_BATCH;
        rc = op_begin(c, &op, err);
        if (rc < 0)
            return rc;
        rc = sweep_deadlines(&op, &left);
        if (rc == VCP_OK)
            rc = sweep_silence(&op, &left);
        if (rc == VCP_OK)
            rc = sweep_patience(&op, &left);
        if (rc == VCP_OK && next_ms)
            *next_ms = earliest(&op);
        rc = op_end(&op, rc);
    } while (rc == VCP_OK && left == 0);
    return rc;
}
