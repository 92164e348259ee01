#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_fd(struct buf *out, int fd, const char *path, size_t max_bytes, struct err *err)
{
    size_t start = out->len;

    for (;;) {
        ssize_t n;

        if (!buf_reserve(out, 65536))
            return err_set(err, VCP_ENOMEM, "%s: no memory for its content", path);
        n = read(fd, out->data + out->len, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, VCP_EIO, "%s: cannot read: %s", path, strerror(errno));
        if (n == 0)
            break;
        out->len += (size_t)n;
        if (out->len - start > max_bytes)
            return err_set(err, VCP_ELIMIT, "%s: larger than the limit of %zu bytes", path,
                           max_bytes);
    }
    out->data[out->len] = 0;
    return VCP_OK;
}

int file_read(struct buf *out, const char *path, size_t max_bytes, struct err *err)
{
    int fd, rc;

    if (strcmp(path, "-") == 0)
        return read_fd(out, STDIN_FILENO, "standard input", max_bytes, err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? VCP_ENOTFOUND : VCP_EIO, "%s: cannot open: %s", path,
                       strerror(errno));
    rc = read_fd(out, fd, path, max_bytes, err);
    close(fd);
    return rc;
}

static int write_all(int fd, const unsigned char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

static int replace(const char *path, const void *p, size_t n, unsigned mode, bool sync,
                   struct err *err)
{
    char tmp[PATH_MAX];
    int fd;

    if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= (int)sizeof tmp)
        return err_set(err, VCP_EINVAL, "%s: the path is too long", path);
    fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0)
        return err_set(err, VCP_EIO, "%s: cannot create: %s", path, strerror(errno));
    if (write_all(fd, p, n) < 0 || fchmod(fd, mode) < 0 || (sync && fsync(fd) < 0) ||
        rename(tmp, path) < 0) {
        err_set(err, VCP_EIO, "%s: cannot write: %s", path, strerror(errno));
        unlink(tmp);
        close(fd);
        return VCP_EIO;
    }
    close(fd);
    return VCP_OK;
}

int file_write(const char *path, const void *p, size_t n, unsigned mode, struct err *err)
{
    if (strcmp(path, "-") != 0)
        return replace(path, p, n, mode, true, err);
    if (write_all(STDOUT_FILENO, p, n) < 0)
        return err_set(err, VCP_EIO, "standard output: cannot write: %s", strerror(errno));
    return VCP_OK;
}

int file_write_unsynced(const char *path, const void *p, size_t n, unsigned mode, struct err *err)
{
    return replace(path, p, n, mode, false, err);
}

int file_make_dirs(const char *path, struct err *err)
{
    char part[PATH_MAX];
    size_t i, n = strlen(path);

    if (n >= sizeof part)
        return err_set(err, VCP_EINVAL, "%s: the path is too long", path);
    for (i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return err_set(err, VCP_EIO, "%s: cannot make the folder: %s", part, strerror(errno));
    }
    return VCP_OK;
}

/* ---- mappings and SIGBUS ----
 *
 * The handler may only read: mappings are noted in slots that are taken and given back with
 * atomic stores of the address, last and first.  More mappings than slots are legal; those
 * without a slot end the process as they would without a guard. */

#define MAPS_NOTED 256

static struct {
    _Atomic(const unsigned char *) data; /* NULL: free; note_taken while it is being filled */
    size_t size;
    char name[256];
} noted[MAPS_NOTED];

static const unsigned char note_taken[1];

static const char *guard_program = "";
static int guard_exit_code;

static void note_map(const struct file_map *m, const char *path)
{
    for (size_t i = 0; i < MAPS_NOTED; i++) {
        const unsigned char *none = NULL;

        if (!atomic_compare_exchange_strong(&noted[i].data, &none, note_taken))
            continue;
        noted[i].size = m->size;
        snprintf(noted[i].name, sizeof noted[i].name, "%s", path);
        atomic_store(&noted[i].data, m->data);
        return;
    }
}

static void forget_map(const struct file_map *m)
{
    for (size_t i = 0; i < MAPS_NOTED; i++)
        if (atomic_load(&noted[i].data) == m->data) {
            atomic_store(&noted[i].data, NULL);
            return;
        }
}

/* Program, file and what happened, at once; nothing here may allocate or lock. */
static void tell_fault(const char *name)
{
    const char *part[] = {
        guard_program, ": ", name,
        ": cannot be read any more: cut short while in use, or a fault of its disk\n"};
    char text[512];
    size_t n = 0;

    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        for (const char *s = part[i]; *s && n < sizeof text; s++)
            text[n++] = *s;
    if (write(STDERR_FILENO, text, n) < 0)
        return; /* nobody to tell */
}

static void on_sigbus(int signal_number, siginfo_t *info, void *context)
{
    const unsigned char *at = info->si_addr;

    (void)context;
    for (size_t i = 0; info->si_code > 0 && i < MAPS_NOTED; i++) {
        const unsigned char *data = atomic_load(&noted[i].data);
        size_t page = 65536; /* the last page reaches past the end */

        if (!data || data == note_taken || at < data ||
            (size_t)(at - data) >= ((noted[i].size + page - 1) & ~(page - 1)))
            continue;
        tell_fault(noted[i].name);
        _exit(guard_exit_code);
    }
    signal(signal_number, SIG_DFL); /* happens again when this returns */
    if (info->si_code <= 0)
        raise(signal_number);
}

void file_map_guard(const char *program, int exit_code)
{
    struct sigaction sa = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};

    guard_program = program;
    guard_exit_code = exit_code;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGBUS, &sa, NULL);
}

int file_map_open(struct file_map *m, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *p = NULL;

    if (fd < 0)
        return err_set(err, errno == ENOENT ? VCP_ENOTFOUND : VCP_EIO, "%s: cannot open: %s", path,
                       strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, VCP_EIO, "%s: not a regular file", path);
    }
    if (st.st_size > 0)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return err_set(err, VCP_EIO, "%s: cannot map: %s", path, strerror(errno));
    *m = (struct file_map){.data = p, .size = (size_t)st.st_size};
    if (p)
        note_map(m, path);
    return VCP_OK;
}

void file_map_release(struct file_map *m)
{
    if (m->data) {
        forget_map(m);
        munmap((void *)m->data, m->size);
    }
    *m = (struct file_map){0};
}
