/* rows.h - single rows of chips out of nowhere, and what they put on the bus.  Deterministic:
 * the draw starts from a fixed seed. */
#ifndef TESTS_ZKVM_ROWS_H
#define TESTS_ZKVM_ROWS_H

#include <string.h>

#include "test.h"
#include "zkvm/mock.h"

static uint64_t seed = 88172645463325252u;

static inline uint64_t rnd(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1du;
}

/* Numbers at which arithmetic turns. */
static inline uint64_t edgy(unsigned bits)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1, top = mask ^ mask >> 1;

    switch (rnd() % 10) {
    case 0: return 0;
    case 1: return 1;
    case 2: return mask;
    case 3: return top & mask;
    case 4: return (top - 1) & mask;
    case 5: return rnd() % 64 & mask;
    case 6: return (rnd() & mask) >> rnd() % bits;
    default: return rnd() & mask;
    }
}

/* Cells of tables and functions, of the noise x: small, so that they fit one another. */
static inline uint64_t table_value(unsigned space, uint64_t x)
{
    if (space == SPACE_TABLE)
        return x % 4 ? x / 4 % 100 : 0;
    return x % 1000 | x / 1000 % 2000 << FACT_FRAME_SHIFT | x / 2000000 % 3 << FACT_TYPE_SHIFT;
}

/* The immediate of a call: table, limit and type. */
static inline uint64_t call_imm(void)
{
    return rnd() % 3 | (rnd() % 4000) << CALL_LIMIT_SHIFT | (rnd() % 3) << CALL_TYPE_SHIFT;
}

static inline uint64_t cell_value(void *arg, uint64_t address, const struct chip *c,
                                  const struct chip_access *a)
{
    const struct chip_wire *w = &c->wires[a->value_wire];
    unsigned bits = w->hi > UINT32_MAX ? 64 : w->hi >= ((wide)1 << 24) ? 32 : 23;

    (void)arg;
    (void)address;
    switch (a->space) {
    case SPACE_SPECIAL: return rnd() % 8;
    case SPACE_TABLE:
    case SPACE_FUNCTION: return table_value(a->space, rnd());
    default: return edgy(bits);
    }
}

/* ---- what a row says ------------------------------------------------------------ */

struct said {
    struct bus_tuple t[BUILD_TUPLES_MAX];
};

static inline void tuples(struct said *out, const struct chip *c, const fr wires[],
                          const uint64_t row[])
{
    for (uint32_t i = 0; i < c->n_tuples; i++) {
        const struct chip_tuple *t = &c->tuples[i];
        const struct bus_kind_info *info = &bus_kinds[t->kind];

        memset(&out->t[i], 0, sizeof out->t[i]);
        out->t[i].kind = t->kind;
        lc_field(&out->t[i].count, &t->count, wires, row, NULL);
        for (unsigned k = 0; k < info->n_comps; k++)
            lc_field(&out->t[i].comps[k], &t->comps[k], wires, row, NULL);
        for (unsigned k = 0; k < info->n_values; k++)
            lc_field(&out->t[i].values[k], &t->values[k], wires, row, NULL);
    }
}

static inline bool small(const fr *x, uint64_t limit, uint64_t *out)
{
    fr_bits b;

    fr_to_bits(&b, x);
    *out = b.l[0];
    return !(b.l[1] | b.l[2] | b.l[3]) && (b.l[0] < limit || limit == UINT64_MAX);
}

static inline bool in_table(const struct bus_tuple *t)
{
    uint64_t x, y, z;

    switch (t->kind) {
    case BUS_RANGE16: return small(&t->comps[0], 65536, &x);
    case BUS_RANGE8: return small(&t->comps[0], 256, &x);
    case BUS_AND8:
        return small(&t->comps[0], 256, &x) && small(&t->comps[1], 256, &y) &&
               small(&t->comps[2], 256, &z) && z == (x & y);
    case BUS_POW32:
    case BUS_POW64:
        return small(&t->comps[0], t->kind == BUS_POW32 ? 32 : 64, &x) &&
               small(&t->comps[1], UINT64_MAX, &y) && y == (uint64_t)1 << x;
    case BUS_POP8:
        return small(&t->comps[0], 256, &x) && small(&t->comps[1], 9, &y) &&
               y == (uint64_t)__builtin_popcountll(x);
    default: return true;
    }
}

static inline bool lookups_hold(const struct said *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!in_table(&s->t[i]))
            return false;
    return true;
}

static fr challenges[BUS_CHALLENGES];

static inline bool holds(const struct chip *c, const fr stage1[], struct said *out)
{
    fr wires[2 * BUILD_WIRES_MAX];
    const uint64_t row[CHIP_ROW_CONSTANTS] = {3, 8, 0};

    memcpy(wires, stage1, c->n_stage1 * sizeof *wires);
    tuples(out, c, wires, row);
    if (!c->constants && !lookups_hold(out, c->n_tuples))
        return false;
    mock_stage2(c, wires, row, challenges);
    return mock_constraint(c, wires, row, challenges) == c->n_constraints;
}

/* ---- samples ---------------------------------------------------------------------- */

static inline bool code_agrees(const struct chip *c, const struct said *s,
                               const struct trace_sample *q)
{
    const uint8_t input[CODE_FIELDS] = {ROW_PC, 0, ROW_A, ROW_B, ROW_REL, ROW_IMM, ROW_TOP};

    for (uint32_t i = 0; i < c->n_tuples; i++)
        for (unsigned k = 0; k < CODE_FIELDS && c->tuples[i].kind == BUS_CODE; k++) {
            uint64_t v;

            if (!small(&s->t[i].comps[k], UINT64_MAX, &v))
                return false;
            if (k != CODE_OP && c->tuples[i].comps[k].n && v != q->inputs[input[k]])
                return false;
        }
    return true;
}

static inline void draw(struct trace_sample *q, const struct chip *c)
{
    static const uint8_t imm_bits[] = {4, 16, 24, 32, 64};
    bool narrow = c->is_instruction && c->wires[4].hi <= UINT32_MAX;

    q->value = cell_value;
    q->inputs[ROW_ON] = 1;
    q->inputs[ROW_CLOCK] = 1000000 + rnd() % 1000;
    q->inputs[ROW_PC] = rnd() % 1000 + 1;
    q->inputs[ROW_FP] = 100 + rnd() % 1000;
    q->inputs[ROW_ACC] = edgy(narrow ? 32 : rnd() % 2 ? 32 : 64);
    q->inputs[ROW_A] = rnd() % 100;
    q->inputs[ROW_B] = rnd() % 100;
    q->inputs[ROW_TOP] = rnd() % 100;
    q->inputs[ROW_REL] = rnd() % 65536;
    q->inputs[ROW_IMM] = edgy(imm_bits[rnd() % sizeof imm_bits]);
    if (rnd() % 4 == 0)
        q->inputs[ROW_IMM] = rnd() % 1000 | (65536 + rnd() % 4000) << 32;
    if (c->op == ZOP_ONE(ZONE_CALL_INDIRECT))
        q->inputs[ROW_IMM] = call_imm();
    q->params[0] = rnd() % 100000;
    q->params[1] = q->params[0] + 1 + rnd() % 100000;
    for (unsigned i = 2; i < 16; i++)
        q->params[i] = q->params[i - 1] + 1 + rnd() % 1000;
}

#endif
