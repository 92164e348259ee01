/* msm_equal.h - terms of a multi-scalar multiplication with equal scalars, added up first.
 *
 * A witness repeats itself: flags, small constants, and the inverses of a table's entries
 * that many rows look up.  A point whose scalar is another's too costs one addition here
 * and one for each window in msm.h.  The scalars are grouped once; each query of a key
 * over the same wires then gathers its terms by the groups:
 *
 *     k = (5, x, 0, x, 7, x):   single 0, 4;  group 1, 3, 5;  wire 2 is dropped
 *
 * Groups have at most MSM_EQUAL_MAX members, so equal scalars may make several groups.
 * Time depends on the scalars, as in msm.h.  Nothing here allocates. */
#ifndef BN254_MSM_EQUAL_H
#define BN254_MSM_EQUAL_H

#include "base/threads.h"
#include "bn254/msm.h"

enum { MSM_EQUAL_MAX = 64, MSM_EQUAL_PARTS = 8 };

/* One part of the scalars: those whose hash begins so. */
struct msm_equal_part {
    uint32_t *wire; /* singles, then the members of group after group */
    uint32_t n_single;
    uint32_t *start; /* of each group in wire[], and the end: n_groups + 1 */
    uint32_t n_groups;
};

struct msm_equal {
    struct msm_equal_part part[MSM_EQUAL_PARTS];
    uint32_t first; /* the wire of k[0] */
    size_t n_terms; /* singles and groups */
    size_t n_wires; /* in them */
};

/* Bytes, aligned to 64, that the groups of n scalars take, and the scratch to find them. */
size_t msm_equal_size(size_t n);
size_t msm_equal_scratch_size(size_t n, unsigned n_threads);
/* Groups k[0 .. n), the scalars of wires first, first + 1, ...; zeros belong to none. */
void msm_equal_find(struct msm_equal *e, const fr_bits k[], uint32_t first, size_t n,
                    struct threads *threads, void *memory, void *scratch);

/* The points of wires first, first + 1, ...  With live, only those whose bit is set are
 * there, in order, and all others are at infinity; before[i] counts the bits of live[0 .. i). */
struct msm_points {
    const void *points; /* any alignment */
    uint32_t first;
    const uint64_t *live; /* NULL: every wire has a point */
    const uint32_t *before;
};

/* z[] is by wire.  Writes the gathered terms, at most e->n_terms, those of points at infinity
 * left out; returns how many.  scratch as told, aligned to 64. */
size_t msm_equal_g1_scratch_size(unsigned n_threads);
size_t msm_equal_g1(g1_affine out[], fr_bits out_k[], const struct msm_points *points,
                    const fr_bits z[], const struct msm_equal *e, struct threads *threads,
                    void *scratch);
size_t msm_equal_g2_scratch_size(unsigned n_threads);
size_t msm_equal_g2(g2_affine out[], fr_bits out_k[], const struct msm_points *points,
                    const fr_bits z[], const struct msm_equal *e, struct threads *threads,
                    void *scratch);

#endif
