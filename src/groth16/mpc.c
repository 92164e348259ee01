/* mpc.c - see mpc.h. */
#include "groth16/mpc.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "bn254/pairing.h"
#include "groth16/chacha_rng.h"
#include "groth16/field_io.h"

/* ---- hashing ---- */

typedef crypto_generichash_blake2b_state blake2b;

static void blake2b_start(blake2b *h)
{
    crypto_generichash_blake2b_init(h, NULL, 0, MPC_HASH_BYTES);
}

static void blake2b_bytes(blake2b *h, const void *p, size_t n)
{
    crypto_generichash_blake2b_update(h, p, n);
}

static void blake2b_g1(blake2b *h, const g1_affine *p)
{
    unsigned char b[G1_BYTES];
    g1_to_plain(b, p);
    blake2b_bytes(h, b, sizeof b);
}

static void blake2b_g2(blake2b *h, const g2_affine *p)
{
    unsigned char b[G2_BYTES];
    g2_to_plain(b, p);
    blake2b_bytes(h, b, sizeof b);
}

static void hash_contribution(blake2b *h, const struct mpc_contribution *c)
{
    blake2b_g1(h, &c->delta_after);
    blake2b_g1(h, &c->s);
    blake2b_g1(h, &c->sx);
    blake2b_g2(h, &c->spx);
    blake2b_bytes(h, c->transcript, MPC_HASH_BYTES);
}

/* What a contributor must have hashed: everything before (in so_far), then its s and sx. */
static void transcript_of(uint8_t out[MPC_HASH_BYTES], const blake2b *so_far,
                          const struct mpc_contribution *c)
{
    blake2b h = *so_far;
    blake2b_g1(&h, &c->s);
    blake2b_g1(&h, &c->sx);
    crypto_generichash_blake2b_final(&h, out, MPC_HASH_BYTES);
}

void mpc_contribution_hash(uint8_t out[MPC_HASH_BYTES], const struct mpc_contribution *c)
{
    blake2b h;
    blake2b_start(&h);
    hash_contribution(&h, c);
    crypto_generichash_blake2b_final(&h, out, MPC_HASH_BYTES);
}

/* ---- reading ---- */

static bool read_points(struct mpc_contribution *c, struct cursor *in)
{
    const unsigned char *p;
    if (!cursor_bytes(in, 3 * G1_BYTES + G2_BYTES + MPC_HASH_BYTES, &p))
        return false;
    memcpy(c->transcript, p + 3 * G1_BYTES + G2_BYTES, MPC_HASH_BYTES);
    return g1_load(&c->delta_after, p) && g1_load(&c->s, p + G1_BYTES) &&
           g1_load(&c->sx, p + 2 * G1_BYTES) && g2_load(&c->spx, p + 3 * G1_BYTES);
}

static int read_contribution(struct mpc_contribution *c, struct cursor *in, uint32_t i,
                             const char *name, struct err *err)
{
    if (!read_points(c, in))
        return err_set(err, VCP_EFORMAT,
                       "%s: section 10, contribution %u is cut off or has a bad point", name,
                       i + 1);
    return mpc_label_read(&c->label, in, i, name, err);
}

#define CONTRIBUTION_BYTES_MIN (3 * G1_BYTES + G2_BYTES + MPC_HASH_BYTES + 8)

int mpc_read(struct mpc *m, const struct binfile *f, struct err *err)
{
    struct cursor in;
    const unsigned char *hash;
    int rc;

    memset(m, 0, sizeof *m);
    rc = binfile_section(&in, f, 10, "contributions", err);
    if (rc < 0)
        return rc;
    if (!cursor_bytes(&in, MPC_HASH_BYTES, &hash) || !cursor_u32le(&in, &m->n))
        return err_set(err, VCP_EFORMAT, "%s: section 10 (contributions) is cut off", f->name);
    if (m->n > GROTH16_CONTRIBUTIONS_MAX || m->n > cursor_left(&in) / CONTRIBUTION_BYTES_MIN)
        return err_set(err, VCP_EFORMAT, "%s: %u contributions do not fit section 10", f->name,
                       m->n);
    memcpy(m->circuit_hash, hash, MPC_HASH_BYTES);
    m->list = calloc((size_t)m->n + 1, sizeof *m->list);
    if (!m->list)
        return err_set(err, VCP_ENOMEM, "%s: no memory for %u contributions", f->name, m->n);
    for (uint32_t i = 0; i < m->n && rc == VCP_OK; i++)
        rc = read_contribution(&m->list[i], &in, i, f->name, err);
    if (rc == VCP_OK && cursor_left(&in) != 0)
        rc = err_set(err, VCP_EFORMAT, "%s: section 10 has %zu bytes after the last contribution",
                     f->name, cursor_left(&in));
    if (rc < 0)
        mpc_release(m);
    return rc;
}

void mpc_release(struct mpc *m)
{
    free(m->list);
    memset(m, 0, sizeof *m);
}

/* ---- writing ---- */

void mpc_put(struct binfile_writer *w, const struct mpc *m)
{
    binfile_begin(w, 10);
    binfile_put(w, m->circuit_hash, MPC_HASH_BYTES);
    binfile_put_u32(w, m->n);
    for (uint32_t i = 0; i < m->n; i++) {
        const struct mpc_contribution *c = &m->list[i];
        binfile_put(w, &c->delta_after, G1_BYTES);
        binfile_put(w, &c->s, G1_BYTES);
        binfile_put(w, &c->sx, G1_BYTES);
        binfile_put(w, &c->spx, G2_BYTES);
        binfile_put(w, c->transcript, MPC_HASH_BYTES);
        mpc_label_put(w, &c->label);
    }
    binfile_end(w);
}

/* ---- contributing ---- */

static void mul_g1(g1_affine *out, const g1_affine *p, const fr_bits *k)
{
    g1 t;
    g1_mul(&t, p, k);
    g1_to_affine(out, &t);
}

static void mul_g2(g2_affine *out, const g2_affine *p, const fr_bits *k)
{
    g2 t;
    g2_mul(&t, p, k);
    g2_to_affine(out, &t);
}

int mpc_append(struct mpc *m, const struct mpc_label *label, const uint8_t seed[32],
               const g1_affine *delta_before, fr *x, struct err *err)
{
    struct mpc_contribution *list, *c;
    struct chacha_rng rng, sp_rng;
    blake2b so_far;
    g2_affine sp;
    fr_bits x_bits;

    if (m->n >= GROTH16_CONTRIBUTIONS_MAX)
        return err_set(err, VCP_ELIMIT, "the key already has %u contributions", m->n);
    list = realloc(m->list, ((size_t)m->n + 1) * sizeof *list);
    if (!list)
        return err_set(err, VCP_ENOMEM, "no memory for another contribution");
    m->list = list;
    c = &list[m->n];
    *c = (struct mpc_contribution){.label = *label};
    chacha_rng_init(&rng, seed);
    do
        chacha_rng_fr(x, &rng);
    while (fr_is_zero(x));
    fr_to_bits(&x_bits, x);
    chacha_rng_g1(&c->s, &rng);
    mul_g1(&c->sx, &c->s, &x_bits);
    blake2b_start(&so_far);
    blake2b_bytes(&so_far, m->circuit_hash, MPC_HASH_BYTES);
    for (uint32_t i = 0; i < m->n; i++)
        hash_contribution(&so_far, &m->list[i]);
    transcript_of(c->transcript, &so_far, c);
    chacha_rng_init(&sp_rng, c->transcript);
    chacha_rng_g2(&sp, &sp_rng);
    mul_g2(&c->spx, &sp, &x_bits);
    mul_g1(&c->delta_after, delta_before, &x_bits);
    m->n++;
    explicit_bzero(&x_bits, sizeof x_bits);
    explicit_bzero(&rng, sizeof rng);
    return VCP_OK;
}

/* ---- checking ---- */

bool mpc_same_ratio(const g1_affine *s, const g1_affine *sx, const g2_affine *sp,
                    const g2_affine *spx)
{
    struct pairing_pair pairs[2] = {{*s, spx, NULL}, {*sx, sp, NULL}};

    if (g1_affine_is_infinity(s) || g1_affine_is_infinity(sx) || g2_affine_is_infinity(sp) ||
        g2_affine_is_infinity(spx))
        return false;
    g1_affine_neg(&pairs[1].p, sx);
    return pairing_check(pairs, 2);
}

static bool beacon_matches(const struct mpc_contribution *c)
{
    struct chacha_rng rng;
    uint8_t seed[32];
    fr x;
    fr_bits x_bits;
    g1_affine s, sx;

    mpc_label_seed(seed, &c->label);
    chacha_rng_init(&rng, seed);
    chacha_rng_fr(&x, &rng);
    fr_to_bits(&x_bits, &x);
    chacha_rng_g1(&s, &rng);
    mul_g1(&sx, &s, &x_bits);
    return g1_affine_eq(&s, &c->s) && g1_affine_eq(&sx, &c->sx);
}

static const char *check_link(const struct mpc_contribution *c, const blake2b *so_far,
                              const g1_affine *before)
{
    uint8_t transcript[MPC_HASH_BYTES];
    struct chacha_rng rng;
    g2_affine sp;

    transcript_of(transcript, so_far, c);
    if (memcmp(transcript, c->transcript, MPC_HASH_BYTES) != 0)
        return "its transcript does not follow from what came before";
    chacha_rng_init(&rng, transcript);
    chacha_rng_g2(&sp, &rng);
    if (!mpc_same_ratio(&c->s, &c->sx, &sp, &c->spx))
        return "its public key is inconsistent";
    if (!mpc_same_ratio(before, &c->delta_after, &sp, &c->spx))
        return "its delta does not follow from its public key";
    if (c->label.is_beacon && !beacon_matches(c))
        return "its key is not the one the beacon gives";
    return NULL;
}

int mpc_check_chain(const struct mpc *m, const g1_affine *delta1, const char *name, struct err *err)
{
    const g1_affine *delta = &g1_generator;
    char text[MPC_NAME_TEXT_BYTES];
    uint64_t hashes = 0;
    blake2b so_far;

    for (uint32_t i = 0; i < m->n; i++) {
        int rc = mpc_label_count(&hashes, &m->list[i].label, i, name, err);
        if (rc < 0)
            return rc;
    }
    blake2b_start(&so_far);
    blake2b_bytes(&so_far, m->circuit_hash, MPC_HASH_BYTES);
    for (uint32_t i = 0; i < m->n; i++) {
        const char *wrong = check_link(&m->list[i], &so_far, delta);
        if (wrong)
            return err_set(err, VCP_EVERIFY, "%s: contribution %u (%s): %s", name, i + 1,
                           mpc_label_text(text, &m->list[i].label), wrong);
        hash_contribution(&so_far, &m->list[i]);
        delta = &m->list[i].delta_after;
    }
    if (!g1_affine_eq(delta, delta1))
        return err_set(err, VCP_EVERIFY, "%s: [delta]1 is not the last contribution's", name);
    return VCP_OK;
}
