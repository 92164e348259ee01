#include "mesh/safety.h"

#include <stddef.h>

const struct safety_policy safety_policy_default = {
    .temperature_max_c = 85, .latency_max_ms = 100, .errors_max = 25};

bool safety_tripped(const struct safety_policy *p, const struct telemetry *t, uint32_t error_count,
                    const char **reason)
{
    const char *why = NULL;

    /* Comparisons with an absent value (NAN) are false, as the contract wants. */
    if (t->temperature_c > p->temperature_max_c)
        why = "the temperature is above its maximum";
    else if (t->avg_latency_ms > p->latency_max_ms)
        why = "the latency is above its maximum";
    else if (error_count >= p->errors_max)
        why = "too many tasks in a row failed";
    if (reason)
        *reason = why;
    return why != NULL;
}
