/* sample.h - repeatable random elements and points for the tests of bn254. */
#ifndef TESTS_BN254_SAMPLE_H
#define TESTS_BN254_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/threads.h"
#include "bn254/cpu.h"
#include "bn254/g1.h"
#include "bn254/g2.h"

static inline void sample_bytes(struct prng *r, uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)prng_next(r);
}

static inline fr sample_fr(struct prng *r)
{
    uint8_t b[64];
    fr a;

    sample_bytes(r, b, sizeof b);
    fr_from_wide_le(&a, b);
    return a;
}

static inline fp sample_fp(struct prng *r)
{
    uint8_t b[64];
    fp a;

    sample_bytes(r, b, sizeof b);
    fp_from_wide_le(&a, b);
    return a;
}

static inline fr_bits sample_bits(struct prng *r)
{
    fr a = sample_fr(r);
    fr_bits k;

    fr_to_bits(&k, &a);
    return k;
}

/* p[i] = (s + i d) G for random s, d: distinct points at one addition each. */
static inline void sample_g1_n(struct prng *r, g1_affine p[], size_t n)
{
    fr_bits s = sample_bits(r), d = sample_bits(r);
    g1 *t = malloc((n + 1) * sizeof *t), step;
    fp *scratch = malloc((n + 1) * sizeof *scratch);

    g1_mul_var(&step, &g1_generator, &d);
    g1_mul_var(&t[0], &g1_generator, &s);
    for (size_t i = 1; i < n; i++)
        g1_add(&t[i], &t[i - 1], &step);
    g1_to_affine_n(p, t, n, scratch);
    free(t);
    free(scratch);
}

static inline void sample_g2_n(struct prng *r, g2_affine p[], size_t n)
{
    fr_bits s = sample_bits(r), d = sample_bits(r);
    g2 *t = malloc((n + 1) * sizeof *t), step;
    fp2 *scratch = malloc((n + 1) * sizeof *scratch);

    g2_mul_var(&step, &g2_generator, &d);
    g2_mul_var(&t[0], &g2_generator, &s);
    for (size_t i = 1; i < n; i++)
        g2_add(&t[i], &t[i - 1], &step);
    g2_to_affine_n(p, t, n, scratch);
    free(t);
    free(scratch);
}

/* Runs body once at every level this machine has, from the plain one up. */
static inline void at_every_level(void (*body)(void *), void *arg)
{
    enum bn254_level best = bn254_level_best();

    for (int level = BN254_C; level <= (int)best; level++) {
        if (bn254_level_set((enum bn254_level)level) != 0)
            continue;
        body(arg);
    }
    assert_int_equal(bn254_level_set(best), 0);
}

static inline void *sample_aligned(size_t n)
{
    void *p = aligned_alloc(64, (n + 127) & ~(size_t)63);

    assert_non_null(p);
    return p;
}

#endif
