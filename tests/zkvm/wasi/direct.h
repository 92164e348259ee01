/* direct.h - WASI without a C library: its functions as they are imported. */
#ifndef TESTS_ZKVM_WASI_DIRECT_H
#define TESTS_ZKVM_WASI_DIRECT_H

#include <stdint.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

struct iov {
    void *at;
    uint32_t n;
};

WASI(args_sizes_get) int args_sizes_get(uint32_t *n, uint32_t *bytes);
WASI(args_get) int args_get(char **argv, char *text);
WASI(environ_sizes_get) int environ_sizes_get(uint32_t *n, uint32_t *bytes);
WASI(environ_get) int environ_get(char **env, char *text);
WASI(clock_res_get) int clock_res_get(uint32_t id, uint64_t *out);
WASI(clock_time_get) int clock_time_get(uint32_t id, uint64_t precision, uint64_t *out);
WASI(random_get) int random_get(void *out, uint32_t n);
WASI(fd_read) int fd_read(uint32_t fd, const struct iov *iovs, uint32_t n, uint32_t *read);
WASI(fd_write) int fd_write(uint32_t fd, const struct iov *iovs, uint32_t n, uint32_t *written);
WASI(fd_close) int fd_close(uint32_t fd);
WASI(fd_fdstat_get) int fd_fdstat_get(uint32_t fd, void *out);
WASI(fd_filestat_get) int fd_filestat_get(uint32_t fd, void *out);
WASI(fd_prestat_get) int fd_prestat_get(uint32_t fd, void *out);
WASI(fd_seek) int fd_seek(uint32_t fd, int64_t by, uint32_t whence, uint64_t *at);
WASI(path_open)
int path_open(uint32_t fd, uint32_t flags, const char *path, uint32_t n, uint32_t how,
              uint64_t base, uint64_t inheriting, uint32_t fd_flags, uint32_t *out);
WASI(path_symlink)
int path_symlink(const char *from, uint32_t n, uint32_t fd, const char *to, uint32_t m);
WASI(poll_oneoff) int poll_oneoff(const void *in, void *out, uint32_t n, uint32_t *fired);
WASI(proc_exit) _Noreturn void proc_exit(uint32_t code);
WASI(sched_yield) int sched_yield(void);

#endif
