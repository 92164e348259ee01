/* code.h - a loaded module: decoded, validated and lowered to the register form.
 *
 * THE REGISTER FORM, version 1.  (Deterministic: a module's bytes fix it.)
 *
 * Frame.  A function's values live in 64-bit slots: parameters 0..p-1, then
 * two slots for the return address and the caller's frame, then the declared locals,
 * then the operand stack; the value at height h has the slot p+2+locals+h.  i32
 * and f32 are zero-extended; floats are their IEEE bits.  Frames overlap: arguments
 * are pushed where the callee's parameters begin, and results come back there.
 * frame_slots = p + 2 + locals + max(height, results).
 * A call traps with "call stack exhausted" when call_depth_max frames are live or
 * when (callee's first slot) + (callee's frame_slots) > stack_slots_max, slots counted from
 * the entry function's first.
 *
 * Instructions are struct insn.  Three 16-bit operands a, b, c are slots of
 * the frame unless the opcode's mode says otherwise, imm is an immediate; branches hold a
 * signed distance in bytes in imm's upper half.  Every instruction that makes a value leaves
 * it also in the accumulator of its class (integer, f32, f64).  Modes, by letter, for
 * first and second operand:
 *     s  slot        a  accumulator (the value forwarded inside the block)
 *     i  immediate   n  (result) accumulator only, the slot is not written
 * Lowering is one pass over the source: local.get and constants are folded into
 * operands, local.set into results, comparisons into branches, and
 * base + (index << k) + offset into loads and stores.
 *
 * Gas.  A run of instructions from a label to the next branch, call, return or
 * instruction with dynamic gas is a strip.  insn.gas at an entry of a strip is the weight
 * of the source instructions from there to its end, all of them charged on entry;
 * info.rest is what lies after an instruction, given back when it traps. */
#ifndef WASM_CODE_H
#define WASM_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wasm/module.h"

#define CODE_FORM_VERSION 1

struct insn {
    const void *handler; /* this process's interpreter; derived from info.op */
    uint16_t a, b, c;
    uint16_t gas; /* at strip entries; 0 elsewhere */
    union {
        uint64_t imm;
        struct {
            int32_t lo, hi;
        };
    };
};

/* Beside the instructions, off the hot path. */
struct insn_info {
    uint32_t offset; /* of the source instruction whose effect this is, in the module */
    uint16_t op;     /* enum rop, wasm/rop.h */
    uint16_t rest;   /* gas after this instruction to the end of its strip */
};

struct func_code {
    const struct insn *entry; /* NULL for imports */
    uint32_t n_insns;
    uint32_t first; /* index of entry in code->insns */
    uint32_t n_params, n_results;
    uint32_t n_zeroed;     /* declared locals */
    uint32_t frame_slots;  /* of one activation */
    uint32_t index;        /* in the module's function space */
    uint32_t record_bytes; /* from the frame's start to the return record */
    uint32_t frame_bytes;
};

struct code {
    struct module *module; /* owned */
    struct insn *insns;
    struct insn_info *infos; /* parallel */
    size_t n_insns;
    struct func_code *funcs;  /* one per function of the module, imports included */
    uint32_t strip_insns_max; /* longest strip */
};

/* Decodes, validates and lowers.  limits may be NULL.  Linear in n; errors as
 * module_decode and module_validate, and VCP_ELIMIT for a frame over CODE_FRAME_SLOTS_MAX. */
int code_load(struct code **out, const uint8_t *bytes, size_t n, const struct module_limits *limits,
              struct err *err);
void code_free(struct code *c);

/* Index of the defined function that instruction belongs to. */
uint32_t code_function_at(const struct code *c, size_t insn);

/* Slots of one activation of a function, from the source alone. */
static inline uint32_t func_frame_slots(const struct module *m, const struct function *f)
{
    uint32_t n_results = m->types[f->type].n_results;
    uint32_t height = f->height_max > n_results ? f->height_max : n_results;

    return f->n_locals + 2 + height;
}

#endif
