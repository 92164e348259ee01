/* fuzz_receipt.c - any bytes as a receipt: refused, or with exactly these bytes again.  Where
 * the digest of the routines stands it is put in, so that a corpus outlives it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zkvm/receipt.h"
#include "zkvm/runtime.h"

#define DIGEST_AT 16 /* behind the magic and two versions */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_input(const uint8_t *data, size_t size)
{
    struct receipt r;
    struct buf again;
    struct err e;

    if (receipt_decode(&r, data, size, &e) < 0)
        return;
    buf_init(&again, 0);
    receipt_encode(&again, &r);
    if (again.failed || again.len != size || memcmp(again.data, data, size) != 0)
        abort();
    buf_release(&again);
    receipt_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    if (size >= DIGEST_AT + 32)
        runtime_digest(copy + DIGEST_AT);
    one_input(copy, size);
    free(copy);
    return 0;
}
