/* profile.h - circuit profiles: which chips an instance has, and how many rows of each.
 *
 * A profile is the text a key is named and made by, one line a part:
 *
 *     chip <number> <rows>            number as in catalog.h, ascending; rows > 0
 *
 * Its circuit follows from the text alone, so whoever holds a verifying key and the profile
 * can rebuild the constraint system and compare its digest with the key's.  Builtin: `range`
 * and `bits` (the constant tables), `any` (every chip) and `typical` (the mix of many programs,
 * at the price of rows left empty); all other profiles are fitted to a histogram of rows. */
#ifndef ZKVM_PROFILE_H
#define ZKVM_PROFILE_H

#include "zkvm/catalog.h"
#include "zkvm/circuit.h"
#include "zkvm/keys.h"

#define PROFILE_PARTS_MAX 4096u

struct profile_part {
    uint32_t chip, rows;
};

struct profile {
    char name[KEY_NAME_BYTES];
    struct profile_part parts[PROFILE_PARTS_MAX];
    uint32_t n_parts;
};

/* The text, and back; strict. */
void profile_write(struct buf *out, const struct profile *p);
int profile_read(struct profile *out, const char *name, const void *text, size_t n,
                 struct err *err);

/* Constraints of its circuit: rows times constraints of each chip, plus those of sums
 * and public inputs. */
int profile_constraints(uint64_t *out, const struct profile *p, struct catalog *c, struct err *err);
int profile_circuit(struct circuit *out, const struct profile *p, struct catalog *c,
                    struct err *err);

/* The constant tables: all but the bitwise, 2^17 constraints, and the bitwise, 2^18, which only
 * runs with such instructions need. */
void profile_range(struct profile *out);
void profile_bits(struct profile *out);
/* Every chip there is: one row at least, and of cells and program entries as many as fit
 * 2^log_rows constraints.  The place for whatever fitted profiles have no room for. */
int profile_any(struct profile *out, unsigned log_rows, struct catalog *c, struct err *err);
/* The mix of typical programs (typical.inc): with `any`, what serves programs that no profile
 * was fitted to. */
int profile_typical(struct profile *out, unsigned log_rows, struct catalog *c, struct err *err);
/* As many rows of each chip as counts asks for, scaled down together so that the
 * circuit has at most 2^log_rows constraints and each chip asked for has one row at least;
 * counts is by chip number, tables left out.  VCP_ELIMIT when even that does not fit. */
int profile_fit(struct profile *out, const char *name, const uint64_t counts[CATALOG_CHIPS],
                unsigned log_rows, struct catalog *c, struct err *err);

#endif
