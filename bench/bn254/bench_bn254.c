/* bench_bn254.c - every kernel of bn254 at every CPU level of this machine. */
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "bn254/cpu.h"
#include "bn254/msm.h"
#include "bn254/ntt.h"
#include "bn254/pairing.h"
#include "fields.h"

enum { LOG_N_G2_MAX = 18 };

/* What all levels work on: points with known discrete logarithms, P_i = (i + 1) G, so that
 * an MSM has a short check. */
struct input {
    struct threads *threads;
    struct prng rng;
    g1_affine *p;
    g2_affine *q;
    fr *k;
    fr_bits *bits;
    size_t n, n_g2;
};

static void random_fr(fr *out, struct prng *rng)
{
    uint8_t b[64];

    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)prng_next(rng);
    fr_from_wide_le(out, b);
}

static int make_points_g1(struct bench *b, struct input *in)
{
    unsigned mark = bench_mark(b);
    g1 *t = bench_memory(b, in->n * sizeof *t);
    fp *s = bench_memory(b, in->n * sizeof *s);

    if (!t || !s)
        return VCP_ENOMEM;
    g1_from_affine(&t[0], &g1_generator);
    for (size_t i = 1; i < in->n; i++)
        g1_add_affine(&t[i], &t[i - 1], &g1_generator);
    g1_to_affine_n(in->p, t, in->n, s);
    bench_memory_back(b, mark);
    return VCP_OK;
}

static int make_points_g2(struct bench *b, struct input *in)
{
    unsigned mark = bench_mark(b);
    g2 *t = bench_memory(b, in->n_g2 * sizeof *t);
    fp2 *s = bench_memory(b, in->n_g2 * sizeof *s);

    if (!t || !s)
        return VCP_ENOMEM;
    g2_from_affine(&t[0], &g2_generator);
    for (size_t i = 1; i < in->n_g2; i++)
        g2_add_affine(&t[i], &t[i - 1], &g2_generator);
    g2_to_affine_n(in->q, t, in->n_g2, s);
    bench_memory_back(b, mark);
    return VCP_OK;
}

static int make_input(struct bench *b, struct input *in, struct err *err)
{
    unsigned log_n = b->o.log_n_max;

    in->n = (size_t)1 << log_n;
    if (in->n < BENCH_POINTS_MIN)
        in->n = BENCH_POINTS_MIN;
    in->n_g2 = log_n > LOG_N_G2_MAX ? (size_t)1 << LOG_N_G2_MAX : in->n;
    prng_init(&in->rng, 2026);
    in->threads = threads_new(b->o.n_threads);
    in->p = bench_memory(b, in->n * sizeof *in->p);
    in->q = bench_memory(b, in->n_g2 * sizeof *in->q);
    in->k = bench_memory(b, in->n * sizeof *in->k);
    in->bits = bench_memory(b, in->n * sizeof *in->bits);
    if (!in->threads || !in->p || !in->q || !in->k || !in->bits || make_points_g1(b, in) < 0 ||
        make_points_g2(b, in) < 0)
        return bench_out_of_memory(err);
    for (size_t i = 0; i < in->n; i++)
        random_fr(&in->k[i], &in->rng);
    fr_to_bits_n(in->bits, in->k, in->n);
    return VCP_OK;
}

void bench_expected_scalar(fr_bits *out, const fr *k, size_t n)
{
    fr acc = fr_zero, t;

    for (size_t i = 0; i < n; i++) {
        fr_from_u64(&t, i + 1);
        fr_mul(&t, &t, &k[i]);
        fr_add(&acc, &acc, &t);
    }
    fr_to_bits(out, &acc);
}

static int report(struct bench *b, const char *what, uint64_t n, unsigned n_threads,
                  struct bench_time t, struct err *err)
{
    struct bench_row row = {
        what, bn254_level_name(bn254_level()), n, n_threads, t.wall_ns, t.cpu_ns, {{0}}};

    return bench_report(b, &row, err);
}

static int wrong(struct err *err, const char *what)
{
    return bench_wrong(err, what, bn254_level_name(bn254_level()));
}

/* ---- multi-scalar multiplication ---- */

struct msm_bench {
    const struct input *in;
    size_t n;
    void *scratch;
    g1 out1;
    g2 out2;
};

static void run_g1(void *arg)
{
    struct msm_bench *m = arg;

    msm_g1(&m->out1, m->in->p, m->in->bits, m->n, m->in->threads, m->scratch);
}

static void run_g2(void *arg)
{
    struct msm_bench *m = arg;

    msm_g2(&m->out2, m->in->q, m->in->bits, m->n, m->in->threads, m->scratch);
}

/* Small sizes are over quickly and need more runs to settle. */
static unsigned rounds(const struct bench *b, unsigned log_n)
{
    return log_n > 16 ? (b->o.n_rounds + 1) / 2 : b->o.n_rounds;
}

static int bench_msm_g1(struct bench *b, struct msm_bench *m, unsigned log_n, struct err *err)
{
    unsigned n_threads = threads_count(m->in->threads);
    struct bench_time t;
    fr_bits expected;
    g1 want;

    m->scratch = bench_memory(b, msm_g1_scratch_size(m->n, n_threads));
    if (!m->scratch)
        return bench_out_of_memory(err);
    t = bench_best_of(run_g1, m, rounds(b, log_n), n_threads);
    bench_expected_scalar(&expected, m->in->k, m->n);
    g1_mul(&want, &g1_generator, &expected);
    if (!g1_eq(&want, &m->out1))
        return wrong(err, "MSM in G1");
    return report(b, "msm_g1", m->n, n_threads, t, err);
}

static int bench_msm_g2(struct bench *b, struct msm_bench *m, unsigned log_n, struct err *err)
{
    unsigned n_threads = threads_count(m->in->threads);
    struct bench_time t;
    fr_bits expected;
    g2 want;

    m->scratch = bench_memory(b, msm_g2_scratch_size(m->n, n_threads));
    if (!m->scratch)
        return bench_out_of_memory(err);
    t = bench_best_of(run_g2, m, rounds(b, log_n), n_threads);
    bench_expected_scalar(&expected, m->in->k, m->n);
    g2_mul(&want, &g2_generator, &expected);
    if (!g2_eq(&want, &m->out2))
        return wrong(err, "MSM in G2");
    return report(b, "msm_g2", m->n, n_threads, t, err);
}

static int bench_msm(struct bench *b, const struct input *in, unsigned log_n, struct err *err)
{
    struct msm_bench m = {.in = in, .n = (size_t)1 << log_n};
    unsigned mark = bench_mark(b);
    int rc = VCP_OK;

    if (bench_wants(b, "msm_g1"))
        rc = bench_msm_g1(b, &m, log_n, err);
    bench_memory_back(b, mark);
    if (rc == VCP_OK && m.n <= in->n_g2 && bench_wants(b, "msm_g2"))
        rc = bench_msm_g2(b, &m, log_n, err);
    bench_memory_back(b, mark);
    return rc;
}

/* ---- transforms ---- */

struct ntt_bench {
    struct ntt t;
    fr *a;
    struct threads *threads;
    unsigned n_runs;
};

static void run_forward(void *arg)
{
    struct ntt_bench *n = arg;

    ntt_forward(&n->t, n->a, n->threads);
    n->n_runs++;
}

static void run_coset(void *arg)
{
    struct ntt_bench *n = arg;

    ntt_to_coset(&n->t, n->a, n->threads);
    n->n_runs++;
}

/* Forward runs are undone one by one, and one value is checked by the definition. */
static int time_forward(struct bench *b, struct ntt_bench *n, const fr *f, size_t size,
                        struct err *err)
{
    unsigned n_threads = threads_count(n->threads);
    struct bench_time t;
    fr sum = fr_zero;

    for (size_t i = 0; i < size; i++)
        fr_add(&sum, &sum, &f[i]);
    memcpy(n->a, f, size * sizeof *f);
    run_forward(n);
    if (!fr_eq(&n->a[0], &sum))
        return wrong(err, "NTT");
    t = bench_best_of(run_forward, n, b->o.n_rounds, n_threads);
    for (; n->n_runs > 0; n->n_runs--)
        ntt_inverse(&n->t, n->a, n->threads);
    if (memcmp(n->a, f, size * sizeof *f) != 0)
        return wrong(err, "inverse NTT");
    return report(b, "ntt", size, n_threads, t, err);
}

static int time_coset(struct bench *b, struct ntt_bench *n, const fr *f, size_t size,
                      struct err *err)
{
    unsigned n_threads = threads_count(n->threads);
    struct bench_time t;

    memcpy(n->a, f, size * sizeof *f);
    t = bench_best_of(run_coset, n, b->o.n_rounds, n_threads);
    for (; n->n_runs > 0; n->n_runs--)
        ntt_from_coset(&n->t, n->a, n->threads);
    if (memcmp(n->a, f, size * sizeof *f) != 0)
        return wrong(err, "coset NTT");
    return report(b, "ntt_to_coset", size, n_threads, t, err);
}

static int bench_ntt(struct bench *b, const struct input *in, unsigned log_n, struct err *err)
{
    struct ntt_bench n = {.threads = in->threads};
    size_t size = (size_t)1 << log_n;
    unsigned mark = bench_mark(b);
    void *table;
    int rc = VCP_OK;

    if (!bench_wants(b, "ntt") && !bench_wants(b, "ntt_to_coset"))
        return VCP_OK;
    table = bench_memory(b, ntt_table_size(log_n));
    n.a = bench_memory(b, size * sizeof *n.a);
    if (!table || !n.a)
        return bench_out_of_memory(err);
    ntt_init(&n.t, log_n, table, in->threads);
    if (bench_wants(b, "ntt"))
        rc = time_forward(b, &n, in->k, size, err);
    if (rc == VCP_OK && bench_wants(b, "ntt_to_coset"))
        rc = time_coset(b, &n, in->k, size, err);
    bench_memory_back(b, mark);
    return rc;
}

/* ---- pairings ---- */

struct pairing_bench {
    struct pairing_pair pair[4];
    g2_affine q[4];
    struct g2_prepared prepared[4];
    bool ok;
    fp12 out;
};

static void run_check4(void *arg)
{
    struct pairing_bench *b = arg;

    b->ok = pairing_check(b->pair, 4);
}

static void run_single(void *arg)
{
    struct pairing_bench *b = arg;

    pairing(&b->out, &b->pair[0].p, &b->q[0]);
}

/* e(a G, G) e(b G, G) e(G, c G) e(-(a + b + c) G, G) = 1 */
static void make_equation(struct pairing_bench *b, struct prng *rng)
{
    fr k[4];

    k[3] = fr_zero;
    for (int i = 0; i < 4; i++) {
        fr_bits bits;
        g1 t;
        g2 u;

        if (i < 3)
            random_fr(&k[i], rng);
        fr_to_bits(&bits, &k[i]);
        g1_mul(&t, &g1_generator, &bits);
        g1_to_affine(&b->pair[i].p, &t);
        g2_mul(&u, &g2_generator, &bits);
        g2_to_affine(&b->q[i], &u);
        if (i != 2)
            b->q[i] = g2_generator;
        else
            b->pair[i].p = g1_generator;
        g2_prepare(&b->prepared[i], &b->q[i]);
        b->pair[i].q = &b->q[i];
        b->pair[i].lines = i == 0 ? NULL : &b->prepared[i]; /* a verifier has three fixed points */
        if (i < 3)
            fr_sub(&k[3], &k[3], &k[i]);
    }
}

static int bench_pairing(struct bench *b, struct prng *rng, struct err *err)
{
    unsigned mark = bench_mark(b), times = 10 * b->o.n_rounds;
    struct pairing_bench *p = bench_memory(b, sizeof *p);
    struct bench_time one, four;
    g1_affine last;
    int rc;

    if (!bench_wants(b, "pairing") && !bench_wants(b, "pairing_check4"))
        return VCP_OK;
    if (!p)
        return bench_out_of_memory(err);
    make_equation(p, rng);
    run_check4(p);
    if (!p->ok)
        return wrong(err, "pairing product");
    last = p->pair[3].p;
    p->pair[3].p = g1_generator;
    run_check4(p);
    if (p->ok)
        return wrong(err, "pairing product of a wrong equation");
    p->pair[3].p = last;
    one = bench_best_of(run_single, p, times, 1);
    four = bench_best_of(run_check4, p, times, 1);
    if (!p->ok)
        return wrong(err, "pairing product");
    rc = bench_wants(b, "pairing") ? report(b, "pairing", 1, 1, one, err) : VCP_OK;
    if (rc == VCP_OK)
        rc = report(b, "pairing_check4", 1, 1, four, err);
    bench_memory_back(b, mark);
    return rc;
}

/* ---- all of them ---- */

static int bench_level(struct bench *b, struct input *in, struct err *err)
{
    int rc = bench_fields(b, in->p, in->k, in->bits, &in->rng, err);

    if (rc == VCP_OK)
        rc = bench_pairing(b, &in->rng, err);
    for (unsigned l = b->o.log_n_min; rc == VCP_OK && l <= b->o.log_n_max;
         l = bench_next_size(b, l))
        rc = bench_msm(b, in, l, err);
    for (unsigned l = b->o.log_n_min; rc == VCP_OK && l <= b->o.log_n_max;
         l = bench_next_size(b, l))
        rc = bench_ntt(b, in, l, err);
    return rc;
}

int bench_bn254(struct bench *b, struct err *err)
{
    enum bn254_level before = bn254_level();
    struct input in = {0};
    int rc = make_input(b, &in, err);

    for (int level = BN254_C; rc == VCP_OK && level <= BN254_IFMA; level++) {
        if (b->o.level >= 0 && level != b->o.level)
            continue;
        if (bn254_level_set((enum bn254_level)level) == 0)
            rc = bench_level(b, &in, err);
        else if (level == b->o.level)
            rc = err_set(err, VCP_EUNSUPPORTED, "this machine has no level %s",
                         bn254_level_name((enum bn254_level)level));
    }
    bn254_level_set(before);
    threads_free(in.threads);
    return rc;
}
