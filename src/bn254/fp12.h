/* fp12.h - Fp12 = Fp6[w]/(w^2 - v): a = c0 + c1 w.  Outputs may alias inputs. */
#ifndef BN254_FP12_H
#define BN254_FP12_H

#include "bn254/fp6.h"

typedef struct {
    fp6 c0, c1;
} fp12;

extern const fp12 fp12_one;

void fp12_mul(fp12 *out, const fp12 *a, const fp12 *b);
void fp12_sqr(fp12 *out, const fp12 *a);
void fp12_conj(fp12 *out, const fp12 *a); /* a^(p^6): the inverse in GT */
void fp12_inv(fp12 *out, const fp12 *a);
void fp12_frobenius(fp12 *out, const fp12 *a, unsigned power); /* a^(p^power), power 1..3 */
/* a^e, variable time, plain little-endian exponent. */
void fp12_pow_var(fp12 *out, const fp12 *a, const uint64_t e[], size_t n_limbs);
bool fp12_eq(const fp12 *a, const fp12 *b);
bool fp12_is_one(const fp12 *a);

#endif
