/* bench_circuit.h - the circuits that bench_groth16 proves, with a satisfying witness.
 *
 * CIRCOM has the densities counted in circom's circuits: of the wires 28 % are 0 and 20 %
 * are 1, the rest full-size; 45 % are in no row's A and 67 % in no row's B, so that their
 * points in the key are infinity.  Half of the rows are exclusive ors and ands of bits, the
 * others products of sums with constants among full-size values.
 *
 * DENSE has the same values, but every wire is in A and in B: half of the rows say that a
 * wire is a bit, the others square and mix.  No point of the key is infinity, which makes
 * it harder than anything a compiler puts out. */
#ifndef BENCH_GROTH16_BENCH_CIRCUIT_H
#define BENCH_GROTH16_BENCH_CIRCUIT_H

#include "bench/bench.h"
#include "groth16/cs.h"
#include "groth16/zkey.h"

enum bench_shape { CIRCUIT_CIRCOM, CIRCUIT_DENSE };

struct bench_circuit {
    struct cs cs;
    fr *z;
    fr_bits *bits; /* z, canonical */
};

const char *bench_shape_name(enum bench_shape shape);

/* About 2^log_n rows and as many wires, one of them public; memory is b's. */
int bench_circuit_build(struct bench_circuit *c, enum bench_shape shape, unsigned log_n,
                        struct bench *b, struct err *err);
void bench_circuit_release(struct bench_circuit *c);

/* What a key and its witness hold, counted, in percent of the wires. */
struct bench_circuit_counts {
    double zeros, ones, a_infinity, b1_infinity, b2_infinity, coefs_a_row;
};
void bench_circuit_count(struct bench_circuit_counts *out, const struct bench_circuit *c,
                         const struct zkey *k);

#endif
