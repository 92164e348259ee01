/* blobs.c - bytes by their digest: modules, inputs, outputs.
 *
 * The digest is computed while the body arrives, so a wrong one costs no storage. */
#include "store/blobs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/routes.h"
#include "base/limits.h"

static int digest_param(struct call *c, struct err *err)
{
    return sha3_hex_is_valid(c->params[0])
               ? VCP_OK
               : err_set(err, VCP_EINVAL,
                         "\"%.80s\" is no SHA3-256 digest of 64 lower-case hex digits",
                         c->params[0]);
}

static int digest_matches(struct call *c, struct err *err)
{
    char hex[SHA3_256_HEX_BYTES];

    hex_encode(hex, c->rq->body_sha3, SHA3_256_BYTES);
    return strcmp(hex, c->params[0]) == 0
               ? VCP_OK
               : err_set(err, VCP_EINVAL, "the body's SHA3-256 is %s, not %s", hex, c->params[0]);
}

static int store_body(struct call *c, struct err *err)
{
    int (*put)(struct store * s, struct store_blob * out, const char *user_id, const void *p,
               size_t n, int64_t quota_bytes, int64_t at_ms,
               struct err *err) = c->caller.kind == CALLER_NODE ? store_blob_put_output
                                                                : store_blob_put;
    struct store_blob blob;
    int rc = put(c->api->store, &blob, c->caller.user_id, c->rq->body, c->rq->body_bytes,
                 c->api->config.blob_quota_bytes, api_now_ms(c->api), err);

    if (rc == VCP_ELIMIT)
        reply_status(c->rs, 413, err->msg);
    if (rc < 0)
        return rc;
    return reply_json(c, 201,
                      json_pack("{s:s, s:I, s:o}", "sha3", blob.sha3, "size_bytes",
                                (json_int_t)blob.size_bytes, "created_at",
                                jtime(blob.created_at_ms)),
                      err);
}

int handle_module_put(struct call *c, struct err *err)
{
    int rc;

    if ((rc = digest_param(c, err)) < 0 || (rc = digest_matches(c, err)) < 0)
        return rc;
    rc = modules_check(&c->api->modules, c->rq->body_sha3, c->rq->body, c->rq->body_bytes, "", err);
    return rc < 0 ? rc : store_body(c, err);
}

/* A node uploads what its work put out, so it must have some. */
static int node_has_work(struct call *c, struct err *err)
{
    struct store_assignment *list;
    struct store_tx *tx;
    size_t n = 0;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_assignment_of_node(tx, &c->rq->arena, &list, &n, c->caller.node_id, err);
    store_rollback(tx);
    if (rc == VCP_OK && n == 0)
        rc = err_set(err, VCP_EDENIED, "node %.64s has no work whose output it could upload",
                     c->caller.node_id);
    return rc;
}

int handle_blob_put(struct call *c, struct err *err)
{
    int rc;

    if ((rc = digest_param(c, err)) < 0 || (rc = digest_matches(c, err)) < 0 ||
        (c->caller.kind == CALLER_NODE && (rc = node_has_work(c, err)) < 0))
        return rc;
    return store_body(c, err);
}

static int may_read(struct call *c, struct store_blob *blob, struct err *err)
{
    const char *sha3 = c->params[0];
    struct store_tx *tx;
    bool may = false;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_blob_get(tx, blob, sha3, err);
    if (rc == VCP_OK && c->caller.kind == CALLER_NODE)
        rc = store_blob_readable_by_node(tx, &may, c->caller.node_id, sha3, err);
    else if (rc == VCP_OK)
        rc = store_blob_readable(tx, &may, c->caller.user_id, sha3, err);
    store_rollback(tx);
    if (rc == VCP_ENOTFOUND || (rc == VCP_OK && !may))
        return err_set(err, VCP_ENOTFOUND, "there is no content %s", sha3);
    return rc;
}

/* "bytes=FROM-" or "bytes=FROM-TO", one range; anything else is no range, as RFC 9110 wants. */
static bool parse_range(const char *text, uint64_t *from, uint64_t *to)
{
    char *end;

    if (!text || strncmp(text, "bytes=", 6) != 0 || text[6] < '0' || text[6] > '9')
        return false;
    *from = strtoull(text + 6, &end, 10);
    if (*end++ != '-')
        return false;
    *to = UINT64_MAX;
    if (*end == '\0')
        return true;
    if (*end < '0' || *end > '9')
        return false;
    *to = strtoull(end, &end, 10);
    return *end == '\0' && *to >= *from;
}

static int refuse_range(struct call *c, uint64_t bytes, struct err *err)
{
    reply_status(c->rs, 416, "the range begins behind the end");
    http_response_header(c->rs, "Content-Range",
                         arena_printf(&c->rq->arena, "bytes */%llu", (unsigned long long)bytes));
    return err_set(err, VCP_EINVAL, "the range begins behind the end");
}

int reply_file(struct call *c, const char *path, uint64_t bytes, struct err *err)
{
    uint64_t from = 0, to = bytes - 1;
    bool part = parse_range(http_request_header(c->rq, "Range"), &from, &to);
    int fd;

    c->rs->content_type = "application/octet-stream";
    if (part && from >= bytes)
        return refuse_range(c, bytes, err);
    http_response_header(c->rs, "Accept-Ranges", "bytes");
    if (bytes == 0)
        return reply_empty(c, 200);
    if (to >= bytes)
        to = bytes - 1;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, VCP_EIO, "%s: the content is gone", path);
    c->rs->fd = fd;
    c->rs->fd_offset = from;
    c->rs->fd_bytes = to - from + 1;
    c->rs->status = part ? 206 : 200;
    if (part)
        http_response_header(c->rs, "Content-Range",
                             arena_printf(&c->rq->arena, "bytes %llu-%llu/%llu",
                                          (unsigned long long)from, (unsigned long long)to,
                                          (unsigned long long)bytes));
    return VCP_OK;
}

int reply_blob(struct call *c, const char *sha3, int64_t size_bytes, struct err *err)
{
    char path[4096];
    int rc = store_blob_path(c->api->store, path, sizeof path, sha3, err);

    return rc < 0 ? rc : reply_file(c, path, (uint64_t)size_bytes, err);
}

int handle_blob_get(struct call *c, struct err *err)
{
    struct store_blob blob;
    int rc;

    if ((rc = digest_param(c, err)) < 0 || (rc = may_read(c, &blob, err)) < 0)
        return rc;
    return reply_blob(c, blob.sha3, blob.size_bytes, err);
}
