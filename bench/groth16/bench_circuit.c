/* bench_circuit.c - see bench_circuit.h. */
#include "bench/groth16/bench_circuit.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "groth16/field_io.h"

const char *bench_shape_name(enum bench_shape shape)
{
    return shape == CIRCUIT_DENSE ? "dense" : "circom";
}

/* b * (b - 1) = 0 */
static void add_bit_row(struct bench_circuit *c, struct prng *r, uint32_t i)
{
    fr minus_one;

    fr_neg(&minus_one, &fr_one);
    if (prng_below(r, 100) < 42)
        c->z[i] = fr_one;
    cs_term(&c->cs, CS_A, i, &fr_one);
    cs_term(&c->cs, CS_B, i, &fr_one);
    cs_term(&c->cs, CS_B, 0, &minus_one);
}

/* ---- the dense shape ---- */

/* (x + y) * x = i; a square when y is x. */
static void add_mixing_row(struct bench_circuit *c, uint32_t x, uint32_t y, uint32_t i)
{
    fr t = c->z[x];

    cs_term(&c->cs, CS_A, x, &fr_one);
    if (y != x) {
        cs_term(&c->cs, CS_A, y, &fr_one);
        fr_add(&t, &t, &c->z[y]);
    }
    cs_term(&c->cs, CS_B, x, &fr_one);
    cs_term(&c->cs, CS_C, i, &fr_one);
    fr_mul(&c->z[i], &t, &c->z[x]);
}

static void build_dense(struct bench_circuit *c, struct prng *r)
{
    for (uint32_t i = 2, x = 1; i < c->cs.n_wires; i++) {
        if (prng_below(r, 100) < 48) {
            add_bit_row(c, r, i);
        } else {
            add_mixing_row(c, x, (uint32_t)prng_below(r, i), i);
            x = i;
        }
        cs_row_end(&c->cs);
    }
}

/* ---- the shape of circom's circuits ---- */

enum {
    SEED_BITS = 64, /* the first wires: bits that everything else is made of */
    CONSTANTS = 9,  /* as many as a Poseidon matrix */
    RECENT = 256,   /* half of what rows read was written lately */
    IN_A = 55,
    IN_B = 33 /* percent of the wires */
};

/* The wires that may be used in one matrix, in the order they were made. */
struct pool {
    uint32_t *wire, n, n_used;
};

struct circom {
    struct bench_circuit *c;
    struct prng *r;
    struct pool bits[2], full[2]; /* for A and for B */
    fr constant[CONSTANTS];
};

static void pool_put(struct pool *p, uint32_t wire)
{
    p->wire[p->n++] = wire;
}

/* One that no row has read yet when there is one, so that all are. */
static uint32_t pool_pick(struct pool *p, struct prng *r)
{
    uint32_t span = p->n > RECENT && prng_below(r, 2) ? RECENT : p->n;

    if (p->n_used < p->n)
        return p->wire[p->n_used++];
    return p->wire[p->n - 1 - (uint32_t)prng_below(r, span)];
}

static void pools_put(struct circom *s, struct pool p[2], uint32_t wire)
{
    if (prng_below(s->r, 100) < IN_A)
        pool_put(&p[CS_A], wire);
    if (prng_below(s->r, 100) < IN_B)
        pool_put(&p[CS_B], wire);
}

/* 2 a b = a + b - i, or a b = i: exclusive ors keep four in ten bits at 1. */
static void add_logic_row(struct circom *s, uint32_t i)
{
    uint32_t a = pool_pick(&s->bits[CS_A], s->r), b = pool_pick(&s->bits[CS_B], s->r);
    bool is_xor = a != b && prng_below(s->r, 100) < 78;
    struct cs *cs = &s->c->cs;
    fr *z = s->c->z, two, minus_one;

    fr_from_u64(&two, 2);
    fr_neg(&minus_one, &fr_one);
    cs_term(cs, CS_A, a, is_xor ? &two : &fr_one);
    cs_term(cs, CS_B, b, &fr_one);
    fr_mul(&z[i], &z[a], &z[b]);
    if (!is_xor) {
        cs_term(cs, CS_C, i, &fr_one);
        return;
    }
    cs_term(cs, CS_C, a, &fr_one);
    cs_term(cs, CS_C, b, &fr_one);
    cs_term(cs, CS_C, i, &minus_one);
    fr_mul(&z[i], &z[i], &two);
    fr_sub(&z[i], &z[a], &z[i]);
    fr_add(&z[i], &z[i], &z[b]);
}

static void add_sum_term(struct circom *s, unsigned m, uint32_t wire, const fr *coef, fr *sum)
{
    fr t;

    cs_term(&s->c->cs, m, wire, coef);
    fr_mul(&t, coef, &s->c->z[wire]);
    fr_add(sum, sum, &t);
}

/* (x - y + k v)(u + k') = i, without y and v where a wire would come twice. */
static void add_arithmetic_row(struct circom *s, uint32_t i)
{
    struct pool *a = &s->full[CS_A];
    uint32_t x = pool_pick(a, s->r), y = pool_pick(a, s->r), v = pool_pick(a, s->r);
    fr sum[2] = {{{0}}, {{0}}}, minus_one;

    fr_neg(&minus_one, &fr_one);
    add_sum_term(s, CS_A, x, &fr_one, &sum[0]);
    if (y != x)
        add_sum_term(s, CS_A, y, &minus_one, &sum[0]);
    if (v != x && v != y)
        add_sum_term(s, CS_A, v, &s->constant[prng_below(s->r, CONSTANTS)], &sum[0]);
    add_sum_term(s, CS_B, pool_pick(&s->full[CS_B], s->r), &fr_one, &sum[1]);
    add_sum_term(s, CS_B, 0, &s->constant[prng_below(s->r, CONSTANTS)], &sum[1]);
    cs_term(&s->c->cs, CS_C, i, &fr_one);
    fr_mul(&s->c->z[i], &sum[0], &sum[1]);
}

static void add_circom_rows(struct circom *s)
{
    for (uint32_t i = 2; i < s->c->cs.n_wires; i++) {
        if (i < 2 + SEED_BITS) {
            add_bit_row(s->c, s->r, i);
            pool_put(&s->bits[CS_A], i);
            pool_put(&s->bits[CS_B], i);
        } else if (prng_below(s->r, 100) < 48) {
            add_logic_row(s, i);
            pools_put(s, s->bits, i);
        } else {
            add_arithmetic_row(s, i);
            pools_put(s, s->full, i);
        }
        cs_row_end(&s->c->cs);
    }
}

static int build_circom(struct bench_circuit *c, struct prng *r, struct bench *b, struct err *err)
{
    struct circom s = {.c = c, .r = r};
    unsigned mark = bench_mark(b);

    for (int m = CS_A; m <= CS_B; m++) {
        s.bits[m].wire = bench_memory(b, c->cs.n_wires * sizeof(uint32_t));
        s.full[m].wire = bench_memory(b, c->cs.n_wires * sizeof(uint32_t));
        if (!s.bits[m].wire || !s.full[m].wire)
            return bench_out_of_memory(err);
        pool_put(&s.full[m], 1);
    }
    fr_from_u64(&s.constant[0], 3);
    for (int i = 1; i < CONSTANTS; i++) { /* x^5 + x: soon as large as the field */
        fr_sqr(&s.constant[i], &s.constant[i - 1]);
        fr_sqr(&s.constant[i], &s.constant[i]);
        fr_add(&s.constant[i], &s.constant[i], &fr_one);
        fr_mul(&s.constant[i], &s.constant[i], &s.constant[i - 1]);
    }
    add_circom_rows(&s);
    bench_memory_back(b, mark);
    return VCP_OK;
}

/* ---- both ---- */

int bench_circuit_build(struct bench_circuit *c, enum bench_shape shape, unsigned log_n,
                        struct bench *b, struct err *err)
{
    uint32_t n_rows = (uint32_t)(((uint64_t)1 << log_n) - 4), n_wires = n_rows + 2;
    struct prng r;
    int rc = VCP_OK;

    prng_init(&r, 1);
    cs_init(&c->cs, n_wires, 1, 0);
    c->z = bench_memory(b, n_wires * sizeof *c->z);
    c->bits = bench_memory(b, n_wires * sizeof *c->bits);
    if (!c->z || !c->bits)
        return bench_out_of_memory(err);
    memset(c->z, 0, n_wires * sizeof *c->z);
    c->z[0] = fr_one;
    fr_from_u64(&c->z[1], 123456789);
    if (shape == CIRCUIT_DENSE)
        build_dense(c, &r);
    else
        rc = build_circom(c, &r, b, err);
    if (rc < 0)
        return rc;
    if (cs_finish(&c->cs, err) < 0)
        return err_prefix(err, "circuit");
    if (cs_first_unsatisfied(&c->cs, c->z) != c->cs.n_rows)
        return bench_wrong(err, "witness", NULL);
    fr_to_bits_n(c->bits, c->z, n_wires);
    return VCP_OK;
}

void bench_circuit_release(struct bench_circuit *c)
{
    cs_release(&c->cs);
}

static double percent_zero(const unsigned char *p, size_t n, size_t n_bytes)
{
    static const unsigned char zero[G2_BYTES];
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += memcmp(p + i * n_bytes, zero, n_bytes) == 0;
    return 100.0 * (double)count / (double)n;
}

void bench_circuit_count(struct bench_circuit_counts *out, const struct bench_circuit *c,
                         const struct zkey *k)
{
    size_t n = k->h.n_wires, ones = 0;

    for (size_t i = 0; i < n; i++)
        ones += fr_eq(&c->z[i], &fr_one);
    out->zeros = percent_zero((const unsigned char *)c->bits, n, sizeof *c->bits);
    out->ones = 100.0 * (double)ones / (double)n;
    out->a_infinity = percent_zero(k->a, n, G1_BYTES);
    out->b1_infinity = percent_zero(k->b1, n, G1_BYTES);
    out->b2_infinity = percent_zero(k->b2, n, G2_BYTES);
    out->coefs_a_row = (double)k->n_coefs / (double)c->cs.n_rows;
}
