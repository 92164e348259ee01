/* test_prove.c - proofs: ours and snarkjs's verify, altered ones do not; setups. */
#include "fixtures.h"

#include <unistd.h>

#include "base/rng.h"
#include "groth16/field_io.h"
#include "groth16/setup.h"

static void snarkjs_proof_verifies(void **state)
{
    struct err e = {0};
    struct tiny t;
    (void)state;
    tiny_open(&t);
    assert_ok(groth16_verify(t.vk, t.z + 1, 2, &t.proof, &e), e);
    tiny_close(&t);
}

static void our_proof_verifies_with_any_number_of_threads(void **state)
{
    struct err e = {0};
    struct tiny t;
    (void)state;
    tiny_open(&t);
    for (unsigned n = 1; n <= 3; n++) {
        struct groth16_proof p;
        struct work work = {.threads = threads_new(n)};
        assert_ok(groth16_prove(&p, &t.key, t.z, &work, &e), e);
        assert_ok(groth16_verify(t.vk, t.z + 1, 2, &p, &e), e);
        assert_int_equal(work.memory_now_bytes, 0);
        assert_true(work.memory_peak_bytes > 0);
        assert_false(g1_affine_eq(&p.a, &t.proof.a)); /* blinded afresh */
        threads_free(work.threads);
    }
    tiny_close(&t);
}

static void a_false_witness_gives_a_proof_that_fails(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p;
    struct work work = {0};
    (void)state;
    tiny_open(&t);
    t.z[5].l[0]++;
    assert_ok(groth16_prove(&p, &t.key, t.z, &work, &e), e);
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "does not hold");
    t.z[5].l[3] = UINT64_MAX;
    assert_err(groth16_prove(&p, &t.key, t.z, &work, &e), VCP_EINVAL, e, "wire 5");
    t.z[0].l[0] = 2;
    assert_err(groth16_prove(&p, &t.key, t.z, &work, &e), VCP_EINVAL, e, "wire 0");
    tiny_close(&t);
}

static void a_memory_ceiling_is_kept(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p;
    (void)state;
    tiny_open(&t);
    struct work work = {.memory_max_bytes = groth16_prove_memory_min(&t.key, 1)};
    assert_ok(groth16_prove(&p, &t.key, t.z, &work, &e), e);
    assert_true(work.memory_peak_bytes <= work.memory_max_bytes);
    assert_ok(groth16_verify(t.vk, t.z + 1, 2, &p, &e), e);
    work = (struct work){.memory_max_bytes = 100};
    assert_err(groth16_prove(&p, &t.key, t.z, &work, &e), VCP_ELIMIT, e, "ceiling");
    assert_int_equal(work.memory_now_bytes, 0);
    tiny_close(&t);
}

static bool stop_at_half(void *arg, const char *stage, unsigned permille)
{
    (void)arg;
    (void)stage;
    return permille < 500;
}

static void a_proof_can_be_cancelled(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p;
    struct work work = {.progress = stop_at_half};
    (void)state;
    tiny_open(&t);
    assert_err(groth16_prove(&p, &t.key, t.z, &work, &e), VCP_ECANCELLED, e, "cancelled");
    assert_int_equal(work.memory_now_bytes, 0);
    tiny_close(&t);
}

/* ---- verification refuses ---- */

static void every_bit_of_a_proof_matters(void **state)
{
    struct tiny t;
    uint8_t good[PROOF_BYTES];
    (void)state;
    tiny_open(&t);
    proof_to_bytes(good, &t.proof);
    for (unsigned bit = 0; bit < PROOF_BYTES * 8; bit++) {
        uint8_t b[PROOF_BYTES];
        struct groth16_proof p;
        struct err e = {0};
        memcpy(b, good, sizeof b);
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int rc = proof_from_bytes(&p, b, &e);
        if (rc == VCP_OK)
            rc = groth16_verify(t.vk, t.z + 1, 2, &p, &e);
        if (rc == VCP_OK || e.msg[0] == 0)
            fail_msg("bit %u flipped and still accepted", bit);
    }
    tiny_close(&t);
}

static void non_canonical_coordinates_are_refused(void **state)
{
    struct tiny t;
    uint8_t b[PROOF_BYTES];
    struct groth16_proof p;
    struct err e = {0};
    unsigned carry = 0;
    (void)state;
    tiny_open(&t);
    proof_to_bytes(b, &t.proof);
    for (int i = 31; i >= 0; i--) { /* A.x + p, big-endian */
        unsigned v = b[i] + ((const unsigned char *)fp_modulus)[31 - i] + carry;
        b[i] = (uint8_t)v;
        carry = v >> 8;
    }
    assert_int_equal(carry, 0);
    assert_err(proof_from_bytes(&p, b, &e), VCP_EFORMAT, e, "A is not");
    tiny_close(&t);
}

static void altered_proofs_and_inputs_are_refused(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p;
    fr_bits in[2];
    (void)state;
    tiny_open(&t);
    p = t.proof;
    p.a = t.proof.c;
    p.c = t.proof.a;
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "does not hold");
    p = t.proof;
    g1_affine_neg(&p.a, &p.a);
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "does not hold");
    memcpy(in, t.z + 1, sizeof in);
    in[1].l[0]++;
    assert_err(groth16_verify(t.vk, in, 2, &t.proof, &e), VCP_EVERIFY, e, "does not hold");
    assert_err(groth16_verify(t.vk, t.z + 1, 1, &t.proof, &e), VCP_EINVAL, e, "wants 2");
    memcpy(in, t.z + 1, sizeof in);
    uint64_t l3 = in[0].l[3];
    unsigned __int128 c = 0; /* z + r: the same residue, another encoding */
    for (int i = 0; i < 4; i++) {
        c += (unsigned __int128)in[0].l[i] + fr_modulus[i];
        in[0].l[i] = (uint64_t)c;
        c >>= 64;
    }
    assert_true(in[0].l[3] != l3);
    assert_err(groth16_verify(t.vk, in, 2, &t.proof, &e), VCP_EINVAL, e, "public input 0");
    tiny_close(&t);
}

static void points_of_no_group_are_refused(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p;
    (void)state;
    tiny_open(&t);
    p = t.proof;
    p.a = (g1_affine){fp_zero, fp_zero};
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "A is the point at inf");
    p = t.proof;
    p.c = (g1_affine){fp_zero, fp_zero};
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "C is the point at inf");
    p = t.proof;
    p.b = (g2_affine){fp2_zero, fp2_zero};
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "B is the point at inf");
    p = t.proof;
    fp_add(&p.a.x, &p.a.x, &fp_one);
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "A is not on the curve");
    p = t.proof;
    fp_add(&p.b.y.c1, &p.b.y.c1, &fp_one);
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "B is not on the curve");
    tiny_close(&t);
}

/* B plus a point of the cofactor group: on the curve, outside the subgroup, and with
 * the same pairing as B under a verifier that does not look. */
static void b_with_a_cofactor_part_is_refused(void **state)
{
    static const uint64_t r_limbs[4] = {UINT64_C(0x43e1f593f0000001), UINT64_C(0x2833e84879b97091),
                                        UINT64_C(0xb85045b68181585d), UINT64_C(0x30644e72e131a029)};
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p;
    g2_affine q = {fp2_zero, fp2_zero};
    g2 low = g2_infinity, sum;
    fp2 b, y2, xi = fp2_one;
    (void)state;

    tiny_open(&t);
    b = fp2_zero;
    fp_from_u64(&b.c0, 3);
    fp2_mul_xi(&xi, &xi);
    fp2_inv(&xi, &xi);
    fp2_mul(&b, &b, &xi);
    for (uint64_t x = 1;; x++) {
        fp_from_u64(&q.x.c0, x);
        fp2_sqr(&y2, &q.x);
        fp2_mul(&y2, &y2, &q.x);
        fp2_add(&y2, &y2, &b);
        if (fp2_sqrt_var(&q.y, &y2))
            break;
    }
    for (int i = 255; i >= 0; i--) { /* [r] q has only the cofactor part */
        g2_dbl(&low, &low);
        if (r_limbs[i / 64] >> (i % 64) & 1)
            g2_add_affine(&low, &low, &q);
    }
    assert_false(g2_is_infinity(&low));
    p = t.proof;
    g2_add_affine(&sum, &low, &p.b);
    g2_to_affine(&p.b, &sum);
    assert_true(g2_affine_is_on_curve(&p.b));
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "subgroup");
    tiny_close(&t);
}

/* (t A, B / t, C) and (A, B + s delta, C + s A) are proofs too: nobody may rely on
 * uniqueness. */
static void rerandomised_proofs_verify(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p;
    fr s, inv;
    fr_bits sb, ib;
    g1 a, c, sa;
    g2 b, d;
    (void)state;
    tiny_open(&t);
    fr_random(&s);
    fr_inv(&inv, &s);
    fr_to_bits(&sb, &s);
    fr_to_bits(&ib, &inv);
    p = t.proof;
    g1_mul(&a, &t.proof.a, &sb);
    g1_to_affine(&p.a, &a);
    g2_mul(&b, &t.proof.b, &ib);
    g2_to_affine(&p.b, &b);
    assert_ok(groth16_verify(t.vk, t.z + 1, 2, &p, &e), e);
    p = t.proof;
    g2_mul(&d, &t.vk->delta2, &sb);
    g2_add_affine(&d, &d, &t.proof.b);
    g2_to_affine(&p.b, &d);
    g1_mul(&sa, &t.proof.a, &sb);
    g1_add_affine(&c, &sa, &t.proof.c);
    g1_to_affine(&p.c, &c);
    assert_ok(groth16_verify(t.vk, t.z + 1, 2, &p, &e), e);
    tiny_close(&t);
}

static void dangerous_keys_are_refused(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct vkey *vk;
    struct zkey initial;
    (void)state;
    tiny_open(&t);
    assert_ok(zkey_open(&initial, FIXTURE("tiny_0.zkey"), &e), e);
    assert_err(vkey_from_zkey(&vk, &initial, &e), VCP_EFORMAT, e, "gamma equals delta");
    zkey_release(&initial);

    struct vkey k = *t.vk;
    k.delta2 = k.gamma2;
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "gamma equals delta");
    k = *t.vk;
    k.alpha1 = (g1_affine){fp_zero, fp_zero};
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "alpha");
    k = *t.vk;
    k.beta2 = (g2_affine){fp2_zero, fp2_zero};
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "beta");
    k = *t.vk;
    k.committed = true;
    k.delta1 = k.delta2;
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "delta1 equals delta2");
    k.delta1 = k.gamma2;
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "delta1 equals gamma");
    g1_affine saved = t.vk->ic[2];
    t.vk->ic[2] = (g1_affine){fp_zero, fp_zero};
    k = *t.vk;
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "IC[2]");
    t.vk->ic[2] = saved;
    tiny_close(&t);
}

static void verifying_key_bytes_round_trip(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct vkey k;
    struct buf b;
    g1_affine ic[3];
    (void)state;
    tiny_open(&t);
    buf_init(&b, 0);
    vkey_put(&b, t.vk);
    assert_int_equal(b.len, vkey_bytes_size(t.vk));
    assert_int_equal(vkey_ic_size(b.data, b.len), sizeof ic);
    assert_ok(vkey_from_bytes(&k, ic, b.data, b.len, &e), e);
    uint8_t a[VKEY_DIGEST_BYTES], c[VKEY_DIGEST_BYTES];
    assert_ok(vkey_digest(a, &k, &e), e);
    assert_ok(vkey_digest(c, t.vk, &e), e);
    assert_memory_equal(a, c, sizeof a);
    assert_ok(groth16_verify(&k, t.z + 1, 2, &t.proof, &e), e);
    for (size_t n = 0; n < b.len; n++)
        assert_int_not_equal(vkey_from_bytes(&k, ic, b.data, n, NULL), VCP_OK);
    for (size_t i = 48; i < b.len; i += 7) { /* past the circuit digest: points */
        b.data[i] ^= 1;
        if (i < 16 || i >= 48)
            assert_int_not_equal(vkey_from_bytes(&k, ic, b.data, b.len, NULL), VCP_OK);
        b.data[i] ^= 1;
    }
    buf_release(&b);
    tiny_close(&t);
}

/* ---- batches ---- */

static void batches_accept_good_and_name_the_bad(void **state)
{
    enum { N = 37 };
    static struct groth16_proof proofs[N];
    struct groth16_claim claims[N];
    struct err e = {0};
    struct tiny t;
    struct threads *threads = threads_new(2);
    size_t bad = SIZE_MAX;
    (void)state;
    tiny_open(&t);
    for (size_t i = 0; i < N; i++) {
        struct work work = {0};
        assert_ok(groth16_prove(&proofs[i], &t.key, t.z, &work, &e), e);
        claims[i] = (struct groth16_claim){t.vk, t.z + 1, NULL, &proofs[i]};
    }
    assert_ok(groth16_verify_batch(claims, N, threads, &bad, &e), e);
    assert_ok(groth16_verify_batch(claims, 0, threads, &bad, &e), e);
    fr_bits other[2] = {t.z[1], t.z[2]};
    other[0].l[0] ^= 1;
    claims[21].public_inputs = other;
    assert_err(groth16_verify_batch(claims, N, threads, &bad, &e), VCP_EVERIFY, e, "proof 21 of");
    assert_int_equal(bad, 21);
    claims[21].public_inputs = t.z + 1;
    /* Two errors that cancel in a plain sum must not cancel in the batch. */
    g1_affine c0 = proofs[3].c, c1 = proofs[4].c;
    g1 d;
    g1_from_affine(&d, &c0);
    g1_add_affine(&d, &d, &g1_generator);
    g1_to_affine(&proofs[3].c, &d);
    g1_affine minus;
    g1_affine_neg(&minus, &g1_generator);
    g1_from_affine(&d, &c1);
    g1_add_affine(&d, &d, &minus);
    g1_to_affine(&proofs[4].c, &d);
    assert_err(groth16_verify_batch(claims, N, threads, &bad, &e), VCP_EVERIFY, e, "proof 3 of");
    threads_free(threads);
    tiny_close(&t);
}

/* ---- setups ---- */

static void setup_gives_the_bytes_of_snarkjs(void **state)
{
    struct err e = {0};
    struct r1cs r;
    struct ptau p;
    struct work work = {0};
    (void)state;
    assert_ok(r1cs_open(&r, FIXTURE("tiny.r1cs"), &e), e);
    assert_ok(ptau_open(&p, FIXTURE("tiny.ptau"), &e), e);
    assert_ok(groth16_setup_ptau(SCRATCH("ours_0.zkey"), &r, &p, NULL, &work, &e), e);
    struct buf got = fixture_bytes(SCRATCH("ours_0.zkey")),
               want = fixture_bytes(FIXTURE("tiny_0.zkey"));
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, got.len);
    buf_release(&got);
    buf_release(&want);
    ptau_release(&p);
    r1cs_release(&r);
}

static void beacon_gives_the_bytes_of_snarkjs(void **state)
{
    uint8_t beacon[31];
    struct err e = {0};
    struct zkey k;
    struct work work = {0};
    (void)state;
    for (unsigned i = 0; i < sizeof beacon; i++)
        beacon[i] = (uint8_t)(i + 1);
    assert_ok(zkey_open(&k, FIXTURE("tiny_1.zkey"), &e), e);
    assert_ok(groth16_beacon(SCRATCH("ours_2.zkey"), &k, "last", beacon, sizeof beacon, 10, NULL,
                             &work, &e),
              e);
    struct buf got = fixture_bytes(SCRATCH("ours_2.zkey")),
               want = fixture_bytes(FIXTURE("tiny_2.zkey"));
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, got.len);
    buf_release(&got);
    buf_release(&want);
    zkey_release(&k);
}

struct ceremony {
    struct r1cs r;
    struct ptau p;
};

static void ceremony_open(struct ceremony *c)
{
    struct err e = {0};
    assert_ok(r1cs_open(&c->r, FIXTURE("tiny.r1cs"), &e), e);
    assert_ok(ptau_open(&c->p, FIXTURE("tiny.ptau"), &e), e);
}

static void ceremony_close(struct ceremony *c)
{
    r1cs_release(&c->r);
    ptau_release(&c->p);
}

static void contributed_keys_check_and_prove(void **state)
{
    struct err e = {0};
    struct ceremony c;
    struct zkey k0, k1;
    struct tiny t;
    struct groth16_proof p;
    struct vkey *vk;
    struct work work = {0};
    (void)state;
    tiny_open(&t);
    ceremony_open(&c);
    assert_ok(zkey_open(&k0, FIXTURE("tiny_2.zkey"), &e), e);
    assert_ok(groth16_contribute(SCRATCH("ours_3.zkey"), &k0, "ours", "dice", NULL, &work, &e), e);
    assert_ok(zkey_open(&k1, SCRATCH("ours_3.zkey"), &e), e);
    assert_ok(groth16_check_key(&k1, &c.r, &c.p, SCRATCH("init.tmp"), &work, &e), e);
    assert_int_equal(access(SCRATCH("init.tmp"), F_OK), -1);
    assert_ok(vkey_from_zkey(&vk, &k1, &e), e);
    assert_ok(groth16_prove(&p, &k1, t.z, &work, &e), e);
    assert_ok(groth16_verify(vk, t.z + 1, 2, &p, &e), e);
    assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "does not hold");
    vkey_free(vk);
    zkey_release(&k0);
    zkey_release(&k1);
    ceremony_close(&c);
    tiny_close(&t);
}

/* One point of a section negated: every point is still good, the key is not. */
static void tampered_keys_are_found(void **state)
{
    static const struct {
        unsigned id;
        const char *word;
    } cases[] = {{3, "IC"}, {5, "A differs"}, {6, "B1 differs"}, {8, "L does"}, {9, "H does"}};
    struct ceremony c;
    (void)state;
    ceremony_open(&c);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = fixture_bytes(FIXTURE("tiny_2.zkey"));
        struct work work = {0};
        struct err e = {0};
        struct zkey k;
        assert_ok(zkey_parse(&k, "k", b.data, b.len, &e), e);
        size_t at = (size_t)(k.file.sections[cases[i].id].data - b.data);
        g1_affine g;
        memcpy(&g, b.data + at, sizeof g);
        while (g1_affine_is_infinity(&g))
            memcpy(&g, b.data + (at += sizeof g), sizeof g);
        g1_affine_neg(&g, &g); /* still a point of the curve */
        memcpy(b.data + at, &g, sizeof g);
        assert_err(groth16_check_key(&k, &c.r, &c.p, SCRATCH("init.tmp"), &work, &e), VCP_EVERIFY,
                   e, cases[i].word);
        zkey_release(&k);
        buf_release(&b);
    }
    ceremony_close(&c);
}

static void local_setup_proves_and_is_stamped(void **state)
{
    struct err e = {0};
    struct ceremony c;
    struct tiny t;
    struct cs cs;
    struct zkey k;
    struct vkey *vk;
    struct groth16_proof p;
    struct work work = {0};
    (void)state;
    tiny_open(&t);
    ceremony_open(&c);
    assert_ok(cs_from_r1cs(&cs, &c.r, &e), e);
    assert_ok(groth16_setup_local(SCRATCH("local.zkey"), &cs, &work, &e), e);
    assert_int_equal(work.memory_now_bytes, 0);
    assert_ok(zkey_open(&k, SCRATCH("local.zkey"), &e), e);
    assert_ok(zkey_check_points(&k, NULL, &e), e);
    assert_true(zkey_is_local_test(&k));
    assert_ok(vkey_from_zkey(&vk, &k, &e), e);
    assert_true(vk->local_test);
    assert_ok(groth16_prove(&p, &k, t.z, &work, &e), e);
    assert_ok(groth16_verify(vk, t.z + 1, 2, &p, &e), e);
    t.z[6].l[0] ^= 1;
    assert_ok(groth16_prove(&p, &k, t.z, &work, &e), e);
    assert_err(groth16_verify(vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "does not hold");
    assert_err(groth16_contribute(SCRATCH("x.zkey"), &k, "x", NULL, NULL, &work, &e), VCP_ESTATE, e,
               "local");
    vkey_free(vk);
    zkey_release(&k);
    cs_release(&cs);
    ceremony_close(&c);
    tiny_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snarkjs_proof_verifies),
        cmocka_unit_test(our_proof_verifies_with_any_number_of_threads),
        cmocka_unit_test(a_false_witness_gives_a_proof_that_fails),
        cmocka_unit_test(a_memory_ceiling_is_kept),
        cmocka_unit_test(a_proof_can_be_cancelled),
        cmocka_unit_test(every_bit_of_a_proof_matters),
        cmocka_unit_test(non_canonical_coordinates_are_refused),
        cmocka_unit_test(altered_proofs_and_inputs_are_refused),
        cmocka_unit_test(points_of_no_group_are_refused),
        cmocka_unit_test(b_with_a_cofactor_part_is_refused),
        cmocka_unit_test(rerandomised_proofs_verify),
        cmocka_unit_test(dangerous_keys_are_refused),
        cmocka_unit_test(verifying_key_bytes_round_trip),
        cmocka_unit_test(batches_accept_good_and_name_the_bad),
        cmocka_unit_test(setup_gives_the_bytes_of_snarkjs),
        cmocka_unit_test(beacon_gives_the_bytes_of_snarkjs),
        cmocka_unit_test(contributed_keys_check_and_prove),
        cmocka_unit_test(tampered_keys_are_found),
        cmocka_unit_test(local_setup_proves_and_is_stamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
