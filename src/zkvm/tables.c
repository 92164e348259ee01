/* Where tables lie, what they hold at the beginning, which functions can be called through them. */
#include "zkvm/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wasm/rop.h"
#include "zkvm/program.h"

_Static_assert(WASM_TABLE_ENTRIES_MAX + 1 < 1u << TABLE_SHIFT, "a table and its size in a stride");
_Static_assert(WASM_TABLES_MAX <= TABLE_NUMBER_MAX, "tables have numbers");
_Static_assert(CODE_FRAME_SLOTS_MAX < 65536, "a frame's size in a function's cell");

static int no_memory(struct err *err)
{
    return err_set(err, VCP_ENOMEM, "out of memory laying out tables");
}

/* ---- types: equal ones get the number of the first ------------------------------------- */

static uint64_t hash_type(const struct func_type *t)
{
    uint64_t h = 0xcbf29ce484222325u ^ t->n_params;

    for (uint32_t i = 0; i < t->n_params; i++)
        h = (h ^ t->params[i]) * 0x100000001b3u; /* FNV-1a */
    for (uint32_t i = 0; i < t->n_results; i++)
        h = (h ^ t->results[i]) * 0x100000001b3u;
    return h;
}

static uint32_t power_of_two_above(uint32_t n)
{
    uint32_t p = 16;

    while (p < 2 * n)
        p *= 2;
    return p;
}

static int number_types(struct program *p, struct err *err)
{
    const struct module *m = p->code->module;
    uint32_t n_buckets = power_of_two_above(m->n_types), n = 0;
    uint32_t *buckets = calloc(n_buckets, sizeof *buckets); /* a type's index + 1 */

    p->tables.type_ids = calloc(m->n_types + 1u, sizeof *p->tables.type_ids);
    if (!buckets || !p->tables.type_ids) {
        free(buckets);
        return no_memory(err);
    }
    for (uint32_t i = 0; i < m->n_types; i++) {
        uint64_t h = hash_type(&m->types[i]) & (n_buckets - 1);

        while (buckets[h] && !func_type_eq(&m->types[buckets[h] - 1], &m->types[i]))
            h = (h + 1) & (n_buckets - 1);
        p->tables.type_ids[i] = buckets[h] ? p->tables.type_ids[buckets[h] - 1] : n++;
        if (!buckets[h])
            buckets[h] = i + 1;
    }
    free(buckets);
    if (n > TABLE_TYPES_MAX)
        return err_set(err, VCP_EUNSUPPORTED, "%u different function types, over %u", n,
                       TABLE_TYPES_MAX);
    return VCP_OK;
}

/* ---- which functions can become a value ----------------------------------------------------- */

static void mark_initial(struct program *p)
{
    const struct module *m = p->code->module;

    for (uint32_t i = 0; i < m->n_globals; i++)
        if (m->globals[i].init.kind == CONST_REF_FUNC)
            p->tables.has_fact[m->globals[i].init.index] = true;
    for (uint32_t i = 0; i < m->n_elems; i++)
        for (uint32_t k = 0; k < m->elems[i].n_items; k++)
            if (m->elems[i].items[k].kind == CONST_REF_FUNC)
                p->tables.has_fact[m->elems[i].items[k].index] = true;
}

static bool is_table_op(uint16_t op)
{
    switch (op) {
    case R_TABLE_GET:
    case R_TABLE_SET:
    case R_TABLE_SIZE:
    case R_TABLE_GROW:
    case R_TABLE_FILL:
    case R_TABLE_COPY:
    case R_TABLE_INIT:
    case R_CALL_INDIRECT: return true;
    default: return false;
    }
}

static int mark_functions(struct program *p, struct err *err)
{
    const struct code *c = p->code;
    bool are_called = false;

    p->tables.has_fact = calloc(c->module->n_funcs + 1u, sizeof *p->tables.has_fact);
    if (!p->tables.has_fact)
        return no_memory(err);
    for (uint32_t i = 0; i < c->n_insns; i++) {
        if (c->infos[i].op == R_REF_FUNC)
            p->tables.has_fact[c->insns[i].lo] = true;
        are_called = are_called || c->infos[i].op == R_CALL_INDIRECT;
        p->tables.are_used = p->tables.are_used || is_table_op(c->infos[i].op);
    }
    mark_initial(p);
    for (uint32_t f = 0; f < c->module->n_funcs; f++)
        p->tables.has_fact[f] = p->tables.has_fact[f] && are_called;
    return VCP_OK;
}

static bool is_import(const struct program *p, uint32_t f)
{
    return f < p->code->module->n_imported_funcs;
}

uint64_t tables_fact_address(const struct program *p, uint32_t f)
{
    return BUS_ADDRESS(SPACE_FUNCTION,
                       (uint64_t)f + 1 + ((uint64_t)is_import(p, f) << FACT_HOST_SHIFT));
}

/* Imports have no frame on the guest's stack. */
uint64_t tables_fact(const struct program *p, uint32_t f)
{
    uint64_t type = p->tables.type_ids[p->code->module->funcs[f].type];

    if (is_import(p, f))
        return p->routines.pc_call[p->runtime->funcs[p->imports[f]]] | type << FACT_TYPE_SHIFT;
    return p->guest.pc_call[f] | (uint64_t)p->code->funcs[f].frame_slots << FACT_FRAME_SHIFT |
           type << FACT_TYPE_SHIFT;
}

/* ---- tables and their segments ------------------------------------------------------------ */

static int open_tables(struct program *p, struct err *err)
{
    const struct module *m = p->code->module;

    p->tables.all = calloc(m->n_tables + m->n_elems + 1u, sizeof *p->tables.all);
    if (!p->tables.all)
        return no_memory(err);
    p->tables.n = m->n_tables;
    for (uint32_t i = 0; i < m->n_tables; i++) {
        const struct size_range *size = &m->tables[i].type.size;

        if (size->min > WASM_TABLE_ENTRIES_MAX)
            return err_set(err, VCP_EUNSUPPORTED, "table %u is over the limit: nothing runs", i);
        p->tables.all[i] = (struct program_table){
            .number = i,
            .size = size->min,
            .size_max = size->max < WASM_TABLE_ENTRIES_MAX ? size->max : WASM_TABLE_ENTRIES_MAX};
    }
    return VCP_OK;
}

static int reserve(struct program_table *t, uint64_t n, struct err *err)
{
    uint32_t cap = (uint32_t)((n + TABLE_PAGE - 1) / TABLE_PAGE * TABLE_PAGE);
    uint64_t *entries;

    if (cap <= t->n_entries)
        return VCP_OK;
    entries = realloc(t->entries, cap * sizeof *entries);
    if (!entries)
        return no_memory(err);
    memset(entries + t->n_entries, 0, (cap - t->n_entries) * sizeof *entries);
    t->entries = entries;
    t->n_entries = cap;
    return VCP_OK;
}

static uint64_t item_value(const struct program *p, struct elem_item item)
{
    switch (item.kind) {
    case CONST_REF_FUNC: return (uint64_t)item.index + 1;
    case CONST_GLOBAL: return p->globals[item.index];
    default: return 0;
    }
}

/* In order: of segments that overlap the last one stays. */
static int apply_segment(struct program *p, uint32_t elem, struct err *err)
{
    const struct elem_segment *e = &p->code->module->elems[elem];
    struct program_table *t = &p->tables.all[e->table];
    uint64_t at = (uint32_t)program_constant(p, &e->at);
    int rc;

    if (at + e->n_items > t->size)
        return err_set(err, VCP_EUNSUPPORTED,
                       "element segment %u lies outside its table: nothing runs", elem);
    if (!e->n_items)
        return VCP_OK;
    rc = reserve(t, at + e->n_items, err);
    for (uint32_t i = 0; i < e->n_items && rc == VCP_OK; i++)
        t->entries[at + i] = item_value(p, e->items[i]);
    return rc;
}

/* Segments that table.init names, as tables; active and declared ones are dropped when a run
 * begins. */
static int make_segment(struct program *p, uint32_t elem, struct err *err)
{
    const struct elem_segment *e = &p->code->module->elems[elem];
    uint32_t n = e->mode == SEGMENT_PASSIVE ? e->n_items : 0;
    struct program_table *t;
    int rc;

    if (p->tables.of_segment[elem])
        return VCP_OK;
    if (n >= TABLE_SIZE_MAX || p->tables.n > TABLE_NUMBER_MAX)
        return err_set(err, VCP_EUNSUPPORTED, "element segment %u: too long, or one too many",
                       elem);
    t = &p->tables.all[p->tables.n];
    *t = (struct program_table){.number = p->tables.n, .size = n, .size_max = n};
    p->tables.of_segment[elem] = p->tables.n++;
    rc = reserve(t, n, err);
    for (uint32_t i = 0; i < n && rc == VCP_OK; i++)
        t->entries[i] = item_value(p, e->items[i]);
    return rc;
}

static int make_segments(struct program *p, struct err *err)
{
    const struct code *c = p->code;
    int rc = VCP_OK;

    p->tables.of_segment = calloc(c->module->n_elems + 1u, sizeof *p->tables.of_segment);
    if (!p->tables.of_segment)
        return no_memory(err);
    for (uint32_t i = 0; i < c->n_insns && rc == VCP_OK; i++)
        if (c->infos[i].op == R_TABLE_INIT)
            rc = make_segment(p, (uint32_t)c->insns[i].lo, err);
    return rc;
}

int tables_make(struct program *p, struct err *err)
{
    const struct module *m = p->code->module;
    int rc = number_types(p, err);

    if (rc == VCP_OK)
        rc = mark_functions(p, err);
    if (rc == VCP_OK)
        rc = open_tables(p, err);
    for (uint32_t i = 0; i < m->n_elems && rc == VCP_OK; i++)
        if (m->elems[i].mode == SEGMENT_ACTIVE)
            rc = apply_segment(p, i, err);
    return rc == VCP_OK ? make_segments(p, err) : rc;
}

void tables_release(struct program *p)
{
    for (uint32_t i = 0; i < p->tables.n; i++)
        free(p->tables.all[i].entries);
    free(p->tables.all);
    free(p->tables.type_ids);
    free(p->tables.has_fact);
    free(p->tables.of_segment);
}

const struct program_table *tables_at(const struct program *p, uint64_t at)
{
    uint64_t number = at >> TABLE_SHIFT;

    return number < p->tables.n ? &p->tables.all[number] : NULL;
}

bool tables_page_is_null(const struct program_table *t, uint32_t first)
{
    for (uint32_t i = first; i < first + TABLE_PAGE && i < t->n_entries; i++)
        if (t->entries[i])
            return false;
    return true;
}
