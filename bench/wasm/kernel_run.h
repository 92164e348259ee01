/* kernel_run.h - one kernel run by the engine this file is linked with. */
#ifndef BENCH_WASM_KERNEL_RUN_H
#define BENCH_WASM_KERNEL_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct timing {
    int64_t ns; /* processor time of this thread */
    uint32_t checksum;
    uint64_t gas;
};

int64_t thread_cpu_ns(void);

/* Calls run(n) of the module in bytes. */
int kernel_run(struct timing *out, const void *bytes, size_t n_bytes, unsigned n, struct err *err);

#endif
