/* The parts that need no server: rates, configuration, the memory of checked modules. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/rate.h"
#include "base/limits.h"

#define SECOND 1000000000ll

static const struct rate_tier tiers[RATE_KINDS] = {
    [RATE_AUTH] = {60, 2}, [RATE_GENERAL] = {6, 1}, [RATE_READ] = {600, 10},
    [RATE_TASK] = {60, 1}, [RATE_NODE] = {0.5, 1},  [RATE_WORKER] = {60, 1},
};

static void a_bucket_pays_its_burst_and_refills(void **state)
{
    struct rate *r = rate_new(tiers);
    int64_t now = 5 * SECOND;

    (void)state;
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now), 0);
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now), 0);
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now), 1);
    assert_int_equal(rate_take(r, RATE_AUTH, "b", now), 0);
    assert_int_equal(rate_take(r, RATE_TASK, "a", now), 0); /* another kind, another bucket */
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now + SECOND), 0);
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now + SECOND), 1);
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now),
                     1); /* a clock that goes back gives nothing */
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now + 100 * SECOND), 0);
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now + 100 * SECOND), 0);
    assert_int_equal(rate_take(r, RATE_AUTH, "a", now + 100 * SECOND), 1); /* never above burst */
    rate_free(r);
}

/* Waiting as long as told is enough, and a second less is not. */
static void retry_after_is_true(void **state)
{
    struct rate *r = rate_new(tiers);
    unsigned wait_s;

    (void)state;
    assert_int_equal(rate_take(r, RATE_GENERAL, "a", 0), 0);
    wait_s = rate_take(r, RATE_GENERAL, "a", 0);
    assert_int_equal(wait_s, 10);
    assert_true(rate_take(r, RATE_GENERAL, "a", (wait_s - 1) * SECOND) > 0);
    assert_int_equal(rate_take(r, RATE_GENERAL, "a", wait_s * SECOND), 0);
    assert_int_equal(rate_take(r, RATE_NODE, "a", 0), 0);
    assert_int_equal(rate_take(r, RATE_NODE, "a", 0), 120);
    rate_free(r);
}

static void full_buckets_are_forgotten(void **state)
{
    struct rate *r = rate_new(tiers);

    (void)state;
    rate_take(r, RATE_AUTH, "a", 0);
    rate_take(r, RATE_GENERAL, "a", 0);
    assert_int_equal(rate_buckets(r), 2);
    rate_sweep(r, 2 * SECOND);
    assert_int_equal(rate_buckets(r), 1);
    rate_sweep(r, 20 * SECOND);
    assert_int_equal(rate_buckets(r), 0);
    rate_free(r);
}

/* A flood of new addresses throttles itself; who was there before is not touched. */
static void a_flood_of_callers_shares_one_bucket(void **state)
{
    struct rate *r = rate_new(tiers);
    char who[32];
    unsigned i, refused = 0;

    (void)state;
    rate_take(r, RATE_READ, "old", 0);
    for (i = 0; i < API_RATE_BUCKETS_MAX + 100; i++) {
        snprintf(who, sizeof who, "10.%u", i);
        refused += rate_take(r, RATE_READ, who, 0) > 0;
    }
    assert_int_equal(rate_buckets(r), API_RATE_BUCKETS_MAX);
    assert_int_equal(refused, 101 - 10);
    assert_int_equal(rate_take(r, RATE_READ, "old", 0), 0);
    rate_free(r);
}

static void the_environment_configures(void **state)
{
    struct api_config c;
    struct err err = {0};
    char listen[300];

    (void)state;
    api_config_default(&c);
    assert_string_equal(c.listen, "127.0.0.1:3000");
    assert_int_equal(c.coord.node_tasks_max, 50);
    setenv("PORT", "8080", 1);
    setenv("API_HOST", "0.0.0.0", 1);
    setenv("RATE_LIMIT_TASK_RPM", "7", 1);
    setenv("RATE_LIMIT_TASK_BURST", "3", 1);
    setenv("NODE_OFFLINE_SWEEP_INTERVAL_SECONDS", "2", 1);
    setenv("MAX_CONCURRENT_TASKS_PER_NODE", "9", 1);
    setenv("CORS_ALLOWED_ORIGINS", "https://a.example", 1);
    assert_int_equal(api_config_from_env(&c, listen, &err), VCP_OK);
    assert_string_equal(c.listen, "0.0.0.0:8080");
    assert_true(c.tiers[RATE_TASK].per_minute == 7 && c.tiers[RATE_TASK].burst == 3);
    assert_int_equal(c.sweep_interval_ms, 2000);
    assert_int_equal(c.coord.node_tasks_max, 9);
    setenv("CORS_ALLOWED_ORIGINS", "*", 1);
    assert_int_equal(api_config_from_env(&c, listen, &err), VCP_EINVAL);
    assert_non_null(strstr(err.msg, "CORS_ALLOWED_ORIGINS"));
    unsetenv("CORS_ALLOWED_ORIGINS");
    setenv("PORT", "http", 1);
    assert_int_equal(api_config_from_env(&c, listen, &err), VCP_EINVAL);
    assert_non_null(strstr(err.msg, "PORT"));
    setenv("PORT", "70000", 1);
    assert_int_equal(api_config_from_env(&c, listen, &err), VCP_EINVAL);
    unsetenv("PORT");
    setenv("RATE_LIMIT_TASK_BURST", "0.5", 1);
    assert_int_equal(api_config_from_env(&c, listen, &err), VCP_EINVAL);
    assert_non_null(strstr(err.msg, "RATE_LIMIT_TASK_BURST"));
}

static void modules_are_checked_once_for_each_entry(void **state)
{
    struct modules m;
    uint8_t digest[SHA3_256_BYTES];
    struct err err = {0};

    (void)state;
    modules_init(&m);
    sha3_256(digest, module_f, module_f_bytes);
    assert_false(modules_is_known(&m, digest, "f"));
    assert_int_equal(modules_check(&m, digest, module_f, module_f_bytes, "f", &err), VCP_OK);
    assert_true(modules_is_known(&m, digest, "f"));
    assert_false(modules_is_known(&m, digest, NULL));
    assert_false(modules_is_known(&m, digest, ""));
    assert_int_equal(modules_check(&m, digest, module_f, module_f_bytes, NULL, &err), VCP_EINVAL);
    assert_int_equal(modules_check(&m, digest, module_f, module_f_bytes, "g", &err), VCP_EINVAL);
    assert_false(modules_is_known(&m, digest, "g"));
    assert_int_equal(modules_check(&m, digest, "\0asm", 4, "x", &err), VCP_EINVAL);
    assert_non_null(strstr(err.msg, "the module cannot be run"));
    modules_release(&m);
}

static void text_from_elsewhere_is_always_json(void **state)
{
    static const char *const texts[] = {"plain", "\xc3\xa4", "\xff", "a\xc3", "\xed\xa0\x80", ""};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *v = jstr(texts[i]);

        assert_true(json_is_string(v));
        assert_int_equal(json_string_length(v), strlen(texts[i]));
        json_decref(v);
    }
    assert_true(json_is_null(jstr(NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_pays_its_burst_and_refills),
        cmocka_unit_test(retry_after_is_true),
        cmocka_unit_test(full_buckets_are_forgotten),
        cmocka_unit_test(a_flood_of_callers_shares_one_bucket),
        cmocka_unit_test(the_environment_configures),
        cmocka_unit_test(modules_are_checked_once_for_each_entry),
        cmocka_unit_test(text_from_elsewhere_is_always_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
