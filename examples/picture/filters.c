/* filters.c - neighbourhood filters; pixels beyond an edge repeat the edge. */
#include <math.h>
#include <string.h>

#include "picture/picture.h"

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

static const uint8_t *at(const struct picture *p, int x, int y)
{
    x = clamp(x, 0, p->width - 1);
    y = clamp(y, 0, p->height - 1);
    return p->rgb + ((size_t)y * (size_t)p->width + (size_t)x) * 3;
}

/* Brightness as the eye sees it (BT.601), 0..255. */
static int luma(const uint8_t *rgb)
{
    return (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000;
}

static void each_pixel(struct picture *out, const struct picture *in,
                       void (*pixel)(uint8_t *rgb, const struct picture *in, int x, int y))
{
    for (int y = 0; y < in->height; y++)
        for (int x = 0; x < in->width; x++)
            pixel(out->rgb + ((size_t)y * (size_t)in->width + (size_t)x) * 3, in, x, y);
}

/* Sobel: the length of the gradient of brightness, dark lines on white. */
static void edges_pixel(uint8_t *rgb, const struct picture *in, int x, int y)
{
    int v[3][3], gx, gy;
    double length;

    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++)
            v[j][i] = luma(at(in, x + i - 1, y + j - 1));
    gx = v[0][2] + 2 * v[1][2] + v[2][2] - v[0][0] - 2 * v[1][0] - v[2][0];
    gy = v[2][0] + 2 * v[2][1] + v[2][2] - v[0][0] - 2 * v[0][1] - v[0][2];
    length = sqrt((double)(gx * gx + gy * gy));
    memset(rgb, 255 - clamp((int)length, 0, 255), 3);
}

static void edges(struct picture *out, const struct picture *in)
{
    each_pixel(out, in, edges_pixel);
}

/* Light from the upper left on the colours' differences. */
static void emboss_pixel(uint8_t *rgb, const struct picture *in, int x, int y)
{
    const uint8_t *before = at(in, x - 1, y - 1), *after = at(in, x + 1, y + 1);

    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)clamp(128 + after[c] - before[c], 0, 255);
}

static void emboss(struct picture *out, const struct picture *in)
{
    each_pixel(out, in, emboss_pixel);
}

/* The mean of a 9 x 9 square. */
static void blur_pixel(uint8_t *rgb, const struct picture *in, int x, int y)
{
    int sum[3] = {0};

    for (int j = -4; j <= 4; j++)
        for (int i = -4; i <= 4; i++)
            for (int c = 0; c < 3; c++)
                sum[c] += at(in, x + i, y + j)[c];
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)((sum[c] + 40) / 81);
}

static void blur(struct picture *out, const struct picture *in)
{
    each_pixel(out, in, blur_pixel);
}

#define OIL_RADIUS 3
#define OIL_LEVELS 16

/* Of the pixels around, those of the commonest brightness give their mean colour. */
static void oil_pixel(uint8_t *rgb, const struct picture *in, int x, int y)
{
    int count[OIL_LEVELS] = {0}, sum[OIL_LEVELS][3] = {{0}}, best = 0;

    for (int j = -OIL_RADIUS; j <= OIL_RADIUS; j++) {
        for (int i = -OIL_RADIUS; i <= OIL_RADIUS; i++) {
            const uint8_t *p = at(in, x + i, y + j);
            int level = luma(p) * OIL_LEVELS / 256;

            count[level]++;
            for (int c = 0; c < 3; c++)
                sum[level][c] += p[c];
        }
    }
    for (int level = 1; level < OIL_LEVELS; level++)
        if (count[level] > count[best])
            best = level;
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)(sum[best][c] / count[best]);
}

static void oil(struct picture *out, const struct picture *in)
{
    each_pixel(out, in, oil_pixel);
}

const struct filter filters[] = {
    {"edges", "a drawing of the outlines (Sobel)", edges},
    {"emboss", "as if pressed into metal", emboss},
    {"blur", "out of focus, 9 x 9", blur},
    {"oil", "as if painted", oil},
};
const size_t n_filters = sizeof filters / sizeof filters[0];
