#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "echo_app.h"
#include "http/client.h"

static struct echo_app app;

static struct http_client *start(void)
{
    struct http_server_config c = echo_config(&app);
    struct http_client *client = NULL;
    char url[64];

    memset(&app, 0, sizeof app);
    c = echo_config(&app);
    assert_int_equal(http_server_start(&app.server, &c, NULL), VCP_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", http_server_port(app.server));
    assert_int_equal(http_client_new(&client, url, NULL, NULL), VCP_OK);
    return client;
}

static void stop(struct http_client *c)
{
    http_client_free(c);
    http_server_stop(app.server, 1000);
}

static void the_connection_is_kept(void **state)
{
    struct http_client *c = start();
    struct http_call call = {.method = "DELETE", .path = "/x"};
    struct http_reply r = {0};
    struct http_server_stats st;
    int i;

    (void)state;
    for (i = 0; i < 50; i++)
        assert_int_equal(http_client_call(c, &call, &r, NULL), VCP_OK);
    http_server_stats(app.server, &st);
    assert_int_equal(st.connections, 1);
    assert_string_equal(buf_str(&r.body), "DELETE /x 0");
    http_reply_release(&r);
    stop(c);
}

static void headers_are_sent_and_read(void **state)
{
    struct http_client *c = start();
    struct http_header h[] = {{"X-One", "1"}, {"X-Two", "two words"}};
    struct http_call call = {.method = "POST",
                             .path = "/x",
                             .headers = h,
                             .n_headers = 2,
                             .body = "abc",
                             .body_bytes = 3,
                             .content_type = "text/plain"};
    struct http_reply r = {0};
    char v[8];

    (void)state;
    assert_int_equal(http_client_call(c, &call, &r, NULL), VCP_OK);
    assert_string_equal(buf_str(&r.body), "POST /x 3");
    assert_true(http_reply_header(&r, "content-type", v, sizeof v));
    assert_string_equal(v, "text/pl"); /* cut to the caller's space */
    assert_false(http_reply_header(&r, "content", v, sizeof v));
    http_reply_release(&r);
    stop(c);
}

static void failures_have_their_codes(void **state)
{
    struct http_client *c = start(), *nobody = NULL;
    struct http_call big = {.method = "GET", .path = "/file", .response_max_bytes = 99999};
    struct http_call slow = {.method = "GET", .path = "/wait?ms=5000", .timeout_ms = 100};
    struct http_call any = {.method = "GET", .path = "/"};
    struct http_reply r = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(http_client_call(c, &big, &r, &err), VCP_ELIMIT);
    assert_int_equal(http_client_call(c, &slow, &r, &err), VCP_ETIMEOUT);
    assert_int_equal(http_client_new(&nobody, "http://127.0.0.1:1", NULL, NULL), VCP_OK);
    assert_int_equal(http_client_call(nobody, &any, &r, &err), VCP_EIO);
    assert_non_null(strstr(err.msg, "http://127.0.0.1:1/"));
    http_client_free(nobody);
    assert_int_equal(http_client_new(&nobody, "ftp://h", NULL, &err), VCP_EINVAL);
    assert_int_equal(http_client_new(&nobody, "http://", NULL, &err), VCP_EINVAL);
    assert_int_equal(http_client_new(&nobody, "localhost:3000", NULL, &err), VCP_EINVAL);
    http_reply_release(&r);
    stop(c);
}

static void *cancel_main(void *arg)
{
    struct http_server_stats st = {0};

    while (st.waits == 0) {
        http_server_stats(app.server, &st);
        clock_sleep_ms(1);
    }
    http_client_cancel(arg);
    return NULL;
}

static void a_call_is_cancelled_from_another_thread(void **state)
{
    struct http_client *c = start();
    struct http_call wait = {.method = "GET", .path = "/wait?ms=5000"};
    struct http_call any = {.method = "GET", .path = "/"};
    struct http_reply r = {0};
    int64_t t0 = clock_mono_ns();
    pthread_t thread;

    (void)state;
    pthread_create(&thread, NULL, cancel_main, c);
    assert_int_equal(http_client_call(c, &wait, &r, NULL), VCP_ECANCELLED);
    assert_true(clock_mono_ns() - t0 < 3000000000);
    pthread_join(thread, NULL);
    assert_int_equal(http_client_call(c, &any, &r, NULL), VCP_ECANCELLED);
    http_client_rearm(c);
    assert_int_equal(http_client_call(c, &any, &r, NULL), VCP_OK);
    http_reply_release(&r);
    stop(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_is_kept),
        cmocka_unit_test(headers_are_sent_and_read),
        cmocka_unit_test(failures_have_their_codes),
        cmocka_unit_test(a_call_is_cancelled_from_another_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
