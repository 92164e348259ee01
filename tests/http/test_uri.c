#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/uri.h"

static void segments_and_members_are_decoded(void **state)
{
    struct arena a;
    struct uri u;

    (void)state;
    arena_init(&a, 0);
    assert_int_equal(uri_parse(&u, &a, "/api/v1/x%2Fy/?a=1+2&b&c=%3d&&a=9", NULL), VCP_OK);
    assert_string_equal(u.path, "/api/v1/x%2Fy/");
    assert_int_equal(u.n_segments, 4);
    assert_string_equal(u.segments[2], "x/y");
    assert_string_equal(u.segments[3], "");
    assert_int_equal(u.n_query, 4);
    assert_string_equal(uri_query(&u, "a"), "1 2");
    assert_string_equal(uri_query(&u, "b"), "");
    assert_string_equal(uri_query(&u, "c"), "=");
    assert_null(uri_query(&u, "d"));
    arena_release(&a);
}

static void broken_targets_are_refused(void **state)
{
    static const struct {
        const char *target;
        int code;
    } bad[] = {
        {"", VCP_EINVAL},
        {"x", VCP_EINVAL},
        {"*", VCP_EINVAL},
        {"http://h/", VCP_EINVAL},
        {"/%", VCP_EINVAL},
        {"/%1", VCP_EINVAL},
        {"/%1g", VCP_EINVAL},
        {"/%00", VCP_EINVAL},
        {"/?%00", VCP_EINVAL},
        {"/?a=%", VCP_EINVAL},
        {"/////////////////////", VCP_ELIMIT},
        {"/?&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&", VCP_ELIMIT},
    };
    struct arena a;
    struct uri u;
    size_t i;

    (void)state;
    arena_init(&a, 0);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = {0};

        assert_int_equal(uri_parse(&u, &a, bad[i].target, &err), bad[i].code);
        assert_int_equal(err.code, bad[i].code);
        assert_true(err.msg[0] != 0);
    }
    arena_release(&a);
}

static void listen_addresses(void **state)
{
    char host[256], port[8];

    (void)state;
    assert_int_equal(uri_split_listen(host, port, "127.0.0.1:3000", NULL), VCP_OK);
    assert_string_equal(host, "127.0.0.1");
    assert_string_equal(port, "3000");
    assert_int_equal(uri_split_listen(host, port, "[::1]:80", NULL), VCP_OK);
    assert_string_equal(host, "::1");
    assert_int_equal(uri_split_listen(host, port, ":80", NULL), VCP_OK);
    assert_string_equal(host, "");
    assert_int_equal(uri_split_listen(host, port, "80", NULL), VCP_EINVAL);
    assert_int_equal(uri_split_listen(host, port, "h:", NULL), VCP_EINVAL);
    assert_int_equal(uri_split_listen(host, port, "h:8o", NULL), VCP_EINVAL);
    assert_int_equal(uri_split_listen(host, port, "::1:80", NULL), VCP_EINVAL);
    assert_int_equal(uri_split_listen(host, port, "h:123456", NULL), VCP_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_and_members_are_decoded),
        cmocka_unit_test(broken_targets_are_refused),
        cmocka_unit_test(listen_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
