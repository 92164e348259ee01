/* msm.inc.h - the frame of a multi-scalar multiplication for one group, included by msm.c with
 *   POINT AFFINE G(name)   as in curve.inc.h;  KERNEL  the member of struct bn254_kernels */

struct G(job) {
    struct msm_input in;
    POINT *result; /* [n_chunks][n_windows] */
    unsigned windows_at_once, n_groups;
    size_t n_chunks, slices_per_chunk;
    atomic_size_t next;
    char *bucket_memory;
    size_t bucket_bytes;
};

/* More chunks of points than this gain nothing: the reductions eat it. */
static size_t G(chunks_max)(unsigned n_threads)
{
    return n_threads;
}

static size_t G(scratch_size)(size_t n, unsigned n_threads)
{
    size_t slices = (n + MSM_SLICE - 1) / MSM_SLICE, buckets = 0;
    unsigned window_bits = msm_window_bits(n, MSM_SCALAR_BITS, MSM_WINDOW_MAX);

    /* Enough at any level, which may be changed before the call. */
    for (int level = BN254_C; level <= BN254_IFMA; level++) {
        const struct bn254_kernels *k = bn254_kernels_at((enum bn254_level)level);

        if (k && msm_buckets_size(k->KERNEL, window_bits) > buckets)
            buckets = msm_buckets_size(k->KERNEL, window_bits);
    }
    return align64(n * sizeof(uint32_t)) + align64(slices * sizeof(struct msm_slice)) +
           align64(G(chunks_max)(n_threads) * MSM_WINDOWS_MAX * sizeof(POINT)) +
           n_threads * align64(buckets);
}

static void G(sort_slice)(void *arg, size_t i)
{
    struct G(job) *job = arg;

    msm_slice_sort(&job->in, i);
}

static void G(run_task)(struct G(job) * job, size_t i_task, void *memory)
{
    struct msm_input *in = &job->in;
    size_t chunk = i_task % job->n_chunks, s0 = chunk * job->slices_per_chunk;
    size_t s1 = s0 + job->slices_per_chunk;
    unsigned w0 = (unsigned)(i_task / job->n_chunks) * job->windows_at_once;
    unsigned n = job->windows_at_once;
    struct msm_sums sums;

    if (w0 + n > in->n_windows)
        n = in->n_windows - w0;
    if (s1 > in->n_slices)
        s1 = in->n_slices;
    msm_buckets_run(&sums, in, w0, n, s0, s1, memory);
    for (unsigned w = 0; w < n; w++)
        in->kernel->window_value(&job->result[chunk * in->n_windows + w0 + w], in->kernel, &sums,
                                 w);
}

/* One call a thread: i owns the i-th bucket memory and takes tasks until none is left. */
static void G(worker)(void *arg, size_t i)
{
    struct G(job) *job = arg;
    size_t task;

    while ((task = atomic_fetch_add(&job->next, 1)) < job->n_groups * job->n_chunks)
        G(run_task)(job, task, job->bucket_memory + i * job->bucket_bytes);
}

/* Window width and tasks, from how long the scalars turned out to be.  False when all
 * terms are zero. */
static bool G(plan)(struct G(job) * job, unsigned n_threads)
{
    struct msm_input *in = &job->in;
    unsigned bits = 0, max = msm_window_bits(in->n, MSM_SCALAR_BITS, MSM_WINDOW_MAX);
    size_t bytes = 0;

    for (size_t s = 0; s < in->n_slices; s++)
        for (unsigned l = 1; l < MSM_LENGTHS; l++) {
            bytes += in->slice[s].at_least[l];
            if (in->slice[s].at_least[l] > 0 && 8 * l > bits)
                bits = 8 * l;
        }
    if (bits == 0)
        return false;
    bits = bits > MSM_SCALAR_BITS ? MSM_SCALAR_BITS : bits;
    in->window_bits = msm_window_bits(bytes * 8 / bits, bits, max);
    in->n_windows = (bits + in->window_bits) / in->window_bits;
    job->windows_at_once = msm_windows_at_once(in->window_bits);
    if (job->windows_at_once > (in->n_windows + n_threads - 1) / n_threads)
        job->windows_at_once = (in->n_windows + n_threads - 1) / n_threads;
    job->n_groups = (in->n_windows + job->windows_at_once - 1) / job->windows_at_once;
    job->n_chunks = (n_threads + job->n_groups - 1) / job->n_groups;
    /* a last round with idle threads costs more than reducing twice */
    if (job->n_groups % n_threads != 0 && in->n >> in->window_bits >= 8 * (size_t)n_threads)
        job->n_chunks = n_threads;
    if (job->n_chunks > in->n_slices)
        job->n_chunks = in->n_slices;
    job->slices_per_chunk = (in->n_slices + job->n_chunks - 1) / job->n_chunks;
    return true;
}

/* sum over windows of 2^(c w) (sum over chunks), highest first. */
static void G(combine)(POINT *out, const struct G(job) * job)
{
    POINT acc = G(infinity);

    for (unsigned w = job->in.n_windows; w-- > 0;) {
        for (unsigned i = 0; i < job->in.window_bits; i++)
            G(dbl)(&acc, &acc);
        for (size_t chunk = 0; chunk < job->n_chunks; chunk++)
            G(add)(&acc, &acc, &job->result[chunk * job->in.n_windows + w]);
    }
    *out = acc;
}

static void G(msm_small)(POINT *out, const void *points, const fr_bits k[], size_t n)
{
    POINT acc = G(infinity), t;
    AFFINE p;

    for (size_t i = 0; i < n; i++) {
        if (!fr_bits_is_canonical(&k[i]))
            continue;
        memcpy(&p, (const char *)points + i * sizeof p, sizeof p);
        G(mul_var)(&t, &p, &k[i]);
        G(add)(&acc, &acc, &t);
    }
    *out = acc;
}

static void G(msm)(POINT *out, const void *points, const fr_bits k[], size_t n,
                   struct threads *threads, void *scratch)
{
    unsigned n_threads = threads_count(threads);
    char *p = scratch;
    struct G(job) job = {0};

    assert(n < MSM_NEGATE);
    if (n < MSM_SMALL) {
        G(msm_small)(out, points, k, n);
        return;
    }
    job.in.kernel = bn254_kernels()->KERNEL;
    job.in.points = points;
    job.in.k = k;
    job.in.n = n;
    job.in.n_slices = (n + MSM_SLICE - 1) / MSM_SLICE;
    job.in.order = (uint32_t *)(void *)p;
    p += align64(n * sizeof(uint32_t));
    job.in.slice = (struct msm_slice *)(void *)p;
    p += align64(job.in.n_slices * sizeof(struct msm_slice));
    job.result = (POINT *)(void *)p;
    p += align64(G(chunks_max)(n_threads) * MSM_WINDOWS_MAX * sizeof(POINT));
    job.bucket_memory = p;
    threads_run(threads, job.in.n_slices, G(sort_slice), &job);
    if (!G(plan)(&job, n_threads)) {
        *out = G(infinity);
        return;
    }
    job.bucket_bytes = align64(msm_buckets_size(job.in.kernel, job.in.window_bits));
    atomic_init(&job.next, 0);
    threads_run(threads, n_threads, G(worker), &job);
    G(combine)(out, &job);
}
