/* world.h - what a WASI program finds around it, and what it must leave, as the verifier
 * knows it: first values of state cells, tapes it may read, words it must have written.
 *
 * All of it follows from the statement and the streams behind its digests; random numbers
 * and the time from the seed.  The prover only says (in the lists) how far the run read each
 * tape, so that no more of it is sent, and when the state cells of the two outputs were last
 * touched, so that the verifier can receive what they end with: the bytes written, and the
 * last word as far as it goes.
 *
 * A tape is a row of 32-bit words; bytes stand in them little-endian.  All six share the
 * tape TAPE_WORLD of bus.h, tape t from word t << WORLD_TAPE_BITS on. */
#ifndef ZKVM_WORLD_H
#define ZKVM_WORLD_H

#include "base/rng.h"
#include "zkvm/streams.h"
#include "zkvm/terms.h"

/* In the order of runtime/wasi.h. */
enum world_tape {
    WORLD_INPUT,
    WORLD_ARGS,    /* the strings, each with its NUL */
    WORLD_ARGS_AT, /* where each begins, and where the last one ends */
    WORLD_ENV,
    WORLD_ENV_AT,
    WORLD_RANDOM, /* two words a draw, the lower first */
};

#define WORLD_TAPE_BITS   29u
#define WORLD_ERROR_WORDS (1u << 31) /* number of the first word of error output */

struct world {
    struct streams streams;        /* the caller's bytes */
    struct buf text[WORLD_TAPES];  /* of the tapes made here: all but the input */
    uint64_t first[SPECIAL_CELLS]; /* values of special cells; 0 for those not of WASI */
    struct prng random;
    bool failed; /* memory for random words was short */
};

/* The streams must be the statement's (streams_check) and outlive the world.  VCP_EVERIFY
 * when they cannot be those of a run, VCP_ELIMIT for more input than a tape holds. */
int world_init(struct world *w, const struct statement *s, const struct streams *streams,
               bool has_memory, struct err *err);
void world_release(struct world *w);

/* Word `index` of TAPE_WORLD; false beyond the end of its tape. */
bool world_word(uint32_t *out, struct world *w, uint32_t index);

/* The terms of words read, words written, and the outputs' last cells. */
int world_emit(struct world *w, const struct statement_lists *lists, const struct terms_sink *sink,
               struct err *err);

#endif
