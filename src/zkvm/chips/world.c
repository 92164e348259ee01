/* What reaches beyond the guest's memory: words of a tape to memory, words of memory to an
 * output, the exit.  The routines that use these rows are runtime/wasi.c. */
#include "zkvm/chips/chips.h"

static struct lin beside(struct build *b, const struct slots *s, int64_t n)
{
    return lin_add(part_frame(b, s->at[0]), lin_const(n));
}

static struct lin one_more(struct build *b, struct lin x)
{
    return lin_add(x, lin_wire(b->on));
}

/* Slots: carry, to, from, n, power.  One word x of n is moved, and the row comes again: the low
 * word of carry + power x is written, the high word is the next carry.  `from` and `to` name cells
 * that are there (else the row cannot balance), so that one more is still below 2^32. */
static void move_word(struct build *b, bool is_in)
{
    struct slots s = part_slots(b, 1);
    struct lin n, power, from, to, carry, x, sum, word, on = lin_wire(b->on);

    n = build_update_begin(b, SPACE_FRAME, 0, beside(b, &s, 3), 32);
    build_inverse2(b, n, on); /* there is one: n is not 0 */
    build_know(b, lin_sub(n, on), 0, ((wide)1 << 32) - 1);
    build_update(b, 0, lin_sub(n, on));
    power = build_read(b, SPACE_FRAME, 1, beside(b, &s, 4), 32);
    from = build_update_begin(b, SPACE_FRAME, 2, beside(b, &s, 2), 32);
    build_update(b, 2, one_more(b, from));
    if (is_in)
        x = build_read(b, SPACE_TAPE, 3,
                       lin_add(from, lin_shl(lin_mul(on, TAPE_WORLD), BUS_TAPE_BITS)), 32);
    else
        x = build_read(b, SPACE_LINEAR, 3, from, 32);
    to = build_update_begin(b, SPACE_FRAME, 4, beside(b, &s, 1), 32);
    build_update(b, 4, one_more(b, to));
    if (is_in)
        build_update_begin(b, SPACE_LINEAR, 5, to, 32);
    carry = build_update_begin(b, SPACE_FRAME, 6, beside(b, &s, 0), 32);
    sum = lin_add(lin_wire(build_product(b, "power x", power, x)), carry);
    word = build_limbs(b, "word", sum, 0, 32);
    carry = lin_shl(lin_sub(sum, word), -32);
    build_range(b, carry, 32);
    build_update(b, 6, carry);
    if (is_in)
        build_update(b, 5, word);
    else
        build_tuple(b, BUS_OUTPUT, 1, on, &to, &word);
    build_next(b, lin_wire(b->pc), lin_wire(b->fp), lin_wire(b->acc));
}

/* n is 0: on, with the carry as the result. */
static void moved(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin n = build_read(b, SPACE_FRAME, 0, beside(b, &s, 3), 32);
    struct lin carry = build_read(b, SPACE_FRAME, 6, beside(b, &s, 0), 32);

    build_constrain(b, lin_wire(b->on), n, lin_zero());
    build_next(b, part_pc_next(b), lin_wire(b->fp), carry);
}

/* Slots: number, word. */
static void write_word(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin number = build_read(b, SPACE_FRAME, 0, beside(b, &s, 0), 32);
    struct lin word = build_read(b, SPACE_FRAME, 1, beside(b, &s, 1), 32);

    build_tuple(b, BUS_OUTPUT, 1, lin_wire(b->on), &number, &word);
    build_next(b, part_pc_next(b), lin_wire(b->fp), lin_wire(b->acc));
}

/* The last state has the code in the frame pointer's place. */
static void leave(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin code = build_read(b, SPACE_FRAME, 0, beside(b, &s, 0), 32);

    build_next(b, lin_const(ZPC_EXIT), code, lin_zero());
}

bool chip_world_row(struct build *b, unsigned one, unsigned variant)
{
    switch (one) {
    case ZONE_MOVE_IN:
    case ZONE_MOVE_OUT:
        if (variant == 1)
            moved(b);
        else
            move_word(b, one == ZONE_MOVE_IN);
        return variant < 2;
    case ZONE_WRITE_WORD: write_word(b); return variant == 0;
    case ZONE_EXIT: leave(b); return variant == 0;
    default: return false;
    }
}
