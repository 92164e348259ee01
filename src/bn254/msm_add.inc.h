/* msm_add.inc.h - batch-affine additions with one shared inversion, included with
 *   FELEM F(name) POINT AFFINE G(name)   as in curve.inc.h
 *   LEVEL(name)                    the kernel's suffix
 * A cell is the affine point itself. */

/* What is divided by: x2 - x1, or 2 y1 to double, or 1 where there is no division. */
static void G(slope_denominator)(FELEM *out, const AFFINE *a, const AFFINE *b)
{
    F(sub)(out, &b->x, &a->x);
    if (G(affine_is_infinity)(a) || G(affine_is_infinity)(b)) {
        *out = F(one);
    } else if (F(is_zero)(out)) {
        F(dbl)(out, &a->y);
        if (!F(eq)(&a->y, &b->y))
            *out = F(one);
    }
}

/* out = a + b, given the inverse of the above. */
static void G(batch_add)(AFFINE *out, const AFFINE *a, const AFFINE *b, const FELEM *inv)
{
    FELEM slope, x3, t;

    if (G(affine_is_infinity)(a) || G(affine_is_infinity)(b)) {
        *out = G(affine_is_infinity)(a) ? *b : *a;
        return;
    }
    if (!F(eq)(&a->x, &b->x)) {
        F(sub)(&slope, &b->y, &a->y);
    } else if (F(eq)(&a->y, &b->y)) {
        F(sqr)(&t, &a->x); /* 3 x^2 */
        F(dbl)(&slope, &t);
        F(add)(&slope, &slope, &t);
    } else {
        out->x = F(zero), out->y = F(zero);
        return;
    }
    F(mul)(&slope, &slope, inv);
    F(sqr)(&x3, &slope);
    F(sub)(&x3, &x3, &a->x);
    F(sub)(&x3, &x3, &b->x);
    F(sub)(&t, &a->x, &x3);
    F(mul)(&t, &t, &slope);
    F(sub)(&out->y, &t, &a->y);
    out->x = x3;
}

struct G(batch) {
    FELEM den[MSM_BATCH], prefix[MSM_BATCH];
};

static void G(load_point)(AFFINE *out, const void *points, uint32_t src)
{
    memcpy(out, (const char *)points + (size_t)(src & ~MSM_NEGATE) * sizeof *out, sizeof *out);
    if (src & MSM_NEGATE)
        F(neg)(&out->y, &out->y);
}

static void G(push)(struct G(batch) * s, size_t i, FELEM *acc, const AFFINE *a, const AFFINE *b)
{
    G(slope_denominator)(&s->den[i], a, b);
    s->prefix[i] = *acc;
    F(mul)(acc, acc, &s->den[i]);
}

static void G(pop)(FELEM *inv, const struct G(batch) * s, size_t i, FELEM *acc)
{
    F(mul)(inv, acc, &s->prefix[i]);
    F(mul)(acc, acc, &s->den[i]);
}

static void G(add_points)(void *cells, const void *points, const struct msm_op op[], size_t n,
                          void *scratch)
{
    struct G(batch) *s = scratch;
    AFFINE *cell = cells, p;
    FELEM acc = F(one), inv;

    for (size_t i = 0; i < n; i++) {
        G(load_point)(&p, points, op[i].src);
        G(push)(s, i, &acc, &cell[op[i].dst], &p);
    }
    F(inv)(&acc, &acc);
    for (size_t i = n; i-- > 0;) {
        G(load_point)(&p, points, op[i].src);
        G(pop)(&inv, s, i, &acc);
        G(batch_add)(&cell[op[i].dst], &cell[op[i].dst], &p, &inv);
    }
}

static void G(add_cells)(void *to, const void *a, const void *b, const struct msm_pair op[],
                         size_t n, void *scratch)
{
    struct G(batch) *s = scratch;
    const AFFINE *pa = a, *pb = b;
    AFFINE *out = to;
    FELEM acc = F(one), inv;

    for (size_t i = 0; i < n; i++)
        G(push)(s, i, &acc, &pa[op[i].a], &pb[op[i].b]);
    F(inv)(&acc, &acc);
    for (size_t i = n; i-- > 0;) {
        G(pop)(&inv, s, i, &acc);
        G(batch_add)(&out[op[i].dst], &pa[op[i].a], &pb[op[i].b], &inv);
    }
}

static void G(cell_to_affine)(void *out, const void *cell)
{
    memcpy(out, cell, sizeof(AFFINE));
}

size_t LEVEL(G(find_invalid))(const void *points, size_t n)
{
    AFFINE p;

    for (size_t i = 0; i < n; i++) {
        G(load_point)(&p, points, 0);
        points = (const char *)points + sizeof p;
        if (!POINT_IS_VALID(&p))
            return i;
    }
    return n;
}

/* 2^log_columns sum r row_r + sum (j + 1) column_j by running sums. */
void LEVEL(G(window_value))(void *out, const struct msm_kernel *k, const struct msm_sums *s,
                            size_t w)
{
    POINT run = G(infinity), total = G(infinity);
    AFFINE p;

    for (size_t r = ((size_t)1 << s->log_rows) - 1; r > 0; r--) {
        k->cell_to_affine(&p, s->rows + w * s->row_window + r * s->row_stride);
        G(add_affine)(&run, &run, &p);
        G(add)(&total, &total, &run);
    }
    for (unsigned i = 0; i < s->log_columns; i++)
        G(dbl)(&total, &total);
    run = G(infinity);
    for (size_t j = (size_t)1 << s->log_columns; j-- > 0;) {
        k->cell_to_affine(&p, s->columns + w * s->column_window + j * s->column_stride);
        G(add_affine)(&run, &run, &p);
        G(add)(&total, &total, &run);
    }
    *(POINT *)out = total;
}

const struct msm_kernel LEVEL(G(msm_kernel)) = {
    .point_bytes = sizeof(AFFINE),
    .cell_bytes = sizeof(AFFINE),
    .scratch_bytes = sizeof(struct G(batch)),
    .add_points = G(add_points),
    .add_cells = G(add_cells),
    .cell_to_affine = G(cell_to_affine),
    .window_value = LEVEL(G(window_value)),
};
