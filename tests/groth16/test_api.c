/* test_api.c - include/vcp/groth16.h as an embedder uses it, from several threads. */
#include "fixtures.h"

#include <pthread.h>

#include "vcp/groth16.h"

struct embed {
    void *storage;
    const struct vcp_groth16_vkey *key;
    struct vcp_groth16_prover *prover;
    struct buf wtns;
    uint8_t inputs[2 * VCP_SCALAR_BYTES];
    uint8_t proof[VCP_GROTH16_PROOF_BYTES];
};

static void embed_open(struct embed *m)
{
    struct err e = {0};
    void *bytes;
    size_t n, size;

    assert_ok(vcp_groth16_vkey_from_zkey(&bytes, &n, FIXTURE("tiny_2.zkey"), &e), e);
    size = vcp_groth16_vkey_size(bytes, n);
    assert_true(size > 0);
    m->storage = aligned_alloc(64, (size + 63) & ~(size_t)63);
    assert_ok(vcp_groth16_vkey_read(&m->key, m->storage, size, bytes, n, &e), e);
    assert_err(vcp_groth16_vkey_read(&m->key, m->storage, size - 1, bytes, n, &e), VCP_EINVAL, e,
               "storage");
    free(bytes);
    assert_int_equal(vcp_groth16_vkey_inputs(m->key), 2);
    assert_false(vcp_groth16_vkey_is_test(m->key));
    assert_ok(vcp_groth16_prover_open(&m->prover, FIXTURE("tiny_2.zkey"), true, &e), e);
    m->wtns = fixture_bytes(FIXTURE("tiny.wtns"));
    assert_ok(
        vcp_groth16_prove(m->prover, m->wtns.data, m->wtns.len, NULL, m->proof, m->inputs, &e), e);
}

static void embed_close(struct embed *m)
{
    free(m->storage);
    vcp_groth16_prover_free(m->prover);
    buf_release(&m->wtns);
}

static void proofs_verify_through_the_public_interface(void **state)
{
    struct embed m;
    struct err e = {0};
    (void)state;
    embed_open(&m);
    assert_ok(vcp_groth16_verify(m.key, m.inputs, 2, m.proof, &e), e);
    assert_int_equal(m.inputs[63], 5); /* pub */
    m.inputs[63] ^= 1;
    assert_err(vcp_groth16_verify(m.key, m.inputs, 2, m.proof, &e), VCP_EVERIFY, e, "hold");
    memset(m.inputs, 0xff, 32);
    assert_err(vcp_groth16_verify(m.key, m.inputs, 2, m.proof, &e), VCP_EINVAL, e, "input 0");
    assert_err(vcp_groth16_verify(m.key, m.inputs, 1, m.proof, &e), VCP_EINVAL, e, "wants 2");
    embed_close(&m);
}

static void a_witness_that_breaks_the_circuit_gives_no_proof(void **state)
{
    struct embed m;
    struct err e = {0};
    uint8_t proof[VCP_GROTH16_PROOF_BYTES] = {0}, zero[VCP_GROTH16_PROOF_BYTES] = {0};
    (void)state;
    embed_open(&m);
    m.wtns.data[m.wtns.len - 32] ^= 1; /* the last wire */
    assert_err(vcp_groth16_prove(m.prover, m.wtns.data, m.wtns.len, NULL, proof, NULL, &e),
               VCP_EVERIFY, e, "does not satisfy");
    assert_memory_equal(proof, zero, sizeof zero);
    embed_close(&m);
}

static void batches_and_json_verify(void **state)
{
    struct embed m;
    struct err e = {0};
    enum { N = 9 };
    uint8_t inputs[N * 2 * VCP_SCALAR_BYTES], proofs[N * VCP_GROTH16_PROOF_BYTES];
    size_t bad = 0;
    struct buf v = fixture_bytes(FIXTURE("tiny_vkey.json"));
    struct buf i = fixture_bytes(FIXTURE("tiny_public.json"));
    struct buf p = fixture_bytes(FIXTURE("tiny_proof.json"));
    (void)state;
    embed_open(&m);
    for (int j = 0; j < N; j++) {
        memcpy(inputs + j * 64, m.inputs, 64);
        memcpy(proofs + j * VCP_GROTH16_PROOF_BYTES, m.proof, VCP_GROTH16_PROOF_BYTES);
    }
    assert_ok(vcp_groth16_verify_batch(m.key, inputs, 2, proofs, N, 2, &bad, &e), e);
    inputs[5 * 64 + 63] ^= 1;
    assert_err(vcp_groth16_verify_batch(m.key, inputs, 2, proofs, N, 1, &bad, &e), VCP_EVERIFY, e,
               "proof 5");
    assert_int_equal(bad, 5);
    assert_ok(vcp_groth16_verify_json((char *)v.data, v.len, (char *)i.data, i.len, (char *)p.data,
                                      p.len, &e),
              e);
    void *bytes;
    size_t n;
    assert_ok(vcp_groth16_vkey_from_json(&bytes, &n, (char *)v.data, v.len, &e), e);
    assert_int_equal(n, vcp_groth16_vkey_size(bytes, n) ? n : 0);
    free(bytes);
    buf_release(&v);
    buf_release(&i);
    buf_release(&p);
    embed_close(&m);
}

static void *prove_and_verify(void *arg)
{
    struct embed *m = arg;
    uint8_t proof[VCP_GROTH16_PROOF_BYTES], inputs[2 * VCP_SCALAR_BYTES];
    struct vcp_groth16_options o = {.n_threads = 2};
    struct err e;

    for (int i = 0; i < 5; i++)
        if (vcp_groth16_prove(m->prover, m->wtns.data, m->wtns.len, &o, proof, inputs, &e) < 0 ||
            vcp_groth16_verify(m->key, inputs, 2, proof, &e) < 0)
            return "failed";
    return NULL;
}

static void many_threads_share_one_prover_and_key(void **state)
{
    enum { N = 4 };
    struct embed m;
    pthread_t t[N];
    (void)state;
    embed_open(&m);
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&t[i], NULL, prove_and_verify, &m), 0);
    for (int i = 0; i < N; i++) {
        void *failed;
        assert_int_equal(pthread_join(t[i], &failed), 0);
        assert_null(failed);
    }
    embed_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_verify_through_the_public_interface),
        cmocka_unit_test(a_witness_that_breaks_the_circuit_gives_no_proof),
        cmocka_unit_test(batches_and_json_verify),
        cmocka_unit_test(many_threads_share_one_prover_and_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
