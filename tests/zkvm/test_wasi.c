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

static const char text[] = "It was a bright cold day in April, and the clocks were striking "
                           "thirteen.  Winston Smith, his chin nuzzled into his breast in an "
                           "effort to escape the vile wind";
static const char *const env[] = {"HOME=/", "NAME=value=1"};
static struct catalog *chips;

static struct mockrun setting(void)
{
    return (struct mockrun){.chips = chips,
                            .env = env,
                            .n_env = 2,
                            .input = text,
                            .input_bytes = sizeof text - 1,
                            .seed = 99,
                            .rows_max = 20000000};
}

static void open_module(struct buf *module, const char *name)
{
    buf_init(module, 0);
    if (!find_module(module, name))
        fail_msg("%s.wasm is in none of the folders", name);
}

/* What the engine does and the trace agree, and all of it balances. */
static void check(struct mockrun *m, const char *name, const char *entry, const char *const args[],
                  size_t n_args)
{
    struct buf module;
    struct err err = {0};

    open_module(&module, name);
    assert_ok(mockrun(m, module.data, module.len, entry, args, n_args, &err), err);
    assert_true(m->verdict.exact && m->verdict.field);
    printf("%s %s: %s, %llu rows, %llu others, %zu bytes written\n", name, entry ? entry : "",
           run_status_name(m->run.status), (unsigned long long)m->end.n_rows,
           (unsigned long long)m->end.n_other, m->run.output.len);
    buf_release(&module);
}

static void command(const char *name, const char *arg, size_t input_bytes, enum run_status status,
                    int exit_code)
{
    const char *args[] = {arg, "two words", ""};
    struct mockrun m = setting();

    m.input_bytes = input_bytes;
    check(&m, name, NULL, args, 3);
    assert_int_equal(m.run.status, status);
    assert_int_equal(m.run.exit_code, exit_code);
    mockrun_release(&m);
}

static void everything_wasi_shows(void **state)
{
    (void)state;
    for (size_t n = 0; n < 12; n++)
        command("surroundings", "c", n, RUN_OK, 0);
    command("surroundings", "", sizeof text - 1, RUN_OK, 0);
}

static void every_end(void **state)
{
    struct mockrun m = setting();
    const char *args[] = {"f"};

    (void)state;
    command("surroundings", "e", 3, RUN_EXIT, 42);
    command("surroundings", "t", 3, RUN_TRAP, 0);
    m.output_bytes_max = 5000;
    check(&m, "surroundings", NULL, args, 1);
    assert_int_equal(m.run.trap, TRAP_HOST);
    assert_int_equal(m.run.output.len, 4096);
    mockrun_release(&m);
}

static void programs_of_wasi_libc(void **state)
{
    (void)state;
    command("echo", "one", 9, RUN_EXIT, 4);
    command("nofiles", "", 0, RUN_OK, 0);
    command("fail", "exit", 0, RUN_EXIT, 42);
    command("fail", "abort", 0, RUN_TRAP, 0);
}

/* ---- small programs ---- */

static const char *const entries[] = {"copy",  "chance", "strings", "leave",
                                      "flood", "close",  "edge",    "wait"};

static uint64_t run_small(const struct buf *module, const char *entry, uint64_t gas_max)
{
    struct mockrun m = setting();
    struct err err = {0};
    uint64_t gas;
    int rc;

    m.gas_max = gas_max;
    m.output_bytes_max = 100;
    rc = mockrun(&m, module->data, module->len, entry, NULL, 0, &err);
    if (rc < 0)
        fail_msg("%s with at most %llu gas: %s", entry, (unsigned long long)gas_max, err.msg);
    assert_true(m.verdict.exact && m.verdict.field);
    gas = m.run.gas_used;
    mockrun_release(&m);
    return gas;
}

static void every_gas_limit(void **state)
{
    struct buf module;
    uint64_t n_runs = 0;

    (void)state;
    open_module(&module, "world");
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        uint64_t all = run_small(&module, entries[i], 0);

        for (uint64_t gas = 1; gas <= all + 1; gas++, n_runs++)
            run_small(&module, entries[i], gas);
    }
    buf_release(&module);
    printf("%llu runs\n", (unsigned long long)n_runs);
    assert_true(n_runs > 150);
}

static void result_is(const char *name, const char *entry, uint64_t want)
{
    struct mockrun m = setting();

    check(&m, name, entry, NULL, 0);
    assert_int_equal(m.run.status, RUN_OK);
    assert_int_equal(m.run.values[0].bits, want);
    mockrun_release(&m);
}

static void edges_of_memory(void **state)
{
    (void)state;
    result_is("world", "edge", 42); /* EFAULT twice */
    result_is("world", "huge", 56); /* EINVAL twice */
    result_is("no_memory", "nothing", 42);
    result_is("no_pages", "nothing", 21); /* EFAULT for the strings, but no bytes fit into none */
}

static int open_chips(void **state)
{
    (void)state;
    chips = catalog_new();
    return chips ? 0 : -1;
}

static int close_chips(void **state)
{
    (void)state;
    catalog_free(chips);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_wasi_shows), cmocka_unit_test(every_end),
        cmocka_unit_test(programs_of_wasi_libc), cmocka_unit_test(every_gas_limit),
        cmocka_unit_test(edges_of_memory),
    };

    folders = argv + 1;
    n_folders = argc - 1;
    return cmocka_run_group_tests(tests, open_chips, close_chips);
}
