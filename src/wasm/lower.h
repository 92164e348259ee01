/* lower.h - from validated source to the register form (code.h), internal to the engine.
 *
 * The operand stack exists only here, as descriptions of where each value is: in its own
 * slot, still in a local, a constant, or an address sum not computed yet.  The last
 * three are lazy: nothing was emitted for them.  At most LAZY_MAX are, so the check
 * that every local.set must make costs a constant. */
#ifndef WASM_LOWER_H
#define WASM_LOWER_H

#include "wasm/code.h"
#include "wasm/instr.h"
#include "wasm/rop.h"

#define LAZY_MAX   16u
#define LOWER_NONE UINT32_MAX

enum operand_kind {
    OPERAND_TEMP,  /* in the slot of its height */
    OPERAND_LOCAL, /* slot a */
    OPERAND_CONST, /* bits */
    OPERAND_SUM,   /* a + (b << k) + bits modulo 2^32, k = 0 .. 3; a and b may be absent */
};

/* A slot a sum reads. */
struct leaf {
    uint32_t slot; /* LOWER_NONE: absent */
    bool is_temp;  /* popped by the sum, which alone reads it */
};

struct operand {
    uint64_t bits;
    uint32_t local; /* slot of a LOCAL */
    struct leaf a, b;
    uint8_t kind, k;
    bool is_volatile; /* a leaf lies above the sum's own slot: the next push would reuse it */
};

/* A popped operand, as an instruction names it. */
enum use_mode { USE_SLOT, USE_ACC, USE_IMM };

struct use {
    enum use_mode mode;
    uint32_t slot;
    uint64_t bits;
};

/* What an accumulator holds: the value of a slot, and the instruction that wrote both. */
struct acc {
    uint32_t slot, insn;
};

enum label_kind { LABEL_FUNC, LABEL_BLOCK, LABEL_LOOP, LABEL_IF, LABEL_ELSE };

struct label {
    uint32_t height; /* operands below the block's parameters */
    uint32_t n_params, n_results;
    uint32_t start;      /* loop: its first instruction */
    uint32_t patches;    /* chain of branches to the end, through hi; LOWER_NONE ends it */
    uint32_t else_patch; /* if: the branch to the else part */
    uint8_t kind;
    bool is_dead; /* code here cannot be reached */
};

struct lower {
    const struct module *m;
    struct code *code;
    const struct function *f;
    const struct func_type *type;
    size_t cap;
    bool failed; /* out of memory or over the ceiling; emission goes nowhere */
    struct insn dummy;
    struct insn_info dummy_info;

    uint32_t strip;     /* first instruction of the open strip */
    uint32_t gas;       /* weight of the strip's source so far */
    bool is_entry;      /* the next instruction is an entry ... */
    uint32_t entry_gas; /* ... reached when this much was passed */
    uint32_t last;      /* the newest instruction if it may still be rewritten */
    uint32_t offset;    /* of the source instruction being lowered */
    struct acc acc[3];  /* integer, f32, f64 */

    struct operand *stack;
    uint32_t height, stack_cap;
    uint32_t lazy[LAZY_MAX]; /* heights of lazy operands, ascending */
    uint32_t n_lazy;
    struct label *labels;
    uint32_t n_labels, labels_cap;
    uint32_t dead_depth; /* blocks opened inside dead code */
};

/* lower_emit.c: instructions, strips, accumulators */
struct insn *lower_emit(struct lower *l, uint32_t op); /* valid until the next call */
void lower_end_strip(struct lower *l);
void lower_mark_entry(struct lower *l); /* the next instruction can be jumped to */
void lower_unemit(struct lower *l);     /* removes l->last */
void lower_set_dest(struct lower *l, struct insn *in, uint32_t slot, enum rop_class out);
void lower_wrote(struct lower *l, uint32_t slot); /* without an accumulator */
void lower_forget(struct lower *l);               /* all accumulators */
unsigned lower_acc_of(enum rop_class c);

/* lower_stack.c: the operand stack */
uint32_t lower_slot_of_local(const struct lower *l, uint32_t local);
uint32_t lower_slot_at(const struct lower *l, uint32_t height);
void lower_push(struct lower *l, const struct operand *o);
void lower_push_temps(struct lower *l, uint32_t n);
void lower_pop(struct lower *l, uint32_t n);
struct operand *lower_top(struct lower *l, uint32_t depth); /* 0 is the top */
void lower_settle(struct lower *l, uint32_t height);        /* into its own slot */
void lower_settle_top(struct lower *l, uint32_t n);
void lower_settle_all(struct lower *l);
void lower_settle_sums(struct lower *l, uint32_t depth_from, uint32_t depth_to);
void lower_move_to(struct lower *l, uint32_t height, uint32_t slot); /* keeps the operand */
struct use lower_use(struct lower *l, enum rop_class c); /* pops; sums must be settled */
uint32_t lower_use_slot(struct lower *l);                /* pops, into a slot */
struct use lower_use_leaf(struct lower *l, struct leaf leaf);
void lower_local_set(struct lower *l, uint32_t local);

/* lower_ops.c: straight-line instructions.  false: not one of them. */
bool lower_op(struct lower *l, const struct instr *in);
void lower_binary(struct lower *l, uint32_t base);

/* lower_control.c: blocks, branches, calls. */
void lower_begin(struct lower *l);
bool lower_control(struct lower *l, const struct instr *in);
/* In dead code: true once the instruction was consumed. */
bool lower_skip(struct lower *l, const struct instr *in);

#endif
