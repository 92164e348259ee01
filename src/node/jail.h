/* jail.h - the walls around a worker process, built from inside it.
 *
 * In order: namespaces (at birth, by jail_fork: user, pid, net, ipc, mount, uts, cgroup,
 * where the kernel permits), an empty root, no capabilities, no descriptors but one,
 * no_new_privs, resource limits, and a seccomp filter that kills on anything but
 * reading and writing that descriptor, private memory, clocks and exit.  The
 * namespaces are a second wall and may be missing; the rest is required. */
#ifndef NODE_JAIL_H
#define NODE_JAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Which walls stand, as a set of bits. */
enum jail_wall {
    JAIL_NAMESPACES = 1, /* user, pid, net, ipc, mount, uts, cgroup */
    JAIL_ROOT = 2,       /* an empty, read-only root */
    JAIL_NOBODY = 4,     /* uid other than root outside the namespace */
    JAIL_LIMITS = 8,
    JAIL_SECCOMP = 16,
};

/* "namespaces root nobody limits seccomp", those that stand. */
void jail_walls_text(char *out, size_t size, unsigned walls);

/* Run once in the keeper: gives up root for nobody, for good, and any hope of new rights. */
void jail_prepare(void);

/* fork(), into new namespaces where possible; *walls gets JAIL_NAMESPACES then.
 * Only for a process with one thread. */
pid_t jail_fork(unsigned *walls);

/* Run first in the child.  Keeps fd, as descriptor 0, and closes all others; on return
 * the process can neither gain rights nor see files, other processes or networks
 * as far as *walls says. */
int jail_enter(int fd, unsigned *walls, struct err *err);

/* Measures what this process maps, instead of its parent's; before jail_enter. */
void jail_measure(void);

struct jail_limits {
    uint64_t address_bytes; /* beyond what the process (its parent, unless measured) maps */
    uint32_t cpu_seconds;
    bool threads; /* there are some already: they stand behind the same filter */
    bool random;  /* getrandom is allowed */
};

/* The last walls, before the first hostile byte: resource limits and seccomp. */
int jail_lock(const struct jail_limits *limits, unsigned *walls, struct err *err);

#endif
