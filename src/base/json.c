#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* jansson does not tell every lack of memory: its lexer drops the byte it cannot
 * keep and goes on, and a member that was not made is a member less.  So we count
 * for it: an allocation that failed in this thread spoils the next text or value. */
static _Thread_local bool starved;

static void *watched_malloc(size_t n)
{
    void *p = malloc(n);

    starved |= p == NULL;
    return p;
}

__attribute__((constructor)) static void watch_jansson(void)
{
    json_set_alloc_funcs(watched_malloc, free);
}

static bool was_starved(void)
{
    bool yes = starved;

    starved = false;
    return yes;
}

int json_parse(json_t **out, const char *text, size_t n, struct err *err)
{
    json_error_t e;
    json_t *v;

    starved = false;
    v = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (was_starved()) {
        json_decref(v);
        return err_set(err, VCP_ENOMEM, "JSON: out of memory");
    }
    if (!v)
        return err_set(err, VCP_EFORMAT, "JSON, line %d, column %d: %s", e.line, e.column, e.text);
    *out = v;
    return VCP_OK;
}

static json_t *member(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);

    return json_is_null(v) ? NULL : v;
}

static int missing(const char *key, struct err *err)
{
    return err_set(err, VCP_EINVAL, "%s is required", key);
}

int json_get_str(const char **out, json_t *o, const char *key, size_t max_bytes, struct err *err)
{
    json_t *v = member(o, key);

    if (!v)
        return VCP_OK;
    if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
        return err_set(err, VCP_EINVAL, "%s must be a string without NUL bytes", key);
    if (json_string_length(v) > max_bytes)
        return err_set(err, VCP_EINVAL, "%s cannot exceed %zu characters", key, max_bytes);
    *out = json_string_value(v);
    return VCP_OK;
}

int json_get_int(int64_t *out, json_t *o, const char *key, int64_t min, int64_t max,
                 struct err *err)
{
    json_t *v = member(o, key);

    if (!v)
        return VCP_OK;
    if (!json_is_integer(v))
        return err_set(err, VCP_EINVAL, "%s must be an integer", key);
    if (json_integer_value(v) < min || json_integer_value(v) > max)
        return err_set(err, VCP_EINVAL, "%s must be between %lld and %lld", key, (long long)min,
                       (long long)max);
    *out = json_integer_value(v);
    return VCP_OK;
}

int json_get_real(double *out, json_t *o, const char *key, double min, double max, struct err *err)
{
    json_t *v = member(o, key);

    if (!v)
        return VCP_OK;
    if (!json_is_number(v))
        return err_set(err, VCP_EINVAL, "%s must be a number", key);
    if (!(json_number_value(v) >= min && json_number_value(v) <= max))
        return err_set(err, VCP_EINVAL, "%s must be between %g and %g", key, min, max);
    *out = json_number_value(v);
    return VCP_OK;
}

int json_get_bool(bool *out, json_t *o, const char *key, struct err *err)
{
    json_t *v = member(o, key);

    if (!v)
        return VCP_OK;
    if (!json_is_boolean(v))
        return err_set(err, VCP_EINVAL, "%s must be true or false", key);
    *out = json_is_true(v);
    return VCP_OK;
}

int json_need_str(const char **out, json_t *o, const char *key, size_t max_bytes, struct err *err)
{
    return member(o, key) ? json_get_str(out, o, key, max_bytes, err) : missing(key, err);
}

int json_need_int(int64_t *out, json_t *o, const char *key, int64_t min, int64_t max,
                  struct err *err)
{
    return member(o, key) ? json_get_int(out, o, key, min, max, err) : missing(key, err);
}

int json_need_real(double *out, json_t *o, const char *key, double min, double max, struct err *err)
{
    return member(o, key) ? json_get_real(out, o, key, min, max, err) : missing(key, err);
}

int json_need_bool(bool *out, json_t *o, const char *key, struct err *err)
{
    return member(o, key) ? json_get_bool(out, o, key, err) : missing(key, err);
}

char *json_text(const json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

    if (was_starved()) {
        free(text);
        return NULL;
    }
    return text;
}
