#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/limits.h"

struct threads {
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    unsigned n_workers, n_busy;
    unsigned long generation; /* counts jobs, so that a worker joins each job once */
    bool stop;
    void (*fn)(void *, size_t);
    void *arg;
    size_t n;
    atomic_size_t next;
    pthread_t worker[];
};

static void take_pieces(struct threads *t)
{
    size_t i;

    while ((i = atomic_fetch_add(&t->next, 1)) < t->n)
        t->fn(t->arg, i);
}

static void *worker_main(void *p)
{
    struct threads *t = p;
    unsigned long seen = 0;

    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (!t->stop && t->generation == seen)
            pthread_cond_wait(&t->start, &t->lock);
        if (t->stop)
            break;
        seen = t->generation;
        pthread_mutex_unlock(&t->lock);
        take_pieces(t);
        pthread_mutex_lock(&t->lock);
        if (--t->n_busy == 0)
            pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

unsigned threads_cpus(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > 0 ? (unsigned)n : 1;
}

struct threads *threads_new(unsigned n_threads)
{
    struct threads *t;
    unsigned i;

    if (n_threads == 0)
        n_threads = threads_cpus();
    if (n_threads > THREADS_MAX)
        n_threads = THREADS_MAX;
    t = calloc(1, sizeof *t + (n_threads - 1) * sizeof t->worker[0]);
    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->start, NULL);
    pthread_cond_init(&t->done, NULL);
    for (i = 0; i + 1 < n_threads; i++) {
        if (pthread_create(&t->worker[i], NULL, worker_main, t) != 0) {
            threads_free(t);
            return NULL;
        }
        t->n_workers++;
    }
    return t;
}

void threads_free(struct threads *t)
{
    unsigned i;

    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->start);
    pthread_mutex_unlock(&t->lock);
    for (i = 0; i < t->n_workers; i++)
        pthread_join(t->worker[i], NULL);
    pthread_cond_destroy(&t->start);
    pthread_cond_destroy(&t->done);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

unsigned threads_count(const struct threads *t)
{
    return t ? t->n_workers + 1 : 1;
}

void threads_run(struct threads *t, size_t n, void (*fn)(void *arg, size_t i), void *arg)
{
    size_t i;

    if (!t || t->n_workers == 0 || n < 2) {
        for (i = 0; i < n; i++)
            fn(arg, i);
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->fn = fn;
    t->arg = arg;
    t->n = n;
    atomic_store(&t->next, 0);
    t->n_busy = t->n_workers;
    t->generation++;
    pthread_cond_broadcast(&t->start);
    pthread_mutex_unlock(&t->lock);
    take_pieces(t);
    pthread_mutex_lock(&t->lock);
    while (t->n_busy > 0)
        pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
