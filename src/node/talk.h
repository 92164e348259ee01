/* talk.h - the agent's conversation with one worker process, with a deadline and a way to stop.
 *
 * Frames of wire.h go over the job socket; the keeper tells on the status socket which
 * process it is and how it ended (worker.h).  The worker runs code we do not trust: whatever it
 * sends is checked by the one who asked for it. */
#ifndef NODE_TALK_H
#define NODE_TALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "node/wire.h"

struct talk_ends {
    int job_fd, status_fd; /* both -1 when there is none */
};
void talk_close(struct talk_ends *w);

struct talk {
    struct talk_ends ends;
    int pidfd, cancel_fd; /* -1: none */
    pid_t pid;
    int64_t deadline_ns; /* INT64_MAX: none */
    bool ready;          /* the worker stands in its cage: from here on no second try */
};

/* Waits for the keeper's word that the process is there. */
int talk_begin(struct talk *t, struct err *err);
/* Kills the worker and closes both ends. */
void talk_end(struct talk *t);

/* VCP_ETIMEOUT at the deadline, VCP_ECANCELLED when cancel_fd can be read, VCP_EIO when the
 * worker is gone, VCP_EFORMAT and VCP_ELIMIT for frames that are not as they must be. */
int talk_send_frame(struct talk *t, enum wire_kind kind, const void *p, size_t n, struct err *err);
/* Appends the payload of the frame that must come now. */
int talk_receive_frame(struct talk *t, enum wire_kind kind, uint64_t length_max, struct buf *out,
                       struct err *err);
/* The same for a frame of either kind. */
int talk_receive_any(struct talk *t, const enum wire_kind kinds[2], uint64_t length_max,
                     enum wire_kind *kind, struct buf *out, struct err *err);
/* VCP_EDENIED when a required wall does not stand. */
int talk_receive_ready(struct talk *t, unsigned *walls, struct err *err);

/* Why the worker is gone, in place of the bare "ended without a report". */
void talk_explain_death(struct talk *t, struct err *err);

#endif
