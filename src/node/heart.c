/* heart.c - what a node says of itself: samples of the machine, of the line to the server,
 * and which leases it works on. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "node/agent_state.h"

#define PROBE_INTERVAL_NS (1800 * 1000000000ll) /* bandwidth: rarely, it is other people's line */
#define PROBE_BYTES_MIN   (64u << 10)
#define PROBE_BYTES_MAX   (4u << 20)
#define PROBE_ENOUGH_NS   50000000ll           /* a transfer this long says enough */
#define STATUS_NS         (60 * 1000000000ll)  /* between two status lines */
#define BEAT_MS           10000                /* how long a heartbeat may take */
#define LEAVE_MS          2000                 /* likewise when the node is about to stop */
#define RETRY_NS          (600 * 1000000000ll) /* after too many errors, one more task */

struct heart {
    struct agent *agent;
    struct uplink *up;
    struct sensors sensors;
    int64_t probed_ns, status_ns, tripped_ns;
    bool probed;
    bool leaving;      /* the server is told that the node stops */
    unsigned failures; /* heartbeats in a row */
};

/* ---- the line ---- */

static int download(struct heart *h, uint32_t bytes)
{
    struct buf body;
    char path[64];
    int rc;

    snprintf(path, sizeof path, "/api/v1/probe?bytes=%" PRIu32, bytes);
    buf_init(&body, 0);
    rc = uplink_get(h->up, path, bytes, &body, NULL);
    if (rc == VCP_OK && body.len != bytes)
        rc = VCP_EFORMAT;
    buf_release(&body);
    return rc;
}

/* A round trip of a request that costs the server nothing, in ms; NAN when it fails. */
static double ping_ms(struct heart *h)
{
    if (uplink_json(h->up, "GET", "/api/v1/probe?bytes=0", NULL, 5000, NULL, NULL) < 0)
        return NAN;
    return (double)uplink_time_ns(h->up) / 1e6;
}

/* Least of three, the first of which may open the connection; smoothed over time. */
static void measure_latency(struct heart *h, struct telemetry *t)
{
    double best = NAN, ms;
    int i;

    for (i = 0; i < 3; i++) {
        ms = ping_ms(h);
        if (isnan(ms))
            break; /* a dead line must not hold up the heartbeat */
        if (!(ms >= best))
            best = ms;
    }
    if (isnan(t->avg_latency_ms) || isnan(best))
        t->avg_latency_ms = best;
    else
        t->avg_latency_ms += 0.3 * (best - t->avg_latency_ms);
}

static int upload(struct heart *h, uint32_t bytes)
{
    uint8_t *noise = calloc(1, bytes);
    int rc = noise ? uplink_send(h->up, "POST", "/api/v1/probe", noise, bytes, NULL) : VCP_ENOMEM;

    free(noise);
    return rc;
}

/* Larger and larger pieces until one takes long enough to mean something. */
static double measure_mbps(struct heart *h, int (*transfer)(struct heart *h, uint32_t bytes),
                           double latency_ms)
{
    uint32_t bytes;
    double mbps = NAN;

    for (bytes = PROBE_BYTES_MIN; bytes <= PROBE_BYTES_MAX; bytes *= 4) {
        double ns;

        if (transfer(h, bytes) < 0)
            break;
        ns = (double)uplink_time_ns(h->up) - (isnan(latency_ms) ? 0 : latency_ms * 1e6);
        if (ns < 1000)
            ns = 1000;
        mbps = fmin(8000.0 * bytes / ns, 1e6);
        if (ns >= (double)PROBE_ENOUGH_NS)
            break;
    }
    return mbps;
}

static bool is_idle(struct agent *a)
{
    struct agent_stats s;

    agent_stats_read(a, &s);
    return s.running == 0;
}

static void measure_bandwidth(struct heart *h, struct telemetry *t)
{
    int64_t now = clock_mono_ns();

    if (h->probed && (now - h->probed_ns < PROBE_INTERVAL_NS || !is_idle(h->agent)))
        return;
    h->probed = true;
    h->probed_ns = now;
    t->download_bandwidth_mbps = measure_mbps(h, download, t->avg_latency_ms);
    t->upload_bandwidth_mbps = measure_mbps(h, upload, t->avg_latency_ms);
    t->bandwidth_mbps = fmin(t->download_bandwidth_mbps, t->upload_bandwidth_mbps);
    log_debug("node", "bandwidth down=%.0f up=%.0f Mbit/s", t->download_bandwidth_mbps,
              t->upload_bandwidth_mbps);
}

/* Work is placed by what was registered, so a measurement far from it is registered anew. */
static void publish_bandwidth(struct agent *a, double mbps)
{
    if (isnan(mbps) || a->config.bandwidth_mbps > 0)
        return;
    pthread_mutex_lock(&a->lock);
    if (!(fabs(mbps - a->bandwidth_mbps) <= a->bandwidth_mbps / 2)) {
        a->bandwidth_mbps = mbps;
        a->must_register = true;
        pthread_cond_broadcast(&a->wake);
    }
    pthread_mutex_unlock(&a->lock);
}

/* ---- safe mode ---- */

/* Too many errors would hold for ever, since no task can succeed any more: after a while
 * one more is allowed. */
static void forgive(struct heart *h, int64_t now)
{
    struct agent *a = h->agent;

    if (a->error_count < a->config.safety.errors_max)
        h->tripped_ns = 0;
    else if (h->tripped_ns == 0)
        h->tripped_ns = now;
    else if (now - h->tripped_ns > RETRY_NS && a->config.safety.errors_max > 0)
        a->error_count = a->config.safety.errors_max - 1;
}

static void judge_safety(struct heart *h, const struct telemetry *t)
{
    struct agent *a = h->agent;
    const char *before, *reason = NULL;

    pthread_mutex_lock(&a->lock);
    forgive(h, clock_mono_ns());
    before = a->unsafe;
    a->telemetry = *t;
    safety_tripped(&a->config.safety, t, a->error_count, &reason);
    a->unsafe = reason;
    pthread_mutex_unlock(&a->lock);
    if (reason && !before)
        log_warn("node", "safe mode, no new tasks: %s", reason);
    else if (before && !reason)
        log_info("node", "safe mode is over");
}

/* ---- heartbeats ---- */

static void read_reply(struct agent *a, json_t *reply)
{
    const char *keyset = NULL;
    double health = NAN;

    watch_apply(a, reply);
    json_get_real(&health, reply, "health_score", 0, 100, NULL);
    json_get_str(&keyset, reply, "keyset", sizeof a->server_keyset - 1, NULL);
    pthread_mutex_lock(&a->lock);
    a->stats.health = health / 100;
    snprintf(a->server_keyset, sizeof a->server_keyset, "%s", keyset ? keyset : "");
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

static void ask_to_register(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    a->must_register = true;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

/* While no poll is under way and none will come, the list of leases is complete: one that the
 * server gave and that is not on it was lost on the way. */
static json_t *all_leases(struct heart *h)
{
    struct agent *a = h->agent;
    json_t *ids;

    if (h->leaving)
        pthread_mutex_lock(&a->poll);
    ids = agent_held_ids(a);
    if (h->leaving)
        pthread_mutex_unlock(&a->poll);
    return ids;
}

static int beat(struct heart *h, const struct telemetry *t, struct err *err)
{
    struct agent *a = h->agent;
    char path[128];
    json_t *body = json_pack("{s:o, s:o, s:b}", "telemetry", telemetry_to_json(t), "leases",
                             all_leases(h), "leaving", (int)h->leaving),
           *reply = NULL;
    int rc;

    snprintf(path, sizeof path, "/api/v1/nodes/%s/heartbeat", a->node_id);
    rc = uplink_json(h->up, "PUT", path, body, h->leaving ? LEAVE_MS : BEAT_MS, &reply, err);
    json_decref(body);
    if (rc == VCP_OK)
        read_reply(a, reply);
    else if (rc == VCP_ENOTFOUND ||
             (rc == VCP_EAUTH && llabs(uplink_clock_ahead_ms(h->up)) < SIGN_REQUEST_SKEW_MS))
        ask_to_register(a); /* the server lost us, or its store was replaced */
    json_decref(reply);
    return rc;
}

static const char *number(char out[16], double v, const char *format)
{
    if (isnan(v))
        return "-";
    snprintf(out, 16, format, v);
    return out;
}

static void status_line(struct heart *h, const struct telemetry *t)
{
    char cpu[16], memory[16], heat[16], latency[16], health[16], watts[16];
    struct agent_stats s;

    if (h->status_ns && clock_mono_ns() - h->status_ns < STATUS_NS)
        return;
    h->status_ns = clock_mono_ns();
    agent_stats_read(h->agent, &s);
    log_info(
        "node",
        "status health=%s cpu=%s%% memory=%s%% temperature=%s power=%s latency=%sms running=%u "
        "reputation=%.2f completed=%" PRIu64 " failed=%" PRIu64 " disputed=%" PRIu64
        " safe_mode=%s",
        number(health, s.health, "%.2f"), number(cpu, t->cpu_usage_percent, "%.0f"),
        number(memory, t->memory_usage_percent, "%.0f"), number(heat, t->temperature_c, "%.0f"),
        number(watts, t->power_watts, "%.0f"), number(latency, t->avg_latency_ms, "%.1f"),
        s.running, s.reputation, s.completed, s.failed, s.disputed, s.safe_mode ? "yes" : "no");
}

/* Well within the life of a lease; soon again after a failure while leases depend on it. */
static int64_t pause_ms(struct heart *h)
{
    struct agent *a = h->agent;
    int64_t ms = a->config.heartbeat_ms, lease_ms;

    pthread_mutex_lock(&a->lock);
    lease_ms = a->held ? a->lease_ms : 0;
    pthread_mutex_unlock(&a->lock);
    if (lease_ms > 0 && lease_ms / 3 < ms)
        ms = lease_ms / 3;
    if (h->failures > 0 && ms > 2000)
        ms = h->failures < 5 ? 500 * h->failures : 2000;
    return ms < 100 ? 100 : ms;
}

static void heart_beat(struct heart *h, struct telemetry *t)
{
    struct err err = {0};
    int rc;

    if (!h->leaving) {
        measure_latency(h, t);
        measure_bandwidth(h, t);
    }
    sensors_read(&h->sensors, t);
    judge_safety(h, t);
    rc = beat(h, t, &err);
    if (rc == VCP_OK) {
        if (h->failures > 1)
            log_info("node", "the server answers again");
        h->failures = 0;
        publish_bandwidth(h->agent, t->bandwidth_mbps);
        status_line(h, t);
    } else if (h->failures++ % 30 == 0) {
        log_warn("node", "heartbeat: %s", err.msg);
    }
}

/* Until the next heartbeat is due, or the node begins to stop; true when it is over. */
static bool rest(struct heart *h)
{
    struct agent *a = h->agent;

    if (h->leaving)
        return agent_sleep(a, pause_ms(h), &a->closing);
    h->leaving = agent_sleep(a, pause_ms(h), &a->stopping);
    return false;
}

void *heart_thread(void *arg)
{
    struct heart h = {.agent = arg};
    struct telemetry t;
    struct err err = {0};

    if (uplink_new(&h.up, h.agent->server, h.agent->ca_file, &h.agent->key, h.agent->node_id,
                   &err) < 0) {
        log_error("node", "no heartbeat: %s", err.msg);
        agent_stop(h.agent, 0);
        return NULL;
    }
    telemetry_init(&t);
    sensors_init(&h.sensors, "");
    do
        heart_beat(&h, &t);
    while (!rest(&h));
    uplink_free(h.up);
    return NULL;
}
