/* Powers of tau made here: the bytes of snarkjs where no secret is drawn, a ceremony from its
 * start to a proof, and every way in which a file can be wrong. */
#include "fixtures.h"

#include <sodium.h>
#include <unistd.h>

#include "base/rng.h"
#include "groth16/field_io.h"
#include "groth16/point_dft.h"
#include "groth16/ptau_make.h"
#include "groth16/setup.h"

static void public_beacon(uint8_t beacon[31])
{
    for (unsigned i = 0; i < 31; i++)
        beacon[i] = (uint8_t)(i + 1);
}

static void assert_same_file(const char *a, const char *b)
{
    struct buf x = fixture_bytes(a), y = fixture_bytes(b);

    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    buf_release(&x);
    buf_release(&y);
}

static struct ptau opened(const char *path)
{
    struct err e = {0};
    struct ptau p;

    assert_ok(ptau_open(&p, path, &e), e);
    return p;
}

/* ---- the bytes of snarkjs ---- */

static void powers_of_a_beacon_are_snarkjs_s(void **state)
{
    uint8_t beacon[31], hash[BLAKE2B_DIGEST_BYTES];
    struct work work = {.threads = threads_new(2)};
    struct err e = {0};
    struct ptau p;
    (void)state;
    public_beacon(beacon);
    assert_ok(ptau_new(SCRATCH("d0.ptau"), 2, hash, &work, &e), e);
    p = opened(SCRATCH("d0.ptau"));
    assert_false(p.prepared);
    assert_ok(
        ptau_beacon(SCRATCH("d1.ptau"), &p, "only", beacon, sizeof beacon, 10, hash, &work, &e), e);
    ptau_release(&p);
    p = opened(SCRATCH("d1.ptau"));
    assert_ok(ptau_prepare(SCRATCH("d2.ptau"), &p, &work, &e), e);
    assert_ok(ptau_check(&p, &work, &e), e);
    ptau_release(&p);
    assert_same_file(SCRATCH("d2.ptau"), FIXTURE("public.ptau"));
    p = opened(FIXTURE("public.ptau"));
    assert_ok(ptau_check(&p, &work, &e), e);
    assert_ok(ptau_prepare(SCRATCH("d3.ptau"), &p, &work, &e), e); /* again: the same */
    ptau_release(&p);
    assert_same_file(SCRATCH("d3.ptau"), FIXTURE("public.ptau"));
    assert_int_equal(work.memory_now_bytes, 0);
    threads_free(work.threads);
}

static void snarkjs_s_ceremony_checks(void **state)
{
    struct work work = {0};
    struct err e = {0};
    struct ptau p = opened(FIXTURE("tiny.ptau"));
    (void)state;
    assert_ok(ptau_check(&p, &work, &e), e);
    assert_int_equal(work.memory_now_bytes, 0);
    ptau_release(&p);
}

/* ---- a ceremony of ours ---- */

static void a_ceremony_leads_to_a_proof(void **state)
{
    uint8_t beacon[31], hash[BLAKE2B_DIGEST_BYTES];
    struct work work = {.threads = threads_new(2)};
    struct err e = {0};
    struct groth16_proof proof;
    struct r1cs r;
    struct zkey k;
    struct ptau p;
    struct vkey *vk;
    struct tiny t;
    (void)state;
    tiny_open(&t);
    public_beacon(beacon);
    assert_ok(ptau_new(SCRATCH("c0.ptau"), 3, hash, &work, &e), e);
    p = opened(SCRATCH("c0.ptau"));
    assert_err(ptau_check(&p, &work, &e), VCP_EVERIFY, e, "everybody knows");
    assert_ok(ptau_contribute(SCRATCH("c1.ptau"), &p, "first", "dice", hash, &work, &e), e);
    ptau_release(&p);
    p = opened(SCRATCH("c1.ptau"));
    assert_ok(ptau_contribute(SCRATCH("c2.ptau"), &p, NULL, NULL, hash, &work, &e), e);
    ptau_release(&p);
    p = opened(SCRATCH("c2.ptau"));
    assert_ok(ptau_beacon(SCRATCH("c3.ptau"), &p, "end", beacon, 31, 10, hash, &work, &e), e);
    ptau_release(&p);
    p = opened(SCRATCH("c3.ptau"));
    assert_ok(ptau_check(&p, &work, &e), e);
    assert_ok(r1cs_open(&r, FIXTURE("tiny.r1cs"), &e), e);
    assert_err(groth16_setup_ptau(SCRATCH("c.zkey"), &r, &p, NULL, &work, &e), VCP_EFORMAT, e,
               "not prepared");
    assert_ok(ptau_prepare(SCRATCH("c.ptau"), &p, &work, &e), e);
    ptau_release(&p);
    p = opened(SCRATCH("c.ptau"));
    assert_ok(ptau_check(&p, &work, &e), e);
    assert_ok(groth16_setup_ptau(SCRATCH("c0.zkey"), &r, &p, NULL, &work, &e), e);
    assert_ok(zkey_open(&k, SCRATCH("c0.zkey"), &e), e);
    assert_ok(groth16_contribute(SCRATCH("c1.zkey"), &k, "x", NULL, NULL, &work, &e), e);
    zkey_release(&k);
    assert_ok(zkey_open(&k, SCRATCH("c1.zkey"), &e), e);
    assert_ok(groth16_check_key(&k, &r, &p, SCRATCH("c.tmp"), &work, &e), e);
    assert_ok(vkey_from_zkey(&vk, &k, &e), e);
    assert_ok(groth16_prove(&proof, &k, t.z, &work, &e), e);
    assert_ok(groth16_verify(vk, t.z + 1, 2, &proof, &e), e);
    assert_int_equal(work.memory_now_bytes, 0);
    vkey_free(vk);
    zkey_release(&k);
    ptau_release(&p);
    r1cs_release(&r);
    threads_free(work.threads);
    tiny_close(&t);
}

static bool stop(void *arg, const char *stage, unsigned permille)
{
    (void)stage;
    return permille < *(unsigned *)arg;
}

static void what_cannot_be_made_leaves_nothing_behind(void **state)
{
    uint8_t hash[BLAKE2B_DIGEST_BYTES];
    unsigned limit = 300;
    struct work work = {.memory_max_bytes = 100000},
                cancelled = {.progress = stop, .progress_arg = &limit};
    struct err e = {0};
    struct ptau p = opened(FIXTURE("tiny.ptau"));
    char name[66] = {0};
    (void)state;
    memset(name, 'n', 65);
    assert_err(ptau_new(SCRATCH("n.ptau"), 0, hash, &work, &e), VCP_EINVAL, e, "power 0");
    assert_err(ptau_new(SCRATCH("n.ptau"), 29, hash, &work, &e), VCP_EINVAL, e, "power 29");
    assert_err(ptau_contribute(SCRATCH("n.ptau"), &p, name, NULL, hash, &work, &e), VCP_EINVAL, e,
               "at most 64");
    assert_err(ptau_contribute(SCRATCH("n.ptau"), &p, "a", NULL, hash, &work, &e), VCP_ELIMIT, e,
               "ceiling");
    assert_err(ptau_contribute(SCRATCH("n.ptau"), &p, "a", NULL, hash, &cancelled, &e),
               VCP_ECANCELLED, e, "cancelled");
    assert_err(ptau_prepare(SCRATCH("n.ptau"), &p, &cancelled, &e), VCP_ECANCELLED, e, "cancelled");
    assert_err(ptau_beacon(SCRATCH("n.ptau"), &p, "a", hash, 0, 10, hash, &work, &e), VCP_EINVAL, e,
               "0 bytes");
    assert_err(ptau_beacon(SCRATCH("n.ptau"), &p, "a", hash, 8, 31, hash, &work, &e), VCP_EINVAL, e,
               "2^31");
    p.ceremony_power = 5;
    assert_err(ptau_contribute(SCRATCH("n.ptau"), &p, "a", NULL, hash, &work, &e), VCP_ESTATE, e,
               "cut down");
    p.ceremony_power = 4;
    assert_int_equal(work.memory_now_bytes, 0);
    assert_int_equal(cancelled.memory_now_bytes, 0);
    assert_int_equal(access(SCRATCH("n.ptau"), F_OK), -1);
    ptau_release(&p);
}

/* ---- files that lie ---- */

struct lie {
    const char *word; /* in the refusal */
    int code;
    unsigned section; /* where */
    size_t offset;
    char how; /* '1', '2': another point of that group; 'x': a bit; 'o': off the curve */
};

/* Power 4: sections 2 (31 points), 3, 4, 5 (16 each); contributions start 4 bytes in. */
enum {
    KEY = 4 + 3 * G1_BYTES + 2 * G2_BYTES, /* public key of contribution 1 */
    STATE = KEY + 6 * G1_BYTES + 3 * G2_BYTES,
    NEXT = STATE + BLAKE2B_STATE_BYTES,
    LABEL = NEXT + BLAKE2B_DIGEST_BYTES,
    SECOND = LABEL + 8 + 5 - 4 /* contribution 2, as the first one counted from 4 */
};

static const struct lie lies[] = {
    {"not those of the last contribution", VCP_EVERIFY, 2, 1 * G1_BYTES, '1'},
    {"do not hash", VCP_EVERIFY, 2, 2 * G1_BYTES, '1'},
    {"do not hash", VCP_EVERIFY, 2, 30 * G1_BYTES, '1'},
    {"do not hash", VCP_EVERIFY, 2, 0, '1'},
    {"not those of the last contribution", VCP_EVERIFY, 3, G2_BYTES, '2'},
    {"do not hash", VCP_EVERIFY, 3, 15 * G2_BYTES, '2'},
    {"not those of the last contribution", VCP_EVERIFY, 4, 0, '1'},
    {"do not hash", VCP_EVERIFY, 4, 9 * G1_BYTES, '1'},
    {"not those of the last contribution", VCP_EVERIFY, 5, 0, '1'},
    {"do not hash", VCP_EVERIFY, 5, 9 * G1_BYTES, '1'},
    {"not those of the last contribution", VCP_EVERIFY, 6, 0, '2'},
    {"contribution 1 (one): its tau", VCP_EVERIFY, 7, 4, '1'},
    {"contribution 1 (one): its tau", VCP_EVERIFY, 7, 4 + G1_BYTES, '2'},
    {"contribution 1 (one): its alpha", VCP_EVERIFY, 7, 4 + G1_BYTES + G2_BYTES, '1'},
    {"contribution 1 (one): its beta", VCP_EVERIFY, 7, 4 + 2 * G1_BYTES + G2_BYTES, '1'},
    {"contribution 1 (one): its beta", VCP_EVERIFY, 7, 4 + 3 * G1_BYTES + G2_BYTES, '2'},
    {"contribution 1 (one): its public key", VCP_EVERIFY, 7, KEY, '1'},
    {"contribution 1 (one): its public key", VCP_EVERIFY, 7, KEY + 3 * G1_BYTES, '1'},
    {"contribution 1 (one): its public key", VCP_EVERIFY, 7, KEY + 6 * G1_BYTES, '2'},
    {"contribution 1 (one): its public key", VCP_EVERIFY, 7, KEY + 6 * G1_BYTES + 2 * G2_BYTES,
     '2'},
    {"contribution 1 is cut off or has a bad point", VCP_EFORMAT, 7, KEY, 'o'},
    {"contribution 2 (final): its public key", VCP_EVERIFY, 7, NEXT, 'x'},
    {"contribution 1 is cut off or of an unknown type", VCP_EFORMAT, 7, LABEL + 1, 'x'},
    {"malformed parameters", VCP_EFORMAT, 7, LABEL + 9, 'x'},
    {"do not hash", VCP_EVERIFY, 7, SECOND + STATE, 'x'},
    {"do not hash", VCP_EVERIFY, 7, SECOND + NEXT, 'x'},
    {"not the one the beacon gives", VCP_EVERIFY, 7, SECOND + LABEL + 8 + 7 + 2 + 2, 'x'},
    {"Lagrange basis in G1 does not belong", VCP_EVERIFY, 12, 0, '1'},
    {"Lagrange basis in G1 does not belong", VCP_EVERIFY, 12, 20 * G1_BYTES, '1'},
    {"double Lagrange basis does not belong", VCP_EVERIFY, 12, 62 * G1_BYTES, '1'},
    {"is not on the curve", VCP_EFORMAT, 12, 40 * G1_BYTES, 'o'},
    {"Lagrange basis in G2 does not belong", VCP_EVERIFY, 13, 30 * G2_BYTES, '2'},
    {"Lagrange basis times alpha does not belong", VCP_EVERIFY, 14, 7 * G1_BYTES, '1'},
    {"Lagrange basis times beta does not belong", VCP_EVERIFY, 15, 30 * G1_BYTES, '1'},
};

/* Negated, or the generator where that would change nothing. */
static void another_point(unsigned char *at, bool twist)
{
    g1_affine p;
    g2_affine q;

    if (twist) {
        memcpy(&q, at, sizeof q);
        g2_affine_neg(&q, &q);
        memcpy(at, &q, sizeof q);
        return;
    }
    memcpy(&p, at, sizeof p);
    g1_affine_neg(&p, &p);
    memcpy(at, &p, sizeof p);
}

static void every_lie_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const struct lie *l = &lies[i];
        struct buf b = fixture_bytes(FIXTURE("tiny.ptau"));
        struct work work = {0};
        struct err e = {0};
        struct ptau p;
        int rc = ptau_parse(&p, "p", b.data, b.len, &e);
        unsigned char *at = (unsigned char *)(uintptr_t)p.file.sections[l->section].data +
                            l->offset;

        assert_ok(rc, e);
        if (l->how == 'x')
            *at ^= 4;
        else if (l->how == 'o')
            at[0] ^= 1;
        else
            another_point(at, l->how == '2');
        rc = ptau_check(&p, &work, &e);
        if (rc != l->code || !strstr(e.msg, l->word))
            fail_msg("lie %zu: %s, \"%s\"; wanted %s saying \"%s\"", i, err_code_name(rc), e.msg,
                     err_code_name(l->code), l->word);
        assert_int_equal(work.memory_now_bytes, 0);
        ptau_release(&p);
        buf_release(&b);
    }
}

/* The first contributor alone knows the secrets of a chain that lost its other links. */
static void a_chain_that_lost_a_link_is_refused(void **state)
{
    struct ptau p = opened(FIXTURE("tiny.ptau"));
    struct ptau_contribution saved;
    struct ptau_chain c;
    struct err e = {0};
    (void)state;
    assert_ok(ptau_chain_read(&c, &p.file, &e), e);
    assert_ok(ptau_chain_check(&c, 4, "p", &e), e);
    assert_err(ptau_chain_check(&c, 5, "p", &e), VCP_EVERIFY, e, "contribution 1");
    saved = c.list[0];
    c.list[0] = c.list[1];
    c.n = 1;
    assert_err(ptau_chain_check(&c, 4, "p", &e), VCP_EVERIFY, e, "contribution 1");
    c.n = 2;
    assert_err(ptau_chain_check(&c, 4, "p", &e), VCP_EVERIFY, e, "contribution 1");
    c.list[1] = saved;
    assert_err(ptau_chain_check(&c, 4, "p", &e), VCP_EVERIFY, e, "contribution 1");
    c.list[0] = saved;
    assert_err(ptau_chain_check(&c, 4, "p", &e), VCP_EVERIFY, e, "contribution 2");
    ptau_chain_release(&c);
    ptau_release(&p);
}

/* A point outside its group must not meet the secret, whatever it is. */
static void bad_points_are_found_before_secrets_are_drawn(void **state)
{
    static const size_t offset[][2] = {
        {2, 5 * G1_BYTES}, {3, 5 * G2_BYTES}, {4, 0}, {5, 64}, {6, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof offset / sizeof *offset; i++) {
        struct buf b = fixture_bytes(FIXTURE("tiny.ptau"));
        uint8_t hash[BLAKE2B_DIGEST_BYTES];
        struct work work = {0};
        struct err e = {0};
        struct ptau p;
        assert_ok(ptau_parse(&p, "p", b.data, b.len, &e), e);
        ((unsigned char *)(uintptr_t)p.file.sections[offset[i][0]].data)[offset[i][1]] ^= 1;
        assert_err(ptau_contribute(SCRATCH("b.ptau"), &p, "a", NULL, hash, &work, &e), VCP_EFORMAT,
                   e, "is not in its group");
        assert_err(ptau_prepare(SCRATCH("b.ptau"), &p, &work, &e), VCP_EFORMAT, e,
                   "is not in its group");
        ptau_release(&p);
        buf_release(&b);
    }
}

/* ---- the parts ---- */

static void blake2b_agrees_with_libsodium(void **state)
{
    uint8_t in[1000], got[64], want[64], saved[BLAKE2B_STATE_BYTES];
    struct prng r;
    (void)state;
    prng_init(&r, 81);
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)prng_next(&r);
    for (size_t n = 0; n <= sizeof in; n += n < 300 ? 1 : 37) {
        struct blake2b h, later;
        size_t at = 0;

        blake2b_init(&h);
        while (at < n) {
            size_t take = prng_below(&r, (uint32_t)(n - at)) + 1;

            blake2b_update(&h, in + at, take);
            at += take;
            blake2b_save(&h, saved);
            blake2b_load(&later, saved);
            blake2b_update(&later, in + at, n - at);
            blake2b_final(&later, got);
            crypto_generichash(want, sizeof want, in, n, NULL, 0);
            assert_memory_equal(got, want, sizeof want);
        }
        blake2b_final(&h, got);
        crypto_generichash(want, sizeof want, in, n, NULL, 0);
        assert_memory_equal(got, want, sizeof want);
    }
    memset(saved, 0xff, sizeof saved); /* any bytes are some state */
    struct blake2b any;
    blake2b_load(&any, saved);
    blake2b_update(&any, in, sizeof in);
    blake2b_final(&any, got);
}

/* L_j(tau) for a known tau: the product of (tau - w^i) / (w^j - w^i) over i != j. */
static void lagrange_bases_agree_with_their_definition(void **state)
{
    struct work work = {0};
    struct err e = {0};
    g1_affine a[16];
    g2_affine b[16];
    fr tau, power, w;
    fr_bits k;
    g1 t;
    g2 u;
    (void)state;
    fr_from_u64(&tau, 123456789);
    for (unsigned log_n = 0; log_n <= 4; log_n++) {
        size_t n = (size_t)1 << log_n;

        power = fr_one;
        for (size_t i = 0; i < n; i++) {
            fr_to_bits(&k, &power);
            g1_mul(&t, &g1_generator, &k);
            g1_to_affine(&a[i], &t);
            g2_mul(&u, &g2_generator, &k);
            g2_to_affine(&b[i], &u);
            fr_mul(&power, &power, &tau);
        }
        assert_ok(point_dft_g1(a, log_n, &work, &e), e);
        assert_ok(point_dft_g2(b, log_n, &work, &e), e);
        fr_root_of_unity(&w, log_n);
        for (uint64_t j = 0; j < n; j++) {
            fr l = fr_one, wj, wi, d;
            g1_affine want;
            g2_affine want2;

            fr_pow(&wj, &w, &j, 1);
            for (uint64_t i = 0; i < n; i++) {
                if (i == j)
                    continue;
                fr_pow(&wi, &w, &i, 1);
                fr_sub(&d, &wj, &wi);
                fr_inv(&d, &d);
                fr_mul(&l, &l, &d);
                fr_sub(&d, &tau, &wi);
                fr_mul(&l, &l, &d);
            }
            fr_to_bits(&k, &l);
            g1_mul(&t, &g1_generator, &k);
            g1_to_affine(&want, &t);
            assert_true(g1_affine_eq(&want, &a[j]));
            g2_mul(&u, &g2_generator, &k);
            g2_to_affine(&want2, &u);
            assert_true(g2_affine_eq(&want2, &b[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_of_a_beacon_are_snarkjs_s),
        cmocka_unit_test(snarkjs_s_ceremony_checks),
        cmocka_unit_test(a_ceremony_leads_to_a_proof),
        cmocka_unit_test(what_cannot_be_made_leaves_nothing_behind),
        cmocka_unit_test(every_lie_is_named),
        cmocka_unit_test(a_chain_that_lost_a_link_is_refused),
        cmocka_unit_test(bad_points_are_found_before_secrets_are_drawn),
        cmocka_unit_test(blake2b_agrees_with_libsodium),
        cmocka_unit_test(lagrange_bases_agree_with_their_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
