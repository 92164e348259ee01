/* Bulk instructions of linear memory. */
#include "zkvm/runtime/vcp.h"

/* Bounds are checked before anything is paid, and both before anything is written. */
static void begin(uint32_t at, uint32_t n)
{
    if ((uint64_t)at + n > (uint64_t)memory_pages() << 16)
        trap_memory();
}

static void pay(uint32_t n)
{
    charge_bulk(((uint64_t)n + 15) >> 4);
}

ROUTINE("memory.fill") void memory_fill(uint32_t to, uint32_t value, uint32_t n)
{
    uint64_t word = (value & 255) * 0x0101010101010101u;

    begin(to, n);
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
