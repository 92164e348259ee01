/* interp.h - the interpreter: executes the register form inside one store.
 *
 * Handlers are functions that end by calling the next one as a tail call, with the
 * machine's state in argument registers; see interp.c.  Gas is taken from the store's
 * account in slices, so cancellation and time are looked at between slices. */
#ifndef WASM_INTERP_H
#define WASM_INTERP_H

#include <stdint.h>

#include "wasm/code.h"
#include "wasm/host.h"
#include "wasm/limits.h"

struct store;
struct instance;
struct func;
struct glob;

/* A call from one instance into another, to be undone on return. */
struct across {
    const struct insn *ret;
    struct instance *inst;
};

/* Hot fields first. */
struct interp {
    uint64_t mem_bytes; /* of memory 0 of inst */
    uint64_t *stack_end;
    int64_t depth_left;
    struct glob **globals;
    struct instance *inst;
    int64_t reserve; /* gas left beyond the register's; negative only while stepping */

    uint8_t *mem_base;
    uint64_t *stack;
    struct store *store;
    int64_t gas_max;

    /* How the last run ended. */
    const struct insn *ip;
    uint64_t *fp;
    int64_t gas;
    enum run_status status;
    enum trap trap;
    int32_t exit_code;
    char host_sentence[160];

    /* Part of a strip that could not be paid whole, and STOP_GAS after it. */
    struct insn *step;
    uint32_t step_cap, n_step;
    const struct insn *step_from;

    struct across *across;
    uint32_t n_across, across_cap;
    struct instance *entry_inst;
    uint64_t *host_results;
    const struct func *callee; /* of a call under way, between two handlers */
    const struct func_code *callee_code;
    struct insn start[2], across_ret;

    struct run_control *control;
    int64_t deadline_ns; /* 0: none */
};

/* 0 or VCP_ENOMEM. */
int interp_init(struct interp *x, struct store *s);
void interp_release(struct interp *x);
void interp_set_gas_max(struct interp *x, uint64_t gas_max);
uint64_t interp_gas_used(const struct interp *x);

/* Runs f, whose arguments are in x->stack[0..); its results are left there.  The end
 * is in x->status, trap, exit_code. */
void interp_run(struct interp *x, struct func *f);

/* Cancellation and deadline; false sets the status. */
bool interp_poll(struct interp *x);

/* The index in the instance's code at which a run ended, for messages and gas. */
size_t interp_where(const struct interp *x);

const void *interp_handler(uint32_t op);

#endif
