/* err.h - filling a struct err; the codes and the struct are public (vcp/err.h). */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "vcp/err.h"

/* Formats the sentence into e (which may be NULL) and returns code, so that
 * `return err_set(e, VCP_EFORMAT, ...)` is the whole failure path. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the sentence already in e; returns e's code, or
 * VCP_EINVAL when e is NULL. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The stable lower-case name of a code, e.g. "format" for VCP_EFORMAT. */
const char *err_code_name(int code);

#endif
