/* Any bytes as what a worker may send; the first byte chooses the frame.  What is accepted keeps
 * its promises and comes out the same after encoding again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUTPUT_MAX 1000

static void as_report(const uint8_t *p, size_t n)
{
    struct wire_report r, again;
    struct buf b;

    if (wire_report_decode(&r, p, n, OUTPUT_MAX, NULL) < 0)
        return;
    assert(r.output_bytes <= OUTPUT_MAX && r.error_bytes <= OUTPUT_MAX);
    assert(strlen(r.message) < sizeof r.message && r.status <= RUN_OUT_OF_MEMORY);
    buf_init(&b, 0);
    wire_report_encode(&b, &r);
    assert(wire_report_decode(&again, b.data, b.len, OUTPUT_MAX, NULL) == VCP_OK);
    assert(again.gas_used == r.gas_used && strcmp(again.values, r.values) == 0);
    buf_release(&b);
}

static void as_job(const uint8_t *p, size_t n)
{
    struct run_request job;
    struct arena arena;
    struct buf b;

    arena_init(&arena, 16 << 20);
    if (wire_job_decode(&job, &arena, p, n, NULL) == VCP_OK) {
        buf_init(&b, 0);
        wire_job_encode(&b, &job);
        assert(b.len <= n); /* text behind a missing entry is not repeated */
        buf_release(&b);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_header h;
    struct wire_ready ready;

    if (size == 0)
        return 0;
    switch (data[0] & 3) {
    case 0: as_report(data + 1, size - 1); break;
    case 1: as_job(data + 1, size - 1); break;
    case 2: wire_ready_decode(&ready, data + 1, size - 1, NULL); break;
    default:
        if (size > WIRE_HEADER_BYTES &&
            wire_header_decode(&h, data + 1, WIRE_OUTPUT, OUTPUT_MAX, NULL) == VCP_OK)
            assert(h.length <= OUTPUT_MAX);
    }
    return 0;
}
