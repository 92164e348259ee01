#include "api/render.h"

#include <string.h>

#include "mesh/outcome.h"

static json_t *parsed(const char *text)
{
    json_t *v = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    return v ? v : json_null();
}

/* Nodes at work on the task now, and those that were. */
static int render_nodes(json_t *now, json_t *former, struct call *c, struct store_tx *tx,
                        const char *task_id, struct err *err)
{
    struct store_assignment *list;
    size_t n = 0, i;
    int rc = store_assignment_list(tx, &c->rq->arena, &list, &n, task_id, err);

    if (rc < 0)
        return rc;
    for (i = 0; i < n; i++)
        json_array_append_new(list[i].disconnected_at_ms ? former : now, jstr(list[i].node_id));
    return VCP_OK;
}

json_t *render_receipt(const struct store_receipt *r)
{
    if (!r->sha3)
        return json_null();
    return json_pack("{s:s, s:I, s:o, s:I, s:I, s:f}", "sha3", r->sha3, "bytes",
                     (json_int_t)r->bytes, "statement_sha3",
                     jhex(r->statement, sizeof r->statement), "proofs", (json_int_t)r->n_proofs,
                     "prove_ms", (json_int_t)r->prove_ms, "verify_ms", (double)r->verify_us / 1e3);
}

/* Results that count or may yet, and the receipt of the accepted one. */
struct summary {
    int done;
    struct store_receipt receipt;
};

static int sum_up(struct summary *out, struct call *c, struct store_tx *tx, const char *task_id,
                  struct err *err)
{
    struct store_result *list;
    size_t n = 0;
    int rc = store_result_list(tx, &c->rq->arena, &list, &n, task_id, err);

    for (size_t i = 0; rc == VCP_OK && i < n; i++) {
        out->done++;
        if (list[i].verdict == STORE_VERDICT_ACCEPTED && list[i].receipt.sha3)
            out->receipt = list[i].receipt;
    }
    return rc;
}

/* What identifies a receipt is what it proves. */
static json_t *proof_id(const struct store_receipt *r)
{
    return r->sha3 ? jhex(r->statement, sizeof r->statement) : json_null();
}

static json_t *task_json(const struct store_task *t, json_t *now, json_t *former,
                         const struct summary *sum)
{
    json_t *spec = parsed(t->spec);
    json_t *policy = json_incref(json_object_get(spec, "policy"));
    int64_t refunded = store_task_ended(t->status) ? t->budget - t->paid : 0;

    return json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, "
        "s:i, s:i, s:i, s:o, s:o, s:o}",
        "task_id", jstr(t->task_id), "task_type", jstr(t->task_type), "status",
        store_task_status_name(t->status), "assigned_nodes", now, "former_assigned_nodes", former,
        "created_at", jtime(t->created_at_ms), "updated_at", jtime(t->updated_at_ms),
        "completed_at", jtime(t->completed_at_ms), "result", parsed(t->result), "proof_id",
        proof_id(&sum->receipt), "reason", jstr(t->reason), "policy", policy ? policy : json_null(),
        "budget", (json_int_t)t->budget, "paid", (json_int_t)t->paid, "refunded",
        (json_int_t)refunded, "replicas_done", sum->done, "replicas_needed", (int)t->min_nodes,
        "attempts", (int)t->attempts, "spec", spec, "receipt", render_receipt(&sum->receipt),
        "audit", jstr(store_task_audit_name(t->audit)));
}

int render_task(json_t **out, struct call *c, struct store_tx *tx, const struct store_task *t,
                struct err *err)
{
    json_t *now = json_array(), *former = json_array();
    struct summary sum = {.done = 0};
    int rc;

    if ((rc = render_nodes(now, former, c, tx, t->task_id, err)) < 0 ||
        (rc = sum_up(&sum, c, tx, t->task_id, err)) < 0) {
        json_decref(now);
        json_decref(former);
        return rc;
    }
    *out = task_json(t, now, former, &sum);
    return *out ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for the answer");
}

int reply_task(struct call *c, int status, const char *task_id, struct err *err)
{
    struct store_task task;
    struct store_tx *tx;
    json_t *v = NULL;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    if ((rc = store_task_get(tx, &c->rq->arena, &task, task_id, err)) == VCP_OK)
        rc = render_task(&v, c, tx, &task, err);
    store_rollback(tx);
    return rc < 0 ? rc : reply_json(c, status, v, err);
}

int open_own_task(struct call *c, struct store_tx **tx, struct store_task *out, struct err *err)
{
    int rc = store_begin_read(c->api->store, tx, err);

    if (rc < 0)
        return rc;
    rc = store_task_get(*tx, &c->rq->arena, out, c->params[0], err);
    if (rc == VCP_OK && strcmp(out->creator_id, c->caller.user_id) == 0 && !out->hidden_at_ms)
        return VCP_OK;
    store_rollback(*tx);
    *tx = NULL;
    if (rc == VCP_OK || rc == VCP_ENOTFOUND)
        rc = err_set(err, VCP_ENOTFOUND, "there is no task %.64s", c->params[0]);
    return rc;
}
