/* The protocol between agent and worker: what goes in comes out, and hostile bytes do not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/rng.h"
#include "node/wire.h"
#include "test.h"

static void sample_job(struct run_request *job)
{
    static const char *const args[] = {"1", "", "zwei"}, *const env[] = {"A=b"};

    *job = (struct run_request){.entry = "f",
                                .args = args,
                                .n_args = 3,
                                .env = env,
                                .n_env = 1,
                                .module_bytes = 77,
                                .input_bytes = 5,
                                .seed = 0x0102030405060708};
    job->limits = (struct run_limits){65536, 1000, 4096, 250, 10, 1000};
}

static void a_job_comes_out_as_it_went_in(void **state)
{
    struct run_request job, back;
    struct arena arena;
    struct err err;
    struct buf b;

    (void)state;
    sample_job(&job);
    buf_init(&b, 0);
    arena_init(&arena, 1 << 20);
    wire_job_encode(&b, &job);
    assert_ok(wire_job_decode(&back, &arena, b.data, b.len, &err), err);
    assert_string_equal(back.entry, "f");
    assert_true(back.n_args == 3 && back.n_env == 1 && back.module_bytes == 77 &&
                back.input_bytes == 5 && back.seed == job.seed);
    assert_string_equal(back.args[0], "1");
    assert_string_equal(back.args[1], "");
    assert_string_equal(back.args[2], "zwei");
    assert_string_equal(back.env[0], "A=b");
    assert_memory_equal(&back.limits, &job.limits, sizeof job.limits);
    arena_release(&arena);
    buf_release(&b);
}

static void no_entry_is_not_the_empty_entry(void **state)
{
    struct run_request job, back;
    struct arena arena;
    struct err err;
    struct buf b;

    (void)state;
    sample_job(&job);
    job.entry = NULL;
    buf_init(&b, 0);
    arena_init(&arena, 1 << 20);
    wire_job_encode(&b, &job);
    assert_ok(wire_job_decode(&back, &arena, b.data, b.len, &err), err);
    assert_null(back.entry);
    arena_release(&arena);
    buf_release(&b);
}

static void a_job_cut_anywhere_is_refused(void **state)
{
    struct run_request job, back;
    struct arena arena;
    struct err err;
    struct buf b;
    size_t n;

    (void)state;
    sample_job(&job);
    buf_init(&b, 0);
    wire_job_encode(&b, &job);
    for (n = 0; n < b.len; n++) {
        uint8_t *exact = malloc(n + 1); /* so that a sanitizer sees a read beyond */

        memcpy(exact, b.data, n);
        arena_init(&arena, 1 << 20);
        assert_true(wire_job_decode(&back, &arena, exact, n, &err) < 0);
        arena_release(&arena);
        free(exact);
    }
    buf_putc(&b, 0);
    arena_init(&arena, 1 << 20);
    assert_err(wire_job_decode(&back, &arena, b.data, b.len, &err), VCP_EFORMAT, err, "too long");
    arena_release(&arena);
    buf_release(&b);
}

static void a_job_beyond_the_ceilings_is_refused(void **state)
{
    struct run_request job, back;
    struct arena arena;
    struct err err;
    struct buf b;

    (void)state;
    sample_job(&job);
    job.module_bytes = (size_t)WASM_MODULE_BYTES_MAX + 1;
    buf_init(&b, 0);
    arena_init(&arena, 1 << 20);
    wire_job_encode(&b, &job);
    assert_err(wire_job_decode(&back, &arena, b.data, b.len, &err), VCP_ELIMIT, err, "ceiling");
    arena_release(&arena);
    buf_release(&b);
}

static struct wire_report sample_report(void)
{
    struct wire_report r = {.status = RUN_TRAP,
                            .exit_code = -3,
                            .trap = "unreachable",
                            .values = "i32:7",
                            .message = "trap: unreachable",
                            .gas_used = 99,
                            .memory_bytes_peak = 65536,
                            .process_bytes_peak = 1 << 20,
                            .load_ns = 5,
                            .run_ns = 6,
                            .output_bytes = 10,
                            .error_bytes = 20};

    return r;
}

static void a_report_comes_out_as_it_went_in(void **state)
{
    struct wire_report r = sample_report(), back;
    struct err err;
    struct buf b;

    (void)state;
    buf_init(&b, 0);
    wire_report_encode(&b, &r);
    assert_ok(wire_report_decode(&back, b.data, b.len, 20, &err), err);
    assert_true(back.status == RUN_TRAP && back.exit_code == -3 && back.gas_used == 99);
    assert_true(back.load_ns == 5 && back.run_ns == 6 && back.process_bytes_peak == 1 << 20);
    assert_string_equal(back.trap, "unreachable");
    assert_string_equal(back.values, "i32:7");
    buf_clear(&b); /* both outputs share the limit; results may follow a full one */
    r.error_bytes += RUN_RESULT_BYTES_MAX;
    wire_report_encode(&b, &r);
    assert_ok(wire_report_decode(&back, b.data, b.len, 30, &err), err);
    assert_err(wire_report_decode(&back, b.data, b.len, 29, &err), VCP_ELIMIT, err, "together");
    buf_release(&b);
}

/* Each line breaks one field of a good report. */
static void a_lying_report_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *word;
    } cases[] = {
        {0, 2, "status"},   /* refused is 0 or 1 */
        {4, 7, "status"},   /* beyond the last status */
        {4, 0, "itself"},   /* ok, but with a trap */
        {12, 255, "report"} /* trap text longer than its room */
    };
    struct wire_report r = sample_report(), back;
    struct err err;
    struct buf b;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_init(&b, 0);
        wire_report_encode(&b, &r);
        b.data[cases[i].at] = cases[i].value;
        assert_err(wire_report_decode(&back, b.data, b.len, 100, &err), VCP_EFORMAT, err,
                   cases[i].word);
        buf_release(&b);
    }
}

static void control_bytes_in_texts_are_replaced(void **state)
{
    struct wire_report r = sample_report(), back;
    struct err err;
    struct buf b;

    (void)state;
    strcpy(r.message, "a\033[31m\nb");
    buf_init(&b, 0);
    wire_report_encode(&b, &r);
    assert_ok(wire_report_decode(&back, b.data, b.len, 100, &err), err);
    assert_string_equal(back.message, "a?[31m?b");
    buf_release(&b);
}

static void a_frame_has_magic_kind_and_a_bounded_length(void **state)
{
    struct wire_header h = {WIRE_REPORT, 1000}, back;
    uint8_t bytes[WIRE_HEADER_BYTES];
    struct err err;

    (void)state;
    wire_header_encode(bytes, &h);
    assert_ok(wire_header_decode(&back, bytes, WIRE_REPORT, 1000, &err), err);
    assert_true(back.length == 1000);
    assert_err(wire_header_decode(&back, bytes, WIRE_OUTPUT, 1000, &err), VCP_EFORMAT, err, "kind");
    assert_err(wire_header_decode(&back, bytes, WIRE_REPORT, 999, &err), VCP_ELIMIT, err, "999");
    bytes[0] ^= 1;
    assert_err(wire_header_decode(&back, bytes, WIRE_REPORT, 1000, &err), VCP_EFORMAT, err,
               "magic");
}

static void random_bytes_never_crash(void **state)
{
    struct wire_report report;
    struct run_request job;
    struct wire_ready ready;
    struct arena arena;
    uint8_t bytes[300];
    struct prng rng;
    int round;

    (void)state;
    prng_init(&rng, 4711);
    for (round = 0; round < 20000; round++) {
        size_t i, n = prng_below(&rng, sizeof bytes);

        for (i = 0; i < n; i++)
            bytes[i] = prng_below(&rng, 3) ? 0 : (uint8_t)prng_next(&rng);
        if (n > 0)
            bytes[0] = 1;
        arena_init(&arena, 1 << 20);
        wire_job_decode(&job, &arena, bytes, n, NULL);
        wire_report_decode(&report, bytes, n, 1000, NULL);
        wire_ready_decode(&ready, bytes, n, NULL);
        arena_release(&arena);
    }
}

static void values_are_written_with_their_types(void **state)
{
    struct run_result r = {.status = RUN_OK, .n_values = 4};
    struct wire_report report;
    float f = 0.5f;
    double d = -1.25;
    uint32_t bits;

    (void)state;
    memcpy(&bits, &f, sizeof f);
    r.values[0] = (struct wasm_value){VAL_I32, 0xffffffff};
    r.values[1] = (struct wasm_value){VAL_I64, UINT64_MAX - 1};
    r.values[2] = (struct wasm_value){VAL_F32, bits};
    memcpy(&r.values[3].bits, &d, sizeof d);
    r.values[3].type = VAL_F64;
    wire_report_of(&report, &r);
    assert_string_equal(report.values, "i32:-1 i64:-2 f32:0.5 f64:-1.25");
}

static void as_many_values_as_a_result_keeps_have_room(void **state)
{
    struct run_result r = {.status = RUN_OK, .n_values = RUN_RESULTS_MAX};
    struct wire_report report;
    size_t i, n = 1;

    (void)state;
    for (i = 0; i < RUN_RESULTS_MAX; i++)
        r.values[i] = (struct wasm_value){VAL_I64, UINT64_C(0x8000000000000000)};
    wire_report_of(&report, &r);
    for (i = 0; report.values[i]; i++)
        n += report.values[i] == ' ';
    assert_int_equal(n, RUN_RESULTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_comes_out_as_it_went_in),
        cmocka_unit_test(no_entry_is_not_the_empty_entry),
        cmocka_unit_test(a_job_cut_anywhere_is_refused),
        cmocka_unit_test(a_job_beyond_the_ceilings_is_refused),
        cmocka_unit_test(a_report_comes_out_as_it_went_in),
        cmocka_unit_test(a_lying_report_is_refused),
        cmocka_unit_test(control_bytes_in_texts_are_replaced),
        cmocka_unit_test(a_frame_has_magic_kind_and_a_bounded_length),
        cmocka_unit_test(random_bytes_never_crash),
        cmocka_unit_test(values_are_written_with_their_types),
        cmocka_unit_test(as_many_values_as_a_result_keeps_have_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
