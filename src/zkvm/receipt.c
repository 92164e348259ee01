/* receipt.c - the canonical bytes of receipts; see receipt.h. */
#include "zkvm/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "groth16/field_io.h"

#define KEY_BYTES 32

static int check_counts(uint32_t n_keys, uint32_t n_proofs, struct err *err)
{
    if (n_keys == 0 || n_keys > ZKVM_KEYS_MAX)
        return err_set(err, VCP_ELIMIT, "receipt: %u keys, want 1 to %u", n_keys, ZKVM_KEYS_MAX);
    if (n_proofs == 0 || n_proofs > ZKVM_PROOFS_MAX)
        return err_set(err, VCP_ELIMIT, "receipt: %u proofs, want 1 to %u", n_proofs,
                       ZKVM_PROOFS_MAX);
    return VCP_OK;
}

int receipt_init(struct receipt *r, uint32_t n_keys, uint32_t n_proofs, struct err *err)
{
    int rc = check_counts(n_keys, n_proofs, err);

    memset(r, 0, sizeof *r);
    if (rc < 0)
        return rc;
    r->keys = calloc(n_keys, sizeof *r->keys);
    r->proofs = calloc(n_proofs, sizeof *r->proofs);
    if (!r->keys || !r->proofs) {
        receipt_release(r);
        return err_set(err, VCP_ENOMEM, "no memory for a receipt of %u proofs", n_proofs);
    }
    r->n_keys = n_keys;
    r->n_proofs = n_proofs;
    return VCP_OK;
}

void receipt_release(struct receipt *r)
{
    for (unsigned i = 0; i < STREAMS; i++)
        buf_release(&r->carried[i]);
    free(r->keys);
    free(r->proofs);
    memset(r, 0, sizeof *r);
}

/* ---- streams ---- */

static bool is_carried(const struct statement *s, enum stream which)
{
    return statement_stream_of(s, which)->bytes <= RECEIPT_CARRIED_BYTES_MAX;
}

int receipt_carry(struct receipt *r, const struct streams *s, struct err *err)
{
    bool failed = false;

    for (unsigned i = 0; i < STREAMS; i++) {
        buf_clear(&r->carried[i]);
        if (is_carried(&r->statement, (enum stream)i))
            buf_put(&r->carried[i], s->of[i].data, s->of[i].n);
        failed |= r->carried[i].failed;
    }
    return failed ? err_set(err, VCP_ENOMEM, "no memory for the streams of a receipt") : VCP_OK;
}

int receipt_streams(struct streams *out, const struct receipt *r, const struct streams *given,
                    struct err *err)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        const struct buf *carried = &r->carried[i];

        if (given && given->of[i].data)
            out->of[i] = given->of[i];
        else if (is_carried(&r->statement, (enum stream)i))
            out->of[i] = (struct stream_bytes){carried->data, carried->len};
        else
            return err_set(
                err, VCP_EINVAL, "the receipt does not carry the %s, %llu bytes: it must be given",
                stream_name((enum stream)i),
                (unsigned long long)statement_stream_of(&r->statement, (enum stream)i)->bytes);
    }
    return VCP_OK;
}

/* ---- writing ---- */

static void put_g1(struct buf *out, const g1_affine *p)
{
    uint8_t b[G1_COMPRESSED_BYTES];
    g1_compress(b, p);
    buf_put(out, b, sizeof b);
}

static void put_proof(struct buf *out, const struct receipt_proof *p)
{
    uint8_t b[G2_COMPRESSED_BYTES], s[32];

    buf_putc(out, (unsigned char)p->key);
    put_g1(out, &p->d);
    put_g1(out, &p->proof.a);
    g2_compress(b, &p->proof.b);
    buf_put(out, b, sizeof b);
    put_g1(out, &p->proof.c);
    fr_bits_store(s, &p->s);
    buf_put(out, s, sizeof s);
}

void receipt_encode(struct buf *out, const struct receipt *r)
{
    buf_puts(out, RECEIPT_MAGIC);
    statement_encode(out, &r->statement);
    statement_lists_encode(out, &r->lists);
    for (unsigned i = 0; i < STREAMS; i++)
        buf_put(out, r->carried[i].data, r->carried[i].len);
    buf_put_u32le(out, r->n_keys);
    for (uint32_t i = 0; i < r->n_keys; i++)
        buf_put(out, r->keys[i], KEY_BYTES);
    buf_put_u32le(out, r->n_proofs);
    for (uint32_t i = 0; i < r->n_proofs; i++)
        put_proof(out, &r->proofs[i]);
}

/* ---- reading ---- */

static int bad(struct err *err, uint32_t i, const char *what)
{
    return err_set(err, VCP_EFORMAT, "receipt: proof %u: %s", i, what);
}

static bool get_g1(g1_affine *out, const unsigned char **p)
{
    bool ok = g1_decompress(out, *p) && !g1_affine_is_infinity(out);
    *p += G1_COMPRESSED_BYTES;
    return ok;
}

static int get_proof(struct receipt_proof *out, uint32_t i, struct cursor *in, struct err *err)
{
    const unsigned char *p;

    if (!cursor_bytes(in, RECEIPT_PROOF_BYTES, &p))
        return bad(err, i, "cut short");
    out->key = *p++;
    if (!get_g1(&out->d, &p))
        return bad(err, i, "D is not a finite point of G1 in canonical form");
    if (!get_g1(&out->proof.a, &p))
        return bad(err, i, "A is not a finite point of G1 in canonical form");
    if (!g2_decompress(&out->proof.b, p) || g2_affine_is_infinity(&out->proof.b))
        return bad(err, i, "B is not a finite point of the twist in canonical form");
    if (!g2_affine_in_subgroup(&out->proof.b))
        return bad(err, i, "B is not in the subgroup of order r");
    p += G2_COMPRESSED_BYTES;
    if (!get_g1(&out->proof.c, &p))
        return bad(err, i, "C is not a finite point of G1 in canonical form");
    if (!fr_bytes_canonical(p))
        return bad(err, i, "S is not below r");
    fr_bits_load(&out->s, p);
    return VCP_OK;
}

/* Order of first use, each used: one encoding only, and no key that stands idle. */
static int check_key_order(const struct receipt *r, struct err *err)
{
    uint32_t seen = 0;

    for (uint32_t i = 0; i < r->n_proofs; i++) {
        if (r->proofs[i].key > seen || r->proofs[i].key >= r->n_keys)
            return bad(err, i, "its key is not in order of first use");
        seen += r->proofs[i].key == seen;
    }
    if (seen != r->n_keys)
        return err_set(err, VCP_EFORMAT, "receipt: key %u is used by no proof", seen);
    for (uint32_t i = 1; i < r->n_keys; i++)
        for (uint32_t j = 0; j < i; j++)
            if (memcmp(r->keys[i], r->keys[j], KEY_BYTES) == 0)
                return err_set(err, VCP_EFORMAT, "receipt: keys %u and %u are the same", j, i);
    return VCP_OK;
}

static int get_carried(const unsigned char *out[STREAMS], const struct statement *s,
                       struct cursor *in, struct err *err)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        const struct statement_stream *x = statement_stream_of(s, (enum stream)i);

        out[i] = NULL;
        if (!is_carried(s, (enum stream)i))
            continue;
        if (!cursor_bytes(in, x->bytes, &out[i]))
            return err_set(err, VCP_EFORMAT, "receipt: its %s is cut short",
                           stream_name((enum stream)i));
        if (!statement_stream_is(x, out[i], x->bytes))
            return err_set(err, VCP_EFORMAT, "receipt: its %s has not the digest of the statement",
                           stream_name((enum stream)i));
    }
    return VCP_OK;
}

static int keep_carried(struct receipt *r, const unsigned char *const carried[STREAMS],
                        struct err *err)
{
    bool failed = false;

    for (unsigned i = 0; i < STREAMS; i++) {
        if (carried[i])
            buf_put(&r->carried[i], carried[i],
                    statement_stream_of(&r->statement, (enum stream)i)->bytes);
        failed |= r->carried[i].failed;
    }
    return failed ? err_set(err, VCP_ENOMEM, "no memory for the streams of a receipt") : VCP_OK;
}

/* Sizes of both arrays, against the bytes that are there. */
static int get_counts(const unsigned char **keys, uint32_t *n_keys, uint32_t *n_proofs,
                      struct cursor *in, struct err *err)
{
    int rc;

    if (!cursor_u32le(in, n_keys) || *n_keys > ZKVM_KEYS_MAX ||
        !cursor_bytes(in, (size_t)*n_keys * KEY_BYTES, keys))
        return err_set(err, VCP_EFORMAT, "receipt: its keys are cut short or more than %u",
                       ZKVM_KEYS_MAX);
    if (!cursor_u32le(in, n_proofs))
        return err_set(err, VCP_EFORMAT, "receipt: the number of proofs is missing");
    if ((rc = check_counts(*n_keys, *n_proofs, err)) < 0)
        return rc;
    if (cursor_left(in) != (size_t)*n_proofs * RECEIPT_PROOF_BYTES)
        return err_set(err, VCP_EFORMAT, "receipt: %u proofs are %zu bytes, but %zu are left",
                       *n_proofs, (size_t)*n_proofs * RECEIPT_PROOF_BYTES, cursor_left(in));
    return VCP_OK;
}

static int get_proofs(struct receipt *r, const unsigned char *keys, struct cursor *in,
                      struct err *err)
{
    int rc;

    memcpy(r->keys, keys, (size_t)r->n_keys * KEY_BYTES);
    for (uint32_t i = 0; i < r->n_proofs; i++)
        if ((rc = get_proof(&r->proofs[i], i, in, err)) < 0)
            return rc;
    return check_key_order(r, err);
}

int receipt_decode(struct receipt *out, const void *p, size_t n, struct err *err)
{
    struct cursor in = {p, (const unsigned char *)p + n};
    struct statement statement;
    struct statement_lists lists;
    const unsigned char *magic, *keys, *carried[STREAMS];
    uint32_t n_keys, n_proofs;
    struct receipt r;
    int rc;

    if (n > ZKVM_RECEIPT_BYTES_MAX)
        return err_set(err, VCP_ELIMIT, "receipt: %zu bytes, want at most %u", n,
                       ZKVM_RECEIPT_BYTES_MAX);
    if (!cursor_bytes(&in, sizeof RECEIPT_MAGIC - 1, &magic) ||
        memcmp(magic, RECEIPT_MAGIC, sizeof RECEIPT_MAGIC - 1) != 0)
        return err_set(err, VCP_EFORMAT, "receipt: does not begin with %s", RECEIPT_MAGIC);
    if ((rc = statement_decode(&statement, &in, err)) < 0 ||
        (rc = statement_lists_decode(&lists, &in, err)) < 0 ||
        (rc = get_carried(carried, &statement, &in, err)) < 0 ||
        (rc = get_counts(&keys, &n_keys, &n_proofs, &in, err)) < 0 ||
        (rc = receipt_init(&r, n_keys, n_proofs, err)) < 0)
        return rc;
    r.statement = statement;
    r.lists = lists;
    if ((rc = keep_carried(&r, carried, err)) < 0 || (rc = get_proofs(&r, keys, &in, err)) < 0)
        receipt_release(&r);
    else
        *out = r;
    return rc;
}
