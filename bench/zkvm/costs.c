/* What rows cost, and how fast they are traced.
 *
 *     zkvm_costs                          constraints of every chip
 *     zkvm_costs floats                   rows and constraints of every float instruction
 *     zkvm_costs mix MODULE ENTRY ARG ... the mix of such runs, for src/zkvm/typical.inc
 *     zkvm_costs MODULE ENTRY [ARG...]    one run: rows, constraints by chip, time of the trace */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "float_costs.h"
#include "zkvm/execution.h"

static void print_chips(void)
{
    struct catalog *chips = catalog_new();

    printf("%-32s %6s %8s %8s\n", "chip", "constr", "stage 1", "stage 2");
    for (uint32_t i = 0; i < CATALOG_CHIPS && chips; i++) {
        const struct chip *c;

        if (catalog_get(&c, chips, i, NULL) == VCP_OK)
            printf("%-32s %6u %8u %8u\n", c->name, c->n_constraints, c->n_stage1,
                   c->n_wires - c->n_stage1);
    }
    catalog_free(chips);
}

struct line {
    const struct chip *chip;
    uint64_t rows;
};

static int dearer_first(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    uint64_t cx = x->rows * x->chip->n_constraints, cy = y->rows * y->chip->n_constraints;

    return cx < cy ? 1 : cx > cy ? -1 : 0;
}

static void print_run(struct execution *e)
{
    static struct line lines[CATALOG_CHIPS];
    uint64_t total = 0, instructions = 0;
    uint32_t n = 0;

    for (uint32_t i = 0; i < CATALOG_CHIPS; i++) {
        const struct chip *c;

        if (!e->rows[i].n || catalog_get(&c, e->chips, i, NULL) < 0)
            continue;
        lines[n++] = (struct line){c, e->rows[i].n};
        total += e->rows[i].n * c->n_constraints;
        if (c->is_instruction)
            instructions += e->rows[i].n * c->n_constraints;
    }
    qsort(lines, n, sizeof *lines, dearer_first);
    for (uint32_t i = 0; i < n && i < 24; i++)
        printf("%-32s %10llu rows %5u constraints each %6.2f %%\n", lines[i].chip->name,
               (unsigned long long)lines[i].rows, lines[i].chip->n_constraints,
               100.0 * (double)(lines[i].rows * lines[i].chip->n_constraints) / (double)total);
    printf("%llu entries executed, gas %llu: %.2f constraints an entry, %.2f a unit of gas, with "
           "cells, code and tables %.2f an entry\n",
           (unsigned long long)e->n_rows, (unsigned long long)e->statement.gas_used,
           (double)instructions / (double)e->n_rows,
           (double)instructions / (double)e->statement.gas_used, (double)total / (double)e->n_rows);
    printf("traced at %.0f entries a second\n",
           (double)e->n_rows * 1e9 / (double)(e->trace_ns ? e->trace_ns : 1));
}

static int trace(struct execution **e, const char *path, const char *entry,
                 const char *const args[], size_t n_args, struct err *err)
{
    struct execution_request req = {.entry = entry, .args = args, .n_args = n_args};
    struct buf module;
    int rc;

    buf_init(&module, 0);
    rc = file_read(&module, path, 64u << 20, err);
    if (rc == VCP_OK)
        rc = run_limits_preset(&req.limits, "default", err);
    req.module = module.data;
    req.module_bytes = module.len;
    if (rc == VCP_OK)
        rc = execution_new(e, &req, err);
    if (rc == VCP_OK)
        rc = execution_trace(*e, 0, err);
    buf_release(&module);
    return rc;
}

/* Every run counts as much: its rows of each chip, of a million of its rows. */
static int add_to_mix(double mix[], const char *path, const char *entry, const char *arg,
                      struct err *err)
{
    struct execution *e = NULL;
    uint64_t all = 0;
    int rc = trace(&e, path, entry, &arg, 1, err);

    for (uint32_t i = 0; i < CATALOG_OTHER(OTHER_RANGE16) && rc == VCP_OK; i++)
        all += e->rows[i].n;
    for (uint32_t i = 0; i < CATALOG_OTHER(OTHER_RANGE16) && rc == VCP_OK; i++)
        mix[i] += 1e6 * (double)e->rows[i].n / (double)all;
    execution_free(e);
    return rc;
}

static int print_mix(int argc, char **argv, struct err *err)
{
    static double mix[CATALOG_CHIPS];
    struct catalog *chips = catalog_new();
    int rc = VCP_OK;

    for (int i = 0; i + 2 < argc && rc == VCP_OK; i += 3)
        rc = add_to_mix(mix, argv[i], argv[i + 1], argv[i + 2], err);
    for (uint32_t i = 0; i < CATALOG_CHIPS && chips && rc == VCP_OK; i++) {
        const struct chip *c;

        if (mix[i] > 0 && catalog_get(&c, chips, i, NULL) == VCP_OK)
            printf("{\"%s\", %.0f},\n", c->name, mix[i] + 1);
    }
    catalog_free(chips);
    return rc;
}

int main(int argc, char **argv)
{
    struct execution *e = NULL;
    struct err err = {0};
    int rc;

    if (argc == 2 && strcmp(argv[1], "floats") == 0) {
        rc = print_float_costs(&err);
        if (rc < 0)
            fprintf(stderr, "%s\n", err.msg);
        return rc == VCP_OK ? 0 : 1;
    }
    if (argc < 3) {
        print_chips();
        return 0;
    }
    if (strcmp(argv[1], "mix") == 0)
        rc = print_mix(argc - 2, argv + 2, &err);
    else if ((rc = trace(&e, argv[1], argv[2], (const char *const *)(argv + 3), (size_t)argc - 3,
                         &err)) == VCP_OK)
        print_run(e);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.msg);
    execution_free(e);
    return rc == VCP_OK ? 0 : 1;
}
