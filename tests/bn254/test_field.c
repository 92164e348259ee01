/* Axioms of the fields and the tower on random and extreme inputs, and their encodings. */
#include "tests/bn254/sample.h"

#include "bn254/fp12.h"

enum { ROUNDS = 300 };

/* ---- Fp and Fr, the same text twice ---- */

#define FIELD_TESTS(F, MOD_TEXT)                                                                   \
    static void F##_extreme(F list[8])                                                             \
    {                                                                                              \
        list[0] = F##_zero;                                                                        \
        list[1] = F##_one;                                                                         \
        F##_neg(&list[2], &F##_one);                                                               \
        F##_from_u64(&list[3], UINT64_MAX);                                                        \
        memcpy(list[4].l, F##_modulus, 32); /* limbs of m - 1, 1, 2^64 - 1 .. */                   \
        list[4].l[0]--;                                                                            \
        memset(&list[5], 0, sizeof list[5]);                                                       \
        list[5].l[0] = 1;                                                                          \
        list[6] = list[4];                                                                         \
        list[6].l[0] = 0;                                                                          \
        memset(&list[7], 0xff, sizeof list[7]);                                                    \
        list[7].l[3] = F##_modulus[3] - 1;                                                         \
    }                                                                                              \
    static void F##_check_axioms(const F *a, const F *b, const F *c)                               \
    {                                                                                              \
        F s, t, u;                                                                                 \
        F##_add(&s, a, b);                                                                         \
        F##_add(&t, b, a);                                                                         \
        assert_true(F##_eq(&s, &t) && F##_is_canonical(&s));                                       \
        F##_sub(&t, &s, b);                                                                        \
        assert_true(F##_eq(&t, a));                                                                \
        F##_mul(&s, &s, c); /* (a + b) c = a c + b c */                                            \
        F##_mul(&t, a, c);                                                                         \
        F##_mul(&u, c, b);                                                                         \
        F##_add(&t, &t, &u);                                                                       \
        assert_true(F##_eq(&s, &t) && F##_is_canonical(&s));                                       \
        F##_mul(&s, a, b); /* (a b) c = a (b c) */                                                 \
        F##_mul(&s, &s, c);                                                                        \
        F##_mul(&t, b, c);                                                                         \
        F##_mul(&t, a, &t);                                                                        \
        assert_true(F##_eq(&s, &t));                                                               \
        F##_sqr(&s, a);                                                                            \
        F##_mul(&t, a, a);                                                                         \
        assert_true(F##_eq(&s, &t));                                                               \
        F##_neg(&s, a);                                                                            \
        F##_add(&s, &s, a);                                                                        \
        assert_true(F##_is_zero(&s));                                                              \
        F##_half(&s, a);                                                                           \
        F##_dbl(&s, &s);                                                                           \
        assert_true(F##_eq(&s, a));                                                                \
        F##_inv(&s, a);                                                                            \
        F##_mul(&t, &s, a);                                                                        \
        assert_true(F##_is_zero(a) ? F##_is_zero(&s) : F##_eq(&t, &F##_one));                      \
    }                                                                                              \
    static void F##_satisfies_the_axioms(void **state)                                             \
    {                                                                                              \
        F x[8], a, b, c;                                                                           \
        struct prng r;                                                                             \
        (void)state;                                                                               \
        F##_extreme(x);                                                                            \
        for (int i = 0; i < 512; i++)                                                              \
            F##_check_axioms(&x[i % 8], &x[i / 8 % 8], &x[i / 64]);                                \
        prng_init(&r, 21);                                                                         \
        for (int i = 0; i < ROUNDS; i++) {                                                         \
            a = sample_##F(&r), b = sample_##F(&r), c = sample_##F(&r);                            \
            F##_check_axioms(&a, &b, &c);                                                          \
            F##_check_axioms(&a, &x[i % 8], &c);                                                   \
        }                                                                                          \
    }                                                                                              \
    static void F##_inverts_many_at_once(void **state)                                             \
    {                                                                                              \
        F a[50], b[50], scratch[50];                                                               \
        struct prng r;                                                                             \
        (void)state;                                                                               \
        prng_init(&r, 22);                                                                         \
        for (int i = 0; i < 50; i++)                                                               \
            a[i] = b[i] = i % 7 ? sample_##F(&r) : F##_zero;                                       \
        F##_inv_batch(a, 50, scratch);                                                             \
        for (int i = 0; i < 50; i++) {                                                             \
            F##_inv(&b[i], &b[i]);                                                                 \
            assert_true(F##_eq(&a[i], &b[i]));                                                     \
        }                                                                                          \
    }                                                                                              \
    static void F##_encodings_round_trip(void **state)                                             \
    {                                                                                              \
        struct prng r;                                                                             \
        uint8_t le[32], be[32];                                                                    \
        char text[78];                                                                             \
        F x[8], a, b;                                                                              \
        (void)state;                                                                               \
        prng_init(&r, 23);                                                                         \
        F##_extreme(x);                                                                            \
        for (int i = 0; i < 100; i++) {                                                            \
            a = i < 8 ? x[i] : sample_##F(&r);                                                     \
            F##_to_le(le, &a);                                                                     \
            F##_to_be(be, &a);                                                                     \
            for (int j = 0; j < 32; j++)                                                           \
                assert_int_equal(le[j], be[31 - j]);                                               \
            assert_true(F##_from_le(&b, le) && F##_eq(&a, &b));                                    \
            assert_true(F##_from_be(&b, be) && F##_eq(&a, &b));                                    \
            assert_true(F##_from_dec(&b, text, F##_to_dec(text, &a)) && F##_eq(&a, &b));           \
        }                                                                                          \
        F##_to_dec(text, &x[2]); /* m - 1 */                                                       \
        text[strlen(text) - 1]++;                                                                  \
        assert_string_equal(text, MOD_TEXT);                                                       \
    }                                                                                              \
    static void F##_refuses_what_is_not_canonical(void **state)                                    \
    {                                                                                              \
        static const char *const bad[] = {                                                         \
            "",                                                                                    \
            "-1",                                                                                  \
            "+1",                                                                                  \
            " 1",                                                                                  \
            "1 ",                                                                                  \
            "00",                                                                                  \
            "01",                                                                                  \
            "0x1",                                                                                 \
            "1a",                                                                                  \
            MOD_TEXT,                                                                              \
            MOD_TEXT "0",                                                                          \
            "115792089237316195423570985008687907853269984665640564039457584007913129639935",      \
            "99999999999999999999999999999999999999999999999999999999999999999999999999999"};      \
        uint8_t b[32];                                                                             \
        F a = F##_one, m;                                                                          \
        (void)state;                                                                               \
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)                                    \
            assert_false(F##_from_dec(&a, bad[i], strlen(bad[i])));                                \
        memcpy(b, F##_modulus, 32);                                                                \
        assert_false(F##_from_le(&a, b));                                                          \
        memcpy(m.l, b, 32);                                                                        \
        assert_false(F##_is_canonical(&m));                                                        \
        b[0]++;                                                                                    \
        assert_false(F##_from_le(&a, b));                                                          \
        memset(b, 0xff, 32);                                                                       \
        assert_false(F##_from_le(&a, b) || F##_from_be(&a, b));                                    \
        memcpy(b, F##_modulus, 32);                                                                \
        b[0]--;                                                                                    \
        assert_true(F##_eq(&a, &F##_one)); /* untouched so far */                                  \
        assert_true(F##_from_le(&a, b));                                                           \
    }                                                                                              \
    static void F##_reduces_wide_numbers(void **state)                                             \
    {                                                                                              \
        uint8_t b[64];                                                                             \
        F a, want, x, t;                                                                           \
        (void)state;                                                                               \
        memset(b, 0xff, sizeof b); /* 2^512 - 1 */                                                 \
        F##_from_wide_le(&a, b);                                                                   \
        F##_from_u64(&x, 2);                                                                       \
        uint64_t e = 512;                                                                          \
        F##_pow(&want, &x, &e, 1);                                                                 \
        F##_sub(&want, &want, &F##_one);                                                           \
        assert_true(F##_eq(&a, &want));                                                            \
        memset(b, 0, sizeof b);                                                                    \
        b[32] = 1; /* 2^256 */                                                                     \
        F##_from_wide_le(&a, b);                                                                   \
        e = 256;                                                                                   \
        F##_pow(&t, &x, &e, 1);                                                                    \
        assert_true(F##_eq(&a, &t));                                                               \
    }

/* clang-format off */
FIELD_TESTS(fp, "21888242871839275222246405745257275088696311157297823662689037894645226208583")
FIELD_TESTS(fr, "21888242871839275222246405745257275088548364400416034343698204186575808495617")
/* clang-format on */

/* ---- roots ---- */

static fp2 sample_fp2(struct prng *r)
{
    fp2 a;

    a.c0 = sample_fp(r);
    a.c1 = sample_fp(r);
    return a;
}

static void square_roots_are_roots_and_exist_for_half(void **state)
{
    int n_fp = 0, n_fp2 = 0;
    struct prng r;

    (void)state;
    prng_init(&r, 24);
    for (int i = 0; i < ROUNDS; i++) {
        fp a = sample_fp(&r), b, c;
        fp2 d = sample_fp2(&r), e, f;

        if (i < 20)
            d.c1 = fp_zero;
        n_fp += fp_sqrt(&b, &a);
        n_fp2 += fp2_sqrt_var(&e, &d);
        fp_sqr(&b, &a);
        assert_true(fp_sqrt(&c, &b));
        fp_sqr(&c, &c);
        assert_true(fp_eq(&b, &c));
        fp2_sqr(&e, &d);
        assert_true(fp2_sqrt_var(&f, &e));
        fp2_sqr(&f, &f);
        assert_true(fp2_eq(&e, &f));
    }
    assert_in_range(n_fp, ROUNDS / 3, 2 * ROUNDS / 3);
    assert_in_range(n_fp2, ROUNDS / 3, 2 * ROUNDS / 3);
}

static void roots_of_unity_have_their_order(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= FR_TWO_ADICITY; i++) {
        fr w, v;

        fr_root_of_unity(&w, i);
        fr_root_of_unity(&v, i - 1);
        assert_false(fr_eq(&w, &v));
        fr_sqr(&w, &w);
        assert_true(fr_eq(&w, &v));
    }
}

/* ---- tower ---- */

static fp6 sample_fp6(struct prng *r)
{
    fp6 a;

    a.c0 = sample_fp2(r), a.c1 = sample_fp2(r), a.c2 = sample_fp2(r);
    return a;
}

static fp12 sample_fp12(struct prng *r)
{
    fp12 a;

    a.c0 = sample_fp6(r), a.c1 = sample_fp6(r);
    return a;
}

static void tower_agrees_with_its_definition(void **state)
{
    struct prng r;
    fp6 v = {{{{0}}, {{0}}}, {{{0}}, {{0}}}, {{{0}}, {{0}}}}, t6;
    fp2 u = {{{0}}, {{0}}}, xi, t;

    (void)state;
    prng_init(&r, 25);
    u.c1 = fp_one;
    fp2_sqr(&t, &u); /* u^2 = -1 */
    fp2_neg(&t, &t);
    assert_true(fp2_eq(&t, &fp2_one));
    fp2_mul_xi(&xi, &fp2_one); /* xi = 9 + u */
    fp_from_u64(&t.c0, 9);
    t.c1 = fp_one;
    assert_true(fp2_eq(&t, &xi));
    v.c1 = fp2_one;
    fp6_sqr(&t6, &v); /* v^3 = xi */
    fp6_mul(&t6, &t6, &v);
    assert_true(fp2_eq(&t6.c0, &xi) && fp2_is_zero(&t6.c1) && fp2_is_zero(&t6.c2));
    for (int i = 0; i < 50; i++) {
        fp12 a = sample_fp12(&r), b = sample_fp12(&r), c = sample_fp12(&r), s, w, x;
        fp6 d = a.c0, e;

        fp6_mul_v(&e, &d);
        fp6_mul(&d, &d, &v);
        assert_true(fp6_eq(&d, &e));
        fp6_sqr(&d, &a.c0);
        fp6_mul(&e, &a.c0, &a.c0);
        assert_true(fp6_eq(&d, &e));
        fp6_inv(&d, &a.c0);
        fp6_mul(&d, &d, &a.c0);
        assert_true(fp6_eq(&d, &fp6_one));
        fp12_mul(&s, &a, &b); /* (a b) c = a (b c) */
        fp12_mul(&s, &s, &c);
        fp12_mul(&w, &b, &c);
        fp12_mul(&w, &a, &w);
        assert_true(fp12_eq(&s, &w));
        fp12_sqr(&s, &a);
        fp12_mul(&w, &a, &a);
        assert_true(fp12_eq(&s, &w));
        fp12_inv(&s, &a);
        fp12_mul(&s, &s, &a);
        assert_true(fp12_is_one(&s));
        if (i == 0) { /* frobenius(a) = a^p, and powers compose */
            fp12_pow_var(&s, &a, fp_modulus, 4);
            fp12_frobenius(&w, &a, 1);
            assert_true(fp12_eq(&s, &w));
        }
        fp12_frobenius(&w, &a, 1);
        fp12_frobenius(&w, &w, 1);
        fp12_frobenius(&x, &a, 2);
        assert_true(fp12_eq(&w, &x));
        fp12_frobenius(&w, &w, 1);
        fp12_frobenius(&x, &a, 3);
        assert_true(fp12_eq(&w, &x));
        fp12_frobenius(&x, &x, 3); /* a^(p^6) */
        fp12_conj(&w, &a);
        assert_true(fp12_eq(&w, &x));
    }
}

static void fp2_satisfies_the_axioms(void **state)
{
    struct prng r;

    (void)state;
    prng_init(&r, 26);
    for (int i = 0; i < ROUNDS; i++) {
        fp2 a = sample_fp2(&r), b = sample_fp2(&r), s, t, in[3], scratch[3];

        fp2_mul(&s, &a, &b);
        fp2_mul(&t, &b, &a);
        assert_true(fp2_eq(&s, &t));
        fp2_sqr(&s, &a);
        fp2_mul(&t, &a, &a);
        assert_true(fp2_eq(&s, &t));
        fp2_inv(&s, &a);
        fp2_mul(&t, &s, &a);
        assert_true(fp2_eq(&t, &fp2_one));
        in[0] = a, in[1] = fp2_zero, in[2] = b;
        fp2_inv_batch(in, 3, scratch);
        assert_true(fp2_eq(&in[0], &s) && fp2_is_zero(&in[1]));
        fp2_half(&t, &a);
        fp2_dbl(&t, &t);
        assert_true(fp2_eq(&t, &a));
    }
}

static void random_scalars_differ(void **state)
{
    fr a, b;

    (void)state;
    fr_random(&a);
    fr_random(&b);
    assert_true(fr_is_canonical(&a) && fr_is_canonical(&b) && !fr_eq(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fp_satisfies_the_axioms),
        cmocka_unit_test(fr_satisfies_the_axioms),
        cmocka_unit_test(fp_inverts_many_at_once),
        cmocka_unit_test(fr_inverts_many_at_once),
        cmocka_unit_test(fp_encodings_round_trip),
        cmocka_unit_test(fr_encodings_round_trip),
        cmocka_unit_test(fp_refuses_what_is_not_canonical),
        cmocka_unit_test(fr_refuses_what_is_not_canonical),
        cmocka_unit_test(fp_reduces_wide_numbers),
        cmocka_unit_test(fr_reduces_wide_numbers),
        cmocka_unit_test(square_roots_are_roots_and_exist_for_half),
        cmocka_unit_test(roots_of_unity_have_their_order),
        cmocka_unit_test(fp2_satisfies_the_axioms),
        cmocka_unit_test(tower_agrees_with_its_definition),
        cmocka_unit_test(random_scalars_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
