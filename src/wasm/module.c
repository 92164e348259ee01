#include "wasm/module.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

const struct module_limits module_limits_default = {
    .module_bytes_max = WASM_MODULE_BYTES_MAX,
    .arena_bytes_max = WASM_ARENA_BYTES_MAX,
    .types_max = WASM_TYPES_MAX,
    .functions_max = WASM_FUNCTIONS_MAX,
    .imports_max = WASM_IMPORTS_MAX,
    .exports_max = WASM_EXPORTS_MAX,
    .globals_max = WASM_GLOBALS_MAX,
    .tables_max = WASM_TABLES_MAX,
    .segments_max = WASM_SEGMENTS_MAX,
    .params_max = WASM_PARAMS_MAX,
    .locals_max = WASM_LOCALS_MAX,
    .body_bytes_max = WASM_BODY_BYTES_MAX,
    .br_table_max = WASM_BR_TABLE_MAX,
    .nesting_max = WASM_NESTING_MAX,
    .operands_max = WASM_OPERANDS_MAX,
};

const char *val_type_name(uint8_t t)
{
    switch (t) {
    case VAL_I32: return "i32";
    case VAL_I64: return "i64";
    case VAL_F32: return "f32";
    case VAL_F64: return "f64";
    case VAL_FUNCREF: return "funcref";
    case VAL_EXTERNREF: return "externref";
    case VAL_ANY: return "any";
    default: return "?";
    }
}

const char *extern_kind_name(uint8_t kind)
{
    static const char *const names[] = {"function", "table", "memory", "global"};

    return kind < 4 ? names[kind] : "?";
}

bool name_eq(const struct name *a, const char *s, size_t len)
{
    return a->len == len && (len == 0 || memcmp(a->s, s, len) == 0);
}

/* Bytes of the control character at s, 0 when it is none; U+0080 .. U+009F count. */
static uint32_t control_bytes(const char *s)
{
    unsigned char c = (unsigned char)s[0];

    if (c == 0xc2)
        return (unsigned char)s[1] < 0xa0 ? 2 : 0;
    return c < 0x20 || c == 0x7f;
}

const char *name_text(char out[NAME_TEXT_BYTES], const struct name *name)
{
    uint32_t n = name->len < NAME_TEXT_BYTES - 4 ? name->len : NAME_TEXT_BYTES - 4, at = 0;

    while (n < name->len && n > 0 && ((unsigned char)name->s[n] & 0xc0) == 0x80)
        n--; /* not inside a character */
    for (uint32_t i = 0; i < n;) {
        uint32_t control = control_bytes(name->s + i);

        out[at++] = control ? '?' : name->s[i];
        i += control ? control : 1;
    }
    memcpy(out + at, n < name->len ? "..." : "", n < name->len ? 4 : 1);
    return out;
}

bool func_type_eq(const struct func_type *a, const struct func_type *b)
{
    return a->n_params == b->n_params && a->n_results == b->n_results &&
           (!a->n_params || memcmp(a->params, b->params, a->n_params) == 0) &&
           (!a->n_results || memcmp(a->results, b->results, a->n_results) == 0);
}

void module_free(struct module *m)
{
    if (!m)
        return;
    arena_release(&m->arena);
    free(m);
}

static int export_compare(const struct export *e, const char *name, size_t len)
{
    size_t n = e->name.len < len ? e->name.len : len;
    int order = n ? memcmp(e->name.s, name, n) : 0;

    if (order)
        return order;
    return e->name.len < len ? -1 : e->name.len > len;
}

const struct export *module_export(const struct module *m, uint8_t kind, const char *name,
                                   size_t len)
{
    uint32_t low = 0, high = m->exports_by_name ? m->n_exports : 0;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct export *e = &m->exports[m->exports_by_name[mid]];
        int order = export_compare(e, name, len);

        if (order == 0)
            return e->kind == kind ? e : NULL;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

uint8_t func_local_type(const struct module *m, const struct function *f, uint32_t i)
{
    const struct func_type *type = &m->types[f->type];
    uint32_t low = 0, high = f->n_runs;

    if (i < type->n_params)
        return type->params[i];
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (f->runs[mid].end <= i)
            low = mid + 1;
        else
            high = mid;
    }
    return f->runs[low].type;
}
