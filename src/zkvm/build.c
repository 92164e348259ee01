/* Wires, pins and constraints of a chip under construction. */
#include "zkvm/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAGE2_FIRST 1000

static int32_t refuse(struct build *b, const char *what)
{
    if (!b->err.code)
        err_set(&b->err, VCP_EINVAL, "chip %s: %s", b->chip->name, what);
    return 0;
}

static struct lc keep(struct build *b, const struct lin *x)
{
    struct lc out = {NULL, x->n};

    out.terms = arena_copy(&b->chip->arena, x->t, x->n * sizeof *x->t);
    if (!out.terms) {
        out.n = 0;
        refuse(b, "out of memory");
    }
    return out;
}

int build_init(struct build *b, const char *name, struct err *err)
{
    struct chip *c = calloc(1, sizeof *c);

    *b = (struct build){.chip = c};
    if (!c)
        return err_set(err, VCP_ENOMEM, "out of memory building chip %s", name);
    snprintf(c->name, sizeof c->name, "%s", name);
    arena_init(&c->arena, 0);
    c->op = UINT32_MAX;
    c->wires = calloc(2 * BUILD_WIRES_MAX, sizeof *c->wires); /* stage 1, then stage 2 */
    c->constraints = calloc(BUILD_CONSTRAINTS_MAX, sizeof *c->constraints);
    c->tuples = calloc(BUILD_TUPLES_MAX, sizeof *c->tuples);
    c->accesses = calloc(BUILD_ACCESSES_MAX, sizeof *c->accesses);
    if (!c->wires || !c->constraints || !c->tuples || !c->accesses) {
        chip_free(c);
        b->chip = NULL;
        return err_set(err, VCP_ENOMEM, "out of memory building chip %s", name);
    }
    return VCP_OK;
}

void chip_free(struct chip *c)
{
    if (!c)
        return;
    arena_release(&c->arena);
    free(c->wires);
    free(c->constraints);
    free(c->tuples);
    free(c->accesses);
    free(c);
}

/* ---- wires ----------------------------------------------------------------- */

static struct chip_wire *wire_of(const struct build *b, int32_t wire)
{
    if (wire >= STAGE2_FIRST)
        return &b->chip->wires[BUILD_WIRES_MAX + wire - STAGE2_FIRST];
    return &b->chip->wires[wire];
}

static int32_t new_wire(struct build *b, const char *name, uint8_t stage)
{
    uint32_t *n = stage == 1 ? &b->n_stage1 : &b->n_stage2;

    if (*n == BUILD_WIRES_MAX)
        return refuse(b, "too many wires");
    *wire_of(b, (int32_t)*n + (stage == 1 ? 0 : STAGE2_FIRST)) = (struct chip_wire){.name = name,
                                                                                    .stage = stage};
    return (int32_t)(*n)++ + (stage == 1 ? 0 : STAGE2_FIRST);
}

int32_t build_recipe(struct build *b, const char *name, enum recipe_op op, struct lin x,
                     struct lin y)
{
    int32_t w = new_wire(b, name, 1);
    struct chip_wire *cw = wire_of(b, w);

    cw->op = (uint8_t)op;
    cw->x = keep(b, &x);
    cw->y = keep(b, &y);
    return w;
}

int32_t build_input(struct build *b, const char *name, enum row_input i)
{
    int32_t w = build_recipe(b, name, RECIPE_INPUT, lin_zero(), lin_zero());

    wire_of(b, w)->i = (uint8_t)i;
    return w;
}

int32_t build_param(struct build *b, const char *name, unsigned i)
{
    int32_t w = build_recipe(b, name, RECIPE_PARAM, lin_zero(), lin_zero());

    wire_of(b, w)->i = (uint8_t)i;
    return w;
}

int32_t build_bits_of_product(struct build *b, const char *name, struct lin x, struct lin y,
                              unsigned shift, unsigned bits)
{
    int32_t w = build_recipe(b, name, RECIPE_BITS, x, y);

    wire_of(b, w)->shift = (uint8_t)shift;
    wire_of(b, w)->bits = (uint8_t)bits;
    return w;
}

int32_t build_bits(struct build *b, const char *name, struct lin x, unsigned shift, unsigned bits)
{
    return build_bits_of_product(b, name, x, lin_zero(), shift, bits);
}

int32_t build_two_bits(struct build *b, const char *name, enum recipe_op op, struct lin x,
                       struct lin y, unsigned shift, unsigned bits)
{
    int32_t w = build_bits_of_product(b, name, x, y, shift, bits);

    wire_of(b, w)->op = (uint8_t)op;
    return w;
}

int32_t build_and_bits(struct build *b, const char *name, struct lin x, struct lin y,
                       unsigned shift, unsigned bits)
{
    return build_two_bits(b, name, RECIPE_AND, x, y, shift, bits);
}

int32_t build_access_wire(struct build *b, const char *name, enum recipe_op op, unsigned access)
{
    int32_t w = build_recipe(b, name, op, lin_zero(), lin_zero());

    wire_of(b, w)->i = (uint8_t)access;
    return w;
}

void build_pin(struct build *b, int32_t wire, wide lo, wide hi)
{
    struct chip_wire *w = wire_of(b, wire);

    w->pinned = true;
    w->lo = lo;
    w->hi = hi;
}

void build_mark_free(struct build *b, int32_t wire)
{
    wire_of(b, wire)->is_free = true;
}

/* false for an unpinned wire, a fraction, or a bound that 127 bits cannot hold. */
bool build_bounds(const struct build *b, const struct lin *x, wide *lo, wide *hi)
{
    const wide top = (wide)1 << 100;

    *lo = *hi = 0;
    for (uint32_t i = 0; i < x->n; i++) {
        const struct chip_term *t = &x->t[i];
        wide l = 1, h = 1, m = t->m, s;

        if (t->wire >= 0) {
            const struct chip_wire *w = wire_of(b, t->wire);

            if (!w->pinned)
                return false;
            l = w->lo, h = w->hi;
        } else if (t->wire != CHIP_ONE) {
            return false;
        }
        if (t->shift < 0 || t->shift > 90 || l < -top || h > top)
            return false;
        if (m < 0)
            s = l, l = -h, h = -s, m = -m;
        for (int k = 0; k < t->shift; k++) {
            l *= 2, h *= 2;
            if (l < -top || h > top)
                return false;
        }
        if (m > ((wide)1 << 62) || l * (m >> 20 ? 1 : m) < -top * 2 ||
            h * (m >> 20 ? 1 : m) > top * 2)
            return false;
        if (m >> 20 && (l < -((wide)1 << 60) || h > ((wide)1 << 60)))
            return false;
        *lo += l * m;
        *hi += h * m;
        if (*lo < -top * 4 || *hi > top * 4)
            return false;
    }
    return true;
}

/* ---- constraints --------------------------------------------------------------- */

static void add_constraint(struct build *b, const struct lin *x, const struct lin *y,
                           const struct lin *z, enum constraint_how how, int32_t defines)
{
    struct chip_constraint *c;

    if (b->n_constraints == BUILD_CONSTRAINTS_MAX) {
        refuse(b, "too many constraints");
        return;
    }
    c = &b->chip->constraints[b->n_constraints++];
    c->a = keep(b, x);
    c->b = keep(b, y);
    c->c = keep(b, z);
    c->how = (uint8_t)how;
    c->defines = defines;
}

void build_constrain(struct build *b, struct lin x, struct lin y, struct lin z)
{
    add_constraint(b, &x, &y, &z, CONSTRAINT_CHECK, -1);
}

/* w * denominator = numerator */
int32_t build_inverse2(struct build *b, struct lin denominator, struct lin numerator)
{
    int32_t w = new_wire(b, "inverse", 2);
    struct lin x = lin_wire(w);

    add_constraint(b, &x, &denominator, &numerator, CONSTRAINT_INVERSE, w);
    return w;
}

int32_t build_product2(struct build *b, struct lin x, struct lin y)
{
    int32_t w = new_wire(b, "numerator", 2);
    struct lin z = lin_wire(w);

    add_constraint(b, &x, &y, &z, CONSTRAINT_PRODUCT, w);
    return w;
}

int32_t build_product(struct build *b, const char *name, struct lin x, struct lin y)
{
    int32_t w = build_recipe(b, name, RECIPE_PRODUCT, x, y);
    wide xl, xh, yl, yh;

    build_constrain(b, x, y, lin_wire(w));
    if (build_bounds(b, &x, &xl, &xh) && build_bounds(b, &y, &yl, &yh) && xl >= 0 && yl >= 0 &&
        xh <= (wide)1 << 33 && yh <= (wide)1 << 66)
        build_pin(b, w, 0, xh * yh);
    return w;
}

struct lin build_mux(struct build *b, const char *name, struct lin z, struct lin if_zero,
                     struct lin if_one)
{
    int32_t w = build_recipe(b, name, RECIPE_MUX, if_zero, if_one);
    wide l0, h0, l1, h1;

    wire_of(b, w)->i = (uint8_t)z.t[0].wire;
    build_constrain(b, z, lin_sub(if_one, if_zero), lin_sub(lin_wire(w), if_zero));
    if (build_bounds(b, &if_zero, &l0, &h0) && build_bounds(b, &if_one, &l1, &h1))
        build_pin(b, w, l0 < l1 ? l0 : l1, h0 > h1 ? h0 : h1);
    return lin_wire(w);
}

static int32_t make_bool(struct build *b, int32_t w)
{
    build_constrain(b, lin_wire(w), lin_sub(lin_const(1), lin_wire(w)), lin_zero());
    build_pin(b, w, 0, 1);
    return w;
}

int32_t build_bool(struct build *b, const char *name, enum recipe_op op, struct lin x, struct lin y)
{
    return make_bool(b, build_recipe(b, name, op, x, y));
}

int32_t build_bool_bit(struct build *b, const char *name, struct lin x, unsigned shift)
{
    return make_bool(b, build_bits(b, name, x, shift, 1));
}

int32_t build_bool_input(struct build *b, const char *name, enum row_input i)
{
    return make_bool(b, build_input(b, name, i));
}

int32_t build_is_zero(struct build *b, const char *name, struct lin x)
{
    int32_t z = build_recipe(b, name, RECIPE_IS_ZERO, x, lin_zero());

    build_constrain(b, x, lin_wire(z), lin_zero());
    build_inverse2(b, x, lin_sub(lin_wire(b->on), lin_wire(z)));
    /* x != 0: z = 0; x = 0: z = on. */
    build_pin(b, z, 0, 1);
    return z;
}

/* ---- finishing -------------------------------------------------------------------- */

static void renumber(struct lc *x, uint32_t n_stage1)
{
    struct chip_term *t = (struct chip_term *)(uintptr_t)x->terms; /* ours, still private */

    for (uint32_t i = 0; i < x->n; i++)
        if (t[i].wire >= STAGE2_FIRST)
            t[i].wire += (int32_t)n_stage1 - STAGE2_FIRST;
}

static fr constant_part(const struct lc *x)
{
    fr sum = fr_zero, m;

    for (uint32_t i = 0; i < x->n; i++) {
        if (x->terms[i].wire != CHIP_ONE)
            continue;
        chip_coefficient(&m, &x->terms[i]);
        fr_add(&sum, &sum, &m);
    }
    return sum;
}

/* A row of zeros is padding: it must satisfy everything. */
static bool zeros_satisfy(const struct chip_constraint *c)
{
    fr x = constant_part(&c->a), y = constant_part(&c->b), z = constant_part(&c->c);

    fr_mul(&x, &x, &y);
    return fr_eq(&x, &z);
}

static void finish_constraints(struct build *b)
{
    for (uint32_t i = 0; i < b->n_constraints; i++) {
        struct chip_constraint *c = &b->chip->constraints[i];

        renumber(&c->a, b->n_stage1);
        renumber(&c->b, b->n_stage1);
        renumber(&c->c, b->n_stage1);
        if (c->defines >= STAGE2_FIRST)
            c->defines += (int32_t)b->n_stage1 - STAGE2_FIRST;
        if (!zeros_satisfy(c))
            refuse(b, "a row of zeros does not satisfy it");
    }
}

/* The first n_bytes of what p holds; p as it is when there is no memory. */
static void *shrunk(void *p, size_t n_bytes)
{
    void *q = malloc(n_bytes + 1);

    if (!q)
        return p;
    memcpy(q, p, n_bytes);
    free(p);
    return q;
}

/* A catalog has thousands of chips, each far below the builder's ceilings. */
static void shrink(struct chip *c)
{
    c->wires = shrunk(c->wires, c->n_wires * sizeof *c->wires);
    c->constraints = shrunk(c->constraints, c->n_constraints * sizeof *c->constraints);
    c->tuples = shrunk(c->tuples, c->n_tuples * sizeof *c->tuples);
    c->accesses = shrunk(c->accesses, c->n_accesses * sizeof *c->accesses);
}

int build_finish(struct chip **out, struct build *b, struct err *err)
{
    struct chip *c = b->chip;

    c->count_share = keep(b, &b->count_share);
    renumber(&c->count_share, b->n_stage1);
    for (unsigned i = 0; i < BUS_CLASSES; i++) {
        c->class_share[i] = keep(b, &b->class_share[i]);
        renumber(&c->class_share[i], b->n_stage1);
    }
    c->next_pc = keep(b, &b->next_pc);
    c->next_fp = keep(b, &b->next_fp);
    c->next_acc = keep(b, &b->next_acc);
    finish_constraints(b);
    memmove(&c->wires[b->n_stage1], &c->wires[BUILD_WIRES_MAX], b->n_stage2 * sizeof *c->wires);
    c->n_stage1 = b->n_stage1;
    c->n_wires = b->n_stage1 + b->n_stage2;
    c->n_constraints = b->n_constraints;
    c->n_tuples = b->n_tuples;
    c->n_accesses = b->n_accesses;
    if (b->err.code) {
        if (err)
            *err = b->err;
        chip_free(c);
        b->chip = NULL;
        return b->err.code;
    }
    shrink(c);
    *out = c;
    return VCP_OK;
}
