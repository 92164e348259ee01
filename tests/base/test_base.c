/* The base library against published vectors and its own ceilings. */
#include "test.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/threads.h"

static void sha3_matches_nist(void **state)
{
    /* NIST CAVP SHA3-256: the empty message, "abc", and a million times 'a'. */
    static const char *const want[] = {
        "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
        "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1",
    };
    uint8_t d[SHA3_256_BYTES];
    char hex[SHA3_256_HEX_BYTES], block[1000];
    struct sha3 s;
    int i;

    (void)state;
    sha3_256(d, "", 0);
    hex_encode(hex, d, sizeof d);
    assert_string_equal(hex, want[0]);
    sha3_256(d, "abc", 3);
    hex_encode(hex, d, sizeof d);
    assert_string_equal(hex, want[1]);
    memset(block, 'a', sizeof block);
    assert_int_equal(sha3_init(&s), VCP_OK);
    for (i = 0; i < 1000; i++)
        sha3_update(&s, block, sizeof block);
    sha3_final(&s, d);
    hex_encode(hex, d, sizeof d);
    assert_string_equal(hex, want[2]);
}

static void hmac_matches_rfc4231(void **state)
{
    uint8_t d[32];
    char hex[65];

    (void)state;
    hmac_sha256(d, "Jefe", 4, "what do ya want for nothing?", 28);
    hex_encode(hex, d, sizeof d);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void hex_is_strict(void **state)
{
    uint8_t b[2];

    (void)state;
    assert_true(hex_decode(b, 2, "00Ff"));
    assert_int_equal(b[1], 255);
    assert_false(hex_decode(b, 2, "00f"));
    assert_false(hex_decode(b, 2, "00fg"));
    assert_false(hex_decode(b, 2, "00ff0"));
    assert_false(
        sha3_hex_is_valid("A7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"));
}

static void base64_matches_rfc4648_and_is_strict(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm 8", "Zm8=Zm8=", "Zm-_"};
    char text[16];
    uint8_t bytes[16];
    size_t i, n;

    (void)state;
    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        base64_encode(text, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(base64_size(strlen(pairs[i][0])), strlen(text) + 1);
        assert_true(base64_decode(bytes, &n, text, strlen(text)));
        assert_int_equal(n, strlen(pairs[i][0]));
        assert_memory_equal(bytes, pairs[i][0], n);
    }
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(base64_decode(bytes, &n, bad[i], strlen(bad[i])));
}

static void arena_keeps_its_ceiling_and_alignment(void **state)
{
    struct arena a;
    int i;

    (void)state;
    arena_init(&a, 100000);
    for (i = 0; i < 100; i++) {
        unsigned char *p = arena_alloc(&a, (size_t)i * 7 + 1);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_int_equal(p[i * 7], 0);
    }
    assert_null(arena_alloc(&a, 100000));
    assert_null(arena_array(&a, SIZE_MAX / 2, 16));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    arena_clear(&a);
    assert_non_null(arena_alloc(&a, 90000));
    arena_release(&a);
}

static void buf_remembers_the_first_failure(void **state)
{
    struct buf b;
    int i;

    (void)state;
    buf_init(&b, 10);
    buf_puts(&b, "12345");
    buf_puts(&b, "123456");
    assert_true(b.failed);
    buf_putc(&b, 'x');
    assert_int_equal(b.len, 5);
    buf_clear(&b);
    buf_puts(&b, "1234567890");
    assert_false(b.failed);
    buf_release(&b);
    buf_init(&b, 0);
    for (i = 0; i < 1000; i++)
        buf_printf(&b, "%04d", i);
    assert_int_equal(b.len, 4000);
    assert_string_equal(buf_str(&b) + 3996, "0999");
    buf_release(&b);
}

static void cursor_never_reads_past_its_end(void **state)
{
    const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7};
    struct cursor c = {bytes, bytes + sizeof bytes};
    const unsigned char *p;
    uint64_t w;
    uint32_t v;
    uint8_t u;

    (void)state;
    assert_false(cursor_u64le(&c, &w));
    assert_int_equal(cursor_left(&c), 7);
    assert_true(cursor_u32le(&c, &v));
    assert_int_equal(v, 0x04030201);
    assert_false(cursor_u32le(&c, &v));
    assert_true(cursor_bytes(&c, 2, &p));
    assert_ptr_equal(p, bytes + 4);
    assert_true(cursor_u8(&c, &u));
    assert_false(cursor_u8(&c, &u));
}

static void json_names_what_is_wrong(void **state)
{
    const char *text = "{\"a\": \"x\", \"n\": 5, \"r\": 1.5, \"b\": true, \"z\": null}", *s = NULL;
    struct err err;
    int64_t i = 0;
    double r = 0;
    bool b = false;
    json_t *j;

    (void)state;
    assert_ok(json_parse(&j, text, strlen(text), &err), err);
    assert_ok(json_need_str(&s, j, "a", 10, &err), err);
    assert_ok(json_get_str(&s, j, "missing", 10, &err), err);
    assert_string_equal(s, "x");
    assert_err(json_need_str(&s, j, "missing", 10, &err), VCP_EINVAL, err, "missing is required");
    assert_err(json_need_int(&i, j, "z", 0, 1, &err), VCP_EINVAL, err, "z is required");
    assert_err(json_need_str(&s, j, "n", 10, &err), VCP_EINVAL, err, "n must be a string");
    assert_err(json_need_int(&i, j, "n", 6, 9, &err), VCP_EINVAL, err, "n must be between 6 and 9");
    assert_err(json_get_bool(&b, j, "n", &err), VCP_EINVAL, err, "n must be true or false");
    assert_ok(json_need_real(&r, j, "r", 0, 2, &err), err);
    assert_true(r == 1.5);
    json_decref(j);
    assert_err(json_parse(&j, "{\"a\":1,\"a\":2}", 13, &err), VCP_EFORMAT, err, "duplicate");
    assert_err(json_parse(&j, "{} x", 4, &err), VCP_EFORMAT, err, "line 1");
    assert_err(json_parse(&j, "{\"s\":\"\\u0000\"", 13, &err), VCP_EFORMAT, err, "JSON");
}

static void files_are_replaced_whole(void **state)
{
    char dir[] = "/tmp/ambient-test-XXXXXX", path[64], deep[96];
    struct file_map m;
    struct stat st;
    struct err err;
    struct buf b;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/f", dir);
    assert_ok(file_write(path, "one", 3, 0600, &err), err);
    assert_ok(file_write(path, "second", 6, 0600, &err), err);
    buf_init(&b, 0);
    assert_ok(file_read(&b, path, 6, &err), err);
    assert_string_equal(buf_str(&b), "second");
    buf_clear(&b);
    assert_err(file_read(&b, path, 5, &err), VCP_ELIMIT, err, "limit of 5 bytes");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(file_map_open(&m, path, &err), err);
    assert_memory_equal(m.data, "second", 6);
    file_map_release(&m);
    assert_err(file_map_open(&m, dir, &err), VCP_EIO, err, "regular file");
    snprintf(deep, sizeof deep, "%s/a/b/c", dir);
    assert_ok(file_make_dirs(deep, &err), err);
    assert_ok(file_make_dirs(deep, &err), err);
    assert_err(file_write("/nonexistent/x", "", 0, 0600, &err), VCP_EIO, err, "/nonexistent/x");
    snprintf(deep, sizeof deep, "rm -r %s", dir);
    assert_int_equal(system(deep), 0);
    buf_release(&b);
}

/* What a child that reads one mapped page too many leaves on stderr, and its status. */
static int read_beyond(char *said, size_t said_bytes, bool guarded)
{
    char path[] = "/tmp/ambient-test-XXXXXX";
    int fd = mkstemp(path), out[2], status;
    ssize_t n;
    pid_t child;

    assert_true(fd >= 0 && ftruncate(fd, 10000) == 0 && pipe(out) == 0);
    child = fork();
    if (child == 0) {
        struct file_map m, other;
        struct err err;

        dup2(out[1], STDERR_FILENO);
        signal(SIGBUS, SIG_DFL);
        if (guarded)
            file_map_guard("prog", 42);
        if (file_map_open(&other, path, &err) < 0 || file_map_open(&m, path, &err) < 0)
            _exit(1);
        file_map_release(&other);
        if (ftruncate(fd, 100) < 0)
            _exit(2);
        _exit(m.data[50] + ((const volatile unsigned char *)m.data)[9000]);
    }
    close(out[1]);
    n = read(out[0], said, said_bytes - 1);
    said[n > 0 ? n : 0] = 0;
    close(out[0]);
    close(fd);
    unlink(path);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_file_cut_short_while_mapped_is_told(void **state)
{
    char said[512];
    int status = read_beyond(said, sizeof said, true);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    assert_non_null(strstr(said, "prog: /tmp/ambient-test-"));
    assert_non_null(strstr(said, "cannot be read any more"));
    status = read_beyond(said, sizeof said, false);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void other_bus_errors_keep_their_effect(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        signal(SIGBUS, SIG_DFL);
        file_map_guard("prog", 42);
        raise(SIGBUS);
        _exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void rfc3339_is_utc_with_milliseconds(void **state)
{
    char t[CLOCK_RFC3339_BYTES];

    (void)state;
    clock_rfc3339(t, 1770000000007);
    assert_string_equal(t, "2026-02-02T02:40:00.007+00:00");
}

static void uuids_have_version_and_variant(void **state)
{
    char a[RNG_UUID_BYTES], b[RNG_UUID_BYTES];

    (void)state;
    rng_uuid(a);
    rng_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_string_not_equal(a, b);
}

static void prng_repeats_and_stays_below(void **state)
{
    struct prng a, b;
    int i;

    (void)state;
    prng_init(&a, 42);
    prng_init(&b, 42);
    for (i = 0; i < 1000; i++) {
        uint64_t n = 1 + (uint64_t)i, x = prng_below(&a, n);

        assert_true(x < n);
        assert_int_equal(x, prng_below(&b, n));
    }
}

static void mark(void *arg, size_t i)
{
    ((unsigned char *)arg)[i]++;
}

static void threads_run_each_piece_once(void **state)
{
    static unsigned char seen[1000];
    struct threads *t = threads_new(4);
    size_t i;
    int round;

    (void)state;
    assert_non_null(t);
    for (round = 1; round <= 200; round++) {
        threads_run(t, sizeof seen, mark, seen);
        for (i = 0; i < sizeof seen; i++)
            assert_int_equal(seen[i], round);
    }
    threads_free(t);
    threads_run(NULL, 3, mark, seen);
    assert_int_equal(seen[2], 201);
    assert_int_equal(threads_count(NULL), 1);
}

static void errors_carry_context(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(err_set(&err, VCP_EFORMAT, "byte %d", 7), VCP_EFORMAT);
    assert_int_equal(err_prefix(&err, "file %s", "x"), VCP_EFORMAT);
    assert_string_equal(err.msg, "file x: byte 7");
    assert_int_equal(err_set(NULL, VCP_EIO, "nobody listens"), VCP_EIO);
    assert_string_equal(err_code_name(VCP_EFUNDS), "funds");
    assert_string_equal(err_code_name(-999), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha3_matches_nist),
        cmocka_unit_test(hmac_matches_rfc4231),
        cmocka_unit_test(hex_is_strict),
        cmocka_unit_test(base64_matches_rfc4648_and_is_strict),
        cmocka_unit_test(arena_keeps_its_ceiling_and_alignment),
        cmocka_unit_test(buf_remembers_the_first_failure),
        cmocka_unit_test(cursor_never_reads_past_its_end),
        cmocka_unit_test(json_names_what_is_wrong),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(a_file_cut_short_while_mapped_is_told),
        cmocka_unit_test(other_bus_errors_keep_their_effect),
        cmocka_unit_test(rfc3339_is_utc_with_milliseconds),
        cmocka_unit_test(uuids_have_version_and_variant),
        cmocka_unit_test(prng_repeats_and_stays_below),
        cmocka_unit_test(threads_run_each_piece_once),
        cmocka_unit_test(errors_carry_context),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
