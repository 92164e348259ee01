/* lease.c - work on its way to a node, and given back; what it delivers is result.c. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "coord/op.h"

/* ---- taking ---- */

static int lease_over(struct op *op)
{
    return err_set(op->err, VCP_ESTATE,
                   "the lease is over: the task was given to another node, "
                   "was cancelled or has ended");
}

static struct catt *att_by_lease(const struct cnode *n, const char *lease_id)
{
    for (struct catt *m = n->first; m; m = m->node_next)
        if (m->lease_id[0] && strcmp(m->lease_id, lease_id) == 0)
            return m;
    return NULL;
}

bool op_is_held(const struct catt *m, const char *const *held, size_t n_held)
{
    for (size_t i = 0; i < n_held; i++)
        if (strcmp(m->lease_id, held[i]) == 0)
            return true;
    return false;
}

/* Never beyond twice the lease: who only renews does not keep a task for ever. */
static int64_t renewed(const struct op *op, const struct catt *m)
{
    int64_t until = op->now_ms + m->task->lease_ms;
    int64_t last = m->started_ms + 2 * m->task->lease_ms;

    return until < last ? until : last;
}

/* A lease whose reply never arrived, or whose node began anew. */
static struct catt *lost_reply(const struct op *op, const struct cnode *n, const char *const *held,
                               size_t n_held)
{
    for (struct catt *m = n->first; m; m = m->node_next)
        if (m->execution == STORE_IN_PROGRESS && m->deadline_ms > op->now_ms &&
            !op_is_held(m, held, n_held))
            return m;
    return NULL;
}

static struct catt *oldest_waiting(const struct cnode *n)
{
    for (struct catt *m = n->first; m; m = m->node_next)
        if (m->execution == STORE_ASSIGNED)
            return m;
    return NULL;
}

static int begin_lease(struct op *op, struct catt *m)
{
    op->touched = true;
    rng_uuid(m->lease_id);
    m->attempts++;
    m->started_ms = op->now_ms;
    att_set(op->x, m, STORE_IN_PROGRESS, op->now_ms + m->task->lease_ms);
    return op_put_att(op, m);
}

static int renew_lease(struct op *op, struct catt *m)
{
    op->touched = true;
    att_set(op->x, m, STORE_IN_PROGRESS, renewed(op, m));
    return op_put_att(op, m);
}

static int hand_out(struct op *op, const struct catt *m, struct arena *a, struct coord_lease *out)
{
    struct store_task row;
    int rc = store_task_get(op->tx, a, &row, m->task->id, op->err);

    if (rc < 0)
        return rc;
    strcpy(out->task_id, m->task->id);
    strcpy(out->lease_id, m->lease_id);
    out->attempt = m->attempts;
    out->expires_at_ms = m->deadline_ms;
    out->spec = row.spec;
    out->prove = task_wants_receipt(m->task);
    return VCP_OK;
}

/* Asking is a sign of life; the row is written only when that changes something that
 * a restart must know. */
static int alive(struct op *op, struct cnode *n)
{
    struct store_node row = n->row;

    n->last_ask_ms = op->now_ms;
    if (n->absent)
        node_set_absent(op->x, n, false);
    if (row.status == STORE_NODE_REJECTED)
        return err_set(op->err, VCP_ESTATE, "node %s was rejected: register it again", n->id);
    if (row.status == STORE_NODE_ONLINE &&
        op->now_ms - row.last_heartbeat_at_ms < op->c->config.heartbeat_timeout_ms / 4)
        return VCP_OK;
    row.status = STORE_NODE_ONLINE;
    row.last_heartbeat_at_ms = op->now_ms;
    row.updated_at_ms = op->now_ms;
    return op_put_node(op, n, &row);
}

struct take {
    const char *user_id, *node_id;
    const char *const *held;
    size_t n_held;
    struct arena *a;
    struct coord_lease *out;
};

static int do_take(struct op *op, const struct take *k)
{
    struct cnode *n;
    int rc = op_node(op, &n, k->user_id, k->node_id);

    if (rc == VCP_OK)
        rc = alive(op, n);
    if (rc < 0)
        return rc;
    struct catt *m = k->held ? lost_reply(op, n, k->held, k->n_held) : NULL;
    if (m) {
        rc = renew_lease(op, m);
        return rc < 0 ? rc : hand_out(op, m, k->a, k->out);
    }
    rc = op_fill(op, n);
    if (rc < 0)
        return rc;
    m = oldest_waiting(n);
    if (m == NULL) {
        op->reply = err_set(op->err, VCP_EBUSY, "no work for node %s now", k->node_id);
        return VCP_OK;
    }
    rc = begin_lease(op, m);
    return rc < 0 ? rc : hand_out(op, m, k->a, k->out);
}

int coord_lease_take(struct coord *c, const char *user_id, const char *node_id,
                     const char *const *held, size_t n_held, struct arena *a,
                     struct coord_lease *out, struct err *err)
{
    struct coord_lease lease = {0};
    struct take k = {user_id, node_id, held, n_held, a, &lease};
    struct op op;

    if (n_held > COORD_HELD_MAX)
        return err_set(err, VCP_EINVAL, "held cannot have more than %u leases", COORD_HELD_MAX);
    int rc = op_begin(c, &op, err);
    if (rc == VCP_OK)
        rc = op_end(&op, do_take(&op, &k));
    if (rc == VCP_OK)
        *out = lease;
    return rc;
}

int op_renew(struct op *op, struct cnode *n, const char *lease_id, bool *over,
             int64_t *expires_at_ms)
{
    struct catt *m = att_by_lease(n, lease_id);

    *over = m == NULL || m->execution != STORE_IN_PROGRESS || m->deadline_ms <= op->now_ms;
    if (*over)
        return VCP_OK;
    int rc = renew_lease(op, m);
    if (rc == VCP_OK && expires_at_ms)
        *expires_at_ms = m->deadline_ms;
    return rc;
}

int coord_lease_renew(struct coord *c, const char *user_id, const char *node_id,
                      const char *lease_id, int64_t *expires_at_ms, struct err *err)
{
    struct cnode *n;
    int64_t until = 0;
    bool over = false;
    struct op op;
    int rc = op_begin(c, &op, err);

    if (rc < 0)
        return rc;
    rc = op_node(&op, &n, user_id, node_id);
    if (rc == VCP_OK)
        rc = op_renew(&op, n, lease_id, &over, &until);
    if (rc == VCP_OK && over)
        rc = lease_over(&op);
    rc = op_end(&op, rc);
    if (rc == VCP_OK)
        *expires_at_ms = until;
    return rc;
}

/* ---- giving back ---- */

static const char *const failure_names[] = {"timeout", "shutdown", "cannot_run", "worker_lost",
                                            "cannot_prove"};

bool coord_failure_parse(enum coord_failure *out, const char *name)
{
    for (int i = 0; i < 5; i++)
        if (strcmp(name, failure_names[i]) == 0) {
            *out = (enum coord_failure)i;
            return true;
        }
    return false;
}

const char *coord_failure_name(enum coord_failure f)
{
    return failure_names[f];
}

static bool says_unprovable(const struct store_assignment *a)
{
    const char *word = failure_names[COORD_FAIL_CANNOT_PROVE];

    return a->note && strncmp(a->note, word, strlen(word)) == 0;
}

/* One node's word does not end a task while another could be asked. */
static int is_unprovable(struct op *op, const struct catt *m, bool *out)
{
    struct store_assignment *list;
    size_t n = 0;
    int rc = store_assignment_list(op->tx, &op->arena, &list, &n, m->task->id, op->err);

    *out = false;
    for (size_t i = 0; rc == VCP_OK && i < n && !*out; i++) {
        const struct cnode *other = index_node(op->x, list[i].node_id);

        *out = says_unprovable(&list[i]) && (other == NULL || other->owner != m->node->owner);
    }
    if (rc == VCP_OK && !*out)
        *out = !op_has_candidate(op, m->task, false);
    return rc;
}

/* No proof of this run can be made: another node may think otherwise, or the task ends. */
static int cannot_prove(struct op *op, struct catt *m, const char *text)
{
    struct ctask *t = m->task;
    bool ends;
    int rc;

    if (op_is_audit_proof(m))
        return op_audit_unproven(op, m, text);
    rc = is_unprovable(op, m, &ends);
    if (rc < 0 || !ends)
        return rc < 0 ? rc : op_lose(op, m, text, false);
    rc = op_detach(op, m, STORE_LOST, text, OP_BACKOFF);
    return rc < 0 ? rc : op_settle(op, t, text);
}

static int do_fail(struct op *op, const char *user_id, const char *node_id, const char *lease_id,
                   enum coord_failure why, const char *note)
{
    struct cnode *n;
    int rc = op_node(op, &n, user_id, node_id);

    if (rc < 0)
        return rc;
    struct catt *m = att_by_lease(n, lease_id);
    if (m == NULL || m->execution != STORE_IN_PROGRESS)
        return lease_over(op);
    const char *text = arena_printf(&op->arena, "%s%s%.256s", failure_names[why],
                                    note && note[0] ? ": " : "", note ? note : "");
    if (text == NULL)
        return op_no_memory(op);
    if (why == COORD_FAIL_CANNOT_PROVE && task_wants_receipt(m->task))
        rc = cannot_prove(op, m, text);
    else
        rc = op_lose(op, m, text, why != COORD_FAIL_TIMEOUT && why != COORD_FAIL_SHUTDOWN);
    /* The node has room now, unless what it lost was its last and it is deleted. */
    n = index_node(op->x, node_id);
    return rc < 0 || n == NULL ? rc : op_fill(op, n);
}

int coord_lease_fail(struct coord *c, const char *user_id, const char *node_id,
                     const char *lease_id, enum coord_failure why, const char *note,
                     struct err *err)
{
    struct op op;
    int rc = op_begin(c, &op, err);

    return rc < 0 ? rc : op_end(&op, do_fail(&op, user_id, node_id, lease_id, why, note));
}
