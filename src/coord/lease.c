/* lease.c - work on its way to a node and back: leases, results, failures. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "coord/op.h"
#include "store/blobs.h"

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

static const char *const failure_names[] = {"timeout", "shutdown", "cannot_run", "worker_lost"};

bool coord_failure_parse(enum coord_failure *out, const char *name)
{
    for (int i = 0; i < 4; i++)
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
    rc = op_lose(op, m, text, why == COORD_FAIL_CANNOT_RUN || why == COORD_FAIL_WORKER_LOST);
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

/* ---- results ---- */

struct delivery {
    const struct coord_result *r;
    const char *user_id;
    uint8_t digest[SHA3_256_BYTES];
    char *outcome; /* JSON */
    struct coord_verdict *out;
};

static int report(struct op *op, const struct delivery *d)
{
    struct store_result row;
    struct store_task task;
    int rc = store_result_get(op->tx, &op->arena, &row, d->r->task_id, d->r->node_id, op->err);

    if (rc == VCP_OK)
        rc = store_task_get(op->tx, &op->arena, &task, d->r->task_id, op->err);
    if (rc == VCP_OK)
        *d->out = (struct coord_verdict){row.verdict, task.status, row.paid};
    return rc;
}

/* The answer to a repetition: 1 when the same outcome is on record, 0 when none is. */
static int delivered_before(struct op *op, const struct delivery *d)
{
    struct store_result row;
    int rc = store_result_get(op->tx, &op->arena, &row, d->r->task_id, d->r->node_id, op->err);

    if (rc == VCP_ENOTFOUND)
        return 0;
    if (rc < 0)
        return rc;
    if (memcmp(row.digest, d->digest, sizeof row.digest) != 0)
        return err_set(op->err, VCP_ESTATE,
                       "node %s has already delivered another outcome of task %s", d->r->node_id,
                       d->r->task_id);
    rc = report(op, d);
    return rc < 0 ? rc : 1;
}

/* Content that the node did not send and its owner may not read is not this node's to name. */
static int check_output(struct op *op, const char *owner_id, bool seen, const char *what,
                        const uint8_t sha3[SHA3_256_BYTES], uint64_t bytes)
{
    char hex[SHA3_256_HEX_BYTES];
    struct store_blob b;
    bool readable = true;

    if (bytes == 0)
        return VCP_OK;
    hex_encode(hex, sha3, SHA3_256_BYTES);
    int rc = store_blob_get(op->tx, &b, hex, op->err);
    if (rc == VCP_OK && !seen)
        rc = store_blob_readable(op->tx, &readable, owner_id, hex, op->err);
    if (rc == VCP_ENOTFOUND || !readable)
        return err_set(op->err, VCP_EINVAL, "%s %s is not stored: upload it first", what, hex);
    if (rc == VCP_OK && (uint64_t)b.size_bytes != bytes)
        rc = err_set(op->err, VCP_EINVAL, "%s %s has %lld bytes, the outcome says %llu", what, hex,
                     (long long)b.size_bytes, (unsigned long long)bytes);
    return rc;
}

/* An outcome that the task's limits do not allow cannot be one of it. */
static int check_outcome(struct op *op, const struct catt *m, const struct coord_result *r)
{
    const struct outcome *o = &r->outcome;
    const struct ctask *t = m->task;
    const char *owner = m->node->owner_id;

    if (o->gas_used > t->gas_max)
        return err_set(op->err, VCP_EINVAL, "gas_used %llu is more than the limit of %llu",
                       (unsigned long long)o->gas_used, (unsigned long long)t->gas_max);
    uint64_t bytes_max = t->output_bytes_max + RUN_RESULT_BYTES_MAX; /* wasm/run.h */
    if (o->output_bytes > bytes_max || o->error_bytes > bytes_max - o->output_bytes)
        return err_set(op->err, VCP_EINVAL,
                       "the outputs are together larger than the limit of %llu bytes",
                       (unsigned long long)t->output_bytes_max);
    int rc = check_output(op, owner, r->output_seen, "output", o->output_sha3, o->output_bytes);
    return rc < 0 ? rc
                  : check_output(op, owner, r->error_seen, "error output", o->error_sha3,
                                 o->error_bytes);
}

static int verify(struct op *op, const struct delivery *d, const struct catt *m)
{
    struct sign_result s = {
        .task_id = m->task->id, .lease_id = m->lease_id, .node_id = m->node->id};

    memcpy(s.module_sha3, m->task->module_sha3, sizeof s.module_sha3);
    memcpy(s.inputs_sha3, m->task->inputs_sha3, sizeof s.inputs_sha3);
    memcpy(s.outcome_sha3, d->digest, sizeof s.outcome_sha3);
    int rc = sign_result_verify(d->r->signature, &s, m->node->row.public_key, op->err);
    if (rc != VCP_EAUTH)
        return rc;
    return err_set(op->err, VCP_EAUTH,
                   "the signature does not verify over this task's module and inputs and this "
                   "outcome with the key of node %s",
                   m->node->id);
}

/* The refusal is what the caller hears; that it happened is committed. */
static int bad_signature(struct op *op, const struct delivery *d, struct catt *m)
{
    struct err said = {0};
    char signature[2 * SIGN_BYTES + 1], digest[SHA3_256_HEX_BYTES];
    struct store_dispute dispute = {.task_id = d->r->task_id,
                                    .node_id = d->r->node_id,
                                    .kind = "bad_signature",
                                    .at_ms = op->now_ms};

    if (op->err)
        said = *op->err;
    hex_encode(signature, d->r->signature, SIGN_BYTES);
    hex_encode(digest, d->digest, sizeof d->digest);
    dispute.evidence = arena_printf(
        &op->arena, "{\"lease_id\":\"%s\",\"outcome_sha3\":\"%s\",\"signature\":\"%s\"}",
        m->lease_id, digest, signature);
    if (dispute.evidence == NULL)
        return op_no_memory(op);
    int rc = store_dispute_add(op->tx, &dispute, op->err);
    op->c->disputes++;
    if (rc == VCP_OK)
        rc = op_lose(op, m, "bad signature", true);
    if (rc < 0)
        return rc;
    op->reply = VCP_EAUTH;
    if (op->err)
        *op->err = said;
    return VCP_OK;
}

static int keep_result(struct op *op, const struct delivery *d, struct catt *m)
{
    struct store_result row = {.task_id = m->task->id,
                               .node_id = m->node->id,
                               .lease_id = m->lease_id,
                               .owner_id = m->node->owner_id,
                               .outcome = d->outcome,
                               .execution_time_ms = d->r->execution_time_ms,
                               .submitted_at_ms = op->now_ms};

    /* Not more than the time it had. */
    if (row.execution_time_ms < 0)
        row.execution_time_ms = 0;
    if (row.execution_time_ms > op->now_ms - m->started_ms)
        row.execution_time_ms = op->now_ms - m->started_ms;
    memcpy(row.digest, d->digest, sizeof row.digest);
    memcpy(row.signature, d->r->signature, sizeof row.signature);
    memcpy(row.public_key, m->node->row.public_key, sizeof row.public_key);
    op->touched = true;
    int rc = store_result_insert(op->tx, &row, op->err);
    if (rc < 0)
        return rc;
    op->c->results++;
    m->finished_ms = op->now_ms;
    att_set(op->x, m, STORE_DONE, 0);
    return op_put_att(op, m);
}

/* The live lease this result is for. */
static int find_lease(struct op *op, const struct delivery *d, struct catt **out)
{
    struct cnode *n;
    int rc = op_node(op, &n, d->user_id, d->r->node_id);

    if (rc < 0)
        return rc;
    struct ctask *t = index_task(op->x, d->r->task_id);
    struct catt *m = t ? index_att(t, n) : NULL;
    if (m == NULL || m->execution != STORE_IN_PROGRESS ||
        strcmp(m->lease_id, d->r->lease_id) != 0 || m->deadline_ms <= op->now_ms) {
        struct store_task row;

        rc = store_task_get(op->tx, &op->arena, &row, d->r->task_id, op->err);
        return rc < 0 ? rc : lease_over(op);
    }
    *out = m;
    return VCP_OK;
}

static int do_result(struct op *op, const struct delivery *d)
{
    struct cnode *n;
    struct catt *m = NULL;
    int rc = op_node(op, &n, d->user_id, d->r->node_id);

    if (rc == VCP_OK)
        rc = delivered_before(op, d);
    if (rc != 0)
        return rc < 0 ? rc : VCP_OK;
    rc = find_lease(op, d, &m);
    if (rc < 0)
        return rc;
    rc = verify(op, d, m);
    if (rc == VCP_EAUTH)
        return bad_signature(op, d, m);
    if (rc == VCP_OK)
        rc = check_outcome(op, m, d->r);
    if (rc == VCP_OK)
        rc = keep_result(op, d, m);
    struct ctask *t = m->task;
    if (rc == VCP_OK && t->n_done == t->min_nodes)
        rc = op_settle(op, t, NULL);
    n = index_node(op->x, d->r->node_id);
    if (rc == VCP_OK && n)
        rc = op_fill(op, n);
    return rc < 0 ? rc : report(op, d);
}

int coord_result_submit(struct coord *c, const char *user_id, const struct coord_result *r,
                        struct coord_verdict *out, struct err *err)
{
    struct coord_verdict verdict = {0};
    struct delivery d = {.r = r, .user_id = user_id, .out = &verdict};
    json_t *j = outcome_to_json(&r->outcome);
    struct op op;

    d.outcome = j ? json_text(j) : NULL;
    json_decref(j);
    if (d.outcome == NULL)
        return err_set(err, VCP_ENOMEM, "coordinator: out of memory");
    outcome_digest(d.digest, &r->outcome);
    int rc = op_begin(c, &op, err);
    if (rc == VCP_OK)
        rc = op_end(&op, do_result(&op, &d));
    if (rc == VCP_OK)
        *out = verdict;
    free(d.outcome);
    return rc;
}
