/* plain.h - the oracle: a second engine that executes the source one instruction at a time.
 *
 * It shares the decoder with the engine under test and nothing else: no lowering, no
 * blocks of gas, no cleverness.  Each step reads one instruction of the binary, checks
 * that its gas fits, and does what the specification says.  Slow on purpose; tests
 * compare status, trap, values, memory and gas of every run with it. */
#ifndef TESTS_WASM_PLAIN_H
#define TESTS_WASM_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "wasm/host.h"
#include "wasm/limits.h"
#include "wasm/module.h"

struct plain_store;
struct plain_instance;

/* Called with as many values as the type says. */
typedef void plain_host(void *user, const uint64_t *args, uint64_t *results);

/* A reference is the address of its plain_func, or an externref's number plus one; 0 is null. */
struct plain_func {
    const struct func_type *type;
    struct plain_instance *inst; /* NULL: host function */
    const struct function *f;
    plain_host *host;
    void *user;
    uint32_t *end_at,
        *else_at; /* by offset from f->code, of block, loop and if; made on first call */
};

struct plain_memory {
    uint8_t *bytes;
    uint32_t pages;
    struct size_range size;
};

struct plain_table {
    uint64_t *refs;
    uint32_t n;
    struct table_type type;
};

struct plain_global {
    struct global_type type;
    uint64_t bits;
};

struct plain_instance {
    const struct module *m;
    struct plain_func **funcs;
    struct plain_table **tables;
    struct plain_memory **memories;
    struct plain_global **globals;
    bool *elem_dropped, *data_dropped;
};

struct plain_outcome {
    enum run_status status;
    enum trap trap;
};

struct plain_store *plain_store_new(const struct run_limits *limits);
void plain_store_free(struct plain_store *s);
/* A new gas limit; what was used is forgotten. */
void plain_set_gas_max(struct plain_store *s, uint64_t gas_max);
uint64_t plain_gas_used(const struct plain_store *s);

int plain_define_func(struct plain_store *s, const char *module, const char *name,
                      const struct func_type *type, plain_host *host, void *user);
int plain_define_global(struct plain_store *s, const char *module, const char *name,
                        bool is_mutable, struct wasm_value v);
int plain_define_table(struct plain_store *s, const char *module, const char *name,
                       const struct table_type *type);
int plain_define_memory(struct plain_store *s, const char *module, const char *name,
                        const struct memory_type *type);
int plain_register(struct plain_store *s, const char *module, struct plain_instance *inst);

/* m must be validated and outlive the store.  VCP_ENOTFOUND: unknown import; VCP_EINVAL:
 * incompatible import type; VCP_ELIMIT: memory; otherwise *outcome says how it went. */
int plain_instance_new(struct plain_instance **out, struct plain_store *s, const struct module *m,
                       struct plain_outcome *outcome);
struct plain_func *plain_export_func(const struct plain_instance *inst, const char *name,
                                     size_t len);
/* args[] and results[] as raw slots. */
struct plain_outcome plain_call(struct plain_store *s, struct plain_func *f, const uint64_t *args,
                                uint64_t *results);

/* --- between the files of the oracle --- */

struct plain_frame {
    struct plain_func *f;
    uint32_t pc;         /* offset in the module's bytes */
    uint32_t locals;     /* index of local 0 among the values */
    uint32_t labels;     /* index of the function's own label */
    uint32_t first_slot; /* where the engine's frame begins, for the stack limit */
};

struct plain_label {
    uint32_t target; /* where a branch goes on */
    uint32_t height; /* values below the label's */
    uint32_t arity;  /* values a branch carries */
    bool is_loop;
};

struct plain_import;

struct plain_store {
    struct arena arena;
    struct run_limits limits;
    struct plain_import *imports; /* newest first */
    struct plain_memory **memories;
    struct plain_table **tables;
    size_t n_memories, n_tables;
    uint64_t bytes_used; /* memories, and 8 for each table entry */
    uint64_t gas_used, gas_max;

    uint64_t *vals;
    struct plain_frame *frames;
    struct plain_label *labels;
    uint32_t n_vals, vals_cap, n_frames, frames_cap, n_labels, labels_cap;
};

/* New storage within the limits; false when they are exceeded. */
bool plain_memory_grow(struct plain_store *s, struct plain_memory *mem, uint32_t pages);
bool plain_table_grow(struct plain_store *s, struct plain_table *t, uint32_t n, uint64_t ref);

/* The result of a numeric instruction with one or two operands. */
enum trap plain_numeric(uint16_t op, uint64_t a, uint64_t b, uint64_t *out);

#endif
