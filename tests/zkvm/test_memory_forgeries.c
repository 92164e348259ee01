/* Memory that grows, bulk instructions and their gas, with a forger: rows that he changed, or a
 * program, segments and limits that he says were there.  Each is checked against the verifier's
 * terms of the module as it is. */
#include "base/file.h"
#include "play.h"
#include "wasm/trap.h"
#include "zkvm/translate.h"

static struct buf module;
static struct catalog *chips;
static struct code *code;

static struct play play;

static void open_call(const char *entry, uint64_t arg, uint64_t result)
{
    play_open(&play, code, entry, &arg, 1, &result, 1);
}

static void open_end(const char *entry, uint64_t arg) /* without results */
{
    play_open(&play, code, entry, &arg, 1, NULL, 0);
}

static void trace(void)
{
    struct err e = {0};

    assert_ok(play_trace(&play, chips, &e), e);
}

static int verdict(struct err *e)
{
    struct program *verifiers;
    int rc = program_new(&verifiers, code, &play.s, NULL, e);

    if (rc == VCP_OK)
        rc = play_check(&play, verifiers, e);
    program_free(verifiers);
    return rc;
}

static void accepted(void)
{
    struct err e = {0};

    assert_ok(verdict(&e), e);
}

static void refused(const char *what)
{
    struct err e = {0};

    play_refit(&play, chips);
    assert_err(verdict(&e), VCP_EVERIFY, e, what);
    play_release(&play);
}

/* An honest run, accepted, to be changed. */
static void honest(const char *entry, uint64_t arg, uint64_t result)
{
    open_call(entry, arg, result);
    trace();
    assert_int_equal(play.s.status, RUN_OK);
    accepted();
    play_refit(&play, chips); /* changes nothing */
    accepted();
}

static bool is_number(const fr *x, uint64_t n)
{
    fr y;

    fr_from_u64(&y, n);
    return fr_eq(x, &y);
}

static uint64_t number(const fr *x)
{
    fr_bits b;

    fr_to_bits(&b, x);
    return b.l[0];
}

/* The row that makes the cell of linear memory at `byte`. */
static struct play_row *zero_row(uint64_t byte)
{
    for (unsigned n = 0;; n++) {
        struct play_row *row = play_row(&play, "zero cell", n);

        if (is_number(play_wire(row, "address", 0), BUS_ADDRESS(SPACE_LINEAR, byte / 4)))
            return row;
    }
}

static struct play_row *close_row(uint64_t byte)
{
    for (unsigned n = 0;; n++) {
        struct play_row *row = play_row(&play, "close region", n);

        if (is_number(play_wire(row, "end", 0), BUS_ADDRESS(SPACE_LINEAR, byte / 4)))
            return row;
    }
}

/* The first instruction's access of that cell, by its old time. */
static fr *first_time(uint64_t byte)
{
    uint64_t address = BUS_ADDRESS(SPACE_LINEAR, byte / 4);
    fr x;

    for (uint32_t i = 0; i < play.n; i++) {
        const struct chip *c = play.rows[i].chip;

        for (uint32_t a = 0; a < c->n_accesses && c->is_instruction; a++) {
            lc_field(&x, &c->accesses[a].address, play.rows[i].wires, NULL, NULL);
            if (is_number(&x, address))
                return &play.rows[i].wires[c->accesses[a].time_wire];
        }
    }
    fail_msg("nobody came to byte %llu", (unsigned long long)byte);
    return NULL;
}

static void repeat(const struct play_row *row)
{
    struct play_row copy = *row;
    uint64_t none[1] = {0};
    struct chip nothing = {.n_stage1 = 0};
    struct err e = {0};

    assert_ok(play_keep(&play, 0, &nothing, 0, none, &e), e);
    play.rows[play.n - 1] = copy;
}

/* ---- C1 to C6: cells of pages that a run made ---------------------------------------------- */

static void C6_the_birth_of_a_cell_is_that_of_its_page(void **state)
{
    (void)state;
    honest("late", 65700, 7);
    *play_wire(zero_row(65700), "time", 0) = fr_zero;
    *first_time(65700) = fr_zero;
    refused("SORT");
    honest("late", 65700, 7); /* its first use alone */
    *first_time(65700) = fr_zero;
    refused("MEM");
}

/* The first two cells of a page come from the row that makes it. */
static void C6_so_is_that_of_its_first_cells(void **state)
{
    (void)state;
    for (uint64_t byte = 65536; byte < 65544; byte += 4) {
        honest("late", byte, 7);
        *first_time(byte) = fr_zero;
        refused("MEM");
    }
}

/* The forger's memory has its second page from the beginning. */
static void C6_a_page_before_it_was_made_does_not_balance(void **state)
{
    (void)state;
    open_call("early", 65700, 0);
    play.p->pages = 2; /* as the cells go; the cell that holds the size says 1 */
    trace();
    assert_int_equal(play.s.status, RUN_OK);
    refused("SORT");
    open_call("early", 65700, 0);
    play.p->pages = play.p->specials[CELL_PAGES] = 2;
    trace();
    refused("MEM");
}

/* Told to have begun with its page, the cell is younger than what was read from it. */
static void C6_a_cell_younger_than_its_use_is_not_a_row(void **state)
{
    fr *time;

    (void)state;
    open_call("early", 65700, 0);
    play.p->pages = 2;
    trace();
    time = play_wire(zero_row(65700), "time", 0);
    fr_from_u64(time, number(play_wire(play_row(&play, "grow", 0), "clock", 0)) * BUS_PORTS + 7);
    *first_time(65700) = *time;
    refused("RANGE16");
}

static void C1_a_cell_begun_twice_does_not_balance(void **state)
{
    (void)state;
    honest("late", 65700, 7);
    repeat(zero_row(65700));
    refused("SORT");
    honest("late", 65700, 7); /* again, behind itself */
    repeat(zero_row(65700));
    play.rows[play.n - 1].wires[1] = *play_wire(zero_row(65700), "address", 0);
    refused("RANGE16");
}

static void C2_the_first_cells_of_a_page_are_not_begun_again(void **state)
{
    for (uint64_t byte = 65536; byte < 65544; byte += 4) {
        fr *at;

        (void)state;
        honest("late", 65700, 7);
        at = play_wire(zero_row(65700), "address", 0);
        fr_from_u64(at, BUS_ADDRESS(SPACE_LINEAR, byte / 4));
        refused("RANGE16");
    }
}

static void C4_a_cell_beyond_the_memory_does_not_balance(void **state)
{
    struct play_row *zero, *end;

    (void)state;
    honest("late", 65700, 7); /* a cell where the region ends, instead of its end */
    zero = zero_row(65700), end = close_row(131072);
    repeat(zero);
    *end = *zero;
    *play_wire(end, "before", 0) = *play_wire(zero, "address", 0);
    fr_from_u64(play_wire(end, "address", 0), BUS_ADDRESS(SPACE_LINEAR, 131072 / 4));
    refused("SORT");
    honest("late", 65700, 7); /* an end that is somewhere else */
    end = close_row(131072);
    fr_add(play_wire(end, "end", 0), play_wire(end, "end", 0), &fr_one);
    refused("SORT");
}

/* The same with every looked up limb as it should be: only the tokens are wrong. */
static void C4_the_end_of_a_region_is_the_rows_that_made_it(void **state)
{
    struct play_row *grow;
    fr *size;

    (void)state;
    honest("late", 65700, 7);
    grow = play_row(&play, "grow", 0);
    size = &grow->wires[grow->chip->accesses[1].value_wire];
    fr_add(size, size, &fr_one);
    refused("MEM");
}

static void C5_regions_exchanged_do_not_balance(void **state)
{
    fr t, *a, *b;

    (void)state;
    honest("twice", 9, 9);
    a = play_wire(zero_row(65700), "time", 0), b = play_wire(zero_row(131400), "time", 0);
    t = *a, *a = *b, *b = t;
    a = play_wire(close_row(131072), "time", 0), b = play_wire(close_row(196608), "time", 0);
    t = *a, *a = *b, *b = t;
    refused("SORT");
    honest("twice", 9, 9); /* one path through both pages */
    *play_wire(zero_row(131400), "before", 0) = *play_wire(zero_row(65700), "address", 0);
    refused("SORT");
}

/* ---- L8: what memory.grow answers -------------------------------------------------------------
 */

static void L8_a_maximum_of_the_forgers_does_not_balance(void **state)
{
    (void)state;
    honest("grow", 2, 1);
    play_release(&play);
    open_call("grow", 2, UINT32_MAX);
    play.p->specials[CELL_PAGES_MAX] = 2; /* it fails and could have been */
    trace();
    assert_int_equal(play.s.status, RUN_OK);
    refused("MEM");
    honest("grow", 3, UINT32_MAX);
    play_release(&play);
    open_call("grow", 3, 1);
    play.p->specials[CELL_PAGES_MAX] = 4; /* it is granted and could not be */
    trace();
    assert_int_equal(play.s.status, RUN_OK);
    refused("MEM");
}

static void L8_a_limit_of_the_forgers_does_not_balance(void **state)
{
    (void)state;
    open_call("grow", 2, UINT32_MAX);
    play.p->specials[CELL_ROOM] = 2 * 65536 - 1;
    trace();
    assert_int_equal(play.s.status, RUN_OK);
    refused("MEM");
    open_call("grow", 2, 1);
    play.s.memory_bytes_max = 3 * 65536 - 1; /* the verifier's */
    trace();
    refused("MEM");
}

static void L8_another_answer_does_not_balance(void **state)
{
    (void)state;
    open_call("grow", 2, UINT32_MAX);
    assert_int_equal(play_trace(&play, chips, &(struct err){0}), VCP_ESTATE);
    play_release(&play);
    open_call("grow", 3, 1);
    assert_int_equal(play_trace(&play, chips, &(struct err){0}), VCP_ESTATE);
    play_release(&play);
}

/* ---- L1, L2, L10: bulk instructions
 * -------------------------------------------------------------- */

static unsigned rows_named(const char *begin)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < play.n; i++)
        n += strncmp(play.rows[i].chip->name, begin, strlen(begin)) == 0;
    return n;
}

static void L2_a_bulk_instruction_out_of_bounds_writes_nothing(void **state)
{
    static const struct {
        const char *entry;
        uint64_t n;
    } calls[] = {{"fill", 65437},      {"fill", UINT32_MAX}, {"copy", 65437},
                 {"copy", UINT32_MAX}, {"init", 13},         {"init", UINT32_MAX},
                 {"dropped", 1},       {"fill", 4294967200}, /* L1: 100 + n is 4 modulo 2^32 */
                 {"copy", 4294967200}};

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        open_end(calls[i].entry, calls[i].n);
        trace();
        assert_int_equal(play.s.trap, TRAP_MEMORY_OUT_OF_BOUNDS);
        assert_int_equal(rows_named("store"), 0);
        assert_int_equal(rows_named("charge"), 0);
        accepted();
        play_release(&play);
    }
}

static void L2_a_bulk_instruction_out_of_gas_writes_nothing(void **state)
{
    (void)state;
    open_end("fill", 65436);
    play.s.gas_max = 1000;
    trace();
    assert_int_equal(play.s.status, RUN_OUT_OF_GAS);
    assert_int_equal(rows_named("store"), 0);
    play_release(&play);
}

/* A routine without its check: the branch that leads to the trap is another's. */
static void F9_a_routine_of_the_forgers_does_not_balance(void **state)
{
    uint32_t pc;

    (void)state;
    honest("fill", 40, 1);
    for (pc = 0; play.p->entries[pc].op != ZOP_ONE(ZONE_TRAP); pc++)
        continue;
    play_release(&play);
    open_call("fill", 40, 1);
    for (pc = 0; play.p->entries[pc].op != ZOP_ONE(ZONE_CHARGE); pc++)
        continue;
    play.p->entries[pc] = (struct program_entry){.op = (uint16_t)ZOP_ONE(ZONE_NOP)};
    trace();
    refused("LIST");
}

static void F9_a_trap_that_was_not_does_not_balance(void **state)
{
    struct play_row *row;
    fr *kind;

    (void)state;
    open_end("fill", 65437);
    trace();
    accepted();
    row = play_row(&play, "trap", 0);
    kind = play_wire(row, "trap", 0);
    fr_from_u64(kind, TRAP_UNREACHABLE);
    play.s.trap = TRAP_UNREACHABLE;
    refused("CODE");
}

/* ---- segments
 * ------------------------------------------------------------------------------------ */

static void C9_bytes_of_a_segment_are_the_modules(void **state)
{
    (void)state;
    honest("init", 4, 5);
    play_release(&play);
    open_call("init", 4, 6);
    play.p->tapes[TAPE_DATA].words[0]++;
    trace();
    assert_int_equal(play.s.status, RUN_OK);
    refused("MEM");
}

static void C9_the_size_of_a_segment_is_the_modules(void **state)
{
    (void)state;
    open_end("init", 4);
    play.p->segments[1].bytes = 3;
    trace();
    assert_int_equal(play.s.trap, TRAP_MEMORY_OUT_OF_BOUNDS);
    refused("MEM");
}

static void a_segment_that_stays_when_dropped_does_not_balance(void **state)
{
    struct play_row *set;

    (void)state;
    honest("dropped", 0, 0);
    set = play_row(&play, "special.set", 0);
    fr_from_u64(&set->wires[set->chip->accesses[0].value_wire], 12);
    refused("MEM");
}

/* ---- G1, G2: dynamic gas
 * -------------------------------------------------------------------------- */

static void G1_a_charge_left_out_does_not_balance(void **state)
{
    struct play_row *row;

    (void)state;
    honest("fill", 100, 1);
    row = play_row(&play, "charge", 0);
    *row = play.rows[--play.n];
    refused("STATE");
    honest("fill", 100, 1); /* of less */
    row = play_row(&play, "charge", 0);
    fr_sub(&row->wires[row->chip->accesses[0].value_wire],
           &row->wires[row->chip->accesses[0].value_wire], &fr_one);
    play.s.gas_used--, play.end.lists.gas_rows--;
    refused("MEM");
    honest("fill", 100, 1); /* and not told */
    play.s.gas_used--, play.end.lists.gas_rows--;
    refused("GAS");
}

static uint64_t gas_of_fill(uint64_t n)
{
    uint64_t gas;

    honest("fill", n, 1);
    gas = play.s.gas_used;
    play_release(&play);
    return gas;
}

/* An honest end by a charge of 7, with one gas too little for it. */
static void over(void)
{
    uint64_t gas = gas_of_fill(100) - 2; /* two instructions follow */

    open_end("fill", 100);
    play.s.gas_max = gas - 1;
    trace();
    assert_int_equal(play.s.status, RUN_OUT_OF_GAS);
    assert_int_equal(play.end.lists.charge, 7);
    play.s.gas_used = play.end.lists.gas_rows - 1;
    accepted();
}

static void G2_out_of_gas_claimed_early_is_refused(void **state)
{
    (void)state;
    over();
    play.s.gas_max++; /* with which it fits */
    refused("did not run out of gas there");
}

static void G2_another_charge_does_not_balance(void **state)
{
    (void)state;
    over();
    play.end.lists.charge++;
    refused("STATE");
    over();
    play.end.lists.charge = 100;
    play.s.gas_max += 50;
    refused("STATE");
    over();
    play.end.lists.charge = 0;
    refused("did not run out of gas there");
}

static void G2_the_gas_used_is_what_was_paid(void **state)
{
    (void)state;
    over();
    play.s.gas_used++; /* the weight of the instruction that did not fit as a whole */
    refused("another amount of gas");
    over();
    play.s.gas_used--;
    refused("another amount of gas");
}

static void G2_a_charge_passed_over_is_refused(void **state)
{
    (void)state;
    honest("fill", 100, 1);
    play.s.gas_max = play.s.gas_used - 1;
    refused("more gas was used than allowed");
}

static void G2_a_charge_that_nothing_asked_for_is_refused(void **state)
{
    (void)state;
    honest("fill", 100, 1);
    play.end.lists.charge = 1;
    refused("nothing asked for");
}

/* The row `out of gas` where a charge stands is another end. */
static void G2_out_of_gas_at_a_charge_without_its_row_does_not_balance(void **state)
{
    const struct chip *stop;
    struct play_row *row;
    struct err e = {0};

    (void)state;
    over();
    assert_ok(catalog_get(&stop, chips, CATALOG_STOP, &e), e);
    row = play_row(&play, "charge over", 0);
    row->chip = stop; /* on, clock, pc, fp and accumulator come first in both */
    refused("STATE");
}

/* ---- F6: frames of routines
 * ------------------------------------------------------------------------ */

/* With exactly the slots and the depth that the guest needs. */
static void F6_routines_take_no_room_of_the_guest(void **state)
{
    const struct func_code *f =
        &code->funcs[module_export(code->module, EXTERN_FUNC, "deep", 4)->index];
    uint64_t arg = 5, result = 1, depth = 6;
    uint32_t callee = 1 + 2; /* where a call's arguments begin: parameter, record */

    (void)state;
    for (int less = 0; less < 2; less++) {
        play_open(&play, code, "deep", &arg, 1, &result, !less);
        program_free(play.p);
        play.s.call_depth_max = (uint32_t)depth;
        play.s.stack_slots_max = callee * (uint32_t)arg + f->frame_slots - (uint32_t)less;
        assert_ok(program_new(&play.p, code, &play.s, NULL, &(struct err){0}), (struct err){0});
        trace();
        assert_int_equal(play.s.status, less ? RUN_TRAP : RUN_OK);
        assert_int_equal(play.s.trap, less ? TRAP_CALL_STACK_EXHAUSTED : TRAP_NONE);
        accepted();
        play_release(&play);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C6_the_birth_of_a_cell_is_that_of_its_page),
        cmocka_unit_test(C6_so_is_that_of_its_first_cells),
        cmocka_unit_test(C6_a_page_before_it_was_made_does_not_balance),
        cmocka_unit_test(C6_a_cell_younger_than_its_use_is_not_a_row),
        cmocka_unit_test(C1_a_cell_begun_twice_does_not_balance),
        cmocka_unit_test(C2_the_first_cells_of_a_page_are_not_begun_again),
        cmocka_unit_test(C4_a_cell_beyond_the_memory_does_not_balance),
        cmocka_unit_test(C4_the_end_of_a_region_is_the_rows_that_made_it),
        cmocka_unit_test(C5_regions_exchanged_do_not_balance),
        cmocka_unit_test(L8_a_maximum_of_the_forgers_does_not_balance),
        cmocka_unit_test(L8_a_limit_of_the_forgers_does_not_balance),
        cmocka_unit_test(L8_another_answer_does_not_balance),
        cmocka_unit_test(L2_a_bulk_instruction_out_of_bounds_writes_nothing),
        cmocka_unit_test(L2_a_bulk_instruction_out_of_gas_writes_nothing),
        cmocka_unit_test(F9_a_routine_of_the_forgers_does_not_balance),
        cmocka_unit_test(F9_a_trap_that_was_not_does_not_balance),
        cmocka_unit_test(C9_bytes_of_a_segment_are_the_modules),
        cmocka_unit_test(C9_the_size_of_a_segment_is_the_modules),
        cmocka_unit_test(a_segment_that_stays_when_dropped_does_not_balance),
        cmocka_unit_test(G1_a_charge_left_out_does_not_balance),
        cmocka_unit_test(G2_out_of_gas_claimed_early_is_refused),
        cmocka_unit_test(G2_another_charge_does_not_balance),
        cmocka_unit_test(G2_the_gas_used_is_what_was_paid),
        cmocka_unit_test(G2_a_charge_passed_over_is_refused),
        cmocka_unit_test(G2_a_charge_that_nothing_asked_for_is_refused),
        cmocka_unit_test(G2_out_of_gas_at_a_charge_without_its_row_does_not_balance),
        cmocka_unit_test(F6_routines_take_no_room_of_the_guest),
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
