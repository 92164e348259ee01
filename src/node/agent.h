/* agent.h - a node: registers, beats, takes leases, runs them in the cage, delivers results.
 *
 * Threads: one heart (telemetry, renewal of leases, cancellations), one courier
 * (results that could not be delivered at once), one for the keys of a node that proves, and one
 * per slot (lease, fetch, run, prove, report).  One proof is made at a time.  Everything survives
 * the server's restart by retrying with growing, jittered pauses, and the node's own by the
 * journal. */
#ifndef NODE_AGENT_H
#define NODE_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mesh/safety.h"

struct agent_config {
    const char *server;  /* http://host:port */
    const char *api_key; /* the owner's, for registering */
    const char *state_dir;
    const char *node_id;        /* NULL: host name and key fingerprint */
    const char *region;         /* NULL: "default" */
    const char *node_type;      /* NULL: "any" */
    const char *ca_file;        /* certificate authority for https; NULL: the system's */
    unsigned slots;             /* tasks at once; 0: by cores and memory */
    unsigned cpu_cores;         /* 0: as the machine says */
    double memory_gb;           /* 0: as the machine says */
    double bandwidth_mbps;      /* 0: measured */
    int gpu;                    /* -1: as the machine says, else 0 or 1 */
    uint32_t heartbeat_ms;      /* 0: 15000 */
    uint64_t cache_bytes_max;   /* 0: 1 GiB */
    bool once;                  /* end after one task */
    bool dishonest;             /* TEST MODE: flips a byte of every output before signing it */
    bool prove;                 /* take work that is proven; fetches the server's keys */
    const char *keys_dir;       /* the keys are here, and not fetched; NULL: fetched */
    uint64_t keys_bytes_max;    /* of keys that are fetched; 0: 2 GiB */
    uint64_t prove_bytes_max;   /* memory of one proof beyond the run's; 0: 700 MiB */
    unsigned prove_threads;     /* 0: all cores */
    const char *forge;          /* TEST MODE: how to cheat at receipts (forge.h), or NULL */
    const char *worker_program; /* NULL: this executable */
    struct safety_policy safety;
};

void agent_config_init(struct agent_config *c);

struct agent;

/* Makes or loads the key, opens journal, cache and cage.  Does not need the server yet. */
int agent_open(struct agent **out, const struct agent_config *c, struct err *err);
/* Registers, then works until agent_stop, a task with `once`, or an error that
 * no retry can mend (VCP_EAUTH: wrong key; VCP_EEXIST: the node id is another's). */
int agent_run(struct agent *a, struct err *err);
/* Ends agent_run soon: no new leases; running tasks get grace_ms to finish, then are
 * given back as failed, "node stopping".  From any thread; a second call with 0 hurries. */
void agent_stop(struct agent *a, uint32_t grace_ms);
void agent_free(struct agent *a);

const char *agent_node_id(const struct agent *a);

struct agent_stats {
    uint64_t completed, failed, disputed; /* results by the server's answer */
    uint64_t rejected;                    /* not taken: the lease was over */
    uint64_t gas_used;
    unsigned running;
    double health;     /* 0..1, as the server last said; NAN before */
    double reputation; /* of this run, by the server's verdicts (mesh/reputation.h) */
    bool safe_mode;
};
void agent_stats_read(struct agent *a, struct agent_stats *out);

#endif
