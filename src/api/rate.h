/* rate.h - token buckets: how often one caller may do one kind of thing.
 *
 * A bucket starts full at `burst`, refills per_minute / 60 a second and pays one a
 * call.  Buckets that are full again are forgotten; past API_RATE_BUCKETS_MAX, callers
 * not seen before share one bucket of each kind, so a flood of new addresses
 * throttles itself and nobody else. */
#ifndef API_RATE_H
#define API_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/server.h"

struct rate;

/* NULL when out of memory. */
struct rate *rate_new(const struct rate_tier tiers[RATE_KINDS]);
void rate_free(struct rate *r);

/* 0: go on.  Else the seconds after which one call will be possible: Retry-After. */
unsigned rate_take(struct rate *r, enum rate_kind kind, const char *who, int64_t now_ns);
/* Forgets full buckets; call it now and then. */
void rate_sweep(struct rate *r, int64_t now_ns);
unsigned rate_buckets(struct rate *r);

#endif
