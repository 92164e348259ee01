/* The builtin profiles: what they promise of the chips there are. */
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "zkvm/profile.h"

static const struct {
    const char *chip;
    uint32_t rows;
} typical[] = {
#include "zkvm/typical.inc"
};

static struct catalog *chips;
static struct profile p;

static void any_has_every_chip(void **state)
{
    struct err e = {0};
    uint64_t n = 0, size;
    const struct chip *c;

    (void)state;
    assert_ok(profile_any(&p, 18, chips, &e), e);
    for (uint32_t i = 0; i < CATALOG_OTHER(OTHER_RANGE16); i++)
        n += catalog_get(&c, chips, i, NULL) == VCP_OK;
    assert_int_equal(p.n_parts, n);
    assert_ok(profile_constraints(&size, &p, chips, &e), e);
    assert_true(size <= 1u << 18);
}

/* A name that no chip has any more would silently be left out. */
static void typical_has_every_chip_of_its_list(void **state)
{
    struct err e = {0};
    uint64_t size;

    (void)state;
    assert_ok(profile_typical(&p, 18, chips, &e), e);
    assert_int_equal(p.n_parts, sizeof typical / sizeof *typical);
    for (uint32_t i = 0; i < p.n_parts; i++) {
        const struct chip *c;

        assert_ok(catalog_get(&c, chips, p.parts[i].chip, &e), e);
        assert_string_equal(c->name, typical[i].chip); /* both are in the catalog's order */
        assert_true(p.parts[i].rows >= 1 && typical[i].rows >= 1);
    }
    assert_ok(profile_constraints(&size, &p, chips, &e), e);
    assert_true(size > 250000 && size <= 1u << 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_has_every_chip),
        cmocka_unit_test(typical_has_every_chip_of_its_list),
    };
    int failed;

    chips = catalog_new();
    failed = chips ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    catalog_free(chips);
    return failed;
}
