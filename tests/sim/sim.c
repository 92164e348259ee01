/* sim.c - see sim.h. */
#include "sim/sim.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "coord/fake_verifier.h"
#include "store/blobs.h"
#include "store/users.h"

/* ---- small things ---- */

static uint64_t below(struct sim *s, uint64_t n)
{
    return prng_below(&s->random, n);
}

static bool chance(struct sim *s, unsigned percent)
{
    return below(s, 100) < percent;
}

static int wrong(struct sim *s, const char *what)
{
    snprintf(s->said, sizeof s->said, "seed %llu step %llu: %s: %s", (unsigned long long)s->seed,
             (unsigned long long)s->n_steps, what, s->err.msg);
    return -1;
}

static int64_t sim_now(void *arg)
{
    return ((struct sim *)arg)->now_ms;
}

static uint64_t sim_random(void *arg)
{
    return prng_next(&((struct sim *)arg)->random);
}

static struct sign_key key_of(const char *node_id)
{
    struct sign_key k;
    uint8_t seed[32];

    sha3_256(seed, node_id, strlen(node_id));
    crypto_sign_seed_keypair(k.public_key, k.secret_key, seed);
    return k;
}

static void drop_lease(struct sim_lease *l)
{
    free(l->spec);
    memset(l, 0, sizeof *l);
}

static void forget(struct sim_node *n)
{
    while (n->n_held)
        drop_lease(&n->held[--n->n_held]);
}

/* ---- opening ---- */

static int add_user(struct sim *s, const char *id)
{
    struct store_user u = {id, id, "user", 1, 0};
    struct store_tx *tx;
    int rc = store_begin_write(s->store, &tx, &s->err);

    if (rc < 0)
        return rc;
    rc = store_user_insert(tx, &u, &s->err);
    if (rc == VCP_OK)
        return store_commit(tx, &s->err);
    store_rollback(tx);
    return rc == VCP_EEXIST ? VCP_OK : rc;
}

static int open_coordinator(struct sim *s)
{
    struct store_options fast = {.fast = true, .n_readers = 1};
    struct coord_clock clock = {sim_now, s};
    int rc = store_open(&s->store, s->path, &fast, &s->err);

    return rc < 0 ? rc : coord_open(&s->coord, s->store, &s->config, &clock, NULL, &s->err);
}

static int register_node(struct sim *s, struct sim_node *n)
{
    struct sign_key k = key_of(n->id);
    unsigned i = (unsigned)(n - s->nodes);
    struct coord_node_reg r = {.node_id = n->id,
                               .region = i % 3 ? "eu" : "us",
                               .node_type = i % 4 == 3 ? "any" : "compute",
                               .bandwidth_mbps = 50 + 50 * i,
                               .memory_gb = 4 + i,
                               .cpu_cores = 2 + i,
                               .slots = i % 5,
                               .keyset = n->proves ? FAKE_KEYSET : NULL};

    memcpy(r.public_key, k.public_key, sizeof r.public_key);
    return coord_node_register(s->coord, n->owner, &r, &s->err);
}

static int make_world(struct sim *s)
{
    struct store_blob b;
    int rc = add_user(s, "client");

    if (rc == VCP_OK)
        rc = store_blob_put(s->store, &b, "client", "module", 6, 0, 1, &s->err);
    if (rc == VCP_OK) {
        strcpy(s->module, b.sha3);
        rc = coord_grant(s->coord, "client", 100000, "start", &s->err);
    }
    for (unsigned i = 0; rc == VCP_OK && i < SIM_NODES; i++) {
        struct sim_node *n = &s->nodes[i];

        snprintf(n->id, sizeof n->id, "n%02u", i);
        snprintf(n->owner, sizeof n->owner, "o%u", i % 7); /* some own several */
        n->kind = i % 6 == 4 ? SIM_LIAR : i % 6 == 5 ? SIM_FLAKY : SIM_HONEST;
        n->up = true;
        n->proves = i % 3 != 2; /* honest, lying and flaky ones among them */
        rc = add_user(s, n->owner);
        if (rc == VCP_OK)
            rc = register_node(s, n);
    }
    return rc;
}

static void set_config(struct sim *s)
{
    coord_config_default(&s->config);
    s->config.node_tasks_max = 4;
    s->config.heartbeat_timeout_ms = 60000;
    s->config.removal_timeout_ms = 120000;
    s->config.ack_timeout_ms = 20000;
    s->config.backoff_ms = 2000;
    s->config.queue_timeout_ms = 1800000;
    s->config.attempts_max = 4;
    s->config.verifier = (struct coord_verifier){.check = fake_check, .keyset = FAKE_KEYSET};
    s->config.random = sim_random;
    s->config.random_arg = s;
}

int sim_open(struct sim *s, const char *path, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->path = path;
    s->seed = seed;
    s->now_ms = 1000000000;
    prng_init(&s->random, seed);
    set_config(s);
    int rc = open_coordinator(s);
    if (rc == VCP_OK)
        rc = make_world(s);
    return rc < 0 ? wrong(s, "opening") : 0;
}

void sim_close(struct sim *s)
{
    for (unsigned i = 0; i < SIM_NODES; i++) {
        forget(&s->nodes[i]);
        drop_lease(&s->nodes[i].sent);
    }
    coord_free(s->coord);
    store_free(s->store);
}

/* ---- what must hold ---- */

struct rule {
    const char *name, *sql; /* a query that finds what breaks it */
};

static const struct rule rules[] = {
    {"all accounts sum to zero",
     "SELECT s FROM (SELECT sum(balance) s FROM accounts) WHERE s <> 0"},
    {"each transfer sums to zero", "SELECT seq FROM postings GROUP BY seq HAVING sum(amount) <> 0"},
    {"balances are the sums of postings",
     "SELECT account FROM accounts a WHERE balance <> coalesce((SELECT sum(amount) FROM postings p"
     " WHERE p.account = a.account), 0)"},
    {"escrow is the budget while a task lives and nothing afterwards",
     "SELECT task_id FROM tasks t WHERE coalesce((SELECT balance FROM accounts WHERE account ="
     " 'escrow:' || task_id), 0) <> iif(completed_at IS NULL, budget, 0)"},
    {"nobody is paid twice or more than his share",
     "SELECT x.task_id FROM transfers x JOIN tasks t ON t.task_id = x.task_id JOIN postings p ON"
     " p.seq = x.seq AND p.amount > 0 WHERE x.kind = 'pay' GROUP BY x.task_id, x.node_id HAVING"
     " count(*) > 1 OR sum(p.amount) > iif(t.audit = 'proof', 2, 1) * (t.budget / t.shares)"},
    {"nobody is paid more than the budget", "SELECT task_id FROM tasks WHERE paid > budget"},
    {"paid is what was paid",
     "SELECT task_id FROM tasks t WHERE paid <> coalesce((SELECT sum(p.amount) FROM transfers x"
     " JOIN postings p ON p.seq = x.seq AND p.amount > 0 WHERE x.task_id = t.task_id AND x.kind ="
     " 'pay'), 0)"},
    {"only completed tasks pay", "SELECT task_id FROM tasks WHERE paid > 0 AND status <>"
                                 " 'completed'"},
    {"never over min_nodes",
     "SELECT t.task_id FROM tasks t JOIN task_assignments m ON m.task_id = t.task_id WHERE"
     " m.disconnected_at IS NULL GROUP BY t.task_id HAVING count(*) > t.min_nodes"},
    {"running is having enough nodes",
     "SELECT t.task_id FROM tasks t WHERE t.completed_at IS NULL AND (status = 'running') <>"
     " ((SELECT count(*) FROM task_assignments m WHERE m.task_id = t.task_id AND"
     "   m.disconnected_at IS NULL) >= min_nodes)"},
    {"never over the cap",
     "SELECT node_id FROM task_assignments WHERE disconnected_at IS NULL GROUP BY node_id HAVING"
     " count(*) > 4"},
    {"ended tasks have no active nodes",
     "SELECT t.task_id FROM tasks t JOIN task_assignments m ON m.task_id = t.task_id WHERE"
     " m.disconnected_at IS NULL AND t.completed_at IS NOT NULL"},
    {"replicas have different owners",
     "SELECT m.task_id FROM task_assignments m JOIN nodes n ON n.node_id = m.node_id JOIN tasks t"
     " ON t.task_id = m.task_id WHERE m.disconnected_at IS NULL AND t.min_nodes > 1 GROUP BY"
     " m.task_id, n.owner_id HAVING count(*) > 1"},
    {"a checked result is the right one",
     "SELECT task_id FROM tasks WHERE status = 'completed' AND (min_nodes > 1 OR audit = 'proof'"
     " OR spec LIKE '%\"kind\":\"proof\"%') AND result NOT LIKE '%i32:7\"%'"},
    {"a proven result has its receipt, and the client may read it",
     "SELECT t.task_id FROM tasks t WHERE status = 'completed' AND (audit = 'proof' OR spec LIKE"
     " '%\"kind\":\"proof\"%') AND NOT EXISTS (SELECT 1 FROM results r JOIN task_blobs b ON b.sha3"
     " = r.receipt_sha3 AND b.task_id = r.task_id AND b.role = 'receipt' WHERE r.task_id ="
     " t.task_id AND r.verdict = 'accepted')"},
    {"a result is paid with its audit drawn and answered, or not drawn",
     "SELECT t.task_id FROM tasks t WHERE status = 'completed' AND audit = 'rerun' AND (SELECT"
     " count(*) FROM results r WHERE r.task_id = t.task_id AND r.verdict = 'accepted') <> 2"},
    {"whose receipt was false is out of the task for good",
     "SELECT m.task_id FROM task_assignments m JOIN results r ON r.task_id = m.task_id AND"
     " r.node_id = m.node_id WHERE r.verdict = 'rejected' AND m.disconnected_at IS NULL AND NOT"
     " EXISTS (SELECT 1 FROM tasks t WHERE t.task_id = m.task_id AND t.completed_at IS NOT NULL)"},
    {"who disagreed has a dispute and no pay",
     "SELECT r.task_id FROM results r WHERE verdict = 'rejected' AND (paid <> 0 OR NOT EXISTS"
     " (SELECT 1 FROM disputes d WHERE d.task_id = r.task_id AND d.node_id = r.node_id))"},
    {"what counts was accepted and paid alike",
     "SELECT r.task_id FROM results r JOIN tasks t ON t.task_id = r.task_id WHERE r.verdict ="
     " 'accepted' AND (t.status <> 'completed' OR r.paid <> iif(t.audit = 'proof', 2, 1) *"
     " (t.budget / t.shares))"},
    {"no verdict is open on an ended task",
     "SELECT r.task_id FROM results r JOIN tasks t ON t.task_id = r.task_id WHERE r.verdict ="
     " 'pending' AND t.completed_at IS NOT NULL"},
    {"work is with nodes that are there",
     "SELECT m.task_id FROM task_assignments m JOIN nodes n ON n.node_id = m.node_id WHERE"
     " m.disconnected_at IS NULL AND m.execution_status <> 'completed' AND (n.status <> 'online'"
     " OR n.deleted_at IS NOT NULL)"},
};

static int check_rule(struct sim *s, sqlite3 *db, const struct rule *r)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, r->sql, -1, &st, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        err_set(&s->err, VCP_EVERIFY, "broken for %s", (const char *)sqlite3_column_text(st, 0));
    else if (rc != SQLITE_DONE)
        err_set(&s->err, VCP_EIO, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? 0 : wrong(s, r->name);
}

int sim_check(struct sim *s)
{
    sqlite3 *db;
    int rc = 0;

    if (sqlite3_open(s->path, &db) != SQLITE_OK)
        rc = wrong(s, "opening the database to check it");
    for (size_t i = 0; rc == 0 && i < sizeof rules / sizeof rules[0]; i++)
        rc = check_rule(s, db, &rules[i]);
    sqlite3_close(db);
    if (rc == 0 && coord_check(s->coord, &s->err) < 0)
        rc = wrong(s, "index and store");
    return rc;
}

/* ---- events ---- */

/* What the network and the disk may do to any call; all else is a bug. */
static int tolerate(struct sim *s, int rc, const char *what)
{
    switch (rc) {
    case VCP_OK:
    case VCP_EBUSY:
    case VCP_ESTATE:
    case VCP_ENOTFOUND:
    case VCP_EFUNDS:
    case VCP_EAUTH: return 0;
    case VCP_EIO: s->n_failed_io++; return strstr(s->err.msg, "injected") ? 0 : wrong(s, what);
    default: return wrong(s, what);
    }
}

static enum task_policy_kind some_policy(struct sim *s)
{
    uint64_t e = below(s, 100);

    return e < 25   ? TASK_POLICY_NONE
           : e < 50 ? TASK_POLICY_REPLICATE
           : e < 75 ? TASK_POLICY_PROOF
                    : TASK_POLICY_AUDIT;
}

static int submit(struct sim *s)
{
    enum task_policy_kind policy = some_policy(s);
    uint32_t k = policy == TASK_POLICY_REPLICATE ? 2 + (uint32_t)below(s, 3) : 1;
    struct task_spec spec = {.type = task_type_find("wasm_execution"),
                             .module_sha3 = s->module,
                             .replicas = k,
                             .budget = (int64_t)below(s, 200),
                             .strategy = (enum task_strategy)below(s, 5),
                             .policy = policy,
                             .audit_p = policy == TASK_POLICY_AUDIT ? 0.3 : 0};
    struct coord_submitted out;
    char *key = s->keys[below(s, 8)];

    spec.requirements = (struct task_requirements){.min_nodes = k,
                                                   .max_execution_time_sec = 20 +
                                                                             (uint32_t)below(s, 40),
                                                   .node_type = "compute",
                                                   .cpu_cores_min = 1 + (uint32_t)below(s, 6),
                                                   .memory_gb_min = 1,
                                                   .region = chance(s, 15) ? "us" : NULL};
    spec.limits = (struct task_limits){64 << 20, 5000, 1000000, 1024, 1 << 20};
    if (chance(s, 90) || !key[0]) /* else a key is used again: a repeated or a wrong request */
        snprintf(key, 16, "k%llu", (unsigned long long)s->n_steps);
    int rc = coord_task_submit(s->coord, "client", &spec, key, &out, &s->err);
    if (rc == VCP_OK && !out.existing) {
        s->n_submitted++;
        if (chance(s, 20)) { /* the reply was lost */
            struct coord_submitted again;

            rc = coord_task_submit(s->coord, "client", &spec, key, &again, &s->err);
            if (rc == VCP_OK && (!again.existing || strcmp(again.task_id, out.task_id) != 0))
                return wrong(s, "a repeated submission made another task");
        }
        if (chance(s, 3))
            rc = coord_task_cancel(s->coord, "client", out.task_id, &s->err);
    }
    return rc == VCP_EEXIST ? 0 : tolerate(s, rc, "submit");
}

static int heartbeat(struct sim *s, struct sim_node *n)
{
    const char *leases[SIM_HELD];
    bool over[SIM_HELD];
    struct telemetry t;
    unsigned held = n->n_held;

    telemetry_init(&t);
    t.bandwidth_mbps = (double)(50 + below(s, 900));
    t.avg_latency_ms = (double)(1 + below(s, 105)); /* sometimes beyond the policy */
    t.cpu_usage_percent = (double)below(s, 101);
    t.memory_usage_percent = 30;
    t.timestamp = s->now_ms / 1000;
    for (unsigned i = 0; i < held; i++)
        leases[i] = n->held[i].lease_id;
    int rc = coord_node_heartbeat(s->coord, n->owner, n->id, chance(s, 80) ? &t : NULL, leases,
                                  held, over, NULL, &s->err);
    for (unsigned i = held; rc == VCP_OK && i > 0; i--)
        if (over[i - 1] && chance(s, 70)) { /* else it works on, in vain */
            drop_lease(&n->held[i - 1]);
            n->held[i - 1] = n->held[--n->n_held];
            memset(&n->held[n->n_held], 0, sizeof n->held[0]);
        }
    if (rc == VCP_ENOTFOUND && chance(s, 50))
        rc = register_node(s, n);
    return tolerate(s, rc, "heartbeat");
}

static int take(struct sim *s, struct sim_node *n)
{
    const char *held[SIM_HELD + 1];
    struct coord_lease l;
    struct arena a;

    if (n->n_held == SIM_HELD)
        return 0;
    for (unsigned i = 0; i < n->n_held; i++)
        held[i] = n->held[i].lease_id;
    arena_init(&a, 0);
    int rc = coord_lease_take(s->coord, n->owner, n->id, chance(s, 80) ? held : NULL, n->n_held, &a,
                              &l, &s->err);
    if (rc == VCP_OK && chance(s, 90)) { /* else the reply was lost */
        struct sim_lease *h = &n->held[n->n_held++];

        strcpy(h->task_id, l.task_id);
        strcpy(h->lease_id, l.lease_id);
        h->spec = strdup(l.spec);
        h->prove = l.prove;
    }
    arena_release(&a);
    return tolerate(s, rc, "lease");
}

/* Stores a receipt as the API would and adds it to the result. */
static int attach_receipt(struct sim *s, const struct sim_node *n, const char *text,
                          struct coord_result *r, char sha3[SHA3_256_HEX_BYTES])
{
    struct store_blob b;
    int rc = store_blob_put_output(s->store, &b, n->owner, text, strlen(text), 0, s->now_ms,
                                   &s->err);

    if (rc < 0)
        return rc;
    strcpy(sha3, b.sha3);
    r->receipt = (const uint8_t *)text;
    r->receipt_bytes = strlen(text);
    r->receipt_sha3 = sha3;
    s->n_receipts++;
    return VCP_OK;
}

/* Honest nodes prove what they say.  Liars forge, steal, replay, or send none. */
static const char *some_receipt(struct sim *s, struct sim_node *n, const struct sim_lease *l,
                                const struct outcome *o)
{
    char text[SIM_RECEIPT_BYTES];
    const char *chosen = n->receipt;
    struct outcome honest = *o;
    uint64_t how = n->kind == SIM_LIAR ? below(s, 8) : 7;

    strcpy(honest.values, "i32:7");
    fake_receipt(text, l->task_id, l->lease_id, n->id, how == 0 ? &honest : o);
    if (how == 1)
        return NULL;
    if (how == 2)
        return s->shown;
    if (how == 3)
        return n->receipt; /* of its last task */
    if (how == 4)
        fake_receipt(text, l->task_id, l->task_id, n->id, o);
    else if (how == 5)
        text[strlen(text) - 1] ^= 1;
    /* To prove a lie it cannot: the fake verifier would believe a text that names it. */
    else if (how >= 6 && strcmp(o->values, "i32:7") != 0)
        text[0] = 'x';
    memcpy(n->receipt, text, sizeof text);
    memcpy(s->shown, text, sizeof text);
    return chosen;
}

static int send_result(struct sim *s, struct sim_node *n, const struct sim_lease *l, int answer)
{
    struct coord_result r = {.node_id = n->id,
                             .task_id = l->task_id,
                             .lease_id = l->lease_id,
                             .outcome = {.status = OUTCOME_OK, .gas_used = 10},
                             .execution_time_ms = 3};
    struct sign_result m = {.task_id = l->task_id, .lease_id = l->lease_id, .node_id = n->id};
    struct sign_key k = key_of(n->id);
    char receipt_sha3[SHA3_256_HEX_BYTES];
    const char *text;
    uint8_t digest[32];
    struct coord_verdict v;
    struct task_spec spec;
    struct arena a;
    json_t *j = NULL;
    int rc = VCP_OK;

    arena_init(&a, 0);
    if (json_parse(&j, l->spec, strlen(l->spec), &s->err) < 0 ||
        task_spec_parse(&spec, &a, j, &s->err) < 0)
        return wrong(s, "the spec of a lease");
    snprintf(r.outcome.values, sizeof r.outcome.values, "i32:%d", answer);
    text = l->prove ? some_receipt(s, n, l, &r.outcome) : NULL;
    if (text && *text)
        rc = attach_receipt(s, n, text, &r, receipt_sha3);
    if (r.receipt_sha3) {
        hex_decode(digest, sizeof digest, receipt_sha3);
        m.receipt_sha3 = digest;
    }
    hex_decode(m.module_sha3, 32, spec.module_sha3);
    task_spec_inputs_digest(m.inputs_sha3, &spec.inputs, &spec.limits);
    outcome_digest(m.outcome_sha3, &r.outcome);
    sign_result(r.signature, &m, &k);
    if (chance(s, 1))
        r.signature[0] ^= 1;
    json_decref(j);
    arena_release(&a);
    if (rc == VCP_OK)
        rc = coord_result_submit(s->coord, n->owner, &r, &v, &s->err);
    s->n_delivered += rc == VCP_OK;
    s->n_refused += rc == VCP_OK && l->prove && v.verdict == STORE_VERDICT_REJECTED;
    return tolerate(s, rc, "result");
}

static int deliver(struct sim *s, struct sim_node *n)
{
    if (n->n_held == 0)
        return 0;
    unsigned i = (unsigned)below(s, n->n_held);
    /* Liars each have their own wrong answer. */
    int answer = n->kind == SIM_LIAR && chance(s, 60) ? 100 + (int)(n - s->nodes) : 7;
    struct sim_lease l = n->held[i];
    int rc;

    if (n->kind == SIM_FLAKY && chance(s, 50)) {
        rc = coord_lease_fail(s->coord, n->owner, n->id, l.lease_id,
                              (enum coord_failure)below(s, 5), "flaky", &s->err);
        rc = tolerate(s, rc, "fail");
    } else {
        rc = send_result(s, n, &l, answer);
    }
    if (rc < 0 || chance(s, 15)) /* the reply was lost: it will try again */
        return rc;
    n->held[i] = n->held[--n->n_held];
    memset(&n->held[n->n_held], 0, sizeof n->held[0]);
    drop_lease(&n->sent);
    n->sent = l;
    n->sent_answer = answer;
    return rc;
}

static int send_again(struct sim *s, struct sim_node *n)
{
    if (!n->sent.spec)
        return 0;
    return send_result(s, n, &n->sent, chance(s, 80) ? n->sent_answer : 55);
}

/* Often it says so and goes on all the same, or forgets a lease it has. */
static int leave(struct sim *s, struct sim_node *n)
{
    const char *held[SIM_HELD];
    unsigned n_named = 0;

    for (unsigned i = 0; i < n->n_held; i++)
        if (chance(s, 90))
            held[n_named++] = n->held[i].lease_id;
    int rc = coord_node_leave(s->coord, n->owner, n->id, held, n_named, &s->err);
    n->up = chance(s, 50);
    return tolerate(s, rc, "leave");
}

static int node_trouble(struct sim *s, struct sim_node *n)
{
    switch (below(s, 7)) {
    case 0: n->up = false; return 0;
    case 5: return leave(s, n);
    case 1:
        forget(n); /* a crash of the node */
        return 0;
    case 2: return tolerate(s, coord_node_delete(s->coord, n->owner, n->id, &s->err), "delete");
    case 3: return tolerate(s, coord_node_reject(s->coord, n->owner, n->id, &s->err), "reject");
    case 4: return tolerate(s, register_node(s, n), "register");
    default: n->up = true; return 0;
    }
}

/* The coordinator's memory is lost; the database is what was committed. */
static int crash(struct sim *s)
{
    s->n_crashes++;
    store_fail_after(s->store, 0);
    coord_free(s->coord);
    store_free(s->store);
    s->coord = NULL;
    s->store = NULL;
    return open_coordinator(s) < 0 ? wrong(s, "reopening") : 0;
}

static int event(struct sim *s, struct sim_node *n)
{
    uint64_t e = below(s, 100);

    if (e < 10)
        return submit(s);
    if (e < 14)
        return node_trouble(s, n);
    if (e < 15)
        return crash(s);
    if (e < 20) {
        s->now_ms += (int64_t)below(s, chance(s, 10) ? 90000 : 8000);
        return tolerate(s, coord_sweep(s->coord, NULL, &s->err), "sweep");
    }
    if (!n->up) {
        n->up = chance(s, 10);
        return 0;
    }
    if (e < 45)
        return heartbeat(s, n);
    if (e < 70)
        return take(s, n);
    return e < 96 ? deliver(s, n) : send_again(s, n);
}

int sim_step(struct sim *s)
{
    struct sim_node *n = &s->nodes[below(s, SIM_NODES)];

    s->n_steps++;
    s->now_ms += (int64_t)below(s, 400);
    if (chance(s, 8))
        store_fail_after(s->store, 1 + (unsigned)below(s, 25));
    int rc = event(s, n);
    store_fail_after(s->store, 0);
    return rc;
}

/* ---- the end ---- */

static int live_tasks(struct sim *s, int64_t *out)
{
    struct coord_stats st;
    int rc = coord_stats(s->coord, &st, &s->err);

    *out = st.pending_tasks + st.running_tasks;
    return rc < 0 ? wrong(s, "stats") : 0;
}

static int work_off(struct sim *s, struct sim_node *n)
{
    int rc = tolerate(s, register_node(s, n), "register");

    n->up = true;
    n->kind = SIM_HONEST;
    for (int i = 0; rc == 0 && i < 6; i++) {
        rc = take(s, n);
        if (rc == 0)
            rc = deliver(s, n);
    }
    return rc;
}

int sim_drain(struct sim *s)
{
    int64_t live = 1;
    int rc = 0;

    /* Patience ends what nobody can run; twice that is more than enough. */
    for (int64_t end = s->now_ms + 2 * s->config.queue_timeout_ms; s->now_ms < end && live;) {
        for (unsigned i = 0; rc == 0 && i < SIM_NODES; i++)
            rc = work_off(s, &s->nodes[i]);
        s->now_ms += 10000;
        if (rc == 0)
            rc = tolerate(s, coord_sweep(s->coord, NULL, &s->err), "sweep");
        if (rc == 0)
            rc = live_tasks(s, &live);
        if (rc < 0)
            return rc;
    }
    if (live) {
        err_set(&s->err, VCP_EVERIFY, "%lld tasks have not ended", (long long)live);
        return wrong(s, "the end");
    }
    return sim_check(s);
}
