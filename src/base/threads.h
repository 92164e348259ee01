/* threads.h - a pool that runs one indexed job at a time on every thread.
 *
 * threads_run(pool, n, fn, arg) calls fn(arg, i) once for each i in [0, n), the
 * caller taking part, and returns when all are done.  Jobs pick the next index
 * from an atomic counter, so uneven pieces balance.  Several threads may not
 * share one pool; make one each. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <stddef.h>

struct threads;

/* n_threads counts the caller; 0 means one for each CPU this process may use.
 * NULL when memory or thread creation fails. */
struct threads *threads_new(unsigned n_threads);
void threads_free(struct threads *t);
unsigned threads_count(const struct threads *t); /* 1 for NULL */
/* t may be NULL: everything then runs in the caller. */
void threads_run(struct threads *t, size_t n, void (*fn)(void *arg, size_t i), void *arg);

/* CPUs in this process's affinity mask, at least 1. */
unsigned threads_cpus(void);

#endif
