/* test_wasi_routines.c - the WASI of proofs (zkvm/runtime/wasi.c) against the engine's: random
 * calls with hostile arguments, side by side; after each the errno, the memory, the gas and the way
 * it ended must be the same, and in the end the outputs.
 *
 * The routines are those of proofs, run by the engine with the primitives as host functions.
 *
 *     test_zkvm_wasi_routines WASI_ALL.wasm [SEQUENCES [SEED [ROUTINES.wasm]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "base/file.h"
#include "base/limits.h"
#include "wasm/instance.h"
#include "wasm/wasi.h"
#include "zkvm/runtime.h"
#include "zkvm/world.h"

static struct buf engine_module, routine_module;
static unsigned n_sequences = 300;
static uint64_t first_seed = 1;

/* ---- the primitives, as host functions ---- */

struct routines {
    struct world world;
    uint64_t cells[SPECIAL_CELLS];
    struct buf written[2];
    uint64_t gas_left, words_moved;
    struct store *store;
    struct instance *inst;
};

static enum host_status get_cell(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results)
{
    (void)call, (void)args;
    results[0] = *(uint64_t *)user;
    return HOST_OK;
}

static enum host_status set_cell(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results)
{
    (void)call, (void)results;
    *(uint64_t *)user = args[0];
    return HOST_OK;
}

static enum host_status tape(void *user, struct host_call *call, const uint64_t *args,
                             uint64_t *results)
{
    struct routines *r = user;
    uint32_t word;

    (void)call;
    if (!world_word(&word, &r->world, (uint32_t)args[0]))
        fail_msg("word %llx of no tape", (unsigned long long)args[0]);
    results[0] = word;
    return HOST_OK;
}

/* Words come in order, each once. */
static void write_one(struct routines *r, uint64_t number, uint32_t word)
{
    struct buf *to = &r->written[number >> 31];

    assert_int_equal(number & 0x7fffffff, to->len / 4);
    buf_put_u32le(to, word);
}

static enum host_status output(void *user, struct host_call *call, const uint64_t *args,
                               uint64_t *results)
{
    (void)call, (void)results;
    write_one(user, args[0], (uint32_t)args[1]);
    return HOST_OK;
}

static uint32_t load_word(struct host_call *call, uint64_t word)
{
    const uint8_t *p = host_memory(call, word * 4, 4);
    uint32_t v;

    assert_non_null(p);
    memcpy(&v, p, 4);
    return v;
}

static void store_word(struct host_call *call, uint64_t word, uint32_t v)
{
    uint8_t *p = host_memory(call, word * 4, 4);

    assert_non_null(p);
    memcpy(p, &v, 4);
}

static enum host_status move_words(struct routines *r, struct host_call *call, const uint64_t *args,
                                   uint64_t *results, bool is_in)
{
    uint64_t carry = args[0], to = args[1], from = args[2], n = args[3], power = args[4];
    uint64_t at = from;

    r->words_moved += n;
    for (; n; n--, to++, from++) {
        uint64_t x;

        at = from;
        if (is_in)
            tape(r, call, &at, &x);
        else
            x = load_word(call, from);
        carry += power * x;
        if (is_in)
            store_word(call, to, (uint32_t)carry);
        else
            write_one(r, to, (uint32_t)carry);
        carry >>= 32;
    }
    results[0] = carry;
    return HOST_OK;
}

static enum host_status move_in(void *user, struct host_call *call, const uint64_t *args,
                                uint64_t *results)
{
    return move_words(user, call, args, results, true);
}

static enum host_status move_out(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results)
{
    return move_words(user, call, args, results, false);
}

static enum host_status charge(void *user, struct host_call *call, const uint64_t *args,
                               uint64_t *results)
{
    struct routines *r = user;

    (void)results;
    if (args[0] > r->gas_left) {
        host_charge(call, UINT64_MAX / 2); /* says so */
        return HOST_OUT_OF_GAS;
    }
    r->gas_left -= args[0];
    return HOST_OK;
}

static enum host_status trap(void *user, struct host_call *call, const uint64_t *args,
                             uint64_t *results)
{
    (void)user, (void)args, (void)results;
    return host_trap(call, TRAP_HOST, "said by the routine");
}

static enum host_status leave(void *user, struct host_call *call, const uint64_t *args,
                              uint64_t *results)
{
    (void)user, (void)results;
    return host_exit(call, (int32_t)(uint32_t)args[0]);
}

/* ---- both sides ---- */

struct pair {
    struct wasi wasi;
    struct wasi_config config;
    struct store *store;
    struct instance *inst;
    struct routines r;
    struct code *codes[2];
    struct statement statement;
    struct streams streams;
    struct buf arguments, environment;
    uint8_t input[600];
    struct prng rng;
    uint64_t gas_max;
};

static void define(struct pair *p, const char *name, const char *type, struct host_func f)
{
    static const uint8_t i64 = VAL_I64, i32 = VAL_I32;
    uint8_t params[8];
    struct func_type t = {.params = params};
    struct err err = {0};

    for (; type[t.n_params] && type[t.n_params] != '>'; t.n_params++)
        params[t.n_params] = type[t.n_params] == 'I' ? VAL_I64 : VAL_I32;
    if (type[t.n_params] == '>') {
        t.n_results = 1;
        t.results = type[t.n_params + 1] == 'I' ? &i64 : &i32;
    }
    assert_ok(store_define_func(p->r.store, "vcp", name, &t, f, &err), err);
}

static void define_cells(struct pair *p)
{
    static const char *const names[] = {"closed",      "input_at",   "input_bytes", "output_state",
                                        "error_state", "output_max", "clock",       "epoch",
                                        "draws",       "args",       "env",         "has_memory"};
    char name[40];

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t *cell = &p->r.cells[CELL_CLOSED + i];

        snprintf(name, sizeof name, "get.%s", names[i]);
        define(p, name, ">I", (struct host_func){get_cell, cell});
        snprintf(name, sizeof name, "set.%s", names[i]);
        define(p, name, "I", (struct host_func){set_cell, cell});
    }
}

static void define_primitives(struct pair *p)
{
    define_cells(p);
    define(p, "tape.world", "i>i", (struct host_func){tape, &p->r});
    define(p, "write.word", "ii", (struct host_func){output, &p->r});
    define(p, "move.in", "iiiii>i", (struct host_func){move_in, &p->r});
    define(p, "move.out", "iiiii>i", (struct host_func){move_out, &p->r});
    define(p, "charge.host", "I", (struct host_func){charge, &p->r});
    define(p, "trap.host", "", (struct host_func){trap, &p->r});
    define(p, "exit", "i", (struct host_func){leave, &p->r});
}

static enum host_status not_for_wasi(void *user, struct host_call *call, const uint64_t *args,
                                     uint64_t *results)
{
    (void)user, (void)args, (void)results;
    return host_trap(call, TRAP_HOST, "a primitive that no WASI routine calls");
}

/* The other routines' primitives, so that the module links. */
static void define_others(struct pair *p, const struct module *m)
{
    char name[NAME_TEXT_BYTES];
    struct err err = {0};

    for (uint32_t f = 0; f < m->n_imported_funcs; f++) {
        const struct name *in = &m->imports[m->funcs[f].import].name;

        assert_ok(store_define_func(p->r.store, "vcp", name_text(name, in), module_func_type(m, f),
                                    (struct host_func){not_for_wasi, NULL}, &err),
                  err);
    }
}

static uint64_t below(struct pair *p, uint64_t n)
{
    return prng_below(&p->rng, n);
}

static void draw_config(struct pair *p)
{
    static const char *const args[] = {"main", "", "a", "seven..", "twelve chars"};
    static const char *const env[] = {"HOME=/", "A=", "LONGER=0123456789abcdef", "X=YZ"};

    for (size_t i = 0; i < sizeof p->input; i++)
        p->input[i] = (uint8_t)(1 + i * 7 + i / 256);
    p->config = (struct wasi_config){.args = args,
                                     .n_args = 1 + below(p, 5),
                                     .env = env,
                                     .n_env = below(p, 5),
                                     .input = p->input,
                                     .input_bytes = below(p, sizeof p->input + 1),
                                     .seed = prng_next(&p->rng),
                                     .output_bytes_max = below(p, 3) ? 1 << 20 : below(p, 400)};
    p->gas_max = below(p, 2) ? 1000000 : below(p, 300);
}

static void make_statement(struct pair *p)
{
    struct statement *s = &p->statement;

    statement_init(s);
    streams_put_strings(&p->arguments, p->config.args + 1, p->config.n_args - 1);
    streams_put_strings(&p->environment, p->config.env, p->config.n_env);
    p->streams.of[STREAM_ARGUMENTS] = (struct stream_bytes){p->arguments.data, p->arguments.len};
    p->streams.of[STREAM_ENVIRONMENT] = (struct stream_bytes){p->environment.data,
                                                              p->environment.len};
    p->streams.of[STREAM_INPUT] = (struct stream_bytes){p->input, p->config.input_bytes};
    statement_stream_set(&s->arguments, p->arguments.data, p->arguments.len);
    statement_stream_set(&s->environment, p->environment.data, p->environment.len);
    statement_stream_set(&s->input, p->input, p->config.input_bytes);
    s->output_bytes_max = p->config.output_bytes_max;
    s->seed = p->config.seed;
}

static void open_pair(struct pair *p, uint64_t seed)
{
    struct run_limits limits;
    struct outcome o;
    struct err err = {0};

    memset(p, 0, sizeof *p);
    prng_init(&p->rng, seed);
    draw_config(p);
    assert_ok(run_limits_preset(&limits, "default", &err), err);
    limits.gas_max = 1000000000;
    p->store = store_new(&limits, NULL);
    p->r.store = store_new(&limits, NULL);
    assert_ok(wasi_init(&p->wasi, &p->config, &err), err);
    assert_ok(wasi_define(&p->wasi, p->store, &err), err);
    make_statement(p);
    assert_ok(world_init(&p->r.world, &p->statement, &p->streams, true, &err), err);
    memcpy(p->r.cells, p->r.world.first, sizeof p->r.cells);
    assert_ok(code_load(&p->codes[0], engine_module.data, engine_module.len, NULL, &err), err);
    assert_ok(code_load(&p->codes[1], routine_module.data, routine_module.len, NULL, &err), err);
    define_others(p, p->codes[1]->module);
    define_primitives(p); /* the later definition counts */
    assert_ok(instance_new(&p->inst, p->store, p->codes[0], &o, &err), err);
    assert_ok(instance_new(&p->r.inst, p->r.store, p->codes[1], &o, &err), err);
    store_set_gas_max(p->store, p->gas_max);
    p->r.gas_left = p->gas_max;
}

static void close_pair(struct pair *p)
{
    store_delete(p->store);
    store_delete(p->r.store);
    code_free(p->codes[0]);
    code_free(p->codes[1]);
    wasi_release(&p->wasi);
    world_release(&p->r.world);
    buf_release(&p->r.written[0]);
    buf_release(&p->r.written[1]);
    buf_release(&p->arguments);
    buf_release(&p->environment);
}

static uint8_t *memory(struct pair *p, int side)
{
    uint64_t bytes;
    uint8_t *m = instance_memory(side ? p->r.inst : p->inst, 0, &bytes);

    assert_non_null(m);
    return m;
}

/* ---- calls ---- */

#define MEMORY_BYTES 65536u

/* Near one another, so that things overlap; at the memory's end, or far beyond. */
static uint32_t address(struct pair *p)
{
    switch (below(p, 12)) {
    case 0: return MEMORY_BYTES - (uint32_t)below(p, 80);
    case 1: return (uint32_t)prng_next(&p->rng);
    case 2: return 0;
    default: return 1024 + (uint32_t)below(p, 600);
    }
}

static uint32_t length(struct pair *p)
{
    switch (below(p, 16)) {
    case 0: return (uint32_t)prng_next(&p->rng);
    case 1: return 0;
    case 2: return (uint32_t)below(p, 4000);
    default: return (uint32_t)below(p, 70);
    }
}

static uint32_t descriptor(struct pair *p)
{
    return below(p, 20) ? (uint32_t)below(p, 4) : (uint32_t)prng_next(&p->rng);
}

static void poke32(struct pair *p, uint32_t at, uint32_t v)
{
    if (at > MEMORY_BYTES - 4)
        return;
    memcpy(memory(p, 0) + at, &v, 4);
    memcpy(memory(p, 1) + at, &v, 4);
}

static uint32_t put_iovs(struct pair *p, uint32_t n)
{
    uint32_t at = address(p);

    for (uint32_t i = 0; i < n && at <= MEMORY_BYTES - 8 * n; i++) {
        poke32(p, at + 8 * i, address(p));
        poke32(p, at + 8 * i + 4, length(p));
    }
    return at;
}

static uint32_t put_subscriptions(struct pair *p, uint32_t n)
{
    uint32_t at = address(p);

    for (uint32_t i = 0; i < n && at <= MEMORY_BYTES - 48 * n; i++) {
        uint32_t s = at + 48 * i;

        for (uint32_t k = 0; k < 12; k++)
            poke32(p, s + 4 * k, (uint32_t)prng_next(&p->rng));
        poke32(p, s + 8,
               (uint32_t)(prng_next(&p->rng) << 8 |
                          (below(p, 8) ? below(p, 2) * below(p, 4) : below(p, 256))));
        poke32(p, s + 16, descriptor(p));
        poke32(p, s + 28, (uint32_t)(prng_next(&p->rng) >> 32 >> below(p, 33)));
    }
    return at;
}

static const char *const names[] = {"args_get",
                                    "args_sizes_get",
                                    "environ_get",
                                    "environ_sizes_get",
                                    "clock_res_get",
                                    "clock_time_get",
                                    "fd_advise",
                                    "fd_allocate",
                                    "fd_close",
                                    "fd_datasync",
                                    "fd_fdstat_get",
                                    "fd_fdstat_set_flags",
                                    "fd_fdstat_set_rights",
                                    "fd_filestat_get",
                                    "fd_filestat_set_size",
                                    "fd_filestat_set_times",
                                    "fd_pread",
                                    "fd_prestat_dir_name",
                                    "fd_prestat_get",
                                    "fd_pwrite",
                                    "fd_read",
                                    "fd_readdir",
                                    "fd_renumber",
                                    "fd_seek",
                                    "fd_sync",
                                    "fd_tell",
                                    "fd_write",
                                    "path_create_directory",
                                    "path_filestat_get",
                                    "path_filestat_set_times",
                                    "path_link",
                                    "path_open",
                                    "path_readlink",
                                    "path_remove_directory",
                                    "path_rename",
                                    "path_symlink",
                                    "path_unlink_file",
                                    "poll_oneoff",
                                    "proc_exit",
                                    "proc_raise",
                                    "random_get",
                                    "sched_yield",
                                    "sock_accept",
                                    "sock_recv",
                                    "sock_send",
                                    "sock_shutdown"};
#define N_NAMES (sizeof names / sizeof *names)

/* Reading and writing most often, closing and leaving seldom. */
static const char *draw_name(struct pair *p)
{
    static const char *const often[] = {"fd_read",  "fd_write",    "fd_write",    "random_get",
                                        "args_get", "environ_get", "poll_oneoff", "clock_time_get"};
    const char *name = below(p, 4) ? often[below(p, sizeof often / sizeof *often)]
                                   : names[below(p, N_NAMES)];

    if ((strcmp(name, "fd_close") == 0 || strcmp(name, "proc_exit") == 0) && below(p, 6))
        return "fd_read";
    return name;
}

static void draw_args(struct pair *p, const char *name, const struct func_type *type,
                      struct wasm_value *v)
{
    uint32_t n;

    for (uint32_t i = 0; i < type->n_params; i++) {
        v[i] = (struct wasm_value){type->params[i], address(p)};
        if (type->params[i] == VAL_I64)
            v[i].bits = prng_next(&p->rng);
    }
    if (strncmp(name, "fd_", 3) == 0 || strncmp(name, "path_", 5) == 0 ||
        strncmp(name, "sock_", 5) == 0)
        v[strcmp(name, "path_symlink") == 0 ? 2 : 0].bits = descriptor(p);
    if (strncmp(name, "clock_", 6) == 0)
        v[0].bits = below(p, 6);
    if (strcmp(name, "random_get") == 0)
        v[1].bits = length(p);
    if (strcmp(name, "fd_read") == 0 || strcmp(name, "fd_write") == 0) {
        n = below(p, 30) ? (uint32_t)below(p, 5) : 1020 + (uint32_t)below(p, 8);
        if (below(p, 5))
            v[0].bits = strcmp(name, "fd_read") == 0 ? 0 : 1 + below(p, 2);
        v[1].bits = put_iovs(p, n);
        v[2].bits = n;
    }
    if (strcmp(name, "poll_oneoff") == 0) {
        n = below(p, 30) ? (uint32_t)below(p, 5) : (uint32_t)below(p, 2000);
        v[0].bits = put_subscriptions(p, n);
        v[2].bits = n;
    }
}

/* The wrapper's own instructions. */
static uint64_t wrapper_gas(const struct func_type *type)
{
    return type->n_params + 1;
}

static void compare_memory(struct pair *p, const char *name)
{
    const uint8_t *a = memory(p, 0), *b = memory(p, 1);

    for (uint32_t i = 0; i < MEMORY_BYTES; i++)
        if (a[i] != b[i])
            fail_msg("%s: byte %u is %u with the engine's, %u with the routine", name, i, a[i],
                     b[i]);
}

/* false: the run is over. */
static bool call(struct pair *p, const char *name)
{
    struct wasm_value args[16], got[2];
    char export[40];
    struct func *engine = instance_func(p->inst, name, strlen(name)), *routine;
    const struct func_type *type = func_type_of(engine);
    struct outcome o[2];
    struct err err = {0};
    bool pays;

    snprintf(export, sizeof export, "wasi.%s", name);
    routine = instance_func(p->r.inst, export, strlen(export));
    assert_non_null(routine);
    draw_args(p, name, type, args);
    pays = p->r.gas_left >= wrapper_gas(type);
    assert_ok(func_call(p->store, engine, args, type->n_params, &got[0], &o[0], &err), err);
    if (!pays) {
        assert_int_equal(o[0].status, RUN_OUT_OF_GAS);
        return false;
    }
    p->r.gas_left -= wrapper_gas(type);
    assert_ok(func_call(p->r.store, routine, args, type->n_params, &got[1], &o[1], &err), err);
    if (o[0].status != o[1].status || o[0].trap != o[1].trap || o[0].exit_code != o[1].exit_code)
        fail_msg("%s: \"%s\" (%d) with the engine's, \"%s\" (%d) with the routine", name,
                 o[0].message, o[0].status, o[1].message, o[1].status);
    compare_memory(p, name);
    if (store_gas_used(p->store) != p->gas_max - p->r.gas_left)
        fail_msg("%s: gas %llu with the engine's, %llu with the routine", name,
                 (unsigned long long)store_gas_used(p->store),
                 (unsigned long long)(p->gas_max - p->r.gas_left));
    if (o[0].status == RUN_OK && type->n_results && got[0].bits != got[1].bits)
        fail_msg("%s: errno %llu with the engine's, %llu with the routine", name,
                 (unsigned long long)got[0].bits, (unsigned long long)got[1].bits);
    return o[0].status == RUN_OK;
}

/* Whole words, and the rest in the state cell. */
static void compare_output(struct pair *p, const struct buf *want, const struct buf *words,
                           uint64_t state)
{
    uint32_t rest = 0;

    assert_int_equal((uint32_t)state, want->len);
    assert_int_equal(words->len, want->len / 4 * 4);
    if (words->len)
        assert_memory_equal(words->data, want->data, words->len);
    memcpy(&rest, want->len % 4 ? want->data + words->len : (const uint8_t *)&rest, want->len % 4);
    assert_int_equal(state >> 32, rest);
    (void)p;
}

static uint64_t n_calls, n_moved, seed_now;

static void one_sequence(uint64_t seed)
{
    struct pair p;

    open_pair(&p, seed);
    for (unsigned i = 0; i < 60; i++) {
        n_calls++;
        if (!call(&p, draw_name(&p)))
            break;
    }
    compare_output(&p, &p.wasi.output, &p.r.written[0], p.r.cells[CELL_OUTPUT]);
    compare_output(&p, &p.wasi.error_output, &p.r.written[1], p.r.cells[CELL_ERROR]);
    n_moved += p.r.words_moved;
    close_pair(&p);
}

static void routines_do_what_the_engine_does(void **state)
{
    (void)state;
    for (seed_now = first_seed; seed_now < first_seed + n_sequences; seed_now++)
        one_sequence(seed_now);
    fprintf(stderr, "%llu calls, %llu words moved by rows of their own\n",
            (unsigned long long)n_calls, (unsigned long long)n_moved);
    assert_true(n_calls > 10 * n_sequences && n_moved > n_sequences);
}

static int tell_seed(void **state)
{
    (void)state;
    if (seed_now < first_seed + n_sequences)
        fprintf(stderr, "it was seed %llu\n", (unsigned long long)seed_now);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(routines_do_what_the_engine_does, tell_seed)};
    struct err err;

    if (argc < 2 || file_read(&engine_module, argv[1], 1 << 20, &err) < 0)
        return 2;
    if (argc > 2)
        n_sequences = (unsigned)atoi(argv[2]);
    if (argc > 3)
        first_seed = strtoull(argv[3], NULL, 0);
    if (argc > 4 && file_read(&routine_module, argv[4], 1 << 20, &err) < 0)
        return 2;
    if (argc <= 4) {
        size_t n;
        const uint8_t *bytes = runtime_module(&n);

        buf_put(&routine_module, bytes, n);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
