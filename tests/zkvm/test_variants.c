/* The chips of one opcode: whichever the prover takes, the effect is the same.  A variant that does
 * not fit the circumstances must not hold there; one that holds must do what the others do. */
#include <stdlib.h>

#include "rows.h"

static struct catalog *chips;

/* ---- circumstances: what cells hold follows from their address ---------------------------- */

struct scene {
    uint64_t key;
    uint64_t pages;
    unsigned bits; /* of frame cells */
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 32;
}

static uint64_t world_cell(const struct scene *w, uint64_t address)
{
    uint64_t x = mix(w->key ^ address * 0x100000001b3u), space = address >> BUS_SPACE_BITS;

    if (space == SPACE_SPECIAL)
        return address == BUS_ADDRESS(SPACE_SPECIAL, CELL_PAGES) ? w->pages : x % 3;
    if (space == SPACE_TABLE || space == SPACE_FUNCTION)
        return table_value((unsigned)space, x);
    if (space == SPACE_LINEAR)
        return (uint32_t)(x % 5 ? x : x % 2 ? UINT32_MAX : 0);
    switch (x % 8) { /* frame: the edges of numbers and of the memory */
    case 0: return 0;
    case 1: return 1;
    case 2: return w->bits == 64 ? UINT64_MAX : UINT32_MAX;
    case 3: return (uint64_t)1 << (w->bits - 1);
    case 4: return w->pages * 65536 - x / 8 % 9;
    case 5: return x / 8 % 64;
    default: return w->bits == 64 ? mix(x) : (uint32_t)mix(x);
    }
}

static uint64_t value_of(void *arg, uint64_t address, const struct chip *c,
                         const struct chip_access *a)
{
    (void)c;
    (void)a;
    return world_cell(arg, address);
}

/* ---- a row's effect ------------------------------------------------------------------------- */

#define CELLS_MAX 16

struct effect {
    struct {
        uint64_t address, value;
    } cells[CELLS_MAX]; /* that a write changed */
    unsigned n;
    fr state[3];
};

/* Null is no function; odd ones are the guest's, even ones the host's. */
static bool is_function(uint64_t at)
{
    uint64_t ref = at & UINT32_MAX;

    return ref && at >> FACT_HOST_SHIFT == !(ref & 1);
}

/* A cell that a row may touch: of its space, and of a memory that large. */
static bool exists(const struct scene *w, const fr *address, uint64_t *out)
{
    if (!small(address, (uint64_t)1 << 39, out))
        return false;
    if (*out >> BUS_SPACE_BITS == SPACE_FUNCTION)
        return is_function(*out - BUS_ADDRESS(SPACE_FUNCTION, 0));
    return *out >> BUS_SPACE_BITS != SPACE_LINEAR ||
           *out - BUS_ADDRESS(SPACE_LINEAR, 0) < w->pages * 16384;
}

static void put(struct effect *e, const struct scene *w, uint64_t address, uint64_t value)
{
    unsigned i = 0;

    while (i < e->n && e->cells[i].address != address)
        i++;
    if (i == e->n && value == world_cell(w, address))
        return;
    assert_true(i < CELLS_MAX);
    e->n += i == e->n;
    e->cells[i].address = address;
    e->cells[i].value = value;
}

/* false when the row is not possible: a cell that is not there, or holds something else. */
static bool effect_of(struct effect *e, const struct chip *c, const struct said *s,
                      const struct scene *w)
{
    *e = (struct effect){.n = 0};
    for (uint32_t i = 0; i < c->n_tuples; i++) {
        const struct bus_tuple *t = &s->t[i];
        uint64_t address, value;

        if (t->kind == BUS_STATE && c->tuples[i].sign > 0)
            memcpy(e->state, t->values, sizeof e->state);
        if (t->kind != BUS_MEM)
            continue;
        if (!exists(w, &t->comps[1], &address) || !small(&t->values[0], UINT64_MAX, &value))
            return false;
        if (c->tuples[i].sign > 0)
            put(e, w, address, value);
    }
    return true;
}

static bool has(const struct effect *e, uint64_t address, uint64_t value)
{
    for (unsigned i = 0; i < e->n; i++)
        if (e->cells[i].address == address && e->cells[i].value == value)
            return true;
    return false;
}

static bool same_effect(const struct effect *x, const struct effect *y)
{
    for (unsigned i = 0; i < x->n; i++)
        if (!has(y, x->cells[i].address, x->cells[i].value))
            return false;
    return x->n == y->n && memcmp(x->state, y->state, sizeof x->state) == 0;
}

/* ---- variants ------------------------------------------------------------------------------- */

static bool row_holds(struct effect *e, const struct chip *c, const struct trace_sample *q,
                      const struct scene *w)
{
    uint64_t wires[BUILD_WIRES_MAX];
    fr row[BUILD_WIRES_MAX];
    struct said said;

    trace_sample_row(wires, c, q);
    for (uint32_t i = 0; i < c->n_stage1; i++)
        fr_from_u64(&row[i], wires[i]);
    return holds(c, row, &said) && code_agrees(c, &said, q) && effect_of(e, c, &said, w);
}

static void draw_world(struct trace_sample *q, struct scene *w, const struct chip *c)
{
    draw(q, c);
    w->key = rnd();
    w->pages = rnd() % 4 ? 1 + rnd() % 3 : rnd() % 65537;
    w->bits = rnd() % 2 ? 32 : 64;
    if (rnd() % 2) /* an address near the memory's end, in the accumulator or the immediate */
        q->inputs[ROW_ACC] = w->pages * 65536 - rnd() % 12;
    if (rnd() % 2)
        q->inputs[ROW_IMM] = (rnd() % 3 ? rnd() % 12 : w->pages * 65536 - rnd() % 12) & UINT32_MAX;
    if (rnd() % 4 == 0)
        q->inputs[ROW_IMM] |= (rnd() % 12) << 32;
    if (c->op == ZOP_ONE(ZONE_CALL_INDIRECT))
        q->inputs[ROW_IMM] = call_imm();
    q->value = value_of;
    q->arg = w;
}

static unsigned chips_of(const struct chip *out[CHIP_VARIANTS], uint32_t op)
{
    unsigned n = 0;

    for (unsigned v = 0; v < CHIP_VARIANTS; v++)
        if (catalog_get(&out[n], chips, op * CHIP_VARIANTS + v, NULL) == VCP_OK)
            n++;
    return n;
}

static void compare_variants(const struct chip *const c[], unsigned n, unsigned rounds,
                             unsigned seen[CHIP_VARIANTS])
{
    for (unsigned i = 0; i < rounds; i++) {
        struct trace_sample q = {.params = {0}};
        struct effect first, e;
        struct scene w;
        int before = -1;

        draw_world(&q, &w, c[0]);
        for (unsigned v = 0; v < n; v++) {
            if (!row_holds(&e, c[v], &q, &w))
                continue;
            seen[v]++;
            if (before >= 0 && !same_effect(&first, &e))
                fail_msg("chips %s and %s do different things in one place (acc %llx, imm %llx)",
                         c[before]->name, c[v]->name, (unsigned long long)q.inputs[ROW_ACC],
                         (unsigned long long)q.inputs[ROW_IMM]);
            first = e;
            before = (int)v;
        }
    }
}

static void L9_chips_of_an_opcode_agree_where_they_overlap(void **state)
{
    unsigned n_opcodes = 0, n_unseen = 0;

    (void)state;
    for (uint32_t op = 0; op < ZOP_COUNT; op++) {
        const struct chip *c[CHIP_VARIANTS];
        unsigned n = chips_of(c, op), seen[CHIP_VARIANTS] = {0};

        /* Whether a charge fits is the verifier's to see, as with the row `out of gas`. */
        if (n < 2 || op == ZOP_ONE(ZONE_CHARGE))
            continue;
        n_opcodes++;
        compare_variants(c, n, 400, seen);
        for (unsigned v = 0; v < n; v++)
            n_unseen += seen[v] == 0;
    }
    print_message("%u opcodes with variants; %u chips never met their circumstances\n", n_opcodes,
                  n_unseen);
    assert_true(n_opcodes > 200);
    assert_true(n_unseen < n_opcodes / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(L9_chips_of_an_opcode_agree_where_they_overlap)};
    int rc;

    for (unsigned i = 0; i < BUS_CHALLENGES; i++)
        fr_random(&challenges[i]);
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    return rc;
}
