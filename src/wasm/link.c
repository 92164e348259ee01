/* The definitions of a store by name, and matching them with imports. */
#include "wasm/link.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    const unsigned char *s = p;

    for (size_t i = 0; i < n; i++)
        h = (h ^ s[i]) * 0x100000001b3u; /* FNV-1a */
    return h;
}

#define HASH_START 0xcbf29ce484222325u

/* ---- types -------------------------------------------------------------------- */

static uint64_t hash_type(const struct func_type *t)
{
    uint64_t h = hash_bytes(HASH_START, &t->n_params, sizeof t->n_params);

    h = hash_bytes(h, t->params, t->n_params);
    return hash_bytes(h, t->results, t->n_results);
}

static bool grow_types(struct store *s)
{
    uint32_t cap = s->types_cap ? s->types_cap * 2 : 64, n_buckets = cap * 2;
    struct func_type *types = arena_array(&s->arena, cap, sizeof *types);
    uint32_t *buckets = arena_array(&s->arena, n_buckets, sizeof *buckets);

    if (!types || !buckets)
        return false;
    if (s->n_types)
        memcpy(types, s->types, s->n_types * sizeof *types);
    for (uint32_t id = 0; id < s->n_types; id++) {
        uint64_t h = hash_type(&types[id]);

        while (buckets[h & (n_buckets - 1)])
            h++;
        buckets[h & (n_buckets - 1)] = id + 1;
    }
    s->types = types;
    s->types_cap = cap;
    s->type_buckets = buckets;
    s->n_type_buckets = n_buckets;
    return true;
}

bool store_type_id(struct store *s, const struct func_type *type, uint32_t *id)
{
    uint64_t h = hash_type(type);
    struct func_type copy = *type;

    if (s->n_types == s->types_cap && !grow_types(s))
        return false;
    for (;; h++) {
        uint32_t *bucket = &s->type_buckets[h & (s->n_type_buckets - 1)];

        if (*bucket && !func_type_eq(&s->types[*bucket - 1], type))
            continue;
        if (!*bucket) {
            copy.params = arena_copy(&s->arena, type->params, type->n_params);
            copy.results = arena_copy(&s->arena, type->results, type->n_results);
            if (!copy.params || !copy.results)
                return false;
            s->types[s->n_types] = copy;
            *bucket = ++s->n_types;
        }
        *id = *bucket - 1;
        return true;
    }
}

/* ---- definitions ---------------------------------------------------------------- */

static uint64_t hash_names(const char *module, size_t module_bytes, const char *name,
                           size_t name_bytes)
{
    return hash_bytes(hash_bytes(HASH_START, module, module_bytes) * 31, name, name_bytes);
}

static bool grow_buckets(struct store *s)
{
    uint32_t n = s->n_buckets ? s->n_buckets * 4 : 256;
    struct definition **buckets = arena_array(&s->arena, n, sizeof *buckets);

    if (!buckets)
        return false;
    for (uint32_t i = 0; i < s->n_buckets; i++) {
        struct definition *d, *next, **tail;

        for (d = s->buckets[i]; d; d = next) {
            uint64_t h = hash_names(d->module, d->module_bytes, d->name, d->name_bytes);

            next = d->next;
            d->next = NULL;
            for (tail = &buckets[h & (n - 1)]; *tail; tail = &(*tail)->next)
                ; /* the newest stays first */
            *tail = d;
        }
    }
    s->buckets = buckets;
    s->n_buckets = n;
    return true;
}

static int define(struct store *s, const char *module, const struct name *name, uint8_t kind,
                  void *item, struct err *err)
{
    struct definition *d = arena_alloc(&s->arena, sizeof *d);
    size_t module_bytes = strlen(module);
    uint64_t h;

    if (!d || (s->n_definitions >= s->n_buckets && !grow_buckets(s)))
        goto fail;
    d->module = arena_copy(&s->arena, module, module_bytes);
    d->name = arena_copy(&s->arena, name->s, name->len);
    if (!d->module || !d->name)
        goto fail;
    d->module_bytes = (uint32_t)module_bytes;
    d->name_bytes = name->len;
    d->kind = kind;
    d->item = item;
    h = hash_names(module, module_bytes, name->s, name->len);
    d->next = s->buckets[h & (s->n_buckets - 1)];
    s->buckets[h & (s->n_buckets - 1)] = d;
    s->n_definitions++;
    return VCP_OK;
fail:
    return err_set(err, VCP_ENOMEM, "out of memory defining %s", module);
}

static struct name name_of(const char *s)
{
    return (struct name){s, (uint32_t)strlen(s)};
}

int store_define_func(struct store *s, const char *module, const char *name,
                      const struct func_type *type, struct host_func func, struct err *err)
{
    struct func *f = arena_alloc(&s->arena, sizeof *f);
    struct name n = name_of(name);

    if (!f || !store_type_id(s, type, &f->type_id))
        return err_set(err, VCP_ENOMEM, "out of memory defining %s.%s", module, name);
    f->type = arena_copy(&s->arena, &s->types[f->type_id], sizeof *type);
    if (!f->type)
        return err_set(err, VCP_ENOMEM, "out of memory defining %s.%s", module, name);
    f->host = func;
    return define(s, module, &n, EXTERN_FUNC, f, err);
}

int store_define_global(struct store *s, const char *module, const char *name, bool is_mutable,
                        struct wasm_value value, struct err *err)
{
    struct glob *g = arena_alloc(&s->arena, sizeof *g);
    struct name n = name_of(name);

    if (!g)
        return err_set(err, VCP_ENOMEM, "out of memory defining %s.%s", module, name);
    *g = (struct glob){value.bits, {value.type, is_mutable}};
    return define(s, module, &n, EXTERN_GLOBAL, g, err);
}

int store_define_table(struct store *s, const char *module, const char *name,
                       const struct table_type *type, struct err *err)
{
    struct name n = name_of(name);
    struct tab *t;
    int rc = store_new_table(s, type, &t, err);

    return rc < 0 ? rc : define(s, module, &n, EXTERN_TABLE, t, err);
}

int store_define_memory(struct store *s, const char *module, const char *name,
                        const struct memory_type *type, struct err *err)
{
    struct name n = name_of(name);
    struct mem *m;
    int rc = store_new_memory(s, type, &m, err);

    return rc < 0 ? rc : define(s, module, &n, EXTERN_MEMORY, m, err);
}

static void *exported_item(const struct instance *inst, const struct export *e)
{
    switch (e->kind) {
    case EXTERN_FUNC: return inst->funcs[e->index];
    case EXTERN_TABLE: return inst->tables[e->index];
    case EXTERN_MEMORY: return inst->memories[e->index];
    default: return inst->globals[e->index];
    }
}

int store_register(struct store *s, const char *module, struct instance *inst, struct err *err)
{
    const struct module *m = inst->code->module;
    int rc = VCP_OK;

    for (uint32_t i = 0; i < m->n_exports && rc == VCP_OK; i++)
        rc = define(s, module, &m->exports[i].name, m->exports[i].kind,
                    exported_item(inst, &m->exports[i]), err);
    return rc;
}

bool store_has_module(const struct store *s, const char *module)
{
    size_t n = strlen(module);

    for (uint32_t i = 0; i < s->n_buckets; i++)
        for (const struct definition *d = s->buckets[i]; d; d = d->next)
            if (d->module_bytes == n && memcmp(d->module, module, n) == 0)
                return true;
    return false;
}

/* ---- imports ----------------------------------------------------------------------- */

static const struct definition *find(const struct store *s, const struct import *im)
{
    uint64_t h = hash_names(im->module.s, im->module.len, im->name.s, im->name.len);
    const struct definition *d = s->n_buckets ? s->buckets[h & (s->n_buckets - 1)] : NULL;

    for (; d; d = d->next)
        if (name_eq(&im->module, d->module, d->module_bytes) &&
            name_eq(&im->name, d->name, d->name_bytes))
            return d;
    return NULL;
}

/* The actual size must be at least the import's minimum and its maximum, if the import names
 * one, must be declared and no larger. */
static bool size_matches(uint32_t actual, const struct size_range *declared,
                         const struct size_range *wanted)
{
    return actual >= wanted->min &&
           (!wanted->has_max || (declared->has_max && declared->max <= wanted->max));
}

static bool link_one(struct instance *inst, const struct import *im, const struct definition *d)
{
    const struct module *m = inst->code->module;

    if (d->kind != im->kind)
        return false;
    if (im->kind == EXTERN_FUNC) {
        inst->funcs[im->index] = d->item;
        return inst->funcs[im->index]->type_id == inst->type_ids[m->funcs[im->index].type];
    }
    if (im->kind == EXTERN_TABLE) {
        struct tab *t = inst->tables[im->index] = d->item;

        return t->type == m->tables[im->index].type.elem &&
               size_matches(t->n, &t->declared, &m->tables[im->index].type.size);
    }
    if (im->kind == EXTERN_MEMORY) {
        struct mem *mem = inst->memories[im->index] = d->item;

        return size_matches(mem->pages, &mem->declared, &m->memories[im->index].type.size);
    }
    inst->globals[im->index] = d->item;
    return inst->globals[im->index]->type.type == m->globals[im->index].type.type &&
           inst->globals[im->index]->type.is_mutable == m->globals[im->index].type.is_mutable;
}

int link_imports(struct instance *inst, struct err *err)
{
    const struct module *m = inst->code->module;
    char module[NAME_TEXT_BYTES], name[NAME_TEXT_BYTES];

    for (uint32_t i = 0; i < m->n_imports; i++) {
        const struct import *im = &m->imports[i];
        const struct definition *d = find(inst->store, im);

        if (!d)
            return err_set(err, VCP_ENOTFOUND, "unknown import: %s \"%s\".\"%s\"",
                           extern_kind_name(im->kind), name_text(module, &im->module),
                           name_text(name, &im->name));
        if (!link_one(inst, im, d))
            return err_set(err, VCP_EINVAL,
                           "incompatible import type: \"%s\".\"%s\" is not the %s wanted",
                           name_text(module, &im->module), name_text(name, &im->name),
                           extern_kind_name(im->kind));
    }
    return VCP_OK;
}
