/* blobs.h - modules, inputs and outputs by the SHA3-256 of their content.
 *
 * Contents are files ("<database>.blobs/ab/<64 hex digits>", written aside, synced
 * and renamed) and the database holds their rows.  Files rather than rows, because
 * a module of 50 MB would hold the one writer and swell the log for as long as it
 * is copied, and because a file can be mapped and sent without a copy.  The file
 * comes first: a crash in between leaves a file without a row, which is harmless
 * and becomes the content when the same bytes are put again. */
#ifndef STORE_BLOBS_H
#define STORE_BLOBS_H

#include "base/file.h"
#include "base/hash.h"
#include "store/store.h"

struct store_blob {
    char sha3[SHA3_256_HEX_BYTES];
    int64_t size_bytes;
    int64_t created_at_ms;
};

/* Stores n bytes and notes user_id as one who put them; his total may not pass
 * quota_bytes (VCP_ELIMIT; <= 0: no quota).  user_id NULL: charged to nobody (the
 * output of a task).  Not inside a transaction: it makes its own.  Putting again
 * is fine.  More than STORE_BLOB_MAX_BYTES is VCP_ELIMIT. */
int store_blob_put(struct store *s, struct store_blob *out, const char *user_id, const void *p,
                   size_t n, int64_t quota_bytes, int64_t at_ms, struct err *err);
/* The same for an output, put by a node of owner_id: it is his until the task accepts it.  A
 * result may only name outputs which its node's owner may read; else a node could make a
 * stranger's content the output of its task, and its task's creator could fetch it. */
int store_blob_put_output(struct store *s, struct store_blob *out, const char *owner_id,
                          const void *p, size_t n, int64_t quota_bytes, int64_t at_ms,
                          struct err *err);
/* Accepted: not charged to the owner any more, unless he put the same content himself. */
int store_blob_accept_output(struct store_tx *tx, const char *owner_id, const char *sha3,
                             struct err *err);
int store_blob_get(struct store_tx *tx, struct store_blob *out, const char *sha3, struct err *err);
/* Maps the content; file_map_release it.  VCP_ENOTFOUND when there is no such
 * file.  Needs no transaction; does not hash the content again. */
int store_blob_map(struct store *s, struct file_map *out, const char *sha3, struct err *err);
/* The file of a blob, for sendfile; out holds n bytes. */
int store_blob_path(struct store *s, char *out, size_t n, const char *sha3, struct err *err);
int store_blob_usage(struct store_tx *tx, int64_t *out_bytes, const char *user_id, struct err *err);

/* Which task names a blob, and as what: "module", "input", "output", "receipt" or "evidence"
 * (of a dispute). */
int store_blob_link(struct store_tx *tx, const char *task_id, const char *sha3, const char *role,
                    struct err *err);
/* True when the user put it, made a task that names it, or owns a node actively
 * assigned to a task that reads it (module or input). */
int store_blob_readable(struct store_tx *tx, bool *out, const char *user_id, const char *sha3,
                        struct err *err);
/* True when the node is actively assigned to a task that reads it. */
int store_blob_readable_by_node(struct store_tx *tx, bool *out, const char *node_id,
                                const char *sha3, struct err *err);

#endif
