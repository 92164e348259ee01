/* users.h - making a user with a first API key and credits, in one transaction. */
#ifndef API_USERS_H
#define API_USERS_H

#include "api/auth.h"
#include "base/rng.h"

struct new_user {
    const char *username, *role, *scopes;
    int64_t grant;
    char user_id[RNG_UUID_BYTES]; /* filled */
    char api_key[AUTH_KEY_BYTES]; /* filled; nowhere else */
};

/* 3 to 32 of A-Z a-z 0-9 _: VCP_EINVAL otherwise. */
int user_name_check(const char *name, struct err *err);
/* actor is who does it, for the record.  VCP_EEXIST: the name is taken. */
int user_create(struct store *store, struct new_user *u, const uint8_t pepper[API_PEPPER_BYTES],
                const char *actor, int64_t now_ms, struct err *err);

#endif
