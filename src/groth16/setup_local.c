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
    struct work *work;
    struct binfile_writer w;
    struct trapdoors t;
    struct evals e; /* w becomes K, see scale_sums */
};

/* w = (beta u + alpha v + w) over gamma for the public wires, over delta for the rest. */
static void scale_sums(struct local *s)
{
    fr gamma_inv, delta_inv, t;

    fr_inv(&gamma_inv, &s->t.gamma);
    fr_inv(&delta_inv, &s->t.delta2);
    for (uint32_t i = 0; i < s->cs->n_wires; i++) {
        fr *k = &s->e.w[i];
        fr_mul(&t, &s->t.beta, &s->e.u[i]);
        fr_add(k, k, &t);
        fr_mul(&t, &s->t.alpha, &s->e.v[i]);
        fr_add(k, k, &t);
        fr_mul(k, k, i <= s->cs->n_public ? &gamma_inv : &delta_inv);
    }
}

/* The H points: over the basis of 2n, odd index 2i+1 is the coset g w^i of n; there
 *     L'_{2i+1}(tau) = L_i^{coset}(tau) (tau^n - 1) / (g^n - 1),   g^n = -1. */
static void eval_h(struct local *s)
{
    unsigned log_n = s->cs->log_domain;
    fr g, z = s->t.tau, factor;

    fr_root_of_unity(&g, log_n + 1);
    setup_lagrange(s->e.lagrange, log_n, &g, &s->t.tau, s->e.scratch);
    for (unsigned i = 0; i < log_n; i++)
        fr_sqr(&z, &z);
    fr_sub(&z, &z, &fr_one);
    fr_half(&z, &z);
    fr_neg(&z, &z);
    fr_inv(&factor, &s->t.delta2);
    fr_mul(&factor, &factor, &z);
    for (size_t i = 0; i < (size_t)1 << log_n; i++)
        fr_mul(&s->e.lagrange[i], &s->e.lagrange[i], &factor);
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
    if ((rc = setup_put_coefs(&s->w, c, err)) < 0 ||
        (rc = work_progress(s->work, "IC", 50, err)) < 0)
        return rc;
    scale_sums(s);
    if ((rc = setup_put_multiples_g1(&s->w, 3, s->e.w, n_in, s->work, err)) < 0 ||
        (rc = work_progress(s->work, "C", 100, err)) < 0 ||
        (rc = setup_put_multiples_g1(&s->w, 8, s->e.w + n_in, c->n_wires - n_in, s->work, err)) <
            0 ||
        (rc = work_progress(s->work, "A", 250, err)) < 0 ||
        (rc = setup_put_multiples_g1(&s->w, 5, s->e.u, c->n_wires, s->work, err)) < 0 ||
        (rc = work_progress(s->work, "B1", 400, err)) < 0 ||
        (rc = setup_put_multiples_g1(&s->w, 6, s->e.v, c->n_wires, s->work, err)) < 0 ||
        (rc = work_progress(s->work, "B2", 500, err)) < 0 ||
        (rc = setup_put_multiples_g2(&s->w, 7, s->e.v, c->n_wires, s->work, err)) < 0 ||
        (rc = work_progress(s->work, "H", 800, err)) < 0)
        return rc;
    eval_h(s);
    if ((rc = setup_put_multiples_g1(&s->w, 9, s->e.lagrange, n_rows, s->work, err)) < 0)
        return rc;
    put_stamp(s);
    return work_progress(s->work, "done", 1000, err);
}

int groth16_setup_local(const char *out_path, const struct cs *c, struct work *work,
                        struct err *err)
{
    struct local s = {.cs = c, .work = work};
    int rc;

    trapdoors_draw(&s.t, NULL);
    rc = evals_init(&s.e, c, &s.t.tau, work, err);
    if (rc == VCP_OK)
        rc = binfile_create(&s.w, out_path, "zkey", 1, 10, err);
    if (rc == VCP_OK) {
        rc = put_all(&s, err);
        if (rc == VCP_OK)
            rc = binfile_commit(&s.w, err);
        else
            binfile_abort(&s.w);
    }
    evals_release(&s.e);
    explicit_bzero(&s.t, sizeof s.t);
    return rc;
}
