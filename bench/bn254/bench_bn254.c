/* bench_bn254 - every kernel of bn254 at every CPU level of this machine.
 *
 *   bench_bn254 [-t threads] [-n log_n_max] [-l level]
 *
 * Each result is checked against an independent computation before its time is printed.
 * Times are the best of several runs: wall clock, and in brackets processor time over
 * threads, which a busy machine disturbs less. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/threads.h"
#include "bn254/cpu.h"
#include "bn254/msm.h"
#include "bn254/ntt.h"
#include "bn254/pairing.h"

static struct prng rng;
static struct threads *pool;
static unsigned n_threads = 1;

static void fail(const char *what)
{
    fprintf(stderr, "bench_bn254: wrong result: %s at level %s\n", what,
            bn254_level_name(bn254_level()));
    exit(1);
}

static void *memory(size_t n)
{
    void *p = aligned_alloc(64, (n + 127) & ~(size_t)63);

    if (!p) {
        fprintf(stderr, "bench_bn254: out of memory\n");
        exit(1);
    }
    return p;
}

static void random_fr(fr *out)
{
    uint8_t b[64];

    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)prng_next(&rng);
    fr_from_wide_le(out, b);
}

/* ---- points with known discrete logarithms: P_i = (i + 1) G, so an MSM has a short check ---- */

static void make_points(g1_affine *p, g2_affine *q, size_t n, size_t n_g2)
{
    g1 *t = memory(n * sizeof *t);
    g2 *u = memory(n_g2 * sizeof *u);
    fp *s = memory(n * sizeof *s);
    fp2 *v = memory(n_g2 * sizeof *v);

    t[0] = g1_infinity;
    g1_add_affine(&t[0], &t[0], &g1_generator);
    for (size_t i = 1; i < n; i++)
        g1_add_affine(&t[i], &t[i - 1], &g1_generator);
    g1_to_affine_n(p, t, n, s);
    u[0] = g2_infinity;
    g2_add_affine(&u[0], &u[0], &g2_generator);
    for (size_t i = 1; i < n_g2; i++)
        g2_add_affine(&u[i], &u[i - 1], &g2_generator);
    g2_to_affine_n(q, u, n_g2, v);
    free(t), free(u), free(s), free(v);
}

/* sum (i + 1) k_i */
static void expected_scalar(fr_bits *out, const fr *k, size_t n)
{
    fr acc = fr_zero, t;

    for (size_t i = 0; i < n; i++) {
        fr_from_u64(&t, i + 1);
        fr_mul(&t, &t, &k[i]);
        fr_add(&acc, &acc, &t);
    }
    fr_to_bits(out, &acc);
}

struct best {
    double wall_ms, cpu_ms;
};

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct best best_of(void (*run)(void *), void *arg, int times)
{
    struct best best = {1e30, 1e30};

    for (int i = 0; i < times; i++) {
        int64_t t = clock_mono_ns();
        double c = cpu_ms(), wall;

        run(arg);
        c = (cpu_ms() - c) / n_threads;
        wall = (double)(clock_mono_ns() - t) / 1e6;
        if (wall < best.wall_ms)
            best.wall_ms = wall;
        if (c < best.cpu_ms)
            best.cpu_ms = c;
    }
    return best;
}

struct msm_bench {
    const g1_affine *p;
    const g2_affine *q;
    const fr_bits *k;
    size_t n;
    void *scratch;
    g1 out1;
    g2 out2;
};

static void run_g1(void *arg)
{
    struct msm_bench *b = arg;

    msm_g1(&b->out1, b->p, b->k, b->n, pool, b->scratch);
}

static void run_g2(void *arg)
{
    struct msm_bench *b = arg;

    msm_g2(&b->out2, b->q, b->k, b->n, pool, b->scratch);
}

static void bench_msm(const g1_affine *p, const g2_affine *q, const fr *k, const fr_bits *bits,
                      size_t n, size_t n_g2)
{
    struct msm_bench b = {.p = p, .q = q, .k = bits, .n = n};
    fr_bits want;
    g1 w1;
    g2 w2;
    struct best ms1, ms2 = {0, 0};

    expected_scalar(&want, k, n);
    b.scratch = memory(msm_g1_scratch_size(n, n_threads));
    ms1 = best_of(run_g1, &b, n > 1u << 17 ? 3 : 7);
    g1_mul_var(&w1, &g1_generator, &want);
    if (!g1_eq(&w1, &b.out1))
        fail("MSM G1");
    free(b.scratch);
    if (n <= n_g2) {
        b.scratch = memory(msm_g2_scratch_size(n, n_threads));
        ms2 = best_of(run_g2, &b, n > 1u << 15 ? 3 : 7);
        g2_mul_var(&w2, &g2_generator, &want);
        if (!g2_eq(&w2, &b.out2))
            fail("MSM G2");
        free(b.scratch);
    }
    printf("  MSM n = %7zu   G1 %9.3f ms (%9.3f)   G2 %9.3f ms (%9.3f)\n", n, ms1.wall_ms,
           ms1.cpu_ms, ms2.wall_ms, ms2.cpu_ms);
    fflush(stdout);
}

struct ntt_bench {
    struct ntt t;
    fr *a;
    int n_runs;
};

static void run_forward(void *arg)
{
    struct ntt_bench *b = arg;

    ntt_forward(&b->t, b->a, pool);
    b->n_runs++;
}

static void run_coset(void *arg)
{
    struct ntt_bench *b = arg;

    ntt_to_coset(&b->t, b->a, pool);
    b->n_runs++;
}

/* Forward runs undone one by one, and one value by the definition. */
static void bench_ntt(unsigned log_n)
{
    struct ntt_bench b = {.n_runs = 0};
    size_t n = (size_t)1 << log_n;
    void *table = memory(ntt_table_size(log_n));
    fr *f = memory(n * sizeof *f), sum = fr_zero;
    struct best ms, coset_ms;

    b.a = memory(n * sizeof *b.a);
    for (size_t i = 0; i < n; i++) {
        random_fr(&f[i]);
        fr_add(&sum, &sum, &f[i]);
    }
    memcpy(b.a, f, n * sizeof *f);
    ntt_init(&b.t, log_n, table, pool);
    run_forward(&b);
    if (!fr_eq(&b.a[0], &sum))
        fail("NTT");
    ms = best_of(run_forward, &b, 5);
    for (; b.n_runs > 0; b.n_runs--)
        ntt_inverse(&b.t, b.a, pool);
    if (memcmp(b.a, f, n * sizeof *f) != 0)
        fail("inverse NTT");
    coset_ms = best_of(run_coset, &b, 5);
    for (; b.n_runs > 0; b.n_runs--)
        ntt_from_coset(&b.t, b.a, pool);
    if (memcmp(b.a, f, n * sizeof *f) != 0)
        fail("coset NTT");
    printf("  NTT 2^%-2u          forward %9.3f ms (%9.3f)   to coset %9.3f ms (%9.3f)\n", log_n,
           ms.wall_ms, ms.cpu_ms, coset_ms.wall_ms, coset_ms.cpu_ms);
    fflush(stdout);
    free(table), free(f), free(b.a);
}

/* ---- pairings ---- */

struct pairing_bench {
    g1_affine p[4];
    g2_affine q[4];
    struct g2_prepared prepared[4];
    const struct g2_prepared *list[4];
    bool ok;
    fp12 out;
};

static void run_check4(void *arg)
{
    struct pairing_bench *b = arg;

    g2_prepare(&b->prepared[0], &b->q[0]); /* a verifier has three fixed points */
    b->ok = pairing_check(b->p, b->list, 4);
}

static void run_single(void *arg)
{
    struct pairing_bench *b = arg;

    pairing(&b->out, &b->p[0], &b->q[0]);
}

/* e(a G, G) e(b G, G) e(G, c G) e(-(a + b + c) G, G) = 1 */
static void bench_pairing(void)
{
    static struct pairing_bench b;
    struct best ms, check_ms;
    fr k[4];

    k[3] = fr_zero;
    for (int i = 0; i < 4; i++) {
        fr_bits bits;
        g1 t;
        g2 u;

        if (i < 3)
            random_fr(&k[i]);
        fr_to_bits(&bits, &k[i]);
        g1_mul_var(&t, &g1_generator, &bits);
        g1_to_affine(&b.p[i], &t);
        g2_mul_var(&u, &g2_generator, &bits);
        g2_to_affine(&b.q[i], &u);
        if (i != 2)
            b.q[i] = g2_generator;
        else
            b.p[i] = g1_generator;
        g2_prepare(&b.prepared[i], &b.q[i]);
        b.list[i] = &b.prepared[i];
        if (i < 3)
            fr_sub(&k[3], &k[3], &k[i]);
    }
    run_check4(&b);
    if (!b.ok)
        fail("pairing product");
    b.p[3] = g1_generator;
    run_check4(&b);
    if (b.ok)
        fail("pairing product of a wrong equation");
    ms = best_of(run_single, &b, 50);
    check_ms = best_of(run_check4, &b, 50);
    printf("  pairing %9.1f us   check of 4 %9.1f us\n", ms.wall_ms * 1e3, check_ms.wall_ms * 1e3);
}

int main(int argc, char **argv)
{
    unsigned log_max = 20;
    int only = -1, c;

    while ((c = getopt(argc, argv, "t:n:l:")) != -1) {
        if (c == 't')
            n_threads = (unsigned)atoi(optarg);
        else if (c == 'n')
            log_max = (unsigned)atoi(optarg);
        else if (c == 'l')
            only = atoi(optarg);
        else
            return 2;
    }
    prng_init(&rng, 2026);
    pool = threads_new(n_threads);
    size_t n = (size_t)1 << log_max, n_g2 = log_max > 18 ? (size_t)1 << 18 : n;
    g1_affine *p = memory(n * sizeof *p);
    g2_affine *q = memory(n_g2 * sizeof *q);
    fr *k = memory(n * sizeof *k);
    fr_bits *bits = memory(n * sizeof *bits);

    make_points(p, q, n, n_g2);
    for (size_t i = 0; i < n; i++)
        random_fr(&k[i]);
    fr_to_bits_n(bits, k, n);
    for (int level = BN254_C; level <= BN254_IFMA; level++) {
        if ((only >= 0 && level != only) || bn254_level_set((enum bn254_level)level) != 0)
            continue;
        printf("level %s, %u thread(s)\n", bn254_level_name(bn254_level()), n_threads);
        bench_pairing();
        for (unsigned l = 10; l <= log_max; l += 2)
            bench_msm(p, q, k, bits, (size_t)1 << l, n_g2);
        for (unsigned l = 10; l <= log_max; l += 2)
            bench_ntt(l);
    }
    free(p), free(q), free(k), free(bits);
    threads_free(pool);
    return 0;
}
