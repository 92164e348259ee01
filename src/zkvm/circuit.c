/* circuit.c - parts placed behind one another, and stage 1; see circuit.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "zkvm/circuit_parts.h"

void circuit_row_constants(uint64_t out[CHIP_ROW_CONSTANTS], const struct circuit_rows *p,
                           uint32_t row)
{
    memset(out, 0, CHIP_ROW_CONSTANTS * sizeof *out);
    if (p->chip->constants)
        p->chip->constants(out, row);
}

static int init_part(struct circuit_rows *p, const struct circuit_part *part, struct err *err)
{
    p->chip = part->chip;
    p->rows = part->rows;
    if (p->chip->table_rows && part->rows != p->chip->table_rows)
        return err_set(err, VCP_EINVAL, "circuit: %u rows of table %s, want %u", part->rows,
                       p->chip->name, p->chip->table_rows);
    return circuit_program_init(&p->program, p->chip, err);
}

static void find_sums(struct circuit *c)
{
    for (uint8_t k = 0; k < BUS_CLASSES; k++) {
        bool used = false;
        for (uint32_t i = 0; i < c->n_parts; i++)
            used |= c->parts[i].rows > 0 && c->parts[i].chip->class_share[k].n > 0;
        if (used)
            c->sums[c->n_sums++] = k;
    }
}

/* Places wires and rows. */
static int place(struct circuit *c, struct err *err)
{
    uint64_t wires = 1 + CIRCUIT_PUBLIC, rows = 0;

    for (uint32_t i = 0; i < c->n_parts; i++) {
        struct circuit_rows *p = &c->parts[i];
        p->first1 = (uint32_t)wires;
        p->first_row = (uint32_t)rows;
        wires += (uint64_t)p->rows * p->chip->n_stage1;
        rows += (uint64_t)p->rows * p->chip->n_constraints;
        if (wires > GROTH16_WIRES_MAX || rows > GROTH16_ROWS_MAX)
            return err_set(err, VCP_ELIMIT, "circuit: more than %u wires or %u constraints",
                           GROTH16_WIRES_MAX, GROTH16_ROWS_MAX);
    }
    c->n_stage1 = (uint32_t)wires - 1 - CIRCUIT_PUBLIC;
    for (uint32_t i = 0; i < c->n_parts; i++) {
        struct circuit_rows *p = &c->parts[i];
        p->first2 = (uint32_t)wires;
        wires += (uint64_t)p->rows * (p->chip->n_wires - p->chip->n_stage1);
        if (wires > GROTH16_WIRES_MAX)
            break;
    }
    c->first_sum = (uint32_t)wires;
    wires += c->n_sums;
    rows += c->n_sums + 1 + 1 + CIRCUIT_PUBLIC; /* sums, S, and those of cs_finish */
    if (wires > GROTH16_WIRES_MAX || rows > GROTH16_ROWS_MAX)
        return err_set(err, VCP_ELIMIT, "circuit: more than %u wires or %u constraints",
                       GROTH16_WIRES_MAX, GROTH16_ROWS_MAX);
    c->n_wires = (uint32_t)wires;
    c->n_rows = (uint32_t)rows;
    for (c->log_domain = 1; (uint64_t)1 << c->log_domain < rows;)
        c->log_domain++;
    return VCP_OK;
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
        rc = init_part(&c->parts[i], &parts[i], err);
    if (rc == VCP_OK) {
        find_sums(c);
        rc = place(c, err);
    }
    if (rc < 0)
        circuit_release(c);
    return rc;
}

void circuit_release(struct circuit *c)
{
    for (uint32_t i = 0; i < c->n_parts; i++)
        circuit_program_release(&c->parts[i].program);
    free(c->parts);
    memset(c, 0, sizeof *c);
}

const struct chip *circuit_part_chip(const struct circuit *c, uint32_t part)
{
    return c->parts[part].chip;
}

/* ---- stage 1 ---- */

#define PIECE_WIRES ((size_t)1 << 15)

struct clearing {
    fr_bits *z;
    size_t n;
};

static void clear_piece(void *arg, size_t piece)
{
    const struct clearing *j = arg;
    size_t lo = piece * PIECE_WIRES, n = j->n - lo < PIECE_WIRES ? j->n - lo : PIECE_WIRES;

    memset(j->z + lo, 0, n * sizeof *j->z);
}

void circuit_clear(const struct circuit *c, fr_bits z[], struct threads *threads)
{
    struct clearing j = {z, c->n_wires};

    threads_run(threads, (j.n + PIECE_WIRES - 1) / PIECE_WIRES, clear_piece, &j);
    z[0].l[0] = 1;
}

void circuit_put_rows(const struct circuit *c, fr_bits z[], uint32_t part, uint32_t first,
                      uint32_t n, const uint64_t stage1[])
{
    const struct circuit_rows *p = &c->parts[part];
    fr_bits *to = z + circuit_wire(p, first, 0);
    size_t n_values = (size_t)n * p->chip->n_stage1;

    assert(part < c->n_parts && first <= p->rows && n <= p->rows - first);
    for (size_t i = 0; i < n_values; i++)
        to[i] = (fr_bits){{stage1[i], 0, 0, 0}};
}
