/* store.h - the truth: users, nodes, tasks, results and money in one SQLite database.
 *
 * Everything happens inside a transaction.  A write transaction holds the one
 * writer connection under a mutex, so writers queue in the order they came; read
 * transactions use a pool of reader connections, see one snapshot each and never
 * wait for the writer (WAL).  A transaction belongs to the thread that began it.
 * No thread may begin a second one before it ended the first: with the writer it
 * would wait for itself.
 *
 * What is committed survives a kill -9 and, with synchronous=FULL (the default),
 * a power cut.  Contents of blobs live in files beside the database: blobs.h.
 *
 * Conventions of the row functions in the other headers of this folder:
 *  - strings of rows read live in the caller's arena; "" never stands for NULL;
 *  - times are milliseconds since 1970 UTC, 0 for "not (yet)";
 *  - *_get is VCP_ENOTFOUND when there is no row; unique keys taken are VCP_EEXIST;
 *  - a failing database is VCP_EIO; then the transaction can only be rolled back.
 *
 * Nothing of SQLite shows in these headers: another engine can stand behind them. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct store;
struct store_tx;

struct store_options {
    unsigned n_readers;       /* connections for read transactions, 1..64; 0: 4 */
    unsigned busy_timeout_ms; /* how long to wait for another process; 0: 5000 */
    bool fast;                /* synchronous=NORMAL: a power cut may lose the last commits */
};

/* Opens or creates the database at path and brings its schema up to date; a
 * schema newer than this program is VCP_EUNSUPPORTED.  Blobs live in
 * "<path>.blobs/".  Options may be NULL. */
int store_open(struct store **out, const char *path, const struct store_options *o,
               struct err *err);
void store_free(struct store *s); /* no transaction may be open */

int store_begin_write(struct store *s, struct store_tx **out, struct err *err);
int store_begin_read(struct store *s, struct store_tx **out, struct err *err);
/* Ends the transaction in any case; on failure nothing of it has happened. */
int store_commit(struct store_tx *tx, struct err *err);
/* Ends a transaction without effect; the end of every read.  NULL is legal. */
void store_rollback(struct store_tx *tx);

/* The number of the last migration applied. */
int store_schema_version(struct store_tx *tx, int *out, struct err *err);

/* Takes the database for one coordinator, against other processes and other
 * coordinators here (VCP_EBUSY); given back by store_unclaim, store_free or the end of
 * the process, however it comes.  Programs that only add users need no claim. */
int store_claim(struct store *s, struct err *err);
void store_unclaim(struct store *s);

/* For tests of failure: the n-th statement or commit from now fails with VCP_EIO,
 * once; 0 disarms.  Counts on every connection of this store. */
void store_fail_after(struct store *s, unsigned n);

#endif
