/* Multi-scalar multiplication at every CPU level against sums of single products. */
#include "tests/bn254/sample.h"

#include "bn254/msm.h"
#include "bn254/msm_equal.h"

enum { N_MAX = 3000 };

struct msm_case {
    const char *name;
    size_t n;
    g1_affine *p;
    g2_affine *q;
    fr_bits *k;
    unsigned n_threads;
    g1 want1; /* found at the plain level, which is always the first */
    g2 want2;
};

static g1_affine shared_p[N_MAX];
static g2_affine shared_q[N_MAX];

/* The groups of a case; every wire that is not zero stands in exactly one. */
struct grouped {
    struct msm_equal e;
    void *memory, *out;
    fr_bits *k;
};

static void check_groups(const struct grouped *g, const struct msm_case *c)
{
    unsigned char *seen = calloc(c->n + 1, 1);
    size_t n_wires = 0, n_terms = 0;

    for (unsigned part = 0; part < MSM_EQUAL_PARTS; part++) {
        const struct msm_equal_part *p = &g->e.part[part];
        for (uint32_t i = 0; i < p->start[p->n_groups]; i++, n_wires++)
            assert_int_equal(seen[p->wire[i]]++, 0);
        for (uint32_t i = 0; i < p->n_groups; i++) {
            assert_in_range(p->start[i + 1] - p->start[i], 2, MSM_EQUAL_MAX);
            for (uint32_t j = p->start[i] + 1; j < p->start[i + 1]; j++)
                assert_memory_equal(&c->k[p->wire[j]], &c->k[p->wire[j - 1]], sizeof *c->k);
        }
        n_terms += p->n_single + p->n_groups;
    }
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(seen[i], (c->k[i].l[0] | c->k[i].l[1] | c->k[i].l[2] | c->k[i].l[3]) != 0);
    assert_int_equal(n_wires, g->e.n_wires);
    assert_int_equal(n_terms, g->e.n_terms);
    free(seen);
}

static void group_case(struct grouped *g, const struct msm_case *c, struct threads *t)
{
    void *scratch = sample_aligned(msm_equal_scratch_size(c->n, c->n_threads));

    g->memory = sample_aligned(msm_equal_size(c->n));
    msm_equal_find(&g->e, c->k, 0, c->n, t, g->memory, scratch);
    check_groups(g, c);
    g->out = sample_aligned((g->e.n_terms + 1) * sizeof(g2_affine));
    g->k = sample_aligned((g->e.n_terms + 1) * sizeof(fr_bits));
    free(scratch);
}

static void release_groups(struct grouped *g)
{
    free(g->memory);
    free(g->out);
    free(g->k);
}

/* The same points without those at infinity, and which are left. */
struct packed {
    struct msm_points points;
    char *bytes;
    uint64_t live[(N_MAX + 63) / 64];
    uint32_t before[(N_MAX + 63) / 64];
};

static void pack(struct packed *p, const void *points, size_t bytes, size_t n)
{
    static const char zeros[sizeof(g2_affine)];
    uint32_t kept = 0;

    memset(p, 0, sizeof *p);
    p->bytes = malloc((n + 1) * bytes);
    for (size_t i = 0; i < n; i++) {
        const char *point = (const char *)points + i * bytes;
        if (i % 64 == 0)
            p->before[i / 64] = kept;
        if (memcmp(point, zeros, bytes) == 0)
            continue;
        p->live[i / 64] |= (uint64_t)1 << i % 64;
        memcpy(p->bytes + bytes * kept++, point, bytes);
    }
    p->points = (struct msm_points){p->bytes, 0, p->live, p->before};
}

static void expect_gathered_g1(const struct msm_case *c, struct threads *t, void *scratch)
{
    struct msm_points points = {.points = c->p};
    struct packed packed;
    void *work = sample_aligned(msm_equal_g1_scratch_size(c->n_threads));
    struct grouped g;
    size_t n;
    g1 got;

    group_case(&g, c, t);
    n = msm_equal_g1(g.out, g.k, &points, c->k, &g.e, t, work);
    assert_true(n <= g.e.n_terms);
    msm_g1(&got, g.out, g.k, n, t, scratch);
    if (!g1_eq(&got, &c->want1))
        fail_msg("%s: grouped G1, n = %zu, level %s", c->name, c->n,
                 bn254_level_name(bn254_level()));
    pack(&packed, c->p, sizeof *c->p, c->n);
    assert_int_equal(n, msm_equal_g1(g.out, g.k, &packed.points, c->k, &g.e, t, work));
    msm_g1(&got, g.out, g.k, n, t, scratch);
    assert_true(g1_eq(&got, &c->want1));
    free(packed.bytes);
    release_groups(&g);
    free(work);
}

static void expect_gathered_g2(const struct msm_case *c, struct threads *t, void *scratch)
{
    struct msm_points points = {.points = c->q};
    struct packed packed;
    void *work = sample_aligned(msm_equal_g2_scratch_size(c->n_threads));
    struct grouped g;
    size_t n;
    g2 got;

    group_case(&g, c, t);
    n = msm_equal_g2(g.out, g.k, &points, c->k, &g.e, t, work);
    assert_true(n <= g.e.n_terms);
    msm_g2(&got, g.out, g.k, n, t, scratch);
    if (!g2_eq(&got, &c->want2))
        fail_msg("%s: grouped G2, n = %zu, level %s", c->name, c->n,
                 bn254_level_name(bn254_level()));
    pack(&packed, c->q, sizeof *c->q, c->n);
    assert_int_equal(n, msm_equal_g2(g.out, g.k, &packed.points, c->k, &g.e, t, work));
    msm_g2(&got, g.out, g.k, n, t, scratch);
    assert_true(g2_eq(&got, &c->want2));
    free(packed.bytes);
    release_groups(&g);
    free(work);
}

static void expect_g1(void *arg)
{
    struct msm_case *c = arg;
    struct threads *t = threads_new(c->n_threads);
    g1 got, term;
    void *scratch = sample_aligned(msm_g1_scratch_size(c->n, c->n_threads));

    if (bn254_level() == BN254_C)
        c->want1 = g1_infinity;
    for (size_t i = 0; i < c->n && bn254_level() == BN254_C; i++) {
        g1_mul_var(&term, &c->p[i], &c->k[i]);
        g1_add(&c->want1, &c->want1, &term);
    }
    msm_g1(&got, c->p, c->k, c->n, t, scratch);
    if (!g1_eq(&got, &c->want1))
        fail_msg("%s: G1, n = %zu, level %s", c->name, c->n, bn254_level_name(bn254_level()));
    expect_gathered_g1(c, t, scratch);
    free(scratch);
    threads_free(t);
}

static void expect_g2(void *arg)
{
    struct msm_case *c = arg;
    struct threads *t = threads_new(c->n_threads);
    g2 got, term;
    void *scratch = sample_aligned(msm_g2_scratch_size(c->n, c->n_threads));

    if (bn254_level() == BN254_C)
        c->want2 = g2_infinity;
    for (size_t i = 0; i < c->n && bn254_level() == BN254_C; i++) {
        g2_mul_var(&term, &c->q[i], &c->k[i]);
        g2_add(&c->want2, &c->want2, &term);
    }
    msm_g2(&got, c->q, c->k, c->n, t, scratch);
    if (!g2_eq(&got, &c->want2))
        fail_msg("%s: G2, n = %zu, level %s", c->name, c->n, bn254_level_name(bn254_level()));
    expect_gathered_g2(c, t, scratch);
    free(scratch);
    threads_free(t);
}

static void expect_both(struct msm_case *c)
{
    at_every_level(expect_g1, c);
    c->n = c->n > 700 ? 700 : c->n;
    at_every_level(expect_g2, c);
}

static struct msm_case fresh_case(const char *name, size_t n)
{
    struct msm_case c = {.name = name, .n = n, .n_threads = 2};

    c.p = malloc((n + 1) * sizeof *c.p);
    c.q = malloc((n + 1) * sizeof *c.q);
    c.k = calloc(n + 1, sizeof *c.k);
    memcpy(c.p, shared_p, n * sizeof *c.p);
    memcpy(c.q, shared_q, n * sizeof *c.q);
    return c;
}

static void release_case(struct msm_case *c)
{
    free(c->p);
    free(c->q);
    free(c->k);
}

static void random_scalars(struct msm_case *c, struct prng *r)
{
    for (size_t i = 0; i < c->n; i++)
        c->k[i] = sample_bits(r);
}

static void msm_agrees_with_naive_for_every_length(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 7, 8, 9, 31, 64, 255, 700, 3000};
    struct prng r;

    (void)state;
    prng_init(&r, 1);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct msm_case c = fresh_case("random", lengths[i]);

        random_scalars(&c, &r);
        expect_both(&c);
        release_case(&c);
    }
}

static void msm_handles_zeros_ones_and_short_scalars(void **state)
{
    struct msm_case c = fresh_case("short scalars", 900);
    struct prng r;

    (void)state;
    prng_init(&r, 2);
    for (size_t i = 0; i < c.n; i++) {
        fr_bits full = sample_bits(&r);

        switch (i % 6) {
        case 0: break;
        case 1: c.k[i].l[0] = 1; break;
        case 2: c.k[i].l[0] = prng_below(&r, 256); break;
        case 3: c.k[i].l[0] = full.l[0]; break;
        case 4: c.k[i].l[0] = full.l[0], c.k[i].l[1] = full.l[1]; break;
        default: c.k[i] = full;
        }
    }
    expect_both(&c);
    release_case(&c);
}

static void msm_handles_the_largest_scalars(void **state)
{
    struct msm_case c = fresh_case("r - small", 400);

    (void)state;
    for (size_t i = 0; i < c.n; i++) {
        memcpy(c.k[i].l, fr_modulus, sizeof c.k[i].l);
        c.k[i].l[0] -= 1 + i * i % 97;
    }
    expect_both(&c);
    release_case(&c);
}

static void msm_handles_one_scalar_for_all(void **state)
{
    struct msm_case c = fresh_case("equal scalars", 2500);
    struct prng r;

    (void)state;
    prng_init(&r, 3);
    c.k[0] = sample_bits(&r);
    for (size_t i = 1; i < c.n; i++)
        c.k[i] = c.k[0];
    expect_both(&c);
    release_case(&c);
}

static void msm_handles_equal_and_opposite_points(void **state)
{
    struct msm_case c = fresh_case("equal points", 1200);
    struct prng r;

    (void)state;
    prng_init(&r, 4);
    for (size_t i = 0; i < c.n; i++) {
        c.p[i] = c.p[i % 3];
        c.q[i] = c.q[i % 3];
        if (i % 2) {
            g1_affine_neg(&c.p[i], &c.p[i]);
            g2_affine_neg(&c.q[i], &c.q[i]);
        }
        c.k[i].l[0] = 1 + prng_below(&r, 5);
        if (i % 7 == 0)
            c.k[i] = sample_bits(&r);
    }
    expect_both(&c);
    release_case(&c);
}

static void msm_skips_points_at_infinity(void **state)
{
    struct msm_case c = fresh_case("infinity", 800);
    struct prng r;

    (void)state;
    prng_init(&r, 5);
    random_scalars(&c, &r);
    for (size_t i = 0; i < c.n; i++)
        if (prng_below(&r, 2)) {
            memset(&c.p[i], 0, sizeof c.p[i]);
            memset(&c.q[i], 0, sizeof c.q[i]);
        }
    expect_both(&c);
    release_case(&c);
}

/* Groups of every size up to more than one group holds. */
static void msm_handles_scalars_in_groups_of_every_size(void **state)
{
    struct msm_case c = fresh_case("groups", 2600);
    struct prng r;
    size_t at = 0;

    (void)state;
    prng_init(&r, 9);
    for (size_t size = 1; size <= 66 && at < c.n; size++) {
        fr_bits k = sample_bits(&r);

        for (size_t i = 0; i < size && at < c.n; i++)
            c.k[at++] = k;
    }
    while (at < c.n)
        c.k[at++].l[0] = 3;
    expect_both(&c);
    release_case(&c);
}

static void msm_that_cancels_is_infinity(void **state)
{
    struct msm_case c = fresh_case("cancelling", 512);
    struct prng r;

    (void)state;
    prng_init(&r, 6);
    random_scalars(&c, &r);
    for (size_t i = 0; i < c.n; i += 2) {
        c.k[i + 1] = c.k[i];
        g1_affine_neg(&c.p[i + 1], &c.p[i]);
        g2_affine_neg(&c.q[i + 1], &c.q[i]);
    }
    expect_both(&c);
    release_case(&c);
}

static void msm_takes_any_number_of_threads(void **state)
{
    struct prng r;

    (void)state;
    prng_init(&r, 7);
    for (unsigned n_threads = 1; n_threads <= 64; n_threads *= 4) {
        struct msm_case c = fresh_case("threads", 500);

        c.n_threads = n_threads;
        random_scalars(&c, &r);
        at_every_level(expect_g1, &c);
        release_case(&c);
    }
}

/* Sections of a mapped file begin anywhere. */
static void check_unaligned(void *arg)
{
    struct msm_case *c = arg;
    char *bytes = malloc(c->n * sizeof(g2_affine) + 4);
    void *scratch = sample_aligned(msm_g2_scratch_size(c->n, 1));
    g1 a, b;
    g2 d, e;

    msm_g1(&a, c->p, c->k, c->n, NULL, scratch);
    msm_g2(&d, c->q, c->k, c->n, NULL, scratch);
    memcpy(bytes + 4, c->p, c->n * sizeof(g1_affine));
    msm_g1(&b, bytes + 4, c->k, c->n, NULL, scratch);
    assert_true(g1_eq(&a, &b));
    memcpy(bytes + 4, c->q, c->n * sizeof(g2_affine));
    msm_g2(&e, bytes + 4, c->k, c->n, NULL, scratch);
    assert_true(g2_eq(&d, &e));
    free(bytes);
    free(scratch);
}

static void msm_reads_points_at_any_alignment(void **state)
{
    struct msm_case c = fresh_case("unaligned", 300);
    struct prng r;

    (void)state;
    prng_init(&r, 8);
    random_scalars(&c, &r);
    at_every_level(check_unaligned, &c);
    release_case(&c);
}

static void check_find_invalid(void *arg)
{
    struct msm_case *c = arg;
    g1_affine p = c->p[77];
    g2_affine q = c->q[77];

    assert_int_equal(g1_find_invalid(c->p, c->n, NULL), c->n);
    assert_int_equal(g2_find_invalid(c->q, c->n, NULL), c->n);
    fp_add(&c->p[77].x, &c->p[77].x, &fp_one);
    fp_add(&c->q[77].y.c0, &c->q[77].y.c0, &fp_one);
    assert_int_equal(g1_find_invalid(c->p, c->n, NULL), 77);
    assert_int_equal(g2_find_invalid(c->q, c->n, NULL), 77);
    c->p[77] = p;
    c->q[77] = q;
    for (int i = 0; i < 4; i++) /* the same value, not canonical */
        c->p[77].x.l[i] = UINT64_MAX;
    assert_int_equal(g1_find_invalid(c->p, c->n, NULL), 77);
    c->p[77] = p;
    memset(&c->p[3], 0, sizeof p);
    assert_int_equal(g1_find_invalid(c->p, c->n, NULL), c->n);
    memset(&c->p[3].x, 0, sizeof(fp));
    c->p[3].y = fp_one;
    assert_int_equal(g1_find_invalid(c->p, c->n, NULL), 3);
    c->p[3] = p;
}

static void find_invalid_names_the_first_bad_point(void **state)
{
    struct msm_case c = fresh_case("find_invalid", 200);

    (void)state;
    at_every_level(check_find_invalid, &c);
    release_case(&c);
}

/* On the curve, of an order that is not r: (x, y) with x = 0, 1, 2 .. u lands in the
 * subgroup with probability 1/cofactor. */
static g2_affine outside_subgroup(void)
{
    g2_affine p, g = g2_generator;
    fp2 b, t;

    /* b = y^2 - x^3 of the generator */
    fp2_sqr(&b, &g.y);
    fp2_sqr(&t, &g.x);
    fp2_mul(&t, &t, &g.x);
    fp2_sub(&b, &b, &t);
    p.x = fp2_zero;
    do {
        fp_add(&p.x.c1, &p.x.c1, &fp_one);
        fp2_sqr(&t, &p.x);
        fp2_mul(&t, &t, &p.x);
        fp2_add(&t, &t, &b);
    } while (!fp2_sqrt_var(&p.y, &t));
    assert_true(g2_affine_is_on_curve(&p));
    return p;
}

static void check_subgroup(void *arg)
{
    struct msm_case *c = arg;
    g2_affine saved = c->q[150];

    c->q[150] = outside_subgroup();
    assert_false(g2_affine_in_subgroup(&c->q[150]));
    assert_int_equal(g2_find_invalid(c->q, c->n, NULL), 150);
    c->q[170] = c->q[150];
    fp2_add(&c->q[170].x, &c->q[170].x, &fp2_one); /* off the curve, later */
    assert_int_equal(g2_find_invalid(c->q, c->n, NULL), 150);
    c->q[150] = saved;
    assert_int_equal(g2_find_invalid(c->q, c->n, NULL), 170);
    memset(&c->q[170], 0, sizeof c->q[170]);
    assert_int_equal(g2_find_invalid(c->q, c->n, NULL), c->n);
}

static void find_invalid_sees_points_outside_the_subgroup(void **state)
{
    struct msm_case c = fresh_case("subgroup", 200);

    (void)state;
    at_every_level(check_subgroup, &c);
    release_case(&c);
}

static void check_mul_fixed(void *arg)
{
    struct msm_case *c = arg;
    struct threads *t = threads_new(2);
    g1_affine *out = malloc(c->n * sizeof *out), one;
    g2_affine *out2 = malloc(c->n * sizeof *out2), one2;
    void *scratch = sample_aligned(g1_mul_fixed_scratch_size(c->n, 2));
    void *scratch2 = sample_aligned(g2_mul_fixed_scratch_size(c->n, 2));
    g1 p;
    g2 q;

    g1_mul_fixed_n(out, &c->p[0], c->k, c->n, t, scratch);
    g2_mul_fixed_n(out2, &c->q[0], c->k, c->n, t, scratch2);
    for (size_t i = 0; i < c->n; i++) {
        g1_mul_var(&p, &c->p[0], &c->k[i]);
        g1_to_affine(&one, &p);
        assert_memory_equal(&one, &out[i], sizeof one);
        g2_mul_var(&q, &c->q[0], &c->k[i]);
        g2_to_affine(&one2, &q);
        assert_memory_equal(&one2, &out2[i], sizeof one2);
    }
    free(out), free(out2), free(scratch), free(scratch2);
    threads_free(t);
}

static void mul_fixed_agrees_with_single_products(void **state)
{
    static const size_t lengths[] = {1, 5, 100, 600};
    struct prng r;

    (void)state;
    prng_init(&r, 9);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct msm_case c = fresh_case("fixed", lengths[i]);

        random_scalars(&c, &r);
        memset(&c.k[0], 0, sizeof c.k[0]);
        if (c.n > 4) {
            memset(&c.k[1], 0, sizeof c.k[1]);
            c.k[1].l[0] = 1;
            memcpy(c.k[2].l, fr_modulus, sizeof c.k[2].l);
            c.k[2].l[0]--;
            c.k[3] = c.k[4];
        }
        at_every_level(check_mul_fixed, &c);
        release_case(&c);
    }
}

static int sample_points(void **state)
{
    struct prng r;

    (void)state;
    prng_init(&r, 99);
    sample_g1_n(&r, shared_p, N_MAX);
    sample_g2_n(&r, shared_q, N_MAX);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msm_agrees_with_naive_for_every_length),
        cmocka_unit_test(msm_handles_zeros_ones_and_short_scalars),
        cmocka_unit_test(msm_handles_the_largest_scalars),
        cmocka_unit_test(msm_handles_one_scalar_for_all),
        cmocka_unit_test(msm_handles_equal_and_opposite_points),
        cmocka_unit_test(msm_skips_points_at_infinity),
        cmocka_unit_test(msm_handles_scalars_in_groups_of_every_size),
        cmocka_unit_test(msm_that_cancels_is_infinity),
        cmocka_unit_test(msm_takes_any_number_of_threads),
        cmocka_unit_test(msm_reads_points_at_any_alignment),
        cmocka_unit_test(find_invalid_names_the_first_bad_point),
        cmocka_unit_test(find_invalid_sees_points_outside_the_subgroup),
        cmocka_unit_test(mul_fixed_agrees_with_single_products),
    };

    return cmocka_run_group_tests(tests, sample_points, NULL);
}
