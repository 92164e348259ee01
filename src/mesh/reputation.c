#include "mesh/reputation.h"

#include <math.h>

static double clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double dispute_penalty(const struct reputation *r)
{
    return fmin(0.05 * (double)r->disputes, 0.3);
}

double reputation_score(const struct reputation *r)
{
    double n = (double)r->completed + (double)r->failed;

    return n == 0 ? 0.5 : clamp01((double)r->completed / n - dispute_penalty(r));
}

double reputation_audit_chance(double p, const struct reputation *r)
{
    return clamp01(1 - (1 - p) * reputation_trust(r));
}

double reputation_trust(const struct reputation *r)
{
    const double z = 1.959963984540054; /* two-sided 95 % */
    double n = (double)r->completed + (double)r->failed, p, centre, spread;

    if (n == 0)
        return 0;
    p = (double)r->completed / n;
    centre = p + z * z / (2 * n);
    spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return clamp01((centre - spread) / (1 + z * z / n) - dispute_penalty(r));
}
