/* prover.c - the worker that proves: one receipt's life between two frames.
 *
 * It lowers, runs and traces a module we do not trust, so it stands in the same jail as the worker
 * that ran it.  The keys are mapped before: from then on it can open nothing.  They are
 * the only thing it has that a runner has not, and they are public.  Threads are made inside the
 * jail and before the last wall, which then holds for all of them. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "node/jail.h"
#include "node/worker.h"
#include "zkvm/prover.h"
#include "zkvm/transcript.h"

#define TELL_EVERY_NS 200000000
/* Address space of a thread: its stack, and the arena that malloc reserves and hardly touches. */
#define THREAD_BYTES ((uint64_t)144 << 20)
/* Of the ceiling, what the rows of the run may take; the rest is for one proof at a time. */
#define ROWS_SHARE(bytes) ((bytes) / 8 * 5)

struct proving {
    struct prover *prover;
    struct keyring ring;
    struct wire_prove job;
    struct buf module, input;
    struct work work;
    struct wire_proof report;
    struct buf receipt;
    int64_t told_ns;
    atomic_uint n_arrived; /* threads that are at work */
};

/* Whatever loads files or asks the system for something the first time does it here. */
static int open_keys(struct proving *p, int keys_fd, struct err *err)
{
    struct statement_lists lists = {.clock_end = 1};
    fr challenges[BUS_CHALLENGES];
    struct statement s;
    struct transcript t;
    uint8_t bytes[16];
    char dir[32];
    int64_t start = clock_mono_ns();
    int rc;

    rng_bytes(bytes, sizeof bytes);
    statement_init(&s);
    snprintf(dir, sizeof dir, "/proc/self/fd/%d", keys_fd);
    if ((rc = transcript_init(&t, &s, &lists, 1, err)) < 0 ||
        (rc = transcript_final(&t, challenges, err)) < 0 ||
        (rc = prover_open(&p->prover, dir, err)) < 0 ||
        (rc = keyring_open(&p->ring, dir, NULL, 0, err)) < 0)
        return rc;
    p->report.open_ns = clock_mono_ns() - start;
    return VCP_OK;
}

static bool tell(void *arg, const char *stage, unsigned permille)
{
    struct proving *p = arg;
    struct wire_progress progress = {.permille = permille < 1000 ? permille : 1000};
    int64_t now = clock_mono_ns();
    struct buf b;
    bool ok;

    if (now - p->told_ns < TELL_EVERY_NS)
        return true;
    p->told_ns = now;
    snprintf(progress.stage, sizeof progress.stage, "%s", stage);
    buf_init(&b, 0);
    wire_progress_encode(&b, &progress);
    ok = !b.failed && worker_send_frame(WIRE_PROGRESS, b.data, b.len);
    buf_release(&b);
    return ok;
}

static int trace(struct proving *p, struct execution **out, struct err *err)
{
    const struct run_request *run = &p->job.run;
    struct execution_request req = {.module = run->module,
                                    .module_bytes = run->module_bytes,
                                    .entry = run->entry,
                                    .args = run->args,
                                    .n_args = run->n_args,
                                    .env = run->env,
                                    .n_env = run->n_env,
                                    .input = run->input,
                                    .input_bytes = run->input_bytes,
                                    .seed = run->seed,
                                    .limits = run->limits,
                                    .context = p->job.context};
    int rc;

    req.limits.timeout_ms =
        0; /* the run ended in time once; from here on the deadline is the job's */
    if ((rc = execution_new(out, &req, err)) < 0)
        return rc;
    p->report.run_ns = (*out)->run_ns;
    tell(p, "trace", 0);
    rc = execution_trace(*out, ROWS_SHARE(p->job.memory_bytes_max), err);
    p->report.trace_ns = (*out)->trace_ns;
    p->report.n_rows = (*out)->n_rows;
    return rc;
}

/* A bit that flipped in this machine must not look like a lie of its owner's. */
static int check_own(struct proving *p, const struct receipt *r, const struct execution *e,
                     struct err *err)
{
    struct receipt_policy policy = {.keys = &p->ring, .context = p->job.context};
    int rc = receipt_verify_module(r, p->module.data, p->module.len, &e->streams, &policy,
                                   p->work.threads, NULL, err);

    return rc < 0 ? err_prefix(err, "the receipt made here does not hold") : VCP_OK;
}

static int prove(struct proving *p, struct err *err)
{
    struct prover_report made = {.n_proofs = 0};
    struct execution *e = NULL;
    struct receipt r = {.n_proofs = 0};
    int64_t start;
    int rc = trace(p, &e, err);

    if (rc < 0)
        return rc;
    start = clock_mono_ns();
    p->work.memory_max_bytes = p->job.memory_bytes_max - ROWS_SHARE(p->job.memory_bytes_max);
    if ((rc = prover_prove(&r, p->prover, e, &p->work, &made, err)) < 0 ||
        (rc = check_own(p, &r, e, err)) < 0)
        return rc;
    p->report.prove_ns = clock_mono_ns() - start;
    p->report.n_proofs = made.n_proofs;
    receipt_encode(&p->receipt, &r);
    return p->receipt.failed ? err_set(err, VCP_ENOMEM, "no memory for the receipt") : VCP_OK;
}

static enum wire_proof_status status_of(int rc)
{
    switch (rc) {
    case VCP_OK: return PROOF_MADE;
    case VCP_EUNSUPPORTED: return PROOF_UNSUPPORTED;
    case VCP_ELIMIT:
    case VCP_ENOMEM: return PROOF_TOO_LARGE;
    default: return PROOF_FAILED;
    }
}

static bool report(struct proving *p, int rc, const struct err *err)
{
    struct rusage usage;
    struct buf b;
    bool ok;

    p->report.status = status_of(rc);
    if (rc < 0)
        snprintf(p->report.message, sizeof p->report.message, "%s", err->msg);
    else
        p->report.receipt_bytes = p->receipt.len;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        p->report.process_bytes_peak = (uint64_t)usage.ru_maxrss * 1024;
    buf_init(&b, 0);
    wire_proof_encode(&b, &p->report);
    ok = !b.failed && worker_send_frame(WIRE_PROOF, b.data, b.len) &&
         (rc < 0 || worker_send_frame(WIRE_RECEIPT, p->receipt.data, p->receipt.len));
    buf_release(&b);
    return ok;
}

/* A thread's birth takes system calls that the filter forbids: all must have come to work once. */
static void arrive(void *arg, size_t i)
{
    struct proving *p = arg;

    (void)i;
    atomic_fetch_add(&p->n_arrived, 1);
    while (atomic_load(&p->n_arrived) < threads_count(p->work.threads))
        sched_yield();
}

/* The last walls; the job comes from the agent and is trusted. */
static int close_walls(struct proving *p, unsigned *walls, struct err *err)
{
    const struct wire_prove *job = &p->job;
    struct jail_limits limits = {.threads = true, .random = true};

    limits.address_bytes = worker_address_bytes(&job->run) + job->memory_bytes_max +
                           job->threads * THREAD_BYTES;
    limits.cpu_seconds = job->timeout_ms ? (job->timeout_ms / 1000 + 5) * job->threads : 0;
    p->work.threads = threads_new(job->threads);
    if (!p->work.threads)
        return err_set(err, VCP_ENOMEM, "the prover's threads cannot be started");
    threads_run(p->work.threads, threads_count(p->work.threads), arrive, p);
    p->work.progress = tell;
    p->work.progress_arg = p;
    return jail_lock(&limits, walls, err);
}

static bool serve(struct proving *p, unsigned walls)
{
    struct arena arena;
    struct err err = {0};
    struct buf head;
    int rc;

    arena_init(&arena, NODE_JOB_BYTES_MAX * 4);
    buf_init(&head, 0);
    buf_init(&p->module, 0);
    buf_init(&p->input, 0);
    buf_init(&p->receipt, ZKVM_RECEIPT_BYTES_MAX);
    if (!worker_receive_frame(&head, WIRE_PROVE, NODE_JOB_BYTES_MAX) ||
        wire_prove_decode(&p->job, &arena, head.data, head.len, &err) < 0)
        return false;
    rc = close_walls(p, &walls, &err);
    if (!worker_send_ready(walls, rc < 0 ? &err : NULL) || rc < 0 ||
        !worker_receive_frame(&p->module, WIRE_MODULE, p->job.run.module_bytes) ||
        !worker_receive_frame(&p->input, WIRE_INPUT, p->job.run.input_bytes))
        return false;
    p->job.run.module = p->module.data;
    p->job.run.module_bytes = p->module.len;
    p->job.run.input = p->input.data;
    p->job.run.input_bytes = p->input.len;
    rc = prove(p, &err);
    return report(p, rc, &err); /* the process ends: nothing to release */
}

void prover_serve(int fd, int keys_fd, unsigned walls)
{
    static struct proving p;
    struct err err = {0};
    int rc = open_keys(&p, keys_fd, &err);

    jail_measure();
    if (rc == VCP_OK)
        rc = jail_enter(fd, &walls, &err);
    else if (fd != WORKER_JOB_FD)
        dup2(fd, WORKER_JOB_FD); /* to say so */
    if (rc < 0) {
        worker_send_ready(walls, &err);
        _exit(1);
    }
    _exit(serve(&p, walls) ? 0 : 1);
}
