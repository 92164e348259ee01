/* Tables and calls through tables through the mock prover: each run ends as in the engine. */
#include <string.h>

#include "base/file.h"
#include "mockrun.h"
#include "test.h"

static struct buf module, host;
static struct catalog *chips;

struct expected {
    enum run_status status;
    enum trap trap;
    uint32_t result;
};

static const struct expected traps[TRAP_COUNT] = {
#define X(t) [t] = {RUN_TRAP, t, 0}
    X(TRAP_TABLE_OUT_OF_BOUNDS), X(TRAP_UNDEFINED_ELEMENT), X(TRAP_UNINITIALIZED_ELEMENT),
    X(TRAP_INDIRECT_CALL_MISMATCH), X(TRAP_CALL_STACK_EXHAUSTED)
#undef X
};

static void run_of(const struct buf *of, struct mockrun *m, struct expected want, const char *entry,
                   const char *a, const char *b, const char *c)
{
    const char *args[] = {a, b, c};
    struct err e = {0};

    m->chips = chips;
    assert_ok(mockrun(m, of->data, of->len, entry, args,
                      (size_t)(a != NULL) + (b != NULL) + (c != NULL), &e),
              e);
    assert_int_equal(m->run.status, want.status);
    assert_int_equal(m->run.trap, want.trap);
    if (want.status == RUN_OK && m->run.n_values)
        assert_int_equal((uint32_t)m->run.values[0].bits, want.result);
    assert_true(m->verdict.exact && m->verdict.field);
    mockrun_release(m);
}

static void run_with(struct mockrun *m, struct expected want, const char *entry, const char *a,
                     const char *b, const char *c)
{
    run_of(&module, m, want, entry, a, b, c);
}

static void run(struct expected want, const char *entry, const char *a, const char *b,
                const char *c)
{
    struct mockrun m = {.call_depth_max = 100};

    run_with(&m, want, entry, a, b, c);
}

static struct expected ok(uint32_t result)
{
    return (struct expected){.result = result};
}

static void calls_go_to_what_the_segments_say(void **state)
{
    (void)state;
    run(ok(13), "apply", "0", "6", "7"); /* the later segment's */
    run(ok(13), "apply", "1", "6", "7");
    run(ok(0xffffffff), "apply", "2", "6", "7");
    run(ok(14), "apply1", "3", "7", NULL);
    run(ok(0xffffffff), "apply_u", "250", "6", "7"); /* an equal type of another name */
}

static void calls_trap_as_the_engine_does(void **state)
{
    (void)state;
    run(traps[TRAP_INDIRECT_CALL_MISMATCH], "apply", "3", "6", "7");
    run(traps[TRAP_INDIRECT_CALL_MISMATCH], "apply1", "0", "6", NULL);
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "apply", "4", "6", "7");
    run(traps[TRAP_UNDEFINED_ELEMENT], "apply", "5", "6", "7");
    run(traps[TRAP_UNDEFINED_ELEMENT], "apply", "-1", "6", "7");
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "apply_u", "249", "6", "7");
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "apply_u", "0", "6", "7");
    run(traps[TRAP_UNDEFINED_ELEMENT], "apply_u", "300", "6", "7");
}

static void depth_and_stack_are_those_of_the_engine(void **state)
{
    struct mockrun m;

    (void)state;
    run(ok(98), "deep", "98", NULL, NULL);
    run(ok(99), "deep", "99", NULL, NULL);
    run(traps[TRAP_CALL_STACK_EXHAUSTED], "deep", "100", NULL, NULL);
    for (uint32_t n = 20; n < 60; n++) { /* every limit around what three calls need */
        struct err e = {0};

        m = (struct mockrun){.chips = chips, .stack_slots_max = n};
        assert_ok(mockrun(&m, module.data, module.len, "deep", (const char *[]){"6"}, 1, &e), e);
        mockrun_release(&m);
    }
}

static void entries_are_read_and_written(void **state)
{
    (void)state;
    run(ok(5 + 300 * 1000), "size", NULL, NULL, NULL);
    run(ok(0), "is_null", "3", NULL, NULL);
    run(ok(1), "is_null", "4", NULL, NULL);
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "is_null", "5", NULL, NULL);
    run(ok(42), "set", "4", "4", NULL);
    run(ok(13), "set", "4", "0", NULL);
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "set", "5", "0", NULL);
    run(ok(13), "move", "7", "1", NULL);
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "move", "299", "4", NULL);
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "move", "251", "1", NULL);
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "move", "300", "1", NULL);
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "move", "-1", "1", NULL);
}

static void tables_grow_as_far_as_they_may(void **state)
{
    struct mockrun m;

    (void)state;
    run(ok(3003), "grow", "0", "0", NULL);
    run(ok(3008), "grow", "5", "0", NULL);
    run(ok(3008), "grow", "5", "1", NULL);
    run(ok(3020), "grow", "17", "1", NULL); /* the maximum */
    run(ok(1000u * UINT32_MAX + 3), "grow", "18", "1", NULL);
    run(ok(1000u * UINT32_MAX + 3), "grow", "1000000", "1", NULL); /* paid, and not granted */
    run(ok(42), "grown", "7", "0", NULL);
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "grown", "7", "1", NULL);
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "grown", "1", "0", NULL);
    run(traps[TRAP_UNDEFINED_ELEMENT], "grown", "8", "0", NULL);
    /* 307 entries of 8 bytes to begin with, then one, then four are asked for */
    for (uint64_t bytes = 307 * 8; bytes < 315 * 8; bytes += 4) {
        m = (struct mockrun){.memory_bytes_max = bytes};
        run_with(&m,
                 ok(bytes >= 312 * 8   ? 3007
                    : bytes >= 308 * 8 ? 1000u * UINT32_MAX + 3
                                       : 1000u * UINT32_MAX + 2),
                 "grow", "4", "0", NULL);
    }
}

static void parts_of_tables_are_filled_and_copied(void **state)
{
    (void)state;
    run(ok(42), "fill", "1", "3", "3");
    run(ok(13), "fill", "1", "3", "0");
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "fill", "1", "3", "4");
    run(ok(13), "fill", "5", "0", "1");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "fill", "6", "0", "1");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "fill", "4", "2", "1");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "fill", "-1", "2", "1");
    run(ok(1300 + 13), "copy", "2", "1", "1");
    run(ok(1300 + 13), "copy", "1", "0", "2"); /* both ways over themselves */
    run(ok(100u * 0xffffffff + 0xffffffff), "copy", "1", "2", "1");
    run(traps[TRAP_INDIRECT_CALL_MISMATCH], "copy", "1", "2", "2");
    run(ok(100u * 0xffffffff + 13), "copy", "5", "5", "0");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "copy", "6", "5", "0");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "copy", "3", "0", "3");
    run(ok(13), "copy_over", "90", "1", "3");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "copy_over", "298", "0", "3");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "copy_over", "0", "3", "3");
    run(ok(0xffffffff), "init", "297", "2", "2");
    run(traps[TRAP_UNINITIALIZED_ELEMENT], "init", "100", "1", "3");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "init", "100", "1", "4");
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "init", "298", "0", "3");
    run(ok(5), "dropped", "4", "0", NULL);
    run(ok(5), "dropped", "0", "1", NULL);
    run(traps[TRAP_TABLE_OUT_OF_BOUNDS], "dropped", "1", "1", NULL);
}

static void every_gas_limit_ends_as_in_the_engine(void **state)
{
    static const char *const calls[][3] = {
        {"apply", "2", "1"}, {"deep", "3", NULL}, {"move", "8", "2"}, {"grow", "3", "0"},
        {"fill", "1", "2"},  {"copy", "1", "0"},  {"init", "3", "2"}, {"dropped", "2", "1"}};

    static const size_t n_args[] = {3, 1, 2, 2, 3, 3, 3, 2};

    (void)state;
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
        for (uint64_t gas = 1; gas < 60; gas++) {
            const char *args[] = {calls[i][1], calls[i][2], "2"};
            struct mockrun m = {.chips = chips, .gas_max = gas};
            struct err e = {0};

            assert_ok(mockrun(&m, module.data, module.len, calls[i][0], args, n_args[i], &e), e);
            mockrun_release(&m);
        }
}

static void call_host(struct expected want, const char *entry, const char *a, const char *b,
                      const char *c)
{
    struct mockrun m = {.call_depth_max = 10, .seed = 5};

    run_of(&host, &m, want, entry, a, b, c);
}

static void functions_of_the_host_are_called_through_tables(void **state)
{
    struct expected exit = {RUN_EXIT, TRAP_NONE, 0};

    (void)state;
    call_host(ok(7), "none", "0", NULL, NULL);
    call_host(ok(12), "binary", "3", "5", "7");
    call_host(ok(0), "binary", "1", "128", "8");
    call_host(ok(21), "binary", "1", "-1", "8"); /* EFAULT */
    call_host(traps[TRAP_INDIRECT_CALL_MISMATCH], "none", "1", NULL, NULL);
    call_host(traps[TRAP_INDIRECT_CALL_MISMATCH], "none", "3", NULL, NULL);
    call_host(traps[TRAP_INDIRECT_CALL_MISMATCH], "binary", "0", "1", "2");
    call_host(traps[TRAP_UNINITIALIZED_ELEMENT], "none", "4", NULL, NULL);
    call_host(exit, "action", "2", "9", NULL);
    call_host(ok(0), "down", "8", NULL, NULL);
    call_host(ok(0), "down", "9", NULL, NULL); /* no frame is left, and none is taken */
    call_host(traps[TRAP_CALL_STACK_EXHAUSTED], "down", "10", NULL, NULL);
}

static void gas_of_the_host_is_charged_through_tables(void **state)
{
    (void)state;
    for (uint64_t gas = 1; gas < 24; gas++) {
        struct mockrun m = {.chips = chips, .gas_max = gas};
        struct err e = {0};

        assert_ok(
            mockrun(&m, host.data, host.len, "binary", (const char *[]){"1", "128", "100"}, 3, &e),
            e);
        mockrun_release(&m);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_to_what_the_segments_say),
        cmocka_unit_test(calls_trap_as_the_engine_does),
        cmocka_unit_test(depth_and_stack_are_those_of_the_engine),
        cmocka_unit_test(entries_are_read_and_written),
        cmocka_unit_test(tables_grow_as_far_as_they_may),
        cmocka_unit_test(parts_of_tables_are_filled_and_copied),
        cmocka_unit_test(functions_of_the_host_are_called_through_tables),
        cmocka_unit_test(gas_of_the_host_is_charged_through_tables),
        cmocka_unit_test(every_gas_limit_ends_as_in_the_engine),
    };
    struct err e = {0};
    int rc;

    (void)argc;
    buf_init(&module, 0);
    buf_init(&host, 0);
    if (file_read(&module, argv[1], 1 << 24, &e) < 0 || file_read(&host, argv[2], 1 << 24, &e) < 0)
        return 1;
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    buf_release(&module);
    buf_release(&host);
    return rc;
}
