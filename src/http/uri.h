/* uri.h - the request target as hostile bytes: path segments, query members, addresses.
 *
 * Percent escapes are decoded strictly (RFC 3986, section 2.1): a broken escape or
 * an encoded NUL makes the target invalid; an encoded slash stays inside its segment. */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct uri_query {
    const char *name, *value; /* decoded; value "" when there is no '=' */
};

struct uri {
    const char *path;            /* raw, without query */
    const char *const *segments; /* decoded parts between slashes, the first '/' left out */
    size_t n_segments;
    const struct uri_query *query;
    size_t n_query;
};

/* target is "/a/b?c=d"; strings live in the arena.  VCP_EINVAL says what is wrong;
 * more than HTTP_SEGMENTS_MAX segments or HTTP_QUERY_MAX members is VCP_ELIMIT. */
int uri_parse(struct uri *out, struct arena *a, const char *target, struct err *err);
/* The first member of that name, or NULL. */
const char *uri_query(const struct uri *u, const char *name);

/* Decodes n bytes of text into out (n + 1 bytes); plus_is_space as in forms. */
bool uri_decode(char *out, const char *text, size_t n, bool plus_is_space);

/* "host:port", ":port", "[v6]:port" into host (256 bytes) and port text (8 bytes). */
int uri_split_listen(char host[256], char port[8], const char *text, struct err *err);

#endif
