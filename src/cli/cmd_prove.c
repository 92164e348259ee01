/* cmd_prove.c - `ambient prove`: Groth16 proofs of circom circuits. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "bn254/cpu.h"
#include "circom/witness.h"
#include "cli/args.h"
#include "cli/progress.h"
#include "cli/receipts.h"
#include "groth16/keycache.h"
#include "groth16/prove.h"
#include "groth16/snarkjs_json.h"
#include "groth16/verify.h"
#include "groth16/wtns.h"

static const struct option options[] = {
    {.name = "zkey",
     .letter = 'k',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the circuit's proving key, as snarkjs or 'ambient keys setup' made it"},
    {.name = "witness",
     .letter = 'w',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the witness, a .wtns file"},
    {.name = "circuit",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "instead of a witness: circom's witness calculator, circuit.wasm"},
    {.name = "input",
     .letter = 'i',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "the input signals for --circuit, JSON"},
    {.name = "proof",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .fallback = "proof.json",
     .help = "where the proof goes, - for standard output; for a receipt MODULE.receipt else"},
    {.name = "public",
     .letter = 'p',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .fallback = "public.json",
     .help = "where the public inputs go"},
    {.name = "save-witness",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "with --circuit: keep the witness there (it holds every secret of the proof)"},
    {.name = "threads",
     .letter = 't',
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "0",
     .help = "threads, 0 for one on each CPU"},
    {.name = "memory",
     .letter = 'm',
     .kind = OPTION_SIZE,
     .metavar = "SIZE",
     .help = "most scratch memory, besides the key and the witness"},
    {.name = "trust-key",
     .kind = OPTION_FLAG,
     .help = "do not check the key's points; without it a key is checked once and remembered"},
    OPTIONS_EXECUTION,
    {.name = "output",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "write what the module wrote to its standard output there"},
    OPTION_KEYS,
    {.name = "context",
     .kind = OPTION_TEXT,
     .metavar = "HEX",
     .help = "32 bytes that bind a receipt to a task and a node"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "say nothing but errors"},
    OPTION_JSON,
    OPTION_END,
};

struct job {
    struct cli *cli;
    const struct args *args;
    const char *zkey, *witness, *circuit, *input, *proof, *public;
    struct progress bar;
    struct work work;
    struct zkey key;
    struct vkey *vk;
    fr_bits *z;
    uint32_t n_wires;
    enum keycache_how how;
    int64_t key_ns, witness_ns, prove_ns;
};

/* ---- what to do ---- */

static int read_args(struct job *j, struct err *err)
{
    const struct args *a = j->args;
    bool four = a->n_operands == 4;

    if (a->n_operands != 0 && !four)
        return err_set(err, VCP_EINVAL, "either options, or all of KEY WITNESS PROOF PUBLIC");
    j->zkey = four ? a->operands[0] : args_text(a, "zkey");
    j->witness = four ? a->operands[1] : args_text(a, "witness");
    j->proof = four ? a->operands[2] : args_text(a, "proof");
    j->public = four ? a->operands[3] : args_text(a, "public");
    j->circuit = args_text(a, "circuit");
    j->input = args_text(a, "input");
    if (!j->zkey)
        return err_set(err, VCP_EINVAL, "which key? --zkey FILE");
    if (!j->witness == !j->circuit || (j->circuit && !j->input))
        return err_set(err, VCP_EINVAL,
                       "give either --witness FILE, or --circuit FILE with --input FILE");
    int64_t threads = args_int(a, "threads", 0);
    if (threads < 0 || threads > (int64_t)THREADS_MAX)
        return err_set(err, VCP_EINVAL, "--threads %lld, want 0 to %u", (long long)threads,
                       THREADS_MAX);
    j->work.threads = threads_new((unsigned)threads);
    j->work.memory_max_bytes = (size_t)args_bytes(a, "memory", 0);
    return j->work.threads ? VCP_OK : err_set(err, VCP_ENOMEM, "threads cannot be started");
}

static int open_key(struct job *j, struct err *err)
{
    char dir[1024];
    int64_t start = clock_mono_ns();
    int rc = zkey_open(&j->key, j->zkey, err);

    if (rc == VCP_OK)
        rc = vkey_from_zkey(&j->vk, &j->key, err);
    if (rc == VCP_OK && !args_flag(j->args, "trust-key")) {
        progress_draw(&j->bar, "key", 0);
        rc = keycache_check(&j->how, &j->key, j->zkey,
                            keycache_default_dir(dir, sizeof dir) ? dir : NULL, j->work.threads,
                            err);
    }
    j->key_ns = clock_mono_ns() - start;
    return rc;
}

/* ---- the witness ---- */

static int read_witness(struct job *j, struct err *err)
{
    struct wtns w;
    int rc = wtns_open(&w, j->witness, err);

    if (rc < 0)
        return rc;
    j->n_wires = w.n_wires;
    j->z = malloc((size_t)w.n_wires * sizeof *j->z);
    if (j->z)
        wtns_load(j->z, &w);
    else
        rc = err_set(err, VCP_ENOMEM, "no memory for a witness of %u values", w.n_wires);
    wtns_release(&w);
    return rc;
}

static int compute(struct job *j, const struct buf *module, const struct buf *text, struct err *err)
{
    struct circom_inputs in;
    struct circom_witness w;
    struct run_limits limits;
    int rc = circom_inputs_read(&in, j->input, text->data, text->len, err);

    if (rc < 0)
        return rc;
    circom_limits(&limits);
    rc = circom_witness(&w, module->data, module->len, &in, &limits, NULL, err);
    if (rc < 0)
        err_prefix(err, "%s", j->circuit);
    else {
        j->z = w.z;
        j->n_wires = w.n_wires;
    }
    circom_inputs_release(&in);
    return rc;
}

static int compute_witness(struct job *j, struct err *err)
{
    const char *save = args_text(j->args, "save-witness");
    struct buf module, text;
    int rc;

    progress_draw(&j->bar, "witness", 0);
    buf_init(&module, 0);
    buf_init(&text, 0);
    if ((rc = file_read(&module, j->circuit, WASM_MODULE_BYTES_MAX, err)) == VCP_OK &&
        (rc = file_read(&text, j->input, GROTH16_JSON_BYTES_MAX, err)) == VCP_OK)
        rc = compute(j, &module, &text, err);
    if (rc == VCP_OK && save)
        rc = wtns_write(save, j->z, j->n_wires, err);
    buf_release(&module);
    buf_release(&text);
    return rc;
}

static int get_witness(struct job *j, struct err *err)
{
    int64_t start = clock_mono_ns();
    int rc = j->witness ? read_witness(j, err) : compute_witness(j, err);

    j->witness_ns = clock_mono_ns() - start;
    if (rc == VCP_OK && j->n_wires != j->key.h.n_wires)
        rc = err_set(err, VCP_EINVAL, "the witness has %u values, %s wants %u: another circuit?",
                     j->n_wires, j->zkey, j->key.h.n_wires);
    return rc;
}

/* ---- the proof ---- */

static int prove(struct job *j, struct groth16_proof *proof, struct err *err)
{
    int64_t start = clock_mono_ns();
    int rc = groth16_prove(proof, &j->key, j->z, &j->work, err);

    j->prove_ns = clock_mono_ns() - start;
    if (rc < 0)
        return rc;
    rc = groth16_verify(j->vk, j->z + 1, j->vk->n_public, proof, err);
    if (rc == VCP_EVERIFY)
        return err_set(err, VCP_EVERIFY, "the witness does not satisfy the circuit of %s", j->zkey);
    return rc;
}

static int write_results(struct job *j, const struct groth16_proof *proof, struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    snarkjs_write_proof(&b, proof);
    rc = b.failed ? err_set(err, VCP_ENOMEM, "no memory for the proof's text")
                  : file_write(j->proof, b.data, b.len, 0644, err);
    buf_clear(&b);
    snarkjs_write_public(&b, j->z + 1, j->vk->n_public);
    if (rc == VCP_OK)
        rc = b.failed ? err_set(err, VCP_ENOMEM, "no memory for the public inputs' text")
                      : file_write(j->public, b.data, b.len, 0644, err);
    buf_release(&b);
    return rc;
}

/* ---- telling ---- */

static const char *how_text(const struct job *j)
{
    static const char *const texts[] = {"known", "known by content", "checked"};
    return args_flag(j->args, "trust-key") ? "trusted" : texts[j->how];
}

static int print_json(struct job *j)
{
    json_t *stages = json_object();
    for (int s = 0; s < WORK_STAGES; s++)
        if (s != WORK_MSM_D)
            json_object_set_new(stages, work_stage_name((enum work_stage)s),
                                json_real((double)j->work.stage_ns[s] / 1e6));
    return cli_print_json(
        j->cli,
        json_pack("{s:s, s:s, s:b, s:s, s:i, s:i, s:i, s:s, s:f, s:f, s:f, s:o, s:I}", "proof",
                  j->proof, "public", j->public, "verified", 1, "key", how_text(j), "wires",
                  (int)j->key.h.n_wires, "domain", (int)j->key.h.domain, "threads",
                  (int)threads_count(j->work.threads), "cpu", bn254_level_name(bn254_level()),
                  "key_ms", (double)j->key_ns / 1e6, "witness_ms", (double)j->witness_ns / 1e6,
                  "prove_ms", (double)j->prove_ns / 1e6, "stages_ms", stages, "memory_peak_bytes",
                  (json_int_t)j->work.memory_peak_bytes));
}

static void tell(struct job *j)
{
    char split[256] = "";
    size_t n = 0;

    for (int s = 0; s < WORK_STAGES && n < sizeof split; s++)
        if (s != WORK_MSM_D)
            n += (size_t)snprintf(split + n, sizeof split - n, "%s%s %.1f", n ? ", " : "",
                                  work_stage_name((enum work_stage)s),
                                  (double)j->work.stage_ns[s] / 1e6);
    cli_say(j->cli, "proved and verified in %.1f ms (%u wires, domain %u, %u threads, %s)",
            (double)j->prove_ns / 1e6, j->key.h.n_wires, j->key.h.domain,
            threads_count(j->work.threads), bn254_level_name(bn254_level()));
    cli_say(j->cli, "key %s in %.1f ms, witness %.1f ms, scratch %.1f MiB", how_text(j),
            (double)j->key_ns / 1e6, (double)j->witness_ns / 1e6,
            (double)j->work.memory_peak_bytes / 1048576);
    cli_say(j->cli, "ms by stage: %s", split);
    if (zkey_is_local_test(&j->key))
        cli_say(j->cli, "note: the key is from a local setup; whoever made it may forge proofs");
}

/* No server is asked here: what is missing or unfit is a file on the command line. */
static int fail(const struct cli *cli, const struct err *err)
{
    int code = cli_fail(cli, err);
    return code == CLI_REFUSED ? CLI_USAGE : code;
}

static int run(struct cli *cli, const struct args *args)
{
    struct job j = {.cli = cli, .args = args};
    struct groth16_proof proof;
    struct err err = {0};
    int rc;

    if (args_given(args, "entry") ||
        (args->n_operands && !args_given(args, "zkey") && receipts_is_module(args->operands[0])))
        return receipts_prove(cli, args);
    progress_init(&j.bar, args_flag(args, "quiet") || args_flag(args, "json"));
    j.work.progress = progress_draw;
    j.work.progress_arg = &j.bar;
    if ((rc = read_args(&j, &err)) == VCP_OK && (rc = open_key(&j, &err)) == VCP_OK &&
        (rc = get_witness(&j, &err)) == VCP_OK && (rc = prove(&j, &proof, &err)) == VCP_OK)
        rc = write_results(&j, &proof, &err);
    progress_clear(&j.bar);
    if (rc < 0)
        rc = fail(cli, &err);
    else if (args_flag(args, "json"))
        rc = print_json(&j);
    else if (!args_flag(args, "quiet"))
        tell(&j);
    if (j.z)
        explicit_bzero(j.z, (size_t)j.n_wires * sizeof *j.z);
    free(j.z);
    vkey_free(j.vk);
    zkey_release(&j.key);
    threads_free(j.work.threads);
    return rc;
}

const struct command cmd_prove = {
    .name = "prove",
    .group = "Proofs",
    .summary = "prove a module's execution, or that a circom circuit holds for a witness",
    .operands = "[MODULE ARG... | KEY WITNESS PROOF PUBLIC]",
    .operands_min = 0,
    .operands_max = -1,
    .description =
        "With a WebAssembly module: runs it, as a command or by one of its functions (--entry), "
        "and writes a receipt, which proves how the run ended, with which output, results and "
        "gas, to anyone who has the module and trusts the keys ('ambient keys profiles setup' "
        "makes them). Of imports only WASI's can be proven.\n\n"
        "With a circuit: "
        "makes a Groth16 proof with a snarkjs proving key, from a witness file or from circom's "
        "witness calculator and its inputs; no JavaScript is involved. The proof is verified "
        "before it is written, so a witness that breaks the circuit is an error here.\n\n"
        "The four operands are those of rapidsnark's prover and of 'snarkjs groth16 prove'.\n\n"
        "All points of a key are checked the first time it is used; that is remembered in "
        "$AMBIENT_CACHE/keys (else ~/.cache/ambient/keys).",
    .examples = "ambient prove fib.wasm --entry fib 30 -o fib.receipt\n"
                "ambient prove sha256.wasm -o sha256.receipt < file\n"
                "ambient prove --zkey mul.zkey --witness mul.wtns\n"
                "ambient prove --zkey mul.zkey --circuit mul.wasm --input input.json --json\n"
                "ambient prove mul.zkey mul.wtns proof.json public.json",
    .options = options,
    .run = run,
};
