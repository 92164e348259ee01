/* host.h - values at the border of the engine, and functions the host offers to guests. */
#ifndef WASM_HOST_H
#define WASM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wasm/module.h"
#include "wasm/trap.h"

/* i32 and f32 in the low 32 bits, the upper ones zero.  References are opaque:
 * 0 is null, a function reference belongs to its store, an externref made by
 * value_externref carries a number of the host's. */
struct wasm_value {
    uint8_t type; /* enum val_type */
    uint64_t bits;
};

static inline struct wasm_value value_externref(uint32_t number)
{
    return (struct wasm_value){VAL_EXTERNREF, (uint64_t)number + 1};
}

static inline bool value_is_null(const struct wasm_value *v)
{
    return v->bits == 0;
}

static inline uint32_t value_externref_number(const struct wasm_value *v)
{
    return (uint32_t)(v->bits - 1);
}

enum host_status {
    HOST_OK = 0,
    HOST_TRAP,       /* host_trap was called */
    HOST_EXIT,       /* host_exit was called */
    HOST_OUT_OF_GAS, /* host_charge or host_poll said no: return at once, without effects */
    HOST_STOP = HOST_OUT_OF_GAS,
};

struct host_call; /* one call in progress; valid until the function returns */

/* args[] has one slot per parameter, results[] one per result of the declared
 * type; they never overlap.  user is what store_define_func was given.  Must not
 * call into a guest of the same store. */
struct host_func {
    enum host_status (*fn)(void *user, struct host_call *call, const uint64_t *args,
                           uint64_t *results);
    void *user;
};

/* n bytes of the calling instance's memory 0 at addr, or NULL when any byte lies
 * outside or there is no memory.  Valid until the guest runs again. */
uint8_t *host_memory(struct host_call *call, uint64_t addr, uint64_t n);

/* Charges gas beyond the call instruction's own weight, before the work it pays
 * for.  false: it does not fit (nothing was charged) and the function must return
 * HOST_OUT_OF_GAS before any effect. */
bool host_charge(struct host_call *call, uint64_t gas);

/* Gas charged by the whole store so far, this call's included: a deterministic clock. */
uint64_t host_gas_used(const struct host_call *call);

/* For long work: false when the run was cancelled or is out of time; return HOST_STOP. */
bool host_poll(struct host_call *call);

/* Each is used as `return host_trap(...)`.  TRAP_HOST takes the sentence; other
 * traps have their own text and ignore it. */
enum host_status host_trap(struct host_call *call, enum trap trap, const char *sentence);
enum host_status host_exit(struct host_call *call, int32_t exit_code);

#endif
