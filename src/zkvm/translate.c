/* From the register form to entries; see zkop.h for what an opcode says. */
#include "zkvm/translate.h"

#include "wasm/rop.h"

void entry_slots(struct program_entry *e, unsigned n, uint16_t s0, uint16_t s1, uint16_t s2)
{
    uint16_t s[3] = {s0, s1, s2};

    if (n > 0)
        e->top = s[n - 1];
    if (n > 1)
        e->a = s[0];
    if (n > 2)
        e->b = s[1];
}

/* ---- arithmetic --------------------------------------------------------------- */

/* Source operation to ours; greater-than exchanges the operands. */
struct alu_of {
    uint8_t alu;
    bool swap;
};

static struct alu_of compare_of(unsigned i) /* EQ NE LT_S LT_U GT_S GT_U LE_S LE_U GE_S GE_U */
{
    static const struct alu_of of[10] = {{ALU_EQ, false},   {ALU_NE, false},  {ALU_LT_S, false},
                                         {ALU_LT_U, false}, {ALU_LT_S, true}, {ALU_LT_U, true},
                                         {ALU_GE_S, true},  {ALU_GE_U, true}, {ALU_GE_S, false},
                                         {ALU_GE_U, false}};

    return of[i];
}

static struct alu_of arithmetic_of(unsigned i)
{
    static const uint8_t of[15] = {ALU_ADD,   ALU_SUB,   ALU_MUL,   ALU_DIV_S, ALU_DIV_U,
                                   ALU_REM_S, ALU_REM_U, ALU_AND,   ALU_OR,    ALU_XOR,
                                   ALU_SHL,   ALU_SHR_S, ALU_SHR_U, ALU_ROTL,  ALU_ROTR};

    return (struct alu_of){of[i], false};
}

static unsigned swapped_shape(unsigned shape)
{
    static const uint8_t of[ZK_SHAPES] = {
        [SHAPE_SS] = SHAPE_SS, [SHAPE_AS] = SHAPE_SA, [SHAPE_SA] = SHAPE_AS, [SHAPE_SI] = SHAPE_IS,
        [SHAPE_AI] = SHAPE_IA, [SHAPE_IS] = SHAPE_SI, [SHAPE_IA] = SHAPE_AI};

    return of[shape];
}

/* The immediate as the chip of the operation wants it. */
static uint64_t immediate(unsigned alu, bool is64, uint64_t imm)
{
    unsigned w = is64 ? 64 : 32;
    uint64_t mask = is64 ? UINT64_MAX : UINT32_MAX;

    imm &= mask;
    switch (alu) {
    case ALU_LT_S:
    case ALU_GE_S: return (imm + ((uint64_t)1 << (w - 1))) & mask;
    case ALU_SHL:
    case ALU_SHR_U:
    case ALU_SHR_S:
    case ALU_ROTL: return imm & (w - 1);
    case ALU_ROTR: return -imm & (w - 1);
    default: return imm;
    }
}

static bool has_immediate(unsigned shape)
{
    return shape >= SHAPE_SI;
}

static bool shifts(unsigned alu)
{
    return alu >= ALU_SHL && alu <= ALU_ROTR;
}

struct operands {
    struct alu_of of;
    unsigned shape;
    uint16_t x, y;
    uint64_t imm;
    bool is64;
};

/* Exchanges, and takes tests against zero for what they are. */
static void normalize(struct operands *o)
{
    unsigned alu = o->of.alu;

    if (o->of.swap) {
        uint16_t t = o->x;

        o->x = o->y, o->y = t;
        o->shape = swapped_shape(o->shape);
    }
    if (has_immediate(o->shape)) {
        bool right = o->shape == SHAPE_SI || o->shape == SHAPE_AI;

        if (right || !shifts(alu)) /* an immediate that is shifted stays as it is */
            o->imm = immediate(alu, o->is64, o->imm);
        if (right && o->imm == 0 && (alu == ALU_EQ || alu == ALU_NE))
            o->of.alu = (uint8_t)(alu + (ALU_EQZ - ALU_EQ));
    }
}

static unsigned shape_slots(unsigned shape, const struct operands *o, uint16_t s[2])
{
    unsigned n = 0;

    if (shape == SHAPE_SS || shape == SHAPE_SA || shape == SHAPE_SI)
        s[n++] = o->x;
    if (shape == SHAPE_SS || shape == SHAPE_AS || shape == SHAPE_IS)
        s[n++] = o->y;
    return n;
}

static void put_slots(struct program_entry *e, unsigned n, const uint16_t s[2], bool writes,
                      uint16_t dest)
{
    uint16_t all[3] = {0, 0, 0};

    for (unsigned i = 0; i < n; i++)
        all[i] = s[i];
    if (writes)
        all[n++] = dest;
    entry_slots(e, n, all[0], all[1], all[2]);
}

/* Logic that is arithmetic, at a lower price and without the table of `and`: the low bits of a
 * number are its rest, turning the highest bit is adding it. */
static void simplify(struct operands *o)
{
    uint64_t top = (uint64_t)1 << (o->is64 ? 63 : 31);

    if (o->shape != SHAPE_SI && o->shape != SHAPE_AI)
        return;
    if (o->of.alu == ALU_AND && o->imm && (o->imm & (o->imm + 1)) == 0 && o->imm < top)
        o->of.alu = ALU_REM_U, o->imm++;
    else if (o->of.alu == ALU_XOR && o->imm == top)
        o->of.alu = ALU_ADD;
    else if (o->of.alu == ALU_XOR && o->imm == top + (top - 1)) /* all bits turned: -1 - x */
        o->of = (struct alu_of){ALU_SUB, true};
}

static void bin(struct program_entry *e, const struct insn *in, const struct rop_info *info,
                unsigned variant)
{
    static const uint8_t shape_of[] = {SHAPE_SS, SHAPE_AS, SHAPE_SA, SHAPE_SI,
                                       SHAPE_AI, SHAPE_IS, SHAPE_IA};
    struct operands o = {.shape = shape_of[variant / 2], .x = in->a, .y = in->b, .imm = in->imm};
    uint16_t s[2];
    unsigned n;

    if (info->base < R_I64_EQ)
        o.of = compare_of((info->base - R_I32_EQ) / 14u);
    else if (info->base < R_F32_EQ)
        o.of = compare_of((info->base - R_I64_EQ) / 14u), o.is64 = true;
    else if (info->base >= R_I32_ADD && info->base < R_I64_ADD)
        o.of = arithmetic_of((info->base - R_I32_ADD) / 14u);
    else if (info->base >= R_I64_ADD && info->base < R_F32_ADD)
        o.of = arithmetic_of((info->base - R_I64_ADD) / 14u), o.is64 = true;
    else
        return;
    if (!o.is64)
        o.imm &= UINT32_MAX;
    simplify(&o);
    normalize(&o);
    n = shape_slots(o.shape, &o, s);
    e->op = (uint16_t)ZOP_ALU(o.of.alu, o.is64, o.shape, variant & 1u);
    put_slots(e, n, s, !(variant & 1), in->c);
    e->imm = o.of.alu >= ALU_EQZ || !has_immediate(o.shape) ? 0 : o.imm;
    if (o.of.alu == ALU_ROTR && has_immediate(o.shape) && o.shape <= SHAPE_AI)
        e->op = (uint16_t)ZOP_ALU(ALU_ROTL, o.is64, o.shape, variant & 1u);
}

static void un(struct program_entry *e, const struct insn *in, const struct rop_info *info,
               unsigned variant)
{
    unsigned kind, is64 = 0, is_acc = variant >= 2, n = variant & 1;
    uint16_t s[2] = {in->a, 0};

    switch (info->base) {
    case R_I32_CLZ: kind = UN_CLZ; break;
    case R_I32_CTZ: kind = UN_CTZ; break;
    case R_I32_POPCNT: kind = UN_POPCNT; break;
    case R_I64_CLZ: kind = UN_CLZ, is64 = 1; break;
    case R_I64_CTZ: kind = UN_CTZ, is64 = 1; break;
    case R_I64_POPCNT: kind = UN_POPCNT, is64 = 1; break;
    case R_I32_EXTEND8_S: kind = UN_EXTEND8; break;
    case R_I32_EXTEND16_S: kind = UN_EXTEND16; break;
    case R_I64_EXTEND8_S: kind = UN_EXTEND8, is64 = 1; break;
    case R_I64_EXTEND16_S: kind = UN_EXTEND16, is64 = 1; break;
    case R_I64_EXTEND32_S: kind = UN_EXTEND32, is64 = 1; break;
    case R_I32_WRAP_I64: kind = UN_WRAP, is64 = 1; break;
    case R_I64_EXTEND_I32_S: kind = UN_EXTEND_I32, is64 = 1; break;
    default: return;
    }
    e->op = (uint16_t)ZOP_UN(kind, is64, is_acc, n);
    put_slots(e, !is_acc, s, !n, in->c);
}

/* ---- memory --------------------------------------------------------------------- */

static void load(struct program_entry *e, const struct insn *in, const struct rop_info *info,
                 unsigned variant)
{
    static const struct {
        uint16_t base;
        uint8_t load;
    } of[] = {
        {R_LOAD32, ZLOAD_32},       {R_LOAD64, ZLOAD_64},         {R_LOAD8_S32, ZLOAD_8_S32},
        {R_LOAD8_U, ZLOAD_8_U},     {R_LOAD16_S32, ZLOAD_16_S32}, {R_LOAD16_U, ZLOAD_16_U},
        {R_LOAD8_S64, ZLOAD_8_S64}, {R_LOAD16_S64, ZLOAD_16_S64}, {R_LOAD32_S64, ZLOAD_32_S64}};
    unsigned mode = variant / 2, n = 0;
    uint16_t s[2];

    if (mode == LOAD_S || mode == LOAD_X_SS || mode == LOAD_K_SS || mode == LOAD_K_SA)
        s[n++] = in->a;
    if (mode == LOAD_X_SS || mode == LOAD_X_AS || mode == LOAD_K_SS || mode == LOAD_K_AS ||
        mode == LOAD_H_S)
        s[n++] = in->b;
    for (unsigned i = 0; i < sizeof of / sizeof *of; i++) {
        if (of[i].base != info->base)
            continue;
        e->op = (uint16_t)ZOP_LOAD(of[i].load, mode, in->hi != 0, variant & 1u);
        put_slots(e, n, s, !(variant & 1), in->c);
        e->imm = in->imm;
    }
}

static void store(struct program_entry *e, const struct insn *in, const struct rop_info *info,
                  unsigned variant)
{
    unsigned lg = (info->base - R_STORE8) / 18u, mode = variant / 3, value = variant % 3, n = 0;
    uint16_t s[2];

    if (mode == STORE_S || mode == STORE_X || mode == STORE_K)
        s[n++] = in->a;
    if (mode == STORE_X || mode == STORE_K || mode == STORE_H)
        s[n++] = in->b;
    e->op = (uint16_t)ZOP_STORE(lg, mode, in->hi != 0, value);
    put_slots(e, n, s, value == STORE_VALUE_S, in->c);
    e->imm = in->imm;
    if (value == STORE_VALUE_I)
        e->rel = in->c;
}

/* ---- branches -------------------------------------------------------------------- */

uint32_t branch_target(const struct code *c, uint32_t insn)
{
    const struct rop_info *info = &rop_info[c->infos[insn].op];

    if (info->family != FAMILY_BR && info->family != FAMILY_LATCH && c->infos[insn].op != R_JUMP)
        return UINT32_MAX;
    return (uint32_t)((int64_t)insn + c->insns[insn].hi / (int32_t)sizeof *c->insns);
}

/* A distance that the 16 bits of REL may not hold. */
static bool is_long(const struct program_part *part, uint32_t insn)
{
    int64_t d = (int64_t)branch_target(part->code, insn) - insn;

    return d < -4000 || d > 4000;
}

static uint16_t relative(uint32_t pc, uint32_t target)
{
    return (uint16_t)((int64_t)target - pc + ZREL_BIAS);
}

static void br(struct program_entry *e, const struct insn *in, const struct rop_info *info,
               unsigned variant)
{
    static const uint8_t shape_of[] = {SHAPE_SS, SHAPE_AS, SHAPE_SI, SHAPE_AI};
    struct operands o = {.shape = shape_of[variant],
                         .x = in->a,
                         .y = in->b,
                         .imm = (uint64_t)(int64_t)in->lo,
                         .is64 = info->base >= R_BR_I64_EQ};
    uint16_t s[2];
    unsigned n;

    if (info->base >= R_BR_F32_EQ)
        return;
    o.of = compare_of((info->base - (o.is64 ? R_BR_I64_EQ : R_BR_I32_EQ)) / 4u);
    normalize(&o);
    n = shape_slots(o.shape, &o, s);
    e->op = (uint16_t)ZOP_BR(o.of.alu, o.is64, o.shape);
    put_slots(e, n, s, false, 0);
    e->imm = o.of.alu >= ALU_EQZ || !has_immediate(o.shape) ? 0 : o.imm;
}

static void latch(struct program_entry *e, const struct insn *in, const struct rop_info *info,
                  unsigned variant)
{
    struct operands o = {.of = compare_of((info->base - R_LATCH_EQ) / 2u),
                         .shape = variant ? SHAPE_SI : SHAPE_SS,
                         .imm = (uint32_t)in->lo};
    int16_t step = (int16_t)in->c;
    unsigned bound;

    normalize(&o);
    bound = variant ? (o.shape == SHAPE_SI ? BOUND_I : BOUND_I_FIRST)
                    : (o.of.swap ? BOUND_S_FIRST : BOUND_S);
    e->op = (uint16_t)ZOP_LATCH(o.of.alu, step < 0, bound);
    e->b = (uint16_t)(step < 0 ? -step : step);
    if (variant) {
        e->top = in->a;
        e->imm = o.of.alu >= ALU_EQZ ? 0 : o.imm;
    } else {
        e->a = in->b;
        e->top = in->a;
    }
}

/* ---- the rest --------------------------------------------------------------------- */

void entry_call(struct program_entry *e, const struct program *p, uint32_t func, uint16_t first)
{
    const struct func_code *f = &p->code->funcs[func];
    uint64_t room = (uint64_t)p->stack_slots_max + ZFP_START + 65536 - f->frame_slots;

    e->op = (uint16_t)ZOP_ONE(ZONE_CALL);
    e->a = first;
    e->top = (uint16_t)(first + f->n_params);
    e->imm = p->guest.pc_call[func] | room << 32;
}

/* The routine's number becomes its pc when all pcs are known (program.c). */
void entry_routine(struct program_entry *e, const struct program *p, enum routine routine,
                   uint32_t first)
{
    const struct func_code *f = &p->runtime->code->funcs[p->runtime->funcs[routine]];

    e->op = (uint16_t)ZOP_ONE(ZONE_ROUTINE);
    e->a = (uint16_t)first;
    e->top = (uint16_t)(first + f->n_params);
    e->imm = routine;
}

void entry_move(struct program_entry *e, uint16_t from, uint16_t to)
{
    e->op = (uint16_t)ZOP_ONE(ZONE_MOVE);
    entry_slots(e, 2, from, to, 0);
}

void entry_put_acc(struct program_entry *e, uint16_t to)
{
    e->op = (uint16_t)ZOP_ONE(ZONE_PUT_ACC);
    e->top = to;
}

void entry_const(struct program_entry *e, uint16_t to, uint64_t imm)
{
    e->op = (uint16_t)ZOP_ONE(ZONE_CONST);
    e->top = to;
    e->imm = imm;
}

/* A call inside a routine: of another one, or of a primitive. */
static void routine_call(struct program_entry *e, const struct program_part *part, uint32_t insn)
{
    const struct insn *in = &part->code->insns[insn];
    const struct primitive *prim;
    uint32_t callee;

    if (part->code->infos[insn].op == R_CALL) {
        callee = runtime_callee(part->code, insn);
        e->op = (uint16_t)ZOP_ONE(ZONE_ROUTINE);
        e->a = in->c;
        e->top = (uint16_t)(in->c + part->code->funcs[callee].n_params);
        e->imm = part->pc_call[callee];
        return;
    }
    prim = runtime_primitive(part->code, (uint32_t)in->lo);
    e->op = (uint16_t)ZOP_ONE(prim->op);
    e->imm = prim->imm;
    e->top = prim->n_params + prim->n_results ? in->c : 0;
}

static void ret(struct program_entry *e, const struct program_part *part, uint32_t insn)
{
    static const uint8_t ones[2][4] = {
        {ZONE_RET0, ZONE_RET1_S, ZONE_RET1_A, ZONE_RET1_I},
        {ZONE_RRET0, ZONE_RRET1_S, ZONE_RRET1_A, ZONE_RRET1_I},
    };
    const uint8_t *of = ones[part->is_runtime];
    const struct insn *in = &part->code->insns[insn];

    e->top = in->b;
    switch (translate_op(part, insn)) {
    case R_RET0: e->op = (uint16_t)ZOP_ONE(of[0]); break;
    case R_RET1_S: e->op = (uint16_t)ZOP_ONE(of[1]), e->a = in->a; break;
    case R_RET1_A: e->op = (uint16_t)ZOP_ONE(of[2]); break;
    default: e->op = (uint16_t)ZOP_ONE(of[3]), e->imm = in->imm; break;
    }
}

/* The record first goes behind the frame, where results cannot overwrite it. */
static void ret_n(struct program_entry *e, const struct code *c, uint32_t insn)
{
    const struct insn *in = &c->insns[insn];
    uint16_t free_slot = (uint16_t)c->funcs[code_function_at(c, insn)].frame_slots;

    entry_move(&e[0], in->b, free_slot);
    entry_move(&e[1], (uint16_t)(in->b + 1), (uint16_t)(free_slot + 1));
    for (int32_t i = 0; i < in->lo; i++)
        entry_move(&e[2 + i], (uint16_t)(in->a + i), (uint16_t)i);
    e[2 + in->lo].op = (uint16_t)ZOP_ONE(ZONE_RET0);
    e[2 + in->lo].top = free_slot;
}

/* Limit less frame and first slot: what the stack has left. */
static void call_indirect(struct program_entry *e, const struct program *p, const struct insn *in)
{
    const struct module *m = p->code->module;
    uint64_t limit = (uint64_t)p->stack_slots_max + ZFP_START;

    e->op = (uint16_t)ZOP_ONE(ZONE_CALL_INDIRECT);
    entry_slots(e, 3, in->a, in->c, (uint16_t)(in->c + m->types[in->lo].n_params));
    e->imm = p->tables.all[in->hi].number | limit << CALL_LIMIT_SHIFT |
             (uint64_t)p->tables.type_ids[in->lo] << CALL_TYPE_SHIFT;
}

static void table(struct program_entry *e, const struct program *p, unsigned zone, uint32_t table)
{
    e->op = (uint16_t)ZOP_ONE(zone);
    e->imm = p->tables.all[table].number;
}

/* The segment has no bytes from here on; the slot is above the frame. */
static void data_drop(struct program_entry *e, const struct code *c, uint32_t insn)
{
    uint16_t free_slot = (uint16_t)c->funcs[code_function_at(c, insn)].frame_slots;

    entry_const(&e[0], free_slot, 0);
    e[1].op = (uint16_t)ZOP_ONE(ZONE_SPECIAL_SET);
    e[1].top = free_slot;
    e[1].imm = CELL_DATA((uint32_t)c->insns[insn].lo);
}

/* Behind the operands: where the segment lies on its tape, and what is left of it. */
static void memory_init(struct program_entry *e, const struct program *p, const struct insn *in)
{
    entry_const(&e[0], (uint16_t)(in->a + 3), p->segments[in->lo].first);
    e[1].op = (uint16_t)ZOP_ONE(ZONE_SPECIAL_GET);
    e[1].top = (uint16_t)(in->a + 4);
    e[1].imm = CELL_DATA((uint32_t)in->lo);
    entry_routine(&e[2], p, ROUTINE_MEMORY_INIT, in->a);
}

/* Behind the operands go the tables, or what else is known of them. */
static void table_routine(struct program_entry *e, const struct program *p, enum routine routine,
                          const struct insn *in, unsigned n_operands, const uint32_t *more,
                          unsigned n_more)
{
    for (unsigned i = 0; i < n_more; i++)
        entry_const(&e[i], (uint16_t)(in->a + n_operands + i), more[i]);
    entry_routine(&e[n_more], p, routine, in->a);
}

static void table_bulk(struct program_entry *e, const struct program *p, unsigned op,
                       const struct insn *in)
{
    const struct program_table *all = p->tables.all;
    uint32_t lo = (uint32_t)in->lo, hi = (uint32_t)in->hi;

    switch (op) {
    case R_TABLE_GROW:
        table_routine(e, p, ROUTINE_TABLE_GROW, in, 2, (uint32_t[]){lo, all[lo].size_max}, 2);
        break;
    case R_TABLE_FILL: table_routine(e, p, ROUTINE_TABLE_FILL, in, 3, &lo, 1); break;
    case R_TABLE_COPY:
        table_routine(e, p, ROUTINE_TABLE_COPY, in, 3, (uint32_t[]){lo, hi}, 2);
        break;
    default:
        table_routine(e, p, ROUTINE_TABLE_COPY, in, 3, (uint32_t[]){hi, p->tables.of_segment[lo]},
                      2);
        break;
    }
}

/* The segment is a table without entries from here on, if any table.init can see it. */
static void elem_drop(struct program_entry *e, const struct program *p, uint32_t insn)
{
    uint16_t slot = (uint16_t)p->code->funcs[code_function_at(p->code, insn)].frame_slots;
    uint32_t number = p->tables.of_segment[p->code->insns[insn].lo];

    if (!number) {
        e->op = (uint16_t)ZOP_ONE(ZONE_NOP);
        return;
    }
    entry_const(&e[0], slot, number);
    entry_const(&e[1], (uint16_t)(slot + 1), 0);
    e[2].op = (uint16_t)ZOP_ONE(ZONE_TABLE_RESIZE);
    e[2].top = slot;
}

static void one(struct program_entry *e, const struct program *p, const struct program_part *part,
                uint32_t insn)
{
    const struct insn *in = &part->code->insns[insn];
    unsigned op = translate_op(part, insn);

    switch (op) {
    case R_MOVE: entry_move(e, in->a, in->c); break;
    case R_MOVE2:
        entry_move(e, in->a, in->c);
        entry_move(e + 1, in->b, (uint16_t)(in->c + 1));
        break;
    case R_MOVE_N:
        for (int32_t i = 0; i < in->lo; i++)
            entry_move(e + i, (uint16_t)(in->a + i), (uint16_t)(in->c + i));
        break;
    case R_CONST: entry_const(e, in->c, in->imm); break;
    case R_SELECT_S:
    case R_SELECT_A:
        e->op = (uint16_t)ZOP_ONE(op == R_SELECT_S ? ZONE_SELECT_S : ZONE_SELECT_A);
        entry_slots(e, 3, in->a, in->b, in->c);
        e->imm = op == R_SELECT_S ? (uint16_t)in->lo : 0;
        break;
    case R_GLOBAL_GET: e->op = (uint16_t)ZOP_ONE(ZONE_GLOBAL_GET), e->top = in->c; goto named;
    case R_GLOBAL_GET_N: e->op = (uint16_t)ZOP_ONE(ZONE_GLOBAL_GET_N); goto named;
    case R_GLOBAL_SET_S: e->op = (uint16_t)ZOP_ONE(ZONE_GLOBAL_SET_S), e->top = in->a; goto named;
    case R_GLOBAL_SET_A:
        e->op = (uint16_t)ZOP_ONE(ZONE_GLOBAL_SET_A);
    named:
        e->imm = (uint16_t)in->lo;
        if (in->lo > 65535)
            e->op = ZOP_UNSUPPORTED;
        break;
    case R_MEMORY_SIZE: e->op = (uint16_t)ZOP_ONE(ZONE_MEMORY_SIZE), e->top = in->c; break;
    case R_REF_FUNC:
        e->op = (uint16_t)ZOP_ONE(ZONE_REF_FUNC);
        e->top = in->c;
        e->imm = (uint64_t)(uint32_t)in->lo + 1;
        break;
    case R_TABLE_GET:
        table(e, p, ZONE_TABLE_GET, (uint32_t)in->lo);
        entry_slots(e, 2, in->a, in->c, 0);
        break;
    case R_TABLE_SET:
        table(e, p, ZONE_TABLE_SET, (uint32_t)in->lo);
        entry_slots(e, 2, in->a, in->b, 0);
        break;
    case R_TABLE_SIZE:
        table(e, p, ZONE_TABLE_SIZE, (uint32_t)in->lo);
        e->top = in->c;
        break;
    case R_CALL_INDIRECT: call_indirect(e, p, in); break;
    case R_TABLE_GROW:
    case R_TABLE_FILL:
    case R_TABLE_COPY:
    case R_TABLE_INIT: table_bulk(e, p, op, in); break;
    case R_ELEM_DROP: elem_drop(e, p, insn); break;
    case R_UNREACHABLE: e->op = (uint16_t)ZOP_ONE(ZONE_UNREACHABLE); break;
    case R_CHARGE: e->op = (uint16_t)ZOP_ONE(ZONE_NOP); break;
    case R_JUMP:
        e->op = (uint16_t)ZOP_ONE(ZONE_JUMP);
        e->imm = part->pc_of[branch_target(part->code, insn)];
        break;
    case R_BR_TABLE_S: e->op = (uint16_t)ZOP_ONE(ZONE_BR_TABLE_S), e->top = in->a; goto cases;
    case R_BR_TABLE_A:
        e->op = (uint16_t)ZOP_ONE(ZONE_BR_TABLE_A);
    cases:
        e->imm = (uint32_t)in->lo;
        break;
    case R_CALL:
        if (part->is_runtime)
            routine_call(e, part, insn);
        else
            entry_call(e, p, runtime_callee(part->code, insn), in->c);
        break;
    case R_CALL_IMPORT:
        if (part->is_runtime)
            routine_call(e, part, insn);
        else
            entry_routine(e, p, (enum routine)p->imports[in->lo], in->c);
        break;
    case R_RET0:
    case R_RET1_S:
    case R_RET1_A:
    case R_RET1_I: ret(e, part, insn); break;
    case R_RET_N: ret_n(e, part->code, insn); break;
    case R_DATA_DROP: data_drop(e, part->code, insn); break;
    case R_MEMORY_GROW: entry_routine(e, p, ROUTINE_MEMORY_GROW, in->a); break;
    case R_MEMORY_COPY: entry_routine(e, p, ROUTINE_MEMORY_COPY, in->a); break;
    case R_MEMORY_INIT: memory_init(e, p, in); break;
    case R_MEMORY_FILL: entry_routine(e, p, ROUTINE_MEMORY_FILL, in->a); break;
    default: break;
    }
}

uint32_t translate_count(const struct program *p, const struct program_part *part, uint32_t insn)
{
    const struct insn *in = &part->code->insns[insn];
    const struct rop_info *info = &rop_info[part->code->infos[insn].op];
    struct program_entry scratch[TRANSLATE_FLOAT_MAX];
    uint32_t n = translate_float(scratch, p, part, insn);

    switch (part->code->infos[insn].op) {
    case R_MOVE2: return 2;
    case R_MOVE_N: return in->lo ? (uint32_t)in->lo : 1;
    case R_RET_N: return (uint32_t)in->lo + 3;
    case R_DATA_DROP: return 2;
    case R_MEMORY_INIT: return 3;
    case R_TABLE_FILL: return 2;
    case R_TABLE_GROW:
    case R_TABLE_COPY:
    case R_TABLE_INIT: return 3;
    case R_ELEM_DROP: return p->tables.of_segment[in->lo] ? 3 : 1;
    default: break;
    }
    if (n == 0)
        n = 1;
    if (info->family == FAMILY_BR || info->family == FAMILY_LATCH)
        n += is_long(part, insn) ? 2 : 0;
    return n;
}

/* Far targets: taken, the branch goes two on, to a jump; else a jump goes behind that. */
static void aim(struct program_entry *e, const struct program_part *part, uint32_t insn,
                uint32_t pc)
{
    uint32_t target = part->pc_of[branch_target(part->code, insn)];

    if (!is_long(part, insn)) {
        int64_t d = (int64_t)target - pc;

        e->rel = relative(pc, target);
        if (d < -ZREL_BIAS || d >= ZREL_BIAS)
            e->op = ZOP_UNSUPPORTED;
        return;
    }
    e[0].rel = relative(pc, pc + 2);
    e[1].op = e[2].op = (uint16_t)ZOP_ONE(ZONE_JUMP);
    e[1].imm = pc + 3;
    e[2].imm = target;
}

void translate(struct program_entry *e, const struct program *p, const struct program_part *part,
               uint32_t insn, uint32_t pc)
{
    const struct insn *in = &part->code->insns[insn];
    unsigned op = translate_op(part, insn);
    const struct rop_info *info = &rop_info[op];
    unsigned variant = op - info->base, n;

    for (uint32_t i = 0; i < translate_count(p, part, insn); i++)
        e[i] = (struct program_entry){.op = ZOP_UNSUPPORTED,
                                      .insn = part->is_runtime ? UINT32_MAX : insn};
    n = translate_float(e, p, part, insn);
    if (n) {
        if (info->family == FAMILY_BR)
            aim(e + n - 1, part, insn, pc + n - 1);
        return;
    }
    switch (info->family) {
    case FAMILY_BIN: bin(e, in, info, variant); break;
    case FAMILY_UN: un(e, in, info, variant); break;
    case FAMILY_LOAD: load(e, in, info, variant); break;
    case FAMILY_STORE: store(e, in, info, variant); break;
    case FAMILY_BR:
    case FAMILY_LATCH:
        if (info->family == FAMILY_BR)
            br(e, in, info, variant);
        else
            latch(e, in, info, variant);
        if (e->op != ZOP_UNSUPPORTED)
            aim(e, part, insn, pc);
        break;
    case FAMILY_ONE: one(e, p, part, insn); break;
    default: break;
    }
}
