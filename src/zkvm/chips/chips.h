/* chips.h - the chips of the machine.  A chip executes the entries of one opcode; some
 * opcodes have several chips, its variants, of which the prover takes the one that fits:
 * an aligned access and one across cells, a division and its trap. */
#ifndef ZKVM_CHIPS_H
#define ZKVM_CHIPS_H

#include "zkvm/build.h"
#include "zkvm/zkop.h"

#define CHIP_VARIANTS 8u

/* VCP_ENOTFOUND when the opcode has no such variant. */
int chip_alu(struct chip **out, uint32_t op, unsigned variant, struct err *err);
int chip_unary(struct chip **out, uint32_t op, unsigned variant, struct err *err);
int chip_branch(struct chip **out, uint32_t op, unsigned variant, struct err *err);
int chip_latch(struct chip **out, uint32_t op, unsigned variant, struct err *err);
int chip_load(struct chip **out, uint32_t op, unsigned variant, struct err *err);
int chip_store(struct chip **out, uint32_t op, unsigned variant, struct err *err);
int chip_one(struct chip **out, uint32_t op, unsigned variant, struct err *err);

/* The rows of routines and their primitives, chips/routine.c; false: there is none. */
bool chip_routine_row(struct build *b, unsigned one, unsigned variant);
/* What reaches beyond the guest's memory, chips/world.c. */
bool chip_world_row(struct build *b, unsigned one, unsigned variant);
/* Variants of calls, and of what accesses a table.  chips/tables.c. */
enum call_variant {
    CALL_GOES,
    CALL_NO_SLOTS,
    CALL_TOO_DEEP,
    CALL_BEYOND_TABLE,
    CALL_OF_NULL,
    CALL_MISMATCH,
    CALL_HOST, /* an imported function, which is a routine */
    CALL_HOST_MISMATCH
};
enum table_variant { TABLE_ACCESS, TABLE_OUT_OF_BOUNDS };
/* A row of the zone's opcode; false when there is no such variant. */
bool chip_table_row(struct build *b, unsigned one, unsigned variant);

/* Arithmetic beyond 64 bits, chips/wide.c; likewise. */
bool chip_wide_row(struct build *b, unsigned one);

/* Leaves a run at any pc, as out of gas: whether it was is the verifier's to see. */
int chip_stop(struct chip **out, struct err *err);

/* Rows that are no instructions. */
enum chip_other {
    OTHER_TOUCH, /* a cell's time is brought forward */
    OTHER_ZERO,  /* a cell starts as zero, inside a region */
    OTHER_CLOSE, /* the end of a region */
    OTHER_SINK,  /* a cell's last value */
    OTHER_CODE,  /* an entry of the program, with its count and gas */
    OTHER_RANGE16,
    OTHER_RANGE8,
    OTHER_AND8,
    OTHER_POW32,
    OTHER_POW64,
    OTHER_POP8,
    CHIP_OTHERS
};
int chip_other(struct chip **out, enum chip_other which, struct err *err);

/* ---- parts shared by the chips, chips/parts.c ---- */

/* Slots of an instruction in order; the last is TOP. */
struct slots {
    struct lin at[3]; /* the slot numbers, not yet addresses */
};
struct slots part_slots(struct build *b, unsigned n);
struct lin part_frame(struct build *b, struct lin slot); /* fp + slot */
/* A top slot that is in no address: looked up like the others. */
void part_pin_top(struct build *b);
/* The immediate as limbs, looked up: a value of w bits.  Sets the code field. */
struct lin part_imm(struct build *b, unsigned w);
struct lin part_imm_hint(const struct build *b); /* its value, for recipes only */
/* 1 when bit w-1 of x, a number of w bits, is set. */
int32_t part_sign(struct build *b, struct lin x, unsigned w);
/* The run ends here: the last state. */
/* The accumulator as a value of w bits (by type). */
struct lin part_acc(struct build *b, unsigned w);
void part_trap(struct build *b, unsigned trap);
struct lin part_pc_next(struct build *b);
/* The same as a value of a cell. */
struct lin part_pc_next_value(struct build *b);

/* x * y = low + 2^w high, both of w bits. */
void part_split_product(struct build *b, struct lin x, struct lin y, unsigned w, struct lin *low,
                        struct lin *high);

/* A comparison's outcome 0 or 1 as a combination; imm_side 0 none, 1 x, 2 y: that side is
 * the immediate, and its code field is set (or returned for the latch). */
struct compare {
    unsigned cond; /* ALU_EQ .. */
    unsigned w;
    struct lin x, y;
    unsigned imm_side;
};
struct lin part_compare(struct build *b, const struct compare *c, struct lin *imm);
/* Moves to pc + rel when taken, else on: the next pc. */
struct lin part_branch(struct build *b, struct lin taken);

#endif
