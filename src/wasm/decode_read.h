/* decode_read.h - the decoder's state and what every section reads: numbers, names, types,
 * initialisers.  Internal to the decoder.
 *
 * Each function moves the cursor and returns VCP_OK, or fills the error with the offset and
 * returns its code. */
#ifndef WASM_DECODE_READ_H
#define WASM_DECODE_READ_H

#include "wasm/instr.h"
#include "wasm/module.h"

/* Binary order of the sections; custom sections may stand anywhere. */
enum section {
    SECTION_CUSTOM = 0,
    SECTION_TYPE,
    SECTION_IMPORT,
    SECTION_FUNCTION,
    SECTION_TABLE,
    SECTION_MEMORY,
    SECTION_GLOBAL,
    SECTION_EXPORT,
    SECTION_START,
    SECTION_ELEMENT,
    SECTION_CODE,
    SECTION_DATA,
    SECTION_DATA_COUNT,
    SECTION_COUNT
};

struct decoder {
    struct module *m;
    struct cursor c; /* ends with the section being read */
    const struct module_limits *limits;
    struct err *err;
    const unsigned char *names, *names_end; /* the last name section */
    uint32_t n_codes;
};

uint32_t decode_here(const struct decoder *d); /* offset of the cursor in the module */
int decode_fail(struct decoder *d, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int decode_no_memory(struct decoder *d);

int decode_byte(struct decoder *d, uint8_t *out, const char *what);
int decode_u32(struct decoder *d, uint32_t *out, const char *what);
/* A vector's length: under its ceiling, and with at least one byte for each element,
 * which bounds what the count alone can make us allocate. */
int decode_count(struct decoder *d, uint32_t *out, uint32_t max, const char *what);
int decode_name(struct decoder *d, struct name *out, const char *what); /* checked UTF-8 */
int decode_check_type(struct decoder *d, uint8_t t);
int decode_val_type(struct decoder *d, uint8_t *out);
int decode_ref_type(struct decoder *d, uint8_t *out);
int decode_table_type(struct decoder *d, struct table_type *out);
int decode_memory_type(struct decoder *d, struct memory_type *out);
int decode_global_type(struct decoder *d, struct global_type *out);
int decode_const(struct decoder *d, struct const_expr *out);

/* decode_sections.c: the body of any section but a custom one; d->c spans it. */
int decode_section(struct decoder *d, uint8_t id);

#endif
