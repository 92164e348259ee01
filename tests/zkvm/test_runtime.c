/* The runtime module: what may not be in it, and that a statement names it. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "test.h"
#include "zkvm/runtime.h"
#include "zkvm/statement.h"

static const char *folder;

static void the_module_of_this_build_loads(void **state)
{
    struct runtime *r;
    struct err e = {0};

    (void)state;
    assert_ok(runtime_open(&r, &e), e);
    for (unsigned i = 0; i < ROUTINE_COUNT; i++) /* a frame has a record at least */
        assert_true(r->slots[r->funcs[i]] >= 2);
    runtime_free(r);
}

static void what_is_no_routine_is_refused(void **state)
{
    static const struct {
        const char *name, *says;
    } modules[] = {
        {"recursion", "calls itself"},
        {"global", "not for routines"},
        {"indirect", "not for routines"},
        {"bulk", "not for routines"},
        {"float", "not integers"},
        {"results", "not integers"},
        {"data", "segments"},
        {"import", "no primitive"},
        {"primitive", "no primitive"},
        {"missing", "no routine"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        char path[4096];
        struct runtime *r = NULL;
        struct err e = {0};
        struct buf b;

        buf_init(&b, 0);
        snprintf(path, sizeof path, "%s/%s.wasm", folder, modules[i].name);
        assert_ok(file_read(&b, path, 1 << 20, &e), e);
        assert_err(runtime_open_bytes(&r, b.data, b.len, &e), VCP_ESTATE, e, modules[i].says);
        buf_release(&b);
    }
}

static void a_statement_of_other_routines_is_refused(void **state)
{
    struct statement s, out;
    struct cursor in;
    uint8_t digest[32];
    struct err e = {0};
    struct buf b;

    (void)state;
    statement_init(&s);
    buf_init(&b, 0);
    statement_encode(&b, &s);
    runtime_digest(digest);
    assert_memory_equal(b.data + 8, digest, 32);
    in = (struct cursor){b.data, b.data + b.len};
    assert_ok(statement_decode(&out, &in, &e), e);
    for (unsigned i = 0; i < 32; i++) {
        b.data[8 + i] ^= 1;
        in = (struct cursor){b.data, b.data + b.len};
        assert_err(statement_decode(&out, &in, &e), VCP_EFORMAT, e, "other routines");
        b.data[8 + i] ^= 1;
    }
    buf_release(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_module_of_this_build_loads),
        cmocka_unit_test(what_is_no_routine_is_refused),
        cmocka_unit_test(a_statement_of_other_routines_is_refused),
    };

    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
