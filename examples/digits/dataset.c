#include "dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    long size;

    if (f && !fseek(f, 0, SEEK_END) && (size = ftell(f)) > 0 && !fseek(f, 0, SEEK_SET)) {
        text = malloc((size_t)size + 1);
        *n = text ? fread(text, 1, (size_t)size, f) : 0;
        if (text)
            text[*n] = '\0';
    }
    if (f)
        fclose(f);
    return text;
}

static int append(struct dataset *d, const float *image, int label)
{
    if (d->n == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 1024;
        void *images = realloc(d->images, cap * sizeof *d->images);
        void *labels;

        if (!images)
            return -1;
        d->images = images;
        labels = realloc(d->labels, cap);
        if (!labels)
            return -1;
        d->labels = labels;
        d->cap = cap;
    }
    memcpy(d->images[d->n], image, sizeof d->images[0]);
    d->labels[d->n++] = (unsigned char)label;
    return 0;
}

/* The numbers after '[' up to ']'; -1 unless they are whole images of 0..1. */
static int parse(struct dataset *d, const char *text, int label, int held_out)
{
    const char *p = strchr(text, '[');
    float image[PIXELS];
    size_t index = 0, pixel = 0;

    if (!p)
        return -1;
    for (p++; *p && *p != ']';) {
        char *end;
        float v = strtof(p, &end);

        if (end == p || !(v >= 0 && v <= 1))
            return -1;
        image[pixel++] = v;
        p = end + strspn(end, ", \r\n\t");
        if (pixel == PIXELS) {
            if ((index++ % HELD_OUT == HELD_OUT - 1) == held_out && append(d, image, label) < 0)
                return -1;
            pixel = 0;
        }
    }
    return *p == ']' && pixel == 0 && index ? 0 : -1;
}

int dataset_load(struct dataset *d, const char *directory, int held_out)
{
    for (int label = 0; label < CLASSES; label++) {
        char path[4096];
        size_t n = 0;
        char *text;
        int rc;

        snprintf(path, sizeof path, "%s/%d.json", directory, label);
        text = read_all(path, &n);
        rc = text ? parse(d, text, label, held_out) : -1;
        free(text);
        if (rc < 0) {
            fprintf(stderr, "%s: missing, or not images of %d numbers from 0 to 1\n", path, PIXELS);
            return -1;
        }
    }
    return 0;
}

void dataset_release(struct dataset *d)
{
    free(d->images);
    free(d->labels);
    memset(d, 0, sizeof *d);
}
