/* k[i] base for many i: windows of the scalars one after another, a table of the base's
 * multiples for each, one batch-affine addition for each digit. */
#include <stdatomic.h>
#include <string.h>

#include "bn254/digits.h"
#include "bn254/kernels.h"

enum { FIXED_SCALAR_BITS = 254 };

struct fixed_memory {
    struct msm_op op[MSM_BATCH];
    struct msm_pair pair[MSM_BATCH];
};

static size_t align64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Table entries and additions weigh the same: windows * (n + 2^(c-1)). */
static unsigned fixed_window_bits(size_t n)
{
    unsigned best = 4;
    double best_cost = 0;

    for (unsigned c = 4; c <= 14; c++) {
        unsigned windows = (FIXED_SCALAR_BITS + c) / c;
        double cost = windows * ((double)n + (double)((size_t)1 << (c - 1)));

        if (c == 4 || cost < best_cost) {
            best = c;
            best_cost = cost;
        }
    }
    return best;
}

#define POINT   g1
#define AFFINE  g1_affine
#define G(name) g1_##name
#define KERNEL  msm_g1
#include "bn254/mul_fixed.inc.h"
#undef POINT
#undef AFFINE
#undef G
#undef KERNEL

#define POINT   g2
#define AFFINE  g2_affine
#define G(name) g2_##name
#define KERNEL  msm_g2
#include "bn254/mul_fixed.inc.h"
