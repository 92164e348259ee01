/* memory: heapsort of pseudo-random numbers */
#include "kernel.h"

static unsigned v[1 << 16];

static void sift(unsigned start, unsigned end)
{
    unsigned root = start, x = v[root];

    for (;;) {
        unsigned child = 2 * root + 1;

        if (child >= end)
            break;
        if (child + 1 < end && v[child] < v[child + 1])
            child++;
        if (x >= v[child])
            break;
        v[root] = v[child];
        root = child;
    }
    v[root] = x;
}

unsigned run(unsigned rounds)
{
    unsigned n = sizeof v / sizeof *v, seed = 1, sum = 0;

    while (rounds--) {
        for (unsigned i = 0; i < n; i++)
            v[i] = seed = seed * 1664525u + 1013904223u;
        for (unsigned i = n / 2; i-- > 0;)
            sift(i, n);
        for (unsigned end = n - 1; end > 0; end--) {
            unsigned t = v[0];

            v[0] = v[end], v[end] = t;
            sift(0, end);
        }
        sum = sum * 31 + v[n / 3] + v[n - 1];
    }
    return sum;
}
