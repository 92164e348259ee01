/* Making a program, and the verifier's terms of it. */
#include "zkvm/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "wasm/instr.h"
#include "wasm/opcode.h"
#include "wasm/rop.h"
#include "wasm/wasi.h"
#include "zkvm/locals.h"
#include "zkvm/translate.h"

#define PAGE_BYTES      65536u
#define CELL_PAGE_BYTES 256u

static int no_memory(struct err *err)
{
    return err_set(err, VCP_ENOMEM, "out of memory making a program to prove");
}

/* ---- entries ------------------------------------------------------------------- */

static struct program_entry *push(struct program *p)
{
    struct program_entry *e = &p->entries[p->n_entries++];

    *e = (struct program_entry){.op = (uint16_t)ZOP_ONE(ZONE_NOP), .insn = UINT32_MAX};
    return e;
}

/* Gas left of the strip before instruction i: what was paid on entry, or what the one
 * before it left. */
static uint32_t gas_before(const struct program_part *part, uint32_t i)
{
    const struct code *c = part->code;

    if (part->is_target[i])
        return c->insns[i].gas;
    return i ? c->infos[i - 1].rest : 0;
}

static uint32_t gas_after(const struct program_part *part, uint32_t i)
{
    const struct code *c = part->code;

    if (part->is_runtime || rop_info[c->infos[i].op].ends_strip || i + 1 == c->n_insns ||
        !part->is_target[i + 1])
        return 0;
    return c->infos[i].rest > c->insns[i + 1].gas ? c->infos[i].rest - c->insns[i + 1].gas : 0;
}

/* Instructions that can be reached other than by falling into them within a strip. */
static void mark_targets(struct program_part *part)
{
    const struct code *c = part->code;

    for (uint32_t i = 0; i < c->n_insns; i++) {
        uint32_t t = branch_target(c, i);

        if (t < c->n_insns)
            part->is_target[t] = true;
        if (rop_info[c->infos[i].op].ends_strip)
            part->is_target[i + 1] = true;
    }
    for (uint32_t f = 0; f < c->module->n_funcs; f++)
        if (c->funcs[f].entry)
            part->is_target[c->funcs[f].first] = true;
}

/* Locals that are written before they are read need no zero. */
static int find_zeroed(struct program_part *part, struct err *err)
{
    const struct code *c = part->code;
    int rc = VCP_OK;

    part->zeroed = calloc(c->module->n_funcs + 1u, sizeof *part->zeroed);
    if (!part->zeroed)
        return no_memory(err);
    for (uint32_t f = c->module->n_imported_funcs; f < c->module->n_funcs && rc == VCP_OK; f++)
        rc = locals_read_first(&part->zeroed[f], c->module, f, err);
    return rc;
}

static bool is_zeroed(const struct program_part *part, const struct func_code *fc, uint32_t z)
{
    return z >= LOCALS_TRACKED || part->zeroed[fc->index] >> z & 1;
}

static uint32_t count_zeroed(const struct program_part *part, const struct func_code *fc)
{
    uint32_t n = 0;

    for (uint32_t z = 0; z < fc->n_zeroed; z++)
        n += is_zeroed(part, fc, z);
    return n;
}

static int part_init(struct program_part *part, const struct code *c, bool is_runtime,
                     struct err *err)
{
    part->code = c;
    part->is_runtime = is_runtime;
    part->pc_of = calloc(c->n_insns + 1, sizeof *part->pc_of);
    part->is_target = calloc(c->n_insns + 2, sizeof *part->is_target);
    part->pc_call = calloc(c->module->n_funcs + 1u, sizeof *part->pc_call);
    part->acc = calloc(c->n_insns + 1, sizeof *part->acc);
    if (!part->pc_of || !part->is_target || !part->pc_call || !part->acc)
        return no_memory(err);
    translate_prepare(part);
    mark_targets(part);
    return find_zeroed(part, err);
}

static void part_release(struct program_part *part)
{
    free(part->pc_of);
    free(part->is_target);
    free(part->pc_call);
    free(part->zeroed);
    free(part->acc);
}

/* Gives the functions' entries their pcs from pc on; is_used NULL: all functions'. */
static uint32_t place(const struct program *p, struct program_part *part, uint32_t pc,
                      const bool *is_used)
{
    const struct code *c = part->code;

    for (uint32_t f = c->module->n_imported_funcs; f < c->module->n_funcs; f++) {
        const struct func_code *fc = &c->funcs[f];

        if (is_used && !is_used[f])
            continue;
        part->pc_call[f] = pc;
        pc += count_zeroed(part, fc);
        for (uint32_t i = fc->first; i < fc->first + fc->n_insns && pc < ZPC_MAX; i++) {
            part->pc_of[i] = pc;
            pc += translate_count(p, part, i) + (gas_after(part, i) > 0);
        }
    }
    return pc;
}

static void emit_function(struct program *p, const struct program_part *part,
                          const struct func_code *fc)
{
    const struct code *c = part->code;

    for (uint32_t z = 0; z < fc->n_zeroed; z++)
        if (is_zeroed(part, fc, z))
            entry_const(push(p), (uint16_t)(fc->n_params + 2 + z), 0);
    for (uint32_t i = fc->first; i < fc->first + fc->n_insns; i++) {
        struct program_entry *e = &p->entries[p->n_entries];

        translate(e, p, part, i, p->n_entries);
        if (!part->is_runtime)
            e->gas = gas_before(part, i) - c->infos[i].rest;
        p->n_entries += translate_count(p, part, i);
        if (gas_after(part, i)) {
            e = push(p);
            e->insn = i;
            e->is_after = true;
            e->gas = gas_after(part, i);
        }
    }
}

/* ---- routines ------------------------------------------------------------------ */

static void use_routine(const struct program *p, bool *is_used, uint32_t func)
{
    const struct code *c = p->runtime->code;
    const struct func_code *f = &c->funcs[func];

    if (is_used[func])
        return;
    is_used[func] = true;
    for (uint32_t i = f->first; i < f->first + f->n_insns; i++)
        if (c->infos[i].op == R_CALL)
            use_routine(p, is_used, runtime_callee(c, i)); /* no recursion: runtime_open */
}

static void use_from_guest(struct program *p, bool *is_used, uint32_t routine)
{
    const struct runtime *r = p->runtime;
    uint32_t func = r->funcs[routine], slots = r->slots[func] + TRANSLATE_SLOTS_ABOVE;

    use_routine(p, is_used, func);
    if (slots > p->routine_slots)
        p->routine_slots = slots;
}

/* What the guest's entries call, also through tables, and the slots that takes. */
static void find_used(struct program *p, bool *is_used)
{
    for (uint32_t pc = 0; pc < p->n_entries; pc++)
        if (p->entries[pc].op == ZOP_ONE(ZONE_ROUTINE))
            use_from_guest(p, is_used, (uint32_t)p->entries[pc].imm);
    for (uint32_t f = 0; f < p->code->module->n_imported_funcs; f++)
        if (p->tables.has_fact[f])
            use_from_guest(p, is_used, (uint32_t)p->imports[f]);
}

static int emit_routines(struct program *p, const bool *is_used, uint32_t n_guest, struct err *err)
{
    const struct module *m = p->runtime->code->module;
    uint32_t total = place(p, &p->routines, n_guest, is_used);
    struct program_entry *grown;

    if (total >= ZPC_MAX)
        return err_set(err, VCP_ELIMIT, "more than %u entries to prove", ZPC_MAX);
    grown = realloc(p->entries, (total + 1u) * sizeof *p->entries);
    if (!grown)
        return no_memory(err);
    p->entries = grown;
    for (uint32_t pc = 0; pc < n_guest; pc++)
        if (p->entries[pc].op == ZOP_ONE(ZONE_ROUTINE))
            p->entries[pc].imm = p->routines.pc_call[p->runtime->funcs[p->entries[pc].imm]];
    for (uint32_t f = m->n_imported_funcs; f < m->n_funcs; f++)
        if (is_used[f])
            emit_function(p, &p->routines, &p->runtime->code->funcs[f]);
    for (uint32_t pc = n_guest; pc < total; pc++)
        if (p->entries[pc].op == ZOP_UNSUPPORTED)
            return err_set(err, VCP_ESTATE, "a routine's entry %u cannot be proven", pc);
    return VCP_OK;
}

/* Behind the guest's entries stand the routines that they call, and those that these do. */
static int append_routines(struct program *p, struct err *err)
{
    bool *is_used = calloc(p->runtime->code->module->n_funcs + 1u, sizeof *is_used);
    int rc;

    if (!is_used)
        return no_memory(err);
    p->routine_slots = TRANSLATE_SLOTS_ABOVE;
    find_used(p, is_used);
    rc = emit_routines(p, is_used, p->n_entries, err);
    free(is_used);
    return rc;
}

/* ---- imports --------------------------------------------------------------------- */

static bool same_types(const uint8_t a[], uint32_t n_a, const uint8_t b[], uint32_t n_b)
{
    return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a) == 0);
}

/* What the engine links is proven as a routine; what it does not link does not run. */
static int find_import(struct program *p, uint32_t func, struct err *err)
{
    const struct module *m = p->code->module;
    const struct import *in = &m->imports[m->funcs[func].import];
    const struct func_type *type = module_func_type(m, func), *of;
    int routine = runtime_routine("wasi.", &in->name);
    char module[NAME_TEXT_BYTES], name[NAME_TEXT_BYTES];

    if (!name_eq(&in->module, WASI_MODULE, strlen(WASI_MODULE)) || routine < 0)
        return err_set(err, VCP_EUNSUPPORTED,
                       "the module imports \"%s\" \"%s\": of imports only the functions of %s "
                       "can be proven",
                       name_text(module, &in->module), name_text(name, &in->name), WASI_MODULE);
    of = module_func_type(p->runtime->code->module, p->runtime->funcs[routine]);
    if (!same_types(type->params, type->n_params, of->params, of->n_params) ||
        !same_types(type->results, type->n_results, of->results, of->n_results))
        return err_set(err, VCP_EUNSUPPORTED,
                       "the module imports \"%s\" with another type: nothing runs",
                       name_text(name, &in->name));
    p->imports[func] = routine;
    return VCP_OK;
}

static int find_imports(struct program *p, struct err *err)
{
    uint32_t n = p->code->module->n_imported_funcs;
    int rc = VCP_OK;

    p->imports = calloc(n + 1u, sizeof *p->imports);
    if (!p->imports)
        return no_memory(err);
    for (uint32_t f = 0; f < n && rc == VCP_OK; f++)
        rc = find_import(p, f, err);
    return rc;
}

bool program_uses_world(const struct code *code)
{
    return code->module->n_imported_funcs > 0;
}

/* ---- the prologue ------------------------------------------------------------------ */

static const struct export *exported(const struct module *m, const char *name)
{
    return module_export(m, EXTERN_FUNC, name, strlen(name));
}

static void call(struct program *p, uint32_t func)
{
    entry_call(push(p), p, func, 0);
}

static bool runs_initialize(const struct module *m, const char *entry)
{
    const struct export *e = exported(m, "_initialize");

    return e && strcmp(entry, "_initialize") != 0 && !module_func_type(m, e->index)->n_params &&
           !module_func_type(m, e->index)->n_results;
}

static void prologue(struct program *p, const struct statement *s, uint32_t entry)
{
    const struct module *m = p->code->module;

    if (m->has_start)
        call(p, m->start);
    if (s->entry[0] && runs_initialize(m, s->entry))
        call(p, exported(m, "_initialize")->index);
    for (uint32_t i = 0; i < s->n_args; i++)
        entry_const(push(p), (uint16_t)i, s->args[i]);
    call(p, entry);
    for (uint32_t i = 0; i < s->n_results; i++) {
        struct program_entry *e = push(p);

        e->op = (uint16_t)ZOP_ONE(ZONE_ASSERT);
        e->top = (uint16_t)i;
        e->imm = s->results[i];
    }
    push(p)->op = (uint16_t)ZOP_ONE(ZONE_HALT);
}

static bool fits_type(const struct func_type *t, const struct statement *s)
{
    if (t->n_params != s->n_args || (s->status == RUN_OK && t->n_results != s->n_results))
        return false;
    for (uint32_t i = 0; i < s->n_args; i++)
        if (val_type_is_ref(t->params[i]) ||
            ((t->params[i] == VAL_I32 || t->params[i] == VAL_F32) && s->args[i] > UINT32_MAX))
            return false;
    for (uint32_t i = 0; i < t->n_results; i++)
        if (val_type_is_ref(t->results[i])) /* a number of ours, not the embedder's */
            return false;
    return true;
}

static int find_entry(uint32_t *out, const struct module *m, const struct statement *s,
                      struct err *err)
{
    const char *name = s->entry[0] ? s->entry : "_start";
    const struct export *e = exported(m, name);

    if (!e)
        return err_set(err, VCP_ENOTFOUND, "the module exports no function \"%.100s\"", name);
    if (!fits_type(module_func_type(m, e->index), s))
        return err_set(err, VCP_EINVAL, "arguments or results do not fit the type of \"%.100s\"",
                       name);
    *out = e->index;
    return VCP_OK;
}

static int make_entries(struct program *p, const struct statement *s, struct err *err)
{
    const struct module *m = p->code->module;
    uint32_t entry = 0, n_prologue, total;
    int rc = find_entry(&entry, m, s, err);

    if (rc < 0)
        return rc;
    if (m->funcs[entry].import >= 0 || (m->has_start && m->funcs[m->start].import >= 0))
        return err_set(err, VCP_EUNSUPPORTED, "an entry that is an import cannot be proven");
    n_prologue = 2 + s->n_args + s->n_results + m->has_start +
                 (s->entry[0] && runs_initialize(m, s->entry));
    total = place(p, &p->guest, n_prologue, NULL);
    if (total >= ZPC_MAX)
        return err_set(err, VCP_ELIMIT, "more than %u entries to prove", ZPC_MAX);
    p->entries = calloc(total + 1u, sizeof *p->entries);
    if (!p->entries)
        return no_memory(err);
    prologue(p, s, entry);
    for (uint32_t f = m->n_imported_funcs; f < m->n_funcs; f++)
        emit_function(p, &p->guest, &p->code->funcs[f]);
    return append_routines(p, err);
}

/* ---- cells ---------------------------------------------------------------------------- */

uint64_t program_constant(const struct program *p, const struct const_expr *e)
{
    switch (e->kind) {
    case CONST_VALUE: return e->bits;
    case CONST_REF_NULL: return 0;
    case CONST_REF_FUNC: return (uint64_t)e->index + 1;
    default: return p->globals[e->index];
    }
}

static int make_image(struct program *p, struct err *err)
{
    const struct module *m = p->code->module;
    uint64_t bytes = (uint64_t)p->pages * PAGE_BYTES, end = 0, at;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < m->n_datas; i++) {
            const struct data_segment *d = &m->datas[i];

            if (d->mode != SEGMENT_ACTIVE)
                continue;
            at = (uint32_t)program_constant(p, &d->at);
            if (at + d->n_bytes > bytes)
                return err_set(err, VCP_EUNSUPPORTED,
                               "data segment %u lies outside the memory: nothing runs", i);
            if (pass && d->n_bytes)
                memcpy(p->image + at, m->bytes + d->bytes, d->n_bytes);
            if (at + d->n_bytes > end)
                end = at + d->n_bytes;
        }
        if (!pass) {
            p->image_bytes = (end + CELL_PAGE_BYTES - 1) / CELL_PAGE_BYTES * CELL_PAGE_BYTES;
            p->image = calloc(1, p->image_bytes + 1);
            if (!p->image)
                return no_memory(err);
        }
    }
    return VCP_OK;
}

/* What the engine refuses or traps on before anything runs is not a run to prove. */
static int check_memory(struct program *p, uint64_t memory_bytes_max, struct err *err)
{
    const struct module *m = p->code->module;
    uint64_t bytes = (uint64_t)p->pages * PAGE_BYTES;

    for (uint32_t i = 0; i < m->n_tables; i++)
        bytes += (uint64_t)m->tables[i].type.size.min * 8;
    if (bytes > memory_bytes_max)
        return err_set(err, VCP_EUNSUPPORTED, "memory and tables are over the limit: nothing runs");
    p->specials[CELL_ROOM] = memory_bytes_max - bytes;
    return VCP_OK;
}

static bool uses(const struct code *c, unsigned op1, unsigned op2)
{
    for (size_t i = 0; i < c->n_insns; i++)
        if (c->infos[i].op == op1 || c->infos[i].op == op2)
            return true;
    return false;
}

static uint32_t passive_bytes(const struct data_segment *d)
{
    return d->mode == SEGMENT_PASSIVE ? d->n_bytes : 0;
}

/* Passive segments as words, one after the other; active ones are dropped when a run begins. */
static int make_segments(struct program *p, struct err *err)
{
    const struct module *m = p->code->module;
    struct program_tape *tape = &p->tapes[TAPE_DATA];

    if (!uses(p->code, R_MEMORY_INIT, R_DATA_DROP))
        return VCP_OK;
    p->segments = calloc(m->n_datas + 1u, sizeof *p->segments);
    if (!p->segments)
        return no_memory(err);
    p->n_segments = m->n_datas;
    for (uint32_t i = 0; i < m->n_datas; i++) {
        p->segments[i] = (struct program_segment){passive_bytes(&m->datas[i]), (uint32_t)tape->n};
        tape->n += (p->segments[i].bytes + 3u) / 4;
    }
    tape->words = calloc(tape->n + 1, sizeof *tape->words);
    if (!tape->words)
        return no_memory(err);
    for (uint32_t i = 0; i < m->n_datas; i++)
        for (uint32_t k = 0; k < p->segments[i].bytes; k++)
            tape->words[p->segments[i].first + k / 4] |= (uint32_t)m->bytes[m->datas[i].bytes + k]
                                                         << 8 * (k % 4);
    return VCP_OK;
}

static int make_cells(struct program *p, const struct statement *s, struct err *err)
{
    const struct module *m = p->code->module;
    int rc;

    if (m->n_imported_memories || m->n_imported_globals || m->n_imported_tables)
        return err_set(err, VCP_EUNSUPPORTED,
                       "imported memories, globals and tables cannot be "
                       "proven");
    p->globals = calloc(m->n_globals + 1u, sizeof *p->globals);
    if (!p->globals)
        return no_memory(err);
    for (uint32_t i = 0; i < m->n_globals; i++)
        p->globals[i] = program_constant(p, &m->globals[i].init);
    if (m->n_memories) {
        p->pages = m->memories[0].type.size.min;
        p->pages_max = m->memories[0].type.size.max;
    }
    p->specials[CELL_DEPTH] = p->call_depth_max;
    p->specials[CELL_PAGES] = p->pages;
    p->specials[CELL_PAGES_MAX] = p->pages_max;
    rc = check_memory(p, s->memory_bytes_max, err);
    if (rc == VCP_OK)
        rc = tables_make(p, err);
    if (rc == VCP_OK)
        rc = make_segments(p, err);
    return rc == VCP_OK ? make_image(p, err) : rc;
}

static int make_world(struct program *p, const struct statement *s, const struct streams *streams,
                      struct err *err)
{
    int rc;

    if (!program_uses_world(p->code))
        return VCP_OK;
    if (!streams)
        return err_set(err, VCP_EINVAL, "the program reads and writes: its streams are needed");
    if ((rc = streams_check(streams, s, err)) < 0 ||
        (rc = world_init(&p->world, s, streams, p->code->module->n_memories > 0, err)) < 0)
        return rc;
    p->uses_world = true;
    for (uint32_t i = CELL_WORLD; i < SPECIAL_CELLS; i++)
        p->specials[i] = p->world.first[i];
    return VCP_OK;
}

int program_new(struct program **out, const struct code *code, const struct statement *s,
                const struct streams *streams, struct err *err)
{
    struct program *p = calloc(1, sizeof *p);
    int rc;

    if (!p)
        return no_memory(err);
    if (s->stack_slots_max > RUN_STACK_SLOTS_MAX || s->call_depth_max > RUN_CALL_DEPTH_MAX) {
        free(p);
        return err_set(err, VCP_EINVAL, "limits of stack and depth are out of range");
    }
    p->code = code;
    p->stack_slots_max = s->stack_slots_max;
    p->call_depth_max = s->call_depth_max;
    rc = runtime_open(&p->runtime, err);
    if (rc == VCP_OK)
        rc = part_init(&p->guest, code, false, err);
    if (rc == VCP_OK)
        rc = part_init(&p->routines, p->runtime->code, true, err);
    if (rc == VCP_OK)
        rc = find_imports(p, err);
    if (rc == VCP_OK)
        rc = make_cells(p, s, err);
    if (rc == VCP_OK)
        rc = make_world(p, s, streams, err);
    if (rc == VCP_OK)
        rc = make_entries(p, s, err);
    if (rc < 0) {
        program_free(p);
        return rc;
    }
    *out = p;
    return VCP_OK;
}

bool program_page_is_zero(const struct program *p, uint64_t at)
{
    static const uint8_t zeros[CELL_PAGE_BYTES];

    return memcmp(p->image + at, zeros, CELL_PAGE_BYTES) == 0;
}

struct regions {
    uint64_t (*out)[2];
    uint32_t n;
};

static void add_region(struct regions *r, uint64_t first, uint64_t end)
{
    if (first >= end)
        return;
    if (r->out)
        r->out[r->n][0] = first, r->out[r->n][1] = end;
    r->n++;
}

static void table_regions(struct regions *r, const struct program_table *t)
{
    uint64_t base = BUS_ADDRESS(SPACE_TABLE, ((uint64_t)t->number << TABLE_SHIFT) + 1), gap = base;

    for (uint32_t i = 0; i < t->n_entries; i += TABLE_PAGE) {
        if (tables_page_is_null(t, i))
            continue;
        add_region(r, gap, base + i);
        gap = base + i + TABLE_PAGE;
    }
    add_region(r, gap, base + t->size_max);
}

/* Zero cells: all of a run but those of pages that hold anything. */
uint32_t program_regions(const struct program *p, uint64_t (*out)[2])
{
    struct regions r = {out, 0};
    uint64_t base = BUS_ADDRESS(SPACE_LINEAR, 0), gap = base;

    add_region(&r, ZFP_START, program_frame_end(p));
    for (uint64_t at = 0; at < p->image_bytes; at += CELL_PAGE_BYTES) {
        if (program_page_is_zero(p, at))
            continue;
        add_region(&r, gap, base + at / 4);
        gap = base + (at + CELL_PAGE_BYTES) / 4;
    }
    add_region(&r, gap, base + (uint64_t)p->pages * (PAGE_BYTES / 4));
    for (uint32_t i = 0; i < p->tables.n && p->tables.are_used; i++)
        table_regions(&r, &p->tables.all[i]);
    return r.n;
}

/* ---- cells that are the verifier's ------------------------------------------------------ */

static uint32_t word(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void image_cells(const struct program *p, program_cell_fn *f, void *arg)
{
    for (uint64_t at = 0; at < p->image_bytes; at += CELL_PAGE_BYTES)
        for (unsigned i = 0; i < CELL_PAGE_BYTES && !program_page_is_zero(p, at); i += 4)
            f(arg, BUS_ADDRESS(SPACE_LINEAR, (at + i) / 4), word(p->image + at + i));
}

static void table_cells(const struct program_table *t, program_cell_fn *f, void *arg)
{
    uint64_t base = BUS_ADDRESS(SPACE_TABLE, (uint64_t)t->number << TABLE_SHIFT);

    f(arg, base, t->size);
    for (uint32_t i = 0; i < t->n_entries && i < t->size_max; i++)
        if (!tables_page_is_null(t, i / TABLE_PAGE * TABLE_PAGE))
            f(arg, base + 1 + i, t->entries[i]);
}

void program_cells(const struct program *p, program_cell_fn *f, void *arg)
{
    image_cells(p, f, arg);
    for (uint32_t i = 0; i < p->code->module->n_globals; i++)
        f(arg, BUS_ADDRESS(SPACE_GLOBAL, i), p->globals[i]);
    for (uint32_t i = 0; i < p->tables.n && p->tables.are_used; i++)
        table_cells(&p->tables.all[i], f, arg);
    for (uint32_t i = 0; i < p->code->module->n_funcs; i++)
        if (p->tables.has_fact[i])
            f(arg, tables_fact_address(p, i), tables_fact(p, i));
    for (uint32_t i = 0; i < SPECIAL_CELLS; i++)
        if (program_has_special(p, i))
            f(arg, BUS_ADDRESS(SPACE_SPECIAL, i), p->specials[i]);
    for (uint32_t i = 0; i < p->n_segments; i++)
        f(arg, BUS_ADDRESS(SPACE_SPECIAL, CELL_DATA(i)), p->segments[i].bytes);
    for (unsigned t = 0; t < TAPES; t++)
        for (uint64_t i = 0; i < p->tapes[t].n; i++)
            f(arg, BUS_TAPE_ADDRESS(t, i), p->tapes[t].words[i]);
}

void program_free(struct program *p)
{
    if (!p)
        return;
    tables_release(p);
    free(p->entries);
    part_release(&p->guest);
    part_release(&p->routines);
    runtime_free(p->runtime);
    for (unsigned t = 0; t < TAPES; t++)
        free(p->tapes[t].words);
    free(p->segments);
    if (p->uses_world)
        world_release(&p->world);
    free(p->imports);
    free(p->globals);
    free(p->image);
    free(p);
}

/* ---- the verifier's terms ---------------------------------------------------------------- */

struct emitter {
    const struct terms_sink *sink;
    struct err *err;
    int rc;
};

static void put(struct emitter *x, const struct bus_tuple *t)
{
    if (x->rc >= 0)
        x->rc = x->sink->put(x->sink->arg, t, x->err);
}

static struct bus_tuple tuple(enum bus_kind kind, int sign)
{
    struct bus_tuple t = {.kind = (uint8_t)kind, .count = fr_one};

    if (sign < 0)
        fr_neg(&t.count, &t.count);
    return t;
}

static void state(struct emitter *x, int sign, uint64_t clock, uint32_t pc, uint64_t fp,
                  uint64_t acc)
{
    struct bus_tuple t = tuple(BUS_STATE, sign);

    fr_from_u64(&t.comps[0], clock);
    fr_from_u64(&t.values[0], pc);
    fr_from_u64(&t.values[1], fp);
    fr_from_u64(&t.values[2], acc);
    put(x, &t);
}

static void cell(void *arg, uint64_t address, uint64_t value)
{
    struct bus_tuple t = tuple(BUS_MEM, 1);

    fr_from_u64(&t.comps[1], address);
    fr_from_u64(&t.values[0], value);
    put(arg, &t);
}

/* Zero cells of [first, end): a path of strictly rising addresses between two tokens. */
static void region(struct emitter *x, uint64_t first, uint64_t end)
{
    struct bus_tuple t = tuple(BUS_SORT, 1);

    fr_from_u64(&t.comps[0], first - 1);
    put(x, &t);
    t = tuple(BUS_SORT, -1);
    fr_from_u64(&t.comps[0], end);
    fr_from_u64(&t.values[0], (uint64_t)1 << REGION_END_SHIFT);
    put(x, &t);
}

static int region_cells(struct emitter *x, const struct program *p)
{
    uint32_t n = program_regions(p, NULL);
    uint64_t(*regions)[2] = calloc(n, sizeof *regions);

    if (!regions)
        return no_memory(x->err);
    program_regions(p, regions);
    for (uint32_t i = 0; i < n; i++)
        region(x, regions[i][0], regions[i][1]);
    free(regions);
    return VCP_OK;
}

static void code_list(struct emitter *x, const struct program *p)
{
    for (uint32_t pc = 0; pc < p->n_entries; pc++) {
        const struct program_entry *e = &p->entries[pc];
        const uint64_t fields[CODE_FIELDS] = {pc, e->op, e->a, e->b, e->rel, e->imm, e->top};
        struct bus_tuple t = tuple(BUS_LIST, 1);

        for (unsigned i = 0; i < CODE_FIELDS; i++)
            fr_from_u64(&t.comps[i], fields[i]);
        fr_from_u64(&t.values[0], e->gas);
        put(x, &t);
    }
}

static void gas(struct emitter *x, uint64_t used)
{
    struct bus_tuple t = tuple(BUS_GAS, -1);

    fr_from_u64(&t.values[0], used);
    put(x, &t);
}

/* Weights of source instructions before an entry's effect, for a run out of gas: *fits is
 * the largest sum within budget, the return value the sum of all. */
static uint64_t weigh_group(const struct program *p, uint32_t pc, uint64_t budget, uint64_t *fits)
{
    const struct program_entry *e = &p->entries[pc];
    const struct module *m = p->code->module;
    const struct insn_info *info = &p->code->infos[e->insn];
    struct cursor cur = func_code(m, &m->funcs[code_function_at(p->code, e->insn)]);
    uint64_t sum = 0, whole = 0, from;
    struct instr in;

    while (cursor_left(&cur) && instr_read(&in, &cur, m, NULL) == VCP_OK &&
           in.offset <= info->offset)
        whole += opcode_info[in.op].gas;
    from = e->is_after ? whole : whole - e->gas;
    cur = func_code(m, &m->funcs[code_function_at(p->code, e->insn)]);
    *fits = 0;
    while (cursor_left(&cur) && instr_read(&in, &cur, m, NULL) == VCP_OK) {
        sum += opcode_info[in.op].gas;
        if (sum > from && sum - from <= e->gas && sum - from <= budget)
            *fits = sum - from;
    }
    return e->gas;
}

static int refuse(struct err *err, const char *what)
{
    return err_set(err, VCP_EVERIFY, "the statement cannot be: %s", what);
}

/* Out of gas by a dynamic part that does not fit; the instruction's own weight, among that of
 * the rows, was then not used either (docs/gas.md). */
static int check_charge(const struct program *p, const struct statement *s,
                        const struct statement_lists *l, struct err *err)
{
    uint64_t back = p->entries[l->pc_end].imm;

    if (l->gas_rows > s->gas_max || l->charge <= s->gas_max - l->gas_rows)
        return refuse(err, "it did not run out of gas there");
    return l->gas_rows >= back && s->gas_used == l->gas_rows - back
               ? VCP_OK
               : refuse(err, "it used another amount of gas");
}

/* The weights of all rows are the gas used; out of gas, the rest of it are the first source
 * instructions of the next entry, as many as fit, and not all do. */
static int check_gas(const struct program *p, const struct statement *s,
                     const struct statement_lists *l, struct err *err)
{
    uint64_t fits;

    if (s->gas_used > s->gas_max)
        return refuse(err, "more gas was used than allowed");
    if (s->status != RUN_OUT_OF_GAS)
        return s->gas_used == l->gas_rows ? VCP_OK : refuse(err, "its gas is not that of its rows");
    if (p->entries[l->pc_end].op == ZOP_ONE(ZONE_CHARGE))
        return check_charge(p, s, l, err);
    if (p->entries[l->pc_end].insn == UINT32_MAX)
        return refuse(err, "it ran out of gas where nothing costs any");
    if (l->gas_rows > s->gas_max ||
        weigh_group(p, l->pc_end, s->gas_max - l->gas_rows, &fits) <= s->gas_max - l->gas_rows)
        return refuse(err, "it did not run out of gas there");
    return l->gas_rows + fits == s->gas_used ? VCP_OK
                                             : refuse(err, "it used another amount of gas");
}

static bool ends_by_charge(const struct program *p, const struct statement *s,
                           const struct statement_lists *l)
{
    return s->status == RUN_OUT_OF_GAS && p->entries[l->pc_end].op == ZOP_ONE(ZONE_CHARGE);
}

static int check(const struct program *p, const struct statement *s,
                 const struct statement_lists *l, struct err *err)
{
    uint8_t digest[32];

    sha3_256(digest, p->code->module->bytes, p->code->module->n_bytes);
    if (memcmp(digest, s->module, 32) != 0)
        return refuse(err, "it is of another module");
    if (l->clock_end <= PROGRAM_CLOCK_START || l->clock_end > STATEMENT_CLOCK_MAX)
        return refuse(err, "its clock is out of range");
    if (!p->uses_world && s->status == RUN_EXIT)
        return refuse(err, "this program cannot exit");
    if (!p->uses_world && (s->output.bytes || s->error_output.bytes))
        return refuse(err, "this program writes nothing");
    if (s->status > RUN_OUT_OF_GAS)
        return refuse(err, "no proof ends that way");
    if (s->status != RUN_OK && s->status != RUN_EXIT && l->pc_end >= p->n_entries)
        return refuse(err, "it ended outside the program");
    if (l->charge && !ends_by_charge(p, s, l))
        return refuse(err, "a charge that nothing asked for");
    return VCP_OK;
}

static uint32_t last_pc(const struct program *p, const struct statement *s,
                        const struct statement_lists *l)
{
    switch (s->status) {
    case RUN_OK: return ZPC_HALT;
    case RUN_EXIT: return ZPC_EXIT;
    case RUN_TRAP: return ZPC_TRAP(s->trap);
    default: return ends_by_charge(p, s, l) ? ZPC_OVER : ZPC_STOP;
    }
}

static void ends(struct emitter *x, const struct program *p, const struct statement *s,
                 const struct statement_lists *l)
{
    uint64_t fp = (uint64_t)l->pc_end + ZTRAP_FP_BIAS;

    if (s->status == RUN_OK)
        fp = 0;
    if (s->status == RUN_EXIT)
        fp = (uint32_t)s->exit_code;
    state(x, 1, PROGRAM_CLOCK_START, 0, ZFP_START, 0);
    state(x, -1, l->clock_end, last_pc(p, s, l), fp, l->charge);
}

static int emit(void *arg, const struct statement *s, const struct statement_lists *l,
                const struct terms_sink *sink, struct err *err)
{
    struct program *p = arg;
    struct emitter x = {sink, err, VCP_OK};
    int rc = check(p, s, l, err);

    if (rc == VCP_OK)
        rc = check_gas(p, s, l, err);
    if (rc < 0)
        return rc;
    ends(&x, p, s, l);
    gas(&x, l->gas_rows);
    code_list(&x, p);
    rc = region_cells(&x, p);
    if (rc < 0)
        return rc;
    program_cells(p, cell, &x);
    if (x.rc >= 0 && p->uses_world)
        x.rc = world_emit(&p->world, l, sink, err);
    return x.rc < 0 ? x.rc : VCP_OK;
}

struct terms_source program_terms(struct program *p)
{
    return (struct terms_source){emit, p};
}
