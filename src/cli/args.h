/* args.h - the command line after it was checked against a command's table of options.
 *
 *   --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -abc for flags, -- ends options.
 * A word such as -5 or -0.25 is an operand.  Options and operands mix freely,
 * unless the command says operands_last.  An option given twice keeps the last
 * value; lists keep all.  Values are checked here, so that the accessors cannot
 * fail: they take names of options in the table (assert) and give the value, the
 * environment's, the default, or nothing. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"

struct args {
    const struct command *command;
    const char *const **values; /* by option: NULL or its NULL-terminated values */
    const char **operands;      /* NULL-terminated */
    size_t n_operands;
    bool help; /* --help or -h stood among the options; nothing else was checked */
    void *memory;
};

/* argv[] are the words after the command's name.  VCP_EINVAL explains what is
 * wrong and, where a name is near, what was probably meant. */
int args_parse(struct args *out, const struct command *command, int argc, char **argv,
               struct err *err);
void args_release(struct args *a);

/* Given on the command line or by the environment. */
bool args_given(const struct args *a, const char *name);
bool args_flag(const struct args *a, const char *name);
const char *args_text(const struct args *a, const char *name); /* NULL when absent */
/* NULL-terminated; *n may be NULL.  Never NULL itself. */
const char *const *args_list(const struct args *a, const char *name, size_t *n);
/* absent when the option is and has no default. */
int64_t args_int(const struct args *a, const char *name, int64_t absent);
double args_real(const struct args *a, const char *name, double absent);
int64_t args_bytes(const struct args *a, const char *name, int64_t absent);
int64_t args_ms(const struct args *a, const char *name, int64_t absent);

/* The number forms, for values that are not options. */
bool args_parse_int(int64_t *out, const char *s);
bool args_parse_bytes(int64_t *out, const char *s);
bool args_parse_ms(int64_t *out, const char *s);

/* Of n names (a stride apart), the one most like `typed`, or NULL. */
const char *args_nearest(const char *typed, const char *const *names, size_t n);

#endif
