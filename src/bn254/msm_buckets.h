/* msm_buckets.h - the part of Pippenger's method that is the same for both groups:
 * which point goes to which bucket, in batches without two additions to one bucket;
 * internal to msm.c.
 *
 * Scalars.  Signed digits, see digits.h.  A scalar whose negative is below 2^64 is replaced by that
 * and its point negated. Buckets.  Window i has 2^(c-1) cells; cell j holds the sum of points of
 * digit +-(j+1). Batches.  An addition to a cell that this batch already writes waits in `pending`
 * for a later one; when too many wait (equal scalars), they are summed pairwise among themselves
 * first, so that no input is slow. Reduction.  The cells of a window as rows x columns: sum (j+1)
 * cell_j needs only the sums of the rows and of the columns, two batched additions a cell. */
#ifndef BN254_MSM_BUCKETS_H
#define BN254_MSM_BUCKETS_H

#include <stdbool.h>

#include "base/threads.h"
#include "bn254/fr.h"
#include "bn254/msm_kernel.h"

enum {
    MSM_SCALAR_BITS = 254,
    MSM_WINDOW_MIN = 4,
    MSM_WINDOW_MAX = 15, /* 2^14 cells of G1 are 1 MB: a second-level cache */
    MSM_LENGTHS = 33,    /* scalars are grouped by length in bytes, 0..32 */
    MSM_WINDOWS_MAX = (MSM_SCALAR_BITS + MSM_WINDOW_MIN) / MSM_WINDOW_MIN,
    MSM_CELLS_MAX = 1 << (MSM_WINDOW_MAX - 1),
    MSM_SLICE = 1 << 14, /* points that are put in order together */
};

/* A slice's points that count, longest scalars first; at_least[l] of them have l or more
 * bytes, at_least[1] in all. */
struct msm_slice {
    uint32_t at_least[MSM_LENGTHS + 1];
};

struct msm_input {
    const struct msm_kernel *kernel;
    const void *points;
    const fr_bits *k;
    size_t n, n_slices;
    uint32_t *order; /* n entries, MSM_SLICE to a slice; MSM_NEGATE as in msm_op */
    struct msm_slice *slice;
    unsigned window_bits, n_windows;
};

/* Memory for one thread at work on windows of at most window_bits. */
size_t msm_buckets_size(const struct msm_kernel *k, unsigned window_bits);

/* The best window width, at most max, for n scalars of so many bits (and a sign). */
unsigned msm_window_bits(size_t n, unsigned scalar_bits, unsigned max);

/* Windows of this width that one call of msm_buckets_run can take. */
unsigned msm_windows_at_once(unsigned window_bits);

/* Orders the points of one slice; scalars not below r are dropped. */
void msm_slice_sort(struct msm_input *in, size_t i_slice);

/* Windows [w0, w0 + n_windows) over slices [s0, s1), at most msm_windows_at_once of them.
 * out points at the row and column sums in scratch. */
void msm_buckets_run(struct msm_sums *out, const struct msm_input *in, unsigned w0,
                     unsigned n_windows, size_t s0, size_t s1, void *scratch);

#endif
