/* zkop.h - the opcodes of the proven form: an operation and the shape of its operands.
 *
 * Derived from the register form (wasm/rop.h).  Greater-than is less-than with operands
 * exchanged, so comparisons are six and two against zero.  A shape says where operands
 * are: s slot, a accumulator, i immediate.  Slots of an instruction are named in order by
 * the code fields A, B and TOP, the last one always by TOP. */
#ifndef ZKVM_ZKOP_H
#define ZKVM_ZKOP_H

#include <stdbool.h>
#include <stdint.h>

enum zk_alu {
    ALU_ADD,
    ALU_SUB,
    ALU_MUL,
    ALU_DIV_U,
    ALU_DIV_S,
    ALU_REM_U,
    ALU_REM_S,
    ALU_AND,
    ALU_OR,
    ALU_XOR,
    ALU_SHL,
    ALU_SHR_U,
    ALU_SHR_S,
    ALU_ROTL,
    ALU_ROTR,
    ALU_EQ,
    ALU_NE,
    ALU_LT_U,
    ALU_GE_U,
    ALU_LT_S,
    ALU_GE_S,
    ALU_EQZ,
    ALU_NEZ, /* in pairs */
    ZK_ALUS
};
enum zk_shape { SHAPE_SS, SHAPE_AS, SHAPE_SA, SHAPE_SI, SHAPE_AI, SHAPE_IS, SHAPE_IA, ZK_SHAPES };
enum zk_un {
    UN_CLZ,
    UN_CTZ,
    UN_POPCNT,
    UN_EXTEND8,
    UN_EXTEND16, /* both widths */
    UN_EXTEND32,
    UN_WRAP,
    UN_EXTEND_I32,
    ZK_UNS
};
enum zk_load {
    ZLOAD_32,
    ZLOAD_64,
    ZLOAD_8_S32,
    ZLOAD_8_U,
    ZLOAD_16_S32,
    ZLOAD_16_U,
    ZLOAD_8_S64,
    ZLOAD_16_S64,
    ZLOAD_32_S64,
    ZK_LOADS
};
enum zk_address {
    ADDRESS_S,
    ADDRESS_A,
    ADDRESS_X_SS,
    ADDRESS_X_AS,
    ADDRESS_K_SS,
    ADDRESS_K_SA,
    ADDRESS_K_AS,
    ADDRESS_H_S,
    ADDRESS_H_A,
    ADDRESS_I,
    ZK_ADDRESSES
};
enum zk_store_value { STORED_S, STORED_A, STORED_I, ZK_STORED };

enum zk_one {
    ZONE_MOVE,     /* top = slot a; the accumulator stays, as in all that say nothing */
    ZONE_CONST,    /* top = imm */
    ZONE_SELECT_S, /* top = a; condition slot in imm's place is slot b: see translation */
    ZONE_SELECT_A,
    ZONE_NOP,
    ZONE_UNREACHABLE,
    ZONE_JUMP, /* imm: pc */
    ZONE_BR_TABLE_S,
    ZONE_BR_TABLE_A, /* to pc + 1 + min(value, imm) */
    ZONE_CALL,       /* top: callee's first slot; b: parameters; imm: pc | slots << 32 */
    ZONE_RET0,       /* top: where the record lies */
    ZONE_RET1_S,     /* a: slot */
    ZONE_RET1_A,
    ZONE_RET1_I, /* imm */
    ZONE_GLOBAL_GET,
    ZONE_GLOBAL_GET_N, /* a: index */
    ZONE_GLOBAL_SET_S,
    ZONE_GLOBAL_SET_A,
    ZONE_MEMORY_SIZE,
    ZONE_ASSERT,        /* slot top holds imm: results of the statement */
    ZONE_TABLE_GET,     /* a: index, top: destination; imm: number of the table (tables.h) */
    ZONE_TABLE_SET,     /* a: index, top: value */
    ZONE_TABLE_SIZE,    /* top: destination */
    ZONE_CALL_INDIRECT, /* a: index, b: callee's first slot, top: record; imm: tables.h */
    ZONE_REF_FUNC,      /* top = imm, also the accumulator */
    /* For routines: the table's number in slot top, what else there is in the next ones. */
    ZONE_TABLE_LENGTH, /* top = size */
    ZONE_TABLE_FETCH,  /* top = entry top + 1 */
    ZONE_TABLE_PUT,    /* entry top + 1 = top + 2 */
    ZONE_TABLE_RESIZE, /* size = top + 1 */
    ZONE_HALT,         /* the end of a run that went well */
    /* Routines (zkvm/runtime.h): as the calls and returns above, without room and depth. */
    ZONE_ROUTINE, /* top: the record's slot; a: callee's first slot; imm: pc */
    ZONE_RRET0,
    ZONE_RRET1_S,
    ZONE_RRET1_A,
    ZONE_RRET1_I,
    ZONE_TRAP,        /* imm: enum trap */
    ZONE_CHARGE,      /* gas: slot top; imm: gas given back when it does not fit */
    ZONE_GET_ACC,     /* accumulator = slot top */
    ZONE_PUT_ACC,     /* slot top = accumulator */
    ZONE_SPECIAL_GET, /* slot top = special cell imm */
    ZONE_SPECIAL_SET, /* special cell imm = slot top */
    ZONE_GROW,        /* slot top = pages, and as many more as it held, > 0 */
    ZONE_TAPE,        /* slot top = word number (slot top) of tape imm */
    /* What WASI needs beyond (runtime/wasi.h); operands in slots from top on. */
    ZONE_MOVE_IN,
    ZONE_MOVE_OUT,
    ZONE_WRITE_WORD,
    ZONE_EXIT,
    /* Of the float routines. */
    ZONE_MUL_WIDE,  /* slot top = upper 64 bits of slot top times slot top + 1 */
    ZONE_DIV_WIDE,  /* slot top = 2^62 slot top / slot top + 1 */
    ZONE_SQRT_WIDE, /* slot top = the root of 2^62 slot top */
    ZK_ONES
};

#define ZOP_ALU(alu, is64, shape, n) (((((alu)*2u + (is64)) * ZK_SHAPES) + (shape)) * 2u + (n))
#define ZOP_UN_FIRST                 ZOP_ALU(ZK_ALUS, 0u, 0u, 0u)
#define ZOP_UN(un, is64, is_acc, n)                                                                \
    (ZOP_UN_FIRST + ((((un)*2u + (is64)) * 2u) + (is_acc)) * 2u + (n))
#define ZOP_BR_FIRST ZOP_UN(ZK_UNS, 0u, 0u, 0u)
/* cond: ALU_EQ .. ALU_NEZ */
#define ZOP_BR(cond, is64, shape)                                                                  \
    (ZOP_BR_FIRST + (((cond)-ALU_EQ) * 2u + (is64)) * ZK_SHAPES + (shape))
#define ZOP_LATCH_FIRST ZOP_BR(ZK_ALUS, 0u, 0u)
/* down: the step is subtracted; shapes SS, SI, and IS where slot comes second */
#define ZOP_LATCH(cond, down, bound)                                                               \
    (ZOP_LATCH_FIRST + (((cond)-ALU_EQ) * 2u + (down)) * 4u + (bound))
enum zk_bound { BOUND_S, BOUND_I, BOUND_S_FIRST, BOUND_I_FIRST };
#define ZOP_LOAD_FIRST ZOP_LATCH(ZK_ALUS, 0u, 0u)
/* more: a constant is added to the address modulo 2^32, before the offset */
#define ZOP_LOAD(load, address, more, n)                                                           \
    (ZOP_LOAD_FIRST + (((load)*ZK_ADDRESSES + (address)) * 2u + (more)) * 2u + (n))
#define ZOP_STORE_FIRST ZOP_LOAD(ZK_LOADS, 0u, 0u, 0u)
/* log2 of the bytes; address S, A, X_SS, K_SS, H_S or I as 0 .. 5 */
#define ZOP_STORE(lg, address, more, value)                                                        \
    (ZOP_STORE_FIRST + ((((lg)*6u + (address)) * 2u) + (more)) * ZK_STORED + (value))
#define ZOP_ONE_FIRST ZOP_STORE(4u, 0u, 0u, 0u)
#define ZOP_ONE(one)  (ZOP_ONE_FIRST + (one))
#define ZOP_COUNT     ZOP_ONE(ZK_ONES)

/* Ends of a run, in the pc of the last state; no code entry is there. */
#define ZPC_MAX     ((1u << 24) - 256u) /* entries of a program */
#define ZPC_HALT    ((1u << 24) - 200u)
#define ZPC_STOP    ((1u << 24) - 199u) /* out of gas */
#define ZPC_OVER    ((1u << 24) - 198u) /* the same, by a charge: the accumulator holds it */
#define ZPC_EXIT    ((1u << 24) - 197u) /* the frame pointer holds the code */
#define ZPC_TRAP(t) ((1u << 24) - 128u + (uint32_t)(t))
/* A trap's last frame pointer says where: pc of the trapping entry plus this. */
#define ZTRAP_FP_BIAS    (1u << 20)
#define ZFP_START        16u   /* frame pointer of a run's beginning */
#define REGION_END_SHIFT 50    /* the mark of a region's end: above every time of a start */
#define ZREL_BIAS        32768 /* code field REL is target - pc + ZREL_BIAS */

#endif
