/* receipts.h - the parts of prove, verify and keys that deal in receipts of execution. */
#ifndef CLI_RECEIPTS_H
#define CLI_RECEIPTS_H

#include "cli/args.h"
#include "zkvm/execution.h"

/* `ambient prove MODULE [--entry NAME] ARG...` */
int receipts_prove(struct cli *cli, const struct args *args);
/* `ambient verify RECEIPT --module FILE` */
int receipts_verify(struct cli *cli, const struct args *args);
/* `ambient run --mock-prove` */
int receipts_mock(struct cli *cli, const struct args *args, const struct execution_request *req);
/* `ambient keys profiles ...` */
extern const struct command cmd_profiles, cmd_powers;

/* The claim in people's words, and as JSON (NULL when out of memory).  have, which may be NULL:
 * streams at hand, of which a command's arguments are shown.  m, a validated module or NULL: by
 * the entry's type floats are shown as such, which JSON has as their bits. */
void receipts_tell_statement(FILE *out, const struct statement *s, const struct streams *have,
                             const struct module *m);
json_t *receipts_statement_json(const struct statement *s);
/* --keys, or the default folder; VCP_EINVAL when there is none. */
int receipts_keys_dir(char *out, size_t size, const struct args *args, struct err *err);
/* cli_fail for commands without a server: what is not found here is a usage error. */
int receipts_fail(struct cli *cli, struct err *err);
/* The limits of --limits and --gas. */
int receipts_limits(struct run_limits *out, const struct args *args, struct err *err);

/* The run that OPTIONS_EXECUTION ask for, but for its limits; files are read. */
struct receipts_run {
    struct execution_request req;
    struct buf module, input;
};
int receipts_run_read(struct receipts_run *out, const struct args *args, const char *module,
                      const char *const run_args[], size_t n_args, struct err *err);
void receipts_run_release(struct receipts_run *r);
/* A file that begins as WebAssembly does. */
bool receipts_is_module(const char *path);

#define OPTION_KEYS                                                                                \
    {                                                                                              \
        .name = "keys", .kind = OPTION_TEXT, .metavar = "DIR",                                     \
        .help = "folder of profiles and keys (else $AMBIENT_KEYS, else keys/poe in the cache)"     \
    }
#define OPTIONS_EXECUTION                                                                          \
    {.name = "entry",                                                                              \
     .letter = 'e',                                                                                \
     .kind = OPTION_TEXT,                                                                          \
     .metavar = "NAME",                                                                            \
     .help = "call this exported function, with numbers as arguments; without it the module "      \
             "runs as a command (WASI _start) with arguments as they are"},                        \
        {.name = "stdin",                                                                          \
         .kind = OPTION_TEXT,                                                                      \
         .metavar = "FILE",                                                                        \
         .help = "what the module reads from its standard input (default: this command's own, "    \
                 "for commands and when it is no terminal)"},                                      \
        {.name = "env",                                                                            \
         .kind = OPTION_LIST,                                                                      \
         .metavar = "NAME=VALUE",                                                                  \
         .help = "an environment variable of the module; may be given again"},                     \
        {.name = "seed",                                                                           \
         .kind = OPTION_INT,                                                                       \
         .metavar = "N",                                                                           \
         .fallback = "0",                                                                          \
         .help = "of the module's random numbers and clock"},                                      \
        {.name = "limits",                                                                         \
         .kind = OPTION_CHOICE,                                                                    \
         .metavar = "PRESET",                                                                      \
         .choices = "default|strict|relaxed",                                                      \
         .fallback = "default",                                                                    \
         .help = "limits of the run, as in 'ambient run'"},                                        \
    {                                                                                              \
        .name = "gas", .kind = OPTION_INT, .metavar = "N", .help = "most gas, e.g. 10M"            \
    }

#endif
