/* run.h - one task: module bytes, entry, arguments and input in; outcome, output and gas out.
 *
 * With entry == NULL the module is a WASI command: `_start` runs with args as
 * argv[1..] (argv[0] is "main"), and the output is what it wrote to descriptor 1.
 * With an entry, that exported function runs with args as scalars, after
 * `_initialize` when the module exports one; the output is its results in
 * order, little-endian, 4 bytes for i32 and f32, 8 for i64 and f64 (references are
 * refused), preceded by what was written to descriptor 1, if anything.  The limit of
 * output is on what is written, to descriptors 1 and 2 together; the results (at most
 * RUN_RESULT_BYTES_MAX) come on top.
 *
 * The output, the status, the exit code, the trap and the gas depend only on the
 * request, unless the status is timeout, cancelled or out of memory. */
#ifndef WASM_RUN_H
#define WASM_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "wasm/host.h"
#include "wasm/limits.h"

struct run_request {
    const uint8_t *module;
    size_t module_bytes;
    const char *entry; /* exported function, or NULL for a WASI command */
    /* With an entry: decimal, 0x hexadecimal, floats as strtod reads them, nan, inf, nan:0x1;
     * by the type of each parameter, range checked (an i32 may be given as -2^31 .. 2^32-1). */
    const char *const *args;
    size_t n_args;
    const char *const *env; /* "NAME=value" */
    size_t n_env;
    const uint8_t *input; /* standard input */
    size_t input_bytes;
    uint64_t seed; /* of random_get and the clocks */
    struct run_limits limits;
};

#define RUN_RESULTS_MAX 16 /* values kept in struct run_result; the output has them all */

struct run_result {
    enum run_status status;
    int32_t exit_code;
    enum trap trap;
    char message[256]; /* one sentence unless RUN_OK; "" then */
    uint64_t gas_used;
    uint64_t memory_bytes_peak;
    int64_t load_ns, run_ns;
    struct wasm_value values[RUN_RESULTS_MAX];
    size_t n_values;
    size_t written_bytes; /* of output: what was written to descriptor 1; the results follow */
    struct buf output, error_output;
};

/* Fills *out, which the caller releases.  < 0 only when the request is bad (module
 * malformed or invalid, unknown import or entry, arguments that do not fit, limits out of
 * range or below the module's initial memory) and then *out is released and zeroed.  What happens
 * while the guest runs is in *out.  control may be NULL.  Thread-safe: calls share nothing. */
int run_module(struct run_result *out, const struct run_request *req, struct run_control *control,
               struct err *err);
void run_result_release(struct run_result *r);

/* "i32:7 i64:-1": values as people and outcomes read them, each in few enough digits to be told
 * from its neighbours.  Those for which out has no room are left out. */
void run_values_text(char *out, size_t size, const struct wasm_value values[], size_t n);

/* The i-th scalar argument as run_module reads it; type is the parameter's. */
int run_parse_arg(struct wasm_value *out, size_t i, const char *s, uint8_t type, struct err *err);

#endif
