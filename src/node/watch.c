/* watch.c - hears at once when a lease is over, so that nobody computes for a cancelled task.
 *
 * A heartbeat tells the same, but seconds later.  The watch is a long poll that names the leases
 * which have run for WATCH_AFTER_NS: short tasks, which are most, cost no request.  One that
 * gets that old while a watch waits is missing from it; the supervisor then ends the watch and
 * the next one names it too. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "node/agent_state.h"

#define WATCH_AFTER_NS 300000000ll
#define WATCH_MS       25000
#define WATCH_SLACK_MS 10000

static bool is_watchable(const struct held *h, int64_t now_ns)
{
    return h->running && !h->over && now_ns - h->began_ns >= WATCH_AFTER_NS;
}

void watch_apply(struct agent *a, json_t *reply)
{
    json_t *list = json_object_get(reply, "cancelled_leases"), *v;
    struct held *held;
    size_t i;

    json_array_foreach(list, i, v)
    {
        const char *id = json_string_value(v);

        pthread_mutex_lock(&a->lock);
        for (held = a->held; id && held; held = held->next) {
            if (strcmp(held->lease_id, id) == 0 && !held->over) {
                held->over = true;
                cage_cancel(&held->cancel);
                pthread_cond_broadcast(&a->wake); /* it may wait for its turn to prove */
                log_info("node", "lease %s is over, says the server", id);
            }
        }
        pthread_mutex_unlock(&a->lock);
    }
}

void watch_refresh(struct agent *a)
{
    int64_t now = clock_mono_ns();
    const struct held *h;

    if (!a->watch_up)
        return;
    for (h = a->held; h && (h->watched || !is_watchable(h, now)); h = h->next)
        ;
    if (h || a->closing)
        uplink_cancel(a->watch_up);
}

/* Until there is a lease, then until it may be old enough; false when closing. */
static bool wait_for_work(struct agent *a)
{
    bool closing;

    pthread_mutex_lock(&a->lock);
    while (!a->held && !a->closing)
        pthread_cond_wait(&a->new_held, &a->lock);
    closing = a->closing;
    pthread_mutex_unlock(&a->lock);
    return !closing && !agent_sleep(a, WATCH_AFTER_NS / 1000000, &a->closing);
}

/* The ids to watch, or NULL when there are none; from now on watch_refresh may end the call. */
static json_t *begin(struct agent *a, struct uplink *up)
{
    json_t *ids = json_array();
    int64_t now = clock_mono_ns();
    struct held *h;

    pthread_mutex_lock(&a->lock);
    for (h = a->held; h; h = h->next) {
        h->watched = is_watchable(h, now);
        if (h->watched)
            json_array_append_new(ids, json_string(h->lease_id));
    }
    a->watch_up = !a->closing && json_array_size(ids) > 0 ? up : NULL;
    if (!a->watch_up) {
        json_decref(ids);
        ids = NULL;
    }
    pthread_mutex_unlock(&a->lock);
    return ids;
}

static void end(struct agent *a)
{
    struct uplink *up;

    pthread_mutex_lock(&a->lock);
    up = a->watch_up;
    a->watch_up = NULL;
    pthread_mutex_unlock(&a->lock);
    uplink_rearm(up);
}

static int watch(struct agent *a, struct uplink *up, json_t *ids)
{
    json_t *body = json_pack("{s:i, s:o}", "wait_ms", WATCH_MS, "leases", ids), *reply = NULL;
    char path[128];
    struct err err = {0};
    int rc;

    snprintf(path, sizeof path, "/api/v1/nodes/%s/watch", a->node_id);
    rc = uplink_json(up, "POST", path, body, WATCH_MS + WATCH_SLACK_MS, &reply, &err);
    json_decref(body);
    if (rc == VCP_OK)
        watch_apply(a, reply);
    else if (rc != VCP_ECANCELLED)
        log_debug("node", "watch: %s", err.msg);
    json_decref(reply);
    return rc;
}

void *watch_thread(void *arg)
{
    struct agent *a = arg;
    struct backoff pause = {0};
    struct uplink *up;
    struct err err = {0};

    if (uplink_new(&up, a->server, a->ca_file, &a->key, a->node_id, &err) < 0) {
        log_warn("node", "no watch, cancellations come with the heartbeats: %s", err.msg);
        return NULL;
    }
    while (wait_for_work(a)) {
        json_t *ids = begin(a, up);
        int rc = VCP_OK;

        if (ids) {
            rc = watch(a, up, ids);
            end(a);
        }
        if (rc == VCP_OK || rc == VCP_ECANCELLED)
            pause.tries = 0;
        else
            agent_sleep(a, backoff_next_ms(&pause, uplink_retry_after_ms(up)), &a->closing);
    }
    uplink_free(up);
    return NULL;
}
