/* play.h - a run's rows kept, so that a forger can change them before they are checked. */
#ifndef TESTS_ZKVM_PLAY_H
#define TESTS_ZKVM_PLAY_H

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "test.h"
#include "zkvm/mock.h"

struct play_row {
    const struct chip *chip;
    uint32_t index;
    fr wires[BUILD_WIRES_MAX];
};

struct play {
    struct statement s;
    struct program *p; /* the prover's */
    struct trace_end end;
    struct play_row *rows;
    uint32_t n, cap;
};

static inline int play_keep(void *arg, uint32_t number, const struct chip *chip, uint32_t index,
                            const uint64_t *wires, struct err *err)
{
    struct play *y = arg;

    (void)number;
    (void)err;
    if (y->n == y->cap) {
        y->cap = y->cap ? 2 * y->cap : 1024;
        y->rows = realloc(y->rows, y->cap * sizeof *y->rows);
        assert_non_null(y->rows);
    }
    y->rows[y->n] = (struct play_row){.chip = chip, .index = index};
    for (uint32_t i = 0; i < chip->n_stage1; i++)
        fr_from_u64(&y->rows[y->n].wires[i], wires[i]);
    y->n++;
    return VCP_OK;
}

/* A statement of one call: with results it ends well, without by a trap.  What the trace says of
 * its end and gas becomes the statement's. */
static inline void play_open(struct play *y, const struct code *code, const char *entry,
                             const uint64_t args[], uint32_t n_args, const uint64_t results[],
                             uint32_t n_results)
{
    struct err e = {0};

    *y = (struct play){.n = 0};
    statement_init(&y->s);
    sha3_256(y->s.module, code->module->bytes, code->module->n_bytes);
    strcpy(y->s.entry, entry);
    y->s.n_args = n_args;
    y->s.n_results = n_results;
    y->s.status = n_results ? RUN_OK : RUN_TRAP;
    for (uint32_t i = 0; i < n_args; i++)
        y->s.args[i] = args[i];
    for (uint32_t i = 0; i < n_results; i++)
        y->s.results[i] = results[i];
    y->s.gas_max = 100000;
    y->s.memory_bytes_max = 1 << 24;
    y->s.call_depth_max = 100;
    y->s.stack_slots_max = 1000;
    assert_ok(program_new(&y->p, code, &y->s, NULL, &e), e);
}

/* The same for a run that is known: the claim is *s, and the prover's program, which a forger may
 * make of another claim or other streams, that of prover_s. */
static inline void play_open_run(struct play *y, const struct code *code, const struct statement *s,
                                 const struct statement *prover_s,
                                 const struct streams *prover_streams)
{
    struct err e = {0};

    *y = (struct play){.s = *s};
    assert_ok(program_new(&y->p, code, prover_s, prover_streams, &e), e);
}

static inline int play_trace(struct play *y, struct catalog *chips, struct err *err)
{
    struct trace_sink sink = {play_keep, y};
    int rc = trace_run(&y->end, y->p, chips, y->s.gas_max, 100000, &sink, err);

    if (rc < 0)
        return rc;
    y->s.status = (uint8_t)y->end.status;
    y->s.trap = (uint8_t)y->end.trap;
    y->s.gas_used = y->end.gas;
    return VCP_OK;
}

/* The rows as they are now against the terms of a program for y's statement. */
static inline int play_check(const struct play *y, struct program *verifiers, struct err *err)
{
    struct mock *mock = mock_new();
    struct terms_source terms = program_terms(verifiers);
    int rc = VCP_OK;

    for (uint32_t i = 0; i < y->n && rc == VCP_OK; i++)
        rc = mock_row(mock, y->rows[i].chip, y->rows[i].index, y->rows[i].wires, err);
    if (rc == VCP_OK)
        rc = mock_terms(mock, &terms, &y->s, &y->end.lists, err);
    if (rc == VCP_OK)
        rc = mock_check(mock, NULL, err);
    mock_free(mock);
    return rc;
}

/* A number of the field as the integer nearest to 0 that it is. */
static inline wide play_integer(const fr *x)
{
    fr minus;
    fr_bits b;

    fr_neg(&minus, x);
    fr_to_bits(&b, &minus);
    if (!(b.l[1] | b.l[2] | b.l[3]))
        return -(wide)b.l[0];
    fr_to_bits(&b, x);
    assert_true(!(b.l[2] | b.l[3]) && b.l[1] < 1u << 30);
    return (wide)b.l[1] << 64 | (wide)b.l[0];
}

static inline bool play_is_of_hints(const struct lc *x)
{
    for (uint32_t i = 0; i < x->n; i++)
        if (x->terms[i].wire <= CHIP_HINT(0))
            return true;
    return false;
}

/* Limbs of what the forger changed, as an honest row would have them: what cannot be made good
 * this way is then refused for what it is. */
static inline void play_refit_row(struct play_row *row)
{
    for (uint32_t i = 0; i < row->chip->n_stage1; i++) {
        const struct chip_wire *w = &row->chip->wires[i];
        fr x;

        if (w->op != RECIPE_BITS || w->y.n || play_is_of_hints(&w->x))
            continue;
        lc_field(&x, &w->x, row->wires, NULL, NULL);
        fr_from_u64(&row->wires[i],
                    (uint64_t)(play_integer(&x) >> w->shift) & (((uint64_t)1 << w->bits) - 1));
    }
}

/* The range tables, sent as often as the rows now look them up. */
static inline void play_recount(struct play *y, struct catalog *chips, enum chip_other table,
                                enum bus_kind kind, uint64_t n_values)
{
    uint64_t *counts = calloc(n_values, sizeof *counts);
    const struct chip *chip;
    struct err e = {0};
    uint32_t kept = 0;

    assert_ok(catalog_get(&chip, chips, CATALOG_OTHER(table), &e), e);
    for (uint32_t i = 0; i < y->n; i++) {
        const struct play_row *row = &y->rows[i];

        for (uint32_t k = 0; k < row->chip->n_tuples; k++) {
            const struct chip_tuple *t = &row->chip->tuples[k];
            fr x, on;
            fr_bits b;

            if (t->kind != kind || t->sign > 0)
                continue;
            lc_field(&on, &t->count, row->wires, NULL, NULL);
            lc_field(&x, &t->comps[0], row->wires, NULL, NULL);
            fr_to_bits(&b, &x);
            if (!fr_is_zero(&on) && !(b.l[1] | b.l[2] | b.l[3]) && b.l[0] < n_values)
                counts[b.l[0]]++;
        }
    }
    for (uint32_t i = 0; i < y->n; i++)
        if (y->rows[i].chip != chip)
            y->rows[kept++] = y->rows[i];
    y->n = kept;
    for (uint32_t i = 0; i < n_values; i++)
        if (counts[i])
            play_keep(y, 0, chip, i, &counts[i], &e);
    free(counts);
}

static inline void play_refit(struct play *y, struct catalog *chips)
{
    for (uint32_t i = 0; i < y->n; i++)
        if (!y->rows[i].chip->constants)
            play_refit_row(&y->rows[i]);
    play_recount(y, chips, OTHER_RANGE16, BUS_RANGE16, 65536);
    play_recount(y, chips, OTHER_RANGE8, BUS_RANGE8, 256);
}

static inline void play_release(struct play *y)
{
    program_free(y->p);
    free(y->rows);
    *y = (struct play){.n = 0};
}

/* The nth row of the chip of that name. */
static inline struct play_row *play_row(struct play *y, const char *chip, unsigned nth)
{
    for (uint32_t i = 0; i < y->n; i++)
        if (strcmp(y->rows[i].chip->name, chip) == 0 && nth-- == 0)
            return &y->rows[i];
    fail_msg("the run has no row of chip %s", chip);
    return NULL;
}

/* The nth wire of that name. */
static inline fr *play_wire(struct play_row *row, const char *name, unsigned nth)
{
    for (uint32_t i = 0; i < row->chip->n_stage1; i++)
        if (strcmp(row->chip->wires[i].name, name) == 0 && nth-- == 0)
            return &row->wires[i];
    fail_msg("chip %s has no wire %s", row->chip->name, name);
    return NULL;
}

#endif
