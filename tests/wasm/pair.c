#include "pair.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wasm/code.h"

#define VALUES_MAX 256

__attribute__((format(printf, 2, 3))) static bool differ(struct pair *p, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(p->why, sizeof p->why, fmt, ap);
    va_end(ap);
    return false;
}

bool pair_init(struct pair *p, const struct run_limits *limits)
{
    *p = (struct pair){.store = store_new(limits, NULL), .plain = plain_store_new(limits)};
    return p->store && p->plain;
}

void pair_release(struct pair *p)
{
    plain_store_free(p->plain); /* it uses modules that the store owns */
    store_delete(p->store);
    *p = (struct pair){0};
}

void pair_set_gas_max(struct pair *p, uint64_t gas_max)
{
    store_set_gas_max(p->store, gas_max);
    plain_set_gas_max(p->plain, gas_max);
}

uint64_t pair_gas_used(const struct pair *p)
{
    return store_gas_used(p->store);
}

/* --- spectest --- */

static enum host_status print(void *user, struct host_call *call, const uint64_t *args,
                              uint64_t *results)
{
    (void)user;
    (void)call;
    (void)args;
    (void)results;
    return HOST_OK;
}

static void plain_print(void *user, const uint64_t *args, uint64_t *results)
{
    (void)user;
    (void)args;
    (void)results;
}

static bool define_print(struct pair *p, const char *name, const uint8_t *params, uint32_t n)
{
    struct func_type type = {.params = params, .n_params = n};

    return store_define_func(p->store, "spectest", name, &type, (struct host_func){print, NULL},
                             NULL) == VCP_OK &&
           plain_define_func(p->plain, "spectest", name, &type, plain_print, NULL) == VCP_OK;
}

static bool define_global(struct pair *p, const char *name, uint8_t type, uint64_t bits)
{
    struct wasm_value v = {type, bits};

    return store_define_global(p->store, "spectest", name, false, v, NULL) == VCP_OK &&
           plain_define_global(p->plain, "spectest", name, false, v) == VCP_OK;
}

bool pair_define_spectest(struct pair *p)
{
    static const uint8_t i32[] = {VAL_I32}, i64[] = {VAL_I64}, f32[] = {VAL_F32}, f64[] = {VAL_F64},
                         i32_f32[] = {VAL_I32, VAL_F32}, f64_f64[] = {VAL_F64, VAL_F64};
    const struct table_type table = {{10, 20, true}, VAL_FUNCREF};
    const struct memory_type memory = {{1, 2, true}};

    return define_print(p, "print", NULL, 0) && define_print(p, "print_i32", i32, 1) &&
           define_print(p, "print_i64", i64, 1) && define_print(p, "print_f32", f32, 1) &&
           define_print(p, "print_f64", f64, 1) && define_print(p, "print_i32_f32", i32_f32, 2) &&
           define_print(p, "print_f64_f64", f64_f64, 2) &&
           define_global(p, "global_i32", VAL_I32, 666) &&
           define_global(p, "global_i64", VAL_I64, 666) &&
           define_global(p, "global_f32", VAL_F32, 0x4426a666) &&
           define_global(p, "global_f64", VAL_F64, UINT64_C(0x4084d4cccccccccd)) &&
           store_define_table(p->store, "spectest", "table", &table, NULL) == VCP_OK &&
           plain_define_table(p->plain, "spectest", "table", &table) == VCP_OK &&
           store_define_memory(p->store, "spectest", "memory", &memory, NULL) == VCP_OK &&
           plain_define_memory(p->plain, "spectest", "memory", &memory) == VCP_OK;
}

bool pair_register(struct pair *p, const char *module, const struct pair_instance *inst)
{
    return store_register(p->store, module, inst->inst, NULL) == VCP_OK &&
           plain_register(p->plain, module, inst->plain) == VCP_OK;
}

/* --- comparing --- */

static bool same_outcome(struct pair *p, const struct outcome *a, const struct plain_outcome *b)
{
    if (a->status != b->status || a->trap != b->trap)
        return differ(p, "engine: %s (%s), oracle: %s (%s)", run_status_name(a->status),
                      trap_text(a->trap), run_status_name(b->status), trap_text(b->trap));
    if (store_gas_used(p->store) != plain_gas_used(p->plain))
        return differ(p, "gas: engine %llu, oracle %llu, both %s",
                      (unsigned long long)store_gas_used(p->store),
                      (unsigned long long)plain_gas_used(p->plain), run_status_name(a->status));
    return true;
}

/* Function references of two stores can only be compared by being null. */
static bool same_value(uint8_t type, uint64_t a, uint64_t b)
{
    return type == VAL_FUNCREF ? (a == 0) == (b == 0) : a == b;
}

static bool same_memory(struct pair *p, const struct pair_instance *inst)
{
    const struct plain_memory *plain;
    uint64_t n;
    const uint8_t *bytes = instance_memory(inst->inst, 0, &n);

    if (!inst->m->n_memories)
        return true;
    plain = inst->plain->memories[0];
    if (n != (uint64_t)plain->pages * 65536)
        return differ(p, "memory: engine %llu bytes, oracle %u pages", (unsigned long long)n,
                      plain->pages);
    if (n && memcmp(bytes, plain->bytes, n) != 0) {
        uint64_t i = 0;

        while (bytes[i] == plain->bytes[i])
            i++;
        return differ(p, "memory at 0x%llx: engine 0x%02x, oracle 0x%02x", (unsigned long long)i,
                      bytes[i], plain->bytes[i]);
    }
    return true;
}

static bool same_globals(struct pair *p, const struct pair_instance *inst)
{
    for (uint32_t i = 0; i < inst->m->n_exports; i++) {
        const struct export *e = &inst->m->exports[i];
        struct wasm_value v;

        if (e->kind != EXTERN_GLOBAL)
            continue;
        if (instance_global(inst->inst, e->name.s, e->name.len, &v, NULL) < 0)
            return differ(p, "global %s is not exported by the engine", e->name.s);
        if (!same_value(v.type, v.bits, inst->plain->globals[e->index]->bits))
            return differ(p, "global %s: engine 0x%llx, oracle 0x%llx", e->name.s,
                          (unsigned long long)v.bits,
                          (unsigned long long)inst->plain->globals[e->index]->bits);
    }
    return true;
}

/* --- doing --- */

bool pair_instantiate(struct pair *p, struct pair_instance *out, const uint8_t *bytes, size_t n,
                      int *rc, struct outcome *outcome, struct err *err)
{
    struct plain_outcome plain = {0};
    struct pair_instance inst = {0};
    struct code *code;
    int plain_rc;

    *rc = code_load(&code, bytes, n, NULL, err);
    if (*rc < 0)
        return true; /* one decoder serves both */
    store_adopt_code(p->store, code);
    inst.m = code->module;
    *rc = instance_new(&inst.inst, p->store, code, outcome, err);
    plain_rc = plain_instance_new(&inst.plain, p->plain, inst.m, &plain);
    if (*rc != plain_rc)
        return differ(p, "instantiation: engine %d (%s), oracle %d", *rc, err ? err->msg : "",
                      plain_rc);
    if (*rc < 0)
        return true;
    *out = inst;
    return same_outcome(p, outcome, &plain) && same_memory(p, &inst) && same_globals(p, &inst);
}

const struct func_type *pair_func_type(const struct pair_instance *inst, const char *name,
                                       size_t len)
{
    const struct plain_func *f = plain_export_func(inst->plain, name, len);

    return f ? f->type : NULL;
}

bool pair_call(struct pair *p, const struct pair_instance *inst, const char *name, size_t len,
               const struct wasm_value *args, struct wasm_value *results, struct outcome *outcome)
{
    struct func *f = instance_func(inst->inst, name, len);
    struct plain_func *plain_f = plain_export_func(inst->plain, name, len);
    uint64_t plain_args[VALUES_MAX] = {0}, plain_results[VALUES_MAX];
    struct plain_outcome plain;
    struct err err = {0};

    if (!f || !plain_f)
        return differ(p, "no function \"%.*s\"", (int)len, name);
    for (uint32_t i = 0; i < plain_f->type->n_params; i++)
        plain_args[i] = args[i].bits;
    if (func_call(p->store, f, args, plain_f->type->n_params, results, outcome, &err) < 0)
        return differ(p, "func_call: %s", err.msg);
    plain = plain_call(p->plain, plain_f, plain_args, plain_results);
    if (!same_outcome(p, outcome, &plain))
        return false;
    for (uint32_t i = 0; outcome->status == RUN_OK && i < plain_f->type->n_results; i++)
        if (results[i].type != plain_f->type->results[i] ||
            !same_value(results[i].type, results[i].bits, plain_results[i]))
            return differ(p, "result %u: engine %s 0x%llx, oracle %s 0x%llx", i,
                          val_type_name(results[i].type), (unsigned long long)results[i].bits,
                          val_type_name(plain_f->type->results[i]),
                          (unsigned long long)plain_results[i]);
    return same_memory(p, inst) && same_globals(p, inst);
}
