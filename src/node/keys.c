/* keys.c - the thread that keeps this node's keys those of the server, so that it can be given
 * work that is proven; see keystore.h for where they are. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "node/agent_state.h"

#define TELL_EVERY_NS 5000000000

struct keys {
    struct agent *agent;
    struct uplink *up;
    int64_t told_ns;
};

/* What is registered follows what is here. */
static void set_ready(struct agent *a, const char *id, const char *dir)
{
    pthread_mutex_lock(&a->lock);
    if (strcmp(a->keyset, id) != 0)
        a->must_register = true;
    snprintf(a->keyset, sizeof a->keyset, "%s", id);
    snprintf(a->keys_dir, sizeof a->keys_dir, "%s", dir);
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

static bool is_closing(void *arg)
{
    struct agent *a = ((struct keys *)arg)->agent;
    bool closing;

    pthread_mutex_lock(&a->lock);
    closing = a->closing || a->stopping;
    pthread_mutex_unlock(&a->lock);
    return closing;
}

static void tell(void *arg, uint64_t done_bytes, uint64_t all_bytes)
{
    struct keys *k = arg;
    int64_t now = clock_mono_ns();

    if (now - k->told_ns < TELL_EVERY_NS && done_bytes < all_bytes)
        return;
    k->told_ns = now;
    log_info("node", "proving keys: %" PRIu64 " of %" PRIu64 " MB", done_bytes >> 20,
             all_bytes >> 20);
}

/* A folder that was given is used as it is, or not at all. */
static int use_folder(struct keys *k, const char *want, char path[KEYSTORE_PATH_BYTES],
                      struct err *err)
{
    const char *dir = k->agent->keys_given;
    char id[65];
    int rc = keystore_inspect(dir, id, err);

    if (rc == VCP_OK && strcmp(id, want) != 0)
        rc = err_set(err, VCP_EVERIFY,
                     "%s holds the keys %.16s, the server has %.16s: no proofs are made here", dir,
                     id, want);
    snprintf(path, KEYSTORE_PATH_BYTES, "%s", dir);
    return rc;
}

static int get_keys(struct keys *k, const char *want, struct err *err)
{
    struct agent *a = k->agent;
    const struct keystore_watch watch = {tell, is_closing, k};
    char path[KEYSTORE_PATH_BYTES];
    int rc = a->keys_given ? use_folder(k, want, path, err)
                           : keystore_get(&a->keystore, path, want, k->up, &watch, err);

    if (rc < 0)
        return rc;
    log_info("node", "proving with the keys %.16s of %s", want, path);
    set_ready(a, want, path);
    return VCP_OK;
}

/* The set the server names now; false when closing. */
static bool await_change(struct agent *a, char id[65], const char *tried)
{
    bool closing;

    pthread_mutex_lock(&a->lock);
    while (!a->closing && strcmp(a->server_keyset, tried) == 0)
        pthread_cond_wait(&a->wake, &a->lock);
    closing = a->closing;
    memcpy(id, a->server_keyset, sizeof a->server_keyset);
    pthread_mutex_unlock(&a->lock);
    return !closing;
}

static bool is_hopeless(int rc)
{
    return rc == VCP_ELIMIT || rc == VCP_EDENIED || rc == VCP_EINVAL || rc == VCP_EVERIFY;
}

void *keys_thread(void *arg)
{
    struct keys k = {.agent = arg};
    struct agent *a = arg;
    struct backoff pause = {0};
    char want[65], tried[65] = "";
    struct err err = {0};

    if (uplink_new(&k.up, a->server, a->ca_file, &a->key, a->node_id, &err) < 0) {
        log_warn("node", "no proofs: %s", err.msg);
        return NULL;
    }
    while (await_change(a, want, tried)) {
        int rc = VCP_OK;

        set_ready(a, "", "");
        if (*want)
            rc = get_keys(&k, want, &err);
        if (rc == VCP_OK || is_hopeless(rc)) {
            pause.tries = 0;
            memcpy(tried, want, sizeof tried);
        }
        if (rc < 0 && rc != VCP_ECANCELLED)
            log_warn("node", "no proofs%s: %s", is_hopeless(rc) ? "" : " yet", err.msg);
        if (rc < 0 && !is_hopeless(rc) &&
            agent_sleep(a, backoff_next_ms(&pause, uplink_retry_after_ms(k.up)), &a->closing))
            break;
    }
    uplink_free(k.up);
    return NULL;
}
