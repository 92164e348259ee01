/* work.h - how a long job runs: threads, memory ceiling, progress, and where time went.
 *
 * A struct work belongs to one job; jobs with one each may go on at once.  All
 * scratch memory of a job is taken through it, so the ceiling and the peak are exact;
 * mapped files and the caller's own arrays (the witness) are not counted. */
#ifndef GROTH16_WORK_H
#define GROTH16_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/threads.h"
#include "bn254/fr.h"
#include "bn254/g1.h"
#include "bn254/g2.h"
#include "bn254/ntt.h"

enum work_stage {
    WORK_ROWS, /* A z and B z, the sparse products */
    WORK_NTT,
    WORK_MSM_A,
    WORK_MSM_B1,
    WORK_MSM_B2,
    WORK_MSM_L,
    WORK_MSM_H,
    WORK_MSM_D, /* the stage-1 commitment */
    WORK_REST,
    WORK_STAGES
};

#define WORK_KEPT_MAX 16u

struct work {
    struct threads *threads; /* NULL: the caller's thread alone */
    size_t memory_max_bytes; /* 0: no ceiling */
    /* Called between pieces with a stage name and a fraction of the whole job in
     * thousandths; returning false cancels.  May be NULL. */
    bool (*progress)(void *arg, const char *stage, unsigned permille);
    void *progress_arg;
    /* filled by the job */
    int64_t stage_ns[WORK_STAGES];
    int64_t stage_cpu_ns[WORK_STAGES]; /* processor time, of the whole process */
    size_t memory_now_bytes, memory_peak_bytes;
    void *scratch; /* see work_reserve */
    size_t scratch_bytes;
    /* see work_keep */
    bool keeps;
    struct work_block {
        void *p;
        size_t bytes;
    } kept[WORK_KEPT_MAX];
    struct ntt tables; /* of the last length asked for; table NULL: none */
    size_t tables_bytes;
};

const char *work_stage_name(enum work_stage s);

/* VCP_ECANCELLED when the progress function says so. */
int work_progress(struct work *work, const char *stage, unsigned permille, struct err *err);

/* Time from work_clock to work_charge goes to the stage. */
struct work_clock {
    int64_t wall, cpu;
};
struct work_clock work_clock(void);
void work_charge(struct work *work, enum work_stage stage, struct work_clock since);

/* Aligned to 64; VCP_ELIMIT when the ceiling forbids it, with what is for the message.
 * Freed with the same size; NULL is legal. */
int work_alloc(void **out, struct work *work, size_t bytes, const char *what, struct err *err);
void work_free(struct work *work, void *p, size_t bytes);

/* Scratch that the multiplications below share, instead of fresh pages for each, which
 * would cost a proof some percent of its time.  Too large for the ceiling is no error:
 * they then manage alone.  Taken until work_unreserve. */
void work_reserve(struct work *work, size_t bytes);
void work_unreserve(struct work *work);

/* For many proofs in a row: from here to work_drop what is freed is kept for the next
 * allocation of about its size, since fresh pages cost a proof some percent of its time.
 * Kept memory counts, and is given up where the ceiling would be passed. */
void work_keep(struct work *work);
void work_drop(struct work *work);

/* Tables for transforms of 2^log_n; while work keeps, they stay for the next who asks.
 * work_ntt_done after use. */
int work_ntt(struct ntt *out, struct work *work, unsigned log_n, struct err *err);
void work_ntt_done(struct work *work);

/* Multi-scalar multiplications whose scratch is taken from work: cut into pieces
 * when the ceiling is too low for one.  Adds the time to stage. */
int work_msm_g1(g1 *out, const void *points, const fr_bits k[], size_t n, struct work *work,
                enum work_stage stage, struct err *err);
int work_msm_g2(g2 *out, const void *points, const fr_bits k[], size_t n, struct work *work,
                enum work_stage stage, struct err *err);

#endif
