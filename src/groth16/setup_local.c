/* setup_local.c - a snarkjs key from trapdoors drawn here and wiped; see setup.h.
 *
 * Every polynomial is evaluated at tau as a number, and every point is a multiple of
 * the generator: 2^20 rows take seconds, where a ceremony's key takes minutes. */
#include <string.h>

#include "base/rng.h"
#include "groth16/setup.h"
#include "groth16/setup_parts.h"

struct local {
    const struct cs *cs;
    struct run *run;
    struct binfile_writer w;
    struct trapdoors t;
    fr *u, *v, *k;    /* one a wire */
    fr *lagrange, *x; /* one a row of the domain */
    size_t wires_bytes, rows_bytes;
};

static void wipe_free(struct run *run, void *p, size_t bytes)
{
    if (p)
        explicit_bzero(p, bytes);
    run_free(run, p, bytes);
}

static void local_release(struct local *s)
{
    wipe_free(s->run, s->u, s->wires_bytes);
    wipe_free(s->run, s->v, s->wires_bytes);
    wipe_free(s->run, s->k, s->wires_bytes);
    wipe_free(s->run, s->lagrange, s->rows_bytes);
    wipe_free(s->run, s->x, s->rows_bytes);
    explicit_bzero(&s->t, sizeof s->t);
}

static int local_init(struct local *s, const struct cs *c, struct run *run, struct err *err)
{
    void *p[5] = {NULL};
    int rc;

    memset(s, 0, sizeof *s);
    s->cs = c;
    s->run = run;
    s->wires_bytes = (size_t)c->n_wires * sizeof(fr);
    s->rows_bytes = sizeof(fr) << c->log_domain;
    (void)((rc = run_alloc(&p[0], run, s->wires_bytes, "A at tau", err)) < 0 ||
           (rc = run_alloc(&p[1], run, s->wires_bytes, "B at tau", err)) < 0 ||
           (rc = run_alloc(&p[2], run, s->wires_bytes, "the wires' sums", err)) < 0 ||
           (rc = run_alloc(&p[3], run, s->rows_bytes, "the Lagrange basis", err)) < 0 ||
           (rc = run_alloc(&p[4], run, s->rows_bytes, "its scratch", err)) < 0);
    s->u = p[0];
    s->v = p[1];
    s->k = p[2];
    s->lagrange = p[3];
    s->x = p[4];
    if (rc < 0)
        local_release(s);
    return rc;
}

/* u, v and k = beta u + alpha v + w, over gamma for the public wires, else delta. */
static void eval_all(struct local *s)
{
    const struct cs *c = s->cs;
    fr gamma_inv, delta_inv, t;

    setup_lagrange(s->lagrange, c->log_domain, &fr_one, &s->t.tau, s->x);
    setup_eval_wires(s->u, c, CS_A, s->lagrange);
    setup_eval_wires(s->v, c, CS_B, s->lagrange);
    setup_eval_wires(s->k, c, CS_C, s->lagrange);
    fr_inv(&gamma_inv, &s->t.gamma);
    fr_inv(&delta_inv, &s->t.delta2);
    for (uint32_t i = 0; i < c->n_wires; i++) {
        fr_mul(&t, &s->t.beta, &s->u[i]);
        fr_add(&s->k[i], &s->k[i], &t);
        fr_mul(&t, &s->t.alpha, &s->v[i]);
        fr_add(&s->k[i], &s->k[i], &t);
        fr_mul(&s->k[i], &s->k[i], i <= c->n_public ? &gamma_inv : &delta_inv);
    }
}

/* The H points: over the basis of 2n, odd index 2i+1 is the coset g w^i of n; there
 *     L'_{2i+1}(tau) = L_i^{coset}(tau) (tau^n - 1) / (g^n - 1),   g^n = -1. */
static void eval_h(struct local *s)
{
    unsigned log_n = s->cs->log_domain;
    fr g, z = s->t.tau, factor;

    fr_root_of_unity(&g, log_n + 1);
    setup_lagrange(s->lagrange, log_n, &g, &s->t.tau, s->x);
    for (unsigned i = 0; i < log_n; i++)
        fr_sqr(&z, &z);
    fr_sub(&z, &z, &fr_one);
    fr_half(&z, &z);
    fr_neg(&z, &z);
    fr_inv(&factor, &s->t.delta2);
    fr_mul(&factor, &factor, &z);
    for (size_t i = 0; i < (size_t)1 << log_n; i++)
        fr_mul(&s->lagrange[i], &s->lagrange[i], &factor);
    explicit_bzero(&factor, sizeof factor);
    explicit_bzero(&z, sizeof z);
}

static void put_header(struct local *s)
{
    struct zkey_header h = {
        .n_wires = s->cs->n_wires, .n_public = s->cs->n_public, .domain = 1u << s->cs->log_domain};
    setup_multiple_g1(&h.alpha1, &s->t.alpha);
    setup_multiple_g1(&h.beta1, &s->t.beta);
    setup_multiple_g1(&h.delta1, &s->t.delta2);
    setup_multiple_g2(&h.beta2, &s->t.beta);
    setup_multiple_g2(&h.gamma2, &s->t.gamma);
    setup_multiple_g2(&h.delta2, &s->t.delta2);
    zkey_put_header(&s->w, &h);
}

static void put_stamp(struct local *s)
{
    struct mpc mpc = {.n = 0};
    rng_bytes(mpc.circuit_hash, sizeof mpc.circuit_hash);
    memcpy(mpc.circuit_hash, ZKEY_LOCAL_STAMP, sizeof ZKEY_LOCAL_STAMP);
    mpc_put(&s->w, &mpc);
}

static int put_all(struct local *s, struct err *err)
{
    const struct cs *c = s->cs;
    size_t n_in = (size_t)c->n_public + 1, n_rows = (size_t)1 << c->log_domain;
    int rc;

    put_header(s);
    if ((rc = setup_put_coefs(&s->w, c, err)) < 0 || (rc = run_progress(s->run, "IC", 50, err)) < 0)
        return rc;
    eval_all(s);
    if ((rc = setup_put_multiples_g1(&s->w, 3, s->k, n_in, s->run, err)) < 0 ||
        (rc = run_progress(s->run, "C", 100, err)) < 0 ||
        (rc = setup_put_multiples_g1(&s->w, 8, s->k + n_in, c->n_wires - n_in, s->run, err)) < 0 ||
        (rc = run_progress(s->run, "A", 250, err)) < 0 ||
        (rc = setup_put_multiples_g1(&s->w, 5, s->u, c->n_wires, s->run, err)) < 0 ||
        (rc = run_progress(s->run, "B1", 400, err)) < 0 ||
        (rc = setup_put_multiples_g1(&s->w, 6, s->v, c->n_wires, s->run, err)) < 0 ||
        (rc = run_progress(s->run, "B2", 500, err)) < 0 ||
        (rc = setup_put_multiples_g2(&s->w, 7, s->v, c->n_wires, s->run, err)) < 0 ||
        (rc = run_progress(s->run, "H", 800, err)) < 0)
        return rc;
    eval_h(s);
    if ((rc = setup_put_multiples_g1(&s->w, 9, s->lagrange, n_rows, s->run, err)) < 0)
        return rc;
    put_stamp(s);
    return run_progress(s->run, "done", 1000, err);
}

int groth16_setup_local(const char *out_path, const struct cs *c, struct run *run, struct err *err)
{
    struct local s;
    int rc = local_init(&s, c, run, err);

    if (rc < 0)
        return rc;
    trapdoors_draw(&s.t);
    rc = binfile_create(&s.w, out_path, "zkey", 1, 10, err);
    if (rc == VCP_OK) {
        rc = put_all(&s, err);
        if (rc == VCP_OK)
            rc = binfile_commit(&s.w, err);
        else
            binfile_abort(&s.w);
    }
    local_release(&s);
    return rc;
}
