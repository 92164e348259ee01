/* Straight-line instructions: arithmetic, memory, variables, tables. */
#include "wasm/lower.h"

/* Source opcode to operation, where the two correspond. */
static const uint16_t rop_of[OPCODE_COUNT] = {
#define X(id, in, out) [OP_##id] = R_##id,
    ROP_BIN(X) ROP_UN(X)
#undef X
        [OP_I32_LOAD] = R_LOAD32,
    [OP_I64_LOAD] = R_LOAD64,
    [OP_F32_LOAD] = R_LOADF32,
    [OP_F64_LOAD] = R_LOADF64,
    [OP_I32_LOAD8_S] = R_LOAD8_S32,
    [OP_I32_LOAD8_U] = R_LOAD8_U,
    [OP_I32_LOAD16_S] = R_LOAD16_S32,
    [OP_I32_LOAD16_U] = R_LOAD16_U,
    [OP_I64_LOAD8_S] = R_LOAD8_S64,
    [OP_I64_LOAD8_U] = R_LOAD8_U,
    [OP_I64_LOAD16_S] = R_LOAD16_S64,
    [OP_I64_LOAD16_U] = R_LOAD16_U,
    [OP_I64_LOAD32_S] = R_LOAD32_S64,
    [OP_I64_LOAD32_U] = R_LOAD32,
    [OP_I32_STORE] = R_STORE32,
    [OP_I64_STORE] = R_STORE64,
    [OP_F32_STORE] = R_STOREF32,
    [OP_F64_STORE] = R_STOREF64,
    [OP_I32_STORE8] = R_STORE8,
    [OP_I32_STORE16] = R_STORE16,
    [OP_I64_STORE8] = R_STORE8,
    [OP_I64_STORE16] = R_STORE16,
    [OP_I64_STORE32] = R_STORE32,
};

/* log2 of the bytes touched, by operation. */
static unsigned access_log2(uint32_t base)
{
    switch (base) {
#define X(id, type, out, lg)                                                                       \
    case R_##id: return lg;
        ROP_LOAD(X)
#undef X
#define X(id, type, lg)                                                                            \
    case R_##id: return lg;
        ROP_STORE(X)
#undef X
#define X(id, type, in, lg)                                                                        \
    case R_##id: return lg;
        ROP_FSTORE(X)
#undef X
    default: return 0;
    }
}

static bool is_compare(uint32_t base)
{
    return base < R_I32_ADD;
}

/* a op b == b mirror(op) a */
static uint32_t mirror(uint32_t base)
{
    static const uint16_t pairs[][2] = {
        {R_I32_LT_S, R_I32_GT_S}, {R_I32_LT_U, R_I32_GT_U}, {R_I32_LE_S, R_I32_GE_S},
        {R_I32_LE_U, R_I32_GE_U}, {R_I64_LT_S, R_I64_GT_S}, {R_I64_LT_U, R_I64_GT_U},
        {R_I64_LE_S, R_I64_GE_S}, {R_I64_LE_U, R_I64_GE_U}, {R_F32_LT, R_F32_GT},
        {R_F32_LE, R_F32_GE},     {R_F64_LT, R_F64_GT},     {R_F64_LE, R_F64_GE},
    };

    for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (pairs[i][0] == base)
            return pairs[i][1];
        if (pairs[i][1] == base)
            return pairs[i][0];
    }
    return base;
}

static bool commutes(uint32_t base)
{
    switch (base) {
    case R_I32_ADD:
    case R_I32_MUL:
    case R_I32_AND:
    case R_I32_OR:
    case R_I32_XOR:
    case R_I64_ADD:
    case R_I64_MUL:
    case R_I64_AND:
    case R_I64_OR:
    case R_I64_XOR:
    case R_F32_ADD:
    case R_F32_MUL:
    case R_F64_ADD:
    case R_F64_MUL: return true;
    default: return is_compare(base); /* through mirror */
    }
}

static uint32_t bin_mode(enum use_mode x, enum use_mode y)
{
    static const uint8_t modes[3][3] = {
        [USE_SLOT] = {BIN_SS, BIN_SA, BIN_SI},
        [USE_ACC] = {BIN_AS, BIN_AS, BIN_AI},
        [USE_IMM] = {BIN_IS, BIN_IA, BIN_SI},
    };

    return modes[x][y];
}

/* x - c is x + (-c): one operation fewer for latches and proofs. */
static uint32_t sub_to_add(uint32_t base, struct use *y)
{
    if (base == R_I32_SUB && y->mode == USE_IMM) {
        y->bits = (uint32_t) - (uint32_t)y->bits;
        return R_I32_ADD;
    }
    if (base == R_I64_SUB && y->mode == USE_IMM) {
        y->bits = -y->bits;
        return R_I64_ADD;
    }
    return base;
}

void lower_binary(struct lower *l, uint32_t base)
{
    enum rop_class in_class = (enum rop_class)rop_info[base].in;
    struct insn *in;
    struct use x, y;
    uint32_t mode;

    lower_settle_sums(l, 0, 2);
    if (lower_top(l, 0)->kind == OPERAND_CONST && lower_top(l, 1)->kind == OPERAND_CONST)
        lower_settle(l, l->height - 2);
    y = lower_use(l, in_class);
    x = lower_use(l, in_class);
    if (commutes(base) && (x.mode == USE_IMM || (y.mode == USE_ACC && x.mode == USE_SLOT))) {
        struct use t = x;

        x = y, y = t;
        base = mirror(base);
    }
    base = sub_to_add(base, &y);
    mode = bin_mode(x.mode, y.mode);
    in = lower_emit(l, base + 2 * mode);
    in->a = (uint16_t)x.slot;
    in->b = (uint16_t)y.slot;
    if (x.mode == USE_IMM || y.mode == USE_IMM)
        in->imm = x.mode == USE_IMM ? x.bits : y.bits;
    lower_set_dest(l, in, lower_slot_at(l, l->height), (enum rop_class)rop_info[base].out);
    lower_push_temps(l, 1);
}

static void unary(struct lower *l, uint32_t base)
{
    struct insn *in;
    struct use x;

    if (lower_top(l, 0)->kind != OPERAND_LOCAL)
        lower_settle_top(l, 1);
    x = lower_use(l, (enum rop_class)rop_info[base].in);
    in = lower_emit(l, base + 2 * (x.mode == USE_ACC ? UN_A : UN_S));
    in->a = (uint16_t)x.slot;
    lower_set_dest(l, in, lower_slot_at(l, l->height), (enum rop_class)rop_info[base].out);
    lower_push_temps(l, 1);
}

/* x == 0, as a comparison with an immediate. */
static void equals_zero(struct lower *l, uint32_t base)
{
    lower_push(l, &(struct operand){.kind = OPERAND_CONST});
    lower_binary(l, base);
}

static struct leaf leaf_of(const struct lower *l, uint32_t height)
{
    const struct operand *o = &l->stack[height];

    if (o->kind == OPERAND_LOCAL)
        return (struct leaf){o->local, false};
    return (struct leaf){lower_slot_at(l, height), true};
}

/* Any i32 operand as a sum. */
static struct operand as_sum(const struct lower *l, uint32_t height)
{
    struct operand o = l->stack[height];

    if (o.kind == OPERAND_SUM)
        return o;
    if (o.kind != OPERAND_CONST) {
        o.a = leaf_of(l, height);
        o.bits = 0;
    } else {
        o.a.slot = LOWER_NONE;
    }
    o.kind = OPERAND_SUM;
    o.b.slot = LOWER_NONE;
    o.k = 0;
    return o;
}

static void replace_by_sum(struct lower *l, uint32_t n, struct operand *o)
{
    uint32_t own = lower_slot_at(l, l->height - n);

    o->is_volatile = (o->a.slot != LOWER_NONE && o->a.is_temp && o->a.slot != own) ||
                     (o->b.slot != LOWER_NONE && o->b.is_temp && o->b.slot != own);
    if (o->a.slot == LOWER_NONE && o->b.slot == LOWER_NONE)
        o->kind = OPERAND_CONST;
    lower_pop(l, n);
    lower_push(l, o);
}

/* i32.shl by 1, 2 or 3 and i32.add wait: they may become part of an address. */
static bool lazy_shl(struct lower *l)
{
    const struct operand *k = lower_top(l, 0), *x = lower_top(l, 1);
    struct operand o = {.kind = OPERAND_SUM, .a.slot = LOWER_NONE};

    if (k->kind != OPERAND_CONST || k->bits < 1 || k->bits > 3 ||
        (x->kind != OPERAND_TEMP && x->kind != OPERAND_LOCAL))
        return false;
    o.k = (uint8_t)k->bits;
    o.b = leaf_of(l, l->height - 2);
    replace_by_sum(l, 2, &o);
    return true;
}

/* Two sums add up when together they have one base and one index at most. */
static bool lazy_add(struct lower *l)
{
    struct operand x = as_sum(l, l->height - 2), y = as_sum(l, l->height - 1);

    x.bits = (uint32_t)(x.bits + y.bits);
    if (y.b.slot != LOWER_NONE) {
        if (x.b.slot != LOWER_NONE)
            return false;
        x.b = y.b, x.k = y.k;
    }
    if (y.a.slot != LOWER_NONE) {
        if (x.a.slot == LOWER_NONE)
            x.a = y.a;
        else if (x.b.slot == LOWER_NONE)
            x.b = y.a, x.k = 0;
        else
            return false;
    }
    replace_by_sum(l, 2, &x);
    return true;
}

static bool lazy_sub(struct lower *l)
{
    struct operand x = as_sum(l, l->height - 2);
    const struct operand *y = lower_top(l, 0);

    if (y->kind != OPERAND_CONST)
        return false;
    x.bits = (uint32_t)(x.bits - y->bits);
    replace_by_sum(l, 2, &x);
    return true;
}

/* Whether a memory instruction can compute the operand itself. */
static bool is_address(const struct operand *o, uint32_t base)
{
    return o->kind == OPERAND_SUM && (o->k == 0 || o->k == access_log2(base));
}

/* A popped address as an instruction names it; mode is one of LOAD_*. */
struct address {
    uint32_t mode, a, b;
    int32_t hi;
};

static struct address load_sum(struct lower *l, const struct operand *o)
{
    bool has_a = o->a.slot != LOWER_NONE, has_b = o->b.slot != LOWER_NONE;
    struct use x = {USE_SLOT, o->a.slot, 0}, y = {USE_SLOT, o->b.slot, 0};
    struct address r = {.hi = (int32_t)o->bits};

    if (has_b)
        y = lower_use_leaf(l, o->b);
    if (has_a && y.mode != USE_ACC)
        x = lower_use_leaf(l, o->a);
    if (has_a && has_b && o->k == 0 && y.mode == USE_ACC) {
        struct use t = x;

        x = y, y = t;
    }
    r.a = has_a ? x.slot : 0;
    r.b = has_b ? y.slot : 0;
    if (!has_a && !has_b)
        r.mode = LOAD_I;
    else if (!has_b)
        r.mode = x.mode == USE_ACC ? LOAD_A : LOAD_S;
    else if (!has_a)
        r.mode = y.mode == USE_ACC ? LOAD_H_A : LOAD_H_S;
    else if (o->k == 0)
        r.mode = x.mode == USE_ACC ? LOAD_X_AS : LOAD_X_SS;
    else
        r.mode = x.mode == USE_ACC ? LOAD_K_AS : y.mode == USE_ACC ? LOAD_K_SA : LOAD_K_SS;
    return r;
}

static void load(struct lower *l, uint32_t base, uint32_t offset)
{
    struct address at;
    struct operand o;
    struct insn *in;

    if (lower_top(l, 0)->kind == OPERAND_SUM && !is_address(lower_top(l, 0), base))
        lower_settle(l, l->height - 1);
    o = as_sum(l, l->height - 1);
    lower_pop(l, 1);
    at = load_sum(l, &o);
    in = lower_emit(l, base + 2 * at.mode);
    in->a = (uint16_t)at.a;
    in->b = (uint16_t)at.b;
    in->lo = (int32_t)offset;
    in->hi = at.hi;
    lower_set_dest(l, in, lower_slot_at(l, l->height), (enum rop_class)rop_info[base].out);
    lower_push_temps(l, 1);
}

/* Stores take their address from slots, but for a lone base still in the accumulator. */
static struct address store_sum(struct lower *l, const struct operand *o, bool acc_is_free)
{
    bool has_a = o->a.slot != LOWER_NONE, has_b = o->b.slot != LOWER_NONE;
    struct address r = {STORE_I, has_a ? o->a.slot : 0, has_b ? o->b.slot : 0, (int32_t)o->bits};

    if (has_a && has_b)
        r.mode = o->k ? STORE_K : STORE_X;
    else if (has_b)
        r.mode = STORE_H;
    else if (has_a)
        r.mode = acc_is_free && lower_use_leaf(l, o->a).mode == USE_ACC ? STORE_A : STORE_S;
    return r;
}

/* The immediate of a store is its 16-bit field c, sign-extended and then cut to size. */
static bool fits_store(uint32_t base, uint64_t bits)
{
    uint64_t v = (uint64_t)(int64_t)(int16_t)bits;

    return base == R_STORE64 ? v == bits : (uint32_t)v == (uint32_t)bits;
}

static void store(struct lower *l, uint32_t base, uint32_t offset)
{
    static const uint8_t value_modes[] = {
        [USE_SLOT] = STORE_VALUE_S, [USE_ACC] = STORE_VALUE_A, [USE_IMM] = STORE_VALUE_I};
    bool is_float = base >= R_STOREF32;
    const struct operand *value = lower_top(l, 0);
    enum rop_class in_class = base == R_STOREF64 ? CLASS_F64 : is_float ? CLASS_F32 : CLASS_I64;
    struct address at;
    struct operand o;
    struct insn *in;
    struct use v;

    if (value->kind == OPERAND_SUM ||
        (value->kind == OPERAND_CONST && (is_float || !fits_store(base, value->bits))))
        lower_settle(l, l->height - 1);
    if (lower_top(l, 1)->kind == OPERAND_SUM && !is_address(lower_top(l, 1), base))
        lower_settle(l, l->height - 2);
    v = lower_use(l, in_class);
    if (is_float && v.mode == USE_SLOT)
        base = base == R_STOREF64 ? R_STORE64 : R_STORE32, is_float = false;
    o = as_sum(l, l->height - 1);
    lower_pop(l, 1);
    at = store_sum(l, &o, is_float || v.mode != USE_ACC);
    in = lower_emit(l, is_float ? base + at.mode : base + 3 * at.mode + value_modes[v.mode]);
    in->a = (uint16_t)at.a;
    in->b = (uint16_t)at.b;
    in->c = (uint16_t)(v.mode == USE_IMM ? v.bits : v.slot);
    in->lo = (int32_t)offset;
    in->hi = at.hi;
}

static void constant(struct lower *l, uint64_t bits)
{
    lower_push(l, &(struct operand){.kind = OPERAND_CONST, .bits = bits});
}

static void select_op(struct lower *l)
{
    struct use cond;
    uint32_t a, b;
    struct insn *in;

    lower_settle_sums(l, 0, 3);
    if (lower_top(l, 0)->kind == OPERAND_CONST)
        lower_settle(l, l->height - 1);
    for (uint32_t depth = 1; depth <= 2; depth++)
        if (lower_top(l, depth)->kind == OPERAND_CONST)
            lower_settle(l, l->height - 1 - depth);
    cond = lower_use(l, CLASS_I32);
    b = lower_use_slot(l);
    a = lower_use_slot(l);
    in = lower_emit(l, cond.mode == USE_ACC ? R_SELECT_A : R_SELECT_S);
    in->a = (uint16_t)a;
    in->b = (uint16_t)b;
    in->lo = (int32_t)cond.slot;
    lower_set_dest(l, in, lower_slot_at(l, l->height), CLASS_I64);
    lower_push_temps(l, 1);
}

/* c = something of number lo, in the integer accumulator. */
static void produce(struct lower *l, uint32_t op, uint32_t lo)
{
    struct insn *in;

    if (l->height && lower_top(l, 0)->is_volatile)
        lower_settle(l, l->height - 1);
    in = lower_emit(l, op);
    in->lo = (int32_t)lo;
    lower_set_dest(l, in, lower_slot_at(l, l->height), CLASS_I64);
    lower_push_temps(l, 1);
}

static void global_set(struct lower *l, uint32_t index)
{
    struct insn *in;
    struct use x;

    if (lower_top(l, 0)->kind != OPERAND_LOCAL)
        lower_settle_top(l, 1);
    x = lower_use(l, CLASS_I64);
    in = lower_emit(l, x.mode == USE_ACC ? R_GLOBAL_SET_A : R_GLOBAL_SET_S);
    in->a = (uint16_t)x.slot;
    in->lo = (int32_t)index;
}

static void table_get(struct lower *l, uint32_t table)
{
    uint32_t a = lower_use_slot(l);

    produce(l, R_TABLE_GET, table);
    if (l->last != LOWER_NONE)
        l->code->insns[l->last].a = (uint16_t)a;
}

static void table_set(struct lower *l, uint32_t table)
{
    uint32_t b = lower_use_slot(l), a = lower_use_slot(l);
    struct insn *in = lower_emit(l, R_TABLE_SET);

    in->a = (uint16_t)a;
    in->b = (uint16_t)b;
    in->lo = (int32_t)table;
}

/* Instructions that work on their operands' own slots and charge by size. */
static void in_place(struct lower *l, uint32_t op, uint32_t n_in, uint32_t n_out, uint32_t lo,
                     uint32_t hi)
{
    struct insn *in;

    lower_settle_top(l, n_in);
    lower_pop(l, n_in);
    in = lower_emit(l, op);
    in->a = (uint16_t)lower_slot_at(l, l->height);
    in->lo = (int32_t)lo;
    in->hi = (int32_t)hi;
    lower_end_strip(l);
    lower_forget(l);
    lower_push_temps(l, n_out);
}

static bool variable_op(struct lower *l, const struct instr *in)
{
    switch (in->op) {
    case OP_LOCAL_GET:
        lower_push(
            l, &(struct operand){.kind = OPERAND_LOCAL, .local = lower_slot_of_local(l, in->a)});
        return true;
    case OP_LOCAL_TEE:
        lower_local_set(l, in->a);
        lower_push(
            l, &(struct operand){.kind = OPERAND_LOCAL, .local = lower_slot_of_local(l, in->a)});
        return true;
    case OP_LOCAL_SET: lower_local_set(l, in->a); return true;
    case OP_GLOBAL_GET: produce(l, R_GLOBAL_GET, in->a); return true;
    case OP_GLOBAL_SET: global_set(l, in->a); return true;
    case OP_I32_CONST:
    case OP_I64_CONST:
    case OP_F32_CONST:
    case OP_F64_CONST: constant(l, in->bits); return true;
    case OP_REF_NULL: constant(l, 0); return true;
    case OP_REF_IS_NULL: equals_zero(l, R_I64_EQ); return true;
    case OP_REF_FUNC: produce(l, R_REF_FUNC, in->a); return true;
    case OP_DROP: lower_pop(l, 1); return true;
    case OP_SELECT:
    case OP_SELECT_T: select_op(l); return true;
    default: return false;
    }
}

static bool bulk_op(struct lower *l, const struct instr *in)
{
    switch (in->op) {
    case OP_MEMORY_SIZE: produce(l, R_MEMORY_SIZE, 0); return true;
    case OP_MEMORY_GROW: in_place(l, R_MEMORY_GROW, 1, 1, 0, 0); return true;
    case OP_MEMORY_COPY: in_place(l, R_MEMORY_COPY, 3, 0, 0, 0); return true;
    case OP_MEMORY_FILL: in_place(l, R_MEMORY_FILL, 3, 0, 0, 0); return true;
    case OP_MEMORY_INIT: in_place(l, R_MEMORY_INIT, 3, 0, in->a, 0); return true;
    case OP_TABLE_GROW: in_place(l, R_TABLE_GROW, 2, 1, in->a, 0); return true;
    case OP_TABLE_FILL: in_place(l, R_TABLE_FILL, 3, 0, in->a, 0); return true;
    case OP_TABLE_COPY: in_place(l, R_TABLE_COPY, 3, 0, in->a, in->b); return true;
    case OP_TABLE_INIT: in_place(l, R_TABLE_INIT, 3, 0, in->a, in->b); return true;
    case OP_TABLE_GET: table_get(l, in->a); return true;
    case OP_TABLE_SET: table_set(l, in->a); return true;
    case OP_TABLE_SIZE: produce(l, R_TABLE_SIZE, in->a); return true;
    case OP_DATA_DROP: lower_emit(l, R_DATA_DROP)->lo = (int32_t)in->a; return true;
    case OP_ELEM_DROP: lower_emit(l, R_ELEM_DROP)->lo = (int32_t)in->a; return true;
    default: return false;
    }
}

static bool number_op(struct lower *l, const struct instr *in)
{
    uint32_t base = rop_of[in->op];

    switch (in->op) {
    case OP_NOP:
    case OP_I32_REINTERPRET_F32: /* slots are untyped, and 32-bit ones zero-extended */
    case OP_I64_REINTERPRET_F64:
    case OP_F32_REINTERPRET_I32:
    case OP_F64_REINTERPRET_I64:
    case OP_I64_EXTEND_I32_U: return true;
    case OP_I32_EQZ: equals_zero(l, R_I32_EQ); return true;
    case OP_I64_EQZ: equals_zero(l, R_I64_EQ); return true;
    case OP_I32_SHL:
        if (!lazy_shl(l))
            lower_binary(l, base);
        return true;
    case OP_I32_ADD:
        if (!lazy_add(l))
            lower_binary(l, base);
        return true;
    case OP_I32_SUB:
        if (!lazy_sub(l))
            lower_binary(l, base);
        return true;
    default: break;
    }
    if (in->op != OP_I32_EQ && !base)
        return false;
    switch (rop_info[base].family) {
    case FAMILY_BIN: lower_binary(l, base); return true;
    case FAMILY_UN: unary(l, base); return true;
    case FAMILY_LOAD: load(l, base, in->b); return true;
    default: store(l, base, in->b); return true;
    }
}

bool lower_op(struct lower *l, const struct instr *in)
{
    return variable_op(l, in) || number_op(l, in) || bulk_op(l, in);
}
