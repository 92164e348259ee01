/* One task from bytes to result: load, link WASI, enter, collect. */
#include "wasm/run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "wasm/code.h"
#include "wasm/instance.h"
#include "wasm/numeric.h"
#include "wasm/wasi.h"

/* What a run holds, released in one place. */
struct task {
    const struct run_request *req;
    struct code *code;
    struct store *store;
    struct instance *inst;
    struct func *entry;
    struct wasi wasi;
    const char **argv;
    bool has_wasi;
};

static void task_release(struct task *t)
{
    store_delete(t->store);
    code_free(t->code);
    if (t->has_wasi)
        wasi_release(&t->wasi);
    free(t->argv);
}

/* ---- scalar arguments --------------------------------------------------------- */

static int bad_arg(size_t i, const char *text, uint8_t type, struct err *err)
{
    return err_set(err, VCP_EINVAL, "argument %zu: \"%.60s\" is not an %s", i, text,
                   val_type_name(type));
}

/* Decimal or 0x, signed or unsigned: from -2^(bits-1) to 2^bits - 1. */
static bool parse_integer(const char *s, unsigned bits, uint64_t *out)
{
    bool negative = *s == '-';
    unsigned long long v;
    char *end;
    int base;

    if (*s == '-' || *s == '+')
        s++;
    base = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10;
    if (base == 16)
        s += 2;
    if (!((*s >= '0' && *s <= '9') || (base == 16 && ((*s | 32) >= 'a' && (*s | 32) <= 'f'))))
        return false;
    errno = 0;
    v = strtoull(s, &end, base);
    if (errno || *end || (bits == 32 && v > UINT32_MAX) || (negative && v > 1ull << (bits - 1)))
        return false;
    *out = negative ? -(uint64_t)v : v;
    if (bits == 32)
        *out = (uint32_t)*out;
    return true;
}

/* nan:0x200000, as the text format writes a NaN with these bits of the fraction. */
static bool parse_nan(const char *s, uint8_t type, uint64_t *out)
{
    unsigned width = type == VAL_F32 ? 32 : 64, fraction = type == VAL_F32 ? 23 : 52;
    bool negative = *s == '-';
    uint64_t payload;

    s += *s == '-' || *s == '+';
    if (strncmp(s, "nan:0x", 6) != 0 || !parse_integer(s + 4, 64, &payload) || payload == 0 ||
        payload >> fraction)
        return false;
    *out = (uint64_t)negative << (width - 1) | payload |
           (((uint64_t)1 << (width - 1 - fraction)) - 1) << fraction;
    return true;
}

static bool parse_float(const char *s, uint8_t type, uint64_t *out)
{
    char *end;
    double d;
    float f;

    if (parse_nan(s, type, out))
        return true;
    if (!*s || *s == ' ' || (*s >= '\t' && *s <= '\r'))
        return false;
    if (type == VAL_F32) {
        f = strtof(s, &end);
        *out = f32_bits(f32_canon(f));
    } else {
        d = strtod(s, &end);
        *out = f64_bits(f64_canon(d));
    }
    return *end == '\0';
}

int run_parse_arg(struct wasm_value *out, size_t i, const char *s, uint8_t type, struct err *err)
{
    bool ok;

    out->type = type;
    switch (type) {
    case VAL_I32: ok = parse_integer(s, 32, &out->bits); break;
    case VAL_I64: ok = parse_integer(s, 64, &out->bits); break;
    case VAL_F32:
    case VAL_F64: ok = parse_float(s, type, &out->bits); break;
    default:
        return err_set(err, VCP_EUNSUPPORTED, "parameter %zu is a %s, which text cannot give", i,
                       val_type_name(type));
    }
    return ok ? VCP_OK : bad_arg(i, s, type, err);
}

static int parse_args(struct wasm_value *out, const struct run_request *req,
                      const struct func_type *type, struct err *err)
{
    int rc = VCP_OK;

    if (req->n_args != type->n_params)
        return err_set(err, VCP_EINVAL, "\"%.60s\" takes %u arguments, %zu were given", req->entry,
                       type->n_params, req->n_args);
    for (size_t i = 0; i < req->n_args && rc == VCP_OK; i++)
        rc = run_parse_arg(&out[i], i, req->args[i], type->params[i], err);
    return rc;
}

/* ---- preparation ------------------------------------------------------------------ */

static int start_wasi(struct task *t, struct err *err)
{
    const struct run_request *req = t->req;
    size_t n = req->entry ? 0 : req->n_args;
    struct wasi_config config = {.env = req->env,
                                 .n_env = req->n_env,
                                 .input = req->input,
                                 .input_bytes = req->input_bytes,
                                 .seed = req->seed,
                                 .output_bytes_max = req->limits.output_bytes_max};
    int rc;

    t->argv = calloc(n + 1, sizeof *t->argv);
    if (!t->argv)
        return err_set(err, VCP_ENOMEM, "out of memory preparing a run");
    t->argv[0] = "main";
    for (size_t i = 0; i < n; i++)
        t->argv[i + 1] = req->args[i];
    config.args = t->argv;
    config.n_args = n + 1;
    rc = wasi_init(&t->wasi, &config, err);
    if (rc < 0)
        return rc;
    t->has_wasi = true;
    return wasi_define(&t->wasi, t->store, err);
}

/* The entry and its arguments, before anything runs.  args[] holds WASM_PARAMS_MAX. */
static int find_entry(struct task *t, const struct module *m, struct wasm_value *args,
                      struct err *err)
{
    const char *name = t->req->entry ? t->req->entry : "_start";
    const struct export *e = module_export(m, EXTERN_FUNC, name, strlen(name));
    const struct func_type *type;

    if (!e)
        return err_set(err, VCP_ENOTFOUND, "the module exports no function \"%.100s\"%s", name,
                       t->req->entry ? "" : ", so it is no WASI command; name an entry");
    type = module_func_type(m, e->index);
    if (!t->req->entry && (type->n_params || type->n_results))
        return err_set(err, VCP_EINVAL, "\"_start\" must take and return nothing");
    for (uint32_t i = 0; i < type->n_results; i++)
        if (val_type_is_ref(type->results[i]))
            return err_set(err, VCP_EUNSUPPORTED, "result %u of \"%.100s\" is a reference", i,
                           name);
    return t->req->entry ? parse_args(args, t->req, type, err) : VCP_OK;
}

static int prepare(struct task *t, struct run_control *control, struct wasm_value *args,
                   struct err *err)
{
    const struct run_request *req = t->req;
    int rc = run_limits_check(&req->limits, err);

    if (rc < 0)
        return rc;
    t->store = store_new(&req->limits, control); /* the clock covers loading */
    if (!t->store)
        return err_set(err, VCP_ENOMEM, "out of memory preparing a run");
    rc = code_load(&t->code, req->module, req->module_bytes, NULL, err);
    if (rc == VCP_OK)
        rc = find_entry(t, t->code->module, args, err);
    return rc == VCP_OK ? start_wasi(t, err) : rc;
}

/* ---- the run --------------------------------------------------------------------------- */

static int call_initialize(struct task *t, struct outcome *o, struct err *err)
{
    struct func *f = instance_func(t->inst, "_initialize", 11);

    if (!t->req->entry || !f || strcmp(t->req->entry, "_initialize") == 0 ||
        func_type_of(f)->n_params || func_type_of(f)->n_results)
        return VCP_OK;
    return func_call(t->store, f, NULL, 0, NULL, o, err);
}

static int execute(struct task *t, const struct wasm_value *args, struct wasm_value *results,
                   struct outcome *o, struct err *err)
{
    const char *name = t->req->entry ? t->req->entry : "_start";
    int rc = instance_new(&t->inst, t->store, t->code, o, err);

    if (rc == VCP_ENOMEM) { /* the request was good, this host is short */
        o->status = RUN_OUT_OF_MEMORY;
        memcpy(o->message, "out of memory instantiating the module", 39);
        return VCP_OK;
    }
    if (rc == VCP_OK && o->status == RUN_OK)
        rc = call_initialize(t, o, err);
    if (rc < 0 || o->status != RUN_OK)
        return rc;
    t->entry = instance_func(t->inst, name, strlen(name));
    return func_call(t->store, t->entry, args, func_type_of(t->entry)->n_params, results, o, err);
}

static void collect_results(struct run_result *out, const struct func_type *type,
                            const struct wasm_value *results)
{
    for (uint32_t i = 0; i < type->n_results; i++) {
        if (i < RUN_RESULTS_MAX)
            out->values[out->n_values++] = results[i];
        if (type->results[i] == VAL_I32 || type->results[i] == VAL_F32)
            buf_put_u32le(&out->output, (uint32_t)results[i].bits);
        else
            buf_put_u64le(&out->output, results[i].bits);
    }
}

static void collect(struct run_result *out, struct task *t, const struct outcome *o,
                    const struct wasm_value *results)
{
    out->status = o->status;
    out->trap = o->trap;
    out->exit_code = o->exit_code;
    memcpy(out->message, o->message, sizeof out->message);
    out->gas_used = store_gas_used(t->store);
    out->memory_bytes_peak = store_memory_bytes_peak(t->store);
    out->output = t->wasi.output;
    out->error_output = t->wasi.error_output;
    out->written_bytes = out->output.len;
    out->output.max_bytes = 0; /* results may follow a full stream */
    buf_init(&t->wasi.output, 0);
    buf_init(&t->wasi.error_output, 0);
    if (o->status == RUN_OK)
        collect_results(out, func_type_of(t->entry), results);
}

int run_module(struct run_result *out, const struct run_request *req, struct run_control *control,
               struct err *err)
{
    struct wasm_value args[WASM_PARAMS_MAX], results[WASM_PARAMS_MAX];
    struct task t = {.req = req};
    struct outcome o = {0};
    struct run_result r = {0};
    int64_t start = clock_mono_ns(), loaded;
    int rc = prepare(&t, control, args, err);

    loaded = clock_mono_ns();
    if (rc == VCP_OK)
        rc = execute(&t, args, results, &o, err);
    if (rc == VCP_OK) {
        r.load_ns = loaded - start;
        r.run_ns = clock_mono_ns() - loaded;
        collect(&r, &t, &o, results);
        if (r.output.failed)
            rc = err_set(err, VCP_ENOMEM, "out of memory collecting the output");
    }
    task_release(&t);
    if (rc < 0) {
        run_result_release(&r);
        *out = (struct run_result){0};
        return rc;
    }
    *out = r;
    return VCP_OK;
}

void run_result_release(struct run_result *r)
{
    buf_release(&r->output);
    buf_release(&r->error_output);
}

/* One value by its type; floats by their bits too, since text must tell them apart. */
static int value_text(char *out, size_t size, const struct wasm_value *v)
{
    float f;
    double d;
    uint32_t low = (uint32_t)v->bits;

    switch (v->type) {
    case VAL_I32: return snprintf(out, size, "i32:%" PRId32, (int32_t)low);
    case VAL_I64: return snprintf(out, size, "i64:%" PRId64, (int64_t)v->bits);
    case VAL_F32: memcpy(&f, &low, sizeof f); return snprintf(out, size, "f32:%.9g", (double)f);
    case VAL_F64: memcpy(&d, &v->bits, sizeof d); return snprintf(out, size, "f64:%.17g", d);
    default: return snprintf(out, size, "ref");
    }
}

void run_values_text(char *out, size_t size, const struct wasm_value values[], size_t n)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n && used + 40 < size; i++) {
        if (i > 0)
            out[used++] = ' ';
        used += (size_t)value_text(out + used, size - used, &values[i]);
    }
}
