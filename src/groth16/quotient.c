/* quotient.c - see quotient.h. */
#include "groth16/quotient.h"

#include <string.h>

#define PIECE ((size_t)1 << 14)

struct bits_job {
    fr_bits *dst;
    const fr *src;
    size_t n;
};

static void bits_piece(void *arg, size_t piece)
{
    const struct bits_job *job = arg;
    size_t lo = piece * PIECE, n = job->n - lo < PIECE ? job->n - lo : PIECE;
    fr_to_bits_n(job->dst + lo, job->src + lo, n);
}

void fr_to_bits_threads(fr_bits dst[], const fr src[], size_t n, struct threads *threads)
{
    struct bits_job job = {dst, src, n};
    threads_run(threads, (n + PIECE - 1) / PIECE, bits_piece, &job);
}

void blinding_draw(struct blinding *b)
{
    fr r, s, rs;

    fr_random(&r);
    fr_random(&s);
    fr_mul(&rs, &r, &s);
    fr_neg(&rs, &rs);
    fr_to_bits(&b->r, &r);
    fr_to_bits(&b->s, &s);
    fr_to_bits(&b->minus_rs, &rs);
    explicit_bzero(&r, sizeof r);
    explicit_bzero(&s, sizeof s);
    explicit_bzero(&rs, sizeof rs);
}

void blinding_wipe(struct blinding *b)
{
    explicit_bzero(b, sizeof *b);
}

void blinding_add(g1 *c, const struct blinding *b, const g1_affine *a, const g1 *b1,
                  const g1_affine *delta)
{
    g1_affine b1_affine;
    g1 t;

    g1_to_affine(&b1_affine, b1);
    g1_mul(&t, a, &b->s);
    g1_add(c, c, &t);
    g1_mul(&t, &b1_affine, &b->r);
    g1_add(c, c, &t);
    g1_mul(&t, delta, &b->minus_rs);
    g1_add(c, c, &t);
}
