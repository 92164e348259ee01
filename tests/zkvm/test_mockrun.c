/* Calls of small modules through the mock prover: each must satisfy and balance. */
#include <string.h>

#include "base/file.h"
#include "mockrun.h"
#include "test.h"

static struct buf module;
static struct catalog *chips;

static void call(enum run_status status, uint64_t gas_max, const char *entry, const char *a,
                 const char *b)
{
    struct mockrun m = {.chips = chips, .gas_max = gas_max, .call_depth_max = 100};
    const char *args[] = {a, b};
    struct err e = {0};

    assert_ok(
        mockrun(&m, module.data, module.len, entry, args, (size_t)(a != NULL) + (b != NULL), &e),
        e);
    assert_int_equal(m.run.status, status);
    assert_true(m.verdict.exact && m.verdict.field);
    mockrun_release(&m);
}

static void fibonacci_balances(void **state)
{
    (void)state;
    call(RUN_OK, 0, "fib", "0", NULL);
    call(RUN_OK, 0, "fib", "12", NULL);
}

static void loops_memory_and_globals_balance(void **state)
{
    (void)state;
    call(RUN_OK, 0, "loop", "50", NULL);
    call(RUN_OK, 0, "sum", "8", "9");
    call(RUN_OK, 0, "global", "123456789123456", NULL);
    for (const char *i = "8\0009\00010\0"; *i; i += strlen(i) + 1)
        call(RUN_OK, 0, "load", i, NULL);
}

static void ends_of_every_kind_balance(void **state)
{
    (void)state;
    call(RUN_TRAP, 0, "div", "7", "0");
    call(RUN_TRAP, 0, "div", "-2147483648", "-1");
    call(RUN_OK, 0, "div", "-7", "2");
    call(RUN_TRAP, 0, "load", "65529", NULL);
    call(RUN_TRAP, 0, "trap", NULL, NULL);
    call(RUN_OK, 0, "deep", "98", NULL);
    call(RUN_OK, 0, "deep", "99", NULL);
    call(RUN_TRAP, 0, "deep", "100", NULL);
    for (const char *i = "0\0001\0002\0003\000-1\0"; *i; i += strlen(i) + 1)
        call(RUN_OK, 0, "switch", i, NULL);
}

static void every_gas_limit_balances(void **state)
{
    struct mockrun m = {.chips = chips};
    const char *args[] = {"3"};
    struct err e = {0};

    (void)state;
    assert_ok(mockrun(&m, module.data, module.len, "fib", args, 1, &e), e);
    for (uint64_t gas = 1; gas < m.run.gas_used; gas++)
        call(RUN_OUT_OF_GAS, gas, "fib", "3", NULL);
    call(RUN_OK, m.run.gas_used, "fib", "3", NULL);
    mockrun_release(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fibonacci_balances),
        cmocka_unit_test(loops_memory_and_globals_balance),
        cmocka_unit_test(ends_of_every_kind_balance),
        cmocka_unit_test(every_gas_limit_balances),
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
