/* setup_parts.h - pieces that the makers of keys share; not for users of the library. */
#ifndef GROTH16_SETUP_PARTS_H
#define GROTH16_SETUP_PARTS_H

#include "groth16/binfile.h"
#include "groth16/cs.h"
#include "groth16/work.h"

/* Section 4 of a .zkey. */
int setup_put_coefs(struct binfile_writer *w, const struct cs *c, struct err *err);

/* The scalars of a key under one set of trapdoors; all secret. */
struct trapdoors {
    fr tau, alpha, beta, gamma, delta1, delta2; /* none 0; tau in no domain used */
};

/* From the operating system, or from a seed of 32 bytes (tests only) when it is not NULL. */
void trapdoors_draw(struct trapdoors *t, const uint8_t seed[32]);

/* Every wire's three polynomials at tau; all secret, wiped on release. */
struct evals {
    struct work *work;
    fr *u, *v, *w;          /* A, B, C; one a wire */
    fr *lagrange, *scratch; /* one a row of the domain */
    size_t wires_bytes, rows_bytes;
};

int evals_init(struct evals *s, const struct cs *c, const fr *tau, struct work *work,
               struct err *err);
void evals_release(struct evals *s); /* a zeroed or half-built one is legal */

/* lagrange[i] = L_i(tau) over the coset { shift w^i }, w of order 2^log_n, which must
 * not contain tau.  scratch: 2^log_n elements. */
void setup_lagrange(fr lagrange[], unsigned log_n, const fr *shift, const fr *tau, fr scratch[]);

/* Section id of w: the multiples k[i] of the generator. */
int setup_put_multiples_g1(struct binfile_writer *w, uint32_t id, const fr k[], size_t n,
                           struct work *work, struct err *err);
int setup_put_multiples_g2(struct binfile_writer *w, uint32_t id, const fr k[], size_t n,
                           struct work *work, struct err *err);
void setup_multiple_g1(g1_affine *out, const fr *k);
void setup_multiple_g2(g2_affine *out, const fr *k);

#endif
