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
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fill_balances_at_every_size_and_offset),
        cmocka_unit_test(fill_out_of_bounds_traps),
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
