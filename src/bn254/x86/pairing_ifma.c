/* The Miller loop of pairing_c.c over eight pairs at once, a pair a lane.  Prepared lines
 * are not read: a vector of lines costs less to compute than eight to gather and convert.
 *
 * Up to GROUPS groups of eight share one f and its squarings; in the end the lanes of f
 * are multiplied with each other.  Lines are those of pairing_c.c times -1. */
#include "bn254/x86/pairing_ifma.h"

#include <string.h>

#include "bn254/g2.h"
#include "bn254/x86/adx.h"
#include "bn254/x86/tower52.h"

enum { LANES = 8, GROUPS = 4 };

static const int8_t ate_digits[ATE_LOOP_LEN] = ATE_LOOP_DIGITS;
static const uint64_t mp_5[5] = FP_52_5M, mp_7[5] = FP_52_7M;

struct vpoint {
    vfp2 x, y; /* affine */
};

/* Eight pairs and where their loops stand. */
struct group {
    vfp2 x, y, z; /* T */
    struct vpoint q, minus, last;
    v52 px, minus_py;
    __mmask8 counted; /* lanes whose lines go into f */
    size_t n, at[LANES];
};

struct vline {
    vfp2 l0, l1, l2; /* l0 + (l1 + l2 v) w */
};

/* ---- steps ---- */

/* 3 b' z^2 = (27 - 3 u) z^2, tight */
V52_INLINE void twist_b3_sqr(vfp2 *o, const vfp2 *z)
{
    vfp2_wide c, t;

    vfp2_sqr_wide(&c, z, mp.m2);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        __m512i c0 = c.c0.c[i], c1 = c.c1.c[i];
        __m512i three0 = _mm512_add_epi64(_mm512_add_epi64(c0, c0), c0);
        __m512i three1 = _mm512_add_epi64(_mm512_add_epi64(c1, c1), c1);

        t.c0.c[i] = _mm512_add_epi64(times_9(three0), three1);
        t.c1.c[i] = _mm512_sub_epi64(times_9(three1), three0);
    }
    wide_reduce(o, &t);
}

/* G^2 - 12 E^2, tight; G below 6.4, E tight */
V52_INLINE void new_y(vfp2 *o, const vfp2 *g, const vfp2 *e)
{
    vfp2_wide gg, ee;

    vfp2_sqr_wide(&gg, g, mp_7);
    vfp2_sqr_wide(&ee, e, mp.m2);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        __m512i e0 = _mm512_add_epi64(_mm512_slli_epi64(ee.c0.c[i], 3),
                                      _mm512_slli_epi64(ee.c0.c[i], 2));
        __m512i e1 = _mm512_add_epi64(_mm512_slli_epi64(ee.c1.c[i], 3),
                                      _mm512_slli_epi64(ee.c1.c[i], 2));

        gg.c0.c[i] = _mm512_sub_epi64(gg.c0.c[i], e0);
        gg.c1.c[i] = _mm512_sub_epi64(gg.c1.c[i], e1);
    }
    wide_reduce(o, &gg);
}

V52_CALL void double_step(struct group *s, struct vline *line)
{
    vfp2 a, b, d, e, g, t;

    vfp2_mul(&a, &s->x, &s->y); /* below 1.42, b 1.36, e 1.66, Y Z 1.42 */
    vfp2_sqr(&b, &s->y);
    twist_b3_sqr(&e, &s->z);
    vfp2_sqr(&t, &s->x);
    vfp2_triple(&line->l1, &t);
    vfp2_mul_fp(&line->l1, &line->l1, &s->px); /* 3 X^2 xP */
    vfp2_mul(&t, &s->y, &s->z);
    vfp2_times(&t, &t, 1);
    vfp2_mul_fp(&line->l0, &t, &s->minus_py); /* - 2 Y Z yP */
    vfp2_sub(&line->l2, &e, &b, mp.m2);       /* E - B, below 3.66 */
    vfp2_triple(&d, &e);
    vfp2_add(&g, &b, &d); /* B + 3 E and B - 3 E + 5 p, below 6.4 */
    vfp2_sub(&d, &b, &d, mp_5);
    vfp2_times(&a, &a, 1);
    vfp2_mul(&s->x, &a, &d); /* 2 X Y (B - 3 E) */
    vfp2_times(&b, &b, 2);
    vfp2_mul(&s->z, &b, &t); /* 4 B 2 Y Z */
    new_y(&s->y, &g, &e);
}

V52_CALL void add_step(struct group *s, const struct vpoint *q, struct vline *line)
{
    vfp2 o, l, d, e, f, g, h;
    vfp2_wide u, v;

    vfp2_mul(&o, &q->y, &s->z); /* O = Y - yQ Z and L = X - xQ Z, below 3.66 */
    vfp2_sub(&o, &s->y, &o, mp.m2);
    vfp2_mul(&l, &q->x, &s->z);
    vfp2_sub(&l, &s->x, &l, mp.m2);
    vfp2_mul_fp(&line->l0, &l, &s->minus_py);
    vfp2_mul_fp(&line->l1, &o, &s->px);
    vfp2_mul_wide(&u, &l, &q->y);
    vfp2_mul_wide(&v, &o, &q->x);
    wide_sub(&u, &u, &v);
    wide_reduce(&line->l2, &u); /* L yQ - O xQ */
    vfp2_sqr(&f, &o);           /* F = Z O^2 */
    vfp2_mul(&f, &f, &s->z);
    vfp2_sqr(&d, &l); /* below 1.8, then 1.5 */
    vfp2_mul(&e, &d, &l);
    vfp2_mul(&g, &s->x, &d);
    vfp2_add(&h, &e, &f); /* H = E + F - 2 G, tight */
    v52_sub_raw(&h.c0, &h.c0, &g.c0);
    v52_sub_raw(&h.c0, &h.c0, &g.c0);
    v52_sub_raw(&h.c1, &h.c1, &g.c1);
    v52_sub_raw(&h.c1, &h.c1, &g.c1);
    vfp2_fold(&h);
    vfp2_mul(&s->x, &l, &h);
    vfp2_sub(&g, &g, &h, mp.m2); /* Y = (G - H) O - Y E */
    vfp2_mul_wide(&u, &g, &o);
    vfp2_mul_wide(&v, &s->y, &e);
    wide_sub(&u, &u, &v);
    wide_reduce(&s->y, &u);
    vfp2_mul(&s->z, &s->z, &e);
}

/* ---- f ---- */

/* f *= l0 + (l1 + l2 v) w; l0, l1 below 1.3, l2 below 3.7. */
V52_CALL void mul_by_line(vfp12 *f, const struct vline *line)
{
    vfp6_wide s, t, u;
    vfp6 sum;
    vfp2 l01;

    vfp2_mul_wide(&s.c0, &f->c0.c0, &line->l0);
    vfp2_mul_wide(&s.c1, &f->c0.c1, &line->l0);
    vfp2_mul_wide(&s.c2, &f->c0.c2, &line->l0);
    vfp6_mul_01_wide(&t, &f->c1, &line->l1, &line->l2);
    vfp2_add(&sum.c0, &f->c0.c0, &f->c1.c0);
    vfp2_add(&sum.c1, &f->c0.c1, &f->c1.c1);
    vfp2_add(&sum.c2, &f->c0.c2, &f->c1.c2);
    vfp2_add(&l01, &line->l0, &line->l1);
    vfp6_mul_01_wide(&u, &sum, &l01, &line->l2);
    wide6_sub(&u, &u, &s);
    wide6_sub(&u, &u, &t);
    wide6_reduce(&f->c1, &u);
    wide6_add_v(&s, &s, &t);
    wide6_reduce(&f->c0, &s);
}

/* xi a for a tight, tight again: 8 a + a on the way through 4 a. */
V52_INLINE void mul_xi_tight(vfp2 *o, const vfp2 *a)
{
    vfp2 t;

    vfp2_times(&t, a, 2);
    vfp2_fold(&t);
    v52_add_raw(&o->c0, &t.c0, &t.c0);
    v52_add_raw(&o->c1, &t.c1, &t.c1);
    v52_add_raw(&o->c0, &o->c0, &a->c0);
    v52_add_raw(&o->c1, &o->c1, &a->c1);
    v52_sub_raw(&o->c0, &o->c0, &a->c1);
    v52_add_raw(&o->c1, &o->c1, &a->c0);
    vfp2_fold(o);
}

/* o = a - v b */
V52_INLINE void wide6_sub_v(vfp6_wide *o, const vfp6_wide *a, const vfp6_wide *b)
{
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
        __m512i b0 = b->c2.c0.c[i], b1 = b->c2.c1.c[i];

        o->c0.c0.c[i] = _mm512_sub_epi64(a->c0.c0.c[i], _mm512_sub_epi64(times_9(b0), b1));
        o->c0.c1.c[i] = _mm512_sub_epi64(a->c0.c1.c[i], _mm512_add_epi64(times_9(b1), b0));
    }
    wide_sub(&o->c1, &a->c1, &b->c0);
    wide_sub(&o->c2, &a->c2, &b->c1);
}

/* (c0 + c1)(c0 + v c1) = c0^2 + v c1^2 + (1 + v) c0 c1 */
V52_CALL void vfp12_sqr(vfp12 *f)
{
    vfp6_wide m, u;
    vfp6 s, t;

    mul_xi_tight(&t.c0, &f->c1.c2);
    t.c1 = f->c1.c0;
    t.c2 = f->c1.c1;
    vfp6_add_tight(&t, &t, &f->c0);
    vfp6_add_tight(&s, &f->c0, &f->c1);
    vfp6_mul_wide(&m, &f->c0, &f->c1);
    vfp6_mul_wide(&u, &s, &t);
    wide6_sub(&u, &u, &m);
    wide6_sub_v(&u, &u, &m);
    wide6_reduce(&f->c0, &u);
    wide_add(&u.c0, &m.c0, &m.c0);
    wide_add(&u.c1, &m.c1, &m.c1);
    wide_add(&u.c2, &m.c2, &m.c2);
    wide6_reduce(&f->c1, &u);
}

V52_INLINE void vfp12_one(vfp12 *f)
{
    memset(f, 0, sizeof *f);
    fp52_set1(&f->c0.c0.c0, (const uint64_t[5])FP_52_R);
}

/* f of every lane times f of the lane `distance` further on. */
static void mul_by_rotated(vfp12 *f, unsigned distance)
{
    __m512i at = _mm512_add_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), v52_set1(distance));
    vfp12 other;
    __m512i in, *to = (__m512i *)&other;

    for (size_t i = 0; i < sizeof other / sizeof *to; i++) {
        memcpy(&in, (const char *)f + i * sizeof in, sizeof in);
        to[i] = _mm512_permutexvar_epi64(at, in);
    }
    vfp12_mul(f, f, &other);
}

/* The product of the lanes. */
static void product_of_lanes(fp12 *out, vfp12 *f)
{
    v52 *in = (v52 *)f, to_64;
    fp *to = (fp *)out;

    for (unsigned distance = LANES / 2; distance > 0; distance /= 2)
        mul_by_rotated(f, distance);
    fp52_set1(&to_64, (const uint64_t[5])FP_52_TO_64);
    for (size_t i = 0; i < sizeof *f / sizeof *in; i += 2) {
        v52_mul2(&in[i], &in[i], &to_64, &in[i + 1], &in[i + 1], &to_64, &mp);
        fp52_lane(&to[i], &in[i], 0);
        fp52_lane(&to[i + 1], &in[i + 1], 0);
    }
}

/* ---- the loop ---- */

static void vpoint_neg(struct vpoint *o, const struct vpoint *a)
{
    const vfp2 zero = {{{_mm512_setzero_si512()}}, {{_mm512_setzero_si512()}}};

    o->x = a->x;
    vfp2_sub(&o->y, &zero, &a->y, mp.m2);
    vfp2_fold(&o->y);
}

/* (x, y) -> (conj(x) xi^((p-1)/3), conj(y) xi^((p-1)/2)) */
static void vpoint_psi(struct vpoint *o, const struct vpoint *a)
{
    static const uint64_t cx[2][5] = FP_52_PSI_X, cy[2][5] = FP_52_PSI_Y;
    vfp2 t, k;

    vfp2_conj_tight(&t, &a->x);
    fp52_set1(&k.c0, cx[0]);
    fp52_set1(&k.c1, cx[1]);
    vfp2_mul(&o->x, &t, &k);
    vfp2_conj_tight(&t, &a->y);
    fp52_set1(&k.c0, cy[0]);
    fp52_set1(&k.c1, cy[1]);
    vfp2_mul(&o->y, &t, &k);
}

/* As walk_ends_in_subgroup; bad lanes. */
static __mmask8 lanes_outside_subgroup(const struct group *s)
{
    struct vpoint want;
    vfp2 t;
    __mmask8 good;

    vpoint_psi(&want, &s->last);
    vfp2_mul(&t, &want.x, &s->z);
    vfp2_sub(&t, &t, &s->x, mp.m2);
    vfp2_fold(&t);
    good = fp52_zero_lanes(&t.c0) & fp52_zero_lanes(&t.c1);
    vfp2_mul(&t, &want.y, &s->z);
    vfp2_sub(&t, &t, &s->y, mp.m2);
    vfp2_fold(&t);
    good &= fp52_zero_lanes(&t.c0) & fp52_zero_lanes(&t.c1);
    good &= ~(fp52_zero_lanes(&s->z.c0) & fp52_zero_lanes(&s->z.c1));
    return ~good;
}

static void group_init(struct group *s, const struct pairing_pair pairs[])
{
    static const uint64_t s2[5] = FP_52_TWIST_S2, s3[5] = FP_52_TWIST_S3;
    const char *p[LANES], *q[LANES];
    v52 py;

    s->counted = 0;
    for (size_t i = 0; i < LANES; i++) {
        const struct pairing_pair *pair = &pairs[s->at[i < s->n ? i : 0]];

        p[i] = (const char *)&pair->p;
        q[i] = (const char *)pair->q;
        if (i < s->n && !g1_affine_is_infinity(&pair->p))
            s->counted |= (__mmask8)(1u << i);
    }
    fp52_load2(&s->px, &py, p, offsetof(g1_affine, x), offsetof(g1_affine, y), s2, s3);
    v52_sub_raw(&s->minus_py, &(v52){{_mm512_setzero_si512()}}, &py);
    fp52_fold(&s->minus_py);
    fp52_load2(&s->q.x.c0, &s->q.x.c1, q, offsetof(g2_affine, x.c0), offsetof(g2_affine, x.c1), s2,
               s2);
    fp52_load2(&s->q.y.c0, &s->q.y.c1, q, offsetof(g2_affine, y.c0), offsetof(g2_affine, y.c1), s3,
               s3);
    vpoint_neg(&s->minus, &s->q);
    s->x = s->q.x;
    s->y = s->q.y;
    memset(&s->z, 0, sizeof s->z);
    fp52_set1(&s->z.c0, (const uint64_t[5])FP_52_R);
}

/* Every group's line into f; q tells which point is added, NULL doubles. */
static void mul_by_lines(vfp12 *f, struct group s[], size_t n, size_t q)
{
    struct vline line;

    for (size_t i = 0; i < n; i++) {
        if (q == 0)
            double_step(&s[i], &line);
        else
            add_step(&s[i], (const struct vpoint *)((const char *)&s[i] + q), &line);
        if (s[i].counted != 0xff) { /* 1 elsewhere */
            vfp12 one;

            vfp12_one(&one);
            vfp2_blend(&line.l0, &one.c0.c0, (__mmask8)~s[i].counted);
            vfp2_blend(&line.l1, &one.c0.c1, (__mmask8)~s[i].counted);
            vfp2_blend(&line.l2, &one.c0.c1, (__mmask8)~s[i].counted);
        }
        mul_by_line(f, &line);
    }
}

static void miller_loop(vfp12 *f, struct group s[], size_t n)
{
    vfp12_one(f);
    for (int i = ATE_LOOP_LEN - 2; i >= 0; i--) {
        if (i < ATE_LOOP_LEN - 2)
            vfp12_sqr(f);
        mul_by_lines(f, s, n, 0);
        if (ate_digits[i] > 0)
            mul_by_lines(f, s, n, offsetof(struct group, q));
        if (ate_digits[i] < 0)
            mul_by_lines(f, s, n, offsetof(struct group, minus));
    }
    for (size_t i = 0; i < n; i++)
        vpoint_psi(&s[i].last, &s[i].q);
    mul_by_lines(f, s, n, offsetof(struct group, last));
    for (size_t i = 0; i < n; i++) {
        vpoint_psi(&s[i].last, &s[i].last);
        vpoint_neg(&s[i].last, &s[i].last);
    }
    mul_by_lines(f, s, n, offsetof(struct group, last));
}

/* Pairs from *next on that do not contribute 1, GROUPS groups at most; how many groups. */
static size_t collect_groups(struct group s[], const struct pairing_pair pairs[], size_t n,
                             size_t *next)
{
    size_t groups = 0;

    for (; *next < n; ++*next) {
        const struct pairing_pair *p = &pairs[*next];

        if (g2_affine_is_infinity(p->q) || (p->lines && g1_affine_is_infinity(&p->p)))
            continue;
        if (groups == 0 || s[groups - 1].n == LANES) {
            if (groups == GROUPS)
                break;
            s[groups++].n = 0;
        }
        s[groups - 1].at[s[groups - 1].n++] = *next;
    }
    for (size_t i = 0; i < groups; i++)
        group_init(&s[i], pairs);
    return groups;
}

/* First bad pair of these groups, or n. */
static size_t first_bad(const struct group s[], size_t groups, size_t n)
{
    for (size_t i = 0; i < groups; i++) {
        unsigned bad = lanes_outside_subgroup(&s[i]) & ((1u << s[i].n) - 1);

        if (bad != 0)
            return s[i].at[__builtin_ctz(bad)];
    }
    return n;
}

size_t pairing_miller_ifma(fp12 *out, const struct pairing_pair pairs[], size_t n)
{
    struct group s[GROUPS];
    size_t next = 0, bad = n;
    vfp12 f;
    fp12 part;

    if (n == 1 && pairs[0].lines) /* one lane would cost as much as eight */
        return pairing_miller_adx(out, pairs, n);
    *out = fp12_one;
    while (next < n && bad == n) {
        size_t groups = collect_groups(s, pairs, n, &next);

        if (groups == 0)
            break;
        miller_loop(&f, s, groups);
        bad = first_bad(s, groups, n);
        product_of_lanes(&part, &f);
        fp12_mul(out, out, &part);
    }
    return bad;
}
