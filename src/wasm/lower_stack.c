/* The operand stack at lowering time: what is where, and moving it when it must be. */
#include <stdlib.h>

#include "wasm/lower.h"

uint32_t lower_slot_of_local(const struct lower *l, uint32_t local)
{
    return local < l->type->n_params ? local : local + 2;
}

uint32_t lower_slot_at(const struct lower *l, uint32_t height)
{
    return l->f->n_locals + 2 + height;
}

struct operand *lower_top(struct lower *l, uint32_t depth)
{
    return &l->stack[l->height - 1 - depth];
}

static void lazy_remove(struct lower *l, uint32_t height)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < l->n_lazy; i++)
        if (l->lazy[i] != height)
            l->lazy[kept++] = l->lazy[i];
    l->n_lazy = kept;
}

void lower_push(struct lower *l, const struct operand *o)
{
    if (l->height && lower_top(l, 0)->is_volatile)
        lower_settle(l, l->height - 1);
    if (o->kind != OPERAND_TEMP) {
        if (l->n_lazy == LAZY_MAX)
            lower_settle(l, l->lazy[0]);
        l->lazy[l->n_lazy++] = l->height;
    }
    l->stack[l->height++] = *o;
}

void lower_push_temps(struct lower *l, uint32_t n)
{
    while (n--)
        lower_push(l, &(struct operand){.kind = OPERAND_TEMP});
}

void lower_pop(struct lower *l, uint32_t n)
{
    l->height -= n;
    while (l->n_lazy && l->lazy[l->n_lazy - 1] >= l->height)
        l->n_lazy--;
}

static void emit_move(struct lower *l, uint32_t from, uint32_t to)
{
    struct code *c = l->code;
    struct insn *in;

    if (from == to)
        return;
    if (l->last != LOWER_NONE && c->infos[l->last].op == R_MOVE && c->insns[l->last].c + 1u == to) {
        c->infos[l->last].op = R_MOVE2;
        c->infos[l->last].rest = (uint16_t)l->gas;
        c->infos[l->last].offset = l->offset;
        c->insns[l->last].b = (uint16_t)from;
    } else {
        in = lower_emit(l, R_MOVE);
        in->a = (uint16_t)from;
        in->c = (uint16_t)to;
    }
    lower_wrote(l, to);
}

static void emit_const(struct lower *l, uint64_t bits, uint32_t to)
{
    struct insn *in = lower_emit(l, R_CONST);

    in->imm = bits;
    in->c = (uint16_t)to;
    lower_wrote(l, to);
}

/* acc = x op imm, or slot = acc = x op imm; returns the result as an operand. */
static struct use emit_imm(struct lower *l, uint32_t base, struct use x, uint64_t imm, uint32_t to,
                           bool is_last)
{
    uint32_t mode = x.mode == USE_ACC ? BIN_AI : BIN_SI;
    struct insn *in = lower_emit(l, base + 2 * mode + !is_last);

    in->a = (uint16_t)x.slot;
    in->imm = imm;
    if (is_last) {
        lower_set_dest(l, in, to, CLASS_I32);
    } else {
        in->c = (uint16_t)to;
        l->acc[0] = (struct acc){LOWER_NONE, l->last};
    }
    return (struct use){USE_ACC, to, 0};
}

static struct use emit_add(struct lower *l, struct use x, struct use y, uint32_t to, bool is_last)
{
    struct insn *in;

    if (y.mode == USE_ACC) {
        struct use t = x;

        x = y, y = t;
    }
    in = lower_emit(l, R_I32_ADD + 2 * (x.mode == USE_ACC ? BIN_AS : BIN_SS) + !is_last);
    in->a = (uint16_t)x.slot;
    in->b = (uint16_t)y.slot;
    if (is_last) {
        lower_set_dest(l, in, to, CLASS_I32);
    } else {
        in->c = (uint16_t)to;
        l->acc[0] = (struct acc){LOWER_NONE, l->last};
    }
    return (struct use){USE_ACC, to, 0};
}

/* a + (b << k) + bits, through the accumulator. */
static void emit_sum(struct lower *l, const struct operand *o, uint32_t to)
{
    bool has_a = o->a.slot != LOWER_NONE, has_b = o->b.slot != LOWER_NONE;
    uint32_t imm = (uint32_t)o->bits;
    struct use y = {USE_SLOT, 0, 0};

    if (has_b)
        y = lower_use_leaf(l, o->b);
    if (has_b && o->k)
        y = emit_imm(l, R_I32_SHL, y, o->k, to, !has_a && !imm);
    if (has_a && has_b && (o->k || y.mode == USE_ACC))
        y = emit_add(l, (struct use){USE_SLOT, o->a.slot, 0}, y, to, !imm);
    else if (has_a && has_b)
        y = emit_add(l, lower_use_leaf(l, o->a), y, to, !imm);
    else if (has_a)
        y = lower_use_leaf(l, o->a);
    if (imm || (has_a != has_b && !o->k))
        emit_imm(l, R_I32_ADD, y, imm, to, true);
}

static void emit_operand(struct lower *l, const struct operand *o, uint32_t height, uint32_t to)
{
    switch (o->kind) {
    case OPERAND_TEMP: emit_move(l, lower_slot_at(l, height), to); break;
    case OPERAND_LOCAL: emit_move(l, o->local, to); break;
    case OPERAND_CONST: emit_const(l, o->bits, to); break;
    case OPERAND_SUM: emit_sum(l, o, to); break;
    }
}

void lower_settle(struct lower *l, uint32_t height)
{
    struct operand *o = &l->stack[height];

    if (o->kind == OPERAND_TEMP)
        return;
    lazy_remove(l, height);
    emit_operand(l, o, height, lower_slot_at(l, height));
    *o = (struct operand){.kind = OPERAND_TEMP};
}

static void settle_from(struct lower *l, uint32_t height)
{
    for (uint32_t i = 0; i < l->n_lazy;) {
        if (l->lazy[i] >= height)
            lower_settle(l, l->lazy[i]); /* removes it from the list */
        else
            i++;
    }
}

void lower_settle_top(struct lower *l, uint32_t n)
{
    settle_from(l, l->height - n);
}

void lower_settle_all(struct lower *l)
{
    settle_from(l, 0);
}

void lower_settle_sums(struct lower *l, uint32_t depth_from, uint32_t depth_to)
{
    for (uint32_t i = 0; i < l->n_lazy;) {
        uint32_t h = l->lazy[i], depth = l->height - 1 - h;
        uint8_t kind = l->stack[h].kind;

        if (depth >= depth_from && depth < depth_to && kind == OPERAND_SUM)
            lower_settle(l, h);
        else
            i++;
    }
}

void lower_move_to(struct lower *l, uint32_t height, uint32_t slot)
{
    emit_operand(l, &l->stack[height], height, slot);
}

/* The producer of a temporary that is consumed through the accumulator need not
 * write its slot: nobody else can read it. */
static void drop_store(struct lower *l, uint32_t insn)
{
    struct insn_info *info;

    if (insn == LOWER_NONE)
        return;
    info = &l->code->infos[insn];
    if (rop_info[info->op].family <= FAMILY_LOAD) {
        if (!((info->op - rop_info[info->op].base) & 1))
            info->op++;
    } else if (info->op == R_GLOBAL_GET) {
        info->op = R_GLOBAL_GET_N;
    }
}

static struct use use_slot(struct lower *l, uint32_t slot, bool is_temp, enum rop_class c)
{
    const struct acc *acc = &l->acc[lower_acc_of(c)];

    if (acc->slot != slot)
        return (struct use){USE_SLOT, slot, 0};
    if (is_temp)
        drop_store(l, acc->insn);
    return (struct use){USE_ACC, slot, 0};
}

struct use lower_use_leaf(struct lower *l, struct leaf leaf)
{
    return use_slot(l, leaf.slot, leaf.is_temp, CLASS_I32);
}

struct use lower_use(struct lower *l, enum rop_class c)
{
    struct operand o = *lower_top(l, 0);
    uint32_t height = l->height - 1;

    lower_pop(l, 1);
    if (o.kind == OPERAND_CONST)
        return (struct use){USE_IMM, 0, o.bits};
    if (o.kind == OPERAND_LOCAL)
        return use_slot(l, o.local, false, c);
    return use_slot(l, lower_slot_at(l, height), true, c);
}

uint32_t lower_use_slot(struct lower *l)
{
    uint32_t height = l->height - 1, slot;

    if (lower_top(l, 0)->kind != OPERAND_LOCAL)
        lower_settle(l, height);
    slot = l->stack[height].kind == OPERAND_LOCAL ? l->stack[height].local
                                                  : lower_slot_at(l, height);
    lower_pop(l, 1);
    return slot;
}

static bool reads_local(const struct operand *o, uint32_t slot)
{
    if (o->kind == OPERAND_LOCAL)
        return o->local == slot;
    return o->kind == OPERAND_SUM && (o->a.slot == slot || o->b.slot == slot);
}

/* Values of the local still wanted are moved before it changes.  False: none was. */
static bool preserve(struct lower *l, uint32_t slot)
{
    bool any = false;

    for (uint32_t i = 0; i < l->n_lazy;) {
        if (reads_local(&l->stack[l->lazy[i]], slot)) {
            lower_settle(l, l->lazy[i]);
            any = true;
        } else {
            i++;
        }
    }
    return any;
}

static bool is_wanted(const struct lower *l, uint32_t slot)
{
    for (uint32_t i = 0; i < l->n_lazy; i++)
        if (reads_local(&l->stack[l->lazy[i]], slot))
            return true;
    return false;
}

/* The newest instruction made the top of the stack: let it write the local instead. */
static bool retarget(struct lower *l, uint32_t slot)
{
    struct code *c = l->code;
    enum rop_class out;

    if (l->last == LOWER_NONE || lower_top(l, 0)->kind != OPERAND_TEMP)
        return false;
    out = (enum rop_class)rop_info[c->infos[l->last].op].out;
    if (out == CLASS_NONE || c->insns[l->last].c != lower_slot_at(l, l->height - 1) ||
        is_wanted(l, slot))
        return false;
    lower_set_dest(l, &c->insns[l->last], slot, out);
    return true;
}

void lower_local_set(struct lower *l, uint32_t local)
{
    uint32_t slot = lower_slot_of_local(l, local), height = l->height - 1;
    struct operand o = *lower_top(l, 0);

    if (retarget(l, slot)) {
        lower_pop(l, 1);
        return;
    }
    lower_pop(l, 1);
    if (o.kind == OPERAND_LOCAL && o.local == slot)
        return;
    preserve(l, slot);
    emit_operand(l, &o, height, slot);
}
