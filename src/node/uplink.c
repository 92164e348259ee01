#include "node/uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "http/client.h"

struct uplink {
    struct http_client *http;
    const struct sign_key *key;
    const char *node_id;
    struct http_reply reply;
    int64_t clock_ahead_ms;
};

int uplink_new(struct uplink **out, const char *server, const char *ca_file,
               const struct sign_key *key, const char *node_id, struct err *err)
{
    struct http_client_options options = {.connect_timeout_ms = 10000, .ca_file = ca_file};
    struct uplink *u = calloc(1, sizeof *u);
    int rc;

    if (!u)
        return err_set(err, VCP_ENOMEM, "no memory for a connection");
    u->key = key;
    u->node_id = node_id;
    rc = http_client_new(&u->http, server, &options, err);
    if (rc < 0) {
        free(u);
        return rc;
    }
    *out = u;
    return VCP_OK;
}

void uplink_free(struct uplink *u)
{
    if (!u)
        return;
    http_client_free(u->http);
    http_reply_release(&u->reply);
    free(u);
}

int uplink_status(const struct uplink *u)
{
    return u->reply.status;
}

int64_t uplink_time_ns(const struct uplink *u)
{
    return u->reply.time_ns;
}

int64_t uplink_clock_ahead_ms(const struct uplink *u)
{
    return u->clock_ahead_ms;
}

int64_t uplink_retry_after_ms(const struct uplink *u)
{
    char text[32];
    long seconds;

    if (!http_reply_header(&u->reply, "retry-after", text, sizeof text))
        return 0;
    seconds = strtol(text, NULL, 10);
    return seconds <= 0 ? 0 : seconds > 3600 ? 3600000 : seconds * 1000;
}

void uplink_cancel(struct uplink *u)
{
    http_client_cancel(u->http);
}

void uplink_rearm(struct uplink *u)
{
    http_client_rearm(u->http);
}

bool uplink_may_retry(int rc)
{
    return rc == VCP_EIO || rc == VCP_ETIMEOUT || rc == VCP_EBUSY || rc == VCP_EAUTH ||
           rc == VCP_ECANCELLED || rc == VCP_ENOMEM;
}

static int code_of_status(int status)
{
    switch (status) {
    case 400:
    case 411:
    case 415:
    case 422: return VCP_EINVAL;
    case 401: return VCP_EAUTH;
    case 402: return VCP_EFUNDS;
    case 403: return VCP_EDENIED;
    case 404: return VCP_ENOTFOUND;
    case 409: return VCP_ESTATE;
    case 413: return VCP_ELIMIT;
    case 501: return VCP_EUNSUPPORTED;
    default: return status == 429 || status >= 500 ? VCP_EBUSY : VCP_EINVAL;
    }
}

static void note_clock(struct uplink *u)
{
    struct tm tm = {0};
    char date[64];

    u->clock_ahead_ms = 0;
    if (http_reply_header(&u->reply, "date", date, sizeof date) &&
        strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        u->clock_ahead_ms = clock_wall_ms() - (int64_t)timegm(&tm) * 1000;
}

/* The server's own sentence where it gave one; a wrong clock is named as the cause. */
static int explain_status(const struct uplink *u, const char *path, struct err *err)
{
    const char *message = NULL;
    json_t *body = NULL;
    int code = code_of_status(u->reply.status);
    int64_t ahead = u->clock_ahead_ms;

    if (json_parse(&body, buf_str(&u->reply.body), u->reply.body.len, NULL) == VCP_OK)
        json_get_str(&message, body, "message", 400, NULL);
    if (code == VCP_EAUTH && llabs(ahead) > SIGN_REQUEST_SKEW_MS)
        err_set(err, code,
                "this machine's clock is %" PRId64 " s %s the server's, and signed requests may "
                "differ by %d s at most: set the clock (timedatectl set-ntp true)",
                (int64_t)llabs(ahead) / 1000, ahead > 0 ? "ahead of" : "behind",
                SIGN_REQUEST_SKEW_MS / 1000);
    else if (message)
        err_set(err, code, "%.200s: %d: %s", path, u->reply.status, message);
    else
        err_set(err, code, "%.200s: the server answered with status %d", path, u->reply.status);
    json_decref(body);
    return code;
}

static int perform(struct uplink *u, struct http_call *call, struct err *err)
{
    int rc;

    u->reply.status = 0;
    rc = http_client_call(u->http, call, &u->reply, err);
    if (rc < 0) {
        u->reply.status = 0;
        return rc;
    }
    note_clock(u);
    return u->reply.status >= 400 ? explain_status(u, call->path, err) : VCP_OK;
}

/* With at most one header of the caller's. */
static int perform_signed(struct uplink *u, struct http_call *call, struct err *err)
{
    struct sign_request m = {.node_id = u->node_id,
                             .method = call->method,
                             .path = call->path,
                             .timestamp_ms = clock_wall_ms()};
    uint8_t sig[SIGN_BYTES];
    char hex[2 * SIGN_BYTES + 1], when[24];
    struct http_header headers[4] = {
        {"X-Node-Id", u->node_id}, {"X-Node-Timestamp", when}, {"X-Node-Signature", hex}};

    sha3_256(m.body_sha3, call->body, call->body_bytes);
    sign_request(sig, &m, u->key);
    hex_encode(hex, sig, sizeof sig);
    snprintf(when, sizeof when, "%" PRId64, m.timestamp_ms);
    if (call->n_headers == 1)
        headers[3] = call->headers[0];
    call->headers = headers;
    call->n_headers += 3;
    return perform(u, call, err);
}

static int take_json(struct uplink *u, json_t **out, struct err *err)
{
    if (!out)
        return VCP_OK;
    *out = NULL;
    if (u->reply.body.len == 0)
        return VCP_OK;
    return json_parse(out, buf_str(&u->reply.body), u->reply.body.len, err);
}

static int body_text(char **text, struct http_call *call, json_t *body, struct err *err)
{
    *text = NULL;
    if (!body)
        return VCP_OK;
    *text = json_text(body);
    if (!*text)
        return err_set(err, VCP_ENOMEM, "no memory for the request");
    call->content_type = "application/json";
    call->body = *text;
    call->body_bytes = strlen(*text);
    return VCP_OK;
}

int uplink_json(struct uplink *u, const char *method, const char *path, json_t *body,
                int64_t timeout_ms, json_t **out, struct err *err)
{
    struct http_call call = {.method = method,
                             .path = path,
                             .timeout_ms = timeout_ms,
                             .response_max_bytes = NODE_BODY_BYTES_MAX};
    char *text;
    int rc = body_text(&text, &call, body, err);

    if (rc == VCP_OK)
        rc = perform_signed(u, &call, err);
    if (rc == VCP_OK)
        rc = take_json(u, out, err);
    free(text);
    return rc;
}

int uplink_json_as_owner(struct uplink *u, const char *api_key, const char *method,
                         const char *path, json_t *body, json_t **out, struct err *err)
{
    struct http_header key = {"X-API-Key", api_key};
    struct http_call call = {.method = method,
                             .path = path,
                             .headers = &key,
                             .n_headers = 1,
                             .response_max_bytes = NODE_BODY_BYTES_MAX};
    char *text;
    int rc = body_text(&text, &call, body, err);

    if (rc == VCP_OK)
        rc = perform(u, &call, err);
    if (rc == VCP_OK)
        rc = take_json(u, out, err);
    free(text);
    return rc;
}

/* Blobs travel over slow lines: a minute, and a second for every 64 KiB. */
static int64_t transfer_timeout_ms(size_t n)
{
    return 60000 + (int64_t)(n >> 16) * 1000;
}

int uplink_get(struct uplink *u, const char *path, size_t bytes_max, struct buf *out,
               struct err *err)
{
    struct http_call call = {.method = "GET",
                             .path = path,
                             .timeout_ms = transfer_timeout_ms(bytes_max),
                             .response_max_bytes = bytes_max};
    int rc = perform_signed(u, &call, err);

    if (rc < 0)
        return rc;
    buf_put(out, u->reply.body.data, u->reply.body.len);
    return out->failed ? err_set(err, VCP_ENOMEM, "no memory for %s", path) : VCP_OK;
}

int uplink_get_range(struct uplink *u, const char *path, uint64_t from, size_t n, struct buf *out,
                     struct err *err)
{
    char range[64];
    struct http_header header = {"Range", range};
    struct http_call call = {.method = "GET",
                             .path = path,
                             .headers = &header,
                             .n_headers = 1,
                             .timeout_ms = transfer_timeout_ms(n),
                             .response_max_bytes = n};
    int rc;

    snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, from, from + n - 1);
    rc = perform_signed(u, &call, err);
    if (rc < 0)
        return rc;
    if (u->reply.status != 206 && from > 0)
        return err_set(err, VCP_EINVAL, "%s: the server gives no ranges", path);
    buf_put(out, u->reply.body.data, u->reply.body.len);
    return out->failed ? err_set(err, VCP_ENOMEM, "no memory for %s", path) : VCP_OK;
}

int uplink_send(struct uplink *u, const char *method, const char *path, const void *p, size_t n,
                struct err *err)
{
    struct http_call call = {.method = method,
                             .path = path,
                             .content_type = "application/octet-stream",
                             .body = p,
                             .body_bytes = n,
                             .timeout_ms = transfer_timeout_ms(n),
                             .response_max_bytes = NODE_BODY_BYTES_MAX};

    return perform_signed(u, &call, err);
}
