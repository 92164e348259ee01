/* r1cs.h - circom's .r1cs: rows (A.z) * (B.z) = C.z over wires z = (1, public, private).
 *
 * Source: iden3's r1csfile, version 1, BN254 only.  Section 1 is the header,
 * section 2 the rows: for A, B and C in turn a count u32 and that many terms of 36
 * bytes (wire u32, coefficient as 32 little-endian bytes below r); section 3 maps
 * wires to labels, 8 bytes each.  Custom gates (sections 4 and 5) cannot be proven with Groth16 and
 * are refused unless empty.
 *
 * Everything is checked when the file is opened, so the cursor functions below
 * only assert.  Public wires are the outputs and then the public inputs, 1..n_public. */
#ifndef GROTH16_R1CS_H
#define GROTH16_R1CS_H

#include "groth16/binfile.h"

#define R1CS_TERM_BYTES 36

struct r1cs {
    struct binfile file;
    uint32_t n_wires, n_outputs, n_public_inputs, n_private_inputs, n_rows;
    uint32_t n_public; /* outputs and public inputs, without the constant wire 0 */
    uint64_t n_labels;
    uint64_t n_terms[3]; /* of A, B and C */
    struct cursor rows;  /* section 2 */
};

int r1cs_open(struct r1cs *r, const char *path, struct err *err);
int r1cs_parse(struct r1cs *r, const char *name, const void *p, size_t n, struct err *err);
void r1cs_release(struct r1cs *r);

/* Moves c (a copy of r->rows) over one linear combination: three of them make a row. */
struct r1cs_lc {
    uint32_t n_terms;
    const unsigned char *terms; /* n_terms * R1CS_TERM_BYTES */
};
struct r1cs_lc r1cs_next_lc(struct cursor *c);
uint32_t r1cs_term_wire(const struct r1cs_lc *lc, uint32_t i);
const unsigned char *r1cs_term_coef(const struct r1cs_lc *lc, uint32_t i); /* 32 bytes, LE */

/* Writes rows built in memory; wire labels are the wire numbers. */
struct r1cs_shape {
    uint32_t n_wires, n_outputs, n_public_inputs, n_private_inputs, n_rows;
};
/* rows holds n_rows rows in the layout of section 2. */
int r1cs_write(const char *path, const struct r1cs_shape *shape, const struct buf *rows,
               struct err *err);

#endif
