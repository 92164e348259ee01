/* Any bytes as a server's lease: what is accepted can be run and answered. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sign_key key;
    struct outcome o = {0};
    struct run_request job;
    struct arena arena;
    struct lease l;
    struct buf none;
    json_t *j, *result;

    if (json_parse(&j, (const char *)data, size, NULL) < 0)
        return 0;
    arena_init(&arena, 16 << 20);
    buf_init(&none, 0);
    if (lease_parse(&l, &arena, j, NULL) == VCP_OK) {
        assert(!strchr(l.lease_id, '/') && !strchr(l.task_id, '/'));
        lease_request(&job, &l);
        result = lease_completed(&l, "node", &key,
                                 &(struct lease_result){&o, &none, &none, NULL, 1, 0});
        assert(result && json_object_get(result, "signature"));
        json_decref(result);
        result = lease_failed(&l, "node", LEASE_FAIL_TIMEOUT, "why");
        assert(result);
        json_decref(result);
    }
    arena_release(&arena);
    json_decref(j);
    return 0;
}
