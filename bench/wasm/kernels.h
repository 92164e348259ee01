/* kernels.h - the kernels and their sizes.  X(name, group, n) */
#ifndef BENCH_WASM_KERNELS_H
#define BENCH_WASM_KERNELS_H

#include "bench/bench.h"

extern const struct bench_module kernel_modules[];

#define KERNELS(X)                                                                                 \
    X(crc32, "integer", 250)                                                                       \
    X(sieve, "integer", 6)                                                                         \
    X(collatz, "integer", 120000)                                                                  \
    X(sha256, "integer", 8000)                                                                     \
    X(matrix, "memory", 6)                                                                         \
    X(sort, "memory", 5)                                                                           \
    X(bytes, "memory", 900)                                                                        \
    X(fib, "call", 31)                                                                             \
    X(ackermann, "call", 12)                                                                       \
    X(indirect, "call", 3000000)                                                                   \
    X(nbody, "float", 25000)                                                                       \
    X(mandelbrot, "float", 170)                                                                    \
    X(fir, "float", 80)                                                                            \
    X(spectral, "float", 20)

#endif
