/* Locals that are read before they are written; see locals.h. */
#include "zkvm/locals.h"

#include <stdlib.h>

#include "wasm/instr.h"

#define ALL UINT64_MAX /* also: here nothing gets to */

struct label {
    uint64_t at_end; /* written on every branch to the end */
    uint64_t at_if;  /* when the condition was tested */
    bool is_loop, is_if;
};

struct walk {
    struct label *labels;
    uint32_t n_labels, n_params;
    uint64_t written, read_first;
};

static uint64_t bit(const struct walk *w, uint32_t local)
{
    uint32_t i = local - w->n_params;

    return local >= w->n_params && i < LOCALS_TRACKED ? (uint64_t)1 << i : 0;
}

static void open_label(struct walk *w, uint16_t op)
{
    w->labels[w->n_labels++] = (struct label){
        .at_end = ALL, .at_if = w->written, .is_loop = op == OP_LOOP, .is_if = op == OP_IF};
}

static void branch(struct walk *w, uint32_t depth)
{
    struct label *l = &w->labels[w->n_labels - 1 - depth];

    if (!l->is_loop)
        l->at_end &= w->written;
}

static void branch_table(struct walk *w, const struct instr *in)
{
    struct cursor c = in->labels;
    uint32_t depth = 0;

    for (uint32_t i = 0; i <= in->a && leb_u32(&c, &depth); i++)
        branch(w, depth);
}

static void otherwise(struct walk *w)
{
    struct label *l = &w->labels[w->n_labels - 1];

    l->at_end &= w->written;
    l->is_if = false;
    w->written = l->at_if;
}

static void close_label(struct walk *w)
{
    struct label *l = &w->labels[--w->n_labels];

    w->written &= l->at_end;
    if (l->is_if) /* there was no else */
        w->written &= l->at_if;
}

static void step(struct walk *w, const struct instr *in)
{
    switch (in->op) {
    case OP_LOCAL_GET: w->read_first |= bit(w, in->a) & ~w->written; break;
    case OP_LOCAL_SET:
    case OP_LOCAL_TEE: w->written |= bit(w, in->a); break;
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF: open_label(w, in->op); break;
    case OP_ELSE: otherwise(w); break;
    case OP_END: close_label(w); break;
    case OP_BR_IF: branch(w, in->a); break;
    case OP_BR: branch(w, in->a), w->written = ALL; break;
    case OP_BR_TABLE: branch_table(w, in), w->written = ALL; break;
    case OP_RETURN:
    case OP_UNREACHABLE: w->written = ALL; break;
    default: break;
    }
}

int locals_read_first(uint64_t *out, const struct module *m, uint32_t func, struct err *err)
{
    const struct function *f = &m->funcs[func];
    struct walk w = {.n_params = module_func_type(m, func)->n_params};
    struct cursor c = func_code(m, f);
    struct instr in;
    int rc = VCP_OK;

    *out = 0;
    if (f->n_locals == w.n_params)
        return VCP_OK;
    w.labels = calloc(f->depth_max + 2u, sizeof *w.labels);
    if (!w.labels)
        return err_set(err, VCP_ENOMEM, "out of memory looking at a function's locals");
    open_label(&w, OP_BLOCK);
    while (cursor_left(&c) && (rc = instr_read(&in, &c, m, err)) == VCP_OK)
        step(&w, &in);
    free(w.labels);
    *out = w.read_first;
    return rc;
}
