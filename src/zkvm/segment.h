/* segment.h - the rows of a run dealt out to instances of profiles.
 *
 * The bus is global, so any row may stand in any instance that has a place for its chip.
 * The plan is greedy: the next instance is of the profile that makes the best use
 * of its domain with what is left.  It depends on the counts of rows alone, so both passes of the
 * prover deal alike. */
#ifndef ZKVM_SEGMENT_H
#define ZKVM_SEGMENT_H

#include "zkvm/profile.h"
#include "zkvm/prove.h"

/* All rows of one chip, packed (packed.h).  Of a table: all its rows, or none when nobody
 * looks anything up. */
struct segment_rows {
    uint8_t *packed;
    uint64_t n;
};

struct segment_profile {
    const struct profile *profile;
    const struct circuit *circuit;
};

struct segment {
    const struct segment_profile *profiles;
    uint32_t n_profiles;
    const struct segment_rows *rows; /* by chip number, CATALOG_CHIPS of them */
    uint32_t *plan;                  /* profile of each instance */
    uint32_t n_instances;
    /* of the pass going on */
    uint64_t *taken; /* by chip */
    uint32_t at;
    fr_bits *z;     /* the instance's */
    uint32_t *live; /* rows it has of each part */
    const fr *challenges;
    struct circuit_ready **ready; /* by profile, made when first needed */
    struct threads *threads;
    uint64_t constraints_used, constraints_paid; /* of the plan */
};

/* Everything passed is kept by pointer.  VCP_EUNSUPPORTED names a chip that no profile
 * has. */
int segment_init(struct segment *s, const struct segment_profile profiles[], uint32_t n_profiles,
                 const struct segment_rows rows[], struct threads *threads, struct err *err);
void segment_release(struct segment *s);
/* Instances in order; key i is profile i. */
struct prove_source segment_source(struct segment *s);

#endif
