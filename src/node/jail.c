/* jail.c - see jail.h for the walls and their order.
 *
 * Raw system calls where glibc has no wrapper or its wrapper does more than we
 * want: clone, to be born in the namespaces without a helper process; pivot_root; capset. */
#include "node/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

/* Facts of the parent which the child needs and can no longer ask for. */
static uid_t outer_uid;
static gid_t outer_gid;
static uint64_t mapped_bytes;

void jail_walls_text(char *out, size_t size, unsigned walls)
{
    static const char *const names[] = {"namespaces", "root", "nobody", "limits", "seccomp"};
    size_t i, used = 0;

    out[0] = 0;
    for (i = 0; i < sizeof names / sizeof names[0] && used < size; i++)
        if (walls & 1u << i)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "", names[i]);
}

/* Pages of /proc/self/statm, the first number: what this process maps. */
static uint64_t own_mapped_bytes(void)
{
    unsigned long long pages = 0;
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    if (n > 0) {
        text[n] = 0;
        sscanf(text, "%llu", &pages);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void jail_measure(void)
{
    mapped_bytes = own_mapped_bytes();
}

void jail_prepare(void)
{
    if (geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
        setresuid(NOBODY, NOBODY, NOBODY) == 0)
        prctl(PR_SET_DUMPABLE, 1); /* else /proc/self belongs to root and no map can be written */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

pid_t jail_fork(unsigned *walls)
{
    const unsigned long flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWCGROUP;
    long pid;

    outer_uid = geteuid();
    outer_gid = getegid();
    if (mapped_bytes == 0)
        mapped_bytes = own_mapped_bytes();
    pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    *walls = pid >= 0 ? JAIL_NAMESPACES : 0;
    return pid >= 0 ? (pid_t)pid : fork();
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* Nobody in here is whoever we were outside. */
static void map_ids(void)
{
    char text[64];

    write_text("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "%d %u 1", NOBODY, (unsigned)outer_uid);
    write_text("/proc/self/uid_map", text);
    snprintf(text, sizeof text, "%d %u 1", NOBODY, (unsigned)outer_gid);
    write_text("/proc/self/gid_map", text);
}

/* Swaps the root for an empty file system and lets go of the old one. */
static bool empty_root(void)
{
    static const char *const places[] = {"/tmp", "/proc", "/dev", "/var"};
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    size_t i;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    for (i = 0; i < sizeof places / sizeof places[0]; i++)
        if (mount("tmpfs", places[i], "tmpfs", flags, "size=4k,nr_inodes=2,mode=0555") == 0)
            break;
    if (i == sizeof places / sizeof places[0] || chdir(places[i]) < 0)
        return false;
    /* The new root stacks on the old one at the same place, so "." then is the old. */
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return false;
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) == 0;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

    return syscall(SYS_capset, &head, none) == 0;
}

int jail_enter(int fd, unsigned *walls, struct err *err)
{
    if (*walls & JAIL_NAMESPACES) {
        map_ids();
        if (empty_root())
            *walls |= JAIL_ROOT;
    }
    if (outer_uid != 0)
        *walls |= JAIL_NOBODY;
    if (fd != 0 && dup2(fd, 0) < 0)
        return err_set(err, VCP_EIO, "cage: dup2: %s", strerror(errno));
    if (close_range(1, ~0u, 0) < 0)
        return err_set(err, VCP_EIO, "cage: close_range: %s", strerror(errno));
    if (!drop_capabilities())
        return err_set(err, VCP_EIO, "cage: capset: %s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return err_set(err, VCP_EIO, "cage: prctl: %s", strerror(errno));
    return VCP_OK;
}

static int limit(__rlimit_resource_t resource, const char *name, rlim_t value, struct err *err)
{
    struct rlimit now, want;

    if (getrlimit(resource, &now) < 0)
        now.rlim_max = RLIM_INFINITY;
    want.rlim_cur = want.rlim_max = value < now.rlim_max ? value : now.rlim_max;
    if (setrlimit(resource, &want) < 0)
        return err_set(err, VCP_EIO, "cage: limit %s: %s", name, strerror(errno));
    return VCP_OK;
}

static int set_limits(const struct jail_limits *l, struct err *err)
{
    rlim_t cpu = l->cpu_seconds ? l->cpu_seconds : RLIM_INFINITY;
    int rc;

#ifndef VCP_SANITIZED /* a sanitizer's shadow alone is terabytes of address space */
    rlim_t bytes = mapped_bytes + l->address_bytes;

    if ((rc = limit(RLIMIT_AS, "AS", bytes, err)) < 0 ||
        (rc = limit(RLIMIT_DATA, "DATA", bytes, err)) < 0)
        return rc;
#endif
    if ((rc = limit(RLIMIT_CPU, "CPU", cpu, err)) < 0 ||
        (rc = limit(RLIMIT_FSIZE, "FSIZE", 0, err)) < 0 ||
        (rc = limit(RLIMIT_CORE, "CORE", 0, err)) < 0 ||
        (rc = limit(RLIMIT_NPROC, "NPROC", 0, err)) < 0 ||
        (rc = limit(RLIMIT_MEMLOCK, "MEMLOCK", 0, err)) < 0 ||
        (rc = limit(RLIMIT_NOFILE, "NOFILE", 0, err)) < 0)
        return rc;
    return VCP_OK;
}

/* Calls allowed whatever their arguments. */
static const int calls_plain[] = {
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(getrusage),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_getres),
    SCMP_SYS(time),
    SCMP_SYS(restart_syscall),
#ifdef VCP_SANITIZED /* what their runtimes do in passing */
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(gettid),
#endif
};

/* The one socket, memory that is neither executable nor a file's, and the plain ones. */
static int allow_calls(scmp_filter_ctx f, const struct jail_limits *l)
{
    const uint64_t exec = PROT_EXEC, anonymous = MAP_ANONYMOUS;
    size_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < sizeof calls_plain / sizeof calls_plain[0]; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls_plain[i], 0);
    if (rc == 0 && l->random)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(getrandom), 0);
    if (rc == 0 && l->threads) /* the filter holds for all of them */
        rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0_32(SCMP_CMP_EQ, 0, 0));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0_32(SCMP_CMP_EQ, 0, 0));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0),
                              SCMP_A3(SCMP_CMP_MASKED_EQ, anonymous, anonymous));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
    return rc;
}

static int filter_calls(const struct jail_limits *l, struct err *err)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    if (!f)
        return err_set(err, VCP_ENOMEM, "cage: no memory for the seccomp filter");
    rc = allow_calls(f, l);
    if (rc == 0)
        rc = seccomp_load(f);
    /* Releasing is memory only, and legal under the filter. */
    seccomp_release(f);
    if (rc != 0)
        return err_set(err, VCP_EIO, "cage: seccomp: %s", strerror(-rc));
    return VCP_OK;
}

int jail_lock(const struct jail_limits *limits, unsigned *walls, struct err *err)
{
    int rc = set_limits(limits, err);

    if (rc < 0)
        return rc;
    *walls |= JAIL_LIMITS;
    rc = filter_calls(limits, err);
    if (rc == VCP_OK)
        *walls |= JAIL_SECCOMP;
    return rc;
}
