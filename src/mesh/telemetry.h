/* telemetry.h - one sample of a machine's state, and the health score made of it.
 *
 * A value that could not be read is absent (NAN), never zero.  Scores follow
 * the specification: health = 0.4 bandwidth + 0.3 latency + 0.2 compute + 0.1
 * reputation, each in [0, 1]. */
#ifndef MESH_TELEMETRY_H
#define MESH_TELEMETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct telemetry {
    double bandwidth_mbps, upload_bandwidth_mbps, download_bandwidth_mbps;
    double avg_latency_ms;
    double cpu_usage_percent, memory_usage_percent;
    double temperature_c;
    double power_watts;
    int64_t timestamp; /* seconds since 1970; 0 when there is no sample */
};

/* Everything absent. */
void telemetry_init(struct telemetry *t);

/* JSON names are the fields' names; absent values are absent or null.
 * Percentages are 0..100, rates and latencies >= 0, temperature -100..200. */
json_t *telemetry_to_json(const struct telemetry *t);
int telemetry_from_json(struct telemetry *out, json_t *j, struct err *err);

/* The bandwidth that counts: the smaller direction when both are known, the
 * known one otherwise, else the aggregate; NAN when none is. */
double telemetry_bandwidth_mbps(const struct telemetry *t);

/* clamp(x / 1000, 0, 1), absent: 0. */
double telemetry_bandwidth_score(const struct telemetry *t);
/* <= 0: 1, else clamp(1 - ms / 100, 0, 1); absent: 0. */
double telemetry_latency_score(const struct telemetry *t);
/* clamp((200 - cpu - memory) / 200, 0, 1); an absent part counts as fully used. */
double telemetry_compute_score(const struct telemetry *t);
/* Health in [0, 1] from a sample and a reputation score in [0, 1]. */
double telemetry_health(const struct telemetry *t, double reputation);

#endif
