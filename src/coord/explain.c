/* explain.c - what was decided about a task, read back from the store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "coord/op.h"
#include "store/ledger.h"

static json_t *time_json(int64_t ms)
{
    char text[CLOCK_RFC3339_BYTES];

    if (ms == 0)
        return json_null();
    clock_rfc3339(text, ms);
    return json_string(text);
}

static json_t *text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

/* JSON of ours, stored as text. */
static json_t *parsed(const char *text)
{
    json_t *j = NULL;

    if (text == NULL || json_parse(&j, text, strlen(text), NULL) < 0)
        return json_null();
    return j;
}

static json_t *assignment_json(const struct store_assignment *m)
{
    return json_pack(
        "{s:s, s:s, s:b, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "node_id", m->node_id,
        "execution_status", store_execution_name(m->execution), "active",
        m->disconnected_at_ms == 0, "lease_id", text_or_null(m->lease_id), "attempts",
        (json_int_t)m->attempts, "assigned_at", time_json(m->assigned_at_ms), "started_at",
        time_json(m->started_at_ms), "finished_at", time_json(m->finished_at_ms), "disconnected_at",
        time_json(m->disconnected_at_ms), "deadline_at", time_json(m->deadline_ms), "backoff_until",
        time_json(m->backoff_until_ms), "note", text_or_null(m->note));
}

static int add_assignments(json_t *out, struct store_tx *tx, struct arena *a, const char *task_id,
                           struct err *err)
{
    struct store_assignment *list;
    json_t *j = json_array();
    size_t n = 0;
    int rc = store_assignment_list(tx, a, &list, &n, task_id, err);

    for (size_t i = 0; i < n; i++)
        json_array_append_new(j, assignment_json(&list[i]));
    json_object_set_new(out, "assignments", j);
    return rc;
}

static int add_decisions(json_t *out, struct store_tx *tx, struct arena *a, const char *task_id,
                         struct err *err)
{
    struct store_decision *list;
    json_t *j = json_array();
    size_t n = 0;
    int rc = store_decision_list(tx, a, &list, &n, task_id, err);

    for (size_t i = 0; i < n; i++) {
        json_t *d = parsed(list[i].detail);

        json_object_set_new(d, "at", time_json(list[i].at_ms));
        json_array_append_new(j, d);
    }
    json_object_set_new(out, "decisions", j);
    return rc;
}

static json_t *receipt_json(const struct store_receipt *r)
{
    char statement[SHA3_256_HEX_BYTES];

    if (r->sha3 == NULL)
        return json_null();
    hex_encode(statement, r->statement, sizeof r->statement);
    return json_pack("{s:s, s:I, s:s, s:I, s:I, s:f}", "sha3", r->sha3, "bytes",
                     (json_int_t)r->bytes, "statement_sha3", statement, "proofs",
                     (json_int_t)r->n_proofs, "prove_ms", (json_int_t)r->prove_ms, "verify_ms",
                     (double)r->verify_us / 1e3);
}

static json_t *result_json(const struct store_result *r)
{
    char digest[SHA3_256_HEX_BYTES];

    hex_encode(digest, r->digest, sizeof r->digest);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:o}", "node_id", r->node_id,
                     "lease_id", r->lease_id, "verdict", store_verdict_name(r->verdict),
                     "outcome_sha3", digest, "outcome", parsed(r->outcome), "execution_time_ms",
                     (json_int_t)r->execution_time_ms, "paid", (json_int_t)r->paid, "submitted_at",
                     time_json(r->submitted_at_ms), "receipt", receipt_json(&r->receipt));
}

static int add_results(json_t *out, struct store_tx *tx, struct arena *a, const char *task_id,
                       struct err *err)
{
    struct store_result *list;
    json_t *j = json_array();
    size_t n = 0;
    int rc = store_result_list(tx, a, &list, &n, task_id, err);

    for (size_t i = 0; i < n; i++)
        json_array_append_new(j, result_json(&list[i]));
    json_object_set_new(out, "results", j);
    return rc;
}

static int add_disputes(json_t *out, struct store_tx *tx, struct arena *a, const char *task_id,
                        struct err *err)
{
    struct store_dispute *list;
    json_t *j = json_array();
    size_t n = 0;
    int rc = store_dispute_list(tx, a, &list, &n, task_id, NULL, 1000, err);

    for (size_t i = 0; i < n; i++)
        json_array_append_new(j, json_pack("{s:s, s:s, s:o, s:o}", "node_id", list[i].node_id,
                                           "kind", list[i].kind, "at", time_json(list[i].at_ms),
                                           "evidence", parsed(list[i].evidence)));
    json_object_set_new(out, "disputes", j);
    return rc;
}

static json_t *transfer_json(const struct ledger_transfer *t)
{
    json_t *postings = json_array();

    for (size_t i = 0; i < t->n; i++)
        json_array_append_new(postings, json_pack("{s:s, s:I}", "account", t->postings[i].account,
                                                  "amount", (json_int_t)t->postings[i].amount));
    return json_pack("{s:I, s:s, s:o, s:o, s:o}", "seq", (json_int_t)t->seq, "kind", t->kind,
                     "node_id", text_or_null(t->node_id), "at", time_json(t->at_ms), "postings",
                     postings);
}

static int add_payments(json_t *out, struct store_tx *tx, struct arena *a, const char *task_id,
                        struct err *err)
{
    struct ledger_transfer *list;
    json_t *j = json_array();
    size_t n = 0;
    int rc = ledger_list(tx, a, &list, &n, NULL, task_id, 0, 1000, err);

    for (size_t i = n; i > 0; i--) /* oldest first */
        json_array_append_new(j, transfer_json(&list[i - 1]));
    json_object_set_new(out, "payments", j);
    return rc;
}

static json_t *task_json(const struct store_task *t)
{
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "task_id",
                     t->task_id, "status", store_task_status_name(t->status), "reason",
                     text_or_null(t->reason), "min_nodes", (json_int_t)t->min_nodes, "shares",
                     (json_int_t)t->shares, "attempts", (json_int_t)t->attempts, "budget",
                     (json_int_t)t->budget, "paid", (json_int_t)t->paid, "audit",
                     text_or_null(store_task_audit_name(t->audit)), "created_at",
                     time_json(t->created_at_ms), "completed_at", time_json(t->completed_at_ms));
}

static int explain(json_t **out, struct store_tx *tx, struct arena *a, const char *user_id,
                   const char *task_id, struct err *err)
{
    struct store_task t;
    int rc = store_task_get(tx, a, &t, task_id, err);

    if (rc < 0)
        return rc;
    if (user_id && strcmp(user_id, t.creator_id) != 0)
        return err_set(err, VCP_ENOTFOUND, "no task %s", task_id);
    *out = task_json(&t);
    if (*out == NULL)
        return err_set(err, VCP_ENOMEM, "coordinator: out of memory");
    rc = add_assignments(*out, tx, a, task_id, err);
    if (rc == VCP_OK)
        rc = add_decisions(*out, tx, a, task_id, err);
    if (rc == VCP_OK)
        rc = add_results(*out, tx, a, task_id, err);
    if (rc == VCP_OK)
        rc = add_disputes(*out, tx, a, task_id, err);
    return rc < 0 ? rc : add_payments(*out, tx, a, task_id, err);
}

int coord_explain(struct coord *c, const char *user_id, const char *task_id, json_t **out,
                  struct err *err)
{
    json_t *j = NULL;
    struct store_tx *tx;
    struct arena a;
    int rc = store_begin_read(c->store, &tx, err);

    if (rc < 0)
        return rc;
    arena_init(&a, 0);
    rc = explain(&j, tx, &a, user_id, task_id, err);
    store_rollback(tx);
    arena_release(&a);
    if (rc < 0)
        json_decref(j);
    else
        *out = j;
    return rc;
}

/* ---- numbers ---- */

int coord_stats(struct coord *c, struct coord_stats *out, struct err *err)
{
    const struct index *x = &c->index;
    struct store_tx *tx;
    int64_t counts[5];
    int rc = store_begin_read(c->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_task_counts(tx, counts, err);
    store_rollback(tx);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&c->lock);
    *out = (struct coord_stats){
        .total_nodes = x->sums.nodes,
        .online_nodes = x->sums.online,
        .healthy_nodes = x->sums.healthy,
        .safe_mode_nodes = (int64_t)x->in_state[NODE_SAFE],
        .full_nodes = (int64_t)x->in_state[NODE_FULL],
        .avg_health_score = x->sums.has_health
                                ? (double)x->sums.health_e6 / 1e6 / (double)x->sums.has_health
                                : 0,
        .total_compute_capacity = (double)x->sums.capacity_e3 / 1e3,
        .pending_tasks = counts[STORE_TASK_PENDING],
        .running_tasks = counts[STORE_TASK_RUNNING],
        .completed_tasks = counts[STORE_TASK_COMPLETED],
        .failed_tasks = counts[STORE_TASK_FAILED],
        .cancelled_tasks = counts[STORE_TASK_CANCELLED],
        .waiting_tasks = (int64_t)x->waiting.n,
        .active_assignments = x->n_active,
        .live_leases = x->n_leases,
        .placements = c->placements,
        .placement_visits = c->placement_visits,
        .leases_expired = c->leases_expired,
        .disputes = c->disputes,
        .results = c->results,
        .receipts = atomic_load(&c->receipts),
        .receipts_refused = c->receipts_refused,
        .audits = c->audits,
        .proving_nodes = x->sums.proving,
    };
    pthread_mutex_unlock(&c->lock);
    for (int i = 0; i < 5; i++)
        out->total_tasks += counts[i];
    return VCP_OK;
}
