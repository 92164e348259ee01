/* keystore.h - the proving keys of this node: given in a folder, or fetched from the server.
 *
 * A set of keys (attest/keyset.h) is hundreds of megabytes and fetched once: in pieces, which go
 * on where they stopped, each file checked against its digest, and renamed into place
 * when all are there.  DIR/<id>/ is a whole set, DIR/.partial-<id>/ one on its way; any other
 * is removed when a new one is whole.  Keys are public, and the folders readable to everyone,
 * as the prover reads them as nobody. */
#ifndef NODE_KEYSTORE_H
#define NODE_KEYSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "node/uplink.h"

#define KEYSTORE_PATH_BYTES 1024

struct keystore {
    char dir[KEYSTORE_PATH_BYTES]; /* for sets that are fetched */
    uint64_t bytes_max;            /* of one set */
};

/* Makes the folder. */
int keystore_open(struct keystore *s, const char *dir, uint64_t bytes_max, struct err *err);

struct keystore_watch {
    void (*progress)(void *arg, uint64_t done_bytes, uint64_t all_bytes);
    bool (*stopping)(void *arg); /* true: give up soon, with VCP_ECANCELLED */
    void *arg;
};

/* path gets the folder of the set with this id: as it was, or fetched from GET /keys.  VCP_ELIMIT:
 * it is larger than allowed, or than the disk has room for; VCP_ENOTFOUND: the server has
 * another set now; VCP_EVERIFY: what came is not what it should be. */
int keystore_get(struct keystore *s, char path[KEYSTORE_PATH_BYTES], const char *id,
                 struct uplink *up, const struct keystore_watch *watch, struct err *err);

/* For a folder that was given: its id, and that workers can read it (they may run as nobody). */
int keystore_inspect(const char *dir, char id[65], struct err *err);

#endif
