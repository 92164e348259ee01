/* fuzz_snarkjs_json.c - any text as proof, public inputs or verification key: refused, or
 * what is read writes back to something that reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "groth16/snarkjs_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void proof(const uint8_t *data, size_t size)
{
    struct groth16_proof a, b;
    struct buf out;
    struct err e;

    if (snarkjs_read_proof(&a, "fuzz", data, size, &e) < 0)
        return;
    buf_init(&out, 0);
    snarkjs_write_proof(&out, &a);
    if (snarkjs_read_proof(&b, "fuzz", out.data, out.len, &e) < 0 || memcmp(&a, &b, sizeof a) != 0)
        abort();
    buf_release(&out);
}

static void public_inputs(const uint8_t *data, size_t size)
{
    fr_bits *a, *b;
    size_t n, m;
    struct buf out;
    struct err e;

    if (snarkjs_read_public(&a, &n, "fuzz", data, size, &e) < 0)
        return;
    buf_init(&out, 0);
    snarkjs_write_public(&out, a, n);
    if (snarkjs_read_public(&b, &m, "fuzz", out.data, out.len, &e) < 0 || n != m ||
        memcmp(a, b, n * sizeof *a) != 0)
        abort();
    buf_release(&out);
    free(a);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vkey *k;
    struct err e;

    if (size == 0)
        return 0;
    switch (data[0]) { /* a space is JSON too, and libFuzzer finds the letters */
    case 'p': proof(data + 1, size - 1); break;
    case 'i': public_inputs(data + 1, size - 1); break;
    default:
        if (snarkjs_read_vkey(&k, "fuzz", data + 1, size - 1, &e) == VCP_OK)
            vkey_free(k);
    }
    return 0;
}
