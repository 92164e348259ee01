/* account.c - the caller's account, API keys and ledger; users, for administrators. */
#include <stdlib.h>
#include <string.h>

#include "api/auth.h"
#include "api/routes.h"
#include "api/users.h"
#include "base/limits.h"
#include "store/ledger.h"
#include "store/meta.h"
#include "store/users.h"

static const char *const scope_names[] = {"tasks:read", "tasks:write", "nodes:read", "nodes:write",
                                          "admin"};
#define N_SCOPES (sizeof scope_names / sizeof scope_names[0])

static json_t *scopes_json(const char *text)
{
    json_t *list = json_array();

    while (*text) {
        size_t n = strcspn(text, ",");

        json_array_append_new(list, json_stringn(text, n));
        text += n + (text[n] == ',');
    }
    return list;
}

int handle_key_validate(struct call *c, struct err *err)
{
    return reply_json(c, 200,
                      json_pack("{s:o, s:o, s:o, s:o, s:s}", "user_id", jstr(c->caller.user_id),
                                "username", jstr(c->caller.username), "role", jstr(c->caller.role),
                                "scopes", scopes_json(c->caller.scopes), "authenticated_via",
                                "api_key"),
                      err);
}

int handle_account(struct call *c, struct err *err)
{
    struct store_user_totals totals = {0};
    char account[LEDGER_NAME_BYTES];
    struct store_tx *tx;
    int64_t balance = 0;
    int rc;

    ledger_user_account(account, c->caller.user_id);
    if ((rc = store_begin_read(c->api->store, &tx, err)) < 0)
        return rc;
    if ((rc = ledger_balance(tx, &balance, account, err)) == VCP_OK)
        rc = store_user_totals(tx, &totals, c->caller.user_id, err);
    store_rollback(tx);
    if (rc < 0)
        return rc;
    return reply_json(c, 200,
                      json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "user_id",
                                jstr(c->caller.user_id), "username", jstr(c->caller.username),
                                "role", jstr(c->caller.role), "balance", (json_int_t)balance,
                                "escrow", (json_int_t)totals.escrow, "nodes",
                                (json_int_t)totals.nodes, "tasks", (json_int_t)totals.tasks),
                      err);
}

/* ---- ledger ---- */

static json_t *transfer_json(const struct ledger_transfer *t, const char *account)
{
    int64_t amount = 0;
    size_t i;

    for (i = 0; i < t->n; i++)
        if (strcmp(t->postings[i].account, account) == 0)
            amount += t->postings[i].amount;
    return json_pack("{s:I, s:o, s:o, s:I, s:o, s:o, s:o}", "seq", (json_int_t)t->seq, "at",
                     jtime(t->at_ms), "kind", jstr(t->kind), "amount", (json_int_t)amount,
                     "task_id", jstr(t->task_id), "node_id", jstr(t->node_id), "hash",
                     jhex(t->hash, SHA3_256_BYTES));
}

int handle_ledger(struct call *c, struct err *err)
{
    struct ledger_transfer *list;
    char account[LEDGER_NAME_BYTES];
    struct store_tx *tx;
    int64_t limit, before;
    size_t n = 0, i;
    json_t *out;
    int rc;

    if ((rc = query_page(c, &limit, &before, err)) < 0 ||
        (rc = store_begin_read(c->api->store, &tx, err)) < 0)
        return rc;
    ledger_user_account(account, c->caller.user_id);
    rc = ledger_list(tx, &c->rq->arena, &list, &n, account, NULL, before, (size_t)limit, err);
    store_rollback(tx);
    if (rc < 0)
        return rc;
    out = json_array();
    for (i = 0; i < n; i++)
        json_array_append_new(out, transfer_json(&list[i], account));
    if (n == (size_t)limit)
        http_response_header(c->rs, "X-Next-Before",
                             arena_printf(&c->rq->arena, "%lld", (long long)list[n - 1].seq));
    return reply_json(c, 200, out, err);
}

/* ---- API keys ---- */

int handle_key_list(struct call *c, struct err *err)
{
    struct store_key *list;
    struct store_tx *tx;
    size_t n = 0, i;
    json_t *out;
    int rc;

    if ((rc = store_begin_read(c->api->store, &tx, err)) < 0)
        return rc;
    rc = store_key_list(tx, &c->rq->arena, &list, &n, c->caller.user_id, err);
    store_rollback(tx);
    if (rc < 0)
        return rc;
    out = json_array();
    for (i = 0; i < n; i++)
        json_array_append_new(
            out, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "key_id", jstr(list[i].key_id),
                           "name", jstr(list[i].name), "prefix", jstr(list[i].prefix), "scopes",
                           scopes_json(list[i].scopes), "created_at", jtime(list[i].created_at_ms),
                           "last_used_at", jtime(list[i].last_used_at_ms), "revoked_at",
                           jtime(list[i].revoked_at_ms)));
    return reply_json(c, 200, out, err);
}

/* Absent: the caller's own.  A key can only hand on what it has. */
static int requested_scopes(struct call *c, char out[128], struct err *err)
{
    json_t *list = json_object_get(c->body, "scopes"), *v;
    size_t i, k;

    if (!list || json_is_null(list)) {
        strncat(out, c->caller.scopes, 127);
        return VCP_OK;
    }
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > N_SCOPES)
        return err_set(err, VCP_EINVAL, "scopes must be a list of scope names");
    json_array_foreach(list, i, v)
    {
        const char *name = json_string_value(v);

        for (k = 0; name && k < N_SCOPES && strcmp(scope_names[k], name) != 0; k++)
            ;
        if (!name || k == N_SCOPES)
            return err_set(err, VCP_EINVAL,
                           "scopes[%zu] must be tasks:read, tasks:write, nodes:read, nodes:write "
                           "or admin",
                           i);
        if (!caller_has_scope(&c->caller, name))
            return err_set(err, VCP_EDENIED, "this API key lacks the scope %s itself", name);
        if (out[0])
            strcat(out, ",");
        strcat(out, name);
    }
    return VCP_OK;
}

static int insert_key(struct call *c, struct store_key *key, struct err *err)
{
    struct store_audit audit = {.at_ms = key->created_at_ms,
                                .actor = c->caller.user_id,
                                .action = "key.create",
                                .subject = key->key_id};
    struct store_key *list;
    struct store_tx *tx;
    size_t n = 0, live = 0;
    int rc = store_begin_write(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_key_list(tx, &c->rq->arena, &list, &n, key->user_id, err);
    for (size_t i = 0; rc == VCP_OK && i < n; i++)
        live += list[i].revoked_at_ms == 0;
    if (rc == VCP_OK && live >= API_KEYS_MAX)
        rc = err_set(err, VCP_ELIMIT, "an account may have at most %u API keys; revoke one first",
                     API_KEYS_MAX);
    if (rc < 0 || (rc = store_key_insert(tx, key, err)) < 0 ||
        (rc = store_audit_add(tx, &audit, err)) < 0) {
        store_rollback(tx);
        return rc;
    }
    return store_commit(tx, err);
}

int handle_key_create(struct call *c, struct err *err)
{
    char id[RNG_UUID_BYTES], text[AUTH_KEY_BYTES], prefix[AUTH_SHOWN + 1] = "", scopes[128] = "";
    struct store_key key = {.user_id = c->caller.user_id, .created_at_ms = api_now_ms(c->api)};
    const char *name = "unnamed";
    int rc;

    if ((rc = json_get_str(&name, c->body, "name", 64, err)) < 0 ||
        (rc = requested_scopes(c, scopes, err)) < 0)
        return rc;
    rng_uuid(id);
    auth_key_new(text);
    memcpy(prefix, text, AUTH_SHOWN);
    auth_key_hash(key.hash, c->api->pepper, text);
    key.key_id = id;
    key.name = name;
    key.prefix = prefix;
    key.scopes = scopes;
    if ((rc = insert_key(c, &key, err)) < 0)
        return rc;
    return reply_json(c, 201,
                      json_pack("{s:s, s:o, s:s, s:o, s:o, s:s}", "key_id", id, "name", jstr(name),
                                "prefix", prefix, "scopes", scopes_json(scopes), "created_at",
                                jtime(key.created_at_ms), "api_key", text),
                      err);
}

int handle_key_revoke(struct call *c, struct err *err)
{
    int64_t now = api_now_ms(c->api);
    struct store_audit audit = {
        .at_ms = now, .actor = c->caller.user_id, .action = "key.revoke", .subject = c->params[0]};
    struct store_tx *tx;
    int rc = store_begin_write(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    if ((rc = store_key_revoke(tx, c->caller.user_id, c->params[0], now, err)) < 0 ||
        (rc = store_audit_add(tx, &audit, err)) < 0) {
        store_rollback(tx);
        return rc;
    }
    if ((rc = store_commit(tx, err)) < 0)
        return rc;
    return reply_message(c, "API key revoked", "key_id", c->params[0], err);
}

/* ---- users ---- */

int handle_user_create(struct call *c, struct err *err)
{
    struct new_user u = {.role = "user", .scopes = "tasks:read,tasks:write,nodes:read,nodes:write"};
    int rc;

    if ((rc = json_need_str(&u.username, c->body, "username", 64, err)) < 0 ||
        (rc = json_get_int(&u.grant, c->body, "grant", 0, TASK_BUDGET_MAX, err)) < 0 ||
        (rc = user_name_check(u.username, err)) < 0) {
        reply_status(c->rs, 422, err->msg);
        return rc;
    }
    rc = user_create(c->api->store, &u, c->api->pepper, c->caller.user_id, api_now_ms(c->api), err);
    if (rc == VCP_EEXIST)
        return err_set(err, rc, "Username already exists");
    if (rc < 0)
        return rc;
    return reply_json(c, 201,
                      json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "user_id", u.user_id, "username",
                                u.username, "role", u.role, "balance", (json_int_t)u.grant,
                                "api_key", u.api_key, "message",
                                "the API key is shown only this once"),
                      err);
}

static int balance_of(struct call *c, const char *user_id, int64_t *out, struct err *err)
{
    char account[LEDGER_NAME_BYTES];
    struct store_user user;
    struct store_tx *tx;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_user_get(tx, &c->rq->arena, &user, user_id, err);
    if (rc == VCP_OK) {
        ledger_user_account(account, user_id);
        rc = ledger_balance(tx, out, account, err);
    }
    store_rollback(tx);
    return rc;
}

int handle_user_grant(struct call *c, struct err *err)
{
    const char *reference = NULL, *user_id = c->params[0], *key;
    int64_t amount = 0, balance = 0;
    int rc;

    if ((rc = json_need_int(&amount, c->body, "amount", 1, TASK_BUDGET_MAX, err)) < 0 ||
        (rc = json_need_str(&reference, c->body, "reference", 128, err)) < 0)
        return rc;
    if (!reference[0])
        return err_set(err, VCP_EINVAL, "reference must not be empty");
    if ((rc = balance_of(c, user_id, &balance, err)) < 0)
        return rc;
    key = arena_printf(&c->rq->arena, "grant:%s:%s", user_id, reference);
    if (!key)
        return err_set(err, VCP_ENOMEM, "no memory for the grant");
    if ((rc = coord_grant(c->api->coord, user_id, amount, key, err)) < 0 ||
        (rc = balance_of(c, user_id, &balance, err)) < 0)
        return rc;
    return reply_json(c, 200,
                      json_pack("{s:o, s:I, s:I, s:o}", "user_id", jstr(user_id), "amount",
                                (json_int_t)amount, "balance", (json_int_t)balance, "reference",
                                jstr(reference)),
                      err);
}
