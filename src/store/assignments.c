/* assignments.c - who works on which task; see tasks.h. */
#include "base/err.h"
#include "base/limits.h"
#include "store/sql.h"
#include "store/tasks.h"

#define COLUMNS                                                                                    \
    "task_id, node_id, execution_status, lease_id, attempts, assigned_at, started_at, "            \
    "finished_at, disconnected_at, deadline_at, backoff_until, note"

static const char *const execution_names[] = {"assigned", "in_progress", "completed", "failed"};

const char *store_execution_name(enum store_execution e)
{
    return execution_names[e];
}

int store_assignment_put(struct store_tx *tx, const struct store_assignment *m, struct err *err)
{
    struct sql q = sql_open(
        tx, "INSERT INTO task_assignments (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " ?) ON CONFLICT (task_id, node_id) DO UPDATE SET"
            " execution_status = excluded.execution_status, lease_id = excluded.lease_id,"
            " attempts = excluded.attempts, assigned_at = excluded.assigned_at,"
            " started_at = excluded.started_at, finished_at = excluded.finished_at,"
            " disconnected_at = excluded.disconnected_at, deadline_at = excluded.deadline_at,"
            " backoff_until = excluded.backoff_until, note = excluded.note");

    sql_text(&q, m->task_id);
    sql_text(&q, m->node_id);
    sql_text(&q, execution_names[m->execution]);
    sql_text(&q, m->lease_id);
    sql_int(&q, m->attempts);
    sql_int(&q, m->assigned_at_ms);
    sql_time(&q, m->started_at_ms);
    sql_time(&q, m->finished_at_ms);
    sql_time(&q, m->disconnected_at_ms);
    sql_time(&q, m->deadline_ms);
    sql_time(&q, m->backoff_until_ms);
    sql_text(&q, m->note);
    return sql_run(&q, err);
}

static const char *text_of(struct sql *q, struct arena *a)
{
    return a ? sql_get_text(q, a) : sql_peek_text(q);
}

static void read_assignment(struct sql *q, struct arena *a, struct store_assignment *m)
{
    m->task_id = text_of(q, a);
    m->node_id = text_of(q, a);
    m->execution = (enum store_execution)sql_get_name(q, execution_names, 4);
    m->lease_id = text_of(q, a);
    m->attempts = (uint32_t)sql_get_int(q);
    m->assigned_at_ms = sql_get_int(q);
    m->started_at_ms = sql_get_int(q);
    m->finished_at_ms = sql_get_int(q);
    m->disconnected_at_ms = sql_get_int(q);
    m->deadline_ms = sql_get_int(q);
    m->backoff_until_ms = sql_get_int(q);
    m->note = text_of(q, a);
}

int store_assignment_get(struct store_tx *tx, struct arena *a, struct store_assignment *out,
                         const char *task_id, const char *node_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " COLUMNS " FROM task_assignments"
                                " WHERE task_id = ? AND node_id = ?");
    struct store_assignment m = {0};

    sql_text(&q, task_id);
    sql_text(&q, node_id);
    int rc = sql_step(&q, err);
    if (rc > 0) {
        read_assignment(&q, a, &m);
        rc = q.rc == VCP_OK ? VCP_OK : err_set(err, q.rc, "assignment cannot be read");
        if (rc == VCP_OK)
            *out = m;
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "task %s was never assigned to node %s", task_id, node_id);
    }
    sql_close(&q);
    return rc;
}

static int list(struct sql *q, struct arena *a, struct store_assignment **out, size_t *n,
                struct err *err)
{
    void *rows = NULL;
    size_t count = 0, cap = 0;
    int rc;

    while ((rc = sql_step(q, err)) > 0) {
        struct store_assignment *m = sql_grow(q, a, &rows, &count, &cap, sizeof *m);
        if (m)
            read_assignment(q, a, m);
    }
    sql_close(q);
    if (rc < 0)
        return rc;
    *out = rows;
    *n = count;
    return VCP_OK;
}

int store_assignment_list(struct store_tx *tx, struct arena *a, struct store_assignment **out,
                          size_t *n, const char *task_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " COLUMNS " FROM task_assignments WHERE task_id = ?"
                                " ORDER BY assigned_at, node_id");

    sql_text(&q, task_id);
    return list(&q, a, out, n, err);
}

int store_assignment_of_node(struct store_tx *tx, struct arena *a, struct store_assignment **out,
                             size_t *n, const char *node_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " COLUMNS " FROM task_assignments WHERE node_id = ?"
                                " AND disconnected_at IS NULL ORDER BY assigned_at, task_id");

    sql_text(&q, node_id);
    return list(&q, a, out, n, err);
}

int store_assignment_each_live(struct store_tx *tx,
                               int (*each)(void *arg, const struct store_assignment *m), void *arg,
                               struct err *err)
{
    struct sql q = sql_open(
        tx, "SELECT m.task_id, m.node_id, m.execution_status, m.lease_id, m.attempts,"
            " m.assigned_at, m.started_at, m.finished_at, m.disconnected_at, m.deadline_at,"
            " m.backoff_until, m.note FROM tasks t INDEXED BY tasks_live"
            " JOIN task_assignments m ON m.task_id = t.task_id"
            " WHERE t.completed_at IS NULL ORDER BY t.seq, m.assigned_at, m.node_id");
    struct store_assignment m;
    int rc, stop = VCP_OK;

    while (stop == VCP_OK && (rc = sql_step(&q, err)) > 0) {
        read_assignment(&q, NULL, &m);
        if (q.rc == VCP_OK)
            stop = each(arg, &m);
    }
    sql_close(&q);
    return stop < 0 ? stop : rc;
}

int store_assignment_disconnect_all(struct store_tx *tx, const char *task_id, int64_t at_ms,
                                    struct err *err)
{
    struct sql q = sql_open(tx, "UPDATE task_assignments SET disconnected_at = ?,"
                                " deadline_at = NULL"
                                " WHERE task_id = ? AND disconnected_at IS NULL");

    sql_time(&q, at_ms);
    sql_text(&q, task_id);
    return sql_run(&q, err);
}
