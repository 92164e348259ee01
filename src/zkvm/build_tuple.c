/* Tuples on the bus: rule E, P7 and M2 are enforced here, and the parts every chip uses.
 *
 * A received and a sent tuple of one kind of unit flow come as a pair: a value that both
 * carry, but for a constant d, costs one numerator, value * (w_sent - w_received), plus
 * d * w_sent, which is linear. */
#include "zkvm/build.h"

#include "zkvm/zkop.h"

/* What the code table may hold in each field; pc with room for a distance added. */
static const struct {
    wide lo, hi;
} code_bounds[CODE_FIELDS] = {
    [CODE_PC] = {0, ((wide)1 << 24) - 1},
    [CODE_OP] = {0, 4095},
    [CODE_A] = {0, 65535},
    [CODE_B] = {0, 65535},
    [CODE_REL] = {0, 65535},
    [CODE_IMM] = {0, ((wide)1 << 64) - 1},
    [CODE_TOP] = {0, 65535},
};

static void refuse(struct build *b, const char *what, const char *kind)
{
    if (!b->err.code)
        err_set(&b->err, VCP_EINVAL, "chip %s: %s (%s)", b->chip->name, what, kind);
}

/* P7: what enters a tuple was committed before the challenges. */
static bool is_stage1(const struct lin *x)
{
    for (uint32_t i = 0; i < x->n; i++)
        if (x->t[i].wire >= 1000 || x->t[i].wire <= CHIP_CHALLENGE(0))
            return false;
    return true;
}

static bool is_constant(const struct lin *x)
{
    for (uint32_t i = 0; i < x->n; i++)
        if (x->t[i].wire >= 0)
            return false;
    return true;
}

static bool is_wire(const struct lin *x, int32_t wire)
{
    return x->n == 1 && x->t[0].wire == wire && x->t[0].m == 1 && x->t[0].shift == 0;
}

/* Lemma C: the top slot is fixed by the address of a frame cell it occurs in. */
static bool top_is_addressed(const struct build *b, const struct lin *top)
{
    const struct chip *c = b->chip;

    if (top->n != 1 || top->t[0].m != 1 || top->t[0].shift)
        return false;
    for (uint32_t i = 0; i < b->n_accesses; i++) {
        const struct lc *address = &c->accesses[i].address;
        bool found = false, others = true;

        if (c->accesses[i].space != SPACE_FRAME)
            continue;
        for (uint32_t k = 0; k < address->n; k++) {
            int32_t w = address->terms[k].wire;

            if (w == top->t[0].wire)
                found = address->terms[k].m == 1 && address->terms[k].shift == 0;
            else if (w != CHIP_ONE)
                others = others && c->wires[w].pinned;
        }
        if (found && others)
            return true;
    }
    return false;
}

/* Rule E for a received CODE tuple. */
static void check_packed(struct build *b, const struct lin comps[])
{
    static const char *const names[CODE_FIELDS] = {"pc",  "op",  "slot a",  "slot b",
                                                   "rel", "imm", "top slot"};

    for (unsigned i = 0; i < CODE_FIELDS; i++) {
        wide lo, hi, t_lo = code_bounds[i].lo, t_hi = code_bounds[i].hi;

        if (!build_bounds(b, &comps[i], &lo, &hi)) {
            if (i == CODE_TOP && top_is_addressed(b, &comps[i]))
                continue;
            refuse(b, "rule E: a component of CODE is pinned by nothing else", names[i]);
            return;
        }
        lo = lo < t_lo ? lo : t_lo;
        hi = hi > t_hi ? hi : t_hi;
        if (hi - lo >= (wide)1 << bus_width(BUS_CODE, i)) {
            refuse(b, "rule E: a component of CODE is wider than its field", names[i]);
            return;
        }
    }
}

static bool same(const struct lc *x, const struct lin *y)
{
    if (x->n != y->n)
        return false;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->terms[i].wire != y->t[i].wire || x->terms[i].m != y->t[i].m ||
            x->terms[i].shift != y->t[i].shift)
            return false;
    return true;
}

/* A row that sends code entries must have received the same from the verifier's list. */
static bool was_listed(const struct build *b, const struct lin comps[])
{
    for (uint32_t i = 0; i < b->n_tuples; i++) {
        const struct chip_tuple *t = &b->chip->tuples[i];
        bool all = t->kind == BUS_LIST && t->sign < 0;

        for (unsigned k = 0; k < CODE_FIELDS && all; k++)
            all = same(&t->comps[k], &comps[k]);
        if (all)
            return true;
    }
    return false;
}

/* M2, P8: multiplicities.  A free one is for what is pinned otherwise, constants or an entry
 * of the verifier's list, and must vanish with its row: an absent row receives nothing from
 * the list, and would else send any entry. */
static void check_count(struct build *b, enum bus_kind kind, int sign, const struct lin *count,
                        const struct lin comps[])
{
    const struct bus_kind_info *info = &bus_kinds[kind];
    bool constants = true;

    if (is_wire(count, b->on))
        return;
    for (unsigned i = 0; i < info->n_comps; i++)
        constants = constants && is_constant(&comps[i]);
    if (!info->free_count || sign < 0 || b->chip->is_instruction ||
        !(kind == BUS_CODE ? was_listed(b, comps) : constants))
        refuse(b, "a multiplicity other than the row's own in a kind of unit flow", info->name);
    if (b->on != BUILD_ALWAYS_ON && !(b->count && is_wire(count, b->count)))
        refuse(b, "a multiplicity that an absent row can have", info->name);
}

static void check_tuple(struct build *b, enum bus_kind kind, int sign, const struct lin *count,
                        const struct lin comps[], const struct lin values[])
{
    const struct bus_kind_info *info = &bus_kinds[kind];
    bool stage1 = is_stage1(count);

    for (unsigned i = 0; i < info->n_comps; i++)
        stage1 = stage1 && is_stage1(&comps[i]);
    for (unsigned i = 0; i < info->n_values; i++)
        stage1 = stage1 && is_stage1(&values[i]);
    if (info->is_outlet && sign < 0)
        refuse(b, "a row receives what only the verifier does", info->name);
    if (!stage1)
        refuse(b, "a tuple holds a wire of stage 2, chosen after the challenges", info->name);
    check_count(b, kind, sign, count, comps);
    if (kind == BUS_CODE && sign < 0 && !b->is_unsafe)
        check_packed(b, comps);
}

static struct lc keep(struct build *b, const struct lin *x)
{
    struct lc out = {arena_copy(&b->chip->arena, x->t, x->n * sizeof *x->t), x->n};

    if (!out.terms) {
        out.n = 0;
        refuse(b, "out of memory", "");
    }
    return out;
}

static void record(struct build *b, enum bus_kind kind, int sign, struct lin count,
                   const struct lin comps[], const struct lin values[])
{
    const struct bus_kind_info *info = &bus_kinds[kind];
    struct chip_tuple *t;

    check_tuple(b, kind, sign, &count, comps, values);
    if (b->n_tuples == BUILD_TUPLES_MAX) {
        refuse(b, "too many tuples", info->name);
        return;
    }
    t = &b->chip->tuples[b->n_tuples++];
    t->kind = (uint8_t)kind;
    t->sign = (int8_t)sign;
    t->count = keep(b, &count);
    for (unsigned i = 0; i < info->n_comps; i++)
        t->comps[i] = keep(b, &comps[i]);
    for (unsigned i = 0; i < info->n_values; i++)
        t->values[i] = keep(b, &values[i]);
}

static struct lin challenge(unsigned k)
{
    return lin_wire(CHIP_CHALLENGE((int32_t)k));
}

/* chi - key */
static struct lin denominator(enum bus_kind kind, const struct lin comps[])
{
    struct lin d = challenge(bus_kinds[kind].first_challenge);

    for (unsigned i = 0; i < bus_kinds[kind].n_comps; i++)
        d = lin_sub(d, lin_shl(comps[i], (int)bus_position(kind, i)));
    return d;
}

/* The wire count / (product of denominators). */
static int32_t inverse_of(struct build *b, enum bus_kind kind, struct lin count,
                          const struct lin comps[])
{
    const struct bus_kind_info *info = &bus_kinds[kind];
    int32_t w = 0;

    if (info->form != BUS_PRODUCT)
        return build_inverse2(b, denominator(kind, comps), count);
    for (unsigned i = 0; i < info->n_comps; i++) {
        w = build_inverse2(b, lin_sub(challenge(info->first_challenge + i), comps[i]), count);
        count = lin_wire(w);
    }
    return w;
}

static void share(struct build *b, unsigned cls, struct lin x)
{
    b->class_share[cls] = lin_add(b->class_share[cls], x);
}

/* w * value, without a constraint when value is a constant. */
static struct lin numerator(struct build *b, struct lin w, const struct lin *value)
{
    struct lin out = lin_zero();

    if (!is_constant(value))
        return lin_wire(build_product2(b, w, *value));
    for (uint32_t i = 0; i < value->n; i++)
        out = lin_add(out, lin_shl(lin_mul(w, value->t[i].m), value->t[i].shift));
    return out;
}

void build_tuple(struct build *b, enum bus_kind kind, int sign, struct lin count,
                 const struct lin comps[], const struct lin values[])
{
    const struct bus_kind_info *info = &bus_kinds[kind];
    struct lin w;

    record(b, kind, sign, count, comps, values);
    if (info->form == BUS_KEYLESS) { /* gated by its count: count * value */
        share(b, info->classes[0], lin_mul(lin_wire(build_product2(b, count, values[0])), sign));
        return;
    }
    if (b->chip->is_instruction && info->form == BUS_UNIQUE && !(info->is_outlet && sign > 0) &&
        !b->is_birth && !b->is_unsafe)
        refuse(b, "a tuple of unit flow outside its pair", info->name);
    w = lin_mul(lin_wire(inverse_of(b, kind, count, comps)), sign);
    b->count_share = lin_add(b->count_share, w);
    for (unsigned i = 0; i < info->n_values; i++)
        share(b, info->classes[i], numerator(b, w, &values[i]));
}

void build_pair(struct build *b, enum bus_kind kind, const struct lin in_comps[],
                const struct lin in_values[], const struct lin out_comps[],
                const struct lin out_values[])
{
    const struct bus_kind_info *info = &bus_kinds[kind];
    struct lin on = lin_wire(b->on), w_in, w_out, w;

    record(b, kind, -1, on, in_comps, in_values);
    record(b, kind, 1, on, out_comps, out_values);
    w_in = lin_wire(inverse_of(b, kind, on, in_comps));
    w_out = lin_wire(inverse_of(b, kind, on, out_comps));
    w = lin_sub(w_out, w_in);
    b->count_share = lin_add(b->count_share, w);
    for (unsigned i = 0; i < info->n_values; i++) {
        struct lin d = lin_sub(out_values[i], in_values[i]);

        if (is_constant(&d)) {
            share(b, info->classes[i], numerator(b, w, &in_values[i]));
            share(b, info->classes[i], numerator(b, w_out, &d));
        } else {
            share(b, info->classes[i], numerator(b, w_out, &out_values[i]));
            share(b, info->classes[i], lin_mul(numerator(b, w_in, &in_values[i]), -1));
        }
    }
}

/* ---- lookups ------------------------------------------------------------------- */

static void look_up(struct build *b, enum bus_kind kind, const struct lin comps[])
{
    build_tuple(b, kind, -1, lin_wire(b->on), comps, NULL);
}

void build_range16(struct build *b, struct lin x)
{
    look_up(b, BUS_RANGE16, &x);
}

void build_range8(struct build *b, struct lin x)
{
    look_up(b, BUS_RANGE8, &x);
}

void build_lookup2(struct build *b, enum bus_kind kind, struct lin x, struct lin y)
{
    struct lin comps[2];

    comps[0] = x;
    comps[1] = y;
    look_up(b, kind, comps);
}

void build_lookup_and(struct build *b, struct lin x, struct lin y, struct lin z)
{
    struct lin comps[3];

    comps[0] = x;
    comps[1] = y;
    comps[2] = z;
    look_up(b, BUS_AND8, comps);
}

static void range(struct build *b, struct lin x, unsigned bits)
{
    if (bits == 8)
        build_range8(b, x);
    else
        build_range16(b, x);
}

static unsigned limb_bits(unsigned left)
{
    return left >= 16 ? 16 : 8;
}

int32_t build_limb(struct build *b, const char *name, struct lin x, unsigned shift, unsigned bits)
{
    int32_t w = build_bits(b, name, x, shift, bits);

    range(b, lin_wire(w), bits);
    build_pin(b, w, 0, ((wide)1 << bits) - 1);
    return w;
}

struct lin build_limbs(struct build *b, const char *name, struct lin x, unsigned shift,
                       unsigned bits)
{
    struct lin sum = lin_zero();

    for (unsigned at = 0; at < bits; at += limb_bits(bits - at))
        sum = lin_add(
            sum,
            lin_shl(lin_wire(build_limb(b, name, x, shift + at, limb_bits(bits - at))), (int)at));
    return sum;
}

static struct lin limbs_of_two(struct build *b, const char *name, enum recipe_op op, struct lin x,
                               struct lin y, unsigned shift, unsigned bits)
{
    struct lin sum = lin_zero();

    for (unsigned at = 0; at < bits;) {
        unsigned n = limb_bits(bits - at);
        int32_t w = build_two_bits(b, name, op, x, y, shift + at, n);

        range(b, lin_wire(w), n);
        build_pin(b, w, 0, ((wide)1 << n) - 1);
        sum = lin_add(sum, lin_shl(lin_wire(w), (int)at));
        at += n;
    }
    return sum;
}

struct lin build_limbs_of_product(struct build *b, const char *name, struct lin x, struct lin y,
                                  unsigned shift, unsigned bits)
{
    return limbs_of_two(b, name, RECIPE_BITS, x, y, shift, bits);
}

struct lin build_limbs_of_quotient(struct build *b, const char *name, struct lin x, struct lin y,
                                   unsigned shift, unsigned bits)
{
    return limbs_of_two(b, name, RECIPE_QUOTIENT, x, y, shift, bits);
}

struct lin build_limbs_of_root(struct build *b, const char *name, struct lin x, unsigned bits)
{
    return limbs_of_two(b, name, RECIPE_ROOT, x, lin_zero(), 0, bits);
}

void build_range(struct build *b, struct lin x, unsigned bits)
{
    struct lin rest = x;
    unsigned at = 0;

    while (bits - at > 16) {
        int32_t w = build_limb(b, "limb", x, at, 16);

        rest = lin_sub(rest, lin_shl(lin_wire(w), (int)at));
        at += 16;
    }
    range(b, lin_shl(rest, -(int)at), limb_bits(bits - at));
    build_know(b, x, 0, ((wide)1 << bits) - 1);
}

void build_count(struct build *b, int32_t wire)
{
    build_constrain(b, lin_sub(lin_const(1), lin_wire(b->on)), lin_wire(wire), lin_zero());
    b->count = wire;
}

/* ---- the parts of an instruction -------------------------------------------------- */

void build_begin(struct build *b)
{
    b->on = build_bool_input(b, "on", ROW_ON);
}

void build_instruction(struct build *b, uint32_t op)
{
    b->chip->op = op;
    b->chip->is_instruction = true;
    build_begin(b);
    b->clock = build_input(b, "clock", ROW_CLOCK);
    b->pc = build_input(b, "pc", ROW_PC);
    b->fp = build_input(b, "fp", ROW_FP);
    b->acc = build_input(b, "acc", ROW_ACC);
    /* Exactly what was sent (lemma A), and every sender keeps these bounds. */
    build_pin(b, b->pc, -((wide)1 << 17), ((wide)1 << 24) + ((wide)1 << 17));
    build_pin(b, b->fp, 0, ((wide)1 << 32) - 1);
    build_pin(b, b->acc, 0, ((wide)1 << 64) - 1);
    for (unsigned i = 0; i < CODE_FIELDS; i++)
        b->code[i] = lin_zero();
    b->code[CODE_PC] = lin_wire(b->pc);
    b->code[CODE_OP] = lin_const((int64_t)op);
}

/* Proven by a range check of the combination itself, or by arithmetic (build_know). */
void build_know(struct build *b, struct lin x, wide lo, wide hi)
{
    if (b->n_known == BUILD_KNOWN_MAX) {
        refuse(b, "too many known combinations", "");
        return;
    }
    b->known[b->n_known].x = x;
    b->known[b->n_known].lo = lo;
    b->known[b->n_known++].hi = hi;
}

static bool known_bounds(const struct build *b, const struct lin *x, wide *lo, wide *hi)
{
    for (uint32_t i = 0; i < b->n_known; i++) {
        struct lin d = lin_sub(*x, b->known[i].x);

        if (d.n)
            continue;
        *lo = b->known[i].lo;
        *hi = b->known[i].hi;
        return true;
    }
    return build_bounds(b, x, lo, hi);
}

static void check_bounds(struct build *b, const struct lin *x, wide lo, wide hi, const char *what)
{
    wide l, h;

    if (!known_bounds(b, x, &l, &h) || l < lo || h > hi)
        refuse(b, "a sent value is not bounded as its class demands", what);
}

void build_next(struct build *b, struct lin pc, struct lin fp, struct lin acc)
{
    struct lin in[3], out[3], in_key = lin_wire(b->clock),
                              out_key = lin_add(in_key, lin_wire(b->on));
    const wide room = (wide)1 << 17;

    /* The CODE tuple shows pc to be an entry's, so what is sent is computed from one. */
    build_pin(b, b->pc, 0, ((wide)1 << 24) - 1);
    check_bounds(b, &pc, -room, ((wide)1 << 24) + room, "pc");
    check_bounds(b, &fp, 0, ((wide)1 << 32) - 1, "fp");
    check_bounds(b, &acc, 0, ((wide)1 << 64) - 1, "acc");
    build_pin(b, b->pc, -room, ((wide)1 << 24) + room);
    in[0] = lin_wire(b->pc), in[1] = lin_wire(b->fp), in[2] = lin_wire(b->acc);
    out[0] = pc, out[1] = fp, out[2] = acc;
    build_pair(b, BUS_STATE, &in_key, in, &out_key, out);
    if (!b->is_stop)
        look_up(b, BUS_CODE, b->code);
    b->next_pc = pc;
    b->next_fp = fp;
    b->next_acc = acc;
}

struct lin build_slot(struct build *b, enum code_field field)
{
    static const struct {
        enum row_input input;
        const char *name;
    } of[CODE_FIELDS] = {[CODE_A] = {ROW_A, "slot a"},
                         [CODE_B] = {ROW_B, "slot b"},
                         [CODE_TOP] = {ROW_TOP, "top slot"}};
    int32_t w = build_input(b, of[field].name, of[field].input);

    b->code[field] = lin_wire(w);
    if (field != CODE_TOP) {
        build_range16(b, lin_wire(w));
        build_pin(b, w, 0, 65535);
    }
    return lin_wire(w);
}

/* An address is a bounded integer of its space, or a quarter of one (EA / 4), or contains
 * the top slot, which lemma C fixes. */
static void check_address(struct build *b, struct lin at)
{
    wide lo, hi;
    bool has_top = b->code[CODE_TOP].n == 1;

    for (uint32_t i = 0; i < at.n && has_top; i++)
        if (at.t[i].wire == b->code[CODE_TOP].t[0].wire)
            return; /* build_next refuses when lemma C does not apply */
    if (!build_bounds(b, &at, &lo, &hi)) {
        at = lin_shl(at, 2);
        if (!build_bounds(b, &at, &lo, &hi)) {
            refuse(b, "an address is pinned by nothing", "MEM");
            return;
        }
        lo /= 4, hi /= 4;
    }
    if (lo < -8 || hi >= (wide)1 << BUS_SPACE_BITS)
        refuse(b, "an address can leave its space", "MEM");
}

static struct chip_access *open_access(struct build *b, enum bus_space space, unsigned port,
                                       struct lin at, unsigned bits)
{
    uint32_t i = b->n_accesses;
    struct chip_access *a = &b->chip->accesses[i];
    struct lin address = lin_add(at, lin_mul(lin_pow2(BUS_SPACE_BITS), (int64_t)space));

    if (i == BUILD_ACCESSES_MAX || port >= BUS_PORTS) {
        refuse(b, "too many accesses", "MEM");
        return a - (i == BUILD_ACCESSES_MAX);
    }
    if (i && b->chip->accesses[i - 1].port >= port)
        refuse(b, "ports out of order", "MEM");
    check_address(b, at);
    b->n_accesses++;
    a->space = (uint8_t)space;
    a->port = (uint8_t)port;
    a->is_far = space != SPACE_FRAME;
    a->address = keep(b, &address);
    a->value_wire = build_access_wire(b, "old value", RECIPE_VALUE, i);
    a->time_wire = build_access_wire(b, "old time", RECIPE_TIME, i);
    /* Exactly what was sent; senders keep the width of the space, and types (docs). */
    build_pin(b, a->value_wire, 0, ((wide)1 << (space == SPACE_LINEAR ? 32 : bits)) - 1);
    return a;
}

void build_birth(struct build *b, unsigned port, struct lin first, struct lin end)
{
    struct lin on = lin_wire(b->on), zero = lin_zero(), at[2], cell[2];
    struct lin now = lin_add(lin_mul(lin_wire(b->clock), BUS_PORTS), lin_mul(on, (int64_t)port));
    struct lin last = lin_add(now, lin_shl(on, REGION_END_SHIFT));

    for (unsigned i = 0; i < 2; i++) {
        struct lin a = i ? end : first;

        check_address(b, a);
        at[i] = lin_add(a, lin_mul(lin_pow2(BUS_SPACE_BITS), SPACE_LINEAR));
    }
    b->is_birth = true;
    cell[0] = now;
    cell[1] = at[0];
    build_tuple(b, BUS_MEM, 1, on, cell, &zero);
    cell[1] = at[0] = lin_add(at[0], lin_const(1));
    build_tuple(b, BUS_MEM, 1, on, cell, &zero);
    build_tuple(b, BUS_SORT, 1, on, &at[0], &now);
    build_tuple(b, BUS_SORT, -1, on, &at[1], &last);
    b->is_birth = false;
}

static struct lin from_lc(const struct lc *x)
{
    struct lin out = lin_zero();

    for (; out.n < x->n; out.n++)
        out.t[out.n] = x->terms[out.n];
    return out;
}

static void close_access(struct build *b, struct chip_access *a, const struct lin *value)
{
    struct lin address = from_lc(&a->address);
    struct lin now = lin_add(lin_mul(lin_wire(b->clock), BUS_PORTS),
                             lin_mul(lin_wire(b->on), a->port));
    struct lin in[2], out[2], old = lin_wire(a->value_wire),
                              age = lin_sub(lin_sub(now, lin_wire(a->time_wire)), lin_wire(b->on));

    in[0] = lin_wire(a->time_wire), in[1] = address;
    out[0] = now, out[1] = address;
    if (a->is_far)
        build_range(b, age, 32);
    else
        build_range16(b, age);
    build_pair(b, BUS_MEM, in, &old, out, value);
}

struct lin build_read(struct build *b, enum bus_space space, unsigned port, struct lin at,
                      unsigned bits)
{
    struct chip_access *a = open_access(b, space, port, at, bits);
    struct lin value = lin_wire(a->value_wire);

    close_access(b, a, &value);
    return value;
}

struct lin build_update_begin(struct build *b, enum bus_space space, unsigned port, struct lin at,
                              unsigned bits)
{
    struct chip_access *a = open_access(b, space, port, at, bits);

    if (space == SPACE_FUNCTION)
        refuse(b, "a cell that only the verifier writes", "MEM");
    a->is_write = true;
    return lin_wire(a->value_wire);
}

void build_update(struct build *b, unsigned port, struct lin value)
{
    for (uint32_t i = 0; i < b->n_accesses; i++) {
        struct chip_access *a = &b->chip->accesses[i];

        if (a->port != port)
            continue;
        check_bounds(b, &value, 0, ((wide)1 << (a->space == SPACE_LINEAR ? 32 : 64)) - 1, "value");
        a->new_value = keep(b, &value);
        close_access(b, a, &value);
    }
}

void build_write(struct build *b, enum bus_space space, unsigned port, struct lin at,
                 struct lin value)
{
    build_update_begin(b, space, port, at, 64);
    build_update(b, port, value);
}
