/* blake2b.c - see blake2b.h. */
#include "groth16/blake2b.h"

#include <string.h>

enum { BLOCK = 128 };

static const uint64_t iv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                               0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                               0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static const uint8_t sigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                      {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                      {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                      {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                      {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                      {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                      {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                      {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                      {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                      {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static uint64_t rotr(uint64_t v, unsigned n)
{
    return v >> n | v << (64 - n);
}

static void mix(uint64_t v[16], int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = rotr(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotr(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotr(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotr(v[b] ^ v[c], 63);
}

/* total: bytes hashed with this block; last: all ones for the last one. */
static void compress(uint64_t h[8], const uint8_t block[BLOCK], uint64_t total, uint64_t last)
{
    uint64_t m[16], v[16];

    memcpy(m, block, sizeof m); /* little-endian, as field_io.c insists */
    memcpy(v, h, 64);
    memcpy(v + 8, iv, 64);
    v[12] ^= total;
    v[14] ^= last;
    for (int r = 0; r < 12; r++) {
        const uint8_t *s = sigma[r % 10];

        for (int i = 0; i < 4; i++)
            mix(v, i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
        for (int i = 0; i < 4; i++)
            mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
                m[s[9 + 2 * i]]);
    }
    for (int i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[i + 8];
}

void blake2b_init(struct blake2b *b)
{
    memset(b, 0, sizeof *b);
    memcpy(b->h, iv, sizeof iv);
    b->h[0] ^= 0x01010000 ^ BLAKE2B_DIGEST_BYTES;
}

/* A full block waits until more comes.  Whole blocks are not copied, which decides what is
 * left in the block beyond its bytes. */
void blake2b_update(struct blake2b *b, const void *p, size_t n)
{
    const uint8_t *in = p;

    while (n > 0) {
        size_t take;

        if (b->len == BLOCK) {
            b->hashed += BLOCK;
            compress(b->h, b->block, b->hashed, 0);
            b->len = 0;
        }
        for (; b->len == 0 && n > BLOCK; in += BLOCK, n -= BLOCK) {
            b->hashed += BLOCK;
            compress(b->h, in, b->hashed, 0);
        }
        take = n < BLOCK - b->len ? n : BLOCK - b->len;
        memcpy(b->block + b->len, in, take);
        b->len += take;
        in += take;
        n -= take;
    }
}

void blake2b_final(const struct blake2b *b, uint8_t digest[BLAKE2B_DIGEST_BYTES])
{
    uint8_t block[BLOCK] = {0};
    uint64_t h[8];

    memcpy(h, b->h, sizeof h);
    memcpy(block, b->block, b->len);
    compress(h, block, b->hashed + b->len, ~UINT64_C(0));
    memcpy(digest, h, sizeof h);
}

void blake2b_save(const struct blake2b *b, uint8_t out[BLAKE2B_STATE_BYTES])
{
    uint64_t len = b->len;

    memset(out, 0, BLAKE2B_STATE_BYTES);
    memcpy(out, b->block, BLOCK);
    memcpy(out + BLOCK, b->h, 64);
    memcpy(out + BLOCK + 64, &b->hashed, 8);
    memcpy(out + BLOCK + 72, &len, 8);
}

void blake2b_load(struct blake2b *b, const uint8_t in[BLAKE2B_STATE_BYTES])
{
    uint64_t len;

    memcpy(b->block, in, BLOCK);
    memcpy(b->h, in + BLOCK, 64);
    memcpy(&b->hashed, in + BLOCK + 64, 8);
    memcpy(&len, in + BLOCK + 72, 8);
    b->len = len < BLOCK ? (size_t)len : BLOCK;
}
