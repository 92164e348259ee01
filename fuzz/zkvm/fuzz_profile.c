/* fuzz_profile.c - any text as a profile: refused, or with exactly this text again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zkvm/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct profile p;
    struct buf again;
    struct err e;

    if (profile_read(&p, "fuzz", data, size, &e) < 0)
        return 0;
    buf_init(&again, 0);
    profile_write(&again, &p);
    if (again.failed || again.len != size || memcmp(again.data, data, size) != 0)
        abort();
    buf_release(&again);
    return 0;
}
