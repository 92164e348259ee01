/* fixed_base.inc.h - fixed_base.h for one group; included by fixed_base.c for G1 and G2.
 *
 * Expects GROUP, AFFINE, FIELD and the pasting macros NAME (of the group), FNAME (of
 * the field) and PUBLIC (fixed_base_GROUP_x). */

/* One row of the table: 1 .. 2^c - 1 times p, by one chain of additions. */
static void NAME(fill_row)(AFFINE row[], const GROUP *p, size_t n, GROUP chain[], FIELD scratch[])
{
    AFFINE base;

    NAME(to_affine)(&base, p);
    chain[0] = *p;
    for (size_t d = 1; d < n; d++)
        NAME(add_affine)(&chain[d], &chain[d - 1], &base);
    NAME(to_affine_n)(row, chain, n, scratch);
}

int PUBLIC(init)(struct fixed_base *t, const AFFINE *base, size_t n, struct work *work,
                 struct err *err)
{
    fixed_base_choose(t, n);
    size_t n_row = ((size_t)1 << t->window_bits) - 1;
    size_t chain_bytes = n_row * (sizeof(GROUP) + sizeof(FIELD));
    void *chain = NULL;
    GROUP p;
    int rc;

    t->table_bytes = t->n_windows * n_row * sizeof(AFFINE);
    rc = work_alloc(&t->table, work, t->table_bytes, "a fixed-base table", err);
    if (rc == VCP_OK)
        rc = work_alloc(&chain, work, chain_bytes, "one row of it", err);
    if (rc < 0) {
        fixed_base_release(t, work);
        return rc;
    }
    NAME(from_affine)(&p, base);
    for (unsigned w = 0; w < t->n_windows; w++) {
        NAME(fill_row)
        ((AFFINE *)t->table + w * n_row, &p, n_row, chain, (FIELD *)((GROUP *)chain + n_row));
        for (unsigned i = 0; i < t->window_bits; i++)
            NAME(dbl)(&p, &p);
    }
    work_free(work, chain, chain_bytes);
    return VCP_OK;
}

struct NAME(multiples) {
    AFFINE *out;
    const struct fixed_base *t;
    const fr_bits *k;
    size_t n;
};

/* The point of window w for scalar k, or NULL for digit 0. */
static const AFFINE *NAME(entry)(const struct fixed_base *t, const fr_bits *k, unsigned w)
{
    unsigned d = digit_of(k, w * t->window_bits, t->window_bits);
    size_t n_row = ((size_t)1 << t->window_bits) - 1;
    return d ? (const AFFINE *)t->table + w * n_row + d - 1 : NULL;
}

/* a += b, with the inverse of b.x - a.x at hand. */
static void NAME(add_with_inverse)(AFFINE *a, const AFFINE *b, const FIELD *inv)
{
    FIELD l, x, y;

    FNAME(sub)(&l, &b->y, &a->y);
    FNAME(mul)(&l, &l, inv); /* slope */
    FNAME(sqr)(&x, &l);
    FNAME(sub)(&x, &x, &a->x);
    FNAME(sub)(&x, &x, &b->x);
    FNAME(sub)(&y, &a->x, &x);
    FNAME(mul)(&y, &y, &l);
    FNAME(sub)(&a->y, &y, &a->y);
    a->x = x;
}

/* Adds window w to the n sums; diff and scratch have n elements. */
static void NAME(add_window)(AFFINE sum[], const struct fixed_base *t, const fr_bits k[], size_t n,
                             unsigned w, FIELD diff[], FIELD scratch[])
{
    for (size_t i = 0; i < n; i++) {
        const AFFINE *e = NAME(entry)(t, &k[i], w);
        if (e && !NAME(affine_is_infinity)(&sum[i]))
            FNAME(sub)(&diff[i], &e->x, &sum[i].x);
        else
            memset(&diff[i], 0, sizeof diff[i]);
    }
    FNAME(inv_batch)(diff, n, scratch);
    for (size_t i = 0; i < n; i++) {
        const AFFINE *e = NAME(entry)(t, &k[i], w);
        if (!e)
            continue;
        if (NAME(affine_is_infinity)(&sum[i]))
            sum[i] = *e;
        else
            NAME(add_with_inverse)(&sum[i], e, &diff[i]);
    }
}

static void NAME(multiples_piece)(void *arg, size_t piece)
{
    const struct NAME(multiples) *job = arg;
    size_t lo = piece * PIECE_SCALARS;
    size_t n = job->n - lo < PIECE_SCALARS ? job->n - lo : PIECE_SCALARS;
    FIELD diff[PIECE_SCALARS], scratch[PIECE_SCALARS];

    memset(job->out + lo, 0, n * sizeof *job->out);
    for (unsigned w = 0; w < job->t->n_windows; w++)
        NAME(add_window)(job->out + lo, job->t, job->k + lo, n, w, diff, scratch);
}

void PUBLIC(mul)(AFFINE out[], const struct fixed_base *t, const fr_bits k[], size_t n,
                 struct threads *threads)
{
    struct NAME(multiples) job = {out, t, k, n};
    threads_run(threads, (n + PIECE_SCALARS - 1) / PIECE_SCALARS, NAME(multiples_piece), &job);
}
