/* msm_ifma.inc.h - batch-affine additions with AVX-512 IFMA, included by msm_ifma.c with
 *   VFE V(name)         LANES field elements side by side and their functions
 *   FELEM F(name)       the scalar field, for the rare lanes that are not plain additions
 *   AFFINE G(name) LANES
 *
 * Cells hold coordinates below 1.67 p in four words, R = 2^256 like the points of files.
 * The kernels multiply with R = 2^260, which is made up for by the factor of the one
 * inversion: with inv = 2^518 / (x2 - x1) the slope comes out in R = 2^258, its square
 * again in R = 2^256, and 4 (x1 - x3) times it as well.
 *
 * No point of either group has x = 0 (3 and 3 / (9 + u) are no squares), so x alone
 * tells infinity. */

struct G(ifma_group) {
    VFE den, prefix;
};

/* Lanes of a group that are not a plain addition, one bit each. */
struct G(ifma_special) {
    uint32_t inf_a, inf_b, dbl, cancel;
};

enum { G(IFMA_GROUPS) = MSM_BATCH / LANES };

struct G(ifma_scratch) {
    struct G(ifma_group) group[G(IFMA_GROUPS)];
    struct G(ifma_special) special[G(IFMA_GROUPS)];
    AFFINE nowhere; /* read and written by the unused lanes of the last group: infinity */
};

/* Where the operands of one group lie. */
struct G(ifma_rows) {
    const char *a[LANES], *b[LANES];
    char *to[LANES];
    uint32_t negate; /* lanes whose b is negated */
};

static void G(canonical_row)(AFFINE *out, const char *row, bool negate)
{
    memcpy(out, row, sizeof *out);
    V(canonical)(&out->x);
    V(canonical)(&out->y);
    if (negate)
        F(neg)(&out->y, &out->y);
}

/* Slow, rare: what lane i is divided by when it is not simply x2 - x1. */
static __attribute__((noinline)) void G(special_lane)(VFE *den, struct G(ifma_special) * s,
                                                      const struct G(ifma_rows) * r, unsigned i)
{
    uint32_t bit = (uint32_t)1 << i;
    FELEM d = F(one);
    AFFINE a, b;

    if (!((s->inf_a | s->inf_b) & bit)) {
        G(canonical_row)(&a, r->a[i], false);
        G(canonical_row)(&b, r->b[i], r->negate & bit);
        if (!F(eq)(&a.x, &b.x))
            return;
        if (F(eq)(&a.y, &b.y)) {
            F(dbl)(&d, &a.y);
            s->dbl |= bit;
        } else {
            s->cancel |= bit;
        }
    }
    V(set_lane)(den, i, &d);
}

V52_INLINE void G(forward)(struct G(ifma_group) * g, struct G(ifma_special) * s,
                           const struct G(ifma_rows) * r, VFE *acc)
{
    VFE x1, x2;
    uint32_t odd;

    V(load)(&x1, r->a, offsetof(AFFINE, x));
    V(load)(&x2, r->b, offsetof(AFFINE, x));
    *s = (struct G(ifma_special)){V(zero_lanes)(&x1), V(zero_lanes)(&x2), 0, 0};
    V(sub)(&g->den, &x2, &x1);
    odd = s->inf_a | s->inf_b | V(maybe_multiple_lanes)(&g->den);
    for (; odd != 0; odd &= odd - 1)
        G(special_lane)(&g->den, s, r, (unsigned)__builtin_ctz(odd));
    g->prefix = *acc;
    V(mul)(acc, acc, &g->den);
}

/* 3 x^2 in place of y2 - y1 where a point is doubled. */
static __attribute__((noinline)) void G(tangent_lanes)(VFE *dy, uint32_t lanes,
                                                       const struct G(ifma_rows) * r)
{
    for (; lanes != 0; lanes &= lanes - 1) {
        unsigned i = (unsigned)__builtin_ctz(lanes);
        FELEM t, u;
        AFFINE a;

        G(canonical_row)(&a, r->a[i], false);
        F(sqr)(&t, &a.x);
        F(dbl)(&u, &t);
        F(add)(&u, &u, &t);
        V(set_lane)(dy, i, &u);
    }
}

/* Infinity on one side gives the other point, cancellation gives infinity. */
static __attribute__((noinline)) void G(special_results)(VFE *x3, VFE *y3,
                                                         const struct G(ifma_special) * s,
                                                         const struct G(ifma_rows) * r)
{
    VFE x, y, zero;

    V(load)(&x, r->a, offsetof(AFFINE, x));
    V(load)(&y, r->a, offsetof(AFFINE, y));
    V(blend)(x3, &x, s->inf_b);
    V(blend)(y3, &y, s->inf_b);
    V(zero)(&zero);
    V(load)(&x, r->b, offsetof(AFFINE, x));
    V(load)(&y, r->b, offsetof(AFFINE, y));
    V(negate_lanes)(&y, r->negate);
    V(fold_y)(&y, &y, &zero);
    V(blend)(x3, &x, s->inf_a);
    V(blend)(y3, &y, s->inf_a);
    V(blend)(x3, &zero, s->cancel | (s->inf_a & s->inf_b));
    V(blend)(y3, &zero, s->cancel | (s->inf_a & s->inf_b));
}

/* u: 2^518 over the product of all den up to this group's; steps down by one group. */
V52_INLINE void G(backward)(struct G(ifma_group) * g, const struct G(ifma_special) * s,
                            const struct G(ifma_rows) * r, VFE *u)
{
    VFE x1, y1, slope, x3, y3, *den = &g->den;

    V(mul)(&slope, u, &g->prefix);
    V(mul)(u, u, den);
    V(load)(&y1, r->a, offsetof(AFFINE, y));
    V(load)(&y3, r->b, offsetof(AFFINE, y));
    V(negate_lanes)(&y3, r->negate);
    V(sub4)(&y3, &y3, &y1); /* y2 - y1 */
    if (s->dbl != 0) {
        G(tangent_lanes)(&y3, s->dbl, r);
        VFE two_p;

        V(two_p)(&two_p);
        V(blend)(den, &two_p, s->dbl); /* x2 - x1 + 2 p again, not 2 y */
    }
    V(mul)(&slope, &slope, &y3);
    V(sqr)(&x3, &slope);
    V(load)(&x1, r->a, offsetof(AFFINE, x));
    V(fold_x)(&x3, &x3, &x1, den);
    V(sub_times_4)(&x1, &x1, &x3);
    V(mul)(&y3, &slope, &x1);
    V(fold_y)(&y3, &y3, &y1);
    if ((s->inf_a | s->inf_b | s->cancel) != 0)
        G(special_results)(&x3, &y3, s, r);
    V(store)(r->to, offsetof(AFFINE, x), &x3);
    V(store)(r->to, offsetof(AFFINE, y), &y3);
}

V52_INLINE void G(point_rows)(struct G(ifma_rows) * r, char *cells, const char *points,
                              const struct msm_op op[], size_t n, AFFINE *nowhere)
{
    const __m512i low = v52_set1(0xffffffff), index = v52_set1(~MSM_NEGATE);

    r->negate = 0;
    if (n >= LANES) {
        for (unsigned i = 0; i < LANES; i += 8) {
            __m512i v = _mm512_loadu_si512(op + i);

            rows8(&r->a[i], cells, _mm512_and_si512(v, low), sizeof(AFFINE));
            rows8(&r->to[i], cells, _mm512_and_si512(v, low), sizeof(AFFINE));
            rows8(&r->b[i], points, _mm512_and_si512(_mm512_srli_epi64(v, 32), index),
                  sizeof(AFFINE));
            r->negate |= (uint32_t)_mm512_movepi64_mask(v) << i;
        }
        return;
    }
    for (unsigned i = 0; i < LANES; i++) {
        if (i >= n) {
            r->a[i] = r->b[i] = r->to[i] = (char *)nowhere;
            continue;
        }
        r->a[i] = r->to[i] = cells + op[i].dst * sizeof(AFFINE);
        r->b[i] = points + (size_t)(op[i].src & ~MSM_NEGATE) * sizeof(AFFINE);
        r->negate |= op[i].src >> 31 << i;
    }
}

V52_INLINE void G(pair_rows)(struct G(ifma_rows) * r, char *to, const char *a, const char *b,
                             const struct msm_pair op[], size_t n, AFFINE *nowhere)
{
    r->negate = 0;
    for (unsigned i = 0; i < LANES; i++) {
        if (i >= n) {
            r->a[i] = r->b[i] = r->to[i] = (char *)nowhere;
            continue;
        }
        r->to[i] = to + op[i].dst * sizeof(AFFINE);
        r->a[i] = a + op[i].a * sizeof(AFFINE);
        r->b[i] = b + op[i].b * sizeof(AFFINE);
    }
}

/* One group's operands into the first-level cache, which is too small for a batch's. */
V52_INLINE void G(prefetch_ops)(const char *cells, const char *points, const struct msm_op op[])
{
    for (unsigned i = 0; i < LANES; i++) {
        const char *a = cells + op[i].dst * sizeof(AFFINE);
        const char *b = points + (size_t)(op[i].src & ~MSM_NEGATE) * sizeof(AFFINE);

        for (size_t j = 0; j < sizeof(AFFINE); j += 64) {
            __builtin_prefetch(a + j);
            __builtin_prefetch(b + j);
        }
    }
}

static void G(add_points_ifma)(void *cells, const void *points, const struct msm_op op[], size_t n,
                               void *scratch)
{
    struct G(ifma_scratch) *s = scratch;
    size_t groups = (n + LANES - 1) / LANES;
    struct G(ifma_rows) r;
    VFE acc;

    memset(&s->nowhere, 0, sizeof s->nowhere);
    V(start)(&acc);
    for (size_t i = 0; i < groups; i++) {
        if ((i + 2) * LANES <= n)
            G(prefetch_ops)(cells, points, op + (i + 1) * LANES);
        G(point_rows)(&r, cells, points, op + i * LANES, n - i * LANES, &s->nowhere);
        G(forward)(&s->group[i], &s->special[i], &r, &acc);
    }
    V(invert)(&acc);
    for (size_t i = groups; i-- > 0;) {
        if (i > 0)
            G(prefetch_ops)(cells, points, op + (i - 1) * LANES);
        G(point_rows)(&r, cells, points, op + i * LANES, n - i * LANES, &s->nowhere);
        G(backward)(&s->group[i], &s->special[i], &r, &acc);
    }
}

static void G(add_cells_ifma)(void *to, const void *a, const void *b, const struct msm_pair op[],
                              size_t n, void *scratch)
{
    struct G(ifma_scratch) *s = scratch;
    size_t groups = (n + LANES - 1) / LANES;
    struct G(ifma_rows) r;
    VFE acc;

    memset(&s->nowhere, 0, sizeof s->nowhere);
    V(start)(&acc);
    for (size_t i = 0; i < groups; i++) {
        G(pair_rows)(&r, to, a, b, op + i * LANES, n - i * LANES, &s->nowhere);
        G(forward)(&s->group[i], &s->special[i], &r, &acc);
    }
    V(invert)(&acc);
    for (size_t i = groups; i-- > 0;) {
        G(pair_rows)(&r, to, a, b, op + i * LANES, n - i * LANES, &s->nowhere);
        G(backward)(&s->group[i], &s->special[i], &r, &acc);
    }
}

static void G(cell_to_affine_ifma)(void *out, const void *cell)
{
    AFFINE a;

    G(canonical_row)(&a, cell, false);
    memcpy(out, &a, sizeof a);
}

const struct msm_kernel G(msm_kernel_ifma) = {
    .point_bytes = sizeof(AFFINE),
    .cell_bytes = sizeof(AFFINE),
    .scratch_bytes = sizeof(struct G(ifma_scratch)),
    .add_points = G(add_points_ifma),
    .add_cells = G(add_cells_ifma),
    .cell_to_affine = G(cell_to_affine_ifma),
    .window_value = G(window_value_adx), /* scalar in any case */
};
