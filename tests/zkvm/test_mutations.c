/* Every chip: a valid row, then each stage-1 wire changed by +-1 and +-2^k, and pairs of
 * wires by opposite amounts.  A changed row must break a constraint, look up what no table
 * holds, or receive another tuple of unit flow: an instruction that receives the same and
 * sends something else would let the prover choose its result.  Rows that are no instructions
 * may choose (a time, the next address) and must only differ.  Wires declared free are left
 * out. */
#include <stdlib.h>
#include <string.h>

#include "rows.h"

static struct catalog *chips;
static bool is_lookup(uint8_t kind)
{
    return kind >= BUS_RANGE16 && kind <= BUS_POP8;
}

/* As the bus sees them: a packed key is one number. */
static bool same_tuple(const struct bus_tuple *x, const struct bus_tuple *y)
{
    fr dx, dy;

    if (is_lookup(x->kind) && fr_eq(&x->count, &y->count))
        return true;
    bus_denominator(&dx, x, challenges);
    bus_denominator(&dy, y, challenges);
    return fr_eq(&dx, &dy) && fr_eq(&x->count, &y->count) &&
           memcmp(x->values, y->values, sizeof x->values) == 0;
}

/* Of one direction: sign -1 or 1. */
static bool same_flow(const struct chip *c, const struct said *x, const struct said *y, int sign)
{
    for (uint32_t i = 0; i < c->n_tuples; i++)
        if (c->tuples[i].sign == sign && !same_tuple(&x->t[i], &y->t[i]))
            return false;
    return true;
}

static void in_field(fr out[], const struct chip *c, const uint64_t wires[])
{
    for (uint32_t i = 0; i < c->n_stage1; i++)
        fr_from_u64(&out[i], wires[i]);
}

/* A valid row, its circumstances and its wires. */
static bool sample_of(fr out[], struct said *said, const struct chip *c, struct trace_sample *q,
                      uint64_t wires[])
{
    *q = (struct trace_sample){.params = {0}};
    for (int tries = 0; tries < 100000; tries++) {
        draw(q, c);
        trace_sample_row(wires, c, q);
        in_field(out, c, wires);
        if (holds(c, out, said) && (!c->is_instruction || code_agrees(c, said, q)))
            return true;
    }
    return false;
}

static bool sample(fr out[], struct said *said, const struct chip *c)
{
    struct trace_sample q;
    uint64_t wires[BUILD_WIRES_MAX];

    return sample_of(out, said, c, &q, wires);
}

static void judge(const struct chip *c, const fr row[], const struct said *was, uint32_t i,
                  uint32_t k)
{
    struct said now;

    if (!holds(c, row, &now) || !same_flow(c, was, &now, -1))
        return;
    /* The same entry in other fields: one packed key, received and sent alike. */
    if (c->op == UINT32_MAX && memcmp(was, &now, c->n_tuples * sizeof now.t[0]) != 0)
        return;
    if (c->is_instruction || same_flow(c, was, &now, 1))
        fail_msg("chip %s: wires %u (%s) and %u (%s) may change, and the row sends %s", c->name, i,
                 c->wires[i].name, k, c->wires[k].name,
                 same_flow(c, was, &now, 1) ? "the same" : "something else");
}

static void mutate(const struct chip *c, fr row[], const struct said *was, uint32_t i, const fr *d)
{
    fr old = row[i];

    fr_add(&row[i], &row[i], d);
    judge(c, row, was, i, i);
    row[i] = old;
}

/* By d and -d 2^shift: what one limb loses, another of that weight takes up. */
static void mutate_pair(const struct chip *c, fr row[], const struct said *was, uint32_t i,
                        uint32_t k, const fr *d, int shift)
{
    fr old_i = row[i], old_k = row[k], scaled;

    bus_pow2(&scaled, shift);
    fr_mul(&scaled, &scaled, d);
    fr_add(&row[i], &row[i], d);
    fr_sub(&row[k], &row[k], &scaled);
    judge(c, row, was, i, k);
    row[i] = old_i;
    row[k] = old_k;
}

static void sweep(const struct chip *c)
{
    static const int8_t shifts[] = {0, 1, 8, 15, 16, 31, 32, 48, 63, 64, -8, -16};
    static const int8_t weights[] = {0, 0, 8, -8, 16, -16, 32, -32, 64, -64};
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
    for (int n = 0; n < 120; n++) {
        uint32_t i = (uint32_t)(rnd() % c->n_stage1), k = (uint32_t)(rnd() % c->n_stage1);

        if (i == k || c->wires[i].is_free || c->wires[k].is_free)
            continue;
        bus_pow2(&d, shifts[rnd() % sizeof shifts]);
        mutate_pair(c, row, &was, i, k, &d, weights[rnd() % sizeof weights]);
    }
}

/* ---- a wire forced, and all that follows ------------------------------------------------ */

static uint64_t replayed(void *arg, uint64_t address, const struct chip *c,
                         const struct chip_access *a)
{
    const uint64_t *wires = arg;

    (void)address;
    (void)c;
    return wires[a->value_wire];
}

static bool is_computed(const struct chip_wire *w)
{
    return w->op != RECIPE_INPUT && w->op != RECIPE_VALUE && w->op != RECIPE_TIME && !w->is_free;
}

/* What a dishonest prover does first: one wire of his own, the others computed from it.  A row that
 * still holds and receives the same must send the same. */
static void force(const struct chip *c, const struct trace_sample *q, uint64_t wires[],
                  const struct said *was)
{
    struct trace_sample forced = *q;

    forced.value = replayed;
    forced.arg = wires;
    forced.is_forced = true;
    for (uint32_t i = 0; i < c->n_stage1; i++) {
        const uint64_t deltas[] = {1, UINT64_MAX, 65536, (uint64_t)1 << rnd() % 64};

        for (unsigned k = 0; k < 4 && is_computed(&c->wires[i]); k++) {
            uint64_t row[BUILD_WIRES_MAX];
            struct said now;
            fr values[BUILD_WIRES_MAX];

            forced.forced_wire = i;
            forced.forced_value = wires[i] + deltas[k];
            trace_sample_row(row, c, &forced);
            in_field(values, c, row);
            if (holds(c, values, &now) && same_flow(c, was, &now, -1) &&
                !same_flow(c, was, &now, 1))
                fail_msg("chip %s: wire %u (%s) = %llx gives it another effect", c->name, i,
                         c->wires[i].name, (unsigned long long)forced.forced_value);
        }
    }
}

static void a_forced_wire_gives_no_chip_another_effect(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < CATALOG_CHIPS; number++) {
        const struct chip *c;
        struct trace_sample q;
        struct said was;
        uint64_t wires[BUILD_WIRES_MAX];
        fr row[BUILD_WIRES_MAX];

        if (catalog_get(&c, chips, number, NULL) < 0 || !c->is_instruction)
            continue;
        assert_true(sample_of(row, &was, c, &q, wires));
        force(c, &q, wires, &was);
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

/* floor(sqrt(n)) by bits. */
static uint64_t root_of(unsigned __int128 n)
{
    unsigned __int128 r = 0;

    for (int i = 63; i >= 0; i--) {
        unsigned __int128 t = r | (unsigned __int128)1 << i;

        if (t * t <= n)
            r = t;
    }
    return (uint64_t)r;
}

/* The rows of chips/wide.c: slot TOP, and the one behind it, to slot TOP. */
static void wide_arithmetic_means_what_c_says(void **state)
{
    (void)state;
    for (uint32_t one = ZONE_MUL_WIDE; one <= ZONE_SQRT_WIDE; one++)
        for (int i = 0; i < 200; i++) {
            uint64_t read[2] = {0}, acc = 0, written = 0, x, want;
            const struct chip *c;
            struct said said;
            unsigned n = 0;
            fr row[BUILD_WIRES_MAX];

            assert_int_equal(catalog_get(&c, chips, ZOP_ONE(one) * CHIP_VARIANTS, NULL), VCP_OK);
            assert_true(sample(row, &said, c));
            for (uint32_t k = 0; k < c->n_tuples; k++) {
                const struct bus_tuple *t = &said.t[k];

                if (t->kind == BUS_MEM && c->tuples[k].sign < 0)
                    read[n++] = number(&t->values[0]);
                else if (t->kind == BUS_MEM)
                    written = number(&t->values[0]);
                if (t->kind == BUS_STATE && c->tuples[k].sign > 0)
                    acc = number(&t->values[2]);
            }
            x = read[n - 1]; /* the slot that is read and written comes last */
            want = one == ZONE_MUL_WIDE   ? (uint64_t)((unsigned __int128)x * read[0] >> 64)
                   : one == ZONE_DIV_WIDE ? (uint64_t)(((unsigned __int128)x << 62) / read[0])
                                          : root_of((unsigned __int128)x << 62);
            if (acc != want || written != want)
                fail_msg("%s: %llx, %llx give %llx", c->name, (unsigned long long)x,
                         (unsigned long long)read[0], (unsigned long long)acc);
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

/* P8: the wires of a row may hold anything while its `on` is 0; then it puts nothing on the bus. */
static void P8_absent_rows_say_nothing(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < CATALOG_CHIPS; number++) {
        fr wires[2 * BUILD_WIRES_MAX];
        const uint64_t nothing[CHIP_ROW_CONSTANTS] = {0};
        const struct chip *c;
        struct said said;

        if (catalog_get(&c, chips, number, NULL) < 0 || c->constants)
            continue;
        assert_true(sample(wires, &said, c));
        for (uint32_t i = 0; i < c->n_stage1; i++)
            if (c->wires[i].op == RECIPE_INPUT && c->wires[i].i == ROW_ON)
                wires[i] = fr_zero;
        tuples(&said, c, wires, nothing);
        mock_stage2(c, wires, nothing, challenges);
        if (mock_constraint(c, wires, nothing, challenges) < c->n_constraints)
            continue;
        for (uint32_t i = 0; i < c->n_tuples; i++)
            if (!fr_is_zero(&said.t[i].count))
                fail_msg("chip %s: an absent row has tuple %u (%s)", c->name, i,
                         bus_kinds[said.t[i].kind].name);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arithmetic_means_what_c_says),
                                       cmocka_unit_test(wide_arithmetic_means_what_c_says),
                                       cmocka_unit_test(P8_absent_rows_say_nothing),
                                       cmocka_unit_test(a_forced_wire_gives_no_chip_another_effect),
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
