/* witness.c - see witness.h.
 *
 * The module's protocol: init(sanity), then for each value of each input signal the
 * value goes into a shared buffer of 32-bit words and setInputSignal(hash, index) takes
 * it; with the last one the circuit is computed.  getWitness(i) puts z_i into the same
 * buffer.  The buffer is read and written here directly in linear memory, whose bounds
 * are checked each time.  Messages come character by character from getMessageChar,
 * which may only be called once the guest has stopped. */
#include "circom/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wasm/instance.h"

#define VALUE_BYTES 32u

struct calculator {
    struct store *store;
    struct code *code;
    struct instance *inst;
    uint32_t shared_at; /* address of the shared buffer */
    int thrown;         /* code of exceptionHandler, 0 when none */
    struct err *err;
};

static void calculator_release(struct calculator *c)
{
    store_delete(c->store);
    code_free(c->code);
}

/* ---- what the module imports ---- */

static enum host_status on_exception(void *user, struct host_call *call, const uint64_t *args,
                                     uint64_t *results)
{
    struct calculator *c = user;
    (void)results;
    c->thrown = (int)(args[0] & 0xff);
    if (c->thrown == 0)
        c->thrown = 255;
    return host_trap(call, TRAP_HOST, "circom exception");
}

/* Messages and logs: read later, or not at all. */
static enum host_status ignore(void *user, struct host_call *call, const uint64_t *args,
                               uint64_t *results)
{
    (void)user;
    (void)call;
    (void)args;
    (void)results;
    return HOST_OK;
}

static int define_imports(struct calculator *c)
{
    static const uint8_t i32 = VAL_I32;
    const struct func_type takes_code = {&i32, NULL, 1, 0}, nothing = {NULL, NULL, 0, 0};
    static const char *const silent[] = {"printErrorMessage", "writeBufferMessage",
                                         "showSharedRWMemory"};
    int rc = store_define_func(c->store, "runtime", "exceptionHandler", &takes_code,
                               (struct host_func){on_exception, c}, c->err);
    for (size_t i = 0; i < sizeof silent / sizeof *silent && rc == VCP_OK; i++)
        rc = store_define_func(c->store, "runtime", silent[i], &nothing,
                               (struct host_func){ignore, c}, c->err);
    return rc;
}

/* ---- calling it ---- */

static const char *thrown_text(int code)
{
    static const char *const texts[] = {"unknown error",
                                        "signal not found",
                                        "too many signals set",
                                        "signal already set",
                                        "assertion failed",
                                        "not enough memory",
                                        "input signal array access exceeds the size",
                                        "out of bounds array access"};
    return code > 0 && code < (int)(sizeof texts / sizeof *texts) ? texts[code] : texts[0];
}

static int stopped(struct calculator *c, const struct outcome *o)
{
    switch (o->status) {
    case RUN_OUT_OF_GAS:
        return err_set(c->err, VCP_ELIMIT, "the witness calculator ran out of gas");
    case RUN_OUT_OF_MEMORY:
        return err_set(c->err, VCP_ENOMEM, "no memory for the witness calculator");
    case RUN_TIMEOUT: return err_set(c->err, VCP_ETIMEOUT, "the witness calculator took too long");
    case RUN_CANCELLED:
        return err_set(c->err, VCP_ECANCELLED, "the witness calculator was cancelled");
    default: return err_set(c->err, VCP_EFORMAT, "the witness calculator failed: %s", o->message);
    }
}

static int call_quietly(struct calculator *c, const char *name, const uint32_t args[],
                        uint32_t n_args, uint32_t *result, struct outcome *o)
{
    struct func *f = instance_func(c->inst, name, strlen(name));
    struct wasm_value in[3], out[1] = {{0, 0}};
    const struct func_type *t = f ? func_type_of(f) : NULL;

    if (!f || t->n_params != n_args || t->n_results != (result ? 1u : 0u))
        return err_set(c->err, VCP_EFORMAT,
                       "no circom witness calculator: it exports no function %s of that type",
                       name);
    for (uint32_t i = 0; i < n_args; i++)
        in[i] = (struct wasm_value){VAL_I32, args[i]};
    memset(o, 0, sizeof *o);
    int rc = func_call(c->store, f, in, n_args, out, o, c->err);
    if (rc == VCP_OK && result)
        *result = (uint32_t)out[0].bits;
    return rc;
}

/* What the module last said, printable, into text. */
static void last_message(struct calculator *c, char *text, size_t size)
{
    struct err *saved = c->err;
    struct outcome o;
    size_t n = 0;

    c->err = NULL;
    for (uint32_t ch = 0; n + 1 < size; n++) {
        if (call_quietly(c, "getMessageChar", NULL, 0, &ch, &o) < 0 || o.status != RUN_OK || !ch)
            break;
        text[n] = ch >= 0x20 && ch < 0x7f ? (char)ch : ' ';
    }
    text[n] = '\0';
    c->err = saved;
}

static int thrown(struct calculator *c)
{
    char message[200];
    last_message(c, message, sizeof message);
    return err_set(c->err, VCP_EINVAL, "the circuit refuses the inputs: %s%s%s",
                   thrown_text(c->thrown), *message ? ": " : "", message);
}

static int call(struct calculator *c, const char *name, const uint32_t args[], uint32_t n_args,
                uint32_t *result)
{
    struct outcome o;
    int rc = call_quietly(c, name, args, n_args, result, &o);

    if (rc < 0 || o.status == RUN_OK)
        return rc;
    return c->thrown ? thrown(c) : stopped(c, &o);
}

/* The shared buffer, or NULL when it lies outside the memory. */
static uint8_t *shared(struct calculator *c)
{
    uint64_t bytes;
    uint8_t *memory = instance_memory(c->inst, 0, &bytes);
    if (!memory || bytes < VALUE_BYTES || c->shared_at > bytes - VALUE_BYTES)
        return NULL;
    return memory + c->shared_at;
}

/* ---- the steps ---- */

static int load(struct calculator *c, const void *module, size_t module_bytes,
                const struct run_limits *limits, struct run_control *control)
{
    struct outcome o = {.status = RUN_OK};
    int rc = run_limits_check(limits, c->err);

    if (rc < 0)
        return rc;
    c->store = store_new(limits, control);
    if (!c->store)
        return err_set(c->err, VCP_ENOMEM, "no memory for the witness calculator");
    if ((rc = code_load(&c->code, module, module_bytes, NULL, c->err)) < 0 ||
        (rc = define_imports(c)) < 0)
        return rc;
    rc = instance_new(&c->inst, c->store, c->code, &o, c->err);
    if (rc == VCP_ENOTFOUND || rc == VCP_EINVAL)
        return err_prefix(c->err, "not a circom 2 witness calculator");
    return rc < 0 || o.status == RUN_OK ? rc : stopped(c, &o);
}

static int check_field(struct calculator *c)
{
    uint32_t n32 = 0;
    int rc = call(c, "getFieldNumLen32", NULL, 0, &n32);

    if (rc == VCP_OK)
        rc = call(c, "getSharedRWMemoryStart", NULL, 0, &c->shared_at);
    if (rc == VCP_OK)
        rc = call(c, "getRawPrime", NULL, 0, NULL);
    if (rc < 0)
        return rc;
    if (n32 * 4 != VALUE_BYTES || !shared(c) || memcmp(shared(c), fr_modulus, VALUE_BYTES) != 0)
        return err_set(c->err, VCP_EUNSUPPORTED, "the circuit is not over BN254's scalar field");
    return VCP_OK;
}

static int check_size(struct calculator *c, const struct circom_signal *s, uint32_t hi, uint32_t lo)
{
    uint32_t size = 0;
    int rc = call(c, "getInputSignalSize", (uint32_t[]){hi, lo}, 2, &size);

    if (rc < 0)
        return rc;
    if ((int32_t)size < 0 || (size == 0 && s->n_values > 0)) /* calculators give either */
        return err_set(c->err, VCP_EINVAL, "the circuit has no input signal %s", s->name);
    if (s->n_values != size)
        return err_set(c->err, VCP_EINVAL, "input signal %s has %zu values, the circuit wants %u",
                       s->name, s->n_values, size);
    return VCP_OK;
}

static int set_signal(struct calculator *c, const struct circom_signal *s)
{
    uint32_t hi = (uint32_t)(s->hash >> 32), lo = (uint32_t)s->hash;
    int rc = check_size(c, s, hi, lo);

    for (size_t i = 0; i < s->n_values && rc == VCP_OK; i++) {
        if (!shared(c))
            return err_set(c->err, VCP_EFORMAT, "the shared buffer lies outside the memory");
        memcpy(shared(c), &s->values[i], VALUE_BYTES);
        rc = call(c, "setInputSignal", (uint32_t[]){hi, lo, (uint32_t)i}, 3, NULL);
        if (rc < 0)
            err_prefix(c->err, "input signal %s", s->name);
    }
    return rc;
}

static int set_inputs(struct calculator *c, const struct circom_inputs *in)
{
    uint32_t want = 0;
    size_t got = 0;
    int rc = call(c, "init", (uint32_t[]){0}, 1, NULL);

    if (rc == VCP_OK)
        rc = call(c, "getInputSize", NULL, 0, &want);
    for (size_t i = 0; i < in->n_signals && rc == VCP_OK; i++) {
        rc = set_signal(c, &in->signals[i]);
        got += in->signals[i].n_values;
    }
    if (rc == VCP_OK && got < want)
        return err_set(c->err, VCP_EINVAL, "%zu of %u input values given", got, want);
    return rc;
}

static int read_witness(struct calculator *c, struct circom_witness *out)
{
    uint32_t n = 0;
    int rc = call(c, "getWitnessSize", NULL, 0, &n);

    if (rc < 0)
        return rc;
    if (n == 0 || n > GROTH16_WIRES_MAX)
        return err_set(c->err, VCP_ELIMIT, "a witness of %u values", n);
    out->z = malloc((size_t)n * sizeof *out->z);
    if (!out->z)
        return err_set(c->err, VCP_ENOMEM, "no memory for a witness of %u values", n);
    for (uint32_t i = 0; i < n; i++) {
        if ((rc = call(c, "getWitness", &i, 1, NULL)) < 0)
            return rc;
        if (!shared(c))
            return err_set(c->err, VCP_EFORMAT, "the shared buffer lies outside the memory");
        memcpy(&out->z[i], shared(c), VALUE_BYTES);
        if (!fr_bits_is_canonical(&out->z[i]))
            return err_set(c->err, VCP_EFORMAT, "the calculator's value %u is not below r", i);
    }
    if (out->z[0].l[0] != 1 || (out->z[0].l[1] | out->z[0].l[2] | out->z[0].l[3]) != 0)
        return err_set(c->err, VCP_EFORMAT, "the calculator's wire 0 is not 1");
    out->n_wires = n;
    return VCP_OK;
}

void circom_limits(struct run_limits *out)
{
    (void)run_limits_preset(out, "relaxed", NULL);
    out->memory_bytes_max = UINT64_C(4) << 30;
    out->gas_max = UINT64_MAX / 4;
    out->timeout_ms = 0;
}

int circom_witness(struct circom_witness *out, const void *module, size_t module_bytes,
                   const struct circom_inputs *inputs, const struct run_limits *limits,
                   struct run_control *control, struct err *err)
{
    struct calculator c = {.err = err};
    struct circom_witness w = {NULL, 0, 0};
    int rc;

    if ((rc = load(&c, module, module_bytes, limits, control)) == VCP_OK &&
        (rc = check_field(&c)) == VCP_OK && (rc = set_inputs(&c, inputs)) == VCP_OK)
        rc = read_witness(&c, &w);
    if (c.store)
        w.gas_used = store_gas_used(c.store);
    calculator_release(&c);
    if (rc < 0) {
        circom_witness_release(&w);
        return rc;
    }
    *out = w;
    return VCP_OK;
}

void circom_witness_release(struct circom_witness *w)
{
    free(w->z);
    memset(w, 0, sizeof *w);
}
