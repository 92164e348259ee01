/* ckey_setup.c - making the keys of ckey.h from trapdoors that are wiped afterwards. */
#include <stdlib.h>
#include <string.h>

#include "groth16/ckey.h"
#include "groth16/field_io.h"
#include "groth16/setup_parts.h"

struct maker {
    const struct cs *cs;
    struct work *work;
    struct binfile_writer w;
    struct trapdoors t;
    struct evals e; /* w becomes the scalars of IC, D and L, see scale_sums */
    struct vkey *vk;
    uint32_t *x_wires; /* public and stage-1 wires with w not 0 */
    fr *x;
    uint32_t n_x;
};

static uint32_t first_stage2(const struct cs *c)
{
    return c->n_public + c->n_stage1 + 1;
}

/* (tau^n - 1) / (2 delta2) */
static void half_z_over_delta2(fr *out, const struct maker *m)
{
    fr z = m->t.tau, inv;
    for (unsigned i = 0; i < m->cs->log_domain; i++)
        fr_sqr(&z, &z);
    fr_sub(&z, &z, &fr_one);
    fr_half(&z, &z);
    fr_inv(&inv, &m->t.delta2);
    fr_mul(out, &z, &inv);
}

static int collect_x(struct maker *m, const fr *half_z, struct err *err)
{
    uint32_t first = first_stage2(m->cs);

    m->x_wires = malloc(((size_t)first + 1) * sizeof *m->x_wires);
    m->x = malloc(((size_t)first + 1) * sizeof *m->x);
    if (!m->x_wires || !m->x)
        return err_set(err, VCP_ENOMEM, "no memory for the X points");
    for (uint32_t i = 0; i < first; i++) {
        if (fr_is_zero(&m->e.w[i]))
            continue;
        m->x_wires[m->n_x] = i;
        fr_mul(&m->x[m->n_x++], &m->e.w[i], half_z);
    }
    return VCP_OK;
}

/* w[i] = K_i over gamma, delta1 or delta2, plus w_i Z / 2 delta2 in stage 2. */
static void scale_sums(struct maker *m, const fr *half_z)
{
    const struct cs *c = m->cs;
    uint32_t first = first_stage2(c);
    fr gamma_inv, d1_inv, d2_inv;

    fr_inv(&gamma_inv, &m->t.gamma);
    fr_inv(&d1_inv, &m->t.delta1);
    fr_inv(&d2_inv, &m->t.delta2);
    for (uint32_t i = 0; i < c->n_wires; i++) {
        fr *k = &m->e.w[i], t, extra;
        fr_mul(&extra, k, half_z);
        fr_mul(&t, &m->t.beta, &m->e.u[i]);
        fr_add(k, k, &t);
        fr_mul(&t, &m->t.alpha, &m->e.v[i]);
        fr_add(k, k, &t);
        fr_mul(k, k, i <= c->n_public ? &gamma_inv : i < first ? &d1_inv : &d2_inv);
        if (i >= first)
            fr_add(k, k, &extra);
    }
}

/* H: -L_i(tau) Z / 2 delta2 over the odd coset, into e.lagrange. */
static void eval_h(struct maker *m, const fr *half_z)
{
    unsigned log_n = m->cs->log_domain;
    fr g, minus;

    fr_root_of_unity(&g, log_n + 1);
    setup_lagrange(m->e.lagrange, log_n, &g, &m->t.tau, m->e.scratch);
    fr_neg(&minus, half_z);
    for (size_t i = 0; i < (size_t)1 << log_n; i++)
        fr_mul(&m->e.lagrange[i], &m->e.lagrange[i], &minus);
}

static void put_header(struct maker *m)
{
    const struct cs *c = m->cs;
    g1_affine p;
    g2_affine q;
    const fr *g1s[4] = {&m->t.alpha, &m->t.beta, &m->t.delta1, &m->t.delta2};
    const fr *g2s[2] = {&m->t.beta, &m->t.delta2};

    binfile_begin(&m->w, 1);
    field_put_modulus(&m->w, FIELD_FP);
    field_put_modulus(&m->w, FIELD_FR);
    binfile_put_u32(&m->w, c->n_wires);
    binfile_put_u32(&m->w, c->n_public);
    binfile_put_u32(&m->w, c->n_stage1);
    binfile_put_u32(&m->w, c->n_rows);
    binfile_put_u32(&m->w, c->log_domain);
    binfile_put_u32(&m->w, m->n_x);
    for (int i = 0; i < 4; i++) {
        setup_multiple_g1(&p, g1s[i]);
        binfile_put(&m->w, &p, sizeof p);
    }
    for (int i = 0; i < 2; i++) {
        setup_multiple_g2(&q, g2s[i]);
        binfile_put(&m->w, &q, sizeof q);
    }
    binfile_end(&m->w);
}

static int put_vkey(struct maker *m, bool test, struct err *err)
{
    struct vkey *k = m->vk = vkey_new(m->cs->n_public);
    struct buf b;
    int rc;

    if (!k)
        return err_set(err, VCP_ENOMEM, "no memory for the verifying key");
    k->committed = true;
    k->local_test = test;
    if ((rc = cs_digest(k->circuit, m->cs, err)) < 0)
        return rc;
    setup_multiple_g1(&k->alpha1, &m->t.alpha);
    setup_multiple_g2(&k->beta2, &m->t.beta);
    setup_multiple_g2(&k->gamma2, &m->t.gamma);
    setup_multiple_g2(&k->delta1, &m->t.delta1);
    setup_multiple_g2(&k->delta2, &m->t.delta2);
    for (uint32_t i = 0; i <= k->n_public; i++)
        setup_multiple_g1(&k->ic[i], &m->e.w[i]);
    if ((rc = vkey_prepare(k, err)) < 0)
        return rc;
    buf_init(&b, 0);
    vkey_put(&b, k);
    binfile_begin(&m->w, 2);
    binfile_put(&m->w, b.data, b.len);
    binfile_end(&m->w);
    rc = b.failed ? err_set(err, VCP_ENOMEM, "no memory for the verifying key") : VCP_OK;
    buf_release(&b);
    return rc;
}

/* Moves the scalars that are not 0 to the front; how many, and in live which they were. */
static uint32_t compact(fr k[], uint8_t live[], uint32_t n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (fr_is_zero(&k[i]))
            continue;
        live[i / 8] |= (uint8_t)(1u << i % 8);
        k[kept++] = k[i];
    }
    return kept;
}

/* A, B1, B2, and which wires have points there. */
static int put_queries(struct maker *m, uint8_t live_a[], uint8_t live_b[], size_t live_bytes,
                       struct err *err)
{
    struct binfile_writer *w = &m->w;
    uint32_t n_a = compact(m->e.u, live_a, m->cs->n_wires);
    uint32_t n_b = compact(m->e.v, live_b, m->cs->n_wires);
    int rc;

    binfile_begin(w, 11);
    binfile_put(w, live_a, live_bytes);
    binfile_end(w);
    binfile_begin(w, 12);
    binfile_put(w, live_b, live_bytes);
    binfile_end(w);
    if ((rc = work_progress(m->work, "A", 50, err)) < 0 ||
        (rc = setup_put_multiples_g1(w, 3, m->e.u, n_a, m->work, err)) < 0 ||
        (rc = work_progress(m->work, "B1", 200, err)) < 0 ||
        (rc = setup_put_multiples_g1(w, 4, m->e.v, n_b, m->work, err)) < 0 ||
        (rc = work_progress(m->work, "B2", 300, err)) < 0)
        return rc;
    return setup_put_multiples_g2(w, 5, m->e.v, n_b, m->work, err);
}

static int put_points(struct maker *m, const fr *half_z, struct err *err)
{
    const struct cs *c = m->cs;
    struct binfile_writer *w = &m->w;
    uint32_t first = first_stage2(c);
    size_t live_bytes = ((size_t)c->n_wires + 63) / 64 * 8;
    uint8_t *live = calloc(2, live_bytes);
    int rc = live ? put_queries(m, live, live + live_bytes, live_bytes, err)
                  : err_set(err, VCP_ENOMEM, "no memory for the wires of a key");

    free(live);
    if (rc < 0 || (rc = work_progress(m->work, "D", 650, err)) < 0 ||
        (rc = setup_put_multiples_g1(w, 6, m->e.w + c->n_public + 1, c->n_stage1, m->work, err)) <
            0 ||
        (rc = setup_put_multiples_g1(w, 7, m->e.w + first, c->n_wires - first, m->work, err)) < 0)
        return rc;
    binfile_begin(w, 8);
    binfile_put(w, m->x_wires, (size_t)m->n_x * sizeof *m->x_wires);
    binfile_end(w);
    if ((rc = setup_put_multiples_g1(w, 9, m->x, m->n_x, m->work, err)) < 0 ||
        (rc = work_progress(m->work, "H", 850, err)) < 0)
        return rc;
    eval_h(m, half_z);
    return setup_put_multiples_g1(w, 10, m->e.lagrange, (size_t)1 << c->log_domain, m->work, err);
}

static int put_all(struct maker *m, bool test, struct err *err)
{
    fr half_z;
    int rc;

    half_z_over_delta2(&half_z, m);
    rc = collect_x(m, &half_z, err);
    if (rc < 0)
        return rc;
    scale_sums(m, &half_z);
    put_header(m);
    rc = put_vkey(m, test, err);
    if (rc == VCP_OK)
        rc = put_points(m, &half_z, err);
    explicit_bzero(&half_z, sizeof half_z);
    return rc < 0 ? rc : work_progress(m->work, "done", 1000, err);
}

static void maker_release(struct maker *m)
{
    if (m->x)
        explicit_bzero(m->x, (size_t)m->n_x * sizeof *m->x);
    free(m->x);
    free(m->x_wires);
    vkey_free(m->vk);
    evals_release(&m->e);
    explicit_bzero(&m->t, sizeof m->t);
}

int ckey_setup(const char *out_path, const struct cs *c, const uint8_t seed[32], struct work *work,
               struct err *err)
{
    struct maker m = {.cs = c, .work = work};
    int rc;

    trapdoors_draw(&m.t, seed);
    rc = evals_init(&m.e, c, &m.t.tau, work, err);
    if (rc == VCP_OK)
        rc = binfile_create(&m.w, out_path, "avck", 2, 12, err);
    if (rc == VCP_OK) {
        rc = put_all(&m, seed != NULL, err);
        if (rc == VCP_OK)
            rc = binfile_commit(&m.w, err);
        else
            binfile_abort(&m.w);
    }
    maker_release(&m);
    return rc;
}
