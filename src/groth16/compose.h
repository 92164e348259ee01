/* compose.h - per-wire sums of Lagrange points: how a key is made from powers of tau.
 *
 *     out[w] = sum over parts p, sum over the terms t of wire w in p:
 *              coef(t) * basis_p[row(t)]
 *
 * Coefficients 1 and -1 cost one addition, short ones (of either sign) a short
 * multiplication; wires with many terms go through a multi-scalar multiplication. */
#ifndef GROTH16_COMPOSE_H
#define GROTH16_COMPOSE_H

#include "groth16/cs.h"
#include "groth16/work.h"

struct compose_part {
    const struct cs_columns *columns;
    const unsigned char *basis; /* points in memory form, one a row of the domain */
};

#define COMPOSE_PARTS_MAX 3

/* Wires first .. first + n - 1 into out[0 .. n). */
int compose_g1(g1_affine out[], const struct cs *c, const struct compose_part parts[],
               unsigned n_parts, uint32_t first, uint32_t n, struct work *work, struct err *err);
int compose_g2(g2_affine out[], const struct cs *c, const struct compose_part parts[],
               unsigned n_parts, uint32_t first, uint32_t n, struct work *work, struct err *err);

#endif
