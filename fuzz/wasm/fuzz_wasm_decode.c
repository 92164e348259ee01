/* fuzz_wasm_decode.c - any bytes through decoder and validator, under small ceilings.
 *
 * Beyond not crashing: a module that validates must read cleanly through instr_read,
 * and every error has a sentence. */
#include <stdlib.h>

#include "wasm/decode.h"
#include "wasm/instr.h"
#include "wasm/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct module *m)
{
    for (uint32_t i = m->n_imported_funcs; i < m->n_funcs; i++) {
        struct cursor c = func_code(m, &m->funcs[i]);
        struct instr in;
        uint32_t n = 0;

        while (c.p < c.end) {
            if (instr_read(&in, &c, m, NULL) < 0)
                abort();
            n++;
        }
        if (n != m->funcs[i].n_instrs)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct module_limits limits = module_limits_default;
    struct module *m = NULL;
    struct err err = {0};
    int rc;

    limits.arena_bytes_max = (size_t)16 << 20;
    limits.nesting_max = 200;
    limits.operands_max = 500;
    rc = module_decode(&m, data, size, &limits, &err);
    if (rc == 0)
        rc = module_validate(m, &err);
    if (rc == 0)
        read_again(m);
    else if (!err.msg[0] || err.code != rc)
        abort();
    module_free(m);
    return 0;
}
