/* fuzz_receipt.c - any bytes as a receipt: refused, or with exactly these bytes again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zkvm/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct receipt r;
    struct buf again;
    struct err e;

    if (receipt_decode(&r, data, size, &e) < 0)
        return 0;
    buf_init(&again, 0);
    receipt_encode(&again, &r);
    if (again.failed || again.len != size || memcmp(again.data, data, size) != 0)
        abort();
    buf_release(&again);
    receipt_release(&r);
    return 0;
}
