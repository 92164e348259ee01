/* quotient.h - what the plain and the committed prover share: vectors and blinding. */
#ifndef GROTH16_QUOTIENT_H
#define GROTH16_QUOTIENT_H

#include "base/threads.h"
#include "bn254/fr.h"
#include "bn254/g1.h"

/* fr_to_bits_n by threads; dst may be the same memory as src. */
void fr_to_bits_threads(fr_bits dst[], const fr src[], size_t n, struct threads *threads);

/* The two secrets of a proof, canonical, and minus their product. */
struct blinding {
    fr_bits r, s, minus_rs;
};

void blinding_draw(struct blinding *b);
void blinding_wipe(struct blinding *b);
/* c += s A + r B1 - r s delta, in time that does not depend on r and s. */
void blinding_add(g1 *c, const struct blinding *b, const g1_affine *a, const g1 *b1,
                  const g1_affine *delta);

#endif
