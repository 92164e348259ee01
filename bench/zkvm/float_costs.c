/* Rows and constraints of each float instruction: a function of it alone, called with numbers
 * between 1/256 and 512, less one that returns a constant. */
#include "float_costs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "wasm/numeric.h"
#include "wasm/opcode.h"
#include "zkvm/execution.h"

#define CALLS 24

struct cost {
    double rows, constraints;
};

/* ---- the modules ---------------------------------------------------------------- */

static uint8_t type_of(char letter)
{
    return letter == 'i' ? VAL_I32 : letter == 'I' ? VAL_I64 : letter == 'f' ? VAL_F32 : VAL_F64;
}

static void put_section(struct buf *b, uint8_t id, const struct buf *body)
{
    buf_putc(b, id);
    buf_putc(b, (uint8_t)body->len); /* all are short */
    buf_put(b, body->data, body->len);
}

static void put_body(struct buf *b, unsigned op, unsigned n_params, uint8_t result)
{
    static const uint8_t zeros[8];

    buf_putc(b, 0); /* no locals */
    if (op) {
        for (unsigned i = 0; i < n_params; i++)
            buf_putc(b, OP_LOCAL_GET), buf_putc(b, (uint8_t)i);
        if (op >= 0x100)
            buf_putc(b, OPCODE_PREFIX_FC);
        buf_putc(b, (uint8_t)op);
    } else {
        unsigned n = result == VAL_F32 ? 4 : result == VAL_F64 ? 8 : 1;

        buf_putc(b, result == VAL_I32   ? OP_I32_CONST
                    : result == VAL_I64 ? OP_I64_CONST
                    : result == VAL_F32 ? OP_F32_CONST
                                        : OP_F64_CONST);
        buf_put(b, zeros, n);
    }
    buf_putc(b, OP_END);
}

/* "ff:f" and an opcode, or 0 for the function that returns zero. */
static void make_module(struct buf *out, const char *signature, unsigned op)
{
    static const uint8_t head[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    static const uint8_t export[] = {1, 1, 'f', 0, 0}, function[] = {1, 0};
    const char *colon = strchr(signature, ':');
    unsigned n = (unsigned)(colon - signature);
    struct buf s, body;

    buf_init(&s, 0);
    buf_init(&body, 0);
    buf_put(out, head, sizeof head);
    buf_putc(&s, 1), buf_putc(&s, 0x60), buf_putc(&s, (uint8_t)n);
    for (unsigned i = 0; i < n; i++)
        buf_putc(&s, type_of(signature[i]));
    buf_putc(&s, 1), buf_putc(&s, type_of(colon[1]));
    put_section(out, 1, &s);
    buf_clear(&s);
    buf_put(&s, function, sizeof function);
    put_section(out, 3, &s);
    buf_clear(&s);
    buf_put(&s, export, sizeof export);
    put_section(out, 7, &s);
    buf_clear(&s);
    put_body(&body, op, n, type_of(colon[1]));
    buf_putc(&s, 1), buf_putc(&s, (uint8_t)body.len);
    buf_put(&s, body.data, body.len);
    put_section(out, 10, &s);
    buf_release(&body);
    buf_release(&s);
}

/* ---- runs ------------------------------------------------------------------------- */

static struct prng numbers;

static void draw(char *text, size_t size, char letter, bool is_unsigned)
{
    uint64_t r = prng_next(&numbers);
    double v = (double)(r >> 11 | (uint64_t)1 << 52) / 9007199254740992.0;

    for (r &= 15; r > 0; r--)
        v *= 2;
    if (letter == 'i' || letter == 'I')
        snprintf(text, size, "%d",
                 (int)(prng_next(&numbers) % 2000000) - (is_unsigned ? 0 : 1000000));
    else
        snprintf(text, size, "%a", (is_unsigned || prng_next(&numbers) & 1 ? v : -v) / 128);
}

static int add_run(struct cost *sum, const struct buf *module, const char *const args[], size_t n,
                   struct err *err)
{
    struct execution_request req = {.module = module->data,
                                    .module_bytes = module->len,
                                    .entry = "f",
                                    .args = args,
                                    .n_args = n};
    struct execution *e = NULL;
    int rc = run_limits_preset(&req.limits, "default", err);

    if (rc == VCP_OK)
        rc = execution_new(&e, &req, err);
    if (rc == VCP_OK)
        rc = execution_trace(e, 0, err);
    for (uint32_t i = 0; i < CATALOG_CHIPS && rc == VCP_OK; i++) {
        const struct chip *c;

        if (!e->rows[i].n || catalog_get(&c, e->chips, i, NULL) < 0 || !c->is_instruction)
            continue;
        sum->rows += (double)e->rows[i].n / CALLS;
        sum->constraints += (double)e->rows[i].n * c->n_constraints / CALLS;
    }
    execution_free(e);
    return rc;
}

static int measure(struct cost *out, const struct opcode_info *info, unsigned op, struct err *err)
{
    size_t n = strcspn(info->signature, ":"), last = strlen(info->text) - 1;
    bool is_unsigned = (strstr(info->text, "trunc_") && info->text[last] == 'u') ||
                       strstr(info->text, "sqrt");
    struct cost sums[2] = {{0}};
    struct buf modules[2];
    char texts[2][48];
    const char *args[2] = {texts[0], texts[1]};
    int rc = VCP_OK;

    for (int i = 0; i < 2; i++) {
        buf_init(&modules[i], 0);
        make_module(&modules[i], info->signature, i ? 0 : op);
    }
    for (int call = 0; call < CALLS && rc == VCP_OK; call++) {
        for (size_t i = 0; i < n; i++)
            draw(texts[i], sizeof texts[i], info->signature[i], is_unsigned);
        for (int i = 0; i < 2 && rc == VCP_OK; i++)
            rc = add_run(&sums[i], &modules[i], args, n, err);
    }
    *out = (struct cost){sums[0].rows - sums[1].rows, sums[0].constraints - sums[1].constraints};
    buf_release(&modules[0]);
    buf_release(&modules[1]);
    return rc;
}

int print_float_costs(struct err *err)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    prng_init(&numbers, 1);
    printf("%-24s %6s %12s\n", "instruction", "rows", "constraints");
    for (unsigned op = 0; op < OPCODE_COUNT; op++) {
        const struct opcode_info *info = &opcode_info[op];
        struct cost c;
        int rc;

        if (!info->text || !info->signature || info->imm != IMM_NONE ||
            !strpbrk(info->signature, "fF") || strstr(info->text, "reinterpret"))
            continue;
        if ((rc = measure(&c, info, op, err)) < 0)
            return rc;
        printf("%-24s %6.1f %12.1f\n", info->text, c.rows, c.constraints);
    }
    return VCP_OK;
}
