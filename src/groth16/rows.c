/* rows.c - the sparse products A z and B z over the coefficients of a .zkey.
 *
 * A stored coefficient is v R^2, so one Montgomery product with the plain z_i gives
 * v z_i in Montgomery form.  Most coefficients are 1 or -1: those z_i are summed
 * plainly and multiplied by R^2 once a row.  snarkjs writes coefficients in row order,
 * so ranges of rows are ranges of coefficients and threads share nothing; a key in
 * another order is evaluated by one thread.  Everything read is range-checked here
 * again, because the file is mapped. */
#include <string.h>

#include "groth16/prove.h"

#define PIECES_A_THREAD 8

struct rows_job {
    const struct zkey *k;
    const fr_bits *z;
    fr *out[2];
    fr one, minus_one; /* of the stored form: R^2 and -R^2 */
    size_t n_pieces;
};

/* A run of terms of one row of one matrix. */
struct row_sum {
    uint32_t matrix, row;
    fr products; /* Montgomery form */
    fr plain;    /* plain form */
};

static void flush(const struct rows_job *job, struct row_sum *s)
{
    fr *out = &job->out[s->matrix][s->row];
    fr t;
    fr_mul(&t, &s->plain, &job->one);
    fr_add(&t, &t, &s->products);
    fr_add(out, out, &t);
    s->products = fr_zero;
    s->plain = fr_zero;
}

static void add_term(const struct rows_job *job, struct row_sum *s, const struct zkey_coef *c)
{
    fr z, t;

    memcpy(&z, &job->z[c->wire], sizeof z);
    if (memcmp(&c->value, &job->one, sizeof c->value) == 0) {
        fr_add(&s->plain, &s->plain, &z);
    } else if (memcmp(&c->value, &job->minus_one, sizeof c->value) == 0) {
        fr_sub(&s->plain, &s->plain, &z);
    } else {
        fr_mul(&t, &c->value, &z);
        fr_add(&s->products, &s->products, &t);
    }
}

/* First coefficient of a row >= row; the coefficients are sorted by row. */
static uint32_t lower_bound(const struct zkey *k, uint32_t row)
{
    uint32_t lo = 0, hi = k->n_coefs;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (zkey_coef_at(k, mid).row < row)
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
    struct row_sum s = {0, row_lo, fr_zero, fr_zero};

    memset(job->out[0] + row_lo, 0, (size_t)(row_hi - row_lo) * sizeof(fr));
    memset(job->out[1] + row_lo, 0, (size_t)(row_hi - row_lo) * sizeof(fr));
    for (uint32_t i = lo; i < hi; i++) {
        struct zkey_coef c = zkey_coef_at(k, i);
        if (c.matrix > 1 || c.row < row_lo || c.row >= row_hi || c.wire >= k->h.n_wires)
            continue; /* only in a file that changed since it was opened */
        if (c.row != s.row || c.matrix != s.matrix) {
            flush(job, &s);
            s.row = c.row;
            s.matrix = c.matrix;
        }
        add_term(job, &s, &c);
    }
    if (row_lo < row_hi)
        flush(job, &s);
}

void groth16_eval_rows(fr a[], fr b[], const struct zkey *k, const fr_bits z[],
                       struct threads *threads)
{
    struct rows_job job = {.k = k, .z = z, .out = {a, b}};
    fr_bits r_plain;

    memcpy(&r_plain, &fr_one, sizeof r_plain); /* the limbs of fr_one are R mod r */
    fr_from_bits(&job.one, &r_plain);
    fr_neg(&job.minus_one, &job.one);
    job.n_pieces = k->coefs_sorted ? (size_t)threads_count(threads) * PIECES_A_THREAD : 1;
    threads_run(threads, job.n_pieces, rows_piece, &job);
}
