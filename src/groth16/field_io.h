/* field_io.h - field elements and points as the files and proofs hold them.
 *
 * Two forms.  Memory form: Montgomery limbs, little-endian, x then y, as in .zkey and
 * .ptau; any alignment.  Plain form ("uncompressed" in snarkjs): big-endian
 * coordinates, for G2 the u-coefficient first, infinity all zero; it is what
 * transcripts hash and what our own keys and proofs hold.  Readers accept exactly
 * one encoding of each value and check the curve (and, for G2, the subgroup). */
#ifndef GROTH16_FIELD_IO_H
#define GROTH16_FIELD_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "bn254/fr.h"
#include "bn254/g1.h"
#include "bn254/g2.h"
#include "groth16/binfile.h"

#define G1_BYTES 64
#define G2_BYTES 128

enum field_id { FIELD_FP, FIELD_FR };

/* n8 = 32 and the modulus of BN254's Fp or Fr: how every header names its curve. */
int field_read_modulus(struct cursor *c, const char *name, enum field_id which, struct err *err);
void field_put_modulus(struct binfile_writer *w, enum field_id which);

/* The next point of a header in memory form: valid and not infinity. */
int field_read_g1(g1_affine *out, struct cursor *c, const char *name, const char *what,
                  struct err *err);
int field_read_g2(g2_affine *out, struct cursor *c, const char *name, const char *what,
                  struct err *err);

/* 32 little-endian bytes below r. */
bool fr_bytes_canonical(const unsigned char b[32]);
void fr_bits_load(fr_bits *out, const unsigned char b[32]);
void fr_bits_store(unsigned char b[32], const fr_bits *a);

/* Memory form; false unless canonical, on the curve and in the subgroup. */
bool g1_load(g1_affine *out, const unsigned char b[G1_BYTES]);
bool g2_load(g2_affine *out, const unsigned char b[G2_BYTES]);
void g1_store(unsigned char b[G1_BYTES], const g1_affine *p);
void g2_store(unsigned char b[G2_BYTES], const g2_affine *p);

/* Plain form, with the same checks. */
bool g1_from_plain(g1_affine *out, const unsigned char b[G1_BYTES]);
bool g2_from_plain(g2_affine *out, const unsigned char b[G2_BYTES]);
void g1_to_plain(unsigned char b[G1_BYTES], const g1_affine *p);
void g2_to_plain(unsigned char b[G2_BYTES], const g2_affine *p);

#endif
