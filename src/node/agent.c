/* agent.c - opening, registering, starting and stopping; the threads are in heart.c,
 * courier.c and slot.c. */
#include "node/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/threads.h"
#include "mesh/reputation.h"
#include "node/agent_state.h"
#include "node/jail.h"

#define WORKER_NICE    5    /* whoever lends a machine uses it too */
#define SLOT_MEMORY_GB 0.75 /* the default task limit of 512 MiB and what surrounds it */

void agent_config_init(struct agent_config *c)
{
    *c = (struct agent_config){.gpu = -1, .safety = safety_policy_default};
}

/* ---- what the threads share ---- */

static struct timespec deadline_after(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

bool agent_sleep(struct agent *a, int64_t ms, const bool *flag)
{
    struct timespec until = deadline_after(ms);
    bool set;

    pthread_mutex_lock(&a->lock);
    while (!*flag && pthread_cond_timedwait(&a->wake, &a->lock, &until) == 0)
        ;
    set = *flag;
    pthread_mutex_unlock(&a->lock);
    return set;
}

int64_t backoff_next_ms(struct backoff *b, int64_t at_least_ms)
{
    int64_t ms = 250ll << (b->tries < 7 ? b->tries : 7);
    uint32_t random;

    rng_bytes(&random, sizeof random);
    b->tries++;
    if (ms > 30000)
        ms = 30000;
    ms = ms / 2 + (int64_t)random % (ms / 2 + 1);
    return ms > at_least_ms ? ms : at_least_ms;
}

static void held_free(struct held *h)
{
    cage_cancel_release(&h->cancel);
    json_decref(h->result);
    free(h);
}

struct held *agent_hold(struct agent *a, const char *lease_id, const char *task_id)
{
    struct held *h = calloc(1, sizeof *h), *other;

    if (!h || cage_cancel_init(&h->cancel, NULL) < 0) {
        free(h);
        return NULL;
    }
    snprintf(h->lease_id, sizeof h->lease_id, "%s", lease_id);
    snprintf(h->task_id, sizeof h->task_id, "%s", task_id);
    h->running = true;
    h->began_ns = clock_mono_ns();
    pthread_mutex_lock(&a->lock);
    for (other = a->held; other && strcmp(other->lease_id, lease_id) != 0; other = other->next)
        ;
    if (!other) {
        h->next = a->held;
        a->held = h;
        pthread_cond_signal(&a->new_held);
    }
    pthread_mutex_unlock(&a->lock);
    if (!other)
        return h;
    held_free(h);
    return NULL;
}

void agent_drop(struct agent *a, struct held *h)
{
    struct held **p;

    pthread_mutex_lock(&a->lock);
    for (p = &a->held; *p && *p != h; p = &(*p)->next)
        ;
    if (*p)
        *p = h->next;
    pthread_mutex_unlock(&a->lock);
    held_free(h);
}

json_t *agent_held_ids(struct agent *a)
{
    json_t *list = json_array();
    const struct held *h;

    pthread_mutex_lock(&a->lock);
    for (h = a->held; h; h = h->next)
        if (!h->over)
            json_array_append_new(list, json_string(h->lease_id));
    pthread_mutex_unlock(&a->lock);
    return list;
}

/* ---- opening ---- */

static char *copy(const char *s)
{
    return s ? strdup(s) : NULL;
}

static unsigned default_slots(const struct machine *m)
{
    unsigned n = m->cpu_cores ? m->cpu_cores : 1;

    if (m->memory_gb > 0 && n > m->memory_gb / SLOT_MEMORY_GB)
        n = (unsigned)(m->memory_gb / SLOT_MEMORY_GB);
    return n < 1 ? 1 : n > NODE_SLOTS_MAX ? NODE_SLOTS_MAX : n;
}

static int agent_configure(struct agent *a, const struct agent_config *c, struct err *err)
{
    a->config = *c;
    a->server = copy(c->server);
    a->api_key = copy(c->api_key ? c->api_key : "");
    a->region = copy(c->region ? c->region : "default");
    a->node_type = copy(c->node_type ? c->node_type : "any");
    a->ca_file = copy(c->ca_file);
    a->keys_given = copy(c->keys_dir);
    if (!a->server || !a->api_key || !a->region || !a->node_type)
        return err_set(err, c->server ? VCP_ENOMEM : VCP_EINVAL, "a node needs a server's URL");
    machine_read(&a->machine, "");
    if (c->cpu_cores)
        a->machine.cpu_cores = c->cpu_cores;
    if (c->memory_gb > 0)
        a->machine.memory_gb = c->memory_gb;
    if (c->gpu >= 0)
        a->machine.gpu = c->gpu != 0;
    a->bandwidth_mbps = c->bandwidth_mbps > 0 ? c->bandwidth_mbps : NAN;
    a->n_slots = c->slots ? c->slots : default_slots(&a->machine);
    if (a->n_slots > NODE_SLOTS_MAX)
        return err_set(err, VCP_EINVAL, "at most %u tasks can run at once", NODE_SLOTS_MAX);
    if (!a->config.heartbeat_ms)
        a->config.heartbeat_ms = 15000;
    if (!a->config.cache_bytes_max)
        a->config.cache_bytes_max = 1ull << 30;
    if (!a->config.keys_bytes_max)
        a->config.keys_bytes_max = 2ull << 30;
    if (!a->config.prove_bytes_max)
        a->config.prove_bytes_max = 700ull << 20;
    if (!a->config.prove_threads)
        a->config.prove_threads = threads_cpus();
    if (c->forge && !forge_parse(&a->forge, c->forge))
        return err_set(err, VCP_EINVAL, "\"%s\" is no way to forge receipts", c->forge);
    return VCP_OK;
}

/* One agent for a state folder: two would answer for each other's leases. */
static int lock_state(struct agent *a, struct err *err)
{
    char path[4096];
    int rc = file_make_dirs(a->config.state_dir, err);

    if (rc < 0)
        return rc;
    snprintf(path, sizeof path, "%s/lock", a->config.state_dir);
    a->state_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (a->state_lock < 0)
        return err_set(err, VCP_EIO, "%s: %s", path, strerror(errno));
    if (flock(a->state_lock, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, VCP_EBUSY, "another node runs in %s", a->config.state_dir);
    return VCP_OK;
}

/* Key, name, and the two folders under the state folder. */
static int open_state(struct agent *a, struct err *err)
{
    char path[4096];
    int rc = lock_state(a, err);

    if (rc == VCP_OK)
        rc = identity_key(&a->key, a->config.state_dir, err);
    if (rc < 0)
        return rc;
    if (a->config.node_id) {
        rc = identity_check_id(a->config.node_id, err);
        if (rc < 0)
            return rc;
        snprintf(a->node_id, sizeof a->node_id, "%s", a->config.node_id);
    } else {
        identity_default_id(a->node_id, a->machine.hostname, &a->key);
    }
    snprintf(path, sizeof path, "%s/cache", a->config.state_dir);
    rc = blob_cache_open(&a->cache, path, a->config.cache_bytes_max, err);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof path, "%s/keys", a->config.state_dir);
    if (a->config.prove && !a->keys_given &&
        (rc = keystore_open(&a->keystore, path, a->config.keys_bytes_max, err)) < 0)
        return rc;
    snprintf(path, sizeof path, "%s/journal", a->config.state_dir);
    rc = journal_open(&a->journal, path, err);
    return rc < 0 ? rc : courier_load(a, err);
}

static int open_slots(struct agent *a, struct err *err)
{
    unsigned i;
    int rc = VCP_OK;

    a->slots = calloc(a->n_slots, sizeof a->slots[0]);
    if (!a->slots)
        return err_set(err, VCP_ENOMEM, "no memory for the slots");
    for (i = 0; rc == VCP_OK && i < a->n_slots; i++) {
        a->slots[i].agent = a;
        a->slots[i].index = i;
        rc = uplink_new(&a->slots[i].up, a->server, a->ca_file, &a->key, a->node_id, err);
    }
    return rc;
}

/* A node whose workers cannot be caged must not start. */
static int inspect_cage(struct agent *a, struct err *err)
{
    char text[128];
    unsigned walls;
    int rc = cage_check(a->cage, &walls, err);

    if (rc < 0)
        return rc;
    jail_walls_text(text, sizeof text, walls);
    if (walls & JAIL_NAMESPACES && walls & JAIL_ROOT)
        log_info("node", "cage: %s", text);
    else
        log_warn("node", "cage: %s; this system gives no user namespaces", text);
    return VCP_OK;
}

int agent_open(struct agent **out, const struct agent_config *c, struct err *err)
{
    struct agent *a = calloc(1, sizeof *a);
    pthread_condattr_t monotonic;
    int rc;

    if (!a)
        return err_set(err, VCP_ENOMEM, "no memory for the agent");
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&a->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&a->new_held, NULL);
    telemetry_init(&a->telemetry);
    pthread_mutex_init(&a->poll, NULL);
    a->stats.health = NAN;
    a->state_lock = -1;
    rc = agent_configure(a, c, err);
    if (rc == VCP_OK) /* before the key is in memory, though the keeper is executed anew anyway */
        rc = cage_open(&a->cage, c->worker_program, err);
    if (rc == VCP_OK)
        cage_set_nice(a->cage, WORKER_NICE);
    if (rc == VCP_OK)
        rc = inspect_cage(a, err);
    if (rc == VCP_OK)
        rc = open_state(a, err);
    if (rc == VCP_OK)
        rc = uplink_new(&a->up, a->server, a->ca_file, &a->key, a->node_id, err);
    if (rc == VCP_OK)
        rc = open_slots(a, err);
    if (rc < 0) {
        agent_free(a);
        return rc;
    }
    *out = a;
    return VCP_OK;
}

void agent_free(struct agent *a)
{
    unsigned i;

    if (!a)
        return;
    for (i = 0; a->slots && i < a->n_slots; i++)
        uplink_free(a->slots[i].up);
    while (a->held)
        agent_drop(a, a->held);
    uplink_free(a->up);
    cage_free(a->cage);
    blob_cache_free(a->cache);
    journal_release(&a->journal);
    if (a->state_lock >= 0)
        close(a->state_lock);
    sign_key_wipe(&a->key);
    pthread_cond_destroy(&a->wake);
    pthread_cond_destroy(&a->new_held);
    pthread_mutex_destroy(&a->poll);
    pthread_mutex_destroy(&a->lock);
    free(a->slots);
    free(a->server);
    free(a->api_key);
    free(a->region);
    free(a->node_type);
    free(a->ca_file);
    free(a->keys_given);
    buf_release(&a->kept);
    free(a);
}

const char *agent_node_id(const struct agent *a)
{
    return a->node_id;
}

void agent_stats_read(struct agent *a, struct agent_stats *out)
{
    struct reputation r;
    const struct held *h;

    pthread_mutex_lock(&a->lock);
    *out = a->stats;
    r = (struct reputation){
        .completed = out->completed, .failed = out->failed, .disputes = out->disputed};
    out->reputation = reputation_score(&r);
    out->running = 0;
    for (h = a->held; h; h = h->next)
        out->running += h->running;
    out->safe_mode = a->unsafe != NULL;
    pthread_mutex_unlock(&a->lock);
}

/* ---- registering ---- */

static int register_once(struct agent *a, struct err *err)
{
    struct capabilities c = {.cpu_cores = a->machine.cpu_cores,
                             .memory_gb = a->machine.memory_gb,
                             .gpu_available = a->machine.gpu};
    char keyset[65];
    json_t *body;
    int rc;

    pthread_mutex_lock(&a->lock);
    c.bandwidth_mbps = a->bandwidth_mbps;
    memcpy(keyset, a->keyset, sizeof keyset);
    a->must_register = false;
    pthread_mutex_unlock(&a->lock);
    body = identity_registration(a->node_id, a->region, a->node_type, &c, &a->key);
    if (!body)
        return err_set(err, VCP_ENOMEM, "no memory for the registration");
    json_object_set_new(body, "slots", json_integer(a->n_slots));
    if (*keyset)
        json_object_set_new(body, "keyset", json_string(keyset));
    rc = uplink_json_as_owner(a->up, a->api_key, "POST", "/api/v1/nodes", body, NULL, err);
    json_decref(body);
    return rc;
}

/* Until it works, or cannot. */
static int register_patiently(struct agent *a, struct err *err)
{
    struct backoff pause = {0};
    struct err local;
    bool stopping = false;

    while (!stopping) {
        int rc = register_once(a, &local);

        if (rc == VCP_OK)
            return VCP_OK;
        if (rc == VCP_ESTATE)
            return err_set(err, VCP_EEXIST, "%s", local.msg);
        if (!uplink_may_retry(rc) || rc == VCP_EAUTH)
            return err_set(err, rc, "%s", local.msg);
        log_warn("node", "cannot register yet: %s", local.msg);
        stopping = agent_sleep(a, backoff_next_ms(&pause, uplink_retry_after_ms(a->up)),
                               &a->stopping);
    }
    return err_set(err, VCP_ECANCELLED, "stopped before the server was reached");
}

/* ---- running ---- */

/* How many could be started. */
static unsigned start_slots(struct agent *a)
{
    unsigned i;

    pthread_mutex_lock(&a->lock);
    for (i = 0; i < a->n_slots; i++)
        if (pthread_create(&a->slots[i].thread, NULL, slot_thread, &a->slots[i]) != 0)
            break;
    a->slots_alive = i;
    pthread_mutex_unlock(&a->lock);
    return i;
}

/* Gives back what still runs; called with the lock. */
static void hurry_up(struct agent *a)
{
    struct held *h;
    unsigned i;

    a->hurry = true;
    pthread_cond_broadcast(&a->wake);
    for (h = a->held; h; h = h->next) {
        if (h->running) {
            h->give_back = true;
            cage_cancel(&h->cancel);
        }
    }
    for (i = 0; i < a->n_slots; i++)
        if (a->slots[i].fetching)
            uplink_cancel(a->slots[i].up);
}

void agent_stop(struct agent *a, uint32_t grace_ms)
{
    int64_t deadline = clock_mono_ns() + grace_ms * 1000000ll;
    unsigned i;

    pthread_mutex_lock(&a->lock);
    if (!a->stopping || deadline < a->stop_deadline_ns)
        a->stop_deadline_ns = deadline;
    a->stopping = true;
    for (i = 0; a->slots && i < a->n_slots; i++)
        if (a->slots[i].polling)
            uplink_cancel(a->slots[i].up);
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

/* Waits for every slot to end, hurrying those that run past the deadline.  Meanwhile registers
 * again when somebody asks for it. */
static int supervise(struct agent *a, struct err *err)
{
    int rc = VCP_OK;

    pthread_mutex_lock(&a->lock);
    while (a->slots_alive > 0) {
        struct timespec until = deadline_after(200);

        if (a->stopping && !a->hurry && clock_mono_ns() >= a->stop_deadline_ns)
            hurry_up(a);
        watch_refresh(a);
        if (a->must_register && !a->stopping) {
            pthread_mutex_unlock(&a->lock);
            rc = register_patiently(a, err);
            if (rc < 0 && rc != VCP_ECANCELLED)
                agent_stop(a, 0);
            pthread_mutex_lock(&a->lock);
            continue;
        }
        pthread_cond_timedwait(&a->wake, &a->lock, &until);
    }
    pthread_mutex_unlock(&a->lock);
    return rc == VCP_ECANCELLED ? VCP_OK : rc;
}

static void close_threads(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    a->closing = true;
    pthread_cond_broadcast(&a->wake);
    pthread_cond_broadcast(&a->new_held);
    watch_refresh(a);
    pthread_mutex_unlock(&a->lock);
}

static int run_threads(struct agent *a, struct err *err)
{
    pthread_t heart, courier, watch, keys;
    bool watching, proving;
    unsigned i, n;
    int rc;

    if (pthread_create(&heart, NULL, heart_thread, a) != 0)
        return err_set(err, VCP_EIO, "cannot start the heartbeat's thread");
    if (pthread_create(&courier, NULL, courier_thread, a) != 0) {
        close_threads(a);
        pthread_join(heart, NULL);
        return err_set(err, VCP_EIO, "cannot start the courier's thread");
    }
    /* Without it cancellations still come with the heartbeats. */
    watching = pthread_create(&watch, NULL, watch_thread, a) == 0;
    proving = a->config.prove && pthread_create(&keys, NULL, keys_thread, a) == 0;
    n = start_slots(a);
    if (n < a->n_slots)
        log_warn("node", "only %u of %u slots could be started", n, a->n_slots);
    rc = n > 0 ? supervise(a, err) : err_set(err, VCP_EIO, "cannot start a thread for a slot");
    for (i = 0; i < n; i++)
        pthread_join(a->slots[i].thread, NULL);
    close_threads(a);
    if (watching)
        pthread_join(watch, NULL);
    if (proving)
        pthread_join(keys, NULL);
    pthread_join(courier, NULL);
    pthread_join(heart, NULL);
    return rc;
}

int agent_run(struct agent *a, struct err *err)
{
    int rc = register_patiently(a, err);

    if (rc == VCP_ECANCELLED)
        return VCP_OK;
    if (rc < 0)
        return rc;
    log_info("node", "registered %s: region=%s type=%s cores=%u memory_gb=%.1f gpu=%s slots=%u",
             a->node_id, a->region, a->node_type, a->machine.cpu_cores, a->machine.memory_gb,
             a->machine.gpu ? "yes" : "no", a->n_slots);
    return run_threads(a, err);
}
