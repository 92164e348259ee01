/* Loading: decode, validate, lower every function, then tie the code to this process. */
#include "wasm/lower.h"

#include <stdlib.h>

#include "base/limits.h"
#include "wasm/decode.h"
#include "wasm/interp.h"
#include "wasm/validate.h"

/* A strip's gas fits 16 bits with room for what one instruction adds. */
#define STRIP_GAS_MAX 60000u

static bool room(struct lower *l, const struct function *f)
{
    if (f->height_max + 2 > l->stack_cap) {
        free(l->stack);
        l->stack_cap = f->height_max + 2;
        l->stack = malloc(l->stack_cap * sizeof *l->stack);
    }
    if (f->depth_max + 2 > l->labels_cap) {
        free(l->labels);
        l->labels_cap = f->depth_max + 2;
        l->labels = malloc(l->labels_cap * sizeof *l->labels);
    }
    return l->stack && l->labels;
}

static void lower_instr(struct lower *l, const struct instr *in)
{
    if (lower_skip(l, in))
        return;
    l->offset = in->offset;
    l->gas += opcode_info[in->op].gas;
    if (!lower_op(l, in))
        lower_control(l, in);
    if (l->gas > STRIP_GAS_MAX) {
        lower_emit(l, R_CHARGE);
        lower_end_strip(l);
    }
}

static int lower_function(struct lower *l, uint32_t index, struct err *err)
{
    const struct function *f = &l->m->funcs[index];
    struct func_code *fc = &l->code->funcs[index];
    struct cursor c = func_code(l->m, f);
    struct instr in;
    int rc;

    if (fc->frame_slots > CODE_FRAME_SLOTS_MAX)
        return err_set(err, VCP_ELIMIT,
                       "function %u needs %u slots for locals and operands, at most %u are allowed",
                       index, fc->frame_slots, CODE_FRAME_SLOTS_MAX);
    if (!room(l, f))
        return err_set(err, VCP_ENOMEM, "out of memory lowering function %u", index);
    l->f = f;
    l->type = &l->m->types[f->type];
    fc->first = (uint32_t)l->code->n_insns;
    lower_begin(l);
    while (cursor_left(&c) && !l->failed) {
        rc = instr_read(&in, &c, l->m, err);
        if (rc < 0)
            return rc;
        lower_instr(l, &in);
    }
    if (l->failed)
        return l->code->n_insns >= WASM_INSNS_MAX
                   ? err_set(err, VCP_ELIMIT, "more than %u lowered instructions", WASM_INSNS_MAX)
                   : err_set(err, VCP_ENOMEM, "out of memory lowering function %u", index);
    fc->n_insns = (uint32_t)l->code->n_insns - fc->first;
    return VCP_OK;
}

static void describe_function(struct code *code, uint32_t index)
{
    const struct module *m = code->module;
    const struct function *f = &m->funcs[index];
    struct func_code *fc = &code->funcs[index];

    fc->index = index;
    fc->n_params = m->types[f->type].n_params;
    fc->n_results = m->types[f->type].n_results;
    if (f->import >= 0)
        return;
    fc->n_zeroed = f->n_locals - fc->n_params;
    fc->frame_slots = func_frame_slots(m, f);
    fc->record_bytes = fc->n_params * 8;
    fc->frame_bytes = fc->frame_slots * 8;
}

static int lower_module(struct code *code, struct err *err)
{
    const struct module *m = code->module;
    struct lower l = {.m = m, .code = code};
    int rc = VCP_OK;

    for (uint32_t i = 0; i < m->n_funcs; i++)
        describe_function(code, i);
    for (uint32_t i = m->n_imported_funcs; i < m->n_funcs && rc == VCP_OK; i++)
        rc = lower_function(&l, i, err);
    free(l.stack);
    free(l.labels);
    return rc;
}

/* What only this process can know: addresses. */
static void bind_code(struct code *code)
{
    const struct module *m = code->module;

    for (size_t i = 0; i < code->n_insns; i++) {
        struct insn *in = &code->insns[i];

        in->handler = interp_handler(code->infos[i].op);
        if (code->infos[i].op == R_CALL)
            in->imm = (uint64_t)(uintptr_t)&code->funcs[in->lo];
    }
    for (uint32_t i = m->n_imported_funcs; i < m->n_funcs; i++)
        code->funcs[i].entry = &code->insns[code->funcs[i].first];
}

int code_load(struct code **out, const uint8_t *bytes, size_t n, const struct module_limits *limits,
              struct err *err)
{
    struct code *code = calloc(1, sizeof *code);
    int rc;

    if (!code)
        return err_set(err, VCP_ENOMEM, "out of memory loading a module");
    rc = module_decode(&code->module, bytes, n, limits, err);
    if (rc < 0)
        goto fail;
    rc = module_validate(code->module, err);
    if (rc < 0)
        goto fail;
    code->funcs = calloc(code->module->n_funcs + 1u, sizeof *code->funcs);
    if (!code->funcs) {
        rc = err_set(err, VCP_ENOMEM, "out of memory loading a module");
        goto fail;
    }
    rc = lower_module(code, err);
    if (rc < 0)
        goto fail;
    bind_code(code);
    *out = code;
    return VCP_OK;
fail:
    code_free(code);
    return rc;
}

void code_free(struct code *c)
{
    if (!c)
        return;
    module_free(c->module);
    free(c->insns);
    free(c->infos);
    free(c->funcs);
    free(c);
}

uint32_t code_function_at(const struct code *c, size_t insn)
{
    uint32_t low = c->module->n_imported_funcs, high = c->module->n_funcs;

    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;

        if (c->funcs[mid].first <= insn)
            low = mid;
        else
            high = mid;
    }
    return low;
}
