/* Multiples of eight points of G1 at once: signed windows of four bits, complete formulas
 * in homogeneous coordinates (X/Z, Y/Z) with infinity (0, 1, 0) (Renes, Costello, Batina
 * 2015), so that no lane is ever a special case.
 *
 * Coordinates are loose, in p: X below 5, Y below 10, Z below 1.7 after a doubling; those
 * of an addition and of the tables are tight. */
#include "bn254/x86/mul_ifma.h"

#include <assert.h>
#include <string.h>

#include "bn254/x86/tower52.h"

enum { LANES = 8, GROUPS = 8, WINDOW = 4, TABLE = 1 << (WINDOW - 1) };

static const uint64_t mp_32[5] = FP_52_32M;

struct vg1 {
    v52 x, y, z;
};

struct group {
    struct vg1 acc, table[TABLE]; /* table[i] = (i + 1) P */
    v52 prefix;                   /* of the products of z, for the inversion */
    __m512i k[4];                 /* scalars, plus the offset that makes digits signed */
    __mmask8 infinity;            /* lanes whose result is */
};

V52_INLINE void add(v52 *o, const v52 *a, const v52 *b)
{
    v52_add_raw(o, a, b);
    v52_carry(o);
}

V52_INLINE void times_9_of(v52 *o, const v52 *a)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = times_9(a->l[i]);
    v52_carry(o);
}

/* Algorithm 9: Y2 = 8 Y^2, t = 9 Z^2; X = 2 XY (Y^2 - 3 t), Y = (Y^2 - 3 t)(Y^2 + t) + t Y2,
 * Z = YZ Y2. */
V52_CALL void double_point(struct vg1 *p)
{
    v52 yy, t, yz, xy, y8, d, s, u, v;

    v52_mul2(&yy, &p->y, &p->y, &t, &p->z, &p->z, &mp); /* below 2.4 and 1.2 */
    v52_mul2(&yz, &p->y, &p->z, &xy, &p->x, &p->y, &mp);
    times_9_of(&t, &t); /* below 10.6 */
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        y8.l[i] = _mm512_slli_epi64(yy.l[i], 3);
    v52_carry(&y8);
    add(&s, &yy, &t);
    v52_add_raw(&d, &t, &t);
    v52_add_raw(&d, &d, &t);
    v52_sub_raw(&d, &yy, &d);
    v52_add_const(&d, mp_32); /* from 0.2 to 34.4 */
    v52_carry(&d);
    v52_mul2(&u, &t, &y8, &p->z, &yz, &y8, &mp);
    v52_mul2(&v, &d, &s, &xy, &d, &xy, &mp);
    add(&p->y, &u, &v);
    add(&p->x, &xy, &xy);
}

/* Algorithm 7: with t0 = X1 X2, t1 = Y1 Y2, t2 = 9 Z1 Z2 and the cross sums t3 = X1 Y2 + X2 Y1,
 * t4 = Y1 Z2 + Y2 Z1, t5 = 9 (X1 Z2 + X2 Z1): X = t3 (t1 - t2) - t4 t5,
 * Y = (t1 - t2)(t1 + t2) + 3 t0 t5, Z = (t1 + t2) t4 + 3 t0 t3. */
V52_CALL void add_point(struct vg1 *p, const struct vg1 *q)
{
    v52 t0, t1, t2, t3, t4, t5, s, d, unused;
    v52_wide a, b, c, e;

    v52_mul2(&t0, &p->x, &q->x, &t1, &p->y, &q->y, &mp); /* below 1.4 */
    v52_prod2(&a, &p->x, &q->y, &b, &p->y, &q->z);
    v52_add_prod(&a, &q->x, &p->y);
    v52_add_prod(&b, &q->y, &p->z);
    v52_reduce2(&t3, &a, &t4, &b, &mp);
    v52_prod2(&a, &p->z, &q->z, &b, &p->x, &q->z);
    v52_add_prod(&b, &q->x, &p->z);
    v52_reduce2(&t2, &a, &t5, &b, &mp);
    times_9_of(&t2, &t2);
    times_9_of(&t5, &t5);
    v52_add_raw(&s, &t0, &t0);
    add(&t0, &s, &t0);
    add(&s, &t1, &t2);
    v52_sub_raw(&d, &t1, &t2);
    v52_add_const(&d, mp_32);
    v52_carry(&d);
    v52_prod2(&a, &t3, &d, &b, &t4, &t5);
    v52_prod2(&c, &d, &s, &e, &s, &t4);
    v52_add_prod(&c, &t0, &t5);
    v52_add_prod(&e, &t0, &t3);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
        a.c[i] = _mm512_sub_epi64(a.c[i], b.c[i]);
    fp52_reduce2(&p->x, &a, &p->y, &c);
    b = e;
    fp52_reduce2(&p->z, &e, &unused, &b);
}

/* ---- the windows ---- */

static void group_table(struct group *g)
{
    for (int i = 1; i < TABLE; i++) {
        g->table[i] = g->table[i % 2 == 1 ? i / 2 : i - 1];
        if (i % 2 == 1) /* (i + 1) / 2 doubled, or i plus 1 */
            double_point(&g->table[i]);
        else
            add_point(&g->table[i], &g->table[0]);
        fp52_fold(&g->table[i].x);
        fp52_fold(&g->table[i].y);
    }
}

/* q = digit P for digits from -8 to 7. */
V52_INLINE void look_up(struct vg1 *q, const struct group *g, __m512i digit)
{
    const __m512i zero = _mm512_setzero_si512();
    __mmask8 negative = _mm512_movepi64_mask(digit);

    digit = _mm512_abs_epi64(digit);
    memset(q, 0, sizeof *q);
    fp52_set1(&q->y, (const uint64_t[5])FP_52_R);
#pragma GCC unroll 8
    for (int i = 0; i < TABLE; i++) {
        __mmask8 here = _mm512_cmpeq_epi64_mask(digit, v52_set1((uint64_t)i + 1));

        fp52_blend(&q->x, &g->table[i].x, here);
        fp52_blend(&q->y, &g->table[i].y, here);
        fp52_blend(&q->z, &g->table[i].z, here);
    }
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        q->y.l[i] = _mm512_add_epi64(_mm512_mask_sub_epi64(q->y.l[i], negative, zero, q->y.l[i]),
                                     _mm512_maskz_mov_epi64(negative, v52_set1(mp.m2[i])));
    v52_carry(&q->y);
}

static void group_window(struct group *g, unsigned w)
{
    __m512i nibble = _mm512_srl_epi64(g->k[w / 16], _mm_cvtsi32_si128((int)(w % 16 * WINDOW)));
    struct vg1 q;

    nibble = _mm512_and_si512(nibble, v52_set1(15));
    look_up(&q, g, _mm512_sub_epi64(nibble, v52_set1(8)));
    for (int i = 0; i < WINDOW; i++)
        double_point(&g->acc);
    add_point(&g->acc, &q);
}

/* ---- in and out ---- */

static unsigned windows_of(const fr_bits k[], size_t n)
{
    uint64_t all[4] = {0};
    unsigned bits = 256;

    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < 4; j++)
            all[j] |= k[i].l[j];
    while (bits > 0 && (all[(bits - 1) / 64] >> ((bits - 1) % 64) & 1) == 0)
        bits--;
    assert(bits <= 254);
    return bits == 0 ? 0 : (bits + 2 + WINDOW - 1) / WINDOW; /* digits -8 to 7, no carry */
}

/* Lanes past n repeat the first. */
static void group_init(struct group *g, const g1_affine a[], const fr_bits k[], size_t n,
                       unsigned windows)
{
    static const uint64_t from_64[5] = FP_52_FROM_64;
    uint64_t offset[4] = {0}, sum[LANES][4];
    const char *point[LANES], *scalar[LANES];
    struct vg1 *p = &g->table[0];
    v52 one;
    __mmask8 none;

    for (unsigned w = 0; w < windows; w++)
        offset[w / 16] |= UINT64_C(8) << (w % 16 * WINDOW);
    for (size_t i = 0; i < LANES; i++) {
        point[i] = (const char *)&a[i < n ? i : 0];
        mont_add4(sum[i], k[i < n ? i : 0].l, offset);
        scalar[i] = (const char *)sum[i];
    }
    v52_gather(g->k, scalar, 0);
    fp52_load2(&p->x, &p->y, point, offsetof(g1_affine, x), offsetof(g1_affine, y), from_64,
               from_64);
    none = fp52_zero_lanes(&p->x) & fp52_zero_lanes(&p->y);
    fp52_set1(&one, (const uint64_t[5])FP_52_R);
    p->z = one;
    fp52_blend(&p->y, &one, none);
    memset(&g->acc, 0, sizeof g->acc);
    fp52_blend(&p->z, &g->acc.z, none);
    g->acc.y = one;
}

/* 1/a for each lane, R = 2^260 in and out; none is 0. */
static void invert_lanes(v52 *a)
{
    fp t[LANES], scratch[LANES];
    const char *row[LANES];
    v52 to_64;

    fp52_set1(&to_64, (const uint64_t[5])FP_52_TO_64);
    v52_mul2(a, a, &to_64, a, a, &to_64, &mp);
    for (unsigned i = 0; i < LANES; i++) {
        fp52_lane(&t[i], a, i);
        row[i] = (const char *)&t[i];
    }
    fp_inv_batch(t, LANES, scratch);
    fp52_load2(a, a, row, 0, 0, (const uint64_t[5])FP_52_FROM_64, (const uint64_t[5])FP_52_FROM_64);
}

/* z = 1/z of all groups, by one inversion; lanes with z = 0 are noted and get 1. */
static void invert_z(struct group g[], size_t groups)
{
    v52 acc, one, next;

    fp52_set1(&one, (const uint64_t[5])FP_52_R);
    acc = one;
    for (size_t i = 0; i < groups; i++) {
        v52 *z = &g[i].acc.z;

        fp52_fold(z);
        g[i].infinity = fp52_zero_lanes(z);
        fp52_blend(z, &one, g[i].infinity);
        g[i].prefix = acc;
        v52_mul2(&acc, &acc, z, &next, &acc, z, &mp);
    }
    invert_lanes(&acc);
    for (size_t i = groups; i-- > 0;) {
        v52 *z = &g[i].acc.z;

        v52_mul2(&next, &acc, z, z, &acc, &g[i].prefix, &mp);
        acc = next;
    }
}

static void group_store(g1_affine out[], const struct group *g, size_t n)
{
    v52 x, y, to_64;

    v52_mul2(&x, &g->acc.x, &g->acc.z, &y, &g->acc.y, &g->acc.z, &mp);
    fp52_set1(&to_64, (const uint64_t[5])FP_52_TO_64);
    v52_mul2(&x, &x, &to_64, &y, &y, &to_64, &mp);
    for (unsigned i = 0; i < n; i++) {
        if (g->infinity >> i & 1) {
            out[i] = (g1_affine){fp_zero, fp_zero};
            continue;
        }
        fp52_lane(&out[i].x, &x, i);
        fp52_lane(&out[i].y, &y, i);
    }
}

static size_t lanes_of(size_t n, size_t group)
{
    return n - group * LANES < LANES ? n - group * LANES : LANES;
}

static void mul_piece(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n,
                      unsigned windows)
{
    struct group g[GROUPS];
    size_t groups = (n + LANES - 1) / LANES;

    for (size_t i = 0; i < groups; i++) {
        group_init(&g[i], a + i * LANES, k + i * LANES, lanes_of(n, i), windows);
        group_table(&g[i]);
        for (unsigned w = windows; w-- > 0;)
            group_window(&g[i], w);
    }
    invert_z(g, groups);
    for (size_t i = 0; i < groups; i++)
        group_store(out + i * LANES, &g[i], lanes_of(n, i));
}

static size_t piece_of(size_t n, size_t i)
{
    return n - i < GROUPS * LANES ? n - i : GROUPS * LANES;
}

/* The same steps for all scalars: every window is added, from tables that are read whole. */
void g1_mul_n_ifma(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n)
{
    for (size_t i = 0; i < n; i += GROUPS * LANES)
        mul_piece(out + i, a + i, k + i, piece_of(n, i), 256 / WINDOW);
}

void g1_mul_n_var_ifma(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n)
{
    for (size_t i = 0; i < n; i += GROUPS * LANES) {
        size_t m = piece_of(n, i);

        mul_piece(out + i, a + i, k + i, m, windows_of(k + i, m));
    }
}
