/* work.c - see work.h. */
#include "groth16/work.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "bn254/msm.h"
#include "groth16/field_io.h"

#define LARGE_BYTES ((size_t)4 << 20)
#define LARGE_ALIGN ((size_t)2 << 20) /* a huge page */

const char *work_stage_name(enum work_stage s)
{
    static const char *const names[WORK_STAGES] = {"rows",  "ntt",   "msm_a", "msm_b1", "msm_b2",
                                                   "msm_l", "msm_h", "msm_d", "rest"};
    return names[s];
}

int work_progress(struct work *work, const char *stage, unsigned permille, struct err *err)
{
    if (!work->progress || work->progress(work->progress_arg, stage, permille))
        return VCP_OK;
    return err_set(err, VCP_ECANCELLED, "cancelled during %s", stage);
}

int work_alloc(void **out, struct work *work, size_t bytes, const char *what, struct err *err)
{
    size_t align = bytes >= LARGE_BYTES ? LARGE_ALIGN : 64;
    size_t size = (bytes + align - 1) & ~(align - 1);

    *out = NULL;
    if (work->memory_max_bytes && bytes > work->memory_max_bytes - work->memory_now_bytes)
        return err_set(err, VCP_ELIMIT,
                       "%s needs %zu bytes on top of %zu, the ceiling is %zu bytes", what, bytes,
                       work->memory_now_bytes, work->memory_max_bytes);
    void *p = aligned_alloc(align, size ? size : align);
    if (!p)
        return err_set(err, VCP_ENOMEM, "no memory for %s (%zu bytes)", what, bytes);
    if (align == LARGE_ALIGN)
        (void)madvise(p, size, MADV_HUGEPAGE); /* only a hint: random access over many MB */
    work->memory_now_bytes += bytes;
    if (work->memory_now_bytes > work->memory_peak_bytes)
        work->memory_peak_bytes = work->memory_now_bytes;
    *out = p;
    return VCP_OK;
}

void work_free(struct work *work, void *p, size_t bytes)
{
    if (!p)
        return;
    free(p);
    work->memory_now_bytes -= bytes;
}

void work_reserve(struct work *work, size_t bytes)
{
    if (work_alloc(&work->scratch, work, bytes, "scratch", NULL) == VCP_OK)
        work->scratch_bytes = bytes;
}

void work_unreserve(struct work *work)
{
    work_free(work, work->scratch, work->scratch_bytes);
    work->scratch = NULL;
    work->scratch_bytes = 0;
}

/* The reserved scratch when it suffices, else fresh memory. */
static int take_scratch(void **out, struct work *work, size_t bytes, struct err *err)
{
    if (bytes <= work->scratch_bytes) {
        *out = work->scratch;
        return VCP_OK;
    }
    return work_alloc(out, work, bytes, "multi-scalar multiplication", err);
}

static void give_scratch(struct work *work, void *p, size_t bytes)
{
    if (p != work->scratch)
        work_free(work, p, bytes);
}

/* The largest piece of n whose scratch fits, halving; 0 when not even 1,024 points do. */
static size_t fit_piece(const struct work *work, size_t n, size_t (*size)(size_t, unsigned))
{
    size_t room = work->memory_max_bytes ? work->memory_max_bytes - work->memory_now_bytes
                                         : SIZE_MAX;
    unsigned n_threads = threads_count(work->threads);
    size_t piece = n;

    if (room < work->scratch_bytes)
        room = work->scratch_bytes;
    while (size(piece, n_threads) > room) {
        if (piece <= 1024)
            return 0;
        piece = (piece + 1) / 2;
    }
    return piece;
}

static int no_room(const struct work *work, size_t n, size_t want, struct err *err)
{
    return err_set(err, VCP_ELIMIT,
                   "a multi-scalar multiplication of %zu points wants at least %zu bytes on top of "
                   "%zu, the ceiling is %zu bytes",
                   n, want, work->memory_now_bytes, work->memory_max_bytes);
}

int work_msm_g1(g1 *out, const void *points, const fr_bits k[], size_t n, struct work *work,
                enum work_stage stage, struct err *err)
{
    int64_t start = clock_mono_ns();
    unsigned n_threads = threads_count(work->threads);
    size_t piece = fit_piece(work, n, msm_g1_scratch_size);
    size_t bytes = msm_g1_scratch_size(piece, n_threads);
    void *scratch;
    g1 part;

    *out = g1_infinity;
    if (n == 0)
        return VCP_OK;
    if (piece == 0)
        return no_room(work, n, msm_g1_scratch_size(1024, n_threads), err);
    int rc = take_scratch(&scratch, work, bytes, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i += piece) {
        size_t m = n - i < piece ? n - i : piece;
        msm_g1(&part, (const unsigned char *)points + i * G1_BYTES, k + i, m, work->threads,
               scratch);
        g1_add(out, out, &part);
    }
    give_scratch(work, scratch, bytes);
    work->stage_ns[stage] += clock_mono_ns() - start;
    return VCP_OK;
}

int work_msm_g2(g2 *out, const void *points, const fr_bits k[], size_t n, struct work *work,
                enum work_stage stage, struct err *err)
{
    int64_t start = clock_mono_ns();
    unsigned n_threads = threads_count(work->threads);
    size_t piece = fit_piece(work, n, msm_g2_scratch_size);
    size_t bytes = msm_g2_scratch_size(piece, n_threads);
    void *scratch;
    g2 part;

    *out = g2_infinity;
    if (n == 0)
        return VCP_OK;
    if (piece == 0)
        return no_room(work, n, msm_g2_scratch_size(1024, n_threads), err);
    int rc = take_scratch(&scratch, work, bytes, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i += piece) {
        size_t m = n - i < piece ? n - i : piece;
        msm_g2(&part, (const unsigned char *)points + i * G2_BYTES, k + i, m, work->threads,
               scratch);
        g2_add(out, out, &part);
    }
    give_scratch(work, scratch, bytes);
    work->stage_ns[stage] += clock_mono_ns() - start;
    return VCP_OK;
}
