/* deliver.c - POST /tasks/{id}/result: a node says what came of its lease. */
#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "base/file.h"
#include "base/limits.h"
#include "store/blobs.h"

/* States of a lease that a node could not know of are 409, not 400. */
static int late(struct call *c, int rc, const struct err *err)
{
    if (rc == VCP_ESTATE)
        reply_status(c->rs, 409, err->msg);
    if (rc == VCP_EAUTH)
        reply_status(c->rs, 400, err->msg);
    return rc;
}

/* ---- giving up ---- */

/* "timeout: text" is a word of coord_failure_parse and a note; another word means that
 * it could not run, and all of it is the note. */
static enum coord_failure read_reason(const char *reason, const char **note)
{
    enum coord_failure why = COORD_FAIL_CANNOT_RUN;
    size_t n = strcspn(reason, ":");
    char word[32];

    *note = reason;
    if (n >= sizeof word)
        return why;
    memcpy(word, reason, n);
    word[n] = 0;
    if (!coord_failure_parse(&why, word))
        return COORD_FAIL_CANNOT_RUN;
    *note = reason[n] ? reason + n + 1 + strspn(reason + n + 1, " ") : NULL;
    return why;
}

static int give_up(struct call *c, const char *lease_id, struct err *err)
{
    const char *reason = NULL, *note;
    enum coord_failure why;
    int rc;

    if ((rc = json_need_str(&reason, c->body, "reason", 1024, err)) < 0)
        return rc;
    why = read_reason(reason, &note);
    rc = coord_lease_fail(c->api->coord, NULL, c->caller.node_id, lease_id, why, note, err);
    if (rc < 0)
        return late(c, rc, err);
    return VCP_OK;
}

/* ---- delivering ---- */

/* Most outputs are there already: the empty one, and those that another replica brought. */
static bool is_stored(struct call *c, const uint8_t sha3[SHA3_256_BYTES])
{
    char hex[SHA3_256_HEX_BYTES];
    struct store_blob blob;
    struct store_tx *tx;
    bool found;

    if (store_begin_read(c->api->store, &tx, NULL) < 0)
        return false;
    hex_encode(hex, sha3, SHA3_256_BYTES);
    found = store_blob_get(tx, &blob, hex, NULL) == VCP_OK;
    store_rollback(tx);
    return found;
}

/* Stores an output given inline; it must be what the outcome says it is.  One that is
 * not given must have been uploaded, which the coordinator checks. */
static int store_output(struct call *c, bool *seen, const char *key,
                        const uint8_t sha3[SHA3_256_BYTES], uint64_t bytes, struct err *err)
{
    json_t *v = json_object_get(c->body, key);
    size_t len = json_string_length(v), n = 0;
    uint8_t digest[SHA3_256_BYTES];
    struct store_blob blob;
    void *p;

    if ((!v || json_is_null(v)) && bytes > 0)
        return VCP_OK;
    if (v && !json_is_null(v) && !json_is_string(v))
        return err_set(err, VCP_EINVAL, "%s must be base64 text", key);
    if (len / 4 * 3 > API_INLINE_BYTES_MAX + 2)
        return err_set(err, VCP_EINVAL, "%s is larger than %u bytes; upload it as a blob", key,
                       API_INLINE_BYTES_MAX);
    p = arena_alloc(&c->rq->arena, len / 4 * 3 + 4);
    if (!p)
        return err_set(err, VCP_ENOMEM, "no memory for %s", key);
    if (len > 0 && !base64_decode(p, &n, json_string_value(v), len))
        return err_set(err, VCP_EINVAL, "%s is not base64 (RFC 4648, with padding)", key);
    sha3_256(digest, p, n);
    if (n != bytes || memcmp(digest, sha3, sizeof digest) != 0)
        return err_set(err, VCP_EINVAL, "%s is not what the outcome's size and digest say", key);
    *seen = true;
    return is_stored(c, sha3)
               ? VCP_OK
               : store_blob_put_output(c->api->store, &blob, c->caller.user_id, p, n,
                                       c->api->config.blob_quota_bytes, api_now_ms(c->api), err);
}

/* ---- receipts ---- */

/* A receipt on its way to the coordinator: its bytes are in the arena, or mapped. */
struct receipt_bytes {
    struct file_map map;
    char sha3[SHA3_256_HEX_BYTES];
};

static int take_inline_receipt(struct call *c, struct receipt_bytes *in, struct coord_result *r,
                               const char *text, bool store, struct err *err)
{
    uint8_t digest[SHA3_256_BYTES], *p;
    size_t len = strlen(text), n = 0;
    struct store_blob blob;

    if (len / 4 * 3 > API_INLINE_BYTES_MAX + 2)
        return err_set(err, VCP_EINVAL,
                       "receipt_base64 is larger than %u bytes; upload it as a blob",
                       API_INLINE_BYTES_MAX);
    p = arena_alloc(&c->rq->arena, len / 4 * 3 + 4);
    if (!p)
        return err_set(err, VCP_ENOMEM, "no memory for the receipt");
    if (!base64_decode(p, &n, text, len))
        return err_set(err, VCP_EINVAL, "receipt_base64 is not base64 (RFC 4648, with padding)");
    sha3_256(digest, p, n);
    hex_encode(in->sha3, digest, sizeof digest);
    r->receipt = p;
    r->receipt_bytes = n;
    return store ? store_blob_put_output(c->api->store, &blob, c->caller.user_id, p, n,
                                         c->api->config.blob_quota_bytes, api_now_ms(c->api), err)
                 : VCP_OK;
}

/* Uploaded before, by this node's owner's nodes: what others stored is not his to send. */
static int take_stored_receipt(struct call *c, struct receipt_bytes *in, struct coord_result *r,
                               struct err *err)
{
    struct store_blob blob;
    struct store_tx *tx;
    bool may = false;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_blob_get(tx, &blob, in->sha3, err);
    if (rc == VCP_OK)
        rc = store_blob_readable(tx, &may, c->caller.user_id, in->sha3, err);
    store_rollback(tx);
    if (rc == VCP_ENOTFOUND || (rc == VCP_OK && !may))
        return err_set(err, VCP_EINVAL, "receipt %s is not stored: upload it first", in->sha3);
    if (rc == VCP_OK && blob.size_bytes > ZKVM_RECEIPT_BYTES_MAX)
        return err_set(err, VCP_EINVAL, "a receipt has at most %u bytes", ZKVM_RECEIPT_BYTES_MAX);
    if (rc == VCP_OK)
        rc = store_blob_map(c->api->store, &in->map, in->sha3, err);
    r->receipt = in->map.data;
    r->receipt_bytes = in->map.size;
    return rc;
}

/* receipt_base64, or receipt_sha3 of what was uploaded; without either there is none.  store: the
 * lease is live. */
static int read_receipt(struct call *c, struct receipt_bytes *in, struct coord_result *r,
                        bool store, struct err *err)
{
    json_t *v = json_object_get(c->body, "receipt_base64");
    const char *stated = NULL;
    int rc;

    if ((rc = json_get_str(&stated, c->body, "receipt_sha3", SHA3_256_HEX_BYTES - 1, err)) < 0 ||
        (rc = json_get_int(&r->prove_ms, c->body, "prove_ms", 0, 86400000, err)) < 0)
        return rc;
    if (stated && !sha3_hex_is_valid(stated))
        return err_set(err, VCP_EINVAL, "receipt_sha3 must be 64 lower-case hex digits");
    if (v && !json_is_null(v) && !json_is_string(v))
        return err_set(err, VCP_EINVAL, "receipt_base64 must be base64 text");
    if (json_is_string(v)) {
        rc = take_inline_receipt(c, in, r, json_string_value(v), store, err);
        if (rc == VCP_OK && stated && strcmp(stated, in->sha3) != 0)
            rc = err_set(err, VCP_EINVAL, "receipt_base64 is not what receipt_sha3 says");
    } else if (stated) {
        memcpy(in->sha3, stated, sizeof in->sha3);
        rc = store ? take_stored_receipt(c, in, r, err) : VCP_OK;
    }
    r->receipt_sha3 = in->sha3[0] ? in->sha3 : NULL;
    return rc;
}

static int read_result(struct call *c, struct coord_result *r, struct err *err)
{
    json_t *outcome = json_object_get(c->body, "outcome");
    const char *signature = NULL;
    int rc;

    if (!json_is_object(outcome))
        return err_set(err, VCP_EINVAL, "outcome must be an object");
    if ((rc = outcome_from_json(&r->outcome, outcome, err)) < 0 ||
        (rc = json_get_int(&r->execution_time_ms, c->body, "execution_time_ms", 0, 86400000, err)) <
            0 ||
        (rc = json_need_str(&signature, c->body, "signature", 2 * SIGN_BYTES, err)) < 0)
        return rc;
    if (!hex_decode(r->signature, SIGN_BYTES, signature))
        return err_set(err, VCP_EINVAL, "signature must be %d hex digits", 2 * SIGN_BYTES);
    return VCP_OK;
}

/* Before outputs are stored: a node without this lease stores nothing, and *live says whether it
 * may store now.  (What was delivered before is stored; what is over is for the coordinator
 * to refuse.) */
static int check_lease(struct call *c, const char *lease_id, bool *live, struct err *err)
{
    struct store_assignment a;
    struct store_tx *tx;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_assignment_get(tx, &c->rq->arena, &a, c->params[0], c->caller.node_id, err);
    store_rollback(tx);
    if (rc == VCP_ENOTFOUND)
        return err_set(err, rc, "node %.64s was never given task %.64s", c->caller.node_id,
                       c->params[0]);
    if (rc == VCP_OK && (!a.lease_id || strcmp(a.lease_id, lease_id) != 0))
        rc = late(
            c,
            err_set(err, VCP_ESTATE, "lease %.40s is not the node's lease of this task", lease_id),
            err);
    *live = rc == VCP_OK && a.execution == STORE_IN_PROGRESS && a.disconnected_at_ms == 0;
    return rc;
}

static int deliver(struct call *c, const char *lease_id, struct coord_verdict *v, struct err *err)
{
    struct coord_result r = {
        .node_id = c->caller.node_id, .task_id = c->params[0], .lease_id = lease_id};
    const struct outcome *o = &r.outcome;
    struct receipt_bytes receipt = {.sha3 = ""};
    bool live = false;
    int rc;

    if ((rc = read_result(c, &r, err)) < 0 || (rc = check_lease(c, lease_id, &live, err)) < 0)
        return rc;
    if (live && ((rc = store_output(c, &r.output_seen, "output_base64", o->output_sha3,
                                    o->output_bytes, err)) < 0 ||
                 (rc = store_output(c, &r.error_seen, "error_base64", o->error_sha3, o->error_bytes,
                                    err)) < 0))
        return rc;
    rc = read_receipt(c, &receipt, &r, live, err);
    if (rc == VCP_OK) {
        rc = coord_result_submit(c->api->coord, NULL, &r, v, err);
        rc = rc < 0 ? late(c, rc, err) : VCP_OK;
    }
    file_map_release(&receipt.map);
    return rc;
}

/* ---- the call ---- */

static int reply_verdict(struct call *c, const char *verdict, struct err *err)
{
    struct store_task task;
    struct store_tx *tx;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_task_get(tx, &c->rq->arena, &task, c->params[0], err);
    store_rollback(tx);
    if (rc < 0)
        return rc;
    return reply_json(c, 200,
                      json_pack("{s:o, s:o, s:s, s:s, s:o}", "task_id", jstr(task.task_id),
                                "node_id", jstr(c->caller.node_id), "status",
                                store_task_status_name(task.status), "verdict", verdict,
                                "completed_at", jtime(task.completed_at_ms)),
                      err);
}

int handle_task_result_post(struct call *c, struct err *err)
{
    const char *node_id = NULL, *lease_id = NULL, *status = NULL;
    struct coord_verdict v = {0};
    int rc;

    if ((rc = json_need_str(&node_id, c->body, "node_id", 64, err)) < 0 ||
        (rc = json_need_str(&lease_id, c->body, "lease_id", RNG_UUID_BYTES - 1, err)) < 0 ||
        (rc = json_need_str(&status, c->body, "status", 32, err)) < 0)
        return rc;
    if (strcmp(node_id, c->caller.node_id) != 0)
        return err_set(err, VCP_ENOTFOUND, "a node speaks only for itself");
    if (strcmp(status, "failed") == 0) {
        if ((rc = give_up(c, lease_id, err)) < 0)
            return rc;
        return reply_verdict(c, "failed", err);
    }
    if (strcmp(status, "completed") != 0)
        return err_set(err, VCP_EINVAL, "status must be completed or failed");
    if ((rc = deliver(c, lease_id, &v, err)) < 0)
        return rc;
    return reply_verdict(
        c, v.verdict == STORE_VERDICT_REJECTED ? "disputed" : store_verdict_name(v.verdict), err);
}
