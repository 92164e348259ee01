/* test_coord_memory.c - every allocation of a submission and of a verdict fails once, in turn.
 *
 * This program's malloc fails when told to.  OpenSSL keeps its own: a hash that
 * cannot be computed stops the process by design (base/hash.c). */
#include <openssl/crypto.h>

#include "coord/world.h"

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static unsigned countdown; /* 0: not armed */

static bool fails(void)
{
    return countdown && --countdown == 0;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}

static void *plain_malloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return __libc_malloc(n);
}

static void *plain_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return __libc_realloc(p, n);
}

static void plain_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    __libc_free(p);
}

/* Some allocations are spare (a log, a cache): then the work succeeds without them. */
static void either(int rc, struct world *w)
{
    if (rc != VCP_OK && rc != VCP_ENOMEM && rc != VCP_EIO)
        fail_msg("%s: %s", err_code_name(rc), w->f.e.msg);
    world_check(w);
}

static void a_submission_survives_every_lack_of_memory(void **state)
{
    struct coord_submitted t;
    struct world w;
    unsigned refused = 0;

    (void)state;
    world_open(&w);
    world_node(&w, "a", 300);
    world_node(&w, "b", 300);
    for (unsigned n = 1;; n++) {
        struct task_spec s = world_spec(&w, 2, 10);
        char key[16];

        snprintf(key, sizeof key, "k%u", n);
        int64_t before = world_balance(&w, "user:client");
        countdown = n;
        int rc = world_try_submit(&w, &s, key, &t);
        bool reached = countdown == 0;
        countdown = 0;
        either(rc, &w);
        assert_int_equal(world_balance(&w, "user:client"), before - (rc == VCP_OK ? 10 : 0));
        refused += rc != VCP_OK;
        if (rc == VCP_OK)
            assert_ok(coord_task_cancel(w.c, "client", t.task_id, &w.f.e), w.f.e);
        if (!reached)
            break;
    }
    print_message("%u lacks refused it\n", refused);
    assert_true(refused > 20);
    world_close(&w);
}

static void a_verdict_survives_every_lack_of_memory(void **state)
{
    struct coord_verdict v;
    struct coord_lease l;
    struct world w;
    unsigned n, refused = 0;

    (void)state;
    world_open(&w);
    for (int i = 0; i < 3; i++)
        world_node(&w, (char[]){(char)('a' + i), 0}, 300);
    struct coord_submitted t = world_submit(&w, 3, 99);
    assert_ok(world_lease(&w, "a", &l), w.f.e);
    assert_ok(world_deliver(&w, "a", &l, 1, &v), w.f.e);
    assert_ok(world_lease(&w, "b", &l), w.f.e);
    assert_ok(world_deliver(&w, "b", &l, 2, &v), w.f.e);
    assert_ok(world_lease(&w, "c", &l), w.f.e);
    struct outcome o = world_outcome(1);
    struct coord_result r = world_result("c", &l, &o, &w);
    for (n = 1;; n++) {
        countdown = n;
        int rc = coord_result_submit(w.c, NULL, &r, &v, &w.f.e);
        countdown = 0;
        either(rc, &w);
        if (rc == VCP_OK)
            break;
        refused++;
        assert_int_equal(world_task(&w, t.task_id).paid, 0);
    }
    assert_true(refused > 5);
    assert_int_equal(world_task(&w, t.task_id).paid, 66);
    assert_int_equal(world_balance(&w, "user:client"), 10000 - 66);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_submission_survives_every_lack_of_memory),
        cmocka_unit_test(a_verdict_survives_every_lack_of_memory),
    };

    CRYPTO_set_mem_functions(plain_malloc, plain_realloc, plain_free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
