/* float_convert.inc.h - between integers and one format, included behind float.inc.h with
 *   I(name)    of an integer, e.g. trunc: i32_trunc_f64_s is I32(trunc_, _s)
 *
 * A float is turned into an integer as magnitude: the significand at the top of 64
 * bits, moved down. */

/* |a| below 2^64, at least 1, without its fraction. */
static INLINE uint64_t F(magnitude)(UINT a, UINT ea)
{
    uint64_t m = (uint64_t)F(top_aligned)(a) << (64 - BITS);

    return m >> (BIAS + 63 - ea);
}

static NOINLINE _Noreturn void F(no_integer)(UINT a)
{
    if (IS_NAN(a))
        trap_conversion();
    trap_overflow();
}

/* The exponent fields of 2^31, 2^32, ... are BIAS + 31, ...  The smallest signed number has the
 * next one up, and there no fraction may be left but one that is cut off. */
static INLINE uint64_t F(to_signed)(UINT a, unsigned width)
{
    UINT magnitude = IS_NEGATIVE(a) ? a - SIGN : a, ea = magnitude >> FRACTION;
    uint64_t m;

    OPAQUE(ea);
    if (ea < BIAS)
        return 0;
    if (RARE(ea >= BIAS + width - 1)) {
        if (!IS_NEGATIVE(a) || ea > BIAS + width - 1 ||
            F(magnitude)(magnitude, ea) != (uint64_t)1 << (width - 1))
            F(no_integer)(a);
        return (uint64_t)1 << (width - 1);
    }
    m = F(magnitude)(magnitude, ea);
    return IS_NEGATIVE(a) ? -m : m;
}

static INLINE uint64_t F(to_unsigned)(UINT a, unsigned width)
{
    UINT ea = a >> FRACTION;

    OPAQUE(ea);
    if (RARE(ea >= BIAS + width)) { /* negative ones too */
        if (!IS_NEGATIVE(a) || a >= SIGN + ((UINT)BIAS << FRACTION))
            F(no_integer)(a);
        return 0;
    }
    return ea < BIAS ? 0 : F(magnitude)(a, ea);
}

static INLINE uint64_t F(to_signed_sat)(UINT a, unsigned width)
{
    UINT magnitude = IS_NEGATIVE(a) ? a - SIGN : a, ea = magnitude >> FRACTION;
    uint64_t m, top = (uint64_t)1 << (width - 1);

    OPAQUE(ea);
    if (ea < BIAS)
        return 0;
    if (RARE(ea >= BIAS + width - 1)) {
        if (IS_NAN(a))
            return 0;
        return IS_NEGATIVE(a) ? top : top - 1;
    }
    m = F(magnitude)(magnitude, ea);
    return IS_NEGATIVE(a) ? -m : m;
}

static INLINE uint64_t F(to_unsigned_sat)(UINT a, unsigned width)
{
    UINT ea = a >> FRACTION;

    OPAQUE(ea);
    if (RARE(ea >= BIAS + width))
        return IS_NEGATIVE(a) || IS_NAN(a) ? 0 : UINT64_MAX >> (64 - width);
    return ea < BIAS ? 0 : F(magnitude)(a, ea);
}

uint32_t I32(trunc, s)(UINT a)
{
    return (uint32_t)F(to_signed)(a, 32);
}

uint32_t I32(trunc, u)(UINT a)
{
    return (uint32_t)F(to_unsigned)(a, 32);
}

uint64_t I64(trunc, s)(UINT a)
{
    return F(to_signed)(a, 64);
}

uint64_t I64(trunc, u)(UINT a)
{
    return F(to_unsigned)(a, 64);
}

uint32_t I32(trunc_sat, s)(UINT a)
{
    return (uint32_t)F(to_signed_sat)(a, 32);
}

uint32_t I32(trunc_sat, u)(UINT a)
{
    return (uint32_t)F(to_unsigned_sat)(a, 32);
}

uint64_t I64(trunc_sat, s)(UINT a)
{
    return F(to_signed_sat)(a, 64);
}

uint64_t I64(trunc_sat, u)(UINT a)
{
    return F(to_unsigned_sat)(a, 64);
}

/* ---- from integers ---------------------------------------------------------------------- */

/* A magnitude that is not 0, rounded. */
static INLINE UINT F(of_magnitude)(uint64_t v, UINT sign)
{
    UINT up = (UINT)__builtin_clzll(v), e, r;
    uint64_t m = v << up, rest = m << (FRACTION + 1);

    e = (BIAS + 62 - up) << FRACTION;
    r = (UINT)(m >> (63 - FRACTION)) + e;
    if (rest < HALF64)
        return sign + r;
    if (RARE(rest == HALF64))
        return sign + r + (r & 1);
    return sign + r + 1;
}

/* The same, of at most FRACTION + 1 bits. */
static INLINE UINT F(of_exact)(uint64_t v, UINT sign)
{
    UINT up = (UINT)__builtin_clzll(v);

    return sign + (UINT)(v << (up - (63 - FRACTION))) + ((BIAS + 62 - up) << FRACTION);
}

UINT F(convert_i32_s)(uint32_t v)
{
    if (v == 0)
        return 0;
    if ((int32_t)v < 0)
        return CONVERT_32(-v, SIGN);
    return CONVERT_32(v, 0);
}

UINT F(convert_i32_u)(uint32_t v)
{
    return v == 0 ? 0 : CONVERT_32(v, 0);
}

UINT F(convert_i64_s)(uint64_t v)
{
    if (v == 0)
        return 0;
    if ((int64_t)v < 0)
        return F(of_magnitude)(-v, SIGN);
    return F(of_magnitude)(v, 0);
}

UINT F(convert_i64_u)(uint64_t v)
{
    return v == 0 ? 0 : F(of_magnitude)(v, 0);
}
