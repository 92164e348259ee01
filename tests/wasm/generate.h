/* generate.h - valid random modules, for running the same code on two engines.
 *
 * Every choice is drawn from a byte string first and from a seeded generator when it
 * is used up, so a fuzzer steers and a seed repeats.  The modules exercise what a
 * lowering can get wrong: locals overwritten while their old value waits on the
 * operand stack, values carried over branches, blocks with parameters, dead code,
 * traps in the middle of straight code, bulk operations, indirect calls. */
#ifndef TESTS_WASM_GENERATE_H
#define TESTS_WASM_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rng.h"

struct choices {
    const uint8_t *p, *end;
    struct prng prng;
    bool integers_only; /* no floats in the code; set after choices_init */
};

void choices_init(struct choices *c, const uint8_t *p, size_t n, uint64_t seed);
uint64_t choose(struct choices *c, uint64_t n); /* [0, n) */
/* A number of the type (enum val_type), often an extreme one; references are null. */
uint64_t choose_bits(struct choices *c, uint8_t type);

/* Appends a module that exports its functions as "f0", "f1", ... and its globals. */
void generate_module(struct buf *out, struct choices *c);

#endif
