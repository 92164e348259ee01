/* without.c - bench_zkvm in a build that found no clang to compile the programs. */
#include "bench/bench.h"

int bench_zkvm(struct bench *b, struct err *err)
{
    (void)b;
    return err_set(err, VCP_EUNSUPPORTED,
                   "this build has no programs: clang for wasm32 was missing");
}
