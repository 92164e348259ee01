/* safety.h - the circuit breaker: when a node takes no new work (specification, Safety Mechanisms).
 */
#ifndef MESH_SAFETY_H
#define MESH_SAFETY_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/telemetry.h"

struct safety_policy {
    double temperature_max_c; /* trips above: 85 */
    double latency_max_ms;    /* trips above: 100 */
    uint32_t errors_max;      /* trips at: 25 consecutive node failures */
};

extern const struct safety_policy safety_policy_default;

/* True in safe mode; *reason (may be NULL) gets a static sentence.  Absent
 * values do not trip. Not latched: it holds while its cause holds. */
bool safety_tripped(const struct safety_policy *p, const struct telemetry *t, uint32_t error_count,
                    const char **reason);

#endif
