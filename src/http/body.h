/* body.h - a request body on its way in: small ones in memory, larger ones in an unnamed file.
 *
 * The size is declared before the first byte (Content-Length), so the place is
 * chosen once.  Finished, either is one run of bytes. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct body {
    unsigned char *data; /* memory or, when finished, the mapping; NULL when empty */
    size_t size, received;
    int fd; /* < 0: in memory */
    bool hashing, mapped;
    struct sha3 sha3;
};

/* A zeroed body may be released. */
int body_init(struct body *b, uint64_t size, const char *spool_dir, bool want_sha3,
              struct err *err);
/* VCP_ELIMIT when it would pass the declared size; VCP_EIO when the disk fails. */
int body_append(struct body *b, const void *p, size_t n, struct err *err);
/* VCP_EFORMAT when bytes are missing.  sha3 is filled when it was wanted. */
int body_finish(struct body *b, uint8_t sha3[SHA3_256_BYTES], struct err *err);
void body_release(struct body *b);

#endif
