/* The pairing at every CPU level: bilinear, the same value everywhere, and Miller loops over
 * any number of pairs that name the first Q outside the subgroup. */
#include "tests/bn254/sample.h"

#include "bn254/pairing.h"

static void check_bilinear(void *arg)
{
    struct prng r;
    fp12 e, f, g, base;

    (void)arg;
    prng_init(&r, 35);
    pairing(&base, &g1_generator, &g2_generator);
    assert_false(fp12_is_one(&base));
    for (int i = 0; i < 4; i++) {
        fr a = sample_fr(&r), b = sample_fr(&r), ab;
        fr_bits ka, kb, kab;
        g1_affine p;
        g2_affine q;
        g1 tp;
        g2 tq;

        fr_mul(&ab, &a, &b);
        fr_to_bits(&ka, &a), fr_to_bits(&kb, &b), fr_to_bits(&kab, &ab);
        g1_mul_var(&tp, &g1_generator, &ka);
        g1_to_affine(&p, &tp);
        g2_mul_var(&tq, &g2_generator, &kb);
        g2_to_affine(&q, &tq);
        pairing(&e, &p, &q);
        pairing_gt_pow_var(&f, &base, &kab);
        assert_true(fp12_eq(&e, &f));
        fp12_pow_var(&g, &base, kab.l, 4);
        assert_true(fp12_eq(&e, &g));
        fp12_pow_var(&g, &e, fr_modulus, 4);
        assert_true(fp12_is_one(&g));
        g1_affine_neg(&p, &p);
        pairing(&g, &p, &q);
        fp12_mul(&g, &g, &e);
        assert_true(fp12_is_one(&g));
    }
}

static void pairing_is_bilinear_and_not_trivial(void **state)
{
    (void)state;
    at_every_level(check_bilinear, NULL);
}

static void check_same_value(void *arg)
{
    fp12 *want = arg, e;
    g1_affine p;
    g2_affine q;
    struct prng r;

    prng_init(&r, 36);
    sample_g1_n(&r, &p, 1);
    sample_g2_n(&r, &q, 1);
    pairing(&e, &p, &q);
    if (bn254_level() == BN254_C)
        *want = e;
    assert_true(fp12_eq(want, &e));
}

static void pairing_has_the_same_value_at_every_level(void **state)
{
    fp12 want;

    (void)state;
    at_every_level(check_same_value, &want);
}

static void check_infinity(void *arg)
{
    g1_affine none1;
    g2_affine none2;
    fp12 e;

    (void)arg;
    memset(&none1, 0, sizeof none1);
    memset(&none2, 0, sizeof none2);
    pairing(&e, &none1, &g2_generator);
    assert_true(fp12_is_one(&e));
    pairing(&e, &g1_generator, &none2);
    assert_true(fp12_is_one(&e));
    assert_true(pairing_check(NULL, 0));
}

static void pairing_with_infinity_is_one(void **state)
{
    (void)state;
    at_every_level(check_infinity, NULL);
}

/* ---- products ---- */

enum { PAIRS = 75 };

struct product {
    g2_affine q[PAIRS];
    struct g2_prepared lines[PAIRS];
    struct pairing_pair pairs[PAIRS];
    fp12 want[PAIRS + 1]; /* of the first n pairs, at level c */
    struct prng rng;
    uint64_t seed;
};

/* Random pairs, some with lines, some with infinity on one side or both. */
static void product_init(struct product *s, uint64_t seed)
{
    g1_affine p[PAIRS];

    s->seed = seed;
    prng_init(&s->rng, seed);
    sample_g1_n(&s->rng, p, PAIRS);
    sample_g2_n(&s->rng, s->q, PAIRS);
    for (size_t i = 0; i < PAIRS; i++) {
        uint32_t kind = prng_below(&s->rng, 8);

        if (kind == 0)
            memset(&p[i], 0, sizeof p[i]);
        if (kind == 1 || i == 40)
            memset(&s->q[i], 0, sizeof s->q[i]);
        s->pairs[i] = (struct pairing_pair){p[i], &s->q[i], NULL};
        if (prng_below(&s->rng, 3) == 0) {
            g2_prepare(&s->lines[i], &s->q[i]);
            s->pairs[i].lines = &s->lines[i];
        }
    }
}

static void check_product(void *arg)
{
    struct product *s = arg;
    fp12 f;

    for (size_t n = 0; n <= PAIRS; n += n < 20 || n > 60 ? 1 : 7) {
        assert_int_equal(pairing_miller(&f, s->pairs, n), n);
        pairing_final_exp(&f, &f);
        if (bn254_level() == BN254_C)
            s->want[n] = f;
        if (!fp12_eq(&f, &s->want[n]))
            fail_msg("%zu pairs of seed %llu at level %s", n, (unsigned long long)s->seed,
                     bn254_level_name(bn254_level()));
    }
}

static void products_have_the_same_value_at_every_level(void **state)
{
    static struct product s;

    (void)state;
    for (uint64_t seed = 50; seed < 53; seed++) {
        product_init(&s, seed);
        at_every_level(check_product, &s);
    }
}

/* A point of the twist with a given x, in the subgroup hardly ever; false if there is none. */
static bool twist_point(g2_affine *out, const fp2 *x)
{
    fp2 b, t;

    fp2_sqr(&b, &g2_generator.y);
    fp2_sqr(&t, &g2_generator.x);
    fp2_mul(&t, &t, &g2_generator.x);
    fp2_sub(&b, &b, &t);
    out->x = *x;
    fp2_sqr(&t, x);
    fp2_mul(&t, &t, x);
    fp2_add(&t, &t, &b);
    return fp2_sqrt_var(&out->y, &t);
}

static void check_outsiders(void *arg)
{
    struct product *s = arg;
    g2_affine saved;
    fp12 f;
    fp2 x;

    for (size_t at = 0; at < PAIRS; at += at < 40 ? 1 : 5) {
        const struct g2_prepared *lines = s->pairs[at].lines;
        g1_affine p = s->pairs[at].p;

        saved = s->q[at];
        do
            x.c0 = sample_fp(&s->rng), x.c1 = sample_fp(&s->rng);
        while (!twist_point(&s->q[at], &x));
        s->pairs[at].lines = NULL;
        assert_int_equal(pairing_miller(&f, s->pairs, PAIRS), at);
        assert_int_equal(pairing_miller(&f, s->pairs, at + 1), at);
        assert_int_equal(pairing_miller(&f, s->pairs + at, 1), 0);
        assert_false(pairing_check(s->pairs, PAIRS));
        memset(&s->pairs[at].p, 0, sizeof p); /* contributes 1, and is told all the same */
        assert_int_equal(pairing_miller(&f, s->pairs, PAIRS), at);
        assert_false(pairing_check(s->pairs + at, 1));
        s->q[at] = saved;
        s->pairs[at].lines = lines;
        s->pairs[at].p = p;
    }
    for (int i = 0; i < 2; i++) { /* two of them: the first is told */
        do
            x.c0 = sample_fp(&s->rng), x.c1 = sample_fp(&s->rng);
        while (!twist_point(&s->q[i == 0 ? 30 : 13], &x));
        s->pairs[i == 0 ? 30 : 13].lines = NULL;
    }
    assert_int_equal(pairing_miller(&f, s->pairs, PAIRS), 13);
}

static void points_outside_the_subgroup_are_told(void **state)
{
    static struct product s, fresh;

    (void)state;
    product_init(&fresh, 54);
    for (int level = BN254_C; level <= (int)bn254_level_best(); level++) {
        s = fresh;
        for (size_t i = 0; i < PAIRS; i++) {
            s.pairs[i].q = &s.q[i];
            if (s.pairs[i].lines)
                s.pairs[i].lines = &s.lines[i];
        }
        assert_int_equal(bn254_level_set((enum bn254_level)level), 0);
        check_outsiders(&s);
    }
}

/* Coordinates at the ends of their range: small, near p, near 2^253, single bits.  The
 * points are in no subgroup; the function of the lines is the same all the same. */
static void check_extremes(void *arg)
{
    fp12 *want = arg;
    fp12 f;
    g2_affine q[8];
    struct pairing_pair pairs[8];
    size_t n = 0, round = 0;

    for (unsigned i = 0; i < 512; i++) {
        fp edge[2], x = fp_one, y2;
        fp2 x2;

        for (int j = 0; j < 2; j++) {
            unsigned kind = j == 0 ? i % 16 : i / 16;

            memset(&edge[j], 0, sizeof edge[j]);
            if (kind < 4)
                edge[j].l[kind] = UINT64_C(1) << (kind == 3 ? 61 : 63);
            else if (kind < 8)
                edge[j].l[0] = kind - 4;
            else if (kind < 12)
                memset(edge[j].l, 0xff, 8 * (kind - 8));
            if (kind >= 12)
                fp_sub(&edge[j], &edge[j], &(fp){{kind - 11, 0, 0, 0}});
        }
        x2 = (fp2){edge[0], edge[1]};
        if (!twist_point(&q[n], &x2))
            continue;
        x = edge[i % 2];
        do { /* y^2 = x^3 + 3 */
            fp_add(&x, &x, &fp_one);
            fp_sqr(&y2, &x);
            fp_mul(&y2, &y2, &x);
            fp_add(&y2, &y2, &fp_one);
            fp_add(&y2, &y2, &fp_one);
            fp_add(&y2, &y2, &fp_one);
        } while (!fp_sqrt(&pairs[n].p.y, &y2));
        pairs[n].p.x = x;
        pairs[n].q = &q[n];
        pairs[n].lines = NULL;
        if (++n < 8)
            continue;
        (void)pairing_miller(&f, pairs, n);
        pairing_final_exp(&f, &f);
        if (bn254_level() == BN254_C)
            want[round] = f;
        assert_true(fp12_eq(&f, &want[round]));
        round++;
        n = 0;
    }
    assert_true(round > 20);
}

static void extreme_coordinates_give_the_same_value_at_every_level(void **state)
{
    static fp12 want[64];

    (void)state;
    at_every_level(check_extremes, want);
}

/* ---- many multiples ---- */

static void check_multiples(void *arg)
{
    enum { N = 150 };
    struct prng r;
    g1_affine p[N], out[N], again[N];
    fr_bits k[N];
    g1 want, minus, sum;

    (void)arg;
    prng_init(&r, 55);
    sample_g1_n(&r, p, N);
    for (unsigned bits = 0; bits <= 254; bits += bits < 12 ? 1 : 22) {
        size_t n = prng_below(&r, N) + 1;

        for (size_t i = 0; i < n; i++) {
            k[i] = sample_bits(&r);
            for (unsigned j = bits; j < 256; j++)
                k[i].l[j / 64] &= ~(UINT64_C(1) << (j % 64));
            if (i % 7 == 3)
                memset(&k[i], 0, sizeof k[i]);
            if (i % 7 == 5 && bits == 254) { /* r - 1, r - 2, ..., and r itself */
                memcpy(&k[i], fr_modulus, sizeof k[i]);
                k[i].l[0] -= i / 7;
            }
            if (i % 7 == 6 && bits > 0) /* the longest of this length */
                for (unsigned j = 0; j < bits && bits < 254; j++)
                    k[i].l[j / 64] |= UINT64_C(1) << (j % 64);
        }
        memset(&p[n / 2], 0, sizeof p[0]);
        g1_mul_n_var(out, p, k, n);
        g1_mul_sum_var(&sum, p, k, n);
        g1_mul_n(again, p, k, n);
        assert_memory_equal(again, out, n * sizeof out[0]);
        for (size_t i = 0; i < n; i++) {
            g1_affine affine;

            g1_mul(&want, &p[i], &k[i]);
            g1_neg(&minus, &want);
            g1_add(&sum, &sum, &minus);
            g1_to_affine(&affine, &want);
            if (!g1_affine_eq(&affine, &out[i]))
                fail_msg("multiple %zu of %zu, %u bits, level %s", i, n, bits,
                         bn254_level_name(bn254_level()));
        }
        assert_true(g1_is_infinity(&sum));
        g1_mul_n_var(p, p, k, n); /* in place; the next round goes on from there */
        assert_memory_equal(p, out, n * sizeof p[0]);
        sample_g1_n(&r, p, N);
    }
}

static void many_multiples_agree_with_single_ones(void **state)
{
    (void)state;
    at_every_level(check_multiples, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairing_is_bilinear_and_not_trivial),
        cmocka_unit_test(pairing_has_the_same_value_at_every_level),
        cmocka_unit_test(pairing_with_infinity_is_one),
        cmocka_unit_test(products_have_the_same_value_at_every_level),
        cmocka_unit_test(points_outside_the_subgroup_are_told),
        cmocka_unit_test(extreme_coordinates_give_the_same_value_at_every_level),
        cmocka_unit_test(many_multiples_agree_with_single_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
