/* The runtime module: its bytes, its primitives, and what it may not contain. */
#include "zkvm/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "wasm/rop.h"
#include "wasm/trap.h"
#include "zkvm/bus.h"

static const uint8_t bytes[] = {
#include "zkvm/runtime/runtime_wasm.inc"
};

static const char *const routine_names[ROUTINE_COUNT] = {
#define X(id, name, params, results) name,
    ROUTINES(X)
#undef X
};
static const uint8_t routine_types[ROUTINE_COUNT][2] = {
#define X(id, name, params, results) {params, results},
    ROUTINES(X)
#undef X
};

static const struct primitive primitives[] = {
    {"charge.bulk", ZONE_CHARGE, 1, 0, 1},
    {"charge.host", ZONE_CHARGE, 1, 0, 0},
    {"get.pages_max", ZONE_SPECIAL_GET, 0, 1, CELL_PAGES_MAX},
    {"get.room", ZONE_SPECIAL_GET, 0, 1, CELL_ROOM},
    {"set.room", ZONE_SPECIAL_SET, 1, 0, CELL_ROOM},
    {"grow", ZONE_GROW, 1, 0, 0},
    {"tape.data", ZONE_TAPE, 1, 1, TAPE_DATA},
    {"table.length", ZONE_TABLE_LENGTH, 1, 1, 0},
    {"table.fetch", ZONE_TABLE_FETCH, 2, 1, 0},
    {"table.put", ZONE_TABLE_PUT, 3, 0, 0},
    {"table.resize", ZONE_TABLE_RESIZE, 2, 0, 0},
    {"trap.memory", ZONE_TRAP, 0, 0, TRAP_MEMORY_OUT_OF_BOUNDS},
    {"trap.table", ZONE_TRAP, 0, 0, TRAP_TABLE_OUT_OF_BOUNDS},
    {"trap.overflow", ZONE_TRAP, 0, 0, TRAP_INTEGER_OVERFLOW},
    {"trap.conversion", ZONE_TRAP, 0, 0, TRAP_INVALID_CONVERSION},
    {"trap.host", ZONE_TRAP, 0, 0, TRAP_HOST},
    {"get.closed", ZONE_SPECIAL_GET, 0, 1, CELL_CLOSED},
    {"get.input_at", ZONE_SPECIAL_GET, 0, 1, CELL_INPUT_AT},
    {"get.input_bytes", ZONE_SPECIAL_GET, 0, 1, CELL_INPUT_BYTES},
    {"get.output_state", ZONE_SPECIAL_GET, 0, 1, CELL_OUTPUT},
    {"get.error_state", ZONE_SPECIAL_GET, 0, 1, CELL_ERROR},
    {"get.output_max", ZONE_SPECIAL_GET, 0, 1, CELL_OUTPUT_MAX},
    {"get.clock", ZONE_SPECIAL_GET, 0, 1, CELL_CLOCK},
    {"get.epoch", ZONE_SPECIAL_GET, 0, 1, CELL_EPOCH},
    {"get.draws", ZONE_SPECIAL_GET, 0, 1, CELL_DRAWS},
    {"get.args", ZONE_SPECIAL_GET, 0, 1, CELL_ARGS},
    {"get.env", ZONE_SPECIAL_GET, 0, 1, CELL_ENV},
    {"get.has_memory", ZONE_SPECIAL_GET, 0, 1, CELL_HAS_MEMORY},
    {"set.closed", ZONE_SPECIAL_SET, 1, 0, CELL_CLOSED},
    {"set.input_at", ZONE_SPECIAL_SET, 1, 0, CELL_INPUT_AT},
    {"set.output_state", ZONE_SPECIAL_SET, 1, 0, CELL_OUTPUT},
    {"set.error_state", ZONE_SPECIAL_SET, 1, 0, CELL_ERROR},
    {"set.clock", ZONE_SPECIAL_SET, 1, 0, CELL_CLOCK},
    {"set.draws", ZONE_SPECIAL_SET, 1, 0, CELL_DRAWS},
    {"tape.world", ZONE_TAPE, 1, 1, TAPE_WORLD},
    {"write.word", ZONE_WRITE_WORD, 2, 0, 0},
    {"move.in", ZONE_MOVE_IN, 5, 1, 0},
    {"move.out", ZONE_MOVE_OUT, 5, 1, 0},
    {"exit", ZONE_EXIT, 1, 0, 0},
    {"mul_wide", ZONE_MUL_WIDE, 2, 1, 0},
    {"div_wide", ZONE_DIV_WIDE, 2, 1, 0},
    {"sqrt_wide", ZONE_SQRT_WIDE, 1, 1, 0},
};

static bool is_text(const struct name *name, const char *text)
{
    return name_eq(name, text, strlen(text));
}

const struct primitive *runtime_primitive(const struct code *code, uint32_t func)
{
    const struct module *m = code->module;
    const struct import *in = &m->imports[m->funcs[func].import];

    for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
        if (is_text(&in->module, "vcp") && is_text(&in->name, primitives[i].name))
            return &primitives[i];
    return NULL;
}

int runtime_routine(const char *prefix, const struct name *name)
{
    size_t n = strlen(prefix);

    for (int i = 0; i < ROUTINE_COUNT; i++)
        if (strncmp(routine_names[i], prefix, n) == 0 && is_text(name, routine_names[i] + n))
            return i;
    return -1;
}

uint32_t runtime_callee(const struct code *code, uint32_t insn)
{
    return ((const struct func_code *)(uintptr_t)code->insns[insn].imm)->index;
}

const uint8_t *runtime_module(size_t *n)
{
    *n = sizeof bytes;
    return bytes;
}

void runtime_digest(uint8_t out[32])
{
    sha3_256(out, bytes, sizeof bytes);
}

/* ---- what is allowed --------------------------------------------------------- */

static int refuse(struct err *err, uint32_t func, const char *what)
{
    return err_set(err, VCP_ESTATE, "runtime module, function %u: %s", func, what);
}

static bool is_integer(const uint8_t types[], uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (types[i] != VAL_I32 && types[i] != VAL_I64)
            return false;
    return true;
}

/* Of the instructions without variants. */
static bool is_allowed(unsigned op)
{
    switch (op) {
    case R_MOVE:
    case R_MOVE2:
    case R_MOVE_N:
    case R_CONST:
    case R_SELECT_S:
    case R_SELECT_A:
    case R_MEMORY_SIZE:
    case R_UNREACHABLE:
    case R_CHARGE:
    case R_JUMP:
    case R_BR_TABLE_S:
    case R_BR_TABLE_A:
    case R_CALL:
    case R_CALL_IMPORT:
    case R_RET0:
    case R_RET1_S:
    case R_RET1_A:
    case R_RET1_I: return true;
    default: return false;
    }
}

static int check_types(const struct code *c, uint32_t func, struct err *err)
{
    const struct func_type *t = module_func_type(c->module, func);
    const struct primitive *p;

    if (!is_integer(t->params, t->n_params) || !is_integer(t->results, t->n_results) ||
        t->n_results > 1)
        return refuse(err, func, "parameters or results that are not integers");
    if (c->module->funcs[func].import < 0)
        return VCP_OK;
    p = runtime_primitive(c, func);
    if (!p || p->n_params != t->n_params || p->n_results != t->n_results)
        return refuse(err, func, "an import that is no primitive");
    return VCP_OK;
}

/* Slots of a function and of the deepest of its calls; UINT32_MAX in slots while it is
 * being looked at. */
static int measure(struct runtime *r, uint32_t func, struct err *err)
{
    const struct func_code *f = &r->code->funcs[func];
    uint32_t most = f->frame_slots;

    if (r->slots[func] == UINT32_MAX)
        return refuse(err, func, "it calls itself");
    if (r->slots[func])
        return VCP_OK;
    r->slots[func] = UINT32_MAX;
    for (uint32_t i = f->first; i < f->first + f->n_insns; i++) {
        unsigned op = r->code->infos[i].op;
        const struct insn *in = &r->code->insns[i];
        uint32_t callee = op == R_CALL ? runtime_callee(r->code, i) : 0;
        int rc;

        if (rop_info[op].family == FAMILY_ONE && !is_allowed(op))
            return refuse(err, func, "an instruction that is not for routines");
        if (op != R_CALL)
            continue;
        if ((rc = measure(r, callee, err)) < 0)
            return rc;
        if (in->c + r->slots[callee] > most)
            most = in->c + r->slots[callee];
    }
    r->slots[func] = most;
    return VCP_OK;
}

static int find_routines(struct runtime *r, struct err *err)
{
    const struct module *m = r->code->module;

    for (unsigned i = 0; i < ROUTINE_COUNT; i++) {
        const struct export *e = module_export(m, EXTERN_FUNC, routine_names[i],
                                               strlen(routine_names[i]));

        if (!e || module_func_type(m, e->index)->n_params != routine_types[i][0] ||
            module_func_type(m, e->index)->n_results != routine_types[i][1])
            return err_set(err, VCP_ESTATE, "runtime module: no routine %s of that type",
                           routine_names[i]);
        r->funcs[i] = e->index;
    }
    return VCP_OK;
}

static int check(struct runtime *r, struct err *err)
{
    const struct module *m = r->code->module;
    int rc = VCP_OK;

    if (m->n_datas || m->n_elems || m->has_start || m->n_imports != m->n_imported_funcs)
        return err_set(err, VCP_ESTATE, "runtime module: segments, a start or other imports");
    for (uint32_t i = 0; i < m->n_funcs && rc == VCP_OK; i++)
        rc = check_types(r->code, i, err);
    for (uint32_t i = m->n_imported_funcs; i < m->n_funcs && rc == VCP_OK; i++)
        rc = measure(r, i, err);
    return rc == VCP_OK ? find_routines(r, err) : rc;
}

int runtime_open_bytes(struct runtime **out, const uint8_t *module, size_t n, struct err *err)
{
    struct runtime *r = calloc(1, sizeof *r);
    int rc = VCP_ENOMEM;

    if (!r)
        return err_set(err, VCP_ENOMEM, "out of memory loading routines");
    rc = code_load(&r->code, module, n, NULL, err);
    if (rc == VCP_OK && !(r->slots = calloc(r->code->module->n_funcs + 1u, sizeof *r->slots)))
        rc = err_set(err, VCP_ENOMEM, "out of memory loading routines");
    if (rc == VCP_OK)
        rc = check(r, err);
    if (rc < 0)
        runtime_free(r);
    else
        *out = r;
    return rc;
}

int runtime_open(struct runtime **out, struct err *err)
{
    return runtime_open_bytes(out, bytes, sizeof bytes, err);
}

void runtime_free(struct runtime *r)
{
    if (!r)
        return;
    code_free(r->code);
    free(r->slots);
    free(r);
}
