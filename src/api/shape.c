#include "api/shape.h"

#include "base/limits.h"

/* Behind the closing quote of the string that begins at p. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

int shape_check(const char *text, size_t n, struct err *err)
{
    const char *p = text, *end = text + n;
    size_t values = 0, depth = 0;

    while (p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
            continue;
        }
        if (*p == '[' || *p == '{') {
            depth++;
            values++;
        } else if ((*p == ']' || *p == '}') && depth > 0) {
            depth--;
        } else if (*p == ',' || *p == ':') {
            values++;
        }
        if (depth > API_JSON_DEPTH_MAX)
            return err_set(err, VCP_ELIMIT, "the JSON is nested deeper than %u levels",
                           API_JSON_DEPTH_MAX);
        if (values > API_JSON_VALUES_MAX)
            return err_set(err, VCP_ELIMIT, "the JSON has more than %u values",
                           API_JSON_VALUES_MAX);
        p++;
    }
    return VCP_OK;
}
