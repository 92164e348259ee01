/* A whole agent, with its real cage, against a server that misbehaves on request. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "node/agent.h"
#include "node/agent_state.h"
#include "node/fake_server.h"
#include "node/modules.h"
#include "node/worker.h"
#include "test.h"

static char dir[64], url[64];
static struct fake_server *fake;
static struct agent_config config;

/* An agent at work in a thread of its own. */
struct running {
    struct agent *agent;
    pthread_t thread;
    struct err err;
    int rc;
};

static void *run_agent(void *arg)
{
    struct running *r = arg;

    r->rc = agent_run(r->agent, &r->err);
    return NULL;
}

static void start(struct running *r)
{
    memset(r, 0, sizeof *r);
    assert_ok(agent_open(&r->agent, &config, &r->err), r->err);
    assert_int_equal(pthread_create(&r->thread, NULL, run_agent, r), 0);
}

static void stop(struct running *r, uint32_t grace_ms)
{
    agent_stop(r->agent, grace_ms);
    pthread_join(r->thread, NULL);
    agent_free(r->agent);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/ambient-agent-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    fake = fake_start(0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", fake_port(fake));
    agent_config_init(&config);
    config.server = url;
    config.api_key = FAKE_KEY;
    config.state_dir = dir;
    config.node_id = "tester";
    config.slots = 2;
    config.bandwidth_mbps = 100;
    config.heartbeat_ms = 200;
    config.safety.latency_max_ms = 60000; /* test machines are slow at times */
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    fake_stop(fake);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void lease_function(const char *id, const char *inputs, int timeout_ms)
{
    fake_lease(fake, id, funcs_module, sizeof funcs_module, inputs, timeout_ms);
}

static void expect_failure(const char *id, const char *kind)
{
    json_t *result = fake_result(fake, id);
    const char *reason;

    assert_non_null(result);
    assert_string_equal(json_string_value(json_object_get(result, "status")), "failed");
    reason = json_string_value(json_object_get(result, "reason"));
    if (strncmp(reason, kind, strlen(kind)) != 0)
        fail_msg("reason \"%s\" does not begin with %s", reason, kind);
    json_decref(result);
}

static void expect_values(const char *id, const char *values)
{
    json_t *result = fake_result(fake, id);

    assert_non_null(result);
    assert_string_equal(json_string_value(json_object_get(result, "status")), "completed");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(result, "outcome"), "values")), values);
    json_decref(result);
}

#define ADD "{\"entry\": \"add\", \"args\": [\"3\", \"4\"]}"

static void a_lease_becomes_a_signed_result(void **state)
{
    struct running r;
    struct fake_counts c;

    (void)state;
    start(&r);
    lease_function("one", ADD, 5000);
    expect_values("one", "i32:7");
    lease_function("two", ADD, 5000);
    expect_values("two", "i32:7");
    c = fake_counts(fake);
    assert_int_equal(c.bad_signatures, 0);
    assert_int_equal(c.module_gets, 1); /* the second came from the cache */
    assert_int_equal(c.leases_given, 2);
    stop(&r, 1000);
    assert_ok(r.rc, r.err);
}

static void standard_input_is_fetched_and_output_comes_back(void **state)
{
    struct running r;
    char hex[65], inputs[200];
    json_t *result;

    (void)state;
    fake_blob(fake, hex, "some input", 10);
    snprintf(inputs, sizeof inputs, "{\"stdin_sha3\": \"%s\", \"stdin_bytes\": 10}", hex);
    start(&r);
    fake_lease(fake, "echo", echo_module, sizeof echo_module, inputs, 5000);
    result = fake_result(fake, "echo");
    assert_string_equal(json_string_value(json_object_get(result, "output_base64")),
                        "c29tZSBpbnB1dA==");
    json_decref(result);
    stop(&r, 1000);
}

static void a_large_output_is_uploaded_first(void **state)
{
    static char input[300000];
    struct running r;
    char hex[65], inputs[200];
    json_t *result;

    (void)state;
    memset(input, 'q', sizeof input);
    fake_blob(fake, hex, input, sizeof input);
    snprintf(inputs, sizeof inputs, "{\"stdin_sha3\": \"%s\", \"stdin_bytes\": %zu}", hex,
             sizeof input);
    start(&r);
    fake_lease(fake, "large", echo_module, sizeof echo_module, inputs, 5000);
    result = fake_result(fake, "large");
    assert_null(json_object_get(result, "output_base64"));
    assert_int_equal(fake_uploaded_bytes(fake, hex), sizeof input);
    json_decref(result);
    stop(&r, 1000);
}

static void telemetry_is_read_and_sent(void **state)
{
    struct running r;
    json_t *t;

    (void)state;
    config.bandwidth_mbps = 0; /* measured, then registered again */
    start(&r);
    t = fake_telemetry(fake, 3);
    assert_non_null(t);
    assert_true(json_number_value(json_object_get(t, "memory_usage_percent")) > 0);
    assert_true(json_number_value(json_object_get(t, "avg_latency_ms")) > 0);
    assert_true(json_number_value(json_object_get(t, "download_bandwidth_mbps")) > 0);
    assert_true(json_number_value(json_object_get(t, "upload_bandwidth_mbps")) > 0);
    json_decref(t);
    assert_true(fake_counts(fake).registrations >= 2);
    assert_true(fake_counts(fake).bandwidth_mbps >= 10);
    stop(&r, 1000);
}

static void a_wrong_api_key_ends_the_agent(void **state)
{
    struct running r;

    (void)state;
    config.api_key = "vcp_wrong";
    start(&r);
    pthread_join(r.thread, NULL);
    assert_err(r.rc, VCP_EAUTH, r.err, "unknown API key");
    agent_free(r.agent);
}

static void a_cancelled_lease_is_dropped_and_the_slot_is_free_again(void **state)
{
    struct running r;

    (void)state;
    config.slots = 1;
    start(&r);
    lease_function("endless", "{\"entry\": \"spin\"}", 60000);
    while (fake_counts(fake).running == 0)
        clock_sleep_ms(10);
    fake_cancel(fake, "endless");
    lease_function("next", ADD, 5000);
    expect_values("next", "i32:7");
    assert_int_equal(fake_counts(fake).results, 1); /* nobody heard of the first one */
    stop(&r, 1000);
}

static void wait_for_leases(unsigned n)
{
    while (fake_counts(fake).leases_given < n)
        clock_sleep_ms(10);
}

/* Both leases run for longer than the watch takes to notice them; the second one joins a watch
 * that waits for the first. */
static void a_watch_hears_of_a_cancelled_lease_between_heartbeats(void **state)
{
    struct running r;
    int64_t began;

    (void)state;
    config.heartbeat_ms = 60000;
    start(&r);
    lease_function("first", "{\"entry\": \"spin\"}", 60000);
    wait_for_leases(1);
    clock_sleep_ms(800);
    lease_function("second", "{\"entry\": \"spin\"}", 60000);
    wait_for_leases(2);
    clock_sleep_ms(1200);
    began = clock_mono_ns();
    fake_cancel(fake, "second");
    lease_function("next", ADD, 5000);
    expect_values("next", "i32:7");
    assert_true(clock_mono_ns() - began < 5000000000ll);
    assert_true(fake_counts(fake).watches >= 1);
    stop(&r, 100);
    expect_failure("first", "shutdown: node stopping");
}

static void a_stopping_node_says_that_it_leaves(void **state)
{
    struct running r;

    (void)state;
    config.heartbeat_ms = 60000;
    start(&r);
    lease_function("one", ADD, 5000);
    expect_values("one", "i32:7");
    assert_int_equal(fake_counts(fake).leaving, 0);
    stop(&r, 1000);
    assert_ok(r.rc, r.err);
    assert_int_equal(fake_counts(fake).leaving, 1);
}

static void a_stopping_node_gives_its_lease_back(void **state)
{
    struct running r;
    int64_t began;

    (void)state;
    start(&r);
    lease_function("endless", "{\"entry\": \"spin\"}", 60000);
    while (fake_counts(fake).running == 0)
        clock_sleep_ms(10);
    began = clock_mono_ns();
    stop(&r, 100);
    assert_true(clock_mono_ns() - began < 5000000000ll);
    assert_ok(r.rc, r.err);
    expect_failure("endless", "shutdown: node stopping");
}

static void a_stopping_node_finishes_what_it_can(void **state)
{
    struct running r;

    (void)state;
    start(&r);
    lease_function("short", "{\"entry\": \"spin\"}", 700);
    while (fake_counts(fake).running == 0)
        clock_sleep_ms(10);
    stop(&r, 20000);
    expect_failure("short", "timeout: ");
}

static void a_killed_worker_is_reported(void **state)
{
    struct running r;
    struct fake_counts c;

    (void)state;
    config.slots = 1;
    start(&r);
    lease_function("victim", "{\"entry\": \"spin\"}", 60000);
    do {
        clock_sleep_ms(20);
        c = fake_counts(fake);
    } while (c.running == 0 || cage_worker_pid(r.agent->cage) < 0);
    clock_sleep_ms(100);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)cage_worker_pid(r.agent->cage)),
                     getpriority(PRIO_PROCESS, 0) + 5);
    assert_int_equal(kill(cage_worker_pid(r.agent->cage), SIGKILL), 0);
    expect_failure("victim", "worker_lost: the worker was killed by signal 9");
    lease_function("next", ADD, 5000);
    expect_values("next", "i32:7");
    stop(&r, 1000);
}

static void a_module_that_does_not_match_its_digest_never_runs(void **state)
{
    struct running r;

    (void)state;
    fake_spoil_modules(fake, true);
    start(&r);
    lease_function("spoilt", ADD, 5000);
    expect_failure("spoilt", "cannot_run: cannot fetch modules");
    stop(&r, 1000);
}

static void a_bad_entry_is_a_failure_of_the_task_here(void **state)
{
    struct running r;

    (void)state;
    start(&r);
    lease_function("bad", "{\"entry\": \"nothing\"}", 5000);
    expect_failure("bad", "cannot_run: refused: ");
    stop(&r, 1000);
}

static void a_trap_is_an_outcome(void **state)
{
    struct running r;
    json_t *result;

    (void)state;
    start(&r);
    lease_function("trap", "{\"entry\": \"trap\"}", 5000);
    result = fake_result(fake, "trap");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(result, "outcome"), "trap")),
        "unreachable");
    json_decref(result);
    stop(&r, 1000);
}

/* The node ends while the server takes no results; another process, the same state. */
static void a_result_survives_the_node(void **state)
{
    struct running r;
    int i;

    (void)state;
    fake_refuse_results(fake, true);
    start(&r);
    lease_function("late", ADD, 5000);
    for (i = 0; i < 500; i++) {
        char path[128];

        snprintf(path, sizeof path, "%s/journal/late.json", dir);
        if (access(path, F_OK) == 0)
            break;
        clock_sleep_ms(10);
    }
    assert_true(i < 500);
    stop(&r, 100);
    assert_int_equal(fake_counts(fake).results, 0);
    fake_refuse_results(fake, false);
    start(&r);
    expect_values("late", "i32:7");
    assert_int_equal(fake_counts(fake).leases_given, 1); /* it was not run again */
    stop(&r, 1000);
}

static void a_result_waits_for_the_server(void **state)
{
    struct running r;

    (void)state;
    fake_refuse_results(fake, true);
    start(&r);
    lease_function("late", ADD, 5000);
    while (fake_counts(fake).leases_given == 0)
        clock_sleep_ms(10);
    clock_sleep_ms(500);
    lease_function("other", ADD, 5000); /* the slot is not blocked by it */
    while (fake_counts(fake).leases_given < 2)
        clock_sleep_ms(10);
    fake_refuse_results(fake, false);
    expect_values("late", "i32:7");
    expect_values("other", "i32:7");
    stop(&r, 1000);
}

static void a_restarted_server_is_found_again(void **state)
{
    struct running r;
    unsigned port = fake_port(fake);

    (void)state;
    start(&r);
    lease_function("before", ADD, 5000);
    expect_values("before", "i32:7");
    fake_stop(fake);
    clock_sleep_ms(300);
    fake = fake_start(port); /* knows nothing of the node */
    lease_function("after", ADD, 5000);
    expect_values("after", "i32:7");
    stop(&r, 1000);
}

static void a_forgotten_node_registers_again(void **state)
{
    struct running r;

    (void)state;
    start(&r);
    lease_function("before", ADD, 5000);
    expect_values("before", "i32:7");
    fake_forget_node(fake);
    lease_function("after", ADD, 5000);
    expect_values("after", "i32:7");
    assert_true(fake_counts(fake).registrations >= 2);
    stop(&r, 1000);
}

static void a_node_in_safe_mode_takes_nothing(void **state)
{
    struct agent_stats stats;
    struct running r;
    json_t *t;

    (void)state;
    config.safety.latency_max_ms = 0;
    start(&r);
    t = fake_telemetry(fake, 1);
    json_decref(t);
    clock_sleep_ms(300);
    lease_function("waiting", ADD, 5000);
    clock_sleep_ms(700);
    agent_stats_read(r.agent, &stats);
    assert_true(stats.safe_mode);
    /* The poll that was open when the mode began may bring one; the slots take no further. */
    assert_true(fake_counts(fake).leases_given <= 1);
    stop(&r, 1000);
}

static void a_dishonest_node_signs_what_it_falsified(void **state)
{
    struct running r;
    json_t *result;

    (void)state;
    config.dishonest = true;
    start(&r);
    lease_function("lie", ADD, 5000);
    result = fake_result(fake, "lie");
    assert_string_equal(json_string_value(json_object_get(result, "output_base64")), "BwABAA==");
    json_decref(result);
    stop(&r, 1000);
}

static void once_is_once(void **state)
{
    struct running r;

    (void)state;
    config.once = true;
    config.slots = 1;
    lease_function("one", ADD, 5000);
    lease_function("two", ADD, 5000);
    start(&r);
    pthread_join(r.thread, NULL);
    assert_ok(r.rc, r.err);
    assert_int_equal(fake_counts(fake).results, 1);
    agent_free(r.agent);
}

static void many_leases_run_side_by_side(void **state)
{
    struct running r;
    char id[16];
    int i;

    (void)state;
    config.slots = 4;
    for (i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "m%d", i);
        lease_function(id, ADD, 20000);
    }
    start(&r);
    for (i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "m%d", i);
        expect_values(id, "i32:7");
    }
    assert_int_equal(fake_counts(fake).leases_given, 40);
    assert_int_equal(fake_counts(fake).results, 40);
    stop(&r, 1000);
}

static void two_agents_do_not_share_a_state_folder(void **state)
{
    struct running r;
    struct agent *second = NULL;
    struct err err;

    (void)state;
    start(&r);
    assert_err(agent_open(&second, &config, &err), VCP_EBUSY, err, dir);
    stop(&r, 1000);
}

static void a_wrong_clock_is_named_as_the_cause(void **state)
{
    struct sign_key key;
    struct uplink *up;
    struct err err;
    json_t *body;

    (void)state;
    sign_key_new(&key);
    assert_ok(uplink_new(&up, url, NULL, &key, "tester", &err), err);
    body = identity_registration("tester", "r", "any", &(struct capabilities){100, 1, 1, false},
                                 &key);
    assert_ok(uplink_json_as_owner(up, FAKE_KEY, "POST", "/api/v1/nodes", body, NULL, &err), err);
    json_decref(body);
    assert_ok(uplink_json(up, "GET", "/api/v1/probe?bytes=0", NULL, 5000, NULL, &err), err);
    fake_set_clock(fake, 300000);
    assert_err(uplink_json(up, "GET", "/api/v1/probe?bytes=0", NULL, 5000, NULL, &err), VCP_EAUTH,
               err, "behind the server's");
    assert_true(uplink_clock_ahead_ms(up) < -290000);
    fake_set_clock(fake, -300000);
    assert_err(uplink_json(up, "GET", "/api/v1/probe?bytes=0", NULL, 5000, NULL, &err), VCP_EAUTH,
               err, "set the clock");
    fake_set_clock(fake, 0);
    sign_key_new(&key); /* not the key that was registered: the clock is not to blame */
    assert_err(uplink_json(up, "GET", "/api/v1/probe?bytes=0", NULL, 5000, NULL, &err), VCP_EAUTH,
               err, "bad signature");
    uplink_free(up);
}

#define WITH_FAKE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_FAKE(a_lease_becomes_a_signed_result),
        WITH_FAKE(standard_input_is_fetched_and_output_comes_back),
        WITH_FAKE(a_large_output_is_uploaded_first),
        WITH_FAKE(telemetry_is_read_and_sent),
        WITH_FAKE(a_wrong_api_key_ends_the_agent),
        WITH_FAKE(a_cancelled_lease_is_dropped_and_the_slot_is_free_again),
        WITH_FAKE(a_watch_hears_of_a_cancelled_lease_between_heartbeats),
        WITH_FAKE(a_stopping_node_says_that_it_leaves),
        WITH_FAKE(a_stopping_node_gives_its_lease_back),
        WITH_FAKE(a_stopping_node_finishes_what_it_can),
        WITH_FAKE(a_killed_worker_is_reported),
        WITH_FAKE(a_module_that_does_not_match_its_digest_never_runs),
        WITH_FAKE(a_bad_entry_is_a_failure_of_the_task_here),
        WITH_FAKE(a_trap_is_an_outcome),
        WITH_FAKE(a_result_survives_the_node),
        WITH_FAKE(a_result_waits_for_the_server),
        WITH_FAKE(a_restarted_server_is_found_again),
        WITH_FAKE(a_forgotten_node_registers_again),
        WITH_FAKE(a_node_in_safe_mode_takes_nothing),
        WITH_FAKE(a_dishonest_node_signs_what_it_falsified),
        WITH_FAKE(once_is_once),
        WITH_FAKE(many_leases_run_side_by_side),
        WITH_FAKE(a_wrong_clock_is_named_as_the_cause),
        WITH_FAKE(two_agents_do_not_share_a_state_folder),
    };

    if (argc > 1 && strcmp(argv[1], CAGE_WORKER_ARG) == 0)
        return worker_main();
    if (!getenv("VERBOSE"))
        log_set_level(LOG_LEVEL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
