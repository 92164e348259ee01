/* dispatch.c - from a request to its handler and back: routes, callers, limits, bodies. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/auth.h"
#include "api/routes.h"
#include "api/shape.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

/* ---- headers every answer carries ---- */

static const char *allowed_origin(const struct api_server *api, struct http_request *rq)
{
    const char *origin = http_request_header(rq, "Origin"), *p = api->config.cors_origins;

    while (origin && p && *p) {
        size_t n = strcspn(p, ",");

        if (strlen(origin) == n && strncmp(origin, p, n) == 0)
            return arena_strdup(&rq->arena, origin);
        p += n + (p[n] == ',');
    }
    return NULL;
}

static void common_headers(const struct api_server *api, struct http_request *rq,
                           struct http_response *rs)
{
    const char *origin = allowed_origin(api, rq);

    http_response_header(rs, "X-Content-Type-Options", "nosniff");
    http_response_header(rs, "X-Frame-Options", "DENY");
    http_response_header(rs, "Referrer-Policy", "no-referrer");
    http_response_header(rs, "Content-Security-Policy", "default-src 'none'");
    http_response_header(rs, "Cache-Control", "no-store");
    if (api->config.tls_cert_file)
        http_response_header(rs, "Strict-Transport-Security", "max-age=31536000");
    if (api->config.cors_origins)
        http_response_header(rs, "Vary", "Origin");
    http_response_header(rs, "Access-Control-Allow-Origin", origin);
    if (origin)
        http_response_header(rs, "Access-Control-Expose-Headers",
                             "X-Request-Id, X-Next-Before, Retry-After");
}

static void preflight(struct http_response *rs)
{
    rs->status = 204;
    http_response_header(rs, "Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
    http_response_header(rs, "Access-Control-Allow-Headers",
                         "Authorization, Content-Type, X-API-Key, Idempotency-Key");
    http_response_header(rs, "Access-Control-Max-Age", "3600");
}

/* ---- who is calling, and how often ---- */

bool caller_has_scope(const struct caller *c, const char *scope)
{
    const char *p = c->scopes ? c->scopes : "";
    size_t n = strlen(scope);

    while (*p) {
        size_t len = strcspn(p, ",");

        if (len == n && memcmp(p, scope, n) == 0)
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

/* False, with the response filled, when the bucket is empty. */
static bool charge(struct call *c, enum rate_kind kind)
{
    const char *who = c->caller.kind == CALLER_USER   ? c->caller.key_id
                      : c->caller.kind == CALLER_NODE ? c->caller.node_id
                                                      : c->rq->peer;
    unsigned wait_s;

    if (!c->api->config.rate_limits)
        return true;
    wait_s = rate_take(c->api->rate, kind, who, clock_mono_ns());
    if (wait_s == 0)
        return true;
    atomic_fetch_add(&c->api->metrics.rate_limited, 1);
    http_response_header(c->rs, "Retry-After", arena_printf(&c->rq->arena, "%u", wait_s));
    reply_status(c->rs, 429, "too many requests; see Retry-After");
    return false;
}

/* Failed attempts cost the address they came from. */
static void reject_caller(struct call *c, const struct err *err)
{
    c->caller = (struct caller){0};
    atomic_fetch_add(&c->api->metrics.auth_failed, 1);
    if (charge(c, RATE_AUTH)) {
        http_response_header(c->rs, "WWW-Authenticate", "Bearer realm=\"ambient\"");
        reply_status(c->rs, 401, err->msg);
    }
}

/* A proxy on this machine speaks for others, so its calls are not ours. */
static bool called_from_here(struct call *c)
{
    return c->rq->loopback && !http_request_header(c->rq, "X-Forwarded-For") &&
           !http_request_header(c->rq, "Forwarded");
}

static int authenticate(struct call *c, struct err *err)
{
    enum route_auth auth = c->route->auth;

    if (auth == AUTH_NODE || (auth == AUTH_ANY && auth_claims_node(c)))
        return auth_node(c, err);
    return auth_user(c, err);
}

static int authorize(struct call *c, struct err *err)
{
    const struct route *r = c->route;

    if (c->caller.kind != CALLER_USER)
        return VCP_OK;
    if (r->auth == AUTH_NODE)
        return err_set(err, VCP_EDENIED, "only a node may do this, by its signature");
    if (r->scope && !caller_has_scope(&c->caller, r->scope))
        return err_set(err, VCP_EDENIED, "this API key lacks the scope %s", r->scope);
    if ((r->auth == AUTH_ADMIN || r->auth == AUTH_METRICS) && strcmp(c->caller.role, "admin") != 0)
        return err_set(err, VCP_EDENIED, "only an administrator may do this");
    return VCP_OK;
}

/* False when the response is filled. */
static bool admit(struct call *c)
{
    struct err err = {0};
    int rc;

    if (c->route->auth == AUTH_NONE || (c->route->auth == AUTH_METRICS && called_from_here(c)))
        return charge(c, c->route->rate);
    rc = authenticate(c, &err);
    if (rc == VCP_EAUTH) {
        reject_caller(c, &err);
        return false;
    }
    if (rc == VCP_OK)
        rc = authorize(c, &err);
    if (rc < 0) {
        reply_error(c, &err);
        return false;
    }
    /* Anyone can name a node: it is charged when its signature is checked. */
    return c->caller.kind == CALLER_NODE || charge(c, c->route->rate);
}

/* ---- bodies ---- */

static bool media_type_is(struct http_request *rq, const char *want)
{
    const char *type = http_request_header(rq, "Content-Type");
    size_t n = strlen(want);

    return type && strncasecmp(type, want, n) == 0 &&
           (type[n] == 0 || type[n] == ';' || type[n] == ' ');
}

static bool declares_body(struct http_request *rq)
{
    const char *length = http_request_header(rq, "Content-Length");

    return http_request_header(rq, "Transfer-Encoding") || (length && strcmp(length, "0") != 0);
}

/* False when the response is filled. */
static bool accept_body(struct call *c)
{
    enum route_body kind = c->route->body;

    c->rq->body_max_bytes = c->route->body_max_bytes;
    c->rq->want_sha3 = kind == BODY_BYTES || c->caller.kind == CALLER_NODE;
    if ((kind == BODY_JSON || (kind == BODY_OPTIONAL && declares_body(c->rq))) &&
        !media_type_is(c->rq, "application/json")) {
        reply_status(c->rs, 415, "send the body as Content-Type: application/json");
        return false;
    }
    if (kind == BODY_BYTES && declares_body(c->rq) &&
        !media_type_is(c->rq, "application/octet-stream")) {
        reply_status(c->rs, 415, "send the body as Content-Type: application/octet-stream");
        return false;
    }
    return true;
}

static int parse_body(struct call *c, struct err *err)
{
    const char *text = (const char *)c->rq->body;
    int rc;

    if (c->route->body != BODY_JSON && c->route->body != BODY_OPTIONAL)
        return VCP_OK;
    if (c->rq->body_bytes == 0)
        return c->route->body == BODY_OPTIONAL
                   ? VCP_OK
                   : err_set(err, VCP_EINVAL, "a JSON object is needed as the body");
    if ((rc = shape_check(text, c->rq->body_bytes, err)) < 0 ||
        (rc = json_parse(&c->body, text, c->rq->body_bytes, err)) < 0)
        return rc;
    return json_is_object(c->body) ? VCP_OK
                                   : err_set(err, VCP_EINVAL, "the body must be a JSON object");
}

/* ---- the application, as http/server.h calls it ---- */

static struct call *call_new(struct api_server *api, struct http_request *rq)
{
    struct call *c = arena_alloc(&rq->arena, sizeof *c);

    if (c) {
        c->api = api;
        c->rq = rq;
        rq->user = c;
    }
    return c;
}

static void refuse_route(struct call *c, enum route_match match, const char *allow)
{
    if (match == ROUTE_UNKNOWN) {
        reply_status(c->rs, 404, "there is nothing at this path");
        return;
    }
    http_response_header(c->rs, "Allow", arena_strdup(&c->rq->arena, allow));
    reply_status(c->rs, 405, "this path has other methods; see Allow");
}

static void app_begin(void *arg, struct http_request *rq, struct http_response *rs)
{
    struct api_server *api = arg;
    struct call *c = call_new(api, rq);
    enum route_match match;
    char allow[128];

    if (!c) {
        reply_status(rs, 503, "no memory for the request");
        return;
    }
    c->rs = rs;
    if (strcmp(rq->method, "OPTIONS") == 0 && allowed_origin(api, rq)) {
        preflight(rs);
    } else {
        match = route_find(&c->route, c->params, rq->method, rq->uri.segments, rq->uri.n_segments,
                           allow);
        if (match != ROUTE_FOUND)
            refuse_route(c, match, allow);
        else if (admit(c))
            accept_body(c);
    }
    if (rs->status)
        common_headers(api, rq, rs);
}

/* What needs the body, once. */
static bool prepare(struct call *c, struct err *err)
{
    int rc;

    if (c->prepared)
        return true;
    c->prepared = true;
    if (c->caller.kind == CALLER_NODE) {
        if (auth_node_signature(c, err) < 0) {
            reject_caller(c, err);
            return false;
        }
        if (!charge(c, c->route->rate))
            return false;
    }
    rc = parse_body(c, err);
    if (rc < 0)
        reply_error(c, err);
    return rc == VCP_OK;
}

static void app_handle(void *arg, struct http_request *rq, struct http_response *rs)
{
    struct call *c = rq->user;
    struct err err = {0};

    c->rs = rs;
    if (prepare(c, &err)) {
        int rc = c->route->handle(c, &err);

        if (rc == CALL_WAIT)
            return;
        if (rc < 0 && rs->status == 0) {
            err.code = rc;
            reply_error(c, &err);
        }
        if (rs->status == 0)
            reply_status(rs, 500, "an internal error; the server's log knows this request's id");
    }
    common_headers(arg, rq, rs);
}

static void app_refuse(void *arg, struct http_request *rq, struct http_response *rs, int status,
                       const char *message)
{
    if (status == 503)
        http_response_header(rs, "Retry-After", "1");
    reply_status(rs, status, message);
    common_headers(arg, rq, rs);
}

static void app_done(void *arg, struct http_request *rq, int status, int64_t duration_ns)
{
    struct api_server *api = arg;
    struct call *c = rq->user;

    metrics_count(&api->metrics, c && c->route ? (int)(c->route - routes) : -1, status,
                  duration_ns);
    log_debug("api", "%s %s %s %d %.1f ms", rq->id, rq->method, rq->uri.path ? rq->uri.path : "-",
              status, (double)duration_ns * 1e-6);
    if (c)
        json_decref(c->body);
}

void dispatch_app(struct http_app *out, struct api_server *api)
{
    *out = (struct http_app){api, app_begin, app_handle, app_refuse, app_done};
}

/* ---- queries ---- */

int query_int(struct call *c, int64_t *out, const char *name, int64_t min, int64_t max,
              struct err *err)
{
    const char *text = uri_query(&c->rq->uri, name);
    long long v;
    char *end;

    if (!text)
        return VCP_OK;
    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno || *end || end == text || v < min || v > max)
        return err_set(err, VCP_EINVAL, "%s must be an integer between %lld and %lld", name,
                       (long long)min, (long long)max);
    *out = v;
    return VCP_OK;
}

int query_page(struct call *c, int64_t *limit, int64_t *before, struct err *err)
{
    int rc;

    *limit = API_LIST_DEFAULT;
    *before = 0;
    if ((rc = query_int(c, limit, "limit", 1, STORE_LIST_MAX, err)) < 0)
        return rc;
    return query_int(c, before, "before", 1, INT64_MAX, err);
}
