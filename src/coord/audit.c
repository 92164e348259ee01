/* audit.c - one result in a few is not taken at its word.
 *
 * The draw is made when the result is in and committed with it, so that no node can know it
 * before and no crash can repeat it.  A result that is drawn stays undecided until it is backed:
 * by the receipt of the node that delivered it, when that node can prove (it gets a second lease
 * of the task, with the wish for a receipt), else by runs on nodes of other owners. */
#include <string.h>

#include "base/err.h"
#include "coord/op.h"

/* In [0, 1), 53 bits. */
static double draw(const struct op *op)
{
    const struct coord_config *c = &op->c->config;
    uint64_t bits;

    if (c->random)
        bits = c->random(c->random_arg);
    else
        rng_bytes(&bits, sizeof bits);
    return (double)(bits >> 11) * 0x1p-53;
}

static int record_draw(struct op *op, const struct catt *m, double chance, bool drawn)
{
    const char *by = !drawn ? NULL : m->node->proves ? "proof" : "rerun";

    return op_keep_decision(op, m->task->id,
                            json_pack("{s:s, s:s, s:f, s:f, s:f, s:b, s:s?}", "trigger", "audit",
                                      "node_id", m->node->id, "p", m->task->audit_p, "trust",
                                      reputation_trust(&m->node->row.reputation), "chance", chance,
                                      "drawn", (int)drawn, "by", by));
}

static int set_audit(struct op *op, struct ctask *t, enum store_task_audit audit,
                     uint32_t min_nodes)
{
    op->touched = true;
    task_set_audit(op->x, t, audit, min_nodes);
    return store_task_set_audit(op->tx, t->id, audit, min_nodes, op->err);
}

/* The result is kept; what comes next is another lease of the same node. */
static int ask_proof(struct op *op, struct catt *m)
{
    int rc = set_audit(op, m->task, STORE_AUDIT_PROOF, m->task->min_nodes);

    if (rc < 0)
        return rc;
    m->assigned_ms = op->now_ms;
    m->finished_ms = 0;
    att_set(op->x, m, STORE_ASSIGNED, op->now_ms + op->c->config.ack_timeout_ms);
    rc = op_put_att(op, m);
    return rc < 0 ? rc : op_work_ready(op, m->node->id);
}

int op_ask_rerun(struct op *op, struct ctask *t)
{
    int rc = set_audit(op, t, STORE_AUDIT_RERUN, t->n_active + 1);

    if (rc == VCP_OK)
        rc = op_task_status(op, t);
    return rc < 0 ? rc : op_place(op, t, "audit");
}

int op_draw_audit(struct op *op, struct catt *m)
{
    struct ctask *t = m->task;
    double chance = reputation_audit_chance(t->audit_p, &m->node->row.reputation);
    bool drawn = draw(op) < chance;
    int rc = record_draw(op, m, chance, drawn);

    if (rc < 0)
        return rc;
    if (!drawn)
        return op_settle(op, t, NULL);
    op->c->audits++;
    return m->node->proves ? ask_proof(op, m) : op_ask_rerun(op, t);
}

int op_audit_unproven(struct op *op, struct catt *m, const char *why)
{
    struct ctask *t = m->task;
    int rc = VCP_OK;

    op->touched = true;
    if (m->execution == STORE_IN_PROGRESS)
        rc = op_lease_over(op, m->node->id);
    m->finished_ms = op->now_ms;
    att_set(op->x, m, STORE_DONE, 0);
    if (rc == VCP_OK)
        rc = op_put_att_note(op, m, why);
    return rc < 0 ? rc : op_ask_rerun(op, t);
}

int op_audit_clear(struct op *op, struct ctask *t)
{
    return t->audit == STORE_AUDIT_NONE ? VCP_OK : set_audit(op, t, STORE_AUDIT_NONE, 1);
}
