/* What a node in test mode claims: another answer, in all places, so that only the proofs tell. */
#include <string.h>

#include "base/hash.h"
#include "node/forge.h"
#include "test.h"
#include "zkvm/receipt.h"

/* A receipt of a command that wrote text, well-formed and proving nothing. */
static void write_receipt(struct buf *out, const char *text)
{
    struct receipt r;
    struct err err = {0};

    assert_ok(receipt_init(&r, 1, 1, &err), err);
    statement_init(&r.statement);
    statement_stream_set(&r.statement.output, text, strlen(text));
    r.statement.gas_used = 5;
    r.statement.gas_max = 10;
    buf_init(&r.carried[STREAM_OUTPUT], 0);
    if (*text)
        buf_puts(&r.carried[STREAM_OUTPUT], text);
    r.proofs[0].d = g1_generator;
    r.proofs[0].proof = (struct groth16_proof){g1_generator, g2_generator, g1_generator};
    receipt_encode(out, &r);
    assert_false(out->failed);
    receipt_release(&r);
}

/* Forges it: outcome, output and receipt must all claim the same. */
static void forged(const char *text, const char *claimed, uint64_t gas)
{
    struct outcome o = {.status = OUTCOME_OK, .gas_used = 5, .output_bytes = strlen(text)};
    struct buf output, receipt, kept;
    struct receipt r;
    struct err err = {0};
    uint8_t digest[32];

    buf_init(&output, 0);
    buf_init(&receipt, 0);
    buf_init(&kept, 0);
    buf_puts(&output, text);
    sha3_256(o.output_sha3, text, strlen(text));
    write_receipt(&receipt, text);
    forge(FORGE_RECEIPT, &o, &output, &receipt, &kept);
    assert_string_equal(buf_str(&output), claimed);
    assert_int_equal(o.gas_used, gas);
    sha3_256(digest, claimed, strlen(claimed));
    assert_memory_equal(o.output_sha3, digest, 32);
    assert_ok(receipt_decode(&r, receipt.data, receipt.len, &err), err);
    assert_true(statement_stream_is(&r.statement.output, claimed, strlen(claimed)));
    assert_int_equal(r.statement.gas_used, gas);
    receipt_release(&r);
    buf_release(&output);
    buf_release(&receipt);
    buf_release(&kept);
}

static void another_digit_is_claimed_in_every_place(void **state)
{
    (void)state;
    forged("4\n", "5\n", 5);
}

static void without_output_the_gas_is_another(void **state)
{
    (void)state;
    forged("", "", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_digit_is_claimed_in_every_place),
        cmocka_unit_test(without_output_the_gas_is_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
