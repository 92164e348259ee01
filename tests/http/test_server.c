#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/rng.h"
#include "echo_app.h"
#include "http/client.h"

static struct echo_app app;

static void start(const struct http_server_config *c)
{
    struct err err = {0};

    if (http_server_start(&app.server, c, &err) < 0)
        fail_msg("%s", err.msg);
}

static int setup(void **state)
{
    struct http_server_config c;

    (void)state;
    memset(&app, 0, sizeof app);
    c = echo_config(&app);
    start(&c);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_server_stop(app.server, 2000);
    assert_true(app.done >= app.begun); /* whatever began has ended */
    return 0;
}

static struct http_client *client(void)
{
    struct http_client *c = NULL;
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%u", http_server_port(app.server));
    assert_int_equal(http_client_new(&c, url, NULL, NULL), VCP_OK);
    return c;
}

static void answers_with_request_id(void **state)
{
    struct http_client *c = client();
    struct http_call call = {.method = "GET", .path = "/hello?a=b"};
    struct http_reply r = {0};
    char id[64];

    (void)state;
    assert_int_equal(http_client_call(c, &call, &r, NULL), VCP_OK);
    assert_int_equal(r.status, 200);
    assert_string_equal(buf_str(&r.body), "GET /hello?a=b 0");
    assert_true(http_reply_header(&r, "x-request-id", id, sizeof id));
    assert_int_equal(strlen(id), 20);
    http_reply_release(&r);
    http_client_free(c);
}

/* Sizes around the border between memory and file, each with the digest of its bytes. */
static void bodies_of_every_size_arrive_whole(void **state)
{
    static const size_t sizes[] = {
        0, 1, 1000, HTTP_BODY_MEMORY_BYTES, HTTP_BODY_MEMORY_BYTES + 1, 8u << 20};
    unsigned char *bytes = malloc(8u << 20);
    struct http_client *c = client();
    struct http_reply r = {0};
    size_t i;

    (void)state;
    for (i = 0; i < 8u << 20; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 13);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct http_call call = {.method = "PUT",
                                 .path = "/big",
                                 .content_type = "application/octet-stream",
                                 .body = bytes,
                                 .body_bytes = sizes[i]};
        uint8_t digest[SHA3_256_BYTES];
        char hex[SHA3_256_HEX_BYTES], want[64], got[80];

        assert_int_equal(http_client_call(c, &call, &r, NULL), VCP_OK);
        snprintf(want, sizeof want, "PUT /big %zu", sizes[i]);
        assert_string_equal(buf_str(&r.body), want);
        sha3_256(digest, bytes, sizes[i]);
        hex_encode(hex, digest, sizeof digest);
        assert_true(http_reply_header(&r, "x-sha3", got, sizeof got));
        assert_string_equal(got, hex);
    }
    http_reply_release(&r);
    http_client_free(c);
    free(bytes);
}

static void oversized_body_is_refused_before_it_is_read(void **state)
{
    int fd = raw_connect(http_server_port(app.server));
    char text[2048];

    (void)state;
    raw_send(fd, "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
    assert_true(raw_read_all(fd, text, sizeof text) > 0); /* no body was ever sent */
    assert_non_null(strstr(text, "HTTP/1.1 413"));
    assert_non_null(strstr(text, "at most 1000 bytes"));
    close(fd);
}

static void chunked_body_needs_a_length(void **state)
{
    int fd = raw_connect(http_server_port(app.server));
    char text[2048];

    (void)state;
    raw_send(
        fd,
        "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    raw_read_all(fd, text, sizeof text);
    assert_non_null(strstr(text, "HTTP/1.1 411"));
    close(fd);
}

static void a_client_that_asks_first_is_told_to_continue(void **state)
{
    int fd = raw_connect(http_server_port(app.server));
    char text[2048];

    (void)state;
    raw_send(fd, "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
                 "Connection: close\r\n\r\n");
    clock_sleep_ms(50);
    assert_true(recv(fd, text, sizeof text, 0) > 12);
    assert_memory_equal(text, "HTTP/1.1 100", 12);
    raw_send(fd, "abc");
    raw_read_all(fd, text, sizeof text);
    assert_non_null(strstr(text, "PUT /x 3"));
    close(fd);
    fd = raw_connect(http_server_port(app.server));
    raw_send(fd,
             "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3000\r\nExpect: 100-continue\r\n\r\n");
    raw_read_all(fd, text, sizeof text);
    assert_memory_equal(text, "HTTP/1.1 413", 12);
    close(fd);
}

/* A body that ends early is no request: nothing is handled. */
static void a_truncated_body_is_not_handled(void **state)
{
    int fd = raw_connect(http_server_port(app.server)), i;

    (void)state;
    raw_send(fd, "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    close(fd);
    for (i = 0; i < 1000 && app.done == 0; i++)
        clock_sleep_ms(5);
    assert_int_equal(app.begun, 1);
    assert_int_equal(app.handled, 0);
}

/* Requests with bytes changed, cut and repeated; afterwards the server answers as before. */
static void hostile_bytes_do_no_harm(void **state)
{
    static const char *const seeds[] = {
        "GET /a?b=c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "GET /wait?ms=10 HTTP/1.0\r\n\r\n"};
    struct prng r;
    uint64_t seed;
    int i, k;

    rng_bytes(&seed, sizeof seed);
    prng_init(&r, seed);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (i = 0; i < 400; i++) {
        char text[512], answer[1024];
        struct timeval patience = {0, 20000};
        int fd = raw_connect(http_server_port(app.server));
        size_t n;

        strcpy(text, seeds[prng_below(&r, 4)]);
        n = strlen(text);
        for (k = (int)prng_below(&r, 4); k >= 0; k--)
            text[prng_below(&r, n)] = (char)prng_next(&r);
        if (prng_below(&r, 4) == 0)
            n = prng_below(&r, n) + 1;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        send(fd, text, n, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        raw_read_all(fd, answer, sizeof answer);
        close(fd);
    }
    answers_with_request_id(state);
}

static void begin_may_refuse(void **state)
{
    int fd = raw_connect(http_server_port(app.server));
    char text[2048];

    (void)state;
    raw_send(fd, "PUT /forbidden HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n");
    raw_read_all(fd, text, sizeof text);
    assert_non_null(strstr(text, "HTTP/1.1 403"));
    assert_int_equal(app.handled, 0);
    close(fd);
}

static void bad_targets_are_400(void **state)
{
    static const char *const targets[] = {"/a%zz", "/a%0", "/a%00b", "/?x=%g1",
                                          "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        int fd = raw_connect(http_server_port(app.server));
        char text[2048];

        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                 targets[i]);
        raw_send(fd, text);
        raw_read_all(fd, text, sizeof text);
        assert_non_null(strstr(text, "HTTP/1.1 400"));
        close(fd);
    }
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    int fd = raw_connect(http_server_port(app.server)), i;
    char text[16384], *p = text;

    (void)state;
    for (i = 0; i < 20; i++)
        p += sprintf(p, "GET /n%d HTTP/1.1\r\nHost: h\r\n%s\r\n", i,
                     i == 19 ? "Connection: close\r\n" : "");
    raw_send(fd, text);
    raw_read_all(fd, text, sizeof text);
    for (i = 0, p = text; i < 20; i++) {
        char want[32];

        snprintf(want, sizeof want, "GET /n%d 0", i);
        p = strstr(p, want);
        assert_non_null(p);
    }
    close(fd);
}

static void file_answers_are_whole(void **state)
{
    struct http_client *c = client();
    struct http_call call = {.method = "GET", .path = "/file"};
    struct http_reply r = {0};

    (void)state;
    assert_int_equal(http_client_call(c, &call, &r, NULL), VCP_OK);
    assert_int_equal(r.body.len, 100000);
    assert_memory_equal(r.body.data, "\177ELF", 4);
    http_reply_release(&r);
    http_client_free(c);
}

struct poller {
    pthread_t thread;
    unsigned port;
    const char *path;
    int status;
    int64_t took_ms;
};

static void *poll_main(void *arg)
{
    struct poller *p = arg;
    int64_t start = clock_mono_ns();
    int fd = raw_connect(p->port);
    char text[2048];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", p->path);
    raw_send(fd, text);
    p->status = raw_read_all(fd, text, sizeof text) > 12 ? atoi(text + 9) : 0;
    p->took_ms = (clock_mono_ns() - start) / 1000000;
    close(fd);
    return NULL;
}

static void poll_start(struct poller *p, const char *path)
{
    *p = (struct poller){.port = http_server_port(app.server), .path = path};
    assert_int_equal(pthread_create(&p->thread, NULL, poll_main, p), 0);
}

static void await_waits(unsigned n)
{
    struct http_server_stats st = {0};
    int i;

    for (i = 0; i < 2000; i++) {
        http_server_stats(app.server, &st);
        if (st.waits == n)
            return;
        clock_sleep_ms(5);
    }
    fail_msg("%llu waits, not %u", (unsigned long long)st.waits, n);
}

static void hundreds_of_polls_wait_and_are_woken_at_once(void **state)
{
    enum { N = 400 };
    static struct poller p[N];
    int i;

    (void)state;
    for (i = 0; i < N; i++)
        poll_start(&p[i], "/wait?ms=20000");
    await_waits(N);
    http_server_wake(app.server, "window"); /* another key: nobody moves */
    await_waits(N);
    atomic_store(&app.ready, true);
    http_server_wake(app.server, "door");
    for (i = 0; i < N; i++) {
        pthread_join(p[i].thread, NULL);
        assert_int_equal(p[i].status, 200);
        assert_true(p[i].took_ms < 15000);
    }
    await_waits(0);
}

static void a_poll_ends_when_its_time_is_up(void **state)
{
    struct poller p[20];
    int i;

    (void)state;
    for (i = 0; i < 20; i++)
        poll_start(&p[i], i % 2 ? "/wait?ms=150" : "/wait?ms=50");
    for (i = 0; i < 20; i++) {
        pthread_join(p[i].thread, NULL);
        assert_int_equal(p[i].status, 204);
        assert_true(p[i].took_ms >= (i % 2 ? 150 : 50));
    }
}

/* Wakes that race with arming and parking: none may be lost. */
static void *waker_main(void *arg)
{
    atomic_bool *stop = arg;

    while (!atomic_load(stop))
        http_server_wake(app.server, "door");
    return NULL;
}

static void no_wake_is_lost(void **state)
{
    static struct poller p[50];
    atomic_bool stop = false;
    pthread_t waker;
    int i, round;

    (void)state;
    pthread_create(&waker, NULL, waker_main, &stop);
    for (round = 0; round < 3; round++) {
        atomic_store(&app.ready, false);
        for (i = 0; i < 50; i++)
            poll_start(&p[i], "/wait?ms=15000");
        clock_sleep_ms(20);
        atomic_store(&app.ready, true);
        for (i = 0; i < 50; i++) {
            pthread_join(p[i].thread, NULL);
            assert_int_equal(p[i].status, 200);
            assert_true(p[i].took_ms < 10000);
        }
    }
    atomic_store(&stop, true);
    pthread_join(waker, NULL);
}

static void a_peer_that_leaves_its_poll_is_forgotten(void **state)
{
    int fd = raw_connect(http_server_port(app.server)), i;

    (void)state;
    raw_send(fd, "GET /wait?ms=300 HTTP/1.1\r\nHost: h\r\n\r\n");
    await_waits(1);
    close(fd);
    for (i = 0; i < 1000 && app.done == 0; i++)
        clock_sleep_ms(5);
    assert_int_equal(app.done, 1);
}

static void stopping_answers_polls_and_finishes_requests(void **state)
{
    struct poller waiting, slow;
    int64_t start;

    (void)state;
    poll_start(&waiting, "/wait?ms=30000");
    poll_start(&slow, "/slow");
    await_waits(1);
    for (int i = 0; i < 1000 && app.handled < 2; i++)
        clock_sleep_ms(1);
    start = clock_mono_ns();
    http_server_stop(app.server, 5000);
    app.server = NULL;
    assert_true(clock_mono_ns() - start < 3000000000);
    pthread_join(waiting.thread, NULL);
    pthread_join(slow.thread, NULL);
    assert_int_equal(waiting.status, 204);
    assert_int_equal(slow.status, 200);
}

/* One byte at a time, in every phase: the deadline does not move. */
static void slow_peers_are_cut_off(void **state)
{
    static const char *const starts[] = {
        "GET /slow-headers HTTP/1.1\r\nX-A: ",
        "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n",
        "",
    };
    struct http_server_config c = echo_config(&app);
    size_t i;

    (void)state;
    http_server_stop(app.server, 0);
    c.header_timeout_ms = 300;
    c.body_timeout_ms = 300;
    start(&c);
    for (i = 0; i < 3; i++) {
        int fd = raw_connect(http_server_port(app.server)), k;
        int64_t t0 = clock_mono_ns();
        struct timeval t = {0, 20000};

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
        raw_send(fd, starts[i]);
        for (k = 0; k < 400; k++) {
            char b[512];
            ssize_t n;

            if (starts[i][0])
                send(fd, "a", 1, MSG_NOSIGNAL);
            n = recv(fd, b, sizeof b, 0);
            if (n == 0 || (n < 0 && errno != EAGAIN))
                break;
        }
        assert_true(k < 400);
        assert_true(clock_mono_ns() - t0 < 5000000000);
        close(fd);
    }
    assert_int_equal(app.handled, 0);
}

static void an_address_in_use_says_so(void **state)
{
    struct http_server_config c = echo_config(&app);
    struct http_server *second = NULL;
    struct err err = {0};
    char listen[64];

    (void)state;
    snprintf(listen, sizeof listen, "127.0.0.1:%u", http_server_port(app.server));
    c.listen = listen;
    assert_int_equal(http_server_start(&second, &c, &err), VCP_EIO);
    assert_non_null(strstr(err.msg, "cannot listen on 127.0.0.1:"));
    assert_null(second);
}

static void tls_serves_and_is_verified(void **state)
{
    struct http_server_config c = echo_config(&app);
    struct http_client_options o = {.ca_file = TEST_BINARY_DIR "/cert.pem"};
    struct http_call call = {.method = "GET", .path = "/secret"};
    struct http_reply r = {0};
    struct http_client *strict = NULL, *trusting = NULL;
    struct err err = {0};
    char url[64];

    (void)state;
    if (system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
               "-subj /CN=localhost -addext subjectAltName=DNS:localhost "
               "-keyout " TEST_BINARY_DIR "/key.pem -out " TEST_BINARY_DIR
               "/cert.pem 2>/dev/null") != 0)
        skip();
    http_server_stop(app.server, 0);
    c.tls_cert_file = TEST_BINARY_DIR "/cert.pem";
    c.tls_key_file = TEST_BINARY_DIR "/key.pem";
    start(&c);
    snprintf(url, sizeof url, "https://localhost:%u", http_server_port(app.server));
    assert_int_equal(http_client_new(&trusting, url, &o, NULL), VCP_OK);
    if (http_client_call(trusting, &call, &r, &err) != VCP_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(buf_str(&r.body), "GET /secret 0");
    assert_int_equal(http_client_new(&strict, url, NULL, NULL), VCP_OK);
    assert_int_equal(http_client_call(strict, &call, &r, &err), VCP_EAUTH);
    http_client_free(strict);
    http_client_free(trusting);
    http_reply_release(&r);
}

static void half_a_certificate_is_refused(void **state)
{
    struct http_server_config c = echo_config(&app);
    struct http_server *s = NULL;
    struct err err = {0};

    (void)state;
    c.tls_cert_file = "/nonexistent";
    assert_int_equal(http_server_start(&s, &c, &err), VCP_EINVAL);
    c.tls_key_file = "/nonexistent";
    assert_int_equal(http_server_start(&s, &c, &err), VCP_ENOTFOUND);
    c.tls_cert_file = c.tls_key_file = "/etc/hostname";
    assert_int_equal(http_server_start(&s, &c, &err), VCP_EIO);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(answers_with_request_id),
        T(bodies_of_every_size_arrive_whole),
        T(oversized_body_is_refused_before_it_is_read),
        T(chunked_body_needs_a_length),
        T(a_client_that_asks_first_is_told_to_continue),
        T(a_truncated_body_is_not_handled),
        T(hostile_bytes_do_no_harm),
        T(begin_may_refuse),
        T(bad_targets_are_400),
        T(pipelined_requests_are_answered_in_order),
        T(file_answers_are_whole),
        T(hundreds_of_polls_wait_and_are_woken_at_once),
        T(a_poll_ends_when_its_time_is_up),
        T(no_wake_is_lost),
        T(a_peer_that_leaves_its_poll_is_forgotten),
        T(stopping_answers_polls_and_finishes_requests),
        T(slow_peers_are_cut_off),
        T(an_address_in_use_says_so),
        T(tls_serves_and_is_verified),
        T(half_a_certificate_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
