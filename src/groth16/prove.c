/* prove.c - see prove.h. */
#include "groth16/prove.h"

#include <string.h>

#include "base/clock.h"
#include "bn254/msm.h"
#include "bn254/ntt.h"
#include "groth16/field_io.h"
#include "groth16/quotient.h"

/* ---- the quotient on the odd coset ---- */

struct quotient {
    fr *a, *b, *c;
    void *table;
    size_t array_bytes, table_bytes;
};

static void quotient_release(struct quotient *q, struct work *work)
{
    work_free(work, q->a, q->array_bytes);
    work_free(work, q->b, q->array_bytes);
    work_free(work, q->c, q->array_bytes);
    work_free(work, q->table, q->table_bytes);
    q->a = q->b = q->c = NULL;
    q->table = NULL;
}

static int quotient_alloc(struct quotient *q, unsigned log_n, struct work *work, struct err *err)
{
    void *p[4] = {NULL};
    int rc;

    memset(q, 0, sizeof *q);
    q->array_bytes = sizeof(fr) << log_n;
    q->table_bytes = ntt_table_size(log_n);
    (void)((rc = work_alloc(&p[0], work, q->array_bytes, "the values of A", err)) < 0 ||
           (rc = work_alloc(&p[1], work, q->array_bytes, "the values of B", err)) < 0 ||
           (rc = work_alloc(&p[2], work, q->array_bytes, "the values of C", err)) < 0 ||
           (rc = work_alloc(&p[3], work, q->table_bytes, "the tables of the NTT", err)) < 0);
    q->a = p[0];
    q->b = p[1];
    q->c = p[2];
    q->table = p[3];
    if (rc < 0)
        quotient_release(q, work);
    return rc;
}

/* *h: domain scalars of the H points, to be freed with the size of one array. */
static int quotient_compute(fr_bits **h, const struct zkey *k, const fr_bits z[], struct work *work,
                            struct err *err)
{
    size_t n = k->h.domain;
    struct quotient q;
    struct ntt ntt;
    int64_t t0 = clock_mono_ns();
    int rc = quotient_alloc(&q, k->log_domain, work, err);

    if (rc < 0)
        return rc;
    groth16_eval_rows(q.a, q.b, k, z, work->threads);
    int64_t t1 = clock_mono_ns();
    ntt_init(&ntt, k->log_domain, q.table, work->threads);
    fr_mul_sub_n(q.c, q.a, q.b, NULL, n, work->threads);
    ntt_to_coset(&ntt, q.a, work->threads);
    ntt_to_coset(&ntt, q.b, work->threads);
    ntt_to_coset(&ntt, q.c, work->threads);
    fr_mul_sub_n(q.a, q.a, q.b, q.c, n, work->threads);
    fr_to_bits_threads((fr_bits *)q.a, q.a, n, work->threads);
    work->stage_ns[WORK_ROWS] += t1 - t0;
    work->stage_ns[WORK_NTT] += clock_mono_ns() - t1;
    *h = (fr_bits *)q.a;
    q.a = NULL;
    quotient_release(&q, work);
    return VCP_OK;
}

/* ---- the four sums ---- */

struct sums {
    g1 a, b1, l, h;
    g2 b2;
};

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The most that one of the multiplications takes. */
static size_t msm_scratch(const struct zkey *k, unsigned n_threads, size_t points_max)
{
    size_t h = points_max < k->h.domain ? points_max : k->h.domain;
    size_t w = points_max < k->h.n_wires ? points_max : k->h.n_wires;
    return max_size(msm_g1_scratch_size(h, n_threads),
                    max_size(msm_g1_scratch_size(w, n_threads), msm_g2_scratch_size(w, n_threads)));
}

static int compute_h(struct sums *s, const struct zkey *k, const fr_bits z[], struct work *work,
                     struct err *err)
{
    fr_bits *h;
    int rc = quotient_compute(&h, k, z, work, err);
    if (rc < 0)
        return rc;
    work_reserve(work, msm_scratch(k, threads_count(work->threads), SIZE_MAX));
    rc = work_progress(work, "H", 300, err);
    if (rc == VCP_OK)
        rc = work_msm_g1(&s->h, k->hpts, h, k->h.domain, work, WORK_MSM_H, err);
    work_free(work, h, sizeof(fr) * (size_t)k->h.domain);
    return rc;
}

static int compute_sums(struct sums *s, const struct zkey *k, const fr_bits z[], struct work *work,
                        struct err *err)
{
    const struct zkey_header *h = &k->h;
    size_t first_private = (size_t)h->n_public + 1;
    int rc;

    if ((rc = work_progress(work, "quotient", 0, err)) < 0 ||
        (rc = compute_h(s, k, z, work, err)) < 0 || (rc = work_progress(work, "A", 550, err)) < 0 ||
        (rc = work_msm_g1(&s->a, k->a, z, h->n_wires, work, WORK_MSM_A, err)) < 0 ||
        (rc = work_progress(work, "B1", 650, err)) < 0 ||
        (rc = work_msm_g1(&s->b1, k->b1, z, h->n_wires, work, WORK_MSM_B1, err)) < 0 ||
        (rc = work_progress(work, "B2", 700, err)) < 0 ||
        (rc = work_msm_g2(&s->b2, k->b2, z, h->n_wires, work, WORK_MSM_B2, err)) < 0 ||
        (rc = work_progress(work, "L", 850, err)) < 0)
        return rc;
    return work_msm_g1(&s->l, k->c, z + first_private, h->n_wires - first_private, work, WORK_MSM_L,
                       err);
}

/* ---- blinding ---- */

static void finish(struct groth16_proof *out, const struct zkey *k, const struct sums *s)
{
    struct blinding bl;
    g1 a, b1, c, t;
    g2 b2, t2;

    blinding_draw(&bl);
    g1_mul(&t, &k->h.delta1, &bl.r);
    g1_add_affine(&a, &s->a, &k->h.alpha1);
    g1_add(&a, &a, &t);
    g1_mul(&t, &k->h.delta1, &bl.s);
    g1_add_affine(&b1, &s->b1, &k->h.beta1);
    g1_add(&b1, &b1, &t);
    g2_mul(&t2, &k->h.delta2, &bl.s);
    g2_add_affine(&b2, &s->b2, &k->h.beta2);
    g2_add(&b2, &b2, &t2);
    g1_to_affine(&out->a, &a);
    g2_to_affine(&out->b, &b2);
    g1_add(&c, &s->l, &s->h);
    blinding_add(&c, &bl, &out->a, &b1, &k->h.delta1);
    g1_to_affine(&out->c, &c);
    blinding_wipe(&bl);
}

static int check_witness(const struct zkey *k, const fr_bits z[], struct err *err)
{
    if (z[0].l[0] != 1 || (z[0].l[1] | z[0].l[2] | z[0].l[3]) != 0)
        return err_set(err, VCP_EINVAL, "witness: wire 0 is not 1");
    for (uint32_t i = 0; i < k->h.n_wires; i++)
        if (!fr_bits_is_canonical(&z[i]))
            return err_set(err, VCP_EINVAL, "witness: the value of wire %u is not below r", i);
    return VCP_OK;
}

int groth16_prove(struct groth16_proof *out, const struct zkey *k, const fr_bits z[],
                  struct work *work, struct err *err)
{
    struct sums s;
    int rc = check_witness(k, z, err);

    if (rc == VCP_OK)
        rc = compute_sums(&s, k, z, work, err);
    work_unreserve(work);
    if (rc < 0)
        return rc;
    int64_t start = clock_mono_ns();
    finish(out, k, &s);
    work->stage_ns[WORK_REST] += clock_mono_ns() - start;
    return work_progress(work, "done", 1000, err);
}

/* ---- memory ---- */

static size_t memory_for(const struct zkey *k, unsigned n_threads, size_t points_max)
{
    size_t array = sizeof(fr) << k->log_domain;
    return max_size(3 * array + ntt_table_size(k->log_domain),
                    array + msm_scratch(k, n_threads, points_max));
}

size_t groth16_prove_memory_min(const struct zkey *k, unsigned n_threads)
{
    return memory_for(k, n_threads, 1024);
}

size_t groth16_prove_memory(const struct zkey *k, unsigned n_threads)
{
    return memory_for(k, n_threads, SIZE_MAX);
}
