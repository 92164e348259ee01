/* cmd_profiles.c - `ambient keys profiles ...`: keys of circuit profiles, for receipts. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cli/progress.h"
#include "cli/proof.h"
#include "cli/receipts.h"
#include "cli/remote.h"
#include "zkvm/prover.h"

static const struct option setup_options[] = {
    OPTION_KEYS,
    {.name = "fit",
     .kind = OPTION_TEXT,
     .metavar = "MODULE",
     .help = "make a profile with the mix of chips this module's run has"},
    {.name = "name",
     .kind = OPTION_TEXT,
     .metavar = "NAME",
     .help = "of the fitted profile",
     .fallback = "fitted"},
    {.name = "size",
     .kind = OPTION_INT,
     .metavar = "LOG2",
     .fallback = "18",
     .help = "log2 of the constraints of a circuit, 12 to 22"},
    OPTIONS_EXECUTION,
    {.name = "test-seed",
     .kind = OPTION_TEXT,
     .metavar = "TEXT",
     .help = "secrets from this text: the key is stamped and refused by verifiers"},
    {.name = "threads",
     .letter = 't',
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "0",
     .help = "threads, 0 for one on each CPU"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "no progress, only results"},
    OPTION_JSON,
    OPTION_END,
};

struct making {
    const struct args *args;
    struct progress bar;
    struct work work;
    struct profile profile;
    char dir[1024];
};

/* The histogram of a run. */
static int fit(struct making *m, struct err *err)
{
    const struct args *a = m->args;
    struct receipts_run run = {.module = {.len = 0}};
    uint64_t *counts = calloc(CATALOG_CHIPS, sizeof *counts);
    struct execution *e = NULL;
    int rc = counts ? receipts_run_read(&run, a, args_text(a, "fit"),
                                        (const char *const *)a->operands, a->n_operands, err)
                    : err_set(err, VCP_ENOMEM, "no memory for a histogram");

    if (rc == VCP_OK && (rc = receipts_limits(&run.req.limits, a, err)) == VCP_OK &&
        (rc = execution_new(&e, &run.req, err)) == VCP_OK &&
        (rc = execution_trace(e, 0, err)) == VCP_OK) {
        for (uint32_t i = 0; i < CATALOG_CHIPS; i++)
            counts[i] = e->rows[i].n;
        rc = profile_fit(&m->profile, args_text(a, "name"), counts,
                         (unsigned)args_int(a, "size", 18), e->chips, err);
    }
    execution_free(e);
    receipts_run_release(&run);
    free(counts);
    return rc;
}

static int builtin(struct making *m, const char *name, struct err *err)
{
    struct catalog *chips;
    int rc;

    if (strcmp(name, "range") == 0) {
        profile_range(&m->profile);
        return VCP_OK;
    }
    if (strcmp(name, "bits") == 0) {
        profile_bits(&m->profile);
        return VCP_OK;
    }
    if (strcmp(name, "any") != 0 && strcmp(name, "typical") != 0)
        return err_set(err, VCP_EINVAL,
                       "there is no profile '%.60s': range, bits, any, typical, or --fit MODULE",
                       name);
    if (!(chips = catalog_new()))
        return err_set(err, VCP_ENOMEM, "no memory for the chips");
    rc = (strcmp(name, "any") == 0 ? profile_any : profile_typical)(
        &m->profile, (unsigned)args_int(m->args, "size", 18), chips, err);
    catalog_free(chips);
    return rc;
}

static int make(struct making *m, json_t *list, struct cli *cli, struct err *err)
{
    const char *text = args_text(m->args, "test-seed");
    uint8_t seed[32], digest[32];
    char hex[65];
    int64_t start = clock_mono_ns();
    int rc;

    if (text)
        sha3_256(seed, text, strlen(text));
    rc = prover_setup(digest, m->dir, &m->profile, text ? seed : NULL, &m->work, err);
    progress_clear(&m->bar);
    if (rc < 0)
        return rc;
    hex_encode(hex, digest, 32);
    if (!args_flag(m->args, "json"))
        fprintf(cli->out, "%s  %s  (%u chips, %.1f s)%s\n", hex, m->profile.name,
                m->profile.n_parts, (double)(clock_mono_ns() - start) / 1e9,
                text ? "  TEST KEY" : "");
    json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", m->profile.name, "digest", hex,
                                          "test", text != NULL));
    return VCP_OK;
}

static int make_all(struct making *m, json_t *list, struct cli *cli, struct err *err)
{
    static const char *const all[] = {"range", "bits", "any", "typical"};
    const struct args *a = m->args;
    int64_t size = args_int(a, "size", 18);
    size_t n = a->n_operands ? a->n_operands : sizeof all / sizeof *all;
    int rc;

    if (size < 12 || size > 22)
        return err_set(err, VCP_EINVAL, "--size %lld, want 12 to 22", (long long)size);
    if ((rc = receipts_keys_dir(m->dir, sizeof m->dir, a, err)) < 0)
        return rc;
    if (args_text(a, "fit")) {
        if ((rc = fit(m, err)) < 0)
            return rc;
        return make(m, list, cli, err);
    }
    for (size_t i = 0; i < n; i++)
        if ((rc = builtin(m, a->n_operands ? a->operands[i] : all[i], err)) < 0 ||
            (rc = make(m, list, cli, err)) < 0)
            return rc;
    return VCP_OK;
}

static int run_setup(struct cli *cli, const struct args *args)
{
    struct making *m = calloc(1, sizeof *m);
    struct err err = {0};
    json_t *list = json_array();
    int rc = m ? VCP_OK : err_set(&err, VCP_ENOMEM, "no memory");

    if (m) {
        m->args = args;
        progress_init(&m->bar, args_flag(args, "quiet") || args_flag(args, "json"));
        m->work.threads = threads_new((unsigned)args_int(args, "threads", 0));
        m->work.progress = progress_draw;
        m->work.progress_arg = &m->bar;
        rc = make_all(m, list, cli, &err);
        progress_clear(&m->bar);
        threads_free(m->work.threads);
    }
    free(m);
    if (rc == VCP_OK && args_flag(args, "json"))
        return cli_print_json(cli, list);
    json_decref(list);
    return rc < 0 ? receipts_fail(cli, &err) : CLI_OK;
}

static const struct command cmd_make = {
    .name = "setup",
    .summary = "make the keys of circuit profiles",
    .operands = "[range] [bits] [any] [typical] | --fit MODULE [--entry NAME] [ARG...]",
    .operands_min = 0,
    .operands_max = -1,
    .description =
        "A receipt needs the profile 'range' (and 'bits' when the run has bitwise instructions), "
        "and profiles with room for every instruction the run executes: 'any' has at least one row "
        "for each, 'typical' many of those that programs use most, and --fit makes one with the "
        "mix of a run. Without operands all four are made: enough for short runs of any module, at "
        "many proofs each. A fitted profile besides makes runs of its kind many times cheaper, and "
        "long ones possible at all. All secrets are drawn here and forgotten: that convinces "
        "whoever ran the command. Others must pin digests of keys made by someone they trust.",
    .examples = "ambient keys profiles setup\n"
                "ambient keys profiles setup --fit sha256.wasm --name hashing < typical-input",
    .options = setup_options,
    .run = run_setup,
};

/* ---- list ---- */

static const struct option list_options[] = {OPTION_KEYS, OPTION_JSON, OPTION_END};

static int run_list(struct cli *cli, const struct args *args)
{
    struct keyring ring = {.n = 0};
    struct err err = {0};
    char dir[1024], hex[65];
    json_t *list = json_array();
    int rc = receipts_keys_dir(dir, sizeof dir, args, &err);

    if (rc == VCP_OK)
        rc = keyring_open(&ring, dir, NULL, 0, &err);
    for (uint32_t i = 0; i < ring.n; i++) {
        const struct key_entry *e = &ring.entries[i];
        hex_encode(hex, e->digest, 32);
        if (!args_flag(args, "json"))
            fprintf(cli->out, "%s  %s%s\n", hex, e->name, e->vk->local_test ? "  TEST KEY" : "");
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", e->name, "digest", hex,
                                              "test", e->vk->local_test));
    }
    keyring_release(&ring);
    if (rc == VCP_OK && args_flag(args, "json"))
        return cli_print_json(cli, list);
    json_decref(list);
    return rc < 0 ? receipts_fail(cli, &err) : CLI_OK;
}

static const struct command cmd_list = {
    .name = "list",
    .summary = "the keys of a folder and their digests",
    .options = list_options,
    .run = run_list,
};

/* ---- fetch ---- */

static const struct option fetch_options[] = {
    OPTIONS_REMOTE,
    OPTION_KEYS,
    {.name = "proving",
     .kind = OPTION_FLAG,
     .help =
         "the proving keys too, which are large; for 'ambient prove' and 'ambient node --keys'"},
    OPTION_END,
};

static void tell_fetch(void *arg, const char *name, uint64_t bytes)
{
    cli_say(arg, "%s, %.1f MB", name, (double)bytes / 1048576);
}

static int run_fetch(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct remote r;
    uint32_t n = 0;
    char dir[1024];
    int rc;

    if (receipts_keys_dir(dir, sizeof dir, args, &err) < 0)
        return receipts_fail(cli, &err);
    if ((rc = remote_open(&r, cli, args)) != CLI_OK)
        return rc;
    rc = proof_fetch_keys(&r, dir, args_flag(args, "proving"), tell_fetch, cli, &n);
    remote_close(&r);
    if (rc == CLI_OK)
        cli_say(
            cli,
            "%u files in %s; trust them by pinning digests you know: ambient keys profiles list", n,
            dir);
    return rc;
}

static const struct command cmd_fetch = {
    .name = "fetch",
    .summary = "copy the keys of a server into a folder",
    .options = fetch_options,
    .run = run_fetch,
    .description =
        "What a server names as its keys is what its operator made. A receipt under them "
        "convinces you as far as you believe that he forgot their secrets.",
};

static const struct command *const children[] = {&cmd_make, &cmd_list, &cmd_fetch, NULL};

const struct command cmd_profiles = {
    .name = "profiles",
    .summary = "keys for receipts of execution",
    .children = children,
};
