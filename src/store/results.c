/* results.c - what nodes delivered, and the disputes that followed; see tasks.h. */
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "store/sql.h"
#include "store/tasks.h"

#define COLUMNS                                                                                    \
    "task_id, node_id, lease_id, owner_id, outcome, digest, signature, public_key, "               \
    "execution_time_ms, submitted_at, verdict, paid, receipt_sha3, receipt_bytes, statement, "     \
    "n_proofs, prove_ms, verify_us"

static const char *const verdict_names[] = {"pending", "accepted", "rejected", "void"};

const char *store_verdict_name(enum store_verdict v)
{
    return verdict_names[v];
}

static void put_receipt(struct sql *q, const struct store_receipt *r)
{
    sql_text(q, r->sha3);
    sql_int(q, r->bytes);
    sql_blob(q, r->sha3 ? r->statement : NULL, r->sha3 ? sizeof r->statement : 0);
    sql_int(q, r->n_proofs);
    sql_int(q, r->prove_ms);
    sql_int(q, r->verify_us);
}

int store_result_insert(struct store_tx *tx, const struct store_result *r, struct err *err)
{
    struct sql q = sql_open(tx, "INSERT INTO results (" COLUMNS
                                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    sql_text(&q, r->task_id);
    sql_text(&q, r->node_id);
    sql_text(&q, r->lease_id);
    sql_text(&q, r->owner_id);
    sql_text(&q, r->outcome);
    sql_blob(&q, r->digest, sizeof r->digest);
    sql_blob(&q, r->signature, sizeof r->signature);
    sql_blob(&q, r->public_key, sizeof r->public_key);
    sql_int(&q, r->execution_time_ms);
    sql_int(&q, r->submitted_at_ms);
    sql_text(&q, verdict_names[r->verdict]);
    sql_int(&q, r->paid);
    put_receipt(&q, &r->receipt);
    return sql_run(&q, err);
}

int store_result_prove(struct store_tx *tx, const struct store_result *r, struct err *err)
{
    struct sql q = sql_open(tx, "UPDATE results SET receipt_sha3 = ?, receipt_bytes = ?,"
                                " statement = ?, n_proofs = ?, prove_ms = ?, verify_us = ?,"
                                " lease_id = ?, signature = ?, public_key = ?"
                                " WHERE task_id = ? AND node_id = ? AND verdict = 'pending'");

    put_receipt(&q, &r->receipt);
    sql_text(&q, r->lease_id);
    sql_blob(&q, r->signature, sizeof r->signature);
    sql_blob(&q, r->public_key, sizeof r->public_key);
    sql_text(&q, r->task_id);
    sql_text(&q, r->node_id);
    return sql_run1(&q, err, "undecided result of", r->node_id);
}

static void read_result(struct sql *q, struct arena *a, struct store_result *r)
{
    r->task_id = sql_get_text(q, a);
    r->node_id = sql_get_text(q, a);
    r->lease_id = sql_get_text(q, a);
    r->owner_id = sql_get_text(q, a);
    r->outcome = sql_get_text(q, a);
    sql_get_blob(q, r->digest, sizeof r->digest);
    sql_get_blob(q, r->signature, sizeof r->signature);
    sql_get_blob(q, r->public_key, sizeof r->public_key);
    r->execution_time_ms = sql_get_int(q);
    r->submitted_at_ms = sql_get_int(q);
    r->verdict = (enum store_verdict)sql_get_name(q, verdict_names, 4);
    r->paid = sql_get_int(q);
    r->receipt.sha3 = sql_get_text(q, a);
    r->receipt.bytes = sql_get_int(q);
    if (r->receipt.sha3)
        sql_get_blob(q, r->receipt.statement, sizeof r->receipt.statement);
    else
        sql_get_int(q);
    r->receipt.n_proofs = (uint32_t)sql_get_int(q);
    r->receipt.prove_ms = sql_get_int(q);
    r->receipt.verify_us = sql_get_int(q);
}

int store_result_get(struct store_tx *tx, struct arena *a, struct store_result *out,
                     const char *task_id, const char *node_id, struct err *err)
{
    struct sql q = sql_open(tx,
                            "SELECT " COLUMNS " FROM results WHERE task_id = ? AND node_id = ?");
    struct store_result r = {0};

    sql_text(&q, task_id);
    sql_text(&q, node_id);
    int rc = sql_step(&q, err);
    if (rc > 0) {
        read_result(&q, a, &r);
        rc = q.rc == VCP_OK ? VCP_OK : err_set(err, q.rc, "result cannot be read");
        if (rc == VCP_OK)
            *out = r;
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "no result of node %s for task %s", node_id, task_id);
    }
    sql_close(&q);
    return rc;
}

int store_result_list(struct store_tx *tx, struct arena *a, struct store_result **out, size_t *n,
                      const char *task_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " COLUMNS " FROM results WHERE task_id = ?"
                                " ORDER BY submitted_at, node_id");
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_text(&q, task_id);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_result *r = sql_grow(&q, a, &list, &count, &cap, sizeof *r);
        if (r)
            read_result(&q, a, r);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}

int store_result_judge(struct store_tx *tx, const char *task_id, const char *node_id,
                       enum store_verdict verdict, int64_t paid, struct err *err)
{
    struct sql q = sql_open(tx, "UPDATE results SET verdict = ?, paid = ?"
                                " WHERE task_id = ? AND node_id = ? AND verdict = 'pending'");

    sql_text(&q, verdict_names[verdict]);
    sql_int(&q, paid);
    sql_text(&q, task_id);
    sql_text(&q, node_id);
    return sql_run1(&q, err, "undecided result of", node_id);
}

/* ---- disputes ---- */

int store_dispute_add(struct store_tx *tx, const struct store_dispute *d, struct err *err)
{
    struct sql q = sql_open(tx, "INSERT INTO disputes (task_id, node_id, kind, evidence, at)"
                                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");

    sql_text(&q, d->task_id);
    sql_text(&q, d->node_id);
    sql_text(&q, d->kind);
    sql_text(&q, d->evidence);
    sql_int(&q, d->at_ms);
    return sql_run(&q, err);
}

static struct sql dispute_query(struct store_tx *tx, const char *task_id, const char *node_id)
{
    struct sql q;

    if (task_id) {
        q = sql_open(tx, "SELECT task_id, node_id, kind, evidence, at FROM disputes"
                         " WHERE task_id = ?2 AND (?3 IS NULL OR node_id = ?3)"
                         " ORDER BY seq DESC LIMIT ?1");
    } else if (node_id) {
        q = sql_open(tx, "SELECT task_id, node_id, kind, evidence, at FROM disputes"
                         " WHERE ?2 IS NULL AND node_id = ?3 ORDER BY seq DESC LIMIT ?1");
    } else {
        q = sql_open(tx, "SELECT task_id, node_id, kind, evidence, at FROM disputes"
                         " WHERE ?2 IS NULL AND ?3 IS NULL ORDER BY seq DESC LIMIT ?1");
    }
    return q;
}

int store_dispute_list(struct store_tx *tx, struct arena *a, struct store_dispute **out, size_t *n,
                       const char *task_id, const char *node_id, size_t limit, struct err *err)
{
    struct sql q = dispute_query(tx, task_id, node_id);
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_int(&q, limit < STORE_LIST_MAX ? (int64_t)limit : (int64_t)STORE_LIST_MAX);
    sql_text(&q, task_id);
    sql_text(&q, node_id);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_dispute *d = sql_grow(&q, a, &list, &count, &cap, sizeof *d);
        if (d == NULL)
            continue;
        d->task_id = sql_get_text(&q, a);
        d->node_id = sql_get_text(&q, a);
        d->kind = sql_get_text(&q, a);
        d->evidence = sql_get_text(&q, a);
        d->at_ms = sql_get_int(&q);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}
