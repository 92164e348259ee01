/* fuzz_wtns.c - any bytes as a .wtns: refused, or every value canonical. */
#include <stdint.h>
#include <stdlib.h>

#include "groth16/wtns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtns w;
    struct err e;

    if (wtns_parse(&w, "fuzz", data, size, &e) < 0)
        return 0;
    fr_bits *z = malloc((size_t)w.n_wires * sizeof *z);
    if (!z)
        abort();
    wtns_load(z, &w);
    for (uint32_t i = 0; i < w.n_wires; i++)
        if (!fr_bits_is_canonical(&z[i]))
            abort();
    free(z);
    wtns_release(&w);
    return 0;
}
