#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/routes.h"
#include "base/clock.h"
#include "schema.h"

/* (func (export "f") (result i32) i32.const 7) */
const unsigned char module_f[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01,
                                  0x05, 0x01, 0x60, 0x00, 0x01, 0x7f, 0x03, 0x02, 0x01,
                                  0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00, 0x0a,
                                  0x06, 0x01, 0x04, 0x00, 0x41, 0x07, 0x0b};
const size_t module_f_bytes = sizeof module_f;
/* (func (export "_start")) */
const unsigned char module_start[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01,
                                      0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00,
                                      0x07, 0x0a, 0x01, 0x06, 0x5f, 0x73, 0x74, 0x61, 0x72,
                                      0x74, 0x00, 0x00, 0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b};
const size_t module_start_bytes = sizeof module_start;

/* ---- the server ---- */

static int64_t test_now(void *arg)
{
    struct api_test *t = arg;

    return clock_wall_ms() + atomic_load(&t->ahead_ms);
}

static void start(struct api_test *t)
{
    struct err err = {0};

    if (api_server_start(&t->server, &t->config, &err) < 0)
        fail_msg("the server does not start: %s", err.msg);
    snprintf(t->url, sizeof t->url, "http://127.0.0.1:%u", api_server_port(t->server));
}

static json_t *load_openapi(void)
{
    json_error_t e;
    json_t *v = json_load_file(TEST_SOURCE_DIR "/../../src/api/openapi.json",
                               JSON_REJECT_DUPLICATES, &e);

    if (!v)
        fail_msg("openapi.json, line %d: %s", e.line, e.text);
    return v;
}

struct api_test *api_test_start(void (*change)(struct api_config *c))
{
    struct api_test *t = calloc(1, sizeof *t);
    struct api_bootstrap made;
    struct err err = {0};

    strcpy(t->dir, "/tmp/ambient-api-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    api_config_default(&t->config);
    t->config.listen = "127.0.0.1:0";
    t->config.data_dir = t->dir;
    t->config.fast_store = true;
    t->config.rate_limits = false;
    t->config.clock.now_ms = test_now;
    t->config.clock.arg = t;
    t->config.sweep_interval_ms = 20;
    t->config.drain_ms = 3000;
    if (change)
        change(&t->config);
    if (api_bootstrap(&made, t->dir, "root", 0, &err) < 0)
        fail_msg("bootstrap: %s", err.msg);
    strcpy(t->admin_key, made.api_key);
    strcpy(t->admin_id, made.user_id);
    t->openapi = load_openapi();
    start(t);
    t->main = tester_new(t);
    return t;
}

void api_test_stop(struct api_test *t)
{
    char command[128];

    tester_free(t->main);
    api_server_stop(t->server);
    json_decref(t->openapi);
    snprintf(command, sizeof command, "rm -rf %s", t->dir);
    if (system(command) != 0)
        fprintf(stderr, "%s is left behind\n", t->dir);
    free(t);
}

void api_test_restart(struct api_test *t)
{
    tester_free(t->main);
    api_server_stop(t->server);
    start(t);
    t->main = tester_new(t);
}

struct tester *tester_new(struct api_test *t)
{
    struct tester *x = calloc(1, sizeof *x);
    struct err err = {0};

    x->t = t;
    if (http_client_new(&x->http, t->url, NULL, &err) < 0)
        fail_msg("%s", err.msg);
    return x;
}

void tester_free(struct tester *x)
{
    if (!x)
        return;
    http_client_free(x->http);
    http_reply_release(&x->reply);
    json_decref(x->json);
    free(x);
}

/* ---- answers against the description ---- */

static json_t *operation_of(struct tester *x, const char *method, const char *path)
{
    const char *params[CALL_PARAMS_MAX];
    const struct route *r;
    struct arena a;
    struct uri u;
    char allow[128], lower[16];
    json_t *op = NULL;
    size_t i;

    arena_init(&a, 0);
    if (uri_parse(&u, &a, path, NULL) == VCP_OK &&
        route_find(&r, params, method, u.segments, u.n_segments, allow) == ROUTE_FOUND) {
        for (i = 0; method[i] && i < 15; i++)
            lower[i] = (char)(method[i] | 32);
        lower[i] = 0;
        op = json_object_get(json_object_get(json_object_get(x->t->openapi, "paths"), r->path),
                             lower);
    }
    arena_release(&a);
    return op;
}

static void hold_against_description(struct tester *x, const char *method, const char *path)
{
    json_t *op = operation_of(x, method, path), *response, *content, *schema;
    char status[8], why[512];
    const char *ref;

    if (!op || x->t->unchecked)
        return; /* 404 and 405 of unknown routes: nothing is described */
    snprintf(status, sizeof status, "%d", x->status);
    response = json_object_get(json_object_get(op, "responses"), status);
    if (!response)
        fail_msg("%s %s answered %d, which openapi.json does not list: %s", method, path, x->status,
                 buf_str(&x->reply.body));
    ref = json_string_value(json_object_get(response, "$ref"));
    if (ref)
        response = schema_resolve(x->t->openapi, ref);
    content = json_object_get(json_object_get(response, "content"), "application/json");
    if (!content) {
        assert_null(x->json);
        return;
    }
    schema = json_object_get(content, "schema");
    if (!x->json || !schema_check(x->t->openapi, schema, x->json, why, sizeof why))
        fail_msg("%s %s, %d: %s in %.2000s", method, path, x->status, x->json ? why : "no JSON",
                 buf_str(&x->reply.body));
}

int call_raw(struct tester *x, const char *method, const char *path, const char *content_type,
             const void *body, size_t n, const struct http_header *headers, size_t n_headers)
{
    struct http_call c = {.method = method,
                          .path = path,
                          .content_type = content_type,
                          .body = body,
                          .body_bytes = n,
                          .headers = headers,
                          .n_headers = n_headers,
                          .timeout_ms = 60000};
    struct err err = {0};
    char type[64] = "";

    if (http_client_call(x->http, &c, &x->reply, &err) < 0)
        fail_msg("%s %s: %s", method, path, err.msg);
    x->status = x->reply.status;
    json_decref(x->json);
    x->json = NULL;
    http_reply_header(&x->reply, "content-type", type, sizeof type);
    if (strcmp(type, "application/json") == 0)
        x->json = json_loadb((const char *)x->reply.body.data, x->reply.body.len, 0, NULL);
    assert_true(http_reply_header(&x->reply, "x-request-id", type, sizeof type));
    return x->status;
}

static int call_full(struct tester *x, const char *key, const char *method, const char *path,
                     const char *type, const void *body, size_t n, const char *header,
                     const char *value)
{
    struct http_header h[2];
    size_t n_headers = 0;

    if (key)
        h[n_headers++] = (struct http_header){"X-API-Key", key};
    if (header)
        h[n_headers++] = (struct http_header){header, value};
    call_raw(x, method, path, body ? type : NULL, body, n, h, n_headers);
    hold_against_description(x, method, path);
    return x->status;
}

int call(struct tester *x, const char *key, const char *method, const char *path, const char *body)
{
    return call_full(x, key, method, path, "application/json", body, body ? strlen(body) : 0, NULL,
                     NULL);
}

int callf(struct tester *x, const char *key, const char *method, const char *body, const char *fmt,
          ...)
{
    char path[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    return call(x, key, method, path, body);
}

int call_with(struct tester *x, const char *key, const char *method, const char *path,
              const char *body, const char *header, const char *value)
{
    return call_full(x, key, method, path, "application/json", body, body ? strlen(body) : 0,
                     header, value);
}

int call_bytes(struct tester *x, const char *key, const char *method, const char *path,
               const void *p, size_t n)
{
    return call_full(x, key, method, path, "application/octet-stream", p, n, NULL, NULL);
}

const char *str(struct tester *x, const char *key)
{
    const char *s = json_string_value(json_object_get(x->json, key));

    if (!s)
        fail_msg("no string \"%s\" in %s", key, buf_str(&x->reply.body));
    return s;
}

int64_t num(struct tester *x, const char *key)
{
    json_t *v = json_object_get(x->json, key);

    if (!json_is_integer(v))
        fail_msg("no integer \"%s\" in %s", key, buf_str(&x->reply.body));
    return json_integer_value(v);
}

void expect_at(struct tester *x, int want, const char *error, const char *file, int line)
{
    const char *got = json_string_value(json_object_get(x->json, "error"));

    if (x->status != want || (error && (!got || strcmp(got, error) != 0)))
        fail_msg("%s:%d: wanted %d %s, got %d: %.1000s", file, line, want, error ? error : "",
                 x->status, buf_str(&x->reply.body));
}

/* ---- users and nodes ---- */

void user_make(struct user *u, struct tester *x, const char *name, int64_t grant)
{
    char body[128];

    snprintf(body, sizeof body, "{\"username\": \"%s\", \"grant\": %lld}", name, (long long)grant);
    call(x, x->t->admin_key, "POST", "/api/v1/users", body);
    expect(x, 201, NULL);
    snprintf(u->id, sizeof u->id, "%s", str(x, "user_id"));
    snprintf(u->key, sizeof u->key, "%s", str(x, "api_key"));
}

void node_make(struct node *n, struct tester *x, const struct user *owner, const char *id)
{
    char body[512], hex[65];

    memset(n, 0, sizeof *n);
    snprintf(n->id, sizeof n->id, "%s", id);
    sign_key_new(&n->key);
    hex_encode(hex, n->key.public_key, SIGN_PUBLIC_BYTES);
    snprintf(
        body, sizeof body,
        "{\"node_id\": \"%s\", \"region\": \"test\", \"node_type\": \"any\", \"capabilities\": "
        "{\"bandwidth_mbps\": 100, \"cpu_cores\": 4, \"memory_gb\": 8, \"gpu_available\": "
        "false}, \"public_key\": \"%s\"}",
        id, hex);
    call(x, owner->key, "POST", "/api/v1/nodes", body);
    expect(x, 201, NULL);
}

int node_call_bytes(struct tester *x, const struct node *n, const char *method, const char *path,
                    const void *p, size_t bytes)
{
    const char *type = strstr(path, "/blobs/") || strstr(path, "/probe")
                           ? "application/octet-stream"
                           : "application/json";
    char timestamp[24], signature[2 * SIGN_BYTES + 1];
    struct http_header h[3] = {
        {"X-Node-Id", n->id}, {"X-Node-Timestamp", timestamp}, {"X-Node-Signature", signature}};
    struct sign_request m = {.node_id = n->id,
                             .method = method,
                             .path = path,
                             .timestamp_ms = test_now(x->t) + n->ahead_ms};
    uint8_t sig[SIGN_BYTES];

    sha3_256(m.body_sha3, p ? p : "", bytes);
    sign_request(sig, &m, &n->key);
    hex_encode(signature, sig, sizeof sig);
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)m.timestamp_ms);
    call_raw(x, method, path, p ? type : NULL, p, bytes, h, 3);
    hold_against_description(x, method, path);
    return x->status;
}

int node_call(struct tester *x, const struct node *n, const char *method, const char *path,
              const char *body)
{
    return node_call_bytes(x, n, method, path, body, body ? strlen(body) : 0);
}

int node_heartbeat(struct tester *x, const struct node *n)
{
    char path[128];

    snprintf(path, sizeof path, "/api/v1/nodes/%s/heartbeat", n->id);
    return node_call(x, n, "PUT", path,
                     "{\"telemetry\": {\"upload_bandwidth_mbps\": 500, "
                     "\"download_bandwidth_mbps\": 500, \"avg_latency_ms\": 2, "
                     "\"cpu_usage_percent\": 10, \"memory_usage_percent\": 20, \"timestamp\": 1}}");
}

json_t *node_lease(struct tester *x, const struct node *n, int wait_ms)
{
    char path[128], body[64];

    snprintf(path, sizeof path, "/api/v1/nodes/%s/lease", n->id);
    snprintf(body, sizeof body, "{\"wait_ms\": %d}", wait_ms);
    node_call(x, n, "POST", path, body);
    if (x->status == 204)
        return NULL;
    expect(x, 200, NULL);
    return json_incref(x->json);
}

static void outcome_of(struct outcome *o, const char *output, const char *error)
{
    memset(o, 0, sizeof *o);
    o->gas_used = 3;
    strcpy(o->values, "i32:7");
    o->output_bytes = strlen(output);
    o->error_bytes = strlen(error);
    sha3_256(o->output_sha3, output, strlen(output));
    sha3_256(o->error_sha3, error, strlen(error));
}

/* Over what the lease says was run. */
static void sign_outcome(char hex[2 * SIGN_BYTES + 1], const struct node *n, json_t *lease,
                         const struct outcome *o)
{
    struct sign_result m = {.task_id = json_string_value(json_object_get(lease, "task_id")),
                            .lease_id = json_string_value(json_object_get(lease, "lease_id")),
                            .node_id = n->id};
    struct task_limits limits;
    struct task_inputs inputs;
    uint8_t sig[SIGN_BYTES];
    struct arena a;

    arena_init(&a, 0);
    hex_decode(m.module_sha3, SHA3_256_BYTES,
               json_string_value(json_object_get(lease, "module_sha3")));
    assert_int_equal(task_inputs_parse(&inputs, &a, json_object_get(lease, "inputs"), NULL),
                     VCP_OK);
    assert_int_equal(task_limits_parse(&limits, json_object_get(lease, "limits"), NULL), VCP_OK);
    task_spec_inputs_digest(m.inputs_sha3, &inputs, &limits);
    outcome_digest(m.outcome_sha3, o);
    sign_result(sig, &m, &n->key);
    hex_encode(hex, sig, sizeof sig);
    arena_release(&a);
}

char *result_body(const struct node *n, json_t *lease, const char *output, const char *error)
{
    char signature[2 * SIGN_BYTES + 1], out64[8192], err64[8192], *text;
    struct outcome o;
    json_t *v;

    outcome_of(&o, output, error);
    sign_outcome(signature, n, lease, &o);
    assert_true(base64_size(strlen(output)) < sizeof out64);
    base64_encode(out64, output, strlen(output));
    base64_encode(err64, error, strlen(error));
    v = json_pack("{s:s, s:O, s:s, s:o, s:s, s:s, s:i, s:s}", "node_id", n->id, "lease_id",
                  json_object_get(lease, "lease_id"), "status", "completed", "outcome",
                  outcome_to_json(&o), "output_base64", out64, "error_base64", err64,
                  "execution_time_ms", 5, "signature", signature);
    text = json_dumps(v, 0);
    json_decref(v);
    return text;
}

int node_deliver(struct tester *x, const struct node *n, json_t *lease, const char *output)
{
    char path[128], *body = result_body(n, lease, output, "");

    snprintf(path, sizeof path, "/api/v1/tasks/%s/result",
             json_string_value(json_object_get(lease, "task_id")));
    node_call(x, n, "POST", path, body);
    free(body);
    return x->status;
}

/* ---- tasks ---- */

const char *module_put(struct tester *x, const struct user *u, const unsigned char *p, size_t n)
{
    static _Thread_local char hex[SHA3_256_HEX_BYTES];
    uint8_t digest[SHA3_256_BYTES];
    char path[128];

    sha3_256(digest, p, n);
    hex_encode(hex, digest, sizeof digest);
    snprintf(path, sizeof path, "/api/v1/modules/%s", hex);
    call_bytes(x, u->key, "PUT", path, p, n);
    expect(x, 201, NULL);
    return hex;
}

char *submission(const char *sha3, const char *extra)
{
    char *text = malloc(1024 + strlen(extra));

    sprintf(text,
            "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"%s\", %s\"inputs\": "
            "{\"entry\": \"f\"}, \"requirements\": {\"min_cpu_cores\": 1, \"min_memory_gb\": 1, "
            "\"min_bandwidth_mbps\": 10}}",
            sha3, extra);
    return text;
}

char *task_make(struct tester *x, const struct user *u, const char *extra)
{
    char *body = submission(module_put(x, u, module_f, module_f_bytes), extra);

    call(x, u->key, "POST", "/api/v1/tasks", body);
    free(body);
    expect(x, 201, NULL);
    return strdup(str(x, "task_id"));
}
