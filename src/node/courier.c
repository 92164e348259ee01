/* courier.c - brings results to the server, however long that takes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "node/agent_state.h"

#define LOGINS_MAX 5 /* 401s in a row: the node's key is not the one the server knows */

static void count_verdict(struct agent *a, const struct held *h, json_t *reply)
{
    const char *verdict = "unknown", *status = "?";
    bool failed;

    json_get_str(&status, h->result, "status", 32, NULL);
    json_get_str(&verdict, reply, "verdict", 32, NULL);
    failed = strcmp(status, "failed") == 0;
    pthread_mutex_lock(&a->lock);
    if (failed)
        a->stats.failed++;
    else if (strcmp(verdict, "disputed") == 0)
        a->stats.disputed++;
    else
        a->stats.completed++;
    pthread_mutex_unlock(&a->lock);
    if (failed)
        log_info("node", "task %s given back", h->task_id);
    else
        log_info("node", "task %s delivered: %s", h->task_id, verdict);
}

/* Uploads an output that was too large for the message; the cache kept it. */
static int send_blob(struct agent *a, struct uplink *up, const char *hex, struct err *err)
{
    struct buf b;
    char path[128];
    int rc;

    buf_init(&b, 0);
    rc = blob_cache_get(a->cache, &b, hex, err);
    snprintf(path, sizeof path, "/api/v1/blobs/%s", hex);
    if (rc == VCP_OK)
        rc = uplink_send(up, "PUT", path, b.data, b.len, err);
    buf_release(&b);
    return rc;
}

static int send_blob_of(struct agent *a, struct uplink *up, json_t *result, const char *inline_key,
                        const char *digest_key, struct err *err)
{
    const char *hex = NULL;

    if (json_object_get(result, inline_key) ||
        json_need_str(&hex, json_object_get(result, "outcome"), digest_key, 64, NULL) < 0)
        return VCP_OK;
    return send_blob(a, up, hex, err);
}

static int send_receipt(struct agent *a, struct uplink *up, json_t *result, struct err *err)
{
    const char *hex = NULL;

    if (json_object_get(result, "receipt_base64") ||
        json_need_str(&hex, result, "receipt_sha3", 64, NULL) < 0)
        return VCP_OK;
    return send_blob(a, up, hex, err);
}

static int send_result(struct agent *a, struct uplink *up, struct held *h, json_t **reply,
                       struct err *err)
{
    char path[128];
    int rc = VCP_OK;

    if (json_object_get(h->result, "outcome")) {
        rc = send_blob_of(a, up, h->result, "output_base64", "output_sha3", err);
        if (rc == VCP_OK)
            rc = send_blob_of(a, up, h->result, "error_base64", "error_sha3", err);
        if (rc == VCP_OK)
            rc = send_receipt(a, up, h->result, err);
    }
    snprintf(path, sizeof path, "/api/v1/tasks/%s/result", h->task_id);
    return rc < 0 ? rc : uplink_json(up, "POST", path, h->result, 30000, reply, err);
}

/* A 401 with a right clock may mean that the server forgot this node, which registering
 * mends; but not for ever. */
static bool is_final(struct agent *a, struct uplink *up, struct held *h, int rc)
{
    if (rc != VCP_EAUTH)
        return !uplink_may_retry(rc);
    if (llabs(uplink_clock_ahead_ms(up)) > SIGN_REQUEST_SKEW_MS)
        return false;
    pthread_mutex_lock(&a->lock);
    a->must_register = true;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
    return ++h->refused_logins >= LOGINS_MAX;
}

bool courier_deliver(struct agent *a, struct uplink *up, struct held *h)
{
    struct err err = {0};
    json_t *reply = NULL;
    int rc = send_result(a, up, h, &reply, &err);

    if (rc == VCP_OK) {
        count_verdict(a, h, reply);
    } else if (is_final(a, up, h, rc)) {
        log_warn("node", "task %s: the server does not take the result: %s", h->task_id, err.msg);
        pthread_mutex_lock(&a->lock);
        a->stats.rejected++;
        pthread_mutex_unlock(&a->lock);
    } else {
        log_debug("node", "task %s: not delivered yet: %s", h->task_id, err.msg);
        return false;
    }
    json_decref(reply);
    journal_remove(&a->journal, h->lease_id);
    return true;
}

int courier_load(struct agent *a, struct err *err)
{
    json_t *list = journal_load(&a->journal, err), *entry;
    size_t i;

    if (!list)
        return VCP_EIO;
    json_array_foreach(list, i, entry)
    {
        const char *lease = json_string_value(json_object_get(entry, "lease_id"));
        const char *task = json_string_value(json_object_get(entry, "task_id"));
        const char *node = json_string_value(json_object_get(entry, "node_id"));
        struct held *h;

        if (strcmp(node, a->node_id) != 0) {
            journal_remove(&a->journal, lease);
            continue;
        }
        h = agent_hold(a, lease, task);
        if (!h)
            break;
        h->running = false;
        h->result = json_incref(json_object_get(entry, "result"));
        log_info("node", "task %s: its result is still to be delivered", task);
    }
    json_decref(list);
    return VCP_OK;
}

/* One that waits; it is the courier's until dropped. */
static struct held *next_waiting(struct agent *a, const struct held *after)
{
    struct held *h;

    pthread_mutex_lock(&a->lock);
    for (h = after ? after->next : a->held; h && (h->running || !h->result); h = h->next)
        ;
    pthread_mutex_unlock(&a->lock);
    return h;
}

/* Everything that waits, once; true when nothing waits any more. */
static bool round_trip(struct agent *a, struct uplink *up)
{
    struct held *h, *next;
    bool all = true;

    for (h = next_waiting(a, NULL); h; h = next) {
        bool done = courier_deliver(a, up, h);

        next = next_waiting(a, h);
        if (done)
            agent_drop(a, h);
        all &= done;
    }
    return all;
}

void *courier_thread(void *arg)
{
    struct agent *a = arg;
    struct backoff pause = {0};
    struct uplink *up;
    struct err err = {0};
    bool closing = false;

    if (uplink_new(&up, a->server, a->ca_file, &a->key, a->node_id, &err) < 0) {
        log_error("node", "no courier: %s", err.msg);
        return NULL;
    }
    while (!closing) {
        bool all = round_trip(a, up);
        int64_t ms = 500;

        if (!all)
            ms = backoff_next_ms(&pause, uplink_retry_after_ms(up));
        else
            pause.tries = 0;
        closing = agent_sleep(a, ms, &a->closing);
    }
    round_trip(a, up); /* a last try; what fails stays in the journal */
    uplink_free(up);
    return NULL;
}
