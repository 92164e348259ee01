/* Tables and calls through tables through the mock prover: each run ends as in the engine. */
#include <string.h>

#include "base/file.h"
#include "mockrun.h"
#include "test.h"

static struct buf module;
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

static void run_with(struct mockrun *m, struct expected want, const char *entry, const char *a,
                     const char *b, const char *c)
{
    const char *args[] = {a, b, c};
    struct err e = {0};

    m->chips = chips;
    assert_ok(mockrun(m, module.data, module.len, entry, args,
                      (size_t)(a != NULL) + (b != NULL) + (c != NULL), &e),
              e);
    assert_int_equal(m->run.status, want.status);
    assert_int_equal(m->run.trap, want.trap);
    if (want.status == RUN_OK)
        assert_int_equal((uint32_t)m->run.values[0].bits, want.result);
    assert_true(m->verdict.exact && m->verdict.field);
    mockrun_release(m);
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

static void every_gas_limit_ends_as_in_the_engine(void **state)
{
    static const char *const calls[][3] = {
        {"apply", "2", "1"}, {"deep", "3", NULL}, {"move", "8", "2"}};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        for (uint64_t gas = 1; gas < 60; gas++) {
            struct mockrun m = {.chips = chips, .gas_max = gas};
            const char *args[] = {calls[i][1], calls[i][2], "4"};
            struct err e = {0};

            assert_ok(mockrun(&m, module.data, module.len, calls[i][0], args,
                              i == 0   ? 3
                              : i == 1 ? 1
                                       : 2,
                              &e),
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
        cmocka_unit_test(every_gas_limit_ends_as_in_the_engine),
    };
    struct err e = {0};
    int rc;

    (void)argc;
    buf_init(&module, 0);
    if (file_read(&module, argv[1], 1 << 24, &e) < 0)
        return 1;
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    buf_release(&module);
    return rc;
}
