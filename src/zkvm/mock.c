/* Rows checked one by one, tuples counted in a hash table. */
#include "zkvm/mock.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t hash[2];
    fr count;
    uint8_t kind;
    bool is_used;
};

struct mock {
    fr challenges[BUS_CHALLENGES];
    fr sum;
    uint64_t seed[2];
    struct entry *entries;
    uint64_t n, cap;
    fr wires[2 * BUILD_WIRES_MAX];
};

struct mock *mock_new(void)
{
    struct mock *m = calloc(1, sizeof *m);
    fr random;

    if (!m)
        return NULL;
    for (unsigned i = 0; i < BUS_CHALLENGES; i++)
        fr_random(&m->challenges[i]);
    fr_random(&random);
    memcpy(m->seed, random.l, sizeof m->seed);
    m->cap = 4096;
    m->entries = calloc(m->cap, sizeof *m->entries);
    if (!m->entries) {
        free(m);
        return NULL;
    }
    return m;
}

void mock_free(struct mock *m)
{
    if (m)
        free(m->entries);
    free(m);
}

/* ---- rows ------------------------------------------------------------------------ */

void mock_stage2(const struct chip *c, fr wires[], const uint64_t row[CHIP_ROW_CONSTANTS],
                 const fr challenges[BUS_CHALLENGES])
{
    fr inverses[BUILD_CONSTRAINTS_MAX], scratch[BUILD_CONSTRAINTS_MAX], x;
    uint32_t n = 0, k = 0;

    for (uint32_t i = 0; i < c->n_constraints; i++)
        if (c->constraints[i].how == CONSTRAINT_INVERSE)
            lc_field(&inverses[n++], &c->constraints[i].b, wires, row, challenges);
    fr_inv_batch(inverses, n, scratch);
    for (uint32_t i = 0; i < c->n_constraints; i++) {
        const struct chip_constraint *q = &c->constraints[i];

        if (q->how == CONSTRAINT_INVERSE) {
            lc_field(&x, &q->c, wires, row, challenges);
            fr_mul(&wires[q->defines], &x, &inverses[k++]);
        } else if (q->how == CONSTRAINT_PRODUCT) {
            lc_field(&x, &q->a, wires, row, challenges);
            lc_field(&wires[q->defines], &q->b, wires, row, challenges);
            fr_mul(&wires[q->defines], &wires[q->defines], &x);
        }
    }
}

uint32_t mock_constraint(const struct chip *c, const fr wires[],
                         const uint64_t row[CHIP_ROW_CONSTANTS],
                         const fr challenges[BUS_CHALLENGES])
{
    fr x, y, z;

    for (uint32_t i = 0; i < c->n_constraints; i++) {
        const struct chip_constraint *q = &c->constraints[i];

        if (q->how == CONSTRAINT_PRODUCT)
            continue; /* true by definition */
        lc_field(&x, &q->a, wires, row, challenges);
        lc_field(&y, &q->b, wires, row, challenges);
        lc_field(&z, &q->c, wires, row, challenges);
        fr_mul(&x, &x, &y);
        if (!fr_eq(&x, &z))
            return i;
    }
    return c->n_constraints;
}

void mock_share(fr *out, const struct chip *c, const fr wires[], const fr challenges[])
{
    fr x;

    lc_field(out, &c->count_share, wires, NULL, NULL);
    for (unsigned i = 0; i < BUS_CLASSES; i++) {
        if (!c->class_share[i].n)
            continue;
        lc_field(&x, &c->class_share[i], wires, NULL, NULL);
        fr_mul(&x, &x, &challenges[BUS_WEIGHT(i)]);
        fr_add(out, out, &x);
    }
}

/* ---- exact tuples -------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    unsigned __int128 p = (unsigned __int128)(h ^ v) * 0x9e3779b97f4a7c15u;

    h = (uint64_t)p ^ (uint64_t)(p >> 64);
    h ^= h >> 29;
    return h * 0xbf58476d1ce4e5b9u + 0x94d049bb133111ebu;
}

static void hash_tuple(uint64_t out[2], const struct mock *m, const struct bus_tuple *t)
{
    const struct bus_kind_info *info = &bus_kinds[t->kind];

    for (int k = 0; k < 2; k++) {
        uint64_t h = m->seed[k] ^ t->kind;

        for (unsigned i = 0; i < info->n_comps; i++)
            for (int l = 0; l < 4; l++)
                h = mix(h, t->comps[i].l[l]);
        for (unsigned i = 0; i < info->n_values; i++)
            for (int l = 0; l < 4; l++)
                h = mix(h, t->values[i].l[l]);
        out[k] = h;
    }
}

static struct entry *find(struct entry *entries, uint64_t cap, const uint64_t hash[2])
{
    uint64_t i = hash[0] & (cap - 1);

    while (entries[i].is_used && memcmp(entries[i].hash, hash, sizeof entries[i].hash) != 0)
        i = (i + 1) & (cap - 1);
    return &entries[i];
}

static bool grow(struct mock *m)
{
    struct entry *entries = calloc(m->cap * 2, sizeof *entries);

    if (!entries)
        return false;
    for (uint64_t i = 0; i < m->cap; i++)
        if (m->entries[i].is_used)
            *find(entries, m->cap * 2, m->entries[i].hash) = m->entries[i];
    free(m->entries);
    m->entries = entries;
    m->cap *= 2;
    return true;
}

/* KEYLESS tuples are one count, weighted by the value. */
static int count(struct mock *m, struct bus_tuple t, struct err *err)
{
    struct entry *e;
    uint64_t hash[2];

    if (bus_kinds[t.kind].form == BUS_KEYLESS) {
        fr_mul(&t.count, &t.count, &t.values[0]);
        t.values[0] = fr_zero;
    }
    if (fr_is_zero(&t.count))
        return VCP_OK;
    if (m->n * 2 > m->cap && !grow(m))
        return err_set(err, VCP_ENOMEM, "out of memory counting tuples");
    hash_tuple(hash, m, &t);
    e = find(m->entries, m->cap, hash);
    if (!e->is_used) {
        *e = (struct entry){.kind = t.kind, .is_used = true};
        memcpy(e->hash, hash, sizeof e->hash);
        m->n++;
    }
    fr_add(&e->count, &e->count, &t.count);
    return VCP_OK;
}

int mock_tuple(struct mock *m, const struct bus_tuple *t, struct err *err)
{
    fr share;

    if (bus_share(&share, t, m->challenges) < 0)
        return err_set(err, VCP_EVERIFY, "a challenge meets a key");
    fr_add(&m->sum, &m->sum, &share);
    return count(m, *t, err);
}

static int row_tuples(struct mock *m, const struct chip *c, const uint64_t row[], struct err *err)
{
    for (uint32_t i = 0; i < c->n_tuples; i++) {
        const struct chip_tuple *t = &c->tuples[i];
        const struct bus_kind_info *info = &bus_kinds[t->kind];
        struct bus_tuple x = {.kind = t->kind};
        int rc;

        lc_field(&x.count, &t->count, m->wires, row, NULL);
        if (t->sign < 0)
            fr_neg(&x.count, &x.count);
        for (unsigned k = 0; k < info->n_comps; k++)
            lc_field(&x.comps[k], &t->comps[k], m->wires, row, NULL);
        for (unsigned k = 0; k < info->n_values; k++)
            lc_field(&x.values[k], &t->values[k], m->wires, row, NULL);
        rc = count(m, x, err);
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

int mock_row(struct mock *m, const struct chip *c, uint32_t index, const fr stage1[],
             struct err *err)
{
    uint64_t row[CHIP_ROW_CONSTANTS] = {0};
    uint32_t broken;
    fr share;

    if (c->constants)
        c->constants(row, index);
    memcpy(m->wires, stage1, c->n_stage1 * sizeof *stage1);
    mock_stage2(c, m->wires, row, m->challenges);
    broken = mock_constraint(c, m->wires, row, m->challenges);
    if (broken < c->n_constraints)
        return err_set(err, VCP_EVERIFY, "a row of chip %s breaks its constraint %u", c->name,
                       broken);
    mock_share(&share, c, m->wires, m->challenges);
    fr_add(&m->sum, &m->sum, &share);
    return row_tuples(m, c, row, err);
}

static int sink_row(void *arg, uint32_t number, const struct chip *chip, uint32_t index,
                    const uint64_t *wires, struct err *err)
{
    fr stage1[BUILD_WIRES_MAX];

    (void)number;
    for (uint32_t i = 0; i < chip->n_stage1; i++)
        fr_from_u64(&stage1[i], wires[i]);
    return mock_row(arg, chip, index, stage1, err);
}

struct trace_sink mock_sink(struct mock *m)
{
    return (struct trace_sink){sink_row, m};
}

static int put_term(void *arg, const struct bus_tuple *t, struct err *err)
{
    return mock_tuple(arg, t, err);
}

int mock_terms(struct mock *m, const struct terms_source *source, const struct statement *s,
               const struct statement_lists *lists, struct err *err)
{
    return source->emit(source->arg, s, lists, &(struct terms_sink){put_term, m}, err);
}

int mock_check(struct mock *m, struct mock_verdict *out, struct err *err)
{
    struct mock_verdict v = {.field = fr_is_zero(&m->sum)};
    char kinds[160] = "";
    size_t len = 0;

    for (uint64_t i = 0; i < m->cap; i++) {
        const struct entry *e = &m->entries[i];

        if (!e->is_used || fr_is_zero(&e->count))
            continue;
        v.n_unbalanced++;
        v.by_kind[e->kind]++;
    }
    v.exact = v.n_unbalanced == 0;
    if (out)
        *out = v;
    if (v.exact && v.field)
        return VCP_OK;
    if (v.exact != v.field)
        return err_set(err, VCP_EVERIFY, "a packing bug: the tuples %s, their sum %s",
                       v.exact ? "balance" : "do not balance", v.field ? "does" : "does not");
    for (unsigned k = 0; k < BUS_KINDS && len < sizeof kinds - 32; k++)
        if (v.by_kind[k])
            len += (size_t)snprintf(kinds + len, sizeof kinds - len, " %s (%u)", bus_kinds[k].name,
                                    v.by_kind[k]);
    return err_set(err, VCP_EVERIFY, "tuples do not balance:%s", kinds);
}
