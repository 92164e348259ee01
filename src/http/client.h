/* client.h - a small blocking HTTP client over libcurl: request in, status, headers and body out.
 *
 * One handle keeps its connection alive between calls.  A handle belongs to one
 * thread at a time; only http_client_cancel may be called from another.
 * An HTTP status of 400 or more is not an error here: VCP_OK means that an
 * answer came.  VCP_EIO: no answer (the sentence says why, e.g. connection
 * refused); VCP_ETIMEOUT; VCP_ECANCELLED; VCP_ELIMIT: the answer is larger than
 * allowed; VCP_EAUTH: the server's certificate does not verify. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct http_client;

struct http_client_options {
    int64_t connect_timeout_ms; /* 0: 10 000 */
    const char *ca_file;        /* PEM bundle to trust instead of the system's; NULL: system */
    bool insecure;              /* accept any certificate; for tests on one machine */
    const char *user_agent;     /* NULL: "ambient/<version>" */
};

/* base_url is "http://host:port" or "https://host", with or without a path in
 * front of every call's path.  options may be NULL.  VCP_EINVAL: not such a URL. */
int http_client_new(struct http_client **out, const char *base_url,
                    const struct http_client_options *options, struct err *err);
void http_client_free(struct http_client *c);

struct http_header {
    const char *name, *value;
};

struct http_call {
    const char *method;       /* "GET", "POST", ... */
    const char *path;         /* with query, e.g. "/api/v1/tasks?limit=5"; begins with '/' */
    const char *content_type; /* NULL when there is no body */
    const void *body;
    size_t body_bytes;
    const struct http_header *headers; /* more request headers */
    size_t n_headers;
    int64_t timeout_ms;        /* of the whole call; 0: 30 000 */
    size_t response_max_bytes; /* 0: 64 MiB */
};

/* Zeroed or inited before the first call; reused calls clear it. */
struct http_reply {
    int status;
    struct buf body;    /* NUL-terminated */
    struct buf headers; /* "name: value\n" lines, names in lower case */
    int64_t time_ns;    /* from first byte sent to last byte received: the latency of the call */
};

void http_reply_release(struct http_reply *r);
/* The first header of that lower-case name copied into out, cut to n; false when absent. */
bool http_reply_header(const struct http_reply *r, const char *name, char *out, size_t n);

int http_client_call(struct http_client *c, const struct http_call *call, struct http_reply *out,
                     struct err *err);

/* Makes the call that another thread has under way end with VCP_ECANCELLED within
 * milliseconds, and every later one at once, until http_client_rearm. */
void http_client_cancel(struct http_client *c);
void http_client_rearm(struct http_client *c);

#endif
