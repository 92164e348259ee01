/* nodes.h - machines that offered to run tasks, their last word and their record. */
#ifndef STORE_NODES_H
#define STORE_NODES_H

#include "mesh/reputation.h"
#include "mesh/sign.h"
#include "mesh/telemetry.h"
#include "store/store.h"

enum store_node_status { STORE_NODE_ONLINE, STORE_NODE_OFFLINE, STORE_NODE_REJECTED };
const char *store_node_status_name(enum store_node_status s); /* "online" ... */

struct store_node {
    const char *node_id; /* chosen by its owner, 1..64 bytes */
    const char *owner_id;
    const char *region, *node_type;
    double bandwidth_mbps, memory_gb;
    uint32_t cpu_cores;
    bool gpu_available;
    uint32_t slots;              /* tasks it runs at once, as it said; 0: it did not */
    uint16_t observability_port; /* 0: none */
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    const char *keyset; /* hex id of the set of keys it can prove with, or NULL */
    enum store_node_status status;
    bool has_health;
    double health_score; /* 0..100; only when has_health: a silent node has none */
    struct telemetry telemetry;
    struct reputation reputation;
    uint32_t error_count; /* consecutive failures of the node, for the safety policy */
    bool safe_mode;
    uint64_t turn; /* place in the rotation of round-robin; the smallest is next */
    int64_t registered_at_ms, last_heartbeat_at_ms, updated_at_ms, deleted_at_ms;
};

/* Writes the whole row, new or not. */
int store_node_put(struct store_tx *tx, const struct store_node *n, struct err *err);
/* Deleted nodes too: look at deleted_at_ms. */
int store_node_get(struct store_tx *tx, struct arena *a, struct store_node *out,
                   const char *node_id, struct err *err);
/* Neither deleted nor rejected, newest registration first.  owner_id NULL: all.
 * Pages: pass the last row's registered_at_ms and node_id (0, NULL: first page). */
int store_node_list(struct store_tx *tx, struct arena *a, struct store_node **out, size_t *n,
                    const char *owner_id, int64_t before_ms, const char *before_id, size_t limit,
                    struct err *err);
/* Every node that is not deleted, one at a time; the row lives until each returns.
 * A negative return of each stops and is returned. */
int store_node_each(struct store_tx *tx, int (*each)(void *arg, const struct store_node *n),
                    void *arg, struct err *err);

struct store_heartbeat {
    int64_t at_ms;
    bool has_health;
    double health_score;
    uint32_t active_tasks;
    const char *event;    /* "heartbeat", "registered", "online", "offline", "task_cleared", ... */
    const char *metadata; /* JSON or NULL */
    struct telemetry telemetry; /* cpu, memory, latency and temperature only */
};

/* Keeps the newest STORE_HEARTBEATS_MAX of each node. */
int store_heartbeat_add(struct store_tx *tx, const char *node_id, const struct store_heartbeat *h,
                        struct err *err);
/* Newest first; event NULL: all. */
int store_heartbeat_list(struct store_tx *tx, struct arena *a, struct store_heartbeat **out,
                         size_t *n, const char *node_id, const char *event, size_t limit,
                         struct err *err);

#endif
