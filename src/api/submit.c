/* submit.c - POST /tasks: from a submission with inline or stored bytes to a placed task.
 *
 * Inline bytes are digested first and take the place of a digest in the submission, so
 * that one parser (mesh/task_spec.h) reads both forms; they are stored only after
 * everything else was found right. */
#include <stdlib.h>
#include <string.h>

#include "api/render.h"
#include "api/routes.h"
#include "api/submit.h"
#include "attest/claim.h"
#include "base/limits.h"
#include "store/blobs.h"

void submission_release(struct submission *s)
{
    free(s->module.owned);
    free(s->input.owned);
}

/* ---- inline bytes ---- */

static int take_base64(struct inline_bytes *out, json_t *v, const char *name, struct err *err)
{
    size_t len = json_string_length(v);

    if (!json_is_string(v))
        return err_set(err, VCP_EINVAL, "%s must be base64 text", name);
    out->owned = malloc(len / 4 * 3 + 4);
    if (!out->owned)
        return err_set(err, VCP_ENOMEM, "no memory for %s", name);
    if (!base64_decode(out->owned, &out->n, json_string_value(v), len))
        return err_set(err, VCP_EINVAL, "%s is not base64 (RFC 4648, with padding)", name);
    out->bytes = out->owned;
    out->given = true;
    return VCP_OK;
}

static int take_text(struct inline_bytes *out, json_t *v, struct err *err)
{
    if (!json_is_string(v))
        return err_set(err, VCP_EINVAL, "inputs.stdin must be text");
    out->bytes = json_string_value(v);
    out->n = json_string_length(v);
    out->given = true;
    return VCP_OK;
}

static json_t *member(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);

    return json_is_null(v) ? NULL : v;
}

/* Puts the digest where a stored blob's would stand. */
static int replace(struct inline_bytes *in, json_t *o, const char *key, struct err *err)
{
    const char *stated = NULL;
    uint8_t digest[SHA3_256_BYTES];
    int rc = json_get_str(&stated, o, key, SHA3_256_HEX_BYTES - 1, err);

    if (rc < 0)
        return rc;
    sha3_256(digest, in->bytes, in->n);
    hex_encode(in->sha3, digest, sizeof digest);
    if (stated && strcmp(stated, in->sha3) != 0)
        return err_set(err, VCP_EINVAL, "%s is %s but the bytes given have %s", key, stated,
                       in->sha3);
    return json_object_set_new(o, key, json_string(in->sha3)) < 0
               ? err_set(err, VCP_ENOMEM, "no memory for the task")
               : VCP_OK;
}

static int take_module(struct submission *s, json_t *body, struct err *err)
{
    json_t *v = member(body, "wasm_module");
    int rc;

    if (!v)
        return VCP_OK;
    if ((rc = take_base64(&s->module, v, "wasm_module", err)) < 0 ||
        (rc = replace(&s->module, body, "module_sha3", err)) < 0)
        return rc;
    json_object_del(body, "wasm_module");
    return VCP_OK;
}

static int take_input(struct submission *s, json_t *body, struct err *err)
{
    json_t *inputs = json_object_get(body, "inputs");
    json_t *text = member(inputs, "stdin"), *base64 = member(inputs, "stdin_base64");
    int rc;

    if (text && base64)
        return err_set(err, VCP_EINVAL, "give inputs.stdin or inputs.stdin_base64, not both");
    if (!text && !base64)
        return VCP_OK;
    rc = text ? take_text(&s->input, text, err)
              : take_base64(&s->input, base64, "inputs.stdin_base64", err);
    return rc < 0 ? rc : replace(&s->input, inputs, "stdin_sha3", err);
}

int submission_read(struct submission *out, struct arena *a, json_t *body, struct err *err)
{
    int rc;

    if ((rc = take_module(out, body, err)) < 0 || (rc = take_input(out, body, err)) < 0)
        return rc;
    return task_spec_parse(&out->spec, a, body, err);
}

/* ---- stored bytes ---- */

static int find_stored(struct call *c, const char *sha3, const char *what, struct store_blob *out,
                       struct err *err)
{
    struct store_tx *tx;
    bool may = false;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_blob_get(tx, out, sha3, err);
    if (rc == VCP_OK)
        rc = store_blob_readable(tx, &may, c->caller.user_id, sha3, err);
    store_rollback(tx);
    if (rc == VCP_ENOTFOUND || (rc == VCP_OK && !may))
        return err_set(err, VCP_ENOTFOUND, "%s: there is no content %s; upload it first", what,
                       sha3);
    return rc;
}

/* What cannot be proven whatever it does is refused here rather than by each node. */
static int check_provable(const struct submission *s, const void *bytes, size_t n, struct err *err)
{
    int rc = claim_provable(&s->spec.inputs, &s->spec.limits, bytes, n, err);

    if (rc == VCP_OK || rc == VCP_ENOMEM)
        return rc;
    err_prefix(err, "policy proof: this task cannot be proven");
    if (err)
        err->code = VCP_EINVAL;
    return VCP_EINVAL;
}

static int check_module_bytes(struct call *c, struct submission *s, const void *bytes, size_t n,
                              struct err *err)
{
    uint32_t mb = s->spec.type->module_mb_max;
    uint8_t digest[SHA3_256_BYTES];

    if (n > (size_t)mb << 20)
        return err_set(err, VCP_EINVAL, "the module has %zu bytes; %s takes at most %u MB", n,
                       s->spec.type->name, mb);
    hex_decode(digest, sizeof digest, s->spec.module_sha3);
    int rc = modules_check(&c->api->modules, digest, bytes, n, s->spec.inputs.entry, err);
    return rc < 0 || s->spec.policy != TASK_POLICY_PROOF ? rc : check_provable(s, bytes, n, err);
}

static int check_module(struct call *c, struct submission *s, struct err *err)
{
    struct store_blob blob;
    struct file_map map;
    int rc;

    if (s->module.given)
        return check_module_bytes(c, s, s->module.bytes, s->module.n, err);
    if ((rc = find_stored(c, s->spec.module_sha3, "module_sha3", &blob, err)) < 0 ||
        (rc = store_blob_map(c->api->store, &map, blob.sha3, err)) < 0)
        return rc;
    rc = check_module_bytes(c, s, map.data, map.size, err);
    file_map_release(&map);
    return rc;
}

/* stdin_bytes is what the store knows, whatever the submitter wrote. */
static int check_input(struct call *c, struct submission *s, struct err *err)
{
    struct store_blob blob;
    int rc;

    if (!s->spec.inputs.stdin_sha3)
        return VCP_OK;
    if (s->input.given) {
        s->spec.inputs.stdin_bytes = s->input.n;
        return VCP_OK;
    }
    if ((rc = find_stored(c, s->spec.inputs.stdin_sha3, "inputs.stdin_sha3", &blob, err)) < 0)
        return rc;
    s->spec.inputs.stdin_bytes = (uint64_t)blob.size_bytes;
    return VCP_OK;
}

static int store_inline(struct call *c, const struct inline_bytes *in, struct err *err)
{
    struct store_blob blob;

    if (!in->given)
        return VCP_OK;
    return store_blob_put(c->api->store, &blob, c->caller.user_id, in->bytes, in->n,
                          c->api->config.blob_quota_bytes, api_now_ms(c->api), err);
}

/* ---- the call ---- */

static int idempotency_key(struct call *c, const char **out, struct err *err)
{
    const char *key = http_request_header(c->rq, "Idempotency-Key");
    size_t i, n = key ? strlen(key) : 0;

    *out = key;
    if (!key)
        return VCP_OK;
    if (n < 1 || n > COORD_KEY_BYTES_MAX)
        return err_set(err, VCP_EINVAL, "Idempotency-Key must have 1 to %u characters",
                       COORD_KEY_BYTES_MAX);
    for (i = 0; i < n; i++)
        if (key[i] < 0x21 || key[i] > 0x7e)
            return err_set(err, VCP_EINVAL, "Idempotency-Key must be printable ASCII");
    return VCP_OK;
}

static int submit(struct call *c, struct submission *s, struct coord_submitted *out,
                  struct err *err)
{
    const char *key;
    int rc;

    if ((rc = idempotency_key(c, &key, err)) < 0 ||
        (rc = submission_read(s, &c->rq->arena, c->body, err)) < 0 ||
        (rc = check_module(c, s, err)) < 0 || (rc = check_input(c, s, err)) < 0)
        return rc;
    if ((rc = store_inline(c, &s->module, err)) < 0 || (rc = store_inline(c, &s->input, err)) < 0) {
        if (rc == VCP_ELIMIT)
            reply_status(c->rs, 413, err->msg);
        return rc;
    }
    return coord_task_submit(c->api->coord, c->caller.user_id, &s->spec, key, out, err);
}

int handle_task_submit(struct call *c, struct err *err)
{
    struct coord_submitted submitted;
    struct submission s = {0};
    int rc = submit(c, &s, &submitted, err);

    submission_release(&s);
    if (rc < 0)
        return rc;
    return reply_task(c, submitted.existing ? 200 : 201, submitted.task_id, err);
}
