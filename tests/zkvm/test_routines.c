/* Instructions that are routines: their ends, their gas at every limit, and what a prover
 * may not make of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "mockrun.h"
#include "test.h"

static struct buf module;
static struct catalog *chips;

struct call {
    const char *entry;
    const char *args[3];
    size_t n;
};

struct outcome {
    enum run_status status;
    uint64_t gas;
};

static struct outcome check(const struct call *c, uint64_t gas_max)
{
    struct mockrun m = {.chips = chips, .gas_max = gas_max};
    struct outcome out;
    struct err e = {0};
    int rc = mockrun(&m, module.data, module.len, c->entry, c->args, c->n, &e);

    if (rc < 0)
        fail_msg("%s %s %s %s gas %" PRIu64 ": %s", c->entry, c->args[0], c->args[1],
                 c->n > 2 ? c->args[2] : "", gas_max, e.msg);
    assert_true(m.verdict.exact && m.verdict.field);
    out = (struct outcome){m.run.status, m.run.gas_used};
    mockrun_release(&m);
    return out;
}

static enum run_status end_of(struct call c)
{
    return check(&c, 0).status;
}

static void fill_balances_at_every_size_and_offset(void **state)
{
    char at[8], n[8];

    (void)state;
    for (unsigned offset = 100; offset < 104; offset++)
        for (unsigned size = 0; size < 80; size += size < 12 ? 1 : 17) {
            snprintf(at, sizeof at, "%u", offset);
            snprintf(n, sizeof n, "%u", size);
            assert_int_equal(end_of((struct call){"fill", {at, "1234", n}, 3}), RUN_OK);
        }
}

static void fill_out_of_bounds_traps(void **state)
{
    (void)state;
    assert_int_equal(end_of((struct call){"fill", {"65536", "1", "0"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"fill", {"65537", "1", "0"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"fill", {"65535", "1", "1"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"fill", {"65535", "1", "2"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"fill", {"-1", "1", "-1"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"fill", {"1", "1", "-1"}, 3}), RUN_TRAP);
}

static void copy_balances_at_every_offset_and_direction(void **state)
{
    char to[8], from[8], n[8];

    (void)state;
    for (int d = -9; d <= 9; d += 1 + (d == -4) * 2 + (d == 2) * 4)
        for (unsigned size = 0; size < 80; size += 1 + size)
            for (unsigned offset = 0; offset < 4; offset++) {
                snprintf(from, sizeof from, "%u", 100 + offset);
                snprintf(to, sizeof to, "%d", 100 + (int)offset + d);
                snprintf(n, sizeof n, "%u", size);
                assert_int_equal(end_of((struct call){"copy", {to, from, n}, 3}), RUN_OK);
            }
}

static void copy_out_of_bounds_traps(void **state)
{
    (void)state;
    assert_int_equal(end_of((struct call){"copy", {"65536", "65536", "0"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"copy", {"65537", "0", "0"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"copy", {"0", "65537", "0"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"copy", {"0", "65533", "3"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"copy", {"0", "65533", "4"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"copy", {"65533", "0", "4"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"copy", {"-1", "-1", "-1"}, 3}), RUN_TRAP);
}

static void init_balances_at_every_offset(void **state)
{
    char to[8], from[8], n[8];

    (void)state;
    for (unsigned at = 100; at < 104; at++)
        for (unsigned offset = 0; offset < 5; offset++)
            for (unsigned size = 0; size <= 42 - offset; size += size < 6 ? 1 : 9) {
                snprintf(to, sizeof to, "%u", at);
                snprintf(from, sizeof from, "%u", offset);
                snprintf(n, sizeof n, "%u", size);
                assert_int_equal(end_of((struct call){"init", {to, from, n}, 3}), RUN_OK);
            }
}

static void init_out_of_bounds_traps(void **state)
{
    (void)state;
    assert_int_equal(end_of((struct call){"init", {"0", "0", "42"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"init", {"0", "0", "43"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"init", {"0", "42", "0"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"init", {"0", "43", "0"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"init", {"65530", "0", "6"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"init", {"65530", "0", "7"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"init", {"0", "-1", "2"}, 3}), RUN_TRAP);
}

static void dropped_and_active_segments_are_empty(void **state)
{
    (void)state;
    assert_int_equal(end_of((struct call){"init dropped", {"0", "0", "0"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"init dropped", {"0", "0", "1"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"init dropped", {"0", "1", "0"}, 3}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"init active", {"0", "0", "0"}, 3}), RUN_OK);
    assert_int_equal(end_of((struct call){"init active", {"0", "0", "1"}, 3}), RUN_TRAP);
}

/* L8: to the module's maximum of 4 pages, and over it. */
static void grow_balances_granted_or_not(void **state)
{
    static const char *const deltas[] = {"0", "1", "2", "3", "4", "65535", "65536", "-1"};

    (void)state;
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < 8; k++) /* 64 gas a page: 2^32 - 1 of them are over the limit */
            assert_int_equal(end_of((struct call){"grow", {deltas[i], deltas[k]}, 2}),
                             i == 7 || k == 7 ? RUN_OUT_OF_GAS : RUN_OK);
}

static void grown_memory_is_used(void **state)
{
    (void)state;
    assert_int_equal(end_of((struct call){"grow and use", {"131064", "131071"}, 2}), RUN_OK);
    assert_int_equal(end_of((struct call){"grow and use", {"65528", "65534"}, 2}), RUN_OK);
    assert_int_equal(end_of((struct call){"grow and use", {"196600", "65531"}, 2}), RUN_OK);
    assert_int_equal(end_of((struct call){"grow and use", {"196601", "65531"}, 2}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"grow and use", {"196600", "196600"}, 2}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"load after grow", {"1", "131068"}, 2}), RUN_OK);
    assert_int_equal(end_of((struct call){"load after grow", {"1", "131069"}, 2}), RUN_TRAP);
    assert_int_equal(end_of((struct call){"load after grow", {"4", "65532"}, 2}), RUN_OK);
    assert_int_equal(end_of((struct call){"load after grow", {"4", "65533"}, 2}), RUN_TRAP);
}

static void every_gas_limit(struct call c)
{
    struct outcome whole = check(&c, 0);

    for (uint64_t gas = 1; gas <= whole.gas + 1; gas++)
        check(&c, gas);
}

static void every_gas_limit_balances(void **state)
{
    (void)state;
    every_gas_limit((struct call){"fill twice", {"9", "70"}, 2});
    every_gas_limit((struct call){"fill", {"101", "9", "33"}, 3});
    every_gas_limit((struct call){"fill", {"65536", "9", "1"}, 3});
    every_gas_limit((struct call){"grow", {"1", "7"}, 2});
    every_gas_limit((struct call){"grow and use", {"196600", "65531"}, 2});
    every_gas_limit((struct call){"init dropped", {"0", "0", "1"}, 3});
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fill_balances_at_every_size_and_offset),
        cmocka_unit_test(fill_out_of_bounds_traps),
        cmocka_unit_test(copy_balances_at_every_offset_and_direction),
        cmocka_unit_test(copy_out_of_bounds_traps),
        cmocka_unit_test(init_balances_at_every_offset),
        cmocka_unit_test(init_out_of_bounds_traps),
        cmocka_unit_test(dropped_and_active_segments_are_empty),
        cmocka_unit_test(grow_balances_granted_or_not),
        cmocka_unit_test(grown_memory_is_used),
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
