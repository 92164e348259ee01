/* sql.h - inside the store: a statement is opened, fed and read from left to right.
 *
 *     struct sql q = sql_open(tx, "SELECT a, b FROM t WHERE c = ?");
 *     sql_text(&q, c);
 *     while ((rc = sql_step(&q, err)) > 0)
 *         use(sql_get_text(&q, arena), sql_get_int(&q));
 *     sql_close(&q);
 *
 * The first failure is kept in the struct sql and comes out of the next sql_step,
 * so nothing in between needs a check.  Statements are prepared once for each
 * connection and found again by the address of their text: pass literals. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "store/store.h"

#define SQL_CACHE_MAX 192u /* more than the statements of this folder */

struct sql_conn {
    sqlite3 *db;
    struct {
        const char *text;
        sqlite3_stmt *st;
    } cache[SQL_CACHE_MAX];
    unsigned n_cached;
    struct sql_conn *next; /* free readers */
};

struct store_tx {
    struct store *s;
    struct sql_conn *conn;
    bool write;
};

struct store {
    char *path, *blobs_path;
    struct sql_conn writer;
    struct sql_conn readers[STORE_READERS_MAX];
    unsigned n_readers;
    pthread_mutex_t write_lock;
    pthread_mutex_t read_lock; /* free_readers */
    pthread_cond_t read_freed;
    struct sql_conn *free_readers;
    atomic_uint fail_after;
    int claim_fd; /* -1, or the locked file of store_claim */
};

struct sql {
    struct store_tx *tx;
    sqlite3_stmt *st;
    int in, out; /* next parameter from 1, next column from 0 */
    int rc;      /* first failure, a vcp code */
};

struct sql sql_open(struct store_tx *tx, const char *literal);
void sql_text(struct sql *q, const char *s); /* NULL is NULL; s must live until the last step */
void sql_int(struct sql *q, int64_t v);
void sql_time(struct sql *q, int64_t ms); /* 0 is NULL */
void sql_real(struct sql *q, double v);   /* NAN is NULL */
void sql_blob(struct sql *q, const void *p, size_t n);
/* 1: a row, its columns from the first again; 0: no more; < 0: failed. */
int sql_step(struct sql *q, struct err *err);
void sql_close(struct sql *q);
/* Steps once and closes.  sql_run wants no row; sql_run1 is VCP_ENOTFOUND without a changed row. */
int sql_run(struct sql *q, struct err *err);
int sql_run1(struct sql *q, struct err *err, const char *what, const char *id);

/* In the arena; NULL for NULL. */
const char *sql_get_text(struct sql *q, struct arena *a);
/* Until the next step. */
const char *sql_peek_text(struct sql *q);
int64_t sql_get_int(struct sql *q);  /* 0 for NULL */
double sql_get_real(struct sql *q);  /* NAN for NULL */
bool sql_get_is_null(struct sql *q); /* does not move on */
/* Exactly n bytes, else the statement fails with VCP_EIO. */
void sql_get_blob(struct sql *q, void *out, size_t n);

/* A list growing in an arena: the new element, zeroed, or NULL (noted in q). */
void *sql_grow(struct sql *q, struct arena *a, void **list, size_t *n, size_t *cap, size_t size);

/* An index into names[0..n); fails q when the text is none of them. */
int sql_get_name(struct sql *q, const char *const *names, int n);

#endif
