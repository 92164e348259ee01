/* overread.h - the one "point" of snarkjs's circuit hash that is no point.
 *
 * For a domain above 2^14 that uses a whole .ptau, snarkjs reads 64 bytes past the
 * powers of tau, into the next section, and subtracts a power from them.  Its field
 * arithmetic (wasmcurves, build_f1m.js) then works on numbers that are not below p:
 * additions and subtractions wrap at 2^256 and correct by p once, so that the result
 * is not even right modulo p.  Keys of that size can only be verified by anyone who
 * does the same. */
#ifndef GROTH16_OVERREAD_H
#define GROTH16_OVERREAD_H

#include "bn254/g1.h"

/* out = bytes - p as snarkjs computes it; bytes holds any 64 bytes, p is a point. */
void overread_subtract(g1 *out, const g1_affine *bytes, const g1_affine *p);

#endif
