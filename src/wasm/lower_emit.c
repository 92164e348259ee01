/* Instructions, strips and what the accumulators hold. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wasm/lower.h"

static bool grow(struct lower *l)
{
    struct code *c = l->code;
    size_t cap = l->cap ? l->cap * 2 : 1024;
    struct insn *insns;
    struct insn_info *infos;

    if (c->n_insns >= WASM_INSNS_MAX)
        return false;
    insns = realloc(c->insns, cap * sizeof *insns);
    if (!insns)
        return false;
    c->insns = insns;
    infos = realloc(c->infos, cap * sizeof *infos);
    if (!infos)
        return false;
    c->infos = infos;
    l->cap = cap;
    return true;
}

struct insn *lower_emit(struct lower *l, uint32_t op)
{
    struct code *c = l->code;
    struct insn *in;

    if (c->n_insns == l->cap && !grow(l))
        l->failed = true;
    if (l->failed) {
        l->last = LOWER_NONE;
        return &l->dummy;
    }
    l->last = (uint32_t)c->n_insns++;
    in = &c->insns[l->last];
    *in = (struct insn){0};
    c->infos[l->last] = (struct insn_info){l->offset, (uint16_t)op, (uint16_t)l->gas};
    if (l->is_entry)
        in->gas = (uint16_t)(l->entry_gas + 1); /* made final by lower_end_strip */
    l->is_entry = false;
    return in;
}

/* Until here rest held the gas up to the instruction, and gas of an entry one more
 * than the gas before it. */
void lower_end_strip(struct lower *l)
{
    struct code *c = l->code;
    uint32_t n = (uint32_t)c->n_insns - l->strip;

    for (size_t i = l->strip; i < c->n_insns; i++) {
        c->infos[i].rest = (uint16_t)(l->gas - c->infos[i].rest);
        if (c->insns[i].gas)
            c->insns[i].gas = (uint16_t)(l->gas - (c->insns[i].gas - 1u));
    }
    if (n > c->strip_insns_max)
        c->strip_insns_max = n;
    l->strip = (uint32_t)c->n_insns;
    l->gas = 0;
    l->is_entry = true;
    l->entry_gas = 0;
    l->last = LOWER_NONE;
}

void lower_mark_entry(struct lower *l)
{
    /* One instruction cannot be an entry at two prices. */
    if (l->is_entry && l->entry_gas != l->gas) {
        lower_emit(l, R_CHARGE);
        lower_end_strip(l);
    }
    l->is_entry = true;
    l->entry_gas = l->gas;
    l->last = LOWER_NONE;
    lower_forget(l);
}

void lower_unemit(struct lower *l)
{
    struct code *c = l->code;
    struct insn *in = &c->insns[l->last];

    if (in->gas) {
        l->is_entry = true;
        l->entry_gas = in->gas - 1u;
    }
    c->n_insns--;
    for (unsigned i = 0; i < 3; i++)
        if (l->acc[i].insn == l->last)
            l->acc[i].slot = LOWER_NONE;
    l->last = l->is_entry || c->n_insns == l->strip ? LOWER_NONE : (uint32_t)c->n_insns - 1;
}

unsigned lower_acc_of(enum rop_class c)
{
    return c == CLASS_F32 ? 1 : c == CLASS_F64 ? 2 : 0;
}

void lower_wrote(struct lower *l, uint32_t slot)
{
    for (unsigned i = 0; i < 3; i++)
        if (l->acc[i].slot == slot)
            l->acc[i].slot = LOWER_NONE;
}

void lower_set_dest(struct lower *l, struct insn *in, uint32_t slot, enum rop_class out)
{
    in->c = (uint16_t)slot;
    lower_wrote(l, slot);
    l->acc[lower_acc_of(out)] = (struct acc){slot, l->last};
}

void lower_forget(struct lower *l)
{
    for (unsigned i = 0; i < 3; i++)
        l->acc[i] = (struct acc){LOWER_NONE, LOWER_NONE};
}
