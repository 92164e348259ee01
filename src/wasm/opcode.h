/* opcode.h - every instruction of WebAssembly 2.0 without SIMD, in one table.
 *
 * X(id, code, text, immediates, signature, gas, natural alignment)
 *   code       the opcode byte, or 0x100 + n for the prefixed opcode 0xfc n
 *   signature  "operands:results", the top of the stack last, i = i32, I = i64,
 *              f = f32, F = f64; NULL where the type depends on context
 *   gas        static weight, version 1 (docs/gas.md); memory.grow and the bulk
 *              instructions add a dynamic part
 *   alignment  log2 of the bytes a memory instruction touches; 0 elsewhere
 * Source: WebAssembly Core Specification 2.0, section 5.4. */
#ifndef WASM_OPCODE_H
#define WASM_OPCODE_H

#include <stddef.h>
#include <stdint.h>

#define GAS_WEIGHTS_VERSION 1

/* What follows the opcode; every index is a LEB128 u32. */
enum imm_kind {
    IMM_NONE,
    IMM_BLOCK,         /* block type: empty, one value type, or a type index (s33) */
    IMM_LABEL,         /* relative depth */
    IMM_LABELS,        /* vector of depths, then the default */
    IMM_FUNC,          /* function */
    IMM_TYPE_TABLE,    /* type, then table */
    IMM_TYPES,         /* vector of value types */
    IMM_LOCAL,         /* local */
    IMM_GLOBAL,        /* global */
    IMM_TABLE,         /* table */
    IMM_MEMARG,        /* alignment exponent, then offset */
    IMM_MEMORY,        /* one zero byte */
    IMM_I32,           /* signed LEB128 */
    IMM_I64,           /* signed LEB128 */
    IMM_F32,           /* 4 bytes */
    IMM_F64,           /* 8 bytes */
    IMM_REF_TYPE,      /* reference type */
    IMM_DATA_MEMORY,   /* data segment, then one zero byte */
    IMM_DATA,          /* data segment */
    IMM_MEMORY_MEMORY, /* two zero bytes: destination, source */
    IMM_ELEM_TABLE,    /* element segment, then table */
    IMM_ELEM,          /* element segment */
    IMM_TABLE_TABLE,   /* destination table, then source table */
};

/* clang-format off */
#define WASM_OPCODES(X) \
    X(OP_UNREACHABLE, 0x00, "unreachable", IMM_NONE, NULL, 1, 0)                    \
    X(OP_NOP, 0x01, "nop", IMM_NONE, ":", 0, 0)                                     \
    X(OP_BLOCK, 0x02, "block", IMM_BLOCK, NULL, 0, 0)                               \
    X(OP_LOOP, 0x03, "loop", IMM_BLOCK, NULL, 0, 0)                                 \
    X(OP_IF, 0x04, "if", IMM_BLOCK, NULL, 1, 0)                                     \
    X(OP_ELSE, 0x05, "else", IMM_NONE, NULL, 0, 0)                                  \
    X(OP_END, 0x0b, "end", IMM_NONE, NULL, 0, 0)                                    \
    X(OP_BR, 0x0c, "br", IMM_LABEL, NULL, 1, 0)                                     \
    X(OP_BR_IF, 0x0d, "br_if", IMM_LABEL, NULL, 1, 0)                               \
    X(OP_BR_TABLE, 0x0e, "br_table", IMM_LABELS, NULL, 1, 0)                        \
    X(OP_RETURN, 0x0f, "return", IMM_NONE, NULL, 1, 0)                              \
    X(OP_CALL, 0x10, "call", IMM_FUNC, NULL, 1, 0)                                  \
    X(OP_CALL_INDIRECT, 0x11, "call_indirect", IMM_TYPE_TABLE, NULL, 1, 0)          \
    X(OP_DROP, 0x1a, "drop", IMM_NONE, NULL, 1, 0)                                  \
    X(OP_SELECT, 0x1b, "select", IMM_NONE, NULL, 1, 0)                              \
    X(OP_SELECT_T, 0x1c, "select", IMM_TYPES, NULL, 1, 0)                           \
    X(OP_LOCAL_GET, 0x20, "local.get", IMM_LOCAL, NULL, 1, 0)                       \
    X(OP_LOCAL_SET, 0x21, "local.set", IMM_LOCAL, NULL, 1, 0)                       \
    X(OP_LOCAL_TEE, 0x22, "local.tee", IMM_LOCAL, NULL, 1, 0)                       \
    X(OP_GLOBAL_GET, 0x23, "global.get", IMM_GLOBAL, NULL, 1, 0)                    \
    X(OP_GLOBAL_SET, 0x24, "global.set", IMM_GLOBAL, NULL, 1, 0)                    \
    X(OP_TABLE_GET, 0x25, "table.get", IMM_TABLE, NULL, 1, 0)                       \
    X(OP_TABLE_SET, 0x26, "table.set", IMM_TABLE, NULL, 1, 0)                       \
    X(OP_I32_LOAD, 0x28, "i32.load", IMM_MEMARG, "i:i", 1, 2)                       \
    X(OP_I64_LOAD, 0x29, "i64.load", IMM_MEMARG, "i:I", 1, 3)                       \
    X(OP_F32_LOAD, 0x2a, "f32.load", IMM_MEMARG, "i:f", 1, 2)                       \
    X(OP_F64_LOAD, 0x2b, "f64.load", IMM_MEMARG, "i:F", 1, 3)                       \
    X(OP_I32_LOAD8_S, 0x2c, "i32.load8_s", IMM_MEMARG, "i:i", 1, 0)                 \
    X(OP_I32_LOAD8_U, 0x2d, "i32.load8_u", IMM_MEMARG, "i:i", 1, 0)                 \
    X(OP_I32_LOAD16_S, 0x2e, "i32.load16_s", IMM_MEMARG, "i:i", 1, 1)               \
    X(OP_I32_LOAD16_U, 0x2f, "i32.load16_u", IMM_MEMARG, "i:i", 1, 1)               \
    X(OP_I64_LOAD8_S, 0x30, "i64.load8_s", IMM_MEMARG, "i:I", 1, 0)                 \
    X(OP_I64_LOAD8_U, 0x31, "i64.load8_u", IMM_MEMARG, "i:I", 1, 0)                 \
    X(OP_I64_LOAD16_S, 0x32, "i64.load16_s", IMM_MEMARG, "i:I", 1, 1)               \
    X(OP_I64_LOAD16_U, 0x33, "i64.load16_u", IMM_MEMARG, "i:I", 1, 1)               \
    X(OP_I64_LOAD32_S, 0x34, "i64.load32_s", IMM_MEMARG, "i:I", 1, 2)               \
    X(OP_I64_LOAD32_U, 0x35, "i64.load32_u", IMM_MEMARG, "i:I", 1, 2)               \
    X(OP_I32_STORE, 0x36, "i32.store", IMM_MEMARG, "ii:", 1, 2)                     \
    X(OP_I64_STORE, 0x37, "i64.store", IMM_MEMARG, "iI:", 1, 3)                     \
    X(OP_F32_STORE, 0x38, "f32.store", IMM_MEMARG, "if:", 1, 2)                     \
    X(OP_F64_STORE, 0x39, "f64.store", IMM_MEMARG, "iF:", 1, 3)                     \
    X(OP_I32_STORE8, 0x3a, "i32.store8", IMM_MEMARG, "ii:", 1, 0)                   \
    X(OP_I32_STORE16, 0x3b, "i32.store16", IMM_MEMARG, "ii:", 1, 1)                 \
    X(OP_I64_STORE8, 0x3c, "i64.store8", IMM_MEMARG, "iI:", 1, 0)                   \
    X(OP_I64_STORE16, 0x3d, "i64.store16", IMM_MEMARG, "iI:", 1, 1)                 \
    X(OP_I64_STORE32, 0x3e, "i64.store32", IMM_MEMARG, "iI:", 1, 2)                 \
    X(OP_MEMORY_SIZE, 0x3f, "memory.size", IMM_MEMORY, ":i", 1, 0)                  \
    X(OP_MEMORY_GROW, 0x40, "memory.grow", IMM_MEMORY, "i:i", 1, 0)                 \
    X(OP_I32_CONST, 0x41, "i32.const", IMM_I32, ":i", 1, 0)                         \
    X(OP_I64_CONST, 0x42, "i64.const", IMM_I64, ":I", 1, 0)                         \
    X(OP_F32_CONST, 0x43, "f32.const", IMM_F32, ":f", 1, 0)                         \
    X(OP_F64_CONST, 0x44, "f64.const", IMM_F64, ":F", 1, 0)                         \
    X(OP_I32_EQZ, 0x45, "i32.eqz", IMM_NONE, "i:i", 1, 0)                           \
    X(OP_I32_EQ, 0x46, "i32.eq", IMM_NONE, "ii:i", 1, 0)                            \
    X(OP_I32_NE, 0x47, "i32.ne", IMM_NONE, "ii:i", 1, 0)                            \
    X(OP_I32_LT_S, 0x48, "i32.lt_s", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_LT_U, 0x49, "i32.lt_u", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_GT_S, 0x4a, "i32.gt_s", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_GT_U, 0x4b, "i32.gt_u", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_LE_S, 0x4c, "i32.le_s", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_LE_U, 0x4d, "i32.le_u", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_GE_S, 0x4e, "i32.ge_s", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_GE_U, 0x4f, "i32.ge_u", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I64_EQZ, 0x50, "i64.eqz", IMM_NONE, "I:i", 1, 0)                           \
    X(OP_I64_EQ, 0x51, "i64.eq", IMM_NONE, "II:i", 1, 0)                            \
    X(OP_I64_NE, 0x52, "i64.ne", IMM_NONE, "II:i", 1, 0)                            \
    X(OP_I64_LT_S, 0x53, "i64.lt_s", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_I64_LT_U, 0x54, "i64.lt_u", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_I64_GT_S, 0x55, "i64.gt_s", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_I64_GT_U, 0x56, "i64.gt_u", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_I64_LE_S, 0x57, "i64.le_s", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_I64_LE_U, 0x58, "i64.le_u", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_I64_GE_S, 0x59, "i64.ge_s", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_I64_GE_U, 0x5a, "i64.ge_u", IMM_NONE, "II:i", 1, 0)                        \
    X(OP_F32_EQ, 0x5b, "f32.eq", IMM_NONE, "ff:i", 1, 0)                            \
    X(OP_F32_NE, 0x5c, "f32.ne", IMM_NONE, "ff:i", 1, 0)                            \
    X(OP_F32_LT, 0x5d, "f32.lt", IMM_NONE, "ff:i", 1, 0)                            \
    X(OP_F32_GT, 0x5e, "f32.gt", IMM_NONE, "ff:i", 1, 0)                            \
    X(OP_F32_LE, 0x5f, "f32.le", IMM_NONE, "ff:i", 1, 0)                            \
    X(OP_F32_GE, 0x60, "f32.ge", IMM_NONE, "ff:i", 1, 0)                            \
    X(OP_F64_EQ, 0x61, "f64.eq", IMM_NONE, "FF:i", 1, 0)                            \
    X(OP_F64_NE, 0x62, "f64.ne", IMM_NONE, "FF:i", 1, 0)                            \
    X(OP_F64_LT, 0x63, "f64.lt", IMM_NONE, "FF:i", 1, 0)                            \
    X(OP_F64_GT, 0x64, "f64.gt", IMM_NONE, "FF:i", 1, 0)                            \
    X(OP_F64_LE, 0x65, "f64.le", IMM_NONE, "FF:i", 1, 0)                            \
    X(OP_F64_GE, 0x66, "f64.ge", IMM_NONE, "FF:i", 1, 0)                            \
    X(OP_I32_CLZ, 0x67, "i32.clz", IMM_NONE, "i:i", 1, 0)                           \
    X(OP_I32_CTZ, 0x68, "i32.ctz", IMM_NONE, "i:i", 1, 0)                           \
    X(OP_I32_POPCNT, 0x69, "i32.popcnt", IMM_NONE, "i:i", 1, 0)                     \
    X(OP_I32_ADD, 0x6a, "i32.add", IMM_NONE, "ii:i", 1, 0)                          \
    X(OP_I32_SUB, 0x6b, "i32.sub", IMM_NONE, "ii:i", 1, 0)                          \
    X(OP_I32_MUL, 0x6c, "i32.mul", IMM_NONE, "ii:i", 1, 0)                          \
    X(OP_I32_DIV_S, 0x6d, "i32.div_s", IMM_NONE, "ii:i", 1, 0)                      \
    X(OP_I32_DIV_U, 0x6e, "i32.div_u", IMM_NONE, "ii:i", 1, 0)                      \
    X(OP_I32_REM_S, 0x6f, "i32.rem_s", IMM_NONE, "ii:i", 1, 0)                      \
    X(OP_I32_REM_U, 0x70, "i32.rem_u", IMM_NONE, "ii:i", 1, 0)                      \
    X(OP_I32_AND, 0x71, "i32.and", IMM_NONE, "ii:i", 1, 0)                          \
    X(OP_I32_OR, 0x72, "i32.or", IMM_NONE, "ii:i", 1, 0)                            \
    X(OP_I32_XOR, 0x73, "i32.xor", IMM_NONE, "ii:i", 1, 0)                          \
    X(OP_I32_SHL, 0x74, "i32.shl", IMM_NONE, "ii:i", 1, 0)                          \
    X(OP_I32_SHR_S, 0x75, "i32.shr_s", IMM_NONE, "ii:i", 1, 0)                      \
    X(OP_I32_SHR_U, 0x76, "i32.shr_u", IMM_NONE, "ii:i", 1, 0)                      \
    X(OP_I32_ROTL, 0x77, "i32.rotl", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I32_ROTR, 0x78, "i32.rotr", IMM_NONE, "ii:i", 1, 0)                        \
    X(OP_I64_CLZ, 0x79, "i64.clz", IMM_NONE, "I:I", 1, 0)                           \
    X(OP_I64_CTZ, 0x7a, "i64.ctz", IMM_NONE, "I:I", 1, 0)                           \
    X(OP_I64_POPCNT, 0x7b, "i64.popcnt", IMM_NONE, "I:I", 1, 0)                     \
    X(OP_I64_ADD, 0x7c, "i64.add", IMM_NONE, "II:I", 1, 0)                          \
    X(OP_I64_SUB, 0x7d, "i64.sub", IMM_NONE, "II:I", 1, 0)                          \
    X(OP_I64_MUL, 0x7e, "i64.mul", IMM_NONE, "II:I", 1, 0)                          \
    X(OP_I64_DIV_S, 0x7f, "i64.div_s", IMM_NONE, "II:I", 1, 0)                      \
    X(OP_I64_DIV_U, 0x80, "i64.div_u", IMM_NONE, "II:I", 1, 0)                      \
    X(OP_I64_REM_S, 0x81, "i64.rem_s", IMM_NONE, "II:I", 1, 0)                      \
    X(OP_I64_REM_U, 0x82, "i64.rem_u", IMM_NONE, "II:I", 1, 0)                      \
    X(OP_I64_AND, 0x83, "i64.and", IMM_NONE, "II:I", 1, 0)                          \
    X(OP_I64_OR, 0x84, "i64.or", IMM_NONE, "II:I", 1, 0)                            \
    X(OP_I64_XOR, 0x85, "i64.xor", IMM_NONE, "II:I", 1, 0)                          \
    X(OP_I64_SHL, 0x86, "i64.shl", IMM_NONE, "II:I", 1, 0)                          \
    X(OP_I64_SHR_S, 0x87, "i64.shr_s", IMM_NONE, "II:I", 1, 0)                      \
    X(OP_I64_SHR_U, 0x88, "i64.shr_u", IMM_NONE, "II:I", 1, 0)                      \
    X(OP_I64_ROTL, 0x89, "i64.rotl", IMM_NONE, "II:I", 1, 0)                        \
    X(OP_I64_ROTR, 0x8a, "i64.rotr", IMM_NONE, "II:I", 1, 0)                        \
    X(OP_F32_ABS, 0x8b, "f32.abs", IMM_NONE, "f:f", 1, 0)                           \
    X(OP_F32_NEG, 0x8c, "f32.neg", IMM_NONE, "f:f", 1, 0)                           \
    X(OP_F32_CEIL, 0x8d, "f32.ceil", IMM_NONE, "f:f", 2, 0)                         \
    X(OP_F32_FLOOR, 0x8e, "f32.floor", IMM_NONE, "f:f", 2, 0)                       \
    X(OP_F32_TRUNC, 0x8f, "f32.trunc", IMM_NONE, "f:f", 2, 0)                       \
    X(OP_F32_NEAREST, 0x90, "f32.nearest", IMM_NONE, "f:f", 2, 0)                   \
    X(OP_F32_SQRT, 0x91, "f32.sqrt", IMM_NONE, "f:f", 8, 0)                         \
    X(OP_F32_ADD, 0x92, "f32.add", IMM_NONE, "ff:f", 2, 0)                          \
    X(OP_F32_SUB, 0x93, "f32.sub", IMM_NONE, "ff:f", 2, 0)                          \
    X(OP_F32_MUL, 0x94, "f32.mul", IMM_NONE, "ff:f", 2, 0)                          \
    X(OP_F32_DIV, 0x95, "f32.div", IMM_NONE, "ff:f", 8, 0)                          \
    X(OP_F32_MIN, 0x96, "f32.min", IMM_NONE, "ff:f", 2, 0)                          \
    X(OP_F32_MAX, 0x97, "f32.max", IMM_NONE, "ff:f", 2, 0)                          \
    X(OP_F32_COPYSIGN, 0x98, "f32.copysign", IMM_NONE, "ff:f", 1, 0)                \
    X(OP_F64_ABS, 0x99, "f64.abs", IMM_NONE, "F:F", 1, 0)                           \
    X(OP_F64_NEG, 0x9a, "f64.neg", IMM_NONE, "F:F", 1, 0)                           \
    X(OP_F64_CEIL, 0x9b, "f64.ceil", IMM_NONE, "F:F", 2, 0)                         \
    X(OP_F64_FLOOR, 0x9c, "f64.floor", IMM_NONE, "F:F", 2, 0)                       \
    X(OP_F64_TRUNC, 0x9d, "f64.trunc", IMM_NONE, "F:F", 2, 0)                       \
    X(OP_F64_NEAREST, 0x9e, "f64.nearest", IMM_NONE, "F:F", 2, 0)                   \
    X(OP_F64_SQRT, 0x9f, "f64.sqrt", IMM_NONE, "F:F", 8, 0)                         \
    X(OP_F64_ADD, 0xa0, "f64.add", IMM_NONE, "FF:F", 2, 0)                          \
    X(OP_F64_SUB, 0xa1, "f64.sub", IMM_NONE, "FF:F", 2, 0)                          \
    X(OP_F64_MUL, 0xa2, "f64.mul", IMM_NONE, "FF:F", 2, 0)                          \
    X(OP_F64_DIV, 0xa3, "f64.div", IMM_NONE, "FF:F", 8, 0)                          \
    X(OP_F64_MIN, 0xa4, "f64.min", IMM_NONE, "FF:F", 2, 0)                          \
    X(OP_F64_MAX, 0xa5, "f64.max", IMM_NONE, "FF:F", 2, 0)                          \
    X(OP_F64_COPYSIGN, 0xa6, "f64.copysign", IMM_NONE, "FF:F", 1, 0)                \
    X(OP_I32_WRAP_I64, 0xa7, "i32.wrap_i64", IMM_NONE, "I:i", 1, 0)                 \
    X(OP_I32_TRUNC_F32_S, 0xa8, "i32.trunc_f32_s", IMM_NONE, "f:i", 2, 0)           \
    X(OP_I32_TRUNC_F32_U, 0xa9, "i32.trunc_f32_u", IMM_NONE, "f:i", 2, 0)           \
    X(OP_I32_TRUNC_F64_S, 0xaa, "i32.trunc_f64_s", IMM_NONE, "F:i", 2, 0)           \
    X(OP_I32_TRUNC_F64_U, 0xab, "i32.trunc_f64_u", IMM_NONE, "F:i", 2, 0)           \
    X(OP_I64_EXTEND_I32_S, 0xac, "i64.extend_i32_s", IMM_NONE, "i:I", 1, 0)         \
    X(OP_I64_EXTEND_I32_U, 0xad, "i64.extend_i32_u", IMM_NONE, "i:I", 1, 0)         \
    X(OP_I64_TRUNC_F32_S, 0xae, "i64.trunc_f32_s", IMM_NONE, "f:I", 2, 0)           \
    X(OP_I64_TRUNC_F32_U, 0xaf, "i64.trunc_f32_u", IMM_NONE, "f:I", 2, 0)           \
    X(OP_I64_TRUNC_F64_S, 0xb0, "i64.trunc_f64_s", IMM_NONE, "F:I", 2, 0)           \
    X(OP_I64_TRUNC_F64_U, 0xb1, "i64.trunc_f64_u", IMM_NONE, "F:I", 2, 0)           \
    X(OP_F32_CONVERT_I32_S, 0xb2, "f32.convert_i32_s", IMM_NONE, "i:f", 2, 0)       \
    X(OP_F32_CONVERT_I32_U, 0xb3, "f32.convert_i32_u", IMM_NONE, "i:f", 2, 0)       \
    X(OP_F32_CONVERT_I64_S, 0xb4, "f32.convert_i64_s", IMM_NONE, "I:f", 2, 0)       \
    X(OP_F32_CONVERT_I64_U, 0xb5, "f32.convert_i64_u", IMM_NONE, "I:f", 2, 0)       \
    X(OP_F32_DEMOTE_F64, 0xb6, "f32.demote_f64", IMM_NONE, "F:f", 2, 0)             \
    X(OP_F64_CONVERT_I32_S, 0xb7, "f64.convert_i32_s", IMM_NONE, "i:F", 2, 0)       \
    X(OP_F64_CONVERT_I32_U, 0xb8, "f64.convert_i32_u", IMM_NONE, "i:F", 2, 0)       \
    X(OP_F64_CONVERT_I64_S, 0xb9, "f64.convert_i64_s", IMM_NONE, "I:F", 2, 0)       \
    X(OP_F64_CONVERT_I64_U, 0xba, "f64.convert_i64_u", IMM_NONE, "I:F", 2, 0)       \
    X(OP_F64_PROMOTE_F32, 0xbb, "f64.promote_f32", IMM_NONE, "f:F", 2, 0)           \
    X(OP_I32_REINTERPRET_F32, 0xbc, "i32.reinterpret_f32", IMM_NONE, "f:i", 1, 0)   \
    X(OP_I64_REINTERPRET_F64, 0xbd, "i64.reinterpret_f64", IMM_NONE, "F:I", 1, 0)   \
    X(OP_F32_REINTERPRET_I32, 0xbe, "f32.reinterpret_i32", IMM_NONE, "i:f", 1, 0)   \
    X(OP_F64_REINTERPRET_I64, 0xbf, "f64.reinterpret_i64", IMM_NONE, "I:F", 1, 0)   \
    X(OP_I32_EXTEND8_S, 0xc0, "i32.extend8_s", IMM_NONE, "i:i", 1, 0)               \
    X(OP_I32_EXTEND16_S, 0xc1, "i32.extend16_s", IMM_NONE, "i:i", 1, 0)             \
    X(OP_I64_EXTEND8_S, 0xc2, "i64.extend8_s", IMM_NONE, "I:I", 1, 0)               \
    X(OP_I64_EXTEND16_S, 0xc3, "i64.extend16_s", IMM_NONE, "I:I", 1, 0)             \
    X(OP_I64_EXTEND32_S, 0xc4, "i64.extend32_s", IMM_NONE, "I:I", 1, 0)             \
    X(OP_REF_NULL, 0xd0, "ref.null", IMM_REF_TYPE, NULL, 1, 0)                      \
    X(OP_REF_IS_NULL, 0xd1, "ref.is_null", IMM_NONE, NULL, 1, 0)                    \
    X(OP_REF_FUNC, 0xd2, "ref.func", IMM_FUNC, NULL, 1, 0)                          \
    X(OP_I32_TRUNC_SAT_F32_S, 0x100, "i32.trunc_sat_f32_s", IMM_NONE, "f:i", 2, 0)  \
    X(OP_I32_TRUNC_SAT_F32_U, 0x101, "i32.trunc_sat_f32_u", IMM_NONE, "f:i", 2, 0)  \
    X(OP_I32_TRUNC_SAT_F64_S, 0x102, "i32.trunc_sat_f64_s", IMM_NONE, "F:i", 2, 0)  \
    X(OP_I32_TRUNC_SAT_F64_U, 0x103, "i32.trunc_sat_f64_u", IMM_NONE, "F:i", 2, 0)  \
    X(OP_I64_TRUNC_SAT_F32_S, 0x104, "i64.trunc_sat_f32_s", IMM_NONE, "f:I", 2, 0)  \
    X(OP_I64_TRUNC_SAT_F32_U, 0x105, "i64.trunc_sat_f32_u", IMM_NONE, "f:I", 2, 0)  \
    X(OP_I64_TRUNC_SAT_F64_S, 0x106, "i64.trunc_sat_f64_s", IMM_NONE, "F:I", 2, 0)  \
    X(OP_I64_TRUNC_SAT_F64_U, 0x107, "i64.trunc_sat_f64_u", IMM_NONE, "F:I", 2, 0)  \
    X(OP_MEMORY_INIT, 0x108, "memory.init", IMM_DATA_MEMORY, "iii:", 1, 0)          \
    X(OP_DATA_DROP, 0x109, "data.drop", IMM_DATA, ":", 1, 0)                        \
    X(OP_MEMORY_COPY, 0x10a, "memory.copy", IMM_MEMORY_MEMORY, "iii:", 1, 0)        \
    X(OP_MEMORY_FILL, 0x10b, "memory.fill", IMM_MEMORY, "iii:", 1, 0)               \
    X(OP_TABLE_INIT, 0x10c, "table.init", IMM_ELEM_TABLE, "iii:", 1, 0)             \
    X(OP_ELEM_DROP, 0x10d, "elem.drop", IMM_ELEM, ":", 1, 0)                        \
    X(OP_TABLE_COPY, 0x10e, "table.copy", IMM_TABLE_TABLE, "iii:", 1, 0)            \
    X(OP_TABLE_GROW, 0x10f, "table.grow", IMM_TABLE, NULL, 1, 0)                    \
    X(OP_TABLE_SIZE, 0x110, "table.size", IMM_TABLE, ":i", 1, 0)                    \
    X(OP_TABLE_FILL, 0x111, "table.fill", IMM_TABLE, NULL, 1, 0)
/* clang-format on */

enum opcode {
#define X(id, code, text, imm, sig, gas, align) id = code,
    WASM_OPCODES(X)
#undef X
};

#define OPCODE_PREFIX_FC   0xfc /* followed by a LEB128 u32: code 0x100 + n */
#define OPCODE_PREFIX_SIMD 0xfd
#define OPCODE_COUNT       0x112

struct opcode_info {
    const char *text; /* NULL: no such opcode */
    const char *signature;
    uint8_t imm, gas, align_log2;
};

extern const struct opcode_info opcode_info[OPCODE_COUNT];

#endif
