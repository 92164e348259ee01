/* fuzz_wasm_generated.c - the fuzzer steers tests/wasm/generate.h: every input is a valid module.
 */
#include <stdio.h>
#include <stdlib.h>

#include "generate.h"
#include "pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void call_all(struct pair *p, const struct pair_instance *inst, struct choices *c)
{
    for (uint32_t i = 0; i < inst->m->n_funcs; i++) {
        const struct func_type *type = module_func_type(inst->m, i);
        const char name[] = {'f', (char)('0' + i), 0};
        struct wasm_value args[8], results[8];
        struct outcome outcome = {0};

        for (uint32_t k = 0; k < type->n_params; k++)
            args[k] = (struct wasm_value){type->params[k], choose_bits(c, type->params[k])};
        pair_set_gas_max(p, choose(c, 2) ? 2000 : choose(c, 200));
        if (!pair_call(p, inst, name, 2, args, results, &outcome)) {
            fprintf(stderr, "%s: %s\n", name, p->why);
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair_instance inst;
    struct outcome outcome = {0};
    struct run_limits limits;
    struct err err = {0};
    struct choices c;
    struct buf module;
    struct pair p;
    int rc;

    if (run_limits_preset(&limits, "strict", NULL) < 0)
        return 0;
    limits.memory_bytes_max = (uint64_t)4 << 20;
    limits.call_depth_max = 60;
    limits.timeout_ms = 0;
    choices_init(&c, data, size, 1);
    buf_init(&module, 0);
    generate_module(&module, &c);
    if (!pair_init(&p, &limits) ||
        !pair_instantiate(&p, &inst, module.data, module.len, &rc, &outcome, &err) ||
        rc != VCP_OK) {
        fprintf(stderr, "%s%s\n", p.why, err.msg);
        abort();
    }
    call_all(&p, &inst, &c);
    pair_release(&p);
    buf_release(&module);
    return 0;
}
