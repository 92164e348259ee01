/* float.h - internal: what the float routines are written with.
 *
 * A routine takes and gives floats as their IEEE bits.  It is proven row by row, so it is
 * written for few executed instructions and for cheap ones, not for speed on a CPU:
 *  - both orders of the operands and both signs have code of their own, since code that
 *    is not executed is nearly free;
 *  - shifts, sums and comparisons cost a fraction of and, or and xor;
 *  - a number is rounded in its packed form, where the carry of the fraction goes into the
 *    exponent by itself;
 *  - zeros, subnormals, infinities and NaNs leave the path early, into functions that are
 *    not inlined. */
#ifndef RUNTIME_FLOAT_H
#define RUNTIME_FLOAT_H

#include "zkvm/runtime/vcp.h"

#define RARE(x)  __builtin_expect(!!(x), 0)
#define OFTEN(x) __builtin_expect(!!(x), 1)
#define NOINLINE __attribute__((noinline))
#define INLINE   inline __attribute__((always_inline))

/* The compiler forgets how a value was made, and uses it rather than make it again.  Only
 * where that is counted: clang 14 for x86-64 miscompiles f64_add with it at -O2
 * -fsanitize=builtin. */
#ifdef __wasm__
#define OPAQUE(x) __asm__("" : "+r"(x))
#else
#define OPAQUE(x) ((void)0)
#endif

/* The upper 64 bits of the product. */
PRIMITIVE("mul_wide") uint64_t mul_wide(uint64_t x, uint64_t y);
/* floor(2^62 x / y), x < y. */
PRIMITIVE("div_wide") uint64_t div_wide(uint64_t x, uint64_t y);
/* floor(sqrt(2^62 x)) */
PRIMITIVE("sqrt_wide") uint64_t sqrt_wide(uint64_t x);

/* The routines, named as the instructions they stand for. */
#define FLOAT_BINARY(X) X(add) X(mul) X(div) X(min) X(max)
#define FLOAT_UNARY(X)  X(sqrt) X(floor) X(ceil) X(trunc) X(nearest)
#define FLOAT_ORDER(X)  X(eq) X(lt) X(le)

#define X(name)                                                                                    \
    ROUTINE("f32." #name) uint32_t f32_##name(uint32_t a, uint32_t b);                             \
    ROUTINE("f64." #name) uint64_t f64_##name(uint64_t a, uint64_t b);
FLOAT_BINARY(X)
#undef X
#define X(name)                                                                                    \
    ROUTINE("f32." #name) uint32_t f32_##name(uint32_t a);                                         \
    ROUTINE("f64." #name) uint64_t f64_##name(uint64_t a);
FLOAT_UNARY(X)
#undef X
#define X(name)                                                                                    \
    ROUTINE("f32." #name) uint32_t f32_##name(uint32_t a, uint32_t b);                             \
    ROUTINE("f64." #name) uint32_t f64_##name(uint64_t a, uint64_t b);
FLOAT_ORDER(X)
#undef X

#define FLOAT_TO_INTEGER(X) X(trunc, s) X(trunc, u) X(trunc_sat, s) X(trunc_sat, u)
#define X(name, sign)                                                                              \
    ROUTINE("i32." #name "_f32_" #sign) uint32_t i32_##name##_f32_##sign(uint32_t a);              \
    ROUTINE("i32." #name "_f64_" #sign) uint32_t i32_##name##_f64_##sign(uint64_t a);              \
    ROUTINE("i64." #name "_f32_" #sign) uint64_t i64_##name##_f32_##sign(uint32_t a);              \
    ROUTINE("i64." #name "_f64_" #sign) uint64_t i64_##name##_f64_##sign(uint64_t a);
FLOAT_TO_INTEGER(X)
#undef X

#define FLOAT_OF_INTEGER(X) X(s) X(u)
#define X(sign)                                                                                    \
    ROUTINE("f32.convert_i32_" #sign) uint32_t f32_convert_i32_##sign(uint32_t v);                 \
    ROUTINE("f32.convert_i64_" #sign) uint32_t f32_convert_i64_##sign(uint64_t v);                 \
    ROUTINE("f64.convert_i32_" #sign) uint64_t f64_convert_i32_##sign(uint32_t v);                 \
    ROUTINE("f64.convert_i64_" #sign) uint64_t f64_convert_i64_##sign(uint64_t v);
FLOAT_OF_INTEGER(X)
#undef X

ROUTINE("f32.demote_f64") uint32_t f32_demote_f64(uint64_t a);
ROUTINE("f64.promote_f32") uint64_t f64_promote_f32(uint32_t a);

/* Half of a unit in the last place, where the bits below it stand at the top. */
#define HALF64 ((uint64_t)1 << 63)

#endif
