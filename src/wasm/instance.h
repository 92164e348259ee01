/* instance.h - the run-time structure: a store and what lives in it.
 *
 * A store owns instances, memories, tables, globals, functions and the gas
 * account they share; store_delete releases all of it.  One thread at a time.
 * Imports resolve by (module name, field name) against what was defined or
 * registered in the store.
 *
 * Source: WebAssembly Core Specification 2.0, section 4.2 and 4.5. */
#ifndef WASM_INSTANCE_H
#define WASM_INSTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wasm/code.h"
#include "wasm/host.h"
#include "wasm/limits.h"

struct store;
struct instance;
struct func; /* a function of some store: defined by a module, or a host function */

/* How an execution ended.  message is "" for RUN_OK, else one sentence such as
 * "trap: integer divide by zero in function $f (index 3) at offset 0x1a2". */
struct outcome {
    enum run_status status;
    enum trap trap;
    int32_t exit_code;
    char message[256];
};

/* The limits are copied; control may be NULL and must outlive the store.  The
 * clock of timeout_ms starts here.  NULL when memory is short. */
struct store *store_new(const struct run_limits *limits, struct run_control *control);
void store_delete(struct store *s);
/* The timeout counts from now on. */
void store_restart_clock(struct store *s);
/* A new gas limit; what was used so far is forgotten. */
void store_set_gas_max(struct store *s, uint64_t gas_max);
/* Gas of every instruction fully charged so far, at most the limit. */
uint64_t store_gas_used(const struct store *s);
/* Largest sum of linear memories so far. */
uint64_t store_memory_bytes_peak(const struct store *s);
/* The store frees the code when it is freed.  VCP_ENOMEM leaves it with the caller. */
int store_adopt_code(struct store *s, struct code *code);

/* Definitions for imports.  Names are copied; a later definition of the same name
 * shadows an earlier one.  VCP_ENOMEM, or VCP_EINVAL for a type that cannot be. */
int store_define_func(struct store *s, const char *module, const char *name,
                      const struct func_type *type, struct host_func func, struct err *err);
int store_define_global(struct store *s, const char *module, const char *name, bool is_mutable,
                        struct wasm_value value, struct err *err);
int store_define_table(struct store *s, const char *module, const char *name,
                       const struct table_type *type, struct err *err);
int store_define_memory(struct store *s, const char *module, const char *name,
                        const struct memory_type *type, struct err *err);
/* Every export of inst becomes importable under the module name. */
int store_register(struct store *s, const char *module, struct instance *inst, struct err *err);
/* true when anything was defined or registered under that module name. */
bool store_has_module(const struct store *s, const char *module);

/* Allocates, links, initialises and runs the start function.  code must outlive the
 * store.  Returns
 *   VCP_OK           linked; outcome says whether segments and start ran through.  *out is
 *                    set even after a trap: parts of it may be visible through imports.
 *   VCP_ENOTFOUND    "unknown import ..."
 *   VCP_EINVAL       "incompatible import type ..."
 *   VCP_ELIMIT, VCP_ENOMEM, VCP_ESTATE (called from a host function)
 * outcome is untouched on failure. */
int instance_new(struct instance **out, struct store *s, const struct code *code,
                 struct outcome *outcome, struct err *err);

const struct module *instance_module(const struct instance *inst);

/* NULL when there is no such export of that kind.  Names are bytes with a length. */
struct func *instance_func(const struct instance *inst, const char *name, size_t name_bytes);
const struct func_type *func_type_of(const struct func *f);
/* VCP_ENOTFOUND when there is no such global. */
int instance_global(const struct instance *inst, const char *name, size_t name_bytes,
                    struct wasm_value *out, struct err *err);
/* Linear memory by index; NULL and *bytes = 0 when there is none.  The address stays,
 * the size may grow while a guest runs. */
uint8_t *instance_memory(const struct instance *inst, uint32_t index, uint64_t *bytes);

/* Runs f with n_args values; results[] has room for every result of its type and is
 * written only when the status is RUN_OK.  VCP_EINVAL when count or types of the
 * arguments do not fit; VCP_ESTATE from within a host function of the same store. */
int func_call(struct store *s, struct func *f, const struct wasm_value *args, size_t n_args,
              struct wasm_value *results, struct outcome *outcome, struct err *err);

#endif
