/* terms.h - the verifier's own terms of the balanced sum: tuples he sends and receives.
 *
 * Whoever knows the program (the side of segments and traces) emits them; whoever needs
 * them takes them: the verifier sums their shares, the mock prover adds them to its
 * multiset, a dump prints them.  They must follow from the statement, its lists and the
 * module alone, so that nothing here is the prover's. */
#ifndef ZKVM_TERMS_H
#define ZKVM_TERMS_H

#include <stdio.h>

#include "base/err.h"
#include "zkvm/bus.h"
#include "zkvm/statement.h"

struct terms_sink {
    /* Returns < 0 to stop the emission. */
    int (*put)(void *arg, const struct bus_tuple *t, struct err *err);
    void *arg;
};

struct terms_source {
    /* Calls sink->put for every term.  Must first refuse (VCP_EVERIFY with a sentence) a
     * statement that is not of this program, an end that no run has, lists out of range. */
    int (*emit)(void *arg, const struct statement *s, const struct statement_lists *lists,
                const struct terms_sink *sink, struct err *err);
    void *arg;
};

/* Sum of all shares at the challenges, with one inversion for many.  VCP_ELIMIT over
 * ZKVM_TERMS_MAX terms; VCP_EVERIFY when a denominator is zero (chance below 2^-200).
 * n_terms may be NULL. */
int terms_sum(fr *out, uint64_t *n_terms, const struct terms_source *source,
              const struct statement *s, const struct statement_lists *lists,
              const fr challenges[BUS_CHALLENGES], struct err *err);

/* One line of text a term, for verifiers that share no code with this one:
 * "KIND count comp,comp,... value,value,..." in decimal modulo r, "-" for none. */
int terms_dump(FILE *out, const struct terms_source *source, const struct statement *s,
               const struct statement_lists *lists, struct err *err);

#endif
