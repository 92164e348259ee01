/* runtime.h - what lives in a store, internal to the engine (instance.h is the contract).
 *
 * A memory reserves its largest size as address space at once, so its base never moves
 * and growing is a change of a number.  A table grows by reallocation. */
#ifndef WASM_RUNTIME_H
#define WASM_RUNTIME_H

#include "wasm/instance.h"
#include "wasm/interp.h"

#define PAGE_BYTES 65536u

struct func {
    const struct func_code *code; /* NULL: a host function */
    struct instance *inst;        /* of the code */
    const struct func_type *type;
    uint32_t type_id; /* equal types of one store have equal ids */
    struct host_func host;
};

struct mem {
    uint8_t *base;
    uint64_t bytes, reserved;
    uint32_t pages, pages_max;
    struct size_range declared;
};

struct tab {
    uint64_t *elems; /* struct func * or externref bits; 0 is null */
    uint32_t n, n_max, cap;
    uint8_t type;
    struct size_range declared;
};

struct glob {
    uint64_t bits;
    struct global_type type;
};

struct instance {
    struct store *store;
    struct instance *next;
    const struct code *code;
    struct func **funcs;
    struct tab **tables;
    struct mem **memories;
    struct glob **globals;
    uint32_t *type_ids;
    uint8_t *dropped_elems, *dropped_datas;
};

struct definition {
    const char *module, *name;
    uint32_t module_bytes, name_bytes;
    uint8_t kind; /* enum extern_kind */
    void *item;   /* struct func, tab, mem or glob */
    struct definition *next;
};

struct store {
    struct arena arena; /* everything below but the tables and memories */
    struct run_limits limits;
    struct interp interp;
    struct instance *instances;
    struct definition **buckets;
    uint32_t n_buckets, n_definitions;
    struct func_type *types; /* distinct ones, by id */
    uint32_t *type_buckets;  /* open addressing: id + 1 */
    uint32_t n_types, types_cap, n_type_buckets;
    struct mem **mems;
    struct tab **tabs;
    uint32_t n_mems, n_tabs, mems_cap, tabs_cap;
    struct code **codes; /* adopted */
    uint32_t n_codes, codes_cap;
    uint64_t memory_bytes, memory_bytes_peak; /* linear memories */
    uint64_t table_bytes;
    bool is_running;
};

/* Grows by n pages or entries within the limits; the old size, or UINT32_MAX. */
uint32_t mem_grow(struct store *s, struct mem *m, uint32_t n_pages);
uint32_t tab_grow(struct store *s, struct tab *t, uint32_t n, uint64_t value);

/* Bulk operations of instances; TRAP_NONE or what happened.  No gas here. */
enum trap tab_init(struct instance *inst, uint32_t table, uint32_t elem, uint32_t dst, uint32_t src,
                   uint32_t n);
enum trap tab_copy(struct tab *dst_tab, struct tab *src_tab, uint32_t dst, uint32_t src,
                   uint32_t n);

#endif
