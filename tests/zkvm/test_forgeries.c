/* What must not be built, and what must not balance. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "test.h"
#include "zkvm/mock.h"

/* ---- the builder's refusals -------------------------------------------------------- */

/* Forgery 1 of the review: an immediate that only the fetched tuple pins. */
static void P1_unpinned_immediate_is_not_built(void **state)
{
    struct build b;
    struct chip *c;
    struct err e = {0};

    (void)state;
    assert_ok(build_init(&b, "forgery 1", &e), e);
    build_instruction(&b, 7);
    b.code[CODE_IMM] = lin_wire(build_input(&b, "imm", ROW_IMM));
    build_next(&b, lin_add(lin_wire(b.pc), lin_const(1)), lin_wire(b.fp), lin_wire(b.acc));
    assert_err(build_finish(&c, &b, &e), VCP_EINVAL, e, "rule E");
}

/* A slot that is in no address of a cell: lemma C does not reach it. */
static void P1_top_slot_without_a_cell_is_not_built(void **state)
{
    struct build b;
    struct chip *c;
    struct err e = {0};

    (void)state;
    assert_ok(build_init(&b, "loose slot", &e), e);
    build_instruction(&b, 7);
    build_slot(&b, CODE_TOP);
    build_next(&b, lin_add(lin_wire(b.pc), lin_const(1)), lin_wire(b.fp), lin_wire(b.acc));
    assert_err(build_finish(&c, &b, &e), VCP_EINVAL, e, "rule E");
}

/* A component wider than its field reaches into the next one. */
static void P3_wide_component_is_not_built(void **state)
{
    struct build b;
    struct chip *c;
    struct err e = {0};

    (void)state;
    assert_ok(build_init(&b, "wide", &e), e);
    build_instruction(&b, 7);
    b.code[CODE_A] = build_limbs(&b, "a", lin_wire(CHIP_HINT(ROW_A)), 0, 32);
    build_next(&b, lin_add(lin_wire(b.pc), lin_const(1)), lin_wire(b.fp), lin_wire(b.acc));
    assert_err(build_finish(&c, &b, &e), VCP_EINVAL, e, "wider than its field");
}

static void P7_wire_chosen_after_the_challenges_is_not_built(void **state)
{
    struct build b;
    struct chip *c;
    struct lin late;
    struct err e = {0};

    (void)state;
    assert_ok(build_init(&b, "late", &e), e);
    build_begin(&b);
    late = lin_wire(build_product2(&b, lin_wire(b.on), lin_wire(b.on)));
    build_range16(&b, late);
    assert_err(build_finish(&c, &b, &e), VCP_EINVAL, e, "after the challenges");
}

static void M2_free_count_in_a_unit_flow_is_not_built(void **state)
{
    struct build b;
    struct chip *c;
    struct lin cell[2], value, count;
    struct err e = {0};

    (void)state;
    assert_ok(build_init(&b, "copies", &e), e);
    build_begin(&b);
    cell[0] = lin_wire(build_param(&b, "time", 0));
    cell[1] = lin_wire(build_param(&b, "address", 1));
    value = lin_wire(build_param(&b, "value", 2));
    count = lin_wire(build_param(&b, "count", 3));
    build_tuple(&b, BUS_MEM, 1, count, cell, &value);
    assert_err(build_finish(&c, &b, &e), VCP_EINVAL, e, "unit flow");
}

/* A code entry that the verifier did not list. */
static void F1_code_not_from_the_list_is_not_built(void **state)
{
    struct build b;
    struct chip *c;
    struct lin fields[CODE_FIELDS];
    struct err e = {0};

    (void)state;
    assert_ok(build_init(&b, "own code", &e), e);
    build_begin(&b);
    for (unsigned i = 0; i < CODE_FIELDS; i++)
        fields[i] = lin_wire(build_param(&b, "field", i));
    build_tuple(&b, BUS_CODE, 1, lin_wire(build_param(&b, "count", 8)), fields, NULL);
    assert_err(build_finish(&c, &b, &e), VCP_EINVAL, e, "unit flow");
}

/* An entry that was listed, but for a multiplicity that an absent row keeps: an absent row
 * receives nothing from the list and would send any entry. */
static void P8_count_of_an_absent_row_is_not_built(void **state)
{
    struct build b;
    struct chip *c;
    struct lin fields[CODE_FIELDS], weight;
    struct err e = {0};

    (void)state;
    assert_ok(build_init(&b, "absent code", &e), e);
    build_begin(&b);
    for (unsigned i = 0; i < CODE_FIELDS; i++)
        fields[i] = lin_wire(build_param(&b, "field", i));
    weight = lin_wire(build_param(&b, "weight", 7));
    build_tuple(&b, BUS_LIST, -1, lin_wire(b.on), fields, &weight);
    build_tuple(&b, BUS_CODE, 1, lin_wire(build_param(&b, "count", 8)), fields, NULL);
    assert_err(build_finish(&c, &b, &e), VCP_EINVAL, e, "absent row");
}

/* ---- runs with something wrong ---------------------------------------------------------- */

static struct buf module;
static struct catalog *chips;
static struct code *code;

struct run {
    struct statement s;
    struct program *p;
    struct trace_end end;
};

/* Counts rows; at one of them changes a wire. */
struct tamper {
    struct mock *mock;
    int64_t row, n;
    uint32_t wire, n_wires;
    fr delta;
    bool drop, is_free;
    const char *chip;
};

static int tampered_row(void *arg, uint32_t number, const struct chip *chip, uint32_t index,
                        const uint64_t *wires, struct err *err)
{
    struct tamper *t = arg;
    fr row[BUILD_WIRES_MAX];

    (void)number;
    for (uint32_t i = 0; i < chip->n_stage1; i++)
        fr_from_u64(&row[i], wires[i]);
    if (t->n++ == t->row) {
        t->n_wires = chip->n_stage1;
        t->chip = chip->name;
        if (t->drop)
            return VCP_OK;
        if (t->wire < chip->n_stage1) {
            t->is_free = chip->wires[t->wire].is_free;
            fr_add(&row[t->wire], &row[t->wire], &t->delta);
        }
    }
    return mock_row(t->mock, chip, index, row, err);
}

static void make_run(struct run *r, uint64_t arg, uint64_t result)
{
    struct err e = {0};

    *r = (struct run){0};
    statement_init(&r->s);
    sha3_256(r->s.module, module.data, module.len);
    strcpy(r->s.entry, "fib");
    r->s.n_args = r->s.n_results = 1;
    r->s.args[0] = arg;
    r->s.results[0] = result;
    r->s.gas_max = 1000000;
    r->s.memory_bytes_max = 1 << 24;
    r->s.call_depth_max = 100;
    r->s.stack_slots_max = 1000;
    assert_ok(program_new(&r->p, code, &r->s, NULL, &e), e);
}

/* Traces r's program with something changed and checks against the verifier's terms of v. */
static int attempt(struct run *r, const struct run *v, struct tamper *t, struct err *e)
{
    struct trace_sink sink = {tampered_row, t};
    struct terms_source terms = program_terms(v->p);
    struct statement s = v->s;
    int rc;

    t->mock = mock_new();
    rc = trace_run(&r->end, r->p, chips, r->s.gas_max, 100000, &sink, e);
    if (rc == VCP_OK) {
        if (!s.gas_used)
            s.gas_used = r->end.gas;
        rc = mock_terms(t->mock, &terms, &s, &r->end.lists, e);
    }
    if (rc == VCP_OK)
        rc = mock_check(t->mock, NULL, e);
    mock_free(t->mock);
    return rc;
}

static void every_wire_of_every_row_of_a_run_matters(void **state)
{
    struct run r;
    struct tamper t = {.row = -1};
    struct err e = {0};
    int64_t rows;

    (void)state;
    make_run(&r, 2, 1);
    fr_from_u64(&t.delta, 1);
    assert_ok(attempt(&r, &r, &t, &e), e);
    rows = t.n;
    for (int64_t row = 0; row < rows; row += 1 + row / 64) {
        t = (struct tamper){.row = row, .delta = t.delta, .n_wires = 1};
        for (t.wire = 0; t.wire < t.n_wires; t.wire++) {
            t.n = 0;
            t.is_free = false;
            if (attempt(&r, &r, &t, &e) == VCP_OK && !t.is_free)
                fail_msg("row %lld (%s): wire %u may change", (long long)row, t.chip, t.wire);
        }
    }
    program_free(r.p);
}

/* T2: the end is cut off; F5 and more: any row left out. */
static void T2_a_row_left_out_does_not_balance(void **state)
{
    struct run r;
    struct tamper t = {.row = -1};
    struct err e = {0};
    int64_t rows;

    (void)state;
    make_run(&r, 2, 1);
    assert_ok(attempt(&r, &r, &t, &e), e);
    rows = t.n;
    for (int64_t row = 0; row < rows; row++) {
        t = (struct tamper){.row = row, .drop = true};
        if (attempt(&r, &r, &t, &e) == VCP_OK)
            fail_msg("row %lld (%s) is not needed", (long long)row, t.chip);
    }
    program_free(r.p);
}

static void C9_other_arguments_do_not_balance(void **state)
{
    struct run r, v;
    struct tamper t = {.row = -1};
    struct err e = {0};

    (void)state;
    make_run(&r, 2, 1);
    make_run(&v, 1, 1);
    assert_err(attempt(&r, &v, &t, &e), VCP_EVERIFY, e, "LIST");
    program_free(r.p);
    program_free(v.p);
}

static void another_result_does_not_balance(void **state)
{
    struct run r, v;
    struct tamper t = {.row = -1};
    struct err e = {0};

    (void)state;
    make_run(&r, 7, 13);
    make_run(&v, 7, 14);
    assert_err(attempt(&r, &v, &t, &e), VCP_EVERIFY, e, "LIST");
    /* and a trace that asserts a wrong result has no row for it */
    assert_err(attempt(&v, &v, &t, &e), VCP_ESTATE, e, "disagrees");
    program_free(r.p);
    program_free(v.p);
}

static void G1_other_gas_does_not_balance(void **state)
{
    struct run r;
    struct tamper t = {.row = -1};
    struct trace_sink sink = {tampered_row, &t};
    struct terms_source terms;
    struct err e = {0};

    (void)state;
    make_run(&r, 5, 5);
    terms = program_terms(r.p);
    t.mock = mock_new();
    assert_ok(trace_run(&r.end, r.p, chips, r.s.gas_max, 100000, &sink, &e), e);
    r.s.gas_used = r.end.gas - 1;
    assert_err(mock_terms(t.mock, &terms, &r.s, &r.end.lists, &e), VCP_EVERIFY, e, "gas");
    r.end.lists.gas_rows--;
    assert_ok(mock_terms(t.mock, &terms, &r.s, &r.end.lists, &e), e);
    assert_err(mock_check(t.mock, NULL, &e), VCP_EVERIFY, e, "GAS");
    mock_free(t.mock);
    program_free(r.p);
}

static void G2_out_of_gas_claimed_early_is_refused(void **state)
{
    struct run r;
    struct tamper t = {.row = -1};
    struct trace_sink sink = {tampered_row, &t};
    struct terms_source terms;
    struct err e = {0};

    (void)state;
    make_run(&r, 5, 5);
    terms = program_terms(r.p);
    t.mock = mock_new();
    assert_ok(trace_run(&r.end, r.p, chips, 20, 100000, &sink, &e), e);
    assert_int_equal(r.end.status, RUN_OUT_OF_GAS);
    r.s.status = RUN_OUT_OF_GAS;
    r.s.n_results = 0;
    r.s.gas_used = r.end.lists.gas_rows;
    r.s.gas_max = 1000; /* as if there had been more */
    assert_err(mock_terms(t.mock, &terms, &r.s, &r.end.lists, &e), VCP_EVERIFY, e,
               "did not run out");
    mock_free(t.mock);
    program_free(r.p);
}

/* P8, with the chip that is used: code of the prover's own, from a row that is not there. */
static void P8_an_absent_row_sends_no_code(void **state)
{
    const struct chip *c;
    fr row[BUILD_WIRES_MAX] = {{{0}}};
    struct mock *mock = mock_new();
    struct err e = {0};

    (void)state;
    assert_ok(catalog_get(&c, chips, CATALOG_OTHER(OTHER_CODE), &e), e);
    assert_ok(mock_row(mock, c, 0, row, &e), e); /* padding */
    for (uint32_t i = 0; i < c->n_stage1; i++)
        fr_from_u64(&row[i], c->wires[i].op == RECIPE_INPUT ? 0 : 3 + i);
    assert_err(mock_row(mock, c, 0, row, &e), VCP_EVERIFY, e, "code entry");
    mock_free(mock);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P1_unpinned_immediate_is_not_built),
        cmocka_unit_test(P1_top_slot_without_a_cell_is_not_built),
        cmocka_unit_test(P3_wide_component_is_not_built),
        cmocka_unit_test(P7_wire_chosen_after_the_challenges_is_not_built),
        cmocka_unit_test(M2_free_count_in_a_unit_flow_is_not_built),
        cmocka_unit_test(F1_code_not_from_the_list_is_not_built),
        cmocka_unit_test(P8_count_of_an_absent_row_is_not_built),
        cmocka_unit_test(P8_an_absent_row_sends_no_code),
        cmocka_unit_test(every_wire_of_every_row_of_a_run_matters),
        cmocka_unit_test(T2_a_row_left_out_does_not_balance),
        cmocka_unit_test(C9_other_arguments_do_not_balance),
        cmocka_unit_test(another_result_does_not_balance),
        cmocka_unit_test(G1_other_gas_does_not_balance),
        cmocka_unit_test(G2_out_of_gas_claimed_early_is_refused),
    };
    struct err e = {0};
    int rc;

    (void)argc;
    buf_init(&module, 0);
    if (file_read(&module, argv[1], 1 << 24, &e) < 0 ||
        code_load(&code, module.data, module.len, NULL, &e) < 0)
        return 1;
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    code_free(code);
    buf_release(&module);
    return rc;
}
