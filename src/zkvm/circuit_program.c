/* circuit_program.c - the constraints of a chip as the program of a row.
 *
 * Inputs are the stage-1 wires and, of a table, the row's constants.  Each linear
 * combination becomes one sum, those that occur twice one register; the divisors of all
 * inverses come first.  What a combination has of the challenges and of 1 is a constant
 * of its sum, put in when the challenges are known. */
#include <stdlib.h>
#include <string.h>

#include "zkvm/circuit_parts.h"

struct compiler {
    const struct chip *chip;
    struct circuit_program *p;
    struct arena draft; /* of what follows: the program's arrays while they grow */
    struct fr_rows_op *ops;
    struct fr_rows_term *terms;
    fr *coefs;
    struct circuit_constant *constants;
    uint32_t *a, *b, *z;
    const struct lc **sum_of; /* by operation, NULL for others */
    bool failed;
};

static uint32_t count_terms(const struct chip *c)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->n_constraints; i++)
        n += c->constraints[i].a.n + c->constraints[i].b.n + c->constraints[i].c.n;
    return n;
}

static bool allocate(struct compiler *k)
{
    const struct chip *c = k->chip;
    uint32_t n_terms = count_terms(c), n_ops = 3 * c->n_constraints;
    struct arena *m = &k->draft;

    arena_init(m, 0);
    k->ops = arena_array(m, n_ops + 1u, sizeof *k->ops);
    k->terms = arena_array(m, n_terms + 1u, sizeof *k->terms);
    k->coefs = arena_array(m, n_terms + 2u, sizeof *k->coefs);
    k->a = arena_array(m, c->n_constraints + 1u, sizeof *k->a);
    k->b = arena_array(m, c->n_constraints + 1u, sizeof *k->b);
    k->z = arena_array(m, c->n_wires - c->n_stage1 + 1u, sizeof *k->z);
    k->constants = arena_array(m, n_terms + 1u, sizeof *k->constants);
    k->sum_of = calloc(n_ops + 1u, sizeof *k->sum_of);
    return k->ops && k->terms && k->coefs && k->a && k->b && k->z && k->constants && k->sum_of;
}

static uint32_t coef_index(struct compiler *k, const fr *v)
{
    struct fr_rows *r = &k->p->rows;

    for (uint32_t i = 0; i < r->n_coefs; i++)
        if (fr_eq(&k->coefs[i], v))
            return i;
    k->coefs[r->n_coefs] = *v;
    return r->n_coefs++;
}

/* The register of a wire or a row's constant; UINT32_MAX for what is no register. */
static uint32_t register_of(const struct compiler *k, int32_t wire)
{
    uint32_t n1 = k->chip->n_stage1;

    if (wire >= 0)
        return (uint32_t)wire < n1 ? (uint32_t)wire : k->z[(uint32_t)wire - n1];
    if (wire < CHIP_ONE && wire > CHIP_CHALLENGE(0) && k->chip->constants)
        return n1 + (uint32_t)(CHIP_ROW(0) - wire);
    return UINT32_MAX;
}

static void add_term(struct compiler *k, struct fr_rows_op *op, const struct chip_term *t)
{
    struct circuit_program *p = k->p;
    uint32_t reg = register_of(k, t->wire);
    fr coef;

    chip_coefficient(&coef, t);
    if (reg != UINT32_MAX) {
        k->terms[p->rows.n_terms++] = (struct fr_rows_term){reg, coef_index(k, &coef)};
        op->b++;
        return;
    }
    k->constants[p->n_constants++] = (struct circuit_constant){
        op->constant, t->wire == CHIP_ONE ? -1 : CHIP_CHALLENGE(0) - t->wire, coef};
    k->failed |= t->wire < CHIP_ONE && t->wire > CHIP_CHALLENGE(0); /* a constant of no table */
}

static bool same(const struct lc *x, const struct lc *y)
{
    if (x->n != y->n)
        return false;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->terms[i].wire != y->terms[i].wire || x->terms[i].m != y->terms[i].m ||
            x->terms[i].shift != y->terms[i].shift)
            return false;
    return true;
}

/* The operation whose sum is x: one that is there, or a new one. */
static uint32_t sum_op(struct compiler *k, const struct lc *x)
{
    struct fr_rows *r = &k->p->rows;
    struct fr_rows_op *op = &k->ops[r->n_ops];

    for (uint32_t i = 0; i < r->n_ops; i++)
        if (k->sum_of[i] && same(k->sum_of[i], x))
            return i;
    *op = (struct fr_rows_op){FR_ROWS_SUM, r->n_registers++, r->n_terms, 0, r->n_constants++};
    for (uint32_t i = 0; i < x->n; i++)
        add_term(k, op, &x->terms[i]);
    k->sum_of[r->n_ops] = x;
    return r->n_ops++;
}

/* A stage-2 wire is its own register. */
static uint32_t value_of(struct compiler *k, const struct lc *x)
{
    if (x->n == 1 && x->terms[0].m == 1 && x->terms[0].shift == 0 &&
        x->terms[0].wire >= (int32_t)k->chip->n_stage1)
        return register_of(k, x->terms[0].wire);
    return k->ops[sum_op(k, x)].out;
}

static bool has_stage2(const struct chip *c, const struct lc *x)
{
    for (uint32_t i = 0; i < x->n; i++)
        if (x->terms[i].wire >= (int32_t)c->n_stage1)
            return true;
    return false;
}

static void compile_divisors(struct compiler *k)
{
    for (uint32_t i = 0; i < k->chip->n_constraints; i++) {
        const struct chip_constraint *c = &k->chip->constraints[i];
        if (c->how != CONSTRAINT_INVERSE)
            continue;
        k->failed |= has_stage2(k->chip, &c->b);
        sum_op(k, &c->b);
    }
    k->p->rows.n_divisors = k->p->rows.n_ops;
}

static void compile_defining(struct compiler *k, const struct chip_constraint *c)
{
    struct fr_rows *r = &k->p->rows;
    bool divides = c->how == CONSTRAINT_INVERSE;
    uint32_t x = value_of(k, divides ? &c->c : &c->a);
    uint32_t y = divides ? sum_op(k, &c->b) : value_of(k, &c->b);

    k->z[(uint32_t)c->defines - k->chip->n_stage1] = r->n_registers;
    k->ops[r->n_ops++] = (struct fr_rows_op){divides ? FR_ROWS_DIV : FR_ROWS_MUL, r->n_registers++,
                                             x, y, 0};
}

static void compile(struct compiler *k)
{
    const struct chip *c = k->chip;
    struct fr_rows *r = &k->p->rows;
    fr minus_one;

    fr_neg(&minus_one, &fr_one);
    coef_index(k, &fr_one);
    coef_index(k, &minus_one);
    r->n_inputs = r->n_registers = c->n_stage1 + (c->constants ? CHIP_ROW_CONSTANTS : 0);
    r->n_pairs = c->n_constraints;
    r->n_z = c->n_wires - c->n_stage1;
    for (uint32_t i = 0; i < r->n_z; i++)
        k->z[i] = UINT32_MAX;
    compile_divisors(k);
    for (uint32_t i = 0; i < c->n_constraints; i++) {
        const struct chip_constraint *x = &c->constraints[i];
        if (x->how != CONSTRAINT_CHECK)
            compile_defining(k, x);
        k->a[i] = value_of(k, &x->a);
        k->b[i] = value_of(k, &x->b);
    }
    for (uint32_t i = 0; i < r->n_z; i++)
        k->failed |= k->z[i] == UINT32_MAX; /* a wire that nothing defines */
}

/* The draft has room for the worst case; the program keeps what there is. */
static bool settle(struct compiler *k)
{
    struct arena *m = &k->p->memory;
    struct fr_rows *r = &k->p->rows;

    arena_init(m, 0);
    r->ops = arena_copy(m, k->ops, r->n_ops * sizeof *r->ops);
    r->terms = arena_copy(m, k->terms, r->n_terms * sizeof *r->terms);
    r->coefs = arena_copy(m, k->coefs, r->n_coefs * sizeof *r->coefs);
    r->a = arena_copy(m, k->a, r->n_pairs * sizeof *r->a);
    r->b = arena_copy(m, k->b, r->n_pairs * sizeof *r->b);
    r->z = arena_copy(m, k->z, r->n_z * sizeof *r->z);
    k->p->constants = arena_copy(m, k->constants, k->p->n_constants * sizeof *k->p->constants);
    return r->ops && r->terms && r->coefs && r->a && r->b && r->z && k->p->constants;
}

int circuit_program_init(struct circuit_program *p, const struct chip *chip, struct err *err)
{
    struct compiler k = {.chip = chip, .p = p};
    bool has_room;
    int rc = VCP_OK;

    memset(p, 0, sizeof *p);
    has_room = allocate(&k);
    if (has_room)
        compile(&k);
    if (k.failed)
        rc = err_set(err, VCP_EINVAL, "chip %s cannot be filled in one go", chip->name);
    else if (!has_room || !settle(&k))
        rc = err_set(err, VCP_ENOMEM, "no memory for the circuit of chip %s", chip->name);
    arena_release(&k.draft);
    free(k.sum_of);
    if (rc < 0)
        circuit_program_release(p);
    return rc;
}

void circuit_program_release(struct circuit_program *p)
{
    arena_release(&p->memory);
    memset(p, 0, sizeof *p);
}

void circuit_program_constants(fr out[], const struct circuit_program *p, const fr challenges[])
{
    fr v;

    for (uint32_t i = 0; i < p->rows.n_constants; i++)
        out[i] = fr_zero;
    for (uint32_t i = 0; i < p->n_constants; i++) {
        const struct circuit_constant *c = &p->constants[i];
        fr_mul(&v, &c->coef, c->challenge < 0 ? &fr_one : &challenges[c->challenge]);
        fr_add(&out[c->constant], &out[c->constant], &v);
    }
}
