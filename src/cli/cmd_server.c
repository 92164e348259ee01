/* cmd_server.c - `ambient server`: the coordinator until it is told to stop; with the
 * operand "bootstrap", the first administrator of a data folder. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "api/server.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/args.h"

static const struct option options[] = {
    {.name = "listen",
     .letter = 'l',
     .kind = OPTION_TEXT,
     .metavar = "HOST:PORT",
     .env = "AMBIENT_LISTEN",
     .help =
         "address to serve on; port 0 takes any (default: 127.0.0.1:3000, or API_HOST and PORT)"},
    {.name = "data",
     .letter = 'd',
     .kind = OPTION_TEXT,
     .metavar = "DIR",
     .env = "AMBIENT_DATA",
     .fallback = "ambient-data",
     .help = "folder of the database and all contents; made when missing"},
    {.name = "keys",
     .kind = OPTION_TEXT,
     .metavar = "DIR",
     .help = "keys that receipts are checked with, and given to nodes that prove; from 'ambient "
             "keys profiles setup' (default: the data folder's keys, if there are any)"},
    {.name = "strategy",
     .kind = OPTION_CHOICE,
     .metavar = "NAME",
     .choices = "weighted|round-robin|least-loaded|latency-aware",
     .help = "how nodes are chosen for tasks that do not say; kept for later starts"},
    {.name = "tls-cert",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "serve HTTPS with this certificate chain (PEM)"},
    {.name = "tls-key", .kind = OPTION_TEXT, .metavar = "FILE", .help = "and this key (PEM)"},
    {.name = "threads",
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "8",
     .help = "threads that serve requests"},
    {.name = "connections",
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "4096",
     .help = "connections at once"},
    {.name = "blob-quota",
     .kind = OPTION_SIZE,
     .metavar = "SIZE",
     .fallback = "10G",
     .help = "what one user may store; 0: no quota"},
    {.name = "no-rate-limit",
     .kind = OPTION_FLAG,
     .help = "answer every caller as often as it asks"},
    {.name = "fast",
     .kind = OPTION_FLAG,
     .help = "do not wait for the disk: a power cut may lose the last moments"},
    {.name = "same-owner-replicas",
     .kind = OPTION_FLAG,
     .help = "let replicas of a task run on nodes of one owner (tests, private clusters)"},
    {.name = "log",
     .kind = OPTION_CHOICE,
     .metavar = "LEVEL",
     .choices = "debug|info|warn|error|off",
     .fallback = "info",
     .env = "AMBIENT_LOG",
     .help = "what to tell on standard error"},
    {.name = "username",
     .kind = OPTION_TEXT,
     .metavar = "NAME",
     .help = "bootstrap: name of the administrator"},
    {.name = "grant",
     .kind = OPTION_INT,
     .metavar = "CREDITS",
     .fallback = "0",
     .help = "bootstrap: credits to begin with"},
    OPTION_JSON,
    OPTION_END};

/* ---- bootstrap ---- */

static int bootstrap(struct cli *cli, const struct args *args)
{
    const char *username = args_text(args, "username");
    int64_t grant = args_int(args, "grant", 0);
    struct api_bootstrap made;
    struct err err = {0};

    if (!username || grant < 0 || grant > TASK_BUDGET_MAX) {
        cli_error(
            cli, username ? "--grant must be 0 to %lld credits" : "bootstrap needs --username NAME",
            TASK_BUDGET_MAX);
        return CLI_USAGE;
    }
    if (api_bootstrap(&made, args_text(args, "data"), username, grant, &err) < 0)
        return cli_fail(cli, &err);
    if (args_flag(args, "json"))
        return cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:I}", "user_id", made.user_id,
                                             "username", username, "api_key", made.api_key,
                                             "balance", (json_int_t)grant));
    fprintf(cli->out, "user_id  %s\napi_key  %s\n", made.user_id, made.api_key);
    cli_say(cli, "The key is shown only this once: export AMBIENT_API_KEY=..., or put it into "
                 "~/.config/ambient/config as api_key.");
    return CLI_OK;
}

/* ---- serving ---- */

static int configure(struct api_config *c, char listen[300], const struct args *args,
                     struct err *err)
{
    const char *strategy = args_text(args, "strategy");
    int rc;

    api_config_default(c);
    if ((rc = api_config_from_env(c, listen, err)) < 0)
        return rc;
    if (args_text(args, "listen"))
        c->listen = args_text(args, "listen");
    c->data_dir = args_text(args, "data");
    c->keys_dir = args_text(args, "keys");
    c->tls_cert_file = args_text(args, "tls-cert");
    c->tls_key_file = args_text(args, "tls-key");
    c->blob_quota_bytes = args_bytes(args, "blob-quota", 0);
    c->rate_limits = !args_flag(args, "no-rate-limit");
    c->fast_store = args_flag(args, "fast");
    c->coord.replicas_share_owner = args_flag(args, "same-owner-replicas");
    if (args_int(args, "threads", 8) < 1 || args_int(args, "threads", 8) > 256 ||
        args_int(args, "connections", 4096) < 16 || args_int(args, "connections", 4096) > 16384)
        return err_set(err, VCP_EINVAL, "--threads must be 1 to 256, --connections 16 to 16384");
    c->n_threads = (unsigned)args_int(args, "threads", 8);
    c->connections_max = (unsigned)args_int(args, "connections", 4096);
    return strategy ? task_strategy_parse(&c->strategy, strategy) : VCP_OK;
}

/* Blocked before any thread exists, so that only sigwait below gets them. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void announce(struct cli *cli, const struct api_config *c, unsigned port)
{
    const char *colon = strrchr(c->listen, ':');
    int n = colon ? (int)(colon - c->listen) : 0;

    fprintf(cli->out, "listening on %s://%.*s:%u\n", c->tls_cert_file ? "https" : "http", n ? n : 7,
            n ? c->listen : "0.0.0.0", port);
    fflush(cli->out);
}

static int serve(struct cli *cli, const struct args *args)
{
    struct api_server *server = NULL;
    struct api_config config;
    enum log_level level;
    struct err err = {0};
    char listen[300];
    sigset_t set;
    int sig = 0;

    if (configure(&config, listen, args, &err) < 0)
        return cli_fail(cli, &err);
    if (log_level_parse(&level, args_text(args, "log")) == 0)
        log_set_level(level);
    block_signals(&set);
    if (api_server_start(&server, &config, &err) < 0)
        return cli_fail(cli, &err);
    announce(cli, &config, api_server_port(server));
    if (api_server_is_new(server))
        cli_say(cli,
                "There are no users yet; in another terminal: ambient server bootstrap --data "
                "%s --username NAME --grant 100000",
                config.data_dir);
    sigwait(&set, &sig);
    log_info("server", "%s: finishing what is under way",
             sig == SIGINT ? "interrupted" : "stopping");
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* a second one ends it at once */
    api_server_stop(server);
    return CLI_OK;
}

static int run(struct cli *cli, const struct args *args)
{
    if (args->n_operands == 0)
        return serve(cli, args);
    if (strcmp(args->operands[0], "bootstrap") == 0)
        return bootstrap(cli, args);
    cli_error(cli, "the only operand is 'bootstrap', not '%.80s'", args->operands[0]);
    return CLI_USAGE;
}

const struct command cmd_server = {
    .name = "server",
    .group = "Network",
    .summary = "run the coordinator, or make its first administrator",
    .operands = "[bootstrap]",
    .operands_max = 1,
    .description =
        "Serves the API, places tasks on nodes, compares and settles results. All state is in one "
        "folder; a server that was killed goes on where it was.\n\n"
        "With the operand bootstrap nothing is served: an administrator is made in the data "
        "folder, and his API key printed. Whoever may write to the folder may do this, at any "
        "time.\n\n"
        "Also read from the environment: PORT and API_HOST; MAX_CONCURRENT_TASKS_PER_NODE, "
        "NODE_HEARTBEAT_TIMEOUT_MINUTES, NODE_REMOVAL_TIMEOUT_MINUTES and "
        "NODE_OFFLINE_SWEEP_INTERVAL_SECONDS; RATE_LIMIT_<TIER>_RPM and _BURST for the tiers AUTH, "
        "GENERAL, READ, TASK, NODE and WORKER; CORS_ALLOWED_ORIGINS, a comma-separated list.",
    .examples = "ambient server bootstrap --data ./data --username alice --grant 100000\n"
                "ambient server --data ./data --listen 0.0.0.0:3000\n"
                "ambient server --data ./data --tls-cert chain.pem --tls-key key.pem",
    .options = options,
    .run = run,
};
