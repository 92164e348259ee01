#include "zkvm/packed.h"

#include <inttypes.h>
#include <string.h>

static size_t bytes_of(const struct chip_wire *w)
{
    if (!w->pinned || w->lo < 0 || w->hi > UINT32_MAX)
        return 8;
    return w->hi > UINT16_MAX ? 4 : w->hi > UINT8_MAX ? 2 : 1;
}

size_t packed_row_bytes(const struct chip *c)
{
    size_t n = 0;

    for (uint32_t i = 0; i < c->n_stage1; i++)
        n += bytes_of(&c->wires[i]);
    return n;
}

/* Little-endian. */
static void put(uint8_t *out, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> 8 * i);
}

int packed_put(uint8_t *out, const struct chip *c, const uint64_t values[], struct err *err)
{
    for (uint32_t i = 0; i < c->n_stage1; i++) {
        size_t n = bytes_of(&c->wires[i]);

        if (n < 8 && values[i] >> 8 * n)
            return err_set(err, VCP_ESTATE, "wire %s of chip %s cannot be %" PRIu64,
                           c->wires[i].name, c->name, values[i]);
        put(out, values[i], n);
        out += n;
    }
    return VCP_OK;
}

static uint64_t get(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

void packed_get(uint64_t values[], const struct chip *c, const uint8_t *rows, size_t n)
{
    for (size_t row = 0; row < n; row++)
        for (uint32_t i = 0; i < c->n_stage1; i++) {
            size_t bytes = bytes_of(&c->wires[i]);

            *values++ = get(rows, bytes);
            rows += bytes;
        }
}
