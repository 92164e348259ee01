/* cmd_submit.c - `ambient submit`: a task from the shell to the mesh and its answer back.
 *
 * The submission names module and input by digest; only when the server does not
 * have them are they uploaded.  The same Idempotency-Key goes with every try, so
 * a lost answer cannot become a second task. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/rng.h"
#include "cli/args.h"
#include "cli/proof.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "cli/wait.h"

static const struct option options[] = {
    OPTIONS_REMOTE,
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
     .help = "what the task reads from its standard input; - is this command's own"},
    {.name = "env",
     .kind = OPTION_LIST,
     .metavar = "NAME=VALUE",
     .help = "an environment variable of the task; may be given again"},
    {.name = "seed",
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "0",
     .help = "of the task's random numbers and clock, which are the same on every node"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "write the task's output there instead of to standard output"},
    {.name = "policy",
     .letter = 'p',
     .kind = OPTION_TEXT,
     .metavar = "POLICY",
     .fallback = "none",
     .help = "how the result is checked: none (one node's word), replicate:K (K nodes of different "
             "owners, majority wins), audit:P (of one node's results a share P, more for those "
             "without a record, must be proven or confirmed by another), proof (the node proves "
             "its run)"},
    {.name = "receipt",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "write the proof of the result there and verify it here"},
    {.name = "keys",
     .kind = OPTION_TEXT,
     .metavar = "DIR",
     .help = "verify with the keys of this folder instead of those the server names"},
    {.name = "pin",
     .kind = OPTION_LIST,
     .metavar = "DIGEST",
     .help = "a key you trust, by its digest; no others count then; may be given again"},
    {.name = "budget",
     .letter = 'b',
     .kind = OPTION_INT,
     .metavar = "CREDITS",
     .fallback = "100",
     .help = "what the task pays, divided among the nodes whose results are accepted; held in "
             "escrow, refunded when it fails"},
    {.name = "strategy",
     .kind = OPTION_CHOICE,
     .metavar = "NAME",
     .choices = "weighted|round-robin|least-loaded|latency-aware",
     .help = "how nodes are chosen, instead of the cluster's way"},
    {.name = "limits",
     .kind = OPTION_CHOICE,
     .metavar = "PRESET",
     .choices = "default|strict|relaxed",
     .fallback = "default",
     .help = "limits to start from"},
    {.name = "memory", .kind = OPTION_SIZE, .metavar = "SIZE", .help = "most memory of the task"},
    {.name = "gas", .kind = OPTION_INT, .metavar = "N", .help = "most gas, e.g. 10M or 2G"},
    {.name = "timeout",
     .kind = OPTION_DURATION,
     .metavar = "TIME",
     .help = "longest run on a node, e.g. 30s"},
    {.name = "min-cores",
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "1",
     .help = "processor cores the node must have"},
    {.name = "min-memory",
     .kind = OPTION_REAL,
     .metavar = "GB",
     .fallback = "0.25",
     .help = "memory the node must have"},
    {.name = "min-bandwidth",
     .kind = OPTION_REAL,
     .metavar = "MBPS",
     .fallback = "0",
     .help = "bandwidth the node must have"},
    {.name = "region", .kind = OPTION_TEXT, .metavar = "NAME", .help = "only nodes of this region"},
    {.name = "no-wait",
     .kind = OPTION_FLAG,
     .help = "print the task's id and stop; 'ambient task wait ID' waits for it"},
    {.name = "wait",
     .letter = 'w',
     .kind = OPTION_DURATION,
     .metavar = "TIME",
     .help = "stop waiting after this time; the task goes on"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "say nothing but the result"},
    {.name = "idempotency-key",
     .kind = OPTION_TEXT,
     .metavar = "KEY",
     .help = "submitting again with the same key gives the same task"},
    OPTION_END,
};

struct submission {
    struct buf module, input;
    char module_sha3[SHA3_256_HEX_BYTES], input_sha3[SHA3_256_HEX_BYTES];
    bool has_input;
    char key[128];
};

static void digest_hex(char out[SHA3_256_HEX_BYTES], const struct buf *b)
{
    uint8_t digest[SHA3_256_BYTES];

    sha3_256(digest, b->data, b->len);
    hex_encode(out, digest, sizeof digest);
}

static int read_inputs(struct submission *s, const struct args *args, struct err *err)
{
    const char *input = args_text(args, "stdin"), *key = args_text(args, "idempotency-key");
    int rc = file_read(&s->module, args->operands[0], WASM_MODULE_BYTES_MAX, err);

    if (rc == VCP_OK && (s->module.len < 8 || memcmp(s->module.data, "\0asm", 4)))
        rc = err_set(err, VCP_EFORMAT, "%s is no WebAssembly module: it does not begin with \\0asm",
                     args->operands[0]);
    if (rc == VCP_OK && input)
        rc = file_read(&s->input, input, CLI_INPUT_BYTES_MAX, err);
    if (rc < 0)
        return rc;
    s->has_input = input != NULL;
    digest_hex(s->module_sha3, &s->module);
    digest_hex(s->input_sha3, &s->input);
    if (key)
        snprintf(s->key, sizeof s->key, "%s", key);
    else
        rng_uuid(s->key);
    return VCP_OK;
}

/* --- the JSON --- */

static json_t *policy_json(const char *policy, struct err *err)
{
    const char *colon = strchr(policy, ':');
    int64_t k;

    if (!strcmp(policy, "none") || !strcmp(policy, "proof"))
        return json_pack("{s:s}", "kind", policy);
    if (!strncmp(policy, "replicate:", 10) && args_parse_int(&k, colon + 1) && k >= 2 &&
        k <= TASK_REPLICAS_MAX)
        return json_pack("{s:s, s:I}", "kind", "replicate", "k", (json_int_t)k);
    if (!strncmp(policy, "audit:", 6)) {
        char *end;
        double p = strtod(colon + 1, &end);

        if (end != colon + 1 && !*end && p > 0 && p <= 1)
            return json_pack("{s:s, s:f}", "kind", "audit", "p", p);
    }
    err_set(err, VCP_EINVAL,
            "--policy: '%.40s' is none of none, proof, replicate:K with K of 2..%u, audit:P with P "
            "above 0 and at most 1",
            policy, TASK_REPLICAS_MAX);
    return NULL;
}

static json_t *strings_json(const char *const *list)
{
    json_t *out = json_array();

    for (; *list; list++)
        json_array_append_new(out, json_string(*list));
    return out;
}

static json_t *env_json(const struct args *args, struct err *err)
{
    json_t *out = json_object();

    for (const char *const *e = args_list(args, "env", NULL); *e; e++) {
        const char *equals = strchr(*e, '=');
        char name[256];

        if (!equals || equals == *e || equals - *e >= (long)sizeof name) {
            err_set(err, VCP_EINVAL, "--env: '%.80s' is not NAME=VALUE", *e);
            json_decref(out);
            return NULL;
        }
        snprintf(name, sizeof name, "%.*s", (int)(equals - *e), *e);
        json_object_set_new(out, name, json_string(equals + 1));
    }
    return out;
}

static void set_int(json_t *o, const char *key, int64_t v)
{
    if (v >= 0)
        json_object_set_new(o, key, json_integer(v));
}

static json_t *limits_json(const struct args *args)
{
    json_t *out = json_pack("{s:s}", "preset", args_text(args, "limits"));

    set_int(out, "memory_bytes", args_bytes(args, "memory", -1));
    set_int(out, "gas", args_int(args, "gas", -1));
    set_int(out, "timeout_ms", args_ms(args, "timeout", -1));
    return out;
}

static json_t *requirements_json(const struct args *args)
{
    const char *region = args_text(args, "region");
    int64_t seconds = (args_ms(args, "timeout", 0) + 999) / 1000;
    json_t *out = json_pack("{s:I, s:f, s:f}", "min_cpu_cores",
                            (json_int_t)args_int(args, "min-cores", 1), "min_memory_gb",
                            args_real(args, "min-memory", 0.25), "min_bandwidth_mbps",
                            args_real(args, "min-bandwidth", 0));

    if (seconds > 60)
        json_object_set_new(out, "max_execution_time_sec", json_integer(seconds));
    if (region)
        json_object_set_new(out, "region", json_string(region));
    return out;
}

static json_t *submission_json(const struct submission *s, const struct args *args, struct err *err)
{
    const char *entry = args_text(args, "entry"), *strategy = args_text(args, "strategy");
    json_t *policy = policy_json(args_text(args, "policy"), err);
    json_t *env = policy ? env_json(args, err) : NULL;
    json_t *inputs, *out;

    if (!env) {
        json_decref(policy);
        return NULL;
    }
    inputs = json_pack("{s:o, s:o, s:I}", "args", strings_json(args->operands + 1), "env", env,
                       "seed", (json_int_t)args_int(args, "seed", 0));
    if (entry)
        json_object_set_new(inputs, "entry", json_string(entry));
    if (s->has_input)
        json_object_set_new(inputs, "stdin_sha3", json_string(s->input_sha3));
    out = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "task_type", "wasm_execution",
                    "module_sha3", s->module_sha3, "inputs", inputs, "requirements",
                    requirements_json(args), "limits", limits_json(args), "policy", policy,
                    "budget", (json_int_t)args_int(args, "budget", 0));
    if (out && strategy)
        json_object_set_new(out, "strategy", json_string(strategy));
    if (!out)
        err_set(err, VCP_ENOMEM, "out of memory (or an argument that is not UTF-8)");
    return out;
}

/* --- sending --- */

static bool lacks_blob(struct remote *r, int status)
{
    const char *text = buf_str(&r->reply.body);

    return (status == 400 || status == 404) &&
           (strstr(text, "module_sha3") || strstr(text, "stdin_sha3") ||
            strstr(text, "not stored") || strstr(text, "is not here"));
}

static int upload(struct remote *r, const struct submission *s)
{
    char hex[SHA3_256_HEX_BYTES];
    int rc = remote_put(r, "/modules", s->module.data, s->module.len, hex);

    if (rc == CLI_OK && s->has_input)
        rc = remote_put(r, "/blobs", s->input.data, s->input.len, hex);
    return rc;
}

static int send_submission(struct remote *r, const struct submission *s, json_t *body,
                           json_t **task)
{
    struct err err = {0};
    int status;
    int rc = remote_try(r, "POST", "/tasks", body, "Idempotency-Key", s->key, 0, &status, &err);

    if (rc == VCP_OK && lacks_blob(r, status)) {
        rc = upload(r, s);
        return rc != CLI_OK ? rc
                            : remote_json_with(r, "POST", "/tasks", body, "Idempotency-Key", s->key,
                                               0, task);
    }
    if (rc < 0 || status >= 300)
        return remote_explain(r, "POST", "/tasks", status, &err);
    if (json_parse(task, buf_str(&r->reply.body), r->reply.body.len, &err) < 0)
        return cli_fail(r->cli, &err);
    return CLI_OK;
}

/* The task as it was asked for here, whatever the server says now. */
static int check_receipt(struct remote *r, struct cli *cli, const struct args *args,
                         const struct submission *s, json_t *body, const json_t *task)
{
    struct proof_options o = {.output_file = args_text(args, "receipt"),
                              .keys_dir = args_text(args, "keys")};
    struct proof_known known = {.module = &s->module, .input = s->has_input ? &s->input : NULL};
    struct proof_answer answer;
    struct task_spec spec;
    struct err err = {0};
    json_t *result = NULL;
    struct arena a;
    char path[128];
    int rc;

    arena_init(&a, 16u << 20);
    o.pins_hex = args_list(args, "pin", &o.n_pins);
    if (task_spec_parse(&spec, &a, body, &err) < 0) {
        arena_release(&a);
        return cli_fail(cli, &err);
    }
    spec.inputs.stdin_bytes = s->input.len;
    known.spec = &spec;
    snprintf(path, sizeof path, "/tasks/%.64s/result", remote_str(task, "task_id"));
    rc = remote_json(r, "GET", path, NULL, &result);
    if (rc == CLI_OK)
        rc = proof_check(r, task, result, &known, &o, &answer);
    if (rc == CLI_OK) {
        proof_tell(cli, &answer, &o, r->server);
        rc = answer.valid ? CLI_OK : CLI_FAILED;
        proof_answer_release(&answer);
    }
    json_decref(result);
    arena_release(&a);
    return rc;
}

static int wait_and_report(struct remote *r, struct cli *cli, const struct args *args,
                           const struct submission *s, json_t *body, const char *task_id)
{
    bool quiet = args_flag(args, "quiet");
    struct wait_options wait = {.timeout_ms = args_ms(args, "wait", -1), .quiet = quiet};
    struct wait_report report = {
        .output_file = args_text(args, "output"), .json = args_flag(args, "json"), .quiet = quiet};
    json_t *task = NULL;
    int rc = wait_for_task(r, task_id, &wait, &task);

    if (rc == CLI_OK)
        rc = wait_report(r, cli, task, &report);
    if (args_text(args, "receipt") && json_is_object(json_object_get(task, "result"))) {
        int checked = check_receipt(r, cli, args, s, body, task);

        rc = checked != CLI_OK ? checked : rc;
    }
    json_decref(task);
    return rc;
}

static int submit(struct remote *r, struct cli *cli, const struct args *args,
                  const struct submission *s)
{
    struct err err = {0};
    json_t *body = submission_json(s, args, &err), *task = NULL;
    char id[64];
    int rc;

    if (!body)
        return cli_fail(cli, &err);
    rc = send_submission(r, s, body, &task);
    if (rc == CLI_OK && !args_flag(args, "no-wait")) {
        snprintf(id, sizeof id, "%s", remote_str(task, "task_id"));
        if (!args_flag(args, "quiet"))
            cli_say(cli, "task %s", id);
        json_decref(task);
        rc = wait_and_report(r, cli, args, s, body, id);
        json_decref(body);
        return rc;
    }
    json_decref(body);
    if (rc != CLI_OK)
        return rc;
    snprintf(id, sizeof id, "%s", remote_str(task, "task_id"));
    if (args_flag(args, "json"))
        return cli_print_json(cli, task);
    json_decref(task);
    fprintf(cli->out, "%s\n", id);
    return CLI_OK;
}

static int run(struct cli *cli, const struct args *args)
{
    struct submission s = {.has_input = false};
    struct remote r;
    struct err err;
    int rc;

    buf_init(&s.module, 0);
    buf_init(&s.input, 0);
    if (read_inputs(&s, args, &err) < 0) {
        cli_error(cli, "%s", err.msg);
        rc = CLI_USAGE;
    } else {
        rc = remote_open(&r, cli, args);
        if (rc == CLI_OK) {
            rc = submit(&r, cli, args, &s);
            remote_close(&r);
        }
    }
    buf_release(&s.module);
    buf_release(&s.input);
    return rc;
}

const struct command cmd_submit = {
    .name = "submit",
    .group = "Work",
    .summary = "run a WebAssembly module on the mesh and print its result",
    .operands = "MODULE [ARGUMENT...]",
    .operands_min = 1,
    .operands_max = -1,
    .options = options,
    .run = run,
    .description =
        "Sends the task to the coordinator, waits until it has been run, checked and paid, and "
        "prints its output. What the task wrote to its standard output goes to standard output, "
        "everything else to standard error, so that pipes work.\n\n"
        "Options may stand before or after the module; put -- in front of arguments of the task "
        "that begin with a dash and are no numbers.\n\n"
        "The exit code is 0 when the task completed and its program returned 0, 1 when it failed, "
        "trapped or returned another code, 4 when a limit stopped it.",
    .examples = "ambient submit sha256.wasm --stdin photo.jpg\n"
                "ambient submit fib.wasm --entry fib 30 --policy replicate:3\n"
                "ambient submit fib.wasm --entry fib 20 --policy proof --receipt fib.receipt\n"
                "ambient submit edges.wasm -i photo.ppm -o edges.png --budget 500\n"
                "id=$(ambient submit long.wasm --no-wait); ambient task wait $id",
};
