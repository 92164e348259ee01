/* worker.h - the keeper, which forks workers, and the worker, which runs one task and ends.
 *
 * The keeper has no threads, no files and no secrets: it is executed anew with an empty
 * environment and holds one socket to the agent (descriptor WORKER_CONTROL_FD).  Each
 * message there asks for one worker and carries two descriptors: the worker's
 * job socket, and a status socket on which the keeper answers with the worker's
 * process id and descriptor and, later, how it ended.  When the agent is gone the
 * keeper kills its workers and ends. */
#ifndef NODE_WORKER_H
#define NODE_WORKER_H

#include <stdint.h>

#define WORKER_CONTROL_FD 3

/* On the status socket, one datagram each. */
enum worker_event_kind { WORKER_STARTED = 1, WORKER_ENDED };
struct worker_event {
    uint32_t kind;
    int32_t pid;         /* in the agent's namespace */
    int32_t wait_status; /* WORKER_ENDED: as waitpid gives it */
    uint32_t walls;      /* WORKER_STARTED: JAIL_NAMESPACES or 0 */
};

/* The keeper's whole life; returns its exit status.  A program that uses cage.h calls this when
 * argv[1] is CAGE_WORKER_ARG, before anything else. */
int worker_main(void);

/* A forked worker's whole life: enters the jail, reads one job from fd, runs it, answers. */
void worker_serve(int fd, unsigned walls) __attribute__((noreturn));

#endif
