/* Whole stories through the API; each answer is held against its schema by the fixture. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/ledger.h"

static struct api_test *t;
static struct tester *x;
static struct user alice, bob, carol, dave;

static int setup(void **state)
{
    (void)state;
    t = api_test_start(NULL);
    x = t->main;
    user_make(&alice, x, "alice", 1000);
    user_make(&bob, x, "bob", 0);
    user_make(&carol, x, "carol", 0);
    user_make(&dave, x, "dave", 0);
    return 0;
}

static int teardown(void **state)
{
    struct ledger_report report;
    struct store_tx *tx;
    struct err err = {0};

    (void)state;
    assert_int_equal(store_begin_read(api_server_store(t->server), &tx, &err), VCP_OK);
    if (ledger_check(tx, &report, &err) < 0)
        fail_msg("%s", err.msg);
    store_rollback(tx);
    if (coord_check(api_server_coord(t->server), &err) < 0)
        fail_msg("%s", err.msg);
    api_test_stop(t);
    return 0;
}

static int64_t balance(const struct user *u)
{
    call(x, u->key, "GET", "/api/v1/account", NULL);
    expect(x, 200, NULL);
    return num(x, "balance");
}

static void a_task_is_run_settled_and_told(void **state)
{
    struct node n;
    char *id;
    json_t *lease;

    (void)state;
    node_make(&n, x, &bob, "one");
    assert_int_equal(node_heartbeat(x, &n), 200);
    id = task_make(x, &alice, "\"budget\": 100, ");
    assert_string_equal(str(x, "status"), "running");
    assert_int_equal(balance(&alice), 900);
    lease = node_lease(x, &n, 0);
    assert_non_null(lease);
    assert_string_equal(json_string_value(json_object_get(lease, "task_id")), id);
    assert_int_equal(node_deliver(x, &n, lease, "seven"), 200);
    assert_string_equal(str(x, "verdict"), "accepted");
    assert_string_equal(str(x, "status"), "completed");
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s?wait_ms=5000", id);
    expect(x, 200, NULL);
    assert_int_equal(num(x, "paid"), 100);
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s/result", id);
    expect(x, 200, NULL);
    assert_string_equal(str(x, "output_base64"), "c2V2ZW4=");
    assert_int_equal(json_array_size(json_object_get(x->json, "nodes")), 1);
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s/output", id);
    expect(x, 200, NULL);
    assert_string_equal(buf_str(&x->reply.body), "seven");
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s/error", id);
    expect(x, 200, NULL);
    assert_int_equal(x->reply.body.len, 0);
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s/explain", id);
    expect(x, 200, NULL);
    assert_true(json_array_size(json_object_get(x->json, "decisions")) >= 1);
    assert_int_equal(balance(&bob), 100);
    call(x, bob.key, "GET", "/api/v1/account/ledger", NULL);
    expect(x, 200, NULL);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(x->json, 0), "amount")),
                     100);
    json_decref(lease);
    free(id);
}

static void replicas_agree_and_the_liar_is_caught(void **state)
{
    const struct user *owners[] = {&bob, &carol, &dave};
    struct node n[3];
    json_t *lease;
    char name[8], *id;
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "n%d", i);
        node_make(&n[i], x, owners[i], name);
        node_heartbeat(x, &n[i]);
    }
    id = task_make(x, &alice, "\"budget\": 100, \"policy\": {\"kind\": \"replicate\", \"k\": 3}, ");
    for (i = 0; i < 3; i++) {
        lease = node_lease(x, &n[i], 0);
        assert_non_null(lease);
        if (node_deliver(x, &n[i], lease, i == 1 ? "lie" : "truth") != 200)
            fail_msg("%d: %s", i, buf_str(&x->reply.body));
        json_decref(lease);
    }
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s/result", id);
    assert_string_equal(str(x, "status"), "completed");
    assert_string_equal(str(x, "output_base64"), "dHJ1dGg=");
    for (i = 0; i < 3; i++) {
        json_t *r = json_array_get(json_object_get(x->json, "nodes"), (size_t)i);
        bool liar = strcmp(json_string_value(json_object_get(r, "node_id")), "n1") == 0;

        assert_string_equal(json_string_value(json_object_get(r, "verdict")),
                            liar ? "disputed" : "accepted");
        assert_int_equal(json_integer_value(json_object_get(r, "paid")), liar ? 0 : 33);
    }
    assert_int_equal(balance(&alice), 1000 - 66);
    assert_int_equal(balance(&carol), 0);
    call(x, alice.key, "GET", "/api/v1/nodes/n1", NULL);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(x->json, "record"), "disputes")), 1);
    free(id);
}

static void an_idempotency_key_submits_once(void **state)
{
    char *body, *other, first[64];

    (void)state;
    body = submission(module_put(x, &alice, module_f, module_f_bytes), "\"budget\": 10, ");
    other = submission(module_put(x, &alice, module_f, module_f_bytes), "\"budget\": 11, ");
    call_with(x, alice.key, "POST", "/api/v1/tasks", body, "Idempotency-Key", "k-1");
    expect(x, 201, NULL);
    snprintf(first, sizeof first, "%s", str(x, "task_id"));
    call_with(x, alice.key, "POST", "/api/v1/tasks", body, "Idempotency-Key", "k-1");
    expect(x, 200, NULL);
    assert_string_equal(str(x, "task_id"), first);
    call_with(x, alice.key, "POST", "/api/v1/tasks", other, "Idempotency-Key", "k-1");
    expect(x, 409, "conflict");
    assert_int_equal(balance(&alice), 990);
    free(body);
    free(other);
}

static void inline_module_and_input_are_stored(void **state)
{
    char module64[256], *body;
    struct node n;
    json_t *lease;
    char path[160];

    (void)state;
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    base64_encode(module64, module_start, module_start_bytes);
    body = malloc(2048);
    sprintf(body,
            "{\"task_type\": \"wasm_execution\", \"wasm_module\": \"%s\", \"inputs\": {\"stdin\": "
            "\"hello\", \"args\": [\"a\"], \"env\": {\"K\": \"V\"}}, \"requirements\": "
            "{\"min_cpu_cores\": 1, \"min_memory_gb\": 1, \"min_bandwidth_mbps\": 10}}",
            module64);
    call(x, alice.key, "POST", "/api/v1/tasks", body);
    expect(x, 201, NULL);
    lease = node_lease(x, &n, 1000);
    assert_non_null(lease);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(lease, "inputs"), "stdin_bytes")), 5);
    snprintf(path, sizeof path, "/api/v1/blobs/%s",
             json_string_value(json_object_get(json_object_get(lease, "inputs"), "stdin_sha3")));
    assert_int_equal(node_call(x, &n, "GET", path, NULL), 200);
    assert_string_equal(buf_str(&x->reply.body), "hello");
    snprintf(path, sizeof path, "/api/v1/modules/%s",
             json_string_value(json_object_get(lease, "module_sha3")));
    assert_int_equal(node_call(x, &n, "GET", path, NULL), 200);
    assert_int_equal(x->reply.body.len, module_start_bytes);
    assert_memory_equal(x->reply.body.data, module_start, module_start_bytes);
    json_decref(lease);
    free(body);
}

/* With a Range header as given. */
static int get_range(const char *path, const char *range)
{
    return call_with(x, alice.key, "GET", path, NULL, "Range", range);
}

static void downloads_can_be_resumed(void **state)
{
    static const char text[] = "0123456789";
    uint8_t digest[SHA3_256_BYTES];
    char path[128], hex[SHA3_256_HEX_BYTES], header[64];

    (void)state;
    sha3_256(digest, text, 10);
    hex_encode(hex, digest, sizeof digest);
    snprintf(path, sizeof path, "/api/v1/blobs/%s", hex);
    assert_int_equal(call_bytes(x, alice.key, "PUT", path, text, 10), 201);
    assert_int_equal(get_range(path, "bytes=4-"), 206);
    assert_string_equal(buf_str(&x->reply.body), "456789");
    assert_true(http_reply_header(&x->reply, "content-range", header, sizeof header));
    assert_string_equal(header, "bytes 4-9/10");
    assert_int_equal(get_range(path, "bytes=2-3"), 206);
    assert_string_equal(buf_str(&x->reply.body), "23");
    assert_int_equal(get_range(path, "bytes=9-100"), 206);
    assert_string_equal(buf_str(&x->reply.body), "9");
    assert_int_equal(get_range(path, "bytes=10-"), 416);
    expect(x, 416, "range_not_satisfiable");
    /* What is no range of this kind is no range at all. */
    assert_int_equal(get_range(path, "bytes=-3"), 200);
    assert_int_equal(get_range(path, "bytes=3-2"), 200);
    assert_int_equal(get_range(path, "bytes=0-1,4-5"), 200);
    assert_int_equal(get_range(path, "lines=1-2"), 200);
    assert_string_equal(buf_str(&x->reply.body), text);
}

static void a_server_without_keys_says_so(void **state)
{
    struct node n;

    (void)state;
    call(x, alice.key, "GET", "/api/v1/keys", NULL);
    expect(x, 200, NULL);
    assert_true(json_is_null(json_object_get(x->json, "keyset")));
    callf(x, alice.key, "GET", NULL,
          "/api/v1/keys/0000000000000000000000000000000000000000000000000000000000000000");
    expect(x, 404, "not_found");
    call(x, NULL, "GET", "/api/v1/keys", NULL);
    expect(x, 401, "unauthorized");
    node_make(&n, x, &bob, "prover");
    assert_int_equal(node_call(x, &n, "GET", "/api/v1/keys", NULL), 200);
    node_heartbeat(x, &n);
    assert_true(json_is_null(json_object_get(x->json, "keyset")));
}

static void a_large_output_goes_by_blob(void **state)
{
    char *big = malloc(3001), path[160], *body, *id;
    uint8_t digest[SHA3_256_BYTES];
    char hex[SHA3_256_HEX_BYTES];
    struct node n;
    json_t *lease, *v;

    (void)state;
    memset(big, 'x', 3000);
    big[3000] = 0;
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    id = task_make(x, &alice, "");
    lease = node_lease(x, &n, 0);
    body = result_body(&n, lease, big, "");
    v = json_loads(body, 0, NULL);
    json_object_set_new(v, "output_base64", json_null());
    free(body);
    body = json_dumps(v, 0);
    snprintf(path, sizeof path, "/api/v1/tasks/%s/result", id);
    node_call(x, &n, "POST", path, body); /* the coordinator does not have the output */
    expect(x, 400, "bad_request");
    sha3_256(digest, big, 3000);
    hex_encode(hex, digest, sizeof digest);
    snprintf(path, sizeof path, "/api/v1/blobs/%s", hex);
    assert_int_equal(node_call_bytes(x, &n, "PUT", path, big, 3000), 201);
    snprintf(path, sizeof path, "/api/v1/tasks/%s/result", id);
    assert_int_equal(node_call(x, &n, "POST", path, body), 200);
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s/output", id);
    assert_string_equal(buf_str(&x->reply.body), big);
    json_decref(v);
    json_decref(lease);
    free(body);
    free(big);
    free(id);
}

/* ---- long polls ---- */

struct poll {
    pthread_t thread;
    struct node node;
    const char *task_id;
    int status;
    int64_t took_ms;
    json_t *lease;
};

static void *lease_main(void *arg)
{
    struct poll *p = arg;
    struct tester *mine = tester_new(t);
    int64_t start = clock_mono_ns();

    p->lease = node_lease(mine, &p->node, 20000);
    p->status = mine->status;
    p->took_ms = (clock_mono_ns() - start) / 1000000;
    tester_free(mine);
    return NULL;
}

static void *wait_main(void *arg)
{
    struct poll *p = arg;
    struct tester *mine = tester_new(t);
    int64_t start = clock_mono_ns();

    p->status = callf(mine, alice.key, "GET", NULL, "/api/v1/tasks/%s?wait_ms=20000", p->task_id);
    p->took_ms = (clock_mono_ns() - start) / 1000000;
    tester_free(mine);
    return NULL;
}

static void polls_are_answered_when_something_happens(void **state)
{
    enum { N = 200 };
    static struct poll node, waits[N];
    char *id;
    int i;

    (void)state;
    node_make(&node.node, x, &bob, "one");
    node_heartbeat(x, &node.node);
    pthread_create(&node.thread, NULL, lease_main, &node);
    clock_sleep_ms(100);
    id = task_make(x, &alice, "");
    pthread_join(node.thread, NULL);
    assert_int_equal(node.status, 200);
    assert_true(node.took_ms < 5000);
    for (i = 0; i < N; i++) {
        waits[i] = (struct poll){.task_id = id};
        pthread_create(&waits[i].thread, NULL, wait_main, &waits[i]);
    }
    clock_sleep_ms(300);
    assert_int_equal(node_deliver(x, &node.node, node.lease, "x"), 200);
    for (i = 0; i < N; i++) {
        pthread_join(waits[i].thread, NULL);
        assert_int_equal(waits[i].status, 200);
        assert_true(waits[i].took_ms < 15000);
    }
    json_decref(node.lease);
    free(id);
}

static void an_idle_poll_ends_with_204(void **state)
{
    int64_t start;
    struct node n;

    (void)state;
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    start = clock_mono_ns();
    assert_null(node_lease(x, &n, 200));
    assert_true(clock_mono_ns() - start >= 200000000);
}

/* ---- leases ---- */

static void an_expired_lease_is_placed_again_and_its_result_is_late(void **state)
{
    struct node n1, n2;
    json_t *lease, *second = NULL;
    char *id;
    int i;

    (void)state;
    node_make(&n1, x, &bob, "one");
    node_heartbeat(x, &n1);
    id = task_make(x, &alice, "\"budget\": 10, ");
    lease = node_lease(x, &n1, 0);
    assert_non_null(lease);
    node_make(&n2, x, &carol, "two");
    atomic_fetch_add(&t->ahead_ms, 120000);
    node_heartbeat(x, &n1); /* alive, but without naming its lease */
    node_heartbeat(x, &n2);
    for (i = 0; i < 100 && !second; i++)
        second = node_lease(x, &n2, 100);
    assert_non_null(second);
    assert_string_equal(json_string_value(json_object_get(second, "task_id")), id);
    node_deliver(x, &n1, lease, "late");
    expect(x, 409, "conflict");
    assert_int_equal(node_deliver(x, &n2, second, "in time"), 200);
    assert_int_equal(balance(&carol), 10);
    assert_int_equal(balance(&bob), 0);
    json_decref(lease);
    json_decref(second);
    free(id);
}

static void a_heartbeat_renews_leases_and_names_the_lost(void **state)
{
    struct node n;
    json_t *lease;
    char body[200], *id;
    const char *lease_id;

    (void)state;
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    id = task_make(x, &alice, "");
    lease = node_lease(x, &n, 0);
    lease_id = json_string_value(json_object_get(lease, "lease_id"));
    snprintf(body, sizeof body, "{\"leases\": [\"%s\", \"no-such-lease\"]}", lease_id);
    node_call(x, &n, "PUT", "/api/v1/nodes/one/heartbeat", body);
    expect(x, 200, NULL);
    assert_int_equal(json_array_size(json_object_get(x->json, "cancelled_leases")), 1);
    assert_int_equal(num(x, "active_tasks"), 1);
    callf(x, alice.key, "POST", NULL, "/api/v1/tasks/%s/cancel", id);
    expect(x, 200, NULL);
    assert_string_equal(str(x, "status"), "cancelled");
    node_call(x, &n, "PUT", "/api/v1/nodes/one/heartbeat", body);
    assert_int_equal(json_array_size(json_object_get(x->json, "cancelled_leases")), 2);
    json_decref(lease);
    free(id);
}

static char *watch_body(json_t *lease, int wait_ms)
{
    char *text = malloc(200);

    snprintf(text, 200, "{\"wait_ms\": %d, \"leases\": [\"%s\"]}", wait_ms,
             json_string_value(json_object_get(lease, "lease_id")));
    return text;
}

static void *watch_main(void *arg)
{
    struct poll *p = arg;
    struct tester *mine = tester_new(t);
    int64_t start = clock_mono_ns();
    char *body = watch_body(p->lease, 20000);

    p->status = node_call(mine, &p->node, "POST", "/api/v1/nodes/one/watch", body);
    p->took_ms = (clock_mono_ns() - start) / 1000000;
    json_decref(p->lease);
    p->lease = json_incref(json_object_get(mine->json, "cancelled_leases"));
    free(body);
    tester_free(mine);
    return NULL;
}

static void a_watch_ends_when_the_lease_does(void **state)
{
    static struct poll w;
    char *id, *body;

    (void)state;
    node_make(&w.node, x, &bob, "one");
    node_heartbeat(x, &w.node);
    id = task_make(x, &alice, "");
    w.lease = node_lease(x, &w.node, 0);
    body = watch_body(w.lease, 100);
    node_call(x, &w.node, "POST", "/api/v1/nodes/one/watch", body); /* it lives: time is up */
    expect(x, 200, NULL);
    assert_int_equal(json_array_size(json_object_get(x->json, "cancelled_leases")), 0);
    pthread_create(&w.thread, NULL, watch_main, &w);
    clock_sleep_ms(100);
    callf(x, alice.key, "POST", NULL, "/api/v1/tasks/%s/cancel", id);
    expect(x, 200, NULL);
    pthread_join(w.thread, NULL);
    assert_int_equal(w.status, 200);
    assert_int_equal(json_array_size(w.lease), 1);
    assert_true(w.took_ms < 10000);
    node_call(x, &w.node, "POST", "/api/v1/nodes/one/watch",
              body); /* and at once when it is over */
    assert_int_equal(json_array_size(json_object_get(x->json, "cancelled_leases")), 1);
    node_call(x, &w.node, "POST", "/api/v1/nodes/two/watch", body);
    expect(x, 404, "not_found");
    json_decref(w.lease);
    free(body);
    free(id);
}

static void a_leaving_node_hands_on_what_it_has_not_begun(void **state)
{
    struct node n1, n2;
    json_t *lease;
    char *id;

    (void)state;
    node_make(&n1, x, &bob, "one");
    node_heartbeat(x, &n1);
    id = task_make(x, &alice, ""); /* assigned to one, not yet taken */
    node_make(&n2, x, &carol, "two");
    node_heartbeat(x, &n2);
    node_call(x, &n1, "PUT", "/api/v1/nodes/one/heartbeat", "{\"leaving\": true, \"leases\": []}");
    expect(x, 200, NULL);
    assert_int_equal(num(x, "active_tasks"), 0);
    lease = node_lease(x, &n2, 2000);
    assert_non_null(lease);
    assert_string_equal(json_string_value(json_object_get(lease, "task_id")), id);
    node_call(x, &n1, "PUT", "/api/v1/nodes/one/heartbeat", "{\"leaving\": 1}");
    expect(x, 400, "bad_request");
    json_decref(lease);
    free(id);
}

static void a_lost_reply_gives_the_same_lease_again(void **state)
{
    struct node n;
    json_t *lease;
    char id[64];

    (void)state;
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    free(task_make(x, &alice, ""));
    lease = node_lease(x, &n, 0);
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(lease, "lease_id")));
    node_call(x, &n, "POST", "/api/v1/nodes/one/lease", "{\"held\": []}");
    expect(x, 200, NULL);
    assert_string_equal(str(x, "lease_id"), id);
    json_decref(lease);
}

static void the_same_result_twice_gets_the_same_answer(void **state)
{
    struct node n;
    json_t *lease;

    (void)state;
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    free(task_make(x, &alice, "\"budget\": 10, "));
    lease = node_lease(x, &n, 0);
    assert_int_equal(node_deliver(x, &n, lease, "seven"), 200);
    assert_int_equal(node_deliver(x, &n, lease, "seven"), 200);
    assert_string_equal(str(x, "verdict"), "accepted");
    node_deliver(x, &n, lease, "eight");
    expect(x, 409, "conflict");
    assert_int_equal(balance(&bob), 10);
    json_decref(lease);
}

static void a_restart_forgets_nothing(void **state)
{
    struct node n;
    json_t *lease;
    char *id;

    (void)state;
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    id = task_make(x, &alice, "\"budget\": 10, ");
    lease = node_lease(x, &n, 0);
    api_test_restart(t);
    x = t->main;
    assert_int_equal(node_deliver(x, &n, lease, "seven"), 200);
    callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s", id);
    assert_string_equal(str(x, "status"), "completed");
    assert_int_equal(balance(&bob), 10);
    json_decref(lease);
    free(id);
}

static void a_stopping_server_answers_its_polls(void **state)
{
    static struct poll node;
    int64_t start;

    (void)state;
    node_make(&node.node, x, &bob, "one");
    node_heartbeat(x, &node.node);
    pthread_create(&node.thread, NULL, lease_main, &node);
    clock_sleep_ms(200);
    start = clock_mono_ns();
    api_test_restart(t);
    x = t->main;
    assert_true(clock_mono_ns() - start < 2500000000);
    pthread_join(node.thread, NULL);
    assert_int_equal(node.status, 204);
}

static void keys_are_made_used_and_revoked(void **state)
{
    char key[48], id[37], path[128];

    (void)state;
    call(x, alice.key, "POST", "/api/v1/account/api-keys",
         "{\"name\": \"reader\", \"scopes\": [\"tasks:read\"]}");
    expect(x, 201, NULL);
    snprintf(key, sizeof key, "%s", str(x, "api_key"));
    snprintf(id, sizeof id, "%s", str(x, "key_id"));
    call(x, key, "GET", "/api/v1/tasks", NULL);
    expect(x, 200, NULL);
    call(x, key, "GET", "/api/v1/nodes", NULL);
    expect(x, 403, "forbidden");
    call(x, key, "POST", "/api/v1/account/api-keys", "{\"scopes\": [\"tasks:write\"]}");
    expect(x, 403, "forbidden");
    call(x, alice.key, "GET", "/api/v1/account/api-keys", NULL);
    expect(x, 200, NULL);
    assert_int_equal(json_array_size(x->json), 2);
    snprintf(path, sizeof path, "/api/v1/account/api-keys/%s", id);
    call(x, bob.key, "DELETE", path, NULL);
    expect(x, 404, "not_found");
    call(x, alice.key, "DELETE", path, NULL);
    expect(x, 200, NULL);
    call(x, key, "GET", "/api/v1/tasks", NULL);
    expect(x, 401, "unauthorized");
}

static void lists_come_in_pages(void **state)
{
    char next[64], seen[5][64];
    int i, n = 0;

    (void)state;
    for (i = 0; i < 5; i++)
        free(task_make(x, &alice, ""));
    call(x, alice.key, "GET", "/api/v1/tasks?limit=2&status=pending", NULL);
    while (true) {
        json_t *task;
        size_t k;

        expect(x, 200, NULL);
        json_array_foreach(x->json, k, task) snprintf(
            seen[n++], sizeof seen[0], "%s", json_string_value(json_object_get(task, "task_id")));
        if (!http_reply_header(&x->reply, "x-next-before", next, sizeof next))
            break;
        callf(x, alice.key, "GET", NULL, "/api/v1/tasks?limit=2&status=pending&before=%s", next);
    }
    assert_int_equal(n, 5);
    for (i = 1; i < 5; i++)
        assert_string_not_equal(seen[i], seen[i - 1]);
    call(x, bob.key, "GET", "/api/v1/tasks", NULL);
    assert_int_equal(json_array_size(x->json), 0);
}

static void nodes_are_listed_rejected_deleted_and_revived(void **state)
{
    struct node n, m;

    (void)state;
    node_make(&n, x, &bob, "one");
    node_make(&m, x, &carol, "two");
    node_heartbeat(x, &n);
    call(x, alice.key, "GET", "/api/v1/nodes?limit=1", NULL);
    expect(x, 200, NULL);
    assert_int_equal(json_array_size(x->json), 1);
    call(x, bob.key, "GET", "/api/v1/nodes?owner=me", NULL);
    assert_int_equal(json_array_size(x->json), 1);
    call(x, bob.key, "GET", "/api/v1/nodes/one/heartbeat/activity", NULL);
    expect(x, 200, NULL);
    call(x, bob.key, "PUT", "/api/v1/nodes/one/heartbeat", NULL);
    expect(x, 200, NULL);
    call(x, carol.key, "PUT", "/api/v1/nodes/one/heartbeat", NULL);
    expect(x, 404, "not_found");
    call(x, carol.key, "POST", "/api/v1/nodes/two/reject", NULL);
    expect(x, 200, NULL);
    call(x, alice.key, "GET", "/api/v1/nodes", NULL);
    assert_int_equal(json_array_size(x->json), 1);
    call(x, alice.key, "DELETE", "/api/v1/nodes/one", NULL);
    expect(x, 404, "not_found");
    call(x, bob.key, "DELETE", "/api/v1/nodes/one", NULL);
    expect(x, 200, NULL);
    call(x, bob.key, "GET", "/api/v1/nodes/one", NULL);
    expect(x, 404, "not_found");
    node_heartbeat(x, &n);
    expect(x, 401, "unauthorized");
    node_make(&n, x, &bob, "one");
    assert_int_equal(node_heartbeat(x, &n), 200);
}

static void grants_happen_once_per_reference(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        callf(x, t->admin_key, "POST", "{\"amount\": 50, \"reference\": \"invoice 7\"}",
              "/api/v1/users/%s/grant", bob.id);
        expect(x, 200, NULL);
        assert_int_equal(num(x, "balance"), 50);
    }
    callf(x, alice.key, "POST", "{\"amount\": 50, \"reference\": \"x\"}", "/api/v1/users/%s/grant",
          alice.id);
    expect(x, 403, "forbidden");
}

static void metrics_have(const char *const series[], size_t n)
{
    size_t i;

    call(x, NULL, "GET", "/metrics", NULL);
    expect(x, 200, NULL);
    for (i = 0; i < n; i++)
        if (!strstr(buf_str(&x->reply.body), series[i]))
            fail_msg("no %s in the metrics:\n%s", series[i], buf_str(&x->reply.body));
}

static void the_metrics_tell_what_happened(void **state)
{
    static const char *const before[] = {
        "ambient_tasks{status=\"pending\"} 1\n",
        "ambient_nodes{state=\"registered\"} 0\n",
        "ambient_ledger_issued 1000\n",
        "ambient_queue_depth 1\n",
        "process_resident_memory_bytes ",
        "http_request_count{method=\"POST\",endpoint=\"/api/v1/tasks\",status=\"201\"} 1\n",
        "http_request_duration_bucket{method=\"POST\",endpoint=\"/api/v1/tasks\",le=\"+Inf\"} 1\n",
        "http_errors{method=\"other\",endpoint=\"unmatched\",status=\"404\"} 1\n"};
    static const char *const after[] = {"ambient_tasks{status=\"completed\"} 1\n",
                                        "ambient_nodes{state=\"registered\"} 1\n",
                                        "ambient_queue_depth 0\n",
                                        "ambient_results 1\n",
                                        "ambient_leases_expired 0\n",
                                        "ambient_placements 1\n"};
    struct node n;
    json_t *lease;

    (void)state;
    free(task_make(x, &alice, "\"budget\": 3, "));
    call(x, NULL, "GET", "/nowhere", NULL);
    metrics_have(before, sizeof before / sizeof before[0]);
    node_make(&n, x, &bob, "one");
    node_heartbeat(x, &n);
    lease = node_lease(x, &n, 1000);
    assert_int_equal(node_deliver(x, &n, lease, "x"), 200);
    json_decref(lease);
    metrics_have(after, sizeof after / sizeof after[0]);
    call_with(x, NULL, "GET", "/metrics", NULL, "X-Forwarded-For", "192.0.2.1");
    expect(x, 401, "unauthorized");
    call_with(x, alice.key, "GET", "/metrics", NULL, "X-Forwarded-For", "192.0.2.1");
    expect(x, 403, "forbidden");
    call_with(x, t->admin_key, "GET", "/metrics", NULL, "X-Forwarded-For", "192.0.2.1");
    expect(x, 200, NULL);
}

static void the_server_tells_about_itself(void **state)
{
    struct node n;

    (void)state;
    free(task_make(x, &alice, "\"budget\": 3, "));
    node_make(&n, x, &bob, "one");
    call(x, alice.key, "GET", "/api/v1/cluster/stats", NULL);
    expect(x, 200, NULL);
    assert_int_equal(num(x, "total_tasks"), 1);
    call(x, NULL, "GET", "/api/v1/health", NULL);
    expect(x, 200, NULL);
    call(x, NULL, "GET", "/api/v1/ready", NULL);
    expect(x, 200, NULL);
    call(x, NULL, "GET", "/api-docs/openapi.json", NULL);
    expect(x, 200, NULL);
    assert_true(json_equal(x->json, t->openapi));
    call(x, alice.key, "GET", "/api/v1/auth/api-key/validate", NULL);
    expect(x, 200, NULL);
    call(x, alice.key, "GET", "/api/v1/probe?bytes=100001", NULL);
    expect(x, 200, NULL);
    assert_int_equal(x->reply.body.len, 100001);
    node_call_bytes(x, &n, "POST", "/api/v1/probe", "abcdef", 6);
    expect(x, 200, NULL);
    assert_int_equal(num(x, "bytes"), 6);
}

/* ---- the whole way, timed ---- */

struct worker {
    pthread_t thread;
    struct node node;
    atomic_bool stop;
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct tester *mine = tester_new(t);

    while (!atomic_load(&w->stop)) {
        json_t *lease = node_lease(mine, &w->node, 300);

        if (lease)
            node_deliver(mine, &w->node, lease, "seven");
        json_decref(lease);
    }
    tester_free(mine);
    return NULL;
}

static int compare_ms(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;

    return d < 0 ? -1 : d > 0;
}

/* The median, since this machine may be busy with other tests. */
static void a_round_trip_takes_less_than_20_ms(void **state)
{
    enum { N = 40 };
    static struct worker w;
    double ms[N];
    char *id;
    int i;

    (void)state;
    atomic_store(&w.stop, false);
    node_make(&w.node, x, &bob, "one");
    node_heartbeat(x, &w.node);
    t->unchecked = true;
    free(task_make(x, &alice, "")); /* uploads the module */
    pthread_create(&w.thread, NULL, worker_main, &w);
    clock_sleep_ms(50);
    for (i = 0; i < N; i++) {
        char *body = submission(module_put(x, &alice, module_f, module_f_bytes), "");
        int64_t start = clock_mono_ns();

        call(x, alice.key, "POST", "/api/v1/tasks", body);
        expect(x, 201, NULL);
        id = strdup(str(x, "task_id"));
        callf(x, alice.key, "GET", NULL, "/api/v1/tasks/%s?wait_ms=20000", id);
        ms[i] = (double)(clock_mono_ns() - start) * 1e-6;
        assert_string_equal(str(x, "status"), "completed");
        free(id);
        free(body);
    }
    atomic_store(&w.stop, true);
    pthread_join(w.thread, NULL);
    qsort(ms, N, sizeof ms[0], compare_ms);
#ifndef VCP_SANITIZED
    assert_true(ms[N / 2] < 20);
#endif
}

/* 20 MB up and down again: through the spool, the store and sendfile. */
static void large_blobs_pass_whole(void **state)
{
    size_t n = 20u << 20, i;
    unsigned char *bytes = malloc(n);
    char path[128], hex[SHA3_256_HEX_BYTES];
    uint8_t digest[SHA3_256_BYTES];

    (void)state;
    for (i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 11);
    sha3_256(digest, bytes, n);
    hex_encode(hex, digest, sizeof digest);
    snprintf(path, sizeof path, "/api/v1/blobs/%s", hex);
    call_bytes(x, alice.key, "PUT", path, bytes, n);
    expect(x, 201, NULL);
    assert_int_equal(num(x, "size_bytes"), n);
    call(x, alice.key, "GET", path, NULL);
    expect(x, 200, NULL);
    assert_int_equal(x->reply.body.len, n);
    assert_memory_equal(x->reply.body.data, bytes, n);
    call(x, bob.key, "GET", path, NULL);
    expect(x, 404, "not_found");
    call_raw(x, "HEAD", path, NULL, NULL, 0, (struct http_header[]){{"X-API-Key", alice.key}}, 1);
    assert_int_equal(x->status, 200);
    assert_int_equal(x->reply.body.len, 0);
    free(bytes);
}

/* A second server on the same folder would decide on stale knowledge. */
static void two_servers_do_not_share_a_folder(void **state)
{
    struct api_server *second = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(api_server_start(&second, &t->config, &err), VCP_EBUSY);
    assert_null(second);
    assert_non_null(strstr(err.msg, "another server"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_task_is_run_settled_and_told),
        T(replicas_agree_and_the_liar_is_caught),
        T(an_idempotency_key_submits_once),
        T(inline_module_and_input_are_stored),
        T(a_large_output_goes_by_blob),
        T(downloads_can_be_resumed),
        T(a_server_without_keys_says_so),
        T(polls_are_answered_when_something_happens),
        T(an_idle_poll_ends_with_204),
        T(an_expired_lease_is_placed_again_and_its_result_is_late),
        T(a_heartbeat_renews_leases_and_names_the_lost),
        T(a_watch_ends_when_the_lease_does),
        T(a_leaving_node_hands_on_what_it_has_not_begun),
        T(a_lost_reply_gives_the_same_lease_again),
        T(the_same_result_twice_gets_the_same_answer),
        T(a_restart_forgets_nothing),
        T(a_stopping_server_answers_its_polls),
        T(keys_are_made_used_and_revoked),
        T(lists_come_in_pages),
        T(nodes_are_listed_rejected_deleted_and_revived),
        T(grants_happen_once_per_reference),
        T(the_metrics_tell_what_happened),
        T(the_server_tells_about_itself),
        T(a_round_trip_takes_less_than_20_ms),
        T(large_blobs_pass_whole),
        T(two_servers_do_not_share_a_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
