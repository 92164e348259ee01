/* attack_groth16.c - forgeries, hostile files and shared keys: every one must fail cleanly. */
#include "fixtures.h"

#include <pthread.h>

#include "base/rng.h"
#include "groth16/ckey.h"
#include "groth16/field_io.h"
#include "groth16/mpc.h"
#include "groth16/r1cs.h"
#include "groth16/setup.h"

/* ---- points ---- */

static void add_g1(g1_affine *out, const g1_affine *a, const g1_affine *b)
{
    g1 t;
    g1_from_affine(&t, a);
    g1_add_affine(&t, &t, b);
    g1_to_affine(out, &t);
}

static void sub_g1(g1_affine *out, const g1_affine *a, const g1_affine *b)
{
    g1_affine minus;
    g1_affine_neg(&minus, b);
    add_g1(out, a, &minus);
}

/* k p without assuming that r p vanishes. */
static void twist_mul(g2_affine *out, const g2_affine *p, const uint64_t k[4])
{
    g2 acc = g2_infinity;
    for (int i = 255; i >= 0; i--) {
        g2_dbl(&acc, &acc);
        if (k[i / 64] >> (i % 64) & 1)
            g2_add_affine(&acc, &acc, p);
    }
    g2_to_affine(out, &acc);
}

/* A point of order 10069, the smallest factor of the twist's cofactor 2p - r. */
static g2_affine point_of_small_order(void)
{
    static const uint64_t cofactor[4] = {UINT64_C(0x345f2299c0f9fa8d), UINT64_C(0x06ceecda572a2489),
                                         UINT64_C(0xb85045b68181585e),
                                         UINT64_C(0x30644e72e131a029)};
    uint64_t part[4];
    unsigned __int128 rest = 0;
    g2_affine p = g2_generator, q;
    fp2 b, t;

    for (int i = 3; i >= 0; i--) {
        rest = rest << 64 | cofactor[i];
        part[i] = (uint64_t)(rest / 10069);
        rest %= 10069;
    }
    assert_true(rest == 0);
    fp2_sqr(&b, &p.y);
    fp2_sqr(&t, &p.x);
    fp2_mul(&t, &t, &p.x);
    fp2_sub(&b, &b, &t);
    for (p.x = fp2_zero;;) {
        fp_add(&p.x.c0, &p.x.c0, &fp_one);
        fp2_sqr(&t, &p.x);
        fp2_mul(&t, &t, &p.x);
        fp2_add(&t, &t, &b);
        if (!fp2_sqrt_var(&p.y, &t))
            continue;
        twist_mul(&q, &p, fr_modulus);
        twist_mul(&q, &q, part);
        if (!g2_affine_is_infinity(&q))
            return q;
    }
}

/* ---- keys ---- */

/* With gamma = -delta, (alpha, beta, IC(z)) is a proof of anything. */
static void a_key_whose_delta_is_minus_gamma_is_refused(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct vkey k;
    struct verify_sum sum;
    struct groth16_proof p;
    (void)state;
    tiny_open(&t);
    k = *t.vk;
    g2_affine_neg(&k.delta2, &k.gamma2);
    g2_prepare(&k.delta2_lines, &k.delta2); /* as a verifier who checks nothing */
    verify_sum_init(&sum, &k);
    t.z[1].l[0] ^= 1;
    verify_sum_add(&sum, t.z + 1, 2);
    p = (struct groth16_proof){k.alpha1, k.beta2, {fp_zero, fp_zero}};
    g1_to_affine(&p.c, &sum.point);
    assert_ok(groth16_verify_sum(&sum, NULL, &p, &e), e); /* the forgery */
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "gamma equals minus");
    k.gamma2 = k.beta2;
    g2_affine_neg(&k.delta2, &g2_generator);
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "generator");
    k = *t.vk;
    k.committed = true;
    g2_affine_neg(&k.delta1, &k.delta2);
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "delta1");
    g2_affine_neg(&k.delta1, &k.gamma2);
    assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "delta1");
    tiny_close(&t);
}

static void key_points_of_small_order_are_refused(void **state)
{
    struct err e = {0};
    struct tiny t;
    g2_affine bad = point_of_small_order();
    (void)state;
    tiny_open(&t);
    for (int i = 0; i < 4; i++) {
        struct vkey k = *t.vk;
        g2_affine *at[4] = {&k.beta2, &k.gamma2, &k.delta1, &k.delta2};
        k.committed = i == 2;
        *at[i] = bad;
        assert_err(vkey_prepare(&k, &e), VCP_EFORMAT, e, "subgroup");
    }
    tiny_close(&t);
}

/* Every byte of the canonical key: refused, or a key of another digest that takes no proof. */
static void every_byte_of_a_key_matters(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct buf b;
    uint8_t digest[VKEY_DIGEST_BYTES], other[VKEY_DIGEST_BYTES];
    g1_affine ic[8];
    static struct vkey k;
    (void)state;
    tiny_open(&t);
    buf_init(&b, 0);
    vkey_put(&b, t.vk);
    assert_ok(vkey_digest(digest, t.vk, &e), e);
    for (size_t at = 0; at < b.len; at++) {
        unsigned char good = b.data[at];
        b.data[at] ^= (unsigned char)(1u << at % 8);
        size_t size = vkey_ic_size(b.data, b.len);
        if (size != 0) {
            assert_true(size <= sizeof ic);
            if (vkey_from_bytes(&k, ic, b.data, b.len, &e) == VCP_OK) {
                assert_ok(vkey_digest(other, &k, &e), e);
                assert_memory_not_equal(digest, other, sizeof digest);
                if (at >= 48)
                    fail_msg("byte %zu of a point changed and the key is accepted", at);
            }
        }
        b.data[at] = good;
    }
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(vkey_ic_size(b.data, n), 0);
    buf_release(&b);
    tiny_close(&t);
}

/* ---- batches ---- */

enum { BATCH = 19 };

static void errors_that_cancel_do_not_pass_a_batch(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct groth16_proof p[BATCH];
    struct groth16_claim claims[BATCH];
    size_t bad;
    (void)state;
    tiny_open(&t);
    for (int i = 0; i < BATCH; i++) {
        p[i] = t.proof;
        claims[i] = (struct groth16_claim){t.vk, t.z + 1, NULL, &p[i]};
    }
    assert_ok(groth16_verify_batch(claims, BATCH, NULL, &bad, &e), e);
    for (int round = 0; round < 8; round++) { /* C_i + E and C_j - E */
        int i = round, j = BATCH - 1 - round;
        add_g1(&p[i].c, &p[i].c, &g1_generator);
        sub_g1(&p[j].c, &p[j].c, &g1_generator);
        assert_err(groth16_verify_batch(claims, BATCH, NULL, &bad, &e), VCP_EVERIFY, e, "hold");
        assert_int_equal(bad, i);
        p[i] = p[j] = t.proof;
    }
    g1_affine_neg(&p[3].a, &p[3].a); /* twice a sign: e(A, B) unchanged in neither */
    g1_affine_neg(&p[4].a, &p[4].a);
    assert_err(groth16_verify_batch(claims, BATCH, NULL, &bad, &e), VCP_EVERIFY, e, "proof 3");
    assert_int_equal(bad, 3);
    tiny_close(&t);
}

/* z + 1 in one claim and z - 1 in another: the sums of the public points agree. */
static void inputs_that_cancel_do_not_pass_a_batch(void **state)
{
    struct err e = {0};
    struct tiny t;
    fr_bits up[2], down[2];
    size_t bad = 99;
    (void)state;
    tiny_open(&t);
    memcpy(up, t.z + 1, sizeof up);
    memcpy(down, t.z + 1, sizeof down);
    up[0].l[0]++;
    down[0].l[0]--;
    struct groth16_claim claims[2] = {{t.vk, up, NULL, &t.proof}, {t.vk, down, NULL, &t.proof}};
    assert_err(groth16_verify_batch(claims, 2, NULL, &bad, &e), VCP_EVERIFY, e, "proof 0");
    assert_int_equal(bad, 0);
    tiny_close(&t);
}

static void a_batch_names_the_bad_one_wherever_it_is(void **state)
{
    struct threads *threads = threads_new(3);
    struct tiny t;
    struct groth16_proof p[BATCH];
    struct groth16_claim claims[BATCH];
    g2_affine small = point_of_small_order();
    (void)state;
    tiny_open(&t);
    for (int i = 0; i < BATCH; i++) {
        p[i] = t.proof;
        claims[i] = (struct groth16_claim){t.vk, t.z + 1, NULL, &p[i]};
    }
    for (int i = 0; i < BATCH; i++) {
        for (int kind = 0; kind < 5; kind++) {
            struct err e = {0};
            size_t bad = 99;
            g2 b;
            g2_from_affine(&b, &p[i].b);
            g2_add_affine(&b, &b, &small);
            if (kind == 0)
                g2_to_affine(&p[i].b, &b); /* the same pairing, outside the subgroup */
            if (kind == 1)
                p[i].a = (g1_affine){fp_zero, fp_zero};
            if (kind == 2)
                p[i].b = (g2_affine){fp2_zero, fp2_zero};
            if (kind == 3)
                fp_add(&p[i].c.x, &p[i].c.x, &fp_one);
            if (kind == 4)
                g1_affine_neg(&p[i].c, &p[i].c);
            int rc = groth16_verify_batch(claims, BATCH, i % 2 ? threads : NULL, &bad, &e);
            if (rc != VCP_EVERIFY || bad != (size_t)i)
                fail_msg("kind %d at %d: %s, %zu: %s", kind, i, err_code_name(rc), bad, e.msg);
            p[i] = t.proof;
        }
    }
    threads_free(threads);
    tiny_close(&t);
}

/* ---- the committed stage ---- */

enum { N_PUBLIC = 3, N_STAGE1 = 6, N_WIRES = 24, N_ROWS = 17 };

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

static void random_system(struct cs *c, fr z[], uint32_t n_wires, uint32_t n_public,
                          uint32_t n_stage1, uint32_t n_rows, struct prng *r)
{
    cs_init(c, n_wires, n_public, n_stage1);
    z[0] = fr_one;
    for (uint32_t i = 1; i < n_wires; i++)
        random_fr(&z[i], r);
    for (uint32_t row = 0; row < n_rows; row++) {
        fr v[3] = {fr_zero, fr_zero, fr_zero}, ab;
        for (unsigned m = 0; m < 3; m++)
            for (int i = 0; i < 4; i++) {
                uint32_t wire = 1 + (uint32_t)prng_below(r, n_wires - 1);
                fr coef, t;
                random_fr(&coef, r);
                cs_term(c, m, wire, &coef);
                fr_mul(&t, &coef, &z[wire]);
                fr_add(&v[m], &v[m], &t);
            }
        fr_mul(&ab, &v[CS_A], &v[CS_B]);
        fr_sub(&ab, &ab, &v[CS_C]);
        cs_term(c, CS_C, 0, &ab);
        cs_row_end(c);
    }
}

static void prove(struct circuit *c)
{
    struct err e = {0};
    struct ckey_opening o;
    struct work work = {0};
    assert_ok(ckey_commit(&c->d, &o, &c->key, c->z + 1 + N_PUBLIC, &work, &e), e);
    assert_ok(ckey_prove(&c->proof, &c->key, ckey_rows_of(&c->cs), c->z, &o, &work, &e), e);
}

static void circuit_open(struct circuit *c, uint64_t seed)
{
    static const uint8_t key_seed[32] = "attacks";
    struct err e = {0};
    struct prng r;
    struct work work = {0};
    fr z[N_WIRES];

    prng_init(&r, seed);
    random_system(&c->cs, z, N_WIRES, N_PUBLIC, N_STAGE1, N_ROWS, &r);
    assert_ok(cs_finish(&c->cs, &e), e);
    fr_to_bits_n(c->z, z, N_WIRES);
    assert_ok(ckey_setup(SCRATCH("attack.avck"), &c->cs, key_seed, &work, &e), e);
    assert_ok(ckey_open(&c->key, SCRATCH("attack.avck"), &e), e);
    prove(c);
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

#define refuse(c, d, p)                                                                            \
    do {                                                                                           \
        struct err e_ = {0};                                                                       \
        assert_err(verify(c, d, p, &e_), VCP_EVERIFY, e_, "hold");                                 \
    } while (0)

static void every_bit_of_a_committed_proof_matters(void **state)
{
    struct circuit c;
    uint8_t good[PROOF_COMMITTED_BYTES];
    struct err e = {0};
    (void)state;
    circuit_open(&c, 21);
    g1_to_plain(good, &c.d);
    proof_to_bytes(good + G1_BYTES, &c.proof);
    assert_ok(verify(&c, &c.d, &c.proof, &e), e);
    for (unsigned bit = 0; bit < sizeof good * 8; bit++) {
        uint8_t b[sizeof good];
        struct groth16_proof p;
        g1_affine d;
        memcpy(b, good, sizeof b);
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (g1_from_plain(&d, b) && proof_from_bytes(&p, b + G1_BYTES, &e) == VCP_OK &&
            verify(&c, &d, &p, &e) == VCP_OK)
            fail_msg("bit %u flipped and still accepted", bit);
    }
    circuit_close(&c);
}

/* Public inputs moved into any other part of the equation, commitments into C and back. */
static void parts_do_not_move_between_terms(void **state)
{
    struct circuit c;
    struct groth16_proof p;
    g1_affine d;
    (void)state;
    circuit_open(&c, 22);
    for (int i = 0; i < 3; i++) { /* IC_j, D's base point and delta1 pushed around */
        g1_affine move[3] = {c.key.vk->ic[1 + i], c.key.d1_1, c.key.d2_1};
        for (int j = 0; j < 3; j++) {
            sub_g1(&d, &c.d, &move[j]);
            p = c.proof;
            refuse(&c, &d, &p);
            add_g1(&p.c, &p.c, &move[j]);
            refuse(&c, &d, &p);
            c.z[1 + i].l[0]++;
            refuse(&c, &d, &p);
            refuse(&c, &c.d, &p);
            refuse(&c, &d, &c.proof);
            c.z[1 + i].l[0]--;
        }
    }
    p = c.proof; /* D into A, D negated, D for A */
    p.a = c.d;
    refuse(&c, &c.proof.a, &p);
    g1_affine_neg(&d, &c.d);
    refuse(&c, &d, &c.proof);
    add_g1(&p.c, &c.proof.c, &c.d);
    p.a = c.proof.a;
    refuse(&c, &g1_generator, &p);
    circuit_close(&c);
}

/* D of one proof beside the rest of another of the same statement, and cancelling D's. */
static void commitments_are_not_exchanged(void **state)
{
    struct circuit c;
    struct groth16_proof first;
    g1_affine d;
    struct err e = {0};
    size_t bad = 99;
    (void)state;
    circuit_open(&c, 23);
    first = c.proof;
    d = c.d;
    prove(&c); /* fresh kappa */
    assert_ok(verify(&c, &d, &first, &e), e);
    assert_ok(verify(&c, &c.d, &c.proof, &e), e);
    refuse(&c, &d, &c.proof);
    refuse(&c, &c.d, &first);
    struct groth16_claim claims[2] = {{c.key.vk, c.z + 1, &d, &c.proof},
                                      {c.key.vk, c.z + 1, &c.d, &first}};
    assert_err(groth16_verify_batch(claims, 2, NULL, &bad, &e), VCP_EVERIFY, e, "proof 0");
    assert_int_equal(bad, 0);
    circuit_close(&c);
}

static void a_spent_opening_proves_nothing(void **state)
{
    struct circuit c;
    struct ckey_opening o;
    struct work work = {0};
    struct err e = {0};
    struct groth16_proof p;
    (void)state;
    circuit_open(&c, 24);
    assert_ok(ckey_commit(&c.d, &o, &c.key, c.z + 1 + N_PUBLIC, &work, &e), e);
    assert_ok(ckey_prove(&p, &c.key, ckey_rows_of(&c.cs), c.z, &o, &work, &e), e);
    assert_true((o.kappa.l[0] | o.kappa.l[1] | o.kappa.l[2] | o.kappa.l[3]) == 0);
    assert_ok(ckey_prove(&p, &c.key, ckey_rows_of(&c.cs), c.z, &o, &work, &e), e);
    refuse(&c, &c.d, &p);
    circuit_close(&c);
}

static void provers_refuse_bad_values(void **state)
{
    struct circuit c;
    struct tiny t;
    struct ckey_opening o;
    struct work work = {0};
    struct err e = {0};
    struct groth16_proof p;
    (void)state;
    tiny_open(&t);
    circuit_open(&c, 25);
    memcpy(c.z[5].l, fr_modulus, 32); /* r, in stage 1 */
    assert_err(ckey_commit(&c.d, &o, &c.key, c.z + 1 + N_PUBLIC, &work, &e), VCP_EINVAL, e,
               "not below r");
    assert_err(ckey_prove(&p, &c.key, ckey_rows_of(&c.cs), c.z, &o, &work, &e), VCP_EINVAL, e,
               "not below r");
    memset(c.z[5].l, 0, 32);
    c.z[0].l[0] = 2;
    assert_err(ckey_prove(&p, &c.key, ckey_rows_of(&c.cs), c.z, &o, &work, &e), VCP_EINVAL, e,
               "wire 0");
    memset(t.z[6].l, 0xff, 32);
    assert_err(groth16_prove(&p, &t.key, t.z, &work, &e), VCP_EINVAL, e, "wire 6");
    t.z[6].l[3] = 0;
    t.z[0].l[0] = 0;
    assert_err(groth16_prove(&p, &t.key, t.z, &work, &e), VCP_EINVAL, e, "wire 0");
    assert_int_equal(work.memory_now_bytes, 0);
    circuit_close(&c);
    tiny_close(&t);
}

/* ---- memory ---- */

/* The promised minimum suffices, whatever the number of threads, and is kept. */
static void the_least_memory_suffices(void **state)
{
    static const struct {
        uint32_t n_wires, n_rows;
    } shapes[] = {{40, 9}, {1500, 700}, {5000, 4000}};
    struct prng r;
    (void)state;
    prng_init(&r, 31);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct err e = {0};
        struct cs cs;
        struct zkey k;
        struct vkey *vk;
        struct work work = {0};
        fr *zm = malloc(shapes[s].n_wires * sizeof *zm);
        fr_bits *z = malloc(shapes[s].n_wires * sizeof *z);
        random_system(&cs, zm, shapes[s].n_wires, 2, 0, shapes[s].n_rows, &r);
        assert_ok(cs_finish(&cs, &e), e);
        fr_to_bits_n(z, zm, shapes[s].n_wires);
        assert_ok(groth16_setup_local(SCRATCH("least.zkey"), &cs, &work, &e), e);
        assert_ok(zkey_open(&k, SCRATCH("least.zkey"), &e), e);
        assert_ok(vkey_from_zkey(&vk, &k, &e), e);
        for (unsigned n_threads = 1; n_threads <= 3; n_threads++) {
            struct threads *threads = threads_new(n_threads);
            size_t min = groth16_prove_memory_min(&k, n_threads);
            struct groth16_proof p;
            for (size_t extra = 0; extra < 3; extra++) {
                struct work w = {.threads = threads, .memory_max_bytes = min + 100000 * extra};
                assert_ok(groth16_prove(&p, &k, z, &w, &e), e);
                assert_true(w.memory_peak_bytes <= w.memory_max_bytes);
                assert_int_equal(w.memory_now_bytes, 0);
                assert_ok(groth16_verify(vk, z + 1, 2, &p, &e), e);
            }
            struct work w = {.threads = threads, .memory_max_bytes = min / 4};
            assert_int_equal(groth16_prove(&p, &k, z, &w, &e), VCP_ELIMIT);
            assert_int_equal(w.memory_now_bytes, 0);
            threads_free(threads);
        }
        vkey_free(vk);
        zkey_release(&k);
        cs_release(&cs);
        free(z), free(zm);
    }
}

/* ---- several threads, one key ---- */

struct visitor {
    const struct tiny *tiny;
    const struct circuit *circuit;
    unsigned i;
    int rc;
};

static void *visit(void *arg)
{
    struct visitor *v = arg;
    const struct tiny *t = v->tiny;
    const struct circuit *c = v->circuit;
    struct groth16_proof p;
    g1_affine d;
    struct ckey_opening o;
    struct err e = {0};
    struct work work = {.threads = v->i % 2 ? threads_new(2) : NULL};
    fr_bits z[sizeof c->z / sizeof *c->z]; /* rows may write into a witness */

    memcpy(z, c->z, sizeof z);
    v->rc = groth16_prove(&p, &t->key, t->z, &work, &e);
    if (v->rc == VCP_OK)
        v->rc = groth16_verify(t->vk, t->z + 1, 2, &p, &e);
    if (v->rc == VCP_OK)
        v->rc = ckey_commit(&d, &o, &c->key, c->z + 1 + N_PUBLIC, &work, &e);
    if (v->rc == VCP_OK)
        v->rc = ckey_prove(&p, &c->key, ckey_rows_of(&c->cs), z, &o, &work, &e);
    struct groth16_claim claims[3] = {{c->key.vk, c->z + 1, &d, &p},
                                      {t->vk, t->z + 1, NULL, &t->proof},
                                      {c->key.vk, c->z + 1, &c->d, &c->proof}};
    if (v->rc == VCP_OK)
        v->rc = groth16_verify_batch(claims, 3, work.threads, NULL, &e);
    threads_free(work.threads);
    return NULL;
}

static void keys_are_shared_by_threads(void **state)
{
    enum { N = 4 };
    pthread_t thread[N];
    struct visitor v[N];
    struct tiny t;
    struct circuit c;
    (void)state;
    tiny_open(&t);
    circuit_open(&c, 26);
    for (unsigned i = 0; i < N; i++) {
        v[i] = (struct visitor){&t, &c, i, VCP_EINVAL};
        assert_int_equal(pthread_create(&thread[i], NULL, visit, &v[i]), 0);
    }
    for (unsigned i = 0; i < N; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(v[i].rc, VCP_OK);
    }
    circuit_close(&c);
    tiny_close(&t);
}

/* ---- files ---- */

static void parse_everything(const void *p, size_t n)
{
    struct err e = {0};
    struct r1cs r;
    struct wtns w;
    struct zkey k;
    struct ptau t;
    struct ckey ck;
    struct mpc m;
    struct vkey *vk;

    if (r1cs_parse(&r, "x", p, n, &e) == VCP_OK) {
        struct cs cs;
        if (cs_from_r1cs(&cs, &r, &e) == VCP_OK)
            cs_release(&cs);
        r1cs_release(&r);
    }
    if (wtns_parse(&w, "x", p, n, &e) == VCP_OK)
        wtns_release(&w);
    if (zkey_parse(&k, "x", p, n, &e) == VCP_OK) {
        if (mpc_read(&m, &k.file, &e) == VCP_OK)
            mpc_release(&m);
        if (vkey_from_zkey(&vk, &k, &e) == VCP_OK)
            vkey_free(vk);
        zkey_release(&k);
    }
    if (ptau_parse(&t, "x", p, n, &e) == VCP_OK)
        ptau_release(&t);
    if (ckey_parse(&ck, "x", p, n, &e) == VCP_OK)
        ckey_release(&ck);
}

/* Extreme 32-bit values at every offset of the heads, where all counts and sizes are.
 * Nothing may crash; run with a ceiling on single allocations to see them refused. */
static void extreme_counts_break_nothing(void **state)
{
    static const char *const paths[] = {FIXTURE("tiny.r1cs"), FIXTURE("tiny.wtns"),
                                        FIXTURE("tiny_2.zkey"), FIXTURE("tiny.ptau"),
                                        SCRATCH("attack.avck")};
    static const uint32_t values[] = {0,           1,           2,           0x7fffffff,
                                      0x80000000u, 0xffffffffu, 0xfffffffeu, 0x08000000,
                                      0x04000001,  0x5d1745d2}; /* 2^32 / 44, / 64: wraps */
    struct circuit c;
    (void)state;
    circuit_open(&c, 27);
    circuit_close(&c);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct buf b = fixture_bytes(paths[i]);
        size_t end = b.len - 4 < 260 ? b.len - 4 : 260;
        for (size_t at = 4; at < end; at += 4)
            for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
                uint8_t saved[4];
                memcpy(saved, b.data + at, 4);
                memcpy(b.data + at, &values[v], 4);
                parse_everything(b.data, b.len);
                memcpy(b.data + at, saved, 4);
            }
        buf_release(&b);
    }
}

static void strange_numbers_in_json_are_refused(void **state)
{
    static const char *const bad[] = {"[\"+1\"]",
                                      "[\"-1\"]",
                                      "[\"-0\"]",
                                      "[\"00\"]",
                                      "[\"01\"]",
                                      "[\"1e3\"]",
                                      "[\"1.0\"]",
                                      "[\"0x1\"]",
                                      "[\" 1\"]",
                                      "[\"1 \"]",
                                      "[\"1\\n\"]",
                                      "[\"\"]",
                                      "[\"1\\u0000\"]",
                                      "[\"\xef\xbc\x91\"]",
                                      "[\"\xd9\xa1\"]",
                                      "[\"1_000\"]",
                                      "[1]",
                                      "[1e400]",
                                      "[null]",
                                      "[[\"1\"]]",
                                      "[\"1\"] x",
                                      "[\"1\",]",
                                      "[\"1\"",
                                      "",
                                      "\xef\xbb\xbf[\"1\"]",
                                      "{\"0\":\"1\"}",
                                      "\"1\"",
                                      "[\"NaN\"]",
                                      "[\"\xff\"]",
                                      "[true]"};
    fr_bits *v = NULL;
    size_t n = 77;
    struct buf digits;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        if (snarkjs_read_public(&v, &n, "x", bad[i], strlen(bad[i]), &e) == VCP_OK)
            fail_msg("accepted %s", bad[i]);
        assert_null(v);
        assert_int_equal(n, 77);
    }
    buf_init(&digits, 0); /* longer than any field element: no quadratic time, no wrap */
    buf_puts(&digits, "[\"1");
    for (int i = 0; i < 1000000; i++)
        buf_putc(&digits, '0');
    buf_puts(&digits, "\"]");
    struct err e = {0};
    assert_err(snarkjs_read_public(&v, &n, "x", digits.data, digits.len, &e), VCP_EFORMAT, e,
               "public input 0");
    buf_release(&digits);
}

/* The text of a proof with one piece replaced. */
static int read_replaced(const char *from, const char *to)
{
    struct buf text = fixture_bytes(FIXTURE("tiny_proof.json")), out;
    const char *at = strstr(buf_str(&text), from);
    struct groth16_proof p;
    struct err e = {0};
    assert_non_null(at);
    buf_init(&out, 0);
    buf_put(&out, text.data, (size_t)(at - buf_str(&text)));
    buf_puts(&out, to);
    buf_puts(&out, at + strlen(from));
    int rc = snarkjs_read_proof(&p, "p", out.data, out.len, &e);
    buf_release(&out);
    buf_release(&text);
    return rc;
}

static void strange_proofs_in_json_are_refused(void **state)
{
    (void)state;
    assert_int_equal(read_replaced("\"pi_a\"", "\"pi_a\""), VCP_OK);
    static const char *const to[][2] = {
        {"\"protocol\"", "\"pi_a\": [\"1\", \"2\", \"1\"], \"protocol\""}, /* twice */
        {"\"pi_a\": [", "\"pi_a\": [\"1\", "},                             /* four parts */
        {"\"pi_b\": [", "\"pi_b\": [[\"1\", \"0\"], "},
        {"\"1\"\n ],\n \"pi_b\"", "\"0\"\n ],\n \"pi_b\""}, /* Z = 0 with coordinates */
        {"\"1\"\n ],\n \"pi_b\"", "1\n ],\n \"pi_b\""},
        {"\"protocol\": \"groth16\"", "\"protocol\": \"GROTH16\""},
        {"\"protocol\": \"groth16\",", ""},
        {"\"pi_c\"", "\"pi_c \""},
    };
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        if (read_replaced(to[i][0], to[i][1]) == VCP_OK)
            fail_msg("case %zu accepted", i);
}

/* Exported as snarkjs's JSON, the key of a local setup says so still. */
static void the_stamp_of_a_local_key_survives_json(void **state)
{
    struct tiny t;
    struct vkey *k;
    struct err e = {0};
    struct buf b;
    (void)state;
    tiny_open(&t);
    for (int local = 0; local < 2; local++) {
        buf_init(&b, 0);
        t.vk->local_test = local;
        snarkjs_write_vkey(&b, t.vk);
        assert_ok(snarkjs_read_vkey(&k, "vk", b.data, b.len, &e), e);
        assert_int_equal(k->local_test, local);
        vkey_free(k);
        if (local) { /* nor does a value that is neither pass for "no" */
            char *at = strstr(buf_str(&b), "true");
            assert_non_null(at);
            memcpy(at, "1234", 4);
            assert_err(snarkjs_read_vkey(&k, "vk", b.data, b.len, &e), VCP_EFORMAT, e, "local");
        }
        buf_release(&b);
    }
    tiny_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_whose_delta_is_minus_gamma_is_refused),
        cmocka_unit_test(key_points_of_small_order_are_refused),
        cmocka_unit_test(every_byte_of_a_key_matters),
        cmocka_unit_test(errors_that_cancel_do_not_pass_a_batch),
        cmocka_unit_test(inputs_that_cancel_do_not_pass_a_batch),
        cmocka_unit_test(a_batch_names_the_bad_one_wherever_it_is),
        cmocka_unit_test(every_bit_of_a_committed_proof_matters),
        cmocka_unit_test(parts_do_not_move_between_terms),
        cmocka_unit_test(commitments_are_not_exchanged),
        cmocka_unit_test(a_spent_opening_proves_nothing),
        cmocka_unit_test(provers_refuse_bad_values),
        cmocka_unit_test(the_least_memory_suffices),
        cmocka_unit_test(keys_are_shared_by_threads),
        cmocka_unit_test(extreme_counts_break_nothing),
        cmocka_unit_test(strange_numbers_in_json_are_refused),
        cmocka_unit_test(strange_proofs_in_json_are_refused),
        cmocka_unit_test(the_stamp_of_a_local_key_survives_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
