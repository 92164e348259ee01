/* Instructions of linear memory: grow, copy, fill, init.
 *
 * Bounds are checked before anything is paid, and both before anything is written.  Rows are
 * cheapest for aligned words, so all write eight bytes at a time where the destination is
 * aligned to four; a source that is not is read across cells. */
#include "zkvm/runtime/vcp.h"

PRIMITIVE("get.pages_max") uint32_t get_pages_max(void);
PRIMITIVE("get.room") uint64_t get_room(void);
PRIMITIVE("set.room") void set_room(uint64_t bytes);
/* delta > 0 zero pages more, which were checked to be allowed. */
PRIMITIVE("grow") void add_pages(uint32_t delta);
PRIMITIVE("tape.data") uint32_t tape_data(uint32_t word);

static void check(uint32_t at, uint32_t n)
{
    if ((uint64_t)at + n > (uint64_t)memory_pages() << 16)
        trap_memory();
}

static void pay(uint32_t n)
{
    charge_bulk(((uint64_t)n + 15) >> 4);
}

/* The old size, or -1.  What may be is fixed by the module's maximum and the limit of all
 * memories and tables together. */
ROUTINE("memory.grow") uint32_t memory_grow(uint32_t delta)
{
    uint32_t old = memory_pages();
    uint64_t more = (uint64_t)delta << 16, room;

    charge_bulk((uint64_t)delta << 6);
    if (delta > get_pages_max() - old)
        return UINT32_MAX;
    room = get_room();
    if (more > room)
        return UINT32_MAX;
    if (delta) {
        set_room(room - more);
        add_pages(delta);
    }
    return old;
}

ROUTINE("memory.fill") void memory_fill(uint32_t to, uint32_t value, uint32_t n)
{
    uint64_t word = (value & 255) * 0x0101010101010101u;

    check(to, n);
    pay(n);
    for (; n && (to & 3); n--)
        AT(uint8_t, to++) = (uint8_t)word;
    for (; n >= 32; n -= 32, to += 32) {
        AT(uint64_t, to) = word;
        AT(uint64_t, to + 8) = word;
        AT(uint64_t, to + 16) = word;
        AT(uint64_t, to + 24) = word;
    }
    for (; n >= 4; n -= 4, to += 4)
        AT(uint32_t, to) = (uint32_t)word;
    for (; n; n--)
        AT(uint8_t, to++) = (uint8_t)word;
}

/* to <= from: what is written was read before. */
static void copy_up(uint32_t to, uint32_t from, uint32_t n)
{
    for (; n && (to & 3); n--)
        AT(uint8_t, to++) = AT(uint8_t, from++);
    for (; n >= 32; n -= 32, to += 32, from += 32) {
        AT(uint64_t, to) = AT(uint64_t, from);
        AT(uint64_t, to + 8) = AT(uint64_t, from + 8);
        AT(uint64_t, to + 16) = AT(uint64_t, from + 16);
        AT(uint64_t, to + 24) = AT(uint64_t, from + 24);
    }
    for (; n >= 4; n -= 4, to += 4, from += 4)
        AT(uint32_t, to) = AT(uint32_t, from);
    for (; n; n--)
        AT(uint8_t, to++) = AT(uint8_t, from++);
}

/* to > from: from the end, so that no source is overwritten early. */
static void copy_down(uint32_t to, uint32_t from, uint32_t n)
{
    to += n, from += n;
    for (; n && (to & 3); n--)
        AT(uint8_t, --to) = AT(uint8_t, --from);
    for (; n >= 32; n -= 32) {
        to -= 32, from -= 32;
        AT(uint64_t, to + 24) = AT(uint64_t, from + 24);
        AT(uint64_t, to + 16) = AT(uint64_t, from + 16);
        AT(uint64_t, to + 8) = AT(uint64_t, from + 8);
        AT(uint64_t, to) = AT(uint64_t, from);
    }
    for (; n >= 4; n -= 4) {
        to -= 4, from -= 4;
        AT(uint32_t, to) = AT(uint32_t, from);
    }
    for (; n; n--)
        AT(uint8_t, --to) = AT(uint8_t, --from);
}

ROUTINE("memory.copy") void memory_copy(uint32_t to, uint32_t from, uint32_t n)
{
    check(to, n);
    check(from, n);
    pay(n);
    if (to <= from)
        copy_up(to, from, n);
    else
        copy_down(to, from, n);
}

/* The segment's bytes are words of the data tape from `first` on; `size` of them are left, none
 * after data.drop. */
ROUTINE("memory.init")
void memory_init(uint32_t to, uint32_t from, uint32_t n, uint32_t first, uint32_t size)
{
    if ((uint64_t)from + n > size)
        trap_memory();
    check(to, n);
    pay(n);
    for (; n && (from & 3); n--, from++)
        AT(uint8_t, to++) = (uint8_t)(tape_data(first + (from >> 2)) >> (from & 3) * 8);
    first += from >> 2;
    for (; n >= 16; n -= 16, to += 16, first += 4) {
        AT(uint32_t, to) = tape_data(first);
        AT(uint32_t, to + 4) = tape_data(first + 1);
        AT(uint32_t, to + 8) = tape_data(first + 2);
        AT(uint32_t, to + 12) = tape_data(first + 3);
    }
    for (; n >= 4; n -= 4, to += 4)
        AT(uint32_t, to) = tape_data(first++);
    if (n) {
        uint32_t word = tape_data(first);

        for (; n; n--, word >>= 8)
            AT(uint8_t, to++) = (uint8_t)word;
    }
}
