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

/* ---- prove ---- */

struct proving {
    struct cli *cli;
    const struct args *args;
    struct progress bar;
    struct work work;
    struct receipts_run run;
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
    int rc = receipts_run_read(&p->run, a, a->operands[0], (const char *const *)a->operands + 1,
                               a->n_operands - 1, err);

    p->run.req.context = context;
    if (rc < 0 || (rc = receipts_limits(&p->run.req.limits, a, err)) < 0 ||
        (rc = read_context(context, a, err)) < 0 ||
        (rc = execution_new(&p->execution, &p->run.req, err)) < 0)
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
    rc = receipt_verify_module(&p->receipt, p->run.module.data, p->run.module.len,
                               &p->execution->streams, &policy, p->work.threads, &p->check, err);
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

/* What the module wrote, where --output says. */
static int write_output(struct proving *p, struct err *err)
{
    const char *path = args_text(p->args, "output");
    const struct stream_bytes *s = &p->execution->streams.of[STREAM_OUTPUT];

    return path ? file_write(path, s->data, s->n, 0644, err) : VCP_OK;
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

    receipts_tell_statement(p->cli->out, &e->statement, &e->streams, e->code->module);
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
        err_set(&err, VCP_EINVAL, "which module? ambient prove MODULE [--entry NAME] ARG...");
        return receipts_fail(cli, &err);
    }
    progress_init(&p.bar, args_flag(args, "quiet") || args_flag(args, "json"));
    p.work.progress = progress_draw;
    p.work.progress_arg = &p.bar;
    if ((rc = start_threads(&p.work, args, &err)) == VCP_OK &&
        (rc = run_and_trace(&p, &err)) == VCP_OK && (rc = open_prover(&p, &err)) == VCP_OK &&
        (rc = prover_prove(&p.receipt, p.prover, p.execution, &p.work, &p.report, &err)) ==
            VCP_OK &&
        (rc = check_own(&p, &err)) == VCP_OK && (rc = write_receipt(&p, &err)) == VCP_OK)
        rc = write_output(&p, &err);
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
    receipts_run_release(&p.run);
    threads_free(p.work.threads);
    return rc;
}

/* ---- verify ---- */

struct checking {
    struct buf module, bytes, given[STREAMS];
    struct streams streams;
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

/* Streams that the receipt does not carry, or that are to be the verifier's own. */
static int read_streams(struct checking *c, const struct args *args, struct err *err)
{
    static const char *const options[STREAMS] = {"arguments", "environment", "input", "output",
                                                 "error-output"};
    int rc = VCP_OK;

    for (unsigned i = 0; i < STREAMS && rc == VCP_OK; i++) {
        const char *path = args_text(args, options[i]);

        if (!path)
            continue;
        rc = file_read(&c->given[i], path, NODE_OUTPUT_BYTES_MAX, err);
        c->streams.of[i].data = c->given[i].data ? c->given[i].data : (const uint8_t *)"";
        c->streams.of[i].n = c->given[i].len;
    }
    return rc;
}

static int open_files(struct checking *c, const struct args *args, struct err *err)
{
    int rc;

    if ((rc = file_read(&c->module, args_text(args, "module"), WASM_MODULE_BYTES_MAX, err)) < 0 ||
        (rc = file_read(&c->bytes, args->operands[0], ZKVM_RECEIPT_BYTES_MAX, err)) < 0 ||
        (rc = read_context(c->context, args, err)) < 0 || (rc = read_streams(c, args, err)) < 0)
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
    rc = receipt_dump_terms(f, &c->receipt, c->module.data, c->module.len, &c->streams, err);
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
    int rc = receipt_verify_module(&c->receipt, c->module.data, c->module.len, &c->streams, &policy,
                                   NULL, &c->report, err);

    c->total_ns = clock_mono_ns() - start;
    return rc;
}

static int checking_answer(struct cli *cli, const struct args *args, const struct checking *c,
                           int rc, const struct err *err)
{
    bool valid = rc == VCP_OK;
    struct code *code = NULL;
    struct streams have;
    struct err ignored;

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
        if (code_load(&code, c->module.data, c->module.len, NULL, &ignored) < 0)
            code = NULL;
        receipts_tell_statement(
            cli->out, &c->receipt.statement,
            receipt_streams(&have, &c->receipt, &c->streams, &ignored) == VCP_OK ? &have : NULL,
            code ? code->module : NULL);
        code_free(code);
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
        rc = rc == VCP_EINVAL ? receipts_fail(cli, &err) /* it lacks something */
                              : checking_answer(cli, args, &c, rc, &err);
    }
    receipt_release(&c.receipt);
    keyring_release(&c.ring);
    for (unsigned i = 0; i < STREAMS; i++)
        buf_release(&c.given[i]);
    buf_release(&c.bytes);
    buf_release(&c.module);
    return rc;
}
