/* cmd_powers.c - `ambient keys powers ...`: powers of tau, phase 1 of a setup. */
#include <stdlib.h>

#include "cli/receipts.h"
#include "cli/session.h"
#include "groth16/ptau_make.h"

/* ---- new ---- */

static const struct option new_options[] = {
    OPTION_OUTPUT("the file to make"),
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_END,
};

static int run_new(struct cli *cli, const struct args *args)
{
    uint8_t challenge[BLAKE2B_DIGEST_BYTES];
    const char *text = args->operands[0];
    char *end;
    struct session s;
    unsigned long power = strtoul(text, &end, 10);
    int rc = VCP_OK;

    session_open_alone(&s, cli, args);
    if (*text < '0' || *text > '9' || *end || power < 1 || power > PTAU_POWER_MAX)
        rc = err_set(&s.err, VCP_EINVAL, "power %s, want 1 to %u", text, PTAU_POWER_MAX);
    if (rc == VCP_OK)
        rc = ptau_new(args_text(args, "output"), (unsigned)power, challenge, &s.work, &s.err);
    if (rc == VCP_OK)
        rc = session_report_hash(&s, "challenge", "first challenge", challenge);
    return session_close(&s, rc);
}

static const struct command cmd_new = {
    .name = "new",
    .summary = "start: the powers of 1, with nothing secret yet",
    .operands = "POWER",
    .operands_min = 1,
    .operands_max = 1,
    .description = "2^POWER is the largest domain of a circuit that can use the file: rows and "
                   "public inputs together. 2^20 makes files of 400 MB, 1.2 GB when prepared.",
    .examples = "ambient keys powers new 14 -o pot14_0.ptau",
    .options = new_options,
    .run = run_new,
};

/* ---- contribute and beacon ---- */

static const struct option contribute_options[] = {
    OPTION_OUTPUT("the file to make"),
    OPTION_NAME,
    OPTION_ENTROPY,
    OPTION_THREADS,
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_END,
};

static int run_contribute(struct cli *cli, const struct args *args)
{
    uint8_t response[BLAKE2B_DIGEST_BYTES];
    struct session s;
    struct ptau p;
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK && (rc = ptau_open(&p, args->operands[0], &s.err)) == VCP_OK) {
        rc = ptau_contribute(args_text(args, "output"), &p, args_text(args, "name"),
                             args_text(args, "entropy"), response, &s.work, &s.err);
        ptau_release(&p);
    }
    if (rc == VCP_OK)
        rc = session_report_hash(&s, "contribution_hash", "contribution hash", response);
    return session_close(&s, rc);
}

static const struct command cmd_contribute = {
    .name = "contribute",
    .summary = "multiply your secrets into the powers, and forget them",
    .operands = "POWERS.ptau",
    .operands_min = 1,
    .operands_max = 1,
    .description = "One honest contributor is enough for the powers to be sound. The secrets are "
                   "drawn from the operating system and wiped. Publish the contribution hash that "
                   "is printed.",
    .examples =
        "ambient keys powers contribute pot14_0.ptau -o pot14_1.ptau --name \"first of us\"",
    .options = contribute_options,
    .run = run_contribute,
};

static const struct option beacon_options[] = {
    OPTION_OUTPUT("the file to make"),
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
    uint8_t response[BLAKE2B_DIGEST_BYTES], beacon[MPC_BEACON_MAX];
    struct session s;
    struct ptau p;
    unsigned log = 0;
    size_t n = 0;
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK)
        rc = session_read_beacon(&s, beacon, &n, &log);
    if (rc == VCP_OK && (rc = ptau_open(&p, args->operands[0], &s.err)) == VCP_OK) {
        rc = ptau_beacon(args_text(args, "output"), &p, args_text(args, "name"), beacon, n, log,
                         response, &s.work, &s.err);
        ptau_release(&p);
    }
    if (rc == VCP_OK)
        rc = session_report_hash(&s, "contribution_hash", "contribution hash", response);
    return session_close(&s, rc);
}

static const struct command cmd_beacon = {
    .name = "beacon",
    .summary = "close phase 1 with public randomness",
    .operands = "POWERS.ptau",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "ambient keys powers beacon pot14_1.ptau -o pot14_2.ptau --beacon 0102...1f",
    .options = beacon_options,
    .run = run_beacon,
};

/* ---- prepare ---- */

static const struct option prepare_options[] = {
    OPTION_OUTPUT("the file to make"), OPTION_THREADS, OPTION_QUIET, OPTION_JSON, OPTION_END,
};

static int run_prepare(struct cli *cli, const struct args *args)
{
    const char *out = args_text(args, "output");
    unsigned power = 0;
    struct session s;
    struct ptau p;
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK && (rc = ptau_open(&p, args->operands[0], &s.err)) == VCP_OK) {
        power = p.power;
        rc = ptau_prepare(out, &p, &s.work, &s.err);
        ptau_release(&p);
    }
    progress_clear(&s.bar);
    if (rc == VCP_OK && args_flag(args, "json"))
        rc = cli_print_json(cli, json_pack("{s:s, s:i}", "powers", out, "power", (int)power));
    else if (rc == VCP_OK && !args_flag(args, "quiet"))
        cli_say(cli, "%s: ready for circuits of up to 2^%u rows", out, power);
    return session_close(&s, rc);
}

static const struct command cmd_prepare = {
    .name = "prepare",
    .summary = "add what phase 2 needs: Lagrange bases of all domains",
    .operands = "POWERS.ptau",
    .operands_min = 1,
    .operands_max = 1,
    .description = "The bytes are those of 'snarkjs powersoftau prepare phase2'.",
    .examples = "ambient keys powers prepare pot14_2.ptau -o pot14.ptau\n"
                "ambient keys setup mul.r1cs --ptau pot14.ptau -o mul_0.zkey",
    .options = prepare_options,
    .run = run_prepare,
};

/* ---- verify ---- */

static const struct option verify_options[] = {
    OPTION_THREADS,
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_END,
};

static json_t *contributions_json(const struct ptau_chain *c)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < c->n; i++) {
        uint8_t hash[BLAKE2B_DIGEST_BYTES];

        ptau_response(hash, &c->list[i]);
        json_array_append_new(list, session_contribution_json(&c->list[i].label, hash));
    }
    return list;
}

/* The contributions of a file that was verified. */
static int report_chain(struct session *s, const struct ptau *p)
{
    struct ptau_chain c;
    int rc = ptau_chain_read(&c, &p->file, &s->err);

    if (rc < 0)
        return rc;
    if (args_flag(s->args, "json")) {
        rc = cli_print_json(s->cli, json_pack("{s:b, s:i, s:b, s:o}", "valid", 1, "power",
                                              (int)p->power, "prepared", (int)p->prepared,
                                              "contributions", contributions_json(&c)));
    } else {
        for (uint32_t i = 0; i < c.n; i++) {
            uint8_t hash[BLAKE2B_DIGEST_BYTES];

            ptau_response(hash, &c.list[i]);
            session_print_contribution(s, i, &c.list[i].label, hash);
        }
        fprintf(s->cli->out, "the powers of tau are valid, up to 2^%u%s\n", p->power,
                p->prepared ? ", and prepared" : ", not prepared for phase 2");
        rc = CLI_OK;
    }
    ptau_chain_release(&c);
    return rc;
}

static int run_verify(struct cli *cli, const struct args *args)
{
    struct session s;
    struct ptau p;
    int rc = session_open(&s, cli, args);

    if (rc == VCP_OK && (rc = ptau_open(&p, args->operands[0], &s.err)) == VCP_OK) {
        rc = ptau_check(&p, &s.work, &s.err);
        progress_clear(&s.bar);
        if (rc == VCP_OK)
            rc = report_chain(&s, &p);
        ptau_release(&p);
    }
    return session_close(&s, rc);
}

static const struct command cmd_verify_powers = {
    .name = "verify",
    .summary = "check powers of tau and all their contributions",
    .operands = "POWERS.ptau",
    .operands_min = 1,
    .operands_max = 1,
    .description = "Checks that the points are powers of one tau, with one alpha and one beta, in "
                   "both groups; that every contribution follows from the one before and beacons "
                   "give the keys they claim; that the last one made this file; and, if it is "
                   "prepared, every Lagrange basis: what 'snarkjs powersoftau verify' checks.",
    .examples = "ambient keys powers verify pot14.ptau",
    .options = verify_options,
    .run = run_verify,
};

static const struct command *const children[] = {&cmd_new,     &cmd_contribute,    &cmd_beacon,
                                                 &cmd_prepare, &cmd_verify_powers, NULL};

const struct command cmd_powers = {
    .name = "powers",
    .summary = "make and check powers of tau, which keys are made from",
    .children = children,
};
