/* test_program.c - the program itself: exit codes and words for what goes wrong, before any
 * server is asked; and that every command's table is sound.
 *
 *   test_cli_program PATH_TO_AMBIENT */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "cli/command.h"

static const char *ambient;

/* Runs `ambient LINE` by the shell, both outputs into *out; returns the exit code. */
static int run(struct buf *out, const char *line)
{
    char command[2048], chunk[4096];
    size_t n;
    FILE *p;
    int status;

    snprintf(command, sizeof command,
             "2>&1 AMBIENT_CONFIG=/nonexistent AMBIENT_API_KEY= AMBIENT_SERVER= '%s' </dev/null %s",
             ambient, line);
    buf_clear(out);
    p = popen(command, "r");
    assert_non_null(p);
    while ((n = fread(chunk, 1, sizeof chunk, p)) > 0)
        buf_put(out, chunk, n);
    status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

struct expectation {
    const char *line;
    int exit_code;
    const char *words;
};

static const struct expectation expectations[] = {
    {"", CLI_USAGE, "Usage: ambient COMMAND"},
    {"--help", CLI_OK, "Usage: ambient COMMAND"},
    {"help task show", CLI_OK, "Usage: ambient task show"},
    {"--version", CLI_OK, "ambient "},
    {"submti", CLI_USAGE, "did you mean 'submit'"},
    {"task shwo x", CLI_USAGE, "did you mean 'show'"},
    {"task", CLI_USAGE, "Usage: ambient task COMMAND"},
    {"submit", CLI_USAGE, "an argument is wanted"},
    {"submit /nonexistent.wasm", CLI_USAGE, "/nonexistent.wasm"},
    {"submit /proc/self/exe --api-key x", CLI_USAGE, "no WebAssembly module"},
    {"submit --polcy x m.wasm", CLI_USAGE, "did you mean --policy"},
    {"submit --limits tight m.wasm", CLI_USAGE, "default|strict|relaxed"},
    {"task list", CLI_USAGE, "no API key"},
    {"task list --api-key k --server ftp://x", CLI_USAGE, "ftp://x"},
    {"task list --api-key k --server http://127.0.0.1:1", CLI_NETWORK, "127.0.0.1:1"},
    {"nodes show --api-key k --server http://127.0.0.1:1 n", CLI_NETWORK, "127.0.0.1:1"},
    {"account show --api-key k --server https://127.0.0.1:1", CLI_NETWORK, "127.0.0.1:1"},
    {"account grant u none --api-key k", CLI_USAGE, "not a number of credits"},
    {"task show", CLI_USAGE, "TASK_ID"},
    {"task show a b", CLI_USAGE, "too many"},
};

static void mistakes_have_their_exit_code_and_words(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 0);
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const struct expectation *e = &expectations[i];
        int code = run(&out, e->line);

        if (code != e->exit_code || !strstr(buf_str(&out), e->words))
            fail_msg("ambient %s: exit %d (wanted %d), said: %s (wanted: %s)", e->line, code,
                     e->exit_code, buf_str(&out), e->words);
    }
    buf_release(&out);
}

static void results_go_to_standard_output_alone(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 0);
    assert_int_equal(run(&out, "task list 2>/dev/null"), CLI_USAGE);
    assert_int_equal(out.len, 0);
    assert_int_equal(run(&out, "--version 2>/dev/null"), CLI_OK);
    assert_true(out.len > 0);
    assert_int_equal(run(&out, "--help > /dev/full"), CLI_INTERNAL);
    buf_release(&out);
}

/* Every command can print its help and its manual page. */
static void all_commands_have_help_and_manual(void **state)
{
    static const char *const commands[] = {"submit", "task", "nodes", "account", "server",
                                           "node",   "run",  "prove", "verify",  "keys"};
    struct buf out;
    char line[512];

    (void)state;
    buf_init(&out, 0);
    snprintf(line, sizeof line, "__man '%s'", TEST_BINARY_DIR);
    assert_int_equal(run(&out, line), CLI_OK);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        FILE *f;

        snprintf(line, sizeof line, "%s --help", commands[i]);
        assert_int_equal(run(&out, line), CLI_OK);
        assert_non_null(strstr(buf_str(&out), commands[i]));
        snprintf(line, sizeof line, "%s/ambient-%s.1", TEST_BINARY_DIR, commands[i]);
        f = fopen(line, "r");
        assert_non_null(f);
        fclose(f);
    }
    buf_release(&out);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_have_their_exit_code_and_words),
        cmocka_unit_test(results_go_to_standard_output_alone),
        cmocka_unit_test(all_commands_have_help_and_manual),
    };

    if (argc != 2)
        return 2;
    ambient = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
