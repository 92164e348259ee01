#include "bn254/ntt.h"

#include <assert.h>

#include "bn254/kernels.h"

enum { VECTOR_PIECE = 4096 }; /* elements of one call in the loops over vectors */

/* Enough for the tables of any level. */
size_t ntt_table_size(unsigned log_n)
{
    size_t most = 0;

    for (int level = BN254_C; level <= BN254_IFMA; level++) {
        const struct bn254_kernels *k = bn254_kernels_at((enum bn254_level)level);

        if (k && k->ntt_table_size(log_n) > most)
            most = k->ntt_table_size(log_n);
    }
    return most;
}

void ntt_init(struct ntt *t, unsigned log_n, void *storage, struct threads *threads)
{
    const struct bn254_kernels *k = bn254_kernels();

    assert(log_n <= NTT_LOG_MAX);
    t->log_n = log_n;
    t->level = k->level;
    t->table = storage;
    k->ntt_init(t, threads);
}

static void run(const struct ntt *t, enum ntt_map map, fr a[], struct threads *threads)
{
    bn254_kernels_at((enum bn254_level)t->level)->ntt_run(t, map, a, threads);
}

void ntt_forward(const struct ntt *t, fr a[], struct threads *threads)
{
    run(t, NTT_FORWARD, a, threads);
}

void ntt_inverse(const struct ntt *t, fr a[], struct threads *threads)
{
    run(t, NTT_INVERSE, a, threads);
}

void ntt_to_coset(const struct ntt *t, fr a[], struct threads *threads)
{
    run(t, NTT_TO_COSET, a, threads);
}

void ntt_from_coset(const struct ntt *t, fr a[], struct threads *threads)
{
    run(t, NTT_FROM_COSET, a, threads);
}

struct vector_job {
    const struct bn254_kernels *k;
    fr *out;
    const fr *a, *b, *c;
    size_t n;
};

static void mul_sub_piece(void *arg, size_t i)
{
    const struct vector_job *job = arg;
    size_t at = i * VECTOR_PIECE, n = job->n - at < VECTOR_PIECE ? job->n - at : VECTOR_PIECE;

    job->k->fr_mul_sub(job->out + at, job->a + at, job->b + at, job->c ? job->c + at : job->c, n);
}

void fr_mul_sub_n(fr out[], const fr a[], const fr b[], const fr c[], size_t n,
                  struct threads *threads)
{
    struct vector_job job = {bn254_kernels(), out, a, b, c, n};

    threads_run(threads, (n + VECTOR_PIECE - 1) / VECTOR_PIECE, mul_sub_piece, &job);
}

void fr_to_bits_n(fr_bits dst[], const fr src[], size_t n)
{
    bn254_kernels()->fr_to_bits(dst, src, n);
}

void fr_from_bits_n(fr dst[], const fr_bits src[], size_t n)
{
    bn254_kernels()->fr_from_bits(dst, src, n);
}
