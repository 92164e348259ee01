#include "api/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "store/nodes.h"
#include "store/users.h"

#define KEY_TOUCH_MS 3600000 /* last_used_at is exact to the hour: not a write per request */

void auth_key_new(char out[AUTH_KEY_BYTES])
{
    memcpy(out, AUTH_KEY_PREFIX, 4);
    rng_alphanumeric(out + 4, AUTH_KEY_CHARS);
}

void auth_key_hash(uint8_t out[32], const uint8_t pepper[API_PEPPER_BYTES], const char *key)
{
    hmac_sha256(out, pepper, API_PEPPER_BYTES, key, strlen(key));
}

static int read_pepper(uint8_t out[API_PEPPER_BYTES], const char *path, struct err *err)
{
    struct buf text;
    int rc;

    buf_init(&text, 0);
    rc = file_read(&text, path, 256, err);
    if (rc == VCP_OK && text.len > 0 && text.data[text.len - 1] == '\n')
        text.data[text.len - 1] = 0;
    if (rc == VCP_OK && !hex_decode(out, API_PEPPER_BYTES, buf_str(&text)))
        rc = err_set(err, VCP_EFORMAT, "%s: not %d hex digits", path, 2 * API_PEPPER_BYTES);
    buf_release(&text);
    return rc;
}

static int make_pepper(uint8_t out[API_PEPPER_BYTES], const char *path, struct err *err)
{
    char line[2 * API_PEPPER_BYTES + 2];

    rng_bytes(out, API_PEPPER_BYTES);
    hex_encode(line, out, API_PEPPER_BYTES);
    line[2 * API_PEPPER_BYTES] = '\n';
    return file_write(path, line, 2 * API_PEPPER_BYTES + 1, 0600, err);
}

/* Under a lock of the folder: a bootstrap and a server that start together must not make
 * two secrets. */
int auth_pepper_load(uint8_t out[API_PEPPER_BYTES], const char *data_dir, struct err *err)
{
    char path[4096];
    int fd, rc;

    if (snprintf(path, sizeof path, "%s/api-key.pepper", data_dir) >= (int)sizeof path)
        return err_set(err, VCP_EINVAL, "%s: the path is too long", data_dir);
    fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) < 0) {
        rc = err_set(err, VCP_EIO, "%s: %s", data_dir, strerror(errno));
    } else {
        rc = read_pepper(out, path, err);
        if (rc == VCP_ENOTFOUND)
            rc = make_pepper(out, path, err);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

/* ---- users ---- */

static const char *presented_key(struct http_request *rq)
{
    const char *key = http_request_header(rq, "X-API-Key");
    const char *bearer = http_request_header(rq, "Authorization");

    if (!key && bearer && strncmp(bearer, "Bearer ", 7) == 0)
        key = bearer + 7;
    return key;
}

/* Notes the use of a key, at most once an hour; failing to is no reason to refuse. */
static void touch(struct call *c, const struct store_key *key, int64_t now_ms)
{
    struct store_tx *tx;
    struct err err = {0};

    if (now_ms - key->last_used_at_ms < KEY_TOUCH_MS)
        return;
    if (store_begin_write(c->api->store, &tx, &err) < 0)
        return;
    if (store_key_touch(tx, key->key_id, now_ms, &err) < 0) {
        store_rollback(tx);
        log_warn("api", "request %s: %s", c->rq->id, err.msg);
        return;
    }
    store_commit(tx, &err);
}

int auth_user(struct call *c, struct err *err)
{
    const char *text = presented_key(c->rq);
    struct store_key key;
    struct store_user user;
    struct store_tx *tx;
    uint8_t hash[32];
    int rc;

    if (!text)
        return err_set(err, VCP_EAUTH, "an API key is needed, in the header X-API-Key");
    if (strncmp(text, AUTH_KEY_PREFIX, 4) != 0 || strlen(text) != AUTH_KEY_BYTES - 1)
        return err_set(err, VCP_EAUTH, "this is no API key; a key is vcp_ and %d letters or digits",
                       AUTH_KEY_CHARS);
    auth_key_hash(hash, c->api->pepper, text);
    if ((rc = store_begin_read(c->api->store, &tx, err)) < 0)
        return rc;
    rc = store_key_by_hash(tx, &c->rq->arena, &key, &user, hash, err);
    store_rollback(tx);
    if (rc == VCP_ENOTFOUND)
        return err_set(err, VCP_EAUTH, "the API key is unknown or was revoked");
    if (rc < 0)
        return rc;
    c->caller = (struct caller){.kind = CALLER_USER,
                                .user_id = user.user_id,
                                .username = user.username,
                                .role = user.role,
                                .key_id = key.key_id,
                                .scopes = key.scopes};
    touch(c, &key, api_now_ms(c->api));
    return VCP_OK;
}

/* ---- nodes ---- */

bool auth_claims_node(struct call *c)
{
    return http_request_header(c->rq, "X-Node-Id") != NULL;
}

static int read_timestamp(struct call *c, struct err *err)
{
    const char *text = http_request_header(c->rq, "X-Node-Timestamp");
    int64_t now = api_now_ms(c->api);
    long long t;
    char *end;

    if (!text)
        return err_set(err, VCP_EAUTH, "X-Node-Timestamp is missing");
    errno = 0;
    t = strtoll(text, &end, 10);
    if (errno || *end || end == text || text[0] < '0' || text[0] > '9')
        return err_set(err, VCP_EAUTH, "X-Node-Timestamp must be milliseconds since 1970");
    if (t > now + SIGN_REQUEST_SKEW_MS || t < now - SIGN_REQUEST_SKEW_MS)
        return err_set(err, VCP_EAUTH,
                       "X-Node-Timestamp is %lld ms %s the server's clock, more than %d; set the "
                       "node's clock",
                       (long long)(t > now ? t - now : now - t), t > now ? "ahead of" : "behind",
                       SIGN_REQUEST_SKEW_MS);
    c->caller.timestamp_ms = t;
    return VCP_OK;
}

static int find_node(struct call *c, const char *node_id, struct err *err)
{
    struct store_node node;
    struct store_tx *tx;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_node_get(tx, &c->rq->arena, &node, node_id, err);
    store_rollback(tx);
    if (rc == VCP_ENOTFOUND || (rc == VCP_OK && node.deleted_at_ms))
        return err_set(err, VCP_EAUTH, "node %.64s is not registered", node_id);
    if (rc < 0)
        return rc;
    c->caller.node_id = node.node_id;
    c->caller.user_id = node.owner_id;
    memcpy(c->caller.public_key, node.public_key, sizeof c->caller.public_key);
    return VCP_OK;
}

int auth_node(struct call *c, struct err *err)
{
    const char *id = http_request_header(c->rq, "X-Node-Id");
    const char *signature = http_request_header(c->rq, "X-Node-Signature");
    int rc;

    if (!id)
        return err_set(err, VCP_EAUTH,
                       "a node's signature is needed: X-Node-Id, X-Node-Timestamp "
                       "and X-Node-Signature");
    if (!signature || !hex_decode(c->caller.signature, SIGN_BYTES, signature))
        return err_set(err, VCP_EAUTH, "X-Node-Signature must be %d hex digits", 2 * SIGN_BYTES);
    if ((rc = read_timestamp(c, err)) < 0 || (rc = find_node(c, id, err)) < 0)
        return rc;
    c->caller.kind = CALLER_NODE;
    return VCP_OK;
}

int auth_node_signature(struct call *c, struct err *err)
{
    struct sign_request m = {.node_id = c->caller.node_id,
                             .method = c->rq->method,
                             .path = c->rq->target,
                             .timestamp_ms = c->caller.timestamp_ms};

    memcpy(m.body_sha3, c->rq->body_sha3, SHA3_256_BYTES);
    return sign_request_verify(c->caller.signature, &m, c->caller.public_key, err);
}
