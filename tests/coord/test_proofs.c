/* test_proofs.c - the policies proof and audit: who may have the task, what counts, who is paid. */
#include "test.h"

#include "coord/fake_verifier.h"
#include "coord/world.h"
#include "mesh/reputation.h"

/* The draw of every audit in these tests: 0 is always below the chance, ALL_ONES never. */
#define ALL_ONES UINT64_MAX

static uint64_t next_draw;

static uint64_t fixed_draw(void *arg)
{
    (void)arg;
    return next_draw;
}

static void proofs_open(struct world *w)
{
    world_open(w);
    w->config.verifier = (struct coord_verifier){.check = fake_check, .keyset = FAKE_KEYSET};
    w->config.random = fixed_draw;
    world_restart(w);
}

static void set_keyset(struct world *w, const char *node_id, const char *keyset)
{
    struct coord_node_reg r = world_reg(node_id);
    char owner[80];

    r.keyset = keyset;
    snprintf(owner, sizeof owner, "o-%s", node_id);
    assert_ok(coord_node_register(w->c, owner, &r, &w->f.e), w->f.e);
}

static void prover_node(struct world *w, const char *node_id, double mbps)
{
    world_node(w, node_id, mbps);
    set_keyset(w, node_id, FAKE_KEYSET);
}

static struct coord_submitted submit(struct world *w, enum task_policy_kind policy, int64_t budget)
{
    struct task_spec s = world_spec(w, 1, budget);
    struct coord_submitted t;

    s.policy = policy;
    s.audit_p = policy == TASK_POLICY_AUDIT ? 0.5 : 0;
    assert_ok(world_try_submit(w, &s, NULL, &t), w->f.e);
    return t;
}

static void lease(struct world *w, const char *node_id, struct coord_lease *l)
{
    assert_ok(world_lease(w, node_id, l), w->f.e);
}

static struct coord_verdict prove(struct world *w, const char *node_id, const struct coord_lease *l,
                                  int answer)
{
    struct outcome o = world_outcome(answer);
    struct coord_verdict v = {0};
    char receipt[FAKE_RECEIPT_BYTES];

    fake_receipt(receipt, l->task_id, l->lease_id, node_id, &o);
    assert_ok(world_deliver_receipt(w, node_id, l, answer, receipt, &v), w->f.e);
    return v;
}

static void disputes_of(struct world *w, const char *task_id, const char *kinds[], size_t n)
{
    struct store_dispute *list;
    struct store_tx *tx;
    size_t count;

    assert_ok(store_begin_read(w->f.s, &tx, &w->f.e), w->f.e);
    assert_ok(store_dispute_list(tx, &w->f.a, &list, &count, task_id, NULL, 10, &w->f.e), w->f.e);
    store_rollback(tx);
    assert_int_equal(count, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(list[i].kind, kinds[i]);
}

static struct store_result result_of(struct world *w, const char *task_id, const char *node_id)
{
    struct store_result r;
    struct store_tx *tx;

    assert_ok(store_begin_read(w->f.s, &tx, &w->f.e), w->f.e);
    assert_ok(store_result_get(tx, &w->f.a, &r, task_id, node_id, &w->f.e), w->f.e);
    store_rollback(tx);
    return r;
}

/* ---- proof ---- */

static void only_nodes_with_the_servers_keys_get_proof_tasks(void **state)
{
    struct coord_submitted t;
    struct coord_lease l;
    struct world w;
    json_t *story;
    char *text;

    (void)state;
    proofs_open(&w);
    world_node(&w, "plain", 900);
    world_node(&w, "other", 800);
    set_keyset(&w, "other", "0000000000000000000000000000000000000000000000000000000000000000");
    t = submit(&w, TASK_POLICY_PROOF, 100);
    assert_int_equal(t.status, STORE_TASK_PENDING);
    assert_int_equal(world_lease(&w, "plain", &l), VCP_EBUSY);
    assert_ok(coord_explain(w.c, "client", t.task_id, &story, &w.f.e), w.f.e);
    text = json_text(story);
    assert_non_null(strstr(text, "\"no_proving_keys\":2"));
    free(text);
    json_decref(story);
    /* A node that gets the keys gets the task, and one without them does others. */
    set_keyset(&w, "other", FAKE_KEYSET);
    lease(&w, "other", &l);
    assert_true(l.prove);
    assert_string_equal(l.task_id, t.task_id);
    t = submit(&w, TASK_POLICY_NONE, 10);
    lease(&w, "plain", &l);
    assert_false(l.prove);
    assert_string_equal(l.task_id, t.task_id);
    world_check(&w);
    /* Other keys after a restart of the server: the node proves for nobody until it has them. */
    w.config.verifier.keyset = "1111111111111111111111111111111111111111111111111111111111111111";
    world_restart(&w);
    t = submit(&w, TASK_POLICY_PROOF, 100);
    assert_int_equal(t.status, STORE_TASK_PENDING);
    world_check(&w);
    world_close(&w);
}

static void a_proven_result_is_paid_and_its_receipt_kept(void **state)
{
    struct coord_submitted t;
    struct coord_verdict v;
    struct store_result r;
    struct coord_lease l;
    struct store_tx *tx;
    bool readable = false;
    struct world w;

    (void)state;
    proofs_open(&w);
    prover_node(&w, "a", 300);
    t = submit(&w, TASK_POLICY_PROOF, 101);
    lease(&w, "a", &l);
    v = prove(&w, "a", &l, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(v.task_status, STORE_TASK_COMPLETED);
    assert_int_equal(v.paid, 101);
    r = result_of(&w, t.task_id, "a");
    assert_non_null(r.receipt.sha3);
    assert_int_equal(r.receipt.n_proofs, 3);
    assert_int_equal(r.receipt.prove_ms, 1234);
    assert_int_equal(r.receipt.verify_us, 7000);
    assert_ok(store_begin_read(w.f.s, &tx, &w.f.e), w.f.e);
    assert_ok(store_blob_readable(tx, &readable, "client", r.receipt.sha3, &w.f.e), w.f.e);
    assert_true(readable);
    assert_ok(store_blob_readable(tx, &readable, "o-a", r.receipt.sha3, &w.f.e), w.f.e);
    assert_false(readable); /* the task's now, not charged to the node's owner */
    store_rollback(tx);
    /* Once more, as after a lost reply; with other bytes of the receipt too. */
    v = prove(&w, "a", &l, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_ok(world_deliver_receipt(&w, "a", &l, 7, "re-randomised", &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(world_balance(&w, "user:o-a"), 101);
    world_check(&w);
    world_close(&w);
}

static void expect_refused(const char *kind, int answer, const char *receipt_format)
{
    struct outcome honest = world_outcome(7);
    char receipt[FAKE_RECEIPT_BYTES];
    struct coord_submitted t;
    struct coord_verdict v = {0};
    struct coord_lease l, other;
    struct store_node node;
    struct world w;

    proofs_open(&w);
    prover_node(&w, "liar", 900);
    t = submit(&w, TASK_POLICY_PROOF, 100);
    lease(&w, "liar", &l);
    if (receipt_format) {
        fake_receipt(receipt, l.task_id, l.lease_id, "liar", &honest);
        if (strcmp(receipt_format, "stolen") == 0)
            fake_receipt(receipt, l.task_id, l.lease_id, "honest", &honest);
        else if (strcmp(receipt_format, "replayed") == 0)
            fake_receipt(receipt, "earlier-task", "earlier-lease", "liar", &honest);
        else if (strcmp(receipt_format, "forged") == 0)
            receipt[0] = 'P';
        assert_ok(world_deliver_receipt(&w, "liar", &l, answer, receipt, &v), w.f.e);
    } else {
        assert_ok(world_deliver(&w, "liar", &l, answer, &v), w.f.e);
    }
    assert_int_equal(v.verdict, STORE_VERDICT_REJECTED);
    assert_int_equal(v.task_status, STORE_TASK_PENDING); /* nobody else is there */
    disputes_of(&w, t.task_id, &kind, 1);
    node = world_node_row(&w, "liar");
    assert_int_equal(node.reputation.disputes, 1);
    assert_int_equal(node.reputation.failed, 1);
    world_check(&w);
    /* Not again, however long it waits, and not after a restart. */
    w.now_ms += 3600000;
    set_keyset(&w, "liar", FAKE_KEYSET);
    world_restart(&w);
    assert_int_equal(world_lease(&w, "liar", &other), VCP_EBUSY);
    /* The same once more has the same answer; the true one comes too late. */
    assert_ok(world_deliver(&w, "liar", &l, answer, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_REJECTED);
    prover_node(&w, "honest", 100);
    lease(&w, "honest", &l);
    assert_string_equal(l.task_id, t.task_id);
    v = prove(&w, "honest", &l, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(world_balance(&w, "user:o-honest"), 100);
    assert_int_equal(world_balance(&w, "user:o-liar"), 0);
    world_check(&w);
    world_close(&w);
}

static void a_missing_receipt_is_a_failure_with_a_dispute(void **state)
{
    (void)state;
    expect_refused("missing_receipt", 7, NULL);
}

static void a_receipt_of_another_outcome_is_refused(void **state)
{
    (void)state;
    expect_refused("bad_receipt", 8, "true of 7");
}

static void a_forged_receipt_is_refused(void **state)
{
    (void)state;
    expect_refused("bad_receipt", 7, "forged");
}

static void a_stolen_receipt_is_refused(void **state)
{
    (void)state;
    expect_refused("bad_receipt", 7, "stolen");
}

static void a_receipt_of_an_earlier_task_is_refused(void **state)
{
    (void)state;
    expect_refused("bad_receipt", 7, "replayed");
}

static void the_evidence_stays_readable(void **state)
{
    const char *lie = "these are no proofs";
    struct store_dispute *list;
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct store_tx *tx;
    uint8_t digest[32];
    char hex[65];
    bool readable = false;
    struct world w;
    size_t n;

    (void)state;
    proofs_open(&w);
    prover_node(&w, "liar", 900);
    t = submit(&w, TASK_POLICY_PROOF, 100);
    lease(&w, "liar", &l);
    assert_ok(world_deliver_receipt(&w, "liar", &l, 7, lie, &v), w.f.e);
    sha3_256(digest, lie, strlen(lie));
    hex_encode(hex, digest, sizeof digest);
    assert_ok(store_begin_read(w.f.s, &tx, &w.f.e), w.f.e);
    assert_ok(store_dispute_list(tx, &w.f.a, &list, &n, t.task_id, NULL, 10, &w.f.e), w.f.e);
    assert_non_null(strstr(list[0].evidence, hex));
    assert_non_null(strstr(list[0].evidence, "the receipt is of another run"));
    assert_non_null(strstr(list[0].evidence, "\"signature\""));
    assert_ok(store_blob_readable(tx, &readable, "client", hex, &w.f.e), w.f.e);
    assert_true(readable);
    store_rollback(tx);
    world_close(&w);
}

static void a_verifier_in_trouble_is_nobodys_fault(void **state)
{
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    prover_node(&w, "a", 300);
    t = submit(&w, TASK_POLICY_PROOF, 100);
    lease(&w, "a", &l);
    assert_err(world_deliver_receipt(&w, "a", &l, 7, "EAGAIN", &v), VCP_ENOMEM, w.f.e,
               "could not be checked");
    disputes_of(&w, t.task_id, NULL, 0);
    v = prove(&w, "a", &l, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    world_check(&w);
    world_close(&w);
}

static void a_run_that_cannot_be_proven_ends_the_task_when_two_owners_say_so(void **state)
{
    struct coord_submitted t;
    struct store_task task;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    prover_node(&w, "a", 300);
    prover_node(&w, "b", 200);
    prover_node(&w, "c", 100);
    t = submit(&w, TASK_POLICY_PROOF, 100);
    lease(&w, "a", &l);
    assert_ok(
        coord_lease_fail(w.c, NULL, "a", l.lease_id, COORD_FAIL_CANNOT_PROVE, "no floats", &w.f.e),
        w.f.e);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_RUNNING); /* b has it now */
    world_restart(&w);
    lease(&w, "b", &l);
    assert_ok(
        coord_lease_fail(w.c, NULL, "b", l.lease_id, COORD_FAIL_CANNOT_PROVE, "no floats", &w.f.e),
        w.f.e);
    task = world_task(&w, t.task_id);
    assert_int_equal(task.status, STORE_TASK_FAILED);
    assert_non_null(strstr(task.reason, "cannot_prove: no floats"));
    assert_int_equal(world_node_row(&w, "a").reputation.failed, 0);
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    world_check(&w);
    world_close(&w);
}

static void a_sole_prover_that_cannot_ends_the_task_at_once(void **state)
{
    struct coord_submitted t;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    prover_node(&w, "a", 300);
    world_node(&w, "plain", 400);
    t = submit(&w, TASK_POLICY_PROOF, 100);
    lease(&w, "a", &l);
    assert_ok(
        coord_lease_fail(w.c, NULL, "a", l.lease_id, COORD_FAIL_CANNOT_PROVE, "no floats", &w.f.e),
        w.f.e);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_FAILED);
    world_check(&w);
    world_close(&w);
}

/* ---- audit ---- */

static void what_is_not_drawn_is_paid_half_and_at_once(void **state)
{
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    world_node(&w, "a", 300);
    /* Without a record every result is audited; some honest work first. */
    for (int i = 0; i < 40; i++) {
        submit(&w, TASK_POLICY_NONE, 0);
        lease(&w, "a", &l);
        assert_ok(world_deliver(&w, "a", &l, 7, &v), w.f.e);
    }
    next_draw = ALL_ONES;
    t = submit(&w, TASK_POLICY_AUDIT, 101);
    lease(&w, "a", &l);
    assert_false(l.prove);
    assert_ok(world_deliver(&w, "a", &l, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(v.paid, 50);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_COMPLETED);
    assert_int_equal(world_balance(&w, "user:client"), 9950);
    world_check(&w);
    world_close(&w);
}

static void a_node_without_a_record_is_always_audited(void **state)
{
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    world_node(&w, "new", 300);
    next_draw = ALL_ONES; /* just below 1 */
    t = submit(&w, TASK_POLICY_AUDIT, 100);
    lease(&w, "new", &l);
    assert_ok(world_deliver(&w, "new", &l, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_PENDING);
    assert_int_equal(world_task(&w, t.task_id).audit, STORE_AUDIT_RERUN);
    world_check(&w);
    world_close(&w);
}

static void a_matching_rerun_pays_both_and_no_crash_draws_again(void **state)
{
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    world_node(&w, "a", 300);
    t = submit(&w, TASK_POLICY_AUDIT, 101);
    next_draw = 0;
    lease(&w, "a", &l);
    assert_ok(world_deliver(&w, "a", &l, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_PENDING);
    next_draw = ALL_ONES;
    world_restart(&w);
    assert_ok(world_deliver(&w, "a", &l, 7, &v), w.f.e); /* again: nothing new is drawn */
    assert_int_equal(v.verdict, STORE_VERDICT_PENDING);
    world_node(&w, "b", 200);
    lease(&w, "b", &l);
    assert_string_equal(l.task_id, t.task_id);
    assert_ok(world_deliver(&w, "b", &l, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(world_balance(&w, "user:o-a"), 50);
    assert_int_equal(world_balance(&w, "user:o-b"), 50);
    assert_int_equal(world_balance(&w, "user:client"), 9900);
    world_check(&w);
    world_close(&w);
}

static void a_third_run_tells_who_lied(void **state)
{
    const char *kind = "outcome_mismatch";
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    world_node(&w, "liar", 300);
    t = submit(&w, TASK_POLICY_AUDIT, 100);
    next_draw = 0;
    lease(&w, "liar", &l);
    assert_ok(world_deliver(&w, "liar", &l, 8, &v), w.f.e);
    world_node(&w, "b", 200);
    lease(&w, "b", &l);
    assert_ok(world_deliver(&w, "b", &l, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_PENDING);
    world_check(&w);
    world_node(&w, "c", 100);
    lease(&w, "c", &l);
    assert_ok(world_deliver(&w, "c", &l, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    disputes_of(&w, t.task_id, &kind, 1);
    assert_int_equal(world_node_row(&w, "liar").reputation.disputes, 1);
    assert_int_equal(world_balance(&w, "user:o-liar"), 0);
    assert_int_equal(world_balance(&w, "user:o-b"), 50);
    assert_int_equal(world_balance(&w, "user:o-c"), 50);
    assert_int_equal(world_balance(&w, "user:client"), 9900);
    world_check(&w);
    world_close(&w);
}

static void three_answers_end_without_blame(void **state)
{
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;

    (void)state;
    proofs_open(&w);
    next_draw = 0;
    world_node(&w, "a", 300);
    t = submit(&w, TASK_POLICY_AUDIT, 100);
    lease(&w, "a", &l);
    assert_ok(world_deliver(&w, "a", &l, 1, &v), w.f.e);
    world_node(&w, "b", 200);
    lease(&w, "b", &l);
    assert_ok(world_deliver(&w, "b", &l, 2, &v), w.f.e);
    world_node(&w, "c", 100);
    lease(&w, "c", &l);
    assert_ok(world_deliver(&w, "c", &l, 3, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_VOID);
    assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_FAILED);
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    world_check(&w);
    world_close(&w);
}

/* Delivers an answer that is drawn, and takes the lease that asks for its receipt. */
static void audit_prover(struct world *w, int answer, struct coord_submitted *t,
                         struct coord_lease *first, struct coord_lease *second)
{
    struct coord_verdict v;

    next_draw = 0;
    prover_node(w, "a", 300);
    *t = submit(w, TASK_POLICY_AUDIT, 101);
    lease(w, "a", first);
    assert_false(first->prove);
    assert_ok(world_deliver(w, "a", first, answer, &v), w->f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_PENDING);
    assert_int_equal(world_task(w, t->task_id).audit, STORE_AUDIT_PROOF);
    world_restart(w);
    lease(w, "a", second);
    assert_true(second->prove);
    assert_string_equal(second->task_id, t->task_id);
    assert_string_not_equal(second->lease_id, first->lease_id);
    world_check(w);
}

static void a_prover_answers_with_its_receipt_and_has_both_shares(void **state)
{
    struct coord_lease first, second;
    struct coord_submitted t;
    struct coord_verdict v;
    struct store_result r;
    struct world w;

    (void)state;
    proofs_open(&w);
    audit_prover(&w, 7, &t, &first, &second);
    /* The first delivery again is no answer to the audit. */
    assert_ok(world_deliver(&w, "a", &first, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_PENDING);
    v = prove(&w, "a", &second, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(v.paid, 100);
    r = result_of(&w, t.task_id, "a");
    assert_non_null(r.receipt.sha3);
    assert_string_equal(r.lease_id, second.lease_id); /* what the receipt's context names */
    assert_int_equal(world_balance(&w, "user:client"), 9900);
    v = prove(&w, "a", &second, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    world_check(&w);
    world_close(&w);
}

static void expect_audit_refused(const char *kind, int claimed, int proven, bool receipt)
{
    struct coord_lease first, second, l;
    struct coord_submitted t;
    struct coord_verdict v;
    struct world w;

    proofs_open(&w);
    audit_prover(&w, claimed, &t, &first, &second);
    if (receipt)
        v = prove(&w, "a", &second, proven);
    else
        assert_ok(world_deliver(&w, "a", &second, proven, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_REJECTED);
    disputes_of(&w, t.task_id, &kind, 1);
    assert_int_equal(world_task(&w, t.task_id).audit, STORE_AUDIT_NONE);
    assert_int_equal(world_task(&w, t.task_id).min_nodes, 1);
    world_check(&w);
    /* It begins anew elsewhere, with a draw of its own. */
    prover_node(&w, "b", 100);
    lease(&w, "b", &l);
    assert_false(l.prove);
    assert_ok(world_deliver(&w, "b", &l, 7, &v), w.f.e);
    assert_int_equal(v.verdict, STORE_VERDICT_PENDING);
    lease(&w, "b", &l);
    v = prove(&w, "b", &l, 7);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    assert_int_equal(world_balance(&w, "user:o-a"), 0);
    assert_int_equal(world_balance(&w, "user:o-b"), 100);
    world_check(&w);
    world_close(&w);
}

static void a_prover_that_claimed_otherwise_is_refused(void **state)
{
    (void)state;
    expect_audit_refused("audit_mismatch", 8, 7, true);
}

static void a_prover_that_sends_no_receipt_is_refused(void **state)
{
    (void)state;
    expect_audit_refused("missing_receipt", 7, 7, false);
}

static void a_receipt_that_does_not_come_is_replaced_by_a_rerun(void **state)
{
    struct coord_lease first, second, l;
    struct coord_submitted t;
    struct coord_verdict v;
    struct world w;

    (void)state;
    for (int how = 0; how < 4; how++) {
        proofs_open(&w);
        audit_prover(&w, 7, &t, &first, &second);
        world_node(&w, "b", 100);
        if (how == 0)
            assert_ok(coord_lease_fail(w.c, NULL, "a", second.lease_id, COORD_FAIL_CANNOT_PROVE,
                                       "floats", &w.f.e),
                      w.f.e);
        else if (how == 1)
            assert_ok(coord_lease_fail(w.c, NULL, "a", second.lease_id, COORD_FAIL_SHUTDOWN, NULL,
                                       &w.f.e),
                      w.f.e);
        else if (how == 2)
            world_sweep(&w, 75000); /* the lease expires */
        else
            assert_ok(coord_node_delete(w.c, "o-a", "a", &w.f.e), w.f.e);
        assert_int_equal(world_task(&w, t.task_id).audit, STORE_AUDIT_RERUN);
        assert_int_equal(world_node_row(&w, "a").reputation.failed, how >= 2);
        world_check(&w);
        world_restart(&w);
        lease(&w, "b", &l);
        assert_string_equal(l.task_id, t.task_id);
        assert_false(l.prove);
        assert_ok(world_deliver(&w, "b", &l, 7, &v), w.f.e);
        assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
        assert_int_equal(world_balance(&w, "user:o-a"), 50);
        assert_int_equal(world_balance(&w, "user:o-b"), 50);
        world_check(&w);
        world_close(&w);
    }
}

static void cancelling_an_audited_task_gives_everything_back(void **state)
{
    struct coord_lease first, second;
    struct coord_submitted t;
    struct world w;

    (void)state;
    proofs_open(&w);
    audit_prover(&w, 7, &t, &first, &second);
    w.n_over = 0;
    assert_ok(coord_task_cancel(w.c, "client", t.task_id, &w.f.e), w.f.e);
    assert_int_equal(w.n_over, 1); /* the node stops proving */
    assert_int_equal(world_balance(&w, "user:client"), 10000);
    world_check(&w);
    world_close(&w);
}

static void the_draw_is_on_record(void **state)
{
    struct coord_lease first, second;
    struct coord_submitted t;
    struct world w;
    json_t *story;
    char *text;

    (void)state;
    proofs_open(&w);
    audit_prover(&w, 7, &t, &first, &second);
    assert_ok(coord_explain(w.c, "client", t.task_id, &story, &w.f.e), w.f.e);
    text = json_text(story);
    assert_non_null(strstr(text, "\"trigger\":\"audit\""));
    assert_non_null(strstr(text, "\"by\":\"proof\""));
    assert_non_null(strstr(text, "\"chance\":1.0"));
    free(text);
    json_decref(story);
    world_close(&w);
}

static void a_failing_database_changes_nothing(void **state)
{
    char receipt[FAKE_RECEIPT_BYTES];
    struct outcome o = world_outcome(7);
    struct coord_submitted t;
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;
    unsigned n = 0;
    int rc;

    (void)state;
    proofs_open(&w);
    prover_node(&w, "a", 300);
    t = submit(&w, TASK_POLICY_PROOF, 100);
    lease(&w, "a", &l);
    fake_receipt(receipt, l.task_id, l.lease_id, "a", &o);
    do {
        struct coord_result r = world_result("a", &l, &o, &w);
        struct store_blob blob;

        assert_ok(
            store_blob_put_output(w.f.s, &blob, "o-a", receipt, strlen(receipt), 0, 1, &w.f.e),
            w.f.e);
        r.receipt = (const uint8_t *)receipt;
        r.receipt_bytes = strlen(receipt);
        r.receipt_sha3 = blob.sha3;
        world_sign(&w, &r, &l);
        store_fail_after(w.f.s, ++n);
        rc = coord_result_submit(w.c, NULL, &r, &v, &w.f.e);
        store_fail_after(w.f.s, 0);
        world_check(&w);
        if (rc < 0) {
            assert_int_equal(rc, VCP_EIO);
            assert_int_equal(world_task(&w, t.task_id).status, STORE_TASK_RUNNING);
            assert_int_equal(world_balance(&w, "user:o-a"), 0);
        }
    } while (rc < 0);
    assert_true(n > 12);
    assert_int_equal(v.verdict, STORE_VERDICT_ACCEPTED);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_nodes_with_the_servers_keys_get_proof_tasks),
        cmocka_unit_test(a_proven_result_is_paid_and_its_receipt_kept),
        cmocka_unit_test(a_missing_receipt_is_a_failure_with_a_dispute),
        cmocka_unit_test(a_receipt_of_another_outcome_is_refused),
        cmocka_unit_test(a_forged_receipt_is_refused),
        cmocka_unit_test(a_stolen_receipt_is_refused),
        cmocka_unit_test(a_receipt_of_an_earlier_task_is_refused),
        cmocka_unit_test(the_evidence_stays_readable),
        cmocka_unit_test(a_verifier_in_trouble_is_nobodys_fault),
        cmocka_unit_test(a_run_that_cannot_be_proven_ends_the_task_when_two_owners_say_so),
        cmocka_unit_test(a_sole_prover_that_cannot_ends_the_task_at_once),
        cmocka_unit_test(what_is_not_drawn_is_paid_half_and_at_once),
        cmocka_unit_test(a_node_without_a_record_is_always_audited),
        cmocka_unit_test(a_matching_rerun_pays_both_and_no_crash_draws_again),
        cmocka_unit_test(a_third_run_tells_who_lied),
        cmocka_unit_test(three_answers_end_without_blame),
        cmocka_unit_test(a_prover_answers_with_its_receipt_and_has_both_shares),
        cmocka_unit_test(a_prover_that_claimed_otherwise_is_refused),
        cmocka_unit_test(a_prover_that_sends_no_receipt_is_refused),
        cmocka_unit_test(a_receipt_that_does_not_come_is_replaced_by_a_rerun),
        cmocka_unit_test(cancelling_an_audited_task_gives_everything_back),
        cmocka_unit_test(the_draw_is_on_record),
        cmocka_unit_test(a_failing_database_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
