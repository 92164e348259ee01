/* inputs.h - input.json of a circom circuit as its witness calculator wants it: signals
 * by name, each a flat list of field elements.
 *
 * As circom's own calculator does it: nested objects join their names with '.', an
 * array of objects (a bus) numbers its name with [i], nested arrays are flattened row
 * by row.  A value is an integer or a string with a decimal or 0x-hexadecimal
 * integer, of any sign and size, taken modulo r.  Integers beyond 2^63 must be
 * strings; fractions are refused. */
#ifndef CIRCOM_INPUTS_H
#define CIRCOM_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "bn254/fr.h"

struct circom_signal {
    const char *name;
    uint64_t hash; /* 64-bit FNV-1a of the name */
    const fr_bits *values;
    size_t n_values;
};

struct circom_inputs {
    struct arena arena; /* holds everything below */
    struct circom_signal *signals;
    size_t n_signals;
};

/* name is for messages.  Nothing is kept of text. */
int circom_inputs_read(struct circom_inputs *out, const char *name, const void *text, size_t n,
                       struct err *err);
void circom_inputs_release(struct circom_inputs *in);

#endif
