/* session.h - what the commands that make and check keys share: threads, a progress bar, the
 * error of one run, and how hashes are shown. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/args.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "groth16/mpc.h"
#include "groth16/work.h"

#define OPTION_THREADS                                                                             \
    {                                                                                              \
        .name = "threads", .letter = 't', .kind = OPTION_INT, .metavar = "N", .fallback = "0",     \
        .help = "threads, 0 for one on each CPU"                                                   \
    }
#define OPTION_QUIET                                                                               \
    {                                                                                              \
        .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "no progress, only results"   \
    }
#define OPTION_OUTPUT(what)                                                                        \
    {                                                                                              \
        .name = "output", .letter = 'o', .kind = OPTION_TEXT, .metavar = "FILE", .help = what,     \
        .required = true                                                                           \
    }

#define OPTION_NAME                                                                                \
    {                                                                                              \
        .name = "name", .letter = 'n', .kind = OPTION_TEXT, .metavar = "TEXT",                     \
        .help = "who contributes: up to 64 bytes, kept in the file"                                \
    }
#define OPTION_ENTROPY                                                                             \
    {                                                                                              \
        .name = "entropy", .letter = 'e', .kind = OPTION_TEXT, .metavar = "TEXT",                  \
        .help = "anything, stirred into the operating system's randomness"                         \
    }
#define OPTION_BEACON                                                                              \
    {                                                                                              \
        .name = "beacon", .letter = 'b', .kind = OPTION_TEXT, .metavar = "HEX",                    \
        .help = "public randomness nobody could foresee, hexadecimal", .required = true            \
    }
#define OPTION_ITERATIONS                                                                          \
    {                                                                                              \
        .name = "iterations", .kind = OPTION_INT, .metavar = "LOG2", .fallback = "10",             \
        .help = "2^LOG2 iterations of SHA-256 over it, 10 to 30"                                   \
    }

/* Threads, progress and the error of one command. */
struct session {
    struct cli *cli;
    const struct args *args;
    struct progress bar;
    struct work work;
    struct err err;
};

/* --threads, --quiet and --json; session_close whatever it returns. */
int session_open(struct session *s, struct cli *cli, const struct args *args);
/* For a command without --threads. */
void session_open_alone(struct session *s, struct cli *cli, const struct args *args);
/* Ends the session; rc < 0 is told and turned into an exit code. */
int session_close(struct session *s, int rc);
/* No server is asked here: what is missing or unfit is a file on the command line. */
int session_fail(const struct cli *cli, const struct err *err);

/* The one result of a command; member is its name in JSON. */
int session_report_hash(struct session *s, const char *member, const char *title,
                        const uint8_t hash[MPC_HASH_BYTES]);

/* The values of --beacon and --iterations; log is checked by whoever uses it. */
int session_read_beacon(struct session *s, uint8_t out[MPC_BEACON_MAX], size_t *n, unsigned *log);

/* A line, or an element of a list, on contribution i (from 0) of a ceremony. */
void session_print_contribution(struct session *s, uint32_t i, const struct mpc_label *l,
                                const uint8_t hash[MPC_HASH_BYTES]);
json_t *session_contribution_json(const struct mpc_label *l, const uint8_t hash[MPC_HASH_BYTES]);

#endif
