/* plain_numeric.c - every numeric instruction as one line of C (specification, section 4.3). */
#include <math.h>
#include <string.h>

#include "plain.h"
#include "wasm/opcode.h"

static float f32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float f;

    memcpy(&f, &low, sizeof f);
    return f;
}

static double f64(uint64_t bits)
{
    double f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Arithmetic that gives a NaN gives the canonical one. */
static uint64_t of_f32(float f)
{
    uint32_t bits;

    if (isnan(f))
        return 0x7fc00000;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static uint64_t of_f64(double f)
{
    uint64_t bits;

    if (isnan(f))
        return UINT64_C(0x7ff8000000000000);
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static double fmin_wasm(double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    if (a == 0 && b == 0)
        return signbit(a) ? a : b;
    return a < b ? a : b;
}

static double fmax_wasm(double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    if (a == 0 && b == 0)
        return signbit(a) ? b : a;
    return a > b ? a : b;
}

/* Ties to even whatever the rounding mode: the magnitudes around 2^52 are already whole. */
static double nearest(double x)
{
    double whole = floor(x), rest = x - whole;

    if (!isfinite(x) || x == 0)
        return x;
    if (rest > 0.5 || (rest == 0.5 && fmod(whole, 2) != 0))
        whole += 1;
    return copysign(whole, x);
}

static unsigned clz(uint64_t v, unsigned bits)
{
    unsigned n = 0;

    while (n < bits && !(v >> (bits - 1 - n) & 1))
        n++;
    return n;
}

static unsigned ctz(uint64_t v, unsigned bits)
{
    unsigned n = 0;

    while (n < bits && !(v >> n & 1))
        n++;
    return n;
}

static unsigned popcnt(uint64_t v)
{
    unsigned n = 0;

    for (; v; v >>= 1)
        n += v & 1;
    return n;
}

static uint32_t rotl32(uint32_t v, uint32_t k)
{
    k &= 31;
    return k ? v << k | v >> (32 - k) : v;
}

static uint64_t rotl64(uint64_t v, uint64_t k)
{
    k &= 63;
    return k ? v << k | v >> (64 - k) : v;
}

/* x truncated into [low, high]; NaN and what lies outside trap, or saturate.  The bounds are
 * powers of two or zero, exact as doubles: low - 1 and high + 1 are excluded. */
struct range {
    double below, above; /* the first values that do not fit after truncation */
    uint64_t min, max;
};

static enum trap trunc_to(double x, const struct range *r, bool is_signed, uint64_t mask,
                          bool saturate, uint64_t *out)
{
    if (isnan(x)) {
        *out = 0;
        return saturate ? TRAP_NONE : TRAP_INVALID_CONVERSION;
    }
    x = trunc(x);
    if (x <= r->below || x >= r->above) {
        *out = x <= r->below ? r->min : r->max;
        return saturate ? TRAP_NONE : TRAP_INTEGER_OVERFLOW;
    }
    *out = (is_signed ? (uint64_t)(int64_t)x : (uint64_t)x) & mask;
    return TRAP_NONE;
}

static enum trap trunc_s32(double x, bool saturate, uint64_t *out)
{
    static const struct range r = {-2147483649.0, 2147483648.0, 0x80000000, 0x7fffffff};

    return trunc_to(x, &r, true, 0xffffffff, saturate, out);
}

static enum trap trunc_u32(double x, bool saturate, uint64_t *out)
{
    static const struct range r = {-1.0, 4294967296.0, 0, 0xffffffff};

    return trunc_to(x, &r, false, 0xffffffff, saturate, out);
}

static enum trap trunc_s64(double x, bool saturate, uint64_t *out)
{
    /* The double below -2^63. */
    static const struct range r = {-9223372036854777856.0, 9223372036854775808.0, UINT64_C(1) << 63,
                                   INT64_MAX};

    return trunc_to(x, &r, true, UINT64_MAX, saturate, out);
}

static enum trap trunc_u64(double x, bool saturate, uint64_t *out)
{
    static const struct range r = {-1.0, 18446744073709551616.0, 0, UINT64_MAX};

    return trunc_to(x, &r, false, UINT64_MAX, saturate, out);
}

static enum trap divide(uint16_t op, uint64_t a, uint64_t b, uint64_t *out)
{
    int32_t sa = (int32_t)(uint32_t)a, sb = (int32_t)(uint32_t)b;
    int64_t la = (int64_t)a, lb = (int64_t)b;

    if (b == 0)
        return TRAP_INTEGER_DIVIDE_BY_ZERO;
    switch (op) {
    case OP_I32_DIV_S:
        if (sa == INT32_MIN && sb == -1)
            return TRAP_INTEGER_OVERFLOW;
        *out = (uint32_t)(sa / sb);
        break;
    case OP_I64_DIV_S:
        if (la == INT64_MIN && lb == -1)
            return TRAP_INTEGER_OVERFLOW;
        *out = (uint64_t)(la / lb);
        break;
    case OP_I32_REM_S: *out = sb == -1 ? 0 : (uint32_t)(sa % sb); break;
    case OP_I64_REM_S: *out = lb == -1 ? 0 : (uint64_t)(la % lb); break;
    case OP_I32_DIV_U:
    case OP_I64_DIV_U: *out = a / b; break;
    default: *out = a % b; break;
    }
    return TRAP_NONE;
}

static uint64_t i32_op(uint16_t op, uint32_t a, uint32_t b)
{
    int32_t sa = (int32_t)a, sb = (int32_t)b;

    switch (op) {
    case OP_I32_EQZ: return a == 0;
    case OP_I32_EQ: return a == b;
    case OP_I32_NE: return a != b;
    case OP_I32_LT_S: return sa < sb;
    case OP_I32_LT_U: return a < b;
    case OP_I32_GT_S: return sa > sb;
    case OP_I32_GT_U: return a > b;
    case OP_I32_LE_S: return sa <= sb;
    case OP_I32_LE_U: return a <= b;
    case OP_I32_GE_S: return sa >= sb;
    case OP_I32_GE_U: return a >= b;
    case OP_I32_CLZ: return clz(a, 32);
    case OP_I32_CTZ: return ctz(a, 32);
    case OP_I32_POPCNT: return popcnt(a);
    case OP_I32_ADD: return a + b;
    case OP_I32_SUB: return a - b;
    case OP_I32_MUL: return a * b;
    case OP_I32_AND: return a & b;
    case OP_I32_OR: return a | b;
    case OP_I32_XOR: return a ^ b;
    case OP_I32_SHL: return a << (b & 31);
    case OP_I32_SHR_S: return (uint32_t)(sa >> (b & 31));
    case OP_I32_SHR_U: return a >> (b & 31);
    case OP_I32_ROTL: return rotl32(a, b);
    case OP_I32_ROTR: return rotl32(a, 32 - (b & 31));
    case OP_I32_EXTEND8_S: return (uint32_t)(int8_t)a;
    default: return (uint32_t)(int16_t)a; /* i32.extend16_s */
    }
}

static uint64_t i64_op(uint16_t op, uint64_t a, uint64_t b)
{
    int64_t sa = (int64_t)a, sb = (int64_t)b;

    switch (op) {
    case OP_I64_EQZ: return a == 0;
    case OP_I64_EQ: return a == b;
    case OP_I64_NE: return a != b;
    case OP_I64_LT_S: return sa < sb;
    case OP_I64_LT_U: return a < b;
    case OP_I64_GT_S: return sa > sb;
    case OP_I64_GT_U: return a > b;
    case OP_I64_LE_S: return sa <= sb;
    case OP_I64_LE_U: return a <= b;
    case OP_I64_GE_S: return sa >= sb;
    case OP_I64_GE_U: return a >= b;
    case OP_I64_CLZ: return clz(a, 64);
    case OP_I64_CTZ: return ctz(a, 64);
    case OP_I64_POPCNT: return popcnt(a);
    case OP_I64_ADD: return a + b;
    case OP_I64_SUB: return a - b;
    case OP_I64_MUL: return a * b;
    case OP_I64_AND: return a & b;
    case OP_I64_OR: return a | b;
    case OP_I64_XOR: return a ^ b;
    case OP_I64_SHL: return a << (b & 63);
    case OP_I64_SHR_S: return (uint64_t)(sa >> (b & 63));
    case OP_I64_SHR_U: return a >> (b & 63);
    case OP_I64_ROTL: return rotl64(a, b);
    case OP_I64_ROTR: return rotl64(a, 64 - (b & 63));
    case OP_I64_EXTEND8_S: return (uint64_t)(int8_t)a;
    case OP_I64_EXTEND16_S: return (uint64_t)(int16_t)a;
    default: return (uint64_t)(int32_t)a; /* i64.extend32_s */
    }
}

static uint64_t f32_op(uint16_t op, uint64_t a_bits, uint64_t b_bits)
{
    float a = f32(a_bits), b = f32(b_bits);

    switch (op) {
    case OP_F32_EQ: return a == b;
    case OP_F32_NE: return a != b;
    case OP_F32_LT: return a < b;
    case OP_F32_GT: return a > b;
    case OP_F32_LE: return a <= b;
    case OP_F32_GE: return a >= b;
    case OP_F32_ABS: return a_bits & 0x7fffffff;
    case OP_F32_NEG: return a_bits ^ 0x80000000;
    case OP_F32_COPYSIGN: return (a_bits & 0x7fffffff) | (b_bits & 0x80000000);
    case OP_F32_CEIL: return of_f32(ceilf(a));
    case OP_F32_FLOOR: return of_f32(floorf(a));
    case OP_F32_TRUNC: return of_f32(truncf(a));
    case OP_F32_NEAREST: return of_f32((float)nearest(a));
    case OP_F32_SQRT: return of_f32(sqrtf(a));
    case OP_F32_ADD: return of_f32(a + b);
    case OP_F32_SUB: return of_f32(a - b);
    case OP_F32_MUL: return of_f32(a * b);
    case OP_F32_DIV: return of_f32(a / b);
    case OP_F32_MIN: return of_f32((float)fmin_wasm(a, b));
    default: return of_f32((float)fmax_wasm(a, b));
    }
}

static uint64_t f64_op(uint16_t op, uint64_t a_bits, uint64_t b_bits)
{
    const uint64_t sign = UINT64_C(1) << 63;
    double a = f64(a_bits), b = f64(b_bits);

    switch (op) {
    case OP_F64_EQ: return a == b;
    case OP_F64_NE: return a != b;
    case OP_F64_LT: return a < b;
    case OP_F64_GT: return a > b;
    case OP_F64_LE: return a <= b;
    case OP_F64_GE: return a >= b;
    case OP_F64_ABS: return a_bits & ~sign;
    case OP_F64_NEG: return a_bits ^ sign;
    case OP_F64_COPYSIGN: return (a_bits & ~sign) | (b_bits & sign);
    case OP_F64_CEIL: return of_f64(ceil(a));
    case OP_F64_FLOOR: return of_f64(floor(a));
    case OP_F64_TRUNC: return of_f64(trunc(a));
    case OP_F64_NEAREST: return of_f64(nearest(a));
    case OP_F64_SQRT: return of_f64(sqrt(a));
    case OP_F64_ADD: return of_f64(a + b);
    case OP_F64_SUB: return of_f64(a - b);
    case OP_F64_MUL: return of_f64(a * b);
    case OP_F64_DIV: return of_f64(a / b);
    case OP_F64_MIN: return of_f64(fmin_wasm(a, b));
    default: return of_f64(fmax_wasm(a, b));
    }
}

static enum trap truncate(uint16_t op, uint64_t a, uint64_t *out)
{
    switch (op) {
    case OP_I32_TRUNC_F32_S: return trunc_s32(f32(a), false, out);
    case OP_I32_TRUNC_F32_U: return trunc_u32(f32(a), false, out);
    case OP_I32_TRUNC_F64_S: return trunc_s32(f64(a), false, out);
    case OP_I32_TRUNC_F64_U: return trunc_u32(f64(a), false, out);
    case OP_I64_TRUNC_F32_S: return trunc_s64(f32(a), false, out);
    case OP_I64_TRUNC_F32_U: return trunc_u64(f32(a), false, out);
    case OP_I64_TRUNC_F64_S: return trunc_s64(f64(a), false, out);
    case OP_I64_TRUNC_F64_U: return trunc_u64(f64(a), false, out);
    case OP_I32_TRUNC_SAT_F32_S: return trunc_s32(f32(a), true, out);
    case OP_I32_TRUNC_SAT_F32_U: return trunc_u32(f32(a), true, out);
    case OP_I32_TRUNC_SAT_F64_S: return trunc_s32(f64(a), true, out);
    case OP_I32_TRUNC_SAT_F64_U: return trunc_u32(f64(a), true, out);
    case OP_I64_TRUNC_SAT_F32_S: return trunc_s64(f32(a), true, out);
    case OP_I64_TRUNC_SAT_F32_U: return trunc_u64(f32(a), true, out);
    case OP_I64_TRUNC_SAT_F64_S: return trunc_s64(f64(a), true, out);
    default: return trunc_u64(f64(a), true, out);
    }
}

static uint64_t convert(uint16_t op, uint64_t a)
{
    switch (op) {
    case OP_I32_WRAP_I64: return (uint32_t)a;
    case OP_I64_EXTEND_I32_S: return (uint64_t)(int32_t)(uint32_t)a;
    case OP_F32_CONVERT_I32_S: return of_f32((float)(int32_t)(uint32_t)a);
    case OP_F32_CONVERT_I32_U: return of_f32((float)(uint32_t)a);
    case OP_F32_CONVERT_I64_S: return of_f32((float)(int64_t)a);
    case OP_F32_CONVERT_I64_U: return of_f32((float)a);
    case OP_F32_DEMOTE_F64: return of_f32((float)f64(a));
    case OP_F64_CONVERT_I32_S: return of_f64((int32_t)(uint32_t)a);
    case OP_F64_CONVERT_I32_U: return of_f64((uint32_t)a);
    case OP_F64_CONVERT_I64_S: return of_f64((double)(int64_t)a);
    case OP_F64_CONVERT_I64_U: return of_f64((double)a);
    case OP_F64_PROMOTE_F32: return of_f64(f32(a));
    default: return a; /* reinterpretations, i64.extend_i32_u */
    }
}

static bool is_division(uint16_t op)
{
    return (op >= OP_I32_DIV_S && op <= OP_I32_REM_U) || (op >= OP_I64_DIV_S && op <= OP_I64_REM_U);
}

static bool is_truncation(uint16_t op)
{
    return (op >= OP_I32_TRUNC_F32_S && op <= OP_I32_TRUNC_F64_U) ||
           (op >= OP_I64_TRUNC_F32_S && op <= OP_I64_TRUNC_F64_U) ||
           (op >= OP_I32_TRUNC_SAT_F32_S && op <= OP_I64_TRUNC_SAT_F64_U);
}

enum trap plain_numeric(uint16_t op, uint64_t a, uint64_t b, uint64_t *out)
{
    if (is_division(op))
        return divide(op, a, b, out);
    if (is_truncation(op))
        return truncate(op, a, out);
    if ((op >= OP_I32_EQZ && op <= OP_I32_GE_U) || (op >= OP_I32_CLZ && op <= OP_I32_ROTR) ||
        op == OP_I32_EXTEND8_S || op == OP_I32_EXTEND16_S)
        *out = i32_op(op, (uint32_t)a, (uint32_t)b);
    else if ((op >= OP_I64_EQZ && op <= OP_I64_GE_U) || (op >= OP_I64_CLZ && op <= OP_I64_ROTR) ||
             (op >= OP_I64_EXTEND8_S && op <= OP_I64_EXTEND32_S))
        *out = i64_op(op, a, b);
    else if ((op >= OP_F32_EQ && op <= OP_F32_GE) || (op >= OP_F32_ABS && op <= OP_F32_COPYSIGN))
        *out = f32_op(op, a, b);
    else if ((op >= OP_F64_EQ && op <= OP_F64_GE) || (op >= OP_F64_ABS && op <= OP_F64_COPYSIGN))
        *out = f64_op(op, a, b);
    else
        *out = convert(op, a);
    return TRAP_NONE;
}
