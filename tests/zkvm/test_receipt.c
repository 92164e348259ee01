/* test_receipt.c - receipts of the toy machine: what must hold holds, and every attack of
 * the review on transcript, batch and receipt is refused.  Names: R1..R11, G2, I3, P9, M1, S1. */
#include "toy.h"

#include "base/hash.h"
#include "base/limits.h"
#include "groth16/field_io.h"
#include "groth16/verify.h"
#include "zkvm/transcript.h"

static const uint8_t seed[32] = "known to everyone";

static struct {
    struct toy_circuit circuits[2];
    struct toy_circuit triple; /* as DOUBLE in shape, but it sends 3x */
    struct keyring ring;
    struct statement statement;
    struct receipt receipt;
} g;

static struct receipt_policy policy = {&g.ring, false, NULL};

static int setup(void **state)
{
    struct err e = {0};
    const char *dir = SCRATCH("keys");
    (void)state;
    toy_circuit_open(&g.circuits[0], dir, "double", 2, 0, TOY_CHI_IN, TOY_CHI_MID, NULL);
    toy_circuit_open(&g.circuits[1], dir, "increment", 1, 1, TOY_CHI_MID, TOY_CHI_OUT, NULL);
    toy_circuit_open(&g.triple, dir, "triple", 3, 0, TOY_CHI_IN, TOY_CHI_MID, NULL);
    assert_ok(keyring_open(&g.ring, dir, NULL, 0, &e), e);
    toy_statement(&g.statement, 5, 4);
    toy_prove(&g.receipt, g.circuits, &g.statement);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    receipt_release(&g.receipt);
    keyring_release(&g.ring);
    toy_circuit_close(&g.circuits[0]);
    toy_circuit_close(&g.circuits[1]);
    toy_circuit_close(&g.triple);
    return 0;
}

/* A copy to be spoiled. */
static struct receipt copy(const struct receipt *r)
{
    struct receipt c;
    struct err e = {0};
    assert_ok(receipt_init(&c, r->n_keys, r->n_proofs, &e), e);
    memcpy(c.keys, r->keys, r->n_keys * sizeof *r->keys);
    memcpy(c.proofs, r->proofs, r->n_proofs * sizeof *r->proofs);
    c.statement = r->statement;
    c.lists = r->lists;
    return c;
}

static int verify(const struct receipt *r, struct err *err)
{
    return receipt_verify(r, &toy_terms, &policy, NULL, NULL, err);
}

/* Refuses r, and releases it. */
static void refuse(struct receipt *r, const char *word)
{
    struct err e = {0};
    assert_err(verify(r, &e), VCP_EVERIFY, e, word);
    receipt_release(r);
}

/* An S that restores the balance, as a prover would choose it who has seen the challenges. */
static void rebalance(struct receipt *r)
{
    fr challenges[BUS_CHALLENGES], sum, s;
    struct err e = {0};
    assert_ok(receipt_challenges(challenges, r, &e), e);
    assert_ok(terms_sum(&sum, NULL, &toy_terms, &r->statement, &r->lists, challenges, &e), e);
    for (uint32_t i = 1; i < r->n_proofs; i++) {
        assert_true(fr_from_bits(&s, &r->proofs[i].s));
        fr_add(&sum, &sum, &s);
    }
    fr_neg(&sum, &sum);
    fr_to_bits(&r->proofs[0].s, &sum);
}

/* Refused as it is, and with the balance made up. */
static void refuse_both(struct receipt *r)
{
    struct receipt c = copy(r);
    refuse(&c, "do not balance");
    rebalance(r);
    refuse(r, "does not hold");
}

/* ---- what holds ---- */

static void an_honest_receipt_holds(void **state)
{
    struct receipt_report report;
    struct err e = {0};
    uint8_t digest[32];
    (void)state;
    assert_int_equal(g.receipt.n_proofs, 4);
    assert_int_equal(g.receipt.n_keys, 2);
    assert_ok(receipt_verify(&g.receipt, &toy_terms, &policy, NULL, &report, &e), e);
    statement_digest(digest, &g.statement);
    assert_memory_equal(digest, report.statement_digest, 32);
    assert_int_equal(report.n_terms, 8);
    assert_int_equal(report.bad_proof, UINT32_MAX);
}

static void bytes_come_back_as_they_were(void **state)
{
    struct receipt r;
    struct buf a, b;
    struct err e = {0};
    (void)state;
    buf_init(&a, 0);
    buf_init(&b, 0);
    receipt_encode(&a, &g.receipt);
    assert_ok(receipt_decode(&r, a.data, a.len, &e), e);
    assert_ok(verify(&r, &e), e);
    receipt_encode(&b, &r);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    receipt_release(&r);
    buf_release(&a);
    buf_release(&b);
}

/* (tA, B/t, C) and (A, B + t d2, C + t A): other bytes, the same claim.  Whoever takes the
 * hash of a receipt for its identity is wrong. */
static void a_rerandomised_receipt_holds(void **state)
{
    struct receipt r = copy(&g.receipt);
    struct err e = {0};
    uint8_t d1[32], d2[32];
    fr t, inv;
    fr_bits tb, ib;
    g1 a, c;
    g2 b;
    (void)state;
    fr_random(&t);
    fr_inv(&inv, &t);
    fr_to_bits(&tb, &t);
    fr_to_bits(&ib, &inv);
    struct groth16_proof *p = &r.proofs[0].proof;
    g1_mul(&a, &p->a, &tb);
    g1_to_affine(&p->a, &a);
    g2_mul(&b, &p->b, &ib);
    g2_to_affine(&p->b, &b);
    p = &r.proofs[1].proof;
    g2_mul(&b, &g.circuits[1].key.vk->delta2, &tb);
    g2_add_affine(&b, &b, &p->b);
    g2_to_affine(&p->b, &b);
    g1_mul(&c, &p->a, &tb);
    g1_add_affine(&c, &c, &p->c);
    g1_to_affine(&p->c, &c);
    assert_ok(verify(&r, &e), e);
    statement_digest(d1, &r.statement);
    statement_digest(d2, &g.receipt.statement);
    assert_memory_equal(d1, d2, 32);
    receipt_release(&r);
}

static void a_batch_names_the_bad_receipt(void **state)
{
    struct statement s;
    struct receipt other, spoiled = copy(&g.receipt);
    struct err e = {0};
    size_t bad = 99;
    (void)state;
    toy_statement(&s, 100, 2);
    toy_prove(&other, g.circuits, &s);
    struct receipt_claim claims[3] = {
        {&g.receipt, &toy_terms}, {&other, &toy_terms}, {&g.receipt, &toy_terms}};
    assert_ok(receipt_verify_batch(claims, 3, &policy, NULL, &bad, &e), e);
    assert_ok(receipt_verify_batch(claims, 0, &policy, NULL, &bad, &e), e);
    spoiled.proofs[2].proof.a = g.receipt.proofs[0].proof.a;
    claims[2].receipt = &spoiled;
    assert_err(receipt_verify_batch(claims, 3, &policy, NULL, &bad, &e), VCP_EVERIFY, e,
               "receipt 2 of 3");
    assert_int_equal(bad, 2);
    claims[1].receipt = &spoiled;
    spoiled.proofs[0].s.l[0] ^= 1;
    assert_err(receipt_verify_batch(claims, 3, &policy, NULL, &bad, &e), VCP_EVERIFY, e,
               "do not balance");
    assert_int_equal(bad, 1);
    receipt_release(&spoiled);
    receipt_release(&other);
}

/* ---- review 1.11 ---- */

static void every_altered_byte_is_refused(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 0);
    receipt_encode(&b, &g.receipt);
    for (size_t i = 0; i < b.len; i++) {
        struct err e = {0};
        struct receipt r;
        b.data[i] ^= (unsigned char)(1u << i % 8);
        if (receipt_decode(&r, b.data, b.len, &e) == VCP_OK) {
            if (verify(&r, &e) == VCP_OK)
                fail_msg("bit %zu of byte %zu of the receipt is not bound", i % 8, i);
            receipt_release(&r);
        }
        b.data[i] ^= (unsigned char)(1u << i % 8);
    }
    buf_release(&b);
}

static void exchanged_points_are_refused(void **state)
{
    struct receipt r = copy(&g.receipt);
    struct groth16_proof *p = &r.proofs[1].proof;
    g1_affine t = p->a;
    (void)state;
    p->a = p->c;
    p->c = t;
    refuse(&r, "proof 1 of 4");
    r = copy(&g.receipt);
    p = &r.proofs[1].proof;
    t = r.proofs[1].d;
    r.proofs[1].d = p->c;
    p->c = t;
    refuse_both(&r);
}

/* One proof against inputs that are off by one, each in turn. */
static void every_public_input_is_bound(void **state)
{
    const struct receipt_proof *p = &g.receipt.proofs[0];
    fr challenges[BUS_CHALLENGES];
    fr_bits in[RECEIPT_PUBLIC_INPUTS];
    struct err e = {0};
    (void)state;
    assert_ok(receipt_challenges(challenges, &g.receipt, &e), e);
    fr_to_bits_n(in, challenges, BUS_CHALLENGES);
    in[BUS_CHALLENGES] = p->s;
    const struct vkey *vk = g.circuits[0].key.vk;
    assert_ok(groth16_verify_committed(vk, in, RECEIPT_PUBLIC_INPUTS, &p->d, &p->proof, &e), e);
    for (int i = 0; i < RECEIPT_PUBLIC_INPUTS; i++) {
        in[i].l[0] ^= 1;
        assert_err(groth16_verify_committed(vk, in, RECEIPT_PUBLIC_INPUTS, &p->d, &p->proof, &e),
                   VCP_EVERIFY, e, "does not hold");
        in[i].l[0] ^= 1;
    }
}

static void an_input_moved_into_the_commitment_is_refused(void **state)
{
    struct receipt r = copy(&g.receipt);
    fr_bits one = {{1, 0, 0, 0}};
    g1_affine ic = g.circuits[0].key.vk->ic[TOY_S];
    g1 d;
    (void)state;
    g1_affine_neg(&ic, &ic); /* D - IC_S, S + 1 */
    g1_mul(&d, &ic, &one);
    g1_add_affine(&d, &d, &r.proofs[0].d);
    g1_to_affine(&r.proofs[0].d, &d);
    r.proofs[0].s.l[0] += 1;
    refuse_both(&r);
}

/* Of what the hash covers, each left out or changed: no challenge stays. */
static void the_challenges_bind_everything_said_before(void **state)
{
    fr first[BUS_CHALLENGES], second[BUS_CHALLENGES];
    struct err e = {0};
    (void)state;
    assert_ok(receipt_challenges(first, &g.receipt, &e), e);
    for (int what = 0; what < 16; what++) {
        struct receipt r = copy(&g.receipt);
        switch (what) {
        case 0: r.n_proofs--; break;
        case 1: r.keys[1][31] ^= 1; break;
        case 2: r.proofs[3].d = r.proofs[2].d; break;
        case 3: r.proofs[1].key = 0; break;
        case 4: r.statement.context[0] ^= 1; break;
        case 5: r.statement.gas_max++; break;
        case 6: r.lists.clock_end++; break;
        case 7: r.lists.pc_end++; break;
        case 8: r.statement.output.bytes++; break;
        case 9: r.statement.input.sha3[7] ^= 1; break;
        case 10: r.statement.n_results--; break;
        case 11: r.statement.entry[0] ^= 1; break;
        case 12: r.lists.gas_rows++; break;
        case 13: r.statement.arguments.sha3[0] ^= 1; break;
        case 14: r.statement.environment.bytes++; break;
        case 15: r.statement.output_bytes_max++; break;
        }
        assert_ok(receipt_challenges(second, &r, &e), e);
        for (int k = 0; k < BUS_CHALLENGES; k++)
            assert_false(fr_eq(&first[k], &second[k]));
        receipt_release(&r);
    }
}

static void challenges_differ_from_one_another(void **state)
{
    fr c[BUS_CHALLENGES];
    struct err e = {0};
    (void)state;
    assert_ok(receipt_challenges(c, &g.receipt, &e), e);
    for (int i = 0; i < BUS_CHALLENGES; i++)
        for (int j = 0; j < i; j++)
            assert_false(fr_eq(&c[i], &c[j]));
}

static void another_number_or_order_of_proofs_is_refused(void **state)
{
    struct receipt r = copy(&g.receipt);
    struct receipt_proof t;
    (void)state;
    r.n_proofs = 3;
    refuse_both(&r);
    r = copy(&g.receipt);
    t = r.proofs[0]; /* of the same key */
    r.proofs[0] = r.proofs[2];
    r.proofs[2] = t;
    refuse(&r, "do not balance");
    r = copy(&g.receipt);
    r.proofs[2] = r.proofs[0]; /* the same proof twice */
    refuse_both(&r);
}

/* x of the twist's points: most are outside the subgroup of order r. */
static void point_outside_the_subgroup(g2_affine *out)
{
    uint8_t b[G2_COMPRESSED_BYTES] = {0};
    do {
        b[G2_COMPRESSED_BYTES - 1]++;
    } while (!g2_decompress(out, b) || g2_affine_in_subgroup(out));
}

static void b_outside_the_subgroup_is_refused(void **state)
{
    struct receipt r = copy(&g.receipt), decoded;
    struct buf b;
    struct err e = {0};
    g2_affine q;
    g2 sum;
    (void)state;
    point_outside_the_subgroup(&q);
    g2_from_affine(&sum, &q);
    g2_add_affine(&sum, &sum, &r.proofs[0].proof.b);
    g2_to_affine(&r.proofs[0].proof.b, &sum);
    buf_init(&b, 0);
    receipt_encode(&b, &r);
    assert_err(receipt_decode(&decoded, b.data, b.len, &e), VCP_EFORMAT, e, "subgroup");
    buf_release(&b);
    refuse(&r, "not in the subgroup");
}

static void points_at_infinity_are_refused(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct receipt r = copy(&g.receipt), decoded;
        struct buf b;
        struct err e = {0};
        struct receipt_proof *p = &r.proofs[0];
        g1_affine *points[] = {&p->d, &p->proof.a, &p->proof.c};
        (void)state;
        if (i < 3)
            memset(points[i], 0, sizeof *points[i]);
        else
            memset(&p->proof.b, 0, sizeof p->proof.b);
        buf_init(&b, 0);
        receipt_encode(&b, &r);
        assert_err(receipt_decode(&decoded, b.data, b.len, &e), VCP_EFORMAT, e, "finite");
        buf_release(&b);
        if (i == 0)
            rebalance(&r);
        refuse(&r, "infinity");
    }
}

static void keys_that_let_anyone_forge_are_refused(void **state)
{
    const struct vkey *k = g.circuits[0].key.vk;
    struct err e = {0};
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct vkey v = *k;
        if (i == 0)
            v.delta2 = v.gamma2;
        else if (i == 1)
            v.delta1 = v.gamma2;
        else if (i == 2)
            v.delta1 = v.delta2;
        else
            memset(&v.beta2, 0, sizeof v.beta2);
        assert_true(vkey_prepare(&v, &e) < 0);
    }
}

/* ---- review 2.2 ---- */

static void R1_proofs_of_another_run(void **state)
{
    struct statement s;
    struct receipt other, r = copy(&g.receipt);
    (void)state;
    toy_statement(&s, 60, 4);
    toy_prove(&other, g.circuits, &s);
    r.proofs[0] = other.proofs[0];
    refuse_both(&r);
    r = copy(&g.receipt);
    memcpy(r.proofs, other.proofs, 4 * sizeof *r.proofs);
    refuse_both(&r);
    receipt_release(&other);
}

static void R1_the_same_run_proven_twice_does_not_mix(void **state)
{
    struct receipt other, r = copy(&g.receipt);
    (void)state;
    toy_prove(&other, g.circuits, &g.statement);
    r.proofs[3] = other.proofs[3];
    refuse_both(&r);
    receipt_release(&other);
}

static void R2_a_profile_of_equal_shape_with_other_chips(void **state)
{
    struct receipt r = copy(&g.receipt);
    struct err e = {0};
    (void)state;
    assert_ok(vkey_digest(r.keys[0], g.triple.key.vk, &e), e);
    refuse_both(&r);
    /* Proven with it from the start, as a prover who claims 3x + 1 is 2x + 1. */
    struct toy_circuit cheat[2] = {g.triple, g.circuits[1]};
    toy_prove(&r, cheat, &g.statement);
    refuse_both(&r);
}

static void R3_only_the_verifiers_own_keys_count(void **state)
{
    struct keyring pinned;
    struct err e = {0};
    uint8_t pins[2][32];
    struct receipt_policy own = {&pinned, false, NULL};
    (void)state;
    assert_ok(vkey_digest(pins[0], g.triple.key.vk, &e), e);
    assert_ok(vkey_digest(pins[1], g.circuits[1].key.vk, &e), e);
    assert_ok(keyring_open(&pinned, SCRATCH("keys"), pins, 2, &e), e);
    assert_int_equal(pinned.n, 2);
    assert_err(receipt_verify(&g.receipt, &toy_terms, &own, NULL, NULL, &e), VCP_EVERIFY, e,
               "no trusted key");
    keyring_release(&pinned);
    pins[0][0] ^= 1;
    assert_err(keyring_open(&pinned, SCRATCH("keys"), pins, 2, &e), VCP_ENOTFOUND, e, "pinned");
}

/* Offset of S in the last proof's bytes. */
static uint8_t *last_s(struct buf *b)
{
    return b->data + b->len - 32;
}

static void R4_S_has_one_encoding(void **state)
{
    struct buf b;
    struct receipt r;
    struct err e = {0};
    uint64_t carry = 0;
    (void)state;
    buf_init(&b, 0);
    receipt_encode(&b, &g.receipt);
    for (int i = 0; i < 32; i++) {
        carry += (uint64_t)last_s(&b)[i] + (uint8_t)(fr_modulus[i / 8] >> 8 * (i % 8));
        last_s(&b)[i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_err(receipt_decode(&r, b.data, b.len, &e), VCP_EFORMAT, e, "S is not below r");
    buf_release(&b);
    r = copy(&g.receipt); /* and the same made in memory */
    memcpy(r.proofs[0].s.l, fr_modulus, sizeof fr_modulus);
    refuse(&r, "S is not below r");
}

static void R4_points_have_one_encoding(void **state)
{
    static const uint8_t p_be[32] = {0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29,
                                     0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
                                     0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d,
                                     0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47};
    static const int offsets[] = {1, 33, 65, 97, 129}; /* D, A, B's two coordinates, C */
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct buf b;
        struct receipt r;
        struct err e = {0};
        buf_init(&b, 0);
        receipt_encode(&b, &g.receipt);
        memcpy(b.data + b.len - RECEIPT_PROOF_BYTES + offsets[i], p_be, 32);
        assert_err(receipt_decode(&r, b.data, b.len, &e), VCP_EFORMAT, e, "canonical");
        buf_release(&b);
    }
}

static void R5_lists_edited_after_hashing(void **state)
{
    struct receipt r = copy(&g.receipt);
    (void)state;
    r.lists.clock_end++;
    refuse_both(&r);
    r = copy(&g.receipt);
    r.lists.pc_end = 9;
    refuse_both(&r);
}

static void R7_theft(void **state)
{
    struct receipt r = copy(&g.receipt);
    struct err e = {0};
    uint8_t thief[32] = "node 2, task 7";
    struct receipt_policy strict = {&g.ring, false, thief};
    (void)state;
    assert_err(receipt_verify(&r, &toy_terms, &strict, NULL, NULL, &e), VCP_EVERIFY, e, "context");
    memcpy(r.statement.context, thief, 32);
    assert_err(receipt_verify(&r, &toy_terms, &strict, NULL, NULL, &e), VCP_EVERIFY, e,
               "do not balance");
    refuse_both(&r);
}

static void R8_cut_or_padded(void **state)
{
    struct buf b;
    struct receipt r;
    struct err e = {0};
    (void)state;
    buf_init(&b, 0);
    receipt_encode(&b, &g.receipt);
    for (size_t n = 0; n < b.len; n++)
        assert_true(receipt_decode(&r, b.data, n, &e) < 0);
    buf_putc(&b, 0);
    assert_err(receipt_decode(&r, b.data, b.len, &e), VCP_EFORMAT, e, "are left");
    buf_release(&b);
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void R8_huge_counts(void **state)
{
    struct buf b;
    struct receipt r;
    struct err e = {0};
    size_t n_at;
    (void)state;
    buf_init(&b, 0);
    receipt_encode(&b, &g.receipt);
    n_at = b.len - 4 * RECEIPT_PROOF_BYTES - 4;
    put_u32(b.data + n_at, 0);
    assert_err(receipt_decode(&r, b.data, b.len, &e), VCP_ELIMIT, e, "0 proofs");
    put_u32(b.data + n_at, ZKVM_PROOFS_MAX);
    assert_err(receipt_decode(&r, b.data, b.len, &e), VCP_EFORMAT, e, "are left");
    put_u32(b.data + n_at, 0xffffffff);
    assert_err(receipt_decode(&r, b.data, b.len, &e), VCP_ELIMIT, e, "4294967295 proofs");
    put_u32(b.data + n_at, 4);
    put_u32(b.data + n_at - 2 * 32 - 4, 0xffffffff);
    assert_err(receipt_decode(&r, b.data, b.len, &e), VCP_EFORMAT, e, "keys");
    buf_release(&b);
}

static void R8_idle_unordered_and_double_keys(void **state)
{
    struct {
        uint32_t proofs[4];
        bool same;
        const char *word;
    } cases[] = {
        {{0, 0, 0, 0}, false, "used by no proof"},
        {{1, 0, 1, 0}, false, "order of first use"},
        {{0, 2, 1, 0}, false, "order of first use"},
        {{0, 1, 0, 1}, true, "are the same"},
    };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct receipt r = copy(&g.receipt), decoded;
        struct err e = {0};
        struct buf b;
        for (int j = 0; j < 4; j++)
            r.proofs[j].key = cases[i].proofs[j];
        if (cases[i].same)
            memcpy(r.keys[1], r.keys[0], 32);
        buf_init(&b, 0);
        receipt_encode(&b, &r);
        assert_err(receipt_decode(&decoded, b.data, b.len, &e), VCP_EFORMAT, e, cases[i].word);
        buf_release(&b);
        receipt_release(&r);
    }
}

/* All of a lie can sit in one proof: the others verify, so a sample of them shows nothing. */
static void R9_a_sample_would_be_fooled(void **state)
{
    struct toy_run run = {.circuits = g.circuits, .statement = &g.statement};
    struct statement lie = g.statement;
    struct receipt r;
    struct err e = {0};
    fr challenges[BUS_CHALLENGES];
    (void)state;
    lie.results[0] += 2;
    run.statement = &lie;
    assert_ok(toy_prove_run(&r, &run, &e), e);
    rebalance(&r);
    assert_ok(receipt_challenges(challenges, &r, &e), e);
    for (uint32_t i = 0; i < r.n_proofs; i++) {
        const struct receipt_proof *p = &r.proofs[i];
        fr_bits in[RECEIPT_PUBLIC_INPUTS];
        fr_to_bits_n(in, challenges, BUS_CHALLENGES);
        in[BUS_CHALLENGES] = p->s;
        int rc = groth16_verify_committed(g.circuits[i % 2].key.vk, in, RECEIPT_PUBLIC_INPUTS,
                                          &p->d, &p->proof, &e);
        assert_int_equal(rc, i == 0 ? VCP_EVERIFY : VCP_OK);
    }
    refuse(&r, "proof 0 of 4");
}

static void R10_the_second_pass_must_repeat_the_first(void **state)
{
    struct toy_run run = {.circuits = g.circuits, .statement = &g.statement, .stage1_change = 1};
    struct receipt r;
    struct err e = {0};
    (void)state;
    assert_err(toy_prove_run(&r, &run, &e), VCP_ESTATE, e, "differs from the first");
    run.stage1_change = 0;
    run.extra = 1;
    assert_err(toy_prove_run(&r, &run, &e), VCP_ESTATE, e, "more than 4");
}

static void R11_commitments_are_blinded_afresh(void **state)
{
    struct receipt again;
    struct statement s = g.statement;
    (void)state;
    for (uint32_t i = 2; i < 4; i++)
        s.args[i] = s.args[i - 2], s.results[i] = s.results[i - 2];
    toy_prove(&again, g.circuits, &s);
    assert_false(g1_affine_eq(&again.proofs[0].d, &again.proofs[2].d)); /* equal values */
    assert_false(g1_affine_eq(&again.proofs[0].d, &g.receipt.proofs[0].d));
    receipt_release(&again);
}

static void S1_test_keys(void **state)
{
    struct toy_circuit test[2];
    struct keyring ring;
    struct receipt r;
    struct err e = {0};
    (void)state;
    toy_circuit_open(&test[0], SCRATCH("test-keys"), "double", 2, 0, TOY_CHI_IN, TOY_CHI_MID, seed);
    toy_circuit_open(&test[1], SCRATCH("test-keys"), "increment", 1, 1, TOY_CHI_MID, TOY_CHI_OUT,
                     seed);
    assert_ok(keyring_open(&ring, SCRATCH("test-keys"), NULL, 0, &e), e);
    toy_prove(&r, test, &g.statement);
    struct receipt_policy p = {&ring, false, NULL};
    assert_err(receipt_verify(&r, &toy_terms, &p, NULL, NULL, &e), VCP_EVERIFY, e, "test key");
    p.allow_test_keys = true;
    assert_ok(receipt_verify(&r, &toy_terms, &p, NULL, NULL, &e), e);
    receipt_release(&r);
    keyring_release(&ring);
    toy_circuit_close(&test[0]);
    toy_circuit_close(&test[1]);
}

static void a_wrong_result_is_refused(void **state)
{
    struct toy_run run = {.circuits = g.circuits};
    struct statement lie = g.statement;
    struct receipt r;
    struct err e = {0};
    (void)state;
    lie.results[2]++;
    run.statement = &lie;
    assert_ok(toy_prove_run(&r, &run, &e), e);
    refuse_both(&r);
    run.statement = &g.statement;
    run.s_change = 1;
    assert_ok(toy_prove_run(&r, &run, &e), e);
    refuse_both(&r);
}

static void G2_and_I3_an_edited_end_is_refused(void **state)
{
    struct receipt r = copy(&g.receipt);
    struct err e = {0};
    (void)state;
    r.statement.gas_used++;
    refuse_both(&r);
    r = copy(&g.receipt);
    r.statement.gas_used = r.statement.gas_max + 1;
    assert_err(verify(&r, &e), VCP_EFORMAT, e, "over the limit");
    r.statement = g.statement;
    r.statement.exit_code = 1;
    assert_err(verify(&r, &e), VCP_EFORMAT, e, "exit code");
    r.statement.status = RUN_EXIT;
    assert_err(verify(&r, &e), VCP_EFORMAT, e, "results");
    r.statement.status = RUN_TIMEOUT;
    assert_err(verify(&r, &e), VCP_EFORMAT, e, "no end of a run");
    r.statement.status = RUN_TRAP;
    assert_err(verify(&r, &e), VCP_EFORMAT, e, "trap");
    r.statement = g.statement;
    r.statement.output.bytes = 1;
    assert_err(verify(&r, &e), VCP_EFORMAT, e, "length contradicts");
    receipt_release(&r);
}

static void P9_a_challenge_on_a_key_is_refused(void **state)
{
    fr challenges[BUS_CHALLENGES], sum;
    struct err e = {0};
    (void)state;
    assert_ok(receipt_challenges(challenges, &g.receipt, &e), e);
    fr_from_u64(&challenges[TOY_CHI_OUT], g.statement.results[3]);
    assert_err(terms_sum(&sum, NULL, &toy_terms, &g.statement, &g.receipt.lists, challenges, &e),
               VCP_EVERIFY, e, "SORT");
}

static void sums_agree_with_single_shares(void **state)
{
    fr challenges[BUS_CHALLENGES], sum, one, all = fr_zero;
    struct err e = {0};
    (void)state;
    assert_ok(receipt_challenges(challenges, &g.receipt, &e), e);
    assert_ok(terms_sum(&sum, NULL, &toy_terms, &g.statement, &g.receipt.lists, challenges, &e), e);
    for (uint32_t i = 0; i < 8; i++) {
        struct bus_tuple t = {.kind = i < 4 ? BUS_RANGE16 : BUS_SORT, .count = fr_one};
        fr_from_u64(&t.comps[0], i < 4 ? g.statement.args[i] : g.statement.results[i - 4]);
        if (i >= 4)
            fr_neg(&t.count, &t.count);
        assert_ok(bus_share(&one, &t, challenges), e);
        fr_add(&all, &all, &one);
    }
    assert_true(fr_eq(&sum, &all));
}

static void M1_limits(void **state)
{
    struct receipt r;
    struct err e = {0};
    (void)state;
    assert_err(receipt_init(&r, 1, ZKVM_PROOFS_MAX + 1, &e), VCP_ELIMIT, e, "65537 proofs");
    assert_err(receipt_init(&r, ZKVM_KEYS_MAX + 1, 1, &e), VCP_ELIMIT, e, "33 keys");
    r = copy(&g.receipt);
    r.n_keys = 300;
    assert_err(verify(&r, &e), VCP_ELIMIT, e, "300 keys");
    r.n_keys = 2;
    r.proofs[0].key = 2;
    assert_err(verify(&r, &e), VCP_EFORMAT, e, "names key 2");
    receipt_release(&r);
    struct buf b;
    struct statement_lists lists = {.clock_end = STATEMENT_CLOCK_MAX + 1};
    buf_init(&b, 0);
    statement_lists_encode(&b, &lists);
    struct cursor in = {b.data, b.data + b.len};
    assert_err(statement_lists_decode(&lists, &in, &e), VCP_EFORMAT, e, "2^44");
    buf_release(&b);
}

static void keys_are_refused_for_another_circuit(void **state)
{
    struct cs_shape shape;
    struct ckey k;
    struct err e = {0};
    (void)state;
    assert_ok(cs_shape_of(&shape, &g.triple.cs, &e), e);
    assert_true(keys_open(&k, SCRATCH("keys"), "double", &shape, &e) < 0);
    assert_err(keys_open(&k, SCRATCH("keys"), "../double", &shape, &e), VCP_EINVAL, e, "no name");
    assert_true(keys_open(&k, SCRATCH("keys"), "absent", &shape, &e) < 0);
    assert_non_null(strstr(e.msg, "keys profiles setup"));
}

/* ---- streams ---- */

static int recode(struct receipt *out, const struct receipt *r, long flip, struct err *e)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    receipt_encode(&b, r);
    if (flip >= 0)
        b.data[flip] ^= 1;
    rc = receipt_decode(out, b.data, b.len, e);
    buf_release(&b);
    return rc;
}

static void short_streams_are_carried_and_are_what_the_statement_says(void **state)
{
    static uint8_t output[RECEIPT_CARRIED_BYTES_MAX + 1];
    struct receipt r = copy(&g.receipt), again;
    struct streams s = {{{NULL, 0}}}, got;
    struct buf head;
    struct err e = {0};
    (void)state;

    s.of[STREAM_INPUT] = (struct stream_bytes){(const uint8_t *)"abc", 3};
    s.of[STREAM_OUTPUT] = (struct stream_bytes){output, RECEIPT_CARRIED_BYTES_MAX};
    statement_stream_set(&r.statement.input, "abc", 3);
    statement_stream_set(&r.statement.output, output, RECEIPT_CARRIED_BYTES_MAX);
    assert_ok(receipt_carry(&r, &s, &e), e);
    assert_ok(recode(&again, &r, -1, &e), e);
    assert_ok(receipt_streams(&got, &again, NULL, &e), e);
    assert_ok(streams_check(&got, &again.statement, &e), e);
    assert_int_equal(got.of[STREAM_INPUT].n, 3);
    assert_int_equal(got.of[STREAM_OUTPUT].n, RECEIPT_CARRIED_BYTES_MAX);
    receipt_release(&again);

    buf_init(&head, 0); /* up to the first carried byte */
    buf_puts(&head, RECEIPT_MAGIC);
    statement_encode(&head, &r.statement);
    statement_lists_encode(&head, &r.lists);
    assert_err(recode(&again, &r, (long)head.len + 1, &e), VCP_EFORMAT, e, "its input has not");
    assert_err(recode(&again, &r, (long)head.len + 3, &e), VCP_EFORMAT, e, "its output has not");
    buf_release(&head);
    receipt_release(&r);
}

static void long_streams_must_be_given(void **state)
{
    static uint8_t output[RECEIPT_CARRIED_BYTES_MAX + 1];
    struct receipt r = copy(&g.receipt), again;
    struct streams s = {{{NULL, 0}}}, got;
    struct err e = {0};
    (void)state;

    s.of[STREAM_OUTPUT] = (struct stream_bytes){output, sizeof output};
    statement_stream_set(&r.statement.output, output, sizeof output);
    assert_ok(receipt_carry(&r, &s, &e), e);
    assert_ok(recode(&again, &r, -1, &e), e);
    assert_err(receipt_streams(&got, &again, NULL, &e), VCP_EINVAL, e, "does not carry the output");
    assert_ok(receipt_streams(&got, &again, &s, &e), e);
    assert_ok(streams_check(&got, &again.statement, &e), e);
    output[7] ^= 1;
    assert_err(streams_check(&got, &again.statement, &e), VCP_EVERIFY, e, "the output is not what");
    got.of[STREAM_OUTPUT].n--;
    assert_err(streams_check(&got, &again.statement, &e), VCP_EVERIFY, e, "4096 bytes");
    receipt_release(&again);
    receipt_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_receipt_holds),
        cmocka_unit_test(bytes_come_back_as_they_were),
        cmocka_unit_test(a_rerandomised_receipt_holds),
        cmocka_unit_test(a_batch_names_the_bad_receipt),
        cmocka_unit_test(every_altered_byte_is_refused),
        cmocka_unit_test(exchanged_points_are_refused),
        cmocka_unit_test(every_public_input_is_bound),
        cmocka_unit_test(an_input_moved_into_the_commitment_is_refused),
        cmocka_unit_test(the_challenges_bind_everything_said_before),
        cmocka_unit_test(challenges_differ_from_one_another),
        cmocka_unit_test(another_number_or_order_of_proofs_is_refused),
        cmocka_unit_test(b_outside_the_subgroup_is_refused),
        cmocka_unit_test(points_at_infinity_are_refused),
        cmocka_unit_test(keys_that_let_anyone_forge_are_refused),
        cmocka_unit_test(R1_proofs_of_another_run),
        cmocka_unit_test(R1_the_same_run_proven_twice_does_not_mix),
        cmocka_unit_test(R2_a_profile_of_equal_shape_with_other_chips),
        cmocka_unit_test(R3_only_the_verifiers_own_keys_count),
        cmocka_unit_test(R4_S_has_one_encoding),
        cmocka_unit_test(R4_points_have_one_encoding),
        cmocka_unit_test(R5_lists_edited_after_hashing),
        cmocka_unit_test(R7_theft),
        cmocka_unit_test(R8_cut_or_padded),
        cmocka_unit_test(R8_huge_counts),
        cmocka_unit_test(R8_idle_unordered_and_double_keys),
        cmocka_unit_test(R9_a_sample_would_be_fooled),
        cmocka_unit_test(R10_the_second_pass_must_repeat_the_first),
        cmocka_unit_test(R11_commitments_are_blinded_afresh),
        cmocka_unit_test(S1_test_keys),
        cmocka_unit_test(a_wrong_result_is_refused),
        cmocka_unit_test(G2_and_I3_an_edited_end_is_refused),
        cmocka_unit_test(P9_a_challenge_on_a_key_is_refused),
        cmocka_unit_test(sums_agree_with_single_shares),
        cmocka_unit_test(M1_limits),
        cmocka_unit_test(keys_are_refused_for_another_circuit),
        cmocka_unit_test(short_streams_are_carried_and_are_what_the_statement_says),
        cmocka_unit_test(long_streams_must_be_given),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
