/* help.h - `--help` for people: the command's table laid out to the width of the terminal. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* path is the command as typed: "ambient task list". */
void help_print(FILE *out, const struct command *c, const char *path, bool color);
/* What a wrong command line is answered with, after the error. */
void help_hint(FILE *out, const char *path);

/* "-o, --output FILE" as help and man page print it; returns its length. */
int help_option_label(char *out, size_t size, const struct option *o);

/* Prints text wrapped to width columns, each line after indent spaces; the first
 * line starts at column `column`.  Blank lines separate paragraphs. */
void help_wrap(FILE *out, const char *text, int column, int indent, int width);

#endif
