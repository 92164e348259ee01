/* receipts.h - the parts of prove, verify and keys that deal in receipts of execution. */
#ifndef CLI_RECEIPTS_H
#define CLI_RECEIPTS_H

#include "cli/args.h"
#include "zkvm/statement.h"

/* `ambient prove MODULE --entry NAME ARG...` */
int receipts_prove(struct cli *cli, const struct args *args);
/* `ambient verify RECEIPT --module FILE` */
int receipts_verify(struct cli *cli, const struct args *args);
/* `ambient keys profiles ...` */
extern const struct command cmd_profiles;

/* The claim in people's words, and as JSON (NULL when out of memory). */
void receipts_tell_statement(FILE *out, const struct statement *s);
json_t *receipts_statement_json(const struct statement *s);
/* --keys, or the default folder; VCP_EINVAL when there is none. */
int receipts_keys_dir(char *out, size_t size, const struct args *args, struct err *err);
/* cli_fail for commands without a server: what is not found here is a usage error. */
int receipts_fail(struct cli *cli, struct err *err);
/* The limits of --limits, --gas and so on. */
int receipts_limits(struct run_limits *out, const struct args *args, struct err *err);

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
     .help = "the exported function to run, with integer arguments"},                              \
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
