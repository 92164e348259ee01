/* cage.h - runs tasks in separate, caged processes and always comes back.
 *
 * cage_open starts a small single-threaded process, the keeper (worker.h), which
 * forks one worker for each task; a spare worker waits in its cage, so that a
 * task starts in well under a millisecond.  The caller's process never runs guest code: it sends
 * the job over a socket, watches the clock, reads the report as hostile bytes,
 * and kills what does not end.  A keeper that dies is started again.
 *
 * Thread-safe: one cage serves any number of threads. */
#ifndef NODE_CAGE_H
#define NODE_CAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "node/wire.h"
#include "wasm/run.h"

struct cage;

/* The program that cage_open executes, with argv[1] = CAGE_WORKER_ARG: it must call
 * worker_main.  NULL: this process's own executable. */
#define CAGE_WORKER_ARG "__worker"

int cage_open(struct cage **out, const char *program, struct err *err);
void cage_free(struct cage *c); /* kills what still runs; no cage_run may be in progress */

/* Workers step back behind the machine's other programs (nice(2)); before the first run. */
void cage_set_nice(struct cage *c, int nice);

/* Stops a run from another thread: the worker is killed at once. */
struct cage_cancel {
    int event_fd;
};
int cage_cancel_init(struct cage_cancel *c, struct err *err);
void cage_cancel_release(struct cage_cancel *c);
void cage_cancel(struct cage_cancel *c);

struct cage_result {
    struct wire_report report;
    struct buf output, error_output;
    unsigned walls;  /* enum jail_wall */
    int64_t wall_ns; /* from the call to the report */
};

/* Runs one request.  VCP_OK: *out has a report (which may say refused, trap, timeout...)
 * and the caller releases it.  Otherwise the sentence is the reason, and nothing is in *out:
 *   VCP_ETIMEOUT    the worker did not answer within its time and was killed
 *   VCP_ECANCELLED  by cancel (may be NULL)
 *   VCP_EIO         the worker died: by which signal, or with which status
 *   VCP_EFORMAT     it answered nonsense, and was killed
 *   VCP_ELIMIT      the request is beyond the protocol's ceilings */
int cage_run(struct cage *c, struct cage_result *out, const struct run_request *job,
             struct cage_cancel *cancel, struct err *err);
void cage_result_release(struct cage_result *r);

/* A run to be proven, in a process of its own that is caged as a run is; only it and its children
 * read the keys.  job.timeout_ms counts from the call.  progress may be NULL; it is called in the
 * caller's thread. */
struct cage_prove {
    struct wire_prove job; /* run with module and input */
    const char *keys_dir;  /* whoever the workers run as must be able to read it */
    void (*progress)(void *arg, const char *stage, unsigned permille);
    void *progress_arg;
};

struct cage_proof {
    struct wire_proof report; /* which may say that no proof can be made */
    struct buf receipt;
    unsigned walls;
    int64_t wall_ns;
};

/* Answers as cage_run. */
int cage_prove(struct cage *c, struct cage_proof *out, const struct cage_prove *job,
               struct cage_cancel *cancel, struct err *err);
void cage_proof_release(struct cage_proof *p);

/* Lets one worker do nothing: whether workers can stand in their cage on this machine, and
 * behind which walls (enum jail_wall). */
int cage_check(struct cage *c, unsigned *walls, struct err *err);

/* The process id of a worker that is running a job now, or -1: for tests that kill it. */
int cage_worker_pid(struct cage *c);

#endif
