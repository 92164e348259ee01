#include "bn254/msm.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "bn254/kernels.h"
#include "bn254/msm_buckets.h"

enum { MSM_SMALL = 8 }; /* fewer terms are multiplied one by one */

static size_t align64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

#define POINT   g1
#define AFFINE  g1_affine
#define G(name) g1_##name
#define KERNEL  msm_g1
#include "bn254/msm.inc.h"
#undef POINT
#undef AFFINE
#undef G
#undef KERNEL

#define POINT   g2
#define AFFINE  g2_affine
#define G(name) g2_##name
#define KERNEL  msm_g2
#include "bn254/msm.inc.h"
#undef POINT
#undef AFFINE
#undef G
#undef KERNEL

size_t msm_g1_scratch_size(size_t n, unsigned n_threads)
{
    return g1_scratch_size(n, n_threads);
}

void msm_g1(g1 *out, const void *points, const fr_bits k[], size_t n, struct threads *threads,
            void *scratch)
{
    g1_msm(out, points, k, n, threads, scratch);
}

size_t msm_g2_scratch_size(size_t n, unsigned n_threads)
{
    return g2_scratch_size(n, n_threads);
}

void msm_g2(g2 *out, const void *points, const fr_bits k[], size_t n, struct threads *threads,
            void *scratch)
{
    g2_msm(out, points, k, n, threads, scratch);
}
