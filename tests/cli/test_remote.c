/* test_remote.c - the program against servers that answer oddly: what is not JSON, what has
 * other types than promised, errors of every kind, "not now", and nothing at all.  Whatever
 * comes, the program ends with its documented exit code and says something a person can use.
 *
 *   test_cli_remote PATH_TO_AMBIENT */
#include "test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "cli/command.h"
#include "http/server.h"

static const char *ambient;

/* What the server says to everything; the first `busy` times it says 429. */
static struct script {
    struct http_server *server;
    int status;
    const char *body;
    atomic_int busy, calls;
} script;

static void begin(void *arg, struct http_request *rq, struct http_response *rs)
{
    (void)arg, (void)rs;
    rq->body_max_bytes = 1 << 20;
}

static void handle(void *arg, struct http_request *rq, struct http_response *rs)
{
    (void)arg, (void)rq;
    atomic_fetch_add(&script.calls, 1);
    if (atomic_fetch_sub(&script.busy, 1) > 0) {
        rs->status = 429;
        http_response_header(rs, "Retry-After", "0");
        buf_puts(&rs->body, "{\"error\": \"rate_limited\", \"message\": \"slower\"}");
        return;
    }
    rs->status = script.status;
    rs->content_type = "application/json";
    buf_puts(&rs->body, script.body);
}

static void refuse(void *arg, struct http_request *rq, struct http_response *rs, int status,
                   const char *message)
{
    (void)arg, (void)rq;
    rs->status = status;
    buf_puts(&rs->body, message);
}

static void done(void *arg, struct http_request *rq, int status, int64_t duration_ns)
{
    (void)arg, (void)rq, (void)status, (void)duration_ns;
}

static int setup(void **state)
{
    struct http_server_config c = {
        .listen = "127.0.0.1:0", .n_threads = 1, .app = {NULL, begin, handle, refuse, done}};

    (void)state;
    return http_server_start(&script.server, &c, NULL);
}

static int teardown(void **state)
{
    (void)state;
    http_server_stop(script.server, 1000);
    return 0;
}

static int run(struct buf *out, const char *line)
{
    char command[1024], chunk[4096];
    size_t n;
    FILE *p;
    int status;

    snprintf(command, sizeof command,
             "2>&1 AMBIENT_CONFIG=/nonexistent AMBIENT_API_KEY=vcp_k "
             "AMBIENT_SERVER=http://127.0.0.1:%u '%s' </dev/null %s",
             http_server_port(script.server), ambient, line);
    buf_clear(out);
    p = popen(command, "r");
    assert_non_null(p);
    while ((n = fread(chunk, 1, sizeof chunk, p)) > 0)
        buf_put(out, chunk, n);
    status = pclose(p);
    if (!WIFEXITED(status))
        fail_msg("ambient %s died of signal %d", line, WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void expect(const char *line, int exit_code, const char *words)
{
    struct buf out;
    int code;

    buf_init(&out, 0);
    code = run(&out, line);
    if (code != exit_code || !strstr(buf_str(&out), words))
        fail_msg("ambient %s, answered %d %s: exit %d (wanted %d), said: %s(wanted %s)", line,
                 script.status, script.body, code, exit_code, buf_str(&out), words);
    buf_release(&out);
}

static void errors_become_exit_codes(void **state)
{
    static const struct {
        int status, exit_code;
    } cases[] = {{400, CLI_USAGE},   {401, CLI_REFUSED}, {402, CLI_REFUSED}, {403, CLI_REFUSED},
                 {404, CLI_REFUSED}, {409, CLI_REFUSED}, {413, CLI_USAGE},   {422, CLI_USAGE},
                 {500, CLI_NETWORK}, {501, CLI_USAGE},   {502, CLI_NETWORK}, {503, CLI_NETWORK}};

    (void)state;
    script.body = "{\"error\": \"x\", \"message\": \"the very reason\"}";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        script.status = cases[i].status;
        expect("account show", cases[i].exit_code, "the very reason");
    }
    script.body = "<html>404</html>";
    script.status = 404;
    expect("nodes list", CLI_REFUSED, "is that an Ambient server?");
}

static void answers_that_are_no_json_are_told(void **state)
{
    static const char *const bodies[] = {"",     "hello", "{\"a\": 1", "[1,]", "{\"a\":1,\"a\":2}",
                                         "{} {}"};

    (void)state;
    script.status = 200;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        script.body = bodies[i];
        expect("account show", CLI_NETWORK, "is not JSON");
        expect("task list --json", CLI_NETWORK, "is not JSON");
    }
}

/* Other types, missing members, nesting: printed as far as they make sense, never a crash. */
static void strange_json_harms_nobody(void **state)
{
    static const char *const bodies[] = {
        "null",
        "7",
        "\"text\"",
        "[]",
        "{}",
        "[[[]]]",
        "[null, 1, {}, \"x\"]",
        "[{\"task_id\": 7, \"status\": [], \"policy\": \"none\", \"created_at\": \"2\"}]",
        "{\"task_id\": {}, \"status\": \"completed\", \"assigned_nodes\": [1, null], \"result\": "
        "{\"status\": 9, \"values\": \":\", \"output_bytes\": -1}, \"policy\": {\"k\": "
        "99999999999999999999}}",
        "{\"status\": \"completed\", \"result\": {\"status\": \"ok\", \"values\": \"i64:1\", "
        "\"output_bytes\": 8}, \"output_base64\": \"!!!\", \"nodes\": {\"a\": 1}}",
        "{\"status\": \"failed\", \"reason\": \"\\u001b[2J\\u0007bad\", \"nodes\": [[]]}",
        "{\"decisions\": [1, {\"nodes\": [2], \"chosen\": {}, \"excluded\": [3]}], "
        "\"assignments\": {}, \"results\": [1], \"disputes\": [null], \"payments\": "
        "[{\"postings\": [1]}]}",
    };
    static const char *const lines[] = {
        "task list",      "task show x",      "task explain x",
        "nodes list",     "nodes show x",     "account show",
        "account ledger", "account keys",     "account keys --create k",
        "task cancel x",  "task list --json", "task wait x"};
    struct buf out;

    (void)state;
    buf_init(&out, 0);
    script.status = 200;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (size_t j = 0; j < sizeof lines / sizeof lines[0]; j++) {
            int code;

            script.body = bodies[i];
            code = run(&out, lines[j]);
            if (code < 0 || (code > CLI_REFUSED && code != CLI_INTERNAL) ||
                strchr(buf_str(&out), '\033') || strchr(buf_str(&out), '\007'))
                fail_msg("ambient %s, answered %s: exit %d, said: %s", lines[j], bodies[i], code,
                         buf_str(&out));
        }
    }
    buf_release(&out);
}

static void not_now_is_waited_out(void **state)
{
    (void)state;
    script.status = 200;
    script.body = "{\"username\": \"ann\", \"balance\": 5}";
    atomic_store(&script.busy, 3);
    atomic_store(&script.calls, 0);
    expect("account show", CLI_OK, "balance   5 credits");
    assert_int_equal(atomic_load(&script.calls), 4);
    atomic_store(&script.busy, 1000);
    expect("account show", CLI_NETWORK, "slower");
    atomic_store(&script.busy, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_become_exit_codes),
        cmocka_unit_test(answers_that_are_no_json_are_told),
        cmocka_unit_test(strange_json_harms_nobody),
        cmocka_unit_test(not_now_is_waited_out),
    };

    if (argc != 2)
        return 2;
    ambient = argv[1];
    return cmocka_run_group_tests(tests, setup, teardown);
}
