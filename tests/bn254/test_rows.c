/* Programs of fr_rows.h, drawn at random, against the same arithmetic done step by step. */
#include "tests/bn254/sample.h"

#include "bn254/fr_rows.h"

enum { INPUTS = 9, DIVISORS = 6, OPS = 30, TERMS = 120, COEFS = 12, PAIRS = 11, ZS = 7 };

struct drawn {
    struct fr_rows p;
    struct fr_rows_op ops[OPS];
    struct fr_rows_term terms[TERMS];
    fr coefs[COEFS], constants[OPS];
    uint32_t a[PAIRS], b[PAIRS], z[ZS];
    uint64_t inputs[FR_ROWS_MAX][INPUTS];
    size_t n;
    bool may_fail; /* a division by zero is among the rows */
};

struct given {
    fr a[FR_ROWS_MAX * PAIRS], b[FR_ROWS_MAX * PAIRS], sums[ZS];
    fr_bits z[FR_ROWS_MAX * ZS];
    bool ok;
};

static struct given want, got;

static uint32_t below(struct prng *r, uint32_t n)
{
    return (uint32_t)prng_below(r, n);
}

/* Registers INPUTS .. INPUTS + i - 1 are known when operation i runs. */
static void draw_sum(struct drawn *d, struct prng *r, uint32_t i)
{
    struct fr_rows_op *op = &d->ops[i];

    op->how = FR_ROWS_SUM;
    op->a = d->p.n_terms;
    op->b = i == 0 ? 0 : below(r, 5);
    op->constant = i;
    for (uint32_t k = 0; k < op->b && d->p.n_terms < TERMS; k++) {
        uint32_t known = i < DIVISORS || below(r, 3) ? INPUTS : INPUTS + i;
        d->terms[d->p.n_terms++] = (struct fr_rows_term){below(r, known), below(r, COEFS)};
    }
    op->b = d->p.n_terms - op->a;
}

static void draw_op(struct drawn *d, struct prng *r, uint32_t i)
{
    struct fr_rows_op *op = &d->ops[i];

    op->out = INPUTS + i;
    if (i < DIVISORS || below(r, 3) == 0) {
        draw_sum(d, r, i);
        return;
    }
    op->how = below(r, 2) ? FR_ROWS_MUL : FR_ROWS_DIV;
    op->a = INPUTS + below(r, i);
    op->b = op->how == FR_ROWS_MUL ? INPUTS + below(r, i) : below(r, DIVISORS);
}

static uint64_t draw_input(struct prng *r)
{
    switch (below(r, 5)) {
    case 0: return 0;
    case 1: return UINT64_MAX - below(r, 2);
    case 2: return ((uint64_t)1 << 52) - below(r, 2);
    case 3: return below(r, 65536);
    default: return prng_next(r);
    }
}

static void draw(struct drawn *d, struct prng *r, size_t n)
{
    memset(d, 0, sizeof *d);
    d->p = (struct fr_rows){.n_inputs = INPUTS,
                            .n_registers = INPUTS + OPS,
                            .ops = d->ops,
                            .n_ops = OPS,
                            .n_divisors = DIVISORS,
                            .terms = d->terms,
                            .coefs = d->coefs,
                            .constants = d->constants,
                            .n_coefs = COEFS,
                            .n_constants = OPS,
                            .a = d->a,
                            .b = d->b,
                            .z = d->z,
                            .n_pairs = PAIRS,
                            .n_z = ZS};
    d->n = n;
    d->coefs[0] = fr_one;
    fr_neg(&d->coefs[1], &fr_one);
    for (int i = 2; i < COEFS; i++)
        d->coefs[i] = sample_fr(r);
    for (int i = 0; i < OPS; i++)
        d->constants[i] = below(r, i < DIVISORS ? 20 : 2) ? sample_fr(r) : fr_zero;
    for (uint32_t i = 0; i < OPS; i++)
        draw_op(d, r, i);
    for (int i = 0; i < PAIRS; i++) {
        d->a[i] = INPUTS + below(r, OPS);
        d->b[i] = INPUTS + below(r, OPS);
    }
    for (int i = 0; i < ZS; i++)
        d->z[i] = INPUTS + below(r, OPS);
    for (size_t row = 0; row < n; row++)
        for (int i = 0; i < INPUTS; i++)
            d->inputs[row][i] = draw_input(r);
}

static void step(fr reg[], const struct drawn *d, const struct fr_rows_op *op, bool *ok)
{
    fr v = fr_zero, t;

    switch (op->how) {
    case FR_ROWS_SUM:
        v = d->constants[op->constant];
        for (uint32_t i = 0; i < op->b; i++) {
            fr_mul(&t, &d->coefs[d->terms[op->a + i].coef], &reg[d->terms[op->a + i].reg]);
            fr_add(&v, &v, &t);
        }
        break;
    case FR_ROWS_MUL: fr_mul(&v, &reg[op->a], &reg[op->b]); break;
    default:
        fr_inv(&t, &reg[d->ops[op->b].out]);
        *ok &= !fr_is_zero(&t) || fr_is_zero(&reg[op->a]);
        fr_mul(&v, &reg[op->a], &t);
    }
    reg[op->out] = v;
}

static void expect(const struct drawn *d)
{
    fr reg[INPUTS + OPS];

    memset(&want, 0, sizeof want);
    want.ok = true;
    for (size_t row = 0; row < d->n; row++) {
        for (int i = 0; i < INPUTS; i++)
            fr_from_u64(&reg[i], d->inputs[row][i]);
        for (int i = 0; i < OPS; i++)
            step(reg, d, &d->ops[i], &want.ok);
        for (int i = 0; i < PAIRS; i++) {
            want.a[row * PAIRS + i] = reg[d->a[i]];
            want.b[row * PAIRS + i] = reg[d->b[i]];
        }
        for (int i = 0; i < ZS; i++) {
            fr_to_bits(&want.z[row * ZS + i], &reg[d->z[i]]);
            fr_add(&want.sums[i], &want.sums[i], &reg[d->z[i]]);
        }
    }
}

static void run_at_level(void *arg)
{
    const struct drawn *d = arg;
    void *table = sample_aligned(fr_rows_table_size(&d->p));
    void *scratch = sample_aligned(fr_rows_scratch_size(&d->p));
    struct fr_rows_out out = {got.a, got.b, got.z, got.sums};

    memset(&got, 0, sizeof got);
    fr_rows_prepare(&d->p, table);
    got.ok = fr_rows_run(&d->p, table, d->inputs[0], d->n, &out, scratch);
    assert_int_equal(got.ok, want.ok);
    if (want.ok)
        assert_memory_equal(&got, &want, sizeof got);
    free(table);
    free(scratch);
}

static void rows_agree_with_single_steps(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 8, 9, 15, 16, 17, 100, 127, 128};
    struct drawn *d = malloc(sizeof *d);
    unsigned failed = 0, whole = 0;
    struct prng r;

    (void)state;
    prng_init(&r, 77);
    for (int round = 0; round < 60; round++) {
        draw(d, &r, sizes[round % (sizeof sizes / sizeof *sizes)]);
        expect(d);
        failed += !want.ok;
        whole += want.ok;
        at_every_level(run_at_level, d);
    }
    assert_true(failed > 0 && whole > 20);
    free(d);
}

/* A divisor that is 0 in some rows, in the integers and modulo r. */
static void zero_divisors_give_zero_or_fail(void **state)
{
    struct drawn *d = malloc(sizeof *d);
    struct prng r;

    (void)state;
    prng_init(&r, 78);
    draw(d, &r, 100);
    for (uint32_t i = 0; i < OPS; i++) { /* in0 / (in1 + in2 - in3), in1 / (r - 5 + in4) */
        d->ops[i] = (struct fr_rows_op){FR_ROWS_SUM, INPUTS + i, 0, 3, 0};
        d->constants[i] = fr_zero;
    }
    d->terms[0] = (struct fr_rows_term){1, 0};
    d->terms[1] = (struct fr_rows_term){2, 0};
    d->terms[2] = (struct fr_rows_term){3, 1};
    d->terms[3] = (struct fr_rows_term){4, 0};
    d->terms[4] = (struct fr_rows_term){0, 0};
    fr_from_u64(&d->constants[1], 5);
    fr_neg(&d->constants[1], &d->constants[1]);
    d->ops[1] = (struct fr_rows_op){FR_ROWS_SUM, INPUTS + 1, 3, 1, 1};
    d->ops[DIVISORS] = (struct fr_rows_op){FR_ROWS_SUM, INPUTS + DIVISORS, 4, 1, 2};
    d->ops[DIVISORS + 1] = (struct fr_rows_op){FR_ROWS_DIV, INPUTS + DIVISORS + 1,
                                               INPUTS + DIVISORS, 0, 0};
    d->ops[DIVISORS + 2] = (struct fr_rows_op){FR_ROWS_DIV, INPUTS + DIVISORS + 2,
                                               INPUTS + DIVISORS, 1, 0};
    for (size_t row = 0; row < d->n; row++) {
        uint64_t *in = d->inputs[row];
        in[0] = row % 3 ? row : 0;
        in[1] = row;
        in[2] = 2;
        in[3] = row % 3 ? 1 : row + 2;
        in[4] = row % 3 ? row + 6 : 5;
    }
    expect(d);
    assert_true(want.ok);
    at_every_level(run_at_level, d);
    d->inputs[51][0] = 1; /* 51 % 3 == 0 */
    expect(d);
    assert_false(want.ok);
    at_every_level(run_at_level, d);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_agree_with_single_steps),
        cmocka_unit_test(zero_divisors_give_zero_or_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
