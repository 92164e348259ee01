#include "http/conns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "vcp/err.h"

/* Shuts the sockets whose time is over; the HTTP library then sees an end of file.
 * The descriptor is still open here, because removal takes the same lock first. */
static void shut_overdue(struct conns *cs)
{
    int64_t now = clock_mono_ns();
    struct conn *c;

    for (c = cs->head; c; c = c->next) {
        if (c->deadline_ns == 0 || c->deadline_ns > now)
            continue;
        shutdown(c->fd, SHUT_RDWR);
        c->deadline_ns = 0;
        cs->n_timed_out++;
    }
}

static void *conns_main(void *arg)
{
    struct conns *cs = arg;

    pthread_mutex_lock(&cs->lock);
    while (!cs->stopping) {
        int64_t at = clock_mono_ns() + 250000000;
        struct timespec ts = {at / 1000000000, at % 1000000000};

        pthread_cond_timedwait(&cs->cond, &cs->lock, &ts);
        shut_overdue(cs);
    }
    pthread_mutex_unlock(&cs->lock);
    return NULL;
}

int conns_init(struct conns *cs)
{
    pthread_condattr_t attr;

    memset(cs, 0, sizeof *cs);
    pthread_mutex_init(&cs->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&cs->cond, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&cs->thread, NULL, conns_main, cs) != 0)
        return VCP_EIO;
    cs->running = true;
    return VCP_OK;
}

void conns_release(struct conns *cs)
{
    pthread_mutex_lock(&cs->lock);
    cs->stopping = true;
    pthread_cond_signal(&cs->cond);
    pthread_mutex_unlock(&cs->lock);
    if (cs->running)
        pthread_join(cs->thread, NULL);
    pthread_cond_destroy(&cs->cond);
    pthread_mutex_destroy(&cs->lock);
}

struct conn *conns_add(struct conns *cs, int fd, int64_t timeout_ms)
{
    struct conn *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->fd = fd;
    c->deadline_ns = clock_mono_ns() + timeout_ms * 1000000;
    pthread_mutex_lock(&cs->lock);
    c->next = cs->head;
    c->link = &cs->head;
    if (c->next)
        c->next->link = &c->next;
    cs->head = c;
    cs->n++;
    pthread_mutex_unlock(&cs->lock);
    return c;
}

void conns_remove(struct conns *cs, struct conn *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&cs->lock);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    cs->n--;
    pthread_mutex_unlock(&cs->lock);
    free(c);
}

void conns_phase(struct conns *cs, struct conn *c, int64_t timeout_ms)
{
    if (!c)
        return;
    pthread_mutex_lock(&cs->lock);
    c->deadline_ns = timeout_ms ? clock_mono_ns() + timeout_ms * 1000000 : 0;
    pthread_mutex_unlock(&cs->lock);
}
