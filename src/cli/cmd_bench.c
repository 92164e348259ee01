/* cmd_bench.c - `ambient bench`: the measurements that the documents quote, on this machine. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bn254/cpu.h"
#include "cli/args.h"

enum { LOG_N_MAX = 24, LOG_N_MIN_KEY = 4, THREADS_MAX = 1024 };

#define OPTION_ROUNDS(n)                                                                           \
    {                                                                                              \
        .name = "rounds", .letter = 'r', .kind = OPTION_INT, .metavar = "N", .fallback = n,        \
        .help = "runs of each measurement, of which the best counts"                               \
    }
#define OPTION_ONLY                                                                                \
    {                                                                                              \
        .name = "only", .letter = 'o', .kind = OPTION_TEXT, .metavar = "NAME",                     \
        .help = "only measurements whose name begins so"                                           \
    }
#define OPTION_LEVEL                                                                               \
    {                                                                                              \
        .name = "level", .letter = 'l', .kind = OPTION_CHOICE, .metavar = "LEVEL",                 \
        .choices = "c|adx|ifma",                                                                   \
        .help = "this CPU level only (bn254: each the machine has; groth16: the best)"             \
    }

/* One of min..max, and which option is wrong otherwise. */
static int read_number(unsigned *out, const struct args *a, const char *name, int64_t min,
                       int64_t max, struct err *err)
{
    int64_t v = args_int(a, name, *out);

    if (v < min || v > max)
        return err_set(err, VCP_EINVAL, "--%s is from %lld to %lld", name, (long long)min,
                       (long long)max);
    *out = (unsigned)v;
    return VCP_OK;
}

static int read_sizes(struct bench_options *o, const struct args *a, unsigned least,
                      struct err *err)
{
    int rc = read_number(&o->log_n_min, a, "min", least, LOG_N_MAX, err);

    if (rc == VCP_OK)
        rc = read_number(&o->log_n_max, a, "max", least, LOG_N_MAX, err);
    if (rc == VCP_OK && o->log_n_min > o->log_n_max) {
        if (args_given(a, "min") && args_given(a, "max"))
            return err_set(err, VCP_EINVAL, "--min is above --max");
        if (args_given(a, "min"))
            o->log_n_max = o->log_n_min;
        o->log_n_min = o->log_n_max;
    }
    return rc;
}

static int read_level(struct bench_options *o, const struct args *a)
{
    const char *name = args_text(a, "level");

    if (name)
        o->level = !strcmp(name, "c") ? BN254_C : !strcmp(name, "adx") ? BN254_ADX : BN254_IFMA;
    return VCP_OK;
}

/* Runs one area: a table row by row, or all rows at the end as JSON. */
static int measure(struct cli *cli, const struct args *args, const char *area,
                   const struct bench_options *o, int (*run)(struct bench *, struct err *))
{
    bool json = args_flag(args, "json");
    struct err err = {0};
    struct bench b;
    int rc = bench_init(&b, area, o, json ? NULL : cli->out, &err);

    if (rc == VCP_OK)
        rc = run(&b, &err);
    if (rc == VCP_OK && json_array_size(b.rows) == 0)
        rc = err_set(&err, VCP_EINVAL, "no measurement begins with '%s'", o->only ? o->only : "");
    rc = rc < 0 ? cli_fail(cli, &err) : json ? cli_print_json(cli, bench_json(&b)) : CLI_OK;
    bench_release(&b);
    return rc;
}

/* ---- bn254 ---- */

static int run_bn254(struct cli *cli, const struct args *a)
{
    struct bench_options o = bench_options_bn254;
    struct err err = {0};

    o.only = args_text(a, "only");
    if (read_sizes(&o, a, 1, &err) < 0 || read_level(&o, a) < 0 ||
        read_number(&o.n_threads, a, "threads", 0, THREADS_MAX, &err) < 0 ||
        read_number(&o.n_rounds, a, "rounds", 1, BENCH_ROUNDS_MAX, &err) < 0)
        return cli_fail(cli, &err);
    return measure(cli, a, "bn254", &o, bench_bn254);
}

static const struct option options_bn254[] = {
    {.name = "min",
     .kind = OPTION_INT,
     .metavar = "LOG2",
     .fallback = NULL,
     .help = "smallest size of MSM and NTT, as a power of two (10)"},
    {.name = "max",
     .letter = 'n',
     .kind = OPTION_INT,
     .metavar = "LOG2",
     .help = "largest size, as a power of two (20)"},
    {.name = "threads",
     .letter = 't',
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "1",
     .help = "threads of MSM and NTT; 0: one for each CPU"},
    OPTION_LEVEL,
    OPTION_ONLY,
    OPTION_ROUNDS("5"),
    OPTION_JSON,
    OPTION_END,
};

static const struct command bench_cmd_bn254 = {
    .name = "bn254",
    .summary = "measure the algebra of the pairing curve, at each CPU level",
    .description =
        "fp_mul is one multiplication in the base field, of sixteen independent ones in flight; "
        "g1_add one addition of points, of 2048 that share an inversion, as the buckets of an MSM "
        "do them; g1_mul one multiple of a point; pairing one pairing, pairing_check4 the product "
        "of four with three prepared points, which is the work of verifying a proof; msm_g1 and "
        "msm_g2 are multi-scalar multiplications with random scalars, in G2 up to 2^18; ntt and "
        "ntt_to_coset the transforms of a prover.\n\n"
        "With --max 20 inputs take some 250 MiB and half a minute to prepare.",
    .examples = "ambient bench bn254\n"
                "ambient bench bn254 --only msm_g1 --min 20 --max 20 --threads 2 --level ifma\n"
                "ambient bench bn254 --max 14 --json",
    .options = options_bn254,
    .run = run_bn254,
};

/* ---- groth16 ---- */

static int run_groth16(struct cli *cli, const struct args *a)
{
    struct bench_options o = bench_options_groth16;
    struct err err = {0};

    o.folder = args_text(a, "keys");
    o.trust_key = args_flag(a, "trust-keys");
    o.dense = args_flag(a, "dense");
    o.witness = args_flag(a, "witness");
    if (read_sizes(&o, a, LOG_N_MIN_KEY, &err) < 0 || read_level(&o, a) < 0 ||
        read_number(&o.n_threads, a, "threads", 0, THREADS_MAX, &err) < 0 ||
        read_number(&o.n_rounds, a, "rounds", 1, BENCH_ROUNDS_MAX, &err) < 0)
        return cli_fail(cli, &err);
    return measure(cli, a, "groth16", &o, bench_groth16);
}

static const struct option options_groth16[] = {
    {.name = "min",
     .kind = OPTION_INT,
     .metavar = "LOG2",
     .help = "rows of the smallest circuit, as a power of two (14)"},
    {.name = "max",
     .letter = 'n',
     .kind = OPTION_INT,
     .metavar = "LOG2",
     .help = "rows of the largest circuit, as a power of two (14)"},
    {.name = "threads",
     .letter = 't',
     .kind = OPTION_INT,
     .metavar = "N",
     .help = "threads of the prover; absent: one, then one for each CPU"},
    OPTION_LEVEL,
    {.name = "keys",
     .letter = 'd',
     .kind = OPTION_TEXT,
     .metavar = "FOLDER",
     .fallback = "/tmp",
     .help = "where proving keys are kept for the next run"},
    {.name = "trust-keys", .kind = OPTION_FLAG, .help = "leave out the check of the keys' points"},
    {.name = "dense",
     .kind = OPTION_FLAG,
     .help = "a circuit whose every wire is in A and in B, instead of one shaped like circom's"},
    {.name = "witness",
     .kind = OPTION_FLAG,
     .help = "also write the witness beside the key, to prove with other programs"},
    OPTION_ROUNDS("3"),
    OPTION_JSON,
    OPTION_END,
};

static const struct command bench_cmd_groth16 = {
    .name = "groth16",
    .summary = "measure setup, proof and verification by circuit size",
    .description =
        "The circuit has the densities of circom's: 28 % of the wires are 0, 20 % are 1, 45 % are "
        "in no row's A and 67 % in no row's B, so that their points in the key are infinity. What "
        "key and witness hold is counted and printed with open_key. --dense measures a harder "
        "circuit, with the same values and no point at infinity. The key comes from a local setup "
        "and is kept for the next run: a 2^20 key takes 600 MB and minutes. Every proof is "
        "verified before its time is printed.",
    .examples = "ambient bench groth16 --min 14 --max 16\n"
                "ambient bench groth16 --min 16 --max 16 --dense\n"
                "ambient bench groth16 --min 20 --threads 2 --keys ~/keys --json",
    .options = options_groth16,
    .run = run_groth16,
};

/* ---- wasm ---- */

static int run_wasm(struct cli *cli, const struct args *a)
{
    struct bench_options o = bench_options_wasm;
    struct err err = {0};

    o.only = args_text(a, "only");
    o.wasm3 = args_text(a, "wasm3");
    if (read_number(&o.n_rounds, a, "rounds", 1, BENCH_ROUNDS_MAX, &err) < 0)
        return cli_fail(cli, &err);
    return measure(cli, a, "wasm", &o, bench_wasm);
}

static const struct option options_wasm[] = {
    OPTION_ONLY,
    OPTION_ROUNDS("5"),
    {.name = "wasm3",
     .kind = OPTION_TEXT,
     .metavar = "PROGRAM",
     .help = "also run each kernel with this wasm3"},
    OPTION_JSON,
    OPTION_END,
};

static const struct command bench_cmd_wasm = {
    .name = "wasm",
    .summary = "measure the engine on kernels in C, next to native code",
    .description = "Fourteen kernels in C, compiled for wasm32 and for this machine. Each result "
                   "is held against the native one. Times are processor time; 'native' is how "
                   "many times longer than native code the kernel took, 'Ggas/s' how much gas "
                   "passed in a second.",
    .examples = "ambient bench wasm\n"
                "ambient bench wasm --only sha256 --rounds 1",
    .options = options_wasm,
    .run = run_wasm,
};

/* ---- zkvm ---- */

static int run_zkvm(struct cli *cli, const struct args *a)
{
    struct bench_options o = bench_options_zkvm;
    struct err err = {0};

    o.only = args_text(a, "only");
    o.folder = args_text(a, "keys");
    if (read_number(&o.log_n_max, a, "size", 17, 22, &err) < 0 ||
        read_number(&o.n_threads, a, "threads", 0, THREADS_MAX, &err) < 0 ||
        read_number(&o.n_rounds, a, "rounds", 1, BENCH_ROUNDS_MAX, &err) < 0)
        return cli_fail(cli, &err);
    return measure(cli, a, "zkvm", &o, bench_zkvm);
}

static const struct option options_zkvm[] = {
    {.name = "size",
     .kind = OPTION_INT,
     .metavar = "LOG2",
     .help = "constraints of a fitted circuit, as a power of two from 17 on (18)"},
    {.name = "threads",
     .letter = 't',
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "0",
     .help = "threads of the prover; 0: one for each CPU"},
    OPTION_ONLY,
    {.name = "keys",
     .letter = 'd',
     .kind = OPTION_TEXT,
     .metavar = "FOLDER",
     .fallback = "/tmp",
     .help = "where proving keys are kept for the next run, in bench_poe_SIZE"},
    OPTION_ROUNDS("1"),
    OPTION_JSON,
    OPTION_END,
};

static const struct command bench_cmd_zkvm = {
    .name = "zkvm",
    .summary = "prove real programs and verify their receipts",
    .description =
        "Five programs in C: a mix of lists, matrices, a state machine and a CRC; a classifier of "
        "20 handwritten digits; SHA-256 of 4 KiB; a JSON parser; quicksort of 10,000 numbers. Each "
        "has keys fitted to its own mix of instructions; they are made first and kept, 0.6 GB "
        "in all. 'time' is that of the run, its trace and all proofs, 'each' that of a unit of "
        "gas. 'filled_pct' is how much of the circuits the run filled; 'verify_ms' decoding and "
        "verifying the receipt against the module on one thread; 'peak_MiB' the largest memory of "
        "this process so far, mapped keys included.",
    .examples = "ambient bench zkvm\n"
                "ambient bench zkvm --only sha256 --threads 1 --json",
    .options = options_zkvm,
    .run = run_zkvm,
};

static const struct command *const children[] = {
    &bench_cmd_bn254, &bench_cmd_groth16, &bench_cmd_wasm, &bench_cmd_zkvm, NULL,
};

const struct command cmd_bench = {
    .name = "bench",
    .group = "Local",
    .summary = "measure this machine: curve, prover, engine, receipts",
    .description = "Each result is checked before a time is printed; a wrong one ends the command "
                   "with exit code 1. Times are the best of several runs: wall clock, and "
                   "processor time over threads, which a busy machine disturbs less.",
    .children = children,
};
