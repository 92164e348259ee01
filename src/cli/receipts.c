/* receipts.c - what prove, verify, keys and run share about receipts of execution. */
#include "cli/receipts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "wasm/trap.h"
#include "zkvm/keys.h"

/* ---- options ---- */

int receipts_keys_dir(char *out, size_t size, const struct args *args, struct err *err)
{
    const char *given = args_text(args, "keys");

    if (given ? (size_t)snprintf(out, size, "%s", given) < size : keys_default_dir(out, size))
        return VCP_OK;
    return err_set(err, VCP_EINVAL, "no folder of keys: give --keys DIR or set HOME");
}

int receipts_limits(struct run_limits *out, const struct args *args, struct err *err)
{
    int rc = run_limits_preset(out, args_text(args, "limits"), err);

    if (rc == VCP_OK)
        out->gas_max = (uint64_t)args_int(args, "gas", (int64_t)out->gas_max);
    return rc < 0 ? rc : run_limits_check(out, err);
}

int receipts_fail(struct cli *cli, struct err *err)
{
    if (err->code == VCP_ENOTFOUND || err->code == VCP_ESTATE)
        err->code = VCP_EINVAL;
    return cli_fail(cli, err);
}

/* A command reads what we are given, unless that is a person's keyboard. */
static const char *stdin_of(const struct args *args)
{
    const char *file = args_text(args, "stdin");

    if (file)
        return file;
    return args_text(args, "entry") || isatty(STDIN_FILENO) ? NULL : "-";
}

int receipts_run_read(struct receipts_run *out, const struct args *args, const char *module,
                      const char *const run_args[], size_t n_args, struct err *err)
{
    struct execution_request *req = &out->req;
    const char *input = stdin_of(args);
    int rc = file_read(&out->module, module, WASM_MODULE_BYTES_MAX, err);

    if (rc == VCP_OK && input)
        rc = file_read(&out->input, input, NODE_INPUT_BYTES_MAX, err);
    *req = (struct execution_request){.module = out->module.data,
                                      .module_bytes = out->module.len,
                                      .entry = args_text(args, "entry"),
                                      .args = run_args,
                                      .n_args = n_args,
                                      .input = out->input.data,
                                      .input_bytes = out->input.len,
                                      .seed = (uint64_t)args_int(args, "seed", 0)};
    req->env = args_list(args, "env", &req->n_env);
    return rc;
}

void receipts_run_release(struct receipts_run *r)
{
    buf_release(&r->module);
    buf_release(&r->input);
}

bool receipts_is_module(const char *path)
{
    char head[4] = "";
    FILE *f = fopen(path, "rb");
    bool is = f && fread(head, 1, 4, f) == 4 && memcmp(head, "\0asm", 4) == 0;

    if (f)
        fclose(f);
    return is;
}

/* ---- the claim ---- */

/* types NULL: not known. */
static void print_values(FILE *out, const uint64_t v[], uint32_t n, const uint8_t types[])
{
    for (uint32_t i = 0; i < n; i++) {
        struct wasm_value value = {types ? types[i] : VAL_I64, v[i]};
        char text[64];

        fputs(i ? ", " : "", out);
        if (value.type != VAL_F32 && value.type != VAL_F64) {
            fprintf(out, "%" PRIu64, v[i]);
            continue;
        }
        run_values_text(text, sizeof text, &value, 1);
        fputs(text, out);
    }
}

static const char *trap_of(const struct statement *s)
{
    return s->status == RUN_TRAP ? trap_text((enum trap)s->trap) : "";
}

/* Strings of a receipt are strangers': nothing may move the terminal's cursor. */
static void print_strings(FILE *out, const struct stream_bytes *b)
{
    for (size_t i = 0; i < b->n; i++) {
        unsigned char c = b->data[i];

        if (i == 0 || b->data[i - 1] == 0)
            fputs(" \"", out);
        if (c == 0)
            fputc('"', out);
        else
            fputc(c < 0x20 || c == 0x7f || c == '"' ? '?' : c, out);
    }
}

static const struct func_type *entry_type(const struct module *m, const struct statement *s)
{
    const struct export *e = m ? module_export(m, EXTERN_FUNC, s->entry, strlen(s->entry)) : NULL;
    const struct func_type *t = e ? module_func_type(m, e->index) : NULL;

    return t && t->n_params == s->n_args && (!s->n_results || t->n_results == s->n_results) ? t
                                                                                            : NULL;
}

static void tell_run(FILE *out, const struct statement *s, const struct streams *have,
                     const struct module *m)
{
    const struct func_type *type = entry_type(m, s);

    if (s->entry[0]) {
        fprintf(out, "run      %s(", s->entry);
        print_values(out, s->args, s->n_args, type ? type->params : NULL);
        fputc(')', out);
    } else {
        fputs("run      main", out);
        if (have && have->of[STREAM_ARGUMENTS].n == s->arguments.bytes)
            print_strings(out, &have->of[STREAM_ARGUMENTS]);
    }
    fprintf(out, "\nended    %s", run_status_name((enum run_status)s->status));
    if (s->status == RUN_TRAP)
        fprintf(out, ": %s", trap_of(s));
    if (s->status == RUN_EXIT)
        fprintf(out, ": code %d", (int)s->exit_code);
    if (s->n_results) {
        fputs(": ", out);
        print_values(out, s->results, s->n_results, type ? type->results : NULL);
    }
    fputc('\n', out);
}

static void tell_streams(FILE *out, const struct statement *s)
{
    static const char *const names[STREAMS] = {"argv", "environ", "input", "output", "errors"};
    char hex[65];

    for (unsigned i = 0; i < STREAMS; i++) {
        const struct statement_stream *x = statement_stream_of(s, (enum stream)i);

        if (x->bytes == 0)
            continue;
        hex_encode(hex, x->sha3, 32);
        fprintf(out, "%-8s %" PRIu64 " bytes, SHA3-256 %s\n", names[i], x->bytes, hex);
    }
}

void receipts_tell_statement(FILE *out, const struct statement *s, const struct streams *have,
                             const struct module *m)
{
    char digest[65], context[65];

    hex_encode(digest, s->module, 32);
    hex_encode(context, s->context, 32);
    fprintf(out, "module   %s\n", digest);
    tell_run(out, s, have, m);
    tell_streams(out, s);
    fprintf(out,
            "gas      %" PRIu64 " of at most %" PRIu64 "\nlimits   memory %" PRIu64
            " bytes, %u calls, %u stack slots, output %" PRIu64 " bytes\nseed     %" PRIu64
            "\ncontext  %s\n",
            s->gas_used, s->gas_max, s->memory_bytes_max, s->call_depth_max, s->stack_slots_max,
            s->output_bytes_max, s->seed, context);
}

/* As text: JSON numbers end at 2^53 for many readers. */
static json_t *text_of(uint64_t v)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, v);
    return json_string(text);
}

static json_t *values_json(const uint64_t v[], uint32_t n)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(list, text_of(v[i]));
    return list;
}

static json_t *streams_json(const struct statement *s)
{
    static const char *const names[STREAMS] = {"arguments", "environment", "input", "output",
                                               "error_output"};
    json_t *all = json_object();
    char hex[65];

    for (unsigned i = 0; i < STREAMS; i++) {
        const struct statement_stream *x = statement_stream_of(s, (enum stream)i);

        hex_encode(hex, x->sha3, 32);
        json_object_set_new(all, names[i],
                            json_pack("{s:I, s:s}", "bytes", (json_int_t)x->bytes, "sha3", hex));
    }
    return all;
}

json_t *receipts_statement_json(const struct statement *s)
{
    char module[65], context[65], digest[65];
    uint8_t d[32];

    statement_digest(d, s);
    hex_encode(digest, d, 32);
    hex_encode(module, s->module, 32);
    hex_encode(context, s->context, 32);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:i, s:I, s:o, s:o}",
        "digest", digest, "module", module, "context", context, "entry", s->entry, "args",
        values_json(s->args, s->n_args), "results", values_json(s->results, s->n_results), "status",
        run_status_name((enum run_status)s->status), "trap", trap_of(s), "exit_code",
        (int)s->exit_code, "gas_used", (json_int_t)s->gas_used, "gas_max", (json_int_t)s->gas_max,
        "memory_bytes_max", (json_int_t)s->memory_bytes_max, "call_depth_max",
        (int)s->call_depth_max, "stack_slots_max", (int)s->stack_slots_max, "output_bytes_max",
        (json_int_t)s->output_bytes_max, "streams", streams_json(s), "seed", text_of(s->seed));
}
