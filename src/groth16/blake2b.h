/* blake2b.h - BLAKE2b with 64-byte digests (RFC 7693) whose state can be written down and
 * taken up again, which phase 1 of a setup asks for: a contribution keeps the state in which
 * its contributor had hashed all points but not yet the public key.
 *
 * The written form is that of snarkjs: the last block of 128 bytes, complete or not; eight
 * words of state; bytes hashed before that block; bytes in it; eight bytes of zero; all
 * little-endian.  Past its bytes the block holds what it held before, as snarkjs leaves it. */
#ifndef GROTH16_BLAKE2B_H
#define GROTH16_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE2B_DIGEST_BYTES 64
#define BLAKE2B_STATE_BYTES  216

struct blake2b {
    uint64_t h[8];
    uint64_t hashed; /* bytes before the block */
    size_t len;      /* bytes in the block, 128 when it is full: it may be the last one */
    uint8_t block[128];
};

void blake2b_init(struct blake2b *b);
void blake2b_update(struct blake2b *b, const void *p, size_t n);
void blake2b_final(const struct blake2b *b, uint8_t digest[BLAKE2B_DIGEST_BYTES]);

void blake2b_save(const struct blake2b *b, uint8_t out[BLAKE2B_STATE_BYTES]);
/* Any bytes are some state; a length over 128 is cut to it. */
void blake2b_load(struct blake2b *b, const uint8_t in[BLAKE2B_STATE_BYTES]);

#endif
