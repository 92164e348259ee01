/* server.h - requests in, responses out: the layer over libmicrohttpd.
 *
 * A pool of epoll threads reads requests and calls the application twice for each:
 * `begin` once the headers are in, which may refuse before a byte of the body is
 * read, and `handle` when the body is complete.  A small body is in memory, a larger
 * one in an unnamed temporary file that is mapped; the handler sees bytes either way.
 *
 * Long polls: handle arms a wait for a key, looks whether there is something to say,
 * and if not returns without a status.  The connection then costs no thread.  It is
 * handled again when http_server_wake names the key, the time is up or the server
 * stops.  Arming before looking makes a wake in between count.
 *
 * Every connection has a deadline for its present phase (headers, body at a minimum
 * rate, response at a minimum rate, idle), so slow or silent peers hold it for a
 * bounded time.  Bodies need a Content-Length (411), within the ceiling `begin`
 * sets (413), and all bodies together stay under HTTP_BODIES_BYTES_MAX (503). */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "http/uri.h"

struct http_server;
struct http_exchange; /* private */

#define HTTP_PEER_BYTES       48
#define HTTP_REQUEST_ID_BYTES 33

struct http_request {
    const char *method; /* "HEAD" arrives as "GET"; the body of the answer is then left out */
    const char *target; /* path and query as sent */
    struct uri uri;     /* of target */
    struct arena arena; /* lives as long as the request */
    char peer[HTTP_PEER_BYTES]; /* numeric address */
    bool loopback;
    char id[HTTP_REQUEST_ID_BYTES];
    uint64_t content_length;
    const unsigned char *body; /* in handle; NULL when empty */
    size_t body_bytes;
    uint8_t body_sha3[SHA3_256_BYTES]; /* in handle, when want_sha3 */
    bool stopping;                     /* in handle: answer now, waiting is over */
    /* Set by begin: */
    uint64_t body_max_bytes; /* 0: no body is taken */
    bool want_sha3;
    void *user; /* the application's */
    struct http_exchange *x;
};

#define HTTP_RESPONSE_HEADERS_MAX 16

struct http_response {
    int status; /* 0: not (yet) answered */
    const char *content_type;
    struct buf body;
    int fd; /* >= 0: the body is fd_bytes of this file from fd_offset; closed by the server */
    uint64_t fd_offset, fd_bytes;
    struct {
        const char *name, *value; /* live as long as the request's arena */
    } headers[HTTP_RESPONSE_HEADERS_MAX];
    size_t n_headers;
    bool close; /* the connection ends after this */
};

/* Adds a header; beyond HTTP_RESPONSE_HEADERS_MAX it is ignored (a mistake of ours). */
void http_response_header(struct http_response *rs, const char *name, const char *value);

struct http_app {
    void *arg;
    /* Headers are in.  Sets body_max_bytes and want_sha3, or fills rs to refuse. */
    void (*begin)(void *arg, struct http_request *rq, struct http_response *rs);
    /* The body is in.  Fills rs, or arms a wait and leaves rs->status 0. */
    void (*handle)(void *arg, struct http_request *rq, struct http_response *rs);
    /* The server itself refuses (411, 413, 503, 400): fills rs with the application's
     * kind of error body. */
    void (*refuse)(void *arg, struct http_request *rq, struct http_response *rs, int status,
                   const char *message);
    /* The exchange is over; status 0 when the peer went away.  Releases rq->user. */
    void (*done)(void *arg, struct http_request *rq, int status, int64_t duration_ns);
};

struct http_server_config {
    const char *listen;                                          /* "127.0.0.1:3000"; port 0: any */
    unsigned n_threads;                                          /* 0: 8 */
    unsigned connections_max, connections_per_peer_max;          /* 0: 4096, half of the former */
    const char *spool_dir;                                       /* of large bodies; NULL: /tmp */
    const char *tls_cert_file, *tls_key_file;                    /* PEM; both or none */
    int64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms; /* 0: 15 s, 30 s, 75 s */
    uint64_t bytes_per_s_min; /* added time for long bodies and answers; 0: 16 KiB/s */
    struct http_app app;
};

/* *out is set before the first request is handled; NULL on failure. */
int http_server_start(struct http_server **out, const struct http_server_config *config,
                      struct err *err);
/* Takes no new connections, answers waiting polls (with stopping set), lets requests
 * under way finish for up to drain_ms, and frees.  NULL is legal. */
void http_server_stop(struct http_server *s, int64_t drain_ms);
unsigned http_server_port(const struct http_server *s);

/* The first header of that name, any case, or NULL. */
const char *http_request_header(struct http_request *rq, const char *name);

/* Arms (or keeps) this request's wait for key; the time runs from the first call.
 * False when the time is up: answer now. */
bool http_request_wait(struct http_request *rq, const char *key, int64_t wait_ms);
/* False when the peer has closed its side: do not hand it anything of value. */
bool http_request_peer_alive(struct http_request *rq);
/* Makes every request waiting for key be handled again. */
void http_server_wake(struct http_server *s, const char *key);

struct http_server_stats {
    uint64_t connections, waits, body_bytes; /* now */
    uint64_t connections_timed_out;          /* since start */
};
void http_server_stats(struct http_server *s, struct http_server_stats *out);

#endif
