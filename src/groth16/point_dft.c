/* point_dft.c - see point_dft.h.  Decimation in time, a layer at a time; the pieces of a
 * layer are shared among the threads.  The roots are public. */
#include "groth16/point_dft.h"

#include <string.h>

enum { PIECE = 64 };

/* One of the two groups; a, lo, hi: its affine points. */
struct dft_group {
    size_t point_bytes;
    /* out[i] = k[i] out[i] */
    void (*multiply)(void *out, const fr_bits k[], size_t n);
    /* lo[i], hi[i] = lo[i] + hi[i], lo[i] - hi[i] */
    void (*butterfly)(void *lo, void *hi, size_t n);
};

struct layer {
    const struct dft_group *group;
    unsigned char *a;
    size_t n, half; /* of a block */
    const fr_bits *root;
};

static void layer_piece(void *arg, size_t piece)
{
    const struct layer *l = arg;
    size_t bytes = l->group->point_bytes, begin = piece * PIECE, count = l->n / 2 - begin;
    unsigned char lo[PIECE * sizeof(g2_affine)], hi[PIECE * sizeof(g2_affine)];
    unsigned char *at[PIECE];
    fr_bits k[PIECE];

    if (count > PIECE)
        count = PIECE;
    for (size_t i = 0; i < count; i++) {
        size_t j = (begin + i) % l->half, block = (begin + i) / l->half;

        at[i] = l->a + (2 * block * l->half + j) * bytes;
        memcpy(lo + i * bytes, at[i], bytes);
        memcpy(hi + i * bytes, at[i] + l->half * bytes, bytes);
        k[i] = l->root[j * (l->n / (2 * l->half))];
    }
    if (l->half > 1)
        l->group->multiply(hi, k, count);
    l->group->butterfly(lo, hi, count);
    for (size_t i = 0; i < count; i++) {
        memcpy(at[i], lo + i * bytes, bytes);
        memcpy(at[i] + l->half * bytes, hi + i * bytes, bytes);
    }
}

static void scale_piece(void *arg, size_t piece)
{
    const struct layer *l = arg;
    size_t begin = piece * PIECE, count = l->n - begin < PIECE ? l->n - begin : PIECE;
    fr_bits k[PIECE];

    for (size_t i = 0; i < count; i++)
        k[i] = l->root[0];
    l->group->multiply(l->a + begin * l->group->point_bytes, k, count);
}

static void reverse_bits(unsigned char *a, unsigned log_n, size_t bytes)
{
    unsigned char t[sizeof(g2_affine)];

    for (size_t i = 0; i < (size_t)1 << log_n; i++) {
        size_t j = 0;

        for (unsigned b = 0; b < log_n; b++)
            j |= (i >> b & 1) << (log_n - 1 - b);
        if (i >= j)
            continue;
        memcpy(t, a + i * bytes, bytes);
        memcpy(a + i * bytes, a + j * bytes, bytes);
        memcpy(a + j * bytes, t, bytes);
    }
}

/* root[i] = w^-i for i < n / 2. */
static void fill_roots(fr_bits root[], unsigned log_n)
{
    fr w, acc = fr_one;

    fr_root_of_unity(&w, log_n);
    fr_inv(&w, &w);
    for (size_t i = 0; i < (size_t)1 << (log_n - 1); i++) {
        fr_to_bits(&root[i], &acc);
        fr_mul(&acc, &acc, &w);
    }
}

/* a / n */
static void scale(const struct layer *l, struct threads *threads)
{
    struct layer by = *l;
    fr_bits inverse;
    fr n;

    fr_from_u64(&n, l->n);
    fr_inv(&n, &n);
    fr_to_bits(&inverse, &n);
    by.root = &inverse;
    threads_run(threads, (l->n + PIECE - 1) / PIECE, scale_piece, &by);
}

static int transform(void *a, unsigned log_n, const struct dft_group *group, struct work *work,
                     struct err *err)
{
    struct layer l = {.group = group, .a = a, .n = (size_t)1 << log_n};
    size_t bytes = l.n / 2 * sizeof(fr_bits);
    void *root;
    int rc;

    if (log_n == 0)
        return VCP_OK;
    if ((rc = work_alloc(&root, work, bytes, "roots of unity", err)) < 0)
        return rc;
    fill_roots(root, log_n);
    l.root = root;
    scale(&l, work->threads);
    reverse_bits(a, log_n, group->point_bytes);
    for (l.half = 1; l.half < l.n; l.half *= 2)
        threads_run(work->threads, (l.n / 2 + PIECE - 1) / PIECE, layer_piece, &l);
    work_free(work, root, bytes);
    return VCP_OK;
}

static void multiply_g1(void *out, const fr_bits k[], size_t n)
{
    g1_mul_n_var(out, out, k, n);
}

static void butterfly_g1(void *lo, void *hi, size_t n)
{
    g1_affine *a = lo, *b = hi, minus;
    g1 sum[PIECE], difference[PIECE];
    fp scratch[PIECE];

    for (size_t i = 0; i < n; i++) {
        g1_from_affine(&difference[i], &a[i]);
        g1_add_affine(&sum[i], &difference[i], &b[i]);
        g1_affine_neg(&minus, &b[i]);
        g1_add_affine(&difference[i], &difference[i], &minus);
    }
    g1_to_affine_n(a, sum, n, scratch);
    g1_to_affine_n(b, difference, n, scratch);
}

static void multiply_g2(void *out, const fr_bits k[], size_t n)
{
    g2_affine *a = out;
    g2 t[PIECE];
    fp2 scratch[PIECE];

    for (size_t i = 0; i < n; i++)
        g2_mul_var(&t[i], &a[i], &k[i]);
    g2_to_affine_n(a, t, n, scratch);
}

static void butterfly_g2(void *lo, void *hi, size_t n)
{
    g2_affine *a = lo, *b = hi, minus;
    g2 sum[PIECE], difference[PIECE];
    fp2 scratch[PIECE];

    for (size_t i = 0; i < n; i++) {
        g2_from_affine(&difference[i], &a[i]);
        g2_add_affine(&sum[i], &difference[i], &b[i]);
        g2_affine_neg(&minus, &b[i]);
        g2_add_affine(&difference[i], &difference[i], &minus);
    }
    g2_to_affine_n(a, sum, n, scratch);
    g2_to_affine_n(b, difference, n, scratch);
}

int point_dft_g1(g1_affine a[], unsigned log_n, struct work *work, struct err *err)
{
    static const struct dft_group group = {sizeof(g1_affine), multiply_g1, butterfly_g1};

    return transform(a, log_n, &group, work, err);
}

int point_dft_g2(g2_affine a[], unsigned log_n, struct work *work, struct err *err)
{
    static const struct dft_group group = {sizeof(g2_affine), multiply_g2, butterfly_g2};

    return transform(a, log_n, &group, work, err);
}
