/* Moves, constants, jumps, calls, globals and the other single instructions. */
#include <stdio.h>

#include "wasm/trap.h"
#include "zkvm/chips/chips.h"

static const char *const names[ZK_ONES] = {
    [ZONE_MOVE] = "move",
    [ZONE_CONST] = "const",
    [ZONE_SELECT_S] = "select_s",
    [ZONE_SELECT_A] = "select_a",
    [ZONE_NOP] = "nop",
    [ZONE_UNREACHABLE] = "unreachable",
    [ZONE_JUMP] = "jump",
    [ZONE_BR_TABLE_S] = "br_table_s",
    [ZONE_BR_TABLE_A] = "br_table_a",
    [ZONE_CALL] = "call",
    [ZONE_RET0] = "ret0",
    [ZONE_RET1_S] = "ret1_s",
    [ZONE_RET1_A] = "ret1_a",
    [ZONE_RET1_I] = "ret1_i",
    [ZONE_GLOBAL_GET] = "global.get",
    [ZONE_GLOBAL_GET_N] = "global.get_n",
    [ZONE_GLOBAL_SET_S] = "global.set_s",
    [ZONE_GLOBAL_SET_A] = "global.set_a",
    [ZONE_MEMORY_SIZE] = "memory.size",
    [ZONE_ASSERT] = "assert",
    [ZONE_TABLE_GET] = "table.get",
    [ZONE_TABLE_SET] = "table.set",
    [ZONE_TABLE_SIZE] = "table.size",
    [ZONE_CALL_INDIRECT] = "call_indirect",
    [ZONE_REF_FUNC] = "ref.func",
    [ZONE_TABLE_LENGTH] = "table.length",
    [ZONE_TABLE_FETCH] = "table.fetch",
    [ZONE_TABLE_PUT] = "table.put",
    [ZONE_TABLE_RESIZE] = "table.resize",
    [ZONE_HALT] = "halt",
    [ZONE_ROUTINE] = "routine",
    [ZONE_RRET0] = "rret0",
    [ZONE_RRET1_S] = "rret1_s",
    [ZONE_RRET1_A] = "rret1_a",
    [ZONE_RRET1_I] = "rret1_i",
    [ZONE_TRAP] = "trap",
    [ZONE_CHARGE] = "charge",
    [ZONE_GET_ACC] = "get_acc",
    [ZONE_PUT_ACC] = "put_acc",
    [ZONE_SPECIAL_GET] = "special.get",
    [ZONE_SPECIAL_SET] = "special.set",
    [ZONE_GROW] = "grow",
    [ZONE_TAPE] = "tape",
    [ZONE_MOVE_IN] = "move_in",
    [ZONE_MOVE_OUT] = "move_out",
    [ZONE_WRITE_WORD] = "write_word",
    [ZONE_EXIT] = "exit",
    [ZONE_MUL_WIDE] = "mul_wide",
    [ZONE_DIV_WIDE] = "div_wide",
    [ZONE_SQRT_WIDE] = "sqrt_wide",
};

static struct lin fp_of(struct build *b)
{
    return lin_wire(b->fp);
}

static void go_on(struct build *b, struct lin acc)
{
    build_next(b, part_pc_next(b), fp_of(b), acc);
}

static struct lin acc_of(struct build *b)
{
    return lin_wire(b->acc);
}

static void move(struct build *b)
{
    struct slots s = part_slots(b, 2);
    struct lin v = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64);

    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[1]), v);
    go_on(b, acc_of(b));
}

static void constant(struct build *b)
{
    struct slots s = part_slots(b, 1);

    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[0]), part_imm(b, 64));
    go_on(b, acc_of(b));
}

/* The results of the statement: the slot holds the immediate. */
static void assertion(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin v = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64);

    b->code[CODE_IMM] = v; /* pinned by its cell */
    go_on(b, acc_of(b));
}

/* Slots: a, b, the condition in the immediate's low bits (_S), destination. */
static void select_row(struct build *b, bool cond_is_acc)
{
    struct slots s = part_slots(b, 3);
    struct lin cond = lin_wire(b->acc), slot, x, y, zero, r;

    x = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64);
    y = build_read(b, SPACE_FRAME, 1, part_frame(b, s.at[1]), 64);
    if (!cond_is_acc) {
        slot = lin_wire(build_limb(b, "slot of condition", part_imm_hint(b), 0, 16));
        b->code[CODE_IMM] = slot;
        cond = build_read(b, SPACE_FRAME, 2, part_frame(b, slot), 32);
    }
    zero = lin_wire(build_is_zero(b, "is zero", cond));
    r = build_mux(b, "selected", zero, x, y);
    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[2]), r);
    go_on(b, r);
}

static void jump(struct build *b)
{
    struct lin target = build_limbs(b, "target", part_imm_hint(b), 0, 24);

    b->code[CODE_IMM] = target;
    build_next(b, target, fp_of(b), acc_of(b));
}

/* The table's jumps follow: on to number min(value, n). */
static void br_table(struct build *b, bool is_acc)
{
    struct slots s = part_slots(b, is_acc ? 0 : 1);
    struct lin v = is_acc ? acc_of(b) : build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 32);
    struct compare c = {ALU_LT_U, 32, v, lin_zero(), 2};
    struct lin n, in_range, at, unused;

    n = build_limbs(b, "n", part_imm_hint(b), 0, 24);
    c.imm_side = 0;
    c.y = n;
    in_range = part_compare(b, &c, &unused);
    b->code[CODE_IMM] = n;
    at = build_mux(b, "index", in_range, n, v);
    build_pin(b, at.t[0].wire, 0, ((wide)1 << 17)); /* at most n, whose jumps are code */
    build_next(b, lin_add(at, part_pc_next(b)), fp_of(b), acc_of(b));
}

/* ---- calls: the record is (pc + 1, fp) in the two slots behind the parameters ---------- */

/* The immediate: the target, and above 2^32 the room: slots of the stack less those of the
 * callee, plus 2^16. */
static struct lin call_code(struct build *b)
{
    struct lin target = build_limbs(b, "target", part_imm_hint(b), 0, 24), room;

    room = build_limbs(b, "room", part_imm_hint(b), 32, 32);
    b->code[CODE_IMM] = lin_add(target, lin_shl(room, 32));
    return room;
}

static struct lin call_target(const struct build *b)
{
    struct lin target = lin_zero();

    for (uint32_t i = 0; i < 2; i++)
        target.t[target.n++] = b->code[CODE_IMM].t[i];
    return target;
}

static void call(struct build *b)
{
    struct slots s = part_slots(b, 2); /* A: the first slot, TOP: the record */
    struct lin base = lin_add(fp_of(b), s.at[0]), record = part_frame(b, s.at[1]), depth, room;
    struct lin on = lin_wire(b->on);

    build_write(b, SPACE_FRAME, 2, record, part_pc_next_value(b));
    build_write(b, SPACE_FRAME, 3, lin_add(record, lin_const(1)), fp_of(b));
    depth = build_update_begin(b, SPACE_SPECIAL, 4, lin_const(CELL_DEPTH), 32);
    build_range(b, lin_sub(depth, on), 32);
    build_update(b, 4, lin_sub(depth, on));
    room = lin_sub(call_code(b), lin_shl(on, 16));
    build_range(b, lin_sub(room, base), 32);
    build_know(b, base, 0, ((wide)1 << 32) - 1); /* at most the room */
    build_next(b, call_target(b), base, acc_of(b));
}

static void call_trap(struct build *b, unsigned variant)
{
    struct slots s = part_slots(b, 2);
    struct lin base = lin_add(fp_of(b), s.at[0]), room, left, on = lin_wire(b->on);

    part_pin_top(b);
    if (variant == CALL_TOO_DEEP)
        left = build_read(b, SPACE_SPECIAL, 4, lin_const(CELL_DEPTH), 32);
    room = lin_sub(call_code(b), lin_shl(on, 16));
    if (variant == CALL_NO_SLOTS)
        build_range(b, lin_sub(lin_sub(base, room), on), 40);
    else
        build_constrain(b, on, left, lin_zero());
    part_trap(b, TRAP_CALL_STACK_EXHAUSTED);
}

/* Back to the record at slot TOP; a result goes to slot 0.  Routines count no depth. */
static void ret(struct build *b, unsigned one, bool is_routine)
{
    unsigned n = one == ZONE_RET1_S ? 2 : 1;
    struct slots s = part_slots(b, n);
    struct lin record = part_frame(b, s.at[n - 1]), v = acc_of(b), pc, fp, depth;

    if (one == ZONE_RET1_S)
        v = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64);
    pc = build_read(b, SPACE_FRAME, 2, record, 24);
    fp = build_read(b, SPACE_FRAME, 3, lin_add(record, lin_const(1)), 32);
    if (!is_routine) {
        depth = build_update_begin(b, SPACE_SPECIAL, 4, lin_const(CELL_DEPTH), 32);
        build_update(b, 4, lin_add(depth, lin_wire(b->on)));
    }
    if (one == ZONE_RET1_I)
        v = part_imm(b, 64);
    if (one != ZONE_RET0)
        build_write(b, SPACE_FRAME, 6, fp_of(b), v);
    build_next(b, pc, fp, v);
}

/* ---- globals, memory size --------------------------------------------------------------- */

static struct lin named(struct build *b)
{
    return lin_wire(build_limb(b, "index", part_imm_hint(b), 0, 16));
}

static void global_get(struct build *b, bool writes)
{
    struct slots s = part_slots(b, writes);
    struct lin index = named(b), v;

    b->code[CODE_IMM] = index;
    v = build_read(b, SPACE_GLOBAL, 3, index, 64);
    if (writes)
        build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[0]), v);
    go_on(b, v);
}

static void global_set(struct build *b, bool is_acc)
{
    struct slots s = part_slots(b, !is_acc);
    struct lin v = acc_of(b), index;

    if (!is_acc)
        v = build_read(b, SPACE_FRAME, 0, part_frame(b, s.at[0]), 64);
    index = named(b);
    b->code[CODE_IMM] = index;
    build_write(b, SPACE_GLOBAL, 3, index, v);
    go_on(b, acc_of(b));
}

static void memory_size(struct build *b)
{
    struct slots s = part_slots(b, 1);
    struct lin v = build_read(b, SPACE_SPECIAL, 3, lin_const(CELL_PAGES), 32);

    build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[0]), v);
    go_on(b, v);
}

static bool row(struct build *b, unsigned one, unsigned variant)
{
    if (one >= ZONE_TABLE_GET && one <= ZONE_TABLE_RESIZE)
        return chip_table_row(b, one, variant);
    if (variant && one != ZONE_CALL && one != ZONE_CHARGE && one != ZONE_MOVE_IN &&
        one != ZONE_MOVE_OUT)
        return false;
    switch (one) {
    case ZONE_MOVE: move(b); return true;
    case ZONE_CONST: constant(b); return true;
    case ZONE_SELECT_S:
    case ZONE_SELECT_A: select_row(b, one == ZONE_SELECT_A); return true;
    case ZONE_NOP: go_on(b, acc_of(b)); return true;
    case ZONE_UNREACHABLE: part_trap(b, TRAP_UNREACHABLE); return true;
    case ZONE_JUMP: jump(b); return true;
    case ZONE_BR_TABLE_S:
    case ZONE_BR_TABLE_A: br_table(b, one == ZONE_BR_TABLE_A); return true;
    case ZONE_CALL:
        if (variant)
            call_trap(b, variant);
        else
            call(b);
        return variant <= CALL_TOO_DEEP;
    case ZONE_RET0:
    case ZONE_RET1_S:
    case ZONE_RET1_A:
    case ZONE_RET1_I: ret(b, one, false); return true;
    case ZONE_RRET0:
    case ZONE_RRET1_S:
    case ZONE_RRET1_A:
    case ZONE_RRET1_I: ret(b, ZONE_RET0 + one - ZONE_RRET0, true); return true;
    case ZONE_GLOBAL_GET:
    case ZONE_GLOBAL_GET_N: global_get(b, one == ZONE_GLOBAL_GET); return true;
    case ZONE_GLOBAL_SET_S:
    case ZONE_GLOBAL_SET_A: global_set(b, one == ZONE_GLOBAL_SET_A); return true;
    case ZONE_MEMORY_SIZE: memory_size(b); return true;
    case ZONE_ASSERT: assertion(b); return true;
    case ZONE_HALT: build_next(b, lin_const(ZPC_HALT), lin_zero(), lin_zero()); return true;
    case ZONE_MOVE_IN:
    case ZONE_MOVE_OUT:
    case ZONE_WRITE_WORD:
    case ZONE_EXIT: return chip_world_row(b, one, variant);
    default: return chip_routine_row(b, one, variant);
    }
}

/* "", or what the row has found. */
static const char *variant_name(unsigned one, unsigned variant)
{
    static const char *const calls[CHIP_VARIANTS] = {
        "",         " no slots", " too deep",    " beyond the table",
        " of null", " mismatch", " of the host", " mismatch of the host"};

    if (one == ZONE_CALL || one == ZONE_CALL_INDIRECT)
        return calls[variant];
    if (one == ZONE_CHARGE && variant)
        return " over";
    if ((one == ZONE_MOVE_IN || one == ZONE_MOVE_OUT) && variant)
        return " done";
    return variant ? " out of bounds" : "";
}

int chip_one(struct chip **out, uint32_t op, unsigned variant, struct err *err)
{
    unsigned one = op - ZOP_ONE_FIRST;
    struct build b;
    char name[40];
    int rc;

    snprintf(name, sizeof name, "%s%s", names[one], variant_name(one, variant));
    rc = build_init(&b, name, err);
    if (rc < 0)
        return rc;
    build_instruction(&b, op);
    if (!row(&b, one, variant)) {
        chip_free(b.chip);
        return VCP_ENOTFOUND;
    }
    return build_finish(out, &b, err);
}

int chip_stop(struct chip **out, struct err *err)
{
    struct build b;
    int rc = build_init(&b, "out of gas", err);

    if (rc < 0)
        return rc;
    build_instruction(&b, 0);
    b.is_stop = true;
    build_next(&b, lin_const(ZPC_STOP), lin_add(lin_wire(b.pc), lin_const(ZTRAP_FP_BIAS)),
               lin_zero());
    return build_finish(out, &b, err);
}
