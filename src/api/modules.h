/* modules.h - is this a module the nodes could run?  Asked once for each content.
 *
 * A module is decoded and validated when it arrives; for a task also its entry is
 * looked for.  Answers of "yes" are remembered by (digest, entry), the newest
 * MODULES_KNOWN of them; a "no" is cheap to find again. */
#ifndef API_MODULES_H
#define API_MODULES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

#define MODULES_KNOWN 1024

struct modules {
    pthread_mutex_t lock;
    uint8_t known[MODULES_KNOWN][SHA3_256_BYTES];
    size_t next;
};

void modules_init(struct modules *m);
void modules_release(struct modules *m);

/* entry NULL: the WASI command _start is looked for; "": neither.
 * VCP_EINVAL: malformed, not valid, beyond a ceiling, or no such export; err (not NULL)
 * says where.  VCP_ENOMEM.  sha3 is the digest of the bytes, known to be true. */
int modules_check(struct modules *m, const uint8_t sha3[SHA3_256_BYTES], const void *bytes,
                  size_t n, const char *entry, struct err *err);
/* True when a check with these arguments has passed before. */
bool modules_is_known(struct modules *m, const uint8_t sha3[SHA3_256_BYTES], const char *entry);

#endif
