/* fuzz_proof_bytes.c - any bytes as a proof, or as a verifying key: refused, or exactly
 * the canonical encoding of what was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "groth16/proof.h"
#include "groth16/vkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void key(const uint8_t *data, size_t size)
{
    size_t ic_bytes = vkey_ic_size(data, size);
    struct vkey k;
    struct buf out;
    struct err e;
    g1_affine *ic = malloc(ic_bytes + 1);

    if (!ic)
        abort();
    if (vkey_from_bytes(&k, ic, data, size, &e) == VCP_OK) {
        buf_init(&out, 0);
        vkey_put(&out, &k);
        if (out.len != size || memcmp(out.data, data, size) != 0)
            abort();
        buf_release(&out);
    }
    free(ic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct groth16_proof p;
    struct err e;
    uint8_t again[PROOF_BYTES];

    if (size == PROOF_BYTES && proof_from_bytes(&p, data, &e) == VCP_OK) {
        proof_to_bytes(again, &p);
        if (memcmp(again, data, sizeof again) != 0)
            abort();
    }
    key(data, size);
    return 0;
}
