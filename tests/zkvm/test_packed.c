/* Rows kept packed: what goes in comes out, of every chip, and what a pin forbids is refused. */
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "zkvm/build.h"
#include "zkvm/catalog.h"
#include "zkvm/packed.h"

static uint64_t largest(const struct chip_wire *w)
{
    return w->pinned && w->lo >= 0 && w->hi <= UINT64_MAX ? (uint64_t)w->hi : UINT64_MAX;
}

static void round_trip(const struct chip *c)
{
    enum { ROWS = 3 };
    uint64_t in[ROWS * BUILD_WIRES_MAX], out[ROWS * BUILD_WIRES_MAX];
    uint8_t packed[ROWS * 8 * BUILD_WIRES_MAX];
    size_t bytes = packed_row_bytes(c);
    struct err e = {0};

    assert_true(bytes <= 8 * c->n_stage1);
    for (uint32_t i = 0; i < ROWS * c->n_stage1; i++) {
        uint64_t most = largest(&c->wires[i % c->n_stage1]);
        in[i] = i % 3 == 0 ? most : i % 3 == 1 ? 0 : most / 3;
    }
    for (uint32_t r = 0; r < ROWS; r++)
        assert_ok(packed_put(packed + r * bytes, c, in + r * c->n_stage1, &e), e);
    packed_get(out, c, packed, ROWS);
    assert_memory_equal(in, out, ROWS * c->n_stage1 * sizeof *in);
}

static unsigned refuse_more(const struct chip *c)
{
    uint64_t in[BUILD_WIRES_MAX] = {0};
    uint8_t packed[8 * BUILD_WIRES_MAX];
    unsigned n = 0;
    struct err e = {0};

    for (uint32_t i = 0; i < c->n_stage1; i++) {
        if (largest(&c->wires[i]) > UINT32_MAX)
            continue;
        in[i] = (uint64_t)1 << 32;
        assert_int_equal(packed_put(packed, c, in, &e), VCP_ESTATE);
        assert_non_null(strstr(e.msg, c->name));
        in[i] = 0;
        n++;
    }
    return n;
}

static void every_chip(void **state)
{
    struct catalog *chips = catalog_new();
    unsigned n_chips = 0, n_refused = 0;

    (void)state;
    assert_non_null(chips);
    for (uint32_t i = 0; i < CATALOG_CHIPS; i++) {
        const struct chip *c;

        if (catalog_get(&c, chips, i, NULL) != VCP_OK)
            continue;
        round_trip(c);
        n_refused += refuse_more(c);
        n_chips++;
    }
    assert_true(n_chips > 2000 && n_refused > 10 * n_chips);
    catalog_free(chips);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_chip)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
