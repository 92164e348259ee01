/* keeper.c - the small process that forks workers, waits for them and tells how they ended. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "node/jail.h"
#include "node/worker.h"

static struct {
    struct {
        pid_t pid;
        int status_fd;
    } workers[NODE_WORKERS_MAX];
    size_t n_workers;
    sigset_t mask_before;
} keeper;

/* The descriptors of a request, the third -1 for a worker that runs; false when the agent is gone.
 * Without descriptors all are -1. */
static bool receive_request(int fds[3])
{
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control;
    size_t n_bytes;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c;
    ssize_t n;

    fds[0] = fds[1] = fds[2] = -1;
    do
        n = recvmsg(WORKER_CONTROL_FD, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    c = CMSG_FIRSTHDR(&m);
    n_bytes = (byte == WORKER_PROVES ? 3 : 2) * sizeof(int);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(n_bytes))
        memcpy(fds, CMSG_DATA(c), n_bytes);
    return true;
}

/* One datagram, with a descriptor when fd >= 0. An agent that no longer listens is fine. */
static void send_event(int status_fd, const struct worker_event *event, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct worker_event copy = *event;
    struct iovec iov = {&copy, sizeof copy};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *c;

    if (fd >= 0) {
        memset(&control, 0, sizeof control);
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    while (sendmsg(status_fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR)
        ;
}

static void start_worker(const int fds[3])
{
    const int status_fd = fds[1];
    struct worker_event event = {.kind = WORKER_STARTED};
    unsigned walls = 0;
    int pidfd;
    pid_t pid = jail_fork(&walls);

    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &keeper.mask_before, NULL);
        if (fds[2] >= 0)
            prover_serve(fds[0], fds[2], walls);
        worker_serve(fds[0], walls);
    }
    if (pid < 0) {
        event.kind = WORKER_ENDED;
        event.wait_status = -1;
        send_event(status_fd, &event, -1);
        close(status_fd);
        return;
    }
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    event.pid = pid;
    event.walls = walls;
    send_event(status_fd, &event, pidfd);
    if (pidfd >= 0)
        close(pidfd);
    keeper.workers[keeper.n_workers].pid = pid;
    keeper.workers[keeper.n_workers++].status_fd = status_fd;
}

static void worker_ended(pid_t pid, int wait_status)
{
    struct worker_event event = {.kind = WORKER_ENDED, .pid = pid, .wait_status = wait_status};
    size_t i;

    for (i = 0; i < keeper.n_workers; i++) {
        if (keeper.workers[i].pid != pid)
            continue;
        send_event(keeper.workers[i].status_fd, &event, -1);
        close(keeper.workers[i].status_fd);
        keeper.workers[i] = keeper.workers[--keeper.n_workers];
        return;
    }
}

static void reap(int signal_fd)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    if (read(signal_fd, &info, sizeof info) < 0 && errno != EAGAIN)
        return;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        worker_ended(pid, status);
}

/* Signals a terminal or a service manager sends to the whole group are for the agent
 * to answer; the keeper ends when the agent does. */
static int signals_init(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};
    sigset_t children;
    size_t i;

    for (i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, &keeper.mask_before);
    return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void request(int fds[3])
{
    if (fds[0] < 0 || fds[1] < 0)
        return;
    if (keeper.n_workers < NODE_WORKERS_MAX)
        start_worker(fds);
    else
        close(fds[1]);
    close(fds[0]);
    if (fds[2] >= 0)
        close(fds[2]);
}

/* Where memory runs out, a worker is to go, not the agent or its owner's programs. */
static void volunteer_for_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        ssize_t ignored = write(fd, "700", 3); /* nothing is lost but the preference */

        (void)ignored;
        close(fd);
    }
}

int worker_main(void)
{
    int signal_fd, fds[3];
    size_t i;

    close_range(WORKER_CONTROL_FD + 1, ~0u, 0);
    prctl(PR_SET_NAME, "ambient-keeper");
    volunteer_for_oom();
    signal_fd = signals_init();
    if (signal_fd < 0)
        return 1;
    jail_prepare();
    for (;;) {
        struct pollfd p[2] = {{WORKER_CONTROL_FD, POLLIN, 0}, {signal_fd, POLLIN, 0}};

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        if (p[1].revents)
            reap(signal_fd);
        if (p[0].revents && !receive_request(fds))
            break;
        if (p[0].revents)
            request(fds);
    }
    for (i = 0; i < keeper.n_workers; i++)
        kill(keeper.workers[i].pid, SIGKILL);
    return 0;
}
