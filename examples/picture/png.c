/* png.c - writing PNG (W3C, third edition) with a small deflate (RFC 1951, RFC 1950).
 *
 * Every row is filtered with Sub; the compressor looks back for the last place
 * with the same three bytes and codes with the fixed Huffman tables. */
#include <stdlib.h>
#include <string.h>

#include "picture/picture.h"

struct bytes {
    uint8_t *data;
    size_t len, cap;
    bool failed;
};

static void put(struct bytes *b, const void *p, size_t n)
{
    if (b->len + n > b->cap) {
        size_t cap = (b->len + n) * 2;
        uint8_t *data = realloc(b->data, cap);

        if (!data) {
            b->failed = true;
            return;
        }
        b->data = data;
        b->cap = cap;
    }
    memcpy(b->data + b->len, p, n);
    b->len += n;
}

static void put_u32be(struct bytes *b, uint32_t v)
{
    const uint8_t p[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

    put(b, p, 4);
}

/* --- deflate --- */

struct bits {
    struct bytes *out;
    uint32_t held;
    int n_held;
};

static void put_bits(struct bits *w, uint32_t value, int n)
{
    w->held |= value << w->n_held;
    for (w->n_held += n; w->n_held >= 8; w->n_held -= 8, w->held >>= 8) {
        uint8_t byte = (uint8_t)w->held;

        put(w->out, &byte, 1);
    }
}

/* Huffman codes go most significant bit first. */
static void put_code(struct bits *w, uint32_t code, int n)
{
    uint32_t reversed = 0;

    for (int i = 0; i < n; i++)
        reversed |= (code >> i & 1) << (n - 1 - i);
    put_bits(w, reversed, n);
}

/* The fixed table, RFC 1951 section 3.2.6. */
static void put_symbol(struct bits *w, unsigned symbol)
{
    if (symbol < 144)
        put_code(w, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(w, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(w, symbol - 256, 7);
    else
        put_code(w, 0xc0 + symbol - 280, 8);
}

/* A length of 3..258 or a distance of 1..32768 as code and extra bits: with e extra
 * bits codes cover 2^e values each; step codes share each e. */
static unsigned split(unsigned value, unsigned step_bits, unsigned *extra_bits, unsigned *extra)
{
    unsigned e = 0, step = 1u << step_bits;

    while (value >> (e + step_bits + 1))
        e++;
    *extra_bits = e;
    *extra = value & ((1u << e) - 1);
    return value < step ? value : (e << step_bits) + (value >> e);
}

static void put_match(struct bits *w, unsigned length, unsigned distance)
{
    unsigned n, extra, code;

    if (length == 258) {
        put_symbol(w, 285);
    } else {
        code = split(length - 3, 2, &n, &extra);
        put_symbol(w, 257 + code);
        put_bits(w, extra, (int)n);
    }
    code = split(distance - 1, 1, &n, &extra);
    put_code(w, code, 5);
    put_bits(w, extra, (int)n);
}

#define HASH_SIZE 32768u

static unsigned hash3(const uint8_t *p)
{
    return ((p[0] | (unsigned)p[1] << 8 | (unsigned)p[2] << 16) * 2654435761u) >> 17;
}

static size_t match_length(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t n = 0;

    while (n < most && a[n] == b[n])
        n++;
    return n;
}

static void deflate(struct bytes *out, const uint8_t *p, size_t n)
{
    static size_t last[HASH_SIZE]; /* position + 1 of the last place with this hash */
    struct bits w = {.out = out};
    size_t i = 0;

    put_bits(&w, 1, 1); /* the only block */
    put_bits(&w, 1, 2); /* fixed Huffman */
    while (i < n) {
        size_t most = n - i < 258 ? n - i : 258, length = 0, from = 0;

        if (most >= 3) {
            unsigned h = hash3(p + i);

            from = last[h];
            last[h] = i + 1;
            if (from && i - (from - 1) <= 32768)
                length = match_length(p + from - 1, p + i, most);
        }
        if (length < 4) {
            put_symbol(&w, p[i++]);
            continue;
        }
        put_match(&w, (unsigned)length, (unsigned)(i - (from - 1)));
        i += length;
    }
    put_symbol(&w, 256);
    put_bits(&w, 0, 7); /* to the end of the byte */
}

static uint32_t adler32(const uint8_t *p, size_t n)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < n; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* --- PNG --- */

static uint32_t crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void put_chunk(struct bytes *png, const char type[4], const struct bytes *body)
{
    size_t start;

    put_u32be(png, (uint32_t)body->len);
    start = png->len;
    put(png, type, 4);
    put(png, body->data, body->len);
    if (!png->failed)
        put_u32be(png, crc32(png->data + start, png->len - start));
}

/* Rows of filter type 1 (Sub): each byte less the one three before. */
static void filter_rows(struct bytes *rows, const struct picture *p)
{
    size_t stride = (size_t)p->width * 3;

    for (int y = 0; y < p->height; y++) {
        const uint8_t *row = p->rgb + (size_t)y * stride;

        put(rows, "\1", 1);
        for (size_t i = 0; i < stride; i++) {
            uint8_t d = (uint8_t)(row[i] - (i >= 3 ? row[i - 3] : 0));

            put(rows, &d, 1);
        }
    }
}

bool png_write(const struct picture *p, FILE *out)
{
    struct bytes png = {0}, head = {0}, rows = {0}, data = {0}, nothing = {0};
    bool fine;

    put(&png, "\x89PNG\r\n\x1a\n", 8);
    put_u32be(&head, (uint32_t)p->width);
    put_u32be(&head, (uint32_t)p->height);
    put(&head, "\x8\x2\0\0\0", 5); /* 8 bits, RGB, deflate, no interlace */
    put_chunk(&png, "IHDR", &head);
    filter_rows(&rows, p);
    put(&data, "\x78\x01", 2); /* zlib: 32 KiB window, fastest */
    if (!rows.failed) {
        deflate(&data, rows.data, rows.len);
        put_u32be(&data, adler32(rows.data, rows.len));
    }
    put_chunk(&png, "IDAT", &data);
    put_chunk(&png, "IEND", &nothing);
    fine = !png.failed && !head.failed && !rows.failed && !data.failed &&
           fwrite(png.data, 1, png.len, out) == png.len && !fflush(out);
    free(png.data);
    free(head.data);
    free(rows.data);
    free(data.data);
    return fine;
}
