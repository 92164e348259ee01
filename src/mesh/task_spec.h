/* task_spec.h - a task as submitted: what to run, on what kind of node, checked how, paid how much.
 *
 * The JSON form is that of POST /api/v1/tasks (docs/api.md); parsing checks
 * everything that needs no database and fills in the defaults, so a parsed spec
 * is complete.  By then module and standard input are digests of stored blobs:
 * the API stores inline bytes (wasm_module, inputs.stdin*) first and replaces them. */
#ifndef MESH_TASK_SPEC_H
#define MESH_TASK_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"

/* The fixed table of task types (predecessor's registry). */
struct task_type {
    const char *name, *preferred_node_type;
    double bandwidth_mbps_min;
    uint32_t cpu_cores_min;
    double memory_gb_min;
    bool gpu;
    uint32_t seconds_max;
    uint32_t module_mb_max;
    bool takes_module;
};

/* NULL when there is no such type. */
const struct task_type *task_type_find(const char *name);

enum task_policy_kind {
    TASK_POLICY_NONE,
    TASK_POLICY_REPLICATE,
    TASK_POLICY_AUDIT,
    TASK_POLICY_PROOF
};
const char *task_policy_name(enum task_policy_kind k);

enum task_strategy {
    TASK_STRATEGY_DEFAULT, /* the cluster's setting */
    TASK_STRATEGY_WEIGHTED,
    TASK_STRATEGY_ROUND_ROBIN,
    TASK_STRATEGY_LEAST_LOADED,
    TASK_STRATEGY_LATENCY_AWARE,
};
/* "weighted", "round-robin", "least-loaded", "latency-aware"; "default" for the first. */
const char *task_strategy_name(enum task_strategy s);
int task_strategy_parse(enum task_strategy *out, const char *name);

struct task_inputs {
    const char *entry;       /* exported function; NULL: the WASI command _start */
    const char *const *args; /* scalars for the entry, or argv[1..] of the command */
    uint32_t n_args;
    const char *const *env; /* "NAME=value" */
    uint32_t n_env;
    const char *stdin_sha3; /* hex digest of the stored input; NULL: empty */
    uint64_t stdin_bytes;
    uint64_t seed; /* of random_get and the clock */
};

struct task_limits {
    uint64_t memory_bytes;
    uint32_t timeout_ms;
    uint64_t gas;
    uint32_t call_depth;
    uint64_t output_bytes; /* written to standard output and error together */
};

struct task_requirements {
    uint32_t min_nodes;              /* = replicas of the policy */
    uint32_t max_execution_time_sec; /* what a node may take, queueing excluded */
    bool require_gpu, require_proof;
    const char *node_type; /* preferred type; `any` nodes also serve */
    double bandwidth_mbps_min;
    uint32_t cpu_cores_min;
    double memory_gb_min;
    const char *region; /* NULL: anywhere */
};

struct task_spec {
    const struct task_type *type;
    const char *module_sha3; /* NULL when the type takes none */
    struct task_inputs inputs;
    struct task_requirements requirements;
    struct task_limits limits;
    enum task_policy_kind policy;
    uint32_t replicas; /* k of replicate, else 1 */
    double audit_p;    /* of audit: 0 < p <= 1 */
    int64_t budget;    /* integer credits held in escrow */
    enum task_strategy strategy;
};

/* Equal parts of the budget, each what one accepted run earns: k of replicate, 2 of audit (the
 * second for what an audit costs), else 1. */
uint32_t task_spec_shares(const struct task_spec *s);

/* Strings of *out live in the arena.  VCP_EINVAL names the field;
 * VCP_EUNSUPPORTED for task types this version does not run. */
int task_spec_parse(struct task_spec *out, struct arena *a, json_t *submission, struct err *err);

/* The complete, normalised JSON of a spec; parsing it gives the same spec.
 * The caller decrefs; NULL when out of memory. */
json_t *task_spec_to_json(const struct task_spec *s);
/* Its parts, as the lease message carries them. */
json_t *task_inputs_to_json(const struct task_inputs *in);
json_t *task_limits_to_json(const struct task_limits *l);
int task_inputs_parse(struct task_inputs *out, struct arena *a, json_t *j, struct err *err);
int task_limits_parse(struct task_limits *out, json_t *j, struct err *err);

/* SHA3-256 over "ambient-inputs-v1", inputs and limits, length-prefixed: what the
 * module was given, as both sides compute it. */
void task_spec_inputs_digest(uint8_t out[SHA3_256_BYTES], const struct task_inputs *in,
                             const struct task_limits *l);

#endif
