/* fixed_base.c - see fixed_base.h; the code for both groups is fixed_base.inc.h. */
#include "groth16/fixed_base.h"

#include <string.h>

#include "bn254/g1.h"
#include "bn254/g2.h"

#define PIECE_SCALARS ((size_t)512)
#define SCALAR_BITS   254u

/* A table costs as many additions as its entries, a multiple one a window. */
static void fixed_base_choose(struct fixed_base *t, size_t n)
{
    memset(t, 0, sizeof *t);
    t->window_bits = n < 256 ? 4 : n < 8192 ? 7 : n < 131072 ? 10 : 13;
    t->n_windows = (SCALAR_BITS + t->window_bits - 1) / t->window_bits;
}

static unsigned digit_of(const fr_bits *k, unsigned at, unsigned bits)
{
    uint64_t v = k->l[at / 64] >> (at % 64);
    if (at % 64 + bits > 64 && at / 64 < 3)
        v |= k->l[at / 64 + 1] << (64 - at % 64);
    return (unsigned)(v & ((UINT64_C(1) << bits) - 1));
}

void fixed_base_release(struct fixed_base *t, struct work *work)
{
    work_free(work, t->table, t->table_bytes);
    t->table = NULL;
}

#define PASTE2(a, b) a##_##b
#define PASTE(a, b)  PASTE2(a, b)
#define NAME(x)      PASTE(GROUP, x)
#define FNAME(x)     PASTE(FIELD, x)
#define PUBLIC(x)    PASTE(PASTE(fixed_base, GROUP), x)

#define GROUP  g1
#define AFFINE g1_affine
#define FIELD  fp
#include "groth16/fixed_base.inc.h"
#undef GROUP
#undef AFFINE
#undef FIELD

#define GROUP  g2
#define AFFINE g2_affine
#define FIELD  fp2
#include "groth16/fixed_base.inc.h"
