/* The eight-lane tower of x86/tower52.h and the steps of x86/pairing_ifma.c against the plain
 * field: values as large as the comments there allow, limbs all ones, numbers near multiples
 * of p.  What a bound forgets shows here as a wrong digit. */
#include "tests/bn254/sample.h"

#include "bn254/x86/pairing_ifma.c"

enum { ROUNDS = 400 };

/* ---- numbers of 260 bits and their residues ---- */

typedef struct {
    uint64_t l[5]; /* radix 2^52 */
} wide_number;

static void wide_to_fp(fp *out, const wide_number *a)
{
    fp shift, limb;

    fp_from_u64(&shift, UINT64_C(1) << 52);
    *out = fp_zero;
    for (int i = 4; i >= 0; i--) {
        fp_mul(out, out, &shift);
        fp_from_u64(&limb, a->l[i]);
        fp_add(out, out, &limb);
    }
}

/* Times p, a small factor in sixty-fourths, rounded down. */
static void times_p_over_64(wide_number *out, unsigned factor)
{
    unsigned __int128 t[6] = {0};

    for (int i = 0; i < 5; i++)
        t[i] = (unsigned __int128)mp.m[i] * factor;
    for (int i = 0; i < 5; i++) {
        t[i + 1] += t[i] >> 52;
        t[i] &= V52_MASK;
    }
    for (int i = 0; i < 5; i++)
        out->l[i] = ((uint64_t)t[i] >> 6 | (uint64_t)(t[i + 1] << 46)) & V52_MASK;
}

static bool wide_less(const wide_number *a, const wide_number *b)
{
    for (int i = 4; i >= 0; i--)
        if (a->l[i] != b->l[i])
            return a->l[i] < b->l[i];
    return false;
}

/* Below limit p / 64: random, all limbs ones, just below the limit, at a multiple of p. */
static wide_number sample_wide(struct prng *r, unsigned limit)
{
    wide_number top, a;
    uint32_t kind = prng_below(r, 8);

    times_p_over_64(&top, limit);
    a = top;
    if (kind == 0) /* the top itself, less one */
        a.l[0] -= a.l[0] > 0;
    else if (kind == 1)
        times_p_over_64(&a, 64 * prng_below(r, limit / 64 + 1));
    else if (kind == 2)
        memset(&a, 0, sizeof a);
    else
        do
            for (int i = 0; i < 5; i++)
                a.l[i] = kind < 5 && i < 4 ? V52_MASK : prng_next(r) & V52_MASK >> (i == 4 ? 1 : 0);
        while (!wide_less(&a, &top));
    return a;
}

/* ---- lanes ---- */

struct lanes2 {
    vfp2 v;
    fp2 f[8]; /* what the lanes stand for, R = 2^260 left in */
};

static void put_lane(v52 *v, unsigned lane, const wide_number *a)
{
    for (int i = 0; i < 5; i++) {
        uint64_t l[8];

        memcpy(l, &v->l[i], sizeof l);
        l[lane] = a->l[i];
        memcpy(&v->l[i], l, sizeof l);
    }
}

static wide_number get_lane(const v52 *v, unsigned lane)
{
    wide_number a;

    for (int i = 0; i < 5; i++) {
        uint64_t l[8];

        memcpy(l, &v->l[i], sizeof l);
        a.l[i] = l[lane];
    }
    return a;
}

static void sample_lanes(struct lanes2 *s, struct prng *r, unsigned limit)
{
    memset(&s->v, 0, sizeof s->v);
    for (unsigned i = 0; i < 8; i++) {
        wide_number a = sample_wide(r, limit), b = sample_wide(r, limit);

        put_lane(&s->v.c0, i, &a);
        put_lane(&s->v.c1, i, &b);
        wide_to_fp(&s->f[i].c0, &a);
        wide_to_fp(&s->f[i].c1, &b);
    }
}

/* A normalised value below limit p / 64 that is want mod p. */
static void check_lane(const v52 *v, unsigned lane, const fp *want, unsigned limit,
                       const char *what)
{
    wide_number a = get_lane(v, lane), top;
    fp got;

    times_p_over_64(&top, limit);
    for (int i = 0; i < 5; i++)
        if (a.l[i] > V52_MASK)
            fail_msg("%s: limb %d of lane %u is not carried", what, i, lane);
    if (!wide_less(&a, &top))
        fail_msg("%s: lane %u is too large", what, lane);
    wide_to_fp(&got, &a);
    if (!fp_eq(&got, want))
        fail_msg("%s: lane %u is wrong", what, lane);
}

static void check_lanes(const vfp2 *v, const fp2 want[8], unsigned limit, const char *what)
{
    for (unsigned i = 0; i < 8; i++) {
        check_lane(&v->c0, i, &want[i].c0, limit, what);
        check_lane(&v->c1, i, &want[i].c1, limit, what);
    }
}

/* 1 / 2^260, which every reduction divides by. */
static void inverse_r(fp *out)
{
    fp two;

    fp_from_u64(&two, 2);
    fp_pow(out, &two, (const uint64_t[1]){260}, 1);
    fp_inv(out, out);
}

enum { TIGHT = 107 }; /* 1.66 p in sixty-fourths, rounded up */

static bool no_ifma(void)
{
    return bn254_level_best() != BN254_IFMA;
}

static void products_and_squares_keep_their_bounds(void **state)
{
    static const unsigned limits[][2] = {
        {TIGHT, TIGHT}, {182, 407}, {328, 182}, {293, 293}, {64, 1340}};
    struct prng r;
    fp inv_r;

    (void)state;
    if (no_ifma())
        skip();
    prng_init(&r, 60);
    inverse_r(&inv_r);
    for (int round = 0; round < ROUNDS; round++) {
        const unsigned *limit = limits[round % 5];
        struct lanes2 a, b;
        vfp2_wide w;
        fp2 want[8];
        vfp2 got;

        sample_lanes(&a, &r, limit[0]);
        sample_lanes(&b, &r, limit[1]);
        for (int i = 0; i < 8; i++) {
            fp2_mul(&want[i], &a.f[i], &b.f[i]);
            fp2_mul_fp(&want[i], &want[i], &inv_r);
        }
        vfp2_mul(&got, &a.v, &b.v);
        check_lanes(&got, want, 105, "vfp2_mul"); /* 1.64 */
        vfp2_mul_wide(&w, &a.v, &b.v);
        wide_reduce(&got, &w);
        check_lanes(&got, want, TIGHT, "vfp2_mul_wide");
        sample_lanes(&a, &r, round % 2 ? 235 : TIGHT); /* 3.66 */
        for (int i = 0; i < 8; i++) {
            fp2_sqr(&want[i], &a.f[i]);
            fp2_mul_fp(&want[i], &want[i], &inv_r);
        }
        vfp2_sqr(&got, &a.v);
        check_lanes(&got, want, round % 2 ? 116 : 87, "vfp2_sqr");
        vfp2_sqr_wide(&w, &a.v, mp.m4);
        wide_reduce(&got, &w);
        check_lanes(&got, want, TIGHT, "vfp2_sqr_wide");
    }
}

static void folds_take_their_whole_range(void **state)
{
    struct prng r;

    (void)state;
    if (no_ifma())
        skip();
    prng_init(&r, 61);
    for (int round = 0; round < ROUNDS; round++) {
        struct lanes2 a, b;
        fp2 want[8];
        vfp2 t;

        sample_lanes(&a, &r, 460); /* 7.2 */
        t = a.v;
        vfp2_fold(&t);
        check_lanes(&t, a.f, TIGHT, "fold");
        sample_lanes(&a, &r, TIGHT);
        sample_lanes(&b, &r, 211); /* 3.3 */
        v52_sub_raw(&t.c0, &a.v.c0, &b.v.c0);
        v52_sub_raw(&t.c1, &a.v.c1, &b.v.c1);
        vfp2_fold(&t);
        for (int i = 0; i < 8; i++)
            fp2_sub(&want[i], &a.f[i], &b.f[i]);
        check_lanes(&t, want, TIGHT, "fold of a difference");
        mul_xi_tight(&t, &a.v);
        for (int i = 0; i < 8; i++)
            fp2_mul_xi(&want[i], &a.f[i]);
        check_lanes(&t, want, TIGHT, "mul_xi_tight");
    }
}

/* ---- Fp12 ---- */

struct lanes12 {
    vfp12 v;
    fp12 f[8];
};

static fp2 *coefficient(fp12 *f, int i)
{
    fp2 *c[6] = {&f->c0.c0, &f->c0.c1, &f->c0.c2, &f->c1.c0, &f->c1.c1, &f->c1.c2};

    return c[i];
}

static vfp2 *vcoefficient(vfp12 *f, int i)
{
    vfp2 *c[6] = {&f->c0.c0, &f->c0.c1, &f->c0.c2, &f->c1.c0, &f->c1.c1, &f->c1.c2};

    return c[i];
}

static void sample_lanes12(struct lanes12 *s, struct prng *r)
{
    for (int i = 0; i < 6; i++) {
        struct lanes2 t;

        sample_lanes(&t, r, TIGHT - 1);
        *vcoefficient(&s->v, i) = t.v;
        for (int j = 0; j < 8; j++)
            *coefficient(&s->f[j], i) = t.f[j];
    }
}

static void check_lanes12(vfp12 *v, fp12 want[8], const fp *factor, const char *what)
{
    for (int i = 0; i < 6; i++) {
        fp2 w[8];

        for (int j = 0; j < 8; j++)
            fp2_mul_fp(&w[j], coefficient(&want[j], i), factor);
        check_lanes(vcoefficient(v, i), w, TIGHT, what);
    }
}

static void fp12_agrees_with_the_plain_one(void **state)
{
    struct prng r;
    fp inv_r;

    (void)state;
    if (no_ifma())
        skip();
    prng_init(&r, 62);
    inverse_r(&inv_r);
    for (int round = 0; round < ROUNDS; round++) {
        struct lanes12 a, b;
        struct lanes2 l0, l1, l2;
        struct vline line;
        fp12 want[8], sparse = {0};
        vfp12 got;

        sample_lanes12(&a, &r);
        sample_lanes12(&b, &r);
        vfp12_mul(&got, &a.v, &b.v);
        for (int i = 0; i < 8; i++)
            fp12_mul(&want[i], &a.f[i], &b.f[i]);
        check_lanes12(&got, want, &inv_r, "vfp12_mul");
        got = a.v;
        vfp12_sqr(&got);
        for (int i = 0; i < 8; i++)
            fp12_sqr(&want[i], &a.f[i]);
        check_lanes12(&got, want, &inv_r, "vfp12_sqr");
        sample_lanes(&l0, &r, 83); /* 1.3, 1.3, 3.66 */
        sample_lanes(&l1, &r, 83);
        sample_lanes(&l2, &r, 235);
        line = (struct vline){l0.v, l1.v, l2.v};
        got = a.v;
        mul_by_line(&got, &line);
        for (int i = 0; i < 8; i++) {
            sparse.c0.c0 = l0.f[i];
            sparse.c1.c0 = l1.f[i];
            sparse.c1.c1 = l2.f[i];
            fp12_mul(&want[i], &a.f[i], &sparse);
        }
        check_lanes12(&got, want, &inv_r, "mul_by_line");
    }
}

/* ---- steps: what they make of any numbers, on the curve or not ---- */

struct plain_step {
    fp2 x, y, z, l0, l1, l2;
};

/* Plain copies of one lane, without the factors 2^260: a and b times c are a b c. */
static void plain_double(struct plain_step *s, const fp *px, const fp *minus_py)
{
    fp2 b, c, e, e3, t, three_b = {{{0}}, {{0}}};
    fp k;

    fp_from_u64(&three_b.c0, 27);
    fp_from_u64(&k, 3);
    fp_neg(&three_b.c1, &k);
    fp2_sqr(&b, &s->y);
    fp2_sqr(&c, &s->z);
    fp2_mul(&e, &c, &three_b);
    fp2_mul_fp(&e3, &e, &k);
    fp2_sqr(&t, &s->x);
    fp2_mul_fp(&t, &t, &k);
    fp2_mul_fp(&s->l1, &t, px);
    fp2_mul(&t, &s->y, &s->z);
    fp2_dbl(&t, &t);
    fp2_mul_fp(&s->l0, &t, minus_py);
    fp2_sub(&s->l2, &e, &b);
    fp2_mul(&s->x, &s->x, &s->y);
    fp2_dbl(&s->x, &s->x);
    fp2_sub(&c, &b, &e3);
    fp2_mul(&s->x, &s->x, &c);
    fp2_add(&c, &b, &e3);
    fp2_sqr(&c, &c);
    fp2_mul(&s->z, &b, &t);
    fp2_dbl(&s->z, &s->z);
    fp2_dbl(&s->z, &s->z);
    fp2_sqr(&t, &e);
    fp_from_u64(&k, 12);
    fp2_mul_fp(&t, &t, &k);
    fp2_sub(&s->y, &c, &t);
}

static void plain_add(struct plain_step *s, const fp2 *qx, const fp2 *qy, const fp *px,
                      const fp *minus_py)
{
    fp2 o, l, d, e, f, g, h, t;

    fp2_mul(&o, qy, &s->z);
    fp2_sub(&o, &s->y, &o);
    fp2_mul(&l, qx, &s->z);
    fp2_sub(&l, &s->x, &l);
    fp2_mul_fp(&s->l0, &l, minus_py);
    fp2_mul_fp(&s->l1, &o, px);
    fp2_mul(&s->l2, &l, qy);
    fp2_mul(&t, &o, qx);
    fp2_sub(&s->l2, &s->l2, &t);
    fp2_sqr(&f, &o);
    fp2_mul(&f, &f, &s->z);
    fp2_sqr(&d, &l);
    fp2_mul(&e, &d, &l);
    fp2_mul(&g, &s->x, &d);
    fp2_add(&h, &e, &f);
    fp2_sub(&h, &h, &g);
    fp2_sub(&h, &h, &g);
    fp2_mul(&s->x, &l, &h);
    fp2_sub(&g, &g, &h);
    fp2_mul(&t, &g, &o);
    fp2_mul(&g, &s->y, &e);
    fp2_sub(&s->y, &t, &g);
    fp2_mul(&s->z, &s->z, &e);
}

/* Takes the R out of eight lanes, so that plain formulas apply; and puts it in. */
static void scale(fp2 f[8], const fp *factor)
{
    for (int i = 0; i < 8; i++)
        fp2_mul_fp(&f[i], &f[i], factor);
}

static void check_step(bool doubling, struct prng *r, const fp *inv_r)
{
    struct lanes2 x, y, z, qx, qy, p;
    fp2 want[6][8];
    struct group s;
    struct vline line;
    fp to_r;

    sample_lanes(&x, r, TIGHT - 1), sample_lanes(&y, r, TIGHT - 1), sample_lanes(&z, r, TIGHT - 1);
    sample_lanes(&qx, r, TIGHT - 1), sample_lanes(&qy, r, TIGHT - 1);
    sample_lanes(&p, r, TIGHT - 1);
    memset(&s, 0, sizeof s);
    s.x = x.v, s.y = y.v, s.z = z.v;
    s.q.x = qx.v, s.q.y = qy.v;
    s.px = p.v.c0, s.minus_py = p.v.c1;
    if (doubling)
        double_step(&s, &line);
    else
        add_step(&s, &s.q, &line);
    scale(x.f, inv_r), scale(y.f, inv_r), scale(z.f, inv_r);
    scale(qx.f, inv_r), scale(qy.f, inv_r), scale(p.f, inv_r);
    for (int i = 0; i < 8; i++) {
        struct plain_step t = {x.f[i], y.f[i], z.f[i], fp2_zero, fp2_zero, fp2_zero};

        if (doubling)
            plain_double(&t, &p.f[i].c0, &p.f[i].c1);
        else
            plain_add(&t, &qx.f[i], &qy.f[i], &p.f[i].c0, &p.f[i].c1);
        want[0][i] = t.x, want[1][i] = t.y, want[2][i] = t.z;
        want[3][i] = t.l0, want[4][i] = t.l1, want[5][i] = t.l2;
    }
    fp_inv(&to_r, inv_r);
    for (int i = 0; i < 6; i++)
        scale(want[i], &to_r);
    check_lanes(&s.x, want[0], TIGHT, "X");
    check_lanes(&s.y, want[1], TIGHT, "Y");
    check_lanes(&s.z, want[2], TIGHT, "Z");
    check_lanes(&line.l0, want[3], 83, "l0");
    check_lanes(&line.l1, want[4], 83, "l1");
    check_lanes(&line.l2, want[5], 236, "l2");
}

static void steps_keep_their_bounds(void **state)
{
    struct prng r;
    fp inv_r;

    (void)state;
    if (no_ifma())
        skip();
    prng_init(&r, 63);
    inverse_r(&inv_r);
    for (int round = 0; round < 2 * ROUNDS; round++)
        check_step(round % 2 == 0, &r, &inv_r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_and_squares_keep_their_bounds),
        cmocka_unit_test(folds_take_their_whole_range),
        cmocka_unit_test(fp12_agrees_with_the_plain_one),
        cmocka_unit_test(steps_keep_their_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
