/* invert.h - modular inversion of 256-bit numbers by the binary gcd of Pornin,
 * "Optimized Binary GCD for Modular Inversion", eprint 2020/972.
 *
 * Inner steps work on 64-bit approximations of the two numbers (31 low bits that decide
 * parity, 33 top bits that decide order); every 31 of them are applied to the full
 * numbers at once.  The number of steps is fixed and nothing branches on data. */
#ifndef BN254_INVERT_H
#define BN254_INVERT_H

#include <stdint.h>

/* out = 1/y mod m for odd m < 2^255, y < m, ninv = -1/m mod 2^64; 0 for y = 0. */
void invert_mod(uint64_t out[4], const uint64_t y[4], const uint64_t m[4], uint64_t ninv);

#endif
