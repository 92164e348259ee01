/* without.c - bench_wasm in a build that found no clang to compile the kernels. */
#include "bench/bench.h"

int bench_wasm(struct bench *b, struct err *err)
{
    (void)b;
    return err_set(err, VCP_EUNSUPPORTED,
                   "this build has no kernels: clang for wasm32 was missing");
}
