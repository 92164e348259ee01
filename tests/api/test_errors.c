/* Everything that can be wrong with a request: status, error word and sentence of each. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

static struct api_test *t;
static struct tester *x;
static struct user alice, bob;
static struct node one, two;
static json_t *lease; /* of node one, for a task of alice's */
static char *task_id, *pending_id;

enum who { NOBODY, ROOT, ALICE, BOB, ONE, TWO };

struct wrong {
    enum who who;
    const char *method, *path, *body;
    int status;
    const char *error, *says; /* says: part of the message */
};

static int setup(void **state)
{
    (void)state;
    t = api_test_start(NULL);
    x = t->main;
    user_make(&alice, x, "alice", 1000);
    user_make(&bob, x, "bob", 0);
    node_make(&one, x, &bob, "one");
    node_make(&two, x, &bob, "two");
    node_heartbeat(x, &one);
    task_id = task_make(x, &alice, "\"budget\": 10, ");
    lease = node_lease(x, &one, 0);
    assert_non_null(lease);
    pending_id = task_make(x, &alice, "\"policy\": {\"kind\": \"replicate\", \"k\": 9}, ");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(lease);
    free(task_id);
    free(pending_id);
    api_test_stop(t);
    return 0;
}

/* $T: the leased task, $P: the pending one, $L: the lease, $M: a stored module. */
static char *filled(const char *text)
{
    const char *module = "", *p;
    char digest[SHA3_256_HEX_BYTES];
    uint8_t d[SHA3_256_BYTES];
    struct buf b;

    sha3_256(d, module_f, module_f_bytes);
    hex_encode(digest, d, sizeof d);
    module = digest;
    buf_init(&b, 0);
    for (p = text; *p; p++) {
        const char *with = NULL;

        if (*p == '$' && p[1] == 'T')
            with = task_id;
        else if (*p == '$' && p[1] == 'P')
            with = pending_id;
        else if (*p == '$' && p[1] == 'M')
            with = module;
        else if (*p == '$' && p[1] == 'L')
            with = json_string_value(json_object_get(lease, "lease_id"));
        if (with) {
            buf_puts(&b, with);
            p++;
        } else {
            buf_putc(&b, (unsigned char)*p);
        }
    }
    return (char *)b.data;
}

static void try_one(const struct wrong *w)
{
    char *path = filled(w->path), *body = w->body ? filled(w->body) : NULL;
    const char *keys[] = {NULL, t->admin_key, alice.key, bob.key};
    const char *error, *message;

    if (w->who >= ONE)
        node_call(x, w->who == ONE ? &one : &two, w->method, path, body);
    else
        call(x, keys[w->who], w->method, path, body);
    error = json_string_value(json_object_get(x->json, "error"));
    message = json_string_value(json_object_get(x->json, "message"));
    if (x->status != w->status || !error || strcmp(error, w->error) != 0 || !message ||
        !strstr(message, w->says))
        fail_msg("%s %s %s\nwanted %d %s \"...%s...\"\ngot %d %s", w->method, path,
                 body ? body : "", w->status, w->error, w->says, x->status,
                 buf_str(&x->reply.body));
    free(path);
    free(body);
}

#define TRY(table)                                                                                 \
    for (size_t i_ = 0; i_ < sizeof(table) / sizeof((table)[0]); i_++)                             \
    try_one(&(table)[i_])

static void callers(void **state)
{
    static const struct wrong table[] = {
        {NOBODY, "GET", "/api/v1/account", NULL, 401, "unauthorized", "API key is needed"},
        {NOBODY, "POST", "/api/v1/tasks", "{}", 401, "unauthorized", "API key is needed"},
        {NOBODY, "POST", "/api/v1/nodes/one/lease", NULL, 401, "unauthorized", "X-Node-Id"},
        {ALICE, "POST", "/api/v1/nodes/one/lease", NULL, 401, "unauthorized", "X-Node-Id"},
        {ONE, "GET", "/api/v1/account", NULL, 401, "unauthorized", "API key is needed"},
        {ALICE, "POST", "/api/v1/users", "{}", 403, "forbidden", "scope admin"},
        {ALICE, "POST", "/api/v1/users/x/grant", "{}", 403, "forbidden", "scope admin"},
    };
    static const char *const bad_keys[] = {"", "vcp_", "x", "vcp_00000000000000000000000000000000",
                                           "VCP_00000000000000000000000000000000"};
    struct http_header h;
    size_t i;

    (void)state;
    TRY(table);
    for (i = 0; i < sizeof bad_keys / sizeof bad_keys[0]; i++) {
        call(x, bad_keys[i], "GET", "/api/v1/account", NULL);
        expect(x, 401, "unauthorized");
    }
    h = (struct http_header){"Authorization", "bearer x"};
    call_raw(x, "GET", "/api/v1/account", NULL, NULL, 0, &h, 1);
    expect(x, 401, "unauthorized");
    {
        char value[64];

        snprintf(value, sizeof value, "Bearer %s", alice.key);
        h.value = value;
        call_raw(x, "GET", "/api/v1/account", NULL, NULL, 0, &h, 1);
        expect(x, 200, NULL);
    }
}

static void paths_and_methods(void **state)
{
    static const struct wrong table[] = {
        {ALICE, "GET", "/", NULL, 404, "not_found", "nothing at this path"},
        {ALICE, "GET", "/api/v1/tasks/", NULL, 404, "not_found", "nothing at this path"},
        {ALICE, "GET", "/api/v1/nodes//heartbeat", NULL, 404, "not_found", "nothing"},
        {ALICE, "PATCH", "/api/v1/tasks", NULL, 405, "method_not_allowed", "Allow"},
        {ALICE, "DELETE", "/api/v1/tasks", NULL, 405, "method_not_allowed", "Allow"},
        {ALICE, "OPTIONS", "/api/v1/tasks", NULL, 405, "method_not_allowed", "Allow"},
        {ALICE, "GET", "/api/v1/tasks/%zz", NULL, 400, "bad_request", "percent escape"},
        {ALICE, "GET", "/api/v1/tasks/a%00b", NULL, 400, "bad_request", "percent escape"},
        {ALICE, "GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", NULL, 400, "bad_request",
         "segments"},
    };
    char allow[64];

    (void)state;
    TRY(table);
    call(x, alice.key, "PUT", "/api/v1/tasks", NULL);
    assert_true(http_reply_header(&x->reply, "allow", allow, sizeof allow));
    assert_string_equal(allow, "POST, GET");
}

static void bodies(void **state)
{
    static const struct wrong table[] = {
        {ALICE, "POST", "/api/v1/tasks", "{", 400, "bad_request", "JSON, line 1"},
        {ALICE, "POST", "/api/v1/tasks", "", 415, "unsupported_media_type", "application/json"},
        {ALICE, "POST", "/api/v1/tasks", "[]", 400, "bad_request", "must be a JSON object"},
        {ALICE, "POST", "/api/v1/tasks", "null", 400, "bad_request", "must be a JSON object"},
        {ALICE, "POST", "/api/v1/tasks", "{} {}", 400, "bad_request", "JSON, line 1"},
        {ALICE, "POST", "/api/v1/tasks", "{\"a\": 1, \"a\": 2}", 400, "bad_request", "duplicate"},
        {ALICE, "POST", "/api/v1/tasks", "{\"a\": \"\xff\"}", 400, "bad_request", "JSON, line 1"},
        {ALICE, "POST", "/api/v1/tasks", "{\"a\": 1e999}", 400, "bad_request", "JSON, line 1"},
        {ALICE, "POST", "/api/v1/tasks", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
         400, "bad_request", "nested"},
        {ONE, "PUT", "/api/v1/nodes/one/heartbeat", "[1]", 400, "bad_request", "JSON object"},
    };
    char *big = malloc(API_BODY_BYTES_MAX + 2);
    struct http_header h[2] = {{"X-API-Key", alice.key}, {"Transfer-Encoding", "chunked"}};

    (void)state;
    TRY(table);
    memset(big, ' ', API_BODY_BYTES_MAX + 1);
    big[API_BODY_BYTES_MAX + 1] = 0;
    call(x, alice.key, "POST", "/api/v1/nodes", big);
    expect(x, 413, "payload_too_large");
    assert_non_null(strstr(str(x, "message"), "65536 bytes"));
    free(big);
    call_raw(x, "POST", "/api/v1/tasks", "text/plain", "{}", 2, h, 1);
    expect(x, 415, "unsupported_media_type");
    call_raw(x, "POST", "/api/v1/tasks", NULL, "{}", 2, h, 1);
    expect(x, 415, "unsupported_media_type");
    call_raw(x, "POST", "/api/v1/tasks", "application/json; charset=utf-8", "{}", 2, h, 1);
    expect(x, 400, "bad_request");
    call_raw(x, "POST", "/api/v1/tasks", "application/json", "{}", 2, h, 2);
    expect(x, 411, "length_required");
}

#define KEY "0101010101010101010101010101010101010101010101010101010101010101"
#define CAPS                                                                                       \
    "{\"bandwidth_mbps\": 100, \"cpu_cores\": 4, \"memory_gb\": 8, \"gpu_available\": false}"
#define NODE(id, region, type, caps, key)                                                          \
    "{\"node_id\": " id ", \"region\": " region ", \"node_type\": " type                           \
    ", \"capabilities\": " caps ", \"public_key\": " key "}"
#define N65 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

static void registrations(void **state)
{
    static const struct {
        const char *body, *says;
    } table[] = {
        {"{}", "node_id is required"},
        {NODE("7", "\"r\"", "\"any\"", CAPS, "\"" KEY "\""), "node_id must be a string"},
        {NODE(N65, "\"r\"", "\"any\"", CAPS, "\"" KEY "\""), "node_id cannot exceed 64 characters"},
        {NODE("\"\"", "\"r\"", "\"any\"", CAPS, "\"" KEY "\""), "node_id"},
        {NODE("\"a b\"", "\"r\"", "\"any\"", CAPS, "\"" KEY "\""), "node_id"},
        {NODE("\"a\"", "\"\"", "\"any\"", CAPS, "\"" KEY "\""), "region"},
        {NODE("\"a\"", "\"r\"", "\"toaster\"", CAPS, "\"" KEY "\""), "node_type"},
        {NODE("\"a\"", "\"r\"", "\"any\"", "[]", "\"" KEY "\""), "capabilities must be an object"},
        {NODE("\"a\"", "\"r\"", "\"any\"", "{}", "\"" KEY "\""), "bandwidth_mbps is required"},
        {NODE("\"a\"", "\"r\"", "\"any\"",
              "{\"bandwidth_mbps\": 9, \"cpu_cores\": 4, \"memory_gb\": 8}", "\"" KEY "\""),
         "bandwidth_mbps"},
        {NODE("\"a\"", "\"r\"", "\"any\"",
              "{\"bandwidth_mbps\": 10, \"cpu_cores\": 4.5, \"memory_gb\": 8}", "\"" KEY "\""),
         "cpu_cores must be an integer"},
        {NODE("\"a\"", "\"r\"", "\"any\"",
              "{\"bandwidth_mbps\": 10, \"cpu_cores\": 257, \"memory_gb\": 8}", "\"" KEY "\""),
         "cpu_cores"},
        {NODE("\"a\"", "\"r\"", "\"any\"",
              "{\"bandwidth_mbps\": 10, \"cpu_cores\": 1, \"memory_gb\": 0.5}", "\"" KEY "\""),
         "memory_gb"},
        {NODE("\"a\"", "\"r\"", "\"any\"", CAPS, "\"zz\""), "public_key"},
        {NODE("\"a\"", "\"r\"", "\"any\"", CAPS, "null"), "public_key is required"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct wrong w = {ALICE, "POST",        "/api/v1/nodes", table[i].body,
                          400,   "bad_request", table[i].says};

        try_one(&w);
    }
    /* Another's id, another's key. */
    call(x, alice.key, "POST", "/api/v1/nodes",
         NODE("\"one\"", "\"r\"", "\"any\"", CAPS, "\"" KEY "\""));
    expect(x, 409, "conflict");
}

#define TASK(more)                                                                                 \
    "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": {\"entry\": "        \
    "\"f\"}, \"requirements\": {\"min_cpu_cores\": 1}" more "}"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void submissions(void **state)
{
    static const struct wrong table[] = {
        {ALICE, "POST", "/api/v1/tasks", "{}", 400, "bad_request", "inputs is required"},
        {ALICE, "POST", "/api/v1/tasks", "{\"inputs\": {}, \"requirements\": {}}", 400,
         "bad_request", "task_type is required"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"mining\", \"inputs\": {}, \"requirements\": {}}", 400, "bad_request",
         "\"mining\" is not known"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"inputs\": {}, \"requirements\": {}}", 400,
         "bad_request", "needs a module"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"abc\", \"inputs\": {}, "
         "\"requirements\": {}}",
         400, "bad_request", "module_sha3"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"" ZEROS "\", \"inputs\": {}, "
         "\"requirements\": {}}",
         404, "not_found", "upload it first"},
        /* Alice's module is not for everyone to run. */
        {ROOT, "POST", "/api/v1/tasks", TASK(""), 404, "not_found", "upload it first"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"budget\": 100000"), 402, "insufficient_funds",
         ""},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"budget\": -1"), 400, "bad_request", "budget"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"budget\": 1.5"), 400, "bad_request", "budget"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"policy\": {\"kind\": \"proof\"}"), 501,
         "not_implemented", "this server has no keys for receipts"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"policy\": {\"kind\": \"audit\"}"), 400,
         "bad_request", "p is required"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"policy\": {\"kind\": \"audit\", \"p\": 0}"), 400,
         "bad_request", "policy.p must be above 0"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"policy\": {\"kind\": \"audit\", \"p\": 1.5}"),
         400, "bad_request", "p must be between 0 and 1"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"policy\": {\"kind\": \"faith\"}"), 400,
         "bad_request", "policy.kind"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"strategy\": \"luck\""), 400, "bad_request",
         "strategy"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"limits\": {\"preset\": \"none\"}"), 400,
         "bad_request", "preset"},
        {ALICE, "POST", "/api/v1/tasks", TASK(", \"limits\": {\"gas\": 0}"), 400, "bad_request",
         "gas"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": {}, "
         "\"requirements\": {\"min_nodes\": 0}}",
         400, "bad_request", "min_nodes must be between 1 and 1000"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": {}, "
         "\"requirements\": {}}",
         400, "bad_request", "exports no function _start"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": {\"entry\": "
         "\"g\"}, \"requirements\": {}}",
         400, "bad_request", "exports no function \"g\""},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"wasm_module\": \"****\", \"inputs\": {}, "
         "\"requirements\": {}}",
         400, "bad_request", "wasm_module is not base64"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"wasm_module\": 7, \"inputs\": {}, "
         "\"requirements\": {}}",
         400, "bad_request", "wasm_module must be base64"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"wasm_module\": \"AGFzbQIAAAA=\", \"inputs\": {}, "
         "\"requirements\": {}}",
         400, "bad_request", "the module cannot be run"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"wasm_module\": \"AGFzbQEAAAA=\", "
         "\"module_sha3\": \"" ZEROS "\", \"inputs\": {}, \"requirements\": {}}",
         400, "bad_request", "module_sha3 is " ZEROS " but the bytes given have"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": {\"entry\": "
         "\"f\", \"stdin\": \"a\", \"stdin_base64\": \"YQ==\"}, \"requirements\": {}}",
         400, "bad_request", "not both"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": {\"entry\": "
         "\"f\", \"stdin_sha3\": \"" ZEROS "\"}, \"requirements\": {}}",
         404, "not_found", "inputs.stdin_sha3"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": [], "
         "\"requirements\": {}}",
         400, "bad_request", "inputs must be an object"},
        {ALICE, "POST", "/api/v1/tasks",
         "{\"task_type\": \"wasm_execution\", \"module_sha3\": \"$M\", \"inputs\": {\"args\": "
         "[[]]}, \"requirements\": {}}",
         400, "bad_request", "inputs.args[0]"},
    };
    char long_key[200], *body;

    (void)state;
    TRY(table);
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = 0;
    body = filled(TASK(""));
    call_with(x, alice.key, "POST", "/api/v1/tasks", body, "Idempotency-Key", long_key);
    expect(x, 400, "bad_request");
    call_with(x, alice.key, "POST", "/api/v1/tasks", body, "Idempotency-Key", "a b");
    expect(x, 400, "bad_request");
    free(body);
}

static void tasks(void **state)
{
    static const struct wrong table[] = {
        {ALICE, "GET", "/api/v1/tasks/none", NULL, 404, "not_found", "no task none"},
        {BOB, "GET", "/api/v1/tasks/$T", NULL, 404, "not_found", "no task"},
        {ROOT, "GET", "/api/v1/tasks/$T", NULL, 404, "not_found", "no task"},
        {BOB, "POST", "/api/v1/tasks/$T/cancel", NULL, 404, "not_found", ""},
        {BOB, "DELETE", "/api/v1/tasks/$T", NULL, 404, "not_found", ""},
        {BOB, "GET", "/api/v1/tasks/$T/result", NULL, 404, "not_found", "no task"},
        {BOB, "GET", "/api/v1/tasks/$T/output", NULL, 404, "not_found", "no task"},
        {BOB, "GET", "/api/v1/tasks/$T/error", NULL, 404, "not_found", "no task"},
        {BOB, "GET", "/api/v1/tasks/$T/explain", NULL, 404, "not_found", ""},
        {ALICE, "GET", "/api/v1/tasks/$T/output", NULL, 404, "not_found", "status is running"},
        {ALICE, "GET", "/api/v1/tasks/$T/error", NULL, 404, "not_found", "status is running"},
        {ALICE, "GET", "/api/v1/tasks?status=lost", NULL, 400, "bad_request", "status must be"},
        {ALICE, "GET", "/api/v1/tasks?limit=0", NULL, 400, "bad_request", "limit must be"},
        {ALICE, "GET", "/api/v1/tasks?limit=1001", NULL, 400, "bad_request", "limit must be"},
        {ALICE, "GET", "/api/v1/tasks?before=x", NULL, 400, "bad_request", "before must be"},
        {ALICE, "GET", "/api/v1/tasks/$T?wait_ms=30001", NULL, 400, "bad_request", "wait_ms"},
        {ALICE, "GET", "/api/v1/tasks/$T?wait_ms=", NULL, 400, "bad_request", "wait_ms"},
        {ALICE, "GET", "/api/v1/account/ledger?limit=-1", NULL, 400, "bad_request", "limit"},
        {ALICE, "GET", "/api/v1/nodes?before=7", NULL, 400, "bad_request", "X-Next-Before"},
        {ALICE, "GET", "/api/v1/nodes?owner=bob", NULL, 400, "bad_request", "owner"},
        {ALICE, "GET", "/api/v1/nodes/none", NULL, 404, "not_found", "no node none"},
        {ALICE, "DELETE", "/api/v1/nodes/none", NULL, 404, "not_found", ""},
        {ALICE, "DELETE", "/api/v1/nodes/one", NULL, 404, "not_found", ""},
        {ALICE, "POST", "/api/v1/nodes/one/reject", NULL, 404, "not_found", ""},
        {ALICE, "GET", "/api/v1/nodes/one/heartbeat/activity", NULL, 404, "not_found", "no node"},
        {ALICE, "GET", "/api/v1/probe?bytes=99999999", NULL, 400, "bad_request", "bytes"},
        {ALICE, "DELETE", "/api/v1/account/api-keys/none", NULL, 404, "not_found", ""},
    };

    (void)state;
    TRY(table);
}

static void ended_tasks(void **state)
{
    static const struct wrong table[] = {
        {ALICE, "POST", "/api/v1/tasks/$T/cancel", NULL, 400, "bad_request", ""},
    };

    (void)state;
    assert_int_equal(node_deliver(x, &one, lease, "x"), 200);
    TRY(table);
    callf(x, alice.key, "DELETE", NULL, "/api/v1/tasks/%s", task_id);
    expect(x, 200, NULL);
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s", task_id);
    expect(x, 404, "not_found");
    callf(x, alice.key, "POST", NULL, "/api/v1/tasks/%s/cancel", pending_id);
    expect(x, 200, NULL);
    callf(x, alice.key, "POST", NULL, "/api/v1/tasks/%s/cancel", pending_id); /* again: fine */
    expect(x, 200, NULL);
}

#define RESULT(status, more)                                                                       \
    "{\"node_id\": \"one\", \"lease_id\": \"$L\", \"status\": \"" status "\"" more "}"
#define EMPTY_SHA3 "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"
#define OUTCOME                                                                                    \
    ", \"outcome\": {\"status\": \"ok\", \"exit_code\": 0, \"trap\": \"\", \"values\": \"\", "     \
    "\"gas_used\": 1, \"output_bytes\": 1, \"output_sha3\": \"" EMPTY_SHA3                         \
    "\", \"error_bytes\": 0, \"error_sha3\": \"" EMPTY_SHA3 "\"}"
#define ZEROS128 ZEROS ZEROS

static void results(void **state)
{
    static const struct wrong table[] = {
        {ONE, "POST", "/api/v1/tasks/$T/result", "{}", 400, "bad_request", "node_id is required"},
        {ONE, "POST", "/api/v1/tasks/$T/result", "{\"node_id\": \"one\", \"lease_id\": 1}", 400,
         "bad_request", "lease_id must be"},
        {ONE, "POST", "/api/v1/tasks/$T/result", RESULT("done", ""), 400, "bad_request",
         "status must be completed or failed"},
        {ONE, "POST", "/api/v1/tasks/$T/result", RESULT("failed", ""), 400, "bad_request",
         "reason is required"},
        {ONE, "POST", "/api/v1/tasks/$T/result", RESULT("completed", ""), 400, "bad_request",
         "outcome must be an object"},
        {ONE, "POST", "/api/v1/tasks/$T/result", RESULT("completed", ", \"outcome\": {}"), 400,
         "bad_request", "is required"},
        {ONE, "POST", "/api/v1/tasks/$T/result", RESULT("completed", OUTCOME), 400, "bad_request",
         "signature is required"},
        {ONE, "POST", "/api/v1/tasks/$T/result",
         RESULT("completed", OUTCOME ", \"signature\": \"00\""), 400, "bad_request",
         "signature must be"},
        {ONE, "POST", "/api/v1/tasks/$T/result",
         RESULT("completed",
                OUTCOME ", \"output_base64\": \"eA==\", \"signature\": \"" ZEROS128 "\""),
         400, "bad_request", "output_base64 is not what the outcome's size and digest say"},
        {ONE, "POST", "/api/v1/tasks/$T/result",
         RESULT("completed", OUTCOME ", \"output_base64\": \"?\", \"signature\": \"" ZEROS128 "\""),
         400, "bad_request", "output_base64 is not base64"},
        {ONE, "POST", "/api/v1/tasks/$T/result",
         RESULT("completed", OUTCOME ", \"output_base64\": {}, \"signature\": \"" ZEROS128 "\""),
         400, "bad_request", "output_base64 must be base64"},
        {ONE, "POST", "/api/v1/tasks/$T/result",
         "{\"node_id\": \"two\", \"lease_id\": \"$L\", \"status\": \"failed\", \"reason\": \"x\"}",
         404, "not_found", "speaks only for itself"},
        {TWO, "POST", "/api/v1/tasks/$T/result",
         "{\"node_id\": \"two\", \"lease_id\": \"$L\", \"status\": \"completed\"" OUTCOME
         ", \"signature\": \"" ZEROS128 "\"}",
         404, "not_found", "never given"},
        {ONE, "POST", "/api/v1/tasks/none/result",
         "{\"node_id\": \"one\", \"lease_id\": \"$L\", \"status\": \"completed\"" OUTCOME
         ", \"signature\": \"" ZEROS128 "\"}",
         404, "not_found", "never given"},
        {ONE, "POST", "/api/v1/tasks/$T/result",
         "{\"node_id\": \"one\", \"lease_id\": \"00000000-0000-4000-8000-000000000000\", "
         "\"status\": \"completed\"" OUTCOME ", \"signature\": \"" ZEROS128 "\"}",
         409, "conflict", "not the node's lease"},
        {TWO, "POST", "/api/v1/nodes/one/lease", "{}", 404, "not_found", "speaks only for itself"},
        {TWO, "PUT", "/api/v1/nodes/one/heartbeat", NULL, 404, "not_found", "only for itself"},
        {ONE, "POST", "/api/v1/nodes/one/lease", "{\"wait_ms\": 30001}", 400, "bad_request",
         "wait_ms"},
        {ONE, "POST", "/api/v1/nodes/one/lease", "{\"held\": [1]}", 400, "bad_request", "held[0]"},
        {ONE, "PUT", "/api/v1/nodes/one/heartbeat", "{\"leases\": {}}", 400, "bad_request",
         "leases must be a list"},
        {ONE, "PUT", "/api/v1/nodes/one/heartbeat", "{\"telemetry\": {\"cpu_usage_percent\": 101}}",
         400, "bad_request", "cpu_usage_percent"},
        {ONE, "PUT", "/api/v1/nodes/one/heartbeat", "{\"telemetry\": 1}", 400, "bad_request",
         "telemetry"},
    };

    (void)state;
    TRY(table);
}

/* A signature of another node's key over the very same outcome. */
static void a_result_signed_by_another_is_refused(void **state)
{
    struct node forger = one;
    char path[128], *body;

    (void)state;
    sign_key_new(&forger.key);
    body = result_body(&forger, lease, "x", "");
    snprintf(path, sizeof path, "/api/v1/tasks/%s/result", task_id);
    node_call(x, &one, "POST", path, body);
    expect(x, 400, "bad_request");
    assert_non_null(strstr(str(x, "message"), "signature"));
    free(body);
}

static void request_signatures(void **state)
{
    struct node n = one;

    (void)state;
    n.key = two.key;
    assert_int_equal(node_heartbeat(x, &n), 401);
    assert_non_null(strstr(str(x, "message"), "does not verify"));
    n = one;
    n.ahead_ms = SIGN_REQUEST_SKEW_MS + 5000;
    assert_int_equal(node_heartbeat(x, &n), 401);
    assert_non_null(strstr(str(x, "message"), "ahead of"));
    n.ahead_ms = -SIGN_REQUEST_SKEW_MS - 5000;
    assert_int_equal(node_heartbeat(x, &n), 401);
    assert_non_null(strstr(str(x, "message"), "behind"));
    n.ahead_ms = SIGN_REQUEST_SKEW_MS - 5000;
    assert_int_equal(node_heartbeat(x, &n), 200);
    n = one;
    strcpy(n.id, "nobody");
    node_call(x, &n, "PUT", "/api/v1/nodes/nobody/heartbeat", NULL);
    expect(x, 401, "unauthorized");
}

static void broken_signature_headers(void **state)
{
    static const struct http_header sets[][3] = {
        {{"X-Node-Id", "one"}},
        {{"X-Node-Id", "one"}, {"X-Node-Signature", "00"}},
        {{"X-Node-Id", "one"}, {"X-Node-Signature", ZEROS128}},
        {{"X-Node-Id", "one"}, {"X-Node-Signature", ZEROS128}, {"X-Node-Timestamp", "soon"}},
        {{"X-Node-Id", "one"}, {"X-Node-Signature", ZEROS128}, {"X-Node-Timestamp", "-5"}},
        {{"X-Node-Id", "one"},
         {"X-Node-Signature", ZEROS128},
         {"X-Node-Timestamp", "99999999999999999999"}},
        {{"X-Node-Id", "one"}, {"X-Node-Signature", ZEROS128}, {"X-Node-Timestamp", "0"}},
    };
    size_t i, n;

    (void)state;
    for (i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        for (n = 0; n < 3 && sets[i][n].name; n++)
            ;
        call_raw(x, "PUT", "/api/v1/nodes/one/heartbeat", NULL, NULL, 0, sets[i], n);
        expect(x, 401, "unauthorized");
    }
}

/* Each part that is signed, changed: none may pass. */
static void a_signature_covers_the_whole_request(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } sent[] = {
        {"POST", "/api/v1/nodes/one/lease?a=2", "{}"},
        {"POST", "/api/v1/nodes/one/lease", "{ }"},
        {"PUT", "/api/v1/nodes/one/heartbeat", "{}"},
    };
    char timestamp[24], signature[2 * SIGN_BYTES + 1];
    struct http_header h[3] = {
        {"X-Node-Id", "one"}, {"X-Node-Timestamp", timestamp}, {"X-Node-Signature", signature}};
    struct sign_request m = {.node_id = "one",
                             .method = "POST",
                             .path = "/api/v1/nodes/one/lease",
                             .timestamp_ms = clock_wall_ms()};
    uint8_t sig[SIGN_BYTES];
    size_t i;

    (void)state;
    sha3_256(m.body_sha3, "{}", 2);
    sign_request(sig, &m, &one.key);
    hex_encode(signature, sig, sizeof sig);
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)m.timestamp_ms);
    for (i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        call_raw(x, sent[i].method, sent[i].path, "application/json", sent[i].body,
                 strlen(sent[i].body), h, 3);
        expect(x, 401, "unauthorized");
    }
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)m.timestamp_ms + 1);
    call_raw(x, "POST", m.path, "application/json", "{}", 2, h, 3);
    expect(x, 401, "unauthorized");
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)m.timestamp_ms);
    call_raw(x, "POST", m.path, "application/json", "{}", 2, h, 3);
    assert_true(x->status == 204 || x->status == 200);
}

static void giving_up(void **state)
{
    static const struct wrong again[] = {
        {ONE, "POST", "/api/v1/tasks/$T/result", RESULT("failed", ", \"reason\": \"timeout\""), 409,
         "conflict", ""},
    };
    char path[128], *body;

    (void)state;
    snprintf(path, sizeof path, "/api/v1/tasks/%s/result", task_id);
    body = filled(RESULT("failed", ", \"reason\": \"timeout: 30 s were not enough\""));
    node_call(x, &one, "POST", path, body);
    expect(x, 200, NULL);
    assert_string_equal(str(x, "verdict"), "failed");
    free(body);
    TRY(again);
    assert_int_equal(node_deliver(x, &one, lease, "x"), 409);
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s/result", task_id);
    expect(x, 200, NULL);
    assert_non_null(strstr(buf_str(&x->reply.body), "30 s were not enough"));
}

static void blobs(void **state)
{
    static const struct wrong table[] = {
        {ALICE, "GET", "/api/v1/blobs/abc", NULL, 400, "bad_request", "is no SHA3-256"},
        {ALICE, "GET", "/api/v1/blobs/" ZEROS, NULL, 404, "not_found", "no content"},
        {TWO, "GET", "/api/v1/modules/$M", NULL, 404, "not_found", "no content"},
        {ALICE, "GET", "/api/v1/modules/" ZEROS, NULL, 404, "not_found", "no content"},
    };
    static const unsigned char invalid[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01,
                                            0x05, 0x01, 0x60, 0x00, 0x01, 0x7f, 0x03, 0x02, 0x01,
                                            0x00, 0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b};
    static const struct {
        const void *bytes;
        size_t n;
        const char *says;
    } modules[] = {{"not wasm", 8, "the module cannot be run"},
                   {"\0asm\1\0\0", 7, "the module cannot be run"},
                   {"", 0, "the module cannot be run"},
                   {invalid, sizeof invalid, "the module cannot be run"}};
    struct http_header h[] = {{"X-API-Key", alice.key}, {"Content-Length", "67110905"}};
    char path[128], hex[65];
    uint8_t digest[32];
    size_t i;

    (void)state;
    TRY(table);
    for (i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        sha3_256(digest, modules[i].bytes, modules[i].n);
        hex_encode(hex, digest, 32);
        snprintf(path, sizeof path, "/api/v1/modules/%s", hex);
        call_bytes(x, alice.key, "PUT", path, modules[i].bytes, modules[i].n);
        expect(x, 400, "bad_request");
        assert_non_null(strstr(str(x, "message"), modules[i].says));
    }
    call_bytes(x, alice.key, "PUT", "/api/v1/blobs/" ZEROS, "abc", 3);
    expect(x, 400, "bad_request");
    assert_non_null(strstr(str(x, "message"), "the body's SHA3-256 is"));
    call_bytes(x, alice.key, "PUT", "/api/v1/blobs/ABC", "abc", 3);
    expect(x, 400, "bad_request");
    sha3_256(digest, "abc", 3);
    hex_encode(hex, digest, 32);
    snprintf(path, sizeof path, "/api/v1/blobs/%s", hex);
    node_call_bytes(x, &two, "PUT", path, "abc", 3); /* it has no work */
    expect(x, 403, "forbidden");
    call(x, alice.key, "PUT", path, "abc"); /* as JSON */
    expect(x, 415, "unsupported_media_type");
    call_raw(x, "PUT", path, "application/octet-stream", "", 0, h, 2);
    expect(x, 413, "payload_too_large");
}

static void small_quota(struct api_config *c)
{
    c->blob_quota_bytes = 100;
}

static void a_quota_is_kept(void **state)
{
    char path[128], hex[65], bytes[101];
    uint8_t digest[32];
    struct user u;

    (void)state;
    t = api_test_start(small_quota);
    user_make(&u, t->main, "carl", 0);
    memset(bytes, 7, sizeof bytes);
    sha3_256(digest, bytes, sizeof bytes);
    hex_encode(hex, digest, 32);
    snprintf(path, sizeof path, "/api/v1/blobs/%s", hex);
    call_bytes(t->main, u.key, "PUT", path, bytes, sizeof bytes);
    expect(t->main, 413, "payload_too_large");
    api_test_stop(t);
}

static void users(void **state)
{
    static const struct wrong table[] = {
        {ROOT, "POST", "/api/v1/users", "{}", 422, "validation_error", "username is required"},
        {ROOT, "POST", "/api/v1/users", "{\"username\": \"ab\"}", 422, "validation_error",
         "3 to 32"},
        {ROOT, "POST", "/api/v1/users", "{\"username\": \"a b c\"}", 422, "validation_error",
         "letters, digits"},
        {ROOT, "POST", "/api/v1/users", "{\"username\": \"\xc3\xa4\xc3\xb6\xc3\xbc\"}", 422,
         "validation_error", "letters, digits"},
        {ROOT, "POST", "/api/v1/users", "{\"username\": 5}", 422, "validation_error", "username"},
        {ROOT, "POST", "/api/v1/users", "{\"username\": \"carl\", \"grant\": -1}", 422,
         "validation_error", "grant"},
        {ROOT, "POST", "/api/v1/users", "{\"username\": \"ALICE\"}", 409, "conflict",
         "Username already exists"},
        {ROOT, "POST", "/api/v1/users/nobody/grant", "{\"amount\": 1, \"reference\": \"r\"}", 404,
         "not_found", ""},
        {ROOT, "POST", "/api/v1/users/nobody/grant", "{\"amount\": 0, \"reference\": \"r\"}", 400,
         "bad_request", "amount"},
        {ROOT, "POST", "/api/v1/users/nobody/grant", "{\"amount\": 1}", 400, "bad_request",
         "reference is required"},
        {ROOT, "POST", "/api/v1/users/nobody/grant", "{\"amount\": 1, \"reference\": \"\"}", 400,
         "bad_request", "reference"},
        {ALICE, "POST", "/api/v1/account/api-keys", "{\"scopes\": []}", 400, "bad_request",
         "scopes must be a list"},
        {ALICE, "POST", "/api/v1/account/api-keys", "{\"scopes\": [\"root\"]}", 400, "bad_request",
         "scopes[0]"},
        {ALICE, "POST", "/api/v1/account/api-keys", "{\"scopes\": [\"admin\"]}", 403, "forbidden",
         "scope admin"},
        {ALICE, "POST", "/api/v1/account/api-keys", "{\"name\": 5}", 400, "bad_request", "name"},
    };

    (void)state;
    TRY(table);
}

/* ---- rates ---- */

static void narrow_tiers(struct api_config *c)
{
    c->rate_limits = true;
    c->tiers[RATE_READ] = (struct rate_tier){60, 3};
    c->tiers[RATE_WORKER] = (struct rate_tier){60, 2};
    c->tiers[RATE_AUTH] = (struct rate_tier){1, 2};
}

static int drain(struct tester *who, const char *key, const char *path)
{
    int i;

    for (i = 0; i < 20 && call(who, key, "GET", path, NULL) != 429; i++)
        ;
    return i;
}

static void rates_are_kept_for_each_caller(void **state)
{
    struct user u, v;
    struct node n;
    char after[16];
    int i;

    (void)state;
    t = api_test_start(narrow_tiers);
    x = t->main;
    user_make(&u, x, "carl", 0);
    user_make(&v, x, "dora", 0);
    node_make(&n, x, &u, "n");
    i = drain(x, u.key, "/api/v1/tasks");
    assert_true(i >= 3 && i <= 4);
    expect(x, 429, "rate_limited");
    assert_true(http_reply_header(&x->reply, "retry-after", after, sizeof after));
    assert_string_equal(after, "1");              /* one token a second, and none is left */
    call(x, v.key, "GET", "/api/v1/tasks", NULL); /* another caller's bucket is full */
    expect(x, 200, NULL);
    call(x, u.key, "DELETE", "/api/v1/nodes/none", NULL); /* and so is another tier's */
    expect(x, 404, "not_found");
    for (i = 0; i < 10 && node_heartbeat(x, &n) == 200; i++)
        ;
    expect(x, 429, "rate_limited");
    clock_sleep_ms(1100); /* Retry-After was true */
    call(x, u.key, "GET", "/api/v1/tasks", NULL);
    expect(x, 200, NULL);
    i = drain(x, "wrong", "/api/v1/account");
    assert_int_equal(i, 2);
    assert_true(http_reply_header(&x->reply, "retry-after", after, sizeof after));
    assert_true(atoi(after) > 50 && atoi(after) <= 60);
    call(x, u.key, "GET", "/api/v1/tasks", NULL); /* right credentials from there still pass */
    expect(x, 429, "rate_limited");
    clock_sleep_ms(1100);
    call(x, u.key, "GET", "/api/v1/tasks", NULL);
    expect(x, 200, NULL);
    api_test_stop(t);
}

/* ---- a store that fails ---- */

static void a_failing_store_is_503_and_nothing_happened(void **state)
{
    int i, failed = 0;

    (void)state;
    for (i = 1; i < 40; i++) {
        char body[200];

        store_fail_after(api_server_store(t->server), (unsigned)i);
        snprintf(body, sizeof body, "{\"username\": \"user%d\"}", i);
        call(x, t->admin_key, "POST", "/api/v1/users", body);
        store_fail_after(api_server_store(t->server), 0);
        if (x->status == 201)
            continue;
        expect(x, 503, "service_unavailable");
        assert_null(strstr(buf_str(&x->reply.body), "SQL"));
        failed++;
        call(x, t->admin_key, "POST", "/api/v1/users", body); /* the name is still free */
        expect(x, 201, NULL);
    }
    assert_true(failed > 3);
    store_fail_after(api_server_store(t->server), 1);
    call(x, NULL, "GET", "/api/v1/ready", NULL);
    store_fail_after(api_server_store(t->server), 0);
    expect(x, 503, "service_unavailable");
    call(x, NULL, "GET", "/api/v1/health", NULL);
    expect(x, 200, NULL);
}

static void cors_lets_in_the_named_only(struct api_config *c)
{
    c->cors_origins = "https://a.example,https://b.example";
}

static void origins(void **state)
{
    struct http_header h = {"Origin", "https://b.example"};
    char v[128];

    (void)state;
    t = api_test_start(cors_lets_in_the_named_only);
    x = t->main;
    call_raw(x, "OPTIONS", "/api/v1/tasks", NULL, NULL, 0, &h, 1);
    expect(x, 204, NULL);
    assert_true(http_reply_header(&x->reply, "access-control-allow-origin", v, sizeof v));
    assert_string_equal(v, "https://b.example");
    h.value = "https://c.example";
    call_raw(x, "OPTIONS", "/api/v1/tasks", NULL, NULL, 0, &h, 1);
    expect(x, 405, "method_not_allowed");
    assert_false(http_reply_header(&x->reply, "access-control-allow-origin", v, sizeof v));
    h.value = "https://a.exampl";
    call_raw(x, "GET", "/api/v1/health", NULL, NULL, 0, &h, 1);
    assert_false(http_reply_header(&x->reply, "access-control-allow-origin", v, sizeof v));
    assert_true(http_reply_header(&x->reply, "x-content-type-options", v, sizeof v));
    api_test_stop(t);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(callers),
        T(paths_and_methods),
        T(bodies),
        T(registrations),
        T(submissions),
        T(tasks),
        T(ended_tasks),
        T(results),
        T(a_result_signed_by_another_is_refused),
        T(request_signatures),
        T(broken_signature_headers),
        T(a_signature_covers_the_whole_request),
        T(giving_up),
        T(blobs),
        T(users),
        T(a_failing_store_is_503_and_nothing_happened),
        cmocka_unit_test(a_quota_is_kept),
        cmocka_unit_test(rates_are_kept_for_each_caller),
        cmocka_unit_test(origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
