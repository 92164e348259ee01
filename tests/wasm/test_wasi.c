/* test_wasi.c - WASI preview 1: real programs by wasi-libc, and hostile arguments.
 *
 *     test_wasm_wasi FOLDER    of echo.wasm, clock.wasm, ... and wasi_edges.wasm */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/rng.h"
#include "wasm/instance.h"
#include "wasm/run.h"
#include "wasm/wasi.h"

static const char *folder;

struct program {
    struct buf module;
    struct run_request req;
    struct run_result result;
};

static void open_program(struct program *p, const char *name)
{
    char path[1024];
    struct err err;

    *p = (struct program){0};
    snprintf(path, sizeof path, "%s/%s.wasm", folder, name);
    if (file_read(&p->module, path, (size_t)16 << 20, &err) < 0)
        fail_msg("%s", err.msg);
    p->req.module = p->module.data;
    p->req.module_bytes = p->module.len;
    assert_int_equal(run_limits_preset(&p->req.limits, "default", NULL), VCP_OK);
}

static void run(struct program *p)
{
    struct err err = {0};

    run_result_release(&p->result);
    p->result = (struct run_result){0};
    if (run_module(&p->result, &p->req, NULL, &err) < 0)
        fail_msg("%s", err.msg);
}

static void close_program(struct program *p)
{
    run_result_release(&p->result);
    buf_release(&p->module);
}

static void set_input(struct program *p, const char *text)
{
    p->req.input = (const uint8_t *)text;
    p->req.input_bytes = strlen(text);
}

/* A command that returns from main ends either way, depending on its C library. */
static void assert_exit(const struct program *p, int code)
{
    if (p->result.status != RUN_EXIT && p->result.status != RUN_OK)
        fail_msg("%s: %s", run_status_name(p->result.status), p->result.message);
    assert_int_equal(p->result.exit_code, code);
}

static void echo_sees_arguments_environment_and_input(void **state)
{
    static const char *const args[] = {"one", "two words", ""};
    static const char *const env[] = {"HOME=/", "NAME=value=1"};
    struct program p;

    (void)state;
    open_program(&p, "echo");
    p.req.args = args;
    p.req.n_args = 3;
    p.req.env = env;
    p.req.n_env = 2;
    set_input(&p, "Hello, task.\nline 2");
    run(&p);
    assert_exit(&p, 4);
    assert_string_equal(buf_str(&p.result.output), "HELLO, TASK.\nLINE 2");
    assert_string_equal(buf_str(&p.result.error_output), "[main][one][two words][]value=1\n");
    close_program(&p);
}

static void echo_moves_a_large_input(void **state)
{
    static char text[300000];
    struct program p;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = (char)('a' + i * i % 26);
    open_program(&p, "echo");
    set_input(&p, text);
    run(&p);
    assert_exit(&p, 1);
    assert_int_equal(p.result.output.len, sizeof text - 1);
    for (size_t i = 0; i + 1 < sizeof text; i++)
        assert_int_equal(p.result.output.data[i], text[i] - 32);
    close_program(&p);
}

static void clock_and_random_follow_the_seed(void **state)
{
    struct program a, b;

    (void)state;
    open_program(&a, "clock");
    open_program(&b, "clock");
    a.req.seed = b.req.seed = 7;
    run(&a);
    run(&b);
    assert_exit(&a, 0);
    assert_string_equal(buf_str(&a.result.output), buf_str(&b.result.output));
    assert_int_equal(a.result.gas_used, b.result.gas_used);
    assert_true(a.result.run_ns < 2000000000); /* 2.5 seconds of sleep pass at once */
    assert_non_null(strstr(buf_str(&a.result.output), "slept 25000"));
    assert_non_null(strstr(buf_str(&a.result.output), "year 202"));
    b.req.seed = 8;
    run(&b);
    assert_string_not_equal(buf_str(&a.result.output), buf_str(&b.result.output));
    close_program(&a);
    close_program(&b);
}

static void there_are_no_files(void **state)
{
    struct program p;

    (void)state;
    open_program(&p, "nofiles");
    run(&p);
    assert_exit(&p, 0);
    assert_string_equal(buf_str(&p.result.output),
                        "open 0\ncreate 0\nstat -1\nmkdir -1\nunlink -1\nseek -1 ESPIPE\n"
                        "isatty 0\nfstat 0\nread7 -1\nclose 0\nread0 -1\n");
    close_program(&p);
}

static void floats_and_libc_give_the_native_answer(void **state)
{
    struct program p;

    (void)state;
    open_program(&p, "floats");
    run(&p);
    assert_exit(&p, 0);
    /* glibc's sin and exp may differ in the last bit: compare what is printed short. */
    assert_non_null(strstr(buf_str(&p.result.output), "2.489777252e+07 -403.330292 403.424949"));
    close_program(&p);
}

static void run_fail(struct program *p, const char *how)
{
    static const char *args[1];

    args[0] = how;
    open_program(p, "fail");
    p->req.args = args;
    p->req.n_args = 1;
    run_limits_preset(&p->req.limits, "strict", NULL);
    p->req.limits.gas_max = 20000000;
    p->req.limits.output_bytes_max = 5500;
    run(p);
    assert_int_equal(strncmp(buf_str(&p->result.output), "before\n", 7), 0);
}

static void endings_are_told_apart(void **state)
{
    struct program p;

    (void)state;
    run_fail(&p, "exit");
    assert_int_equal(p.result.status, RUN_EXIT);
    assert_int_equal(p.result.exit_code, 42);
    close_program(&p);
    run_fail(&p, "abort");
    assert_int_equal(p.result.status, RUN_TRAP);
    assert_int_equal(p.result.trap, TRAP_UNREACHABLE);
    close_program(&p);
    run_fail(&p, "loop");
    assert_int_equal(p.result.status, RUN_OUT_OF_GAS);
    assert_true(p.result.gas_used <= 20000000 && p.result.gas_used > 20000000 - 100);
    close_program(&p);
    run_fail(&p, "flood");
    assert_int_equal(p.result.status, RUN_TRAP);
    assert_int_equal(p.result.trap, TRAP_HOST);
    assert_non_null(strstr(p.result.message, "more output than"));
    assert_true(p.result.output.len <= 5500);
    close_program(&p);
}

/* --- one call, one errno --- */

enum { OK = 0, EBADF_ = 8, EFAULT_ = 21, EINVAL_ = 28, ENOSYS_ = 52, ENOTDIR_ = 54 };
enum { ENOTSOCK_ = 57, ESPIPE_ = 70 };

static const struct edge {
    const char *entry;
    uint32_t result;
    uint64_t host_gas; /* beyond the constants and the call */
} edges[] = {
    {"sched_yield", OK, 0},
    {"write_hello", OK, 1},
    {"write_nothing", OK, 0},
    {"write_input", EBADF_, 0},
    {"write_fd3", EBADF_, 0},
    {"write_fd_minus", EBADF_, 0},
    {"write_beyond", EFAULT_, 0},
    {"write_4gib", EFAULT_, 0},
    {"write_list_beyond", EFAULT_, 0},
    {"write_many", EINVAL_, 0},
    {"write_result_beyond", EFAULT_, 0},
    {"write_closed", EBADF_, 0},
    {"close_twice", EBADF_, 0},
    {"read_beyond", EFAULT_, 0},
    {"read_output", EBADF_, 0},
    {"read_over_list", EFAULT_, 1},
    {"read_count", 5, 1},
    {"seek", ESPIPE_, 0},
    {"seek_fd9", EBADF_, 0},
    {"fdstat_beyond", EFAULT_, 0},
    {"prestat", EBADF_, 0},
    {"args_beyond", EFAULT_, 0},
    {"args_text_beyond", EFAULT_, 0},
    {"args_sizes_beyond", EFAULT_, 0},
    {"environ_none", OK, 0},
    {"clock_unknown", EINVAL_, 0},
    {"clock_beyond", EFAULT_, 0},
    {"clock_res_beyond", EFAULT_, 0},
    {"random_beyond", EFAULT_, 0},
    {"random_all", OK, 4096},
    {"random_none_at_end", OK, 0},
    {"poll_none", EINVAL_, 0},
    {"poll_beyond", EFAULT_, 0},
    {"poll_many", EINVAL_, 0},
    {"path_open", EBADF_, 0},
    {"path_open_stream", ENOTDIR_, 0},
    {"sock_send", ENOTSOCK_, 0},
    {"proc_raise", ENOSYS_, 0},
};

/* Constants and calls of the export's body: the gas without the host's part. */
static uint64_t source_gas(const char *entry)
{
    static const struct {
        const char *entry;
        uint64_t gas;
    } lengths[] = {{"sched_yield", 1},       {"write_closed", 8},  {"close_twice", 5},
                   {"read_count", 8},        {"prestat", 3},       {"path_open", 10},
                   {"path_open_stream", 10}, {"sock_send", 6},     {"proc_raise", 2},
                   {"fdstat_beyond", 3},     {"clock_unknown", 4}, {"clock_beyond", 4}};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (strcmp(entry, lengths[i].entry) == 0)
            return lengths[i].gas;
    if (strncmp(entry, "write", 5) == 0 || strncmp(entry, "read", 4) == 0 ||
        strncmp(entry, "seek", 4) == 0 || strncmp(entry, "poll", 4) == 0)
        return 5;
    return 3;
}

static void odd_arguments_get_their_errno_and_price(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct program p;

        open_program(&p, "wasi_edges");
        p.req.entry = edges[i].entry;
        set_input(&p, "ABCDEFGHIJKLMNOP");
        run(&p);
        if (p.result.status != RUN_OK || p.result.n_values != 1 ||
            p.result.values[0].bits != edges[i].result ||
            p.result.gas_used != source_gas(edges[i].entry) + edges[i].host_gas)
            fail_msg("%s: %s, %llu, gas %llu; expected %u, gas %llu", edges[i].entry,
                     p.result.status == RUN_OK ? "ok" : p.result.message,
                     (unsigned long long)p.result.values[0].bits,
                     (unsigned long long)p.result.gas_used, edges[i].result,
                     (unsigned long long)(source_gas(edges[i].entry) + edges[i].host_gas));
        close_program(&p);
    }
}

static void exit_codes_are_32_bits(void **state)
{
    struct program p;

    (void)state;
    open_program(&p, "wasi_edges");
    p.req.entry = "exit_minus_one";
    run(&p);
    assert_int_equal(p.result.status, RUN_EXIT);
    assert_int_equal(p.result.exit_code, -1);
    close_program(&p);
}

/* The bytes are paid before they move. */
static void random_that_cannot_be_paid_has_no_effect(void **state)
{
    struct program p;

    (void)state;
    open_program(&p, "wasi_edges");
    p.req.entry = "random_all";
    p.req.limits.gas_max = 3 + 4095;
    run(&p);
    assert_int_equal(p.result.status, RUN_OUT_OF_GAS);
    assert_int_equal(p.result.gas_used, 3); /* the call is counted, the bytes are not */
    p.req.limits.gas_max = 3 + 4096;
    run(&p);
    assert_int_equal(p.result.status, RUN_OK);
    close_program(&p);
}

static void too_many_arguments_are_refused(void **state)
{
    static const char *args[WASI_STRINGS_MAX + 1];
    struct wasi_config config = {.args = args, .n_args = WASI_STRINGS_MAX + 1};
    struct err err = {0};
    struct wasi w;

    (void)state;
    for (size_t i = 0; i < config.n_args; i++)
        args[i] = "x";
    assert_int_equal(wasi_init(&w, &config, &err), VCP_ELIMIT);
    assert_non_null(strstr(err.msg, "4097 arguments, the limit is 4096"));
}

/* --- every function, any arguments --- */

static void everything_in_libc_links(void **state)
{
    struct program p;

    (void)state;
    open_program(&p, "everything");
    run(&p);
    assert_exit(&p, 0);
    print_message("%zu bytes ready in %.1f ms\n", p.module.len, (double)p.result.load_ns / 1e6);
    close_program(&p);
}

struct host {
    struct buf module;
    struct wasi wasi;
    struct store *store;
    struct code *code;
    struct instance *inst;
};

static void open_host(struct host *h)
{
    static const char *const args[] = {"main", "x"};
    static const uint8_t input[1000] = {1, 2, 3};
    struct wasi_config config = {.args = args,
                                 .n_args = 2,
                                 .input = input,
                                 .input_bytes = sizeof input,
                                 .output_bytes_max = 1 << 20};
    struct run_limits limits;
    struct outcome outcome = {0};
    struct err err = {0};
    char path[1024];

    run_limits_preset(&limits, "strict", NULL);
    snprintf(path, sizeof path, "%s/wasi_all.wasm", folder);
    buf_init(&h->module, 0);
    h->store = store_new(&limits, NULL);
    if (file_read(&h->module, path, 1 << 20, &err) < 0 || wasi_init(&h->wasi, &config, &err) < 0 ||
        wasi_define(&h->wasi, h->store, &err) < 0 ||
        code_load(&h->code, h->module.data, h->module.len, NULL, &err) < 0 ||
        instance_new(&h->inst, h->store, h->code, &outcome, &err) < 0)
        fail_msg("%s", err.msg);
}

static void close_host(struct host *h)
{
    store_delete(h->store);
    code_free(h->code);
    wasi_release(&h->wasi);
    buf_release(&h->module);
}

static uint64_t odd_number(struct prng *r)
{
    static const uint64_t odd[] = {0,          1,          2,         3,          4,     8,
                                   100,        65536,      65535,     65532,      65528, 65512,
                                   65488,      UINT32_MAX, INT32_MAX, 0x80000000, 1024,  1025,
                                   UINT64_MAX, INT64_MAX,  32768};

    return prng_below(r, 4) ? odd[prng_below(r, sizeof odd / sizeof *odd)] : prng_below(r, 65536);
}

/* Memory holds numbers that are themselves odd addresses and lengths. */
static void scramble(struct host *h, struct prng *r)
{
    uint64_t n;
    uint8_t *memory = instance_memory(h->inst, 0, &n);

    for (int i = 0; i < 64; i++) {
        uint32_t v = (uint32_t)odd_number(r);

        memcpy(memory + prng_below(r, 512) * 4, &v, sizeof v);
    }
}

static void call_at_random(struct host *h, struct prng *r, unsigned *by_errno)
{
    const struct module *m = instance_module(h->inst);
    const struct export *e = &m->exports[1 + prng_below(r, m->n_exports - 1)];
    struct func *f = instance_func(h->inst, e->name.s, e->name.len);
    const struct func_type *type = func_type_of(f);
    struct wasm_value args[16], result = {0};
    struct outcome outcome = {0};
    struct err err = {0};

    for (uint32_t i = 0; i < type->n_params; i++) {
        uint64_t v = i == 0 ? prng_below(r, 5) : odd_number(r);

        args[i] = (struct wasm_value){type->params[i],
                                      type->params[i] == VAL_I32 ? (uint32_t)v : v};
    }
    store_set_gas_max(h->store, 1000000);
    if (func_call(h->store, f, args, type->n_params, &result, &outcome, &err) < 0)
        fail_msg("%s: %s", e->name.s, err.msg);
    if (outcome.status == RUN_OK) {
        assert_true(result.bits <= 76);
        by_errno[result.bits]++;
    } else if (outcome.status != RUN_EXIT && outcome.trap != TRAP_HOST) {
        fail_msg("%s: %s", e->name.s, outcome.message);
    }
}

/* The sanitizers watch; every answer is an errno, an exit or the output limit. */
static void any_arguments_get_an_answer(void **state)
{
    unsigned by_errno[77] = {0};
    struct prng r;

    (void)state;
    prng_init(&r, 2026);
    for (int round = 0; round < 40; round++) {
        struct host h;

        open_host(&h);
        for (int i = 0; i < 1000; i++) {
            if (i % 8 == 0)
                scramble(&h, &r);
            call_at_random(&h, &r, by_errno);
        }
        close_host(&h);
    }
    assert_true(by_errno[OK] > 1000 && by_errno[EBADF_] > 1000 && by_errno[EFAULT_] > 1000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_sees_arguments_environment_and_input),
        cmocka_unit_test(echo_moves_a_large_input),
        cmocka_unit_test(clock_and_random_follow_the_seed),
        cmocka_unit_test(there_are_no_files),
        cmocka_unit_test(floats_and_libc_give_the_native_answer),
        cmocka_unit_test(endings_are_told_apart),
        cmocka_unit_test(odd_arguments_get_their_errno_and_price),
        cmocka_unit_test(exit_codes_are_32_bits),
        cmocka_unit_test(random_that_cannot_be_paid_has_no_effect),
        cmocka_unit_test(too_many_arguments_are_refused),
        cmocka_unit_test(everything_in_libc_links),
        cmocka_unit_test(any_arguments_get_an_answer),
    };

    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
