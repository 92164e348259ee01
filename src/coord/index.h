/* index.h - the live nodes, tasks and assignments in memory, ordered for placement.
 *
 * Inside coord/ only; everything is under the coordinator's mutex.  The index holds
 * what the store holds (coord_check compares the two) in these orders:
 *
 *   by[strategy]  nodes that may take work now, best first, one tree per strategy
 *   waiting       tasks that want more nodes, oldest first
 *   deadlines     active assignments by when the lease ends or must be taken
 *   silence       nodes by when they become offline, or are forgotten
 *   patience      waiting tasks by when they have waited too long
 *
 * Subtrees of `by` know the most cores, memory and bandwidth and every kind of node
 * below them, those of `waiting` the least wanted: a search leaves out what cannot
 * match without looking at it.
 *
 * Invariant: a node is in by[] exactly when its state is NODE_OPEN; node_refresh and
 * task_refresh restore that after a change of theirs. */
#ifndef COORD_INDEX_H
#define COORD_INDEX_H

#include "base/rng.h"
#include "coord/coord.h"
#include "coord/table.h"
#include "coord/tree.h"

#define N_STRATEGIES  4
#define NODE_ID_BYTES 65
#define REGION_BYTES  33
#define N_NODE_TYPES  7
/* Bit t: type t without GPU; bit 8 + t: with one; 16 more: and with the keys to prove. */
#define TRAIT_GPU_BITS   8
#define TRAIT_PROOF_BITS 16

struct catt;
struct cnode;
struct ctask;

/* One user as far as nodes are concerned; lives as long as the index. */
struct cowner {
    struct table_link by_id;
    char id[RNG_UUID_BYTES];
    uint64_t mark; /* see index.mark */
};

enum node_state {
    NODE_OPEN,
    NODE_FULL,
    NODE_SAFE,
    NODE_ABSENT, /* sends heartbeats but left work untaken, and has not asked since */
    NODE_OFFLINE,
    NODE_REJECTED,
    NODE_DELETED,
};
#define N_NODE_STATES 7

/* What a subtree of by[] offers at most. */
struct offer {
    double bandwidth_mbps, memory_gb;
    uint32_t cpu_cores, n;
    uint32_t traits;
    uint64_t regions;
    struct cowner *owner; /* of all of them, NULL when they have several */
};

struct rank {
    struct tree_link link;
    struct cnode *node;
    struct offer offer;
};

struct cnode {
    struct store_node row; /* as stored; its strings are the arrays below */
    char id[NODE_ID_BYTES], owner_id[RNG_UUID_BYTES], region[REGION_BYTES];
    char keyset[SHA3_256_HEX_BYTES]; /* "" for none */
    bool proves;                     /* that is the keyset of the verifier */
    struct table_link by_id;
    struct tree_link silence;
    struct rank rank[N_STRATEGIES];
    struct cowner *owner;
    enum node_state state;
    bool in_silence;
    bool absent;               /* see NODE_ABSENT; not stored, a restart forgives */
    uint32_t trait;            /* one bit */
    uint64_t region_bit;       /* one of 64 */
    int64_t silence_ms;        /* when `silence` is due */
    int64_t last_ask_ms;       /* last time it asked for work */
    int64_t fill_after;        /* where an unfinished search of `waiting` goes on */
    uint32_t n_active;         /* assignments attached, delivered ones too */
    uint32_t n_open;           /* of these, not yet delivered */
    struct catt *first, *last; /* in order of assignment */
    struct cnode *next, *prev; /* all nodes */
    uint64_t mark;
    struct {
        int64_t nodes, online, healthy, health_e6, has_health, capacity_e3, proving;
    } counted; /* its share of index.sums */
};

/* What a task wants of a node, and what a subtree of `waiting` wants at least. */
struct want {
    double bandwidth_mbps, memory_gb;
    uint32_t cpu_cores, n;
    uint32_t traits;  /* acceptable: any of these bits */
    uint64_t regions; /* likewise; all ones: anywhere */
};

/* A node that lost this task and does not get it again before `until_ms`. */
struct cback {
    struct cback *next;
    int64_t until_ms;
    uint32_t failures;
    char node_id[NODE_ID_BYTES];
};

struct ctask {
    struct table_link by_id;
    struct tree_link waiting, patience;
    struct want want, least; /* its own; over its subtree of `waiting` */
    char id[RNG_UUID_BYTES], creator_id[RNG_UUID_BYTES], region[REGION_BYTES];
    int64_t seq, budget, updated_ms, patience_ms, lease_ms;
    uint64_t gas_max, output_bytes_max;
    uint8_t module_sha3[SHA3_256_BYTES], inputs_sha3[SHA3_256_BYTES];
    enum task_strategy strategy;
    enum task_policy_kind policy;
    double audit_p;
    enum store_task_audit audit;
    enum store_task_status status;
    uint32_t min_nodes, shares, attempts;
    uint32_t n_active, n_done;
    bool is_waiting;
    struct catt *atts;
    struct cback *backs;
};

struct catt {
    struct ctask *task;
    struct cnode *node;
    struct tree_link deadline;
    struct catt *task_next, *task_prev, *node_next, *node_prev;
    enum store_execution execution;
    bool in_deadlines;
    char lease_id[RNG_UUID_BYTES];
    uint32_t attempts;
    int64_t assigned_ms, started_ms, finished_ms, deadline_ms;
};

struct index {
    struct idtable nodes, tasks, owners;
    struct tree by[N_STRATEGIES], waiting, deadlines, silence, patience;
    struct cnode *all;
    size_t in_state[N_NODE_STATES];
    uint64_t turn; /* the highest given out */
    uint64_t mark; /* raised for each search: what carries it is excluded there */
    struct {
        int64_t nodes, online, healthy, health_e6, has_health, capacity_e3, proving;
    } sums;
    int64_t n_active, n_leases;
    int64_t now_ms;          /* of the running operation; 0 while the index is loaded */
    uint32_t node_tasks_max; /* copies of the configuration */
    int64_t heartbeat_timeout_ms, removal_timeout_ms, queue_timeout_ms;
    const char *keyset; /* of the verifier, or NULL */
};

void index_init(struct index *x, const struct coord_config *config);
void index_release(struct index *x);

struct cnode *index_node(const struct index *x, const char *node_id);
struct ctask *index_task(const struct index *x, const char *task_id);

/* Index of a node type's name, -1 for none. */
int node_type_index(const char *name);
const char *node_type_name(int i);
#define NODE_TYPE_ANY 5

/* A node of this row; copies what it needs.  NULL when out of memory. */
struct cnode *index_add_node(struct index *x, const struct store_node *row);
/* New row for a node that is there. */
int node_set_row(struct index *x, struct cnode *n, const struct store_node *row);
/* Must have no assignments. */
void index_drop_node(struct index *x, struct cnode *n);
void node_refresh(struct index *x, struct cnode *n);
void node_set_absent(struct index *x, struct cnode *n, bool absent);

/* A task of this row and its parsed spec. */
struct ctask *index_add_task(struct index *x, const struct store_task *row,
                             const struct task_spec *spec, int64_t grace_ms);
/* With its assignments. */
void index_drop_task(struct index *x, struct ctask *t);
void task_refresh(struct index *x, struct ctask *t);
void task_set_audit(struct index *x, struct ctask *t, enum store_task_audit audit,
                    uint32_t min_nodes);
/* What comes back under a lease of this task counts only with its receipt. */
static inline bool task_wants_receipt(const struct ctask *t)
{
    return t->policy == TASK_POLICY_PROOF || t->audit == STORE_AUDIT_PROOF;
}

struct catt *index_attach(struct index *x, struct ctask *t, struct cnode *n);
void index_detach(struct index *x, struct catt *m);
struct catt *index_att(const struct ctask *t, const struct cnode *n);
/* Changes state and deadline together; 0: no deadline. */
void att_set(struct index *x, struct catt *m, enum store_execution e, int64_t deadline_ms);

struct cback *task_back(const struct ctask *t, const char *node_id);
/* Makes or renews it; NULL when out of memory. */
struct cback *task_back_set(struct ctask *t, const char *node_id, int64_t until_ms);

#endif
