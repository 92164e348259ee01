/* report.c - the table and the JSON of a benchmark, its memory and its clock. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/threads.h"
#include "bench/bench.h"

const struct bench_options bench_options_bn254 = {
    .n_threads = 1, .log_n_min = 10, .log_n_max = 20, .level = -1, .n_rounds = 5};
const struct bench_options bench_options_groth16 = {
    .log_n_min = 14, .log_n_max = 14, .level = -1, .n_rounds = 3, .folder = "/tmp"};
const struct bench_options bench_options_wasm = {.level = -1, .n_rounds = 5};
const struct bench_options bench_options_zkvm = {
    .log_n_min = 18, .log_n_max = 18, .level = -1, .n_rounds = 1, .folder = "/tmp"};

int bench_init(struct bench *b, const char *area, const struct bench_options *o, FILE *out,
               struct err *err)
{
    *b = (struct bench){.o = *o, .area = area, .out = out, .rows = json_array()};
    return b->rows ? VCP_OK : bench_out_of_memory(err);
}

void bench_release(struct bench *b)
{
    bench_memory_back(b, 0);
    json_decref(b->rows);
    b->rows = NULL;
}

void *bench_memory(struct bench *b, size_t n_bytes)
{
    void *p;

    if (b->n_blocks == BENCH_BLOCKS || n_bytes > SIZE_MAX / 2)
        return NULL;
    p = aligned_alloc(64, (n_bytes + 127) & ~(size_t)63);
    if (p)
        b->blocks[b->n_blocks++] = p;
    return p;
}

unsigned bench_mark(const struct bench *b)
{
    return b->n_blocks;
}

void bench_memory_back(struct bench *b, unsigned mark)
{
    while (b->n_blocks > mark)
        free(b->blocks[--b->n_blocks]);
}

unsigned bench_next_size(const struct bench *b, unsigned log_n)
{
    return log_n + 1 == b->o.log_n_max ? log_n + 1 : log_n + 2;
}

bool bench_wants(const struct bench *b, const char *what)
{
    return !b->o.only || strncmp(what, b->o.only, strlen(b->o.only)) == 0;
}

int64_t bench_process_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct bench_time bench_best_of(void (*run)(void *), void *arg, unsigned times, unsigned n_threads)
{
    struct bench_time best = {1e300, 1e300};

    for (unsigned i = 0; i < times; i++) {
        int64_t wall = clock_mono_ns(), cpu = bench_process_cpu_ns();

        run(arg);
        cpu = bench_process_cpu_ns() - cpu;
        wall = clock_mono_ns() - wall;
        if ((double)wall < best.wall_ns)
            best.wall_ns = (double)wall;
        if ((double)cpu / n_threads < best.cpu_ns)
            best.cpu_ns = (double)cpu / n_threads;
    }
    return best;
}

const struct bench_module *bench_module_of(const struct bench_module table[], const char *name)
{
    for (const struct bench_module *m = table; m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

int bench_out_of_memory(struct err *err)
{
    return err_set(err, VCP_ENOMEM, "not enough memory for this benchmark");
}

int bench_wrong(struct err *err, const char *what, const char *level)
{
    return err_set(err, VCP_EVERIFY, "wrong result: %s%s%s", what, level ? " at level " : "",
                   level ? level : "");
}

/* Three digits and a unit that suits. */
static void put_time(FILE *out, double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s "};
    int u = 0;

    while (ns >= 1000 && u < 3) {
        ns /= 1000;
        u++;
    }
    fprintf(out, "  %8.*f %s", ns < 10 ? 3 : ns < 100 ? 2 : 1, ns, units[u]);
}

static void put_size(FILE *out, uint64_t n)
{
    char text[24];

    if (n >= 16 && (n & (n - 1)) == 0)
        snprintf(text, sizeof text, "2^%d", __builtin_ctzll(n));
    else
        snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    fprintf(out, " %10s", text);
}

static void put_row(struct bench *b, const struct bench_row *r)
{
    if (!b->has_head)
        fprintf(b->out, "%-16s %-5s %10s %7s  %11s  %11s  %11s\n", "measurement", "level", "n",
                "threads", "time", "processor", "each");
    b->has_head = true;
    fprintf(b->out, "%-16s %-5s", r->what, r->level ? r->level : "-");
    put_size(b->out, r->n);
    fprintf(b->out, " %7u", r->n_threads);
    put_time(b->out, r->wall_ns);
    put_time(b->out, r->cpu_ns);
    put_time(b->out, r->wall_ns / (double)(r->n ? r->n : 1));
    for (int i = 0; i < BENCH_EXTRAS && r->extra[i].name; i++)
        fprintf(b->out, "  %s %.*f", r->extra[i].name, r->extra[i].value < 100 ? 2 : 0,
                r->extra[i].value);
    fputc('\n', b->out);
    fflush(b->out);
}

int bench_report(struct bench *b, const struct bench_row *r, struct err *err)
{
    json_t *j = json_pack("{s:s, s:s?, s:I, s:i, s:f, s:f}", "measurement", r->what, "level",
                          r->level, "n", (json_int_t)r->n, "threads", (int)r->n_threads, "wall_ns",
                          r->wall_ns, "processor_ns", r->cpu_ns);

    for (int i = 0; j && i < BENCH_EXTRAS && r->extra[i].name; i++)
        json_object_set_new(j, r->extra[i].name, json_real(r->extra[i].value));
    if (json_array_append_new(b->rows, j) < 0)
        return bench_out_of_memory(err);
    if (b->out)
        put_row(b, r);
    return VCP_OK;
}

/* "model name : X" of the first processor; empty where /proc says nothing. */
static void processor_name(char *out, size_t out_bytes)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256], *colon;

    out[0] = '\0';
    while (f && !out[0] && fgets(line, sizeof line, f))
        if (strncmp(line, "model name", 10) == 0 && (colon = strchr(line, ':')) != NULL) {
            colon[strcspn(colon, "\n")] = '\0';
            snprintf(out, out_bytes, "%s", colon + 1 + strspn(colon + 1, " "));
        }
    if (f)
        fclose(f);
}

json_t *bench_json(const struct bench *b)
{
    char cpu[256];

    processor_name(cpu, sizeof cpu);
    return json_pack("{s:s, s:s, s:s, s:i, s:O}", "benchmark", b->area, "version", VCP_VERSION,
                     "processor", cpu, "cpus", (int)threads_cpus(), "rows", b->rows);
}
