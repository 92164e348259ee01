/* ptau.c - see ptau.h. */
#include "groth16/ptau.h"

#include <string.h>

#include "groth16/field_io.h"

static int read_header(struct ptau *p, struct err *err)
{
    const char *name = p->file.name;
    struct cursor c;
    uint32_t power, ceremony;
    int rc;

    if ((rc = binfile_section(&c, &p->file, 1, "header", err)) < 0 ||
        (rc = field_read_modulus(&c, name, FIELD_FP, err)) < 0)
        return rc;
    if (!cursor_u32le(&c, &power) || !cursor_u32le(&c, &ceremony) || cursor_left(&c) != 0)
        return err_set(err, VCP_EFORMAT, "%s: section 1 (header) has %zu bytes, want 44", name,
                       p->file.sections[1].size);
    if (power < 1 || power > PTAU_POWER_MAX || ceremony < power || ceremony > PTAU_POWER_MAX)
        return err_set(err, VCP_EFORMAT, "%s: power %u of a ceremony of power %u", name, power,
                       ceremony);
    p->power = power;
    p->ceremony_power = ceremony;
    return VCP_OK;
}

static int read_sections(struct ptau *p, struct err *err)
{
    uint64_t n = UINT64_C(1) << p->power;
    const struct {
        unsigned id;
        const char *what;
        const unsigned char **at;
        uint64_t size;
    } s[] = {
        {2, "powers of tau in G1", &p->tau1, (2 * n - 1) * G1_BYTES},
        {3, "powers of tau in G2", &p->tau2, n * G2_BYTES},
        {4, "alpha times powers of tau", &p->alpha1, n * G1_BYTES},
        {5, "beta times powers of tau", &p->beta1, n * G1_BYTES},
        {6, "beta in G2", &p->beta2, G2_BYTES},
        {12, "Lagrange basis in G1", &p->lagrange1, (4 * n - 1) * G1_BYTES},
        {13, "Lagrange basis in G2", &p->lagrange2, (2 * n - 1) * G2_BYTES},
        {14, "Lagrange basis times alpha", &p->lagrange_alpha1, (2 * n - 1) * G1_BYTES},
        {15, "Lagrange basis times beta", &p->lagrange_beta1, (2 * n - 1) * G1_BYTES},
    };
    p->prepared = p->file.sections[12].present;
    for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
        if (s[i].id >= 12 && !p->prepared)
            break;
        int rc = binfile_section_sized(s[i].at, &p->file, s[i].id, s[i].what, s[i].size, err);
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static int check_shape(struct ptau *p, struct err *err)
{
    int rc = read_header(p, err);
    if (rc == VCP_OK)
        rc = read_sections(p, err);
    if (rc < 0)
        ptau_release(p);
    return rc;
}

int ptau_open(struct ptau *p, const char *path, struct err *err)
{
    memset(p, 0, sizeof *p);
    int rc = binfile_open(&p->file, path, "ptau", 1, err);
    return rc < 0 ? rc : check_shape(p, err);
}

int ptau_parse(struct ptau *p, const char *name, const void *bytes, size_t n, struct err *err)
{
    memset(p, 0, sizeof *p);
    int rc = binfile_parse(&p->file, name, bytes, n, "ptau", 1, err);
    return rc < 0 ? rc : check_shape(p, err);
}

void ptau_release(struct ptau *p)
{
    binfile_release(&p->file);
    memset(p, 0, sizeof *p);
}

int ptau_check_prepared(const struct ptau *p, struct err *err)
{
    return p->prepared ? VCP_OK
                       : err_set(err, VCP_EFORMAT,
                                 "%s: not prepared for phase 2 (ambient keys powers prepare, or "
                                 "snarkjs powersoftau prepare phase2)",
                                 p->file.name);
}

const unsigned char *ptau_lagrange(const unsigned char *section, unsigned log_n, size_t point_bytes)
{
    return section + (((size_t)1 << log_n) - 1) * point_bytes;
}

static bool raw_g1(g1_affine *out, const struct ptau *p, size_t index)
{
    const unsigned char *end = p->file.data + p->file.size;
    if (index >= (size_t)(end - p->tau1) / G1_BYTES)
        return false;
    memcpy(out, p->tau1 + index * G1_BYTES, G1_BYTES);
    return true;
}

bool ptau_h_point(g1_affine *hi, g1_affine *lo, const struct ptau *p, size_t n, size_t i)
{
    return raw_g1(hi, p, n + i) && raw_g1(lo, p, i);
}
