/* test_wasi.c - programs with WASI: by the engine, traced, through the mock prover.
 *
 *     test_zkvm_wasi FOLDER...    of the modules named below */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "base/file.h"
#include "base/limits.h"
#include "mockrun.h"

static char **folders;
static int n_folders;

static bool find_module(struct buf *out, const char *name)
{
    char path[1024];
    struct err err;

    for (int i = 0; i < n_folders; i++) {
        snprintf(path, sizeof path, "%s/%s.wasm", folders[i], name);
        if (file_read(out, path, 1 << 20, &err) == VCP_OK)
            return true;
        buf_clear(out);
    }
    return false;
}

static void check(struct mockrun *m, const char *name, const char *entry, const char *const args[],
                  size_t n_args)
{
    struct buf module;
    struct err err = {0};

    buf_init(&module, 0);
    if (!find_module(&module, name))
        fail_msg("%s.wasm is in none of the folders", name);
    m->rows_max = 20000000;
    assert_ok(mockrun(m, module.data, module.len, entry, args, n_args, &err), err);
    assert_true(m->verdict.exact && m->verdict.field);
    printf("%s %s: %s, %llu rows, %llu others, %zu bytes written\n", name, entry ? entry : "",
           run_status_name(m->run.status), (unsigned long long)m->end.n_rows,
           (unsigned long long)m->end.n_other, m->run.output.len);
    buf_release(&module);
}

static void everything_wasi_shows(void **state)
{
    static const char *const args[] = {"", "two words", "three"};
    static const char *const env[] = {"HOME=/", "NAME=value=1"};
    static const char input[] = "It was a bright cold day in April, and the clocks were striking "
                                "thirteen.  Winston Smith, his chin nuzzled into his breast in an "
                                "effort to escape the vile wind";
    struct mockrun m = {
        .env = env, .n_env = 2, .input = input, .input_bytes = sizeof input - 1, .seed = 99};

    (void)state;
    check(&m, "surroundings", NULL, args, 3);
    assert_int_equal(m.run.status, RUN_OK);
    mockrun_release(&m);
}

static void a_libc_program(void **state)
{
    static const char *const args[] = {"one", "two words", ""};
    static const char *const env[] = {"HOME=/", "NAME=value=1"};
    struct mockrun m = {.env = env, .n_env = 2, .input = "some text", .input_bytes = 9};

    (void)state;
    check(&m, "echo", NULL, args, 3);
    mockrun_release(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_wasi_shows),
                                       cmocka_unit_test(a_libc_program)};

    folders = argv + 1;
    n_folders = argc - 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
