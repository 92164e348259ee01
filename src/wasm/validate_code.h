/* validate_code.h - type checking one function body; scratch shared by all bodies of a module.
 *
 * The algorithm of the specification's appendix "Validation Algorithm": a stack of
 * operand types and a stack of control frames.  Sequences of types (parameters,
 * results, label types) are compared and copied as bytes, so the time stays linear
 * in the module even where one instruction moves 255 operands. */
#ifndef WASM_VALIDATE_CODE_H
#define WASM_VALIDATE_CODE_H

#include "wasm/instr.h"

#define LOCAL_CACHE 256 /* locals whose types are expanded per function; the rest are searched */

/* A block's frame on the control stack. */
struct control {
    const uint8_t *start, *end; /* parameter and result types */
    uint32_t n_start, n_end;
    uint32_t height; /* operands below the frame */
    uint16_t op;     /* OP_BLOCK (also the body), OP_LOOP, OP_IF, OP_ELSE */
    bool is_unreachable;
};

struct code_validator {
    struct module *m;
    struct err *err;
    struct function *f; /* the body being checked */
    uint32_t func;
    struct instr in;
    uint8_t *operands;
    uint32_t height;
    struct control *frames;
    uint32_t depth, frames_cap;
    uint8_t locals[LOCAL_CACHE];
};

int code_validator_init(struct code_validator *v, struct module *m, struct err *err);
void code_validator_release(struct code_validator *v);
/* Checks defined function `func` and fills its facts. */
int code_validate(struct code_validator *v, uint32_t func);
/* Only the form of a body: instructions that can be read, nesting that ends with it. */
int code_scan(const struct module *m, uint32_t func, struct err *err);

#endif
