/* Random modules through the mock prover: every call, also with little gas, must end as in the
 * engine, satisfy and balance.  Calls that reach what is not built are counted apart.
 *
 *     random_runner [COUNT [FIRST]] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "mockrun.h"
#include "wasm/generate.h"

struct tally {
    unsigned proven, unsupported, failed;
};

static void one_call(struct tally *t, struct catalog *chips, const struct buf *module,
                     const struct module *m, uint32_t func, uint64_t seed, uint64_t gas_max)
{
    const struct func_type *type = module_func_type(m, func);
    struct mockrun r = {
        .chips = chips, .gas_max = gas_max, .call_depth_max = 50, .rows_max = 50000};
    char texts[STATEMENT_VALUES_MAX][MOCKRUN_TEXT], name[16];
    const char *args[STATEMENT_VALUES_MAX];
    struct choices c;
    struct err e = {0};
    int rc;

    if (type->n_params > STATEMENT_VALUES_MAX)
        return;
    choices_init(&c, NULL, 0, seed);
    for (uint32_t i = 0; i < type->n_params; i++) {
        if (val_type_is_ref(type->params[i]))
            return;
        mockrun_text(texts[i], type->params[i], choose_bits(&c, type->params[i]));
        args[i] = texts[i];
    }
    snprintf(name, sizeof name, "f%u", func);
    rc = mockrun(&r, module->data, module->len, name, args, type->n_params, &e);
    if (rc == VCP_OK) {
        t->proven++;
    } else if (rc == VCP_EUNSUPPORTED || rc == VCP_ELIMIT || rc == VCP_ENOTFOUND ||
               rc == VCP_EINVAL) {
        t->unsupported++;
    } else {
        t->failed++;
        printf("seed %" PRIu64 " f%u gas %" PRIu64 ": %s\n", seed, func, gas_max, e.msg);
    }
    mockrun_release(&r);
}

static void one_module(struct tally *t, struct catalog *chips, uint64_t seed)
{
    struct choices c;
    struct code *code;
    struct buf module;

    buf_init(&module, 0);
    choices_init(&c, NULL, 0, seed);
    c.integers_only = seed %
                      4; /* the rest tests that floats end with a refusal, or are never met */
    generate_module(&module, &c);
    if (code_load(&code, module.data, module.len, NULL, NULL) == VCP_OK) {
        for (uint32_t i = 0; i < code->module->n_funcs; i++) {
            one_call(t, chips, &module, code->module, i, seed, 20000);
            one_call(t, chips, &module, code->module, i, seed, 5 + seed * 7 % 60);
        }
        code_free(code);
    }
    buf_release(&module);
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 40;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    struct catalog *chips = catalog_new();
    struct tally t = {0};

    for (uint64_t seed = first; seed < first + n; seed++)
        one_module(&t, chips, seed);
    printf("%u calls proven, %u not built, %u failed\n", t.proven, t.unsupported, t.failed);
    catalog_free(chips);
    return t.failed || !t.proven;
}
