/* limits.h - what one run may use, and how it is stopped from outside.
 *
 * Memory, gas, call depth, stack slots and output are deterministic: the same
 * module, input and limits end the same way on every machine.  Time and
 * cancellation are not, and such a run has no result to compare. */
#ifndef WASM_LIMITS_H
#define WASM_LIMITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct run_limits {
    uint64_t memory_bytes_max; /* linear memories and tables (8 bytes an entry) together */
    uint64_t gas_max;          /* docs/gas.md; UINT64_MAX / 4 at most */
    uint64_t output_bytes_max; /* standard output and error together */
    uint32_t timeout_ms;       /* wall time of load and run; 0: none */
    uint32_t call_depth_max;   /* guest frames at once; the entry function is the first */
    uint32_t stack_slots_max;  /* 8-byte slots of all frames together, see wasm/code.h */
};

/* "default" 512 MB, 30 s, 1e10 gas; "strict" 256 MB, 10 s, 1e9; "relaxed" 1024 MB,
 * 60 s, 5e10.  MB here is 2^20 bytes.  Another name is VCP_EINVAL. */
int run_limits_preset(struct run_limits *out, const char *name, struct err *err);

/* VCP_EINVAL naming the first field outside its range. */
int run_limits_check(const struct run_limits *limits, struct err *err);

/* Shared with a running guest by another thread.  Zero it before the run.  A set
 * cancel flag stops the run within 10 ms; gas_used is refreshed at least as often. */
struct run_control {
    atomic_bool cancel;
    _Atomic uint64_t gas_used;
};

enum run_status {
    RUN_OK = 0,
    RUN_EXIT = 1, /* the guest called proc_exit; see exit_code, 0 included */
    RUN_TRAP = 2,
    RUN_OUT_OF_GAS = 3,
    RUN_TIMEOUT = 4,
    RUN_CANCELLED = 5,
    RUN_OUT_OF_MEMORY = 6, /* this host could not provide memory within the limit */
};

/* "ok", "exit", "trap", "out of gas", "timeout", "cancelled", "out of memory". */
const char *run_status_name(enum run_status status);

#endif
