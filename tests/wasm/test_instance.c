/* Stores: two linked modules, host functions, lifetimes. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "wasm/instance.h"

struct world {
    struct store *store;
    struct instance *library, *user;
    struct outcome outcome;
};

static const char *folder;

static struct code *load(const char *name)
{
    struct buf bytes = {0};
    struct code *code;
    char path[512];
    struct err err;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_read(&bytes, path, 1u << 20, &err), err);
    assert_ok(code_load(&code, bytes.data, bytes.len, NULL, &err), err);
    buf_release(&bytes);
    return code;
}

/* A sum through guest memory: the host writes it at 0 and reads it back. */
static enum host_status host_sum(void *user, struct host_call *call, const uint64_t *args,
                                 uint64_t *results)
{
    uint8_t *p = host_memory(call, 0, 8);
    uint64_t sum = (uint32_t)args[0] + (uint64_t)(uint32_t)args[1];

    (void)user;
    if (!p || host_memory(call, 65536 * 4 - 3, 4) || host_memory(call, UINT64_MAX, 1))
        return host_trap(call, TRAP_MEMORY_OUT_OF_BOUNDS, NULL);
    memcpy(p, &sum, 8);
    memcpy(&results[0], p, 8);
    return HOST_OK;
}

/* Charges what it is told, and counts how often it worked. */
static enum host_status host_work(void *user, struct host_call *call, const uint64_t *args,
                                  uint64_t *results)
{
    (void)results;
    if (!host_charge(call, (uint32_t)args[0]))
        return HOST_OUT_OF_GAS;
    ++*(int *)user;
    return HOST_OK;
}

static enum host_status host_leave(void *user, struct host_call *call, const uint64_t *args,
                                   uint64_t *results)
{
    (void)user, (void)results;
    return host_exit(call, (int32_t)args[0]);
}

static enum host_status host_refuse(void *user, struct host_call *call, const uint64_t *args,
                                    uint64_t *results)
{
    (void)user, (void)args, (void)results;
    return host_trap(call, TRAP_HOST, "the host is closed");
}

static int n_worked;

static void define_host(struct store *s)
{
    static const uint8_t i32s[] = {VAL_I32, VAL_I32}, i64[] = {VAL_I64};
    static const struct func_type sum = {i32s, i64, 2, 1}, one = {i32s, NULL, 1, 0},
                                  none = {NULL, NULL, 0, 0};
    struct err err;

    assert_ok(store_define_func(s, "host", "sum", &sum, (struct host_func){host_sum, NULL}, &err),
              err);
    assert_ok(
        store_define_func(s, "host", "work", &one, (struct host_func){host_work, &n_worked}, &err),
        err);
    assert_ok(
        store_define_func(s, "host", "leave", &one, (struct host_func){host_leave, NULL}, &err),
        err);
    assert_ok(
        store_define_func(s, "host", "refuse", &none, (struct host_func){host_refuse, NULL}, &err),
        err);
}

static struct store *make_store(void)
{
    struct run_limits limits;
    struct store *s;
    struct err err;

    assert_ok(run_limits_preset(&limits, "default", &err), err);
    s = store_new(&limits, NULL);
    assert_non_null(s);
    return s;
}

static struct instance *instantiate(struct store *s, const char *file, const char *name)
{
    struct code *code = load(file);
    struct instance *inst;
    struct outcome o;
    struct err err;

    assert_ok(store_adopt_code(s, code), err);
    assert_ok(instance_new(&inst, s, code, &o, &err), err);
    assert_int_equal(o.status, RUN_OK);
    assert_ok(store_register(s, name, inst, &err), err);
    return inst;
}

static struct world make_world(void)
{
    struct world w = {.store = make_store()};

    n_worked = 0;
    define_host(w.store);
    w.library = instantiate(w.store, "library.wasm", "library");
    w.user = instantiate(w.store, "user.wasm", "user");
    return w;
}

static struct wasm_value call(struct world *w, struct instance *inst, const char *name, size_t n,
                              uint32_t a, uint32_t b)
{
    struct wasm_value args[] = {{VAL_I32, a}, {VAL_I32, b}}, result = {0};
    struct func *f = instance_func(inst, name, strlen(name));
    struct err err;

    assert_non_null(f);
    assert_ok(func_call(w->store, f, args, n, &result, &w->outcome, &err), err);
    return result;
}

static void instances_share_globals_memories_and_tables(void **state)
{
    struct world w = make_world();
    struct wasm_value v;
    uint64_t bytes;
    struct err err;

    (void)state;
    assert_int_equal(call(&w, w.user, "twice", 0, 0, 0).bits, 6 + 7);
    assert_ok(instance_global(w.library, "counter", 7, &v, &err), err);
    assert_int_equal(v.bits, 7);
    assert_int_equal(call(&w, w.user, "grow_there", 0, 0, 0).bits, 9);
    assert_int_equal(instance_memory(w.library, 0, &bytes)[65536], 9);
    assert_int_equal(bytes, 2 * 65536);
    assert_int_equal(call(&w, w.user, "there_and_back", 0, 0, 0).bits, 7 + 7);
    assert_int_equal(call(&w, w.library, "call", 1, 1, 0).bits, 7 + 7);
    store_delete(w.store);
}

static void a_trap_in_another_instance_is_placed_there(void **state)
{
    struct world w = make_world();

    (void)state;
    call(&w, w.user, "fails_there", 0, 0, 0);
    assert_int_equal(w.outcome.trap, TRAP_UNREACHABLE);
    assert_non_null(strstr(w.outcome.message, "function 4 at"));
    assert_int_equal(call(&w, w.user, "twice", 0, 0, 0).bits, 6 + 7); /* still usable */
    store_delete(w.store);
}

static void host_functions_reach_memory_and_gas(void **state)
{
    struct world w = make_world();
    uint64_t used;

    (void)state;
    assert_int_equal(call(&w, w.user, "sum", 2, UINT32_MAX, 2).bits, (uint64_t)UINT32_MAX + 2);
    used = store_gas_used(w.store);
    call(&w, w.user, "work", 1, 1000, 0);
    assert_int_equal(w.outcome.status, RUN_OK);
    assert_int_equal(n_worked, 2);
    assert_int_equal(store_gas_used(w.store) - used, 4 + 2000);
    store_set_gas_max(w.store, 2003); /* the second charge misses by one */
    call(&w, w.user, "work", 1, 1000, 0);
    assert_int_equal(w.outcome.status, RUN_OUT_OF_GAS);
    assert_int_equal(n_worked, 3);
    assert_int_equal(store_gas_used(w.store), 4 + 1000);
    store_delete(w.store);
}

static void host_functions_exit_and_trap(void **state)
{
    struct world w = make_world();

    (void)state;
    call(&w, w.user, "leave", 1, (uint32_t)-3, 0);
    assert_int_equal(w.outcome.status, RUN_EXIT);
    assert_int_equal(w.outcome.exit_code, -3);
    call(&w, w.user, "refuse", 0, 0, 0);
    assert_int_equal(w.outcome.trap, TRAP_HOST);
    assert_non_null(strstr(w.outcome.message, "the host is closed"));
    store_delete(w.store);
}

static void imports_that_do_not_match_are_refused(void **state)
{
    static const uint8_t i64[] = {VAL_I64};
    static const struct func_type wrong = {i64, NULL, 1, 0};
    struct store *s = make_store();
    struct code *code = load("user.wasm");
    struct instance *inst;
    struct outcome o;
    struct err err;

    (void)state;
    assert_ok(store_adopt_code(s, code), err);
    assert_err(instance_new(&inst, s, code, &o, &err), VCP_ENOTFOUND, err,
               "unknown import: memory \"library\".\"memory\"");
    define_host(s);
    instantiate(s, "library.wasm", "library");
    assert_ok(store_define_func(s, "host", "work", &wrong, (struct host_func){host_work, &n_worked},
                                &err),
              err);
    assert_err(instance_new(&inst, s, code, &o, &err), VCP_EINVAL, err,
               "incompatible import type: \"host\".\"work\"");
    store_delete(s);
}

static void arguments_of_the_wrong_type_are_refused(void **state)
{
    struct world w = make_world();
    struct func *f = instance_func(w.user, "sum", 3);
    struct wasm_value args[] = {{VAL_I32, 1}, {VAL_F32, 2}}, result;
    struct err err;

    (void)state;
    assert_err(func_call(w.store, f, args, 1, &result, &w.outcome, &err), VCP_EINVAL, err,
               "takes 2");
    assert_err(func_call(w.store, f, args, 2, &result, &w.outcome, &err), VCP_EINVAL, err,
               "argument 1 is f32");
    store_delete(w.store);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_share_globals_memories_and_tables),
        cmocka_unit_test(a_trap_in_another_instance_is_placed_there),
        cmocka_unit_test(host_functions_reach_memory_and_gas),
        cmocka_unit_test(host_functions_exit_and_trap),
        cmocka_unit_test(imports_that_do_not_match_are_refused),
        cmocka_unit_test(arguments_of_the_wrong_type_are_refused),
    };

    if (argc < 2)
        return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
