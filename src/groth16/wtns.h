/* wtns.h - a witness: the value of every wire, z = (1, public, private).
 *
 * Source: snarkjs's .wtns, versions 1 and 2: section 1 holds the prime and the
 * count, section 2 that many 32-byte little-endian values.  Every value is below r
 * and the first is 1, or the file is refused. */
#ifndef GROTH16_WTNS_H
#define GROTH16_WTNS_H

#include "bn254/fr.h"
#include "groth16/binfile.h"

struct wtns {
    struct binfile file;
    uint32_t n_wires;
    const unsigned char *values; /* n_wires times 32 bytes, any alignment */
};

int wtns_open(struct wtns *w, const char *path, struct err *err);
int wtns_parse(struct wtns *w, const char *name, const void *p, size_t n, struct err *err);
void wtns_release(struct wtns *w);

/* z[0..n_wires): canonical values, as everything that proves takes them. */
void wtns_load(fr_bits z[], const struct wtns *w);

int wtns_write(const char *path, const fr_bits z[], uint32_t n_wires, struct err *err);

#endif
