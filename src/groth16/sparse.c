/* sparse.c - see sparse.h. */
#include "groth16/sparse.h"

#include "bn254/ntt.h"

void sparse_flush(struct sparse *s)
{
    fr_mul_sub_n(s->coef, s->coef, s->z, NULL, s->n, NULL);
    for (size_t i = 0; i < s->n; i++)
        fr_add(s->to[i], s->to[i], &s->coef[i]);
    s->n = 0;
}
