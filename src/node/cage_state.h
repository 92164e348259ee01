/* cage_state.h - what the files of the cage share; private to cage.c and cage_prove.c. */
#ifndef NODE_CAGE_STATE_H
#define NODE_CAGE_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "node/cage.h"
#include "node/talk.h"

#define CAGE_SPARE_MAX 8 /* idle workers cost a process each */

struct cage {
    char *program;
    pthread_mutex_t lock;
    int control_fd;
    pid_t keeper_pid;
    struct talk_ends spares[CAGE_SPARE_MAX];
    unsigned n_spares, n_running, n_running_peak;
    int nice;               /* of workers with a job */
    _Atomic int worker_pid; /* of the job started last, -1 when it ended */
};

/* A new worker: with keys_fd, a folder, one that proves; with -1 one that runs.  Called with the
 * lock. */
int cage_spawn(struct cage *c, struct talk_ends *out, int keys_fd, struct err *err);
/* The process is there; it steps back behind the machine's other programs. */
int cage_begin(struct cage *c, struct talk *t, struct err *err);

#endif
