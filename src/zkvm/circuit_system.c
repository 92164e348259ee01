/* circuit_system.c - a circuit as the matrices of a constraint system; see circuit.h. */
#include <string.h>

#include "base/hash.h"
#include "zkvm/circuit_parts.h"

static void add_term(struct cs *cs, unsigned m, const struct circuit_rows *p, uint32_t row,
                     const uint64_t constants[], const struct chip_term *t)
{
    fr coef, v;

    chip_coefficient(&coef, t);
    if (t->wire >= 0) {
        cs_term(cs, m, circuit_wire(p, row, (uint32_t)t->wire), &coef);
    } else if (t->wire == CHIP_ONE) {
        cs_term(cs, m, 0, &coef);
    } else if (t->wire > CHIP_CHALLENGE(0)) {
        fr_from_u64(&v, constants[CHIP_ROW(0) - t->wire]);
        fr_mul(&v, &v, &coef);
        cs_term(cs, m, 0, &v);
    } else {
        cs_term(cs, m, 1 + (uint32_t)(CHIP_CHALLENGE(0) - t->wire), &coef);
    }
}

static void add_sum(struct cs *cs, unsigned m, const struct circuit_rows *p, uint32_t row,
                    const uint64_t constants[], const struct lc *x)
{
    for (uint32_t i = 0; i < x->n; i++)
        add_term(cs, m, p, row, constants, &x->terms[i]);
}

static void add_rows(struct cs *cs, const struct circuit_rows *p)
{
    uint64_t constants[CHIP_ROW_CONSTANTS];

    for (uint32_t row = 0; row < p->rows; row++) {
        circuit_row_constants(constants, p, row);
        for (uint32_t i = 0; i < p->chip->n_constraints; i++) {
            const struct chip_constraint *x = &p->chip->constraints[i];
            add_sum(cs, CS_A, p, row, constants, &x->a);
            add_sum(cs, CS_B, p, row, constants, &x->b);
            add_sum(cs, CS_C, p, row, constants, &x->c);
            cs_row_end(cs);
        }
    }
}

/* The same shares of all rows, into matrix A: of a class, or for -1 the counts. */
static void add_shares(struct cs *cs, const struct circuit *c, int cls)
{
    uint64_t constants[CHIP_ROW_CONSTANTS];

    for (uint32_t i = 0; i < c->n_parts; i++) {
        const struct circuit_rows *p = &c->parts[i];
        for (uint32_t row = 0; row < p->rows; row++) {
            circuit_row_constants(constants, p, row);
            add_sum(cs, CS_A, p, row, constants,
                    cls < 0 ? &p->chip->count_share : &p->chip->class_share[cls]);
        }
    }
}

static void add_totals(struct cs *cs, const struct circuit *c)
{
    for (uint32_t i = 0; i < c->n_sums; i++) {
        add_shares(cs, c, c->sums[i]);
        cs_term(cs, CS_B, 1 + BUS_WEIGHT(c->sums[i]), &fr_one);
        cs_term(cs, CS_C, c->first_sum + i, &fr_one);
        cs_row_end(cs);
    }
    add_shares(cs, c, -1);
    for (uint32_t i = 0; i < c->n_sums; i++)
        cs_term(cs, CS_A, c->first_sum + i, &fr_one);
    cs_term(cs, CS_B, 0, &fr_one);
    cs_term(cs, CS_C, CIRCUIT_PUBLIC, &fr_one);
    cs_row_end(cs);
}

/* ---- what it is called ---- */

/* Bump when the placing of wires and rows, or what is hashed, changes. */
#define DIGEST_PREFIX "avcp-circuit-1"

static void hash_u64(struct sha3 *h, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> 8 * i);
    sha3_update(h, b, sizeof b);
}

static void hash_lc(struct sha3 *h, const struct lc *x)
{
    hash_u64(h, x->n);
    for (uint32_t i = 0; i < x->n; i++) {
        hash_u64(h, (uint64_t)(int64_t)x->terms[i].wire);
        hash_u64(h, (uint64_t)(int64_t)x->terms[i].shift);
        hash_u64(h, (uint64_t)x->terms[i].m);
    }
}

static void hash_part(struct sha3 *h, const struct circuit_rows *p)
{
    const struct chip *c = p->chip;
    uint64_t constants[CHIP_ROW_CONSTANTS];

    hash_u64(h, p->rows);
    hash_u64(h, c->n_stage1);
    hash_u64(h, c->n_wires);
    hash_u64(h, c->n_constraints);
    for (uint32_t i = 0; i < c->n_constraints; i++) {
        hash_lc(h, &c->constraints[i].a);
        hash_lc(h, &c->constraints[i].b);
        hash_lc(h, &c->constraints[i].c);
    }
    hash_lc(h, &c->count_share);
    for (unsigned k = 0; k < BUS_CLASSES; k++)
        hash_lc(h, &c->class_share[k]);
    hash_u64(h, c->constants ? p->rows : 0);
    for (uint32_t row = 0; c->constants && row < p->rows; row++) {
        circuit_row_constants(constants, p, row);
        for (unsigned i = 0; i < CHIP_ROW_CONSTANTS; i++)
            hash_u64(h, constants[i]);
    }
}

int circuit_shape(struct cs_shape *out, const struct circuit *c, struct err *err)
{
    struct sha3 h;

    *out = (struct cs_shape){.n_wires = c->n_wires,
                             .n_public = CIRCUIT_PUBLIC,
                             .n_stage1 = c->n_stage1,
                             .n_rows = c->n_rows};
    if (sha3_init(&h) < 0)
        return err_set(err, VCP_ENOMEM, "circuit: no memory to hash it");
    sha3_update(&h, DIGEST_PREFIX, sizeof DIGEST_PREFIX - 1);
    hash_u64(&h, BUS_CHI_COUNT);
    hash_u64(&h, BUS_CLASSES);
    hash_u64(&h, c->n_parts);
    for (uint32_t i = 0; i < c->n_parts; i++)
        hash_part(&h, &c->parts[i]);
    sha3_final(&h, out->digest);
    return VCP_OK;
}

int circuit_system(struct cs *out, const struct circuit *c, struct err *err)
{
    struct cs_shape shape;
    int rc = circuit_shape(&shape, c, err);

    if (rc < 0)
        return rc;
    cs_init(out, c->n_wires, CIRCUIT_PUBLIC, c->n_stage1);
    for (uint32_t i = 0; i < c->n_parts; i++)
        add_rows(out, &c->parts[i]);
    add_totals(out, c);
    memcpy(out->digest, shape.digest, sizeof out->digest);
    out->has_digest = true;
    rc = cs_finish(out, err);
    if (rc == VCP_OK && (out->n_rows != c->n_rows || out->log_domain != c->log_domain))
        rc = err_set(err, VCP_ESTATE, "circuit: %u rows were placed, the system has %u", c->n_rows,
                     out->n_rows);
    if (rc < 0)
        cs_release(out);
    return rc;
}
