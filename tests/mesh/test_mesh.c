/* Task specs, outcomes, signatures and scores: what the three sides agree on. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mesh/outcome.h"
#include "mesh/reputation.h"
#include "mesh/safety.h"
#include "mesh/sign.h"
#include "mesh/task_spec.h"
#include "mesh/telemetry.h"

/* The specification's formula, as the predecessor computed it. */
static void health_matches_the_specification(void **state)
{
    static const struct {
        double bw, up, down, latency, cpu, memory;
        struct reputation rep;
        double health;
    } rows[] = {
        {0, 0, 0, 0, 0, 0, {0, 0, 0, 0}, 0.55},
        {100, 0, 0, 20, 50, 60, {0, 0, 0, 0}, 0.42},
        {1000, 0, 0, 5, 20, 30, {10, 0, 0, 0}, 0.935},
        {500, 20, 500, 50, 50, 50, {10, 5, 2, 0}, 0.314667},
        {2000, 0, 0, 150, 100, 100, {0, 4, 9, 0}, 0.40},
        {400, 0, 800, 10, 0, 0, {3, 1, 1, 0}, 0.86},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct telemetry t = {
            rows[i].bw, rows[i].up, rows[i].down, rows[i].latency, rows[i].cpu, rows[i].memory, NAN,
            NAN,        1};
        double h = telemetry_health(&t, reputation_score(&rows[i].rep));

        if (fabs(h - rows[i].health) > 1e-6)
            fail_msg("row %zu: %.6f, wanted %.6f", i, h, rows[i].health);
    }
}

static void absent_telemetry_scores_nothing_and_trips_nothing(void **state)
{
    struct telemetry t;
    const char *why = "x";

    (void)state;
    telemetry_init(&t);
    assert_true(telemetry_health(&t, 0) == 0);
    assert_false(safety_tripped(&safety_policy_default, &t, 24, &why));
    assert_null(why);
    assert_true(safety_tripped(&safety_policy_default, &t, 25, &why));
    assert_non_null(strstr(why, "failed"));
    t.temperature_c = 85;
    assert_false(safety_tripped(&safety_policy_default, &t, 0, NULL));
    t.temperature_c = 85.1;
    assert_true(safety_tripped(&safety_policy_default, &t, 0, NULL));
    t.temperature_c = 20;
    t.avg_latency_ms = 100.5;
    assert_true(safety_tripped(&safety_policy_default, &t, 0, NULL));
}

static void telemetry_survives_json(void **state)
{
    struct telemetry t, u;
    struct err err;
    json_t *j;

    (void)state;
    telemetry_init(&t);
    t.cpu_usage_percent = 12.5;
    t.timestamp = 77;
    j = telemetry_to_json(&t);
    assert_ok(telemetry_from_json(&u, j, &err), err);
    assert_true(u.cpu_usage_percent == 12.5 && isnan(u.temperature_c) && u.timestamp == 77);
    json_object_set_new(j, "cpu_usage_percent", json_real(101));
    assert_err(telemetry_from_json(&u, j, &err), VCP_EINVAL, err, "cpu_usage_percent");
    json_object_set_new(j, "cpu_usage_percent", json_string("12"));
    assert_err(telemetry_from_json(&u, j, &err), VCP_EINVAL, err, "must be a number");
    json_decref(j);
    j = json_array();
    assert_err(telemetry_from_json(&u, j, &err), VCP_EINVAL, err, "object");
    json_decref(j);
}

static void reputation_scores_and_trust(void **state)
{
    struct reputation r = {0};

    (void)state;
    r.disputes = 3;
    assert_true(reputation_score(&r) == 0.5); /* disputes before any task have no effect */
    r = (struct reputation){.completed = 1};
    assert_true(reputation_score(&r) == 1.0);
    assert_true(reputation_trust(&r) < 0.3); /* one lucky task is not trust */
    r.completed = 1000;
    assert_true(reputation_trust(&r) > 0.99);
    r.disputes = 100;
    assert_true(fabs(reputation_score(&r) - 0.7) < 1e-12);
    r = (struct reputation){.failed = 5, .disputes = 9};
    assert_true(reputation_score(&r) == 0);
}

static struct outcome sample_outcome(void)
{
    struct outcome o = {.status = OUTCOME_TRAP, .exit_code = -3, .gas_used = 1ull << 40};

    strcpy(o.trap, "integer divide by zero");
    strcpy(o.values, "i32:7");
    memset(o.output_sha3, 0xab, sizeof o.output_sha3);
    o.output_bytes = 12;
    return o;
}

static void outcome_survives_json_and_digests_every_field(void **state)
{
    struct outcome o = sample_outcome(), p, q;
    uint8_t a[32], b[32];
    struct err err;
    json_t *j = outcome_to_json(&o);
    int k;

    (void)state;
    assert_ok(outcome_from_json(&p, j, &err), err);
    outcome_digest(a, &o);
    outcome_digest(b, &p);
    assert_memory_equal(a, b, 32);
    for (k = 0; k < 9; k++) {
        q = o;
        switch (k) {
        case 0: q.status = OUTCOME_OK; break;
        case 1: q.exit_code++; break;
        case 2: q.trap[0]++; break;
        case 3: q.values[0]++; break;
        case 4: q.gas_used++; break;
        case 5: q.output_bytes++; break;
        case 6: q.output_sha3[31] ^= 1; break;
        case 7: q.error_bytes++; break;
        case 8: q.error_sha3[0] ^= 1; break;
        }
        outcome_digest(b, &q);
        assert_memory_not_equal(a, b, 32);
    }
    json_object_set_new(j, "status", json_string("fine"));
    assert_err(outcome_from_json(&p, j, &err), VCP_EINVAL, err, "fine");
    json_object_set_new(j, "status", json_string("ok"));
    json_object_set_new(j, "output_sha3", json_string("ABCD"));
    assert_err(outcome_from_json(&p, j, &err), VCP_EINVAL, err, "output_sha3");
    json_decref(j);
}

static void signatures_bind_every_field(void **state)
{
    struct sign_result r = {.task_id = "t", .lease_id = "l", .node_id = "n"}, s;
    struct sign_request q = {"n", "GET", "/x", 5, {0}}, w;
    uint8_t sig[SIGN_BYTES], receipt[32] = {7};
    struct sign_key k, other;
    struct err err;

    (void)state;
    sign_key_new(&k);
    sign_key_new(&other);
    sign_result(sig, &r, &k);
    assert_ok(sign_result_verify(sig, &r, k.public_key, &err), err);
    assert_err(sign_result_verify(sig, &r, other.public_key, &err), VCP_EAUTH, err, "result");
    s = r;
    s.task_id = "tl"; /* moving a byte from one field to the next must not verify */
    s.lease_id = "";
    assert_int_equal(sign_result_verify(sig, &s, k.public_key, &err), VCP_EAUTH);
    s = r;
    s.outcome_sha3[0] ^= 1;
    assert_int_equal(sign_result_verify(sig, &s, k.public_key, &err), VCP_EAUTH);
    s = r;
    s.inputs_sha3[31] ^= 128;
    assert_int_equal(sign_result_verify(sig, &s, k.public_key, &err), VCP_EAUTH);
    s = r;
    s.receipt_sha3 = receipt; /* none is not the same as some, and one not another */
    assert_int_equal(sign_result_verify(sig, &s, k.public_key, &err), VCP_EAUTH);
    sign_result(sig, &s, &k);
    assert_ok(sign_result_verify(sig, &s, k.public_key, &err), err);
    receipt[5] ^= 1;
    assert_int_equal(sign_result_verify(sig, &s, k.public_key, &err), VCP_EAUTH);
    assert_int_equal(sign_result_verify(sig, &r, k.public_key, &err), VCP_EAUTH);
    sign_request(sig, &q, &k);
    assert_ok(sign_request_verify(sig, &q, k.public_key, &err), err);
    w = q;
    w.path = "/y";
    assert_err(sign_request_verify(sig, &w, k.public_key, &err), VCP_EAUTH, err, "request");
    w = q;
    w.timestamp_ms++;
    assert_int_equal(sign_request_verify(sig, &w, k.public_key, &err), VCP_EAUTH);
    sign_key_wipe(&k);
}

static void key_files_are_private(void **state)
{
    char path[] = "/tmp/ambient-key-XXXXXX";
    struct sign_key k, l;
    struct err err;

    (void)state;
    close(mkstemp(path));
    sign_key_new(&k);
    assert_ok(sign_key_save(&k, path, &err), err);
    assert_ok(sign_key_load(&l, path, &err), err);
    assert_memory_equal(&k, &l, sizeof k);
    chmod(path, 0644);
    assert_err(sign_key_load(&l, path, &err), VCP_EDENIED, err, "chmod 600");
    unlink(path);
    assert_err(sign_key_load(&l, path, &err), VCP_ENOTFOUND, err, path);
}

#define DIGEST     "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"
#define TASK(rest) "{\"task_type\":\"wasm_execution\",\"module_sha3\":\"" DIGEST "\"," rest "}"

static int parse(struct task_spec *s, struct arena *a, const char *text, struct err *err)
{
    json_t *j;
    int rc = json_parse(&j, text, strlen(text), err);

    if (rc == VCP_OK) {
        rc = task_spec_parse(s, a, j, err);
        json_decref(j);
    }
    return rc;
}

static void spec_fills_in_defaults_and_survives_json(void **state)
{
    struct task_spec s, t;
    uint8_t d[32], e[32];
    struct arena a;
    struct err err;
    json_t *j;
    char *text;

    (void)state;
    arena_init(&a, 0);
    assert_ok(
        parse(&s, &a,
              TASK("\"inputs\":{\"entry\":\"f\",\"args\":[7,\"x\",1.5],\"env\":{\"B\":\"2\",\"A\":"
                   "\"1=1\"},\"seed\":9},\"requirements\":{\"min_nodes\":3,\"min_cpu_cores\":1},"
                   "\"limits\":{\"preset\":\"strict\",\"gas\":5},\"budget\":30,"
                   "\"strategy\":\"round-robin\""),
              &err),
        err);
    assert_int_equal(s.policy, TASK_POLICY_REPLICATE);
    assert_int_equal(s.replicas, 3);
    assert_int_equal(s.limits.gas, 5);
    assert_int_equal(s.limits.memory_bytes, 256 << 20);
    assert_string_equal(s.inputs.args[0], "7");
    assert_string_equal(s.inputs.env[0], "A=1=1"); /* sorted */
    assert_true(s.requirements.bandwidth_mbps_min == 100);
    assert_int_equal(s.requirements.cpu_cores_min, 1);
    j = task_spec_to_json(&s);
    text = json_text(j);
    assert_ok(parse(&t, &a, text, &err), err);
    task_spec_inputs_digest(d, &s.inputs, &s.limits);
    task_spec_inputs_digest(e, &t.inputs, &t.limits);
    assert_memory_equal(d, e, 32);
    assert_int_equal(t.strategy, TASK_STRATEGY_ROUND_ROBIN);
    assert_int_equal(t.replicas, 3);
    t.inputs.seed++;
    task_spec_inputs_digest(e, &t.inputs, &t.limits);
    assert_memory_not_equal(d, e, 32);
    free(text);
    json_decref(j);
    arena_release(&a);
}

static void proof_and_audit_survive_json(void **state)
{
    struct task_spec s, t;
    struct arena a;
    struct err err;
    json_t *j;
    char *text;

    (void)state;
    arena_init(&a, 0);
    /* The predecessor's wish for a proof is the policy. */
    assert_ok(parse(&s, &a, TASK("\"inputs\":{},\"requirements\":{\"require_proof\":true}"), &err),
              err);
    assert_int_equal(s.policy, TASK_POLICY_PROOF);
    assert_int_equal(task_spec_shares(&s), 1);
    assert_int_equal(s.requirements.max_execution_time_sec, 300); /* proving takes its time */
    j = task_spec_to_json(&s);
    text = json_text(j);
    assert_ok(parse(&t, &a, text, &err), err);
    assert_int_equal(t.policy, TASK_POLICY_PROOF);
    assert_true(t.requirements.require_proof);
    free(text);
    json_decref(j);
    assert_ok(parse(&s, &a,
                    TASK("\"inputs\":{},\"requirements\":{\"max_execution_time_sec\":20},"
                         "\"policy\":{\"kind\":\"audit\",\"p\":0.25}"),
                    &err),
              err);
    j = task_spec_to_json(&s);
    text = json_text(j);
    assert_ok(parse(&t, &a, text, &err), err);
    assert_int_equal(t.policy, TASK_POLICY_AUDIT);
    assert_true(t.audit_p == 0.25);
    assert_int_equal(t.requirements.max_execution_time_sec, 20);
    assert_int_equal(task_spec_shares(&t), 2);
    free(text);
    json_decref(j);
    arena_release(&a);
}

static void audits_are_certain_for_strangers_and_p_for_the_trusted(void **state)
{
    struct reputation r = {0};

    (void)state;
    assert_true(reputation_audit_chance(0.1, &r) == 1);
    r.completed = 100000;
    assert_true(reputation_audit_chance(0.1, &r) < 0.101);
    assert_true(reputation_audit_chance(0.1, &r) >= 0.1);
    r.disputes = 6; /* 0.3 off the trust */
    assert_true(reputation_audit_chance(0.1, &r) > 0.36);
    assert_true(reputation_audit_chance(1, &r) == 1);
}

static void bad_specs_name_the_field(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *word;
    } rows[] = {
        {"[]", VCP_EINVAL, "object"},
        {"{}", VCP_EINVAL, "inputs is required"},
        {"{\"inputs\":{},\"requirements\":{}}", VCP_EINVAL, "task_type is required"},
        {"{\"task_type\":\"nope\",\"inputs\":{},\"requirements\":{}}", VCP_EINVAL, "nope"},
        {"{\"task_type\":\"zk_proof\",\"inputs\":{},\"requirements\":{}}", VCP_EUNSUPPORTED,
         "zk_proof"},
        {"{\"task_type\":\"wasm_execution\",\"inputs\":{},\"requirements\":{}}", VCP_EINVAL,
         "module"},
        {"{\"task_type\":\"wasm_execution\",\"module_sha3\":\"x\",\"inputs\":{},\"requirements\":{}"
         "}",
         VCP_EINVAL, "module_sha3"},
        {TASK("\"inputs\":[],\"requirements\":{}"), VCP_EINVAL, "inputs must be an object"},
        {TASK("\"inputs\":{\"args\":[{}]},\"requirements\":{}"), VCP_EINVAL, "inputs.args[0]"},
        {TASK("\"inputs\":{\"env\":{\"A=\":\"\"}},\"requirements\":{}"), VCP_EINVAL, "inputs.env"},
        {TASK("\"inputs\":{\"env\":{\"A\":1}},\"requirements\":{}"), VCP_EINVAL, "inputs.env"},
        {TASK("\"inputs\":{},\"requirements\":{\"min_nodes\":0}"), VCP_EINVAL,
         "min_nodes must be between 1 and 1000"},
        {TASK("\"inputs\":{},\"requirements\":{\"max_execution_time_sec\":901}"), VCP_EINVAL,
         "max_execution_time_sec"},
        {TASK("\"inputs\":{},\"requirements\":{\"require_proof\":true,\"min_nodes\":2}"),
         VCP_EINVAL, "the policy proof uses 1 node"},
        {TASK("\"inputs\":{},\"requirements\":{\"require_proof\":true},\"policy\":{\"kind\":"
              "\"none\"}"),
         VCP_EINVAL, "require_proof is true but the policy is none"},
        {TASK("\"inputs\":{},\"requirements\":{},\"policy\":{\"kind\":\"audit\"}"), VCP_EINVAL,
         "p is required"},
        {TASK("\"inputs\":{},\"requirements\":{},\"policy\":{\"kind\":\"audit\",\"p\":0}"),
         VCP_EINVAL, "policy.p must be above 0"},
        {TASK("\"inputs\":{},\"requirements\":{},\"policy\":{\"kind\":\"vote\"}"), VCP_EINVAL,
         "vote"},
        {TASK("\"inputs\":{},\"requirements\":{\"min_nodes\":2},\"policy\":{\"kind\":\"none\"}"),
         VCP_EINVAL, "min_nodes"},
        {TASK("\"inputs\":{},\"requirements\":{},\"policy\":{\"kind\":\"replicate\",\"k\":1}"),
         VCP_EINVAL, "k must be"},
        {TASK("\"inputs\":{},\"requirements\":{\"min_nodes\":1},\"policy\":{\"kind\":"
              "\"replicate\"}"),
         VCP_EINVAL, "policy.k"},
        {TASK("\"inputs\":{},\"requirements\":{},\"limits\":{\"preset\":\"huge\"}"), VCP_EINVAL,
         "huge"},
        {TASK("\"inputs\":{},\"requirements\":{},\"budget\":-1"), VCP_EINVAL, "budget"},
        {TASK("\"inputs\":{},\"requirements\":{},\"strategy\":\"best\""), VCP_EINVAL, "best"},
    };
    struct task_spec s;
    struct arena a;
    struct err err;
    size_t i;

    (void)state;
    arena_init(&a, 0);
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&err, 0, sizeof err);
        assert_err(parse(&s, &a, rows[i].text, &err), rows[i].code, err, rows[i].word);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_matches_the_specification),
        cmocka_unit_test(absent_telemetry_scores_nothing_and_trips_nothing),
        cmocka_unit_test(telemetry_survives_json),
        cmocka_unit_test(reputation_scores_and_trust),
        cmocka_unit_test(outcome_survives_json_and_digests_every_field),
        cmocka_unit_test(signatures_bind_every_field),
        cmocka_unit_test(key_files_are_private),
        cmocka_unit_test(spec_fills_in_defaults_and_survives_json),
        cmocka_unit_test(proof_and_audit_survive_json),
        cmocka_unit_test(audits_are_certain_for_strangers_and_p_for_the_trusted),
        cmocka_unit_test(bad_specs_name_the_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
