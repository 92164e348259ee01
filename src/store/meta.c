/* meta.c - see meta.h. */
#include "store/meta.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/sql.h"

int store_setting_get(struct store_tx *tx, struct arena *a, const char **out, const char *key,
                      struct err *err)
{
    struct sql q = sql_open(tx, "SELECT value FROM settings WHERE key = ?");

    sql_text(&q, key);
    int rc = sql_step(&q, err);
    if (rc > 0) {
        const char *value = sql_get_text(&q, a);
        rc = value ? VCP_OK : err_set(err, VCP_ENOMEM, "store: out of memory");
        if (value)
            *out = value;
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "setting %s was never made", key);
    }
    sql_close(&q);
    return rc;
}

int store_setting_put(struct store_tx *tx, const char *key, const char *value, int64_t at_ms,
                      struct err *err)
{
    struct sql q = sql_open(tx, "INSERT INTO settings (key, value, updated_at) VALUES (?, ?, ?)"
                                " ON CONFLICT (key) DO UPDATE SET value = excluded.value,"
                                " updated_at = excluded.updated_at");

    sql_text(&q, key);
    sql_text(&q, value);
    sql_int(&q, at_ms);
    return sql_run(&q, err);
}

int store_audit_add(struct store_tx *tx, const struct store_audit *e, struct err *err)
{
    struct sql q = sql_open(
        tx, "INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)");

    sql_int(&q, e->at_ms);
    sql_text(&q, e->actor);
    sql_text(&q, e->action);
    sql_text(&q, e->subject);
    sql_text(&q, e->detail);
    int rc = sql_run(&q, err);
    if (rc < 0)
        return rc;
    q = sql_open(tx, "DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?");
    sql_int(&q, STORE_AUDIT_MAX);
    return sql_run(&q, err);
}

int store_audit_list(struct store_tx *tx, struct arena *a, struct store_audit **out, size_t *n,
                     int64_t before_seq, size_t limit, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT seq, at, actor, action, subject, detail FROM audit"
                                " WHERE seq < ? ORDER BY seq DESC LIMIT ?");
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_int(&q, before_seq > 0 ? before_seq : INT64_MAX);
    sql_int(&q, limit < STORE_LIST_MAX ? (int64_t)limit : (int64_t)STORE_LIST_MAX);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_audit *e = sql_grow(&q, a, &list, &count, &cap, sizeof *e);
        if (e == NULL)
            continue;
        e->seq = sql_get_int(&q);
        e->at_ms = sql_get_int(&q);
        e->actor = sql_get_text(&q, a);
        e->action = sql_get_text(&q, a);
        e->subject = sql_get_text(&q, a);
        e->detail = sql_get_text(&q, a);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}
