/* The three worked forgeries against rows that are too cheap.  Each is shown three times: a toy
 * chip that only is_unsafe lets the builder make accepts a false row, in the field and in every
 * constraint, which the mock prover reports as a packing bug; the builder refuses the chip; the
 * real chip's row with the same lie does not balance.
 *
 * The toys pack what our chips keep apart into keys of kind CODE, whose fields stand at fixed bits.
 */
#include <stdlib.h>

#include "rows.h"
#include "zkvm/build.h"

static struct catalog *chips;

/* ---- toys
 * ------------------------------------------------------------------------------------------- */

typedef void toy_fn(struct build *b);

static struct lin param(struct build *b, const char *name, unsigned i)
{
    return lin_wire(build_param(b, name, i));
}

static struct chip *build_toy(toy_fn *toy, bool is_unsafe, struct err *e)
{
    struct build b;
    struct chip *c = NULL;

    assert_ok(build_init(&b, "toy", e), *e);
    b.is_unsafe = is_unsafe;
    build_begin(&b);
    toy(&b);
    return build_finish(&c, &b, e) == VCP_OK ? c : NULL;
}

static void refused_by_the_builder(toy_fn *toy)
{
    struct err e = {0};

    assert_null(build_toy(toy, false, &e));
    assert_non_null(strstr(e.msg, "rule E"));
}

static void field(fr *out, int64_t m, int shift) /* m 2^shift */
{
    struct chip_term t = {CHIP_ONE, (int16_t)shift, m};

    chip_coefficient(out, &t);
}

static void add_to(fr *x, int64_t m, int shift)
{
    fr d;

    field(&d, m, shift);
    fr_add(x, x, &d);
}

/* A term of the verifier's. */
static void term(struct mock *m, enum bus_kind kind, int sign, const fr comps[], const fr *value)
{
    struct bus_tuple t = {.kind = (uint8_t)kind};
    struct err e = {0};

    field(&t.count, sign, 0);
    memcpy(t.comps, comps, bus_kinds[kind].n_comps * sizeof *comps);
    if (value)
        t.values[0] = *value;
    assert_ok(mock_tuple(m, &t, &e), e);
}

static void packed(fr comps[CODE_FIELDS], const uint64_t fields[CODE_FIELDS])
{
    for (unsigned i = 0; i < CODE_FIELDS; i++)
        fr_from_u64(&comps[i], fields[i]);
}

static void send_packed(struct mock *m, int sign, const uint64_t fields[CODE_FIELDS])
{
    fr comps[CODE_FIELDS];

    packed(comps, fields);
    term(m, BUS_CODE, sign, comps, NULL);
}

/* What a toy claims: key and value of a tuple that the verifier receives. */
static void claim(struct mock *m, uint64_t key, uint64_t value)
{
    fr k, v;

    fr_from_u64(&k, key);
    fr_from_u64(&v, value);
    term(m, BUS_SORT, -1, &k, &v);
}

static void toy_row(struct mock *m, const struct chip *c, const fr params[])
{
    fr row[BUILD_WIRES_MAX];
    struct err e = {0};

    for (uint32_t i = 0; i < c->n_stage1; i++)
        row[i] = c->wires[i].op == RECIPE_PARAM ? params[c->wires[i].i] : fr_one;
    assert_ok(mock_row(m, c, 0, row, &e), e); /* every constraint holds */
}

/* The sums balance, the tuples do not: the forgery is real. */
static void accepted_by_the_field(struct mock *m)
{
    struct mock_verdict v;
    struct err e = {0};

    assert_err(mock_check(m, &v, &e), VCP_EVERIFY, e, "packing bug");
    assert_true(v.field);
    assert_false(v.exact);
    mock_free(m);
}

/* ---- real chips
 * --------------------------------------------------------------------------------------- */

/* A row of a real chip in a world that grants all it says but the tuples of one kind: of those
 * the verifier has what is true. */
static void not_balanced_by_the_field(const struct chip *c, const fr row[], enum bus_kind kind,
                                      const struct bus_tuple truth[], unsigned n_truth)
{
    struct mock *m = mock_new();
    struct mock_verdict v;
    struct said said;
    struct err e = {0};

    tuples(&said, c, row, NULL);
    assert_ok(mock_row(m, c, 0, row, &e), e);
    for (uint32_t i = 0; i < c->n_tuples; i++) {
        struct bus_tuple t = said.t[i];

        if (t.kind == kind && c->tuples[i].sign < 0)
            continue;
        if (c->tuples[i].sign > 0)
            fr_neg(&t.count, &t.count);
        assert_ok(mock_tuple(m, &t, &e), e);
    }
    for (unsigned i = 0; i < n_truth; i++)
        assert_ok(mock_tuple(m, &truth[i], &e), e);
    assert_err(mock_check(m, &v, &e), VCP_EVERIFY, e, "do not balance");
    assert_false(v.field);
    assert_false(v.exact);
    mock_free(m);
}

/* A true row, its wires as field elements. */
static const struct chip *honest_row(fr row[], struct said *said, const struct trace_sample *q,
                                     uint32_t op)
{
    uint64_t wires[BUILD_WIRES_MAX];
    const struct chip *c;

    assert_int_equal(catalog_get(&c, chips, op * CHIP_VARIANTS, NULL), VCP_OK);
    trace_sample_row(wires, c, q);
    for (uint32_t i = 0; i < c->n_stage1; i++)
        fr_from_u64(&row[i], wires[i]);
    assert_true(holds(c, row, said));
    return c;
}

static uint32_t wire(const struct chip *c, const char *name, unsigned nth)
{
    for (uint32_t i = 0; i < c->n_stage1; i++)
        if (strcmp(c->wires[i].name, name) == 0 && nth-- == 0)
            return i;
    fail_msg("chip %s has no wire %s", c->name, name);
    return 0;
}

static unsigned true_tuples(struct bus_tuple out[], const struct chip *c, const struct said *said,
                            enum bus_kind kind)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < c->n_tuples; i++)
        if (said->t[i].kind == kind && c->tuples[i].sign < 0)
            out[n++] = said->t[i];
    return n;
}

/* Slots 3 and 4 hold two numbers; arg: struct operands. */
struct operands {
    uint64_t x, y;
};

static uint64_t operand(void *arg, uint64_t address, const struct chip *c,
                        const struct chip_access *a)
{
    const struct operands *o = arg;

    (void)c;
    (void)a;
    return address == 103 ? o->x : address == 104 ? o->y : 0;
}

static struct trace_sample sample(struct operands *o)
{
    struct trace_sample q = {.value = operand, .arg = o};

    q.inputs[ROW_ON] = 1;
    q.inputs[ROW_CLOCK] = 64;
    q.inputs[ROW_PC] = 40;
    q.inputs[ROW_FP] = 100;
    q.inputs[ROW_A] = 3, q.inputs[ROW_B] = 4, q.inputs[ROW_TOP] = 5;
    return q;
}

/* ---- 1: an immediate of choice
 * -------------------------------------------------------------------------- */

/* 5 + immediate: entry 7, of which nothing but the tuple pins two components. */
static void add_immediate(struct build *b)
{
    struct lin on = lin_wire(b->on), fields[CODE_FIELDS], sum, unused = lin_zero();

    for (unsigned i = 0; i < CODE_FIELDS; i++)
        fields[i] = lin_zero();
    fields[CODE_OP] = lin_mul(on, 7);
    fields[CODE_B] = param(b, "b", 0);
    fields[CODE_IMM] = param(b, "imm", 1);
    build_tuple(b, BUS_CODE, -1, on, fields, NULL);
    sum = lin_add(fields[CODE_IMM], lin_mul(on, 5));
    build_tuple(b, BUS_SORT, 1, on, &sum, &unused);
}

static void P1_an_immediate_of_choice(void **state)
{
    const int shift = (int)bus_position(BUS_CODE, CODE_IMM) - (int)bus_position(BUS_CODE, CODE_B);
    struct operands o = {5, 0};
    struct trace_sample q = sample(&o);
    struct bus_tuple truth[4];
    struct said said;
    struct mock *m = mock_new();
    struct chip *toy;
    const struct chip *c;
    struct err e = {0};
    fr params[2], row[BUILD_WIRES_MAX];

    (void)state;
    toy = build_toy(add_immediate, true, &e);
    assert_non_null(toy);
    field(&params[0], 3, 0);
    add_to(&params[0], -(999999 - 10), shift);
    field(&params[1], 999999, 0);
    toy_row(m, toy, params);
    send_packed(m, 1, (uint64_t[]){0, 7, 0, 3, 0, 10, 0});
    claim(m, 5 + 999999, 0);
    accepted_by_the_field(m);
    chip_free(toy);
    refused_by_the_builder(add_immediate);

    q.inputs[ROW_IMM] = 10;
    c = honest_row(row, &said, &q, ZOP_ALU(ALU_ADD, 0, SHAPE_SI, 0));
    q.inputs[ROW_IMM] = 999999;
    assert_int_equal(true_tuples(truth, c, &said, BUS_CODE), 1);
    honest_row(row, &said, &q, ZOP_ALU(ALU_ADD, 0, SHAPE_SI, 0)); /* its sum is 1000004 */
    not_balanced_by_the_field(c, row, BUS_CODE, truth, 1);
}

/* ---- 2: a value of the future
 * ---------------------------------------------------------------------------- */

/* x + y at time 510: cells are tuples (address, time, value) in one key. */
static void add_cells(struct build *b)
{
    static const char *const names[2][2] = {{"time of x", "x"}, {"time of y", "y"}};
    struct lin on = lin_wire(b->on), sum = lin_zero(), unused = lin_zero();

    for (unsigned i = 0; i < 2; i++) {
        struct lin cell[CODE_FIELDS];

        for (unsigned k = 0; k < CODE_FIELDS; k++)
            cell[k] = lin_zero();
        cell[CODE_PC] = lin_mul(on, (int64_t)i + 1); /* the address */
        cell[CODE_IMM] = param(b, names[i][0], 2 * i);
        cell[CODE_TOP] = param(b, names[i][1], 2 * i + 1);
        build_range16(b, lin_sub(lin_mul(on, 509), cell[CODE_IMM])); /* it is earlier */
        build_tuple(b, BUS_CODE, -1, on, cell, NULL);
        sum = lin_add(sum, cell[CODE_TOP]);
        cell[CODE_IMM] = lin_mul(on, 510);
        build_tuple(b, BUS_CODE, 1, on, cell, NULL);
    }
    build_tuple(b, BUS_SORT, 1, on, &sum, &unused);
}

/* Cell 1 holds 50 from time 900 on, cell 2 holds 5 from time 3 on.  The row at time 510 adds them.
 */
static void P2_a_value_of_the_future(void **state)
{
    const int back = (int)bus_position(BUS_CODE, CODE_IMM) - (int)bus_position(BUS_CODE, CODE_TOP);
    struct operands o = {50, 5};
    struct trace_sample q = sample(&o);
    struct bus_tuple truth[3];
    struct said said;
    struct mock *m = mock_new();
    struct chip *toy;
    const struct chip *c;
    struct err e = {0};
    fr params[4], row[BUILD_WIRES_MAX], age;

    (void)state;
    toy = build_toy(add_cells, true, &e);
    assert_non_null(toy);
    field(&params[0], 400, 0); /* and not 900 */
    field(&params[1], 50, 0);
    add_to(&params[1], 500, back);
    field(&params[2], 503, 0); /* and not 3 */
    field(&params[3], 5, 0);
    add_to(&params[3], -500, back);
    toy_row(m, toy, params);
    send_packed(m, 1, (uint64_t[]){1, 0, 0, 0, 0, 900, 50});
    send_packed(m, 1, (uint64_t[]){2, 0, 0, 0, 0, 3, 5});
    send_packed(m, -1, (uint64_t[]){1, 0, 0, 0, 0, 510 + 500, 50});
    send_packed(m, -1, (uint64_t[]){2, 0, 0, 0, 0, 510 - 500, 5});
    claim(m, 55, 0);
    for (unsigned i = 0; i < 2; i++) { /* the two lookups */
        field(&age, i ? 509 - 503 : 509 - 400, 0);
        term(m, BUS_RANGE16, 1, &age, NULL);
    }
    accepted_by_the_field(m);
    chip_free(toy);
    refused_by_the_builder(add_cells);

    c = honest_row(row, &said, &q, ZOP_ALU(ALU_ADD, 1, SHAPE_SS, 0));
    assert_int_equal(true_tuples(truth, c, &said, BUS_MEM), 3); /* x, y, where the sum goes */
    for (unsigned i = 0; i < 2; i++) {
        row[c->accesses[i].time_wire] = params[2 * i];
        row[c->accesses[i].value_wire] = params[2 * i + 1];
        field(&truth[i].comps[0], i ? 3 : 900, 0);
    }
    not_balanced_by_the_field(c, row, BUS_MEM, truth, 3);
}

/* ---- 3: an AND of choice
 * ----------------------------------------------------------------------------------- */

#define SHOWN_A 0x11223344u
#define SHOWN_B 0x0f0f0f0fu
#define FALSE_C 0x11111111u
/* Rows of the table, byte by byte: X + 2^12 Y + 2^29 (X & Y) = A + 2^12 B + 2^29 C. */
#define TABLE_X 0x11110344u
#define TABLE_Y 0x31311022u

enum { PARAM_A, PARAM_B, PARAM_C, PARAM_BYTES }; /* a, b, c of each byte follow */

static void and_packed(struct build *b, bool inputs_are_bytes)
{
    struct lin on = lin_wire(b->on), sums[3], zero = lin_zero();

    for (unsigned i = 0; i < 3; i++)
        sums[i] = param(b, "number", i);
    build_tuple(b, BUS_SORT, 1, on, &sums[PARAM_A], &sums[PARAM_B]);
    build_tuple(b, BUS_SORT, 1, on, &sums[PARAM_C], &zero);
    for (unsigned i = 0; i < 4; i++) {
        struct lin fields[CODE_FIELDS];

        for (unsigned k = 0; k < CODE_FIELDS; k++)
            fields[k] = lin_zero();
        for (unsigned k = 0; k < 3; k++) {
            fields[CODE_OP + k] = param(b, "byte", PARAM_BYTES + 3 * i + k);
            sums[k] = lin_sub(sums[k], lin_shl(fields[CODE_OP + k], (int)(8 * i)));
            if (inputs_are_bytes && k < 2)
                build_range8(b, fields[CODE_OP + k]);
        }
        build_tuple(b, BUS_CODE, -1, on, fields, NULL);
    }
    for (unsigned k = 0; k < 3; k++)
        build_constrain(b, on, sums[k], zero);
}

static void and_of_anything(struct build *b)
{
    and_packed(b, false);
}

static void and_of_bytes(struct build *b)
{
    and_packed(b, true);
}

static uint64_t byte_of(uint32_t x, unsigned i)
{
    return x >> 8 * i & 255;
}

/* The bytes of A and B are true; those of C are what is left of the table's rows. */
static void false_byte(fr *out, unsigned i)
{
    const int a = -(int)(bus_position(BUS_CODE, CODE_B) - bus_position(BUS_CODE, CODE_OP));
    const int b = -(int)(bus_position(BUS_CODE, CODE_B) - bus_position(BUS_CODE, CODE_A));

    field(out, (int64_t)byte_of(TABLE_X & TABLE_Y, i), 0);
    add_to(out, (int64_t)byte_of(TABLE_X, i) - (int64_t)byte_of(SHOWN_A, i), a);
    add_to(out, (int64_t)byte_of(TABLE_Y, i) - (int64_t)byte_of(SHOWN_B, i), b);
}

static void forge_and(toy_fn *toy, bool inputs_are_bytes)
{
    struct mock *m = mock_new();
    struct err e = {0};
    struct chip *c = build_toy(toy, true, &e);
    fr params[PARAM_BYTES + 12];

    assert_non_null(c);
    fr_from_u64(&params[PARAM_A], SHOWN_A);
    fr_from_u64(&params[PARAM_B], SHOWN_B);
    fr_from_u64(&params[PARAM_C], FALSE_C);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t x = byte_of(TABLE_X, i), y = byte_of(TABLE_Y, i);
        fr *bytes = &params[PARAM_BYTES + 3 * i];

        fr_from_u64(&bytes[0], byte_of(SHOWN_A, i));
        fr_from_u64(&bytes[1], byte_of(SHOWN_B, i));
        false_byte(&bytes[2], i);
        send_packed(m, 1, (uint64_t[]){0, x, y, x & y, 0, 0, 0});
        for (unsigned k = 0; k < 2 && inputs_are_bytes; k++)
            term(m, BUS_RANGE8, 1, &bytes[k], NULL);
    }
    toy_row(m, c, params);
    claim(m, SHOWN_A, SHOWN_B);
    claim(m, FALSE_C, 0);
    accepted_by_the_field(m);
    chip_free(c);
}

static void P3_an_and_of_choice(void **state)
{
    struct operands o = {SHOWN_A, SHOWN_B};
    struct trace_sample q = sample(&o);
    struct bus_tuple truth[4];
    struct said said;
    const struct chip *c;
    fr row[BUILD_WIRES_MAX];

    (void)state;
    assert_int_not_equal(SHOWN_A & SHOWN_B, FALSE_C);
    forge_and(and_of_anything, false);
    refused_by_the_builder(and_of_anything);
    forge_and(and_of_bytes, true); /* bytes that go in are not enough */
    refused_by_the_builder(and_of_bytes);

    c = honest_row(row, &said, &q, ZOP_ALU(ALU_AND, 0, SHAPE_SS, 0));
    assert_int_equal(true_tuples(truth, c, &said, BUS_AND8), 4);
    for (unsigned i = 0; i < 4; i++) { /* the table's rows that the toy took */
        false_byte(&row[wire(c, "and", i)], i);
        fr_from_u64(&truth[i].comps[0], byte_of(TABLE_X, i));
        fr_from_u64(&truth[i].comps[1], byte_of(TABLE_Y, i));
        fr_from_u64(&truth[i].comps[2], byte_of(TABLE_X & TABLE_Y, i));
    }
    not_balanced_by_the_field(c, row, BUS_AND8, truth, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P1_an_immediate_of_choice),
        cmocka_unit_test(P2_a_value_of_the_future),
        cmocka_unit_test(P3_an_and_of_choice),
    };
    int rc;

    for (unsigned i = 0; i < BUS_CHALLENGES; i++)
        fr_random(&challenges[i]);
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    return rc;
}
