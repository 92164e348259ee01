/* run_module and what can end a run: results, traps, limits, time, another thread. */
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "wasm/run.h"

/* Instrumented builds are slower and their threads need more stack. */
#ifdef VCP_SANITIZED
#define SLOWER 20
#else
#define SLOWER 1
#endif

static struct buf module;

static struct run_request request(const char *entry, const char *const *args, size_t n_args)
{
    struct run_request r = {.module = module.data,
                            .module_bytes = module.len,
                            .entry = entry,
                            .args = args,
                            .n_args = n_args};
    struct err err;

    assert_ok(run_limits_preset(&r.limits, "default", &err), err);
    return r;
}

static struct run_result run(const struct run_request *req, struct run_control *control)
{
    struct run_result out;
    struct err err;

    assert_ok(run_module(&out, req, control, &err), err);
    return out;
}

static void results_are_values_and_little_endian_output(void **state)
{
    const char *args[] = {"40", "0x2"};
    struct run_request req = request("add", args, 2);
    struct run_result r = run(&req, NULL);

    (void)state;
    assert_int_equal(r.status, RUN_OK);
    assert_int_equal(r.n_values, 1);
    assert_int_equal(r.values[0].type, VAL_I32);
    assert_int_equal(r.values[0].bits, 42);
    assert_int_equal(r.output.len, 4);
    assert_memory_equal(r.output.data, "\x2a\0\0\0", 4);
    assert_int_equal(r.gas_used, 3);
    assert_string_equal(r.message, "");
    run_result_release(&r);
}

static void several_results_keep_their_order(void **state)
{
    const char *args[] = {"-2", "nan", "-0.5"};
    struct run_request req = request("mixed", args, 3);
    struct run_result r = run(&req, NULL);

    (void)state;
    assert_int_equal(r.n_values, 3);
    assert_int_equal(r.values[0].bits, 0xbfe0000000000000u);
    assert_int_equal(r.values[1].bits, (uint64_t)-2);
    assert_int_equal(r.values[2].bits, 0x7fc00000u);
    assert_int_equal(r.output.len, 8 + 8 + 4);
    run_result_release(&r);
}

static void a_nan_is_given_by_its_bits(void **state)
{
    const char *args[] = {"0", "-nan:0x200000", "nan:0xfffffffffffff"};
    struct run_request req = request("mixed", args, 3);
    struct run_result r = run(&req, NULL);

    (void)state;
    assert_int_equal(r.values[0].bits, 0x7fffffffffffffffu);
    assert_int_equal(r.values[2].bits, 0xffa00000u);
    run_result_release(&r);
}

static void arguments_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *entry, *args[3];
        size_t n_args;
        int code;
        const char *word;
    } cases[] = {
        {"add", {"1"}, 1, VCP_EINVAL, "takes 2 arguments, 1"},
        {"add", {"1", "4294967296"}, 2, VCP_EINVAL, "argument 1"},
        {"add", {"1", "-2147483649"}, 2, VCP_EINVAL, "argument 1"},
        {"add", {"", "1"}, 2, VCP_EINVAL, "argument 0"},
        {"add", {" 1", "1"}, 2, VCP_EINVAL, "argument 0"},
        {"add", {"0x", "1"}, 2, VCP_EINVAL, "argument 0"},
        {"add", {"1e3", "1"}, 2, VCP_EINVAL, "not an i32"},
        {"mixed", {"18446744073709551616", "0", "0"}, 3, VCP_EINVAL, "not an i64"},
        {"mixed", {"0", "1.5x", "0"}, 3, VCP_EINVAL, "not an f32"},
        {"mixed", {"0", "nan:0x0", "0"}, 3, VCP_EINVAL, "not an f32"},
        {"mixed", {"0", "nan:0x800000", "0"}, 3, VCP_EINVAL, "not an f32"},
        {"mixed", {"0", "nan:5", "0"}, 3, VCP_EINVAL, "not an f32"},
        {"absent", {NULL}, 0, VCP_ENOTFOUND, "absent"},
        {"memory", {NULL}, 0, VCP_ENOTFOUND, "memory"},
        {NULL, {NULL}, 0, VCP_ENOTFOUND, "no WASI command"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_request req = request(cases[i].entry, cases[i].args, cases[i].n_args);
        struct run_result r;
        struct err err = {0};

        assert_err(run_module(&r, &req, NULL, &err), cases[i].code, err, cases[i].word);
        assert_null(r.output.data);
    }
}

static void limits_out_of_range_are_refused(void **state)
{
    struct run_request req = request("nothing", NULL, 0);
    struct run_result r;
    struct err err;

    (void)state;
    req.limits.call_depth_max = 0;
    assert_err(run_module(&r, &req, NULL, &err), VCP_EINVAL, err, "call_depth_max");
    assert_int_equal(run_limits_preset(&req.limits, "generous", &err), VCP_EINVAL);
    assert_ok(run_limits_preset(&req.limits, "strict", &err), err);
    assert_int_equal(req.limits.memory_bytes_max, 256u << 20);
    assert_int_equal(req.limits.gas_max, 1000000000);
    assert_int_equal(req.limits.timeout_ms, 10000);
}

static void a_trap_says_what_and_where(void **state)
{
    const char *args[] = {"1", "0"};
    struct run_request req = request("div", args, 2);
    struct run_result r = run(&req, NULL);

    (void)state;
    assert_int_equal(r.status, RUN_TRAP);
    assert_int_equal(r.trap, TRAP_INTEGER_DIVIDE_BY_ZERO);
    assert_non_null(strstr(r.message, "trap: integer divide by zero in function $div (index 2)"));
    assert_int_equal(r.gas_used, 3);
    run_result_release(&r);
}

static void call_indirect_traps_are_told_apart(void **state)
{
    static const struct {
        const char *index;
        enum trap trap;
    } cases[] = {{"0", TRAP_NONE},
                 {"1", TRAP_INDIRECT_CALL_MISMATCH},
                 {"2", TRAP_UNINITIALIZED_ELEMENT},
                 {"-1", TRAP_UNDEFINED_ELEMENT}};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct run_request req = request("indirect", &cases[i].index, 1);
        struct run_result r = run(&req, NULL);

        assert_int_equal(r.trap, cases[i].trap);
        run_result_release(&r);
    }
}

static void float_results_are_canonical_nans(void **state)
{
    struct run_request req = request("nan", NULL, 0);
    struct run_result r = run(&req, NULL);

    (void)state;
    assert_int_equal(r.values[0].bits, 0x7fc00000u);
    assert_int_equal(r.values[1].bits, 0x7ff8000000000000u);
    run_result_release(&r);
}

static void gas_runs_out_exactly(void **state)
{
    const char *args[] = {"1000"};
    struct run_request req = request("count_to", args, 1);
    struct run_result r = run(&req, NULL);
    uint64_t need = r.gas_used;

    (void)state;
    assert_int_equal(need, 1000 * 8 + 1);
    run_result_release(&r);
    req.limits.gas_max = need;
    r = run(&req, NULL);
    assert_int_equal(r.status, RUN_OK);
    run_result_release(&r);
    for (uint64_t limit = need - 20; limit < need; limit++) {
        req.limits.gas_max = limit;
        r = run(&req, NULL);
        assert_int_equal(r.status, RUN_OUT_OF_GAS);
        assert_int_equal(r.gas_used, limit);
        assert_int_equal(r.n_values, 0);
        run_result_release(&r);
    }
}

static void depth_and_slots_bound_the_call_stack(void **state)
{
    const char *args[] = {"20000"};
    struct run_request req = request("down", args, 1);
    struct run_result r = run(&req, NULL);

    (void)state;
    assert_int_equal(r.values[0].bits, 20000);
    run_result_release(&r);
    req.limits.call_depth_max = 20001;
    r = run(&req, NULL);
    assert_int_equal(r.status, RUN_OK);
    run_result_release(&r);
    req.limits.call_depth_max = 20000;
    r = run(&req, NULL);
    assert_int_equal(r.trap, TRAP_CALL_STACK_EXHAUSTED);
    run_result_release(&r);
    req = request("down", args, 1);
    req.limits.stack_slots_max = 20000;
    r = run(&req, NULL);
    assert_int_equal(r.trap, TRAP_CALL_STACK_EXHAUSTED);
    assert_non_null(strstr(r.message, "call stack exhausted in function $down"));
    run_result_release(&r);
}

static void memory_stops_at_the_limit(void **state)
{
    const char *args[] = {"16"};
    struct run_request req = request("grow", args, 1);
    struct run_result r;
    struct err err;

    (void)state;
    req.limits.memory_bytes_max = 17 * 65536 + 4 * 8; /* the table's entries count */
    r = run(&req, NULL);
    assert_int_equal(r.values[0].bits, 1);
    assert_int_equal(r.memory_bytes_peak, 17 * 65536);
    run_result_release(&r);
    req.limits.memory_bytes_max--;
    r = run(&req, NULL);
    assert_int_equal(r.values[0].bits, UINT32_MAX);
    assert_int_equal(r.gas_used, 1 + 1 + 16 * 64);
    run_result_release(&r);
    req.limits.memory_bytes_max = 65535;
    assert_err(run_module(&r, &req, NULL, &err), VCP_ELIMIT, err, "memory");
}

static void a_timeout_ends_the_run(void **state)
{
    struct run_request req = request("forever", NULL, 0);
    int64_t start = clock_mono_ns(), ms;
    struct run_result r;

    (void)state;
    req.limits.timeout_ms = 50;
    r = run(&req, NULL);
    ms = (clock_mono_ns() - start) / 1000000;
    assert_int_equal(r.status, RUN_TIMEOUT);
    assert_true(ms >= 50 && ms < 1000 * SLOWER);
    run_result_release(&r);
}

struct victim {
    struct run_request req;
    struct run_control control;
    struct run_result result;
    _Atomic int64_t ended_ns;
};

static void *run_victim(void *arg)
{
    struct victim *v = arg;

    v->result = run(&v->req, &v->control);
    atomic_store(&v->ended_ns, clock_mono_ns());
    return NULL;
}

/* The shortest of several tries, because the machine may be busy: from setting the flag
 * to the end of the run. */
static int64_t cancel_ns(const char *entry, const char *const *args, size_t n_args)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < 5; i++) {
        struct victim v = {.req = request(entry, args, n_args)};
        pthread_t thread;
        int64_t flag_ns, took;

        v.req.limits.gas_max = UINT64_MAX / 4;
        assert_int_equal(pthread_create(&thread, NULL, run_victim, &v), 0);
        while (atomic_load(&v.control.gas_used) == 0)
            clock_sleep_ms(1);
        clock_sleep_ms(5);
        flag_ns = clock_mono_ns();
        atomic_store(&v.control.cancel, true);
        pthread_join(thread, NULL);
        took = atomic_load(&v.ended_ns) - flag_ns;
        assert_int_equal(v.result.status, RUN_CANCELLED);
        assert_true(v.result.gas_used > 0);
        run_result_release(&v.result);
        best = took < best ? took : best;
    }
    return best;
}

static void cancellation_takes_less_than_10_ms(void **state)
{
    static const char *const fill[] = {"4000", "1000000"};

    (void)state;
    assert_true(cancel_ns("forever", NULL, 0) < 10000000 * SLOWER);
    assert_true(cancel_ns("wide_forever", NULL, 0) < 10000000 * SLOWER);
    assert_true(cancel_ns("fill", fill, 2) < 10000000 * SLOWER);
}

/* A guest's loops and calls must not grow the native stack. */
static void *run_deep(void *arg)
{
    struct victim *v = arg;
    const char *loop[] = {"3000000"}, *deep[] = {"0"};

    v->req = request("count_to", loop, 1);
    v->result = run(&v->req, NULL);
    assert_int_equal(v->result.values[0].bits, 3000000);
    run_result_release(&v->result);
    v->req = request("endless", deep, 1);
    v->req.limits.call_depth_max = 1000000;
    v->req.limits.stack_slots_max = 1u << 24;
    v->result = run(&v->req, NULL);
    assert_int_equal(v->result.trap, TRAP_CALL_STACK_EXHAUSTED);
    run_result_release(&v->result);
    return NULL;
}

static void the_native_stack_stays_small(void **state)
{
    struct victim v = {0};
    pthread_attr_t attr;
    pthread_t thread;

    (void)state;
    pthread_attr_init(&attr);
    assert_int_equal(pthread_attr_setstacksize(&attr, (128u << 10) * SLOWER), 0);
    assert_int_equal(pthread_create(&thread, &attr, run_deep, &v), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
}

static void truncated_modules_never_run(void **state)
{
    struct run_request req = request("nothing", NULL, 0);
    struct run_result r;
    struct err err;

    (void)state;
    for (size_t n = 0; n < module.len; n++) {
        uint8_t *copy = malloc(n + 1); /* exactly n bytes: a reader past them is caught */

        if (n)
            memcpy(copy, module.data, n);
        req.module = copy;
        req.module_bytes = n;
        if (run_module(&r, &req, NULL, &err) == VCP_OK) /* cut before the name section */
            run_result_release(&r);
        free(copy);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_values_and_little_endian_output),
        cmocka_unit_test(several_results_keep_their_order),
        cmocka_unit_test(a_nan_is_given_by_its_bits),
        cmocka_unit_test(arguments_that_do_not_fit_are_refused),
        cmocka_unit_test(limits_out_of_range_are_refused),
        cmocka_unit_test(a_trap_says_what_and_where),
        cmocka_unit_test(call_indirect_traps_are_told_apart),
        cmocka_unit_test(float_results_are_canonical_nans),
        cmocka_unit_test(gas_runs_out_exactly),
        cmocka_unit_test(depth_and_slots_bound_the_call_stack),
        cmocka_unit_test(memory_stops_at_the_limit),
        cmocka_unit_test(a_timeout_ends_the_run),
        cmocka_unit_test(cancellation_takes_less_than_10_ms),
        cmocka_unit_test(the_native_stack_stays_small),
        cmocka_unit_test(truncated_modules_never_run),
    };
    struct err err;
    int rc;

    if (argc < 2 || file_read(&module, argv[1], 1u << 20, &err) < 0)
        return 2;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    buf_release(&module);
    return rc;
}
