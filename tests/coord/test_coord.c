/* test_coord.c - the coordinator step by step: placement, leases, verdicts, money. */
#include "coord/world.h"

#include <math.h>
#include <pthread.h>

#include "base/limits.h"

/* ---- one task, one node ---- */

static void a_task_runs_and_is_paid(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_int_equal(t.status, STORE_TASK_RUNNING);
    assert_int_equal(world_balance(&w, "user:client"), 9900);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_string_equal(l.task_id, t.task_id);
    assert_int_equal(l.expires_at_ms, w.now_ms + 70000);
    assert_ok(world_deliver(&w, "n1", &l, 42, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(v.paid, 100);
    struct store_task row = world_task(&w, t.task_id);
    assert_int_equal(row.status, STORE_TASK_COMPLETED);
    assert_int_equal(row.paid, 100);
    assert_non_null(strstr(row.result, "i32:42"));
    assert_int_equal(world_balance(&w, "user:o-n1"), 100);
    assert_int_equal(world_node_row(&w, "n1").reputation.completed, 1);
    assert_int_equal(w.n_ready, 1);
    assert_int_equal(w.n_ended, 1);
    world_check(&w);
    world_close(&w);
}

static void a_lost_reply_can_be_repeated(void **state)
{
    struct world w;
    struct coord_lease l, again;
    struct coord_verdict v, v2;
    const char *held[1];

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_err(world_lease(&w, "n1", &again), VCP_EBUSY, w.f.e, "no work");
    assert_ok(coord_lease_take(w.c, NULL, "n1", held, 0, &w.f.a, &again, &w.f.e), w.f.e);
    assert_string_equal(again.lease_id, l.lease_id);
    held[0] = l.lease_id;
    assert_int_equal(coord_lease_take(w.c, NULL, "n1", held, 1, &w.f.a, &again, &w.f.e), VCP_EBUSY);
    assert_ok(world_deliver(&w, "n1", &l, 42, &v), w.f.e);
    assert_ok(world_deliver(&w, "n1", &l, 42, &v2), w.f.e);
    assert_int_equal(v2.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(v2.paid, 100);
    assert_err(world_deliver(&w, "n1", &l, 43, &v), VCP_ESTATE, w.f.e, "another outcome");
    assert_int_equal(world_balance(&w, "user:o-n1"), 100);
    world_check(&w);
    world_close(&w);
}

static void submission_is_idempotent_by_key(void **state)
{
    struct world w;
    struct coord_submitted a, b;

    (void)state;
    world_open(&w);
    struct task_spec s = world_spec(&w, 1, 100);
    assert_ok(world_try_submit(&w, &s, "k", &a), w.f.e);
    assert_ok(world_try_submit(&w, &s, "k", &b), w.f.e);
    assert_true(b.existing && !a.existing);
    assert_string_equal(a.task_id, b.task_id);
    assert_int_equal(world_balance(&w, "user:client"), 9900);
    s.budget = 101;
    assert_err(world_try_submit(&w, &s, "k", &b), VCP_EEXIST, w.f.e, "idempotency");
    assert_err(world_try_submit(&w, &s, "", &b), VCP_EINVAL, w.f.e, "idempotency");
    world_check(&w);
    world_close(&w);
}

static void submissions_that_cannot_be_are_refused(void **state)
{
    struct world w;
    struct coord_submitted t;

    (void)state;
    world_open(&w);
    struct task_spec s = world_spec(&w, 1, 10001);
    assert_err(world_try_submit(&w, &s, NULL, &t), VCP_EFUNDS, w.f.e, "10001");
    s = world_spec(&w, 1, 1);
    s.policy = TASK_POLICY_PROOF;
    assert_err(world_try_submit(&w, &s, NULL, &t), VCP_EUNSUPPORTED, w.f.e,
               "this server has no keys for receipts");
    s = world_spec(&w, 1, 1);
    s.policy = TASK_POLICY_AUDIT;
    assert_err(world_try_submit(&w, &s, NULL, &t), VCP_EINVAL, w.f.e, "policy.p");
    s = world_spec(&w, 1, 1);
    s.module_sha3 = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_err(world_try_submit(&w, &s, NULL, &t), VCP_ENOTFOUND, w.f.e, "module");
    /* Stored, but by somebody else: its digest alone gives no right to it. */
    fixture_user(&w.f, "other");
    s = world_spec(&w, 1, 0);
    assert_err(coord_task_submit(w.c, "other", &s, NULL, &t, &w.f.e), VCP_ENOTFOUND, w.f.e,
               "module");
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    world_check(&w);
    world_close(&w);
}

static void a_task_waits_for_a_node(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_int_equal(t.status, STORE_TASK_PENDING);
    world_node(&w, "n1", 500);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_RUNNING);
    world_check(&w);
    world_close(&w);
}

static void a_guest_failure_is_an_outcome_and_paid(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;
    struct outcome o = world_outcome(0);

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    o.status = OUTCOME_TRAP;
    strcpy(o.trap, "unreachable");
    o.values[0] = '\0';
    struct coord_result r = world_result("n1", &l, &o, &w);
    assert_ok(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), w.f.e);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_COMPLETED);
    assert_int_equal(world_balance(&w, "user:o-n1"), 100);
    world_close(&w);
}

/* ---- refused results ---- */

static void foreign_late_and_forged_results_are_refused(void **state)
{
    struct world w;
    struct coord_lease l, other;
    struct coord_verdict v;
    struct outcome o = world_outcome(42);

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    world_node(&w, "n2", 500);
    assert_err(world_deliver(&w, "n2", &l, 42, &v), VCP_ESTATE, w.f.e, "lease");
    struct coord_result r = world_result("n1", &l, &o, &w);
    assert_err(coord_result_submit(w.c, "o-n2", &r, &v, &w.f.e), VCP_ENOTFOUND, w.f.e, "n1");
    other = l;
    strcpy(other.task_id, "00000000-0000-4000-8000-000000000000");
    assert_int_equal(world_deliver(&w, "n1", &other, 42, &v), VCP_ENOTFOUND);
    /* More gas than the limit allows; signed, but impossible. */
    o.gas_used = 1000001;
    r = world_result("n1", &l, &o, &w);
    assert_err(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), VCP_EINVAL, w.f.e, "gas_used");
    o = world_outcome(42);
    o.output_bytes = 5;
    sha3_256(o.output_sha3, "abcde", 5);
    r = world_result("n1", &l, &o, &w);
    assert_err(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), VCP_EINVAL, w.f.e, "upload");
    o = world_outcome(42);
    r = world_result("n1", &l, &o, &w);
    r.signature[3] ^= 1;
    assert_err(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), VCP_EAUTH, w.f.e, "signature");
    /* That was a failure of n1: the task went to n2. */
    assert_ok(world_lease(&w, "n2", &l), w.f.e);
    assert_string_equal(l.task_id, t.task_id);
    assert_int_equal(world_node_row(&w, "n1").reputation.failed, 1);
    assert_err(world_deliver(&w, "n1", &l, 42, &v), VCP_ESTATE, w.f.e, "lease");
    assert_ok(world_deliver(&w, "n2", &l, 42, &v), w.f.e);
    world_check(&w);
    world_close(&w);
}

static void an_output_must_be_stored_in_its_length(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;
    struct store_blob b;
    struct outcome o = world_outcome(42);
    struct store_tx *tx;
    int64_t used = -1;
    bool yes;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_ok(store_blob_put_output(w.f.s, &b, "o-n1", "abcde", 5, 0, 1, &w.f.e), w.f.e);
    sha3_256(o.output_sha3, "abcde", 5);
    o.output_bytes = 6;
    struct coord_result r = world_result("n1", &l, &o, &w);
    assert_err(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), VCP_EINVAL, w.f.e, "5 bytes");
    o.output_bytes = 5;
    r = world_result("n1", &l, &o, &w);
    assert_ok(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), w.f.e);
    assert_ok(store_begin_read(w.f.s, &tx, &w.f.e), w.f.e);
    assert_ok(store_blob_readable(tx, &yes, "client", b.sha3, &w.f.e), w.f.e);
    assert_true(yes); /* the client may fetch what he paid for */
    assert_ok(store_blob_readable(tx, &yes, "o-n1", b.sha3, &w.f.e), w.f.e);
    assert_false(yes);
    assert_ok(store_blob_usage(tx, &used, "o-n1", &w.f.e), w.f.e);
    assert_int_equal(used, 0); /* it is the task's now */
    store_rollback(tx);
    world_close(&w);
}

/* Else a client and a node together could read whatever they know the digest of. */
static void a_strangers_content_cannot_be_named_as_output(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;
    struct store_blob b;
    struct outcome o = world_outcome(42);
    struct store_tx *tx;
    bool yes;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    fixture_user(&w.f, "victim");
    assert_ok(store_blob_put(w.f.s, &b, "victim", "secret", 6, 0, 1, &w.f.e), w.f.e);
    world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    sha3_256(o.error_sha3, "secret", 6);
    o.error_bytes = 6;
    struct coord_result r = world_result("n1", &l, &o, &w);
    assert_err(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), VCP_EINVAL, w.f.e, "not stored");
    assert_ok(store_begin_read(w.f.s, &tx, &w.f.e), w.f.e);
    assert_ok(store_blob_readable(tx, &yes, "client", b.sha3, &w.f.e), w.f.e);
    assert_false(yes);
    store_rollback(tx);
    world_check(&w);
    world_close(&w);
}

static void the_outputs_share_one_limit(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;
    struct outcome o = world_outcome(42);

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    o.output_bytes = 1 << 20; /* the limit of world_spec */
    o.error_bytes = RUN_RESULT_BYTES_MAX + 1;
    struct coord_result r = world_result("n1", &l, &o, &w);
    assert_err(coord_result_submit(w.c, NULL, &r, &v, &w.f.e), VCP_EINVAL, w.f.e, "together");
    world_close(&w);
}

static void an_expired_lease_is_placed_again(void **state)
{
    struct world w;
    struct coord_lease l, l2;
    struct coord_verdict v;

    (void)state;
    world_open(&w);
    w.config.heartbeat_timeout_ms = 1000000000;
    world_restart(&w);
    world_node(&w, "n1", 900);
    world_node(&w, "n2", 500);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    w.now_ms = l.expires_at_ms;
    assert_err(world_deliver(&w, "n1", &l, 42, &v), VCP_ESTATE, w.f.e, "over");
    world_sweep(&w, 0);
    assert_err(world_deliver(&w, "n1", &l, 42, &v), VCP_ESTATE, w.f.e, "over");
    assert_ok(world_lease(&w, "n2", &l2), w.f.e);
    assert_string_equal(l2.task_id, t.task_id);
    assert_int_equal(world_node_row(&w, "n1").error_count, 1);
    assert_int_equal(world_task(&w, t.task_id).attempts, 1);
    assert_ok(world_deliver(&w, "n2", &l2, 42, &v), w.f.e);
    assert_int_equal(world_balance(&w, "user:o-n1"), 0);
    assert_int_equal(world_balance(&w, "user:o-n2"), 100);
    world_check(&w);
    world_close(&w);
}

static void renewal_extends_a_lease_but_not_for_ever(void **state)
{
    struct world w;
    struct coord_lease l;
    int64_t until = 0;
    bool over = true;
    const char *ids[1];

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    w.now_ms += 50000;
    assert_ok(coord_lease_renew(w.c, NULL, "n1", l.lease_id, &until, &w.f.e), w.f.e);
    assert_int_equal(until, w.now_ms + 70000);
    w.now_ms += 60000;
    ids[0] = l.lease_id;
    assert_ok(coord_node_heartbeat(w.c, NULL, "n1", NULL, ids, 1, &over, NULL, &w.f.e), w.f.e);
    assert_false(over);
    world_check(&w);
    w.now_ms += 30000; /* 140 s after the lease began, its last moment */
    world_sweep(&w, 0);
    assert_err(coord_lease_renew(w.c, NULL, "n1", l.lease_id, &until, &w.f.e), VCP_ESTATE, w.f.e,
               "over");
    assert_ok(coord_node_heartbeat(w.c, NULL, "n1", NULL, ids, 1, &over, NULL, &w.f.e), w.f.e);
    assert_true(over);
    world_close(&w);
}

static void a_failing_node_backs_off_and_others_take_over(void **state)
{
    struct world w;
    struct coord_lease l;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_ok(
        coord_lease_fail(w.c, NULL, "n1", l.lease_id, COORD_FAIL_WORKER_LOST, "killed", &w.f.e),
        w.f.e);
    assert_int_equal(world_lease(&w, "n1", &l), VCP_EBUSY);
    w.now_ms += w.config.backoff_ms - 1;
    assert_int_equal(world_lease(&w, "n1", &l), VCP_EBUSY);
    world_restart(&w); /* the back-off outlives a restart */
    assert_int_equal(world_lease(&w, "n1", &l), VCP_EBUSY);
    w.now_ms += 1;
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_string_equal(l.task_id, t.task_id);
    assert_int_equal(l.attempt, 2); /* the row was revived, not made anew */
    assert_err(coord_lease_fail(w.c, NULL, "n1", "nothing", COORD_FAIL_TIMEOUT, NULL, &w.f.e),
               VCP_ESTATE, w.f.e, "over");
    world_check(&w);
    world_close(&w);
}

static void a_task_that_fails_everywhere_ends_with_a_refund(void **state)
{
    struct world w;
    struct coord_lease l;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    struct coord_submitted t = world_submit(&w, 1, 100);
    for (int i = 0; i < 5; i++) {
        w.now_ms += 16 * w.config.backoff_ms;
        assert_ok(world_lease(&w, "n1", &l), w.f.e);
        assert_ok(coord_lease_fail(w.c, NULL, "n1", l.lease_id, COORD_FAIL_TIMEOUT, "30 s", &w.f.e),
                  w.f.e);
    }
    struct store_task row = world_task(&w, t.task_id);
    assert_int_equal(row.status, STORE_TASK_FAILED);
    assert_non_null(strstr(row.reason, "5 failed attempts"));
    assert_non_null(strstr(row.reason, "timeout: 30 s"));
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    /* Running out of time is the task's doing, not the node's. */
    assert_int_equal(world_node_row(&w, "n1").reputation.failed, 0);
    assert_int_equal(world_node_row(&w, "n1").error_count, 0);
    world_check(&w);
    world_close(&w);
}

static void a_task_nobody_can_run_ends_after_its_patience(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    struct coord_submitted t = world_submit(&w, 2, 100);
    world_node(&w, "n1", 900); /* one of two */
    world_sweep(&w, w.config.queue_timeout_ms);
    struct store_task row = world_task(&w, t.task_id);
    assert_int_equal(row.status, STORE_TASK_FAILED);
    assert_non_null(strstr(row.reason, "no 2 eligible nodes"));
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    world_check(&w);
    world_close(&w);
}

static void cancelling_refunds_and_frees(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    fixture_user(&w.f, "other");
    assert_int_equal(coord_task_cancel(w.c, "other", t.task_id, &w.f.e), VCP_ENOTFOUND);
    assert_ok(coord_task_cancel(w.c, "client", t.task_id, &w.f.e), w.f.e);
    assert_ok(coord_task_cancel(w.c, "client", t.task_id, &w.f.e), w.f.e);
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    assert_err(world_deliver(&w, "n1", &l, 42, &v), VCP_ESTATE, w.f.e, "over");
    assert_ok(coord_task_delete(w.c, "client", t.task_id, &w.f.e), w.f.e);
    assert_int_equal(coord_task_delete(w.c, "client", t.task_id, &w.f.e), VCP_ENOTFOUND);
    t = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_ok(world_deliver(&w, "n1", &l, 42, &v), w.f.e);
    assert_err(coord_task_cancel(w.c, "client", t.task_id, &w.f.e), VCP_ESTATE, w.f.e, "completed");
    world_check(&w);
    world_close(&w);
}

static void only_leases_that_end_without_a_result_are_called_over(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    struct coord_submitted t = world_submit(&w, 1, 100);
    assert_ok(coord_task_cancel(w.c, "client", t.task_id, &w.f.e), w.f.e);
    assert_int_equal(w.n_over, 0); /* it was not taken yet */
    world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_ok(world_deliver(&w, "n1", &l, 42, &v), w.f.e);
    assert_int_equal(w.n_over, 0);
    t = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_ok(coord_task_cancel(w.c, "client", t.task_id, &w.f.e), w.f.e);
    assert_int_equal(w.n_over, 1);
    world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    world_sweep(&w, 71000); /* it expires */
    assert_int_equal(w.n_over, 2);
    world_check(&w);
    world_close(&w);
}

static void beat(struct world *w, const char *id, struct telemetry t)
{
    assert_ok(coord_node_heartbeat(w->c, NULL, id, &t, NULL, 0, NULL, NULL, &w->f.e), w->f.e);
}

/* ---- leaving ---- */

static void a_leaving_node_keeps_what_it_holds_and_the_rest_moves_at_once(void **state)
{
    struct world w;
    struct coord_lease held, lost, got[2];
    struct coord_verdict v;
    const char *ids[1];

    (void)state;
    world_open(&w);
    world_node(&w, "first", 900);
    struct coord_submitted a = world_submit(&w, 1, 100);
    struct coord_submitted b = world_submit(&w, 1, 100);
    struct coord_submitted c = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "first", &held), w.f.e);
    assert_ok(world_lease(&w, "first", &lost), w.f.e); /* the answer never arrived */
    assert_string_equal(held.task_id, a.task_id);
    world_node(&w, "second", 500);
    ids[0] = held.lease_id;
    assert_ok(coord_node_leave(w.c, NULL, "first", ids, 1, &w.f.e), w.f.e);
    assert_int_equal(w.n_over, 1);
    for (int i = 0; i < 2; i++)
        assert_ok(world_lease(&w, "second", &got[i]), w.f.e);
    assert_true(strcmp(got[0].task_id, b.task_id) == 0 || strcmp(got[1].task_id, b.task_id) == 0);
    assert_true(strcmp(got[0].task_id, c.task_id) == 0 || strcmp(got[1].task_id, c.task_id) == 0);
    assert_int_equal(world_node_row(&w, "first").reputation.failed, 0);

    /* Heartbeats bring it no work, asking does; what it held still counts. */
    beat(&w, "first", world_sample(900, 10, 10));
    struct coord_submitted d = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "second", &got[0]), w.f.e);
    assert_string_equal(got[0].task_id, d.task_id);
    assert_ok(world_deliver(&w, "first", &held, 42, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_err(world_lease(&w, "first", &lost), VCP_EBUSY, w.f.e, "no work");
    d = world_submit(&w, 1, 100);
    assert_ok(world_lease(&w, "first", &lost), w.f.e);
    assert_string_equal(lost.task_id, d.task_id);
    world_check(&w);
    world_close(&w);
}

static void a_foreign_node_cannot_be_made_to_leave(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    fixture_user(&w.f, "other");
    assert_int_equal(coord_node_leave(w.c, "other", "n1", NULL, 0, &w.f.e), VCP_ENOTFOUND);
    assert_ok(coord_node_leave(w.c, "o-n1", "n1", NULL, 0, &w.f.e), w.f.e);
    world_close(&w);
}

/* ---- replicas ---- */

/* Nodes a, b, c take the task and answer; returns the last verdict. */
static struct coord_verdict vote(struct world *w, const char *task_id, int a, int b, int c)
{
    const char *const ids[] = {"a", "b", "c"};
    const int answers[] = {a, b, c};
    struct coord_verdict v = {0};
    struct coord_lease l;

    for (int i = 0; i < 3; i++) {
        assert_ok(world_lease(w, ids[i], &l), w->f.e);
        assert_string_equal(l.task_id, task_id);
        assert_ok(world_deliver(w, ids[i], &l, answers[i], &v), w->f.e);
        assert_int_equal(v.verdict == STORE_VERDICT_PENDING, i < 2);
    }
    return v;
}

static void three_nodes(struct world *w)
{
    world_open(w);
    world_node(w, "a", 300);
    world_node(w, "b", 300);
    world_node(w, "c", 300);
}

static void a_majority_wins_and_the_liar_is_not_paid(void **state)
{
    struct world w;
    struct store_dispute *d;
    struct store_tx *tx;
    size_t n;

    (void)state;
    three_nodes(&w);
    struct coord_submitted t = world_submit(&w, 3, 100);
    struct coord_verdict v = vote(&w, t.task_id, 7, 8, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(v.paid, 33);
    assert_int_equal(world_balance(&w, "user:o-a"), 33);
    assert_int_equal(world_balance(&w, "user:o-b"), 0);
    assert_int_equal(world_balance(&w, "user:o-c"), 33);
    assert_int_equal(world_balance(&w, "user:client"), 10000 - 66);
    assert_int_equal(world_node_row(&w, "b").reputation.disputes, 1);
    assert_int_equal(world_node_row(&w, "b").reputation.failed, 1);
    assert_ok(store_begin_read(w.f.s, &tx, &w.f.e), w.f.e);
    assert_ok(store_dispute_list(tx, &w.f.a, &d, &n, t.task_id, NULL, 10, &w.f.e), w.f.e);
    store_rollback(tx);
    assert_int_equal(n, 1);
    assert_string_equal(d[0].node_id, "b");
    assert_string_equal(d[0].kind, "outcome_mismatch");
    assert_non_null(strstr(d[0].evidence, "signature"));
    assert_non_null(strstr(world_task(&w, t.task_id).result, "i32:7"));
    world_check(&w);
    world_close(&w);
}

static void without_a_majority_everything_goes_back(void **state)
{
    struct world w;
    char account[LEDGER_NAME_BYTES];

    (void)state;
    three_nodes(&w);
    struct coord_submitted t = world_submit(&w, 3, 100);
    struct coord_verdict v = vote(&w, t.task_id, 7, 8, 9);
    assert_int_equal(v.verdict, STORE_VERDICT_VOID);
    struct store_task row = world_task(&w, t.task_id);
    assert_int_equal(row.status, STORE_TASK_FAILED);
    assert_non_null(strstr(row.reason, "majority"));
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    ledger_escrow_account(account, t.task_id);
    assert_int_equal(world_balance(&w, account), 0);
    assert_int_equal(world_node_row(&w, "b").reputation.disputes, 0);
    world_check(&w);
    world_close(&w);
}

static void two_of_two_must_agree(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;

    (void)state;
    world_open(&w);
    world_node(&w, "a", 300);
    world_node(&w, "b", 300);
    struct coord_submitted t = world_submit(&w, 2, 100);
    assert_ok(world_lease(&w, "a", &l), w.f.e);
    assert_ok(world_deliver(&w, "a", &l, 1, &v), w.f.e);
    assert_ok(world_lease(&w, "b", &l), w.f.e);
    assert_ok(world_deliver(&w, "b", &l, 2, &v), w.f.e);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_FAILED);
    world_close(&w);
}

static void replicas_go_to_different_owners(void **state)
{
    struct world w;
    struct coord_node_reg r;

    (void)state;
    world_open(&w);
    fixture_user(&w.f, "same");
    for (int i = 0; i < 3; i++) {
        char id[] = {'s', (char)('0' + i), 0};
        r = world_reg(id);
        assert_ok(coord_node_register(w.c, "same", &r, &w.f.e), w.f.e);
    }
    struct coord_submitted t = world_submit(&w, 2, 100);
    assert_int_equal(t.status, STORE_TASK_PENDING);
    world_node(&w, "z", 300);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_RUNNING);
    w.config.replicas_share_owner = true;
    world_restart(&w);
    assert_int_equal(world_submit(&w, 3, 100).status, STORE_TASK_RUNNING);
    world_check(&w);
    world_close(&w);
}

static void a_lost_replica_is_replaced_and_never_more(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_stats s;

    (void)state;
    three_nodes(&w);
    struct coord_submitted t = world_submit(&w, 2, 100);
    assert_ok(coord_stats(w.c, &s, &w.f.e), w.f.e);
    assert_int_equal(s.active_assignments, 2);
    assert_ok(world_lease(&w, "a", &l), w.f.e);
    assert_ok(coord_node_delete(w.c, "o-a", "a", &w.f.e), w.f.e);
    assert_ok(coord_stats(w.c, &s, &w.f.e), w.f.e);
    assert_int_equal(s.active_assignments, 2);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_RUNNING);
    assert_ok(world_lease(&w, "c", &l), w.f.e);
    assert_string_equal(l.task_id, t.task_id);
    world_check(&w);
    world_close(&w);
}

static void what_a_node_delivered_counts_after_it_left(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;

    (void)state;
    world_open(&w);
    world_node(&w, "a", 300);
    world_node(&w, "b", 300);
    world_submit(&w, 2, 100);
    assert_ok(world_lease(&w, "a", &l), w.f.e);
    assert_ok(world_deliver(&w, "a", &l, 1, &v), w.f.e);
    assert_ok(coord_node_delete(w.c, "o-a", "a", &w.f.e), w.f.e);
    world_check(&w);
    world_restart(&w);
    world_check(&w);
    assert_ok(world_lease(&w, "b", &l), w.f.e);
    assert_ok(world_deliver(&w, "b", &l, 1, &v), w.f.e);
    assert_int_equal(world_balance(&w, "user:o-a"), 50);
    assert_int_equal(world_balance(&w, "user:o-b"), 50);
    assert_int_equal(world_node_row(&w, "a").reputation.completed, 1);
    world_check(&w);
    world_close(&w);
}

/* ---- nodes ---- */

static void registration_checks_its_fields(void **state)
{
    struct world w;
    struct coord_node_reg r = world_reg("n1");

    (void)state;
    world_open(&w);
    fixture_user(&w.f, "o");
#define REFUSED(field, value, word)                                                                \
    r = world_reg("n1");                                                                           \
    r.field = (value);                                                                             \
    assert_err(coord_node_register(w.c, "o", &r, &w.f.e), VCP_EINVAL, w.f.e, word)
    REFUSED(node_id, "", "empty");
    REFUSED(node_id, "a/b", "letters");
    REFUSED(node_id, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "64");
    REFUSED(region, "", "region");
    REFUSED(node_type, "toaster", "toaster");
    REFUSED(bandwidth_mbps, 9, "bandwidth_mbps");
    REFUSED(bandwidth_mbps, (double)NAN, "bandwidth_mbps");
    REFUSED(cpu_cores, 0, "cpu_cores");
    REFUSED(cpu_cores, 257, "cpu_cores");
    REFUSED(memory_gb, 2049, "memory_gb");
    REFUSED(slots, COORD_SLOTS_MAX + 1, "slots");
#undef REFUSED
    r = world_reg("n1");
    assert_err(coord_node_register(w.c, "nobody", &r, &w.f.e), VCP_ENOTFOUND, w.f.e, "nobody");
    assert_ok(coord_node_register(w.c, "o", &r, &w.f.e), w.f.e);
    fixture_user(&w.f, "p");
    assert_err(coord_node_register(w.c, "p", &r, &w.f.e), VCP_EEXIST, w.f.e, "taken");
    r.node_id = "n2";
    assert_err(coord_node_register(w.c, "p", &r, &w.f.e), VCP_EEXIST, w.f.e, "public key");
    world_check(&w);
    world_close(&w);
}

static void its_owner_revives_a_deleted_node(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;
    struct coord_node_reg r = world_reg("n1");

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 500);
    world_submit(&w, 1, 10);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_ok(world_deliver(&w, "n1", &l, 1, &v), w.f.e);
    assert_int_equal(coord_node_delete(w.c, "client", "n1", &w.f.e), VCP_ENOTFOUND);
    assert_ok(coord_node_delete(w.c, "o-n1", "n1", &w.f.e), w.f.e);
    assert_int_equal(coord_node_heartbeat(w.c, NULL, "n1", NULL, NULL, 0, NULL, NULL, &w.f.e),
                     VCP_ENOTFOUND);
    fixture_user(&w.f, "thief");
    assert_int_equal(coord_node_register(w.c, "thief", &r, &w.f.e), VCP_EEXIST);
    assert_ok(coord_node_register(w.c, "o-n1", &r, &w.f.e), w.f.e);
    assert_int_equal(world_node_row(&w, "n1").reputation.completed, 1);
    world_check(&w);
    world_close(&w);
}

static void a_silent_node_goes_offline_comes_back_or_is_forgotten(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_heartbeat h;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    struct coord_submitted t = world_submit(&w, 1, 10);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    world_sweep(&w, w.config.heartbeat_timeout_ms);
    assert_int_equal(world_node_row(&w, "n1").status, STORE_NODE_OFFLINE);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_PENDING);
    world_check(&w);
    w.now_ms += 60000;
    assert_ok(coord_node_heartbeat(w.c, NULL, "n1", NULL, NULL, 0, NULL, &h, &w.f.e), w.f.e);
    assert_int_equal(h.status, STORE_NODE_ONLINE);
    assert_int_equal(h.active_tasks, 1); /* its back-off is over */
    world_sweep(&w, w.config.heartbeat_timeout_ms);
    world_sweep(&w, w.config.removal_timeout_ms);
    assert_int_not_equal(world_node_row(&w, "n1").deleted_at_ms, 0);
    world_check(&w);
    world_close(&w);
}

static void a_rejected_node_gets_nothing(void **state)
{
    struct world w;
    struct coord_lease l;

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    world_submit(&w, 1, 10);
    assert_ok(coord_node_reject(w.c, "o-n1", "n1", &w.f.e), w.f.e);
    assert_err(coord_node_heartbeat(w.c, NULL, "n1", NULL, NULL, 0, NULL, NULL, &w.f.e), VCP_ESTATE,
               w.f.e, "rejected");
    assert_int_equal(world_lease(&w, "n1", &l), VCP_ESTATE);
    world_check(&w);
    world_close(&w);
}

static void health_follows_the_formula(void **state)
{
    struct world w;
    struct coord_heartbeat h;
    struct telemetry t = world_sample(100, 20, 50);

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    assert_true(world_node_row(&w, "n1").has_health);
    t.memory_usage_percent = 60;
    assert_ok(coord_node_heartbeat(w.c, NULL, "n1", &t, NULL, 0, NULL, &h, &w.f.e), w.f.e);
    assert_true(fabs(h.health_score - 42) < 1e-9);
    fixture_user(&w.f, "o");
    struct coord_node_reg r = world_reg("silent");
    assert_ok(coord_node_register(w.c, "o", &r, &w.f.e), w.f.e);
    assert_false(world_node_row(&w, "silent").has_health);
    world_close(&w);
}

static void safe_mode_takes_no_new_work(void **state)
{
    struct world w;
    struct coord_heartbeat h;
    struct telemetry t = world_sample(500, 10, 10);

    (void)state;
    world_open(&w);
    world_node(&w, "n1", 900);
    t.temperature_c = 86;
    assert_ok(coord_node_heartbeat(w.c, NULL, "n1", &t, NULL, 0, NULL, &h, &w.f.e), w.f.e);
    assert_true(h.safe_mode);
    assert_true(h.safe_reason[0] != '\0');
    struct coord_submitted s = world_submit(&w, 1, 10);
    assert_int_equal(s.status, STORE_TASK_PENDING);
    t.temperature_c = 85;
    assert_ok(coord_node_heartbeat(w.c, NULL, "n1", &t, NULL, 0, NULL, &h, &w.f.e), w.f.e);
    assert_false(h.safe_mode);
    assert_int_equal(world_task(&w, s.task_id).status, STORE_TASK_RUNNING);
    world_close(&w);
}

static void the_cap_is_never_passed(void **state)
{
    struct world w;
    struct coord_stats s;

    (void)state;
    world_open(&w);
    w.config.node_tasks_max = 3;
    world_restart(&w);
    world_node(&w, "n1", 900);
    for (int i = 0; i < 5; i++)
        world_submit(&w, 1, 10);
    assert_ok(coord_stats(w.c, &s, &w.f.e), w.f.e);
    assert_int_equal(s.active_assignments, 3);
    assert_int_equal(s.waiting_tasks, 2);
    assert_int_equal(s.full_nodes, 1);
    world_check(&w);
    world_close(&w);
}

static void slots_bound_what_a_node_gets(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;
    struct coord_stats s;
    struct coord_node_reg r = world_reg("n1");

    (void)state;
    world_open(&w);
    fixture_user(&w.f, "o-n1");
    r.slots = 1;
    assert_ok(coord_node_register(w.c, "o-n1", &r, &w.f.e), w.f.e);
    world_submit(&w, 1, 10);
    world_submit(&w, 1, 10);
    assert_ok(coord_stats(w.c, &s, &w.f.e), w.f.e);
    assert_int_equal(s.active_assignments, 1);
    assert_ok(world_lease(&w, "n1", &l), w.f.e);
    assert_ok(world_deliver(&w, "n1", &l, 1, &v), w.f.e);
    assert_ok(world_lease(&w, "n1", &l), w.f.e); /* the next one came with the room */
    world_close(&w);
}

static void the_environment_sets_the_cap(void **state)
{
    static const struct {
        const char *first, *alias;
        uint32_t want;
    } cases[] = {{NULL, NULL, 50},  {"7", "9", 7},   {NULL, "9", 9}, {"x", "9", 50},
                 {"0", "9", 50},    {"-3", "9", 50}, {"", "9", 50},  {NULL, "x", 50},
                 {"7.5", NULL, 50}, {" 7", NULL, 50}};
    struct coord_config c;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsetenv("MAX_CONCURRENT_TASKS_PER_NODE");
        unsetenv("MAX_ACTIVE_TASK_ATTACHMENTS_PER_NODE");
        if (cases[i].first)
            setenv("MAX_CONCURRENT_TASKS_PER_NODE", cases[i].first, 1);
        if (cases[i].alias)
            setenv("MAX_ACTIVE_TASK_ATTACHMENTS_PER_NODE", cases[i].alias, 1);
        coord_config_default(&c);
        coord_config_from_env(&c);
        assert_int_equal(c.node_tasks_max, cases[i].want);
    }
    unsetenv("MAX_CONCURRENT_TASKS_PER_NODE");
    unsetenv("MAX_ACTIVE_TASK_ATTACHMENTS_PER_NODE");
}

/* ---- strategies ---- */

/* Who got the task: the one active node of a task for one. */
static const char *holder(struct world *w, const char *task_id)
{
    struct store_assignment *m;
    struct store_tx *tx;
    size_t n;

    assert_ok(store_begin_read(w->f.s, &tx, &w->f.e), w->f.e);
    assert_ok(store_assignment_list(tx, &w->f.a, &m, &n, task_id, &w->f.e), w->f.e);
    store_rollback(tx);
    for (size_t i = 0; i < n; i++)
        if (m[i].disconnected_at_ms == 0)
            return m[i].node_id;
    return "";
}

static const char *chosen_by(struct world *w, enum task_strategy s)
{
    struct task_spec spec = world_spec(w, 1, 0);
    struct coord_submitted t;

    spec.strategy = s;
    assert_ok(world_try_submit(w, &spec, NULL, &t), w->f.e);
    const char *id = holder(w, t.task_id);
    assert_ok(coord_task_cancel(w->c, "client", t.task_id, &w->f.e), w->f.e);
    return id;
}

static void each_strategy_chooses_by_its_measure(void **state)
{
    struct world w;

    (void)state;
    three_nodes(&w);
    fixture_user(&w.f, "o");
    struct coord_node_reg silent = world_reg("0silent");
    assert_ok(coord_node_register(w.c, "o", &silent, &w.f.e), w.f.e);
    beat(&w, "a", world_sample(900, 50, 50)); /* health 36+15+13 */
    beat(&w, "b", world_sample(200, 5, 60));  /* 8+28.5+12 */
    beat(&w, "c", world_sample(100, 60, 5));  /* 4+12+17.5 */
    assert_string_equal(chosen_by(&w, TASK_STRATEGY_WEIGHTED), "a");
    assert_string_equal(chosen_by(&w, TASK_STRATEGY_LEAST_LOADED), "c");
    assert_string_equal(chosen_by(&w, TASK_STRATEGY_LATENCY_AWARE), "b");
    assert_string_equal(chosen_by(&w, TASK_STRATEGY_DEFAULT), "a");
    assert_ok(coord_set_strategy(w.c, TASK_STRATEGY_LEAST_LOADED, &w.f.e), w.f.e);
    assert_string_equal(chosen_by(&w, TASK_STRATEGY_DEFAULT), "c");
    world_restart(&w);
    assert_int_equal(coord_strategy(w.c), TASK_STRATEGY_LEAST_LOADED);
    assert_string_equal(chosen_by(&w, TASK_STRATEGY_DEFAULT), "c");
    world_check(&w);
    world_close(&w);
}

static void round_robin_rotates(void **state)
{
    struct world w;
    char order[10] = "";

    (void)state;
    three_nodes(&w);
    for (int i = 0; i < 6; i++) {
        order[i] = chosen_by(&w, TASK_STRATEGY_ROUND_ROBIN)[0];
        if (i == 3)
            world_restart(&w); /* the rotation outlives it */
    }
    assert_string_equal(order, "abcabc");
    world_close(&w);
}

static void ties_go_to_fewer_tasks_then_the_id(void **state)
{
    struct world w;

    (void)state;
    three_nodes(&w);
    assert_string_equal(holder(&w, world_submit(&w, 1, 0).task_id), "a");
    assert_string_equal(holder(&w, world_submit(&w, 1, 0).task_id), "b");
    assert_string_equal(holder(&w, world_submit(&w, 1, 0).task_id), "c");
    assert_string_equal(holder(&w, world_submit(&w, 1, 0).task_id), "a");
    world_close(&w);
}

static void requirements_are_met_or_nobody_is_chosen(void **state)
{
    struct world w;
    struct coord_node_reg r = world_reg("n1");
    struct coord_submitted t;

    (void)state;
    world_open(&w);
    fixture_user(&w.f, "o");
    assert_ok(coord_node_register(w.c, "o", &r, &w.f.e), w.f.e);
    struct task_spec s;
#define UNMET(field, value)                                                                        \
    s = world_spec(&w, 1, 0);                                                                      \
    s.requirements.field = (value);                                                                \
    assert_ok(world_try_submit(&w, &s, NULL, &t), w.f.e);                                          \
    assert_int_equal(t.status, STORE_TASK_PENDING)
    UNMET(cpu_cores_min, 9);
    UNMET(memory_gb_min, 16.5);
    UNMET(bandwidth_mbps_min, 201);
    UNMET(require_gpu, true);
    UNMET(region, "us");
    UNMET(node_type, "storage");
#undef UNMET
    s = world_spec(&w, 1, 0);
    s.requirements.cpu_cores_min = 8;
    s.requirements.memory_gb_min = 16;
    s.requirements.bandwidth_mbps_min = 200;
    s.requirements.region = "eu";
    assert_ok(world_try_submit(&w, &s, NULL, &t), w.f.e);
    assert_int_equal(t.status, STORE_TASK_RUNNING);
    /* A universal node with everything takes all that waited. */
    r = world_reg("n2");
    r.node_type = "any";
    r.gpu_available = true;
    r.cpu_cores = 64;
    r.memory_gb = 512;
    r.bandwidth_mbps = 1000;
    fixture_user(&w.f, "p");
    assert_ok(coord_node_register(w.c, "p", &r, &w.f.e), w.f.e);
    struct coord_stats st;
    assert_ok(coord_stats(w.c, &st, &w.f.e), w.f.e);
    assert_int_equal(st.waiting_tasks, 1); /* the one for region us */
    world_check(&w);
    world_close(&w);
}

static void a_task_goes_to_no_node_with_less_memory_than_its_limit(void **state)
{
    struct world w;
    struct coord_node_reg r = world_reg("small");
    struct coord_submitted t;

    (void)state;
    world_open(&w);
    fixture_user(&w.f, "o");
    r.memory_gb = 1;
    assert_ok(coord_node_register(w.c, "o", &r, &w.f.e), w.f.e);
    struct task_spec s = world_spec(&w, 1, 0);
    s.requirements.memory_gb_min = 0.25;
    s.limits.memory_bytes = 2ull << 30;
    assert_ok(world_try_submit(&w, &s, NULL, &t), w.f.e);
    assert_int_equal(t.status, STORE_TASK_PENDING);
    s.limits.memory_bytes = 1ull << 30;
    assert_ok(world_try_submit(&w, &s, NULL, &t), w.f.e);
    assert_int_equal(t.status, STORE_TASK_RUNNING);
    world_check(&w);
    world_close(&w);
}

static void an_assignment_nobody_takes_moves_on(void **state)
{
    struct world w;
    struct coord_lease l;

    (void)state;
    world_open(&w);
    world_node(&w, "a", 900);
    world_node(&w, "b", 300);
    struct coord_submitted t = world_submit(&w, 1, 10);
    assert_string_equal(holder(&w, t.task_id), "a");
    world_sweep(&w, w.config.ack_timeout_ms);
    assert_string_equal(holder(&w, t.task_id), "b");
    assert_int_equal(world_node_row(&w, "a").reputation.failed, 0);
    assert_ok(world_lease(&w, "b", &l), w.f.e);
    world_check(&w);
    /* b is there and a is not: it gets nothing before it asks. */
    assert_string_equal(holder(&w, world_submit(&w, 1, 10).task_id), "b");
    assert_int_equal(world_lease(&w, "a", &l), VCP_EBUSY);
    assert_string_equal(holder(&w, world_submit(&w, 1, 10).task_id), "a");
    world_check(&w);
    world_close(&w);
}

static void explain_names_the_chosen_and_the_excluded(void **state)
{
    struct world w;
    json_t *j;

    (void)state;
    three_nodes(&w);
    struct telemetry hot = world_sample(900, 5, 5);
    hot.temperature_c = 99;
    beat(&w, "c", hot);
    struct coord_node_reg r = world_reg("store");
    r.node_type = "storage";
    fixture_user(&w.f, "o");
    assert_ok(coord_node_register(w.c, "o", &r, &w.f.e), w.f.e);
    struct coord_submitted t = world_submit(&w, 1, 10);
    fixture_user(&w.f, "other");
    assert_int_equal(coord_explain(w.c, "other", t.task_id, &j, &w.f.e), VCP_ENOTFOUND);
    assert_ok(coord_explain(w.c, "client", t.task_id, &j, &w.f.e), w.f.e);
    char *text = json_text(j);
    json_t *d = json_array_get(json_object_get(j, "decisions"), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(d, "chosen"), 0)), "a");
    json_t *x = json_object_get(d, "excluded");
    assert_int_equal(json_integer_value(json_object_get(x, "safe_mode")), 1);
    assert_int_equal(json_integer_value(json_object_get(x, "node_type")), 1);
    assert_int_equal(json_integer_value(json_object_get(d, "ranked_lower")), 1);
    assert_int_equal(json_array_size(json_object_get(d, "nodes")), 4);
    assert_non_null(strstr(text, "\"score\""));
    assert_int_equal(json_array_size(json_object_get(j, "assignments")), 1);
    assert_int_equal(json_array_size(json_object_get(j, "payments")), 1);
    free(text);
    json_decref(j);
    world_close(&w);
}

static void stats_count_what_is_there(void **state)
{
    struct world w;
    struct coord_stats s;

    (void)state;
    three_nodes(&w);
    beat(&w, "a", world_sample(1000, 1, 1)); /* healthy: 40+29.7+17.9+5 */
    world_submit(&w, 1, 10);
    world_submit(&w, 9, 10);
    assert_ok(coord_stats(w.c, &s, &w.f.e), w.f.e);
    assert_int_equal(s.total_nodes, 3);
    assert_int_equal(s.healthy_nodes, 1);
    assert_int_equal(s.total_tasks, 2);
    assert_int_equal(s.running_tasks, 1);
    assert_int_equal(s.pending_tasks, 1);
    assert_true(fabs(s.total_compute_capacity - 3 * 8 * 16) < 1e-9);
    assert_true(s.avg_health_score > 40 && s.avg_health_score < 100);
    assert_ok(coord_node_delete(w.c, "o-b", "b", &w.f.e), w.f.e);
    assert_ok(coord_stats(w.c, &s, &w.f.e), w.f.e);
    assert_int_equal(s.total_nodes, 2);
    world_close(&w);
}

/* ---- failures underneath ---- */

static void a_failing_database_changes_nothing(void **state)
{
    struct world w;
    struct coord_lease l;
    struct coord_verdict v;
    struct coord_submitted t;

    (void)state;
    three_nodes(&w);
    struct task_spec s = world_spec(&w, 3, 100);
    for (unsigned n = 1;; n++) {
        store_fail_after(w.f.s, n);
        int rc = world_try_submit(&w, &s, "key", &t);
        store_fail_after(w.f.s, 0);
        if (rc == VCP_OK)
            break;
        assert_int_equal(rc, VCP_EIO);
        world_check(&w);
        assert_int_equal(world_balance(&w, "user:client"), 10000);
    }
    assert_ok(world_lease(&w, "a", &l), w.f.e);
    assert_ok(world_deliver(&w, "a", &l, 1, &v), w.f.e);
    assert_ok(world_lease(&w, "b", &l), w.f.e);
    assert_ok(world_deliver(&w, "b", &l, 2, &v), w.f.e);
    assert_ok(world_lease(&w, "c", &l), w.f.e);
    for (unsigned n = 1;; n++) {
        store_fail_after(w.f.s, n);
        int rc = world_deliver(&w, "c", &l, 1, &v);
        store_fail_after(w.f.s, 0);
        if (rc == VCP_OK) {
            assert_true(n > 30);
            break;
        }
        assert_int_equal(rc, VCP_EIO);
        world_check(&w);
        assert_int_equal(world_balance(&w, "user:client"), 9900);
    }
    assert_int_equal(world_balance(&w, "user:client"), 10000 - 66);
    world_check(&w);
    world_close(&w);
}

struct runner {
    struct world *w;
    const char *id;
    int rc, done;
    struct err e;
};

/* One node's life in its own thread; asserts stay in the main one. */
static void *run_node(void *arg)
{
    struct runner *r = arg;
    struct coord_verdict v;
    struct arena a;

    arena_init(&a, 0);
    for (int idle = 0; idle < 200 && r->rc == VCP_OK;) {
        struct coord_lease l;
        int rc = coord_lease_take(r->w->c, NULL, r->id, NULL, 0, &a, &l, &r->e);

        if (rc == VCP_EBUSY) {
            usleep(500);
            idle++;
            continue;
        }
        r->rc = rc;
        if (rc < 0)
            break;
        struct world view = {0}; /* its own error and arena, not the shared ones */
        arena_init(&view.f.a, 0);
        struct outcome o = world_outcome(7);
        struct coord_result res = world_result(r->id, &l, &o, &view);
        r->rc = coord_result_submit(r->w->c, NULL, &res, &v, &r->e);
        arena_release(&view.f.a);
        r->done += r->rc == VCP_OK;
        idle = 0;
    }
    arena_release(&a);
    return NULL;
}

static void threads_work_at_once(void **state)
{
    const char *const ids[] = {"a", "b", "c"};
    struct runner r[3] = {0};
    struct coord_stats s;
    pthread_t t[3];
    struct world w;

    (void)state;
    three_nodes(&w);
    for (int i = 0; i < 3; i++) {
        r[i].w = &w;
        r[i].id = ids[i];
        pthread_create(&t[i], NULL, run_node, &r[i]);
    }
    for (int i = 0; i < 30; i++) {
        struct coord_stats now;

        world_submit(&w, 1 + (uint32_t)i % 3, 30);
        assert_ok(coord_stats(w.c, &now, &w.f.e), w.f.e);
        assert_ok(coord_sweep(w.c, NULL, &w.f.e), w.f.e);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
        assert_ok(r[i].rc, r[i].e);
    }
    assert_ok(coord_stats(w.c, &s, &w.f.e), w.f.e);
    assert_int_equal(s.completed_tasks, 30);
    assert_int_equal(r[0].done + r[1].done + r[2].done, 60);
    world_check(&w);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_runs_and_is_paid),
        cmocka_unit_test(a_lost_reply_can_be_repeated),
        cmocka_unit_test(submission_is_idempotent_by_key),
        cmocka_unit_test(submissions_that_cannot_be_are_refused),
        cmocka_unit_test(a_task_waits_for_a_node),
        cmocka_unit_test(a_guest_failure_is_an_outcome_and_paid),
        cmocka_unit_test(foreign_late_and_forged_results_are_refused),
        cmocka_unit_test(an_output_must_be_stored_in_its_length),
        cmocka_unit_test(a_strangers_content_cannot_be_named_as_output),
        cmocka_unit_test(the_outputs_share_one_limit),
        cmocka_unit_test(an_expired_lease_is_placed_again),
        cmocka_unit_test(renewal_extends_a_lease_but_not_for_ever),
        cmocka_unit_test(a_failing_node_backs_off_and_others_take_over),
        cmocka_unit_test(a_task_that_fails_everywhere_ends_with_a_refund),
        cmocka_unit_test(a_task_nobody_can_run_ends_after_its_patience),
        cmocka_unit_test(cancelling_refunds_and_frees),
        cmocka_unit_test(only_leases_that_end_without_a_result_are_called_over),
        cmocka_unit_test(a_leaving_node_keeps_what_it_holds_and_the_rest_moves_at_once),
        cmocka_unit_test(a_foreign_node_cannot_be_made_to_leave),
        cmocka_unit_test(a_majority_wins_and_the_liar_is_not_paid),
        cmocka_unit_test(without_a_majority_everything_goes_back),
        cmocka_unit_test(two_of_two_must_agree),
        cmocka_unit_test(replicas_go_to_different_owners),
        cmocka_unit_test(a_lost_replica_is_replaced_and_never_more),
        cmocka_unit_test(what_a_node_delivered_counts_after_it_left),
        cmocka_unit_test(registration_checks_its_fields),
        cmocka_unit_test(its_owner_revives_a_deleted_node),
        cmocka_unit_test(a_silent_node_goes_offline_comes_back_or_is_forgotten),
        cmocka_unit_test(a_rejected_node_gets_nothing),
        cmocka_unit_test(health_follows_the_formula),
        cmocka_unit_test(safe_mode_takes_no_new_work),
        cmocka_unit_test(the_cap_is_never_passed),
        cmocka_unit_test(slots_bound_what_a_node_gets),
        cmocka_unit_test(the_environment_sets_the_cap),
        cmocka_unit_test(each_strategy_chooses_by_its_measure),
        cmocka_unit_test(round_robin_rotates),
        cmocka_unit_test(ties_go_to_fewer_tasks_then_the_id),
        cmocka_unit_test(requirements_are_met_or_nobody_is_chosen),
        cmocka_unit_test(a_task_goes_to_no_node_with_less_memory_than_its_limit),
        cmocka_unit_test(an_assignment_nobody_takes_moves_on),
        cmocka_unit_test(explain_names_the_chosen_and_the_excluded),
        cmocka_unit_test(stats_count_what_is_there),
        cmocka_unit_test(a_failing_database_changes_nothing),
        cmocka_unit_test(threads_work_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
