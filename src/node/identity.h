/* identity.h - who a node is: its key on disk, its name, and what it registers with. */
#ifndef NODE_IDENTITY_H
#define NODE_IDENTITY_H

#include "base/err.h"
#include "base/json.h"
#include "mesh/sign.h"

#define IDENTITY_NODE_ID_BYTES 65

/* Loads DIR/node.key, or makes it (mode 0600) together with the folder.  A key that cannot be
 * read is an error, never replaced: it is the node's reputation. */
int identity_key(struct sign_key *k, const char *state_dir, struct err *err);

/* "<host>-<8 hex digits of the public key>", only letters, digits, '-' and '_'. */
void identity_default_id(char out[IDENTITY_NODE_ID_BYTES], const char *hostname,
                         const struct sign_key *k);
/* VCP_EINVAL unless 1 to 64 of those characters. */
int identity_check_id(const char *node_id, struct err *err);

struct capabilities {
    double bandwidth_mbps;
    unsigned cpu_cores;
    double memory_gb;
    bool gpu_available;
};

/* The body of POST /nodes; numbers outside the API's ranges are moved to their ends.
 * The caller decrefs; NULL when out of memory. */
json_t *identity_registration(const char *node_id, const char *region, const char *node_type,
                              const struct capabilities *c, const struct sign_key *k);

#endif
