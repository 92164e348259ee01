/* bench_groth16.c - setup, key check, proof and verification by circuit size.
 *
 *     bench_groth16 [-d FOLDER] [-t THREADS] [-r REPEATS] [-n] [LOG2...]
 *
 * The circuit has the shape of real ones: half of its rows say that a wire is a bit
 * (three fifths of them 0), the others square and mix full-size values, so that 28 %
 * of the wires are 0, 20 % are 1, and most wires are in A but not in B.  The key comes
 * from the local setup and is kept in FOLDER for the next run.  A time is printed only
 * for a proof that verified; of REPEATS proofs the median counts.
 * -n leaves out the check of the key's points. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "bn254/cpu.h"
#include "groth16/ckey.h"
#include "groth16/prove.h"
#include "groth16/setup.h"
#include "groth16/verify.h"

#define REPEATS_MAX 15

struct circuit {
    struct cs cs;
    fr *z;
    fr_bits *bits;
};

static void fail(const char *what, const struct err *e)
{
    fprintf(stderr, "bench_groth16: %s: %s\n", what, e->msg);
    exit(1);
}

/* Processor time of the whole process: what a busy machine does not distort as much. */
static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

/* Row kinds: b * (b - 1) = 0 and (x + y) * x = out. */
static void build(struct circuit *c, unsigned log_n)
{
    uint32_t n_rows = (uint32_t)(((uint64_t)1 << log_n) - 4), n_wires = n_rows + 2, x = 1;
    struct prng r;
    struct err e;
    fr minus_one, t;

    prng_init(&r, 1);
    fr_neg(&minus_one, &fr_one);
    cs_init(&c->cs, n_wires, 1, 0);
    c->z = calloc(n_wires, sizeof *c->z);
    c->bits = calloc(n_wires, sizeof *c->bits);
    if (!c->z || !c->bits)
        exit(1);
    c->z[0] = fr_one;
    fr_from_u64(&c->z[1], 123456789);
    for (uint32_t i = 2; i < n_wires; i++) {
        if (prng_below(&r, 100) < 48) {
            if (prng_below(&r, 100) < 42)
                c->z[i] = fr_one;
            cs_term(&c->cs, CS_A, i, &fr_one);
            cs_term(&c->cs, CS_B, i, &fr_one);
            cs_term(&c->cs, CS_B, 0, &minus_one);
        } else {
            uint32_t y = (uint32_t)prng_below(&r, i);
            cs_term(&c->cs, CS_A, x, &fr_one);
            if (y != x)
                cs_term(&c->cs, CS_A, y, &fr_one);
            cs_term(&c->cs, CS_B, x, &fr_one);
            cs_term(&c->cs, CS_C, i, &fr_one);
            t = c->z[x];
            if (y != x)
                fr_add(&t, &t, &c->z[y]);
            fr_mul(&c->z[i], &t, &c->z[x]);
            x = i;
        }
        cs_row_end(&c->cs);
    }
    if (cs_finish(&c->cs, &e) < 0)
        fail("circuit", &e);
    if (cs_first_unsatisfied(&c->cs, c->z) != c->cs.n_rows)
        exit(1);
    fr_to_bits_n(c->bits, c->z, n_wires);
}

static void make_key(const char *path, const struct circuit *c, struct threads *threads)
{
    struct work work = {.threads = threads};
    struct err e;
    int64_t start = clock_mono_ns();

    if (access(path, F_OK) == 0)
        return;
    if (groth16_setup_local(path, &c->cs, &work, &e) < 0)
        fail("setup", &e);
    printf("  local setup        %9.1f ms\n", ms(clock_mono_ns() - start));
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void bench_prove(const struct zkey *k, const struct vkey *vk, const struct circuit *c,
                        unsigned n_threads, int repeats)
{
    struct threads *threads = threads_new(n_threads);
    struct work work = {0}, best = {0};
    struct groth16_proof p;
    struct err e;
    int64_t t[REPEATS_MAX], least = INT64_MAX, cpu = INT64_MAX;

    for (int i = 0; i < repeats; i++) {
        work = (struct work){.threads = threads};
        int64_t start = clock_mono_ns(), cpu_start = cpu_ns();
        if (groth16_prove(&p, k, c->bits, &work, &e) < 0)
            fail("prove", &e);
        t[i] = clock_mono_ns() - start;
        int64_t cpu_used = cpu_ns() - cpu_start;
        cpu = cpu_used < cpu ? cpu_used : cpu;
        if (groth16_verify(vk, c->bits + 1, 1, &p, &e) < 0)
            fail("verify", &e);
        if (t[i] < least) {
            least = t[i];
            best = work;
        }
    }
    qsort(t, (size_t)repeats, sizeof *t, by_value);
    printf("  prove, %u thread%s   %9.1f ms (least %.1f, processor %.1f), scratch %.1f MiB:",
           n_threads, n_threads == 1 ? " " : "s", ms(t[repeats / 2]), ms(least), ms(cpu),
           (double)best.memory_peak_bytes / 1048576);
    for (int s = 0; s < WORK_STAGES; s++)
        if (s != WORK_MSM_D)
            printf(" %s %.1f", work_stage_name((enum work_stage)s), ms(best.stage_ns[s]));
    printf("\n");
    threads_free(threads);
}

static void bench_verify(const struct zkey *k, const struct vkey *vk, const struct circuit *c)
{
    enum { N = 256 };
    static struct groth16_claim claims[N];
    struct work work = {0};
    struct groth16_proof p;
    struct err e;
    int64_t start, one, all;

    if (groth16_prove(&p, k, c->bits, &work, &e) < 0)
        fail("prove", &e);
    start = cpu_ns();
    for (int i = 0; i < 16; i++)
        if (groth16_verify(vk, c->bits + 1, 1, &p, &e) < 0)
            fail("verify", &e);
    one = (cpu_ns() - start) / 16;
    for (int i = 0; i < N; i++)
        claims[i] = (struct groth16_claim){vk, c->bits + 1, NULL, &p};
    start = cpu_ns();
    if (groth16_verify_batch(claims, N, NULL, NULL, &e) < 0)
        fail("batch", &e);
    all = cpu_ns() - start;
    printf("  verify             %9.3f ms of processor time; in a batch of %d %.3f ms, %.0f a "
           "second and core\n",
           ms(one), N, ms(all) / N, N / (ms(all) / 1e3));
}

static void bench(const char *folder, unsigned log_n, unsigned n_threads, int repeats, bool check)
{
    char path[512];
    struct circuit c;
    struct zkey k;
    struct vkey *vk;
    struct err e;
    struct threads *threads = threads_new(0);
    int64_t start;

    printf("2^%u rows (%s)\n", log_n, bn254_level_name(bn254_level()));
    build(&c, log_n);
    snprintf(path, sizeof path, "%s/bench_%u.zkey", folder, log_n);
    make_key(path, &c, threads);
    start = clock_mono_ns();
    if (zkey_open(&k, path, &e) < 0 || vkey_from_zkey(&vk, &k, &e) < 0)
        fail("key", &e);
    printf("  open key           %9.1f ms\n", ms(clock_mono_ns() - start));
    start = clock_mono_ns();
    if (check) {
        if (zkey_check_points(&k, threads, &e) < 0)
            fail("key", &e);
        printf("  check its points   %9.1f ms, once a key\n", ms(clock_mono_ns() - start));
    }
    if (n_threads == 0)
        bench_prove(&k, vk, &c, 1, repeats);
    bench_prove(&k, vk, &c, n_threads ? n_threads : threads_count(threads), repeats);
    bench_verify(&k, vk, &c);
    vkey_free(vk);
    zkey_release(&k);
    cs_release(&c.cs);
    free(c.z);
    free(c.bits);
    threads_free(threads);
}

int main(int argc, char **argv)
{
    const char *folder = "/tmp";
    unsigned n_threads = 0;
    int repeats = 3, opt;
    bool check = true;

    while ((opt = getopt(argc, argv, "d:t:r:n")) != -1) {
        if (opt == 'd')
            folder = optarg;
        else if (opt == 't')
            n_threads = (unsigned)atoi(optarg);
        else if (opt == 'r')
            repeats = atoi(optarg);
        else if (opt == 'n')
            check = false;
        else
            return 2;
    }
    if (repeats < 1 || repeats > REPEATS_MAX)
        return 2;
    if (optind == argc)
        bench(folder, 14, n_threads, repeats, check);
    for (; optind < argc; optind++) {
        int log_n = atoi(argv[optind]);
        if (log_n < 4 || log_n > 24)
            return 2;
        bench(folder, (unsigned)log_n, n_threads, repeats, check);
    }
    return 0;
}
