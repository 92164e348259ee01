/* pairing.h - the optimal ate pairing e: G1 x G2 -> GT of BN254.
 *
 * Miller loop over 6x + 2 (x = 4965661367192848881) in signed binary, two closing
 * lines with the Frobenius images of Q; final exponentiation by the hard part of
 * Fuentes-Castaneda, Knapp and Rodriguez-Henriquez 2011: the value is the usual ate
 * pairing to a fixed power prime to r, so products agree with every other library,
 * single values up to that power.  Infinity on either side pairs to 1.  Points must be
 * on their curves, those of G2 in the subgroup where nothing else is said.  Variable time;
 * nothing allocates. */
#ifndef BN254_PAIRING_H
#define BN254_PAIRING_H

#include "bn254/fp12.h"
#include "bn254/g1.h"
#include "bn254/g2.h"

/* Lines of a Miller loop with Q fixed: 65 doublings, 21 additions, 2 closing lines. */
#define PAIRING_LINES_MAX 96

struct g2_prepared {
    fp2 line[PAIRING_LINES_MAX][2]; /* see pairing_c.c; unspecified for infinity */
};

/* q in the subgroup. */
void g2_prepare(struct g2_prepared *out, const g2_affine *q);

/* One factor e(p, q).  p is on its curve, q on the twist and, if lines is given, in the
 * subgroup: lines are those of q where it is worth keeping them, else NULL. */
struct pairing_pair {
    g1_affine p;
    const g2_affine *q;
    const struct g2_prepared *lines;
};

/* out = product of the Miller loops of n pairs, before the final exponentiation.  Returns n,
 * or the first pair without lines whose q is not in the subgroup, which the loop tells at
 * no cost; out is then unspecified. */
size_t pairing_miller(fp12 *out, const struct pairing_pair pairs[], size_t n);
/* out = a^(m (p^12 - 1) / r) for the fixed m of the method above. */
void pairing_final_exp(fp12 *out, const fp12 *a);
void pairing(fp12 *out, const g1_affine *p, const g2_affine *q);
/* Whether the product of all e(p, q) is 1; true for n = 0, false when a q is not in the
 * subgroup. */
bool pairing_check(const struct pairing_pair pairs[], size_t n);

/* a^k for a in GT (the image of the final exponentiation), variable time. */
void pairing_gt_pow_var(fp12 *out, const fp12 *a, const fr_bits *k);

#endif
