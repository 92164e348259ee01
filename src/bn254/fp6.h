/* fp6.h - Fp6 = Fp2[v]/(v^3 - xi), xi = 9 + u: a = c0 + c1 v + c2 v^2.
 * Outputs may alias inputs. */
#ifndef BN254_FP6_H
#define BN254_FP6_H

#include "bn254/fp2.h"

typedef struct {
    fp2 c0, c1, c2;
} fp6;

extern const fp6 fp6_zero, fp6_one;

void fp6_add(fp6 *out, const fp6 *a, const fp6 *b);
void fp6_sub(fp6 *out, const fp6 *a, const fp6 *b);
void fp6_neg(fp6 *out, const fp6 *a);
void fp6_mul(fp6 *out, const fp6 *a, const fp6 *b);
void fp6_sqr(fp6 *out, const fp6 *a);
void fp6_mul_v(fp6 *out, const fp6 *a); /* a v */
void fp6_inv(fp6 *out, const fp6 *a);   /* 0 for 0 */
bool fp6_is_zero(const fp6 *a);
bool fp6_eq(const fp6 *a, const fp6 *b);

#endif
