#include "node/fake_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "http/server.h"
#include "mesh/outcome.h"
#include "mesh/task_spec.h"

#define LEASES_MAX 64
#define BLOBS_MAX  64

struct fake_lease {
    char id[65];
    json_t *message, *result;
    bool given;
};

struct fake_blob {
    char hex[65];
    unsigned char *bytes;
    size_t n;
    bool uploaded;
};

struct fake_server {
    struct http_server *http;
    pthread_mutex_t lock;
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    char node_id[65], cancelled[65];
    bool registered, refuse_results, spoil_modules;
    struct fake_lease leases[LEASES_MAX];
    struct fake_blob blobs[BLOBS_MAX];
    size_t n_leases, n_blobs;
    json_t *telemetry;
    int64_t clock_ahead_ms;
    struct fake_counts counts;
};

static void reply(struct http_response *rs, int status, json_t *j)
{
    char *text = json_text(j);

    rs->status = status;
    rs->content_type = "application/json";
    if (text)
        buf_puts(&rs->body, text);
    free(text);
    json_decref(j);
}

static void refuse(struct http_response *rs, int status, const char *message)
{
    reply(rs, status, json_pack("{s:s, s:s}", "error", "fake", "message", message));
}

static void begin(void *arg, struct http_request *rq, struct http_response *rs)
{
    (void)arg, (void)rs;
    rq->body_max_bytes = 32 << 20;
    rq->want_sha3 = true;
}

static void refused(void *arg, struct http_request *rq, struct http_response *rs, int status,
                    const char *message)
{
    (void)arg, (void)rq;
    refuse(rs, status, message);
}

static void done(void *arg, struct http_request *rq, int status, int64_t duration_ns)
{
    (void)arg, (void)rq, (void)status, (void)duration_ns;
}

static bool signature_is_good(struct fake_server *f, struct http_request *rq)
{
    const char *id = http_request_header(rq, "X-Node-Id");
    const char *when = http_request_header(rq, "X-Node-Timestamp");
    const char *hex = http_request_header(rq, "X-Node-Signature");
    struct sign_request m = {.node_id = id, .method = rq->method, .path = rq->target};
    uint8_t sig[SIGN_BYTES];

    if (!f->registered || !id || !when || !hex || !hex_decode(sig, sizeof sig, hex) ||
        strcmp(id, f->node_id) != 0)
        return false;
    m.timestamp_ms = strtoll(when, NULL, 10);
    memcpy(m.body_sha3, rq->body_sha3, SHA3_256_BYTES);
    return llabs(m.timestamp_ms - clock_wall_ms() - f->clock_ahead_ms) <= SIGN_REQUEST_SKEW_MS &&
           sign_request_verify(sig, &m, f->public_key, NULL) == VCP_OK;
}

static json_t *body_json(struct http_request *rq)
{
    json_t *j = NULL;

    if (rq->body_bytes == 0 || json_parse(&j, (const char *)rq->body, rq->body_bytes, NULL) < 0)
        return json_object();
    return j;
}

static void handle_register(struct fake_server *f, struct http_request *rq,
                            struct http_response *rs)
{
    const char *key = http_request_header(rq, "X-API-Key"), *public_key = "", *id = "";
    json_t *body = body_json(rq);

    if (!key || strcmp(key, FAKE_KEY) != 0) {
        refuse(rs, 401, "unknown API key");
    } else if (json_need_str(&public_key, body, "public_key", 64, NULL) < 0 ||
               json_need_str(&id, body, "node_id", 64, NULL) < 0 ||
               !hex_decode(f->public_key, SIGN_PUBLIC_BYTES, public_key)) {
        refuse(rs, 400, "public_key");
    } else {
        f->registered = true;
        f->counts.registrations++;
        f->counts.bandwidth_mbps = json_number_value(
            json_object_get(json_object_get(body, "capabilities"), "bandwidth_mbps"));
        snprintf(f->node_id, sizeof f->node_id, "%s", id);
        reply(rs, 201, json_pack("{s:s}", "node_id", id));
    }
    json_decref(body);
}

static void handle_heartbeat(struct fake_server *f, struct http_request *rq,
                             struct http_response *rs)
{
    json_t *body = body_json(rq), *over = json_array();

    f->counts.heartbeats++;
    f->counts.running = (unsigned)json_array_size(json_object_get(body, "leases"));
    f->counts.leaving += json_is_true(json_object_get(body, "leaving"));
    json_decref(f->telemetry);
    f->telemetry = json_incref(json_object_get(body, "telemetry"));
    if (f->cancelled[0])
        json_array_append_new(over, json_string(f->cancelled));
    reply(rs, 200, json_pack("{s:f, s:o}", "health_score", 73.0, "cancelled_leases", over));
    json_decref(body);
}

static bool names(json_t *list, const char *id)
{
    json_t *v;
    size_t i;

    json_array_foreach(list, i, v) if (strcmp(json_string_value(v), id) == 0) return true;
    return false;
}

/* As the real one: a lease that was given, has no result and is not named is given again. */
static struct fake_lease *next_lease(struct fake_server *f, json_t *held)
{
    size_t i;

    for (i = 0; i < f->n_leases; i++)
        if (!f->leases[i].result && !names(held, f->leases[i].id) &&
            strcmp(f->leases[i].id, f->cancelled) != 0)
            return &f->leases[i];
    return NULL;
}

static void handle_lease(struct fake_server *f, struct http_request *rq, struct http_response *rs)
{
    json_t *body = body_json(rq);
    int wait_ms = (int)json_integer_value(json_object_get(body, "wait_ms"));
    bool more = http_request_wait(rq, "work", wait_ms) && !rq->stopping;
    struct fake_lease *l = next_lease(f, json_object_get(body, "held"));

    json_decref(body);
    if (l && http_request_peer_alive(rq)) {
        l->given = true;
        f->counts.leases_given++;
        reply(rs, 200, json_incref(l->message));
    } else if (!more) {
        rs->status = 204;
    }
}

static void handle_watch(struct fake_server *f, struct http_request *rq, struct http_response *rs)
{
    json_t *body = body_json(rq), *over = json_array();
    int wait_ms = (int)json_integer_value(json_object_get(body, "wait_ms"));
    bool more = http_request_wait(rq, "cancel", wait_ms) && !rq->stopping;

    if (f->cancelled[0] && names(json_object_get(body, "leases"), f->cancelled))
        json_array_append_new(over, json_string(f->cancelled));
    json_decref(body);
    if (json_array_size(over) == 0 && more) {
        json_decref(over);
        return;
    }
    f->counts.watches++;
    reply(rs, 200, json_pack("{s:o}", "cancelled_leases", over));
}

static void handle_probe(struct http_request *rq, struct http_response *rs)
{
    const char *bytes = uri_query(&rq->uri, "bytes");
    size_t i, n = bytes ? (size_t)atol(bytes) : 0;

    rs->status = 200;
    for (i = 0; i < n; i++)
        buf_putc(&rs->body, (unsigned char)i);
}

static struct fake_blob *find_blob(struct fake_server *f, const char *hex)
{
    size_t i;

    for (i = 0; i < f->n_blobs; i++)
        if (strcmp(f->blobs[i].hex, hex) == 0)
            return &f->blobs[i];
    return NULL;
}

static void add_blob(struct fake_server *f, const char *hex, const void *p, size_t n, bool uploaded)
{
    struct fake_blob *b = find_blob(f, hex);

    if (!b && f->n_blobs < BLOBS_MAX) {
        b = &f->blobs[f->n_blobs++];
        snprintf(b->hex, sizeof b->hex, "%s", hex);
        b->bytes = malloc(n + 1);
        memcpy(b->bytes, p, n);
        b->n = n;
    }
    if (b)
        b->uploaded |= uploaded;
}

static void handle_bytes(struct fake_server *f, struct http_request *rq, struct http_response *rs,
                         bool is_module)
{
    const char *hex = rq->uri.segments[3];
    struct fake_blob *b;

    if (strcmp(rq->method, "PUT") == 0) {
        add_blob(f, hex, rq->body, rq->body_bytes, true);
        rs->status = 201;
        return;
    }
    f->counts.module_gets += is_module;
    b = find_blob(f, hex);
    if (!b) {
        refuse(rs, 404, "no such blob");
        return;
    }
    rs->status = 200;
    buf_put(&rs->body, b->bytes, b->n);
    if (f->spoil_modules && is_module)
        rs->body.data[b->n / 2] ^= 1;
}

static int signed_well(struct fake_server *f, const struct fake_lease *l, json_t *body)
{
    struct sign_result m = {.lease_id = l->id, .node_id = f->node_id};
    struct task_inputs in;
    struct task_limits limits;
    struct outcome o;
    struct arena arena;
    uint8_t sig[SIGN_BYTES];
    const char *hex = "";
    int rc;

    m.task_id = json_string_value(json_object_get(l->message, "task_id"));
    arena_init(&arena, 0);
    hex_decode(m.module_sha3, 32, json_string_value(json_object_get(l->message, "module_sha3")));
    rc = task_inputs_parse(&in, &arena, json_object_get(l->message, "inputs"), NULL);
    if (rc == VCP_OK)
        rc = task_limits_parse(&limits, json_object_get(l->message, "limits"), NULL);
    if (rc == VCP_OK)
        rc = outcome_from_json(&o, json_object_get(body, "outcome"), NULL);
    if (rc == VCP_OK)
        rc = json_need_str(&hex, body, "signature", 128, NULL);
    if (rc == VCP_OK && !hex_decode(sig, sizeof sig, hex))
        rc = VCP_EINVAL;
    if (rc == VCP_OK) {
        task_spec_inputs_digest(m.inputs_sha3, &in, &limits);
        outcome_digest(m.outcome_sha3, &o);
        rc = sign_result_verify(sig, &m, f->public_key, NULL);
    }
    arena_release(&arena);
    return rc;
}

static void handle_result(struct fake_server *f, struct http_request *rq, struct http_response *rs)
{
    json_t *body = body_json(rq);
    const char *id = "", *status = "";
    size_t i;

    json_get_str(&id, body, "lease_id", 64, NULL);
    json_get_str(&status, body, "status", 64, NULL);
    for (i = 0; i < f->n_leases && strcmp(f->leases[i].id, id) != 0; i++)
        ;
    if (f->refuse_results) {
        refuse(rs, 503, "not now");
    } else if (i == f->n_leases || strcmp(id, f->cancelled) == 0) {
        refuse(rs, 409, "no such lease");
    } else if (strcmp(status, "completed") == 0 && signed_well(f, &f->leases[i], body) < 0) {
        f->counts.bad_signatures++;
        refuse(rs, 401, "bad signature");
    } else {
        f->counts.results++;
        json_decref(f->leases[i].result);
        f->leases[i].result = json_incref(body);
        reply(rs, 200, json_pack("{s:s}", "verdict", "accepted"));
    }
    json_decref(body);
}

static bool is(const struct http_request *rq, size_t i, const char *name)
{
    return i < rq->uri.n_segments && strcmp(rq->uri.segments[i], name) == 0;
}

static void route(struct fake_server *f, struct http_request *rq, struct http_response *rs)
{
    if (is(rq, 2, "nodes") && rq->uri.n_segments == 3) {
        handle_register(f, rq, rs);
    } else if (!signature_is_good(f, rq)) {
        f->counts.bad_signatures += f->registered;
        refuse(rs, 401, "bad signature");
    } else if (is(rq, 2, "probe")) {
        handle_probe(rq, rs);
    } else if (is(rq, 4, "heartbeat")) {
        handle_heartbeat(f, rq, rs);
    } else if (is(rq, 4, "watch")) {
        handle_watch(f, rq, rs);
    } else if (is(rq, 4, "lease")) {
        f->counts.polls++;
        handle_lease(f, rq, rs);
    } else if (rq->uri.n_segments == 4 && (is(rq, 2, "modules") || is(rq, 2, "blobs"))) {
        handle_bytes(f, rq, rs, is(rq, 2, "modules"));
    } else if (is(rq, 4, "result")) {
        handle_result(f, rq, rs);
    } else {
        refuse(rs, 404, "no such route");
    }
}

static const char *date_text(struct fake_server *f, struct arena *a)
{
    time_t t = (time_t)((clock_wall_ms() + f->clock_ahead_ms) / 1000);
    struct tm tm;
    char text[64];

    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return arena_strdup(a, text);
}

static void handle(void *arg, struct http_request *rq, struct http_response *rs)
{
    struct fake_server *f = arg;

    pthread_mutex_lock(&f->lock);
    if (f->clock_ahead_ms)
        http_response_header(rs, "Date", date_text(f, &rq->arena));
    route(f, rq, rs);
    pthread_mutex_unlock(&f->lock);
}

struct fake_server *fake_start(unsigned port)
{
    struct fake_server *f = calloc(1, sizeof *f);
    char listen[32];
    struct http_server_config config = {
        .listen = listen, .n_threads = 2, .app = {f, begin, handle, refused, done}};
    struct err err = {0};
    int tries;

    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    pthread_mutex_init(&f->lock, NULL);
    for (tries = 0; http_server_start(&f->http, &config, &err) < 0; tries++) {
        if (tries == 50) {
            fprintf(stderr, "fake server: %s\n", err.msg);
            abort();
        }
        clock_sleep_ms(100); /* the port of the one before may still be closing */
    }
    return f;
}

void fake_stop(struct fake_server *f)
{
    size_t i;

    if (!f)
        return;
    http_server_stop(f->http, 500);
    for (i = 0; i < f->n_leases; i++) {
        json_decref(f->leases[i].message);
        json_decref(f->leases[i].result);
    }
    for (i = 0; i < f->n_blobs; i++)
        free(f->blobs[i].bytes);
    json_decref(f->telemetry);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

unsigned fake_port(struct fake_server *f)
{
    return http_server_port(f->http);
}

void fake_blob(struct fake_server *f, char hex[65], const void *p, size_t n)
{
    uint8_t digest[SHA3_256_BYTES];

    sha3_256(digest, p, n);
    hex_encode(hex, digest, sizeof digest);
    pthread_mutex_lock(&f->lock);
    add_blob(f, hex, p, n, false);
    pthread_mutex_unlock(&f->lock);
}

void fake_lease(struct fake_server *f, const char *lease_id, const void *module, size_t n,
                const char *inputs, int timeout_ms)
{
    struct fake_lease *l;
    char hex[65];
    json_t *in = NULL;

    fake_blob(f, hex, module, n);
    if (json_parse(&in, inputs, strlen(inputs), NULL) < 0)
        abort();
    pthread_mutex_lock(&f->lock);
    if (f->n_leases == LEASES_MAX)
        abort();
    l = &f->leases[f->n_leases++];
    snprintf(l->id, sizeof l->id, "%s", lease_id);
    l->message = json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:{s:i, s:i, s:I, s:i, s:i}}",
                           "lease_id", lease_id, "task_id", lease_id, "module_sha3", hex,
                           "module_bytes", (int)n, "lease_ms", 45000, "inputs", in, "limits",
                           "memory_bytes", 64 << 20, "timeout_ms", timeout_ms, "gas",
                           (json_int_t)1 << 50, "call_depth", 1000, "output_bytes", 16 << 20);
    pthread_mutex_unlock(&f->lock);
    http_server_wake(f->http, "work");
}

static void set(struct fake_server *f, bool *flag, bool on)
{
    pthread_mutex_lock(&f->lock);
    *flag = on;
    pthread_mutex_unlock(&f->lock);
}

void fake_refuse_results(struct fake_server *f, bool on)
{
    set(f, &f->refuse_results, on);
}

void fake_spoil_modules(struct fake_server *f, bool on)
{
    set(f, &f->spoil_modules, on);
}

void fake_forget_node(struct fake_server *f)
{
    set(f, &f->registered, false);
}

void fake_set_clock(struct fake_server *f, int64_t ahead_ms)
{
    pthread_mutex_lock(&f->lock);
    f->clock_ahead_ms = ahead_ms;
    pthread_mutex_unlock(&f->lock);
}

void fake_cancel(struct fake_server *f, const char *lease_id)
{
    pthread_mutex_lock(&f->lock);
    snprintf(f->cancelled, sizeof f->cancelled, "%s", lease_id);
    pthread_mutex_unlock(&f->lock);
    http_server_wake(f->http, "cancel");
}

json_t *fake_result(struct fake_server *f, const char *lease_id)
{
    json_t *result = NULL;
    int tries;
    size_t i;

    for (tries = 0; tries < 2000 && !result; tries++) {
        pthread_mutex_lock(&f->lock);
        for (i = 0; i < f->n_leases; i++)
            if (strcmp(f->leases[i].id, lease_id) == 0)
                result = json_deep_copy(f->leases[i].result);
        pthread_mutex_unlock(&f->lock);
        if (!result)
            clock_sleep_ms(10);
    }
    return result;
}

json_t *fake_telemetry(struct fake_server *f, unsigned n)
{
    json_t *t = NULL;
    int tries;

    for (tries = 0; tries < 2000 && !t; tries++) {
        pthread_mutex_lock(&f->lock);
        if (f->counts.heartbeats >= n)
            t = json_deep_copy(f->telemetry);
        pthread_mutex_unlock(&f->lock);
        if (!t)
            clock_sleep_ms(10);
    }
    return t;
}

size_t fake_uploaded_bytes(struct fake_server *f, const char *hex)
{
    struct fake_blob *b;
    size_t n;

    pthread_mutex_lock(&f->lock);
    b = find_blob(f, hex);
    n = b && b->uploaded ? b->n : 0;
    pthread_mutex_unlock(&f->lock);
    return n;
}

struct fake_counts fake_counts(struct fake_server *f)
{
    struct fake_counts c;

    pthread_mutex_lock(&f->lock);
    c = f->counts;
    pthread_mutex_unlock(&f->lock);
    return c;
}
