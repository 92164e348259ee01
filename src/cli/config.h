/* config.h - the person's settings: lines "name = value" in ~/.config/ambient/config.
 *
 * Names: server, api_key, ca_file.  '#' begins a comment line.  The file is
 * $AMBIENT_CONFIG, else $XDG_CONFIG_HOME/ambient/config, else under $HOME. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CONFIG_VALUE_BYTES 1024

struct config {
    char path[512]; /* where it is, or would be */
    bool exists;
    bool readable_by_others; /* and so is the key in it */
    char server[CONFIG_VALUE_BYTES], api_key[CONFIG_VALUE_BYTES], ca_file[CONFIG_VALUE_BYTES];
};

/* A missing file is VCP_OK with empty values.  VCP_EFORMAT names the line. */
int config_load(struct config *c, struct err *err);

/* As config_load, of this text; path is for messages. */
int config_parse(struct config *c, const char *text, size_t n, struct err *err);

#endif
