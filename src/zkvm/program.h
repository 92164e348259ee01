/* program.h - the proven form of one run: a module's code as entries, one row each, behind a
 * prologue made from the statement, and the cells the run starts with.
 *
 * Deterministic: prover and verifier make it from the module's bytes, the entry, its
 * arguments, results and limits.  The prologue calls the start function, _initialize and
 * the entry with its arguments as constants, asserts the results and halts; its entries
 * weigh nothing.  Behind the guest's entries stand the routines that they call (runtime.h),
 * which weigh nothing either.  Entry weights add up to the engine's gas: an entry carries the
 * weight of the source instructions from the previous one's effect to its own; what lies between an
 * instruction and a label that is also reached by jumps has a NOP of its own. */
#ifndef ZKVM_PROGRAM_H
#define ZKVM_PROGRAM_H

#include "wasm/code.h"
#include "zkvm/runtime.h"
#include "zkvm/statement.h"
#include "zkvm/tables.h"
#include "zkvm/terms.h"
#include "zkvm/world.h"
#include "zkvm/zkop.h"

struct program_entry {
    uint16_t op, a, b, top, rel;
    uint64_t imm;
    uint32_t gas;
    uint32_t insn; /* of the module's code; UINT32_MAX in the prologue and in routines */
    bool is_after; /* the NOP behind that instruction */
};

/* Code, and where it went. */
struct program_part {
    const struct code *code;
    bool is_runtime;
    uint32_t *pc_of;   /* by instruction of the code, its first entry */
    uint32_t *pc_call; /* by function: where a call goes, or 0 for imports and unused routines */
    bool *is_target;   /* by instruction: reached other than by falling into it */
    uint64_t *zeroed;  /* by function: declared locals that begin as zero (locals.h) */
    uint8_t *acc;      /* by instruction: how it has to do with the accumulator (translate.h) */
};

struct program_tape { /* words that a run can only read: see bus.h */
    uint32_t *words;
    uint64_t n;
};

struct program_segment {
    uint32_t bytes, first; /* at the beginning; its first word of the data tape */
};

struct program {
    const struct code *code; /* the guest's, which is the caller's */
    struct runtime *runtime;
    struct program_part guest, routines;
    struct program_entry *entries;
    uint32_t n_entries;
    uint32_t routine_slots; /* of the frame region, above the guest's stack */
    uint64_t *globals;      /* first values */
    uint64_t specials[SPECIAL_CELLS];
    struct program_tape tapes[TAPES]; /* but TAPE_WORLD */
    struct program_segment *segments; /* of data, when some instruction names one */
    uint32_t n_segments;
    int *imports;    /* by imported function, its routine */
    bool uses_world; /* any: then state cells, tapes and outputs are there */
    struct world world;
    uint32_t pages, pages_max;
    uint8_t *image; /* linear memory's beginning: image_bytes, zero beyond */
    uint64_t image_bytes;
    struct program_tables tables;
    uint32_t stack_slots_max, call_depth_max;
};

/* VCP_EUNSUPPORTED when the module needs what is not built (other imports than WASI, an
 * instantiation that traps); instructions without a chip are refused when they are reached.
 * Of a program with WASI (program_uses_world) the streams are needed, VCP_EINVAL without; they must
 * be the statement's, VCP_EVERIFY, and outlive the program.  Others do not look at them. */
int program_new(struct program **out, const struct code *code, const struct statement *s,
                const struct streams *streams, struct err *err);
bool program_uses_world(const struct code *code);
void program_free(struct program *p);

/* Whether special cell i is there. */
static inline bool program_has_special(const struct program *p, uint32_t i)
{
    return i < CELL_WORLD || p->uses_world;
}

/* The end of the frame area. */
static inline uint64_t program_frame_end(const struct program *p)
{
    return (uint64_t)ZFP_START + p->stack_slots_max + p->routine_slots;
}

/* Regions [first, end) of cells that start as zero; out may be NULL.  Returns how many. */
uint32_t program_regions(const struct program *p, uint64_t (*out)[2]);
/* Every cell that the verifier makes, with its first value; addresses are distinct, and in no
 * region. */
typedef void program_cell_fn(void *arg, uint64_t address, uint64_t value);
void program_cells(const struct program *p, program_cell_fn *f, void *arg);
/* What an initialiser says; globals it names come earlier. */
uint64_t program_constant(const struct program *p, const struct const_expr *e);
/* The page of 256 bytes at `at` of the image. */
bool program_page_is_zero(const struct program *p, uint64_t at);

/* The verifier's terms; arg is a struct program. */
struct terms_source program_terms(struct program *p);

/* Clock, frame pointer and cells at the beginning. */
#define PROGRAM_CLOCK_START 1u

#endif
