/* main.c - a picture filter: PPM on standard input, PNG on standard output.
 *
 *   djpeg photo.jpg > photo.ppm
 *   ambient submit picture.wasm oil --stdin photo.ppm -o photo.png */
#include <stdlib.h>
#include <string.h>

#include "picture/picture.h"

static const struct filter *find(const char *name)
{
    for (size_t i = 0; i < n_filters; i++)
        if (!strcmp(filters[i].name, name))
            return &filters[i];
    return NULL;
}

static int usage(const char *wrong)
{
    fprintf(stderr, "there is no filter '%s':\n", wrong);
    for (size_t i = 0; i < n_filters; i++)
        fprintf(stderr, "  %-8s %s\n", filters[i].name, filters[i].what);
    return 2;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "edges", *wrong;
    const struct filter *filter = find(name);
    struct picture in, out;

    if (!filter)
        return usage(name);
    wrong = ppm_read(&in, stdin);
    if (wrong) {
        fprintf(stderr, "standard input: %s\n", wrong);
        return 1;
    }
    out = in;
    out.rgb = malloc((size_t)in.width * (size_t)in.height * 3);
    if (!out.rgb) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    filter->apply(&out, &in);
    fprintf(stderr, "%s: %d x %d\n", name, in.width, in.height);
    return png_write(&out, stdout) ? 0 : 1;
}
