#include "generate.h"

#include <string.h>

#include "wasm/opcode.h"

/* module.h's types, by index, for choosing. */
static const uint8_t number_types[] = {0x7f, 0x7e, 0x7d, 0x7c};

#define FUNCS_MAX  6
#define LOCALS_MAX 12
#define STACK_MAX  48
#define LABELS_MAX 8
#define TYPES_MAX  12
#define ARITY_MAX  3
#define STEPS_MAX  14  /* instructions chosen per sequence */
#define BODY_MAX   700 /* bytes after which nothing new is opened */
#define TABLE_SIZE 6

struct sig {
    uint8_t params[ARITY_MAX], results[ARITY_MAX];
    unsigned n_params, n_results;
};

struct label {
    uint8_t types[ARITY_MAX]; /* what a branch carries */
    unsigned n;
};

struct gen {
    struct choices *c;
    struct buf *out; /* code of the function being written */
    struct sig types[TYPES_MAX];
    unsigned n_types;
    unsigned func_types[FUNCS_MAX], n_funcs;
    uint8_t locals[LOCALS_MAX];
    unsigned n_locals;
    uint8_t stack[STACK_MAX];
    unsigned height, base; /* base: operands that belong to outer blocks */
    struct label labels[LABELS_MAX];
    unsigned n_labels;
};

static uint64_t next(struct choices *c)
{
    uint64_t v = 0;
    size_t left = (size_t)(c->end - c->p), n = left < 2 ? left : 2;

    if (!n)
        return prng_next(&c->prng);
    memcpy(&v, c->p, n);
    c->p += n;
    return v;
}

void choices_init(struct choices *c, const uint8_t *p, size_t n, uint64_t seed)
{
    c->integers_only = false;
    c->p = p;
    c->end = n ? p + n : p;
    prng_init(&c->prng, seed);
}

uint64_t choose(struct choices *c, uint64_t n)
{
    return next(c) % n;
}

uint64_t choose_bits(struct choices *c, uint8_t type)
{
    static const uint32_t i32[] = {0,  1,          2,          7,          31,         32,
                                   63, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 65535};
    static const uint64_t i64[] = {
        0, 1, 63, 64, 0xffffffff, 0x80000000, INT64_MAX, UINT64_MAX, (uint64_t)INT64_MIN};
    static const uint32_t f32[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
                                   0xff800000, 0x7fc00000, 0x7fa00001, 0xffc12345, 0x00000001,
                                   0x4f000000, 0x7f7fffff, 0x3f000000, 0x4b000001};
    static const uint64_t f64[] = {0,
                                   UINT64_C(0x8000000000000000),
                                   UINT64_C(0x3ff0000000000000),
                                   UINT64_C(0xbff0000000000000),
                                   UINT64_C(0x7ff0000000000000),
                                   UINT64_C(0xfff0000000000000),
                                   UINT64_C(0x7ff8000000000000),
                                   UINT64_C(0x7ff4000000000001),
                                   UINT64_C(0x43e0000000000000),
                                   UINT64_C(0x41dfffffffc00000),
                                   1};

    if (choose(c, 3) == 0) {
        uint64_t r = next(c) * UINT64_C(0x9e3779b97f4a7c15) ^ next(c);

        return type == 0x7f || type == 0x7d ? (uint32_t)r : r;
    }
    switch (type) {
    case 0x7f: return i32[choose(c, sizeof i32 / sizeof *i32)];
    case 0x7e: return i64[choose(c, sizeof i64 / sizeof *i64)];
    case 0x7d: return f32[choose(c, sizeof f32 / sizeof *f32)];
    case 0x7c: return f64[choose(c, sizeof f64 / sizeof *f64)];
    default: return 0;
    }
}

static uint8_t pick_type(struct gen *g)
{
    return number_types[choose(g->c, g->c->integers_only ? 2 : 4)];
}

/* --- bytes --- */

static void put_u32(struct buf *b, uint32_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_putc(b, (unsigned char)(v | 0x80));
    buf_putc(b, (unsigned char)v);
}

static void put_s64(struct buf *b, int64_t v)
{
    while (v < -64 || v > 63) {
        buf_putc(b, (unsigned char)((v & 0x7f) | 0x80));
        v >>= 7;
    }
    buf_putc(b, (unsigned char)(v & 0x7f));
}

static void put_op(struct buf *b, unsigned op)
{
    if (op < 0x100) {
        buf_putc(b, (unsigned char)op);
        return;
    }
    buf_putc(b, OPCODE_PREFIX_FC);
    put_u32(b, op - 0x100);
}

static void put_op_u32(struct gen *g, unsigned op, uint32_t a)
{
    put_op(g->out, op);
    put_u32(g->out, a);
}

static void put_const(struct buf *b, uint8_t type, uint64_t bits)
{
    switch (type) {
    case 0x7f:
        put_op(b, OP_I32_CONST);
        put_s64(b, (int32_t)(uint32_t)bits);
        break;
    case 0x7e:
        put_op(b, OP_I64_CONST);
        put_s64(b, (int64_t)bits);
        break;
    case 0x7d:
        put_op(b, OP_F32_CONST);
        buf_put_u32le(b, (uint32_t)bits);
        break;
    default: put_op(b, OP_F64_CONST); buf_put_u64le(b, bits);
    }
}

static void put_section(struct buf *out, uint8_t id, const struct buf *body)
{
    buf_putc(out, id);
    put_u32(out, (uint32_t)body->len);
    buf_put(out, body->data, body->len);
}

/* --- the operand stack --- */

static bool is_full(const struct gen *g)
{
    return g->height + 2 * ARITY_MAX + 4 > STACK_MAX || g->out->len > BODY_MAX;
}

static void pushed(struct gen *g, uint8_t type)
{
    g->stack[g->height++] = type;
}

static bool top_is(const struct gen *g, const uint8_t *types, unsigned n)
{
    return g->height - g->base >= n && memcmp(g->stack + g->height - n, types, n) == 0;
}

/* A local of the type, or -1. */
static int pick_local(struct gen *g, uint8_t type)
{
    unsigned start = (unsigned)choose(g->c, g->n_locals ? g->n_locals : 1);

    for (unsigned i = 0; i < g->n_locals; i++)
        if (g->locals[(start + i) % g->n_locals] == type)
            return (int)((start + i) % g->n_locals);
    return -1;
}

/* Globals 0..3 hold the four number types. */
static unsigned global_of(uint8_t type)
{
    return 0x7fu - type;
}

/* An instruction that takes and gives the type, so that its value is fresh. */
static unsigned unary_of(struct gen *g, uint8_t type)
{
    static const uint16_t i32[] = {OP_I32_CLZ, OP_I32_EQZ, OP_I32_EXTEND8_S};
    static const uint16_t i64[] = {OP_I64_CTZ, OP_I64_EXTEND32_S, OP_I64_POPCNT};
    static const uint16_t f32[] = {OP_F32_NEG, OP_F32_SQRT, OP_F32_NEAREST};
    static const uint16_t f64[] = {OP_F64_ABS, OP_F64_FLOOR, OP_F64_SQRT};
    const uint16_t *ops = type == 0x7f ? i32 : type == 0x7e ? i64 : type == 0x7d ? f32 : f64;

    return ops[choose(g->c, 3)];
}

/* A value of the type on the stack: a local, a global, a constant, or made from one. */
static void make_value(struct gen *g, uint8_t type)
{
    int local = pick_local(g, type);
    uint64_t how = choose(g->c, 10);

    if (local >= 0 && how < 6)
        put_op_u32(g, OP_LOCAL_GET, (uint32_t)local);
    else if (how < 8)
        put_op_u32(g, OP_GLOBAL_GET, global_of(type));
    else
        put_const(g->out, type, choose_bits(g->c, type));
    if (how % 3 == 2)
        put_op(g->out, unary_of(g, type));
    pushed(g, type);
}

static void make_values(struct gen *g, const uint8_t *types, unsigned n)
{
    if (choose(g->c, 3) && top_is(g, types, n))
        return; /* what lies there already will do */
    for (unsigned i = 0; i < n; i++)
        make_value(g, types[i]);
}

/* Takes the top value away, if possible to where it is seen later. */
static void sink(struct gen *g)
{
    uint8_t type = g->stack[g->height - 1];
    int local = pick_local(g, type);

    if (local >= 0 && choose(g->c, 4))
        put_op_u32(g, OP_LOCAL_SET, (uint32_t)local);
    else if (choose(g->c, 2))
        put_op_u32(g, OP_GLOBAL_SET, global_of(type));
    else
        put_op(g->out, OP_DROP);
    g->height--;
}

/* Leaves exactly these types above base. */
static void settle(struct gen *g, const uint8_t *types, unsigned n)
{
    while (g->height - g->base > n ||
           (g->height > g->base && memcmp(g->stack + g->base, types, g->height - g->base) != 0))
        sink(g);
    for (unsigned i = g->height - g->base; i < n; i++)
        make_value(g, types[i]);
}

/* --- instructions --- */

static uint8_t type_of_letter(char c)
{
    return c == 'i' ? 0x7f : c == 'I' ? 0x7e : c == 'f' ? 0x7d : 0x7c;
}

static const uint16_t number_ops[] = {
#define X(id, code, text, imm, sig, gas, align) code,
    WASM_OPCODES(X)
#undef X
};

static unsigned read_operands(unsigned op, uint8_t *operands)
{
    unsigned n;

    for (n = 0; opcode_info[op].signature[n] != ':'; n++)
        operands[n] = type_of_letter(opcode_info[op].signature[n]);
    return n;
}

static bool is_forbidden(const struct gen *g, unsigned op)
{
    return g->c->integers_only && strpbrk(opcode_info[op].signature, "fF");
}

static unsigned pick_numeric(struct gen *g)
{
    const struct opcode_info *info;
    unsigned op;

    do {
        op = number_ops[choose(g->c, sizeof number_ops / sizeof *number_ops)];
        info = &opcode_info[op];
    } while (!info->signature || info->imm != IMM_NONE || op == OP_NOP || is_forbidden(g, op));
    return op;
}

static void gen_numeric(struct gen *g)
{
    unsigned op = pick_numeric(g), n, tries = (unsigned)choose(g->c, 2) * 12;
    uint8_t operands[2];

    /* Half of the time look for one that consumes what lies there. */
    n = read_operands(op, operands);
    for (; tries && !top_is(g, operands, n); tries--) {
        op = pick_numeric(g);
        n = read_operands(op, operands);
    }
    make_values(g, operands, n);
    put_op(g->out, op);
    g->height -= n;
    pushed(g, type_of_letter(opcode_info[op].signature[n + 1]));
}

/* An address that is mostly inside the first page. */
static void make_address(struct gen *g)
{
    make_value(g, 0x7f);
    if (choose(g->c, 12)) {
        put_const(g->out, 0x7f, choose(g->c, 2) ? 0xff : 0xfff0);
        put_op(g->out, OP_I32_AND);
    }
    if (choose(g->c, 3) == 0) { /* the shape of an array access */
        put_const(g->out, 0x7f, choose(g->c, 4));
        put_op(g->out, OP_I32_SHL);
        put_const(g->out, 0x7f, choose(g->c, 64));
        put_op(g->out, OP_I32_ADD);
    }
}

static void put_memarg(struct gen *g, unsigned op)
{
    put_op(g->out, op);
    put_u32(g->out, (uint32_t)choose(g->c, opcode_info[op].align_log2 + 1u));
    put_u32(g->out, choose(g->c, 16) ? (uint32_t)choose(g->c, 300) : 0xfffffff0u);
}

static void gen_load(struct gen *g)
{
    unsigned op = OP_I32_LOAD + (unsigned)choose(g->c, OP_I64_LOAD32_U - OP_I32_LOAD + 1);

    if (is_forbidden(g, op))
        op = OP_I32_LOAD;
    make_address(g);
    put_memarg(g, op);
    g->height--;
    pushed(g, type_of_letter(opcode_info[op].signature[2]));
}

static void gen_store(struct gen *g)
{
    unsigned op = OP_I32_STORE + (unsigned)choose(g->c, OP_I64_STORE32 - OP_I32_STORE + 1);

    if (is_forbidden(g, op))
        op = OP_I64_STORE;
    make_address(g);
    make_value(g, type_of_letter(opcode_info[op].signature[1]));
    put_memarg(g, op);
    g->height -= 2;
}

static void put_small(struct gen *g, uint32_t n)
{
    if (choose(g->c, 10) == 0)
        put_const(g->out, 0x7f, choose_bits(g->c, 0x7f));
    else
        put_const(g->out, 0x7f, choose(g->c, n));
}

static void gen_bulk(struct gen *g)
{
    static const uint16_t ops[] = {OP_MEMORY_FILL, OP_MEMORY_COPY, OP_MEMORY_INIT, OP_TABLE_COPY,
                                   OP_TABLE_INIT};
    unsigned op = ops[choose(g->c, 5)];
    bool table = op == OP_TABLE_COPY || op == OP_TABLE_INIT;

    for (int i = 0; i < 3; i++)
        put_small(g, table ? TABLE_SIZE / 2 : 100);
    put_op(g->out, op);
    for (int i = 0; i < (op == OP_MEMORY_FILL ? 1 : 2); i++)
        put_u32(g->out, 0);
}

static void gen_table(struct gen *g)
{
    switch (choose(g->c, 4)) {
    case 0: /* table.set of a function */
        put_small(g, TABLE_SIZE);
        put_op_u32(g, OP_REF_FUNC, (uint32_t)choose(g->c, g->n_funcs));
        put_op_u32(g, OP_TABLE_SET, 0);
        break;
    case 1:
        put_op_u32(g, OP_REF_FUNC, (uint32_t)choose(g->c, g->n_funcs));
        put_small(g, 3);
        put_op_u32(g, OP_TABLE_GROW, 0);
        pushed(g, 0x7f);
        break;
    case 2:
        put_small(g, TABLE_SIZE);
        put_op_u32(g, OP_TABLE_GET, 0);
        put_op(g->out, OP_REF_IS_NULL);
        pushed(g, 0x7f);
        break;
    default:
        put_small(g, TABLE_SIZE);
        put_op_u32(g, OP_REF_NULL, 0x70);
        put_small(g, 3);
        put_op_u32(g, OP_TABLE_FILL, 0);
    }
}

static void gen_memory_misc(struct gen *g)
{
    switch (choose(g->c, 4)) {
    case 0: put_op_u32(g, OP_MEMORY_SIZE, 0); break;
    case 1: put_op_u32(g, OP_TABLE_SIZE, 0); break;
    case 2:
        put_op_u32(g, OP_DATA_DROP, 0);
        put_op_u32(g, OP_TABLE_SIZE, 0);
        break;
    default: put_small(g, 2); put_op_u32(g, OP_MEMORY_GROW, 0);
    }
    pushed(g, 0x7f);
}

static void gen_local(struct gen *g)
{
    unsigned i = (unsigned)choose(g->c, g->n_locals);

    switch (choose(g->c, 3)) {
    case 0:
        put_op_u32(g, OP_LOCAL_GET, i);
        pushed(g, g->locals[i]);
        break;
    case 1:
        make_values(g, &g->locals[i], 1);
        put_op_u32(g, OP_LOCAL_SET, i);
        g->height--;
        break;
    default: make_values(g, &g->locals[i], 1); put_op_u32(g, OP_LOCAL_TEE, i);
    }
}

static void gen_select(struct gen *g)
{
    uint8_t type = pick_type(g);
    bool typed = choose(g->c, 2);

    make_values(g, (const uint8_t[]){type, type, 0x7f}, 3);
    put_op(g->out, typed ? OP_SELECT_T : OP_SELECT);
    if (typed) {
        put_u32(g->out, 1);
        buf_putc(g->out, type);
    }
    g->height -= 2;
}

static void apply(struct gen *g, const struct sig *s)
{
    g->height -= s->n_params;
    for (unsigned i = 0; i < s->n_results; i++)
        pushed(g, s->results[i]);
}

static void gen_call(struct gen *g)
{
    unsigned f = (unsigned)choose(g->c, g->n_funcs);
    unsigned type = choose(g->c, 2) ? g->func_types[f] : (unsigned)choose(g->c, g->n_types);
    bool indirect = choose(g->c, 3) == 0;
    const struct sig *s = &g->types[indirect ? type : g->func_types[f]];

    make_values(g, s->params, s->n_params);
    if (indirect) {
        put_small(g, TABLE_SIZE);
        put_op_u32(g, OP_CALL_INDIRECT, type);
        put_u32(g->out, 0);
    } else {
        put_op_u32(g, OP_CALL, f);
    }
    apply(g, s);
}

/* --- control --- */

static void gen_sequence(struct gen *g);

static void gen_if_condition(struct gen *g)
{
    make_value(g, 0x7f);
    if (choose(g->c, 2)) { /* comparisons fuse with branches */
        make_value(g, 0x7f);
        put_op(g->out, OP_I32_EQ + (unsigned)choose(g->c, 10));
        g->height--;
    }
}

static void open_label(struct gen *g, const struct sig *s, bool is_loop)
{
    struct label *l = &g->labels[g->n_labels++];

    l->n = is_loop ? s->n_params : s->n_results;
    memcpy(l->types, is_loop ? s->params : s->results, l->n);
}

/* One arm: the parameters lie on the stack, at the end the results do. */
static void gen_arm(struct gen *g, const struct sig *s, bool is_loop)
{
    unsigned base = g->base;

    g->base = g->height - s->n_params;
    open_label(g, s, is_loop);
    if (s->n_params && choose(g->c, 2))
        gen_numeric(g); /* consumes a parameter at once, if it can */
    gen_sequence(g);
    settle(g, s->results, s->n_results);
    g->n_labels--;
    g->height = g->base + s->n_results;
    g->base = base;
}

static void gen_block(struct gen *g)
{
    unsigned type = (unsigned)choose(g->c, g->n_types);
    const struct sig *s;
    uint64_t kind = choose(g->c, 3);

    if (g->types[type].n_params == 0)
        type = (unsigned)choose(g->c, g->n_types);
    s = &g->types[type];
    if (g->n_labels + 1 >= LABELS_MAX)
        return;
    make_values(g, s->params, s->n_params);
    if (kind == 2)
        gen_if_condition(g), g->height--;
    put_op(g->out, kind == 0 ? OP_BLOCK : kind == 1 ? OP_LOOP : OP_IF);
    if (s->n_params == 0 && s->n_results == 0)
        buf_putc(g->out, 0x40);
    else if (s->n_params == 0 && s->n_results == 1 && choose(g->c, 2))
        buf_putc(g->out, s->results[0]);
    else
        put_s64(g->out, type);
    gen_arm(g, s, kind == 1);
    if (kind == 2) {
        put_op(g->out, OP_ELSE);
        g->height -= s->n_results;
        for (unsigned i = 0; i < s->n_params; i++)
            pushed(g, s->params[i]);
        gen_arm(g, s, false);
    }
    put_op(g->out, OP_END);
}

static void gen_br_if(struct gen *g)
{
    unsigned depth = (unsigned)choose(g->c, g->n_labels);
    const struct label *l = &g->labels[g->n_labels - 1 - depth];

    make_values(g, l->types, l->n);
    gen_if_condition(g);
    put_op_u32(g, OP_BR_IF, depth);
    g->height--;
}

/* Depths of labels that carry what the label at `depth` carries. */
static void put_br_table(struct gen *g, unsigned depth)
{
    const struct label *want = &g->labels[g->n_labels - 1 - depth];
    uint32_t same[LABELS_MAX], n = 0, entries = (uint32_t)choose(g->c, 5);

    for (unsigned d = 0; d < g->n_labels; d++) {
        const struct label *l = &g->labels[g->n_labels - 1 - d];

        if (l->n == want->n && memcmp(l->types, want->types, l->n) == 0)
            same[n++] = d;
    }
    put_op_u32(g, OP_BR_TABLE, entries);
    for (uint32_t i = 0; i <= entries; i++)
        put_u32(g->out, same[choose(g->c, n)]);
}

/* Ends the sequence: what follows is unreachable until `end`. */
static void gen_leave(struct gen *g)
{
    unsigned depth = (unsigned)choose(g->c, g->n_labels);
    const struct label *l = &g->labels[g->n_labels - 1 - depth];

    switch (choose(g->c, 4)) {
    case 0: put_op(g->out, OP_UNREACHABLE); break;
    case 1:
        make_values(g, g->labels[0].types, g->labels[0].n);
        put_op(g->out, OP_RETURN);
        break;
    case 2:
        make_values(g, l->types, l->n);
        make_value(g, 0x7f);
        put_br_table(g, depth);
        break;
    default: make_values(g, l->types, l->n); put_op_u32(g, OP_BR, depth);
    }
}

static void gen_instr(struct gen *g)
{
    switch (choose(g->c, 24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5: gen_numeric(g); break;
    case 6:
    case 7:
    case 8:
    case 9: gen_local(g); break;
    case 10:
    case 11: gen_load(g); break;
    case 12:
    case 13: gen_store(g); break;
    case 14: gen_select(g); break;
    case 15: gen_call(g); break;
    case 16: gen_bulk(g); break;
    case 17: gen_table(g); break;
    case 18: gen_memory_misc(g); break;
    case 19:
    case 20: gen_br_if(g); break;
    case 21:
    case 22: gen_block(g); break;
    default:
        if (g->height > g->base)
            sink(g);
        else
            put_op(g->out, OP_NOP);
    }
}

static void gen_sequence(struct gen *g)
{
    unsigned n = 1 + (unsigned)choose(g->c, STEPS_MAX);

    while (n-- && !is_full(g))
        gen_instr(g);
    if (choose(g->c, 6) == 0 && !is_full(g)) {
        gen_leave(g);
        g->height = g->base; /* what settle() now writes is dead code */
    }
}

/* --- functions and the module --- */

static void choose_sig(struct gen *g, struct sig *s)
{
    s->n_params = (unsigned)choose(g->c, ARITY_MAX + 1);
    s->n_results = (unsigned)choose(g->c, ARITY_MAX);
    for (unsigned i = 0; i < s->n_params; i++)
        s->params[i] = pick_type(g);
    for (unsigned i = 0; i < s->n_results; i++)
        s->results[i] = pick_type(g);
}

static void gen_function(struct gen *g, struct buf *codes, unsigned func)
{
    const struct sig *s = &g->types[g->func_types[func]];
    unsigned n_declared = 1 + (unsigned)choose(g->c, LOCALS_MAX - ARITY_MAX);
    struct buf body;

    buf_init(&body, 0);
    g->out = &body;
    g->height = g->base = g->n_labels = 0;
    g->n_locals = s->n_params + n_declared;
    memcpy(g->locals, s->params, s->n_params);
    put_u32(&body, n_declared);
    for (unsigned i = 0; i < n_declared; i++) {
        g->locals[s->n_params + i] = choose(g->c, 3) ? number_types[0] : pick_type(g);
        put_u32(&body, 1);
        buf_putc(&body, g->locals[s->n_params + i]);
    }
    open_label(g, s, false);
    gen_sequence(g);
    settle(g, s->results, s->n_results);
    put_op(&body, OP_END);
    put_u32(codes, (uint32_t)body.len);
    buf_put(codes, body.data, body.len);
    buf_release(&body);
}

static void put_types(const struct gen *g, struct buf *out)
{
    struct buf b;

    buf_init(&b, 0);
    put_u32(&b, g->n_types);
    for (unsigned i = 0; i < g->n_types; i++) {
        const struct sig *s = &g->types[i];

        buf_putc(&b, 0x60);
        put_u32(&b, s->n_params);
        buf_put(&b, s->params, s->n_params);
        put_u32(&b, s->n_results);
        buf_put(&b, s->results, s->n_results);
    }
    put_section(out, 1, &b);
    buf_clear(&b);
    put_u32(&b, g->n_funcs);
    for (unsigned i = 0; i < g->n_funcs; i++)
        put_u32(&b, g->func_types[i]);
    put_section(out, 3, &b);
    buf_release(&b);
}

static void put_storage(struct gen *g, struct buf *out)
{
    struct buf b;

    buf_init(&b, 0);
    buf_put(&b, (const uint8_t[]){1, 0x70, 1, TABLE_SIZE, TABLE_SIZE + 4}, 5);
    put_section(out, 4, &b);
    buf_clear(&b);
    buf_put(&b, (const uint8_t[]){1, 1, 1, 3}, 4);
    put_section(out, 5, &b);
    buf_clear(&b);
    buf_putc(&b, 4);
    for (unsigned i = 0; i < 4; i++) {
        buf_putc(&b, number_types[i]);
        buf_putc(&b, 1);
        put_const(&b, number_types[i], choose_bits(g->c, number_types[i]));
        put_op(&b, OP_END);
    }
    put_section(out, 6, &b);
    buf_release(&b);
}

static void put_exports(const struct gen *g, struct buf *out)
{
    struct buf b;

    buf_init(&b, 0);
    put_u32(&b, g->n_funcs + 4);
    for (unsigned i = 0; i < g->n_funcs; i++)
        buf_put(&b, (const uint8_t[]){2, 'f', (uint8_t)('0' + i), 0, (uint8_t)i}, 5);
    for (unsigned i = 0; i < 4; i++)
        buf_put(&b, (const uint8_t[]){2, 'g', (uint8_t)('0' + i), 3, (uint8_t)i}, 5);
    put_section(out, 7, &b);
    buf_release(&b);
}

/* Segment 0 is passive, for table.init; segment 1 fills part of the table. */
static void put_elems(const struct gen *g, struct buf *out)
{
    struct buf b;

    buf_init(&b, 0);
    buf_put(&b, (const uint8_t[]){2, 1, 0}, 3);
    put_u32(&b, g->n_funcs);
    for (unsigned i = 0; i < g->n_funcs; i++)
        put_u32(&b, i);
    buf_put(&b, (const uint8_t[]){0, OP_I32_CONST, 1, OP_END}, 4);
    put_u32(&b, g->n_funcs < TABLE_SIZE - 1 ? g->n_funcs : TABLE_SIZE - 1);
    for (unsigned i = 0; i < g->n_funcs && i < TABLE_SIZE - 1; i++)
        put_u32(&b, i);
    put_section(out, 9, &b);
    buf_clear(&b);
    buf_putc(&b, 1);
    put_section(out, 12, &b);
    buf_release(&b);
}

void generate_module(struct buf *out, struct choices *c)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog, 0123456789";
    struct gen g = {.c = c};
    struct buf codes;

    g.n_types = 2 + (unsigned)choose(c, TYPES_MAX - 1);
    for (unsigned i = 1; i < g.n_types; i++) /* type 0 is [] -> [] */
        choose_sig(&g, &g.types[i]);
    g.n_funcs = 1 + (unsigned)choose(c, FUNCS_MAX);
    for (unsigned i = 0; i < g.n_funcs; i++)
        g.func_types[i] = (unsigned)choose(c, g.n_types);
    buf_put(out, "\0asm\1\0\0\0", 8);
    put_types(&g, out);
    put_storage(&g, out);
    put_exports(&g, out);
    put_elems(&g, out);
    buf_init(&codes, 0);
    put_u32(&codes, g.n_funcs);
    for (unsigned i = 0; i < g.n_funcs; i++)
        gen_function(&g, &codes, i);
    put_section(out, 10, &codes);
    buf_clear(&codes);
    buf_put(&codes, (const uint8_t[]){1, 1, sizeof text}, 3);
    buf_put(&codes, text, sizeof text);
    put_section(out, 11, &codes);
    buf_release(&codes);
}
