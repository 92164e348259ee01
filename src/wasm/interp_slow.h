/* interp_slow.h - what handlers do off the hot path, internal to the interpreter.
 *
 * Before each call the state is in x->ip, fp and gas.  Functions that return
 * false have set x->status and settled x->reserve as the gas left: the run is over.
 * The others leave x->gas for the handler to take up. */
#ifndef WASM_INTERP_SLOW_H
#define WASM_INTERP_SLOW_H

#include "wasm/interp.h"

/* Gas of a slice: what runs between two looks at the clock and the cancel flag. */
#define GAS_SLICE 65536

/* The strip at x->ip was charged but x->gas is negative: takes the next slice, or
 * sets x->ip to a copy of the part that can be paid. */
bool interp_refill(struct interp *x);
void interp_stopped_stepping(struct interp *x);
void interp_trapped(struct interp *x);

bool interp_memory_grow(struct interp *x);
bool interp_memory_copy(struct interp *x);
bool interp_memory_fill(struct interp *x);
bool interp_memory_init(struct interp *x);
bool interp_table_grow(struct interp *x);
bool interp_table_fill(struct interp *x);
bool interp_table_copy(struct interp *x);
bool interp_table_init(struct interp *x);

/* Clears the locals of the frame at x->fp and shortens the slice by what that costs. */
void interp_clear_locals(struct interp *x, const struct func_code *f);
/* x->callee with arguments, then results, at slots. */
bool interp_call_host(struct interp *x, uint64_t *slots);
/* Into the instance of x->callee, to come back behind x->ip. */
bool interp_go_across(struct interp *x);
const struct insn *interp_come_back(struct interp *x);

/* interp.c: runs x->start[0] until the end. */
void interp_execute(struct interp *x);

#endif
