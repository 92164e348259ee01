/* setup_parts.c - see setup_parts.h. */
#include "groth16/setup_parts.h"

#include <string.h>

#include "base/hash.h"
#include "bn254/msm.h"

#define CHUNK_POINTS ((size_t)1 << 18)

/* Where trapdoors come from: the operating system, or SHA3 over seed and a counter. */
struct source {
    const uint8_t *seed;
    uint32_t counter;
};

static void draw(fr *out, struct source *s)
{
    uint8_t in[32 + 4], wide[64];

    if (!s->seed) {
        fr_random(out);
        return;
    }
    memcpy(in, s->seed, 32);
    for (int half = 0; half < 2; half++) {
        memcpy(in + 32, &s->counter, 4);
        s->counter++;
        sha3_256(wide + 32 * half, in, sizeof in);
    }
    fr_from_wide_le(out, wide);
}

static void draw_nonzero(fr *out, struct source *s)
{
    do
        draw(out, s);
    while (fr_is_zero(out));
}

/* tau outside every domain and coset of size up to 2^28: tau^(2^28) is not 1. */
static bool in_some_domain(const fr *tau)
{
    fr t = *tau;
    for (int i = 0; i < FR_TWO_ADICITY; i++)
        fr_sqr(&t, &t);
    return fr_eq(&t, &fr_one);
}

void trapdoors_draw(struct trapdoors *t, const uint8_t seed[32])
{
    struct source s = {seed, 0};
    do
        draw_nonzero(&t->tau, &s);
    while (in_some_domain(&t->tau));
    draw_nonzero(&t->alpha, &s);
    draw_nonzero(&t->beta, &s);
    draw_nonzero(&t->gamma, &s);
    draw_nonzero(&t->delta1, &s);
    draw_nonzero(&t->delta2, &s);
}

/* L_i(tau) = x_i (tau^n - s^n) / (n s^n (tau - x_i)),  x_i = s w^i. */
void setup_lagrange(fr lagrange[], unsigned log_n, const fr *shift, const fr *tau, fr scratch[])
{
    size_t n = (size_t)1 << log_n;
    fr w, x = *shift, tau_n = *tau, shift_n = *shift, factor, n_inv;

    fr_root_of_unity(&w, log_n);
    for (unsigned i = 0; i < log_n; i++) {
        fr_sqr(&tau_n, &tau_n);
        fr_sqr(&shift_n, &shift_n);
    }
    for (size_t i = 0; i < n; i++) {
        fr_sub(&lagrange[i], tau, &x);
        fr_mul(&x, &x, &w);
    }
    fr_inv_batch(lagrange, n, scratch);
    fr_from_u64(&n_inv, n);
    fr_mul(&n_inv, &n_inv, &shift_n);
    fr_inv(&n_inv, &n_inv);
    fr_sub(&factor, &tau_n, &shift_n);
    fr_mul(&factor, &factor, &n_inv);
    fr_mul(&x, shift, &factor);
    for (size_t i = 0; i < n; i++) {
        fr_mul(&lagrange[i], &lagrange[i], &x);
        fr_mul(&x, &x, &w);
    }
}

/* value[i] = sum_j M[j][i] lagrange[j]. */
static void eval_wires(fr value[], const struct cs *c, unsigned m, const fr lagrange[])
{
    const struct cs_matrix *t = &c->m[m];

    for (uint32_t i = 0; i < c->n_wires; i++)
        value[i] = fr_zero;
    for (uint32_t row = 0; row < c->n_rows; row++) {
        for (uint32_t i = t->row_start[row]; i < t->row_start[row + 1]; i++) {
            fr v;
            fr_mul(&v, &c->coefs[t->coef[i]], &lagrange[row]);
            fr_add(&value[t->wire[i]], &value[t->wire[i]], &v);
        }
    }
}

static void wipe_free(struct work *work, void *p, size_t bytes)
{
    if (p)
        explicit_bzero(p, bytes);
    work_free(work, p, bytes);
}

void evals_release(struct evals *s)
{
    wipe_free(s->work, s->u, s->wires_bytes);
    wipe_free(s->work, s->v, s->wires_bytes);
    wipe_free(s->work, s->w, s->wires_bytes);
    wipe_free(s->work, s->lagrange, s->rows_bytes);
    wipe_free(s->work, s->scratch, s->rows_bytes);
    memset(s, 0, sizeof *s);
}

static int evals_alloc(struct evals *s, struct err *err)
{
    void *p[5] = {NULL};
    int rc;

    (void)((rc = work_alloc(&p[0], s->work, s->wires_bytes, "A at tau", err)) < 0 ||
           (rc = work_alloc(&p[1], s->work, s->wires_bytes, "B at tau", err)) < 0 ||
           (rc = work_alloc(&p[2], s->work, s->wires_bytes, "C at tau", err)) < 0 ||
           (rc = work_alloc(&p[3], s->work, s->rows_bytes, "the Lagrange basis", err)) < 0 ||
           (rc = work_alloc(&p[4], s->work, s->rows_bytes, "its scratch", err)) < 0);
    s->u = p[0];
    s->v = p[1];
    s->w = p[2];
    s->lagrange = p[3];
    s->scratch = p[4];
    return rc;
}

int evals_init(struct evals *s, const struct cs *c, const fr *tau, struct work *work,
               struct err *err)
{
    memset(s, 0, sizeof *s);
    s->work = work;
    s->wires_bytes = (size_t)c->n_wires * sizeof(fr);
    s->rows_bytes = sizeof(fr) << c->log_domain;
    int rc = evals_alloc(s, err);
    if (rc < 0) {
        evals_release(s);
        return rc;
    }
    setup_lagrange(s->lagrange, c->log_domain, &fr_one, tau, s->scratch);
    eval_wires(s->u, c, CS_A, s->lagrange);
    eval_wires(s->v, c, CS_B, s->lagrange);
    eval_wires(s->w, c, CS_C, s->lagrange);
    return VCP_OK;
}

/* Room for one chunk of scalars and points of either group, and what their products need. */
struct chunk_room {
    size_t bits_bytes, points_bytes, scratch_bytes;
    void *bits, *points, *scratch;
};

static void room_release(struct chunk_room *r, struct work *work)
{
    if (r->bits)
        explicit_bzero(r->bits, r->bits_bytes);
    work_free(work, r->bits, r->bits_bytes);
    work_free(work, r->points, r->points_bytes);
    work_free(work, r->scratch, r->scratch_bytes);
}

static int room_alloc(struct chunk_room *r, size_t n, size_t point_bytes, size_t scratch_bytes,
                      struct work *work, struct err *err)
{
    int rc;
    *r = (struct chunk_room){n * sizeof(fr_bits), n * point_bytes, scratch_bytes, NULL, NULL, NULL};
    if ((rc = work_alloc(&r->bits, work, r->bits_bytes, "scalars", err)) < 0 ||
        (rc = work_alloc(&r->points, work, r->points_bytes, "points", err)) < 0 ||
        (rc = work_alloc(&r->scratch, work, r->scratch_bytes, "fixed-base tables", err)) < 0)
        room_release(r, work);
    return rc;
}

int setup_put_multiples_g1(struct binfile_writer *w, uint32_t id, const fr k[], size_t n,
                           struct work *work, struct err *err)
{
    size_t chunk = n < CHUNK_POINTS ? n : CHUNK_POINTS;
    struct chunk_room r;
    int rc = room_alloc(&r, chunk, sizeof(g1_affine),
                        g1_mul_fixed_scratch_size(chunk, threads_count(work->threads)), work, err);
    if (rc < 0)
        return rc;
    binfile_begin(w, id);
    for (size_t i = 0; i < n; i += chunk) {
        size_t m = n - i < chunk ? n - i : chunk;
        fr_to_bits_n(r.bits, k + i, m);
        g1_mul_fixed_n(r.points, &g1_generator, r.bits, m, work->threads, r.scratch);
        binfile_put(w, r.points, m * sizeof(g1_affine));
    }
    binfile_end(w);
    room_release(&r, work);
    return VCP_OK;
}

int setup_put_multiples_g2(struct binfile_writer *w, uint32_t id, const fr k[], size_t n,
                           struct work *work, struct err *err)
{
    size_t chunk = n < CHUNK_POINTS ? n : CHUNK_POINTS;
    struct chunk_room r;
    int rc = room_alloc(&r, chunk, sizeof(g2_affine),
                        g2_mul_fixed_scratch_size(chunk, threads_count(work->threads)), work, err);
    if (rc < 0)
        return rc;
    binfile_begin(w, id);
    for (size_t i = 0; i < n; i += chunk) {
        size_t m = n - i < chunk ? n - i : chunk;
        fr_to_bits_n(r.bits, k + i, m);
        g2_mul_fixed_n(r.points, &g2_generator, r.bits, m, work->threads, r.scratch);
        binfile_put(w, r.points, m * sizeof(g2_affine));
    }
    binfile_end(w);
    room_release(&r, work);
    return VCP_OK;
}

void setup_multiple_g1(g1_affine *out, const fr *k)
{
    fr_bits bits;
    g1 t;
    fr_to_bits(&bits, k);
    g1_mul(&t, &g1_generator, &bits);
    g1_to_affine(out, &t);
    explicit_bzero(&bits, sizeof bits);
}

void setup_multiple_g2(g2_affine *out, const fr *k)
{
    fr_bits bits;
    g2 t;
    fr_to_bits(&bits, k);
    g2_mul(&t, &g2_generator, &bits);
    g2_to_affine(out, &t);
    explicit_bzero(&bits, sizeof bits);
}
