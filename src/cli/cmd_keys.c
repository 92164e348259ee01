/* cmd_keys.c - `ambient keys ...`: proving keys of circom circuits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cli/args.h"
#include "cli/receipts.h"
#include "cli/session.h"
#include "groth16/setup.h"
#include "groth16/snarkjs_json.h"

/* ---- setup ---- */

static const struct option setup_options[] = {
    OPTION_OUTPUT("the key to make"),
    {.name = "ptau",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "powers of tau, prepared for phase 2: the key is that of 'snarkjs groth16 setup'"},
    {.name = "local",
     .kind = OPTION_FLAG,
     .help = "draw all secrets here and forget them: quick, for tests; the key is stamped"},
    OPTION_THREADS,
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_END,
};

static int setup_local(struct session *s, const struct r1cs *r, const char *out)
{
    struct cs cs;
    int rc = cs_from_r1cs(&cs, r, &s->err);

    if (rc < 0)
        return rc;
    rc = groth16_setup_local(out, &cs, &s->work, &s->err);
    cs_release(&cs);
    progress_clear(&s->bar);
    if (rc < 0)
        return rc;
    if (args_flag(s->args, "json"))
        return cli_print_json(s->cli, json_pack("{s:s, s:b}", "key", out, "local", 1));
    cli_say(s->cli, "%s: a local key, stamped: whoever made it may be able to forge proofs", out);
    return CLI_OK;
}

static int setup_ptau(struct session *s, const struct r1cs *r, const char *out)
{
    struct ptau p;
    uint8_t hash[MPC_HASH_BYTES];
    int rc = ptau_open(&p, args_text(s->args, "ptau"), &s->err);

    if (rc < 0)
        return rc;
    rc = groth16_setup_ptau(out, r, &p, hash, &s->work, &s->err);
    ptau_release(&p);
    if (rc < 0)
        return rc;
    rc = session_report_hash(s, "circuit_hash", "circuit hash", hash);
    if (!args_flag(s->args, "quiet"))
        cli_say(s->cli, "not usable yet: contribute to it first (ambient keys contribute)");
    return rc;
}

static int run_setup(struct cli *cli, const struct args *args)
{
    struct session s;
    struct r1cs r;
    const char *out = args_text(args, "output");
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK && !args_text(args, "ptau") == !args_flag(args, "local"))
        rc = err_set(&s.err, VCP_EINVAL, "give either --ptau FILE or --local");
    if (rc == VCP_OK && (rc = r1cs_open(&r, args->operands[0], &s.err)) == VCP_OK) {
        rc = args_flag(args, "local") ? setup_local(&s, &r, out) : setup_ptau(&s, &r, out);
        r1cs_release(&r);
    }
    return session_close(&s, rc);
}

static const struct command cmd_setup = {
    .name = "setup",
    .summary = "make the initial proving key of a circuit",
    .operands = "CIRCUIT.r1cs",
    .operands_min = 1,
    .operands_max = 1,
    .description =
        "With --ptau the key is, byte for byte, the one 'snarkjs groth16 setup' makes from the "
        "same files: its last secret is still 1, so it must be contributed to. With --local "
        "all secrets are drawn here, from the operating system, and forgotten.",
    .examples = "ambient keys setup mul.r1cs --ptau pot14_final.ptau -o mul_0.zkey\n"
                "ambient keys setup mul.r1cs --local -o mul_test.zkey",
    .options = setup_options,
    .run = run_setup,
};

/* ---- contribute and beacon ---- */

static const struct option contribute_options[] = {
    OPTION_OUTPUT("the key to make"),
    OPTION_NAME,
    OPTION_ENTROPY,
    OPTION_THREADS,
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_END,
};

static int run_contribute(struct cli *cli, const struct args *args)
{
    struct session s;
    struct zkey k;
    uint8_t hash[MPC_HASH_BYTES];
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK && (rc = zkey_open(&k, args->operands[0], &s.err)) == VCP_OK) {
        rc = zkey_check_points(&k, s.work.threads, &s.err);
        if (rc == VCP_OK)
            rc = groth16_contribute(args_text(args, "output"), &k, args_text(args, "name"),
                                    args_text(args, "entropy"), hash, &s.work, &s.err);
        zkey_release(&k);
    }
    if (rc == VCP_OK)
        rc = session_report_hash(&s, "contribution_hash", "contribution hash", hash);
    return session_close(&s, rc);
}

static const struct command cmd_contribute = {
    .name = "contribute",
    .summary = "add your secret to a key, and forget it",
    .operands = "KEY.zkey",
    .operands_min = 1,
    .operands_max = 1,
    .description = "One honest contributor is enough for the key to be sound: the secret is drawn "
                   "from the operating system, multiplied into delta and wiped. Publish the "
                   "contribution hash that is printed.",
    .examples = "ambient keys contribute mul_0.zkey -o mul_1.zkey --name \"first of us\"",
    .options = contribute_options,
    .run = run_contribute,
};

static const struct option beacon_options[] = {
    OPTION_OUTPUT("the key to make"),
    OPTION_BEACON,
    OPTION_ITERATIONS,
    OPTION_NAME,
    OPTION_THREADS,
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_END,
};

static int run_beacon(struct cli *cli, const struct args *args)
{
    struct session s;
    struct zkey k;
    uint8_t hash[MPC_HASH_BYTES], beacon[MPC_BEACON_MAX];
    unsigned log = 0;
    size_t n = 0;
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK)
        rc = session_read_beacon(&s, beacon, &n, &log);
    if (rc == VCP_OK && (rc = zkey_open(&k, args->operands[0], &s.err)) == VCP_OK) {
        rc = groth16_beacon(args_text(args, "output"), &k, args_text(args, "name"), beacon, n, log,
                            hash, &s.work, &s.err);
        zkey_release(&k);
    }
    if (rc == VCP_OK)
        rc = session_report_hash(&s, "contribution_hash", "contribution hash", hash);
    return session_close(&s, rc);
}

static const struct command cmd_beacon = {
    .name = "beacon",
    .summary = "close a ceremony with public randomness",
    .operands = "KEY.zkey",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "ambient keys beacon mul_1.zkey -o mul.zkey --beacon 0102...1f --name final",
    .options = beacon_options,
    .run = run_beacon,
};

/* ---- verify ---- */

static const struct option verify_options[] = {
    {.name = "r1cs", .kind = OPTION_TEXT, .metavar = "FILE", .help = "the circuit, with --ptau"},
    {.name = "ptau", .kind = OPTION_TEXT, .metavar = "FILE", .help = "the powers of tau"},
    {.name = "init",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "instead of both: the initial key, made by yourself"},
    OPTION_THREADS,
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_END,
};

static int check_from_init(struct session *s, const struct zkey *k)
{
    struct zkey init;
    int rc = zkey_open(&init, args_text(s->args, "init"), &s->err);

    if (rc < 0)
        return rc;
    rc = groth16_check_key_from_init(k, &init, &s->work, &s->err);
    zkey_release(&init);
    return rc;
}

static int check_from_circuit(struct session *s, const struct zkey *k, const char *path)
{
    char scratch[BINFILE_PATH_BYTES];
    struct r1cs r;
    struct ptau p;
    int rc;

    snprintf(scratch, sizeof scratch, "%.*s.initial.%ld", BINFILE_PATH_BYTES - 64, path,
             (long)getpid());
    if ((rc = r1cs_open(&r, args_text(s->args, "r1cs"), &s->err)) < 0)
        return rc;
    if ((rc = ptau_open(&p, args_text(s->args, "ptau"), &s->err)) == VCP_OK) {
        rc = groth16_check_key(k, &r, &p, scratch, &s->work, &s->err);
        ptau_release(&p);
    }
    r1cs_release(&r);
    return rc;
}

static json_t *contributions_json(const struct mpc *m)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < m->n; i++) {
        uint8_t hash[MPC_HASH_BYTES];

        mpc_contribution_hash(hash, &m->list[i]);
        json_array_append_new(list, session_contribution_json(&m->list[i].label, hash));
    }
    return list;
}

/* The contributions of a key that was verified. */
static int report_chain(struct session *s, const struct zkey *k)
{
    struct mpc m;
    char hex[2 * MPC_HASH_BYTES + 1];
    int rc = mpc_read(&m, &k->file, &s->err);

    if (rc < 0)
        return rc;
    hex_encode(hex, m.circuit_hash, MPC_HASH_BYTES);
    if (args_flag(s->args, "json")) {
        rc = cli_print_json(s->cli, json_pack("{s:b, s:s, s:o}", "valid", 1, "circuit_hash", hex,
                                              "contributions", contributions_json(&m)));
    } else {
        fprintf(s->cli->out, "circuit hash %s\n", hex);
        for (uint32_t i = 0; i < m.n; i++) {
            uint8_t hash[MPC_HASH_BYTES];

            mpc_contribution_hash(hash, &m.list[i]);
            session_print_contribution(s, i, &m.list[i].label, hash);
        }
        fprintf(s->cli->out, "the key is valid\n");
        rc = CLI_OK;
    }
    mpc_release(&m);
    return rc;
}

static int run_verify(struct cli *cli, const struct args *args)
{
    struct session s;
    struct zkey k;
    bool init = args_text(args, "init") != NULL;
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK && init == (args_text(args, "r1cs") && args_text(args, "ptau")))
        rc = err_set(&s.err, VCP_EINVAL, "give --r1cs FILE and --ptau FILE, or --init FILE");
    if (rc == VCP_OK && (rc = zkey_open(&k, args->operands[0], &s.err)) == VCP_OK) {
        rc = init ? check_from_init(&s, &k) : check_from_circuit(&s, &k, args->operands[0]);
        progress_clear(&s.bar);
        if (rc == VCP_OK)
            rc = report_chain(&s, &k);
        zkey_release(&k);
    }
    return session_close(&s, rc);
}

static const struct command cmd_verify_key = {
    .name = "verify",
    .summary = "check a key and all its contributions",
    .operands = "KEY.zkey",
    .operands_min = 1,
    .operands_max = 1,
    .description =
        "Checks that the key belongs to the circuit and the powers of tau, that every contribution "
        "follows from the one before, that beacons give the keys they claim, and that every point "
        "is what it should be: what 'snarkjs zkey verify' checks. The powers of tau are checked to "
        "be powers of one secret; who took part in making them is not: for that there is "
        "'ambient keys powers verify'.",
    .examples = "ambient keys verify mul.zkey --r1cs mul.r1cs --ptau pot14_final.ptau",
    .options = verify_options,
    .run = run_verify,
};

/* ---- export ---- */

static const struct option export_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .fallback = "verification_key.json",
     .help = "where it goes, - for standard output"},
    {.name = "binary",
     .kind = OPTION_FLAG,
     .help = "the canonical bytes of include/vcp/groth16.h instead of snarkjs's JSON"},
    OPTION_END,
};

static int export_key(const struct vkey *k, const struct args *args, struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    if (args_flag(args, "binary"))
        vkey_put(&b, k);
    else
        snarkjs_write_vkey(&b, k);
    rc = b.failed ? err_set(err, VCP_ENOMEM, "no memory for the key's text")
                  : file_write(args_text(args, "output"), b.data, b.len, 0644, err);
    buf_release(&b);
    return rc;
}

static int run_export(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct zkey z;
    struct vkey *k;
    int rc = zkey_open(&z, args->operands[0], &err);

    if (rc == VCP_OK) {
        rc = vkey_from_zkey(&k, &z, &err);
        if (rc == VCP_OK) {
            rc = export_key(k, args, &err);
            vkey_free(k);
        }
        zkey_release(&z);
    }
    return rc < 0 ? session_fail(cli, &err) : CLI_OK;
}

static const struct command cmd_export = {
    .name = "export",
    .summary = "write the verification key of a proving key",
    .operands = "KEY.zkey",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "ambient keys export mul.zkey -o verification_key.json",
    .options = export_options,
    .run = run_export,
};

static const struct command *const children[] = {
    &cmd_setup,  &cmd_contribute, &cmd_beacon,   &cmd_verify_key,
    &cmd_export, &cmd_powers,     &cmd_profiles, NULL};

const struct command cmd_keys = {
    .name = "keys",
    .group = "Proofs",
    .summary = "make, contribute to, check and export proving keys",
    .children = children,
};
