/* Between f32 and f64. */
#include "zkvm/runtime/float.h"

#define SIGN32     ((uint32_t)1 << 31)
#define INFINITE32 ((uint32_t)255 << 23)
#define SIGN64     ((uint64_t)1 << 63)
#define INFINITE64 ((uint64_t)2047 << 52)
#define BIASES     (1023 - 127)

/* Too large or too small for a normal f32, or no number. */
static NOINLINE uint32_t demote_rare(uint64_t a, uint32_t sign)
{
    uint32_t e = (uint32_t)(a >> 52), d, q;
    uint64_t m, rest;

    if (a > INFINITE64)
        return INFINITE32 | 1u << 22;
    if (e >= BIASES + 255)
        return sign + INFINITE32;
    d = BIASES + 1 + 29 - e; /* what the significand loses */
    if (d > 54)
        return sign;
    m = (a & (((uint64_t)1 << 52) - 1)) + ((uint64_t)1 << 52);
    q = (uint32_t)(m >> d);
    rest = m << (64 - d);
    if (rest > HALF64 || (rest == HALF64 && (q & 1)))
        q++;
    return sign + q;
}

static INLINE uint32_t demote(uint64_t a, uint32_t sign)
{
    uint64_t rest = a << (64 - 29);
    uint32_t r;

    if (RARE(a < (uint64_t)(BIASES + 1) << 52 || a >= (uint64_t)(BIASES + 255) << 52))
        return demote_rare(a, sign);
    r = (uint32_t)(a >> 29) - ((uint32_t)BIASES << 23);
    if (rest < HALF64)
        return sign + r;
    if (RARE(rest == HALF64))
        return sign + r + (r & 1);
    return sign + r + 1;
}

uint32_t f32_demote_f64(uint64_t a)
{
    return (int64_t)a < 0 ? demote(a - SIGN64, SIGN32) : demote(a, 0);
}

static NOINLINE uint64_t promote_rare(uint32_t a, uint64_t sign)
{
    uint32_t up;

    if (a == 0)
        return sign;
    if (a >= INFINITE32)
        return a > INFINITE32 ? INFINITE64 | (uint64_t)1 << 51 : sign + INFINITE64;
    up = (uint32_t)__builtin_clz(a) - 8;
    return sign + ((uint64_t)a << (29 + up)) + ((uint64_t)(BIASES - up) << 52);
}

static INLINE uint64_t promote(uint32_t a, uint64_t sign)
{
    if (RARE(a < (uint32_t)1 << 23 || a >= INFINITE32))
        return promote_rare(a, sign);
    return sign + ((uint64_t)a << 29) + ((uint64_t)BIASES << 52);
}

uint64_t f64_promote_f32(uint32_t a)
{
    return (int32_t)a < 0 ? promote(a - SIGN32, SIGN64) : promote(a, 0);
}
