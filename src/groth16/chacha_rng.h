/* chacha_rng.h - the random generator of snarkjs's ceremonies, needed to check them.
 *
 * ChaCha with 20 rounds over a 32-byte seed read as eight big-endian words, a zero
 * nonce and a 128-bit block counter; 64-bit words are drawn high half first.  The
 * samplers below repeat ffjavascript's `fromRng`, whose details are part of the
 * transcript: a field element is the drawn 254-bit integer below the modulus taken
 * as the *Montgomery residue*, a point is the first x with a square x^3 + b, the
 * next bit choosing the greater y, times the cofactor. */
#ifndef GROTH16_CHACHA_RNG_H
#define GROTH16_CHACHA_RNG_H

#include <stdint.h>

#include "bn254/fr.h"
#include "bn254/g1.h"
#include "bn254/g2.h"

struct chacha_rng {
    uint32_t state[16], block[16];
    unsigned used; /* words of block already drawn */
};

void chacha_rng_init(struct chacha_rng *r, const uint8_t seed[32]);
uint32_t chacha_rng_u32(struct chacha_rng *r);
uint64_t chacha_rng_u64(struct chacha_rng *r);
void chacha_rng_fr(fr *out, struct chacha_rng *r);
void chacha_rng_g1(g1_affine *out, struct chacha_rng *r);
void chacha_rng_g2(g2_affine *out, struct chacha_rng *r);

#endif
