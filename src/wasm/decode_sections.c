/* Every section but the custom ones, in the order of the binary. */
#include <string.h>

#include "wasm/decode_read.h"

static void *grow(struct decoder *d, const void *old, uint32_t have, uint32_t n, size_t size)
{
    unsigned char *p = arena_array(&d->m->arena, (size_t)have + n, size);

    if (p && have)
        memcpy(p, old, have * size);
    return p;
}

static int check_total(struct decoder *d, uint32_t have, uint32_t n, uint32_t max, const char *what)
{
    if ((uint64_t)have + n > max)
        return decode_fail(d, VCP_ELIMIT, "%llu %s, the limit is %u", (unsigned long long)have + n,
                           what, max);
    return VCP_OK;
}

/* --- type section --- */

static int read_types_of(struct decoder *d, const uint8_t **out, uint32_t *n, const char *what)
{
    const unsigned char *p;
    int rc = decode_count(d, n, d->limits->params_max, what);

    if (rc < 0)
        return rc;
    cursor_bytes(&d->c, *n, &p);
    for (uint32_t i = 0; i < *n; i++) {
        rc = decode_check_type(d, p[i]);
        if (rc < 0)
            return rc;
    }
    *out = p;
    return VCP_OK;
}

static int read_type(struct decoder *d, struct func_type *out)
{
    uint8_t form;
    int rc = decode_byte(d, &form, "a type");

    if (rc < 0)
        return rc;
    if (form != 0x60)
        return decode_fail(d, VCP_EFORMAT, "malformed function type, form 0x%02x", form);
    rc = read_types_of(d, &out->params, &out->n_params, "parameters");
    return rc < 0 ? rc : read_types_of(d, &out->results, &out->n_results, "results");
}

static int read_type_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = decode_count(d, &m->n_types, d->limits->types_max, "types");

    if (rc < 0)
        return rc;
    m->types = arena_array(&m->arena, m->n_types, sizeof *m->types);
    if (!m->types)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < m->n_types && rc == VCP_OK; i++)
        rc = read_type(d, &m->types[i]);
    return rc;
}

/* --- import section --- */

static int read_type_index(struct decoder *d, struct function *f)
{
    int rc = decode_u32(d, &f->type, "a type index");

    if (rc == VCP_OK && f->type >= d->m->n_types)
        rc = decode_fail(d, VCP_EINVAL, "unknown type %u, the module has %u", f->type,
                         d->m->n_types);
    if (rc == VCP_OK)
        f->n_locals = d->m->types[f->type].n_params;
    return rc;
}

static int read_import(struct decoder *d, struct import *im, int32_t index)
{
    struct module *m = d->m;
    int rc = decode_name(d, &im->module, "import module name");

    if (rc == VCP_OK)
        rc = decode_name(d, &im->name, "import field name");
    if (rc == VCP_OK)
        rc = decode_byte(d, &im->kind, "an import kind");
    if (rc < 0)
        return rc;
    switch (im->kind) {
    case EXTERN_FUNC:
        im->index = m->n_imported_funcs++;
        m->funcs[im->index].import = index;
        return read_type_index(d, &m->funcs[im->index]);
    case EXTERN_TABLE:
        im->index = m->n_imported_tables++;
        m->tables[im->index].import = index;
        return decode_table_type(d, &m->tables[im->index].type);
    case EXTERN_MEMORY:
        im->index = m->n_imported_memories++;
        m->memories[im->index].import = index;
        return decode_memory_type(d, &m->memories[im->index].type);
    case EXTERN_GLOBAL:
        im->index = m->n_imported_globals++;
        m->globals[im->index].import = index;
        return decode_global_type(d, &m->globals[im->index].type);
    default: return decode_fail(d, VCP_EFORMAT, "malformed import kind 0x%02x", im->kind);
    }
}

static int read_import_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = decode_count(d, &n, d->limits->imports_max, "imports");

    if (rc < 0)
        return rc;
    m->n_imports = n;
    m->imports = arena_array(&m->arena, n, sizeof *m->imports);
    m->funcs = arena_array(&m->arena, n, sizeof *m->funcs);
    m->tables = arena_array(&m->arena, n, sizeof *m->tables);
    m->memories = arena_array(&m->arena, n, sizeof *m->memories);
    m->globals = arena_array(&m->arena, n, sizeof *m->globals);
    if (!m->imports || !m->funcs || !m->tables || !m->memories || !m->globals)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++)
        rc = read_import(d, &m->imports[i], (int32_t)i);
    m->n_funcs = m->n_imported_funcs;
    m->n_tables = m->n_imported_tables;
    m->n_memories = m->n_imported_memories;
    m->n_globals = m->n_imported_globals;
    return rc;
}

/* --- function, table, memory, global sections --- */

static int read_function_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = decode_count(d, &n, d->limits->functions_max, "functions");

    if (rc == VCP_OK)
        rc = check_total(d, m->n_funcs, n, d->limits->functions_max, "functions");
    if (rc < 0)
        return rc;
    m->funcs = grow(d, m->funcs, m->n_funcs, n, sizeof *m->funcs);
    if (!m->funcs)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++) {
        struct function *f = &m->funcs[m->n_funcs++];

        f->import = -1;
        rc = read_type_index(d, f);
    }
    return rc;
}

static int read_table_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = decode_count(d, &n, d->limits->tables_max, "tables");

    if (rc == VCP_OK)
        rc = check_total(d, m->n_tables, n, d->limits->tables_max, "tables");
    if (rc < 0)
        return rc;
    m->tables = grow(d, m->tables, m->n_tables, n, sizeof *m->tables);
    if (!m->tables)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++) {
        struct table *t = &m->tables[m->n_tables++];

        t->import = -1;
        rc = decode_table_type(d, &t->type);
    }
    return rc;
}

static int read_memory_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = decode_count(d, &n, UINT32_MAX, "memories");

    if (rc < 0)
        return rc;
    m->memories = grow(d, m->memories, m->n_memories, n, sizeof *m->memories);
    if (!m->memories)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++) {
        struct memory *mem = &m->memories[m->n_memories++];

        mem->import = -1;
        rc = decode_memory_type(d, &mem->type);
    }
    return rc;
}

static int read_global_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = decode_count(d, &n, d->limits->globals_max, "globals");

    if (rc == VCP_OK)
        rc = check_total(d, m->n_globals, n, d->limits->globals_max, "globals");
    if (rc < 0)
        return rc;
    m->globals = grow(d, m->globals, m->n_globals, n, sizeof *m->globals);
    if (!m->globals)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++) {
        struct global *g = &m->globals[m->n_globals++];

        g->import = -1;
        rc = decode_global_type(d, &g->type);
        if (rc == VCP_OK)
            rc = decode_const(d, &g->init);
    }
    return rc;
}

/* --- export, start, data count sections --- */

static int read_export_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = decode_count(d, &m->n_exports, d->limits->exports_max, "exports");

    if (rc < 0)
        return rc;
    m->exports = arena_array(&m->arena, m->n_exports, sizeof *m->exports);
    if (!m->exports)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < m->n_exports && rc == VCP_OK; i++) {
        struct export *e = &m->exports[i];

        e->offset = decode_here(d);
        rc = decode_name(d, &e->name, "export name");
        if (rc == VCP_OK)
            rc = decode_byte(d, &e->kind, "an export kind");
        if (rc == VCP_OK && e->kind > EXTERN_GLOBAL)
            rc = decode_fail(d, VCP_EFORMAT, "malformed export kind 0x%02x", e->kind);
        if (rc == VCP_OK)
            rc = decode_u32(d, &e->index, "an export index");
    }
    return rc;
}

static int read_start_section(struct decoder *d)
{
    d->m->has_start = true;
    d->m->start_offset = decode_here(d);
    return decode_u32(d, &d->m->start, "the start function");
}

static int read_data_count_section(struct decoder *d)
{
    d->m->has_data_count = true;
    return decode_u32(d, &d->m->data_count, "the data count");
}

/* --- element section --- */

/* The flags word: bit 0 passive or declarative, bit 1 explicit table or declarative,
 * bit 2 expressions instead of function indices. */
#define ELEM_NOT_ACTIVE 1u
#define ELEM_EXPLICIT   2u
#define ELEM_EXPRS      4u

static int read_elem_head(struct decoder *d, struct elem_segment *seg, uint32_t flags)
{
    uint8_t kind;
    int rc = VCP_OK;

    seg->mode = !(flags & ELEM_NOT_ACTIVE) ? SEGMENT_ACTIVE
                : flags & ELEM_EXPLICIT    ? SEGMENT_DECLARATIVE
                                           : SEGMENT_PASSIVE;
    seg->type = VAL_FUNCREF;
    if (seg->mode == SEGMENT_ACTIVE) {
        if (flags & ELEM_EXPLICIT)
            rc = decode_u32(d, &seg->table, "a table index");
        if (rc == VCP_OK)
            rc = decode_const(d, &seg->at);
    }
    if (rc < 0 || !(flags & (ELEM_NOT_ACTIVE | ELEM_EXPLICIT)))
        return rc;
    if (flags & ELEM_EXPRS)
        return decode_ref_type(d, &seg->type);
    rc = decode_byte(d, &kind, "an element kind");
    if (rc == VCP_OK && kind != 0)
        rc = decode_fail(d, VCP_EFORMAT, "malformed element kind 0x%02x", kind);
    return rc;
}

static int read_elem_item(struct decoder *d, struct elem_item *item, uint8_t type, bool is_expr)
{
    struct const_expr e = {.kind = CONST_REF_FUNC, .type = VAL_FUNCREF};
    int rc = is_expr ? decode_const(d, &e) : decode_u32(d, &e.index, "a function index");

    if (rc < 0)
        return rc;
    if (e.kind == CONST_VALUE || (e.kind != CONST_GLOBAL && e.type != type))
        return decode_fail(d, VCP_EINVAL, "type mismatch: element is %s, expected %s",
                           val_type_name(e.type), val_type_name(type));
    if (e.index >> 30)
        return decode_fail(d, VCP_EINVAL, "unknown %s %u in an element",
                           e.kind == CONST_GLOBAL ? "global" : "function", e.index);
    item->kind = (unsigned)e.kind & 3u;
    item->index = e.index & 0x3fffffffu;
    return VCP_OK;
}

static int read_elem(struct decoder *d, struct elem_segment *seg)
{
    struct elem_item *items;
    uint32_t flags;
    int rc;

    seg->offset = decode_here(d);
    rc = decode_u32(d, &flags, "an element segment's flags");
    if (rc == VCP_OK && flags > 7)
        rc = decode_fail(d, VCP_EFORMAT, "malformed elements segment kind %u", flags);
    if (rc == VCP_OK)
        rc = read_elem_head(d, seg, flags);
    if (rc == VCP_OK)
        rc = decode_count(d, &seg->n_items, UINT32_MAX, "elements");
    if (rc < 0)
        return rc;
    items = arena_array(&d->m->arena, seg->n_items, sizeof *items);
    if (!items)
        return decode_no_memory(d);
    seg->items = items;
    for (uint32_t i = 0; i < seg->n_items && rc == VCP_OK; i++)
        rc = read_elem_item(d, &items[i], seg->type, flags & ELEM_EXPRS);
    return rc;
}

static int read_element_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = decode_count(d, &m->n_elems, d->limits->segments_max, "element segments");

    if (rc < 0)
        return rc;
    m->elems = arena_array(&m->arena, m->n_elems, sizeof *m->elems);
    if (!m->elems)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < m->n_elems && rc == VCP_OK; i++)
        rc = read_elem(d, &m->elems[i]);
    return rc;
}

/* --- code section --- */

static int read_local_runs(struct decoder *d, struct function *f)
{
    struct local_run *runs;
    uint64_t total = f->n_locals;
    uint32_t n;
    int rc = decode_count(d, &f->n_runs, UINT32_MAX, "local declarations");

    if (rc < 0)
        return rc;
    runs = arena_array(&d->m->arena, f->n_runs, sizeof *runs);
    if (!runs)
        return decode_no_memory(d);
    f->runs = runs;
    for (uint32_t i = 0; i < f->n_runs; i++) {
        rc = decode_u32(d, &n, "a local count");
        if (rc == VCP_OK)
            rc = decode_val_type(d, &runs[i].type);
        if (rc < 0)
            return rc;
        total += n;
        if (total > UINT32_MAX)
            return decode_fail(d, VCP_EFORMAT, "too many locals");
        runs[i].end = (uint32_t)total;
    }
    if (total > d->limits->locals_max)
        return decode_fail(d, VCP_ELIMIT, "%llu locals in one function, the limit is %u",
                           (unsigned long long)total, d->limits->locals_max);
    f->n_locals = (uint32_t)total;
    return VCP_OK;
}

static int read_code(struct decoder *d, struct function *f)
{
    struct cursor whole = d->c;
    const unsigned char *body;
    uint32_t n;
    int rc = decode_u32(d, &n, "a body size");

    if (rc < 0)
        return rc;
    if (!cursor_bytes(&d->c, n, &body))
        return decode_fail(d, VCP_EFORMAT, "unexpected end: function body of %u bytes", n);
    if (n > d->limits->body_bytes_max)
        return decode_fail(d, VCP_ELIMIT, "function body of %u bytes, the limit is %u", n,
                           d->limits->body_bytes_max);
    whole.p = d->c.p;
    d->c = (struct cursor){body, body + n};
    rc = read_local_runs(d, f);
    if (rc < 0)
        return rc;
    f->code = decode_here(d);
    f->code_end = f->code + (uint32_t)cursor_left(&d->c);
    d->c = whole;
    return VCP_OK;
}

static int read_code_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n_defined = m->n_funcs - m->n_imported_funcs;
    int rc = decode_count(d, &d->n_codes, UINT32_MAX, "function bodies");

    if (rc < 0)
        return rc;
    if (d->n_codes != n_defined)
        return decode_fail(d, VCP_EFORMAT,
                           "function and code section have inconsistent lengths: %u and %u",
                           n_defined, d->n_codes);
    for (uint32_t i = 0; i < n_defined && rc == VCP_OK; i++) {
        rc = read_code(d, &m->funcs[m->n_imported_funcs + i]);
        if (rc < 0)
            err_prefix(d->err, "function %u", m->n_imported_funcs + i);
    }
    return rc;
}

/* --- data section --- */

static int read_data(struct decoder *d, struct data_segment *seg)
{
    const unsigned char *p;
    uint32_t flags;
    int rc;

    seg->offset = decode_here(d);
    rc = decode_u32(d, &flags, "a data segment's flags");
    if (rc == VCP_OK && flags > 2)
        rc = decode_fail(d, VCP_EFORMAT, "malformed data segment kind %u", flags);
    if (rc < 0)
        return rc;
    seg->mode = flags == 1 ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
    if (flags == 2)
        rc = decode_u32(d, &seg->memory, "a memory index");
    if (rc == VCP_OK && flags != 1)
        rc = decode_const(d, &seg->at);
    if (rc == VCP_OK)
        rc = decode_u32(d, &seg->n_bytes, "a data segment's size");
    if (rc < 0)
        return rc;
    seg->bytes = decode_here(d);
    if (!cursor_bytes(&d->c, seg->n_bytes, &p))
        return decode_fail(d, VCP_EFORMAT, "unexpected end: data segment of %u bytes",
                           seg->n_bytes);
    return VCP_OK;
}

static int read_data_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = decode_count(d, &m->n_datas, d->limits->segments_max, "data segments");

    if (rc < 0)
        return rc;
    m->datas = arena_array(&m->arena, m->n_datas, sizeof *m->datas);
    if (!m->datas)
        return decode_no_memory(d);
    for (uint32_t i = 0; i < m->n_datas && rc == VCP_OK; i++)
        rc = read_data(d, &m->datas[i]);
    return rc;
}

int decode_section(struct decoder *d, uint8_t id)
{
    switch (id) {
    case SECTION_TYPE: return read_type_section(d);
    case SECTION_IMPORT: return read_import_section(d);
    case SECTION_FUNCTION: return read_function_section(d);
    case SECTION_TABLE: return read_table_section(d);
    case SECTION_MEMORY: return read_memory_section(d);
    case SECTION_GLOBAL: return read_global_section(d);
    case SECTION_EXPORT: return read_export_section(d);
    case SECTION_START: return read_start_section(d);
    case SECTION_ELEMENT: return read_element_section(d);
    case SECTION_CODE: return read_code_section(d);
    case SECTION_DATA: return read_data_section(d);
    default: return read_data_count_section(d);
    }
}
