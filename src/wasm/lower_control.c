/* Blocks, branches and calls. */
#include "wasm/lower.h"

/* A condition taken off the operand stack, ready to become a branch. */
struct cond {
    uint32_t op;   /* first variant of a BR operation */
    uint32_t mode; /* BR_SS ... */
    uint32_t a, b;
    int32_t imm;
};

static struct label *label_at(struct lower *l, uint32_t depth)
{
    return &l->labels[l->n_labels - 1 - depth];
}

static uint32_t label_arity(const struct label *label)
{
    return label->kind == LABEL_LOOP ? label->n_params : label->n_results;
}

/* Points hi of a branch at a label; forward ones are chained until it is bound. */
static void target(struct lower *l, struct label *label, uint32_t insn)
{
    struct insn *in = &l->code->insns[insn];

    if (l->failed)
        return;
    if (label->kind == LABEL_LOOP) {
        in->hi = ((int32_t)label->start - (int32_t)insn) * (int32_t)sizeof *in;
    } else {
        in->hi = (int32_t)label->patches;
        label->patches = insn;
    }
}

static void patch_here(struct lower *l, uint32_t insn)
{
    struct insn *insns = l->code->insns;

    insns[insn].hi = ((int32_t)l->code->n_insns - (int32_t)insn) * (int32_t)sizeof *insns;
}

/* Every branch to the label arrives at the next instruction. */
static void bind(struct lower *l, uint32_t chain)
{
    if (chain == LOWER_NONE || l->failed)
        return;
    lower_mark_entry(l);
    while (chain != LOWER_NONE) {
        uint32_t next = (uint32_t)l->code->insns[chain].hi;

        patch_here(l, chain);
        chain = next;
    }
}

/* ---- conditions -------------------------------------------------------- */

static uint32_t negated(uint32_t op)
{
    static const uint16_t pairs[][2] = {
        {R_BR_I32_EQ, R_BR_I32_NE},     {R_BR_I32_LT_S, R_BR_I32_GE_S},
        {R_BR_I32_LT_U, R_BR_I32_GE_U}, {R_BR_I32_GT_S, R_BR_I32_LE_S},
        {R_BR_I32_GT_U, R_BR_I32_LE_U}, {R_BR_I64_EQ, R_BR_I64_NE},
        {R_BR_I64_LT_S, R_BR_I64_GE_S}, {R_BR_I64_LT_U, R_BR_I64_GE_U},
        {R_BR_I64_GT_S, R_BR_I64_LE_S}, {R_BR_I64_GT_U, R_BR_I64_LE_U},
        {R_BR_F32_EQ, R_BR_F32_NE},     {R_BR_F64_EQ, R_BR_F64_NE},
        {R_BR_F32_LT, R_BR_F32_NLT},    {R_BR_F32_GT, R_BR_F32_NGT},
        {R_BR_F32_LE, R_BR_F32_NLE},    {R_BR_F32_GE, R_BR_F32_NGE},
        {R_BR_F64_LT, R_BR_F64_NLT},    {R_BR_F64_GT, R_BR_F64_NGT},
        {R_BR_F64_LE, R_BR_F64_NLE},    {R_BR_F64_GE, R_BR_F64_NGE},
    };

    for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (pairs[i][0] == op)
            return pairs[i][1];
        if (pairs[i][1] == op)
            return pairs[i][0];
    }
    return op;
}

/* The 32 bits a branch has for the immediate of a comparison; false when they do not do. */
static bool branch_imm(int32_t *out, enum rop_class c, uint64_t imm)
{
    union {
        uint64_t u;
        double d;
    } wide = {imm};
    union {
        float f;
        int32_t i;
    } narrow;

    switch (c) {
    case CLASS_I64: *out = (int32_t)imm; return (uint64_t)(int64_t)*out == imm;
    case CLASS_F64:
        if (!(wide.d >= -1e30 && wide.d <= 1e30)) /* NaN too */
            return false;
        narrow.f = (float)wide.d;
        *out = narrow.i;
        return (double)narrow.f == wide.d && (wide.d != 0 || imm == 0);
    default: *out = (int32_t)imm; return true;
    }
}

/* The comparison that made the top of the stack, if it is the newest instruction, is
 * taken back and its operands are returned. */
static bool take_comparison(struct lower *l, struct cond *out)
{
    const struct code *c = l->code;
    const struct rop_info *info;
    const struct insn *in;
    uint32_t variant;

    if (l->last == LOWER_NONE || lower_top(l, 0)->kind != OPERAND_TEMP)
        return false;
    in = &c->insns[l->last];
    info = &rop_info[c->infos[l->last].op];
    variant = (uint32_t)(c->infos[l->last].op - info->base);
    if (info->base >= R_I32_ADD || (variant & 1) || in->c != lower_slot_at(l, l->height - 1))
        return false;
    *out = (struct cond){R_BR_I32_EQ + info->base / 14u * 4u, BR_SS, in->a, in->b, 0};
    switch (variant / 2) {
    case BIN_SS: break;
    case BIN_AS: out->mode = BR_AS; break;
    case BIN_SI:
    case BIN_AI:
        out->mode = variant / 2 == BIN_SI ? BR_SI : BR_AI;
        if (!branch_imm(&out->imm, (enum rop_class)info->in, in->imm))
            return false;
        break;
    default: return false;
    }
    lower_unemit(l);
    lower_pop(l, 1);
    return true;
}

/* Pops the condition.  Until the branch is emitted nothing may write an accumulator, so
 * address sums below it are settled first. */
static struct cond take_condition(struct lower *l, bool negate)
{
    struct cond cond;
    struct use x;

    lower_settle_sums(l, 1, UINT32_MAX);
    if (!take_comparison(l, &cond)) {
        if (lower_top(l, 0)->kind != OPERAND_LOCAL)
            lower_settle_top(l, 1);
        x = lower_use(l, CLASS_I32);
        cond = (struct cond){R_BR_I32_NE, x.mode == USE_ACC ? BR_AI : BR_SI, x.slot, 0, 0};
    }
    if (negate)
        cond.op = negated(cond.op);
    return cond;
}

/* i += c; if (i < n) as one instruction: the newest one adds to a local, the
 * condition compares the sum. */
static bool fuse_latch(struct lower *l, struct cond *cond)
{
    const struct insn *add;
    uint32_t op;

    if (l->last == LOWER_NONE || cond->op > R_BR_I32_GE_U ||
        (cond->mode != BR_AS && cond->mode != BR_AI))
        return false;
    add = &l->code->insns[l->last];
    op = l->code->infos[l->last].op;
    if (op != R_I32_ADD_si || add->a != add->c || add->a >= l->f->n_locals + 2 ||
        add->lo < INT16_MIN || add->lo > INT16_MAX)
        return false;
    cond->a = add->a;
    op = (uint32_t)R_LATCH_EQ + (cond->op - R_BR_I32_EQ) / 4 * 2;
    cond->op = (uint32_t)(uint16_t)add->lo << 16 | op;
    return true;
}

/* Emits the branch and ends the strip; returns its index for target(). */
static uint32_t branch(struct lower *l, struct cond *cond)
{
    struct insn *in;
    uint32_t insn;

    if (fuse_latch(l, cond)) {
        lower_unemit(l);
        in = lower_emit(l, (cond->op & 0xffff) + (cond->mode == BR_AI ? LATCH_I : LATCH_S));
        in->c = (uint16_t)(cond->op >> 16);
        lower_wrote(l, cond->a);
        l->acc[0] = (struct acc){cond->a, LOWER_NONE};
    } else {
        in = lower_emit(l, cond->op + cond->mode);
    }
    in->a = (uint16_t)cond->a;
    in->b = (uint16_t)cond->b;
    in->lo = cond->imm;
    insn = l->last == LOWER_NONE ? 0 : l->last;
    lower_end_strip(l);
    return insn;
}

static uint32_t jump(struct lower *l)
{
    uint32_t insn;

    lower_emit(l, R_JUMP);
    insn = l->last == LOWER_NONE ? 0 : l->last;
    lower_end_strip(l);
    return insn;
}

/* ---- values carried by branches ------------------------------------------ */

/* Whether the top n values are, once settled, where the label wants them. */
static bool in_place(const struct lower *l, const struct label *label, uint32_t n)
{
    return n == 0 || l->height - n == label->height;
}

/* Copies the top n values, settled unless n == 1, down to where the label wants them. */
static void carry(struct lower *l, const struct label *label, uint32_t n)
{
    struct insn *in;

    if (in_place(l, label, n))
        return;
    if (n == 1) {
        lower_move_to(l, l->height - 1, lower_slot_at(l, label->height));
        return;
    }
    in = lower_emit(l, R_MOVE_N);
    in->a = (uint16_t)lower_slot_at(l, l->height - n);
    in->c = (uint16_t)lower_slot_at(l, label->height);
    in->lo = (int32_t)n;
    lower_forget(l);
}

/* Both ways out of a branch have the top n values, one of them in their slots, so
 * their producers must write them even if the other takes them from an accumulator. */
static void keep_stores(struct lower *l, uint32_t n)
{
    for (unsigned i = 0; i < 3; i++)
        if (n && l->acc[i].slot != LOWER_NONE && l->acc[i].slot >= lower_slot_at(l, l->height - n))
            l->acc[i].insn = LOWER_NONE;
}

static void settle_carried(struct lower *l, const struct label *label, uint32_t n)
{
    if (n > 1 || in_place(l, label, n))
        lower_settle_top(l, n);
}

static void die(struct lower *l)
{
    label_at(l, 0)->is_dead = true;
    l->dead_depth = 0;
    lower_pop(l, l->height - label_at(l, 0)->height);
}

static void br(struct lower *l, uint32_t depth)
{
    struct label *label = label_at(l, depth);
    uint32_t n = label_arity(label);

    settle_carried(l, label, n);
    carry(l, label, n);
    target(l, label, jump(l));
    die(l);
}

static void br_if(struct lower *l, uint32_t depth)
{
    struct label *label = label_at(l, depth);
    uint32_t n = label_arity(label), skip;
    struct cond cond;

    cond = take_condition(l, false);
    settle_carried(l, label, n);
    if (in_place(l, label, n)) {
        target(l, label, branch(l, &cond));
        keep_stores(l, n);
        return;
    }
    cond.op = negated(cond.op);
    skip = branch(l, &cond);
    carry(l, label, n);
    target(l, label, jump(l));
    if (!l->failed)
        patch_here(l, skip);
    lower_mark_entry(l);
}

/* The default is the last of in->a + 1 targets. */
static void br_table(struct lower *l, const struct instr *in)
{
    struct cursor c = in->labels;
    uint32_t depth = 0, n, table, n_targets = in->a + 1;
    bool direct = true;
    struct insn *insn;
    struct use x;

    lower_settle_sums(l, 0, UINT32_MAX);
    if (lower_top(l, 0)->kind == OPERAND_CONST)
        lower_settle_top(l, 1);
    x = lower_use(l, CLASS_I32);
    while (leb_u32(&c, &depth))
        ;
    n = label_arity(label_at(l, depth));
    lower_settle_top(l, n);
    for (c = in->labels; leb_u32(&c, &depth);)
        direct = direct && in_place(l, label_at(l, depth), n);
    insn = lower_emit(l, x.mode == USE_ACC ? R_BR_TABLE_A : R_BR_TABLE_S);
    insn->a = (uint16_t)x.slot;
    insn->lo = (int32_t)in->a;
    lower_end_strip(l);
    table = (uint32_t)l->code->n_insns;
    l->is_entry = false; /* the targets are operands, never executed */
    for (uint32_t i = 0; i < n_targets; i++)
        lower_emit(l, R_JUMP);
    l->strip = (uint32_t)l->code->n_insns;
    lower_end_strip(l);
    c = in->labels;
    for (uint32_t i = 0; i < n_targets && !l->failed && leb_u32(&c, &depth); i++) {
        struct label *label = label_at(l, depth);

        if (direct || in_place(l, label, n)) {
            target(l, label, table + i);
        } else {
            patch_here(l, table + i);
            carry(l, label, n);
            target(l, label, jump(l));
        }
    }
    die(l);
}

static void return_one(struct lower *l)
{
    enum rop_class c = CLASS_I64;
    struct insn *in;
    struct use x;
    uint32_t op;

    if (l->type->results[0] == VAL_F32)
        c = CLASS_F32;
    else if (l->type->results[0] == VAL_F64)
        c = CLASS_F64;
    lower_settle_sums(l, 0, 1);
    x = lower_use(l, c);
    op = x.mode == USE_IMM    ? R_RET1_I
         : x.mode == USE_SLOT ? R_RET1_S
         : c == CLASS_F32     ? R_RET1_F32
         : c == CLASS_F64     ? R_RET1_F64
                              : R_RET1_A;
    in = lower_emit(l, op);
    in->a = (uint16_t)x.slot;
    in->b = (uint16_t)l->type->n_params;
    in->imm = x.bits;
}

static void emit_return(struct lower *l)
{
    uint32_t n = l->type->n_results;
    struct insn *in;

    if (n == 1) {
        return_one(l);
    } else {
        lower_settle_top(l, n);
        in = lower_emit(l, n ? R_RET_N : R_RET0);
        in->a = (uint16_t)lower_slot_at(l, l->height - n);
        in->b = (uint16_t)l->type->n_params;
        in->lo = (int32_t)n;
    }
    lower_end_strip(l);
    die(l);
}

/* ---- blocks ----------------------------------------------------------- */

static void block_arity(const struct lower *l, const struct instr *in, uint32_t *n_params,
                        uint32_t *n_results)
{
    if (in->block_kind == BLOCK_TYPE_INDEX) {
        *n_params = l->m->types[in->a].n_params;
        *n_results = l->m->types[in->a].n_results;
    } else {
        *n_params = 0;
        *n_results = in->type != VAL_ANY;
    }
}

static void open_block(struct lower *l, const struct instr *in, enum label_kind kind)
{
    struct label label = {.kind = (uint8_t)kind, .patches = LOWER_NONE, .else_patch = LOWER_NONE};
    struct cond cond;

    block_arity(l, in, &label.n_params, &label.n_results);
    if (kind == LABEL_IF) {
        cond = take_condition(l, true);
        lower_settle_all(l);
        label.else_patch = branch(l, &cond);
        keep_stores(l, label.n_params);
    } else {
        lower_settle_all(l);
    }
    label.height = l->height - label.n_params;
    if (kind == LABEL_LOOP) {
        lower_mark_entry(l);
        label.start = (uint32_t)l->code->n_insns;
    }
    l->labels[l->n_labels++] = label;
}

static void bind_else(struct lower *l, struct label *label)
{
    if (l->failed || label->else_patch == LOWER_NONE)
        return;
    lower_mark_entry(l);
    patch_here(l, label->else_patch);
    label->else_patch = LOWER_NONE;
}

static void else_part(struct lower *l)
{
    struct label *label = label_at(l, 0);

    if (!label->is_dead) {
        lower_settle_top(l, label->n_results);
        target(l, label, jump(l));
    }
    lower_pop(l, l->height - label->height);
    bind_else(l, label);
    lower_push_temps(l, label->n_params);
    label->kind = LABEL_ELSE;
    label->is_dead = false;
}

static void end_function(struct lower *l)
{
    struct label *label = label_at(l, 0);
    uint32_t chain = label->patches;

    if (!label->is_dead && chain != LOWER_NONE)
        lower_settle_top(l, label->n_results);
    if (!label->is_dead || chain != LOWER_NONE) {
        bind(l, chain);
        if (label->is_dead)
            lower_push_temps(l, label->n_results);
        emit_return(l);
    }
    l->n_labels--;
}

static void end_block(struct lower *l)
{
    struct label *label = label_at(l, 0);
    bool joins = label->patches != LOWER_NONE || label->else_patch != LOWER_NONE;
    uint32_t n_results = label->n_results;
    bool was_dead = label->is_dead;

    if (label->kind == LABEL_FUNC) {
        end_function(l);
        return;
    }
    if (!was_dead && joins)
        lower_settle_top(l, n_results);
    if (label->else_patch != LOWER_NONE) /* if without else: parameters are the results */
        bind_else(l, label);
    bind(l, label->patches);
    if (was_dead || joins) {
        lower_pop(l, l->height - label->height);
        if (joins)
            lower_push_temps(l, n_results);
    }
    l->n_labels--;
    if (was_dead && !joins)
        die(l);
}

/* ---- calls ---------------------------------------------------------------- */

static void call(struct lower *l, const struct func_type *type, uint32_t op, uint32_t a, int32_t lo,
                 int32_t hi)
{
    uint32_t base;
    struct insn *in;

    lower_settle_top(l, type->n_params);
    lower_pop(l, type->n_params);
    if (l->height && lower_top(l, 0)->is_volatile) /* the callee's frame covers its leaf */
        lower_settle(l, l->height - 1);
    base = lower_slot_at(l, l->height);
    in = lower_emit(l, op);
    in->a = (uint16_t)a;
    in->c = (uint16_t)base;
    in->lo = lo;
    in->hi = hi;
    lower_end_strip(l);
    lower_forget(l);
    lower_push_temps(l, type->n_results);
    if (type->n_results == 1 && type->results[0] != VAL_F32 && type->results[0] != VAL_F64)
        l->acc[0] = (struct acc){base, LOWER_NONE};
}

static void call_indirect(struct lower *l, const struct instr *in)
{
    uint32_t a = lower_use_slot(l);

    call(l, &l->m->types[in->a], R_CALL_INDIRECT, a, (int32_t)in->a, (int32_t)in->b);
}

static void unreachable(struct lower *l)
{
    lower_emit(l, R_UNREACHABLE);
    lower_end_strip(l);
    die(l);
}

bool lower_control(struct lower *l, const struct instr *in)
{
    switch (in->op) {
    case OP_UNREACHABLE: unreachable(l); return true;
    case OP_BLOCK: open_block(l, in, LABEL_BLOCK); return true;
    case OP_LOOP: open_block(l, in, LABEL_LOOP); return true;
    case OP_IF: open_block(l, in, LABEL_IF); return true;
    case OP_ELSE: else_part(l); return true;
    case OP_END: end_block(l); return true;
    case OP_BR: br(l, in->a); return true;
    case OP_BR_IF: br_if(l, in->a); return true;
    case OP_BR_TABLE: br_table(l, in); return true;
    case OP_RETURN: emit_return(l); return true;
    case OP_CALL:
        call(l, module_func_type(l->m, in->a),
             l->m->funcs[in->a].import >= 0 ? R_CALL_IMPORT : R_CALL, 0, (int32_t)in->a, 0);
        return true;
    case OP_CALL_INDIRECT: call_indirect(l, in); return true;
    default: return false;
    }
}

bool lower_skip(struct lower *l, const struct instr *in)
{
    if (!label_at(l, 0)->is_dead)
        return false;
    switch (in->op) {
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF: l->dead_depth++; return true;
    case OP_ELSE: return l->dead_depth > 0;
    case OP_END:
        if (l->dead_depth == 0)
            return false;
        l->dead_depth--;
        return true;
    default: return true;
    }
}

void lower_begin(struct lower *l)
{
    l->height = l->n_lazy = l->dead_depth = 0;
    l->gas = 0;
    l->strip = (uint32_t)l->code->n_insns;
    l->is_entry = true;
    l->entry_gas = 0;
    l->last = LOWER_NONE;
    lower_forget(l);
    l->labels[0] = (struct label){.kind = LABEL_FUNC,
                                  .n_results = l->type->n_results,
                                  .patches = LOWER_NONE,
                                  .else_patch = LOWER_NONE};
    l->n_labels = 1;
}
