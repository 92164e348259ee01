/* Tables, references, and calls through tables; cells as in tables.h.
 *
 * Every access reads the size of its table and proves on which side of it the index lies, so of
 * an instruction's rows, one for each end it can have, only the right one can be made:
 *
 *     index < size    null entry    type as named    slots, depth left
 *     no              -             -                -          TRAP_UNDEFINED_ELEMENT
 *     yes             yes           -                -          TRAP_UNINITIALIZED_ELEMENT
 *     yes             no            no               -          TRAP_INDIRECT_CALL_MISMATCH
 *     yes             no            yes              not both   TRAP_CALL_STACK_EXHAUSTED
 *     yes             no            yes              yes        the call
 *
 * Null has no cell in SPACE_FUNCTION, so a row that reads the callee's shows that there is one.  An
 * import's cell lies elsewhere than a function's would, so that only the row for it can be made:
 * it counts neither slots nor depth, as the engine does not. */
#include "zkvm/tables.h"
#include "wasm/trap.h"
#include "zkvm/chips/chips.h"

#define SIZE_BITS TABLE_SHIFT /* of a table's size: senders keep it within a stride */
#define REF_BITS  32          /* of a function's reference */

static struct lin on_of(const struct build *b)
{
    return lin_wire(b->on);
}

static void go_on(struct build *b, struct lin acc)
{
    build_next(b, part_pc_next(b), lin_wire(b->fp), acc);
}

/* ---- entries of a table -------------------------------------------------------------- */

static struct lin number_of_table(struct build *b)
{
    return lin_wire(build_limb(b, "table", part_imm_hint(b), 0, 16));
}

static struct lin first_cell(struct lin number)
{
    return lin_shl(number, TABLE_SHIFT);
}

static struct lin read_size(struct build *b, unsigned port, struct lin number)
{
    return build_read(b, SPACE_TABLE, port, first_cell(number), SIZE_BITS);
}

/* index < size, which makes the index as small as the size. */
static void within(struct build *b, struct lin index, struct lin size)
{
    build_range(b, lin_sub(lin_sub(size, on_of(b)), index), 24);
    build_pin(b, index.t[0].wire, 0, ((wide)1 << SIZE_BITS) - 2);
}

static void beyond(struct build *b, struct lin index, struct lin size)
{
    build_range(b, lin_sub(index, size), 32);
}

static struct lin entry_cell(struct lin number, struct lin index)
{
    return lin_add(lin_add(first_cell(number), index), lin_const(1));
}

static void get(struct build *b, unsigned variant)
{
    struct slots s = part_slots(b, 2);
    struct lin index = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 32);
    struct lin number = number_of_table(b), size = read_size(b, 2, number), v;

    b->code[CODE_IMM] = number;
    if (variant == TABLE_OUT_OF_BOUNDS) {
        beyond(b, index, size);
        part_pin_top(b);
        part_trap(b, TRAP_TABLE_OUT_OF_BOUNDS);
        return;
    }
    within(b, index, size);
    v = build_read(b, SPACE_TABLE, 3, entry_cell(number, index), 64);
    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[1]), v);
    go_on(b, v);
}

static void set(struct build *b, unsigned variant)
{
    struct slots s = part_slots(b, 2);
    struct lin index = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 32);
    struct lin v = build_read(b, SPACE_FRAME, 1, part_frame(b, s.at[1]), 64);
    struct lin number = number_of_table(b), size = read_size(b, 2, number);

    b->code[CODE_IMM] = number;
    if (variant == TABLE_OUT_OF_BOUNDS) {
        beyond(b, index, size);
        part_trap(b, TRAP_TABLE_OUT_OF_BOUNDS);
        return;
    }
    within(b, index, size);
    build_write(b, SPACE_TABLE, 3, entry_cell(number, index), v);
    go_on(b, lin_wire(b->acc));
}

static void size_of(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin number = number_of_table(b), size = read_size(b, 2, number);

    b->code[CODE_IMM] = number;
    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[0]), size);
    go_on(b, size);
}

/* ---- for routines: the table's number, then the others, in slots from TOP on ---------------- */

static struct lin operand(struct build *b, struct lin top, unsigned i)
{
    return lin_add(part_frame(b, top), lin_const(i));
}

static struct lin number_in_slot(struct build *b, struct lin number)
{
    build_range16(b, number);
    build_pin(b, number.t[0].wire, 0, TABLE_NUMBER_MAX);
    return number;
}

static void length(struct build *b)
{
    struct lin top = part_slots(b, 1).at[0], number, size;

    number = number_in_slot(b, build_update_begin(b, SPACE_FRAME, 0, operand(b, top, 0), 32));
    size = read_size(b, 3, number);
    build_update(b, 0, size);
    go_on(b, size);
}

static void fetch(struct build *b)
{
    struct lin top = part_slots(b, 1).at[0], number, index, size, v;

    number = number_in_slot(b, build_update_begin(b, SPACE_FRAME, 0, operand(b, top, 0), 32));
    index = build_read(b, SPACE_FRAME, 1, operand(b, top, 1), 32);
    size = read_size(b, 3, number);
    within(b, index, size);
    v = build_read(b, SPACE_TABLE, 4, entry_cell(number, index), 64);
    build_update(b, 0, v);
    go_on(b, v);
}

static void put(struct build *b)
{
    struct lin top = part_slots(b, 1).at[0], number, index, size, v;

    number = number_in_slot(b, build_read(b, SPACE_FRAME, 0, operand(b, top, 0), 32));
    index = build_read(b, SPACE_FRAME, 1, operand(b, top, 1), 32);
    v = build_read(b, SPACE_FRAME, 2, operand(b, top, 2), 64);
    size = read_size(b, 3, number);
    within(b, index, size);
    build_write(b, SPACE_TABLE, 4, entry_cell(number, index), v);
    go_on(b, lin_wire(b->acc));
}

/* The new size stays below the stride of tables: what is above 16 bits of it, times 16, is a byte.
 */
static void resize(struct build *b)
{
    struct lin top = part_slots(b, 1).at[0], number, size, high;

    number = number_in_slot(b, build_read(b, SPACE_FRAME, 0, operand(b, top, 0), 32));
    size = build_read(b, SPACE_FRAME, 1, operand(b, top, 1), 32);
    high = lin_wire(build_limb(b, "high", size, 16, 8));
    build_range8(b, lin_shl(high, 4));
    build_range16(b, lin_sub(size, lin_shl(high, 16)));
    build_pin(b, size.t[0].wire, 0, ((wide)1 << SIZE_BITS) - 1);
    build_write(b, SPACE_TABLE, 3, first_cell(number), size);
    go_on(b, lin_wire(b->acc));
}

static void ref_func(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin v = part_imm(b, REF_BITS);

    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[0]), v);
    go_on(b, v);
}

/* ---- calls --------------------------------------------------------------------------------- */

struct call {
    struct slots s; /* index, the callee's first, record */
    struct lin index, number, limit, size;
    struct lin pc, frame, type; /* of the callee, each pinned */
};

static struct lin limit_of_stack(struct build *b)
{
    return build_limbs(b, "limit", part_imm_hint(b), CALL_LIMIT_SHIFT, 32);
}

static struct lin type_named(struct build *b)
{
    return lin_wire(build_limb(b, "type", part_imm_hint(b), CALL_TYPE_SHIFT, 16));
}

static void set_code(struct build *b, const struct call *c, struct lin type)
{
    b->code[CODE_IMM] = lin_add(lin_add(c->number, lin_shl(c->limit, CALL_LIMIT_SHIFT)),
                                lin_shl(type, CALL_TYPE_SHIFT));
}

/* The limbs are the fields: together they are the cell's value. */
static void read_callee(struct build *b, struct call *c, struct lin at)
{
    struct lin fact = build_read(b, SPACE_FUNCTION, 4, at, FACT_BITS), sum;

    c->pc = build_limbs(b, "entry", fact, 0, 24);
    c->frame = lin_wire(build_limb(b, "frame", fact, FACT_FRAME_SHIFT, 16));
    c->type = lin_wire(build_limb(b, "type of callee", fact, FACT_TYPE_SHIFT, 16));
    sum = lin_add(lin_add(c->pc, lin_shl(c->frame, FACT_FRAME_SHIFT)),
                  lin_shl(c->type, FACT_TYPE_SHIFT));
    build_constrain(b, lin_sub(sum, fact), on_of(b), lin_zero());
}

/* Slots the stack has left behind the callee's frame, which begins at base. */
static struct lin slots_left(const struct call *c, struct lin base)
{
    return lin_sub(lin_sub(c->limit, c->frame), base);
}

static void enter(struct build *b, const struct call *c)
{
    struct lin base = part_frame(b, c->s.at[1]), record = part_frame(b, c->s.at[2]), depth;

    depth = build_update_begin(b, SPACE_SPECIAL, 5, lin_const(CELL_DEPTH), 32);
    build_range(b, lin_sub(depth, on_of(b)), 32);
    build_update(b, 5, lin_sub(depth, on_of(b)));
    build_write(b, SPACE_FRAME, 6, record, part_pc_next_value(b));
    build_write(b, SPACE_FRAME, 7, lin_add(record, lin_const(1)), lin_wire(b->fp));
    build_range(b, slots_left(c, base), 32);
    build_know(b, base, 0, ((wide)1 << 32) - 1); /* at most the limit */
    build_next(b, c->pc, base, lin_wire(b->acc));
}

static void exhausted(struct build *b, const struct call *c, unsigned variant)
{
    struct lin left = slots_left(c, part_frame(b, c->s.at[1])), depth;

    if (variant == CALL_NO_SLOTS) {
        build_range(b, lin_sub(lin_mul(left, -1), on_of(b)), 40);
    } else {
        depth = build_read(b, SPACE_SPECIAL, 5, lin_const(CELL_DEPTH), 32);
        build_constrain(b, on_of(b), depth, lin_zero());
    }
    part_trap(b, TRAP_CALL_STACK_EXHAUSTED);
}

/* As routines are called: neither slots nor depth are counted. */
static void enter_host(struct build *b, const struct call *c)
{
    struct lin base = part_frame(b, c->s.at[1]), record = part_frame(b, c->s.at[2]);

    build_write(b, SPACE_FRAME, 6, record, part_pc_next_value(b));
    build_write(b, SPACE_FRAME, 7, lin_add(record, lin_const(1)), lin_wire(b->fp));
    /* Not above the record, a cell of the frame area, which ends below 2^32. */
    build_know(b, base, 0, ((wide)1 << 32) - 1);
    build_next(b, c->pc, base, lin_wire(b->acc));
}

/* With a callee that is there. */
static void call_of(struct build *b, struct call *c, struct lin ref, unsigned variant)
{
    bool is_host = variant >= CALL_HOST;
    struct lin named;

    read_callee(b, c, is_host ? lin_add(ref, lin_pow2(FACT_HOST_SHIFT)) : ref);
    if (variant == CALL_MISMATCH || variant == CALL_HOST_MISMATCH) {
        named = type_named(b);
        set_code(b, c, named);
        build_inverse2(b, lin_sub(named, c->type), on_of(b)); /* they differ */
        part_trap(b, TRAP_INDIRECT_CALL_MISMATCH);
        return;
    }
    set_code(b, c, c->type);
    if (variant == CALL_GOES)
        enter(b, c);
    else if (variant == CALL_HOST)
        enter_host(b, c);
    else
        exhausted(b, c, variant);
}

static void call_indirect(struct build *b, unsigned variant)
{
    struct call c = {.s = part_slots(b, 3)};
    struct lin ref;

    if (variant != CALL_GOES && variant != CALL_HOST)
        part_pin_top(b);
    c.index = build_read(b, SPACE_FRAME, 0, part_frame(b, c.s.at[0]), 32);
    c.number = number_of_table(b);
    c.limit = limit_of_stack(b);
    c.size = read_size(b, 2, c.number);
    if (variant == CALL_BEYOND_TABLE) {
        set_code(b, &c, type_named(b));
        beyond(b, c.index, c.size);
        part_trap(b, TRAP_UNDEFINED_ELEMENT);
        return;
    }
    within(b, c.index, c.size);
    ref = build_read(b, SPACE_TABLE, 3, entry_cell(c.number, c.index), REF_BITS);
    if (variant != CALL_OF_NULL) {
        call_of(b, &c, ref, variant);
        return;
    }
    set_code(b, &c, type_named(b));
    build_constrain(b, on_of(b), ref, lin_zero());
    part_trap(b, TRAP_UNINITIALIZED_ELEMENT);
}

bool chip_table_row(struct build *b, unsigned one, unsigned variant)
{
    switch (one) {
    case ZONE_TABLE_GET: get(b, variant); return variant <= TABLE_OUT_OF_BOUNDS;
    case ZONE_TABLE_SET: set(b, variant); return variant <= TABLE_OUT_OF_BOUNDS;
    case ZONE_TABLE_SIZE: size_of(b); return variant == 0;
    case ZONE_CALL_INDIRECT: call_indirect(b, variant); return variant <= CALL_HOST_MISMATCH;
    case ZONE_REF_FUNC: ref_func(b); return variant == 0;
    case ZONE_TABLE_LENGTH: length(b); return variant == 0;
    case ZONE_TABLE_FETCH: fetch(b); return variant == 0;
    case ZONE_TABLE_PUT: put(b); return variant == 0;
    case ZONE_TABLE_RESIZE: resize(b); return variant == 0;
    default: return false;
    }
}
