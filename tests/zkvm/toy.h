/* toy.h - a machine of two small circuits, to prove receipts without WebAssembly.
 *
 * "The module" maps each argument x to 2x + 1.  A row of circuit DOUBLE receives x as
 * RANGE16 and sends 2x as RANGE8; a row of INCREMENT receives y as RANGE8 and sends y + 1
 * as SORT.  The verifier sends every argument, and receives
 * every result.  (A multiset: which result belongs to which argument is not shown.)
 * An instance has TOY_ROWS rows, so n_args is a multiple of TOY_ROWS. */
#ifndef TESTS_ZKVM_TOY_H
#define TESTS_ZKVM_TOY_H

#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "groth16/ckey.h"
#include "zkvm/prove.h"
#include "zkvm/verify.h"

#define SCRATCH(name) TEST_BINARY_DIR "/" name

enum {
    TOY_ROWS = 2,
    TOY_S = 1 + BUS_CHALLENGES,
    TOY_STAGE1 = TOY_S + 1,
    TOY_STAGE2 = TOY_STAGE1 + TOY_ROWS,
    TOY_WIRES = TOY_STAGE2 + 2 * TOY_ROWS,
    TOY_CHI_IN = 5,  /* RANGE16 */
    TOY_CHI_MID = 6, /* RANGE8 */
    TOY_CHI_OUT = 4, /* SORT */
};

struct toy_circuit {
    uint64_t factor, addend;
    unsigned chi_in, chi_out;
    struct cs cs;
    struct ckey key;
};

static inline void toy_term(struct cs *c, unsigned m, uint32_t wire, int64_t coef)
{
    fr f;
    fr_from_u64(&f, (uint64_t)(coef < 0 ? -coef : coef));
    if (coef < 0)
        fr_neg(&f, &f);
    cs_term(c, m, wire, &f);
}

/* w (chi - (factor x + addend)) = 1 */
static inline void toy_inverse(struct cs *c, uint32_t w, unsigned chi, uint32_t x, uint64_t factor,
                               uint64_t addend)
{
    toy_term(c, CS_A, w, 1);
    toy_term(c, CS_B, 1 + chi, 1);
    toy_term(c, CS_B, x, -(int64_t)factor);
    if (addend)
        toy_term(c, CS_B, 0, -(int64_t)addend);
    toy_term(c, CS_C, 0, 1);
    cs_row_end(c);
}

/* seed NULL: a key that is no test key. */
static inline void toy_circuit_open(struct toy_circuit *t, const char *dir, const char *name,
                                    uint64_t factor, uint64_t addend, unsigned chi_in,
                                    unsigned chi_out, const uint8_t *seed)
{
    struct err e = {0};
    struct work work = {0};
    struct cs_shape shape;
    uint8_t digest[32];

    *t = (struct toy_circuit){
        .factor = factor, .addend = addend, .chi_in = chi_in, .chi_out = chi_out};
    cs_init(&t->cs, TOY_WIRES, RECEIPT_PUBLIC_INPUTS, TOY_ROWS);
    for (uint32_t i = 0; i < TOY_ROWS; i++) {
        toy_inverse(&t->cs, TOY_STAGE2 + 2 * i, chi_in, TOY_STAGE1 + i, 1, 0);
        toy_inverse(&t->cs, TOY_STAGE2 + 2 * i + 1, chi_out, TOY_STAGE1 + i, factor, addend);
    }
    for (uint32_t i = 0; i < TOY_ROWS; i++) { /* S = sent - received */
        toy_term(&t->cs, CS_A, TOY_STAGE2 + 2 * i, -1);
        toy_term(&t->cs, CS_A, TOY_STAGE2 + 2 * i + 1, 1);
    }
    toy_term(&t->cs, CS_B, 0, 1);
    toy_term(&t->cs, CS_C, TOY_S, 1);
    cs_row_end(&t->cs);
    assert_ok(cs_finish(&t->cs, &e), e);
    assert_ok(keys_setup(digest, dir, name, &t->cs, seed, &work, &e), e);
    assert_ok(cs_shape_of(&shape, &t->cs, &e), e);
    assert_ok(keys_open(&t->key, dir, name, &shape, &e), e);
}

static inline void toy_circuit_close(struct toy_circuit *t)
{
    ckey_release(&t->key);
    cs_release(&t->cs);
}

/* ---- instances ---- */

struct toy_run {
    struct toy_circuit *circuits; /* DOUBLE, INCREMENT */
    struct statement *statement;
    const fr *challenges;
    uint32_t at;
    fr_bits z[TOY_WIRES];
    /* what a cheating prover changes */
    uint64_t stage1_change; /* added to the first value of pass 2 */
    int64_t s_change;       /* added to S of instance 0 */
    uint32_t extra;         /* instances too many in pass 2 */
};

static inline int toy_begin(void *arg, const fr *challenges, struct err *err)
{
    struct toy_run *r = arg;
    (void)err;
    r->challenges = challenges;
    r->at = 0;
    return VCP_OK;
}

static inline void toy_fill_stage2(struct toy_run *r, const struct toy_circuit *t)
{
    fr s = fr_zero, w, x;

    for (uint32_t k = 0; k < BUS_CHALLENGES; k++)
        fr_to_bits(&r->z[1 + k], &r->challenges[k]);
    for (uint32_t i = 0; i < TOY_ROWS; i++) {
        uint64_t v = r->z[TOY_STAGE1 + i].l[0];
        fr_from_u64(&x, v);
        fr_sub(&w, &r->challenges[t->chi_in], &x);
        fr_inv(&w, &w);
        fr_to_bits(&r->z[TOY_STAGE2 + 2 * i], &w);
        fr_sub(&s, &s, &w);
        fr_from_u64(&x, t->factor * v + t->addend);
        fr_sub(&w, &r->challenges[t->chi_out], &x);
        fr_inv(&w, &w);
        fr_to_bits(&r->z[TOY_STAGE2 + 2 * i + 1], &w);
        fr_add(&s, &s, &w);
    }
    if (r->at == 0 && r->s_change) {
        fr_from_u64(&x, (uint64_t)r->s_change);
        fr_add(&s, &s, &x);
    }
    fr_to_bits(&r->z[TOY_S], &s);
}

static inline int toy_next(void *arg, struct prove_instance *out, struct err *err)
{
    struct toy_run *r = arg;
    uint32_t n = 2 * r->statement->n_args / TOY_ROWS, key = r->at % 2;
    const struct toy_circuit *t = &r->circuits[key];

    (void)err;
    if (r->at >= n + (r->challenges ? r->extra : 0))
        return 0;
    memset(r->z, 0, sizeof r->z);
    r->z[0].l[0] = 1;
    for (uint32_t i = 0; i < TOY_ROWS; i++) {
        uint64_t x = r->statement->args[(r->at / 2 * TOY_ROWS + i) % r->statement->n_args];
        r->z[TOY_STAGE1 + i].l[0] = key == 0 ? x : 2 * x;
    }
    if (r->challenges) {
        r->z[TOY_STAGE1].l[0] += r->stage1_change;
        toy_fill_stage2(r, t);
    }
    r->at++;
    *out = (struct prove_instance){key, r->z, ckey_rows_of(&t->cs)};
    return 1;
}

/* ---- the verifier's side ---- */

static inline int toy_put(const struct terms_sink *sink, unsigned kind, int64_t count,
                          uint64_t comp, struct err *err)
{
    struct bus_tuple t = {.kind = (uint8_t)kind};
    fr_from_u64(&t.count, 1);
    if (count < 0)
        fr_neg(&t.count, &t.count);
    fr_from_u64(&t.comps[0], comp);
    return sink->put(sink->arg, &t, err);
}

static inline int toy_emit(void *arg, const struct statement *s,
                           const struct statement_lists *lists, const struct terms_sink *sink,
                           struct err *err)
{
    int rc = VCP_OK;
    (void)arg;
    (void)lists;
    if (s->n_args != s->n_results)
        return err_set(err, VCP_EVERIFY, "toy: %u results of %u arguments", s->n_results,
                       s->n_args);
    for (uint32_t i = 0; i < s->n_args && rc == VCP_OK; i++) {
        rc = toy_put(sink, BUS_RANGE16, 1, s->args[i], err);
        if (rc == VCP_OK)
            rc = toy_put(sink, BUS_SORT, -1, s->results[i], err);
    }
    return rc;
}

static const struct terms_source toy_terms = {toy_emit, NULL};

static inline void toy_statement(struct statement *s, uint64_t first, uint32_t n)
{
    statement_init(s);
    memset(s->module, 0x70, 32);
    strcpy(s->entry, "twice_and_one");
    s->n_args = s->n_results = n;
    for (uint32_t i = 0; i < n; i++) {
        s->args[i] = first + i * i;
        s->results[i] = 2 * s->args[i] + 1;
    }
    s->gas_used = 3 * n;
    s->gas_max = 1000;
}

static inline int toy_prove_run(struct receipt *out, struct toy_run *run, struct err *err)
{
    struct work work = {0};
    struct statement_lists lists = {.clock_end = run->statement->n_args + 1};
    const struct ckey *const keys[2] = {&run->circuits[0].key, &run->circuits[1].key};
    struct prove_source source = {toy_begin, toy_next, run};
    return receipt_prove(out, run->statement, &lists, keys, 2, &source, &work, NULL, err);
}

static inline void toy_prove(struct receipt *out, struct toy_circuit circuits[2],
                             struct statement *s)
{
    struct toy_run run = {.circuits = circuits, .statement = s};
    struct err e = {0};
    assert_ok(toy_prove_run(out, &run, &e), e);
}

#endif
