/* users.h - people and their API keys. */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "store/store.h"

#define STORE_KEY_HASH_BYTES 32

struct store_user {
    const char *user_id;  /* UUID */
    const char *username; /* unique without regard to ASCII case */
    const char *role;     /* "user" or "admin" */
    int64_t created_at_ms;
    int64_t disabled_at_ms;
};

/* Makes the user's ledger account too. */
int store_user_insert(struct store_tx *tx, const struct store_user *u, struct err *err);
int store_user_get(struct store_tx *tx, struct arena *a, struct store_user *out,
                   const char *user_id, struct err *err);
int store_user_by_name(struct store_tx *tx, struct arena *a, struct store_user *out,
                       const char *username, struct err *err);
/* By name, after the name `after` (NULL: from the start), at most limit. */
int store_user_list(struct store_tx *tx, struct arena *a, struct store_user **out, size_t *n,
                    const char *after, size_t limit, struct err *err);
int store_user_count(struct store_tx *tx, int64_t *out, struct err *err);
int store_user_disable(struct store_tx *tx, const char *user_id, int64_t at_ms, struct err *err);

struct store_user_totals {
    int64_t escrow; /* budgets of his tasks that have not ended */
    int64_t nodes, tasks;
};

int store_user_totals(struct store_tx *tx, struct store_user_totals *out, const char *user_id,
                      struct err *err);

struct store_key {
    const char *key_id; /* UUID */
    const char *user_id;
    const char *name;
    const char *prefix;                 /* the first characters, shown in lists */
    uint8_t hash[STORE_KEY_HASH_BYTES]; /* HMAC-SHA-256 of the key: the key itself is nowhere */
    const char *scopes;                 /* "tasks:read,tasks:write" */
    int64_t created_at_ms, last_used_at_ms, revoked_at_ms;
};

int store_key_insert(struct store_tx *tx, const struct store_key *k, struct err *err);
/* Only live keys of enabled users; VCP_ENOTFOUND otherwise. */
int store_key_by_hash(struct store_tx *tx, struct arena *a, struct store_key *key,
                      struct store_user *user, const uint8_t hash[STORE_KEY_HASH_BYTES],
                      struct err *err);
int store_key_list(struct store_tx *tx, struct arena *a, struct store_key **out, size_t *n,
                   const char *user_id, struct err *err);
/* VCP_ENOTFOUND unless the key is this user's; revoking twice is fine. */
int store_key_revoke(struct store_tx *tx, const char *user_id, const char *key_id, int64_t at_ms,
                     struct err *err);
int store_key_touch(struct store_tx *tx, const char *key_id, int64_t at_ms, struct err *err);

#endif
