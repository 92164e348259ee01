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
    /* Results */
    struct statement statement;
    struct trace_end end;
    struct mock_verdict verdict;
    struct run_result run;
};

/* VCP_OK: the run, its trace and the mock prover agree.  VCP_EUNSUPPORTED as trace_run. */
int mockrun(struct mockrun *m, const uint8_t *bytes, size_t n, const char *entry,
            const char *const args[], size_t n_args, struct err *err);
void mockrun_release(struct mockrun *m);

#endif
