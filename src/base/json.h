/* json.h - what jansson does not do for us: reading typed members with errors that
 * name the field, and printing in one style.
 *
 * The json_get_* functions read an optional member: absent (or null) leaves *out
 * as it is and returns VCP_OK; a wrong type or range is VCP_EINVAL with the
 * field's name.  json_need_* treat absence as VCP_EINVAL too. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Parses exactly one JSON value; rejects duplicate keys, trailing bytes and
 * nesting beyond jansson's 2048 levels.  VCP_EFORMAT names line and column.
 * The caller decrefs *out. */
int json_parse(json_t **out, const char *text, size_t n, struct err *err);

int json_get_str(const char **out, json_t *o, const char *key, size_t max_bytes, struct err *err);
int json_get_int(int64_t *out, json_t *o, const char *key, int64_t min, int64_t max,
                 struct err *err);
int json_get_real(double *out, json_t *o, const char *key, double min, double max, struct err *err);
int json_get_bool(bool *out, json_t *o, const char *key, struct err *err);
int json_need_str(const char **out, json_t *o, const char *key, size_t max_bytes, struct err *err);
int json_need_int(int64_t *out, json_t *o, const char *key, int64_t min, int64_t max,
                  struct err *err);
int json_need_real(double *out, json_t *o, const char *key, double min, double max,
                   struct err *err);
int json_need_bool(bool *out, json_t *o, const char *key, struct err *err);

/* Compact text, keys in insertion order; malloc'd.  NULL when out of memory, also when an
 * allocation of jansson's failed in this thread since the last text or parse: the
 * value may then lack a part. */
char *json_text(const json_t *v);

#endif
