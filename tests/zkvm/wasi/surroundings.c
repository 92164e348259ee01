/* surroundings.c - everything WASI shows a program, to standard output; input, upper case, after
 * it; the first letter of its argument says how it ends. */
#include "direct.h"

static char *strings[64];
static char text[1024], bytes[333];
static uint64_t words[16];

static void say(uint32_t fd, const void *p, uint32_t n)
{
    struct iov iov = {(void *)(uintptr_t)p, n};
    uint32_t written = 0;

    if (fd_write(fd, &iov, 1, &written) != 0 || written != n)
        proc_exit(70);
}

static void number(uint64_t v)
{
    char digits[24];
    uint32_t n = sizeof digits;

    digits[--n] = '\n';
    do
        digits[--n] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    say(1, digits + n, sizeof digits - n);
}

static void show_strings(uint32_t n, uint32_t n_bytes)
{
    number(n);
    for (uint32_t i = 0; i < n; i++)
        number((uint64_t)(strings[i] - text));
    say(2, text, n_bytes);
}

static void arguments(void)
{
    uint32_t n, n_bytes;

    if (args_sizes_get(&n, &n_bytes) || args_get(strings, text))
        proc_exit(71);
    show_strings(n, n_bytes);
    if (environ_sizes_get(&n, &n_bytes) || environ_get(strings, text + 3))
        proc_exit(72);
    number(n);
    say(2, text + 3, n_bytes);
}

static void time_and_chance(void)
{
    for (uint32_t id = 0; id < 5; id++) {
        number((uint64_t)clock_res_get(id, words));
        number((uint64_t)clock_time_get(id, 1, words));
        number(words[0]);
    }
    for (uint32_t n = 0; n < 20; n += 3) {
        if (random_get(bytes + n, n))
            proc_exit(73);
        say(1, bytes + n, n);
    }
}

static void descriptors(void)
{
    for (uint32_t fd = 0; fd < 4; fd++) {
        number((uint64_t)fd_fdstat_get(fd, words));
        say(1, words, 24);
        number((uint64_t)fd_filestat_get(fd, words));
        say(1, words, 64);
        number((uint64_t)fd_prestat_get(fd, words));
        number((uint64_t)fd_seek(fd, 1, 1, words));
        number((uint64_t)path_open(fd, 0, "x", 1, 0, 0, 0, 0, 0));
        number((uint64_t)path_symlink("x", 1, fd, "y", 1));
    }
    number((uint64_t)sched_yield());
}

/* A clock, relative; both streams; a clock, absolute. */
static void wait(void)
{
    static uint8_t in[4 * 48], out[4 * 32];
    uint32_t fired = 0;

    for (uint32_t i = 0; i < 4; i++) {
        in[48 * i] = (uint8_t)(i + 1);
        in[48 * i + 8] = (uint8_t)(i == 0 || i == 3 ? 0 : i);
        in[48 * i + 16] = (uint8_t)(i == 0 ? 1 : i == 3 ? 0 : i - 1);
        in[48 * i + 26] = 9;
        in[48 * i + 40] = i == 3;
    }
    for (uint32_t n = 0; n < 5; n++) {
        number((uint64_t)poll_oneoff(in, out, n, &fired));
        number(fired);
        say(1, out, 32 * fired);
    }
    number((uint64_t)clock_time_get(1, 1, words));
    number(words[0]);
}

/* In pieces of 7 and 100, written in pieces of 5 and the rest. */
static void copy(void)
{
    struct iov in[2] = {{bytes + 1, 7}, {bytes + 8, 100}}, out[2];
    uint32_t n, written;

    while (fd_read(0, in, 2, &n) == 0 && n) {
        for (uint32_t i = 1; i <= n; i++)
            if (bytes[i] >= 'a' && bytes[i] <= 'z')
                bytes[i] -= 32;
        out[0] = (struct iov){bytes + 1, n < 5 ? n : 5};
        out[1] = (struct iov){bytes + 1 + out[0].n, n - out[0].n};
        if (fd_write(1, out, 2, &written) || written != n)
            proc_exit(74);
    }
    number((uint64_t)fd_close(0));
    number((uint64_t)fd_close(0));
    number((uint64_t)fd_read(0, in, 2, &n));
    number((uint64_t)fd_close(2));
    number((uint64_t)fd_write(2, out, 1, &written));
}

__attribute__((export_name("_start"))) void start(void)
{
    uint32_t n, n_bytes;

    args_sizes_get(&n, &n_bytes);
    args_get(strings, text);
    switch (n > 1 ? strings[1][0] : 0) {
    case 'e': proc_exit(42);
    case 't': __builtin_trap();
    case 'f':
        for (;;)
            say(1, text, sizeof text);
    case 'c': copy(); return;
    default: break;
    }
    arguments();
    time_and_chance();
    descriptors();
    wait();
    copy();
}
