/* runtime.h - routines: what is too big for one row, proven as ordinary integer code.
 *
 * The runtime module is WebAssembly of ours (runtime/, C compiled ahead and committed as
 * bytes), lowered by the same engine as the guest.  Its functions are appended to the
 * guest's entries, those that the guest's code can reach; an entry ROUTINE of the guest
 * calls one with its operands in consecutive slots.  Their loads and stores go to the guest's
 * memory; their entries weigh no gas.  What they import from "vcp" are primitives, one row
 * each.  The digest of the bytes is part of every statement, so that a receipt of other
 * routines is refused. */
#ifndef ZKVM_RUNTIME_H
#define ZKVM_RUNTIME_H

#include "wasm/code.h"
#include "zkvm/zkop.h"

/* Export names of the runtime module.  X(id, name, parameters, results) */
#define ROUTINES(X) X(MEMORY_FILL, "memory.fill", 3, 0)

enum routine {
#define X(id, name, params, results) ROUTINE_##id,
    ROUTINES(X)
#undef X
        ROUTINE_COUNT
};

struct primitive {
    const char *name; /* of the import from "vcp" */
    uint8_t op;       /* enum zk_one; operands and result in slots from TOP on */
    uint8_t n_params, n_results;
    uint64_t imm;
};

struct runtime {
    struct code *code;
    uint32_t funcs[ROUTINE_COUNT]; /* function of each routine */
    uint32_t *slots; /* by function: of its frame and all that it calls, above its first */
};

/* Loads and checks the module: no recursion, globals, tables, data, references or floats.
 * An error is a defect of this build. */
int runtime_open(struct runtime **out, struct err *err);
/* The same with another module, for tests of what is refused. */
int runtime_open_bytes(struct runtime **out, const uint8_t *module, size_t n, struct err *err);
void runtime_free(struct runtime *r);
/* SHA3-256 of the module's bytes. */
void runtime_digest(uint8_t out[32]);
/* What import function `func` of the module is. */
const struct primitive *runtime_primitive(const struct code *code, uint32_t func);
/* The function that instruction `insn`, a call, calls. */
uint32_t runtime_callee(const struct code *code, uint32_t insn);

#endif
