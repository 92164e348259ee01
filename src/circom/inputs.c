/* inputs.c - see inputs.h. */
#include "circom/inputs.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

/* One walk collects; a second pass is not needed because lists grow by chunks. */
struct reader {
    struct circom_inputs *in;
    size_t cap_signals;
    struct err *err;
    struct buf values; /* fr_bits of the signal being read */
};

static int read_value(struct reader *r, const char *name, const json_t *v);

/* ---- numbers ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* A decimal or 0x integer modulo r. */
static bool parse_integer(fr *out, const char *s, size_t len)
{
    const char *end = s + len;
    bool negative = len > 0 && *s == '-';
    fr base, digit;
    int radix = 10;

    s += negative;
    if (end - s > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        radix = 16;
        s += 2;
    }
    if (s == end || len > CIRCOM_DIGITS_MAX)
        return false;
    fr_from_u64(&base, (uint64_t)radix);
    *out = fr_zero;
    for (; s < end; s++) {
        if (digit_of(*s) >= radix)
            return false;
        fr_from_u64(&digit, (uint64_t)digit_of(*s));
        fr_mul(out, out, &base);
        fr_add(out, out, &digit);
    }
    if (negative)
        fr_neg(out, out);
    return true;
}

static int read_number(struct reader *r, const char *name, const json_t *v)
{
    char text[32];
    fr x;
    fr_bits bits;
    bool ok = false;

    if (json_is_string(v)) {
        ok = parse_integer(&x, json_string_value(v), json_string_length(v));
    } else if (json_is_integer(v)) {
        int n = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
        ok = parse_integer(&x, text, (size_t)n);
    } else if (json_is_boolean(v)) {
        fr_from_u64(&x, json_is_true(v));
        ok = true;
    }
    if (!ok)
        return err_set(r->err, VCP_EINVAL,
                       "signal %s: a value is not an integer (large ones go in strings)", name);
    fr_to_bits(&bits, &x);
    buf_put(&r->values, &bits, sizeof bits);
    return VCP_OK;
}

/* ---- arrays of numbers ---- */

static int read_flat(struct reader *r, const char *name, const json_t *v)
{
    if (!json_is_array(v))
        return read_number(r, name, v);
    for (size_t i = 0; i < json_array_size(v); i++) {
        int rc = read_flat(r, name, json_array_get(v, i));
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static uint64_t fnv1a(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

static int grow_signals(struct reader *r)
{
    size_t cap = r->cap_signals ? 2 * r->cap_signals : 16;
    struct circom_signal *list = arena_array(&r->in->arena, cap, sizeof *list);
    if (!list)
        return VCP_ENOMEM;
    if (r->in->n_signals > 0)
        memcpy(list, r->in->signals, r->in->n_signals * sizeof *list);
    r->in->signals = list;
    r->cap_signals = cap;
    return VCP_OK;
}

static int add_signal(struct reader *r, const char *name, const json_t *v)
{
    struct circom_inputs *in = r->in;
    buf_clear(&r->values);
    int rc = read_flat(r, name, v);

    if (rc < 0)
        return rc;
    if (r->values.failed || (in->n_signals == r->cap_signals && grow_signals(r) < 0))
        return err_set(r->err, VCP_ELIMIT, "signal %s: the inputs are too large", name);
    struct circom_signal *s = &in->signals[in->n_signals];
    s->name = arena_strdup(&in->arena, name);
    s->hash = fnv1a(name);
    s->n_values = r->values.len / sizeof(fr_bits);
    s->values = arena_copy(&in->arena, r->values.len ? (void *)r->values.data : (void *)"",
                           r->values.len + !r->values.len);
    if (!s->name || !s->values)
        return err_set(r->err, VCP_ELIMIT, "signal %s: the inputs are too large", name);
    in->n_signals++;
    return VCP_OK;
}

/* ---- names ---- */

static const json_t *first_leaf(const json_t *v)
{
    while (json_is_array(v) && json_array_size(v) > 0)
        v = json_array_get(v, 0);
    return v;
}

static int name_too_long(struct reader *r, const char *name)
{
    return err_set(r->err, VCP_ELIMIT, "signal %.40s...: a name longer than %u bytes", name,
                   CIRCOM_NAME_BYTES_MAX);
}

static int read_list(struct reader *r, const char *name, const json_t *v)
{
    char sub[CIRCOM_NAME_BYTES_MAX];
    if (!json_is_array(v))
        return read_value(r, name, v);
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (snprintf(sub, sizeof sub, "%s[%zu]", name, i) >= (int)sizeof sub)
            return name_too_long(r, name);
        int rc = read_list(r, sub, json_array_get(v, i));
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static int read_object(struct reader *r, const char *name, const json_t *v)
{
    char sub[CIRCOM_NAME_BYTES_MAX];
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)v, key, member)
    {
        int n = *name ? snprintf(sub, sizeof sub, "%s.%s", name, key)
                      : snprintf(sub, sizeof sub, "%s", key);
        if (n >= (int)sizeof sub)
            return name_too_long(r, key);
        int rc = read_value(r, sub, member);
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static int read_value(struct reader *r, const char *name, const json_t *v)
{
    if (json_is_object(v))
        return read_object(r, name, v);
    if (json_is_array(v) && json_is_object(first_leaf(v)))
        return read_list(r, name, v);
    return add_signal(r, name, v);
}

int circom_inputs_read(struct circom_inputs *out, const char *name, const void *text, size_t n,
                       struct err *err)
{
    struct reader r = {.in = out, .err = err};
    json_t *v;
    int rc = json_parse(&v, text, n, err);

    memset(out, 0, sizeof *out);
    if (rc == VCP_OK) {
        arena_init(&out->arena, CIRCOM_INPUT_BYTES_MAX);
        buf_init(&r.values, CIRCOM_INPUT_BYTES_MAX);
        rc = json_is_object(v) ? read_object(&r, "", v)
                               : err_set(err, VCP_EFORMAT, "not a JSON object of signals");
        buf_release(&r.values);
        json_decref(v);
    }
    if (rc < 0) {
        circom_inputs_release(out);
        err_prefix(err, "%s", name);
    }
    return rc;
}

void circom_inputs_release(struct circom_inputs *in)
{
    arena_release(&in->arena);
    memset(in, 0, sizeof *in);
}
