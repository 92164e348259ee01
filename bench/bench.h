/* bench.h - what a benchmark is given, and how it reports.
 *
 * bench/<area> is a small static library with one entry function, which the program
 * bench_<area> and `ambient bench <area>` share.  A benchmark holds its result against
 * another computation before it reports a time; a difference is VCP_EVERIFY and ends it.
 * Times are the best of several runs: wall clock, and processor time over threads, which
 * a busy machine disturbs less. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"

enum { BENCH_EXTRAS = 10, BENCH_BLOCKS = 64, BENCH_ROUNDS_MAX = 99 };

struct bench_options {
    const char *only;              /* measurements whose name begins so; NULL: all */
    unsigned n_threads;            /* 0: one for each CPU */
    unsigned log_n_min, log_n_max; /* sizes 2^min .. 2^max */
    int level;                     /* an enum bn254_level; -1: each one this machine has */
    unsigned n_rounds;             /* runs of which the best counts */
    const char *folder;            /* where keys are kept between runs */
    bool trust_key;                /* leave out the check of a key's points */
    bool dense;                    /* the circuit without points at infinity */
    bool witness;                  /* write the witness beside the key */
    const char *wasm3, *unmetered; /* programs to compare with; NULL: none */
};

/* sizes of whole benchmarks, all else 0 */
extern const struct bench_options bench_options_bn254, bench_options_groth16, bench_options_wasm,
    bench_options_zkvm;

struct bench {
    struct bench_options o;
    const char *area;
    FILE *out; /* the table, row by row; NULL: none */
    json_t *rows;
    bool has_head;
    void *blocks[BENCH_BLOCKS];
    unsigned n_blocks;
};

struct bench_extra {
    const char *name; /* ends with its unit, or is a ratio */
    double value;
};

struct bench_row {
    const char *what, *level; /* level: NULL where there is none */
    uint64_t n;               /* what the time is for: operations, points, rows */
    unsigned n_threads;
    double wall_ns, cpu_ns;                 /* cpu_ns: per thread */
    struct bench_extra extra[BENCH_EXTRAS]; /* ends at the first without a name */
};

/* A module that embed.cmake put into the program; the last of a table has no name. */
struct bench_module {
    const char *name;
    const unsigned char *bytes;
    size_t n_bytes;
};

/* The one of that name, or NULL. */
const struct bench_module *bench_module_of(const struct bench_module table[], const char *name);

int bench_init(struct bench *b, const char *area, const struct bench_options *o, FILE *out,
               struct err *err);
void bench_release(struct bench *b);

/* 64-byte aligned memory that lives until bench_memory_back(b, mark) or bench_release. */
void *bench_memory(struct bench *b, size_t n_bytes);
unsigned bench_mark(const struct bench *b);
void bench_memory_back(struct bench *b, unsigned mark);

/* Sizes go in steps of 4x, and the largest is always among them. */
unsigned bench_next_size(const struct bench *b, unsigned log_n);

/* Is the measurement asked for? */
bool bench_wants(const struct bench *b, const char *what);

struct bench_time {
    double wall_ns, cpu_ns;
};

/* The best of `times` runs of run(arg); processor time is divided by n_threads. */
struct bench_time bench_best_of(void (*run)(void *), void *arg, unsigned times, unsigned n_threads);
int64_t bench_process_cpu_ns(void);

int bench_report(struct bench *b, const struct bench_row *row, struct err *err);
int bench_out_of_memory(struct err *err);
int bench_wrong(struct err *err, const char *what, const char *level);

/* {"benchmark", "version", "processor", "cpus", "rows"}: what --json prints; a new reference. */
json_t *bench_json(const struct bench *b);

/* The areas.  Those with modules are VCP_EUNSUPPORTED in a build without clang for wasm32. */
int bench_bn254(struct bench *b, struct err *err);
int bench_groth16(struct bench *b, struct err *err);
int bench_wasm(struct bench *b, struct err *err);
int bench_zkvm(struct bench *b, struct err *err);

#endif
