/* vkey.h - verifying keys, of plain Groth16 and of Groth16 with a committed first stage.
 *
 *     e(A, B) = e(alpha, beta) e(IC_0 + sum z_i IC_i, gamma) e(C, delta2) [e(D, delta1)]
 *
 * In plain keys delta2 is the usual delta and delta1 is absent.  The canonical bytes
 * (all points in plain form, integers little-endian):
 *
 *     "AVCPVK01"  flags u32 (1: committed, 2: local test key)  n_public u32
 *     circuit[32] alpha1 beta2 gamma2 [delta1] delta2  IC_0 .. IC_n_public
 *
 * and their SHA3-256 is the digest that relying parties pin.  circuit is the digest of
 * the constraint system and its wire-stage map, zero for snarkjs keys.
 *
 * A key is refused when a point is off its curve or out of its group, when anything is
 * infinity (an IC of infinity leaves its input unbound), or when two of gamma, delta1
 * and delta2 are equal or opposite: with gamma = delta, as before any phase-2
 * contribution, or gamma = -delta, anyone can forge.  gamma may be the generator, as
 * snarkjs has it, but not in committed keys; the deltas never. */
#ifndef GROTH16_VKEY_H
#define GROTH16_VKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "bn254/pairing.h"

#define VKEY_DIGEST_BYTES 32

struct zkey;

struct vkey {
    bool committed, local_test;
    uint32_t n_public;
    uint8_t circuit[32];
    g1_affine alpha1;
    g2_affine beta2, gamma2, delta1, delta2; /* delta1 only when committed */
    g1_affine *ic;                           /* n_public + 1, storage of whoever made the key */
    /* filled by vkey_prepare */
    struct g2_prepared gamma_lines, delta1_lines, delta2_lines;
    fp12 alpha_beta; /* Miller loop of (alpha, beta) */
};

/* Checks everything and fills the lines; nothing allocates. */
int vkey_prepare(struct vkey *k, struct err *err);

/* SHA3-256 of the canonical bytes. */
int vkey_digest(uint8_t out[VKEY_DIGEST_BYTES], const struct vkey *k, struct err *err);

/* Bytes of the canonical encoding of k, and the encoding. */
size_t vkey_bytes_size(const struct vkey *k);
void vkey_put(struct buf *out, const struct vkey *k);

/* Storage that vkey_from_bytes needs for these bytes' IC; 0 when they are no key. */
size_t vkey_ic_size(const void *p, size_t n);
/* Reads and prepares; ic_storage holds vkey_ic_size bytes, aligned to 8, and must
 * outlive k.  Exactly n bytes are used. */
int vkey_from_bytes(struct vkey *k, g1_affine ic_storage[], const void *p, size_t n,
                    struct err *err);

/* The key inside a proving key; malloc'd IC, freed by vkey_free.  Prepared. */
int vkey_from_zkey(struct vkey **out, const struct zkey *z, struct err *err);
/* A key with malloc'd room for n_public + 1 points, not prepared. */
struct vkey *vkey_new(uint32_t n_public);
void vkey_free(struct vkey *k); /* only keys of vkey_new, vkey_from_zkey, vkey_from_json */

#endif
