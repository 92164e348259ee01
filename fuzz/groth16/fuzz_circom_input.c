/* fuzz_circom_input.c - any text as input.json: refused, or canonical values by name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "circom/inputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct circom_inputs in;
    struct err e;

    if (circom_inputs_read(&in, "fuzz", data, size, &e) < 0)
        return 0;
    for (size_t i = 0; i < in.n_signals; i++) {
        if (strlen(in.signals[i].name) >= 1024)
            abort();
        for (size_t j = 0; j < in.signals[i].n_values; j++)
            if (!fr_bits_is_canonical(&in.signals[i].values[j]))
                abort();
    }
    circom_inputs_release(&in);
    return 0;
}
