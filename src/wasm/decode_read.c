#include "wasm/decode_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint32_t decode_here(const struct decoder *d)
{
    return (uint32_t)(d->c.p - d->m->bytes);
}

int decode_fail(struct decoder *d, int code, const char *fmt, ...)
{
    char text[384];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(d->err, code, "offset 0x%x: %s", decode_here(d), text);
}

int decode_no_memory(struct decoder *d)
{
    return decode_fail(d, VCP_ENOMEM, "no memory for the decoded module (ceiling %zu bytes)",
                       d->limits->arena_bytes_max);
}

int decode_u32(struct decoder *d, uint32_t *out, const char *what)
{
    if (!leb_u32(&d->c, out))
        return decode_fail(d, VCP_EFORMAT, "malformed LEB128 of %s, or unexpected end", what);
    return VCP_OK;
}

int decode_byte(struct decoder *d, uint8_t *out, const char *what)
{
    if (!cursor_u8(&d->c, out))
        return decode_fail(d, VCP_EFORMAT, "unexpected end before %s", what);
    return VCP_OK;
}

int decode_count(struct decoder *d, uint32_t *out, uint32_t max, const char *what)
{
    uint32_t n;
    int rc = decode_u32(d, &n, what);

    if (rc < 0)
        return rc;
    if (n > cursor_left(&d->c))
        return decode_fail(d, VCP_EFORMAT, "%u %s announced, length out of bounds", n, what);
    if (n > max)
        return decode_fail(d, VCP_ELIMIT, "%u %s, the limit is %u", n, what, max);
    *out = n;
    return VCP_OK;
}

/* Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
static bool utf8_is_valid(const unsigned char *p, size_t n)
{
    const unsigned char *end = p + n;

    while (p < end) {
        unsigned char lead = *p++;
        unsigned more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        unsigned char low = 0x80, high = 0xbf;

        if (lead < 0x80)
            continue;
        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - p) < more)
            return false;
        if (lead == 0xe0)
            low = 0xa0;
        if (lead == 0xed)
            high = 0x9f;
        if (lead == 0xf0)
            low = 0x90;
        if (lead == 0xf4)
            high = 0x8f;
        for (; more; more--, p++) {
            if (*p < low || *p > high)
                return false;
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}

int decode_name(struct decoder *d, struct name *out, const char *what)
{
    const unsigned char *p;
    char *copy;
    uint32_t n;
    int rc = decode_u32(d, &n, what);

    if (rc < 0)
        return rc;
    if (!cursor_bytes(&d->c, n, &p))
        return decode_fail(d, VCP_EFORMAT, "unexpected end: %s of %u bytes", what, n);
    if (!utf8_is_valid(p, n))
        return decode_fail(d, VCP_EFORMAT, "malformed UTF-8 encoding in %s", what);
    copy = arena_alloc(&d->m->arena, (size_t)n + 1);
    if (!copy)
        return decode_no_memory(d);
    memcpy(copy, p, n);
    *out = (struct name){copy, n};
    return VCP_OK;
}

int decode_check_type(struct decoder *d, uint8_t t)
{
    if (t == 0x7b)
        return decode_fail(d, VCP_EUNSUPPORTED, "SIMD is not supported yet (type v128)");
    if ((t < VAL_F64 || t > VAL_I32) && !val_type_is_ref(t))
        return decode_fail(d, VCP_EFORMAT, "malformed value type 0x%02x", t);
    return VCP_OK;
}

int decode_val_type(struct decoder *d, uint8_t *out)
{
    int rc = decode_byte(d, out, "a value type");

    return rc < 0 ? rc : decode_check_type(d, *out);
}

int decode_ref_type(struct decoder *d, uint8_t *out)
{
    int rc = decode_byte(d, out, "a reference type");

    if (rc == VCP_OK && !val_type_is_ref(*out))
        rc = decode_fail(d, VCP_EFORMAT, "malformed reference type 0x%02x", *out);
    return rc;
}

static int read_range(struct decoder *d, struct size_range *out, const char *what)
{
    uint8_t flags;
    int rc = decode_byte(d, &flags, what);

    if (rc < 0)
        return rc;
    if (flags > 1)
        return decode_fail(d, VCP_EFORMAT, "malformed limits flags 0x%02x of a %s", flags, what);
    out->has_max = flags;
    out->max = UINT32_MAX;
    rc = decode_u32(d, &out->min, what);
    if (rc == VCP_OK && flags)
        rc = decode_u32(d, &out->max, what);
    return rc;
}

int decode_table_type(struct decoder *d, struct table_type *out)
{
    int rc = decode_ref_type(d, &out->elem);

    return rc < 0 ? rc : read_range(d, &out->size, "table");
}

int decode_memory_type(struct decoder *d, struct memory_type *out)
{
    int rc = read_range(d, &out->size, "memory");

    if (rc == VCP_OK && !out->size.has_max)
        out->size.max = 65536;
    return rc;
}

int decode_global_type(struct decoder *d, struct global_type *out)
{
    uint8_t mutability;
    int rc = decode_val_type(d, &out->type);

    if (rc == VCP_OK)
        rc = decode_byte(d, &mutability, "a global's mutability");
    if (rc < 0)
        return rc;
    if (mutability > 1)
        return decode_fail(d, VCP_EFORMAT, "malformed mutability 0x%02x", mutability);
    out->is_mutable = mutability;
    return VCP_OK;
}

static bool const_from_instr(struct const_expr *out, const struct instr *in)
{
    *out = (struct const_expr){.bits = in->bits, .index = in->a, .offset = in->offset};
    switch (in->op) {
    case OP_I32_CONST: out->type = VAL_I32; break;
    case OP_I64_CONST: out->type = VAL_I64; break;
    case OP_F32_CONST: out->type = VAL_F32; break;
    case OP_F64_CONST: out->type = VAL_F64; break;
    case OP_REF_NULL:
        out->kind = CONST_REF_NULL;
        out->type = in->type;
        return true;
    case OP_REF_FUNC:
        out->kind = CONST_REF_FUNC;
        out->type = VAL_FUNCREF;
        return true;
    case OP_GLOBAL_GET: out->kind = CONST_GLOBAL; return true;
    default: return false;
    }
    out->kind = CONST_VALUE;
    return true;
}

/* Each of the constant instructions leaves one value and takes none, so an
 * expression with one result is one instruction and `end`. */
int decode_const(struct decoder *d, struct const_expr *out)
{
    struct instr in;
    int rc = instr_read(&in, &d->c, d->m, d->err);

    if (rc < 0)
        return rc;
    if (in.op == OP_END)
        return decode_fail(d, VCP_EINVAL, "type mismatch: constant expression is empty");
    if (!const_from_instr(out, &in))
        return decode_fail(d, VCP_EINVAL, "constant expression required, found %s",
                           opcode_info[in.op].text);
    rc = instr_read(&in, &d->c, d->m, d->err);
    if (rc < 0)
        return rc;
    if (in.op != OP_END)
        return decode_fail(d, VCP_EINVAL, "%s: constant expression goes on with %s",
                           const_from_instr(&(struct const_expr){0}, &in)
                               ? "type mismatch"
                               : "constant expression required",
                           opcode_info[in.op].text);
    return VCP_OK;
}

/* n more elements at the end of an index space that holds `have`. */
