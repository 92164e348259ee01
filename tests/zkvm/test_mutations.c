/* Every chip: a valid row, then each stage-1 wire changed by +-1 and +-2^k, and pairs of
 * wires by opposite amounts.  A changed row must break a constraint, look up what no table
 * holds, or put another tuple of unit flow on the bus; wires declared free are left out. */
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "zkvm/mock.h"

static struct catalog *chips;
static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1du;
}

/* Numbers at which arithmetic turns. */
static uint64_t edgy(unsigned bits)
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

static uint64_t cell_value(void *arg, const struct chip *c, const struct chip_access *a)
{
    const struct chip_wire *w = &c->wires[a->value_wire];
    unsigned bits = w->hi > UINT32_MAX ? 64 : w->hi >= ((wide)1 << 24) ? 32 : 23;

    (void)arg;
    return a->space == SPACE_SPECIAL ? rnd() % 8 : edgy(bits);
}

/* ---- what a row says ------------------------------------------------------------ */

struct said {
    struct bus_tuple t[BUILD_TUPLES_MAX];
};

static void tuples(struct said *out, const struct chip *c, const fr wires[], const uint64_t row[])
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

static bool small(const fr *x, uint64_t limit, uint64_t *out)
{
    fr_bits b;

    fr_to_bits(&b, x);
    *out = b.l[0];
    return !(b.l[1] | b.l[2] | b.l[3]) && (b.l[0] < limit || limit == UINT64_MAX);
}

static bool in_table(const struct bus_tuple *t)
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

static bool is_lookup(uint8_t kind)
{
    return kind >= BUS_RANGE16 && kind <= BUS_POP8;
}

static bool lookups_hold(const struct said *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!in_table(&s->t[i]))
            return false;
    return true;
}

static bool same_flow(const struct said *x, const struct said *y, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (is_lookup(x->t[i].kind) && fr_eq(&x->t[i].count, &y->t[i].count))
            continue;
        if (memcmp(&x->t[i], &y->t[i], sizeof x->t[i]) != 0)
            return false;
    }
    return true;
}

static fr challenges[BUS_CHALLENGES];

static bool holds(const struct chip *c, const fr stage1[], struct said *out)
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

static bool code_agrees(const struct chip *c, const struct said *s, const struct trace_sample *q)
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

static void draw(struct trace_sample *q, const struct chip *c)
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
    q->params[0] = rnd() % 100000;
    q->params[1] = q->params[0] + 1 + rnd() % 100000;
    for (unsigned i = 2; i < 16; i++)
        q->params[i] = q->params[i - 1] + 1 + rnd() % 1000;
}

static bool sample(fr out[], struct said *said, const struct chip *c)
{
    struct trace_sample q = {.params = {0}};
    uint64_t wires[BUILD_WIRES_MAX];

    for (int tries = 0; tries < 100000; tries++) {
        draw(&q, c);
        trace_sample_row(wires, c, &q);
        for (uint32_t i = 0; i < c->n_stage1; i++)
            fr_from_u64(&out[i], wires[i]);
        if (holds(c, out, said) && (!c->is_instruction || code_agrees(c, said, &q)))
            return true;
    }
    return false;
}

static void mutate(const struct chip *c, fr row[], const struct said *was, uint32_t i, const fr *d)
{
    struct said now;
    fr old = row[i];

    fr_add(&row[i], &row[i], d);
    if (holds(c, row, &now) && same_flow(was, &now, c->n_tuples))
        fail_msg("chip %s: wire %u (%s) may change", c->name, i, c->wires[i].name);
    row[i] = old;
}

static void mutate_pair(const struct chip *c, fr row[], const struct said *was, uint32_t i,
                        uint32_t k, const fr *d)
{
    struct said now;
    fr old_i = row[i], old_k = row[k];

    fr_add(&row[i], &row[i], d);
    fr_sub(&row[k], &row[k], d);
    if (holds(c, row, &now) && same_flow(was, &now, c->n_tuples))
        fail_msg("chip %s: wires %u (%s) and %u (%s) may change together", c->name, i,
                 c->wires[i].name, k, c->wires[k].name);
    row[i] = old_i;
    row[k] = old_k;
}

static void sweep(const struct chip *c)
{
    static const int8_t shifts[] = {0, 1, 8, 15, 16, 31, 32, 48, 63, 64, -8, -16};
    fr row[BUILD_WIRES_MAX], d;
    struct said was;

    if (!sample(row, &was, c))
        fail_msg("chip %s: no valid row found", c->name);
    for (uint32_t i = 0; i < c->n_stage1; i++) {
        if (c->wires[i].is_free)
            continue;
        for (unsigned s = 0; s < sizeof shifts; s++) {
            bus_pow2(&d, shifts[s]);
            mutate(c, row, &was, i, &d);
            fr_neg(&d, &d);
            mutate(c, row, &was, i, &d);
        }
    }
    for (int n = 0; n < 60; n++) {
        uint32_t i = (uint32_t)(rnd() % c->n_stage1), k = (uint32_t)(rnd() % c->n_stage1);

        if (i == k || c->wires[i].is_free || c->wires[k].is_free)
            continue;
        bus_pow2(&d, shifts[rnd() % sizeof shifts]);
        mutate_pair(c, row, &was, i, k, &d);
    }
}

/* ---- what an operation means, said in C ------------------------------------------- */

static uint64_t shifted(unsigned alu, unsigned w, uint64_t x, uint64_t y)
{
    uint64_t mask = w == 64 ? UINT64_MAX : UINT32_MAX;
    unsigned k = (unsigned)(y % w), back = (w - k) % w;
    uint64_t sign = x >> (w - 1) & 1 ? ~(mask >> k) & mask : 0;

    switch (alu) {
    case ALU_SHL: return x << k & mask;
    case ALU_SHR_U: return x >> k;
    case ALU_SHR_S: return x >> k | sign;
    case ALU_ROTL: return (x << k | x >> back) & mask;
    default: return (x >> k | x << back) & mask;
    }
}

static uint64_t meaning(unsigned alu, unsigned w, uint64_t x, uint64_t y)
{
    uint64_t mask = w == 64 ? UINT64_MAX : UINT32_MAX;
    int64_t sx = w == 64 ? (int64_t)x : (int32_t)x, sy = w == 64 ? (int64_t)y : (int32_t)y;

    switch (alu) {
    case ALU_ADD: return (x + y) & mask;
    case ALU_SUB: return (x - y) & mask;
    case ALU_MUL: return x * y & mask;
    case ALU_DIV_U: return x / y;
    case ALU_REM_U: return x % y;
    case ALU_DIV_S: return (uint64_t)(sx / sy) & mask;
    case ALU_REM_S: return sy == -1 ? 0 : (uint64_t)(sx % sy) & mask;
    case ALU_AND: return x & y;
    case ALU_OR: return x | y;
    case ALU_XOR: return x ^ y;
    case ALU_EQ: return x == y;
    case ALU_NE: return x != y;
    case ALU_LT_U: return x < y;
    case ALU_GE_U: return x >= y;
    case ALU_LT_S: return sx < sy;
    case ALU_GE_S: return sx >= sy;
    case ALU_EQZ: return x == 0;
    case ALU_NEZ: return x != 0;
    default: return shifted(alu, w, x, y);
    }
}

static uint64_t number(const fr *x)
{
    fr_bits b;

    fr_to_bits(&b, x);
    return b.l[0];
}

/* Operands and result as the tuples of the row have them: MEM reads in order, the
 * accumulator before and after, the immediate of the code entry. */
static void check_meaning(const struct chip *c, const struct said *said)
{
    unsigned alu = c->op / (4 * ZK_SHAPES), w = c->op / (2 * ZK_SHAPES) % 2 ? 64 : 32;
    unsigned shape = c->op / 2 % ZK_SHAPES, n = 0;
    uint64_t slots[3] = {0}, acc[2] = {0}, imm = 0, x, y;

    for (uint32_t i = 0; i < c->n_tuples; i++) {
        const struct bus_tuple *t = &said->t[i];

        if (t->kind == BUS_MEM && c->tuples[i].sign < 0)
            slots[n++] = number(&t->values[0]);
        if (t->kind == BUS_STATE)
            acc[c->tuples[i].sign > 0] = number(&t->values[2]);
        if (t->kind == BUS_CODE)
            imm = number(&t->comps[CODE_IMM]);
    }
    if (alu == ALU_LT_S || alu == ALU_GE_S) /* written with its sign turned */
        imm ^= (uint64_t)1 << (w - 1);
    n = 0;
    x = shape == SHAPE_IS || shape == SHAPE_IA   ? imm
        : shape == SHAPE_AS || shape == SHAPE_AI ? acc[0]
                                                 : slots[n++];
    y = shape == SHAPE_SI || shape == SHAPE_AI   ? imm
        : shape == SHAPE_SA || shape == SHAPE_IA ? acc[0]
                                                 : slots[n];
    /* A rotation to the right by an immediate has the amount turned (translate.c). */
    if (alu == ALU_ROTR && (shape == SHAPE_SI || shape == SHAPE_AI))
        y = -imm;
    if (acc[1] != meaning(alu, w, x, y))
        fail_msg("chip %s: %llx, %llx give %llx", c->name, (unsigned long long)x,
                 (unsigned long long)y, (unsigned long long)acc[1]);
}

static void arithmetic_means_what_c_says(void **state)
{
    (void)state;
    for (uint32_t op = 0; op < ZOP_UN_FIRST; op++) {
        const struct chip *c;
        struct said said;
        fr row[BUILD_WIRES_MAX];

        if (catalog_get(&c, chips, op * CHIP_VARIANTS, NULL) < 0)
            continue;
        for (int i = 0; i < 12; i++) {
            assert_true(sample(row, &said, c));
            check_meaning(c, &said);
        }
    }
}

static int rounds = 1;

static void every_wire_of_every_chip_matters(void **state)
{
    unsigned n = 0;

    (void)state;
    for (uint32_t number = 0; number < CATALOG_CHIPS; number++) {
        const struct chip *c;
        struct err e = {0};
        int rc = catalog_get(&c, chips, number, &e);

        if (rc == VCP_ENOTFOUND)
            continue;
        assert_ok(rc, e);
        n++;
        for (int i = 0; i < rounds; i++)
            sweep(c);
    }
    print_message("%u chips\n", n);
    assert_true(n > 1000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arithmetic_means_what_c_says),
                                       cmocka_unit_test(every_wire_of_every_chip_matters)};
    int rc;

    if (argc > 1)
        rounds = atoi(argv[1]);
    for (unsigned i = 0; i < BUS_CHALLENGES; i++)
        fr_random(&challenges[i]);
    chips = catalog_new();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    catalog_free(chips);
    return rc;
}
