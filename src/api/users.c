#include "api/users.h"

#include <stdio.h>
#include <string.h>

#include "store/ledger.h"
#include "store/meta.h"
#include "store/users.h"

int user_name_check(const char *name, struct err *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    size_t n = strlen(name);

    if (n < 3 || n > 32)
        return err_set(err, VCP_EINVAL, "username must be 3 to 32 characters long");
    if (strspn(name, letters) != n)
        return err_set(err, VCP_EINVAL, "username may only have letters, digits and _");
    return VCP_OK;
}

static int insert_user(struct store_tx *tx, const struct new_user *u, int64_t now_ms,
                       struct err *err)
{
    struct store_user user = {
        .user_id = u->user_id, .username = u->username, .role = u->role, .created_at_ms = now_ms};

    return store_user_insert(tx, &user, err);
}

static int insert_first_key(struct store_tx *tx, const struct new_user *u,
                            const uint8_t pepper[API_PEPPER_BYTES], int64_t now_ms, struct err *err)
{
    char id[RNG_UUID_BYTES], prefix[AUTH_SHOWN + 1] = "";
    struct store_key key = {.key_id = id,
                            .user_id = u->user_id,
                            .name = "default",
                            .prefix = prefix,
                            .scopes = u->scopes,
                            .created_at_ms = now_ms};

    rng_uuid(id);
    memcpy(prefix, u->api_key, AUTH_SHOWN);
    auth_key_hash(key.hash, pepper, u->api_key);
    return store_key_insert(tx, &key, err);
}

static int issue_grant(struct store_tx *tx, const struct new_user *u, int64_t now_ms,
                       struct err *err)
{
    char account[LEDGER_NAME_BYTES], key[64];
    struct ledger_transfer t = {.at_ms = now_ms, .key = key, .kind = "issue", .n = 2};

    if (u->grant == 0)
        return VCP_OK;
    ledger_user_account(account, u->user_id);
    snprintf(key, sizeof key, "grant:%s:first", u->user_id);
    t.postings[0] = (struct ledger_posting){LEDGER_ISSUER, -u->grant};
    t.postings[1] = (struct ledger_posting){account, u->grant};
    return ledger_post(tx, &t, err);
}

int user_create(struct store *store, struct new_user *u, const uint8_t pepper[API_PEPPER_BYTES],
                const char *actor, int64_t now_ms, struct err *err)
{
    struct store_audit audit = {.at_ms = now_ms, .actor = actor, .action = "user.create"};
    struct store_tx *tx;
    int rc;

    if ((rc = user_name_check(u->username, err)) < 0 ||
        (rc = store_begin_write(store, &tx, err)) < 0)
        return rc;
    rng_uuid(u->user_id);
    auth_key_new(u->api_key);
    audit.subject = u->user_id;
    if ((rc = insert_user(tx, u, now_ms, err)) < 0 ||
        (rc = insert_first_key(tx, u, pepper, now_ms, err)) < 0 ||
        (rc = issue_grant(tx, u, now_ms, err)) < 0 || (rc = store_audit_add(tx, &audit, err)) < 0) {
        store_rollback(tx);
        return rc;
    }
    return store_commit(tx, err);
}
