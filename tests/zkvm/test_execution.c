/* test_execution.c - real modules: run, traced, dealt to circuits, proven, verified. */
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "zkvm/prover.h"

#define SCRATCH(name) TEST_BINARY_DIR "/" name

/* (func (export "fib") (param i32) (result i32) ...loop...)
 * (func (export "div") (param i32 i32) (result i32) (i32.div_s ...))
 * (func (export "rfib") ...recursive...) */
static const uint8_t module[] = {
#include "fib.inc"
};

/* tables.wat: calls through tables, and their instructions */
static struct buf tables;

static struct execution *execute_of(const uint8_t *bytes, size_t n, const char *entry,
                                    const char *const args[], size_t n_args, uint64_t gas_max)
{
    struct execution_request req = {
        .module = bytes, .module_bytes = n, .entry = entry, .args = args, .n_args = n_args};
    struct execution *e = NULL;
    struct err err = {0};

    assert_ok(run_limits_preset(&req.limits, "default", &err), err);
    req.limits.gas_max = gas_max;
    req.limits.stack_slots_max = 1000;
    assert_ok(execution_new(&e, &req, &err), err);
    assert_ok(execution_trace(e, 0, &err), err);
    return e;
}

static struct execution *execute(const char *entry, const char *a, const char *b, uint64_t gas_max)
{
    return execute_of(module, sizeof module, entry, (const char *[]){a, b}, b ? 2 : 1, gas_max);
}

static struct execution *execute_tables(const char *entry, const char *const args[], size_t n_args)
{
    return execute_of(tables.data, tables.len, entry, args, n_args, 100000);
}

/* ---- circuits without proofs ---- */

static struct profile two_profiles[2];
static struct circuit circuits[2];
static struct segment_profile profiles[2] = {{&two_profiles[0], &circuits[0]},
                                             {&two_profiles[1], &circuits[1]}};

static void open_profiles(struct execution *e, unsigned log_rows)
{
    uint64_t counts[CATALOG_CHIPS];
    struct err err = {0};

    for (uint32_t i = 0; i < CATALOG_CHIPS; i++)
        counts[i] = e->rows[i].n;
    profile_range(&two_profiles[0]);
    assert_ok(profile_fit(&two_profiles[1], "fitted", counts, log_rows, e->chips, &err), err);
    for (int i = 0; i < 2; i++)
        assert_ok(profile_circuit(&circuits[i], &two_profiles[i], e->chips, &err), err);
}

static void close_profiles(void)
{
    circuit_release(&circuits[0]);
    circuit_release(&circuits[1]);
}

/* The values of A z and B z that came with the witness are the system's. */
static void check_rows(const struct cs *cs, const fr z[], const fr a[], const fr b[])
{
    fr want;

    for (uint32_t row = 0; row < (uint32_t)1 << cs->log_domain; row++) {
        want = fr_zero;
        if (row < cs->n_rows)
            cs_eval(&want, cs, CS_A, row, z);
        assert_true(fr_eq(&a[row], &want));
        if (row < cs->n_rows)
            cs_eval(&want, cs, CS_B, row, z);
        assert_true(fr_eq(&b[row], &want));
    }
}

static void check_instance(struct prove_instance *in, fr *sum)
{
    struct err err = {0};
    struct cs cs;
    fr *z, *a, *b, v;

    assert_ok(circuit_system(&cs, &circuits[in->key], &err), err);
    z = malloc(cs.n_wires * sizeof *z);
    a = malloc(sizeof *a << cs.log_domain);
    b = malloc(sizeof *b << cs.log_domain);
    assert_true(z && a && b);
    assert_ok(in->rows.eval(in->rows.arg, a, b, in->z, NULL, &err), err);
    fr_from_bits_n(z, in->z, cs.n_wires);
    assert_int_equal(cs_first_unsatisfied(&cs, z), cs.n_rows);
    check_rows(&cs, z, a, b);
    free(z);
    free(a);
    free(b);
    cs_release(&cs);
    assert_true(fr_from_bits(&v, &in->z[CIRCUIT_PUBLIC]));
    fr_add(sum, sum, &v);
}

/* All instances satisfied, and S with the verifier's terms is zero, at random challenges. */
static void check_instances(struct execution *e)
{
    struct segment s;
    struct prove_source source;
    struct prove_instance in;
    struct err err = {0};
    struct program *p = e->program;
    struct terms_source terms = program_terms(p);
    fr challenges[BUS_CHALLENGES], sum;
    int rc;

    for (int i = 0; i < BUS_CHALLENGES; i++)
        fr_random(&challenges[i]);
    assert_ok(terms_sum(&sum, NULL, &terms, &e->statement, &e->lists, challenges, &err), err);
    assert_ok(segment_init(&s, profiles, 2, e->rows, NULL, &err), err);
    source = segment_source(&s);
    assert_ok(source.begin(source.arg, challenges, &err), err);
    while ((rc = source.next(source.arg, &in, &err)) > 0)
        check_instance(&in, &sum);
    assert_ok(rc, err);
    assert_true(s.n_instances >= 2);
    assert_true(fr_is_zero(&sum));
    segment_release(&s);
}

static void instances_satisfy_their_circuits_and_balance(void **state)
{
    static const struct {
        const char *entry, *a, *b;
        uint64_t gas;
        enum run_status status;
        unsigned log_rows;
    } cases[] = {
        {"fib", "20", NULL, 100000, RUN_OK, 14}, {"fib", "300", NULL, 100000, RUN_OK, 11},
        {"div", "-7", "2", 1000, RUN_OK, 14},    {"div", "1", "0", 1000, RUN_TRAP, 14},
        {"rfib", "9", NULL, 100000, RUN_OK, 13}, {"fib", "300", NULL, 500, RUN_OUT_OF_GAS, 14},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct execution *e = execute(cases[i].entry, cases[i].a, cases[i].b, cases[i].gas);
        assert_int_equal(e->statement.status, cases[i].status);
        open_profiles(e, cases[i].log_rows);
        check_instances(e);
        close_profiles();
        execution_free(e);
    }
}

static void runs_with_tables_satisfy_their_circuits(void **state)
{
    static const struct {
        const char *entry, *args[3];
        size_t n_args;
        enum run_status status;
    } cases[] = {
        {"apply", {"2", "6", "7"}, 3, RUN_OK},
        {"apply", {"3", "6", "7"}, 3, RUN_TRAP},
        {"apply", {"4", "6", "7"}, 3, RUN_TRAP},
        {"apply", {"5", "6", "7"}, 3, RUN_TRAP},
        {"deep", {"20"}, 1, RUN_OK},
        {"grown", {"7", "0"}, 2, RUN_OK},
        {"copy", {"1", "0", "2"}, 3, RUN_OK},
        {"init", {"7", "0", "3"}, 3, RUN_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct execution *e = execute_tables(cases[i].entry, cases[i].args, cases[i].n_args);
        assert_int_equal(e->statement.status, cases[i].status);
        open_profiles(e, 14);
        check_instances(e);
        close_profiles();
        execution_free(e);
    }
}

/* ---- real receipts ---- */

static const uint8_t seed[32] = "known to everyone";

static void open_prover(struct prover **out, struct execution *e, const char *dir)
{
    uint64_t counts[CATALOG_CHIPS];
    struct work work = {.threads = NULL};
    struct profile p;
    struct err err = {0};
    uint8_t digest[32];

    for (uint32_t i = 0; i < CATALOG_CHIPS; i++)
        counts[i] = e->rows[i].n;
    profile_range(&p);
    assert_ok(prover_setup(digest, dir, &p, seed, &work, &err), err);
    assert_ok(profile_fit(&p, "fitted", counts, 14, e->chips, &err), err);
    assert_ok(prover_setup(digest, dir, &p, seed, &work, &err), err);
    assert_ok(prover_open(out, dir, &err), err);
    assert_int_equal((*out)->n, 2);
}

static int verify(const struct receipt *r, const struct keyring *ring, struct err *err)
{
    struct receipt_policy policy = {.keys = ring, .allow_test_keys = true};

    return receipt_verify_module(r, module, sizeof module, NULL, &policy, NULL, NULL, err);
}

#define refused(r, ring)                                                                           \
    do {                                                                                           \
        struct err e_ = {0};                                                                       \
        int rc_ = verify(r, ring, &e_);                                                            \
        if (rc_ == VCP_OK)                                                                         \
            fail_msg("line %d: a false receipt holds", __LINE__);                                  \
        (void)e_;                                                                                  \
    } while (0)

/* The claim changed, each part in turn; the proofs as they are. */
static void refuse_other_claims(struct receipt *r, const struct keyring *ring)
{
    struct statement s = r->statement;
    struct statement_lists l = r->lists;

    r->statement.results[0]++;
    refused(r, ring);
    r->statement = s;
    r->statement.args[0]++;
    refused(r, ring);
    r->statement = s;
    r->statement.gas_used++;
    refused(r, ring);
    r->statement = s;
    r->statement.gas_max++;
    refused(r, ring);
    r->statement = s;
    strcpy(r->statement.entry, "rfib");
    refused(r, ring);
    r->statement = s;
    r->statement.module[0] ^= 1;
    refused(r, ring);
    r->statement = s;
    r->statement.context[31] ^= 1;
    refused(r, ring);
    r->statement = s;
    statement_stream_set(&r->statement.output, "x", 1); /* the module writes nothing */
    refused(r, ring);
    r->statement = s;
    r->statement.status = RUN_OUT_OF_GAS;
    r->statement.n_results = 0;
    refused(r, ring);
    r->statement.status = RUN_TRAP;
    r->statement.trap = 1;
    refused(r, ring);
    r->statement.status = RUN_EXIT;
    r->statement.trap = 0;
    refused(r, ring);
    r->statement = s;
    r->lists.clock_end--;
    refused(r, ring);
    r->lists = l;
}

static void a_proven_run_is_what_the_receipt_says(void **state)
{
    struct execution *e = execute("div", "-7", "2", 1000);
    struct work work = {.threads = threads_new(2)};
    struct prover_report report;
    struct prover *prover;
    struct keyring ring;
    struct receipt r, again;
    struct buf bytes;
    struct err err = {0};
    (void)state;

    open_prover(&prover, e, SCRATCH("div-keys"));
    assert_ok(keyring_open(&ring, SCRATCH("div-keys"), NULL, 0, &err), err);
    assert_ok(prover_prove(&r, prover, e, &work, &report, &err), err);
    assert_int_equal(report.n_proofs, r.n_proofs);
    assert_int_equal((int32_t)r.statement.results[0], -3);
    buf_init(&bytes, 0);
    receipt_encode(&bytes, &r);
    assert_ok(receipt_decode(&again, bytes.data, bytes.len, &err), err);
    assert_ok(verify(&again, &ring, &err), err);
    refuse_other_claims(&again, &ring);
    assert_ok(verify(&again, &ring, &err), err);
    buf_release(&bytes);
    receipt_release(&r);
    receipt_release(&again);
    keyring_release(&ring);
    prover_free(prover);
    threads_free(work.threads);
    execution_free(e);
}

static void a_call_through_a_table_is_proven(void **state)
{
    struct execution *e = execute_tables("apply", (const char *[]){"2", "6", "7"}, 3);
    struct receipt_policy policy = {.allow_test_keys = true};
    struct work work = {.threads = threads_new(2)};
    struct prover_report report;
    struct prover *prover;
    struct keyring ring;
    struct receipt r;
    struct err err = {0};
    (void)state;

    open_prover(&prover, e, SCRATCH("tables-keys"));
    assert_ok(keyring_open(&ring, SCRATCH("tables-keys"), NULL, 0, &err), err);
    policy.keys = &ring;
    assert_ok(prover_prove(&r, prover, e, &work, &report, &err), err);
    assert_int_equal((int32_t)r.statement.results[0], -1);
    assert_ok(receipt_verify_module(&r, tables.data, tables.len, NULL, &policy, NULL, NULL, &err),
              err);
    r.statement.args[0] = 0; /* add, and not sub */
    assert_int_not_equal(
        receipt_verify_module(&r, tables.data, tables.len, NULL, &policy, NULL, NULL, &err),
        VCP_OK);
    receipt_release(&r);
    keyring_release(&ring);
    prover_free(prover);
    threads_free(work.threads);
    execution_free(e);
}

/* What the terms refuse by themselves, whatever the proofs. */
static void terms_refuse_what_no_run_can_be(void **state)
{
    struct execution *e = execute("div", "-7", "2", 1000);
    struct terms_source terms = program_terms(e->program);
    const struct statement s = e->statement;
    const struct statement_lists l = e->lists;
    fr challenges[BUS_CHALLENGES], sum;
    struct err err = {0};
    (void)state;

    for (int i = 0; i < BUS_CHALLENGES; i++)
        fr_random(&challenges[i]);
    for (int what = 0; what < 8; what++) {
        e->statement = s;
        e->lists = l;
        switch (what) {
        case 0: statement_stream_set(&e->statement.output, "x", 1); break;
        case 1: statement_stream_set(&e->statement.error_output, "x", 1); break;
        case 2: e->statement.status = RUN_EXIT; break;
        case 3: e->statement.status = RUN_TIMEOUT; break;
        case 4: e->statement.module[5] ^= 1; break;
        case 5: e->lists.clock_end = STATEMENT_CLOCK_MAX + 1; break;
        case 6: e->statement.status = RUN_OUT_OF_GAS; break; /* with gas left */
        case 7: e->statement.gas_used = e->statement.gas_max + 1; break;
        }
        assert_err(terms_sum(&sum, NULL, &terms, &e->statement, &e->lists, challenges, &err),
                   VCP_EVERIFY, err, "cannot be");
    }
    execution_free(e);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_satisfy_their_circuits_and_balance),
        cmocka_unit_test(a_proven_run_is_what_the_receipt_says),
        cmocka_unit_test(runs_with_tables_satisfy_their_circuits),
        cmocka_unit_test(a_call_through_a_table_is_proven),
        cmocka_unit_test(terms_refuse_what_no_run_can_be),
    };
    struct err e = {0};
    int rc;

    buf_init(&tables, 0);
    if (argc < 2 || file_read(&tables, argv[1], 1 << 24, &e) < 0)
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    buf_release(&tables);
    return rc;
}
