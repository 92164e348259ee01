/* classify.c - the task: handwritten digits in, what they are out.
 *
 * Standard input: images of 28 x 28 bytes, one after the other.  Standard output:
 * one digit a line.  All integers (network.h), so every node gives the same answer. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "digits/network.h"
#include "digits_weights.h"

static int classify(const unsigned char image[PIXELS])
{
    int32_t sum[HIDDEN], out[CLASSES];
    int best = 0;

    memcpy(sum, bias1, sizeof sum);
    for (int i = 0; i < PIXELS; i++) {
        int32_t x = image[i] / 2;

        if (!x)
            continue;
        for (int j = 0; j < HIDDEN; j++)
            sum[j] += weight1[i * HIDDEN + j] * x;
    }
    memcpy(out, bias2, sizeof out);
    for (int j = 0; j < HIDDEN; j++) {
        int64_t h = ((int64_t)sum[j] * scale1[j] + (1 << (SCALE_BITS - 1))) >> SCALE_BITS;

        h = h < 0 ? 0 : h > 127 ? 127 : h;
        for (int k = 0; k < CLASSES; k++)
            out[k] += weight2[j * CLASSES + k] * (int32_t)h;
    }
    for (int k = 1; k < CLASSES; k++)
        if (out[k] > out[best])
            best = k;
    return best;
}

int main(void)
{
    unsigned char image[PIXELS];
    size_t n;
    int count = 0;

    for (; (n = fread(image, 1, sizeof image, stdin)) == sizeof image; count++)
        printf("%d\n", classify(image));
    if (n) {
        fprintf(stderr, "the input ends in the middle of image %d\n", count + 1);
        return 1;
    }
    fprintf(stderr, "%d images\n", count);
    return 0;
}
