/* link.h - definitions of a store and the imports they satisfy, internal to the engine. */
#ifndef WASM_LINK_H
#define WASM_LINK_H

#include "wasm/runtime.h"

/* false: out of memory. */
bool store_type_id(struct store *s, const struct func_type *type, uint32_t *id);

int store_new_table(struct store *s, const struct table_type *type, struct tab **out,
                    struct err *err);
int store_new_memory(struct store *s, const struct memory_type *type, struct mem **out,
                     struct err *err);

/* Fills the imported part of inst's index spaces. */
int link_imports(struct instance *inst, struct err *err);

#endif
