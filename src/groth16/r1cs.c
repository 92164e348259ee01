/* r1cs.c - see r1cs.h. */
#include "groth16/r1cs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "groth16/field_io.h"

static uint32_t load_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int read_header(struct r1cs *r, struct err *err)
{
    struct cursor c;
    int rc = binfile_section(&c, &r->file, 1, "header", err);

    if (rc == VCP_OK)
        rc = field_read_modulus(&c, r->file.name, FIELD_FR, err);
    if (rc < 0)
        return rc;
    if (!cursor_u32le(&c, &r->n_wires) || !cursor_u32le(&c, &r->n_outputs) ||
        !cursor_u32le(&c, &r->n_public_inputs) || !cursor_u32le(&c, &r->n_private_inputs) ||
        !cursor_u64le(&c, &r->n_labels) || !cursor_u32le(&c, &r->n_rows) || cursor_left(&c) != 0)
        return err_set(err, VCP_EFORMAT, "%s: section 1 (header) has %zu bytes, want 64",
                       r->file.name, r->file.sections[1].size);
    uint64_t n_public = (uint64_t)r->n_outputs + r->n_public_inputs;
    if (r->n_wires == 0 || n_public + r->n_private_inputs >= r->n_wires)
        return err_set(err, VCP_EFORMAT,
                       "%s: %u wires cannot hold the constant, %" PRIu64 " public and %u private",
                       r->file.name, r->n_wires, n_public, r->n_private_inputs);
    if (r->n_wires > GROTH16_WIRES_MAX || r->n_rows > GROTH16_ROWS_MAX)
        return err_set(err, VCP_ELIMIT, "%s: %u wires and %u rows, at most %u and %u", r->file.name,
                       r->n_wires, r->n_rows, GROTH16_WIRES_MAX, GROTH16_ROWS_MAX);
    /* The map of wires to labels has 8 bytes a wire; so tables of wires stay in proportion
     * to the file. */
    if (r->n_wires > r->file.size / 8)
        return err_set(err, VCP_EFORMAT, "%s: %u wires in a file of %zu bytes", r->file.name,
                       r->n_wires, r->file.size);
    r->n_public = (uint32_t)n_public;
    return VCP_OK;
}

/* seen[w] holds the number of the last linear combination that used wire w. */
static int check_lc(struct r1cs *r, struct cursor *c, uint32_t row, unsigned m, uint64_t *seen,
                    struct err *err)
{
    const char *name = r->file.name;
    uint64_t stamp = (uint64_t)row * 3 + m + 1;
    struct r1cs_lc lc;

    if (!cursor_u32le(c, &lc.n_terms) ||
        !cursor_bytes(c, (size_t)lc.n_terms * R1CS_TERM_BYTES, &lc.terms))
        return err_set(err, VCP_EFORMAT, "%s: section 2 ends inside row %u of %u", name, row,
                       r->n_rows);
    for (uint32_t i = 0; i < lc.n_terms; i++) {
        uint32_t wire = r1cs_term_wire(&lc, i);
        if (wire >= r->n_wires)
            return err_set(err, VCP_EFORMAT, "%s: row %u, %c: wire %u of %u", name, row, "ABC"[m],
                           wire, r -> n_wires);
        if (seen[wire] == stamp)
            return err_set(err, VCP_EFORMAT, "%s: row %u, %c: wire %u appears twice", name, row,
                           "ABC"[m], wire);
        if (!fr_bytes_canonical(r1cs_term_coef(&lc, i)))
            return err_set(err, VCP_EFORMAT,
                           "%s: row %u, %c: coefficient of wire %u is not below r", name, row,
                           "ABC"[m], wire);
        seen[wire] = stamp;
    }
    r->n_terms[m] += lc.n_terms;
    return VCP_OK;
}

static int check_rows(struct r1cs *r, struct err *err)
{
    struct cursor c;
    int rc = binfile_section(&c, &r->file, 2, "constraints", err);
    if (rc < 0)
        return rc;
    uint64_t *seen = calloc(r->n_wires, sizeof *seen);
    if (!seen)
        return err_set(err, VCP_ENOMEM, "%s: no memory for %u wires", r->file.name, r->n_wires);
    r->rows = c;
    for (uint32_t row = 0; row < r->n_rows && rc == VCP_OK; row++)
        for (unsigned m = 0; m < 3 && rc == VCP_OK; m++)
            rc = check_lc(r, &c, row, m, seen, err);
    if (rc == VCP_OK && cursor_left(&c) != 0)
        rc = err_set(err, VCP_EFORMAT, "%s: section 2 has %zu bytes after the last row",
                     r->file.name, cursor_left(&c));
    free(seen);
    return rc;
}

static int check_custom_gates(const struct r1cs *r, struct err *err)
{
    for (unsigned id = 4; id <= 5; id++) {
        const struct binfile_section *s = &r->file.sections[id];
        if (s->present && (s->size < 4 || load_u32(s->data) != 0))
            return err_set(err, VCP_EUNSUPPORTED,
                           "%s: uses custom gates, which Groth16 cannot prove", r->file.name);
    }
    return VCP_OK;
}

/* Nothing reads the labels, but a map of another size is of another or a cut-off file. */
static int check_labels(const struct r1cs *r, struct err *err)
{
    const unsigned char *labels;

    if (!r->file.sections[3].present)
        return VCP_OK;
    return binfile_section_sized(&labels, &r->file, 3, "labels", (uint64_t)r->n_wires * 8, err);
}

static int check_all(struct r1cs *r, struct err *err)
{
    int rc = read_header(r, err);
    if (rc == VCP_OK)
        rc = check_custom_gates(r, err);
    if (rc == VCP_OK)
        rc = check_rows(r, err);
    if (rc == VCP_OK)
        rc = check_labels(r, err);
    if (rc < 0)
        r1cs_release(r);
    return rc;
}

int r1cs_open(struct r1cs *r, const char *path, struct err *err)
{
    memset(r, 0, sizeof *r);
    int rc = binfile_open(&r->file, path, "r1cs", 1, err);
    return rc < 0 ? rc : check_all(r, err);
}

int r1cs_parse(struct r1cs *r, const char *name, const void *p, size_t n, struct err *err)
{
    memset(r, 0, sizeof *r);
    int rc = binfile_parse(&r->file, name, p, n, "r1cs", 1, err);
    return rc < 0 ? rc : check_all(r, err);
}

void r1cs_release(struct r1cs *r)
{
    binfile_release(&r->file);
    memset(r, 0, sizeof *r);
}

struct r1cs_lc r1cs_next_lc(struct cursor *c)
{
    struct r1cs_lc lc = {0, NULL};
    bool ok = cursor_u32le(c, &lc.n_terms) &&
              cursor_bytes(c, (size_t)lc.n_terms * R1CS_TERM_BYTES, &lc.terms);
    if (!ok) /* only in a file that changed since it was opened */
        lc.n_terms = 0;
    return lc;
}

uint32_t r1cs_term_wire(const struct r1cs_lc *lc, uint32_t i)
{
    return load_u32(lc->terms + (size_t)i * R1CS_TERM_BYTES);
}

const unsigned char *r1cs_term_coef(const struct r1cs_lc *lc, uint32_t i)
{
    return lc->terms + (size_t)i * R1CS_TERM_BYTES + 4;
}

int r1cs_write(const char *path, const struct r1cs_shape *shape, const struct buf *rows,
               struct err *err)
{
    struct binfile_writer w;
    int rc = binfile_create(&w, path, "r1cs", 1, 3, err);
    if (rc < 0)
        return rc;
    binfile_begin(&w, 1);
    field_put_modulus(&w, FIELD_FR);
    binfile_put_u32(&w, shape->n_wires);
    binfile_put_u32(&w, shape->n_outputs);
    binfile_put_u32(&w, shape->n_public_inputs);
    binfile_put_u32(&w, shape->n_private_inputs);
    binfile_put_u64(&w, shape->n_wires);
    binfile_put_u32(&w, shape->n_rows);
    binfile_end(&w);
    binfile_begin(&w, 2);
    binfile_put(&w, rows->data, rows->len);
    binfile_end(&w);
    binfile_begin(&w, 3);
    for (uint32_t i = 0; i < shape->n_wires; i++)
        binfile_put_u64(&w, i);
    binfile_end(&w);
    return binfile_commit(&w, err);
}
