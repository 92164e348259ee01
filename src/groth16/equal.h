/* equal.h - the sums of a proof over terms with equal scalars added up first (bn254/msm_equal.h),
 * with memory from struct work.  When the ceiling leaves no room for the gathered terms the
 * plain multiplication does it. */
#ifndef GROTH16_EQUAL_H
#define GROTH16_EQUAL_H

#include "bn254/msm_equal.h"
#include "groth16/work.h"

struct equal {
    struct msm_equal groups;
    uint32_t first;
    size_t n;
    void *memory; /* NULL: no groups were found for want of memory */
    size_t bytes;
};

/* Groups the scalars z[first .. first + n). */
void equal_init(struct equal *e, const fr_bits z[], uint32_t first, size_t n, struct work *work);
void equal_release(struct equal *e, struct work *work);

/* Sum of z[i] times the point of wire i over the wires of all n parts, at most two, which lie
 * behind one another; points has n_points of them. */
int equal_msm_g1(g1 *out, const struct msm_points *points, size_t n_points, const fr_bits z[],
                 const struct equal parts[], unsigned n, struct work *work, enum work_stage stage,
                 struct err *err);
int equal_msm_g2(g2 *out, const struct msm_points *points, size_t n_points, const fr_bits z[],
                 const struct equal parts[], unsigned n, struct work *work, enum work_stage stage,
                 struct err *err);

#endif
