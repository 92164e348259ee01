/* bench_zkvm.c - real programs, run, proven and verified.
 *
 * Every program has a profile fitted to its own mix of instructions, as an operator makes one
 * for work that comes again (`ambient keys profiles setup --fit`); the keys come from the local
 * setup and are kept in the folder of the options for the next run.  The result of each run
 * is held against the same source compiled for this machine, and its receipt is encoded, decoded
 * and verified against the module, before a time is reported. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "bench/bench.h"
#include "bn254/cpu.h"
#include "zkvm/execution.h"
#include "zkvm/prover.h"

#define PROGRAMS(X)                                                                                \
    X(mixed, "1") X(digits, "20") X(sha256, "4096") X(json, "4") X(quicksort, "10000")

#define X(name, n) unsigned native_##name(unsigned);
PROGRAMS(X)
#undef X

extern const struct bench_module zkvm_programs[];

static const struct program_size {
    const char *name, *n;
    unsigned (*native)(unsigned n);
} programs[] = {
#define X(name, n) {#name, n, native_##name},
    PROGRAMS(X)
#undef X
};
#define N_PROGRAMS (sizeof programs / sizeof *programs)

struct subject {
    struct bench *b;
    struct threads *threads;
    char dir[1024]; /* of keys */
    struct prover *prover;
    struct keyring ring;
    struct receipt_policy policy;
};

/* ---- keys ---- */

static bool has_key(const struct subject *s, const char *name)
{
    char path[1200];

    snprintf(path, sizeof path, "%s/%s.avk", s->dir, name);
    return access(path, F_OK) == 0;
}

static int start(struct execution **e, const struct program_size *p, struct err *err)
{
    const struct bench_module *m = bench_module_of(zkvm_programs, p->name);
    struct execution_request req = {
        .module = m->bytes, .module_bytes = m->n_bytes, .entry = "run", .args = &p->n, .n_args = 1};
    int rc = run_limits_preset(&req.limits, "default", err);

    return rc < 0 ? rc : execution_new(e, &req, err);
}

static int fit(struct profile *out, const struct subject *s, const struct program_size *p,
               struct err *err)
{
    uint64_t *counts = calloc(CATALOG_CHIPS, sizeof *counts);
    struct execution *e = NULL;
    int rc = counts ? start(&e, p, err) : bench_out_of_memory(err);

    if (rc == VCP_OK)
        rc = execution_trace(e, 0, err);
    for (uint32_t i = 0; i < CATALOG_CHIPS && rc == VCP_OK; i++)
        counts[i] = e->rows[i].n;
    if (rc == VCP_OK)
        rc = profile_fit(out, p->name, counts, s->b->o.log_n_max, e->chips, err);
    execution_free(e);
    free(counts);
    return rc;
}

static int make_key(struct subject *s, const struct profile *p, struct err *err)
{
    struct work work = {.threads = s->threads};
    int64_t begin = clock_mono_ns(), cpu = bench_process_cpu_ns();
    unsigned n_threads = threads_count(s->threads);
    struct bench_row row = {.what = "setup", .level = bn254_level_name(bn254_level())};
    uint8_t digest[32];
    int rc = prover_setup(digest, s->dir, p, NULL, &work, err);

    if (rc < 0)
        return rc;
    row.n = p->n_parts;
    row.n_threads = n_threads;
    row.wall_ns = (double)(clock_mono_ns() - begin);
    row.cpu_ns = (double)(bench_process_cpu_ns() - cpu) / n_threads;
    return bench_report(s->b, &row, err);
}

/* The tables, a place for everything, and what was fitted to the programs asked for. */
static int make_keys(struct subject *s, struct err *err)
{
    struct profile *p = malloc(sizeof *p);
    struct catalog *chips = catalog_new();
    int rc = p && chips ? file_make_dirs(s->dir, err) : bench_out_of_memory(err);

    if (rc == VCP_OK && !has_key(s, "range")) {
        profile_range(p);
        rc = make_key(s, p, err);
    }
    if (rc == VCP_OK && !has_key(s, "bits")) {
        profile_bits(p);
        rc = make_key(s, p, err);
    }
    if (rc == VCP_OK && !has_key(s, "any") &&
        (rc = profile_any(p, s->b->o.log_n_max, chips, err)) == VCP_OK)
        rc = make_key(s, p, err);
    for (size_t i = 0; i < N_PROGRAMS && rc == VCP_OK; i++)
        if (bench_wants(s->b, programs[i].name) && !has_key(s, programs[i].name) &&
            (rc = fit(p, s, &programs[i], err)) == VCP_OK)
            rc = make_key(s, p, err);
    catalog_free(chips);
    free(p);
    return rc;
}

/* ---- proving and verifying ---- */

struct measured {
    uint64_t gas, rows;
    int64_t total_ns, cpu_ns, verify_ns;
    size_t receipt_bytes;
    struct prover_report report;
};

static int verify(struct measured *m, const struct subject *s, const struct program_size *p,
                  const struct receipt *made, struct err *err)
{
    const struct bench_module *module = bench_module_of(zkvm_programs, p->name);
    struct receipt read;
    struct buf bytes;
    int64_t begin;
    int rc;

    buf_init(&bytes, 0);
    receipt_encode(&bytes, made);
    m->receipt_bytes = bytes.len;
    begin = clock_mono_ns();
    rc = receipt_decode(&read, bytes.data, bytes.len, err);
    if (rc == VCP_OK) {
        rc = receipt_verify_module(&read, module->bytes, module->n_bytes, NULL, &s->policy, NULL,
                                   NULL, err);
        receipt_release(&read);
    }
    m->verify_ns = clock_mono_ns() - begin;
    buf_release(&bytes);
    return rc;
}

static int prove_once(struct measured *m, const struct subject *s, const struct program_size *p,
                      struct err *err)
{
    struct work work = {.threads = s->threads};
    struct execution *e = NULL;
    struct receipt receipt;
    int64_t begin = clock_mono_ns(), cpu = bench_process_cpu_ns();
    int rc = start(&e, p, err);

    if (rc == VCP_OK && (e->statement.status != RUN_OK ||
                         (uint32_t)e->statement.results[0] != p->native((unsigned)atoi(p->n))))
        rc = bench_wrong(err, p->name, NULL);
    if (rc == VCP_OK)
        rc = execution_trace(e, 0, err);
    if (rc == VCP_OK &&
        (rc = prover_prove(&receipt, s->prover, e, &work, &m->report, err)) == VCP_OK) {
        m->total_ns = clock_mono_ns() - begin;
        m->cpu_ns = bench_process_cpu_ns() - cpu;
        m->gas = e->statement.gas_used;
        m->rows = e->n_rows + e->n_other;
        rc = verify(m, s, p, &receipt, err);
        receipt_release(&receipt);
    }
    execution_free(e);
    return rc;
}

static int report(struct subject *s, const struct program_size *p, const struct measured *m,
                  struct err *err)
{
    unsigned n_threads = threads_count(s->threads);
    struct rusage usage;
    double gas = (double)m->gas;

    getrusage(RUSAGE_SELF, &usage);
    struct bench_row row = {
        p->name,
        bn254_level_name(bn254_level()),
        m->gas,
        n_threads,
        (double)m->total_ns,
        (double)m->cpu_ns / n_threads,
        {{"gas/s", gas * 1e9 / (double)m->total_ns},
         {"constraints/gas", (double)m->report.constraints_used / gas},
         {"filled_pct",
          100.0 * (double)m->report.constraints_used / (double)m->report.constraints_paid},
         {"proofs", m->report.n_proofs},
         {"receipt_bytes", (double)m->receipt_bytes},
         {"verify_ms", (double)m->verify_ns / 1e6},
         {"peak_MiB", (double)usage.ru_maxrss / 1024}},
    };

    return bench_report(s->b, &row, err);
}

static int measure(struct subject *s, const struct program_size *p, struct err *err)
{
    struct measured best = {.total_ns = INT64_MAX};

    for (unsigned i = 0; i < s->b->o.n_rounds; i++) {
        struct measured m = {.gas = 0};
        int rc = prove_once(&m, s, p, err);

        if (rc < 0)
            return rc;
        if (m.total_ns < best.total_ns)
            best = m;
    }
    return report(s, p, &best, err);
}

int bench_zkvm(struct bench *b, struct err *err)
{
    struct subject s = {.b = b};
    int rc = VCP_OK;

    if (snprintf(s.dir, sizeof s.dir, "%s/bench_poe_%u", b->o.folder, b->o.log_n_max) >=
        (int)sizeof s.dir)
        return err_set(err, VCP_EINVAL, "the name of the folder for keys is too long");
    if (!(s.threads = threads_new(b->o.n_threads)))
        return bench_out_of_memory(err);
    if ((rc = make_keys(&s, err)) == VCP_OK &&
        (rc = prover_open(&s.prover, s.dir, err)) == VCP_OK &&
        (rc = keyring_open(&s.ring, s.dir, NULL, 0, err)) == VCP_OK) {
        s.policy = (struct receipt_policy){.keys = &s.ring};
        for (size_t i = 0; i < N_PROGRAMS && rc == VCP_OK; i++)
            if (bench_wants(b, programs[i].name))
                rc = measure(&s, &programs[i], err);
    } else {
        rc = err_prefix(err, "keys in %s", s.dir);
    }
    keyring_release(&s.ring);
    prover_free(s.prover);
    threads_free(s.threads);
    return rc;
}
