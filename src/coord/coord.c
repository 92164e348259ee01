/* coord.c - opening, operations, and the index built from the store. */
#include "coord/coord.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "coord/op.h"
#include "store/ledger.h"
#include "store/meta.h"
#include "store/users.h"

/* ---- configuration ---- */

void coord_config_default(struct coord_config *c)
{
    *c = (struct coord_config){
        .strategy = TASK_STRATEGY_WEIGHTED,
        .node_tasks_max = 50,
        .heartbeat_timeout_ms = 5 * 60000,
        .removal_timeout_ms = 5 * 60000,
        .ack_timeout_ms = 60000,
        .lease_grace_ms = 10000,
        .backoff_ms = 15000,
        .queue_timeout_ms = 24 * 3600000ll,
        .attempts_max = 5,
        .safety = safety_policy_default,
    };
}

/* A positive decimal integer, or 0. */
static int64_t positive(const char *s)
{
    int64_t v = 0;

    if (*s == '\0')
        return 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || v > 1000000000)
            return 0;
        v = v * 10 + (*s - '0');
    }
    return v;
}

static void minutes_from(int64_t *ms, const char *name)
{
    const char *s = getenv(name);

    if (s && positive(s))
        *ms = positive(s) * 60000;
}

void coord_config_from_env(struct coord_config *c)
{
    const char *cap = getenv("MAX_CONCURRENT_TASKS_PER_NODE");

    /* Set but wrong: the default, not the alias. */
    if (cap == NULL)
        cap = getenv("MAX_ACTIVE_TASK_ATTACHMENTS_PER_NODE");
    if (cap) {
        int64_t v = positive(cap);
        c->node_tasks_max = v && v <= UINT32_MAX ? (uint32_t)v : 50;
    }
    minutes_from(&c->heartbeat_timeout_ms, "NODE_HEARTBEAT_TIMEOUT_MINUTES");
    minutes_from(&c->removal_timeout_ms, "NODE_REMOVAL_TIMEOUT_MINUTES");
}

/* ---- building the index ---- */

struct load {
    struct coord *c;
    struct store_tx *tx;
    struct err *err;
};

static int load_node(void *arg, const struct store_node *row)
{
    struct load *l = arg;

    if (index_add_node(&l->c->index, row) == NULL)
        return err_set(l->err, VCP_ENOMEM, "coordinator: cannot load node %s", row->node_id);
    return VCP_OK;
}

static int load_task(void *arg, const struct store_task *row)
{
    struct load *l = arg;
    struct ctask *t;

    return op_load_task(l->c, row, &t, l->err);
}

/* A deleted node is loaded only for what it delivered to a task that still runs. */
static int node_for(struct load *l, const char *node_id, struct cnode **out)
{
    struct store_node row;
    struct arena a;
    int rc;

    *out = index_node(&l->c->index, node_id);
    if (*out)
        return VCP_OK;
    arena_init(&a, 0);
    rc = store_node_get(l->tx, &a, &row, node_id, l->err);
    if (rc == VCP_OK) {
        *out = index_add_node(&l->c->index, &row);
        if (*out == NULL)
            rc = err_set(l->err, VCP_ENOMEM, "coordinator: out of memory");
    }
    arena_release(&a);
    return rc;
}

static int load_assignment(void *arg, const struct store_assignment *row)
{
    struct load *l = arg;
    struct ctask *t = index_task(&l->c->index, row->task_id);
    struct cnode *n;
    struct catt *m;

    if (row->disconnected_at_ms) {
        struct cback *b = NULL;

        if (row->backoff_until_ms) {
            b = task_back_set(t, row->node_id, row->backoff_until_ms);
            if (b == NULL)
                return err_set(l->err, VCP_ENOMEM, "coordinator: out of memory");
            b->failures = row->attempts;
        }
        return VCP_OK;
    }
    int rc = node_for(l, row->node_id, &n);
    if (rc < 0)
        return rc;
    m = index_attach(&l->c->index, t, n);
    if (m == NULL)
        return err_set(l->err, VCP_ENOMEM, "coordinator: out of memory");
    m->attempts = row->attempts;
    m->assigned_ms = row->assigned_at_ms;
    m->started_ms = row->started_at_ms;
    m->finished_ms = row->finished_at_ms;
    if (row->lease_id && strlen(row->lease_id) < sizeof m->lease_id)
        strcpy(m->lease_id, row->lease_id);
    att_set(&l->c->index, m, row->execution, row->deadline_ms);
    return VCP_OK;
}

static int load_strategy(struct load *l)
{
    const char *name = NULL;
    struct arena a;

    arena_init(&a, 0);
    int rc = store_setting_get(l->tx, &a, &name, "strategy", l->err);
    if (rc == VCP_ENOTFOUND)
        rc = VCP_OK;
    else if (rc == VCP_OK && task_strategy_parse(&l->c->strategy, name) < 0)
        rc = err_set(l->err, VCP_EFORMAT, "setting strategy: \"%s\" is none", name);
    arena_release(&a);
    return rc;
}

static int load_all(struct load *l)
{
    int rc = load_strategy(l);

    if (rc == VCP_OK)
        rc = store_node_each(l->tx, load_node, l, l->err);
    if (rc == VCP_OK)
        rc = store_task_each_live(l->tx, load_task, l, l->err);
    if (rc == VCP_OK)
        rc = store_assignment_each_live(l->tx, load_assignment, l, l->err);
    return rc;
}

int op_rebuild(struct coord *c, struct err *err)
{
    struct load l = {.c = c, .err = err};
    int rc;

    c->stale = true;
    index_release(&c->index);
    index_init(&c->index, &c->config);
    rc = store_begin_read(c->store, &l.tx, err);
    if (rc < 0)
        return rc;
    rc = load_all(&l);
    store_rollback(l.tx);
    c->stale = rc < 0;
    return rc;
}

/* ---- opening ---- */

static int64_t system_now(void *arg)
{
    (void)arg;
    return clock_wall_ms();
}

int coord_open(struct coord **out, struct store *s, const struct coord_config *config,
               const struct coord_clock *clock, const struct coord_hooks *hooks, struct err *err)
{
    int rc = store_claim(s, err);

    if (rc < 0)
        return rc;
    struct coord *c = calloc(1, sizeof *c);
    if (c == NULL) {
        store_unclaim(s);
        return err_set(err, VCP_ENOMEM, "coordinator: out of memory");
    }
    c->store = s;
    c->config = *config;
    c->clock = clock ? *clock : (struct coord_clock){.now_ms = system_now};
    if (hooks)
        c->hooks = *hooks;
    c->strategy = config->strategy ? config->strategy : TASK_STRATEGY_WEIGHTED;
    pthread_mutex_init(&c->lock, NULL);
    rc = op_rebuild(c, err);
    if (rc < 0) {
        coord_free(c);
        return rc;
    }
    *out = c;
    return VCP_OK;
}

void coord_free(struct coord *c)
{
    if (c == NULL)
        return;
    index_release(&c->index);
    store_unclaim(c->store);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* ---- operations ---- */

int op_begin(struct coord *c, struct op *op, struct err *err)
{
    int rc = VCP_OK;

    *op = (struct op){.c = c, .x = &c->index, .err = err};
    pthread_mutex_lock(&c->lock);
    if (c->stale)
        rc = op_rebuild(c, err);
    if (rc == VCP_OK)
        rc = store_begin_write(c->store, &op->tx, err);
    if (rc < 0) {
        pthread_mutex_unlock(&c->lock);
        return rc;
    }
    arena_init(&op->arena, 0);
    op->now_ms = c->clock.now_ms(c->clock.arg);
    c->index.now_ms = op->now_ms;
    return VCP_OK;
}

static void call_hooks(const struct op *op)
{
    const struct coord_hooks *h = &op->c->hooks;

    for (size_t i = 0; i < op->n_events; i++) {
        const struct op_event *e = &op->events[i];

        if (e->kind == OP_WORK_READY && h->work_ready)
            h->work_ready(h->arg, e->id);
        else if (e->kind == OP_LEASE_OVER && h->lease_over)
            h->lease_over(h->arg, e->id);
        else if (e->kind >= OP_TASK_CHANGED && h->task_changed)
            h->task_changed(h->arg, e->id, e->kind == OP_TASK_ENDED);
    }
}

int op_end(struct op *op, int rc)
{
    struct coord *c = op->c;

    if (rc >= 0) {
        rc = store_commit(op->tx, op->err);
    } else {
        store_rollback(op->tx);
    }
    /* A failed rebuild leaves the index stale; the next operation tries again. */
    if (rc < 0 && op->touched)
        op_rebuild(c, NULL);
    pthread_mutex_unlock(&c->lock);
    if (rc >= 0)
        call_hooks(op);
    free(op->events);
    arena_release(&op->arena);
    return rc >= 0 && op->reply < 0 ? op->reply : rc;
}

int op_no_memory(struct op *op)
{
    return err_set(op->err, VCP_ENOMEM, "coordinator: out of memory");
}

static int op_event(struct op *op, enum op_event_kind kind, const char *id)
{
    if (op->n_events == op->cap_events) {
        size_t cap = op->cap_events ? op->cap_events * 2 : 8;
        struct op_event *p = realloc(op->events, cap * sizeof *p);

        if (p == NULL)
            return op_no_memory(op);
        op->events = p;
        op->cap_events = cap;
    }
    struct op_event *e = &op->events[op->n_events++];
    e->kind = kind;
    strncpy(e->id, id, sizeof e->id - 1);
    e->id[sizeof e->id - 1] = '\0';
    return VCP_OK;
}

/* ---- steps ---- */

#define NEVER_MS 4102444800000 /* the year 2100 */

int op_node(struct op *op, struct cnode **out, const char *user_id, const char *node_id)
{
    struct cnode *n = index_node(op->x, node_id);

    if (n == NULL || n->state == NODE_DELETED || (user_id && strcmp(user_id, n->owner_id) != 0))
        return err_set(op->err, VCP_ENOTFOUND, "no node %s", node_id);
    *out = n;
    return VCP_OK;
}

int op_put_node(struct op *op, struct cnode *n, const struct store_node *row)
{
    op->touched = true;
    int rc = store_node_put(op->tx, row, op->err);
    if (rc < 0)
        return rc;
    return node_set_row(op->x, n, row) < 0 ? op_no_memory(op) : VCP_OK;
}

void op_judge_node(const struct op *op, struct store_node *row)
{
    row->has_health = row->telemetry.timestamp != 0;
    row->health_score = row->has_health ? 100 * telemetry_health(&row->telemetry,
                                                                 reputation_score(&row->reputation))
                                        : 0;
    row->safe_mode = safety_tripped(&op->c->config.safety, &row->telemetry, row->error_count, NULL);
    row->updated_at_ms = op->now_ms;
}

int op_task_status(struct op *op, struct ctask *t)
{
    enum store_task_status s = t->n_active >= t->min_nodes ? STORE_TASK_RUNNING
                                                           : STORE_TASK_PENDING;
    struct store_task row = {
        .task_id = t->id, .status = s, .attempts = t->attempts, .updated_at_ms = op->now_ms};

    if (s == t->status)
        return VCP_OK;
    op->touched = true;
    t->status = s;
    t->updated_ms = op->now_ms;
    int rc = store_task_update(op->tx, &row, op->err);
    return rc < 0 ? rc : op_event(op, OP_TASK_CHANGED, t->id);
}

static int put_att(struct op *op, const struct catt *m, const char *note, int64_t disconnected_ms,
                   int64_t backoff_until_ms)
{
    struct store_assignment row = {
        .task_id = m->task->id,
        .node_id = m->node->id,
        .execution = m->execution,
        .lease_id = m->lease_id[0] ? m->lease_id : NULL,
        .attempts = m->attempts,
        .assigned_at_ms = m->assigned_ms,
        .started_at_ms = m->started_ms,
        .finished_at_ms = m->finished_ms,
        .disconnected_at_ms = disconnected_ms,
        .deadline_ms = disconnected_ms ? 0 : m->deadline_ms,
        .backoff_until_ms = backoff_until_ms,
        .note = note,
    };

    op->touched = true;
    return store_assignment_put(op->tx, &row, op->err);
}

int op_put_att(struct op *op, struct catt *m)
{
    return put_att(op, m, NULL, 0, 0);
}

int op_put_att_note(struct op *op, struct catt *m, const char *note)
{
    return put_att(op, m, note, 0, 0);
}

/* Leases of earlier times with this task; a row that is there is revived. */
static int earlier_attempts(struct op *op, const struct catt *m, uint32_t *out)
{
    struct store_assignment old;
    int rc = store_assignment_get(op->tx, &op->arena, &old, m->task->id, m->node->id, op->err);

    *out = rc == VCP_OK ? old.attempts : 0;
    return rc == VCP_ENOTFOUND ? VCP_OK : rc;
}

int op_attach(struct op *op, struct ctask *t, struct cnode *n)
{
    struct store_node row = n->row;

    op->touched = true;
    struct catt *m = index_attach(op->x, t, n);
    if (m == NULL)
        return op_no_memory(op);
    m->assigned_ms = op->now_ms;
    att_set(op->x, m, STORE_ASSIGNED, op->now_ms + op->c->config.ack_timeout_ms);
    row.turn = op->x->turn + 1;
    int rc = earlier_attempts(op, m, &m->attempts);
    if (rc == VCP_OK)
        rc = op_put_att(op, m);
    if (rc == VCP_OK)
        rc = op_put_node(op, n, &row);
    if (rc == VCP_OK)
        rc = op_task_status(op, t);
    op->c->placements++;
    return rc < 0 ? rc : op_event(op, OP_WORK_READY, n->id);
}

int op_work_ready(struct op *op, const char *node_id)
{
    return op_event(op, OP_WORK_READY, node_id);
}

/* Doubles with each failure: 1, 2, 4, 8, 16 times and no more. */
static int64_t backoff_ms(const struct op *op, const struct ctask *t, const struct cnode *n)
{
    const struct cback *b = task_back(t, n->id);
    uint32_t failures = b ? b->failures : 0;

    return op->c->config.backoff_ms << (failures < 4 ? failures : 4);
}

/* When the node may have the task again; 0: at once. */
static int64_t backoff_until(const struct op *op, const struct catt *m, enum op_backoff backoff)
{
    switch (backoff) {
    case OP_BACKOFF: return op->now_ms + backoff_ms(op, m->task, m->node);
    case OP_NEVER_AGAIN: return NEVER_MS;
    default: return 0;
    }
}

int op_detach(struct op *op, struct catt *m, enum store_execution execution, const char *note,
              enum op_backoff backoff)
{
    struct ctask *t = m->task;
    int64_t until = backoff_until(op, m, backoff);
    int rc = VCP_OK;

    op->touched = true;
    if (until && task_back_set(t, m->node->id, until) == NULL)
        return op_no_memory(op);
    if (m->execution == STORE_IN_PROGRESS)
        rc = op_lease_over(op, m->node->id);
    att_set(op->x, m, execution, 0);
    if (execution == STORE_LOST)
        m->finished_ms = op->now_ms;
    if (rc == VCP_OK)
        rc = put_att(op, m, note, op->now_ms, until);
    index_detach(op->x, m);
    return rc < 0 ? rc : op_task_status(op, t);
}

int op_task_ended(struct op *op, const char *task_id)
{
    return op_event(op, OP_TASK_ENDED, task_id);
}

int op_lease_over(struct op *op, const char *node_id)
{
    return op_event(op, OP_LEASE_OVER, node_id);
}

int op_audit(struct op *op, const char *actor, const char *action, const char *subject)
{
    struct store_audit e = {.at_ms = op->now_ms,
                            .actor = actor ? actor : "server",
                            .action = action,
                            .subject = subject};

    return store_audit_add(op->tx, &e, op->err);
}

/* ---- settings and money ---- */

enum task_strategy coord_strategy(struct coord *c)
{
    pthread_mutex_lock(&c->lock);
    enum task_strategy s = c->strategy;
    pthread_mutex_unlock(&c->lock);
    return s;
}

int coord_set_strategy(struct coord *c, enum task_strategy s, struct err *err)
{
    struct op op;

    if (s == TASK_STRATEGY_DEFAULT)
        return err_set(err, VCP_EINVAL, "the cluster's strategy must be one of the four");
    int rc = op_begin(c, &op, err);
    if (rc < 0)
        return rc;
    op.touched = true;
    rc = store_setting_put(op.tx, "strategy", task_strategy_name(s), op.now_ms, err);
    if (rc == VCP_OK)
        rc = op_audit(&op, NULL, "cluster.strategy", task_strategy_name(s));
    c->strategy = s;
    return op_end(&op, rc);
}

int coord_grant(struct coord *c, const char *user_id, int64_t amount, const char *key,
                struct err *err)
{
    struct ledger_transfer t = {.kind = "issue", .n = 2};
    char account[LEDGER_NAME_BYTES], full[256];
    struct store_user user;
    struct op op;

    if (amount <= 0)
        return err_set(err, VCP_EINVAL, "amount must be positive");
    if ((size_t)snprintf(full, sizeof full, "issue:%s:%s", user_id, key) >= sizeof full)
        return err_set(err, VCP_EINVAL, "reference is too long");
    int rc = op_begin(c, &op, err);
    if (rc < 0)
        return rc;
    ledger_user_account(account, user_id);
    t.at_ms = op.now_ms;
    t.key = full;
    t.postings[0] = (struct ledger_posting){LEDGER_ISSUER, -amount};
    t.postings[1] = (struct ledger_posting){account, amount};
    rc = store_user_get(op.tx, &op.arena, &user, user_id, err);
    if (rc == VCP_OK)
        rc = ledger_post(op.tx, &t, err);
    if (rc == VCP_OK)
        rc = op_audit(&op, NULL, "account.grant", full);
    return op_end(&op, rc);
}
