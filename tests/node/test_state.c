/* What a node keeps on disk and in messages: key, cache, journal, leases and results. */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "node/blob_cache.h"
#include "node/identity.h"
#include "node/journal.h"
#include "node/lease.h"
#include "test.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/ambient-state-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void path_of(char out[256], const char *name)
{
    snprintf(out, 256, "%s/%s", dir, name);
}

static void digest_of(char hex[SHA3_256_HEX_BYTES], const void *p, size_t n)
{
    uint8_t digest[SHA3_256_BYTES];

    sha3_256(digest, p, n);
    hex_encode(hex, digest, sizeof digest);
}

/* ---- identity ---- */

static void the_key_is_made_once_and_stays(void **state)
{
    struct sign_key a, b;
    char path[256];
    struct stat st;
    struct err err;

    (void)state;
    assert_ok(identity_key(&a, dir, &err), err);
    assert_ok(identity_key(&b, dir, &err), err);
    assert_memory_equal(&a, &b, sizeof a);
    path_of(path, "node.key");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_err(identity_key(&b, dir, &err), VCP_EDENIED, err, "chmod 600");
    assert_int_equal(chmod(path, 0600), 0);
    assert_ok(file_write(path, "not a key\n", 10, 0600, &err), err);
    assert_err(identity_key(&b, dir, &err), VCP_EFORMAT, err, "64 hex");
}

static void node_ids_are_made_of_plain_characters(void **state)
{
    struct sign_key k = {.public_key = {0xab, 0xcd, 0xef, 0x01}};
    char id[IDENTITY_NODE_ID_BYTES], long_name[80];
    struct err err;

    (void)state;
    identity_default_id(id, "my host!.example.org", &k);
    assert_string_equal(id, "my-host--abcdef01");
    identity_default_id(id, "", &k);
    assert_string_equal(id, "n-abcdef01");
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    identity_default_id(id, long_name, &k);
    assert_ok(identity_check_id(id, &err), err);
    assert_err(identity_check_id("", &err), VCP_EINVAL, err, "64");
    assert_err(identity_check_id("a/b", &err), VCP_EINVAL, err, "a/b");
    assert_err(identity_check_id(long_name, &err), VCP_EINVAL, err, "64");
}

static void a_registration_stays_within_the_ranges(void **state)
{
    struct capabilities c = {.bandwidth_mbps = NAN, .cpu_cores = 1000, .memory_gb = 0.2};
    struct sign_key k = {.public_key = {1}};
    json_t *j = identity_registration("n", "r", "any", &c, &k), *caps;

    (void)state;
    assert_non_null(j);
    caps = json_object_get(j, "capabilities");
    assert_true(json_real_value(json_object_get(caps, "bandwidth_mbps")) == 10);
    assert_int_equal(json_integer_value(json_object_get(caps, "cpu_cores")), 256);
    assert_true(json_real_value(json_object_get(caps, "memory_gb")) == 1);
    assert_true(json_is_false(json_object_get(caps, "gpu_available")));
    assert_int_equal(strlen(json_string_value(json_object_get(j, "public_key"))), 64);
    json_decref(j);
}

/* ---- cache ---- */

static struct blob_cache *cache_of(uint64_t bytes_max)
{
    struct blob_cache *c = NULL;
    char path[256];
    struct err err;

    path_of(path, "cache");
    assert_ok(blob_cache_open(&c, path, bytes_max, &err), err);
    return c;
}

static bool has(struct blob_cache *c, const char *hex)
{
    struct buf b;
    bool found;

    buf_init(&b, 0);
    found = blob_cache_get(c, &b, hex, NULL) == VCP_OK;
    buf_release(&b);
    return found;
}

static void a_blob_is_kept_across_reopening(void **state)
{
    struct blob_cache *c = cache_of(1000);
    char hex[SHA3_256_HEX_BYTES];
    struct err err;
    struct buf b;

    (void)state;
    digest_of(hex, "hello", 5);
    assert_ok(blob_cache_put(c, hex, "hello", 5, &err), err);
    assert_ok(blob_cache_put(c, hex, "hello", 5, &err), err);
    assert_int_equal(blob_cache_bytes(c), 5);
    blob_cache_free(c);
    c = cache_of(1000);
    buf_init(&b, 0);
    buf_puts(&b, "before ");
    assert_ok(blob_cache_get(c, &b, hex, &err), err);
    assert_string_equal(buf_str(&b), "before hello");
    buf_release(&b);
    blob_cache_free(c);
}

static void wrong_bytes_never_enter_or_leave(void **state)
{
    struct blob_cache *c = cache_of(1000);
    char hex[SHA3_256_HEX_BYTES], path[256];
    struct err err;
    struct buf b;

    (void)state;
    digest_of(hex, "hello", 5);
    assert_err(blob_cache_put(c, hex, "hellO", 5, &err), VCP_EVERIFY, err, hex);
    assert_err(blob_cache_put(c, "../../etc/passwd", "hello", 5, &err), VCP_EVERIFY, err, "..");
    assert_ok(blob_cache_put(c, hex, "hello", 5, &err), err);
    snprintf(path, sizeof path, "%s/cache/%.64s", dir, hex);
    assert_ok(file_write(path, "hellO", 5, 0600, &err), err);
    buf_init(&b, 0);
    assert_err(blob_cache_get(c, &b, hex, &err), VCP_ENOTFOUND, err, "damaged");
    assert_int_equal(b.len, 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(blob_cache_bytes(c), 0);
    buf_release(&b);
    blob_cache_free(c);
}

static void the_least_recently_used_goes_first(void **state)
{
    struct blob_cache *c = cache_of(300);
    static char blobs[4][100];
    char hex[4][SHA3_256_HEX_BYTES];
    struct err err;
    int i;

    (void)state;
    for (i = 0; i < 4; i++) {
        memset(blobs[i], 'a' + i, sizeof blobs[i]);
        digest_of(hex[i], blobs[i], sizeof blobs[i]);
    }
    for (i = 0; i < 3; i++)
        assert_ok(blob_cache_put(c, hex[i], blobs[i], 100, &err), err);
    assert_true(has(c, hex[0]));
    assert_ok(blob_cache_put(c, hex[3], blobs[3], 100, &err), err);
    assert_true(has(c, hex[0]) && !has(c, hex[1]) && has(c, hex[2]) && has(c, hex[3]));
    assert_int_equal(blob_cache_bytes(c), 300);
    blob_cache_free(c);
    c = cache_of(100);
    assert_int_equal(blob_cache_bytes(c), 100);
    blob_cache_free(c);
}

static void leftovers_of_a_crash_are_removed(void **state)
{
    struct blob_cache *c = cache_of(300);
    char path[256];
    struct err err;

    (void)state;
    blob_cache_free(c);
    path_of(path, "cache/.something.tmp");
    assert_ok(file_write(path, "x", 1, 0600, &err), err);
    c = cache_of(300);
    assert_int_equal(access(path, F_OK), -1);
    blob_cache_free(c);
}

/* ---- journal ---- */

static void results_wait_in_the_journal_until_removed(void **state)
{
    json_t *result = json_pack("{s:s}", "status", "completed"), *list;
    struct journal j;
    char path[256];
    struct err err;

    (void)state;
    path_of(path, "journal");
    assert_ok(journal_open(&j, path, &err), err);
    assert_ok(journal_put(&j, "t1", "l1", "n1", result, &err), err);
    assert_ok(journal_put(&j, "t1", "l1", "n1", result, &err), err);
    assert_ok(journal_put(&j, "t2", "l2", "n1", result, &err), err);
    assert_err(journal_put(&j, "t", "../x", "n", result, &err), VCP_EINVAL, err, "../x");
    journal_release(&j);
    assert_ok(journal_open(&j, path, &err), err);
    list = journal_load(&j, &err);
    assert_int_equal(json_array_size(list), 2);
    assert_true(json_equal(json_object_get(json_array_get(list, 0), "result"), result));
    json_decref(list);
    journal_remove(&j, "l1");
    journal_remove(&j, "l1");
    journal_remove(&j, "../../x");
    list = journal_load(&j, &err);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    journal_release(&j);
    json_decref(result);
}

static void torn_entries_are_dropped(void **state)
{
    static const char *const bad[] = {
        "", "{", "[]", "{\"lease_id\": \"x\"}",
        "{\"lease_id\": \"x\", \"task_id\": \"t\", \"node_id\": \"n\", \"result\": 7}"};
    struct journal j;
    char path[256];
    struct err err;
    json_t *list;
    size_t i;

    (void)state;
    path_of(path, "journal");
    assert_ok(journal_open(&j, path, &err), err);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(path, sizeof path, "%s/journal/b%zu.json", dir, i);
        assert_ok(file_write(path, bad[i], strlen(bad[i]), 0600, &err), err);
    }
    list = journal_load(&j, &err);
    assert_int_equal(json_array_size(list), 0);
    assert_int_equal(access(path, F_OK), -1);
    json_decref(list);
    journal_release(&j);
}

/* ---- leases and results ---- */

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char lease_text[] =
    "{\"lease_id\": \"L-1\", \"task_id\": \"T-1\", \"module_sha3\": \"" HEX64 "\", "
    "\"module_bytes\": 100, \"lease_ms\": 45000, "
    "\"inputs\": {\"entry\": \"f\", \"args\": [\"1\", \"2\"], \"seed\": 9}, "
    "\"limits\": {\"memory_bytes\": 65536, \"timeout_ms\": 1000, \"gas\": 5, \"call_depth\": 7, "
    "\"output_bytes\": 11}}";

static void a_lease_becomes_a_request(void **state)
{
    struct run_request job;
    struct arena arena;
    struct lease l;
    struct err err;
    json_t *j;

    (void)state;
    arena_init(&arena, 0);
    assert_ok(json_parse(&j, lease_text, strlen(lease_text), &err), err);
    assert_ok(lease_parse(&l, &arena, j, &err), err);
    json_decref(j);
    lease_request(&job, &l);
    assert_string_equal(job.entry, "f");
    assert_string_equal(job.args[1], "2");
    assert_true(job.n_args == 2 && job.seed == 9 && job.limits.gas_max == 5 &&
                job.limits.memory_bytes_max == 65536 && job.limits.timeout_ms == 1000 &&
                job.limits.call_depth_max == 7 && job.limits.output_bytes_max == 11);
    assert_ok(run_limits_check(&job.limits, &err), err);
    arena_release(&arena);
}

static void a_lease_with_a_bad_field_is_refused(void **state)
{
    static const struct {
        const char *key, *value, *word;
    } cases[] = {
        {"lease_id", "\"../l\"", "lease_id"}, {"lease_id", "7", "lease_id"},
        {"task_id", "\"a b\"", "task_id"},    {"module_sha3", "\"abc\"", "module_sha3"},
        {"lease_ms", "0", "lease_ms"},        {"module_bytes", "-1", "module_bytes"},
        {"inputs", "[]", "inputs"},           {"limits", "7", "limits"},
    };
    struct arena arena;
    struct lease l;
    struct err err;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *j, *v;

        arena_init(&arena, 0);
        assert_ok(json_parse(&j, lease_text, strlen(lease_text), &err), err);
        assert_ok(json_parse(&v, cases[i].value, strlen(cases[i].value), &err), err);
        json_object_set_new(j, cases[i].key, v);
        assert_err(lease_parse(&l, &arena, j, &err), VCP_EINVAL, err, cases[i].word);
        json_decref(j);
        arena_release(&arena);
    }
}

static void only_what_the_guest_did_is_an_outcome(void **state)
{
    static const struct {
        enum run_status status;
        int32_t exit_code;
        bool refused, is_outcome;
        int want; /* enum outcome_status, or enum lease_failure */
    } cases[] = {
        {RUN_OK, 0, false, true, OUTCOME_OK},
        {RUN_EXIT, 0, false, true, OUTCOME_OK},
        {RUN_EXIT, 3, false, true, OUTCOME_EXIT},
        {RUN_TRAP, 0, false, true, OUTCOME_TRAP},
        {RUN_OUT_OF_GAS, 0, false, true, OUTCOME_OUT_OF_GAS},
        {RUN_TIMEOUT, 0, false, false, LEASE_FAIL_TIMEOUT},
        {RUN_OUT_OF_MEMORY, 0, false, false, LEASE_FAIL_CANNOT_RUN},
        {RUN_OK, 0, true, false, LEASE_FAIL_CANNOT_RUN},
    };
    enum lease_failure failure;
    struct outcome o;
    char reason[100];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cage_result r = {.report = {.status = cases[i].status,
                                           .exit_code = cases[i].exit_code,
                                           .refused = cases[i].refused,
                                           .message = "why"}};

        assert_int_equal(lease_outcome(&o, &r, &failure, reason, sizeof reason),
                         cases[i].is_outcome);
        assert_int_equal(cases[i].is_outcome ? (int)o.status : (int)failure, cases[i].want);
    }
}

static void a_result_carries_a_signature_that_verifies(void **state)
{
    struct sign_result m = {.task_id = "T-1", .lease_id = "L-1", .node_id = "n"};
    uint8_t receipt[SHA3_256_BYTES];
    struct outcome o = {.gas_used = 3}, back;
    uint8_t sig[SIGN_BYTES];
    struct sign_key key;
    struct arena arena;
    struct buf out, none;
    struct lease l;
    struct err err;
    json_t *j, *result;

    (void)state;
    arena_init(&arena, 0);
    assert_ok(json_parse(&j, lease_text, strlen(lease_text), &err), err);
    assert_ok(lease_parse(&l, &arena, j, &err), err);
    sign_key_new(&key);
    buf_init(&out, 0);
    buf_init(&none, 0);
    buf_puts(&out, "hi");
    result = lease_completed(&l, "n", &key, &(struct lease_result){&o, &out, &none, NULL, 5, 0});
    assert_string_equal(json_string_value(json_object_get(result, "output_base64")), "aGk=");
    assert_string_equal(json_string_value(json_object_get(result, "error_base64")), "");
    assert_ok(outcome_from_json(&back, json_object_get(result, "outcome"), &err), err);
    assert_true(
        hex_decode(sig, SIGN_BYTES, json_string_value(json_object_get(result, "signature"))));
    hex_decode(m.module_sha3, SHA3_256_BYTES, l.module_sha3);
    task_spec_inputs_digest(m.inputs_sha3, &l.inputs, &l.limits);
    outcome_digest(m.outcome_sha3, &back);
    assert_ok(sign_result_verify(sig, &m, key.public_key, &err), err);
    m.lease_id = "L-2";
    assert_err(sign_result_verify(sig, &m, key.public_key, &err), VCP_EAUTH, err, "result");
    json_decref(result);
    /* With a receipt, the signature covers that too. */
    m.lease_id = "L-1";
    result = lease_completed(&l, "n", &key, &(struct lease_result){&o, &none, &none, &out, 5, 77});
    assert_string_equal(json_string_value(json_object_get(result, "receipt_base64")), "aGk=");
    assert_int_equal(json_integer_value(json_object_get(result, "prove_ms")), 77);
    assert_true(
        hex_decode(sig, SIGN_BYTES, json_string_value(json_object_get(result, "signature"))));
    outcome_digest(m.outcome_sha3, &o);
    assert_err(sign_result_verify(sig, &m, key.public_key, &err), VCP_EAUTH, err, "result");
    sha3_256(receipt, "hi", 2);
    m.receipt_sha3 = receipt;
    assert_ok(sign_result_verify(sig, &m, key.public_key, &err), err);
    json_decref(result);
    json_decref(j);
    buf_release(&out);
    arena_release(&arena);
}

static void large_outputs_stay_out_of_the_message(void **state)
{
    static char many[65537];
    struct outcome o = {0};
    struct sign_key key;
    struct buf out, none;
    struct lease l = {.module_sha3 = HEX64};
    json_t *result;

    (void)state;
    sign_key_new(&key);
    buf_init(&out, 0);
    buf_init(&none, 0);
    buf_put(&out, many, sizeof many);
    result = lease_completed(&l, "n", &key, &(struct lease_result){&o, &out, &none, NULL, 5, 0});
    assert_null(json_object_get(result, "output_base64"));
    assert_non_null(json_object_get(result, "error_base64"));
    json_decref(result);
    buf_release(&out);
}

static void a_failure_begins_with_its_kind(void **state)
{
    struct lease l = {.lease_id = "L-1"};
    json_t *j = lease_failed(&l, "n", LEASE_FAIL_WORKER_LOST, "killed");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(j, "reason")), "worker_lost: killed");
    assert_string_equal(json_string_value(json_object_get(j, "status")), "failed");
    json_decref(j);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(the_key_is_made_once_and_stays),
        cmocka_unit_test(node_ids_are_made_of_plain_characters),
        cmocka_unit_test(a_registration_stays_within_the_ranges),
        IN_DIR(a_blob_is_kept_across_reopening),
        IN_DIR(wrong_bytes_never_enter_or_leave),
        IN_DIR(the_least_recently_used_goes_first),
        IN_DIR(leftovers_of_a_crash_are_removed),
        IN_DIR(results_wait_in_the_journal_until_removed),
        IN_DIR(torn_entries_are_dropped),
        cmocka_unit_test(a_lease_becomes_a_request),
        cmocka_unit_test(a_lease_with_a_bad_field_is_refused),
        cmocka_unit_test(only_what_the_guest_did_is_an_outcome),
        cmocka_unit_test(a_result_carries_a_signature_that_verifies),
        cmocka_unit_test(large_outputs_stay_out_of_the_message),
        cmocka_unit_test(a_failure_begins_with_its_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
