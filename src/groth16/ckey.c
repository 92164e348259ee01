/* ckey.c - the key file of ckey.h: reading, checking. */
#include "groth16/ckey.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "bn254/msm.h"
#include "groth16/field_io.h"
#include "groth16/mpc.h"

static uint32_t load_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int bad(const struct ckey *k, const char *what, struct err *err)
{
    return err_set(err, VCP_EFORMAT, "%s: %s", k->file.name, what);
}

static int check_shape(const struct ckey *k, struct err *err)
{
    if (k->n_wires == 0 || k->n_wires > GROTH16_WIRES_MAX ||
        (uint64_t)k->n_public + k->n_stage1 >= k->n_wires)
        return err_set(err, VCP_EFORMAT, "%s: %u wires cannot hold %u public and %u of stage 1",
                       k->file.name, k->n_wires, k->n_public, k->n_stage1);
    if (k->log_domain < 1 || k->log_domain >= FR_TWO_ADICITY ||
        k->n_rows > (uint32_t)1 << k->log_domain)
        return err_set(err, VCP_EFORMAT, "%s: %u rows in a domain of 2^%u", k->file.name, k->n_rows,
                       k->log_domain);
    if (k->n_x > k->n_public + k->n_stage1 + 1)
        return bad(k, "more X points than public and stage-1 wires", err);
    return VCP_OK;
}

static int read_header(struct ckey *k, struct err *err)
{
    const char *name = k->file.name;
    struct cursor c;
    uint32_t log_domain = 0;
    int rc;

    if ((rc = binfile_section(&c, &k->file, 1, "header", err)) < 0 ||
        (rc = field_read_modulus(&c, name, FIELD_FP, err)) < 0 ||
        (rc = field_read_modulus(&c, name, FIELD_FR, err)) < 0)
        return rc;
    if (!cursor_u32le(&c, &k->n_wires) || !cursor_u32le(&c, &k->n_public) ||
        !cursor_u32le(&c, &k->n_stage1) || !cursor_u32le(&c, &k->n_rows) ||
        !cursor_u32le(&c, &log_domain) || !cursor_u32le(&c, &k->n_x))
        return bad(k, "the header is cut off", err);
    k->log_domain = log_domain;
    if ((rc = check_shape(k, err)) < 0 ||
        (rc = field_read_g1(&k->alpha1, &c, name, "[alpha]1", err)) < 0 ||
        (rc = field_read_g1(&k->beta1, &c, name, "[beta]1", err)) < 0 ||
        (rc = field_read_g1(&k->d1_1, &c, name, "[delta1]1", err)) < 0 ||
        (rc = field_read_g1(&k->d2_1, &c, name, "[delta2]1", err)) < 0 ||
        (rc = field_read_g2(&k->beta2, &c, name, "[beta]2", err)) < 0 ||
        (rc = field_read_g2(&k->d2_2, &c, name, "[delta2]2", err)) < 0)
        return rc;
    return cursor_left(&c) == 0 ? VCP_OK : bad(k, "bytes after the header", err);
}

/* Which wires have points; copied, so that what is checked here is what is used. */
static int read_index(struct ckey_index *x, struct ckey *k, unsigned id, const char *what,
                      struct err *err)
{
    size_t words = ((size_t)k->n_wires + 63) / 64;
    const unsigned char *bytes;
    int rc = binfile_section_sized(&bytes, &k->file, id, what, words * 8, err);

    if (rc < 0)
        return rc;
    x->live = calloc(words, sizeof *x->live);
    x->before = calloc(words, sizeof *x->before);
    if (!x->live || !x->before)
        return err_set(err, VCP_ENOMEM, "%s: no memory for its wires", k->file.name);
    for (size_t i = 0; i < words; i++) {
        x->live[i] = load_u32(bytes + 8 * i) | (uint64_t)load_u32(bytes + 8 * i + 4) << 32;
        x->before[i] = x->n;
        x->n += (uint32_t)__builtin_popcountll(x->live[i]);
    }
    if (k->n_wires % 64 && x->live[words - 1] >> k->n_wires % 64)
        return bad(k, "a wire behind the last has a point", err);
    return VCP_OK;
}

static int read_sections(struct ckey *k, struct err *err)
{
    int rc_a = read_index(&k->of_a, k, 11, "wires of A", err);
    int rc_b = rc_a < 0 ? rc_a : read_index(&k->of_b, k, 12, "wires of B", err);

    if (rc_b < 0)
        return rc_b;
    uint64_t n_first = (uint64_t)k->n_public + k->n_stage1 + 1;
    const struct {
        unsigned id;
        const char *what;
        const unsigned char **at;
        uint64_t size;
    } s[] = {
        {3, "A", &k->a, (uint64_t)k->of_a.n * G1_BYTES},
        {4, "B1", &k->b1, (uint64_t)k->of_b.n * G1_BYTES},
        {5, "B2", &k->b2, (uint64_t)k->of_b.n * G2_BYTES},
        {6, "D", &k->d, (uint64_t)k->n_stage1 * G1_BYTES},
        {7, "L", &k->l, (k->n_wires - n_first) * G1_BYTES},
        {8, "wires of X", &k->x_wires, (uint64_t)k->n_x * 4},
        {9, "X", &k->x, (uint64_t)k->n_x * G1_BYTES},
        {10, "H", &k->h, (uint64_t)G1_BYTES << k->log_domain},
    };
    for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
        int rc = binfile_section_sized(s[i].at, &k->file, s[i].id, s[i].what, s[i].size, err);
        if (rc < 0)
            return rc;
    }
    for (uint32_t i = 0; i < k->n_x; i++) {
        uint32_t w = load_u32(k->x_wires + 4 * (size_t)i);
        if (w >= n_first || (i > 0 && w <= load_u32(k->x_wires + 4 * (size_t)(i - 1))))
            return err_set(err, VCP_EFORMAT, "%s: X point %u is for wire %u, out of order or range",
                           k->file.name, i, w);
    }
    return VCP_OK;
}

static int read_vkey(struct ckey *k, struct err *err)
{
    struct cursor c;
    int rc = binfile_section(&c, &k->file, 2, "verifying key", err);
    if (rc < 0)
        return rc;
    if (vkey_ic_size(c.p, cursor_left(&c)) != ((size_t)k->n_public + 1) * sizeof(g1_affine))
        return bad(k, "its verifying key is of another shape", err);
    k->vk = vkey_new(k->n_public);
    if (!k->vk)
        return err_set(err, VCP_ENOMEM, "%s: no memory for the verifying key", k->file.name);
    rc = vkey_from_bytes(k->vk, k->vk->ic, c.p, cursor_left(&c), err);
    if (rc < 0)
        return rc;
    if (!k->vk->committed || !g1_affine_eq(&k->vk->alpha1, &k->alpha1) ||
        !g2_affine_eq(&k->vk->beta2, &k->beta2) || !g2_affine_eq(&k->vk->delta2, &k->d2_2))
        return bad(k, "its verifying key is another key's", err);
    return VCP_OK;
}

static int check_all(struct ckey *k, struct err *err)
{
    int rc = read_header(k, err);
    if (rc == VCP_OK)
        rc = read_sections(k, err);
    if (rc == VCP_OK)
        rc = read_vkey(k, err);
    if (rc < 0)
        ckey_release(k);
    return rc;
}

int ckey_open(struct ckey *k, const char *path, struct err *err)
{
    memset(k, 0, sizeof *k);
    int rc = binfile_open(&k->file, path, "avck", 2, err);
    return rc < 0 ? rc : check_all(k, err);
}

int ckey_parse(struct ckey *k, const char *name, const void *p, size_t n, struct err *err)
{
    memset(k, 0, sizeof *k);
    int rc = binfile_parse(&k->file, name, p, n, "avck", 2, err);
    return rc < 0 ? rc : check_all(k, err);
}

void ckey_release(struct ckey *k)
{
    vkey_free(k->vk);
    binfile_release(&k->file);
    free(k->of_a.live);
    free(k->of_a.before);
    free(k->of_b.live);
    free(k->of_b.before);
    memset(k, 0, sizeof *k);
}

static int check_g1(const struct ckey *k, const char *what, const unsigned char *p, size_t n,
                    struct threads *threads, struct err *err)
{
    size_t i = g1_find_invalid(p, n, threads);
    if (i == n)
        return VCP_OK;
    return err_set(err, VCP_EFORMAT, "%s: point %zu of section %s is not on the curve G1",
                   k->file.name, i, what);
}

int ckey_check_points(const struct ckey *k, struct threads *threads, struct err *err)
{
    size_t n_l = (size_t)k->n_wires - k->n_public - k->n_stage1 - 1;
    int rc;

    if (!mpc_same_ratio(&g1_generator, &k->beta1, &g2_generator, &k->beta2) ||
        !mpc_same_ratio(&g1_generator, &k->d2_1, &g2_generator, &k->d2_2) ||
        !mpc_same_ratio(&g1_generator, &k->d1_1, &g2_generator, &k->vk->delta1))
        return bad(k, "beta, delta1 or delta2 differ between G1 and G2", err);
    if ((rc = check_g1(k, "A", k->a, k->of_a.n, threads, err)) < 0 ||
        (rc = check_g1(k, "B1", k->b1, k->of_b.n, threads, err)) < 0 ||
        (rc = check_g1(k, "D", k->d, k->n_stage1, threads, err)) < 0 ||
        (rc = check_g1(k, "L", k->l, n_l, threads, err)) < 0 ||
        (rc = check_g1(k, "X", k->x, k->n_x, threads, err)) < 0 ||
        (rc = check_g1(k, "H", k->h, (size_t)1 << k->log_domain, threads, err)) < 0)
        return rc;
    size_t i = g2_find_invalid(k->b2, k->of_b.n, threads);
    if (i != k->of_b.n)
        return err_set(err, VCP_EFORMAT, "%s: point %zu of section B2 is not in the group G2",
                       k->file.name, i);
    return VCP_OK;
}

int ckey_check_circuit(const struct ckey *k, const struct cs_shape *s, struct err *err)
{
    if (s->n_wires != k->n_wires || s->n_public != k->n_public || s->n_stage1 != k->n_stage1 ||
        s->n_rows != k->n_rows || memcmp(s->digest, k->vk->circuit, sizeof s->digest) != 0)
        return err_set(err, VCP_EINVAL, "%s: the key of another circuit", k->file.name);
    return VCP_OK;
}
