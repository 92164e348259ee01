/* cmd_node.c - `ambient node`: lends this machine to the mesh until it is told to stop; and the
 * hidden command that is executed as the keeper of its workers. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/args.h"
#include "cli/config.h"
#include "node/agent.h"
#include "node/worker.h"

static const struct option options[] = {
    {.name = "server",
     .letter = 's',
     .kind = OPTION_TEXT,
     .metavar = "URL",
     .env = "AMBIENT_SERVER",
     .help = "the coordinator (config file: server; else http://127.0.0.1:3000)"},
    {.name = "api-key",
     .kind = OPTION_TEXT,
     .metavar = "KEY",
     .env = "AMBIENT_API_KEY",
     .help = "the owner's API key, for registering (config file: api_key); better in the file or "
             "the environment than typed, where others see it"},
    {.name = "ca-file",
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .env = "AMBIENT_CA_FILE",
     .help = "certificates to trust for https, instead of the system's"},
    {.name = "state",
     .kind = OPTION_TEXT,
     .metavar = "DIR",
     .env = "AMBIENT_STATE",
     .help = "where the node keeps its key, cache and journal (default: ~/.local/state/ambient, or "
             "/var/lib/ambient without a home)"},
    {.name = "slots",
     .kind = OPTION_INT,
     .metavar = "N",
     .help = "tasks at once (default: one for each core, if memory allows)"},
    {.name = "once", .kind = OPTION_FLAG, .help = "stop after one task"},
    {.name = "node-id",
     .kind = OPTION_TEXT,
     .metavar = "ID",
     .help = "name in the mesh (default: host name and key fingerprint)"},
    {.name = "region",
     .kind = OPTION_TEXT,
     .metavar = "NAME",
     .fallback = "default",
     .help = "where this machine is, for tasks that ask for a region"},
    {.name = "type",
     .kind = OPTION_CHOICE,
     .metavar = "TYPE",
     .choices = "any|compute|gateway|storage|validator|open_internet|feen_resonator",
     .fallback = "any",
     .help = "kind of node"},
    {.name = "cores",
     .kind = OPTION_INT,
     .metavar = "N",
     .help = "register with this number of cores instead of what the machine has"},
    {.name = "memory-gb",
     .kind = OPTION_REAL,
     .metavar = "GB",
     .help = "register with this memory instead of what the machine has"},
    {.name = "bandwidth",
     .kind = OPTION_REAL,
     .metavar = "MBPS",
     .help = "register with this bandwidth instead of what is measured"},
    {.name = "gpu",
     .kind = OPTION_CHOICE,
     .metavar = "WHETHER",
     .choices = "auto|yes|no",
     .fallback = "auto",
     .help = "register with a graphics processor"},
    {.name = "heartbeat",
     .kind = OPTION_DURATION,
     .metavar = "TIME",
     .fallback = "15s",
     .help = "time between two heartbeats"},
    {.name = "grace",
     .kind = OPTION_DURATION,
     .metavar = "TIME",
     .fallback = "10s",
     .help = "on SIGTERM, how long running tasks may go on before they are given back"},
    {.name = "cache",
     .kind = OPTION_SIZE,
     .metavar = "SIZE",
     .fallback = "1G",
     .help = "most disk space for modules and inputs"},
    {.name = "prove",
     .kind = OPTION_FLAG,
     .help = "also take tasks whose result must be proven: fetches the server's proving keys, and "
             "a proof takes all cores and some minutes"},
    {.name = "keys",
     .kind = OPTION_TEXT,
     .metavar = "DIR",
     .help =
         "prove with the keys of this folder, a copy of the server's, instead of fetching them"},
    {.name = "keys-size",
     .kind = OPTION_SIZE,
     .metavar = "SIZE",
     .fallback = "2G",
     .help = "most disk space for fetched keys"},
    {.name = "prove-memory",
     .kind = OPTION_SIZE,
     .metavar = "SIZE",
     .fallback = "700M",
     .help = "most memory of a proof beyond that of its task; at least 128M"},
    {.name = "prove-threads",
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "0",
     .help = "threads of a proof, 0 for one on each core"},
    {.name = "max-temperature",
     .kind = OPTION_REAL,
     .metavar = "C",
     .fallback = "85",
     .help = "above it the node takes no new tasks"},
    {.name = "max-latency",
     .kind = OPTION_DURATION,
     .metavar = "TIME",
     .fallback = "100ms",
     .help = "round trip to the server above which the node takes no new tasks"},
    {.name = "max-errors",
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "25",
     .help = "failed tasks in a row at which the node takes no new tasks"},
    {.name = "log",
     .kind = OPTION_CHOICE,
     .metavar = "LEVEL",
     .choices = "debug|info|warn|error",
     .fallback = "info",
     .help = "what to say on standard error"},
    {.name = "dishonest",
     .kind = OPTION_FLAG,
     .help =
         "TEST MODE: change a byte of every output before signing it, to see such a node caught"},
    {.name = "dishonest-receipts",
     .kind = OPTION_CHOICE,
     .metavar = "HOW",
     .choices = "forged|missing|stolen",
     .help = "TEST MODE: prove another result than there was, send no receipt, or that of an "
             "earlier task"},
    OPTION_END,
};

/* ---- signals ---- */

struct stopper {
    struct agent *agent;
    sigset_t signals;
    uint32_t grace_ms;
};

/* The first signal asks, the second insists. */
static void *stop_thread(void *arg)
{
    struct stopper *s = arg;
    uint32_t grace_ms = s->grace_ms;
    int signal_number;

    while (sigwait(&s->signals, &signal_number) == 0) {
        log_info("node", "%s: stopping%s", strsignal(signal_number),
                 grace_ms ? ", running tasks may finish; again to hurry" : " now");
        agent_stop(s->agent, grace_ms);
        grace_ms = 0;
    }
    return NULL;
}

static int run_until_stopped(struct agent *agent, uint32_t grace_ms, struct err *err)
{
    struct stopper s = {.agent = agent, .grace_ms = grace_ms};
    sigset_t before;
    pthread_t thread;
    int rc;

    sigemptyset(&s.signals);
    sigaddset(&s.signals, SIGTERM);
    sigaddset(&s.signals, SIGINT);
    sigaddset(&s.signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &s.signals, &before);
    if (pthread_create(&thread, NULL, stop_thread, &s) != 0) {
        err->code = VCP_EIO;
        snprintf(err->msg, sizeof err->msg, "cannot start a thread");
        return VCP_EIO;
    }
    rc = agent_run(agent, err);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

/* ---- options ---- */

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a && *a ? a : *b ? b : c;
}

/* The XDG place, or the system's for a service. */
static void default_state(char *out, size_t size)
{
    const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (xdg && *xdg)
        snprintf(out, size, "%s/ambient", xdg);
    else if (home && *home)
        snprintf(out, size, "%s/.local/state/ambient", home);
    else
        snprintf(out, size, "/var/lib/ambient");
}

static void fill_config(struct agent_config *c, const struct args *args,
                        const struct config *config)
{
    const char *ca = first_of(args_text(args, "ca-file"), config->ca_file, "");
    const char *gpu = args_text(args, "gpu");

    agent_config_init(c);
    c->server = first_of(args_text(args, "server"), config->server, "http://127.0.0.1:3000");
    c->api_key = first_of(args_text(args, "api-key"), config->api_key, "");
    c->ca_file = *ca ? ca : NULL;
    c->node_id = args_text(args, "node-id");
    c->region = args_text(args, "region");
    c->node_type = args_text(args, "type");
    c->cpu_cores = (unsigned)args_int(args, "cores", 0);
    c->memory_gb = args_real(args, "memory-gb", 0);
    c->bandwidth_mbps = args_real(args, "bandwidth", 0);
    c->gpu = strcmp(gpu, "auto") == 0 ? -1 : strcmp(gpu, "yes") == 0;
    c->heartbeat_ms = (uint32_t)args_ms(args, "heartbeat", 0);
    c->cache_bytes_max = (uint64_t)args_bytes(args, "cache", 0);
    c->once = args_flag(args, "once");
    c->dishonest = args_flag(args, "dishonest");
    c->keys_dir = args_text(args, "keys");
    c->prove = args_flag(args, "prove") || c->keys_dir;
    c->keys_bytes_max = (uint64_t)args_bytes(args, "keys-size", 0);
    c->prove_bytes_max = (uint64_t)args_bytes(args, "prove-memory", 0);
    c->prove_threads = (unsigned)args_int(args, "prove-threads", 0);
    c->forge = args_text(args, "dishonest-receipts");
    c->safety.temperature_max_c = args_real(args, "max-temperature", 85);
    c->safety.latency_max_ms = (double)args_ms(args, "max-latency", 100);
    c->safety.errors_max = (uint32_t)args_int(args, "max-errors", 25);
}

/* Ranges that the kinds of options do not express. */
static int check_options(const struct cli *cli, const struct args *args)
{
    static const struct {
        const char *name;
        int64_t min, max;
    } ranges[] = {{"slots", 1, 256},
                  {"cores", 1, 256},
                  {"max-errors", 1, 1000000},
                  {"prove-threads", 0, 256}};
    size_t i;

    for (i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        int64_t v = args_int(args, ranges[i].name, ranges[i].min);

        if (v < ranges[i].min || v > ranges[i].max) {
            cli_error(cli, "--%s must be between %lld and %lld", ranges[i].name,
                      (long long)ranges[i].min, (long long)ranges[i].max);
            return CLI_USAGE;
        }
    }
    if (args_bytes(args, "prove-memory", 0) < (int64_t)128 << 20) {
        cli_error(cli, "--prove-memory must be at least 128M");
        return CLI_USAGE;
    }
    if (args_ms(args, "heartbeat", 0) < 200 || args_ms(args, "heartbeat", 0) > 240000) {
        cli_error(cli, "--heartbeat must be between 200ms and 4m: after 5 minutes of silence a "
                       "node is taken for gone");
        return CLI_USAGE;
    }
    return CLI_OK;
}

static int run(struct cli *cli, const struct args *args)
{
    struct agent_config c;
    struct config config;
    struct agent *agent;
    struct err err = {0};
    enum log_level level;
    char state[1024];
    int rc = check_options(cli, args);

    if (rc != CLI_OK)
        return rc;
    if (config_load(&config, &err) < 0)
        return cli_fail(cli, &err);
    fill_config(&c, args, &config);
    if (!*c.api_key) {
        cli_error(cli,
                  "no API key: set AMBIENT_API_KEY, give --api-key, or write api_key = vcp_… "
                  "into %s",
                  *config.path ? config.path : "a file named by AMBIENT_CONFIG");
        return CLI_USAGE;
    }
    default_state(state, sizeof state);
    c.state_dir = args_text(args, "state") ? args_text(args, "state") : state;
    c.slots = (unsigned)args_int(args, "slots", 0);
    if (log_level_parse(&level, args_text(args, "log")) == 0)
        log_set_level(level);
    if (c.dishonest)
        log_warn("node", "TEST MODE: every output is falsified before it is signed");
    if (c.forge)
        log_warn("node", "TEST MODE: receipts are %s", c.forge);
    rc = agent_open(&agent, &c, &err);
    if (rc < 0)
        return cli_fail(cli, &err);
    rc = run_until_stopped(agent, (uint32_t)args_ms(args, "grace", 0), &err);
    agent_free(agent);
    return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

const struct command cmd_node = {
    .name = "node",
    .group = "Network",
    .summary = "lend this machine: take tasks, run them caged, get paid",
    .description =
        "Registers this machine with a coordinator and works for it until SIGTERM or Ctrl-C. "
        "Every task runs in a process of its own, without files, network or rights, within its "
        "limits of memory, time and instructions.\n\n"
        "The node's identity is the key in the state folder: whoever has it can act as the node, "
        "and "
        "its reputation is lost with it.\n\n"
        "The node takes no new tasks while it is too hot, too far from the server or failing too "
        "often (--max-temperature, --max-latency, --max-errors).",
    .examples = "AMBIENT_API_KEY=vcp_... ambient node --server https://mesh.example.org\n"
                "ambient node --state /var/lib/ambient --slots 2 --region eu-west\n"
                "ambient node --once        # one task, then stop",
    .options = options,
    .run = run,
};

static int run_worker(struct cli *cli, const struct args *args)
{
    (void)cli;
    (void)args;
    return worker_main();
}

const struct command cmd_worker = {
    .name = "__worker",
    .summary = "keep the worker processes of a node (started by it, not by hand)",
    .run = run_worker,
    .hidden = true,
};
