#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"

/* Reads are cheap and nodes poll; what makes rows or work is dearer. */
static const struct rate_tier tiers_default[RATE_KINDS] = {
    [RATE_AUTH] = {30, 20},    [RATE_GENERAL] = {600, 200}, [RATE_READ] = {6000, 1000},
    [RATE_TASK] = {1200, 600}, [RATE_NODE] = {120, 60},     [RATE_WORKER] = {12000, 2000},
};
static const char *const tier_names[RATE_KINDS] = {
    [RATE_AUTH] = "AUTH", [RATE_GENERAL] = "GENERAL", [RATE_READ] = "READ",
    [RATE_TASK] = "TASK", [RATE_NODE] = "NODE",       [RATE_WORKER] = "WORKER",
};

void api_config_default(struct api_config *c)
{
    memset(c, 0, sizeof *c);
    c->listen = "127.0.0.1:3000";
    c->data_dir = "ambient-data";
    c->blob_quota_bytes = 10ll << 30;
    c->sweep_interval_ms = 1000;
    c->drain_ms = 10000;
    c->rate_limits = true;
    memcpy(c->tiers, tiers_default, sizeof c->tiers);
    coord_config_default(&c->coord);
}

/* Leaves *out when the variable is not set; VCP_EINVAL when it is no positive number. */
static int env_number(double *out, const char *name, struct err *err)
{
    const char *text = getenv(name);
    double v;
    char *end;

    if (!text || !text[0])
        return VCP_OK;
    errno = 0;
    v = strtod(text, &end);
    if (errno || *end || !(v > 0 && v <= 1e9))
        return err_set(err, VCP_EINVAL, "%s must be a positive number, not \"%.32s\"", name, text);
    *out = v;
    return VCP_OK;
}

static int env_tiers(struct api_config *c, struct err *err)
{
    char name[64];
    int i, rc;

    for (i = 0; i < RATE_KINDS; i++) {
        snprintf(name, sizeof name, "RATE_LIMIT_%s_RPM", tier_names[i]);
        if ((rc = env_number(&c->tiers[i].per_minute, name, err)) < 0)
            return rc;
        snprintf(name, sizeof name, "RATE_LIMIT_%s_BURST", tier_names[i]);
        if ((rc = env_number(&c->tiers[i].burst, name, err)) < 0)
            return rc;
        if (c->tiers[i].burst < 1)
            return err_set(err, VCP_EINVAL, "%s must be at least 1", name);
    }
    return VCP_OK;
}

/* API_HOST and PORT, each optional. */
static int env_listen(struct api_config *c, char buf[300], struct err *err)
{
    const char *host = getenv("API_HOST");
    double port = 3000;
    int rc = env_number(&port, "PORT", err);

    if (rc < 0)
        return rc;
    if (!getenv("PORT") && !host)
        return VCP_OK;
    if (port > 65535 || port != (int)port)
        return err_set(err, VCP_EINVAL, "PORT must be an integer between 1 and 65535");
    if (snprintf(buf, 300, "%s:%d", host ? host : "127.0.0.1", (int)port) >= 300)
        return err_set(err, VCP_EINVAL, "API_HOST is too long");
    c->listen = buf;
    return VCP_OK;
}

int api_config_from_env(struct api_config *c, char buf[300], struct err *err)
{
    double sweep_s = (double)c->sweep_interval_ms / 1000;
    const char *origins = getenv("CORS_ALLOWED_ORIGINS");
    int rc;

    if ((rc = env_listen(c, buf, err)) < 0 || (rc = env_tiers(c, err)) < 0 ||
        (rc = env_number(&sweep_s, "NODE_OFFLINE_SWEEP_INTERVAL_SECONDS", err)) < 0)
        return rc;
    c->sweep_interval_ms = (int64_t)(sweep_s * 1000);
    if (origins && origins[0]) {
        if (strchr(origins, '*'))
            return err_set(err, VCP_EINVAL,
                           "CORS_ALLOWED_ORIGINS must name origins; * would let every page in");
        c->cors_origins = origins;
    }
    coord_config_from_env(&c->coord);
    return VCP_OK;
}
