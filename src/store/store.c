/* store.c - opening the database, its schema, its connections and its transactions.
 *
 * One writer connection under a mutex: SQLite has one writer at a time anyway, and
 * a queue in the process is fair and cheap where SQLITE_BUSY is neither.  Readers
 * are a stack of connections; a thread that finds it empty waits. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "store/migrations.h"
#include "store/sql.h"

static int exec(struct sql_conn *c, const char *sql, struct err *err)
{
    char *msg = NULL;
    int sq = sqlite3_exec(c->db, sql, NULL, NULL, &msg);

    if (sq == SQLITE_OK)
        return VCP_OK;
    err_set(err, sq == SQLITE_BUSY ? VCP_EBUSY : VCP_EIO, "database: %s",
            msg ? msg : sqlite3_errstr(sq));
    sqlite3_free(msg);
    return sq == SQLITE_BUSY ? VCP_EBUSY : VCP_EIO;
}

static void conn_close(struct sql_conn *c)
{
    for (unsigned i = 0; i < c->n_cached; i++)
        sqlite3_finalize(c->cache[i].st);
    sqlite3_close(c->db);
    memset(c, 0, sizeof *c);
}

static int conn_open(struct sql_conn *c, const char *path, const struct store_options *o,
                     bool writer, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);
    int sq = sqlite3_open_v2(path, &c->db, flags, NULL);

    if (sq != SQLITE_OK)
        return err_set(err, VCP_EIO, "cannot open database %s: %s", path,
                       c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(sq));
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, o->busy_timeout_ms ? (int)o->busy_timeout_ms : 5000);
    sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, (int)STORE_ROW_BYTES_MAX);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int rc = exec(
        c, "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;", err);
    if (rc == VCP_OK && writer)
        rc = exec(c, "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864;", err);
    if (rc == VCP_OK)
        rc = exec(c, o->fast ? "PRAGMA synchronous=NORMAL;" : "PRAGMA synchronous=FULL;", err);
    if (rc == VCP_OK && !writer)
        rc = exec(c, "PRAGMA query_only=ON;", err);
    return rc < 0 ? err_prefix(err, "%s", path) : VCP_OK;
}

static int version_of(struct sql_conn *c, int *out, struct err *err)
{
    sqlite3_stmt *st = NULL;
    int sq = sqlite3_prepare_v2(c->db, "PRAGMA user_version", -1, &st, NULL);

    if (sq == SQLITE_OK && (sq = sqlite3_step(st)) == SQLITE_ROW)
        *out = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return sq == SQLITE_ROW
               ? VCP_OK
               : err_set(err, VCP_EIO, "cannot read the schema version: %s", sqlite3_errmsg(c->db));
}

static int migrate_one(struct sql_conn *c, int i, struct err *err)
{
    char version[64];
    int rc = exec(c, migrations[i].sql, err);

    snprintf(version, sizeof version, "PRAGMA user_version=%d", i + 1);
    if (rc == VCP_OK)
        rc = exec(c, version, err);
    return rc < 0 ? err_prefix(err, "migration %s", migrations[i].name) : VCP_OK;
}

/* All steps in one transaction: a database is at a version or it is not. */
static int migrate(struct sql_conn *c, const char *path, struct err *err)
{
    int version = 0, rc = exec(c, "BEGIN IMMEDIATE", err);

    if (rc < 0)
        return rc;
    rc = version_of(c, &version, err);
    if (rc == VCP_OK && version > n_migrations)
        rc = err_set(err, VCP_EUNSUPPORTED,
                     "%s has schema %d, this program knows up to %d: use a newer program", path,
                     version, n_migrations);
    for (int i = version; rc == VCP_OK && i < n_migrations; i++)
        rc = migrate_one(c, i, err);
    if (rc == VCP_OK)
        rc = exec(c, "COMMIT", err);
    if (rc < 0)
        exec(c, "ROLLBACK", NULL);
    return rc;
}

static int open_readers(struct store *s, const struct store_options *o, struct err *err)
{
    unsigned n = o->n_readers ? o->n_readers : 4;

    if (n > STORE_READERS_MAX)
        n = STORE_READERS_MAX;
    for (unsigned i = 0; i < n; i++) {
        int rc = conn_open(&s->readers[i], s->path, o, false, err);

        s->n_readers = i + 1;
        if (rc < 0)
            return rc;
        s->readers[i].next = s->free_readers;
        s->free_readers = &s->readers[i];
    }
    return VCP_OK;
}

static int set_paths(struct store *s, const char *path, struct err *err)
{
    size_t n = strlen(path);

    s->path = malloc(n + 1);
    s->blobs_path = malloc(n + sizeof ".blobs");
    if (s->path == NULL || s->blobs_path == NULL)
        return err_set(err, VCP_ENOMEM, "store: out of memory");
    memcpy(s->path, path, n + 1);
    memcpy(s->blobs_path, path, n);
    memcpy(s->blobs_path + n, ".blobs", sizeof ".blobs");
    return file_make_dirs(s->blobs_path, err);
}

int store_open(struct store **out, const char *path, const struct store_options *o, struct err *err)
{
    static const struct store_options plain;
    struct store *s = calloc(1, sizeof *s);

    if (s == NULL)
        return err_set(err, VCP_ENOMEM, "store: out of memory");
    if (o == NULL)
        o = &plain;
    s->claim_fd = -1;
    pthread_mutex_init(&s->write_lock, NULL);
    pthread_mutex_init(&s->read_lock, NULL);
    pthread_cond_init(&s->read_freed, NULL);
    int rc = set_paths(s, path, err);
    if (rc == VCP_OK)
        rc = conn_open(&s->writer, path, o, true, err);
    if (rc == VCP_OK)
        rc = migrate(&s->writer, path, err);
    if (rc == VCP_OK)
        rc = open_readers(s, o, err);
    /* Balances and keys are nobody else's business. */
    if (rc == VCP_OK && chmod(path, 0600) != 0)
        rc = err_set(err, VCP_EIO, "chmod %s: %s", path, strerror(errno));
    if (rc < 0) {
        store_free(s);
        return rc;
    }
    *out = s;
    return VCP_OK;
}

void store_free(struct store *s)
{
    if (s == NULL)
        return;
    for (unsigned i = 0; i < s->n_readers; i++)
        conn_close(&s->readers[i]);
    conn_close(&s->writer);
    if (s->claim_fd >= 0)
        close(s->claim_fd);
    pthread_mutex_destroy(&s->write_lock);
    pthread_mutex_destroy(&s->read_lock);
    pthread_cond_destroy(&s->read_freed);
    free(s->path);
    free(s->blobs_path);
    free(s);
}

int store_claim(struct store *s, struct err *err)
{
    char name[4096];

    if (s->claim_fd >= 0)
        return err_set(err, VCP_EBUSY, "%s already has a coordinator in this process", s->path);
    if ((size_t)snprintf(name, sizeof name, "%s.lock", s->path) >= sizeof name)
        return err_set(err, VCP_ELIMIT, "path of the database is too long");
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, VCP_EIO, "cannot open %s: %s", name, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return err_set(err, VCP_EBUSY, "another server is using %s", s->path);
    }
    s->claim_fd = fd;
    return VCP_OK;
}

void store_unclaim(struct store *s)
{
    if (s->claim_fd >= 0)
        close(s->claim_fd);
    s->claim_fd = -1;
}

static struct sql_conn *take_reader(struct store *s)
{
    pthread_mutex_lock(&s->read_lock);
    while (s->free_readers == NULL)
        pthread_cond_wait(&s->read_freed, &s->read_lock);
    struct sql_conn *c = s->free_readers;
    s->free_readers = c->next;
    pthread_mutex_unlock(&s->read_lock);
    return c;
}

static void give_reader(struct store *s, struct sql_conn *c)
{
    pthread_mutex_lock(&s->read_lock);
    c->next = s->free_readers;
    s->free_readers = c;
    pthread_cond_signal(&s->read_freed);
    pthread_mutex_unlock(&s->read_lock);
}

static void tx_end(struct store_tx *tx)
{
    if (tx->write)
        pthread_mutex_unlock(&tx->s->write_lock);
    else
        give_reader(tx->s, tx->conn);
    free(tx);
}

/* Begin, commit and rollback are statements like others: prepared once, counted by
 * the fault injection. */
static int control(struct store_tx *tx, const char *literal, struct err *err)
{
    struct sql q = sql_open(tx, literal);

    return sql_run(&q, err);
}

static int tx_begin(struct store *s, bool write, struct store_tx **out, struct err *err)
{
    struct store_tx *tx = calloc(1, sizeof *tx);

    if (tx == NULL)
        return err_set(err, VCP_ENOMEM, "store: out of memory");
    tx->s = s;
    tx->write = write;
    if (write) {
        pthread_mutex_lock(&s->write_lock);
        tx->conn = &s->writer;
    } else {
        tx->conn = take_reader(s);
    }
    int rc = write ? control(tx, "BEGIN IMMEDIATE", err) : control(tx, "BEGIN", err);
    if (rc < 0) {
        tx_end(tx);
        return rc;
    }
    *out = tx;
    return VCP_OK;
}

int store_begin_write(struct store *s, struct store_tx **out, struct err *err)
{
    return tx_begin(s, true, out, err);
}

int store_begin_read(struct store *s, struct store_tx **out, struct err *err)
{
    return tx_begin(s, false, out, err);
}

static void undo(struct store_tx *tx)
{
    struct sql q = sql_open(tx, "ROLLBACK");

    /* Past the fault injection: an end must not fail.  Some failures of SQLite have
     * rolled back by themselves. */
    if (q.st && !sqlite3_get_autocommit(tx->conn->db))
        sqlite3_step(q.st);
    sql_close(&q);
}

int store_commit(struct store_tx *tx, struct err *err)
{
    int rc = control(tx, "COMMIT", err);

    if (rc < 0)
        undo(tx);
    tx_end(tx);
    return rc;
}

void store_rollback(struct store_tx *tx)
{
    if (tx == NULL)
        return;
    undo(tx);
    tx_end(tx);
}

int store_schema_version(struct store_tx *tx, int *out, struct err *err)
{
    return version_of(tx->conn, out, err);
}

void store_fail_after(struct store *s, unsigned n)
{
    atomic_store(&s->fail_after, n);
}
