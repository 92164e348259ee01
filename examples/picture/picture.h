/* picture.h - a picture in memory, read from PPM, filtered, written as PNG. */
#ifndef PICTURE_H
#define PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PICTURE_SIDE_MAX 8192

struct picture {
    int width, height;
    uint8_t *rgb; /* width * height * 3, rows from the top */
};

/* Binary PPM (P6) of 8 bits; NULL, or what is wrong with it. */
const char *ppm_read(struct picture *p, FILE *in);
/* 24-bit PNG with a compressor of our own; false when writing fails. */
bool png_write(const struct picture *p, FILE *out);

/* Every filter reads `in` and fills `out`, of the same size. */
struct filter {
    const char *name, *what;
    void (*apply)(struct picture *out, const struct picture *in);
};

extern const struct filter filters[];
extern const size_t n_filters;

#endif
