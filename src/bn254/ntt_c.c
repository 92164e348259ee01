/* The table holds the powers z^0 .. z^(n-1) of z, a primitive 2n-th root of unity, z^2 = w.
 * A butterfly of half-length m at position j uses
 *   w's powers:      z^(2j n/2m)         for transforms on <w>,
 *   the odd coset's: z^((2j+1) n/2m)     for values on z<w>: (z w^j)^(n/2m),
 * or their inverses, -z^(n-e).  Decimation in frequency (values to coefficients) takes
 * natural order to bit-reversed order, decimation in time takes it back. */
#include "bn254/ntt_c.h"

enum {
    PIECES_LOG = 4 /* top levels are cut into 2^4 pieces for the threads, then into blocks */
};

size_t ntt_table_size_c(unsigned log_n)
{
    return sizeof(fr) << log_n;
}

struct power_job {
    fr *z;
    size_t n;
    fr base;
};

static void power_piece(void *arg, size_t i)
{
    struct power_job *job = arg;
    size_t begin = job->n * i >> PIECES_LOG, end = job->n * (i + 1) >> PIECES_LOG;
    uint64_t e = begin;
    fr t;

    fr_pow(&t, &job->base, &e, 1);
    for (size_t j = begin; j < end; j++) {
        job->z[j] = t;
        fr_mul(&t, &t, &job->base);
    }
}

void ntt_init_c(struct ntt *t, struct threads *threads)
{
    struct power_job job = {t->table, (size_t)1 << t->log_n, {{0}}};

    fr_root_of_unity(&job.base, t->log_n + 1);
    threads_run(threads, (size_t)1 << PIECES_LOG, power_piece, &job);
}

/* Which powers a pass uses. */
struct twiddles {
    const fr *z;
    unsigned log_n, odd; /* exponent (2j + odd) n / 2m */
    bool inverse;
};

/* out = a * twiddle j of half-length 2^log_m */
static inline void mul_twiddle(fr *out, const fr *a, const struct twiddles *tw, size_t j,
                               unsigned log_m)
{
    size_t e = (2 * j + tw->odd) << (tw->log_n - 1 - log_m);

    if (e == 0) {
        *out = *a;
    } else if (tw->inverse) {
        fr_mul(out, a, &tw->z[((size_t)1 << tw->log_n) - e]);
        fr_neg(out, out);
    } else {
        fr_mul(out, a, &tw->z[e]);
    }
}

/* Positions [j0, j1) of a block: (x, y) -> (x + y, (x - y) / w^j). */
static void dif_butterflies(fr *block, unsigned log_m, const struct twiddles *tw, size_t j0,
                            size_t j1)
{
    fr *lo = block, *hi = block + ((size_t)1 << log_m), d;

    for (size_t j = j0; j < j1; j++) {
        fr_sub(&d, &lo[j], &hi[j]);
        fr_add(&lo[j], &lo[j], &hi[j]);
        mul_twiddle(&hi[j], &d, tw, j, log_m);
    }
}

/* (x, y) -> (x + w^j y, x - w^j y). */
static void dit_butterflies(fr *block, unsigned log_m, const struct twiddles *tw, size_t j0,
                            size_t j1)
{
    fr *lo = block, *hi = block + ((size_t)1 << log_m), t;

    for (size_t j = j0; j < j1; j++) {
        mul_twiddle(&t, &hi[j], tw, j, log_m);
        fr_sub(&hi[j], &lo[j], &t);
        fr_add(&lo[j], &lo[j], &t);
    }
}

/* Depth first, so that a block is finished while the caches hold it. */
static void dif_block(fr *block, unsigned log_len, const struct twiddles *tw)
{
    size_t half = (size_t)1 << log_len >> 1;

    if (log_len == 0)
        return;
    dif_butterflies(block, log_len - 1, tw, 0, half);
    dif_block(block, log_len - 1, tw);
    dif_block(block + half, log_len - 1, tw);
}

static void dit_block(fr *block, unsigned log_len, const struct twiddles *tw)
{
    size_t half = (size_t)1 << log_len >> 1;

    if (log_len == 0)
        return;
    dit_block(block, log_len - 1, tw);
    dit_block(block + half, log_len - 1, tw);
    dit_butterflies(block, log_len - 1, tw, 0, half);
}

struct pass_job {
    fr *a;
    unsigned log_n, log_m, top; /* top levels are done breadth first */
    struct twiddles tw;
    bool dit;
};

/* One of 2^top pieces of one level. */
static void level_piece(void *arg, size_t i)
{
    const struct pass_job *job = arg;
    unsigned pieces_log = job->top + job->log_m + 1 - job->log_n; /* per block */
    size_t in_block = i & (((size_t)1 << pieces_log) - 1);
    fr *block = job->a + ((i >> pieces_log) << (job->log_m + 1));
    size_t j0 = (in_block << job->log_m) >> pieces_log;
    size_t j1 = ((in_block + 1) << job->log_m) >> pieces_log;

    if (job->dit)
        dit_butterflies(block, job->log_m, &job->tw, j0, j1);
    else
        dif_butterflies(block, job->log_m, &job->tw, j0, j1);
}

static void block_piece(void *arg, size_t i)
{
    const struct pass_job *job = arg;
    unsigned log_len = job->log_n - job->top;

    if (job->dit)
        dit_block(job->a + (i << log_len), log_len, &job->tw);
    else
        dif_block(job->a + (i << log_len), log_len, &job->tw);
}

static void transform(const struct ntt *t, fr a[], bool dit, bool odd, bool inverse,
                      struct threads *threads)
{
    unsigned top = t->log_n > PIECES_LOG ? PIECES_LOG : 0;
    struct pass_job job = {a, t->log_n, 0, top, {t->table, t->log_n, odd, inverse}, dit};

    if (dit)
        threads_run(threads, (size_t)1 << top, block_piece, &job);
    for (unsigned i = 0; i < top; i++) {
        job.log_m = t->log_n - 1 - (dit ? top - 1 - i : i);
        threads_run(threads, (size_t)1 << top, level_piece, &job);
    }
    if (!dit)
        threads_run(threads, (size_t)1 << top, block_piece, &job);
}

static void bit_reverse(fr a[], unsigned log_n)
{
    size_t n = (size_t)1 << log_n, rev = 0;

    for (size_t i = 0; i < n; i++) {
        if (i < rev) {
            fr t = a[i];

            a[i] = a[rev];
            a[rev] = t;
        }
        /* add one from the top: clear leading ones, set the next bit */
        for (size_t bit = n >> 1; bit > 0 && ((rev ^= bit) & bit) == 0;)
            bit >>= 1;
    }
}

static void scale_by_inverse_n(fr a[], unsigned log_n)
{
    fr s = fr_one;

    for (unsigned i = 0; i < log_n; i++)
        fr_half(&s, &s);
    for (size_t i = 0; i < (size_t)1 << log_n; i++)
        fr_mul(&a[i], &a[i], &s);
}

void ntt_run_c(const struct ntt *t, enum ntt_map map, fr a[], struct threads *threads)
{
    switch (map) {
    case NTT_FORWARD:
    case NTT_INVERSE:
        transform(t, a, false, false, map == NTT_INVERSE, threads);
        bit_reverse(a, t->log_n);
        break;
    case NTT_TO_COSET:
        transform(t, a, false, false, true, threads);
        transform(t, a, true, true, false, threads);
        break;
    case NTT_FROM_COSET:
        transform(t, a, false, true, true, threads);
        transform(t, a, true, false, false, threads);
        break;
    }
    if (map != NTT_FORWARD)
        scale_by_inverse_n(a, t->log_n);
}

void fr_mul_sub_c(fr out[], const fr a[], const fr b[], const fr c[], size_t n)
{
    fr t;

    for (size_t i = 0; i < n; i++) {
        fr_mul(&t, &a[i], &b[i]);
        if (c)
            fr_sub(&t, &t, &c[i]);
        out[i] = t;
    }
}

void fr_to_bits_n_c(fr_bits out[], const fr a[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        fr_to_bits(&out[i], &a[i]);
}

void fr_from_bits_n_c(fr out[], const fr_bits a[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)fr_from_bits(&out[i], &a[i]);
}
