/* mul_fixed.inc.h - many multiples of one base, included by mul_fixed.c with
 *   POINT AFFINE FELEM G(name)   as in curve.inc.h;  KERNEL as in msm.inc.h */

struct G(fixed_job) {
    const struct msm_kernel *k;
    AFFINE *out, *table; /* table[d - 1] = d 2^(c w) base, d up to 2^(c-1) */
    const fr_bits *scalar;
    size_t n;
    unsigned c, n_windows, w;
    uint64_t offsets[5];
    char *memory;
    size_t memory_bytes;
    atomic_size_t next;
};

size_t G(mul_fixed_scratch_size)(size_t n, unsigned n_threads)
{
    size_t kernel = 0;

    for (int level = BN254_C; level <= BN254_IFMA; level++) {
        const struct bn254_kernels *k = bn254_kernels_at((enum bn254_level)level);

        if (k && k->KERNEL->scratch_bytes > kernel)
            kernel = k->KERNEL->scratch_bytes;
    }
    return align64(sizeof(AFFINE) << (fixed_window_bits(n) - 1)) +
           n_threads * (align64(sizeof(struct fixed_memory)) + align64(kernel));
}

/* table[0] = base; then each round adds the last entry to all: twice as many. */
static void G(fixed_fill_table)(struct G(fixed_job) * job, const AFFINE *base)
{
    struct fixed_memory *m = (struct fixed_memory *)(void *)job->memory;
    void *scratch = job->memory + align64(sizeof *m);
    size_t size = (size_t)1 << (job->c - 1);

    job->table[0] = *base;
    for (size_t have = 1; have < size; have *= 2)
        for (size_t i = 0; i < have;) {
            size_t n = 0;

            for (; n < MSM_BATCH && i < have; i++, n++)
                m->pair[n] = (struct msm_pair){(uint32_t)(have + i), (uint32_t)(have - 1),
                                               (uint32_t)i};
            job->k->add_cells(job->table, job->table, job->table, m->pair, n, scratch);
        }
}

/* One window of one piece of outputs. */
static void G(fixed_piece)(struct G(fixed_job) * job, size_t piece, char *memory)
{
    struct fixed_memory *m = (struct fixed_memory *)(void *)memory;
    struct digit_window w = digit_window(job->w, job->c, job->n_windows);
    size_t begin = piece * MSM_BATCH, end = begin + MSM_BATCH < job->n ? begin + MSM_BATCH : job->n;
    size_t n = 0;

    for (size_t i = begin; i < end; i++) {
        uint64_t v[5];
        int32_t d;

        digits_prepare(v, &job->scalar[i], false, job->offsets);
        d = digit_at(&w, v);
        if (d != 0)
            m->op[n++] = (struct msm_op){(uint32_t)i, d > 0 ? (uint32_t)(d - 1)
                                                            : (uint32_t)(-d - 1) | MSM_NEGATE};
    }
    if (n > 0)
        job->k->add_points(job->out, job->table, m->op, n, memory + align64(sizeof *m));
}

static void G(fixed_worker)(void *arg, size_t i)
{
    struct G(fixed_job) *job = arg;
    size_t piece;

    while ((piece = atomic_fetch_add(&job->next, 1)) < (job->n + MSM_BATCH - 1) / MSM_BATCH)
        G(fixed_piece)(job, piece, job->memory + i * job->memory_bytes);
}

void G(mul_fixed_n)(AFFINE out[], const AFFINE *base, const fr_bits k[], size_t n,
                    struct threads *threads, void *scratch)
{
    unsigned n_threads = threads_count(threads);
    struct G(fixed_job) job = {.k = bn254_kernels()->KERNEL, .out = out, .scalar = k, .n = n};
    AFFINE window_base = *base;
    POINT t;

    job.c = fixed_window_bits(n);
    job.n_windows = (FIXED_SCALAR_BITS + job.c) / job.c;
    digit_offsets(job.offsets, job.c, job.n_windows);
    job.table = scratch;
    job.memory = (char *)scratch + align64(sizeof(AFFINE) << (job.c - 1));
    job.memory_bytes = align64(sizeof(struct fixed_memory)) + align64(job.k->scratch_bytes);
    memset(out, 0, n * sizeof out[0]);
    for (job.w = 0; job.w < job.n_windows; job.w++) {
        G(fixed_fill_table)(&job, &window_base);
        /* the kernels read points, not cells, from a table: make them so */
        for (size_t i = 0; i < (size_t)1 << (job.c - 1); i++)
            job.k->cell_to_affine(&job.table[i], &job.table[i]);
        atomic_init(&job.next, 0);
        threads_run(threads, n_threads, G(fixed_worker), &job);
        G(from_affine)(&t, &window_base);
        for (unsigned i = 0; i < job.c; i++)
            G(dbl)(&t, &t);
        G(to_affine)(&window_base, &t);
    }
    for (size_t i = 0; i < n; i++)
        job.k->cell_to_affine(&out[i], &out[i]);
}
