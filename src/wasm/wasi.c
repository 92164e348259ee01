#include "wasm/wasi.h"

#include <string.h>

#include "base/limits.h"

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
#define FILETYPE_UNKNOWN   0u /* what a pipe is; libc then buffers fully */
#define EVENT_CLOCK        0u
#define EVENT_FD_READ      1u
#define EVENT_FD_WRITE     2u
#define SUBSCRIPTION_BYTES 48u
#define EVENT_BYTES        32u
#define EPOCH_2020_NS      (UINT64_C(1577836800) * 1000000000u)
#define CLOCK_MAX_NS       ((uint64_t)1 << 62)
#define CHUNK_BYTES        ((uint64_t)1 << 20) /* between polls for cancellation */

typedef enum host_status wasi_fn(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results);

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void put_u64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_u64(const uint8_t *p)
{
    return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

/* The errno a function answers with. */
static enum host_status answer(uint64_t *results, enum wasi_errno e)
{
    results[0] = (uint64_t)e;
    return HOST_OK;
}

static bool charge_bytes(struct host_call *call, uint64_t n)
{
    return host_charge(call, n / 16 + (n % 16 != 0));
}

static bool fd_is_open(const struct wasi *w, uint64_t fd)
{
    return fd < FD_COUNT && !(w->closed >> fd & 1);
}

/* --- arguments and environment: the same two functions over a list of strings --- */

static uint64_t strings_bytes(const char *const *strings, size_t n)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += strlen(strings[i]) + 1;
    return bytes;
}

static enum host_status strings_sizes(struct host_call *call, const char *const *strings, size_t n,
                                      const uint64_t *args, uint64_t *results)
{
    uint8_t *count = host_memory(call, args[0], 4), *bytes = host_memory(call, args[1], 4);

    if (!count || !bytes)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, 8))
        return HOST_OUT_OF_GAS;
    put_u32(count, (uint32_t)n);
    put_u32(bytes, (uint32_t)strings_bytes(strings, n));
    return answer(results, WASI_SUCCESS);
}

static enum host_status strings_get(struct host_call *call, const char *const *strings, size_t n,
                                    const uint64_t *args, uint64_t *results)
{
    uint64_t bytes = strings_bytes(strings, n);
    uint8_t *pointers = host_memory(call, args[0], 4 * (uint64_t)n);
    uint8_t *text = host_memory(call, args[1], bytes);
    uint32_t at = (uint32_t)args[1];

    if (!pointers || !text)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, bytes + 4 * (uint64_t)n))
        return HOST_OUT_OF_GAS;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(strings[i]) + 1;

        put_u32(pointers + 4 * i, at);
        memcpy(text, strings[i], len);
        text += len;
        at += (uint32_t)len;
    }
    return answer(results, WASI_SUCCESS);
}

static enum host_status args_sizes_get(void *user, struct host_call *call, const uint64_t *args,
                                       uint64_t *results)
{
    struct wasi *w = user;

    return strings_sizes(call, w->config.args, w->config.n_args, args, results);
}

static enum host_status args_get(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results)
{
    struct wasi *w = user;

    return strings_get(call, w->config.args, w->config.n_args, args, results);
}

static enum host_status environ_sizes_get(void *user, struct host_call *call, const uint64_t *args,
                                          uint64_t *results)
{
    struct wasi *w = user;

    return strings_sizes(call, w->config.env, w->config.n_env, args, results);
}

static enum host_status environ_get(void *user, struct host_call *call, const uint64_t *args,
                                    uint64_t *results)
{
    struct wasi *w = user;

    return strings_get(call, w->config.env, w->config.n_env, args, results);
}

/* --- clock and randomness --- */

static bool clock_is_known(uint64_t id)
{
    return id < 4; /* realtime, monotonic, process and thread CPU time */
}

static uint64_t clock_read(struct wasi *w, uint64_t id)
{
    if (w->clock_ns < CLOCK_MAX_NS)
        w->clock_ns += WASI_CLOCK_STEP_NS;
    return w->clock_ns + (id == 0 ? w->epoch_ns : 1000000000u);
}

static enum host_status clock_res_get(void *user, struct host_call *call, const uint64_t *args,
                                      uint64_t *results)
{
    uint8_t *out = host_memory(call, args[1], 8);

    (void)user;
    if (!clock_is_known(args[0]))
        return answer(results, WASI_EINVAL);
    if (!out)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, 8))
        return HOST_OUT_OF_GAS;
    put_u64(out, WASI_CLOCK_STEP_NS);
    return answer(results, WASI_SUCCESS);
}

static enum host_status clock_time_get(void *user, struct host_call *call, const uint64_t *args,
                                       uint64_t *results)
{
    struct wasi *w = user;
    uint8_t *out = host_memory(call, args[2], 8);

    if (!clock_is_known(args[0]))
        return answer(results, WASI_EINVAL);
    if (!out)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, 8))
        return HOST_OUT_OF_GAS;
    put_u64(out, clock_read(w, args[0]));
    return answer(results, WASI_SUCCESS);
}

static enum host_status random_get(void *user, struct host_call *call, const uint64_t *args,
                                   uint64_t *results)
{
    struct wasi *w = user;
    uint64_t n = args[1];
    uint8_t *out = host_memory(call, args[0], n), word[8];

    if (!out)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, n))
        return HOST_OUT_OF_GAS;
    for (uint64_t i = 0; i < n; i += 8) {
        if (i % CHUNK_BYTES == 0 && !host_poll(call))
            return HOST_STOP;
        put_u64(word, prng_next(&w->random));
        memcpy(out + i, word, n - i < 8 ? n - i : 8);
    }
    return answer(results, WASI_SUCCESS);
}

/* --- streams --- */

/* Checks iovs[0..n) and adds up their bytes. */
static enum wasi_errno iovs_check(struct host_call *call, uint64_t iovs, uint64_t n,
                                  uint64_t *total)
{
    uint8_t *list;

    if (n > WASI_IOVS_MAX)
        return WASI_EINVAL;
    list = host_memory(call, iovs, 8 * n);
    if (!list)
        return WASI_EFAULT;
    *total = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t len = get_u32(list + 8 * i + 4);

        if (!host_memory(call, get_u32(list + 8 * i), len))
            return WASI_EFAULT;
        *total += len;
    }
    return *total > UINT32_MAX ? WASI_EINVAL : WASI_SUCCESS;
}

/* Moves n bytes of input into the buffers of an fd_read.  The list is read again at
 * every step because a buffer may lie over it. */
static bool input_scatter(struct wasi *w, struct host_call *call, const uint64_t *args, uint64_t n)
{
    for (uint64_t i = 0; n && i < args[2]; i++) {
        const uint8_t *iov = host_memory(call, args[1] + 8 * i, 8);
        uint64_t len = get_u32(iov + 4) < n ? get_u32(iov + 4) : n;
        uint8_t *to = host_memory(call, get_u32(iov), len);

        if (!to)
            return false;
        if (len)
            memcpy(to, w->config.input + w->input_at, len);
        w->input_at += len;
        n -= len;
    }
    return n == 0;
}

static enum host_status fd_read(void *user, struct host_call *call, const uint64_t *args,
                                uint64_t *results)
{
    struct wasi *w = user;
    uint64_t total, left = w->config.input_bytes - w->input_at, n;
    uint8_t *out = host_memory(call, args[3], 4);
    enum wasi_errno e;

    if (!fd_is_open(w, args[0]) || args[0] != FD_INPUT)
        return answer(results, WASI_EBADF);
    e = out ? iovs_check(call, args[1], args[2], &total) : WASI_EFAULT;
    if (e)
        return answer(results, e);
    n = total < left ? total : left;
    if (!charge_bytes(call, n))
        return HOST_OUT_OF_GAS;
    if (!input_scatter(w, call, args, n))
        return answer(results, WASI_EFAULT);
    put_u32(out, (uint32_t)n);
    return answer(results, WASI_SUCCESS);
}

static enum host_status fd_write(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results)
{
    struct wasi *w = user;
    uint8_t *out = host_memory(call, args[3], 4), *list;
    struct buf *to = args[0] == FD_OUTPUT ? &w->output : &w->error_output;
    uint64_t total;
    enum wasi_errno e;

    if (!fd_is_open(w, args[0]) || args[0] == FD_INPUT)
        return answer(results, WASI_EBADF);
    e = out ? iovs_check(call, args[1], args[2], &total) : WASI_EFAULT;
    if (e)
        return answer(results, e);
    if (!charge_bytes(call, total))
        return HOST_OUT_OF_GAS;
    if (total > w->config.output_bytes_max - w->output.len - w->error_output.len)
        return host_trap(call, TRAP_HOST, "more output than the task's limit allows");
    list = host_memory(call, args[1], 8 * args[2]);
    for (uint64_t i = 0; i < args[2]; i++) {
        uint32_t len = get_u32(list + 8 * i + 4);

        buf_put(to, host_memory(call, get_u32(list + 8 * i), len), len);
    }
    if (to->failed)
        return host_trap(call, TRAP_HOST, "the host has no memory for the output");
    put_u32(out, (uint32_t)total);
    return answer(results, WASI_SUCCESS);
}

static enum host_status fd_close(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results)
{
    struct wasi *w = user;

    (void)call;
    if (!fd_is_open(w, args[0]))
        return answer(results, WASI_EBADF);
    w->closed |= (uint8_t)(1u << args[0]);
    return answer(results, WASI_SUCCESS);
}

static enum host_status fd_fdstat_get(void *user, struct host_call *call, const uint64_t *args,
                                      uint64_t *results)
{
    uint8_t *out = host_memory(call, args[1], 24);

    if (!fd_is_open(user, args[0]))
        return answer(results, WASI_EBADF);
    if (!out)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, 24))
        return HOST_OUT_OF_GAS;
    memset(out, 0, 24);
    out[0] = FILETYPE_UNKNOWN;
    put_u64(out + 8, RIGHT_POLL | (args[0] == FD_INPUT ? RIGHT_FD_READ : RIGHT_FD_WRITE));
    return answer(results, WASI_SUCCESS);
}

static enum host_status fd_filestat_get(void *user, struct host_call *call, const uint64_t *args,
                                        uint64_t *results)
{
    uint8_t *out = host_memory(call, args[1], 64);

    if (!fd_is_open(user, args[0]))
        return answer(results, WASI_EBADF);
    if (!out)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, 64))
        return HOST_OUT_OF_GAS;
    memset(out, 0, 64);
    out[16] = FILETYPE_UNKNOWN;
    put_u64(out + 24, 1); /* links */
    return answer(results, WASI_SUCCESS);
}

/* --- waiting --- */

/* How long the shortest clock subscription lasts, 0 when something is ready at once. */
static uint64_t poll_timeout_ns(struct wasi *w, const uint8_t *in, uint64_t n)
{
    uint64_t shortest = UINT64_MAX;

    for (uint64_t i = 0; i < n; i++, in += SUBSCRIPTION_BYTES) {
        uint64_t timeout = get_u64(in + 24), now;

        if (in[8] != EVENT_CLOCK)
            return 0;     /* streams never block */
        if (in[40] & 1) { /* absolute */
            now = w->clock_ns + (get_u32(in + 16) == 0 ? w->epoch_ns : 1000000000u);
            timeout = timeout > now ? timeout - now : 0;
        }
        if (timeout < shortest)
            shortest = timeout;
    }
    return shortest;
}

static bool poll_fires(struct wasi *w, const uint8_t *in, uint64_t timeout)
{
    return in[8] != EVENT_CLOCK || poll_timeout_ns(w, in, 1) <= timeout;
}

static void poll_event(struct wasi *w, uint8_t *out, const uint8_t *in)
{
    uint32_t fd = get_u32(in + 16);

    memset(out, 0, EVENT_BYTES);
    memcpy(out, in, 8); /* userdata */
    out[10] = in[8];
    if (in[8] == EVENT_CLOCK)
        out[8] = clock_is_known(fd) ? WASI_SUCCESS : WASI_EINVAL;
    else if (in[8] > EVENT_FD_WRITE)
        out[8] = WASI_EINVAL;
    else if (!fd_is_open(w, fd) || (fd == FD_INPUT) != (in[8] == EVENT_FD_READ))
        out[8] = WASI_EBADF;
    else
        put_u64(out + 16,
                fd == FD_INPUT ? w->config.input_bytes - w->input_at : w->config.output_bytes_max);
}

static enum host_status poll_oneoff(void *user, struct host_call *call, const uint64_t *args,
                                    uint64_t *results)
{
    struct wasi *w = user;
    uint64_t n = args[2], timeout;
    uint8_t *in, *out, *count = host_memory(call, args[3], 4), subscription[SUBSCRIPTION_BYTES];
    uint32_t fired = 0;

    if (n == 0 || n > WASI_POLL_MAX)
        return answer(results, WASI_EINVAL);
    in = host_memory(call, args[0], n * SUBSCRIPTION_BYTES);
    out = host_memory(call, args[1], n * EVENT_BYTES);
    if (!in || !out || !count)
        return answer(results, WASI_EFAULT);
    if (!charge_bytes(call, n * (SUBSCRIPTION_BYTES + EVENT_BYTES)))
        return HOST_OUT_OF_GAS;
    timeout = poll_timeout_ns(w, in, n);
    for (uint64_t i = 0; i < n; i++) {
        /* A copy: the events may be written over the subscriptions. */
        memcpy(subscription, in + i * SUBSCRIPTION_BYTES, SUBSCRIPTION_BYTES);
        if (poll_fires(w, subscription, timeout))
            poll_event(w, out + EVENT_BYTES * fired++, subscription);
    }
    w->clock_ns = w->clock_ns < CLOCK_MAX_NS && timeout < CLOCK_MAX_NS - w->clock_ns
                      ? w->clock_ns + timeout
                      : CLOCK_MAX_NS;
    put_u32(count, fired);
    return answer(results, WASI_SUCCESS);
}

/* --- the end, and what is not there --- */

static enum host_status proc_exit(void *user, struct host_call *call, const uint64_t *args,
                                  uint64_t *results)
{
    (void)user;
    (void)results;
    return host_exit(call, (int32_t)(uint32_t)args[0]);
}

static enum host_status sched_yield(void *user, struct host_call *call, const uint64_t *args,
                                    uint64_t *results)
{
    (void)user;
    (void)call;
    (void)args;
    return answer(results, WASI_SUCCESS);
}

static enum host_status not_there(void *user, struct host_call *call, const uint64_t *args,
                                  uint64_t *results)
{
    (void)user;
    (void)call;
    (void)args;
    return answer(results, WASI_ENOSYS);
}

/* The descriptor comes first; an open one is a stream. */
static enum host_status stream_or_bad(void *user, const uint64_t *args, uint64_t *results,
                                      enum wasi_errno if_open)
{
    return answer(results, fd_is_open(user, args[0]) ? if_open : WASI_EBADF);
}

static enum host_status not_seekable(void *user, struct host_call *call, const uint64_t *args,
                                     uint64_t *results)
{
    (void)call;
    return stream_or_bad(user, args, results, WASI_ESPIPE);
}

static enum host_status not_for_streams(void *user, struct host_call *call, const uint64_t *args,
                                        uint64_t *results)
{
    (void)call;
    return stream_or_bad(user, args, results, WASI_ENOTSUP);
}

static enum host_status no_prestat(void *user, struct host_call *call, const uint64_t *args,
                                   uint64_t *results)
{
    (void)user;
    (void)call;
    (void)args;
    return answer(results, WASI_EBADF); /* ends libc's search for preopened folders */
}

static enum host_status not_a_folder(void *user, struct host_call *call, const uint64_t *args,
                                     uint64_t *results)
{
    (void)call;
    return stream_or_bad(user, args, results, WASI_ENOTDIR);
}

/* path_link, path_symlink and path_rename carry descriptors elsewhere too; none of
 * them can name a folder, whichever is looked at. */
static enum host_status not_a_folder_second(void *user, struct host_call *call,
                                            const uint64_t *args, uint64_t *results)
{
    (void)call;
    return stream_or_bad(user, args + 2, results, WASI_ENOTDIR);
}

static enum host_status not_a_socket(void *user, struct host_call *call, const uint64_t *args,
                                     uint64_t *results)
{
    (void)call;
    return stream_or_bad(user, args, results, WASI_ENOTSOCK);
}

static const struct wasi_entry {
    const char *name;
    const char *params; /* i = i32, I = i64; every function but proc_exit gives an errno */
    wasi_fn *fn;
} entries[] = {
    {"args_get", "ii", args_get},
    {"args_sizes_get", "ii", args_sizes_get},
    {"environ_get", "ii", environ_get},
    {"environ_sizes_get", "ii", environ_sizes_get},
    {"clock_res_get", "ii", clock_res_get},
    {"clock_time_get", "iIi", clock_time_get},
    {"fd_advise", "iIIi", not_seekable},
    {"fd_allocate", "iII", not_for_streams},
    {"fd_close", "i", fd_close},
    {"fd_datasync", "i", not_for_streams},
    {"fd_fdstat_get", "ii", fd_fdstat_get},
    {"fd_fdstat_set_flags", "ii", not_for_streams},
    {"fd_fdstat_set_rights", "iII", not_for_streams},
    {"fd_filestat_get", "ii", fd_filestat_get},
    {"fd_filestat_set_size", "iI", not_for_streams},
    {"fd_filestat_set_times", "iIIi", not_for_streams},
    {"fd_pread", "iiiIi", not_seekable},
    {"fd_prestat_dir_name", "iii", no_prestat},
    {"fd_prestat_get", "ii", no_prestat},
    {"fd_pwrite", "iiiIi", not_seekable},
    {"fd_read", "iiii", fd_read},
    {"fd_readdir", "iiiIi", not_a_folder},
    {"fd_renumber", "ii", not_for_streams},
    {"fd_seek", "iIii", not_seekable},
    {"fd_sync", "i", not_for_streams},
    {"fd_tell", "ii", not_seekable},
    {"fd_write", "iiii", fd_write},
    {"path_create_directory", "iii", not_a_folder},
    {"path_filestat_get", "iiiii", not_a_folder},
    {"path_filestat_set_times", "iiiiIIi", not_a_folder},
    {"path_link", "iiiiiii", not_a_folder},
    {"path_open", "iiiiiIIii", not_a_folder},
    {"path_readlink", "iiiiii", not_a_folder},
    {"path_remove_directory", "iii", not_a_folder},
    {"path_rename", "iiiiii", not_a_folder},
    {"path_symlink", "iiiii", not_a_folder_second},
    {"path_unlink_file", "iii", not_a_folder},
    {"poll_oneoff", "iiii", poll_oneoff},
    {"proc_exit", "i", proc_exit},
    {"proc_raise", "i", not_there},
    {"random_get", "ii", random_get},
    {"sched_yield", "", sched_yield},
    {"sock_accept", "iii", not_a_socket},
    {"sock_recv", "iiiiii", not_a_socket},
    {"sock_send", "iiiii", not_a_socket},
    {"sock_shutdown", "ii", not_a_socket},
};

static int define_entry(struct wasi *w, struct store *s, const struct wasi_entry *e,
                        struct err *err)
{
    static const uint8_t result = VAL_I32;
    uint8_t params[16];
    struct func_type type = {.params = params, .results = &result};

    for (; e->params[type.n_params]; type.n_params++)
        params[type.n_params] = e->params[type.n_params] == 'I' ? VAL_I64 : VAL_I32;
    type.n_results = e->fn != proc_exit;
    return store_define_func(s, WASI_MODULE, e->name, &type, (struct host_func){e->fn, w}, err);
}

int wasi_define(struct wasi *w, struct store *s, struct err *err)
{
    int rc = VCP_OK;

    for (size_t i = 0; i < sizeof entries / sizeof *entries && rc == VCP_OK; i++)
        rc = define_entry(w, s, &entries[i], err);
    return rc;
}

static int check_strings(const char *const *strings, size_t n, const char *what, struct err *err)
{
    uint64_t bytes = 0;

    if (n > WASI_STRINGS_MAX)
        return err_set(err, VCP_ELIMIT, "%zu %s, the limit is %u", n, what, WASI_STRINGS_MAX);
    bytes = strings_bytes(strings, n);
    if (bytes > WASI_STRINGS_BYTES_MAX)
        return err_set(err, VCP_ELIMIT, "%s of %llu bytes, the limit is %u", what,
                       (unsigned long long)bytes, WASI_STRINGS_BYTES_MAX);
    return VCP_OK;
}

uint64_t wasi_epoch_ns(uint64_t seed)
{
    struct prng epoch;

    prng_init(&epoch, ~seed);
    return EPOCH_2020_NS + prng_below(&epoch, (uint64_t)1 << 26) * 1000000000u;
}

int wasi_init(struct wasi *w, const struct wasi_config *config, struct err *err)
{
    int rc = check_strings(config->args, config->n_args, "arguments", err);

    if (rc == VCP_OK)
        rc = check_strings(config->env, config->n_env, "environment variables", err);
    if (rc < 0)
        return rc;
    *w = (struct wasi){.config = *config};
    prng_init(&w->random, config->seed);
    w->epoch_ns = wasi_epoch_ns(config->seed);
    buf_init(&w->output, 0);
    buf_init(&w->error_output, 0);
    return VCP_OK;
}

void wasi_release(struct wasi *w)
{
    buf_release(&w->output);
    buf_release(&w->error_output);
}
