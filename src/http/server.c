/* server.c - how libmicrohttpd's callbacks become begin, handle and done.
 *
 * Life of one exchange: on_uri makes it when the request line is read; on_access runs
 * first with the headers, then with pieces of body, then with nothing when the body is
 * complete, and once more after every resumed wait; on_completed frees it.  All of them
 * run in the thread that serves the connection; only resume_wait comes from others.
 *
 * A connection is suspended before its wait is parked: once parked, another thread
 * may resume it at any moment. */
#include "http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"
#include "http/body.h"
#include "http/conns.h"
#include "http/waits.h"

struct http_server {
    struct http_server_config config;
    struct MHD_Daemon *daemon;
    struct waits waits;
    struct conns conns;
    struct buf cert, key;
    int listen_fd;
    unsigned port;
    uint64_t id_prefix;
    atomic_uint_fast64_t n_requests, body_bytes, n_active;
    atomic_bool stopping;
};

enum phase { PHASE_HEADERS, PHASE_BODY, PHASE_HANDLE, PHASE_ANSWERED };

struct http_exchange {
    struct wait wait; /* first: resume_wait casts back */
    struct http_request rq;
    struct http_server *server;
    struct MHD_Connection *connection;
    struct conn *conn;
    struct body body;
    enum phase phase;
    bool counted; /* in n_active */
    int status;   /* answered with */
    int64_t started_ns;
    uint64_t body_reserved;
    struct http_response held; /* a refusal at the headers, to be sent when they are consumed */
};

/* ---- answering ---- */

void http_response_header(struct http_response *rs, const char *name, const char *value)
{
    if (rs->n_headers == HTTP_RESPONSE_HEADERS_MAX || !value)
        return;
    rs->headers[rs->n_headers].name = name;
    rs->headers[rs->n_headers++].value = value;
}

static void response_release(struct http_response *rs)
{
    buf_release(&rs->body);
    if (rs->fd >= 0)
        close(rs->fd);
    rs->fd = -1;
}

static int64_t transfer_ms(const struct http_server *s, int64_t base_ms, uint64_t bytes)
{
    return base_ms + (int64_t)(bytes / s->config.bytes_per_s_min) * 1000;
}

/* Takes the body or file out of rs. */
static struct MHD_Response *response_make(struct http_response *rs)
{
    struct MHD_Response *r;

    if (rs->fd >= 0) {
        r = MHD_create_response_from_fd_at_offset64(rs->fd_bytes, rs->fd, rs->fd_offset);
        if (r)
            rs->fd = -1;
        return r;
    }
    if (rs->body.len == 0)
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    r = MHD_create_response_from_buffer(rs->body.len, rs->body.data, MHD_RESPMEM_MUST_FREE);
    if (r)
        buf_init(&rs->body, 0);
    return r;
}

static enum MHD_Result answer(struct http_exchange *x, struct http_response *rs)
{
    struct http_server *s = x->server;
    struct MHD_Response *r = response_make(rs);
    uint64_t bytes = rs->fd_bytes;
    enum MHD_Result ok;
    size_t i;

    if (!r)
        return MHD_NO;
    if (rs->content_type)
        MHD_add_response_header(r, "Content-Type", rs->content_type);
    MHD_add_response_header(r, "X-Request-Id", x->rq.id);
    for (i = 0; i < rs->n_headers; i++)
        MHD_add_response_header(r, rs->headers[i].name, rs->headers[i].value);
    if (rs->close || atomic_load(&s->stopping))
        MHD_add_response_header(r, "Connection", "close");
    conns_phase(&s->conns, x->conn, transfer_ms(s, s->config.body_timeout_ms, bytes));
    ok = MHD_queue_response(x->connection, (unsigned)rs->status, r);
    MHD_destroy_response(r);
    x->phase = PHASE_ANSWERED;
    x->status = rs->status;
    return ok;
}

static enum MHD_Result finish(struct http_exchange *x, struct http_response *rs)
{
    enum MHD_Result ok = answer(x, rs);

    response_release(rs);
    rs->status = 0;
    return ok;
}

static enum MHD_Result refuse(struct http_exchange *x, struct http_response *rs, int status,
                              const char *message)
{
    x->server->config.app.refuse(x->server->config.app.arg, &x->rq, rs, status, message);
    return finish(x, rs);
}

/* ---- the phases of an exchange ---- */

const char *http_request_header(struct http_request *rq, const char *name)
{
    return MHD_lookup_connection_value(rq->x->connection, MHD_HEADER_KIND, name);
}

static void describe_peer(struct http_exchange *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    struct http_request *rq = &x->rq;
    socklen_t n = a && a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                : sizeof(struct sockaddr_in);

    if (!a || getnameinfo(a, n, rq->peer, sizeof rq->peer, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf(rq->peer, sizeof rq->peer, "unknown");
    if (strncmp(rq->peer, "::ffff:", 7) == 0)
        memmove(rq->peer, rq->peer + 7, strlen(rq->peer + 7) + 1);
    rq->loopback = strcmp(rq->peer, "::1") == 0 || strncmp(rq->peer, "127.", 4) == 0;
}

/* 0, or the status to refuse with. */
static int read_length(struct http_exchange *x, const char **message)
{
    const char *text = http_request_header(&x->rq, "Content-Length");
    unsigned long long n;
    char *end;

    if (http_request_header(&x->rq, "Transfer-Encoding")) {
        *message = "send the body with a Content-Length, not in chunks";
        return 411;
    }
    if (!text)
        return 0;
    errno = 0;
    n = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9') {
        *message = "the Content-Length is no number";
        return 400;
    }
    x->rq.content_length = n;
    return 0;
}

static bool reserve_body(struct http_exchange *x)
{
    uint64_t n = x->rq.content_length, sum = atomic_fetch_add(&x->server->body_bytes, n);

    x->body_reserved = n;
    return sum + n <= HTTP_BODIES_BYTES_MAX;
}

static enum MHD_Result body_start(struct http_exchange *x, struct http_response *rs)
{
    struct http_server *s = x->server;
    struct http_request *rq = &x->rq;
    struct err err = {0};

    if (rq->content_length > rq->body_max_bytes) {
        const char *m = arena_printf(&rq->arena, "the body may have at most %llu bytes here",
                                     (unsigned long long)rq->body_max_bytes);

        return refuse(x, rs, 413, m ? m : "the body is too large");
    }
    if (!reserve_body(x))
        return refuse(x, rs, 503, "too many large requests at once; try again");
    if (body_init(&x->body, rq->content_length, s->config.spool_dir, rq->want_sha3, &err) < 0) {
        log_error("http", "request %s: %s", rq->id, err.msg);
        return refuse(x, rs, 503, "no room for the request's body; try again");
    }
    conns_phase(&s->conns, x->conn, transfer_ms(s, s->config.body_timeout_ms, rq->content_length));
    x->phase = PHASE_BODY;
    response_release(rs);
    return MHD_YES;
}

/* The library ends the connection when it is answered at the headers; without a body
 * there is no need to, so the answer waits for the next call. */
static enum MHD_Result hold(struct http_exchange *x, struct http_response *rs)
{
    x->held = *rs;
    x->phase = PHASE_HANDLE;
    return MHD_YES;
}

static enum MHD_Result headers_in(struct http_exchange *x, const char *method)
{
    struct http_app *app = &x->server->config.app;
    struct http_response rs = {.fd = -1};
    struct err err = {0};
    const char *message = NULL;
    int status;

    x->rq.method = arena_strdup(&x->rq.arena, strcmp(method, "HEAD") == 0 ? "GET" : method);
    if (!x->rq.method)
        return MHD_NO;
    x->counted = true;
    atomic_fetch_add(&x->server->n_active, 1);
    describe_peer(x);
    if (uri_parse(&x->rq.uri, &x->rq.arena, x->rq.target, &err) < 0)
        return refuse(x, &rs, 400, err.msg);
    app->begin(app->arg, &x->rq, &rs);
    status = read_length(x, &message);
    if (rs.status)
        return status == 0 && x->rq.content_length == 0 ? hold(x, &rs) : finish(x, &rs);
    if (status)
        return refuse(x, &rs, status, message);
    return body_start(x, &rs);
}

static enum MHD_Result handle(struct http_exchange *x)
{
    struct http_server *s = x->server;
    struct http_response rs = {.fd = -1};

    x->rq.stopping = atomic_load(&s->stopping);
    s->config.app.handle(s->config.app.arg, &x->rq, &rs);
    if (rs.status) {
        waits_disarm(&s->waits, &x->wait);
        return finish(x, &rs);
    }
    response_release(&rs);
    MHD_suspend_connection(x->connection);
    if (!waits_park(&s->waits, &x->wait))
        MHD_resume_connection(x->connection);
    return MHD_YES;
}

static enum MHD_Result body_done(struct http_exchange *x)
{
    struct http_response rs = {.fd = -1};
    struct err err = {0};

    conns_phase(&x->server->conns, x->conn, 0);
    if (body_finish(&x->body, x->rq.body_sha3, &err) < 0)
        return refuse(x, &rs, err.code == VCP_EFORMAT ? 400 : 503, err.msg);
    x->rq.body = x->body.size ? x->body.data : NULL;
    x->rq.body_bytes = x->body.size;
    x->phase = PHASE_HANDLE;
    return handle(x);
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_bytes, void **state)
{
    struct http_exchange *x = *state;
    struct err err = {0};

    (void)cls, (void)url, (void)version;
    if (!x)
        return MHD_NO;
    x->connection = connection;
    if (x->phase == PHASE_HEADERS)
        return headers_in(x, method);
    if (*data_bytes > 0) {
        if (body_append(&x->body, data, *data_bytes, &err) < 0) {
            log_error("http", "request %s: %s", x->rq.id, err.msg);
            return MHD_NO;
        }
        *data_bytes = 0;
        return MHD_YES;
    }
    if (x->phase == PHASE_BODY)
        return body_done(x);
    if (x->held.status)
        return finish(x, &x->held);
    return x->phase == PHASE_HANDLE ? handle(x) : MHD_YES;
}

/* ---- making and freeing exchanges ---- */

static struct conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void *on_uri(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct http_server *s = cls;
    struct http_exchange *x = calloc(1, sizeof *x);
    uint64_t n = atomic_fetch_add(&s->n_requests, 1) + 1;

    if (!x)
        return NULL;
    x->server = s;
    x->connection = connection;
    x->conn = conn_of(connection);
    x->body.fd = x->held.fd = -1;
    x->started_ns = clock_mono_ns();
    x->rq.x = x;
    arena_init(&x->rq.arena, HTTP_ARENA_BYTES_MAX);
    snprintf(x->rq.id, sizeof x->rq.id, "%012llx%08llx",
             (unsigned long long)(s->id_prefix & 0xffffffffffffu), (unsigned long long)n);
    x->rq.target = arena_strdup(&x->rq.arena, target);
    if (!x->rq.target) {
        arena_release(&x->rq.arena);
        free(x);
        return NULL;
    }
    conns_phase(&s->conns, x->conn, s->config.header_timeout_ms);
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct http_server *s = cls;
    struct http_exchange *x = *state;

    (void)connection;
    if (!x)
        return;
    *state = NULL;
    waits_disarm(&s->waits, &x->wait);
    if (x->counted) {
        bool whole = why == MHD_REQUEST_TERMINATED_COMPLETED_OK;

        s->config.app.done(s->config.app.arg, &x->rq, whole ? x->status : 0,
                           clock_mono_ns() - x->started_ns);
        atomic_fetch_sub(&s->n_active, 1);
    }
    conns_phase(&s->conns, x->conn, s->config.idle_timeout_ms);
    atomic_fetch_sub(&s->body_bytes, x->body_reserved);
    body_release(&x->body);
    response_release(&x->held);
    arena_release(&x->rq.arena);
    free(x);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_CONNECTION_FD);

        *socket_context = info ? conns_add(&s->conns, info->connect_fd, s->config.header_timeout_ms)
                               : NULL;
    } else {
        conns_remove(&s->conns, *socket_context);
        *socket_context = NULL;
    }
}

static void on_log(void *cls, const char *fmt, va_list ap)
{
    char line[512];
    size_t n;

    (void)cls;
    vsnprintf(line, sizeof line, fmt, ap);
    n = strcspn(line, "\n");
    line[n] = 0;
    log_debug("http", "%s", line);
}

/* ---- waits ---- */

static void resume_wait(struct wait *w)
{
    MHD_resume_connection(((struct http_exchange *)w)->connection);
}

bool http_request_wait(struct http_request *rq, const char *key, int64_t wait_ms)
{
    return !rq->stopping && waits_arm(&rq->x->server->waits, &rq->x->wait, key, wait_ms);
}

bool http_request_peer_alive(struct http_request *rq)
{
    char c;

    if (!rq->x->conn)
        return true;
    return recv(rq->x->conn->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

void http_server_wake(struct http_server *s, const char *key)
{
    waits_wake(&s->waits, key);
}

/* ---- starting and stopping ---- */

static int listen_on(struct http_server *s, const char *text, struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list, *ai;
    char host[256], port[8];
    int rc, one = 1, fd = -1, e = 0;

    if ((rc = uri_split_listen(host, port, text, err)) < 0)
        return rc;
    rc = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (rc != 0)
        return err_set(err, VCP_EINVAL, "%s: %s", text, gai_strerror(rc));
    for (ai = list; ai && fd < 0; ai = ai->ai_next) {
        fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, 1024) < 0) {
            e = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0)
        return err_set(err, VCP_EIO, "cannot listen on %s: %s", text, strerror(e));
    s->listen_fd = fd;
    return VCP_OK;
}

static void find_port(struct http_server *s)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;

    if (getsockname(s->listen_fd, (struct sockaddr *)&a, &n) == 0)
        s->port = ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                                : ((struct sockaddr_in *)&a)->sin_port);
}

static int load_tls(struct http_server *s, struct err *err)
{
    const struct http_server_config *c = &s->config;
    int rc;

    if (!c->tls_cert_file && !c->tls_key_file)
        return VCP_OK;
    if (!c->tls_cert_file || !c->tls_key_file)
        return err_set(err, VCP_EINVAL, "TLS needs both a certificate and a key");
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return err_set(err, VCP_EUNSUPPORTED, "this libmicrohttpd is built without TLS");
    rc = file_read(&s->cert, c->tls_cert_file, 1u << 20, err);
    return rc < 0 ? rc : file_read(&s->key, c->tls_key_file, 1u << 20, err);
}

static void defaults(struct http_server_config *c)
{
    if (!c->n_threads)
        c->n_threads = 8;
    if (!c->connections_max)
        c->connections_max = 4096;
    if (c->connections_max > HTTP_CONNECTIONS_MAX)
        c->connections_max = HTTP_CONNECTIONS_MAX;
    if (c->connections_max < c->n_threads)
        c->connections_max = c->n_threads;
    if (!c->connections_per_peer_max)
        c->connections_per_peer_max = c->connections_max / 2;
    if (!c->spool_dir)
        c->spool_dir = "/tmp";
    if (!c->header_timeout_ms)
        c->header_timeout_ms = 15000;
    if (!c->body_timeout_ms)
        c->body_timeout_ms = 30000;
    if (!c->idle_timeout_ms)
        c->idle_timeout_ms = 75000;
    if (!c->bytes_per_s_min)
        c->bytes_per_s_min = 16384;
}

/* Sockets, spooled bodies and the store's files; the soft limit is often 1024. */
static void raise_file_limit(unsigned connections_max)
{
    struct rlimit r;
    rlim_t want = connections_max * 2 + 256;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < want) {
        r.rlim_cur = want < r.rlim_max ? want : r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

static int start_daemon(struct http_server *s, struct err *err)
{
    const struct http_server_config *c = &s->config;
    struct MHD_OptionItem options[24];
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG;
    size_t n = 0;

    options[n++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, s->listen_fd, NULL};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, c->n_threads, NULL};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, c->connections_max, NULL};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                           c->connections_per_peer_max, NULL};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                           HTTP_HEADER_BYTES_MAX, NULL};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT,
                                           (int)(c->idle_timeout_ms / 1000 + 1), NULL};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_uri, s};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, s};
    options[n++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection,
                                           s};
    if (s->cert.len) {
        flags |= MHD_USE_TLS;
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert.data};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, s->key.data};
        options[n++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
    }
    options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER,
                                 on_log, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!s->daemon)
        return err_set(err, VCP_EIO, "the HTTP server does not start%s",
                       s->cert.len ? ": certificate and key do not fit together" : "");
    return VCP_OK;
}

int http_server_start(struct http_server **out, const struct http_server_config *config,
                      struct err *err)
{
    struct http_server *s = calloc(1, sizeof *s);
    int rc;

    if (!s)
        return err_set(err, VCP_ENOMEM, "no memory for the HTTP server");
    s->config = *config;
    s->listen_fd = -1;
    defaults(&s->config);
    raise_file_limit(s->config.connections_max);
    rng_bytes(&s->id_prefix, sizeof s->id_prefix);
    if (waits_init(&s->waits, resume_wait) < 0 || conns_init(&s->conns) < 0) {
        rc = err_set(err, VCP_EIO, "cannot start the HTTP server's threads");
        goto fail;
    }
    if ((rc = load_tls(s, err)) < 0 || (rc = listen_on(s, s->config.listen, err)) < 0)
        goto fail;
    find_port(s);
    *out = s; /* before the first request: its handler may want to wake others */
    if ((rc = start_daemon(s, err)) < 0)
        goto fail;
    return VCP_OK;
fail:
    *out = NULL;
    http_server_stop(s, 0);
    return rc;
}

/* After quiescing, so nothing new comes in but on open connections. */
static void drain(struct http_server *s, int64_t drain_ms)
{
    int64_t end = clock_mono_ns() + drain_ms * 1000000;

    while (atomic_load(&s->n_active) > 0 && clock_mono_ns() < end)
        clock_sleep_ms(2);
}

void http_server_stop(struct http_server *s, int64_t drain_ms)
{
    if (!s)
        return;
    atomic_store(&s->stopping, true);
    if (s->daemon) {
        MHD_quiesce_daemon(s->daemon);
        waits_stop(&s->waits);
        drain(s, drain_ms);
        MHD_stop_daemon(s->daemon);
    }
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    if (s->waits.resume)
        waits_release(&s->waits);
    if (s->conns.running)
        conns_release(&s->conns);
    buf_release(&s->cert);
    buf_release(&s->key);
    free(s);
}

unsigned http_server_port(const struct http_server *s)
{
    return s->port;
}

void http_server_stats(struct http_server *s, struct http_server_stats *out)
{
    pthread_mutex_lock(&s->conns.lock);
    out->connections = s->conns.n;
    out->connections_timed_out = s->conns.n_timed_out;
    pthread_mutex_unlock(&s->conns.lock);
    out->waits = waits_parked(&s->waits);
    out->body_bytes = atomic_load(&s->body_bytes);
}
