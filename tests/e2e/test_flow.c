/* test_flow.c - tasks from the shell to the mesh and back, in every way they can end.
 *
 * Each expectation is a command line a person could type, its exit code, and what must
 * stand on standard output or in what is said on standard error. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cluster.h"

static struct cluster cluster;

static int setup(void **state)
{
    (void)state;
    cluster_start(&cluster, "flow", 100000);
    cluster_add_node(&cluster, "ann", false);
    cluster_add_node(&cluster, "bob", false);
    cluster_add_node(&cluster, "carol", false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cluster_check_ledger(&cluster);
    cluster_end(&cluster);
    return 0;
}

struct expectation {
    const char *line; /* @ is the examples directory */
    int exit_code;
    const char *printed, *said; /* NULL: not looked at */
};

/* '@' stands for the examples directory. */
static void expand(char *out, size_t size, const char *line)
{
    struct buf b;

    buf_init(&b, 0);
    for (; *line; line++)
        if (*line == '@')
            buf_puts(&b, cluster_modules);
        else
            buf_putc(&b, (unsigned char)*line);
    snprintf(out, size, "%s", buf_str(&b));
    buf_release(&b);
}

static void expect(const struct expectation *e)
{
    char line[2048];
    struct buf out, said;
    int code;

    expand(line, sizeof line, e->line);
    buf_init(&out, 0);
    buf_init(&said, 0);
    code = cluster_run(&cluster, cluster.client_key, line, &out, &said);
    if (code != e->exit_code || (e->printed && !strstr(buf_str(&out), e->printed)) ||
        (e->said && !strstr(buf_str(&said), e->said)))
        fail_msg("ambient %s: exit %d (wanted %d)\nprinted: %s(wanted %s)\nsaid: %s(wanted %s)",
                 line, code, e->exit_code, buf_str(&out), e->printed ? e->printed : "anything",
                 buf_str(&said), e->said ? e->said : "anything");
    buf_release(&out);
    buf_release(&said);
}

static void expect_all(const struct expectation *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect(&list[i]);
}
#define EXPECT_ALL(list) expect_all(list, sizeof list / sizeof list[0])

static void results_come_back(void **state)
{
    static const struct expectation list[] = {
        {"submit @/numbers.wasm --entry fib 20", CLI_OK, "i32:6765\n", "accepted"},
        {"submit @/numbers.wasm -e gcd 1071 462 -q", CLI_OK, "i64:21\n", NULL},
        {"submit @/numbers.wasm -e factorial 20 --json", CLI_OK, "i64:2432902008176640000", NULL},
        {"submit @/numbers.wasm -e primes 1000 --policy replicate:3", CLI_OK, "i32:168\n", "bob-1"},
        {"submit @/sha256.wasm", CLI_OK,
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  -\n", "completed"},
        {"submit @/sha256.wasm --stdin @/sha256.wasm -p replicate:2 --strategy round-robin", CLI_OK,
         "  -\n", "completed"},
    };

    (void)state;
    EXPECT_ALL(list);
}

static void ends_have_their_exit_codes(void **state)
{
    static const struct expectation list[] = {
        {"submit @/numbers.wasm -e primes 10000001", CLI_FAILED, NULL, "unreachable"},
        {"submit @/numbers.wasm -e fib 30 --gas 10k", CLI_LIMIT, NULL, "out of gas"},
        {"submit @/picture.wasm no-such-filter", CLI_FAILED, NULL, "there is no filter"},
        {"submit @/picture.wasm edges", CLI_FAILED, NULL, "exit code 1"},
        {"submit @/numbers.wasm -e fib 45 --timeout 1s --wait 120s", CLI_LIMIT, NULL, "time"},
    };

    (void)state;
    EXPECT_ALL(list);
}

static void refusals_teach(void **state)
{
    static const struct expectation list[] = {
        {"submit @/numbers.wasm -e fob 1", CLI_USAGE, NULL, "fob"},
        {"submit @/numbers.wasm", CLI_USAGE, NULL, "_start"},
        {"submit @/sha256.wasm --budget 100000000", CLI_REFUSED, NULL, "balance"},
        {"submit @/sha256.wasm --policy proof", CLI_USAGE, NULL, "no keys for receipts"},
        {"submit @/sha256.wasm --policy replicate:1", CLI_USAGE, NULL, "--policy"},
        {"submit @/sha256.wasm --memory 100T", CLI_USAGE, NULL, "--memory"},
        {"submit @/sha256.wasm --memory 100G", CLI_USAGE, NULL, "memory"},
        {"submit @/sha256.wasm --api-key vcp_wrong", CLI_REFUSED, NULL, "check --api-key"},
        {"task show 00000000-0000-4000-8000-000000000000", CLI_REFUSED, NULL, NULL},
        {"task cancel no/such/../task", CLI_REFUSED, NULL, NULL},
        {"nodes show nobody", CLI_REFUSED, NULL, "nobody"},
        {"nodes delete ann-1", CLI_REFUSED, NULL, "ann-1"},
        {"account create-user somebody", CLI_REFUSED, NULL, NULL},
    };

    (void)state;
    EXPECT_ALL(list);
}

static void a_malformed_module_is_refused_with_the_place(void **state)
{
    static const unsigned char bad[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 3, 1, 0x60, 9};
    char path[700], line[800];
    struct expectation e = {line, CLI_USAGE, NULL, "module"};
    struct err err = {0};

    (void)state;
    snprintf(path, sizeof path, "%s/bad.wasm", cluster.dir);
    assert_ok(file_write(path, bad, sizeof bad, 0600, &err), err);
    snprintf(line, sizeof line, "submit %s", path);
    expect(&e);
}

static void output_files_hold_the_bytes(void **state)
{
    char line[2400], path[700];
    struct buf out, picture;
    struct err err = {0};

    (void)state;
    buf_init(&out, 0);
    buf_init(&picture, 0);
    snprintf(path, sizeof path, "%s/in.ppm", cluster.dir);
    buf_puts(&picture, "P6\n300 200\n255\n");
    for (unsigned i = 0; i < 300 * 200 * 3; i++)
        buf_putc(&picture, (unsigned char)(i * 2654435761u >> 24));
    assert_ok(file_write(path, picture.data, picture.len, 0600, &err), err);
    snprintf(line, sizeof line, "submit %s/picture.wasm blur --stdin %s -o %s/out.png",
             cluster_modules, path, cluster.dir);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    assert_int_equal(out.len, 0);
    snprintf(path, sizeof path, "%s/out.png", cluster.dir);
    buf_clear(&picture);
    assert_ok(file_read(&picture, path, 1 << 24, &err), err);
    assert_true(picture.len > 65536); /* too large to come inline */
    assert_memory_equal(picture.data, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(picture.data + picture.len - 8, "IEND\xae\x42\x60\x82", 8);
    buf_release(&out);
    buf_release(&picture);
}

static void tasks_can_be_followed_explained_and_listed(void **state)
{
    struct buf out;
    char id[64], line[600];

    (void)state;
    buf_init(&out, 0);
    snprintf(line, sizeof line, "submit %s/numbers.wasm -e fib 15 --no-wait", cluster_modules);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    snprintf(id, sizeof id, "%.36s", buf_str(&out));
    snprintf(line, sizeof line, "task wait %s", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    assert_string_equal(buf_str(&out), "i32:610\n");
    snprintf(line, sizeof line, "task result %s -q", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    assert_string_equal(buf_str(&out), "i32:610\n");
    snprintf(line, sizeof line, "task show %s", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    assert_non_null(strstr(buf_str(&out), "completed"));
    snprintf(line, sizeof line, "task explain %s", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    assert_non_null(strstr(buf_str(&out), "CANDIDATES"));
    assert_int_equal(cluster_run(&cluster, cluster.client_key, "task list", &out, NULL), CLI_OK);
    assert_non_null(strstr(buf_str(&out), id));
    assert_int_equal(cluster_run(&cluster, cluster.client_key, "nodes list", &out, NULL), CLI_OK);
    assert_non_null(strstr(buf_str(&out), "carol-1"));
    assert_int_equal(cluster_run(&cluster, cluster.client_key, "account ledger", &out, NULL),
                     CLI_OK);
    assert_non_null(strstr(buf_str(&out), "escrow"));
    buf_release(&out);
}

static void a_cancelled_task_gives_its_budget_back(void **state)
{
    struct buf out;
    char id[64], line[600];

    (void)state;
    buf_init(&out, 0);
    snprintf(line, sizeof line,
             "submit %s/numbers.wasm -e fib 45 --no-wait --region nowhere --budget 500",
             cluster_modules);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    snprintf(id, sizeof id, "%.36s", buf_str(&out));
    snprintf(line, sizeof line, "task cancel %s", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    snprintf(line, sizeof line, "task wait %s", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_FAILED);
    snprintf(line, sizeof line, "task show %s", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    assert_non_null(strstr(buf_str(&out), "500, paid 0, refunded 500"));
    buf_release(&out);
}

/* Whether a line of the log of one of the nodes has this in it. */
static bool a_node_said(const char *text)
{
    bool found = false;

    for (int i = 0; i < cluster.n_nodes && !found; i++) {
        char path[700];
        struct buf log;

        buf_init(&log, 0);
        snprintf(path, sizeof path, "%s/%s.log", cluster.dir, cluster.nodes[i].name);
        if (file_read(&log, path, 16 << 20, NULL) == VCP_OK)
            found = strstr(buf_str(&log), text) != NULL;
        buf_release(&log);
    }
    return found;
}

static void cancelling_stops_the_run_on_its_node_at_once(void **state)
{
    struct buf out;
    char id[64], line[600];
    int64_t began, heard_ms;

    (void)state;
    buf_init(&out, 0);
    snprintf(line, sizeof line,
             "submit %s/numbers.wasm -e quarter_pi 4000000000 --limits relaxed --no-wait",
             cluster_modules);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    snprintf(id, sizeof id, "%.36s", buf_str(&out));
    clock_sleep_ms(1500); /* it runs, and has for long enough to be watched */
    began = clock_mono_ns();
    snprintf(line, sizeof line, "task cancel %s", id);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    while (!a_node_said("is over, says the server") && clock_mono_ns() - began < 10000000000ll)
        clock_sleep_ms(5);
    heard_ms = (clock_mono_ns() - began) / 1000000;
    print_message("cancelled on the node %lld ms after the command began\n", (long long)heard_ms);
    assert_true(heard_ms < 3000); /* tests/node holds the watch alone to it, without heartbeats */
    buf_release(&out);
}

static void a_key_with_fewer_scopes_may_less(void **state)
{
    struct buf key, said;
    char line[600];

    (void)state;
    buf_init(&key, 0);
    buf_init(&said, 0);
    assert_int_equal(cluster_run(&cluster, cluster.client_key,
                                 "account keys --create reader --scope tasks:read", &key, NULL),
                     CLI_OK);
    key.data[strcspn((char *)key.data, "\n")] = '\0';
    assert_int_equal(cluster_run(&cluster, (char *)key.data, "task list", NULL, NULL), CLI_OK);
    snprintf(line, sizeof line, "submit %s/numbers.wasm -e fib 1", cluster_modules);
    assert_int_equal(cluster_run(&cluster, (char *)key.data, line, NULL, &said), CLI_REFUSED);
    assert_non_null(strstr(buf_str(&said), "tasks:write"));
    buf_release(&key);
    buf_release(&said);
}

static bool something_runs(void)
{
    json_t *list = NULL;
    bool some;

    assert_int_equal(cluster_call(&cluster, cluster.client_key, "GET", "/tasks?status=running",
                                  NULL, NULL, &list),
                     200);
    some = json_array_size(list) > 0;
    json_decref(list);
    return some;
}

static void waiting_survives_a_restart_of_the_server(void **state)
{
    char module[600], path[600];
    const char *argv[] = {"ambient", "submit", module, "--server", cluster.url,
                          "--entry", "fib",    "36",   "--quiet",  NULL};
    struct err err = {0};
    struct buf said;
    pid_t pid;
    int status;

    (void)state;
    snprintf(module, sizeof module, "%s/numbers.wasm", cluster_modules);
    pid = cluster_spawn(&cluster, "waiting", cluster.client_key, argv);
    while (!something_runs()) /* however slow the machine is */
        clock_sleep_ms(5);
    clock_sleep_ms(100);
    cluster_server_kill(&cluster);
    clock_sleep_ms(500);
    cluster_server_start(&cluster);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    buf_init(&said, 0);
    snprintf(path, sizeof path, "%s/waiting.log", cluster.dir);
    assert_ok(file_read(&said, path, 1 << 20, &err), err);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != CLI_OK ||
        strcmp(buf_str(&said), "i32:14930352\n") != 0)
        fail_msg("submit ended with 0x%x and said: %s", status, buf_str(&said));
    buf_release(&said);
}

static const char *verdict_of(json_t *result, const char *node)
{
    json_t *n;
    size_t i;

    json_array_foreach(
        json_object_get(json_object_get(result, "result"), "nodes"), i,
        n) if (!strcmp(json_string_value(json_object_get(n, "node_id")),
                       node)) return json_string_value(json_object_get(n, "verdict"));
    return "absent";
}

static int64_t balance_of(const char *key)
{
    json_t *account = NULL;
    int64_t balance;

    assert_int_equal(cluster_call(&cluster, key, "GET", "/account", NULL, NULL, &account), 200);
    balance = json_integer_value(json_object_get(account, "balance"));
    json_decref(account);
    return balance;
}

static void a_liar_is_outvoted_and_not_paid(void **state)
{
    struct cluster_node *liar = &cluster.nodes[cluster.n_nodes];
    struct buf out;
    struct err err = {0};
    json_t *result = NULL;
    char line[600];

    (void)state;
    buf_init(&out, 0);
    cluster_add_node(&cluster, "mallory", true);
    snprintf(line, sizeof line, "submit %s/numbers.wasm -e fib 12 --policy replicate:4 --json",
             cluster_modules);
    assert_int_equal(cluster_run(&cluster, cluster.client_key, line, &out, NULL), CLI_OK);
    assert_ok(json_parse(&result, buf_str(&out), out.len, &err), err);
    assert_non_null(strstr(buf_str(&out), "i32:144"));
    assert_string_equal(verdict_of(result, "ann-1"), "accepted");
    assert_string_not_equal(verdict_of(result, "mallory-1"), "accepted");
    assert_string_not_equal(verdict_of(result, "mallory-1"), "absent");
    assert_int_equal(balance_of(liar->owner_key), 0);
    assert_true(balance_of(cluster.nodes[0].owner_key) > 0);
    json_decref(result);
    buf_release(&out);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_back),
        cmocka_unit_test(ends_have_their_exit_codes),
        cmocka_unit_test(refusals_teach),
        cmocka_unit_test(a_malformed_module_is_refused_with_the_place),
        cmocka_unit_test(output_files_hold_the_bytes),
        cmocka_unit_test(tasks_can_be_followed_explained_and_listed),
        cmocka_unit_test(a_cancelled_task_gives_its_budget_back),
        cmocka_unit_test(cancelling_stops_the_run_on_its_node_at_once),
        cmocka_unit_test(a_key_with_fewer_scopes_may_less),
        cmocka_unit_test(waiting_survives_a_restart_of_the_server),
        cmocka_unit_test(a_liar_is_outvoted_and_not_paid),
    };
    int rc = cluster_main(argc, argv);

    if (rc)
        return rc;
    rc = cmocka_run_group_tests(tests, setup, teardown);
    if (rc == 0)
        cluster_remove(&cluster);
    return rc;
}
