/* attack_bn254.c - inputs made to hit the exceptional cases of every kernel level.
 *
 * The sums below take points from a handful of small multiples of the generators, so that
 * buckets, rows and columns meet equal, opposite and infinite points all the time; the
 * oracle needs one product: sum k_i (m_i G) = (sum k_i m_i) G. */
#include "sample.h"

#include "bn254/msm.h"
#include "bn254/ntt.h"
#include "bn254/pairing.h"

/* ---- sums of few different points ---- */

enum { MULTIPLES = 9, SUM_MAX = 40000 };

struct few {
    g1_affine p1[2 * MULTIPLES + 1]; /* m G for m from -9 to 9 */
    g2_affine p2[2 * MULTIPLES + 1];
};

static void few_init(struct few *f)
{
    g1 a = g1_infinity;
    g2 b = g2_infinity;

    for (int m = 0; m <= MULTIPLES; m++) {
        g1_to_affine(&f->p1[MULTIPLES + m], &a);
        g2_to_affine(&f->p2[MULTIPLES + m], &b);
        g1_affine_neg(&f->p1[MULTIPLES - m], &f->p1[MULTIPLES + m]);
        g2_affine_neg(&f->p2[MULTIPLES - m], &f->p2[MULTIPLES + m]);
        g1_add_affine(&a, &a, &g1_generator);
        g2_add_affine(&b, &b, &g2_generator);
    }
}

static fr fr_of_int(int m)
{
    fr out;

    fr_from_u64(&out, (uint64_t)(m < 0 ? -m : m));
    if (m < 0)
        fr_neg(&out, &out);
    return out;
}

/* Scalars whose windows are all ones, all top bits, runs of carries; at most r - 1. */
static fr_bits nasty_scalar(struct prng *r, int kind)
{
    static const uint64_t word[] = {0,
                                    UINT64_MAX,
                                    UINT64_C(0x8080808080808080),
                                    UINT64_C(0x7f7f7f7f7f7f7f7f),
                                    UINT64_C(0x8000800080008000),
                                    UINT64_C(0x5555555555555555),
                                    UINT64_C(0x0000000100000001),
                                    UINT64_C(0xfffffffefffffffe)};
    fr_bits k = {{0}};

    if (kind == 0)
        return sample_bits(r);
    if (kind == 1 || kind == 2) { /* near r, or near 0 */
        uint64_t d = 1 + prng_below(r, 70000);
        if (kind == 1) {
            memcpy(k.l, fr_modulus, sizeof k.l);
            if (k.l[0] < d)
                k.l[1]--;
            k.l[0] -= d;
        } else {
            k.l[0] = d - 1;
        }
        return k;
    }
    for (int i = 0; i < 4; i++)
        k.l[i] = word[prng_below(r, 8)];
    k.l[3] &= UINT64_C(0x1fffffffffffffff);
    if (kind == 4) /* one length of many */
        for (int i = 3; i > (int)prng_below(r, 4); i--)
            k.l[i] = 0;
    return k;
}

struct sum_case {
    const struct few *few;
    g1_affine *p;
    g2_affine *q;
    fr_bits *k;
    fr total;
    size_t n;
    unsigned n_threads;
    uint64_t seed;
};

static void fill_case(struct sum_case *c, struct prng *r)
{
    bool one_scalar = prng_below(r, 4) == 0, one_point = prng_below(r, 6) == 0;
    int kind = (int)prng_below(r, 6), spread = 1 + (int)prng_below(r, MULTIPLES);
    fr_bits same = nasty_scalar(r, kind % 5);
    fr k, m;

    c->total = fr_zero;
    for (size_t i = 0; i < c->n; i++) {
        int mult = one_point ? spread : (int)prng_below(r, 2 * (uint64_t)spread + 1) - spread;
        int my_kind = kind == 5 ? (int)prng_below(r, 5) : kind;

        c->k[i] = one_scalar ? same : nasty_scalar(r, my_kind);
        c->p[i] = c->few->p1[MULTIPLES + mult];
        c->q[i] = c->few->p2[MULTIPLES + mult];
        assert_true(fr_from_bits(&k, &c->k[i]));
        m = fr_of_int(mult);
        fr_mul(&k, &k, &m);
        fr_add(&c->total, &c->total, &k);
    }
}

static void check_sum(void *arg)
{
    const struct sum_case *c = arg;
    struct threads *t = c->n_threads > 1 ? threads_new(c->n_threads) : NULL;
    void *s1 = sample_aligned(msm_g1_scratch_size(c->n, c->n_threads));
    void *s2 = sample_aligned(msm_g2_scratch_size(c->n, c->n_threads));
    fr_bits k;
    g1 a, want_a;
    g2 b, want_b;

    fr_to_bits(&k, &c->total);
    g1_mul_var(&want_a, &g1_generator, &k);
    g2_mul_var(&want_b, &g2_generator, &k);
    msm_g1(&a, c->p, c->k, c->n, t, s1);
    if (!g1_eq(&a, &want_a))
        fail_msg("G1: seed %llu, n %zu, %u threads, level %s", (unsigned long long)c->seed, c->n,
                 c->n_threads, bn254_level_name(bn254_level()));
    msm_g2(&b, c->q, c->k, c->n, t, s2);
    if (!g2_eq(&b, &want_b))
        fail_msg("G2: seed %llu, n %zu, %u threads, level %s", (unsigned long long)c->seed, c->n,
                 c->n_threads, bn254_level_name(bn254_level()));
    free(s1), free(s2);
    threads_free(t);
}

static void run_sums(size_t n_max, uint64_t first_seed, uint64_t n_seeds)
{
    struct few few;
    struct sum_case c = {.few = &few,
                         .p = malloc(n_max * sizeof *c.p),
                         .q = malloc(n_max * sizeof *c.q),
                         .k = malloc(n_max * sizeof *c.k)};

    few_init(&few);
    for (c.seed = first_seed; c.seed < first_seed + n_seeds; c.seed++) {
        struct prng r;

        prng_init(&r, c.seed);
        c.n = 1 + prng_below(&r, n_max);
        c.n_threads = 1 + (unsigned)prng_below(&r, 4);
        fill_case(&c, &r);
        at_every_level(check_sum, &c);
    }
    free(c.p), free(c.q), free(c.k);
}

static void sums_of_colliding_points_are_right(void **state)
{
    (void)state;
    run_sums(3000, 1000, 20);
    run_sums(200, 2000, 60);
    run_sums(SUM_MAX, 3000, 1); /* several slices, wide windows */
}

/* ---- bytes that are no points ---- */

static void check_garbage(void *arg)
{
    struct prng *r = arg;
    enum { N = 3000 };
    g1_affine *p = malloc(N * sizeof *p);
    g2_affine *q = malloc(N * sizeof *q);
    fr_bits *k = malloc(N * sizeof *k);
    void *s1 = sample_aligned(msm_g1_scratch_size(N, 1));
    void *s2 = sample_aligned(msm_g2_scratch_size(N, 1));
    g1 a;
    g2 b;

    for (int round = 0; round < 3; round++) {
        sample_bytes(r, (uint8_t *)p, N * sizeof *p);
        sample_bytes(r, (uint8_t *)q, N * sizeof *q);
        if (round > 0)
            memset(p, round == 1 ? 0xff : 0x80, N * sizeof *p / 2);
        if (round > 0)
            memset(q, round == 1 ? 0xff : 0x80, N * sizeof *q / 2);
        for (int i = 0; i < N; i++)
            k[i] = sample_bits(r);
        msm_g1(&a, p, k, N, NULL, s1);
        msm_g2(&b, q, k, N, NULL, s2);
        assert_int_equal(g1_find_invalid(p, N, NULL), 0);
        assert_int_equal(g2_find_invalid(q, N, NULL), 0);
    }
    free(p), free(q), free(k), free(s1), free(s2);
}

/* The contract: results mean nothing, but nothing else breaks. */
static void garbage_points_break_nothing(void **state)
{
    struct prng r;

    (void)state;
    prng_init(&r, 4);
    at_every_level(check_garbage, &r);
}

/* ---- points of small order on the twist ---- */

/* 2p - r = 10069 * 5864401 * .. */
static const uint64_t cofactor[4] = {UINT64_C(0x345f2299c0f9fa8d), UINT64_C(0x06ceecda572a2489),
                                     UINT64_C(0xb85045b68181585e), UINT64_C(0x30644e72e131a029)};

/* cofactor / d, for d below 2^32. */
static void divide(uint64_t out[4], const uint64_t a[4], uint64_t d)
{
    unsigned __int128 rest = 0;

    for (int i = 3; i >= 0; i--) {
        rest = rest << 64 | a[i];
        out[i] = (uint64_t)(rest / d);
        rest %= d;
    }
    assert_true(rest == 0);
}

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

/* A point of exactly the prime order `order`. */
static g2_affine point_of_order(uint64_t order, struct prng *r)
{
    uint64_t part[4];
    g2_affine p = g2_generator, q;
    fp2 b, t;

    fp2_sqr(&b, &p.y);
    fp2_sqr(&t, &p.x);
    fp2_mul(&t, &t, &p.x);
    fp2_sub(&b, &b, &t);
    divide(part, cofactor, order);
    for (;;) {
        p.x.c0 = sample_fp(r), p.x.c1 = sample_fp(r);
        fp2_sqr(&t, &p.x);
        fp2_mul(&t, &t, &p.x);
        fp2_add(&t, &t, &b);
        if (!fp2_sqrt_var(&p.y, &t))
            continue;
        twist_mul(&q, &p, fr_modulus);
        twist_mul(&q, &q, part);
        if (!g2_affine_is_infinity(&q))
            break;
    }
    const uint64_t k[4] = {order, 0, 0, 0};
    twist_mul(&p, &q, k);
    assert_true(g2_affine_is_infinity(&p));
    return q;
}

struct small_orders {
    g2_affine bad[64];
    size_t n;
};

static void check_small_orders(void *arg)
{
    const struct small_orders *s = arg;
    enum { N = 300 };
    struct pairing_pair pairs[20];
    g2_affine list[N];
    struct prng r;
    fp12 f;

    prng_init(&r, 6);
    sample_g2_n(&r, list, N);
    assert_int_equal(g2_find_invalid(list, N, NULL), N);
    for (size_t i = 0; i < s->n; i++) {
        size_t at = i * 4 + 3;
        g2_affine saved = list[at];

        assert_true(g2_affine_is_on_curve(&s->bad[i]));
        assert_false(g2_affine_in_subgroup(&s->bad[i]));
        list[at] = s->bad[i];
        assert_int_equal(g2_find_invalid(list, N, NULL), at);
        list[at] = saved;
        for (size_t j = 0; j < 20; j++)
            pairs[j] = (struct pairing_pair){g1_generator, &list[j], NULL};
        pairs[i % 20].q = &s->bad[i];
        assert_int_equal(pairing_miller(&f, pairs, 20), i % 20);
    }
}

/* Of order 10069 the ladder meets infinity, doublings and cancellations soon. */
static void points_of_small_order_are_outside_the_subgroup(void **state)
{
    static const uint64_t orders[] = {10069, 5864401};
    struct small_orders s = {.n = 0};
    struct prng r;

    (void)state;
    prng_init(&r, 5);
    for (int j = 0; j < 2; j++) {
        g2_affine base = point_of_order(orders[j], &r);
        for (uint64_t m = 1; m <= 32; m++) {
            uint64_t k[4] = {m <= 12 ? m : prng_below(&r, orders[j] - 1) + 1, 0, 0, 0};
            g2 sum;

            twist_mul(&s.bad[s.n], &base, k);
            if (m % 4 == 0) { /* plus a good point */
                g2_from_affine(&sum, &s.bad[s.n]);
                g2_add_affine(&sum, &sum, &g2_generator);
                g2_to_affine(&s.bad[s.n], &sum);
            }
            s.n++;
        }
    }
    at_every_level(check_small_orders, &s);
}

/* ---- transforms: every level gives the plain one's values ---- */

enum { NTT_LOG_TOP = 15 };

static void transform(fr *a, unsigned log_n, int map, unsigned n_threads)
{
    struct threads *t = n_threads > 1 ? threads_new(n_threads) : NULL;
    void *table = sample_aligned(ntt_table_size(log_n));
    struct ntt ntt;

    ntt_init(&ntt, log_n, table, t);
    (map == 0   ? ntt_forward
     : map == 1 ? ntt_inverse
     : map == 2 ? ntt_to_coset
                : ntt_from_coset)(&ntt, a, t);
    free(table);
    threads_free(t);
}

static void fill_vector(fr *a, size_t n, int kind, struct prng *r)
{
    fr top;

    memcpy(top.l, fr_modulus, sizeof top.l); /* the largest limbs that may occur */
    top.l[0]--;
    for (size_t i = 0; i < n; i++)
        a[i] = kind == 0                    ? top
               : kind == 1                  ? sample_fr(r)
               : kind == 2 && (i & (i - 1)) ? fr_zero
               : kind == 3 && i % 3 != 0    ? fr_zero
                                            : top;
}

static void transforms_agree_at_every_level(void **state)
{
    fr *in = sample_aligned(sizeof(fr) << NTT_LOG_TOP),
       *want = sample_aligned(sizeof(fr) << NTT_LOG_TOP);
    fr *got = sample_aligned(sizeof(fr) << NTT_LOG_TOP);
    enum bn254_level best = bn254_level_best();
    struct prng r;

    (void)state;
    prng_init(&r, 7);
    for (unsigned log_n = 0; log_n <= NTT_LOG_TOP; log_n++) {
        size_t n = (size_t)1 << log_n;
        for (int map = 0; map < 4; map++) {
            fill_vector(in, n, (int)(log_n + (unsigned)map) % 4, &r);
            memcpy(want, in, n * sizeof *in);
            assert_int_equal(bn254_level_set(BN254_C), 0);
            transform(want, log_n, map, 1);
            for (int level = BN254_C; level <= (int)best; level++) {
                if (bn254_level_set((enum bn254_level)level) != 0)
                    continue;
                memcpy(got, in, n * sizeof *in);
                transform(got, log_n, map, 1 + (log_n + (unsigned)map) % 3);
                if (memcmp(got, want, n * sizeof *got) != 0)
                    fail_msg("map %d of 2^%u at level %s", map, log_n,
                             bn254_level_name((enum bn254_level)level));
            }
        }
    }
    assert_int_equal(bn254_level_set(best), 0);
    free(in), free(want), free(got);
}

/* ---- vector loops on the limbs at the edges ---- */

static const fr *edge_values(size_t *n)
{
    static fr v[40];
    size_t m = 0;

    v[m++] = fr_zero;
    v[m++] = fr_one;
    for (int i = 0; i < 4; i++)
        for (unsigned bit = 0; bit < 64; bit += 13) {
            if (i == 3 && bit > 60)
                continue;
            v[m] = fr_zero;
            v[m++].l[i] = UINT64_C(1) << bit;
        }
    for (uint64_t d = 1; d <= 3; d++) {
        memcpy(v[m].l, fr_modulus, sizeof v[m].l);
        v[m++].l[0] -= d;
    }
    for (int i = 0; i < 4; i++) { /* r with one limb emptied or lowered by one */
        memcpy(v[m].l, fr_modulus, sizeof v[m].l);
        v[m].l[i]--;
        for (int j = 0; j < i; j++)
            v[m].l[j] = UINT64_MAX;
        m++;
    }
    *n = m;
    return v;
}

static void check_edges(void *arg)
{
    size_t n, count = 0;
    const fr *v = edge_values(&n);
    fr *a = malloc(n * n * sizeof *a), *b = malloc(n * n * sizeof *b),
       *c = malloc(n * n * sizeof *c);
    fr *out = malloc(n * n * sizeof *out), t;

    (void)arg;
    for (size_t i = 0; i < n; i++) {
        assert_true(fr_is_canonical(&v[i]));
        for (size_t j = 0; j < n; j++, count++)
            a[count] = v[i], b[count] = v[j], c[count] = v[(i + 2 * j) % n];
    }
    for (size_t len = count - 19; len <= count; len++) {
        memset(out, 0x55, count * sizeof *out);
        fr_mul_sub_n(out, a, b, c, len, NULL);
        for (size_t i = 0; i < len; i++) {
            fr_mul(&t, &a[i], &b[i]);
            fr_sub(&t, &t, &c[i]);
            assert_memory_equal(&t, &out[i], sizeof t);
        }
        for (size_t i = len; i < count; i++)
            assert_int_equal(out[i].l[0], UINT64_C(0x5555555555555555));
    }
    fr_to_bits_n((fr_bits *)out, a, count);
    for (size_t i = 0; i < count; i++) {
        fr_bits k;
        fr_to_bits(&k, &a[i]);
        assert_memory_equal(&k, &out[i], sizeof k);
    }
    fr_from_bits_n(out, (fr_bits *)out, count);
    assert_memory_equal(out, a, count * sizeof *out);
    free(a), free(b), free(c), free(out);
}

static void vector_loops_take_edge_values(void **state)
{
    (void)state;
    at_every_level(check_edges, NULL);
}

/* ---- pairings ---- */

/* prod e(a_i G1, b_i G2) = e(G1, G2)^(sum a_i b_i), with infinity in any place. */
static void check_products(void *arg)
{
    struct prng *r = arg;
    static struct g2_prepared lines[40];
    struct pairing_pair pairs[40];
    g2_affine q[40];
    fp12 f, want, e;

    pairing(&e, &g1_generator, &g2_generator);
    for (size_t n = 0; n <= 37; n += n < 18 ? 1 : 6) {
        fr total = fr_zero, x, y;
        for (size_t i = 0; i < n; i++) {
            fr_bits a = sample_bits(r), b = sample_bits(r);
            g1 ta;
            g2 tb;
            if (prng_below(r, 4) == 0)
                memset(&a, 0, sizeof a);
            if (prng_below(r, 4) == 0)
                memset(&b, 0, sizeof b);
            g1_mul_var(&ta, &g1_generator, &a);
            g2_mul_var(&tb, &g2_generator, &b);
            g1_to_affine(&pairs[i].p, &ta);
            g2_to_affine(&q[i], &tb);
            pairs[i].q = &q[i];
            pairs[i].lines = NULL;
            if (prng_below(r, 2) == 0) {
                g2_prepare(&lines[i], &q[i]);
                pairs[i].lines = &lines[i];
            }
            assert_true(fr_from_bits(&x, &a) && fr_from_bits(&y, &b));
            fr_mul(&x, &x, &y);
            fr_add(&total, &total, &x);
        }
        fr_bits k;
        fr_to_bits(&k, &total);
        pairing_gt_pow_var(&want, &e, &k);
        assert_int_equal(pairing_miller(&f, pairs, n), n);
        pairing_final_exp(&f, &f);
        if (!fp12_eq(&f, &want))
            fail_msg("product of %zu pairings at level %s", n, bn254_level_name(bn254_level()));
        assert_int_equal(pairing_check(pairs, n), fp12_is_one(&want));
    }
    memset(&f, 0, sizeof f); /* 0 has no inverse: it must not become 1 */
    pairing_final_exp(&f, &f);
    assert_false(fp12_is_one(&f));
}

static void products_of_pairings_take_infinity_anywhere(void **state)
{
    struct prng r;

    (void)state;
    prng_init(&r, 8);
    at_every_level(check_products, &r);
}

/* ---- encodings ---- */

/* Every flag byte over a good x: what decompresses, compresses to the same bytes. */
static void no_point_has_two_compressed_forms(void **state)
{
    struct prng r;
    g1_affine p[20], a;
    g2_affine q[20], b;

    (void)state;
    prng_init(&r, 9);
    sample_g1_n(&r, p, 20);
    sample_g2_n(&r, q, 20);
    memset(&p[0], 0, sizeof p[0]);
    memset(&q[0], 0, sizeof q[0]);
    for (int i = 0; i < 20; i++) {
        uint8_t c[32], c2[64], again[64];
        int accepted = 0, accepted2 = 0;
        g1_compress(c, &p[i]);
        g2_compress(c2, &q[i]);
        for (unsigned top = 0; top < 256; top++) {
            uint8_t first = c[0], first2 = c2[0];
            c[0] = (uint8_t)top;
            if (g1_decompress(&a, c)) {
                assert_true(g1_affine_is_on_curve(&a));
                g1_compress(again, &a);
                assert_memory_equal(again, c, 32);
                accepted += memcmp(&a, &p[i], sizeof a) == 0;
            }
            c2[0] = (uint8_t)top;
            if (g2_decompress(&b, c2)) {
                assert_true(g2_affine_is_on_curve(&b));
                g2_compress(again, &b);
                assert_memory_equal(again, c2, 64);
                accepted2 += memcmp(&b, &q[i], sizeof b) == 0;
            }
            c[0] = first;
            c2[0] = first2;
        }
        assert_int_equal(accepted, 1);
        assert_int_equal(accepted2, 1);
    }
}

/* Roots over Fp2 where one part is zero, which the general formula divides by. */
static void square_roots_on_the_axes(void **state)
{
    int found = 0;

    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        fp2 a = fp2_zero, s, root;
        fp v;
        fp_from_u64(&v, i / 2);
        if (i % 2)
            fp_neg(&v, &v);
        for (int axis = 0; axis < 2; axis++) {
            a = fp2_zero;
            *(axis ? &a.c1 : &a.c0) = v;
            fp2_sqr(&s, &a);
            assert_true(fp2_sqrt_var(&root, &s));
            fp2_sqr(&root, &root);
            assert_true(fp2_eq(&root, &s));
            if (!fp2_sqrt_var(&root, &a))
                continue;
            fp2_sqr(&root, &root);
            assert_true(fp2_eq(&root, &a));
            found += axis == 0;
        }
    }
    assert_int_equal(found, 60); /* every element of Fp is a square in Fp2 */
}

/* Constant-time and quick products agree on the scalars at the edges. */
static void products_by_edge_scalars(void **state)
{
    struct prng r;

    (void)state;
    prng_init(&r, 10);
    for (int i = 0; i < 60; i++) {
        fr_bits k = nasty_scalar(&r, i % 5);
        g1 a, b;
        g2 c, d;
        if (i < 4)
            k = (fr_bits){{(uint64_t)i, 0, 0, 0}};
        g1_mul(&a, &g1_generator, &k);
        g1_mul_var(&b, &g1_generator, &k);
        assert_true(g1_eq(&a, &b));
        g2_mul(&c, &g2_generator, &k);
        g2_mul_var(&d, &g2_generator, &k);
        assert_true(g2_eq(&c, &d));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_colliding_points_are_right),
        cmocka_unit_test(garbage_points_break_nothing),
        cmocka_unit_test(points_of_small_order_are_outside_the_subgroup),
        cmocka_unit_test(transforms_agree_at_every_level),
        cmocka_unit_test(vector_loops_take_edge_values),
        cmocka_unit_test(products_of_pairings_take_infinity_anywhere),
        cmocka_unit_test(no_point_has_two_compressed_forms),
        cmocka_unit_test(square_roots_on_the_axes),
        cmocka_unit_test(products_by_edge_scalars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
