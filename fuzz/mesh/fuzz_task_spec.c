/* Any bytes as a task submission, an outcome and a telemetry sample; what parses must survive
 * printing and parsing again with the same digest. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/outcome.h"
#include "mesh/task_spec.h"
#include "mesh/telemetry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_spec(json_t *j)
{
    struct task_spec s, t;
    uint8_t a[32], b[32];
    struct arena arena;
    struct err err;
    json_t *again;

    arena_init(&arena, 16 << 20);
    if (task_spec_parse(&s, &arena, j, &err) == VCP_OK) {
        again = task_spec_to_json(&s);
        assert(task_spec_parse(&t, &arena, again, &err) == VCP_OK);
        task_spec_inputs_digest(a, &s.inputs, &s.limits);
        task_spec_inputs_digest(b, &t.inputs, &t.limits);
        assert(memcmp(a, b, sizeof a) == 0 && s.replicas == t.replicas);
        json_decref(again);
    }
    arena_release(&arena);
}

static void check_outcome(json_t *j)
{
    struct outcome o, p;
    uint8_t a[32], b[32];
    struct err err;
    json_t *again;

    if (outcome_from_json(&o, j, &err) != VCP_OK)
        return;
    again = outcome_to_json(&o);
    assert(again && outcome_from_json(&p, again, &err) == VCP_OK);
    outcome_digest(a, &o);
    outcome_digest(b, &p);
    assert(memcmp(a, b, sizeof a) == 0);
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct telemetry t;
    struct err err;
    json_t *j;

    if (json_parse(&j, (const char *)data, size, &err) != VCP_OK)
        return 0;
    check_spec(j);
    check_outcome(j);
    telemetry_from_json(&t, j, &err);
    json_decref(j);
    return 0;
}
