#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static _Atomic int threshold = LOG_LEVEL_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

int log_level_parse(enum log_level *out, const char *name)
{
    int i;

    for (i = 0; i <= LOG_LEVEL_OFF; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

void log_at(enum log_level level, const char *component, const char *fmt, ...)
{
    char line[2048], when[CLOCK_RFC3339_BYTES];
    va_list ap;
    int n, k;

    if ((int)level < atomic_load(&threshold))
        return;
    clock_rfc3339(when, clock_wall_ms());
    n = snprintf(line, sizeof line, "%s %-5s %-7s ", when, level_names[level], component);
    va_start(ap, fmt);
    k = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    va_end(ap);
    if (k > 0)
        n += k < (int)sizeof line - n - 1 ? k : (int)sizeof line - n - 2;
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nowhere left to complain */
}
