#include "mesh/sign.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

static void sodium_ready(void)
{
    if (sodium_init() < 0)
        abort(); /* no randomness, no identity */
}

void sign_key_new(struct sign_key *k)
{
    sodium_ready();
    crypto_sign_keypair(k->public_key, k->secret_key);
}

void sign_key_wipe(struct sign_key *k)
{
    sodium_memzero(k, sizeof *k);
}

int sign_key_load(struct sign_key *k, const char *path, struct err *err)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    struct buf text;
    struct stat st;
    int rc;

    sodium_ready();
    if (stat(path, &st) < 0)
        return err_set(err, errno == ENOENT ? VCP_ENOTFOUND : VCP_EIO, "%s: %s", path,
                       strerror(errno));
    if (st.st_mode & 077)
        return err_set(err, VCP_EDENIED, "%s: others may read this key; run chmod 600 on it", path);
    buf_init(&text, 0);
    rc = file_read(&text, path, 4096, err);
    if (rc == VCP_OK) {
        if (text.len > 0 && text.data[text.len - 1] == '\n')
            text.data[--text.len] = 0;
        if (text.len != 64 || !hex_decode(seed, sizeof seed, buf_str(&text)))
            rc = err_set(err, VCP_EFORMAT, "%s: a key is one line of 64 hex digits", path);
        else
            crypto_sign_seed_keypair(k->public_key, k->secret_key, seed);
    }
    sodium_memzero(seed, sizeof seed);
    if (text.data)
        sodium_memzero(text.data, text.cap);
    buf_release(&text);
    return rc;
}

int sign_key_save(const struct sign_key *k, const char *path, struct err *err)
{
    char line[66];
    int rc;

    hex_encode(line, k->secret_key, 32);
    line[64] = '\n';
    rc = file_write(path, line, 65, 0600, err);
    sodium_memzero(line, sizeof line);
    return rc;
}

/* Domain string and fields, each with its length before it. */
static void message_begin(struct buf *b, const char *domain)
{
    buf_init(b, 0);
    buf_put_u32le(b, (uint32_t)strlen(domain));
    buf_puts(b, domain);
}

static void message_str(struct buf *b, const char *s)
{
    buf_put_u32le(b, (uint32_t)strlen(s));
    buf_puts(b, s);
}

static void message_request(struct buf *b, const struct sign_request *m)
{
    message_begin(b, "ambient-request-v1");
    message_str(b, m->node_id);
    message_str(b, m->method);
    message_str(b, m->path);
    buf_put_u64le(b, (uint64_t)m->timestamp_ms);
    buf_put(b, m->body_sha3, SHA3_256_BYTES);
}

static void message_result(struct buf *b, const struct sign_result *m)
{
    message_begin(b, m->receipt_sha3 ? "ambient-proven-result-v1" : "ambient-result-v1");
    message_str(b, m->task_id);
    message_str(b, m->lease_id);
    message_str(b, m->node_id);
    buf_put(b, m->module_sha3, SHA3_256_BYTES);
    buf_put(b, m->inputs_sha3, SHA3_256_BYTES);
    buf_put(b, m->outcome_sha3, SHA3_256_BYTES);
    if (m->receipt_sha3)
        buf_put(b, m->receipt_sha3, SHA3_256_BYTES);
}

static void message_sign(uint8_t sig[SIGN_BYTES], struct buf *b, const struct sign_key *k)
{
    if (b->failed)
        abort(); /* a few hundred bytes: out of memory here has no useful continuation */
    sodium_ready();
    crypto_sign_detached(sig, NULL, b->data, b->len, k->secret_key);
    buf_release(b);
}

static int message_verify(const uint8_t sig[SIGN_BYTES], struct buf *b,
                          const uint8_t public_key[SIGN_PUBLIC_BYTES], const char *what,
                          struct err *err)
{
    int ok;

    if (b->failed) {
        buf_release(b);
        return err_set(err, VCP_ENOMEM, "no memory to check the signature of the %s", what);
    }
    sodium_ready();
    ok = crypto_sign_verify_detached(sig, b->data, b->len, public_key) == 0;
    buf_release(b);
    return ok ? VCP_OK
              : err_set(err, VCP_EAUTH,
                        "the signature of the %s does not verify with the node's key", what);
}

void sign_request(uint8_t sig[SIGN_BYTES], const struct sign_request *m, const struct sign_key *k)
{
    struct buf b;

    message_request(&b, m);
    message_sign(sig, &b, k);
}

void sign_result(uint8_t sig[SIGN_BYTES], const struct sign_result *m, const struct sign_key *k)
{
    struct buf b;

    message_result(&b, m);
    message_sign(sig, &b, k);
}

int sign_request_verify(const uint8_t sig[SIGN_BYTES], const struct sign_request *m,
                        const uint8_t public_key[SIGN_PUBLIC_BYTES], struct err *err)
{
    struct buf b;

    message_request(&b, m);
    return message_verify(sig, &b, public_key, "request", err);
}

int sign_result_verify(const uint8_t sig[SIGN_BYTES], const struct sign_result *m,
                       const uint8_t public_key[SIGN_PUBLIC_BYTES], struct err *err)
{
    struct buf b;

    message_result(&b, m);
    return message_verify(sig, &b, public_key, "result", err);
}
