/* circuit.c - parts compiled, their constraint system, and stage 2; see circuit.h.
 *
 * Compiling resolves the terms of a chip: coefficients to field elements, names to one of
 * four kinds of wires.  Filling goes by chunks of rows, whose inverses share one inversion;
 * rows whose stage 1 is all zero are padding, and so is their stage 2. */
#include "zkvm/circuit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum term_kind { TERM_WIRE, TERM_ONE, TERM_ROW, TERM_CHALLENGE };

struct term {
    uint8_t kind;
    int8_t unit; /* 1 or -1 when coef is, else 0 */
    uint32_t index;
    fr coef;
};

struct sum_of {
    struct term *terms;
    uint32_t n;
};

struct row_constraint {
    struct sum_of m[3];
    int32_t defines; /* stage-2 wire, or -1 */
    bool is_inverse;
};

struct circuit_rows {
    const struct chip *chip;
    uint32_t rows, first1, first2; /* wires of row 0 */
    struct row_constraint *constraints;
    uint32_t n_inverses;
    struct sum_of count_share, class_share[BUS_CLASSES];
    struct term *terms; /* all of the above */
};

/* ---- compiling ---- */

static uint32_t count_terms(const struct chip *c)
{
    uint32_t n = c->count_share.n;

    for (unsigned k = 0; k < BUS_CLASSES; k++)
        n += c->class_share[k].n;
    for (uint32_t i = 0; i < c->n_constraints; i++)
        n += c->constraints[i].a.n + c->constraints[i].b.n + c->constraints[i].c.n;
    return n;
}

static void compile_term(struct term *out, const struct chip_term *t)
{
    fr minus;

    if (t->wire >= 0)
        *out = (struct term){.kind = TERM_WIRE, .index = (uint32_t)t->wire};
    else if (t->wire == CHIP_ONE)
        *out = (struct term){.kind = TERM_ONE};
    else if (t->wire > CHIP_CHALLENGE(0))
        *out = (struct term){.kind = TERM_ROW, .index = (uint32_t)(CHIP_ROW(0) - t->wire)};
    else
        *out = (struct term){.kind = TERM_CHALLENGE,
                             .index = (uint32_t)(CHIP_CHALLENGE(0) - t->wire)};
    chip_coefficient(&out->coef, t);
    fr_neg(&minus, &out->coef);
    out->unit = fr_eq(&out->coef, &fr_one) ? 1 : fr_eq(&minus, &fr_one) ? -1 : 0;
}

static struct sum_of compile(struct term **next, const struct lc *x)
{
    struct sum_of s = {*next, x->n};

    for (uint32_t i = 0; i < x->n; i++)
        compile_term(&s.terms[i], &x->terms[i]);
    *next += x->n;
    return s;
}

static int compile_part(struct circuit_rows *p, const struct circuit_part *part, struct err *err)
{
    const struct chip *c = part->chip;
    struct term *next;

    p->chip = c;
    p->rows = part->rows;
    if (c->table_rows && part->rows != c->table_rows)
        return err_set(err, VCP_EINVAL, "circuit: %u rows of table %s, want %u", part->rows,
                       c->name, c->table_rows);
    p->terms = next = calloc((size_t)count_terms(c) + 1, sizeof *next);
    p->constraints = calloc(c->n_constraints, sizeof *p->constraints);
    if (!p->terms || !p->constraints)
        return err_set(err, VCP_ENOMEM, "no memory for the circuit of chip %s", c->name);
    for (uint32_t i = 0; i < c->n_constraints; i++) {
        const struct chip_constraint *from = &c->constraints[i];
        struct row_constraint *to = &p->constraints[i];
        to->m[CS_A] = compile(&next, &from->a);
        to->m[CS_B] = compile(&next, &from->b);
        to->m[CS_C] = compile(&next, &from->c);
        to->defines = from->how == CONSTRAINT_CHECK ? -1 : from->defines;
        to->is_inverse = from->how == CONSTRAINT_INVERSE;
        p->n_inverses += to->is_inverse;
    }
    p->count_share = compile(&next, &c->count_share);
    for (unsigned k = 0; k < BUS_CLASSES; k++)
        p->class_share[k] = compile(&next, &c->class_share[k]);
    return VCP_OK;
}

/* ---- the constraint system ---- */

static uint32_t wire_of(const struct circuit_rows *p, uint32_t row, uint32_t wire)
{
    uint32_t n1 = p->chip->n_stage1, n2 = p->chip->n_wires - n1;
    return wire < n1 ? p->first1 + row * n1 + wire : p->first2 + row * n2 + (wire - n1);
}

static void add_sum(struct circuit *c, unsigned m, const struct circuit_rows *p, uint32_t row,
                    const uint64_t constants[], const struct sum_of *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const struct term *t = &s->terms[i];
        fr v;
        switch (t->kind) {
        case TERM_WIRE: cs_term(&c->cs, m, wire_of(p, row, t->index), &t->coef); break;
        case TERM_ONE: cs_term(&c->cs, m, 0, &t->coef); break;
        case TERM_CHALLENGE: cs_term(&c->cs, m, 1 + t->index, &t->coef); break;
        default:
            fr_from_u64(&v, constants[t->index]);
            fr_mul(&v, &v, &t->coef);
            cs_term(&c->cs, m, 0, &v);
        }
    }
}

static void constants_of(uint64_t out[CHIP_ROW_CONSTANTS], const struct circuit_rows *p,
                         uint32_t row)
{
    memset(out, 0, CHIP_ROW_CONSTANTS * sizeof *out);
    if (p->chip->constants)
        p->chip->constants(out, row);
}

static void add_rows(struct circuit *c, const struct circuit_rows *p)
{
    uint64_t constants[CHIP_ROW_CONSTANTS];

    for (uint32_t row = 0; row < p->rows; row++) {
        constants_of(constants, p, row);
        for (uint32_t i = 0; i < p->chip->n_constraints; i++) {
            for (unsigned m = CS_A; m <= CS_C; m++)
                add_sum(c, m, p, row, constants, &p->constraints[i].m[m]);
            cs_row_end(&c->cs);
        }
    }
}

/* The same shares of all rows, into matrix A. */
static void add_shares(struct circuit *c, int cls)
{
    uint64_t constants[CHIP_ROW_CONSTANTS];

    for (uint32_t i = 0; i < c->n_parts; i++) {
        const struct circuit_rows *p = &c->parts[i];
        for (uint32_t row = 0; row < p->rows; row++) {
            constants_of(constants, p, row);
            add_sum(c, CS_A, p, row, constants, cls < 0 ? &p->count_share : &p->class_share[cls]);
        }
    }
}

static void add_totals(struct circuit *c)
{
    for (uint32_t i = 0; i < c->n_sums; i++) {
        add_shares(c, c->sums[i]);
        cs_term(&c->cs, CS_B, 1 + BUS_WEIGHT(c->sums[i]), &fr_one);
        cs_term(&c->cs, CS_C, c->first_sum + i, &fr_one);
        cs_row_end(&c->cs);
    }
    add_shares(c, -1);
    for (uint32_t i = 0; i < c->n_sums; i++)
        cs_term(&c->cs, CS_A, c->first_sum + i, &fr_one);
    cs_term(&c->cs, CS_B, 0, &fr_one);
    cs_term(&c->cs, CS_C, CIRCUIT_PUBLIC, &fr_one);
    cs_row_end(&c->cs);
}

/* Places the wires; how many there are in all, or 0 when too many. */
static uint32_t place(struct circuit *c, uint32_t *n_stage1)
{
    uint64_t n = 1 + CIRCUIT_PUBLIC;

    for (uint32_t i = 0; i < c->n_parts; i++) {
        c->parts[i].first1 = (uint32_t)n;
        n += (uint64_t)c->parts[i].rows * c->parts[i].chip->n_stage1;
        if (n > GROTH16_WIRES_MAX)
            return 0;
    }
    *n_stage1 = (uint32_t)n - 1 - CIRCUIT_PUBLIC;
    for (uint32_t i = 0; i < c->n_parts; i++) {
        const struct chip *chip = c->parts[i].chip;
        c->parts[i].first2 = (uint32_t)n;
        n += (uint64_t)c->parts[i].rows * (chip->n_wires - chip->n_stage1);
        if (n > GROTH16_WIRES_MAX)
            return 0;
    }
    c->first_sum = (uint32_t)n;
    n += c->n_sums;
    return n > GROTH16_WIRES_MAX ? 0 : (uint32_t)n;
}

static void find_sums(struct circuit *c)
{
    for (uint8_t k = 0; k < BUS_CLASSES; k++) {
        bool used = false;
        for (uint32_t i = 0; i < c->n_parts; i++)
            used |= c->parts[i].rows > 0 && c->parts[i].class_share[k].n > 0;
        if (used)
            c->sums[c->n_sums++] = k;
    }
}

static int build_system(struct circuit *c, struct err *err)
{
    uint32_t n_stage1 = 0, n_wires;

    find_sums(c);
    n_wires = place(c, &n_stage1);
    if (n_wires == 0)
        return err_set(err, VCP_ELIMIT, "circuit: more than %u wires", GROTH16_WIRES_MAX);
    cs_init(&c->cs, n_wires, CIRCUIT_PUBLIC, n_stage1);
    for (uint32_t i = 0; i < c->n_parts; i++)
        add_rows(c, &c->parts[i]);
    add_totals(c);
    return cs_finish(&c->cs, err);
}

int circuit_init(struct circuit *c, const struct circuit_part parts[], uint32_t n_parts,
                 struct err *err)
{
    int rc = VCP_OK;

    memset(c, 0, sizeof *c);
    c->parts = calloc(n_parts, sizeof *c->parts);
    if (!c->parts)
        return err_set(err, VCP_ENOMEM, "no memory for a circuit of %u parts", n_parts);
    c->n_parts = n_parts;
    for (uint32_t i = 0; i < n_parts && rc == VCP_OK; i++)
        rc = compile_part(&c->parts[i], &parts[i], err);
    if (rc == VCP_OK)
        rc = build_system(c, err);
    if (rc < 0)
        circuit_release(c);
    return rc;
}

void circuit_release(struct circuit *c)
{
    for (uint32_t i = 0; i < c->n_parts; i++) {
        free(c->parts[i].terms);
        free(c->parts[i].constraints);
    }
    free(c->parts);
    cs_release(&c->cs);
    memset(c, 0, sizeof *c);
}

const struct chip *circuit_part_chip(const struct circuit *c, uint32_t part)
{
    return c->parts[part].chip;
}

/* ---- stage 1 ---- */

void circuit_clear(const struct circuit *c, fr_bits z[])
{
    memset(z, 0, (size_t)c->cs.n_wires * sizeof *z);
    z[0].l[0] = 1;
}

void circuit_put_row(const struct circuit *c, fr_bits z[], uint32_t part, uint32_t row,
                     const uint64_t stage1[])
{
    const struct circuit_rows *p = &c->parts[part];
    fr_bits *to = z + wire_of(p, row, 0);

    assert(part < c->n_parts && row < p->rows);
    for (uint32_t i = 0; i < p->chip->n_stage1; i++)
        to[i] = (fr_bits){{stage1[i], 0, 0, 0}};
}

/* ---- stage 2 ---- */

#define CHUNK_ROWS 32

struct shares {
    fr count, classes[BUS_CLASSES];
};

struct fill {
    const struct circuit *c;
    fr_bits *z;
    const fr *challenges;
    uint32_t *first_chunk; /* of each part, and the end */
    struct shares *shares; /* one a chunk */
    int *rc;               /* one a chunk */
};

struct chunk {
    const struct circuit_rows *p;
    const fr *challenges;
    uint32_t rows[CHUNK_ROWS]; /* those that are not padding */
    uint32_t n;
    fr *wires;    /* n rows of chip->n_wires */
    fr *inverses; /* n rows of n_inverses, then as much scratch */
};

static void eval(fr *out, const struct sum_of *s, const fr wires[], const uint64_t constants[],
                 const fr challenges[])
{
    fr sum = fr_zero, v;

    for (uint32_t i = 0; i < s->n; i++) {
        const struct term *t = &s->terms[i];
        switch (t->kind) {
        case TERM_WIRE: v = wires[t->index]; break;
        case TERM_ONE: v = fr_one; break;
        case TERM_CHALLENGE: v = challenges[t->index]; break;
        default: fr_from_u64(&v, constants[t->index]);
        }
        if (t->unit == 0)
            fr_mul(&v, &v, &t->coef);
        if (t->unit < 0)
            fr_sub(&sum, &sum, &v);
        else
            fr_add(&sum, &sum, &v);
    }
    *out = sum;
}

static bool is_padding(const fr_bits stage1[], uint32_t n)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < n; i++)
        any |= stage1[i].l[0] | stage1[i].l[1] | stage1[i].l[2] | stage1[i].l[3];
    return any == 0;
}

static void load_rows(struct chunk *k, const fr_bits z[], uint32_t lo, uint32_t hi)
{
    const struct chip *chip = k->p->chip;

    for (uint32_t row = lo; row < hi; row++) {
        const fr_bits *from = z + wire_of(k->p, row, 0);
        if (is_padding(from, chip->n_stage1))
            continue;
        fr_from_bits_n(k->wires + (size_t)k->n * chip->n_wires, from, chip->n_stage1);
        k->rows[k->n++] = row;
    }
}

static void invert(struct chunk *k)
{
    const struct circuit_rows *p = k->p;
    uint64_t constants[CHIP_ROW_CONSTANTS];
    fr *next = k->inverses;

    for (uint32_t i = 0; i < k->n; i++) {
        constants_of(constants, p, k->rows[i]);
        for (uint32_t j = 0; j < p->chip->n_constraints; j++)
            if (p->constraints[j].is_inverse)
                eval(next++, &p->constraints[j].m[CS_B], k->wires + (size_t)i * p->chip->n_wires,
                     constants, k->challenges);
    }
    fr_inv_batch(k->inverses, (size_t)(next - k->inverses), next);
}

/* VCP_EVERIFY when there is no inverse where there must be one. */
static int fill_row(struct chunk *k, uint32_t i, struct shares *shares)
{
    const struct circuit_rows *p = k->p;
    fr *wires = k->wires + (size_t)i * p->chip->n_wires, a, b;
    const fr *inverse = k->inverses + (size_t)i * p->n_inverses;
    uint64_t constants[CHIP_ROW_CONSTANTS];

    constants_of(constants, p, k->rows[i]);
    for (uint32_t j = 0; j < p->chip->n_constraints; j++) {
        const struct row_constraint *c = &p->constraints[j];
        if (c->defines < 0)
            continue;
        eval(&a, &c->m[c->is_inverse ? CS_C : CS_A], wires, constants, k->challenges);
        if (c->is_inverse) {
            b = *inverse++;
            if (fr_is_zero(&b) && !fr_is_zero(&a))
                return VCP_EVERIFY;
        } else {
            eval(&b, &c->m[CS_B], wires, constants, k->challenges);
        }
        fr_mul(&wires[c->defines], &a, &b);
    }
    eval(&a, &p->count_share, wires, constants, k->challenges);
    fr_add(&shares->count, &shares->count, &a);
    for (unsigned cls = 0; cls < BUS_CLASSES; cls++) {
        eval(&a, &p->class_share[cls], wires, constants, k->challenges);
        fr_add(&shares->classes[cls], &shares->classes[cls], &a);
    }
    return VCP_OK;
}

static int fill_chunk(const struct fill *f, struct chunk *k, uint32_t lo, uint32_t hi,
                      struct shares *shares)
{
    const struct chip *chip = k->p->chip;
    int rc = VCP_OK;

    load_rows(k, f->z, lo, hi);
    invert(k);
    for (uint32_t i = 0; i < k->n && rc == VCP_OK; i++) {
        rc = fill_row(k, i, shares);
        if (chip->n_wires > chip->n_stage1)
            fr_to_bits_n(f->z + wire_of(k->p, k->rows[i], chip->n_stage1),
                         k->wires + (size_t)i * chip->n_wires + chip->n_stage1,
                         chip->n_wires - chip->n_stage1);
    }
    return rc;
}

static void fill_piece(void *arg, size_t piece)
{
    const struct fill *f = arg;
    struct chunk k = {.challenges = f->challenges};
    uint32_t part = 0, lo, hi;

    while (piece >= f->first_chunk[part + 1])
        part++;
    k.p = &f->c->parts[part];
    lo = ((uint32_t)piece - f->first_chunk[part]) * CHUNK_ROWS;
    hi = k.p->rows - lo < CHUNK_ROWS ? k.p->rows : lo + CHUNK_ROWS;
    k.wires = malloc((size_t)CHUNK_ROWS * (k.p->chip->n_wires + 2 * k.p->n_inverses + 1) *
                     sizeof *k.wires);
    if (!k.wires) {
        f->rc[piece] = VCP_ENOMEM;
        return;
    }
    k.inverses = k.wires + (size_t)CHUNK_ROWS * k.p->chip->n_wires;
    f->rc[piece] = fill_chunk(f, &k, lo, hi, &f->shares[piece]);
    free(k.wires);
}

static int check_pieces(const struct fill *f, uint32_t n, struct err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        if (f->rc[i] == VCP_ENOMEM)
            return err_set(err, VCP_ENOMEM, "no memory to fill rows of an instance");
        if (f->rc[i] < 0)
            return err_set(err, VCP_EVERIFY, "a row's key meets a challenge, or breaks its chip");
    }
    return VCP_OK;
}

static void put_sums(const struct fill *f, uint32_t n)
{
    struct shares all = {fr_zero, {{{0}}}};
    const struct circuit *c = f->c;
    fr weighted;

    for (uint32_t i = 0; i < n; i++) {
        fr_add(&all.count, &all.count, &f->shares[i].count);
        for (unsigned k = 0; k < BUS_CLASSES; k++)
            fr_add(&all.classes[k], &all.classes[k], &f->shares[i].classes[k]);
    }
    for (uint32_t i = 0; i < c->n_sums; i++) {
        fr_mul(&weighted, &all.classes[c->sums[i]], &f->challenges[BUS_WEIGHT(c->sums[i])]);
        fr_add(&all.count, &all.count, &weighted);
        fr_to_bits(&f->z[c->first_sum + i], &weighted);
    }
    fr_to_bits(&f->z[CIRCUIT_PUBLIC], &all.count);
}

static int fill_all(struct fill *f, struct threads *threads, struct err *err)
{
    uint32_t n = 0;
    int rc;

    for (uint32_t i = 0; i < f->c->n_parts; i++) {
        f->first_chunk[i] = n;
        n += (f->c->parts[i].rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
    }
    f->first_chunk[f->c->n_parts] = n;
    f->shares = calloc((size_t)n + 1, sizeof *f->shares);
    f->rc = calloc((size_t)n + 1, sizeof *f->rc);
    if (!f->shares || !f->rc)
        return err_set(err, VCP_ENOMEM, "no memory for the sums of an instance");
    threads_run(threads, n, fill_piece, f);
    rc = check_pieces(f, n, err);
    if (rc == VCP_OK)
        put_sums(f, n);
    return rc;
}

int circuit_finish(const struct circuit *c, fr_bits z[], const fr challenges[BUS_CHALLENGES],
                   struct threads *threads, struct err *err)
{
    struct fill f = {.c = c, .z = z, .challenges = challenges};
    int rc;

    fr_to_bits_n(z + 1, challenges, BUS_CHALLENGES);
    f.first_chunk = malloc(((size_t)c->n_parts + 1) * sizeof *f.first_chunk);
    rc = f.first_chunk ? fill_all(&f, threads, err)
                       : err_set(err, VCP_ENOMEM, "no memory for the parts of an instance");
    free(f.first_chunk);
    free(f.shares);
    free(f.rc);
    return rc;
}
