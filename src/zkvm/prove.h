/* prove.h - from the instances of a run to its receipt, in two passes.
 *
 * Pass 1 takes every instance's stage 1, commits to it and keeps 96 bytes of it: the
 * commitment, its opening, a digest.  Then the challenges are drawn from all commitments.
 * Pass 2 takes every instance again, with the challenges, and finishes its proof; that its
 * stage 1 is the one committed to is checked by a fingerprint.  At no time is more than one
 * instance's witness here. */
#ifndef ZKVM_PROVE_H
#define ZKVM_PROVE_H

#include "groth16/ckey.h"
#include "zkvm/receipt.h"
#include "zkvm/verify.h"

struct prove_instance {
    uint32_t key; /* index into the keys of the job */
    /* Canonical values of all wires: 1, challenges, S, stage 1, stage 2.  The source's, until
     * its next call.  Stage 1 is there; the rest, in the second pass, when rows has filled it. */
    fr_bits *z;
    struct ckey_rows rows;
};

struct prove_source {
    /* Starts a pass; challenges is NULL in the first. */
    int (*begin)(void *arg, const fr *challenges, struct err *err);
    /* 1: *out is the next instance; 0: there are no more; < 0: failure. */
    int (*next)(void *arg, struct prove_instance *out, struct err *err);
    void *arg;
};

struct prove_times {
    int64_t commit_ns, finish_ns; /* passes 1 and 2, instances' making included */
};

/* work's threads, ceiling and progress; its progress is called for the whole job.  The
 * receipt is not verified here.  s and lists are read after the first pass, which may fill
 * them.  times may be NULL. */
int receipt_prove(struct receipt *out, const struct statement *s,
                  const struct statement_lists *lists, const struct ckey *const keys[],
                  uint32_t n_keys, const struct prove_source *source, struct work *work,
                  struct prove_times *times, struct err *err);

#endif
