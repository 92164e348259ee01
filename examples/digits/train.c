/* train.c - trains the digit classifier in floats, quantises it to int8 and writes it as C.
 *
 *   train_digits DIRECTORY_OF_JSON weights.h TEST_PREFIX
 *
 * Stochastic gradient descent with momentum on cross entropy.  Each image is seen
 * slightly turned, scaled and shifted every time, so that 8,500 of them teach more
 * than their number.  One thread and one seed: the same weights every time on one
 * machine and compiler.  TEST_PREFIX.bin gets the held-out images as bytes, which
 * no step of the training saw, TEST_PREFIX.labels what they show, one a line. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"

#define EPOCHS       40
#define BATCH        32
#define RATE_FIRST   0.08f
#define RATE_LAST    0.002f
#define MOMENTUM     0.9f
#define WEIGHT_DECAY 1e-5f

struct weights {
    float w1[PIXELS][HIDDEN], b1[HIDDEN], w2[HIDDEN][CLASSES], b2[CLASSES];
};
#define N_WEIGHTS (sizeof(struct weights) / sizeof(float))

struct quantised {
    int8_t w1[PIXELS][HIDDEN], w2[HIDDEN][CLASSES];
    int32_t b1[HIDDEN], scale1[HIDDEN], b2[CLASSES];
};

static uint64_t random_state = 20261123;

/* splitmix64 */
static uint64_t random_u64(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Uniform in [-1, 1). */
static float random_unit(void)
{
    return (float)(random_u64() >> 40) / (1 << 23) - 1;
}

/* --- the network in floats --- */

static void weights_start(struct weights *w)
{
    float span1 = sqrtf(6.0f / PIXELS), span2 = sqrtf(6.0f / HIDDEN);

    memset(w, 0, sizeof *w);
    for (int i = 0; i < PIXELS; i++)
        for (int j = 0; j < HIDDEN; j++)
            w->w1[i][j] = span1 * random_unit();
    for (int j = 0; j < HIDDEN; j++)
        for (int k = 0; k < CLASSES; k++)
            w->w2[j][k] = span2 * random_unit();
}

static void forward(const struct weights *w, const float *x, float h[HIDDEN], float out[CLASSES])
{
    memcpy(h, w->b1, sizeof w->b1);
    for (int i = 0; i < PIXELS; i++)
        if (x[i] != 0) /* four pixels in five are white paper */
            for (int j = 0; j < HIDDEN; j++)
                h[j] += w->w1[i][j] * x[i];
    for (int j = 0; j < HIDDEN; j++)
        h[j] = h[j] > 0 ? h[j] : 0;
    memcpy(out, w->b2, sizeof w->b2);
    for (int j = 0; j < HIDDEN; j++)
        for (int k = 0; k < CLASSES; k++)
            out[k] += w->w2[j][k] * h[j];
}

static void softmax(float out[CLASSES])
{
    float top = out[0], sum = 0;

    for (int k = 1; k < CLASSES; k++)
        top = fmaxf(top, out[k]);
    for (int k = 0; k < CLASSES; k++)
        sum += out[k] = expf(out[k] - top);
    for (int k = 0; k < CLASSES; k++)
        out[k] /= sum;
}

/* Adds the gradient of one image's cross entropy to g. */
static void backward(struct weights *g, const struct weights *w, const float *x, int label)
{
    float h[HIDDEN], out[CLASSES], dh[HIDDEN];

    forward(w, x, h, out);
    softmax(out);
    out[label] -= 1;
    for (int k = 0; k < CLASSES; k++)
        g->b2[k] += out[k];
    for (int j = 0; j < HIDDEN; j++) {
        float d = 0;

        for (int k = 0; k < CLASSES; k++) {
            g->w2[j][k] += h[j] * out[k];
            d += w->w2[j][k] * out[k];
        }
        dh[j] = h[j] > 0 ? d : 0;
        g->b1[j] += dh[j];
    }
    for (int i = 0; i < PIXELS; i++)
        if (x[i] != 0)
            for (int j = 0; j < HIDDEN; j++)
                g->w1[i][j] += x[i] * dh[j];
}

static void step(struct weights *w, struct weights *velocity, struct weights *g, float rate)
{
    float *pw = &w->w1[0][0], *pv = &velocity->w1[0][0], *pg = &g->w1[0][0];

    for (size_t i = 0; i < N_WEIGHTS; i++) {
        pv[i] = MOMENTUM * pv[i] - rate * (pg[i] / BATCH + WEIGHT_DECAY * pw[i]);
        pw[i] += pv[i];
        pg[i] = 0;
    }
}

/* --- data --- */

static float pixel_at(const float *image, int x, int y)
{
    return x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : image[y * SIDE + x];
}

/* Turned by up to 11 degrees, scaled and sheared by up to 12 %, shifted by up to 2 pixels. */
static void distort(float *out, const float *image)
{
    float angle = 0.2f * random_unit(), zoom = 1 + 0.12f * random_unit();
    float shear = 0.12f * random_unit();
    float c = cosf(angle) / zoom, s = sinf(angle) / zoom, middle = (SIDE - 1) / 2.0f;
    float dx = 2 * random_unit(), dy = 2 * random_unit();

    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            float u = (float)x - middle - dx, v = (float)y - middle - dy;
            float fx = c * u + (shear - s) * v + middle, fy = s * u + c * v + middle;
            int ix = (int)floorf(fx), iy = (int)floorf(fy);
            float ax = fx - (float)ix, ay = fy - (float)iy;

            out[y * SIDE + x] =
                (1 - ay) * ((1 - ax) * pixel_at(image, ix, iy) + ax * pixel_at(image, ix + 1, iy)) +
                ay *
                    ((1 - ax) * pixel_at(image, ix, iy + 1) + ax * pixel_at(image, ix + 1, iy + 1));
        }
    }
}

static void shuffle(size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = random_u64() % i, t = order[i - 1];

        order[i - 1] = order[j];
        order[j] = t;
    }
}

static void train(struct weights *w, const struct dataset *d, size_t *order)
{
    static struct weights velocity, gradient;
    float image[PIXELS];

    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        float t = (float)epoch / (EPOCHS - 1);
        float rate = RATE_FIRST * powf(RATE_LAST / RATE_FIRST, t);

        shuffle(order, d->n);
        for (size_t i = 0; i < d->n; i++) {
            distort(image, d->images[order[i]]);
            backward(&gradient, w, image, d->labels[order[i]]);
            if (i % BATCH == BATCH - 1)
                step(w, &velocity, &gradient, rate);
        }
    }
}

/* --- int8 --- */

static uint8_t pixel_byte(float v)
{
    return (uint8_t)lrintf(v * 255);
}

static int8_t to_int8(float v)
{
    return (int8_t)lrintf(fmaxf(-127, fminf(127, v)));
}

/* What int8 127 stands for in the hidden layer: nearly the largest activation there is. */
static float hidden_span(const struct weights *w, const struct dataset *d)
{
    float span = 0;

    for (size_t i = 0; i < d->n; i++) {
        float h[HIDDEN], out[CLASSES];

        forward(w, d->images[i], h, out);
        for (int j = 0; j < HIDDEN; j++)
            span = fmaxf(span, h[j]);
    }
    return span * 0.9f; /* the rare largest saturate; the many gain resolution */
}

static void quantise(struct quantised *q, const struct weights *w, const struct dataset *d)
{
    float hidden_scale = hidden_span(w, d) / 127, top2 = 0;

    for (int j = 0; j < HIDDEN; j++) {
        float top = 1e-9f, scale;

        for (int i = 0; i < PIXELS; i++)
            top = fmaxf(top, fabsf(w->w1[i][j]));
        scale = top / 127;
        for (int i = 0; i < PIXELS; i++)
            q->w1[i][j] = to_int8(w->w1[i][j] / scale);
        q->b1[j] = (int32_t)lrintf(w->b1[j] * 127 / scale);
        q->scale1[j] = (int32_t)lrint((double)scale / 127 / (double)hidden_scale *
                                      (1 << SCALE_BITS));
    }
    for (int j = 0; j < HIDDEN; j++)
        for (int k = 0; k < CLASSES; k++)
            top2 = fmaxf(top2, fabsf(w->w2[j][k]));
    for (int j = 0; j < HIDDEN; j++)
        for (int k = 0; k < CLASSES; k++)
            q->w2[j][k] = to_int8(w->w2[j][k] / top2 * 127);
    for (int k = 0; k < CLASSES; k++)
        q->b2[k] = (int32_t)lrintf(w->b2[k] * 127 / top2 / hidden_scale);
}

/* network.h, in C as the task computes it. */
static int classify_int8(const struct quantised *q, const float *image)
{
    int32_t sum[HIDDEN], out[CLASSES];
    int best = 0;

    memcpy(sum, q->b1, sizeof sum);
    for (int i = 0; i < PIXELS; i++)
        for (int j = 0; j < HIDDEN; j++)
            sum[j] += q->w1[i][j] * (pixel_byte(image[i]) / 2);
    memcpy(out, q->b2, sizeof out);
    for (int j = 0; j < HIDDEN; j++) {
        int64_t h = ((int64_t)sum[j] * q->scale1[j] + (1 << (SCALE_BITS - 1))) >> SCALE_BITS;

        h = h < 0 ? 0 : h > 127 ? 127 : h;
        for (int k = 0; k < CLASSES; k++)
            out[k] += q->w2[j][k] * (int32_t)h;
    }
    for (int k = 1; k < CLASSES; k++)
        if (out[k] > out[best])
            best = k;
    return best;
}

static int classify_float(const struct weights *w, const float *image)
{
    float h[HIDDEN], out[CLASSES];
    int best = 0;

    forward(w, image, h, out);
    for (int k = 1; k < CLASSES; k++)
        if (out[k] > out[best])
            best = k;
    return best;
}

/* --- files --- */

static void write_bytes(FILE *f, const char *name, const int8_t *v, int n)
{
    fprintf(f, "static const signed char %s[%d] = {", name, n);
    for (int i = 0; i < n; i++)
        fprintf(f, "%s%d,", i % 24 ? "" : "\n", v[i]);
    fprintf(f, "\n};\n");
}

static void write_ints(FILE *f, const char *name, const int32_t *v, int n)
{
    fprintf(f, "static const int %s[%d] = {", name, n);
    for (int i = 0; i < n; i++)
        fprintf(f, "%s%d,", i % 12 ? "" : "\n", v[i]);
    fprintf(f, "\n};\n");
}

static int write_weights(const char *path, const struct quantised *q)
{
    FILE *f = fopen(path, "w");

    if (!f)
        return -1;
    fprintf(f, "/* Written by train_digits; network.h tells what these mean. */\n");
    write_bytes(f, "weight1", &q->w1[0][0], PIXELS * HIDDEN);
    write_ints(f, "bias1", q->b1, HIDDEN);
    write_ints(f, "scale1", q->scale1, HIDDEN);
    write_bytes(f, "weight2", &q->w2[0][0], HIDDEN * CLASSES);
    write_ints(f, "bias2", q->b2, CLASSES);
    return fclose(f);
}

static int write_test(const char *prefix, const struct dataset *d)
{
    char path[4096];
    FILE *images, *labels;
    int rc;

    snprintf(path, sizeof path, "%s.bin", prefix);
    images = fopen(path, "wb");
    snprintf(path, sizeof path, "%s.labels", prefix);
    labels = fopen(path, "w");
    for (size_t i = 0; images && labels && i < d->n; i++) {
        for (int p = 0; p < PIXELS; p++)
            putc(pixel_byte(d->images[i][p]), images);
        fprintf(labels, "%d\n", d->labels[i]);
    }
    rc = images && labels ? 0 : -1;
    if (images && fclose(images))
        rc = -1;
    if (labels && fclose(labels))
        rc = -1;
    return rc;
}

static void report(const struct weights *w, const struct quantised *q, const struct dataset *test)
{
    size_t right_float = 0, right_int8 = 0;

    for (size_t i = 0; i < test->n; i++) {
        right_float += classify_float(w, test->images[i]) == test->labels[i];
        right_int8 += classify_int8(q, test->images[i]) == test->labels[i];
    }
    printf("%zu held-out digits: %.2f %% right in floats, %.2f %% in int8\n", test->n,
           100.0 * (double)right_float / (double)test->n,
           100.0 * (double)right_int8 / (double)test->n);
}

int main(int argc, char **argv)
{
    static struct weights w;
    static struct quantised q;
    struct dataset training = {0}, test = {0};
    size_t *order = NULL;
    int rc = 1;

    if (argc != 4) {
        fprintf(stderr, "usage: train_digits DIRECTORY weights.h TEST_PREFIX\n");
        return 2;
    }
    if (dataset_load(&training, argv[1], 0) < 0 || dataset_load(&test, argv[1], 1) < 0)
        goto out;
    order = malloc(training.n * sizeof *order);
    if (!order)
        goto out;
    for (size_t i = 0; i < training.n; i++)
        order[i] = i;
    weights_start(&w);
    train(&w, &training, order);
    quantise(&q, &w, &training);
    report(&w, &q, &test);
    rc = write_weights(argv[2], &q) || write_test(argv[3], &test);
    if (rc)
        perror("writing the weights");
out:
    free(order);
    dataset_release(&training);
    dataset_release(&test);
    return rc;
}
