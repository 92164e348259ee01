/* run.h - how a long job runs: threads, memory ceiling, progress, and where time went.
 *
 * A run belongs to one job at a time; jobs with a run each may go on at once.  All
 * scratch memory of a job is taken through it, so the ceiling and the peak are exact;
 * mapped files and the caller's own arrays (the witness) are not counted. */
#ifndef GROTH16_RUN_H
#define GROTH16_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/threads.h"
#include "bn254/fr.h"
#include "bn254/g1.h"
#include "bn254/g2.h"

enum run_stage {
    RUN_ROWS, /* A z and B z, the sparse products */
    RUN_NTT,
    RUN_MSM_A,
    RUN_MSM_B1,
    RUN_MSM_B2,
    RUN_MSM_L,
    RUN_MSM_H,
    RUN_MSM_D, /* the stage-1 commitment */
    RUN_REST,
    RUN_STAGES
};

struct run {
    struct threads *threads; /* NULL: the caller's thread alone */
    size_t memory_max_bytes; /* 0: no ceiling */
    /* Called between pieces with a stage name and a fraction of the whole job in
     * thousandths; returning false cancels.  May be NULL. */
    bool (*progress)(void *arg, const char *stage, unsigned permille);
    void *progress_arg;
    /* filled by the job */
    int64_t stage_ns[RUN_STAGES];
    size_t memory_now_bytes, memory_peak_bytes;
};

const char *run_stage_name(enum run_stage s);

/* VCP_ECANCELLED when the progress function says so. */
int run_progress(struct run *run, const char *stage, unsigned permille, struct err *err);

/* Aligned to 64; VCP_ELIMIT when the ceiling forbids it, with what is for the message.
 * Freed with the same size; NULL is legal. */
int run_alloc(void **out, struct run *run, size_t bytes, const char *what, struct err *err);
void run_free(struct run *run, void *p, size_t bytes);

/* Multi-scalar multiplications whose scratch is taken from the run: cut into pieces
 * when the ceiling is too low for one.  Adds the time to stage. */
int run_msm_g1(g1 *out, const void *points, const fr_bits k[], size_t n, struct run *run,
               enum run_stage stage, struct err *err);
int run_msm_g2(g2 *out, const void *points, const fr_bits k[], size_t n, struct run *run,
               enum run_stage stage, struct err *err);

#endif
