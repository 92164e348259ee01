/* cmd_task_receipt.c - `ambient task receipt`: the proof of a task's result, fetched and checked.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cli/args.h"
#include "cli/proof.h"
#include "cli/receipts.h"
#include "cli/remote.h"

static const struct option options[] = {
    OPTIONS_REMOTE,
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "write the receipt there, for 'ambient verify'"},
    {.name = "module",
     .letter = 'm',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the module you mean, instead of the one the server has for the task"},
    {.name = "keys",
     .kind = OPTION_TEXT,
     .metavar = "DIR",
     .help = "verify with the keys of this folder instead of those the server names"},
    {.name = "pin",
     .kind = OPTION_LIST,
     .metavar = "DIGEST",
     .help = "a key you trust, by its digest; no others count then; may be given again"},
    OPTION_END,
};

/* GET "/tasks/<id><rest>". */
static int get(struct remote *r, const struct args *args, const char *rest, json_t **out)
{
    struct buf path;
    int rc;

    buf_init(&path, 4096);
    buf_puts(&path, "/tasks/");
    remote_put_escaped(&path, args->operands[0]);
    buf_puts(&path, rest);
    rc = remote_json(r, "GET", buf_str(&path), NULL, out);
    buf_release(&path);
    return rc;
}

/* A module of the caller's own must be that of the task. */
static int read_module(struct remote *r, struct buf *out, const struct args *args,
                       const json_t *result)
{
    const char *file = args_text(args, "module");
    char hex[SHA3_256_HEX_BYTES];
    uint8_t digest[32];
    struct err err = {0};

    if (!file)
        return CLI_OK;
    if (file_read(out, file, WASM_MODULE_BYTES_MAX, &err) < 0) {
        cli_error(r->cli, "%s", err.msg);
        return CLI_USAGE;
    }
    sha3_256(digest, out->data, out->len);
    hex_encode(hex, digest, sizeof digest);
    if (strcmp(hex, remote_str(result, "module_sha3")) == 0)
        return CLI_OK;
    cli_error(r->cli, "the task ran another module than %s", file);
    return CLI_FAILED;
}

static json_t *answer_json(const struct proof_answer *a, const struct proof_options *o)
{
    return json_pack("{s:b, s:s, s:s?, s:o, s:i, s:I, s:s, s:f}", "valid", (int)a->valid, "reason",
                     a->reason, "receipt", o->output_file, "statement",
                     a->statement ? receipts_statement_json(a->statement) : json_null(), "proofs",
                     (int)a->n_proofs, "bytes", (json_int_t)a->bytes, "keys",
                     o->keys_dir ? o->keys_dir
                     : o->n_pins ? "pinned"
                                 : "the server's",
                     "verify_ms", (double)a->verify_ns / 1e6);
}

static int check(struct remote *r, struct cli *cli, const struct args *args, const json_t *task,
                 const json_t *result)
{
    struct proof_options o = {.output_file = args_text(args, "output"),
                              .keys_dir = args_text(args, "keys")};
    struct proof_known known = {.spec = NULL};
    struct proof_answer answer;
    struct buf module;
    int rc;

    o.pins_hex = args_list(args, "pin", &o.n_pins);
    buf_init(&module, 0);
    rc = read_module(r, &module, args, result);
    if (module.len)
        known.module = &module;
    if (rc == CLI_OK)
        rc = proof_check(r, task, result, &known, &o, &answer);
    buf_release(&module);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json")) {
        rc = cli_print_json(cli, answer_json(&answer, &o));
    } else {
        if (answer.statement)
            receipts_tell_statement(cli->out, answer.statement, NULL, NULL);
        fflush(cli->out);
        proof_tell(cli, &answer, &o, r->server);
    }
    if (rc == CLI_OK && !answer.valid)
        rc = CLI_FAILED;
    proof_answer_release(&answer);
    return rc;
}

static int run(struct cli *cli, const struct args *args)
{
    json_t *task = NULL, *result = NULL;
    struct remote r;
    int rc = remote_open(&r, cli, args);

    if (rc != CLI_OK)
        return rc;
    rc = get(&r, args, "", &task);
    if (rc == CLI_OK)
        rc = get(&r, args, "/result", &result);
    if (rc == CLI_OK)
        rc = check(&r, cli, args, task, result);
    json_decref(task);
    json_decref(result);
    remote_close(&r);
    return rc;
}

const struct command cmd_task_receipt = {
    .name = "receipt",
    .summary = "fetch the proof of a task's result and verify it here",
    .operands = "TASK_ID",
    .operands_min = 1,
    .operands_max = 1,
    .options = options,
    .run = run,
    .description =
        "Downloads the receipt, makes the statement it must prove from the task, and verifies it "
        "on this machine. Exit code 0: it holds; 1: it does not.\n\n"
        "Who is trusted: with --pin, those whose keys you pin; with --keys, whoever made that "
        "folder; "
        "else whoever made the keys that the server names. The task's arguments and limits are "
        "what the server has on record; 'ambient submit --receipt' uses those you typed.",
    .examples = "ambient task receipt 0d0c... -o result.receipt\n"
                "ambient task receipt 0d0c... --pin 66289bf1... --pin 449854db...",
};
