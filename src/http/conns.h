/* conns.h - every open connection and by when its present phase must be over.
 *
 * The HTTP library's own timeout restarts with every byte, so a peer that sends one
 * byte a minute would hold a connection for ever; these deadlines do not move. */
#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct conn {
    struct conn *next, **link;
    int fd;
    int64_t deadline_ns; /* 0: none (being handled, or waiting in a bounded wait) */
};

struct conns {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    pthread_t thread;
    bool running, stopping;
    struct conn *head;
    uint64_t n, n_timed_out;
};

int conns_init(struct conns *cs); /* VCP_OK or VCP_EIO */
/* All connections must be gone. */
void conns_release(struct conns *cs);
/* NULL when out of memory. */
struct conn *conns_add(struct conns *cs, int fd, int64_t timeout_ms);
void conns_remove(struct conns *cs, struct conn *c);
/* timeout_ms 0: no deadline. */
void conns_phase(struct conns *cs, struct conn *c, int64_t timeout_ms);

#endif
