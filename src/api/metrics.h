/* metrics.h - counters of the HTTP side, and the text Prometheus reads.
 *
 * Labels are route templates, methods and statuses of fixed lists: no caller can
 * make a new time series. */
#ifndef API_METRICS_H
#define API_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define METRICS_ROUTES_MAX 64
#define METRICS_STATUSES   24
#define METRICS_BUCKETS    12

struct api_server;

struct route_metrics {
    atomic_uint_fast64_t by_status[METRICS_STATUSES];
    atomic_uint_fast64_t buckets[METRICS_BUCKETS]; /* not cumulative; the last is +Inf */
    atomic_uint_fast64_t sum_ns;
};

struct metrics {
    /* The last entry is for requests that matched no route. */
    struct route_metrics routes[METRICS_ROUTES_MAX + 1];
    atomic_uint_fast64_t rate_limited, auth_failed;
};

/* route < 0: none.  status 0: the peer left. */
void metrics_count(struct metrics *m, int route, int status, int64_t duration_ns);
int metrics_render(struct buf *out, struct api_server *api, struct err *err);

#endif
