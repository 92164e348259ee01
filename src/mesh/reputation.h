/* reputation.h - what a node's record says of it. */
#ifndef MESH_REPUTATION_H
#define MESH_REPUTATION_H

#include <stdint.h>

struct reputation {
    uint64_t completed, failed, disputes;
    uint64_t compute_time_ms;
};

/* The displayed score: 0.5 without tasks, else
 * clamp(completed / (completed + failed) - min(0.05 * disputes, 0.3), 0, 1). */
double reputation_score(const struct reputation *r);

/* For decisions of trust: the lower end of the 95 % Wilson interval of the
 * completion rate, less the same dispute penalty; one lucky task is not 1.0.
 * 0 without tasks. */
double reputation_trust(const struct reputation *r);

/* How often results of this node are audited where the task asks for p: 1 - (1 - p) trust, which
 * is p for a node trusted wholly and 1 for one without a record. */
double reputation_audit_chance(double p, const struct reputation *r);

#endif
