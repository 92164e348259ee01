/* msm_kernel.h - what one CPU level provides to the multi-scalar multiplication; internal.
 *
 * A cell is a point in the kernel's own affine form, at 64-byte alignment, all zero for
 * infinity; as long as g1_affine or g2_affine, and any of those is also a cell.  Both additions
 * handle every case: infinity on either side, equal points, opposite points.  n is at most
 * MSM_BATCH; the n results share one inversion. */
#ifndef BN254_MSM_KERNEL_H
#define BN254_MSM_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { MSM_BATCH = 2048 };

/* cells[dst] += points[src], or -= when the top bit of src is set; all dst differ. */
struct msm_op {
    uint32_t dst, src;
};

#define MSM_NEGATE 0x80000000u

/* to[dst] = a[a_i] + b[b_i]; a dst may be read by its own operation only. */
struct msm_pair {
    uint32_t dst, a, b;
};

/* Row and column sums of the cells of some windows, see msm_buckets.h. */
struct msm_sums {
    const char *rows, *columns; /* first row sum and first column sum */
    size_t row_stride, row_window, column_stride, column_window; /* in bytes */
    unsigned log_rows, log_columns;
};

struct msm_kernel {
    size_t point_bytes, cell_bytes, scratch_bytes;
    void (*add_points)(void *cells, const void *points, const struct msm_op op[], size_t n,
                       void *scratch);
    void (*add_cells)(void *to, const void *a, const void *b, const struct msm_pair op[], size_t n,
                      void *scratch);
    /* The cell as g1_affine or g2_affine. */
    void (*cell_to_affine)(void *out, const void *cell);
    /* The g1 or g2 that window w contributes. */
    void (*window_value)(void *out, const struct msm_kernel *k, const struct msm_sums *s, size_t w);
};

#endif
