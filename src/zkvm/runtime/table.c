/* Instructions of tables: grow, fill, copy, init.
 *
 * Tables are given by their numbers (zkvm/tables.h); an element segment is a table, too, of
 * size 0 once it is dropped, so that table.init is table.copy.  Bounds are checked before anything
 * is paid, and both before anything is written. */
#include "zkvm/runtime/vcp.h"

PRIMITIVE("get.room") uint64_t get_room(void);
PRIMITIVE("set.room") void set_room(uint64_t bytes);
PRIMITIVE("table.length") uint32_t table_length(uint32_t table);
/* Each within the table. */
PRIMITIVE("table.fetch") uint64_t table_fetch(uint32_t table, uint32_t i);
PRIMITIVE("table.put") void table_put(uint32_t table, uint32_t i, uint64_t ref);
PRIMITIVE("table.resize") void table_resize(uint32_t table, uint32_t n);

static void check(uint32_t table, uint32_t at, uint32_t n)
{
    if ((uint64_t)at + n > table_length(table))
        trap_table();
}

/* The old size, or -1.  max is the largest there can be; memories and tables share a limit, in
 * which an entry is 8 bytes.  Entries beyond the size are null already. */
ROUTINE("table.grow") uint32_t table_grow(uint64_t ref, uint32_t n, uint32_t table, uint32_t max)
{
    uint32_t old = table_length(table);
    uint64_t room;

    charge_bulk(n);
    if (n > max - old)
        return UINT32_MAX;
    room = get_room();
    if ((uint64_t)n * 8 > room)
        return UINT32_MAX;
    set_room(room - (uint64_t)n * 8);
    table_resize(table, old + n);
    for (uint32_t i = old; ref && i < old + n; i++)
        table_put(table, i, ref);
    return old;
}

ROUTINE("table.fill") void table_fill(uint32_t at, uint64_t ref, uint32_t n, uint32_t table)
{
    check(table, at, n);
    charge_bulk(n);
    for (; n; n--)
        table_put(table, at++, ref);
}

ROUTINE("table.copy")
void table_copy(uint32_t to, uint32_t from, uint32_t n, uint32_t to_table, uint32_t from_table)
{
    check(to_table, to, n);
    check(from_table, from, n);
    charge_bulk(n);
    if (to <= from)
        for (; n; n--)
            table_put(to_table, to++, table_fetch(from_table, from++));
    else /* from the end, so that no source is overwritten early */
        for (; n; n--)
            table_put(to_table, to + n - 1, table_fetch(from_table, from + n - 1));
}
