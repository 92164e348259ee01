/* statement.h - what a receipt claims, and the lists that go with it, in canonical bytes.
 *
 * The statement is the whole claim: this module, entered here with these arguments and
 * limits, ended so, with these results and this gas.  Its SHA3-256 is the identity of a
 * receipt (proofs can be re-randomised; statements cannot).  The lists are what the prover
 * adds so that the verifier can form his own terms of the bus; they are hashed into the
 * challenge, not into the identity. */
#ifndef ZKVM_STATEMENT_H
#define ZKVM_STATEMENT_H

#include "base/buf.h"
#include "base/err.h"
#include "wasm/limits.h"
#include "wasm/run.h"

#define STATEMENT_VERSION 2
#define STATEMENT_CLOCK_MAX                                                                        \
    ((uint64_t)1 << 44)           /* rows of a run: clocks cannot wrap in the field                \
                                   */
#define STATEMENT_VALUES_MAX  16u /* arguments, and results */
#define STATEMENT_ENTRY_BYTES 256u
#define WORLD_TAPES           6u

struct statement_stream {
    uint8_t sha3[32];
    uint64_t bytes;
};

struct statement {
    uint8_t module[32];  /* SHA3-256 of its bytes */
    uint8_t context[32]; /* SHA3-256 of what binds the run to a task and a node; may be 0 */
    char entry[STATEMENT_ENTRY_BYTES]; /* "" is the command's _start */
    uint32_t n_args, n_results;
    uint64_t args[STATEMENT_VALUES_MAX], results[STATEMENT_VALUES_MAX]; /* bits */
    uint8_t status; /* enum run_status: ok, exit, trap or out of gas */
    uint8_t trap;   /* enum trap */
    int32_t exit_code;
    uint64_t gas_used, gas_max;
    uint64_t memory_bytes_max;
    uint32_t call_depth_max, stack_slots_max;
    uint64_t output_bytes_max; /* standard output and error together */
    /* A command's argv[1..] and the environment, each string with its NUL; what was on
     * standard input, and what was written to standard output and error. */
    struct statement_stream arguments, environment, input, output, error_output;
    uint64_t seed; /* of random_get and the clocks */
};

enum stream {
    STREAM_ARGUMENTS,
    STREAM_ENVIRONMENT,
    STREAM_INPUT,
    STREAM_OUTPUT,
    STREAM_ERROR,
    STREAMS
};
/* "arguments", "environment", "input", "output", "error output" */
const char *stream_name(enum stream which);
const struct statement_stream *statement_stream_of(const struct statement *s, enum stream which);

/* Everything zero but the streams, which are empty. */
void statement_init(struct statement *s);
void statement_stream_set(struct statement_stream *out, const void *p, size_t n);
bool statement_stream_is(const struct statement_stream *s, const void *p, size_t n);
/* VCP_EFORMAT when the parts contradict one another: what decode refuses. */
int statement_check(const struct statement *s, struct err *err);

/* Chosen by the prover, used by the verifier in his terms. */
struct statement_lists {
    uint64_t clock_end; /* rows of the run: the clock starts at 1 */
    uint32_t pc_end;    /* where it ended: of the trapping, or the unpaid, entry */
    uint64_t gas_rows;  /* of all rows; less than the gas used when it ran out inside an entry */
    uint64_t charge;    /* out of gas by a dynamic part: which did not fit; else 0 */
    /* Of what WASI shows the program (world.h): words of each tape that the run reads, and when
     * the state cells of output and error output were last touched. */
    uint32_t world_words[WORLD_TAPES];
    uint64_t output_time, error_time;
};

/* Appends the canonical encoding; little-endian, fixed order, lengths before bytes.  Behind
 * the versions stands the digest of the routines (runtime.h). */
void statement_encode(struct buf *out, const struct statement *s);
/* Reads exactly one; VCP_EFORMAT with what and where. */
int statement_decode(struct statement *out, struct cursor *in, struct err *err);
void statement_digest(uint8_t out[32], const struct statement *s);

void statement_lists_encode(struct buf *out, const struct statement_lists *l);
int statement_lists_decode(struct statement_lists *out, struct cursor *in, struct err *err);

#endif
