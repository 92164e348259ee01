/* execution.h - a run to be proven: the engine's outcome, the statement, and all rows.
 *
 * The engine runs the module first; the statement is its outcome.  Then the program is
 * traced, and every row kept by its chip, which is what segment.h deals to instances.  The
 * trace must end as the engine did, with the same gas, or nothing is proven. */
#ifndef ZKVM_EXECUTION_H
#define ZKVM_EXECUTION_H

#include "zkvm/program.h"
#include "zkvm/segment.h"
#include "zkvm/trace.h"
#include "zkvm/verify.h"

struct execution_request {
    const uint8_t *module;
    size_t module_bytes;
    const char *entry;       /* an exported function; NULL: a WASI command, its _start */
    const char *const *args; /* integers, as struct run_request takes them; a command's argv[1..] */
    size_t n_args;
    const char *const *env; /* "NAME=value" */
    size_t n_env;
    const uint8_t *input; /* standard input; must outlive the execution */
    size_t input_bytes;
    uint64_t seed; /* of random_get and the clocks */
    struct run_limits limits;
    const uint8_t *context;  /* 32 bytes, or NULL for zeros */
    uint64_t rows_bytes_max; /* of kept rows; 0: EXECUTION_ROWS_BYTES_DEFAULT */
};

#define EXECUTION_ROWS_BYTES_DEFAULT ((uint64_t)4 << 30)

struct execution {
    struct code *code;
    struct catalog *chips;
    struct program *program;
    struct statement statement;
    struct statement_lists lists;
    struct streams streams; /* what the statement's digests are of */
    struct buf arguments, environment, output, error_output;
    struct segment_rows rows[CATALOG_CHIPS];
    uint64_t n_rows, n_other; /* executed entries, other rows */
    uint64_t rows_bytes;
    int64_t run_ns, trace_ns;
};

/* What a receipt of this request must claim: its statement without the outcome (status, trap,
 * exit code, results, gas used and outputs are as statement_init leaves them).  Decodes and
 * validates the module and runs nothing.  VCP_EUNSUPPORTED: no run of it can be proven;
 * VCP_EINVAL, VCP_ENOTFOUND: the entry or its arguments are wrong. */
struct execution_claim {
    struct statement statement;
    uint32_t n_results;
    uint8_t result_types[STATEMENT_VALUES_MAX]; /* enum val_type */
};
int execution_claim(struct execution_claim *out, const struct execution_request *req,
                    struct err *err);

/* The outcome alone: statement and program, without a trace (lists are empty). */
int execution_new(struct execution **out, const struct execution_request *req, struct err *err);
/* Traces and keeps the rows. */
int execution_trace(struct execution *e, uint64_t rows_bytes_max, struct err *err);
void execution_free(struct execution *e);
/* VCP_ESTATE, with what differs, unless a trace of e->program ended as the engine did. */
int execution_check_end(const struct execution *e, const struct trace_end *end, struct err *err);

/* A receipt against the module it speaks of: receipt_verify with the terms of the program
 * made from these bytes.  The terms of a program that reads or writes are made of what it read
 * and wrote: streams has the bytes that the receipt does not carry, and may be NULL when it
 * carries all (receipt_streams).  Bytes that are not the statement's are VCP_EVERIFY. */
int receipt_verify_module(const struct receipt *r, const uint8_t *module, size_t module_bytes,
                          const struct streams *streams, const struct receipt_policy *policy,
                          struct threads *threads, struct receipt_report *report, struct err *err);

/* The verifier's terms as text (terms.h), for other verifiers. */
int receipt_dump_terms(FILE *out, const struct receipt *r, const uint8_t *module,
                       size_t module_bytes, const struct streams *streams, struct err *err);

#endif
