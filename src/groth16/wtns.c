/* wtns.c - see wtns.h. */
#include "groth16/wtns.h"

#include <string.h>

#include "base/limits.h"
#include "groth16/field_io.h"

static int check_values(const struct wtns *w, struct err *err)
{
    for (uint32_t i = 0; i < w->n_wires; i++)
        if (!fr_bytes_canonical(w->values + (size_t)i * 32))
            return err_set(err, VCP_EFORMAT, "%s: the value of wire %u is not below r",
                           w->file.name, i);
    fr_bits one;
    fr_bits_load(&one, w->values);
    if (one.l[0] != 1 || (one.l[1] | one.l[2] | one.l[3]) != 0)
        return err_set(err, VCP_EFORMAT, "%s: wire 0 is not 1", w->file.name);
    return VCP_OK;
}

static int check_all(struct wtns *w, struct err *err)
{
    struct cursor c;
    int rc = binfile_section(&c, &w->file, 1, "header", err);
    if (rc == VCP_OK)
        rc = field_read_modulus(&c, w->file.name, FIELD_FR, err);
    if (rc == VCP_OK && (!cursor_u32le(&c, &w->n_wires) || cursor_left(&c) != 0))
        rc = err_set(err, VCP_EFORMAT, "%s: section 1 (header) has %zu bytes, want 40",
                     w->file.name, w->file.sections[1].size);
    if (rc == VCP_OK && (w->n_wires == 0 || w->n_wires > GROTH16_WIRES_MAX))
        rc = err_set(err, VCP_ELIMIT, "%s: %u wires, want 1 to %u", w->file.name, w->n_wires,
                     GROTH16_WIRES_MAX);
    if (rc == VCP_OK)
        rc = binfile_section_sized(&w->values, &w->file, 2, "values", (uint64_t)w->n_wires * 32,
                                   err);
    if (rc == VCP_OK)
        rc = check_values(w, err);
    if (rc < 0)
        wtns_release(w);
    return rc;
}

int wtns_open(struct wtns *w, const char *path, struct err *err)
{
    memset(w, 0, sizeof *w);
    int rc = binfile_open(&w->file, path, "wtns", 2, err);
    return rc < 0 ? rc : check_all(w, err);
}

int wtns_parse(struct wtns *w, const char *name, const void *p, size_t n, struct err *err)
{
    memset(w, 0, sizeof *w);
    int rc = binfile_parse(&w->file, name, p, n, "wtns", 2, err);
    return rc < 0 ? rc : check_all(w, err);
}

void wtns_release(struct wtns *w)
{
    binfile_release(&w->file);
    memset(w, 0, sizeof *w);
}

void wtns_load(fr_bits z[], const struct wtns *w)
{
    memcpy(z, w->values, (size_t)w->n_wires * 32);
}

int wtns_write(const char *path, const fr_bits z[], uint32_t n_wires, struct err *err)
{
    struct binfile_writer f;
    int rc = binfile_create(&f, path, "wtns", 2, 2, err);
    if (rc < 0)
        return rc;
    binfile_begin(&f, 1);
    field_put_modulus(&f, FIELD_FR);
    binfile_put_u32(&f, n_wires);
    binfile_end(&f);
    binfile_begin(&f, 2);
    binfile_put(&f, z, (size_t)n_wires * sizeof *z);
    binfile_end(&f);
    return binfile_commit(&f, err);
}
