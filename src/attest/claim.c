/* claim.c - see claim.h. */
#include "attest/claim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "wasm/trap.h"

static void put_id(struct sha3 *s, const char *text)
{
    const size_t n = strlen(text);
    const uint8_t length[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
                               (uint8_t)(n >> 24)};

    sha3_update(s, length, sizeof length);
    sha3_update(s, text, n);
}

void claim_context(uint8_t out[32], const char *task_id, const char *lease_id, const char *node_id)
{
    struct sha3 s;

    if (sha3_init(&s) != VCP_OK)
        abort(); /* see sha3_256 */
    put_id(&s, "ambient-proof-context-v1");
    put_id(&s, task_id);
    put_id(&s, lease_id);
    put_id(&s, node_id);
    sha3_final(&s, out);
}

void claim_limits(struct run_limits *out, const struct task_limits *l)
{
    run_limits_preset(out, "default", NULL); /* for what a task does not set */
    out->memory_bytes_max = l->memory_bytes;
    out->gas_max = l->gas;
    out->output_bytes_max = l->output_bytes;
    out->timeout_ms = l->timeout_ms;
    out->call_depth_max = l->call_depth;
}

void claim_request(struct execution_request *out, const struct task_inputs *in,
                   const struct task_limits *l)
{
    *out = (struct execution_request){.entry = in->entry,
                                      .args = in->args,
                                      .n_args = in->n_args,
                                      .env = in->env,
                                      .n_env = in->n_env,
                                      .seed = in->seed};
    claim_limits(&out->limits, l);
}

int claim_provable(const struct task_inputs *in, const struct task_limits *l, const uint8_t *module,
                   size_t module_bytes, struct err *err)
{
    struct execution_request req;
    struct execution_claim claim;

    claim_request(&req, in, l);
    req.module = module;
    req.module_bytes = module_bytes;
    return execution_claim(&claim, &req, err);
}

/* ---- the outcome ---- */

static int differs(struct err *err, const char *what)
{
    return err_set(err, VCP_EVERIFY, "the receipt is of another run: %s differs", what);
}

static enum outcome_status outcome_status_of(const struct statement *s)
{
    switch (s->status) {
    case RUN_OK: return OUTCOME_OK;
    case RUN_EXIT: return s->exit_code == 0 ? OUTCOME_OK : OUTCOME_EXIT;
    case RUN_TRAP: return OUTCOME_TRAP;
    default: return OUTCOME_OUT_OF_GAS;
    }
}

/* The results as they stand at the output's end (wasm/run.h). */
static size_t results_bytes(uint8_t out[8 * STATEMENT_VALUES_MAX], const struct statement *s,
                            const uint8_t types[])
{
    size_t n = 0;

    for (uint32_t i = 0; i < s->n_results; i++) {
        const int bytes = types[i] == VAL_I64 || types[i] == VAL_F64 ? 8 : 4;

        for (int k = 0; k < bytes; k++)
            out[n++] = (uint8_t)(s->results[i] >> 8 * k);
    }
    return n;
}

/* What was written, then the results. */
static int check_output(const struct claim *c, const struct statement *s, const uint8_t types[],
                        struct err *err)
{
    uint8_t results[8 * STATEMENT_VALUES_MAX], digest[32];
    const size_t n = results_bytes(results, s, types);
    const struct outcome *o = c->outcome;

    if (o->output_bytes < n || s->output.bytes != o->output_bytes - n)
        return differs(err, "the output's length");
    if (n == 0)
        return memcmp(s->output.sha3, o->output_sha3, 32) == 0 ? VCP_OK
                                                               : differs(err, "the output");
    if (memcmp(c->output.data + s->output.bytes, results, n) != 0)
        return differs(err, "a result");
    sha3_256(digest, c->output.data, s->output.bytes);
    return memcmp(digest, s->output.sha3, 32) == 0 ? VCP_OK : differs(err, "the output");
}

static int check_values(const struct claim *c, const struct statement *s, const uint8_t types[],
                        struct err *err)
{
    struct wasm_value values[STATEMENT_VALUES_MAX];
    char text[OUTCOME_VALUES_BYTES];

    for (uint32_t i = 0; i < s->n_results; i++)
        values[i] = (struct wasm_value){.bits = s->results[i], .type = types[i]};
    run_values_text(text, sizeof text, values, s->n_results);
    return strcmp(text, c->outcome->values) == 0 ? VCP_OK : differs(err, "a result");
}

static int check_outcome(const struct claim *c, const struct statement *s,
                         const struct execution_claim *want, struct err *err)
{
    const struct outcome *o = c->outcome;
    int rc;

    if (o->status != outcome_status_of(s))
        return differs(err, "how it ended");
    if (o->exit_code != s->exit_code)
        return differs(err, "the exit code");
    if (strcmp(o->trap, s->status == RUN_TRAP ? trap_text((enum trap)s->trap) : "") != 0)
        return differs(err, "the trap");
    if (o->gas_used != s->gas_used)
        return err_set(err, VCP_EVERIFY,
                       "the receipt is of another run: gas %" PRIu64 ", the outcome says %" PRIu64,
                       s->gas_used, o->gas_used);
    if (s->n_results && s->n_results != want->n_results)
        return differs(err, "the number of results");
    if ((rc = check_values(c, s, want->result_types, err)) < 0 ||
        (rc = check_output(c, s, want->result_types, err)) < 0)
        return rc;
    if (o->error_bytes != s->error_output.bytes ||
        memcmp(o->error_sha3, s->error_output.sha3, 32) != 0)
        return differs(err, "the error output");
    return VCP_OK;
}

/* ---- the request ---- */

/* A statement as it is before the run. */
static void clear_outcome(struct statement *s)
{
    struct statement fresh;

    statement_init(&fresh);
    s->status = fresh.status;
    s->trap = fresh.trap;
    s->exit_code = fresh.exit_code;
    s->n_results = fresh.n_results;
    memcpy(s->results, fresh.results, sizeof s->results);
    s->gas_used = fresh.gas_used;
    s->output = fresh.output;
    s->error_output = fresh.error_output;
}

/* Names the first field that differs; the comparison itself is that of all bytes. */
static const char *first_difference(const struct statement *a, const struct statement *b)
{
    if (memcmp(a->module, b->module, 32) != 0)
        return "the module";
    if (memcmp(a->context, b->context, 32) != 0)
        return "the context (task, lease or node)";
    if (strcmp(a->entry, b->entry) != 0)
        return "the entry";
    if (a->n_args != b->n_args || memcmp(a->args, b->args, sizeof a->args) != 0)
        return "an argument";
    if (a->gas_max != b->gas_max || a->memory_bytes_max != b->memory_bytes_max ||
        a->call_depth_max != b->call_depth_max || a->stack_slots_max != b->stack_slots_max ||
        a->output_bytes_max != b->output_bytes_max)
        return "a limit";
    return "an input";
}

static int check_request(const struct statement *s, const struct statement *want, struct err *err)
{
    struct statement asked = *s;
    struct buf a, b;
    int rc = VCP_OK;

    clear_outcome(&asked);
    buf_init(&a, 0);
    buf_init(&b, 0);
    statement_encode(&a, &asked);
    statement_encode(&b, want);
    if (a.failed || b.failed)
        rc = err_set(err, VCP_ENOMEM, "no memory to compare statements");
    else if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
        rc = differs(err, first_difference(&asked, want));
    buf_release(&a);
    buf_release(&b);
    return rc;
}

static int make_want(struct execution_claim *out, const struct claim *c, struct err *err)
{
    struct execution_request req;
    uint8_t context[32];

    claim_request(&req, c->inputs, c->limits);
    claim_context(context, c->task_id, c->lease_id, c->node_id);
    req.module = c->module.data;
    req.module_bytes = c->module.n;
    req.input = c->input.data;
    req.input_bytes = c->input.n;
    req.context = context;
    return execution_claim(out, &req, err);
}

int claim_check(const struct claim *c, const struct statement *s, struct err *err)
{
    struct execution_claim want;
    int rc;

    if (c->input.n != c->inputs->stdin_bytes || c->output.n != c->outcome->output_bytes ||
        c->error_output.n != c->outcome->error_bytes)
        return err_set(err, VCP_EIO, "input and outputs are not all here to be compared");
    if ((rc = make_want(&want, c, err)) < 0 || (rc = statement_check(s, err)) < 0 ||
        (rc = check_request(s, &want.statement, err)) < 0)
        return rc;
    return check_outcome(c, s, &want, err);
}

/* ---- the whole ---- */

/* The verifier's own bytes of all that was read and written. */
static int verify_proofs(const struct claim *c, const struct receipt *r, const struct keyring *keys,
                         struct err *err)
{
    const struct receipt_policy policy = {.keys = keys};
    const struct task_inputs *in = c->inputs;
    struct buf arguments, environment;
    struct streams streams = {0};
    int rc;

    buf_init(&arguments, 0);
    buf_init(&environment, 0);
    streams_put_strings(&arguments, in->args, in->entry ? 0 : in->n_args);
    streams_put_strings(&environment, in->env, in->n_env);
    streams.of[STREAM_ARGUMENTS] = (struct stream_bytes){arguments.data, arguments.len};
    streams.of[STREAM_ENVIRONMENT] = (struct stream_bytes){environment.data, environment.len};
    streams.of[STREAM_INPUT] = c->input;
    streams.of[STREAM_OUTPUT] = (struct stream_bytes){c->output.data, r->statement.output.bytes};
    streams.of[STREAM_ERROR] = c->error_output;
    rc = arguments.failed || environment.failed
             ? err_set(err, VCP_ENOMEM, "no memory for arguments and environment")
             : receipt_verify_module(r, c->module.data, c->module.n, &streams, &policy, NULL, NULL,
                                     err);
    buf_release(&arguments);
    buf_release(&environment);
    return rc;
}

static int verify(const struct claim *c, const void *bytes, size_t n, const struct keyring *keys,
                  struct claim_report *report, struct err *err)
{
    struct receipt r = {0};
    int rc = receipt_decode(&r, bytes, n, err);

    if (rc < 0)
        return rc;
    statement_digest(report->statement_digest, &r.statement);
    report->n_proofs = r.n_proofs;
    /* What costs least first: a stolen receipt is found out without a pairing. */
    rc = claim_check(c, &r.statement, err);
    if (rc == VCP_OK)
        rc = verify_proofs(c, &r, keys, err);
    receipt_release(&r);
    return rc;
}

int claim_verify(const struct claim *c, const void *receipt, size_t receipt_bytes,
                 const struct keyring *keys, struct claim_report *report, struct err *err)
{
    struct claim_report local;
    struct claim_report *r = report ? report : &local;
    const int64_t start = clock_mono_ns();
    int rc;

    memset(r, 0, sizeof *r);
    if (receipt_bytes > ZKVM_RECEIPT_BYTES_MAX)
        return err_set(err, VCP_EVERIFY, "the receipt has %zu bytes, at most %u", receipt_bytes,
                       ZKVM_RECEIPT_BYTES_MAX);
    rc = verify(c, receipt, receipt_bytes, keys, r, err);
    r->verify_ns = clock_mono_ns() - start;
    if (rc == VCP_OK || rc == VCP_ENOMEM || rc == VCP_EIO)
        return rc;
    if (err)
        err->code = VCP_EVERIFY;
    return VCP_EVERIFY;
}
