/* test_decode.c - what the decoder and the validator refuse, and what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/limits.h"
#include "wasm/decode.h"
#include "wasm/opcode.h"
#include "wasm/validate.h"

#define HEADER    "0061736d01000000"
#define VOID_TYPE "010401600000" /* type 0: [] -> [] */
#define ONE_FUNC  "03020100"     /* function 0 of type 0 */

static int load(struct module **out, const void *bytes, size_t n,
                const struct module_limits *limits, struct err *err)
{
    struct module *m = NULL;
    int rc = module_decode(&m, bytes, n, limits, err);

    if (rc == VCP_OK)
        rc = module_validate(m, err);
    if (rc < 0) {
        module_free(m);
        m = NULL;
    }
    *out = m;
    return rc;
}

/* --- a table of bad modules --- */

static const struct bad {
    const char *hex;
    int code;
    const char *says; /* part of the sentence */
} bad_modules[] = {
    {"", VCP_EFORMAT, "no magic header"},
    {"0061736e01000000", VCP_EFORMAT, "not a WebAssembly module"},
    {"0061736d02000000", VCP_EFORMAT, "unknown binary version"},
    {"0061736d010000", VCP_EFORMAT, "no binary version"},
    {HEADER "0d00", VCP_EFORMAT, "malformed section id 13"},
    {HEADER "0105016000", VCP_EFORMAT, "length out of bounds: type section of 5 bytes"},
    {HEADER "01040160000003", VCP_EFORMAT, "unexpected end"},
    {HEADER "01050160000000", VCP_EFORMAT, "1 bytes left over"},
    {HEADER "010401610000", VCP_EFORMAT, "form 0x61"},
    {HEADER "0105016001 1100", VCP_EFORMAT, "malformed value type 0x11"},
    {HEADER "01050160017b00", VCP_EUNSUPPORTED, "SIMD is not supported yet"},
    {HEADER ONE_FUNC, VCP_EINVAL, "unknown type 0, the module has 0"},
    {HEADER VOID_TYPE ONE_FUNC, VCP_EFORMAT, "inconsistent lengths: 1 and 0"},
    {HEADER ONE_FUNC VOID_TYPE, VCP_EINVAL, "unknown type 0"},
    {HEADER VOID_TYPE VOID_TYPE, VCP_EFORMAT, "type section out of order or repeated"},
    {HEADER "01ffffffff7f", VCP_EFORMAT, "malformed LEB128 of a section size"},
    {HEADER "0185808080800000", VCP_EFORMAT, "malformed LEB128"},
    {HEADER "000301ff00", VCP_EFORMAT, "malformed UTF-8"},
    {HEADER "00040200c080", VCP_EFORMAT, "malformed UTF-8"},
    {HEADER "0005 04edb08041", VCP_EFORMAT, "malformed UTF-8"},
    {HEADER VOID_TYPE ONE_FUNC "0a040102000b", VCP_OK, ""},
    {HEADER VOID_TYPE ONE_FUNC "0a0401020000", VCP_EFORMAT, "unexpected end of the instructions"},
    {HEADER VOID_TYPE ONE_FUNC "0a06010400 0b010b", VCP_EFORMAT, "after the final end"},
    {HEADER VOID_TYPE ONE_FUNC "0a05010300060b", VCP_EFORMAT, "illegal opcode 0x06"},
    {HEADER VOID_TYPE ONE_FUNC "0a06010400fc120b", VCP_EFORMAT, "illegal opcode 0xfc 18"},
    {HEADER VOID_TYPE ONE_FUNC "0a06010400fd0c0b", VCP_EUNSUPPORTED,
     "SIMD is not supported yet (offset 0x17)"},
    {HEADER VOID_TYPE ONE_FUNC "0a05010300050b", VCP_EFORMAT, "else without if"},
    {HEADER VOID_TYPE ONE_FUNC "0a050103001a0b", VCP_EINVAL,
     "function 0, offset 0x17, drop: type mismatch: expected any, found an empty stack"},
    {HEADER VOID_TYPE ONE_FUNC "0a0a01080041014201 6a1a0b", VCP_EINVAL,
     "i32.add: type mismatch: expected i32, found i64"},
    {HEADER VOID_TYPE ONE_FUNC "0a0601040041000b", VCP_EINVAL, "1 values left over"},
    {HEADER VOID_TYPE ONE_FUNC "0a060104000c010b", VCP_EINVAL, "unknown label 1, 1 are in scope"},
    {HEADER VOID_TYPE ONE_FUNC "0a0601040010050b", VCP_EINVAL,
     "unknown function 5, the module has 1"},
    {HEADER VOID_TYPE ONE_FUNC "0a0601040020000b", VCP_EINVAL, "unknown local 0"},
    {HEADER VOID_TYPE ONE_FUNC "0a0901070041002802000b", VCP_EINVAL, "unknown memory 0"},
    {HEADER "050401010201", VCP_EINVAL, "size minimum 2 must not be greater than maximum 1"},
    {HEADER "0504020000"
            "00",
     VCP_EFORMAT, ""},
    {HEADER "0505020000"
            "0000",
     VCP_EINVAL, "multiple memories"},
    {HEADER "060601 7f 00 42 00 0b", VCP_EINVAL, "initialiser is i64, expected i32"},
    {HEADER "060901 7f 00 41 00 41 00 6a 0b", VCP_EINVAL, "constant expression"},
    {HEADER "060501 7f 00 01 0b", VCP_EINVAL, "constant expression required, found nop"},
    {HEADER "060601 7f 02 41 00 0b", VCP_EFORMAT, "malformed mutability"},
    {HEADER VOID_TYPE ONE_FUNC "0709 02 01 61 00 00 01 61 00 00 0a040102000b", VCP_EINVAL,
     "duplicate export name \"a\""},
    {HEADER VOID_TYPE ONE_FUNC "0705 01 01 61 00 01 0a040102000b", VCP_EINVAL,
     "unknown function 1"},
    {HEADER "0801 00", VCP_EINVAL, "unknown function 0"},
    {HEADER "0c0101", VCP_EFORMAT, "data count and data section have inconsistent lengths"},
    {HEADER "0b0601 01 04 61 62 63", VCP_EFORMAT, "data segment of 4 bytes"},
    {HEADER "0b0601 00 41 00 0b 00", VCP_EINVAL, "unknown memory 0"},
};

/* Hex with blanks; the caller frees. */
static uint8_t *from_hex(const char *hex, size_t *n)
{
    char *digits = malloc(strlen(hex) + 1);
    uint8_t *out = malloc(strlen(hex) / 2 + 1);
    size_t len = 0;

    for (; *hex; hex++)
        if (*hex != ' ')
            digits[len++] = *hex;
    digits[len] = 0;
    assert_int_equal(len % 2, 0);
    assert_true(hex_decode(out, len / 2, digits));
    free(digits);
    *n = len / 2;
    return out;
}

static void bad_modules_are_refused_with_place_and_reason(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bad_modules / sizeof *bad_modules; i++) {
        struct err err = {0};
        struct module *m;
        size_t n;
        uint8_t *bytes = from_hex(bad_modules[i].hex, &n);
        int rc = load(&m, bytes, n, NULL, &err);

        if (rc != bad_modules[i].code || !strstr(err.msg, bad_modules[i].says)) {
            print_error("%s: %d, \"%s\"; expected %d, \"%s\"\n", bad_modules[i].hex, rc, err.msg,
                        bad_modules[i].code, bad_modules[i].says);
            wrong++;
        }
        module_free(m);
        free(bytes);
    }
    assert_int_equal(wrong, 0);
}

/* --- modules made here --- */

static void put_u32(struct buf *b, uint32_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_putc(b, (unsigned char)(v | 0x80));
    buf_putc(b, (unsigned char)v);
}

static void put_section(struct buf *out, uint8_t id, const struct buf *body)
{
    buf_putc(out, id);
    put_u32(out, (uint32_t)body->len);
    buf_put(out, body->data, body->len);
}

/* n functions [i32] -> [i32] with that body, locals vector included. */
static void make_module(struct buf *out, uint32_t n, const struct buf *body)
{
    struct buf b;

    buf_init(out, 0);
    buf_init(&b, 0);
    buf_put(out, "\0asm\1\0\0\0", 8);
    buf_put(&b, "\1\x60\1\x7f\1\x7f", 6);
    put_section(out, 1, &b);
    buf_clear(&b);
    put_u32(&b, n);
    for (uint32_t i = 0; i < n; i++)
        put_u32(&b, 0);
    put_section(out, 3, &b);
    buf_clear(&b);
    buf_put(&b, "\1\0\1", 3);
    put_section(out, 5, &b);
    buf_clear(&b);
    put_u32(&b, n);
    for (uint32_t i = 0; i < n; i++) {
        put_u32(&b, (uint32_t)body->len);
        buf_put(&b, body->data, body->len);
    }
    put_section(out, 10, &b);
    buf_release(&b);
}

static void repeat(struct buf *b, const char *s, size_t n, size_t times)
{
    while (times--)
        buf_put(b, s, n);
}

/* Loads one module of one function and expects code and words. */
static void expect(const struct buf *body, const struct module_limits *limits, int code,
                   const char *says)
{
    struct buf module;
    struct module *m;
    struct err err = {0};

    make_module(&module, 1, body);
    assert_int_equal(load(&m, module.data, module.len, limits, &err), code);
    if (!strstr(err.msg, says))
        fail_msg("\"%s\" lacks \"%s\"", err.msg, says);
    module_free(m);
    buf_release(&module);
}

static void bodies_beyond_a_ceiling_name_it(void **state)
{
    struct module_limits limits = module_limits_default;
    struct buf b;

    (void)state;
    limits.nesting_max = 100;
    limits.operands_max = 100;
    limits.br_table_max = 100;
    buf_init(&b, 0);
    buf_putc(&b, 0);
    repeat(&b, "\x02\x40", 2, 100);
    repeat(&b, "\x0b", 1, 100);
    buf_put(&b, "\x41\0\x0b", 3);
    expect(&b, &limits, VCP_ELIMIT, "blocks nested deeper than 100");
    expect(&b, NULL, VCP_OK, "");
    buf_clear(&b);
    buf_putc(&b, 0);
    repeat(&b, "\x41\0", 2, 101);
    repeat(&b, "\x1a", 1, 100);
    buf_put(&b, "\x0b", 1);
    expect(&b, &limits, VCP_ELIMIT, "more than 100 operands");
    expect(&b, NULL, VCP_OK, "");
    buf_clear(&b);
    buf_put(&b, "\0\x02\x40\x41\0\x0e\x65", 7);
    repeat(&b, "\0", 1, 102);
    buf_put(&b, "\x0b\x41\0\x0b", 4);
    expect(&b, &limits, VCP_ELIMIT, "101 entries, the limit is 100");
    expect(&b, NULL, VCP_OK, "");
    buf_clear(&b);
    buf_put(&b, "\1\xd0\x86\3\x7f\x41\0\x0b", 8); /* 50000 locals and a parameter */
    expect(&b, NULL, VCP_ELIMIT, "50001 locals in one function, the limit is 50000");
    buf_clear(&b);
    buf_put(&b, "\2\xff\xff\xff\xff\x0f\x7f\1\x7f\x41\0\x0b", 12);
    expect(&b, NULL, VCP_EFORMAT, "too many locals");
    buf_release(&b);
}

static void modules_beyond_a_ceiling_name_it(void **state)
{
    struct module_limits limits = module_limits_default;
    struct buf body, module;
    struct module *m;
    struct err err = {0};

    (void)state;
    buf_init(&body, 0);
    buf_put(&body, "\0\x20\0\x0b", 4);
    make_module(&module, 5, &body);
    limits.functions_max = 4;
    assert_int_equal(load(&m, module.data, module.len, &limits, &err), VCP_ELIMIT);
    assert_non_null(strstr(err.msg, "5 functions, the limit is 4"));
    limits = module_limits_default;
    limits.module_bytes_max = module.len - 1;
    assert_int_equal(load(&m, module.data, module.len, &limits, &err), VCP_ELIMIT);
    assert_non_null(strstr(err.msg, "bytes, the limit is"));
    limits = module_limits_default;
    limits.params_max = 0;
    assert_int_equal(load(&m, module.data, module.len, &limits, &err), VCP_ELIMIT);
    limits = module_limits_default;
    limits.arena_bytes_max = 256;
    assert_int_equal(load(&m, module.data, module.len, &limits, &err), VCP_ENOMEM);
    buf_release(&module);
    buf_release(&body);
}

/* The arena's ceiling stands in for memory that runs out, at every allocation in turn. */
static void memory_may_run_out_anywhere(void **state)
{
    struct module_limits limits = module_limits_default;
    struct buf body, module;
    struct module *m;
    struct err err = {0};
    int rc = VCP_ENOMEM, failures = 0;

    (void)state;
    buf_init(&body, 0);
    buf_put(&body, "\1\2\x7e\x20\0\x0b", 6);
    make_module(&module, 20, &body);
    for (limits.arena_bytes_max = 16; rc != VCP_OK; limits.arena_bytes_max += 16) {
        rc = load(&m, module.data, module.len, &limits, &err);
        assert_true(rc == VCP_OK || rc == VCP_ENOMEM);
        failures += rc < 0;
    }
    assert_true(failures > 50);
    module_free(m);
    buf_release(&module);
    buf_release(&body);
}

/* Cut anywhere, and with any byte changed: an answer, never a crash (the sanitizers watch). */
static void damaged_modules_get_an_answer(void **state)
{
    static const char text[] = HEADER VOID_TYPE ONE_FUNC "0503010001"
                                                         "0707010361646400000a0e010c01017f"
                                                         "41002105024020000b0b0008046e616d65";
    size_t n, i;
    uint8_t *bytes = from_hex(text, &n), saved;
    struct module *m;
    struct err err;
    int refused = 0;

    (void)state;
    for (i = 0; i < n; i++) {
        refused += load(&m, bytes, i, NULL, &err) < 0;
        module_free(m);
    }
    for (i = 0; i < n; i++) {
        saved = bytes[i];
        for (unsigned v = 0; v < 256; v++) {
            bytes[i] = (uint8_t)v;
            refused += load(&m, bytes, n, NULL, &err) < 0;
            module_free(m);
        }
        bytes[i] = saved;
    }
    assert_true(refused > 1000);
    free(bytes);
}

static void facts_of_a_function_are_exact(void **state)
{
    struct buf body, module;
    struct module *m;
    const struct function *f;
    struct err err = {0};

    (void)state;
    buf_init(&body, 0);
    buf_put(&body, "\2\3\x7e\2\x7d", 5);
    /* block (br_table 0 0 1 (local.get 0)) end  (i32.add (1) (i32.add (2) (3))) */
    buf_put(&body, "\x02\x40\x20\0\x0e\2\0\0\0\x0b\x41\1\x41\2\x41\3\x6a\x6a\x0b", 19);
    make_module(&module, 1, &body);
    assert_int_equal(load(&m, module.data, module.len, NULL, &err), VCP_OK);
    f = &m->funcs[0];
    assert_int_equal(f->n_locals, 6);
    assert_int_equal(func_local_type(m, f, 0), VAL_I32);
    assert_int_equal(func_local_type(m, f, 3), VAL_I64);
    assert_int_equal(func_local_type(m, f, 4), VAL_F32);
    assert_int_equal(f->n_instrs, 10);
    assert_int_equal(f->n_blocks, 1);
    assert_int_equal(f->depth_max, 2);
    assert_int_equal(f->height_max, 3);
    assert_int_equal(f->n_br_targets, 3);
    module_free(m);
    buf_release(&module);
    buf_release(&body);
}

static void names_are_fit_to_print(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {{"main", "main"},
                 {"a\nb\x1b[31m\x7f", "a?b?[31m?"},
                 {"\xc2\x85\xc3\xa9", "?\xc3\xa9"}, /* U+0085 is a control character */
                 {"", ""}};
    char text[NAME_TEXT_BYTES], longer[200];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct name name = {cases[i].name, (uint32_t)strlen(cases[i].name)};

        assert_string_equal(name_text(text, &name), cases[i].text);
    }
    memset(longer, 'x', sizeof longer);
    memcpy(longer + 79, "\xc3\xa9", 2); /* a character across the cut goes whole */
    assert_int_equal(strlen(name_text(text, &(struct name){longer, sizeof longer})), 79 + 3);
    assert_string_equal(text + 79, "...");
}

/* --- time --- */

/* CPU time, so that a loaded machine does not matter; the best of a few. */
static double load_ms(const struct buf *module)
{
    double best = 1e9;

    for (int i = 0; i < 7; i++) {
        clock_t start = clock();
        struct module *m;
        struct err err;
        int rc = load(&m, module->data, module->len, NULL, &err);
        double ms = (double)(clock() - start) * 1e3 / CLOCKS_PER_SEC;

        if (rc < 0)
            fail_msg("%s", err.msg);
        module_free(m);
        best = ms < best ? ms : best;
    }
    return best;
}

/* Typical code: loads, arithmetic, branches; about 250 instructions a function. */
static void make_typical(struct buf *module, uint32_t n_funcs)
{
    static const char step[] = "\x20\0\x41\4\x6a\x22\1\x28\2\x08\x41\x80\x02\x71\x21\1\x02\x40"
                               "\x20\1\x45\x0d\0\x20\0\x20\1\x36\2\0\x0b";
    struct buf body;

    buf_init(&body, 0);
    buf_put(&body, "\1\2\x7f", 3);
    repeat(&body, step, sizeof step - 1, 16);
    buf_put(&body, "\x20\1\x0b", 3);
    make_module(module, n_funcs, &body);
    buf_release(&body);
}

static void time_grows_linearly_with_size(void **state)
{
    struct buf small, large;
    double ratio, t_small, t_large;

    (void)state;
    make_typical(&small, 256);
    make_typical(&large, 2048);
    t_small = load_ms(&small);
    t_large = load_ms(&large);
    ratio = t_large / t_small / ((double)large.len / (double)small.len);
    print_message("%zu bytes: %.2f ms; %zu bytes: %.2f ms\n", small.len, t_small, large.len,
                  t_large);
    assert_true(t_large < 400); /* 20 is the aim; a loaded, instrumented machine is slower */
    assert_true(ratio < 4);
    buf_release(&small);
    buf_release(&large);
}

/* Few bytes that ask for much work: each must cost no more than typical code of its size. */
static void compile_bombs_stay_cheap(void **state)
{
    struct buf body, module;

    (void)state;
    buf_init(&body, 0);
    /* 40000 functions of 49999 locals each, whose last is read */
    buf_put(&body, "\1\xce\x86\3\x7f\x20\xce\x86\3\x0b", 10);
    make_module(&module, 40000, &body);
    assert_true(load_ms(&module) < 500);
    buf_release(&module);
    /* a br_table of 65536 entries, 16 times, in deep nesting */
    buf_clear(&body);
    buf_putc(&body, 0);
    repeat(&body, "\x02\x40", 2, 65000);
    for (int i = 0; i < 16; i++) {
        buf_put(&body, "\x41\0\x0e\x80\x80\4", 6);
        repeat(&body, "\xe7\x07", 2, 65537);
    }
    repeat(&body, "\x0b", 1, 65000);
    buf_put(&body, "\x41\0\x0b", 3);
    make_module(&module, 1, &body);
    assert_true(load_ms(&module) < 1000);
    buf_release(&module);
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_modules_are_refused_with_place_and_reason),
        cmocka_unit_test(bodies_beyond_a_ceiling_name_it),
        cmocka_unit_test(modules_beyond_a_ceiling_name_it),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(damaged_modules_get_an_answer),
        cmocka_unit_test(facts_of_a_function_are_exact),
        cmocka_unit_test(names_are_fit_to_print),
        cmocka_unit_test(time_grows_linearly_with_size),
        cmocka_unit_test(compile_bombs_stay_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
