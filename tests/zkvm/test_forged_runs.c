/* Runs that a forger changed: rows, or the program that he says was run.  Each is checked against
 * the verifier's terms of the module as it is. */
#include "base/file.h"
#include "play.h"
#include "zkvm/translate.h"

static struct buf module;
static struct catalog *chips;
static struct code *code;

static struct play play;

static void open_call(const char *entry, uint64_t arg, uint32_t n_results, uint64_t result)
{
    play_open(&play, code, entry, (uint64_t[]){arg, arg}, strcmp(entry, "branches") ? 1 : 2,
              &result, n_results);
}

static void trace(void)
{
    struct err e = {0};

    assert_ok(play_trace(&play, chips, &e), e);
}

/* What the verifier says of the rows as they are; the play is over when he answers. */
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

static void refused(const char *kind)
{
    struct err e = {0};

    assert_err(verdict(&e), VCP_EVERIFY, e, kind);
    play_release(&play);
}

/* ---- C9: tables and functions are the verifier's
 * ------------------------------------------------- */

static struct program_table *table(void)
{
    return &play.p->tables.all[0];
}

static void C9_the_runs_without_a_forger_are_accepted(void **state)
{
    static const uint64_t results[] = {42, 0, 0, 0};

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        open_call("call", i, i == 0, results[i]);
        trace();
        assert_int_equal(play.s.status, i == 0 ? RUN_OK : RUN_TRAP);
        accepted();
        play_release(&play);
    }
}

static void C9_another_entry_does_not_balance(void **state)
{
    (void)state;
    open_call("call", 0, 1, 18);
    table()->entries[0] = 2; /* sub */
    play.p->tables.has_fact[1] = true;
    trace();
    refused("MEM");
}

static void C9_F4_a_null_that_is_called_does_not_balance(void **state)
{
    (void)state;
    open_call("call", 2, 1, 42);
    table()->entries[2] = 1;
    trace();
    refused("MEM");
}

static void C9_F4_a_null_where_there_is_none_does_not_balance(void **state)
{
    (void)state;
    open_call("call", 0, 0, 0);
    table()->entries[0] = 0;
    trace();
    assert_int_equal(play.s.trap, TRAP_UNINITIALIZED_ELEMENT);
    refused("MEM");
}

static void C9_F4_a_larger_table_does_not_balance(void **state)
{
    (void)state;
    open_call("call", 3, 1, 42);
    table()->size = 4;
    table()->entries[3] = 1;
    trace();
    refused("MEM");
}

static void C9_F4_a_smaller_table_does_not_balance(void **state)
{
    (void)state;
    open_call("call", 0, 0, 0);
    table()->size = 0;
    trace();
    assert_int_equal(play.s.trap, TRAP_UNDEFINED_ELEMENT);
    refused("MEM");
}

/* Types are numbered when the program is made; the forger changes them in the functions' cells. */
static void C9_F4_another_type_does_not_balance(void **state)
{
    const struct module *m = code->module;

    (void)state;
    open_call("call", 1, 1, 42); /* entry 1 takes one number */
    play.p->tables.type_ids[m->funcs[2].type] = play.p->tables.type_ids[m->funcs[0].type];
    play.p->guest.pc_call[2] = play.p->guest.pc_call[0];
    trace();
    refused("MEM");
    open_call("call", 0, 0, 0);
    play.p->tables.type_ids[m->funcs[0].type] = 77;
    trace();
    assert_int_equal(play.s.trap, TRAP_INDIRECT_CALL_MISMATCH);
    refused("MEM");
}

static void C9_another_entry_point_does_not_balance(void **state)
{
    (void)state;
    open_call("call", 0, 1, 18);
    play.p->guest.pc_call[0] = play.p->guest.pc_call[1];
    trace();
    refused("MEM");
}

/* The row as it is, with a cell that nobody sent: a function of the forger's. */
static void C9_a_function_without_a_cell_does_not_balance(void **state)
{
    (void)state;
    open_call("call", 0, 1, 42);
    trace();
    *play_wire(play_row(&play, "call_indirect", 0), "old value", 2) = fr_zero;
    refused("MEM");
}

/* ---- F1: where code is
 * --------------------------------------------------------------------------- */

static uint32_t entry_of(unsigned one)
{
    uint32_t pc = 0;

    while (play.p->entries[pc].op != ZOP_ONE(one))
        pc++;
    return pc;
}

static void F1_a_jump_to_the_forgers_own_code_does_not_balance(void **state)
{
    uint32_t end, start;

    (void)state;
    open_call("jumps", 3, 1, 8); /* which is not its result */
    end = play.p->n_entries;
    play.p->entries = realloc(play.p->entries, (end + 1) * sizeof *play.p->entries);
    play.p->entries[end] = play.p->entries[entry_of(ZONE_HALT)];
    play.p->n_entries++;
    start = play.p->guest.pc_call[module_export(code->module, EXTERN_FUNC, "jumps", 5)->index];
    play.p->entries[start] = (struct program_entry){.op = (uint16_t)ZOP_ONE(ZONE_JUMP), .imm = end};
    trace();
    assert_int_equal(play.s.status, RUN_OK);
    refused("LIST");
}

static void F1_a_return_past_the_assertion_does_not_balance(void **state)
{
    struct play_row *ret;
    fr one;

    (void)state;
    open_call("jumps", 3, 1, 7);
    trace();
    accepted();
    ret = play_row(&play, "ret1_s", 0);
    fr_from_u64(&one, 1);
    fr_add(&ret->wires[ret->chip->accesses[0].value_wire],
           &ret->wires[ret->chip->accesses[0].value_wire], &one);
    refused("STATE");
}

static void F1_a_jump_between_entries_does_not_balance(void **state)
{
    fr half, *target;

    (void)state;
    open_call("switch", 0, 1, 10);
    trace();
    accepted();
    bus_pow2(&half, -1);
    target = play_wire(play_row(&play, "jump", 0), "target", 0);
    fr_add(target, target, &half);
    refused("RANGE16");
}

/* ---- F2, F5, F8
 * ------------------------------------------------------------------------------------- */

static void F2_a_branch_not_taken_cannot_be_another(void **state)
{
    struct play_row *first, *second;

    (void)state;
    open_call("branches", 5, 1, 1);
    trace();
    accepted();
    first = play_row(&play, "br.i32.eqz_si", 0);
    second = play_row(&play, "br.i32.eqz_si", 1);
    for (uint32_t i = 0; i < first->chip->n_stage1; i++)
        if (first->chip->wires[i].op != RECIPE_INPUT ||
            first->chip->wires[i].i >= ROW_A) /* all but clock and state */
            first->wires[i] = second->wires[i];
    refused("CODE");
}

static fr *cell_of(struct play_row *row, unsigned port)
{
    for (uint32_t i = 0; i < row->chip->n_accesses; i++)
        if (row->chip->accesses[i].port == port)
            return &row->wires[row->chip->accesses[i].value_wire];
    fail_msg("chip %s has no access at port %u", row->chip->name, port);
    return NULL;
}

/* Pc and frame pointer of a record, as one number pc + 2^32 fp, stay what they are. */
static void F5_a_return_of_the_same_packed_sum_does_not_balance(void **state)
{
    struct play_row *ret;
    fr d, *pc, *fp;

    (void)state;
    open_call("returns", 2, 1, 18);
    trace();
    accepted();
    ret = play_row(&play, "ret1_a", 0);
    pc = cell_of(ret, 2), fp = cell_of(ret, 3);
    bus_pow2(&d, 32);
    fr_add(pc, pc, &d);
    fr_from_u64(&d, 1);
    fr_sub(fp, fp, &d);
    refused("MEM");
}

static void F5_returns_cannot_be_exchanged(void **state)
{
    struct play_row *a, *b;
    fr t;

    (void)state;
    open_call("returns", 2, 1, 18);
    trace();
    a = play_row(&play, "ret1_a", 0), b = play_row(&play, "ret1_a", 1);
    t = *cell_of(a, 2), *cell_of(a, 2) = *cell_of(b, 2), *cell_of(b, 2) = t;
    refused("MEM");
}

static void F8_the_operand_not_taken_is_read_too(void **state)
{
    fr *x;

    (void)state;
    open_call("choose", 0, 1, 1); /* takes the second */
    trace();
    accepted();
    x = cell_of(play_row(&play, "select_s", 0), 0);
    fr_add(x, x, &fr_one);
    refused("MEM");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C9_the_runs_without_a_forger_are_accepted),
        cmocka_unit_test(C9_another_entry_does_not_balance),
        cmocka_unit_test(C9_F4_a_null_that_is_called_does_not_balance),
        cmocka_unit_test(C9_F4_a_null_where_there_is_none_does_not_balance),
        cmocka_unit_test(C9_F4_a_larger_table_does_not_balance),
        cmocka_unit_test(C9_F4_a_smaller_table_does_not_balance),
        cmocka_unit_test(C9_F4_another_type_does_not_balance),
        cmocka_unit_test(C9_another_entry_point_does_not_balance),
        cmocka_unit_test(C9_a_function_without_a_cell_does_not_balance),
        cmocka_unit_test(F1_a_jump_to_the_forgers_own_code_does_not_balance),
        cmocka_unit_test(F1_a_return_past_the_assertion_does_not_balance),
        cmocka_unit_test(F1_a_jump_between_entries_does_not_balance),
        cmocka_unit_test(F2_a_branch_not_taken_cannot_be_another),
        cmocka_unit_test(F5_a_return_of_the_same_packed_sum_does_not_balance),
        cmocka_unit_test(F5_returns_cannot_be_exchanged),
        cmocka_unit_test(F8_the_operand_not_taken_is_read_too),
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
