/* test_chaos.c - kill -9 of server, nodes and workers at random points of a hundred tasks.
 *
 * Afterwards: every task reached an end, every completed one has the right answer,
 * no task cost more than its budget, every node of a task was paid at most once, the
 * ledger is whole and nothing is left in escrow.  The seed is printed; CHAOS_SEED=N
 * (and CHAOS_TASKS=N) repeats the sequence of decisions, though not their timing. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "cluster.h"

#define TASKS_MAX     1000
#define KILL_EVERY_MS 250 /* on average */
#define SETTLE_MS_MAX 120000
#define BUDGET        90
#define TASK_SECONDS  3 /* of a lease, before its grace */
#define PROOF_SECONDS 60

static struct cluster cluster;
static struct prng dice;
static char module_sha3[65];
static int n_tasks = 100;
static struct {
    char id[40];
    unsigned n; /* fib(n) was asked */
    int k;      /* replicas */
    const char *policy;
    const char *status;
} tasks[TASKS_MAX];
static unsigned kills[3]; /* of the server, of nodes, of workers */
static unsigned n_proven;

static unsigned fib(unsigned n)
{
    unsigned a = 0, b = 1;

    while (n--) {
        unsigned next = a + b;

        a = b;
        b = next;
    }
    return a;
}

/* Most are replicas or one node's word; some are proven, for real, some audited. */
static json_t *choose_policy(int i, int *seconds)
{
    *seconds = TASK_SECONDS;
    tasks[i].k = 1;
    tasks[i].n = 5 + (unsigned)prng_below(&dice, 31);
    tasks[i].policy = i % 12 == 4 ? "proof" : i % 12 == 8 ? "audit" : "none";
    if (strcmp(tasks[i].policy, "none") != 0) {
        tasks[i].n = 5 + (unsigned)prng_below(&dice, 4);
        *seconds = PROOF_SECONDS;
        return strcmp(tasks[i].policy, "proof") == 0
                   ? json_pack("{s:s}", "kind", "proof")
                   : json_pack("{s:s, s:f}", "kind", "audit", "p", 0.5);
    }
    tasks[i].k = prng_below(&dice, 3) ? 1 : 2;
    return tasks[i].k == 1 ? json_pack("{s:s}", "kind", "none")
                           : json_pack("{s:s, s:i}", "kind", "replicate", "k", 2);
}

/* The server may be down: the same key makes a repeated submission one task. */
static void submit(int i)
{
    char args[16], key[64];
    json_t *body, *task = NULL, *policy;
    int status = 0, seconds;

    policy = choose_policy(i, &seconds);
    snprintf(args, sizeof args, "%u", tasks[i].n);
    snprintf(key, sizeof key, "chaos-%d", i);
    body = json_pack("{s:s, s:s, s:{s:s, s:[s]}, s:{s:i, s:f, s:i, s:i}, s:o, s:i}", "task_type",
                     "wasm_execution", "module_sha3", module_sha3, "inputs", "entry", "fib", "args",
                     args, "requirements", "min_cpu_cores", 1, "min_memory_gb", 0.25,
                     "min_bandwidth_mbps", 0, "max_execution_time_sec", seconds, "policy", policy,
                     "budget", BUDGET);
    assert_non_null(body);
    for (int tries = 0; tries < 2000; tries++) {
        status = cluster_call(&cluster, cluster.client_key, "POST", "/tasks", body, key, &task);
        if (status == 201 || status == 200)
            break;
        if (status != 0 && status != 503)
            fail_msg("submitting gave %d: %s", status, buf_str(&cluster.reply.body));
        json_decref(task);
        task = NULL;
        clock_sleep_ms(10);
        if (cluster.server == 0)
            cluster_server_start(&cluster);
    }
    assert_true(status == 201 || status == 200);
    snprintf(tasks[i].id, sizeof tasks[i].id, "%s",
             json_string_value(json_object_get(task, "task_id")));
    json_decref(task);
    json_decref(body);
}

static void kill_something(void)
{
    int node = (int)prng_below(&dice, (uint64_t)cluster.n_nodes);

    switch (prng_below(&dice, 5)) {
    case 0:
        cluster_server_kill(&cluster);
        kills[0]++;
        clock_sleep_ms((int64_t)prng_below(&dice, 200));
        cluster_server_start(&cluster);
        break;
    case 1:
    case 2:
        cluster_node_kill(&cluster, node);
        kills[1]++;
        clock_sleep_ms((int64_t)prng_below(&dice, 100));
        cluster_node_start(&cluster, node);
        break;
    default: kills[2] += cluster_worker_kill(&cluster, node, prng_next(&dice)); break;
    }
}

static json_t *ended_task(const char *id)
{
    char path[96];
    json_t *task = NULL;
    const char *status;

    snprintf(path, sizeof path, "/tasks/%.36s?wait_ms=1000", id);
    if (cluster_call(&cluster, cluster.client_key, "GET", path, NULL, NULL, &task) != 200)
        fail_msg("task %s is gone: %s", id, buf_str(&cluster.reply.body));
    status = json_string_value(json_object_get(task, "status"));
    if (!strcmp(status, "completed") || !strcmp(status, "failed"))
        return task;
    json_decref(task);
    return NULL;
}

static json_t *wait_for_end(const char *id)
{
    int64_t begun = clock_mono_ns();
    json_t *task;

    while (!(task = ended_task(id)))
        if (clock_mono_ns() - begun > SETTLE_MS_MAX * 1000000ll) {
            char line[128];

            snprintf(line, sizeof line, "/tasks/%.36s/explain", id);
            cluster_call(&cluster, cluster.client_key, "GET", line, NULL, NULL, NULL);
            fail_msg("task %s never ends: %s\nlogs in %s", id, buf_str(&cluster.reply.body),
                     cluster.dir);
        }
    return task;
}

/* The answer is right and the money of this task adds up; returns what was paid. */
static int64_t check_task(int i, const json_t *task, unsigned *n_failed)
{
    const char *status = json_string_value(json_object_get(task, "status"));
    int64_t paid = json_integer_value(json_object_get(task, "paid"));
    int64_t refunded = json_integer_value(json_object_get(task, "refunded"));
    char want[32];

    assert_in_range(paid, 0, BUDGET);
    assert_int_equal(paid + refunded, BUDGET);
    if (!strcmp(status, "failed")) {
        print_message("task %s failed: %s\n", tasks[i].id,
                      json_string_value(json_object_get(task, "reason")));
        assert_int_equal(paid, 0);
        ++*n_failed;
        return 0;
    }
    snprintf(want, sizeof want, "i32:%u", fib(tasks[i].n));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(task, "result"), "values")), want);
    assert_true(paid > 0);
    if (strcmp(tasks[i].policy, "proof") == 0)
        assert_true(json_is_object(json_object_get(task, "receipt")));
    n_proven += json_is_object(json_object_get(task, "receipt"));
    return paid;
}

/* Runs of this task that were lost, as the coordinator counted them. */
static unsigned lost_runs(const char *id)
{
    char path[96];
    json_t *story = NULL;
    unsigned n;

    snprintf(path, sizeof path, "/tasks/%.36s/explain", id);
    assert_int_equal(cluster_call(&cluster, cluster.client_key, "GET", path, NULL, NULL, &story),
                     200);
    n = (unsigned)json_integer_value(json_object_get(story, "attempts"));
    json_decref(story);
    return n;
}

/* Sum of what the owners of the nodes have now. */
static int64_t earned(void)
{
    int64_t sum = 0;

    for (int i = 0; i < cluster.n_nodes; i++) {
        json_t *account = NULL;

        assert_int_equal(cluster_call(&cluster, cluster.nodes[i].owner_key, "GET", "/account", NULL,
                                      NULL, &account),
                         200);
        sum += json_integer_value(json_object_get(account, "balance"));
        json_decref(account);
    }
    return sum;
}

/* In the ledgers of the owners no (task, node) is paid twice. */
static void check_paid_once(int node)
{
    char path[64];
    json_t *list = NULL, *seen = json_object(), *e;
    long long before = 0;
    size_t i;

    do {
        snprintf(path, sizeof path, "/account/ledger?limit=100&before=%lld", before);
        if (!before)
            snprintf(path, sizeof path, "/account/ledger?limit=100");
        json_decref(list);
        list = NULL;
        assert_int_equal(
            cluster_call(&cluster, cluster.nodes[node].owner_key, "GET", path, NULL, NULL, &list),
            200);
        json_array_foreach(list, i, e)
        {
            const char *task = json_string_value(json_object_get(e, "task_id"));

            before = json_integer_value(json_object_get(e, "seq"));
            if (!task)
                continue;
            if (json_object_get(seen, task))
                fail_msg("%s was paid twice for task %s", cluster.nodes[node].name, task);
            json_object_set_new(seen, task, json_true());
        }
    } while (json_array_size(list) == 100);
    json_decref(list);
    json_decref(seen);
}

static void nothing_is_lost_and_nobody_paid_twice(void **state)
{
    unsigned n_failed = 0, n_lost = 0;
    int64_t paid = 0, begun = clock_mono_ns();

    (void)state;
    for (int i = 0; i < n_tasks; i++) {
        submit(i);
        clock_sleep_ms((int64_t)prng_below(&dice, 60));
        if (prng_below(&dice, KILL_EVERY_MS) < 100)
            kill_something();
    }
    if (!kills[0]) { /* whatever the dice say, each kind happens */
        cluster_server_kill(&cluster);
        cluster_server_start(&cluster);
        kills[0]++;
    }
    for (int i = 0; i < n_tasks; i++) {
        json_t *task = wait_for_end(tasks[i].id);

        paid += check_task(i, task, &n_failed);
        n_lost += lost_runs(tasks[i].id);
        json_decref(task);
    }
    for (int i = 0; i < cluster.n_nodes; i++)
        check_paid_once(i);
    assert_int_equal(earned(), paid);
    cluster_check_ledger(&cluster);
    print_message("%d tasks, %u failed, %u proven, %u runs lost; killed: server %u, nodes %u, "
                  "workers %u; %.1f s\n",
                  n_tasks, n_failed, n_proven, n_lost, kills[0], kills[1], kills[2],
                  (double)(clock_mono_ns() - begun) / 1e9);
    assert_true(kills[0] && kills[1] && kills[2]);
    assert_true(n_proven > 0);
    /* A kill may cost a task its attempts, but not as a rule. */
    assert_true(n_failed * 10 <= (unsigned)n_tasks);
}

static int setup(void **state)
{
    static const char *const owners[] = {"ann", "bob", "carol"};

    (void)state;
    cluster_start(&cluster, "chaos", 1000000);
    for (size_t i = 0; i < 3; i++)
        cluster_add_prover(&cluster, owners[i], NULL);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_nobody_paid_twice),
    };
    const char *seed = getenv("CHAOS_SEED"), *count = getenv("CHAOS_TASKS");
    unsigned long long s = seed ? strtoull(seed, NULL, 10) : (unsigned long long)clock_wall_ms();
    int rc = cluster_main(argc, argv);

    if (rc)
        return rc;
    if (count && atoi(count) > 0 && atoi(count) <= TASKS_MAX)
        n_tasks = atoi(count);
    printf("CHAOS_SEED=%llu\n", s);
    fflush(stdout);
    prng_init(&dice, s);
    rc = cmocka_run_group_tests(tests, setup, teardown);
    if (rc == 0)
        cluster_remove(&cluster);
    return rc;
}
