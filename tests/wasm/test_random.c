/* test_random.c - random valid modules on the engine and on the oracle.
 *
 *     test_wasm_random [N_SEEDS [FIRST_SEED [DUMP]]]
 *
 * For each seed: every exported function with random arguments and a generous gas limit, a
 * few times in one store, so that effects pile up.  For one seed in SWEEP: in fresh
 * stores, and when a call was short, at every limit up to what it used and one more.
 * A failure prints the seed; DUMP is a file for that module's bytes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "generate.h"
#include "pair.h"

#define GAS_MAX   3000u
#define GAS_SHORT 120u /* gas up to which every limit is tried */
#define SWEEP     5u
#define ROUNDS    4u

struct tally {
    uint64_t calls, by_status[8], gas;
};

struct trial {
    uint64_t seed;
    struct buf module;
    const char *dump;
    struct tally *tally;
};

__attribute__((format(printf, 2, 3))) static bool fail(const struct trial *t, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "seed %llu: ", (unsigned long long)t->seed);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    if (t->dump)
        file_write(t->dump, t->module.data, t->module.len, 0644, NULL);
    return false;
}

static bool open_instance(const struct trial *t, struct pair *p, struct pair_instance *inst)
{
    struct outcome outcome = {0};
    struct run_limits limits;
    struct err err = {0};
    int rc;

    run_limits_preset(&limits, "strict", NULL);
    limits.call_depth_max = 50;
    limits.timeout_ms = 0;
    if (!pair_init(p, &limits))
        return fail(t, "no memory");
    if (!pair_instantiate(p, inst, t->module.data, t->module.len, &rc, &outcome, &err))
        return fail(t, "%s", p->why);
    if (rc < 0)
        return fail(t, "a generated module must be valid: %s", err.msg);
    return outcome.status == RUN_OK || fail(t, "instantiation: %s", outcome.message);
}

static bool call(const struct trial *t, struct pair *p, const struct pair_instance *inst,
                 uint32_t func, uint64_t args_seed, uint64_t gas_max, struct outcome *out)
{
    const char name[] = {'f', (char)('0' + func), 0};
    struct wasm_value args[8], results[8];
    const struct func_type *type = pair_func_type(inst, name, 2);
    struct choices c;

    choices_init(&c, NULL, 0, args_seed);
    for (uint32_t i = 0; i < type->n_params; i++)
        args[i] = (struct wasm_value){type->params[i], choose_bits(&c, type->params[i])};
    pair_set_gas_max(p, gas_max);
    *out = (struct outcome){0};
    if (!pair_call(p, inst, name, 2, args, results, out))
        return fail(t, "%s with gas %llu, arguments %llu: %s", name, (unsigned long long)gas_max,
                    (unsigned long long)args_seed, p->why);
    t->tally->calls++;
    t->tally->by_status[out->status]++;
    t->tally->gas += pair_gas_used(p);
    return true;
}

/* One call in fresh stores. */
static bool call_once(const struct trial *t, uint32_t func, uint64_t gas_max, struct outcome *out,
                      uint64_t *gas)
{
    struct pair_instance inst;
    struct pair p = {0};
    bool ok = open_instance(t, &p, &inst) &&
              call(t, &p, &inst, func, t->seed * 31 + func, gas_max, out);

    *gas = ok ? pair_gas_used(&p) : 0;
    pair_release(&p);
    return ok;
}

static bool call_in_rounds(const struct trial *t)
{
    struct pair_instance inst;
    struct outcome outcome;
    struct pair p = {0};
    bool ok = open_instance(t, &p, &inst);

    for (uint32_t round = 0; ok && round < ROUNDS; round++)
        for (uint32_t i = 0; ok && i < inst.m->n_funcs; i++)
            ok = call(t, &p, &inst, i, t->seed * 977 + round * 31 + i, GAS_MAX, &outcome);
    pair_release(&p);
    return ok;
}

static bool call_at_every_limit(const struct trial *t, uint32_t func)
{
    struct outcome full, cut;
    uint64_t need, gas;

    if (!call_once(t, func, GAS_MAX, &full, &need))
        return false;
    if (full.status == RUN_OUT_OF_GAS || need > GAS_SHORT)
        return true;
    for (uint64_t limit = 0; limit <= need + 1; limit++) {
        if (!call_once(t, func, limit, &cut, &gas))
            return false;
        if (limit >= need ? cut.status != full.status || gas != need
                          : cut.status != RUN_OUT_OF_GAS || gas > limit)
            return fail(t, "f%u: %s, %llu gas, at limit %llu of %llu", func,
                        run_status_name(cut.status), (unsigned long long)gas,
                        (unsigned long long)limit, (unsigned long long)need);
    }
    return true;
}

static bool sweep(const struct trial *t)
{
    struct pair_instance inst;
    struct pair p = {0};
    bool ok = open_instance(t, &p, &inst);

    for (uint32_t i = 0; ok && i < inst.m->n_funcs; i++)
        ok = call_at_every_limit(t, i);
    pair_release(&p);
    return ok;
}

static bool try_seed(uint64_t seed, const char *dump, struct tally *tally)
{
    struct trial t = {.seed = seed, .dump = dump, .tally = tally};
    struct choices c;
    bool ok;

    buf_init(&t.module, 0);
    choices_init(&c, NULL, 0, seed);
    generate_module(&t.module, &c);
    ok = call_in_rounds(&t);
    if (ok && seed % SWEEP == 0)
        ok = sweep(&t);
    buf_release(&t.module);
    return ok;
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 300;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    struct tally tally = {0};
    unsigned failed = 0;

    for (uint64_t seed = first; seed < first + n; seed++)
        failed += !try_seed(seed, argc > 3 ? argv[3] : NULL, &tally);
    printf("%llu modules, %llu calls, %llu gas:", (unsigned long long)n,
           (unsigned long long)tally.calls, (unsigned long long)tally.gas);
    for (int i = 0; i < 7; i++)
        if (tally.by_status[i])
            printf(" %s %llu", run_status_name((enum run_status)i),
                   (unsigned long long)tally.by_status[i]);
    printf("; %u modules failed\n", failed);
    return failed != 0;
}
