/* pair.h - the engine and the oracle side by side: everything is done to both and compared.
 *
 * Functions that compare return false when the two disagree, with one sentence in
 * p->why: status, trap, exit of a limit, gas, values, memory or exported globals. */
#ifndef TESTS_WASM_PAIR_H
#define TESTS_WASM_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plain.h"
#include "wasm/instance.h"

struct pair {
    struct store *store;
    struct plain_store *plain;
    char why[512];
};

struct pair_instance {
    const struct module *m; /* owned by the pair */
    struct instance *inst;
    struct plain_instance *plain;
};

bool pair_init(struct pair *p, const struct run_limits *limits);
void pair_release(struct pair *p);

/* The next call may use that much gas; the count starts at zero. */
void pair_set_gas_max(struct pair *p, uint64_t gas_max);
uint64_t pair_gas_used(const struct pair *p);

/* Adds to both stores what the specification's tests import as "spectest". */
bool pair_define_spectest(struct pair *p);
bool pair_register(struct pair *p, const char *module, const struct pair_instance *inst);

/* *rc is code_load's or instance_new's verdict with the sentence in err; when VCP_OK, *outcome
 * says how initialisation and start went. */
bool pair_instantiate(struct pair *p, struct pair_instance *out, const uint8_t *bytes, size_t n,
                      int *rc, struct outcome *outcome, struct err *err);

/* The function type of an export, NULL when there is none. */
const struct func_type *pair_func_type(const struct pair_instance *inst, const char *name,
                                       size_t len);

/* Calls the export on both and compares.  results[] has room for all of them and holds the
 * engine's when the outcome is RUN_OK.  Arguments may not be non-null funcrefs. */
bool pair_call(struct pair *p, const struct pair_instance *inst, const char *name, size_t len,
               const struct wasm_value *args, struct wasm_value *results, struct outcome *outcome);

#endif
