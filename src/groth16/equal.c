/* equal.c - see equal.h. */
#include "groth16/equal.h"

#include "groth16/field_io.h"

void equal_init(struct equal *e, const fr_bits z[], uint32_t first, size_t n, struct work *work)
{
    size_t scratch_bytes = msm_equal_scratch_size(n, threads_count(work->threads));
    void *scratch;

    *e = (struct equal){.first = first, .n = n, .bytes = msm_equal_size(n)};
    if (work_alloc(&e->memory, work, e->bytes, "equal scalars", NULL) < 0)
        return;
    if (work_alloc(&scratch, work, scratch_bytes, "equal scalars", NULL) < 0) {
        equal_release(e, work);
        return;
    }
    msm_equal_find(&e->groups, z + first, first, n, work->threads, e->memory, scratch);
    work_free(work, scratch, scratch_bytes);
}

void equal_release(struct equal *e, struct work *work)
{
    work_free(work, e->memory, e->bytes);
    e->memory = NULL;
}

/* The gathered terms: points, then scalars. */
struct terms {
    unsigned char *memory;
    size_t bytes;
    fr_bits *k;
    void *scratch;
    size_t scratch_bytes;
};

static bool terms_take(struct terms *t, const struct equal parts[], unsigned n, size_t n_points,
                       size_t point_bytes, size_t scratch_bytes, struct work *work)
{
    size_t max = 0;
    void *p;

    for (unsigned i = 0; i < n; i++) {
        if (!parts[i].memory)
            return false;
        max += parts[i].groups.n_terms;
    }
    max = max < n_points ? max : n_points;
    t->bytes = max * (point_bytes + sizeof(fr_bits)) + 64;
    if (work_alloc(&p, work, t->bytes, "gathered terms", NULL) < 0)
        return false;
    t->memory = p;
    t->k = (fr_bits *)(void *)(t->memory + max * point_bytes);
    t->scratch_bytes = scratch_bytes;
    if (work_alloc(&t->scratch, work, scratch_bytes, "gathered terms", NULL) == VCP_OK)
        return true;
    work_free(work, t->memory, t->bytes);
    return false;
}

/* Without groups: the points lie as they are, and only their scalars are gathered. */
static int plain_scalars(void **out, const struct msm_points *p, size_t n_points, const fr_bits z[],
                         struct work *work, struct err *err)
{
    fr_bits *k;
    int rc = work_alloc(out, work, n_points * sizeof *k, "gathered scalars", err);

    if (rc < 0)
        return rc;
    k = *out;
    for (size_t i = 0, n = 0; n < n_points; i++)
        if (!p->live || p->live[i / 64] >> i % 64 & 1)
            k[n++] = z[p->first + i];
    return VCP_OK;
}

int equal_msm_g1(g1 *out, const struct msm_points *points, size_t n_points, const fr_bits z[],
                 const struct equal parts[], unsigned n, struct work *work, enum work_stage stage,
                 struct err *err)
{
    size_t scratch_bytes = msm_equal_g1_scratch_size(threads_count(work->threads)), n_terms = 0;
    struct work_clock start = work_clock();
    struct terms t;
    void *k;
    int rc;

    if (!terms_take(&t, parts, n, n_points, G1_BYTES, scratch_bytes, work)) {
        if ((rc = plain_scalars(&k, points, n_points, z, work, err)) < 0)
            return rc;
        rc = work_msm_g1(out, points->points, k, n_points, work, stage, err);
        work_free(work, k, n_points * sizeof(fr_bits));
        return rc;
    }
    for (unsigned i = 0; i < n; i++)
        n_terms += msm_equal_g1((g1_affine *)(void *)t.memory + n_terms, t.k + n_terms, points, z,
                                &parts[i].groups, work->threads, t.scratch);
    work_free(work, t.scratch, t.scratch_bytes);
    work_charge(work, stage, start);
    rc = work_msm_g1(out, t.memory, t.k, n_terms, work, stage, err);
    work_free(work, t.memory, t.bytes);
    return rc;
}

int equal_msm_g2(g2 *out, const struct msm_points *points, size_t n_points, const fr_bits z[],
                 const struct equal parts[], unsigned n, struct work *work, enum work_stage stage,
                 struct err *err)
{
    size_t scratch_bytes = msm_equal_g2_scratch_size(threads_count(work->threads)), n_terms = 0;
    struct work_clock start = work_clock();
    struct terms t;
    void *k;
    int rc;

    if (!terms_take(&t, parts, n, n_points, G2_BYTES, scratch_bytes, work)) {
        if ((rc = plain_scalars(&k, points, n_points, z, work, err)) < 0)
            return rc;
        rc = work_msm_g2(out, points->points, k, n_points, work, stage, err);
        work_free(work, k, n_points * sizeof(fr_bits));
        return rc;
    }
    for (unsigned i = 0; i < n; i++)
        n_terms += msm_equal_g2((g2_affine *)(void *)t.memory + n_terms, t.k + n_terms, points, z,
                                &parts[i].groups, work->threads, t.scratch);
    work_free(work, t.scratch, t.scratch_bytes);
    work_charge(work, stage, start);
    rc = work_msm_g2(out, t.memory, t.k, n_terms, work, stage, err);
    work_free(work, t.memory, t.bytes);
    return rc;
}
