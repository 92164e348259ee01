/* Floats in entries: what is left of the three accumulators, and calls of routines.
 *
 * In the proven form there is one accumulator, the integer one.  So floats are always
 * written to their slots and read from them: an instruction that forwards its operand in an
 * accumulator still names the slot, and the producer that was spared writing it does so here.
 * Whatever computes with floats leaves the integer accumulator changed; where the
 * lowering relied on it across such an instruction, it goes through its slot too.
 *
 * Operands are put into two consecutive slots, where the routine's frame begins and its result
 * comes back.  If possible these are the slots of the operand stack where they are already. */
#include "wasm/rop.h"
#include "zkvm/translate.h"

/* ---- the accumulator across floats ------------------------------------------------ */

static bool is_float(unsigned class)
{
    return class == CLASS_F32 || class == CLASS_F64;
}

static bool is_integer(unsigned class)
{
    return class == CLASS_I32 || class == CLASS_I64;
}

/* The same operation with operands in slots instead of the integer accumulator. */
static unsigned from_slots(unsigned op)
{
    static const uint8_t bin[] = {BIN_SS, BIN_SS, BIN_SS, BIN_SI, BIN_SI, BIN_IS, BIN_IS};
    static const uint8_t load[] = {LOAD_S,    LOAD_S,    LOAD_X_SS, LOAD_X_SS, LOAD_K_SS,
                                   LOAD_K_SS, LOAD_K_SS, LOAD_H_S,  LOAD_H_S,  LOAD_I};
    static const uint8_t store[] = {STORE_S, STORE_S, STORE_X, STORE_K, STORE_H, STORE_I};
    static const uint8_t br[] = {BR_SS, BR_SS, BR_SI, BR_SI};
    const struct rop_info *info = &rop_info[op];
    unsigned v = op - info->base, value = v % 3 == STORE_VALUE_I ? STORE_VALUE_I : STORE_VALUE_S;

    switch (info->family) {
    case FAMILY_BIN: return info->base + 2u * bin[v / 2] + v % 2;
    case FAMILY_UN: return info->base + 2u * UN_S + v % 2;
    case FAMILY_LOAD: return info->base + 2u * load[v / 2] + v % 2;
    case FAMILY_STORE: return info->base + 3u * store[v / 3] + value;
    case FAMILY_FSTORE: return info->base + store[v];
    case FAMILY_BR: return info->base + br[v];
    default: break;
    }
    switch (op) {
    case R_SELECT_A: return R_SELECT_S;
    case R_GLOBAL_SET_A: return R_GLOBAL_SET_S;
    case R_BR_TABLE_A: return R_BR_TABLE_S;
    case R_RET1_A: return R_RET1_S;
    default: return op;
    }
}

static bool reads_accumulator(unsigned op)
{
    const struct rop_info *info = &rop_info[op];

    if ((info->family == FAMILY_BIN || info->family == FAMILY_UN || info->family == FAMILY_BR) &&
        is_float(info->in))
        return false;
    return from_slots(op) != op;
}

static bool writes_accumulator(unsigned op)
{
    const struct rop_info *info = &rop_info[op];

    return is_integer(info->out) || info->family == FAMILY_LATCH || op == R_CALL ||
           op == R_CALL_IMPORT || op == R_CALL_INDIRECT;
}

/* Whether the entries of an instruction without an integer result change it all the same. */
static bool spoils_accumulator(unsigned op)
{
    const struct rop_info *info = &rop_info[op];

    return is_float(info->out) || (info->family == FAMILY_BR && is_float(info->in));
}

void translate_prepare(struct program_part *part)
{
    const struct code *c = part->code;
    uint32_t writer = 0;
    bool is_spoilt = false;

    for (uint32_t i = 0; i < c->n_insns; i++) {
        unsigned op = c->infos[i].op;

        if (is_spoilt && reads_accumulator(op)) {
            part->acc[i] |= ACC_FROM_SLOT;
            part->acc[writer] |= ACC_TO_SLOT;
        }
        if (writes_accumulator(op))
            writer = i, is_spoilt = false;
        else if (spoils_accumulator(op))
            is_spoilt = true;
    }
}

/* The instruction without float accumulators, and without the integer one where it is spoilt. */
unsigned translate_op(const struct program_part *part, uint32_t insn)
{
    unsigned op = part->code->infos[insn].op, variant;
    const struct rop_info *info;

    if (part->acc[insn] & ACC_FROM_SLOT)
        op = from_slots(op);
    info = &rop_info[op];
    variant = op - info->base;
    if (info->family <= FAMILY_LOAD && (variant & 1) &&
        (is_float(info->out) || part->acc[insn] & ACC_TO_SLOT))
        op--;
    switch (info->family) {
    case FAMILY_LOAD:
        if (info->out == CLASS_F32)
            return R_LOAD32 + (variant & ~1u);
        return info->out == CLASS_F64 ? R_LOAD64 + (variant & ~1u) : op;
    case FAMILY_FSTORE:
        return (info->in == CLASS_F32 ? R_STORE32 : R_STORE64) + 3 * variant + STORE_VALUE_S;
    default: break;
    }
    if (op == R_GLOBAL_GET_N && part->acc[insn] & ACC_TO_SLOT)
        return R_GLOBAL_GET;
    return op == R_RET1_F32 || op == R_RET1_F64 ? R_RET1_S : op;
}

/* ---- what an instruction becomes ------------------------------------------------------ */

/* How a routine stands for an instruction. */
enum how {
    AS_IT_IS = 0,
    SWAPPED = 1,  /* operands exchanged */
    MINUS = 2,    /* the second operand's sign turned */
    NEGATED = 4,  /* the result, 0 or 1 */
    COMMUTES = 8, /* the order of operands is all one */
};

struct float_op {
    uint16_t base;
    uint8_t routine, how;
};
_Static_assert(ROUTINE_COUNT <= 256, "a routine's number fits");

#define ORDER(T, pre)                                                                              \
    {R_##pre##T##_EQ, ROUTINE_##T##_EQ, COMMUTES},                                                 \
        {R_##pre##T##_NE, ROUTINE_##T##_EQ, COMMUTES | NEGATED},                                   \
        {R_##pre##T##_LT, ROUTINE_##T##_LT, AS_IT_IS},                                             \
        {R_##pre##T##_GT, ROUTINE_##T##_LT, SWAPPED},                                              \
        {R_##pre##T##_LE, ROUTINE_##T##_LE, AS_IT_IS},                                             \
    {                                                                                              \
        R_##pre##T##_GE, ROUTINE_##T##_LE, SWAPPED                                                 \
    }
#define NOT_ORDER(T)                                                                               \
    {R_BR_##T##_NLT, ROUTINE_##T##_LT, NEGATED},                                                   \
        {R_BR_##T##_NGT, ROUTINE_##T##_LT, NEGATED | SWAPPED},                                     \
        {R_BR_##T##_NLE, ROUTINE_##T##_LE, NEGATED},                                               \
    {                                                                                              \
        R_BR_##T##_NGE, ROUTINE_##T##_LE, NEGATED | SWAPPED                                        \
    }
#define ARITHMETIC(T)                                                                              \
    {R_##T##_ADD, ROUTINE_##T##_ADD, COMMUTES},                                                    \
        {R_##T##_SUB, ROUTINE_##T##_ADD, COMMUTES | MINUS},                                        \
        {R_##T##_MUL, ROUTINE_##T##_MUL, COMMUTES}, {R_##T##_DIV, ROUTINE_##T##_DIV, AS_IT_IS},    \
        {R_##T##_MIN, ROUTINE_##T##_MIN, COMMUTES}, {R_##T##_MAX, ROUTINE_##T##_MAX, COMMUTES},    \
        {R_##T##_CEIL, ROUTINE_##T##_CEIL, 0}, {R_##T##_FLOOR, ROUTINE_##T##_FLOOR, 0},            \
        {R_##T##_TRUNC, ROUTINE_##T##_TRUNC, 0}, {R_##T##_NEAREST, ROUTINE_##T##_NEAREST, 0},      \
    {                                                                                              \
        R_##T##_SQRT, ROUTINE_##T##_SQRT, 0                                                        \
    }
#define CONVERSION(name)                                                                           \
    {                                                                                              \
        R_##name, ROUTINE_##name, 0                                                                \
    }
#define CONVERSIONS(T)                                                                             \
    CONVERSION(I32_TRUNC_##T##_S), CONVERSION(I32_TRUNC_##T##_U), CONVERSION(I64_TRUNC_##T##_S),   \
        CONVERSION(I64_TRUNC_##T##_U), CONVERSION(I32_TRUNC_SAT_##T##_S),                          \
        CONVERSION(I32_TRUNC_SAT_##T##_U), CONVERSION(I64_TRUNC_SAT_##T##_S),                      \
        CONVERSION(I64_TRUNC_SAT_##T##_U), CONVERSION(T##_CONVERT_I32_S),                          \
        CONVERSION(T##_CONVERT_I32_U), CONVERSION(T##_CONVERT_I64_S),                              \
        CONVERSION(T##_CONVERT_I64_U)

static const struct float_op ops[] = {ORDER(F32, ),
                                      ORDER(F64, ),
                                      ORDER(F32, BR_),
                                      ORDER(F64, BR_),
                                      NOT_ORDER(F32),
                                      NOT_ORDER(F64),
                                      ARITHMETIC(F32),
                                      ARITHMETIC(F64),
                                      CONVERSIONS(F32),
                                      CONVERSIONS(F64),
                                      CONVERSION(F32_DEMOTE_F64),
                                      CONVERSION(F64_PROMOTE_F32)};

static const struct float_op *float_op(unsigned base)
{
    for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].base == base)
            return &ops[i];
    return NULL;
}

/* ---- entries ------------------------------------------------------------------------------ */

enum arg_kind { ARG_NONE, ARG_SLOT, ARG_ACC, ARG_IMM };

struct arg {
    enum arg_kind kind;
    bool minus; /* its sign is turned */
    uint16_t slot;
    uint64_t imm;
};

struct call {
    struct program_entry *e; /* where the next one goes */
    uint32_t n;
    bool is64;      /* the operands are f64 */
    uint16_t first; /* slot of the frame */
    struct arg x, y;
};

static struct program_entry *next(struct call *k)
{
    return &k->e[k->n++];
}

static void alu_imm(struct call *k, unsigned alu, unsigned shape, uint16_t from, int to,
                    uint64_t imm)
{
    struct program_entry *e = next(k);
    unsigned n = 0;
    uint16_t s[2] = {0, 0};

    e->op = (uint16_t)ZOP_ALU(alu, k->is64, shape, to < 0);
    if (shape == SHAPE_SI)
        s[n++] = from;
    if (to >= 0)
        s[n++] = (uint16_t)to;
    entry_slots(e, n, s[0], s[1], 0);
    e->imm = imm;
}

static uint64_t sign_bit(const struct call *k)
{
    return (uint64_t)1 << (k->is64 ? 63 : 31);
}

static bool is_at(const struct arg *a, uint16_t slot)
{
    return a->kind == ARG_SLOT && a->slot == slot;
}

static void place(struct call *k, const struct arg *a, uint16_t to)
{
    switch (a->kind) {
    case ARG_IMM: entry_const(next(k), to, a->minus ? a->imm ^ sign_bit(k) : a->imm); break;
    case ARG_ACC: entry_put_acc(next(k), to); break;
    case ARG_SLOT:
        if (a->minus) /* the sign's carry is lost */
            alu_imm(k, ALU_ADD, SHAPE_SI, a->slot, to, sign_bit(k));
        else if (a->slot != to)
            entry_move(next(k), a->slot, to);
        break;
    default: break;
    }
}

static void exchange(struct call *k)
{
    struct arg t = k->x;

    k->x = k->y, k->y = t;
}

static void place_both(struct call *k, bool commutes)
{
    uint16_t first = k->first, second = (uint16_t)(first + 1);

    if (commutes && (is_at(&k->y, first) || is_at(&k->x, second)))
        exchange(k);
    if (is_at(&k->y, first)) { /* out of the way of the first one */
        uint16_t to = is_at(&k->x, second) ? (uint16_t)(first + 2) : second;

        place(k, &k->y, to);
        k->y = (struct arg){ARG_SLOT, false, to, 0};
    }
    place(k, &k->x, first);
    place(k, &k->y, second);
}

/* Where the frame begins: at the lowest operand that is a temporary, since all slots above
 * belong to the operand stack and are free; else above the caller's frame. */
static uint16_t frame_of(const struct program_part *part, uint32_t insn, const struct call *k,
                         int to)
{
    const struct func_code *f = &part->code->funcs[code_function_at(part->code, insn)];
    uint32_t temps = f->n_params + 2 + f->n_zeroed, first = f->frame_slots;

    if (to >= 0 && (uint32_t)to >= temps)
        return (uint16_t)to;
    if (k->x.kind == ARG_SLOT && k->x.slot >= temps)
        first = k->x.slot;
    if (k->y.kind == ARG_SLOT && k->y.slot >= temps && k->y.slot < first)
        first = k->y.slot;
    return (uint16_t)first;
}

/* to: the slot of the result, < 0 for the accumulator alone. */
static void call_routine(struct call *k, const struct program *p, const struct float_op *op, int to)
{
    place_both(k, op->how & COMMUTES);
    entry_routine(next(k), p, (enum routine)op->routine, k->first);
    if (op->how & NEGATED)
        k->is64 = false, alu_imm(k, ALU_EQZ, SHAPE_AI, 0, to, 0);
    else if (to >= 0 && to != k->first)
        entry_put_acc(next(k), (uint16_t)to);
}

/* ---- what touches only the sign ------------------------------------------------------------- */

static void sign_of_other(struct call *k, int to)
{
    uint64_t sign = sign_bit(k), magnitude = sign - 1;
    struct program_entry *e;

    if (k->y.kind == ARG_IMM) {
        alu_imm(k, k->y.imm & sign ? ALU_OR : ALU_AND, SHAPE_SI, k->x.slot, to,
                k->y.imm & sign ? sign : magnitude);
        return;
    }
    if (k->x.kind == ARG_IMM) {
        alu_imm(k, ALU_AND, SHAPE_SI, k->y.slot, -1, sign);
        alu_imm(k, ALU_ADD, SHAPE_AI, 0, to, k->x.imm & magnitude);
        return;
    }
    e = next(k);
    e->op = (uint16_t)ZOP_ALU(ALU_XOR, k->is64, SHAPE_SS, 1);
    entry_slots(e, 2, k->x.slot, k->y.slot, 0);
    alu_imm(k, ALU_AND, SHAPE_AI, 0, -1, sign); /* whether they differ */
    e = next(k);
    e->op = (uint16_t)ZOP_ALU(ALU_ADD, k->is64, SHAPE_AS, 0);
    entry_slots(e, 2, k->x.slot, (uint16_t)to, 0);
}

static bool sign_only(struct call *k, unsigned base, int to)
{
    switch (base) {
    case R_F32_ABS:
    case R_F64_ABS: alu_imm(k, ALU_REM_U, SHAPE_SI, k->x.slot, to, sign_bit(k)); return true;
    case R_F32_NEG:
    case R_F64_NEG: alu_imm(k, ALU_ADD, SHAPE_SI, k->x.slot, to, sign_bit(k)); return true;
    case R_F32_COPYSIGN:
    case R_F64_COPYSIGN: sign_of_other(k, to); return true;
    default: return false;
    }
}

/* ---- operands ------------------------------------------------------------------------------ */

/* The bits of an f64 that a branch has as an equal f32. */
static uint64_t widened(int32_t lo)
{
    union {
        int32_t i;
        float f;
    } narrow = {.i = lo};
    union {
        double d;
        uint64_t u;
    } wide = {.d = narrow.f};

    return wide.u;
}

static struct arg slot_arg(uint16_t slot)
{
    return (struct arg){ARG_SLOT, false, slot, 0};
}

static void operands(struct call *k, const struct insn *in, const struct rop_info *info,
                     unsigned variant)
{
    uint64_t imm = k->is64 ? in->imm : (uint32_t)in->lo;
    struct arg constant = {ARG_IMM, false, 0, imm};
    unsigned mode = variant / 2;

    k->x = slot_arg(in->a);
    switch (info->family) {
    case FAMILY_UN:
        if (!is_float(info->in) && mode == UN_A)
            k->x.kind = ARG_ACC;
        return;
    case FAMILY_BR:
        k->y = slot_arg(in->b);
        if (k->is64)
            constant.imm = widened(in->lo);
        if (variant == BR_SI || variant == BR_AI)
            k->y = constant;
        return;
    default: break;
    }
    k->y = slot_arg(in->b);
    if (mode == BIN_SI || mode == BIN_AI)
        k->y = constant;
    if (mode == BIN_IS || mode == BIN_IA)
        k->x = constant;
}

uint32_t translate_float(struct program_entry *e, const struct program *p,
                         const struct program_part *part, uint32_t insn)
{
    const struct insn *in = &part->code->insns[insn];
    unsigned number = translate_op(part, insn);
    const struct rop_info *info = &rop_info[number];
    unsigned variant = number - info->base;
    const struct float_op *op = float_op(info->base);
    struct call k = {.e = e, .is64 = info->in == CLASS_F64};
    int to = in->c;

    if (info->family > FAMILY_BR || !(is_float(info->in) || is_float(info->out)))
        return 0;
    operands(&k, in, info, variant);
    if (sign_only(&k, info->base, to) || !op)
        return k.n;
    if (op->how & SWAPPED)
        exchange(&k);
    k.y.minus = op->how & MINUS;
    k.first = frame_of(part, insn, &k, info->family == FAMILY_BR ? -1 : to);
    if (info->family != FAMILY_BR) {
        call_routine(&k, p, op, variant & 1 ? -1 : to);
        return k.n;
    }
    place_both(&k, op->how & COMMUTES);
    entry_routine(next(&k), p, (enum routine)op->routine, k.first);
    next(&k)->op = (uint16_t)ZOP_BR(op->how & NEGATED ? ALU_EQZ : ALU_NEZ, 0u, SHAPE_AI);
    return k.n;
}
