/* The body of POST /tasks, as far as it is read without a store. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/shape.h"
#include "api/submit.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_inline(const struct inline_bytes *in, const char *named)
{
    uint8_t digest[SHA3_256_BYTES];
    char hex[SHA3_256_HEX_BYTES];

    if (!in->given)
        return;
    sha3_256(digest, in->bytes, in->n);
    hex_encode(hex, digest, sizeof digest);
    if (strcmp(hex, in->sha3) != 0 || !named || strcmp(hex, named) != 0)
        abort(); /* the spec must name what was given */
}

/* What was accepted prints and parses again to the same inputs. */
static void check_again(const struct submission *s, struct arena *a)
{
    uint8_t before[SHA3_256_BYTES], after[SHA3_256_BYTES];
    json_t *v = task_spec_to_json(&s->spec);
    struct task_spec again;
    struct err err;

    if (!v || task_spec_parse(&again, a, v, &err) < 0)
        abort();
    task_spec_inputs_digest(before, &s->spec.inputs, &s->spec.limits);
    task_spec_inputs_digest(after, &again.inputs, &again.limits);
    if (memcmp(before, after, sizeof before) != 0 || again.budget != s->spec.budget)
        abort();
    json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct submission s = {0};
    struct arena a;
    struct err err;
    json_t *body;

    if (shape_check((const char *)data, n, &err) < 0 ||
        json_parse(&body, (const char *)data, n, &err) < 0)
        return 0;
    arena_init(&a, 64u << 20);
    if (submission_read(&s, &a, body, &err) == VCP_OK) {
        check_inline(&s.module, s.spec.module_sha3);
        check_inline(&s.input, s.spec.inputs.stdin_sha3);
        check_again(&s, &a);
    } else if (err.code >= 0 || !err.msg[0]) {
        abort();
    }
    submission_release(&s);
    arena_release(&a);
    json_decref(body);
    return 0;
}
