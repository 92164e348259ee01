/* cmd_receipts.c - `ambient prove` and `ambient verify` for receipts of execution. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cli/progress.h"
#include "cli/receipts.h"
#include "wasm/trap.h"
#include "zkvm/prover.h"

/* ---- shared ---- */

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

static void print_values(FILE *out, const uint64_t v[], uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        fprintf(out, "%s%" PRIu64, i ? ", " : "", v[i]);
}

static const char *trap_of(const struct statement *s)
{
    return s->status == RUN_TRAP ? trap_text((enum trap)s->trap) : "";
}

void receipts_tell_statement(FILE *out, const struct statement *s)
{
    char module[65], context[65];

    hex_encode(module, s->module, 32);
    hex_encode(context, s->context, 32);
    fprintf(out, "module   %s\nrun      %s(", module, s->entry);
    print_values(out, s->args, s->n_args);
    fprintf(out, ")\nended    %s", run_status_name((enum run_status)s->status));
    fprintf(out, s->status == RUN_TRAP ? ": %s" : "%s", trap_of(s));
    if (s->n_results) {
        fprintf(out, ": ");
        print_values(out, s->results, s->n_results);
    }
    fprintf(out,
            "\ngas      %" PRIu64 " of at most %" PRIu64 "\nlimits   memory %" PRIu64
            " bytes, %u calls, %u stack slots\noutput   %" PRIu64 " bytes, error %" PRIu64
            " bytes\ncontext  %s\n",
            s->gas_used, s->gas_max, s->memory_bytes_max, s->call_depth_max, s->stack_slots_max,
            s->output.bytes, s->error_output.bytes, context);
}

/* As text: JSON numbers end at 2^53 for many readers. */
static json_t *values_json(const uint64_t v[], uint32_t n)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < n; i++) {
        char text[24];
        snprintf(text, sizeof text, "%" PRIu64, v[i]);
        json_array_append_new(list, json_string(text));
    }
    return list;
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
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:i}", "digest", digest,
        "module", module, "context", context, "entry", s->entry, "args",
        values_json(s->args, s->n_args), "results", values_json(s->results, s->n_results), "status",
        run_status_name((enum run_status)s->status), "trap", trap_of(s), "exit_code",
        (int)s->exit_code, "gas_used", (json_int_t)s->gas_used, "gas_max", (json_int_t)s->gas_max,
        "memory_bytes_max", (json_int_t)s->memory_bytes_max, "call_depth_max",
        (int)s->call_depth_max, "stack_slots_max", (int)s->stack_slots_max);
}

/* ---- prove ---- */

struct proving {
    struct cli *cli;
    const struct args *args;
    struct progress bar;
    struct work work;
    struct buf module;
    struct execution *execution;
    struct prover *prover;
    struct receipt receipt;
    struct receipt_report check;
    struct prover_report report;
    size_t bytes;
    char path[1024];
    int64_t open_ns;
};

static int read_context(uint8_t out[32], const struct args *args, struct err *err)
{
    const char *hex = args_text(args, "context");

    memset(out, 0, 32);
    if (hex && (strlen(hex) != 64 || !hex_decode(out, 32, hex)))
        return err_set(err, VCP_EINVAL, "--context is not 64 hexadecimal digits");
    return VCP_OK;
}

static int run_and_trace(struct proving *p, struct err *err)
{
    const struct args *a = p->args;
    uint8_t context[32];
    struct execution_request req = {.entry = args_text(a, "entry"),
                                    .args = (const char *const *)a->operands + 1,
                                    .n_args = a->n_operands - 1,
                                    .context = context};
    int rc = file_read(&p->module, a->operands[0], WASM_MODULE_BYTES_MAX, err);

    req.module = p->module.data;
    req.module_bytes = p->module.len;
    if (rc < 0 || (rc = receipts_limits(&req.limits, a, err)) < 0 ||
        (rc = read_context(context, a, err)) < 0 ||
        (rc = execution_new(&p->execution, &req, err)) < 0)
        return rc;
    progress_draw(&p->bar, "trace", 0);
    return execution_trace(p->execution, (uint64_t)args_bytes(a, "memory", 0), err);
}

static int open_prover(struct proving *p, struct err *err)
{
    char dir[1024];
    int64_t start = clock_mono_ns();
    int rc = receipts_keys_dir(dir, sizeof dir, p->args, err);

    if (rc == VCP_OK)
        rc = prover_open(&p->prover, dir, err);
    p->open_ns = clock_mono_ns() - start;
    return rc;
}

/* What is written has been verified, with the prover's own keys. */
static int check_own(struct proving *p, struct err *err)
{
    struct keyring ring;
    char dir[1024];
    int rc = receipts_keys_dir(dir, sizeof dir, p->args, err);

    if (rc < 0 || (rc = keyring_open(&ring, dir, NULL, 0, err)) < 0)
        return rc;
    struct receipt_policy policy = {.keys = &ring, .allow_test_keys = true};
    rc = receipt_verify_module(&p->receipt, p->module.data, p->module.len, &p->execution->streams,
                               &policy, p->work.threads, &p->check, err);
    keyring_release(&ring);
    return rc;
}

static int write_receipt(struct proving *p, struct err *err)
{
    const char *given = args_given(p->args, "proof") ? args_text(p->args, "proof") : NULL;
    struct buf b;
    int rc;

    if (snprintf(p->path, sizeof p->path, "%s%s", given ? given : p->args->operands[0],
                 given ? "" : ".receipt") >= (int)sizeof p->path)
        return err_set(err, VCP_EINVAL, "the receipt's name is too long");
    buf_init(&b, 0);
    receipt_encode(&b, &p->receipt);
    p->bytes = b.len;
    rc = b.failed ? err_set(err, VCP_ENOMEM, "no memory for the receipt's bytes")
                  : file_write(p->path, b.data, b.len, 0644, err);
    buf_release(&b);
    return rc;
}

/* Where the processor time of both passes went, by the prover's own stages. */
static json_t *stages_json(const struct work *w)
{
    json_t *o = json_object();

    for (unsigned i = 0; i < WORK_STAGES; i++)
        json_object_set_new(o, work_stage_name((enum work_stage)i),
                            json_real((double)w->stage_cpu_ns[i] / 1e6));
    return o;
}

static int proving_json(const struct proving *p)
{
    const struct execution *e = p->execution;
    const struct prover_report *r = &p->report;

    return cli_print_json(
        p->cli,
        json_pack(
            "{s:s, s:I, s:o, s:i, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:I}",
            "receipt", p->path, "bytes", (json_int_t)p->bytes, "statement",
            receipts_statement_json(&e->statement), "proofs", (int)r->n_proofs, "rows",
            (json_int_t)e->n_rows, "other_rows", (json_int_t)e->n_other, "constraints_used",
            (json_int_t)r->constraints_used, "constraints_paid", (json_int_t)r->constraints_paid,
            "run_ms", (double)e->run_ns / 1e6, "trace_ms", (double)e->trace_ns / 1e6, "open_ms",
            (double)p->open_ns / 1e6, "commit_ms", (double)r->times.commit_ns / 1e6, "finish_ms",
            (double)r->times.finish_ns / 1e6, "verify_ms",
            (double)(p->check.terms_ns + p->check.pairing_ns) / 1e6, "stages_cpu_ms",
            stages_json(&p->work), "memory_peak_bytes",
            (json_int_t)(p->work.memory_peak_bytes + e->rows_bytes)));
}

static void proving_tell(const struct proving *p)
{
    const struct execution *e = p->execution;
    const struct prover_report *r = &p->report;
    double seconds = (double)(r->times.commit_ns + r->times.finish_ns) / 1e9;

    receipts_tell_statement(p->cli->out, &e->statement);
    cli_say(p->cli, "%s: %zu bytes, %u proofs, verified", p->path, p->bytes, r->n_proofs);
    cli_say(p->cli,
            "%" PRIu64 " rows and %" PRIu64 " of cells, code and tables; %" PRIu64 " of %" PRIu64
            " constraints used",
            e->n_rows, e->n_other, r->constraints_used, r->constraints_paid);
    cli_say(p->cli, "run %.1f ms, trace %.1f, keys %.1f, commit %.1f, finish %.1f: %.0f rows/s",
            (double)e->run_ns / 1e6, (double)e->trace_ns / 1e6, (double)p->open_ns / 1e6,
            (double)r->times.commit_ns / 1e6, (double)r->times.finish_ns / 1e6,
            seconds > 0 ? (double)e->n_rows / seconds : 0);
}

static int start_threads(struct work *work, const struct args *args, struct err *err)
{
    int64_t n = args_int(args, "threads", 0);

    if (n < 0 || n > (int64_t)THREADS_MAX)
        return err_set(err, VCP_EINVAL, "--threads %lld, want 0 to %u", (long long)n, THREADS_MAX);
    work->threads = threads_new((unsigned)n);
    return work->threads ? VCP_OK : err_set(err, VCP_ENOMEM, "threads cannot be started");
}

int receipts_prove(struct cli *cli, const struct args *args)
{
    struct proving p = {.cli = cli, .args = args};
    struct err err = {0};
    int rc;

    if (args->n_operands == 0) {
        err_set(&err, VCP_EINVAL, "which module? ambient prove MODULE --entry NAME ARG...");
        return receipts_fail(cli, &err);
    }
    progress_init(&p.bar, args_flag(args, "quiet") || args_flag(args, "json"));
    p.work.progress = progress_draw;
    p.work.progress_arg = &p.bar;
    buf_init(&p.module, 0);
    if ((rc = start_threads(&p.work, args, &err)) == VCP_OK &&
        (rc = run_and_trace(&p, &err)) == VCP_OK && (rc = open_prover(&p, &err)) == VCP_OK &&
        (rc = prover_prove(&p.receipt, p.prover, p.execution, &p.work, &p.report, &err)) ==
            VCP_OK &&
        (rc = check_own(&p, &err)) == VCP_OK)
        rc = write_receipt(&p, &err);
    progress_clear(&p.bar);
    if (rc < 0)
        rc = receipts_fail(cli, &err);
    else if (args_flag(args, "json"))
        rc = proving_json(&p);
    else if (!args_flag(args, "quiet"))
        proving_tell(&p);
    receipt_release(&p.receipt);
    prover_free(p.prover);
    execution_free(p.execution);
    buf_release(&p.module);
    threads_free(p.work.threads);
    return rc;
}

/* ---- verify ---- */

struct checking {
    struct buf module, bytes;
    struct receipt receipt;
    struct keyring ring;
    struct receipt_report report;
    uint8_t context[32];
    int64_t total_ns;
};

#define PINS_MAX 64

static int open_ring(struct checking *c, const struct args *args, struct err *err)
{
    uint8_t pins[PINS_MAX][32];
    size_t n;
    const char *const *hex = args_list(args, "pin", &n);
    char dir[1024];
    int rc = receipts_keys_dir(dir, sizeof dir, args, err);

    if (rc == VCP_OK && n > PINS_MAX)
        rc = err_set(err, VCP_EINVAL, "more than %d pins", PINS_MAX);
    for (size_t i = 0; i < n && rc == VCP_OK; i++)
        if (strlen(hex[i]) != 64 || !hex_decode(pins[i], 32, hex[i]))
            rc = err_set(err, VCP_EINVAL, "--pin %.70s is not 64 hexadecimal digits", hex[i]);
    return rc < 0 ? rc : keyring_open(&c->ring, dir, (const uint8_t(*)[32])pins, n, err);
}

static int open_files(struct checking *c, const struct args *args, struct err *err)
{
    int rc;

    if ((rc = file_read(&c->module, args_text(args, "module"), WASM_MODULE_BYTES_MAX, err)) < 0 ||
        (rc = file_read(&c->bytes, args->operands[0], ZKVM_RECEIPT_BYTES_MAX, err)) < 0 ||
        (rc = read_context(c->context, args, err)) < 0)
        return rc;
    if ((rc = receipt_decode(&c->receipt, c->bytes.data, c->bytes.len, err)) < 0)
        return err_prefix(err, "%s", args->operands[0]);
    return open_ring(c, args, err);
}

static int dump_terms(const struct checking *c, const char *path, struct err *err)
{
    FILE *f = fopen(path, "w");
    int rc;

    if (!f)
        return err_set(err, VCP_EIO, "%s cannot be written", path);
    rc = receipt_dump_terms(f, &c->receipt, c->module.data, c->module.len, NULL, err);
    if (fclose(f) != 0 && rc == VCP_OK)
        rc = err_set(err, VCP_EIO, "%s cannot be written", path);
    return rc;
}

static int check_receipt(struct checking *c, const struct args *args, struct err *err)
{
    struct receipt_policy policy = {.keys = &c->ring,
                                    .allow_test_keys = args_flag(args, "allow-test-keys"),
                                    .context = args_text(args, "context") ? c->context : NULL};
    int64_t start = clock_mono_ns();
    int rc = receipt_verify_module(&c->receipt, c->module.data, c->module.len, NULL, &policy, NULL,
                                   &c->report, err);

    c->total_ns = clock_mono_ns() - start;
    return rc;
}

static int checking_answer(struct cli *cli, const struct args *args, const struct checking *c,
                           int rc, const struct err *err)
{
    bool valid = rc == VCP_OK;

    if (args_flag(args, "json")) {
        int printed = cli_print_json(
            cli,
            json_pack("{s:b, s:s, s:o, s:i, s:I, s:I, s:f, s:f, s:f}", "valid", valid, "reason",
                      valid ? "" : err->msg, "statement",
                      receipts_statement_json(&c->receipt.statement), "proofs",
                      (int)c->receipt.n_proofs, "bytes", (json_int_t)c->bytes.len, "terms",
                      (json_int_t)c->report.n_terms, "terms_ms", (double)c->report.terms_ns / 1e6,
                      "pairing_ms", (double)c->report.pairing_ns / 1e6, "verify_ms",
                      (double)c->total_ns / 1e6));
        return printed != CLI_OK ? printed : valid ? CLI_OK : CLI_FAILED;
    }
    if (!args_flag(args, "quiet")) {
        if (valid)
            fprintf(cli->out, "valid (%u proofs, %zu bytes, %.2f ms)\n", c->receipt.n_proofs,
                    c->bytes.len, (double)c->total_ns / 1e6);
        else
            fprintf(cli->out, "NOT VALID: %s\nIt claims, without proof:\n", err->msg);
        receipts_tell_statement(cli->out, &c->receipt.statement);
    }
    return valid ? CLI_OK : CLI_FAILED;
}

int receipts_verify(struct cli *cli, const struct args *args)
{
    struct checking c = {.total_ns = 0};
    struct err err = {0};
    const char *terms = args_text(args, "terms");
    int rc = VCP_OK;

    buf_init(&c.module, 0);
    buf_init(&c.bytes, 0);
    if (args->n_operands != 1)
        rc = err_set(&err, VCP_EINVAL, "one receipt: ambient verify RECEIPT --module FILE");
    if (rc == VCP_OK)
        rc = open_files(&c, args, &err);
    if (rc == VCP_OK && terms)
        rc = dump_terms(&c, terms, &err);
    if (rc < 0) {
        rc = receipts_fail(cli, &err);
    } else {
        rc = check_receipt(&c, args, &err);
        rc = checking_answer(cli, args, &c, rc, &err);
    }
    receipt_release(&c.receipt);
    keyring_release(&c.ring);
    buf_release(&c.bytes);
    buf_release(&c.module);
    return rc;
}
