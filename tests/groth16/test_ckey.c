/* test_ckey.c - Groth16 with a committed first stage: it proves, and what must fail does. */
#include "fixtures.h"

#include "base/rng.h"
#include "groth16/ckey.h"
#include "groth16/field_io.h"

enum { N_PUBLIC = 3, N_STAGE1 = 9, N_WIRES = 30, N_ROWS = 21 };

static const uint8_t seed[32] = "a seed that stamps the key";

struct circuit {
    struct cs cs;
    struct ckey key;
    fr_bits z[N_WIRES];
    g1_affine d;
    struct groth16_proof proof;
};

static void random_fr(fr *out, struct prng *r)
{
    uint8_t wide[64];
    for (int i = 0; i < 8; i++) {
        uint64_t v = prng_next(r);
        memcpy(wide + 8 * i, &v, 8);
    }
    fr_from_wide_le(out, wide);
}

/* Random rows over random wires; each C ends in the constant that satisfies the row, so
 * public, stage-1 and stage-2 wires all occur in A, B and C. */
static void random_system(struct cs *c, fr z[], struct prng *r)
{
    cs_init(c, N_WIRES, N_PUBLIC, N_STAGE1);
    for (uint32_t i = 1; i < N_WIRES; i++)
        random_fr(&z[i], r);
    z[0] = fr_one;
    for (int row = 0; row < N_ROWS; row++) {
        fr v[3] = {fr_zero, fr_zero, fr_zero}, ab;
        for (unsigned m = 0; m < 3; m++) {
            uint32_t wire = 1 + (uint32_t)prng_below(r, 5);
            for (; wire < N_WIRES; wire += 1 + (uint32_t)prng_below(r, 12)) {
                fr coef = fr_one, t;
                if (prng_below(r, 3) == 0)
                    fr_neg(&coef, &coef);
                else if (prng_below(r, 2) == 0)
                    random_fr(&coef, r);
                cs_term(c, m, wire, &coef);
                fr_mul(&t, &coef, &z[wire]);
                fr_add(&v[m], &v[m], &t);
            }
        }
        fr_mul(&ab, &v[CS_A], &v[CS_B]);
        fr_sub(&ab, &ab, &v[CS_C]);
        cs_term(c, CS_C, 0, &ab);
        cs_row_end(c);
    }
}

static void prove(struct circuit *c, struct threads *threads)
{
    struct err e = {0};
    struct ckey_opening opening;
    struct work work = {.threads = threads};
    assert_ok(ckey_commit(&c->d, &opening, &c->key, c->z + 1 + N_PUBLIC, &work, &e), e);
    assert_ok(ckey_prove(&c->proof, &c->key, ckey_rows_of(&c->cs), c->z, &opening, &work, &e), e);
    assert_int_equal(work.memory_now_bytes, 0);
}

static void circuit_open(struct circuit *c, uint64_t prng_seed)
{
    struct err e = {0};
    struct prng r;
    struct work work = {0};
    fr z[N_WIRES];

    prng_init(&r, prng_seed);
    random_system(&c->cs, z, &r);
    assert_ok(cs_finish(&c->cs, &e), e);
    assert_int_equal(cs_first_unsatisfied(&c->cs, z), c->cs.n_rows);
    fr_to_bits_n(c->z, z, N_WIRES);
    assert_ok(ckey_setup(SCRATCH("test.avck"), &c->cs, seed, &work, &e), e);
    assert_int_equal(work.memory_now_bytes, 0);
    assert_ok(ckey_open(&c->key, SCRATCH("test.avck"), &e), e);
    prove(c, NULL);
}

static void circuit_close(struct circuit *c)
{
    ckey_release(&c->key);
    cs_release(&c->cs);
}

static int verify(const struct circuit *c, const g1_affine *d, const struct groth16_proof *p,
                  struct err *err)
{
    return groth16_verify_committed(c->key.vk, c->z + 1, N_PUBLIC, d, p, err);
}

static void honest_proofs_verify(void **state)
{
    struct threads *threads = threads_new(2);
    (void)state;
    for (uint64_t s = 1; s <= 5; s++) {
        struct cs_shape shape;
        struct circuit c;
        struct err e = {0};
        circuit_open(&c, s);
        assert_ok(ckey_check_points(&c.key, threads, &e), e);
        assert_ok(cs_shape_of(&shape, &c.cs, &e), e);
        assert_ok(ckey_check_circuit(&c.key, &shape, &e), e);
        assert_true(c.key.vk->local_test);
        assert_ok(verify(&c, &c.d, &c.proof, &e), e);
        prove(&c, threads);
        assert_ok(verify(&c, &c.d, &c.proof, &e), e);
        circuit_close(&c);
    }
    threads_free(threads);
}

static void the_same_seed_gives_the_same_key(void **state)
{
    struct circuit c;
    struct err e = {0};
    struct work work = {0};
    (void)state;
    circuit_open(&c, 1);
    assert_ok(ckey_setup(SCRATCH("again.avck"), &c.cs, seed, &work, &e), e);
    struct buf a = fixture_bytes(SCRATCH("test.avck")), b = fixture_bytes(SCRATCH("again.avck"));
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    assert_ok(ckey_setup(SCRATCH("again.avck"), &c.cs, NULL, &work, &e), e);
    struct ckey k;
    assert_ok(ckey_open(&k, SCRATCH("again.avck"), &e), e);
    assert_false(k.vk->local_test);
    uint8_t d1[VKEY_DIGEST_BYTES], d2[VKEY_DIGEST_BYTES];
    assert_ok(vkey_digest(d1, k.vk, &e), e);
    assert_ok(vkey_digest(d2, c.key.vk, &e), e);
    assert_memory_not_equal(d1, d2, sizeof d1);
    ckey_release(&k);
    buf_release(&a);
    buf_release(&b);
    circuit_close(&c);
}

static void add(g1_affine *out, const g1_affine *a, const g1_affine *b)
{
    g1 t;
    g1_from_affine(&t, a);
    g1_add_affine(&t, &t, b);
    g1_to_affine(out, &t);
}

static void mul(g1_affine *out, const g1_affine *a, const fr_bits *k)
{
    g1 t;
    g1_mul(&t, a, k);
    g1_to_affine(out, &t);
}

#define refuse(c, d, p, word)                                                                      \
    do {                                                                                           \
        struct err e_ = {0};                                                                       \
        assert_err(verify(c, d, p, &e_), VCP_EVERIFY, e_, word);                                   \
    } while (0)

static void altered_parts_are_refused(void **state)
{
    struct circuit c;
    struct groth16_proof p;
    g1_affine d, inf = {fp_zero, fp_zero};
    struct err e = {0};
    (void)state;
    circuit_open(&c, 7);
    p = c.proof;
    p.c = c.d;
    d = c.proof.c;
    refuse(&c, &d, &p, "does not hold"); /* D and C exchanged */
    p = c.proof;
    p.a = c.proof.c;
    p.c = c.proof.a;
    refuse(&c, &c.d, &p, "does not hold");
    add(&d, &c.d, &g1_generator);
    refuse(&c, &d, &c.proof, "does not hold");
    refuse(&c, &inf, &c.proof, "D is the point at infinity");
    for (int i = 0; i < N_PUBLIC; i++) {
        c.z[1 + i].l[0] ^= 1;
        refuse(&c, &c.d, &c.proof, "does not hold");
        c.z[1 + i].l[0] ^= 1;
    }
    assert_err(groth16_verify(c.key.vk, c.z + 1, N_PUBLIC, &c.proof, &e), VCP_EINVAL, e,
               "commitment");
    circuit_close(&c);
}

/* The forgery that works when commitments share gamma with the public inputs: put
 * -x IC_j into D and change public input j by x.  Here D has a trapdoor of its own. */
static void an_input_cannot_be_moved_into_the_commitment(void **state)
{
    struct circuit c;
    fr x, minus;
    fr_bits mb;
    g1_affine t, d;
    (void)state;
    circuit_open(&c, 8);
    fr_random(&x);
    fr_neg(&minus, &x);
    fr_to_bits(&mb, &minus);
    mul(&t, &c.key.vk->ic[2], &mb);
    add(&d, &c.d, &t);
    fr z;
    fr_from_bits(&z, &c.z[2]);
    fr_add(&z, &z, &x);
    fr_to_bits(&c.z[2], &z);
    refuse(&c, &d, &c.proof, "does not hold");
    circuit_close(&c);
}

/* D of one witness with the rest of another: what a challenge binds must stay. */
static void a_commitment_to_another_witness_is_refused(void **state)
{
    struct circuit c;
    struct ckey_opening o1, o2;
    struct err e = {0};
    struct work work = {0};
    fr_bits other[N_STAGE1];
    struct groth16_proof p;
    g1_affine d2;
    (void)state;
    circuit_open(&c, 9);
    memcpy(other, c.z + 1 + N_PUBLIC, sizeof other);
    other[4].l[0] ^= 1;
    assert_ok(ckey_commit(&c.d, &o1, &c.key, c.z + 1 + N_PUBLIC, &work, &e), e);
    assert_ok(ckey_commit(&d2, &o2, &c.key, other, &work, &e), e);
    /* the cheat: opening of the other commitment, honest witness */
    assert_ok(ckey_prove(&p, &c.key, ckey_rows_of(&c.cs), c.z, &o2, &work, &e), e);
    refuse(&c, &d2, &p, "does not hold");
    refuse(&c, &c.d, &p, "does not hold");
    circuit_close(&c);
}

/* Its arrays would be too short for what evaluates, or the other way round. */
static void rows_of_another_circuit_are_refused(void **state)
{
    struct ckey_opening opening;
    struct groth16_proof p;
    struct work work = {0};
    struct err e = {0};
    struct circuit c;
    (void)state;
    circuit_open(&c, 9);
    assert_ok(ckey_commit(&c.d, &opening, &c.key, c.z + 1 + N_PUBLIC, &work, &e), e);
    for (int i = 0; i < 3; i++) {
        struct ckey_rows rows = ckey_rows_of(&c.cs);
        rows.n_wires += i == 0;
        rows.n_rows -= i == 1;
        rows.log_domain += i == 2;
        assert_err(ckey_prove(&p, &c.key, rows, c.z, &opening, &work, &e), VCP_EINVAL, e,
                   "a circuit of");
    }
    circuit_close(&c);
}

static void unsatisfied_rows_are_refused(void **state)
{
    struct circuit c;
    (void)state;
    circuit_open(&c, 10);
    for (int w = 1 + N_PUBLIC; w < N_WIRES; w++) {
        c.z[w].l[0] ^= 1;
        prove(&c, NULL);
        fr zm[N_WIRES];
        fr_from_bits_n(zm, c.z, N_WIRES);
        if (cs_first_unsatisfied(&c.cs, zm) < c.cs.n_rows)
            refuse(&c, &c.d, &c.proof, "does not hold");
        c.z[w].l[0] ^= 1;
    }
    circuit_close(&c);
}

/* (D + t d2, C - t d1) satisfies the equation; a transcript holding D tells them apart. */
static void rerandomised_commitments_verify(void **state)
{
    struct circuit c;
    struct err e = {0};
    struct groth16_proof p;
    fr t, minus;
    fr_bits tb, mb;
    g1_affine x, d;
    (void)state;
    circuit_open(&c, 11);
    fr_random(&t);
    fr_neg(&minus, &t);
    fr_to_bits(&tb, &t);
    fr_to_bits(&mb, &minus);
    mul(&x, &c.key.d2_1, &tb);
    add(&d, &c.d, &x);
    p = c.proof;
    mul(&x, &c.key.d1_1, &mb);
    add(&p.c, &p.c, &x);
    assert_ok(verify(&c, &d, &p, &e), e);
    circuit_close(&c);
}

static void keys_of_other_circuits_are_refused(void **state)
{
    struct circuit a, b;
    struct cs_shape shape;
    struct err e = {0};
    (void)state;
    circuit_open(&a, 12);
    circuit_open(&b, 13);
    assert_ok(cs_shape_of(&shape, &b.cs, &e), e);
    assert_err(ckey_check_circuit(&a.key, &shape, &e), VCP_EINVAL, e, "another circuit");
    assert_err(groth16_verify_committed(a.key.vk, b.z + 1, N_PUBLIC, &b.d, &b.proof, &e),
               VCP_EVERIFY, e, "does not hold");
    circuit_close(&a);
    circuit_close(&b);
}

static void batches_mix_keys(void **state)
{
    struct circuit a, b;
    struct err e = {0};
    struct tiny t;
    size_t bad;
    (void)state;
    tiny_open(&t);
    circuit_open(&a, 14);
    circuit_open(&b, 15);
    struct groth16_claim claims[5] = {{a.key.vk, a.z + 1, &a.d, &a.proof},
                                      {t.vk, t.z + 1, NULL, &t.proof},
                                      {b.key.vk, b.z + 1, &b.d, &b.proof},
                                      {a.key.vk, a.z + 1, &a.d, &a.proof},
                                      {t.vk, t.z + 1, NULL, &t.proof}};
    assert_ok(groth16_verify_batch(claims, 5, NULL, &bad, &e), e);
    claims[2].d = &a.d;
    assert_err(groth16_verify_batch(claims, 5, NULL, &bad, &e), VCP_EVERIFY, e, "proof 2");
    claims[2].d = NULL;
    assert_err(groth16_verify_batch(claims, 5, NULL, &bad, &e), VCP_EINVAL, e, "proof 2");
    circuit_close(&a);
    circuit_close(&b);
    tiny_close(&t);
}

static void truncated_and_spoiled_keys_are_refused(void **state)
{
    struct circuit c;
    struct ckey k;
    struct err e = {0};
    (void)state;
    circuit_open(&c, 16);
    struct buf b = fixture_bytes(SCRATCH("test.avck"));
    for (size_t n = 0; n < b.len; n += 53)
        assert_int_not_equal(ckey_parse(&k, "k", b.data, n, &e), VCP_OK);
    for (size_t at = 24; at < 24 + 72 + 24 + 4 * 64 + 2 * 128; at++) {
        if (at >= 24 + 84 && at < 24 + 88)
            continue; /* the count of rows: bound by ckey_check_circuit */
        b.data[at] ^= 0x11;
        if (ckey_parse(&k, "k", b.data, b.len, &e) == VCP_OK)
            fail_msg("byte %zu of the header changed and still accepted", at);
        b.data[at] ^= 0x11;
    }
    assert_ok(ckey_parse(&k, "k", b.data, b.len, &e), e);
    ckey_release(&k);
    buf_release(&b);
    circuit_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_proofs_verify),
        cmocka_unit_test(the_same_seed_gives_the_same_key),
        cmocka_unit_test(altered_parts_are_refused),
        cmocka_unit_test(an_input_cannot_be_moved_into_the_commitment),
        cmocka_unit_test(a_commitment_to_another_witness_is_refused),
        cmocka_unit_test(rows_of_another_circuit_are_refused),
        cmocka_unit_test(unsatisfied_rows_are_refused),
        cmocka_unit_test(rerandomised_commitments_verify),
        cmocka_unit_test(keys_of_other_circuits_are_refused),
        cmocka_unit_test(batches_mix_keys),
        cmocka_unit_test(truncated_and_spoiled_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
