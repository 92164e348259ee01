/* unmetered.c - `bench_wasm_unmetered FILE N`: one kernel in the engine built without gas, a
 * sibling that exists for one column of bench_wasm.  Prints nanoseconds and checksum. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "kernel_run.h"

#define FILE_BYTES_MAX (16u << 20)

int main(int argc, char **argv)
{
    struct buf bytes = {0};
    struct timing t;
    struct err err;

    if (argc != 3)
        return 2;
    if (file_read(&bytes, argv[1], FILE_BYTES_MAX, &err) < 0 ||
        kernel_run(&t, bytes.data, bytes.len, (unsigned)strtoul(argv[2], NULL, 0), &err) < 0) {
        fprintf(stderr, "bench_wasm_unmetered: %s\n", err.msg);
        return 1;
    }
    printf("%" PRId64 " %" PRIu32 "\n", t.ns, t.checksum);
    buf_release(&bytes);
    return 0;
}
