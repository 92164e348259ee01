/* worker.h - the keeper, which forks workers, and the worker, which runs one task and ends.
 *
 * The keeper has no threads, no files and no secrets: it is executed anew with an empty
 * environment and holds one socket to the agent (descriptor WORKER_CONTROL_FD).  Each
 * message there asks for one worker and carries its descriptors: the worker's
 * job socket, and a status socket on which the keeper answers with the worker's
 * process id and descriptor and, later, how it ended.  When the agent is gone the
 * keeper kills its workers and ends. */
#ifndef NODE_WORKER_H
#define NODE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "node/wire.h"

#define WORKER_CONTROL_FD 3

/* The message to the keeper: what the worker is to do.  One that proves is given a third
 * descriptor, the folder of its keys. */
enum worker_kind { WORKER_RUNS = 'w', WORKER_PROVES = 'p' };

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
/* The same for one that proves (prover.c): it maps the keys first, which is what it may still
 * see of any file when it stands in the jail. */
void prover_serve(int fd, int keys_fd, unsigned walls) __attribute__((noreturn));

/* ---- a worker's end of the conversation, on descriptor 0 ---- */

#define WORKER_JOB_FD 0 /* where jail_enter puts the socket */

bool worker_send_frame(enum wire_kind kind, const void *p, size_t n);
/* Appends the payload of the frame that must come now; false when another comes or none. */
bool worker_receive_frame(struct buf *out, enum wire_kind kind, uint64_t length_max);
/* err NULL: every wall stands. */
bool worker_send_ready(unsigned walls, const struct err *err);
/* What a run maps at most beyond its linear memory's limit. */
uint64_t worker_address_bytes(const struct run_request *job);

#endif
