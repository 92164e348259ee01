/* wasi.c - the functions of wasi_snapshot_preview1 as routines of the proven form.
 *
 * What src/wasm/wasi.c does for the engine, effect by effect and in its order: the same errno,
 * the same gas between the same checks, the same bytes when buffers overlap.  Beyond the
 * guest's memory there are state cells (enum special_cell), a tape and output words
 * (zkvm/world.h); each is 0 at the start unless the verifier says otherwise.
 *
 * Long moves are whole words: a row a word.  Where source and destination are out of step
 * by k bytes, the row carries the bytes in between (move_in, move_out). */
#include "zkvm/runtime/wasi.h"

enum wasi_errno {
    WASI_SUCCESS = 0,
    WASI_EBADF = 8,
    WASI_EFAULT = 21,
    WASI_EINVAL = 28,
    WASI_ENOSYS = 52,
    WASI_ENOTDIR = 54,
    WASI_ENOTSOCK = 57,
    WASI_ENOTSUP = 58,
    WASI_ESPIPE = 70,
};

enum { FD_INPUT = 0, FD_OUTPUT = 1, FD_ERROR = 2, FD_COUNT = 3 };

#define RIGHT_FD_READ      ((uint64_t)1 << 1)
#define RIGHT_FD_WRITE     ((uint64_t)1 << 6)
#define RIGHT_POLL         ((uint64_t)1 << 27)
#define EVENT_CLOCK        0u
#define EVENT_FD_READ      1u
#define EVENT_FD_WRITE     2u
#define SUBSCRIPTION_BYTES 48u
#define EVENT_BYTES        32u
#define IOVS_MAX           1024u
#define POLL_MAX           1024u
#define CLOCK_MAX_NS       ((uint64_t)1 << 62)
#define CLOCK_STEP_NS      1000u
#define OTHER_EPOCH_NS     1000000000u

#define WASI(name) ROUTINE("wasi." #name) uint32_t wasi_##name

/* ---- small parts ---- */

/* Whether n bytes at addr are the guest's. */
static bool in_memory(uint32_t addr, uint64_t n)
{
    uint64_t bytes = (uint64_t)memory_pages() << 16;

    return addr <= bytes && n <= bytes - addr && (bytes || get_has_memory());
}

static void charge_bytes(uint32_t n)
{
    charge_host(n / 16 + (n % 16 != 0));
}

static bool fd_is_open(uint32_t fd)
{
    return fd < FD_COUNT && !(get_closed() >> fd & 1);
}

static uint32_t tape_byte(uint32_t base, uint32_t at)
{
    return tape(base + at / 4) >> 8 * (at % 4);
}

/* Bytes [at, at + n) of a tape to memory. */
static void from_tape(uint32_t to, uint32_t base, uint32_t at, uint32_t n)
{
    uint32_t words, index, carry = 0, power = 1, k;

    for (; n && to % 4; n--)
        store8(to++, tape_byte(base, at++));
    words = n / 4;
    if (words) {
        index = base + at / 4;
        k = at % 4;
        if (k) { /* the 4 - k bytes left of this word come first */
            carry = tape(index++) >> 8 * k;
            power = 1u << (32 - 8 * k);
        }
        move_in(carry, to / 4, index, words, power);
        to += 4 * words;
        at += 4 * words;
    }
    for (n %= 4; n; n--)
        store8(to++, tape_byte(base, at++));
}

/* An output's state cell, one byte further. */
static uint64_t put_byte(uint64_t out, uint32_t stream, uint32_t byte)
{
    uint32_t at = (uint32_t)out, word = (uint32_t)(out >> 32) | byte << 8 * (at % 4);

    if (at % 4 == 3) {
        write_word(stream | at / 4, word);
        word = 0;
    }
    return (uint64_t)word << 32 | (at + 1);
}

static uint64_t put_bytes(uint64_t out, uint32_t stream, uint32_t from, uint32_t n)
{
    uint32_t words, at;

    for (; n && from % 4; n--)
        out = put_byte(out, stream, load8(from++));
    words = n / 4;
    if (words) {
        at = (uint32_t)out;
        out = (uint64_t)move_out((uint32_t)(out >> 32), stream | at / 4, from / 4, words,
                                 1u << 8 * (at % 4))
                  << 32 |
              (at + 4 * words);
        from += 4 * words;
    }
    for (n %= 4; n; n--)
        out = put_byte(out, stream, load8(from++));
    return out;
}

/* ---- arguments and environment ---- */

static uint32_t strings_sizes(uint64_t strings, uint32_t count, uint32_t bytes)
{
    if (!in_memory(count, 4) || !in_memory(bytes, 4))
        return WASI_EFAULT;
    charge_bytes(8);
    store32(count, (uint32_t)strings);
    store32(bytes, (uint32_t)(strings >> 32));
    return WASI_SUCCESS;
}

/* Pointer and text of one string after the other: they may overlap. */
static uint32_t strings_get(uint64_t strings, uint32_t text_tape, uint32_t at_tape,
                            uint32_t pointers, uint32_t text)
{
    uint32_t n = (uint32_t)strings, bytes = (uint32_t)(strings >> 32), from, to;

    if (!in_memory(pointers, 4 * (uint64_t)n) || !in_memory(text, bytes))
        return WASI_EFAULT;
    charge_bytes(bytes + 4 * n);
    if (!n)
        return WASI_SUCCESS;
    from = tape(at_tape);
    for (uint32_t i = 0; i < n; i++, from = to) {
        to = tape(at_tape + i + 1);
        store32(pointers + 4 * i, text + from);
        from_tape(text + from, text_tape, from, to - from);
    }
    return WASI_SUCCESS;
}

WASI(args_sizes_get)(uint32_t count, uint32_t bytes)
{
    return strings_sizes(get_args(), count, bytes);
}

WASI(args_get)(uint32_t pointers, uint32_t text)
{
    return strings_get(get_args(), TAPE_AT(TAPE_ARGS), TAPE_AT(TAPE_ARGS_AT), pointers, text);
}

WASI(environ_sizes_get)(uint32_t count, uint32_t bytes)
{
    return strings_sizes(get_env(), count, bytes);
}

WASI(environ_get)(uint32_t pointers, uint32_t text)
{
    return strings_get(get_env(), TAPE_AT(TAPE_ENV), TAPE_AT(TAPE_ENV_AT), pointers, text);
}

/* ---- clock and randomness ---- */

static bool clock_is_known(uint32_t id)
{
    return id < 4;
}

static uint64_t epoch_of(uint32_t id)
{
    return id == 0 ? get_epoch() : OTHER_EPOCH_NS;
}

WASI(clock_res_get)(uint32_t id, uint32_t out)
{
    if (!clock_is_known(id))
        return WASI_EINVAL;
    if (!in_memory(out, 8))
        return WASI_EFAULT;
    charge_bytes(8);
    store64(out, CLOCK_STEP_NS);
    return WASI_SUCCESS;
}

WASI(clock_time_get)(uint32_t id, uint64_t precision, uint32_t out)
{
    uint64_t now;

    (void)precision;
    if (!clock_is_known(id))
        return WASI_EINVAL;
    if (!in_memory(out, 8))
        return WASI_EFAULT;
    charge_bytes(8);
    now = get_clock();
    if (now < CLOCK_MAX_NS)
        set_clock(now += CLOCK_STEP_NS);
    store64(out, now + epoch_of(id));
    return WASI_SUCCESS;
}

WASI(random_get)(uint32_t to, uint32_t n)
{
    uint32_t draws;

    if (!in_memory(to, n))
        return WASI_EFAULT;
    charge_bytes(n);
    draws = (uint32_t)get_draws();
    from_tape(to, TAPE_AT(TAPE_RANDOM), 8 * draws, n);
    set_draws(draws + n / 8 + (n % 8 != 0));
    return WASI_SUCCESS;
}

/* ---- streams ---- */

/* The errno, and above 2^32 the bytes of iovs[0..n) when it is 0. */
static uint64_t iovs_check(uint32_t iovs, uint32_t n)
{
    uint64_t total = 0;

    if (n > IOVS_MAX)
        return WASI_EINVAL;
    if (!in_memory(iovs, 8 * n))
        return WASI_EFAULT;
    for (; n; n--, iovs += 8) {
        uint32_t len = load32(iovs + 4);

        if (!in_memory(load32(iovs), len))
            return WASI_EFAULT;
        total += len;
    }
    return total > UINT32_MAX ? WASI_EINVAL : total << 32;
}

/* The list is read again at every step: a buffer may lie over it. */
static uint32_t input_scatter(uint32_t iovs, uint32_t n_iovs, uint32_t n)
{
    uint32_t at = (uint32_t)get_input_at();

    for (; n && n_iovs; n_iovs--, iovs += 8) {
        uint32_t to = load32(iovs), len = load32(iovs + 4);

        len = len < n ? len : n;
        if (!in_memory(to, len))
            break;
        from_tape(to, TAPE_AT(TAPE_INPUT), at, len);
        at += len;
        n -= len;
    }
    set_input_at(at);
    return n ? WASI_EFAULT : WASI_SUCCESS;
}

WASI(fd_read)(uint32_t fd, uint32_t iovs, uint32_t n_iovs, uint32_t out)
{
    uint64_t check, left;
    uint32_t n, e;

    if (fd != FD_INPUT || !fd_is_open(fd))
        return WASI_EBADF;
    check = in_memory(out, 4) ? iovs_check(iovs, n_iovs) : WASI_EFAULT;
    if ((uint32_t)check)
        return (uint32_t)check;
    n = (uint32_t)(check >> 32);
    left = get_input_bytes() - get_input_at();
    n = n < left ? n : (uint32_t)left;
    charge_bytes(n);
    e = input_scatter(iovs, n_iovs, n);
    if (e == WASI_SUCCESS)
        store32(out, n);
    return e;
}

WASI(fd_write)(uint32_t fd, uint32_t iovs, uint32_t n_iovs, uint32_t out)
{
    uint64_t check, to;
    uint32_t n, stream = fd == FD_ERROR ? ERROR_WORDS : 0;

    if (fd == FD_INPUT || !fd_is_open(fd))
        return WASI_EBADF;
    check = in_memory(out, 4) ? iovs_check(iovs, n_iovs) : WASI_EFAULT;
    if ((uint32_t)check)
        return (uint32_t)check;
    n = (uint32_t)(check >> 32);
    charge_bytes(n);
    if (n > get_output_max() - (uint32_t)get_output_state() - (uint32_t)get_error_state())
        trap_host();
    to = fd == FD_ERROR ? get_error_state() : get_output_state();
    for (; n_iovs; n_iovs--, iovs += 8)
        to = put_bytes(to, stream, load32(iovs), load32(iovs + 4));
    if (fd == FD_ERROR)
        set_error_state(to);
    else
        set_output_state(to);
    store32(out, n);
    return WASI_SUCCESS;
}

WASI(fd_close)(uint32_t fd)
{
    if (!fd_is_open(fd))
        return WASI_EBADF;
    set_closed(get_closed() | 1u << fd);
    return WASI_SUCCESS;
}

WASI(fd_fdstat_get)(uint32_t fd, uint32_t out)
{
    if (!fd_is_open(fd))
        return WASI_EBADF;
    if (!in_memory(out, 24))
        return WASI_EFAULT;
    charge_bytes(24);
    store64(out, 0); /* type: unknown, what a pipe is; libc then buffers fully */
    store64(out + 8, RIGHT_POLL | (fd == FD_INPUT ? RIGHT_FD_READ : RIGHT_FD_WRITE));
    store64(out + 16, 0);
    return WASI_SUCCESS;
}

WASI(fd_filestat_get)(uint32_t fd, uint32_t out)
{
    if (!fd_is_open(fd))
        return WASI_EBADF;
    if (!in_memory(out, 64))
        return WASI_EFAULT;
    charge_bytes(64);
    for (uint32_t i = 0; i < 64; i += 8)
        store64(out + i, i == 24); /* one link */
    return WASI_SUCCESS;
}

/* ---- waiting ---- */

/* How long a clock subscription lasts from now. */
static uint64_t clock_timeout(uint32_t id, uint64_t timeout, uint32_t flags)
{
    uint64_t now;

    if (!(flags & 1)) /* relative */
        return timeout;
    now = get_clock() + epoch_of(id);
    return timeout > now ? timeout - now : 0;
}

/* The shortest one, 0 when something is ready at once. */
static uint64_t poll_timeout(uint32_t in, uint32_t n)
{
    uint64_t shortest = UINT64_MAX;

    for (; n; n--, in += SUBSCRIPTION_BYTES) {
        uint64_t timeout;

        if (load8(in + 8) != EVENT_CLOCK)
            return 0; /* streams never block */
        timeout = clock_timeout(load32(in + 16), load64(in + 24), load8(in + 40));
        if (timeout < shortest)
            shortest = timeout;
    }
    return shortest;
}

static uint32_t event_errno(uint32_t type, uint32_t id)
{
    if (type == EVENT_CLOCK)
        return clock_is_known(id) ? WASI_SUCCESS : WASI_EINVAL;
    if (type > EVENT_FD_WRITE)
        return WASI_EINVAL;
    return !fd_is_open(id) || (id == FD_INPUT) != (type == EVENT_FD_READ) ? WASI_EBADF
                                                                          : WASI_SUCCESS;
}

static void put_event(uint32_t out, uint64_t userdata, uint32_t type, uint32_t id)
{
    uint32_t e = event_errno(type, id);
    uint64_t bytes = 0;

    if (type != EVENT_CLOCK && e == WASI_SUCCESS)
        bytes = id == FD_INPUT ? get_input_bytes() - get_input_at() : get_output_max();
    store64(out, userdata);
    store64(out + 8, e | type << 16);
    store64(out + 16, bytes);
    store64(out + 24, 0);
}

/* Events may be written over subscriptions: each is read whole before its event is written. */
static uint32_t poll_events(uint32_t in, uint32_t out, uint32_t n, uint64_t timeout)
{
    uint32_t fired = 0;

    for (; n; n--, in += SUBSCRIPTION_BYTES) {
        uint64_t userdata = load64(in);
        uint32_t type = load8(in + 8), id = load32(in + 16);

        if (type == EVENT_CLOCK && clock_timeout(id, load64(in + 24), load8(in + 40)) > timeout)
            continue;
        put_event(out, userdata, type, id);
        out += EVENT_BYTES;
        fired++;
    }
    return fired;
}

WASI(poll_oneoff)(uint32_t in, uint32_t out, uint32_t n, uint32_t count)
{
    uint64_t timeout, clock;
    uint32_t fired;

    if (n == 0 || n > POLL_MAX)
        return WASI_EINVAL;
    if (!in_memory(in, n * SUBSCRIPTION_BYTES) || !in_memory(out, n * EVENT_BYTES) ||
        !in_memory(count, 4))
        return WASI_EFAULT;
    charge_bytes(n * (SUBSCRIPTION_BYTES + EVENT_BYTES));
    timeout = poll_timeout(in, n);
    fired = poll_events(in, out, n, timeout);
    clock = get_clock();
    set_clock(clock < CLOCK_MAX_NS && timeout < CLOCK_MAX_NS - clock ? clock + timeout
                                                                     : CLOCK_MAX_NS);
    store32(count, fired);
    return WASI_SUCCESS;
}

/* ---- the end, and what is not there ---- */

ROUTINE("wasi.proc_exit") void wasi_proc_exit(uint32_t code)
{
    exit(code);
}

WASI(sched_yield)(void)
{
    return WASI_SUCCESS;
}

WASI(proc_raise)(uint32_t signal)
{
    (void)signal;
    return WASI_ENOSYS;
}

/* ends libc's search for preopened folders */
WASI(fd_prestat_get)(uint32_t fd, uint32_t out)
{
    (void)fd, (void)out;
    return WASI_EBADF;
}

WASI(fd_prestat_dir_name)(uint32_t fd, uint32_t path, uint32_t n)
{
    (void)fd, (void)path, (void)n;
    return WASI_EBADF;
}

/* The descriptor comes first; an open one is a stream. */
static uint32_t open_or_bad(uint32_t fd, uint32_t if_open)
{
    return fd_is_open(fd) ? if_open : WASI_EBADF;
}

/* X(name, errno of an open descriptor, parameters: a the descriptor, i and I any) */
#define P_I(n)  uint32_t i##n __attribute__((unused))
#define P_II(n) uint64_t i##n __attribute__((unused))
#define NOT_FOR_STREAMS(X)                                                                         \
    X(fd_advise, WASI_ESPIPE, P_II(1), P_II(2), P_I(3))                                            \
    X(fd_pread, WASI_ESPIPE, P_I(1), P_I(2), P_II(3), P_I(4))                                      \
    X(fd_pwrite, WASI_ESPIPE, P_I(1), P_I(2), P_II(3), P_I(4))                                     \
    X(fd_seek, WASI_ESPIPE, P_II(1), P_I(2), P_I(3))                                               \
    X(fd_tell, WASI_ESPIPE, P_I(1))                                                                \
    X(fd_allocate, WASI_ENOTSUP, P_II(1), P_II(2))                                                 \
    X(fd_fdstat_set_flags, WASI_ENOTSUP, P_I(1))                                                   \
    X(fd_fdstat_set_rights, WASI_ENOTSUP, P_II(1), P_II(2))                                        \
    X(fd_filestat_set_size, WASI_ENOTSUP, P_II(1))                                                 \
    X(fd_filestat_set_times, WASI_ENOTSUP, P_II(1), P_II(2), P_I(3))                               \
    X(fd_renumber, WASI_ENOTSUP, P_I(1))                                                           \
    X(fd_readdir, WASI_ENOTDIR, P_I(1), P_I(2), P_II(3), P_I(4))                                   \
    X(path_create_directory, WASI_ENOTDIR, P_I(1), P_I(2))                                         \
    X(path_filestat_get, WASI_ENOTDIR, P_I(1), P_I(2), P_I(3), P_I(4))                             \
    X(path_filestat_set_times, WASI_ENOTDIR, P_I(1), P_I(2), P_I(3), P_II(4), P_II(5), P_I(6))     \
    X(path_link, WASI_ENOTDIR, P_I(1), P_I(2), P_I(3), P_I(4), P_I(5), P_I(6))                     \
    X(path_open, WASI_ENOTDIR, P_I(1), P_I(2), P_I(3), P_I(4), P_II(5), P_II(6), P_I(7), P_I(8))   \
    X(path_readlink, WASI_ENOTDIR, P_I(1), P_I(2), P_I(3), P_I(4), P_I(5))                         \
    X(path_remove_directory, WASI_ENOTDIR, P_I(1), P_I(2))                                         \
    X(path_rename, WASI_ENOTDIR, P_I(1), P_I(2), P_I(3), P_I(4), P_I(5))                           \
    X(path_unlink_file, WASI_ENOTDIR, P_I(1), P_I(2))                                              \
    X(sock_accept, WASI_ENOTSOCK, P_I(1), P_I(2))                                                  \
    X(sock_recv, WASI_ENOTSOCK, P_I(1), P_I(2), P_I(3), P_I(4), P_I(5))                            \
    X(sock_send, WASI_ENOTSOCK, P_I(1), P_I(2), P_I(3), P_I(4))                                    \
    X(sock_shutdown, WASI_ENOTSOCK, P_I(1))
#define X(name, errno, ...)                                                                        \
    WASI(name)(uint32_t fd, __VA_ARGS__)                                                           \
    {                                                                                              \
        return open_or_bad(fd, errno);                                                             \
    }
NOT_FOR_STREAMS(X)
#undef X

WASI(fd_sync)(uint32_t fd)
{
    return open_or_bad(fd, WASI_ENOTSUP);
}

WASI(fd_datasync)(uint32_t fd)
{
    return open_or_bad(fd, WASI_ENOTSUP);
}

/* The descriptor of the new name is the third parameter. */
WASI(path_symlink)(uint32_t from, uint32_t n, uint32_t fd, uint32_t to, uint32_t m)
{
    (void)from, (void)n, (void)to, (void)m;
    return open_or_bad(fd, WASI_ENOTDIR);
}
