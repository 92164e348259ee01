/* verify.c - from receipts to one product of pairings; see verify.h. */
#include "zkvm/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "groth16/field_io.h"
#include "groth16/verify.h"
#include "zkvm/transcript.h"

int receipt_challenges(fr out[BUS_CHALLENGES], const struct receipt *r, struct err *err)
{
    struct transcript t;
    int rc = transcript_init(&t, &r->statement, &r->lists, r->n_proofs, err);

    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < r->n_proofs; i++) {
        uint8_t d[G1_BYTES];
        g1_to_plain(d, &r->proofs[i].d);
        transcript_proof(&t, r->keys[r->proofs[i].key], d);
    }
    return transcript_final(&t, out, err);
}

/* ---- keys ---- */

static int find_key(const struct vkey **out, const struct receipt *r, uint32_t i,
                    const struct receipt_policy *policy, struct err *err)
{
    const struct key_entry *e = keyring_find(policy->keys, r->keys[i]);
    char hex[65];

    hex_encode(hex, r->keys[i], 32);
    if (!e)
        return err_set(err, VCP_EVERIFY, "no trusted key has the digest %s", hex);
    if (e->vk->local_test && !policy->allow_test_keys)
        return err_set(err, VCP_EVERIFY,
                       "%s (%.16s...) is a test key: its secrets are known, anyone can forge",
                       e->name, hex);
    if (!e->vk->committed || e->vk->n_public != RECEIPT_PUBLIC_INPUTS)
        return err_set(err, VCP_EINVAL, "%s is no key of a receipt: %u public inputs, want %d",
                       e->name, e->vk->n_public, RECEIPT_PUBLIC_INPUTS);
    *out = e->vk;
    return VCP_OK;
}

/* ---- the balance ---- */

static int check_balance(const struct receipt *r, const struct terms_source *terms,
                         const fr challenges[], struct receipt_report *report, struct err *err)
{
    int64_t start = clock_mono_ns();
    fr sum, s;
    int rc = terms_sum(&sum, &report->n_terms, terms, &r->statement, &r->lists, challenges, err);

    report->terms_ns += clock_mono_ns() - start;
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < r->n_proofs; i++) {
        if (!fr_from_bits(&s, &r->proofs[i].s))
            return err_set(err, VCP_EVERIFY, "proof %u: S is not below r", i);
        fr_add(&sum, &sum, &s);
    }
    return fr_is_zero(&sum)
               ? VCP_OK
               : err_set(err, VCP_EVERIFY, "the proofs do not balance with the statement");
}

/* ---- one receipt up to its pairings ---- */

/* Claims of one receipt; inputs holds RECEIPT_PUBLIC_INPUTS a proof. */
static int prepare(struct groth16_claim claims[], fr_bits inputs[], const struct receipt *r,
                   const struct terms_source *terms, const struct receipt_policy *policy,
                   struct receipt_report *report, struct err *err)
{
    const struct vkey *vks[256] = {NULL};
    fr challenges[BUS_CHALLENGES];
    int rc = statement_check(&r->statement, err);

    statement_digest(report->statement_digest, &r->statement);
    if (rc == VCP_OK && policy->context && memcmp(policy->context, r->statement.context, 32) != 0)
        rc = err_set(err, VCP_EVERIFY, "the receipt was made in another context (task or node)");
    for (uint32_t i = 0; i < r->n_keys && rc == VCP_OK; i++)
        rc = find_key(&vks[i], r, i, policy, err);
    if (rc == VCP_OK && (rc = receipt_challenges(challenges, r, err)) == VCP_OK)
        rc = check_balance(r, terms, challenges, report, err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < r->n_proofs; i++) {
        const struct receipt_proof *p = &r->proofs[i];
        fr_bits *in = inputs + (size_t)i * RECEIPT_PUBLIC_INPUTS;
        fr_to_bits_n(in, challenges, BUS_CHALLENGES);
        in[BUS_CHALLENGES] = p->s;
        claims[i] = (struct groth16_claim){vks[p->key], in, &p->d, &p->proof};
    }
    return VCP_OK;
}

/* What receipt_decode has already seen, for receipts made in memory. */
static int check_shape(const struct receipt *r, struct err *err)
{
    if (r->n_keys == 0 || r->n_keys > ZKVM_KEYS_MAX || r->n_proofs == 0 ||
        r->n_proofs > ZKVM_PROOFS_MAX)
        return err_set(err, VCP_ELIMIT, "receipt: %u proofs under %u keys", r->n_proofs, r->n_keys);
    for (uint32_t i = 0; i < r->n_proofs; i++)
        if (r->proofs[i].key >= r->n_keys)
            return err_set(err, VCP_EFORMAT, "receipt: proof %u names key %u of %u", i,
                           r->proofs[i].key, r->n_keys);
    return VCP_OK;
}

/* ---- all of them ---- */

struct batch {
    struct groth16_claim *claims;
    fr_bits *inputs;
    size_t n;
};

static int batch_init(struct batch *b, size_t n_proofs, struct err *err)
{
    b->n = 0;
    b->claims = calloc(n_proofs, sizeof *b->claims);
    b->inputs = calloc(n_proofs, RECEIPT_PUBLIC_INPUTS * sizeof *b->inputs);
    if (b->claims && b->inputs)
        return VCP_OK;
    return err_set(err, VCP_ENOMEM, "no memory to check %zu proofs", n_proofs);
}

static void batch_release(struct batch *b)
{
    free(b->claims);
    free(b->inputs);
}

static int batch_add(struct batch *b, const struct receipt_claim *c,
                     const struct receipt_policy *policy, struct receipt_report *report,
                     struct err *err)
{
    int rc = prepare(b->claims + b->n, b->inputs + b->n * RECEIPT_PUBLIC_INPUTS, c->receipt,
                     c->terms, policy, report, err);
    if (rc == VCP_OK)
        b->n += c->receipt->n_proofs;
    return rc;
}

int receipt_verify(const struct receipt *r, const struct terms_source *terms,
                   const struct receipt_policy *policy, struct threads *threads,
                   struct receipt_report *report, struct err *err)
{
    struct receipt_claim claim = {r, terms};
    struct receipt_report ignored;
    struct batch b = {0};
    size_t bad = UINT32_MAX;
    int rc = check_shape(r, err);

    if (!report)
        report = &ignored;
    memset(report, 0, sizeof *report);
    if (rc == VCP_OK && (rc = batch_init(&b, r->n_proofs, err)) == VCP_OK &&
        (rc = batch_add(&b, &claim, policy, report, err)) == VCP_OK) {
        int64_t start = clock_mono_ns();
        rc = groth16_verify_batch(b.claims, b.n, threads, &bad, err);
        report->pairing_ns = clock_mono_ns() - start;
    }
    report->bad_proof = (uint32_t)bad;
    batch_release(&b);
    return rc;
}

static int count_proofs(size_t *out, const struct receipt_claim claims[], size_t n, size_t *bad,
                        struct err *err)
{
    for (*out = *bad = 0; *bad < n; ++*bad) {
        int rc = check_shape(claims[*bad].receipt, err);
        if (rc < 0)
            return rc;
        *out += claims[*bad].receipt->n_proofs;
    }
    return VCP_OK;
}

/* Which receipt holds proof i of the batch. */
static size_t receipt_of(const struct receipt_claim claims[], size_t n, size_t proof)
{
    size_t i = 0;

    for (; i + 1 < n && proof >= claims[i].receipt->n_proofs; i++)
        proof -= claims[i].receipt->n_proofs;
    return i;
}

int receipt_verify_batch(const struct receipt_claim claims[], size_t n,
                         const struct receipt_policy *policy, struct threads *threads, size_t *bad,
                         struct err *err)
{
    struct receipt_report report = {0};
    struct batch b = {0};
    size_t at = 0, proof = 0, n_proofs;
    int rc = count_proofs(&n_proofs, claims, n, &at, err);

    if (rc == VCP_OK && n == 0)
        return VCP_OK;
    if (rc == VCP_OK)
        rc = batch_init(&b, n_proofs, err);
    if (rc == VCP_OK)
        for (at = 0; at < n && (rc = batch_add(&b, &claims[at], policy, &report, err)) == VCP_OK;)
            at++;
    if (rc == VCP_OK && (rc = groth16_verify_batch(b.claims, b.n, threads, &proof, err)) < 0)
        at = receipt_of(claims, n, proof);
    batch_release(&b);
    if (rc < 0) {
        if (bad)
            *bad = at;
        err_prefix(err, "receipt %zu of %zu", at, n);
    }
    return rc;
}
