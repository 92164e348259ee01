/* numeric.h - the numeric instructions whose C operators do not say it all.
 *
 * Floats are IEEE 754 with round to nearest; a NaN result is always the canonical
 * one (positive, quiet, no payload), as WebAssembly permits and a network that compares
 * outputs needs.  Source: WebAssembly Core Specification 2.0, section 4.3. */
#ifndef WASM_NUMERIC_H
#define WASM_NUMERIC_H

#include <math.h>
#include <stdint.h>

#include "wasm/trap.h"

static inline float f32_of_bits(uint32_t bits)
{
    float v;

    __builtin_memcpy(&v, &bits, 4);
    return v;
}

static inline uint32_t f32_bits(float v)
{
    uint32_t bits;

    __builtin_memcpy(&bits, &v, 4);
    return bits;
}

static inline double f64_of_bits(uint64_t bits)
{
    double v;

    __builtin_memcpy(&v, &bits, 8);
    return v;
}

static inline uint64_t f64_bits(double v)
{
    uint64_t bits;

    __builtin_memcpy(&bits, &v, 8);
    return bits;
}

/* The empty asm keeps the rare case a branch: gcc would make it a conditional move through
 * integer registers, some six cycles on every float instruction. */
static inline float f32_canon(float v)
{
    if (__builtin_expect(v != v, 0)) {
        __asm__ volatile("");
        v = f32_of_bits(0x7fc00000u);
    }
    return v;
}

static inline double f64_canon(double v)
{
    if (__builtin_expect(v != v, 0)) {
        __asm__ volatile("");
        v = f64_of_bits(0x7ff8000000000000u);
    }
    return v;
}

/* Equal operands are zeros of any sign or the same number: the signs decide. */
static inline float f32_min(float a, float b)
{
    if (a < b)
        return a;
    if (b < a)
        return b;
    return a == b ? f32_of_bits(f32_bits(a) | f32_bits(b)) : f32_canon(a + b);
}

static inline float f32_max(float a, float b)
{
    if (a > b)
        return a;
    if (b > a)
        return b;
    return a == b ? f32_of_bits(f32_bits(a) & f32_bits(b)) : f32_canon(a + b);
}

static inline double f64_min(double a, double b)
{
    if (a < b)
        return a;
    if (b < a)
        return b;
    return a == b ? f64_of_bits(f64_bits(a) | f64_bits(b)) : f64_canon(a + b);
}

static inline double f64_max(double a, double b)
{
    if (a > b)
        return a;
    if (b > a)
        return b;
    return a == b ? f64_of_bits(f64_bits(a) & f64_bits(b)) : f64_canon(a + b);
}

/* abs, neg and copysign touch only the sign bit, of NaNs too. */
static inline float f32_with_sign(float v, uint32_t sign)
{
    return f32_of_bits((f32_bits(v) & 0x7fffffffu) | sign);
}

static inline double f64_with_sign(double v, uint64_t sign)
{
    return f64_of_bits((f64_bits(v) & 0x7fffffffffffffffu) | sign);
}

static inline uint32_t i32_rotl(uint32_t v, uint32_t n)
{
    return v << (n & 31) | v >> (-n & 31);
}

static inline uint32_t i32_rotr(uint32_t v, uint32_t n)
{
    return v >> (n & 31) | v << (-n & 31);
}

static inline uint64_t i64_rotl(uint64_t v, uint64_t n)
{
    return v << (n & 63) | v >> (-n & 63);
}

static inline uint64_t i64_rotr(uint64_t v, uint64_t n)
{
    return v >> (n & 63) | v << (-n & 63);
}

/* Why a float has no integer part in (low, high), both exclusive; NaN compares false. */
static inline enum trap trunc_trap(double v, double low, double high)
{
    if (v > low && v < high)
        return TRAP_NONE;
    return v != v ? TRAP_INVALID_CONVERSION : TRAP_INTEGER_OVERFLOW;
}

/* The open intervals whose members truncate into each type.  The neighbours of the
 * bounds of the 64-bit ones are not doubles, so the next double below stands in. */
#define TRUNC_I32_LOW  (-2147483649.0)
#define TRUNC_I32_HIGH 2147483648.0
#define TRUNC_U32_LOW  (-1.0)
#define TRUNC_U32_HIGH 4294967296.0
#define TRUNC_I64_LOW  (-9223372036854777856.0)
#define TRUNC_I64_HIGH 9223372036854775808.0
#define TRUNC_U64_LOW  (-1.0)
#define TRUNC_U64_HIGH 18446744073709551616.0

#define NUMERIC_SAT(name, type, low, high, min, max)                                               \
    static inline type name(double v)                                                              \
    {                                                                                              \
        if (v != v)                                                                                \
            return 0;                                                                              \
        if (v <= low)                                                                              \
            return min;                                                                            \
        return v >= high ? max : (type)v;                                                          \
    }

NUMERIC_SAT(sat_i32, int32_t, TRUNC_I32_LOW, TRUNC_I32_HIGH, INT32_MIN, INT32_MAX)
NUMERIC_SAT(sat_u32, uint32_t, TRUNC_U32_LOW, TRUNC_U32_HIGH, 0, UINT32_MAX)
NUMERIC_SAT(sat_i64, int64_t, TRUNC_I64_LOW, TRUNC_I64_HIGH, INT64_MIN, INT64_MAX)
NUMERIC_SAT(sat_u64, uint64_t, TRUNC_U64_LOW, TRUNC_U64_HIGH, 0, UINT64_MAX)
#undef NUMERIC_SAT

#endif
