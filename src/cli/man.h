/* man.h - the manual pages, written in roff from the same tables as --help. */
#ifndef CLI_MAN_H
#define CLI_MAN_H

#include "base/buf.h"
#include "cli/command.h"

/* The page of one command (and, as subsections, of its children); path is its
 * full name, "ambient task". */
void man_page(struct buf *out, const struct command *c, const char *path);

/* Writes ambient.1 and ambient-NAME.1 of every visible command into dir. */
int man_write_all(const struct command *root, const char *dir, struct err *err);

#endif
