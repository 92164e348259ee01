/* prover.h - a folder of profiles with their keys, and receipts made with them.
 *
 * The folder of keys.h, where a proving key NAME.avck has its profile beside it,
 * NAME.profile.  Every profile of the folder may be used; which are is segment.h's choice. */
#ifndef ZKVM_PROVER_H
#define ZKVM_PROVER_H

#include "zkvm/execution.h"
#include "zkvm/segment.h"

struct prover {
    struct catalog *chips;
    uint32_t n;
    struct prover_profile *profiles; /* by name */
};

struct prover_profile {
    struct profile profile;
    struct circuit circuit;
    struct ckey key;
};

/* Opens every profile of dir.  VCP_ENOTFOUND, with how to make some, when there is none. */
int prover_open(struct prover **out, const char *dir, struct err *err);
void prover_free(struct prover *p);

/* Writes the profile and makes its key; seed as in keys_setup.  digest: of the key. */
int prover_setup(uint8_t digest[32], const char *dir, const struct profile *profile,
                 const uint8_t seed[32], struct work *work, struct err *err);

struct prover_report {
    uint32_t n_proofs;
    uint64_t constraints_used, constraints_paid;
    struct prove_times times;
};

/* The receipt of a traced execution; report may be NULL. */
int prover_prove(struct receipt *out, const struct prover *p, const struct execution *e,
                 struct work *work, struct prover_report *report, struct err *err);

#endif
