#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max_bytes = max_bytes};
}

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max_bytes = b->max_bytes};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = 0;
}

bool buf_reserve(struct buf *b, size_t n)
{
    size_t cap = b->cap ? b->cap : 64;
    unsigned char *data;

    if (b->failed)
        return false;
    if (n > SIZE_MAX / 4 ||
        (b->max_bytes && (b->len > b->max_bytes || n > b->max_bytes - b->len))) {
        b->failed = true;
        return false;
    }
    if (b->cap && b->cap - b->len > n)
        return true;
    while (cap <= b->len + n)
        cap *= 2;
    data = realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    b->data[b->len] = 0;
    return true;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
    if (!buf_reserve(b, n) || n == 0)
        return;
    memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = 0;
}

void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, unsigned char c)
{
    buf_put(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        b->failed = true;
    else if (buf_reserve(b, (size_t)n + 1)) {
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_put_u32le(struct buf *b, uint32_t v)
{
    unsigned char x[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 24)};

    buf_put(b, x, sizeof x);
}

void buf_put_u64le(struct buf *b, uint64_t v)
{
    buf_put_u32le(b, (uint32_t)v);
    buf_put_u32le(b, (uint32_t)(v >> 32));
}

const char *buf_str(const struct buf *b)
{
    return b->data ? (const char *)b->data : "";
}

bool cursor_bytes(struct cursor *c, size_t n, const unsigned char **out)
{
    if (cursor_left(c) < n)
        return false;
    *out = c->p;
    c->p += n;
    return true;
}

bool cursor_u8(struct cursor *c, uint8_t *out)
{
    const unsigned char *p;

    if (!cursor_bytes(c, 1, &p))
        return false;
    *out = *p;
    return true;
}

bool cursor_u32le(struct cursor *c, uint32_t *out)
{
    const unsigned char *p;

    if (!cursor_bytes(c, 4, &p))
        return false;
    *out = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return true;
}

bool cursor_u64le(struct cursor *c, uint64_t *out)
{
    uint32_t lo, hi;

    if (cursor_left(c) < 8 || !cursor_u32le(c, &lo) || !cursor_u32le(c, &hi))
        return false;
    *out = (uint64_t)hi << 32 | lo;
    return true;
}
