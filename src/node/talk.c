/* talk.c - see talk.h. */
#include "node/talk.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "node/jail.h"
#include "node/worker.h"

#define ENDED_MS 2000 /* how long the keeper may take to say how a worker ended */

void talk_close(struct talk_ends *w)
{
    if (w->job_fd >= 0)
        close(w->job_fd);
    if (w->status_fd >= 0)
        close(w->status_fd);
    w->job_fd = w->status_fd = -1;
}

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
        struct pollfd p[2] = {{t->ends.job_fd, events, 0}, {t->cancel_fd, POLLIN, 0}};
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
        ssize_t k = send(t->ends.job_fd, p, n, MSG_NOSIGNAL);

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
        ssize_t k = recv(t->ends.job_fd, p, n, 0);

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

int talk_send_frame(struct talk *t, enum wire_kind kind, const void *p, size_t n, struct err *err)
{
    struct wire_header h = {(uint32_t)kind, n};
    uint8_t head[WIRE_HEADER_BYTES];
    int rc;

    wire_header_encode(head, &h);
    rc = talk_send(t, head, sizeof head, err);
    return rc < 0 ? rc : talk_send(t, p, n, err);
}

/* Appends what the header announces. */
static int receive_payload(struct talk *t, const struct wire_header *h, struct buf *out,
                           struct err *err)
{
    int rc;

    if (!buf_reserve(out, h->length + 1))
        return err_set(err, VCP_ENOMEM, "no memory for %" PRIu64 " bytes from the worker",
                       h->length);
    rc = talk_receive(t, out->data + out->len, h->length, err);
    if (rc < 0)
        return rc;
    out->len += h->length;
    out->data[out->len] = 0;
    return VCP_OK;
}

int talk_receive_frame(struct talk *t, enum wire_kind kind, uint64_t length_max, struct buf *out,
                       struct err *err)
{
    uint8_t head[WIRE_HEADER_BYTES];
    struct wire_header h;
    int rc = talk_receive(t, head, sizeof head, err);

    if (rc == VCP_OK)
        rc = wire_header_decode(&h, head, kind, length_max, err);
    if (rc == VCP_OK)
        rc = receive_payload(t, &h, out, err);
    return rc;
}

int talk_receive_any(struct talk *t, const enum wire_kind kinds[2], uint64_t length_max,
                     enum wire_kind *kind, struct buf *out, struct err *err)
{
    uint8_t head[WIRE_HEADER_BYTES];
    struct wire_header h;
    int rc = talk_receive(t, head, sizeof head, err);

    if (rc < 0)
        return rc;
    *kind = kinds[0];
    if (wire_header_decode(&h, head, kinds[0], length_max, NULL) < 0) {
        *kind = kinds[1];
        if ((rc = wire_header_decode(&h, head, kinds[1], length_max, err)) < 0)
            return rc;
    }
    return receive_payload(t, &h, out, err);
}

int talk_receive_ready(struct talk *t, unsigned *walls, struct err *err)
{
    struct wire_ready ready;
    struct buf b;
    int rc;

    buf_init(&b, 0);
    rc = talk_receive_frame(t, WIRE_READY, NODE_REPORT_BYTES_MAX, &b, err);
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

int talk_begin(struct talk *t, struct err *err)
{
    struct worker_event event;

    if (!receive_event(t->ends.status_fd, &event, &t->pidfd, ENDED_MS) ||
        event.kind != WORKER_STARTED)
        return err_set(err, VCP_EIO, "cage: the keeper could not start a worker");
    t->pid = event.pid;
    return VCP_OK;
}

/* Why the worker is gone, in place of the bare "ended without a report". */
void talk_explain_death(struct talk *t, struct err *err)
{
    struct worker_event event;
    int fd, status;

    if (!err || !receive_event(t->ends.status_fd, &event, &fd, ENDED_MS))
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
void talk_end(struct talk *t)
{
    if (t->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, t->pidfd, SIGKILL, NULL, 0);
        close(t->pidfd);
    } else if (t->pid > 0) {
        kill(t->pid, SIGKILL); /* a kernel before 5.3 */
    }
    talk_close(&t->ends);
}
