/* Control flow, row by row: in given circumstances only the right chip of an opcode has a row, and
 * it has one effect.  Circumstances are the inputs of a row and all cells there are. */
#include <stdlib.h>

#include "rows.h"
#include "wasm/trap.h"

static struct catalog *chips;

struct scene {
    uint32_t op;
    uint64_t inputs[ROW_INPUTS];
    struct {
        uint64_t address, value;
    } cells[16];
    unsigned n_cells;
};

static struct scene scene_of(uint32_t op)
{
    struct scene s = {.op = op};

    s.inputs[ROW_ON] = 1;
    s.inputs[ROW_CLOCK] = 1000;
    s.inputs[ROW_PC] = 40;
    s.inputs[ROW_FP] = 100;
    return s;
}

static void set_cell(struct scene *s, uint64_t address, uint64_t value)
{
    unsigned i = 0;

    while (i < s->n_cells && s->cells[i].address != address)
        i++;
    s->n_cells += i == s->n_cells;
    assert_true(s->n_cells <= 16);
    s->cells[i].address = address;
    s->cells[i].value = value;
}

static void set_slot(struct scene *s, unsigned slot, uint64_t value)
{
    set_cell(s, s->inputs[ROW_FP] + slot, value);
}

static uint64_t value_of(void *arg, uint64_t address, const struct chip *c,
                         const struct chip_access *a)
{
    const struct scene *s = arg;

    (void)c;
    (void)a;
    for (unsigned i = 0; i < s->n_cells; i++)
        if (s->cells[i].address == address)
            return s->cells[i].value;
    return 0; /* meets_cells will say so */
}

/* ---- rows of a scene ------------------------------------------------------------------------ */

/* Every tuple of memory is of a cell of the scene. */
static bool meets_cells(const struct scene *s, const struct chip *c, const struct said *said)
{
    for (uint32_t i = 0; i < c->n_tuples; i++) {
        uint64_t address;
        unsigned k = 0;

        if (c->tuples[i].kind != BUS_MEM)
            continue;
        if (!small(&said->t[i].comps[1], UINT64_MAX, &address))
            return false;
        while (k < s->n_cells && s->cells[k].address != address)
            k++;
        if (k == s->n_cells)
            return false;
    }
    return true;
}

static bool is_possible(const struct scene *s, const struct chip *c, struct said *said,
                        struct trace_sample *q)
{
    uint64_t wires[BUILD_WIRES_MAX];
    fr row[BUILD_WIRES_MAX];

    trace_sample_row(wires, c, q);
    for (uint32_t i = 0; i < c->n_stage1; i++)
        fr_from_u64(&row[i], wires[i]);
    return holds(c, row, said) && code_agrees(c, said, q) && meets_cells(s, c, said);
}

static struct trace_sample sample_of(struct scene *s)
{
    struct trace_sample q = {.value = value_of, .arg = s};

    memcpy(q.inputs, s->inputs, sizeof q.inputs);
    return q;
}

static bool is_computed(const struct chip_wire *w)
{
    return w->op != RECIPE_INPUT && w->op != RECIPE_VALUE && w->op != RECIPE_TIME;
}

/* What others see of a row: the state and the cells it sends on. */
static bool same_effect(const struct chip *c, const struct said *x, const struct said *y)
{
    for (uint32_t i = 0; i < c->n_tuples; i++)
        if (!bus_kinds[c->tuples[i].kind].free_count &&
            memcmp(&x->t[i], &y->t[i], sizeof x->t[i]) != 0)
            return false;
    return true;
}

static uint64_t honest_value(const struct chip *c, const struct trace_sample *q, uint32_t wire)
{
    uint64_t wires[BUILD_WIRES_MAX];

    trace_sample_row(wires, c, q);
    return wires[wire];
}

/* Every computed wire by other values, and all that follows from it: no row that could not be
 * becomes possible, none gets another effect. */
static void resist(struct scene *s, const struct chip *c, const struct said *honest)
{
    static const uint64_t deltas[] = {1, 2, 256, 65535, 65536, (uint64_t)1 << 32};
    struct trace_sample q = sample_of(s);
    struct said said;

    for (uint32_t i = 0; i < c->n_stage1; i++) {
        uint64_t value = honest_value(c, &q, i);

        if (!is_computed(&c->wires[i]))
            continue;
        q.is_forced = true;
        q.forced_wire = i;
        for (unsigned k = 0; k < 2 * sizeof deltas / sizeof *deltas; k++) {
            q.forced_value = k % 2 ? value - deltas[k / 2] : value + deltas[k / 2];
            if (is_possible(s, c, &said, &q) && (!honest || !same_effect(c, honest, &said)))
                fail_msg("chip %s: wire %s = %llx makes a false row", c->name, c->wires[i].name,
                         (unsigned long long)q.forced_value);
        }
        q.is_forced = false;
    }
}

/* The chips that have a row here are those of the mask. */
static void expect(struct scene *s, unsigned mask)
{
    for (unsigned v = 0; v < CHIP_VARIANTS; v++) {
        struct trace_sample q = sample_of(s);
        const struct chip *c;
        struct said said;
        bool possible;

        if (catalog_get(&c, chips, s->op * CHIP_VARIANTS + v, NULL) < 0)
            continue;
        possible = is_possible(s, c, &said, &q);
        if (possible != (mask >> v & 1))
            fail_msg("chip %s %s a row", c->name, possible ? "has" : "has not");
        resist(s, c, possible ? &said : NULL);
    }
}

/* The state that the only row of the scene sends: pc, frame pointer, accumulator. */
static void expect_state(struct scene *s, unsigned variant, unsigned which, uint64_t value)
{
    struct trace_sample q = sample_of(s);
    const struct chip *c;
    struct said said;
    uint64_t v = 0;

    assert_int_equal(catalog_get(&c, chips, s->op * CHIP_VARIANTS + variant, NULL), VCP_OK);
    assert_true(is_possible(s, c, &said, &q));
    for (uint32_t i = 0; i < c->n_tuples; i++)
        if (c->tuples[i].kind == BUS_STATE && c->tuples[i].sign > 0)
            assert_true(small(&said.t[i].values[which], UINT64_MAX, &v));
    assert_int_equal(v, value);
}

enum { PC, FP, ACC };

/* The row of one chip with one wire changed is no row. */
static void refuse_wire(struct scene *s, unsigned variant, const char *name, uint64_t value)
{
    struct trace_sample q = sample_of(s);
    const struct chip *c;
    struct said said;

    assert_int_equal(catalog_get(&c, chips, s->op * CHIP_VARIANTS + variant, NULL), VCP_OK);
    assert_true(is_possible(s, c, &said, &q));
    for (q.forced_wire = 0; strcmp(c->wires[q.forced_wire].name, name) != 0; q.forced_wire++)
        assert_true(q.forced_wire < c->n_stage1);
    q.is_forced = true;
    q.forced_value = value;
    assert_false(is_possible(s, c, &said, &q));
}

/* ---- branches -------------------------------------------------------------------------------- */

static void F2_a_branch_not_taken_goes_on(void **state)
{
    struct scene s = scene_of(ZOP_BR(ALU_LT_U, 0, SHAPE_SI));

    (void)state;
    s.inputs[ROW_TOP] = 3;
    s.inputs[ROW_IMM] = 7;
    s.inputs[ROW_REL] = ZREL_BIAS + 20;
    set_slot(&s, 3, 6);
    expect(&s, 1);
    expect_state(&s, 0, PC, 60);
    set_slot(&s, 3, 7);
    expect(&s, 1);
    expect_state(&s, 0, PC, 41);
    refuse_wire(&s, 0, "rel", ZREL_BIAS + 21); /* of another branch */
    refuse_wire(&s, 0, "less", 1);
}

static void F3_br_table_picks_its_case_and_the_default_beyond(void **state)
{
    static const uint32_t values[] = {0, 4, 5, 6, 0x7fffffff, 0xffffffff};
    struct scene s = scene_of(ZOP_ONE(ZONE_BR_TABLE_S));

    (void)state;
    s.inputs[ROW_TOP] = 3;
    s.inputs[ROW_IMM] = 5;
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        bool in_range = values[i] < 5;

        set_slot(&s, 3, values[i]);
        expect(&s, 1);
        expect_state(&s, 0, PC, 41 + (in_range ? values[i] : 5));
        refuse_wire(&s, 0, "less", !in_range);
        refuse_wire(&s, 0, "index", in_range ? 5 : 4);
    }
}

static void F7_is_zero_cannot_lie(void **state)
{
    struct scene s[] = {scene_of(ZOP_ALU(ALU_EQZ, 0, SHAPE_SI, 0)),
                        scene_of(ZOP_ALU(ALU_EQ, 1, SHAPE_SS, 0)),
                        scene_of(ZOP_BR(ALU_EQZ, 1, SHAPE_SI))};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        s[i].inputs[ROW_A] = 3;
        s[i].inputs[ROW_B] = s[i].inputs[ROW_TOP] = i == 0 ? 5 : 3;
        s[i].inputs[ROW_REL] = ZREL_BIAS + 20;
        set_slot(&s[i], 5, 0);
        for (uint64_t d = 0; d < 3; d++) { /* the difference */
            if (i == 1) {
                s[i].inputs[ROW_B] = 4, s[i].inputs[ROW_TOP] = 5;
                set_slot(&s[i], 4, 1000);
            }
            set_slot(&s[i], 3, i == 1 ? 1000 + d : d);
            expect(&s[i], 1);
            refuse_wire(&s[i], 0, "equal", d != 0);
        }
    }
}

static void F8_select_takes_the_operand_of_its_condition(void **state)
{
    struct scene s = scene_of(ZOP_ONE(ZONE_SELECT_S));

    (void)state;
    s.inputs[ROW_A] = 3, s.inputs[ROW_B] = 4, s.inputs[ROW_IMM] = 5, s.inputs[ROW_TOP] = 6;
    set_slot(&s, 3, 1111), set_slot(&s, 4, 2222), set_slot(&s, 6, 0);
    for (uint32_t condition = 0; condition < 3; condition++) {
        set_slot(&s, 5, condition);
        expect(&s, 1);
        expect_state(&s, 0, ACC, condition ? 1111 : 2222);
        refuse_wire(&s, 0, "selected", condition ? 2222 : 1111);
        refuse_wire(&s, 0, "is zero", condition != 0);
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void F6_a_frame_stays_on_the_stack(void **state)
{
    struct scene s = scene_of(ZOP_ONE(ZONE_CALL));

    (void)state;
    s.inputs[ROW_A] = 10, s.inputs[ROW_TOP] = 12;
    set_slot(&s, 12, 0), set_slot(&s, 13, 0);
    for (unsigned room = 108; room < 113; room++)
        for (unsigned depth = 0; depth < 3; depth++) {
            s.inputs[ROW_IMM] = 500 | (uint64_t)(65536 + room) << 32; /* the frame begins at 110 */
            set_cell(&s, BUS_ADDRESS(SPACE_SPECIAL, CELL_DEPTH), depth);
            expect(&s, (unsigned)(room < 110) << CALL_NO_SLOTS |
                           (unsigned)(depth == 0) << CALL_TOO_DEEP |
                           (unsigned)(room >= 110 && depth) << CALL_GOES);
        }
    expect_state(&s, CALL_GOES, PC, 500);
    expect_state(&s, CALL_GOES, FP, 110);
}

/* Table 2 has entries 7, 8, null, 7, 9, 10: function 7 has type 1 and a frame of 20 slots, 8
 * another type; 9 and 10 are the host's, of those types. */
static struct scene indirect(uint64_t index, unsigned limit, unsigned depth)
{
    static const uint64_t entries[] = {7, 8, 0, 7, 9, 10};
    struct scene s = scene_of(ZOP_ONE(ZONE_CALL_INDIRECT));
    uint64_t table = BUS_ADDRESS(SPACE_TABLE, (uint64_t)2 << TABLE_SHIFT);

    s.inputs[ROW_A] = 3, s.inputs[ROW_B] = 10, s.inputs[ROW_TOP] = 12;
    s.inputs[ROW_IMM] = 2 | (uint64_t)limit << CALL_LIMIT_SHIFT | (uint64_t)1 << CALL_TYPE_SHIFT;
    set_slot(&s, 3, index), set_slot(&s, 12, 0), set_slot(&s, 13, 0);
    set_cell(&s, table, 6);
    for (unsigned i = 0; i < 6; i++)
        set_cell(&s, table + 1 + i, entries[i]);
    set_cell(&s, table + 7, 7); /* there, but not yet of the table */
    for (uint64_t f = 7; f < 11; f++)
        set_cell(&s, BUS_ADDRESS(SPACE_FUNCTION, f + ((uint64_t)(f > 8) << FACT_HOST_SHIFT)),
                 (500 + f) | (uint64_t)(f < 9 ? 20 : 0) << FACT_FRAME_SHIFT |
                     (1 + (f + 1) % 2) << FACT_TYPE_SHIFT);
    set_cell(&s, BUS_ADDRESS(SPACE_SPECIAL, CELL_DEPTH), depth);
    return s;
}

static void F4_call_indirect_ends_as_table_entry_and_type_say(void **state)
{
    static const struct {
        uint64_t index;
        unsigned chip, trap;
    } of[] = {{0, CALL_GOES, 0},
              {3, CALL_GOES, 0},
              {1, CALL_MISMATCH, TRAP_INDIRECT_CALL_MISMATCH},
              {2, CALL_OF_NULL, TRAP_UNINITIALIZED_ELEMENT},
              {4, CALL_HOST, 0},
              {5, CALL_HOST_MISMATCH, TRAP_INDIRECT_CALL_MISMATCH},
              {6, CALL_BEYOND_TABLE, TRAP_UNDEFINED_ELEMENT},
              {7, CALL_BEYOND_TABLE, TRAP_UNDEFINED_ELEMENT},
              {UINT32_MAX, CALL_BEYOND_TABLE, TRAP_UNDEFINED_ELEMENT}};

    (void)state;
    for (unsigned i = 0; i < sizeof of / sizeof *of; i++) {
        struct scene s = indirect(of[i].index, 130, 1);

        expect(&s, 1u << of[i].chip);
        expect_state(&s, of[i].chip, PC,
                     of[i].trap         ? ZPC_TRAP(of[i].trap)
                     : of[i].index == 4 ? 509
                                        : 507);
        expect_state(&s, of[i].chip, FP, of[i].trap ? 40 + ZTRAP_FP_BIAS : 110);
        s = indirect(of[i].index, 129, 0); /* the other traps come first */
        expect(&s, of[i].chip == CALL_GOES ? 1u << CALL_NO_SLOTS | 1u << CALL_TOO_DEEP
                                           : 1u << of[i].chip);
    }
}

static void F4_F6_a_call_through_a_table_stays_on_the_stack(void **state)
{
    (void)state;
    for (unsigned limit = 128; limit < 133; limit++) /* 130 is what the frame needs */
        for (unsigned depth = 0; depth < 3; depth++) {
            struct scene s = indirect(0, limit, depth);

            expect(&s, (unsigned)(limit < 130) << CALL_NO_SLOTS |
                           (unsigned)(depth == 0) << CALL_TOO_DEEP |
                           (unsigned)(limit >= 130 && depth) << CALL_GOES);
        }
}

/* ---- traps, claimed or kept quiet --------------------------------------------------------------
 */

static void F9_an_access_traps_only_beyond_the_memory(void **state)
{
    enum { ONE_CELL = 1, ACROSS = 2, TRAPS = 4 };
    static const struct {
        uint32_t address;
        unsigned mask;
    } of[] = {{65532, ONE_CELL}, {65531, ACROSS}, {65533, TRAPS},
              {65535, TRAPS},    {65536, TRAPS},  {UINT32_MAX, TRAPS}};

    (void)state;
    for (unsigned i = 0; i < sizeof of / sizeof *of; i++)
        for (unsigned store = 0; store < 2; store++) {
            struct scene s = scene_of(store ? ZOP_STORE(2, 0, 0, STORED_S)
                                            : ZOP_LOAD(ZLOAD_32, ADDRESS_S, 0, 0));
            unsigned mask = of[i].mask;

            s.inputs[ROW_A] = 3, s.inputs[ROW_TOP] = 5;
            set_slot(&s, 3, of[i].address);
            set_slot(&s, 5, (uint64_t)9 << 32 | 77); /* stored: no small value */
            set_cell(&s, BUS_ADDRESS(SPACE_SPECIAL, CELL_PAGES), 1);
            for (unsigned k = 0; k < 3; k++)
                set_cell(&s, BUS_ADDRESS(SPACE_LINEAR, 16381 + k), 0x01020304 * k);
            expect(&s, mask);
            if (mask == TRAPS)
                expect_state(&s, 2, PC, ZPC_TRAP(TRAP_MEMORY_OUT_OF_BOUNDS));
        }
}

static void F9_a_division_traps_when_it_must(void **state)
{
    static const struct {
        uint32_t x, y;
        unsigned chip;
    } of[] = {{7, 2, 0},          {7, 0, 1},
              {0, 0, 1},          {0x80000000, 0xffffffff, 2},
              {0x80000000, 1, 0}, {0x80000001, 0xffffffff, 0}};

    (void)state;
    for (unsigned i = 0; i < sizeof of / sizeof *of; i++) {
        struct scene s = scene_of(ZOP_ALU(ALU_DIV_S, 0, SHAPE_SS, 0));

        s.inputs[ROW_A] = 3, s.inputs[ROW_B] = 4, s.inputs[ROW_TOP] = 5;
        set_slot(&s, 3, of[i].x), set_slot(&s, 4, of[i].y), set_slot(&s, 5, 0);
        expect(&s, 1u << of[i].chip);
    }
}

static void F9_a_table_access_traps_only_beyond_the_table(void **state)
{
    static const uint64_t indices[] = {0, 5, 6, 7, UINT32_MAX};
    static const unsigned ones[] = {ZONE_TABLE_GET, ZONE_TABLE_SET};

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct scene s = indirect(indices[i / 2], 0, 0);

        s.op = ZOP_ONE(ones[i % 2]);
        s.inputs[ROW_IMM] = 2;
        s.inputs[ROW_TOP] = 12;
        expect(&s, 1u << (indices[i / 2] < 6 ? TABLE_ACCESS : TABLE_OUT_OF_BOUNDS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F2_a_branch_not_taken_goes_on),
        cmocka_unit_test(F3_br_table_picks_its_case_and_the_default_beyond),
        cmocka_unit_test(F4_call_indirect_ends_as_table_entry_and_type_say),
        cmocka_unit_test(F4_F6_a_call_through_a_table_stays_on_the_stack),
        cmocka_unit_test(F6_a_frame_stays_on_the_stack),
        cmocka_unit_test(F7_is_zero_cannot_lie),
        cmocka_unit_test(F8_select_takes_the_operand_of_its_condition),
        cmocka_unit_test(F9_an_access_traps_only_beyond_the_memory),
        cmocka_unit_test(F9_a_division_traps_when_it_must),
        cmocka_unit_test(F9_a_table_access_traps_only_beyond_the_table),
    };
    int rc;

    for (unsigned i = 0; i < BUS_CHALLENGES; i++)
        fr_random(&challenges[i]);
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    return rc;
}
