/* fuzz_wasm_run.c - any bytes as a module; what loads runs on engine and oracle, which must agree.
 *
 * The last byte of the input chooses the gas limit.  Memory and gas are small so that an
 * input takes milliseconds. */
#include <stdio.h>
#include <stdlib.h>

#include "pair.h"

#define VALUES_MAX 256
#define CALLS_MAX  16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop(const struct pair *p)
{
    fprintf(stderr, "%s\n", p->why);
    abort();
}

static void call_exports(struct pair *p, const struct pair_instance *inst, uint64_t gas_max)
{
    uint32_t calls = 0;

    for (uint32_t i = 0; i < inst->m->n_exports && calls < CALLS_MAX; i++) {
        const struct export *e = &inst->m->exports[i];
        struct wasm_value args[VALUES_MAX], results[VALUES_MAX];
        const struct func_type *type;
        struct outcome outcome = {0};

        if (e->kind != EXTERN_FUNC)
            continue;
        type = module_func_type(inst->m, e->index);
        for (uint32_t k = 0; k < type->n_params; k++)
            args[k] = (struct wasm_value){type->params[k],
                                          val_type_is_ref(type->params[k]) ? 0 : k + 1};
        pair_set_gas_max(p, gas_max);
        calls++;
        if (!pair_call(p, inst, e->name.s, e->name.len, args, results, &outcome))
            stop(p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair_instance inst;
    struct outcome outcome = {0};
    struct run_limits limits;
    struct err err = {0};
    struct pair p;
    uint64_t gas_max;
    int rc;

    if (size == 0 || run_limits_preset(&limits, "strict", NULL) < 0)
        return 0;
    limits.memory_bytes_max = (uint64_t)4 << 20;
    limits.call_depth_max = 60;
    limits.timeout_ms = 0;
    gas_max = data[size - 1] < 128 ? data[size - 1] : 20000;
    if (!pair_init(&p, &limits) || !pair_define_spectest(&p))
        abort();
    pair_set_gas_max(&p, gas_max);
    if (!pair_instantiate(&p, &inst, data, size - 1, &rc, &outcome, &err))
        stop(&p);
    if (rc == VCP_OK)
        call_exports(&p, &inst, gas_max);
    pair_release(&p);
    return 0;
}
