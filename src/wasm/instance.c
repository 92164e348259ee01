/* Instances: linking, initialisation, exports, calls from the host. */
#include "wasm/instance.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wasm/link.h"
#include "wasm/runtime.h"

/* ---- allocation of what a module defines ------------------------------------- */

static int no_memory(struct err *err)
{
    return err_set(err, VCP_ENOMEM, "out of memory instantiating a module");
}

static int allocate(struct instance **out, struct store *s, const struct code *code,
                    struct err *err)
{
    const struct module *m = code->module;
    struct arena *a = &s->arena;
    struct instance *inst = arena_alloc(a, sizeof *inst);

    if (!inst)
        return no_memory(err);
    inst->store = s;
    inst->code = code;
    inst->funcs = arena_array(a, m->n_funcs + 1u, sizeof *inst->funcs);
    inst->tables = arena_array(a, m->n_tables + 1u, sizeof *inst->tables);
    inst->memories = arena_array(a, m->n_memories + 1u, sizeof *inst->memories);
    inst->globals = arena_array(a, m->n_globals + 1u, sizeof *inst->globals);
    inst->type_ids = arena_array(a, m->n_types + 1u, sizeof *inst->type_ids);
    inst->dropped_elems = arena_alloc(a, m->n_elems + 1u);
    inst->dropped_datas = arena_alloc(a, m->n_datas + 1u);
    if (!inst->funcs || !inst->tables || !inst->memories || !inst->globals || !inst->type_ids ||
        !inst->dropped_elems || !inst->dropped_datas)
        return no_memory(err);
    for (uint32_t i = 0; i < m->n_types; i++)
        if (!store_type_id(s, &m->types[i], &inst->type_ids[i]))
            return no_memory(err);
    *out = inst;
    return VCP_OK;
}

static int make_functions(struct instance *inst, struct err *err)
{
    const struct module *m = inst->code->module;
    uint32_t first = m->n_imported_funcs, n = m->n_funcs - first;
    struct func *funcs = arena_array(&inst->store->arena, n + 1u, sizeof *funcs);

    if (!funcs)
        return no_memory(err);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t type = m->funcs[first + i].type;

        funcs[i] = (struct func){.code = &inst->code->funcs[first + i],
                                 .inst = inst,
                                 .type = &m->types[type],
                                 .type_id = inst->type_ids[type]};
        inst->funcs[first + i] = &funcs[i];
    }
    return VCP_OK;
}

static int make_tables_and_memories(struct instance *inst, struct err *err)
{
    const struct module *m = inst->code->module;
    int rc = VCP_OK;

    for (uint32_t i = m->n_imported_tables; i < m->n_tables && rc == VCP_OK; i++)
        rc = store_new_table(inst->store, &m->tables[i].type, &inst->tables[i], err);
    for (uint32_t i = m->n_imported_memories; i < m->n_memories && rc == VCP_OK; i++)
        rc = store_new_memory(inst->store, &m->memories[i].type, &inst->memories[i], err);
    return rc;
}

/* ---- initialisation ------------------------------------------------------------- */

static uint64_t evaluate(const struct instance *inst, const struct const_expr *e)
{
    switch (e->kind) {
    case CONST_REF_FUNC: return (uint64_t)(uintptr_t)inst->funcs[e->index];
    case CONST_GLOBAL: return inst->globals[e->index]->bits;
    case CONST_REF_NULL: return 0;
    default: return e->bits;
    }
}

static int make_globals(struct instance *inst, struct err *err)
{
    const struct module *m = inst->code->module;
    uint32_t first = m->n_imported_globals, n = m->n_globals - first;
    struct glob *globals = arena_array(&inst->store->arena, n + 1u, sizeof *globals);

    if (!globals)
        return no_memory(err);
    for (uint32_t i = 0; i < n; i++) {
        const struct global *g = &m->globals[first + i];

        inst->globals[first + i] = &globals[i];
        globals[i] = (struct glob){evaluate(inst, &g->init), g->type};
    }
    return VCP_OK;
}

static uint64_t elem_value(const struct instance *inst, struct elem_item item)
{
    switch (item.kind) {
    case CONST_REF_FUNC: return (uint64_t)(uintptr_t)inst->funcs[item.index];
    case CONST_GLOBAL: return inst->globals[item.index]->bits;
    default: return 0;
    }
}

enum trap tab_init(struct instance *inst, uint32_t table, uint32_t elem, uint32_t dst, uint32_t src,
                   uint32_t n)
{
    const struct elem_segment *seg = &inst->code->module->elems[elem];
    struct tab *t = inst->tables[table];
    uint32_t n_items = inst->dropped_elems[elem] ? 0 : seg->n_items;

    if ((uint64_t)src + n > n_items || (uint64_t)dst + n > t->n)
        return TRAP_TABLE_OUT_OF_BOUNDS;
    for (uint32_t i = 0; i < n; i++)
        t->elems[dst + i] = elem_value(inst, seg->items[src + i]);
    return TRAP_NONE;
}

static void trapped(struct outcome *o, enum trap trap, const char *what, uint32_t index)
{
    struct err e;

    o->status = RUN_TRAP;
    o->trap = trap;
    err_set(&e, 0, "trap: %s in %s segment %u", trap_text(trap), what, index);
    memcpy(o->message, e.msg, sizeof o->message - 1);
    o->message[sizeof o->message - 1] = '\0';
}

static bool initialise_tables(struct instance *inst, struct outcome *o)
{
    const struct module *m = inst->code->module;

    for (uint32_t i = 0; i < m->n_elems; i++) {
        const struct elem_segment *seg = &m->elems[i];
        enum trap trap;

        if (seg->mode == SEGMENT_PASSIVE)
            continue;
        if (seg->mode == SEGMENT_ACTIVE) {
            trap = tab_init(inst, seg->table, i, (uint32_t)evaluate(inst, &seg->at), 0,
                            seg->n_items);
            if (trap) {
                trapped(o, trap, "element", i);
                return false;
            }
        }
        inst->dropped_elems[i] = 1;
    }
    return true;
}

static bool initialise_memories(struct instance *inst, struct outcome *o)
{
    const struct module *m = inst->code->module;

    for (uint32_t i = 0; i < m->n_datas; i++) {
        const struct data_segment *seg = &m->datas[i];
        struct mem *mem;
        uint64_t at;

        if (seg->mode != SEGMENT_ACTIVE)
            continue;
        mem = inst->memories[seg->memory];
        at = (uint32_t)evaluate(inst, &seg->at);
        if (at + seg->n_bytes > mem->bytes) {
            trapped(o, TRAP_MEMORY_OUT_OF_BOUNDS, "data", i);
            return false;
        }
        if (seg->n_bytes)
            memcpy(mem->base + at, m->bytes + seg->bytes, seg->n_bytes);
        inst->dropped_datas[i] = 1;
    }
    return true;
}

int instance_new(struct instance **out, struct store *s, const struct code *code,
                 struct outcome *outcome, struct err *err)
{
    const struct module *m = code->module;
    struct instance *inst = NULL;
    struct outcome o = {0};
    int rc;

    if (s->is_running)
        return err_set(err, VCP_ESTATE, "a host function may not instantiate in its own store");
    rc = allocate(&inst, s, code, err);
    if (rc == VCP_OK)
        rc = link_imports(inst, err);
    if (rc == VCP_OK)
        rc = make_functions(inst, err);
    if (rc == VCP_OK)
        rc = make_tables_and_memories(inst, err);
    if (rc == VCP_OK)
        rc = make_globals(inst, err);
    if (rc < 0)
        return rc;
    inst->next = s->instances;
    s->instances = inst;
    if (initialise_tables(inst, &o) && initialise_memories(inst, &o) && m->has_start)
        rc = func_call(s, inst->funcs[m->start], NULL, 0, NULL, &o, err);
    if (rc < 0)
        return rc;
    *out = inst;
    *outcome = o;
    return VCP_OK;
}

const struct module *instance_module(const struct instance *inst)
{
    return inst->code->module;
}

/* ---- exports -------------------------------------------------------------------- */

struct func *instance_func(const struct instance *inst, const char *name, size_t name_bytes)
{
    const struct export *e = module_export(inst->code->module, EXTERN_FUNC, name, name_bytes);

    return e ? inst->funcs[e->index] : NULL;
}

const struct func_type *func_type_of(const struct func *f)
{
    return f->type;
}

int instance_global(const struct instance *inst, const char *name, size_t name_bytes,
                    struct wasm_value *out, struct err *err)
{
    const struct export *e = module_export(inst->code->module, EXTERN_GLOBAL, name, name_bytes);

    if (!e)
        return err_set(err, VCP_ENOTFOUND, "no exported global \"%.*s\"", (int)name_bytes, name);
    *out = (struct wasm_value){inst->globals[e->index]->type.type, inst->globals[e->index]->bits};
    return VCP_OK;
}

uint8_t *instance_memory(const struct instance *inst, uint32_t index, uint64_t *bytes)
{
    *bytes = 0;
    if (index >= inst->code->module->n_memories)
        return NULL;
    *bytes = inst->memories[index]->bytes;
    return inst->memories[index]->base;
}

/* ---- calls from the host ----------------------------------------------------------- */

static int check_args(const struct func_type *t, const struct wasm_value *args, size_t n_args,
                      struct err *err)
{
    if (n_args != t->n_params)
        return err_set(err, VCP_EINVAL, "the function takes %u arguments, %zu were given",
                       t->n_params, n_args);
    for (size_t i = 0; i < n_args; i++)
        if (args[i].type != t->params[i])
            return err_set(err, VCP_EINVAL, "argument %zu is %s, the function takes %s", i,
                           val_type_name(args[i].type), val_type_name(t->params[i]));
    return VCP_OK;
}

static uint64_t slot_bits(const struct wasm_value *v)
{
    return v->type == VAL_I32 || v->type == VAL_F32 ? (uint32_t)v->bits : v->bits;
}

/* " in function $f (index 3) at offset 0x1a2", as far as it is known. */
static void describe_place(const struct interp *x, struct err *out)
{
    size_t at = x->inst ? interp_where(x) : SIZE_MAX;
    const struct code *c;
    char name[NAME_TEXT_BYTES];
    uint32_t func;

    out->msg[0] = '\0';
    if (at == SIZE_MAX)
        return;
    c = x->inst->code;
    func = code_function_at(c, at);
    if (c->module->funcs[func].name.len)
        err_set(out, 0, " in function $%s (index %u) at offset 0x%x",
                name_text(name, &c->module->funcs[func].name), func, c->infos[at].offset);
    else
        err_set(out, 0, " in function %u at offset 0x%x", func, c->infos[at].offset);
}

static void describe(const struct interp *x, struct outcome *o)
{
    struct err place, e = {0};

    o->status = x->status;
    o->trap = x->status == RUN_TRAP ? x->trap : TRAP_NONE;
    o->exit_code = x->status == RUN_EXIT ? x->exit_code : 0;
    o->message[0] = '\0';
    if (x->status == RUN_OK)
        return;
    describe_place(x, &place);
    if (x->status == RUN_EXIT)
        err_set(&e, 0, "exit with code %d", x->exit_code);
    else if (x->status == RUN_TRAP && x->trap == TRAP_HOST)
        err_set(&e, 0, "trap: %s%s", x->host_sentence, place.msg);
    else if (x->status == RUN_TRAP)
        err_set(&e, 0, "trap: %s%s", trap_text(x->trap), place.msg);
    else
        err_set(&e, 0, "%s%s", run_status_name(x->status), place.msg);
    memcpy(o->message, e.msg, sizeof o->message - 1);
    o->message[sizeof o->message - 1] = '\0';
}

int func_call(struct store *s, struct func *f, const struct wasm_value *args, size_t n_args,
              struct wasm_value *results, struct outcome *outcome, struct err *err)
{
    struct interp *x = &s->interp;
    int rc;

    if (s->is_running)
        return err_set(err, VCP_ESTATE, "a host function may not call into its own store");
    rc = check_args(f->type, args, n_args, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n_args; i++)
        x->stack[i] = slot_bits(&args[i]);
    s->is_running = true;
    interp_run(x, f);
    s->is_running = false;
    describe(x, outcome);
    for (uint32_t i = 0; x->status == RUN_OK && i < f->type->n_results; i++)
        results[i] = (struct wasm_value){f->type->results[i], x->stack[i]};
    return VCP_OK;
}
