/* cage.c - the agent's side: keeper, spare workers, and one job's conversation.
 *
 * Locking: `lock` guards the keeper and the spares.  A conversation belongs to its
 * thread alone. */
#include "node/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "node/cage_state.h"
#include "node/worker.h"

#define GRACE_MS 2000 /* beyond the guest's own time limit: start, transfer, tear-down */

/* Executes the keeper with an empty environment, the control socket as its only
 * descriptor beyond /dev/null, and default signals. */
static int keeper_spawn(struct cage *c, int control_fd, struct err *err)
{
    char name[] = "ambient-worker", arg[] = CAGE_WORKER_ARG;
    char *const argv[] = {name, arg, NULL}, *const envp[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int rc, i;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    for (i = 0; i < 3; i++)
        posix_spawn_file_actions_addopen(&files, i, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&files, control_fd, WORKER_CONTROL_FD);
    posix_spawn_file_actions_addclosefrom_np(&files, WORKER_CONTROL_FD + 1);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn(&c->keeper_pid, c->program, &files, &attr, argv, envp);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    if (rc != 0) {
        c->keeper_pid = -1;
        return err_set(err, VCP_EIO, "cage: cannot start %s: %s", c->program, strerror(rc));
    }
    return VCP_OK;
}

static int keeper_start(struct cage *c, struct err *err)
{
    int pair[2], rc;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set(err, VCP_EIO, "cage: socketpair: %s", strerror(errno));
    rc = keeper_spawn(c, pair[1], err);
    close(pair[1]);
    if (rc < 0)
        close(pair[0]);
    else
        c->control_fd = pair[0];
    return rc;
}

/* The keeper ends by itself when its socket closes; a stuck one is killed. */
static void keeper_stop(struct cage *c)
{
    if (c->control_fd >= 0)
        close(c->control_fd);
    c->control_fd = -1;
    if (c->keeper_pid > 0) {
        kill(c->keeper_pid, SIGKILL); /* its workers die with it: PDEATHSIG */
        while (waitpid(c->keeper_pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    c->keeper_pid = -1;
}

/* What kind of worker, and the descriptors it is born with: two, or three for a prover. */
static bool send_request(int control_fd, const int fds[3])
{
    const size_t n_bytes = (fds[2] >= 0 ? 3 : 2) * sizeof(int);
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    char byte = fds[2] >= 0 ? WORKER_PROVES : WORKER_RUNS;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = CMSG_SPACE(n_bytes)};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    ssize_t n;

    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(n_bytes);
    memcpy(CMSG_DATA(h), fds, n_bytes);
    do
        n = sendmsg(control_fd, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

/* Asks the keeper for a worker, starting the keeper again when it is gone.  The
 * keeper answers later, on the worker's status socket. */
static int worker_request(struct cage *c, const int fds[3], struct err *err)
{
    int rc;

    if (c->control_fd >= 0 && send_request(c->control_fd, fds))
        return VCP_OK;
    keeper_stop(c);
    rc = keeper_start(c, err);
    if (rc < 0)
        return rc;
    return send_request(c->control_fd, fds)
               ? VCP_OK
               : err_set(err, VCP_EIO, "cage: the keeper does not listen: %s", strerror(errno));
}

int cage_spawn(struct cage *c, struct talk_ends *out, int keys_fd, struct err *err)
{
    int job[2], status[2], fds[3], rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, job) < 0)
        return err_set(err, VCP_EIO, "cage: socketpair: %s", strerror(errno));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) < 0) {
        close(job[0]);
        close(job[1]);
        return err_set(err, VCP_EIO, "cage: socketpair: %s", strerror(errno));
    }
    fds[0] = job[1];
    fds[1] = status[1];
    fds[2] = keys_fd;
    rc = worker_request(c, fds, err);
    close(job[1]);
    close(status[1]);
    *out = (struct talk_ends){job[0], status[0]};
    if (rc < 0)
        talk_close(out);
    else
        fcntl(out->job_fd, F_SETFL, O_NONBLOCK);
    return rc;
}

static int worker_take(struct cage *c, struct talk_ends *out, struct err *err)
{
    int rc = VCP_OK;

    pthread_mutex_lock(&c->lock);
    if (c->n_spares > 0)
        *out = c->spares[--c->n_spares];
    else
        rc = cage_spawn(c, out, -1, err);
    if (rc == VCP_OK && ++c->n_running > c->n_running_peak)
        c->n_running_peak = c->n_running;
    pthread_mutex_unlock(&c->lock);
    return rc;
}

/* As many spares as were ever busy at once, so that a steady load never waits. */
static void worker_replace(struct cage *c)
{
    unsigned want;

    pthread_mutex_lock(&c->lock);
    c->n_running--;
    want = c->n_running_peak < CAGE_SPARE_MAX ? c->n_running_peak : CAGE_SPARE_MAX;
    if (c->n_spares + c->n_running < want &&
        cage_spawn(c, &c->spares[c->n_spares], -1, NULL) == VCP_OK)
        c->n_spares++;
    pthread_mutex_unlock(&c->lock);
}

int cage_open(struct cage **out, const char *program, struct err *err)
{
    struct cage *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return err_set(err, VCP_ENOMEM, "no memory for the cage");
    pthread_mutex_init(&c->lock, NULL);
    c->control_fd = -1;
    c->keeper_pid = -1;
    c->n_running_peak = 1;
    atomic_store(&c->worker_pid, -1);
    c->program = strdup(program ? program : "/proc/self/exe");
    rc = c->program ? keeper_start(c, err) : err_set(err, VCP_ENOMEM, "no memory for the cage");
    if (rc == VCP_OK)
        rc = cage_spawn(c, &c->spares[0], -1, err);
    if (rc < 0) {
        cage_free(c);
        return rc;
    }
    c->n_spares = 1;
    *out = c;
    return VCP_OK;
}

void cage_set_nice(struct cage *c, int nice)
{
    c->nice = nice;
}

void cage_free(struct cage *c)
{
    if (!c)
        return;
    while (c->n_spares > 0)
        talk_close(&c->spares[--c->n_spares]);
    keeper_stop(c);
    pthread_mutex_destroy(&c->lock);
    free(c->program);
    free(c);
}

int cage_cancel_init(struct cage_cancel *c, struct err *err)
{
    c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return c->event_fd < 0 ? err_set(err, VCP_EIO, "eventfd: %s", strerror(errno)) : VCP_OK;
}

void cage_cancel_release(struct cage_cancel *c)
{
    if (c->event_fd >= 0)
        close(c->event_fd);
    c->event_fd = -1;
}

void cage_cancel(struct cage_cancel *c)
{
    const uint64_t one = 1;

    if (write(c->event_fd, &one, sizeof one) < 0)
        return; /* already full, so already set */
}

static int send_job(struct talk *t, const struct run_request *job, struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, NODE_JOB_BYTES_MAX);
    wire_job_encode(&b, job);
    if (b.failed)
        rc = err_set(err, VCP_ELIMIT, "the arguments and environment exceed %u bytes",
                     NODE_JOB_BYTES_MAX);
    else
        rc = talk_send_frame(t, WIRE_JOB, b.data, b.len, err);
    buf_release(&b);
    return rc;
}

static int receive_report(struct talk *t, struct cage_result *out, uint64_t output_bytes_max,
                          struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    rc = talk_receive_frame(t, WIRE_REPORT, NODE_REPORT_BYTES_MAX, &b, err);
    if (rc == VCP_OK)
        rc = wire_report_decode(&out->report, b.data, b.len, output_bytes_max, err);
    buf_release(&b);
    if (rc == VCP_OK)
        rc = talk_receive_frame(t, WIRE_OUTPUT, out->report.output_bytes, &out->output, err);
    if (rc == VCP_OK)
        rc = talk_receive_frame(t, WIRE_ERROR, out->report.error_bytes, &out->error_output, err);
    if (rc == VCP_OK && (out->output.len != out->report.output_bytes ||
                         out->error_output.len != out->report.error_bytes))
        rc = err_set(err, VCP_EFORMAT, "report: announces other sizes than follow");
    return rc;
}

int cage_begin(struct cage *c, struct talk *t, struct err *err)
{
    int rc = talk_begin(t, err);

    if (rc < 0)
        return rc;
    atomic_store(&c->worker_pid, (int)t->pid);
    if (c->nice)
        setpriority(PRIO_PROCESS, (id_t)t->pid, getpriority(PRIO_PROCESS, 0) + c->nice);
    return VCP_OK;
}

static int converse(struct cage *c, struct talk *t, struct cage_result *out,
                    const struct run_request *job, struct err *err)
{
    int rc = cage_begin(c, t, err);

    if (rc == VCP_OK)
        rc = send_job(t, job, err);
    if (rc == VCP_OK)
        rc = talk_receive_ready(t, &out->walls, err);
    if (rc < 0)
        return rc;
    t->ready = true;
    rc = talk_send_frame(t, WIRE_MODULE, job->module, job->module_bytes, err);
    if (rc == VCP_OK)
        rc = talk_send_frame(t, WIRE_INPUT, job->input, job->input_bytes, err);
    /* A refusal closes early; what it says is better than "stopped listening". */
    if (rc == VCP_OK || rc == VCP_EIO)
        rc = receive_report(t, out, job->limits.output_bytes_max, err);
    return rc;
}

static int attempt(struct cage *c, struct cage_result *out, const struct run_request *job,
                   struct cage_cancel *cancel, bool *was_ready, struct err *err)
{
    struct talk t = {.pidfd = -1, .cancel_fd = cancel ? cancel->event_fd : -1};
    struct err local = {0};
    int rc = worker_take(c, &t.ends, err);

    if (rc < 0)
        return rc;
    t.deadline_ns = job->limits.timeout_ms
                        ? clock_mono_ns() + (job->limits.timeout_ms + GRACE_MS) * 1000000ll
                        : INT64_MAX;
    rc = converse(c, &t, out, job, &local);
    if (rc == VCP_EIO)
        talk_explain_death(&t, &local);
    talk_end(&t);
    atomic_store(&c->worker_pid, -1);
    worker_replace(c);
    *was_ready = t.ready;
    return rc < 0 ? err_set(err, rc, "%s", local.msg) : rc;
}

int cage_run(struct cage *c, struct cage_result *out, const struct run_request *job,
             struct cage_cancel *cancel, struct err *err)
{
    struct cage_result r;
    int64_t began = clock_mono_ns();
    bool was_ready = false;
    int rc, tries = 0;

    if (job->module_bytes > WASM_MODULE_BYTES_MAX || job->input_bytes > NODE_INPUT_BYTES_MAX ||
        job->limits.output_bytes_max > NODE_OUTPUT_BYTES_MAX)
        return err_set(err, VCP_ELIMIT,
                       "a module has at most %u bytes, an input %u, an output limit %u",
                       WASM_MODULE_BYTES_MAX, NODE_INPUT_BYTES_MAX, NODE_OUTPUT_BYTES_MAX);
    do {
        /* A spare that died while idle, or with its keeper, is no fault of the task. */
        memset(&r, 0, sizeof r);
        rc = attempt(c, &r, job, cancel, &was_ready, err);
        if (rc < 0)
            cage_result_release(&r);
    } while (rc == VCP_EIO && !was_ready && ++tries < 3);
    if (rc < 0)
        return rc;
    r.wall_ns = clock_mono_ns() - began;
    *out = r;
    return VCP_OK;
}

int cage_check(struct cage *c, unsigned *walls, struct err *err)
{
    static const uint8_t empty_module[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct run_request job = {.module = empty_module, .module_bytes = sizeof empty_module};
    struct cage_result r;
    int rc = run_limits_preset(&job.limits, "strict", err);

    if (rc == VCP_OK)
        rc = cage_run(c, &r, &job, NULL, err); /* refused: it has no _start */
    if (rc < 0)
        return rc;
    *walls = r.walls;
    cage_result_release(&r);
    return VCP_OK;
}

void cage_result_release(struct cage_result *r)
{
    buf_release(&r->output);
    buf_release(&r->error_output);
    memset(r, 0, sizeof *r);
}

int cage_worker_pid(struct cage *c)
{
    return atomic_load(&c->worker_pid);
}
