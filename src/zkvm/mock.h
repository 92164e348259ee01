/* mock.h - a prover without proofs: every constraint of every row, and both forms of the
 * balance.
 *
 * The exact one counts whole tuples; the field's is the sum a proof would check, at random
 * challenges.  They must agree: a witness that balances in the field and not exactly is a
 * packing bug, and is reported as such. */
#ifndef ZKVM_MOCK_H
#define ZKVM_MOCK_H

#include "zkvm/terms.h"
#include "zkvm/trace.h"

/* Fills the stage-2 wires from stage 1. */
void mock_stage2(const struct chip *c, fr wires[], const uint64_t row[CHIP_ROW_CONSTANTS],
                 const fr challenges[BUS_CHALLENGES]);
/* First constraint that the row breaks, or n_constraints. */
uint32_t mock_constraint(const struct chip *c, const fr wires[],
                         const uint64_t row[CHIP_ROW_CONSTANTS],
                         const fr challenges[BUS_CHALLENGES]);
/* The row's part of the sum. */
void mock_share(fr *out, const struct chip *c, const fr wires[], const fr challenges[]);

struct mock;

struct mock *mock_new(void); /* NULL when memory is short */
void mock_free(struct mock *m);
struct trace_sink mock_sink(struct mock *m);
/* Adds a row of all n_stage1 values as field elements: what mutation tests use.  A broken
 * constraint is VCP_EVERIFY. */
int mock_row(struct mock *m, const struct chip *c, uint32_t index, const fr stage1[],
             struct err *err);
int mock_tuple(struct mock *m, const struct bus_tuple *t, struct err *err);
int mock_terms(struct mock *m, const struct terms_source *source, const struct statement *s,
               const struct statement_lists *lists, struct err *err);

struct mock_verdict {
    bool exact, field;
    uint64_t n_unbalanced;       /* distinct tuples */
    unsigned by_kind[BUS_KINDS]; /* of those */
};
/* VCP_OK when both balance; else VCP_EVERIFY with the kinds that do not. */
int mock_check(struct mock *m, struct mock_verdict *out, struct err *err);

#endif
