/* agent_state.h - what the agent's threads share; private to agent.c, heart.c, courier.c, keys.c,
 * slot.c, watch.c.
 *
 * `lock` guards everything below it in struct agent; config, key, node_id and the
 * three stores are fixed before the threads start. */
#ifndef NODE_AGENT_STATE_H
#define NODE_AGENT_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "mesh/telemetry.h"
#include "node/agent.h"
#include "node/blob_cache.h"
#include "node/cage.h"
#include "node/forge.h"
#include "node/identity.h"
#include "node/journal.h"
#include "node/keystore.h"
#include "node/lease.h"
#include "node/sensors.h"
#include "node/uplink.h"

/* A lease from the moment it is taken until the server has answered its result. */
struct held {
    struct held *next;
    char lease_id[LEASE_ID_BYTES], task_id[LEASE_ID_BYTES];
    struct cage_cancel cancel;
    bool running;            /* a slot works on it; else the result waits for the courier */
    bool over;               /* the server says it is gone: stop */
    bool give_back;          /* the node is stopping: report that instead of a result */
    bool watched;            /* the watch that waits now names it */
    int64_t began_ns;        /* monotonic */
    json_t *result;          /* the body to send, when it waits */
    unsigned refused_logins; /* deliveries answered with 401: after a few it is given up */
};

struct slot {
    struct agent *agent;
    unsigned index;
    pthread_t thread;
    struct uplink *up;
    bool polling;  /* inside a long poll that a stop may cut short */
    bool fetching; /* inside a transfer that only a hurry may cut short */
};

struct agent {
    struct agent_config config;
    char *server, *api_key, *region, *node_type, *ca_file, *keys_given;
    enum forge forge;
    struct keystore keystore;
    struct sign_key key;
    char node_id[IDENTITY_NODE_ID_BYTES];
    struct machine machine;
    unsigned n_slots;
    struct blob_cache *cache;
    struct journal journal;
    int state_lock; /* descriptor of DIR/lock, or -1 */
    struct cage *cage;
    struct uplink *up; /* of the thread in agent_run */

    /* Held by the one slot that waits for a lease.  One poll at a time, so that the list of
     * leases it names is always complete: the server hands out again what is not on it. */
    pthread_mutex_t poll;

    pthread_mutex_t lock;
    pthread_cond_t wake; /* any of what follows changed */
    bool stopping;       /* no new leases */
    bool hurry;          /* give back what runs */
    bool closing;        /* heart and courier end too */
    bool must_register;  /* the server does not know this node, or its capabilities changed */
    int64_t stop_deadline_ns;
    unsigned slots_alive;
    struct slot *slots;
    struct held *held;
    pthread_cond_t new_held; /* a lease was added to them, or closing */
    struct uplink *watch_up; /* while a watch waits at the server, else NULL */
    int64_t lease_ms;        /* of the last lease: heartbeats must be well within it */
    struct telemetry telemetry;
    double bandwidth_mbps;  /* what is registered */
    uint32_t error_count;   /* node failures in a row */
    const char *unsafe;     /* why safe mode, or NULL */
    char server_keyset[65]; /* what the server last named; "" for none */
    char keyset[65];        /* the keys this node proves with; "" for none */
    char keys_dir[KEYSTORE_PATH_BYTES];
    bool proving;    /* one proof at a time: it has all the cores */
    struct buf kept; /* of forge.h */
    struct agent_stats stats;
};

/* Sleeps, or until *flag (guarded by the lock) is set; true when it is set. */
bool agent_sleep(struct agent *a, int64_t ms, const bool *flag);

/* Pauses between tries: 0.25 s, doubling to 30 s, each between half and whole. */
struct backoff {
    unsigned tries;
};
int64_t backoff_next_ms(struct backoff *b, int64_t at_least_ms);

/* A new held lease, which runs; NULL when memory is short or it is held already.
 * agent_drop frees it. */
struct held *agent_hold(struct agent *a, const char *lease_id, const char *task_id);
void agent_drop(struct agent *a, struct held *h);
/* A JSON array of all held lease ids. */
json_t *agent_held_ids(struct agent *a);

void *heart_thread(void *agent);   /* telemetry and heartbeats until `closing` */
void *courier_thread(void *agent); /* undelivered results until `closing` */
void *slot_thread(void *slot);     /* leases until `stopping` */
void *watch_thread(void *agent);   /* cancellations until `closing` */
void *keys_thread(void *agent);    /* the server's keys until `closing` */

/* Stops what runs under the leases in the reply's cancelled_leases. */
void watch_apply(struct agent *a, json_t *reply);
/* Ends a watch that misses a lease it should name, or any when closing; with the lock. */
void watch_refresh(struct agent *a);

/* Sends h->result and, once answered, removes it from the journal.  true: the server has answered
 * for good, or never will take it; false: try again later. */
bool courier_deliver(struct agent *a, struct uplink *up, struct held *h);
/* Takes over what the last run of this node left in the journal. */
int courier_load(struct agent *a, struct err *err);

#endif
