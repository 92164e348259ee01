/* digits.h - signed digits of scalars without carries; internal.
 *
 * With K = sum of 2^(c-1) 2^(ci) over all windows but the last, digit i of k is window i
 * of k + K less 2^(c-1), in [-2^(c-1), 2^(c-1)); the last digit is the last window itself,
 * and with c n_windows > bits of k it is at most 2^(c-1). */
#ifndef BN254_DIGITS_H
#define BN254_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bn254/constants.h"
#include "bn254/fr.h"
#include "bn254/mont.h"

/* Where a window lies in k + K. */
struct digit_window {
    unsigned limb, shift;
    uint64_t mask;
    int32_t offset; /* 2^(c-1), or 0 for the last window */
};

/* K; the fifth limb is zero. */
static inline void digit_offsets(uint64_t out[5], unsigned c, unsigned n_windows)
{
    memset(out, 0, 5 * sizeof out[0]);
    for (unsigned i = 0; i + 1 < n_windows; i++) {
        unsigned bit = c * i + c - 1;

        out[bit / 64] |= (uint64_t)1 << (bit % 64);
    }
}

static inline struct digit_window digit_window(unsigned i, unsigned c, unsigned n_windows)
{
    bool last = i + 1 == n_windows;

    return (struct digit_window){.limb = c * i / 64,
                                 .shift = c * i % 64,
                                 .mask = last ? 0xffffffff : ((uint64_t)1 << c) - 1,
                                 .offset = last ? 0 : 1 << (c - 1)};
}

/* v = k + K, or r - k + K. */
static inline void digits_prepare(uint64_t v[5], const fr_bits *k, bool negate,
                                  const uint64_t offsets[5])
{
    static const uint64_t order[4] = FR_MODULUS;

    if (negate) {
        mont_sub4(v, order, k->l);
        mont_add4(v, v, offsets);
    } else {
        mont_add4(v, k->l, offsets);
    }
    v[4] = 0;
}

static inline int32_t digit_at(const struct digit_window *w, const uint64_t v[5])
{
    uint64_t bits = v[w->limb] >> w->shift | v[w->limb + 1] << 1 << (63 - w->shift);

    return (int32_t)(bits & w->mask) - w->offset;
}

#endif
