/* msm.h - multi-scalar multiplication: out = k[0] P[0] + ... + k[n-1] P[n-1].
 *
 * Pippenger buckets over signed digits; the window width follows from n, buckets are
 * affine and filled in batches that share an inversion.  Scalars 0 and 1 and points
 * at infinity cost next to nothing, short scalars less.  Time depends on the scalars:
 * see docs/bn254.md for where that is acceptable.
 *
 * points: n of g1_affine (64 bytes each) or g2_affine (128 bytes each) in memory form,
 * at any alignment, so that a mapped .zkey section can be passed as it is.  They must
 * be valid (canonical, on the curve; G2 in the subgroup): results are meaningless, but
 * nothing else breaks, when they are not.  k[] is canonical.  n = 0 gives infinity.
 * threads may be NULL.  Nothing here allocates: the caller brings
 * msm_*_scratch_size(n, threads_count(threads)) bytes aligned to 64, whose contents
 * are unspecified (and depend on the scalars) afterwards. */
#ifndef BN254_MSM_H
#define BN254_MSM_H

#include "base/threads.h"
#include "bn254/g1.h"
#include "bn254/g2.h"

size_t msm_g1_scratch_size(size_t n, unsigned n_threads);
void msm_g1(g1 *out, const void *points, const fr_bits k[], size_t n, struct threads *threads,
            void *scratch);

size_t msm_g2_scratch_size(size_t n, unsigned n_threads);
void msm_g2(g2 *out, const void *points, const fr_bits k[], size_t n, struct threads *threads,
            void *scratch);

/* Index of the first of n points (memory form, any alignment) that is not canonical or
 * not on the curve (G2: or not in the subgroup); n when all are good.  For G2 each thread allocates
 * some 1 MB for the time of the call, and is slower when that fails. */
size_t g1_find_invalid(const void *points, size_t n, struct threads *threads);
size_t g2_find_invalid(const void *points, size_t n, struct threads *threads);

/* out[i] = k[i] base, for setup: a table of the base's multiples, then affine sums that
 * share inversions.  Variable time.  scratch: g1_mul_fixed_scratch_size(n) bytes, 64-aligned. */
size_t g1_mul_fixed_scratch_size(size_t n, unsigned n_threads);
void g1_mul_fixed_n(g1_affine out[], const g1_affine *base, const fr_bits k[], size_t n,
                    struct threads *threads, void *scratch);
size_t g2_mul_fixed_scratch_size(size_t n, unsigned n_threads);
void g2_mul_fixed_n(g2_affine out[], const g2_affine *base, const fr_bits k[], size_t n,
                    struct threads *threads, void *scratch);

#endif
