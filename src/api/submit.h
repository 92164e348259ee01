/* submit.h - a submission as it came: inline bytes, and the spec that names them by digest. */
#ifndef API_SUBMIT_H
#define API_SUBMIT_H

#include "mesh/task_spec.h"

struct inline_bytes {
    const void *bytes; /* borrowed from the body, or from owned */
    void *owned;
    size_t n;
    bool given;
    char sha3[SHA3_256_HEX_BYTES];
};

struct submission {
    struct inline_bytes module, input;
    struct task_spec spec; /* strings live in the arena */
};

/* Reads everything that needs no store; body is changed (digests take the place of
 * inline bytes) and must outlive out.  VCP_EINVAL names the field; VCP_EUNSUPPORTED as
 * task_spec_parse.  Release out in any case; it must be zeroed before. */
int submission_read(struct submission *out, struct arena *a, json_t *body, struct err *err);
void submission_release(struct submission *s);

#endif
