/* table.h - finding by name: a chained hash table of elements that carry their link.
 *
 * Names come from outside, so the hash is keyed (SipHash-2-4) and nobody can aim
 * at one chain.  The table doubles when it is full and never shrinks. */
#ifndef COORD_TABLE_H
#define COORD_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_link {
    struct table_link *next;
    const char *name; /* owned by the element, constant while it is in the table */
    uint64_t hash;
};

struct idtable {
    struct table_link **chains;
    size_t n, n_chains; /* a power of two, or 0 */
    uint8_t key[16];
};

void idtable_init(struct idtable *t);
void idtable_release(struct idtable *t); /* the elements stay */
struct table_link *idtable_find(const struct idtable *t, const char *name);
/* The name must be new.  VCP_ENOMEM leaves the table as it was. */
int idtable_insert(struct idtable *t, struct table_link *e, const char *name);
void idtable_remove(struct idtable *t, struct table_link *e);

#endif
