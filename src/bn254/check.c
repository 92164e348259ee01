/* Many validity checks at once.  For G2 the multiples by x of a whole piece are computed
 * in step with batch-affine additions, so that a check costs ninety additions that share
 * their inversions. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bn254/constants.h"
#include "bn254/kernels.h"

enum { CHECK_PIECE = MSM_BATCH / 2 };

struct check_job {
    const struct bn254_kernels *k;
    const char *points;
    size_t n, point_bytes;
    size_t (*first_bad)(const struct bn254_kernels *k, const char *points, size_t n);
    atomic_size_t found;
};

static void check_piece(void *arg, size_t i)
{
    struct check_job *job = arg;
    size_t begin = i * CHECK_PIECE, n = job->n - begin, at, seen;

    if (n > CHECK_PIECE)
        n = CHECK_PIECE;
    if (begin >= atomic_load(&job->found))
        return;
    at = begin + job->first_bad(job->k, job->points + begin * job->point_bytes, n);
    seen = atomic_load(&job->found);
    while (at < begin + n && at < seen)
        if (atomic_compare_exchange_weak(&job->found, &seen, at))
            break;
}

static size_t run(struct check_job *job, struct threads *threads)
{
    atomic_init(&job->found, job->n);
    threads_run(threads, (job->n + CHECK_PIECE - 1) / CHECK_PIECE, check_piece, job);
    return atomic_load(&job->found);
}

static size_t g1_piece(const struct bn254_kernels *k, const char *points, size_t n)
{
    return k->g1_find_invalid(points, n);
}

size_t g1_find_invalid(const void *points, size_t n, struct threads *threads)
{
    struct check_job job = {.k = bn254_kernels(),
                            .points = points,
                            .n = n,
                            .point_bytes = sizeof(g1_affine),
                            .first_bad = g1_piece};

    return run(&job, threads);
}

/* ---- G2 ---- */

struct multiples {
    g2_affine q[CHECK_PIECE], xq[CHECK_PIECE], minus_q[CHECK_PIECE];
    struct msm_pair pair[CHECK_PIECE];
};

/* xq[i] = x q[i]: signed digits of x, all points in step. */
static void multiply_by_x(struct multiples *m, const struct msm_kernel *k, size_t n, void *scratch)
{
    uint64_t v = BN254_X;
    int8_t digit[66];
    int len = 0;

    for (; v != 0; v >>= 1) {
        int d = v & 1 ? 2 - (int)(v & 3) : 0;

        digit[len++] = (int8_t)d;
        v -= (uint64_t)(int64_t)d;
    }
    memcpy(m->xq, m->q, n * sizeof m->q[0]);
    for (len--; len-- > 0;) {
        k->add_cells(m->xq, m->xq, m->xq, m->pair, n, scratch);
        if (digit[len] != 0)
            k->add_cells(m->xq, m->xq, digit[len] > 0 ? m->q : m->minus_q, m->pair, n, scratch);
    }
}

/* The relation of g2_affine_in_subgroup, given x q. */
static bool satisfies_relation(const g2_affine *q, const g2_affine *xq)
{
    g2_affine t;
    g2 lhs, rhs;

    g2_from_affine(&lhs, xq);
    g2_add_affine(&lhs, &lhs, q);
    g2_affine_psi(&t, xq);
    g2_add_affine(&lhs, &lhs, &t);
    g2_affine_psi(&t, &t);
    g2_add_affine(&lhs, &lhs, &t);
    g2_affine_psi(&t, &t);
    g2_from_affine(&rhs, &t);
    g2_dbl(&rhs, &rhs);
    return g2_eq(&lhs, &rhs);
}

static size_t g2_piece(const struct bn254_kernels *kernels, const char *points, size_t n)
{
    const struct msm_kernel *k = kernels->msm_g2;
    size_t size = (sizeof(struct multiples) + 63) & ~(size_t)63, i;
    struct multiples *m = aligned_alloc(64, size + ((k->scratch_bytes + 63) & ~(size_t)63));

    if (!m) /* slower, but needs no memory */
        return kernels->g2_find_invalid(points, n);
    memcpy(m->q, points, n * sizeof m->q[0]);
    for (i = 0; i < n && g2_affine_is_on_curve(&m->q[i]); i++) {
        g2_affine_neg(&m->minus_q[i], &m->q[i]);
        m->pair[i] = (struct msm_pair){(uint32_t)i, (uint32_t)i, (uint32_t)i};
    }
    n = i; /* a point off the curve ends the piece, but an earlier one may be bad too */
    multiply_by_x(m, k, n, (char *)m + size);
    for (i = 0; i < n; i++) {
        g2_affine xq;

        k->cell_to_affine(&xq, &m->xq[i]);
        if (!satisfies_relation(&m->q[i], &xq))
            break;
    }
    free(m);
    return i;
}

size_t g2_find_invalid(const void *points, size_t n, struct threads *threads)
{
    struct check_job job = {.k = bn254_kernels(),
                            .points = points,
                            .n = n,
                            .point_bytes = sizeof(g2_affine),
                            .first_bad = g2_piece};

    return run(&job, threads);
}
