/* ckey_prove.c - the two halves of a proof with a committed first stage; see ckey.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bn254/msm.h"
#include "bn254/ntt.h"
#include "groth16/ckey.h"
#include "groth16/field_io.h"
#include "groth16/quotient.h"

/* ---- rows of a constraint system ---- */

#define PIECE_ROWS ((size_t)1 << 12)

struct rows_job {
    const struct cs *c;
    const fr *z; /* plain, so the sums are plain: coefficients are in Montgomery form */
    fr *out[2];
    size_t domain;
};

static void rows_piece(void *arg, size_t piece)
{
    const struct rows_job *job = arg;
    size_t lo = piece * PIECE_ROWS;
    size_t hi = job->domain - lo < PIECE_ROWS ? job->domain : lo + PIECE_ROWS;

    for (unsigned m = CS_A; m <= CS_B; m++) {
        for (size_t row = lo; row < hi; row++) {
            if (row < job->c->n_rows)
                cs_eval(&job->out[m][row], job->c, m, (uint32_t)row, job->z);
            else
                job->out[m][row] = fr_zero;
        }
        fr_from_bits_n(job->out[m] + lo, (fr_bits *)(job->out[m] + lo), hi - lo);
    }
}

/* cs_eval adds z where the coefficient is 1, and multiplies v R by z else: with z plain
 * both give plain values. */
static void eval_cs_rows(void *arg, fr a[], fr b[], const fr_bits z[], struct threads *threads)
{
    const struct cs *c = arg;
    struct rows_job job = {c, (const fr *)z, {a, b}, (size_t)1 << c->log_domain};
    threads_run(threads, (job.domain + PIECE_ROWS - 1) / PIECE_ROWS, rows_piece, &job);
}

struct ckey_rows ckey_rows_of(const struct cs *c)
{
    return (struct ckey_rows){eval_cs_rows, (void *)(uintptr_t)c};
}

/* ---- stage 1 ---- */

static int check_values(const fr_bits z[], size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!fr_bits_is_canonical(&z[i]))
            return err_set(err, VCP_EINVAL, "witness: value %zu is not below r", i);
    return VCP_OK;
}

int ckey_commit(g1_affine *d, struct ckey_opening *opening, const struct ckey *k,
                const fr_bits z1[], struct work *work, struct err *err)
{
    fr kappa;
    g1 sum, blind;
    int rc = check_values(z1, k->n_stage1, err);

    if (rc == VCP_OK)
        rc = work_msm_g1(&sum, k->d, z1, k->n_stage1, work, WORK_MSM_D, err);
    if (rc < 0)
        return rc;
    fr_random(&kappa);
    fr_to_bits(&opening->kappa, &kappa);
    g1_mul(&blind, &k->d2_1, &opening->kappa);
    g1_add(&sum, &sum, &blind);
    g1_to_affine(d, &sum);
    explicit_bzero(&kappa, sizeof kappa);
    return VCP_OK;
}

/* ---- stage 2 ---- */

/* *out: d_i on the odd coset, plain, one array to be freed. */
static int coset_values(fr_bits **out, const struct ckey *k, struct ckey_rows rows,
                        const fr_bits z[], struct work *work, struct err *err)
{
    size_t n = (size_t)1 << k->log_domain, bytes = n * sizeof(fr);
    size_t table_bytes = ntt_table_size(k->log_domain);
    void *a = NULL, *b = NULL, *table = NULL;
    struct ntt ntt;
    int rc;

    if ((rc = work_alloc(&a, work, bytes, "the values of A", err)) < 0 ||
        (rc = work_alloc(&b, work, bytes, "the values of B", err)) < 0 ||
        (rc = work_alloc(&table, work, table_bytes, "the tables of the NTT", err)) < 0) {
        work_free(work, a, bytes);
        work_free(work, b, bytes);
        return rc;
    }
    int64_t t0 = clock_mono_ns();
    rows.eval(rows.arg, a, b, z, work->threads);
    int64_t t1 = clock_mono_ns();
    ntt_init(&ntt, k->log_domain, table, work->threads);
    ntt_to_coset(&ntt, a, work->threads);
    ntt_to_coset(&ntt, b, work->threads);
    fr_mul_sub_n(a, a, b, NULL, n, work->threads);
    fr_to_bits_threads(a, a, n, work->threads);
    work->stage_ns[WORK_ROWS] += t1 - t0;
    work->stage_ns[WORK_NTT] += clock_mono_ns() - t1;
    work_free(work, b, bytes);
    work_free(work, table, table_bytes);
    *out = a;
    return VCP_OK;
}

struct sums {
    g1 a, b1, l, x, h;
    g2 b2;
};

static int sum_h(struct sums *s, const struct ckey *k, struct ckey_rows rows, const fr_bits z[],
                 struct work *work, struct err *err)
{
    size_t n = (size_t)1 << k->log_domain;
    fr_bits *values;
    int rc = coset_values(&values, k, rows, z, work, err);

    if (rc < 0)
        return rc;
    unsigned n_threads = threads_count(work->threads);
    size_t g1_bytes = msm_g1_scratch_size(n > k->n_wires ? n : k->n_wires, n_threads);
    size_t g2_bytes = msm_g2_scratch_size(k->n_wires, n_threads);
    work_reserve(work, g1_bytes > g2_bytes ? g1_bytes : g2_bytes);
    rc = work_msm_g1(&s->h, k->h, values, n, work, WORK_MSM_H, err);
    work_free(work, values, n * sizeof(fr));
    return rc;
}

/* The X points: gathered scalars, few. */
static int sum_x(struct sums *s, const struct ckey *k, const fr_bits z[], struct work *work,
                 struct err *err)
{
    size_t bytes = (size_t)k->n_x * sizeof(fr_bits);
    void *gathered;
    int rc = work_alloc(&gathered, work, bytes, "the scalars of X", err);

    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < k->n_x; i++) {
        uint32_t w;
        memcpy(&w, k->x_wires + 4 * (size_t)i, 4);
        if (w < k->n_wires) /* checked when opened, but the file is mapped */
            ((fr_bits *)gathered)[i] = z[w];
    }
    rc = work_msm_g1(&s->x, k->x, gathered, k->n_x, work, WORK_MSM_L, err);
    work_free(work, gathered, bytes);
    return rc;
}

static int compute_sums(struct sums *s, const struct ckey *k, struct ckey_rows rows,
                        const fr_bits z[], struct work *work, struct err *err)
{
    size_t first = (size_t)k->n_public + k->n_stage1 + 1;
    int rc;

    if ((rc = work_progress(work, "quotient", 0, err)) < 0 ||
        (rc = sum_h(s, k, rows, z, work, err)) < 0 ||
        (rc = work_progress(work, "A", 450, err)) < 0 ||
        (rc = work_msm_g1(&s->a, k->a, z, k->n_wires, work, WORK_MSM_A, err)) < 0 ||
        (rc = work_progress(work, "B1", 600, err)) < 0 ||
        (rc = work_msm_g1(&s->b1, k->b1, z, k->n_wires, work, WORK_MSM_B1, err)) < 0 ||
        (rc = work_progress(work, "B2", 700, err)) < 0 ||
        (rc = work_msm_g2(&s->b2, k->b2, z, k->n_wires, work, WORK_MSM_B2, err)) < 0 ||
        (rc = work_progress(work, "L", 850, err)) < 0 ||
        (rc = work_msm_g1(&s->l, k->l, z + first, k->n_wires - first, work, WORK_MSM_L, err)) < 0)
        return rc;
    return sum_x(s, k, z, work, err);
}

static void finish(struct groth16_proof *out, const struct ckey *k, const struct sums *s,
                   struct ckey_opening *opening)
{
    struct blinding bl;
    g1 a, b1, c, t;
    g2 b2, t2;

    blinding_draw(&bl);
    g1_mul(&t, &k->d2_1, &bl.r);
    g1_add_affine(&a, &s->a, &k->alpha1);
    g1_add(&a, &a, &t);
    g1_mul(&t, &k->d2_1, &bl.s);
    g1_add_affine(&b1, &s->b1, &k->beta1);
    g1_add(&b1, &b1, &t);
    g2_mul(&t2, &k->d2_2, &bl.s);
    g2_add_affine(&b2, &s->b2, &k->beta2);
    g2_add(&b2, &b2, &t2);
    g1_to_affine(&out->a, &a);
    g2_to_affine(&out->b, &b2);
    g1_add(&c, &s->l, &s->x);
    g1_add(&c, &c, &s->h);
    blinding_add(&c, &bl, &out->a, &b1, &k->d2_1);
    g1_mul(&t, &k->d1_1, &opening->kappa);
    g1_neg(&t, &t);
    g1_add(&c, &c, &t);
    g1_to_affine(&out->c, &c);
    blinding_wipe(&bl);
    explicit_bzero(opening, sizeof *opening);
}

int ckey_prove(struct groth16_proof *out, const struct ckey *k, struct ckey_rows rows,
               const fr_bits z[], struct ckey_opening *opening, struct work *work, struct err *err)
{
    struct sums s;
    int rc = check_values(z, k->n_wires, err);

    if (rc == VCP_OK && (z[0].l[0] != 1 || (z[0].l[1] | z[0].l[2] | z[0].l[3]) != 0))
        rc = err_set(err, VCP_EINVAL, "witness: wire 0 is not 1");
    if (rc == VCP_OK)
        rc = compute_sums(&s, k, rows, z, work, err);
    work_unreserve(work);
    if (rc < 0)
        return rc;
    int64_t start = clock_mono_ns();
    finish(out, k, &s, opening);
    work->stage_ns[WORK_REST] += clock_mono_ns() - start;
    return work_progress(work, "done", 1000, err);
}
