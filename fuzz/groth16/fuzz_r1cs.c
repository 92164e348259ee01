/* fuzz_r1cs.c - any bytes as a .r1cs: refused, or read to the end and rebuilt in memory. */
#include <stdint.h>
#include <stdlib.h>

#include "groth16/cs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct r1cs r;
    struct cs cs;
    struct err e;

    if (r1cs_parse(&r, "fuzz", data, size, &e) < 0)
        return 0;
    if (r.n_wires < 4096 && r.n_public < 4096 && cs_from_r1cs(&cs, &r, &e) == VCP_OK) {
        fr *z = calloc(cs.n_wires, sizeof *z);
        struct cs_columns t;
        if (!z)
            abort();
        if (cs_first_unsatisfied(&cs, z) > cs.n_rows)
            abort();
        for (unsigned m = 0; m < 3; m++) {
            if (cs_columns_init(&t, &cs, m, &e) < 0)
                abort();
            if (t.start[cs.n_wires] != cs.m[m].n_terms)
                abort();
            cs_columns_release(&t);
        }
        free(z);
        cs_release(&cs);
    }
    r1cs_release(&r);
    return 0;
}
