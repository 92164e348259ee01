/* build.h - the builder of chips: combinations, wires with pins, and the few sound parts
 * that put tuples on the bus.
 *
 * A `lin` is a linear combination by value.  Misuse is remembered in `err` and reported
 * by build_finish: a chip that breaks rule E, P7 or M2 is not built. */
#ifndef ZKVM_BUILD_H
#define ZKVM_BUILD_H

#include "zkvm/chip.h"

#define LIN_TERMS_MAX 56

struct lin {
    uint32_t n;
    struct chip_term t[LIN_TERMS_MAX];
};

#define BUILD_WIRES_MAX       160
#define BUILD_CONSTRAINTS_MAX 256
#define BUILD_TUPLES_MAX      96
#define BUILD_ACCESSES_MAX    BUS_PORTS
#define BUILD_KNOWN_MAX       24

#define BUILD_ALWAYS_ON (-1000) /* `on` of a constant table's rows, which are always there */

struct build {
    struct chip *chip;
    struct err err;
    int32_t on;    /* the row's own `on` */
    int32_t count; /* a multiplicity that is 0 where `on` is (build_count), or 0 */
    int32_t clock, pc, fp, acc;
    bool is_birth;  /* within build_birth */
    bool is_stop;   /* a row at any pc, without a code entry: only the stop chip */
    bool is_unsafe; /* tests only: rule E is not enforced, to build the worked forgeries */
    /* stage 2 wires are numbered from 1000 until build_finish. */
    uint32_t n_stage1, n_stage2, n_constraints, n_tuples, n_accesses;
    struct lin count_share, class_share[BUS_CLASSES];
    struct lin code[CODE_FIELDS];
    struct lin next_pc, next_fp, next_acc;
    struct {
        struct lin x;
        wide lo, hi;
    } known[BUILD_KNOWN_MAX];
    uint32_t n_known;
};

/* ---- combinations ---- */
struct lin lin_zero(void);
struct lin lin_const(int64_t m);
struct lin lin_pow2(int shift); /* 2^shift */
struct lin lin_wire(int32_t wire);
struct lin lin_add(struct lin a, struct lin b);
struct lin lin_sub(struct lin a, struct lin b);
struct lin lin_mul(struct lin a, int64_t m);
struct lin lin_shl(struct lin a, int shift); /* may be negative */

/* ---- chips ---- */
int build_init(struct build *b, const char *name, struct err *err);
int build_finish(struct chip **out, struct build *b, struct err *err);

/* ---- wires ---- */
int32_t build_input(struct build *b, const char *name, enum row_input i);
int32_t build_param(struct build *b, const char *name, unsigned i);
int32_t build_recipe(struct build *b, const char *name, enum recipe_op op, struct lin x,
                     struct lin y);
int32_t build_bits(struct build *b, const char *name, struct lin x, unsigned shift, unsigned bits);
int32_t build_bits_of_product(struct build *b, const char *name, struct lin x, struct lin y,
                              unsigned shift, unsigned bits);
int32_t build_two_bits(struct build *b, const char *name, enum recipe_op op, struct lin x,
                       struct lin y, unsigned shift, unsigned bits);
int32_t build_and_bits(struct build *b, const char *name, struct lin x, struct lin y,
                       unsigned shift, unsigned bits);
int32_t build_access_wire(struct build *b, const char *name, enum recipe_op op, unsigned access);
/* Says that wire is an integer of [lo, hi]; the caller's constraints must make it so. */
void build_pin(struct build *b, int32_t wire, wide lo, wide hi);
/* The same for a combination, shown by arithmetic that build_bounds cannot follow. */
void build_know(struct build *b, struct lin x, wide lo, wide hi);
void build_mark_free(struct build *b, int32_t wire);
/* Makes wire a multiplicity: an absent row sends nothing.  One a chip. */
void build_count(struct build *b, int32_t wire);
bool build_bounds(const struct build *b, const struct lin *x, wide *lo, wide *hi);

/* ---- constraints ---- */
void build_constrain(struct build *b, struct lin a, struct lin c_b, struct lin c);
/* A stage-2 wire w with w * denominator = numerator. */
int32_t build_inverse2(struct build *b, struct lin denominator, struct lin numerator);
/* A stage-2 wire equal to a * b. */
int32_t build_product2(struct build *b, struct lin a, struct lin c_b);
/* A stage-1 wire equal to a * b; pinned when both are. */
int32_t build_product(struct build *b, const char *name, struct lin a, struct lin c_b);
/* z ? if_one : if_zero, for a wire z of 0 or 1. */
struct lin build_mux(struct build *b, const char *name, struct lin z, struct lin if_zero,
                     struct lin if_one);
/* 0 or 1. */
int32_t build_bool(struct build *b, const char *name, enum recipe_op op, struct lin x,
                   struct lin y);
int32_t build_bool_bit(struct build *b, const char *name, struct lin x, unsigned shift);
int32_t build_bool_input(struct build *b, const char *name, enum row_input i);
/* 1 exactly when x is 0: z x = 0 and inv x = 1 - z. */
int32_t build_is_zero(struct build *b, const char *name, struct lin x);

/* ---- tuples ---- */
/* A raw tuple; checked.  share2: stage-2 wires are made for its inverse(s) and numerators. */
void build_tuple(struct build *b, enum bus_kind kind, int sign, struct lin count,
                 const struct lin comps[], const struct lin values[]);
/* One received and one sent in the same row, multiplicity `on`: kinds of unit flow. */
void build_pair(struct build *b, enum bus_kind kind, const struct lin in_comps[],
                const struct lin in_values[], const struct lin out_comps[],
                const struct lin out_values[]);
void build_range16(struct build *b, struct lin x);
void build_range8(struct build *b, struct lin x);
/* A wire holding bits [shift, shift + bits) of x, in the table of `bits` (8 or 16) bits. */
int32_t build_limb(struct build *b, const char *name, struct lin x, unsigned shift, unsigned bits);
/* x as a sum of limbs of 16 bits (a last one of 8 where bits % 16 == 8), each looked up: as
 * fresh wires, so the result is pinned to [0, 2^bits). */
struct lin build_limbs(struct build *b, const char *name, struct lin x, unsigned shift,
                       unsigned bits);
/* Looks x itself up as a number of `bits` bits: all limbs but the highest are wires. */
void build_range(struct build *b, struct lin x, unsigned bits);

struct lin build_limbs_of_product(struct build *b, const char *name, struct lin x, struct lin y,
                                  unsigned shift, unsigned bits);
struct lin build_limbs_of_quotient(struct build *b, const char *name, struct lin x, struct lin y,
                                   unsigned shift, unsigned bits);
struct lin build_limbs_of_root(struct build *b, const char *name, struct lin x, unsigned bits);
/* Tables of two and three components, product form: each component is exact. */
void build_lookup2(struct build *b, enum bus_kind kind, struct lin x, struct lin y);
void build_lookup_and(struct build *b, struct lin x, struct lin y, struct lin z);

/* ---- an instruction's parts ---- */
/* `on` alone: rows that are no instructions. */
void build_begin(struct build *b);
/* on, clock, state in; must come first. */
void build_instruction(struct build *b, uint32_t op);
/* State out with the next pc, frame pointer and accumulator, and the code tuple. */
void build_next(struct build *b, struct lin pc, struct lin fp, struct lin acc);
/* Slots: the frame cell fp + slot.  field: which code field names it; only CODE_TOP needs
 * no range check (lemma C).  slot_more is added to the slot (e.g. 1 for its neighbour). */
struct lin build_slot(struct build *b, enum code_field field);
struct lin build_read(struct build *b, enum bus_space space, unsigned port, struct lin at,
                      unsigned bits);
void build_write(struct build *b, enum bus_space space, unsigned port, struct lin at,
                 struct lin value);
/* Reads a cell and writes another value in one access. */
struct lin build_update_begin(struct build *b, enum bus_space space, unsigned port, struct lin at,
                              unsigned bits);
void build_update(struct build *b, unsigned port, struct lin value);

/* A region of linear memory's cells [first, end), first < end - 1, that are zero from the
 * given port of this row on: its two tokens, and its first two cells, which make room in
 * the order of addresses for the end of the region before and the beginning of this one. */
void build_birth(struct build *b, unsigned port, struct lin first, struct lin end);

#endif
