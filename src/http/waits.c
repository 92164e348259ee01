#include "http/waits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "vcp/err.h"

static size_t bucket_of(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: the keys are ours or a node's own id */

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return (h ^ h >> 32) % WAIT_BUCKETS;
}

/* ---- heap of parked waits, earliest deadline first ---- */

static void heap_set(struct waits *ws, size_t i, struct wait *w)
{
    ws->heap[i] = w;
    w->heap_i = i;
}

static void heap_up(struct waits *ws, size_t i, struct wait *w)
{
    while (i > 0 && ws->heap[(i - 1) / 2]->deadline_ns > w->deadline_ns) {
        heap_set(ws, i, ws->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_set(ws, i, w);
}

static void heap_down(struct waits *ws, size_t i, struct wait *w)
{
    size_t n = ws->n_parked, c;

    while ((c = 2 * i + 1) < n) {
        if (c + 1 < n && ws->heap[c + 1]->deadline_ns < ws->heap[c]->deadline_ns)
            c++;
        if (ws->heap[c]->deadline_ns >= w->deadline_ns)
            break;
        heap_set(ws, i, ws->heap[c]);
        i = c;
    }
    heap_set(ws, i, w);
}

static bool heap_insert(struct waits *ws, struct wait *w)
{
    if (ws->n_parked == ws->heap_cap) {
        size_t cap = ws->heap_cap ? ws->heap_cap * 2 : 64;
        struct wait **heap;

        if (cap > HTTP_WAITS_MAX || !(heap = realloc(ws->heap, cap * sizeof heap[0])))
            return false;
        ws->heap = heap;
        ws->heap_cap = cap;
    }
    heap_up(ws, ws->n_parked++, w);
    return true;
}

static void heap_remove(struct waits *ws, struct wait *w)
{
    struct wait *last = ws->heap[--ws->n_parked];

    if (last == w)
        return;
    if (last->deadline_ns < w->deadline_ns)
        heap_up(ws, w->heap_i, last);
    else
        heap_down(ws, w->heap_i, last);
}

/* ---- table of armed and parked waits ---- */

static void table_insert(struct waits *ws, struct wait *w)
{
    struct wait **head = &ws->buckets[bucket_of(w->key)];

    w->next = *head;
    w->link = head;
    if (w->next)
        w->next->link = &w->next;
    *head = w;
}

static void table_remove(struct wait *w)
{
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
}

/* Out of the heap and the table, then handled again. */
static void unpark(struct waits *ws, struct wait *w)
{
    heap_remove(ws, w);
    table_remove(w);
    w->state = WAIT_IDLE;
    ws->resume(w);
}

static void sleep_until(struct waits *ws, int64_t deadline_ns)
{
    struct timespec ts = {deadline_ns / 1000000000, deadline_ns % 1000000000};

    pthread_cond_timedwait(&ws->cond, &ws->lock, &ts);
}

static void *waits_main(void *arg)
{
    struct waits *ws = arg;

    pthread_mutex_lock(&ws->lock);
    while (!ws->stopping) {
        if (ws->n_parked == 0)
            pthread_cond_wait(&ws->cond, &ws->lock);
        else if (ws->heap[0]->deadline_ns <= clock_mono_ns())
            unpark(ws, ws->heap[0]);
        else
            sleep_until(ws, ws->heap[0]->deadline_ns);
    }
    pthread_mutex_unlock(&ws->lock);
    return NULL;
}

int waits_init(struct waits *ws, void (*resume)(struct wait *w))
{
    pthread_condattr_t attr;

    memset(ws, 0, sizeof *ws);
    ws->resume = resume;
    pthread_mutex_init(&ws->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&ws->cond, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&ws->thread, NULL, waits_main, ws) != 0)
        return VCP_EIO;
    ws->running = true;
    return VCP_OK;
}

void waits_release(struct waits *ws)
{
    waits_stop(ws);
    if (ws->running)
        pthread_join(ws->thread, NULL);
    pthread_cond_destroy(&ws->cond);
    pthread_mutex_destroy(&ws->lock);
    free(ws->heap);
}

bool waits_arm(struct waits *ws, struct wait *w, const char *key, int64_t wait_ms)
{
    bool armed;

    pthread_mutex_lock(&ws->lock);
    if (!w->started) {
        w->started = true;
        w->deadline_ns = clock_mono_ns() + wait_ms * 1000000;
    }
    armed = !ws->stopping && clock_mono_ns() < w->deadline_ns;
    if (armed && w->state == WAIT_IDLE) {
        size_t n = strlen(key);

        if (n >= WAIT_KEY_BYTES)
            n = WAIT_KEY_BYTES - 1;
        memcpy(w->key, key, n);
        w->key[n] = 0;
        w->woken = false;
        w->state = WAIT_ARMED;
        table_insert(ws, w);
    }
    pthread_mutex_unlock(&ws->lock);
    return armed;
}

static void disarm_locked(struct wait *w)
{
    if (w->state == WAIT_ARMED) {
        table_remove(w);
        w->state = WAIT_IDLE;
    }
}

bool waits_park(struct waits *ws, struct wait *w)
{
    bool parked = false;

    pthread_mutex_lock(&ws->lock);
    if (w->state == WAIT_ARMED && !w->woken && !ws->stopping && heap_insert(ws, w)) {
        w->state = WAIT_PARKED;
        parked = true;
        if (w->heap_i == 0)
            pthread_cond_signal(&ws->cond);
    } else {
        if (w->state == WAIT_ARMED && !w->woken)
            w->deadline_ns = 0; /* stopping, or no room: no second try */
        disarm_locked(w);
    }
    pthread_mutex_unlock(&ws->lock);
    return parked;
}

void waits_disarm(struct waits *ws, struct wait *w)
{
    pthread_mutex_lock(&ws->lock);
    disarm_locked(w);
    pthread_mutex_unlock(&ws->lock);
}

void waits_wake(struct waits *ws, const char *key)
{
    struct wait *w, *next;

    pthread_mutex_lock(&ws->lock);
    for (w = ws->buckets[bucket_of(key)]; w; w = next) {
        next = w->next;
        if (strncmp(w->key, key, WAIT_KEY_BYTES - 1) != 0)
            continue;
        if (w->state == WAIT_PARKED)
            unpark(ws, w);
        else
            w->woken = true;
    }
    pthread_mutex_unlock(&ws->lock);
}

void waits_stop(struct waits *ws)
{
    pthread_mutex_lock(&ws->lock);
    ws->stopping = true;
    while (ws->n_parked > 0)
        unpark(ws, ws->heap[0]);
    pthread_cond_signal(&ws->cond);
    pthread_mutex_unlock(&ws->lock);
}

size_t waits_parked(struct waits *ws)
{
    size_t n;

    pthread_mutex_lock(&ws->lock);
    n = ws->n_parked;
    pthread_mutex_unlock(&ws->lock);
    return n;
}
