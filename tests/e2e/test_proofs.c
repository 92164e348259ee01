/* test_proofs.c - receipts in the network: made by nodes, checked by the server and by the client
 * again; forged, stolen and missing ones refused; audits answered.  All proofs are real. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cluster.h"

#define WAIT_MS_MAX 120000

static struct cluster cluster;

static int start(void **state)
{
    (void)state;
    cluster_start(&cluster, "proofs", 100000);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cluster_check_ledger(&cluster);
    cluster_end(&cluster);
    cluster_remove(&cluster);
    return 0;
}

/* "ambient LINE" with @ for the examples, # for the test's folder, $ for the keys. */
static int run(const char *line, struct buf *out, struct buf *said)
{
    struct buf b;
    int code;

    buf_init(&b, 0);
    for (; *line; line++) {
        const char *word = *line == '@'   ? cluster_modules
                           : *line == '#' ? cluster.dir
                           : *line == '$' ? cluster_keys
                                          : NULL;

        if (word)
            buf_puts(&b, word);
        else
            buf_putc(&b, (unsigned char)*line);
    }
    code = cluster_run(&cluster, cluster.client_key, buf_str(&b), out, said);
    buf_release(&b);
    return code;
}

static void expect(const char *line, int exit_code, const char *printed, const char *said)
{
    struct buf out, err;
    int code;

    buf_init(&out, 0);
    buf_init(&err, 0);
    code = run(line, &out, &err);
    if (code != exit_code || !strstr(buf_str(&out), printed) || !strstr(buf_str(&err), said))
        fail_msg("ambient %s: exit %d (wanted %d)\nprinted: %s(wanted %s)\nsaid: %s(wanted %s)",
                 line, code, exit_code, buf_str(&out), printed, buf_str(&err), said);
    buf_release(&out);
    buf_release(&err);
}

/* Submits without waiting; the id. */
static const char *submit(const char *options)
{
    static char id[64], line[512];
    struct buf out, said;

    buf_init(&out, 0);
    buf_init(&said, 0);
    snprintf(line, sizeof line, "submit @/numbers.wasm %s --no-wait", options);
    if (run(line, &out, &said) != 0)
        fail_msg("ambient %s: %s", line, buf_str(&said));
    snprintf(id, sizeof id, "%.36s", buf_str(&out));
    buf_release(&out);
    buf_release(&said);
    return id;
}

static json_t *get(const char *key, const char *id, const char *what)
{
    char path[160];
    json_t *v = NULL;

    snprintf(path, sizeof path, "/tasks/%s%s", id, what);
    if (cluster_call(&cluster, key, "GET", path, NULL, NULL, &v) != 200)
        fail_msg("GET %s: %s", path, buf_str(&cluster.reply.body));
    return v;
}

static json_t *story(const char *id)
{
    return get(cluster.client_key, id, "/explain");
}

/* Until the task has ended; its TaskInfo. */
static json_t *ended(const char *id)
{
    int64_t begun = clock_mono_ns();

    for (;;) {
        json_t *task = get(cluster.client_key, id, "?wait_ms=1000");
        const char *status = json_string_value(json_object_get(task, "status"));

        if (strcmp(status, "pending") != 0 && strcmp(status, "running") != 0)
            return task;
        json_decref(task);
        if (clock_mono_ns() - begun > WAIT_MS_MAX * 1000000ll)
            fail_msg("task %s does not end; logs in %s", id, cluster.dir);
    }
}

static const char *member(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* The dispute of this kind about the node, waited for; the story it is in. */
static json_t *await_dispute(const char *id, const char *node, const char *kind)
{
    int64_t begun = clock_mono_ns();

    for (;;) {
        json_t *s = story(id), *d;
        size_t i;

        json_array_foreach(json_object_get(s, "disputes"), i, d)
        {
            if (!strcmp(member(d, "node_id"), node) && !strcmp(member(d, "kind"), kind))
                return s;
        }
        json_decref(s);
        if (clock_mono_ns() - begun > WAIT_MS_MAX * 1000000ll)
            fail_msg("no dispute %s about %s; logs in %s", kind, node, cluster.dir);
        clock_sleep_ms(100);
    }
}

static int64_t balance(int node)
{
    json_t *account = NULL;
    int64_t v;

    assert_int_equal(cluster_call(&cluster, cluster.nodes[node].owner_key, "GET", "/account", NULL,
                                  NULL, &account),
                     200);
    v = json_integer_value(json_object_get(account, "balance"));
    json_decref(account);
    return v;
}

static int64_t disputes_of(const char *node)
{
    char path[64];
    json_t *v = NULL;
    int64_t n;

    snprintf(path, sizeof path, "/nodes/%s", node);
    assert_int_equal(cluster_call(&cluster, cluster.client_key, "GET", path, NULL, NULL, &v), 200);
    n = json_integer_value(json_object_get(json_object_get(v, "record"), "disputes"));
    json_decref(v);
    return n;
}

/* ---- proof ---- */

static void a_client_verifies_what_it_was_given(void **state)
{
    char line[256];
    struct buf pin, said;
    const char *id;
    json_t *task;

    (void)state;
    cluster_add_prover(&cluster, "ann", NULL);
    expect("submit @/numbers.wasm --entry fib 9 --policy proof --receipt #/fib.receipt", CLI_OK,
           "i32:34\n", "verified: the receipt");
    expect("verify #/fib.receipt --module @/numbers.wasm --keys $", CLI_OK, "valid", "");
    /* Under keys of one's own, and under pins; a pin of another key is not enough. */
    expect("submit @/numbers.wasm -e fib 5 -p proof --receipt #/f5 --keys $", CLI_OK, "i32:5\n",
           "verified");
    buf_init(&pin, 0);
    buf_init(&said, 0);
    assert_int_equal(run("keys profiles list --keys $", &pin, &said), 0);
    id = submit("-e fib 5 -p proof");
    json_decref(ended(id));
    snprintf(line, sizeof line, "task receipt %s --pin %.64s", id, buf_str(&pin));
    expect(line, CLI_FAILED, "fib(5)", "NOT VERIFIED: no trusted key");
    snprintf(line, sizeof line, "task receipt %s --json -o #/f5.receipt", id);
    expect(line, CLI_OK, "\"valid\": true", "");
    snprintf(line, sizeof line, "task receipt %s --module @/sha256.wasm", id);
    expect(line, CLI_FAILED, "", "another module");
    task = get(cluster.client_key, id, "");
    assert_int_equal(strlen(member(task, "proof_id")), 64);
    assert_true(json_integer_value(json_object_get(json_object_get(task, "receipt"), "proofs")) >
                0);
    json_decref(task);
    snprintf(line, sizeof line, "task show %s", id);
    expect(line, CLI_OK, "proofs, ", "");
    snprintf(line, sizeof line, "task explain %s", id);
    expect(line, CLI_OK, "made in ", "");
    expect("nodes list", CLI_OK, "PROVES", "");
    expect("keys profiles fetch --keys #/fetched", CLI_OK, "", "2 files");
    expect("verify #/f5.receipt --module @/numbers.wasm --keys #/fetched", CLI_OK, "valid", "");
    /* A task without a receipt has none to check. */
    id = submit("-e fib 5");
    json_decref(ended(id));
    snprintf(line, sizeof line, "task receipt %s", id);
    expect(line, CLI_REFUSED, "", "has no receipt");
    buf_release(&pin);
    buf_release(&said);
}

static void what_cannot_be_proven_ends_with_the_reason(void **state)
{
    (void)state;
    cluster_add_prover(&cluster, "ann", NULL);
    /* At submission, where entry and arguments tell. */
    expect("submit @/numbers.wasm --entry fib x --policy proof", CLI_USAGE, "",
           "this task cannot be proven");
    /* By the node, when the keys have no room for what the run does. */
    expect("submit @/numbers.wasm --entry primes 100 --policy proof", CLI_FAILED, "",
           "cannot_prove");
}

static void a_node_without_keys_is_passed_over(void **state)
{
    char line[128];
    const char *id;
    json_t *task;

    (void)state;
    cluster_add_node(&cluster, "plain", false);
    id = submit("-e fib 6 -p proof");
    snprintf(line, sizeof line, "task explain %s", id);
    expect(line, CLI_OK, "no_proving_keys", "");
    cluster_add_prover(&cluster, "ann", NULL);
    task = ended(id);
    assert_string_equal(member(task, "status"), "completed");
    json_decref(task);
    assert_int_equal(balance(0), 0);
    assert_int_equal(balance(1), 100);
}

/* The liar alone gets the task; then somebody honest comes. */
static void refused(const char *how, const char *kind, const char *reason)
{
    char id[64], path[128], name[128];
    json_t *s, *task, *d, *evidence = NULL;
    size_t i;

    cluster_add_prover(&cluster, "mallory", how);
    if (!strcmp(how, "stolen")) { /* one honest receipt, to be sent again */
        json_decref(ended(submit("-e fib 6 -p proof")));
        assert_int_equal(balance(0), 100);
    }
    snprintf(id, sizeof id, "%s", submit("-e fib 7 -p proof"));
    s = await_dispute(id, "mallory-1", kind);
    json_array_foreach(json_object_get(s, "disputes"), i, d)
        evidence = json_object_get(d, "evidence");
    assert_non_null(strstr(member(evidence, "reason"), reason));
    if (strcmp(how, "missing") != 0) { /* what it sent is kept for whoever doubts the verdict */
        snprintf(path, sizeof path, "/blobs/%s", member(evidence, "receipt_sha3"));
        assert_int_equal(cluster_call(&cluster, cluster.client_key, "GET", path, NULL, NULL, NULL),
                         200);
        assert_memory_equal(cluster.reply.body.data, "AVCPRC", 6);
    }
    json_decref(s);
    cluster_add_prover(&cluster, "ann", NULL);
    task = ended(id);
    assert_string_equal(member(task, "status"), "completed");
    assert_string_equal(member(json_object_get(task, "result"), "values"), "i32:13");
    json_decref(task);
    assert_int_equal(balance(0), strcmp(how, "stolen") ? 0 : 100);
    assert_int_equal(balance(1), 100);
    assert_int_equal(disputes_of("mallory-1"), 1);
    snprintf(name, sizeof name, "task receipt %s", id);
    expect(name, CLI_OK, "fib(7)", "verified");
    snprintf(name, sizeof name, "task explain %s", id);
    expect(name, CLI_OK, kind, "");
}

static void a_forged_receipt_is_refused(void **state)
{
    (void)state;
    refused("forged", "bad_receipt", "");
}

static void a_missing_receipt_is_refused(void **state)
{
    (void)state;
    refused("missing", "missing_receipt", "none came");
}

static void a_receipt_of_an_earlier_task_is_refused(void **state)
{
    (void)state;
    refused("stolen", "bad_receipt", "differs");
}

/* ---- trouble on the way ---- */

static void a_server_that_is_killed_meanwhile_loses_no_proof(void **state)
{
    char id[64];
    json_t *task;

    (void)state;
    cluster_add_prover(&cluster, "ann", NULL);
    snprintf(id, sizeof id, "%s", submit("-e fib 16 -p proof"));
    clock_sleep_ms(700);
    cluster_server_kill(&cluster);
    clock_sleep_ms(1500);
    cluster_server_start(&cluster);
    task = ended(id);
    assert_string_equal(member(task, "status"), "completed");
    assert_int_equal(json_integer_value(json_object_get(task, "paid")), 100);
    json_decref(task);
}

static void a_node_that_is_killed_proves_again(void **state)
{
    char id[64];
    json_t *task;

    (void)state;
    cluster_add_prover(&cluster, "ann", NULL);
    snprintf(id, sizeof id, "%s", submit("-e fib 16 -p proof"));
    clock_sleep_ms(800);
    cluster_node_kill(&cluster, 0);
    cluster_node_start(&cluster, 0);
    task = ended(id);
    assert_string_equal(member(task, "status"), "completed");
    json_decref(task);
    assert_int_equal(disputes_of("ann-1"), 0);
}

static void cancelling_stops_proving(void **state)
{
    char id[64], path[96];
    int64_t begun;
    json_t *v = NULL;

    (void)state;
    cluster_add_prover(&cluster, "ann", NULL);
    snprintf(id, sizeof id, "%s", submit("-e fib 27 -p proof")); /* minutes */
    clock_sleep_ms(1500);
    snprintf(path, sizeof path, "/tasks/%s/cancel", id);
    assert_int_equal(cluster_call(&cluster, cluster.client_key, "POST", path, NULL, NULL, &v), 200);
    json_decref(v);
    begun = clock_mono_ns();
    /* One proof at a time: the next is made when the first is over. */
    json_decref(ended(submit("-e fib 4 -p proof")));
    assert_true(clock_mono_ns() - begun < 30000000000);
    assert_int_equal(balance(0), 100);
}

/* ---- audit ---- */

static void an_audited_prover_answers_with_its_receipt(void **state)
{
    char id[64], line[128];
    json_t *task;

    (void)state;
    cluster_add_prover(&cluster, "ann", NULL);
    snprintf(id, sizeof id, "%s", submit("-e fib 8 -p audit:1"));
    task = ended(id);
    assert_string_equal(member(task, "status"), "completed");
    assert_string_equal(member(task, "audit"), "proof");
    json_decref(task);
    assert_int_equal(balance(0), 100); /* the run's share and the audit's */
    snprintf(line, sizeof line, "task receipt %s", id);
    expect(line, CLI_OK, "fib(8)", "verified");
    snprintf(line, sizeof line, "task explain %s", id);
    expect(line, CLI_OK, "its receipt is wanted", "");
}

static void an_audited_node_without_keys_is_run_after(void **state)
{
    char id[64];
    json_t *task;

    (void)state;
    cluster_add_node(&cluster, "plain", false);
    snprintf(id, sizeof id, "%s", submit("-e fib 8 -p audit:1"));
    cluster_add_node(&cluster, "other", false);
    task = ended(id);
    assert_string_equal(member(task, "status"), "completed");
    assert_string_equal(member(task, "audit"), "rerun");
    assert_int_equal(json_integer_value(json_object_get(task, "paid")), 100);
    json_decref(task);
    assert_int_equal(balance(0), 50);
    assert_int_equal(balance(1), 50);
}

static void a_liar_is_found_by_an_audit(void **state)
{
    char id[64];
    json_t *task;

    (void)state;
    cluster_add_node(&cluster, "mallory", true);
    snprintf(id, sizeof id, "%s", submit("-e fib 8 -p audit:0.01")); /* no record: certain */
    cluster_add_node(&cluster, "ann", false);
    cluster_add_node(&cluster, "bob", false);
    task = ended(id);
    assert_string_equal(member(task, "status"), "completed");
    assert_string_equal(member(json_object_get(task, "result"), "values"), "i32:21");
    json_decref(task);
    assert_int_equal(balance(0), 0);
    assert_int_equal(disputes_of("mallory-1"), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(a_client_verifies_what_it_was_given),
        T(what_cannot_be_proven_ends_with_the_reason),
        T(a_node_without_keys_is_passed_over),
        T(a_forged_receipt_is_refused),
        T(a_missing_receipt_is_refused),
        T(a_receipt_of_an_earlier_task_is_refused),
        T(a_server_that_is_killed_meanwhile_loses_no_proof),
        T(a_node_that_is_killed_proves_again),
        T(cancelling_stops_proving),
        T(an_audited_prover_answers_with_its_receipt),
        T(an_audited_node_without_keys_is_run_after),
        T(a_liar_is_found_by_an_audit),
    };
    int rc = cluster_main(argc, argv);

    if (rc)
        return rc;
    assert_non_null(cluster_keys);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
