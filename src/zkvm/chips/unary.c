/* Counting bits, extending, wrapping. */
#include <stdio.h>

#include "zkvm/chips/chips.h"

static const char *const names[ZK_UNS] = {"clz",      "ctz",      "popcnt", "extend8",
                                          "extend16", "extend32", "wrap",   "extend_i32"};

/* The index of a power of two of w bits. */
static struct lin power_of(struct build *b, struct lin k, unsigned w)
{
    struct lin p = lin_wire(build_recipe(b, "2^k", RECIPE_POW2, k, lin_zero()));

    build_pin(b, k.t[0].wire, 0, w - 1); /* by the table */
    build_pin(b, p.t[0].wire, 0, (wide)1 << (w - 1));
    build_lookup2(b, w == 32 ? BUS_POW32 : BUS_POW64, k, p);
    return p;
}

/* 2^k <= x + zero < 2^(k+1): clz = w - 1 - k + zero */
static struct lin clz(struct build *b, struct lin x, unsigned w)
{
    struct lin zero = lin_wire(build_is_zero(b, "zero", x)), some = lin_add(x, zero), k, p, r;

    k = lin_wire(build_recipe(b, "k", RECIPE_LOG2, some, lin_zero()));
    p = power_of(b, k, w);
    build_range(b, lin_sub(some, p), w);
    build_range(b, lin_sub(lin_sub(lin_mul(p, 2), lin_wire(b->on)), some), w);
    r = lin_add(lin_sub(lin_mul(lin_wire(b->on), w - 1), k), zero);
    build_know(b, r, 0, w);
    return r;
}

/* x + zero = 2^k (2m + 1): ctz = k + w zero */
static struct lin ctz(struct build *b, struct lin x, unsigned w)
{
    struct lin zero = lin_wire(build_is_zero(b, "zero", x)), some = lin_add(x, zero), k, p, m;

    k = lin_wire(build_recipe(b, "k", RECIPE_CTZ, some, lin_zero()));
    p = power_of(b, k, w);
    m = build_limbs_of_quotient(b, "odd", some, lin_mul(p, 2), 0, w);
    build_constrain(b, p, lin_add(lin_mul(m, 2), lin_wire(b->on)), some);
    return lin_add(k, lin_mul(zero, w));
}

static struct lin popcnt(struct build *b, struct lin x, unsigned w)
{
    struct lin rest = x, sum = lin_zero();

    for (unsigned at = 0; at < w; at += 8) {
        struct lin byte = lin_shl(rest, -(int)at), ones; /* the last byte is what is left */

        if (at + 8 < w) {
            byte = lin_wire(build_bits(b, "byte", x, at, 8));
            rest = lin_sub(rest, lin_shl(byte, (int)at));
        }
        ones = lin_wire(build_two_bits(b, "ones", RECIPE_POPCNT, x, lin_zero(), at, 8));
        build_lookup2(b, BUS_POP8, byte, ones);
        build_pin(b, ones.t[0].wire, 0, 8);
        sum = lin_add(sum, ones);
    }
    return sum;
}

/* The low `bits` bits of x, sign-extended to w: low + sign (2^w - 2^bits).  `from` is
 * the width of x. */
static struct lin extend(struct build *b, struct lin x, unsigned bits, unsigned from, unsigned w)
{
    struct lin low = x, sign, r; /* all of x when that is no wider */

    if (bits < from) {
        low = build_limbs(b, "low", x, 0, bits);
        build_range(b, lin_shl(lin_sub(x, low), -(int)bits), from - bits);
    }
    sign = lin_wire(build_bool_bit(b, "sign", x, bits - 1));
    build_range(
        b, lin_sub(lin_add(low, lin_shl(lin_wire(b->on), (int)bits - 1)), lin_shl(sign, (int)bits)),
        bits);
    r = lin_add(low, lin_sub(lin_shl(sign, (int)w), lin_shl(sign, (int)bits)));
    build_know(b, r, 0, ((wide)1 << w) - 1);
    return r;
}

static struct lin wrap(struct build *b, struct lin x)
{
    struct lin low = build_limbs(b, "low", x, 0, 32);

    build_range(b, lin_shl(lin_sub(x, low), -32), 32);
    return low;
}

static struct lin result(struct build *b, unsigned un, unsigned w, struct lin x)
{
    switch (un) {
    case UN_CLZ: return clz(b, x, w);
    case UN_CTZ: return ctz(b, x, w);
    case UN_POPCNT: return popcnt(b, x, w);
    case UN_EXTEND8: return extend(b, x, 8, w, w);
    case UN_EXTEND16: return extend(b, x, 16, w, w);
    case UN_EXTEND32: return extend(b, x, 32, 64, 64);
    case UN_WRAP: return wrap(b, x);
    default: return extend(b, x, 32, 32, 64);
    }
}

int chip_unary(struct chip **out, uint32_t op, unsigned variant, struct err *err)
{
    uint32_t at = op - ZOP_UN_FIRST;
    unsigned un = at / 8, w = at / 4 % 2 ? 64 : 32, from;
    bool is_acc = at / 2 % 2, writes = at % 2 == 0;
    struct build b;
    struct slots s;
    struct lin x, dest = lin_zero(), r;
    char name[40];
    int rc;

    if (variant || (un >= UN_EXTEND32 && w == 32))
        return VCP_ENOTFOUND;
    snprintf(name, sizeof name, "i%u.%s_%s%s", w, names[un], is_acc ? "a" : "s",
             writes ? "" : "_n");
    rc = build_init(&b, name, err);
    if (rc < 0)
        return rc;
    build_instruction(&b, op);
    s = part_slots(&b, (unsigned)!is_acc + writes);
    from = un == UN_EXTEND_I32 ? 32 : w;
    x = is_acc ? part_acc(&b, from) : build_read(&b, SPACE_FRAME, 0, part_frame(&b, s.at[0]), from);
    if (writes)
        dest = part_frame(&b, s.at[!is_acc]);
    r = result(&b, un, w, x);
    if (writes)
        build_write(&b, SPACE_FRAME, 6, dest, r);
    build_next(&b, part_pc_next(&b), lin_wire(b.fp), r);
    return build_finish(out, &b, err);
}
