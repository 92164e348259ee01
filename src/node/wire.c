#include "node/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

#define JOB_VERSION 1

void wire_header_encode(uint8_t out[WIRE_HEADER_BYTES], const struct wire_header *h)
{
    const uint32_t words[4] = {WIRE_MAGIC, h->kind, (uint32_t)h->length,
                               (uint32_t)(h->length >> 32)};
    int i;

    for (i = 0; i < WIRE_HEADER_BYTES; i++)
        out[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}

int wire_header_decode(struct wire_header *out, const uint8_t in[WIRE_HEADER_BYTES],
                       enum wire_kind want, uint64_t length_max, struct err *err)
{
    struct cursor c = {in, in + WIRE_HEADER_BYTES};
    struct wire_header h = {0};
    uint32_t magic = 0;

    cursor_u32le(&c, &magic);
    cursor_u32le(&c, &h.kind);
    cursor_u64le(&c, &h.length);
    if (magic != WIRE_MAGIC)
        return err_set(err, VCP_EFORMAT, "frame: magic %08" PRIx32 ", wanted %08x", magic,
                       WIRE_MAGIC);
    if (h.kind != (uint32_t)want)
        return err_set(err, VCP_EFORMAT, "frame: kind %" PRIu32 ", wanted %d", h.kind, (int)want);
    if (h.length > length_max)
        return err_set(err, VCP_ELIMIT, "frame of kind %d: %" PRIu64 " bytes, at most %" PRIu64,
                       (int)want, h.length, length_max);
    *out = h;
    return VCP_OK;
}

static void put_str(struct buf *b, const char *s)
{
    buf_put_u32le(b, (uint32_t)strlen(s));
    buf_puts(b, s);
}

static void put_list(struct buf *b, const char *const *list, size_t n)
{
    size_t i;

    buf_put_u32le(b, (uint32_t)n);
    for (i = 0; i < n; i++)
        put_str(b, list[i]);
}

void wire_job_encode(struct buf *out, const struct run_request *job)
{
    buf_put_u32le(out, JOB_VERSION);
    buf_put_u64le(out, job->limits.memory_bytes_max);
    buf_put_u64le(out, job->limits.gas_max);
    buf_put_u64le(out, job->limits.output_bytes_max);
    buf_put_u32le(out, job->limits.timeout_ms);
    buf_put_u32le(out, job->limits.call_depth_max);
    buf_put_u32le(out, job->limits.stack_slots_max);
    buf_put_u64le(out, job->seed);
    buf_put_u64le(out, job->module_bytes);
    buf_put_u64le(out, job->input_bytes);
    buf_put_u32le(out, job->entry != NULL);
    put_str(out, job->entry ? job->entry : "");
    put_list(out, job->args, job->n_args);
    put_list(out, job->env, job->n_env);
}

/* A string without NUL, copied into the arena; NULL when the bytes are not one. */
static const char *get_str(struct cursor *c, struct arena *a)
{
    const unsigned char *p;
    uint32_t n;
    char *s;

    if (!cursor_u32le(c, &n) || !cursor_bytes(c, n, &p) || memchr(p, 0, n))
        return NULL;
    s = arena_alloc(a, (size_t)n + 1);
    if (s)
        memcpy(s, p, n);
    return s;
}

/* false when the bytes end, a string is bad, or the arena is full. */
static bool get_list(const char *const **out, size_t *n_out, struct cursor *c, struct arena *a,
                     uint32_t n_max)
{
    const char **list;
    uint32_t i, n;

    if (!cursor_u32le(c, &n) || n > n_max)
        return false;
    list = arena_array(a, (size_t)n + 1, sizeof list[0]);
    if (!list)
        return false;
    for (i = 0; i < n; i++) {
        list[i] = get_str(c, a);
        if (!list[i])
            return false;
    }
    *out = list;
    *n_out = n;
    return true;
}

static bool get_limits(struct run_limits *l, struct cursor *c)
{
    return cursor_u64le(c, &l->memory_bytes_max) && cursor_u64le(c, &l->gas_max) &&
           cursor_u64le(c, &l->output_bytes_max) && cursor_u32le(c, &l->timeout_ms) &&
           cursor_u32le(c, &l->call_depth_max) && cursor_u32le(c, &l->stack_slots_max);
}

int wire_job_decode(struct run_request *out, struct arena *a, const uint8_t *p, size_t n,
                    struct err *err)
{
    struct cursor c = {p, p + n};
    struct run_request job = {0};
    uint64_t module_bytes, input_bytes;
    uint32_t version = 0, has_entry;
    const char *entry;

    if (!cursor_u32le(&c, &version) || version != JOB_VERSION)
        return err_set(err, VCP_EFORMAT, "job: version %" PRIu32 ", wanted %d", version,
                       JOB_VERSION);
    if (!get_limits(&job.limits, &c) || !cursor_u64le(&c, &job.seed) ||
        !cursor_u64le(&c, &module_bytes) || !cursor_u64le(&c, &input_bytes) ||
        !cursor_u32le(&c, &has_entry) || !(entry = get_str(&c, a)) ||
        !get_list(&job.args, &job.n_args, &c, a, TASK_ARGS_MAX) ||
        !get_list(&job.env, &job.n_env, &c, a, TASK_ENV_MAX) || cursor_left(&c) != 0)
        return err_set(err, VCP_EFORMAT, "job: cut short, too long or bad near byte %zu of %zu",
                       (size_t)(c.p - p), n);
    if (has_entry > 1 || module_bytes > WASM_MODULE_BYTES_MAX || input_bytes > NODE_INPUT_BYTES_MAX)
        return err_set(err, VCP_ELIMIT, "job: module or input beyond its ceiling");
    job.entry = has_entry ? entry : NULL;
    job.module_bytes = module_bytes;
    job.input_bytes = input_bytes;
    *out = job;
    return VCP_OK;
}

void wire_report_encode(struct buf *out, const struct wire_report *r)
{
    buf_put_u32le(out, r->refused);
    buf_put_u32le(out, (uint32_t)r->status);
    buf_put_u32le(out, (uint32_t)r->exit_code);
    put_str(out, r->trap);
    put_str(out, r->values);
    put_str(out, r->message);
    buf_put_u64le(out, r->gas_used);
    buf_put_u64le(out, r->memory_bytes_peak);
    buf_put_u64le(out, r->process_bytes_peak);
    buf_put_u64le(out, (uint64_t)r->load_ns);
    buf_put_u64le(out, (uint64_t)r->run_ns);
    buf_put_u64le(out, r->output_bytes);
    buf_put_u64le(out, r->error_bytes);
}

/* Printable UTF-8 or at least free of control bytes: the text goes into logs and JSON. */
static bool get_text(char *out, size_t size, struct cursor *c)
{
    const unsigned char *p;
    uint32_t i, n;

    if (!cursor_u32le(c, &n) || n >= size || !cursor_bytes(c, n, &p))
        return false;
    for (i = 0; i < n; i++)
        out[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
    out[n] = 0;
    return true;
}

void wire_ready_encode(struct buf *out, const struct wire_ready *r)
{
    buf_put_u32le(out, r->walls);
    put_str(out, r->message);
}

int wire_ready_decode(struct wire_ready *out, const uint8_t *p, size_t n, struct err *err)
{
    struct cursor c = {p, p + n};
    struct wire_ready r = {0};

    if (!cursor_u32le(&c, &r.walls) || !get_text(r.message, sizeof r.message, &c) ||
        cursor_left(&c) != 0)
        return err_set(err, VCP_EFORMAT, "ready: malformed");
    *out = r;
    return VCP_OK;
}

static int report_check(const struct wire_report *r, uint64_t output_bytes_max, struct err *err)
{
    output_bytes_max += RUN_RESULT_BYTES_MAX;
    if (r->output_bytes > output_bytes_max || r->error_bytes > output_bytes_max - r->output_bytes)
        return err_set(err, VCP_ELIMIT,
                       "report: announces %" PRIu64 " and %" PRIu64
                       " bytes of output, at most %" PRIu64 " together",
                       r->output_bytes, r->error_bytes, output_bytes_max);
    if (r->load_ns < 0 || r->run_ns < 0 || (r->status == RUN_TRAP) != (r->trap[0] != 0))
        return err_set(err, VCP_EFORMAT, "report: contradicts itself");
    return VCP_OK;
}

int wire_report_decode(struct wire_report *out, const uint8_t *p, size_t n,
                       uint64_t output_bytes_max, struct err *err)
{
    struct cursor c = {p, p + n};
    struct wire_report r = {0};
    uint32_t refused, status, code;
    uint64_t load, run;
    int rc;

    if (!cursor_u32le(&c, &refused) || !cursor_u32le(&c, &status) || !cursor_u32le(&c, &code) ||
        !get_text(r.trap, sizeof r.trap, &c) || !get_text(r.values, sizeof r.values, &c) ||
        !get_text(r.message, sizeof r.message, &c) || !cursor_u64le(&c, &r.gas_used) ||
        !cursor_u64le(&c, &r.memory_bytes_peak) || !cursor_u64le(&c, &r.process_bytes_peak) ||
        !cursor_u64le(&c, &load) || !cursor_u64le(&c, &run) || !cursor_u64le(&c, &r.output_bytes) ||
        !cursor_u64le(&c, &r.error_bytes) || cursor_left(&c) != 0)
        return err_set(err, VCP_EFORMAT, "report: cut short, too long or bad near byte %zu of %zu",
                       (size_t)(c.p - p), n);
    if (refused > 1 || status > RUN_OUT_OF_MEMORY)
        return err_set(err, VCP_EFORMAT, "report: status %" PRIu32 " is unknown", status);
    r.refused = refused;
    r.status = (enum run_status)status;
    r.exit_code = (int32_t)code;
    r.load_ns = (int64_t)load;
    r.run_ns = (int64_t)run;
    rc = report_check(&r, output_bytes_max, err);
    if (rc == VCP_OK)
        *out = r;
    return rc;
}

void wire_report_of(struct wire_report *out, const struct run_result *r)
{
    memset(out, 0, sizeof *out);
    out->status = r->status;
    out->exit_code = r->status == RUN_EXIT ? r->exit_code : 0;
    if (r->status == RUN_TRAP)
        snprintf(out->trap, sizeof out->trap, "%s", trap_text(r->trap));
    snprintf(out->message, sizeof out->message, "%s", r->message);
    out->gas_used = r->gas_used;
    out->memory_bytes_peak = r->memory_bytes_peak;
    out->load_ns = r->load_ns;
    out->run_ns = r->run_ns;
    out->output_bytes = r->output.len;
    out->error_bytes = r->error_output.len;
    run_values_text(out->values, sizeof out->values, r->values, r->n_values);
}

/* ---- proving ---- */

#define PROVE_VERSION 1

void wire_prove_encode(struct buf *out, const struct wire_prove *p)
{
    buf_put_u32le(out, PROVE_VERSION);
    buf_put(out, p->context, sizeof p->context);
    buf_put_u64le(out, p->memory_bytes_max);
    buf_put_u32le(out, p->threads);
    buf_put_u32le(out, p->timeout_ms);
    wire_job_encode(out, &p->run);
}

int wire_prove_decode(struct wire_prove *out, struct arena *a, const uint8_t *p, size_t n,
                      struct err *err)
{
    struct cursor c = {p, p + n};
    struct wire_prove v = {.threads = 0};
    const unsigned char *context;
    uint32_t version = 0;
    int rc;

    if (!cursor_u32le(&c, &version) || version != PROVE_VERSION ||
        !cursor_bytes(&c, sizeof v.context, &context) || !cursor_u64le(&c, &v.memory_bytes_max) ||
        !cursor_u32le(&c, &v.threads) || !cursor_u32le(&c, &v.timeout_ms))
        return err_set(err, VCP_EFORMAT, "job: no job of proving, or cut short");
    if (v.threads == 0 || v.threads > THREADS_MAX)
        return err_set(err, VCP_EFORMAT, "job: %" PRIu32 " threads", v.threads);
    memcpy(v.context, context, sizeof v.context);
    rc = wire_job_decode(&v.run, a, c.p, cursor_left(&c), err);
    if (rc == VCP_OK)
        *out = v;
    return rc;
}

void wire_progress_encode(struct buf *out, const struct wire_progress *p)
{
    put_str(out, p->stage);
    buf_put_u32le(out, p->permille);
}

int wire_progress_decode(struct wire_progress *out, const uint8_t *p, size_t n, struct err *err)
{
    struct cursor c = {p, p + n};
    struct wire_progress v = {.permille = 0};

    if (!get_text(v.stage, sizeof v.stage, &c) || !cursor_u32le(&c, &v.permille) ||
        cursor_left(&c) != 0 || v.permille > 1000)
        return err_set(err, VCP_EFORMAT, "progress: malformed");
    *out = v;
    return VCP_OK;
}

void wire_proof_encode(struct buf *out, const struct wire_proof *p)
{
    buf_put_u32le(out, (uint32_t)p->status);
    put_str(out, p->message);
    buf_put_u32le(out, p->n_proofs);
    buf_put_u64le(out, p->n_rows);
    buf_put_u64le(out, p->process_bytes_peak);
    buf_put_u64le(out, p->receipt_bytes);
    buf_put_u64le(out, (uint64_t)p->open_ns);
    buf_put_u64le(out, (uint64_t)p->run_ns);
    buf_put_u64le(out, (uint64_t)p->trace_ns);
    buf_put_u64le(out, (uint64_t)p->prove_ns);
}

static bool get_ns(struct cursor *c, int64_t *out)
{
    uint64_t v;

    if (!cursor_u64le(c, &v) || v > INT64_MAX)
        return false;
    *out = (int64_t)v;
    return true;
}

int wire_proof_decode(struct wire_proof *out, const uint8_t *p, size_t n, struct err *err)
{
    struct cursor c = {p, p + n};
    struct wire_proof v = {.n_proofs = 0};
    uint32_t status;

    if (!cursor_u32le(&c, &status) || status > PROOF_FAILED ||
        !get_text(v.message, sizeof v.message, &c) || !cursor_u32le(&c, &v.n_proofs) ||
        !cursor_u64le(&c, &v.n_rows) || !cursor_u64le(&c, &v.process_bytes_peak) ||
        !cursor_u64le(&c, &v.receipt_bytes) || !get_ns(&c, &v.open_ns) || !get_ns(&c, &v.run_ns) ||
        !get_ns(&c, &v.trace_ns) || !get_ns(&c, &v.prove_ns) || cursor_left(&c) != 0)
        return err_set(err, VCP_EFORMAT, "proof: malformed near byte %zu of %zu", (size_t)(c.p - p),
                       n);
    v.status = (enum wire_proof_status)status;
    if (v.receipt_bytes > ZKVM_RECEIPT_BYTES_MAX ||
        (v.status == PROOF_MADE) != (v.receipt_bytes > 0))
        return err_set(err, VCP_EFORMAT, "proof: announces a receipt of %" PRIu64 " bytes",
                       v.receipt_bytes);
    *out = v;
    return VCP_OK;
}
