/* circuit.h - rows of chips as one constraint system, and the witness of an instance.
 *
 * A circuit is a list of parts: a chip and how many rows of it.  Its wires:
 *
 *     1 | challenges of bus.h, S | stage 1: rows of part 0, of part 1, ...
 *       | stage 2: the same | class sums
 *
 * Every row has the chip's constraints, those of part 0 first.  Then, for each value class k
 * that occurs, weight_k * (sum of its shares over all rows) = P_k, and S = sum of count
 * shares + sum P_k.  Challenges and S are the public inputs, the same in every circuit
 * (verify.h).
 *
 * Rows nobody filled are padding: all their wires are 0.  The witness and the values of
 * A z and B z come from the chips themselves (circuit_fill); the constraint system as
 * matrices (circuit_system) is needed to make and to check keys only. */
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
    struct circuit_rows *parts;
    uint32_t n_parts;
    uint32_t n_wires, n_stage1, n_rows; /* of the constraint system */
    unsigned log_domain;
    uint32_t first_sum; /* wire of the first class sum */
    uint8_t sums[BUS_CLASSES];
    uint32_t n_sums;
};

int circuit_init(struct circuit *c, const struct circuit_part parts[], uint32_t n_parts,
                 struct err *err);
void circuit_release(struct circuit *c);
const struct chip *circuit_part_chip(const struct circuit *c, uint32_t part);

/* Shape and digest: SHA3-256 of the parts' rows and of all that chips say of constraints
 * and shares, which determine the system. */
int circuit_shape(struct cs_shape *out, const struct circuit *c, struct err *err);
/* The matrices, finished, with the digest of circuit_shape; to be released by the caller. */
int circuit_system(struct cs *out, const struct circuit *c, struct err *err);

/* z has n_wires values.  An empty instance: all 0 but wire 0. */
void circuit_clear(const struct circuit *c, fr_bits z[], struct threads *threads);
/* Stage 1 of rows first .. first + n - 1 of a part: the chip's n_stage1 values each. */
void circuit_put_rows(const struct circuit *c, fr_bits z[], uint32_t part, uint32_t first,
                      uint32_t n, const uint64_t stage1[]);

/* Everything that depends on the challenges but not on the rows; serves many instances. */
struct circuit_ready;
int circuit_ready_new(struct circuit_ready **out, const struct circuit *c,
                      const fr challenges[BUS_CHALLENGES], struct err *err);
void circuit_ready_free(struct circuit_ready *r);

/* From stage 1: challenges, stage 2, class sums and S; and A z and B z in Montgomery form,
 * 2^log_domain values each.  live[part]: rows from there on are padding (NULL: none are).
 * VCP_EVERIFY when a key meets its challenge: prove again. */
int circuit_fill(const struct circuit_ready *r, fr_bits z[], fr a[], fr b[], const uint32_t live[],
                 struct threads *threads, struct err *err);

#endif
