#include "mesh/outcome.h"

#include <stdlib.h>
#include <string.h>

static const char *const status_names[] = {"ok", "exit", "trap", "out_of_gas"};
#define STATUS_COUNT (sizeof status_names / sizeof status_names[0])

const char *outcome_status_name(enum outcome_status s)
{
    return status_names[s];
}

static void put_u64(struct sha3 *s, uint64_t v)
{
    uint8_t b[8];
    int i;

    for (i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> 8 * i);
    sha3_update(s, b, sizeof b);
}

static void put_str(struct sha3 *s, const char *text)
{
    put_u64(s, strlen(text));
    sha3_update(s, text, strlen(text));
}

void outcome_digest(uint8_t out[SHA3_256_BYTES], const struct outcome *o)
{
    struct sha3 s;

    if (sha3_init(&s) != VCP_OK)
        abort(); /* see sha3_256 */
    put_str(&s, "ambient-outcome-v1");
    put_u64(&s, (uint64_t)o->status);
    put_u64(&s, (uint64_t)(int64_t)o->exit_code);
    put_str(&s, o->trap);
    put_str(&s, o->values);
    put_u64(&s, o->gas_used);
    put_u64(&s, o->output_bytes);
    sha3_update(&s, o->output_sha3, SHA3_256_BYTES);
    put_u64(&s, o->error_bytes);
    sha3_update(&s, o->error_sha3, SHA3_256_BYTES);
    sha3_final(&s, out);
}

json_t *outcome_to_json(const struct outcome *o)
{
    char output[SHA3_256_HEX_BYTES], error[SHA3_256_HEX_BYTES];

    hex_encode(output, o->output_sha3, SHA3_256_BYTES);
    hex_encode(error, o->error_sha3, SHA3_256_BYTES);
    return json_pack("{s:s, s:i, s:s, s:s, s:I, s:I, s:s, s:I, s:s}", "status",
                     outcome_status_name(o->status), "exit_code", (int)o->exit_code, "trap",
                     o->trap, "values", o->values, "gas_used", (json_int_t)o->gas_used,
                     "output_bytes", (json_int_t)o->output_bytes, "output_sha3", output,
                     "error_bytes", (json_int_t)o->error_bytes, "error_sha3", error);
}

static int status_parse(enum outcome_status *out, const char *name, struct err *err)
{
    size_t i;

    for (i = 0; i < STATUS_COUNT; i++) {
        if (strcmp(name, status_names[i]) == 0) {
            *out = (enum outcome_status)i;
            return VCP_OK;
        }
    }
    return err_set(err, VCP_EINVAL,
                   "outcome.status must be ok, exit, trap or out_of_gas, not \"%s\"", name);
}

static int need_digest(uint8_t out[SHA3_256_BYTES], json_t *j, const char *key, struct err *err)
{
    const char *hex = NULL;
    int rc = json_need_str(&hex, j, key, 64, err);

    if (rc < 0)
        return rc;
    if (!sha3_hex_is_valid(hex) || !hex_decode(out, SHA3_256_BYTES, hex))
        return err_set(err, VCP_EINVAL, "%s must be 64 lower-case hex digits", key);
    return VCP_OK;
}

static int need_count(uint64_t *out, json_t *j, const char *key, struct err *err)
{
    int64_t v = 0;
    int rc = json_need_int(&v, j, key, 0, INT64_MAX, err);

    *out = (uint64_t)v;
    return rc;
}

/* Printable ASCII, as every node writes it: these texts reach people's terminals. */
static int need_text(char *out, size_t size, json_t *j, const char *key, struct err *err)
{
    const char *s = NULL;
    int rc = json_need_str(&s, j, key, size - 1, err);

    if (rc < 0)
        return rc;
    for (const char *p = s; *p; p++)
        if (*p < ' ' || *p > '~')
            return err_set(err, VCP_EINVAL, "%s must be printable ASCII", key);
    memcpy(out, s, strlen(s) + 1);
    return VCP_OK;
}

int outcome_from_json(struct outcome *out, json_t *j, struct err *err)
{
    struct outcome o = {0};
    const char *status = NULL;
    int64_t code = 0;
    int rc;

    if (!json_is_object(j))
        return err_set(err, VCP_EINVAL, "outcome must be an object");
    if ((rc = json_need_str(&status, j, "status", 32, err)) < 0 ||
        (rc = status_parse(&o.status, status, err)) < 0 ||
        (rc = json_need_int(&code, j, "exit_code", INT32_MIN, INT32_MAX, err)) < 0 ||
        (rc = need_text(o.trap, sizeof o.trap, j, "trap", err)) < 0 ||
        (rc = need_text(o.values, sizeof o.values, j, "values", err)) < 0 ||
        (rc = need_count(&o.gas_used, j, "gas_used", err)) < 0 ||
        (rc = need_count(&o.output_bytes, j, "output_bytes", err)) < 0 ||
        (rc = need_digest(o.output_sha3, j, "output_sha3", err)) < 0 ||
        (rc = need_count(&o.error_bytes, j, "error_bytes", err)) < 0 ||
        (rc = need_digest(o.error_sha3, j, "error_sha3", err)) < 0)
        return rc;
    o.exit_code = (int32_t)code;
    *out = o;
    return VCP_OK;
}
