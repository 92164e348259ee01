/* snarkjs_json.h - proof.json, public.json and verification_key.json as snarkjs has them.
 *
 * Numbers are decimal strings without sign or leading zeros, below p (coordinates) or r
 * (inputs); points are [x, y, "1"], over Fp2 [[c0, c1], [c0, c1], ["1", "0"]], infinity
 * ["0", "1", "0"].  Nothing else is accepted for a value; members we do not know are
 * ignored, as snarkjs and rapidsnark differ in them.  `curve` may be absent
 * (rapidsnark) and must otherwise be bn128 or bn254.  Written text is byte for byte
 * what snarkjs writes, but that the key of a local setup keeps its stamp: a last member
 * "ambient_local_test": true, which snarkjs ignores and we read. */
#ifndef GROTH16_SNARKJS_JSON_H
#define GROTH16_SNARKJS_JSON_H

#include <jansson.h>

#include "base/buf.h"
#include "bn254/fr.h"
#include "groth16/proof.h"
#include "groth16/vkey.h"

/* name is for messages, usually the path.  Errors say which member is wrong and how. */
int snarkjs_read_proof(struct groth16_proof *out, const char *name, const void *text, size_t n,
                       struct err *err);
/* *out is malloc'd; *n_out values below r. */
int snarkjs_read_public(fr_bits **out, size_t *n_out, const char *name, const void *text, size_t n,
                        struct err *err);
/* Prepared; free with vkey_free. */
int snarkjs_read_vkey(struct vkey **out, const char *name, const void *text, size_t n,
                      struct err *err);

/* Appended to out; only out->failed can go wrong. */
void snarkjs_write_proof(struct buf *out, const struct groth16_proof *p);
void snarkjs_write_public(struct buf *out, const fr_bits values[], size_t n);
/* For plain keys only.  Computes the pairing that snarkjs stores beside the points. */
void snarkjs_write_vkey(struct buf *out, const struct vkey *k);

#endif
