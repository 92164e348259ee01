/* Transforms at every CPU level against the definition. */
#include "tests/bn254/sample.h"

#include "bn254/ntt.h"

static void horner(fr *out, const fr f[], size_t n, const fr *x)
{
    fr acc = fr_zero;

    for (size_t i = n; i-- > 0;) {
        fr_mul(&acc, &acc, x);
        fr_add(&acc, &acc, &f[i]);
    }
    *out = acc;
}

struct tables {
    struct ntt t;
    void *storage;
    fr *f, *a;
    size_t n;
};

static void open_tables(struct tables *s, unsigned log_n, struct threads *threads, struct prng *r)
{
    s->n = (size_t)1 << log_n;
    s->storage = sample_aligned(ntt_table_size(log_n));
    s->f = sample_aligned(s->n * sizeof(fr));
    s->a = sample_aligned(s->n * sizeof(fr));
    for (size_t i = 0; i < s->n; i++)
        s->f[i] = sample_fr(r);
    ntt_init(&s->t, log_n, s->storage, threads);
}

static void close_tables(struct tables *s)
{
    free(s->storage);
    free(s->f);
    free(s->a);
}

/* a[i] against f(shift w^i) at every i, or at 40 of them when there are many. */
static void expect_values(const struct tables *s, const fr *shift, const char *what)
{
    size_t step = s->n <= 256 ? 1 : s->n / 40 | 1;
    fr w, x, want;

    fr_root_of_unity(&w, s->t.log_n);
    for (size_t i = 0; i < s->n; i += step) {
        uint64_t e = i;

        fr_pow(&x, &w, &e, 1);
        fr_mul(&x, &x, shift);
        horner(&want, s->f, s->n, &x);
        if (!fr_eq(&want, &s->a[i]) || !fr_is_canonical(&s->a[i]))
            fail_msg("%s: log_n %u, i %zu, level %s", what, s->t.log_n, i,
                     bn254_level_name(bn254_level()));
    }
}

static void check_all_maps(struct tables *s, struct threads *threads)
{
    size_t bytes = s->n * sizeof(fr);
    fr g;

    memcpy(s->a, s->f, bytes);
    ntt_forward(&s->t, s->a, threads);
    expect_values(s, &fr_one, "forward");
    ntt_to_coset(&s->t, s->a, threads);
    fr_root_of_unity(&g, s->t.log_n + 1);
    expect_values(s, &g, "to coset");
    ntt_from_coset(&s->t, s->a, threads);
    expect_values(s, &fr_one, "from coset");
    ntt_inverse(&s->t, s->a, threads);
    assert_memory_equal(s->a, s->f, bytes);
}

static void check_lengths(void *arg)
{
    struct threads *threads = threads_new(2);
    struct prng r;

    (void)arg;
    prng_init(&r, 11);
    for (unsigned log_n = 0; log_n <= 15; log_n++) {
        struct tables s;

        open_tables(&s, log_n, threads, &r);
        check_all_maps(&s, threads);
        check_all_maps(&s, NULL);
        close_tables(&s);
    }
    threads_free(threads);
}

static void ntt_agrees_with_the_definition(void **state)
{
    (void)state;
    at_every_level(check_lengths, NULL);
}

/* Extreme inputs: all r - 1, alternating 0 and r - 1, a single one. */
static void check_extremes(void *arg)
{
    struct prng r;

    (void)arg;
    prng_init(&r, 12);
    for (unsigned log_n = 3; log_n <= 10; log_n++) {
        struct tables s;
        fr top;

        fr_neg(&top, &fr_one);
        memcpy(top.l, fr_modulus, sizeof top.l);
        top.l[0]--;
        open_tables(&s, log_n, NULL, &r);
        for (int kind = 0; kind < 3; kind++) {
            for (size_t i = 0; i < s.n; i++)
                s.f[i] = kind == 0 || (kind == 1 && i % 2) || (kind == 2 && i == s.n - 1) ? top
                                                                                          : fr_zero;
            check_all_maps(&s, NULL);
        }
        close_tables(&s);
    }
}

static void ntt_survives_extreme_inputs(void **state)
{
    (void)state;
    at_every_level(check_extremes, NULL);
}

static void check_vectors(void *arg)
{
    enum { N = 5003 };
    fr *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b), *c = malloc(N * sizeof *c);
    fr *out = malloc(N * sizeof *out), t;
    fr_bits *k = malloc(N * sizeof *k), one;
    struct prng r;

    (void)arg;
    prng_init(&r, 13);
    for (size_t i = 0; i < N; i++)
        a[i] = sample_fr(&r), b[i] = sample_fr(&r), c[i] = sample_fr(&r);
    a[0] = b[1] = c[2] = fr_zero;
    fr_mul_sub_n(out, a, b, c, N, NULL);
    for (size_t i = 0; i < N; i++) {
        fr_mul(&t, &a[i], &b[i]);
        fr_sub(&t, &t, &c[i]);
        assert_memory_equal(&t, &out[i], sizeof t);
    }
    fr_mul_sub_n(out, a, b, NULL, N, NULL);
    fr_to_bits_n(k, out, N);
    for (size_t i = 0; i < N; i++) {
        fr_mul(&t, &a[i], &b[i]);
        assert_memory_equal(&t, &out[i], sizeof t);
        fr_to_bits(&one, &t);
        assert_memory_equal(&one, &k[i], sizeof one);
    }
    fr_from_bits_n(out, k, N);
    for (size_t i = 0; i < N; i++) {
        fr_mul(&t, &a[i], &b[i]);
        assert_memory_equal(&t, &out[i], sizeof t);
    }
    free(a), free(b), free(c), free(out), free(k);
}

static void vector_loops_agree_with_single_operations(void **state)
{
    (void)state;
    at_every_level(check_vectors, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ntt_agrees_with_the_definition),
        cmocka_unit_test(ntt_survives_extreme_inputs),
        cmocka_unit_test(vector_loops_agree_with_single_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
