/* kernel_run.c - loads a kernel and times its one call. */
#include "kernel_run.h"

#include <time.h>

#include "wasm/instance.h"

int64_t thread_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int run_in(struct timing *out, struct store *store, const struct code *code, unsigned n,
                  struct err *err)
{
    struct wasm_value arg = {VAL_I32, n}, result;
    struct outcome o = {0};
    struct instance *inst;
    int rc = instance_new(&inst, store, code, &o, err);

    if (rc < 0)
        return rc;
    out->ns = thread_cpu_ns();
    rc = func_call(store, instance_func(inst, "run", 3), &arg, 1, &result, &o, err);
    out->ns = thread_cpu_ns() - out->ns;
    if (rc < 0)
        return rc;
    if (o.status != RUN_OK)
        return err_set(err, VCP_EVERIFY, "%s", o.message);
    out->checksum = (uint32_t)result.bits;
    out->gas = store_gas_used(store);
    return VCP_OK;
}

int kernel_run(struct timing *out, const void *bytes, size_t n_bytes, unsigned n, struct err *err)
{
    struct run_limits limits;
    struct code *code = NULL;
    struct store *store;
    int rc = run_limits_preset(&limits, "relaxed", err);

    if (rc < 0 || (rc = code_load(&code, bytes, n_bytes, NULL, err)) < 0)
        return rc;
    store = store_new(&limits, NULL);
    rc = store ? run_in(out, store, code, n, err)
               : err_set(err, VCP_ENOMEM, "no memory to run a kernel");
    if (store)
        store_delete(store);
    code_free(code);
    return rc;
}
