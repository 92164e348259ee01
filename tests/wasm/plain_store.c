/* plain_store.c - the oracle's run-time structure: allocation, linking, instantiation. */
#include <stdlib.h>
#include <string.h>

#include "plain.h"

struct plain_import {
    struct plain_import *next;
    struct name module, name;
    uint8_t kind;
    union {
        struct plain_func *func;
        struct plain_table *table;
        struct plain_memory *memory;
        struct plain_global *global;
        void *any;
    };
};

#define PAGE_BYTES 65536u

struct plain_store *plain_store_new(const struct run_limits *limits)
{
    struct plain_store *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->limits = *limits;
    s->gas_max = limits->gas_max;
    return s;
}

void plain_store_free(struct plain_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_memories; i++)
        free(s->memories[i]->bytes);
    for (size_t i = 0; i < s->n_tables; i++)
        free(s->tables[i]->refs);
    free(s->memories);
    free(s->tables);
    free(s->vals);
    free(s->frames);
    free(s->labels);
    arena_release(&s->arena);
    free(s);
}

void plain_set_gas_max(struct plain_store *s, uint64_t gas_max)
{
    s->gas_max = gas_max;
    s->gas_used = 0;
}

uint64_t plain_gas_used(const struct plain_store *s)
{
    return s->gas_used;
}

static bool account(struct plain_store *s, uint64_t bytes)
{
    if (bytes > s->limits.memory_bytes_max - s->bytes_used)
        return false;
    s->bytes_used += bytes;
    return true;
}

bool plain_memory_grow(struct plain_store *s, struct plain_memory *mem, uint32_t pages)
{
    uint64_t total = (uint64_t)mem->pages + pages;
    uint8_t *bytes;

    if (total > mem->size.max || total > 65536 || !account(s, (uint64_t)pages * PAGE_BYTES))
        return false;
    bytes = realloc(mem->bytes, total ? total * PAGE_BYTES : 1);
    if (!bytes)
        abort(); /* a test machine without memory has no verdict */
    memset(bytes + (size_t)mem->pages * PAGE_BYTES, 0, (size_t)pages * PAGE_BYTES);
    mem->bytes = bytes;
    mem->pages = (uint32_t)total;
    return true;
}

bool plain_table_grow(struct plain_store *s, struct plain_table *t, uint32_t n, uint64_t ref)
{
    uint64_t total = (uint64_t)t->n + n;
    uint64_t *refs;

    if (total > t->type.size.max || !account(s, (uint64_t)n * 8))
        return false;
    refs = realloc(t->refs, total ? total * 8 : 1);
    if (!refs)
        abort();
    for (uint64_t i = t->n; i < total; i++)
        refs[i] = ref;
    t->refs = refs;
    t->n = (uint32_t)total;
    return true;
}

static struct plain_memory *memory_new(struct plain_store *s, const struct memory_type *type)
{
    struct plain_memory *mem = arena_alloc(&s->arena, sizeof *mem);
    struct plain_memory **list = realloc(s->memories, (s->n_memories + 1) * sizeof *list);

    if (!mem || !list)
        abort();
    s->memories = list;
    list[s->n_memories++] = mem;
    mem->size = type->size;
    return plain_memory_grow(s, mem, type->size.min) ? mem : NULL;
}

static struct plain_table *table_new(struct plain_store *s, const struct table_type *type)
{
    struct plain_table *t = arena_alloc(&s->arena, sizeof *t);
    struct plain_table **list = realloc(s->tables, (s->n_tables + 1) * sizeof *list);

    if (!t || !list)
        abort();
    s->tables = list;
    list[s->n_tables++] = t;
    t->type = *type;
    return plain_table_grow(s, t, type->size.min, 0) ? t : NULL;
}

/* --- definitions --- */

static int define(struct plain_store *s, const char *module, const struct name *name, uint8_t kind,
                  void *what)
{
    struct plain_import *im = arena_alloc(&s->arena, sizeof *im);

    if (!im || !what)
        return VCP_ELIMIT;
    im->module = (struct name){arena_strdup(&s->arena, module), (uint32_t)strlen(module)};
    im->name = (struct name){arena_copy(&s->arena, name->s, name->len + 1), name->len};
    im->kind = kind;
    im->any = what;
    im->next = s->imports;
    s->imports = im;
    return VCP_OK;
}

static struct name text(const char *s)
{
    return (struct name){s, (uint32_t)strlen(s)};
}

int plain_define_func(struct plain_store *s, const char *module, const char *name,
                      const struct func_type *type, plain_host *host, void *user)
{
    struct plain_func *f = arena_alloc(&s->arena, sizeof *f);
    struct func_type *copy = arena_copy(&s->arena, type, sizeof *type);
    struct name n = text(name);

    copy->params = arena_copy(&s->arena, type->params, type->n_params);
    copy->results = arena_copy(&s->arena, type->results, type->n_results);
    *f = (struct plain_func){.type = copy, .host = host, .user = user};
    return define(s, module, &n, EXTERN_FUNC, f);
}

int plain_define_global(struct plain_store *s, const char *module, const char *name,
                        bool is_mutable, struct wasm_value v)
{
    struct plain_global *g = arena_alloc(&s->arena, sizeof *g);
    struct name n = text(name);

    *g = (struct plain_global){.type = {v.type, is_mutable}, .bits = v.bits};
    return define(s, module, &n, EXTERN_GLOBAL, g);
}

int plain_define_table(struct plain_store *s, const char *module, const char *name,
                       const struct table_type *type)
{
    struct name n = text(name);

    return define(s, module, &n, EXTERN_TABLE, table_new(s, type));
}

int plain_define_memory(struct plain_store *s, const char *module, const char *name,
                        const struct memory_type *type)
{
    struct name n = text(name);

    return define(s, module, &n, EXTERN_MEMORY, memory_new(s, type));
}

int plain_register(struct plain_store *s, const char *module, struct plain_instance *inst)
{
    for (uint32_t i = 0; i < inst->m->n_exports; i++) {
        const struct export *e = &inst->m->exports[i];
        void *what = e->kind == EXTERN_FUNC     ? (void *)inst->funcs[e->index]
                     : e->kind == EXTERN_TABLE  ? (void *)inst->tables[e->index]
                     : e->kind == EXTERN_MEMORY ? (void *)inst->memories[e->index]
                                                : (void *)inst->globals[e->index];
        int rc = define(s, module, &e->name, e->kind, what);

        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

/* --- linking --- */

static const struct plain_import *find_import(const struct plain_store *s, const struct import *im)
{
    const struct plain_import *p = s->imports;

    while (p && !(name_eq(&p->module, im->module.s, im->module.len) &&
                  name_eq(&p->name, im->name.s, im->name.len)))
        p = p->next;
    return p;
}

/* What there is must offer at least what is asked for. */
static bool range_matches(uint32_t size, const struct size_range *have,
                          const struct size_range *want)
{
    return size >= want->min && (!want->has_max || (have->has_max && have->max <= want->max));
}

static bool import_matches(const struct module *m, const struct import *im,
                           const struct plain_import *p)
{
    if (p->kind != im->kind)
        return false;
    switch (im->kind) {
    case EXTERN_FUNC: return func_type_eq(p->func->type, module_func_type(m, im->index));
    case EXTERN_TABLE:
        return p->table->type.elem == m->tables[im->index].type.elem &&
               range_matches(p->table->n, &p->table->type.size, &m->tables[im->index].type.size);
    case EXTERN_MEMORY:
        return range_matches(p->memory->pages, &p->memory->size, &m->memories[im->index].type.size);
    default:
        return p->global->type.type == m->globals[im->index].type.type &&
               p->global->type.is_mutable == m->globals[im->index].type.is_mutable;
    }
}

static int link_imports(struct plain_instance *inst, struct plain_store *s)
{
    const struct module *m = inst->m;

    for (uint32_t i = 0; i < m->n_imports; i++) {
        const struct import *im = &m->imports[i];
        const struct plain_import *p = find_import(s, im);

        if (!p)
            return VCP_ENOTFOUND;
        if (!import_matches(m, im, p))
            return VCP_EINVAL;
        switch (im->kind) {
        case EXTERN_FUNC: inst->funcs[im->index] = p->func; break;
        case EXTERN_TABLE: inst->tables[im->index] = p->table; break;
        case EXTERN_MEMORY: inst->memories[im->index] = p->memory; break;
        default: inst->globals[im->index] = p->global; break;
        }
    }
    return VCP_OK;
}

/* --- instantiation --- */

static uint64_t const_value(const struct plain_instance *inst, const struct const_expr *e)
{
    switch (e->kind) {
    case CONST_VALUE: return e->bits;
    case CONST_REF_FUNC: return (uint64_t)(uintptr_t)inst->funcs[e->index];
    case CONST_GLOBAL: return inst->globals[e->index]->bits;
    default: return 0;
    }
}

static void make_funcs(struct plain_instance *inst, struct plain_store *s)
{
    const struct module *m = inst->m;

    for (uint32_t i = m->n_imported_funcs; i < m->n_funcs; i++) {
        struct plain_func *f = arena_alloc(&s->arena, sizeof *f);

        *f = (struct plain_func){.type = module_func_type(m, i), .inst = inst, .f = &m->funcs[i]};
        inst->funcs[i] = f;
    }
}

static void make_globals(struct plain_instance *inst, struct plain_store *s)
{
    const struct module *m = inst->m;

    for (uint32_t i = m->n_imported_globals; i < m->n_globals; i++) {
        struct plain_global *g = arena_alloc(&s->arena, sizeof *g);

        *g = (struct plain_global){m->globals[i].type, const_value(inst, &m->globals[i].init)};
        inst->globals[i] = g;
    }
}

static int make_storage(struct plain_instance *inst, struct plain_store *s)
{
    const struct module *m = inst->m;

    for (uint32_t i = m->n_imported_tables; i < m->n_tables; i++) {
        inst->tables[i] = table_new(s, &m->tables[i].type);
        if (!inst->tables[i])
            return VCP_ELIMIT;
    }
    for (uint32_t i = m->n_imported_memories; i < m->n_memories; i++) {
        inst->memories[i] = memory_new(s, &m->memories[i].type);
        if (!inst->memories[i])
            return VCP_ELIMIT;
    }
    return VCP_OK;
}

static bool place_elems(struct plain_instance *inst)
{
    for (uint32_t i = 0; i < inst->m->n_elems; i++) {
        const struct elem_segment *seg = &inst->m->elems[i];
        struct plain_table *t;
        uint64_t at;

        inst->elem_dropped[i] = seg->mode != SEGMENT_PASSIVE;
        if (seg->mode != SEGMENT_ACTIVE)
            continue;
        t = inst->tables[seg->table];
        at = const_value(inst, &seg->at);
        if (at + seg->n_items > t->n)
            return false;
        for (uint32_t k = 0; k < seg->n_items; k++) {
            struct const_expr e = {.kind = seg->items[k].kind, .index = seg->items[k].index};

            t->refs[at + k] = const_value(inst, &e);
        }
    }
    return true;
}

static bool place_datas(struct plain_instance *inst)
{
    for (uint32_t i = 0; i < inst->m->n_datas; i++) {
        const struct data_segment *seg = &inst->m->datas[i];
        struct plain_memory *mem;
        uint64_t at;

        inst->data_dropped[i] = seg->mode != SEGMENT_PASSIVE;
        if (seg->mode != SEGMENT_ACTIVE)
            continue;
        mem = inst->memories[seg->memory];
        at = const_value(inst, &seg->at);
        if (at + seg->n_bytes > (uint64_t)mem->pages * PAGE_BYTES)
            return false;
        if (seg->n_bytes)
            memcpy(mem->bytes + at, inst->m->bytes + seg->bytes, seg->n_bytes);
    }
    return true;
}

static struct plain_instance *instance_alloc(struct plain_store *s, const struct module *m)
{
    struct plain_instance *inst = arena_alloc(&s->arena, sizeof *inst);

    inst->m = m;
    inst->funcs = arena_array(&s->arena, m->n_funcs, sizeof(void *));
    inst->tables = arena_array(&s->arena, m->n_tables, sizeof(void *));
    inst->memories = arena_array(&s->arena, m->n_memories, sizeof(void *));
    inst->globals = arena_array(&s->arena, m->n_globals, sizeof(void *));
    inst->elem_dropped = arena_array(&s->arena, m->n_elems, sizeof(bool));
    inst->data_dropped = arena_array(&s->arena, m->n_datas, sizeof(bool));
    return inst;
}

int plain_instance_new(struct plain_instance **out, struct plain_store *s, const struct module *m,
                       struct plain_outcome *outcome)
{
    struct plain_instance *inst = instance_alloc(s, m);
    int rc = link_imports(inst, s);

    if (rc == VCP_OK)
        rc = make_storage(inst, s);
    if (rc < 0)
        return rc;
    make_funcs(inst, s);
    make_globals(inst, s);
    *out = inst;
    *outcome = (struct plain_outcome){RUN_OK, TRAP_NONE};
    if (!place_elems(inst))
        *outcome = (struct plain_outcome){RUN_TRAP, TRAP_TABLE_OUT_OF_BOUNDS};
    else if (!place_datas(inst))
        *outcome = (struct plain_outcome){RUN_TRAP, TRAP_MEMORY_OUT_OF_BOUNDS};
    else if (m->has_start)
        *outcome = plain_call(s, inst->funcs[m->start], NULL, NULL);
    return VCP_OK;
}

struct plain_func *plain_export_func(const struct plain_instance *inst, const char *name,
                                     size_t len)
{
    const struct export *e = module_export(inst->m, EXTERN_FUNC, name, len);

    return e ? inst->funcs[e->index] : NULL;
}
