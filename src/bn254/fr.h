/* fr.h - the scalar field of BN254: the order of G1, G2 and GT.
 *
 * r = 21888242871839275222246405745257275088548364400416034343698204186575808495617
 *
 * An element is four little-endian 64-bit limbs in Montgomery form: a is kept as
 * a * 2^256 mod the modulus, always below the modulus.  That is also the form in
 * which circom's .zkey and .ptau files hold coordinates.  Functions without a note
 * take time that does not depend on the values; those named _var, and the text
 * conversions, do.  Outputs may alias inputs. */
#ifndef BN254_FR_H
#define BN254_FR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t l[4];
} fr;

#define FR_BYTES     32
#define FR_DEC_BYTES 78 /* the longest decimal text, 77 digits, and the NUL */

extern const fr fr_zero, fr_one;
/* The modulus itself, plain little-endian limbs. */
extern const uint64_t fr_modulus[4];

void fr_add(fr *out, const fr *a, const fr *b);
void fr_sub(fr *out, const fr *a, const fr *b);
void fr_neg(fr *out, const fr *a);
void fr_dbl(fr *out, const fr *a);
void fr_half(fr *out, const fr *a);
void fr_mul(fr *out, const fr *a, const fr *b);
void fr_sqr(fr *out, const fr *a);
/* a^e for a plain little-endian exponent; time depends on e only. */
void fr_pow(fr *out, const fr *a, const uint64_t e[], size_t n_limbs);
/* 1/a, and 0 for 0 (binary gcd in a fixed number of steps, Pornin 2020). */
void fr_inv(fr *out, const fr *a);
/* In place 1/a[i] for all i with one inversion; zeros stay zero. scratch: n elements. */
void fr_inv_batch(fr a[], size_t n, fr scratch[]);

bool fr_is_zero(const fr *a);
bool fr_eq(const fr *a, const fr *b);
/* Limbs below the modulus: what a decoder asks of Montgomery limbs from a file. */
bool fr_is_canonical(const fr *a);
/* out = a when take is 1, unchanged when 0; constant time. */
void fr_select(fr *out, const fr *a, uint64_t take);

void fr_from_u64(fr *out, uint64_t v);
/* 32 bytes of the plain value; false, and *out untouched, when not below the modulus. */
bool fr_from_le(fr *out, const uint8_t b[FR_BYTES]);
bool fr_from_be(fr *out, const uint8_t b[FR_BYTES]);
void fr_to_le(uint8_t b[FR_BYTES], const fr *a);
void fr_to_be(uint8_t b[FR_BYTES], const fr *a);
/* 64 bytes read little-endian and reduced: uniform when the bytes are. */
void fr_from_wide_le(fr *out, const uint8_t b[64]);
/* Decimal digits only, no sign, no leading zero but "0", below the modulus. */
bool fr_from_dec(fr *out, const char *s, size_t len);
/* Returns the number of digits. */
size_t fr_to_dec(char out[FR_DEC_BYTES], const fr *a);

/* A scalar as a plain (not Montgomery) little-endian integer below r: what the
 * multi-scalar multiplications take, and what circom's .wtns files hold. */
typedef struct {
    uint64_t l[4];
} fr_bits;

void fr_to_bits(fr_bits *out, const fr *a);
/* false, and *out untouched, when not below r. */
bool fr_from_bits(fr *out, const fr_bits *a);
bool fr_bits_is_canonical(const fr_bits *a);
/* n at once; dst may be the same memory as src. */
void fr_to_bits_n(fr_bits dst[], const fr src[], size_t n);
void fr_from_bits_n(fr dst[], const fr_bits src[], size_t n);

/* r - 1 = 2^28 * odd.  A primitive 2^log_n-th root of unity, log_n <= 28: powers of
 * 5^((r-1)/2^28), the roots snarkjs uses (FR_TWO_ADICITY itself for its odd cosets). */
#define FR_TWO_ADICITY 28
void fr_root_of_unity(fr *out, unsigned log_n);

/* Uniform mod r from the operating system: 64 bytes reduced. */
void fr_random(fr *out);

#endif
