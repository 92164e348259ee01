/* rop.h - the instructions of the register form (code.h), one table.
 *
 * A family gives every operation its variants by operand mode; the variants of one
 * operation have consecutive numbers, so lowering computes base + mode.  Letters
 * as in code.h: s slot, a accumulator, i immediate, n result in the accumulator only.
 *
 * Families, and where operands are:
 *   BIN    c = a op b      ss as sa si ai is ia, each also with n; the immediate is lo for
 *                          32-bit operands, imm for 64-bit ones
 *   UN     c = op a        s a, each also with n
 *   LOAD   c = mem[ea]     ea = (address + hi modulo 2^32) + lo, where address is
 *                          i: 0   s: a   x: a + b   k: a + (b << size)   h: b << size,
 *                          with the letters of a and b; each also with n
 *   STORE  mem[ea] = c     address i s a x k h (slots but for a), value s a or i (c itself,
 *                          signed)
 *   FSTORE as STORE, value from the float accumulator
 *   BR     if (a op b) ip += hi bytes; ss as si ai, immediate lo (sign-extended for i64;
 *                          for f64 the bits of an equal f32)
 *   LATCH  a += c (signed); if (a op b) ip += hi bytes; bound s: slot b, i: lo
 *   ONE    no variants; described where it is listed */
#ifndef WASM_ROP_H
#define WASM_ROP_H

#include <stdint.h>

enum { BIN_SS, BIN_AS, BIN_SA, BIN_SI, BIN_AI, BIN_IS, BIN_IA }; /* times 2, plus n */
enum { UN_S, UN_A };                                             /* times 2, plus n */
enum {
    LOAD_S,
    LOAD_A,
    LOAD_X_SS,
    LOAD_X_AS,
    LOAD_K_SS,
    LOAD_K_SA,
    LOAD_K_AS,
    LOAD_H_S,
    LOAD_H_A,
    LOAD_I
};                                                             /* times 2, plus n */
enum { STORE_S, STORE_A, STORE_X, STORE_K, STORE_H, STORE_I }; /* times 3, plus: */
enum { STORE_VALUE_S, STORE_VALUE_A, STORE_VALUE_I };
enum { BR_SS, BR_AS, BR_SI, BR_AI };
enum { LATCH_S, LATCH_I };

/* The accumulator a result goes to, and the class of an operand. */
enum rop_class { CLASS_I32, CLASS_I64, CLASS_F32, CLASS_F64, CLASS_NONE };

/* clang-format off */
#define ROP_CMP_INT(X, T) \
    X(T##_EQ, T, I32) X(T##_NE, T, I32) X(T##_LT_S, T, I32) X(T##_LT_U, T, I32) \
    X(T##_GT_S, T, I32) X(T##_GT_U, T, I32) X(T##_LE_S, T, I32) X(T##_LE_U, T, I32) \
    X(T##_GE_S, T, I32) X(T##_GE_U, T, I32)
#define ROP_CMP_FLOAT(X, T) \
    X(T##_EQ, T, I32) X(T##_NE, T, I32) X(T##_LT, T, I32) X(T##_GT, T, I32) \
    X(T##_LE, T, I32) X(T##_GE, T, I32)
#define ROP_ALU_INT(X, T) \
    X(T##_ADD, T, T) X(T##_SUB, T, T) X(T##_MUL, T, T) X(T##_DIV_S, T, T) X(T##_DIV_U, T, T) \
    X(T##_REM_S, T, T) X(T##_REM_U, T, T) X(T##_AND, T, T) X(T##_OR, T, T) X(T##_XOR, T, T) \
    X(T##_SHL, T, T) X(T##_SHR_S, T, T) X(T##_SHR_U, T, T) X(T##_ROTL, T, T) X(T##_ROTR, T, T)
#define ROP_ALU_FLOAT(X, T) \
    X(T##_ADD, T, T) X(T##_SUB, T, T) X(T##_MUL, T, T) X(T##_DIV, T, T) X(T##_MIN, T, T) \
    X(T##_MAX, T, T) X(T##_COPYSIGN, T, T)
/* In the order of the source opcodes: 0x46.., 0x51.., 0x5b.., 0x61.., then the arithmetic. */
#define ROP_BIN(X) \
    ROP_CMP_INT(X, I32) ROP_CMP_INT(X, I64) ROP_CMP_FLOAT(X, F32) ROP_CMP_FLOAT(X, F64) \
    ROP_ALU_INT(X, I32) ROP_ALU_INT(X, I64) ROP_ALU_FLOAT(X, F32) ROP_ALU_FLOAT(X, F64)

#define ROP_UN_FLOAT(X, T) \
    X(T##_ABS, T, T) X(T##_NEG, T, T) X(T##_CEIL, T, T) X(T##_FLOOR, T, T) X(T##_TRUNC, T, T) \
    X(T##_NEAREST, T, T) X(T##_SQRT, T, T)
#define ROP_UN(X) \
    X(I32_CLZ, I32, I32) X(I32_CTZ, I32, I32) X(I32_POPCNT, I32, I32) \
    X(I64_CLZ, I64, I64) X(I64_CTZ, I64, I64) X(I64_POPCNT, I64, I64) \
    ROP_UN_FLOAT(X, F32) ROP_UN_FLOAT(X, F64) \
    X(I32_WRAP_I64, I64, I32) \
    X(I32_TRUNC_F32_S, F32, I32) X(I32_TRUNC_F32_U, F32, I32) \
    X(I32_TRUNC_F64_S, F64, I32) X(I32_TRUNC_F64_U, F64, I32) \
    X(I64_EXTEND_I32_S, I32, I64) \
    X(I64_TRUNC_F32_S, F32, I64) X(I64_TRUNC_F32_U, F32, I64) \
    X(I64_TRUNC_F64_S, F64, I64) X(I64_TRUNC_F64_U, F64, I64) \
    X(F32_CONVERT_I32_S, I32, F32) X(F32_CONVERT_I32_U, I32, F32) \
    X(F32_CONVERT_I64_S, I64, F32) X(F32_CONVERT_I64_U, I64, F32) \
    X(F32_DEMOTE_F64, F64, F32) \
    X(F64_CONVERT_I32_S, I32, F64) X(F64_CONVERT_I32_U, I32, F64) \
    X(F64_CONVERT_I64_S, I64, F64) X(F64_CONVERT_I64_U, I64, F64) \
    X(F64_PROMOTE_F32, F32, F64) \
    X(I32_EXTEND8_S, I32, I32) X(I32_EXTEND16_S, I32, I32) \
    X(I64_EXTEND8_S, I64, I64) X(I64_EXTEND16_S, I64, I64) X(I64_EXTEND32_S, I64, I64) \
    X(I32_TRUNC_SAT_F32_S, F32, I32) X(I32_TRUNC_SAT_F32_U, F32, I32) \
    X(I32_TRUNC_SAT_F64_S, F64, I32) X(I32_TRUNC_SAT_F64_U, F64, I32) \
    X(I64_TRUNC_SAT_F32_S, F32, I64) X(I64_TRUNC_SAT_F32_U, F32, I64) \
    X(I64_TRUNC_SAT_F64_S, F64, I64) X(I64_TRUNC_SAT_F64_U, F64, I64)

/* Zero-extending loads serve i32 and i64 alike.  X(id, C type, result, log2 of bytes) */
#define ROP_LOAD(X) \
    X(LOAD32, uint32_t, I32, 2) X(LOAD64, uint64_t, I64, 3) \
    X(LOADF32, float, F32, 2) X(LOADF64, double, F64, 3) \
    X(LOAD8_S32, int8_t, I32, 0) X(LOAD8_U, uint8_t, I32, 0) \
    X(LOAD16_S32, int16_t, I32, 1) X(LOAD16_U, uint16_t, I32, 1) \
    X(LOAD8_S64, int8_t, I64, 0) X(LOAD16_S64, int16_t, I64, 1) X(LOAD32_S64, int32_t, I64, 2)
#define ROP_STORE(X) \
    X(STORE8, uint8_t, 0) X(STORE16, uint16_t, 1) X(STORE32, uint32_t, 2) X(STORE64, uint64_t, 3)
#define ROP_FSTORE(X) X(STOREF32, float, F32, 2) X(STOREF64, double, F64, 3)

/* NLT is !(a < b), which with NaN is not a >= b. */
#define ROP_BR_FLOAT(X, T) \
    X(BR_##T##_NLT, T) X(BR_##T##_NGT, T) X(BR_##T##_NLE, T) X(BR_##T##_NGE, T)
#define ROP_BR(X) \
    X(BR_I32_EQ, I32) X(BR_I32_NE, I32) X(BR_I32_LT_S, I32) X(BR_I32_LT_U, I32) \
    X(BR_I32_GT_S, I32) X(BR_I32_GT_U, I32) X(BR_I32_LE_S, I32) X(BR_I32_LE_U, I32) \
    X(BR_I32_GE_S, I32) X(BR_I32_GE_U, I32) \
    X(BR_I64_EQ, I64) X(BR_I64_NE, I64) X(BR_I64_LT_S, I64) X(BR_I64_LT_U, I64) \
    X(BR_I64_GT_S, I64) X(BR_I64_GT_U, I64) X(BR_I64_LE_S, I64) X(BR_I64_LE_U, I64) \
    X(BR_I64_GE_S, I64) X(BR_I64_GE_U, I64) \
    X(BR_F32_EQ, F32) X(BR_F32_NE, F32) X(BR_F32_LT, F32) X(BR_F32_GT, F32) \
    X(BR_F32_LE, F32) X(BR_F32_GE, F32) \
    X(BR_F64_EQ, F64) X(BR_F64_NE, F64) X(BR_F64_LT, F64) X(BR_F64_GT, F64) \
    X(BR_F64_LE, F64) X(BR_F64_GE, F64) \
    ROP_BR_FLOAT(X, F32) ROP_BR_FLOAT(X, F64)

#define ROP_LATCH(X) \
    X(LATCH_EQ) X(LATCH_NE) X(LATCH_LT_S) X(LATCH_LT_U) X(LATCH_GT_S) X(LATCH_GT_U) \
    X(LATCH_LE_S) X(LATCH_LE_U) X(LATCH_GE_S) X(LATCH_GE_U)

/* X(id, class of the result in c, ends a strip) */
#define ROP_ONE(X) \
    X(MOVE, NONE, 0)          /* c = a; accumulators kept, as by MOVE2, MOVE_N and CONST */ \
    X(MOVE2, NONE, 0)         /* c = a, then c+1 = b */ \
    X(MOVE_N, NONE, 0)        /* lo slots from a to c, ascending, c <= a */ \
    X(CONST, NONE, 0)         /* c = imm */ \
    X(SELECT_S, I64, 0)       /* c = slot lo (low 32 bits) ? a : b */ \
    X(SELECT_A, I64, 0)       /* the same, condition in the accumulator */ \
    X(GLOBAL_GET, I64, 0)     /* c = global lo */ \
    X(GLOBAL_GET_N, I64, 0) \
    X(GLOBAL_SET_S, NONE, 0)  /* global lo = a */ \
    X(GLOBAL_SET_A, NONE, 0) \
    X(REF_FUNC, I64, 0)       /* c = reference to function lo */ \
    X(MEMORY_SIZE, I32, 0)    /* c = pages */ \
    X(TABLE_GET, I64, 0)      /* c = table lo [a] */ \
    X(TABLE_SET, NONE, 0)     /* table lo [a] = b */ \
    X(TABLE_SIZE, I32, 0)     /* c = entries of table lo */ \
    X(DATA_DROP, NONE, 0)     /* segment lo */ \
    X(ELEM_DROP, NONE, 0) \
    X(MEMORY_GROW, NONE, 1)   /* slot a in and out */ \
    X(MEMORY_COPY, NONE, 1)   /* slots a, a+1, a+2: destination, source, count */ \
    X(MEMORY_FILL, NONE, 1)   /* destination, value, count */ \
    X(MEMORY_INIT, NONE, 1)   /* destination, source, count; segment lo */ \
    X(TABLE_GROW, NONE, 1)    /* slot a value in, old size out; a+1 count; table lo */ \
    X(TABLE_FILL, NONE, 1)    /* destination, value, count; table lo */ \
    X(TABLE_COPY, NONE, 1)    /* destination, source, count; tables lo, hi */ \
    X(TABLE_INIT, NONE, 1)    /* destination, source, count; segment lo, table hi */ \
    X(UNREACHABLE, NONE, 1) \
    X(CHARGE, NONE, 1)        /* goes on with the next strip: a strip's gas fits 16 bits */ \
    X(JUMP, NONE, 1)          /* ip += hi bytes */ \
    X(BR_TABLE_S, NONE, 1)    /* slot a; lo targets and a default follow as JUMPs */ \
    X(BR_TABLE_A, NONE, 1) \
    X(CALL, NONE, 1)          /* imm: struct func_code; c: the callee's first slot */ \
    X(CALL_IMPORT, NONE, 1)   /* lo: function index; c likewise */ \
    X(CALL_INDIRECT, NONE, 1) /* slot a: index; lo: type, hi: table; c likewise */ \
    X(RET0, NONE, 1)          /* b: number of parameters, where the return record lies */ \
    X(RET1_S, NONE, 1)        /* slot a */ \
    X(RET1_A, NONE, 1)        /* integer accumulator */ \
    X(RET1_F32, NONE, 1)      /* float accumulators */ \
    X(RET1_F64, NONE, 1) \
    X(RET1_I, NONE, 1)        /* imm */ \
    X(RET_N, NONE, 1)         /* lo slots from a */ \
    X(LEAVE, NONE, 1)         /* the interpreter's own: back to the host */ \
    X(RETURN_ACROSS, NONE, 1) /* back to the caller's instance */ \
    X(STOP_GAS, NONE, 1)      /* end of a strip that is only partly paid */

enum rop {
#define X(id, in, out) \
    R_##id, R_##id##_ss = R_##id, R_##id##_ss_n, R_##id##_as, R_##id##_as_n, R_##id##_sa, \
    R_##id##_sa_n, R_##id##_si, R_##id##_si_n, R_##id##_ai, R_##id##_ai_n, R_##id##_is, \
    R_##id##_is_n, R_##id##_ia, R_##id##_ia_n,
    ROP_BIN(X)
#undef X
#define X(id, in, out) R_##id, R_##id##_s = R_##id, R_##id##_s_n, R_##id##_a, R_##id##_a_n,
    ROP_UN(X)
#undef X
#define X(id, type, out, lg) \
    R_##id, R_##id##_s = R_##id, R_##id##_s_n, R_##id##_a, R_##id##_a_n, R_##id##_x_ss, \
    R_##id##_x_ss_n, R_##id##_x_as, R_##id##_x_as_n, R_##id##_k_ss, R_##id##_k_ss_n, \
    R_##id##_k_sa, R_##id##_k_sa_n, R_##id##_k_as, R_##id##_k_as_n, R_##id##_h_s, \
    R_##id##_h_s_n, R_##id##_h_a, R_##id##_h_a_n, R_##id##_i, R_##id##_i_n,
    ROP_LOAD(X)
#undef X
#define X(id, type, lg) \
    R_##id, R_##id##_s_s = R_##id, R_##id##_s_a, R_##id##_s_i, R_##id##_a_s, R_##id##_a_a, \
    R_##id##_a_i, R_##id##_x_s, R_##id##_x_a, R_##id##_x_i, R_##id##_k_s, R_##id##_k_a, R_##id##_k_i, R_##id##_h_s, R_##id##_h_a, R_##id##_h_i, \
    R_##id##_i_s, R_##id##_i_a, R_##id##_i_i,
    ROP_STORE(X)
#undef X
#define X(id, type, in, lg) \
    R_##id, R_##id##_s = R_##id, R_##id##_a, R_##id##_x, R_##id##_k, R_##id##_h, R_##id##_i,
    ROP_FSTORE(X)
#undef X
#define X(id, in) R_##id, R_##id##_ss = R_##id, R_##id##_as, R_##id##_si, R_##id##_ai,
    ROP_BR(X)
#undef X
#define X(id) R_##id, R_##id##_s = R_##id, R_##id##_i,
    ROP_LATCH(X)
#undef X
#define X(id, out, ends) R_##id,
    ROP_ONE(X)
#undef X
    ROP_COUNT
};
/* clang-format on */

enum rop_family {
    FAMILY_BIN,
    FAMILY_UN,
    FAMILY_LOAD,
    FAMILY_STORE,
    FAMILY_FSTORE,
    FAMILY_BR,
    FAMILY_LATCH,
    FAMILY_ONE
};

struct rop_info {
    const char *text; /* e.g. "I32_ADD_si_n" */
    uint16_t base;    /* first variant of the operation */
    uint8_t family;   /* enum rop_family */
    uint8_t out;      /* enum rop_class; CLASS_NONE when no single result goes to c */
    uint8_t in;       /* BIN, UN, BR */
    uint8_t ends_strip;
};

extern const struct rop_info rop_info[ROP_COUNT];

#endif
