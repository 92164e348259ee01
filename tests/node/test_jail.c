/* Deliberate attempts to get out, from inside each wall.  Every attempt runs in a process of its
 * own that stands in the jail as a worker does; the parent looks at how it ended. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/jail.h"
#include "test.h"

#define ESCAPED 42 /* exit status of an attempt that got what it wanted */

static unsigned walls_of_machine;

struct attempt {
    const char *name;
    void (*fn)(void); /* calls _exit(ESCAPED) when it succeeds */
};

/* Runs fn inside the jail, with the filter or without it; the wait status. */
static int in_jail(void (*fn)(void), bool with_filter)
{
    const struct jail_limits limits = {.address_bytes = 64 << 20, .cpu_seconds = 1};
    unsigned walls = 0;
    int pair[2], status = 0;
    pid_t outer, pid;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    outer = fork(); /* a keeper of its own: jail_prepare is for good */
    assert_true(outer >= 0);
    if (outer == 0) {
        jail_prepare();
        pid = jail_fork(&walls);
        if (pid == 0) {
            if (jail_enter(pair[1], &walls, NULL) < 0 ||
                (with_filter && jail_lock(&limits, &walls, NULL) < 0))
                _exit(99);
            if (write(0, &walls, sizeof walls) != (ssize_t)sizeof walls)
                _exit(98);
            fn();
            _exit(0);
        }
        close(pair[1]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (WIFSIGNALED(status))
            _exit(100 + WTERMSIG(status));
        _exit(WEXITSTATUS(status));
    }
    close(pair[1]);
    if (read(pair[0], &walls_of_machine, sizeof walls_of_machine) !=
        (ssize_t)sizeof walls_of_machine)
        walls_of_machine = 0;
    close(pair[0]);
    assert_int_equal(waitpid(outer, &status, 0), outer);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void escaped_if(bool ok)
{
    if (ok)
        _exit(ESCAPED);
}

static void try_open(void)
{
    escaped_if(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0);
}
static void try_create(void)
{
    escaped_if(syscall(SYS_openat, AT_FDCWD, "/ours", O_CREAT | O_WRONLY, 0600) >= 0);
}
static void try_root(void)
{
    escaped_if(syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY) >= 0);
}
static void try_connect(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* Refused would mean that the host's loopback was reached. */
    escaped_if(fd >= 0 &&
               (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == ECONNREFUSED));
}
static void try_socket(void)
{
    escaped_if(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
}
static void try_fork(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (pid == 0)
        _exit(0);
    escaped_if(pid > 0);
}
static void try_exec(void)
{
    char *const argv[] = {NULL}, *const envp[] = {NULL};

    execve("/bin/true", argv, envp);
    escaped_if(errno != ENOENT && errno != EACCES && errno != EPERM);
}
static void try_ptrace(void)
{
    escaped_if(ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0 ||
               ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
}
/* In a pid namespace of its own there is nobody else to signal. */
static void try_kill(void)
{
    escaped_if(kill(-1, 0) == 0);
}
static void try_setuid(void)
{
    escaped_if(setuid(0) == 0);
}
static void try_mount(void)
{
    escaped_if(syscall(SYS_mount, "none", "/", "proc", 0, NULL) == 0);
}
static void try_unshare(void)
{
    escaped_if(unshare(CLONE_NEWNET) == 0);
}
static void try_execmem(void)
{
    escaped_if(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0) != MAP_FAILED);
}
static void try_mprotect(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    escaped_if(p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}
static void try_map_socket(void)
{
    escaped_if(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 0, 0) != MAP_FAILED);
}
static void try_other_fd(void)
{
    char byte;

    escaped_if(read(1, &byte, 1) >= 0 || read(3, &byte, 1) >= 0);
}
static void try_dup(void)
{
    escaped_if(dup(0) >= 0);
}
static void try_ioctl(void)
{
    int n;

    escaped_if(syscall(SYS_ioctl, 0, 0x541b /* FIONREAD */, &n) == 0);
}
static void try_uring(void)
{
    char params[256] = {0};

    escaped_if(syscall(425 /* io_uring_setup */, 1, params) >= 0);
}
static void try_undump(void)
{
    escaped_if(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
}
static void try_limits(void)
{
    const struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};

    escaped_if(setrlimit(RLIMIT_NOFILE, &more) == 0);
}
/* x32 and other number spaces must not slip past the filter. */
static void try_x32(void)
{
    escaped_if(syscall(0x40000000 + SYS_getpid) > 0);
}

static const struct attempt attempts[] = {
    {"open a file", try_open},
    {"create a file", try_create},
    {"read /proc", try_root},
    {"connect", try_connect},
    {"socket", try_socket},
    {"fork", try_fork},
    {"exec", try_exec},
    {"ptrace", try_ptrace},
    {"kill", try_kill},
    {"setuid", try_setuid},
    {"mount", try_mount},
    {"unshare", try_unshare},
    {"executable map", try_execmem},
    {"executable protect", try_mprotect},
    {"map of a file", try_map_socket},
    {"other descriptors", try_other_fd},
    {"dup", try_dup},
    {"ioctl", try_ioctl},
    {"io_uring", try_uring},
    {"dumpable", try_undump},
    {"limits", try_limits},
    {"x32 calls", try_x32},
};

static void behind_every_wall_each_attempt_is_death(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        int status = in_jail(attempts[i].fn, true);

        if (status != 100 + SIGSYS)
            fail_msg("%s: status %d, wanted death by SIGSYS", attempts[i].name, status);
    }
    assert_true(walls_of_machine & JAIL_SECCOMP && walls_of_machine & JAIL_LIMITS);
}

/* Without the filter: what namespaces and lost rights alone are worth. */
static void namespaces_alone_hide_files_network_and_processes(void **state)
{
    static const struct attempt hidden[] = {
        {"open a file", try_open}, {"create a file", try_create},
        {"read /proc", try_root},  {"connect", try_connect},
        {"exec", try_exec},        {"kill", try_kill},
        {"mount", try_mount},      {"other descriptors", try_other_fd},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        int status = in_jail(hidden[i].fn, false);

        if (!(walls_of_machine & JAIL_NAMESPACES) || !(walls_of_machine & JAIL_ROOT))
            skip(); /* this kernel or container gives no namespaces to us */
        if (status != 0)
            fail_msg("%s without the filter: status %d", hidden[i].name, status);
    }
}

/* In a container that maps no other user, even root cannot become nobody. */
static bool can_become_nobody(void)
{
    int status = -1;
    pid_t pid;

    if (geteuid() != 0)
        return true;
    pid = fork();
    if (pid == 0)
        _exit(setresuid(65534, 65534, 65534) == 0 ? 0 : 1);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static void the_jailed_are_nobody(void **state)
{
    (void)state;
    if (!can_become_nobody())
        skip();
    assert_int_equal(in_jail(try_dup, false), ESCAPED); /* the harness can see a success */
    assert_true(walls_of_machine & JAIL_NOBODY);
}

static void use_cpu(void)
{
    for (;;)
        ;
}

static void cpu_time_runs_out(void **state)
{
    (void)state;
    assert_int_equal(in_jail(use_cpu, true), 100 + SIGKILL);
}

#ifndef VCP_SANITIZED
static void use_memory(void)
{
    char *p = mmap(NULL, 128 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    escaped_if(p != MAP_FAILED);
}

static void memory_ends_at_the_limit(void **state)
{
    (void)state;
    assert_int_equal(in_jail(use_memory, true), 0);
    assert_int_equal(in_jail(use_memory, false), ESCAPED);
}
#endif

static void the_walls_have_names(void **state)
{
    char text[64];

    (void)state;
    jail_walls_text(text, sizeof text, JAIL_NAMESPACES | JAIL_SECCOMP);
    assert_string_equal(text, "namespaces seccomp");
    jail_walls_text(text, sizeof text, 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_every_wall_each_attempt_is_death),
        cmocka_unit_test(namespaces_alone_hide_files_network_and_processes),
        cmocka_unit_test(the_jailed_are_nobody),
        cmocka_unit_test(cpu_time_runs_out),
#ifndef VCP_SANITIZED
        cmocka_unit_test(memory_ends_at_the_limit),
#endif
        cmocka_unit_test(the_walls_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
