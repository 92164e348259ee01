/* waits.h - requests that wait for a key: who is woken by what, and whose time is up.
 *
 * A wait is idle, armed (its handler is looking) or parked (its connection is
 * suspended).  A wake that finds it armed is remembered, so parking then fails and
 * the handler looks again: no wake is lost.  A hash table finds the waits of a key, a
 * heap the next one that is due; one thread resumes the due ones.  resume() runs under
 * the lock and must not block; it is called exactly once for each successful park. */
#ifndef HTTP_WAITS_H
#define HTTP_WAITS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAIT_KEY_BYTES 96
#define WAIT_BUCKETS   1024

enum wait_state { WAIT_IDLE, WAIT_ARMED, WAIT_PARKED };

struct wait {
    char key[WAIT_KEY_BYTES];
    enum wait_state state;
    bool started, woken;
    int64_t deadline_ns; /* monotonic; fixed by the first arming */
    struct wait *next, **link;
    size_t heap_i; /* while parked */
};

struct waits {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    pthread_t thread;
    bool running, stopping;
    void (*resume)(struct wait *w);
    struct wait *buckets[WAIT_BUCKETS];
    struct wait **heap;
    size_t n_parked, heap_cap;
};

int waits_init(struct waits *ws, void (*resume)(struct wait *w)); /* VCP_OK, _EIO, _ENOMEM */
/* Nothing may be parked. */
void waits_release(struct waits *ws);

/* False when the wait's time is up or the waits are stopping; it is then not armed. */
bool waits_arm(struct waits *ws, struct wait *w, const char *key, int64_t wait_ms);
/* False when it was woken, is due, or there is no room: handle again at once. */
bool waits_park(struct waits *ws, struct wait *w);
/* Forget it; must not be parked. */
void waits_disarm(struct waits *ws, struct wait *w);
void waits_wake(struct waits *ws, const char *key);
/* Resumes everything; from now on nothing can be armed or parked. */
void waits_stop(struct waits *ws);
size_t waits_parked(struct waits *ws);

#endif
