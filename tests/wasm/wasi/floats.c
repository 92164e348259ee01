/* A program that uses much of libc: printf of floats, malloc, qsort, math. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(void)
{
    size_t n = 1000;
    double *v = malloc(n * sizeof *v), sum = 0;

    for (size_t i = 0; i < n; i++)
        v[i] = sin((double)i) * exp((double)(i % 7));
    qsort(v, n, sizeof *v, order);
    for (size_t i = 0; i < n; i++)
        sum += v[i] * (double)i;
    printf("%.9e %.6f %.6f %a\n", sum, v[0], v[n - 1], v[n / 3]);
    free(v);
    return 0;
}
