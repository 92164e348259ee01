/* blobs.c - see blobs.h. */
#include "store/blobs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/limits.h"
#include "store/sql.h"

int store_blob_path(struct store *s, char *out, size_t n, const char *sha3, struct err *err)
{
    if (!sha3_hex_is_valid(sha3))
        return err_set(err, VCP_EINVAL, "a digest is 64 lower-case hex digits");
    int len = snprintf(out, n, "%s/%.2s/%s", s->blobs_path, sha3, sha3);
    if (len < 0 || (size_t)len >= n)
        return err_set(err, VCP_ELIMIT, "path of the database is too long");
    return VCP_OK;
}

static int write_file(struct store *s, const char *sha3, const void *p, size_t n, struct err *err)
{
    char path[4096], *slash;
    int rc = store_blob_path(s, path, sizeof path, sha3, err);

    if (rc < 0 || access(path, F_OK) == 0)
        return rc; /* a name is its content: what is there is whole and right */
    slash = strrchr(path, '/');
    *slash = '\0';
    rc = file_make_dirs(path, err);
    *slash = '/';
    return rc < 0 ? rc : file_write(path, p, n, 0600, err);
}

static int check_quota(struct store_tx *tx, const char *user_id, const char *sha3, size_t n,
                       int64_t quota_bytes, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT 1 FROM blob_owners WHERE user_id = ? AND sha3 = ?");
    int64_t used = 0;

    sql_text(&q, user_id);
    sql_text(&q, sha3);
    int rc = sql_step(&q, err);
    sql_close(&q);
    if (rc != 0 || quota_bytes <= 0)
        return rc < 0 ? rc : VCP_OK;
    rc = store_blob_usage(tx, &used, user_id, err);
    if (rc == VCP_OK && (int64_t)n > quota_bytes - used)
        return err_set(err, VCP_ELIMIT,
                       "%zu bytes more than the %lld stored would pass the quota of %lld", n,
                       (long long)used, (long long)quota_bytes);
    return rc;
}

/* Content and who is charged for it. */
struct putting {
    const char *user_id; /* or NULL */
    bool by_node;
    const void *p;
    size_t n;
    int64_t quota_bytes, at_ms;
};

static int insert_owner(struct store_tx *tx, const struct store_blob *b, const struct putting *put,
                        struct err *err)
{
    struct sql q = sql_open(tx, "INSERT INTO blob_owners (user_id, sha3, size, created_at, by_node)"
                                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                                " SET by_node = min(by_node, excluded.by_node)");

    sql_text(&q, put->user_id);
    sql_text(&q, b->sha3);
    sql_int(&q, b->size_bytes);
    sql_int(&q, b->created_at_ms);
    sql_int(&q, put->by_node);
    return sql_run(&q, err);
}

static int insert_rows(struct store_tx *tx, struct store_blob *b, const struct putting *put,
                       struct err *err)
{
    struct sql q = sql_open(tx, "INSERT INTO blobs (sha3, size, created_at) VALUES (?, ?, ?)"
                                " ON CONFLICT DO NOTHING");

    sql_text(&q, b->sha3);
    sql_int(&q, b->size_bytes);
    sql_int(&q, b->created_at_ms);
    int rc = sql_run(&q, err);
    return rc < 0 || put->user_id == NULL ? rc : insert_owner(tx, b, put, err);
}

/* The quota is looked at before the file is written, so that a full one cannot be
 * used to fill the disk, and again with the rows. */
static int quota_before(struct store *s, const char *user_id, const char *sha3, size_t n,
                        int64_t quota_bytes, struct err *err)
{
    struct store_tx *tx;

    if (user_id == NULL || quota_bytes <= 0)
        return VCP_OK;
    int rc = store_begin_read(s, &tx, err);
    if (rc < 0)
        return rc;
    rc = check_quota(tx, user_id, sha3, n, quota_bytes, err);
    store_rollback(tx);
    return rc;
}

static int put_rows(struct store_tx *tx, struct store_blob *b, const struct putting *put,
                    struct err *err)
{
    int rc = VCP_OK;

    if (put->user_id)
        rc = check_quota(tx, put->user_id, b->sha3, put->n, put->quota_bytes, err);
    if (rc == VCP_OK)
        rc = insert_rows(tx, b, put, err);
    return rc < 0 ? rc : store_blob_get(tx, b, b->sha3, err); /* the first putting's time */
}

static int put_blob(struct store *s, struct store_blob *out, const struct putting *put,
                    struct err *err)
{
    struct store_blob b = {.size_bytes = (int64_t)put->n, .created_at_ms = put->at_ms};
    uint8_t digest[SHA3_256_BYTES];
    struct store_tx *tx;

    if (put->n > STORE_BLOB_MAX_BYTES)
        return err_set(err, VCP_ELIMIT, "%zu bytes; a blob has at most %u", put->n,
                       STORE_BLOB_MAX_BYTES);
    sha3_256(digest, put->p, put->n);
    hex_encode(b.sha3, digest, sizeof digest);
    int rc = quota_before(s, put->user_id, b.sha3, put->n, put->quota_bytes, err);
    if (rc == VCP_OK)
        rc = write_file(s, b.sha3, put->p, put->n, err);
    if (rc == VCP_OK)
        rc = store_begin_write(s, &tx, err);
    if (rc < 0)
        return rc;
    rc = put_rows(tx, &b, put, err);
    if (rc < 0) {
        store_rollback(tx);
        return rc;
    }
    rc = store_commit(tx, err);
    if (rc == VCP_OK)
        *out = b;
    return rc;
}

int store_blob_put(struct store *s, struct store_blob *out, const char *user_id, const void *p,
                   size_t n, int64_t quota_bytes, int64_t at_ms, struct err *err)
{
    return put_blob(s, out, &(struct putting){user_id, false, p, n, quota_bytes, at_ms}, err);
}

int store_blob_put_output(struct store *s, struct store_blob *out, const char *owner_id,
                          const void *p, size_t n, int64_t quota_bytes, int64_t at_ms,
                          struct err *err)
{
    return put_blob(s, out, &(struct putting){owner_id, true, p, n, quota_bytes, at_ms}, err);
}

int store_blob_accept_output(struct store_tx *tx, const char *owner_id, const char *sha3,
                             struct err *err)
{
    struct sql q = sql_open(tx, "DELETE FROM blob_owners"
                                " WHERE user_id = ? AND sha3 = ? AND by_node = 1");

    sql_text(&q, owner_id);
    sql_text(&q, sha3);
    return sql_run(&q, err);
}

int store_blob_get(struct store_tx *tx, struct store_blob *out, const char *sha3, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT size, created_at FROM blobs WHERE sha3 = ?");
    char name[SHA3_256_HEX_BYTES];

    if (!sha3_hex_is_valid(sha3))
        return err_set(err, VCP_EINVAL, "a digest is 64 lower-case hex digits");
    memcpy(name, sha3, sizeof name); /* sha3 may be out->sha3 */
    sql_text(&q, name);
    int rc = sql_step(&q, err);
    if (rc > 0) {
        memcpy(out->sha3, name, sizeof name);
        out->size_bytes = sql_get_int(&q);
        out->created_at_ms = sql_get_int(&q);
        rc = VCP_OK;
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "no stored content %s", name);
    }
    sql_close(&q);
    return rc;
}

int store_blob_map(struct store *s, struct file_map *out, const char *sha3, struct err *err)
{
    char path[4096];
    int rc = store_blob_path(s, path, sizeof path, sha3, err);

    if (rc < 0)
        return rc;
    if (access(path, F_OK) != 0)
        return err_set(err, VCP_ENOTFOUND, "no stored content %s", sha3);
    return file_map_open(out, path, err);
}

int store_blob_usage(struct store_tx *tx, int64_t *out_bytes, const char *user_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT bytes FROM blob_usage WHERE user_id = ?");

    sql_text(&q, user_id);
    int rc = sql_step(&q, err);
    if (rc >= 0)
        *out_bytes = rc > 0 ? sql_get_int(&q) : 0;
    sql_close(&q);
    return rc < 0 ? rc : VCP_OK;
}

int store_blob_link(struct store_tx *tx, const char *task_id, const char *sha3, const char *role,
                    struct err *err)
{
    struct sql q = sql_open(tx, "INSERT INTO task_blobs (sha3, task_id, role) VALUES (?, ?, ?)"
                                " ON CONFLICT DO NOTHING");

    sql_text(&q, sha3);
    sql_text(&q, task_id);
    sql_text(&q, role);
    return sql_run(&q, err);
}

static int exists(struct sql *q, bool *out, struct err *err)
{
    int rc = sql_step(q, err);

    if (rc >= 0)
        *out = rc > 0;
    sql_close(q);
    return rc < 0 ? rc : VCP_OK;
}

int store_blob_readable(struct store_tx *tx, bool *out, const char *user_id, const char *sha3,
                        struct err *err)
{
    struct sql q = sql_open(
        tx, "SELECT 1 FROM blob_owners WHERE user_id = ?1 AND sha3 = ?2 UNION ALL"
            " SELECT 1 FROM task_blobs b JOIN tasks t ON t.task_id = b.task_id"
            "  WHERE b.sha3 = ?2 AND t.creator_id = ?1 UNION ALL"
            " SELECT 1 FROM nodes n JOIN task_assignments m ON m.node_id = n.node_id"
            "  JOIN task_blobs b ON b.task_id = m.task_id WHERE n.owner_id = ?1"
            "  AND m.disconnected_at IS NULL AND b.sha3 = ?2 AND b.role IN ('module', 'input') "
            "LIMIT 1");

    sql_text(&q, user_id);
    sql_text(&q, sha3);
    return exists(&q, out, err);
}

int store_blob_readable_by_node(struct store_tx *tx, bool *out, const char *node_id,
                                const char *sha3, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT 1 FROM task_assignments m JOIN task_blobs b"
                                " ON b.task_id = m.task_id AND b.sha3 = ?2"
                                " WHERE m.node_id = ?1 AND m.disconnected_at IS NULL"
                                " AND b.role IN ('module', 'input') LIMIT 1");

    sql_text(&q, node_id);
    sql_text(&q, sha3);
    return exists(&q, out, err);
}
