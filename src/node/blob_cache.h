/* blob_cache.h - modules and inputs on disk by digest, the least recently used going first.
 *
 * One file a blob, named by its SHA3-256; content is checked against the name on
 * every read, and a file that does not match is removed and counts as absent.
 * Thread-safe.  A crash leaves whole files or nothing. */
#ifndef NODE_BLOB_CACHE_H
#define NODE_BLOB_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

struct blob_cache;

/* Opens or makes the folder; bytes_max bounds the sum of the files. */
int blob_cache_open(struct blob_cache **out, const char *dir, uint64_t bytes_max, struct err *err);
void blob_cache_free(struct blob_cache *c);

/* Appends the blob to *out.  VCP_ENOTFOUND when it is not here. */
int blob_cache_get(struct blob_cache *c, struct buf *out, const char *sha3_hex, struct err *err);
/* VCP_EVERIFY when the bytes do not have that digest; a blob larger than the
 * whole cache is checked but not kept. */
int blob_cache_put(struct blob_cache *c, const char *sha3_hex, const void *p, size_t n,
                   struct err *err);
uint64_t blob_cache_bytes(struct blob_cache *c);

#endif
