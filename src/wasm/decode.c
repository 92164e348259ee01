#include "wasm/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm/instr.h"

/* Binary order of the sections; custom sections may stand anywhere. */
enum section {
    SECTION_CUSTOM = 0,
    SECTION_TYPE,
    SECTION_IMPORT,
    SECTION_FUNCTION,
    SECTION_TABLE,
    SECTION_MEMORY,
    SECTION_GLOBAL,
    SECTION_EXPORT,
    SECTION_START,
    SECTION_ELEMENT,
    SECTION_CODE,
    SECTION_DATA,
    SECTION_DATA_COUNT,
    SECTION_COUNT
};

static const char *const section_names[SECTION_COUNT] = {
    "custom", "type",  "import",  "function", "table", "memory",    "global",
    "export", "start", "element", "code",     "data",  "data count"};

/* The data count section stands between element and code although its id is 12. */
static const uint8_t section_rank[SECTION_COUNT] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10};

struct decoder {
    struct module *m;
    struct cursor c; /* ends with the section being read */
    const struct module_limits *limits;
    struct err *err;
    const unsigned char *names, *names_end; /* the last name section */
    uint32_t n_codes;
};

static uint32_t here(const struct decoder *d)
{
    return (uint32_t)(d->c.p - d->m->bytes);
}

__attribute__((format(printf, 3, 4))) static int fail_at(struct decoder *d, int code,
                                                         const char *fmt, ...)
{
    char text[384];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(d->err, code, "offset 0x%x: %s", here(d), text);
}

static int no_memory(struct decoder *d)
{
    return fail_at(d, VCP_ENOMEM, "no memory for the decoded module (ceiling %zu bytes)",
                   d->limits->arena_bytes_max);
}

static int read_u32(struct decoder *d, uint32_t *out, const char *what)
{
    if (!leb_u32(&d->c, out))
        return fail_at(d, VCP_EFORMAT, "malformed LEB128 of %s, or unexpected end", what);
    return VCP_OK;
}

static int read_byte(struct decoder *d, uint8_t *out, const char *what)
{
    if (!cursor_u8(&d->c, out))
        return fail_at(d, VCP_EFORMAT, "unexpected end before %s", what);
    return VCP_OK;
}

/* A vector's length: under its ceiling, and with at least one byte for each element,
 * which bounds what the count alone can make us allocate. */
static int read_count(struct decoder *d, uint32_t *out, uint32_t max, const char *what)
{
    uint32_t n;
    int rc = read_u32(d, &n, what);

    if (rc < 0)
        return rc;
    if (n > cursor_left(&d->c))
        return fail_at(d, VCP_EFORMAT, "%u %s announced, length out of bounds", n, what);
    if (n > max)
        return fail_at(d, VCP_ELIMIT, "%u %s, the limit is %u", n, what, max);
    *out = n;
    return VCP_OK;
}

/* Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
static bool utf8_is_valid(const unsigned char *p, size_t n)
{
    const unsigned char *end = p + n;

    while (p < end) {
        unsigned char lead = *p++;
        unsigned more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        unsigned char low = 0x80, high = 0xbf;

        if (lead < 0x80)
            continue;
        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - p) < more)
            return false;
        if (lead == 0xe0)
            low = 0xa0;
        if (lead == 0xed)
            high = 0x9f;
        if (lead == 0xf0)
            low = 0x90;
        if (lead == 0xf4)
            high = 0x8f;
        for (; more; more--, p++) {
            if (*p < low || *p > high)
                return false;
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}

static int read_name(struct decoder *d, struct name *out, const char *what)
{
    const unsigned char *p;
    char *copy;
    uint32_t n;
    int rc = read_u32(d, &n, what);

    if (rc < 0)
        return rc;
    if (!cursor_bytes(&d->c, n, &p))
        return fail_at(d, VCP_EFORMAT, "unexpected end: %s of %u bytes", what, n);
    if (!utf8_is_valid(p, n))
        return fail_at(d, VCP_EFORMAT, "malformed UTF-8 encoding in %s", what);
    copy = arena_alloc(&d->m->arena, (size_t)n + 1);
    if (!copy)
        return no_memory(d);
    memcpy(copy, p, n);
    *out = (struct name){copy, n};
    return VCP_OK;
}

static int check_val_type(struct decoder *d, uint8_t t)
{
    if (t == 0x7b)
        return fail_at(d, VCP_EUNSUPPORTED, "SIMD is not supported yet (type v128)");
    if ((t < VAL_F64 || t > VAL_I32) && !val_type_is_ref(t))
        return fail_at(d, VCP_EFORMAT, "malformed value type 0x%02x", t);
    return VCP_OK;
}

static int read_val_type(struct decoder *d, uint8_t *out)
{
    int rc = read_byte(d, out, "a value type");

    return rc < 0 ? rc : check_val_type(d, *out);
}

static int read_ref_type(struct decoder *d, uint8_t *out)
{
    int rc = read_byte(d, out, "a reference type");

    if (rc == VCP_OK && !val_type_is_ref(*out))
        rc = fail_at(d, VCP_EFORMAT, "malformed reference type 0x%02x", *out);
    return rc;
}

static int read_range(struct decoder *d, struct size_range *out, const char *what)
{
    uint8_t flags;
    int rc = read_byte(d, &flags, what);

    if (rc < 0)
        return rc;
    if (flags > 1)
        return fail_at(d, VCP_EFORMAT, "malformed limits flags 0x%02x of a %s", flags, what);
    out->has_max = flags;
    out->max = UINT32_MAX;
    rc = read_u32(d, &out->min, what);
    if (rc == VCP_OK && flags)
        rc = read_u32(d, &out->max, what);
    return rc;
}

static int read_table_type(struct decoder *d, struct table_type *out)
{
    int rc = read_ref_type(d, &out->elem);

    return rc < 0 ? rc : read_range(d, &out->size, "table");
}

static int read_memory_type(struct decoder *d, struct memory_type *out)
{
    int rc = read_range(d, &out->size, "memory");

    if (rc == VCP_OK && !out->size.has_max)
        out->size.max = 65536;
    return rc;
}

static int read_global_type(struct decoder *d, struct global_type *out)
{
    uint8_t mutability;
    int rc = read_val_type(d, &out->type);

    if (rc == VCP_OK)
        rc = read_byte(d, &mutability, "a global's mutability");
    if (rc < 0)
        return rc;
    if (mutability > 1)
        return fail_at(d, VCP_EFORMAT, "malformed mutability 0x%02x", mutability);
    out->is_mutable = mutability;
    return VCP_OK;
}

static bool const_from_instr(struct const_expr *out, const struct instr *in)
{
    *out = (struct const_expr){.bits = in->bits, .index = in->a, .offset = in->offset};
    switch (in->op) {
    case OP_I32_CONST: out->type = VAL_I32; break;
    case OP_I64_CONST: out->type = VAL_I64; break;
    case OP_F32_CONST: out->type = VAL_F32; break;
    case OP_F64_CONST: out->type = VAL_F64; break;
    case OP_REF_NULL:
        out->kind = CONST_REF_NULL;
        out->type = in->type;
        return true;
    case OP_REF_FUNC:
        out->kind = CONST_REF_FUNC;
        out->type = VAL_FUNCREF;
        return true;
    case OP_GLOBAL_GET: out->kind = CONST_GLOBAL; return true;
    default: return false;
    }
    out->kind = CONST_VALUE;
    return true;
}

/* Each of the constant instructions leaves one value and takes none, so an
 * expression with one result is one instruction and `end`. */
static int read_const(struct decoder *d, struct const_expr *out)
{
    struct instr in;
    int rc = instr_read(&in, &d->c, d->m, d->err);

    if (rc < 0)
        return rc;
    if (in.op == OP_END)
        return fail_at(d, VCP_EINVAL, "type mismatch: constant expression is empty");
    if (!const_from_instr(out, &in))
        return fail_at(d, VCP_EINVAL, "constant expression required, found %s",
                       opcode_info[in.op].text);
    rc = instr_read(&in, &d->c, d->m, d->err);
    if (rc < 0)
        return rc;
    if (in.op != OP_END)
        return fail_at(d, VCP_EINVAL, "%s: constant expression goes on with %s",
                       const_from_instr(&(struct const_expr){0}, &in)
                           ? "type mismatch"
                           : "constant expression required",
                       opcode_info[in.op].text);
    return VCP_OK;
}

/* n more elements at the end of an index space that holds `have`. */
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
        return fail_at(d, VCP_ELIMIT, "%llu %s, the limit is %u", (unsigned long long)have + n,
                       what, max);
    return VCP_OK;
}

/* --- type section --- */

static int read_types_of(struct decoder *d, const uint8_t **out, uint32_t *n, const char *what)
{
    const unsigned char *p;
    int rc = read_count(d, n, d->limits->params_max, what);

    if (rc < 0)
        return rc;
    cursor_bytes(&d->c, *n, &p);
    for (uint32_t i = 0; i < *n; i++) {
        rc = check_val_type(d, p[i]);
        if (rc < 0)
            return rc;
    }
    *out = p;
    return VCP_OK;
}

static int read_type(struct decoder *d, struct func_type *out)
{
    uint8_t form;
    int rc = read_byte(d, &form, "a type");

    if (rc < 0)
        return rc;
    if (form != 0x60)
        return fail_at(d, VCP_EFORMAT, "malformed function type, form 0x%02x", form);
    rc = read_types_of(d, &out->params, &out->n_params, "parameters");
    return rc < 0 ? rc : read_types_of(d, &out->results, &out->n_results, "results");
}

static int read_type_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = read_count(d, &m->n_types, d->limits->types_max, "types");

    if (rc < 0)
        return rc;
    m->types = arena_array(&m->arena, m->n_types, sizeof *m->types);
    if (!m->types)
        return no_memory(d);
    for (uint32_t i = 0; i < m->n_types && rc == VCP_OK; i++)
        rc = read_type(d, &m->types[i]);
    return rc;
}

/* --- import section --- */

static int read_type_index(struct decoder *d, struct function *f)
{
    int rc = read_u32(d, &f->type, "a type index");

    if (rc == VCP_OK && f->type >= d->m->n_types)
        rc = fail_at(d, VCP_EINVAL, "unknown type %u, the module has %u", f->type, d->m->n_types);
    if (rc == VCP_OK)
        f->n_locals = d->m->types[f->type].n_params;
    return rc;
}

static int read_import(struct decoder *d, struct import *im, int32_t index)
{
    struct module *m = d->m;
    int rc = read_name(d, &im->module, "import module name");

    if (rc == VCP_OK)
        rc = read_name(d, &im->name, "import field name");
    if (rc == VCP_OK)
        rc = read_byte(d, &im->kind, "an import kind");
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
        return read_table_type(d, &m->tables[im->index].type);
    case EXTERN_MEMORY:
        im->index = m->n_imported_memories++;
        m->memories[im->index].import = index;
        return read_memory_type(d, &m->memories[im->index].type);
    case EXTERN_GLOBAL:
        im->index = m->n_imported_globals++;
        m->globals[im->index].import = index;
        return read_global_type(d, &m->globals[im->index].type);
    default: return fail_at(d, VCP_EFORMAT, "malformed import kind 0x%02x", im->kind);
    }
}

static int read_import_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = read_count(d, &n, d->limits->imports_max, "imports");

    if (rc < 0)
        return rc;
    m->n_imports = n;
    m->imports = arena_array(&m->arena, n, sizeof *m->imports);
    m->funcs = arena_array(&m->arena, n, sizeof *m->funcs);
    m->tables = arena_array(&m->arena, n, sizeof *m->tables);
    m->memories = arena_array(&m->arena, n, sizeof *m->memories);
    m->globals = arena_array(&m->arena, n, sizeof *m->globals);
    if (!m->imports || !m->funcs || !m->tables || !m->memories || !m->globals)
        return no_memory(d);
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
    int rc = read_count(d, &n, d->limits->functions_max, "functions");

    if (rc == VCP_OK)
        rc = check_total(d, m->n_funcs, n, d->limits->functions_max, "functions");
    if (rc < 0)
        return rc;
    m->funcs = grow(d, m->funcs, m->n_funcs, n, sizeof *m->funcs);
    if (!m->funcs)
        return no_memory(d);
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
    int rc = read_count(d, &n, d->limits->tables_max, "tables");

    if (rc == VCP_OK)
        rc = check_total(d, m->n_tables, n, d->limits->tables_max, "tables");
    if (rc < 0)
        return rc;
    m->tables = grow(d, m->tables, m->n_tables, n, sizeof *m->tables);
    if (!m->tables)
        return no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++) {
        struct table *t = &m->tables[m->n_tables++];

        t->import = -1;
        rc = read_table_type(d, &t->type);
    }
    return rc;
}

static int read_memory_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = read_count(d, &n, UINT32_MAX, "memories");

    if (rc < 0)
        return rc;
    m->memories = grow(d, m->memories, m->n_memories, n, sizeof *m->memories);
    if (!m->memories)
        return no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++) {
        struct memory *mem = &m->memories[m->n_memories++];

        mem->import = -1;
        rc = read_memory_type(d, &mem->type);
    }
    return rc;
}

static int read_global_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n;
    int rc = read_count(d, &n, d->limits->globals_max, "globals");

    if (rc == VCP_OK)
        rc = check_total(d, m->n_globals, n, d->limits->globals_max, "globals");
    if (rc < 0)
        return rc;
    m->globals = grow(d, m->globals, m->n_globals, n, sizeof *m->globals);
    if (!m->globals)
        return no_memory(d);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++) {
        struct global *g = &m->globals[m->n_globals++];

        g->import = -1;
        rc = read_global_type(d, &g->type);
        if (rc == VCP_OK)
            rc = read_const(d, &g->init);
    }
    return rc;
}

/* --- export, start, data count sections --- */

static int read_export_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = read_count(d, &m->n_exports, d->limits->exports_max, "exports");

    if (rc < 0)
        return rc;
    m->exports = arena_array(&m->arena, m->n_exports, sizeof *m->exports);
    if (!m->exports)
        return no_memory(d);
    for (uint32_t i = 0; i < m->n_exports && rc == VCP_OK; i++) {
        struct export *e = &m->exports[i];

        e->offset = here(d);
        rc = read_name(d, &e->name, "export name");
        if (rc == VCP_OK)
            rc = read_byte(d, &e->kind, "an export kind");
        if (rc == VCP_OK && e->kind > EXTERN_GLOBAL)
            rc = fail_at(d, VCP_EFORMAT, "malformed export kind 0x%02x", e->kind);
        if (rc == VCP_OK)
            rc = read_u32(d, &e->index, "an export index");
    }
    return rc;
}

static int read_start_section(struct decoder *d)
{
    d->m->has_start = true;
    d->m->start_offset = here(d);
    return read_u32(d, &d->m->start, "the start function");
}

static int read_data_count_section(struct decoder *d)
{
    d->m->has_data_count = true;
    return read_u32(d, &d->m->data_count, "the data count");
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
            rc = read_u32(d, &seg->table, "a table index");
        if (rc == VCP_OK)
            rc = read_const(d, &seg->at);
    }
    if (rc < 0 || !(flags & (ELEM_NOT_ACTIVE | ELEM_EXPLICIT)))
        return rc;
    if (flags & ELEM_EXPRS)
        return read_ref_type(d, &seg->type);
    rc = read_byte(d, &kind, "an element kind");
    if (rc == VCP_OK && kind != 0)
        rc = fail_at(d, VCP_EFORMAT, "malformed element kind 0x%02x", kind);
    return rc;
}

static int read_elem_item(struct decoder *d, struct elem_item *item, uint8_t type, bool is_expr)
{
    struct const_expr e = {.kind = CONST_REF_FUNC, .type = VAL_FUNCREF};
    int rc = is_expr ? read_const(d, &e) : read_u32(d, &e.index, "a function index");

    if (rc < 0)
        return rc;
    if (e.kind == CONST_VALUE || (e.kind != CONST_GLOBAL && e.type != type))
        return fail_at(d, VCP_EINVAL, "type mismatch: element is %s, expected %s",
                       val_type_name(e.type), val_type_name(type));
    if (e.index >> 30)
        return fail_at(d, VCP_EINVAL, "unknown %s %u in an element",
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

    seg->offset = here(d);
    rc = read_u32(d, &flags, "an element segment's flags");
    if (rc == VCP_OK && flags > 7)
        rc = fail_at(d, VCP_EFORMAT, "malformed elements segment kind %u", flags);
    if (rc == VCP_OK)
        rc = read_elem_head(d, seg, flags);
    if (rc == VCP_OK)
        rc = read_count(d, &seg->n_items, UINT32_MAX, "elements");
    if (rc < 0)
        return rc;
    items = arena_array(&d->m->arena, seg->n_items, sizeof *items);
    if (!items)
        return no_memory(d);
    seg->items = items;
    for (uint32_t i = 0; i < seg->n_items && rc == VCP_OK; i++)
        rc = read_elem_item(d, &items[i], seg->type, flags & ELEM_EXPRS);
    return rc;
}

static int read_element_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = read_count(d, &m->n_elems, d->limits->segments_max, "element segments");

    if (rc < 0)
        return rc;
    m->elems = arena_array(&m->arena, m->n_elems, sizeof *m->elems);
    if (!m->elems)
        return no_memory(d);
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
    int rc = read_count(d, &f->n_runs, UINT32_MAX, "local declarations");

    if (rc < 0)
        return rc;
    runs = arena_array(&d->m->arena, f->n_runs, sizeof *runs);
    if (!runs)
        return no_memory(d);
    f->runs = runs;
    for (uint32_t i = 0; i < f->n_runs; i++) {
        rc = read_u32(d, &n, "a local count");
        if (rc == VCP_OK)
            rc = read_val_type(d, &runs[i].type);
        if (rc < 0)
            return rc;
        total += n;
        if (total > UINT32_MAX)
            return fail_at(d, VCP_EFORMAT, "too many locals");
        runs[i].end = (uint32_t)total;
    }
    if (total > d->limits->locals_max)
        return fail_at(d, VCP_ELIMIT, "%llu locals in one function, the limit is %u",
                       (unsigned long long)total, d->limits->locals_max);
    f->n_locals = (uint32_t)total;
    return VCP_OK;
}

static int read_code(struct decoder *d, struct function *f)
{
    struct cursor whole = d->c;
    const unsigned char *body;
    uint32_t n;
    int rc = read_u32(d, &n, "a body size");

    if (rc < 0)
        return rc;
    if (!cursor_bytes(&d->c, n, &body))
        return fail_at(d, VCP_EFORMAT, "unexpected end: function body of %u bytes", n);
    if (n > d->limits->body_bytes_max)
        return fail_at(d, VCP_ELIMIT, "function body of %u bytes, the limit is %u", n,
                       d->limits->body_bytes_max);
    whole.p = d->c.p;
    d->c = (struct cursor){body, body + n};
    rc = read_local_runs(d, f);
    if (rc < 0)
        return rc;
    f->code = here(d);
    f->code_end = f->code + (uint32_t)cursor_left(&d->c);
    d->c = whole;
    return VCP_OK;
}

static int read_code_section(struct decoder *d)
{
    struct module *m = d->m;
    uint32_t n_defined = m->n_funcs - m->n_imported_funcs;
    int rc = read_count(d, &d->n_codes, UINT32_MAX, "function bodies");

    if (rc < 0)
        return rc;
    if (d->n_codes != n_defined)
        return fail_at(d, VCP_EFORMAT,
                       "function and code section have inconsistent lengths: %u and %u", n_defined,
                       d->n_codes);
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

    seg->offset = here(d);
    rc = read_u32(d, &flags, "a data segment's flags");
    if (rc == VCP_OK && flags > 2)
        rc = fail_at(d, VCP_EFORMAT, "malformed data segment kind %u", flags);
    if (rc < 0)
        return rc;
    seg->mode = flags == 1 ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
    if (flags == 2)
        rc = read_u32(d, &seg->memory, "a memory index");
    if (rc == VCP_OK && flags != 1)
        rc = read_const(d, &seg->at);
    if (rc == VCP_OK)
        rc = read_u32(d, &seg->n_bytes, "a data segment's size");
    if (rc < 0)
        return rc;
    seg->bytes = here(d);
    if (!cursor_bytes(&d->c, seg->n_bytes, &p))
        return fail_at(d, VCP_EFORMAT, "unexpected end: data segment of %u bytes", seg->n_bytes);
    return VCP_OK;
}

static int read_data_section(struct decoder *d)
{
    struct module *m = d->m;
    int rc = read_count(d, &m->n_datas, d->limits->segments_max, "data segments");

    if (rc < 0)
        return rc;
    m->datas = arena_array(&m->arena, m->n_datas, sizeof *m->datas);
    if (!m->datas)
        return no_memory(d);
    for (uint32_t i = 0; i < m->n_datas && rc == VCP_OK; i++)
        rc = read_data(d, &m->datas[i]);
    return rc;
}

/* --- custom sections --- */

static int read_custom_section(struct decoder *d)
{
    struct name name;
    int rc = read_name(d, &name, "custom section name");

    if (rc < 0)
        return rc;
    if (name_eq(&name, "name", 4)) {
        d->names = d->c.p;
        d->names_end = d->c.end;
    }
    d->c.p = d->c.end;
    return VCP_OK;
}

#define NAME_SUBSECTION_FUNCTIONS 1

static void read_function_names(struct decoder *d)
{
    uint32_t n, index;
    struct name name;

    if (!leb_u32(&d->c, &n))
        return;
    while (n--) {
        if (!leb_u32(&d->c, &index) || read_name(d, &name, "function name") < 0)
            return;
        if (index < d->m->n_funcs)
            d->m->funcs[index].name = name;
    }
}

/* Names serve messages only: a damaged name section is ignored from its first flaw. */
static void read_names(struct decoder *d)
{
    struct cursor section = {d->names, d->names_end};
    const unsigned char *p;
    uint32_t n;
    uint8_t id;

    d->err = NULL;
    while (d->names && cursor_u8(&section, &id) && leb_u32(&section, &n) &&
           cursor_bytes(&section, n, &p)) {
        d->c = (struct cursor){p, p + n};
        if (id == NAME_SUBSECTION_FUNCTIONS)
            read_function_names(d);
    }
}

/* --- the module --- */

static int read_section_body(struct decoder *d, uint8_t id)
{
    switch (id) {
    case SECTION_CUSTOM: return read_custom_section(d);
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

static int read_section(struct decoder *d, unsigned *last_rank)
{
    const unsigned char *body, *end = d->c.end;
    uint32_t n;
    uint8_t id;
    int rc = read_byte(d, &id, "a section id");

    if (rc < 0)
        return rc;
    if (id >= SECTION_COUNT)
        return fail_at(d, VCP_EFORMAT, "malformed section id %u", id);
    if (id != SECTION_CUSTOM && section_rank[id] <= *last_rank)
        return fail_at(d, VCP_EFORMAT, "unexpected content: %s section out of order or repeated",
                       section_names[id]);
    if (id != SECTION_CUSTOM)
        *last_rank = section_rank[id];
    rc = read_u32(d, &n, "a section size");
    if (rc < 0)
        return rc;
    if (!cursor_bytes(&d->c, n, &body))
        return fail_at(d, VCP_EFORMAT, "length out of bounds: %s section of %u bytes",
                       section_names[id], n);
    d->c = (struct cursor){body, body + n};
    rc = read_section_body(d, id);
    if (rc == VCP_OK && d->c.p != d->c.end)
        rc = fail_at(d, VCP_EFORMAT, "section size mismatch: %zu bytes left over",
                     cursor_left(&d->c));
    d->c.end = end;
    return rc < 0 ? err_prefix(d->err, "%s section", section_names[id]), rc : VCP_OK;
}

static int read_header(struct decoder *d)
{
    static const unsigned char version[4] = {1, 0, 0, 0};
    const unsigned char *p;

    if (!cursor_bytes(&d->c, 4, &p))
        return fail_at(d, VCP_EFORMAT, "unexpected end: no magic header");
    if (memcmp(p, "\0asm", 4) != 0)
        return fail_at(d, VCP_EFORMAT, "magic header not detected: not a WebAssembly module");
    if (!cursor_bytes(&d->c, 4, &p))
        return fail_at(d, VCP_EFORMAT, "unexpected end: no binary version");
    if (memcmp(p, version, 4) != 0)
        return fail_at(d, VCP_EFORMAT, "unknown binary version, expected 1");
    return VCP_OK;
}

static int check_counts(struct decoder *d)
{
    struct module *m = d->m;

    if (d->n_codes != m->n_funcs - m->n_imported_funcs)
        return fail_at(d, VCP_EFORMAT,
                       "function and code section have inconsistent lengths: %u and 0",
                       m->n_funcs - m->n_imported_funcs);
    if (m->has_data_count && m->data_count != m->n_datas)
        return fail_at(d, VCP_EFORMAT,
                       "data count and data section have inconsistent lengths: %u and %u",
                       m->data_count, m->n_datas);
    return VCP_OK;
}

static int read_module(struct decoder *d)
{
    unsigned last_rank = 0;
    int rc = read_header(d);

    while (rc == VCP_OK && d->c.p < d->c.end)
        rc = read_section(d, &last_rank);
    if (rc == VCP_OK)
        rc = check_counts(d);
    if (rc == VCP_OK)
        read_names(d);
    return rc;
}

int module_decode(struct module **out, const uint8_t *bytes, size_t n,
                  const struct module_limits *limits, struct err *err)
{
    struct decoder d = {.limits = limits ? limits : &module_limits_default, .err = err};
    int rc;

    if (n > d.limits->module_bytes_max || n > UINT32_MAX)
        return err_set(err, VCP_ELIMIT, "module of %zu bytes, the limit is %zu", n,
                       d.limits->module_bytes_max);
    d.m = calloc(1, sizeof *d.m);
    if (!d.m)
        return err_set(err, VCP_ENOMEM, "no memory for a module");
    d.m->limits = *d.limits;
    d.m->n_bytes = (uint32_t)n;
    arena_init(&d.m->arena, d.limits->arena_bytes_max);
    d.m->bytes = arena_copy(&d.m->arena, bytes, n);
    if (!d.m->bytes) {
        module_free(d.m);
        return err_set(err, VCP_ENOMEM, "no memory for a module of %zu bytes", n);
    }
    d.c = (struct cursor){d.m->bytes, d.m->bytes + n};
    rc = read_module(&d);
    if (rc < 0) {
        module_free(d.m);
        return rc;
    }
    *out = d.m;
    return VCP_OK;
}
