/* Products, quotients and roots beyond 64 bits: primitives of the float routines.
 *
 * Operands are the slots from TOP on; the result takes the first one's place.  All
 * quantities are below 2^128, so equations of the field are those of integers. */
#include "zkvm/chips/chips.h"

static struct lin on(const struct build *b)
{
    return lin_wire(b->on);
}

/* floor(x y / 2^64) */
static struct lin mul_wide(struct build *b, struct lin x, struct lin y)
{
    struct lin low, high;

    part_split_product(b, x, y, 64, &low, &high);
    return high;
}

/* 2^62 x = q y + r, 0 <= r < y */
static struct lin div_wide(struct build *b, struct lin x, struct lin y)
{
    struct lin n = lin_shl(x, 62), q, r;

    q = build_limbs_of_quotient(b, "q", n, y, 0, 64);
    r = lin_wire(build_recipe(b, "rest", RECIPE_REST, n, y));
    build_constrain(b, q, y, lin_sub(n, r));
    build_range(b, r, 64);
    build_range(b, lin_sub(lin_sub(y, on(b)), r), 64);
    return q;
}

/* 2^62 x = q^2 + r, 0 <= r <= 2 q */
static struct lin sqrt_wide(struct build *b, struct lin x)
{
    struct lin n = lin_shl(x, 62), q, r;

    q = build_limbs_of_root(b, "root", n, 64);
    r = lin_wire(build_recipe(b, "rest", RECIPE_ROOT_REST, n, lin_zero()));
    build_constrain(b, q, q, lin_sub(n, r));
    build_range(b, r, 64);
    build_range(b, lin_sub(lin_mul(q, 2), r), 64);
    return q;
}

bool chip_wide_row(struct build *b, unsigned one)
{
    struct slots s = part_slots(b, 1);
    struct lin at = part_frame(b, s.at[0]), x, y = lin_zero(), r;

    if (one != ZONE_SQRT_WIDE)
        y = build_read(b, SPACE_FRAME, 1, lin_add(at, lin_const(1)), 64);
    x = build_update_begin(b, SPACE_FRAME, 2, at, 64);
    switch (one) {
    case ZONE_MUL_WIDE: r = mul_wide(b, x, y); break;
    case ZONE_DIV_WIDE: r = div_wide(b, x, y); break;
    default: r = sqrt_wide(b, x); break;
    }
    build_update(b, 2, r);
    build_next(b, part_pc_next(b), lin_wire(b->fp), r);
    return true;
}
