/* ntt.h - number-theoretic transforms over Fr, lengths 2^0 .. 2^27.
 *
 * w = fr_root_of_unity(log_n), the root snarkjs uses.  Vectors are in natural order at
 * every entry and exit; inside, decimation in frequency is followed by decimation in
 * time, so that the coset kernel needs no bit reversal.  In place; data in Montgomery
 * form (any common factor passes through, since all maps are linear).  threads may be
 * NULL.  The tables of one length serve all kernels and several threads at once. */
#ifndef BN254_NTT_H
#define BN254_NTT_H

#include "base/threads.h"
#include "bn254/fr.h"

/* Tables for one length, in storage the caller brings: ntt_table_size(log_n) bytes
 * aligned to 64 which must outlive the struct.  Filled for the CPU level of the
 * moment, and used at that level. */
struct ntt {
    unsigned log_n;
    unsigned level; /* enum bn254_level */
    void *table;
};

#define NTT_LOG_MAX (FR_TWO_ADICITY - 1)

size_t ntt_table_size(unsigned log_n);
void ntt_init(struct ntt *t, unsigned log_n, void *storage, struct threads *threads);

/* a[i] = f(w^i) from coefficients f[i], and back. */
void ntt_forward(const struct ntt *t, fr a[], struct threads *threads);
void ntt_inverse(const struct ntt *t, fr a[], struct threads *threads);

/* Values of f (degree < n) on <w> to values on the odd coset: f(w^i) becomes
 * f(g w^i), where g = fr_root_of_unity(log_n + 1), so g^n = -1.  One
 * inverse and one forward transform in a single kernel. */
void ntt_to_coset(const struct ntt *t, fr a[], struct threads *threads);
/* The inverse of ntt_to_coset: values on g<w> to values on <w>. */
void ntt_from_coset(const struct ntt *t, fr a[], struct threads *threads);

/* out[i] = a[i] b[i] - c[i] (c may be NULL for 0); out may alias any. */
void fr_mul_sub_n(fr out[], const fr a[], const fr b[], const fr c[], size_t n,
                  struct threads *threads);

#endif
