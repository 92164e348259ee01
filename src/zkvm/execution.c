/* execution.c - from a module and arguments to statement and rows; see execution.h. */
#include "zkvm/execution.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "wasm/decode.h"
#include "wasm/validate.h"
#include "zkvm/packed.h"

/* ---- arguments ---- */

static int read_args(struct statement *s, const struct execution_request *req,
                     const struct func_type *type, struct err *err)
{
    if (req->n_args != type->n_params || req->n_args > STATEMENT_VALUES_MAX)
        return err_set(err, VCP_EINVAL, "%s takes %u arguments, %zu given", req->entry,
                       type->n_params, req->n_args);
    for (uint32_t i = 0; i < type->n_params; i++) {
        struct wasm_value v;
        int rc = run_parse_arg(&v, i, req->args[i], type->params[i], err);

        if (rc < 0)
            return rc;
        s->args[i] = v.bits;
    }
    s->n_args = type->n_params;
    return VCP_OK;
}

/* ---- the outcome ---- */

static int set_end(struct statement *s, const struct run_result *r, struct err *err)
{
    if (r->status > RUN_OUT_OF_GAS)
        return err_set(err, VCP_ESTATE, "the run has no outcome to prove: %s", r->message);
    if (r->n_values > STATEMENT_VALUES_MAX)
        return err_set(err, VCP_EUNSUPPORTED, "more than %u results", STATEMENT_VALUES_MAX);
    s->status = (uint8_t)r->status;
    s->trap = (uint8_t)(r->status == RUN_TRAP ? r->trap : TRAP_NONE);
    s->exit_code = r->status == RUN_EXIT ? r->exit_code : 0;
    s->gas_used = r->gas_used;
    for (size_t i = 0; r->status == RUN_OK && i < r->n_values; i++)
        s->results[s->n_results++] = r->values[i].bits;
    return VCP_OK;
}

static void set_stream(struct execution *e, struct statement_stream *digest, enum stream which,
                       const void *p, size_t n)
{
    e->streams.of[which] = (struct stream_bytes){p, n};
    statement_stream_set(digest, p, n);
}

/* What was written; the results of an entry, which follow it in the engine's output, are in
 * the statement. */
static void take_output(struct execution *e, struct run_result *r)
{
    e->output = r->output;
    e->error_output = r->error_output;
    buf_init(&r->output, 0);
    buf_init(&r->error_output, 0);
    e->output.len = r->written_bytes;
    set_stream(e, &e->statement.output, STREAM_OUTPUT, e->output.data, e->output.len);
    set_stream(e, &e->statement.error_output, STREAM_ERROR, e->error_output.data,
               e->error_output.len);
}

static int run_engine(struct execution *e, const struct execution_request *req, struct err *err)
{
    struct run_request run = {.module = req->module,
                              .module_bytes = req->module_bytes,
                              .entry = req->entry,
                              .args = req->args,
                              .n_args = req->n_args,
                              .env = req->env,
                              .n_env = req->n_env,
                              .input = req->input,
                              .input_bytes = req->input_bytes,
                              .seed = req->seed,
                              .limits = req->limits};
    struct run_result result;
    int rc = run_module(&result, &run, NULL, err);

    if (rc < 0)
        return rc;
    e->run_ns = result.run_ns;
    rc = set_end(&e->statement, &result, err);
    if (rc == VCP_OK)
        take_output(e, &result);
    run_result_release(&result);
    return rc;
}

/* What WASI shows the module: the strings go into the two buffers. */
static int claim_surroundings(struct statement *s, struct buf *arguments, struct buf *environment,
                              const struct execution_request *req, struct err *err)
{
    streams_put_strings(arguments, req->args, req->entry ? 0 : req->n_args);
    streams_put_strings(environment, req->env, req->n_env);
    if (arguments->failed || environment->failed)
        return err_set(err, VCP_ENOMEM, "no memory for arguments and environment");
    statement_stream_set(&s->arguments, arguments->data, arguments->len);
    statement_stream_set(&s->environment, environment->data, environment->len);
    statement_stream_set(&s->input, req->input, req->input_bytes);
    s->seed = req->seed;
    return VCP_OK;
}

static int claim_entry(struct execution_claim *out, const struct execution_request *req,
                       const struct module *m, struct err *err)
{
    struct statement *s = &out->statement;
    const struct func_type *type;
    const struct export *x;

    if (!req->entry)
        return VCP_OK; /* "" */
    if (!*req->entry || strlen(req->entry) >= sizeof s->entry)
        return err_set(err, VCP_EINVAL, "the entry must name an exported function");
    strcpy(s->entry, req->entry);
    x = module_export(m, EXTERN_FUNC, req->entry, strlen(req->entry));
    if (!x)
        return err_set(err, VCP_ENOTFOUND, "the module exports no function \"%.100s\"", req->entry);
    type = module_func_type(m, x->index);
    if (type->n_results > STATEMENT_VALUES_MAX)
        return err_set(err, VCP_EUNSUPPORTED, "more than %u results", STATEMENT_VALUES_MAX);
    out->n_results = type->n_results;
    memcpy(out->result_types, type->results, type->n_results);
    return read_args(s, req, type, err);
}

static int make_claim(struct execution_claim *out, struct buf *arguments, struct buf *environment,
                      const struct module *m, const struct execution_request *req, struct err *err)
{
    struct statement *s = &out->statement;
    int rc;

    memset(out, 0, sizeof *out);
    statement_init(s);
    sha3_256(s->module, req->module, req->module_bytes);
    if (req->context)
        memcpy(s->context, req->context, 32);
    s->gas_max = req->limits.gas_max;
    s->memory_bytes_max = req->limits.memory_bytes_max;
    s->call_depth_max = req->limits.call_depth_max;
    s->stack_slots_max = req->limits.stack_slots_max;
    s->output_bytes_max = req->limits.output_bytes_max;
    rc = claim_surroundings(s, arguments, environment, req, err);
    return rc < 0 ? rc : claim_entry(out, req, m, err);
}

int execution_claim(struct execution_claim *out, const struct execution_request *req,
                    struct err *err)
{
    struct buf arguments, environment;
    struct module *m = NULL;
    int rc = module_decode(&m, req->module, req->module_bytes, NULL, err);

    buf_init(&arguments, 0);
    buf_init(&environment, 0);
    if (rc == VCP_OK && (rc = module_validate(m, err)) == VCP_OK)
        rc = make_claim(out, &arguments, &environment, m, req, err);
    module_free(m);
    buf_release(&arguments);
    buf_release(&environment);
    return rc;
}

static void keep_streams(struct execution *e, const struct execution_request *req)
{
    e->streams.of[STREAM_ARGUMENTS] = (struct stream_bytes){e->arguments.data, e->arguments.len};
    e->streams.of[STREAM_ENVIRONMENT] = (struct stream_bytes){e->environment.data,
                                                              e->environment.len};
    e->streams.of[STREAM_INPUT] = (struct stream_bytes){req->input, req->input_bytes};
}

int execution_new(struct execution **out, const struct execution_request *req, struct err *err)
{
    struct execution *e = calloc(1, sizeof *e);
    struct execution_claim claim;
    int rc;

    if (!e || !(e->chips = catalog_new())) {
        execution_free(e);
        return err_set(err, VCP_ENOMEM, "no memory for an execution");
    }
    if ((rc = code_load(&e->code, req->module, req->module_bytes, NULL, err)) == VCP_OK &&
        (rc = make_claim(&claim, &e->arguments, &e->environment, e->code->module, req, err)) ==
            VCP_OK) {
        e->statement = claim.statement;
        keep_streams(e, req);
        if ((rc = run_engine(e, req, err)) == VCP_OK)
            rc = program_new(&e->program, e->code, &e->statement, &e->streams, err);
    }
    if (rc < 0)
        execution_free(e);
    else
        *out = e;
    return rc;
}

void execution_free(struct execution *e)
{
    if (!e)
        return;
    for (uint32_t i = 0; i < CATALOG_CHIPS; i++)
        free(e->rows[i].packed);
    buf_release(&e->arguments);
    buf_release(&e->environment);
    buf_release(&e->output);
    buf_release(&e->error_output);
    program_free(e->program);
    catalog_free(e->chips);
    code_free(e->code);
    free(e);
}

/* ---- rows ---- */

struct keeper {
    struct execution *e;
    uint64_t cap[CATALOG_CHIPS];     /* rows there is room for */
    size_t row_bytes[CATALOG_CHIPS]; /* of chips that have rows */
    uint64_t bytes_max;
};

static int reserve(struct keeper *k, uint32_t number, uint64_t n, const struct chip *chip,
                   struct err *err)
{
    struct segment_rows *rows = &k->e->rows[number];
    uint64_t cap = k->cap[number], row_bytes;
    uint8_t *grown;

    if (n <= cap)
        return VCP_OK;
    row_bytes = k->row_bytes[number] = packed_row_bytes(chip);
    cap = chip->table_rows ? chip->table_rows : cap + cap / 4 + 8;
    k->e->rows_bytes += (cap - k->cap[number]) * row_bytes;
    if (k->e->rows_bytes > k->bytes_max)
        return err_set(err, VCP_ELIMIT, "the rows of the run need more than %" PRIu64 " MiB",
                       k->bytes_max >> 20);
    grown = realloc(rows->packed, cap * row_bytes);
    if (!grown)
        return err_set(err, VCP_ENOMEM, "no memory for %" PRIu64 " rows of chip %s", cap,
                       chip->name);
    memset(grown + k->cap[number] * row_bytes, 0, (cap - k->cap[number]) * row_bytes);
    rows->packed = grown;
    k->cap[number] = cap;
    return VCP_OK;
}

static int keep(void *arg, uint32_t number, const struct chip *chip, uint32_t index,
                const uint64_t *wires, struct err *err)
{
    struct keeper *k = arg;
    struct segment_rows *rows = &k->e->rows[number];
    uint64_t at = chip->table_rows ? index : rows->n;
    int rc = reserve(k, number, at + 1, chip, err);

    if (rc < 0)
        return rc;
    rc = packed_put(rows->packed + at * k->row_bytes[number], chip, wires, err);
    if (rc < 0)
        return rc;
    rows->n = chip->table_rows ? chip->table_rows : at + 1;
    return VCP_OK;
}

int execution_check_end(const struct execution *e, const struct trace_end *end, struct err *err)
{
    const struct statement *s = &e->statement;

    if (end->status == (enum run_status)s->status &&
        (s->status != RUN_TRAP || end->trap == (enum trap)s->trap) &&
        (s->status != RUN_EXIT || end->exit_code == s->exit_code) &&
        (s->status == RUN_OUT_OF_GAS || end->gas == s->gas_used))
        return VCP_OK;
    return err_set(err, VCP_ESTATE,
                   "the trace ended %s with gas %" PRIu64 ", the engine %s with %" PRIu64,
                   run_status_name(end->status), end->gas,
                   run_status_name((enum run_status)s->status), s->gas_used);
}

int execution_trace(struct execution *e, uint64_t rows_bytes_max, struct err *err)
{
    struct keeper *k = calloc(1, sizeof *k);
    struct trace_end end;
    struct trace_sink sink = {keep, k};
    int64_t start = clock_mono_ns();
    int rc;

    if (!k)
        return err_set(err, VCP_ENOMEM, "no memory for the rows of a run");
    k->e = e;
    k->bytes_max = rows_bytes_max ? rows_bytes_max : EXECUTION_ROWS_BYTES_DEFAULT;
    rc = trace_run(&end, e->program, e->chips, e->statement.gas_max, STATEMENT_CLOCK_MAX - 2, &sink,
                   err);
    free(k);
    if (rc < 0 || (rc = execution_check_end(e, &end, err)) < 0)
        return rc;
    e->lists = end.lists;
    e->n_rows = end.n_rows;
    e->n_other = end.n_other;
    e->trace_ns = clock_mono_ns() - start;
    return VCP_OK;
}

/* ---- the verifier's side ---- */

struct subject { /* a receipt and what else its terms are made of */
    const struct receipt *r;
    const uint8_t *module;
    size_t module_bytes;
    const struct streams *streams; /* given, may be NULL */
};

/* Bytes that no term is made of are not asked for. */
static int make_program(struct program **out, struct code **code, const struct subject *x,
                        struct err *err)
{
    struct streams streams, *used = NULL;
    uint8_t digest[32];
    int rc;

    sha3_256(digest, x->module, x->module_bytes);
    if (memcmp(digest, x->r->statement.module, 32) != 0)
        return err_set(err, VCP_EVERIFY, "the receipt is of another module");
    if ((rc = code_load(code, x->module, x->module_bytes, NULL, err)) < 0)
        return rc;
    if (program_uses_world(*code)) {
        used = &streams;
        if ((rc = receipt_streams(used, x->r, x->streams, err)) < 0)
            return rc;
    }
    return program_new(out, *code, &x->r->statement, used, err);
}

static int with_program(const struct subject *x,
                        int (*then)(void *arg, struct program *p, struct err *err), void *arg,
                        struct err *err)
{
    struct code *code = NULL;
    struct program *p = NULL;
    int rc = make_program(&p, &code, x, err);

    if (rc == VCP_OK)
        rc = then(arg, p, err);
    program_free(p);
    code_free(code);
    return rc;
}

struct check {
    const struct receipt *r;
    const struct receipt_policy *policy;
    struct threads *threads;
    struct receipt_report *report;
};

static int check(void *arg, struct program *p, struct err *err)
{
    const struct check *c = arg;
    struct terms_source terms = program_terms(p);

    return receipt_verify(c->r, &terms, c->policy, c->threads, c->report, err);
}

int receipt_verify_module(const struct receipt *r, const uint8_t *module, size_t module_bytes,
                          const struct streams *streams, const struct receipt_policy *policy,
                          struct threads *threads, struct receipt_report *report, struct err *err)
{
    struct check c = {r, policy, threads, report};
    struct subject x = {r, module, module_bytes, streams};

    if (report)
        memset(report, 0, sizeof *report);
    return with_program(&x, check, &c, err);
}

struct dump {
    const struct receipt *r;
    FILE *out;
};

static int dump(void *arg, struct program *p, struct err *err)
{
    const struct dump *d = arg;
    struct terms_source terms = program_terms(p);

    return terms_dump(d->out, &terms, &d->r->statement, &d->r->lists, err);
}

int receipt_dump_terms(FILE *out, const struct receipt *r, const uint8_t *module,
                       size_t module_bytes, const struct streams *streams, struct err *err)
{
    struct dump d = {r, out};
    struct subject x = {r, module, module_bytes, streams};

    return with_program(&x, dump, &d, err);
}
