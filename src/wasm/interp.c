/* The handlers, one per operation and mode, from the families of rop.h.
 *
 * A handler reads its operands as its mode says, computes, writes the accumulator and (but
 * for mode n) the slot, and goes on.  Whatever is rare or long is a function
 * of interp_slow.c or a handler of its own, so that no hot handler needs a stack frame. */
#include "wasm/interp_dispatch.h"
#include <float.h>

#include "wasm/interp_slow.h"
#include "wasm/numeric.h"
#include "wasm/rop.h"
#include "wasm/runtime.h"

_Static_assert(FLT_EVAL_METHOD == 0, "floats are computed in their own type");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "linear memory is little-endian");

/* clang-format off */

/* ---- leaving the fast path ------------------------------------------------ */

COLD_HANDLER(trap)
{
    SAVE;
    interp_trapped(CTX);
    STOP;
}

COLD_HANDLER(slow_gas)
{
    SAVE;
    if (!interp_refill(CTX))
        STOP;
    IP = CTX->ip;
    GAS = CTX->gas;
    GO;
}

HANDLER(STOP_GAS)
{
    SAVE;
    interp_stopped_stepping(CTX);
    STOP;
}

HANDLER(LEAVE)
{
    SAVE;
    CTX->status = RUN_OK;
    CTX->reserve += CTX->gas;
    STOP;
}

/* ---- operands and results by class ------------------------------------------ */

#define T_I32 uint32_t
#define T_I64 uint64_t
#define T_F32 float
#define T_F64 double

static inline float slot_f32(const uint64_t *slot)
{
    float v;

    __builtin_memcpy(&v, slot, 4);
    return v;
}

static inline double slot_f64(const uint64_t *slot)
{
    double v;

    __builtin_memcpy(&v, slot, 8);
    return v;
}

/* Straight from the float register: as bytes, gcc would go through an integer one.  The
 * project is built with -fno-strict-aliasing. */
static inline void put_f64(uint64_t *slot, double v)
{
    *(double *)slot = v;
}

#define SLOT_I32(n) ((uint32_t)FP[n])
#define SLOT_I64(n) (FP[n])
#define SLOT_F32(n) slot_f32(&FP[n])
#define SLOT_F64(n) slot_f64(&FP[n])
#define ACC_I32     ((uint32_t)ACC)
#define ACC_I64     (ACC)
#define ACC_F32     (FA)
#define ACC_F64     (DA)
#define IMM_I32     ((uint32_t)IP->lo)
#define IMM_I64     (IP->imm)
#define IMM_F32     f32_of_bits((uint32_t)IP->lo)
#define IMM_F64     f64_of_bits(IP->imm)

#define KEEP_I32(v) (ACC = (uint32_t)(v))
#define KEEP_I64(v) (ACC = (v))
#define KEEP_F32(v) (FA = (v))
#define KEEP_F64(v) (DA = (v))
#define WRITE_I32(v) (FP[IP->c] = KEEP_I32(v))
#define WRITE_I64(v) (FP[IP->c] = KEEP_I64(v))
#define WRITE_F32(v) (KEEP_F32(v), FP[IP->c] = f32_bits(FA))
#define WRITE_F64(v) (KEEP_F64(v), put_f64(&FP[IP->c], DA))

/* ---- BIN: comparisons and arithmetic -------------------------------------------- */

#define CMP_EQ(a, b) ((a) == (b))
#define CMP_NE(a, b) ((a) != (b))
#define CMP_LT(a, b) ((a) < (b))
#define CMP_GT(a, b) ((a) > (b))
#define CMP_LE(a, b) ((a) <= (b))
#define CMP_GE(a, b) ((a) >= (b))

#define TEST_I32_EQ(a, b)   CMP_EQ(a, b)
#define TEST_I32_NE(a, b)   CMP_NE(a, b)
#define TEST_I32_LT_S(a, b) CMP_LT((int32_t)(a), (int32_t)(b))
#define TEST_I32_LT_U(a, b) CMP_LT(a, b)
#define TEST_I32_GT_S(a, b) CMP_GT((int32_t)(a), (int32_t)(b))
#define TEST_I32_GT_U(a, b) CMP_GT(a, b)
#define TEST_I32_LE_S(a, b) CMP_LE((int32_t)(a), (int32_t)(b))
#define TEST_I32_LE_U(a, b) CMP_LE(a, b)
#define TEST_I32_GE_S(a, b) CMP_GE((int32_t)(a), (int32_t)(b))
#define TEST_I32_GE_U(a, b) CMP_GE(a, b)
#define TEST_I64_EQ(a, b)   CMP_EQ(a, b)
#define TEST_I64_NE(a, b)   CMP_NE(a, b)
#define TEST_I64_LT_S(a, b) CMP_LT((int64_t)(a), (int64_t)(b))
#define TEST_I64_LT_U(a, b) CMP_LT(a, b)
#define TEST_I64_GT_S(a, b) CMP_GT((int64_t)(a), (int64_t)(b))
#define TEST_I64_GT_U(a, b) CMP_GT(a, b)
#define TEST_I64_LE_S(a, b) CMP_LE((int64_t)(a), (int64_t)(b))
#define TEST_I64_LE_U(a, b) CMP_LE(a, b)
#define TEST_I64_GE_S(a, b) CMP_GE((int64_t)(a), (int64_t)(b))
#define TEST_I64_GE_U(a, b) CMP_GE(a, b)
#define TEST_F32_EQ CMP_EQ
#define TEST_F32_NE CMP_NE
#define TEST_F32_LT CMP_LT
#define TEST_F32_GT CMP_GT
#define TEST_F32_LE CMP_LE
#define TEST_F32_GE CMP_GE
#define TEST_F64_EQ CMP_EQ
#define TEST_F64_NE CMP_NE
#define TEST_F64_LT CMP_LT
#define TEST_F64_GT CMP_GT
#define TEST_F64_LE CMP_LE
#define TEST_F64_GE CMP_GE

#define DO_I32_EQ   r = TEST_I32_EQ(a, b)
#define DO_I32_NE   r = TEST_I32_NE(a, b)
#define DO_I32_LT_S r = TEST_I32_LT_S(a, b)
#define DO_I32_LT_U r = TEST_I32_LT_U(a, b)
#define DO_I32_GT_S r = TEST_I32_GT_S(a, b)
#define DO_I32_GT_U r = TEST_I32_GT_U(a, b)
#define DO_I32_LE_S r = TEST_I32_LE_S(a, b)
#define DO_I32_LE_U r = TEST_I32_LE_U(a, b)
#define DO_I32_GE_S r = TEST_I32_GE_S(a, b)
#define DO_I32_GE_U r = TEST_I32_GE_U(a, b)
#define DO_I64_EQ   r = TEST_I64_EQ(a, b)
#define DO_I64_NE   r = TEST_I64_NE(a, b)
#define DO_I64_LT_S r = TEST_I64_LT_S(a, b)
#define DO_I64_LT_U r = TEST_I64_LT_U(a, b)
#define DO_I64_GT_S r = TEST_I64_GT_S(a, b)
#define DO_I64_GT_U r = TEST_I64_GT_U(a, b)
#define DO_I64_LE_S r = TEST_I64_LE_S(a, b)
#define DO_I64_LE_U r = TEST_I64_LE_U(a, b)
#define DO_I64_GE_S r = TEST_I64_GE_S(a, b)
#define DO_I64_GE_U r = TEST_I64_GE_U(a, b)
#define DO_F32_EQ   r = CMP_EQ(a, b)
#define DO_F32_NE   r = CMP_NE(a, b)
#define DO_F32_LT   r = CMP_LT(a, b)
#define DO_F32_GT   r = CMP_GT(a, b)
#define DO_F32_LE   r = CMP_LE(a, b)
#define DO_F32_GE   r = CMP_GE(a, b)
#define DO_F64_EQ   r = CMP_EQ(a, b)
#define DO_F64_NE   r = CMP_NE(a, b)
#define DO_F64_LT   r = CMP_LT(a, b)
#define DO_F64_GT   r = CMP_GT(a, b)
#define DO_F64_LE   r = CMP_LE(a, b)
#define DO_F64_GE   r = CMP_GE(a, b)

#define CHECK_ZERO \
    if (__builtin_expect(b == 0, 0)) \
        TRAP(TRAP_INTEGER_DIVIDE_BY_ZERO)
#define CHECK_OVERFLOW(min, minus_one) \
    if (__builtin_expect(a == (min) && b == (minus_one), 0)) \
        TRAP(TRAP_INTEGER_OVERFLOW)

#define DO_I32_ADD   r = a + b
#define DO_I32_SUB   r = a - b
#define DO_I32_MUL   r = a * b
#define DO_I32_DIV_S CHECK_ZERO; CHECK_OVERFLOW(0x80000000u, 0xffffffffu); \
                     r = (uint32_t)((int32_t)a / (int32_t)b)
#define DO_I32_DIV_U CHECK_ZERO; r = a / b
#define DO_I32_REM_S CHECK_ZERO; \
                     r = b == 0xffffffffu ? 0 : (uint32_t)((int32_t)a % (int32_t)b)
#define DO_I32_REM_U CHECK_ZERO; r = a % b
#define DO_I32_AND   r = a & b
#define DO_I32_OR    r = a | b
#define DO_I32_XOR   r = a ^ b
#define DO_I32_SHL   r = a << (b & 31)
#define DO_I32_SHR_S r = (uint32_t)((int32_t)a >> (b & 31))
#define DO_I32_SHR_U r = a >> (b & 31)
#define DO_I32_ROTL  r = i32_rotl(a, b)
#define DO_I32_ROTR  r = i32_rotr(a, b)
#define DO_I64_ADD   r = a + b
#define DO_I64_SUB   r = a - b
#define DO_I64_MUL   r = a * b
#define DO_I64_DIV_S CHECK_ZERO; CHECK_OVERFLOW(0x8000000000000000u, 0xffffffffffffffffu); \
                     r = (uint64_t)((int64_t)a / (int64_t)b)
#define DO_I64_DIV_U CHECK_ZERO; r = a / b
#define DO_I64_REM_S CHECK_ZERO; \
                     r = b == 0xffffffffffffffffu ? 0 : (uint64_t)((int64_t)a % (int64_t)b)
#define DO_I64_REM_U CHECK_ZERO; r = a % b
#define DO_I64_AND   r = a & b
#define DO_I64_OR    r = a | b
#define DO_I64_XOR   r = a ^ b
#define DO_I64_SHL   r = a << (b & 63)
#define DO_I64_SHR_S r = (uint64_t)((int64_t)a >> (b & 63))
#define DO_I64_SHR_U r = a >> (b & 63)
#define DO_I64_ROTL  r = i64_rotl(a, b)
#define DO_I64_ROTR  r = i64_rotr(a, b)
#define DO_F32_ADD   r = f32_canon(a + b)
#define DO_F32_SUB   r = f32_canon(a - b)
#define DO_F32_MUL   r = f32_canon(a * b)
#define DO_F32_DIV   r = f32_canon(a / b)
#define DO_F32_MIN   r = f32_min(a, b)
#define DO_F32_MAX   r = f32_max(a, b)
#define DO_F32_COPYSIGN r = f32_with_sign(a, f32_bits(b) & 0x80000000u)
#define DO_F64_ADD   r = f64_canon(a + b)
#define DO_F64_SUB   r = f64_canon(a - b)
#define DO_F64_MUL   r = f64_canon(a * b)
#define DO_F64_DIV   r = f64_canon(a / b)
#define DO_F64_MIN   r = f64_min(a, b)
#define DO_F64_MAX   r = f64_max(a, b)
#define DO_F64_COPYSIGN r = f64_with_sign(a, f64_bits(b) & 0x8000000000000000u)

#define BIN_HANDLER(name, id, in, out, A, B, PUT) \
    HANDLER(name) { T_##in a = A, b = B; T_##out r; DO_##id; PUT(r); NEXT; }
#define BIN_MODE(name, id, in, out, A, B) \
    BIN_HANDLER(name, id, in, out, A, B, WRITE_##out) \
    BIN_HANDLER(name##_n, id, in, out, A, B, KEEP_##out)
#define BIN(id, in, out) \
    BIN_MODE(id##_ss, id, in, out, SLOT_##in(IP->a), SLOT_##in(IP->b)) \
    BIN_MODE(id##_as, id, in, out, ACC_##in, SLOT_##in(IP->b)) \
    BIN_MODE(id##_sa, id, in, out, SLOT_##in(IP->a), ACC_##in) \
    BIN_MODE(id##_si, id, in, out, SLOT_##in(IP->a), IMM_##in) \
    BIN_MODE(id##_ai, id, in, out, ACC_##in, IMM_##in) \
    BIN_MODE(id##_is, id, in, out, IMM_##in, SLOT_##in(IP->b)) \
    BIN_MODE(id##_ia, id, in, out, IMM_##in, ACC_##in)
ROP_BIN(BIN)

/* ---- UN ------------------------------------------------------------------------- */

#define CHECK_TRUNC(type) \
    if (!(a > TRUNC_##type##_LOW && a < TRUNC_##type##_HIGH)) \
        TRAP(trunc_trap(a, TRUNC_##type##_LOW, TRUNC_##type##_HIGH))

#define DO_I32_CLZ     r = a ? (uint32_t)__builtin_clz(a) : 32
#define DO_I32_CTZ     r = a ? (uint32_t)__builtin_ctz(a) : 32
#define DO_I32_POPCNT  r = (uint32_t)__builtin_popcount(a)
#define DO_I64_CLZ     r = a ? (uint64_t)__builtin_clzll(a) : 64
#define DO_I64_CTZ     r = a ? (uint64_t)__builtin_ctzll(a) : 64
#define DO_I64_POPCNT  r = (uint64_t)__builtin_popcountll(a)
#define DO_F32_ABS     r = f32_with_sign(a, 0)
#define DO_F32_NEG     r = f32_of_bits(f32_bits(a) ^ 0x80000000u)
#define DO_F32_CEIL    r = f32_canon(ceilf(a))
#define DO_F32_FLOOR   r = f32_canon(floorf(a))
#define DO_F32_TRUNC   r = f32_canon(truncf(a))
#define DO_F32_NEAREST r = f32_canon(rintf(a))
#define DO_F32_SQRT    r = f32_canon(sqrtf(a))
#define DO_F64_ABS     r = f64_with_sign(a, 0)
#define DO_F64_NEG     r = f64_of_bits(f64_bits(a) ^ 0x8000000000000000u)
#define DO_F64_CEIL    r = f64_canon(ceil(a))
#define DO_F64_FLOOR   r = f64_canon(floor(a))
#define DO_F64_TRUNC   r = f64_canon(trunc(a))
#define DO_F64_NEAREST r = f64_canon(rint(a))
#define DO_F64_SQRT    r = f64_canon(sqrt(a))
#define DO_I32_WRAP_I64      r = (uint32_t)a
#define DO_I32_TRUNC_F32_S   CHECK_TRUNC(I32); r = (uint32_t)(int32_t)a
#define DO_I32_TRUNC_F32_U   CHECK_TRUNC(U32); r = (uint32_t)a
#define DO_I32_TRUNC_F64_S   CHECK_TRUNC(I32); r = (uint32_t)(int32_t)a
#define DO_I32_TRUNC_F64_U   CHECK_TRUNC(U32); r = (uint32_t)a
#define DO_I64_EXTEND_I32_S  r = (uint64_t)(int64_t)(int32_t)a
#define DO_I64_TRUNC_F32_S   CHECK_TRUNC(I64); r = (uint64_t)(int64_t)a
#define DO_I64_TRUNC_F32_U   CHECK_TRUNC(U64); r = (uint64_t)a
#define DO_I64_TRUNC_F64_S   CHECK_TRUNC(I64); r = (uint64_t)(int64_t)a
#define DO_I64_TRUNC_F64_U   CHECK_TRUNC(U64); r = (uint64_t)a
#define DO_F32_CONVERT_I32_S r = (float)(int32_t)a
#define DO_F32_CONVERT_I32_U r = (float)a
#define DO_F32_CONVERT_I64_S r = (float)(int64_t)a
#define DO_F32_CONVERT_I64_U r = (float)a
#define DO_F32_DEMOTE_F64    r = f32_canon((float)a)
#define DO_F64_CONVERT_I32_S r = (double)(int32_t)a
#define DO_F64_CONVERT_I32_U r = (double)a
#define DO_F64_CONVERT_I64_S r = (double)(int64_t)a
#define DO_F64_CONVERT_I64_U r = (double)a
#define DO_F64_PROMOTE_F32   r = f64_canon((double)a)
#define DO_I32_EXTEND8_S     r = (uint32_t)(int32_t)(int8_t)a
#define DO_I32_EXTEND16_S    r = (uint32_t)(int32_t)(int16_t)a
#define DO_I64_EXTEND8_S     r = (uint64_t)(int64_t)(int8_t)a
#define DO_I64_EXTEND16_S    r = (uint64_t)(int64_t)(int16_t)a
#define DO_I64_EXTEND32_S    r = (uint64_t)(int64_t)(int32_t)a
#define DO_I32_TRUNC_SAT_F32_S r = (uint32_t)sat_i32(a)
#define DO_I32_TRUNC_SAT_F32_U r = sat_u32(a)
#define DO_I32_TRUNC_SAT_F64_S r = (uint32_t)sat_i32(a)
#define DO_I32_TRUNC_SAT_F64_U r = sat_u32(a)
#define DO_I64_TRUNC_SAT_F32_S r = (uint64_t)sat_i64(a)
#define DO_I64_TRUNC_SAT_F32_U r = sat_u64(a)
#define DO_I64_TRUNC_SAT_F64_S r = (uint64_t)sat_i64(a)
#define DO_I64_TRUNC_SAT_F64_U r = sat_u64(a)

#define UN_HANDLER(name, id, in, out, A, PUT) \
    HANDLER(name) { T_##in a = A; T_##out r; DO_##id; PUT(r); NEXT; }
#define UN(id, in, out) \
    UN_HANDLER(id##_s, id, in, out, SLOT_##in(IP->a), WRITE_##out) \
    UN_HANDLER(id##_s_n, id, in, out, SLOT_##in(IP->a), KEEP_##out) \
    UN_HANDLER(id##_a, id, in, out, ACC_##in, WRITE_##out) \
    UN_HANDLER(id##_a_n, id, in, out, ACC_##in, KEEP_##out)
ROP_UN(UN)

/* ---- LOAD, STORE ---------------------------------------------------------------- */

/* ea is at most 2^33, so the sum cannot wrap. */
#define EFFECTIVE(address, type) \
    uint64_t ea = (uint64_t)((uint32_t)(address) + (uint32_t)IP->hi) + (uint32_t)IP->lo; \
    if (__builtin_expect(ea + sizeof(type) > CTX->mem_bytes, 0)) \
        TRAP(TRAP_MEMORY_OUT_OF_BOUNDS)

#define EXTEND_I32(v) ((uint32_t)(v))
#define EXTEND_I64(v) ((uint64_t)(v))
#define EXTEND_F32(v) (v)
#define EXTEND_F64(v) (v)

#define LOAD_HANDLER(name, type, out, address, PUT) \
    HANDLER(name) { \
        EFFECTIVE(address, type); \
        type v; __builtin_memcpy(&v, MEM + ea, sizeof v); \
        PUT(EXTEND_##out(v)); NEXT; }
#define LOAD_MODE(name, type, out, address) \
    LOAD_HANDLER(name, type, out, address, WRITE_##out) \
    LOAD_HANDLER(name##_n, type, out, address, KEEP_##out)
#define LOAD(id, type, out, lg) \
    LOAD_MODE(id##_s, type, out, FP[IP->a]) \
    LOAD_MODE(id##_a, type, out, ACC) \
    LOAD_MODE(id##_x_ss, type, out, FP[IP->a] + FP[IP->b]) \
    LOAD_MODE(id##_x_as, type, out, ACC + FP[IP->b]) \
    LOAD_MODE(id##_k_ss, type, out, FP[IP->a] + (FP[IP->b] << lg)) \
    LOAD_MODE(id##_k_sa, type, out, FP[IP->a] + (ACC << lg)) \
    LOAD_MODE(id##_k_as, type, out, ACC + (FP[IP->b] << lg)) \
    LOAD_MODE(id##_h_s, type, out, FP[IP->b] << lg) \
    LOAD_MODE(id##_h_a, type, out, ACC << lg) \
    LOAD_MODE(id##_i, type, out, 0)
ROP_LOAD(LOAD)

#define STORE_HANDLER(name, type, address, value) \
    HANDLER(name) { \
        EFFECTIVE(address, type); \
        type v = (type)(value); __builtin_memcpy(MEM + ea, &v, sizeof v); NEXT; }
#define STORE_MODE(name, type, address) \
    STORE_HANDLER(name##_s, type, address, FP[IP->c]) \
    STORE_HANDLER(name##_a, type, address, ACC) \
    STORE_HANDLER(name##_i, type, address, (int64_t)(int16_t)IP->c)
#define STORE(id, type, lg) \
    STORE_MODE(id##_s, type, FP[IP->a]) \
    STORE_MODE(id##_a, type, ACC) \
    STORE_MODE(id##_x, type, FP[IP->a] + FP[IP->b]) \
    STORE_MODE(id##_k, type, FP[IP->a] + (FP[IP->b] << lg)) \
    STORE_MODE(id##_h, type, FP[IP->b] << lg) \
    STORE_MODE(id##_i, type, 0)
ROP_STORE(STORE)

#define FSTORE(id, type, in, lg) \
    STORE_HANDLER(id##_s, type, FP[IP->a], ACC_##in) \
    STORE_HANDLER(id##_a, type, ACC, ACC_##in) \
    STORE_HANDLER(id##_x, type, FP[IP->a] + FP[IP->b], ACC_##in) \
    STORE_HANDLER(id##_k, type, FP[IP->a] + (FP[IP->b] << lg), ACC_##in) \
    STORE_HANDLER(id##_h, type, FP[IP->b] << lg, ACC_##in) \
    STORE_HANDLER(id##_i, type, 0, ACC_##in)
ROP_FSTORE(FSTORE)

/* ---- BR, LATCH -------------------------------------------------------------------- */

#define TEST_BR_I32_EQ   TEST_I32_EQ
#define TEST_BR_I32_NE   TEST_I32_NE
#define TEST_BR_I32_LT_S TEST_I32_LT_S
#define TEST_BR_I32_LT_U TEST_I32_LT_U
#define TEST_BR_I32_GT_S TEST_I32_GT_S
#define TEST_BR_I32_GT_U TEST_I32_GT_U
#define TEST_BR_I32_LE_S TEST_I32_LE_S
#define TEST_BR_I32_LE_U TEST_I32_LE_U
#define TEST_BR_I32_GE_S TEST_I32_GE_S
#define TEST_BR_I32_GE_U TEST_I32_GE_U
#define TEST_BR_I64_EQ   TEST_I64_EQ
#define TEST_BR_I64_NE   TEST_I64_NE
#define TEST_BR_I64_LT_S TEST_I64_LT_S
#define TEST_BR_I64_LT_U TEST_I64_LT_U
#define TEST_BR_I64_GT_S TEST_I64_GT_S
#define TEST_BR_I64_GT_U TEST_I64_GT_U
#define TEST_BR_I64_LE_S TEST_I64_LE_S
#define TEST_BR_I64_LE_U TEST_I64_LE_U
#define TEST_BR_I64_GE_S TEST_I64_GE_S
#define TEST_BR_I64_GE_U TEST_I64_GE_U
#define TEST_BR_F32_EQ CMP_EQ
#define TEST_BR_F32_NE CMP_NE
#define TEST_BR_F32_LT CMP_LT
#define TEST_BR_F32_GT CMP_GT
#define TEST_BR_F32_LE CMP_LE
#define TEST_BR_F32_GE CMP_GE
#define TEST_BR_F64_EQ CMP_EQ
#define TEST_BR_F64_NE CMP_NE
#define TEST_BR_F64_LT CMP_LT
#define TEST_BR_F64_GT CMP_GT
#define TEST_BR_F64_LE CMP_LE
#define TEST_BR_F64_GE CMP_GE
#define TEST_BR_F32_NLT(a, b) !CMP_LT(a, b)
#define TEST_BR_F32_NGT(a, b) !CMP_GT(a, b)
#define TEST_BR_F32_NLE(a, b) !CMP_LE(a, b)
#define TEST_BR_F32_NGE(a, b) !CMP_GE(a, b)
#define TEST_BR_F64_NLT(a, b) !CMP_LT(a, b)
#define TEST_BR_F64_NGT(a, b) !CMP_GT(a, b)
#define TEST_BR_F64_NLE(a, b) !CMP_LE(a, b)
#define TEST_BR_F64_NGE(a, b) !CMP_GE(a, b)

#define BR_IMM_I32 ((uint32_t)IP->lo)
#define BR_IMM_I64 ((uint64_t)(int64_t)IP->lo)
#define BR_IMM_F32 f32_of_bits((uint32_t)IP->lo)
#define BR_IMM_F64 ((double)f32_of_bits((uint32_t)IP->lo))

/* Two ways out, each with its own indirect jump to predict. */
#define BRANCH(test) \
    if (test) \
        JUMP_BY(IP->hi); \
    IP++; \
    ENTER
#define BR_HANDLER(name, id, in, A, B) \
    HANDLER(name) { T_##in a = A, b = B; BRANCH(TEST_##id(a, b)); }
#define BR(id, in) \
    BR_HANDLER(id##_ss, id, in, SLOT_##in(IP->a), SLOT_##in(IP->b)) \
    BR_HANDLER(id##_as, id, in, ACC_##in, SLOT_##in(IP->b)) \
    BR_HANDLER(id##_si, id, in, SLOT_##in(IP->a), BR_IMM_##in) \
    BR_HANDLER(id##_ai, id, in, ACC_##in, BR_IMM_##in)
ROP_BR(BR)

#define TEST_LATCH_EQ   TEST_I32_EQ
#define TEST_LATCH_NE   TEST_I32_NE
#define TEST_LATCH_LT_S TEST_I32_LT_S
#define TEST_LATCH_LT_U TEST_I32_LT_U
#define TEST_LATCH_GT_S TEST_I32_GT_S
#define TEST_LATCH_GT_U TEST_I32_GT_U
#define TEST_LATCH_LE_S TEST_I32_LE_S
#define TEST_LATCH_LE_U TEST_I32_LE_U
#define TEST_LATCH_GE_S TEST_I32_GE_S
#define TEST_LATCH_GE_U TEST_I32_GE_U

#define LATCH_HANDLER(name, id, B) \
    HANDLER(name) { \
        uint32_t a = (uint32_t)FP[IP->a] + (uint32_t)(int32_t)(int16_t)IP->c, b; \
        FP[IP->a] = ACC = a; b = B; BRANCH(TEST_##id(a, b)); }
#define LATCH(id) \
    LATCH_HANDLER(id##_s, id, (uint32_t)FP[IP->b]) \
    LATCH_HANDLER(id##_i, id, (uint32_t)IP->lo)
ROP_LATCH(LATCH)

/* ---- moves, variables -------------------------------------------------------------- */

HANDLER(MOVE) { FP[IP->c] = FP[IP->a]; NEXT; }
HANDLER(MOVE2) { FP[IP->c] = FP[IP->a]; FP[IP->c + 1] = FP[IP->b]; NEXT; }
HANDLER(MOVE_N)
{
    const uint64_t *from = FP + IP->a;
    uint64_t *to = FP + IP->c;

    for (int32_t i = 0; i < IP->lo; i++)
        to[i] = from[i];
    NEXT;
}
HANDLER(CONST) { FP[IP->c] = IP->imm; NEXT; }
/* Without a branch: what a program selects by is often hard to predict. */
#define SELECT(cond) \
    uint64_t va = FP[IP->a], vb = FP[IP->b]; \
    ACC = vb ^ ((va ^ vb) & -(uint64_t)((uint32_t)(cond) != 0)); \
    FP[IP->c] = ACC; \
    NEXT
HANDLER(SELECT_S) { SELECT(FP[IP->lo]); }
HANDLER(SELECT_A) { SELECT(ACC); }
HANDLER(GLOBAL_GET) { FP[IP->c] = ACC = CTX->globals[IP->lo]->bits; NEXT; }
HANDLER(GLOBAL_GET_N) { ACC = CTX->globals[IP->lo]->bits; NEXT; }
HANDLER(GLOBAL_SET_S) { CTX->globals[IP->lo]->bits = FP[IP->a]; NEXT; }
HANDLER(GLOBAL_SET_A) { CTX->globals[IP->lo]->bits = ACC; NEXT; }
HANDLER(REF_FUNC) { FP[IP->c] = ACC = (uint64_t)(uintptr_t)CTX->inst->funcs[IP->lo]; NEXT; }
HANDLER(MEMORY_SIZE) { FP[IP->c] = ACC = CTX->mem_bytes / PAGE_BYTES; NEXT; }

/* ---- tables, segments, bulk ----------------------------------------------------------- */

HANDLER(TABLE_GET)
{
    const struct tab *t = CTX->inst->tables[IP->lo];
    uint32_t i = (uint32_t)FP[IP->a];

    if (i >= t->n)
        TRAP(TRAP_TABLE_OUT_OF_BOUNDS);
    FP[IP->c] = ACC = t->elems[i];
    NEXT;
}
HANDLER(TABLE_SET)
{
    const struct tab *t = CTX->inst->tables[IP->lo];
    uint32_t i = (uint32_t)FP[IP->a];

    if (i >= t->n)
        TRAP(TRAP_TABLE_OUT_OF_BOUNDS);
    t->elems[i] = FP[IP->b];
    NEXT;
}
HANDLER(TABLE_SIZE) { FP[IP->c] = ACC = CTX->inst->tables[IP->lo]->n; NEXT; }
HANDLER(DATA_DROP) { CTX->inst->dropped_datas[IP->lo] = 1; NEXT; }
HANDLER(ELEM_DROP) { CTX->inst->dropped_elems[IP->lo] = 1; NEXT; }

#define BULK(name, function) \
    HANDLER(name) \
    { \
        SAVE; \
        if (!function(CTX)) \
            STOP; \
        GAS = CTX->gas; \
        IP++; \
        ENTER; \
    }
BULK(MEMORY_GROW, interp_memory_grow)
BULK(MEMORY_COPY, interp_memory_copy)
BULK(MEMORY_FILL, interp_memory_fill)
BULK(MEMORY_INIT, interp_memory_init)
BULK(TABLE_GROW, interp_table_grow)
BULK(TABLE_FILL, interp_table_fill)
BULK(TABLE_COPY, interp_table_copy)
BULK(TABLE_INIT, interp_table_init)

/* ---- jumps, calls ------------------------------------------------------------------- */

HANDLER(UNREACHABLE) { TRAP(TRAP_UNREACHABLE); }
HANDLER(CHARGE) { IP++; ENTER; }
HANDLER(JUMP) { JUMP_BY(IP->hi); }

#define TABLE_JUMP(value) \
    uint32_t i = (uint32_t)(value); \
    IP += 1 + (i < (uint32_t)IP->lo ? i : (uint32_t)IP->lo); \
    JUMP_BY(IP->hi)
HANDLER(BR_TABLE_S) { TABLE_JUMP(FP[IP->a]); }
HANDLER(BR_TABLE_A) { TABLE_JUMP(ACC); }

/* Locals beyond this many are cleared out of line, and that time counted. */
#define FEW_LOCALS 16u

COLD_HANDLER(clear_locals)
{
    const struct func_code *f = CTX->callee_code;

    SAVE;
    interp_clear_locals(CTX, f);
    GAS = CTX->gas;
    IP = f->entry;
    ENTER;
}

/* A new frame at nfp for f, which returns to `back`. */
#define ENTER_FUNCTION(f, nfp, back) \
    do { \
        uint64_t *record = (uint64_t *)((char *)(nfp) + (f)->record_bytes); \
        if (__builtin_expect((uintptr_t)(nfp) + (f)->frame_bytes > (uintptr_t)CTX->stack_end || \
                             --CTX->depth_left < 0, 0)) \
            TRAP(TRAP_CALL_STACK_EXHAUSTED); \
        record[0] = (uint64_t)(uintptr_t)(back); \
        record[1] = (uint64_t)(uintptr_t)FP; \
        FP = (nfp); \
        if ((f)->n_zeroed) { \
            uint64_t *z = record + 2, *end = z + (f)->n_zeroed; \
            if (__builtin_expect((f)->n_zeroed > FEW_LOCALS, 0)) { \
                CTX->callee_code = (f); \
                TO(clear_locals); \
            } \
            do \
                *z++ = 0; \
            while (z < end); \
        } \
        IP = (f)->entry; \
        ENTER; \
    } while (0)

HANDLER(CALL)
{
    const struct func_code *f = (const struct func_code *)(uintptr_t)IP->imm;
    uint64_t *nfp = FP + IP->c;

    ENTER_FUNCTION(f, nfp, IP + 1);
}

/* CTX->callee is of another instance, or of the host. */
COLD_HANDLER(call_across)
{
    const struct func_code *f = CTX->callee->code;
    uint64_t *nfp = FP + IP->c;

    SAVE;
    if (!f) {
        if (!interp_call_host(CTX, nfp))
            STOP;
        ACC = nfp[0];
        GAS = CTX->gas;
        IP++;
        ENTER;
    }
    if (!interp_go_across(CTX))
        STOP;
    MEM = CTX->mem_base;
    ENTER_FUNCTION(f, nfp, &CTX->across_ret);
}

HANDLER(RETURN_ACROSS)
{
    IP = interp_come_back(CTX);
    MEM = CTX->mem_base;
    ENTER;
}

HANDLER(CALL_IMPORT)
{
    CTX->callee = CTX->inst->funcs[IP->lo];
    TO(call_across);
}

HANDLER(CALL_INDIRECT)
{
    const struct tab *t = CTX->inst->tables[IP->hi];
    uint32_t i = (uint32_t)FP[IP->a];
    const struct func *f;
    const struct func_code *code;
    uint64_t *nfp = FP + IP->c;

    if (i >= t->n)
        TRAP(TRAP_UNDEFINED_ELEMENT);
    f = (const struct func *)(uintptr_t)t->elems[i];
    if (!f)
        TRAP(TRAP_UNINITIALIZED_ELEMENT);
    if (f->type_id != CTX->inst->type_ids[IP->lo])
        TRAP(TRAP_INDIRECT_CALL_MISMATCH);
    if (__builtin_expect(f->inst != CTX->inst, 0)) {
        CTX->callee = f;
        TO(call_across);
    }
    code = f->code;
    ENTER_FUNCTION(code, nfp, IP + 1);
}

#define RETURN \
    do { \
        const uint64_t *record = FP + IP->b; \
        IP = (const struct insn *)(uintptr_t)record[0]; \
        FP = (uint64_t *)(uintptr_t)record[1]; \
        CTX->depth_left++; \
        ENTER; \
    } while (0)
/* The result may overwrite the record: of a function without parameters it does. */
#define RETURN_ONE(value) \
    do { \
        uint64_t v = (value), *results = FP; \
        const uint64_t *record = FP + IP->b; \
        IP = (const struct insn *)(uintptr_t)record[0]; \
        FP = (uint64_t *)(uintptr_t)record[1]; \
        results[0] = ACC = v; \
        CTX->depth_left++; \
        ENTER; \
    } while (0)

HANDLER(RET0) { RETURN; }
HANDLER(RET1_S) { RETURN_ONE(FP[IP->a]); }
HANDLER(RET1_A) { RETURN_ONE(ACC); }
HANDLER(RET1_F32) { RETURN_ONE(f32_bits(FA)); }
HANDLER(RET1_F64) { RETURN_ONE(f64_bits(DA)); }
HANDLER(RET1_I) { RETURN_ONE(IP->imm); }
HANDLER(RET_N)
{
    const uint64_t *from = FP + IP->a;
    uint64_t *to = FP;
    const struct insn *back = (const struct insn *)(uintptr_t)FP[IP->b];
    uint64_t *caller = (uint64_t *)(uintptr_t)FP[IP->b + 1];

    for (int32_t i = 0; i < IP->lo; i++)
        to[i] = from[i];
    CTX->depth_left++;
    IP = back;
    FP = caller;
    ENTER;
}

/* ---- the table ------------------------------------------------------------------------- */

#define ROW(name) [R_##name] = h_##name,
#define ROW_N(name) ROW(name) ROW(name##_n)
static interp_fn *const handlers[ROP_COUNT] = {
#define ROWS(id, in, out) \
    ROW_N(id##_ss) ROW_N(id##_as) ROW_N(id##_sa) ROW_N(id##_si) ROW_N(id##_ai) ROW_N(id##_is) \
    ROW_N(id##_ia)
    ROP_BIN(ROWS)
#undef ROWS
#define ROWS(id, in, out) ROW_N(id##_s) ROW_N(id##_a)
    ROP_UN(ROWS)
#undef ROWS
#define ROWS(id, type, out, lg) \
    ROW_N(id##_s) ROW_N(id##_a) ROW_N(id##_x_ss) ROW_N(id##_x_as) ROW_N(id##_k_ss) \
    ROW_N(id##_k_sa) ROW_N(id##_k_as) ROW_N(id##_h_s) ROW_N(id##_h_a) ROW_N(id##_i)
    ROP_LOAD(ROWS)
#undef ROWS
#define ROWS(id, type, lg) \
    ROW(id##_s_s) ROW(id##_s_a) ROW(id##_s_i) ROW(id##_a_s) ROW(id##_a_a) ROW(id##_a_i) \
    ROW(id##_x_s) ROW(id##_x_a) ROW(id##_x_i) ROW(id##_k_s) ROW(id##_k_a) ROW(id##_k_i) \
    ROW(id##_h_s) ROW(id##_h_a) ROW(id##_h_i) ROW(id##_i_s) ROW(id##_i_a) ROW(id##_i_i)
    ROP_STORE(ROWS)
#undef ROWS
#define ROWS(id, type, in, lg) ROW(id##_s) ROW(id##_a) ROW(id##_x) ROW(id##_k) ROW(id##_h) ROW(id##_i)
    ROP_FSTORE(ROWS)
#undef ROWS
#define ROWS(id, in) ROW(id##_ss) ROW(id##_as) ROW(id##_si) ROW(id##_ai)
    ROP_BR(ROWS)
#undef ROWS
#define ROWS(id) ROW(id##_s) ROW(id##_i)
    ROP_LATCH(ROWS)
#undef ROWS
#define ROWS(id, out, ends) ROW(id)
    ROP_ONE(ROWS)
#undef ROWS
};
/* clang-format on */

const void *interp_handler(uint32_t op)
{
    return (const void *)(uintptr_t)handlers[op];
}

void interp_execute(struct interp *x)
{
#ifdef INTERP_TAIL_CALLS
    handlers[R_CALL](x->start, x->stack, x->mem_base, 0, x->gas, x, 0, 0);
#else
    struct interp_state state = {x->start, x->stack, x->mem_base, 0, x->gas, x, 0, 0};

    while (state.ip_)
        ((interp_fn *)(uintptr_t)state.ip_->handler)(&state);
#endif
}
