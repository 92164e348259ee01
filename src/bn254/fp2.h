/* fp2.h - Fp2 = Fp[u]/(u^2 + 1): a = c0 + c1 u.  Outputs may alias inputs. */
#ifndef BN254_FP2_H
#define BN254_FP2_H

#include "bn254/fp.h"

typedef struct {
    fp c0, c1;
} fp2;

extern const fp2 fp2_zero, fp2_one;

void fp2_add(fp2 *out, const fp2 *a, const fp2 *b);
void fp2_sub(fp2 *out, const fp2 *a, const fp2 *b);
void fp2_neg(fp2 *out, const fp2 *a);
void fp2_dbl(fp2 *out, const fp2 *a);
void fp2_half(fp2 *out, const fp2 *a);
void fp2_conj(fp2 *out, const fp2 *a); /* c0 - c1 u = a^p */
void fp2_mul(fp2 *out, const fp2 *a, const fp2 *b);
void fp2_mul_fp(fp2 *out, const fp2 *a, const fp *b);
void fp2_mul_xi(fp2 *out, const fp2 *a); /* a (9 + u), the non-residue of Fp6 */
void fp2_sqr(fp2 *out, const fp2 *a);
void fp2_inv(fp2 *out, const fp2 *a); /* 0 for 0 */
void fp2_inv_batch(fp2 a[], size_t n, fp2 scratch[]);
/* A square root (either); false when there is none.  Variable time. */
bool fp2_sqrt_var(fp2 *out, const fp2 *a);

bool fp2_is_zero(const fp2 *a);
bool fp2_eq(const fp2 *a, const fp2 *b);
bool fp2_is_canonical(const fp2 *a);
void fp2_select(fp2 *out, const fp2 *a, uint64_t take);
/* Order by c1, then c0: plain value above that of its negative. */
bool fp2_is_large(const fp2 *a);

#endif
