/* shape.h - a look at JSON text before it is parsed: how deep and how many values.
 *
 * A parsed value takes some fifty times the memory of "[],"; this bounds it first.
 * It does not check the grammar: the parser does. */
#ifndef API_SHAPE_H
#define API_SHAPE_H

#include <stddef.h>

#include "base/err.h"

/* VCP_ELIMIT beyond API_JSON_DEPTH_MAX levels or API_JSON_VALUES_MAX values. */
int shape_check(const char *text, size_t n, struct err *err);

#endif
