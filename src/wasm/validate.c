#include "wasm/validate.h"

#include <stdlib.h>
#include <string.h>

#include "wasm/validate_code.h"

static int need(uint32_t offset, uint32_t index, uint32_t n, const char *what, struct err *err)
{
    if (index >= n)
        return err_set(err, VCP_EINVAL, "offset 0x%x: unknown %s %u, the module has %u", offset,
                       what, index, n);
    return VCP_OK;
}

/* The type of an initialiser; only imported immutable globals are constant. */
static int check_const(struct module *m, struct const_expr *e, uint8_t want, struct err *err)
{
    int rc = VCP_OK;

    if (e->kind == CONST_REF_FUNC) {
        rc = need(e->offset, e->index, m->n_funcs, "function", err);
        if (rc == VCP_OK)
            m->funcs[e->index].is_declared_ref = true;
    } else if (e->kind == CONST_GLOBAL) {
        rc = need(e->offset, e->index, m->n_imported_globals, "global", err);
        if (rc == VCP_OK && m->globals[e->index].type.is_mutable)
            rc = err_set(err, VCP_EINVAL,
                         "offset 0x%x: constant expression required, global %u is mutable",
                         e->offset, e->index);
        if (rc == VCP_OK)
            e->type = m->globals[e->index].type.type;
    }
    if (rc == VCP_OK && e->type != want)
        rc = err_set(err, VCP_EINVAL, "offset 0x%x: type mismatch: initialiser is %s, expected %s",
                     e->offset, val_type_name(e->type), val_type_name(want));
    return rc;
}

static int check_range(const struct size_range *r, uint32_t max, const char *what, uint32_t index,
                       struct err *err)
{
    if (r->min > max || (r->has_max && r->max > max))
        return err_set(err, VCP_EINVAL, "%s %u: %s size must be at most %u%s", what, index, what,
                       max, max == 65536 ? " pages (4GiB)" : " entries");
    if (r->has_max && r->min > r->max)
        return err_set(err, VCP_EINVAL,
                       "%s %u: size minimum %u must not be greater than maximum %u", what, index,
                       r->min, r->max);
    return VCP_OK;
}

static int check_tables(struct module *m, struct err *err)
{
    int rc = VCP_OK;

    for (uint32_t i = 0; i < m->n_tables && rc == VCP_OK; i++)
        rc = check_range(&m->tables[i].type.size, UINT32_MAX, "table", i, err);
    return rc;
}

static int check_memories(struct module *m, struct err *err)
{
    int rc = VCP_OK;

    if (m->n_memories > 1)
        return err_set(err, VCP_EINVAL, "multiple memories are not allowed, the module has %u",
                       m->n_memories);
    for (uint32_t i = 0; i < m->n_memories && rc == VCP_OK; i++)
        rc = check_range(&m->memories[i].type.size, 65536, "memory", i, err);
    return rc;
}

static int check_globals(struct module *m, struct err *err)
{
    int rc = VCP_OK;

    for (uint32_t i = m->n_imported_globals; i < m->n_globals && rc == VCP_OK; i++)
        rc = check_const(m, &m->globals[i].init, m->globals[i].type.type, err);
    return rc;
}

static int check_elem_item(struct module *m, const struct elem_segment *seg,
                           const struct elem_item *item, struct err *err)
{
    struct const_expr e = {
        .kind = item->kind, .type = seg->type, .index = item->index, .offset = seg->offset};

    return check_const(m, &e, seg->type, err);
}

static int check_elem(struct module *m, struct elem_segment *seg, struct err *err)
{
    int rc = VCP_OK;

    if (seg->mode == SEGMENT_ACTIVE) {
        rc = need(seg->offset, seg->table, m->n_tables, "table", err);
        if (rc == VCP_OK && m->tables[seg->table].type.elem != seg->type)
            rc = err_set(err, VCP_EINVAL,
                         "offset 0x%x: type mismatch: segment of %s for table %u of %s",
                         seg->offset, val_type_name(seg->type), seg->table,
                         val_type_name(m->tables[seg->table].type.elem));
        if (rc == VCP_OK)
            rc = check_const(m, &seg->at, VAL_I32, err);
    }
    for (uint32_t i = 0; i < seg->n_items && rc == VCP_OK; i++)
        rc = check_elem_item(m, seg, &seg->items[i], err);
    return rc;
}

static int check_elems(struct module *m, struct err *err)
{
    int rc = VCP_OK;

    for (uint32_t i = 0; i < m->n_elems && rc == VCP_OK; i++)
        rc = check_elem(m, &m->elems[i], err);
    return rc;
}

static int check_datas(struct module *m, struct err *err)
{
    int rc = VCP_OK;

    for (uint32_t i = 0; i < m->n_datas && rc == VCP_OK; i++) {
        struct data_segment *seg = &m->datas[i];

        if (seg->mode != SEGMENT_ACTIVE)
            continue;
        rc = need(seg->offset, seg->memory, m->n_memories, "memory", err);
        if (rc == VCP_OK)
            rc = check_const(m, &seg->at, VAL_I32, err);
    }
    return rc;
}

static int check_start(struct module *m, struct err *err)
{
    const struct func_type *type;
    int rc;

    if (!m->has_start)
        return VCP_OK;
    rc = need(m->start_offset, m->start, m->n_funcs, "function", err);
    if (rc < 0)
        return rc;
    type = module_func_type(m, m->start);
    if (type->n_params || type->n_results)
        return err_set(err, VCP_EINVAL,
                       "offset 0x%x: start function %u takes %u parameters and gives %u results, "
                       "expected none",
                       m->start_offset, m->start, type->n_params, type->n_results);
    return VCP_OK;
}

static int check_export(struct module *m, const struct export *e, struct err *err)
{
    const uint32_t counts[] = {m->n_funcs, m->n_tables, m->n_memories, m->n_globals};
    int rc = need(e->offset, e->index, counts[e->kind], extern_kind_name(e->kind), err);

    if (rc == VCP_OK && e->kind == EXTERN_FUNC)
        m->funcs[e->index].is_declared_ref = true;
    return rc;
}

static int export_order(const void *a, const void *b)
{
    const struct export *x = *(const struct export *const *)a;
    const struct export *y = *(const struct export *const *)b;
    uint32_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
    int order = memcmp(x->name.s, y->name.s, n);

    if (order)
        return order;
    return x->name.len < y->name.len ? -1 : x->name.len > y->name.len;
}

static int check_exports(struct module *m, struct err *err)
{
    const struct export **sorted = arena_array(&m->arena, m->n_exports, sizeof(void *));
    uint32_t *order = arena_array(&m->arena, m->n_exports, sizeof *order);
    char text[NAME_TEXT_BYTES];

    if (!sorted || !order)
        return err_set(err, VCP_ENOMEM, "no memory for %u exports", m->n_exports);
    for (uint32_t i = 0; i < m->n_exports; i++) {
        int rc = check_export(m, &m->exports[i], err);

        if (rc < 0)
            return rc;
        sorted[i] = &m->exports[i];
    }
    qsort(sorted, m->n_exports, sizeof *sorted, export_order);
    for (uint32_t i = 0; i < m->n_exports; i++) {
        order[i] = (uint32_t)(sorted[i] - m->exports);
        if (i && export_order(&sorted[i - 1], &sorted[i]) == 0)
            return err_set(err, VCP_EINVAL, "offset 0x%x: duplicate export name \"%s\"",
                           sorted[i]->offset, name_text(text, &sorted[i]->name));
    }
    m->exports_by_name = order;
    return VCP_OK;
}

static int check_code(struct module *m, struct err *err)
{
    struct code_validator v;
    int rc = code_validator_init(&v, m, err);

    for (uint32_t i = m->n_imported_funcs; i < m->n_funcs && rc == VCP_OK; i++)
        rc = code_validate(&v, i);
    code_validator_release(&v);
    return rc;
}

/* Malformed is the graver finding: what is invalid at one place may not even be a module
 * further on, and then that is the answer. */
static int prefer_malformed(const struct module *m, int rc, struct err *err)
{
    struct err form;

    for (uint32_t i = m->n_imported_funcs; i < m->n_funcs; i++) {
        int form_rc = code_scan(m, i, &form);

        if (form_rc == VCP_EFORMAT) {
            if (err)
                *err = form;
            return form_rc;
        }
    }
    return rc;
}

/* Bodies come last: ref.func needs to know what segments, globals and exports declare. */
int module_validate(struct module *m, struct err *err)
{
    static int (*const passes[])(struct module *, struct err *) = {
        check_tables, check_memories, check_globals, check_elems,
        check_datas,  check_start,    check_exports, check_code};

    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        int rc = passes[i](m, err);

        if (rc < 0)
            return rc == VCP_EINVAL ? prefer_malformed(m, rc, err) : rc;
    }
    m->is_valid = true;
    return VCP_OK;
}
