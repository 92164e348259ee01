/* Kinds, keys and shares of the balanced sum. */
#include "zkvm/bus.h"

#include "base/err.h"

const struct bus_kind_info bus_kinds[BUS_KINDS] = {
    [BUS_STATE] =
        {"STATE", BUS_UNIQUE, 1, 3, {CLASS_PC, CLASS_FP, CLASS_ACCUMULATOR}, 0, 1, false, false},
    [BUS_MEM] = {"MEM", BUS_UNIQUE, 2, 1, {CLASS_VALUE, 0, 0}, 1, 1, false, false},
    [BUS_CODE] = {"CODE", BUS_PACKED, CODE_FIELDS, 0, {0, 0, 0}, 2, 1, true, false},
    [BUS_LIST] = {"LIST", BUS_UNIQUE, CODE_FIELDS, 1, {CLASS_WEIGHT, 0, 0}, 3, 1, false, false},
    [BUS_SORT] = {"SORT", BUS_UNIQUE, 1, 1, {CLASS_TIME, 0, 0}, 4, 1, false, false},
    [BUS_RANGE16] = {"RANGE16", BUS_SINGLE, 1, 0, {0, 0, 0}, 5, 1, true, false},
    [BUS_RANGE8] = {"RANGE8", BUS_SINGLE, 1, 0, {0, 0, 0}, 6, 1, true, false},
    [BUS_AND8] = {"AND8", BUS_PRODUCT, 3, 0, {0, 0, 0}, 7, 3, true, false},
    [BUS_POW32] = {"POW32", BUS_PRODUCT, 2, 0, {0, 0, 0}, 10, 2, true, false},
    [BUS_POW64] = {"POW64", BUS_PRODUCT, 2, 0, {0, 0, 0}, 12, 2, true, false},
    [BUS_POP8] = {"POP8", BUS_PRODUCT, 2, 0, {0, 0, 0}, 14, 2, true, false},
    [BUS_OUTPUT] = {"OUTPUT", BUS_UNIQUE, 1, 1, {CLASS_VALUE, 0, 0}, 16, 1, false, true},
    [BUS_GAS] = {"GAS", BUS_KEYLESS, 0, 1, {CLASS_GAS, 0, 0}, 17, 0, true, false},
};

/* The top slot is last, with 158 bits below it: lemma C asks 158 + 48 + 1 <= 210. */
static const uint8_t code_positions[CODE_FIELDS] = {0, 26, 38, 55, 72, 90, 158};
static const uint8_t code_widths[CODE_FIELDS] = {26, 12, 17, 17, 18, 68, 17};

unsigned bus_position(enum bus_kind kind, unsigned comp)
{
    switch (kind) {
    case BUS_CODE:
    case BUS_LIST: return code_positions[comp];
    case BUS_MEM: return comp ? BUS_ADDRESS_SHIFT : 0;
    default: return 0;
    }
}

unsigned bus_width(enum bus_kind kind, unsigned comp)
{
    return kind == BUS_CODE || kind == BUS_LIST ? code_widths[comp] : 0;
}

void bus_pow2(fr *out, int e)
{
    fr two, acc = fr_one;
    unsigned n = (unsigned)(e < 0 ? -e : e);

    fr_from_u64(&two, 2);
    if (e < 0)
        fr_inv(&two, &two);
    for (; n; n >>= 1) {
        if (n & 1)
            fr_mul(&acc, &acc, &two);
        fr_sqr(&two, &two);
    }
    *out = acc;
}

static void key_of(fr *out, const struct bus_tuple *t)
{
    const struct bus_kind_info *info = &bus_kinds[t->kind];
    fr shifted, power;

    *out = t->comps[0];
    for (unsigned i = 1; i < info->n_comps; i++) {
        bus_pow2(&power, (int)bus_position((enum bus_kind)t->kind, i));
        fr_mul(&shifted, &t->comps[i], &power);
        fr_add(out, out, &shifted);
    }
}

void bus_denominator(fr *out, const struct bus_tuple *t, const fr challenges[BUS_CHALLENGES])
{
    const struct bus_kind_info *info = &bus_kinds[t->kind];
    fr key, d;

    if (info->form == BUS_KEYLESS) {
        *out = fr_one;
        return;
    }
    if (info->form != BUS_PRODUCT) {
        key_of(&key, t);
        fr_sub(out, &challenges[info->first_challenge], &key);
        return;
    }
    *out = fr_one;
    for (unsigned i = 0; i < info->n_comps; i++) {
        fr_sub(&d, &challenges[info->first_challenge + i], &t->comps[i]);
        fr_mul(out, out, &d);
    }
}

int bus_share(fr *out, const struct bus_tuple *t, const fr challenges[BUS_CHALLENGES])
{
    const struct bus_kind_info *info = &bus_kinds[t->kind];
    fr numerator = info->form == BUS_KEYLESS ? fr_zero : fr_one, d, p;

    for (unsigned i = 0; i < info->n_values; i++) {
        fr_mul(&p, &challenges[BUS_WEIGHT(info->classes[i])], &t->values[i]);
        fr_add(&numerator, &numerator, &p);
    }
    bus_denominator(&d, t, challenges);
    if (fr_is_zero(&d))
        return VCP_EINVAL;
    fr_inv(&d, &d);
    fr_mul(&numerator, &numerator, &d);
    fr_mul(out, &numerator, &t->count);
    return VCP_OK;
}
