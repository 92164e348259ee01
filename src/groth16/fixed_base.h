/* fixed_base.h - many multiples of one point: out[i] = k[i] base, for making keys.
 *
 * A table holds d 2^(w c) base for every window w of c bits and every digit d > 0; a
 * multiple is then one affine addition a window, and the additions of a thousand
 * scalars share each inversion.  Since scalars are below r, the running sum never
 * meets plus or minus the point it is added to: d 2^(wc) exceeds what the lower
 * windows hold, and their sum is below r.  Variable time. */
#ifndef GROTH16_FIXED_BASE_H
#define GROTH16_FIXED_BASE_H

#include "groth16/work.h"

struct fixed_base {
    unsigned window_bits, n_windows;
    size_t table_bytes;
    void *table; /* [n_windows][2^window_bits - 1] affine points */
};

/* n: how many multiples will be asked for, to choose the window. */
int fixed_base_g1_init(struct fixed_base *t, const g1_affine *base, size_t n, struct work *work,
                       struct err *err);
int fixed_base_g2_init(struct fixed_base *t, const g2_affine *base, size_t n, struct work *work,
                       struct err *err);
void fixed_base_release(struct fixed_base *t, struct work *work);

/* k[] canonical. */
void fixed_base_g1_mul(g1_affine out[], const struct fixed_base *t, const fr_bits k[], size_t n,
                       struct threads *threads);
void fixed_base_g2_mul(g2_affine out[], const struct fixed_base *t, const fr_bits k[], size_t n,
                       struct threads *threads);

#endif
