/* catalog.h - every chip by number, built when first asked for.
 *
 * Numbers: opcode * CHIP_VARIANTS + variant for instructions, then the other rows. */
#ifndef ZKVM_CATALOG_H
#define ZKVM_CATALOG_H

#include "zkvm/chip.h"
#include "zkvm/chips/chips.h"

#define CATALOG_STOP         (ZOP_COUNT * CHIP_VARIANTS) /* leaves a run that is out of gas */
#define CATALOG_OTHERS       (CATALOG_STOP + 1)
#define CATALOG_CHIPS        (CATALOG_OTHERS + CHIP_OTHERS)
#define CATALOG_OTHER(which) (CATALOG_OTHERS + (uint32_t)(which))

struct catalog {
    struct chip *chips[CATALOG_CHIPS];
};

struct catalog *catalog_new(void); /* NULL when memory is short */
void catalog_free(struct catalog *c);
/* VCP_ENOTFOUND when there is no such chip (an opcode or a variant that does not exist). */
int catalog_get(const struct chip **out, struct catalog *c, uint32_t number, struct err *err);

#endif
