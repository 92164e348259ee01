/* tables.h - tables and functions as cells.
 *
 * A reference is a number: 0 is null, f + 1 is function f of the module; an externref is
 * what the embedding program says it is.  Table n lies at n << TABLE_SHIFT of SPACE_TABLE: the
 * first cell holds its size, the entries follow.  Every cell up to the largest size there can be
 * exists from the beginning, null where no element segment says otherwise; what keeps a row from an
 * entry that is not there yet is the size, which every access reads.
 *
 * What a call through a table needs to know about function f is one read-only cell at f + 1 of
 * SPACE_FUNCTION: its entry, its frame and its type; of an import the routine's, in a place of its
 * own.  Only functions that can become a value have one.  A call names table, limit and type in
 * its immediate.  Types are equal by structure, as in the engine: equal types have one number.
 *
 * An element segment that table.init names is a table, too, of size 0 when it is dropped. */
#ifndef ZKVM_TABLES_H
#define ZKVM_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct program;

#define TABLE_SHIFT      20u
#define TABLE_PAGE       64u /* entries: those of a page are all listed, or all null */
#define TABLE_TYPES_MAX  65536u
#define TABLE_NUMBER_MAX 65535u
#define TABLE_SIZE_MAX   ((1u << TABLE_SHIFT) - 1)
/* Size of the number's field in immediates; above it the call has its limit and type. */
#define CALL_LIMIT_SHIFT 16
#define CALL_TYPE_SHIFT  48
/* Fields of a function's cell, from bit 0: the entry's pc. */
#define FACT_FRAME_SHIFT 24
#define FACT_TYPE_SHIFT  40
#define FACT_BITS        56
#define FACT_HOST_SHIFT  32 /* an import's cell lies 2^32 above that of a function */

struct program_table {
    uint32_t number;
    uint32_t size, size_max; /* at the beginning, at most */
    uint64_t *entries;       /* the first n_entries, a multiple of TABLE_PAGE; null beyond */
    uint32_t n_entries;
};

struct program_tables {
    struct program_table *all; /* by number: the module's, then segments that table.init names */
    uint32_t n;
    uint32_t *of_segment; /* by element segment, its table; 0: none */
    uint32_t *type_ids;   /* by type of the module */
    bool *has_fact;       /* by function */
    bool are_used;        /* some instruction needs their cells */
};

/* Needs p->code and p->globals.  VCP_EUNSUPPORTED for a module that the engine does not
 * instantiate, or with too many types. */
int tables_make(struct program *p, struct err *err);
void tables_release(struct program *p);
/* The table whose cells lie at `at` of SPACE_TABLE, or NULL. */
const struct program_table *tables_at(const struct program *p, uint64_t at);
/* Where function f's cell lies, and what it holds; all pcs are known. */
uint64_t tables_fact_address(const struct program *p, uint32_t f);
uint64_t tables_fact(const struct program *p, uint32_t f);
bool tables_page_is_null(const struct program_table *t, uint32_t first);

#endif
