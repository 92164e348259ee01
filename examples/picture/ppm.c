/* ppm.c - reading binary PPM: "P6", width, height, 255 in decimal, then the bytes. */
#include <ctype.h>
#include <stdlib.h>

#include "picture/picture.h"

/* The next decimal number of the header, comments skipped; -1 when there is none. */
static int header_number(FILE *in)
{
    int c = getc(in), n = 0, digits = 0;

    while (isspace(c) || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF)
                c = getc(in);
        else
            c = getc(in);
    }
    for (; isdigit(c) && digits < 6; digits++, c = getc(in))
        n = n * 10 + c - '0';
    return digits && isspace(c) ? n : -1;
}

const char *ppm_read(struct picture *p, FILE *in)
{
    size_t n;

    if (getc(in) != 'P' || getc(in) != '6')
        return "not a binary PPM (P6)";
    p->width = header_number(in);
    p->height = header_number(in);
    if (header_number(in) != 255)
        return "wanted 8 bits a colour (255 in the header)";
    if (p->width < 1 || p->width > PICTURE_SIDE_MAX || p->height < 1 ||
        p->height > PICTURE_SIDE_MAX)
        return "wanted a width and a height of 1 to 8192";
    n = (size_t)p->width * (size_t)p->height * 3;
    p->rgb = malloc(n);
    if (!p->rgb)
        return "out of memory";
    return fread(p->rgb, 1, n, in) == n ? NULL : "the picture ends too early";
}
