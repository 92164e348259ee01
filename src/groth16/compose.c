/* compose.c - see compose.h; the code for both groups is compose.inc.h. */
#include "groth16/compose.h"

#include <string.h>

#include "bn254/g1.h"
#include "bn254/g2.h"
#include "groth16/field_io.h"

#define PIECE_WIRES 256u
#define LONG_TERMS  512u /* from here a multi-scalar multiplication wins by far */

static size_t terms_of(const struct compose_part parts[], unsigned n_parts, uint32_t w)
{
    size_t n = 0;
    for (unsigned p = 0; p < n_parts; p++)
        n += parts[p].columns->start[w + 1] - parts[p].columns->start[w];
    return n;
}

/* k = v or -v, whichever is below r / 2, returning true for -v. */
static bool short_coefficient(fr_bits *k, const fr *v)
{
    fr neg;
    fr_bits n;

    fr_neg(&neg, v);
    fr_to_bits(k, v);
    fr_to_bits(&n, &neg);
    for (int i = 3; i >= 0; i--) {
        if (k->l[i] < n.l[i])
            return false;
        if (k->l[i] > n.l[i])
            break;
    }
    *k = n;
    return !fr_is_zero(v);
}

#define PASTE2(a, b) a##_##b
#define PASTE(a, b)  PASTE2(a, b)
#define NAME(x)      PASTE(GROUP, x)

#define GROUP       g1
#define AFFINE      g1_affine
#define FIELD       fp
#define POINT_BYTES G1_BYTES
#define RUN_MSM     work_msm_g1
#define COMPOSE     compose_g1
#include "groth16/compose.inc.h"
#undef GROUP
#undef AFFINE
#undef FIELD
#undef POINT_BYTES
#undef RUN_MSM
#undef COMPOSE

#define GROUP       g2
#define AFFINE      g2_affine
#define FIELD       fp2
#define POINT_BYTES G2_BYTES
#define RUN_MSM     work_msm_g2
#define COMPOSE     compose_g2
#include "groth16/compose.inc.h"
