/* The interpreter's cold side: gas at its edges, traps, bulk operations, host calls. */
#include "wasm/interp_slow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/limits.h"
#include "wasm/instr.h"
#include "wasm/rop.h"
#include "wasm/runtime.h"

/* Bytes moved between two looks at the clock. */
#define BULK_CHUNK_BYTES ((uint64_t)1 << 20)

int interp_init(struct interp *x, struct store *s)
{
    size_t slots = (size_t)s->limits.stack_slots_max + WASM_PARAMS_MAX + 2;

    x->store = s;
    x->stack = mmap(NULL, slots * 8, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (x->stack == MAP_FAILED) {
        x->stack = NULL;
        return VCP_ENOMEM;
    }
    x->stack_end = x->stack + s->limits.stack_slots_max;
    x->host_results = calloc(WASM_PARAMS_MAX + 1, sizeof *x->host_results);
    if (!x->host_results)
        return VCP_ENOMEM;
    x->start[0].handler = interp_handler(R_CALL);
    x->start[1].handler = interp_handler(R_LEAVE);
    x->across_ret.handler = interp_handler(R_RETURN_ACROSS);
    interp_set_gas_max(x, s->limits.gas_max);
    return VCP_OK;
}

void interp_release(struct interp *x)
{
    if (x->stack)
        munmap(x->stack, ((size_t)x->store->limits.stack_slots_max + WASM_PARAMS_MAX + 2) * 8);
    free(x->host_results);
    free(x->across);
    free(x->step);
    *x = (struct interp){0};
}

void interp_set_gas_max(struct interp *x, uint64_t gas_max)
{
    x->gas_max = gas_max > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)gas_max;
    x->reserve = x->gas_max;
}

uint64_t interp_gas_used(const struct interp *x)
{
    return (uint64_t)(x->gas_max - x->reserve);
}

static void load_instance(struct interp *x, struct instance *inst)
{
    const struct mem *m = inst->code->module->n_memories ? inst->memories[0] : NULL;

    x->inst = inst;
    x->globals = inst->globals;
    x->mem_base = m ? m->base : NULL;
    x->mem_bytes = m ? m->bytes : 0;
}

/* ---- gas ------------------------------------------------------------------ */

static bool finish(struct interp *x, enum run_status status, int64_t left)
{
    x->status = status;
    x->reserve = left;
    x->gas = 0;
    return false;
}

bool interp_poll(struct interp *x)
{
    if (x->control && atomic_load_explicit(&x->control->cancel, memory_order_relaxed)) {
        x->status = RUN_CANCELLED;
        return false;
    }
    if (x->deadline_ns && clock_mono_ns() >= x->deadline_ns) {
        x->status = RUN_TIMEOUT;
        return false;
    }
    return true;
}

static void report_progress(struct interp *x, int64_t left)
{
    if (x->control)
        atomic_store_explicit(&x->control->gas_used, (uint64_t)(x->gas_max - left),
                              memory_order_relaxed);
}

/* total is what is left; the next slice of it goes to the register. */
static bool take_slice(struct interp *x, int64_t total)
{
    report_progress(x, total);
    if (!interp_poll(x))
        return finish(x, x->status, total + x->ip->gas);
    x->gas = total < GAS_SLICE ? total : GAS_SLICE;
    x->reserve = total - x->gas;
    return true;
}

static bool is_stepping(const struct interp *x)
{
    return x->ip >= x->step && x->step && x->ip < x->step + x->n_step;
}

size_t interp_where(const struct interp *x)
{
    const struct insn *ip = is_stepping(x) ? x->step_from + (x->ip - x->step) : x->ip;
    const struct code *c = x->inst->code;

    return ip >= c->insns && ip < c->insns + c->n_insns ? (size_t)(ip - c->insns) : SIZE_MAX;
}

/* The strip at x->ip costs more than is left.  Copies the instructions that can still be
 * paid, those whose effect comes before the gas runs out, and STOP_GAS. */
static bool step(struct interp *x, int64_t total)
{
    const struct code *c = x->inst->code;
    size_t first = interp_where(x), n = 0;
    uint32_t strip_gas = x->ip->gas;
    int64_t left = total + strip_gas;

    if (c->strip_insns_max + 1 > x->step_cap) {
        free(x->step);
        x->step_cap = c->strip_insns_max + 1;
        x->step = malloc(x->step_cap * sizeof *x->step);
        if (!x->step) {
            x->step_cap = x->n_step = 0;
            return finish(x, RUN_OUT_OF_MEMORY, left);
        }
    }
    while ((int64_t)strip_gas - c->infos[first + n].rest <= left) {
        x->step[n] = c->insns[first + n];
        n++;
    }
    x->step[n] = (struct insn){.handler = interp_handler(R_STOP_GAS), .gas = (uint16_t)strip_gas};
    x->n_step = (uint32_t)n + 1;
    x->step_from = &c->insns[first];
    x->ip = x->step;
    x->reserve = total;
    x->gas = 0;
    return true;
}

bool interp_refill(struct interp *x)
{
    int64_t total = x->reserve + x->gas;

    return total >= 0 ? take_slice(x, total) : step(x, total);
}

/* Weight of the source instructions of a function up to and with the one at offset; those
 * after a weight of `from` are counted in *fits while they stay within budget. */
static int64_t weigh(const struct code *c, uint32_t func, uint32_t offset, int64_t from,
                     int64_t budget, int64_t *fits)
{
    struct cursor cur = func_code(c->module, &c->module->funcs[func]);
    int64_t sum = 0;
    struct instr in;

    while (cursor_left(&cur) && instr_read(&in, &cur, c->module, NULL) == VCP_OK) {
        if (in.offset > offset)
            break;
        sum += opcode_info[in.op].gas;
        if (sum > from && sum - from <= budget)
            *fits = sum - from;
    }
    return sum;
}

/* Stopped at the first lowered instruction that could not be paid.  Some of the source
 * instructions folded into it could: they are counted from the source, once. */
void interp_stopped_stepping(struct interp *x)
{
    const struct code *c = x->inst->code;
    size_t at = interp_where(x);
    const struct insn_info *info = &c->infos[at];
    int64_t strip_gas = x->ip->gas, left = x->reserve + strip_gas, fits = 0, whole;
    uint32_t func = code_function_at(c, at);

    whole = weigh(c, func, info->offset, INT64_MAX, 0, &fits);
    weigh(c, func, info->offset, whole - (strip_gas - info->rest), left, &fits);
    finish(x, RUN_OUT_OF_GAS, left - fits);
}

void interp_trapped(struct interp *x)
{
    size_t at = interp_where(x);
    int64_t rest = at == SIZE_MAX ? 0 : x->inst->code->infos[at].rest;

    finish(x, RUN_TRAP, x->reserve + x->gas + rest);
}

static bool trapped(struct interp *x, enum trap trap)
{
    x->trap = trap;
    interp_trapped(x);
    return false;
}

/* The dynamic part of the instruction at x->ip, whose static weight was charged: when it
 * does not fit, the instruction was not reached. */
static bool pay(struct interp *x, uint64_t gas)
{
    int64_t total = x->reserve + x->gas;

    if (gas > (uint64_t)total) {
        size_t at = interp_where(x);
        const struct module *m = x->inst->code->module;
        uint32_t offset = x->inst->code->infos[at].offset;
        struct cursor cur = {m->bytes + offset, m->bytes + m->n_bytes};
        struct instr in;

        return finish(x, RUN_OUT_OF_GAS,
                      instr_read(&in, &cur, m, NULL) < 0 ? total : total + opcode_info[in.op].gas);
    }
    x->reserve = total - (int64_t)gas;
    x->gas = 0; /* the next strip asks for a slice, and so polls */
    return true;
}

static uint64_t bulk_gas(uint64_t bytes)
{
    return (bytes + 15) / 16;
}

/* ---- memory ---------------------------------------------------------------- */

bool interp_memory_grow(struct interp *x)
{
    uint32_t n = (uint32_t)x->fp[x->ip->a];
    struct mem *m = x->inst->memories[0];

    if (!pay(x, (uint64_t)n * 64))
        return false;
    x->fp[x->ip->a] = mem_grow(x->store, m, n);
    x->mem_bytes = m->bytes;
    return true;
}

static bool still_wanted(struct interp *x)
{
    return interp_poll(x) || finish(x, x->status, x->reserve);
}

bool interp_memory_copy(struct interp *x)
{
    const uint64_t *args = x->fp + x->ip->a;
    uint64_t dst = (uint32_t)args[0], src = (uint32_t)args[1], n = (uint32_t)args[2];
    uint8_t *base = x->mem_base;

    if (dst + n > x->mem_bytes || src + n > x->mem_bytes)
        return trapped(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    if (!pay(x, bulk_gas(n)))
        return false;
    while (n) {
        uint64_t chunk = n < BULK_CHUNK_BYTES ? n : BULK_CHUNK_BYTES;

        n -= chunk;
        if (dst <= src) {
            memmove(base + dst, base + src, chunk);
            dst += chunk, src += chunk;
        } else { /* from the end, so that no source is overwritten early */
            memmove(base + dst + n, base + src + n, chunk);
        }
        if (n && !still_wanted(x))
            return false;
    }
    return true;
}

bool interp_memory_fill(struct interp *x)
{
    const uint64_t *args = x->fp + x->ip->a;
    uint64_t dst = (uint32_t)args[0], n = (uint32_t)args[2];

    if (dst + n > x->mem_bytes)
        return trapped(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    if (!pay(x, bulk_gas(n)))
        return false;
    while (n) {
        uint64_t chunk = n < BULK_CHUNK_BYTES ? n : BULK_CHUNK_BYTES;

        memset(x->mem_base + dst, (uint8_t)args[1], chunk);
        dst += chunk, n -= chunk;
        if (n && !still_wanted(x))
            return false;
    }
    return true;
}

bool interp_memory_init(struct interp *x)
{
    const struct module *m = x->inst->code->module;
    const struct data_segment *seg = &m->datas[x->ip->lo];
    const uint64_t *args = x->fp + x->ip->a;
    uint64_t dst = (uint32_t)args[0], src = (uint32_t)args[1], n = (uint32_t)args[2];
    uint32_t seg_bytes = x->inst->dropped_datas[x->ip->lo] ? 0 : seg->n_bytes;

    if (src + n > seg_bytes || dst + n > x->mem_bytes)
        return trapped(x, TRAP_MEMORY_OUT_OF_BOUNDS);
    if (!pay(x, bulk_gas(n)))
        return false;
    if (n)
        memcpy(x->mem_base + dst, m->bytes + seg->bytes + src, n);
    return true;
}

/* ---- tables ------------------------------------------------------------------ */

bool interp_table_grow(struct interp *x)
{
    uint64_t *args = x->fp + x->ip->a;
    uint32_t n = (uint32_t)args[1];

    if (!pay(x, n))
        return false;
    args[0] = tab_grow(x->store, x->inst->tables[x->ip->lo], n, args[0]);
    return true;
}

bool interp_table_fill(struct interp *x)
{
    const uint64_t *args = x->fp + x->ip->a;
    struct tab *t = x->inst->tables[x->ip->lo];
    uint64_t dst = (uint32_t)args[0], n = (uint32_t)args[2];

    if (dst + n > t->n)
        return trapped(x, TRAP_TABLE_OUT_OF_BOUNDS);
    if (!pay(x, n))
        return false;
    for (uint64_t i = 0; i < n; i++)
        t->elems[dst + i] = args[1];
    return true;
}

bool interp_table_copy(struct interp *x)
{
    const uint64_t *args = x->fp + x->ip->a;
    struct tab *to = x->inst->tables[x->ip->lo], *from = x->inst->tables[x->ip->hi];
    uint32_t dst = (uint32_t)args[0], src = (uint32_t)args[1], n = (uint32_t)args[2];

    if ((uint64_t)dst + n > to->n || (uint64_t)src + n > from->n)
        return trapped(x, TRAP_TABLE_OUT_OF_BOUNDS);
    if (!pay(x, n))
        return false;
    tab_copy(to, from, dst, src, n);
    return true;
}

bool interp_table_init(struct interp *x)
{
    const struct elem_segment *seg = &x->inst->code->module->elems[x->ip->lo];
    const uint64_t *args = x->fp + x->ip->a;
    uint32_t dst = (uint32_t)args[0], src = (uint32_t)args[1], n = (uint32_t)args[2];
    uint32_t n_items = x->inst->dropped_elems[x->ip->lo] ? 0 : seg->n_items;
    uint32_t table = (uint32_t)x->ip->hi;

    if ((uint64_t)src + n > n_items || (uint64_t)dst + n > x->inst->tables[table]->n)
        return trapped(x, TRAP_TABLE_OUT_OF_BOUNDS);
    if (!pay(x, n))
        return false;
    tab_init(x->inst, table, (uint32_t)x->ip->lo, dst, src, n);
    return true;
}

/* ---- calls -------------------------------------------------------------------- */

void interp_clear_locals(struct interp *x, const struct func_code *f)
{
    int64_t cost = f->n_zeroed / 4;

    memset(x->fp + f->n_params + 2, 0, (size_t)f->n_zeroed * 8);
    x->gas -= cost; /* time, not gas: the total stays */
    x->reserve += cost;
}

bool interp_go_across(struct interp *x)
{
    if (x->n_across == x->across_cap) {
        uint32_t cap = x->across_cap ? x->across_cap * 2 : 64;
        struct across *p = realloc(x->across, cap * sizeof *p);

        if (!p)
            return finish(x, RUN_OUT_OF_MEMORY, x->reserve + x->gas);
        x->across = p;
        x->across_cap = cap;
    }
    x->across[x->n_across++] = (struct across){x->ip + 1, x->inst};
    load_instance(x, x->callee->inst);
    return true;
}

const struct insn *interp_come_back(struct interp *x)
{
    struct across a = x->across[--x->n_across];

    load_instance(x, a.inst);
    return a.ret;
}

struct host_call {
    struct interp *x;
};

uint8_t *host_memory(struct host_call *call, uint64_t addr, uint64_t n)
{
    struct interp *x = call->x;

    if (!x->mem_base || addr > x->mem_bytes || n > x->mem_bytes - addr)
        return NULL;
    return x->mem_base + addr;
}

bool host_charge(struct host_call *call, uint64_t gas)
{
    struct interp *x = call->x;

    if (gas > (uint64_t)x->reserve) {
        x->status = RUN_OUT_OF_GAS;
        return false;
    }
    x->reserve -= (int64_t)gas;
    return true;
}

uint64_t host_gas_used(const struct host_call *call)
{
    return interp_gas_used(call->x);
}

bool host_poll(struct host_call *call)
{
    return interp_poll(call->x);
}

enum host_status host_trap(struct host_call *call, enum trap trap, const char *sentence)
{
    struct interp *x = call->x;

    x->status = RUN_TRAP;
    x->trap = trap;
    x->host_sentence[0] = '\0';
    if (sentence) {
        strncpy(x->host_sentence, sentence, sizeof x->host_sentence - 1);
        x->host_sentence[sizeof x->host_sentence - 1] = '\0';
    }
    return HOST_TRAP;
}

enum host_status host_exit(struct host_call *call, int32_t exit_code)
{
    call->x->status = RUN_EXIT;
    call->x->exit_code = exit_code;
    return HOST_EXIT;
}

/* All gas is in reserve while the host works. */
static bool run_host(struct interp *x, const struct func *f, uint64_t *slots)
{
    struct host_call call = {x};
    enum host_status rc;

    x->status = RUN_OK;
    rc = f->host.fn(f->host.user, &call, slots, x->host_results);
    if (rc != HOST_OK) {
        if (x->status == RUN_OK)
            host_trap(&call, TRAP_HOST, "host function failed without saying why");
        return false;
    }
    for (uint32_t i = 0; i < f->type->n_results; i++)
        slots[i] = x->host_results[i];
    return true;
}

bool interp_call_host(struct interp *x, uint64_t *slots)
{
    x->reserve += x->gas;
    x->gas = 0;
    return run_host(x, x->callee, slots);
}

/* ---- a whole run ---------------------------------------------------------------- */

static void run_guest(struct interp *x, struct func *f)
{
    int64_t total = x->reserve;

    load_instance(x, f->inst);
    x->start[0].imm = (uint64_t)(uintptr_t)f->code;
    x->n_across = x->n_step = 0;
    x->depth_left = x->store->limits.call_depth_max;
    x->gas = total < GAS_SLICE ? total : GAS_SLICE;
    x->reserve = total - x->gas;
    interp_execute(x);
}

void interp_run(struct interp *x, struct func *f)
{
    x->trap = TRAP_NONE;
    x->exit_code = 0;
    x->host_sentence[0] = '\0';
    x->ip = x->start;
    x->gas = 0;
    if (!interp_poll(x))
        return;
    if (f->code) {
        run_guest(x, f);
    } else {
        x->inst = NULL;
        x->mem_base = NULL;
        x->mem_bytes = 0;
        run_host(x, f, x->stack);
    }
    report_progress(x, x->reserve);
}
