/* sparse.h - sums of products with a sparse matrix: *to += coef * z for many terms, the
 * products in batches of the vector loops of ntt.h.
 *
 * Products are Montgomery products, so the sums are in Montgomery form when coef is
 * v R^2 and z plain, or plain when coef is v R.  Rows are shared with nobody else; their
 * values count only after sparse_flush. */
#ifndef GROTH16_SPARSE_H
#define GROTH16_SPARSE_H

#include <string.h>

#include "bn254/fr.h"

enum {
    SPARSE_BATCH = 256,
    SPARSE_AHEAD = 48 /* terms by which callers prefetch their z */
};

struct sparse {
    size_t n;
    fr *to[SPARSE_BATCH];
    fr coef[SPARSE_BATCH], z[SPARSE_BATCH];
};

void sparse_flush(struct sparse *s);

/* coef and z at any alignment. */
static inline void sparse_add(struct sparse *s, fr *to, const void *coef, const void *z)
{
    s->to[s->n] = to;
    memcpy(&s->coef[s->n], coef, sizeof(fr));
    memcpy(&s->z[s->n], z, sizeof(fr));
    if (++s->n == SPARSE_BATCH)
        sparse_flush(s);
}

#endif
