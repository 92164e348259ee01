/* module.h - a decoded WebAssembly module: what the binary says, nothing executed yet.
 *
 * WebAssembly 2.0 without SIMD.  The module owns a copy of its bytes and one arena;
 * every pointer below lives as long as the module.  A module is immutable once
 * validated, so threads and instances may share it.
 *
 * Index spaces follow the specification: imports first, then definitions.
 * Source: WebAssembly Core Specification 2.0, sections 2 (structure) and 5 (binary). */
#ifndef WASM_MODULE_H
#define WASM_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* Value types by their binary encoding, so a type is one byte everywhere. */
enum val_type {
    VAL_I32 = 0x7f,
    VAL_I64 = 0x7e,
    VAL_F32 = 0x7d,
    VAL_F64 = 0x7c,
    VAL_FUNCREF = 0x70,
    VAL_EXTERNREF = 0x6f,
    VAL_ANY = 0x00, /* the validator's unknown type after an unconditional branch */
};

static inline bool val_type_is_ref(uint8_t t)
{
    return t == VAL_FUNCREF || t == VAL_EXTERNREF;
}

/* "i32", "funcref" ...; "any" for VAL_ANY, "?" for a byte that is no type. */
const char *val_type_name(uint8_t t);

enum extern_kind { EXTERN_FUNC = 0, EXTERN_TABLE = 1, EXTERN_MEMORY = 2, EXTERN_GLOBAL = 3 };
const char *extern_kind_name(uint8_t kind);

/* UTF-8 that was checked; may contain NUL, and is followed by one. */
struct name {
    const char *s;
    uint32_t len;
};

bool name_eq(const struct name *a, const char *s, size_t len);

/* A name for a sentence: cut, control characters as '?', never a newline or an escape
 * sequence for the terminal that shows it.  Returns out. */
#define NAME_TEXT_BYTES 84
const char *name_text(char out[NAME_TEXT_BYTES], const struct name *name);

struct func_type {
    const uint8_t *params, *results; /* enum val_type bytes */
    uint32_t n_params, n_results;
};

bool func_type_eq(const struct func_type *a, const struct func_type *b);

/* Pages for a memory, entries for a table. */
struct size_range {
    uint32_t min, max; /* max is the largest the format allows when !has_max */
    bool has_max;
};

struct table_type {
    struct size_range size;
    uint8_t elem; /* VAL_FUNCREF or VAL_EXTERNREF */
};

struct memory_type {
    struct size_range size; /* pages of 64 KiB, at most 65536 */
};

struct global_type {
    uint8_t type;
    bool is_mutable;
};

/* Initialiser: always exactly one instruction in this version of the language. */
enum const_kind { CONST_VALUE, CONST_REF_NULL, CONST_REF_FUNC, CONST_GLOBAL };

struct const_expr {
    uint64_t bits;   /* CONST_VALUE: the number, zero-extended; floats as IEEE bits */
    uint32_t index;  /* CONST_REF_FUNC: function; CONST_GLOBAL: global */
    uint32_t offset; /* of the instruction in the module, for messages */
    uint8_t kind;    /* enum const_kind */
    uint8_t type;    /* of the value; VAL_ANY for CONST_GLOBAL until validated */
};

struct import {
    struct name module, name;
    uint8_t kind;   /* enum extern_kind */
    uint32_t index; /* in the index space of its kind */
};

struct export
{
    struct name name;
    uint8_t kind;
    uint32_t index;
    uint32_t offset;
};

/* n locals of one type; `end` is the index one past the last (parameters included). */
struct local_run {
    uint32_t end;
    uint8_t type;
};

/* An imported function has import >= 0 and no code. */
struct function {
    uint32_t type; /* index into types */
    int32_t import;
    uint32_t code, code_end; /* [code, code_end) in bytes[]: instructions, final `end` included */
    const struct local_run *runs; /* declared locals, compressed as in the binary */
    uint32_t n_runs;
    uint32_t n_locals;    /* parameters and declared locals */
    bool is_declared_ref; /* may appear in ref.func */
    struct name name;     /* from the name section; len 0 when it has none */

    /* Facts left by module_validate, exact. */
    uint32_t n_instrs;     /* all instructions, the final `end` included */
    uint32_t n_blocks;     /* block, loop and if */
    uint32_t depth_max;    /* nesting of control frames, the function's own included */
    uint32_t height_max;   /* operands on the stack at once, locals not counted */
    uint32_t n_br_targets; /* sum of br_table entries, defaults included */
};

struct global {
    struct global_type type;
    int32_t import;
    struct const_expr init; /* when not imported */
};

struct table {
    struct table_type type;
    int32_t import;
};

struct memory {
    struct memory_type type;
    int32_t import;
};

enum segment_mode { SEGMENT_ACTIVE, SEGMENT_PASSIVE, SEGMENT_DECLARATIVE };

/* One entry of an element segment in four bytes: compile bombs pay for their size. */
struct elem_item {
    uint32_t kind : 2; /* CONST_REF_NULL, CONST_REF_FUNC or CONST_GLOBAL */
    uint32_t index : 30;
};

struct elem_segment {
    uint8_t mode, type; /* enum segment_mode, reference type */
    uint32_t table;     /* active only */
    struct const_expr at;
    const struct elem_item *items;
    uint32_t n_items;
    uint32_t offset;
};

struct data_segment {
    uint8_t mode;    /* active or passive */
    uint32_t memory; /* active only */
    struct const_expr at;
    uint32_t bytes, n_bytes; /* [bytes, bytes + n_bytes) in module bytes[] */
    uint32_t offset;
};

/* Ceilings on one module; base/limits.h has the defaults and the reasons. */
struct module_limits {
    size_t module_bytes_max;
    size_t arena_bytes_max;
    uint32_t types_max, functions_max, imports_max, exports_max, globals_max, tables_max;
    uint32_t segments_max; /* element and data segments, each */
    uint32_t params_max;   /* and results, of one type */
    uint32_t locals_max;   /* parameters included */
    uint32_t body_bytes_max;
    uint32_t br_table_max; /* entries of one br_table */
    uint32_t nesting_max;
    uint32_t operands_max; /* height of the operand stack */
};

struct module {
    struct arena arena;
    const uint8_t *bytes;
    uint32_t n_bytes;

    struct func_type *types;
    struct import *imports;
    struct function *funcs;
    struct table *tables;
    struct memory *memories;
    struct global *globals;
    struct export *exports; /* in the order of the binary */
    struct elem_segment *elems;
    struct data_segment *datas;
    uint32_t n_types, n_imports, n_funcs, n_tables, n_memories, n_globals, n_exports, n_elems,
        n_datas;
    uint32_t n_imported_funcs, n_imported_tables, n_imported_memories, n_imported_globals;
    const uint32_t *exports_by_name; /* indices of exports, sorted; set by module_validate */

    bool has_start, has_data_count, is_valid;
    uint32_t start, data_count;
    uint32_t start_offset;

    struct module_limits limits;
};

extern const struct module_limits module_limits_default;

void module_free(struct module *m);

/* The export of that name and kind, or NULL.  Binary search; needs a validated module. */
const struct export *module_export(const struct module *m, uint8_t kind, const char *name,
                                   size_t len);

static inline const struct func_type *module_func_type(const struct module *m, uint32_t func)
{
    return &m->types[m->funcs[func].type];
}

/* Type of local i < n_locals; parameters first. */
uint8_t func_local_type(const struct module *m, const struct function *f, uint32_t i);

#endif
