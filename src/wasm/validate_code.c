#include "wasm/validate_code.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_FIRST 64u

__attribute__((format(printf, 3, 4))) static int fail(struct code_validator *v, int code,
                                                      const char *fmt, ...)
{
    char text[256], name[NAME_TEXT_BYTES];
    bool named = v->f->name.len;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(v->err, code, "function %u%s%s%s, offset 0x%x, %s: %s", v->func,
                   named ? " (" : "", name_text(name, &v->f->name), named ? ")" : "", v->in.offset,
                   opcode_info[v->in.op].text, text);
}

/* --- the two stacks --- */

static struct control *top_frame(struct code_validator *v)
{
    return &v->frames[v->depth - 1];
}

static int push_types(struct code_validator *v, const uint8_t *types, uint32_t n)
{
    if (n > v->m->limits.operands_max - v->height)
        return fail(v, VCP_ELIMIT, "more than %u operands on the stack", v->m->limits.operands_max);
    if (n)
        memcpy(v->operands + v->height, types, n);
    v->height += n;
    if (v->height > v->f->height_max)
        v->f->height_max = v->height;
    return VCP_OK;
}

static int push(struct code_validator *v, uint8_t type)
{
    if (v->height >= v->f->height_max)
        return push_types(v, &type, 1);
    v->operands[v->height++] = type; /* it has been this high before */
    return VCP_OK;
}

/* Takes one operand of type `want` (VAL_ANY: of any type) and says what it was. */
static int pop(struct code_validator *v, uint8_t want, uint8_t *found)
{
    const struct control *frame = top_frame(v);
    uint8_t t;

    if (v->height == frame->height) {
        if (!frame->is_unreachable)
            return fail(v, VCP_EINVAL, "type mismatch: expected %s, found an empty stack",
                        val_type_name(want));
        *found = VAL_ANY;
        return VCP_OK;
    }
    t = v->operands[v->height - 1];
    if (t != want && t != VAL_ANY && want != VAL_ANY)
        return fail(v, VCP_EINVAL, "type mismatch: expected %s, found %s", val_type_name(want),
                    val_type_name(t));
    v->height--;
    *found = t;
    return VCP_OK;
}

static int pop_type(struct code_validator *v, uint8_t want)
{
    uint8_t found;

    return pop(v, want, &found);
}

/* Pops types[n - 1] first.  An unreachable frame's floor supplies all that is left at once. */
static int pop_types(struct code_validator *v, const uint8_t *types, uint32_t n)
{
    const struct control *frame = top_frame(v);
    int rc = VCP_OK;

    if (!n)
        return VCP_OK;
    if (v->height - frame->height >= n && memcmp(v->operands + v->height - n, types, n) == 0) {
        v->height -= n;
        return VCP_OK;
    }
    while (n && rc == VCP_OK) {
        if (v->height == frame->height && frame->is_unreachable)
            return VCP_OK;
        rc = pop_type(v, types[--n]);
    }
    return rc;
}

static int frames_reserve(struct code_validator *v)
{
    uint32_t cap = v->frames_cap ? v->frames_cap * 2 : FRAMES_FIRST;
    struct control *p;

    if (v->depth < v->frames_cap)
        return VCP_OK;
    p = realloc(v->frames, cap * sizeof *p);
    if (!p)
        return fail(v, VCP_ENOMEM, "no memory for %u nested blocks", cap);
    v->frames = p;
    v->frames_cap = cap;
    return VCP_OK;
}

static int push_frame(struct code_validator *v, uint16_t op, const struct func_type *type)
{
    int rc;

    if (v->depth >= v->m->limits.nesting_max)
        return fail(v, VCP_ELIMIT, "blocks nested deeper than %u", v->m->limits.nesting_max);
    rc = frames_reserve(v);
    if (rc < 0)
        return rc;
    v->frames[v->depth++] = (struct control){.start = type->params,
                                             .n_start = type->n_params,
                                             .end = type->results,
                                             .n_end = type->n_results,
                                             .height = v->height,
                                             .op = op};
    if (v->depth > v->f->depth_max)
        v->f->depth_max = v->depth;
    return push_types(v, type->params, type->n_params);
}

/* Leaves the results off the stack; *out is the frame that ended. */
static int pop_frame(struct code_validator *v, struct control *out)
{
    struct control *frame = top_frame(v);
    int rc = pop_types(v, frame->end, frame->n_end);

    if (rc < 0)
        return rc;
    if (v->height != frame->height)
        return fail(v, VCP_EINVAL, "type mismatch: %u values left over at the end of the block",
                    v->height - frame->height);
    *out = *frame;
    v->depth--;
    return VCP_OK;
}

static void set_unreachable(struct code_validator *v)
{
    struct control *frame = top_frame(v);

    v->height = frame->height;
    frame->is_unreachable = true;
}

/* The types a branch to that depth carries. */
static int find_label(struct code_validator *v, uint32_t depth, const uint8_t **types, uint32_t *n)
{
    const struct control *frame;

    if (depth >= v->depth)
        return fail(v, VCP_EINVAL, "unknown label %u, %u are in scope", depth, v->depth);
    frame = &v->frames[v->depth - 1 - depth];
    *types = frame->op == OP_LOOP ? frame->start : frame->end;
    *n = frame->op == OP_LOOP ? frame->n_start : frame->n_end;
    return VCP_OK;
}

/* --- immediates --- */

static int need_index(struct code_validator *v, uint32_t index, uint32_t n, const char *what)
{
    if (index >= n)
        return fail(v, VCP_EINVAL, "unknown %s %u, the module has %u", what, index, n);
    return VCP_OK;
}

static int need_memory(struct code_validator *v)
{
    return need_index(v, 0, v->m->n_memories, "memory");
}

static int need_data(struct code_validator *v)
{
    if (!v->m->has_data_count && v->m->n_datas)
        return fail(v, VCP_EFORMAT, "data count section required");
    return need_index(v, v->in.a, v->m->data_count, "data segment");
}

static int block_type(struct code_validator *v, struct func_type *out)
{
    int rc;

    if (v->in.block_kind == BLOCK_TYPE_VALUE) {
        *out = (struct func_type){.results = &v->in.type, .n_results = v->in.type != VAL_ANY};
        /* The byte in v->in does not outlive the instruction; the one in the binary does. */
        if (out->n_results)
            out->results = v->m->bytes + v->in.offset + 1;
        return VCP_OK;
    }
    rc = need_index(v, v->in.a, v->m->n_types, "type");
    if (rc == VCP_OK)
        *out = v->m->types[v->in.a];
    return rc;
}

/* --- control instructions --- */

static int check_block(struct code_validator *v)
{
    struct func_type type;
    int rc = block_type(v, &type);

    v->f->n_blocks++;
    if (rc == VCP_OK && v->in.op == OP_IF)
        rc = pop_type(v, VAL_I32);
    if (rc == VCP_OK)
        rc = pop_types(v, type.params, type.n_params);
    return rc < 0 ? rc : push_frame(v, v->in.op, &type);
}

static int check_else(struct code_validator *v)
{
    struct control frame;
    int rc;

    if (top_frame(v)->op != OP_IF)
        return fail(v, VCP_EFORMAT, "else without if");
    rc = pop_frame(v, &frame);
    if (rc < 0)
        return rc;
    return push_frame(v, OP_ELSE,
                      &(struct func_type){frame.start, frame.end, frame.n_start, frame.n_end});
}

static int check_end(struct code_validator *v)
{
    struct control frame;
    int rc = pop_frame(v, &frame);

    if (rc < 0)
        return rc;
    if (frame.op == OP_IF && (frame.n_start != frame.n_end ||
                              (frame.n_end && memcmp(frame.start, frame.end, frame.n_end) != 0)))
        return fail(v, VCP_EINVAL, "type mismatch: if without else must give what it takes");
    return v->depth ? push_types(v, frame.end, frame.n_end) : VCP_OK;
}

static int check_br(struct code_validator *v)
{
    const uint8_t *types;
    uint32_t n;
    int rc = find_label(v, v->in.a, &types, &n);

    if (rc == VCP_OK)
        rc = pop_types(v, types, n);
    if (rc == VCP_OK)
        set_unreachable(v);
    return rc;
}

static int check_br_if(struct code_validator *v)
{
    const uint8_t *types;
    uint32_t n;
    int rc = pop_type(v, VAL_I32);

    if (rc == VCP_OK)
        rc = find_label(v, v->in.a, &types, &n);
    if (rc == VCP_OK)
        rc = pop_types(v, types, n);
    return rc < 0 ? rc : push_types(v, types, n);
}

/* Every label must accept the operands; they stay where they are. */
static int check_br_table_label(struct code_validator *v, uint32_t depth, uint32_t arity)
{
    const uint8_t *types;
    uint32_t n, height = v->height;
    int rc = find_label(v, depth, &types, &n);

    if (rc < 0)
        return rc;
    if (n != arity)
        return fail(v, VCP_EINVAL, "type mismatch: label %u takes %u values, the default %u", depth,
                    n, arity);
    rc = pop_types(v, types, n);
    v->height = height;
    return rc;
}

static int check_br_table(struct code_validator *v)
{
    struct cursor labels = v->in.labels, last = v->in.labels;
    const uint8_t *types;
    uint32_t depth = 0, arity;
    int rc;

    if (v->in.a > v->m->limits.br_table_max)
        return fail(v, VCP_ELIMIT, "%u entries, the limit is %u", v->in.a,
                    v->m->limits.br_table_max);
    v->f->n_br_targets += v->in.a + 1;
    rc = pop_type(v, VAL_I32);
    if (rc < 0)
        return rc;
    while (last.p < last.end)
        leb_u32(&last, &depth);
    rc = find_label(v, depth, &types, &arity);
    while (rc == VCP_OK && labels.p < labels.end) {
        leb_u32(&labels, &depth);
        rc = check_br_table_label(v, depth, arity);
    }
    if (rc == VCP_OK)
        set_unreachable(v);
    return rc;
}

static int check_return(struct code_validator *v)
{
    int rc = pop_types(v, v->frames[0].end, v->frames[0].n_end);

    if (rc == VCP_OK)
        set_unreachable(v);
    return rc;
}

static int apply_type(struct code_validator *v, const struct func_type *type)
{
    int rc = pop_types(v, type->params, type->n_params);

    return rc < 0 ? rc : push_types(v, type->results, type->n_results);
}

static int check_call(struct code_validator *v)
{
    int rc = need_index(v, v->in.a, v->m->n_funcs, "function");

    return rc < 0 ? rc : apply_type(v, module_func_type(v->m, v->in.a));
}

static int check_call_indirect(struct code_validator *v)
{
    int rc = need_index(v, v->in.b, v->m->n_tables, "table");

    if (rc == VCP_OK && v->m->tables[v->in.b].type.elem != VAL_FUNCREF)
        rc = fail(v, VCP_EINVAL, "type mismatch: table %u holds externref, expected funcref",
                  v->in.b);
    if (rc == VCP_OK)
        rc = need_index(v, v->in.a, v->m->n_types, "type");
    if (rc == VCP_OK)
        rc = pop_type(v, VAL_I32);
    return rc < 0 ? rc : apply_type(v, &v->m->types[v->in.a]);
}

/* --- parametric, variable, reference instructions --- */

static int check_select(struct code_validator *v)
{
    uint8_t a, b;
    int rc = pop_type(v, VAL_I32);

    if (rc == VCP_OK)
        rc = pop(v, VAL_ANY, &b);
    if (rc == VCP_OK)
        rc = pop(v, VAL_ANY, &a);
    if (rc < 0)
        return rc;
    if (val_type_is_ref(a) || val_type_is_ref(b))
        return fail(v, VCP_EINVAL, "type mismatch: expected numbers, found %s and %s",
                    val_type_name(a), val_type_name(b));
    if (a != b && a != VAL_ANY && b != VAL_ANY)
        return fail(v, VCP_EINVAL, "type mismatch: operands are %s and %s", val_type_name(a),
                    val_type_name(b));
    return push(v, a == VAL_ANY ? b : a);
}

static int check_select_typed(struct code_validator *v)
{
    uint8_t type = v->in.type;
    int rc;

    if (v->in.a != 1)
        return fail(v, VCP_EINVAL, "invalid result arity %u, expected 1", v->in.a);
    rc = pop_types(v, (const uint8_t[]){type, type, VAL_I32}, 3);
    return rc < 0 ? rc : push(v, type);
}

static int check_local(struct code_validator *v)
{
    uint8_t type;
    int rc = need_index(v, v->in.a, v->f->n_locals, "local");

    if (rc < 0)
        return rc;
    type = v->in.a < LOCAL_CACHE ? v->locals[v->in.a] : func_local_type(v->m, v->f, v->in.a);
    if (v->in.op != OP_LOCAL_GET)
        rc = pop_type(v, type);
    if (rc == VCP_OK && v->in.op != OP_LOCAL_SET)
        rc = push(v, type);
    return rc;
}

static int check_global(struct code_validator *v)
{
    const struct global_type *g;
    int rc = need_index(v, v->in.a, v->m->n_globals, "global");

    if (rc < 0)
        return rc;
    g = &v->m->globals[v->in.a].type;
    if (v->in.op == OP_GLOBAL_GET)
        return push(v, g->type);
    if (!g->is_mutable)
        return fail(v, VCP_EINVAL, "global %u is immutable", v->in.a);
    return pop_type(v, g->type);
}

static int check_ref_is_null(struct code_validator *v)
{
    uint8_t t;
    int rc = pop(v, VAL_ANY, &t);

    if (rc == VCP_OK && t != VAL_ANY && !val_type_is_ref(t))
        rc = fail(v, VCP_EINVAL, "type mismatch: expected a reference, found %s", val_type_name(t));
    return rc < 0 ? rc : push(v, VAL_I32);
}

static int check_ref_func(struct code_validator *v)
{
    int rc = need_index(v, v->in.a, v->m->n_funcs, "function");

    if (rc == VCP_OK && !v->m->funcs[v->in.a].is_declared_ref)
        rc = fail(v, VCP_EINVAL, "undeclared function reference %u", v->in.a);
    return rc < 0 ? rc : push(v, VAL_FUNCREF);
}

/* --- tables, memory --- */

static int check_table(struct code_validator *v)
{
    uint8_t elem;
    int rc = need_index(v, v->in.a, v->m->n_tables, "table");

    if (rc < 0)
        return rc;
    elem = v->m->tables[v->in.a].type.elem;
    switch (v->in.op) {
    case OP_TABLE_GET: rc = pop_type(v, VAL_I32); return rc < 0 ? rc : push(v, elem);
    case OP_TABLE_SET: return pop_types(v, (const uint8_t[]){VAL_I32, elem}, 2);
    case OP_TABLE_GROW:
        rc = pop_types(v, (const uint8_t[]){elem, VAL_I32}, 2);
        return rc < 0 ? rc : push(v, VAL_I32);
    case OP_TABLE_FILL: return pop_types(v, (const uint8_t[]){VAL_I32, elem, VAL_I32}, 3);
    default: return push(v, VAL_I32); /* table.size */
    }
}

static int check_table_copy(struct code_validator *v)
{
    int rc = need_index(v, v->in.a, v->m->n_tables, "table");

    if (rc == VCP_OK)
        rc = need_index(v, v->in.b, v->m->n_tables, "table");
    if (rc == VCP_OK && v->m->tables[v->in.a].type.elem != v->m->tables[v->in.b].type.elem)
        rc = fail(v, VCP_EINVAL, "type mismatch: tables %u and %u hold different references",
                  v->in.a, v->in.b);
    return rc;
}

static int check_table_init(struct code_validator *v)
{
    int rc = need_index(v, v->in.b, v->m->n_tables, "table");

    if (rc == VCP_OK)
        rc = need_index(v, v->in.a, v->m->n_elems, "elem segment");
    if (rc == VCP_OK && v->m->elems[v->in.a].type != v->m->tables[v->in.b].type.elem)
        rc = fail(v, VCP_EINVAL, "type mismatch: segment %u and table %u hold different references",
                  v->in.a, v->in.b);
    return rc;
}

static int check_memarg(struct code_validator *v)
{
    unsigned natural = opcode_info[v->in.op].align_log2;

    if (v->in.a > natural)
        return fail(v, VCP_EINVAL, "alignment 2^%u must not be larger than natural, 2^%u", v->in.a,
                    natural);
    return need_memory(v);
}

/* What must exist for the instructions whose types the table gives. */
static int check_immediates(struct code_validator *v)
{
    int rc;

    switch (opcode_info[v->in.op].imm) {
    case IMM_MEMARG: return check_memarg(v);
    case IMM_MEMORY:
    case IMM_MEMORY_MEMORY: return need_memory(v);
    case IMM_DATA_MEMORY: rc = need_memory(v); return rc < 0 ? rc : need_data(v);
    case IMM_DATA: return need_data(v);
    case IMM_ELEM_TABLE: return check_table_init(v);
    case IMM_ELEM: return need_index(v, v->in.a, v->m->n_elems, "elem segment");
    case IMM_TABLE: return need_index(v, v->in.a, v->m->n_tables, "table");
    case IMM_TABLE_TABLE: return check_table_copy(v);
    default: return VCP_OK;
    }
}

static uint8_t signature_type(char c)
{
    static const uint8_t types[128] = {
        ['i'] = VAL_I32, ['I'] = VAL_I64, ['f'] = VAL_F32, ['F'] = VAL_F64};

    return types[(unsigned char)c & 127];
}

/* The common case of pop_type: what is wanted lies there. */
static inline int pop_expected(struct code_validator *v, uint8_t want)
{
    if (v->height > top_frame(v)->height && v->operands[v->height - 1] == want) {
        v->height--;
        return VCP_OK;
    }
    return pop_type(v, want);
}

static int check_signature(struct code_validator *v, const char *signature)
{
    const char *colon = signature, *p;
    int rc = opcode_info[v->in.op].imm == IMM_NONE ? VCP_OK : check_immediates(v);

    while (*colon != ':')
        colon++;
    for (p = colon; p > signature && rc == VCP_OK; p--)
        rc = pop_expected(v, signature_type(p[-1]));
    for (p = colon + 1; *p && rc == VCP_OK; p++)
        rc = push(v, signature_type(*p));
    return rc;
}

static int check_instr(struct code_validator *v)
{
    const char *signature = opcode_info[v->in.op].signature;

    if (signature)
        return check_signature(v, signature);
    switch (v->in.op) {
    case OP_UNREACHABLE: set_unreachable(v); return VCP_OK;
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF: return check_block(v);
    case OP_ELSE: return check_else(v);
    case OP_END: return check_end(v);
    case OP_BR: return check_br(v);
    case OP_BR_IF: return check_br_if(v);
    case OP_BR_TABLE: return check_br_table(v);
    case OP_RETURN: return check_return(v);
    case OP_CALL: return check_call(v);
    case OP_CALL_INDIRECT: return check_call_indirect(v);
    case OP_DROP: return pop_type(v, VAL_ANY);
    case OP_SELECT: return check_select(v);
    case OP_SELECT_T: return check_select_typed(v);
    case OP_LOCAL_GET:
    case OP_LOCAL_SET:
    case OP_LOCAL_TEE: return check_local(v);
    case OP_GLOBAL_GET:
    case OP_GLOBAL_SET: return check_global(v);
    case OP_REF_NULL: return push(v, v->in.type);
    case OP_REF_IS_NULL: return check_ref_is_null(v);
    case OP_REF_FUNC: return check_ref_func(v);
    default: return check_table(v);
    }
}

/* --- one body --- */

static void cache_locals(struct code_validator *v, const struct func_type *type)
{
    uint32_t i = type->n_params < LOCAL_CACHE ? type->n_params : LOCAL_CACHE;

    if (i)
        memcpy(v->locals, type->params, i);
    for (uint32_t run = 0; run < v->f->n_runs && i < LOCAL_CACHE; run++)
        while (i < v->f->runs[run].end && i < LOCAL_CACHE)
            v->locals[i++] = v->f->runs[run].type;
}

int code_validate(struct code_validator *v, uint32_t func)
{
    struct func_type body = *module_func_type(v->m, func);
    struct cursor code;
    int rc;

    v->func = func;
    v->f = &v->m->funcs[func];
    v->height = v->depth = 0;
    v->in = (struct instr){.op = OP_BLOCK, .offset = v->f->code};
    cache_locals(v, &body);
    body.n_params = 0; /* they are locals, not operands */
    rc = push_frame(v, OP_BLOCK, &body);
    code = func_code(v->m, v->f);
    while (rc == VCP_OK && v->depth) {
        rc = instr_read(&v->in, &code, v->m, v->err);
        if (rc < 0)
            return err_prefix(v->err, "function %u", func), rc;
        v->f->n_instrs++;
        rc = check_instr(v);
    }
    if (rc == VCP_OK && code.p != code.end)
        rc = fail(v, VCP_EFORMAT, "section size mismatch: %zu bytes after the final end",
                  cursor_left(&code));
    return rc;
}

int code_scan(const struct module *m, uint32_t func, struct err *err)
{
    struct cursor code = func_code(m, &m->funcs[func]);
    struct instr in;
    uint64_t depth = 1;

    while (depth) {
        int rc = instr_read(&in, &code, m, err);

        if (rc < 0)
            return err_prefix(err, "function %u", func), rc;
        if (in.op == OP_BLOCK || in.op == OP_LOOP || in.op == OP_IF)
            depth++;
        else if (in.op == OP_END)
            depth--;
    }
    if (code.p != code.end)
        return err_set(err, VCP_EFORMAT, "function %u: %zu bytes after the final end", func,
                       cursor_left(&code));
    return VCP_OK;
}

int code_validator_init(struct code_validator *v, struct module *m, struct err *err)
{
    *v = (struct code_validator){.m = m, .err = err};
    v->operands = malloc((size_t)m->limits.operands_max + 1);
    if (!v->operands)
        return err_set(err, VCP_ENOMEM, "no memory to validate");
    return VCP_OK;
}

void code_validator_release(struct code_validator *v)
{
    free(v->operands);
    free(v->frames);
    *v = (struct code_validator){0};
}
