/* chip.h - a chip: the constraints of one row, as data, and the builder that refuses
 * unsound ones.
 *
 * Wires of a row are stage 1 (committed before the challenges) or stage 2 (inverses and
 * numerators, functions of stage 1 and the challenges).  A linear combination has terms
 * m * 2^shift * wire.  Chips are built by the functions of build.h from a few sound
 * parts; the same description feeds the mock prover, the constraint system (circuit.h),
 * the trace (which computes stage 1 by each wire's recipe) and the cost table.
 *
 * Pins.  A stage-1 wire is pinned when something other than the tuple it was fetched
 * with shows it to be an integer of [lo, hi]; the builder adds the bounds of a linear
 * combination's wires and refuses a PACKED tuple with a component that is not bounded
 * within its width (rule E), a tuple with a stage-2 wire (P7), a multiplicity other than
 * the row's `on` in a kind of unit flow (M2). */
#ifndef ZKVM_CHIP_H
#define ZKVM_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "zkvm/bus.h"

/* Besides the row's wires 0 .. n-1 a term may name: */
#define CHIP_ONE           (-1)
#define CHIP_ROW(j)        (-2 - (j))  /* the j-th constant of a table's row, j < 3 */
#define CHIP_CHALLENGE(k)  (-16 - (k)) /* challenge k of bus.h */
#define CHIP_HINT(i)       (-64 - (i)) /* recipes only: input i of enum row_input */
#define CHIP_ROW_CONSTANTS 3

struct chip_term {
    int32_t wire;
    int16_t shift;
    int64_t m;
};

struct lc { /* owned by the chip's arena */
    const struct chip_term *terms;
    uint32_t n;
};

/* How a stage-1 wire is computed from the row's circumstances and earlier wires; values
 * are integers.  x and y are linear combinations. */
enum recipe_op {
    RECIPE_INPUT,     /* i: enum row_input */
    RECIPE_BITS,      /* (x >> shift) & (2^bits - 1) */
    RECIPE_QUOTIENT,  /* bits of floor(x / y), 0 when y is 0 */
    RECIPE_REST,      /* x - y floor(x / y) */
    RECIPE_ROOT,      /* bits of the root of x, rounded down */
    RECIPE_ROOT_REST, /* x less the square of that */
    RECIPE_IS_ZERO,
    RECIPE_LESS, /* x < y */
    RECIPE_POW2, /* 2^x */
    RECIPE_LOG2, /* index of the highest bit of x */
    RECIPE_CTZ,  /* of x, which is not 0 */
    RECIPE_POPCNT,
    RECIPE_AND,     /* bits shift.. of x and of y, `bits` wide */
    RECIPE_MUX,     /* wire i ? y : x */
    RECIPE_PRODUCT, /* x * y */
    RECIPE_VALUE,   /* what the cell of access i holds before this access */
    RECIPE_TIME,    /* when it was last touched */
    RECIPE_PARAM,   /* i-th parameter of a row that is no instruction */
};

enum row_input {
    ROW_ON,
    ROW_CLOCK,
    ROW_PC,
    ROW_FP,
    ROW_ACC,
    ROW_A,
    ROW_B,
    ROW_REL,
    ROW_IMM,
    ROW_TOP,
    ROW_INPUTS
};

typedef __int128 wide; /* an exact integer of a bound or a recipe */

struct chip_wire {
    const char *name;
    uint8_t stage; /* 1 or 2 */
    bool pinned;
    bool is_free; /* declared: any value does, e.g. by two representations of one integer */
    wide lo, hi;  /* when pinned */
    uint8_t op;   /* stage 1: enum recipe_op */
    uint8_t i, shift, bits;
    struct lc x, y;
};

struct chip_constraint {
    struct lc a, b, c; /* a * b = c */
    int32_t defines;   /* a stage-2 wire w: a = w, so w = c / b (INVERSE) or c = w (PRODUCT) */
    uint8_t how;       /* enum constraint_how */
};
enum constraint_how { CONSTRAINT_CHECK, CONSTRAINT_INVERSE, CONSTRAINT_PRODUCT, CONSTRAINT_HINT };

struct chip_tuple {
    uint8_t kind;
    int8_t sign; /* 1 sent, -1 received */
    struct lc count;
    struct lc comps[BUS_COMPS_MAX], values[BUS_VALUES_MAX];
};

struct chip_access {
    uint8_t space, port;
    bool is_write, is_far;
    int32_t time_wire, value_wire; /* the old time and value */
    struct lc address, new_value;  /* new_value: writes */
};

struct chip {
    struct arena arena;
    char name[40];
    uint32_t op; /* of the code entries it executes; UINT32_MAX for other rows */
    bool is_instruction;
    struct chip_wire *wires;
    struct chip_constraint *constraints;
    struct chip_tuple *tuples;
    struct chip_access *accesses;
    uint32_t n_wires, n_stage1, n_constraints, n_tuples, n_accesses;
    struct lc count_share;              /* the row's part of S, count sums */
    struct lc class_share[BUS_CLASSES]; /* the same for each class, before its weight */
    struct lc next_pc, next_fp, next_acc;
    /* Tables: constants of row i, and how many rows make the table whole. */
    void (*constants)(uint64_t out[CHIP_ROW_CONSTANTS], uint32_t row);
    uint32_t table_rows;
};

void chip_free(struct chip *c);

/* Wires are numbered stage 1 first: 0 .. n_stage1-1, then stage 2. */

/* Integer value of a combination of stage-1 wires; terms must be integers. */
wide lc_integer(const struct lc *x, const uint64_t stage1[], const uint64_t inputs[]);
/* The same in the field, over all wires, row constants and challenges (may be NULL). */
void lc_field(fr *out, const struct lc *x, const fr wires[], const uint64_t row[CHIP_ROW_CONSTANTS],
              const fr challenges[]);
/* m * 2^shift */
void chip_coefficient(fr *out, const struct chip_term *t);

#endif
