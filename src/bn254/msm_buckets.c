#include "bn254/msm_buckets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bn254/constants.h"
#include "bn254/digits.h"
#include "bn254/fp.h"
#include "bn254/mont.h"

enum { PENDING_MAX = 2 * MSM_BATCH }; /* and no more than two of this run's batches */

struct pending {
    uint32_t cell, src; /* src: a point before, a temporary cell while being summed */
};

struct buckets {
    const struct msm_input *in;
    const char *points;
    size_t point_bytes; /* of a cell too */
    char *cells, *temp; /* temp: half as many cells, at least PENDING_MAX */
    uint32_t *stamp;    /* the last batch that wrote a cell; 0: never */
    uint32_t batch;
    size_t n_cells, batch_max, pending_max, n_ops, n_pending;
    struct msm_op op[MSM_BATCH];
    struct msm_pair pair[MSM_BATCH];
    struct pending pending[PENDING_MAX];
    unsigned char *kernel_scratch;
};

static size_t align64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static size_t temp_cells(size_t n_cells)
{
    return n_cells / 2 > PENDING_MAX ? n_cells / 2 : PENDING_MAX;
}

/* Narrow windows are worked on together, so that batches are long there too. */
static size_t cells_at_once(unsigned window_bits)
{
    return window_bits < 14 ? (size_t)1 << 13 : (size_t)1 << (window_bits - 1);
}

unsigned msm_windows_at_once(unsigned window_bits)
{
    return (unsigned)(cells_at_once(window_bits) >> (window_bits - 1));
}

size_t msm_buckets_size(const struct msm_kernel *k, unsigned window_bits)
{
    size_t cells = cells_at_once(window_bits);

    return align64(sizeof(struct buckets)) + (cells + temp_cells(cells)) * k->cell_bytes +
           align64(cells * sizeof(uint32_t)) + align64(k->scratch_bytes);
}

/* Additions: windows times (points, and two for each cell). */
unsigned msm_window_bits(size_t n, unsigned scalar_bits, unsigned max)
{
    unsigned best = MSM_WINDOW_MIN;
    double best_cost = 0;

    for (unsigned c = MSM_WINDOW_MIN; c <= max; c++) {
        unsigned windows = (scalar_bits + c) / c;
        double cost = (double)windows * ((double)n + (double)((size_t)1 << c));

        if (c == MSM_WINDOW_MIN || cost < best_cost) {
            best = c;
            best_cost = cost;
        }
    }
    return best;
}

/* Bytes of the scalar, after *negate says to take r - k instead; 0 to drop it. */
static unsigned scalar_length(const fr_bits *k, bool *negate)
{
    static const uint64_t order[4] = FR_MODULUS;
    uint64_t m[4];
    const uint64_t *v = k->l;

    *negate = false;
    if (k->l[3] >> 60 >= order[3] >> 60) {
        if (mont_sub4(m, order, k->l) != 0 || (m[0] | m[1] | m[2] | m[3]) == 0)
            return 0;
        if ((m[1] | m[2] | m[3]) == 0) {
            *negate = true;
            v = m;
        }
    }
    for (int i = 3; i >= 0; i--)
        if (v[i] != 0)
            return (unsigned)(8 * i + 8 - __builtin_clzll(v[i]) / 8);
    return 0;
}

static bool is_infinity(const char *point, size_t n_bytes)
{
    uint64_t any = 0, v;

    for (size_t i = 0; i < n_bytes; i += 8) {
        memcpy(&v, point + i, 8);
        any |= v;
    }
    return any == 0;
}

void msm_slice_sort(struct msm_input *in, size_t i_slice)
{
    size_t begin = i_slice * MSM_SLICE, end = begin + MSM_SLICE < in->n ? begin + MSM_SLICE : in->n;
    uint32_t *order = in->order + begin, *at_least = in->slice[i_slice].at_least;
    uint32_t next[MSM_LENGTHS];
    uint8_t length[MSM_SLICE];
    bool negate[MSM_SLICE];

    memset(at_least, 0, sizeof in->slice[i_slice].at_least);
    for (size_t i = begin; i < end; i++) {
        const char *point = (const char *)in->points + i * in->kernel->point_bytes;
        unsigned l = scalar_length(&in->k[i], &negate[i - begin]);

        if (l != 0 && is_infinity(point, in->kernel->point_bytes))
            l = 0;
        length[i - begin] = (uint8_t)l;
        at_least[l]++;
    }
    for (int l = MSM_LENGTHS - 1; l >= 0; l--)
        at_least[l] += at_least[l + 1];
    for (int l = 0; l < MSM_LENGTHS; l++)
        next[l] = at_least[l + 1];
    for (size_t i = begin; i < end; i++)
        if (length[i - begin] != 0)
            order[next[length[i - begin]]++] = (uint32_t)i | (negate[i - begin] ? MSM_NEGATE : 0);
}

/* ---- batches ---- */

static void flush_ops(struct buckets *b)
{
    if (b->n_ops > 0)
        b->in->kernel->add_points(b->cells, b->in->points, b->op, b->n_ops, b->kernel_scratch);
    b->n_ops = 0;
    b->batch++;
}

static int compare_cell(const void *a, const void *b)
{
    const struct pending *x = a, *y = b;

    return x->cell < y->cell ? -1 : x->cell > y->cell;
}

static void copy_point(const struct buckets *b, char *to, uint32_t src)
{
    size_t n = b->point_bytes;

    memcpy(to, b->points + (size_t)(src & ~MSM_NEGATE) * n, n);
    for (size_t at = n / 2; (src & MSM_NEGATE) && at < n; at += sizeof(fp)) {
        fp y;

        memcpy(&y, to + at, sizeof y);
        fp_neg(&y, &y);
        memcpy(to + at, &y, sizeof y);
    }
}

/* temp[i] = the point of pending[i], after sorting by cell. */
static void pending_to_temp(struct buckets *b)
{
    qsort(b->pending, b->n_pending, sizeof b->pending[0], compare_cell);
    for (size_t i = 0; i < b->n_pending; i++) {
        copy_point(b, b->temp + i * b->point_bytes, b->pending[i].src);
        b->pending[i].src = (uint32_t)i;
    }
}

/* Adds neighbours of one cell; the survivors move down.  False when all cells differ. */
static bool halve_pending(struct buckets *b)
{
    const struct msm_kernel *k = b->in->kernel;
    size_t kept = 0, n = 0;
    bool any = false;

    for (size_t i = 0; i < b->n_pending; i++) {
        struct pending p = b->pending[i];

        if (i + 1 < b->n_pending && b->pending[i + 1].cell == p.cell) {
            b->pair[n++] = (struct msm_pair){p.src, p.src, b->pending[++i].src};
            any = true;
        }
        b->pending[kept++] = p;
        if (n == MSM_BATCH) {
            k->add_cells(b->temp, b->temp, b->temp, b->pair, n, b->kernel_scratch);
            n = 0;
        }
    }
    if (n > 0)
        k->add_cells(b->temp, b->temp, b->temp, b->pair, n, b->kernel_scratch);
    b->n_pending = kept;
    return any;
}

/* Sums what waits, cell by cell, and adds each sum to its cell; needs no free batch. */
static void drain_pending(struct buckets *b)
{
    const struct msm_kernel *k = b->in->kernel;

    flush_ops(b);
    pending_to_temp(b);
    while (halve_pending(b))
        continue;
    for (size_t i = 0; i < b->n_pending;) {
        size_t n = 0;

        for (; n < MSM_BATCH && i < b->n_pending; i++, n++)
            b->pair[n] = (struct msm_pair){b->pending[i].cell, b->pending[i].cell,
                                           b->pending[i].src};
        k->add_cells(b->cells, b->cells, b->temp, b->pair, n, b->kernel_scratch);
    }
    b->n_pending = 0;
}

/* Into the second-level cache, where the cells are: the first holds no batch. */
static inline void prefetch_point(const char *p, size_t n)
{
    __builtin_prefetch(p, 0, 2);
    if (n > 64)
        __builtin_prefetch(p + 64, 0, 2);
}

static inline bool try_op(struct buckets *b, uint32_t cell, uint32_t src)
{
    uint32_t last = b->stamp[cell];

    if (last == b->batch)
        return false;
    b->stamp[cell] = b->batch;
    if (last == 0) {
        copy_point(b, b->cells + (size_t)cell * b->point_bytes, src);
        b->stamp[cell] = 1;
        return true;
    }
    b->op[b->n_ops++] = (struct msm_op){cell, src};
    prefetch_point(b->points + (size_t)(src & ~MSM_NEGATE) * b->point_bytes, b->point_bytes);
    return true;
}

/* A new batch begins with what waits from the last one. */
static void next_batch(struct buckets *b)
{
    size_t kept = 0;

    flush_ops(b);
    for (size_t i = 0; i < b->n_pending; i++)
        if (b->n_ops == b->batch_max || !try_op(b, b->pending[i].cell, b->pending[i].src))
            b->pending[kept++] = b->pending[i];
    b->n_pending = kept;
}

static inline void schedule(struct buckets *b, uint32_t cell, uint32_t src)
{
    if (!try_op(b, cell, src)) {
        b->pending[b->n_pending++] = (struct pending){cell, src};
        if (b->n_pending == b->pending_max)
            drain_pending(b);
    } else if (b->n_ops == b->batch_max) {
        next_batch(b);
        if (b->n_ops == b->batch_max)
            flush_ops(b);
    }
}

/* ---- digits ---- */

struct window {
    struct digit_window at;
    uint32_t base; /* first cell */
};

static inline void schedule_digit(struct buckets *b, const struct window *w, int32_t digit,
                                  uint32_t src)
{
    uint32_t sign = (uint32_t)(digit >> 31);

    if (digit != 0)
        schedule(b, w->base + ((uint32_t)digit ^ sign) - sign - 1, src ^ (sign & MSM_NEGATE));
}

enum { DIGITS = 64 }; /* computed ahead of their scheduling */

static void run_slice(struct buckets *b, const struct window w[], unsigned n_windows,
                      size_t i_slice, unsigned first_bit, const uint64_t offsets[5])
{
    const struct msm_input *in = b->in;
    const uint32_t *order = in->order + i_slice * MSM_SLICE;
    int32_t digit[DIGITS];
    uint64_t v[DIGITS][5];
    /* digit i can only be non-zero for scalars of c i bits or more */
    unsigned bytes = first_bit / 8 > 1 ? first_bit / 8 : 1;
    size_t n = in->slice[i_slice].at_least[bytes];

    for (size_t begin = 0; begin < n; begin += DIGITS) {
        size_t m = n - begin < DIGITS ? n - begin : DIGITS;

        for (size_t i = 0; i < m; i++) {
            if (begin + i + DIGITS < n)
                __builtin_prefetch(&in->k[order[begin + i + DIGITS] & ~MSM_NEGATE]);
            digits_prepare(v[i], &in->k[order[begin + i] & ~MSM_NEGATE],
                           order[begin + i] & MSM_NEGATE, offsets);
        }
        for (unsigned j = 0; j < n_windows; j++) {
            for (size_t i = 0; i < m; i++)
                digit[i] = digit_at(&w[j].at, v[i]);
            for (size_t i = 0; i < m; i++)
                schedule_digit(b, &w[j], digit[i], order[begin + i]);
        }
    }
}

static void fill_buckets(struct buckets *b, unsigned w0, unsigned n_windows, size_t s0, size_t s1)
{
    const struct msm_input *in = b->in;
    unsigned c = in->window_bits;
    struct window w[MSM_WINDOWS_MAX];
    uint64_t offsets[5];

    digit_offsets(offsets, c, in->n_windows);
    for (unsigned j = 0; j < n_windows; j++)
        w[j] = (struct window){digit_window(w0 + j, c, in->n_windows), j << (c - 1)};
    for (size_t s = s0; s < s1; s++)
        run_slice(b, w, n_windows, s, c * w0, offsets);
    drain_pending(b);
}

/* ---- rows and columns ---- */

struct pair_batch {
    struct buckets *b;
    char *to;
    const char *from;
    size_t n;
};

static void pair_flush(struct pair_batch *p)
{
    if (p->n > 0)
        p->b->in->kernel->add_cells(p->to, p->from, p->from, p->b->pair, p->n,
                                    p->b->kernel_scratch);
    p->n = 0;
}

static void pair_add(struct pair_batch *p, size_t dst, size_t a, size_t b)
{
    p->b->pair[p->n++] = (struct msm_pair){(uint32_t)dst, (uint32_t)a, (uint32_t)b};
    if (p->n == MSM_BATCH)
        pair_flush(p);
}

/* Rows of `width` cells at `stride`: folds each onto its first cell; out of place at first. */
static void fold_rows(struct buckets *b, size_t n_rows, size_t width)
{
    struct pair_batch p = {b, b->temp, b->cells, 0};
    size_t half = width / 2;

    for (size_t r = 0; r < n_rows; r++)
        for (size_t j = 0; j < half; j++)
            pair_add(&p, r * half + j, r * width + j, r * width + half + j);
    pair_flush(&p);
    p.from = b->temp;
    for (size_t w = half / 2; w > 0; w /= 2) {
        for (size_t r = 0; r < n_rows; r++)
            for (size_t j = 0; j < w; j++)
                pair_add(&p, r * half + j, r * half + j, r * half + w + j);
        pair_flush(&p);
    }
}

/* Each window's rows, width cells each, onto its first row; in place. */
static void fold_columns(struct buckets *b, size_t n_windows, size_t n_rows, size_t width)
{
    struct pair_batch p = {b, b->cells, b->cells, 0};

    for (size_t h = n_rows / 2; h > 0; h /= 2) {
        for (size_t w = 0; w < n_windows; w++)
            for (size_t j = 0; j < h * width; j++) {
                size_t at = w * n_rows * width + j;

                pair_add(&p, at, at, at + h * width);
            }
        pair_flush(&p);
    }
}

static void reduce(struct msm_sums *out, struct buckets *b, unsigned n_windows)
{
    size_t cell = b->in->kernel->cell_bytes, rows, columns;

    out->log_columns = b->in->window_bits / 2;
    out->log_rows = b->in->window_bits - 1 - out->log_columns;
    rows = (size_t)1 << out->log_rows;
    columns = (size_t)1 << out->log_columns;
    fold_rows(b, n_windows * rows, columns);
    fold_columns(b, n_windows, rows, columns);
    out->rows = b->temp;
    out->row_stride = columns / 2 * cell;
    out->row_window = rows * out->row_stride;
    out->columns = b->cells;
    out->column_stride = cell;
    out->column_window = rows * columns * cell;
}

void msm_buckets_run(struct msm_sums *out, const struct msm_input *in, unsigned w0,
                     unsigned n_windows, size_t s0, size_t s1, void *scratch)
{
    struct buckets *b = scratch;
    unsigned char *p = (unsigned char *)scratch + align64(sizeof *b);

    b->in = in;
    b->points = in->points;
    b->point_bytes = in->kernel->point_bytes;
    assert(in->kernel->cell_bytes == b->point_bytes);
    b->n_cells = (size_t)n_windows << (in->window_bits - 1);
    assert(b->n_cells <= MSM_CELLS_MAX);
    b->cells = (char *)p;
    p += b->n_cells * in->kernel->cell_bytes;
    b->temp = (char *)p;
    p += temp_cells(b->n_cells) * in->kernel->cell_bytes;
    b->stamp = (uint32_t *)(void *)p;
    p += align64(b->n_cells * sizeof(uint32_t));
    b->kernel_scratch = p;
    memset(b->cells, 0, b->n_cells * in->kernel->cell_bytes);
    memset(b->stamp, 0, b->n_cells * sizeof(uint32_t));
    b->batch = 2; /* 1: filled, but by no batch */
    b->batch_max = b->n_cells / 4 < MSM_BATCH ? b->n_cells / 4 : MSM_BATCH;
    b->pending_max = 2 * b->batch_max;
    b->n_ops = b->n_pending = 0;
    fill_buckets(b, w0, n_windows, s0, s1);
    reduce(out, b, n_windows);
}
