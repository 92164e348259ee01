/* schema.h - as much of JSON Schema as src/api/openapi.json uses, to hold answers against it. */
#ifndef TESTS_API_SCHEMA_H
#define TESTS_API_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* why gets the path into the value and what is wrong there.  An unknown keyword is
 * an error: a check that is not made must not look like one. */
bool schema_check(json_t *document, json_t *schema, json_t *value, char *why, size_t n);
/* The object that "#/a/b" points to, or NULL. */
json_t *schema_resolve(json_t *document, const char *ref);

#endif
