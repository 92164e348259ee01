/* streams.h - the bytes of what a run was given and wrote.
 *
 * The statement holds length and digest of each; the verifier's terms are made of the
 * bytes, so whoever checks a receipt needs them: short ones travel with the receipt, the others
 * he brings himself.  From either place they count only when they are what the statement says. */
#ifndef ZKVM_STREAMS_H
#define ZKVM_STREAMS_H

#include "base/buf.h"
#include "zkvm/statement.h"

struct stream_bytes {
    const uint8_t *data; /* NULL: not at hand, unless n is 0 */
    size_t n;
};

struct streams {
    struct stream_bytes of[STREAMS]; /* by enum stream */
};

/* VCP_EVERIFY with which one when a stream is not the statement's. */
int streams_check(const struct streams *s, const struct statement *st, struct err *err);

/* The strings one after another, each with its NUL: how arguments and environment are hashed. */
void streams_put_strings(struct buf *out, const char *const *strings, size_t n);

#endif
