/* tasks.c - task rows; see tasks.h. */
#include "store/tasks.h"

#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "store/sql.h"

#define TASK_COLUMNS                                                                               \
    "seq, task_id, creator_id, task_type, status, reason, spec, module_sha3, inputs_sha3, "        \
    "min_nodes, budget, paid, attempts, idempotency_key, result, created_at, updated_at, "         \
    "completed_at, hidden_at, shares, audit"

static const char *const audit_names[] = {NULL, "proof", "rerun"};
static const char *const status_names[] = {"pending", "running", "completed", "failed",
                                           "cancelled"};

const char *store_task_audit_name(enum store_task_audit a)
{
    return audit_names[a];
}

const char *store_task_status_name(enum store_task_status s)
{
    return status_names[s];
}

bool store_task_status_parse(enum store_task_status *out, const char *name)
{
    for (int i = 0; i < 5; i++)
        if (strcmp(name, status_names[i]) == 0) {
            *out = (enum store_task_status)i;
            return true;
        }
    return false;
}

int store_task_insert(struct store_tx *tx, struct store_task *t, struct err *err)
{
    struct sql q = sql_open(
        tx, "INSERT INTO tasks (task_id, creator_id, task_type, status, reason, spec,"
            " module_sha3, inputs_sha3, min_nodes, budget, paid, attempts, idempotency_key,"
            " result, created_at, updated_at, completed_at, shares) VALUES (?, ?, ?, ?, ?, ?, ?,"
            " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    sql_text(&q, t->task_id);
    sql_text(&q, t->creator_id);
    sql_text(&q, t->task_type);
    sql_text(&q, status_names[t->status]);
    sql_text(&q, t->reason);
    sql_text(&q, t->spec);
    sql_text(&q, t->module_sha3);
    sql_blob(&q, t->inputs_sha3, sizeof t->inputs_sha3);
    sql_int(&q, t->min_nodes);
    sql_int(&q, t->budget);
    sql_int(&q, t->paid);
    sql_int(&q, t->attempts);
    sql_text(&q, t->idempotency_key);
    sql_text(&q, t->result);
    sql_int(&q, t->created_at_ms);
    sql_int(&q, t->updated_at_ms);
    sql_time(&q, t->completed_at_ms);
    sql_int(&q, t->shares ? t->shares : t->min_nodes);
    int rc = sql_run(&q, err);
    if (rc == VCP_OK)
        t->seq = sqlite3_last_insert_rowid(tx->conn->db);
    return rc;
}

static const char *text_of(struct sql *q, struct arena *a)
{
    return a ? sql_get_text(q, a) : sql_peek_text(q);
}

/* With a NULL arena strings point into the row. */
static void read_task(struct sql *q, struct arena *a, struct store_task *t)
{
    t->seq = sql_get_int(q);
    t->task_id = text_of(q, a);
    t->creator_id = text_of(q, a);
    t->task_type = text_of(q, a);
    t->status = (enum store_task_status)sql_get_name(q, status_names, 5);
    t->reason = text_of(q, a);
    t->spec = text_of(q, a);
    t->module_sha3 = text_of(q, a);
    sql_get_blob(q, t->inputs_sha3, sizeof t->inputs_sha3);
    t->min_nodes = (uint32_t)sql_get_int(q);
    t->budget = sql_get_int(q);
    t->paid = sql_get_int(q);
    t->attempts = (uint32_t)sql_get_int(q);
    t->idempotency_key = text_of(q, a);
    t->result = text_of(q, a);
    t->created_at_ms = sql_get_int(q);
    t->updated_at_ms = sql_get_int(q);
    t->completed_at_ms = sql_get_int(q);
    t->hidden_at_ms = sql_get_int(q);
    t->shares = (uint32_t)sql_get_int(q);
    t->audit = sql_get_is_null(q)
                   ? STORE_AUDIT_NONE
                   : (enum store_task_audit)(1 + sql_get_name(q, audit_names + 1, 2));
}

static int one_task(struct sql *q, struct arena *a, struct store_task *out, const char *id,
                    struct err *err)
{
    struct store_task t = {0};
    int rc = sql_step(q, err);

    if (rc > 0) {
        read_task(q, a, &t);
        rc = q->rc == VCP_OK ? VCP_OK : err_set(err, q->rc, "task %s cannot be read", id);
        if (rc == VCP_OK)
            *out = t;
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "no task %s", id);
    }
    sql_close(q);
    return rc;
}

int store_task_get(struct store_tx *tx, struct arena *a, struct store_task *out,
                   const char *task_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE task_id = ?");

    sql_text(&q, task_id);
    return one_task(&q, a, out, task_id, err);
}

int store_task_by_key(struct store_tx *tx, struct arena *a, struct store_task *out,
                      const char *creator_id, const char *idempotency_key, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE creator_id = ?"
                                " AND idempotency_key = ?");

    sql_text(&q, creator_id);
    sql_text(&q, idempotency_key);
    return one_task(&q, a, out, "with this idempotency key", err);
}

int store_task_hide(struct store_tx *tx, const char *task_id, int64_t at_ms, struct err *err)
{
    struct sql q = sql_open(tx, "UPDATE tasks SET hidden_at = coalesce(hidden_at, ?)"
                                " WHERE task_id = ? AND completed_at IS NOT NULL");

    sql_time(&q, at_ms);
    sql_text(&q, task_id);
    return sql_run1(&q, err, "ended task", task_id);
}

int store_task_update(struct store_tx *tx, const struct store_task *t, struct err *err)
{
    struct sql q = sql_open(
        tx, "UPDATE tasks SET status = ?, reason = ?, paid = ?, attempts = ?, result = ?,"
            " updated_at = ?, completed_at = ?"
            " WHERE task_id = ? AND completed_at IS NULL");

    sql_text(&q, status_names[t->status]);
    sql_text(&q, t->reason);
    sql_int(&q, t->paid);
    sql_int(&q, t->attempts);
    sql_text(&q, t->result);
    sql_int(&q, t->updated_at_ms);
    sql_time(&q, t->completed_at_ms);
    sql_text(&q, t->task_id);
    int rc = sql_run1(&q, err, "live task", t->task_id);
    if (rc == VCP_ENOTFOUND)
        return err_set(err, VCP_ESTATE, "task %s has ended", t->task_id);
    return rc;
}

int store_task_set_audit(struct store_tx *tx, const char *task_id, enum store_task_audit audit,
                         uint32_t min_nodes, struct err *err)
{
    struct sql q = sql_open(tx, "UPDATE tasks SET audit = ?, min_nodes = ?"
                                " WHERE task_id = ? AND completed_at IS NULL");

    sql_text(&q, audit_names[audit]);
    sql_int(&q, min_nodes);
    sql_text(&q, task_id);
    return sql_run1(&q, err, "live task", task_id);
}

/* One statement for each combination, so that each runs along its index. */
static struct sql list_query(struct store_tx *tx, const char *creator_id, int status)
{
    if (creator_id && status >= 0)
        return sql_open(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE seq < ?1 AND"
                            " hidden_at IS NULL AND creator_id = ?3 AND status = ?4"
                            " ORDER BY seq DESC LIMIT ?2");
    if (creator_id)
        return sql_open(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE seq < ?1 AND"
                            " hidden_at IS NULL AND creator_id = ?3"
                            " ORDER BY seq DESC LIMIT ?2");
    if (status >= 0)
        return sql_open(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE seq < ?1 AND"
                            " hidden_at IS NULL AND status = ?3 ORDER BY seq DESC LIMIT ?2");
    return sql_open(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE seq < ?1 AND"
                        " hidden_at IS NULL ORDER BY seq DESC LIMIT ?2");
}

int store_task_list(struct store_tx *tx, struct arena *a, struct store_task **out, size_t *n,
                    const char *creator_id, int status, int64_t before_seq, size_t limit,
                    struct err *err)
{
    struct sql q = list_query(tx, creator_id, status);
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_int(&q, before_seq > 0 ? before_seq : INT64_MAX);
    sql_int(&q, limit < STORE_LIST_MAX ? (int64_t)limit : (int64_t)STORE_LIST_MAX);
    if (creator_id)
        sql_text(&q, creator_id);
    if (status >= 0)
        sql_text(&q, status_names[status]);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_task *t = sql_grow(&q, a, &list, &count, &cap, sizeof *t);
        if (t)
            read_task(&q, a, t);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}

int store_task_each_live(struct store_tx *tx, int (*each)(void *arg, const struct store_task *t),
                         void *arg, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE completed_at IS NULL"
                                " ORDER BY seq");
    struct store_task t;
    int rc, stop = VCP_OK;

    while (stop == VCP_OK && (rc = sql_step(&q, err)) > 0) {
        read_task(&q, NULL, &t);
        if (q.rc == VCP_OK)
            stop = each(arg, &t);
    }
    sql_close(&q);
    return stop < 0 ? stop : rc;
}

int store_task_counts(struct store_tx *tx, int64_t out[5], struct err *err)
{
    struct sql q = sql_open(tx, "SELECT status, n FROM task_counts");
    int64_t counts[5] = {0};
    int rc;

    while ((rc = sql_step(&q, err)) > 0) {
        int i = sql_get_name(&q, status_names, 5);
        counts[i] = sql_get_int(&q);
    }
    sql_close(&q);
    if (rc == 0)
        memcpy(out, counts, sizeof counts);
    return rc;
}

/* ---- decisions ---- */

int store_decision_add(struct store_tx *tx, const char *task_id, const struct store_decision *d,
                       struct err *err)
{
    struct sql q = sql_open(
        tx, "INSERT INTO decisions (task_id, n, at, detail) VALUES (?1, 1 + coalesce("
            "(SELECT max(n) FROM decisions WHERE task_id = ?1), 0), ?, ?)");

    sql_text(&q, task_id);
    sql_int(&q, d->at_ms);
    sql_text(&q, d->detail);
    int rc = sql_run(&q, err);
    if (rc < 0)
        return rc;
    q = sql_open(tx, "DELETE FROM decisions WHERE task_id = ?1 AND n <="
                     " (SELECT max(n) FROM decisions WHERE task_id = ?1) - ?2");
    sql_text(&q, task_id);
    sql_int(&q, STORE_DECISIONS_MAX);
    return sql_run(&q, err);
}

int store_decision_list(struct store_tx *tx, struct arena *a, struct store_decision **out,
                        size_t *n, const char *task_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT at, detail FROM decisions WHERE task_id = ? ORDER BY n");
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_text(&q, task_id);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_decision *d = sql_grow(&q, a, &list, &count, &cap, sizeof *d);
        if (d == NULL)
            continue;
        d->at_ms = sql_get_int(&q);
        d->detail = sql_get_text(&q, a);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}
