/* bench_wasm.c - the interpreter on kernels in C compiled for wasm32, next to native code
 * and, if wanted, wasm3.
 *
 * Times are processor time of the thread or process, so a busy machine disturbs less.
 * Every result is held against the native one before a time is reported.  Engines take
 * turns round by round and the best round counts.  "unmetered" is this engine built
 * without gas, a sibling program that exists for this table only. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/bench.h"
#include "kernel_run.h"
#include "kernels.h"

#define X(name, group, n) unsigned run_##name(unsigned);
KERNELS(X)
#undef X

static const struct kernel {
    const char *name, *group;
    unsigned n;
    unsigned (*native)(unsigned);
} kernels[] = {
#define X(name, group, n) {#name, group, n, run_##name},
    KERNELS(X)
#undef X
};

struct row {
    struct timing native, metered, unmetered, wasm3;
};

/* Sums of logarithms, for geometric means over the kernels. */
struct means {
    double native, meter, wasm3;
    unsigned n;
};

static int64_t children_cpu_ns(void)
{
    struct rusage u;

    getrusage(RUSAGE_CHILDREN, &u);
    return ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000 +
           ((int64_t)u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

/* Runs a command line and returns its output and the processor time it took. */
static int run_command(int64_t *ns, const char *command, char *out, size_t out_bytes,
                       struct err *err)
{
    int64_t start = children_cpu_ns();
    FILE *p = popen(command, "r");
    size_t n;

    if (!p)
        return err_set(err, VCP_EIO, "cannot start: %.300s", command);
    n = fread(out, 1, out_bytes - 1, p);
    out[n] = '\0';
    if (pclose(p) != 0)
        return err_set(err, VCP_EIO, "failed: %.300s", command);
    *ns = children_cpu_ns() - start;
    return VCP_OK;
}

static int run_unmetered(struct timing *t, const char *program, const char *path, unsigned n,
                         struct err *err)
{
    char command[1024], out[256];
    int64_t ns;
    int rc;

    snprintf(command, sizeof command, "'%s' '%s' %u", program, path, n);
    rc = run_command(&ns, command, out, sizeof out, err);
    if (rc == VCP_OK && sscanf(out, "%" SCNd64 " %" SCNu32, &t->ns, &t->checksum) != 2)
        rc = err_set(err, VCP_EFORMAT, "%.300s: unexpected answer", command);
    return rc;
}

/* Without the process's start, which a run of size 0 measures. */
static int run_wasm3(struct timing *t, const char *program, const char *path, unsigned n,
                     struct err *err)
{
    char command[1024], out[256], *result;
    int64_t empty;
    int rc;

    snprintf(command, sizeof command, "'%s' --func run '%s' 0 2>&1", program, path);
    if ((rc = run_command(&empty, command, out, sizeof out, err)) < 0)
        return rc;
    snprintf(command, sizeof command, "'%s' --func run '%s' %u 2>&1", program, path, n);
    if ((rc = run_command(&t->ns, command, out, sizeof out, err)) < 0)
        return rc;
    t->ns -= empty;
    result = strstr(out, "Result: ");
    if (!result)
        return err_set(err, VCP_EFORMAT, "%.300s: unexpected answer", command);
    t->checksum = (uint32_t)strtoll(result + 8, NULL, 10);
    return VCP_OK;
}

static int keep_best(struct timing *best, const struct timing *t, uint32_t want, const char *who,
                     struct err *err)
{
    if (t->checksum != want)
        return bench_wrong(err, who, NULL);
    if (!best->ns || t->ns < best->ns)
        *best = *t;
    return VCP_OK;
}

static int run_round(struct row *r, const struct bench *b, const struct kernel *k,
                     const struct bench_module *m, const char *path, struct err *err)
{
    uint32_t want = r->native.checksum;
    struct timing t = {0};
    int rc = kernel_run(&t, m->bytes, m->n_bytes, k->n, err);

    if (rc == VCP_OK)
        rc = keep_best(&r->metered, &t, want, k->name, err);
    if (rc == VCP_OK && b->o.unmetered &&
        (rc = run_unmetered(&t, b->o.unmetered, path, k->n, err)) == VCP_OK)
        rc = keep_best(&r->unmetered, &t, want, "unmetered engine", err);
    if (rc == VCP_OK && b->o.wasm3 && (rc = run_wasm3(&t, b->o.wasm3, path, k->n, err)) == VCP_OK)
        rc = keep_best(&r->wasm3, &t, want, "wasm3", err);
    return rc;
}

/* The module as a file, for the other engines. */
static int put_file(char *path, const struct bench_module *m, struct err *err)
{
    int fd = mkstemps(path, 5);

    if (fd < 0)
        return err_set(err, VCP_EIO, "%s: cannot be made", path);
    close(fd);
    return file_write_unsynced(path, m->bytes, m->n_bytes, 0600, err);
}

static int measure(struct row *r, const struct bench *b, const struct kernel *k, struct err *err)
{
    char path[] = "/tmp/ambient-bench-XXXXXX.wasm";
    const struct bench_module *m = bench_module_of(kernel_modules, k->name);
    bool others = b->o.unmetered || b->o.wasm3;
    int rc = VCP_OK;

    if (!m)
        return err_set(err, VCP_ENOTFOUND, "kernel %s was not compiled", k->name);
    r->native.ns = thread_cpu_ns();
    r->native.checksum = k->native(k->n);
    r->native.ns = thread_cpu_ns() - r->native.ns;
    if (others && (rc = put_file(path, m, err)) < 0)
        return rc;
    for (unsigned i = 0; rc == VCP_OK && i < b->o.n_rounds; i++)
        rc = run_round(r, b, k, m, path, err);
    if (others)
        unlink(path);
    return rc;
}

static double ratio(const struct timing *a, const struct timing *b)
{
    return (double)a->ns / (double)(b->ns > 0 ? b->ns : 1);
}

static int report(struct bench *b, const struct kernel *k, const struct row *r, struct means *m,
                  struct err *err)
{
    double ns = (double)r->metered.ns;
    struct bench_row row = {k->name, NULL, 1, 1, ns, ns, {{0}}};
    int n = 0;

    row.extra[n++] = (struct bench_extra){"native_x", ratio(&r->metered, &r->native)};
    row.extra[n++] = (struct bench_extra){"Ggas/s", (double)r->metered.gas / ns};
    if (b->o.unmetered)
        row.extra[n++] = (struct bench_extra){"metering_x", ratio(&r->metered, &r->unmetered)};
    if (b->o.wasm3)
        row.extra[n++] = (struct bench_extra){"wasm3_x", ratio(&r->wasm3, &r->metered)};
    m->native += log(ratio(&r->metered, &r->native));
    m->meter += b->o.unmetered ? log(ratio(&r->metered, &r->unmetered)) : 0;
    m->wasm3 += b->o.wasm3 ? log(ratio(&r->wasm3, &r->metered)) : 0;
    m->n++;
    return bench_report(b, &row, err);
}

static void put_means(const struct bench *b, const struct means *m)
{
    if (!b->out || m->n < 2)
        return;
    fprintf(b->out, "geometric means: native code is %.1f times faster", exp(m->native / m->n));
    if (b->o.unmetered)
        fprintf(b->out, "; metering costs %.1f %%", (exp(m->meter / m->n) - 1) * 100);
    if (b->o.wasm3)
        fprintf(b->out, "; %.2f times the speed of wasm3, which meters nothing",
                exp(m->wasm3 / m->n));
    fputc('\n', b->out);
}

int bench_wasm(struct bench *b, struct err *err)
{
    struct means means = {0};

    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        struct row r = {0};
        int rc;

        if (!bench_wants(b, kernels[i].name) && !bench_wants(b, kernels[i].group))
            continue;
        rc = measure(&r, b, &kernels[i], err);
        if (rc == VCP_OK)
            rc = report(b, &kernels[i], &r, &means, err);
        if (rc < 0)
            return err_prefix(err, "%s", kernels[i].name);
    }
    put_means(b, &means);
    return VCP_OK;
}
