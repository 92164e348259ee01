#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;

    if (e) {
        e->code = code;
        va_start(ap, fmt);
        vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        va_end(ap);
    }
    return code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
    char old[sizeof e->msg];
    va_list ap;
    int n;

    if (!e)
        return VCP_EINVAL;
    memcpy(old, e->msg, sizeof old);
    va_start(ap, fmt);
    n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof e->msg)
        snprintf(e->msg + n, sizeof e->msg - (size_t)n, ": %s", old);
    return e->code;
}

const char *err_code_name(int code)
{
    static const char *const names[] = {
        "ok",        "invalid",     "format", "limit",  "memory", "io",
        "not_found", "exists",      "auth",   "denied", "state",  "timeout",
        "cancelled", "unsupported", "verify", "busy",   "funds",
    };
    unsigned i = (unsigned)-code;

    return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}
