/* fields.c - one multiplication, one addition of points, one multiple of a point. */
#include "fields.h"

#include <string.h>

#include "bn254/kernels.h"
#include "mul.h"

/* Short runs, many times: some of them are not interrupted. */
enum { MUL_STEPS = 2000, MULTIPLES = 16, ADD_ROUNDS = 8, SHORT_RUNS = 20 };

void mul_chain_c(fp x[MUL_CHAINS], const fp y[MUL_CHAINS], unsigned n)
{
    for (; n > 0; n--)
        for (int i = 0; i < MUL_CHAINS; i++)
            fp_mul(&x[i], &x[i], &y[i]);
}

struct mul_bench {
    fp x[MUL_CHAINS], y[MUL_CHAINS], out[MUL_CHAINS];
    void (*chain)(fp x[MUL_CHAINS], const fp y[MUL_CHAINS], unsigned n);
};

static void run_mul(void *arg)
{
    struct mul_bench *m = arg;

    for (int i = 0; i < MUL_CHAINS; i++)
        m->out[i] = m->x[i];
    m->chain(m->out, m->y, MUL_STEPS);
}

static void (*chain_of(enum bn254_level level))(fp *, const fp *, unsigned)
{
#ifdef BENCH_X86
    if (level != BN254_C)
        return level == BN254_ADX ? mul_chain_adx : mul_chain_ifma;
#endif
    (void)level;
    return mul_chain_c;
}

/* Held against x y^n by fp_pow. */
static int bench_mul(struct bench *b, struct prng *rng, struct err *err)
{
    static const uint64_t steps[1] = {MUL_STEPS};
    const char *level = bn254_level_name(bn254_level());
    struct mul_bench m = {.chain = chain_of(bn254_level())};
    struct bench_time t;
    uint8_t bytes[64];
    fp want;

    for (int i = 0; i < 2 * MUL_CHAINS; i++) {
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (uint8_t)prng_next(rng);
        fp_from_wide_le(i < MUL_CHAINS ? &m.x[i] : &m.y[i - MUL_CHAINS], bytes);
    }
    t = bench_best_of(run_mul, &m, SHORT_RUNS * b->o.n_rounds, 1);
    for (int i = 0; i < MUL_CHAINS; i++) {
        fp_pow(&want, &m.y[i], steps, 1);
        fp_mul(&want, &want, &m.x[i]);
        if (!fp_eq(&want, &m.out[i]))
            return bench_wrong(err, "fp_mul", level);
    }
    return bench_report(
        b,
        &(struct bench_row){"fp_mul", level, MUL_STEPS * MUL_CHAINS, 1, t.wall_ns, t.cpu_ns, {{0}}},
        err);
}

/* ---- additions that share one inversion, as the buckets of an MSM do them ---- */

struct add_bench {
    const struct msm_kernel *k;
    char *cells;
    g1_affine *points;
    struct msm_op *op;
    void *scratch;
};

static void run_add(void *arg)
{
    struct add_bench *a = arg;

    for (int i = 0; i < ADD_ROUNDS; i++)
        a->k->add_points(a->cells, a->points, a->op, MSM_BATCH, a->scratch);
}

/* Cell i started at 0 and got P_i in each of n_steps: it holds n_steps P_i.  A sample of
 * cells is held against g1_mul_var. */
static int check_cells(const struct add_bench *a, uint64_t n_steps)
{
    fr k;
    fr_bits bits;

    fr_from_u64(&k, n_steps);
    fr_to_bits(&bits, &k);
    for (size_t i = 0; i < MSM_BATCH; i += 61) {
        g1_affine got, want;
        g1 t;

        a->k->cell_to_affine(&got, a->cells + i * a->k->cell_bytes);
        g1_mul_var(&t, &a->points[i], &bits);
        g1_to_affine(&want, &t);
        if (!g1_affine_eq(&got, &want))
            return -1;
    }
    return 0;
}

static int bench_add(struct bench *b, const g1_affine *p, struct err *err)
{
    const struct bn254_kernels *kernels = bn254_kernels();
    const char *level = bn254_level_name(kernels->level);
    struct add_bench a = {.k = kernels->msm_g1};
    unsigned times = SHORT_RUNS * b->o.n_rounds, mark = bench_mark(b);
    struct bench_time t;
    int rc;

    a.cells = bench_memory(b, MSM_BATCH * a.k->cell_bytes);
    a.points = bench_memory(b, MSM_BATCH * sizeof *a.points);
    a.op = bench_memory(b, MSM_BATCH * sizeof *a.op);
    a.scratch = bench_memory(b, a.k->scratch_bytes);
    if (!a.cells || !a.points || !a.op || !a.scratch)
        return bench_out_of_memory(err);
    memset(a.cells, 0, MSM_BATCH * a.k->cell_bytes);
    for (uint32_t i = 0; i < MSM_BATCH; i++) {
        a.points[i] = p[i % BENCH_POINTS_MIN];
        a.op[i] = (struct msm_op){i, i};
    }
    t = bench_best_of(run_add, &a, times, 1);
    rc = check_cells(&a, (uint64_t)times * ADD_ROUNDS) < 0
             ? bench_wrong(err, "G1 addition", level)
             : bench_report(
                   b,
                   &(struct bench_row){
                       "g1_add", level, MSM_BATCH * ADD_ROUNDS, 1, t.wall_ns, t.cpu_ns, {{0}}},
                   err);
    bench_memory_back(b, mark);
    return rc;
}

/* ---- scalar multiplication ---- */

struct multiple_bench {
    const g1_affine *p;
    const fr_bits *k;
    g1 out[MULTIPLES];
};

static void run_multiples(void *arg)
{
    struct multiple_bench *m = arg;

    for (int i = 0; i < MULTIPLES; i++)
        g1_mul_var(&m->out[i], &m->p[i], &m->k[i]);
}

/* The sum of k_i P_i, which the points' logarithms give. */
static int bench_multiples(struct bench *b, const g1_affine *p, const fr_bits *k,
                           const fr_bits *expected, struct err *err)
{
    const char *level = bn254_level_name(bn254_level());
    struct multiple_bench m = {.p = p, .k = k};
    struct bench_time t = bench_best_of(run_multiples, &m, SHORT_RUNS * b->o.n_rounds, 1);
    g1 sum = g1_infinity, want;

    for (int i = 0; i < MULTIPLES; i++)
        g1_add(&sum, &sum, &m.out[i]);
    g1_mul(&want, &g1_generator, expected);
    if (!g1_eq(&sum, &want))
        return bench_wrong(err, "G1 multiple", level);
    return bench_report(
        b, &(struct bench_row){"g1_mul", level, MULTIPLES, 1, t.wall_ns, t.cpu_ns, {{0}}}, err);
}

int bench_fields(struct bench *b, const g1_affine *p, const fr *k, const fr_bits *bits,
                 struct prng *rng, struct err *err)
{
    fr_bits expected;
    int rc = VCP_OK;

    if (bench_wants(b, "fp_mul"))
        rc = bench_mul(b, rng, err);
    if (rc == VCP_OK && bench_wants(b, "g1_add"))
        rc = bench_add(b, p, err);
    if (rc == VCP_OK && bench_wants(b, "g1_mul")) {
        bench_expected_scalar(&expected, k, MULTIPLES);
        rc = bench_multiples(b, p, bits, &expected, err);
    }
    return rc;
}
