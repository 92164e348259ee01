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
#include "node/jail.h"
#include "node/worker.h"

#define GRACE_MS  2000 /* beyond the guest's own time limit: start, transfer, tear-down */
#define ENDED_MS  2000 /* how long the keeper may take to say how a worker ended */
#define SPARE_MAX 8    /* idle workers cost a process each */

struct worker {
    int job_fd, status_fd; /* both -1 when there is none */
};

struct cage {
    char *program;
    pthread_mutex_t lock;
    int control_fd;
    pid_t keeper_pid;
    struct worker spares[SPARE_MAX];
    unsigned n_spares, n_running, n_running_peak;
    int nice;               /* of workers with a job */
    _Atomic int worker_pid; /* of the job started last, -1 when it ended */
};

static void worker_close(struct worker *w)
{
    if (w->job_fd >= 0)
        close(w->job_fd);
    if (w->status_fd >= 0)
        close(w->status_fd);
    w->job_fd = w->status_fd = -1;
}

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

static bool send_request(int control_fd, const int fds[2])
{
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    char byte = 'w';
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    ssize_t n;

    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(h), fds, 2 * sizeof(int));
    do
        n = sendmsg(control_fd, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

/* Asks the keeper for a worker, starting the keeper again when it is gone.  The
 * keeper answers later, on the worker's status socket. */
static int worker_request(struct cage *c, const int fds[2], struct err *err)
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

/* Called with the lock. */
static int worker_spawn(struct cage *c, struct worker *out, struct err *err)
{
    int job[2], status[2], fds[2], rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, job) < 0)
        return err_set(err, VCP_EIO, "cage: socketpair: %s", strerror(errno));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) < 0) {
        close(job[0]);
        close(job[1]);
        return err_set(err, VCP_EIO, "cage: socketpair: %s", strerror(errno));
    }
    fds[0] = job[1];
    fds[1] = status[1];
    rc = worker_request(c, fds, err);
    close(job[1]);
    close(status[1]);
    *out = (struct worker){job[0], status[0]};
    if (rc < 0)
        worker_close(out);
    else
        fcntl(out->job_fd, F_SETFL, O_NONBLOCK);
    return rc;
}

static int worker_take(struct cage *c, struct worker *out, struct err *err)
{
    int rc = VCP_OK;

    pthread_mutex_lock(&c->lock);
    if (c->n_spares > 0)
        *out = c->spares[--c->n_spares];
    else
        rc = worker_spawn(c, out, err);
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
    want = c->n_running_peak < SPARE_MAX ? c->n_running_peak : SPARE_MAX;
    if (c->n_spares + c->n_running < want &&
        worker_spawn(c, &c->spares[c->n_spares], NULL) == VCP_OK)
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
        rc = worker_spawn(c, &c->spares[0], err);
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
        worker_close(&c->spares[--c->n_spares]);
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

/* One job's state while it is talked about with its worker. */
struct talk {
    struct worker w;
    int pidfd, cancel_fd;
    pid_t pid;
    int64_t deadline_ns; /* INT64_MAX: none */
    bool ready;          /* the worker stands in its cage: from here on no second try */
};

/* Milliseconds for poll, rounded up so as not to spin; -1 for no deadline. */
static int talk_wait_ms(const struct talk *t)
{
    int64_t left;

    if (t->deadline_ns == INT64_MAX)
        return -1;
    left = t->deadline_ns - clock_mono_ns();
    return left <= 0 ? 0 : left / 1000000 >= 3600000 ? 3600000 : (int)(left / 1000000) + 1;
}

/* Until the job socket is ready for the events, or time, or cancellation. */
static int talk_poll(struct talk *t, short events, struct err *err)
{
    for (;;) {
        struct pollfd p[2] = {{t->w.job_fd, events, 0}, {t->cancel_fd, POLLIN, 0}};
        int n = poll(p, t->cancel_fd >= 0 ? 2 : 1, talk_wait_ms(t));

        if (n < 0 && errno != EINTR)
            return err_set(err, VCP_EIO, "poll: %s", strerror(errno));
        if (n > 0 && p[1].revents)
            return err_set(err, VCP_ECANCELLED, "cancelled");
        if (n > 0)
            return VCP_OK;
        if (t->deadline_ns != INT64_MAX && clock_mono_ns() >= t->deadline_ns)
            return err_set(err, VCP_ETIMEOUT, "the worker did not answer in time and was killed");
    }
}

static int talk_send(struct talk *t, const void *data, size_t n, struct err *err)
{
    const uint8_t *p = data;
    int rc;

    while (n > 0) {
        ssize_t k = send(t->w.job_fd, p, n, MSG_NOSIGNAL);

        if (k > 0) {
            p += k;
            n -= (size_t)k;
        } else if (errno == EAGAIN || errno == EINTR) {
            rc = talk_poll(t, POLLOUT, err);
            if (rc < 0)
                return rc;
        } else {
            return err_set(err, VCP_EIO, "the worker stopped listening");
        }
    }
    return VCP_OK;
}

static int talk_receive(struct talk *t, void *data, size_t n, struct err *err)
{
    uint8_t *p = data;
    int rc;

    while (n > 0) {
        ssize_t k = recv(t->w.job_fd, p, n, 0);

        if (k > 0) {
            p += k;
            n -= (size_t)k;
        } else if (k < 0 && (errno == EAGAIN || errno == EINTR)) {
            rc = talk_poll(t, POLLIN, err);
            if (rc < 0)
                return rc;
        } else {
            return err_set(err, VCP_EIO, "the worker ended without a report");
        }
    }
    return VCP_OK;
}

static int send_frame(struct talk *t, enum wire_kind kind, const void *p, size_t n, struct err *err)
{
    struct wire_header h = {(uint32_t)kind, n};
    uint8_t head[WIRE_HEADER_BYTES];
    int rc;

    wire_header_encode(head, &h);
    rc = talk_send(t, head, sizeof head, err);
    return rc < 0 ? rc : talk_send(t, p, n, err);
}

static int receive_frame(struct talk *t, enum wire_kind kind, uint64_t length_max, struct buf *out,
                         struct err *err)
{
    uint8_t head[WIRE_HEADER_BYTES];
    struct wire_header h;
    int rc = talk_receive(t, head, sizeof head, err);

    if (rc == VCP_OK)
        rc = wire_header_decode(&h, head, kind, length_max, err);
    if (rc == VCP_OK && !buf_reserve(out, h.length + 1))
        rc = err_set(err, VCP_ENOMEM, "no memory for %" PRIu64 " bytes from the worker", h.length);
    if (rc == VCP_OK)
        rc = talk_receive(t, out->data + out->len, h.length, err);
    if (rc == VCP_OK) {
        out->len += h.length;
        out->data[out->len] = 0;
    }
    return rc;
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
        rc = send_frame(t, WIRE_JOB, b.data, b.len, err);
    buf_release(&b);
    return rc;
}

static int receive_ready(struct talk *t, unsigned *walls, struct err *err)
{
    struct wire_ready ready;
    struct buf b;
    int rc;

    buf_init(&b, 0);
    rc = receive_frame(t, WIRE_READY, NODE_REPORT_BYTES_MAX, &b, err);
    if (rc == VCP_OK)
        rc = wire_ready_decode(&ready, b.data, b.len, err);
    if (rc == VCP_OK && ready.message[0])
        rc = err_set(err, VCP_EDENIED, "%s", ready.message);
    if (rc == VCP_OK && !(ready.walls & JAIL_LIMITS && ready.walls & JAIL_SECCOMP))
        rc = err_set(err, VCP_EDENIED, "cage: the worker stands without limits or seccomp");
    if (rc == VCP_OK)
        *walls = ready.walls;
    buf_release(&b);
    return rc;
}

static int receive_report(struct talk *t, struct cage_result *out, uint64_t output_bytes_max,
                          struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    rc = receive_frame(t, WIRE_REPORT, NODE_REPORT_BYTES_MAX, &b, err);
    if (rc == VCP_OK)
        rc = wire_report_decode(&out->report, b.data, b.len, output_bytes_max, err);
    buf_release(&b);
    if (rc == VCP_OK)
        rc = receive_frame(t, WIRE_OUTPUT, out->report.output_bytes, &out->output, err);
    if (rc == VCP_OK)
        rc = receive_frame(t, WIRE_ERROR, out->report.error_bytes, &out->error_output, err);
    if (rc == VCP_OK && (out->output.len != out->report.output_bytes ||
                         out->error_output.len != out->report.error_bytes))
        rc = err_set(err, VCP_EFORMAT, "report: announces other sizes than follow");
    return rc;
}

/* The next datagram of the keeper; false when none comes in time or the keeper is gone. */
static bool receive_event(int status_fd, struct worker_event *out, int *fd, int timeout_ms)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {out, sizeof *out};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    struct pollfd p = {status_fd, POLLIN, 0};
    struct cmsghdr *c;

    *fd = -1;
    if (poll(&p, 1, timeout_ms) <= 0 ||
        recvmsg(status_fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != (ssize_t)sizeof *out)
        return false;
    c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(c), sizeof *fd);
    return true;
}

static int talk_begin(struct talk *t, struct err *err)
{
    struct worker_event event;

    if (!receive_event(t->w.status_fd, &event, &t->pidfd, ENDED_MS) || event.kind != WORKER_STARTED)
        return err_set(err, VCP_EIO, "cage: the keeper could not start a worker");
    t->pid = event.pid;
    return VCP_OK;
}

/* Why the worker is gone, in place of the bare "ended without a report". */
static void explain_death(struct talk *t, struct err *err)
{
    struct worker_event event;
    int fd, status;

    if (!err || !receive_event(t->w.status_fd, &event, &fd, ENDED_MS))
        return;
    if (fd >= 0)
        close(fd);
    status = event.wait_status;
    if (event.kind != WORKER_ENDED)
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        err_set(err, VCP_EIO, "the worker was stopped at a forbidden system call");
    else if (WIFSIGNALED(status))
        err_set(err, VCP_EIO, "the worker was killed by signal %d (%s)%s", WTERMSIG(status),
                strsignal(WTERMSIG(status)),
                WTERMSIG(status) == SIGKILL ? ": by hand, or for lack of memory" : "");
    else if (WIFEXITED(status))
        err_set(err, VCP_EIO, "the worker ended without a report, status %d", WEXITSTATUS(status));
}

/* Signals through the descriptor cannot hit a stranger that inherited the number. */
static void talk_end(struct talk *t)
{
    if (t->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, t->pidfd, SIGKILL, NULL, 0);
        close(t->pidfd);
    } else if (t->pid > 0) {
        kill(t->pid, SIGKILL); /* a kernel before 5.3 */
    }
    worker_close(&t->w);
}

static int converse(struct cage *c, struct talk *t, struct cage_result *out,
                    const struct run_request *job, struct err *err)
{
    int rc = talk_begin(t, err);

    if (rc == VCP_OK)
        atomic_store(&c->worker_pid, (int)t->pid);
    if (rc == VCP_OK && c->nice)
        setpriority(PRIO_PROCESS, (id_t)t->pid, getpriority(PRIO_PROCESS, 0) + c->nice);
    if (rc == VCP_OK)
        rc = send_job(t, job, err);
    if (rc == VCP_OK)
        rc = receive_ready(t, &out->walls, err);
    if (rc < 0)
        return rc;
    t->ready = true;
    rc = send_frame(t, WIRE_MODULE, job->module, job->module_bytes, err);
    if (rc == VCP_OK)
        rc = send_frame(t, WIRE_INPUT, job->input, job->input_bytes, err);
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
    int rc = worker_take(c, &t.w, err);

    if (rc < 0)
        return rc;
    t.deadline_ns = job->limits.timeout_ms
                        ? clock_mono_ns() + (job->limits.timeout_ms + GRACE_MS) * 1000000ll
                        : INT64_MAX;
    rc = converse(c, &t, out, job, &local);
    if (rc == VCP_EIO)
        explain_death(&t, &local);
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
