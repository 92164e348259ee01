#include "base/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int sha3_init(struct sha3 *s)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    s->ctx = NULL;
    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha3_256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return VCP_ENOMEM;
    }
    s->ctx = ctx;
    return VCP_OK;
}

void sha3_update(struct sha3 *s, const void *p, size_t n)
{
    if (EVP_DigestUpdate(s->ctx, p, n) != 1)
        abort(); /* cannot fail on an initialised software digest */
}

void sha3_final(struct sha3 *s, uint8_t out[SHA3_256_BYTES])
{
    unsigned n = 0;

    if (EVP_DigestFinal_ex(s->ctx, out, &n) != 1 || n != SHA3_256_BYTES)
        abort();
    sha3_release(s);
}

void sha3_release(struct sha3 *s)
{
    EVP_MD_CTX_free(s->ctx);
    s->ctx = NULL;
}

void sha3_256(uint8_t out[SHA3_256_BYTES], const void *p, size_t n)
{
    struct sha3 s;

    if (sha3_init(&s) != VCP_OK)
        abort(); /* a hash that silently fails would be worse than stopping */
    sha3_update(&s, p, n);
    sha3_final(&s, out);
}

void hmac_sha256(uint8_t out[32], const void *key, size_t key_bytes, const void *p, size_t n)
{
    unsigned len = 32;

    assert(key_bytes <= INT32_MAX);
    if (!HMAC(EVP_sha256(), key, (int)key_bytes, p, n, out, &len))
        abort();
}

void hex_encode(char *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = p;
    size_t i;

    for (i = 0; i < n; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * n] = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(void *out, size_t n, const char *hex)
{
    uint8_t *b = out;
    size_t i;

    if (strlen(hex) != 2 * n)
        return false;
    for (i = 0; i < n; i++) {
        int hi = hex_digit(hex[2 * i]), lo = hex_digit(hex[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return false;
        b[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

bool sha3_hex_is_valid(const char *s)
{
    return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

size_t base64_size(size_t n)
{
    return (n + 2) / 3 * 4 + 1;
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(char *out, const void *p, size_t n)
{
    const uint8_t *b = p;

    while (n > 0) {
        size_t k = n < 3 ? n : 3;
        uint32_t v = (uint32_t)b[0] << 16 | (k > 1 ? (uint32_t)b[1] << 8 : 0) | (k > 2 ? b[2] : 0);

        out[0] = base64_alphabet[v >> 18];
        out[1] = base64_alphabet[v >> 12 & 63];
        out[2] = k > 1 ? base64_alphabet[v >> 6 & 63] : '=';
        out[3] = k > 2 ? base64_alphabet[v & 63] : '=';
        out += 4;
        b += k;
        n -= k;
    }
    *out = 0;
}

static int base64_digit(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(void *out, size_t *n, const char *s, size_t len)
{
    uint8_t *b = out;
    size_t i, j, pad = 0;

    if (len % 4)
        return false;
    if (len && s[len - 1] == '=')
        pad = s[len - 2] == '=' ? 2 : 1;
    for (i = 0; i < len; i += 4) {
        size_t keep = i + 4 == len ? 4 - pad : 4;
        uint32_t v = 0;

        for (j = 0; j < 4; j++) {
            int d = j < keep ? base64_digit((unsigned char)s[i + j]) : 0;

            if (d < 0)
                return false;
            v = v << 6 | (uint32_t)d;
        }
        if ((keep == 2 && (v & 0xffff)) || (keep == 3 && (v & 0xff)))
            return false;
        *b++ = (uint8_t)(v >> 16);
        if (keep > 2)
            *b++ = (uint8_t)(v >> 8);
        if (keep > 3)
            *b++ = (uint8_t)v;
    }
    *n = (size_t)(b - (uint8_t *)out);
    return true;
}
