/* fuzz_ptau.c - any bytes as a .ptau: refused, or of the shape that setup relies on. */
#include <stdint.h>
#include <stdlib.h>

#include "groth16/field_io.h"
#include "groth16/ptau.h"
#include "groth16/ptau_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t response[BLAKE2B_DIGEST_BYTES];
    struct ptau_chain chain;
    struct ptau p;
    struct work work = {0};
    struct err e;
    g1_affine hi, lo;

    if (ptau_parse(&p, "fuzz", data, size, &e) < 0)
        return 0;
    size_t n = (size_t)1 << p.power;
    for (size_t i = 0; i <= n; i += n / 2)
        (void)ptau_h_point(&hi, &lo, &p, n, i);
    if (ptau_chain_read(&chain, &p.file, &e) == VCP_OK) {
        for (uint32_t i = 0; i < chain.n; i++)
            ptau_response(response, &chain.list[i]);
        ptau_chain_release(&chain);
    }
    if (p.power <= 4 && data[size - 1] % 16 == 14) /* slow: on one input in 16 */
        (void)ptau_check_domain(&p, 1, &work, &e);
    if (work.memory_now_bytes != 0)
        abort();
    ptau_release(&p);
    return 0;
}
