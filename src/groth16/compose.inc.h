/* compose.inc.h - compose.h for one group; included by compose.c for G1 and for G2.
 *
 * Expects GROUP (g1, g2), AFFINE, FIELD (the coordinates), POINT_BYTES and the names
 * below pasted from GROUP. */

/* One term added to acc. */
static void NAME(add_term)(GROUP *acc, const struct cs *c, const unsigned char *point,
                           uint32_t coef)
{
    AFFINE p;
    GROUP t;
    fr_bits k;

    memcpy(&p, point, sizeof p);
    if (coef == 0) {
        NAME(add_affine)(acc, acc, &p);
        return;
    }
    if (short_coefficient(&k, &c->coefs[coef]))
        NAME(affine_neg)(&p, &p);
    if (k.l[0] == 1 && (k.l[1] | k.l[2] | k.l[3]) == 0) {
        NAME(add_affine)(acc, acc, &p);
        return;
    }
    NAME(mul_var)(&t, &p, &k);
    NAME(add)(acc, acc, &t);
}

struct NAME(compose_job) {
    AFFINE *out;
    const struct cs *c;
    const struct compose_part *parts;
    unsigned n_parts;
    uint32_t first, n;
};

static void NAME(compose_piece)(void *arg, size_t piece)
{
    const struct NAME(compose_job) *job = arg;
    uint32_t lo = (uint32_t)piece * PIECE_WIRES;
    uint32_t hi = job->n - lo < PIECE_WIRES ? job->n : lo + PIECE_WIRES;
    GROUP acc[PIECE_WIRES];
    FIELD scratch[PIECE_WIRES];

    for (uint32_t i = lo; i < hi; i++) {
        uint32_t w = job->first + i;
        acc[i - lo] = NAME(infinity);
        if (terms_of(job->parts, job->n_parts, w) > LONG_TERMS)
            continue; /* the caller's multi-scalar multiplication does it */
        for (unsigned p = 0; p < job->n_parts; p++) {
            const struct cs_columns *t = job->parts[p].columns;
            for (uint32_t j = t->start[w]; j < t->start[w + 1]; j++)
                NAME(add_term)
            (&acc[i - lo], job->c, job->parts[p].basis + (size_t)t->row[j] * POINT_BYTES,
             t->coef[j]);
        }
    }
    NAME(to_affine_n)(job->out + lo, acc, hi - lo, scratch);
}

/* A wire with many terms: gathered, then one multi-scalar multiplication. */
static int NAME(compose_long)(AFFINE *out, const struct NAME(compose_job) * job, uint32_t w,
                              struct work *work, struct err *err)
{
    size_t n = terms_of(job->parts, job->n_parts, w), at = 0;
    size_t bytes = n * (POINT_BYTES + sizeof(fr_bits));
    void *mem;
    GROUP sum;
    int rc = work_alloc(&mem, work, bytes, "the terms of one wire", err);

    if (rc < 0)
        return rc;
    unsigned char *points = mem;
    fr_bits *k = (fr_bits *)(points + n * POINT_BYTES);
    for (unsigned p = 0; p < job->n_parts; p++) {
        const struct cs_columns *t = job->parts[p].columns;
        for (uint32_t j = t->start[w]; j < t->start[w + 1]; j++, at++) {
            memcpy(points + at * POINT_BYTES, job->parts[p].basis + (size_t)t->row[j] * POINT_BYTES,
                   POINT_BYTES);
            fr_to_bits(&k[at], &job->c->coefs[t->coef[j]]);
        }
    }
    rc = RUN_MSM(&sum, points, k, n, work, WORK_REST, err);
    if (rc == VCP_OK)
        NAME(to_affine)(out, &sum);
    work_free(work, mem, bytes);
    return rc;
}

int COMPOSE(AFFINE out[], const struct cs *c, const struct compose_part parts[], unsigned n_parts,
            uint32_t first, uint32_t n, struct work *work, struct err *err)
{
    struct NAME(compose_job) job = {out, c, parts, n_parts, first, n};
    int rc = VCP_OK;

    threads_run(work->threads, ((size_t)n + PIECE_WIRES - 1) / PIECE_WIRES, NAME(compose_piece),
                &job);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++)
        if (terms_of(parts, n_parts, first + i) > LONG_TERMS)
            rc = NAME(compose_long)(&out[i], &job, first + i, work, err);
    return rc;
}
