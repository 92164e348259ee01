/* cmd_run.c - `ambient run`: a module here, with the limits, the gas and the cage it would have
 * on a node, and no network. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cli/receipts.h"
#include "node/cage.h"
#include "node/jail.h"
#include "node/lease.h"

static const struct option options[] = {
    {.name = "entry",
     .letter = 'e',
     .kind = OPTION_TEXT,
     .metavar = "NAME",
     .help = "call this exported function with the arguments as numbers; without it the module "
             "runs as a command (WASI _start)"},
    {.name = "stdin",
     .letter = 'i',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "what the module reads from its standard input (default: this command's own, for "
             "commands and when it is no terminal)"},
    {.name = "env",
     .kind = OPTION_LIST,
     .metavar = "NAME=VALUE",
     .help = "an environment variable of the module; may be given again"},
    {.name = "seed",
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "0",
     .help = "of the module's random numbers and clock"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "write the output there instead of to standard output"},
    {.name = "limits",
     .kind = OPTION_CHOICE,
     .metavar = "PRESET",
     .choices = "default|strict|relaxed",
     .fallback = "default",
     .help = "limits to start from: 512 MB, 30 s, 10G gas; 256 MB, 10 s, 1G; 1024 MB, 60 s, 50G"},
    {.name = "memory", .kind = OPTION_SIZE, .metavar = "SIZE", .help = "most memory"},
    {.name = "gas", .kind = OPTION_INT, .metavar = "N", .help = "most gas, e.g. 10M or 2G"},
    {.name = "timeout", .kind = OPTION_DURATION, .metavar = "TIME", .help = "longest run"},
    {.name = "call-depth", .kind = OPTION_INT, .metavar = "N", .help = "most calls at once"},
    {.name = "output-bytes",
     .kind = OPTION_SIZE,
     .metavar = "SIZE",
     .help = "most standard output and error together"},
    {.name = "no-cage",
     .kind = OPTION_FLAG,
     .help = "run inside this process, without the caged worker: for modules you trust"},
    {.name = "mock-prove",
     .kind = OPTION_FLAG,
     .help = "check every constraint of the run's proof without making one, and tell its rows and "
             "constraints by chip; the output is not written"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "say nothing but the result"},
    OPTION_JSON,
    OPTION_END,
};

struct inputs {
    struct buf module, input;
};

/* A command reads what we are given, unless that is a person's keyboard. */
static const char *stdin_of(const struct args *args)
{
    const char *file = args_text(args, "stdin");

    if (file)
        return file;
    return args_text(args, "entry") || isatty(STDIN_FILENO) ? NULL : "-";
}

static int read_inputs(struct inputs *in, const struct args *args, struct err *err)
{
    const char *input = stdin_of(args);
    int rc = file_read(&in->module, args->operands[0], WASM_MODULE_BYTES_MAX, err);

    if (rc == VCP_OK && (in->module.len < 4 || memcmp(in->module.data, "\0asm", 4) != 0))
        rc = err_set(err, VCP_EFORMAT, "%s is no WebAssembly module: it does not begin with \\0asm",
                     args->operands[0]);
    if (rc == VCP_OK && input)
        rc = file_read(&in->input, input, NODE_INPUT_BYTES_MAX, err);
    return rc;
}

/* 0: absent. */
static int option_u32(uint32_t *out, int64_t v, const char *name, struct err *err)
{
    if (v < 0 || v > UINT32_MAX)
        return err_set(err, VCP_EINVAL, "--%s is too large", name);
    if (v > 0)
        *out = (uint32_t)v;
    return VCP_OK;
}

static int read_limits(struct run_limits *l, const struct args *args, struct err *err)
{
    int rc = run_limits_preset(l, args_text(args, "limits"), err);

    if (rc < 0)
        return rc;
    l->memory_bytes_max = (uint64_t)args_bytes(args, "memory", (int64_t)l->memory_bytes_max);
    l->gas_max = (uint64_t)args_int(args, "gas", (int64_t)l->gas_max);
    l->output_bytes_max = (uint64_t)args_bytes(args, "output-bytes", (int64_t)l->output_bytes_max);
    if ((rc = option_u32(&l->timeout_ms, args_ms(args, "timeout", 0), "timeout", err)) < 0 ||
        (rc = option_u32(&l->call_depth_max, args_int(args, "call-depth", 0), "call-depth", err)) <
            0)
        return rc;
    return run_limits_check(l, err);
}

static int run_here(struct cage_result *out, const struct run_request *job, struct err *err)
{
    struct run_result r = {0};
    int64_t began = clock_mono_ns();
    int rc = run_module(&r, job, NULL, err);

    memset(out, 0, sizeof *out);
    if (rc < 0) {
        out->report.refused = true;
        snprintf(out->report.message, sizeof out->report.message, "%s", err->msg);
        return VCP_OK;
    }
    wire_report_of(&out->report, &r);
    out->output = r.output;
    out->error_output = r.error_output;
    out->wall_ns = clock_mono_ns() - began;
    return VCP_OK;
}

static int run_caged(struct cage_result *out, const struct run_request *job, struct err *err)
{
    struct cage *cage;
    int rc = cage_open(&cage, NULL, err);

    if (rc < 0)
        return rc;
    rc = cage_run(cage, out, job, NULL, err);
    cage_free(cage);
    return rc;
}

/* ---- telling ---- */

static int exit_of(const struct wire_report *r)
{
    if (r->refused)
        return CLI_USAGE;
    switch (r->status) {
    case RUN_OK: return CLI_OK;
    case RUN_EXIT: return r->exit_code == 0 ? CLI_OK : CLI_FAILED;
    case RUN_TRAP: return CLI_FAILED;
    default: return CLI_LIMIT;
    }
}

/* Bytes of the results at the end of an entry's output. */
static size_t values_bytes(const char *values)
{
    size_t n = 0;

    for (; values && *values; values = strchr(values, ' ') ? strchr(values, ' ') + 1 : NULL)
        n += strncmp(values + 1, "32", 2) == 0 ? 4 : 8;
    return n;
}

/* "i32:7 i64:-1" as one number a line. */
static void print_values(FILE *out, const char *values)
{
    const char *p = values;

    while (*p) {
        const char *colon = strchr(p, ':');
        size_t n;

        p = colon ? colon + 1 : p;
        n = strcspn(p, " ");
        fprintf(out, "%.*s\n", (int)n, p);
        p += n + (p[n] == ' ');
    }
}

static int write_result(struct cli *cli, const struct args *args, const struct cage_result *r,
                        struct err *err)
{
    const char *file = args_text(args, "output");
    size_t tail = args_text(args, "entry") ? values_bytes(r->report.values) : 0;

    if (file)
        return file_write(file, r->output.data, r->output.len, 0644, err);
    if (tail > r->output.len)
        tail = r->output.len;
    if (r->output.len > tail)
        fwrite(r->output.data, 1, r->output.len - tail, cli->out);
    print_values(cli->out, r->report.values);
    return fflush(cli->out) == 0 ? VCP_OK : err_set(err, VCP_EIO, "cannot write the output");
}

static const char *status_text(const struct wire_report *r)
{
    return r->status == RUN_EXIT && r->exit_code == 0 ? "ok" : run_status_name(r->status);
}

/* (The table's number formats are not used here: cli/table.h and wasm/module.h both
 * have a struct table.) */
static void tell(struct cli *cli, const struct cage_result *r)
{
    const struct wire_report *p = &r->report;
    char walls[128];

    if (r->error_output.len > 0)
        fwrite(r->error_output.data, 1, r->error_output.len, stderr);
    if (p->message[0])
        cli_say(cli, "%s", p->message);
    else if (p->status == RUN_EXIT && p->exit_code != 0)
        cli_say(cli, "the module ended with code %d", (int)p->exit_code);
    jail_walls_text(walls, sizeof walls, r->walls);
    cli_say(cli, "%s: gas %" PRIu64 ", load %.1f ms, run %.1f ms, memory %.1f MiB, %s%s",
            status_text(p), p->gas_used, (double)p->load_ns / 1e6, (double)p->run_ns / 1e6,
            (double)p->memory_bytes_peak / 1048576, r->walls ? "cage: " : "no cage", walls);
}

static json_t *bytes_json(const struct buf *b)
{
    char *text = malloc(base64_size(b->len));
    json_t *j;

    if (!text)
        return json_null();
    base64_encode(text, b->data, b->len);
    j = json_string(text);
    free(text);
    return j;
}

static int print_json(struct cli *cli, const struct cage_result *r)
{
    const struct wire_report *p = &r->report;
    uint8_t digest[SHA3_256_BYTES];
    char hex[SHA3_256_HEX_BYTES], walls[128];
    json_t *j;

    sha3_256(digest, r->output.data, r->output.len);
    hex_encode(hex, digest, sizeof digest);
    jail_walls_text(walls, sizeof walls, r->walls);
    j = json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:s, s:s, s:o, s:o}",
                  "status", p->refused ? "refused" : status_text(p), "exit_code", (int)p->exit_code,
                  "trap", p->trap, "message", p->message, "values", p->values, "gas_used",
                  (json_int_t)p->gas_used, "memory_bytes_peak", (json_int_t)p->memory_bytes_peak,
                  "process_bytes_peak", (json_int_t)p->process_bytes_peak, "load_ms",
                  (double)p->load_ns / 1e6, "run_ms", (double)p->run_ns / 1e6, "wall_ms",
                  (double)r->wall_ns / 1e6, "cage", walls, "output_sha3", hex, "output_base64",
                  bytes_json(&r->output), "error_base64", bytes_json(&r->error_output));
    return cli_print_json(cli, j);
}

static int report(struct cli *cli, const struct args *args, const struct cage_result *r)
{
    struct err err = {0};

    if (args_flag(args, "json")) {
        int rc = print_json(cli, r);

        return rc == CLI_OK ? exit_of(&r->report) : rc;
    }
    if (r->report.refused) {
        cli_error(cli, "%s", r->report.message);
        return CLI_USAGE;
    }
    if (write_result(cli, args, r, &err) < 0)
        return cli_fail(cli, &err);
    if (!args_flag(args, "quiet"))
        tell(cli, r);
    else if (r->error_output.len > 0)
        fwrite(r->error_output.data, 1, r->error_output.len, stderr);
    return exit_of(&r->report);
}

static int mock_prove(struct cli *cli, const struct args *args, const struct run_request *job)
{
    struct execution_request req = {.module = job->module,
                                    .module_bytes = job->module_bytes,
                                    .entry = job->entry,
                                    .args = job->args,
                                    .n_args = job->n_args,
                                    .env = job->env,
                                    .n_env = job->n_env,
                                    .input = job->input,
                                    .input_bytes = job->input_bytes,
                                    .seed = job->seed,
                                    .limits = job->limits};

    return receipts_mock(cli, args, &req);
}

static int run_inputs(struct cli *cli, const struct args *args, const struct inputs *in)
{
    struct run_request job = {.module = in->module.data,
                              .module_bytes = in->module.len,
                              .entry = args_text(args, "entry"),
                              .args = args->operands + 1,
                              .n_args = args->n_operands - 1,
                              .input = in->input.data,
                              .input_bytes = in->input.len,
                              .seed = (uint64_t)args_int(args, "seed", 0)};
    struct cage_result r;
    struct err err = {0};
    int rc = read_limits(&job.limits, args, &err);

    job.env = args_list(args, "env", &job.n_env);
    if (rc < 0)
        return cli_fail(cli, &err);
    if (args_flag(args, "mock-prove"))
        return mock_prove(cli, args, &job);
    rc = args_flag(args, "no-cage") ? run_here(&r, &job, &err) : run_caged(&r, &job, &err);
    if (rc == VCP_ETIMEOUT) {
        cli_error(cli, "timeout: %s", err.msg);
        return CLI_LIMIT;
    }
    if (rc < 0) {
        cli_error(cli, "%s", err.msg);
        return CLI_INTERNAL;
    }
    rc = report(cli, args, &r);
    cage_result_release(&r);
    return rc;
}

static int run(struct cli *cli, const struct args *args)
{
    struct inputs in;
    struct err err = {0};
    int rc;

    buf_init(&in.module, 0);
    buf_init(&in.input, 0);
    rc = read_inputs(&in, args, &err);
    if (rc == VCP_OK)
        rc = run_inputs(cli, args, &in);
    else if (rc == VCP_EIO || rc == VCP_ENOTFOUND || rc == VCP_EFORMAT || rc == VCP_ELIMIT) {
        cli_error(cli, "%s", err.msg);
        rc = CLI_USAGE;
    } else {
        rc = cli_fail(cli, &err);
    }
    buf_release(&in.module);
    buf_release(&in.input);
    return rc;
}

const struct command cmd_run = {
    .name = "run",
    .group = "Local",
    .summary = "run a module here, with limits and gas, no network",
    .operands = "MODULE [ARGUMENT...]",
    .operands_min = 1,
    .operands_max = -1,
    .description =
        "Runs a WebAssembly module as a node would: in a caged process of its own, within the "
        "limits, counting gas. Output and gas are those every node of the mesh arrives at.\n\n"
        "Without --entry the module is a WASI command: the arguments are its argv[1] and on, and "
        "its standard output is written to ours. With --entry the exported function is called with "
        "the arguments as numbers, and its results are printed one a line.\n\n"
        "The exit code is 0 when the module ended well, 1 when it trapped or ended with a code "
        "other "
        "than 0 (told on standard error), 2 when it cannot be run, and 4 when a limit stopped it.",
    .examples = "ambient run --entry fib numbers.wasm 30\n"
                "ambient run sha256.wasm < file\n"
                "ambient run --gas 1M --json program.wasm",
    .options = options,
    .run = run,
};
