/* circuit.h - rows of chips as one constraint system, and the witness of an instance.
 *
 * A circuit is a list of parts: a chip and how many rows of it.  Its wires:
 *
 *     1 | challenges of bus.h, S | stage 1: rows of part 0, of part 1, ...
 *       | stage 2: the same | class sums
 *
 * Every row has the chip's constraints.  Then, for each value class k that occurs,
 * weight_k * (sum of its shares over all rows) = P_k, and S = sum of count shares + sum P_k.
 * Challenges and S are the public inputs, the same in every circuit (verify.h).
 *
 * Rows nobody filled are padding: `on` and all inputs 0, wires by their recipes. */
#ifndef ZKVM_CIRCUIT_H
#define ZKVM_CIRCUIT_H

#include "base/threads.h"
#include "groth16/cs.h"
#include "zkvm/chip.h"

#define CIRCUIT_PUBLIC (BUS_CHALLENGES + 1)

struct circuit_part {
    const struct chip *chip; /* outlives the circuit */
    uint32_t rows;           /* of a table: its table_rows */
};

struct circuit_rows; /* one part, compiled */

struct circuit {
    struct cs cs; /* finished */
    struct circuit_rows *parts;
    uint32_t n_parts;
    uint32_t first_sum; /* wire of the first class sum */
    uint8_t sums[BUS_CLASSES];
    uint32_t n_sums;
};

int circuit_init(struct circuit *c, const struct circuit_part parts[], uint32_t n_parts,
                 struct err *err);
void circuit_release(struct circuit *c);
const struct chip *circuit_part_chip(const struct circuit *c, uint32_t part);

/* z has c->cs.n_wires values.  An empty instance: stage 1 of padding, all else 0 but wire 0. */
void circuit_clear(const struct circuit *c, fr_bits z[]);
/* Stage 1 of one row: the chip's n_stage1 values in order. */
void circuit_put_row(const struct circuit *c, fr_bits z[], uint32_t part, uint32_t row,
                     const uint64_t stage1[]);
/* Challenges, stage 2, class sums and S, from stage 1.  VCP_EVERIFY when a key meets its
 * challenge: prove again. */
int circuit_finish(const struct circuit *c, fr_bits z[], const fr challenges[BUS_CHALLENGES],
                   struct threads *threads, struct err *err);

#endif
