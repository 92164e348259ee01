/* forge.h - TEST MODE: what a node that cheats at receipts would send. */
#ifndef NODE_FORGE_H
#define NODE_FORGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "mesh/outcome.h"
#include "node/cage.h"

enum forge {
    FORGE_NOTHING,
    FORGE_RECEIPT, /* another result, and the receipt's statement changed to match */
    FORGE_MISSING, /* no receipt */
    FORGE_STOLEN,  /* the receipt of the task before; the first one is sent as it is */
};

/* "forged", "missing", "stolen". */
bool forge_parse(enum forge *out, const char *name);

/* Changes the outcome, the output of the run, and the receipt.  kept is the node's memory of
 * the receipt before. */
void forge(enum forge how, struct outcome *o, struct buf *output, struct buf *receipt,
           struct buf *kept);

#endif
