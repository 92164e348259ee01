/* Group laws and encodings of points. */
#include "tests/bn254/sample.h"

/* ---- the group law, the same text for both groups ---- */

#define GROUP_TESTS(G)                                                                             \
    static void G##_is_a_group(void **state)                                                       \
    {                                                                                              \
        G##_affine p[4];                                                                           \
        G a, b, c, s, t;                                                                           \
        struct prng r;                                                                             \
        (void)state;                                                                               \
        prng_init(&r, 31);                                                                         \
        sample_##G##_n(&r, p, 4);                                                                  \
        G##_from_affine(&a, &p[0]);                                                                \
        G##_dbl(&b, &a);                                                                           \
        G##_add_affine(&c, &b, &p[1]);                                                             \
        G##_add(&s, &a, &b); /* (a + b) + c = a + (b + c), with all Z different */                 \
        G##_add(&s, &s, &c);                                                                       \
        G##_add(&t, &b, &c);                                                                       \
        G##_add(&t, &a, &t);                                                                       \
        assert_true(G##_eq(&s, &t));                                                               \
        G##_add(&s, &c, &c); /* every exceptional case */                                          \
        G##_dbl(&t, &c);                                                                           \
        assert_true(G##_eq(&s, &t));                                                               \
        G##_add_affine(&s, &a, &p[0]);                                                             \
        assert_true(G##_eq(&s, &b));                                                               \
        G##_neg(&t, &c);                                                                           \
        G##_add(&s, &c, &t);                                                                       \
        assert_true(G##_is_infinity(&s));                                                          \
        G##_add(&s, &G##_infinity, &c);                                                            \
        assert_true(G##_eq(&s, &c));                                                               \
        G##_add(&s, &c, &G##_infinity);                                                            \
        assert_true(G##_eq(&s, &c));                                                               \
        G##_dbl(&s, &G##_infinity);                                                                \
        assert_true(G##_is_infinity(&s));                                                          \
        G##_affine_neg(&p[2], &p[0]);                                                              \
        G##_add_affine(&s, &a, &p[2]);                                                             \
        assert_true(G##_is_infinity(&s));                                                          \
        G##_to_affine(&p[3], &s);                                                                  \
        assert_true(G##_affine_is_infinity(&p[3]) && G##_affine_is_on_curve(&p[3]));               \
        G##_add_affine(&s, &c, &p[3]);                                                             \
        assert_true(G##_eq(&s, &c) && !G##_eq(&s, &b));                                            \
    }                                                                                              \
    static void G##_mul_agrees_with_mul_var(void **state)                                          \
    {                                                                                              \
        G##_affine p, none;                                                                        \
        struct prng r;                                                                             \
        fr_bits k;                                                                                 \
        G a, b;                                                                                    \
        (void)state;                                                                               \
        prng_init(&r, 32);                                                                         \
        sample_##G##_n(&r, &p, 1);                                                                 \
        memset(&none, 0, sizeof none);                                                             \
        for (int i = 0; i < 40; i++) {                                                             \
            k = sample_bits(&r);                                                                   \
            if (i < 20) {                                                                          \
                memset(&k, 0, sizeof k);                                                           \
                k.l[0] = (uint64_t)i;                                                              \
            }                                                                                      \
            if (i == 20 || i == 21) {                                                              \
                memcpy(k.l, fr_modulus, 32);                                                       \
                k.l[0] -= (uint64_t)(i - 19);                                                      \
            }                                                                                      \
            G##_mul(&a, &p, &k);                                                                   \
            G##_mul_var(&b, &p, &k);                                                               \
            assert_true(G##_eq(&a, &b));                                                           \
            G##_mul(&a, &none, &k);                                                                \
            G##_mul_var(&b, &none, &k);                                                            \
            assert_true(G##_is_infinity(&a) && G##_is_infinity(&b));                               \
        }                                                                                          \
        memcpy(k.l, fr_modulus, 32); /* the order */                                               \
        G##_mul_var(&b, &p, &k);                                                                   \
        assert_true(G##_is_infinity(&b));                                                          \
    }                                                                                              \
    static void G##_compression_has_one_encoding(void **state)                                     \
    {                                                                                              \
        uint8_t b[sizeof(G##_affine) / 2], c[sizeof b];                                            \
        G##_affine p[20], q;                                                                       \
        struct prng r;                                                                             \
        int refused = 0;                                                                           \
        (void)state;                                                                               \
        prng_init(&r, 33);                                                                         \
        sample_##G##_n(&r, p, 20);                                                                 \
        memset(&p[0], 0, sizeof p[0]);                                                             \
        for (int i = 0; i < 20; i++) {                                                             \
            G##_compress(b, &p[i]);                                                                \
            assert_true(G##_decompress(&q, b) && G##_affine_eq(&p[i], &q));                        \
            for (size_t bit = 0; bit < 8 * sizeof b; bit++) {                                      \
                memcpy(c, b, sizeof b);                                                            \
                c[bit / 8] ^= (uint8_t)(1u << (bit % 8));                                          \
                if (!G##_decompress(&q, c)) {                                                      \
                    refused++;                                                                     \
                    continue;                                                                      \
                }                                                                                  \
                assert_true(G##_affine_is_on_curve(&q) && !G##_affine_eq(&q, &p[i]));              \
                G##_compress(b, &q);                                                               \
                assert_memory_equal(b, c, sizeof b);                                               \
                G##_compress(b, &p[i]);                                                            \
            }                                                                                      \
        }                                                                                          \
        assert_true(refused > 100);                                                                \
        memset(c, 0, sizeof c); /* infinity with anything else */                                  \
        c[0] = 0xc0;                                                                               \
        assert_false(G##_decompress(&q, c));                                                       \
        c[0] = 0x40, c[sizeof c - 1] = 1;                                                          \
        assert_false(G##_decompress(&q, c));                                                       \
        memset(c, 0xff, sizeof c); /* x not below p */                                             \
        c[0] = 0x3f;                                                                               \
        assert_false(G##_decompress(&q, c));                                                       \
    }

GROUP_TESTS(g1)
GROUP_TESTS(g2)

static void points_off_the_curve_are_refused(void **state)
{
    g1_affine p = g1_generator;
    g2_affine q = g2_generator;

    (void)state;
    assert_true(g1_affine_is_on_curve(&p) && g2_affine_is_valid(&q));
    fp_add(&p.y, &p.y, &fp_one);
    assert_false(g1_affine_is_on_curve(&p));
    fp_add(&q.y.c1, &q.y.c1, &fp_one);
    assert_false(g2_affine_is_on_curve(&q) || g2_affine_is_valid(&q));
    p = g1_generator; /* the right point, x written as x + p */
    for (int i = 0, carry = 0; i < 4; i++) {
        unsigned __int128 t = (unsigned __int128)p.x.l[i] + fp_modulus[i] + (unsigned)carry;

        p.x.l[i] = (uint64_t)t;
        carry = (int)(t >> 64);
    }
    assert_false(g1_affine_is_on_curve(&p));
}

/* Points of the twist with random x are in the subgroup with probability 2^-254; for each
 * the quick test must agree with multiplication by r, as for points r' Q of other orders. */
static void subgroup_test_agrees_with_multiplication_by_r(void **state)
{
    static const fr_bits small[] = {{{10069, 0, 0, 0}}, {{5864401, 0, 0, 0}}, {{3, 0, 0, 0}}};
    struct prng r;
    fr_bits order;
    fp2 b, t, x;
    int n = 0;

    (void)state;
    prng_init(&r, 34);
    memcpy(order.l, fr_modulus, 32);
    fp2_sqr(&b, &g2_generator.y);
    fp2_sqr(&t, &g2_generator.x);
    fp2_mul(&t, &t, &g2_generator.x);
    fp2_sub(&b, &b, &t);
    while (n < 30) {
        g2_affine p;
        g2 q;

        x.c0 = sample_fp(&r), x.c1 = sample_fp(&r);
        fp2_sqr(&t, &x);
        fp2_mul(&t, &t, &x);
        fp2_add(&t, &t, &b);
        p.x = x;
        if (!fp2_sqrt_var(&p.y, &t))
            continue;
        assert_true(g2_affine_is_on_curve(&p));
        if (n % 3 > 0) { /* r Q: an order that divides the cofactor; then a multiple of it */
            g2_mul_var(&q, &p, &order);
            g2_to_affine(&p, &q);
            g2_mul_var(&q, &p, &small[n % 2]);
            g2_to_affine(&p, &q);
        }
        g2_mul_var(&q, &p, &order);
        assert_int_equal(g2_affine_in_subgroup(&p), g2_is_infinity(&q));
        n++;
    }
    memset(&x, 0, sizeof x);
}

static void level_can_be_lowered_and_named(void **state)
{
    (void)state;
    assert_int_equal(bn254_level_set(BN254_C), 0);
    assert_int_equal(bn254_level(), BN254_C);
    assert_string_equal(bn254_level_name(BN254_C), "c");
    assert_string_equal(bn254_level_name(BN254_ADX), "adx");
    assert_string_equal(bn254_level_name(BN254_IFMA), "ifma");
    assert_int_equal(bn254_level_set(bn254_level_best()), 0);
    assert_int_equal(bn254_level(), bn254_level_best());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g1_is_a_group),
        cmocka_unit_test(g2_is_a_group),
        cmocka_unit_test(g1_mul_agrees_with_mul_var),
        cmocka_unit_test(g2_mul_agrees_with_mul_var),
        cmocka_unit_test(g1_compression_has_one_encoding),
        cmocka_unit_test(g2_compression_has_one_encoding),
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(subgroup_test_agrees_with_multiplication_by_r),
        cmocka_unit_test(level_can_be_lowered_and_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
