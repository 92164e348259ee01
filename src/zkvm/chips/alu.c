/* Integer arithmetic, logic, shifts and comparisons of two operands. */
#include <stdio.h>
#include <string.h>

#include "wasm/trap.h"
#include "zkvm/chips/chips.h"

static const char *const alu_names[ZK_ALUS] = {"add",   "sub",  "mul",  "div_u", "div_s", "rem_u",
                                               "rem_s", "and",  "or",   "xor",   "shl",   "shr_u",
                                               "shr_s", "rotl", "rotr", "eq",    "ne",    "lt_u",
                                               "ge_u",  "lt_s", "ge_s", "eqz",   "nez"};
static const char *const shape_names[ZK_SHAPES] = {"ss", "as", "sa", "si", "ai", "is", "ia"};

struct alu {
    struct build b;
    unsigned alu, w, shape;
    bool writes;
    struct lin x, y; /* the immediate side is empty until part_imm */
    unsigned imm_side;
    struct lin dest;
};

/* ---- operands ------------------------------------------------------------------ */

static bool x_is_slot(unsigned shape)
{
    return shape == SHAPE_SS || shape == SHAPE_SA || shape == SHAPE_SI;
}

static bool y_is_slot(unsigned shape)
{
    return shape == SHAPE_SS || shape == SHAPE_AS || shape == SHAPE_IS;
}

static unsigned imm_side(unsigned shape)
{
    if (shape == SHAPE_IS || shape == SHAPE_IA)
        return 1;
    return shape == SHAPE_SI || shape == SHAPE_AI ? 2 : 0;
}

static void operands(struct alu *a)
{
    struct build *b = &a->b;
    bool unary = a->alu >= ALU_EQZ, xs = x_is_slot(a->shape), ys = y_is_slot(a->shape) && !unary;
    unsigned n = (unsigned)xs + ys + a->writes, i = 0;
    struct slots s = part_slots(b, n);

    a->imm_side = unary ? 0 : imm_side(a->shape);
    a->x = a->y = lin_zero();
    if (xs)
        a->x = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[i++]), a->w);
    else if (a->imm_side != 1)
        a->x = part_acc(b, a->w);
    if (ys)
        a->y = build_read(b, SPACE_FRAME, 1, part_frame(b, s.at[i++]), a->w);
    else if (a->imm_side != 2 && !unary)
        a->y = part_acc(b, a->w);
    if (a->writes)
        a->dest = part_frame(b, s.at[i]);
}

/* For operations that need the immediate as a number of its own. */
static void imm_operand(struct alu *a)
{
    if (a->imm_side == 1)
        a->x = part_imm(&a->b, a->w);
    if (a->imm_side == 2)
        a->y = part_imm(&a->b, a->w);
}

static void close(struct alu *a, struct lin r)
{
    struct build *b = &a->b;

    if (a->writes)
        build_write(b, SPACE_FRAME, 6, a->dest, r);
    build_next(b, part_pc_next(b), lin_wire(b->fp), r);
}

/* ---- sums ------------------------------------------------------------------------ */

/* r = x + y - 2^w carry; with an immediate the equation gives the immediate. */
static struct lin add(struct alu *a)
{
    struct build *b = &a->b;
    struct lin hint = a->imm_side ? part_imm_hint(b) : a->y, carry, r;
    struct lin x = a->imm_side == 1 ? a->y : a->x;

    carry = lin_shl(lin_wire(build_bool_bit(b, "carry", lin_add(x, hint), a->w)), (int)a->w);
    if (!a->imm_side) {
        r = lin_sub(lin_add(x, hint), carry);
        build_range(b, r, a->w);
        return r;
    }
    r = build_limbs(b, "sum", lin_add(x, hint), 0, a->w);
    b->code[CODE_IMM] = lin_add(lin_sub(r, x), carry);
    return r;
}

static struct lin sub(struct alu *a)
{
    struct build *b = &a->b;
    struct lin borrow, r;

    imm_operand(a);
    borrow = lin_wire(build_bool(b, "borrow", RECIPE_LESS, a->x, a->y));
    r = lin_add(lin_sub(a->x, a->y), lin_shl(borrow, (int)a->w));
    build_range(b, r, a->w);
    return r;
}

/* ---- products ----------------------------------------------------------------------- */

static struct lin mul(struct alu *a)
{
    struct lin low, high;

    imm_operand(a);
    part_split_product(&a->b, a->x, a->y, a->w, &low, &high);
    return low;
}

/* x = q y + r, 0 <= r < y; all of w bits. */
static void divide(struct build *b, struct lin x, struct lin y, unsigned w, struct lin *q,
                   struct lin *r)
{
    struct lin rest;

    *q = build_limbs_of_quotient(b, "q", x, y, 0, w);
    rest = lin_sub(x, lin_wire(build_product(b, "q y", *q, y)));
    *r = rest;
    build_range(b, rest, w);
    build_range(b, lin_sub(lin_sub(y, lin_wire(b->on)), rest), w);
}

static struct lin divide_unsigned(struct alu *a)
{
    struct lin q, r;

    imm_operand(a);
    divide(&a->b, a->x, a->y, a->w, &q, &r);
    return a->alu == ALU_DIV_U ? q : r;
}

/* |x| of a signed number of w bits. */
static struct lin absolute(struct build *b, struct lin x, int32_t sign, unsigned w)
{
    struct lin other = lin_sub(lin_shl(lin_wire(b->on), (int)w), x), r;

    r = build_mux(b, "absolute", lin_wire(sign), x, other);
    build_pin(b, r.t[0].wire, 0, ((wide)1 << w) - 1); /* 2^w only for x = 0, without a sign */
    return r;
}

/* sign ? -v : v as w bits.  -0 would be 2^w, so `zero` takes that away: the range leaves no
 * other choice when there is a sign, and without one it does not matter. */
static struct lin with_sign(struct build *b, struct lin v, struct lin sign, unsigned w)
{
    struct lin minus = lin_sub(lin_shl(lin_wire(b->on), (int)w), v), r;
    int32_t zero = build_bool_bit(b, "minus zero", minus, w);

    build_mark_free(b, zero);
    r = build_mux(b, "signed", sign, v, lin_sub(minus, lin_shl(lin_wire(zero), (int)w)));
    build_range(b, r, w);
    return r;
}

/* One of two bits, not both. */
static struct lin exclusive(struct build *b, struct lin x, struct lin y)
{
    struct lin r = lin_wire(build_bits(b, "signs differ", lin_add(x, y), 0, 1));

    build_constrain(b, lin_mul(x, 2), y, lin_sub(lin_add(x, y), r));
    build_pin(b, r.t[0].wire, 0, 1);
    return r;
}

static struct lin divide_signed(struct alu *a)
{
    struct build *b = &a->b;
    struct lin q, r, sign, top, x, y;
    int32_t sx, sy;

    imm_operand(a);
    sx = part_sign(b, a->x, a->w);
    sy = part_sign(b, a->y, a->w);
    x = absolute(b, a->x, sx, a->w);
    y = absolute(b, a->y, sy, a->w);
    divide(b, x, y, a->w, &q, &r);
    if (a->alu == ALU_REM_S)
        return with_sign(b, r, lin_wire(sx), a->w);
    sign = exclusive(b, lin_wire(sx), lin_wire(sy));
    /* 2^(w-1) without a sign is the overflow, which traps. */
    top = lin_wire(q.t[q.n - 1].wire);
    build_range16(b, lin_sub(lin_add(lin_mul(lin_wire(b->on), 32767), sign), top));
    return with_sign(b, q, sign, a->w);
}

/* ---- bits ---------------------------------------------------------------------------- */

static struct lin and_bytes(struct build *b, struct lin x, struct lin y, unsigned w,
                            struct lin *imm)
{
    struct lin all = lin_zero(), x_rest = x, y_rest = y, hy = imm ? part_imm_hint(b) : y;

    for (unsigned at = 0; at < w; at += 8) {
        bool last = at + 8 == w;
        struct lin bx = lin_shl(x_rest, -(int)at), by = lin_shl(y_rest, -(int)at), r;
        int32_t both = build_and_bits(b, "and", x, hy, at, 8);

        if (!last) {
            bx = lin_wire(build_bits(b, "x byte", x, at, 8));
            x_rest = lin_sub(x_rest, lin_shl(bx, (int)at));
        }
        if (!last || imm) {
            int32_t byte = build_bits(b, "y byte", hy, at, 8);

            build_pin(b, byte, 0, 255); /* by the table, component by component */
            by = lin_wire(byte);
            y_rest = lin_sub(y_rest, lin_shl(by, (int)at));
            if (imm)
                *imm = lin_add(*imm, lin_shl(by, (int)at));
        }
        build_pin(b, both, 0, 255);
        r = lin_wire(both);
        build_lookup_and(b, bx, by, r);
        all = lin_add(all, lin_shl(r, (int)at));
    }
    return all;
}

/* or = x + y - and, xor = x + y - 2 and */
static struct lin logic(struct alu *a)
{
    struct build *b = &a->b;
    struct lin imm = lin_zero(), both, r, x = a->imm_side == 1 ? a->y : a->x, y = a->y;

    both = and_bytes(b, x, y, a->w, a->imm_side ? &imm : NULL);
    if (a->imm_side)
        y = b->code[CODE_IMM] = imm;
    if (a->alu == ALU_AND)
        return both;
    r = lin_sub(lin_add(x, y), lin_mul(both, a->alu == ALU_OR ? 1 : 2));
    build_know(b, r, 0, ((wide)1 << a->w) - 1);
    return r;
}

/* The amount: (k, 2^k) with k = y mod w, or -y mod w for a rotation to the right. */
static struct lin amount(struct alu *a, bool is_negative)
{
    struct build *b = &a->b;
    unsigned lg = a->w == 32 ? 5 : 6;
    struct lin hint = a->imm_side == 2 ? part_imm_hint(b) : a->y, k, power;

    if (a->imm_side == 1) /* what is shifted is the immediate */
        a->x = part_imm(b, a->w);
    if (is_negative)
        hint = lin_sub(lin_shl(lin_const(1), 70), hint);
    k = lin_wire(build_bits(b, "k", hint, 0, lg));
    power = lin_wire(build_recipe(b, "2^k", RECIPE_POW2, k, lin_zero()));
    build_lookup2(b, a->w == 32 ? BUS_POW32 : BUS_POW64, k, power);
    build_pin(b, k.t[0].wire, 0, a->w - 1);
    build_pin(b, power.t[0].wire, 0, (wide)1 << (a->w - 1));
    if (a->imm_side == 2)
        b->code[CODE_IMM] = k;
    else
        build_range(b, lin_shl(is_negative ? lin_add(a->y, k) : lin_sub(a->y, k), -(int)lg), a->w);
    return power;
}

/* x = r 2^k + m, 0 <= m < 2^k */
static struct lin shift_right(struct alu *a)
{
    struct build *b = &a->b;
    unsigned w = a->w;
    struct lin power = amount(a, false), x, r, m, sign = lin_zero();

    x = a->x;
    if (a->alu == ALU_SHR_S) {
        sign = lin_shl(lin_wire(part_sign(b, a->x, w)), (int)w);
        x = lin_sub(x, sign);
    }
    m = lin_wire(build_recipe(b, "rest", RECIPE_REST, x, power));
    r = build_limbs_of_quotient(b, "shifted", x, power, 0, w);
    build_constrain(b, lin_sub(r, sign), power, lin_sub(x, m));
    build_range(b, m, w);
    build_range(b, lin_sub(lin_sub(power, lin_wire(b->on)), m), w);
    return r;
}

static struct lin shift_left(struct alu *a)
{
    struct lin power = amount(a, a->alu == ALU_ROTR), low, high, r;

    part_split_product(&a->b, a->x, power, a->w, &low, &high);
    if (a->alu == ALU_SHL)
        return low;
    r = lin_add(low, high); /* disjoint bits: high < 2^k, which divides low */
    build_know(&a->b, r, 0, ((wide)1 << a->w) - 1);
    return r;
}

static struct lin compared(struct alu *a)
{
    struct compare c = {a->alu, a->w, a->x, a->y, a->imm_side};
    struct lin imm, r = part_compare(&a->b, &c, &imm);

    if (a->imm_side)
        a->b.code[CODE_IMM] = imm;
    build_know(&a->b, r, 0, 1);
    return r;
}

static struct lin result(struct alu *a)
{
    switch (a->alu) {
    case ALU_ADD: return add(a);
    case ALU_SUB: return sub(a);
    case ALU_MUL: return mul(a);
    case ALU_DIV_U:
    case ALU_REM_U: return divide_unsigned(a);
    case ALU_DIV_S:
    case ALU_REM_S: return divide_signed(a);
    case ALU_AND:
    case ALU_OR:
    case ALU_XOR: return logic(a);
    case ALU_SHL:
    case ALU_ROTL:
    case ALU_ROTR: return shift_left(a);
    case ALU_SHR_U:
    case ALU_SHR_S: return shift_right(a);
    default: return compared(a);
    }
}

/* ---- traps ---------------------------------------------------------------------------- */

/* Variant 1: y is zero.  Variant 2: the smallest number by -1. */
static void trap_row(struct alu *a, unsigned variant)
{
    struct build *b = &a->b;
    struct lin on = lin_wire(b->on);

    imm_operand(a);
    if (variant == 1) {
        build_constrain(b, on, a->y, lin_zero());
        part_trap(b, TRAP_INTEGER_DIVIDE_BY_ZERO);
        return;
    }
    build_constrain(b, on, lin_sub(a->x, lin_pow2((int)a->w - 1)), lin_zero());
    build_constrain(b, on, lin_sub(a->y, lin_sub(lin_pow2((int)a->w), lin_const(1))), lin_zero());
    part_trap(b, TRAP_INTEGER_OVERFLOW);
}

static bool exists(unsigned alu, unsigned shape, unsigned variant)
{
    bool is_zero_test = alu >= ALU_EQZ;

    if (is_zero_test && shape != SHAPE_SI && shape != SHAPE_AI)
        return false;
    if (variant == 0)
        return true;
    if (variant == 1)
        return alu >= ALU_DIV_U && alu <= ALU_REM_S;
    return variant == 2 && alu == ALU_DIV_S;
}

/* In rows that trap the destination is named by the code and nothing else. */
static void drop_dest(struct alu *a)
{
    struct build *b = &a->b;
    int32_t top;

    if (!a->writes)
        return;
    top = b->code[CODE_TOP].t[0].wire;
    build_range16(b, lin_wire(top));
    build_pin(b, top, 0, 65535);
}

int chip_alu(struct chip **out, uint32_t op, unsigned variant, struct err *err)
{
    struct alu a = {.alu = op / (4 * ZK_SHAPES),
                    .w = op / (2 * ZK_SHAPES) % 2 ? 64 : 32,
                    .shape = op / 2 % ZK_SHAPES,
                    .writes = op % 2 == 0};
    static const char *const suffix[] = {"", " by zero", " overflow", ""};
    char name[40];
    int rc;

    if (!exists(a.alu, a.shape, variant))
        return VCP_ENOTFOUND;
    snprintf(name, sizeof name, "i%u.%s_%s%s%s", a.w, alu_names[a.alu], shape_names[a.shape],
             a.writes ? "" : "_n", suffix[variant]);
    rc = build_init(&a.b, name, err);
    if (rc < 0)
        return rc;
    build_instruction(&a.b, op);
    operands(&a);
    if (variant == 0) {
        close(&a, result(&a));
    } else {
        drop_dest(&a);
        trap_row(&a, variant);
    }
    return build_finish(out, &a.b, err);
}
