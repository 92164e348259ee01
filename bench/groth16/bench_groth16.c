/* bench_groth16.c - setup, key check, proof and verification by circuit size.
 *
 * bench_circuit.h has the circuits; what the key and the witness hold is counted and printed
 * beside the time of opening them.  The key comes from the local setup and is kept in the
 * folder of the options for the next run.  Every proof is verified before its time counts;
 * the table has the best of the rounds, and their median beside it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/bench.h"
#include "bench/groth16/bench_circuit.h"
#include "bn254/cpu.h"
#include "groth16/prove.h"
#include "groth16/setup.h"
#include "groth16/verify.h"
#include "groth16/wtns.h"

enum { VERIFY_ROUNDS = 16, BATCH = 256 };

/* What one size of circuit is measured with. */
struct subject {
    struct bench *b;
    struct bench_circuit c;
    struct zkey key;
    struct vkey *vk;
    struct threads *threads; /* one for each CPU: setup and checks */
    uint64_t n_rows;
};

static int report(struct subject *s, const char *what, uint64_t n, unsigned n_threads,
                  int64_t wall_ns, int64_t cpu_ns, struct err *err)
{
    struct bench_row row = {what,
                            bn254_level_name(bn254_level()),
                            n,
                            n_threads,
                            (double)wall_ns,
                            (double)cpu_ns / n_threads,
                            {{0}}};

    return bench_report(s->b, &row, err);
}

/* ---- the key ---- */

static int make_key(struct subject *s, const char *path, struct err *err)
{
    struct work work = {.threads = s->threads};
    int64_t start = clock_mono_ns(), cpu = bench_process_cpu_ns();

    if (access(path, F_OK) == 0)
        return VCP_OK;
    if (groth16_setup_local(path, &s->c.cs, &work, err) < 0)
        return err_prefix(err, "setup");
    return report(s, "setup_local", s->n_rows, threads_count(s->threads), clock_mono_ns() - start,
                  bench_process_cpu_ns() - cpu, err);
}

static int report_opening(struct subject *s, int64_t wall_ns, int64_t cpu_ns, struct err *err)
{
    struct bench_circuit_counts n;

    bench_circuit_count(&n, &s->c, &s->key);
    struct bench_row row = {"open_key",
                            bn254_level_name(bn254_level()),
                            s->n_rows,
                            1,
                            (double)wall_ns,
                            (double)cpu_ns,
                            {{"zeros_pct", n.zeros},
                             {"ones_pct", n.ones},
                             {"a_infinite_pct", n.a_infinity},
                             {"b1_infinite_pct", n.b1_infinity},
                             {"b2_infinite_pct", n.b2_infinity},
                             {"coefs_a_row", n.coefs_a_row}}};

    return bench_report(s->b, &row, err);
}

static int open_key(struct subject *s, const char *path, struct err *err)
{
    int64_t start = clock_mono_ns(), cpu = bench_process_cpu_ns();
    int rc = zkey_open(&s->key, path, err);

    if (rc == VCP_OK)
        rc = vkey_from_zkey(&s->vk, &s->key, err);
    if (rc == VCP_OK && s->key.h.n_wires != s->c.cs.n_wires)
        rc = err_set(err, VCP_EFORMAT, "%s: not this circuit's key; remove it", path);
    if (rc == VCP_OK)
        rc = report_opening(s, clock_mono_ns() - start, bench_process_cpu_ns() - cpu, err);
    if (rc < 0 || s->b->o.trust_key)
        return rc;
    start = clock_mono_ns();
    cpu = bench_process_cpu_ns();
    rc = zkey_check_points(&s->key, s->threads, err);
    return rc < 0 ? rc
                  : report(s, "check_points", s->n_rows, threads_count(s->threads),
                           clock_mono_ns() - start, bench_process_cpu_ns() - cpu, err);
}

/* ---- proving ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Where the time of the best proof went. */
static void add_stages(struct bench_row *row, const struct work *best)
{
    int n = 2;

    for (int i = 0; i < WORK_STAGES && n < BENCH_EXTRAS; i++)
        if (i != WORK_MSM_D)
            row->extra[n++] = (struct bench_extra){work_stage_name((enum work_stage)i),
                                                   (double)best->stage_ns[i] / 1e6};
}

static int bench_prove(struct subject *s, unsigned n_threads, struct err *err)
{
    struct threads *threads = threads_new(n_threads);
    struct bench_row row = {
        "prove", bn254_level_name(bn254_level()), s->n_rows, n_threads, 1e300, 1e300, {{0}}};
    struct work work, best = {0};
    struct groth16_proof p;
    int64_t t[BENCH_ROUNDS_MAX];
    int rc = threads ? VCP_OK : bench_out_of_memory(err);

    for (unsigned i = 0; rc == VCP_OK && i < s->b->o.n_rounds; i++) {
        int64_t start = clock_mono_ns(), cpu = bench_process_cpu_ns();

        work = (struct work){.threads = threads};
        rc = groth16_prove(&p, &s->key, s->c.bits, &work, err);
        t[i] = clock_mono_ns() - start;
        cpu = (bench_process_cpu_ns() - cpu) / n_threads;
        if (rc == VCP_OK)
            rc = groth16_verify(s->vk, s->c.bits + 1, 1, &p, err);
        if ((double)cpu < row.cpu_ns)
            row.cpu_ns = (double)cpu;
        if ((double)t[i] < row.wall_ns) {
            row.wall_ns = (double)t[i];
            best = work;
        }
    }
    threads_free(threads);
    if (rc < 0)
        return err_prefix(err, "prove");
    qsort(t, s->b->o.n_rounds, sizeof *t, by_value);
    row.extra[0] = (struct bench_extra){"median_ms", (double)t[s->b->o.n_rounds / 2] / 1e6};
    row.extra[1] = (struct bench_extra){"scratch_mib",
                                        (double)best.memory_peak_bytes / (1024 * 1024)};
    add_stages(&row, &best);
    return bench_report(s->b, &row, err);
}

/* ---- verifying ---- */

static int verify_one(struct subject *s, const struct groth16_proof *p, struct err *err)
{
    int64_t wall = INT64_MAX, cpu = INT64_MAX;

    for (int i = 0; i < VERIFY_ROUNDS; i++) {
        int64_t start = clock_mono_ns(), cpu_start = bench_process_cpu_ns(), w, c;

        if (groth16_verify(s->vk, s->c.bits + 1, 1, p, err) < 0)
            return err_prefix(err, "verify");
        c = bench_process_cpu_ns() - cpu_start;
        w = clock_mono_ns() - start;
        wall = w < wall ? w : wall;
        cpu = c < cpu ? c : cpu;
    }
    return report(s, "verify", 1, 1, wall, cpu, err);
}

static int verify_batch(struct subject *s, const struct groth16_proof *p, struct err *err)
{
    struct groth16_claim *claims = bench_memory(s->b, BATCH * sizeof *claims);
    int64_t start, cpu;

    if (!claims)
        return bench_out_of_memory(err);
    for (int i = 0; i < BATCH; i++)
        claims[i] = (struct groth16_claim){s->vk, s->c.bits + 1, NULL, p};
    start = clock_mono_ns();
    cpu = bench_process_cpu_ns();
    if (groth16_verify_batch(claims, BATCH, NULL, NULL, err) < 0)
        return err_prefix(err, "batch");
    return report(s, "verify_batch", BATCH, 1, clock_mono_ns() - start,
                  bench_process_cpu_ns() - cpu, err);
}

/* A benchmark of a verifier that accepts everything measures nothing. */
static int refuses_another(struct subject *s, const struct groth16_proof *p, struct err *err)
{
    fr_bits other = s->c.bits[1];
    struct err ignored;

    other.l[0] ^= 1;
    if (groth16_verify(s->vk, &other, 1, p, &ignored) != VCP_EVERIFY)
        return bench_wrong(err, "a proof of another statement was accepted", NULL);
    return VCP_OK;
}

static int bench_verify(struct subject *s, struct err *err)
{
    struct work work = {.threads = s->threads};
    struct groth16_proof p;
    int rc = groth16_prove(&p, &s->key, s->c.bits, &work, err);

    if (rc == VCP_OK)
        rc = refuses_another(s, &p, err);
    if (rc == VCP_OK)
        rc = verify_one(s, &p, err);
    return rc == VCP_OK ? verify_batch(s, &p, err) : rc;
}

/* ---- all of it ---- */

static int bench_proofs(struct subject *s, struct err *err)
{
    unsigned n_threads = s->b->o.n_threads, n_cpus = threads_count(s->threads);
    int rc = VCP_OK;

    if (n_threads == 0 && n_cpus > 1)
        rc = bench_prove(s, 1, err);
    if (rc == VCP_OK)
        rc = bench_prove(s, n_threads ? n_threads : n_cpus, err);
    return rc == VCP_OK ? bench_verify(s, err) : rc;
}

static int set_level(const struct bench *b, struct err *err)
{
    enum bn254_level level = (enum bn254_level)b->o.level;

    if (b->o.level >= 0 && bn254_level_set(level) < 0)
        return err_set(err, VCP_EUNSUPPORTED, "this machine has no level %s",
                       bn254_level_name(level));
    return VCP_OK;
}

/* The witness beside the key, for other provers. */
static int write_witness(struct subject *s, const char *stem, struct err *err)
{
    char path[512];

    if (!s->b->o.witness)
        return VCP_OK;
    snprintf(path, sizeof path, "%s.wtns", stem);
    return wtns_write(path, s->c.bits, s->c.cs.n_wires, err);
}

static int bench_size(struct bench *b, unsigned log_n, struct threads *threads, struct err *err)
{
    enum bench_shape shape = b->o.dense ? CIRCUIT_DENSE : CIRCUIT_CIRCOM;
    struct subject s = {.b = b, .threads = threads};
    unsigned mark = bench_mark(b);
    char stem[480], path[512];
    int rc;

    if (snprintf(stem, sizeof stem, "%s/bench_%s_%u", b->o.folder, bench_shape_name(shape),
                 log_n) >= (int)sizeof stem)
        return err_set(err, VCP_EINVAL, "the name of the folder for keys is too long");
    snprintf(path, sizeof path, "%s.zkey", stem);
    rc = bench_circuit_build(&s.c, shape, log_n, b, err);
    s.n_rows = s.c.cs.n_rows;
    if (rc == VCP_OK)
        rc = make_key(&s, path, err);
    if (rc == VCP_OK)
        rc = write_witness(&s, stem, err);
    if (rc == VCP_OK)
        rc = open_key(&s, path, err);
    if (rc == VCP_OK)
        rc = set_level(b, err);
    if (rc == VCP_OK)
        rc = bench_proofs(&s, err);
    vkey_free(s.vk);
    zkey_release(&s.key);
    bench_circuit_release(&s.c);
    bench_memory_back(b, mark);
    return rc;
}

int bench_groth16(struct bench *b, struct err *err)
{
    enum bn254_level before = bn254_level();
    struct threads *threads = threads_new(0);
    int rc = threads ? VCP_OK : bench_out_of_memory(err);

    for (unsigned l = b->o.log_n_min; rc == VCP_OK && l <= b->o.log_n_max;
         l = bench_next_size(b, l))
        rc = bench_size(b, l, threads, err);
    bn254_level_set(before);
    threads_free(threads);
    return rc;
}
