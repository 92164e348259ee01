/* network.h - the classifier's shape, and what its int8 arithmetic means.
 *
 * Two layers, 784 -> HIDDEN -> 10.  A pixel of 0..255 becomes x = pixel / 2, an int8
 * that stands for x / 127.  With int8 weights and int32 sums:
 *
 *   sum[j] = bias1[j] + SUM_i weight1[i][j] * x[i]
 *   h[j]   = clamp((sum[j] * scale1[j] + 2^23) >> 24, 0, 127)        (ReLU)
 *   out[k] = bias2[k] + SUM_j weight2[j][k] * h[j],   class = argmax out
 *
 * scale1 brings each neuron's own weight scale back to the common one of the
 * hidden layer, as a fraction of 2^24.  No floating point: every machine agrees. */
#ifndef DIGITS_NETWORK_H
#define DIGITS_NETWORK_H

#define SIDE    28
#define PIXELS  (SIDE * SIDE)
#define HIDDEN  96
#define CLASSES 10

#define SCALE_BITS 24

#endif
