#include "zkvm/catalog.h"

#include <stdlib.h>

struct catalog *catalog_new(void)
{
    return calloc(1, sizeof(struct catalog));
}

void catalog_free(struct catalog *c)
{
    if (!c)
        return;
    for (uint32_t i = 0; i < CATALOG_CHIPS; i++)
        chip_free(c->chips[i]);
    free(c);
}

static int make(struct chip **out, uint32_t number, struct err *err)
{
    uint32_t op = number / CHIP_VARIANTS, variant = number % CHIP_VARIANTS;

    if (number >= CATALOG_OTHERS)
        return chip_other(out, (enum chip_other)(number - CATALOG_OTHERS), err);
    if (number == CATALOG_STOP)
        return chip_stop(out, err);
    if (op < ZOP_UN_FIRST)
        return chip_alu(out, op, variant, err);
    if (op < ZOP_BR_FIRST)
        return chip_unary(out, op, variant, err);
    if (op < ZOP_LATCH_FIRST)
        return chip_branch(out, op, variant, err);
    if (op < ZOP_LOAD_FIRST)
        return chip_latch(out, op, variant, err);
    if (op < ZOP_STORE_FIRST)
        return chip_load(out, op, variant, err);
    if (op < ZOP_ONE_FIRST)
        return chip_store(out, op, variant, err);
    return chip_one(out, op, variant, err);
}

int catalog_get(const struct chip **out, struct catalog *c, uint32_t number, struct err *err)
{
    int rc = VCP_OK;

    if (number >= CATALOG_CHIPS)
        return VCP_ENOTFOUND;
    if (!c->chips[number])
        rc = make(&c->chips[number], number, err);
    *out = c->chips[number];
    return rc;
}
