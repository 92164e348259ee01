#include "schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct place {
    json_t *document;
    char path[256];
    char *why;
    size_t n;
};

static bool fails(struct place *p, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(p->why, p->n, "%s: %s", p->path[0] ? p->path : "the value", text);
    return false;
}

json_t *schema_resolve(json_t *document, const char *ref)
{
    char part[64];

    if (strncmp(ref, "#/", 2) != 0)
        return NULL;
    for (ref += 2; document && *ref; ref += *ref == '/') {
        size_t n = strcspn(ref, "/");

        snprintf(part, sizeof part, "%.*s", (int)n, ref);
        document = json_object_get(document, part);
        ref += n;
    }
    return document;
}

static bool is_type(json_t *v, const char *name)
{
    return (strcmp(name, "object") == 0 && json_is_object(v)) ||
           (strcmp(name, "array") == 0 && json_is_array(v)) ||
           (strcmp(name, "string") == 0 && json_is_string(v)) ||
           (strcmp(name, "integer") == 0 && json_is_integer(v)) ||
           (strcmp(name, "number") == 0 && json_is_number(v)) ||
           (strcmp(name, "boolean") == 0 && json_is_boolean(v)) ||
           (strcmp(name, "null") == 0 && json_is_null(v));
}

static bool check_type(struct place *p, json_t *type, json_t *v)
{
    json_t *t;
    size_t i;

    if (json_is_string(type))
        return is_type(v, json_string_value(type)) || fails(p, "is no %s", json_string_value(type));
    json_array_foreach(type, i, t) if (is_type(v, json_string_value(t))) return true;
    return fails(p, "is of none of the types allowed");
}

static bool matches(const char *pattern, const char *text)
{
    regex_t re;
    bool ok;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    ok = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return ok;
}

static bool check_format(struct place *p, const char *format, json_t *v)
{
    if (!json_is_string(v) || strcmp(format, "binary") == 0)
        return true;
    if (strcmp(format, "uuid") == 0)
        return matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                       json_string_value(v)) ||
               fails(p, "\"%s\" is no UUID", json_string_value(v));
    if (strcmp(format, "date-time") == 0)
        return matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}"
                       "\\+00:00$",
                       json_string_value(v)) ||
               fails(p, "\"%s\" is no time", json_string_value(v));
    return fails(p, "the schema has the unknown format %s", format);
}

static bool check(struct place *p, json_t *schema, json_t *v);

static bool check_inside(struct place *p, const char *part, json_t *schema, json_t *v)
{
    size_t len = strlen(p->path);
    bool ok;

    snprintf(p->path + len, sizeof p->path - len, "%s%s", len ? "." : "", part);
    ok = check(p, schema, v);
    if (ok)
        p->path[len] = 0;
    return ok;
}

static bool check_members(struct place *p, json_t *schema, json_t *v)
{
    json_t *properties = json_object_get(schema, "properties"), *member, *name;
    json_t *others = json_object_get(schema, "additionalProperties");
    const char *key;
    size_t i;

    json_array_foreach(json_object_get(schema, "required"), i, name)
    {
        if (!json_object_get(v, json_string_value(name)))
            return fails(p, "%s is missing", json_string_value(name));
    }
    json_object_foreach(v, key, member)
    {
        json_t *sub = json_object_get(properties, key);

        if (!sub && json_is_object(others))
            sub = others;
        if (!sub && json_is_false(others))
            return fails(p, "%s is not in the schema", key);
        if (sub && !check_inside(p, key, sub, member))
            return false;
    }
    return true;
}

static bool check_items(struct place *p, json_t *schema, json_t *v)
{
    json_t *item;
    char part[24];
    size_t i;

    json_array_foreach(v, i, item)
    {
        snprintf(part, sizeof part, "[%zu]", i);
        if (!check_inside(p, part, schema, item))
            return false;
    }
    return true;
}

static bool check_one_of(struct place *p, json_t *list, json_t *v)
{
    char path[sizeof p->path];
    int n = 0;
    size_t i;
    json_t *s;

    memcpy(path, p->path, sizeof path);
    json_array_foreach(list, i, s)
    {
        n += check(p, s, v);
        memcpy(p->path, path, sizeof path);
    }
    return n == 1 || fails(p, "fits %d of the alternatives (%s)", n, p->why);
}

static bool check_enum(struct place *p, json_t *list, json_t *v)
{
    json_t *e;
    size_t i;

    json_array_foreach(list, i, e) if (json_equal(e, v)) return true;
    return fails(p, "\"%s\" is not among the values", json_string_value(v));
}

static bool check_keyword(struct place *p, const char *key, json_t *rule, json_t *schema, json_t *v)
{
    if (strcmp(key, "$ref") == 0) {
        json_t *target = schema_resolve(p->document, json_string_value(rule));

        return target ? check(p, target, v) : fails(p, "dangling %s", json_string_value(rule));
    }
    if (strcmp(key, "type") == 0)
        return check_type(p, rule, v);
    if (strcmp(key, "properties") == 0)
        return !json_is_object(v) || check_members(p, schema, v);
    if (strcmp(key, "items") == 0)
        return !json_is_array(v) || check_items(p, rule, v);
    if (strcmp(key, "enum") == 0)
        return check_enum(p, rule, v);
    if (strcmp(key, "oneOf") == 0)
        return check_one_of(p, rule, v);
    if (strcmp(key, "format") == 0)
        return check_format(p, json_string_value(rule), v);
    if (strcmp(key, "pattern") == 0)
        return !json_is_string(v) || matches(json_string_value(rule), json_string_value(v)) ||
               fails(p, "\"%s\" does not match", json_string_value(v));
    if (strcmp(key, "minimum") == 0)
        return !json_is_number(v) || json_number_value(v) >= json_number_value(rule) ||
               fails(p, "is too small");
    if (strcmp(key, "maximum") == 0)
        return !json_is_number(v) || json_number_value(v) <= json_number_value(rule) ||
               fails(p, "is too large");
    if (strcmp(key, "maxLength") == 0)
        return !json_is_string(v) ||
               (json_int_t)json_string_length(v) <= json_integer_value(rule) ||
               fails(p, "is too long");
    if (strcmp(key, "minLength") == 0)
        return !json_is_string(v) ||
               (json_int_t)json_string_length(v) >= json_integer_value(rule) ||
               fails(p, "is too short");
    if (strcmp(key, "required") == 0 || strcmp(key, "additionalProperties") == 0)
        return !json_is_object(v) || json_object_get(schema, "properties") ||
               check_members(p, schema, v);
    return strcmp(key, "description") == 0 ||
           fails(p, "the schema has the unknown keyword %s", key);
}

static bool check(struct place *p, json_t *schema, json_t *v)
{
    const char *key;
    json_t *rule;

    json_object_foreach(schema, key,
                        rule) if (!check_keyword(p, key, rule, schema, v)) return false;
    return true;
}

bool schema_check(json_t *document, json_t *schema, json_t *value, char *why, size_t n)
{
    struct place p = {.document = document, .why = why, .n = n};

    why[0] = 0;
    return check(&p, schema, value);
}
