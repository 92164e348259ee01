/* g1.h - the curve y^2 = x^3 + 3 over Fp: prime order r, so on-curve is in-group.
 *
 * Affine points are (x, y) with (0, 0) for the point at infinity, the memory form of
 * circom's .zkey and .ptau files.  G1 points in Jacobian form stand for
 * (X/Z^2, Y/Z^3); Z = 0 is infinity.  The addition formulas are those of the EFD for
 * a = 0 with every exceptional case handled.  Everything named _var takes time that
 * depends on its inputs.  Outputs may alias inputs. */
#ifndef BN254_G1_H
#define BN254_G1_H

#include "bn254/fp.h"
#include "bn254/fr.h"

typedef struct {
    fp x, y;
} g1_affine;

typedef struct {
    fp x, y, z;
} g1;

extern const g1 g1_infinity;
extern const g1_affine g1_generator;

bool g1_is_infinity(const g1 *a);
bool g1_affine_is_infinity(const g1_affine *a);
bool g1_eq(const g1 *a, const g1 *b);
bool g1_affine_eq(const g1_affine *a, const g1_affine *b);
void g1_from_affine(g1 *out, const g1_affine *a);
void g1_to_affine(g1_affine *out, const g1 *a);
/* n points with one inversion (variable time); scratch: n elements. */
void g1_to_affine_n(g1_affine out[], const g1 a[], size_t n, fp scratch[]);
void g1_neg(g1 *out, const g1 *a);
void g1_affine_neg(g1_affine *out, const g1_affine *a);
void g1_dbl(g1 *out, const g1 *a);
void g1_add(g1 *out, const g1 *a, const g1 *b);
void g1_add_affine(g1 *out, const g1 *a, const g1_affine *b);

/* out = k a.  The first is constant time (complete formulas of Renes, Costello and
 * Batina 2015, fixed windows, masked table reads) and requires a in the group of
 * order r; the second is quicker and is for public scalars. */
void g1_mul(g1 *out, const g1_affine *a, const fr_bits *k);
void g1_mul_var(g1 *out, const g1_affine *a, const fr_bits *k);
/* out[i] = k[i] a[i] for k[i] below 2^254; out may be a.  The first takes time that does not
 * depend on the scalars; to the second, short ones are cheaper. */
void g1_mul_n(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
void g1_mul_n_var(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
/* out = k[0] a[0] + ... + k[n-1] a[n-1], variable time; for fewer points than msm.h is for. */
void g1_mul_sum_var(g1 *out, const g1_affine a[], const fr_bits k[], size_t n);

/* Coordinates canonical and on the curve (infinity is).  A decoder's first question. */
bool g1_affine_is_on_curve(const g1_affine *a);

/* 32 bytes: x big-endian; top bit of the first byte: y is the larger root; next bit:
 * infinity (all else zero).  The form of ffjavascript and snarkjs. */
#define G1_COMPRESSED_BYTES 32
void g1_compress(uint8_t out[G1_COMPRESSED_BYTES], const g1_affine *a);
/* false, and *out untouched, for anything but the one encoding of a point. Variable time. */
bool g1_decompress(g1_affine *out, const uint8_t b[G1_COMPRESSED_BYTES]);

#endif
