/* fp.h - the base field of BN254.
 *
 * p = 21888242871839275222246405745257275088696311157297823662689037894645226208583
 *
 * An element is four little-endian 64-bit limbs in Montgomery form: a is kept as
 * a * 2^256 mod the modulus, always below the modulus.  That is also the form in
 * which circom's .zkey and .ptau files hold coordinates.  Functions without a note
 * take time that does not depend on the values; those named _var, and the text
 * conversions, do.  Outputs may alias inputs. */
#ifndef BN254_FP_H
#define BN254_FP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t l[4];
} fp;

#define FP_BYTES     32
#define FP_DEC_BYTES 78 /* the longest decimal text, 77 digits, and the NUL */

extern const fp fp_zero, fp_one;
/* The modulus itself, plain little-endian limbs. */
extern const uint64_t fp_modulus[4];

void fp_add(fp *out, const fp *a, const fp *b);
void fp_sub(fp *out, const fp *a, const fp *b);
void fp_neg(fp *out, const fp *a);
void fp_dbl(fp *out, const fp *a);
void fp_half(fp *out, const fp *a);
void fp_mul(fp *out, const fp *a, const fp *b);
void fp_sqr(fp *out, const fp *a);
/* a^e for a plain little-endian exponent; time depends on e only. */
void fp_pow(fp *out, const fp *a, const uint64_t e[], size_t n_limbs);
/* 1/a, and 0 for 0 (binary gcd in a fixed number of steps, Pornin 2020). */
void fp_inv(fp *out, const fp *a);
/* In place 1/a[i] for all i with one inversion; zeros stay zero. scratch: n elements. */
void fp_inv_batch(fp a[], size_t n, fp scratch[]);

bool fp_is_zero(const fp *a);
bool fp_eq(const fp *a, const fp *b);
/* Limbs below the modulus: what a decoder asks of Montgomery limbs from a file. */
bool fp_is_canonical(const fp *a);
/* out = a when take is 1, unchanged when 0; constant time. */
void fp_select(fp *out, const fp *a, uint64_t take);

void fp_from_u64(fp *out, uint64_t v);
/* 32 bytes of the plain value; false, and *out untouched, when not below the modulus. */
bool fp_from_le(fp *out, const uint8_t b[FP_BYTES]);
bool fp_from_be(fp *out, const uint8_t b[FP_BYTES]);
void fp_to_le(uint8_t b[FP_BYTES], const fp *a);
void fp_to_be(uint8_t b[FP_BYTES], const fp *a);
/* 64 bytes read little-endian and reduced: uniform when the bytes are. */
void fp_from_wide_le(fp *out, const uint8_t b[64]);
/* Decimal digits only, no sign, no leading zero but "0", below the modulus. */
bool fp_from_dec(fp *out, const char *s, size_t len);
/* Returns the number of digits. */
size_t fp_to_dec(char out[FP_DEC_BYTES], const fp *a);

/* A square root; false when there is none.  The root returned is a^((p+1)/4). */
bool fp_sqrt(fp *out, const fp *a);
/* Plain value above (p-1)/2: the sign bit of compressed points. */
bool fp_is_large(const fp *a);

#endif
