/* wnaf.h - signed digits of a scalar for variable-time multiplication. */
#ifndef BN254_WNAF_H
#define BN254_WNAF_H

#include <stdint.h>

#include "bn254/mont.h"

/* Width-5 non-adjacent form of k < 2^255: odd digits in [-15, 15], at least four zeros
 * between two of them, least significant first.  Returns how many. */
static inline int scalar_wnaf(int8_t digit[257], const uint64_t k[4])
{
    uint64_t v[4] = {k[0], k[1], k[2], k[3]}, d[4] = {0, 0, 0, 0};
    int n = 0;

    while (v[0] | v[1] | v[2] | v[3]) {
        int w = v[0] & 1 ? (int)(v[0] & 31) : 0;

        if (w > 15) {
            d[0] = (uint64_t)(32 - w);
            mont_add4(v, v, d);
            w -= 32;
        } else {
            d[0] = (uint64_t)w;
            mont_sub4(v, v, d);
        }
        digit[n++] = (int8_t)w;
        v[0] = v[0] >> 1 | v[1] << 63;
        v[1] = v[1] >> 1 | v[2] << 63;
        v[2] = v[2] >> 1 | v[3] << 63;
        v[3] >>= 1;
    }
    return n;
}

#endif
