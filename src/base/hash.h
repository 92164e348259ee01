/* hash.h - SHA3-256 (FIPS 202), HMAC-SHA-256 and the text forms of bytes. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA3_256_BYTES     32
#define SHA3_256_HEX_BYTES 65 /* 64 lower-case digits and the NUL */

/* Streaming form; the state is OpenSSL's, owned by us. */
struct sha3 {
    void *ctx;
};

int sha3_init(struct sha3 *s); /* VCP_OK or VCP_ENOMEM */
void sha3_update(struct sha3 *s, const void *p, size_t n);
/* Fills out and releases the state. */
void sha3_final(struct sha3 *s, uint8_t out[SHA3_256_BYTES]);
void sha3_release(struct sha3 *s);

void sha3_256(uint8_t out[SHA3_256_BYTES], const void *p, size_t n);
void hmac_sha256(uint8_t out[32], const void *key, size_t key_bytes, const void *p, size_t n);

/* Lower-case hex of n bytes; out holds 2n + 1. */
void hex_encode(char *out, const void *p, size_t n);
/* Exactly 2n hex digits of either case into n bytes; false otherwise. */
bool hex_decode(void *out, size_t n, const char *hex);
/* True for 64 lower-case hex digits: the form of every digest in the API. */
bool sha3_hex_is_valid(const char *s);

/* RFC 4648 base64 with padding.  base64_encode writes base64_size(n) bytes with the NUL. */
size_t base64_size(size_t n);
void base64_encode(char *out, const void *p, size_t n);
/* Strict: padding required, no white space, no stray bits.  out holds 3 * len / 4. */
bool base64_decode(void *out, size_t *n, const char *s, size_t len);

#endif
