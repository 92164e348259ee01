/* buf.h - a growing byte string with a ceiling, and a cursor over hostile bytes.
 *
 * A buf remembers the first failure (memory or ceiling) in `failed`, so a
 * sequence of appends is checked once at its end.  A cursor never reads past
 * `end`; every read says whether it could. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    unsigned char *data; /* NUL-terminated one past len whenever not NULL */
    size_t len, cap;
    size_t max_bytes; /* 0: no ceiling */
    bool failed;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* len = 0, storage kept, failure forgotten */

/* Room for n more bytes; false when memory or the ceiling says no. */
bool buf_reserve(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, unsigned char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
void buf_put_u32le(struct buf *b, uint32_t v);
void buf_put_u64le(struct buf *b, uint64_t v);
/* The content as a C string; "" when empty. */
const char *buf_str(const struct buf *b);

struct cursor {
    const unsigned char *p, *end;
};

static inline size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

bool cursor_u8(struct cursor *c, uint8_t *out);
bool cursor_u32le(struct cursor *c, uint32_t *out);
bool cursor_u64le(struct cursor *c, uint64_t *out);
/* Points *out into the buffer and moves on by n. */
bool cursor_bytes(struct cursor *c, size_t n, const unsigned char **out);

#endif
