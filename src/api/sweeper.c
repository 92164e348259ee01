#include "api/sweeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define TICK_MS         250 /* new leases may be due before the coordinator's last answer */
#define FORGET_EVERY_NS 60000000000

struct sweeper {
    struct api_server *api;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool stopping;
    int64_t forgot_ns;
};

static void nap(struct sweeper *s, int64_t ms)
{
    int64_t at = clock_mono_ns() + ms * 1000000;
    struct timespec ts = {at / 1000000000, at % 1000000000};

    pthread_mutex_lock(&s->lock);
    if (!s->stopping)
        pthread_cond_timedwait(&s->cond, &s->lock, &ts);
    pthread_mutex_unlock(&s->lock);
}

static bool stopping(struct sweeper *s)
{
    bool yes;

    pthread_mutex_lock(&s->lock);
    yes = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return yes;
}

/* How long until the next round. */
static int64_t round_once(struct sweeper *s)
{
    int64_t next_ms = 0, wait_ms, tick_ms = TICK_MS;
    struct err err = {0};

    if (s->api->config.sweep_interval_ms < tick_ms)
        tick_ms = s->api->config.sweep_interval_ms;
    if (coord_sweep(s->api->coord, &next_ms, &err) < 0) {
        log_error("api", "sweep: %s", err.msg);
        return 1000;
    }
    if (clock_mono_ns() - s->forgot_ns > FORGET_EVERY_NS) {
        rate_sweep(s->api->rate, clock_mono_ns());
        s->forgot_ns = clock_mono_ns();
    }
    wait_ms = next_ms - api_now_ms(s->api);
    return wait_ms < 1 ? 1 : wait_ms < tick_ms ? wait_ms : tick_ms;
}

static void *sweeper_main(void *arg)
{
    struct sweeper *s = arg;

    while (!stopping(s))
        nap(s, round_once(s));
    return NULL;
}

int sweeper_start(struct sweeper **out, struct api_server *api, struct err *err)
{
    struct sweeper *s = calloc(1, sizeof *s);
    pthread_condattr_t attr;

    if (!s)
        return err_set(err, VCP_ENOMEM, "no memory for the timers");
    s->api = api;
    s->forgot_ns = clock_mono_ns();
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->cond, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&s->thread, NULL, sweeper_main, s) != 0) {
        pthread_cond_destroy(&s->cond);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return err_set(err, VCP_EIO, "cannot start the timers");
    }
    *out = s;
    return VCP_OK;
}

void sweeper_stop(struct sweeper *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->cond);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->cond);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
