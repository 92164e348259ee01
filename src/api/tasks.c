/* tasks.c - the creator's view of tasks: list, show, wait, cancel, result, output. */
#include <stdlib.h>
#include <string.h>

#include "api/render.h"
#include "api/routes.h"
#include "base/limits.h"
#include "mesh/outcome.h"
#include "store/blobs.h"

static int query_status(struct call *c, int *out, struct err *err)
{
    const char *name = uri_query(&c->rq->uri, "status");
    enum store_task_status status;

    if (!name)
        return VCP_OK;
    if (!store_task_status_parse(&status, name))
        return err_set(err, VCP_EINVAL,
                       "status must be pending, running, completed, failed or cancelled");
    *out = (int)status;
    return VCP_OK;
}

static int render_list(json_t *out, struct call *c, struct store_tx *tx,
                       const struct store_task *list, size_t n, struct err *err)
{
    size_t i;

    for (i = 0; i < n; i++) {
        json_t *v;
        int rc = render_task(&v, c, tx, &list[i], err);

        if (rc < 0)
            return rc;
        json_array_append_new(out, v);
    }
    return VCP_OK;
}

int handle_task_list(struct call *c, struct err *err)
{
    struct store_task *list;
    struct store_tx *tx;
    int64_t limit, before;
    int status = -1, rc;
    json_t *out;
    size_t n = 0;

    if ((rc = query_page(c, &limit, &before, err)) < 0 ||
        (rc = query_status(c, &status, err)) < 0 ||
        (rc = store_begin_read(c->api->store, &tx, err)) < 0)
        return rc;
    out = json_array();
    rc = store_task_list(tx, &c->rq->arena, &list, &n, c->caller.user_id, status, before,
                         (size_t)limit, err);
    if (rc == VCP_OK)
        rc = render_list(out, c, tx, list, n, err);
    store_rollback(tx);
    if (rc < 0) {
        json_decref(out);
        return rc;
    }
    if (n == (size_t)limit)
        http_response_header(c->rs, "X-Next-Before",
                             arena_printf(&c->rq->arena, "%lld", (long long)list[n - 1].seq));
    return reply_json(c, 200, out, err);
}

int handle_task_get(struct call *c, struct err *err)
{
    struct store_task task;
    struct store_tx *tx;
    int64_t wait_ms = 0;
    bool may_wait = false;
    const char *key;
    json_t *v = NULL;
    int rc;

    if ((rc = query_int(c, &wait_ms, "wait_ms", 0, API_WAIT_MS_MAX, err)) < 0)
        return rc;
    key = arena_printf(&c->rq->arena, "task:%s", c->params[0]);
    if (wait_ms > 0 && key)
        may_wait = http_request_wait(c->rq, key, wait_ms);
    if ((rc = open_own_task(c, &tx, &task, err)) < 0)
        return rc;
    if (may_wait && !store_task_ended(task.status)) {
        store_rollback(tx);
        return CALL_WAIT;
    }
    rc = render_task(&v, c, tx, &task, err);
    store_rollback(tx);
    return rc < 0 ? rc : reply_json(c, 200, v, err);
}

int handle_task_cancel(struct call *c, struct err *err)
{
    int rc = coord_task_cancel(c->api->coord, c->caller.user_id, c->params[0], err);

    return rc < 0 ? rc : reply_task(c, 200, c->params[0], err);
}

int handle_task_delete(struct call *c, struct err *err)
{
    int rc = coord_task_delete(c->api->coord, c->caller.user_id, c->params[0], err);

    return rc < 0 ? rc : reply_message(c, "Task deleted", "task_id", c->params[0], err);
}

int handle_task_explain(struct call *c, struct err *err)
{
    json_t *v = NULL;
    int rc = coord_explain(c->api->coord, c->caller.user_id, c->params[0], &v, err);

    return rc < 0 ? rc : reply_json(c, 200, v, err);
}

/* ---- what came of it ---- */

static int task_outcome(const struct store_task *t, struct outcome *out, struct err *err)
{
    json_t *v = NULL;
    int rc;

    if (!t->result)
        return err_set(err, VCP_ENOTFOUND, "the task has no output; its status is %s",
                       store_task_status_name(t->status));
    if ((rc = json_parse(&v, t->result, strlen(t->result), err)) < 0)
        return err_set(err, VCP_EIO, "task %s: its stored outcome is no JSON", t->task_id);
    rc = outcome_from_json(out, v, err);
    json_decref(v);
    return rc < 0 ? err_set(err, VCP_EIO, "task %s: its stored outcome is broken", t->task_id)
                  : VCP_OK;
}

static int reply_stream(struct call *c, bool error_output, struct err *err)
{
    char hex[SHA3_256_HEX_BYTES];
    struct store_task task;
    struct outcome o;
    struct store_tx *tx;
    int rc = open_own_task(c, &tx, &task, err);

    if (rc < 0)
        return rc;
    store_rollback(tx);
    if ((rc = task_outcome(&task, &o, err)) < 0)
        return rc;
    hex_encode(hex, error_output ? o.error_sha3 : o.output_sha3, SHA3_256_BYTES);
    return reply_blob(c, hex, (int64_t)(error_output ? o.error_bytes : o.output_bytes), err);
}

int handle_task_output(struct call *c, struct err *err)
{
    return reply_stream(c, false, err);
}

int handle_task_error(struct call *c, struct err *err)
{
    return reply_stream(c, true, err);
}

static int find_receipt(struct call *c, struct store_tx *tx, const char *task_id,
                        struct store_receipt *out, struct err *err)
{
    struct store_result *list;
    size_t n = 0;
    int rc = store_result_list(tx, &c->rq->arena, &list, &n, task_id, err);

    for (size_t i = 0; rc == VCP_OK && i < n; i++)
        if (list[i].verdict == STORE_VERDICT_ACCEPTED && list[i].receipt.sha3) {
            *out = list[i].receipt;
            return VCP_OK;
        }
    return rc < 0 ? rc : err_set(err, VCP_ENOTFOUND, "the task has no receipt");
}

int handle_task_receipt(struct call *c, struct err *err)
{
    struct store_receipt receipt = {.sha3 = NULL};
    struct store_task task;
    struct store_tx *tx;
    int rc = open_own_task(c, &tx, &task, err);

    if (rc < 0)
        return rc;
    rc = find_receipt(c, tx, task.task_id, &receipt, err);
    store_rollback(tx);
    return rc < 0 ? rc : reply_blob(c, receipt.sha3, receipt.bytes, err);
}

/* base64 of a stored output, or null when it is too large to stand in JSON. */
static json_t *inline_output(struct call *c, const uint8_t sha3[SHA3_256_BYTES], uint64_t bytes)
{
    char hex[SHA3_256_HEX_BYTES], *text;
    struct file_map map;
    json_t *v;

    if (bytes == 0)
        return json_string("");
    if (bytes > API_INLINE_BYTES_MAX)
        return json_null();
    hex_encode(hex, sha3, SHA3_256_BYTES);
    if (store_blob_map(c->api->store, &map, hex, NULL) < 0)
        return json_null();
    text = arena_alloc(&c->rq->arena, base64_size(map.size));
    if (text)
        base64_encode(text, map.data, map.size);
    v = text ? json_string(text) : json_null();
    file_map_release(&map);
    return v;
}

static const char *verdict_word(enum store_verdict v)
{
    return v == STORE_VERDICT_REJECTED ? "disputed" : store_verdict_name(v);
}

static json_t *result_json(const struct store_result *r)
{
    json_t *outcome = json_loads(r->outcome, 0, NULL);
    json_t *gas = json_incref(json_object_get(outcome, "gas_used"));

    return json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:n, s:o}", "node_id",
        jstr(r->node_id), "verdict", verdict_word(r->verdict), "outcome",
        outcome ? outcome : json_null(), "outcome_sha3", jhex(r->digest, SHA3_256_BYTES),
        "gas_used", gas ? gas : json_null(), "execution_time_ms", (json_int_t)r->execution_time_ms,
        "paid", (json_int_t)r->paid, "lease_id", jstr(r->lease_id), "signature",
        jhex(r->signature, SIGN_BYTES), "public_key", jhex(r->public_key, SIGN_PUBLIC_BYTES),
        "submitted_at", jtime(r->submitted_at_ms), "note", "receipt", render_receipt(&r->receipt));
}

static json_t *lost_json(const struct store_assignment *a)
{
    return json_pack("{s:o, s:s, s:n, s:n, s:n, s:i, s:i, s:o, s:n, s:n, s:o, s:o, s:n}", "node_id",
                     jstr(a->node_id), "verdict", "failed", "outcome", "outcome_sha3", "gas_used",
                     "execution_time_ms", 0, "paid", 0, "lease_id", jstr(a->lease_id), "signature",
                     "public_key", "submitted_at", jtime(a->finished_at_ms), "note", jstr(a->note),
                     "receipt");
}

static bool has_result(const struct store_result *list, size_t n, const char *node_id)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (strcmp(list[i].node_id, node_id) == 0)
            return true;
    return false;
}

/* Who delivered what, then who failed to. */
static int render_verdicts(json_t *out, struct call *c, struct store_tx *tx, const char *task_id,
                           struct err *err)
{
    struct store_assignment *assignments;
    struct store_result *results;
    size_t n_results = 0, n = 0, i;
    int rc;

    if ((rc = store_result_list(tx, &c->rq->arena, &results, &n_results, task_id, err)) < 0 ||
        (rc = store_assignment_list(tx, &c->rq->arena, &assignments, &n, task_id, err)) < 0)
        return rc;
    for (i = 0; i < n_results; i++)
        json_array_append_new(out, result_json(&results[i]));
    for (i = 0; i < n; i++)
        if (assignments[i].execution == STORE_LOST &&
            !has_result(results, n_results, assignments[i].node_id))
            json_array_append_new(out, lost_json(&assignments[i]));
    return VCP_OK;
}

static json_t *whole_result(struct call *c, const struct store_task *t, json_t *nodes)
{
    struct outcome o;
    bool has = task_outcome(t, &o, NULL) == VCP_OK;

    return json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "task_id", jstr(t->task_id), "status",
        store_task_status_name(t->status), "reason", jstr(t->reason), "outcome",
        has ? outcome_to_json(&o) : json_null(), "output_base64",
        has ? inline_output(c, o.output_sha3, o.output_bytes) : json_null(), "error_base64",
        has ? inline_output(c, o.error_sha3, o.error_bytes) : json_null(), "nodes", nodes,
        "module_sha3", jstr(t->module_sha3), "inputs_sha3", jhex(t->inputs_sha3, SHA3_256_BYTES),
        "completed_at", jtime(t->completed_at_ms));
}

int handle_task_result_get(struct call *c, struct err *err)
{
    struct store_task task;
    struct store_tx *tx;
    json_t *nodes;
    int rc = open_own_task(c, &tx, &task, err);

    if (rc < 0)
        return rc;
    nodes = json_array();
    rc = render_verdicts(nodes, c, tx, task.task_id, err);
    store_rollback(tx);
    if (rc < 0) {
        json_decref(nodes);
        return rc;
    }
    return reply_json(c, 200, whole_result(c, &task, nodes), err);
}
