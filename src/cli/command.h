/* command.h - one command of `ambient`: declared once, as a table, and used four ways.
 *
 * The same struct command parses the arguments (args.h), prints `--help`
 * (help.h), writes the man page (man.h) and is dispatched by main.c.  A command
 * lives in its own cmd_NAME.c as `const struct command cmd_NAME`; a group such
 * as `ambient task` has children instead of run.
 *
 * Results go to cli->out (standard output), everything said to the person goes
 * to standard error; with --json the result is one JSON value. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"

/* Exit codes of every command; a table of them ends every man page. */
enum cli_exit {
    CLI_OK = 0,       /* done, and the answer is yes */
    CLI_FAILED = 1,   /* done, and the answer is no: task failed, check negative, module trapped */
    CLI_USAGE = 2,    /* wrong options, or an input file that cannot be read or is malformed */
    CLI_NETWORK = 3,  /* no answer from the server, or an error on its side */
    CLI_LIMIT = 4,    /* a limit stopped it: gas, time, memory, output */
    CLI_REFUSED = 5,  /* the server says no: credentials, rights, funds, unknown id */
    CLI_INTERNAL = 70 /* out of memory or a fault of this program */
};

enum option_kind {
    OPTION_FLAG,     /* present or not */
    OPTION_TEXT,     /* any string */
    OPTION_LIST,     /* any string, may be given again and again */
    OPTION_CHOICE,   /* one of `choices`, separated by '|' */
    OPTION_INT,      /* decimal integer, with k, M, G (1000s) allowed: 10G */
    OPTION_REAL,     /* decimal number */
    OPTION_SIZE,     /* bytes, with K, M, G of 1024: 64M */
    OPTION_DURATION, /* ms, s, m, h: 500ms, 30s, 2m; a bare number is seconds */
};

struct option {
    const char *name; /* long name, without the dashes */
    char letter;      /* short name, or 0 */
    enum option_kind kind;
    const char *metavar;  /* of its value, e.g. "FILE"; NULL for flags */
    const char *help;     /* one sentence, no full stop */
    const char *fallback; /* default, as it would be typed; NULL: absent */
    const char *env;      /* environment variable that gives it when it is absent */
    const char *choices;  /* "none|replicate:K" for OPTION_CHOICE */
    bool required;
    bool hidden; /* left out of help; still in the man page's tables when false */
};

/* What stands for the option that ends every table. */
#define OPTION_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Options shared by many commands; begin a table with the ones that apply. */
#define OPTION_JSON                                                                                \
    {                                                                                              \
        .name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"                    \
    }
#define OPTION_SERVER                                                                              \
    {                                                                                              \
        .name = "server", .letter = 's', .kind = OPTION_TEXT, .metavar = "URL",                    \
        .env = "AMBIENT_SERVER",                                                                   \
        .help = "the coordinator (config file: server; else http://127.0.0.1:3000)"                \
    }
#define OPTION_API_KEY                                                                             \
    {                                                                                              \
        .name = "api-key", .kind = OPTION_TEXT, .metavar = "KEY", .env = "AMBIENT_API_KEY",        \
        .help = "your API key (config file: api_key); better kept in the file than typed"          \
    }
#define OPTION_CA_FILE                                                                             \
    {                                                                                              \
        .name = "ca-file", .kind = OPTION_TEXT, .metavar = "FILE", .env = "AMBIENT_CA_FILE",       \
        .help = "certificates to trust for https, instead of the system's"                         \
    }
#define OPTIONS_REMOTE OPTION_SERVER, OPTION_API_KEY, OPTION_CA_FILE, OPTION_JSON

struct cli {
    FILE *out; /* results */
    bool color_out, color_err;
    const char *path; /* "ambient task list": the command as typed, for messages */
};

struct args;

struct command {
    const char *name;
    const char *group;                     /* heading in `ambient --help`; NULL for children */
    const char *summary;                   /* half a line, imperative, no full stop */
    const char *operands;                  /* "MODULE [ARGUMENT...]"; NULL: takes none */
    int operands_min, operands_max;        /* max < 0: any number */
    const char *description;               /* paragraphs separated by blank lines; may be NULL */
    const char *examples;                  /* lines of shell, comments with #; may be NULL */
    const struct option *options;          /* ends with OPTION_END; NULL: only --help */
    const struct command *const *children; /* NULL-terminated, or NULL */
    int (*run)(struct cli *cli, const struct args *args); /* returns enum cli_exit */
    bool hidden;
    /* Options end at the first operand: what follows belongs to something else. */
    bool operands_last;
};

/* "ambient task show: " and the sentence, on standard error. */
void cli_error(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of help after an error or about progress, on standard error. */
void cli_say(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints err and returns the exit code that belongs to its code. */
int cli_fail(const struct cli *cli, const struct err *err);
int cli_exit_of(int vcp_code);

/* One JSON value and a newline on cli->out; takes the reference.  NULL is out of memory. */
int cli_print_json(struct cli *cli, json_t *v);

/* Prints data (which a terminal may not be harmed by: control characters are
 * replaced) into out, for ids and messages that came from elsewhere. */
void cli_put_safe(FILE *out, const char *s);

/* "ambient" and its commands, NULL-terminated; commands.c. */
extern const struct command cmd_root;

/* Parses, handles --help and --version, runs; returns the exit code. */
int cli_main(const struct command *root, int argc, char **argv);

#endif
