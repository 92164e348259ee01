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

static void quotient_release(struct quotient *q, struct run *run)
{
    run_free(run, q->a, q->array_bytes);
    run_free(run, q->b, q->array_bytes);
    run_free(run, q->c, q->array_bytes);
    run_free(run, q->table, q->table_bytes);
    q->a = q->b = q->c = NULL;
    q->table = NULL;
}

static int quotient_alloc(struct quotient *q, unsigned log_n, struct run *run, struct err *err)
{
    void *p[4] = {NULL};
    int rc;

    memset(q, 0, sizeof *q);
    q->array_bytes = sizeof(fr) << log_n;
    q->table_bytes = ntt_table_size(log_n);
    (void)((rc = run_alloc(&p[0], run, q->array_bytes, "the values of A", err)) < 0 ||
           (rc = run_alloc(&p[1], run, q->array_bytes, "the values of B", err)) < 0 ||
           (rc = run_alloc(&p[2], run, q->array_bytes, "the values of C", err)) < 0 ||
           (rc = run_alloc(&p[3], run, q->table_bytes, "the tables of the NTT", err)) < 0);
    q->a = p[0];
    q->b = p[1];
    q->c = p[2];
    q->table = p[3];
    if (rc < 0)
        quotient_release(q, run);
    return rc;
}

/* *h: domain scalars of the H points, to be freed with the size of one array. */
static int quotient_compute(fr_bits **h, const struct zkey *k, const fr_bits z[], struct run *run,
                            struct err *err)
{
    size_t n = k->h.domain;
    struct quotient q;
    struct ntt ntt;
    int64_t t0 = clock_mono_ns();
    int rc = quotient_alloc(&q, k->log_domain, run, err);

    if (rc < 0)
        return rc;
    groth16_eval_rows(q.a, q.b, k, z, run->threads);
    int64_t t1 = clock_mono_ns();
    ntt_init(&ntt, k->log_domain, q.table, run->threads);
    fr_mul_sub_n(q.c, q.a, q.b, NULL, n, run->threads);
    ntt_to_coset(&ntt, q.a, run->threads);
    ntt_to_coset(&ntt, q.b, run->threads);
    ntt_to_coset(&ntt, q.c, run->threads);
    fr_mul_sub_n(q.a, q.a, q.b, q.c, n, run->threads);
    fr_to_bits_threads((fr_bits *)q.a, q.a, n, run->threads);
    run->stage_ns[RUN_ROWS] += t1 - t0;
    run->stage_ns[RUN_NTT] += clock_mono_ns() - t1;
    *h = (fr_bits *)q.a;
    q.a = NULL;
    quotient_release(&q, run);
    return VCP_OK;
}

/* ---- the four sums ---- */

struct sums {
    g1 a, b1, l, h;
    g2 b2;
};

static int compute_h(struct sums *s, const struct zkey *k, const fr_bits z[], struct run *run,
                     struct err *err)
{
    fr_bits *h;
    int rc = quotient_compute(&h, k, z, run, err);
    if (rc < 0)
        return rc;
    rc = run_progress(run, "H", 300, err);
    if (rc == VCP_OK)
        rc = run_msm_g1(&s->h, k->hpts, h, k->h.domain, run, RUN_MSM_H, err);
    run_free(run, h, sizeof(fr) * (size_t)k->h.domain);
    return rc;
}

static int compute_sums(struct sums *s, const struct zkey *k, const fr_bits z[], struct run *run,
                        struct err *err)
{
    const struct zkey_header *h = &k->h;
    size_t first_private = (size_t)h->n_public + 1;
    int rc;

    if ((rc = run_progress(run, "quotient", 0, err)) < 0 ||
        (rc = compute_h(s, k, z, run, err)) < 0 || (rc = run_progress(run, "A", 550, err)) < 0 ||
        (rc = run_msm_g1(&s->a, k->a, z, h->n_wires, run, RUN_MSM_A, err)) < 0 ||
        (rc = run_progress(run, "B1", 650, err)) < 0 ||
        (rc = run_msm_g1(&s->b1, k->b1, z, h->n_wires, run, RUN_MSM_B1, err)) < 0 ||
        (rc = run_progress(run, "B2", 700, err)) < 0 ||
        (rc = run_msm_g2(&s->b2, k->b2, z, h->n_wires, run, RUN_MSM_B2, err)) < 0 ||
        (rc = run_progress(run, "L", 850, err)) < 0)
        return rc;
    return run_msm_g1(&s->l, k->c, z + first_private, h->n_wires - first_private, run, RUN_MSM_L,
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
                  struct run *run, struct err *err)
{
    struct sums s;
    int rc = check_witness(k, z, err);

    if (rc == VCP_OK)
        rc = compute_sums(&s, k, z, run, err);
    if (rc < 0)
        return rc;
    int64_t start = clock_mono_ns();
    finish(out, k, &s);
    run->stage_ns[RUN_REST] += clock_mono_ns() - start;
    return run_progress(run, "done", 1000, err);
}

/* ---- memory ---- */

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t memory_for(const struct zkey *k, unsigned n_threads, size_t msm_points)
{
    size_t array = sizeof(fr) << k->log_domain;
    size_t h = msm_points < k->h.domain ? msm_points : k->h.domain;
    size_t w = msm_points < k->h.n_wires ? msm_points : k->h.n_wires;
    size_t quotient = 3 * array + ntt_table_size(k->log_domain);
    size_t msm_h = array + msm_g1_scratch_size(h, n_threads);
    size_t msm_w = max_size(msm_g1_scratch_size(w, n_threads), msm_g2_scratch_size(w, n_threads));
    return max_size(quotient, max_size(msm_h, msm_w));
}

size_t groth16_prove_memory_min(const struct zkey *k, unsigned n_threads)
{
    return memory_for(k, n_threads, 1024);
}

size_t groth16_prove_memory(const struct zkey *k, unsigned n_threads)
{
    return memory_for(k, n_threads, SIZE_MAX);
}
