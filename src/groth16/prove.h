/* prove.h - a Groth16 proof from a snarkjs key and a witness.
 *
 *     A = alpha + sum z_i A_i + r delta          B = beta + sum z_i B_i + s delta
 *     C = sum z_i C_i + sum h_j H_j + s A + r B1 - r s delta
 *
 * h is (A z)(B z) - (C z) on the odd coset: with the H points in that Lagrange basis
 * no division and, C z = (A z)(B z) on the domain, six transforms.  r and s are
 * uniform mod r from the operating system, and their products are constant time; the
 * multi-scalar multiplications take time that depends on the witness.
 *
 * z holds zkey.h.n_wires canonical values, z[0] = 1, and is assumed to satisfy the
 * circuit: the proof of one that does not fails to verify, so verify it (half a
 * millisecond) before handing it on.  The key's points should have been checked. */
#ifndef GROTH16_PROVE_H
#define GROTH16_PROVE_H

#include "groth16/proof.h"
#include "groth16/work.h"
#include "groth16/zkey.h"

/* The public inputs are z[1..n_public]. */
int groth16_prove(struct groth16_proof *out, const struct zkey *k, const fr_bits z[],
                  struct work *work, struct err *err);

/* Scratch bytes the proof needs at least, and what it takes without a ceiling. */
size_t groth16_prove_memory_min(const struct zkey *k, unsigned n_threads);
size_t groth16_prove_memory(const struct zkey *k, unsigned n_threads);

/* a[row] = sum A[row][i] z_i, b alike, over the whole domain, in Montgomery form. */
void groth16_eval_rows(fr a[], fr b[], const struct zkey *k, const fr_bits z[],
                       struct threads *threads);

#endif
