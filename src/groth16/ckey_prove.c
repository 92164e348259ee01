/* ckey_prove.c - the two halves of a proof with a committed first stage; see ckey.h. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bn254/msm.h"
#include "bn254/ntt.h"
#include "groth16/ckey.h"
#include "groth16/equal.h"
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
static int eval_cs_rows(void *arg, fr a[], fr b[], fr_bits z[], struct threads *threads,
                        struct err *err)
{
    const struct cs *c = arg;
    struct rows_job job = {c, (const fr *)z, {a, b}, (size_t)1 << c->log_domain};

    (void)err;
    threads_run(threads, (job.domain + PIECE_ROWS - 1) / PIECE_ROWS, rows_piece, &job);
    return VCP_OK;
}

struct ckey_rows ckey_rows_of(const struct cs *c)
{
    return (struct ckey_rows){eval_cs_rows, (void *)(uintptr_t)c, c->n_wires, c->n_rows,
                              c->log_domain};
}

/* ---- stage 1 ---- */

#define PIECE_VALUES ((size_t)1 << 15)

struct values_job {
    const fr_bits *z;
    size_t n;
    atomic_size_t bad; /* some value that is none, or n */
};

static void values_piece(void *arg, size_t piece)
{
    struct values_job *job = arg;
    size_t lo = piece * PIECE_VALUES;
    size_t hi = job->n - lo < PIECE_VALUES ? job->n : lo + PIECE_VALUES;

    for (size_t i = lo; i < hi; i++)
        if (!fr_bits_is_canonical(&job->z[i]))
            atomic_store(&job->bad, i);
}

static int check_values(const fr_bits z[], size_t n, struct work *work, struct err *err)
{
    struct values_job job = {.z = z, .n = n};
    size_t bad;

    atomic_init(&job.bad, n);
    threads_run(work->threads, (n + PIECE_VALUES - 1) / PIECE_VALUES, values_piece, &job);
    bad = atomic_load(&job.bad);
    return bad == n ? VCP_OK : err_set(err, VCP_EINVAL, "witness: value %zu is not below r", bad);
}

int ckey_commit(g1_affine *d, struct ckey_opening *opening, const struct ckey *k,
                const fr_bits z1[], struct work *work, struct err *err)
{
    struct equal stage1;
    fr kappa;
    g1 sum, blind;
    int rc = check_values(z1, k->n_stage1, work, err);

    if (rc < 0)
        return rc;
    equal_init(&stage1, z1, 0, k->n_stage1, work);
    rc = equal_msm_g1(&sum, &(struct msm_points){.points = k->d}, k->n_stage1, z1, &stage1, 1, work,
                      WORK_MSM_D, err);
    equal_release(&stage1, work);
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

struct sums {
    g1 a, b1, l, x, h;
    g2 b2;
};

/* a: the values of A, then of the quotient's part d on the odd coset, plain. */
static int coset_values(fr a[], fr b[], const struct ckey *k, struct work *work, struct err *err)
{
    size_t n = (size_t)1 << k->log_domain;
    struct work_clock start = work_clock();
    struct ntt ntt;
    int rc = work_ntt(&ntt, work, k->log_domain, err);

    if (rc < 0)
        return rc;
    ntt_to_coset(&ntt, a, work->threads);
    ntt_to_coset(&ntt, b, work->threads);
    fr_mul_sub_n(a, a, b, NULL, n, work->threads);
    fr_to_bits_threads((fr_bits *)a, a, n, work->threads);
    work_ntt_done(work);
    work_charge(work, WORK_NTT, start);
    return VCP_OK;
}

static int check_witness(const struct ckey *k, const fr_bits z[], struct work *work,
                         struct err *err)
{
    if (z[0].l[0] != 1 || (z[0].l[1] | z[0].l[2] | z[0].l[3]) != 0)
        return err_set(err, VCP_EINVAL, "witness: wire 0 is not 1");
    return check_values(z, k->n_wires, work, err);
}

/* The rows, and from them the sum over H. */
static int sum_h(struct sums *s, const struct ckey *k, struct ckey_rows rows, fr_bits z[],
                 struct work *work, struct err *err)
{
    size_t n = (size_t)1 << k->log_domain, bytes = n * sizeof(fr);
    struct work_clock start = work_clock();
    void *a, *b;
    int rc;

    if ((rc = work_alloc(&a, work, bytes, "the values of A", err)) < 0)
        return rc;
    if ((rc = work_alloc(&b, work, bytes, "the values of B", err)) == VCP_OK) {
        if ((rc = rows.eval(rows.arg, a, b, z, work->threads, err)) == VCP_OK)
            rc = check_witness(k, z, work, err);
        work_charge(work, WORK_ROWS, start);
        if (rc == VCP_OK)
            rc = coset_values(a, b, k, work, err);
        work_free(work, b, bytes);
    }
    if (rc == VCP_OK)
        rc = work_msm_g1(&s->h, k->h, a, n, work, WORK_MSM_H, err);
    work_free(work, a, bytes);
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

/* The sums over wires, by groups of equal scalars: those of stage 2, and all before. */
static int sum_wires(struct sums *s, const struct ckey *k, const fr_bits z[],
                     const struct equal parts[2], struct work *work, struct err *err)
{
    struct msm_points a = {k->a, 0, k->of_a.live, k->of_a.before};
    struct msm_points b1 = {k->b1, 0, k->of_b.live, k->of_b.before};
    struct msm_points b2 = {k->b2, 0, k->of_b.live, k->of_b.before};
    struct msm_points l = {k->l, parts[1].first, NULL, NULL};
    size_t n_a = k->of_a.n, n_b = k->of_b.n, n_l = k->n_wires - parts[1].first;
    int rc;

    if ((rc = work_progress(work, "A", 450, err)) < 0 ||
        (rc = equal_msm_g1(&s->a, &a, n_a, z, parts, 2, work, WORK_MSM_A, err)) < 0 ||
        (rc = work_progress(work, "B1", 600, err)) < 0 ||
        (rc = equal_msm_g1(&s->b1, &b1, n_b, z, parts, 2, work, WORK_MSM_B1, err)) < 0 ||
        (rc = work_progress(work, "B2", 700, err)) < 0 ||
        (rc = equal_msm_g2(&s->b2, &b2, n_b, z, parts, 2, work, WORK_MSM_B2, err)) < 0 ||
        (rc = work_progress(work, "L", 850, err)) < 0)
        return rc;
    return equal_msm_g1(&s->l, &l, n_l, z, &parts[1], 1, work, WORK_MSM_L, err);
}

static int compute_sums(struct sums *s, const struct ckey *k, struct ckey_rows rows, fr_bits z[],
                        struct work *work, struct err *err)
{
    uint32_t first = k->n_public + k->n_stage1 + 1;
    struct equal parts[2];
    struct work_clock start;
    int rc;

    if ((rc = work_progress(work, "quotient", 0, err)) < 0 ||
        (rc = sum_h(s, k, rows, z, work, err)) < 0)
        return rc;
    start = work_clock();
    equal_init(&parts[0], z, 0, first, work);
    equal_init(&parts[1], z, first, k->n_wires - first, work);
    work_charge(work, WORK_REST, start);
    rc = sum_wires(s, k, z, parts, work, err);
    equal_release(&parts[0], work);
    equal_release(&parts[1], work);
    return rc < 0 ? rc : sum_x(s, k, z, work, err);
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

int ckey_prove(struct groth16_proof *out, const struct ckey *k, struct ckey_rows rows, fr_bits z[],
               struct ckey_opening *opening, struct work *work, struct err *err)
{
    struct sums s;
    struct work_clock start;
    int rc;

    if (rows.n_wires != k->n_wires || rows.n_rows != k->n_rows || rows.log_domain != k->log_domain)
        return err_set(err, VCP_EINVAL,
                       "%s: a key of %u wires and %u rows in 2^%u, a circuit of %u, %u and 2^%u",
                       k->file.name, k->n_wires, k->n_rows, k->log_domain, rows.n_wires,
                       rows.n_rows, rows.log_domain);
    if ((rc = compute_sums(&s, k, rows, z, work, err)) < 0)
        return rc;
    start = work_clock();
    finish(out, k, &s, opening);
    work_charge(work, WORK_REST, start);
    return work_progress(work, "done", 1000, err);
}
