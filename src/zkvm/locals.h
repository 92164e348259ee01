/* locals.h - which declared locals of a function can be read before they are written.
 *
 * Only these need an entry that makes them zero.  One pass over the structured source: a
 * label keeps what is written on every way to its end; the ways back to a loop's beginning
 * have written no less than the way in. */
#ifndef ZKVM_LOCALS_H
#define ZKVM_LOCALS_H

#include "wasm/code.h"

#define LOCALS_TRACKED 64u /* declared locals beyond these count as read */

/* Bit i: declared local i < LOCALS_TRACKED of the defined function may be read first. */
int locals_read_first(uint64_t *out, const struct module *m, uint32_t func, struct err *err);

#endif
