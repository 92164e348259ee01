#include "mesh/telemetry.h"

#include <math.h>
#include <stddef.h>

static double clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

void telemetry_init(struct telemetry *t)
{
    *t = (struct telemetry){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0};
}

static const struct field {
    const char *name;
    size_t offset;
    double min, max;
} fields[] = {
    {"bandwidth_mbps", offsetof(struct telemetry, bandwidth_mbps), 0, 1e7},
    {"upload_bandwidth_mbps", offsetof(struct telemetry, upload_bandwidth_mbps), 0, 1e7},
    {"download_bandwidth_mbps", offsetof(struct telemetry, download_bandwidth_mbps), 0, 1e7},
    {"avg_latency_ms", offsetof(struct telemetry, avg_latency_ms), 0, 1e7},
    {"cpu_usage_percent", offsetof(struct telemetry, cpu_usage_percent), 0, 100},
    {"memory_usage_percent", offsetof(struct telemetry, memory_usage_percent), 0, 100},
    {"temperature_c", offsetof(struct telemetry, temperature_c), -100, 200},
    {"power_watts", offsetof(struct telemetry, power_watts), 0, 1e6},
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

json_t *telemetry_to_json(const struct telemetry *t)
{
    json_t *j = json_object();
    size_t i;

    for (i = 0; j && i < FIELD_COUNT; i++) {
        double v = *(const double *)((const char *)t + fields[i].offset);

        json_object_set_new(j, fields[i].name, isnan(v) ? json_null() : json_real(v));
    }
    json_object_set_new(j, "timestamp", json_integer(t->timestamp));
    return j;
}

int telemetry_from_json(struct telemetry *out, json_t *j, struct err *err)
{
    struct telemetry t;
    size_t i;
    int rc;

    if (!json_is_object(j))
        return err_set(err, VCP_EINVAL, "telemetry must be an object");
    telemetry_init(&t);
    for (i = 0; i < FIELD_COUNT; i++) {
        double *v = (double *)((char *)&t + fields[i].offset);

        rc = json_get_real(v, j, fields[i].name, fields[i].min, fields[i].max, err);
        if (rc < 0)
            return rc;
    }
    rc = json_get_int(&t.timestamp, j, "timestamp", 0, INT64_MAX / 1000, err);
    if (rc == VCP_OK)
        *out = t;
    return rc;
}

double telemetry_bandwidth_mbps(const struct telemetry *t)
{
    bool up = t->upload_bandwidth_mbps > 0, down = t->download_bandwidth_mbps > 0;

    if (up && down)
        return fmin(t->upload_bandwidth_mbps, t->download_bandwidth_mbps);
    if (up || down)
        return up ? t->upload_bandwidth_mbps : t->download_bandwidth_mbps;
    return t->bandwidth_mbps;
}

double telemetry_bandwidth_score(const struct telemetry *t)
{
    double mbps = telemetry_bandwidth_mbps(t);

    return isnan(mbps) ? 0 : clamp01(mbps / 1000);
}

double telemetry_latency_score(const struct telemetry *t)
{
    if (isnan(t->avg_latency_ms))
        return 0;
    return t->avg_latency_ms <= 0 ? 1 : clamp01(1 - t->avg_latency_ms / 100);
}

double telemetry_compute_score(const struct telemetry *t)
{
    double cpu = isnan(t->cpu_usage_percent) ? 100 : t->cpu_usage_percent;
    double memory = isnan(t->memory_usage_percent) ? 100 : t->memory_usage_percent;

    return clamp01((200 - cpu - memory) / 200);
}

double telemetry_health(const struct telemetry *t, double reputation)
{
    return 0.4 * telemetry_bandwidth_score(t) + 0.3 * telemetry_latency_score(t) +
           0.2 * telemetry_compute_score(t) + 0.1 * reputation;
}
