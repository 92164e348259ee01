/* vkey.c - see vkey.h. */
#include "groth16/vkey.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "groth16/field_io.h"
#include "groth16/zkey.h"

#define MAGIC          "AVCPVK01"
#define HEAD_BYTES     (8 + 4 + 4 + 32)
#define FLAG_COMMITTED 1u
#define FLAG_LOCAL     2u

/* ---- checks ---- */

static int check_g1(const g1_affine *p, const char *what, struct err *err)
{
    if (!g1_affine_is_on_curve(p))
        return err_set(err, VCP_EFORMAT, "verifying key: %s is not on the curve", what);
    if (g1_affine_is_infinity(p))
        return err_set(err, VCP_EFORMAT, "verifying key: %s is the point at infinity", what);
    return VCP_OK;
}

static int check_g2(const g2_affine *p, const char *what, struct err *err)
{
    if (!g2_affine_is_on_curve(p))
        return err_set(err, VCP_EFORMAT, "verifying key: %s is not on the curve", what);
    if (g2_affine_is_infinity(p))
        return err_set(err, VCP_EFORMAT, "verifying key: %s is the point at infinity", what);
    if (!g2_affine_in_subgroup(p))
        return err_set(err, VCP_EFORMAT, "verifying key: %s is not in the subgroup of order r",
                       what);
    return VCP_OK;
}

static int check_ic(const struct vkey *k, struct err *err)
{
    for (uint32_t i = 0; i <= k->n_public; i++) {
        if (!g1_affine_is_on_curve(&k->ic[i]))
            return err_set(err, VCP_EFORMAT, "verifying key: IC[%u] is not on the curve", i);
        if (g1_affine_is_infinity(&k->ic[i]))
            return err_set(err, VCP_EFORMAT,
                           "verifying key: IC[%u] is infinity, so public input %u is not bound", i,
                           i);
    }
    return VCP_OK;
}

/* Equal or opposite: with either the ratio of the two trapdoors is known, which is all a
 * forger needs.  With gamma = -delta, (alpha, beta, the inputs' point) proves anything. */
static bool equal_or_opposite(const g2_affine *a, const g2_affine *b)
{
    return fp2_eq(&a->x, &b->x);
}

static const char *sign_of(const g2_affine *a, const g2_affine *b)
{
    return g2_affine_eq(a, b) ? "" : "minus ";
}

static int check_distinct_committed(const struct vkey *k, struct err *err)
{
    const g2_affine *other = equal_or_opposite(&k->delta1, &k->delta2) ? &k->delta2 : &k->gamma2;

    if (equal_or_opposite(&k->delta1, other))
        return err_set(err, VCP_EFORMAT,
                       "verifying key: delta1 equals %s%s, so commitments do not bind",
                       sign_of(&k->delta1, other), other == &k->delta2 ? "delta2" : "gamma");
    if (equal_or_opposite(&k->delta1, &g2_generator) ||
        equal_or_opposite(&k->gamma2, &g2_generator))
        return err_set(err, VCP_EFORMAT,
                       "verifying key: %s is the generator or its negative, so its trapdoor is "
                       "known",
                       equal_or_opposite(&k->delta1, &g2_generator) ? "delta1" : "gamma");
    return VCP_OK;
}

static int check_distinct(const struct vkey *k, struct err *err)
{
    if (equal_or_opposite(&k->gamma2, &k->delta2))
        return err_set(err, VCP_EFORMAT,
                       "verifying key: gamma equals %sdelta, so anyone can forge proofs (was phase "
                       "2 of the setup skipped?)",
                       sign_of(&k->gamma2, &k->delta2));
    if (equal_or_opposite(&k->delta2, &g2_generator))
        return err_set(err, VCP_EFORMAT,
                       "verifying key: delta is the generator or its negative, so its trapdoor is "
                       "known");
    return k->committed ? check_distinct_committed(k, err) : VCP_OK;
}

static int check_all(const struct vkey *k, struct err *err)
{
    int rc;
    if ((rc = check_g1(&k->alpha1, "alpha", err)) < 0 ||
        (rc = check_g2(&k->beta2, "beta", err)) < 0 ||
        (rc = check_g2(&k->gamma2, "gamma", err)) < 0 ||
        (rc = k->committed ? check_g2(&k->delta1, "delta1", err) : VCP_OK) < 0 ||
        (rc = check_g2(&k->delta2, "delta", err)) < 0 || (rc = check_distinct(k, err)) < 0)
        return rc;
    return check_ic(k, err);
}

/* ---- canonical bytes ---- */

/* Feeds the encoding to sink piece by piece, so that the digest needs no buffer. */
static void encode(const struct vkey *k, void (*sink)(void *arg, const void *p, size_t n),
                   void *arg)
{
    unsigned char b[HEAD_BYTES + G2_BYTES], *p = b;
    uint32_t flags = (k->committed ? FLAG_COMMITTED : 0) | (k->local_test ? FLAG_LOCAL : 0);

    memcpy(p, MAGIC, 8);
    memcpy(p + 8, &flags, 4);
    memcpy(p + 12, &k->n_public, 4);
    memcpy(p + 16, k->circuit, 32);
    sink(arg, b, HEAD_BYTES);
    g1_to_plain(b, &k->alpha1);
    sink(arg, b, G1_BYTES);
    const g2_affine *q[4] = {&k->beta2, &k->gamma2, &k->delta1, &k->delta2};
    for (int i = 0; i < 4; i++) {
        if (i == 2 && !k->committed)
            continue;
        g2_to_plain(b, q[i]);
        sink(arg, b, G2_BYTES);
    }
    for (uint32_t i = 0; i <= k->n_public; i++) {
        g1_to_plain(b, &k->ic[i]);
        sink(arg, b, G1_BYTES);
    }
}

static void sink_buf(void *arg, const void *p, size_t n)
{
    buf_put(arg, p, n);
}

static void sink_sha3(void *arg, const void *p, size_t n)
{
    sha3_update(arg, p, n);
}

static size_t encoded_size(bool committed, uint32_t n_public)
{
    return HEAD_BYTES + G1_BYTES + (committed ? 4u : 3u) * G2_BYTES +
           ((size_t)n_public + 1) * G1_BYTES;
}

size_t vkey_bytes_size(const struct vkey *k)
{
    return encoded_size(k->committed, k->n_public);
}

void vkey_put(struct buf *out, const struct vkey *k)
{
    encode(k, sink_buf, out);
}

int vkey_digest(uint8_t out[VKEY_DIGEST_BYTES], const struct vkey *k, struct err *err)
{
    struct sha3 h;
    if (sha3_init(&h) < 0)
        return err_set(err, VCP_ENOMEM, "verifying key: no memory to hash it");
    encode(k, sink_sha3, &h);
    sha3_final(&h, out);
    return VCP_OK;
}

int vkey_prepare(struct vkey *k, struct err *err)
{
    struct pairing_pair alpha_beta = {k->alpha1, &k->beta2, NULL};
    int rc = check_all(k, err);

    if (rc < 0)
        return rc;
    g2_prepare(&k->gamma_lines, &k->gamma2);
    g2_prepare(&k->delta2_lines, &k->delta2);
    if (k->committed)
        g2_prepare(&k->delta1_lines, &k->delta1);
    (void)pairing_miller(&k->alpha_beta, &alpha_beta, 1);
    return VCP_OK;
}

static bool read_head(const unsigned char *p, size_t n, uint32_t *flags, uint32_t *n_public)
{
    if (n < HEAD_BYTES || memcmp(p, MAGIC, 8) != 0)
        return false;
    memcpy(flags, p + 8, 4);
    memcpy(n_public, p + 12, 4);
    return (*flags & ~(FLAG_COMMITTED | FLAG_LOCAL)) == 0 && *n_public <= GROTH16_PUBLIC_MAX &&
           n == encoded_size(*flags & FLAG_COMMITTED, *n_public);
}

size_t vkey_ic_size(const void *p, size_t n)
{
    uint32_t flags, n_public;
    if (!read_head(p, n, &flags, &n_public))
        return 0;
    return ((size_t)n_public + 1) * sizeof(g1_affine);
}

static int bad_point(struct err *err, const char *what)
{
    return err_set(err, VCP_EFORMAT, "verifying key: %s is not canonical or not in its group",
                   what);
}

static int read_points(struct vkey *k, const unsigned char *p, struct err *err)
{
    static const char *const names[4] = {"beta", "gamma", "delta1", "delta"};
    g2_affine *q[4] = {&k->beta2, &k->gamma2, &k->delta1, &k->delta2};
    char ic[24];

    if (!g1_from_plain(&k->alpha1, p))
        return bad_point(err, "alpha");
    p += G1_BYTES;
    for (int i = 0; i < 4; i++) {
        if (i == 2 && !k->committed)
            continue;
        if (!g2_from_plain(q[i], p))
            return bad_point(err, names[i]);
        p += G2_BYTES;
    }
    for (uint32_t i = 0; i <= k->n_public; i++, p += G1_BYTES)
        if (!g1_from_plain(&k->ic[i], p)) {
            snprintf(ic, sizeof ic, "IC[%u]", i);
            return bad_point(err, ic);
        }
    return VCP_OK;
}

int vkey_from_bytes(struct vkey *k, g1_affine ic_storage[], const void *bytes, size_t n,
                    struct err *err)
{
    const unsigned char *p = bytes;
    uint32_t flags;

    memset(k, 0, sizeof *k);
    k->ic = ic_storage;
    if (!read_head(p, n, &flags, &k->n_public))
        return err_set(err, VCP_EFORMAT, "verifying key: %zu bytes that are no key of this format",
                       n);
    k->committed = flags & FLAG_COMMITTED;
    k->local_test = flags & FLAG_LOCAL;
    memcpy(k->circuit, p + 16, 32);
    int rc = read_points(k, p + HEAD_BYTES, err);
    return rc < 0 ? rc : vkey_prepare(k, err);
}

/* ---- keys on the heap ---- */

struct vkey *vkey_new(uint32_t n_public)
{
    struct vkey *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->n_public = n_public;
    k->ic = calloc((size_t)n_public + 1, sizeof *k->ic);
    if (!k->ic) {
        free(k);
        return NULL;
    }
    return k;
}

void vkey_free(struct vkey *k)
{
    if (!k)
        return;
    free(k->ic);
    free(k);
}

int vkey_from_zkey(struct vkey **out, const struct zkey *z, struct err *err)
{
    struct vkey *k = vkey_new(z->h.n_public);
    if (!k)
        return err_set(err, VCP_ENOMEM, "%s: no memory for the verifying key", z->file.name);
    k->alpha1 = z->h.alpha1;
    k->beta2 = z->h.beta2;
    k->gamma2 = z->h.gamma2;
    k->delta2 = z->h.delta2;
    k->local_test = zkey_is_local_test(z);
    memcpy(k->ic, z->ic, ((size_t)k->n_public + 1) * sizeof *k->ic);
    int rc = vkey_prepare(k, err);
    if (rc < 0) {
        vkey_free(k);
        err_prefix(err, "%s", z->file.name);
        return rc;
    }
    *out = k;
    return VCP_OK;
}
