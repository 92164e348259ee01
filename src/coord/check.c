/* check.c - the index held against the store: builds a second one and compares. */
#include <string.h>

#include "base/err.h"
#include "coord/op.h"

static int differ(struct err *err, const char *what, const char *id, long long have, long long want)
{
    return err_set(err, VCP_EVERIFY, "%s of %s: %lld in the index, %lld in the store", what, id,
                   have, want);
}

static int check_node(const struct cnode *n, const struct cnode *m, struct err *err)
{
    if (n->state != m->state && !n->absent)
        return differ(err, "state", n->id, n->state, m->state);
    if (n->n_active != m->n_active)
        return differ(err, "active assignments", n->id, n->n_active, m->n_active);
    if (n->n_open != m->n_open)
        return differ(err, "open assignments", n->id, n->n_open, m->n_open);
    if (n->row.turn != m->row.turn)
        return differ(err, "turn", n->id, (long long)n->row.turn, (long long)m->row.turn);
    if (n->row.error_count != m->row.error_count)
        return differ(err, "error count", n->id, n->row.error_count, m->row.error_count);
    if (memcmp(&n->row.reputation, &m->row.reputation, sizeof n->row.reputation) != 0)
        return differ(err, "reputation (completed)", n->id, (long long)n->row.reputation.completed,
                      (long long)m->row.reputation.completed);
    if (n->silence_ms != m->silence_ms && n->in_silence)
        return differ(err, "silence", n->id, n->silence_ms, m->silence_ms);
    return VCP_OK;
}

static int check_att(const struct catt *m, const struct ctask *other, struct err *err)
{
    for (const struct catt *o = other->atts; o; o = o->task_next) {
        if (strcmp(o->node->id, m->node->id) != 0)
            continue;
        if (o->execution != m->execution)
            return differ(err, "execution", m->task->id, m->execution, o->execution);
        if (o->deadline_ms != m->deadline_ms)
            return differ(err, "deadline", m->task->id, m->deadline_ms, o->deadline_ms);
        if (strcmp(o->lease_id, m->lease_id) != 0)
            return differ(err, "lease id", m->task->id, 0, 1);
        return VCP_OK;
    }
    return differ(err, "assignments", m->task->id, 1, 0);
}

static int check_task(const struct ctask *t, const struct ctask *u, struct err *err)
{
    int rc = VCP_OK;

    if (t->status != u->status)
        return differ(err, "status", t->id, t->status, u->status);
    if (t->n_active != u->n_active || t->n_active > t->min_nodes)
        return differ(err, "nodes", t->id, t->n_active, u->n_active);
    if (t->n_done != u->n_done)
        return differ(err, "results", t->id, t->n_done, u->n_done);
    if (t->min_nodes != u->min_nodes || t->audit != u->audit)
        return differ(err, "audit", t->id, t->audit * 10 + t->min_nodes,
                      u->audit * 10 + u->min_nodes);
    if (t->attempts != u->attempts)
        return differ(err, "attempts", t->id, t->attempts, u->attempts);
    if (t->is_waiting != (t->n_active < t->min_nodes))
        return differ(err, "waiting", t->id, t->is_waiting, t->n_active < t->min_nodes);
    for (const struct catt *m = t->atts; rc == VCP_OK && m; m = m->task_next)
        rc = check_att(m, u, err);
    return rc;
}

static int check_nodes(const struct index *x, const struct index *y, struct err *err)
{
    int rc = VCP_OK;

    if (x->nodes.n != y->nodes.n)
        return differ(err, "nodes", "all", (long long)x->nodes.n, (long long)y->nodes.n);
    for (const struct cnode *n = x->all; rc == VCP_OK && n; n = n->next) {
        const struct cnode *m = index_node(y, n->id);

        rc = m ? check_node(n, m, err) : differ(err, "presence", n->id, 1, 0);
    }
    return rc;
}

static int check_tasks(const struct index *x, const struct index *y, struct err *err)
{
    int rc = VCP_OK;

    if (x->tasks.n != y->tasks.n)
        return differ(err, "tasks", "all", (long long)x->tasks.n, (long long)y->tasks.n);
    for (size_t i = 0; i < x->tasks.n_chains; i++)
        for (const struct table_link *e = x->tasks.chains[i]; rc == VCP_OK && e; e = e->next) {
            const struct ctask *t = tree_entry(e, const struct ctask, by_id);
            const struct ctask *u = index_task(y, t->id);

            rc = u ? check_task(t, u, err) : differ(err, "presence", t->id, 1, 0);
        }
    return rc;
}

static int check_sums(const struct index *x, const struct index *y, struct err *err)
{
    if (memcmp(&x->sums, &y->sums, sizeof x->sums) != 0)
        return differ(err, "sums", "nodes", x->sums.capacity_e3, y->sums.capacity_e3);
    if (x->n_leases != y->n_leases)
        return differ(err, "leases", "all", x->n_leases, y->n_leases);
    if (x->n_active != y->n_active)
        return differ(err, "assignments", "all", x->n_active, y->n_active);
    for (int s = 0; s < N_STRATEGIES; s++)
        if (x->by[s].n != x->in_state[NODE_OPEN] ||
            (int64_t)x->in_state[NODE_OPEN] > x->sums.online)
            return differ(err, "open nodes", "a strategy", (long long)x->by[s].n,
                          (long long)x->in_state[NODE_OPEN]);
    return VCP_OK;
}

int coord_check(struct coord *c, struct err *err)
{
    struct coord other = {.store = c->store, .config = c->config, .strategy = c->strategy};
    int rc;

    pthread_mutex_lock(&c->lock);
    rc = op_rebuild(&other, err);
    if (rc == VCP_OK)
        rc = check_nodes(&c->index, &other.index, err);
    if (rc == VCP_OK)
        rc = check_tasks(&c->index, &other.index, err);
    if (rc == VCP_OK)
        rc = check_sums(&c->index, &other.index, err);
    index_release(&other.index);
    pthread_mutex_unlock(&c->lock);
    return rc;
}
