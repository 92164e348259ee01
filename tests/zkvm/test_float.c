/* The float routines (src/zkvm/runtime) compiled for this machine, against the numbers the
 * engine computes (src/wasm/numeric.h), bit for bit.
 *
 *     test_float [ROUNDS]     a round is 4096 draws of operands for every routine */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
/* The engine's functions, by other names than the routines that stand for them. */
#define f32_min numeric_f32_min
#define f32_max numeric_f32_max
#define f64_min numeric_f64_min
#define f64_max numeric_f64_max
#include "wasm/numeric.h"
#undef f32_min
#undef f32_max
#undef f64_min
#undef f64_max
#include "zkvm/runtime/float.h"

static unsigned long rounds = 200;
static uint64_t seed = 20250601;

/* ---- what a routine cannot do by itself ----------------------------------------------- */

static jmp_buf trapped;

uint64_t mul_wide(uint64_t x, uint64_t y)
{
    return (uint64_t)((unsigned __int128)x * y >> 64);
}

uint64_t div_wide(uint64_t x, uint64_t y)
{
    assert_true(x < y);
    return (uint64_t)(((unsigned __int128)x << 62) / y);
}

uint64_t sqrt_wide(uint64_t x)
{
    unsigned __int128 n = (unsigned __int128)x << 62;
    uint64_t r = (uint64_t)sqrtl((long double)n);

    while ((unsigned __int128)r * r > n)
        r--;
    while ((unsigned __int128)(r + 1) * (r + 1) <= n)
        r++;
    return r;
}

void trap_conversion(void)
{
    longjmp(trapped, TRAP_INVALID_CONVERSION);
}

void trap_overflow(void)
{
    longjmp(trapped, TRAP_INTEGER_OVERFLOW);
}

/* ---- the routines beside the engine's ---------------------------------------------------- */

#define HIGH ((uint64_t)1 << 40) /* a trap's number is above all 32-bit results, and unlikely */

struct routine {
    const char *name;
    uint64_t (*ours)(uint64_t a, uint64_t b);
    uint64_t (*engine)(uint64_t a, uint64_t b);
    int a_bits, b_bits; /* b_bits 0: one operand; floats */
    bool of_integer;
};

#define OURS_0(name, A)                                                                            \
    static uint64_t ours_##name(uint64_t a, uint64_t b)                                            \
    {                                                                                              \
        (void)b;                                                                                   \
        return name((A)a);                                                                         \
    }
#define OURS_1(name, A, B)                                                                         \
    static uint64_t ours_##name(uint64_t a, uint64_t b)                                            \
    {                                                                                              \
        return name((A)a, (B)b);                                                                   \
    }
#define ENGINE(name, expression)                                                                   \
    static uint64_t engine_##name(uint64_t a, uint64_t b)                                          \
    {                                                                                              \
        float x = f32_of_bits((uint32_t)a), y = f32_of_bits((uint32_t)b);                          \
        double dx = f64_of_bits(a), dy = f64_of_bits(b);                                           \
        (void)x, (void)y, (void)dx, (void)dy;                                                      \
        return expression;                                                                         \
    }

#define BOTH_2(name, e32, e64)                                                                     \
    OURS_1(f32_##name, uint32_t, uint32_t)                                                         \
    OURS_1(f64_##name, uint64_t, uint64_t) ENGINE(f32_##name, e32) ENGINE(f64_##name, e64)
#define BOTH_1(name, e32, e64)                                                                     \
    OURS_0(f32_##name, uint32_t)                                                                   \
    OURS_0(f64_##name, uint64_t) ENGINE(f32_##name, e32) ENGINE(f64_##name, e64)

BOTH_2(add, f32_bits(f32_canon(x + y)), f64_bits(f64_canon(dx + dy)))
BOTH_2(mul, f32_bits(f32_canon(x *y)), f64_bits(f64_canon(dx *dy)))
BOTH_2(div, f32_bits(f32_canon(x / y)), f64_bits(f64_canon(dx / dy)))
BOTH_2(min, f32_bits(numeric_f32_min(x, y)), f64_bits(numeric_f64_min(dx, dy)))
BOTH_2(max, f32_bits(numeric_f32_max(x, y)), f64_bits(numeric_f64_max(dx, dy)))
BOTH_2(eq, x == y, dx == dy)
BOTH_2(lt, x < y, dx < dy)
BOTH_2(le, x <= y, dx <= dy)
BOTH_1(sqrt, f32_bits(f32_canon(sqrtf(x))), f64_bits(f64_canon(sqrt(dx))))
BOTH_1(floor, f32_bits(f32_canon(floorf(x))), f64_bits(f64_canon(floor(dx))))
BOTH_1(ceil, f32_bits(f32_canon(ceilf(x))), f64_bits(f64_canon(ceil(dx))))
BOTH_1(trunc, f32_bits(f32_canon(truncf(x))), f64_bits(f64_canon(trunc(dx))))
BOTH_1(nearest, f32_bits(f32_canon(rintf(x))), f64_bits(f64_canon(rint(dx))))

/* As HANDLER(I32_TRUNC_F32_S) and the others; a trap is HIGH plus its number. */
#define TRUNC(v, T, type, cast)                                                                    \
    (!((v) > TRUNC_##T##_LOW && (v) < TRUNC_##T##_HIGH)                                            \
         ? HIGH + (uint64_t)trunc_trap(v, TRUNC_##T##_LOW, TRUNC_##T##_HIGH)                       \
         : (cast)(type)(v))
#define TRUNCS(from, v)                                                                            \
    ENGINE(i32_trunc_##from##_s, TRUNC(v, I32, int32_t, uint32_t))                                 \
    ENGINE(i32_trunc_##from##_u, TRUNC(v, U32, uint32_t, uint32_t))                                \
    ENGINE(i64_trunc_##from##_s, TRUNC(v, I64, int64_t, uint64_t))                                 \
    ENGINE(i64_trunc_##from##_u, TRUNC(v, U64, uint64_t, uint64_t))                                \
    ENGINE(i32_trunc_sat_##from##_s, (uint32_t)sat_i32(v))                                         \
    ENGINE(i32_trunc_sat_##from##_u, sat_u32(v))                                                   \
    ENGINE(i64_trunc_sat_##from##_s, (uint64_t)sat_i64(v))                                         \
    ENGINE(i64_trunc_sat_##from##_u, sat_u64(v))
TRUNCS(f32, x)
TRUNCS(f64, dx)
#define X(name, sign)                                                                              \
    OURS_0(i32_##name##_f32_##sign, uint32_t)                                                      \
    OURS_0(i64_##name##_f32_##sign, uint32_t)                                                      \
    OURS_0(i32_##name##_f64_##sign, uint64_t)                                                      \
    OURS_0(i64_##name##_f64_##sign, uint64_t)
FLOAT_TO_INTEGER(X)
#undef X

#define CONVERTS(to, type, bits)                                                                   \
    ENGINE(to##_convert_i32_s, bits((type)(int32_t)a))                                             \
    ENGINE(to##_convert_i32_u, bits((type)(uint32_t)a))                                            \
    ENGINE(to##_convert_i64_s, bits((type)(int64_t)a))                                             \
    ENGINE(to##_convert_i64_u, bits((type)a))                                                      \
    OURS_0(to##_convert_i32_s, uint32_t)                                                           \
    OURS_0(to##_convert_i32_u, uint32_t)                                                           \
    OURS_0(to##_convert_i64_s, uint64_t) OURS_0(to##_convert_i64_u, uint64_t)
CONVERTS(f32, float, f32_bits)
CONVERTS(f64, double, f64_bits)
OURS_0(f32_demote_f64, uint64_t)
OURS_0(f64_promote_f32, uint32_t)
ENGINE(f32_demote_f64, f32_bits(f32_canon((float)dx)))
ENGINE(f64_promote_f32, f64_bits(f64_canon((double)x)))

#define ROW(name, a, b, integer) {#name, ours_##name, engine_##name, a, b, integer},
static const struct routine routines[] = {
#define X(name) ROW(f32_##name, 32, 32, false) ROW(f64_##name, 64, 64, false)
    FLOAT_BINARY(X) FLOAT_ORDER(X)
#undef X
#define X(name) ROW(f32_##name, 32, 0, false) ROW(f64_##name, 64, 0, false)
        FLOAT_UNARY(X)
#undef X
#define X(name, sign)                                                                              \
    ROW(i32_##name##_f32_##sign, 32, 0, false)                                                     \
    ROW(i64_##name##_f32_##sign, 32, 0, false)                                                     \
    ROW(i32_##name##_f64_##sign, 64, 0, false) ROW(i64_##name##_f64_##sign, 64, 0, false)
            FLOAT_TO_INTEGER(X)
#undef X
#define X(sign)                                                                                    \
    ROW(f32_convert_i32_##sign, 32, 0, true)                                                       \
    ROW(f64_convert_i32_##sign, 32, 0, true)                                                       \
    ROW(f32_convert_i64_##sign, 64, 0, true) ROW(f64_convert_i64_##sign, 64, 0, true)
                FLOAT_OF_INTEGER(X)
#undef X
                    ROW(f32_demote_f64, 64, 0, false) ROW(f64_promote_f32, 32, 0, false)};
#define N_ROUTINES (sizeof routines / sizeof *routines)

static void compare(const struct routine *r, uint64_t a, uint64_t b)
{
    uint64_t ours, engine = r->engine(a, b);
    int trap = setjmp(trapped);

    ours = trap ? HIGH + (uint64_t)trap : r->ours(a, b);
    if (ours != engine)
        fail_msg("%s(%" PRIx64 ", %" PRIx64 ") = %" PRIx64 ", the engine says %" PRIx64
                 ", seed %" PRIu64,
                 r->name, a, b, ours, engine, seed);
}

/* ---- operands ------------------------------------------------------------------------------ */

static uint64_t random_state;

static uint64_t draw(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Runs of equal bits: carries, ties and borrows are where they begin and end. */
static uint64_t runs(void)
{
    uint64_t x = draw(), v = 0;

    for (unsigned i = 0; i < 64;) {
        unsigned n = 1 + (unsigned)(draw() % 24);

        if (x >> (i % 64) & 1)
            v |= (n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1) << i;
        i += n;
    }
    return v;
}

static uint64_t mask(int bits)
{
    return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static const int fraction_bits[2] = {23, 52};

/* `near`: the other operand, whose exponent this one often keeps or almost. */
static uint64_t float_operand(int bits, uint64_t near)
{
    int f = fraction_bits[bits == 64];
    uint64_t fraction = (draw() & 1 ? runs() : draw()) & mask(f), sign = draw() & 1, e;
    uint64_t e_max = mask(bits - 1 - f), bias = e_max >> 1;
    uint64_t kind = draw() % 16;

    if (kind < 5)
        e = (near >> f) + draw() % 7 - 3;
    else if (kind < 7)
        e = (near >> f) + draw() % (2u * (unsigned)f + 8) - (unsigned)f - 4;
    else if (kind < 9)
        e = draw() % 4;
    else if (kind < 10)
        e = e_max - draw() % 4;
    else if (kind < 14)
        e = bias + draw() % 70 - 3;
    else
        e = draw();
    if (draw() % 16 == 0)
        fraction = draw() % 3 - 1;
    return ((sign << (bits - 1)) | (e & e_max) << f | (fraction & mask(f))) & mask(bits);
}

static uint64_t integer_operand(int bits)
{
    uint64_t v = draw() & 1 ? runs() : draw();

    v >>= draw() % (unsigned)bits;
    return (draw() & 1 ? v : -v) & mask(bits);
}

static void random_operands(void **state)
{
    (void)state;
    random_state = seed;
    for (unsigned long i = 0; i < rounds; i++)
        for (size_t j = 0; j < N_ROUTINES; j++) {
            const struct routine *r = &routines[j];

            for (unsigned n = 0; n < 4096; n++) {
                uint64_t a = r->of_integer ? integer_operand(r->a_bits)
                                           : float_operand(r->a_bits, draw());
                uint64_t b = r->b_bits ? float_operand(r->b_bits, a) : 0;

                compare(r, a, b);
            }
        }
}

/* ---- corners -------------------------------------------------------------------------------- */

/* Every exponent with fractions at which something changes. */
static size_t corners(uint64_t out[], int bits)
{
    int f = fraction_bits[bits == 64];
    uint64_t e_max = mask(bits - 1 - f);
    size_t n = 0;

    for (uint64_t e = 0; e <= e_max; e++) {
        uint64_t fractions[] = {0,           1,           2,           mask(f),
                                mask(f) - 1, mask(f) / 2, mask(f) / 3, mask(f) / 2 + 1};

        for (unsigned i = 0; i < 8; i++)
            for (uint64_t sign = 0; sign < 2; sign++)
                out[n++] = sign << (bits - 1) | e << f | fractions[i];
    }
    return n;
}

static uint64_t corner_values[2][2048 * 16];

static void corner_operands(void **state)
{
    size_t n[2] = {corners(corner_values[0], 32), corners(corner_values[1], 64)};

    (void)state;
    for (size_t j = 0; j < N_ROUTINES; j++) {
        const struct routine *r = &routines[j];
        const uint64_t *v = corner_values[r->a_bits == 64];
        size_t count = n[r->a_bits == 64], step = r->b_bits == 64 ? 61 : 7;

        for (size_t i = 0; i < count; i++)
            for (size_t k = r->b_bits ? (size_t)(draw() % step) : count - 1; k < count; k += step)
                compare(r, v[i], v[k]);
    }
}

/* Every f32: long. */
static void all_of_32_bits(void **state)
{
    (void)state;
    for (size_t j = 0; j < N_ROUTINES; j++)
        for (uint64_t a = 0; !routines[j].b_bits && routines[j].a_bits == 32 && a >> 32 == 0; a++)
            compare(&routines[j], a, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_operands),
                                       cmocka_unit_test(corner_operands)};
    const struct CMUnitTest all[] = {cmocka_unit_test(all_of_32_bits)};

    if (argc > 1 && strcmp(argv[1], "all") == 0)
        return cmocka_run_group_tests(all, NULL, NULL);
    if (argc > 1)
        rounds = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
