/* test_gas_limits.c - programs at every gas limit from 0 to what they need, and one more.
 *
 *     test_wasm_gas_limits MODULE.wasm ...
 *
 * Longer programs are tried at the limits around their ends and at some in between.
 * Each export without parameters is a program.  Engine and oracle must agree on
 * status, trap, gas, results, memory and globals at every limit; with the gas it needs a
 * program ends as with plenty, with less it is out of gas. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "pair.h"

#define GAS_PLENTY 20000000u
#define GAS_SHORT  2000u /* up to which every limit is tried */
#define SAMPLES    100u
#define DEPTH_MAX  40u

/* Added up by hand from docs/gas.md, so that the two engines cannot be wrong together. */
static const struct {
    const char *name;
    uint64_t gas;
} by_hand[] = {
    {"nothing", 0},   {"markers", 0},     {"old_value", 7},     {"multi", 5},
    {"grow", 394},    {"floats", 31},     {"fill_copy", 25},    {"tables", 39},
    {"trap_fill", 4}, {"trap_middle", 7}, {"trap_overflow", 3}, {"trap_store", 6},
};

struct ending {
    struct outcome outcome;
    uint64_t gas;
};

static bool call_at(const struct buf *module, const struct name *name, uint64_t gas_max,
                    struct ending *end)
{
    struct wasm_value results[8];
    struct pair_instance inst;
    struct run_limits limits;
    struct err err = {0};
    struct pair p = {0};
    bool ok;
    int rc;

    run_limits_preset(&limits, "default", NULL);
    limits.call_depth_max = DEPTH_MAX;
    limits.timeout_ms = 0;
    *end = (struct ending){0};
    ok = pair_init(&p, &limits) &&
         pair_instantiate(&p, &inst, module->data, module->len, &rc, &end->outcome, &err) &&
         rc == VCP_OK;
    if (ok) {
        pair_set_gas_max(&p, gas_max);
        ok = pair_call(&p, &inst, name->s, name->len, NULL, results, &end->outcome);
        end->gas = pair_gas_used(&p);
    }
    if (!ok)
        fprintf(stderr, "%s with gas %llu: %s%s\n", name->s, (unsigned long long)gas_max, p.why,
                err.msg);
    pair_release(&p);
    return ok;
}

static bool check_end(const struct name *name, uint64_t limit, const struct ending *full,
                      const struct ending *end)
{
    bool enough = limit >= full->gas;

    if (enough ? end->outcome.status == full->outcome.status && end->gas == full->gas
               : end->outcome.status == RUN_OUT_OF_GAS && end->gas <= limit)
        return true;
    fprintf(stderr, "%s needs %llu gas and ends %s; with %llu it used %llu and ended %s\n", name->s,
            (unsigned long long)full->gas, run_status_name(full->outcome.status),
            (unsigned long long)limit, (unsigned long long)end->gas,
            run_status_name(end->outcome.status));
    return false;
}

static bool check_by_hand(const struct name *name, uint64_t gas)
{
    for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++)
        if (name_eq(name, by_hand[i].name, strlen(by_hand[i].name)) && by_hand[i].gas != gas) {
            fprintf(stderr, "%s: %llu gas, by hand %llu\n", name->s, (unsigned long long)gas,
                    (unsigned long long)by_hand[i].gas);
            return false;
        }
    return true;
}

/* The i-th limit to try: all of them for a short program. */
static uint64_t limit_at(uint64_t i, uint64_t need, struct prng *r)
{
    if (need <= GAS_SHORT)
        return i;
    return i < 3 ? need - 1 + i : prng_below(r, need);
}

static bool run_limits_of(const struct buf *module, const struct name *name,
                          const struct ending *full)
{
    uint64_t n = full->gas <= GAS_SHORT ? full->gas + 2 : SAMPLES;
    struct ending end;
    struct prng r;

    prng_init(&r, full->gas);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t limit = limit_at(i, full->gas, &r);

        if (!call_at(module, name, limit, &end) || !check_end(name, limit, full, &end))
            return false;
    }
    return true;
}

static bool run_program(const struct buf *module, const struct name *name)
{
    struct ending full;

    if (!call_at(module, name, GAS_PLENTY, &full))
        return false;
    if (full.outcome.status == RUN_OUT_OF_GAS) {
        /* "grow_beyond": the price of a request that cannot be granted. */
        printf("%-16s more than %u gas\n", name->s, GAS_PLENTY);
        return full.gas <= GAS_PLENTY;
    }
    if (!check_by_hand(name, full.gas))
        return false;
    if (!run_limits_of(module, name, &full))
        return false;
    printf("%-16s %6llu gas, %s\n", name->s, (unsigned long long)full.gas,
           full.outcome.status == RUN_TRAP ? trap_text(full.outcome.trap)
                                           : run_status_name(full.outcome.status));
    return true;
}

static unsigned run_exports(const struct buf *module, const struct module *m)
{
    unsigned failed = 0;

    for (uint32_t i = 0; i < m->n_exports; i++) {
        const struct export *e = &m->exports[i];

        if (e->kind == EXTERN_FUNC && module_func_type(m, e->index)->n_params == 0)
            failed += !run_program(module, &e->name);
    }
    return failed;
}

static unsigned run_file(const char *path)
{
    struct buf module;
    struct err err = {0};
    struct code *code = NULL;
    unsigned failed = 1;

    buf_init(&module, 0);
    if (file_read(&module, path, 1 << 20, &err) == VCP_OK &&
        code_load(&code, module.data, module.len, NULL, &err) == VCP_OK)
        failed = run_exports(&module, code->module);
    else
        fprintf(stderr, "%s: %s\n", path, err.msg);
    code_free(code);
    buf_release(&module);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned failed = argc < 2;

    for (int i = 1; i < argc; i++)
        failed += run_file(argv[i]);
    return failed != 0;
}
