/* Floats in proofs: operands in every place, traps, every limit of gas; what a prover may
 * not make of a float; and one run proven for real.
 *
 *     test_float_runs MODULE      floats.wat */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "mockrun.h"
#include "test.h"
#include "wasm/numeric.h"
#include "zkvm/prover.h"

static struct buf module;
static struct catalog *chips;

struct call {
    const char *entry;
    const char *args[4];
    size_t n;
};

static enum run_status check(const struct call *c, uint64_t gas_max, uint64_t *gas,
                             uint64_t *result)
{
    struct mockrun m = {.chips = chips, .gas_max = gas_max};
    enum run_status status;
    struct err e = {0};

    if (mockrun(&m, module.data, module.len, c->entry, c->args, c->n, &e) < 0)
        fail_msg("%s %s %s gas %" PRIu64 ": %s", c->entry, c->args[0], c->n > 1 ? c->args[1] : "",
                 gas_max, e.msg);
    assert_true(m.verdict.exact && m.verdict.field);
    status = m.run.status;
    if (gas)
        *gas = m.run.gas_used;
    if (result)
        *result = m.statement.results[0];
    mockrun_release(&m);
    return status;
}

static enum run_status end_of(struct call c)
{
    return check(&c, 0, NULL, NULL);
}

static uint64_t result_of(struct call c)
{
    uint64_t r = 0;

    assert_int_equal(check(&c, 0, NULL, &r), RUN_OK);
    return r;
}

/* ---- runs ------------------------------------------------------------------------- */

static const char *const values[] = {"0",         "-0",  "1",       "-1",          "0.5",   "-2.5",
                                     "3",         "1e9", "1e-40",   "inf",         "-inf",  "nan",
                                     "0x1p-1074", "-7",  "nan:0x1", "-nan:0x2345", "1.9999"};
#define N_VALUES (sizeof values / sizeof *values)

static void operands_in_every_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_VALUES; i++)
        for (size_t k = 0; k < N_VALUES; k += 2 + i % 3) {
            const char *x = values[i], *y = values[k];

            end_of((struct call){"places", {x, y}, 2});
            end_of((struct call){"signs", {x, y, y, x}, 4});
            end_of((struct call){"orders", {x, y, y, x}, 4});
        }
}

static void floats_go_through_memory_and_globals(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_VALUES; i++)
        end_of((struct call){"moves", {i % 2 ? "6" : "1", values[i]}, 2});
}

static void an_integer_waits_for_floats(void **state)
{
    (void)state;
    assert_int_equal(result_of((struct call){"waits", {"10", "0.1", "0.5"}, 3}),
                     (uint32_t)(10 - 17 * 3 + 5 + (10 << 16)));
    assert_int_equal(result_of((struct call){"waits", {"10", "0.1", "1.5"}, 3}),
                     (uint32_t)(10 - 17 * 3 + 6 + (10 << 16)));
}

static void programs_of_floats(void **state)
{
    (void)state;
    end_of((struct call){"bodies", {"4"}, 1});
    end_of((struct call){"mandelbrot", {"-0.75", "0.1"}, 2});
    assert_int_equal(result_of((struct call){"mandelbrot", {"3", "1"}, 2}), 1);
    assert_int_equal(result_of((struct call){"round", {"0.2"}, 1}), f64_bits(0.2 + 0.1));
}

static enum trap trap_of(const char *entry, const char *x, const char *y)
{
    struct mockrun m = {.chips = chips};
    const char *args[] = {x, y};
    struct err e = {0};
    enum trap trap;

    assert_ok(mockrun(&m, module.data, module.len, entry, args, y ? 2 : 1, &e), e);
    trap = m.run.status == RUN_TRAP ? m.run.trap : TRAP_NONE;
    mockrun_release(&m);
    return trap;
}

static void cutting_traps_as_in_the_engine(void **state)
{
    (void)state;
    assert_int_equal(trap_of("cut", "-3.7", NULL), TRAP_NONE);
    assert_int_equal(trap_of("cut", "2147483647.9", NULL), TRAP_NONE);
    assert_int_equal(trap_of("cut", "2147483648", NULL), TRAP_INTEGER_OVERFLOW);
    assert_int_equal(trap_of("cut", "-2147483648.9", NULL), TRAP_NONE);
    assert_int_equal(trap_of("cut", "-2147483649", NULL), TRAP_INTEGER_OVERFLOW);
    assert_int_equal(trap_of("cut", "inf", NULL), TRAP_INTEGER_OVERFLOW);
    assert_int_equal(trap_of("cut", "nan", NULL), TRAP_INVALID_CONVERSION);
    assert_int_equal(trap_of("cut", "-nan:0x1", NULL), TRAP_INVALID_CONVERSION);
    assert_int_equal(trap_of("cut all", "-1", "1"), TRAP_INTEGER_OVERFLOW);
    assert_int_equal(trap_of("cut all", "-0.99", "-1"), TRAP_INTEGER_OVERFLOW);
    assert_int_equal(trap_of("cut all", "5", "nan"), TRAP_INVALID_CONVERSION);
    assert_int_equal(trap_of("cut all", "-0.99", "1e19"), TRAP_NONE);
    assert_int_equal(trap_of("cut all", "1", "1.8446744073709552e19"), TRAP_INTEGER_OVERFLOW);
}

static void every_gas_limit_balances(void **state)
{
    static const struct call calls[] = {
        {"cut", {"nan"}, 1},
        {"cut all", {"2", "7"}, 2},
        {"places", {"1.5", "-0.3"}, 2},
        {"waits", {"3", "0.1", "0.5"}, 3},
        {"mandelbrot", {"3", "1"}, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        uint64_t whole = 0;

        check(&calls[i], 0, &whole, NULL);
        for (uint64_t gas = 1; gas <= whole + 1; gas++)
            check(&calls[i], gas, NULL, NULL);
    }
}

/* ---- what a prover may not make of a float ------------------------------------------- */

/* A statement of `entry x`, and the rows of a run of it. */
struct claim {
    struct code *code;
    struct statement s;
    struct program *p;
    struct trace_end end;
};

static void make_claim(struct claim *c, const char *entry, double x)
{
    struct err e = {0};

    memset(c, 0, sizeof *c);
    assert_ok(code_load(&c->code, module.data, module.len, NULL, &e), e);
    statement_init(&c->s);
    sha3_256(c->s.module, module.data, module.len);
    strcpy(c->s.entry, entry);
    c->s.n_args = 1;
    c->s.args[0] = f64_bits(x);
    c->s.gas_max = 1000000;
    c->s.memory_bytes_max = 1 << 24;
    c->s.call_depth_max = 100;
    c->s.stack_slots_max = 1000;
}

static void open_claim(struct claim *c)
{
    struct err e = {0};

    assert_ok(program_new(&c->p, c->code, &c->s, NULL, &e), e);
}

static void drop_claim(struct claim *c)
{
    program_free(c->p);
    code_free(c->code);
}

/* A trace of `run`, with one wire of one row changed, against the terms of `claim`. */
struct change {
    struct mock *mock;
    const char *chip; /* NULL: none */
    uint64_t skip;    /* rows of the chip before it */
    uint32_t wire, n_wires;
    fr delta;
    bool is_done, is_free;
};

static int changed_row(void *arg, uint32_t number, const struct chip *chip, uint32_t index,
                       const uint64_t *wires, struct err *err)
{
    struct change *t = arg;
    fr row[BUILD_WIRES_MAX];

    (void)number;
    for (uint32_t i = 0; i < chip->n_stage1; i++)
        fr_from_u64(&row[i], wires[i]);
    if (t->chip && strcmp(chip->name, t->chip) == 0 && t->skip-- == 0) {
        t->n_wires = chip->n_stage1;
        t->is_free = chip->wires[t->wire].is_free;
        t->is_done = true;
        fr_add(&row[t->wire], &row[t->wire], &t->delta);
    }
    return mock_row(t->mock, chip, index, row, err);
}

static int attempt(struct claim *run, const struct claim *claim, struct change *t, struct err *e)
{
    struct trace_sink sink = {changed_row, t};
    struct terms_source terms = program_terms(claim->p);
    struct statement s = claim->s;
    int rc;

    t->mock = mock_new();
    rc = trace_run(&run->end, run->p, chips, run->s.gas_max, 100000, &sink, e);
    if (rc == VCP_OK) {
        s.gas_used = run->end.gas;
        rc = mock_terms(t->mock, &terms, &s, &run->end.lists, e);
    }
    if (rc == VCP_OK)
        rc = mock_check(t->mock, NULL, e);
    mock_free(t->mock);
    return rc;
}

static void claim_of_result(struct claim *c, const char *entry, double x, uint64_t result)
{
    make_claim(c, entry, x);
    c->s.n_results = 1;
    c->s.results[0] = result;
    open_claim(c);
}

/* The claim of a true run holds, and the same rows do not show the other result; nor has a
 * trace that should end so a row for it. */
static void only_this_result(const char *entry, double x, uint64_t is, uint64_t is_not)
{
    struct claim truth, lie;
    struct change none = {0};
    struct err e = {0};

    claim_of_result(&truth, entry, x, is);
    claim_of_result(&lie, entry, x, is_not);
    assert_ok(attempt(&truth, &truth, &none, &e), e);
    assert_err(attempt(&truth, &lie, &none, &e), VCP_EVERIFY, e, "LIST");
    assert_err(attempt(&lie, &lie, &none, &e), VCP_ESTATE, e, "disagrees");
    drop_claim(&truth);
    drop_claim(&lie);
}

static void A10_another_nan_is_refused(void **state)
{
    (void)state;
    only_this_result("round", NAN, 0x7ff8000000000000u, 0xfff8000000000000u);
    only_this_result("round", NAN, 0x7ff8000000000000u, 0x7ff8000000000001u);
    only_this_result("round", INFINITY, 0x7ff0000000000000u, 0x7ff8000000000000u);
}

static void another_rounding_is_refused(void **state)
{
    uint64_t sum = f64_bits(0.2 + 0.1);

    (void)state;
    only_this_result("round", 0.2, sum, sum - 1);
    only_this_result("round", 0.2, sum, sum + 1);
    only_this_result("cut", -3.7, (uint32_t)-3, (uint32_t)-4);
}

static void claim_of_trap(struct claim *c, double x, enum trap trap)
{
    make_claim(c, "cut", x);
    c->s.status = RUN_TRAP;
    c->s.trap = (uint8_t)trap;
    open_claim(c);
}

static void another_trap_is_refused(void **state)
{
    struct claim nan, wrong, fine, large;
    struct change none = {0};
    struct err e = {0};

    (void)state;
    claim_of_trap(&nan, NAN, TRAP_INVALID_CONVERSION);
    claim_of_trap(&wrong, NAN, TRAP_INTEGER_OVERFLOW);
    claim_of_trap(&large, 3e9, TRAP_INTEGER_OVERFLOW);
    claim_of_trap(&fine, 3, TRAP_INTEGER_OVERFLOW); /* which does not trap */
    assert_ok(attempt(&nan, &nan, &none, &e), e);
    assert_ok(attempt(&large, &large, &none, &e), e);
    assert_err(attempt(&nan, &wrong, &none, &e), VCP_EVERIFY, e, "STATE");
    assert_true(attempt(&large, &fine, &none, &e) < 0);
    drop_claim(&nan);
    drop_claim(&wrong);
    drop_claim(&large);
    drop_claim(&fine);
}

/* A run that traps, claimed to have gone well. */
static void a_trap_left_out_is_refused(void **state)
{
    struct claim trap, fine;
    struct change none = {0};
    struct err e = {0};

    (void)state;
    claim_of_trap(&trap, 3e9, TRAP_INTEGER_OVERFLOW);
    claim_of_result(&fine, "cut", 3e9, 0x7fffffff);
    assert_true(attempt(&trap, &fine, &none, &e) < 0);
    assert_true(attempt(&fine, &fine, &none, &e) < 0);
    drop_claim(&trap);
    drop_claim(&fine);
}

static void a_row_of_a_routine_with_another_value_is_refused(void **state)
{
    static const char *const names[] = {"routine", "rret1_a", "i64.shr_u_si", "i64.sub_sa"};
    struct claim c;
    struct err e = {0};

    (void)state;
    claim_of_result(&c, "round", 0.2, f64_bits(0.2 + 0.1));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct change t = {.chip = names[i], .n_wires = 1};

        fr_from_u64(&t.delta, 1);
        for (t.wire = 0; t.wire < t.n_wires; t.wire++) {
            t.skip = 0;
            t.is_done = t.is_free = false;
            if (attempt(&c, &c, &t, &e) == VCP_OK && !t.is_free)
                fail_msg("%s: wire %u may change", names[i], t.wire);
            assert_true(t.is_done);
        }
        assert_true(t.n_wires > 4);
    }
    drop_claim(&c);
}

/* ---- one proven for real ------------------------------------------------------------------ */

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
    assert_ok(profile_fit(&p, "fitted", counts, 16, e->chips, &err), err);
    assert_ok(prover_setup(digest, dir, &p, seed, &work, &err), err);
    assert_ok(prover_open(out, dir, &err), err);
}

static int verify(const struct receipt *r, const struct keyring *ring, struct err *err)
{
    struct receipt_policy policy = {.keys = ring, .allow_test_keys = true};

    return receipt_verify_module(r, module.data, module.len, NULL, &policy, NULL, NULL, err);
}

static void two_bodies_are_proven(void **state)
{
    static const char dir[] = TEST_BINARY_DIR "/float-keys";
    const char *args[] = {"2"};
    struct execution_request req = {.module = module.data,
                                    .module_bytes = module.len,
                                    .entry = "bodies",
                                    .args = args,
                                    .n_args = 1};
    struct work work = {.threads = threads_new(2)};
    struct prover_report report;
    struct execution *x = NULL;
    struct prover *prover;
    struct keyring ring;
    struct receipt r;
    struct err err = {0};

    (void)state;
    assert_ok(run_limits_preset(&req.limits, "default", &err), err);
    req.limits.stack_slots_max = 1000;
    assert_ok(execution_new(&x, &req, &err), err);
    assert_ok(execution_trace(x, 0, &err), err);
    /* The common ways through the routines do without the table of `and`. */
    assert_int_equal(x->rows[CATALOG_OTHER(OTHER_AND8)].n, 0);
    open_prover(&prover, x, dir);
    assert_ok(keyring_open(&ring, dir, NULL, 0, &err), err);
    assert_ok(prover_prove(&r, prover, x, &work, &report, &err), err);
    assert_ok(verify(&r, &ring, &err), err);
    r.statement.results[0] ^= 1; /* a unit in the last place */
    assert_int_equal(verify(&r, &ring, &err), VCP_EVERIFY);
    receipt_release(&r);
    keyring_release(&ring);
    prover_free(prover);
    threads_free(work.threads);
    execution_free(x);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operands_in_every_place),
        cmocka_unit_test(floats_go_through_memory_and_globals),
        cmocka_unit_test(an_integer_waits_for_floats),
        cmocka_unit_test(programs_of_floats),
        cmocka_unit_test(cutting_traps_as_in_the_engine),
        cmocka_unit_test(every_gas_limit_balances),
        cmocka_unit_test(A10_another_nan_is_refused),
        cmocka_unit_test(another_rounding_is_refused),
        cmocka_unit_test(another_trap_is_refused),
        cmocka_unit_test(a_trap_left_out_is_refused),
        cmocka_unit_test(a_row_of_a_routine_with_another_value_is_refused),
        cmocka_unit_test(two_bodies_are_proven),
    };
    struct err e = {0};
    int rc;

    buf_init(&module, 0);
    if (argc < 2 || file_read(&module, argv[1], 1 << 24, &e) < 0)
        return 1;
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    buf_release(&module);
    return rc;
}
