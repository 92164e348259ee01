/* Which locals may be read before they are written: locals.wat says it in its exports. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "test.h"
#include "zkvm/locals.h"

static struct buf module;

static uint64_t expected(const char *name, uint32_t len)
{
    uint64_t mask = 0;

    for (uint32_t i = 0; i < len && name[i] != ':'; i++)
        if (name[i] >= '0' && name[i] <= '9')
            mask |= (uint64_t)1 << (name[i] - '0');
    return mask;
}

static void locals_read_first_are_those(void **state)
{
    struct code *code;
    struct err e = {0};
    uint64_t mask;

    (void)state;
    assert_ok(code_load(&code, module.data, module.len, NULL, &e), e);
    assert_true(code->module->n_exports > 10);
    for (uint32_t i = 0; i < code->module->n_exports; i++) {
        const struct export *x = &code->module->exports[i];

        assert_ok(locals_read_first(&mask, code->module, x->index, &e), e);
        if (mask != expected(x->name.s, x->name.len))
            fail_msg("\"%.*s\": found %llx", (int)x->name.len, x->name.s, (unsigned long long)mask);
    }
    code_free(code);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(locals_read_first_are_those)};
    struct err e = {0};
    int rc;

    (void)argc;
    buf_init(&module, 0);
    if (file_read(&module, argv[1], 1 << 24, &e) < 0)
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    buf_release(&module);
    return rc;
}
