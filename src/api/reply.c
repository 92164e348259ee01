#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"

static const struct {
    int status;
    const char *word;
} words[] = {
    {400, "bad_request"},
    {401, "unauthorized"},
    {402, "insufficient_funds"},
    {403, "forbidden"},
    {404, "not_found"},
    {405, "method_not_allowed"},
    {409, "conflict"},
    {411, "length_required"},
    {413, "payload_too_large"},
    {415, "unsupported_media_type"},
    {416, "range_not_satisfiable"},
    {422, "validation_error"},
    {429, "rate_limited"},
    {500, "internal_error"},
    {501, "not_implemented"},
    {503, "service_unavailable"},
};

const char *reply_error_word(int status)
{
    size_t i;

    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].status == status)
            return words[i].word;
    return "internal_error";
}

/* Replaces every byte that is not part of well-formed UTF-8 by '?'. */
static json_t *repaired(const char *s)
{
    size_t n = strlen(s), i;
    char *copy = strdup(s);
    json_t *v;

    if (!copy)
        return NULL;
    for (i = 0; i < n; i++)
        if ((unsigned char)copy[i] >= 0x80)
            copy[i] = '?';
    v = json_string(copy);
    free(copy);
    return v;
}

json_t *jstr(const char *s)
{
    json_t *v;

    if (!s)
        return json_null();
    v = json_string(s);
    return v ? v : repaired(s);
}

json_t *jtime(int64_t wall_ms)
{
    char text[CLOCK_RFC3339_BYTES];

    if (wall_ms == 0)
        return json_null();
    clock_rfc3339(text, wall_ms);
    return json_string(text);
}

json_t *jhex(const void *p, size_t n)
{
    char text[2 * 64 + 1];

    if (n > 64)
        n = 64;
    hex_encode(text, p, n);
    return json_string(text);
}

static int put_text(const char *p, size_t n, void *arg)
{
    struct buf *b = arg;

    buf_put(b, p, n);
    return b->failed ? -1 : 0;
}

static bool put_json(struct http_response *rs, int status, const json_t *v)
{
    buf_clear(&rs->body);
    if (json_dump_callback(v, put_text, &rs->body, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
        return false;
    rs->status = status;
    rs->content_type = "application/json";
    return true;
}

int reply_json(struct call *c, int status, json_t *v, struct err *err)
{
    bool ok = v && put_json(c->rs, status, v);

    json_decref(v);
    return ok ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for the answer");
}

int reply_empty(struct call *c, int status)
{
    c->rs->status = status;
    return VCP_OK;
}

int reply_message(struct call *c, const char *text, const char *key, const char *value,
                  struct err *err)
{
    return reply_json(c, 200, json_pack("{s:s, s:o}", "message", text, key, jstr(value)), err);
}

void reply_status(struct http_response *rs, int status, const char *message)
{
    json_t *v = json_pack("{s:s, s:o}", "error", reply_error_word(status), "message",
                          jstr(message));

    if (!v || !put_json(rs, status, v)) {
        buf_release(&rs->body);
        rs->status = status;
    }
    json_decref(v);
}

static int status_of(int code)
{
    switch (code) {
    case VCP_EINVAL:
    case VCP_EFORMAT:
    case VCP_ELIMIT:
    case VCP_ESTATE:
    case VCP_EVERIFY: return 400;
    case VCP_ENOTFOUND: return 404;
    case VCP_EEXIST: return 409;
    case VCP_EAUTH: return 401;
    case VCP_EDENIED: return 403;
    case VCP_EFUNDS: return 402;
    case VCP_EUNSUPPORTED: return 501;
    case VCP_ENOMEM:
    case VCP_EIO:
    case VCP_ETIMEOUT:
    case VCP_ECANCELLED:
    case VCP_EBUSY: return 503;
    default: return 500;
    }
}

void reply_error(struct call *c, const struct err *err)
{
    int status = status_of(err->code);

    if (status < 500 || status == 501) {
        reply_status(c->rs, status, err->msg);
        return;
    }
    log_error("api", "request %s: %s %s: %s", c->rq->id, c->rq->method, c->rq->uri.path, err->msg);
    if (status == 503)
        http_response_header(c->rs, "Retry-After", "1");
    reply_status(c->rs, status,
                 status == 503 ? "the server cannot do this now; try again"
                               : "an internal error; the server's log knows this request's id");
}
