/* g2.h - the sextic twist y^2 = x^3 + 3/(9 + u) over Fp2; order r times a cofactor.
 *
 * Affine points are (x, y) with (0, 0) for the point at infinity, the memory form of
 * circom's .zkey and .ptau files.  G2 points in Jacobian form stand for
 * (X/Z^2, Y/Z^3); Z = 0 is infinity.  The addition formulas are those of the EFD for
 * a = 0 with every exceptional case handled.  Everything named _var takes time that
 * depends on its inputs.  Outputs may alias inputs. */
#ifndef BN254_G2_H
#define BN254_G2_H

#include "bn254/fp2.h"
#include "bn254/fr.h"

typedef struct {
    fp2 x, y;
} g2_affine;

typedef struct {
    fp2 x, y, z;
} g2;

extern const g2 g2_infinity;
extern const g2_affine g2_generator;

bool g2_is_infinity(const g2 *a);
bool g2_affine_is_infinity(const g2_affine *a);
bool g2_eq(const g2 *a, const g2 *b);
bool g2_affine_eq(const g2_affine *a, const g2_affine *b);
void g2_from_affine(g2 *out, const g2_affine *a);
void g2_to_affine(g2_affine *out, const g2 *a);
/* n points with one inversion (variable time); scratch: n elements. */
void g2_to_affine_n(g2_affine out[], const g2 a[], size_t n, fp2 scratch[]);
void g2_neg(g2 *out, const g2 *a);
void g2_affine_neg(g2_affine *out, const g2_affine *a);
void g2_dbl(g2 *out, const g2 *a);
void g2_add(g2 *out, const g2 *a, const g2 *b);
void g2_add_affine(g2 *out, const g2 *a, const g2_affine *b);

/* out = k a.  The first is constant time (complete formulas of Renes, Costello and
 * Batina 2015, fixed windows, masked table reads) and requires a in the group of
 * order r; the second is quicker and is for public scalars. */
void g2_mul(g2 *out, const g2_affine *a, const fr_bits *k);
void g2_mul_var(g2 *out, const g2_affine *a, const fr_bits *k);

/* Coordinates canonical and on the curve (infinity is).  A decoder's first question. */
bool g2_affine_is_on_curve(const g2_affine *a);
/* In the subgroup of order r, for a point on the curve: variable time. */
bool g2_affine_in_subgroup(const g2_affine *a);
/* Both of the above. */
bool g2_affine_is_valid(const g2_affine *a);
/* The untwist-Frobenius-twist endomorphism. */
void g2_affine_psi(g2_affine *out, const g2_affine *a);

/* 64 bytes: x.c1 then x.c0, big-endian; flags as in g1_compress. */
#define G2_COMPRESSED_BYTES 64
void g2_compress(uint8_t out[G2_COMPRESSED_BYTES], const g2_affine *a);
/* Checks the curve, not the subgroup. */
bool g2_decompress(g2_affine *out, const uint8_t b[G2_COMPRESSED_BYTES]);

#endif
