/* plain_interp.c - the oracle's execution: read an instruction, pay for it, do it.
 *
 * Order at every instruction: the static weight must fit, else the run is out of gas
 * before any effect; then bounds of bulk instructions; then their dynamic gas, which
 * must fit together with the weight; then the effect.  A trap keeps the weight. */
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "wasm/code.h"
#include "wasm/instr.h"

#define PAGE_BYTES 65536u

/* What a step tells the loop. */
enum step { STEP_NEXT, STEP_TRAP, STEP_OUT_OF_GAS };

struct machine {
    struct plain_store *s;
    struct plain_frame *frame;
    struct plain_instance *inst;
    const struct module *m;
    struct instr in;
    enum trap trap;
    uint64_t weight; /* static gas of this instruction, already charged */
};

static void *reserve(void *p, uint32_t *cap, uint32_t need, size_t size)
{
    if (need <= *cap)
        return p;
    while (*cap < need)
        *cap = *cap ? *cap * 2 : 64;
    p = realloc(p, *cap * size);
    if (!p)
        abort();
    return p;
}

static void push(struct machine *x, uint64_t v)
{
    struct plain_store *s = x->s;

    s->vals = reserve(s->vals, &s->vals_cap, s->n_vals + 1, sizeof *s->vals);
    s->vals[s->n_vals++] = v;
}

static uint64_t pop(struct machine *x)
{
    return x->s->vals[--x->s->n_vals];
}

static uint32_t pop32(struct machine *x)
{
    return (uint32_t)pop(x);
}

static enum step fault(struct machine *x, enum trap trap)
{
    x->trap = trap;
    return STEP_TRAP;
}

/* More gas for the same instruction; when it does not fit the weight is not due either. */
static bool charge_more(struct machine *x, uint64_t gas)
{
    struct plain_store *s = x->s;

    if (gas > s->gas_max - s->gas_used) {
        s->gas_used -= x->weight;
        return false;
    }
    s->gas_used += gas;
    return true;
}

/* --- control --- */

static uint32_t *offsets_new(struct plain_store *s, const struct function *f)
{
    uint32_t *p = arena_array(&s->arena, f->code_end - f->code, sizeof *p);

    if (!p)
        abort();
    return p;
}

/* Where each block ends, found by reading the body once. */
static void match_blocks(struct plain_store *s, struct plain_func *f)
{
    const struct module *m = f->inst->m;
    struct cursor c = func_code(m, f->f);
    uint32_t *open = offsets_new(s, f->f), depth = 0, base = f->f->code;
    struct instr in;

    f->end_at = offsets_new(s, f->f);
    f->else_at = offsets_new(s, f->f);
    while (instr_read(&in, &c, m, NULL) == VCP_OK) {
        if (in.op == OP_BLOCK || in.op == OP_LOOP || in.op == OP_IF)
            open[depth++] = in.offset;
        else if (in.op == OP_ELSE)
            f->else_at[open[depth - 1] - base] = in.offset;
        else if (in.op == OP_END && depth)
            f->end_at[open[--depth] - base] = in.offset;
    }
}

static void push_label(struct machine *x, uint32_t target, uint32_t height, uint32_t arity,
                       bool is_loop)
{
    struct plain_store *s = x->s;

    s->labels = reserve(s->labels, &s->labels_cap, s->n_labels + 1, sizeof *s->labels);
    s->labels[s->n_labels++] = (struct plain_label){target, height, arity, is_loop};
}

/* The top n values move down to height. */
static void keep_values(struct plain_store *s, uint32_t height, uint32_t n)
{
    if (n == 0 || s->n_vals - n == height) {
        s->n_vals = height + n;
        return;
    }
    memmove(s->vals + height, s->vals + s->n_vals - n, n * sizeof *s->vals);
    s->n_vals = height + n;
}

static void leave_function(struct machine *x)
{
    struct plain_store *s = x->s;

    keep_values(s, x->frame->locals, x->frame->f->type->n_results);
    s->n_labels = x->frame->labels;
    s->n_frames--;
}

static void branch(struct machine *x, uint32_t depth)
{
    struct plain_store *s = x->s;
    uint32_t at = s->n_labels - 1 - depth;
    struct plain_label label = s->labels[at];

    if (at == x->frame->labels) {
        leave_function(x);
        return;
    }
    keep_values(s, label.height, label.arity);
    s->n_labels = label.is_loop ? at + 1 : at;
    x->frame->pc = label.target;
}

static struct func_type block_signature(const struct machine *x)
{
    if (x->in.block_kind == BLOCK_TYPE_INDEX)
        return x->m->types[x->in.a];
    return (struct func_type){.n_results = x->in.type != VAL_ANY};
}

static void enter_block(struct machine *x)
{
    struct func_type type = block_signature(x);
    uint32_t at = x->in.offset - x->frame->f->f->code;
    uint32_t end = x->frame->f->end_at[at], other = x->frame->f->else_at[at];

    if (x->in.op == OP_IF && pop32(x) == 0) {
        x->frame->pc = other ? other + 1 : end + 1;
        if (!other)
            return;
    }
    if (x->in.op == OP_LOOP)
        push_label(x, x->frame->pc, x->s->n_vals - type.n_params, type.n_params, true);
    else
        push_label(x, end + 1, x->s->n_vals - type.n_params, type.n_results, false);
}

/* `end` of a block, or `else` reached from above: values stay where they are. */
static void leave_block(struct machine *x)
{
    struct plain_store *s = x->s;

    if (s->n_labels - 1 == x->frame->labels) {
        leave_function(x);
        return;
    }
    s->n_labels--;
    if (x->in.op == OP_ELSE)
        x->frame->pc = s->labels[s->n_labels].target;
}

static void branch_table(struct machine *x)
{
    struct cursor labels = x->in.labels;
    uint32_t i = pop32(x), depth = 0;

    if (i > x->in.a)
        i = x->in.a;
    for (uint32_t k = 0; k <= i; k++)
        leb_u32(&labels, &depth);
    branch(x, depth);
}

/* --- calls --- */

static bool enter_function(struct plain_store *s, struct plain_func *f, uint32_t first_slot)
{
    struct machine x = {.s = s};

    if (s->n_frames >= s->limits.call_depth_max ||
        (uint64_t)first_slot + func_frame_slots(f->inst->m, f->f) > s->limits.stack_slots_max)
        return false;
    if (!f->end_at)
        match_blocks(s, f);
    s->frames = reserve(s->frames, &s->frames_cap, s->n_frames + 1, sizeof *s->frames);
    s->frames[s->n_frames++] = (struct plain_frame){.f = f,
                                                    .pc = f->f->code,
                                                    .locals = s->n_vals - f->type->n_params,
                                                    .labels = s->n_labels,
                                                    .first_slot = first_slot};
    for (uint32_t i = f->type->n_params; i < f->f->n_locals; i++)
        push(&x, 0);
    push_label(&x, f->f->code_end, s->n_vals, f->type->n_results, false);
    return true;
}

static void call_host(struct plain_store *s, struct plain_func *f)
{
    struct machine x = {.s = s};
    uint64_t args[256] = {0}, results[256] = {0};

    for (uint32_t i = f->type->n_params; i > 0; i--)
        args[i - 1] = pop(&x);
    f->host(f->user, args, results);
    for (uint32_t i = 0; i < f->type->n_results; i++)
        push(&x, results[i]);
}

static enum step call(struct machine *x, struct plain_func *f)
{
    const struct plain_frame *frame = x->frame;
    uint32_t n_locals = frame->f->f->n_locals;
    uint32_t height = x->s->n_vals - frame->locals - n_locals;

    if (!f->inst) {
        call_host(x->s, f);
        return STEP_NEXT;
    }
    if (!enter_function(x->s, f, frame->first_slot + n_locals + 2 + height - f->type->n_params))
        return fault(x, TRAP_CALL_STACK_EXHAUSTED);
    return STEP_NEXT;
}

static enum step call_indirect(struct machine *x)
{
    struct plain_table *t = x->inst->tables[x->in.b];
    uint32_t i = pop32(x);
    struct plain_func *f;

    if (i >= t->n)
        return fault(x, TRAP_UNDEFINED_ELEMENT);
    f = (struct plain_func *)(uintptr_t)t->refs[i];
    if (!f)
        return fault(x, TRAP_UNINITIALIZED_ELEMENT);
    if (!func_type_eq(f->type, &x->m->types[x->in.a]))
        return fault(x, TRAP_INDIRECT_CALL_MISMATCH);
    return call(x, f);
}

/* --- memory --- */

static uint64_t memory_bytes(const struct machine *x)
{
    return (uint64_t)x->inst->memories[0]->pages * PAGE_BYTES;
}

static uint64_t load_bytes(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static uint64_t extend_load(uint16_t op, uint64_t v)
{
    switch (op) {
    case OP_I32_LOAD8_S: return (uint32_t)(int8_t)v;
    case OP_I32_LOAD16_S: return (uint32_t)(int16_t)v;
    case OP_I64_LOAD8_S: return (uint64_t)(int8_t)v;
    case OP_I64_LOAD16_S: return (uint64_t)(int16_t)v;
    case OP_I64_LOAD32_S: return (uint64_t)(int32_t)v;
    default: return v;
    }
}

static enum step load(struct machine *x)
{
    unsigned n = 1u << opcode_info[x->in.op].align_log2;
    uint64_t at = (uint64_t)pop32(x) + x->in.b;

    if (at + n > memory_bytes(x))
        return fault(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    push(x, extend_load(x->in.op, load_bytes(x->inst->memories[0]->bytes + at, n)));
    return STEP_NEXT;
}

static enum step store(struct machine *x)
{
    unsigned n = 1u << opcode_info[x->in.op].align_log2;
    uint64_t v = pop(x), at = (uint64_t)pop32(x) + x->in.b;

    if (at + n > memory_bytes(x))
        return fault(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    for (unsigned i = 0; i < n; i++)
        x->inst->memories[0]->bytes[at + i] = (uint8_t)(v >> 8 * i);
    return STEP_NEXT;
}

static enum step memory_grow(struct machine *x)
{
    struct plain_memory *mem = x->inst->memories[0];
    uint32_t pages = pop32(x), before = mem->pages;

    if (!charge_more(x, 64 * (uint64_t)pages))
        return STEP_OUT_OF_GAS;
    push(x, plain_memory_grow(x->s, mem, pages) ? before : UINT32_MAX);
    return STEP_NEXT;
}

/* n, source (or byte), destination: popped in that order by all bulk instructions. */
static enum step memory_fill(struct machine *x)
{
    uint32_t n = pop32(x), byte = pop32(x), to = pop32(x);

    if ((uint64_t)to + n > memory_bytes(x))
        return fault(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    if (!charge_more(x, ((uint64_t)n + 15) / 16))
        return STEP_OUT_OF_GAS;
    if (n)
        memset(x->inst->memories[0]->bytes + to, (int)(byte & 0xff), n);
    return STEP_NEXT;
}

static enum step memory_copy(struct machine *x)
{
    uint32_t n = pop32(x), from = pop32(x), to = pop32(x);
    uint8_t *bytes = x->inst->memories[0]->bytes;

    if ((uint64_t)to + n > memory_bytes(x) || (uint64_t)from + n > memory_bytes(x))
        return fault(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    if (!charge_more(x, ((uint64_t)n + 15) / 16))
        return STEP_OUT_OF_GAS;
    if (n)
        memmove(bytes + to, bytes + from, n);
    return STEP_NEXT;
}

static enum step memory_init(struct machine *x)
{
    uint32_t n = pop32(x), from = pop32(x), to = pop32(x);
    const struct data_segment *seg = &x->m->datas[x->in.a];
    uint32_t have = x->inst->data_dropped[x->in.a] ? 0 : seg->n_bytes;

    if ((uint64_t)to + n > memory_bytes(x) || (uint64_t)from + n > have)
        return fault(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    if (!charge_more(x, ((uint64_t)n + 15) / 16))
        return STEP_OUT_OF_GAS;
    if (n)
        memcpy(x->inst->memories[0]->bytes + to, x->m->bytes + seg->bytes + from, n);
    return STEP_NEXT;
}

/* --- tables --- */

static enum step table_get(struct machine *x)
{
    struct plain_table *t = x->inst->tables[x->in.a];
    uint32_t i = pop32(x);

    if (i >= t->n)
        return fault(x, TRAP_TABLE_OUT_OF_BOUNDS);
    push(x, t->refs[i]);
    return STEP_NEXT;
}

static enum step table_set(struct machine *x)
{
    struct plain_table *t = x->inst->tables[x->in.a];
    uint64_t ref = pop(x);
    uint32_t i = pop32(x);

    if (i >= t->n)
        return fault(x, TRAP_TABLE_OUT_OF_BOUNDS);
    t->refs[i] = ref;
    return STEP_NEXT;
}

static enum step table_grow(struct machine *x)
{
    struct plain_table *t = x->inst->tables[x->in.a];
    uint32_t n = pop32(x), before = t->n;
    uint64_t ref = pop(x);

    if (!charge_more(x, n))
        return STEP_OUT_OF_GAS;
    push(x, plain_table_grow(x->s, t, n, ref) ? before : UINT32_MAX);
    return STEP_NEXT;
}

static enum step table_fill(struct machine *x)
{
    struct plain_table *t = x->inst->tables[x->in.a];
    uint32_t n = pop32(x);
    uint64_t ref = pop(x);
    uint32_t to = pop32(x);

    if ((uint64_t)to + n > t->n)
        return fault(x, TRAP_TABLE_OUT_OF_BOUNDS);
    if (!charge_more(x, n))
        return STEP_OUT_OF_GAS;
    for (uint32_t i = 0; i < n; i++)
        t->refs[to + i] = ref;
    return STEP_NEXT;
}

static enum step table_copy(struct machine *x)
{
    struct plain_table *to_table = x->inst->tables[x->in.a], *t = x->inst->tables[x->in.b];
    uint32_t n = pop32(x), from = pop32(x), to = pop32(x);

    if ((uint64_t)to + n > to_table->n || (uint64_t)from + n > t->n)
        return fault(x, TRAP_TABLE_OUT_OF_BOUNDS);
    if (!charge_more(x, n))
        return STEP_OUT_OF_GAS;
    memmove(to_table->refs + to, t->refs + from, n * sizeof *t->refs);
    return STEP_NEXT;
}

static uint64_t elem_value(const struct plain_instance *inst, const struct elem_item *item)
{
    if (item->kind == CONST_REF_FUNC)
        return (uint64_t)(uintptr_t)inst->funcs[item->index];
    return item->kind == CONST_GLOBAL ? inst->globals[item->index]->bits : 0;
}

static enum step table_init(struct machine *x)
{
    struct plain_table *t = x->inst->tables[x->in.b];
    const struct elem_segment *seg = &x->m->elems[x->in.a];
    uint32_t n = pop32(x), from = pop32(x), to = pop32(x);
    uint32_t have = x->inst->elem_dropped[x->in.a] ? 0 : seg->n_items;

    if ((uint64_t)to + n > t->n || (uint64_t)from + n > have)
        return fault(x, TRAP_TABLE_OUT_OF_BOUNDS);
    if (!charge_more(x, n))
        return STEP_OUT_OF_GAS;
    for (uint32_t i = 0; i < n; i++)
        t->refs[to + i] = elem_value(x->inst, &seg->items[from + i]);
    return STEP_NEXT;
}

/* --- the rest --- */

static enum step numeric(struct machine *x)
{
    bool is_binary = opcode_info[x->in.op].signature[1] != ':';
    uint64_t b = is_binary ? pop(x) : 0, a = pop(x), out = 0;
    enum trap trap = plain_numeric(x->in.op, a, b, &out);

    if (trap)
        return fault(x, trap);
    push(x, out);
    return STEP_NEXT;
}

static void select_value(struct machine *x)
{
    uint32_t first = pop32(x);
    uint64_t b = pop(x), a = pop(x);

    push(x, first ? a : b);
}

static enum step do_control(struct machine *x)
{
    switch (x->in.op) {
    case OP_UNREACHABLE: return fault(x, TRAP_UNREACHABLE);
    case OP_NOP: break;
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF: enter_block(x); break;
    case OP_ELSE:
    case OP_END: leave_block(x); break;
    case OP_BR: branch(x, x->in.a); break;
    case OP_BR_IF:
        if (pop32(x))
            branch(x, x->in.a);
        break;
    case OP_BR_TABLE: branch_table(x); break;
    case OP_RETURN: leave_function(x); break;
    case OP_CALL: return call(x, x->inst->funcs[x->in.a]);
    default: return call_indirect(x);
    }
    return STEP_NEXT;
}

static enum step do_other(struct machine *x)
{
    uint64_t *locals = x->frame->f->f->n_locals ? x->s->vals + x->frame->locals : NULL;

    switch (x->in.op) {
    case OP_DROP: pop(x); break;
    case OP_SELECT:
    case OP_SELECT_T: select_value(x); break;
    case OP_LOCAL_GET: push(x, locals[x->in.a]); break;
    case OP_LOCAL_SET: locals[x->in.a] = pop(x); break;
    case OP_LOCAL_TEE: locals[x->in.a] = x->s->vals[x->s->n_vals - 1]; break;
    case OP_GLOBAL_GET: push(x, x->inst->globals[x->in.a]->bits); break;
    case OP_GLOBAL_SET: x->inst->globals[x->in.a]->bits = pop(x); break;
    case OP_TABLE_GET: return table_get(x);
    case OP_TABLE_SET: return table_set(x);
    case OP_TABLE_SIZE: push(x, x->inst->tables[x->in.a]->n); break;
    case OP_TABLE_GROW: return table_grow(x);
    case OP_TABLE_FILL: return table_fill(x);
    case OP_TABLE_COPY: return table_copy(x);
    case OP_TABLE_INIT: return table_init(x);
    case OP_ELEM_DROP: x->inst->elem_dropped[x->in.a] = true; break;
    case OP_DATA_DROP: x->inst->data_dropped[x->in.a] = true; break;
    case OP_MEMORY_SIZE: push(x, x->inst->memories[0]->pages); break;
    case OP_MEMORY_GROW: return memory_grow(x);
    case OP_MEMORY_FILL: return memory_fill(x);
    case OP_MEMORY_COPY: return memory_copy(x);
    case OP_MEMORY_INIT: return memory_init(x);
    case OP_REF_NULL: push(x, 0); break;
    case OP_REF_IS_NULL: push(x, pop(x) == 0); break;
    case OP_REF_FUNC: push(x, (uint64_t)(uintptr_t)x->inst->funcs[x->in.a]); break;
    case OP_I32_CONST:
    case OP_I64_CONST:
    case OP_F32_CONST:
    case OP_F64_CONST: push(x, x->in.bits); break;
    default: return numeric(x);
    }
    return STEP_NEXT;
}

static enum step do_instr(struct machine *x)
{
    if (x->in.op <= OP_CALL_INDIRECT)
        return do_control(x);
    if (opcode_info[x->in.op].imm == IMM_MEMARG)
        return x->in.op >= OP_I32_STORE ? store(x) : load(x);
    return do_other(x);
}

static enum step step(struct machine *x)
{
    struct plain_store *s = x->s;
    struct cursor c;

    x->frame = &s->frames[s->n_frames - 1];
    x->inst = x->frame->f->inst;
    x->m = x->inst->m;
    c = (struct cursor){x->m->bytes + x->frame->pc, x->m->bytes + x->frame->f->f->code_end};
    if (instr_read(&x->in, &c, x->m, NULL) < 0)
        abort(); /* the validator let something through */
    x->weight = opcode_info[x->in.op].gas;
    if (x->weight > s->gas_max - s->gas_used)
        return STEP_OUT_OF_GAS;
    s->gas_used += x->weight;
    x->frame->pc = (uint32_t)(c.p - x->m->bytes);
    return do_instr(x);
}

static struct plain_outcome run(struct plain_store *s)
{
    struct machine x = {.s = s};
    enum step next = STEP_NEXT;

    while (s->n_frames && next == STEP_NEXT)
        next = step(&x);
    if (next == STEP_TRAP)
        return (struct plain_outcome){RUN_TRAP, x.trap};
    return (struct plain_outcome){next == STEP_OUT_OF_GAS ? RUN_OUT_OF_GAS : RUN_OK, TRAP_NONE};
}

struct plain_outcome plain_call(struct plain_store *s, struct plain_func *f, const uint64_t *args,
                                uint64_t *results)
{
    struct plain_outcome out = {RUN_OK, TRAP_NONE};
    struct machine x = {.s = s};

    s->n_vals = s->n_frames = s->n_labels = 0;
    for (uint32_t i = 0; i < f->type->n_params; i++)
        push(&x, args[i]);
    if (!f->inst)
        call_host(s, f);
    else if (!enter_function(s, f, 0))
        out = (struct plain_outcome){RUN_TRAP, TRAP_CALL_STACK_EXHAUSTED};
    else
        out = run(s);
    if (out.status == RUN_OK && f->type->n_results)
        memcpy(results, s->vals, f->type->n_results * sizeof *results);
    return out;
}
