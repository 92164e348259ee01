/* sql.c - see sql.h. */
#include "store/sql.h"

#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"

static int code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
            return VCP_EEXIST;
        if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
            return VCP_ENOTFOUND;
        return rc == SQLITE_CONSTRAINT_TRIGGER ? VCP_ESTATE : VCP_EINVAL;
    case SQLITE_NOMEM: return VCP_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return VCP_EBUSY;
    case SQLITE_TOOBIG: return VCP_ELIMIT;
    default: return VCP_EIO;
    }
}

/* True once, when the countdown of store_fail_after reaches zero. */
static bool injected(struct store *s)
{
    unsigned n = atomic_load_explicit(&s->fail_after, memory_order_relaxed);

    while (n > 0)
        if (atomic_compare_exchange_weak(&s->fail_after, &n, n - 1))
            return n == 1;
    return false;
}

static sqlite3_stmt *prepared(struct sql_conn *c, const char *text, int *rc)
{
    sqlite3_stmt *st = NULL;

    for (unsigned i = 0; i < c->n_cached; i++)
        if (c->cache[i].text == text)
            return c->cache[i].st;
    if (c->n_cached == SQL_CACHE_MAX) {
        *rc = VCP_ELIMIT;
        return NULL;
    }
    int sq = sqlite3_prepare_v3(c->db, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (sq != SQLITE_OK) {
        *rc = code_of(sq);
        return NULL;
    }
    c->cache[c->n_cached].text = text;
    c->cache[c->n_cached++].st = st;
    return st;
}

struct sql sql_open(struct store_tx *tx, const char *literal)
{
    struct sql q = {.tx = tx, .in = 1};

    q.st = prepared(tx->conn, literal, &q.rc);
    return q;
}

static void note(struct sql *q, int sq)
{
    if (sq != SQLITE_OK && q->rc == VCP_OK)
        q->rc = code_of(sq);
}

void sql_text(struct sql *q, const char *s)
{
    if (q->rc == VCP_OK)
        note(q, s ? sqlite3_bind_text(q->st, q->in, s, -1, SQLITE_STATIC)
                  : sqlite3_bind_null(q->st, q->in));
    q->in++;
}

void sql_int(struct sql *q, int64_t v)
{
    if (q->rc == VCP_OK)
        note(q, sqlite3_bind_int64(q->st, q->in, v));
    q->in++;
}

void sql_time(struct sql *q, int64_t ms)
{
    if (q->rc == VCP_OK)
        note(q, ms ? sqlite3_bind_int64(q->st, q->in, ms) : sqlite3_bind_null(q->st, q->in));
    q->in++;
}

void sql_real(struct sql *q, double v)
{
    if (q->rc == VCP_OK)
        note(q, sqlite3_bind_double(q->st, q->in, v));
    q->in++;
}

void sql_blob(struct sql *q, const void *p, size_t n)
{
    if (q->rc == VCP_OK)
        note(q, sqlite3_bind_blob64(q->st, q->in, p, n, SQLITE_STATIC));
    q->in++;
}

static int failed(struct sql *q, struct err *err)
{
    sqlite3 *db = q->tx->conn->db;

    if (q->rc == VCP_ENOMEM)
        return err_set(err, VCP_ENOMEM, "database: out of memory");
    return err_set(err, q->rc, "database %s: %s", q->tx->s->path,
                   sqlite3_errcode(db) == SQLITE_OK ? err_code_name(q->rc) : sqlite3_errmsg(db));
}

int sql_step(struct sql *q, struct err *err)
{
    if (q->rc != VCP_OK)
        return failed(q, err);
    if (injected(q->tx->s)) {
        q->rc = VCP_EIO;
        return err_set(err, VCP_EIO, "database %s: injected failure", q->tx->s->path);
    }
    q->out = 0;
    int sq = sqlite3_step(q->st);
    if (sq == SQLITE_ROW)
        return 1;
    if (sq == SQLITE_DONE)
        return 0;
    q->rc = code_of(sqlite3_extended_errcode(q->tx->conn->db));
    return failed(q, err);
}

void sql_close(struct sql *q)
{
    if (q->st == NULL)
        return;
    sqlite3_reset(q->st);
    sqlite3_clear_bindings(q->st);
}

int sql_run(struct sql *q, struct err *err)
{
    int rc = sql_step(q, err);

    sql_close(q);
    return rc < 0 ? rc : VCP_OK;
}

int sql_run1(struct sql *q, struct err *err, const char *what, const char *id)
{
    int rc = sql_run(q, err);

    if (rc == VCP_OK && sqlite3_changes(q->tx->conn->db) == 0)
        return err_set(err, VCP_ENOTFOUND, "no %s %s", what, id);
    return rc;
}

const char *sql_peek_text(struct sql *q)
{
    return (const char *)sqlite3_column_text(q->st, q->out++);
}

const char *sql_get_text(struct sql *q, struct arena *a)
{
    const char *s = sql_peek_text(q);

    if (s == NULL)
        return NULL;
    s = arena_strdup(a, s);
    if (s == NULL)
        q->rc = VCP_ENOMEM;
    return s;
}

int64_t sql_get_int(struct sql *q)
{
    return sqlite3_column_int64(q->st, q->out++);
}

bool sql_get_is_null(struct sql *q)
{
    return sqlite3_column_type(q->st, q->out) == SQLITE_NULL;
}

double sql_get_real(struct sql *q)
{
    bool null = sql_get_is_null(q);
    double v = sqlite3_column_double(q->st, q->out++);

    return null ? (double)NAN : v;
}

void sql_get_blob(struct sql *q, void *out, size_t n)
{
    const void *p = sqlite3_column_blob(q->st, q->out);

    if (p == NULL || (size_t)sqlite3_column_bytes(q->st, q->out) != n)
        q->rc = VCP_EIO;
    else
        memcpy(out, p, n);
    q->out++;
}

void *sql_grow(struct sql *q, struct arena *a, void **list, size_t *n, size_t *cap, size_t size)
{
    if (*n == *cap) {
        size_t grown = *cap ? *cap * 2 : 16;
        void *p = arena_array(a, grown, size);

        if (p == NULL) {
            q->rc = VCP_ENOMEM;
            return NULL;
        }
        if (*n)
            memcpy(p, *list, *n * size);
        *list = p;
        *cap = grown;
    }
    return (char *)*list + (*n)++ * size;
}

int sql_get_name(struct sql *q, const char *const *names, int n)
{
    const char *s = sql_peek_text(q);

    for (int i = 0; s && i < n; i++)
        if (strcmp(s, names[i]) == 0)
            return i;
    q->rc = VCP_EIO;
    return 0;
}
