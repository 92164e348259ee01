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

struct work_clock work_clock(void)
{
    return (struct work_clock){clock_mono_ns(), clock_process_ns()};
}

void work_charge(struct work *work, enum work_stage stage, struct work_clock since)
{
    work->stage_ns[stage] += clock_mono_ns() - since.wall;
    work->stage_cpu_ns[stage] += clock_process_ns() - since.cpu;
}

/* ---- memory ---- */

/* What an allocation of so many bytes takes; in steps of an eighth while work keeps, so
 * that sizes which vary a little meet again. */
static size_t size_of(const struct work *work, size_t bytes)
{
    size_t align = bytes >= LARGE_BYTES ? LARGE_ALIGN : 64, step = align;

    if (work->keeps && bytes > 0) {
        size_t eighth = (size_t)1 << (63 - __builtin_clzll(bytes)) >> 3;
        step = eighth > align ? eighth : align;
    }
    bytes = (bytes + step - 1) & ~(step - 1);
    return bytes ? bytes : align;
}

static void give_back(struct work *work, struct work_block *b)
{
    free(b->p);
    work->memory_now_bytes -= b->bytes;
    *b = (struct work_block){NULL, 0};
}

static struct work_block *find_kept(struct work *work, size_t size)
{
    for (unsigned i = 0; i < WORK_KEPT_MAX; i++)
        if (work->kept[i].p && work->kept[i].bytes == size)
            return &work->kept[i];
    return NULL;
}

static bool has_room(const struct work *work, size_t bytes)
{
    return !work->memory_max_bytes || bytes <= work->memory_max_bytes - work->memory_now_bytes;
}

static int take_fresh(void **out, struct work *work, size_t size, size_t counted, const char *what,
                      struct err *err)
{
    size_t align = size >= LARGE_BYTES ? LARGE_ALIGN : 64;
    void *p;

    for (unsigned i = 0; i < WORK_KEPT_MAX && !has_room(work, counted); i++)
        if (work->kept[i].p)
            give_back(work, &work->kept[i]);
    if (!has_room(work, counted))
        return err_set(err, VCP_ELIMIT,
                       "%s needs %zu bytes on top of %zu, the ceiling is %zu bytes", what, counted,
                       work->memory_now_bytes, work->memory_max_bytes);
    p = aligned_alloc(align, size);
    if (!p)
        return err_set(err, VCP_ENOMEM, "no memory for %s (%zu bytes)", what, counted);
    if (align == LARGE_ALIGN)
        (void)madvise(p, size, MADV_HUGEPAGE); /* only a hint: random access over many MB */
    work->memory_now_bytes += counted;
    if (work->memory_now_bytes > work->memory_peak_bytes)
        work->memory_peak_bytes = work->memory_now_bytes;
    *out = p;
    return VCP_OK;
}

int work_alloc(void **out, struct work *work, size_t bytes, const char *what, struct err *err)
{
    size_t size = size_of(work, bytes);
    struct work_block *kept = find_kept(work, size);

    *out = NULL;
    if (!kept)
        return take_fresh(out, work, size, work->keeps ? size : bytes, what, err);
    *out = kept->p;
    *kept = (struct work_block){NULL, 0};
    return VCP_OK;
}

void work_free(struct work *work, void *p, size_t bytes)
{
    struct work_block b = {p, work->keeps ? size_of(work, bytes) : bytes};

    if (!p)
        return;
    if (work->keeps)
        for (unsigned i = 0; i < WORK_KEPT_MAX; i++)
            if (!work->kept[i].p) {
                work->kept[i] = b;
                return;
            }
    give_back(work, &b);
}

static void work_ntt_free(struct work *work)
{
    if (work->tables.table)
        work_free(work, work->tables.table, work->tables_bytes);
    work->tables.table = NULL;
}

void work_keep(struct work *work)
{
    work->keeps = true;
}

void work_drop(struct work *work)
{
    work_ntt_free(work);
    for (unsigned i = 0; i < WORK_KEPT_MAX; i++)
        if (work->kept[i].p)
            give_back(work, &work->kept[i]);
    work->keeps = false;
}

int work_ntt(struct ntt *out, struct work *work, unsigned log_n, struct err *err)
{
    void *table;
    int rc;

    if (work->tables.table && work->tables.log_n == log_n) {
        *out = work->tables;
        return VCP_OK;
    }
    work_ntt_free(work);
    work->tables_bytes = ntt_table_size(log_n);
    if ((rc = work_alloc(&table, work, work->tables_bytes, "the tables of the NTT", err)) < 0)
        return rc;
    ntt_init(&work->tables, log_n, table, work->threads);
    *out = work->tables;
    return VCP_OK;
}

void work_ntt_done(struct work *work)
{
    if (!work->keeps)
        work_ntt_free(work);
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

/* A multiplication in one of the groups; sum is its running total. */
struct msm_group {
    size_t point_bytes;
    size_t (*scratch_size)(size_t n, unsigned n_threads);
    void (*add)(void *sum, const void *points, const fr_bits k[], size_t n, struct threads *threads,
                void *scratch);
};

static void add_g1(void *sum, const void *points, const fr_bits k[], size_t n,
                   struct threads *threads, void *scratch)
{
    g1 part;
    msm_g1(&part, points, k, n, threads, scratch);
    g1_add(sum, sum, &part);
}

static void add_g2(void *sum, const void *points, const fr_bits k[], size_t n,
                   struct threads *threads, void *scratch)
{
    g2 part;
    msm_g2(&part, points, k, n, threads, scratch);
    g2_add(sum, sum, &part);
}

static const struct msm_group group1 = {G1_BYTES, msm_g1_scratch_size, add_g1};
static const struct msm_group group2 = {G2_BYTES, msm_g2_scratch_size, add_g2};

static int msm_pieces(void *sum, const struct msm_group *group, const unsigned char *points,
                      const fr_bits k[], size_t n, struct work *work, enum work_stage stage,
                      struct err *err)
{
    struct work_clock start = work_clock();
    unsigned n_threads = threads_count(work->threads);
    size_t piece = fit_piece(work, n, group->scratch_size), bytes;
    void *scratch;
    int rc;

    if (n == 0)
        return VCP_OK;
    if (piece == 0)
        return no_room(work, n, group->scratch_size(1024, n_threads), err);
    bytes = group->scratch_size(piece, n_threads);
    if ((rc = take_scratch(&scratch, work, bytes, err)) < 0)
        return rc;
    for (size_t i = 0; i < n; i += piece)
        group->add(sum, points + i * group->point_bytes, k + i, n - i < piece ? n - i : piece,
                   work->threads, scratch);
    give_scratch(work, scratch, bytes);
    work_charge(work, stage, start);
    return VCP_OK;
}

int work_msm_g1(g1 *out, const void *points, const fr_bits k[], size_t n, struct work *work,
                enum work_stage stage, struct err *err)
{
    *out = g1_infinity;
    return msm_pieces(out, &group1, points, k, n, work, stage, err);
}

int work_msm_g2(g2 *out, const void *points, const fr_bits k[], size_t n, struct work *work,
                enum work_stage stage, struct err *err)
{
    *out = g2_infinity;
    return msm_pieces(out, &group2, points, k, n, work, stage, err);
}
