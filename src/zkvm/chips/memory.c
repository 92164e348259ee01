/* Loads and stores of linear memory, whose cells have four bytes.
 *
 * With P = 256^o for the offset o inside the first cell, the cells together are
 * V = low + P (value + 256^W high), low < P: digits of a mixed base, so unique.  A store
 * puts other bytes in value's place. */
#include <stdio.h>

#include "wasm/trap.h"
#include "zkvm/chips/chips.h"

enum { ONE_CELL, ACROSS, OUT_OF_BOUNDS, SMALL_VALUE }; /* variants */

static const char *const load_names[ZK_LOADS] = {"load32",    "load64",     "load8_s32",
                                                 "load8_u",   "load16_s32", "load16_u",
                                                 "load8_s64", "load16_s64", "load32_s64"};
static const char *const address_names[ZK_ADDRESSES] = {"s",    "a",    "x_ss", "x_as", "k_ss",
                                                        "k_sa", "k_as", "h_s",  "h_a",  "i"};
static const char *const variant_names[] = {"", " across", " out of bounds", " small"};
static const uint8_t load_log2[ZK_LOADS] = {2, 3, 0, 0, 1, 1, 0, 1, 2};

struct access {
    struct build b;
    unsigned lg, bytes, n_cells;
    bool has_more;
    struct lin ea;
    struct lin o0, o1, power, low, high, value; /* of the window */
};

/* ---- the address --------------------------------------------------------------- */

struct address_shape {
    bool a_slot, b_slot, a_acc, b_acc, shifted;
};

static const struct address_shape shapes[ZK_ADDRESSES] = {
    [ADDRESS_S] = {true, false, false, false, false},
    [ADDRESS_A] = {false, false, true, false, false},
    [ADDRESS_X_SS] = {true, true, false, false, false},
    [ADDRESS_X_AS] = {false, true, true, false, false},
    [ADDRESS_K_SS] = {true, true, false, false, true},
    [ADDRESS_K_SA] = {true, false, false, true, true},
    [ADDRESS_K_AS] = {false, true, true, false, true},
    [ADDRESS_H_S] = {false, true, false, false, true},
    [ADDRESS_H_A] = {false, false, false, true, true},
    [ADDRESS_I] = {false, false, false, false, false},
};

/* A sum modulo 2^32. */
static struct lin sum32(struct build *b, struct lin sum)
{
    int32_t carry = build_limb(b, "carry", sum, 32, 8);

    sum = lin_sub(sum, lin_shl(lin_wire(carry), 32));
    build_range(b, sum, 32);
    return sum;
}

/* The immediate: the offset, and above it the constant that is added before. */
static void address_imm(struct access *m, struct lin *offset, struct lin *more)
{
    struct build *b = &m->b;

    *offset = build_limbs(b, "offset", part_imm_hint(b), 0, 32);
    *more = lin_zero();
    if (m->has_more)
        *more = build_limbs(b, "constant", part_imm_hint(b), 32, 32);
    b->code[CODE_IMM] = lin_add(*offset, lin_shl(*more, 32));
}

/* Reads the slots of the address, s.at[0..], and returns the sum before the offset, which
 * is bounded by 2^32. */
static struct lin base_address(struct access *m, const struct address_shape *shape,
                               const struct slots *s, struct lin more)
{
    struct build *b = &m->b;
    struct lin x = lin_zero(), y = lin_zero();
    unsigned i = 0;

    if (shape->a_slot)
        x = build_read(b, SPACE_FRAME, 0, part_frame(b, s->at[i++]), 32);
    if (shape->b_slot)
        y = build_read(b, SPACE_FRAME, 1, part_frame(b, s->at[i++]), 32);
    if (shape->a_acc)
        x = part_acc(b, 32);
    if (shape->b_acc)
        y = part_acc(b, 32);
    if (!shape->a_slot && !shape->a_acc && !shape->b_slot && !shape->b_acc)
        return more;
    if (!shape->b_slot && !shape->b_acc && !m->has_more)
        return x;
    return sum32(b, lin_add(lin_add(x, lin_shl(y, shape->shifted ? (int)m->lg : 0)), more));
}

/* The address as a wire when it is a sum, so that its bound is a pin. */
static struct lin pinned(struct build *b, struct lin x)
{
    struct lin w;
    wide lo, hi;

    if (build_bounds(b, &x, &lo, &hi) && lo >= 0 && hi < (wide)1 << 33)
        return x;
    w = lin_wire(build_bits(b, "address", x, 0, 32));
    build_constrain(b, lin_sub(w, x), lin_wire(b->on), lin_zero());
    build_pin(b, w.t[0].wire, 0, ((wide)1 << 32) - 1); /* the sum was looked up */
    return w;
}

static void effective_address(struct access *m, struct lin base, struct lin offset)
{
    m->ea = lin_add(pinned(&m->b, base), offset);
}

/* ---- the window ----------------------------------------------------------------- */

static void offset_bits(struct access *m)
{
    struct build *b = &m->b;
    struct lin on = lin_wire(b->on);

    m->o0 = lin_wire(build_bool_bit(b, "o0", m->ea, 0));
    m->o1 = lin_wire(build_bool_bit(b, "o1", m->ea, 1));
    m->power = lin_wire(build_product(b, "256^o", lin_add(on, lin_mul(m->o0, 255)),
                                      lin_add(on, lin_mul(m->o1, 65535))));
    /* Where the cells end before offset + bytes, offset 3 is another chip's: 16 bits in one
     * cell would be taken as the cell's last byte and eight zeros. */
    if (m->bytes + 3 > 4 * m->n_cells)
        build_constrain(b, m->o0, m->o1, lin_zero());
}

/* Cell i of the access, counted in cells. */
static struct lin cell_at(const struct access *m, unsigned i)
{
    struct lin first = lin_sub(lin_sub(m->ea, m->o0), lin_mul(m->o1, 2));

    return lin_add(lin_shl(first, -2), lin_const(i));
}

static void window(struct access *m, struct lin v)
{
    struct build *b = &m->b;
    unsigned bits = 8 * m->bytes, rest = 32 * m->n_cells - bits;
    struct lin low = lin_wire(build_recipe(b, "low", RECIPE_REST, v, m->power));

    build_range(b, low, 24);
    build_pin(b, low.t[0].wire, 0, (1 << 24) - 1);
    build_range(b, lin_sub(lin_sub(m->power, lin_wire(b->on)), low), 24);
    m->low = low;
    m->value = build_limbs_of_quotient(b, "bytes", v, m->power, 0, bits);
    m->high = rest ? build_limbs_of_quotient(b, "high", v, m->power, bits, rest) : lin_zero();
    build_constrain(b, m->power, lin_add(m->value, lin_shl(m->high, (int)bits)), lin_sub(v, low));
}

/* How many cells, and whether the offset is 0 by the chip's choice. */
static bool is_aligned(unsigned lg, unsigned variant)
{
    return lg >= 2 && variant != ACROSS;
}

static unsigned cells_of(unsigned lg, unsigned variant)
{
    unsigned bytes = 1u << lg;

    if (variant != ACROSS)
        return lg == 3 ? 2 : 1;
    return bytes == 8 ? 3 : 2;
}

static void out_of_bounds(struct access *m)
{
    struct build *b = &m->b;
    struct lin pages = build_read(b, SPACE_SPECIAL, 3, lin_const(CELL_PAGES), 32);
    struct lin last = lin_add(m->ea, lin_mul(lin_wire(b->on), m->bytes - 1));

    build_range(b, lin_sub(last, lin_shl(pages, 16)), 40);
    part_trap(b, TRAP_MEMORY_OUT_OF_BOUNDS);
}

/* ---- loads ------------------------------------------------------------------------ */

static struct lin extended(struct build *b, struct lin v, unsigned bits, unsigned to)
{
    struct lin sign = lin_wire(build_bool_bit(b, "sign", v, bits - 1)), r;

    build_range(
        b, lin_sub(lin_add(v, lin_shl(lin_wire(b->on), (int)bits - 1)), lin_shl(sign, (int)bits)),
        bits);
    r = lin_add(v, lin_sub(lin_shl(sign, (int)to), lin_shl(sign, (int)bits)));
    build_know(b, r, 0, ((wide)1 << to) - 1);
    return r;
}

static unsigned sign_width(unsigned load)
{
    switch (load) {
    case ZLOAD_8_S32:
    case ZLOAD_16_S32: return 32;
    case ZLOAD_8_S64:
    case ZLOAD_16_S64:
    case ZLOAD_32_S64: return 64;
    default: return 0;
    }
}

static struct lin loaded(struct access *m, unsigned load, unsigned variant)
{
    struct build *b = &m->b;
    struct lin v = lin_zero(), cell;

    m->o0 = m->o1 = lin_zero();
    if (!is_aligned(m->lg, variant))
        offset_bits(m);
    for (unsigned i = 0; i < m->n_cells; i++) {
        cell = build_read(b, SPACE_LINEAR, 3 + i, cell_at(m, i), 32);
        v = lin_add(v, lin_shl(cell, (int)(32 * i)));
    }
    if (!is_aligned(m->lg, variant)) {
        window(m, v);
        v = m->value;
    }
    return sign_width(load) ? extended(b, v, 8 * m->bytes, sign_width(load)) : v;
}

int chip_load(struct chip **out, uint32_t op, unsigned variant, struct err *err)
{
    uint32_t at = op - ZOP_LOAD_FIRST;
    unsigned load = at / (4 * ZK_ADDRESSES), mode = at / 4 % ZK_ADDRESSES;
    bool writes = at % 2 == 0;
    const struct address_shape *shape = &shapes[mode];
    unsigned n_address = (unsigned)shape->a_slot + shape->b_slot;
    struct access m = {.lg = load_log2[load], .has_more = at / 2 % 2};
    struct build *b = &m.b;
    struct slots s;
    struct lin v, offset, more;
    char name[40];
    int rc;

    if (variant >= SMALL_VALUE || (variant == ACROSS && m.lg == 0))
        return VCP_ENOTFOUND;
    snprintf(name, sizeof name, "%s_%s%s%s%s", load_names[load], address_names[mode],
             m.has_more ? "+" : "", writes ? "" : "_n", variant_names[variant]);
    rc = build_init(b, name, err);
    if (rc < 0)
        return rc;
    m.bytes = 1u << m.lg;
    m.n_cells = cells_of(m.lg, variant);
    build_instruction(b, op);
    s = part_slots(b, n_address + writes);
    address_imm(&m, &offset, &more);
    effective_address(&m, base_address(&m, shape, &s, more), offset);
    if (variant == OUT_OF_BOUNDS) {
        if (writes)
            part_pin_top(b);
        out_of_bounds(&m);
        return build_finish(out, b, err);
    }
    v = loaded(&m, load, variant);
    if (writes)
        build_write(b, SPACE_FRAME, 6, part_frame(b, s.at[n_address]), v);
    build_next(b, part_pc_next(b), lin_wire(b->fp), v);
    return build_finish(out, b, err);
}

/* ---- stores ----------------------------------------------------------------------- */

/* The low `bits` bits of v, a number of 64 bits. */
static struct lin low_bits(struct build *b, struct lin v, unsigned bits)
{
    struct lin low = build_limbs(b, "stored", v, 0, bits);

    build_range(b, lin_shl(lin_sub(v, low), -(int)bits), 64 - bits);
    return low;
}

static void store_aligned(struct access *m, struct lin v, unsigned variant)
{
    struct build *b = &m->b;
    struct lin low, high;

    if (variant == SMALL_VALUE) {
        build_range(b, v, 32);
        build_update(b, 3, v);
        return;
    }
    low = build_limbs(b, "stored", v, 0, 32);
    high = lin_shl(lin_sub(v, low), -32);
    build_range(b, high, 32);
    build_update(b, 3, low);
    if (m->lg == 3)
        build_update(b, 4, high);
}

/* Other bytes in value's place; the digits around it stay, so V stays below 2^(32 n). */
static void store_window(struct access *m, struct lin v)
{
    struct build *b = &m->b;
    unsigned bits = 8 * m->bytes;
    struct lin stored = bits == 64 ? build_limbs(b, "stored", v, 0, 64) : low_bits(b, v, bits);
    struct lin body = lin_add(stored, lin_shl(m->high, (int)bits)), cells[3], sum;

    if (bits == 64)
        build_constrain(b, lin_sub(stored, v), lin_wire(b->on), lin_zero());
    sum = lin_zero();
    for (unsigned i = 0; i < m->n_cells; i++) {
        cells[i] = build_limbs_of_product(b, "cell", m->power, body, 32 * i, 32);
        sum = lin_add(sum, lin_shl(cells[i], (int)(32 * i)));
    }
    build_constrain(b, m->power, body, sum);
    cells[0] = lin_add(cells[0], m->low); /* below P, which divides the cell's new part */
    build_know(b, cells[0], 0, ((wide)1 << 32) - 1);
    for (unsigned i = 0; i < m->n_cells; i++)
        build_update(b, 3 + i, cells[i]);
}

static void store_cells(struct access *m, struct lin v, unsigned variant)
{
    struct build *b = &m->b;
    struct lin old = lin_zero(), cell;

    m->o0 = m->o1 = lin_zero();
    if (!is_aligned(m->lg, variant))
        offset_bits(m);
    for (unsigned i = 0; i < m->n_cells; i++) {
        cell = build_update_begin(b, SPACE_LINEAR, 3 + i, cell_at(m, i), 32);
        old = lin_add(old, lin_shl(cell, (int)(32 * i)));
    }
    if (is_aligned(m->lg, variant)) {
        store_aligned(m, v, variant);
    } else {
        window(m, old);
        store_window(m, v);
    }
}

/* A signed number of 16 bits in the field REL, as the bits that are stored. */
static struct lin stored_immediate(struct access *m)
{
    struct build *b = &m->b;
    struct lin v = lin_wire(build_input(b, "value", ROW_REL)), sign;
    int width = m->lg == 3 ? 64 : 32;

    build_range16(b, v);
    build_pin(b, v.t[0].wire, 0, 65535);
    b->code[CODE_REL] = v;
    if (m->lg < 2)
        return v;
    sign = lin_wire(part_sign(b, v, 16));
    return lin_add(v, lin_sub(lin_shl(sign, width), lin_shl(sign, 16)));
}

/* Values are read after the address: ports in order. */
static struct lin value_to_store(struct access *m, unsigned kind, struct lin slot)
{
    if (kind == STORED_S)
        return build_read(&m->b, SPACE_FRAME, 2, part_frame(&m->b, slot), 64);
    return kind == STORED_A ? lin_wire(m->b.acc) : stored_immediate(m);
}

int chip_store(struct chip **out, uint32_t op, unsigned variant, struct err *err)
{
    static const uint8_t modes[6] = {ADDRESS_S,    ADDRESS_A,   ADDRESS_X_SS,
                                     ADDRESS_K_SS, ADDRESS_H_S, ADDRESS_I};
    static const char *const values[ZK_STORED] = {"s", "a", "i"};
    uint32_t at = op - ZOP_STORE_FIRST;
    unsigned mode = modes[at / (2 * ZK_STORED) % 6], value = at % ZK_STORED, n_address;
    struct access m = {.lg = at / (12 * ZK_STORED), .has_more = at / ZK_STORED % 2};
    struct build *b = &m.b;
    struct slots s;
    struct lin v, offset, more, base;
    char name[40];
    int rc;

    if (variant > SMALL_VALUE || (variant == SMALL_VALUE && m.lg != 2) ||
        (variant == ACROSS && m.lg == 0))
        return VCP_ENOTFOUND;
    snprintf(name, sizeof name, "store%u_%s%s_%s%s", 8u << m.lg, address_names[mode],
             m.has_more ? "+" : "", values[value], variant_names[variant]);
    rc = build_init(b, name, err);
    if (rc < 0)
        return rc;
    m.bytes = 1u << m.lg;
    m.n_cells = cells_of(m.lg, variant);
    n_address = (unsigned)shapes[mode].a_slot + shapes[mode].b_slot;
    build_instruction(b, op);
    s = part_slots(b, n_address + (value == STORED_S));
    address_imm(&m, &offset, &more);
    base = base_address(&m, &shapes[mode], &s, more);
    v = value_to_store(&m, value, s.at[value == STORED_S ? n_address : 0]);
    effective_address(&m, base, offset);
    if (variant == OUT_OF_BOUNDS) {
        out_of_bounds(&m);
        return build_finish(out, b, err);
    }
    store_cells(&m, v, variant);
    build_next(b, part_pc_next(b), lin_wire(b->fp), lin_wire(b->acc));
    return build_finish(out, b, err);
}
