#include "wasm/instr.h"

const struct opcode_info opcode_info[OPCODE_COUNT] = {
#define X(id, code, text, imm, sig, gas, align) [code] = {text, sig, imm, gas, align},
    WASM_OPCODES(X)
#undef X
};

/* buf.h's cursor_u8, inlined: this file reads every byte of a module's code. */
static inline bool next_byte(struct cursor *c, uint8_t *out)
{
    if (c->p == c->end)
        return false;
    *out = *c->p++;
    return true;
}

/* n bits of an unsigned or signed number, at most ceil(n / 7) bytes; the bits of
 * the last byte beyond n must be zero, or copies of the sign. */
static bool leb_unsigned(struct cursor *c, unsigned n_bits, uint64_t *out)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        if (!next_byte(c, &byte))
            return false;
        if (shift + 7 > n_bits && byte >> (n_bits - shift))
            return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    *out = v;
    return true;
}

static bool leb_signed(struct cursor *c, unsigned n_bits, int64_t *out)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        if (!next_byte(c, &byte))
            return false;
        if (shift + 7 >= n_bits) {
            /* Bits from the sign upwards must agree, and nothing may follow. */
            uint8_t mask = (uint8_t)(0x7f & ~((1u << (n_bits - shift - 1)) - 1));

            if ((byte & 0x80) || ((byte & mask) != 0 && (byte & mask) != mask))
                return false;
        }
        v |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        v |= ~(uint64_t)0 << shift;
    *out = (int64_t)v;
    return true;
}

bool leb_u32(struct cursor *c, uint32_t *out)
{
    uint64_t v;

    if (c->p < c->end && *c->p < 0x80) {
        *out = *c->p++;
        return true;
    }
    if (!leb_unsigned(c, 32, &v))
        return false;
    *out = (uint32_t)v;
    return true;
}

bool leb_s32(struct cursor *c, int32_t *out)
{
    int64_t v;

    if (c->p < c->end && *c->p < 0x40) {
        *out = *c->p++;
        return true;
    }
    if (!leb_signed(c, 32, &v))
        return false;
    *out = (int32_t)v;
    return true;
}

bool leb_s33(struct cursor *c, int64_t *out)
{
    return leb_signed(c, 33, out);
}

bool leb_s64(struct cursor *c, int64_t *out)
{
    return leb_signed(c, 64, out);
}

static bool val_type_is_known(uint8_t t)
{
    return (t >= VAL_F64 && t <= VAL_I32) || val_type_is_ref(t);
}

static bool read_block_type(struct instr *in, struct cursor *c)
{
    int64_t v;

    if (c->p < c->end && (*c->p == 0x40 || val_type_is_known(*c->p))) {
        in->block_kind = BLOCK_TYPE_VALUE;
        in->type = *c->p == 0x40 ? VAL_ANY : *c->p;
        c->p++;
        return true;
    }
    if (!leb_s33(c, &v) || v < 0)
        return false;
    in->block_kind = BLOCK_TYPE_INDEX;
    in->a = (uint32_t)v;
    return true;
}

static bool read_labels(struct instr *in, struct cursor *c)
{
    uint32_t depth;

    if (!leb_u32(c, &in->a) || in->a >= cursor_left(c))
        return false;
    in->labels.p = c->p;
    for (uint32_t i = 0; i <= in->a; i++)
        if (!leb_u32(c, &depth))
            return false;
    in->labels.end = c->p;
    return true;
}

static bool read_types(struct instr *in, struct cursor *c)
{
    const unsigned char *types;

    if (!leb_u32(c, &in->a) || !cursor_bytes(c, in->a, &types))
        return false;
    for (uint32_t i = 0; i < in->a; i++)
        if (!val_type_is_known(types[i]))
            return false;
    in->type = in->a ? types[0] : VAL_ANY;
    return true;
}

static bool read_zero_byte(struct cursor *c)
{
    uint8_t zero;

    return next_byte(c, &zero) && zero == 0;
}

static bool read_number(struct instr *in, enum imm_kind kind, struct cursor *c)
{
    int32_t i32;
    int64_t i64;
    uint32_t f32;

    switch (kind) {
    case IMM_I32:
        if (!leb_s32(c, &i32))
            return false;
        in->bits = (uint32_t)i32;
        return true;
    case IMM_I64:
        if (!leb_s64(c, &i64))
            return false;
        in->bits = (uint64_t)i64;
        return true;
    case IMM_F32:
        if (!cursor_u32le(c, &f32))
            return false;
        in->bits = f32;
        return true;
    default: return cursor_u64le(c, &in->bits);
    }
}

static bool read_immediates(struct instr *in, enum imm_kind kind, struct cursor *c)
{
    switch (kind) {
    case IMM_NONE: return true;
    case IMM_BLOCK: return read_block_type(in, c);
    case IMM_LABELS: return read_labels(in, c);
    case IMM_TYPES: return read_types(in, c);
    case IMM_MEMORY: return read_zero_byte(c);
    case IMM_MEMORY_MEMORY: return read_zero_byte(c) && read_zero_byte(c);
    case IMM_DATA_MEMORY: return leb_u32(c, &in->a) && read_zero_byte(c);
    case IMM_LABEL:
    case IMM_FUNC:
    case IMM_LOCAL:
    case IMM_GLOBAL:
    case IMM_TABLE:
    case IMM_DATA:
    case IMM_ELEM: return leb_u32(c, &in->a);
    case IMM_TYPE_TABLE:
    case IMM_MEMARG:
    case IMM_ELEM_TABLE:
    case IMM_TABLE_TABLE: return leb_u32(c, &in->a) && leb_u32(c, &in->b);
    case IMM_REF_TYPE: return next_byte(c, &in->type) && val_type_is_ref(in->type);
    case IMM_I32:
    case IMM_I64:
    case IMM_F32:
    case IMM_F64: return read_number(in, kind, c);
    }
    return false;
}

/* The opcode without its immediates; OPCODE_COUNT and more when there is none. */
static int read_opcode(struct instr *in, struct cursor *c, struct err *err)
{
    uint32_t sub;
    uint8_t byte;

    if (!next_byte(c, &byte))
        return err_set(err, VCP_EFORMAT, "offset 0x%x: unexpected end of the instructions",
                       in->offset);
    if (byte == OPCODE_PREFIX_SIMD)
        return err_set(err, VCP_EUNSUPPORTED, "SIMD is not supported yet (offset 0x%x)",
                       in->offset);
    in->op = byte;
    if (byte == OPCODE_PREFIX_FC) {
        if (!leb_u32(c, &sub))
            return err_set(err, VCP_EFORMAT, "offset 0x%x: malformed opcode 0xfc", in->offset);
        if (sub >= OPCODE_COUNT - 0x100)
            return err_set(err, VCP_EFORMAT, "offset 0x%x: illegal opcode 0xfc %u", in->offset,
                           sub);
        in->op = (uint16_t)(0x100 + sub);
    }
    if (!opcode_info[in->op].text)
        return err_set(err, VCP_EFORMAT, "offset 0x%x: illegal opcode 0x%02x", in->offset, byte);
    return VCP_OK;
}

int instr_read(struct instr *out, struct cursor *c, const struct module *m, struct err *err)
{
    int rc;

    *out = (struct instr){.offset = (uint32_t)(c->p - m->bytes)};
    rc = read_opcode(out, c, err);
    if (rc < 0)
        return rc;
    if (!read_immediates(out, (enum imm_kind)opcode_info[out->op].imm, c))
        return err_set(err, VCP_EFORMAT, "offset 0x%x: malformed operand of %s", out->offset,
                       opcode_info[out->op].text);
    return VCP_OK;
}
