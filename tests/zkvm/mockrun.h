/* mockrun.h - one call of a module, run by the engine and traced, mocked, compared. */
#ifndef TESTS_ZKVM_MOCKRUN_H
#define TESTS_ZKVM_MOCKRUN_H

#include "wasm/run.h"
#include "zkvm/mock.h"

struct mockrun {
    struct catalog *chips;                    /* shared by many runs; NULL: made and freed here */
    uint64_t gas_max;                         /* 0: enough */
    uint32_t call_depth_max, stack_slots_max; /* 0: defaults */
    uint64_t rows_max;                        /* 0: 20 million */
    uint64_t memory_bytes_max;                /* 0: default */
    uint64_t output_bytes_max;                /* 0: default */
    const char *const *env;                   /* of a program with WASI */
    size_t n_env;
    const char *input; /* NULL: input_bytes is 0 */
    size_t input_bytes;
    uint64_t seed;
    /* Results */
    struct statement statement;
    struct streams streams; /* valid until mockrun_release */
    struct buf arguments, environment;
    struct trace_end end;
    struct mock_verdict verdict;
    struct run_result run;
};

/* entry NULL: a WASI command with args.  VCP_OK: the run, its trace and the mock prover agree.
 * VCP_EUNSUPPORTED as trace_run. */
int mockrun(struct mockrun *m, const uint8_t *bytes, size_t n, const char *entry,
            const char *const args[], size_t n_args, struct err *err);
void mockrun_release(struct mockrun *m);

/* A number as an argument that gives exactly these bits. */
#define MOCKRUN_TEXT 40
void mockrun_text(char out[MOCKRUN_TEXT], uint8_t type, uint64_t bits);

#endif
