/* users.c - see users.h. */
#include "store/users.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/ledger.h"
#include "store/sql.h"

#define USER_COLUMNS "user_id, username, role, created_at, disabled_at"

static void read_user(struct sql *q, struct arena *a, struct store_user *u)
{
    u->user_id = sql_get_text(q, a);
    u->username = sql_get_text(q, a);
    u->role = sql_get_text(q, a);
    u->created_at_ms = sql_get_int(q);
    u->disabled_at_ms = sql_get_int(q);
}

int store_user_insert(struct store_tx *tx, const struct store_user *u, struct err *err)
{
    char account[LEDGER_NAME_BYTES];
    struct sql q = sql_open(tx, "INSERT INTO users (" USER_COLUMNS ") VALUES (?, ?, ?, ?, ?)");

    sql_text(&q, u->user_id);
    sql_text(&q, u->username);
    sql_text(&q, u->role);
    sql_int(&q, u->created_at_ms);
    sql_time(&q, u->disabled_at_ms);
    int rc = sql_run(&q, err);
    if (rc == VCP_EEXIST)
        return err_set(err, rc, "Username already exists");
    if (rc < 0)
        return rc;
    ledger_user_account(account, u->user_id);
    q = sql_open(tx, "INSERT INTO accounts (account, balance) VALUES (?, 0)");
    sql_text(&q, account);
    return sql_run(&q, err);
}

/* The one row of q, or VCP_ENOTFOUND. */
static int one_user(struct sql *q, struct arena *a, struct store_user *out, const char *name,
                    struct err *err)
{
    struct store_user u = {0};
    int rc = sql_step(q, err);

    if (rc > 0) {
        read_user(q, a, &u);
        rc = q->rc == VCP_OK ? VCP_OK : err_set(err, q->rc, "user %s cannot be read", name);
        if (rc == VCP_OK)
            *out = u;
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "no user %s", name);
    }
    sql_close(q);
    return rc;
}

int store_user_get(struct store_tx *tx, struct arena *a, struct store_user *out,
                   const char *user_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " USER_COLUMNS " FROM users WHERE user_id = ?");

    sql_text(&q, user_id);
    return one_user(&q, a, out, user_id, err);
}

int store_user_by_name(struct store_tx *tx, struct arena *a, struct store_user *out,
                       const char *username, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " USER_COLUMNS " FROM users WHERE username = ?");

    sql_text(&q, username);
    return one_user(&q, a, out, username, err);
}

int store_user_list(struct store_tx *tx, struct arena *a, struct store_user **out, size_t *n,
                    const char *after, size_t limit, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " USER_COLUMNS " FROM users WHERE username > ?"
                                " ORDER BY username LIMIT ?");
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_text(&q, after ? after : "");
    sql_int(&q, limit < STORE_LIST_MAX ? (int64_t)limit : (int64_t)STORE_LIST_MAX);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_user *u = sql_grow(&q, a, &list, &count, &cap, sizeof *u);
        if (u)
            read_user(&q, a, u);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}

int store_user_count(struct store_tx *tx, int64_t *out, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT count(*) FROM users");
    int rc = sql_step(&q, err);

    if (rc > 0)
        *out = sql_get_int(&q);
    sql_close(&q);
    return rc < 0 ? rc : VCP_OK;
}

int store_user_disable(struct store_tx *tx, const char *user_id, int64_t at_ms, struct err *err)
{
    struct sql q = sql_open(
        tx, "UPDATE users SET disabled_at = coalesce(disabled_at, ?) WHERE user_id = ?");

    sql_time(&q, at_ms);
    sql_text(&q, user_id);
    return sql_run1(&q, err, "user", user_id);
}

int store_user_totals(struct store_tx *tx, struct store_user_totals *out, const char *user_id,
                      struct err *err)
{
    struct sql q = sql_open(
        tx, "SELECT"
            " (SELECT coalesce(sum(budget), 0) FROM tasks INDEXED BY tasks_by_creator"
            "  WHERE creator_id = ?1 AND completed_at IS NULL),"
            " (SELECT count(*) FROM nodes WHERE owner_id = ?1 AND deleted_at IS NULL),"
            " (SELECT count(*) FROM tasks WHERE creator_id = ?1 AND hidden_at IS NULL)");
    sql_text(&q, user_id);
    int rc = sql_step(&q, err);
    if (rc > 0) {
        out->escrow = sql_get_int(&q);
        out->nodes = sql_get_int(&q);
        out->tasks = sql_get_int(&q);
    }
    sql_close(&q);
    return rc < 0 ? rc : VCP_OK;
}

/* ---- API keys ---- */

#define KEY_COLUMNS                                                                                \
    "key_id, api_keys.user_id, name, prefix, hash, scopes, api_keys.created_at, last_used_at, "    \
    "revoked_at"

static void read_key(struct sql *q, struct arena *a, struct store_key *k)
{
    k->key_id = sql_get_text(q, a);
    k->user_id = sql_get_text(q, a);
    k->name = sql_get_text(q, a);
    k->prefix = sql_get_text(q, a);
    sql_get_blob(q, k->hash, sizeof k->hash);
    k->scopes = sql_get_text(q, a);
    k->created_at_ms = sql_get_int(q);
    k->last_used_at_ms = sql_get_int(q);
    k->revoked_at_ms = sql_get_int(q);
}

int store_key_insert(struct store_tx *tx, const struct store_key *k, struct err *err)
{
    struct sql q = sql_open(
        tx, "INSERT INTO api_keys (key_id, user_id, name, prefix, hash, scopes,"
            " created_at, last_used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");

    sql_text(&q, k->key_id);
    sql_text(&q, k->user_id);
    sql_text(&q, k->name);
    sql_text(&q, k->prefix);
    sql_blob(&q, k->hash, sizeof k->hash);
    sql_text(&q, k->scopes);
    sql_int(&q, k->created_at_ms);
    sql_time(&q, k->last_used_at_ms);
    sql_time(&q, k->revoked_at_ms);
    return sql_run(&q, err);
}

int store_key_by_hash(struct store_tx *tx, struct arena *a, struct store_key *key,
                      struct store_user *user, const uint8_t hash[STORE_KEY_HASH_BYTES],
                      struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " KEY_COLUMNS
                                ", users.user_id, username, role, users.created_at, disabled_at"
                                " FROM api_keys JOIN users ON users.user_id = api_keys.user_id"
                                " WHERE hash = ? AND revoked_at IS NULL AND disabled_at IS NULL");
    struct store_key k = {0};
    struct store_user u = {0};

    sql_blob(&q, hash, STORE_KEY_HASH_BYTES);
    int rc = sql_step(&q, err);
    if (rc > 0) {
        read_key(&q, a, &k);
        read_user(&q, a, &u);
        rc = q.rc == VCP_OK ? VCP_OK : err_set(err, q.rc, "API key cannot be read");
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "unknown or revoked API key");
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *key = k;
    *user = u;
    return VCP_OK;
}

int store_key_list(struct store_tx *tx, struct arena *a, struct store_key **out, size_t *n,
                   const char *user_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " KEY_COLUMNS " FROM api_keys WHERE user_id = ?"
                                " ORDER BY created_at, key_id LIMIT ?");
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_text(&q, user_id);
    sql_int(&q, STORE_LIST_MAX);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_key *k = sql_grow(&q, a, &list, &count, &cap, sizeof *k);
        if (k)
            read_key(&q, a, k);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}

int store_key_revoke(struct store_tx *tx, const char *user_id, const char *key_id, int64_t at_ms,
                     struct err *err)
{
    struct sql q = sql_open(tx, "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?)"
                                " WHERE key_id = ? AND user_id = ?");

    sql_time(&q, at_ms);
    sql_text(&q, key_id);
    sql_text(&q, user_id);
    return sql_run1(&q, err, "API key", key_id);
}

int store_key_touch(struct store_tx *tx, const char *key_id, int64_t at_ms, struct err *err)
{
    struct sql q = sql_open(tx, "UPDATE api_keys SET last_used_at = ? WHERE key_id = ?");

    sql_time(&q, at_ms);
    sql_text(&q, key_id);
    return sql_run(&q, err);
}
