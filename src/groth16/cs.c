/* cs.c - see cs.h. */
#include "groth16/cs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "groth16/field_io.h"

#define COEF_ONE       0
#define COEF_MINUS_ONE 1

/* p grown to hold at least want elements; false when memory is out (p stays). */
static bool grow(void **p, uint32_t *cap, uint64_t want, size_t size)
{
    uint64_t n = *cap ? *cap : 64;
    if (want <= *cap)
        return true;
    while (n < want)
        n *= 2;
    if (n > UINT32_MAX)
        return false;
    void *q = realloc(*p, (size_t)n * size);
    if (!q)
        return false;
    *p = q;
    *cap = (uint32_t)n;
    return true;
}

static void fail(struct cs *c, int code)
{
    if (c->failed == VCP_OK)
        c->failed = code;
}

/* ---- the coefficient table ---- */

static uint32_t slot_of(const struct cs *c, const fr *v)
{
    uint64_t h = v->l[0] ^ v->l[1] * UINT64_C(0x9e3779b97f4a7c15) ^ v->l[2] << 7 ^ v->l[3] << 13;
    uint32_t i;

    h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    for (i = (uint32_t)(h >> 32) & (c->n_slots - 1); c->slots[i] != 0;
         i = (i + 1) & (c->n_slots - 1))
        if (fr_eq(&c->coefs[c->slots[i] - 1], v))
            break;
    return i;
}

static bool rehash(struct cs *c)
{
    uint32_t n = c->n_slots ? c->n_slots * 2 : 256;
    uint32_t *old = c->slots;

    c->slots = calloc(n, sizeof *c->slots);
    if (!c->slots || n == 0) {
        free(c->slots);
        c->slots = old;
        return false;
    }
    free(old);
    c->n_slots = n;
    for (uint32_t i = 0; i < c->n_coefs; i++)
        c->slots[slot_of(c, &c->coefs[i])] = i + 1;
    return true;
}

static uint32_t intern(struct cs *c, const fr *v)
{
    void *p = c->coefs;

    if ((uint64_t)c->n_coefs * 2 >= c->n_slots && !rehash(c)) {
        fail(c, VCP_ENOMEM);
        return 0;
    }
    uint32_t slot = slot_of(c, v);
    if (c->slots[slot] != 0)
        return c->slots[slot] - 1;
    if (!grow(&p, &c->cap_coefs, (uint64_t)c->n_coefs + 1, sizeof *c->coefs)) {
        fail(c, VCP_ENOMEM);
        return 0;
    }
    c->coefs = p;
    c->coefs[c->n_coefs] = *v;
    c->slots[slot] = ++c->n_coefs;
    return c->n_coefs - 1;
}

/* ---- building ---- */

void cs_init(struct cs *c, uint32_t n_wires, uint32_t n_public, uint32_t n_stage1)
{
    fr minus_one;

    memset(c, 0, sizeof *c);
    c->n_wires = n_wires;
    c->n_public = n_public;
    c->n_stage1 = n_stage1;
    if (n_wires == 0 || (uint64_t)n_public + n_stage1 >= n_wires)
        fail(c, VCP_EINVAL);
    if (n_wires > GROTH16_WIRES_MAX || n_public > GROTH16_PUBLIC_MAX)
        fail(c, VCP_ELIMIT);
    fr_neg(&minus_one, &fr_one);
    intern(c, &fr_one);
    intern(c, &minus_one);
}

void cs_release(struct cs *c)
{
    for (int m = 0; m < 3; m++) {
        free(c->m[m].row_start);
        free(c->m[m].wire);
        free(c->m[m].coef);
    }
    free(c->coefs);
    free(c->slots);
    memset(c, 0, sizeof *c);
}

static bool reserve_term(struct cs_matrix *m)
{
    uint32_t cap = m->cap_terms, cap2 = m->cap_terms;
    void *w = m->wire, *k = m->coef;
    bool ok = grow(&w, &cap, (uint64_t)m->n_terms + 1, sizeof *m->wire);
    m->wire = w;
    ok = ok && grow(&k, &cap2, (uint64_t)m->n_terms + 1, sizeof *m->coef);
    m->coef = k;
    if (ok)
        m->cap_terms = cap;
    return ok;
}

void cs_term(struct cs *c, unsigned m, uint32_t wire, const fr *coef)
{
    struct cs_matrix *t = &c->m[m];

    if (c->failed != VCP_OK)
        return;
    if (wire >= c->n_wires) {
        fail(c, VCP_EINVAL);
        return;
    }
    uint32_t k = intern(c, coef);
    if (!reserve_term(t)) {
        fail(c, t->n_terms > UINT32_MAX / 2 ? VCP_ELIMIT : VCP_ENOMEM);
        return;
    }
    t->wire[t->n_terms] = wire;
    t->coef[t->n_terms] = k;
    t->n_terms++;
}

void cs_row_end(struct cs *c)
{
    if (c->failed != VCP_OK)
        return;
    if (c->n_rows >= GROTH16_ROWS_MAX) {
        fail(c, VCP_ELIMIT);
        return;
    }
    c->n_rows++;
    for (int m = 0; m < 3; m++) {
        struct cs_matrix *t = &c->m[m];
        void *p = t->row_start;
        if (!grow(&p, &t->cap_rows, (uint64_t)c->n_rows + 1, sizeof *t->row_start)) {
            fail(c, VCP_ENOMEM);
            return;
        }
        t->row_start = p;
        t->row_start[0] = 0;
        t->row_start[c->n_rows] = t->n_terms;
    }
}

int cs_finish(struct cs *c, struct err *err)
{
    assert(!c->finished);
    for (uint32_t i = 0; i <= c->n_public; i++) {
        cs_term(c, CS_A, i, &fr_one);
        cs_row_end(c);
    }
    if (c->failed == VCP_EINVAL)
        return err_set(err, VCP_EINVAL, "constraint system: a wire is out of range");
    if (c->failed == VCP_ELIMIT)
        return err_set(err, VCP_ELIMIT, "constraint system: more than %u rows or %u wires",
                       GROTH16_ROWS_MAX, GROTH16_WIRES_MAX);
    if (c->failed != VCP_OK)
        return err_set(err, VCP_ENOMEM, "constraint system: no memory for its terms");
    for (c->log_domain = 1; (uint64_t)1 << c->log_domain < c->n_rows;)
        c->log_domain++;
    c->finished = true;
    return VCP_OK;
}

int cs_from_r1cs(struct cs *out, const struct r1cs *r, struct err *err)
{
    struct cursor rows = r->rows;

    cs_init(out, r->n_wires, r->n_public, 0);
    for (uint32_t row = 0; row < r->n_rows && out->failed == VCP_OK; row++) {
        for (unsigned m = 0; m < 3; m++) {
            struct r1cs_lc lc = r1cs_next_lc(&rows);
            for (uint32_t i = 0; i < lc.n_terms; i++) {
                fr coef = fr_zero;
                (void)fr_from_le(&coef, r1cs_term_coef(&lc, i)); /* checked by r1cs_open */
                cs_term(out, m, r1cs_term_wire(&lc, i), &coef);
            }
        }
        cs_row_end(out);
    }
    int rc = cs_finish(out, err);
    if (rc < 0) {
        cs_release(out);
        err_prefix(err, "%s", r->file.name);
        return rc;
    }
    return VCP_OK;
}

/* ---- evaluating ---- */

void cs_eval(fr *out, const struct cs *c, unsigned m, uint32_t row, const fr z[])
{
    const struct cs_matrix *t = &c->m[m];
    fr sum = fr_zero, v;

    for (uint32_t i = t->row_start[row]; i < t->row_start[row + 1]; i++) {
        if (t->coef[i] == COEF_ONE) {
            fr_add(&sum, &sum, &z[t->wire[i]]);
        } else if (t->coef[i] == COEF_MINUS_ONE) {
            fr_sub(&sum, &sum, &z[t->wire[i]]);
        } else {
            fr_mul(&v, &c->coefs[t->coef[i]], &z[t->wire[i]]);
            fr_add(&sum, &sum, &v);
        }
    }
    *out = sum;
}

uint32_t cs_first_unsatisfied(const struct cs *c, const fr z[])
{
    for (uint32_t row = 0; row < c->n_rows; row++) {
        fr v[3], ab;
        for (unsigned m = 0; m < 3; m++)
            cs_eval(&v[m], c, m, row, z);
        fr_mul(&ab, &v[CS_A], &v[CS_B]);
        if (!fr_eq(&ab, &v[CS_C]))
            return row;
    }
    return c->n_rows;
}

int cs_digest(uint8_t out[32], const struct cs *c, struct err *err)
{
    const uint32_t shape[8] = {c->n_wires,      c->n_public,     c->n_stage1,     c->n_rows,
                               c->m[0].n_terms, c->m[1].n_terms, c->m[2].n_terms, c->n_coefs};
    struct sha3 h;

    if (c->has_digest) {
        memcpy(out, c->digest, 32);
        return VCP_OK;
    }
    if (sha3_init(&h) < 0)
        return err_set(err, VCP_ENOMEM, "constraint system: no memory to hash it");
    sha3_update(&h, "avcp-cs-1", 9);
    sha3_update(&h, shape, sizeof shape);
    for (uint32_t i = 0; i < c->n_coefs; i++) {
        uint8_t b[FR_BYTES];
        fr_to_le(b, &c->coefs[i]);
        sha3_update(&h, b, sizeof b);
    }
    for (unsigned m = 0; m < 3; m++) {
        const struct cs_matrix *t = &c->m[m];
        sha3_update(&h, t->row_start, ((size_t)c->n_rows + 1) * sizeof *t->row_start);
        sha3_update(&h, t->wire, (size_t)t->n_terms * sizeof *t->wire);
        sha3_update(&h, t->coef, (size_t)t->n_terms * sizeof *t->coef);
    }
    sha3_final(&h, out);
    return VCP_OK;
}

int cs_shape_of(struct cs_shape *out, const struct cs *c, struct err *err)
{
    *out = (struct cs_shape){.n_wires = c->n_wires,
                             .n_public = c->n_public,
                             .n_stage1 = c->n_stage1,
                             .n_rows = c->n_rows};
    return cs_digest(out->digest, c, err);
}

/* ---- by columns ---- */

int cs_columns_init(struct cs_columns *out, const struct cs *c, unsigned m, struct err *err)
{
    const struct cs_matrix *t = &c->m[m];

    out->start = calloc((size_t)c->n_wires + 2, sizeof *out->start);
    out->row = malloc(((size_t)t->n_terms + 1) * sizeof *out->row);
    out->coef = malloc(((size_t)t->n_terms + 1) * sizeof *out->coef);
    if (!out->start || !out->row || !out->coef) {
        cs_columns_release(out);
        return err_set(err, VCP_ENOMEM, "no memory for %u terms by columns", t->n_terms);
    }
    /* Counting sort: start[w + 2] counts, then start[w + 1] is where the next goes. */
    for (uint32_t i = 0; i < t->n_terms; i++)
        out->start[t->wire[i] + 2]++;
    for (uint32_t w = 2; w <= c->n_wires; w++)
        out->start[w] += out->start[w - 1];
    for (uint32_t row = 0; row < c->n_rows; row++) {
        for (uint32_t i = t->row_start[row]; i < t->row_start[row + 1]; i++) {
            uint32_t at = out->start[t->wire[i] + 1]++;
            out->row[at] = row;
            out->coef[at] = t->coef[i];
        }
    }
    return VCP_OK;
}

void cs_columns_release(struct cs_columns *t)
{
    free(t->start);
    free(t->row);
    free(t->coef);
    memset(t, 0, sizeof *t);
}
