/* placement.c - what a placement costs as nodes and queue grow.
 *
 * bench_placement [max_nodes]: for 100, 1000, 10000 ... nodes and as many queued
 * tasks, the time of a submission that is placed, of a heartbeat beside the queue,
 * and of a result that lets its node take the next task; and how many nodes or
 * tasks each looked at.  The store is on disk with synchronous=NORMAL, so that the
 * disk's flush does not hide what grows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "coord/coord.h"
#include "store/blobs.h"
#include "store/users.h"

#define ROUNDS 300

static struct err err;

static void must(int rc, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, err.msg);
    exit(1);
}

struct bench {
    struct store *s;
    struct coord *c;
    struct store_blob module;
    char path[64];
};

static struct sign_key key_of(const char *id)
{
    struct sign_key k;
    uint8_t seed[32];

    sha3_256(seed, id, strlen(id));
    crypto_sign_seed_keypair(k.public_key, k.secret_key, seed);
    return k;
}

static void add_user(struct bench *b, const char *id)
{
    struct store_user u = {id, id, "user", 1, 0};
    struct store_tx *tx;

    must(store_begin_write(b->s, &tx, &err), "begin");
    must(store_user_insert(tx, &u, &err), "user");
    must(store_commit(tx, &err), "commit");
}

static void add_node(struct bench *b, unsigned i, struct prng *r)
{
    static const char *const types[] = {"compute", "compute", "compute", "any", "storage"};
    char id[32], owner[32];
    struct telemetry t;

    snprintf(id, sizeof id, "n%u", i);
    snprintf(owner, sizeof owner, "o%u", i % 97);
    struct sign_key k = key_of(id);
    struct coord_node_reg reg = {.node_id = id,
                                 .region = "eu",
                                 .node_type = types[prng_below(r, 5)],
                                 .bandwidth_mbps = (double)(10 + prng_below(r, 990)),
                                 .memory_gb = (double)(1 + prng_below(r, 64)),
                                 .cpu_cores = (uint32_t)(1 + prng_below(r, 64))};
    memcpy(reg.public_key, k.public_key, sizeof reg.public_key);
    must(coord_node_register(b->c, owner, &reg, &err), "register");
    telemetry_init(&t);
    t.bandwidth_mbps = reg.bandwidth_mbps;
    t.avg_latency_ms = (double)(1 + prng_below(r, 99));
    t.cpu_usage_percent = (double)prng_below(r, 100);
    t.memory_usage_percent = 20;
    t.timestamp = 1;
    must(coord_node_heartbeat(b->c, NULL, id, &t, NULL, 0, NULL, NULL, &err), "heartbeat");
}

static void submit(struct bench *b, uint32_t cores, enum task_strategy st, const char *region,
                   struct coord_submitted *out)
{
    struct task_spec s = {.type = task_type_find("wasm_execution"),
                          .module_sha3 = b->module.sha3,
                          .replicas = 1,
                          .budget = 1,
                          .strategy = st};

    s.requirements = (struct task_requirements){.min_nodes = 1,
                                                .max_execution_time_sec = 60,
                                                .node_type = "compute",
                                                .cpu_cores_min = cores,
                                                .memory_gb_min = 8,
                                                .bandwidth_mbps_min = 100,
                                                .region = region};
    s.limits = (struct task_limits){64 << 20, 30000, 1000000, 1024, 1 << 20};
    must(coord_task_submit(b->c, "client", &s, NULL, out, &err), "submit");
}

static int64_t visits(struct bench *b)
{
    struct coord_stats st;

    must(coord_stats(b->c, &st, &err), "stats");
    return st.placement_visits;
}

static void report(const char *what, unsigned n, int64_t ns, int64_t seen, int rounds)
{
    printf("%7u nodes  %-34s %8.1f us  %7.1f looked at\n", n, what, (double)ns / 1e3 / rounds,
           (double)seen / rounds);
}

static void bench_strategy(struct bench *b, unsigned n, enum task_strategy st)
{
    int64_t seen = visits(b), start = clock_mono_ns();
    struct coord_submitted t[ROUNDS];

    for (int i = 0; i < ROUNDS; i++)
        submit(b, 4, st, NULL, &t[i]);
    int64_t ns = clock_mono_ns() - start;
    for (int i = 0; i < ROUNDS; i++) {
        if (t[i].status != STORE_TASK_RUNNING) {
            fprintf(stderr, "a task was not placed\n");
            exit(1);
        }
        must(coord_task_cancel(b->c, "client", t[i].task_id, &err), "cancel");
    }
    report(task_strategy_name(st), n, ns, visits(b) - seen, ROUNDS);
}

static void bench_heartbeats(struct bench *b, unsigned n)
{
    int64_t seen = visits(b), start = clock_mono_ns();
    char id[32];

    for (int i = 0; i < ROUNDS; i++) {
        snprintf(id, sizeof id, "n%u", (unsigned)i % n);
        must(coord_node_heartbeat(b->c, NULL, id, NULL, NULL, 0, NULL, NULL, &err), "heartbeat");
    }
    report("heartbeat beside a full queue", n, clock_mono_ns() - start, visits(b) - seen, ROUNDS);
}

static void deliver(struct bench *b, const char *id, const struct coord_lease *l)
{
    struct sign_key k = key_of(id);
    struct coord_result r = {
        .node_id = id, .task_id = l->task_id, .lease_id = l->lease_id, .outcome = {0}};
    struct sign_result m = {.task_id = l->task_id, .lease_id = l->lease_id, .node_id = id};
    struct coord_verdict v;
    struct task_spec spec;
    struct arena a;
    json_t *j;

    arena_init(&a, 0);
    must(json_parse(&j, l->spec, strlen(l->spec), &err), "spec");
    must(task_spec_parse(&spec, &a, j, &err), "spec");
    hex_decode(m.module_sha3, 32, spec.module_sha3);
    task_spec_inputs_digest(m.inputs_sha3, &spec.inputs, &spec.limits);
    outcome_digest(m.outcome_sha3, &r.outcome);
    sign_result(r.signature, &m, &k);
    json_decref(j);
    arena_release(&a);
    must(coord_result_submit(b->c, NULL, &r, &v, &err), "result");
}

/* A strong node eats the queue: lease, result, next. */
static void bench_queue(struct bench *b, unsigned n)
{
    struct coord_node_reg reg = {.node_id = "eater",
                                 .region = "eu",
                                 .node_type = "compute",
                                 .bandwidth_mbps = 1000,
                                 .memory_gb = 256,
                                 .cpu_cores = 200,
                                 .slots = 1};
    struct sign_key k = key_of("eater");
    struct coord_lease l;
    struct arena a;
    int64_t ns = 0, seen = visits(b);

    memcpy(reg.public_key, k.public_key, sizeof reg.public_key);
    must(coord_node_register(b->c, "o1", &reg, &err), "register");
    arena_init(&a, 0);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = clock_mono_ns();
        must(coord_lease_take(b->c, NULL, "eater", NULL, 0, &a, &l, &err), "lease");
        deliver(b, "eater", &l);
        ns += clock_mono_ns() - start;
        arena_clear(&a);
    }
    arena_release(&a);
    report("lease, signed result, next task", n, ns, visits(b) - seen, ROUNDS);
}

static void run(unsigned n)
{
    struct store_options fast = {.fast = true};
    struct coord_config config;
    struct coord_submitted t;
    struct bench b;
    struct prng r;
    char command[128];

    strcpy(b.path, "/tmp/vcp-bench-XXXXXX");
    if (!mkdtemp(b.path))
        exit(1);
    snprintf(command, sizeof command, "%s/vcp.db", b.path);
    must(store_open(&b.s, command, &fast, &err), "store");
    coord_config_default(&config);
    config.heartbeat_timeout_ms = INT32_MAX;
    must(coord_open(&b.c, b.s, &config, NULL, NULL, &err), "coordinator");
    add_user(&b, "client");
    must(store_blob_put(b.s, &b.module, "client", "module", 6, 0, 1, &err), "module");
    must(coord_grant(b.c, "client", 1000000000, "start", &err), "grant");
    for (unsigned i = 0; i < 97; i++) {
        snprintf(command, sizeof command, "o%u", i);
        add_user(&b, command);
    }
    prng_init(&r, n);
    int64_t start = clock_mono_ns();
    for (unsigned i = 0; i < n; i++)
        add_node(&b, i, &r);
    report("register and first heartbeat", n, clock_mono_ns() - start, 0, (int)n);
    for (int st = TASK_STRATEGY_WEIGHTED; st <= TASK_STRATEGY_LATENCY_AWARE; st++)
        bench_strategy(&b, n, (enum task_strategy)st);
    start = clock_mono_ns();
    for (unsigned i = 0; i < n; i++) /* more cores than any node has: they wait */
        submit(&b, 65 + i % 100, TASK_STRATEGY_DEFAULT, NULL, &t);
    report("submission that must wait", n, clock_mono_ns() - start, 0, (int)n);
    bench_heartbeats(&b, n);
    bench_strategy(&b, n, TASK_STRATEGY_WEIGHTED);
    bench_queue(&b, n < ROUNDS ? n : n);
    must(coord_check(b.c, &err), "check");
    coord_free(b.c);
    start = clock_mono_ns();
    must(coord_open(&b.c, b.s, &config, NULL, NULL, &err), "reopen");
    report("index rebuilt, per node and task", n, clock_mono_ns() - start, 0, (int)(2 * n));
    coord_free(b.c);
    store_free(b.s);
    snprintf(command, sizeof command, "rm -r %s", b.path);
    if (system(command) != 0)
        fprintf(stderr, "%s stays behind\n", b.path);
}

int main(int argc, char **argv)
{
    unsigned max = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;

    for (unsigned n = 400; n <= max; n *= 5)
        run(n);
    return 0;
}
