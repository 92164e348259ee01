/* bus.h - the tuple kinds of the balanced sum, their keys, value classes and challenges.
 *
 * Every consistency of a run is one rational identity a kind:
 *
 *     sum over sent tuples n / (chi - key)  -  sum over received ones  =  0
 *
 * Each kind has challenges of its own, so kinds need no tags and cannot be confused.
 * What stands in a key and what in a numerator is fixed here, once, for the chips, the
 * mock prover and the verifier's own terms.  The forms, and why each is exact:
 *
 *   UNIQUE   the key occurs once in a valid run (STATE by clock, MEM by address and time,
 *            ...); values stand in numerators, exact and without bounds
 *   SINGLE   one component: equality of poles is equality of the component
 *   PRODUCT  a challenge for every component; for constant tables
 *   PACKED   components at fixed bit positions; every one must be bounded by its receiver
 *            (rule E, held by the builder of chip.h)
 *
 * Docs: docs/proof-of-execution.md. */
#ifndef ZKVM_BUS_H
#define ZKVM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "bn254/fr.h"

enum bus_kind {
    BUS_STATE,   /* clock | pc, frame pointer, accumulator */
    BUS_MEM,     /* time + 2^210 address | value */
    BUS_CODE,    /* pc, op, slots, target, immediate, top slot */
    BUS_LIST,    /* an entry of BUS_CODE, from the verifier, once | gas weight */
    BUS_SORT,    /* address | init time: boundary of a region being initialised */
    BUS_RANGE16, /* 0 .. 2^16-1 */
    BUS_RANGE8,  /* 0 .. 2^8-1 */
    BUS_AND8,    /* a, b, a & b: bytes */
    BUS_POW32,   /* k, 2^k, k < 32 */
    BUS_POW64,   /* k, 2^k, k < 64 */
    BUS_POP8,    /* byte, its number of ones */
    BUS_OUTPUT,  /* number of a word | the word: sent by rows, received by the verifier */
    BUS_GAS,     /* no key: a weighted count, class GAS only */
    BUS_KINDS
};

enum bus_form { BUS_UNIQUE, BUS_SINGLE, BUS_PRODUCT, BUS_PACKED, BUS_KEYLESS };

/* Value classes: each sum of numerators has its own random weight. */
enum bus_class {
    CLASS_PC,
    CLASS_FP,
    CLASS_ACCUMULATOR,
    CLASS_VALUE,
    CLASS_WEIGHT,
    CLASS_TIME,
    CLASS_GAS,
    BUS_CLASSES
};

#define BUS_COMPS_MAX  8
#define BUS_VALUES_MAX 3

/* Components of BUS_CODE in order; a chip names all of them. */
enum code_field { CODE_PC, CODE_OP, CODE_A, CODE_B, CODE_REL, CODE_IMM, CODE_TOP, CODE_FIELDS };

struct bus_kind_info {
    const char *name;
    uint8_t form; /* enum bus_form */
    uint8_t n_comps, n_values;
    uint8_t classes[BUS_VALUES_MAX]; /* enum bus_class of each value */
    uint8_t first_challenge;         /* chi_0 of the kind */
    uint8_t n_challenges;            /* PRODUCT: n_comps, KEYLESS: 0, else 1 */
    bool free_count;                 /* multiplicities other than a row's own `on` allowed */
    bool is_outlet; /* UNIQUE: rows only send, the verifier receives each key once */
};

extern const struct bus_kind_info bus_kinds[BUS_KINDS];

/* Challenges in order: the chi of all kinds, then a weight for each class. */
#define BUS_CHI_COUNT   18
#define BUS_CHALLENGES  (BUS_CHI_COUNT + BUS_CLASSES)
#define BUS_WEIGHT(cls) (BUS_CHI_COUNT + (cls))

/* Bit position of a component inside a UNIQUE or PACKED key. */
unsigned bus_position(enum bus_kind kind, unsigned comp);
/* PACKED: bits a component may span, receivers' bounds and table values together. */
unsigned bus_width(enum bus_kind kind, unsigned comp);

/* A tuple as field elements: what the verifier and the mock prover handle. */
struct bus_tuple {
    uint8_t kind; /* enum bus_kind */
    fr count;     /* > 0 sent, < 0 received */
    fr comps[BUS_COMPS_MAX];
    fr values[BUS_VALUES_MAX];
};

/* Times of BUS_MEM: 8 * clock + port; spaces are multiples of 2^36 in the address. */
#define BUS_PORTS         8u
#define BUS_ADDRESS_SHIFT 210u
#define BUS_SPACE_BITS    36u
enum bus_space {
    SPACE_FRAME,
    SPACE_LINEAR,
    SPACE_GLOBAL,
    SPACE_TABLE, /* tables.h */
    SPACE_SPECIAL,
    SPACE_TAPE,
    SPACE_FUNCTION, /* what calls through tables need to know: read only */
    BUS_SPACES
};
#define BUS_ADDRESS(space, at) (((uint64_t)(space) << BUS_SPACE_BITS) + (at))
/* Cells of SPACE_SPECIAL. */
enum special_cell {
    CELL_DEPTH,     /* calls left */
    CELL_PAGES,     /* of linear memory */
    CELL_PAGES_MAX, /* the module's */
    CELL_ROOM,      /* bytes of the limit that memories and tables have not taken */
    /* What WASI keeps, in the order of runtime/wasi.h. */
    CELL_WORLD,
    CELL_CLOSED = CELL_WORLD,
    CELL_INPUT_AT,
    CELL_INPUT_BYTES,
    CELL_OUTPUT,
    CELL_ERROR,
    CELL_OUTPUT_MAX,
    CELL_CLOCK,
    CELL_EPOCH,
    CELL_DRAWS,
    CELL_ARGS,
    CELL_ENV,
    CELL_HAS_MEMORY,
    SPECIAL_CELLS
};
#define CELL_DATA(segment) ((1u << 24) + (segment)) /* its bytes, 0 when dropped */
/* Tapes: words that only the verifier writes, of SPACE_TAPE, each at tape << BUS_TAPE_BITS. */
#define BUS_TAPE_BITS             32u
#define BUS_TAPE_ADDRESS(tape, i) (BUS_ADDRESS(SPACE_TAPE, (uint64_t)(tape) << BUS_TAPE_BITS) + (i))
enum tape { TAPE_DATA /* passive data segments */, TAPE_WORLD /* world.h */, TAPES };

/* Denominator of a tuple at the challenges: product of (chi - component) or chi - key. */
void bus_denominator(fr *out, const struct bus_tuple *t, const fr challenges[BUS_CHALLENGES]);
/* The tuple's part of the sum: (count + count * sum of weight * value) / denominator; for
 * KEYLESS the weighted values alone.  VCP_EINVAL when the denominator is zero. */
int bus_share(fr *out, const struct bus_tuple *t, const fr challenges[BUS_CHALLENGES]);

/* 2^e, e may be negative. */
void bus_pow2(fr *out, int e);

#endif
