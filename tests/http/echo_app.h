/* echo_app.h - a small application over http/server.h, and raw sockets to misuse it with. */
#ifndef TESTS_HTTP_ECHO_APP_H
#define TESTS_HTTP_ECHO_APP_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server.h"

struct echo_app {
    struct http_server *server;
    atomic_uint begun, handled, done, refused;
    atomic_bool ready; /* what GET /wait waits for */
};

static void echo_begin(void *arg, struct http_request *rq, struct http_response *rs)
{
    struct echo_app *app = arg;

    atomic_fetch_add(&app->begun, 1);
    if (strcmp(rq->uri.path, "/forbidden") == 0) {
        rs->status = 403;
        buf_puts(&rs->body, "no");
        return;
    }
    rq->body_max_bytes = strcmp(rq->uri.path, "/big") == 0 ? 8u << 20 : 1000;
    rq->want_sha3 = true;
}

static void echo_wait(struct echo_app *app, struct http_request *rq, struct http_response *rs)
{
    const char *ms = uri_query(&rq->uri, "ms");
    bool more = http_request_wait(rq, "door", ms ? atoi(ms) : 10000);

    if (!atomic_load(&app->ready) && more)
        return;
    rs->status = atomic_load(&app->ready) ? 200 : 204;
}

static void echo_handle(void *arg, struct http_request *rq, struct http_response *rs)
{
    struct echo_app *app = arg;
    char hex[SHA3_256_HEX_BYTES];

    atomic_fetch_add(&app->handled, 1);
    if (strcmp(rq->uri.path, "/wait") == 0) {
        echo_wait(app, rq, rs);
        return;
    }
    if (strcmp(rq->uri.path, "/file") == 0) {
        rs->status = 200;
        rs->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        rs->fd_bytes = 100000;
        return;
    }
    if (strcmp(rq->uri.path, "/slow") == 0)
        clock_sleep_ms(200);
    hex_encode(hex, rq->body_sha3, SHA3_256_BYTES);
    rs->status = 200;
    rs->content_type = "text/plain";
    http_response_header(rs, "X-Sha3", arena_strdup(&rq->arena, hex));
    buf_printf(&rs->body, "%s %s %zu", rq->method, rq->target, rq->body_bytes);
}

static void echo_refuse(void *arg, struct http_request *rq, struct http_response *rs, int status,
                        const char *message)
{
    struct echo_app *app = arg;

    (void)rq;
    atomic_fetch_add(&app->refused, 1);
    rs->status = status;
    buf_puts(&rs->body, message);
}

static void echo_done(void *arg, struct http_request *rq, int status, int64_t duration_ns)
{
    struct echo_app *app = arg;

    (void)rq, (void)status, (void)duration_ns;
    atomic_fetch_add(&app->done, 1);
}

static inline struct http_server_config echo_config(struct echo_app *app)
{
    return (struct http_server_config){
        .listen = "127.0.0.1:0",
        .n_threads = 2,
        .app = {app, echo_begin, echo_handle, echo_refuse, echo_done},
    };
}

static inline int raw_connect(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval t = {20, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    return fd;
}

static inline void raw_send(int fd, const char *text)
{
    size_t n = strlen(text);

    if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
        fprintf(stderr, "short send\n");
}

/* Everything until the peer closes or n - 1 bytes came; the length. */
static inline size_t raw_read_all(int fd, char *out, size_t n)
{
    size_t got = 0;

    while (got + 1 < n) {
        ssize_t k = recv(fd, out + got, n - 1 - got, 0);

        if (k <= 0)
            break;
        got += (size_t)k;
    }
    out[got] = 0;
    return got;
}

#endif
