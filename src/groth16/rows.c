/* rows.c - the sparse products A z and B z over the coefficients of a .zkey.
 *
 * A stored coefficient is v R^2, so one Montgomery product with the plain z_i gives
 * v z_i in Montgomery form.  Products are taken in batches whatever the coefficient: what
 * a term costs is fetching z_i, and telling 1 and -1 apart would mispredict more than it
 * saves.  snarkjs writes coefficients in row order, so ranges of rows are ranges of
 * coefficients and threads share nothing; a key in another order is evaluated by one
 * thread.  Everything read is range-checked here again, because the file is mapped. */
#include <string.h>

#include "groth16/prove.h"
#include "groth16/sparse.h"

#define PIECES_A_THREAD 8

struct rows_job {
    const struct zkey *k;
    const fr_bits *z;
    fr *out[2];
    size_t n_pieces;
};

/* First coefficient of a row >= row; the coefficients are sorted by row. */
static uint32_t lower_bound(const struct zkey *k, uint32_t row)
{
    uint32_t lo = 0, hi = k->n_coefs;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (zkey_coef_place(k, mid).row < row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void rows_piece(void *arg, size_t piece)
{
    const struct rows_job *job = arg;
    const struct zkey *k = job->k;
    uint32_t row_lo = (uint32_t)((uint64_t)k->h.domain * piece / job->n_pieces);
    uint32_t row_hi = (uint32_t)((uint64_t)k->h.domain * (piece + 1) / job->n_pieces);
    uint32_t lo = job->n_pieces == 1 ? 0 : lower_bound(k, row_lo);
    uint32_t hi = job->n_pieces == 1 ? k->n_coefs : lower_bound(k, row_hi);
    struct sparse s = {.n = 0};

    memset(job->out[0] + row_lo, 0, (size_t)(row_hi - row_lo) * sizeof(fr));
    memset(job->out[1] + row_lo, 0, (size_t)(row_hi - row_lo) * sizeof(fr));
    for (uint32_t i = lo; i < hi; i++) {
        struct zkey_place c = zkey_coef_place(k, i);
        if (hi - i > SPARSE_AHEAD)
            __builtin_prefetch(job->z + zkey_coef_place(k, i + SPARSE_AHEAD).wire);
        if (c.matrix > 1 || c.row < row_lo || c.row >= row_hi || c.wire >= k->h.n_wires)
            continue; /* only in a file that changed since it was opened */
        sparse_add(&s, &job->out[c.matrix][c.row], zkey_coef_value(k, i), &job->z[c.wire]);
    }
    sparse_flush(&s);
}

void groth16_eval_rows(fr a[], fr b[], const struct zkey *k, const fr_bits z[],
                       struct threads *threads)
{
    struct rows_job job = {.k = k, .z = z, .out = {a, b}};

    job.n_pieces = k->coefs_sorted ? (size_t)threads_count(threads) * PIECES_A_THREAD : 1;
    threads_run(threads, job.n_pieces, rows_piece, &job);
}
