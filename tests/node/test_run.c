/* `ambient run` as a person meets it: what stands on standard output, and the exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "node/modules.h"
#include "test.h"

static const char *ambient;
static char dir[64];
static struct buf out, talk;

/* Runs `ambient run ARGUMENTS` in dir; out and talk get what it wrote; its exit code. */
static int run(const char *arguments)
{
    char command[1024], path[128];
    struct err err;
    int status;

    snprintf(command, sizeof command, "cd %s && %s run %s >out 2>talk", dir, ambient, arguments);
    status = system(command);
    assert_true(WIFEXITED(status));
    buf_clear(&out);
    buf_clear(&talk);
    snprintf(path, sizeof path, "%s/out", dir);
    assert_ok(file_read(&out, path, 1 << 20, &err), err);
    snprintf(path, sizeof path, "%s/talk", dir);
    assert_ok(file_read(&talk, path, 1 << 20, &err), err);
    return WEXITSTATUS(status);
}

static void expect(const char *arguments, int code, const char *output, const char *word)
{
    int got = run(arguments);

    if (got != code)
        fail_msg("%s: exit code %d, wanted %d; said: %s", arguments, got, code, buf_str(&talk));
    assert_string_equal(buf_str(&out), output);
    if (!strstr(buf_str(&talk), word))
        fail_msg("%s: \"%s\" does not say \"%s\"", arguments, buf_str(&talk), word);
}

static void results_go_to_standard_output(void **state)
{
    (void)state;
    expect("--entry add funcs.wasm 40 2", 0, "42\n", "ok: gas");
    expect("--entry two funcs.wasm", 0, "-5\n0.5\n", "ok: gas");
    expect("--entry add funcs.wasm 1 -3", 0, "-2\n", "ok: gas");
    expect("echo.wasm <input", 0, "some input", "seccomp");
    expect("--stdin input echo.wasm </dev/null", 0, "some input", "ok");
    expect("--quiet -e add funcs.wasm 0x10 1", 0, "17\n", "");
    assert_int_equal(talk.len, 0);
}

static void ends_have_exit_codes(void **state)
{
    (void)state;
    expect("-e trap funcs.wasm", 1, "", "unreachable");
    expect("-e exit funcs.wasm 3", 1, "", "3");
    expect("-e exit funcs.wasm 0", 0, "", "ok");
    expect("-e spin --gas 100k funcs.wasm", 4, "", "out of gas: gas 100000");
    expect("-e spin --timeout 200ms --gas 1000000G funcs.wasm", 4, "", "timeout");
}

static void mistakes_are_explained(void **state)
{
    (void)state;
    expect("-e nothing funcs.wasm", 2, "", "nothing");
    expect("-e add funcs.wasm 1", 2, "", "ambient run:");
    expect("-e add funcs.wasm 1 x", 2, "", "ambient run:");
    expect("missing.wasm", 2, "", "missing.wasm");
    expect("input", 2, "", "no WebAssembly module");
    expect("--memory 1 echo.wasm </dev/null", 2, "", "memory");
}

static void the_cage_changes_nothing_but_the_walls(void **state)
{
    json_t *caged, *here;
    struct err err;

    (void)state;
    assert_int_equal(run("--json -e add funcs.wasm 2 2"), 0);
    assert_ok(json_parse(&caged, buf_str(&out), out.len, &err), err);
    assert_int_equal(run("--json --no-cage -e add funcs.wasm 2 2"), 0);
    assert_ok(json_parse(&here, buf_str(&out), out.len, &err), err);
    assert_true(json_equal(json_object_get(caged, "gas_used"), json_object_get(here, "gas_used")));
    assert_true(
        json_equal(json_object_get(caged, "output_sha3"), json_object_get(here, "output_sha3")));
    assert_string_equal(json_string_value(json_object_get(caged, "output_base64")), "BAAAAA==");
    assert_string_equal(json_string_value(json_object_get(here, "cage")), "");
    assert_non_null(strstr(json_string_value(json_object_get(caged, "cage")), "seccomp"));
    json_decref(caged);
    json_decref(here);
}

static void output_can_go_to_a_file(void **state)
{
    char path[128];
    struct err err;
    struct buf b;

    (void)state;
    expect("-o result -e add funcs.wasm 1 1", 0, "", "ok");
    buf_init(&b, 0);
    snprintf(path, sizeof path, "%s/result", dir);
    assert_ok(file_read(&b, path, 100, &err), err);
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "\2\0\0\0", 4);
    buf_release(&b);
}

static void put(const char *name, const void *p, size_t n)
{
    char path[128];
    struct err err;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_ok(file_write(path, p, n, 0600, &err), err);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/ambient-run-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    buf_init(&out, 0);
    buf_init(&talk, 0);
    put("funcs.wasm", funcs_module, sizeof funcs_module);
    put("echo.wasm", echo_module, sizeof echo_module);
    put("input", "some input", 10);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    buf_release(&out);
    buf_release(&talk);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_go_to_standard_output),
        cmocka_unit_test(ends_have_exit_codes),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(the_cage_changes_nothing_but_the_walls),
        cmocka_unit_test(output_can_go_to_a_file),
    };

    if (argc != 2)
        return 2;
    ambient = argv[1];
    return cmocka_run_group_tests(tests, setup, teardown);
}
