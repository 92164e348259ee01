#include "node/lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/claim.h"
#include "base/hash.h"
#include "base/limits.h"

#define INLINE_BYTES_MAX 65536 /* of each output; docs/api.md */

static int need_id(char *out, json_t *j, const char *key, struct err *err)
{
    const char *s = NULL;
    int rc = json_need_str(&s, j, key, LEASE_ID_BYTES - 1, err);

    if (rc == VCP_OK)
        snprintf(out, LEASE_ID_BYTES, "%s", s);
    return rc;
}

/* Ids become parts of paths and file names. */
static bool id_is_plain(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

    return n > 0 && !s[n];
}

static int parse_inputs(struct lease *l, struct arena *a, json_t *j, struct err *err)
{
    int rc = task_inputs_parse(&l->inputs, a, json_object_get(j, "inputs"), err);

    if (rc == VCP_OK && l->inputs.stdin_bytes > NODE_INPUT_BYTES_MAX)
        rc = err_set(err, VCP_ELIMIT, "lease: standard input of %" PRIu64 " bytes, at most %u",
                     l->inputs.stdin_bytes, NODE_INPUT_BYTES_MAX);
    if (rc == VCP_OK)
        rc = task_limits_parse(&l->limits, json_object_get(j, "limits"), err);
    return rc;
}

int lease_parse(struct lease *out, struct arena *a, json_t *j, struct err *err)
{
    int64_t module_bytes = 0, lease_ms = 0;
    const char *sha3 = NULL;
    struct lease l = {0};
    int rc;

    if (!json_is_object(j))
        return err_set(err, VCP_EINVAL, "a lease must be an object");
    if ((rc = need_id(l.lease_id, j, "lease_id", err)) < 0 ||
        (rc = need_id(l.task_id, j, "task_id", err)) < 0 ||
        (rc = json_need_str(&sha3, j, "module_sha3", 64, err)) < 0 ||
        (rc = json_get_int(&module_bytes, j, "module_bytes", 0, WASM_MODULE_BYTES_MAX, err)) < 0 ||
        (rc = json_need_int(&lease_ms, j, "lease_ms", 1, INT64_MAX / 1000000, err)) < 0 ||
        (rc = json_get_bool(&l.prove, j, "prove", err)) < 0)
        return rc;
    if (!id_is_plain(l.lease_id) || !id_is_plain(l.task_id))
        return err_set(err, VCP_EINVAL, "lease_id and task_id must be letters, digits, - and _");
    if (!sha3_hex_is_valid(sha3))
        return err_set(err, VCP_EINVAL, "module_sha3 must be 64 lower-case hex digits");
    memcpy(l.module_sha3, sha3, sizeof l.module_sha3);
    l.module_bytes = (uint64_t)module_bytes;
    l.lease_ms = lease_ms;
    rc = parse_inputs(&l, a, j, err);
    if (rc == VCP_OK)
        *out = l;
    return rc;
}

void lease_request(struct run_request *out, const struct lease *l)
{
    *out = (struct run_request){
        .entry = l->inputs.entry,
        .args = l->inputs.args,
        .n_args = l->inputs.n_args,
        .env = l->inputs.env,
        .n_env = l->inputs.n_env,
        .seed = l->inputs.seed,
    };
    claim_limits(&out->limits, &l->limits);
}

const char *lease_failure_name(enum lease_failure f)
{
    static const char *const names[] = {"timeout", "shutdown", "cannot_run", "worker_lost",
                                        "cannot_prove"};

    return names[f];
}

static void fill_outcome(struct outcome *o, const struct cage_result *r)
{
    memset(o, 0, sizeof *o);
    o->exit_code = r->report.exit_code;
    snprintf(o->trap, sizeof o->trap, "%s", r->report.trap);
    snprintf(o->values, sizeof o->values, "%s", r->report.values);
    o->gas_used = r->report.gas_used;
    o->output_bytes = r->output.len;
    o->error_bytes = r->error_output.len;
    sha3_256(o->output_sha3, r->output.data, r->output.len);
    sha3_256(o->error_sha3, r->error_output.data, r->error_output.len);
}

bool lease_outcome(struct outcome *out, const struct cage_result *r, enum lease_failure *failure,
                   char *reason, size_t size)
{
    const struct wire_report *report = &r->report;

    if (report->refused) {
        *failure = LEASE_FAIL_CANNOT_RUN;
        snprintf(reason, size, "refused: %s", report->message);
        return false;
    }
    fill_outcome(out, r);
    switch (report->status) {
    case RUN_OK: out->status = OUTCOME_OK; return true;
    case RUN_EXIT: out->status = report->exit_code == 0 ? OUTCOME_OK : OUTCOME_EXIT; return true;
    case RUN_TRAP: out->status = OUTCOME_TRAP; return true;
    case RUN_OUT_OF_GAS: out->status = OUTCOME_OUT_OF_GAS; return true;
    case RUN_TIMEOUT:
    case RUN_CANCELLED:
        *failure = LEASE_FAIL_TIMEOUT;
        snprintf(reason, size, "stopped after %" PRId64 " ms and %" PRIu64 " gas",
                 (report->load_ns + report->run_ns) / 1000000, report->gas_used);
        return false;
    case RUN_OUT_OF_MEMORY:
    default:
        *failure = LEASE_FAIL_CANNOT_RUN;
        snprintf(reason, size, "out of memory on this node: %s", report->message);
        return false;
    }
}

static void sign_outcome(char hex[2 * SIGN_BYTES + 1], const struct lease *l, const char *node_id,
                         const struct sign_key *key, const struct outcome *o,
                         const uint8_t *receipt_sha3)
{
    struct sign_result m = {.task_id = l->task_id, .lease_id = l->lease_id, .node_id = node_id};
    uint8_t sig[SIGN_BYTES];

    hex_decode(m.module_sha3, SHA3_256_BYTES, l->module_sha3);
    task_spec_inputs_digest(m.inputs_sha3, &l->inputs, &l->limits);
    outcome_digest(m.outcome_sha3, o);
    m.receipt_sha3 = receipt_sha3;
    sign_result(sig, &m, key);
    hex_encode(hex, sig, sizeof sig);
}

/* NULL when it is too large for a message. */
static char *inline_text(const struct buf *b)
{
    char *text;

    if (b->len > INLINE_BYTES_MAX)
        return NULL;
    text = malloc(base64_size(b->len));
    if (text)
        base64_encode(text, b->data, b->len);
    return text;
}

/* The bytes, or nothing when they are too many for a message. */
static void set_inline(json_t *j, const char *key, const struct buf *b)
{
    char *text = inline_text(b);

    if (text)
        json_object_set_new(j, key, json_string(text));
    free(text);
}

static void set_receipt(json_t *j, const struct lease_result *r, const uint8_t sha3[SHA3_256_BYTES])
{
    char hex[SHA3_256_HEX_BYTES];

    hex_encode(hex, sha3, SHA3_256_BYTES);
    json_object_set_new(j, "receipt_sha3", json_string(hex));
    json_object_set_new(j, "prove_ms", json_integer(r->prove_ms));
    set_inline(j, "receipt_base64", r->receipt);
}

json_t *lease_completed(const struct lease *l, const char *node_id, const struct sign_key *key,
                        const struct lease_result *r)
{
    const bool proven = r->receipt && r->receipt->len > 0;
    char signature[2 * SIGN_BYTES + 1];
    uint8_t receipt[SHA3_256_BYTES];
    json_t *j;

    if (proven)
        sha3_256(receipt, r->receipt->data, r->receipt->len);
    sign_outcome(signature, l, node_id, key, r->outcome, proven ? receipt : NULL);
    j = json_pack("{s:s, s:s, s:s, s:o, s:I, s:s}", "node_id", node_id, "lease_id", l->lease_id,
                  "status", "completed", "outcome", outcome_to_json(r->outcome),
                  "execution_time_ms", (json_int_t)r->execution_time_ms, "signature", signature);
    if (!j)
        return NULL;
    set_inline(j, "output_base64", r->output);
    set_inline(j, "error_base64", r->error_output);
    if (proven)
        set_receipt(j, r, receipt);
    return j;
}

json_t *lease_failed(const struct lease *l, const char *node_id, enum lease_failure failure,
                     const char *reason)
{
    char text[700];

    snprintf(text, sizeof text, "%s: %s", lease_failure_name(failure), reason);
    return json_pack("{s:s, s:s, s:s, s:s}", "node_id", node_id, "lease_id", l->lease_id, "status",
                     "failed", "reason", text);
}

void lease_falsify(struct cage_result *r)
{
    if (r->output.len > 0)
        r->output.data[r->output.len / 2] ^= 1;
    else
        buf_putc(&r->output, '!');
}
