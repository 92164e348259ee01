/* fields.h - the small operations of bench_bn254. */
#ifndef BENCH_BN254_FIELDS_H
#define BENCH_BN254_FIELDS_H

#include "base/rng.h"
#include "bench/bench.h"
#include "bn254/fr.h"
#include "bn254/g1.h"

/* At least so many points and scalars are there, whatever the sizes asked for. */
enum { BENCH_POINTS_MIN = 1024 };

/* p[i] = (i + 1) G, bits[i] = k[i]; at the level in force. */
int bench_fields(struct bench *b, const g1_affine *p, const fr *k, const fr_bits *bits,
                 struct prng *rng, struct err *err);

/* sum of (i + 1) k[i] */
void bench_expected_scalar(fr_bits *out, const fr *k, size_t n);

#endif
