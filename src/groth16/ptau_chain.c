/* ptau_chain.c - see ptau_chain.h. */
#include "groth16/ptau_chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "groth16/chacha_rng.h"
#include "groth16/field_io.h"
#include "groth16/mpc.h"

/* ---- hashing ---- */

static void hash_g1(struct blake2b *h, const g1_affine *p)
{
    unsigned char b[G1_BYTES];

    g1_to_plain(b, p);
    blake2b_update(h, b, sizeof b);
}

static void hash_g2(struct blake2b *h, const g2_affine *p)
{
    unsigned char b[G2_BYTES];

    g2_to_plain(b, p);
    blake2b_update(h, b, sizeof b);
}

static void hash_again(struct blake2b *h, const unsigned char *p, size_t bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        blake2b_update(h, p, bytes);
}

void ptau_first_challenge(uint8_t out[BLAKE2B_DIGEST_BYTES], unsigned power)
{
    unsigned char one1[G1_BYTES], one2[G2_BYTES];
    size_t n = (size_t)1 << power;
    struct blake2b h;

    g1_to_plain(one1, &g1_generator);
    g2_to_plain(one2, &g2_generator);
    blake2b_init(&h);
    blake2b_final(&h, out);
    blake2b_update(&h, out, BLAKE2B_DIGEST_BYTES);
    hash_again(&h, one1, sizeof one1, 2 * n - 1);
    hash_again(&h, one2, sizeof one2, n);
    hash_again(&h, one1, sizeof one1, 2 * n);
    hash_again(&h, one2, sizeof one2, 1);
    blake2b_final(&h, out);
}

void ptau_next_challenge(uint8_t out[BLAKE2B_DIGEST_BYTES], const struct ptau_chain *c,
                         unsigned power)
{
    if (c->n > 0)
        memcpy(out, c->list[c->n - 1].next_challenge, BLAKE2B_DIGEST_BYTES);
    else
        ptau_first_challenge(out, power);
}

void ptau_response(uint8_t out[BLAKE2B_DIGEST_BYTES], const struct ptau_contribution *c)
{
    struct blake2b h;

    blake2b_load(&h, c->state);
    for (int i = 0; i < PTAU_SECRETS; i++) {
        hash_g1(&h, &c->key.s[i]);
        hash_g1(&h, &c->key.sx[i]);
    }
    for (int i = 0; i < PTAU_SECRETS; i++)
        hash_g2(&h, &c->key.spx[i]);
    blake2b_final(&h, out);
}

/* ---- keys ---- */

/* The point of G2 that secret i of a key is shown with. */
static void sp_of(g2_affine *out, int i, const uint8_t challenge[BLAKE2B_DIGEST_BYTES],
                  const g1_affine *s, const g1_affine *sx)
{
    uint8_t personal = (uint8_t)i, digest[BLAKE2B_DIGEST_BYTES];
    struct chacha_rng rng;
    struct blake2b h;

    blake2b_init(&h);
    blake2b_update(&h, &personal, 1);
    blake2b_update(&h, challenge, BLAKE2B_DIGEST_BYTES);
    hash_g1(&h, s);
    hash_g1(&h, sx);
    blake2b_final(&h, digest);
    chacha_rng_init(&rng, digest);
    chacha_rng_g2(out, &rng);
}

void ptau_draw(fr secret[PTAU_SECRETS], struct ptau_public_key *key,
               const uint8_t challenge[BLAKE2B_DIGEST_BYTES], const uint8_t seed[32])
{
    struct chacha_rng rng;
    fr_bits x;
    g1 t1;
    g2 t2;

    chacha_rng_init(&rng, seed);
    for (int i = 0; i < PTAU_SECRETS; i++)
        chacha_rng_fr(&secret[i], &rng);
    for (int i = 0; i < PTAU_SECRETS; i++) {
        g2_affine sp;

        fr_to_bits(&x, &secret[i]);
        chacha_rng_g1(&key->s[i], &rng);
        g1_mul(&t1, &key->s[i], &x);
        g1_to_affine(&key->sx[i], &t1);
        sp_of(&sp, i, challenge, &key->s[i], &key->sx[i]);
        g2_mul(&t2, &sp, &x);
        g2_to_affine(&key->spx[i], &t2);
    }
    explicit_bzero(&x, sizeof x);
    explicit_bzero(&rng, sizeof rng);
}

/* ---- in files ---- */

static bool read_g1(g1_affine *out, struct cursor *in)
{
    const unsigned char *p;

    return cursor_bytes(in, G1_BYTES, &p) && g1_load(out, p);
}

static bool read_g2(g2_affine *out, struct cursor *in)
{
    const unsigned char *p;

    return cursor_bytes(in, G2_BYTES, &p) && g2_load(out, p);
}

static bool read_points(struct ptau_contribution *c, struct cursor *in)
{
    struct ptau_public_key *k = &c->key;
    const unsigned char *p;

    if (!read_g1(&c->tau1, in) || !read_g2(&c->tau2, in) || !read_g1(&c->alpha1, in) ||
        !read_g1(&c->beta1, in) || !read_g2(&c->beta2, in))
        return false;
    for (int i = 0; i < PTAU_SECRETS; i++)
        if (!read_g1(&k->s[i], in) || !read_g1(&k->sx[i], in))
            return false;
    for (int i = 0; i < PTAU_SECRETS; i++)
        if (!read_g2(&k->spx[i], in))
            return false;
    if (!cursor_bytes(in, BLAKE2B_STATE_BYTES + BLAKE2B_DIGEST_BYTES, &p))
        return false;
    memcpy(c->state, p, BLAKE2B_STATE_BYTES);
    memcpy(c->next_challenge, p + BLAKE2B_STATE_BYTES, BLAKE2B_DIGEST_BYTES);
    return true;
}

#define CONTRIBUTION_BYTES_MIN                                                                     \
    (9 * G1_BYTES + 5 * G2_BYTES + BLAKE2B_STATE_BYTES + BLAKE2B_DIGEST_BYTES + 8)

int ptau_chain_read(struct ptau_chain *c, const struct binfile *f, struct err *err)
{
    struct cursor in;
    int rc = binfile_section(&in, f, 7, "contributions", err);

    memset(c, 0, sizeof *c);
    if (rc < 0)
        return rc;
    if (!cursor_u32le(&in, &c->n))
        return err_set(err, VCP_EFORMAT, "%s: section 7 (contributions) is cut off", f->name);
    if (c->n > GROTH16_CONTRIBUTIONS_MAX || c->n > cursor_left(&in) / CONTRIBUTION_BYTES_MIN)
        return err_set(err, VCP_EFORMAT, "%s: %u contributions do not fit section 7", f->name,
                       c->n);
    c->list = calloc((size_t)c->n + 1, sizeof *c->list);
    if (!c->list)
        return err_set(err, VCP_ENOMEM, "%s: no memory for %u contributions", f->name, c->n);
    for (uint32_t i = 0; i < c->n && rc == VCP_OK; i++) {
        if (!read_points(&c->list[i], &in))
            rc = err_set(err, VCP_EFORMAT,
                         "%s: section 7, contribution %u is cut off or has a bad point", f->name,
                         i + 1);
        else
            rc = mpc_label_read(&c->list[i].label, &in, i, f->name, err);
    }
    if (rc == VCP_OK && cursor_left(&in) != 0)
        rc = err_set(err, VCP_EFORMAT, "%s: section 7 has %zu bytes after the last contribution",
                     f->name, cursor_left(&in));
    if (rc < 0)
        ptau_chain_release(c);
    return rc;
}

void ptau_chain_release(struct ptau_chain *c)
{
    free(c->list);
    memset(c, 0, sizeof *c);
}

int ptau_chain_grow(struct ptau_contribution **out, struct ptau_chain *c, struct err *err)
{
    struct ptau_contribution *list;

    if (c->n >= GROTH16_CONTRIBUTIONS_MAX)
        return err_set(err, VCP_ELIMIT, "there are %u contributions already", c->n);
    list = realloc(c->list, ((size_t)c->n + 1) * sizeof *list);
    if (!list)
        return err_set(err, VCP_ENOMEM, "no memory for another contribution");
    c->list = list;
    *out = &list[c->n++];
    memset(*out, 0, sizeof **out);
    return VCP_OK;
}

static void put_contribution(struct binfile_writer *w, const struct ptau_contribution *c)
{
    binfile_put(w, &c->tau1, G1_BYTES);
    binfile_put(w, &c->tau2, G2_BYTES);
    binfile_put(w, &c->alpha1, G1_BYTES);
    binfile_put(w, &c->beta1, G1_BYTES);
    binfile_put(w, &c->beta2, G2_BYTES);
    for (int i = 0; i < PTAU_SECRETS; i++) {
        binfile_put(w, &c->key.s[i], G1_BYTES);
        binfile_put(w, &c->key.sx[i], G1_BYTES);
    }
    for (int i = 0; i < PTAU_SECRETS; i++)
        binfile_put(w, &c->key.spx[i], G2_BYTES);
    binfile_put(w, c->state, sizeof c->state);
    binfile_put(w, c->next_challenge, sizeof c->next_challenge);
    mpc_label_put(w, &c->label);
}

void ptau_chain_put(struct binfile_writer *w, const struct ptau_chain *c)
{
    binfile_begin(w, 7);
    binfile_put_u32(w, c->n);
    for (uint32_t i = 0; i < c->n; i++)
        put_contribution(w, &c->list[i]);
    binfile_end(w);
}

/* ---- checking ---- */

static bool beacon_matches(const struct ptau_contribution *c,
                           const uint8_t challenge[BLAKE2B_DIGEST_BYTES])
{
    struct ptau_public_key key;
    fr secret[PTAU_SECRETS];
    uint8_t seed[32];

    mpc_label_seed(seed, &c->label);
    ptau_draw(secret, &key, challenge, seed);
    for (int i = 0; i < PTAU_SECRETS; i++)
        if (!g1_affine_eq(&key.s[i], &c->key.s[i]) || !g1_affine_eq(&key.sx[i], &c->key.sx[i]) ||
            !g2_affine_eq(&key.spx[i], &c->key.spx[i]))
            return false;
    return true;
}

/* NULL, or what is wrong with c after what came before. */
static const char *check_link(const struct ptau_contribution *c,
                              const struct ptau_contribution *before)
{
    const struct ptau_public_key *k = &c->key;
    g2_affine sp[PTAU_SECRETS];

    for (int i = 0; i < PTAU_SECRETS; i++) {
        sp_of(&sp[i], i, before->next_challenge, &k->s[i], &k->sx[i]);
        if (!mpc_same_ratio(&k->s[i], &k->sx[i], &sp[i], &k->spx[i]))
            return "its public key is inconsistent";
    }
    if (!mpc_same_ratio(&before->tau1, &c->tau1, &sp[PTAU_TAU], &k->spx[PTAU_TAU]) ||
        !mpc_same_ratio(&k->s[PTAU_TAU], &k->sx[PTAU_TAU], &before->tau2, &c->tau2))
        return "its tau does not follow from its public key";
    if (!mpc_same_ratio(&before->alpha1, &c->alpha1, &sp[PTAU_ALPHA], &k->spx[PTAU_ALPHA]))
        return "its alpha does not follow from its public key";
    if (!mpc_same_ratio(&before->beta1, &c->beta1, &sp[PTAU_BETA], &k->spx[PTAU_BETA]) ||
        !mpc_same_ratio(&k->s[PTAU_BETA], &k->sx[PTAU_BETA], &before->beta2, &c->beta2))
        return "its beta does not follow from its public key";
    if (c->label.is_beacon && !beacon_matches(c, before->next_challenge))
        return "its key is not the one the beacon gives";
    return NULL;
}

int ptau_chain_check(const struct ptau_chain *c, unsigned power, const char *name, struct err *err)
{
    struct ptau_contribution first = {.tau1 = g1_generator,
                                      .tau2 = g2_generator,
                                      .alpha1 = g1_generator,
                                      .beta1 = g1_generator,
                                      .beta2 = g2_generator};
    char text[MPC_NAME_TEXT_BYTES];
    uint64_t hashes = 0;
    int rc = VCP_OK;

    if (c->n == 0)
        return err_set(err, VCP_EVERIFY, "%s: no contributions: everybody knows its secrets", name);
    for (uint32_t i = 0; i < c->n && rc == VCP_OK; i++)
        rc = mpc_label_count(&hashes, &c->list[i].label, i, name, err);
    if (rc < 0)
        return rc;
    ptau_first_challenge(first.next_challenge, power);
    for (uint32_t i = 0; i < c->n; i++) {
        const char *wrong = check_link(&c->list[i], i == 0 ? &first : &c->list[i - 1]);
        if (wrong)
            return err_set(err, VCP_EVERIFY, "%s: contribution %u (%s): %s", name, i + 1,
                           mpc_label_text(text, &c->list[i].label), wrong);
    }
    return VCP_OK;
}
