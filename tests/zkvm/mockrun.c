#include "mockrun.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "wasm/code.h"
#include "wasm/numeric.h"

static void float_text(char *out, size_t n, double v, uint64_t bits, unsigned fraction)
{
    uint64_t payload = bits & (((uint64_t)1 << fraction) - 1);
    unsigned sign = (unsigned)(bits >> (fraction == 23 ? 31 : 63)) & 1;

    if (v != v)
        snprintf(out, n, "%snan:0x%" PRIx64, sign ? "-" : "", payload);
    else
        snprintf(out, n, "%a", v);
}

void mockrun_text(char out[MOCKRUN_TEXT], uint8_t type, uint64_t bits)
{
    if (type == VAL_F32)
        float_text(out, MOCKRUN_TEXT, (double)f32_of_bits((uint32_t)bits), bits, 23);
    else if (type == VAL_F64)
        float_text(out, MOCKRUN_TEXT, f64_of_bits(bits), bits, 52);
    else
        snprintf(out, MOCKRUN_TEXT, "%" PRIu64, bits);
}

static int run_engine(struct mockrun *m, const uint8_t *bytes, size_t n, const char *entry,
                      const char *const args[], size_t n_args, struct err *err)
{
    struct run_request req = {.module = bytes,
                              .module_bytes = n,
                              .entry = entry,
                              .args = args,
                              .n_args = n_args,
                              .env = m->env,
                              .n_env = m->n_env,
                              .input = (const uint8_t *)m->input,
                              .input_bytes = m->input_bytes,
                              .seed = m->seed};

    run_limits_preset(&req.limits, "default", NULL);
    if (m->gas_max)
        req.limits.gas_max = m->gas_max;
    if (m->call_depth_max)
        req.limits.call_depth_max = m->call_depth_max;
    if (m->stack_slots_max)
        req.limits.stack_slots_max = m->stack_slots_max;
    if (m->output_bytes_max)
        req.limits.output_bytes_max = m->output_bytes_max;
    m->statement.gas_max = req.limits.gas_max;
    if (m->memory_bytes_max)
        req.limits.memory_bytes_max = m->memory_bytes_max;
    m->statement.memory_bytes_max = req.limits.memory_bytes_max;
    m->statement.call_depth_max = req.limits.call_depth_max;
    m->statement.stack_slots_max = req.limits.stack_slots_max;
    m->statement.output_bytes_max = req.limits.output_bytes_max;
    return run_module(&m->run, &req, NULL, err);
}

static int parse_args(struct statement *s, const struct func_type *t, const char *const args[])
{
    for (uint32_t i = 0; i < t->n_params && i < STATEMENT_VALUES_MAX; i++) {
        struct wasm_value v = {0};

        if (run_parse_arg(&v, i, args[i], t->params[i], NULL) < 0)
            return 0;
        s->args[i] = v.bits;
    }
    s->n_args = t->n_params;
    return t->n_params <= STATEMENT_VALUES_MAX;
}

static void set_stream(struct mockrun *m, struct statement_stream *digest, enum stream which,
                       const void *p, size_t n)
{
    m->streams.of[which] = (struct stream_bytes){p, n};
    statement_stream_set(digest, p, n);
}

static void set_streams(struct mockrun *m, const char *const args[], size_t n_args)
{
    struct statement *s = &m->statement;

    streams_put_strings(&m->arguments, args, n_args);
    streams_put_strings(&m->environment, m->env, m->n_env);
    set_stream(m, &s->arguments, STREAM_ARGUMENTS, m->arguments.data, m->arguments.len);
    set_stream(m, &s->environment, STREAM_ENVIRONMENT, m->environment.data, m->environment.len);
    set_stream(m, &s->input, STREAM_INPUT, m->input, m->input_bytes);
    set_stream(m, &s->output, STREAM_OUTPUT, m->run.output.data, m->run.written_bytes);
    set_stream(m, &s->error_output, STREAM_ERROR, m->run.error_output.data,
               m->run.error_output.len);
    s->seed = m->seed;
}

static int state(struct mockrun *m, const struct code *code, const uint8_t *bytes, size_t n,
                 const char *entry, const char *const args[], size_t n_args, struct err *err)
{
    struct statement *s = &m->statement;
    const struct export *e;

    sha3_256(s->module, bytes, n);
    if (entry) {
        snprintf(s->entry, sizeof s->entry, "%s", entry);
        e = module_export(code->module, EXTERN_FUNC, entry, strlen(entry));
        if (!parse_args(s, module_func_type(code->module, e->index), args) ||
            m->run.n_values > STATEMENT_VALUES_MAX)
            return err_set(err, VCP_EUNSUPPORTED, "too many values");
    }
    set_streams(m, args, entry ? 0 : n_args);
    s->n_results = (uint32_t)m->run.n_values;
    for (uint32_t i = 0; i < s->n_results; i++)
        s->results[i] = m->run.values[i].bits;
    s->status = (uint8_t)m->run.status;
    s->trap = (uint8_t)m->run.trap;
    s->exit_code = m->run.exit_code;
    s->gas_used = m->run.gas_used;
    return VCP_OK;
}

static int compare(const struct mockrun *m, struct err *err)
{
    const struct run_result *r = &m->run;
    const struct trace_end *t = &m->end;

    if (t->status != r->status || (r->status == RUN_TRAP && t->trap != r->trap))
        return err_set(err, VCP_ESTATE, "the engine ended with %s (%s), the trace with %s (%s)",
                       run_status_name(r->status), trap_text(r->trap), run_status_name(t->status),
                       trap_text(t->trap));
    if (r->status == RUN_EXIT && t->exit_code != r->exit_code)
        return err_set(err, VCP_ESTATE, "exit code %d of the engine, %d of the trace",
                       (int)r->exit_code, (int)t->exit_code);
    if (r->status != RUN_OUT_OF_GAS && t->gas != r->gas_used)
        return err_set(err, VCP_ESTATE, "gas %llu of the engine, %llu of the trace",
                       (unsigned long long)r->gas_used, (unsigned long long)t->gas);
    return VCP_OK;
}

static int trace(struct mockrun *m, struct program *p, struct catalog *chips, struct err *err)
{
    struct mock *mock = mock_new();
    struct trace_sink sink = mock_sink(mock);
    struct terms_source terms = program_terms(p);
    uint64_t rows = m->rows_max ? m->rows_max : 200000;
    int rc = trace_run(&m->end, p, chips, m->statement.gas_max, rows, &sink, err);

    if (rc == VCP_OK)
        rc = compare(m, err);
    if (rc == VCP_OK)
        rc = mock_terms(mock, &terms, &m->statement, &m->end.lists, err);
    if (rc == VCP_OK)
        rc = mock_check(mock, &m->verdict, err);
    mock_free(mock);
    return rc;
}

int mockrun(struct mockrun *m, const uint8_t *bytes, size_t n, const char *entry,
            const char *const args[], size_t n_args, struct err *err)
{
    struct catalog *chips = m->chips ? m->chips : catalog_new();
    struct program *p = NULL;
    struct code *code = NULL;
    int rc;

    statement_init(&m->statement);
    rc = run_engine(m, bytes, n, entry, args, n_args, err);
    if (rc == VCP_OK)
        rc = code_load(&code, bytes, n, NULL, err);
    if (rc == VCP_OK)
        rc = state(m, code, bytes, n, entry, args, n_args, err);
    if (rc == VCP_OK)
        rc = program_new(&p, code, &m->statement, &m->streams, err);
    if (rc == VCP_OK)
        rc = trace(m, p, chips, err);
    program_free(p);
    code_free(code);
    if (chips != m->chips)
        catalog_free(chips);
    return rc;
}

void mockrun_release(struct mockrun *m)
{
    run_result_release(&m->run);
    buf_release(&m->arguments);
    buf_release(&m->environment);
}
