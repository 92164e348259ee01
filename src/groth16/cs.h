/* cs.h - a rank-1 constraint system in memory: rows (A z)(B z) = C z over wires
 * z = (1, public, stage 1, stage 2).
 *
 * Three matrices by rows, each term a wire and an index into one table of distinct
 * coefficients (most terms are 1 or -1, entries 0 and 1).  Stage 1 is empty for plain
 * Groth16.  The last n_public + 1 rows are z_i * 0 = 0 (cs_finish), which make the
 * polynomials of the public wires independent of all others, as in snarkjs. */
#ifndef GROTH16_CS_H
#define GROTH16_CS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bn254/fr.h"
#include "groth16/r1cs.h"

enum { CS_A, CS_B, CS_C };

struct cs_matrix {
    uint32_t *row_start; /* n_rows + 1 */
    uint32_t *wire, *coef;
    uint32_t n_terms, cap_terms, cap_rows;
};

struct cs {
    uint32_t n_wires, n_public, n_stage1; /* stage 1: wires 1 + n_public .. n_public + n_stage1 */
    uint32_t n_rows;
    unsigned log_domain; /* set by cs_finish: 2^log_domain >= n_rows, at least 2 */
    bool finished;
    int failed; /* a VCP code when memory or a ceiling stopped the building */
    struct cs_matrix m[3];
    fr *coefs; /* distinct values, Montgomery form */
    uint32_t n_coefs, cap_coefs;
    uint32_t *slots; /* open addressing over coefs: index + 1, 0 is empty */
    uint32_t n_slots;
    /* Set by who builds the system from a description that determines it: what to call it
     * instead of hashing all terms. */
    bool has_digest;
    uint8_t digest[32];
};

/* What a key is checked against. */
struct cs_shape {
    uint32_t n_wires, n_public, n_stage1, n_rows;
    uint8_t digest[32]; /* of cs_digest */
};

/* n_wires counts the constant. */
void cs_init(struct cs *c, uint32_t n_wires, uint32_t n_public, uint32_t n_stage1);
void cs_release(struct cs *c);

/* Adds coef * z[wire] to matrix m of the row being built; zero coefficients count.
 * Failures are remembered until cs_finish. */
void cs_term(struct cs *c, unsigned m, uint32_t wire, const fr *coef);
void cs_row_end(struct cs *c);
int cs_finish(struct cs *c, struct err *err);

/* The system of a .r1cs, finished. */
int cs_from_r1cs(struct cs *out, const struct r1cs *r, struct err *err);

/* Value of row's linear combination in matrix m; z in Montgomery form. */
void cs_eval(fr *out, const struct cs *c, unsigned m, uint32_t row, const fr z[]);
/* First row that z does not satisfy; n_rows when it satisfies all. */
uint32_t cs_first_unsatisfied(const struct cs *c, const fr z[]);

/* SHA3-256 over shape, stage map and all terms, or the digest the system was given. */
int cs_digest(uint8_t out[32], const struct cs *c, struct err *err);
int cs_shape_of(struct cs_shape *out, const struct cs *c, struct err *err);

/* A matrix by columns: the terms of each wire. */
struct cs_columns {
    uint32_t *start; /* n_wires + 1 */
    uint32_t *row, *coef;
};
int cs_columns_init(struct cs_columns *out, const struct cs *c, unsigned m, struct err *err);
void cs_columns_release(struct cs_columns *t);

#endif
