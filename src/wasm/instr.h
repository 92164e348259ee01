/* instr.h - reading one instruction: opcode and immediates, every byte checked.
 *
 * The validator, the lowering and the tests' plain interpreter all read code
 * through here.  After module_validate, instr_read cannot fail inside a body. */
#ifndef WASM_INSTR_H
#define WASM_INSTR_H

#include "base/buf.h"
#include "base/err.h"
#include "wasm/module.h"
#include "wasm/opcode.h"

#define BLOCK_TYPE_INDEX 1 /* instr.block_kind: instr.a is a type index */
#define BLOCK_TYPE_VALUE 0 /* instr.block_kind: instr.type is the result, VAL_ANY for none */

struct instr {
    uint16_t op;          /* enum opcode */
    uint8_t type;         /* IMM_BLOCK value type, IMM_REF_TYPE, IMM_TYPES with one entry */
    uint8_t block_kind;   /* IMM_BLOCK */
    uint32_t offset;      /* of the opcode in the module */
    uint32_t a, b;        /* indices in binary order; IMM_MEMARG: a = alignment, b = offset;
                           * IMM_LABELS and IMM_TYPES: a = number of entries (default excluded) */
    uint64_t bits;        /* IMM_I32 (zero-extended), IMM_I64, IMM_F32, IMM_F64 */
    struct cursor labels; /* IMM_LABELS: the a + 1 depths as LEB128, already checked */
};

/* Reads from c, which runs over m->bytes.  On success c stands behind the
 * instruction.  VCP_EFORMAT or VCP_EUNSUPPORTED otherwise, with the offset;
 * *out is then unspecified. */
int instr_read(struct instr *out, struct cursor *c, const struct module *m, struct err *err);

/* LEB128 with the specification's limits on length and unused bits.  false: malformed. */
bool leb_u32(struct cursor *c, uint32_t *out);
bool leb_s32(struct cursor *c, int32_t *out);
bool leb_s33(struct cursor *c, int64_t *out);
bool leb_s64(struct cursor *c, int64_t *out);

/* The code of a defined function as a cursor. */
static inline struct cursor func_code(const struct module *m, const struct function *f)
{
    return (struct cursor){m->bytes + f->code, m->bytes + f->code_end};
}

#endif
