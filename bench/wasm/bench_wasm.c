/* The interpreter on kernels in C compiled for wasm32, next to native code and, if wanted,
 * wasm3: `bench_wasm KERNELS_DIR [--wasm3 PATH] [--rounds N] [--only NAME]`.
 *
 * Times are processor time of the thread or process, so a busy machine disturbs less.
 * Every result is held against the native one before a time is printed.  Engines take
 * turns round by round and the best round counts.  "unmetered" is this engine built
 * without gas, a sibling program that exists for this table only.
 *
 * `bench_wasm --time FILE N` runs one kernel: nanoseconds, checksum, gas. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/file.h"
#include "kernels.h"
#include "wasm/instance.h"

#define FILE_BYTES_MAX (16u << 20)

struct timing {
    int64_t ns;
    uint32_t checksum;
    uint64_t gas;
};

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

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_wasm: %s: %s\n", what, why);
    exit(1);
}

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t children_cpu_ns(void)
{
    struct rusage u;

    getrusage(RUSAGE_CHILDREN, &u);
    return ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000 +
           ((int64_t)u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

static struct timing time_here(const char *path, unsigned n)
{
    struct run_limits limits;
    struct buf bytes = {0};
    struct code *code = NULL;
    struct store *store;
    struct instance *inst;
    struct outcome o = {0};
    struct wasm_value arg = {VAL_I32, n}, result;
    struct timing t;
    struct err err;

    if (file_read(&bytes, path, FILE_BYTES_MAX, &err) < 0 ||
        run_limits_preset(&limits, "relaxed", &err) < 0 ||
        code_load(&code, bytes.data, bytes.len, NULL, &err) < 0)
        die(path, err.msg);
    store = store_new(&limits, NULL);
    if (!store || instance_new(&inst, store, code, &o, &err) < 0)
        die(path, store ? err.msg : "out of memory");
    t.ns = cpu_ns();
    if (func_call(store, instance_func(inst, "run", 3), &arg, 1, &result, &o, &err) < 0)
        die(path, err.msg);
    t.ns = cpu_ns() - t.ns;
    if (o.status != RUN_OK)
        die(path, o.message);
    t.checksum = (uint32_t)result.bits;
    t.gas = store_gas_used(store);
    store_delete(store);
    code_free(code);
    buf_release(&bytes);
    return t;
}

/* Runs a command line and returns its output and the time it took. */
static int64_t run_command(const char *command, char *out, size_t out_bytes)
{
    int64_t start = children_cpu_ns();
    FILE *p = popen(command, "r");
    size_t n;

    if (!p)
        die(command, "cannot start");
    n = fread(out, 1, out_bytes - 1, p);
    out[n] = '\0';
    if (pclose(p) != 0)
        die(command, "failed");
    return children_cpu_ns() - start;
}

static struct timing time_unmetered(const char *self, const char *path, unsigned n)
{
    char command[1024], out[256];
    struct timing t = {0};

    snprintf(command, sizeof command, "%s_unmetered --time %s %u", self, path, n);
    run_command(command, out, sizeof out);
    if (sscanf(out, "%" SCNd64 " %" SCNu32, &t.ns, &t.checksum) != 2)
        die(command, out);
    return t;
}

/* Without the process's start, which a run of size 0 measures. */
static struct timing time_wasm3(const char *wasm3, const char *path, unsigned n)
{
    char command[1024], out[256], *result;
    struct timing t = {0};
    int64_t empty;

    snprintf(command, sizeof command, "%s --func run %s 0 2>&1", wasm3, path);
    empty = run_command(command, out, sizeof out);
    snprintf(command, sizeof command, "%s --func run %s %u 2>&1", wasm3, path, n);
    t.ns = run_command(command, out, sizeof out) - empty;
    result = strstr(out, "Result: ");
    if (!result)
        die(command, out);
    t.checksum = (uint32_t)strtoll(result + 8, NULL, 10);
    return t;
}

static void keep_best(struct timing *best, struct timing t, uint32_t want, const char *who)
{
    if (t.checksum != want)
        die(who, "wrong checksum");
    if (!best->ns || t.ns < best->ns)
        *best = t;
}

struct options {
    const char *self, *dir, *wasm3, *only;
    int rounds;
};

struct row {
    struct timing native, metered, unmetered, wasm3;
};

static struct row measure(const struct options *o, const struct kernel *k)
{
    struct row r = {0};
    char path[512];

    snprintf(path, sizeof path, "%s/%s.wasm", o->dir, k->name);
    r.native.ns = cpu_ns();
    r.native.checksum = k->native(k->n);
    r.native.ns = cpu_ns() - r.native.ns;
    for (int i = 0; i < o->rounds; i++) {
        keep_best(&r.metered, time_here(path, k->n), r.native.checksum, k->name);
        keep_best(&r.unmetered, time_unmetered(o->self, path, k->n), r.native.checksum, k->name);
        if (o->wasm3)
            keep_best(&r.wasm3, time_wasm3(o->wasm3, path, k->n), r.native.checksum, "wasm3");
    }
    return r;
}

static void print_row(const struct options *o, const struct kernel *k, const struct row *r)
{
    double ms = (double)r->metered.ns / 1e6;

    printf("%-11s %-8s %9.1f %9.1f %8.3f %8.1f %8.2f", k->name, k->group, ms,
           (double)r->unmetered.ns / 1e6, (double)r->metered.ns / (double)r->unmetered.ns,
           (double)r->metered.ns / (double)r->native.ns,
           (double)r->metered.gas / ((double)r->metered.ns / 1e9) / 1e9);
    if (o->wasm3)
        printf(" %9.1f %8.2f", (double)r->wasm3.ns / 1e6,
               (double)r->wasm3.ns / (double)r->metered.ns);
    putchar('\n');
    fflush(stdout);
}

static int table(const struct options *o)
{
    double log_meter = 0, log_wasm3 = 0, log_native = 0;
    unsigned n = 0;

    printf("%-11s %-8s %9s %9s %8s %8s %8s", "kernel", "group", "ms", "unmetered", "metering",
           "native x", "Ggas/s");
    printf(o->wasm3 ? " %9s %8s\n" : "\n", "wasm3 ms", "speedup");
    for (unsigned i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        struct row r;

        if (o->only && strcmp(o->only, kernels[i].name) != 0)
            continue;
        r = measure(o, &kernels[i]);
        print_row(o, &kernels[i], &r);
        log_meter += log((double)r.metered.ns / (double)r.unmetered.ns);
        log_native += log((double)r.metered.ns / (double)r.native.ns);
        if (o->wasm3)
            log_wasm3 += log((double)r.wasm3.ns / (double)r.metered.ns);
        n++;
    }
    if (n)
        printf("geometric mean: metering costs %.1f %%, native is %.1f times faster\n",
               (exp(log_meter / n) - 1) * 100, exp(log_native / n));
    if (n && o->wasm3)
        printf("geometric mean: %.2f times the speed of wasm3, which meters nothing\n",
               exp(log_wasm3 / n));
    return n ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options o = {.self = argv[0], .rounds = 5};

    if (argc == 4 && strcmp(argv[1], "--time") == 0) {
        struct timing t = time_here(argv[2], (unsigned)strtoul(argv[3], NULL, 0));

        printf("%" PRId64 " %" PRIu32 " %" PRIu64 "\n", t.ns, t.checksum, t.gas);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--wasm3") == 0 && i + 1 < argc)
            o.wasm3 = argv[++i];
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            o.rounds = atoi(argv[++i]);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            o.only = argv[++i];
        else
            o.dir = argv[i];
    }
    if (!o.dir || o.rounds < 1) {
        fprintf(stderr, "usage: bench_wasm KERNELS_DIR [--wasm3 PATH] [--rounds N] [--only NAME]\n"
                        "       bench_wasm --time FILE N\n");
        return 2;
    }
    return table(&o);
}
