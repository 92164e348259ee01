/* Compare and branch; loop latches. */
#include <stdio.h>

#include "zkvm/chips/chips.h"

static const char *const conds[] = {"eq", "ne", "lt_u", "ge_u", "lt_s", "ge_s", "eqz", "nez"};
static const char *const shapes[ZK_SHAPES] = {"ss", "as", "sa", "si", "ai", "is", "ia"};

int chip_branch(struct chip **out, uint32_t op, unsigned variant, struct err *err)
{
    uint32_t at = op - ZOP_BR_FIRST;
    unsigned shape = at % ZK_SHAPES, is64 = at / ZK_SHAPES % 2, cond = at / (2 * ZK_SHAPES);
    bool unary = cond + ALU_EQ >= ALU_EQZ;
    bool xs = shape == SHAPE_SS || shape == SHAPE_SA || shape == SHAPE_SI;
    bool ys = (shape == SHAPE_SS || shape == SHAPE_AS || shape == SHAPE_IS) && !unary;
    struct compare c = {cond + ALU_EQ, is64 ? 64 : 32, lin_zero(), lin_zero(), 0};
    struct build b;
    struct slots s;
    struct lin imm, taken;
    unsigned i = 0;
    char name[40];
    int rc;

    if (variant || (unary && shape != SHAPE_SI && shape != SHAPE_AI))
        return VCP_ENOTFOUND;
    snprintf(name, sizeof name, "br.i%u.%s_%s", c.w, conds[cond], shapes[shape]);
    rc = build_init(&b, name, err);
    if (rc < 0)
        return rc;
    build_instruction(&b, op);
    s = part_slots(&b, (unsigned)xs + ys);
    if (!unary)
        c.imm_side = shape == SHAPE_IS || shape == SHAPE_IA   ? 1
                     : shape == SHAPE_SI || shape == SHAPE_AI ? 2
                                                              : 0;
    c.x = c.y = lin_wire(b.acc);
    if (xs)
        c.x = build_read(&b, SPACE_FRAME, 0, part_frame(&b, s.at[i++]), c.w);
    if (ys)
        c.y = build_read(&b, SPACE_FRAME, 1, part_frame(&b, s.at[i++]), c.w);
    taken = part_compare(&b, &c, &imm);
    b.code[CODE_IMM] = imm;
    build_know(&b, taken, 0, 1);
    build_next(&b, part_branch(&b, taken), lin_wire(b.fp), lin_wire(b.acc));
    return build_finish(out, &b, err);
}

/* x' = x +- step (in field B); if (x' cond bound) branch. */
int chip_latch(struct chip **out, uint32_t op, unsigned variant, struct err *err)
{
    static const char *const bounds[] = {"s", "i", "s_first", "i_first"};
    uint32_t at = op - ZOP_LATCH_FIRST;
    unsigned bound = at % 4, down = at / 4 % 2, cond = at / 8;
    bool is_slot = bound == BOUND_S || bound == BOUND_S_FIRST;
    bool unary = cond + ALU_EQ >= ALU_EQZ;
    struct compare c = {cond + ALU_EQ, 32, lin_zero(), lin_zero(), 0};
    struct lin old, sum, other = lin_zero(), step, imm, taken;
    struct build b;
    struct slots s;
    char name[40];
    int rc;

    if (variant || (unary && bound != BOUND_I))
        return VCP_ENOTFOUND;
    snprintf(name, sizeof name, "latch.%s.%s_%s", down ? "down" : "up", conds[cond], bounds[bound]);
    rc = build_init(&b, name, err);
    if (rc < 0)
        return rc;
    build_instruction(&b, op);
    s = part_slots(&b, 1u + is_slot);
    if (is_slot)
        other = build_read(&b, SPACE_FRAME, 0, part_frame(&b, s.at[0]), 32);
    old = build_update_begin(&b, SPACE_FRAME, 6, part_frame(&b, s.at[is_slot]), 32);
    step = lin_wire(build_input(&b, "step", ROW_B)); /* a field of its own: one integer each */
    build_range16(&b, step);
    build_pin(&b, step.t[0].wire, 0, 65535);
    b.code[CODE_B] = step;
    sum = down ? lin_sub(old, step) : lin_add(old, step);
    if (down)
        sum = lin_add(sum, lin_shl(lin_wire(build_bool(&b, "borrow", RECIPE_LESS, old, step)), 32));
    else
        sum = lin_sub(sum, lin_shl(lin_wire(build_bool_bit(&b, "carry", sum, 32)), 32));
    build_range(&b, sum, 32);
    c.imm_side = is_slot || unary ? 0 : bound == BOUND_I ? 2 : 1;
    c.x = bound == BOUND_S || bound == BOUND_I ? sum : other;
    c.y = bound == BOUND_S || bound == BOUND_I ? other : sum;
    taken = part_compare(&b, &c, &imm);
    b.code[CODE_IMM] = imm;
    build_know(&b, taken, 0, 1);
    build_update(&b, 6, sum);
    build_next(&b, part_branch(&b, taken), lin_wire(b.fp), sum);
    return build_finish(out, &b, err);
}
