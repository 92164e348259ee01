/* circuit_parts.h - internal to circuit*.c: a part of a circuit and the program of its rows. */
#ifndef ZKVM_CIRCUIT_PARTS_H
#define ZKVM_CIRCUIT_PARTS_H

#include "bn254/fr_rows.h"
#include "zkvm/circuit.h"

/* A sum's part that is the same in all rows: number of the challenge, or -1 for 1. */
struct circuit_constant {
    uint32_t constant; /* of fr_rows */
    int32_t challenge;
    fr coef;
};

/* The program of one row (fr_rows.h): stage 1 and a table's constants in; the values of
 * A and B of each constraint, and stage 2, out. */
struct circuit_program {
    struct fr_rows rows; /* constants are filled in by circuit_ready_new */
    struct circuit_constant *constants;
    uint32_t n_constants;
    struct arena memory; /* of all arrays */
};

int circuit_program_init(struct circuit_program *p, const struct chip *chip, struct err *err);
void circuit_program_release(struct circuit_program *p);
/* Values of rows.constants at the challenges. */
void circuit_program_constants(fr out[], const struct circuit_program *p, const fr challenges[]);

struct circuit_rows {
    const struct chip *chip;
    uint32_t rows, first1, first2; /* wires of row 0 */
    uint32_t first_row;            /* of the constraint system */
    struct circuit_program program;
};

static inline uint32_t circuit_wire(const struct circuit_rows *p, uint32_t row, uint32_t wire)
{
    uint32_t n1 = p->chip->n_stage1, n2 = p->chip->n_wires - n1;
    return wire < n1 ? p->first1 + row * n1 + wire : p->first2 + row * n2 + (wire - n1);
}

/* Of row i of a table, else zeros. */
void circuit_row_constants(uint64_t out[CHIP_ROW_CONSTANTS], const struct circuit_rows *p,
                           uint32_t row);

#endif
