/* sim.h - a seeded world of clients, nodes and a coordinator on a virtual clock.
 *
 * Each step is one random event: a submission, a heartbeat, a lease, a result, a
 * lie, a crash, a failing disk, time going by.  Replies get lost, results come
 * twice and late, nodes forget.  After each step what must always hold is checked,
 * by SQL on a connection of its own and by coord_check.  The same seed gives the
 * same run; the ids of tasks and leases differ and decide nothing. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <sqlite3.h>

#include "base/rng.h"
#include "coord/coord.h"

#define SIM_NODES 12
#define SIM_HELD  32

struct sim_lease {
    char task_id[RNG_UUID_BYTES], lease_id[RNG_UUID_BYTES];
    char *spec;
    bool prove;
};

#define SIM_RECEIPT_BYTES 400

enum sim_kind { SIM_HONEST, SIM_LIAR, SIM_FLAKY };

struct sim_node {
    char id[8], owner[8];
    enum sim_kind kind;
    bool up; /* a machine that is down does nothing */
    struct sim_lease held[SIM_HELD];
    unsigned n_held;
    struct sim_lease sent; /* the last delivery, to be sent again */
    int sent_answer;
    char receipt[SIM_RECEIPT_BYTES]; /* its last one, for liars to use again */
    bool proves;
};

struct sim {
    const char *path; /* of the database */
    uint64_t seed;
    struct prng random;
    int64_t now_ms;
    struct store *store;
    struct coord *coord;
    struct coord_config config;
    struct sim_node nodes[SIM_NODES];
    char module[65];
    char keys[8][16];              /* idempotency keys used lately */
    char shown[SIM_RECEIPT_BYTES]; /* the last receipt anybody sent, for liars to steal */
    uint64_t n_steps, n_submitted, n_delivered, n_crashes, n_failed_io, n_receipts, n_refused;
    struct err err;
    char said[640]; /* what went wrong, with the step */
};

/* Makes users, nodes and money in a new database, or goes on with an old one. */
int sim_open(struct sim *s, const char *path, uint64_t seed);
void sim_close(struct sim *s);
int sim_step(struct sim *s);
/* The invariants, between operations. */
int sim_check(struct sim *s);
/* No more trouble: honest nodes work until every task has ended, then says so. */
int sim_drain(struct sim *s);

#endif
