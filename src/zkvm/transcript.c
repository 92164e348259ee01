/* The challenges, by SHA3-512 and SHAKE256. */
#include "zkvm/transcript.h"

#include <openssl/evp.h>
#include <string.h>

#include "wasm/code.h"

#define DOMAIN               "poe-challenge-v1"
#define TUPLE_FORMAT_VERSION 2

static void put_field(struct transcript *t, const void *p, size_t n)
{
    uint8_t len[8];

    for (int i = 0; i < 8; i++)
        len[i] = (uint8_t)((uint64_t)n >> 8 * i);
    EVP_DigestUpdate(t->ctx, len, sizeof len);
    EVP_DigestUpdate(t->ctx, p, n);
}

/* Everything that fixes what a tuple means. */
static void put_parameters(struct buf *b)
{
    buf_put_u32le(b, TUPLE_FORMAT_VERSION);
    buf_put_u32le(b, CODE_FORM_VERSION);
    buf_put_u32le(b, BUS_KINDS);
    buf_put_u32le(b, BUS_CHALLENGES);
    buf_put_u32le(b, BUS_PORTS);
    buf_put_u32le(b, BUS_ADDRESS_SHIFT);
    buf_put_u32le(b, BUS_SPACE_BITS);
    for (unsigned i = 0; i < CODE_FIELDS; i++) {
        buf_put_u32le(b, bus_position(BUS_CODE, i));
        buf_put_u32le(b, bus_width(BUS_CODE, i));
    }
}

int transcript_init(struct transcript *t, const struct statement *s,
                    const struct statement_lists *lists, uint32_t n_proofs, struct err *err)
{
    struct buf b;
    uint8_t n[4];

    t->ctx = EVP_MD_CTX_new();
    if (!t->ctx || EVP_DigestInit_ex(t->ctx, EVP_sha3_512(), NULL) != 1)
        goto fail;
    EVP_DigestUpdate(t->ctx, DOMAIN, sizeof DOMAIN - 1);
    buf_init(&b, 0);
    put_parameters(&b);
    put_field(t, b.data, b.len);
    buf_clear(&b);
    statement_encode(&b, s);
    put_field(t, b.data, b.len);
    buf_clear(&b);
    statement_lists_encode(&b, lists);
    put_field(t, b.data, b.len);
    if (b.failed) {
        buf_release(&b);
        goto fail;
    }
    buf_release(&b);
    for (int i = 0; i < 4; i++)
        n[i] = (uint8_t)(n_proofs >> 8 * i);
    put_field(t, n, sizeof n);
    return VCP_OK;
fail:
    transcript_release(t);
    return err_set(err, VCP_ENOMEM, "out of memory hashing a transcript");
}

void transcript_proof(struct transcript *t, const uint8_t vkey_digest[32], const uint8_t d[64])
{
    put_field(t, vkey_digest, 32);
    put_field(t, d, 64);
}

static bool draw(fr *out, const uint8_t root[64], uint32_t k)
{
    uint8_t bytes[64],
        index[4] = {(uint8_t)k, (uint8_t)(k >> 8), (uint8_t)(k >> 16), (uint8_t)(k >> 24)};
    EVP_MD_CTX *x = EVP_MD_CTX_new();
    bool ok = x && EVP_DigestInit_ex(x, EVP_shake256(), NULL) == 1 &&
              EVP_DigestUpdate(x, root, 64) == 1 && EVP_DigestUpdate(x, "chi", 3) == 1 &&
              EVP_DigestUpdate(x, index, 4) == 1 && EVP_DigestFinalXOF(x, bytes, 64) == 1;

    EVP_MD_CTX_free(x);
    if (ok)
        fr_from_wide_le(out, bytes);
    return ok;
}

int transcript_final(struct transcript *t, fr challenges[BUS_CHALLENGES], struct err *err)
{
    uint8_t root[64];
    unsigned n = sizeof root;
    bool ok = EVP_DigestFinal_ex(t->ctx, root, &n) == 1;

    transcript_release(t);
    for (uint32_t k = 0; k < BUS_CHALLENGES && ok; k++)
        ok = draw(&challenges[k], root, k);
    return ok ? VCP_OK : err_set(err, VCP_ENOMEM, "out of memory hashing a transcript");
}

void transcript_release(struct transcript *t)
{
    EVP_MD_CTX_free(t->ctx);
    t->ctx = NULL;
}
