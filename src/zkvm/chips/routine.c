/* Routines: their calls, and the primitives that a routine imports (zkvm/runtime.h). */
#include "wasm/trap.h"
#include "zkvm/chips/chips.h"

static void go_on(struct build *b, struct lin acc)
{
    build_next(b, part_pc_next(b), lin_wire(b->fp), acc);
}

/* As a call (control.c), but the frames of routines lie in slots that the frame area has for
 * them above every guest frame, so neither room nor depth is counted. */
static void routine(struct build *b)
{
    struct slots s = part_slots(b, 2); /* A: the first slot, TOP: the record */
    struct lin base = lin_add(lin_wire(b->fp), s.at[0]), record = part_frame(b, s.at[1]);
    struct lin target = build_limbs(b, "target", part_imm_hint(b), 0, 24);

    build_write(b, SPACE_FRAME, 2, record, part_pc_next_value(b));
    build_write(b, SPACE_FRAME, 3, lin_add(record, lin_const(1)), lin_wire(b->fp));
    b->code[CODE_IMM] = target;
    /* Not above the record, a cell of the frame area, which ends below 2^32. */
    build_know(b, base, 0, ((wide)1 << 32) - 1);
    build_next(b, target, base, lin_wire(b->acc));
}

static struct lin small_imm(struct build *b, const char *name)
{
    struct lin imm = lin_wire(build_limb(b, name, part_imm_hint(b), 0, 8));

    b->code[CODE_IMM] = imm;
    return imm;
}

/* The condition was computed by the rows before. */
static void trap(struct build *b)
{
    struct lin kind = small_imm(b, "trap");

    build_next(b, lin_add(lin_const(ZPC_TRAP(0)), kind),
               lin_add(lin_wire(b->pc), lin_const(ZTRAP_FP_BIAS)), lin_zero());
}

/* Gas that only the run knows.  Variant 1 ends the run with the amount in the accumulator:
 * that it does not fit is the verifier's to see, as with the weights of entries. */
static void charge(struct build *b, bool is_over)
{
    struct slots s = part_slots(b, 1);
    struct lin n = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64);

    small_imm(b, "given back");
    if (is_over) {
        build_next(b, lin_const(ZPC_OVER), lin_add(lin_wire(b->pc), lin_const(ZTRAP_FP_BIAS)), n);
        return;
    }
    build_tuple(b, BUS_GAS, 1, lin_wire(b->on), NULL, &n);
    go_on(b, lin_wire(b->acc));
}

static void get_acc(struct build *b)
{
    struct slots s = part_slots(b, 1);

    go_on(b, build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64));
}

static void put_acc(struct build *b)
{
    struct slots s = part_slots(b, 1);

    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[0]), lin_wire(b->acc));
    go_on(b, lin_wire(b->acc));
}

/* Which special cell: the entry's immediate. */
static struct lin special_cell(struct build *b)
{
    struct lin at = build_limbs(b, "cell", part_imm_hint(b), 0, 32);

    b->code[CODE_IMM] = at;
    return at;
}

static void special_get(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin v = build_read(b, SPACE_SPECIAL, 3, special_cell(b), 64);

    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[0]), v);
    go_on(b, v);
}

static void special_set(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin v = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64);

    build_write(b, SPACE_SPECIAL, 3, special_cell(b), v);
    go_on(b, lin_wire(b->acc));
}

/* More pages, at least one, at most 65536 in all: whether as many are allowed is the
 * routine's to see.  Their cells
 * are born behind all accesses of this row. */
static void grow(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin delta = build_update_begin(b, SPACE_FRAME, 2, part_frame(b, s.at[0]), 32), old, new;

    old = build_update_begin(b, SPACE_SPECIAL, 3, lin_const(CELL_PAGES), 32);
    new = lin_add(old, delta);
    build_range16(b, lin_sub(delta, lin_wire(b->on)));
    build_range16(b, lin_sub(lin_shl(lin_wire(b->on), 16), new));
    build_pin(b, delta.t[0].wire, 0, 65536);
    build_pin(b, old.t[0].wire, 0, 65535); /* below new, which is at most 65536 */
    build_update(b, 2, old);
    build_update(b, 3, new);
    build_birth(b, 7, lin_shl(old, 14), lin_shl(new, 14));
    go_on(b, old);
}

/* The index makes room for the word in one access. */
static void tape(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin index = build_update_begin(b, SPACE_FRAME, 2, part_frame(b, s.at[0]), 32);
    struct lin number = small_imm(b, "tape"), v;

    build_pin(b, number.t[0].wire, 0, 15); /* that of an entry, which names a tape */
    v = build_read(b, SPACE_TAPE, 3, lin_add(index, lin_shl(number, BUS_TAPE_BITS)), 32);
    build_update(b, 2, v);
    go_on(b, v);
}

bool chip_routine_row(struct build *b, unsigned one, unsigned variant)
{
    switch (one) {
    case ZONE_ROUTINE: routine(b); return true;
    case ZONE_TRAP: trap(b); return true;
    case ZONE_CHARGE: charge(b, variant == 1); return variant < 2;
    case ZONE_GET_ACC: get_acc(b); return true;
    case ZONE_PUT_ACC: put_acc(b); return true;
    case ZONE_SPECIAL_GET: special_get(b); return true;
    case ZONE_SPECIAL_SET: special_set(b); return true;
    case ZONE_GROW: grow(b); return true;
    case ZONE_TAPE: tape(b); return true;
    case ZONE_MUL_WIDE:
    case ZONE_DIV_WIDE:
    case ZONE_SQRT_WIDE: return chip_wide_row(b, one);
    default: return false;
    }
}
