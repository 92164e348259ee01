/* world.h - a coordinator on a virtual clock, with users, nodes that have keys, and a module. */
#ifndef TESTS_COORD_WORLD_H
#define TESTS_COORD_WORLD_H

#include <sodium.h>
#include <stdatomic.h>

#include "base/rng.h"
#include "coord/coord.h"
#include "store/blobs.h"
#include "store/fixture.h"
#include "store/ledger.h"

struct world {
    struct fixture f;
    struct coord *c;
    struct coord_config config;
    int64_t now_ms;
    struct store_blob module;
    atomic_uint n_ready, n_changed, n_ended, n_over; /* hooks called */
};

static inline int64_t world_now(void *arg)
{
    return ((struct world *)arg)->now_ms;
}

static inline void world_ready(void *arg, const char *node_id)
{
    (void)node_id;
    ((struct world *)arg)->n_ready++;
}

static inline void world_changed(void *arg, const char *task_id, bool ended)
{
    (void)task_id;
    ((struct world *)arg)->n_changed++;
    ((struct world *)arg)->n_ended += ended;
}

static inline void world_over(void *arg, const char *node_id)
{
    (void)node_id;
    ((struct world *)arg)->n_over++;
}

static inline void world_start(struct world *w)
{
    struct coord_clock clock = {world_now, w};
    struct coord_hooks hooks = {w, world_ready, world_changed, world_over};

    assert_ok(coord_open(&w->c, w->f.s, &w->config, &clock, &hooks, &w->f.e), w->f.e);
}

static inline void world_restart(struct world *w)
{
    coord_free(w->c);
    world_start(w);
}

static inline void world_open(struct world *w)
{
    memset(w, 0, sizeof *w);
    fixture_open(&w->f, true);
    w->now_ms = 1000000;
    coord_config_default(&w->config);
    fixture_user(&w->f, "client");
    assert_ok(store_blob_put(w->f.s, &w->module, "client", "module", 6, 0, 1, &w->f.e), w->f.e);
    world_start(w);
    assert_ok(coord_grant(w->c, "client", 10000, "start", &w->f.e), w->f.e);
}

static inline void world_close(struct world *w)
{
    coord_free(w->c);
    fixture_close(&w->f);
}

/* A key from a name, so that a restarted test has it again. */
static inline struct sign_key world_key(const char *node_id)
{
    struct sign_key k;
    uint8_t seed[32];

    sha3_256(seed, node_id, strlen(node_id));
    crypto_sign_seed_keypair(k.public_key, k.secret_key, seed);
    return k;
}

static inline struct coord_node_reg world_reg(const char *node_id)
{
    struct coord_node_reg r = {.node_id = node_id,
                               .region = "eu",
                               .node_type = "compute",
                               .bandwidth_mbps = 200,
                               .memory_gb = 16,
                               .cpu_cores = 8};
    struct sign_key k = world_key(node_id);

    memcpy(r.public_key, k.public_key, sizeof r.public_key);
    return r;
}

static inline struct telemetry world_sample(double mbps, double latency_ms, double cpu)
{
    struct telemetry t;

    telemetry_init(&t);
    t.bandwidth_mbps = mbps;
    t.avg_latency_ms = latency_ms;
    t.cpu_usage_percent = cpu;
    t.memory_usage_percent = 20;
    t.timestamp = 1;
    return t;
}

/* A registered node with a sample; its owner "o-<id>" is made when new. */
static inline void world_node(struct world *w, const char *node_id, double mbps)
{
    struct coord_node_reg r = world_reg(node_id);
    struct telemetry t = world_sample(mbps, 10, 10);
    char owner[80];

    snprintf(owner, sizeof owner, "o-%s", node_id);
    fixture_user(&w->f, owner);
    assert_ok(coord_node_register(w->c, owner, &r, &w->f.e), w->f.e);
    assert_ok(coord_node_heartbeat(w->c, NULL, node_id, &t, NULL, 0, NULL, NULL, &w->f.e), w->f.e);
}

/* The spec of a task for k nodes. */
static inline struct task_spec world_spec(struct world *w, uint32_t k, int64_t budget)
{
    struct task_spec s = {.type = task_type_find("wasm_execution"),
                          .module_sha3 = w->module.sha3,
                          .replicas = k,
                          .budget = budget,
                          .policy = k > 1 ? TASK_POLICY_REPLICATE : TASK_POLICY_NONE};

    s.requirements = (struct task_requirements){.min_nodes = k,
                                                .max_execution_time_sec = 60,
                                                .node_type = "compute",
                                                .cpu_cores_min = 4,
                                                .memory_gb_min = 8,
                                                .bandwidth_mbps_min = 100};
    s.limits = (struct task_limits){64 << 20, 30000, 1000000, 1024, 1 << 20};
    return s;
}

static inline int world_try_submit(struct world *w, const struct task_spec *s, const char *key,
                                   struct coord_submitted *out)
{
    return coord_task_submit(w->c, "client", s, key, out, &w->f.e);
}

static inline struct coord_submitted world_submit(struct world *w, uint32_t k, int64_t budget)
{
    struct task_spec s = world_spec(w, k, budget);
    struct coord_submitted out;

    assert_ok(world_try_submit(w, &s, NULL, &out), w->f.e);
    return out;
}

static inline int world_lease(struct world *w, const char *node_id, struct coord_lease *out)
{
    return coord_lease_take(w->c, NULL, node_id, NULL, 0, &w->f.a, out, &w->f.e);
}

/* An outcome that depends on `answer` alone. */
static inline struct outcome world_outcome(int answer)
{
    struct outcome o = {.status = OUTCOME_OK, .gas_used = 1000};

    snprintf(o.values, sizeof o.values, "i32:%d", answer);
    sha3_256(o.output_sha3, "", 0);
    sha3_256(o.error_sha3, "", 0);
    return o;
}

static inline void world_sign(struct world *w, struct coord_result *r, const struct coord_lease *l)
{
    struct sign_result m = {.task_id = r->task_id, .lease_id = r->lease_id, .node_id = r->node_id};
    struct sign_key k = world_key(r->node_id);
    uint8_t receipt[32];
    struct task_spec s;
    struct arena a;
    json_t *j;

    arena_init(&a, 0);
    assert_ok(json_parse(&j, l->spec, strlen(l->spec), &w->f.e), w->f.e);
    assert_ok(task_spec_parse(&s, &a, j, &w->f.e), w->f.e);
    hex_decode(m.module_sha3, 32, s.module_sha3);
    task_spec_inputs_digest(m.inputs_sha3, &s.inputs, &s.limits);
    outcome_digest(m.outcome_sha3, &r->outcome);
    if (r->receipt_sha3) {
        hex_decode(receipt, sizeof receipt, r->receipt_sha3);
        m.receipt_sha3 = receipt;
    }
    sign_result(r->signature, &m, &k);
    json_decref(j);
    arena_release(&a);
}

/* What an honest node would send for the lease. */
static inline struct coord_result world_result(const char *node_id, const struct coord_lease *l,
                                               const struct outcome *o, struct world *w)
{
    struct coord_result r = {.node_id = node_id,
                             .task_id = l->task_id,
                             .lease_id = l->lease_id,
                             .outcome = *o,
                             .execution_time_ms = 5};

    world_sign(w, &r, l);
    return r;
}

/* The same with a receipt, whatever its text says; stored as the API does. */
static inline int world_deliver_receipt(struct world *w, const char *node_id,
                                        const struct coord_lease *l, int answer,
                                        const char *receipt, struct coord_verdict *out)
{
    struct outcome o = world_outcome(answer);
    struct coord_result r = world_result(node_id, l, &o, w);
    struct store_blob blob;
    char owner[80];

    snprintf(owner, sizeof owner, "o-%s", node_id);
    assert_ok(store_blob_put_output(w->f.s, &blob, owner, receipt, strlen(receipt), 0, w->now_ms,
                                    &w->f.e),
              w->f.e);
    r.receipt = (const uint8_t *)receipt;
    r.receipt_bytes = strlen(receipt);
    r.receipt_sha3 = blob.sha3;
    r.prove_ms = 1234;
    world_sign(w, &r, l);
    return coord_result_submit(w->c, NULL, &r, out, &w->f.e);
}

static inline int world_deliver(struct world *w, const char *node_id, const struct coord_lease *l,
                                int answer, struct coord_verdict *out)
{
    struct outcome o = world_outcome(answer);
    struct coord_result r = world_result(node_id, l, &o, w);

    return coord_result_submit(w->c, NULL, &r, out, &w->f.e);
}

static inline struct store_task world_task(struct world *w, const char *task_id)
{
    struct store_tx *tx;
    struct store_task t;

    assert_ok(store_begin_read(w->f.s, &tx, &w->f.e), w->f.e);
    assert_ok(store_task_get(tx, &w->f.a, &t, task_id, &w->f.e), w->f.e);
    store_rollback(tx);
    return t;
}

static inline struct store_node world_node_row(struct world *w, const char *node_id)
{
    struct store_tx *tx;
    struct store_node n;

    assert_ok(store_begin_read(w->f.s, &tx, &w->f.e), w->f.e);
    assert_ok(store_node_get(tx, &w->f.a, &n, node_id, &w->f.e), w->f.e);
    store_rollback(tx);
    return n;
}

static inline int64_t world_balance(struct world *w, const char *account)
{
    struct store_tx *tx;
    int64_t v;

    assert_ok(store_begin_read(w->f.s, &tx, &w->f.e), w->f.e);
    assert_ok(ledger_balance(tx, &v, account, &w->f.e), w->f.e);
    store_rollback(tx);
    return v;
}

/* What must hold after every step. */
static inline void world_check(struct world *w)
{
    struct ledger_report r;
    struct store_tx *tx;

    assert_ok(coord_check(w->c, &w->f.e), w->f.e);
    assert_ok(store_begin_read(w->f.s, &tx, &w->f.e), w->f.e);
    assert_ok(ledger_check(tx, &r, &w->f.e), w->f.e);
    store_rollback(tx);
}

static inline void world_sweep(struct world *w, int64_t later_ms)
{
    w->now_ms += later_ms;
    assert_ok(coord_sweep(w->c, NULL, &w->f.e), w->f.e);
}

#endif
