/* cmd_verify.c - `ambient verify`: Groth16 proofs in snarkjs's files. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/args.h"
#include "cli/receipts.h"
#include "groth16/snarkjs_json.h"
#include "groth16/verify.h"

static const struct option options[] = {
    {.name = "vkey",
     .letter = 'k',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the verification key, verification_key.json"},
    {.name = "public",
     .letter = 'p',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the public inputs, public.json"},
    {.name = "proof",
     .letter = 'f',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the proof, proof.json"},
    {.name = "module",
     .letter = 'm',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the WebAssembly module that a receipt of execution speaks of"},
    {.name = "input",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the module's standard input, when it is over 4 KiB or to compare it"},
    {.name = "output",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "what it wrote to standard output, likewise"},
    {.name = "error-output",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "what it wrote to standard error, likewise"},
    {.name = "arguments",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "a command's arguments, each with a zero byte behind it, likewise"},
    {.name = "environment",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "its environment, in the same form"},
    OPTION_KEYS,
    {.name = "pin",
     .kind = OPTION_LIST,
     .metavar = "HEX",
     .help = "accept only keys with this digest; may be given again"},
    {.name = "context",
     .kind = OPTION_TEXT,
     .metavar = "HEX",
     .help = "the context the receipt must have been made in"},
    {.name = "allow-test-keys", .kind = OPTION_FLAG, .help = "accept keys with known secrets"},
    {.name = "terms",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "write the verifier's own terms there, for other verifiers"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "only the exit code tells"},
    OPTION_JSON,
    OPTION_END,
};

struct job {
    const char *vkey_path, *public_path, *proof_path;
    struct vkey *vk;
    fr_bits *values;
    size_t n_values;
    struct groth16_proof proof;
    int64_t verify_ns;
};

static int read_args(struct job *j, const struct args *a, struct err *err)
{
    bool three = a->n_operands == 3;

    if (a->n_operands != 0 && !three)
        return err_set(err, VCP_EINVAL, "either options, or all of VKEY PUBLIC PROOF");
    j->vkey_path = three ? a->operands[0] : args_text(a, "vkey");
    j->public_path = three ? a->operands[1] : args_text(a, "public");
    j->proof_path = three ? a->operands[2] : args_text(a, "proof");
    if (!j->vkey_path || !j->public_path || !j->proof_path)
        return err_set(err, VCP_EINVAL, "give --vkey FILE --public FILE --proof FILE");
    return VCP_OK;
}

static int read_files(struct job *j, struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    if ((rc = file_read(&b, j->vkey_path, GROTH16_JSON_BYTES_MAX, err)) == VCP_OK)
        rc = snarkjs_read_vkey(&j->vk, j->vkey_path, b.data, b.len, err);
    buf_clear(&b);
    if (rc == VCP_OK && (rc = file_read(&b, j->public_path, GROTH16_JSON_BYTES_MAX, err)) == VCP_OK)
        rc = snarkjs_read_public(&j->values, &j->n_values, j->public_path, b.data, b.len, err);
    buf_clear(&b);
    if (rc == VCP_OK && (rc = file_read(&b, j->proof_path, GROTH16_JSON_BYTES_MAX, err)) == VCP_OK)
        rc = snarkjs_read_proof(&j->proof, j->proof_path, b.data, b.len, err);
    buf_release(&b);
    return rc;
}

/* A proof that does not hold is an answer, not an error: exit code 1. */
static int answer(struct cli *cli, const struct args *args, const struct job *j, int rc,
                  const struct err *err)
{
    if (args_flag(args, "json")) {
        int printed = cli_print_json(
            cli, json_pack("{s:b, s:s, s:i, s:f, s:b}", "valid", rc == VCP_OK, "reason",
                           rc == VCP_OK ? "" : err->msg, "public_inputs", (int)j->n_values,
                           "verify_ms", (double)j->verify_ns / 1e6, "test_key", j->vk->local_test));
        return printed != CLI_OK ? printed : rc == VCP_OK ? CLI_OK : CLI_FAILED;
    }
    if (!args_flag(args, "quiet")) {
        if (rc == VCP_OK)
            fprintf(cli->out, "valid (%zu public inputs, %.2f ms)\n", j->n_values,
                    (double)j->verify_ns / 1e6);
        else
            fprintf(cli->out, "NOT VALID: %s\n", err->msg);
        if (rc == VCP_OK && j->vk->local_test)
            cli_say(cli, "note: the key is from a local setup; whoever made it may forge proofs");
    }
    return rc == VCP_OK ? CLI_OK : CLI_FAILED;
}

/* No server is asked here: what is missing or unfit is a file on the command line. */
static int fail(const struct cli *cli, const struct err *err)
{
    int code = cli_fail(cli, err);
    return code == CLI_REFUSED ? CLI_USAGE : code;
}

static int run(struct cli *cli, const struct args *args)
{
    struct job j = {.vk = NULL};
    struct err err = {0};
    int rc;

    if (args_given(args, "module"))
        return receipts_verify(cli, args);
    rc = read_args(&j, args, &err);
    if (rc == VCP_OK)
        rc = read_files(&j, &err);
    if (rc < 0) {
        rc = fail(cli, &err);
    } else {
        int64_t start = clock_mono_ns();
        rc = groth16_verify(j.vk, j.values, j.n_values, &j.proof, &err);
        j.verify_ns = clock_mono_ns() - start;
        rc = answer(cli, args, &j, rc, &err);
    }
    vkey_free(j.vk);
    free(j.values);
    return rc;
}

const struct command cmd_verify = {
    .name = "verify",
    .group = "Proofs",
    .summary = "check a receipt of execution or a Groth16 proof, offline",
    .operands = "[RECEIPT | VKEY PUBLIC PROOF]",
    .operands_min = 0,
    .operands_max = 3,
    .description =
        "With --module: checks a receipt of 'ambient prove' against the module and the "
        "verifying keys of a folder, and says what it proves. Input and output of up to 4 KiB are "
        "in the receipt; longer ones must be given, since what is proven is proven of their "
        "bytes. Which keys are accepted is whom "
        "you trust: --pin those you were given.\n\n"
        "Without: checks a proof against a verification key and public inputs, in the files of "
        "snarkjs. "
        "Exit code 0: the proof holds; 1: it does not; 2: a file is malformed (a number that is "
        "not canonical, a point off its curve or outside its subgroup, a key that would let "
        "anyone forge).\n\n"
        "The three operands are those of 'snarkjs groth16 verify'.",
    .examples = "ambient verify fib.receipt --module fib.wasm\n"
                "ambient verify sha256.receipt --module sha256.wasm --input file\n"
                "ambient verify --vkey verification_key.json --public public.json --proof "
                "proof.json\n"
                "ambient verify verification_key.json public.json proof.json --json",
    .options = options,
    .run = run,
};
