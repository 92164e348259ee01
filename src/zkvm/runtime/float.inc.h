/* float.inc.h - arithmetic of one format, included with
 *   F(name)    f32_name or f64_name       UINT, INT   the bits
 *   FRACTION   bits of the fraction       BIAS        of the exponent
 * and WIDE_PRODUCT, WIDE_QUOTIENT as below.
 *
 * Letters: a, b operands; ea, eb their exponent fields; m a significand with its leading
 * one at bit FRACTION; r a result. */

#define BITS           ((int)sizeof(UINT) * 8)
#define SIGN           ((UINT)1 << (BITS - 1))
#define UNIT           ((UINT)1 << FRACTION) /* of the exponent field; the leading one */
#define EXPONENT_MAX   (2u * BIAS + 1)
#define INFINITE       ((UINT)EXPONENT_MAX << FRACTION)
#define NOT_A_NUMBER   (INFINITE | UNIT >> 1)
#define IS_NAN(x)      ((UINT)((x) << 1) > (UINT)(INFINITE << 1))
#define IS_NEGATIVE(x) ((INT)(x) < 0)

/* A sum, where the compiler would see that it can be an `or`. */
static INLINE UINT F(plus)(UINT x, UINT y)
{
    OPAQUE(x);
    return x + y;
}

static INLINE UINT F(significand)(UINT a, UINT ea)
{
    OPAQUE(ea);
    return a - ((ea - 1) << FRACTION);
}

/* ---- rounding --------------------------------------------------------------------- */

/* r, and rest / 2^BITS of a unit more: to nearest, ties to even. */
static INLINE UINT F(nearest_of)(UINT r, UINT rest)
{
    if (rest < SIGN)
        return r;
    OPAQUE(r);
    if (RARE(rest == SIGN))
        return r + (r & 1);
    return r + 1;
}

/* m 2^(e - BIAS - 63) as a float, whatever e is; m has bit 63 set, and bit 0 also stands for
 * anything below. */
static NOINLINE UINT F(pack)(UINT sign, int e, uint64_t m)
{
    const int low = 63 - FRACTION;
    uint64_t q, rest;

    if (e >= (int)EXPONENT_MAX)
        return sign + INFINITE;
    if (e <= 0) {
        m = e < -62 ? 1 : m >> (1 - e) | ((m << (63 + e)) != 0);
        e = 1;
        q = m >> low;
    } else {
        q = m >> low;
    }
    rest = m << (64 - low);
    q += (uint64_t)(e - 1) << FRACTION;
    if (rest > HALF64 || (rest == HALF64 && (q & 1)))
        q++;
    return sign + (UINT)q;
}

/* m shifted up until it has its leading one; m is not 0. */
static INLINE UINT F(normal)(UINT m, UINT *e)
{
    UINT up = (UINT)(BITS == 64 ? __builtin_clzll(m) : __builtin_clz((uint32_t)m));

    up -= BITS - 1 - FRACTION;
    *e = 1 - up;
    return m << up;
}

/* The significand of a finite number that is not 0; *e may become negative. */
static INLINE UINT F(unpack)(UINT a, UINT *e)
{
    *e = a >> FRACTION;
    return *e ? F(significand)(a, *e) : F(normal)(a, e);
}

/* ---- sums ---------------------------------------------------------------------------- */

/* a's exponent is one of the two largest, so the sum may be infinite. */
static NOINLINE UINT F(sum_large)(UINT a, UINT b, UINT sign)
{
    UINT eb = b >> FRACTION, d = (a >> FRACTION) - eb, m, r;

    if (a > INFINITE)
        return NOT_A_NUMBER;
    if (a == INFINITE || d > FRACTION + 1)
        return sign + a;
    m = F(significand)(b, eb);
    r = a + (m >> d);
    if (r >= INFINITE)
        return sign + INFINITE;
    return F(plus)(F(nearest_of)(r, d ? m << (BITS - d) : 0), sign);
}

/* a + b with a sign, 0 <= b <= a as bits.  The sum of a and b's shifted significand is right
 * as it stands unless the fraction has carried: then the exponent is, and the
 * fraction is halved. */
static INLINE UINT F(sum)(UINT a, UINT b, UINT sign)
{
    UINT ea = a >> FRACTION, eb = b >> FRACTION, d = ea - eb, m = b, rest = 0, r, up;

    OPAQUE(ea);
    if (RARE(ea >= EXPONENT_MAX - 1))
        return F(sum_large)(a, b, sign);
    if (OFTEN(eb != 0))
        m = F(significand)(b, eb);
    else if (ea == 0 || (--d == 0 && (a + b) >> FRACTION == 1))
        return sign + a + b;
    r = a + m;
    if (d != 0) {
        if (d > FRACTION + 1)
            return sign + a;
        r = a + (m >> d);
        rest = m << (-d & (BITS - 1));
        if ((r >> FRACTION) == ea)
            return F(plus)(F(nearest_of)(r, rest), sign);
    }
    up = (ea + 1) << FRACTION;
    up = (r + up) >> 1;
    if (r & 1) {
        OPAQUE(up); /* a branch, not a choice of values made both ways */
        if (rest)
            return F(plus)(up + 1, sign);
        OPAQUE(up);
        return F(plus)(up + (up & 1), sign);
    }
    return F(plus)(up, sign);
}

/* 2^(e-1) times m as a float, exactly; m has at most FRACTION + 1 bits, and is not 0. */
static INLINE UINT F(exact)(UINT m, UINT e)
{
    UINT up = (UINT)(BITS == 64 ? __builtin_clzll(m) : __builtin_clz((uint32_t)m));

    up -= BITS - 1 - FRACTION;
    if (RARE(up >= e))
        return e ? m << (e - 1) : m;
    return (m << up) + ((e - up - 1) << FRACTION);
}

/* a is infinite or NaN. */
static NOINLINE UINT F(difference_large)(UINT a, UINT b, UINT sign)
{
    return a > INFINITE || b == INFINITE ? NOT_A_NUMBER : sign + a;
}

/* a - b with a sign, 0 <= b <= a as bits. */
static INLINE UINT F(difference)(UINT a, UINT b, UINT sign)
{
    UINT ea = a >> FRACTION, eb = b >> FRACTION, d = ea - eb, m = b, rest, r;

    OPAQUE(ea);
    if (RARE(ea == EXPONENT_MAX))
        return F(difference_large)(a, b, sign);
    if (d == 0) {
        r = a - b;
        if (r == 0)
            return 0;
        return F(plus)(F(exact)(r, ea), sign);
    }
    if (OFTEN(eb != 0))
        m = F(significand)(b, eb);
    else if (--d == 0)
        return sign + (a - b);
    if (d > FRACTION + 2)
        return sign + a;
    r = a - (m >> d);
    rest = m << (-d & (BITS - 1));
    if (rest != 0) {
        r--;
        rest = -rest;
    }
    if (OFTEN((r >> FRACTION) == ea))
        return F(plus)(F(nearest_of)(r, rest), sign);
    /* One binary place lower; after a difference of 1 perhaps many, but then exact. */
    if (d == 1)
        return F(plus)(
            F(exact)(F(plus)((r - ((ea - 1) << FRACTION)) << 1, rest >> (BITS - 1)), ea - 1), sign);
    r = F(plus)(r + r - (ea << FRACTION), rest >> (BITS - 1));
    return F(plus)(F(nearest_of)(r, rest << 1), sign);
}

UINT F(add)(UINT a, UINT b)
{
    if (!IS_NEGATIVE(a)) {
        if (!IS_NEGATIVE(b))
            return a < b ? F(sum)(b, a, 0) : F(sum)(a, b, 0);
        b -= SIGN;
        return a < b ? F(difference)(b, a, SIGN) : F(difference)(a, b, 0);
    }
    a -= SIGN;
    if (IS_NEGATIVE(b)) {
        b -= SIGN;
        return a < b ? F(sum)(b, a, SIGN) : F(sum)(a, b, SIGN);
    }
    return a < b ? F(difference)(b, a, 0) : F(difference)(a, b, SIGN);
}

/* ---- products and quotients ------------------------------------------------------------ */

/* The significand with its leading one at the top. */
static INLINE UINT F(top_aligned)(UINT a)
{
    UINT m = a << (BITS - FRACTION);

    OPAQUE(m); /* or and `or` would be used, which cost more than shifts and sums */
    m >>= 1;
    OPAQUE(m);
    return m + SIGN;
}

static NOINLINE UINT F(mul_rare)(UINT a, UINT b, UINT sign)
{
    UINT ea, eb, t;
    uint64_t m;
    int e;

    if (a < b)
        t = a, a = b, b = t;
    if (a > INFINITE)
        return NOT_A_NUMBER;
    if (b == 0)
        return a == INFINITE ? NOT_A_NUMBER : sign;
    if (a == INFINITE)
        return sign + INFINITE;
    a = F(unpack)(a, &ea) << (BITS - 1 - FRACTION);
    b = F(unpack)(b, &eb) << (BITS - 1 - FRACTION);
    m = WIDE_PRODUCT(a, b);
    if (BITS == 64 && a * b != 0)
        m |= 1;
    e = (int)(INT)(ea + eb - BIAS + 1);
    if ((int64_t)m >= 0)
        m = m << 1, e--;
    return F(pack)(sign, e, m);
}

/* Of magnitudes. */
static INLINE UINT F(product)(UINT a, UINT b, UINT sign)
{
    UINT ea = a >> FRACTION, eb = b >> FRACTION, e, r;
    uint64_t m, rest;

    if (RARE(ea - 1 >= EXPONENT_MAX - 1) || RARE(eb - 1 >= EXPONENT_MAX - 1))
        return F(mul_rare)(a, b, sign);
    e = ea + eb - (BIAS + 1);
    if (RARE(e >= EXPONENT_MAX - 2))
        return F(mul_rare)(a, b, sign);
    OPAQUE(e);
    m = WIDE_PRODUCT(F(top_aligned)(a), F(top_aligned)(b));
    e <<= FRACTION;
    if (m >> 63) {
        r = (UINT)(m >> (63 - FRACTION)) + e + UNIT;
        rest = m << (FRACTION + 1);
    } else {
        r = (UINT)(m >> (62 - FRACTION)) + e;
        rest = m << (FRACTION + 2);
    }
    if (rest < HALF64)
        return F(plus)(r, sign);
    if (RARE(rest == HALF64) && (BITS == 32 || F(top_aligned)(a) * F(top_aligned)(b) == 0))
        return F(plus)(r + (r & 1), sign);
    return F(plus)(r + 1, sign);
}

UINT F(mul)(UINT a, UINT b)
{
    if (IS_NEGATIVE(a)) {
        a -= SIGN;
        if (IS_NEGATIVE(b))
            return F(product)(a, b - SIGN, 0);
        return F(product)(a, b, SIGN);
    }
    if (IS_NEGATIVE(b))
        return F(product)(a, b - SIGN, SIGN);
    return F(product)(a, b, 0);
}

static NOINLINE UINT F(div_rare)(UINT a, UINT b, UINT sign)
{
    UINT ea, eb, q;
    uint64_t m;
    int e;

    if (a > INFINITE || b > INFINITE)
        return NOT_A_NUMBER;
    if (a == INFINITE || b == 0)
        return a == b ? NOT_A_NUMBER : sign + INFINITE;
    if (b == INFINITE || a == 0)
        return sign;
    a = F(unpack)(a, &ea);
    b = F(unpack)(b, &eb);
    q = WIDE_QUOTIENT(a, b);
    m = (uint64_t)q << (61 - FRACTION);
    if (q * b != (UINT)(a << (FRACTION + 2)))
        m |= 1;
    e = (int)(INT)(ea - eb + BIAS);
    if ((int64_t)m >= 0)
        m = m << 1, e--;
    return F(pack)(sign, e, m);
}

/* The quotient of two significands is never half way between two others, and one bit
 * more than the result's decides. */
static INLINE UINT F(quotient)(UINT a, UINT b, UINT sign)
{
    UINT ea = a >> FRACTION, eb = b >> FRACTION, e, q;

    if (RARE(ea - 1 >= EXPONENT_MAX - 1) || RARE(eb - 1 >= EXPONENT_MAX - 1))
        return F(div_rare)(a, b, sign);
    e = ea - eb + (BIAS - 2);
    if (RARE(e >= EXPONENT_MAX - 2))
        return F(div_rare)(a, b, sign);
    OPAQUE(e);
    q = WIDE_QUOTIENT(F(significand)(a, ea), F(significand)(b, eb));
    e <<= FRACTION;
    if (q >> (FRACTION + 2))
        return sign + ((q + 2) >> 2) + e + UNIT;
    return sign + ((q + 1) >> 1) + e;
}

UINT F(div)(UINT a, UINT b)
{
    if (IS_NEGATIVE(a)) {
        a -= SIGN;
        if (IS_NEGATIVE(b))
            return F(quotient)(a, b - SIGN, 0);
        return F(quotient)(a, b, SIGN);
    }
    if (IS_NEGATIVE(b))
        return F(quotient)(a, b - SIGN, SIGN);
    return F(quotient)(a, b, 0);
}

/* Nor is a root ever half way.  m is in [2^62, 2^64), its root times 2^31 in [2^62, 2^63). */
static INLINE UINT F(root)(UINT m, UINT ea)
{
    UINT e = ea + BIAS, half = e >> 1;
    uint64_t x = (uint64_t)m << (63 - FRACTION);

    if (!(e & 1))
        x >>= 1;
    x = sqrt_wide(x) + ((uint64_t)1 << (61 - FRACTION));
    OPAQUE(half);
    return (UINT)(x >> (62 - FRACTION)) + ((half - 1) << FRACTION);
}

static NOINLINE UINT F(sqrt_rare)(UINT a)
{
    UINT ea, m;

    if ((UINT)(a << 1) == 0 || a == INFINITE)
        return a;
    if (a > INFINITE)
        return NOT_A_NUMBER;
    m = F(normal)(a, &ea);
    return F(root)(m, ea);
}

UINT F(sqrt)(UINT a)
{
    UINT ea = a >> FRACTION;

    if (RARE(ea - 1 >= EXPONENT_MAX - 1)) /* negative ones too */
        return F(sqrt_rare)(a);
    return F(root)(F(significand)(a, ea), ea);
}

/* ---- order --------------------------------------------------------------------------- */

uint32_t F(eq)(UINT a, UINT b)
{
    if (a == b)
        return !IS_NAN(a);
    return (UINT)(a << 1) == 0 && (UINT)(b << 1) == 0;
}

/* Each condition is a branch: both sides made and joined would cost more. */
uint32_t F(lt)(UINT a, UINT b)
{
    if (!IS_NEGATIVE(a)) {
        if (IS_NEGATIVE(b) || a >= b)
            return 0;
        OPAQUE(b);
        return b <= INFINITE;
    }
    if (!IS_NEGATIVE(b)) {
        if (RARE(b > INFINITE))
            return 0;
        OPAQUE(b);
        if (RARE(b == 0) && a == SIGN)
            return 0;
        return a <= SIGN + INFINITE;
    }
    if (a <= b)
        return 0;
    OPAQUE(a);
    return a <= SIGN + INFINITE;
}

uint32_t F(le)(UINT a, UINT b)
{
    if (!IS_NEGATIVE(a)) {
        if (IS_NEGATIVE(b))
            return b == SIGN ? a == 0 : 0;
        if (a > b)
            return 0;
        OPAQUE(b);
        return b <= INFINITE;
    }
    if (!IS_NEGATIVE(b)) {
        if (RARE(b > INFINITE))
            return 0;
        OPAQUE(a);
        return a <= SIGN + INFINITE;
    }
    if (a < b)
        return 0;
    OPAQUE(a);
    return a <= SIGN + INFINITE;
}

/* As bits, negative numbers come after the others and in reverse. */
UINT F(min)(UINT a, UINT b)
{
    if (!IS_NEGATIVE(a)) {
        if (!IS_NEGATIVE(b)) {
            if (a < b)
                return b > INFINITE ? NOT_A_NUMBER : a;
            return a > INFINITE ? NOT_A_NUMBER : b;
        }
        return a > INFINITE || b > SIGN + INFINITE ? NOT_A_NUMBER : b;
    }
    if (a > b)
        return a > SIGN + INFINITE || (!IS_NEGATIVE(b) && b > INFINITE) ? NOT_A_NUMBER : a;
    return b > SIGN + INFINITE ? NOT_A_NUMBER : b;
}

UINT F(max)(UINT a, UINT b)
{
    if (!IS_NEGATIVE(a)) {
        if (!IS_NEGATIVE(b)) {
            if (a > b)
                return a > INFINITE ? NOT_A_NUMBER : a;
            return b > INFINITE ? NOT_A_NUMBER : b;
        }
        return a > INFINITE || b > SIGN + INFINITE ? NOT_A_NUMBER : a;
    }
    if (a < b)
        return b > SIGN + INFINITE ? NOT_A_NUMBER : a;
    return a > SIGN + INFINITE || (!IS_NEGATIVE(b) && b > INFINITE) ? NOT_A_NUMBER : b;
}

/* ---- to an integral value ------------------------------------------------------------- */

/* A magnitude below 1. */
static NOINLINE UINT F(of_small)(UINT a, UINT sign, bool goes_up)
{
    if (a == 0)
        return sign;
    return sign + (goes_up ? (UINT)BIAS << FRACTION : 0);
}

/* Of a magnitude; goes_up: away from zero unless integral. */
static INLINE UINT F(integral)(UINT a, UINT sign, bool goes_up)
{
    UINT ea = a >> FRACTION, k = BIAS + FRACTION - ea, r;

    OPAQUE(ea);
    if (ea < BIAS)
        return F(of_small)(a, sign, goes_up);
    if (RARE(ea >= BIAS + FRACTION))
        return a > INFINITE ? NOT_A_NUMBER : sign + a;
    OPAQUE(k);
    r = a >> k << k;
    if (goes_up && r != a)
        r += (UINT)1 << k;
    return F(plus)(r, sign);
}

UINT F(floor)(UINT a)
{
    return IS_NEGATIVE(a) ? F(integral)(a - SIGN, SIGN, true) : F(integral)(a, 0, false);
}

UINT F(ceil)(UINT a)
{
    return IS_NEGATIVE(a) ? F(integral)(a - SIGN, SIGN, false) : F(integral)(a, 0, true);
}

UINT F(trunc)(UINT a)
{
    return IS_NEGATIVE(a) ? F(integral)(a - SIGN, SIGN, false) : F(integral)(a, 0, false);
}

static INLINE UINT F(nearest_integral)(UINT a, UINT sign)
{
    UINT ea = a >> FRACTION, k = BIAS + FRACTION - ea, r, rest;

    OPAQUE(ea);
    if (ea < BIAS) /* above one half it is 1 */
        return F(of_small)(a, sign, a > (UINT)(BIAS - 1) << FRACTION);
    if (RARE(ea >= BIAS + FRACTION))
        return a > INFINITE ? NOT_A_NUMBER : sign + a;
    OPAQUE(k);
    r = a >> k;
    rest = a << (-k & (BITS - 1));
    /* The lowest bit of r may be that of the exponent: at 1.5 it is odd, as it should be,
     * since BIAS is. */
    return sign + (F(nearest_of)(r, rest) << k);
}

UINT F(nearest)(UINT a)
{
    return IS_NEGATIVE(a) ? F(nearest_integral)(a - SIGN, SIGN) : F(nearest_integral)(a, 0);
}
