/* What rows cost, and how fast they are traced.
 *
 *     zkvm_costs                          constraints of every chip
 *     zkvm_costs floats                   rows and constraints of every float instruction
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

int main(int argc, char **argv)
{
    struct execution_request req = {0};
    struct execution *e = NULL;
    struct buf module;
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
    buf_init(&module, 0);
    rc = file_read(&module, argv[1], 64u << 20, &err);
    if (rc == VCP_OK)
        rc = run_limits_preset(&req.limits, "default", &err);
    req.module = module.data;
    req.module_bytes = module.len;
    req.entry = argv[2];
    req.args = (const char *const *)(argv + 3);
    req.n_args = (size_t)argc - 3;
    if (rc == VCP_OK)
        rc = execution_new(&e, &req, &err);
    if (rc == VCP_OK)
        rc = execution_trace(e, 0, &err);
    if (rc == VCP_OK)
        print_run(e);
    else
        fprintf(stderr, "%s\n", err.msg);
    execution_free(e);
    buf_release(&module);
    return rc == VCP_OK ? 0 : 1;
}
