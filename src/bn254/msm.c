#include "bn254/msm.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "bn254/kernels.h"
#include "bn254/msm_buckets.h"

enum {
    MSM_SMALL = 8,     /* fewer terms are multiplied one by one */
    CHECK_PIECE = 4096 /* points checked by one call of a kernel */
};

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

/* ---- many validity checks ---- */

struct check_job {
    const char *points;
    size_t n, point_bytes;
    size_t (*find_invalid)(const void *points, size_t n);
    atomic_size_t first_bad;
};

static void check_piece(void *arg, size_t i)
{
    struct check_job *job = arg;
    size_t begin = i * CHECK_PIECE, n = job->n - begin, at, seen;

    if (n > CHECK_PIECE)
        n = CHECK_PIECE;
    if (begin >= atomic_load(&job->first_bad))
        return;
    at = begin + job->find_invalid(job->points + begin * job->point_bytes, n);
    seen = atomic_load(&job->first_bad);
    while (at < begin + n && at < seen)
        if (atomic_compare_exchange_weak(&job->first_bad, &seen, at))
            break;
}

static size_t find_invalid(struct check_job *job, struct threads *threads)
{
    atomic_init(&job->first_bad, job->n);
    threads_run(threads, (job->n + CHECK_PIECE - 1) / CHECK_PIECE, check_piece, job);
    return atomic_load(&job->first_bad);
}

size_t g1_find_invalid(const void *points, size_t n, struct threads *threads)
{
    struct check_job job = {.points = points,
                            .n = n,
                            .point_bytes = sizeof(g1_affine),
                            .find_invalid = bn254_kernels()->g1_find_invalid};

    return find_invalid(&job, threads);
}

size_t g2_find_invalid(const void *points, size_t n, struct threads *threads)
{
    struct check_job job = {.points = points,
                            .n = n,
                            .point_bytes = sizeof(g2_affine),
                            .find_invalid = bn254_kernels()->g2_find_invalid};

    return find_invalid(&job, threads);
}
