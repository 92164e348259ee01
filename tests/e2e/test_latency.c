/* test_latency.c - how long a small task takes from submission to its settled result, with
 * real processes on loopback: client, server, node and caged worker. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cluster.h"

#define WARM_UP         10
#define ROUND           25
#define ROUNDS          4
#define TARGET_MS       20.0
#define SLACK_SANITIZED 20 /* sanitizers measure errors, not time */

static struct cluster cluster;
static char module_sha3[65];

static double round_trip_ms(void)
{
    json_t *body = json_pack("{s:s, s:s, s:{s:s, s:[s]}, s:{s:i, s:f, s:i}, s:i}", "task_type",
                             "wasm_execution", "module_sha3", module_sha3, "inputs", "entry", "fib",
                             "args", "10", "requirements", "min_cpu_cores", 1, "min_memory_gb",
                             0.25, "min_bandwidth_mbps", 0, "budget", 10);
    int64_t begun = clock_mono_ns();
    json_t *task = NULL;
    char path[96];

    assert_int_equal(
        cluster_call(&cluster, cluster.client_key, "POST", "/tasks", body, NULL, &task), 201);
    snprintf(path, sizeof path, "/tasks/%s?wait_ms=20000",
             json_string_value(json_object_get(task, "task_id")));
    json_decref(task);
    task = NULL;
    assert_int_equal(cluster_call(&cluster, cluster.client_key, "GET", path, NULL, NULL, &task),
                     200);
    assert_string_equal(json_string_value(json_object_get(task, "status")), "completed");
    json_decref(task);
    json_decref(body);
    return (double)(clock_mono_ns() - begun) / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median of one round; the best of the rounds counts, since the machine has others to
 * serve and a slow moment says nothing about the system. */
static void a_round_trip_takes_less_than_20_ms(void **state)
{
    double ms[ROUND], best = 1e9, slowest = 0;
    double limit = TARGET_MS;

    (void)state;
#ifdef VCP_SANITIZED
    limit *= SLACK_SANITIZED;
#endif
    for (int i = 0; i < WARM_UP; i++)
        round_trip_ms();
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < ROUND; i++)
            ms[i] = round_trip_ms();
        qsort(ms, ROUND, sizeof ms[0], by_value);
        if (ms[ROUND / 2] < best)
            best = ms[ROUND / 2];
        if (ms[ROUND - 1] > slowest)
            slowest = ms[ROUND - 1];
    }
    print_message("round trip: median %.1f ms in the best of %d rounds, slowest %.1f ms\n", best,
                  ROUNDS, slowest);
    assert_true(best < limit);
}

static int setup(void **state)
{
    (void)state;
    cluster_start(&cluster, "latency", 1000000);
    cluster_add_node(&cluster, "ann", false);
    cluster_upload(&cluster, "numbers.wasm", module_sha3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cluster_end(&cluster);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_round_trip_takes_less_than_20_ms)};
    int rc = cluster_main(argc, argv);

    if (rc)
        return rc;
    rc = cmocka_run_group_tests(tests, setup, teardown);
    if (rc == 0)
        cluster_remove(&cluster);
    return rc;
}
