/* zkey.c - see zkey.h. */
#include "groth16/zkey.h"

#include <string.h>

#include "base/limits.h"
#include "bn254/msm.h"
#include "bn254/pairing.h"
#include "groth16/field_io.h"

static uint32_t load_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int read_protocol(const struct zkey *k, struct err *err)
{
    const unsigned char *p;
    int rc = binfile_section_sized(&p, &k->file, 1, "protocol", 4, err);
    if (rc == VCP_OK && load_u32(p) != 1)
        rc = err_set(err, VCP_EUNSUPPORTED, "%s: protocol %u, only Groth16 (1) is supported",
                     k->file.name, load_u32(p));
    return rc;
}

static int read_shape(struct zkey *k, struct cursor *c, struct err *err)
{
    struct zkey_header *h = &k->h;
    const char *name = k->file.name;

    if (!cursor_u32le(c, &h->n_wires) || !cursor_u32le(c, &h->n_public) ||
        !cursor_u32le(c, &h->domain))
        return err_set(err, VCP_EFORMAT, "%s: section 2 ends before the circuit's size", name);
    if (h->n_wires > GROTH16_WIRES_MAX)
        return err_set(err, VCP_ELIMIT, "%s: %u wires, at most %u", name, h->n_wires,
                       GROTH16_WIRES_MAX);
    if (h->n_public >= h->n_wires)
        return err_set(err, VCP_EFORMAT, "%s: %u public inputs but only %u wires", name,
                       h->n_public, h->n_wires);
    if (h->domain < 2 || (h->domain & (h->domain - 1)) != 0 || h->domain > GROTH16_ROWS_MAX)
        return err_set(err, VCP_EFORMAT, "%s: domain %u is not a power of two from 2 to %u", name,
                       h->domain, GROTH16_ROWS_MAX);
    if (h->n_public >= h->domain)
        return err_set(err, VCP_EFORMAT, "%s: %u public inputs do not fit a domain of %u", name,
                       h->n_public, h->domain);
    k->log_domain = (unsigned)__builtin_ctz(h->domain);
    return VCP_OK;
}

static int read_header(struct zkey *k, struct err *err)
{
    struct zkey_header *h = &k->h;
    const char *name = k->file.name;
    struct cursor c;
    int rc;

    if ((rc = read_protocol(k, err)) < 0 ||
        (rc = binfile_section(&c, &k->file, 2, "Groth16 header", err)) < 0 ||
        (rc = field_read_modulus(&c, name, FIELD_FP, err)) < 0 ||
        (rc = field_read_modulus(&c, name, FIELD_FR, err)) < 0 ||
        (rc = read_shape(k, &c, err)) < 0 ||
        (rc = field_read_g1(&h->alpha1, &c, name, "[alpha]1", err)) < 0 ||
        (rc = field_read_g1(&h->beta1, &c, name, "[beta]1", err)) < 0 ||
        (rc = field_read_g2(&h->beta2, &c, name, "[beta]2", err)) < 0 ||
        (rc = field_read_g2(&h->gamma2, &c, name, "[gamma]2", err)) < 0 ||
        (rc = field_read_g1(&h->delta1, &c, name, "[delta]1", err)) < 0 ||
        (rc = field_read_g2(&h->delta2, &c, name, "[delta]2", err)) < 0)
        return rc;
    if (cursor_left(&c) != 0)
        return err_set(err, VCP_EFORMAT, "%s: %zu bytes too many in section 2 (header)", name,
                       cursor_left(&c));
    return VCP_OK;
}

static int read_points(struct zkey *k, struct err *err)
{
    const struct zkey_header *h = &k->h;
    const struct {
        unsigned id;
        const char *what;
        const unsigned char **at;
        uint64_t size;
    } s[] = {
        {3, "IC", &k->ic, ((uint64_t)h->n_public + 1) * G1_BYTES},
        {5, "A", &k->a, (uint64_t)h->n_wires * G1_BYTES},
        {6, "B1", &k->b1, (uint64_t)h->n_wires * G1_BYTES},
        {7, "B2", &k->b2, (uint64_t)h->n_wires * G2_BYTES},
        {8, "C", &k->c, ((uint64_t)h->n_wires - h->n_public - 1) * G1_BYTES},
        {9, "H", &k->hpts, (uint64_t)h->domain * G1_BYTES},
    };
    for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
        int rc = binfile_section_sized(s[i].at, &k->file, s[i].id, s[i].what, s[i].size, err);
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static int check_coefs(struct zkey *k, struct err *err)
{
    uint32_t last_row = 0;

    k->coefs_sorted = true;
    for (uint32_t i = 0; i < k->n_coefs; i++) {
        struct zkey_place c = zkey_coef_place(k, i);
        fr value;

        memcpy(&value, zkey_coef_value(k, i), sizeof value);
        if (c.matrix > 1 || c.row >= k->h.domain || c.wire >= k->h.n_wires)
            return err_set(err, VCP_EFORMAT,
                           "%s: coefficient %u is at matrix %u, row %u of %u, wire %u of %u",
                           k->file.name, i, c.matrix, c.row, k->h.domain, c.wire, k->h.n_wires);
        if (!fr_is_canonical(&value))
            return err_set(err, VCP_EFORMAT, "%s: the value of coefficient %u is not below r",
                           k->file.name, i);
        k->coefs_sorted = k->coefs_sorted && c.row >= last_row;
        last_row = c.row;
    }
    return VCP_OK;
}

static int read_coefs(struct zkey *k, struct err *err)
{
    struct cursor c;
    int rc = binfile_section(&c, &k->file, 4, "coefficients", err);
    if (rc < 0)
        return rc;
    if (!cursor_u32le(&c, &k->n_coefs) || cursor_left(&c) != (uint64_t)k->n_coefs * ZKEY_COEF_BYTES)
        return err_set(err, VCP_EFORMAT,
                       "%s: section 4 has %zu bytes, which is not what its count says",
                       k->file.name, k->file.sections[4].size);
    k->coefs = c.p;
    return check_coefs(k, err);
}

static int check_all(struct zkey *k, struct err *err)
{
    int rc = read_header(k, err);
    if (rc == VCP_OK)
        rc = read_points(k, err);
    if (rc == VCP_OK)
        rc = read_coefs(k, err);
    if (rc < 0)
        zkey_release(k);
    return rc;
}

int zkey_open(struct zkey *k, const char *path, struct err *err)
{
    memset(k, 0, sizeof *k);
    int rc = binfile_open(&k->file, path, "zkey", 2, err);
    return rc < 0 ? rc : check_all(k, err);
}

int zkey_parse(struct zkey *k, const char *name, const void *p, size_t n, struct err *err)
{
    memset(k, 0, sizeof *k);
    int rc = binfile_parse(&k->file, name, p, n, "zkey", 2, err);
    return rc < 0 ? rc : check_all(k, err);
}

void zkey_release(struct zkey *k)
{
    binfile_release(&k->file);
    memset(k, 0, sizeof *k);
}

/* ---- the expensive checks ---- */

static int check_g1_section(const struct zkey *k, const char *what, const unsigned char *p,
                            size_t n, struct threads *threads, struct err *err)
{
    size_t bad = g1_find_invalid(p, n, threads);
    if (bad == n)
        return VCP_OK;
    return err_set(err, VCP_EFORMAT, "%s: point %zu of section %s is not on the curve G1",
                   k->file.name, bad, what);
}

/* e(p1, G2) = e(G1, p2): both are the same multiple of the generators. */
static bool same_multiple(const g1_affine *p1, const g2_affine *p2)
{
    struct pairing_pair pairs[2] = {{*p1, &g2_generator, NULL}, {g1_generator, p2, NULL}};

    g1_affine_neg(&pairs[1].p, &g1_generator);
    return pairing_check(pairs, 2);
}

int zkey_check_points(const struct zkey *k, struct threads *threads, struct err *err)
{
    const struct zkey_header *h = &k->h;
    int rc;

    if (!same_multiple(&h->beta1, &h->beta2))
        return err_set(err, VCP_EFORMAT, "%s: [beta]1 and [beta]2 differ", k->file.name);
    if (!same_multiple(&h->delta1, &h->delta2))
        return err_set(err, VCP_EFORMAT, "%s: [delta]1 and [delta]2 differ", k->file.name);
    if ((rc = check_g1_section(k, "IC", k->ic, (size_t)h->n_public + 1, threads, err)) < 0 ||
        (rc = check_g1_section(k, "A", k->a, h->n_wires, threads, err)) < 0 ||
        (rc = check_g1_section(k, "B1", k->b1, h->n_wires, threads, err)) < 0 ||
        (rc = check_g1_section(k, "C", k->c, h->n_wires - h->n_public - 1, threads, err)) < 0 ||
        (rc = check_g1_section(k, "H", k->hpts, h->domain, threads, err)) < 0)
        return rc;
    size_t bad = g2_find_invalid(k->b2, h->n_wires, threads);
    if (bad != h->n_wires)
        return err_set(err, VCP_EFORMAT,
                       "%s: point %zu of section B2 is not in the group G2 of order r",
                       k->file.name, bad);
    return VCP_OK;
}

bool zkey_is_local_test(const struct zkey *k)
{
    const struct binfile_section *s = &k->file.sections[10];
    return s->present && s->size >= sizeof ZKEY_LOCAL_STAMP &&
           memcmp(s->data, ZKEY_LOCAL_STAMP, sizeof ZKEY_LOCAL_STAMP) == 0;
}

void zkey_put_header(struct binfile_writer *w, const struct zkey_header *h)
{
    binfile_begin(w, 1);
    binfile_put_u32(w, 1);
    binfile_end(w);
    binfile_begin(w, 2);
    field_put_modulus(w, FIELD_FP);
    field_put_modulus(w, FIELD_FR);
    binfile_put_u32(w, h->n_wires);
    binfile_put_u32(w, h->n_public);
    binfile_put_u32(w, h->domain);
    binfile_put(w, &h->alpha1, sizeof h->alpha1);
    binfile_put(w, &h->beta1, sizeof h->beta1);
    binfile_put(w, &h->beta2, sizeof h->beta2);
    binfile_put(w, &h->gamma2, sizeof h->gamma2);
    binfile_put(w, &h->delta1, sizeof h->delta1);
    binfile_put(w, &h->delta2, sizeof h->delta2);
    binfile_end(w);
}
