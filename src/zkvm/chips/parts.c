/* Parts that several chips share. */
#include "zkvm/chips/chips.h"

struct slots part_slots(struct build *b, unsigned n)
{
    static const enum code_field fields[3] = {CODE_A, CODE_B, CODE_TOP};
    struct slots s = {{lin_zero(), lin_zero(), lin_zero()}};

    for (unsigned i = 0; i < n; i++)
        s.at[i] = build_slot(b, i + 1 == n ? CODE_TOP : fields[i]);
    return s;
}

struct lin part_frame(struct build *b, struct lin slot)
{
    return lin_add(lin_wire(b->fp), slot);
}

void part_pin_top(struct build *b)
{
    int32_t top = b->code[CODE_TOP].t[0].wire;

    build_range16(b, lin_wire(top));
    build_pin(b, top, 0, 65535);
}

struct lin part_imm_hint(const struct build *b)
{
    (void)b;
    return lin_wire(CHIP_HINT(ROW_IMM));
}

struct lin part_imm(struct build *b, unsigned w)
{
    struct lin imm = build_limbs(b, "imm", part_imm_hint(b), 0, w);

    b->code[CODE_IMM] = imm;
    return imm;
}

/* x + 2^(w-1) - 2^w s is in [0, 2^w) for exactly one bit s. */
int32_t part_sign(struct build *b, struct lin x, unsigned w)
{
    int32_t s = build_bool_bit(b, "sign", x, w - 1);
    struct lin biased = lin_add(x, lin_shl(lin_wire(b->on), (int)w - 1));

    build_range(b, lin_sub(biased, lin_shl(lin_wire(s), (int)w)), w);
    return s;
}

struct lin part_acc(struct build *b, unsigned w)
{
    build_pin(b, b->acc, 0, ((wide)1 << w) - 1);
    return lin_wire(b->acc);
}

void part_trap(struct build *b, unsigned trap)
{
    struct lin where = lin_add(lin_wire(b->pc), lin_const(ZTRAP_FP_BIAS));

    build_next(b, lin_const(ZPC_TRAP(trap)), where, lin_zero());
}

struct lin part_pc_next(struct build *b)
{
    return lin_add(lin_wire(b->pc), lin_const(1));
}

/* A pc on the path is that of an entry. */
struct lin part_pc_next_value(struct build *b)
{
    struct lin next = part_pc_next(b);

    build_know(b, next, 0, (wide)1 << 24);
    return next;
}

void part_split_product(struct build *b, struct lin x, struct lin y, unsigned w, struct lin *low,
                        struct lin *high)
{
    *low = build_limbs_of_product(b, "low", x, y, 0, w);
    *high = build_limbs_of_product(b, "high", x, y, w, w);
    build_constrain(b, x, y, lin_add(*low, lin_shl(*high, (int)w)));
}

/* ---- comparisons --------------------------------------------------------------- */

static struct lin negate(struct build *b, struct lin bit, bool is_negated)
{
    return is_negated ? lin_sub(lin_wire(b->on), bit) : bit;
}

/* lt = 1 exactly when x < y: x - y + 2^w lt in [0, 2^w).  x and y within [0, 2^w), or both
 * moved down by 2^(w-1).  The immediate side is what the equation says it is. */
static struct lin less(struct build *b, const struct compare *c, struct lin x, struct lin y,
                       struct lin *imm)
{
    struct lin hx = c->imm_side == 1 ? part_imm_hint(b) : x;
    struct lin hy = c->imm_side == 2 ? part_imm_hint(b) : y;
    struct lin lt = lin_wire(build_bool(b, "less", RECIPE_LESS, hx, hy));
    struct lin borrow = lin_shl(lt, (int)c->w), d;

    if (!c->imm_side) {
        build_range(b, lin_add(lin_sub(x, y), borrow), c->w);
        return lt;
    }
    d = build_limbs(b, "difference", lin_add(lin_sub(hx, hy), borrow), 0, c->w);
    *imm = c->imm_side == 2 ? lin_sub(lin_add(x, borrow), d) : lin_sub(lin_add(d, y), borrow);
    return lt;
}

/* Signed numbers as x - 2^w sign + 2^(w-1), which is how a signed immediate is written. */
static struct lin biased(struct build *b, struct lin x, unsigned w, bool is_imm)
{
    int32_t s;

    if (is_imm)
        return x;
    s = part_sign(b, x, w);
    return lin_sub(lin_add(x, lin_shl(lin_wire(b->on), (int)w - 1)), lin_shl(lin_wire(s), (int)w));
}

static struct lin equal(struct build *b, const struct compare *c, struct lin *imm)
{
    struct lin x = c->x, y = c->y;

    if (c->cond >= ALU_EQZ)
        y = lin_zero();
    else if (c->imm_side == 2)
        *imm = y = build_limbs(b, "imm", part_imm_hint(b), 0, c->w);
    else if (c->imm_side == 1)
        *imm = x = build_limbs(b, "imm", part_imm_hint(b), 0, c->w);
    return lin_wire(build_is_zero(b, "equal", lin_sub(x, y)));
}

struct lin part_compare(struct build *b, const struct compare *c, struct lin *imm)
{
    bool is_negated = (c->cond - ALU_EQ) & 1;

    *imm = lin_zero();
    switch (c->cond) {
    case ALU_LT_U:
    case ALU_GE_U: return negate(b, less(b, c, c->x, c->y, imm), is_negated);
    case ALU_LT_S:
    case ALU_GE_S:
        return negate(b,
                      less(b, c, biased(b, c->x, c->w, c->imm_side == 1),
                           biased(b, c->y, c->w, c->imm_side == 2), imm),
                      is_negated);
    default: return negate(b, equal(b, c, imm), is_negated);
    }
}

/* The distance is pinned whether or not it is taken. */
struct lin part_branch(struct build *b, struct lin taken)
{
    int32_t rel = build_input(b, "rel", ROW_REL), jump;

    build_range16(b, lin_wire(rel));
    build_pin(b, rel, 0, 65535);
    b->code[CODE_REL] = lin_wire(rel);
    jump = build_product(b, "jump", taken, lin_wire(rel));
    build_pin(b, jump, 0, 65535);
    return lin_sub(lin_add(part_pc_next(b), lin_wire(jump)), lin_mul(taken, ZREL_BIAS + 1));
}
