/* test_store.c - rows, transactions, failures and crashes of the store. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "store/blobs.h"
#include "store/fixture.h"
#include "store/ledger.h"
#include "store/meta.h"
#include "store/nodes.h"
#include "store/tasks.h"

static struct store_node node_row(const char *id, const char *owner)
{
    struct store_node n = {.node_id = id,
                           .owner_id = owner,
                           .region = "eu",
                           .node_type = "compute",
                           .bandwidth_mbps = 100,
                           .memory_gb = 8,
                           .cpu_cores = 4,
                           .slots = 2,
                           .registered_at_ms = 5000,
                           .last_heartbeat_at_ms = 5000,
                           .updated_at_ms = 5000};

    telemetry_init(&n.telemetry);
    sha3_256(n.public_key, id, strlen(id));
    return n;
}

static struct store_task task_row(const char *id, const char *creator)
{
    return (struct store_task){.task_id = id,
                               .creator_id = creator,
                               .task_type = "wasm_execution",
                               .spec = "{}",
                               .min_nodes = 1,
                               .budget = 100,
                               .created_at_ms = 1,
                               .updated_at_ms = 1};
}

static struct store_tx *writing(struct fixture *f)
{
    struct store_tx *tx;

    assert_ok(store_begin_write(f->s, &tx, &f->e), f->e);
    return tx;
}

static void users_and_keys_round_trip(void **state)
{
    struct fixture f;
    struct store_user u;
    struct store_key k = {"k1", "u1", "default", "vcp_abcd", {7}, "tasks:read", 10, 0, 0}, got;
    struct store_key *keys;
    size_t n;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    struct store_tx *tx = writing(&f);
    struct store_user again = {"u2", "U1", "user", 1, 0};
    assert_err(store_user_insert(tx, &again, &f.e), VCP_EEXIST, f.e, "exists");
    assert_ok(store_key_insert(tx, &k, &f.e), f.e);
    assert_ok(store_key_by_hash(tx, &f.a, &got, &u, k.hash, &f.e), f.e);
    assert_string_equal(got.scopes, "tasks:read");
    assert_string_equal(u.username, "u1");
    assert_err(store_key_revoke(tx, "u2", "k1", 20, &f.e), VCP_ENOTFOUND, f.e, "k1");
    assert_ok(store_key_revoke(tx, "u1", "k1", 20, &f.e), f.e);
    assert_ok(store_key_revoke(tx, "u1", "k1", 30, &f.e), f.e);
    assert_err(store_key_by_hash(tx, &f.a, &got, &u, k.hash, &f.e), VCP_ENOTFOUND, f.e, "revoked");
    assert_ok(store_key_list(tx, &f.a, &keys, &n, "u1", &f.e), f.e);
    assert_int_equal(n, 1);
    assert_int_equal(keys[0].revoked_at_ms, 20);
    assert_ok(store_commit(tx, &f.e), f.e);
    fixture_close(&f);
}

static void a_disabled_user_has_no_keys(void **state)
{
    struct fixture f;
    struct store_user u;
    struct store_key k = {"k1", "u1", "default", "vcp_abcd", {7}, "tasks:read", 10, 0, 0}, got;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    struct store_tx *tx = writing(&f);
    assert_ok(store_key_insert(tx, &k, &f.e), f.e);
    assert_ok(store_user_disable(tx, "u1", 50, &f.e), f.e);
    assert_int_equal(store_key_by_hash(tx, &f.a, &got, &u, k.hash, &f.e), VCP_ENOTFOUND);
    assert_err(store_user_disable(tx, "nobody", 50, &f.e), VCP_ENOTFOUND, f.e, "nobody");
    store_rollback(tx);
    fixture_close(&f);
}

static void nodes_keep_every_column(void **state)
{
    struct fixture f;
    struct store_node n = node_row("n1", "u1"), got, *list;
    size_t count;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    struct store_tx *tx = writing(&f);
    n.telemetry.cpu_usage_percent = 12.5;
    n.telemetry.timestamp = 77;
    n.has_health = true;
    n.health_score = 61.25;
    n.reputation = (struct reputation){3, 2, 1, 999};
    n.error_count = 4;
    n.safe_mode = true;
    n.turn = 42;
    n.status = STORE_NODE_OFFLINE;
    assert_ok(store_node_put(tx, &n, &f.e), f.e);
    assert_ok(store_node_get(tx, &f.a, &got, "n1", &f.e), f.e);
    assert_true(got.has_health && got.health_score == 61.25);
    assert_true(got.telemetry.cpu_usage_percent == 12.5);
    assert_true(got.telemetry.avg_latency_ms != got.telemetry.avg_latency_ms); /* absent */
    assert_int_equal(got.reputation.compute_time_ms, 999);
    assert_int_equal(got.error_count, 4);
    assert_int_equal(got.turn, 42);
    assert_int_equal(got.slots, 2);
    assert_int_equal(got.status, STORE_NODE_OFFLINE);
    assert_memory_equal(got.public_key, n.public_key, 32);
    assert_ok(store_node_list(tx, &f.a, &list, &count, NULL, 0, NULL, 10, &f.e), f.e);
    assert_int_equal(count, 1);
    n.status = STORE_NODE_REJECTED;
    assert_ok(store_node_put(tx, &n, &f.e), f.e);
    assert_ok(store_node_list(tx, &f.a, &list, &count, "u1", 0, NULL, 10, &f.e), f.e);
    assert_int_equal(count, 0);
    struct store_node thief = node_row("n2", "u1");
    memcpy(thief.public_key, n.public_key, 32);
    assert_err(store_node_put(tx, &thief, &f.e), VCP_EEXIST, f.e, "public key");
    store_rollback(tx);
    fixture_close(&f);
}

static void node_pages_meet_every_node_once(void **state)
{
    struct fixture f;
    struct store_node *list;
    char id[16], last[16] = "";
    size_t n, seen = 0;
    int64_t at = 0;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    struct store_tx *tx = writing(&f);
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof id, "n%02d", i);
        struct store_node row = node_row(id, "u1");
        row.registered_at_ms = 100 + i / 4; /* ties */
        assert_ok(store_node_put(tx, &row, &f.e), f.e);
    }
    do {
        assert_ok(store_node_list(tx, &f.a, &list, &n, "u1", at, last[0] ? last : NULL, 7, &f.e),
                  f.e);
        for (size_t i = 0; i < n; i++) {
            assert_true(!last[0] || list[i].registered_at_ms < at ||
                        (list[i].registered_at_ms == at && strcmp(list[i].node_id, last) < 0));
            at = list[i].registered_at_ms;
            snprintf(last, sizeof last, "%s", list[i].node_id);
            seen++;
        }
    } while (n);
    assert_int_equal(seen, 25);
    store_rollback(tx);
    fixture_close(&f);
}

static void heartbeat_history_is_bounded(void **state)
{
    struct fixture f;
    struct store_node n = node_row("n1", "u1");
    struct store_heartbeat h = {.event = "heartbeat"}, *list;
    size_t count;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    telemetry_init(&h.telemetry);
    struct store_tx *tx = writing(&f);
    assert_ok(store_node_put(tx, &n, &f.e), f.e);
    for (int i = 0; i < 200; i++) {
        h.at_ms = i + 1;
        assert_ok(store_heartbeat_add(tx, "n1", &h, &f.e), f.e);
    }
    assert_ok(store_heartbeat_list(tx, &f.a, &list, &count, "n1", NULL, 1000, &f.e), f.e);
    assert_int_equal(count, STORE_HEARTBEATS_MAX);
    assert_int_equal(list[0].at_ms, 200);
    assert_ok(store_heartbeat_list(tx, &f.a, &list, &count, "n1", "offline", 9, &f.e), f.e);
    assert_int_equal(count, 0);
    store_rollback(tx);
    fixture_close(&f);
}

static void an_end_is_final(void **state)
{
    struct fixture f;
    struct store_task t = task_row("t1", "u1");
    int64_t counts[5];

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    struct store_tx *tx = writing(&f);
    assert_ok(store_task_insert(tx, &t, &f.e), f.e);
    assert_err(store_task_hide(tx, "t1", 5, &f.e), VCP_ENOTFOUND, f.e, "ended");
    t.status = STORE_TASK_FAILED;
    t.completed_at_ms = 9;
    assert_ok(store_task_update(tx, &t, &f.e), f.e);
    t.status = STORE_TASK_COMPLETED;
    assert_err(store_task_update(tx, &t, &f.e), VCP_ESTATE, f.e, "ended");
    assert_ok(store_task_counts(tx, counts, &f.e), f.e);
    assert_int_equal(counts[STORE_TASK_FAILED], 1);
    assert_int_equal(counts[STORE_TASK_PENDING], 0);
    assert_ok(store_task_hide(tx, "t1", 5, &f.e), f.e);
    assert_ok(store_commit(tx, &f.e), f.e);
    fixture_close(&f);
}

static void an_idempotency_key_is_unique_for_its_user(void **state)
{
    struct fixture f;
    struct store_task a = task_row("t1", "u1"), b = task_row("t2", "u1"), c = task_row("t3", "u2");
    struct store_task got, *list;
    size_t n;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    fixture_user(&f, "u2");
    a.idempotency_key = b.idempotency_key = c.idempotency_key = "key";
    struct store_tx *tx = writing(&f);
    assert_ok(store_task_insert(tx, &a, &f.e), f.e);
    assert_int_equal(store_task_insert(tx, &b, &f.e), VCP_EEXIST);
    assert_ok(store_task_insert(tx, &c, &f.e), f.e);
    assert_ok(store_task_by_key(tx, &f.a, &got, "u2", "key", &f.e), f.e);
    assert_string_equal(got.task_id, "t3");
    assert_ok(store_task_list(tx, &f.a, &list, &n, "u1", STORE_TASK_PENDING, 0, 10, &f.e), f.e);
    assert_int_equal(n, 1);
    assert_ok(store_task_list(tx, &f.a, &list, &n, "u1", -1, list[0].seq, 10, &f.e), f.e);
    assert_int_equal(n, 0);
    store_rollback(tx);
    fixture_close(&f);
}

static void decisions_are_bounded_and_in_order(void **state)
{
    struct fixture f;
    struct store_task t = task_row("t1", "u1");
    struct store_decision d = {0, "{}"}, *list;
    size_t n;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    struct store_tx *tx = writing(&f);
    assert_ok(store_task_insert(tx, &t, &f.e), f.e);
    for (d.at_ms = 1; d.at_ms <= 100; d.at_ms++)
        assert_ok(store_decision_add(tx, "t1", &d, &f.e), f.e);
    assert_ok(store_decision_list(tx, &f.a, &list, &n, "t1", &f.e), f.e);
    assert_int_equal(n, STORE_DECISIONS_MAX);
    assert_int_equal(list[0].at_ms, 100 - STORE_DECISIONS_MAX + 1);
    assert_int_equal(list[n - 1].at_ms, 100);
    store_rollback(tx);
    fixture_close(&f);
}

/* ---- money ---- */

static int post(struct store_tx *tx, const char *key, const char *from, const char *to,
                int64_t amount, struct err *e)
{
    struct ledger_transfer t = {.at_ms = 1,
                                .key = key,
                                .kind = "issue",
                                .n = 2,
                                .postings = {{from, -amount}, {to, amount}}};

    return ledger_post(tx, &t, e);
}

static void transfers_happen_once_and_sum_to_zero(void **state)
{
    struct fixture f;
    struct ledger_report r;
    int64_t v;

    (void)state;
    fixture_open(&f, true);
    struct store_tx *tx = writing(&f);
    assert_ok(post(tx, "a", LEDGER_ISSUER, "user:1", 100, &f.e), f.e);
    assert_ok(post(tx, "a", LEDGER_ISSUER, "user:1", 100, &f.e), f.e);
    assert_err(post(tx, "a", LEDGER_ISSUER, "user:1", 99, &f.e), VCP_EEXIST, f.e, "something else");
    assert_err(post(tx, "a", LEDGER_ISSUER, "user:2", 100, &f.e), VCP_EEXIST, f.e, "else");
    assert_ok(post(tx, "b", "user:1", "user:2", 30, &f.e), f.e);
    assert_err(post(tx, "c", "user:1", "user:2", 71, &f.e), VCP_EFUNDS, f.e, "71");
    assert_err(post(tx, "d", "user:1", "user:2", 0, &f.e), VCP_EINVAL, f.e, "amount");
    assert_ok(ledger_balance(tx, &v, "user:1", &f.e), f.e);
    assert_int_equal(v, 70);
    assert_ok(ledger_balance(tx, &v, "user:3", &f.e), f.e);
    assert_int_equal(v, 0);
    assert_ok(ledger_check(tx, &r, &f.e), f.e);
    assert_int_equal(r.n_transfers, 2);
    assert_int_equal(r.issued, 100);
    assert_ok(store_commit(tx, &f.e), f.e);
    fixture_close(&f);
}

static void a_transfer_that_does_not_balance_is_refused(void **state)
{
    struct fixture f;
    struct ledger_transfer t = {
        .key = "x", .kind = "issue", .n = 2, .postings = {{LEDGER_ISSUER, -5}, {"user:1", 6}}};

    (void)state;
    fixture_open(&f, true);
    struct store_tx *tx = writing(&f);
    assert_err(ledger_post(tx, &t, &f.e), VCP_EINVAL, f.e, "sum to 1");
    t.n = 1;
    assert_err(ledger_post(tx, &t, &f.e), VCP_EINVAL, f.e, "postings");
    store_rollback(tx);
    fixture_close(&f);
}

/* Behind the store's back, as somebody with the file and a shell would. */
static void tamper(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    char *msg = NULL;

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &msg) != SQLITE_OK)
        fail_msg("%s: %s", sql, msg);
    sqlite3_close(db);
}

static void check_finds(const char *sql, const char *word)
{
    struct fixture f;
    struct ledger_report r;

    fixture_open(&f, true);
    struct store_tx *tx = writing(&f);
    assert_ok(post(tx, "a", LEDGER_ISSUER, "user:1", 100, &f.e), f.e);
    assert_ok(post(tx, "b", "user:1", "user:2", 40, &f.e), f.e);
    assert_ok(post(tx, "c", "user:1", "user:2", 5, &f.e), f.e);
    assert_ok(store_commit(tx, &f.e), f.e);
    tamper(&f, sql);
    tx = writing(&f);
    assert_err(ledger_check(tx, &r, &f.e), VCP_EVERIFY, f.e, word);
    store_rollback(tx);
    fixture_close(&f);
}

static void the_ledger_check_finds_tampering(void **state)
{
    (void)state;
    check_finds("DROP TRIGGER postings_append_only_u; UPDATE postings SET amount = amount * 2"
                " WHERE seq = 2",
                "chain breaks at transfer 2");
    check_finds("DROP TRIGGER postings_append_only_u; UPDATE postings SET amount = 41"
                " WHERE seq = 2 AND amount = 40",
                "transfer 2 sums to 1");
    check_finds("UPDATE accounts SET balance = balance + 1 WHERE account = 'user:1'", "user:1");
    check_finds("DROP TRIGGER transfers_append_only_d; DROP TRIGGER postings_append_only_d;"
                "DELETE FROM postings WHERE seq = 2; DELETE FROM transfers WHERE seq = 2",
                "transfer 3 follows 1");
    check_finds("DROP TRIGGER transfers_append_only_u; UPDATE transfers SET at = 2 WHERE seq = 3",
                "chain breaks at transfer 3");
}

static void the_tables_refuse_to_rewrite_the_ledger(void **state)
{
    struct fixture f;
    sqlite3 *db;

    (void)state;
    fixture_open(&f, true);
    struct store_tx *tx = writing(&f);
    assert_ok(post(tx, "a", LEDGER_ISSUER, "user:1", 100, &f.e), f.e);
    assert_ok(store_commit(tx, &f.e), f.e);
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "UPDATE postings SET amount = 1", 0, 0, 0), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM transfers", 0, 0, 0), SQLITE_OK);
    sqlite3_close(db);
    fixture_close(&f);
}

/* ---- blobs ---- */

static void blobs_are_found_by_content_and_counted_once(void **state)
{
    struct fixture f;
    struct store_blob b, again;
    struct file_map m;
    int64_t used;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    fixture_user(&f, "u2");
    assert_ok(store_blob_put(f.s, &b, "u1", "hello", 5, 12, 7, &f.e), f.e);
    assert_ok(store_blob_put(f.s, &again, "u1", "hello", 5, 12, 8, &f.e), f.e);
    assert_string_equal(b.sha3, again.sha3);
    assert_int_equal(again.created_at_ms, 7);
    assert_err(store_blob_put(f.s, &b, "u1", "much more", 9, 12, 8, &f.e), VCP_ELIMIT, f.e,
               "quota");
    assert_ok(store_blob_put(f.s, &b, "u2", "hello", 5, 12, 9, &f.e), f.e);
    assert_ok(store_blob_map(f.s, &m, b.sha3, &f.e), f.e);
    assert_int_equal(m.size, 5);
    assert_memory_equal(m.data, "hello", 5);
    file_map_release(&m);
    struct store_tx *tx;
    assert_ok(store_begin_read(f.s, &tx, &f.e), f.e);
    assert_ok(store_blob_usage(tx, &used, "u1", &f.e), f.e);
    assert_int_equal(used, 5);
    assert_err(store_blob_get(tx, &b, "../../etc/passwd", &f.e), VCP_EINVAL, f.e, "digest");
    store_rollback(tx);
    assert_err(store_blob_map(f.s, &m, "../x", &f.e), VCP_EINVAL, f.e, "digest");
    fixture_close(&f);
}

static int64_t usage_of(struct fixture *f, const char *user)
{
    struct store_tx *tx;
    int64_t used = -1;

    assert_ok(store_begin_read(f->s, &tx, &f->e), f->e);
    assert_ok(store_blob_usage(tx, &used, user, &f->e), f->e);
    store_rollback(tx);
    return used;
}

static void accept_output(struct fixture *f, const char *owner, const char *sha3)
{
    struct store_tx *tx;

    assert_ok(store_begin_write(f->s, &tx, &f->e), f->e);
    assert_ok(store_blob_accept_output(tx, owner, sha3, &f->e), f->e);
    assert_ok(store_commit(tx, &f->e), f->e);
}

static void outputs_are_their_owners_until_accepted(void **state)
{
    struct fixture f;
    struct store_blob b, other;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    assert_ok(store_blob_put_output(f.s, &b, "u1", "hello", 5, 12, 7, &f.e), f.e);
    assert_int_equal(usage_of(&f, "u1"), 5);
    assert_err(store_blob_put_output(f.s, &other, "u1", "much more", 9, 12, 8, &f.e), VCP_ELIMIT,
               f.e, "quota");
    accept_output(&f, "u1", b.sha3);
    assert_int_equal(usage_of(&f, "u1"), 0);
    /* What he put himself stays his, in either order. */
    assert_ok(store_blob_put_output(f.s, &b, "u1", "hello", 5, 12, 7, &f.e), f.e);
    assert_ok(store_blob_put(f.s, &b, "u1", "hello", 5, 12, 7, &f.e), f.e);
    assert_ok(store_blob_put_output(f.s, &b, "u1", "hello", 5, 12, 7, &f.e), f.e);
    accept_output(&f, "u1", b.sha3);
    assert_int_equal(usage_of(&f, "u1"), 5);
    fixture_close(&f);
}

static void an_empty_blob_is_a_blob(void **state)
{
    struct fixture f;
    struct store_blob b;
    struct file_map m;

    (void)state;
    fixture_open(&f, true);
    assert_ok(store_blob_put(f.s, &b, NULL, "", 0, 0, 7, &f.e), f.e);
    assert_ok(store_blob_map(f.s, &m, b.sha3, &f.e), f.e);
    assert_int_equal(m.size, 0);
    file_map_release(&m);
    fixture_close(&f);
}

static void reading_rights_follow_tasks(void **state)
{
    struct fixture f;
    struct store_blob b;
    struct store_node n = node_row("n1", "u2");
    struct store_task t = task_row("t1", "u1");
    struct store_assignment m = {.task_id = "t1", .node_id = "n1", .assigned_at_ms = 3};
    bool yes;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    fixture_user(&f, "u2");
    assert_ok(store_blob_put(f.s, &b, "u1", "module", 6, 0, 1, &f.e), f.e);
    struct store_tx *tx = writing(&f);
    assert_ok(store_node_put(tx, &n, &f.e), f.e);
    assert_ok(store_task_insert(tx, &t, &f.e), f.e);
    assert_ok(store_blob_link(tx, "t1", b.sha3, "module", &f.e), f.e);
    assert_ok(store_blob_readable(tx, &yes, "u2", b.sha3, &f.e), f.e);
    assert_false(yes);
    assert_ok(store_assignment_put(tx, &m, &f.e), f.e);
    assert_ok(store_blob_readable(tx, &yes, "u2", b.sha3, &f.e), f.e);
    assert_true(yes);
    assert_ok(store_blob_readable_by_node(tx, &yes, "n1", b.sha3, &f.e), f.e);
    assert_true(yes);
    assert_ok(store_assignment_disconnect_all(tx, "t1", 9, &f.e), f.e);
    assert_ok(store_blob_readable(tx, &yes, "u2", b.sha3, &f.e), f.e);
    assert_false(yes);
    assert_ok(store_blob_readable(tx, &yes, "u1", b.sha3, &f.e), f.e);
    assert_true(yes);
    store_rollback(tx);
    fixture_close(&f);
}

/* ---- transactions ---- */

static void a_rollback_leaves_nothing(void **state)
{
    struct fixture f;
    struct store_user u = {"u1", "u1", "user", 1, 0};
    struct store_tx *tx;
    int64_t n;

    (void)state;
    fixture_open(&f, true);
    tx = writing(&f);
    assert_ok(store_user_insert(tx, &u, &f.e), f.e);
    store_rollback(tx);
    assert_ok(store_begin_read(f.s, &tx, &f.e), f.e);
    assert_ok(store_user_count(tx, &n, &f.e), f.e);
    assert_int_equal(n, 0);
    store_rollback(tx);
    store_rollback(NULL);
    fixture_close(&f);
}

static void a_reader_sees_one_snapshot(void **state)
{
    struct fixture f;
    struct store_tx *reader;
    int64_t n;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    assert_ok(store_begin_read(f.s, &reader, &f.e), f.e);
    assert_ok(store_user_count(reader, &n, &f.e), f.e);
    assert_int_equal(n, 1);
    fixture_user(&f, "u2");
    assert_ok(store_user_count(reader, &n, &f.e), f.e);
    assert_int_equal(n, 1);
    store_rollback(reader);
    assert_ok(store_begin_read(f.s, &reader, &f.e), f.e);
    assert_ok(store_user_count(reader, &n, &f.e), f.e);
    assert_int_equal(n, 2);
    store_rollback(reader);
    fixture_close(&f);
}

static void a_reader_cannot_write(void **state)
{
    struct fixture f;
    struct store_user u = {"u1", "u1", "user", 1, 0};
    struct store_tx *tx;

    (void)state;
    fixture_open(&f, true);
    assert_ok(store_begin_read(f.s, &tx, &f.e), f.e);
    assert_true(store_user_insert(tx, &u, &f.e) < 0);
    store_rollback(tx);
    fixture_close(&f);
}

static void one_coordinator_claims_a_database(void **state)
{
    struct fixture f;
    struct store *other;

    (void)state;
    fixture_open(&f, true);
    assert_ok(store_claim(f.s, &f.e), f.e);
    assert_ok(store_open(&other, f.path, NULL, &f.e), f.e);
    assert_err(store_claim(other, &f.e), VCP_EBUSY, f.e, "another server");
    store_unclaim(f.s);
    assert_ok(store_claim(other, &f.e), f.e);
    store_free(other);
    fixture_close(&f);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture f;
    struct store *other;

    (void)state;
    fixture_open(&f, true);
    tamper(&f, "PRAGMA user_version=999");
    assert_err(store_open(&other, f.path, NULL, &f.e), VCP_EUNSUPPORTED, f.e, "newer");
    fixture_close(&f);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture f;
    struct store *other;
    char path[128];

    (void)state;
    fixture_open(&f, true);
    snprintf(path, sizeof path, "%s/other.db", f.folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    assert_int_equal(store_open(&other, path, NULL, &f.e), VCP_EIO);
    assert_int_equal(store_open(&other, "/proc/none/x.db", NULL, &f.e), VCP_EIO);
    fixture_close(&f);
}

/* Every statement of a piece of work fails once, in turn; each time nothing of it may
 * stay, and afterwards the same work succeeds. */
static int piece_of_work(struct fixture *f)
{
    struct store_task t = task_row("t1", "u1");
    struct store_tx *tx;
    int rc = store_begin_write(f->s, &tx, &f->e);

    if (rc < 0)
        return rc;
    rc = store_task_insert(tx, &t, &f->e);
    if (rc == VCP_OK)
        rc = post(tx, "g", LEDGER_ISSUER, "user:u1", 500, &f->e);
    if (rc == VCP_OK)
        rc = post(tx, "h", "user:u1", "escrow:t1", 100, &f->e);
    if (rc < 0) {
        store_rollback(tx);
        return rc;
    }
    return store_commit(tx, &f->e);
}

static void a_failure_anywhere_leaves_nothing_half_done(void **state)
{
    struct fixture f;
    struct ledger_report r;
    struct store_task got;
    struct store_tx *tx;
    unsigned n;

    (void)state;
    fixture_open(&f, true);
    fixture_user(&f, "u1");
    for (n = 1;; n++) {
        store_fail_after(f.s, n);
        int rc = piece_of_work(&f);
        store_fail_after(f.s, 0);
        if (rc == VCP_OK)
            break;
        assert_int_equal(rc, VCP_EIO);
        tx = writing(&f);
        assert_ok(ledger_check(tx, &r, &f.e), f.e);
        assert_int_equal(r.n_transfers, 0);
        assert_int_equal(store_task_get(tx, &f.a, &got, "t1", &f.e), VCP_ENOTFOUND);
        store_rollback(tx);
    }
    assert_true(n > 15);
    fixture_close(&f);
}

/* ---- threads and crashes ---- */

struct worker {
    struct fixture *f;
    int id;
    struct err e;
    int rc;
};

static void *transfer_often(void *arg)
{
    struct worker *w = arg;
    struct ledger_report r;
    struct store_tx *tx;
    char key[32];

    for (int i = 0; w->rc == VCP_OK && i < 50; i++) {
        snprintf(key, sizeof key, "%d:%d", w->id, i);
        w->rc = store_begin_write(w->f->s, &tx, &w->e);
        if (w->rc < 0)
            break;
        w->rc = post(tx, key, LEDGER_ISSUER, "user:1", 1, &w->e);
        if (w->rc == VCP_OK)
            w->rc = store_commit(tx, &w->e);
        else
            store_rollback(tx);
        if (w->rc == VCP_OK)
            w->rc = store_begin_read(w->f->s, &tx, &w->e);
        if (w->rc == VCP_OK) {
            w->rc = ledger_check(tx, &r, &w->e);
            store_rollback(tx);
        }
    }
    return NULL;
}

static void threads_share_a_store(void **state)
{
    struct fixture f;
    struct worker w[6] = {0};
    pthread_t t[6];
    struct ledger_report r;

    (void)state;
    fixture_open(&f, true);
    for (int i = 0; i < 6; i++) {
        w[i].f = &f;
        w[i].id = i;
        pthread_create(&t[i], NULL, transfer_often, &w[i]);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(t[i], NULL);
        assert_ok(w[i].rc, w[i].e);
    }
    struct store_tx *tx = writing(&f);
    assert_ok(ledger_check(tx, &r, &f.e), f.e);
    assert_int_equal(r.n_transfers, 300);
    store_rollback(tx);
    fixture_close(&f);
}

/* Moves money until it is killed, telling through the pipe what is committed. */
static void child_of_crash(const char *path, int out, int round)
{
    struct store_options fast = {.fast = true};
    struct store *s;
    struct store_tx *tx;
    struct err e;
    char key[32];

    if (store_open(&s, path, &fast, &e) < 0)
        _exit(2);
    for (int i = 0;; i++) {
        snprintf(key, sizeof key, "%d:%d", round, i);
        if (store_begin_write(s, &tx, &e) < 0 ||
            post(tx, key, LEDGER_ISSUER, "user:1", 3, &e) < 0 ||
            post(tx, "once", LEDGER_ISSUER, "user:2", 7, &e) < 0 || store_commit(tx, &e) < 0)
            _exit(3);
        if (write(out, "+", 1) != 1)
            _exit(4);
    }
}

static void kill_nine_loses_nothing_committed(void **state)
{
    struct fixture f;
    struct ledger_report r;
    struct store_tx *tx;
    int64_t told = 0, v;
    struct prng random;
    uint64_t seed;
    char bytes[4096];

    (void)state;
    rng_bytes(&seed, sizeof seed);
    print_message("seed %llu\n", (unsigned long long)seed);
    prng_init(&random, seed);
    fixture_open(&f, true);
    for (int round = 0; round < 12; round++) {
        int p[2];
        assert_int_equal(pipe(p), 0);
        pid_t pid = fork();
        if (pid == 0)
            child_of_crash(f.path, p[1], round);
        close(p[1]);
        if (read(p[0], bytes, 1) == 1) /* it runs */
            told++;
        clock_sleep_ms((int64_t)prng_below(&random, 40));
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        for (ssize_t n; (n = read(p[0], bytes, sizeof bytes)) > 0;)
            told += n;
        close(p[0]);
        tx = writing(&f);
        assert_ok(ledger_check(tx, &r, &f.e), f.e);
        assert_ok(ledger_balance(tx, &v, "user:2", &f.e), f.e);
        assert_int_equal(v, 7);
        assert_ok(ledger_balance(tx, &v, "user:1", &f.e), f.e);
        /* A commit may be done and not yet told, once for each kill. */
        assert_in_range(v, told * 3, (told + round + 1) * 3);
        store_rollback(tx);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_and_keys_round_trip),
        cmocka_unit_test(a_disabled_user_has_no_keys),
        cmocka_unit_test(nodes_keep_every_column),
        cmocka_unit_test(node_pages_meet_every_node_once),
        cmocka_unit_test(heartbeat_history_is_bounded),
        cmocka_unit_test(an_end_is_final),
        cmocka_unit_test(an_idempotency_key_is_unique_for_its_user),
        cmocka_unit_test(decisions_are_bounded_and_in_order),
        cmocka_unit_test(transfers_happen_once_and_sum_to_zero),
        cmocka_unit_test(a_transfer_that_does_not_balance_is_refused),
        cmocka_unit_test(the_ledger_check_finds_tampering),
        cmocka_unit_test(the_tables_refuse_to_rewrite_the_ledger),
        cmocka_unit_test(blobs_are_found_by_content_and_counted_once),
        cmocka_unit_test(outputs_are_their_owners_until_accepted),
        cmocka_unit_test(an_empty_blob_is_a_blob),
        cmocka_unit_test(reading_rights_follow_tasks),
        cmocka_unit_test(a_rollback_leaves_nothing),
        cmocka_unit_test(a_reader_sees_one_snapshot),
        cmocka_unit_test(a_reader_cannot_write),
        cmocka_unit_test(one_coordinator_claims_a_database),
        cmocka_unit_test(a_newer_schema_is_refused),
        cmocka_unit_test(a_file_that_is_no_database_is_refused),
        cmocka_unit_test(a_failure_anywhere_leaves_nothing_half_done),
        cmocka_unit_test(threads_share_a_store),
        cmocka_unit_test(kill_nine_loses_nothing_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
