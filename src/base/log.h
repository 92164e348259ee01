/* log.h - what a long-running process tells its operator, on standard error.
 *
 * One line an event: time, level, component, message, then key=value pairs the
 * caller formats.  Threads may log at once; lines never interleave.  Only
 * programs (server, node, cli) log; the embeddable libraries return errors. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_OFF };

void log_set_level(enum log_level level);
/* Returns 0 and sets *out for debug, info, warn, error or off; -1 otherwise. */
int log_level_parse(enum log_level *out, const char *name);
void log_at(enum log_level level, const char *component, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(component, ...) log_at(LOG_LEVEL_DEBUG, component, __VA_ARGS__)
#define log_info(component, ...)  log_at(LOG_LEVEL_INFO, component, __VA_ARGS__)
#define log_warn(component, ...)  log_at(LOG_LEVEL_WARN, component, __VA_ARGS__)
#define log_error(component, ...) log_at(LOG_LEVEL_ERROR, component, __VA_ARGS__)

#endif
