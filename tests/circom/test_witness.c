/* test_witness.c - circom's calculator on our engine gives what snarkjs computed. */
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "base/file.h"
#include "circom/witness.h"
#include "groth16/wtns.h"

#define FIXTURE(name) TEST_SOURCE_DIR "/../groth16/fixtures/" name

static struct buf bytes_of(const char *path)
{
    struct buf b;
    struct err e = {0};
    buf_init(&b, 0);
    assert_ok(file_read(&b, path, 64u << 20, &e), e);
    return b;
}

static int compute(struct circom_witness *w, const char *json, struct err *e)
{
    struct circom_inputs in;
    struct run_limits limits;
    struct buf module = bytes_of(FIXTURE("tiny.wasm"));
    int rc = circom_inputs_read(&in, "input.json", json, strlen(json), e);

    circom_limits(&limits);
    if (rc == VCP_OK) {
        rc = circom_witness(w, module.data, module.len, &in, &limits, NULL, e);
        circom_inputs_release(&in);
    }
    buf_release(&module);
    return rc;
}

static void witness_is_that_of_snarkjs(void **state)
{
    struct err e = {0};
    struct circom_witness w;
    struct wtns want;
    fr_bits z[7];
    (void)state;
    assert_ok(wtns_open(&want, FIXTURE("tiny.wtns"), &e), e);
    assert_int_equal(want.n_wires, 7);
    wtns_load(z, &want);
    assert_ok(compute(&w, "{\"a\":\"7\",\"b\":\"11\",\"pub\":\"5\"}", &e), e);
    assert_int_equal(w.n_wires, 7);
    assert_memory_equal(w.z, z, sizeof z);
    assert_true(w.gas_used > 0);
    circom_witness_release(&w);
    assert_ok(compute(&w, "{\"a\":7,\"b\":\"0xB\",\"pub\":[[5]]}", &e), e);
    assert_memory_equal(w.z, z, sizeof z);
    circom_witness_release(&w);
    wtns_release(&want);
}

static void negative_and_large_values_are_taken_modulo_r(void **state)
{
    struct err e = {0};
    struct circom_witness a, b;
    (void)state;
    assert_ok(compute(&a, "{\"a\":\"-1\",\"b\":1,\"pub\":0}", &e), e);
    assert_ok(compute(&b,
                      "{\"a\":\"2188824287183927522224640574525727508854836440041603434369820418657"
                      "5808495616\",\"b\":1,\"pub\":0}",
                      &e),
              e);
    assert_memory_equal(a.z, b.z, 7 * sizeof *a.z);
    circom_witness_release(&a);
    circom_witness_release(&b);
}

static void wrong_inputs_are_named(void **state)
{
    static const struct {
        const char *json, *word;
    } cases[] = {
        {"{\"a\":1,\"b\":2}", "2 of 3"},
        {"{\"a\":1,\"b\":2,\"pub\":3,\"x\":4}", "no input signal x"},
        {"{\"a\":[1,2],\"b\":2,\"pub\":3}", "input signal a has 2 values"},
        {"{\"a\":[],\"b\":2,\"pub\":3}", "input signal a has 0 values"},
        {"{\"a\":1.5,\"b\":2,\"pub\":3}", "signal a"},
        {"{\"a\":\"1 \",\"b\":2,\"pub\":3}", "signal a"},
        {"{\"a\":\"0x\",\"b\":2,\"pub\":3}", "signal a"},
        {"{\"a\":\"\",\"b\":2,\"pub\":3}", "signal a"},
        {"{\"a\":null,\"b\":2,\"pub\":3}", "signal a"},
        {"{\"a\":{\"b\":1},\"b\":2,\"pub\":3}", "a.b"},
        {"{\"a\":[{\"b\":1}],\"b\":2,\"pub\":3}", "a[0].b"},
        {"[1]", "object"},
        {"{", "input.json"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct circom_witness w;
        struct err e = {0};
        int rc = compute(&w, cases[i].json, &e);
        if (rc == VCP_OK || !strstr(e.msg, cases[i].word))
            fail_msg("%s: %s, \"%s\"", cases[i].json, err_code_name(rc), e.msg);
    }
}

static void limits_hold(void **state)
{
    struct err e = {0};
    struct circom_inputs in;
    struct circom_witness w;
    struct run_limits limits;
    struct buf module = bytes_of(FIXTURE("tiny.wasm"));
    const char *json = "{\"a\":1,\"b\":2,\"pub\":3}";
    (void)state;
    assert_ok(circom_inputs_read(&in, "x", json, strlen(json), &e), e);
    circom_limits(&limits);
    limits.gas_max = 50;
    assert_err(circom_witness(&w, module.data, module.len, &in, &limits, NULL, &e), VCP_ELIMIT, e,
               "gas");
    circom_limits(&limits);
    assert_err(circom_witness(&w, "\0asm\1\0\0\0", 8, &in, &limits, NULL, &e), VCP_EFORMAT, e,
               "getFieldNumLen32");
    assert_int_equal(circom_witness(&w, "junk", 4, &in, &limits, NULL, &e), VCP_EFORMAT);
    buf_release(&module);
    circom_inputs_release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(witness_is_that_of_snarkjs),
        cmocka_unit_test(negative_and_large_values_are_taken_modulo_r),
        cmocka_unit_test(wrong_inputs_are_named),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
