/* slot.c - one task after another: ask, fetch, run, prove, report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/claim.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "node/agent_state.h"

#define POLL_MS       25000 /* how long the server may let us wait for work */
#define POLL_SLACK_MS 10000
#define FETCH_TRIES   4
#define ONCE_GRACE_MS 60000
#define DELIVER_MS    2000 /* of a lease, kept for the way back */

/* ---- asking ---- */

static bool is_stopping(struct agent *a)
{
    bool stopping;

    pthread_mutex_lock(&a->lock);
    stopping = a->stopping;
    pthread_mutex_unlock(&a->lock);
    return stopping;
}

/* false when a stop came first. */
static bool poll_begin(struct slot *s)
{
    struct agent *a = s->agent;
    bool go;

    pthread_mutex_lock(&a->lock);
    go = !a->stopping;
    s->polling = go;
    pthread_mutex_unlock(&a->lock);
    return go;
}

static void poll_end(struct slot *s)
{
    struct agent *a = s->agent;

    pthread_mutex_lock(&a->lock);
    s->polling = false;
    pthread_mutex_unlock(&a->lock);
    uplink_rearm(s->up);
}

/* VCP_OK with *reply NULL: no work. */
static int ask(struct slot *s, json_t **reply, struct err *err)
{
    struct agent *a = s->agent;
    char path[128];
    json_t *body;
    int rc;

    if (!poll_begin(s))
        return VCP_OK;
    body = json_pack("{s:i, s:o}", "wait_ms", POLL_MS, "held", agent_held_ids(a));
    snprintf(path, sizeof path, "/api/v1/nodes/%s/lease", a->node_id);
    rc = uplink_json(s->up, "POST", path, body, POLL_MS + POLL_SLACK_MS, reply, err);
    json_decref(body);
    poll_end(s);
    if (rc == VCP_ENOTFOUND) {
        pthread_mutex_lock(&a->lock);
        a->must_register = true;
        pthread_cond_broadcast(&a->wake);
        pthread_mutex_unlock(&a->lock);
    }
    return rc;
}

/* ---- fetching ---- */

static void set_fetching(struct slot *s, bool on)
{
    pthread_mutex_lock(&s->agent->lock);
    s->fetching = on;
    pthread_mutex_unlock(&s->agent->lock);
    if (!on)
        uplink_rearm(s->up);
}

static int fetch_once(struct slot *s, const char *kind, const char *sha3, size_t bytes_max,
                      struct buf *out, struct err *err)
{
    char path[128];
    int rc;

    snprintf(path, sizeof path, "/api/v1/%s/%s", kind, sha3);
    set_fetching(s, true);
    rc = uplink_get(s->up, path, bytes_max, out, err);
    set_fetching(s, false);
    if (rc == VCP_OK)
        rc = blob_cache_put(s->agent->cache, sha3, out->data, out->len, err);
    if (rc == VCP_EIO && out->len > 0 && uplink_status(s->up) == 200) {
        log_warn("node", "cache: %s", err->msg); /* a full disk does not stop the task */
        rc = VCP_OK;
    }
    if (rc < 0)
        buf_clear(out);
    return rc;
}

/* From the cache or the server, checked against the digest either way. */
static int fetch(struct slot *s, const char *kind, const char *sha3, size_t bytes_max,
                 struct buf *out, struct err *err)
{
    struct backoff pause = {0};
    int rc, tries;

    rc = blob_cache_get(s->agent->cache, out, sha3, NULL);
    for (tries = 0; rc < 0 && tries < FETCH_TRIES; tries++) {
        if (tries > 0 && agent_sleep(s->agent, backoff_next_ms(&pause, 0), &s->agent->hurry))
            break;
        rc = fetch_once(s, kind, sha3, bytes_max, out, err);
        if (rc < 0 && rc != VCP_EVERIFY && !uplink_may_retry(rc))
            break;
    }
    return rc < 0 ? err_prefix(err, "cannot fetch %s %.64s", kind, sha3) : rc;
}

/* ---- running ---- */

struct errand {
    struct arena arena;
    struct lease lease;
    struct held *held;
    struct buf module, input;
    struct cage_result result;
    struct cage_proof proof;
    json_t *report;
};

static void errand_init(struct errand *w)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena, NODE_JOB_BYTES_MAX * 2);
    buf_init(&w->module, 0);
    buf_init(&w->input, 0);
}

static void errand_release(struct errand *w)
{
    arena_release(&w->arena);
    buf_release(&w->module);
    buf_release(&w->input);
    cage_result_release(&w->result);
    cage_proof_release(&w->proof);
    json_decref(w->report);
}

static enum lease_failure failure_of(int rc)
{
    switch (rc) {
    case VCP_ETIMEOUT: return LEASE_FAIL_TIMEOUT;
    case VCP_EIO:
    case VCP_EFORMAT: return LEASE_FAIL_WORKER_LOST;
    default: return LEASE_FAIL_CANNOT_RUN;
    }
}

static int run_in_cage(struct slot *s, struct errand *w, struct err *err)
{
    struct run_request job;
    int rc = fetch(s, "modules", w->lease.module_sha3, WASM_MODULE_BYTES_MAX, &w->module, err);

    if (rc == VCP_OK && w->lease.inputs.stdin_sha3)
        rc = fetch(s, "blobs", w->lease.inputs.stdin_sha3, NODE_INPUT_BYTES_MAX, &w->input, err);
    if (rc < 0)
        return rc == VCP_EIO || rc == VCP_ETIMEOUT ? VCP_EBUSY : rc; /* not the worker's doing */
    lease_request(&job, &w->lease);
    job.module = w->module.data;
    job.module_bytes = w->module.len;
    job.input = w->input.data;
    job.input_bytes = w->input.len;
    return cage_run(s->agent->cage, &w->result, &job, &w->held->cancel, err);
}

/* ---- proving ---- */

/* One at a time, as each takes all cores and its share of memory; false when the lease ended or the
 * node stops while it waits. */
static bool proving_begin(struct agent *a, const struct held *h)
{
    bool go;

    pthread_mutex_lock(&a->lock);
    while (a->proving && !h->over && !h->give_back && !a->closing)
        pthread_cond_wait(&a->wake, &a->lock);
    go = !h->over && !h->give_back && !a->closing;
    a->proving |= go;
    pthread_mutex_unlock(&a->lock);
    return go;
}

static void proving_end(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    a->proving = false;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

static void tell_progress(void *arg, const char *stage, unsigned permille)
{
    const struct errand *w = arg;

    log_debug("node", "task %s: proving, %s, %u %%", w->lease.task_id, stage, permille / 10);
}

/* What is left of the lease, less what delivering takes. */
static int64_t proving_ms(const struct errand *w)
{
    int64_t spent_ms = (clock_mono_ns() - w->held->began_ns) / 1000000;

    return w->lease.lease_ms - spent_ms - DELIVER_MS;
}

static void fill_proof_job(struct agent *a, const struct errand *w, struct cage_prove *job,
                           const char *keys_dir)
{
    lease_request(&job->job.run, &w->lease);
    job->job.run.module = w->module.data;
    job->job.run.module_bytes = w->module.len;
    job->job.run.input = w->input.data;
    job->job.run.input_bytes = w->input.len;
    claim_context(job->job.context, w->lease.task_id, w->lease.lease_id, a->node_id);
    job->job.memory_bytes_max = a->config.prove_bytes_max;
    job->job.threads = a->config.prove_threads;
    job->job.timeout_ms = (uint32_t)proving_ms(w);
    job->keys_dir = keys_dir;
    job->progress = tell_progress;
}

static int prove_in_cage(struct slot *s, struct errand *w, struct err *err)
{
    struct agent *a = s->agent;
    struct cage_prove job = {.progress_arg = w};
    char keys_dir[KEYSTORE_PATH_BYTES];
    int rc;

    if (!proving_begin(a, w->held))
        return err_set(err, VCP_ECANCELLED, "the lease is over");
    pthread_mutex_lock(&a->lock);
    memcpy(keys_dir, a->keys_dir, sizeof keys_dir);
    pthread_mutex_unlock(&a->lock);
    if (!*keys_dir) {
        rc = err_set(err, VCP_EBUSY, "this node has no proving keys now");
    } else if (proving_ms(w) <= 0) {
        rc = err_set(err, VCP_ETIMEOUT, "no time is left for the proof");
    } else {
        fill_proof_job(a, w, &job, keys_dir);
        rc = cage_prove(a->cage, &w->proof, &job, &w->held->cancel, err);
        if (rc == VCP_ETIMEOUT)
            err_set(err, rc, "the proof took longer than the lease");
    }
    proving_end(a);
    return rc;
}

/* Only what is an outcome is proven. */
static bool is_to_be_proven(const struct errand *w)
{
    enum lease_failure failure;
    struct outcome o;
    char reason[600];

    return w->lease.prove && lease_outcome(&o, &w->result, &failure, reason, sizeof reason);
}

/* ---- telling ---- */

/* What is too large for the message waits in the cache until it is uploaded. */
static int keep_outputs(struct agent *a, struct errand *w, const struct outcome *o, struct err *err)
{
    char hex[SHA3_256_HEX_BYTES];
    int rc = VCP_OK;

    if (!json_object_get(w->report, "output_base64")) {
        hex_encode(hex, o->output_sha3, SHA3_256_BYTES);
        rc = blob_cache_put(a->cache, hex, w->result.output.data, w->result.output.len, err);
    }
    if (rc == VCP_OK && !json_object_get(w->report, "error_base64")) {
        hex_encode(hex, o->error_sha3, SHA3_256_BYTES);
        rc = blob_cache_put(a->cache, hex, w->result.error_output.data, w->result.error_output.len,
                            err);
    }
    if (rc == VCP_OK && json_object_get(w->report, "receipt_sha3") &&
        !json_object_get(w->report, "receipt_base64"))
        rc = blob_cache_put(a->cache, json_string_value(json_object_get(w->report, "receipt_sha3")),
                            w->proof.receipt.data, w->proof.receipt.len, err);
    return rc;
}

static void report_failure(struct agent *a, struct errand *w, enum lease_failure f,
                           const char *reason)
{
    log_warn("node", "task %s failed here: %s", w->lease.task_id, reason);
    json_decref(w->report);
    w->report = lease_failed(&w->lease, a->node_id, f, reason);
    pthread_mutex_lock(&a->lock);
    if (f != LEASE_FAIL_SHUTDOWN)
        a->error_count++;
    pthread_mutex_unlock(&a->lock);
}

/* false: there is no receipt, and that is what was reported. */
static bool check_proof(struct agent *a, struct errand *w)
{
    const struct wire_proof *p = &w->proof.report;

    if (!w->lease.prove)
        return true;
    if (p->status != PROOF_MADE) {
        report_failure(a, w,
                       p->status == PROOF_FAILED ? LEASE_FAIL_CANNOT_RUN : LEASE_FAIL_CANNOT_PROVE,
                       p->message);
        return false;
    }
    log_info("node",
             "task %s proven: rows=%" PRIu64 " proofs=%u receipt_bytes=%zu prove_ms=%.0f "
             "keys_ms=%.0f trace_ms=%.0f memory_mb=%.0f",
             w->lease.task_id, p->n_rows, p->n_proofs, w->proof.receipt.len,
             (double)p->prove_ns / 1e6, (double)p->open_ns / 1e6, (double)p->trace_ns / 1e6,
             (double)p->process_bytes_peak / 1048576);
    return true;
}

static void cheat(struct agent *a, struct errand *w, struct outcome *o)
{
    if (!w->lease.prove || a->forge == FORGE_NOTHING)
        return;
    pthread_mutex_lock(&a->lock);
    forge(a->forge, o, &w->result.output, &w->proof.receipt, &a->kept);
    pthread_mutex_unlock(&a->lock);
}

static void report_outcome(struct agent *a, struct errand *w)
{
    const struct wire_report *r = &w->result.report;
    enum lease_failure failure;
    struct outcome o;
    struct err err = {0};
    char reason[600];

    if (a->config.dishonest)
        lease_falsify(&w->result);
    if (!lease_outcome(&o, &w->result, &failure, reason, sizeof reason)) {
        report_failure(a, w, failure, reason);
        return;
    }
    if (!check_proof(a, w))
        return;
    cheat(a, w, &o);
    w->report = lease_completed(
        &w->lease, a->node_id, &a->key,
        &(struct lease_result){.outcome = &o,
                               .output = &w->result.output,
                               .error_output = &w->result.error_output,
                               .receipt = &w->proof.receipt,
                               .execution_time_ms = (r->load_ns + r->run_ns) / 1000000,
                               .prove_ms = w->proof.wall_ns / 1000000});
    if (!w->report || keep_outputs(a, w, &o, &err) < 0) {
        report_failure(a, w, LEASE_FAIL_CANNOT_RUN, err.msg[0] ? err.msg : "no memory");
        return;
    }
    log_info("node",
             "task %s ran: status=%s gas=%" PRIu64 " load_ms=%.1f run_ms=%.1f memory_mb=%.1f",
             w->lease.task_id, outcome_status_name(o.status), o.gas_used, (double)r->load_ns / 1e6,
             (double)r->run_ns / 1e6, (double)r->process_bytes_peak / 1048576);
    pthread_mutex_lock(&a->lock);
    a->error_count = 0;
    a->stats.gas_used += o.gas_used;
    pthread_mutex_unlock(&a->lock);
}

/* Fills w->report, or leaves it NULL when nobody wants to hear. */
static void run_lease(struct slot *s, struct errand *w)
{
    struct agent *a = s->agent;
    struct err err = {0};
    bool over, give_back;
    int rc = run_in_cage(s, w, &err);

    if (rc == VCP_OK && is_to_be_proven(w))
        rc = prove_in_cage(s, w, &err);
    pthread_mutex_lock(&a->lock);
    over = w->held->over;
    give_back = w->held->give_back;
    pthread_mutex_unlock(&a->lock);
    if (over)
        return;
    if (rc == VCP_OK)
        report_outcome(a, w);
    else if (give_back)
        report_failure(a, w, LEASE_FAIL_SHUTDOWN, "node stopping");
    else
        report_failure(a, w, failure_of(rc), err.msg);
}

/* Journal first, then the network; what the network does not take now is the courier's. */
static void report(struct slot *s, struct errand *w)
{
    struct agent *a = s->agent;
    struct held *h = w->held;
    struct err err = {0};

    if (!w->report) {
        agent_drop(a, h);
        return;
    }
    if (journal_put(&a->journal, h->task_id, h->lease_id, a->node_id, w->report, &err) < 0)
        log_warn("node", "journal: %s", err.msg);
    h->result = json_incref(w->report);
    if (courier_deliver(a, s->up, h)) {
        agent_drop(a, h);
        return;
    }
    pthread_mutex_lock(&a->lock);
    h->running = false;
    pthread_mutex_unlock(&a->lock);
}

/* Parses the reply into the errand and holds it, before the next poll begins. */
static bool accept_lease(struct slot *s, struct errand *w, json_t *reply)
{
    struct agent *a = s->agent;
    struct err err = {0};

    if (lease_parse(&w->lease, &w->arena, reply, &err) < 0) {
        log_error("node", "a lease this node does not understand: %s", err.msg);
        return false;
    }
    w->held = agent_hold(a, w->lease.lease_id, w->lease.task_id);
    if (!w->held)
        return false;
    pthread_mutex_lock(&a->lock);
    a->lease_ms = w->lease.lease_ms;
    if (a->hurry) {
        w->held->give_back = true;
        cage_cancel(&w->held->cancel);
    }
    pthread_mutex_unlock(&a->lock);
    return true;
}

/* One poll; true with *w filled when there is a lease to run. */
static bool next_lease(struct slot *s, struct errand *w, struct backoff *pause)
{
    struct agent *a = s->agent;
    int64_t began = clock_mono_ns(), wait_ms = 0;
    struct err err = {0};
    json_t *reply = NULL;
    bool accepted = false;
    int rc;

    pthread_mutex_lock(&a->poll);
    rc = ask(s, &reply, &err);
    if (rc == VCP_OK && reply)
        accepted = accept_lease(s, w, reply);
    pthread_mutex_unlock(&a->poll);
    json_decref(reply);
    if (rc == VCP_OK)
        pause->tries = 0;
    if (rc < 0 && rc != VCP_ECANCELLED) {
        if (pause->tries == 0)
            log_warn("node", "cannot ask for work: %s", err.msg);
        wait_ms = backoff_next_ms(pause, uplink_retry_after_ms(s->up));
    } else if (!accepted && clock_mono_ns() - began < 200000000) {
        wait_ms = 200; /* a server that does not let us wait is not hammered */
    }
    if (!accepted && wait_ms > 0)
        agent_sleep(a, wait_ms, &a->stopping);
    return accepted;
}

/* In safe mode, or with so many undelivered results that more would be lost work. */
static bool is_unsafe(struct agent *a)
{
    const struct held *h;
    unsigned n = 0;
    bool unsafe;

    pthread_mutex_lock(&a->lock);
    for (h = a->held; h; h = h->next)
        n++;
    unsafe = a->unsafe != NULL || n >= NODE_HELD_MAX;
    pthread_mutex_unlock(&a->lock);
    return unsafe;
}

void *slot_thread(void *arg)
{
    struct slot *s = arg;
    struct agent *a = s->agent;
    struct backoff pause = {0};

    while (!is_stopping(a)) {
        struct errand w;

        if (is_unsafe(a)) {
            agent_sleep(a, 500, &a->stopping);
            continue;
        }
        errand_init(&w);
        if (next_lease(s, &w, &pause)) {
            run_lease(s, &w);
            report(s, &w);
            if (a->config.once)
                agent_stop(a, ONCE_GRACE_MS);
        }
        errand_release(&w);
    }
    pthread_mutex_lock(&a->lock);
    a->slots_alive--;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}
