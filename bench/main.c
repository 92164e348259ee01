/* main.c - the program around one benchmark: bench_bn254, bench_groth16, bench_wasm.
 *
 *   bench_AREA [-t THREADS] [-m LOG2_MIN] [-n LOG2_MAX] [-l c|adx|ifma] [-r ROUNDS]
 *              [-o ONLY] [-d FOLDER] [-k] [-D] [-W] [-w WASM3] [-j]
 *
 * -k trusts a proving key's points, -D takes the dense circuit, -W writes its witness beside
 * the key, -j prints JSON.  `ambient bench` has the same under
 * names that explain themselves. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bn254/cpu.h"

#define CAT2(a, b) a##b
#define CAT(a, b)  CAT2(a, b)
#define STR2(a)    #a
#define STR(a)     STR2(a)

static int level_of(const char *name)
{
    for (int l = BN254_C; l <= BN254_IFMA; l++)
        if (strcasecmp(name, bn254_level_name((enum bn254_level)l)) == 0)
            return l;
    return -2;
}

static bool set(struct bench_options *o, int c, const char *value)
{
    switch (c) {
    case 't': o->n_threads = (unsigned)atoi(value); break;
    case 'm': o->log_n_min = (unsigned)atoi(value); break;
    case 'n': o->log_n_max = (unsigned)atoi(value); break;
    case 'l': o->level = level_of(value); break;
    case 'r': o->n_rounds = (unsigned)atoi(value); break;
    case 'o': o->only = value; break;
    case 'd': o->folder = value; break;
    case 'k': o->trust_key = true; break;
    case 'D': o->dense = true; break;
    case 'W': o->witness = true; break;
    case 'w': o->wasm3 = value; break;
    default: return false;
    }
    return o->level >= -1 && o->log_n_max <= 24 && o->n_rounds >= 1 &&
           o->n_rounds <= BENCH_ROUNDS_MAX && o->n_threads <= 1024;
}

int main(int argc, char **argv)
{
    struct bench_options o = CAT(bench_options_, BENCH_AREA);
    struct bench b;
    struct err err;
    bool json = false;
    int c, rc;

#ifdef BENCH_UNMETERED
    o.unmetered = BENCH_UNMETERED;
#endif
    while ((c = getopt(argc, argv, "t:m:n:l:r:o:d:kDWw:j")) != -1) {
        if (c == 'j')
            json = true;
        else if (!set(&o, c, optarg))
            return 2;
    }
    if (o.log_n_min > o.log_n_max)
        o.log_n_min = o.log_n_max;
    rc = bench_init(&b, STR(BENCH_AREA), &o, json ? NULL : stdout, &err);
    if (rc == VCP_OK)
        rc = CAT(bench_, BENCH_AREA)(&b, &err);
    if (rc < 0) {
        fprintf(stderr, "bench_%s: %s\n", b.area, err.msg);
    } else if (json) {
        json_t *rows = bench_json(&b);

        rc = rows && json_dumpf(rows, stdout, JSON_INDENT(2)) == 0 ? VCP_OK : VCP_ENOMEM;
        json_decref(rows);
    }
    bench_release(&b);
    return rc < 0;
}
